"""Files made to hurt whoever opens them: each is written here by a function of its own, from nothing."""

# ruff: noqa: E501, S105, S608 - markup and SQL stand as they would in the file, and the secret is no password

from __future__ import annotations

import bz2
import gzip
import itertools
import json
import os
import pickle
import socket
import sqlite3
import struct
import sys
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import geopandas as gpd
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import shapely

REFUSED, HARMLESS = "refused", "harmless"
SECRET = "BU05189999"  # the code of the one neighbourhood in the file that nobody named
ENDLESS = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n)"


@dataclass(frozen=True)
class Trap:
    """A way to make a file. `calls_out` says that it names an address or another file."""

    name: str
    write: Callable[[Scene], Path | str]
    outcome: str
    calls_out: bool


@dataclass(frozen=True)
class Scene:
    """Where a trap is laid: its folder, the file it must not reach, and the address that listens."""

    folder: Path
    secret: Path
    port: int

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/a.geojson"

    def put(self, name: str, content: bytes | str) -> Path:
        path = self.folder / name
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return path

    def squares(self, n: int = 3) -> gpd.GeoDataFrame:
        shapes = [shapely.box(80000 + 100 * i, 455000, 80100 + 100 * i, 455100) for i in range(n)]
        return gpd.GeoDataFrame({"code": [f"BU0518{i:04d}" for i in range(n)]}, geometry=shapes, crs=28992)

    def gpkg(self, *statements: str, name: str = "a.gpkg") -> Path:
        """Write a sound GeoPackage with the layer `buurten`, then spoil it."""
        path = self.folder / name
        self.squares().to_file(path, layer="buurten")
        base = sqlite3.connect(path)
        base.execute("PRAGMA writable_schema=ON")
        for function in ("ST_IsEmpty", "ST_MinX", "ST_MaxX", "ST_MinY", "ST_MaxY"):
            base.create_function(function, 1, lambda blob: 0)  # the triggers of the spatial index ask for them
        for statement in statements:
            base.execute(statement)
        base.commit()
        base.close()
        return path

    def geojson(self, name: str = "a.geojson", **more: object) -> Path:
        content = json.loads(self.squares().to_crs(4326).to_json())
        return self.put(name, json.dumps(content | more))

    def shapefile(self) -> Path:
        self.squares().to_file(self.folder / "a.shp")
        return self.folder / "a.shp"

    def parquet(self) -> Path:
        self.squares().to_parquet(self.folder / "a.parquet")
        return self.folder / "a.parquet"

    def zip(self, members: dict[str, bytes], name: str = "a.zip", method: int = zipfile.ZIP_DEFLATED) -> Path:
        path = self.folder / name
        with zipfile.ZipFile(path, "w", method) as archive:
            for member, content in members.items():
                archive.writestr(member, content)
        return path


TRAPS: list[Trap] = []


def trap(outcome: str, *, calls_out: bool = False):
    def add(write):
        TRAPS.append(Trap(write.__name__, write, outcome, calls_out))
        return write

    return add


# what a reader that looks at the content would follow, under the name of a plain file

FOLLOWED = {
    "vrt_url": '<OGRVRTDataSource><OGRVRTLayer name="a"><SrcDataSource>{url}</SrcDataSource></OGRVRTLayer></OGRVRTDataSource>',
    "vrt_vsicurl": '<OGRVRTDataSource><OGRVRTLayer name="a"><SrcDataSource>/vsicurl/{url}</SrcDataSource></OGRVRTLayer></OGRVRTDataSource>',
    "vrt_file": '<OGRVRTDataSource><OGRVRTLayer name="secret"><SrcDataSource>{secret}</SrcDataSource></OGRVRTLayer></OGRVRTDataSource>',
    "wfs": "<OGRWFSDataSource><URL>{url}</URL></OGRWFSDataSource>",
    "algorithm": '{{"type": "gdal_streamed_alg", "command_line": "gdal vector pipeline ! read {secret} ! write stream"}}',
    "gml": '<?xml version="1.0"?><gml:FeatureCollection xmlns:gml="http://www.opengis.net/gml" xmlns:xlink="http://www.w3.org/1999/xlink" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xsi:schemaLocation="http://a {url}"><gml:featureMember xlink:href="{url}#1"/></gml:FeatureCollection>',
    "gml_entity": '<?xml version="1.0"?><!DOCTYPE a [<!ENTITY x SYSTEM "file://{secret}"><!ENTITY y SYSTEM "{url}">]><gml:FeatureCollection xmlns:gml="http://www.opengis.net/gml">&x;&y;</gml:FeatureCollection>',
    "kml": '<kml xmlns="http://www.opengis.net/kml/2.2"><NetworkLink><Link><href>{url}</href></Link></NetworkLink></kml>',
    "wms": "<GDAL_WMS><Service name='WMS'><ServerUrl>{url}</ServerUrl></Service></GDAL_WMS>",
}  # fmt: skip


def followed(label: str, suffix: str) -> Trap:
    def write(scene: Scene) -> Path:
        return scene.put(f"a{suffix}", FOLLOWED[label].format(url=scene.url, secret=scene.secret))

    return Trap(f"{label}{suffix.replace('.', '_')}", write, REFUSED, True)


TRAPS += [
    followed(label, ending)
    for label in FOLLOWED
    for ending in (".geojson", ".gpkg", ".shp", ".parquet", ".csv", ".xlsx")
    if label in ("vrt_url", "vrt_file", "gml", "algorithm") or ending in (".geojson", ".gpkg")
]


@trap(REFUSED, calls_out=True)
def vrt_in_a_zip(scene):
    return scene.zip({"a.geojson": FOLLOWED["vrt_url"].format(url=scene.url).encode()})


@trap(REFUSED, calls_out=True)
def vrt_in_a_gzip(scene):
    return scene.put("a.csv.gz", gzip.compress(FOLLOWED["vrt_url"].format(url=scene.url).encode()))


# names that are no files


@trap(REFUSED, calls_out=True)
def name_url(scene):
    return scene.url


@trap(REFUSED, calls_out=True)
def name_vsicurl(scene):
    return f"/vsicurl/{scene.url}"


@trap(REFUSED, calls_out=True)
def name_zip_over_http(scene):
    return f"zip+http://127.0.0.1:{scene.port}/a.zip"


@trap(REFUSED, calls_out=True)
def name_vsizip_of_the_secret(scene):
    return f"/vsizip/{scene.secret}"


@trap(REFUSED, calls_out=True)
def name_of_a_driver(scene):
    return f"GPKG:{scene.secret}"


@trap(REFUSED)
def name_of_a_device(scene):
    return "\\\\.\\pipe\\a.csv"


@trap(REFUSED, calls_out=True)
def name_of_a_share(scene):
    return "\\\\127.0.0.1\\share\\a.csv"


@trap(REFUSED)
def name_with_a_line_break(scene):
    return scene.put("a\nINFO: accepted.csv", "nr;delict\n1;A20\n")


@trap(REFUSED, calls_out=True)
def name_with_a_semicolon(scene):
    # read as parameters of an address this names another file
    os.link(scene.gpkg(), scene.folder / "b.gpkg;c.gpkg")
    return scene.folder / "b.gpkg;c.gpkg"


@trap(REFUSED, calls_out=True)
def name_with_an_archive_mark(scene):
    folder = scene.folder / "a!"
    folder.mkdir()
    os.link(scene.gpkg(), folder / "a.gpkg")
    return folder / "a.gpkg"


@trap(REFUSED)
def name_of_a_folder(scene):
    (scene.folder / "a.gpkg").mkdir()
    return scene.folder / "a.gpkg"


# what is no regular file


@trap(REFUSED)
def fifo_csv(scene):
    os.mkfifo(scene.folder / "a.csv")
    return scene.folder / "a.csv"


@trap(REFUSED)
def fifo_gpkg(scene):
    os.mkfifo(scene.folder / "a.gpkg")
    return scene.folder / "a.gpkg"


@trap(REFUSED)
def unix_socket(scene):
    here = os.getcwd()
    os.chdir(scene.folder)  # the path of a socket must be short
    try:
        with socket.socket(socket.AF_UNIX) as end:
            end.bind("a.csv")
    finally:
        os.chdir(here)
    return scene.folder / "a.csv"


@trap(REFUSED)
def link_to_zeros(scene):
    (scene.folder / "a.csv").symlink_to("/dev/zero")
    return scene.folder / "a.csv"


@trap(REFUSED)
def link_to_itself(scene):
    (scene.folder / "a.csv").symlink_to(scene.folder / "a.csv")
    return scene.folder / "a.csv"


@trap(REFUSED)
def link_to_an_environment(scene):
    (scene.folder / "a.csv").symlink_to("/proc/self/environ")
    return scene.folder / "a.csv"


@trap(REFUSED)
def hole_of_gigabytes(scene):
    path = scene.put("a.csv", "nr;delict\n")
    os.truncate(path, 6 << 30)
    return path


@trap(REFUSED)
def hole_of_gigabytes_geodata(scene):
    path = scene.gpkg()
    os.truncate(path, 6 << 30)
    return path


# GeoPackage

REGISTER = "INSERT INTO gpkg_contents (table_name, data_type, identifier) VALUES ('{0}', 'features', '{0}')"
GEOMETRY = (
    "INSERT INTO gpkg_geometry_columns SELECT '{0}', column_name, geometry_type_name, srs_id, z, m "
    "FROM gpkg_geometry_columns WHERE table_name = 'buurten'"
)


def _alone(name: str) -> tuple[str, ...]:
    """Leave the table of this name as the only layer."""
    return (
        REGISTER.format(name),
        GEOMETRY.format(name),
        "DELETE FROM gpkg_contents WHERE table_name = 'buurten'",
    )


@trap(REFUSED)
def gpkg_endless_view(scene):
    return scene.gpkg(f"CREATE VIEW trap AS {ENDLESS} SELECT i AS fid, NULL AS geom FROM n", *_alone("trap"))


@trap(HARMLESS)
def gpkg_endless_view_beside_a_layer(scene):
    return scene.gpkg(
        f"CREATE VIEW trap AS {ENDLESS} SELECT i AS fid, NULL AS geom FROM n",
        REGISTER.format("trap"),
        GEOMETRY.format("trap"),
    )


def _replaced(scene: Scene, table: str) -> Path:
    """An endless view stands in the place of a table that every reader asks first."""
    path = scene.gpkg()
    base = sqlite3.connect(path)
    columns = ", ".join(f"i AS {row[1]}" for row in base.execute(f"PRAGMA table_info({table})"))
    base.execute("PRAGMA legacy_alter_table=ON")
    base.execute(f"ALTER TABLE {table} RENAME TO old")
    base.execute(f"CREATE VIEW {table} AS {ENDLESS} SELECT {columns} FROM n")
    base.commit()
    base.close()
    return path


@trap(REFUSED)
def gpkg_endless_contents(scene):
    return _replaced(scene, "gpkg_contents")


@trap(REFUSED)
def gpkg_endless_reference_systems(scene):
    return _replaced(scene, "gpkg_spatial_ref_sys")


@trap(REFUSED)
def gpkg_endless_geometry_columns(scene):
    return _replaced(scene, "gpkg_geometry_columns")


@trap(REFUSED)
def gpkg_endless_extensions(scene):
    return _replaced(scene, "gpkg_extensions")


@trap(REFUSED)
def gpkg_view_that_loads_code(scene):
    return scene.gpkg(
        f"CREATE VIEW trap AS SELECT load_extension('{scene.folder}/evil.so') AS fid, NULL AS geom", *_alone("trap")
    )


@trap(REFUSED, calls_out=True)
def gpkg_view_that_reads_files(scene):
    return scene.gpkg(f"CREATE VIEW trap AS SELECT readfile('{scene.secret}') AS fid, NULL AS geom", *_alone("trap"))


@trap(REFUSED, calls_out=True)
def gpkg_view_that_geocodes(scene):
    return scene.gpkg("CREATE VIEW trap AS SELECT 1 AS fid, ogr_geocode('Delft') AS geom", *_alone("trap"))


def _virtual(name: str, module: str) -> str:
    """A virtual table is written into the schema by hand: here its module does not exist."""
    sql = f"CREATE VIRTUAL TABLE {name} USING {module}"
    return f"INSERT INTO sqlite_master VALUES ('table', '{name}', '{name}', 0, '{sql.replace(chr(39), chr(39) * 2)}')"


@trap(REFUSED, calls_out=True)
def gpkg_virtual_table_of_an_address(scene):
    return scene.gpkg(_virtual("trap", f"VirtualOGR('/vsicurl/{scene.url}')"), *_alone("trap"))


@trap(REFUSED, calls_out=True)
def gpkg_virtual_table_of_another_file(scene):
    return scene.gpkg(_virtual("trap", f"VirtualOGR('{scene.secret}')"), *_alone("trap"))


@trap(REFUSED, calls_out=True)
def gpkg_virtual_table_beside_a_layer(scene):
    return scene.gpkg(_virtual("trap", f"VirtualOGR('{scene.secret}')"), REGISTER.format("trap"))


@trap(REFUSED, calls_out=True)
def gpkg_virtual_shapefile(scene):
    return scene.gpkg(_virtual("trap", f"VirtualShape('{scene.secret}', 'UTF-8', 28992)"), *_alone("trap"))


@trap(REFUSED, calls_out=True)
def gpkg_virtual_text(scene):
    return scene.gpkg(_virtual("trap", f"VirtualText('{scene.secret}', 'UTF-8', 1, POINT, DOUBLEQUOTE, ';')"))


@trap(REFUSED)
def gpkg_spatial_index_of_another_module(scene):
    return scene.gpkg("DROP TABLE IF EXISTS rtree_buurten_geom", _virtual("rtree_x", "dbstat(main) /* using rtree( */"))


@trap(REFUSED)
def gpkg_computed_column_of_gigabytes(scene):
    return scene.gpkg(
        "CREATE TABLE trap (fid INTEGER PRIMARY KEY, geom BLOB, big TEXT AS (hex(zeroblob(300000000 + fid))))",
        "INSERT INTO trap (fid, geom) SELECT fid, geom FROM buurten",
        *_alone("trap"),
    )


@trap(REFUSED)
def gpkg_computed_column_that_loads_code(scene):
    path = scene.gpkg("CREATE TABLE trap (fid INTEGER PRIMARY KEY, geom BLOB, code TEXT)", *_alone("trap"))
    base = sqlite3.connect(path)
    base.execute("PRAGMA writable_schema=ON")
    base.execute(
        "UPDATE sqlite_master SET sql = ? WHERE name = 'trap'",
        ("CREATE TABLE trap (fid INTEGER PRIMARY KEY, geom BLOB, code TEXT AS (load_extension('evil.so')))",),
    )
    base.commit()
    base.close()
    return path


@trap(HARMLESS)
def gpkg_triggers(scene):
    return scene.gpkg(
        "CREATE TRIGGER t1 AFTER INSERT ON buurten BEGIN DELETE FROM buurten; END",
        "CREATE TRIGGER t2 AFTER UPDATE ON gpkg_contents BEGIN DELETE FROM buurten; END",
    )


@trap(REFUSED)
def gpkg_changes_beside_it(scene):
    path = scene.gpkg()
    scene.put("a.gpkg-wal", b"\x37\x7f\x06\x82" + bytes(4096))
    return path


@trap(REFUSED)
def gpkg_journal_beside_it(scene):
    # a reader that locks would roll this back, and so write
    path = scene.gpkg()
    scene.put("a.gpkg-journal", bytes.fromhex("d9d505f920a163d7") + bytes(5000))
    return path


@trap(HARMLESS, calls_out=True)
def gpkg_reference_system_at_an_address(scene):
    return _reference_system(scene, scene.url)


@trap(HARMLESS, calls_out=True)
def gpkg_reference_system_in_a_file(scene):
    return _reference_system(scene, str(scene.secret))


@trap(REFUSED, calls_out=True)
def gpkg_reference_system_with_a_grid(scene):
    return _reference_system(scene, _grid_wkt(scene))


def _reference_system(scene: Scene, definition: str) -> Path:
    quoted = definition.replace("'", "''")
    return scene.gpkg(
        f"INSERT INTO gpkg_spatial_ref_sys VALUES ('own', 900001, 'NONE', 900001, '{quoted}', '')",
        "UPDATE gpkg_geometry_columns SET srs_id = 900001",
        "UPDATE gpkg_contents SET srs_id = 900001",
    )


def _grid_wkt(scene: Scene) -> str:
    return (
        'GEOGCS["a",DATUM["a",SPHEROID["a",6377397.155,299.1528128],'
        f'EXTENSION["PROJ4_GRIDS","{scene.secret}"]],PRIMEM["Greenwich",0],UNIT["degree",0.0174532925199433]]'
    )


def _with_blob(scene: Scene, blob: bytes) -> Path:
    return scene.gpkg(f"UPDATE buurten SET geom = x'{blob.hex()}' WHERE fid = 2")


GP = b"GP\x00\x01" + struct.pack("<i", 28992)


@trap(REFUSED)
def gpkg_geometry_that_nests_without_end(scene):
    return _with_blob(scene, GP + struct.pack("<BII", 1, 7, 1) * 400_000 + struct.pack("<BIdd", 1, 1, 1, 1))


@trap(REFUSED)
def gpkg_geometry_of_four_billion_points(scene):
    return _with_blob(scene, GP + struct.pack("<BII", 1, 2, 0xFFFFFFFF) + bytes(64))


@trap(REFUSED)
def gpkg_geometry_of_four_billion_rings(scene):
    return _with_blob(scene, GP + struct.pack("<BII", 1, 3, 0xFFFFFFFF) + bytes(64))


@trap(REFUSED)
def gpkg_geometry_of_noise(scene):
    return _with_blob(scene, GP + bytes(range(200)))


@trap(REFUSED)
def gpkg_without_contents(scene):
    return scene.gpkg("DROP TABLE gpkg_contents")


@trap(REFUSED)
def gpkg_layer_named_as_a_command(scene):
    name = f"x\"; ATTACH DATABASE '{scene.secret}' AS s; --"
    return scene.gpkg(
        f"""UPDATE gpkg_contents SET table_name = '{name.replace("'", "''")}'""",
    )


@trap(REFUSED)
def gpkg_layer_that_is_the_schema(scene):
    return scene.gpkg("UPDATE gpkg_contents SET table_name = 'sqlite_master'")


@trap(HARMLESS)
def gpkg_metadata_with_entities(scene):
    xml = '<!DOCTYPE a [<!ENTITY b "' + "c" * 1000 + '">]><a>' + "&b;" * 100_000 + "</a>"
    return scene.gpkg(
        "CREATE TABLE gpkg_metadata (id INTEGER PRIMARY KEY, md_scope TEXT, md_standard_uri TEXT, mime_type TEXT, metadata TEXT)",
        f"INSERT INTO gpkg_metadata VALUES (1, 'dataset', '{scene.url}', 'text/xml', '{xml}')",
        "CREATE TABLE gpkg_metadata_reference (reference_scope TEXT, table_name TEXT, column_name TEXT, row_id_value INT, timestamp TEXT, md_file_id INT, md_parent_id INT)",
        "INSERT INTO gpkg_metadata_reference VALUES ('geopackage', NULL, NULL, NULL, '2024-01-01T00:00:00Z', 1, NULL)",
    )


@trap(REFUSED)
def gpkg_pages_of_noise(scene):
    path = scene.gpkg()
    content = bytearray(path.read_bytes())
    noise = np.random.default_rng(1).integers(0, 256, len(content) - 4096, np.uint8)
    content[4096:] = noise.tobytes()
    path.write_bytes(content)
    return path


@trap(REFUSED)
def gpkg_pages_in_a_circle(scene):
    path = scene.gpkg()
    base = sqlite3.connect(path)
    for function in ("ST_IsEmpty", "ST_MinX", "ST_MaxX", "ST_MinY", "ST_MaxY"):
        base.create_function(function, 1, lambda blob: 0)
    base.executemany("INSERT INTO buurten (code) VALUES (?)", [("x" * 500,)] * 2000)
    base.commit()
    size = base.execute("PRAGMA page_size").fetchone()[0]
    root = base.execute("SELECT rootpage FROM sqlite_master WHERE name = 'buurten'").fetchone()[0]
    base.close()
    content = bytearray(path.read_bytes())
    # the last child of the root page is the root page
    content[(root - 1) * size + 8 : (root - 1) * size + 12] = struct.pack(">I", root)
    path.write_bytes(content)
    return path


@trap(REFUSED)
def spatialite_under_the_name_of_geopackage(scene):
    path = scene.folder / "a.gpkg"
    base = sqlite3.connect(path)
    base.execute("CREATE TABLE spatial_ref_sys (srid INTEGER, auth_name TEXT, auth_srid INTEGER, proj4text TEXT)")
    base.execute("CREATE TABLE geometry_columns (f_table_name TEXT, f_geometry_column TEXT, srid INTEGER)")
    base.execute("PRAGMA writable_schema=ON")
    base.execute(_virtual("trap", f"VirtualOGR('/vsicurl/{scene.url}')"))
    base.commit()
    base.close()
    return path


# shapefile


@trap(HARMLESS, calls_out=True)
def shp_reference_system_at_an_address(scene):
    path = scene.shapefile()
    scene.put("a.prj", scene.url)
    return path


@trap(REFUSED, calls_out=True)
def shp_reference_system_with_a_grid(scene):
    path = scene.shapefile()
    scene.put("a.prj", _grid_wkt(scene).replace("PROJ4_GRIDS", "PROJ4").replace(
        str(scene.secret), f"+proj=longlat +ellps=bessel +nadgrids={scene.secret} +no_defs"
    ))  # fmt: skip
    return path


@trap(REFUSED, calls_out=True)
def shp_reference_system_that_starts_a_file(scene):
    path = scene.shapefile()
    scene.put("a.prj", f"+init={scene.secret}:1")
    return path


@trap(HARMLESS, calls_out=True)
def shp_encoding_that_is_a_path(scene):
    path = scene.shapefile()
    scene.put("a.cpg", f"../../../..{scene.secret}")
    return path


@trap(REFUSED, calls_out=True)
def shp_table_that_is_a_link(scene):
    path = scene.shapefile()
    (scene.folder / "a.dbf").unlink()
    (scene.folder / "a.dbf").symlink_to(scene.secret)
    return path


@trap(REFUSED)
def shp_table_that_is_a_fifo(scene):
    path = scene.shapefile()
    (scene.folder / "a.dbf").unlink()
    os.mkfifo(scene.folder / "a.dbf")
    return path


@trap(REFUSED)
def shp_reference_system_that_is_zeros(scene):
    path = scene.shapefile()
    (scene.folder / "a.prj").unlink()
    (scene.folder / "a.prj").symlink_to("/dev/zero")
    return path


@trap(REFUSED)
def shp_alone(scene):
    path = scene.shapefile()
    (scene.folder / "a.dbf").unlink()
    return path


@trap(REFUSED)
def shp_table_of_two_billion_rows(scene):
    path = scene.shapefile()
    content = bytearray((scene.folder / "a.dbf").read_bytes())
    content[4:8] = struct.pack("<I", 0x7FFFFFFF)
    (scene.folder / "a.dbf").write_bytes(content)
    return path


@trap(REFUSED)
def shp_index_of_records_elsewhere(scene):
    path = scene.shapefile()
    content = bytearray((scene.folder / "a.shx").read_bytes())
    content[100:104] = struct.pack(">I", 0x7FFFFF00)
    (scene.folder / "a.shx").write_bytes(content)
    return path


@trap(REFUSED)
def shp_polygon_of_two_billion_points(scene):
    path = scene.shapefile()
    content = bytearray(path.read_bytes())
    content[144:152] = struct.pack("<ii", 1, 0x7FFFFFFF)
    path.write_bytes(content)
    return path


@trap(REFUSED)
def shp_that_is_a_geopackage(scene):
    path = scene.gpkg()
    path.rename(scene.folder / "a.shp")
    scene.put("a.dbf", b"")
    return scene.folder / "a.shp"


# archives


@trap(REFUSED)
def zip_bomb(scene):
    return scene.zip({"a.csv": bytes(64 << 20)})


@trap(REFUSED)
def zip_bomb_bzip2(scene):
    return scene.zip({"a.csv": bytes(64 << 20)}, method=zipfile.ZIP_BZIP2)


@trap(REFUSED)
def zip_bomb_lzma(scene):
    return scene.zip({"a.csv": bytes(64 << 20)}, method=zipfile.ZIP_LZMA)


@trap(REFUSED)
def zip_in_a_zip(scene):
    inner = scene.zip({f"{i}.csv": bytes(8 << 20) for i in range(4)}, "inner.zip").read_bytes()
    (scene.folder / "inner.zip").unlink()
    return scene.zip({f"{i}.zip": inner for i in range(10)})


@trap(REFUSED)
def zip_of_overlapping_files(scene):
    # many entries of the directory point at one packed file
    path = scene.zip({"a.csv": b"nr;delict\n" * 1000, "b.csv": b"1"})
    content = path.read_bytes()
    start = content.index(b"PK\x01\x02")
    end = content.index(b"PK\x05\x06")
    entry = content[start : content.index(b"PK\x01\x02", start + 4)]
    entries = b"".join(entry.replace(b"a.csv", f"{i:05d}".encode()) for i in range(200))
    tail = content[end : end + 8] + struct.pack("<HHIIH", 200, 200, len(entries), start, 0)
    path.write_bytes(content[:start] + entries + tail)
    return path


def _lie(content: bytes, size: int) -> bytes:
    """Declare another unpacked size, in the directory and before the file."""
    content = bytearray(content)
    for mark, place in ((b"PK\x01\x02", 24), (b"PK\x03\x04", 22)):
        at = content.index(mark) + place
        content[at : at + 4] = struct.pack("<I", size)
    return bytes(content)


@trap(REFUSED)
def zip_that_lies_about_its_size(scene):
    path = scene.zip({"a.csv": b"nr;delict\n" + bytes(32 << 20)})
    path.write_bytes(_lie(path.read_bytes(), 1000))
    return path


@trap(REFUSED)
def zip_encrypted(scene):
    path = scene.zip({"a.csv": b"nr;delict\n"})
    content = bytearray(path.read_bytes())
    for mark, place in ((b"PK\x01\x02", 8), (b"PK\x03\x04", 6)):
        content[content.index(mark) + place] |= 1
    path.write_bytes(content)
    return path


def _member(scene: Scene, name: str, content: bytes, mode: int = 0o100644) -> Path:
    info = zipfile.ZipInfo(name)
    info.external_attr = mode << 16
    with zipfile.ZipFile(scene.folder / "a.zip", "w") as archive:
        archive.writestr(info, content)
    return scene.folder / "a.zip"


@trap(REFUSED, calls_out=True)
def zip_with_a_link(scene):
    return _member(scene, "a.gpkg", str(scene.secret).encode(), 0o120777)


def _sound_gpkg(scene: Scene) -> bytes:
    path = scene.gpkg(name="sound.gpkg")
    content = path.read_bytes()
    path.unlink()
    return content


@trap(HARMLESS)
def zip_that_climbs(scene):
    return _member(scene, "../../../outside.gpkg", _sound_gpkg(scene))


@trap(HARMLESS)
def zip_that_climbs_on_windows(scene):
    return _member(scene, "..\\..\\outside.gpkg", _sound_gpkg(scene))


@trap(HARMLESS)
def zip_from_the_root(scene):
    return _member(scene, f"{scene.secret.parent}/outside.gpkg", _sound_gpkg(scene))


@trap(HARMLESS)
def zip_with_a_line_break_in_a_name(scene):
    return _member(scene, "a\nb;c!d.gpkg", _sound_gpkg(scene))


@trap(REFUSED)
def zip_of_twenty_thousand(scene):
    return scene.zip({f"{i}.csv": b"" for i in range(20_000)})


@trap(REFUSED)
def zip_of_folders(scene):
    return scene.zip({"a.csv/": b"", "b/": b""})


@trap(REFUSED)
def zip_with_the_same_name_twice(scene):
    path = scene.zip({"a.csv": b"nr;delict\n", "b.csv": b"nr;delict\n"})
    path.write_bytes(path.read_bytes().replace(b"b.csv", b"a.csv"))
    return path


@trap(REFUSED)
def zip_that_is_a_program(scene):
    return scene.put("a.zip", b"MZ" + bytes(4096))


@trap(REFUSED)
def gzip_bomb(scene):
    return scene.put("a.csv.gz", gzip.compress(bytes(64 << 20)))


@trap(REFUSED)
def gzip_bomb_in_parts(scene):
    return scene.put("a.csv.gz", gzip.compress(bytes(1 << 20)) * 200)


@trap(REFUSED)
def gzip_that_is_bzip2(scene):
    return scene.put("a.csv.gz", bz2.compress(b"nr;delict\n"))


# workbooks

MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"


def _workbook(scene: Scene, sheet: str, *, head: str = "", target: str = "worksheets/sheet1.xml", **more: str) -> Path:
    package = "http://schemas.openxmlformats.org/package/2006"
    relations = (
        f'<Relationship Id="r1" Type="{OFFICE}/worksheet" Target="{target}"/>'
        f'<Relationship Id="r2" Type="{OFFICE}/sharedStrings" Target="sharedStrings.xml"/>'
        f'<Relationship Id="r3" Type="{OFFICE}/externalLink" Target="externalLinks/externalLink1.xml"/>'
    )
    parts = {
        "[Content_Types].xml": f'<Types xmlns="{package}/content-types"/>',
        "_rels/.rels": f'<Relationships xmlns="{package}/relationships"><Relationship Id="r1" Type="{OFFICE}/officeDocument" Target="xl/workbook.xml"/></Relationships>',
        "xl/workbook.xml": f'{head}<workbook xmlns="{MAIN}" xmlns:r="{OFFICE}"><sheets><sheet name="a" sheetId="1" r:id="r1"/></sheets></workbook>',
        "xl/_rels/workbook.xml.rels": f'<Relationships xmlns="{package}/relationships">{relations}</Relationships>',
        "xl/sharedStrings.xml": f'<sst xmlns="{MAIN}"><si><t>nr</t></si></sst>',
        "xl/worksheets/sheet1.xml": sheet,
        **{name.replace("__", "/") + ".xml": content for name, content in more.items()},
    }  # fmt: skip
    return scene.zip({name: content.encode() for name, content in parts.items()}, "a.xlsx")


def _cells(*cells: str, head: str = "") -> str:
    return f'{head}<worksheet xmlns="{MAIN}"><sheetData>{"".join(cells)}</sheetData></worksheet>'


TITLES = "".join(
    f'<c r="{letter}1" t="inlineStr"><is><t>{title}</t></is></c>'
    for letter, title in zip("ABCDEF", ("nr", "delict", "van", "tot", "x", "y"), strict=True)
)


@trap(REFUSED)
def xlsx_of_seventeen_billion_cells(scene):
    cells = '<row r="1"><c r="A1"><v>1</v></c></row><row r="1048576"><c r="XFD1048576"><v>1</v></c></row>'
    return _workbook(scene, _cells(cells))


@trap(REFUSED)
def xlsx_that_declares_seventeen_billion_cells(scene):
    sheet = _cells("").replace("<sheetData>", '<dimension ref="A1:XFD1048576"/><sheetData>')
    return _workbook(scene, sheet)


@trap(REFUSED)
def xlsx_entities_in_entities(scene):
    names = "abcdefghij"
    entities = '<!ENTITY a "lol">' + "".join(
        f'<!ENTITY {name} "{f"&{before};" * 10}">' for before, name in itertools.pairwise(names)
    )
    head = f'<?xml version="1.0"?><!DOCTYPE x [{entities}]>'
    return _workbook(scene, _cells('<row r="1"><c r="A1" t="inlineStr"><is><t>&j;</t></is></c></row>', head=head))


@trap(REFUSED, calls_out=True)
def xlsx_entity_of_a_file(scene):
    head = f'<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a SYSTEM "file://{scene.secret}">]>'
    return _workbook(scene, _cells('<row r="1"><c r="A1" t="inlineStr"><is><t>&a;</t></is></c></row>', head=head))


@trap(REFUSED, calls_out=True)
def xlsx_entity_of_an_address(scene):
    head = f'<?xml version="1.0"?><!DOCTYPE x SYSTEM "{scene.url}" [<!ENTITY % a SYSTEM "{scene.url}"> %a;]>'
    return _workbook(scene, _cells('<row r="1"><c r="A1"><v>1</v></c></row>', head=head), head=head)


@trap(REFUSED, calls_out=True)
def xlsx_links_to_a_workbook_elsewhere(scene):
    formula = f"'{scene.url}[a.xlsx]a'!A1"
    return _workbook(
        scene,
        _cells(f'<row r="1"><c r="A1"><f>{formula}</f></c></row>'),
        xl__externalLinks__externalLink1=f'<externalLink xmlns="{MAIN}"><externalBook/></externalLink>',
    )


@trap(REFUSED)
def xlsx_commands_in_cells(scene):
    command = "cmd|'/C calc'!A0"
    row = f'<row r="2"><c r="A2" t="str"><f>{command}</f><v>=1+cmd</v></c><c r="B2" t="str"><v>A20</v></c></row>'
    return _workbook(scene, _cells(f'<row r="1">{TITLES}</row>', row).replace(">van<", ">when<"))


@trap(REFUSED, calls_out=True)
def xlsx_sheet_outside_the_workbook(scene):
    return _workbook(scene, _cells(""), target=f"../../../../../../..{scene.secret}")


@trap(REFUSED)
def xlsx_text_that_is_not_there(scene):
    return _workbook(scene, _cells('<row r="1"><c r="A1" t="s"><v>4294967295</v></c></row>'))


@trap(REFUSED)
def xlsx_million_texts_declared(scene):
    strings = f'<sst xmlns="{MAIN}" count="4294967295" uniqueCount="4294967295"><si><t>nr</t></si></sst>'
    return _workbook(scene, _cells('<row r="1"><c r="A1" t="s"><v>0</v></c></row>'), xl__sharedStrings=strings)


@trap(REFUSED)
def xlsx_tags_that_nest(scene):
    return _workbook(scene, _cells("<row>" * 20_000))


@trap(REFUSED)
def xlsx_tags_that_never_end(scene):
    rows = '<row r="1"><c r="A1"><v>1</v></c></row>'
    letters = np.random.default_rng(1).integers(97, 123, 400_000, np.uint8).tobytes().decode()
    return _workbook(scene, _cells(rows) + "".join(f"<c {letter} " for letter in letters))


@trap(REFUSED)
def xlsx_bomb(scene):
    return scene.zip({"xl/workbook.xml": b"<" * (64 << 20)}, "a.xlsx")


@trap(REFUSED)
def xlsx_that_lies_about_its_size(scene):
    path = _workbook(scene, _cells('<row r="1"><c r="A1"><v>1</v></c></row>' + " " * (64 << 20)))
    content = bytearray(path.read_bytes())
    at = 0
    while (at := content.find(b"PK\x01\x02", at)) >= 0:
        content[at + 24 : at + 28] = struct.pack("<I", min(1000, struct.unpack("<I", content[at + 24 : at + 28])[0]))
        at += 4
    path.write_bytes(content)
    return path


# GeoJSON


@trap(REFUSED)
def json_arrays_in_arrays(scene):
    return scene.put("a.geojson", "[" * 2_000_000)


@trap(REFUSED)
def json_objects_in_objects(scene):
    return scene.put("a.geojson", '{"features":' * 500_000)


@trap(REFUSED)
def json_collections_in_collections(scene):
    inner = '{"type":"GeometryCollection","geometries":[' * 900 + "]}" * 900
    feature = '{"type":"Feature","properties":{"code":"BU05180000"},"geometry":' + inner + "}"
    return scene.put("a.geojson", '{"type":"FeatureCollection","features":[' + feature + "]}")


@trap(REFUSED)
def json_number_of_a_million_digits(scene):
    feature = {"type": "Feature", "properties": {}, "geometry": {"type": "Point", "coordinates": [1, 2]}}
    text = json.dumps({"type": "FeatureCollection", "features": [feature]})
    return scene.put("a.geojson", text.replace("[1, 2]", f"[{'9' * 1_000_000}, 2]"))


@trap(REFUSED)
def json_numbers_beyond_all(scene):
    path = scene.geojson()
    return scene.put("a.geojson", path.read_text().replace("[[[4.", "[[[1e400, 52.0], [NaN, -Infinity], [4."))


@trap(REFUSED, calls_out=True)
def json_reference_system_at_an_address(scene):
    return scene.geojson(crs={"type": "name", "properties": {"name": scene.url}})


@trap(REFUSED, calls_out=True)
def json_reference_system_link(scene):
    return scene.geojson(crs={"type": "link", "properties": {"href": scene.url, "type": "proj4"}})


@trap(REFUSED, calls_out=True)
def json_reference_system_that_starts_a_file(scene):
    return scene.geojson(crs={"type": "name", "properties": {"name": f"+init={scene.secret}:1"}})


@trap(REFUSED, calls_out=True)
def json_reference_system_with_a_grid(scene):
    name = f"+proj=longlat +ellps=bessel +nadgrids={scene.secret} +type=crs"
    return scene.geojson(crs={"type": "name", "properties": {"name": name}})


@trap(REFUSED, calls_out=True)
def json_reference_system_bound_to_a_grid(scene):
    return scene.geojson(crs={"type": "name", "properties": {"name": _bound_wkt(scene)}})


def _bound_wkt(scene: Scene) -> str:
    import pyproj

    bound = pyproj.CRS.from_user_input(f"+proj=longlat +ellps=bessel +nadgrids={scene.secret} +type=crs")
    return bound.to_wkt()


@trap(REFUSED)
def json_every_feature_its_own_columns(scene):
    features = [
        {"type": "Feature", "properties": {f"{i}-{j}": 1 for j in range(40)}, "geometry": None} for i in range(20_000)
    ]
    return scene.put("a.geojson", json.dumps({"type": "FeatureCollection", "features": features}))


@trap(HARMLESS)
def json_half_characters_and_classes(scene):
    path = scene.geojson()
    text = path.read_text().replace('"code": "BU05180000"', '"py/object": "os.system", "x": {"$ref": "' + scene.url + '"}, "code": "BU05180000"')  # fmt: skip
    return scene.put("a.geojson", text)


@trap(REFUSED)
def json_half_characters(scene):
    return scene.put("a.geojson", scene.geojson().read_text().replace("BU05180000", "\\ud800"))


@trap(REFUSED)
def json_that_is_a_list(scene):
    return scene.put("a.json", json.dumps([{"type": "Feature"}] * 1000))


@trap(REFUSED)
def json_features_that_are_no_objects(scene):
    return scene.geojson(features=[1, None, "a"])


# GeoParquet


def _with_geo(scene: Scene, **change: object) -> Path:
    table = pq.read_table(scene.parquet())
    geo = json.loads(table.schema.metadata[b"geo"])
    geo["columns"]["geometry"] |= change.pop("column", {})
    metadata = {b"geo": json.dumps(geo | change).encode()}
    pq.write_table(table.replace_schema_metadata(metadata), scene.folder / "a.parquet")
    return scene.folder / "a.parquet"


@trap(REFUSED, calls_out=True)
def parquet_reference_system_at_an_address(scene):
    return _with_geo(scene, column={"crs": scene.url})


@trap(REFUSED, calls_out=True)
def parquet_reference_system_with_a_grid(scene):
    import pyproj

    bound = pyproj.CRS.from_wkt(_bound_wkt(scene))
    return _with_geo(scene, column={"crs": bound.to_json_dict()})


@trap(REFUSED)
def parquet_geometry_that_is_not_there(scene):
    return _with_geo(scene, primary_column="elsewhere")


@trap(REFUSED)
def parquet_geometry_of_text(scene):
    return _with_geo(scene, primary_column="code", columns={"code": {"encoding": "WKB", "geometry_types": []}})


@trap(REFUSED)
def parquet_geometry_that_nests_without_end(scene):
    nested = struct.pack("<BII", 1, 7, 1) * 400_000 + struct.pack("<BIdd", 1, 1, 1, 1)
    table = pq.read_table(scene.parquet())
    shapes = pa.array([nested] * len(table), pa.binary())
    table = table.set_column(table.schema.names.index("geometry"), "geometry", shapes)
    pq.write_table(table, scene.folder / "a.parquet")
    return scene.folder / "a.parquet"


class _Evil:
    def __init__(self, scene: Scene) -> None:
        self.marker = scene.folder / "unpickled"

    def __reduce__(self):
        return os.mkdir, (str(self.marker),)


@trap(HARMLESS)
def parquet_type_that_is_a_pickle(scene):
    table = pq.read_table(scene.parquet())
    evil = {"ARROW:extension:name": "arrow.py_extension_type", "ARROW:extension:metadata": pickle.dumps(_Evil(scene))}
    field = table.schema.field("code").with_metadata(evil)
    schema = table.schema.set(table.schema.names.index("code"), field)
    pq.write_table(table.cast(schema), scene.folder / "a.parquet")
    return scene.folder / "a.parquet"


@trap(REFUSED)
def parquet_bomb(scene):
    n = 60_000_000
    zeros = pa.DictionaryArray.from_arrays(pa.array(np.zeros(n, np.int8)), pa.array(["x" * 1000]))
    pq.write_table(pa.table({"code": zeros}), scene.folder / "a.parquet", row_group_size=n)
    return scene.folder / "a.parquet"


@trap(REFUSED)
def parquet_footer_of_two_gigabytes(scene):
    path = scene.parquet()
    content = bytearray(path.read_bytes())
    content[-8:-4] = struct.pack("<I", 0x7FFFFFFF)
    path.write_bytes(content)
    return path


@trap(REFUSED)
def parquet_footer_of_noise(scene):
    path = scene.parquet()
    content = bytearray(path.read_bytes())
    length = struct.unpack("<I", content[-8:-4])[0]
    content[-8 - length : -8] = np.random.default_rng(2).integers(0, 256, length, np.uint8).tobytes()
    path.write_bytes(content)
    return path


@trap(REFUSED)
def parquet_of_five_thousand_columns(scene):
    table = pa.table({f"c{i}": [1] for i in range(5000)})
    pq.write_table(table, scene.folder / "a.parquet")
    return scene.folder / "a.parquet"


@trap(REFUSED)
def parquet_lists_in_lists(scene):
    kind = pa.int8()
    for _ in range(150):
        kind = pa.list_(kind)
    pq.write_table(pa.table({"code": pa.array([None, None], kind)}), scene.folder / "a.parquet")
    return scene.folder / "a.parquet"


# text and pickles


def _pickle(suffix: str) -> Trap:
    def write(scene: Scene) -> Path:
        return scene.put(f"a{suffix}", pickle.dumps(_Evil(scene)))

    return Trap(f"pickle{suffix.replace('.', '_')}", write, REFUSED, False)


TRAPS += [_pickle(ending) for ending in (".csv", ".geojson", ".gpkg", ".parquet", ".xlsx", ".shp", ".zip")]


@trap(REFUSED)
def csv_of_half_a_million_columns(scene):
    return scene.put("a.csv", ";".join(f"c{i}" for i in range(500_000)) + "\n1;2\n")


@trap(REFUSED)
def csv_of_separators(scene):
    return scene.put("a.csv", ";" * (20 << 20))


@trap(REFUSED)
def csv_of_quotes(scene):
    return scene.put("a.csv", '"' * (20 << 20))


@trap(REFUSED)
def csv_of_line_breaks(scene):
    return scene.put("a.csv", "\n" * (20 << 20))


@trap(REFUSED)
def csv_of_nothing(scene):
    return scene.put("a.csv", bytes(20 << 20))


HEADER = "nr;delict;van;tot;x;y\n"


@trap(HARMLESS)
def csv_field_of_fifty_megabytes(scene):
    row = "2;A20;01-03-2024 18:00;02-03-2024 08:30;81234,5;455123\n"
    return scene.put("a.csv", HEADER + "1;" + "A" * (50 << 20) + ";;;;\n" + row)


@trap(HARMLESS)
def csv_commands_in_cells(scene):
    row = "2;A20;01-03-2024 18:00;02-03-2024 08:30;81234,5;455123\n"
    return scene.put("a.csv", HEADER + row + "=cmd|'/C calc'!A0;=HYPERLINK(\"" + scene.url + '");@SUM(1);+1;-1;1\n')


@trap(HARMLESS)
def csv_numbers_of_a_million_digits(scene):
    row = "2;A20;01-03-2024 18:00;02-03-2024 08:30;81234,5;455123\n"
    digits = "9" * 900_000
    return scene.put("a.csv", HEADER + row + f"3;A20;{digits};{digits};{digits};{digits}\n")


if sys.platform == "win32":  # what Windows has no way to make
    _POSIX = ("fifo", "unix", "link", "hole", "shp_table_that_is", "shp_reference_system_that_is", "name_with_a_line")
    TRAPS = [each for each in TRAPS if not each.name.startswith(_POSIX)]
