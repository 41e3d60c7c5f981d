"""The process in which a file is parsed: it has limits, no network and no other driver than the one it needs.

Run as a script by `_confined`, with only the libraries that parse; what it reads goes back as an Arrow stream. Nothing
that comes from a file is executed, and what breaks a parser breaks this process alone.
"""

from __future__ import annotations

import contextlib
import datetime as dt
import html
import importlib
import json
import os
import re
import sys
import threading
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import IO, Any

MAX_COLUMNS = 2000
"""Most columns of a table; SQLite and dBASE end there too."""
DRIVERS = frozenset(("GPKG", "ESRI Shapefile"))
"""Drivers of GDAL that may be there."""
OUT_OF_MEMORY = 3
"""Exit code of a file that needs more memory than it may have."""
_BATCH = 65_536
_STACK = 1 << 18
"""Bytes of stack on which geometries are tried: those that nest too deep for it would break the stack of the caller."""
_SPATIAL_INDEX = re.compile(r'CREATE\s+VIRTUAL\s+TABLE\s+("([^"]|"")*"|\w+)\s+USING\s+rtree\s*\(', re.IGNORECASE)
NAMES_FILES = re.compile(r"grids\b(?!=@null)|parameterfile|\b(init|file)=", re.IGNORECASE)
"""What in the definition of a CRS makes PROJ open other files, even to recognise it."""
_KNOWN_GEO = frozenset(("point", "linestring", "polygon", "multipoint", "multilinestring", "multipolygon"))


class Refusal(Exception):
    """What the file must be, what it is, and what to do."""


class _Without:
    """Hides what pyogrio and pyarrow would import if it were there; that takes longer than reading."""

    @staticmethod
    def find_spec(name: str, *_: object) -> None:
        if name in ("pandas", "geopandas", "pyproj"):
            raise ModuleNotFoundError(name)


def main() -> int:
    """Answer the one request on standard input; the exit code is 0 when the answer is complete."""
    # whatever a library prints must not end up in the answer
    out = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    request = json.loads(sys.stdin.buffer.readline())
    sys.path[:] = request["sys_path"]
    _leave_network()
    sys.meta_path.insert(0, _Without())
    reader, libraries = _READERS[request["kind"]]
    for name in ("pyarrow", *libraries):
        importlib.import_module(name)
    import pyarrow as pa

    _limit(request["memory"], request["seconds"])
    out.write(b"\n")
    out.flush()
    written = 0
    try:
        try:
            batches = reader(Path(request["path"]), request)
            first = next(batches)
        except Refusal as refusal:
            return _answer_without_table(out, "refused", refusal.args)
        except Exception as failure:
            if isinstance(failure, MemoryError):
                raise
            return _answer_without_table(out, "damaged", type(failure).__name__)
        with pa.ipc.new_stream(out, first.schema) as stream:
            while first is not None:
                written += first.nbytes
                if written > request["bytes"]:
                    return OUT_OF_MEMORY
                stream.write_batch(first)
                first = next(batches, None)
    except (MemoryError, pa.ArrowMemoryError):
        return OUT_OF_MEMORY
    finally:
        with contextlib.suppress(OSError):
            out.close()
    return 0


def _answer_without_table(out: IO[bytes], why: str, what: Any) -> int:
    import pyarrow as pa

    with pa.ipc.new_stream(out, pa.schema([], {why: json.dumps(what)})):
        return 0


def _leave_network() -> None:
    """Enter a network namespace without any network, where the kernel has them and lets us."""
    if sys.platform == "linux":
        import ctypes

        new_user, new_net = 0x10000000, 0x40000000
        ctypes.CDLL(None).unshare(new_user | new_net)


def _limit(memory: int, seconds: float) -> None:
    """Bound what this process may take; it can write no file. Windows has the clock of the caller alone."""
    try:
        import resource
    except ImportError:
        return
    for what, most in (
        (resource.RLIMIT_AS, memory),
        (resource.RLIMIT_CPU, int(2 * seconds) + 5),
        (resource.RLIMIT_FSIZE, 0),
        (resource.RLIMIT_CORE, 0),
    ):
        with contextlib.suppress(ValueError, OSError):
            resource.setrlimit(what, (most, most))


# GeoPackage and shapefile, through GDAL


def _geopackage(path: Path, request: dict[str, Any]) -> Iterator[Any]:
    layer = _layer(path, request["layer"], request["choose"])
    # immutable: no lock, no journal, nothing beside the file is read or written
    return _with_gdal(path, layer, IMMUTABLE="YES", LIST_ALL_TABLES="NO")


def _layer(path: Path, layer: str | None, choose: str | None) -> str:
    """Name of one plain table of a GeoPackage. SQLite lends its name to much else, which is not even prepared."""
    import sqlite3

    for ending in ("-wal", "-journal"):
        beside = path.with_name(path.name + ending)
        if beside.exists() and beside.stat().st_size:
            raise Refusal(
                f"{path.name} must be complete by itself",
                f"{beside.name} beside it holds changes",
                "close the program that has it open (QGIS), or save a copy from there",
            )
    with contextlib.closing(sqlite3.connect(f"{path.as_uri()}?mode=ro&immutable=1", uri=True)) as base:
        base.execute("PRAGMA trusted_schema=OFF")
        schema = base.execute("SELECT type, name, coalesce(sql, '') FROM sqlite_master").fetchall()
        virtual = {str(name) for kind, name, sql in schema if re.match(r"\s*create\s+virtual", sql, re.IGNORECASE)}
        plain = {str(name) for kind, name, _ in schema if kind == "table"} - virtual
        foreign = [
            str(name)
            for kind, name, sql in schema
            if (name in virtual and not _SPATIAL_INDEX.match(sql))
            or (kind == "view" and str(name).lower().startswith(("gpkg", "sqlite", "rtree")))
        ]
        if foreign:
            raise Refusal(
                f"{path.name} must hold plain tables",
                f"{len(foreign)} virtual tables, or views in the place of its own tables",
                "export the layer to a new GeoPackage",
            )
        if "gpkg_contents" not in plain:
            raise Refusal(f"{path.name} must be a GeoPackage", "a database without contents", "export it again")
        listed = base.execute(
            "SELECT table_name FROM gpkg_contents WHERE data_type IN ('features', 'attributes') ORDER BY table_name"
        ).fetchall()
        names = [str(name) for (name,) in listed if name in plain]
        if layer is None:
            layer = names[0] if len(names) == 1 else choose
        if layer not in names:
            raise Refusal(
                f"{path.name} must have the layer that is read",
                f"layer {layer!r} asked for; it has {', '.join(names[:40]) or 'none'}",
                'name one of these: layer="..."',
            )
        for row in base.execute("SELECT * FROM gpkg_spatial_ref_sys"):
            _check_definition(" ".join(str(value) for value in row), path)
        computed = base.execute("SELECT count(*) FROM pragma_table_xinfo(?) WHERE hidden > 0", (layer,)).fetchone()[0]
        if computed:
            raise Refusal(
                "columns must hold values", f"{computed} computed columns in {layer}", "export the layer again"
            )
    return str(layer)


def _check_definition(text: str, path: Path) -> None:
    if NAMES_FILES.search(text):
        raise Refusal(
            f"{path.name} must state its CRS by code or by its parameters",
            "a definition that names other files",
            "save it in EPSG:28992",
        )


def _shapefile(path: Path, request: dict[str, Any]) -> Iterator[Any]:
    for part in path.parent.glob("*.[pP][rR][jJ]"):
        if part.stem == path.stem:
            _check_definition(part.read_text(encoding="latin-1"), path)
    return _with_gdal(path, None, deleted=_check_rows(path))


def _check_rows(path: Path) -> int:
    """Number of rows that are marked as deleted, which GDAL passes over, as it does with rows that are cut off."""
    import numpy as np

    parts = {part.suffix.lower(): part for part in path.parent.iterdir() if part.stem == path.stem}
    table = parts[".dbf"].read_bytes()
    if len(table) < 32:
        raise Refusal("the .dbf of a shapefile must be whole", "less than its header", "copy or export it again")
    rows, head, width = (int.from_bytes(table[a:b], "little") for a, b in ((4, 8), (8, 10), (10, 12)))
    whole = (len(table) - head) // max(width, 1)
    if whole < rows:
        raise Refusal(
            "the .dbf of a shapefile must be whole", f"{max(whole, 0)} of {rows} rows", "copy or export it again"
        )
    if ".shx" in parts and (shapes := (parts[".shx"].stat().st_size - 100) // 8) != rows:
        raise Refusal(
            "a shapefile must have a row for every shape", f"{shapes} shapes, {rows} rows", "copy all its parts again"
        )
    return int((np.frombuffer(table, np.uint8, rows * width, head)[:: max(width, 1)] == ord("*")).sum())


def _with_gdal(path: Path, layer: str | None, *, deleted: int = 0, **options: str) -> Iterator[Any]:
    import pyogrio
    from pyogrio.util import vsi_path

    others = set(pyogrio.list_drivers()) - DRIVERS
    if others:
        raise Refusal("GDAL must have no driver but those asked for", ", ".join(sorted(others)), "report this")
    if vsi_path(str(path)) != str(path):
        raise Refusal("a name must be plain", "one with signs that GDAL understands", "rename the file and its folders")
    with pyogrio.raw.open_arrow(path, layer=layer, use_pyarrow=True, datetime_as_string=True, **options) as opened:
        about, stream = opened
        geometry = (about["geometry_name"] or "wkb_geometry") if about["geometry_type"] else None
        facts = {"layer": layer or path.stem, "crs": about["crs"], "deleted": deleted}
        schema = _schema(stream.schema, geometry, "geoarrow.wkb", **facts)
        yield from _checked(stream, schema, geometry)


def _schema(schema: Any, geometry: str | None, encoding: str, **facts: Any) -> Any:
    """Schema without the metadata of the file, with ours, and with the geometry marked as such."""
    import pyarrow as pa

    names = schema.names
    if len(names) > MAX_COLUMNS or len(set(names)) < len(names):
        raise Refusal(
            f"a table must have at most {MAX_COLUMNS} columns, all different", f"{len(names)}", "leave columns out"
        )
    fields = [pa.field(field.name, field.type) for field in schema]
    if geometry is not None:
        place = names.index(geometry)
        fields[place] = fields[place].with_metadata({"ARROW:extension:name": encoding})
    return pa.schema(fields, {"facts": json.dumps({"geometry": geometry, **facts})})


def _checked(batches: Any, schema: Any, geometry: str | None) -> Iterator[Any]:
    """Batches under a schema, at least one; every geometry has been parsed once."""
    import pyarrow as pa

    wkb = geometry is not None and schema.field(geometry).metadata[b"ARROW:extension:name"] == b"geoarrow.wkb"
    none = True
    for batch in batches:
        batch.validate(full=True)
        columns = list(batch.columns)
        if wkb:
            place = schema.names.index(geometry)
            columns[place] = _tried(columns[place])
        none = False
        yield pa.RecordBatch.from_arrays(columns, schema=schema)
    if none:
        yield pa.RecordBatch.from_pylist([], schema=schema)


def _tried(column: Any) -> Any:
    """Geometries that the caller can parse: tried on a small stack, and rings that stay open are closed."""
    import numpy as np
    import pyarrow as pa
    import shapely

    shapes = np.asarray(column.to_numpy(zero_copy_only=False))
    failures: list[BaseException] = []
    mended: list[Any] = []

    def parse() -> None:
        try:
            try:
                shapely.from_wkb(shapes)
            except shapely.errors.GEOSException:
                whole = shapely.from_wkb(shapes, on_invalid="fix")
                if (shapely.is_missing(whole) & (shapes != np.array(None))).any():
                    raise
                mended.append(pa.array(shapely.to_wkb(whole), type=column.type))
        except BaseException as failure:
            failures.append(failure)

    threading.stack_size(_STACK)
    thread = threading.Thread(target=parse)
    thread.start()
    thread.join()
    if failures:
        raise failures[0]
    return mended[0] if mended else column


# GeoParquet and GeoJSON


def _parquet(path: Path, request: dict[str, Any]) -> Iterator[Any]:
    from pyarrow import parquet

    with parquet.ParquetFile(path, memory_map=False) as file:
        schema = file.schema_arrow
        geo = (schema.metadata or {}).get(b"geo")
        geometry, encoding, crs = None, "geoarrow.wkb", None
        if geo is not None:
            about = json.loads(geo)
            geometry = about["primary_column"]
            column = about["columns"][geometry]
            encoding = str(column["encoding"]).lower()
            crs = column.get("crs", "OGC:CRS84")
            if geometry not in schema.names or encoding not in _KNOWN_GEO | {"wkb"}:
                raise Refusal(f"{path.name} must be GeoParquet", "geometry of another encoding", "export it as WKB")
            encoding = f"geoarrow.{encoding}"
        ours = _schema(schema, geometry, encoding, layer=path.stem, crs=crs)
        yield from _checked(file.iter_batches(_BATCH, use_threads=False), ours, geometry)


def _geojson(path: Path, request: dict[str, Any]) -> Iterator[Any]:
    import pyarrow as pa
    import shapely

    content: Any = json.loads(path.read_text(encoding="utf-8-sig"), object_pairs_hook=_once)
    features = content.get("features") if isinstance(content, dict) else None
    if not isinstance(features, list) or not all(isinstance(each, dict) for each in features):
        raise Refusal(f"{path.name} must be a GeoJSON FeatureCollection", "another structure", "export it again")
    shapes = [json.dumps(_closed(each["geometry"])) if each.get("geometry") is not None else None for each in features]
    parsed = shapely.from_geojson(shapes, on_invalid="ignore")
    wrong = [place for place, shape in enumerate(shapes, 1) if shape is not None and parsed[place - 1] is None]
    if wrong:
        raise Refusal(
            "every feature must have a sound geometry, or null",
            f"{len(wrong)} without (first: feature {wrong[0]})",
            "repair it, or set it to null",
        )
    rows = [p if isinstance(p := each.get("properties"), dict) else {} for each in features]
    names = dict.fromkeys(name for row in rows for name in row)
    if len(names) > MAX_COLUMNS:
        raise Refusal(f"features must have at most {MAX_COLUMNS} properties", f"{len(names)}", "leave some out")
    geometry = "geometry"
    while geometry in names:
        geometry += "_"
    columns = {name: _column([row.get(name) for row in rows]) for name in names}
    columns[geometry] = pa.array(shapely.to_wkb(parsed), pa.binary())
    named = content.get("crs")
    if named is None:
        crs = "OGC:CRS84"
    elif isinstance(named, dict) and isinstance(named.get("properties"), dict):
        crs = str(named["properties"].get("name"))
    else:
        raise Refusal("crs must be named as GeoJSON does", "another structure", "export it again")
    table = pa.table(columns)
    schema = _schema(table.schema, geometry, "geoarrow.wkb", layer=path.stem, crs=crs)
    yield from _checked(table.to_batches(_BATCH), schema, geometry)


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Members of an object; of a name that occurs twice, JSON would silently lose one value."""
    members = dict(pairs)
    if len(members) < len(pairs):
        twice = sorted({name for name, _ in pairs if sum(name == other for other, _ in pairs) > 1})
        raise Refusal(
            "an object must have every name once", f"twice or more: {', '.join(twice[:5])}", "export it again"
        )
    return members


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


def _column(values: list[Any]) -> Any:
    """Typed column where all values are of one type, else the texts of the values."""
    import pyarrow as pa

    if not any(isinstance(value, dict | list) for value in values):
        with contextlib.suppress(pa.ArrowInvalid, pa.ArrowTypeError, OverflowError):
            return pa.array(values)
    return pa.array([None if value is None else as_text(value) for value in values], pa.string())


# workbooks


def _workbook(path: Path, request: dict[str, Any]) -> Iterator[Any]:
    """Cells of one sheet as text, and what there is to say about the workbook."""
    import pyarrow as pa
    import python_calamine as calamine

    with calamine.CalamineWorkbook.from_path(str(path)) as book:
        visible = {
            meta.name: meta.visible == calamine.SheetVisibleEnum.Visible
            for meta in book.sheets_metadata
            if meta.typ == calamine.SheetTypeEnum.WorkSheet
        }
        sheet = request["sheet"]
        if sheet is None:
            filled = [name for name in visible if visible[name] and book.get_sheet_by_name(name).height > 0]
            if len(filled) != 1:
                raise Refusal(
                    "a workbook must have one visible sheet with data",
                    f"{len(filled)}: {', '.join(filled) or 'none'}",
                    'name one: sheet="..."',
                )
            sheet = filled[0]
        elif sheet not in visible:
            raise Refusal("sheet must exist", sheet, f"name one of {', '.join(visible)}")
        opened = book.get_sheet_by_name(sheet)
        rows = opened.to_python(skip_empty_area=False)
        merged = len(opened.merged_cell_ranges or [])
    facts = {
        "sheet": sheet,
        "epoch": _epoch(path),
        "hidden": sum(not seen for seen in visible.values()),
        "merged": merged,
        "errors": _cells_without_value(path, sheet),
    }
    width = max((len(row) for row in rows), default=0)
    columns = [pa.array([_cell(row[place]) for row in rows], pa.string()) for place in range(width)]
    schema = pa.schema([pa.field(str(place), pa.string()) for place in range(width)], {"facts": json.dumps(facts)})
    yield pa.RecordBatch.from_arrays(columns, schema=schema)


def _cell(value: Any) -> str:
    """Text of a cell; a number of more digits than Excel keeps shows that it was rounded (2.024e+18)."""
    return f"{value:.14e}" if isinstance(value, float) and abs(value) >= 1e15 else as_text(value)


def _epoch(path: Path) -> int:
    """Year that the workbook counts its days from: 1900, or 1904."""
    with zipfile.ZipFile(path) as archive:
        about = re.search(r"<workbookPr\b[^>]*>", archive.read("xl/workbook.xml").decode())
    return 1904 if about and _attribute(about[0], "date1904") in ("1", "true") else 1900


def _cells_without_value(path: Path, sheet: str) -> list[tuple[int, int, str]]:
    """Row and column from 0 of cells that the reader gives as empty: an error (#N/A), or a formula never computed."""
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
    return sorted((row, column, said) for (row, column), said in found.items())


def _attribute(tag: str, name: str) -> str:
    match = re.search(rf"""\s{name}=["']([^"']*)["']""", tag)
    return match[1] if match else ""


def as_text(cell: Any) -> str:
    """Write a value as the text that reads back to the same value."""
    if cell is None or (isinstance(cell, float) and cell != cell):
        return ""
    if isinstance(cell, bool):
        return "true" if cell else "false"
    if isinstance(cell, float):
        return str(int(cell)) if cell.is_integer() and abs(cell) < 2**53 else repr(cell)
    if isinstance(cell, dt.datetime | dt.date | dt.time):
        return cell.isoformat()
    if isinstance(cell, dict | list):
        return json.dumps(cell, ensure_ascii=False)
    if isinstance(cell, bytes):
        return cell.decode("utf-8", "backslashreplace")
    return str(cell)


_READERS: dict[str, tuple[Callable[[Path, dict[str, Any]], Iterator[Any]], tuple[str, ...]]] = {
    "gpkg": (_geopackage, ("pyogrio.raw", "shapely")),
    "shapefile": (_shapefile, ("pyogrio.raw", "shapely")),
    "geojson": (_geojson, ("shapely",)),
    "parquet": (_parquet, ("pyarrow.parquet", "shapely")),
    "xlsx": (_workbook, ("python_calamine",)),
}

if __name__ == "__main__":
    sys.exit(main())
