"""The only door: every file that a user names is opened here, within limits, and read as what its name promises.

Text is read here. What needs a parser is parsed in a process of its own (`_confined`), with limits on its time and
memory, no network, and of GDAL's many drivers, some of which follow references, only the two that are asked for.
"""

from __future__ import annotations

import gzip
import io
import json
import re
import shutil
import stat
import tempfile
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from hicgeo.errors import InputError
from hicgeo.sources import _child, _confined
from hicgeo.sources._crs import known_crs
from hicgeo.sources._database import Database, is_address

if TYPE_CHECKING:
    import geopandas as gpd

MAX_BYTES = 8 << 30
"""Largest file that is opened, and largest total that an archive may hold."""
MAX_JSON_BYTES = 1 << 29
"""Largest GeoJSON file: it is parsed in memory, at some ten times its size."""
MAX_RATIO = 250
"""Largest ratio of unpacked to packed size; shapefile tables of mostly spaces reach 100."""
MAX_MEMBERS = 1000

KINDS = {
    ".csv": "delimited",
    ".tsv": "delimited",
    ".txt": "delimited",
    ".xlsx": "xlsx",
    ".gpkg": "gpkg",
    ".geojson": "geojson",
    ".json": "geojson",
    ".parquet": "parquet",
    ".geoparquet": "parquet",
    ".shp": "shapefile",
    ".zip": "zip",
}
_SHAPEFILE_PARTS = {".shp", ".shx", ".dbf", ".prj", ".cpg"}
_MAGIC = {
    "gpkg": b"SQLite format 3\x00",
    "shapefile": b"\x00\x00\x27\x0a",
    "parquet": b"PAR1",
    "xlsx": b"PK\x03\x04",
    "zip": b"PK\x03\x04",
}


def check_path(source: str | Path) -> Path:
    """Path of an existing regular file of a known kind.

    Raises
    ------
    InputError
        It is an address, no file, too large, or of an unknown kind.
    """
    if not isinstance(source, str | Path):
        raise InputError("source must be the path of a file", f"a {type(source).__name__}", "give a str or a Path")
    text = str(source)
    if "://" in text or re.match(r"[\\/]+(vsi|[?.][\\/])", text, re.IGNORECASE) or "\x00" in text:
        raise InputError(
            "source must be a file on this computer", "an address", "download the file first and give its path"
        )
    if not text.isprintable():
        raise InputError("the name of a file must be printable", "one with control characters", "rename it")
    path = Path(source)
    if not path.is_file():
        given = "a folder" if path.is_dir() else "no regular file" if path.exists() else "no such file"
        raise InputError(
            "source must be an existing file", f"{given}: {path.name}", f"check the path (looked in {path.parent})"
        )
    facts = path.stat()
    if facts.st_size > MAX_BYTES:
        raise InputError(
            f"a file must be at most {MAX_BYTES >> 30} GiB", f"{facts.st_size / 2**30:.1f} GiB", "split the file"
        )
    stored = 512 * getattr(facts, "st_blocks", facts.st_size)
    if facts.st_size > MAX_RATIO * max(stored, 1 << 20):
        raise InputError("a file must be stored in full", "one of empty space", "copy or export it again")
    kind_of(path)
    return path


def check_source(source: str | Path, *, layer: str | None, query: str | None) -> Path | Database:
    """Path of a file, or the table or query of a database that an address names.

    Raises
    ------
    InputError
        As `check_path` and `Database.at`; or there is a query and no database.
    """
    if is_address(source):
        return Database.at(str(source), layer=layer, query=query)
    if query is not None:
        raise InputError("a query must be for a database", "a file", "leave query out, or give postgresql://...")
    return check_path(source)


def kind_of(path: Path) -> str:
    """Kind of file that the name promises: delimited, xlsx, gpkg, geojson, parquet, shapefile or zip.

    Raises
    ------
    InputError
        The suffix is unknown.
    """
    suffix = Path(path.stem).suffix if path.suffix.lower() == ".gz" else path.suffix
    kind = KINDS.get(suffix.lower())
    if kind is None or (path.suffix.lower() == ".gz" and kind != "delimited"):
        raise InputError(
            "source must be one of " + ", ".join(KINDS) + ", .csv.gz",
            f"a file that ends in {''.join(path.suffixes[-2:]) or 'nothing'}",
            "export it again in one of these formats",
        )
    return kind


def _check_magic(path: Path, kind: str) -> None:
    expected = _MAGIC.get(kind)
    if expected is None:
        return
    with path.open("rb") as file:
        first = file.read(len(expected))
    if first != expected:
        raise InputError(
            f"{path.name} must be what its name says ({kind})", "other content", "rename it, or export it again"
        )


def read_bytes(path: Path) -> bytes:
    """Content of a delimited text file, unpacked when it ends in .gz.

    Raises
    ------
    InputError
        The file cannot be read, or unpacks to more than the limits.
    """
    try:
        if path.suffix.lower() != ".gz":
            return _text(path.read_bytes(), path)
        limit = min(MAX_BYTES, max(1 << 20, path.stat().st_size * MAX_RATIO))
        with gzip.open(path) as file:
            data = file.read(limit + 1)
    except (OSError, EOFError) as failure:
        raise InputError(f"{path.name} must be readable", type(failure).__name__, "copy or export it again") from None
    if len(data) > limit:
        raise InputError(
            f"a packed file must unpack to at most {MAX_RATIO} times its size", "more", "unpack it yourself"
        )
    return _text(data, path)


def _text(data: bytes, path: Path) -> bytes:
    """Give what a text file holds; one that begins as another kind of file does is refused."""
    if data[:3] == b"\x1f\x8b\x08" or any(data.startswith(magic) for magic in _MAGIC.values()):
        raise InputError(f"{path.name} must be a text file, as its name says", "another kind of file", "rename it")
    return data


def read_sample(path: Path, size: int, parts: int) -> bytes:
    """First lines, last lines and lines between of a text file: `parts` evenly over it, of `size` bytes in all.

    Only whole lines are given. A file in UTF-16 or UTF-32, whose lines do not end at a byte, gives its first part.

    Raises
    ------
    InputError
        As `read_bytes`.
    """
    piece = size // parts
    packed = path.suffix.lower() == ".gz"
    try:
        with io.BytesIO(read_bytes(path)) if packed else path.open("rb") as file:
            whole = file.seek(0, io.SEEK_END)
            file.seek(0)
            first = file.read(size)
            if whole <= size:
                return first
            if first[:2] in (b"\xff\xfe", b"\xfe\xff") or first[:4096].count(0) * 3 > len(first[:4096]):
                return first[: first.rfind(b"\n\x00" if first[:2] == b"\xff\xfe" else b"\x00\n") + 2]
            found = [first[: first.rfind(b"\n", 0, piece) + 1] or first[: first.find(b"\n") + 1]]
            for start in np.linspace(piece, whole - piece, parts - 1).astype(int).tolist():
                file.seek(start)
                block = file.read(piece)
                end = len(block) if start + piece >= whole else block.rfind(b"\n") + 1
                found.append(block[block.find(b"\n") + 1 : end])
    except OSError as failure:
        raise InputError(f"{path.name} must be readable", type(failure).__name__, "copy or export it again") from None
    return b"".join(found)


def read_blocks(path: Path, size: int) -> Iterator[bytes]:
    """Content of a delimited text file in blocks of whole lines, each of about `size` bytes.

    Raises
    ------
    InputError
        As `read_bytes`; or the file is in UTF-16 or UTF-32, whose lines do not end at a byte, or has no line ends.
    """
    limit = max(1 << 20, path.stat().st_size * MAX_RATIO)
    total, rest = 0, b""
    try:
        with gzip.open(path) if path.suffix.lower() == ".gz" else path.open("rb") as file:
            while block := file.read(size):
                if total == 0 and (block[:2] in (b"\xff\xfe", b"\xfe\xff") or b"\0" in block[:64]):
                    raise InputError(
                        "a file that is read in blocks must be in UTF-8 or cp1252", "UTF-16", "save it as UTF-8"
                    )
                total += len(block)
                if total > limit:
                    raise InputError(
                        f"a packed file must unpack to at most {MAX_RATIO} times its size", "more", "unpack it yourself"
                    )
                end = block.rfind(b"\n") + 1
                if not end and len(block) == size:
                    raise InputError(
                        "a file that is read in blocks must have lines that end in LF or CRLF",
                        f"none in {size >> 20} MiB",
                        "save it with other line ends",
                    )
                if end:
                    yield rest + block[:end]
                    rest = b""
                rest += block[end:]
    except (OSError, EOFError) as failure:
        raise InputError(f"{path.name} must be readable", type(failure).__name__, "copy or export it again") from None
    if rest:
        yield rest


@contextmanager
def unpacked(path: Path, layer: str | None = None) -> Iterator[tuple[Path, str | None]]:
    """Give the file to read and its layer: the one data set in an archive, or `path` itself.

    Raises
    ------
    InputError
        The archive is broken or over the limits, or does not hold exactly one data set (or none named `layer`); or a
        layer is named of a file that has none.
    """
    if kind_of(path) != "zip":
        if layer is not None and kind_of(path) != "gpkg":
            raise InputError(
                "only a GeoPackage or an archive may be asked for a layer",
                f"layer={layer!r} of {path.name}",
                "leave layer out, or name the file that has it",
            )
        yield path, layer
        return
    _check_magic(path, "zip")
    with tempfile.TemporaryDirectory(prefix="hicgeo-") as folder:
        try:
            with zipfile.ZipFile(path) as archive:
                target = _extract(archive, path, layer, Path(folder))
        except (zipfile.BadZipFile, RuntimeError, NotImplementedError, OSError, EOFError) as failure:
            raise InputError(
                f"{path.name} must be a sound zip file", type(failure).__name__, "copy or pack it again"
            ) from None
        yield target, layer if kind_of(target) == "gpkg" else None


def _members(archive: zipfile.ZipFile, path: Path) -> list[zipfile.ZipInfo]:
    """Files of an archive, which may not be too many or too large."""
    members = [m for m in archive.infolist() if not m.is_dir()]
    total = sum(m.file_size for m in members)
    if len(members) > MAX_MEMBERS or total > min(MAX_BYTES, max(1 << 20, path.stat().st_size * MAX_RATIO)):
        raise InputError(
            f"an archive must hold at most {MAX_MEMBERS} files and unpack to at most {MAX_RATIO} times its size",
            f"{len(members)} files, {total / 2**20:.0f} MiB unpacked",
            "unpack it yourself and give the file",
        )
    ends = 0
    for member in sorted(members, key=lambda each: each.header_offset):
        if member.header_offset < ends or stat.S_ISLNK(member.external_attr >> 16):
            raise InputError(
                "files in an archive must lie side by side",
                "one inside another" if member.header_offset < ends else "a link",
                "pack it again",
            )
        ends = member.header_offset + member.compress_size
    return members


def check_workbook(path: Path) -> None:
    """Refuse a workbook that is damaged or unpacks to more than the limits, before anything reads it.

    Raises
    ------
    InputError
        It is.
    """
    _check_magic(path, "xlsx")
    try:
        with zipfile.ZipFile(path) as archive:
            _members(archive, path)
    except (zipfile.BadZipFile, OSError) as failure:
        raise _confined.damaged(path, type(failure).__name__) from None


@dataclass(frozen=True)
class Sheet:
    """One sheet of a workbook: `rows` of text cells, and what stands in cells without a value."""

    name: str
    rows: list[list[str]]
    errors: dict[tuple[int, int], str]
    """An error such as #N/A, or a formula that was never computed (=...), by row and column from 0."""
    hidden: int
    """Sheets that are hidden."""
    merged: int
    """Ranges of merged cells."""
    epoch: int
    """Year that day numbers count from: 1900 or 1904."""


def read_sheet(path: Path, sheet: str | None = None) -> Sheet:
    """Cells of one sheet of an XLSX workbook, by value.

    Raises
    ------
    InputError
        The workbook is damaged or over the limits, or several sheets hold data and none is named.
    """
    check_workbook(path)
    table, facts = _confined.read("xlsx", path, sheet=sheet)
    columns = [column.to_pylist() for column in table.columns]
    rows = [list(row) for row in zip(*columns, strict=True)]
    errors = {(row, column): said for row, column, said in facts["errors"]}
    return Sheet(facts["sheet"], rows, errors, facts["hidden"], facts["merged"], facts["epoch"])


def _extract(archive: zipfile.ZipFile, path: Path, layer: str | None, folder: Path) -> Path:
    members = _members(archive, path)
    if sum(each.file_size for each in members) > shutil.disk_usage(folder).free:
        raise InputError("there must be room to unpack the archive", "too little disk space", "free some")
    found = [m for m in members if KINDS.get(Path(m.filename).suffix.lower(), "zip") != "zip"]
    found = [m for m in found if not m.filename.startswith("__MACOSX")]
    chosen = found if len(found) == 1 or layer is None else [m for m in found if Path(m.filename).stem == layer]
    if len(chosen) != 1:
        names = ", ".join(sorted(Path(m.filename).stem for m in found)) or "none"
        raise InputError("a zip file must hold one data set", f"{len(found)}: {names}", 'name one: layer="..."')
    main = chosen[0].filename
    stem, suffix = main[: -len(Path(main).suffix)].lower(), Path(main).suffix.lower()
    name = re.sub(r"[^\w.-]", "_", Path(main).stem)[:80]
    for member in members:
        ending = Path(member.filename).suffix.lower()
        same = member.filename[: -len(ending) or None].lower() == stem
        if same and (ending == suffix or (suffix == ".shp" and ending in _SHAPEFILE_PARTS)):
            # written under a name of our own: what the archive calls it never reaches the file system
            with archive.open(member) as packed, (folder / f"{name}{ending}").open("wb") as out:
                while block := packed.read(1 << 20):
                    out.write(block)
    return folder / f"{name}{suffix}"


def read_vector(path: Path, layer: str | None = None, *, choose: str | None = None) -> gpd.GeoDataFrame:
    """Table with geometry of a GeoPackage, shapefile, GeoJSON or GeoParquet file.

    Parameters
    ----------
    path
        As `unpacked` gives it.
    layer
        Layer of a GeoPackage; may be left out when there is one.
    choose
        Prefer the layer of this name when there are several and `layer` is left out.

    Returns
    -------
    GeoDataFrame
        Its `attrs["layer"]` names the layer of a GeoPackage that was read, its `attrs["deleted"]` counts the rows of a
        shapefile that are marked as deleted and not read. A layer without geometry gives a DataFrame.

    Raises
    ------
    InputError
        The file is damaged, is not what its name says, or the layer does not exist.
    """
    import geopandas as gpd
    import shapely

    kind = kind_of(path)
    _check_magic(path, kind)
    if kind == "geojson" and path.stat().st_size > MAX_JSON_BYTES:
        raise InputError(
            f"a GeoJSON file must be at most {MAX_JSON_BYTES >> 20} MiB",
            f"{path.stat().st_size >> 20} MiB",
            "save it as GeoPackage or GeoParquet",
        )
    if kind == "shapefile":
        _check_parts(path)
    table, facts = _confined.read(kind, path, layer=layer, choose=choose)
    # whole numbers beside empty cells stay whole numbers
    options = {"integer_object_nulls": True, "ignore_metadata": True}
    try:
        if facts["geometry"] is None:
            frame = table.to_pandas(**options)
        else:
            frame = gpd.GeoDataFrame.from_arrow(table, to_pandas_kwargs=options)
    except (ValueError, TypeError, KeyError, shapely.errors.ShapelyError) as failure:
        raise _confined.damaged(path, type(failure).__name__) from None
    if facts["geometry"] is not None and facts["crs"] is not None:
        frame = frame.set_crs(_crs_of_file(facts["crs"], path))
    frame.attrs["layer"], frame.attrs["deleted"] = facts["layer"], facts.get("deleted", 0)
    return frame


def _check_parts(path: Path) -> None:
    """Refuse a shapefile without its table, or with parts that lead elsewhere."""
    path = path.resolve()
    parts = [each for each in path.parent.iterdir() if each.stem == path.stem]
    parts = [each for each in parts if each.suffix.lower() in _SHAPEFILE_PARTS]
    if not any(each.suffix.lower() == ".dbf" for each in parts):
        raise InputError(
            "a shapefile must have its .dbf beside it", "the .shp alone", "copy all its parts, or give the zip"
        )
    elsewhere = [each.suffix for each in parts if each.is_symlink() or not each.is_file()]
    if elsewhere:
        raise InputError(
            "the parts of a shapefile must be files beside it", f"{', '.join(elsewhere)}: none", "copy them together"
        )


def _crs_of_file(text: Any, path: Path) -> Any:
    """CRS that a file states. A definition may name grid files, and PROJ would open them: such a one is refused."""
    from hicgeo.errors import CrsError

    text = json.dumps(text) if isinstance(text, dict) else str(text)
    plain = re.match(r"\s*(\{|[A-Z]+\[|[A-Za-z]+:\w+$|urn:ogc:def:crs:|https?://www\.opengis\.net/def/crs/)", text)
    crs = known_crs(text) if plain and not _child.NAMES_FILES.search(text) else None
    if crs is None or _child.NAMES_FILES.search(crs.to_wkt()):
        raise CrsError(
            f"{path.name} must state its CRS by code or by its parameters",
            "a definition that names other files" if plain else "another kind of text",
            "save it in EPSG:28992",
        )
    return crs
