"""Atomic writes: a reader finds the old file or the new one, never a part of it."""

from __future__ import annotations

import contextlib
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

from hicgeo.errors import InputError

PREFIX = ".hicgeo-part-"
"""Leftovers of a killed process start with this, so that they can be found and swept."""


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
    synced before the replace: after a power cut the name points at the old or at the new content.
    """
    target = Path(path)
    if target.is_dir():
        raise InputError("the path must name a file", f"the folder {target.name!r}", "add a file name")
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(dir=target.parent, prefix=PREFIX, suffix=target.suffix)
    except OSError as error:
        raise _cannot(target, error) from None
    os.close(handle)
    part = Path(name)
    try:
        yield part
        try:
            with part.open("rb+") as written:
                os.fsync(written.fileno())
            part.chmod(_mode(target))
            part.replace(target)
        except OSError as error:
            raise _cannot(target, error) from None
        _sync_folder(target.parent)
    finally:
        part.unlink(missing_ok=True)


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


def sweep(folder: str | os.PathLike[str]) -> int:
    """Remove what killed processes left in `folder`, and return how many files that were.

    Parameters
    ----------
    folder
        Only this folder, not those below it. Do not sweep while another process writes in it.
    """
    leftovers = list(Path(folder).glob(f"{PREFIX}*"))
    for each in leftovers:
        each.unlink(missing_ok=True)
    return len(leftovers)


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
