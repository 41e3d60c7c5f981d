import os
import signal
import subprocess
import sys
import time

import pytest

from hicgeo.errors import HicgeoWarning, InputError
from hicgeo.output._write import PREFIX, STALE_SECONDS, deliver, replacing, sweep, write_bytes

WRITER = """
import sys
from hicgeo.output._write import write_bytes
n = 0
print("ready", flush=True)
while True:
    n += 1
    write_bytes(sys.argv[1], bytes([65 + n % 26]) * 3_000_000)
"""


def test_a_failing_block_leaves_the_old_file_and_nothing_else(tmp_path):
    target = tmp_path / "a.html"
    target.write_bytes(b"old")

    def fail_halfway():
        with replacing(target) as part:
            part.write_bytes(b"half of the new")
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail_halfway()
    assert target.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [target]


def test_folders_are_made_and_rights_are_kept(tmp_path):
    target = write_bytes(tmp_path / "deep" / "er" / "a.csv", b"1")
    target.chmod(0o640)
    write_bytes(target, b"2")
    assert target.read_bytes() == b"2"
    if os.name == "posix":
        assert target.stat().st_mode & 0o777 == 0o640


def test_a_folder_as_target_is_refused(tmp_path):
    with pytest.raises(InputError, match="must name a file"):
        write_bytes(tmp_path, b"1")


@pytest.mark.skipif(os.name != "posix", reason="kill -9 is a thing of POSIX")
def test_kill_9_leaves_a_whole_file(tmp_path):
    target = tmp_path / "a.bin"
    target.write_bytes(b"A" * 3_000_000)
    for turn in range(6):
        with subprocess.Popen([sys.executable, "-c", WRITER, str(target)], stdout=subprocess.PIPE) as writer:
            assert writer.stdout.readline() == b"ready\n"
            time.sleep(0.02 + 0.013 * turn)
            writer.send_signal(signal.SIGKILL)
        content = target.read_bytes()
        assert len(content) == 3_000_000
        assert len(set(content)) == 1, "parts of two writes"
    left = len(list(tmp_path.glob(f"{PREFIX}*")))
    assert sweep(tmp_path) == left
    assert list(tmp_path.iterdir()) == [target]


def test_a_file_that_is_open_elsewhere_gives_a_new_name_and_says_so(tmp_path, monkeypatch):
    target = write_bytes(tmp_path / "rates.xlsx", b"old")
    (tmp_path / "rates-2.xlsx").write_bytes(b"somebody's")
    really = type(tmp_path).replace

    def locked(self, other):
        if other == target:
            raise PermissionError(13, "open in Excel")
        return really(self, other)

    monkeypatch.setattr(type(tmp_path), "replace", locked)
    with pytest.warns(HicgeoWarning, match=r"rates\.xlsx is open in another program .* written as rates-3\.xlsx"):
        written = deliver(target, b"new")
    assert written.read_bytes() == b"new"
    assert target.read_bytes() == b"old"
    assert sorted(each.name for each in tmp_path.iterdir()) == ["rates-2.xlsx", "rates-3.xlsx", "rates.xlsx"]
    with pytest.raises(InputError, match="close it in other programs"):
        write_bytes(target, b"new")  # what the machine itself reads back keeps its name


def test_a_folder_in_which_nothing_may_be_written_gives_a_message_that_says_so(tmp_path, monkeypatch):
    def refused(*_, **__):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("tempfile.mkstemp", refused)
    for write in (write_bytes, deliver):
        with pytest.raises(InputError, match=r"rates\.xlsx: Permission denied.* check the rights on the folder"):
            write(tmp_path / "rates.xlsx", b"new")
    assert list(tmp_path.iterdir()) == []


def test_the_first_write_sweeps_what_was_left_long_ago(tmp_path):
    old, young = tmp_path / f"{PREFIX}old.gpkg-journal", tmp_path / f"{PREFIX}young.csv"
    for each in (old, young):
        each.write_bytes(b"half")
    os.utime(old, (time.time() - STALE_SECONDS - 5,) * 2)
    write_bytes(tmp_path / "a.csv", b"1")
    assert sorted(each.name for each in tmp_path.iterdir()) == sorted([young.name, "a.csv"])
