"""Each incident once: conservation, ties, order, and the ledger of a count table."""

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from shapely.geometry import Point, box

import hicgeo as hg
from hicgeo.schema import check_counts

RD = "EPSG:28992"


def checkerboard(columns=4, rows=3, side=100.0):
    squares = [box(side * x, side * y, side * (x + 1), side * (y + 1)) for y in range(rows) for x in range(columns)]
    codes = [f"BU9901{place:04d}" for place in range(len(squares))]
    return gpd.GeoDataFrame(
        {"name": codes, "municipality": "GM9901"}, index=pd.Index(codes, name="code"), geometry=squares, crs=RD
    )


def incidents(xy, types="woninginbraak", start="2024-01-15", end=None):
    n = len(xy)
    stamp = pd.to_datetime([start] * n).tz_localize("Europe/Amsterdam")
    until = stamp if end is None else pd.to_datetime([end] * n).tz_localize("Europe/Amsterdam")
    points = [Point() if np.isnan(x) else Point(x, y) for x, y in xy]
    return gpd.GeoDataFrame(
        {"crime_type": pd.Categorical([types] * n if isinstance(types, str) else types), "start": stamp, "end": until},
        geometry=points, crs=RD, index=pd.Index([f"i{place}" for place in range(n)], name="incident_id"),
    )  # fmt: skip


def test_corner_shared_by_four_goes_to_the_first_code():
    areas = checkerboard()
    got = hg.assign_neighbourhoods(incidents([(100.0, 100.0)]), areas)
    assert got["code"].iloc[0] == "BU99010000"
    assert got["border_m"].iloc[0] == 0.0


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.integers(0, 2**32 - 1))
def test_random_partitions_conserve_and_do_not_depend_on_order(seed):
    rng = np.random.default_rng(seed)
    sites = shapely.MultiPoint(rng.uniform(0, 1000, (12, 2)))
    cells = shapely.get_parts(shapely.voronoi_polygons(sites, extend_to=box(0, 0, 1000, 1000)))
    cells = shapely.intersection(cells, box(0, 0, 1000, 1000))
    codes = [f"BU9901{place:04d}" for place in range(len(cells))]
    areas = gpd.GeoDataFrame(index=codes, geometry=cells, crs=RD)
    vertices = shapely.get_coordinates(cells)
    middles = (vertices[:-1] + vertices[1:]) / 2
    places = np.vstack([rng.uniform(-100, 1100, (60, 2)), vertices[rng.integers(len(vertices), size=20)], middles[:20]])
    points = incidents(places)
    got = hg.assign_neighbourhoods(points, areas)
    assert got["status"].notna().all()
    assert (got["code"].notna() == got["status"].isin(["inside", "snapped"])).all()

    # Another order of rows and polygons, every ring begun elsewhere and wound the other way round.
    turned = [shapely.Polygon(np.roll(shapely.get_coordinates(cell)[:-1], 2, axis=0)[::-1]) for cell in cells]
    mixed = gpd.GeoDataFrame(index=codes, geometry=turned, crs=RD).sample(frac=1, random_state=seed % 1000)
    again = hg.assign_neighbourhoods(points.sample(frac=1, random_state=1), mixed).reindex(points.index)
    pd.testing.assert_series_equal(again["code"], got["code"])
    np.testing.assert_allclose(again["border_m"], got["border_m"], atol=1e-9)

    # Off the ties the answer is shapely's.
    holds = np.array([[shapely.contains_properly(cell, point) for cell in cells] for point in points.geometry])
    for row, column in zip(*np.nonzero(holds), strict=True):
        assert got["code"].iloc[row] == codes[column]


def test_statuses_and_distances():
    areas = checkerboard(2, 1)
    got = hg.assign_neighbourhoods(
        incidents([(30, 40), (-0.5, 50), (-5, 50), (np.nan, np.nan)]), areas, max_distance=1.0
    )
    assert got["status"].tolist() == ["inside", "snapped", "outside", "unlocated"]
    assert got["code"].iloc[:2].tolist() == ["BU99010000"] * 2
    assert got["code"].iloc[2:].isna().all()
    np.testing.assert_allclose(got["border_m"], [30.0, 0.5, 5.0, np.nan])


@pytest.mark.parametrize("many", [False, True])
def test_what_has_no_place_is_counted_among_few_and_among_many(many):
    areas = checkerboard(2, 1)
    places = [(30, 40), (np.nan, np.nan), (-5, 50), (np.inf, np.inf), (150, 90)]
    points = gpd.GeoDataFrame(
        geometry=[Point(*xy) if np.isfinite(xy[0]) else (None if np.isnan(xy[0]) else Point()) for xy in places], crs=RD
    )
    points = points.iloc[np.tile(range(5), 30_000 if many else 1)]
    got = hg.assign_neighbourhoods(points, areas).reset_index(drop=True)
    assert got["status"][:5].tolist() == ["inside", "unlocated", "outside", "unlocated", "inside"]
    assert got["border_m"][:5].tolist() == pytest.approx([30, np.nan, 5, np.nan, 10], nan_ok=True)
    assert got["code"].value_counts().tolist() == [len(points) // 5] * 2
    pd.testing.assert_frame_equal(got[-5:].reset_index(drop=True), got[:5])
    claimed = hg.NeighbourhoodIndex(areas).claim(points).reset_index(drop=True)
    pd.testing.assert_frame_equal(claimed, got[["code", "status"]])
    with pytest.raises(hg.InputError, match=r"infinite coordinate in 1 rows \(first: row 2\)"):
        hg.assign_neighbourhoods(gpd.GeoDataFrame(geometry=[*points.geometry[:2], Point(1, np.inf)], crs=RD), areas)
    lines = [*points.geometry, shapely.LineString([(0, 0), (1, 1)])]
    with pytest.raises(hg.InputError, match=f"first: row {len(points)}"):
        hg.assign_neighbourhoods(gpd.GeoDataFrame(geometry=lines, crs=RD), areas)


def test_overlap_is_refused_or_resolved_by_name():
    areas = gpd.GeoDataFrame(
        index=["BU99010001", "BU99010002"], geometry=[box(0, 0, 100, 100), box(50, 50, 80, 80)], crs=RD
    )
    inside_both = incidents([(60, 60)])
    with pytest.raises(hg.InputError, match=r"1 pairs.*BU99010001 and BU99010002, 900 m2"):
        hg.assign_neighbourhoods(inside_both, areas)
    got = hg.assign_neighbourhoods(inside_both, areas, overlaps="smallest")
    assert got["code"].iloc[0] == "BU99010002"


def test_a_sliver_of_overlap_is_digitising_noise():
    areas = gpd.GeoDataFrame(
        index=["BU99010001", "BU99010002"], geometry=[box(0, 0, 100, 100), box(99.995, 0, 200, 100)], crs=RD
    )
    got = hg.assign_neighbourhoods(incidents([(99.998, 50)]), areas)
    assert got["code"].iloc[0] == "BU99010001"


def test_what_cannot_be_joined_is_refused():
    areas = checkerboard()
    with pytest.raises(hg.CrsError, match="same CRS"):
        hg.assign_neighbourhoods(incidents([(1, 1)]).set_crs("EPSG:32631", allow_override=True), areas)
    with pytest.raises(hg.AlignmentError, match="once"):
        hg.assign_neighbourhoods(incidents([(1, 1)]), pd.concat([areas, areas.iloc[:1]]))
    with pytest.raises(hg.InputError, match="BU99010001"):
        hg.assign_neighbourhoods(
            incidents([(1, 1)]),
            areas.assign(geometry=[g if c != "BU99010001" else None for c, g in areas.geometry.items()]),
        )
    with pytest.raises(hg.InputError, match="max_distance"):
        hg.assign_neighbourhoods(incidents([(1, 1)]), areas, max_distance=-1)


def test_no_incidents():
    got = hg.assign_neighbourhoods(incidents([]), checkerboard())
    assert got.empty
    assert got.columns.tolist() == ["code", "status", "border_m"]


def test_the_ledger_of_a_count_table_adds_up():
    areas = checkerboard(2, 1)
    points = pd.concat(
        [
            incidents([(50, 50), (150, 50), (150, 50)]),
            incidents([(50, 50)], types="overval", start="2025-02-01"),
            incidents([(-50, 50), (np.nan, np.nan)]),
        ]
    )
    points.index = [f"i{place}" for place in range(len(points))]
    points["crime_type"] = points["crime_type"].astype("category")
    where = hg.assign_neighbourhoods(points, areas)
    counts = hg.count_incidents(points, where, areas, date="start", period=("2024-01", "2024-03"))
    check_counts(counts)
    assert len(counts) == 2 * 2 * 3
    january = counts.xs(pd.Period("2024-01"), level="month")["incidents"]
    assert january[("BU99010000", "woninginbraak")] == 1
    assert january[("BU99010001", "woninginbraak")] == 2
    assert counts["incidents"].sum() == 3
    ledger = counts.attrs
    assert [ledger[key] for key in ("counted", "outside", "unlocated", "out_of_period")] == [3, 1, 1, 1]
    assert sum(ledger[key] for key in ("counted", "outside", "unlocated", "out_of_period")) == ledger["incidents"]


def test_aoristic_count_spreads_a_window_over_its_months():
    areas = checkerboard(1, 1)
    # 31 January 12:00 to 1 February 12:00: half a day in each month.
    points = incidents([(50, 50)], start="2024-01-31 12:00", end="2024-02-01 12:00")
    where = hg.assign_neighbourhoods(points, areas)
    got = hg.count_incidents(points, where, areas, date="aoristic", period=("2024-01", "2024-02"))["incidents"]
    assert got.tolist() == pytest.approx([0.5, 0.5])
    for date, expected in (("start", [1, 0]), ("end", [0, 1])):
        got = hg.count_incidents(points, where, areas, date=date, period=("2024-01", "2024-02"))["incidents"]
        assert got.tolist() == expected


def test_counting_with_another_assignment_is_refused():
    areas = checkerboard(2, 1)
    points = incidents([(50, 50), (150, 50)])
    where = hg.assign_neighbourhoods(points, areas)
    with pytest.raises(hg.AlignmentError, match="row for row"):
        hg.count_incidents(points, where.iloc[::-1], areas, date="start", period="2024")
    with pytest.raises(hg.AlignmentError, match="BU99010001"):
        hg.count_incidents(points, where, areas.iloc[:1], date="start", period="2024")
    with pytest.raises(hg.InputError, match="aoristic"):
        hg.count_incidents(points, where, areas, date="middle", period="2024")


def count_table(rows):
    index = pd.MultiIndex.from_tuples(
        [(c, t, pd.Period(m)) for c, t, m, _ in rows], names=["code", "crime_type", "month"]
    )
    value = np.array([n for *_, n in rows], float)
    return pd.DataFrame({"incidents": value, "status": np.where(np.isnan(value), "missing", "final")}, index=index)


def test_a_part_is_not_a_total():
    counts = count_table(
        [
            ("BU99010101", "overval", "2024-01", 2), ("BU99010102", "overval", "2024-01", np.nan),
            ("BU99010201", "overval", "2024-01", 5), ("BU99010202", "overval", "2024-01", 1),
        ]
    )  # fmt: skip
    got = hg.roll_up(counts, "wijk")
    check_counts(got)
    assert np.isnan(got["incidents"].iloc[0])
    assert got["status"].tolist() == ["missing", "final"]
    assert got["incidents"].iloc[1] == 6
    assert np.isnan(hg.roll_up(counts, "region")["incidents"].iloc[0])
    team = pd.Series({"BU99010101": "Noord", "BU99010102": "Noord", "BU99010201": "Zuid", "BU99010202": "Zuid"})
    assert hg.roll_up(counts, team)["incidents"].loc["Zuid"].tolist() == [6]
    with pytest.raises(hg.AlignmentError, match="1 codes"):
        hg.roll_up(counts, team.iloc[:3])
    with pytest.raises(hg.InputError, match="buurt, wijk, gemeente"):
        hg.roll_up(counts, "provincie")


def test_codes_that_do_not_match_are_all_accounted_for():
    areas = checkerboard(2, 1).assign(dwellings=[100, 300])
    counts = count_table([("BU99010000", "overval", "2024-01", 2), ("BU99019999", "overval", "2024-01", 6)])
    match = hg.match_codes(counts, areas, crime_type="overval", period="2024-01", base="dwellings")
    assert match.matched.loc["BU99010000"].tolist() == [2, 100]
    assert match.without_area["incidents"].to_dict() == {"BU99019999": 6}
    assert match.without_counts["base"].to_dict() == {"BU99010001": 300}
    assert (match.share_incidents, match.share_base) == (0.75, 0.75)
    frame = match.to_frame()
    assert frame["incidents"].sum() == counts["incidents"].sum()
    assert frame["base"].sum() == areas["dwellings"].sum()
