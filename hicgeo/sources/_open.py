"""The only door: every file that a user names is opened here, within limits, and read by the driver its name promises.

GDAL decides by content which driver opens a file, and some drivers follow references to other files or to the
network. So only two of its formats pass (GeoPackage and shapefile, after a look at their first bytes, which no
other driver accepts); GeoJSON and GeoParquet are read without GDAL.
"""

from __future__ import annotations

import gzip
import html
import io
import json
import re
import tempfile
import zipfile
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hicgeo.errors import InputError

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
    if "://" in text or re.match(r"[\\/]+vsi", text, re.IGNORECASE) or "\x00" in text:
        raise InputError(
            "source must be a file on this computer", "an address", "download the file first and give its path"
        )
    path = Path(source)
    if not path.is_file():
        given = f"a folder: {path.name}" if path.is_dir() else f"no such file: {path.name}"
        raise InputError("source must be an existing file", given, f"check the path (looked in {path.parent})")
    if path.stat().st_size > MAX_BYTES:
        raise InputError(
            f"a file must be at most {MAX_BYTES >> 30} GiB", f"{path.stat().st_size / 2**30:.1f} GiB", "split the file"
        )
    kind_of(path)
    return path


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
            return path.read_bytes()
        limit = min(MAX_BYTES, max(1 << 20, path.stat().st_size * MAX_RATIO))
        with gzip.open(path) as file:
            data = file.read(limit + 1)
    except (OSError, EOFError) as failure:
        raise InputError(f"{path.name} must be readable", type(failure).__name__, "copy or export it again") from None
    if len(data) > limit:
        raise InputError(
            f"a packed file must unpack to at most {MAX_RATIO} times its size", "more", "unpack it yourself"
        )
    return data


@contextmanager
def unpacked(path: Path, layer: str | None = None) -> Iterator[tuple[Path, str | None]]:
    """Give the file to read and its layer: the one data set in an archive, or `path` itself.

    Raises
    ------
    InputError
        The archive is broken or over the limits, or does not hold exactly one data set (or none named `layer`).
    """
    if kind_of(path) != "zip":
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
        raise _damaged(path, failure) from None


def workbook_errors(path: Path, sheet: str) -> dict[tuple[int, int], str]:
    """Cells with an error such as #N/A, or a formula that was never computed (=...), by row and column from 0.

    Raises
    ------
    InputError
        The workbook is damaged.

    Notes
    -----
    The reader of workbooks gives such cells as empty ones, and an empty coordinate means something else.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            ids = {
                html.unescape(_attribute(tag, "name")): _attribute(tag, "r:id")
                for tag in re.findall(r"<sheet\b[^>]*>", archive.read("xl/workbook.xml").decode())
            }
            targets = {
                _attribute(tag, "Id"): _attribute(tag, "Target")
                for tag in re.findall(r"<Relationship\b[^>]*>", archive.read("xl/_rels/workbook.xml.rels").decode())
            }
            target = targets[ids[sheet]].lstrip("/")
            content = archive.read(target if target.startswith("xl/") else f"xl/{target}")
    except (zipfile.BadZipFile, KeyError, RuntimeError, NotImplementedError, OSError, EOFError, ValueError) as failure:
        raise _damaged(path, failure) from None
    found = {}
    for pattern in (
        rb"(<c\b[^>]*\bt=.e.[^>]*>)(?:<f\b[^>]*/>|<f\b[^>]*>[^<]*</f>)?(?:<v>([^<]*)</v>)?",
        rb"(<c\b[^>]*>)(<f\b[^>]*/>|<f\b[^>]*>[^<]*</f>)(?:<v\s*/>|<v></v>)?</c>",
    ):
        for tag, text in re.findall(pattern, content):
            place = re.fullmatch(r"([A-Z]{1,3})(\d{1,7})", _attribute(tag.decode(), "r"))
            if place:
                column = 0
                for letter in place[1]:
                    column = column * 26 + ord(letter) - 64
                said = re.sub(r"<f\b[^>]*>", "=", text.decode("utf-8", "replace")).removesuffix("</f>")
                found[int(place[2]) - 1, column - 1] = html.unescape(said)
    return found


def _attribute(tag: str, name: str) -> str:
    match = re.search(rf"""\s{name}=["']([^"']*)["']""", tag)
    return match[1] if match else ""


def _extract(archive: zipfile.ZipFile, path: Path, layer: str | None, folder: Path) -> Path:
    members = _members(archive, path)
    found = [m for m in members if KINDS.get(Path(m.filename).suffix.lower(), "zip") != "zip"]
    found = [m for m in found if not m.filename.startswith("__MACOSX")]
    chosen = found if len(found) == 1 or layer is None else [m for m in found if Path(m.filename).stem == layer]
    if len(chosen) != 1:
        names = ", ".join(sorted(Path(m.filename).stem for m in found)) or "none"
        raise InputError("a zip file must hold one data set", f"{len(found)}: {names}", 'name one: layer="..."')
    main = chosen[0].filename
    stem, suffix = main[: -len(Path(main).suffix)].lower(), Path(main).suffix.lower()
    for member in members:
        ending = Path(member.filename).suffix.lower()
        same = member.filename[: -len(ending) or None].lower() == stem
        if same and (ending == suffix or (suffix == ".shp" and ending in _SHAPEFILE_PARTS)):
            # written under a name of our own: what the archive calls it never reaches the file system
            with archive.open(member) as packed, (folder / f"{Path(main).stem[:80]}{ending}").open("wb") as out:
                while block := packed.read(1 << 20):
                    out.write(block)
    return folder / f"{Path(main).stem[:80]}{suffix}"


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
        Its `attrs["layer"]` names the layer of a GeoPackage that was read. A layer without geometry gives a DataFrame.

    Raises
    ------
    InputError
        The file is damaged, is not what its name says, or the layer does not exist.
    """
    import pyogrio
    import pyogrio.errors

    kind = kind_of(path)
    _check_magic(path, kind)
    if kind == "geojson":
        return _read_geojson(path)
    if kind == "parquet":
        return _read_parquet(path)
    if kind == "shapefile" and not path.with_suffix(".dbf").exists() and not path.with_suffix(".DBF").exists():
        raise InputError(
            "a shapefile must have its .dbf beside it", "the .shp alone", "copy all its parts, or give the zip"
        )
    if kind == "gpkg":
        layer = _layer(path, layer, choose)
    try:
        table = pyogrio.read_dataframe(path, layer=layer, datetime_as_string=True, on_invalid="fix")
    except (pyogrio.errors.DataSourceError, pyogrio.errors.DataLayerError, ValueError, RuntimeError) as failure:
        raise _damaged(path, failure) from None
    table.attrs["layer"] = layer or path.stem
    return table


def _damaged(path: Path, failure: Exception) -> InputError:
    return InputError(
        f"{path.name} must be a sound file", f"it cannot be read ({type(failure).__name__})", "copy or export it again"
    )


def _layer(path: Path, layer: str | None, choose: str | None) -> str:
    """Name of one feature table of a GeoPackage; views are refused, for they can run for ever."""
    import sqlite3

    try:
        with closing(sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro&immutable=1", uri=True)) as base:
            names = [
                str(name)
                for (name,) in base.execute(
                    "SELECT c.table_name FROM gpkg_contents c JOIN sqlite_master m ON m.name = c.table_name "
                    "WHERE m.type = 'table' AND c.data_type IN ('features', 'attributes') ORDER BY c.table_name"
                )
            ]
    except sqlite3.Error as failure:
        raise _damaged(path, failure) from None
    if layer is None:
        layer = names[0] if len(names) == 1 else choose
    if layer not in names:
        raise InputError(
            f"{path.name} must have the layer that is read",
            f"layer {layer!r} asked for; it has {', '.join(names) or 'none'}",
            'name one of these: layer="..."',
        )
    return str(layer)


def _read_parquet(path: Path) -> gpd.GeoDataFrame:
    import geopandas as gpd
    import pyarrow as pa
    import shapely

    try:
        try:
            return gpd.read_parquet(path)
        except shapely.errors.ShapelyError:
            return gpd.read_parquet(_rings_closed(path))
    except (ValueError, OSError, pa.ArrowException, shapely.errors.ShapelyError) as failure:
        raise _damaged(path, failure) from None


def _rings_closed(path: Path) -> io.BytesIO:
    """Give a GeoParquet file with rings that end where they begin."""
    import numpy as np
    import pyarrow as pa
    import pyarrow.parquet as pq
    import shapely

    table = pq.read_table(path)
    about = json.loads((table.schema.metadata or {}).get(b"geo", b"{}"))
    place = table.column_names.index(about["primary_column"])
    shapes = np.array(table.column(place).to_pylist(), object)
    whole = shapely.from_wkb(shapes, on_invalid="fix")
    if (shapely.is_missing(whole) & (shapes != np.array(None))).any():
        raise ValueError("a geometry cannot be read")
    closed = pa.array(shapely.to_wkb(whole), type=pa.binary())
    out = io.BytesIO()
    pq.write_table(table.set_column(place, table.column_names[place], closed), out)
    out.seek(0)
    return out


def _read_geojson(path: Path) -> gpd.GeoDataFrame:
    import geopandas as gpd
    import pandas as pd
    import shapely

    if path.stat().st_size > MAX_JSON_BYTES:
        raise InputError(
            f"a GeoJSON file must be at most {MAX_JSON_BYTES >> 20} MiB",
            f"{path.stat().st_size >> 20} MiB",
            "save it as GeoPackage or GeoParquet",
        )
    try:
        content: Any = json.loads(path.read_text(encoding="utf-8-sig"))
    except (ValueError, RecursionError) as failure:
        raise _damaged(path, failure) from None
    features = content.get("features") if isinstance(content, dict) else None
    if not isinstance(features, list) or not all(isinstance(each, dict) for each in features):
        raise InputError(f"{path.name} must be a GeoJSON FeatureCollection", "another structure", "export it again")
    shapes = [json.dumps(_closed(each["geometry"])) if each.get("geometry") else None for each in features]
    try:
        geometry = shapely.from_geojson(shapes)
    except (shapely.errors.ShapelyError, ValueError) as failure:
        raise _damaged(path, failure) from None
    rows = [p if isinstance(p := each.get("properties"), dict) else {} for each in features]
    named = (content.get("crs") or {}) if isinstance(content.get("crs") or {}, dict) else {}
    properties = named.get("properties")
    crs = properties.get("name", "OGC:CRS84") if isinstance(properties, dict) else "OGC:CRS84"
    return gpd.GeoDataFrame(pd.DataFrame(rows, index=range(len(rows))), geometry=geometry, crs=known_crs(crs))


def _closed(geometry: Any) -> Any:
    """Polygons whose rings end where they begin; anything else as it is."""
    kind = geometry.get("type") if isinstance(geometry, dict) else None
    if kind not in ("Polygon", "MultiPolygon") or not isinstance(geometry.get("coordinates"), list):
        return geometry

    def close(ring: Any) -> Any:
        whole = not isinstance(ring, list) or len(ring) < 3 or ring[0] == ring[-1]
        return ring if whole else [*ring, ring[0]]

    parts = [geometry["coordinates"]] if kind == "Polygon" else geometry["coordinates"]
    closed = [[close(ring) for ring in part] if isinstance(part, list) else part for part in parts]
    return geometry | {"coordinates": closed[0] if kind == "Polygon" else closed}


def known_crs(crs: Any) -> Any:
    """Pyproj CRS of what a user or a file calls it.

    Raises
    ------
    CrsError
        There is no such CRS.
    """
    import pyproj

    from hicgeo.errors import CrsError

    try:
        return pyproj.CRS.from_user_input(crs)
    except pyproj.exceptions.CRSError:
        raise CrsError(
            "crs must be one that PROJ knows", str(crs)[:60], 'give a code such as "EPSG:28992" (RD) or "EPSG:4326"'
        ) from None
