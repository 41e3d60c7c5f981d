"""Knox's table and chains: hand-made pairs, a slow twin, invariances, lattices and too little to say."""

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import hicgeo as hg
from hicgeo.analysis._events import lattice_of

RD = "EPSG:28992"


def table(x, y, day, crs=RD, **more):
    start = (pd.Timestamp("2023-01-01") + pd.to_timedelta(np.asarray(day, int), unit="D")).tz_localize(
        "Europe/Amsterdam"
    )
    return gpd.GeoDataFrame({"start": start, "end": start, **more}, geometry=gpd.points_from_xy(x, y), crs=crs)


@pytest.fixture(scope="module")
def scattered():
    rng = np.random.default_rng(3)
    return table(*rng.uniform(0, 1500, (2, 150)), rng.integers(0, 90, 150))


def slow_knox(points, distances, days, metric="euclidean"):
    out = np.zeros((len(distances) - 1, len(days) - 1), int)
    at = list(
        zip(points.geometry.x, points.geometry.y, points["start"].dt.tz_localize(None).dt.normalize(), strict=True)
    )
    for i, (ax, ay, ad) in enumerate(at):
        for bx, by, bd in at[i + 1 :]:
            away = abs(ax - bx) + abs(ay - by) if metric == "manhattan" else ((ax - bx) ** 2 + (ay - by) ** 2) ** 0.5
            lag = abs((ad - bd).days)
            for r in range(len(distances) - 1):
                for t in range(len(days) - 1):
                    if distances[r] <= away < distances[r + 1] and days[t] <= lag < days[t + 1]:
                        out[r, t] += 1
    return out


@pytest.mark.parametrize("metric", ["euclidean", "manhattan"])
@pytest.mark.parametrize("distances", [(0, 1, 100, 200, 300, 400), (0, 50, 500, np.inf)])
@pytest.mark.parametrize("days", [(0, 1, 7, 14), (0, 10, np.inf)])
def test_pairs_are_those_of_a_double_loop(scattered, metric, distances, days):
    got = hg.knox(scattered, distances=distances, days=days, metric=metric, draws=99, rng=1)
    np.testing.assert_array_equal(got.matrix().to_numpy(), slow_knox(scattered, distances, days, metric))


def test_a_pair_on_two_edges_is_in_the_bands_that_begin_there():
    pair = table([0, 0], [0, 100], [0, 3])
    got = hg.knox(pair, distances=(0, 100, 200), days=(0, 3, 4), draws=99, rng=1)
    assert got.matrix().loc["[100, 200)", "[3, 4)"] == 1
    assert got.table["observed"].sum() == 1
    row = got.table.loc[("[100, 200)", "[3, 4)")]
    assert row[["metres_from", "metres_to", "days_from", "days_to"]].tolist() == [100, 200, 3, 4]


def test_days_are_calendar_days_in_local_time():
    # 23:30 and 00:30 are an hour and a date apart; over the clock change too.
    late, early = pd.to_datetime(["2024-03-30 23:30", "2024-03-31 00:30"]).tz_localize("Europe/Amsterdam")
    pair = gpd.GeoDataFrame({"start": [late, early], "end": [late, early]}, geometry=gpd.points_from_xy([0, 0], [0, 0]))
    got = hg.knox(pair.set_crs(RD), distances=(0, 1), days=(0, 1, 2), draws=99, rng=1)
    assert got.matrix().loc["[0, 1)"].tolist() == [0, 1]


def test_every_pair_is_somewhere_when_the_last_bands_are_infinite(scattered):
    got = hg.knox(scattered, distances=(0, 100, np.inf), days=(0, 7, np.inf), draws=99, rng=1)
    assert got.table["observed"].sum() == 150 * 149 // 2


def test_expected_is_what_permuted_dates_give_on_average(scattered):
    # Over all permutations each pair has the days of any two dates: (pairs near) x (pairs soon) / (all pairs).
    got = hg.knox(scattered, distances=(0, 200, 400), days=(0, 7, 21), draws=4999, rng=1)
    whole = slow_knox(scattered, (0, 200, 400, np.inf), (0, 7, 21, np.inf))
    exact = np.outer(whole.sum(1), whole.sum(0))[:2, :2] / whole.sum()
    np.testing.assert_allclose(got.matrix("expected").to_numpy(), exact, rtol=0.01)


def test_p_values_are_those_of_a_plain_permutation(scattered):
    # The same null by another road: shuffle the dates, count with the double loop of numpy.
    distances, days = (0, 100, 200), (0, 7, 14)
    got = hg.knox(scattered, distances=distances, days=days, draws=1999, rng=1)
    xy = np.column_stack([scattered.geometry.x, scattered.geometry.y])
    away = np.hypot(*(xy[:, None] - xy[None]).transpose(2, 0, 1))
    day = scattered["start"].dt.tz_localize(None).to_numpy("datetime64[D]").astype(int)
    upper = np.triu_indices(len(day), 1)
    rng = np.random.default_rng(9)

    def count(at):
        lag = np.abs(at[:, None] - at[None])[upper]
        return np.histogram2d(away[upper], lag, bins=[[0, 99.999999, 199.999999], [0, 6.5, 13.5]])[0]

    observed = count(day)
    p = np.zeros((2, 2))
    for _ in range(1999):
        p += count(rng.permutation(day)) >= observed
    np.testing.assert_allclose(got.matrix("p_value").to_numpy(), (p + 1) / 2000, atol=0.05)


def test_shuffles_are_those_of_fisher_and_yates():
    from hicgeo.analysis import _compiled_near_repeat as loops

    rng = np.random.default_rng(1)
    day, order, begin = np.arange(10.0, 19.0, dtype=np.float32), rng.permutation(9), np.array([0, 4, 9])
    uniform = rng.random((3, 9))
    lanes = np.zeros((9, loops.LANES), np.float32)
    loops.shuffled(day, order, begin, uniform, lanes)
    for k in range(3):
        mixed = list(day)
        for low, high in ((0, 4), (4, 9)):
            for i in range(high - 1, low, -1):
                j = low + int(uniform[k, i] * (i - low + 1))
                mixed[i], mixed[j] = mixed[j], mixed[i]
        assert lanes[order, k].tolist() == mixed
        assert sorted(mixed[:4]) == list(day[:4])
    assert (lanes[:, 3:] == 0).all()


def test_every_order_is_as_likely():
    from hicgeo.analysis import _compiled_near_repeat as loops

    rng = np.random.default_rng(2)
    lanes = np.zeros((3, 6000), np.float32)
    loops.shuffled(np.arange(3, dtype=np.float32), np.arange(3), np.array([0, 3]), rng.random((6000, 3)), lanes)
    seen = np.unique(lanes, axis=1, return_counts=True)[1]
    assert len(seen) == 6
    assert np.abs(seen - 1000).max() < 110  # 3.8 standard errors


def test_within_months_dates_stay_in_their_month(scattered):
    # One incident a month: nothing can be exchanged, so nothing can be tested.
    lonely = table(np.arange(12.0) * 30, np.zeros(12), np.arange(12) * 31)
    got = hg.knox(lonely, distances=(0, 100, 200), days=(0, 40, 80), permute="month", draws=99, rng=1)
    assert got.table[["p_value", "p_fdr", "ratio"]].isna().all(axis=None)
    free = hg.knox(lonely, distances=(0, 100, 200), days=(0, 40, 80), draws=99, rng=1)
    assert free.table["p_value"].notna().all()


def test_a_risk_that_moves_is_no_near_repeat_within_months():
    # First half of the year all in the west, second half all in the east, each day and place at random within it.
    rng = np.random.default_rng(4)
    half = np.repeat([0, 1], 150)
    moving = table(
        rng.uniform(0, 1500, 300) + half * 5000, rng.uniform(0, 1500, 300), rng.integers(0, 181, 300) + half * 181
    )
    bands = {"distances": (0, 300), "days": (0, 14), "draws": 499, "rng": 1}
    assert hg.knox(moving, **bands).table["p_value"].iloc[0] < 0.01
    assert hg.knox(moving, permute="month", **bands).table["p_value"].iloc[0] > 0.05


@given(st.integers(0, 10_000))
@settings(max_examples=10, deadline=None)
def test_nothing_depends_on_rows_place_or_year(seed):
    rng = np.random.default_rng(seed)
    x, y, day = rng.integers(0, 400, 40).astype(float), rng.integers(0, 400, 40).astype(float), rng.integers(0, 60, 40)
    turned = rng.permutation(40)
    bands = {"distances": (0, 1, 100, 250), "days": (0, 5, 20), "draws": 99, "rng": 5}
    got = hg.knox(table(x, y, day), **bands).table
    pd.testing.assert_frame_equal(hg.knox(table(x[turned], y[turned], day[turned]), **bands).table, got)
    # a shift by whole blocks of the canonical order
    moved = hg.knox(table(x + 10_000, y + 5_000, day + 365), **bands).table
    pd.testing.assert_frame_equal(moved, got)


def test_half_of_the_year():
    january, july = table([0, 0], [0, 50], [0, 3]), table([0, 0], [0, 50], [190, 191])
    both = pd.concat([january, july], ignore_index=True)
    bands = {"distances": (0, 100), "days": (0, 7), "draws": 99, "rng": 1}
    for half, n in [("year", 2), ("dark", 1), ("light", 1)]:
        got = hg.knox(both, half=half, **bands)
        assert got.table["observed"].tolist() == [n]
        assert got.n + got.n_other_half == 4


def test_what_is_left_out_is_counted():
    points = table([0, 10, 20, 30, 40, 50], [0] * 6, [0, 1, 2, 3, 4, 5])
    points["precision_m"] = [0, 0, 500, np.nan, 0, 0]
    points.loc[5, "start"] = pd.NaT
    points.loc[3, "end"] += pd.Timedelta("20D")
    points.loc[4, "geometry"] = None
    got = hg.knox(points, distances=(0, 1, 100), days=(0, 7), draws=99, rng=1)
    assert (got.n, got.n_imprecise, got.n_undated, got.n_long, got.n_unlocated) == (2, 1, 1, 1, 1)


def test_places_on_a_lattice_are_said():
    rng = np.random.default_rng(1)
    cells = table(*(rng.integers(0, 30, (2, 200)) * 100 + 50.0), rng.integers(0, 90, 200))
    with pytest.warns(hg.HicgeoWarning, match="lattice of 100 m"):
        got = hg.knox(cells, draws=99, rng=1)
    assert got.lattice_m == 100
    assert lattice_of(rng.uniform(0, 3000, (200, 2))) == 0
    assert lattice_of(np.round(rng.uniform(0, 3000, (200, 2)))) == 0  # whole metres are as good as exact


@pytest.mark.parametrize(
    "points",
    [table([0], [0], [0]), table([], [], []), table([0, np.nan], [0, np.nan], [0, 1])],
    ids=["one", "none", "one with a place"],
)
def test_one_event_has_no_pairs(points):
    points.loc[points.geometry.x.isna(), "geometry"] = None
    with pytest.raises(hg.InputError, match="at least 2 incidents"):
        hg.knox(points, rng=1)


def test_all_on_one_day_is_not_testable_and_says_so(scattered):
    got = hg.knox(scattered.assign(start=scattered["start"].iloc[0], end=scattered["start"].iloc[0]), draws=99, rng=1)
    assert got.table["p_value"].isna().all()
    assert got.table.loc[got.table["days_from"] > 0, "observed"].sum() == 0


def test_no_pair_is_not_testable():
    far = table(np.arange(20.0) * 5003, np.zeros(20), np.arange(20))
    got = hg.knox(far, draws=99, rng=1).table
    assert got["observed"].sum() == 0
    assert got["p_value"].isna().all()


@pytest.mark.parametrize(
    "wrong",
    [
        {"distances": (100, 200)}, {"distances": (0, 200, 100)}, {"distances": (0,)}, {"distances": "0,100"},
        {"distances": (0, np.inf)}, {"days": (0, 1.5)}, {"days": (0, np.nan)}, {"metric": "road"},
        {"permute": "week"}, {"half": "winter"}, {"date": "noon"}, {"max_window": "soon"}, {"draws": 10},
        {"draws": 99.0},
    ],
)  # fmt: skip
def test_bad_arguments_are_refused(scattered, wrong):
    with pytest.raises(hg.InputError):
        hg.knox(scattered, rng=1, **wrong)


def test_bad_tables_are_refused(scattered):
    with pytest.raises(hg.ColumnError):
        hg.knox(scattered.drop(columns="start"), rng=1)
    with pytest.raises(hg.ColumnError):
        hg.knox(scattered.assign(start=scattered["start"].dt.tz_localize(None)), rng=1)
    with pytest.raises(hg.CrsError):
        hg.knox(scattered.to_crs(4326), rng=1)


# chains


def test_roles_by_hand():
    # A: days 0 and 5 at one place; day 9 at 150 m; day 40 at the same place: alone again. B: far away.
    points = table([0, 0, 150, 0, 9000], [0] * 5, [0, 5, 9, 40, 5])
    got = hg.near_repeat_chains(points, distance_m=200, days=14, draws=99, rng=1)
    assert got.roles["role"].tolist() == ["eerste", "herhaling", "nabije herhaling", "los", "los"]
    assert got.roles["chain"].tolist()[:3] == [1, 1, 1]
    assert got.roles["chain"].isna().tolist() == [False] * 3 + [True] * 2
    # the latest earlier one is that of day 5
    assert got.roles.loc[2, ["after_m", "after_days"]].tolist() == [150, 4]
    chain = got.chains.loc[1]
    assert chain[["incidents", "repeats", "near_repeats", "span_days", "reach_m"]].tolist() == [3, 1, 1, 9, 150]
    assert chain["first_day"] == pd.Timestamp("2023-01-01")
    assert got.shares["incidents"].tolist() == [1, 1, 1, 2]


def test_edges_of_a_chain_are_half_open():
    at_edge = table([0, 200, 0], [0, 0, 0], [0, 1, 14])
    assert hg.near_repeat_chains(at_edge, distance_m=200, days=14, draws=99, rng=1).chains.empty


def test_the_address_decides_what_is_the_same():
    # two flats of one building; and one house of which the place was noted twice, 3 m apart
    points = table([0, 0, 5000, 5003], [0] * 4, [0, 1, 0, 1], address_key=["1a", "1b", "7", "7"])
    got = hg.near_repeat_chains(points, draws=99, rng=1)
    assert got.roles["role"].tolist() == ["eerste", "nabije herhaling", "eerste", "herhaling"]
    unknown = points.assign(address_key=[None, "1b", None, "7"])
    assert hg.near_repeat_chains(unknown, draws=99, rng=1).roles["role"].tolist() == [
        "eerste", "herhaling", "eerste", "nabije herhaling",
    ]  # fmt: skip


def test_chains_do_not_depend_on_the_order_of_rows(scattered):
    turned = scattered.sample(frac=1, random_state=1)
    one, other = (hg.near_repeat_chains(each, draws=99, rng=1) for each in (scattered, turned))
    pd.testing.assert_frame_equal(other.roles.sort_index(), one.roles)
    pd.testing.assert_frame_equal(one.chains, other.chains)
    pd.testing.assert_frame_equal(one.shares, other.shares)
    assert (one.radius_m, one.p_value) == pytest.approx((other.radius_m, other.p_value), nan_ok=True)


def test_every_incident_is_once_in_the_shares(scattered):
    got = hg.near_repeat_chains(scattered, draws=99, rng=1)
    assert got.shares["incidents"].sum() == got.n == got.roles["role"].notna().sum()
    assert got.shares["share"].sum() == pytest.approx(1)
    assert got.chains["incidents"].sum() == (got.roles["role"] != "los").sum()
    inside = got.chains["incidents"] - got.chains["repeats"] - got.chains["near_repeats"]
    assert inside.sum() == got.shares["incidents"]["eerste"]


def test_the_planted_reach_is_found():
    """Each of 300 seeds has one offspring within 200 m and 14 days; the rest is scattered over two years."""
    rng = np.random.default_rng(8)
    x, y = rng.uniform(0, 6000, (2, 1500))
    day = rng.integers(0, 700, 1500)
    angle, away = rng.uniform(0, 2 * np.pi, 300), 200 * np.sqrt(rng.uniform(0, 1, 300))
    born = (x[:300] + away * np.cos(angle), y[:300] + away * np.sin(angle), day[:300] + rng.integers(0, 14, 300))
    got = hg.near_repeat_chains(table(*map(np.concatenate, zip((x, y, day), born, strict=True))), draws=199, rng=1)
    assert got.p_value < 0.01
    assert 175 <= got.radius_m <= 225
    assert got.radius_low <= got.radius_m <= got.radius_high
    assert 13 <= got.warning_days <= 15
    share = got.shares.loc["nabije herhaling"]
    assert share["share"] > share["expected_high"]


def test_without_near_repeats_no_radius(scattered):
    got = hg.near_repeat_chains(scattered, draws=199, rng=1)
    assert np.isnan([got.radius_m, got.radius_low, got.radius_high, got.warning_days]).all()


def test_few_and_far_make_no_chain():
    got = hg.near_repeat_chains(table([0, 9000], [0, 0], [0, 0]), draws=99, rng=1)
    assert got.roles["role"].tolist() == ["los", "los"]
    assert got.chains.empty
    assert np.isnan(got.radius_m)


@pytest.mark.parametrize("wrong", [{"distance_m": 0}, {"days": 1.5}, {"days": -1}, {"least_ratio": 0.5}, {"draws": 1}])
def test_chains_refuse_bad_arguments(scattered, wrong):
    with pytest.raises(hg.InputError):
        hg.near_repeat_chains(scattered, rng=1, **wrong)


def test_chains_of_one_day_are_no_more_than_chance(scattered):
    one_day = scattered.assign(start=scattered["start"].iloc[0], end=scattered["start"].iloc[0])
    got = hg.near_repeat_chains(one_day, draws=99, rng=1)
    assert got.p_value == 1
    assert np.isnan(got.radius_m)
    assert (got.roles["after_days"].dropna() == 0).all()


def test_chains_on_a_lattice_say_so():
    rng = np.random.default_rng(1)
    cells = table(*(rng.integers(0, 30, (2, 200)) * 100 + 50.0), rng.integers(0, 90, 200))
    with pytest.warns(hg.HicgeoWarning, match="lattice of 100 m"):
        assert hg.near_repeat_chains(cells, draws=99, rng=1).lattice_m == 100


@pytest.mark.parametrize("points", [table([0], [0], [0]), table([], [], [])], ids=["one", "none"])
def test_one_event_has_no_chain(points):
    with pytest.raises(hg.InputError, match="at least 2 incidents"):
        hg.near_repeat_chains(points, rng=1)


def test_chains_refuse_bad_tables(scattered):
    with pytest.raises(hg.ColumnError):
        hg.near_repeat_chains(scattered.drop(columns="start"), rng=1)
    with pytest.raises(hg.CrsError):
        hg.near_repeat_chains(scattered.to_crs(4326), rng=1)
