"""Areas planted as chronic, seasonal and incidental, and towns where no area has a season of its own."""

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely

import hicgeo as hg
from hicgeo.output.disclosure import shape_faults

AREA = gpd.GeoSeries([shapely.box(80_000, 450_000, 86_000, 456_000)], crs="EPSG:28992")
GRID = hg.Grid.over(AREA, cell_size=100)
FIRST, LAST = pd.Timestamp("2019-10-01"), pd.Timestamp("2024-10-01")
DARK = (10, 11, 12, 1, 2, 3)


def town(rng, clusters, background=800):
    """Incidents over five years; each cluster is (x, y, n, when) with `when` a function of moments to keep."""
    seconds = int((LAST - FIRST).total_seconds())

    def moments(n):
        return FIRST + pd.to_timedelta(rng.integers(0, seconds, n), unit="s")

    xy, when = [rng.uniform([80_000, 450_000], [86_000, 456_000], (background, 2))], [moments(background)]
    for x, y, n, keep in clusters:
        drawn = moments(60 * n)
        drawn = drawn[keep(drawn)][:n]
        xy.append(rng.normal([x, y], 70, (len(drawn), 2)))
        when.append(drawn)
    start = pd.DatetimeIndex(np.concatenate(when)).tz_localize(
        "Europe/Amsterdam", ambiguous=True, nonexistent="shift_forward"
    )
    index = pd.Index([f"i{n:05d}" for n in range(len(start))], name="incident_id")
    return gpd.GeoDataFrame(
        {"start": start, "end": start}, index=index, geometry=gpd.points_from_xy(*np.concatenate(xy).T, crs=AREA.crs)
    )


def always(t):
    return np.ones(len(t), bool)


def in_the_dark(t):
    return np.isin(t.month, DARK)


def in_one_winter(t):
    return (t >= "2021-10-01") & (t < "2022-04-01")


def areas_of(incidents, **arguments):
    return hg.seasonal_areas(incidents, GRID, **({"eps": 150, "min_incidents": 12} | arguments))


def test_planted_areas_are_what_they_are():
    rng = np.random.default_rng(1)
    planted = {
        (81_000, 451_000): ("chronisch", always), (85_000, 451_000): ("chronisch", always),
        (81_000, 455_000): ("seizoen: donker", in_the_dark), (85_000, 455_000): ("seizoen: donker", in_the_dark),
        (83_000, 453_000): ("incidenteel", in_one_winter),
        (83_000, 455_000): ("seizoen: licht", lambda t: ~in_the_dark(t)),
    }  # fmt: skip
    incidents = town(rng, [(x, y, 80, keep) for (x, y), (_, keep) in planted.items()], background=2500)
    got = areas_of(incidents)
    for (x, y), (kind, _) in planted.items():
        there = got[got.intersects(shapely.Point(x, y).buffer(120))]
        assert kind in set(there["kind"]), (x, y, there["kind"].tolist())
    assert got["incidents_dark"].add(got["incidents_light"]).is_monotonic_decreasing


def test_areas_are_unions_of_cells_that_may_leave_and_count_all_within():
    incidents = town(np.random.default_rng(2), [(82_000, 452_000, 90, always), (84_000, 454_000, 90, in_the_dark)])
    got = areas_of(incidents)
    assert shape_faults(np.asarray(got.geometry.array)) == []
    assert got["area_ha"].to_numpy() == pytest.approx(got.area / 1e4)
    for area in got.itertuples():
        within = incidents[incidents.intersects(area.geometry)]
        assert len(within) == area.incidents_dark + area.incidents_light
        assert np.isin(within["start"].dt.month, DARK).sum() == area.incidents_dark


def test_a_shape_is_one_of_density_and_no_list_of_cells_in_which_something_happened():
    planted = [(82_000, 452_000, 60, always), (84_000, 454_000, 60, in_the_dark)]
    incidents = GRID.snap(town(np.random.default_rng(6), planted, 900))
    got = areas_of(incidents)
    assert shapely.get_num_geometries(np.asarray(got.geometry.array)).tolist() == [1] * len(got), "one piece each"
    assert (got["incidents"] >= 5).all()
    centres = shapely.points(np.array([(80_050 + 100 * i, 450_050 + 100 * j) for i in range(60) for j in range(60)]))
    drawn = centres[shapely.intersects(got.union_all(), centres)]
    within = np.array([incidents.intersects(shapely.box(p.x - 49, p.y - 49, p.x + 49, p.y + 49)).sum() for p in drawn])
    assert (within == 0).sum() >= 3, "nothing need have happened in a cell that is drawn"
    near = np.array([(incidents.distance(p) <= 150).sum() for p in drawn])
    assert near.min() >= 12, "but much around it"


def test_a_single_incident_far_away_draws_nothing():
    incidents = town(np.random.default_rng(7), [(82_000, 452_000, 90, always)], background=0)
    lonely = incidents.iloc[:1].set_geometry(gpd.points_from_xy([85_050.0], [455_050.0], crs=AREA.crs))
    got = areas_of(GRID.snap(pd.concat([incidents, lonely.set_axis(["lonely"])])))
    assert not got.intersects(shapely.Point(85_050, 455_050).buffer(1000)).any()
    pd.testing.assert_series_equal(got.geometry, areas_of(GRID.snap(incidents)).geometry)


def test_pieces_with_few_incidents_in_their_own_cells_are_left_out_and_counted():
    """Twelve around an empty cell: it has them all within reach, but none of its own."""
    ring = [(82_050 + 100 * i, 452_050 + 100 * j) for i, j in ((-1, 0), (1, 0), (0, -1), (0, 1))]
    months = pd.date_range("2020-01-10", periods=48, freq="MS", tz="Europe/Amsterdam")
    places = gpd.points_from_xy(*np.repeat(ring, 12, axis=0).T, crs=AREA.crs)
    incidents = gpd.GeoDataFrame({"start": months, "end": months}, geometry=places)
    got = areas_of(incidents, eps=100, min_incidents=24)
    assert len(got) == 0
    assert {key: got.attrs[key] for key in ("least", "dropped_areas", "dropped_incidents")} == {
        "least": 5, "dropped_areas": 1, "dropped_incidents": 0}  # fmt: skip


def test_where_no_area_has_a_season_hardly_any_is_said_to():
    said = []
    for seed in range(10):
        rng = np.random.default_rng(100 + seed)
        centres = rng.uniform([80_500, 450_500], [85_500, 455_500], (12, 2))
        got = areas_of(town(rng, [(x, y, 60, always) for x, y in centres], background=1500))
        said += got["kind"].str.startswith("seizoen").tolist()
    assert len(said) > 80
    assert np.mean(said) <= 0.05


def test_the_order_of_rows_does_not_matter_and_unlocated_ones_are_left_out():
    incidents = town(np.random.default_rng(3), [(82_000, 452_000, 90, always)])
    one = areas_of(incidents)
    two = areas_of(incidents.sample(frac=1, random_state=1))
    pd.testing.assert_frame_equal(
        pd.DataFrame(one.drop(columns="geometry")), pd.DataFrame(two.drop(columns="geometry"))
    )
    lost = incidents.copy()
    lost.loc[lost.index[:5], "geometry"] = shapely.Point()
    assert areas_of(lost).attrs["n"] == len(incidents) - 5


def test_no_cluster_is_an_empty_answer_and_a_short_period_none():
    incidents = town(np.random.default_rng(4), [], background=300)
    got = areas_of(incidents, min_incidents=60)
    assert len(got) == 0
    assert list(got.columns[:4]) == ["kind", "clustered", "incidents", "incidents_dark"]
    for first, last in (("2019-10-01", "2020-12-01"), ("2020-03-01", "2021-05-01"), ("2020-01-01", "2021-12-01")):
        # the second touches four half years in fourteen months, the third lacks one month
        short = incidents[incidents["start"].between(first, last)]
        with pytest.raises(hg.InputError, match="two full years"):
            areas_of(short)
    with pytest.raises(hg.InputError, match="eps"):
        areas_of(incidents, eps=0)
    with pytest.raises(hg.CrsError):
        areas_of(incidents.to_crs("EPSG:32631"))


def test_an_incident_just_over_the_border_keeps_no_map_in_the_house():
    """A cell belongs to the area when its centre does, and then reaches over the border."""
    area = gpd.GeoSeries([shapely.box(80_000, 450_000, 85_980, 456_000)], crs="EPSG:28992")
    grid = hg.Grid.over(area, cell_size=100)
    incidents = town(np.random.default_rng(5), [(85_000, 451_000, 60, always)])
    over = incidents.iloc[:3].set_geometry(gpd.points_from_xy([85_990.0] * 3, [451_000.0] * 3, crs=AREA.crs))
    both = pd.concat([incidents[incidents.geometry.x < 85_980], over.set_axis(["o1", "o2", "o3"])])
    found = hg.seasonal_areas(grid.snap(both), grid, eps=150, min_incidents=12)
    assert found.attrs["places"] == "cells"
    assert found.attrs["n"] == len(both) - 3
