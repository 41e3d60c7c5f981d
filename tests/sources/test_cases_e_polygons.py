"""BAD-INPUT section e: polygons, and what statistics may not say. Every case is a file beside its clean twin."""

from __future__ import annotations

import itertools
import json
import struct

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from shapely.geometry import MultiPolygon, Polygon, box
from twins import Export

import hicgeo
from hicgeo.errors import InputError
from hicgeo.schema import check_neighbourhoods

CODES = [f"BU0518000{i}" for i in range(1, 6)]
WEST, SOUTH = 80000, 455000


class Areas:
    """Five squares of a kilometre in a row; one is spoilt, and all others must come out as from the clean file."""

    def __init__(self, folder) -> None:
        self.folder = folder
        self.frame = gpd.GeoDataFrame(
            {
                "buurtcode": CODES,
                "buurtnaam": list("ABCDE"),
                "woningvoorraad": [100, 200, 300, 400, 500],
                "water": "NEE",
            },
            geometry=[box(WEST + 1000 * i, SOUTH, WEST + 1000 * (i + 1), SOUTH + 1000) for i in range(5)],
            crs=28992,
        )
        self.clean = self.read()

    def read(self, touched=(), path=None, **more):
        if path is None:
            path = self.folder / "buurten_2024.gpkg"
            path.unlink(missing_ok=True)
            self.frame.to_file(path)
        table = check_neighbourhoods(hicgeo.read_neighbourhoods(path, level="buurt", **more))
        if hasattr(self, "clean"):
            kept = self.clean.drop(index=list(touched))
            same = table.loc[kept.index]
            pd.testing.assert_frame_equal(
                pd.DataFrame(same.drop(columns="geometry")), pd.DataFrame(kept.drop(columns="geometry"))
            )
            pairs = zip(same.geometry, kept.geometry, strict=True)  # a file with a multipolygon has only those
            assert all(
                MultiPolygon(shapely.get_parts(a)).equals_exact(MultiPolygon([b]), normalize=True) for a, b in pairs
            )
        return table

    def spoil(self, shape, row=2):
        self.frame.loc[row, "geometry"] = shape


@pytest.fixture
def areas(tmp_path):
    return Areas(tmp_path)


def points(folder, places, **more):
    """Incidents at these places, through the reader."""
    export = Export(folder, len(places))
    for row, (x, y) in enumerate(places):
        export.set(row, "nr", f"N{row}")
        export.set(row, "x", str(x))
        export.set(row, "y", str(y))
    return hicgeo.read_incidents(export.write(), columns=export.columns, **more).incidents


def test_case_79_bow_tie(areas):
    x, y = WEST + 2000, SOUTH
    areas.spoil(Polygon([(x, y), (x + 10, y + 10), (x + 10, y), (x, y + 10)]))
    with pytest.raises(InputError, match=r"BU05180003 crosses itself: 0 m2 as drawn, 50 m2 when repaired"):
        areas.read(touched=[CODES[2]])


def test_case_79_a_small_crossing_is_repaired(areas):
    x, y = WEST + 2000, SOUTH
    ring = [
        (x, y),
        (x + 1000, y),
        (x + 1000, y + 1000),
        (x, y + 1000),
        (x + 1, y + 1001),
        (x + 1, y + 1000.5),
        (x, y + 1001),
    ]
    assert not Polygon(ring).is_valid
    areas.spoil(Polygon(ring))
    table = areas.read(touched=[CODES[2]])
    assert table.attrs["repaired_polygons"] == 1
    assert table.is_valid.all()
    assert table.loc[CODES[2]].geometry.area == pytest.approx(1e6, rel=1e-3)


def test_case_80_unclosed_ring_in_geojson(areas):
    content = json.loads(areas.frame.to_json())
    content["crs"] = {"type": "name", "properties": {"name": "urn:ogc:def:crs:EPSG::28992"}}
    ring = content["features"][2]["geometry"]["coordinates"][0]
    assert ring.pop() == ring[0]
    path = areas.folder / "buurten_2024.geojson"
    path.write_text(json.dumps(content))
    assert areas.read(path=path).area.tolist() == [1e6] * 5


def test_case_80_unclosed_ring_in_geoparquet(areas):
    import pyarrow as pa
    import pyarrow.parquet as pq

    path = areas.folder / "buurten_2024.parquet"
    areas.frame.to_parquet(path)
    table = pq.read_table(path)
    shapes = table["geometry"].to_pylist()
    corners = shapely.get_coordinates(areas.frame.geometry.iloc[2])[:-1]
    shapes[2] = struct.pack("<BIII", 1, 3, 1, len(corners)) + corners.astype("<f8").tobytes()
    column = pa.array(shapes, type=table["geometry"].type)
    pq.write_table(table.set_column(table.column_names.index("geometry"), table.schema.field("geometry"), column), path)
    assert areas.read(path=path).area.tolist() == [1e6] * 5


def test_case_80_unclosed_ring_in_geopackage(areas):
    import sqlite3
    from contextlib import closing

    areas.read()
    path = areas.folder / "buurten_2024.gpkg"
    with closing(sqlite3.connect(path)) as base:
        for (name,) in base.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall():
            base.execute(f'DROP TRIGGER "{name}"')
        (blob,) = base.execute("SELECT geom FROM buurten_2024 WHERE buurtcode = ?", (CODES[2],)).fetchone()
        head = blob[: -(5 * 16 + 4)]  # the last is the ring: the number of its corners, and five of them
        ring = struct.pack("<I", 4) + blob[-5 * 16 : -16]
        base.execute("UPDATE buurten_2024 SET geom = ? WHERE buurtcode = ?", (head + ring, CODES[2]))
        base.commit()
    assert areas.read(path=path).area.tolist() == [1e6] * 5


def test_case_80_doubled_vertices(areas):
    corners = np.repeat(shapely.get_coordinates(areas.frame.geometry.iloc[2])[:-1], 3, axis=0)
    areas.spoil(Polygon(corners))
    assert areas.read(touched=[CODES[2]]).area.tolist() == [1e6] * 5


@pytest.mark.parametrize("shape", [None, Polygon()])
def test_case_81_empty_geometry(areas, shape):
    areas.spoil(shape)
    with pytest.raises(InputError, match=r"an empty geometry in 1 .first: BU05180003"):
        areas.read(touched=[CODES[2]])


def test_case_82_overlap(areas):
    areas.spoil(box(WEST + 1900, SOUTH, WEST + 3000, SOUTH + 1000))
    table = areas.read(touched=[CODES[2]])
    there = points(areas.folder, [(WEST + 1950, SOUTH + 10 * i) for i in range(1, 11)] + [(WEST + 100, SOUTH + 100)])
    with pytest.raises(InputError, match="BU05180002 and BU05180003, 100000 m2"):
        hicgeo.assign_neighbourhoods(there, table)
    where = hicgeo.assign_neighbourhoods(there, table, overlaps="smallest")
    assert where["code"].value_counts().to_dict() == {CODES[1]: 10, CODES[0]: 1}


def test_case_83_gaps_are_noted_and_bridged(areas):
    assert areas.clean.attrs["slivers"] == 0
    areas.spoil(box(WEST + 2000.4, SOUTH, WEST + 3000, SOUTH + 1000))
    table = areas.read(touched=[CODES[2]])
    assert table.attrs["slivers"] == 2  # the two on either side of the gap
    there = points(areas.folder, [(f"{WEST + 2000.2:.1f}".replace(".", ","), SOUTH + 500)])
    assert hicgeo.assign_neighbourhoods(there, table)["status"].tolist() == ["outside"]
    where = hicgeo.assign_neighbourhoods(there, table, max_distance=1.0)
    assert where[["code", "status"]].to_numpy().tolist() == [[CODES[1], "snapped"]]


def test_case_84_double_codes(areas):
    part = areas.frame.iloc[[2]].set_geometry([box(WEST + 7000, SOUTH, WEST + 7500, SOUTH + 1000)])
    areas.frame = pd.concat([areas.frame, part], ignore_index=True)
    with pytest.raises(InputError, match=r"1 codes occur more than once .first: BU05180003.*dissolve=True"):
        areas.read(touched=[CODES[2]])
    table = areas.read(touched=[CODES[2]], dissolve=True)
    assert table.attrs["dissolved"] == 1
    assert table.loc[CODES[2]].geometry.area == 1.5e6
    assert table.loc[CODES[2], "dwellings"] == 300  # once, not twice
    there = points(areas.folder, [(WEST + 2500, SOUTH + 500), (WEST + 7250, SOUTH + 500)] * 2)
    where = hicgeo.assign_neighbourhoods(there, table)
    counts = hicgeo.count_incidents(there, where, table, date="start", period="2023")
    assert counts["incidents"].sum() == 4


def test_case_84_parts_that_disagree_are_not_joined(areas):
    part = areas.frame.iloc[[2]].assign(woningvoorraad=50)
    areas.frame = pd.concat([areas.frame, part], ignore_index=True)
    with pytest.raises(InputError, match=r"woningvoorraad differs in 1 codes .first: BU05180003"):
        areas.read(touched=[CODES[2]], dissolve=True)


def test_case_85_parts_heights_and_enclaves(areas):
    hole = box(WEST + 2400, SOUTH + 400, WEST + 2600, SOUTH + 600)
    ring = box(WEST + 2000, SOUTH, WEST + 3000, SOUTH + 1000).difference(hole)
    areas.spoil(shapely.force_3d(MultiPolygon([ring, box(WEST + 8000, SOUTH, WEST + 8100, SOUTH + 100)]), 5.0))
    areas.spoil(hole, row=4)  # an enclave of another neighbourhood, as in Baarle
    table = areas.read(touched=[CODES[2], CODES[4]])
    assert not table.has_z.any()
    assert table.loc[CODES[2]].geometry.area == 1e6 - 4e4 + 1e4
    there = points(areas.folder, [(WEST + 2500, SOUTH + 500), (WEST + 8050, SOUTH + 50), (WEST + 2100, SOUTH + 100)])
    where = hicgeo.assign_neighbourhoods(there, table)
    assert where["code"].tolist() == [CODES[4], CODES[2], CODES[2]]


MONTHS = [f"{year}MM{month:02d}" for year in (2013, 2014, 2015) for month in range(1, 13)]


def counts(folder, value):
    rows = itertools.product(CODES, ["1.1.1", "1.4.6"], MONTHS)
    path = folder / "counts.csv"
    lines = [f"{code};{kind};{month};{value(code, kind, month)}" for code, kind, month in rows]
    path.write_text("\n".join(["buurt;soort;maand;aantal", *lines]))
    columns = {"code": "buurt", "crime_type": "soort", "month": "maand", "incidents": "aantal"}
    return hicgeo.read_counts(path, columns=columns, all_zero="keep")


RATE = {"crime_type": "woninginbraak", "period": "2015", "base": "dwellings", "norm": "regional"}


def test_case_86_nothing_to_test_gives_no_p_value(areas):
    # an island without counts, a month that was not published, and nothing at all
    def value(code, kind, month):
        return "" if code == CODES[4] or (code == CODES[3] and month == "2015MM03") else 3

    clean = hicgeo.rates(counts(areas.folder, lambda *_: 3), areas.clean, **RATE)
    found = hicgeo.rates(counts(areas.folder, value), areas.clean, unmatched="report", **RATE)
    for code in CODES[3:]:
        assert found.loc[code, "state"] == "onvolledig"
        assert found.loc[code, ["rate", "p_above", "p_fdr"]].isna().all()
    assert found.loc[CODES[:3], "rate"].equals(clean.loc[CODES[:3], "rate"])
    with pytest.warns(hicgeo.HicgeoWarning, match="spread between years cannot be estimated"):
        none = hicgeo.rates(counts(areas.folder, lambda *_: 0), areas.clean, **RATE)
    assert (none["state"] == "te klein").all()
    assert not (none["p_fdr"] < 0.99).any()


def test_case_86_constant_and_empty_series_have_no_groups_and_no_season(areas):
    steady = counts(areas.folder, lambda code, kind, month: 3)
    assert hicgeo.cluster_seasons(steady, crime_type="woninginbraak", rng=1).k == 1
    empty = counts(areas.folder, lambda code, kind, month: 0 if kind == "1.1.1" else 3)
    seasons = hicgeo.dark_days(empty, crime_type="woninginbraak")
    assert seasons[["ratio", "ratio_low", "ratio_high"]].isna().all().all()


def test_case_86_a_hotspot_without_what_is_at_risk_has_no_p_value(areas):
    there = points(areas.folder, [(WEST + 2500 + i % 7, SOUTH + 500 + i % 5) for i in range(60)])
    spots = hicgeo.hotspots(there, hicgeo.Grid.over(areas.clean, cell_size=100), bandwidth=300, rng=1)
    assert spots["p_value"].isna().all()
    assert (spots["kind"] == "beschrijvend").all()
