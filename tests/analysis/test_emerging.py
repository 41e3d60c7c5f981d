"""Emerging hotspots: the definitions by hand, the statistic against gi_star, planted courses, chance, bad input."""

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
from scipy import stats
from shapely.geometry import box

import hicgeo as hg
from hicgeo.analysis.emerging import COURSES, courses, mann_kendall
from hicgeo.output.disclosure import release

RD = "EPSG:28992"
SIDE = 6000
GRID = hg.Grid.over(gpd.GeoSeries([box(0, 0, SIDE, SIDE)], crs=RD), cell_size=250)
STEPS = 12
PERIOD = ("2024-01-01", str((pd.Timestamp("2024-01-01") + pd.Timedelta(days=STEPS * 28 - 1)).date()))


def table(x, y, day):
    start = (pd.Timestamp("2024-01-01") + pd.to_timedelta(np.asarray(day, int), unit="D")).tz_localize(
        "Europe/Amsterdam"
    )
    return gpd.GeoDataFrame({"start": start, "end": start}, geometry=gpd.points_from_xy(x, y), crs=RD)


def town(per_step, spots=(), seed=1, each=1):
    """Incidents at random, `per_step` of them, and in square spots of 500 m: (west, south, numbers per step)."""
    rng = np.random.default_rng(seed)
    n = sum(per_step) // each
    x, y = (np.repeat(side, each) for side in rng.uniform(0, SIDE, (2, n)))
    step = np.repeat(np.arange(STEPS), np.array(per_step) // each)
    day = np.repeat(step * 28 + rng.integers(0, 28, n), each)
    for west, south, numbers in spots:
        more = sum(numbers)
        x, y = np.r_[x, west + rng.uniform(0, 500, more)], np.r_[y, south + rng.uniform(0, 500, more)]
        day = np.r_[day, np.repeat(np.arange(STEPS), numbers) * 28 + rng.integers(0, 28, more)]
    return table(x, y, day)


def found_in(points, **more):
    return hg.emerging_hotspots(points, GRID, **({"period": PERIOD, "radius_m": 500} | more))


def kind_at(found, x, y):
    return found.cells.loc[(np.floor(y / 250) * 250 + 125, np.floor(x / 250) * 250 + 125), "kind"]


# the definitions

H, L, O = 1, -1, 0  # noqa: E741 - high, low, neither
BY_HAND = {
    "nieuw": [([O] * 9 + [H], 0), ([L] + [O] * 8 + [H], 0)],
    "aaneengesloten": [([O] * 8 + [H, H], 0), ([O, O] + [H] * 8, 1), ([L] + [O] * 7 + [H, H], 0)],
    "toenemend": [([H] * 10, 1), ([H, O] + [H] * 8, 1), ([O] + [H] * 9, 1)],
    "blijvend": [([H] * 10, 0), ([H] * 4 + [O] + [H] * 5, 0)],
    "afnemend": [([H] * 10, -1), ([O] + [H] * 9, -1)],
    "wisselend": [([H] + [O] * 8 + [H], 0), ([O, H, O] * 3 + [H], 0), ([H] * 6 + [O] * 2 + [H] * 2, 1)],
    "omgeslagen": [([L, H] + [O] * 7 + [H], 0), ([H, L, O, H, O, O, O, O, H, H], 0)],
    "voorbij": [([H] * 9 + [O], 0), ([H] * 9 + [L], -1)],
    "": [([O] * 10, 0), ([H] * 8 + [O, O], 0), ([H] * 5 + [O] * 5, 1), ([O] * 9 + [L], 0), ([L] * 10, 0)],
}


@pytest.mark.parametrize("course", BY_HAND)
def test_each_course_is_as_it_is_written_down(course):
    for states, trend in BY_HAND[course]:
        states = np.array(states)[:, None]
        got = [name for name, member in courses(states == H, states == L, np.array([trend])).items() if member[0]]
        assert got == [course] * bool(course), states.ravel()


def test_courses_exclude_each_other():
    rng = np.random.default_rng(1)
    states = rng.choice([H, H, H, O, L], (10, 4000), p=[0.3, 0.3, 0.2, 0.1, 0.1])
    states[:, ::3] = np.maximum.accumulate(states[:, ::3], axis=0)
    states[:-1, 1::3] = np.minimum(states[:-1, 1::3], O)
    got = np.stack(list(courses(states == H, states == L, rng.choice([-1, 0, 1], 4000)).values()))
    assert got.sum(axis=0).max() == 1
    assert got.any(axis=1).all(), "each of them occurs"


def test_mann_kendall_reference():
    # n = 10, S = 23: variance 125, p 0.0491
    series = np.array([1, 2, 3, 4, 10, 9, 8, 7, 6, 5.0])
    s, z, p = mann_kendall(np.array([series, series[::-1]]).T)
    order = np.array([0, 1, 2, 3, 5, 4, 9, 6, 8, 7.0])
    assert s[0] == -s[1] == 45 - 2 * 15
    assert z[0] == -z[1] == pytest.approx(14 / np.sqrt(125))
    found = next(
        each for each in (np.random.default_rng(k).permutation(10.0 * np.ones(10).cumsum()) for k in range(10_000))
        if mann_kendall(each[:, None])[0][0] == 23
    )  # fmt: skip
    assert mann_kendall(found[:, None])[2][0] == pytest.approx(0.0491, abs=5e-5)
    assert mann_kendall(order[:, None])[0][0] == pytest.approx(stats.kendalltau(np.arange(10), order).statistic * 45)
    assert p[0] == p[1]


def test_mann_kendall_with_ties_by_hand():
    # 1 2 2 3: five pairs rise, one is a tie; variance (4 * 3 * 13 - 2 * 1 * 9) / 18
    s, z, _ = mann_kendall(np.array([[1.0], [2], [2], [3]]))
    assert s[0] == 5
    assert z[0] == pytest.approx(4 / np.sqrt((156 - 18) / 18))
    s, z, p = mann_kendall(np.full((6, 1), 4.0))
    assert (s[0], z[0], p[0]) == (0, 0, 1)


# the statistic


def test_z_is_that_of_gi_star():
    points = town([450] * STEPS, [(1000, 1000, [20] * STEPS)])
    found = found_in(points)
    xy, day = points.get_coordinates().to_numpy(), points["start"].dt.tz_localize(None)
    for step in (0, 5, 11):
        first = pd.Timestamp("2024-01-01") + pd.Timedelta(days=28 * step)
        here = (day >= first) & (day < first + pd.Timedelta(days=28))
        counts = GRID.counts(xy[here.to_numpy()])
        want = hg.gi_star(counts, 500.0)["z"].to_numpy()
        np.testing.assert_allclose(found.bins["z"][step].to_numpy(), want, atol=1e-9)
        np.testing.assert_array_equal(found.bins["incidents"][step].to_numpy(), counts.to_numpy())


def test_p_values_are_near_the_exact_ones_of_scattered_counts():
    found = found_in(town([400] * STEPS, seed=3))
    bins = found.bins.isel(step=4).stack(cell=("y", "x"))
    around, expected = bins["around"].to_numpy(), bins["expected"].to_numpy()
    # Binomial: of 400 at random, a part of the cells; its upper tail, twice
    share = np.round(expected / 400, 9)
    exact = 2 * stats.binom.sf(around - 1, 400, share)
    upper = (around > expected + 2) & (exact < 0.5)
    ratio = np.log(bins["p_value"].to_numpy()[upper]) / np.log(exact[upper])
    assert upper.sum() > 20
    assert ratio.min() > 0.85
    assert ratio.max() < 1.2


@pytest.mark.parametrize("each", [1, 3], ids=["scattered", "in threes on one place"])
@pytest.mark.parametrize("per_step", [60, 300])
def test_chance_has_no_hotspots(each, per_step):
    """At 5 % for a whole town: of 40 towns about two have a cell that stands out in any step."""
    alarms = [
        bool((found_in(town([per_step] * STEPS, seed=seed, each=each)).bins["state"] != 0).where(GRID.inside).any())
        for seed in range(40)
    ]
    assert sum(alarms) <= 6


# planted courses


def test_planted_courses_are_found():
    steady = [30] * STEPS
    spots = [
        (500, 500, steady),
        (3000, 500, [0] * (STEPS - 1) + [30]),
        (500, 3000, [0] * (STEPS - 4) + [30] * 4),
        (3000, 3000, [30] * (STEPS - 1) + [0]),
    ]
    found = found_in(town([450] * STEPS, spots))
    assert kind_at(found, 700, 700) == "blijvend hoog"
    assert kind_at(found, 3200, 700) == "nieuw hoog"
    assert kind_at(found, 700, 3200) == "aaneengesloten hoog"
    assert kind_at(found, 3200, 3200) == "voorbij hoog"
    row = found.cells.loc[(625, 3125)]
    assert row[["steps_high", "steps_low", "last", "run"]].tolist() == [1, 0, "hoog", 1]
    assert found.to_frame()["cells"].sum() == len(found.cells) == GRID.inside.sum()


@pytest.mark.parametrize(("course", "numbers"), [("toenemend", range(16, 64, 4)), ("afnemend", range(60, 12, -4))])
def test_a_trend_is_found(course, numbers):
    found = found_in(town([450] * STEPS, [(1750, 1750, list(numbers))]))
    assert kind_at(found, 1900, 1900) == f"{course} hoog"


def test_an_empty_corner_is_low():
    points = town([9000] * STEPS)
    kept = ~((points.geometry.x > 4500) & (points.geometry.y > 4500)).to_numpy()
    found = found_in(points[kept])
    assert kind_at(found, 5500, 5500) == "blijvend laag"
    assert (found.bins["state"].sel(x=5625, y=5625) == -1).all()


def test_a_busy_season_is_no_hotspot():
    found = found_in(town([50] * 6 + [500] * 6, seed=5))
    assert (found.cells["kind"] == "geen patroon").mean() > 0.99


def test_areas_are_the_cells_of_a_kind():
    found = found_in(town([450] * STEPS, [(500, 500, [30] * STEPS), (3000, 3000, [0] * 11 + [30])]))
    assert found.areas["cells"].sum() == (found.cells["kind"] != "geen patroon").sum()
    assert found.areas["area_ha"].tolist() == pytest.approx((found.areas.area / 1e4).tolist())
    named = found.cells[found.cells["kind"] != "geen patroon"]
    assert found.areas["incidents"].sum() == named["incidents"].sum()
    assert found.areas.union_all().area == pytest.approx(found.areas.area.sum())
    assert release(found.areas, "driehoek") is not None
    assert found.n == np.nansum(found.bins["incidents"])


def test_rows_make_no_difference():
    points = town([100] * STEPS, [(500, 500, [10] * STEPS)])
    pd.testing.assert_frame_equal(found_in(points.sample(frac=1, random_state=1)).cells, found_in(points).cells)


def test_steps_end_with_the_period_and_what_is_left_out_is_counted():
    points = town([100] * STEPS)
    points.loc[0, "start"] = pd.NaT
    points.loc[1, "end"] += pd.Timedelta("20D")
    points.loc[2, "geometry"] = None
    points.loc[[3, 4], "geometry"] = gpd.points_from_xy([9000, 9000], [0, 0])
    found = found_in(points, period=("2023-12-20", PERIOD[1]))
    assert (found.first_day, found.last_day) == (pd.Timestamp("2024-01-01"), pd.Timestamp(PERIOD[1]))
    assert (found.n_undated, found.n_long, found.n_unlocated, found.n_outside) == (1, 1, 1, 2)
    later = found_in(points, period=("2024-01-29", "2024-12-01"), step_days=30)
    left_out = later.n_other_period + later.n_outside + later.n_undated + later.n_long + later.n_unlocated
    assert later.n + left_out == len(points)
    assert len(later.bins["step"]) == 10


def test_steps_without_incidents_say_nothing():
    found = found_in(town([300] * 6 + [0] + [300] * 5, [(500, 500, [30] * 6 + [0] + [30] * 5)]))
    assert np.isnan(found.bins["z"][6]).all()
    assert kind_at(found, 700, 700) == "blijvend hoog"


def test_all_on_one_day_has_no_course():
    points = town([300] * STEPS)
    found = found_in(points.assign(start=points["start"].iloc[-1], end=points["start"].iloc[-1]))
    assert (found.cells["trend_p"] == 1).all()


@pytest.mark.parametrize(
    "wrong",
    [
        {"period": ("2024-01-01", "2024-03-01")}, {"period": "2024"}, {"step_days": 0}, {"step_days": 1.5},
        {"radius_m": 100}, {"radius_m": -1}, {"date": "noon"},
    ],
)  # fmt: skip
def test_bad_arguments_are_refused(wrong):
    with pytest.raises(hg.InputError):
        found_in(town([20] * STEPS), **wrong)


def test_bad_tables_are_refused():
    points = town([20] * STEPS)
    with pytest.raises(hg.CrsError):
        found_in(points.to_crs(4326))
    with pytest.raises(hg.ColumnError):
        found_in(points.drop(columns="start"))
    with pytest.raises(hg.InputError):
        found_in(points.iloc[:1])
    with pytest.raises(hg.InputError, match="none of"):
        found_in(points.set_geometry(points.translate(90_000)))


def test_a_period_without_incidents_has_no_course():
    found = found_in(town([20] * STEPS), period=("2014-01-01", "2015-01-01"))
    assert found.n == 0
    assert (found.cells["kind"] == "geen patroon").all()
    assert found.areas.empty


def test_every_course_is_named_for_a_reader():
    from hicgeo.output.language import text

    for language in ("nl", "en"):
        told = [text(f"course.{course}", language) for course in COURSES]
        assert len(set(told)) == len(COURSES)
