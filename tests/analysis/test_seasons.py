"""The dark days by hand, coverage of their interval, and the monthly index."""

import numpy as np
import pandas as pd
import pytest
import scipy.stats

import hicgeo as hg

MONTHS = pd.period_range("2018-01", "2023-12", freq="M")
DARK = np.isin(MONTHS.month, [10, 11, 12, 1, 2, 3])
DAYS = MONTHS.days_in_month.to_numpy()


def table(values, months=MONTHS, codes=None):
    values = np.atleast_2d(np.asarray(values, float))
    codes = codes or [f"WK9901{place:02d}" for place in range(len(values))]
    index = pd.MultiIndex.from_product([codes, ["woninginbraak"], months], names=["code", "crime_type", "month"])
    flat = values.ravel()
    return pd.DataFrame({"incidents": flat, "status": np.where(np.isnan(flat), "missing", "final")}, index=index)


def dark(values, **arguments):
    return hg.dark_days(table(values), crime_type="woninginbraak", **arguments)


def test_ratio_by_hand():
    # Two a day in the dark months, one a day in the light ones, whatever the month's length.
    got = dark(np.where(DARK, 2.0, 1.0) * DAYS)
    row = got.loc[("WK990100", "2018/19")]
    assert row["incidents_dark"] == 2 * 182
    assert row["incidents_light"] == 2 * 183
    assert row["ratio"] == pytest.approx(2.0)
    assert row["ratio_trend"] == pytest.approx(2.0)
    # Without scatter the dispersion is 1; the interval is the exact one for 364 against 366, with t for 69 months.
    wider = (scipy.stats.t.ppf(0.975, 69) / scipy.stats.norm.ppf(0.975)) ** 2
    low = scipy.stats.beta.ppf(0.025, 364 / wider, 366 / wider + 1)
    assert row["ratio_low"] == pytest.approx(low / (1 - low) * 366 / 182)


def test_seasons_are_named_by_both_years_and_incomplete_ones_marked():
    got = dark(np.where(DARK, 2.0, 1.0) * DAYS).droplevel("code")
    assert got.index.tolist() == ["2017/18", "2018/19", "2019/20", "2020/21", "2021/22", "2022/23", "2023/24", "alle"]
    assert got["complete"].tolist() == [False, True, True, True, True, True, False, True]
    # January to March 2018 is no season, and neither is October to December 2023.
    assert got.loc[["2017/18", "2023/24"], ["ratio", "incidents_dark"]].isna().all(axis=None)


def test_one_light_half_is_incomplete():
    months = pd.period_range("2019-10", "2022-03", freq="M")
    values = np.where(np.isin(months.month, [10, 11, 12, 1, 2, 3]), 2.0, 1.0) * months.days_in_month
    got = hg.dark_days(table(values, months), crime_type="woninginbraak").droplevel("code")
    assert got.loc["2019/20", "ratio"] == pytest.approx(2)
    assert got["complete"].to_dict() == {"2019/20": False, "2020/21": True, "2021/22": False, "alle": True}
    assert np.isnan(got.loc["2019/20", "ratio_trend"])


def test_leap_day_counts_as_exposure():
    got = dark(np.full(72, 1.0) * DAYS).droplevel("code")
    assert got.loc["2019/20", "incidents_dark"] == 183
    assert got["ratio"].dropna().to_numpy() == pytest.approx(1.0)


def test_a_falling_trend_is_not_a_season():
    values = 300 * np.exp(-0.25 * np.arange(72) / 12) * DAYS / 30
    got = dark(values).droplevel("code")
    assert got.loc["alle", "ratio_trend"] == pytest.approx(1.0, abs=1e-3)
    # Against both light halves the trend is out to first order.
    np.testing.assert_allclose(got["ratio"].dropna(), 1.0, atol=0.01)


def test_a_missing_month_leaves_its_season_without_a_number():
    values = np.where(DARK, 2.0, 1.0) * DAYS
    values[pd.Period("2020-12") == MONTHS] = np.nan
    got = dark(values).droplevel("code")
    assert got.loc["2020/21", ["ratio", "incidents_dark"]].isna().all()
    assert not got.loc["2020/21", "complete"]
    assert got.loc["alle", "ratio"] == pytest.approx(2.0)


def test_other_definitions_of_dark():
    months = (10, 11, 12, 1)
    late = np.isin(MONTHS.month, months)
    got = dark(np.where(late, 3.0, 1.0) * DAYS, months=months).droplevel("code")
    assert got.loc["2018/19", "ratio"] == pytest.approx(3.0)
    summer = dark(np.where(DARK, 1.0, 2.0) * DAYS, months=(4, 5, 6, 7, 8, 9)).droplevel("code")
    assert summer.loc["2019", "ratio"] == pytest.approx(2.0)


@pytest.mark.parametrize("months", [(10, 12, 1), (10,), (1, 2, 13), tuple(range(1, 13)), (3, 2, 1)])
def test_months_must_be_a_season(months):
    with pytest.raises(hg.InputError, match="consecutive"):
        dark(np.ones(72), months=months)


def test_under_two_years_no_claim():
    months = pd.period_range("2022-02", "2023-12", freq="M")
    counts = table(np.ones(len(months)), months)
    for verb in (hg.dark_days, hg.seasonal_index):
        with pytest.raises(hg.InputError, match="23 months"):
            verb(counts, crime_type="woninginbraak")
    with pytest.raises(hg.InputError, match="23 months"):
        hg.cluster_seasons(counts, crime_type="woninginbraak", rng=1)


def test_no_incidents_give_no_ratio():
    got = dark(np.zeros(72)).droplevel("code")
    assert got[["ratio", "ratio_low", "ratio_trend"]].isna().all(axis=None)
    assert got.loc["alle", "incidents_dark"] == 0


@pytest.mark.parametrize("dispersion", [1.0, 2.5, 4.0])
def test_the_interval_covers_the_planted_ratio(dispersion):
    rng = np.random.default_rng(8)
    truth = 1.3
    mean = 60 * np.where(DARK, truth, 1.0) * np.exp(-0.08 * np.arange(72) / 12) * DAYS / 30
    level = np.broadcast_to(mean, (1000, 72))
    drawn = level if dispersion == 1 else rng.gamma(level / (dispersion - 1), dispersion - 1)
    counts = table(rng.poisson(drawn), codes=[f"GM{place:04d}" for place in range(1000)])
    got = hg.dark_days(counts, crime_type="woninginbraak")
    for season in ("alle", "2020/21"):
        rows = got.xs(season, level="season")
        for low, high in (("ratio_low", "ratio_high"), ("ratio_trend_low", "ratio_trend_high")):
            covered = ((rows[low] <= truth) & (truth <= rows[high])).mean()
            assert 0.93 <= covered <= 0.985, (season, low, covered)


def test_seasonal_index_recovers_a_planted_year():
    shape = np.array([1.3, 1.2, 1.0, 0.9, 0.8, 0.8, 0.7, 0.9, 0.9, 1.0, 1.2, 1.3])
    values = 5 * shape[MONTHS.month - 1] * np.exp(-0.1 * np.arange(72) / 12) * DAYS
    got = hg.seasonal_index(table(values), crime_type="woninginbraak")["index"].to_numpy()
    np.testing.assert_allclose(got, shape, atol=0.01)
    assert got.mean() == pytest.approx(1.0)


def test_seasonal_index_covers():
    rng = np.random.default_rng(3)
    shape = 1 + 0.3 * np.cos(2 * np.pi * (np.arange(12) - 0.5) / 12)
    mean = 40 * shape[MONTHS.month - 1] * DAYS / 30
    counts = table(rng.poisson(np.broadcast_to(mean, (300, 72))), codes=[f"GM{place:04d}" for place in range(300)])
    got = hg.seasonal_index(counts, crime_type="woninginbraak")
    truth = np.tile(shape / shape.mean(), 300)
    covered = ((got["index_low"] <= truth) & (truth <= got["index_high"])).mean()
    assert 0.92 <= covered <= 0.99


def test_seasonal_index_without_enough_months_is_unknown():
    months = pd.period_range("2022-01", "2023-12", freq="M")
    values = np.ones(24)
    values[3] = np.nan
    got = hg.seasonal_index(table(np.vstack([values, np.ones(24)]), months), crime_type="woninginbraak")
    assert got.loc["WK990100"].isna().all(axis=None)
    assert got.loc["WK990101", "index"].notna().all()
