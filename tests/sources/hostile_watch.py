"""Who calls out, who opens the file that nobody named, and what is left behind."""

from __future__ import annotations

import contextlib
import ctypes
import hashlib
import os
import socket
import struct
import sys
import tempfile
import threading
import time
from dataclasses import dataclass
from pathlib import Path

import geopandas as gpd
import shapely
from hostile_files import SECRET, Scene, Trap

import hicgeo
from hicgeo.errors import HicgeoError

COLUMNS = {"incident_id": "nr", "crime_type": "delict", "start": "van", "end": "tot", "x": "x", "y": "y"}


class Listener:
    """Accepts whoever connects to an address of this computer, counts, and hangs up."""

    def __init__(self) -> None:
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.port = self._socket.getsockname()[1]
        self.connections = 0
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                caller, _ = self._socket.accept()
                self.connections += 1
                caller.close()

    def close(self) -> None:
        self._socket.close()


class Watch:
    """Counts how often files of a folder are opened (on Linux; elsewhere nothing is seen)."""

    def __init__(self, folder: Path) -> None:
        self._events = -1
        if sys.platform == "linux":
            libc = ctypes.CDLL(None, use_errno=True)
            self._events = libc.inotify_init1(os.O_NONBLOCK | os.O_CLOEXEC)
            opened, read = 0x20, 0x1
            assert libc.inotify_add_watch(self._events, os.fsencode(folder), opened | read) >= 0

    def seen(self) -> int:
        found = 0
        with contextlib.suppress(BlockingIOError):
            while self._events >= 0:
                data, at = os.read(self._events, 65536), 0
                while at < len(data):
                    *_, length = struct.unpack_from("iIII", data, at)
                    found += length > 0  # of a file; the folder itself has no name here
                    at += 16 + length
        return found

    def close(self) -> None:
        if self._events >= 0:
            os.close(self._events)


@dataclass(frozen=True)
class Outcome:
    """What came of reading one file."""

    outcome: str
    message: str
    seconds: float
    connections: int
    opened: int
    changed: list[str]
    leaked: bool


def write_secret(folder: Path) -> Path:
    """Write a sound file that no trap may reach."""
    folder.mkdir()
    shape = shapely.box(80000, 455000, 80100, 455100)
    gpd.GeoDataFrame({"code": [SECRET]}, geometry=[shape], crs=28992).to_file(folder / "secret.gpkg", layer="secret")
    return folder / "secret.gpkg"


def _content(folder: Path) -> dict[str, str]:
    """Fingerprint of every file in a folder; large ones by their time."""
    found = {}
    for path in sorted(folder.rglob("*")):
        facts = path.lstat()
        regular = path.is_file() and not path.is_symlink() and facts.st_size < 1 << 27
        found[str(path.relative_to(folder))] = (
            hashlib.sha256(path.read_bytes()).hexdigest() if regular else f"{facts.st_size} {facts.st_mtime_ns}"
        )
    return found


def spring(trap: Trap, folder: Path, secret: Path, listener: Listener) -> Outcome:
    """Lay a trap, read it as a user would, and look around."""
    home = folder / "home"
    home.mkdir()
    source = trap.write(Scene(home, secret, listener.port))
    everything = _content(folder)
    calls, temporary = listener.connections, tempfile.tempdir
    tempfile.tempdir = str(folder)  # what is left there is seen
    watch = Watch(secret.parent)
    name = str(source)
    start = time.perf_counter()
    try:
        if name.endswith((".csv", ".gz", ".xlsx")) or trap.name.startswith(("zip_bomb", "zip_of", "zip_in")):
            read = hicgeo.read_incidents(source, columns=COLUMNS).incidents
        else:
            read = hicgeo.read_neighbourhoods(source, level="buurt")
        outcome, message = "harmless", f"{len(read)} rows"
    except HicgeoError as error:
        read, outcome, message = None, "refused", str(error)
    finally:
        tempfile.tempdir = temporary
    seconds = time.perf_counter() - start
    time.sleep(0.01)  # the listener counts in another thread
    opened = watch.seen()
    watch.close()
    after = _content(folder)
    changed = [each for each in everything.keys() | after.keys() if everything.get(each) != after.get(each)]
    leaked = SECRET in message or (read is not None and SECRET in read.reset_index().astype(str).to_string())
    return Outcome(outcome, message, seconds, listener.connections - calls, opened, changed, leaked)
