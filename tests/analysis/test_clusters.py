"""Waves in place and time: plain twins, hand-made patterns, invariances, exactness under chance, too little to say."""

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

import hicgeo as hg
from hicgeo.analysis.clusters import _Circles, density_clusters
from hicgeo.output.disclosure import release

RD = "EPSG:28992"
YEAR = ("2023-01-01", "2023-12-31")


def table(x, y, day, crs=RD, **more):
    start = (pd.Timestamp("2023-01-01") + pd.to_timedelta(np.asarray(day, int), unit="D")).tz_localize(
        "Europe/Amsterdam"
    )
    return gpd.GeoDataFrame({"start": start, "end": start, **more}, geometry=gpd.points_from_xy(x, y), crs=crs)


@pytest.fixture(scope="module")
def scattered():
    rng = np.random.default_rng(3)
    return table(*rng.uniform(0, 3000, (2, 200)), rng.integers(0, 365, 200))


@pytest.fixture(scope="module")
def two_waves(scattered):
    """Eight within a week in March, and seven in the last week of the year elsewhere."""
    rng = np.random.default_rng(4)
    x = np.concatenate([1010 + rng.uniform(0, 180, 8), 2510 + rng.uniform(0, 180, 7)])
    y = np.concatenate([2010 + rng.uniform(0, 180, 8), 510 + rng.uniform(0, 80, 7)])
    day = np.concatenate([rng.integers(70, 77, 8), rng.integers(358, 365, 7)])
    return pd.concat([scattered, table(x, y, day)], ignore_index=True)


# the scan


def slow_cylinders(cell, day, length, radius, longest, now, least):
    """Every cylinder there is, looked at one by one: (ratio, centre, cells, first day, last day, incidents)."""
    places = sorted({tuple(each) for each in cell.tolist()})
    total = len(day)
    for centre in places:
        away = sorted(
            ((place[0] - centre[0]) ** 2 + (place[1] - centre[1]) ** 2, i)
            for i, place in enumerate(places)
            if (place[0] - centre[0]) ** 2 + (place[1] - centre[1]) ** 2 <= radius**2
        )
        circle = set()
        for _, i in away:
            circle.add(places[i])
            here = np.array([tuple(each) in circle for each in cell.tolist()])
            if 2 * here.sum() > total:
                break
            for last in [length - 1] if now else range(length):
                for first in range(max(0, last - longest + 1), last + 1):
                    soon = (day >= first) & (day <= last)
                    c, mean = (here & soon).sum(), here.sum() * soon.sum() / total
                    ratio = 0.0
                    if c >= least and c > mean:
                        ratio = c * np.log(c / mean)
                        if c < total:
                            ratio += (total - c) * np.log((total - c) / (total - mean))
                    yield ratio, centre, frozenset(circle), first, last, c


@pytest.mark.parametrize("now", [True, False])
@pytest.mark.parametrize("seed", range(4))
def test_the_largest_ratio_is_that_of_all_cylinders(now, seed):
    rng = np.random.default_rng(seed)
    xy, day = rng.integers(0, 500, (25, 2)).astype(float), rng.integers(0, 20, 25)
    town = _Circles(xy, day, 20, 100.0, 300.0)
    cell = np.floor(xy / 100).astype(int)
    slow = max(slow_cylinders(cell, day, 20, 3, 6, now, 2), key=lambda each: each[0])[0]
    assert town.largest(town.day, 6, now, 2) == pytest.approx(slow, abs=1e-9)
    # and of another order of the dates
    turned = rng.permutation(25)
    slow = max(slow_cylinders(cell[town.order], town.day[turned], 20, 3, 6, now, 2), key=lambda each: each[0])[0]
    assert town.largest(town.day[turned], 6, now, 2) == pytest.approx(slow, abs=1e-9)


def test_expected_and_ratio_by_hand():
    # 4 of 20 incidents lie in one cell, 3 of them in the last week; town has 5 in that week.
    x = np.r_[[50.0] * 4, 5050 + 1000.0 * np.arange(16)]
    day = np.r_[[0, 364, 363, 362], np.full(14, 100) + np.arange(14), [360, 361]]
    got = hg.space_time_scan(table(x, np.full(20, 50.0), day), period=YEAR, max_days=7, draws=99, rng=1)
    wave = got.clusters.iloc[0]
    # best of all lengths: the last three days, with 3 of 4 in place and 3 of 20 in time
    assert (wave["incidents"], wave["days"], wave["cells"], wave["area_ha"]) == (3, 3, 1, 1)
    assert wave["expected"] == pytest.approx(4 * 3 / 20)
    assert wave["ratio"] == pytest.approx(5)
    assert wave["log_ratio"] == pytest.approx(3 * np.log(3 / 0.6) + 17 * np.log(17 / 19.4))
    assert wave["period"] == "2023-12-29/2023-12-31"
    assert wave.geometry.equals(shapely.box(0, 0, 100, 100))


def test_equally_near_cells_are_added_one_at_a_time():
    # four cells around one, equally far; a wave in the middle and in the one to the west only
    x, y = np.array([150, 50, 250, 150, 150.0]), np.array([150, 150, 150, 50, 250.0])
    far = np.arange(40) * 1000 + 10_050.0
    day = np.r_[[364, 364, 0, 0, 0], np.arange(40) * 8 % 300]
    got = hg.space_time_scan(table(np.r_[x, far], np.r_[y, far], day), period=YEAR, least=2, draws=99, rng=1)
    assert got.clusters.iloc[0][["incidents", "cells"]].tolist() == [2, 2]
    plus = shapely.union(shapely.box(-100, 100, 200, 200), shapely.box(0, 0, 100, 300))
    assert got.clusters.geometry.iloc[0].equals(plus), "the rim does not tell which of its cells had incidents"


def test_waves_of_now_and_of_the_year(two_waves):
    now = hg.space_time_scan(two_waves, period=YEAR, max_days=14, draws=199, rng=1)
    assert now.clusters["p_value"].iloc[0] == 0.005
    assert len(now.clusters) == 1
    assert now.clusters["period"].iloc[0].endswith("/2023-12-31")
    assert set(range(208, 215)) <= set(now.members.index[now.members["rank"] == 1])
    year = hg.space_time_scan(two_waves, period=YEAR, windows="any", max_days=14, draws=199, rng=1)
    assert len(year.clusters) >= 2
    assert (year.clusters["p_value"] <= 0.05).all()
    for wave in (range(200, 208), range(208, 215)):
        assert year.members.loc[list(wave), "rank"].nunique() == 1


def test_a_wave_is_its_cells_and_its_days(two_waves):
    got = hg.space_time_scan(two_waves, period=YEAR, windows="any", draws=99, rng=1)
    day = two_waves["start"].dt.tz_localize(None)
    for rank, wave in got.clusters.iterrows():
        first, last = wave["period"].split("/")
        here = two_waves.intersects(wave.geometry) & (day >= first) & (day <= last)
        assert here.sum() == wave["incidents"] == (got.members["rank"] == rank).sum()
        assert (pd.Timestamp(last) - pd.Timestamp(first)).days + 1 == wave["days"]
        assert wave["expected"] * wave["ratio"] == pytest.approx(wave["incidents"])
    outward = release(got.clusters, "driehoek")
    assert outward.attrs.get("dropped", 0) == (got.clusters["incidents"] < 5).sum()


def test_waves_stand_apart(two_waves):
    got = hg.space_time_scan(two_waves, period=YEAR, windows="any", draws=99, rng=1)
    days = [pd.date_range(*each.split("/")) for each in got.clusters["period"]]
    for i in range(len(days)):
        for j in range(i):
            in_place = got.clusters.geometry.iloc[i].intersection(got.clusters.geometry.iloc[j]).area > 0
            inside = two_waves.intersects(got.clusters.geometry.iloc[i].intersection(got.clusters.geometry.iloc[j]))
            assert not (in_place and inside.any() and len(days[i].intersection(days[j])))


def test_a_busy_place_and_a_busy_week_are_no_wave():
    rng = np.random.default_rng(2)
    x, y = np.r_[rng.uniform(0, 5000, 150), rng.uniform(0, 90, 100)], np.r_[rng.uniform(0, 5000, 150), np.zeros(100)]
    day = np.where(rng.random(250) < 0.4, rng.integers(355, 365, 250), rng.integers(0, 365, 250))
    got = hg.space_time_scan(table(x, y, day), period=YEAR, draws=199, rng=1)
    assert got.clusters["p_value"].iloc[0] > 0.05


def test_p_values_of_chance_are_at_the_level():
    # exact by construction: the pattern is one of 20 drawn alike
    rng = np.random.default_rng(7)
    low = []
    for seed in range(300):
        points = table(*rng.uniform(0, 1500, (2, 60)), rng.integers(0, 60, 60))
        got = hg.space_time_scan(
            points, period=("2023-01-01", "2023-03-01"), max_radius_m=500, max_days=10, least=2, draws=99, rng=seed
        )
        low.append(bool((got.clusters["p_value"] <= 0.05).any()))
    assert 0.02 <= np.mean(low) <= 0.085


@given(st.integers(0, 10_000))
@settings(max_examples=5, deadline=None)
def test_waves_depend_on_neither_rows_nor_place_nor_year(seed):
    rng = np.random.default_rng(seed)
    x, y, day = rng.integers(0, 900, 60).astype(float), rng.integers(0, 900, 60).astype(float), rng.integers(0, 90, 60)
    turned = rng.permutation(60)
    asked = {"max_days": 14, "least": 2, "windows": "any", "draws": 99, "rng": 5}
    got = hg.space_time_scan(table(x, y, day), period=("2023-01-01", "2023-03-31"), **asked)
    same = hg.space_time_scan(table(x[turned], y[turned], day[turned]), period=("2023-01-01", "2023-03-31"), **asked)
    pd.testing.assert_frame_equal(same.to_frame(), got.to_frame())
    ranks = [each.members["rank"].fillna(0).to_numpy() for each in (same, got)]
    np.testing.assert_array_equal(ranks[0], ranks[1][turned])
    moved = hg.space_time_scan(table(x + 10_000, y + 5_000, day + 365), period=("2024-01-01", "2024-03-31"), **asked)
    pd.testing.assert_frame_equal(moved.to_frame().drop(columns="period"), got.to_frame().drop(columns="period"))


def test_what_the_scan_leaves_out_is_counted():
    points = table(np.arange(9) * 10.0, [0] * 9, [0, 1, 2, 3, 4, 5, 6, 7, 400])
    points["precision_m"] = [0, 0, 5000, np.nan, 0, 0, 0, 0, 0]
    points.loc[5, "start"] = pd.NaT
    points.loc[3, "end"] += pd.Timedelta("20D")
    points.loc[4, "geometry"] = None
    got = hg.space_time_scan(points, period=YEAR, draws=99, rng=1)
    assert (got.n, got.n_imprecise, got.n_undated, got.n_long, got.n_unlocated) == (4, 1, 1, 1, 1)
    assert got.n_other_period == 1
    assert len(got.members) == 9


def test_all_on_one_day_is_not_testable(scattered):
    one_day = scattered.assign(start=scattered["start"].iloc[0], end=scattered["start"].iloc[0])
    for windows in ("now", "any"):
        got = hg.space_time_scan(one_day, period=YEAR, windows=windows, draws=99, rng=1)
        assert got.clusters.empty
        assert got.members["rank"].isna().all()
        assert (got.null == 0).all()
        assert got._repr_html_()


@pytest.mark.parametrize("windows", ["now", "any"])
def test_a_period_with_hardly_an_incident_has_no_wave(scattered, windows):
    for year in (("2019-01-01", "2019-12-31"), ("2022-11-01", "2023-01-02")):
        got = hg.space_time_scan(scattered, period=year, windows=windows, draws=99, rng=1)
        assert got.n + got.n_other_period == 200
        assert got.n < 3
        assert got.clusters.empty


def test_nothing_lately_is_no_wave(scattered):
    old = scattered[scattered["start"].dt.month <= 6]
    got = hg.space_time_scan(old, period=YEAR, draws=99, rng=1)
    assert got.clusters.empty


@pytest.mark.parametrize(
    "wrong",
    [
        {"period": "2023"}, {"period": ("2023-12-31", "2023-01-01")}, {"period": ("soon", "later")},
        {"period": ("2023-01-01",)}, {"period": ("2023-01-01", "2023-01-31")},
        {"windows": "then"}, {"max_radius_m": 0}, {"max_radius_m": np.inf}, {"cell_size": -1}, {"max_days": 0},
        {"max_days": 7.5}, {"least": 0}, {"draws": 9}, {"date": "noon"},
    ],
)  # fmt: skip
def test_the_scan_refuses_bad_arguments(scattered, wrong):
    with pytest.raises(hg.InputError):
        hg.space_time_scan(scattered, **({"period": YEAR, "rng": 1} | wrong))


@pytest.mark.parametrize("points", [table([0], [0], [0]), table([], [], [])], ids=["one", "none"])
def test_one_event_makes_no_wave(points):
    with pytest.raises(hg.InputError, match="at least 2 incidents"):
        hg.space_time_scan(points, period=YEAR, rng=1)
    with pytest.raises(hg.InputError, match="at least 2 incidents"):
        hg.st_dbscan(points, eps_m=100, eps_days=7, min_samples=3)


def test_bad_tables_are_refused(scattered):
    for verb in (
        lambda points: hg.space_time_scan(points, period=YEAR, rng=1),
        lambda points: hg.st_dbscan(points, eps_m=100, eps_days=7, min_samples=3),
    ):
        with pytest.raises(hg.ColumnError):
            verb(scattered.drop(columns="start"))
        with pytest.raises(hg.CrsError):
            verb(scattered.to_crs(4326))


# ST-DBSCAN


def slow_clusters(xy, day, eps_m, eps_days, least):
    """Core points, and per point the set of its cluster's core points: by the definition, a pair at a time."""
    n = len(day)
    near = [
        [
            j
            for j in range(n)
            if (xy[i][0] - xy[j][0]) ** 2 + (xy[i][1] - xy[j][1]) ** 2 <= eps_m**2 and abs(day[i] - day[j]) <= eps_days
        ]
        for i in range(n)
    ]
    core = [len(each) >= least for each in near]
    group, done = [None] * n, set()
    for i in range(n):
        if not core[i] or i in done:
            continue
        members, open_now = set(), [i]
        while open_now:
            j = open_now.pop()
            if j not in members:
                members.add(j)
                open_now += [k for k in near[j] if core[k]]
        done |= members
        for j in members:
            group[j] = frozenset(members)
    for i in range(n):
        around = [j for j in near[i] if core[j]]
        if not core[i] and around:

            def closeness(j, i=i):
                away = (xy[i][0] - xy[j][0]) ** 2 + (xy[i][1] - xy[j][1]) ** 2
                return away, abs(day[i] - day[j]), day[j], xy[j][0], xy[j][1]

            group[i] = group[min(around, key=closeness)]
    return core, group


@given(st.integers(0, 10_000), st.sampled_from([(100, 3, 3), (60, 0, 2), (150, 10, 5), (1, 400, 1)]))
@settings(max_examples=20, deadline=None)
def test_clusters_are_those_of_the_definition(seed, asked):
    rng = np.random.default_rng(seed)
    # whole tens of metres: ties of distance, points on the edge of reach, several on one place
    xy, day = rng.integers(-40, 40, (80, 2)) * 10.0, rng.integers(0, 25, 80)
    core, cluster = density_clusters(xy, day, *asked[:2], asked[2])
    slow_core, group = slow_clusters(xy, day, *asked)
    assert core.tolist() == slow_core
    names = {}
    for i in range(80):
        assert (cluster[i] >= 0) == (group[i] is not None)
        if group[i] is not None:
            assert names.setdefault(group[i], cluster[i]) == cluster[i]
    assert len(set(names.values())) == len(names)


def test_many_in_one_cell_are_grouped_as_scikit_learn_does():
    from scipy.sparse import coo_array
    from scipy.spatial import cKDTree
    from sklearn.cluster import DBSCAN
    from sklearn.metrics import adjusted_rand_score

    rng = np.random.default_rng(6)
    xy, day = rng.normal(0, 400, (3000, 2)), rng.integers(0, 365, 3000)
    core, cluster = density_clusters(xy, day, 60.0, 7, 4)
    pairs = cKDTree(xy).query_pairs(60.0, output_type="ndarray")
    pairs = pairs[np.abs(day[pairs[:, 0]] - day[pairs[:, 1]]) <= 7]
    both = np.concatenate([pairs, pairs[:, ::-1], np.column_stack([np.arange(3000)] * 2)])
    graph = coo_array((np.full(len(both), 1e-9), both.T), shape=(3000, 3000)).tocsr()
    other = DBSCAN(eps=1, min_samples=4, metric="precomputed").fit(graph)
    assert set(np.flatnonzero(core)) == set(other.core_sample_indices_)
    assert adjusted_rand_score(cluster[core], other.labels_[core]) == 1
    np.testing.assert_array_equal(cluster >= 0, other.labels_ >= 0)


def test_clusters_by_hand():
    # three in a row, 50 m and 2 days apart; one 51 m further; two elsewhere on one place and day
    points = table([0, 50, 100, 151, 9000, 9000], [0] * 6, [0, 2, 4, 4, 9, 9])
    got = hg.st_dbscan(points, eps_m=50, eps_days=2, min_samples=2)
    assert got.members["rank"].fillna(0).tolist() == [1, 1, 1, 0, 2, 2]
    assert got.members["role"].tolist() == ["kern", "kern", "kern", "los", "kern", "kern"]
    assert got.clusters["incidents"].tolist() == [3, 2]
    assert got.clusters["period"].tolist() == ["2023-01-01/2023-01-05", "2023-01-10/2023-01-10"]
    assert got.clusters[["days", "cells", "area_ha"]].to_numpy().tolist() == [[5, 2, 2], [1, 1, 1]]
    assert got.clusters.geometry.iloc[0].equals(shapely.box(0, 0, 200, 100))
    assert hg.st_dbscan(points, eps_m=50, eps_days=2, min_samples=3).members["role"].tolist()[:3] == [
        "rand", "kern", "rand",
    ]  # fmt: skip


def test_clusters_do_not_depend_on_the_order_of_rows(two_waves):
    turned = two_waves.sample(frac=1, random_state=1)
    asked = {"eps_m": 150, "eps_days": 7, "min_samples": 3}
    one, other = hg.st_dbscan(two_waves, **asked), hg.st_dbscan(turned, **asked)
    pd.testing.assert_frame_equal(other.members.sort_index(), one.members)
    pd.testing.assert_frame_equal(one.to_frame(), other.to_frame())
    assert {8, 7} <= set(one.clusters["incidents"])
    assert one.clusters["incidents"].sum() == one.members["rank"].notna().sum()
    assert (one.clusters["core"] <= one.clusters["incidents"]).all()


def test_no_cluster_is_an_answer(scattered):
    got = hg.st_dbscan(scattered, eps_m=1, eps_days=0, min_samples=5)
    assert got.clusters.empty
    assert (got.members["role"] == "los").all()
    assert got.to_frame().columns.tolist() == ["incidents", "core", "period", "days", "cells", "area_ha"]


def test_all_on_one_day_is_a_matter_of_place(scattered):
    got = hg.st_dbscan(
        scattered.assign(start=scattered["start"].iloc[0], end=scattered["start"].iloc[0]),
        eps_m=300, eps_days=0, min_samples=3,
    )  # fmt: skip
    assert (got.clusters["days"] == 1).all()
    assert len(got.clusters)


def test_clusters_on_a_lattice_say_so():
    rng = np.random.default_rng(1)
    cells = table(*(rng.integers(0, 30, (2, 200)) * 100 + 50.0), rng.integers(0, 90, 200))
    with pytest.warns(hg.HicgeoWarning, match="lattice of 100 m"):
        assert hg.st_dbscan(cells, eps_m=100, eps_days=7, min_samples=3).lattice_m == 100


@pytest.mark.parametrize(
    "wrong",
    [
        {"eps_m": 0}, {"eps_m": np.nan}, {"eps_days": -1}, {"eps_days": 1.5}, {"min_samples": 0}, {"min_samples": 2.0},
        {"cell_size": 0}, {"max_window": "soon"},
    ],
)  # fmt: skip
def test_clusters_refuse_bad_arguments(scattered, wrong):
    with pytest.raises(hg.InputError):
        hg.st_dbscan(scattered, **({"eps_m": 100, "eps_days": 7, "min_samples": 3} | wrong))
