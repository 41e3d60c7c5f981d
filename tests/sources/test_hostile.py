"""Files made to hurt: each is refused or read as plain data within 5 seconds, and reaches nothing but itself."""

from __future__ import annotations

import contextlib
import json
import subprocess
import sys
import warnings
from pathlib import Path

import pyogrio
import pytest
from hostile_files import HARMLESS, REFUSED, TRAPS, Scene
from hostile_watch import Listener, Watch, spring, write_secret

CAMPAIGN = Path(__file__).with_name("hostile_campaign.py")

HANG = 30
"""Seconds that no file may take, also when other tests keep the machine busy; the campaign, alone, asks for 5."""


@pytest.fixture(scope="module")
def listener():
    listener = Listener()
    yield listener
    listener.close()


@pytest.fixture
def secret(tmp_path):
    return write_secret(tmp_path / "secret")


@pytest.fixture(autouse=True)
def _proxies(listener, monkeypatch):
    # whoever asks for an address elsewhere comes here too
    for name in ("http_proxy", "https_proxy", "all_proxy", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"):
        monkeypatch.setenv(name, f"http://127.0.0.1:{listener.port}")


def test_there_are_enough_different_traps():
    assert len(TRAPS) >= 60
    assert len({trap.name for trap in TRAPS}) == len(TRAPS)
    assert sum(trap.calls_out for trap in TRAPS) >= 30
    assert {trap.outcome for trap in TRAPS} == {REFUSED, HARMLESS}


def test_a_naive_reader_calls_the_listener(tmp_path, secret, listener):
    trap = next(trap for trap in TRAPS if trap.name == "vrt_vsicurl_geojson")
    before = listener.connections
    with warnings.catch_warnings(), contextlib.suppress(pyogrio.errors.DataSourceError):
        warnings.simplefilter("ignore")  # of GDAL, that nobody answered
        pyogrio.read_dataframe(trap.write(Scene(tmp_path, secret, listener.port)))
    assert listener.connections > before


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells who opens a file")
def test_a_naive_reader_opens_the_secret(tmp_path, secret, listener):
    trap = next(trap for trap in TRAPS if trap.name == "vrt_file_geojson")
    source = trap.write(Scene(tmp_path, secret, listener.port))
    watch = Watch(secret.parent)
    assert list(pyogrio.read_dataframe(source)["code"]) == ["BU05189999"]
    assert watch.seen() > 0
    watch.close()


@pytest.mark.parametrize("trap", TRAPS, ids=lambda trap: trap.name)
def test_a_trap_does_not_spring(trap, tmp_path, secret, listener):
    folder = tmp_path / "folder"
    folder.mkdir()
    seen = spring(trap, folder, secret, listener)
    reached = (seen.connections, seen.opened, seen.changed, seen.leaked)
    assert (seen.outcome, *reached) == (trap.outcome, 0, 0, [], False), seen
    assert seen.seconds < HANG
    if seen.outcome == REFUSED:
        assert seen.message.isprintable()
        assert len(seen.message) < 1500


def _in_a_namespace(report: Path, *more: str) -> dict[str, object]:
    unshare = ["unshare", "--map-root-user", "--net"]
    try:
        allowed = subprocess.run([*unshare, "true"], capture_output=True, check=False).returncode == 0
    except FileNotFoundError:
        allowed = False
    if not allowed:
        pytest.skip("no network namespaces here")
    run = subprocess.run(
        [*unshare, sys.executable, CAMPAIGN, report, *more], capture_output=True, text=True, check=False, timeout=900
    )
    assert run.returncode == 0, run.stderr
    found = json.loads(report.read_text(encoding="utf-8"))
    print(json.dumps(found))
    return found


def _assert_silence(found, within):
    assert found["naive_reader"]["connections"] > 0
    assert found["naive_reader"]["attempts"] > 0
    assert (found["connections"], found["attempts"], found["wrong"]) == (0, 0, [])
    assert found["slowest_seconds"] < within


def test_in_a_network_namespace_the_kernel_sees_no_attempt(tmp_path):
    found = _in_a_namespace(tmp_path / "hostile.json")
    assert found["tried"] == sum(trap.calls_out for trap in TRAPS)
    _assert_silence(found, HANG)


@pytest.mark.slow
def test_in_a_network_namespace_all_of_them(tmp_path):
    found = _in_a_namespace(tmp_path / "hostile.json", "all")
    assert found["tried"] == len(TRAPS)
    _assert_silence(found, 5)
