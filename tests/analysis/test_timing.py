"""Aoristic weights against a minute-by-minute count, and periods."""

import numpy as np
import pandas as pd
import pytest

import hicgeo as hg
from hicgeo.analysis.timing import months

ZONE = "Europe/Amsterdam"


def windows(pairs):
    start, end = zip(*pairs, strict=True)
    return pd.DataFrame(
        {
            "start": pd.to_datetime(list(start)).tz_localize(ZONE, ambiguous=True),
            "end": pd.to_datetime(list(end)).tz_localize(ZONE, ambiguous=False),
        }
    )


def minute_by_minute(table, unit_of):
    """The slow truth: every real minute of the window carries the same weight."""
    rows = []
    for start, end in zip(table["start"].dt.tz_convert("UTC"), table["end"].dt.tz_convert("UTC"), strict=True):
        minutes = pd.date_range(start, end, freq="min", inclusive="left") if end > start else pd.DatetimeIndex([start])
        units = unit_of(minutes.tz_convert(ZONE))
        rows.append(pd.Series(1 / len(minutes), index=units).groupby(level=0).sum())
    return pd.DataFrame(rows).fillna(0.0)


@pytest.fixture(scope="module")
def random_windows():
    rng = np.random.default_rng(1)
    # Half of them around the clock changes of 2024.
    centre = rng.choice(pd.to_datetime(["2024-03-31", "2024-10-27", "2024-07-01", "2023-12-31"]).to_numpy(), 300)
    begin = pd.DatetimeIndex(centre) + pd.to_timedelta(rng.integers(-1500, 1500, 300), unit="min")
    start = begin.tz_localize("UTC").tz_convert(ZONE)
    length = pd.to_timedelta(rng.choice([0, 1, 59, 60, 61, 500, 1440, 3000, 5000], 300), unit="min")
    return pd.DataFrame({"start": start, "end": start + length})


@pytest.mark.parametrize(
    ("by", "unit_of"),
    [
        ("hour_of_day", lambda t: t.hour),
        ("hour_of_week", lambda t: t.day_of_week * 24 + t.hour),
        ("day_of_week", lambda t: t.day_of_week),
        ("month_of_year", lambda t: t.month),
        ("month", lambda t: t.tz_localize(None).to_period("M")),
        ("date", lambda t: t.tz_localize(None).to_period("D")),
    ],
)
def test_equals_the_count_of_minutes(random_windows, by, unit_of):
    got = hg.aoristic(random_windows, by=by, max_window=None)
    truth = minute_by_minute(random_windows, unit_of)
    np.testing.assert_allclose(got[truth.columns], truth, atol=1e-12)
    assert got.to_numpy().sum() == pytest.approx(len(random_windows), abs=1e-9)
    np.testing.assert_allclose(got.sum(axis="columns"), 1.0, atol=1e-12)


def test_long_windows_are_set_apart_and_counted():
    table = windows([("2024-05-01 10:00", "2024-05-01 12:00"), ("2024-05-01 00:00", "2024-05-22 00:00")])
    got = hg.aoristic(table, by="hour_of_week", max_window="48h")
    assert got.attrs["set_apart"] == 1
    assert got.loc[1].isna().all()
    assert got.sum().sum() == pytest.approx(1.0)
    assert got.columns.size == 168


def test_the_hour_that_came_twice_weighs_double():
    table = windows([("2024-10-27 01:00", "2024-10-27 04:00")])
    got = hg.aoristic(table, by="hour_of_day", max_window=None).loc[0]
    assert got[[1, 2, 3]].tolist() == pytest.approx([0.25, 0.5, 0.25])


def test_input_is_not_changed_and_index_is_kept(random_windows):
    table = random_windows.set_axis([f"id{place}" for place in range(len(random_windows))])
    before = table.copy()
    assert hg.aoristic(table, by="date", max_window=None).index.equals(table.index)
    pd.testing.assert_frame_equal(table, before)


def test_errors_say_what_to_do():
    good = windows([("2024-05-01", "2024-05-02")])
    with pytest.raises(hg.InputError, match="1 rows"):
        hg.aoristic(good.rename(columns={"start": "end", "end": "start"}), by="month", max_window=None)
    with pytest.raises(hg.ColumnError, match="time-zone aware"):
        hg.aoristic(good.assign(start=good["start"].dt.tz_localize(None)), by="month", max_window=None)
    with pytest.raises(hg.InputError, match="hour_of_week"):
        hg.aoristic(good, by="week", max_window=None)
    with pytest.raises(hg.InputError, match="length of time"):
        hg.aoristic(good, by="month", max_window="many")


def test_no_incidents_give_an_empty_table():
    empty = windows([("2024-05-01", "2024-05-02")]).iloc[:0]
    assert hg.aoristic(empty, by="hour_of_day", max_window="48h").shape == (0, 24)


@pytest.mark.parametrize(
    ("period", "first", "last", "n"),
    [
        ("2024", "2024-01", "2024-12", 12),
        ("2024-02", "2024-02", "2024-02", 1),
        (("2023", "2024-06"), "2023-01", "2024-06", 18),
    ],
)
def test_months_of_a_period(period, first, last, n):
    got = months(period)
    assert (str(got[0]), str(got[-1]), len(got)) == (first, last, n)


@pytest.mark.parametrize("period", ["soon", ("2024-05", "2024-01"), ("2024",), 2024])
def test_what_is_no_period_is_refused(period):
    with pytest.raises(hg.InputError, match="period"):
        months(period)
