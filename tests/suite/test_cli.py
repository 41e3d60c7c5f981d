import os
import signal
import subprocess
import sys
import time

import pytest
from notebook_writer import write_notebook
from typer.testing import CliRunner

import hicgeo
from hicgeo.suite import cli


@pytest.fixture
def call():
    return lambda *words: CliRunner().invoke(cli.app, list(words))


def test_it_names_its_version_and_its_commands(call):
    assert call("--version").stdout == f"hicgeo {hicgeo.__version__}\n"
    shown = call("--help").stdout
    assert all(name in shown for name in ("intake", "check", "schema", "run", "audit", "purge", "sample", "lab"))


def test_a_mistake_is_one_message_and_no_traceback(project, call):
    result = call("run", "tinny")
    assert result.exit_code == 1
    assert result.stderr.startswith("ConfigError: run must be a run file")
    assert "did you mean 'tiny'?" in result.stderr
    assert "Traceback" not in result.output


def test_an_unknown_error_goes_to_the_log(project, call, monkeypatch):
    from hicgeo.suite import execute

    def fail(*args, **kwargs):
        raise KeyError("VB-000123-07")

    monkeypatch.setattr(execute, "run_suite", fail)
    result = call("run", "tiny")
    assert result.exit_code == 1
    assert result.stderr == (
        "Stopped by an error that hicgeo does not know (KeyError). Full report: data/private/hicgeo-error.log\n"
    )
    assert "VB-000123-07" in (project / "data" / "private" / "hicgeo-error.log").read_text(encoding="utf-8")


def test_a_run_ends_with_the_index_page_and_fails_aloud(project, call):
    write_notebook(project / "notebooks" / "01-a.ipynb", "1 / 0")
    write_notebook(project / "notebooks" / "02-b.ipynb", "1 + 1")
    result = call("run", "tiny", "--jobs", "1")
    assert result.exit_code == 1
    assert "Index page: maps/tiny/index.html" in result.stdout
    assert "Failed: 01-a. every notebook must run to its end. Given: ZeroDivisionError in cell 4" in result.stderr
    result = call("run", "tiny", "--only", "02")
    assert (result.exit_code, result.stdout.splitlines()[0]) == (1, "Not changed, not run again: 02-b")


@pytest.mark.skipif(os.name != "posix", reason="sends a POSIX signal")
def test_ctrl_c_stops_at_once_and_leaves_no_kernel(project):
    write_notebook(
        project / "notebooks" / "01-a.ipynb",
        "import os, time\nopen('pid', 'w').write(str(os.getpid()))\ntime.sleep(300)",
    )
    command = subprocess.Popen(
        [sys.executable, "-c", "from hicgeo.suite.cli import app; app()", "run", "tiny"],
        stderr=subprocess.PIPE,
        text=True,
    )
    pid = project / "notebooks" / "pid"
    deadline = time.monotonic() + 120
    while not (pid.exists() and pid.read_text()) and time.monotonic() < deadline:
        time.sleep(0.1)
    command.send_signal(signal.SIGINT)
    try:
        _, stderr = command.communicate(timeout=60)
    finally:
        command.kill()
    assert command.returncode == 130
    assert "Stopped." in stderr
    assert "Traceback" not in stderr
    deadline = time.monotonic() + 15
    while time.monotonic() < deadline:
        try:
            os.kill(int(pid.read_text()), 0)
        except ProcessLookupError:
            return
        time.sleep(0.2)
    pytest.fail("the kernel still runs")


def test_intake_proposes_and_writes_what_a_run_file_takes(project, call):
    result = call("intake", "data/export.csv", "--write", "data/runs/mapping.yml")
    # ten incidents in one order of day and month, one of them readable both ways: nothing is open
    assert result.exit_code == 0, result.output
    assert "crime_type" in result.stdout
    assert "Written: mapping.yml" in result.stdout
    text = (project / "data" / "runs" / "mapping.yml").read_text(encoding="utf-8")
    assert 'path: "../export.csv"' in text
    before, after = (project / "data" / "runs" / "tiny.yml").read_text().split("incidents:")
    rest = after[after.index("rates:") :]
    text = text.replace("# date: aoristic", "date: start").replace("# period:", "period:")
    (project / "data" / "runs" / "own.yml").write_text(before + text + rest)
    assert hicgeo.open_run("own").incidents.index.equals(hicgeo.open_run("tiny").incidents.index)
    again = call("intake", "data/export.csv", "--write", "data/runs/mapping.yml")
    assert again.exit_code == 1
    assert "it is there already" in again.stderr


@pytest.mark.skipif(os.name != "posix", reason="closes a POSIX pipe")
def test_a_reader_that_has_seen_enough_is_no_error(project):
    seen, pipe = os.pipe()
    os.close(seen)
    command = [sys.executable, "-c", "from hicgeo.suite.cli import app; app()", "intake", "data/export.csv"]
    run = subprocess.run(command, stdout=pipe, stderr=subprocess.PIPE, timeout=120, check=False)
    os.close(pipe)
    assert (run.returncode, run.stderr) == (0, b"")


def test_intake_of_what_is_not_settled_ends_with_two(project, call):
    path = project / "data" / "both.csv"
    path.write_text("nr;delict;van;x;y\n" + "".join(f"{i};A20;0{i}-02-2024;{150000 + i};520000\n" for i in range(1, 9)))
    result = call("intake", "data/both.csv")
    assert result.exit_code == 2
    assert "choose: day_first | month_first" in result.stdout
