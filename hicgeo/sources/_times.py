"""Dates and clock times of police exports as moments in Europe/Amsterdam, read one way or refused."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from hicgeo.errors import InputError
from hicgeo.schema import TIME_ZONE
from hicgeo.sources._ledger import TEXT, Ledger

MAX_WINDOW_DAYS = 366
LONG_WINDOW_DAYS = 7
"""A longer window says nothing about the hour or the day of the week."""
FIRST_YEAR = 1990
MIDNIGHT_SURPLUS = 3.0
"""Times the even share of 1 in 24 above which midnight is a default, not an hour."""
ORDERS = ("day_first", "month_first")
EPOCHS = {1900: dt.date(1899, 12, 30), 1904: dt.date(1904, 1, 1)}
"""Day 0 of Excel's day numbers: Windows counts from 1900, old versions for the Macintosh from 1904."""

_DAY = np.timedelta64(86_400_000_000, "us")
_LAST = _DAY - np.timedelta64(1, "us")
_NONE = np.timedelta64(0, "us")
_MONTHS = {
    name: number
    for number, names in enumerate(
        (
            ("jan", "januari", "january"),
            ("feb", "februari", "february"),
            ("mrt", "maart", "mar", "march"),
            ("apr", "april"),
            ("mei", "may"),
            ("jun", "juni", "june"),
            ("jul", "juli", "july"),
            ("aug", "augustus", "august"),
            ("sep", "sept", "september"),
            ("okt", "oktober", "oct", "october"),
            ("nov", "november"),
            ("dec", "december"),
        ),
        1,
    )
    for name in names
}

Mask = npt.NDArray[np.bool_]
Moments = npt.NDArray[np.datetime64]
Texts = Callable[[npt.NDArray[np.intp]], Sequence[str]]


@dataclass(frozen=True)
class Dates:
    """How dates are written, as far as they do not say so themselves.

    Attributes
    ----------
    order
        "day_first" or "month_first": how a date of three numbers that starts with no year is read.
    century
        Added to years of two digits; None refuses them.
    excel_epoch
        1900 or 1904: where day numbers count from.
    swap
        Whether a window that ends before it starts is turned round.
    file_epoch
        Where the file says that day numbers count from; None when it does not.

    Raises
    ------
    InputError
        One of them is unknown.
    """

    order: str = "day_first"
    century: int | None = None
    excel_epoch: int = 1900
    swap: bool = False
    file_epoch: int | None = None

    def __post_init__(self) -> None:
        if self.order not in ORDERS:
            raise InputError(f"date_order must be one of {', '.join(ORDERS)}", repr(self.order), "choose one")
        if self.century not in (None, 1900, 2000):
            raise InputError("century must be 1900, 2000 or left out", repr(self.century), "choose one")
        if self.excel_epoch not in EPOCHS:
            raise InputError("excel_epoch must be 1900 or 1904", repr(self.excel_epoch), "choose one")


def read_windows(
    cells: dict[str, pd.Series], titles: dict[str, str], ledger: Ledger, dates: Dates
) -> tuple[pd.Series, pd.Series, pd.Series]:
    """Start, end and time status of every record; records without a usable window are rejected in the ledger.

    Parameters
    ----------
    cells
        Text columns among `start`, `start_date`, `start_time`, `end`, `end_date`, `end_time`.
    titles
        Their titles in the file, for the rejects.
    ledger
        Account to enter rejects, repairs and notes in.
    dates
        How dates are written.

    Raises
    ------
    InputError
        A column mixes the two orders, contradicts the declared one, has years of two digits, or mixes times with and
        without a UTC offset.
    """
    n = len(ledger.record)
    start = _moments("start", cells, titles, ledger, dates)
    end = _moments("end", cells, titles, ledger, dates)
    _check_offsets(start, end, ledger)

    # a clock time without a date of its own belongs to the first day, or to the next when that runs backwards
    borrowed = ~end.has_date & end.has_time & start.has_date & start.has_time
    naive_end = np.where(borrowed, start.day + end.clock, end.day + end.clock)
    over_midnight = borrowed & (naive_end < start.day + start.clock)
    naive_end = naive_end + np.where(over_midnight, _DAY, _NONE)
    has_end = end.has_date | borrowed
    naive_start = start.day + start.clock

    column = titles.get("start", titles.get("start_date"))
    end_column = titles.get("end", titles.get("end_date", titles.get("end_time")))
    ledger.reject(~start.has_date & ~has_end, "missing_time", column, None)
    ledger.repair(
        over_midnight,
        "end_next_day",
        titles.get("end_time", end_column),
        (end.said, _moment_texts(naive_end)),
        "an end time without a date falls on the next day",
    )

    no_clock = ~start.has_time & ~(end.has_time & has_end)
    status = np.full(n, "window", object)
    only_from, only_to = start.has_date & ~has_end, has_end & ~start.has_date
    naive_start = np.where(only_to, end.day + end.clock, naive_start)
    naive_end = np.where(only_from, start.day + start.clock, naive_end)
    # a day without a clock time lasts to its last moment, so that its end still has its date
    end_has_clock = np.where(only_from, start.has_time, end.has_time)
    naive_end = naive_end + np.where(end_has_clock, _NONE, _LAST)
    status[only_from] = "from_only"
    status[only_to] = "to_only"
    status[no_clock] = "date_only"

    start_said, end_said = _chosen(only_to, end.said, start.said), _chosen(only_from, start.said, end.said)
    zone_start = _localise(naive_start, start.offset, np.ones(n, bool), (column, start_said), ledger)
    # an hour that occurs twice widens the window: its start is the first, its end the second, when both are given
    end_offset = np.where(only_from, start.offset, end.offset)
    zone_end = _localise(naive_end, end_offset, only_from | only_to, (end_column, end_said), ledger)
    status[(status == "window") & np.asarray(zone_start == zone_end)] = "exact"

    before = np.asarray(zone_start > zone_end) & ~only_from & ~only_to
    if dates.swap:
        ledger.repair(
            before,
            "window_turned",
            end_column,
            (_both(start.said, end.said), _both(end.said, start.said)),
            "start and end were exchanged, as declared",
        )
        zone_start, zone_end = zone_start.where(~before, zone_end), zone_end.where(~before, zone_start)
    else:
        ledger.reject(before, "end_before_start", end_column, _both(start.said, end.said))
    zone_end = zone_end.where(~(zone_start > zone_end), zone_start)
    tomorrow = pd.Timestamp.now(tz=TIME_ZONE).normalize() + pd.Timedelta(days=1)
    ledger.reject(np.asarray(zone_end >= tomorrow), "future_date", column, _both(start.said, end.said))
    ledger.reject(np.asarray(zone_start.dt.year < FIRST_YEAR), f"before_{FIRST_YEAR}", column, start.said)
    length = np.asarray(zone_end - zone_start)
    long = length > np.timedelta64(MAX_WINDOW_DAYS, "D")
    ledger.reject(long, "window_too_long", end_column, _both(start.said, end.said))
    ledger.note(
        "long_window",
        end_column,
        length > np.timedelta64(LONG_WINDOW_DAYS, "D"),
        "the window is longer than a week: it counts, but says nothing about hours",
    )
    for kind, text in (
        ("from_only", "no end is given: the end is the start"),
        ("to_only", "no start is given: the start is the end"),
        ("date_only", "no clock time is given: the window is the whole day"),
    ):
        ledger.note(kind, None, status == kind, text)
    return zone_start, zone_end, pd.Series(status, dtype="str")


def read_dates(text: pd.Series, title: str, ledger: Ledger, dates: Dates) -> pd.Series:
    """Dates of a column that may be empty; what cannot be read is empty and noted."""
    part = _moments("only", {"only": text}, {"only": title}, ledger, dates, keep=True)
    return pd.Series(pd.array(np.where(part.has_date, part.day, np.datetime64("NaT", "us")), dtype="datetime64[us]"))


class _Parts:
    """One column of moments: its day and time of day, which of them are there, and what the file says."""

    def __init__(self, n: int) -> None:
        self.day: Moments = np.full(n, "1970-01-01", "datetime64[us]")
        self.clock = np.zeros(n, "timedelta64[us]")
        self.has_date: Mask = np.zeros(n, bool)
        self.has_time: Mask = np.zeros(n, bool)
        self.offset = np.full(n, np.nan)
        self.title = ""
        self.said: Texts = lambda places: [""] * len(places)


def _moments(
    which: str, cells: dict[str, pd.Series], titles: dict[str, str], ledger: Ledger, dates: Dates, *, keep: bool = False
) -> _Parts:
    """Read `start` (or `start_date` and `start_time`) into days and clock times.

    Every distinct text is read once: a column has far fewer of them than records.
    """
    out = _Parts(len(ledger.record))
    whole = cells.get(which)
    if whole is not None:
        date, time = _halves(whole)
        out.title = date_title = time_title = titles[which]
        out.said = lambda places: whole.iloc[places].fillna("").tolist()
    else:
        empty = pd.Series([""], dtype=TEXT).repeat(len(ledger.record)).reset_index(drop=True)
        date, time = (cells.get(f"{which}_{part}", empty).fillna("") for part in ("date", "time"))
        date_title, time_title = titles.get(f"{which}_date", which), titles.get(f"{which}_time", which)
        out.title = time_title
        out.said = lambda places: [
            f"{a} {b}".strip() for a, b in zip(date.iloc[places], time.iloc[places], strict=True)
        ]

    codes, unique = pd.factorize(date)
    # Excel gives a date cell its midnight; the clock time then stands in the other column
    bare = [text if whole is not None else re.sub(r"[T ]00:00(:00(\.0+)?)?$", "", text.strip()) for text in unique]
    bare = [text.strip() for text in bare]
    read = [_date(text, dates) for text in bare]
    order = np.array([each.order for each in read], object)[codes] if len(read) else np.empty(0, object)
    short = np.array([each.short_year for each in read], bool)[codes]
    _check_order(order, date, date_title, ledger, dates, short)
    picked = [each.day_first if dates.order == "day_first" else each.month_first for each in read]
    filled = np.array([text != "" for text in bare], bool)[codes]
    out.has_date = np.array([day is not None for day in picked], bool)[codes] & filled
    days = np.array([np.datetime64(day or "1970-01-01", "us") for day in picked], "datetime64[us]")
    out.day = days[codes]
    bad = filled & ~out.has_date
    if keep:
        ledger.note("unreadable_date", date_title, bad, "the date cannot be read and is left empty")
        return out
    ledger.reject(bad, "bad_date", date_title, out.said)
    serial = np.array([each.serial for each in read], bool)[codes]
    if dates.file_epoch not in (None, dates.excel_epoch) and (serial & ledger.standing).any():
        raise InputError(
            "day numbers must count from where the workbook does",
            f"it counts from {dates.file_epoch}, excel_epoch is {dates.excel_epoch}",
            f"set excel_epoch={dates.file_epoch}",
        )
    ledger.repair(
        serial,
        "excel_date",
        date_title,
        (date, lambda places: [str(picked[code]) for code in codes[places]]),
        f"a day number of Excel, counted from {dates.excel_epoch}, was read as a date",
    )
    if dates.century is not None:
        ledger.repair(
            np.array([each.two_digits for each in read], bool)[codes],
            "short_year",
            date_title,
            (date, lambda places: [str(picked[code]) for code in codes[places]]),
            f"a year of two digits lies in the century from {dates.century}, as declared",
        )
    fraction = np.array([each.fraction for each in read], "timedelta64[us]")[codes]
    _add_clocks(out, time, time_title, fraction, ledger)
    return out


def _halves(text: pd.Series) -> tuple[pd.Series, pd.Series]:
    """Date and clock time of texts that hold both, parted by blanks or by the T of ISO 8601; either may be empty."""
    import pyarrow as pa
    import pyarrow.compute as pc

    stripped = pa.array(text.fillna("").str.strip(), type=pa.large_string())
    found = pc.extract_regex(stripped, r"(?s)^(?P<date>.*?)(?:[T ]\s*(?P<time>[0-9]{1,2}(?:[:.uh][0-9][0-9]|u).*))?$")
    date, time = (pd.Series(pd.array(pc.struct_field(found, name), dtype=TEXT)).fillna("") for name in ("date", "time"))
    clock_only = date.str.fullmatch(r"[0-9]{1,2}[:.uh][0-9][0-9](:[0-9][0-9])?")
    return date.where(~clock_only, ""), time.where(~clock_only, date)


def _add_clocks(
    out: _Parts, time: pd.Series, title: str, fraction: npt.NDArray[np.timedelta64], ledger: Ledger
) -> None:
    """Read clock times; where there is none, the fraction of Excel's day number is the time of day."""
    codes, unique = pd.factorize(time)
    bare = [re.sub(r"^(1899-12-3[01]|1900-01-01)[T ]", "", text.strip()) for text in unique]
    of_day = _of_day(bare)
    clocks = [_fraction(text) if text in of_day else _clock(text) for text in bare]
    clock = np.array([each.time if each.time is not None else 0 for each in clocks], "timedelta64[us]")[codes]
    stated = np.array([text != "" for text in bare], bool)[codes]
    known = np.array([each.time is not None for each in clocks], bool)[codes] & stated
    out.offset = np.array([each.offset for each in clocks], float)[codes]
    ledger.reject(stated & ~known, "bad_time", title, out.said)
    out.clock = np.where(known, clock, fraction)
    out.has_time = known | (fraction > _NONE)

    def written(places: npt.NDArray[np.intp]) -> list[str]:
        minutes = clock[places].astype("timedelta64[m]").astype(int)
        return [f"{m // 60 % 24:02d}:{m % 60:02d}{' of the next day' if m >= 1440 else ''}" for m in minutes]

    said = "a fraction of a day, as Excel keeps clock times, was read as a time"
    part = np.array([text in of_day for text in bare], bool)[codes] & known
    ledger.repair(part, "excel_time", title, (time, written), said)
    ledger.repair(known & (clock >= _DAY), "hour_24", title, (time, written), "24:00 is 00:00 of the next day")
    loose = np.array([each.loose for each in clocks], bool)[codes] & known & (clock < _DAY) & ~part
    ledger.repair(loose, "loose_time", title, (time, written), "a time such as 8.15, 8u15 or 0815 was read as 08:15")
    midnight = known & (clock == _NONE) & np.isnan(out.offset) & ledger.standing
    timed = int((known & ledger.standing).sum())
    if midnight.sum() >= 20 and midnight.sum() > MIDNIGHT_SURPLUS / 24 * timed:
        ledger.repair(
            midnight,
            "midnight",
            title,
            (time, lambda places: [""] * len(places)),
            "far more clock times at 00:00 than by chance: taken as unknown, not as midnight",
        )
        out.has_time = out.has_time & ~midnight


class _Date:
    """What a text can mean as a date, under either order."""

    def __init__(self, first: dt.date | None, second: dt.date | None, order: str = "") -> None:
        self.day_first, self.month_first, self.order = first, second, order
        self.fraction = _NONE
        self.serial = self.short_year = self.two_digits = False


def _date(text: str, dates: Dates) -> _Date:
    match = re.fullmatch(r"([0-9]{4})[-/.]([0-9]{1,2})[-/.]([0-9]{1,2})", text) or re.fullmatch(
        r"([0-9]{4})([0-9][0-9])([0-9][0-9])", text
    )
    if match:
        same = _valid(*map(int, match.groups()))
        return _Date(same, same)
    match = re.fullmatch(r"([0-9]{1,2})[-/. ]([0-9]{1,2})[-/. ]([0-9]{4}|[0-9]{2})", text)
    if match:
        a, b, year = map(int, match.groups())
        short = len(match[3]) == 2
        if short and dates.century is None:
            neither = _Date(None, None)
            neither.short_year = True
            return neither
        year += (dates.century or 0) if short else 0
        day_first, month_first = _valid(year, b, a), _valid(year, a, b)
        fits = [name for name, day in zip(ORDERS, (day_first, month_first), strict=True) if day]
        order = "" if day_first == month_first else "either" if len(fits) == 2 else fits[0]
        out = _Date(day_first, month_first, order)
        out.two_digits = short
        return out
    match = re.fullmatch(r"([0-9]{1,2})[- ]?([a-z]{3,9})\.?[- ]?([0-9]{4})", text.lower())
    if match and match[2] in _MONTHS:
        same = _valid(int(match[3]), _MONTHS[match[2]], int(match[1]))
        return _Date(same, same)
    match = re.fullmatch(r"([2-7][0-9]{4})(?:[.,]([0-9]{1,12}))?", text)
    if match:
        same = EPOCHS[dates.excel_epoch] + dt.timedelta(days=int(match[1]))
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
        r"([0-9]{1,2})(?:(?P<mark>[:.uh]?)([0-9][0-9])(?::?([0-9][0-9])(?:[.,]([0-9]{1,9}))?)?\s*(?:uur|u)?|\s*(?:uur|u))"
        r"\s*(?P<zone>Z|[+-][0-9][0-9]:?[0-9][0-9])?",
        text,
        re.IGNORECASE,
    )
    # 0.25 is a quarter past midnight, or Excel's quarter of a day
    if not match or re.fullmatch(r"0\.[0-9][0-9]", text):
        return _Clock(None)
    hour, minute, second = int(match[1]), int(match[3] or 0), int(match[4] or 0)
    micro = int((match[5] or "0").ljust(6, "0")[:6])
    if minute > 59 or second > 59 or hour > 24 or (hour == 24 and (minute or second or micro)):
        return _Clock(None)
    zone = match["zone"]
    offset = np.nan
    if zone:
        offset = 0.0 if zone in "zZ" else float(f"{zone[0]}1") * (int(zone[1:3]) * 60 + int(zone[-2:]))
    return _Clock(((hour * 60 + minute) * 60 + second) * 1_000_000 + micro, offset, match["mark"] != ":")


def _of_day(texts: list[str]) -> set[str]:
    """Texts that are fractions of a day: those with three decimals or more, and with them 0,5 and such.

    A column that also has times such as 8.15 leaves 0.25 what it may be: a quarter past midnight, or six o'clock.
    """
    sure = {text for text in texts if re.fullmatch(r"0[.,][0-9]{3,18}", text)}
    if not sure or any(re.fullmatch(r"[1-9][0-9]?[.,][0-9][0-9]", text) for text in texts):
        return sure
    return sure | {text for text in texts if re.fullmatch(r"0([.,][0-9]{1,2})?", text)}


def _fraction(text: str) -> _Clock:
    """Clock time of a fraction of a day, to the second: Excel's is exact to some ten microseconds."""
    return _Clock(round(float(text.replace(",", ".")) * 86_400) * 1_000_000)


def _examples(mask: Mask, ledger: Ledger) -> str:
    """Lines of the first three: never what stands there, for a moment may tell an incident."""
    return ", ".join(f"line {ledger.line[i]}" for i in np.flatnonzero(mask)[:3]) or "none"


def _check_order(
    order: npt.NDArray[Any], date: pd.Series, title: str, ledger: Ledger, dates: Dates, short: Mask
) -> None:
    """Refuse a column that cannot be read one way. One or two misfits among many are typing errors, not an order."""
    alive = ledger.standing
    if (short & alive).any():
        raise InputError(
            f"years in {title} must have four digits",
            f"two digits in {(short & alive).sum()} rows: {_examples(short & alive, ledger)}",
            "export the dates as dd-mm-jjjj, or declare century=2000",
        )
    other = ORDERS[1 - ORDERS.index(dates.order)]
    against, along = (order == other) & alive, (order == dates.order) & alive
    dated = int((order != "").sum())
    if against.sum() < 3 and against.sum() * 100 <= dated:
        if not along.any():
            said_so = (
                f"no date says which of day and month comes first: read {dates.order.replace('_', ' ')}, as declared"
            )
            ledger.note("date_order", title, (order == "either") & alive, said_so)
        return
    fits = {"day_first": "only dd-mm-jjjj fits", "month_first": "only mm-dd-jjjj fits"}
    raise InputError(
        f"the dates in {title} must all be {dates.order.replace('_', ' ')}",
        f"{along.sum()} rows where {fits[dates.order]}: {_examples(along, ledger)}; "
        f"{against.sum()} rows where {fits[other]}: {_examples(against, ledger)}",
        f'declare date_order="{other}"; when other columns are in the declared order, leave this one out of columns'
        if not along.any()
        else "export the column in one order",
    )


def _check_offsets(start: _Parts, end: _Parts, ledger: Ledger) -> None:
    """Refuse clock times of which some have a UTC offset and some have none: those may be local or UTC."""
    parts = [part for part in (start, end) if (part.has_time & ledger.standing).any()]
    given = [part.has_time & ~np.isnan(part.offset) & ledger.standing for part in parts]
    if not any(mask.any() for mask in given):
        return
    missing = [part.has_time & np.isnan(part.offset) & ledger.standing for part in parts]
    if any(mask.any() for mask in missing):
        shown = [
            "; ".join(
                f"{part.title}: {_examples(mask, ledger)}"
                for part, mask in zip(parts, masks, strict=True)
                if mask.any()
            )
            for masks in (given, missing)
        ]
        raise InputError(
            "clock times must all have a UTC offset, or none",
            f"{sum(int(m.sum()) for m in given)} with ({shown[0]}) and {sum(int(m.sum()) for m in missing)} without "
            f"({shown[1]})",
            "export local times, or all times in UTC",
        )
    for part, mask in zip(parts, given, strict=True):
        minutes = np.nan_to_num(part.offset).astype("timedelta64[m]")
        local = pd.DatetimeIndex(part.day + part.clock - minutes).tz_localize("UTC").tz_convert(TIME_ZONE)
        ledger.repair(
            mask,
            "utc_offset",
            part.title,
            (part.said, _moment_texts(local.tz_localize(None).to_numpy("datetime64[us]"))),
            "times with a UTC offset were turned into local time",
        )


def _moment_texts(moments: Moments) -> Texts:
    return lambda places: np.datetime_as_string(moments[places], unit="m").tolist()


def _both(first: Texts, second: Texts) -> Texts:
    return lambda places: [f"{a} / {b}" for a, b in zip(first(places), second(places), strict=True)]


def _chosen(mask: Mask, where: Texts, otherwise: Texts) -> Texts:
    def said(places: npt.NDArray[np.intp]) -> list[str]:
        return np.where(mask[places], where(places), otherwise(places)).tolist()

    return said


def _localise(
    naive: Moments, offset: npt.NDArray[np.float64], first: Mask, column: tuple[str | None, Texts], ledger: Ledger
) -> pd.Series:
    """Moments in Europe/Amsterdam; clock times that do not exist move forward, those that occur twice are chosen."""
    title, said = column
    moments = pd.DatetimeIndex(naive.astype("datetime64[us]"))
    has_offset = ~np.isnan(offset)
    local = moments.tz_localize(TIME_ZONE, ambiguous=first, nonexistent="shift_forward")
    if has_offset.any():
        minutes = pd.to_timedelta(np.where(has_offset, offset, 0), unit="min")
        utc = (moments - minutes).tz_localize("UTC").tz_convert(TIME_ZONE)
        local = local.where(~has_offset, utc)
    # the clock changes at two and three o'clock, in the last week of March and of October
    night = np.flatnonzero(np.isin(moments.month, (3, 10)) & (moments.day > 24) & (moments.hour == 2) & ~has_offset)
    gap, twice = np.zeros((2, len(moments)), bool)
    gap[night] = local[night].tz_localize(None) != moments[night]
    turned = moments[night].tz_localize(TIME_ZONE, ambiguous=~first[night], nonexistent="shift_forward")
    twice[night] = (turned != local[night]) & ~gap[night]
    shifted = local.tz_localize(None).to_numpy("datetime64[us]") if gap.any() else naive
    ledger.repair(
        gap,
        "clock_gap",
        title,
        (said, _moment_texts(shifted)),
        "a clock time skipped in spring was moved forward to the first that exists",
    )
    ledger.note(
        "clock_overlap", title, twice, "a clock time that occurs twice in autumn: the first as start, the last as end"
    )
    return pd.Series(local.as_unit("us"))
