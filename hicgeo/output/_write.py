"""Atomic writes: a reader finds the old file or the new one, never a part of it."""

from __future__ import annotations

import contextlib
import functools
import os
import tempfile
import time
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path

from hicgeo.errors import HicgeoWarning, InputError

PREFIX = ".hicgeo-part-"
"""Leftovers of a killed process start with this, so that they can be found and swept."""

STALE_SECONDS = 3600.0
"""A part this old belongs to nobody: no write takes an hour."""


@contextlib.contextmanager
def replacing(path: str | os.PathLike[str]) -> Iterator[Path]:
    """Give a temporary path in the folder of `path`, and put it in place of `path` when the block succeeds.

    Parameters
    ----------
    path
        The file to write. Its folder is made when it does not exist.

    Yields
    ------
    Path
        Where to write. The suffix is that of `path`, because writers choose a format by it.

    Raises
    ------
    InputError
        `path` is a folder, or cannot be written or replaced (on Windows: because it is open elsewhere).

    Notes
    -----
    The temporary file is in the same folder, so on the same file system, where `os.replace` is atomic. Bytes are
    synced before the replace: after a power cut the name points at the old or at the new content. The first write of a
    process in a folder sweeps what killed processes left there more than an hour ago.
    """
    target = Path(path)
    with _part_of(target) as part:
        yield part
        try:
            _put(part, target)
        except OSError as error:
            raise _cannot(target, error) from None


def write_bytes(path: str | os.PathLike[str], content: bytes) -> Path:
    """Write `content` to `path` atomically and return the path.

    Parameters
    ----------
    path
        The file to write.
    content
        All its bytes.

    Raises
    ------
    InputError
        `path` is a folder, or cannot be written or replaced.
    """
    with replacing(path) as part:
        part.write_bytes(content)
    return Path(path)


def deliver(path: str | os.PathLike[str], content: bytes | Callable[[Path], object]) -> Path:
    """Write a file for people: when the old one is open in another program, beside it under a new name.

    Parameters
    ----------
    path
        The file to write.
    content
        All its bytes, or a function that writes them to the path that it is given.

    Returns
    -------
    Path
        Where it was written.

    Warns
    -----
    HicgeoWarning
        The file could not be replaced, and the new one has another name.

    Raises
    ------
    InputError
        `path` is a folder, or nothing can be written beside it.

    Notes
    -----
    On Windows a file that Excel has open cannot be replaced. The work is kept all the same: `rates.xlsx` becomes
    `rates-2.xlsx`, and so on.
    """
    target = Path(path)
    with _part_of(target) as part:
        if callable(content):
            content(part)
        else:
            part.write_bytes(content)
        try:
            _put(part, target)
        except PermissionError as error:
            other = next(
                name
                for n in range(2, 1000)
                if not (name := target.with_name(f"{target.stem}-{n}{target.suffix}")).exists()
            )
            try:
                _put(part, other)
            except OSError:
                raise _cannot(target, error) from None
            warnings.warn(
                f"{target.name} is open in another program and cannot be replaced: written as {other.name}. "
                "Close it and write again to have the old name",
                HicgeoWarning,
                stacklevel=3,
            )
            return other
        except OSError as error:
            raise _cannot(target, error) from None
    return target


def sweep(folder: str | os.PathLike[str], *, older_than: float = 0.0) -> int:
    """Remove what killed processes left in `folder`, and return how many files that were.

    Parameters
    ----------
    folder
        Only this folder, not those below it. Do not sweep all of it while another process writes in it.
    older_than
        Seconds since the last change; leave alone what is younger.
    """
    swept = 0
    for each in Path(folder).glob(f"{PREFIX}*"):
        with contextlib.suppress(OSError):  # another process swept it, or still has it open
            if time.time() - each.stat().st_mtime >= older_than:
                each.unlink()
                swept += 1
    return swept


@contextlib.contextmanager
def _part_of(target: Path) -> Iterator[Path]:
    """Give an empty temporary file beside `target`, gone afterwards whatever happens."""
    if "\0" in str(target):
        raise InputError(
            "a file name must hold no zero byte", f"one of {len(target.name)} signs", "choose another name"
        )
    try:
        if target.is_dir():
            raise InputError("the path must name a file", f"the folder {target.name!r}", "add a file name")
        target.parent.mkdir(parents=True, exist_ok=True)
        _sweep_once(target.parent.resolve())
        handle, name = tempfile.mkstemp(dir=target.parent, prefix=PREFIX, suffix=target.suffix)
    except OSError as error:
        raise _cannot(target, error) from None
    os.close(handle)
    part = Path(name)
    try:
        yield part
    finally:
        part.unlink(missing_ok=True)


@functools.lru_cache(maxsize=4096)
def _sweep_once(folder: Path) -> None:
    """Sweep a folder at the first write of this process in it."""
    sweep(folder, older_than=STALE_SECONDS)


def _put(part: Path, target: Path) -> None:
    """Put a finished part in the place of `target`."""
    with part.open("rb+") as written:
        os.fsync(written.fileno())
    part.chmod(_mode(target))
    part.replace(target)
    _sync_folder(target.parent)


def _mode(target: Path) -> int:
    """Permissions of the file that is replaced, else what the umask would give."""
    if target.exists():
        return target.stat().st_mode & 0o777
    mask = os.umask(0)
    os.umask(mask)
    return 0o666 & ~mask


def _sync_folder(folder: Path) -> None:
    if os.name == "posix":  # Windows cannot open a folder to sync it
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def _cannot(target: Path, error: OSError) -> InputError:
    return InputError(
        "the file must be writable",
        f"{target.name}: {error.strerror}",
        "close it in other programs, check the rights on the folder, or choose another name",
    )
