"""Dates and clock times of police exports as moments in Europe/Amsterdam, read one way or refused."""

from __future__ import annotations

import datetime as dt
import re
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from hicgeo.errors import InputError
from hicgeo.schema import TIME_STATUS, TIME_ZONE
from hicgeo.sources._ledger import Ledger

MAX_WINDOW_DAYS = 366
LONG_WINDOW_DAYS = 14
FIRST_YEAR = 1990
MIDNIGHT_SURPLUS = 3.0
"""Times the even share of 1 in 24 above which midnight is a default, not an hour."""
ORDERS = ("day_first", "month_first")

_DAY = np.timedelta64(86_400_000_000, "us")
_LAST = _DAY - np.timedelta64(1, "us")
_MONTHS = {
    name: number
    for number, names in enumerate(
        (
            ("jan", "januari"),
            ("feb", "februari"),
            ("mrt", "maart", "mar"),
            ("apr", "april"),
            ("mei", "may"),
            ("jun", "juni"),
            ("jul", "juli"),
            ("aug", "augustus"),
            ("sep", "sept", "september"),
            ("okt", "oktober", "oct"),
            ("nov", "november"),
            ("dec", "december"),
        ),
        1,
    )
    for name in names
}
_EXCEL_EPOCH = dt.date(1899, 12, 30)

Mask = npt.NDArray[np.bool_]
Moments = npt.NDArray[np.datetime64]


def read_windows(
    cells: dict[str, pd.Series], titles: dict[str, str], ledger: Ledger, date_order: str
) -> tuple[pd.Series, pd.Series, pd.Series]:
    """Start, end and time status of every record; records without a usable window are rejected in the ledger.

    Parameters
    ----------
    cells
        Text columns among `start`, `start_date`, `start_time`, `end`, `end_date`, `end_time`.
    titles
        Their titles in the file, for the rejects.
    ledger
        Account to enter rejects and notes in.
    date_order
        "day_first" or "month_first": how a date of three numbers that starts with no year is read.

    Raises
    ------
    InputError
        A column mixes the two orders, contradicts the declared one, has years of two digits, or mixes times with and
        without a UTC offset.
    """
    n = len(ledger.record)
    start = _moments("start", cells, titles, ledger, date_order)
    end = _moments("end", cells, titles, ledger, date_order)

    # a clock time without a date of its own belongs to the first day, or to the next when that runs backwards
    borrowed = ~end.has_date & end.has_time & start.has_date & start.has_time
    naive_end = np.where(borrowed, start.day + end.clock, end.day + end.clock)
    over_midnight = borrowed & (naive_end < start.day + start.clock)
    naive_end = naive_end + np.where(over_midnight, _DAY, np.timedelta64(0, "us"))
    has_end = end.has_date | borrowed
    naive_start = start.day + start.clock

    nothing = ~start.has_date & ~has_end
    column = titles.get("start", titles.get("start_date"))
    ledger.reject(nothing, "missing_time", column, None)
    ledger.note(
        "end_next_day", titles.get("end_time"), over_midnight, "an end time without a date falls on the next day"
    )

    no_clock = ~start.has_time & ~(end.has_time & has_end)
    status = np.full(n, "window", object)
    only_from, only_to = start.has_date & ~has_end, has_end & ~start.has_date
    naive_start = np.where(only_to, end.day + end.clock, naive_start)
    naive_end = np.where(only_from, start.day + start.clock, naive_end)
    # a day without a clock time lasts to its last moment, so that its end still has its date
    end_has_clock = np.where(only_from, start.has_time, end.has_time)
    naive_end = naive_end + np.where(end_has_clock, np.timedelta64(0, "us"), _LAST)
    status[only_from] = "from_only"
    status[only_to] = "to_only"
    status[no_clock] = "date_only"

    zone_start = _localise(naive_start, start.offset, True, titles.get("start", titles.get("start_date")), ledger)
    # an hour that occurs twice widens the window: its start is the first, its end the second, when both are given
    zone_end = _localise(
        naive_end,
        np.where(only_from, start.offset, end.offset),
        only_from | only_to,
        titles.get("end", titles.get("end_date")),
        ledger,
    )
    status[(status == "window") & np.asarray(zone_start == zone_end)] = "exact"

    before = np.asarray(zone_start > zone_end) & ~only_from & ~only_to
    ledger.reject(before, "end_before_start", titles.get("end", titles.get("end_date")), end.text)
    zone_end = zone_end.where(~(zone_start > zone_end), zone_start)
    tomorrow = pd.Timestamp.now(tz=TIME_ZONE).normalize() + pd.Timedelta(days=1)
    ledger.reject(np.asarray(zone_end >= tomorrow), "future_date", column, end.text.where(end.has_date, start.text))
    ledger.reject(np.asarray(zone_start.dt.year < FIRST_YEAR), f"before_{FIRST_YEAR}", column, start.text)
    length = np.asarray(zone_end - zone_start)
    long = length > np.timedelta64(MAX_WINDOW_DAYS, "D")
    ledger.reject(long, "window_too_long", titles.get("end", titles.get("end_date")), end.text)
    ledger.note(
        "long_window", None, length > np.timedelta64(LONG_WINDOW_DAYS, "D"), "the window is longer than two weeks"
    )
    for kind, text in (
        ("from_only", "no end is given: the end is the start"),
        ("to_only", "no start is given: the start is the end"),
        ("date_only", "no clock time is given: the window is the whole day"),
    ):
        ledger.note(kind, None, status == kind, text)
    _note_midnight(start, ledger, titles)
    return (
        zone_start,
        zone_end,
        pd.Series(pd.Categorical(status, categories=list(TIME_STATUS)).astype(object), dtype="str"),
    )


def read_dates(text: pd.Series, title: str, ledger: Ledger, date_order: str) -> pd.Series:
    """Dates of a column that may be empty; what cannot be read is empty and noted."""
    part = _moments("only", {"only": text}, {"only": title}, ledger, date_order, keep=True)
    return pd.Series(pd.array(np.where(part.has_date, part.day, np.datetime64("NaT", "us")), dtype="datetime64[us]"))


class _Parts:
    """One column of moments: its day and time of day, and which of them are there."""

    def __init__(self, n: int) -> None:
        self.day: Moments = np.full(n, "1970-01-01", "datetime64[us]")
        self.clock = np.zeros(n, "timedelta64[us]")
        self.has_date: Mask = np.zeros(n, bool)
        self.has_time: Mask = np.zeros(n, bool)
        self.offset = np.full(n, np.nan)
        self.text = pd.Series([""] * n, dtype="str")


def _moments(
    which: str,
    cells: dict[str, pd.Series],
    titles: dict[str, str],
    ledger: Ledger,
    date_order: str,
    *,
    keep: bool = False,
) -> _Parts:
    """Read `start` (or `start_date` and `start_time`) into days and clock times."""
    out = _Parts(len(ledger.record))
    whole = cells.get(which)
    if whole is not None:
        out.text = whole.fillna("").str.strip()
        # a date and a clock time are parted by blanks or by the T of ISO 8601
        parts = out.text.str.replace("T", " ", regex=False).str.partition(" ")
        date, time = parts[0], parts[2].str.strip()
        date_title = time_title = titles[which]
    else:
        empty = pd.Series([""] * len(ledger.record), dtype="str")
        date = cells.get(f"{which}_date", empty).fillna("").str.strip()
        time = cells.get(f"{which}_time", empty).fillna("").str.strip()
        out.text = (date + " " + time).str.strip()
        date_title, time_title = titles.get(f"{which}_date", which), titles.get(f"{which}_time", which)
        # Excel gives a date cell its midnight; the clock time then stands in the other column
        date = date.str.replace(r"[T ]00:00(:00(\.0+)?)?$", "", regex=True)
        time = time.str.replace(r"^(1899-12-3[01]|1900-01-01)[T ]", "", regex=True)

    codes, unique = pd.factorize(date)
    read = [_date(value) for value in unique]
    order = np.array([each.order for each in read], object)[codes] if len(unique) else np.empty(0, object)
    _check_order(order, date, date_title, ledger, date_order, np.array([e.short_year for e in read], bool)[codes])

    def pick(each: _Date) -> dt.date | None:
        return each.day_first if date_order == "day_first" else each.month_first

    days = np.array([np.datetime64(pick(each) or "1970-01-01", "us") for each in read], "datetime64[us]")
    good = np.array([pick(each) is not None for each in read], bool)
    fraction = np.array([each.fraction for each in read], "timedelta64[us]")
    serial = np.array([each.serial for each in read], bool)
    filled = np.asarray(date != "")
    out.has_date = good[codes] & filled
    out.day = days[codes]
    bad = filled & ~out.has_date
    if keep:
        ledger.note("unreadable_date", date_title, bad, "the date cannot be read and is left empty")
        return out
    ledger.reject(bad, "bad_date", date_title, out.text)
    ledger.note(
        "excel_date", date_title, serial[codes] & filled, "a day number of Excel (counted from 1900) was read as a date"
    )

    codes, unique = pd.factorize(time)
    clocks = [_clock(value) for value in unique]
    clock = np.array([each.time if each.time is not None else 0 for each in clocks], "timedelta64[us]")[codes]
    known = np.array([each.time is not None for each in clocks], bool)[codes]
    out.offset = np.array([each.offset for each in clocks], float)[codes]
    stated = np.asarray(time != "")
    ledger.reject(stated & ~known, "bad_time", time_title, out.text)
    partial = fraction[np.asarray(pd.factorize(date)[0])]
    out.has_time = (known & stated) | (partial > np.timedelta64(0, "us"))
    out.clock = np.where(known & stated, clock, partial)
    ledger.note("hour_24", time_title, stated & known & (clock >= _DAY), "24:00 is 00:00 of the next day")
    loose = np.array([each.loose for each in clocks], bool)[codes]
    ledger.note("loose_time", time_title, stated & loose, "a time such as 8.15, 8u15 or 0815 was read as 08:15")
    offsets = ~np.isnan(out.offset) & ledger.standing
    if offsets.any():
        without = stated & ~offsets & ledger.standing
        if without.any():
            raise InputError(
                f"times in {time_title} must all have a UTC offset, or none",
                f"{offsets.sum()} with (first: line {ledger.line[np.argmax(offsets)]}) and {without.sum()} without "
                f"(first: line {ledger.line[np.argmax(without)]})",
                "export local times, or all times in UTC",
            )
        ledger.note("utc_offset", time_title, offsets, "times with a UTC offset were turned into local time")
    return out


class _Date:
    """What a text can mean as a date, under either order."""

    def __init__(self, first: dt.date | None, second: dt.date | None, order: str = "") -> None:
        self.day_first, self.month_first, self.order = first, second, order
        self.fraction = np.timedelta64(0, "us")
        self.serial = self.short_year = False


def _date(text: str) -> _Date:
    match = re.fullmatch(r"(\d{4})[-/.](\d{1,2})[-/.](\d{1,2})", text) or re.fullmatch(r"(\d{4})(\d\d)(\d\d)", text)
    if match:
        same = _valid(*map(int, match.groups()))
        return _Date(same, same)
    match = re.fullmatch(r"(\d{1,2})[-/. ](\d{1,2})[-/. ](\d{4}|\d{2})", text)
    if match:
        a, b, year = map(int, match.groups())
        if len(match[3]) == 2:
            neither = _Date(None, None)
            neither.short_year = True
            return neither
        day_first, month_first = _valid(year, b, a), _valid(year, a, b)
        order = (
            "either"
            if day_first and month_first
            else "day_first"
            if day_first
            else "month_first"
            if month_first
            else ""
        )
        return _Date(day_first, month_first, order)
    match = re.fullmatch(r"(\d{1,2})[- ]?([a-z]{3,9})\.?[- ]?(\d{4})", text.lower())
    if match and match[2] in _MONTHS:
        same = _valid(int(match[3]), _MONTHS[match[2]], int(match[1]))
        return _Date(same, same)
    match = re.fullmatch(r"([2-7]\d{4})(?:[.,](\d{1,12}))?", text)
    if match:
        same = _EXCEL_EPOCH + dt.timedelta(days=int(match[1]))
        out = _Date(same, same)
        out.serial = True
        if match[2]:
            # Excel's fraction of a day is exact to some ten microseconds: seconds are what was meant
            out.fraction = np.timedelta64(round(float("0." + match[2]) * 86_400) * 1_000_000, "us")
        return out
    return _Date(None, None)


def _valid(year: int, month: int, day: int) -> dt.date | None:
    try:
        return dt.date(year, month, day)
    except ValueError:
        return None


class _Clock:
    def __init__(self, time: int | None, offset: float = np.nan, loose: bool = False) -> None:
        self.time, self.offset, self.loose = time, offset, loose


def _clock(text: str) -> _Clock:
    """Microseconds since midnight and the UTC offset in minutes of a clock time."""
    match = re.fullmatch(
        r"(\d{1,2})(?P<mark>[:.uh]?)(\d\d)(?::?(\d\d)(?:[.,](\d{1,9}))?)?\s*(?:uur|u)?\s*(?P<zone>Z|[+-]\d\d:?\d\d)?",
        text,
        re.IGNORECASE,
    )
    if not match:
        return _Clock(None)
    hour, minute, second = int(match[1]), int(match[3]), int(match[4] or 0)
    micro = int((match[5] or "0").ljust(6, "0")[:6])
    if minute > 59 or second > 59 or hour > 24 or (hour == 24 and (minute or second or micro)):
        return _Clock(None)
    zone = match["zone"]
    offset = np.nan
    if zone:
        offset = 0.0 if zone in "zZ" else float(f"{zone[0]}1") * (int(zone[1:3]) * 60 + int(zone[-2:]))
    return _Clock(((hour * 60 + minute) * 60 + second) * 1_000_000 + micro, offset, match["mark"] != ":")


def _check_order(
    order: npt.NDArray[Any], date: pd.Series, title: str, ledger: Ledger, date_order: str, short_year: Mask
) -> None:
    """Refuse a column that cannot be read one way. One or two misfits among many are typing errors, not an order."""
    alive = ledger.standing
    if (short := short_year & alive).any():
        raise InputError(
            f"years in {title} must have four digits",
            f"two digits in {short.sum()} rows (first: line {ledger.line[np.argmax(short)]})",
            "export the dates as dd-mm-jjjj",
        )
    other = ORDERS[1 - ORDERS.index(date_order)]
    against, along = (order == other) & alive, (order == date_order) & alive
    dated = int((order != "").sum())
    if against.sum() < 3 and against.sum() * 100 <= dated:
        return
    shape = date[against | along].str.replace(r"\d", "9", regex=True)

    def examples(mask: Mask) -> str:
        return ", ".join(f"line {ledger.line[i]} ({shape[i]})" for i in np.flatnonzero(mask)[:3]) or "none"

    fits = {"day_first": "only day-month-year fits", "month_first": "only month-day-year fits"}
    raise InputError(
        f"the dates in {title} must all be {date_order.replace('_', ' ')}",
        f"{along.sum()} rows where {fits[date_order]}: {examples(along)}; "
        f"{against.sum()} rows where {fits[other]}: {examples(against)}",
        f'declare date_order="{other}"' if not along.any() else "export the column in one order",
    )


def _localise(
    naive: Moments, offset: npt.NDArray[np.float64], first: Mask | bool, title: str | None, ledger: Ledger
) -> pd.Series:
    """Moments in Europe/Amsterdam; clock times that do not exist move forward, those that occur twice are chosen."""
    moments = pd.DatetimeIndex(naive.astype("datetime64[us]"))
    n = len(moments)
    choice = np.broadcast_to(np.asarray(first), (n,))
    has_offset = ~np.isnan(offset)
    local = moments.tz_localize(TIME_ZONE, ambiguous=choice, nonexistent="shift_forward")
    if has_offset.any():
        minutes = pd.to_timedelta(np.where(has_offset, offset, 0), unit="min")
        utc = (moments - minutes).tz_localize("UTC").tz_convert(TIME_ZONE)
        local = local.where(~has_offset, utc)
    gap = np.asarray(local.tz_localize(None) != moments) & ~has_offset
    ledger.note("clock_gap", title, gap, "a clock time skipped in spring was moved forward to the first that exists")
    twice = np.asarray(
        moments.tz_localize(TIME_ZONE, ambiguous=~choice, nonexistent="shift_forward") != local
    ) & ~has_offset  # fmt: skip
    ledger.note(
        "clock_overlap",
        title,
        twice & ~gap,
        "a clock time that occurs twice in autumn: the first as start, the last as end",
    )
    return pd.Series(local.as_unit("us"))


def _note_midnight(start: _Parts, ledger: Ledger, titles: dict[str, str]) -> None:
    timed = start.has_time & ledger.standing
    midnight = timed & (start.clock == np.timedelta64(0, "us"))
    if midnight.sum() >= 20 and midnight.sum() > MIDNIGHT_SURPLUS / 24 * timed.sum():
        title = titles.get("start_time", titles.get("start"))
        ledger.note("midnight", title, midnight, "far more starts at 00:00 than by chance: probably an unknown time")
