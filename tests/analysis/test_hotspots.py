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


@pytest.fixture(scope="module")
def homes(grid):
    return grid.counts(np.random.default_rng(1).uniform([0, 0], [5000, 4000], (20_000, 2)))


@pytest.fixture(scope="module")
def tested(points, grid, homes):
    return hg.hotspots(points, grid, bandwidth=300, at_risk=homes, significance=0.05, rng=1)


def test_what_was_planted_is_more_than_chance(tested):
    assert (tested["kind"] == "meer dan toeval").all()
    assert (tested["p_value"] <= 0.05).all()
    for centre in CLUSTERS:
        assert tested.contains(Point(centre)).sum() == 1
    assert len(tested) == 3
    assert tested.attrs["rule"] == "significance"


def test_the_densest_cells_of_chance_are_not_more_than_chance(grid, homes):
    rng = np.random.default_rng(8)
    even = gpd.GeoDataFrame(geometry=gpd.points_from_xy(*rng.uniform([0, 0], [5000, 4000], (500, 2)).T), crs=RD)
    got = hg.hotspots(even, grid, bandwidth=300, at_risk=homes, rng=1)
    assert len(got)
    assert "meer dan toeval" not in set(got["kind"])
    assert "niet te onderscheiden" in set(got["kind"])
    assert len(hg.hotspots(even, grid, bandwidth=300, at_risk=homes, significance=0.05, rng=1)) == 0


def test_where_little_is_expected_nothing_is_tested(grid):
    rng = np.random.default_rng(9)
    # all dwellings in the west, one lone farm in the east that is struck time and again
    homes = grid.counts(np.vstack([rng.uniform([0, 0], [2000, 4000], (5000, 2)), [[4550.0, 2050.0]]]))
    xy = np.vstack([rng.uniform([0, 0], [2000, 4000], (60, 2)), np.tile([4550.0, 2050.0], (12, 1))])
    got = hg.hotspots(
        gpd.GeoDataFrame(geometry=gpd.points_from_xy(*xy.T), crs=RD), grid, bandwidth=300, at_risk=homes, rng=1
    )
    assert got.loc[1, "kind"] == "te weinig om te toetsen"
    assert np.isnan(got.loc[1, "p_value"])
    assert got.loc[1, "ratio"] > 100


def test_a_density_marks_all_cells_above_it(points, grid):
    surface = hg.kde(points, grid, bandwidth=300)
    got = hg.hotspots(points, grid, bandwidth=300, density=200.0, rng=1)
    cells = int((surface >= 200).sum())
    assert got.attrs["share"] == pytest.approx(cells / 2000)
    assert got["area_ha"].sum() <= cells
    assert got.attrs["threshold"] >= 200


def test_a_hole_stays_open_and_is_not_counted(grid):
    # a ring of incidents around a quiet park: one area with a hole
    angle = np.linspace(0, 2 * np.pi, 300, endpoint=False)
    ring = np.column_stack([2550 + 900 * np.cos(angle), 2050 + 900 * np.sin(angle)])
    park = np.tile([2550.0, 2050.0], (3, 1))
    both = gpd.GeoDataFrame(geometry=gpd.points_from_xy(*np.vstack([ring, park]).T), crs=RD)
    got = hg.hotspots(both, grid, bandwidth=200, density=20.0, rng=1)
    first = got.geometry[1]
    assert len(first.interiors) == 1
    assert not first.contains(Point(2550, 2050))
    assert got.loc[1, "incidents"] == 300
    assert got.loc[1, "area_ha"] == pytest.approx(first.area / 1e4)


def test_small_pieces_can_be_left_out(points, grid, spots):
    least = float(spots["area_ha"].iloc[:2].min())
    got = hg.hotspots(points, grid, bandwidth=300, share=0.03, min_area_ha=least, rng=1)
    assert (got["area_ha"] >= least).all()
    assert got.attrs["dropped_areas"] >= spots.attrs["dropped_areas"]


def test_incidents_at_a_police_station_are_left_out(points, grid):
    station = gpd.GeoSeries([Point(4500, 3500)], crs=RD)
    heap = gpd.GeoDataFrame({"start": points["start"].iloc[:80]}, geometry=[Point(4501, 3500)] * 80, crs=RD)
    both = pd.concat([points, heap], ignore_index=True)
    assert hg.hotspots(both, grid, bandwidth=300, rng=1).contains(Point(4501, 3500)).any()
    got = hg.hotspots(both, grid, bandwidth=300, stations=station.to_crs(4258), rng=1)
    assert got.attrs["n_station"] == 80
    assert not got.contains(Point(4501, 3500)).any()
    assert got.attrs["n"] == len(points)


def test_old_hotspots_are_told_from_new_ones(points, grid, homes):
    rng = np.random.default_rng(6)
    rows = []
    for year in (2021, 2022, 2023):
        # the first cluster was there every year, the second only in 2022
        busy = [(1250, 1250, 60)] + ([(3750, 1150, 60)] if year == 2022 else [])
        xy = np.vstack(
            [rng.uniform([0, 0], [5000, 4000], (300, 2))] + [rng.normal(at[:2], 80, (at[2], 2)) for at in busy]
        )
        start = pd.DatetimeIndex([pd.Timestamp(year, 6, 1, tz="Europe/Amsterdam")] * len(xy))
        rows.append(gpd.GeoDataFrame({"start": start}, geometry=gpd.points_from_xy(*xy.T), crs=RD))
    earlier = pd.concat(rows, ignore_index=True)
    got = hg.hotspots(points, grid, bandwidth=300, at_risk=homes, share=0.03, earlier=earlier, rng=1)
    kinds = {centre: got.loc[got.contains(Point(centre)), "history"].item() for centre in CLUSTERS}
    assert list(kinds.values()) == ["chronisch", "wisselend", "nieuw"]
    assert got.loc[1, ["years_hot", "years"]].tolist() == [3, 3]
    without = hg.hotspots(points, grid, bandwidth=300, share=0.03, rng=1)
    assert set(without["history"]) == {"onbekend"}
    with pytest.raises(hg.InputError, match="start"):
        hg.hotspots(points, grid, bandwidth=300, earlier=earlier.drop(columns="start"), rng=1)


def test_a_sharp_cluster_is_stable_and_noise_is_not(grid, spots):
    assert spots["stability"].between(0, 1).all()
    assert spots["stability"].iloc[:2].min() > 0.7
    xy = np.random.default_rng(8).uniform([0, 0], [5000, 4000], (500, 2))
    noise = hg.hotspots(gpd.GeoDataFrame(geometry=gpd.points_from_xy(*xy.T), crs=RD), grid, bandwidth=300, rng=1)
    assert noise["stability"].max() < spots["stability"].iloc[0]


def test_top_three_is_as_firm_as_the_ranks(spots):
    assert spots["top3"].between(0, 1).all()
    sure = spots["rank_high"] <= 3
    assert (spots.loc[sure, "top3"] >= 0.97).all()
    assert (spots.loc[spots["rank_low"] > 3, "top3"] <= 0.025).all()
    assert spots["top3"].sum() <= 3 + 1e-9


@pytest.mark.parametrize(("edge", "at"), [("none", (50, 50)), ("diggle", (50, 50)), ("none", (4550, 650))])
def test_alone_is_what_one_cell_can_hold_before_it_is_marked(grid, edge, at):
    """The middle of the town stays as it is; what is added lies out of its reach, in a corner or anywhere."""
    middle = np.random.default_rng(3).uniform([2000, 1500], [3000, 2500], (240, 2)) // 100 * 100 + 50

    def drawn(extra):
        xy = np.vstack([middle, np.tile(at, (extra, 1))])
        made = gpd.GeoSeries(gpd.points_from_xy(*xy.T), crs=RD)
        return hg.hotspots(made, grid, bandwidth=300, share=0.02, edge=edge, rng=1)

    holds = int(drawn(0).attrs["alone"])
    assert holds >= 5
    assert not drawn(holds).geometry.intersects(Point(at)).any()
    assert drawn(holds + 1).geometry.intersects(Point(at)).any()


def test_a_bandwidth_is_widened_until_other_cells_can_hold_enough(points, grid):
    common = {"share": 0.03, "edge": "none", "rng": 1}
    made = hg.hotspots(points, grid, bandwidth=120, alone=9, **common)
    assert made.attrs["method"] == "widened"
    assert made.attrs["alone"] >= 9
    narrower = hg.hotspots(points, grid, bandwidth=made.attrs["bandwidth"] - 50, **common)
    assert narrower.attrs["alone"] < 9
    left = hg.hotspots(points, grid, bandwidth=500, alone=9, **common)
    assert left.attrs["bandwidth"] == 500
    assert left.attrs["method"] == "given"
    with pytest.raises(hg.InputError, match="alone must go with share"):
        hg.hotspots(points, grid, bandwidth=300, density=50, alone=9, rng=1)
    with pytest.raises(hg.InputError, match="no bandwidth allows it"):
        hg.hotspots(points, grid, bandwidth=300, alone=1e6, **common)


def test_rules_that_contradict_are_refused(points, grid, homes):
    settings = {"bandwidth": 300, "rng": 1}
    with pytest.raises(hg.InputError, match="one rule"):
        hg.hotspots(points, grid, at_risk=homes, density=10.0, significance=0.05, **settings)
    with pytest.raises(hg.InputError, match="against what is at risk"):
        hg.hotspots(points, grid, significance=0.05, **settings)
    for wrong in ({"density": 0.0}, {"density": np.nan}, {"min_area_ha": -1.0}):
        with pytest.raises(hg.InputError):
            hg.hotspots(points, grid, **wrong, **settings)
    with pytest.raises(hg.InputError, match="between 0 and 1"):
        hg.hotspots(points, grid, at_risk=homes, significance=1.5, **settings)
    with pytest.raises(hg.InputError, match="something at risk"):
        hg.hotspots(points, grid, at_risk=homes * 0, **settings)


@pytest.mark.parametrize("n", [0, 1, 29])
def test_too_few_come_with_their_interval(points, grid, n):
    with pytest.raises(hg.InputError, match=rf"{n} \(95 % interval.*counts per neighbourhood"):
        hg.hotspots(points.iloc[:n], grid, bandwidth=300, rng=1)


def test_a_burst_on_one_spot_is_near_repeat_and_not_a_hotspot(grid, homes):
    # eight incidents within days of each other in one block, among 150 all over the town
    rng = np.random.default_rng(12)
    xy = np.vstack([rng.uniform([0, 0], [5000, 4000], (150, 2)), rng.normal([2500, 2000], 20, (10, 2))])
    day = pd.Timestamp("2024-01-01") + pd.to_timedelta(np.arange(160) * 2.0, unit="D")
    spread = gpd.GeoDataFrame({"start": day}, geometry=gpd.points_from_xy(*xy.T), crs=RD)
    burst = spread.assign(start=day.where(np.arange(160) < 150, day[150]))
    settings = {"bandwidth": 300, "at_risk": homes, "significance": 0.05, "rng": 1}
    apart = hg.hotspots(
        spread.assign(start=spread["start"].sample(frac=1, random_state=2).to_numpy()), grid, **settings
    )
    assert len(apart) == 1
    assert apart.geometry[1].contains(Point(2500, 2000))
    assert len(hg.hotspots(burst, grid, **settings)) == 0
