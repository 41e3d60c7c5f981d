"""Darkness apart from the calendar: planted effects, hours of darkness by the almanac, and what is refused."""

import numpy as np
import pandas as pd
import pytest
import scipy.stats

import hicgeo as hg
from hicgeo.analysis._sun import NETHERLANDS, dark_hours
from hicgeo.analysis.darkness import _Fit

DAYS = pd.period_range("2020-01-01", "2024-12-31", freq="D")
EVENING = dark_hours(DAYS, NETHERLANDS, between=(15, 22))
WAVE = np.cos(2 * np.pi * (DAYS.day_of_year.to_numpy() - 15) / 365.25)
YEARS = np.arange(len(DAYS)) / 365.25


def planted(seed, darkness, calendar, *, dispersion=1.5, level=20.0):
    rng = np.random.default_rng(seed)
    mean = level * np.exp(darkness * (EVENING - EVENING.mean()) + calendar * WAVE - 0.05 * YEARS)
    return pd.Series(rng.poisson(rng.gamma(mean / (dispersion - 1), dispersion - 1)), DAYS)


def test_hours_of_darkness_are_those_of_the_almanac():
    # De Bilt: civil dusk at 17:11 on 21 December, so 17:11-22:00; in June it is light until after 22:00.
    at = pd.PeriodIndex(["2024-06-21", "2024-12-21"], freq="D")
    got = [dark_hours(at[[place]], NETHERLANDS, between=(12, 22)).item() for place in (0, 1)]
    assert got[0] == 0
    assert got[1] == pytest.approx(4 + 49 / 60, abs=0.1)
    # the clock goes back on 27 October 2024: an hour more of dark evening overnight
    change = dark_hours(pd.period_range("2024-10-26", "2024-10-27", freq="D"), NETHERLANDS, between=(15, 22))
    assert np.diff(change).item() == pytest.approx(1.03, abs=0.02)
    whole = dark_hours(pd.PeriodIndex(["2024-12-21"], freq="D"), NETHERLANDS).item()
    assert whole == pytest.approx(24 - 7.72 - 2 * 0.65, abs=0.15)


def test_a_planted_effect_of_darkness_lies_in_the_intervals():
    inside = dict.fromkeys(("hour", "darkness", "calendar", "clock", "share"), 0)
    truth = {"hour": np.exp(0.10), "clock": np.exp(0.10)}
    dark = np.isin(DAYS.month, (10, 11, 12, 1, 2, 3))
    logs = [0.10 * (EVENING[dark].mean() - EVENING[~dark].mean()), 0.15 * (WAVE[dark].mean() - WAVE[~dark].mean())]
    truth |= {"darkness": np.exp(logs[0]), "calendar": np.exp(logs[1])}
    runs = 12
    for seed in range(runs):
        got = hg.darkness_effect(planted(seed, 0.10, 0.15))
        for name, value in truth.items():
            inside[name] += got.effects.loc[name, "low"] <= value <= got.effects.loc[name, "high"]
        inside["share"] += got.share_low <= logs[0] / sum(logs) <= got.share_high
        assert got.effects.loc["winter", "ratio"] == pytest.approx(np.exp(sum(logs)), rel=0.06)
        assert got.dispersion == pytest.approx(1.5, abs=0.2)
    assert min(inside.values()) >= scipy.stats.binom.ppf(0.005, runs, 0.95)


def test_a_season_without_darkness_is_not_given_to_it():
    got = hg.darkness_effect(planted(3, 0.0, 0.3, level=60.0))
    assert got.effects.loc["winter", "low"] > 1.3
    assert got.share_low < 0.1
    assert got.effects.loc["clock", "low"] < 1 < got.effects.loc["clock", "high"]
    assert got.inflation > 10  # darkness and time of year go together: that is said


def test_months_say_less_and_have_no_clock():
    days = planted(4, 0.10, 0.15)
    months = days.groupby(DAYS.asfreq("M")).sum()
    months.index = pd.PeriodIndex(months.index, freq="M")
    one, other = hg.darkness_effect(days), hg.darkness_effect(months)
    assert (one.unit, other.unit, other.n) == ("day", "month", 60)
    assert other.effects.loc["clock"].isna().all()
    assert other.effects.loc["winter", "ratio"] == pytest.approx(one.effects.loc["winter", "ratio"], rel=0.05)
    assert np.diff(np.log(other.effects.loc["hour", ["low", "high"]].astype(float))) > np.diff(
        np.log(one.effects.loc["hour", ["low", "high"]].astype(float))
    )


def test_a_missing_month_is_left_out_and_school_holidays_are_allowed_for():
    days = planted(5, 0.10, 0.15).astype(float)
    days.iloc[700:730] = np.nan
    assert hg.darkness_effect(days).n == len(days) - 30
    summers = pd.DataFrame(
        {"start": [f"{y}-07-10" for y in range(2020, 2025)], "end": [f"{y}-08-20" for y in range(2020, 2025)]}
    )
    away = pd.concat([pd.Series(pd.period_range(a, b, freq="D")) for a, b in summers.to_numpy()])
    days = planted(6, 0.0, 0.0)
    days[pd.PeriodIndex(away)] *= 2
    got = hg.darkness_effect(days, school_holidays=summers)
    assert "schoolvakanties verrekend" in hg.in_words(got)[0]
    assert "schoolvakanties" not in hg.in_words(hg.darkness_effect(days))[0]
    assert got.terms.loc["school_holiday", "coefficient"] == pytest.approx(np.log(2), abs=0.1)
    assert hg.darkness_effect(days).effects.loc["winter", "ratio"] < got.effects.loc["winter", "ratio"]


def test_fieller_by_its_definition():
    # The bounds are where (a - r b)^2 = t^2 var(a - r b).
    fit = _Fit(pd.Series([0.3, 0.2], ["a", "b"]), np.array([[0.01, -0.004], [-0.004, 0.006]]), 50.0, 1.0)
    a, whole = pd.Series({"a": 1.0, "b": 0.0}), pd.Series({"a": 1.0, "b": 1.0})
    share, low, high = fit.share(a, whole)
    assert share == pytest.approx(0.6)
    t = scipy.stats.t.ppf(0.975, 50)
    for bound in (low, high):
        weights = np.array([1.0, 0.0]) - bound * np.array([1.0, 1.0])
        value, variance = weights @ [0.3, 0.2], weights @ fit.covariance @ weights
        assert value**2 == pytest.approx(t**2 * variance)
    nothing = _Fit(pd.Series([0.1, -0.1], ["a", "b"]), np.eye(2) * 0.01, 50.0, 1.0)
    assert nothing.share(a, pd.Series({"a": 1.0, "b": 0.9}))[1:] == (-np.inf, np.inf)


def test_what_cannot_be_used_is_refused_with_the_reason():
    days = planted(7, 0.1, 0.1)
    with pytest.raises(hg.InputError, match="two full years"):
        hg.darkness_effect(days.iloc[:600])
    with pytest.raises(hg.InputError, match="PeriodIndex"):
        hg.darkness_effect(days.set_axis(days.index.to_timestamp()))
    with pytest.raises(hg.InputError, match="0 in all"):
        hg.darkness_effect(days * 0)
    with pytest.raises(hg.InputError, match="two hours"):
        hg.darkness_effect(days, empty_hours=(22, 15))
    with pytest.raises(hg.InputError, match="1 to 4"):
        hg.darkness_effect(days, harmonics=9)
    with pytest.raises(hg.InputError, match="columns start and end"):
        hg.darkness_effect(days, school_holidays=pd.DataFrame({"from": []}))
    some = pd.DataFrame({"start": ["2020-07-10", "2022-07-10"], "end": ["2020-08-20", "2022-08-20"]})
    with pytest.raises(hg.InputError, match="none begins in 2021, 2023, 2024"):
        hg.darkness_effect(days, school_holidays=some)
    with pytest.raises(hg.InputError, match="1 rows do not"):
        hg.darkness_effect(days, school_holidays=pd.DataFrame({"start": ["2024-07-10"], "end": ["2024-07-01"]}))
