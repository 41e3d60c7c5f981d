"""Where the project stands on disk, and fingerprints: two runs with equal fingerprints give equal results."""

from __future__ import annotations

import functools
import hashlib
import importlib.metadata
import json
import os
import platform
import re
import shutil
from pathlib import Path
from typing import Any

import hicgeo
from hicgeo.errors import ConfigError
from hicgeo.sources._database import Database
from hicgeo.suite._run_file import nearest

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


def find_config(run: str | Path | None, root: Path, start: str | Path | None = None) -> Path:
    """Run file that is meant by a name or a path.

    Parameters
    ----------
    run
        As for `open_run`.
    root
        The project folder.
    start
        Folder at which relative paths start; the current one when left out.

    Returns
    -------
    path
        An existing file.

    Raises
    ------
    ConfigError
        There is none.
    """
    wanted = str(run or os.environ.get("HICGEO_RUN") or "sample")
    places = [root / "data" / "runs" / f"{wanted}.yml"] if re.fullmatch(r"[a-z0-9][a-z0-9-]{0,99}", wanted) else []
    places += [Path(start or Path.cwd()) / wanted, root / wanted]
    found = next((place for place in places if place.is_file()), None)
    if found is None:
        known = sorted(file.stem for file in (root / "data" / "runs").glob("*.yml"))
        raise ConfigError(
            "run must be a run file, or the name of one in data/runs", repr(wanted), nearest(wanted, known)
        )
    return found.resolve()


def make_sample(folder: Path, *, seed: int, keep: bool = False) -> bool:
    """Write the files of the sample city.

    Parameters
    ----------
    folder
        Where; replaced as a whole.
    seed
        Of the generator.
    keep
        Leave the files when they are there and this version of hicgeo made them, with whatever seed.

    Returns
    -------
    made
        Whether files were written.

    Raises
    ------
    ConfigError
        The folder holds something else than a sample city.
    """
    stamp = folder / ".sample.json"
    try:
        made = json.loads(stamp.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        made = None
    source = source_hash(
        *sorted(f"sources/{file.name}" for file in Path(hicgeo.__file__).parent.glob("sources/*sample*.py"))
    )
    if keep and made is not None:
        if made["source"] == source:
            return False
        seed = made["seed"]
    if made is None and folder.exists() and any(folder.iterdir()):
        raise ConfigError(
            "a sample city needs a folder of its own", f"{folder.name} holds other files", "name an empty folder"
        )
    print(f"Writing the fictional sample city (seed {seed}) to {folder.parent.name}/{folder.name}", flush=True)
    part = folder.with_name(f".{folder.name}-{os.getpid()}")
    shutil.rmtree(part, ignore_errors=True)
    part.mkdir(parents=True)
    try:
        hicgeo.write_sample(hicgeo.sample_city(seed), part)
        (part / stamp.name).write_text(json.dumps({"seed": seed, "source": source}), encoding="utf-8")
        shutil.rmtree(folder, ignore_errors=True)
        part.replace(folder)
    finally:
        shutil.rmtree(part, ignore_errors=True)
    return True


def relative(path: Path | Database, root: Path) -> str:
    """Path as it is written for others: from the project folder, or the bare name when it lies elsewhere."""
    if isinstance(path, Database):
        return path.name
    return path.relative_to(root).as_posix() if path.is_relative_to(root) else path.name


def fingerprint(content: Any) -> str:
    """SHA-256 of JSON-like content, whatever the order of its keys."""
    return hashlib.sha256(json.dumps(content, sort_keys=True, default=str).encode()).hexdigest()


def input_hash(place: Path | Database) -> str:
    """Fingerprint of a file, or of the rows of a table or query."""
    return fingerprint(place.fingerprint()) if isinstance(place, Database) else file_hash(place)


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
