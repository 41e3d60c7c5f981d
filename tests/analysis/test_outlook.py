"""The outlook by hand, on planted futures, and against what is simpler."""

import numpy as np
import pandas as pd
import pytest
import scipy.stats

import hicgeo as hg
from hicgeo.analysis.outlook import _interval

TYPE = "woninginbraak"
MONTHS = pd.period_range("2018-10", "2024-09", freq="M")
SHAPE = np.where(np.isin(MONTHS.month, [10, 11, 12, 1, 2, 3]), 1.5, 1.0) * MONTHS.days_in_month.to_numpy()


def table(values, months=MONTHS):
    values = np.atleast_2d(np.asarray(values, float))
    index = pd.MultiIndex.from_product(
        [[f"WK9901{place:02d}" for place in range(len(values))], [TYPE], months], names=["code", "crime_type", "month"]
    )
    flat = values.ravel()
    return pd.DataFrame({"incidents": flat, "status": np.where(np.isnan(flat), "missing", "final")}, index=index)


def coming(counts, **arguments):
    return hg.outlook(counts, crime_type=TYPE, **arguments)


def test_a_steady_year_goes_on():
    got = coming(table(np.outer([1.0, 3.0], SHAPE)))
    assert got.season == "2024/25"
    assert got.last_month == "2024-09"
    assert got.trend == pytest.approx(1, abs=0.005)
    days = pd.period_range("2024-10", "2025-03", freq="M").days_in_month
    np.testing.assert_allclose(got.months.loc["WK990101", "expected"], 3 * 1.5 * days, rtol=0.01)
    assert got.seasons.loc["WK990100", "expected"] == pytest.approx(1.5 * 182, rel=0.01)
    # 2023/24 had 183 days
    assert got.seasons.loc["WK990100", "last_season"] == pytest.approx(1.5 * 183)
    assert got.months["expected"].groupby("code").sum().to_numpy() == pytest.approx(got.seasons["expected"])


def test_three_quarters_of_the_trend_go_on():
    years = np.arange(len(MONTHS)) / 12
    fall = 0.8**years
    got = coming(table(np.outer(np.full(20, 40.0), SHAPE * fall)))
    assert got.trend == pytest.approx(0.8, abs=0.01)
    # from the middle of the last twelve months to the middle of the season is nine months
    assert got.seasons["expected"].iloc[0] == pytest.approx(
        40 * 1.5 * 182 * 0.8 ** (years[-1] - 5.5 / 12) * 0.8 ** (0.75 * 9 / 12), rel=0.03
    )


def test_shares_follow_what_is_recent():
    level = np.ones((2, len(MONTHS)))
    level[0, -12:] = 3.0
    got = coming(table(level * SHAPE * 10)).seasons["expected"]
    assert 1.3 < got.iloc[0] / got.iloc[1] < 3


def test_the_season_after_the_last_month_is_meant_and_months_may_be_missing():
    counts = table(np.outer([1.0, 3.0], SHAPE))
    month = counts.index.get_level_values("month")
    assert coming(counts[month <= pd.Period("2023-11")]).season == "2024/25"
    assert coming(counts, months=(11, 12, 1)).months.index.get_level_values("month").unique().month.tolist() == [
        11,
        12,
        1,
    ]
    counts.loc[month == pd.Period("2023-12"), "incidents"] = np.nan
    got = coming(counts)
    assert got.months.loc[("WK990100", "2024-12"), "last_season"] != got.months.loc[("WK990100", "2024-12"), "expected"]
    assert np.isnan(got.months.loc[("WK990100", pd.Period("2024-12")), "last_season"])
    assert np.isnan(got.seasons.loc["WK990100", "last_season"])
    assert got.seasons.loc["WK990100", "expected"] == pytest.approx(1.5 * 182, rel=0.02)


def test_an_area_without_incidents_has_none_to_expect():
    got = coming(table(np.outer([0.0, 3.0], SHAPE)))
    assert got.months.loc["WK990100", ["expected", "low", "high"]].to_numpy().max() == 0


def test_the_interval_is_negative_binomial():
    low, high = _interval(np.array([10.0]), 2.0, 0.1, 0.9)
    truth = scipy.stats.nbinom(10 / 1.1, 1 / 2.1)  # variance 2 x 10 + (0.1 x 10)^2 = 21
    assert truth.var() == pytest.approx(21)
    assert (low.item(), high.item()) == (truth.ppf(0.05), truth.ppf(0.95))


@pytest.mark.parametrize("dispersion", [1.0, 2.5])
def test_what_comes_lies_in_the_interval_as_often_as_promised(dispersion):
    inside = []
    for seed in range(6):
        rng = np.random.default_rng(seed)
        every = pd.period_range("2018-10", "2025-03", freq="M")
        shape = np.where(np.isin(every.month, [10, 11, 12, 1, 2, 3]), 1.4, 1.0) * every.days_in_month.to_numpy() / 30
        walk = np.exp(np.cumsum(rng.normal(-0.005, 0.03, len(every))))  # what no forecast can know
        mean = rng.lognormal(2, 0.8, (60, 1)) * shape * walk
        drawn = rng.poisson(mean if dispersion == 1 else rng.gamma(mean / (dispersion - 1), dispersion - 1))
        got = coming(table(drawn[:, :-6])).months
        future = drawn[:, -6:].ravel()
        inside.append((got["low"] <= future) & (future <= got["high"]))
    assert 0.86 <= np.mean(inside) <= 0.985


def test_scores_leave_out_what_was_not_published_and_are_paired():
    rng = np.random.default_rng(3)
    values = rng.poisson(np.outer(rng.uniform(5, 30, 30), SHAPE / 30 * 0.9 ** (np.arange(72) / 12))).astype(float)
    values[:, pd.Period("2023-12") == MONTHS] = np.nan
    got = hg.score_outlook(table(values), crime_type=TYPE, rng=1)
    assert got.index.get_level_values("season").unique().tolist() == [
        "2020/21",
        "2021/22",
        "2022/23",
        "2023/24",
        "alle",
    ]
    assert got.loc[("2023/24", "outlook"), "cells"] == 30 * 5
    assert got.loc[("alle", "outlook"), "cells"] == 30 * 23
    last = got.loc[("alle", "last season")]
    assert (last["gain"], last["gain_low"], last["gain_high"]) == (0, 0, 0)
    ours = got.loc[("alle", "outlook")]
    assert ours["gain"] == pytest.approx(1 - ours["error"] / last["error"])
    assert 0 < ours["gain_low"] < ours["gain"] < ours["gain_high"]
    # by hand: the same months a year before
    hand = abs(values[:, 60 - 36 : 60 - 30] - values[:, 60 - 48 : 60 - 42]).mean()
    assert got.loc[("2020/21", "last season"), "error"] == pytest.approx(hand)


def test_what_cannot_be_foreseen_is_refused_with_the_reason():
    with pytest.raises(hg.InputError, match="23 months"):
        coming(table(np.ones(23), MONTHS[:23]))
    with pytest.raises(hg.InputError, match="0 in every month"):
        coming(table(np.zeros((2, 72))))
    with pytest.raises(hg.InputError, match="between 0 and 1"):
        coming(table(np.ones(72)), level=90)
    gaps = np.ones((2, 72))
    gaps[0, 3] = gaps[1, 40] = np.nan
    with pytest.raises(hg.InputError, match="none of 2"):
        coming(table(gaps))
    short = table(np.where(np.arange(26) == 18, np.nan, 1.0), pd.period_range("2021-11", periods=26, freq="M"))
    with pytest.raises(hg.InputError, match="month 1, 2, 3, 4, 11, 12"):
        coming(short)
    with pytest.raises(hg.InputError, match="a season"):
        hg.score_outlook(table(np.ones(24), MONTHS[:24]), crime_type=TYPE, rng=1)
