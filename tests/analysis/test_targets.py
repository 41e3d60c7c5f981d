"""Target areas: planted places come first, within the capacity, on the cells, with the right hours and kind."""

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from shapely.geometry import Point, box

import hicgeo as hg
from hicgeo.output.disclosure import release
from hicgeo.output.target_words import target_table

RD = "EPSG:28992"
TOWN = gpd.GeoSeries([box(0, 0, 4000, 4000)], crs=RD)
GRID = hg.Grid.over(TOWN, cell_size=100)
FIRST, START = pd.Timestamp("2020-01-01"), "2024-01-01"
OLD, WINTER, FRESH = (1050, 1050), (3050, 950), (1950, 3050)


def drawn(seed=1):
    """Even incidents of four years, and places: old (all years, Tuesday 20 h), winter (December), fresh (2023)."""
    rng = np.random.default_rng(seed)
    xy, moment = [rng.uniform(0, 4000, (800, 2))], [rng.uniform(0, 4 * 365.25, 800)]
    tuesday = np.arange(6, 4 * 365, 7) + 20.5 / 24  # 2020-01-07 was one
    xy.append(rng.normal(OLD, 60, (140, 2)))
    moment.append(rng.choice(tuesday, 140))
    xy.append(rng.normal(WINTER, 60, (60, 2)))
    moment.append(rng.choice([0, 366, 731, 1096], 60) + rng.choice(np.r_[0:12, 340:364], 60) + 0.5)
    xy.append(rng.normal(FRESH, 60, (40, 2)))
    moment.append(rng.uniform(1150, 1450, 40))
    start = FIRST + pd.to_timedelta(np.concatenate(moment), unit="D").floor("h")
    start = (
        pd.DatetimeIndex(start)
        .as_unit("us")
        .tz_localize("Europe/Amsterdam", ambiguous=True, nonexistent="shift_forward")
    )
    return gpd.GeoDataFrame(
        {"crime_type": "woninginbraak", "start": start, "end": start, "dwelling_type": "rijtjeshuis"},
        geometry=gpd.points_from_xy(*np.vstack(xy).T), crs=RD,
    )  # fmt: skip


@pytest.fixture(scope="module")
def incidents():
    return drawn()


@pytest.fixture(scope="module")
def surface(incidents):
    return hg.kde(incidents, GRID, bandwidth=300.0)


@pytest.fixture(scope="module")
def targets(surface, incidents):
    return hg.target_areas(surface, incidents, start=START, capacity_ha=36, largest_ha=12, rng=1)


def at(targets, place):
    """Row of the area that holds a place."""
    held = targets.areas[targets.areas.contains(Point(place))]
    assert len(held) == 1
    return held.iloc[0]


def test_planted_places_are_chosen_and_the_oldest_comes_first(targets):
    assert at(targets, OLD).name == 1
    for place in (WINTER, FRESH):
        assert at(targets, place).name <= 3
    assert targets.areas["expected"].is_monotonic_decreasing
    assert (targets.areas["rank_low"] <= targets.areas.index).all()
    assert (targets.areas["rank_high"] >= targets.areas.index).all()


def test_what_kind_of_place_it_is(targets):
    assert at(targets, OLD)["kind"] == "chronic"
    assert at(targets, WINTER)["kind"] == "seasonal"
    assert at(targets, WINTER)["season_ratio"] > 3
    assert at(targets, FRESH)["kind"] == "new"


def test_hours_are_those_of_the_place(targets):
    blocks = targets.blocks.loc[1]
    tuesday = blocks[blocks["weekday"] == 1]
    assert ((tuesday["hour_from"] <= 20) & (tuesday["hour_to"] > 20)).any()
    hours = ((targets.blocks["hour_to"] - targets.blocks["hour_from"]) % 24).sum()
    assert hours <= max(40, 4 * len(targets.areas))


def test_capacity_and_shapes(targets):
    areas = targets.areas
    assert targets.used_ha == areas["area_ha"].sum() <= 36
    assert (areas["area_ha"] <= 12).all()
    assert (areas.geom_type == "Polygon").all()  # in one piece
    assert (shapely.get_coordinates(areas.geometry) % 100 == 0).all()
    assert areas.geometry.union_all().area == pytest.approx(areas.area.sum())
    # The shapes may leave; an area with under five incidents may not, and the count of those left out is said.
    left = release(areas, "driehoek")
    assert left.index.tolist() == areas.index[areas["incidents"] >= 5].tolist() != []
    assert left.attrs.get("dropped", 0) == (areas["incidents"] < 5).sum()


def test_expected_adds_up(targets, surface, incidents):
    # the level of the last year times the season, by hand
    day = incidents["start"].dt.tz_localize(None)
    inside = GRID.locate(np.column_stack([incidents.geometry.x, incidents.geometry.y])) >= 0
    last = (inside & (day >= "2023-01-01") & (day < START)).sum()
    assert targets.expected == pytest.approx(last * 28 / 365 * targets.season_factor)
    assert targets.areas["share_expected"].sum() == pytest.approx(targets.areas["expected"].sum() / targets.expected)
    one = targets.areas.iloc[0]
    cells = np.array([one.geometry.contains(Point(x, y)) for y in GRID.y for x in GRID.x]).reshape(GRID.shape)
    share = surface.to_numpy()[cells].sum() / np.nansum(surface.to_numpy())
    assert one["expected"] == pytest.approx(share * targets.expected)
    assert one["expected_low"] <= one["expected"] <= one["expected_high"]


def test_what_comes_after_the_start_is_not_looked_at(surface, incidents, targets):
    later = incidents.assign(start=incidents["start"] + pd.Timedelta(days=4 * 365 + 30))
    later["end"] = later["start"]
    both = pd.concat([incidents, later], ignore_index=True)
    got = hg.target_areas(surface, both, start=START, capacity_ha=36, largest_ha=12, rng=1)
    pd.testing.assert_frame_equal(got.to_frame(), targets.to_frame())
    pd.testing.assert_frame_equal(got.blocks, targets.blocks)


def test_the_order_of_rows_changes_nothing(surface, incidents, targets):
    turned = incidents.sample(frac=1, random_state=1)
    got = hg.target_areas(surface, turned, start=START, capacity_ha=36, largest_ha=12, rng=1)
    pd.testing.assert_frame_equal(got.to_frame(), targets.to_frame())
    pd.testing.assert_frame_equal(got.blocks, targets.blocks)


def test_areas_stay_within_a_neighbourhood(surface, incidents):
    halves = gpd.GeoDataFrame(
        {"name": ["West", "Oost"]}, geometry=[box(0, 0, 1050, 4000), box(1050, 0, 4000, 4000)], crs=RD,
        index=pd.Index(["BU00000001", "BU00000002"], name="code"),
    )  # fmt: skip
    areas = hg.target_areas(surface, incidents, start=START, capacity_ha=36, neighbourhoods=halves, rng=1).areas
    side = np.where(areas.centroid.x < 1050, "BU00000001", "BU00000002")
    assert (areas["code"] == side).all()
    x = shapely.bounds(areas.geometry)
    assert ((x[:, 2] <= 1100) | (x[:, 0] >= 1000)).all()
    assert set(areas["name"]) <= {"West", "Oost"}


def test_recent_incidents_bring_near_repeats():
    """Half of the incidents have one follower nearby within a week; a recent one makes its surroundings expect more."""
    rng = np.random.default_rng(2)
    x, y, day = rng.uniform(0, 4000, 800), rng.uniform(0, 4000, 800), rng.integers(0, 1400, 800)
    x = np.r_[x, x[:400] + rng.uniform(-60, 60, 400), 2050]
    y = np.r_[y, y[:400] + rng.uniform(-60, 60, 400), 2050]
    day = np.r_[day, day[:400] + rng.integers(0, 7, 400), 1460]
    start = (FIRST + pd.to_timedelta(day, unit="D")).as_unit("us").tz_localize("Europe/Amsterdam")
    points = gpd.GeoDataFrame({"start": start, "end": start}, geometry=gpd.points_from_xy(x, y), crs=RD)
    flat = GRID.surface(np.ones(GRID.shape))
    chains = hg.near_repeat_chains(points, draws=99, rng=1)
    plain = hg.target_areas(flat, points, start=START, capacity_ha=4, largest_ha=4, rng=1)
    got = hg.target_areas(flat, points, start=START, capacity_ha=4, largest_ha=4, chains=chains, rng=1)
    assert got.areas.geometry.iloc[0].distance(Point(2050, 2050)) < 150
    assert got.areas["near"].iloc[0] > 0.05
    assert got.areas["expected"].iloc[0] > plain.areas["expected"].iloc[0]
    assert got.expected == pytest.approx(plain.expected)  # the total stays


def test_dwellings_and_mix(surface, incidents):
    homes = GRID.surface(np.full(GRID.shape, 30.0))
    got = hg.target_areas(surface, incidents, start=START, capacity_ha=20, at_risk=homes, rng=1)
    np.testing.assert_allclose(got.areas["dwellings"], 30 * got.areas["area_ha"])
    assert got.mix.loc[(1, "dwelling_type", "rijtjeshuis"), "incidents"] == got.areas["incidents"].iloc[0]


@pytest.mark.parametrize(
    "wrong",
    [
        {"horizon_days": 10}, {"capacity_ha": 1}, {"capacity_hours": 0}, {"largest_ha": 1}, {"start": "soon"},
        {"start": "2020-01-03"},
    ],
)  # fmt: skip
def test_bad_arguments_are_refused(surface, incidents, wrong):
    with pytest.raises(hg.InputError):
        hg.target_areas(surface, incidents, **{"start": START, "rng": 1} | wrong)


def test_surfaces_that_cannot_be_used(surface, incidents):
    small = hg.Grid.over(TOWN, cell_size=50)
    with pytest.raises(hg.InputError, match="at least 100 m"):
        hg.target_areas(hg.kde(incidents, small, bandwidth=300.0), incidents, start=START, rng=1)
    with pytest.raises(hg.InputError, match="not all 0"):
        hg.target_areas(GRID.surface(np.zeros(GRID.shape)), incidents, start=START, rng=1)
    with pytest.raises(hg.AlignmentError):
        hg.target_areas(surface, incidents, start=START, at_risk=small.surface(np.ones(small.shape)), rng=1)


# what lies near


def test_nearness_by_hand():
    # 100 homes on a line, 10 of them within 50 m of the shop; 8 of 20 incidents there: 2 expected.
    homes = gpd.GeoDataFrame(geometry=gpd.points_from_xy(np.arange(100) * 200.0, np.zeros(100)), crs=RD)
    homes.loc[:9, "geometry"] = gpd.points_from_xy(np.linspace(-45, 45, 10), np.zeros(10))
    shop = gpd.GeoDataFrame(geometry=[Point(0, 0)], crs=RD)
    day = (FIRST + pd.to_timedelta(np.arange(20) * 30, unit="D")).tz_localize("Europe/Amsterdam")
    struck = gpd.GeoDataFrame(
        {"start": day, "end": day}, geometry=gpd.points_from_xy([0.0] * 8 + [9e4] * 12, [0.0] * 20), crs=RD
    )
    nowhere = gpd.GeoDataFrame(geometry=[Point(9e5, 9e5)], crs=RD)
    got = hg.context_layers(struck, {"shop": shop, "nowhere": nowhere, "none": shop.iloc[:0]}, homes, distance_m=50)
    assert got.loc["shop", ["features", "incidents", "expected", "ratio"]].tolist() == [1, 8, 2, 4]
    from scipy.stats import binom

    assert got.loc["shop", "p_value"] == pytest.approx(2 * binom.sf(7, 20, 0.1))
    assert got.loc[["nowhere", "none"], ["expected", "p_value", "ratio"]].isna().all(axis=None)


def test_no_false_nearness_when_incidents_fall_on_homes_at_random():
    rng = np.random.default_rng(3)
    homes = gpd.GeoDataFrame(geometry=gpd.points_from_xy(*rng.uniform(0, 4000, (2, 5000))), crs=RD)
    shops = gpd.GeoDataFrame(geometry=gpd.points_from_xy(*rng.uniform(0, 4000, (2, 20))), crs=RD)
    day = (FIRST + pd.to_timedelta(rng.integers(0, 1400, 200), unit="D")).tz_localize("Europe/Amsterdam")
    false = 0
    for _ in range(100):
        struck = homes.iloc[rng.integers(0, 5000, 200)].assign(start=day, end=day)
        false += hg.context_layers(struck, {"shops": shops}, homes, distance_m=200)["p_value"].iloc[0] <= 0.05
    assert false <= 10


def test_homes_per_cell_say_the_same_as_homes_at_the_centres_of_cells():
    rng = np.random.default_rng(4)
    grid = hg.Grid.over(gpd.GeoSeries([box(0, 0, 3000, 2000)], crs=RD), cell_size=100)
    homes = rng.uniform(0, [3000, 2000], (3000, 2))
    centres = np.floor(homes / 100) * 100 + 50
    shops = gpd.GeoDataFrame(geometry=gpd.points_from_xy(*rng.uniform(0, 2000, (2, 5))), crs=RD)
    day = (FIRST + pd.to_timedelta(rng.integers(0, 1400, 90), unit="D")).tz_localize("Europe/Amsterdam")
    struck = centres[rng.integers(0, 3000, 90)]

    def table(places):
        return gpd.GeoDataFrame({"start": day, "end": day}, geometry=gpd.points_from_xy(*places.T), crs=RD)

    points = gpd.GeoDataFrame(geometry=gpd.points_from_xy(*centres.T), crs=RD)
    one = hg.context_layers(table(struck), {"shops": shops}, points, distance_m=200)
    other = hg.context_layers(table(struck), {"shops": shops}, grid.counts(homes), distance_m=200)
    pd.testing.assert_frame_equal(one, other)
    assert 0 < one["incidents"].iloc[0] < 90
    # an incident counts where its cell is, and not at all outside the cells
    moved = np.vstack([struck[:80] + rng.uniform(-49, 49, (80, 2)), np.full((10, 2), 9000.0)])
    got = hg.context_layers(table(moved), {"shops": shops}, grid.counts(homes), distance_m=200)
    assert got.attrs["n"] == 80
    near = ((struck[:80, None] - np.array([[p.x, p.y] for p in shops.geometry])) ** 2).sum(-1).min(1) <= 200**2
    assert got["incidents"].iloc[0] == near.sum()
    with pytest.raises(hg.InputError, match="none does"):
        hg.context_layers(table(np.full((90, 2), 9000.0)), {"shops": shops}, grid.counts(homes), distance_m=200)
    with pytest.raises(hg.CrsError):
        hg.context_layers(table(struck).to_crs(3857), {}, grid.counts(homes), distance_m=200)


def test_what_lies_near_areas_is_counted_and_nothing_else():
    areas = gpd.GeoDataFrame(geometry=[box(0, 0, 200, 200), box(1000, 0, 1200, 200)], crs=RD)
    areas.index = pd.Index([1, 2], name="rank")
    schools = gpd.GeoDataFrame(
        {"naam": ["CANARY"] * 4}, geometry=gpd.points_from_xy([100, 450, 451, 1200], [100, 100, 100, 450]), crs=RD
    )
    rail = gpd.GeoDataFrame(geometry=[shapely.LineString([(-500, 300), (2000, 300)])], crs=RD)
    got = hg.nearby(areas, {"schools": schools, "rail": rail, "none": schools.iloc[:0]}, distance_m=250)
    assert got["features"].unstack().to_dict("index") == {
        1: {"schools": 2, "rail": 1, "none": 0},  # 450 m is 250 m from the border, 451 m is more
        2: {"schools": 1, "rail": 1, "none": 0},
    }
    assert hg.nearby(areas, {}, distance_m=250).empty
    with pytest.raises(hg.InputError):
        hg.nearby(areas, {"rail": rail}, distance_m=0)
    with pytest.raises(hg.CrsError):
        hg.nearby(areas, {"rail": rail.to_crs(3857)}, distance_m=100)


def test_context_refuses():
    homes = gpd.GeoDataFrame(geometry=gpd.points_from_xy([0.0, 1.0], [0.0, 1.0]), crs=RD)
    points = drawn().iloc[:50]
    with pytest.raises(hg.InputError):
        hg.context_layers(points, {}, homes, distance_m=0)
    with pytest.raises(hg.InputError):
        hg.context_layers(points, {}, homes.iloc[:0], distance_m=100)
    with pytest.raises(hg.CrsError):
        hg.context_layers(points, {"a": homes.to_crs(3857)}, homes, distance_m=100)


# streets


def lines(*pairs, names=None):
    return gpd.GeoDataFrame(
        {"name": names or [f"Straat {k}" for k in range(len(pairs))]},
        geometry=[shapely.LineString(each) for each in pairs], crs=RD,
    )  # fmt: skip


def test_areas_keep_to_the_streets_that_are_given(surface, incidents):
    # three streets beside each other through the old place; nothing elsewhere
    streets = lines(*[[(0, y), (2000, y)] for y in (950, 1050, 1150)], names=["Lange Laan", "Kerkweg", None])
    got = hg.target_areas(surface, incidents, start=START, capacity_ha=36, largest_ha=12, streets=streets, rng=1)
    band = box(0, 900, 2000, 1200)
    assert (got.areas.within(band)).all()
    assert at(got, OLD).name == 1
    for _, row in got.areas.iterrows():
        assert row["street_km"] == pytest.approx(streets.intersection(row.geometry).length.sum() / 1000)
        assert set(row["streets"].split(", ")) <= {"Lange Laan", "Kerkweg"}
    assert release(got.areas.drop(columns="streets"), "driehoek") is not None, "still unions of cells"


def test_without_streets_nothing_is_said_of_them(targets):
    assert targets.areas[["street_km", "streets"]].isna().all(axis=None)


def test_the_street_with_most_metres_stands_first(surface, incidents):
    whole = [[(0, 100 * k + 50), (4000, 100 * k + 50)] for k in range(40)]
    short = [(1000, 1000), (1010, 1010)]
    got = hg.target_areas(
        surface, incidents, start=START, capacity_ha=4, largest_ha=4,
        streets=lines(*whole, short, names=["Lang"] * 40 + ["Aardig"]), rng=1,
    )  # fmt: skip
    assert got.areas["streets"].iloc[0].split(", ")[0] == "Lang"


def test_streets_that_are_of_no_use_are_refused(surface, incidents):
    asked = {"start": START, "capacity_ha": 36, "rng": 1}
    away = lines([(90_000, 0), (90_100, 0)])
    with pytest.raises(hg.InputError, match="none of 1"):
        hg.target_areas(surface, incidents, streets=away, **asked)
    with pytest.raises(hg.CrsError):
        hg.target_areas(surface, incidents, streets=lines([(0, 0), (9, 9)]).to_crs(32631), **asked)
    with pytest.raises(hg.InputError, match="none of 0"):
        hg.target_areas(surface, incidents, streets=away.iloc[:0], **asked)


# dates without hours, and other input that says little


def test_dates_without_hours_name_no_hours(surface, incidents):
    dated = incidents.assign(start=incidents["start"].dt.normalize())
    dated["end"] = dated["start"]
    got = hg.target_areas(surface, dated, start=START, capacity_ha=36, largest_ha=12, rng=1)
    assert got.blocks.empty
    assert len(got.areas)
    assert (target_table(got, crime_type="woninginbraak")["hours"] == "geen uren aan te wijzen").all()


def test_a_handful_of_incidents_has_no_hours_of_its_own(surface, incidents, targets):
    """Of all but three incidents of one place the hour is unknown; those three are at three at night on Sundays."""
    there = np.flatnonzero(incidents.intersects(at(targets, OLD).geometry))
    few = incidents.copy()
    row = np.isin(np.arange(len(few)), there)
    few["end"] = few["start"].mask(row, few["start"] + pd.Timedelta("4D"))  # says where, not when
    nights = pd.DatetimeIndex(["2021-01-03 03:05", "2022-05-15 03:05", "2023-06-11 03:05"], tz="Europe/Amsterdam")
    for name in ("start", "end"):
        few.loc[few.index[there[:3]], name] = nights.as_unit("us")
    got = hg.target_areas(surface, few, start=START, capacity_ha=36, largest_ha=12, rng=1)
    rank = at(got, OLD).name
    mine, others = got.blocks.loc[rank], got.blocks.drop(index=rank, level="rank")
    assert not mine["own"].any()
    assert others["own"].any()
    assert not ((mine["weekday"] == 6) & (mine["hour_from"] <= 3)).any(), "three incidents are no pattern"
    said = target_table(got, crime_type="woninginbraak")["hours"]
    assert said[rank].startswith("te weinig incidenten voor eigen uren; van alle gebieden samen: ")
    assert not said[others.index[others["own"]][0][0]].startswith("te weinig")


def test_some_without_hours_do_not_make_midnight_busy(surface, incidents, targets):
    some = incidents.copy()
    part = np.arange(len(some)) % 3 == 0
    some.loc[part, "start"] = some.loc[part, "start"].dt.normalize()
    some["end"] = some["start"]
    blocks = hg.target_areas(surface, some, start=START, capacity_ha=36, largest_ha=12, rng=1).blocks.loc[1]
    tuesday = blocks[blocks["weekday"] == 1]
    assert ((tuesday["hour_from"] <= 20) & (tuesday["hour_to"] > 20)).any()
    assert not ((blocks["hour_from"] == 0) | (blocks["hour_to"].between(1, 3))).any()


def test_the_hour_of_a_finding_is_not_that_of_the_crime(surface, incidents):
    found = incidents.assign(time_status="to_only")
    got = hg.target_areas(surface, found, start=START, capacity_ha=36, largest_ha=12, rng=1)
    assert got.blocks.empty


def test_all_on_one_day_is_a_matter_of_place(surface, incidents):
    day = pd.Timestamp("2023-06-01 12:00", tz="Europe/Amsterdam")
    got = hg.target_areas(
        surface, incidents.assign(start=day, end=day), start=START, capacity_ha=36, largest_ha=12, rng=1
    )
    assert np.isnan(got.season_factor)
    assert (got.areas["kind"] == "").all()
    assert (got.areas["expected_low"] <= got.areas["expected"]).all()
