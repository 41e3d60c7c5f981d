"""The door: what is not a plain file of a known kind does not come in."""

from __future__ import annotations

import gzip
import socket
import sqlite3
import zipfile

import geopandas as gpd
import pytest
import shapely

import hicgeo
from hicgeo.errors import InputError
from hicgeo.sources import _open


@pytest.fixture
def squares():
    return gpd.GeoDataFrame(
        {"code": ["BU05180000"], "name": ["Oud"]}, geometry=[shapely.box(80000, 455000, 81000, 456000)], crs=28992
    )


def read(path):
    return hicgeo.read_neighbourhoods(path, level="buurt")


@pytest.mark.parametrize(
    "source",
    [
        "https://example.org/a.geojson",
        "mysql://example.org/a",
        "/vsicurl/https://example.org/a.gpkg",
        "/VSIZIP/a.zip",
        "\\vsimem\\a.gpkg",
        "zip://a.zip",
        "a\x00.csv",
    ],
)
def test_addresses_are_refused_without_a_connection(source, monkeypatch):
    monkeypatch.setattr(socket, "socket", None)
    with pytest.raises(InputError, match="address"):
        read(source)


def test_no_file_folder_and_unknown_kind(tmp_path):
    with pytest.raises(InputError, match="no such file"):
        read(tmp_path / "none.gpkg")
    with pytest.raises(InputError, match="folder"):
        read(tmp_path)
    (tmp_path / "a.vrt").write_text("<OGRVRTDataSource/>")
    with pytest.raises(InputError, match=r"\.vrt"):
        read(tmp_path / "a.vrt")
    (tmp_path / "a.gpkg.gz").write_bytes(b"")
    with pytest.raises(InputError, match="one of"):
        read(tmp_path / "a.gpkg.gz")
    with pytest.raises(InputError, match="path"):
        read(3)


@pytest.mark.parametrize("suffix", [".geojson", ".gpkg", ".shp", ".zip", ".parquet", ".xlsx", ".csv"])
def test_a_virtual_layer_under_another_name_reads_nothing(tmp_path, squares, suffix):
    # a VRT that names a real file beside it: a driver chosen by content would follow it
    target = tmp_path / "real.gpkg"
    squares.to_file(target)
    layer = f'<OGRVRTLayer name="real"><SrcDataSource>{target}</SrcDataSource></OGRVRTLayer>'
    vrt = f"<OGRVRTDataSource>{layer}</OGRVRTDataSource>"
    path = tmp_path / f"a{suffix}"
    path.write_text(vrt)
    with pytest.raises(InputError):
        read(path)


def test_an_algorithm_in_json_is_not_run(tmp_path):
    path = tmp_path / "a.json"
    path.write_text('{"type": "gdal_streamed_alg", "command_line": "gdal vector pipeline ! read /etc/hosts"}')
    with pytest.raises(InputError, match="FeatureCollection"):
        read(path)


def test_views_of_a_geopackage_are_no_layers(tmp_path, squares):
    path = tmp_path / "a.gpkg"
    squares.to_file(path, layer="buurten")
    base = sqlite3.connect(path)
    base.execute("CREATE VIEW trap AS SELECT * FROM buurten")
    base.execute("INSERT INTO gpkg_contents (table_name, data_type, identifier) VALUES ('trap', 'features', 'trap')")
    base.commit()
    base.close()
    assert len(read(path)) == 1
    with pytest.raises(InputError, match="'trap' asked for; it has buurten"):
        hicgeo.read_neighbourhoods(path, level="buurt", layer="trap")


@pytest.mark.parametrize("suffix", [".gpkg", ".geojson", ".parquet", ".zip"])
def test_half_a_file_is_refused(tmp_path, squares, suffix):
    path = tmp_path / f"a{suffix}"
    if suffix == ".zip":
        squares.to_file(tmp_path / "a.gpkg")
        with zipfile.ZipFile(path, "w") as archive:
            archive.write(tmp_path / "a.gpkg", "a.gpkg")
    else:
        squares.to_parquet(path) if suffix == ".parquet" else squares.to_file(path)
    content = path.read_bytes()
    path.write_bytes(content[: len(content) // 2])
    with pytest.raises(InputError, match="sound"):
        read(path)


def test_zip_with_two_data_sets_names_them(tmp_path, squares):
    for name in ("een", "twee"):
        squares.to_file(tmp_path / f"{name}.shp")
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        for part in sorted(tmp_path.glob("*.*")):
            if part.suffix != ".zip":
                archive.write(part, part.name)
    with pytest.raises(InputError, match="een, twee"):
        read(tmp_path / "a.zip")
    assert len(hicgeo.read_neighbourhoods(tmp_path / "a.zip", level="buurt", layer="twee")) == 1


def test_names_in_a_zip_cannot_leave_it(tmp_path, squares):
    squares.to_file(tmp_path / "a.gpkg")
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        archive.write(tmp_path / "a.gpkg", "../../outside.gpkg")
    assert len(read(tmp_path / "a.zip")) == 1
    assert not list(tmp_path.parent.glob("outside*"))
    assert not list(tmp_path.parent.parent.glob("outside*"))


@pytest.mark.parametrize("name", ["a.zip", "a.xlsx"])
def test_bombs_are_refused_before_they_unpack(tmp_path, name):
    with zipfile.ZipFile(tmp_path / name, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("a.csv", b"0" * (20 << 20))
    with pytest.raises(InputError, match="250 times"):
        hicgeo.read_incidents(tmp_path / name, columns="bvh")


def test_gzip_is_limited_and_checked(tmp_path):
    path = tmp_path / "a.csv.gz"
    path.write_bytes(gzip.compress(b"0" * (20 << 20)))
    with pytest.raises(InputError, match="250 times"):
        _open.read_bytes(path)
    path.write_bytes(gzip.compress(b"a;b\n" * 9)[:-9])
    with pytest.raises(InputError, match="readable"):
        _open.read_bytes(path)
