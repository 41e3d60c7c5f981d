"""The same tables in every format that comes in give the same result."""

# ruff: noqa: S608 - the server lives for one test run, and its rows are written here

from __future__ import annotations

import gzip
import zipfile

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from pandas.testing import assert_frame_equal

import hicgeo

COLUMNS = {"incident_id": "nr", "crime_type": "delict", "start": "van", "end": "tot", "municipality": "gem"}
POINTS = {"x": "x", "y": "y"}
RD = "EPSG:28992"


@pytest.fixture(scope="module")
def records():
    """Incidents as text, with what formats are known to change: long numbers, zeros in front, empty cells, accents."""
    rng = np.random.default_rng(7)
    n = 50
    start = pd.Timestamp("2024-01-01 10:00") + pd.to_timedelta(rng.integers(0, 300 * 24 * 60, n), "min")
    return pd.DataFrame(
        {
            "nr": [f"{90071992547409930 + i}" for i in range(n)],
            "delict": rng.choice(["A20", "B70", "A40", "1E3"], n),
            "van": start.strftime("%Y-%m-%d %H:%M"),
            "tot": (start + pd.Timedelta("45min")).strftime("%Y-%m-%d %H:%M"),
            "gem": rng.choice(["0014", "Den Haag", "Súdwest-Fryslân", "NA"], n),
            # quarters of a metre are exact in binary, and so in every format
            "x": [f"{v:.2f}" for v in 80000 + rng.integers(0, 8000, n) / 4],
            "y": [f"{v:.2f}" for v in 455000 + rng.integers(0, 8000, n) / 4],
        }
    )


@pytest.fixture(scope="module")
def points(records):
    geometry = gpd.points_from_xy(records["x"].astype(float), records["y"].astype(float))
    return gpd.GeoDataFrame(records.drop(columns=["x", "y"]), geometry=geometry, crs=RD)


@pytest.fixture(scope="module")
def areas():
    shapes = [shapely.box(80000 + 500 * i, 455000, 80500 + 500 * i, 457000) for i in range(4)]
    return gpd.GeoDataFrame(
        {
            "buurtcode": [f"BU0518{i:04d}" for i in range(4)],
            "buurtnaam": ["Oud", "'t Zand", "Skûtsjehaven", "NA"],
            "woningen": [10, 0, 2_000_000, -99997],
        },
        geometry=shapes,
        crs=RD,
    )


def zipped(path, parts):
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for part in parts:
            archive.write(part, part.name)
    return path


def write_vector(table, folder, suffix):
    """Write a layer named `laag`, in the CRS that the format demands."""
    path = folder / f"laag{suffix.removesuffix('.zip') or '.shp'}"
    if suffix == ".parquet":
        table.to_parquet(path)
    elif suffix == ".geojson":
        # RFC 7946 has WGS84 only; GDAL writes another CRS, and all decimals, when it is asked to
        table.to_file(path, RFC7946="NO", COORDINATE_PRECISION=10)
    elif path.suffix == ".shp":
        table.to_file(path, encoding="UTF-8")
    else:
        table.to_file(path, layer="laag")
    if not suffix.endswith(".zip"):
        return path
    return zipped(folder / "laag.zip", sorted(folder.glob("laag.*")))


VECTOR = (".gpkg", ".parquet", ".geojson", ".shp", ".shp.zip", ".gpkg.zip")
TEXT = {
    ".csv": (";", "utf-8"), ".csv (BOM)": (";", "utf-8-sig"), ".csv (cp1252)": (",", "cp1252"),
    ".csv (UTF-16)": (";", "utf-16"), ".tsv": ("\t", "utf-8"), ".txt": ("|", "utf-8"), ".csv.gz": (";", "utf-8"),
    ".csv.zip": (";", "utf-8"),
}  # fmt: skip


def write_text(records, folder, label):
    delimiter, encoding = TEXT[label]
    content = records.to_csv(sep=delimiter, index=False).encode(encoding)
    suffix = label.split(" ")[0]
    path = folder / f"laag{suffix.removesuffix('.gz').removesuffix('.zip')}"
    path.write_bytes(content)
    if suffix.endswith(".gz"):
        packed = folder / "laag.csv.gz"
        packed.write_bytes(gzip.compress(content))
        return packed
    return zipped(folder / "laag.zip", [path]) if suffix.endswith(".zip") else path


def assert_same(intake, expected):
    assert_frame_equal(intake.incidents.drop(columns="geometry"), expected.incidents.drop(columns="geometry"))
    assert intake.incidents.crs == expected.incidents.crs
    assert (intake.incidents.geometry.to_wkb() == expected.incidents.geometry.to_wkb()).all()
    same = ["record", "reason", "value"]
    assert_frame_equal(intake.rejected[same], expected.rejected[same])
    assert intake.read == expected.read == 50


@pytest.fixture(scope="module")
def expected(records, tmp_path_factory):
    path = write_text(records, tmp_path_factory.mktemp("expected"), ".csv")
    intake = hicgeo.read_incidents(path, columns=COLUMNS | POINTS, crs=RD)
    # what is compared is what was written, and something of each kind
    assert intake.incidents.index.isin(records["nr"]).all()
    assert set(intake.rejected["value"]) == {"A40", "1E3"}
    assert set(intake.incidents["municipality"]) == {"GM0014", "Den Haag", "Súdwest-Fryslân", "NA"}
    by_number = records.set_index("nr").loc[intake.incidents.index]
    assert intake.incidents.geometry.x.tolist() == by_number["x"].astype(float).tolist()
    return intake


@pytest.mark.parametrize("label", TEXT)
def test_incidents_as_text(records, expected, tmp_path, label):
    assert_same(hicgeo.read_incidents(write_text(records, tmp_path, label), columns=COLUMNS | POINTS, crs=RD), expected)


def test_incidents_as_workbook(records, expected, write_xlsx):
    rows = [list(records.columns), *records.to_numpy().tolist()]
    rows = [rows[0], *([*row[:5], float(row[5]), float(row[6])] for row in rows[1:])]
    assert_same(hicgeo.read_incidents(write_xlsx({"a": rows}), columns=COLUMNS | POINTS, crs=RD), expected)


@pytest.mark.parametrize("suffix", VECTOR)
def test_incidents_as_points(points, expected, tmp_path, suffix):
    assert_same(hicgeo.read_incidents(write_vector(points, tmp_path, suffix), columns=COLUMNS), expected)


def test_incidents_in_a_database(points, expected, postgis):
    literal = ", ".join(
        "(" + ", ".join(f"'{value}'" for value in row[:-1]) + f", ST_GeomFromText('{row[-1].wkt}', 28992))"
        for row in points.itertuples(index=False)
    )
    postgis.sql(
        "CREATE TABLE punten (nr text PRIMARY KEY, delict text, van timestamp, tot timestamp, gem text, geom geometry);"
        f"INSERT INTO punten VALUES {literal}; GRANT SELECT ON punten TO reader"
    )
    assert_same(hicgeo.read_incidents(postgis.address(), layer="punten", columns=COLUMNS), expected)


def assert_same_areas(got, areas):
    assert got.index.tolist() == areas["buurtcode"].tolist()
    assert got["name"].tolist() == areas["buurtnaam"].tolist()
    assert got["dwellings"].tolist() == [10, 0, 2_000_000, pd.NA]
    assert got.crs == RD
    assert got.geometry.normalize().to_wkb().tolist() == areas.geometry.normalize().to_wkb().tolist()
    assert got.attrs["missing"]["dwellings"] == {"secret or absent": 1}


@pytest.mark.parametrize("suffix", VECTOR)
def test_neighbourhoods(areas, tmp_path, suffix):
    assert_same_areas(hicgeo.read_neighbourhoods(write_vector(areas, tmp_path, suffix), level="buurt"), areas)


def test_neighbourhoods_in_a_database(areas, postgis):
    rows = ", ".join(
        f"('{code}', '{name.replace(chr(39), chr(39) * 2)}', {homes}, ST_GeomFromText('{shape.wkt}', 28992))"
        for code, name, homes, shape in areas.itertuples(index=False)
    )
    postgis.sql(
        "CREATE TABLE buurten (buurtcode text PRIMARY KEY, buurtnaam text, woningen int, geom geometry);"
        f"INSERT INTO buurten VALUES {rows}; GRANT SELECT ON buurten TO reader"
    )
    assert_same_areas(hicgeo.read_neighbourhoods(postgis.address(), level="buurt", layer="buurten"), areas)
