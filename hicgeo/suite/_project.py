"""Where the project stands on disk, and fingerprints: two runs with equal fingerprints give equal results."""

from __future__ import annotations

import functools
import hashlib
import importlib.metadata
import json
import platform
from pathlib import Path
from typing import Any

import hicgeo
from hicgeo.errors import ConfigError

_RESULT_PACKAGES = (
    "folium", "geopandas", "jinja2", "matplotlib", "numpy", "pandas", "pyarrow", "pyogrio", "pyproj",
    "scikit-learn", "scipy", "shapely", "xarray", "xstatic-leaflet",
)  # fmt: skip
"""Packages whose version can change a number or a page."""


def find_root(start: str | Path | None = None) -> Path:
    """Folder of the project, from any folder within it.

    Parameters
    ----------
    start
        Where to start looking upwards; the current folder when left out.

    Returns
    -------
    root
        The nearest folder that holds `data/runs`.

    Raises
    ------
    ConfigError
        There is none.
    """
    here = Path.cwd() if start is None else Path(start).resolve()
    for folder in (here, *here.parents):
        if (folder / "data" / "runs").is_dir():
            return folder
    raise ConfigError(
        "hicgeo must be called from within its project folder (the one with data/runs)",
        f"no such folder above {here.name!r}",
        "change to the project folder first",
    )


def relative(path: Path, root: Path) -> str:
    """Path as it is written for others: from the project folder, or the bare name when it lies elsewhere."""
    return path.relative_to(root).as_posix() if path.is_relative_to(root) else path.name


def fingerprint(content: Any) -> str:
    """SHA-256 of JSON-like content, whatever the order of its keys."""
    return hashlib.sha256(json.dumps(content, sort_keys=True, default=str).encode()).hexdigest()


def file_hash(path: Path) -> str:
    """SHA-256 of a file; of a shapefile, all its parts.

    Raises
    ------
    ConfigError
        The file cannot be read.
    """
    parts = sorted(path.parent.glob(f"{path.stem}.*")) if path.suffix.lower() == ".shp" else [path]
    try:
        hashes = []
        for part in parts:
            with part.open("rb") as file:
                hashes.append(hashlib.file_digest(file, "sha256").hexdigest())
    except OSError as error:
        raise ConfigError(
            "every input must be readable", f"{path.name}: {error.strerror}", "check the rights"
        ) from None
    return hashes[0] if len(hashes) == 1 else fingerprint(hashes)


@functools.cache
def source_hash(*parts: str) -> str:
    """SHA-256 of the source of hicgeo, or of these modules and folders of it."""
    package = Path(hicgeo.__file__).parent
    roots = [package / part for part in parts] if parts else [package]
    files = [file for root in roots for file in ([root] if root.is_file() else root.rglob("*"))]
    digest = hashlib.sha256()
    for file in sorted(f for f in files if f.is_file() and "__pycache__" not in f.parts):
        digest.update(file.relative_to(package).as_posix().encode() + b"\0" + file.read_bytes() + b"\0")
    return digest.hexdigest()


@functools.cache
def versions() -> dict[str, str]:
    """Versions of hicgeo, Python and every package that can change a result."""
    found = {name: importlib.metadata.version(name) for name in _RESULT_PACKAGES}
    return {"hicgeo": hicgeo.__version__, "python": platform.python_version(), **found}
