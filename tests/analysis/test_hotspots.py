"""Hotspots: planted clusters found, cells on the raster, ranks that say how firm they are."""

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from shapely.geometry import Point, box

import hicgeo as hg

RD = "EPSG:28992"
TOWN = box(0, 0, 5000, 4000)
CLUSTERS = {(1250, 1250): 150, (3750, 1150): 90, (2450, 3250): 60}


@pytest.fixture(scope="module")
def grid():
    return hg.Grid.over(gpd.GeoSeries([TOWN], crs=RD), cell_size=100)


@pytest.fixture(scope="module")
def points():
    rng = np.random.default_rng(7)
    xy = [rng.uniform([0, 0], [5000, 4000], (400, 2))]
    xy += [rng.normal(centre, 80, (n, 2)) for centre, n in CLUSTERS.items()]
    xy = np.vstack(xy)
    day = pd.Timestamp("2024-01-01", tz="Europe/Amsterdam") + pd.to_timedelta(rng.integers(0, 700, len(xy)), unit="D")
    return gpd.GeoDataFrame({"start": day}, geometry=gpd.points_from_xy(*xy.T), crs=RD)


@pytest.fixture(scope="module")
def spots(points, grid):
    return hg.hotspots(points, grid, bandwidth=300, share=0.03, rng=1)


def test_planted_clusters_come_out_in_their_order(spots):
    for rank, centre in enumerate(CLUSTERS, start=1):
        assert spots.geometry[rank].contains(Point(centre))
    assert spots["incidents"].is_monotonic_decreasing
    assert (spots["rank_low"] <= spots.index).all()
    assert (spots["rank_high"] >= spots.index).all()
    assert spots.loc[1, ["rank_low", "rank_high"]].tolist() == [1, 1]


def test_numbers_are_those_of_the_shape(spots, points, grid):
    for rank, shape in spots.geometry.items():
        # Half-open cells: a point on the north or east side belongs to the next cell; none lies there.
        assert spots["incidents"][rank] == points.intersects(shape).sum()
        assert spots["area_ha"][rank] == pytest.approx(shape.area / 1e4)
    np.testing.assert_allclose(spots["share_incidents"], spots["incidents"] / spots.attrs["n"])
    np.testing.assert_allclose(spots["share_area"], spots["area_ha"] / (TOWN.area / 1e4))
    assert spots["area_ha"].sum() <= round(0.03 * grid.inside.sum())


def test_shapes_are_whole_cells_of_the_raster(spots):
    corners = shapely.get_coordinates(spots.geometry.to_numpy())
    assert (corners % 100 == 0).all()
    assert spots.is_valid.all()


def test_nothing_is_tested_and_it_says_so(spots):
    assert (spots["kind"] == "beschrijvend").all()
    assert spots["p_value"].isna().all()
    assert spots[["expected", "ratio"]].isna().all(axis=None)


def test_expected_follows_the_dwellings(points, grid):
    homes = grid.counts(np.random.default_rng(1).uniform([0, 0], [5000, 4000], (20_000, 2)))
    got = hg.hotspots(points, grid, bandwidth=300, share=0.03, at_risk=homes, rng=1)
    first = got.geometry[1]
    inside = shapely.contains_xy(first, *np.meshgrid(grid.x, grid.y))
    assert got["expected"][1] == pytest.approx(got.attrs["n"] * float(homes.to_numpy()[inside].sum()) / 20_000)
    np.testing.assert_allclose(got["ratio"], got["incidents"] / got["expected"])
    with pytest.raises(hg.AlignmentError, match="same grid"):
        hg.hotspots(points, grid, bandwidth=300, at_risk=homes[:10], rng=1)


def test_the_order_of_rows_does_not_matter(points, grid, spots):
    again = hg.hotspots(points.sample(frac=1, random_state=3), grid, bandwidth=300, share=0.03, rng=1)
    pd.testing.assert_frame_equal(again.drop(columns="geometry"), spots.drop(columns="geometry"))
    assert again.geometry.geom_equals(spots.geometry).all()


def test_equal_clusters_cannot_be_told_apart(grid):
    rng = np.random.default_rng(2)
    xy = np.vstack(
        [rng.normal(centre, 60, (50, 2)) for centre in [(1000, 1000), (4000, 1000), (1000, 3000), (4000, 3000)]]
    )
    got = hg.hotspots(
        gpd.GeoDataFrame(geometry=gpd.points_from_xy(*xy.T), crs=RD), grid, bandwidth=300, share=0.05, rng=1
    )
    assert (got["rank_high"] - got["rank_low"] >= 2).all()


def test_near_repeats_widen_the_rank_interval(grid):
    rng = np.random.default_rng(4)
    centres = [(1000, 1000), (4000, 1000), (1000, 3000), (4000, 3000)]
    xy = np.vstack([rng.normal(centre, 20, (n, 2)) for centre, n in zip(centres, (90, 75, 60, 45), strict=True)])
    day = pd.Timestamp("2024-01-01", tz="Europe/Amsterdam")
    apart = gpd.GeoDataFrame(
        {"start": [day + pd.Timedelta(days=30 * i) for i in range(len(xy))]}, geometry=gpd.points_from_xy(*xy.T), crs=RD
    )
    # The same places, but struck in bursts of ten on one day.
    bursts = apart.assign(start=[day + pd.Timedelta(days=30 * (i // 10)) for i in range(len(xy))])
    width = [
        (found["rank_high"] - found["rank_low"]).sum()
        for found in (hg.hotspots(each, grid, bandwidth=300, share=0.05, rng=1) for each in (apart, bursts))
    ]
    assert width[1] > width[0]


def test_small_numbers_make_no_hotspots(points, grid):
    with pytest.raises(hg.InputError, match=r"at least 30 incidents.*29.*longer period"):
        hg.hotspots(points.iloc[:29], grid, bandwidth=300, rng=1)
    for share in (0, 1, -0.1):
        with pytest.raises(hg.InputError, match="share"):
            hg.hotspots(points, grid, bandwidth=300, share=share, rng=1)


def test_all_at_one_address_is_one_hotspot(grid):
    one = gpd.GeoDataFrame(geometry=[Point(2010, 2020)] * 40, crs=RD)
    got = hg.hotspots(one, grid, bandwidth=300, rng=1)
    assert len(got) == 1
    assert got["incidents"].tolist() == [40]
