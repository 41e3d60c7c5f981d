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


def test_per_hour_of_darkness_the_dark_season_has_more_hours():
    # The same each day: per hour of darkness the light half, with its short nights, is the busier by as much.
    flat = np.full(72, 2.0) * DAYS
    days, hours = dark(flat).droplevel("code"), dark(flat, exposure="dark_hours").droplevel("code")
    assert list(days.columns) == list(hours.columns)
    assert days.loc["2018/19", "ratio"] == pytest.approx(1)
    # In Utrecht (52.1 N) civil darkness lasts 12.6 hours a day in October-March and 7.6 in April-September.
    assert hours.loc["2018/19", "ratio"] == pytest.approx(7.6 / 12.6, rel=0.05)
    further_north = dark(flat, exposure="dark_hours", place=(60.0, 5.2)).droplevel("code")
    assert further_north.loc["2018/19", "ratio"] < hours.loc["2018/19", "ratio"]
    with pytest.raises(hg.InputError, match="dark_hours"):
        dark(flat, exposure="nights")


def test_shrinkage_leaves_a_large_area_and_draws_in_a_small_one():
    rng = np.random.default_rng(5)
    size = np.array([5.0] * 20 + [0.05] * 20)[:, None]
    ratio = np.array([1.2, 2.0] * 20)[:, None]
    counts = table(rng.poisson(size * np.where(DARK, ratio, 1.0) * DAYS))
    got = hg.dark_days(counts, crime_type="woninginbraak").xs("alle", level="season")
    large, small = got.iloc[:20], got.iloc[20:]
    np.testing.assert_allclose(large["ratio_shrunk"], large["ratio"], rtol=0.03)
    assert small["ratio_shrunk"].std() < 0.7 * small["ratio"].std()
    inside = (got["ratio_shrunk_low"] <= ratio[:, 0]) & (ratio[:, 0] <= got["ratio_shrunk_high"])
    assert inside.mean() >= 0.85
    # an area without a dark incident has no ratio of its own, and yet a shrunken one below that of the others
    none = counts.copy()
    none.loc[("WK990139", "woninginbraak"), "incidents"] = np.where(DARK, 0.0, 0.1)
    odd = hg.dark_days(none, crime_type="woninginbraak").loc[("WK990139", "alle")]
    assert np.isnan(odd["ratio"])
    assert 0 < odd["ratio_shrunk"] < got["ratio_shrunk"].median()


def test_areas_with_one_ratio_are_shrunk_to_it():
    rng = np.random.default_rng(6)
    counts = table(rng.poisson(np.broadcast_to(np.where(DARK, 1.4, 1.0) * 2, (200, 72))),
                   codes=[f"GM{place:04d}" for place in range(200)])  # fmt: skip
    got = hg.dark_days(counts, crime_type="woninginbraak").xs("alle", level="season")
    assert got["ratio_shrunk"].std() < 0.25 * got["ratio"].std()
    truth = 1.4 * (6 / 182.625) / (6 / 182.625)
    assert abs(got["ratio_shrunk"] - truth).max() < 0.15


@pytest.mark.parametrize("method", ["ratio", "stl", "multiplicative"])
def test_every_method_recovers_a_planted_year(method):
    shape = np.array([1.3, 1.2, 1.0, 0.9, 0.8, 0.8, 0.7, 0.9, 0.9, 1.0, 1.2, 1.3])
    values = 5 * shape[MONTHS.month - 1] * np.exp(-0.1 * np.arange(72) / 12) * DAYS
    got = hg.seasonal_index(table(values), crime_type="woninginbraak", method=method)
    np.testing.assert_allclose(got["index"], shape, atol=0.015)
    assert got["index"].mean() == pytest.approx(1)
    np.testing.assert_allclose(got["index_shrunk"], got["index"], atol=1e-9)
    rng = np.random.default_rng(4)
    drawn = table(rng.poisson(np.broadcast_to(values, (60, 72))))
    many = hg.seasonal_index(drawn, crime_type="woninginbraak", method=method)
    covered = (many["index_low"] <= np.tile(shape, 60)) & (np.tile(shape, 60) <= many["index_high"])
    assert 0.92 <= covered.mean() <= 0.99


def test_months_without_incidents_have_an_index_of_zero_whatever_the_method():
    values = np.where(MONTHS.month == 7, 0.0, 30.0)
    for method in ("ratio", "stl", "multiplicative"):
        got = hg.seasonal_index(table(values), crime_type="woninginbraak", method=method)["index"]
        assert got.to_numpy()[6] == pytest.approx(0, abs=1e-6)
    with pytest.raises(hg.InputError, match="stl"):
        hg.seasonal_index(table(values), crime_type="woninginbraak", method="x11")


def test_a_small_area_is_drawn_to_the_year_of_all():
    rng = np.random.default_rng(7)
    shape = 1 + 0.4 * np.cos(2 * np.pi * (np.arange(12) - 0.5) / 12)
    size = np.array([300.0] * 30 + [1.0] * 30)[:, None]
    counts = table(rng.poisson(size * shape[MONTHS.month - 1]))
    got = hg.seasonal_index(counts, crime_type="woninginbraak")
    error = ((got[["index", "index_shrunk"]].sub(np.tile(shape, 60), axis=0)) ** 2).to_numpy().reshape(60, 12, 2)
    small = error[30:].mean(axis=(0, 1))
    assert small[1] < 0.2 * small[0]
    assert error[:30].mean(axis=(0, 1))[1] <= error[:30].mean(axis=(0, 1))[0]


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
