"""Did it work: published numbers, exact tests by another road, simulation, and what is refused."""

import numpy as np
import pandas as pd
import pytest
from scipy import stats

import hicgeo as hg

PUBLISHED = {"treated": (207, 110), "control": (308, 318), "treated_ring": (178, 157), "control_ring": (150, 140)}


def counts(of, **columns):
    table = pd.DataFrame(of.values(), index=pd.Index(list(of), name="role"), columns=["before", "after"])
    return table.assign(**columns)


# weighted displacement difference


def test_published_example():
    total = hg.wdd(counts(PUBLISHED)).table.loc["total"]
    assert total["estimate"] == -118
    assert total["error"] == pytest.approx(np.sqrt(1568))
    assert (round(total["low"], 2), round(total["high"], 2)) == (-195.61, -40.39)


def test_published_example_with_areas():
    total = hg.wdd(counts(PUBLISHED, area=[1.2, 0.9, 1.5, 1.6])).table.loc["total"]
    assert total["estimate"] == pytest.approx(-99.694444)
    assert total["error"] == pytest.approx(35.4280755)


def test_parts_add_up_and_without_rings_total_is_direct():
    parts = hg.wdd(counts(PUBLISHED)).table
    assert parts.loc["direct", "estimate"] + parts.loc["ring", "estimate"] == parts.loc["total", "estimate"]
    two = hg.wdd(counts({role: PUBLISHED[role] for role in ("treated", "control")}))
    assert two.table.loc["total"].equals(two.table.loc["direct"].rename("total"))
    assert two.table.loc["ring"].isna().all()
    assert np.isnan(two.wdq)


def test_harm_weighs_each_crime_type():
    # two crime types by hand: 10 x (2 - 5) + 1 x (30 - 40) = -40; variance 100 x 7 + 70 = 770, controls still.
    index = pd.MultiIndex.from_product(
        [["treated", "control"], ["overval", "woninginbraak"]], names=["role", "crime_type"]
    )
    table = pd.DataFrame({"before": [5, 40, 0, 0], "after": [2, 30, 0, 0], "harm": [10, 1, 10, 1]}, index=index)
    direct = hg.wdd(table).table.loc["direct"]
    assert direct["estimate"] == -40
    assert direct["error"] == pytest.approx(np.sqrt(770))


def test_periods_of_different_length():
    # A year before and a quarter after, at the same rate everywhere: no effect; before is brought to a quarter.
    got = hg.wdd(counts({"treated": (120, 30), "control": (160, 40)}), time=(12, 3))
    assert got.table.loc["direct", "estimate"] == 0
    assert got.table.loc["direct", "error"] == pytest.approx(np.sqrt(30 + 40 + (120 + 160) / 16))
    assert got.ratio == pytest.approx(1)


def test_dispersion_widens():
    plain, wide = hg.wdd(counts(PUBLISHED)), hg.wdd(counts(PUBLISHED), dispersion=4.0)
    np.testing.assert_allclose(wide.table["error"], 2 * plain.table["error"])
    assert wide.ratio_low < plain.ratio_low


def test_quotient_by_hand():
    # rings 178/308 -> 157/318, treated 207/308 -> 110/318
    expected = (157 / 318 - 178 / 308) / (110 / 318 - 207 / 308)
    assert hg.wdd(counts(PUBLISHED)).wdq == pytest.approx(expected)
    worse = counts(PUBLISHED | {"treated": (110, 207)})
    assert np.isnan(hg.wdd(worse).wdq)  # nothing was won that could be displaced


def test_zero_counts():
    nothing = hg.wdd(counts({"treated": (0, 0), "control": (0, 0)}))
    assert nothing.table.isna().all(axis=None)
    assert np.isnan(nothing.ratio)
    some = hg.wdd(counts({"treated": (6, 0), "control": (5, 7)}))
    assert some.table.loc["direct", "estimate"] == -8
    assert 0 < some.ratio_low < some.ratio < some.ratio_high


@pytest.mark.parametrize(
    "wrong",
    [
        counts({"treated": (1, 2)}),
        counts({"treated": (1, 2), "control": (1, 2), "treated_ring": (1, 2)}),
        counts({"treated": (1, 2), "controls": (1, 2)}),
        counts(PUBLISHED).rename_axis("area"),
        counts(PUBLISHED).drop(columns="after"),
        pd.concat([counts(PUBLISHED), counts(PUBLISHED)]),
    ],
)
def test_tables_without_their_roles_are_refused(wrong):
    with pytest.raises(hg.ColumnError):
        hg.wdd(wrong)


@pytest.mark.parametrize(
    "arguments",
    [
        {"counts": counts(PUBLISHED | {"treated": (-1, 2)})}, {"counts": counts(PUBLISHED | {"treated": (np.nan, 2)})},
        {"counts": counts(PUBLISHED, area=[0, 1, 1, 1])}, {"time": (1, 0)}, {"time": 3}, {"dispersion": 0.5},
        {"level": 95},
    ],
)  # fmt: skip
def test_bad_numbers_are_refused(arguments):
    with pytest.raises(hg.InputError):
        hg.wdd(**{"counts": counts(PUBLISHED)} | arguments)


def test_coverage_of_the_difference():
    """The truth is in 95 % of the intervals, within one per cent, from a few incidents to many."""
    rng = np.random.default_rng(1)
    for mean in (5, 20, 100):
        truth = 0.7 * mean - mean
        drawn = rng.poisson([mean, 0.7 * mean, mean, mean], (20_000, 4))
        # the formula of the verb, on all draws at once: estimate and root of the sum
        estimate = drawn[:, 1] - drawn[:, 0] - (drawn[:, 3] - drawn[:, 2])
        error = np.sqrt(drawn.sum(axis=1))
        one = hg.wdd(counts({"treated": drawn[0, :2], "control": drawn[0, 2:]})).table.loc["direct"]
        assert (one["estimate"], one["error"]) == (estimate[0], pytest.approx(error[0]))
        covered = (np.abs(estimate - truth) <= 1.959964 * error).mean()
        assert covered == pytest.approx(0.95, abs=0.01)


# two counts


@pytest.mark.parametrize(("before", "after"), [(40, 22), (3, 0), (0, 5), (100, 100), (7, 19)])
@pytest.mark.parametrize("time", [(1, 1), (12, 3)])
def test_two_counts_are_the_binomial_test(before, after, time):
    got = hg.count_change(before, after, time=time)
    share = time[1] / sum(time)
    # doubling of the smaller tail, from scipy's one-sided binomial tests
    tails = [stats.binomtest(after, before + after, share, alternative=side).pvalue for side in ("less", "greater")]
    assert got.p_value == pytest.approx(min(1, 2 * min(tails)))
    interval = stats.binomtest(after, before + after, share).proportion_ci(0.95, method="exact")
    odds = [each / (1 - each) * time[0] / time[1] if each < 1 else np.inf for each in interval]
    assert (got.ratio_low, got.ratio_high) == pytest.approx(odds)
    assert (got.p_value < 0.05) == (not got.ratio_low <= 1 <= got.ratio_high)


def test_two_zeros_are_not_testable():
    got = hg.count_change(0, 0)
    assert np.isnan([got.ratio, got.p_value, got.ratio_low]).all()


# what could be seen


def test_power_without_controls_is_that_of_a_simulation():
    found = hg.minimum_detectable_effect(40, time=(12, 6))
    rng = np.random.default_rng(2)
    fall = 0.6
    before, after = rng.poisson(40, 4000), rng.poisson(20 * (1 - fall), 4000)
    share = 1 / 3
    seen = (stats.binom.cdf(after, before + after, share) <= 0.025).mean()
    assert found.curve.loc[fall, "power"] == pytest.approx(seen, abs=0.025)


def test_power_with_controls_is_that_of_a_simulation():
    found = hg.minimum_detectable_effect(120, control=150, time=(12, 12))
    rng = np.random.default_rng(3)
    drawn = rng.poisson([120, 120 * 0.6, 150, 150], (20_000, 4))
    z = (drawn[:, 1] - drawn[:, 0] - drawn[:, 3] + drawn[:, 2]) / np.sqrt(drawn.sum(axis=1))
    assert found.curve.loc[0.4, "power"] == pytest.approx((z < -1.959964).mean(), abs=0.015)


def test_the_smallest_fall_has_the_power_asked():
    for control in (0, 300):
        found = hg.minimum_detectable_effect(200, control=control, power=0.8)
        curve = found.curve["power"]
        assert curve.is_monotonic_increasing
        assert curve[curve.index < found.fall].max() < 0.8 <= curve[curve.index >= found.fall].min()
        assert found.expected == 200


def test_too_few_can_show_nothing():
    assert np.isnan(hg.minimum_detectable_effect(3).fall)
    with pytest.raises(hg.InputError, match="incidents before"):
        hg.minimum_detectable_effect(0)


def test_more_incidents_show_smaller_falls():
    falls = [hg.minimum_detectable_effect(n).fall for n in (14, 42, 84, 168, 1500)]
    assert (np.diff(falls) < 0).all()
    assert hg.minimum_detectable_effect(84, dispersion=2).fall > falls[2]


# controls


def test_the_control_is_the_one_that_is_alike():
    rng = np.random.default_rng(4)
    months = pd.period_range("2022-01", "2023-12", freq="M")
    level = {"A": 10, "B": 10, "C": 30, "D": 2, "E": 29}
    history = pd.DataFrame({area: rng.poisson(mean, 24) for area, mean in level.items()}, index=months).T
    got = hg.matched_controls(history, treated=["A", "C"])
    assert got.table["match"].to_dict() == {"B": "A", "E": "C"}
    assert got.trend_low < 1 < got.trend_high
    assert got.ratio == pytest.approx(1, abs=0.15)


def test_of_controls_that_are_equally_alike_the_same_are_chosen_whatever_the_order_of_rows():
    history = pd.DataFrame([[4, 5, 4, 5]] * 6, index=list("ABCDEF"))
    here = hg.matched_controls(history, treated=["A", "B"])
    there = hg.matched_controls(history.iloc[::-1], treated=["B", "A"], candidates=["F", "D", "C", "E"])
    pd.testing.assert_frame_equal(here.table, there.table)
    assert set(here.table.index) == {"C", "D"}


def test_another_path_is_said():
    rising = pd.DataFrame([[5] * 6 + [15] * 6, [10] * 12], index=["A", "B"])
    got = hg.matched_controls(rising, treated=["A"])
    assert got.trend == pytest.approx(3)
    assert got.trend_low > 1


@pytest.mark.parametrize(
    "wrong",
    [
        {"treated": ["Z"]}, {"treated": []}, {"treated": ["A"], "candidates": ["A"]}, {"treated": ["A", "A"]},
        {"treated": ["A"], "per_area": 2}, {"treated": ["A"], "per_area": 0},
    ],
)  # fmt: skip
def test_controls_that_cannot_be(wrong):
    history = pd.DataFrame(np.ones((2, 6)), index=["A", "B"])
    with pytest.raises(hg.InputError):
        hg.matched_controls(history, **wrong)


def test_a_history_that_is_none():
    with pytest.raises(hg.InputError, match="4 months"):
        hg.matched_controls(pd.DataFrame(np.ones((3, 3))), treated=[0])
    with pytest.raises(hg.InputError, match="none missing"):
        hg.matched_controls(pd.DataFrame(np.full((3, 6), np.nan)), treated=[0])


# interrupted series


def test_the_step_is_that_of_statsmodels():
    import statsmodels.api as sm

    rng = np.random.default_rng(5)
    months = pd.period_range("2020-01", "2024-06", freq="M")
    time = np.arange(len(months))
    after = (months >= pd.Period("2024-01", "M")).astype(float)
    mean = 30 * np.exp(0.3 * np.cos(2 * np.pi * months.month / 12) - 0.1 * time / 12 - 0.5 * after)
    series = pd.Series(rng.poisson(mean).astype(float), index=months)
    got = hg.interrupted_series(series, start="2024-01")
    year = 2 * np.pi * (months.month - 0.5) / 12
    design = np.column_stack(
        [np.ones(len(time)), time, np.sin(year), np.cos(year), np.sin(2 * year), np.cos(2 * year), after]
    )
    fit = sm.GLM(series.to_numpy(), design, family=sm.families.Poisson(), exposure=months.days_in_month).fit(scale="X2")
    assert got.ratio == pytest.approx(np.exp(fit.params[-1]), rel=1e-6)
    reach = stats.t.ppf(0.975, len(months) - 7) * fit.bse[-1] * np.sqrt(max(1, fit.scale) / fit.scale)
    assert np.log(got.ratio_high / got.ratio) == pytest.approx(reach, rel=1e-4)
    assert got.ratio_low < np.exp(-0.5) < got.ratio_high
    np.testing.assert_allclose(got.fitted["fitted"], fit.fittedvalues, rtol=1e-5)


def test_a_short_series_tells_nothing():
    series = pd.Series(np.full(26, 5.0), index=pd.period_range("2022-01", periods=26, freq="M"))
    assert np.isnan(hg.interrupted_series(series, start="2024-01").ratio)  # two months of operation
    with pytest.raises(hg.InputError, match="month of the series"):
        hg.interrupted_series(series, start="2030-01")
    with pytest.raises(hg.InputError, match="consecutive"):
        hg.interrupted_series(series.drop(series.index[3]), start="2024-01")
    with pytest.raises(hg.InputError, match="none missing"):
        hg.interrupted_series(series.where(series.index != series.index[3]), start="2024-01")
