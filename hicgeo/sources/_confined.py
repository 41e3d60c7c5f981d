"""Files that need a parser are parsed in a process of their own, and come back as an Arrow table."""

from __future__ import annotations

import contextlib
import functools
import glob
import json
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hicgeo.errors import InputError
from hicgeo.sources import _child

if TYPE_CHECKING:
    import pyarrow as pa

START_SECONDS = 60.0
"""For the process to start: a busy computer must not make a sound file unreadable."""
SECONDS = 3.0
"""For reading the smallest file; every 2 MB give one more."""
BYTES_PER_SECOND = 2e6
MEMORY = 2 << 30
"""Address space of the process; each byte of the file gives twelve more."""
MAX_GROWTH = 250
"""Largest ratio of what a file yields to its size, above the first 64 MiB."""

_ENVIRONMENT = (
    "PATH", "SYSTEMROOT", "WINDIR", "TEMP", "TMP", "TMPDIR", "LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH", "CONDA_PREFIX",
    "GDAL_DATA", "PROJ_DATA", "PROJ_LIB",
)  # fmt: skip


def read(kind: str, path: Path, **options: str | None) -> tuple[pa.Table, dict[str, Any]]:
    """Table of a file and what the reader has to say about it.

    Parameters
    ----------
    kind
        "gpkg", "shapefile", "geojson", "parquet" or "xlsx".
    path
        File of that kind.
    options
        What the reader of the kind needs: `layer` and `choose`, or `sheet`.

    Raises
    ------
    InputError
        The file is damaged, is refused, or needs more time or memory than its size explains.

    Notes
    -----
    Starting the process takes about half a second. Its clock starts when it is ready, so the limit on time is about the
    file alone. On Windows the memory of the process is not limited; its time and what it may return are.
    """
    import pyarrow as pa

    size = sum(part.stat().st_size for part in _parts(path, kind))
    seconds = SECONDS + size / BYTES_PER_SECOND
    request = {
        "kind": kind,
        "path": str(path.resolve()),
        "sys_path": [entry for entry in sys.path if entry],
        "seconds": seconds,
        "memory": MEMORY + 12 * size,
        "bytes": max(64 << 20, MAX_GROWTH * size),
        "layer": None,
        "choose": None,
        "sheet": None,
        **options,
    }
    with _Process(request) as process:
        process.wait_until_ready()
        try:
            with process.limited(seconds):
                table = pa.ipc.open_stream(process.output).read_all()
                code = process.exit_code()
        except (pa.ArrowException, OSError):
            table, code = None, process.exit_code()
    if process.expired:
        raise InputError(
            f"{path.name} must be readable in {seconds:.0f} seconds",
            "it is not",
            "it is damaged, or made to keep a computer busy: export it again",
        )
    if code == _child.OUT_OF_MEMORY:
        raise InputError(
            f"{path.name} must fit in memory",
            f"it holds more than {size / 2**20:.1f} MiB of file explain",
            "export it again, or in parts",
        )
    if table is None or code != 0:
        raise damaged(path, f"its reader stopped with code {code}")
    about = table.schema.metadata or {}
    if b"refused" in about:
        raise InputError(*json.loads(about[b"refused"]))
    if b"damaged" in about:
        raise damaged(path, json.loads(about[b"damaged"]))
    return table, json.loads(about[b"facts"])


def damaged(path: Path, why: str) -> InputError:
    """Error of a file that no reader understands."""
    return InputError(f"{path.name} must be a sound file", f"it cannot be read ({why})", "copy or export it again")


def _parts(path: Path, kind: str) -> list[Path]:
    if kind != "shapefile":
        return [path]
    return [part for part in path.parent.glob(f"{glob.escape(path.stem)}.*") if part.is_file()]


@functools.cache
def _other_drivers() -> str:
    """Drivers of GDAL that are never registered in the process: some follow references to files and networks."""
    import pyogrio

    return ",".join(sorted(set(pyogrio.list_drivers()) - _child.DRIVERS))


def _environment(kind: str) -> dict[str, str]:
    """Little of ours (no password, no proxy), and what keeps the libraries small and at home."""
    kept = {name: os.environ[name] for name in _ENVIRONMENT if name in os.environ}
    gdal = {"GDAL_SKIP": _other_drivers()} if kind in ("gpkg", "shapefile") else {}
    return kept | gdal | {
        "ARROW_DEFAULT_MEMORY_POOL": "system",
        "CPL_VSIL_CURL_ALLOWED_FILENAME": "none",
        "GDAL_DISABLE_READDIR_ON_OPEN": "EMPTY_DIR",
        "GDAL_DRIVER_PATH": "disable",
        "GDAL_NUM_THREADS": "1",
        "OGR_SQLITE_LOAD_EXTENSIONS": "",
        "OMP_NUM_THREADS": "1",
        "OPENBLAS_NUM_THREADS": "1",
        "PROJ_NETWORK": "OFF",
    }  # fmt: skip


class _Process:
    """A child that reads one file; at the end of the `with` block it is gone, whatever happened."""

    def __init__(self, request: dict[str, Any]) -> None:
        self.expired = False
        self._request = request

    def __enter__(self) -> _Process:
        self._child = subprocess.Popen(  # noqa: S603  # our own interpreter and our own file
            [sys.executable, "-I", "-S", "-X", "utf8", _child.__file__],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env=_environment(self._request["kind"]),
            cwd=Path(_child.__file__).parent,
            creationflags=getattr(subprocess, "CREATE_NO_WINDOW", 0),
        )
        return self

    def __exit__(self, *_: object) -> None:
        self._child.kill()
        for pipe in (self._child.stdin, self._child.stdout):
            with contextlib.suppress(OSError):
                if pipe is not None:
                    pipe.close()
        self._child.wait()

    @property
    def output(self) -> Any:
        return self._child.stdout

    def wait_until_ready(self) -> None:
        """Hand over the request and wait until the libraries are loaded."""
        assert self._child.stdin is not None  # noqa: S101  # it is a pipe
        with contextlib.suppress(BrokenPipeError), self.limited(START_SECONDS):
            self._child.stdin.write(json.dumps(self._request).encode() + b"\n")
            self._child.stdin.close()
            if self.output.read(1):
                return
        raise InputError(
            "this Python must be able to start another that reads the file",
            f"it ended with {self.exit_code()} before it was ready",
            "look whether something on this computer forbids it (a virus scanner), or install hicgeo again",
        )

    @contextlib.contextmanager
    def limited(self, seconds: float) -> Iterator[None]:
        """Kill the process when the block takes longer."""
        clock = threading.Timer(seconds, self._expire)
        clock.daemon = True
        clock.start()
        try:
            yield
        finally:
            clock.cancel()

    def _expire(self) -> None:
        self.expired = True
        self._child.kill()

    def exit_code(self) -> int:
        return self._child.wait()
