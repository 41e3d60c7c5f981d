"""When: months of a period, and incidents spread over the window in which they happened."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Literal, get_args

import numpy as np
import numpy.typing as npt
import pandas as pd

from hicgeo.analysis import _sun
from hicgeo.analysis._inference import Rng, generator
from hicgeo.errors import ColumnError, InputError
from hicgeo.schema import TIME_ZONE, metric_crs

if TYPE_CHECKING:
    import geopandas as gpd

Period = str | tuple[str, str] | list[str]
Unit = Literal["month", "month_of_year", "season", "date", "day_of_week", "hour_of_day", "hour_of_week", "light"]
Twilight = Literal["civil", "nautical", "astronomical"]
Seconds = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]

DAY = 86_400
DARK_MONTHS = (10, 11, 12, 1, 2, 3)
"""Months of the dark season, in order."""

WITHIN_THE_DAY = ("hour_of_day", "hour_of_week", "light")
"""Units for which it must be known when on the day."""

_MERIDIANS = 5.0
"""Degrees between the meridians at which the sun is reckoned; in between the sun drifts by under 0.3 s."""

_SECONDS_A_DEGREE = 240

_DRAWN = 20_000_000
"""Incidents drawn at once by the bootstrap: 160 MB of working memory."""


def months(period: Period) -> pd.PeriodIndex:
    """Months of a period.

    Parameters
    ----------
    period
        A year ("2024"), a month ("2024-03"), or the first and last year or month of a range, also as results write it
        ("2024-01/2024-06").

    Raises
    ------
    InputError
        It cannot be read as such, or ends before it starts.

    Examples
    --------
    >>> months(("2023-11", "2024-01"))
    PeriodIndex(['2023-11', '2023-12', '2024-01'], dtype='period[M]', name='month')
    >>> len(months("2024")), len(months("2024-01/2024-06"))
    (12, 6)
    """
    try:
        one = isinstance(period, str) and "/" not in period
        parts = [period, period] if one else period.split("/") if isinstance(period, str) else list(period)
        first, last = (pd.Period(str(part)) for part in parts)
        index = pd.period_range(first.asfreq("M", "start"), last.asfreq("M", "end"), freq="M", name="month")
    except (ValueError, TypeError):
        index = pd.PeriodIndex([], freq="M")
    if len(index) == 0:
        raise InputError(
            "a period must be a year, a month, or the first and last of a range", repr(period),
            'write "2024", "2024-03" or ("2019-01", "2024-12")',
        )  # fmt: skip
    return index


def aoristic(
    incidents: gpd.GeoDataFrame,
    *,
    by: Unit,
    max_window: str | pd.Timedelta | None,
    twilight: Twilight = "civil",
) -> pd.DataFrame:
    """Spread each incident over the window in which it happened.

    Parameters
    ----------
    incidents
        Incident table; `start` and `end` (time-zone aware, start <= end) are used, `time_status` where it is there, and
        the places when `by` is "light".
    by
        Unit: "month" (each month apart), "month_of_year" (1-12), "season" (dark half years, October to March, named
        "2023/24", and light ones, named "2024"), "date", "day_of_week" (0 = Monday), "hour_of_day" (0-23),
        "hour_of_week" (0 = Monday 00-01), or "light" (daylight, twilight, dark, at the incident's own place and date).
    max_window
        Longest window that still says something about the unit, such as "48h"; longer ones are set
        apart. None keeps all.
    twilight
        Of "light": where twilight ends and darkness begins, with the sun 6 ("civil"), 12 ("nautical") or 18
        ("astronomical") degrees below the horizon. Daylight is from sunrise to sunset.

    Returns
    -------
    weights
        On the incidents' index, one column a unit; each row sums to 1. A row set apart is NaN, so
        that `.sum()` is the total of the others. `attrs`: `by`, `max_window`, `set_apart` (how many windows are too
        long), `only_end` (of hours and light: of how many others nothing but the end is known, NaN as well),
        `unlocated` (of "light": how many others have no place, NaN as well) and `twilight`.

    Raises
    ------
    ColumnError
        `start` or `end` is missing or not time-zone aware, or "light" is asked of a table without places.
    CrsError
        Light is asked, and the places have no projected CRS in metres.
    InputError
        An end lies before its start, a moment is missing, `by` or `twilight` is unknown, or `max_window` is no length
        of time.

    Notes
    -----
    Weight is shared by real elapsed time in Europe/Amsterdam: a window over the clock change in
    March skips the hour that did not exist, and the repeated hour in October counts twice. Within
    its window every moment is taken as equally likely. An incident with start = end is one moment. When it was found
    says on which day, not at which hour: of incidents with `time_status` "to_only" no hour is made, as that would be
    the hour at which people come home.

    The sun is that of astral, at the incident's own longitude and its latitude to 0.1 degree (within half a
    minute). Where it does not
    get low enough there is no dark: Dutch midsummer nights are "twilight" throughout by the astronomical definition;
    and where it does not set, no night at all.

    Cost: O(units entered by all windows) time, O(incidents x units) memory; "light" also O(days x latitudes).

    References
    ----------
    Ratcliffe, J. H. (2000). Aoristic analysis: the spatial interpretation of unspecific temporal
    events. doi:10.1080/136588100424963

    Examples
    --------
    >>> import pandas as pd
    >>> window = pd.DataFrame({
    ...     "start": pd.to_datetime(["2024-03-31 01:00"]).tz_localize("Europe/Amsterdam"),
    ...     "end": pd.to_datetime(["2024-03-31 04:00"]).tz_localize("Europe/Amsterdam"),
    ... })
    >>> hours = aoristic(window, by="hour_of_day", max_window="48h").loc[0]
    >>> hours[hours > 0].to_dict()
    {1: 0.5, 3: 0.5}
    """
    from hicgeo.analysis import _compiled_timing

    start, end = _window(incidents)
    if by not in get_args(Unit):
        raise InputError("by must be a known unit of time", repr(by), f"one of {', '.join(get_args(Unit))}")
    if twilight not in _sun.TWILIGHTS:
        raise InputError("twilight must be a known definition", repr(twilight), f"one of {', '.join(_sun.TWILIGHTS)}")
    limit = np.inf if max_window is None else _length(max_window)
    within = end - start <= limit
    found = np.zeros(len(start), bool)
    if by in WITHIN_THE_DAY and "time_status" in incidents:
        found = (incidents["time_status"] == "to_only").to_numpy(bool, na_value=False)
    timed = within & ~found
    placed = np.ones(len(start), bool)
    if by == "light":
        place, placed, later = _places(incidents)
        start, end = start + later, end + later
        units = pd.Index(_sun.LIGHT, name=by)
    kept = np.flatnonzero(timed & placed)
    first, last = (int(start[kept].min()), int(end[kept].max())) if len(kept) else (0, 0)
    if by == "light":
        degrees = _sun.TWILIGHTS[twilight]
        days = [pd.Timestamp(moment, unit="s").date() for moment in (first - DAY, last + DAY)]
        parts = [
            (group.to_numpy(), _sun.light_changes(*where, *days, degrees))
            for where, group in pd.Series(kept).groupby([place[kept, 0], place[kept, 1]])
        ]
    else:
        change, unit, units = _units(first, last, by)
        parts = [(kept, (change, unit))]
    weights = np.zeros((len(start), len(units)))
    for rows, (change, unit) in parts:
        _compiled_timing.spread(rows, start, end, change, unit, weights)
    weights[~(timed & placed)] = np.nan
    table = pd.DataFrame(weights, index=incidents.index, columns=units, copy=False)  # ours alone: a gigabyte saved
    table.attrs = {
        "by": by,
        "max_window": None if max_window is None else str(max_window),
        "set_apart": int((~within).sum()),
        "only_end": int((within & found).sum()),
        "unlocated": int((timed & ~placed).sum()),
        "twilight": twilight,
    }
    return table


def hour_profile(
    incidents: gpd.GeoDataFrame,
    *,
    by: Unit = "hour_of_week",
    max_window: str | pd.Timedelta | None,
    rng: Rng,
    draws: int = 999,
    run: int = 3,
    twilight: Twilight = "civil",
) -> pd.DataFrame:
    """Incidents per hour (or another unit of time) with their uncertainty, beside what simpler ways of dating say.

    Parameters
    ----------
    incidents
        Incident table.
    by, max_window, twilight
        As of `aoristic`.
    rng
        Seed or numpy Generator of the bootstrap.
    draws
        How many times the incidents are drawn again, with replacement.
    run
        Of hours: how many in a row, within one day, `busiest` is about.

    Returns
    -------
    profile
        On the units: `aoristic` (sum of the weights) with `aoristic_low` and `aoristic_high` (95 %), and `by_start`,
        `by_middle` and `by_end`: the same incidents, each counted once at that moment of its window. Each column adds
        up to the incidents that were used. `attrs`: those of `aoristic`, `used`, and `busiest`: the `run` hours with
        the most, as `first` (unit), `hours`, `aoristic`, `aoristic_low` and `aoristic_high` of their sum; None when
        `by` is no hour or nothing was used.

    Raises
    ------
    ColumnError
        As `aoristic`.
    CrsError
        As `aoristic`.
    InputError
        As `aoristic`, `draws` is under 99, or `run` is no number of hours from 1 to 24.

    Notes
    -----
    The interval is about which incidents happened to be registered: it cannot know that the moments in a window are
    not equally likely, which blurs sharp peaks. O(draws x units entered by the windows).

    That of `busiest` is of the sum, drawn as one, and knows that the hours were picked because they came out highest:
    its low end goes as far down as the busiest hours of a draw lie above what the incidents drawn from have in those
    hours. In the patterns tried it held the expected number of the hours picked nine times in ten or more, in a flat
    week as well (`benchmarks/season.md`).

    Examples
    --------
    >>> import pandas as pd
    >>> start = pd.to_datetime(["2024-05-03 18:00"] * 50 + ["2024-05-04 20:30"] * 50).tz_localize("Europe/Amsterdam")
    >>> away = pd.DataFrame({"start": start, "end": start + pd.Timedelta(hours=4)})
    >>> hours = hour_profile(away, by="hour_of_day", max_window="48h", rng=1, draws=99)
    >>> hours.loc[[18, 21], ["aoristic", "by_start", "by_end"]].to_numpy().tolist()
    [[12.5, 50.0, 0.0], [25.0, 0.0, 0.0]]
    >>> hours.attrs["busiest"]["first"], hours.attrs["busiest"]["aoristic"]
    (19, 56.25)
    """
    if draws < 99:
        raise InputError("a bootstrap needs at least 99 draws", str(draws), "leave draws out for 999")
    if run not in range(1, 25):
        raise InputError("run must be a whole number of hours from 1 to 24", f"{run}", "leave run out for 3")
    weights = aoristic(incidents, by=by, max_window=max_window, twilight=twilight)
    used = weights.notna().all(axis="columns").to_numpy()
    start, end = incidents["start"], incidents["end"]
    moments = {"by_start": start, "by_middle": start + (end - start) / 2, "by_end": end}
    table = pd.DataFrame({"aoristic": weights.sum()})
    order = np.lexsort((seconds(incidents, "end")[used], seconds(incidents, "start")[used]))
    # in an order of their own, so that a seed gives the same whatever the order of the file
    drawn = _drawn_again(weights.to_numpy()[used][order], generator(rng), draws)
    table["aoristic_low"], table["aoristic_high"] = np.quantile(drawn, [0.025, 0.975], axis=0)
    for name, moment in moments.items():
        at = aoristic(incidents.assign(start=moment, end=moment), by=by, max_window=None, twilight=twilight)
        table[name] = at[used].sum().reindex(table.index, fill_value=0.0)
    hourly = by in ("hour_of_day", "hour_of_week") and used.any()
    busiest = _busiest(table["aoristic"].to_numpy(), drawn, run) if hourly else None
    table.attrs = weights.attrs | {"used": int(used.sum()), "busiest": busiest}
    return table


def _busiest(total: Floats, drawn: Floats, hours: int) -> dict[str, float]:
    """The hours in a row within one day that have the most, and an interval that allows for their being picked."""
    first = np.flatnonzero(np.arange(len(total)) % 24 <= 24 - hours)
    hour = first[:, None] + np.arange(hours)
    together, again = total[hour].sum(axis=1), drawn[:, hour].sum(axis=2)
    top = int(np.argmax(together))
    low, high = np.quantile(again[:, top], [0.025, 0.975])
    winner = again.argmax(axis=1)
    # the busiest of a draw stand out by more than their hours deserve, as those of the incidents themselves do
    flattered = np.quantile(again[np.arange(len(again)), winner] - together[winner], 0.975)
    low = max(0.0, min(low, together[top] - flattered))
    return {"first": int(first[top]), "hours": hours, "aoristic": float(together[top]), "aoristic_low": float(low),
            "aoristic_high": float(high)}  # fmt: skip


def _drawn_again(weights: Floats, random: np.random.Generator, draws: int) -> Floats:
    """Column sums of each draw of the rows, with replacement."""
    from scipy.sparse import csr_array

    n = len(weights)
    sums = np.zeros((draws, weights.shape[1]))
    if n == 0:
        return sums
    light = csr_array(weights)
    for rows in np.array_split(np.arange(draws), -(-draws * n // _DRAWN)):
        often = np.stack([np.bincount(random.integers(0, n, n), minlength=n) for _ in rows])
        sums[rows] = often @ light
    return sums


def _window(incidents: gpd.GeoDataFrame) -> tuple[Seconds, Seconds]:
    """Start and end in seconds, both known and in order."""
    start, end = seconds(incidents, "start"), seconds(incidents, "end")
    missing = (incidents["start"].isna() | incidents["end"].isna()).to_numpy()
    if missing.any():
        raise InputError(
            "every incident must have a start and an end",
            f"{missing.sum()} rows lack one (first: row {int(np.argmax(missing))})",
            "read the export with hicgeo.read_incidents, which takes one end for both and says so",
        )
    backwards = end < start
    if backwards.any():
        raise InputError(
            "end must not lie before start",
            f"{backwards.sum()} rows (first: row {int(np.argmax(backwards))})",
            "read the export with hicgeo.read_incidents, which rejects these rows",
        )
    return start, end


def _places(incidents: gpd.GeoDataFrame) -> tuple[Floats, npt.NDArray[np.bool_], Seconds]:
    """Latitude and meridian to reckon each incident's sun by, whether it has a place, and how much later its sun is.

    East of the meridian everything happens earlier, a degree four minutes: the incident is moved, not the sun.
    """
    if "geometry" not in incidents:
        raise ColumnError(
            "light needs the place of each incident", "a table without geometry", "give an incident table with points"
        )
    metric_crs(incidents, "incidents")
    placed = ~(incidents.geometry.isna() | incidents.geometry.is_empty).to_numpy()
    reckoned, later = np.full((len(incidents), 2), np.nan), np.zeros(len(incidents), np.int64)
    points = incidents.geometry[placed].to_crs("EPSG:4326")
    meridian = np.round(points.x.to_numpy() / _MERIDIANS) * _MERIDIANS
    # a multiple of the step as the nearest double, so that equal places are equal keys
    reckoned[placed] = np.column_stack([points.y.round(1), meridian])
    later[placed] = np.round((points.x.to_numpy() - meridian) * _SECONDS_A_DEGREE)
    return reckoned, placed, later


def seconds(incidents: gpd.GeoDataFrame, column: str) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
    """
    Whole seconds since 1970 in UTC.

    Parameters
    ----------
    incidents : DataFrame
        Incident table.
    column : str
        Name of a column of moments.

    Returns
    -------
    ndarray
        One integer per incident.

    Raises
    ------
    ColumnError
        The column is missing or not time-zone aware.
    """
    if column not in incidents or not isinstance(incidents[column].dtype, pd.DatetimeTZDtype):
        raise ColumnError(
            f"incidents must have a time-zone aware column {column!r}",
            "no such column" if column not in incidents else str(incidents[column].dtype),
            f'localise it: .dt.tz_localize("{TIME_ZONE}")',
        )
    return incidents[column].dt.tz_convert("UTC").dt.tz_localize(None).to_numpy("datetime64[s]").astype(np.int64)


def _length(max_window: str | pd.Timedelta) -> float:
    try:
        seconds = float(pd.Timedelta(max_window).total_seconds())
    except ValueError:
        seconds = np.nan
    if not seconds >= 0:
        raise InputError("max_window must be a length of time", repr(max_window), 'write "48h" or "7D", or None')
    return seconds


def _units(first: int, last: int, by: Unit) -> tuple[Seconds, Seconds, pd.Index]:
    """Moments (seconds, UTC) at which a unit begins, which one that is, and all units in order.

    Amsterdam's clock differs from UTC by whole hours, so no hour falls in two units.
    """
    local = pd.to_datetime([first, last], unit="s", utc=True).tz_convert(TIME_ZONE)
    if by.startswith("hour"):
        stamps = pd.date_range(local[0].floor("h", ambiguous=True), local[1], freq="h")
    else:
        day = local.tz_localize(None).normalize()
        begin = day[0].replace(day=1) if by in ("month", "month_of_year", "season") else day[0]
        stamps = pd.date_range(begin, day[1], freq="D" if begin == day[0] and by in ("date", "day_of_week") else "MS")
        stamps = stamps.tz_localize(TIME_ZONE)
    change = stamps.tz_convert("UTC").tz_localize(None).to_numpy("datetime64[s]").astype(np.int64)
    cyclic = {
        "month_of_year": (stamps.month - 1, pd.RangeIndex(1, 13, name=by)),
        "day_of_week": (stamps.day_of_week, pd.RangeIndex(7, name=by)),
        "hour_of_day": (stamps.hour, pd.RangeIndex(24, name=by)),
        "hour_of_week": (stamps.day_of_week * 24 + stamps.hour, pd.RangeIndex(168, name=by)),
    }
    if by in cyclic:
        code, units = cyclic[by]
        return change, np.asarray(code, np.int64), units
    if by == "season":
        names = [season_of(stamp.to_period("M")) for stamp in stamps.tz_localize(None)]
        code, units = pd.factorize(pd.Index(names, name=by))
        return change, np.asarray(code, np.int64), units
    periods = stamps.tz_localize(None).to_period("M" if by == "month" else "D")
    units = pd.period_range(periods[0], periods[-1], name=by)
    return change, np.asarray(periods.asi8 - periods.asi8[0], np.int64), units


def season_of(month: pd.Period, months: Sequence[int] = DARK_MONTHS) -> str:
    """Name of the season that a month is in.

    Parameters
    ----------
    month
        Of some year.
    months
        Months of the dark season in order.

    Returns
    -------
    name
        "2023/24" of a dark season that runs over New Year, "2024" of a light one.

    Examples
    --------
    >>> import pandas as pd
    >>> [season_of(pd.Period(month)) for month in ("2023-10", "2024-03", "2024-04")]
    ['2023/24', '2023/24', '2024']
    """
    dark = month.month in months
    length = len(months) if dark else 12 - len(months)
    opening = months[0] if dark else months[-1] % 12 + 1
    first = month - (month.month - opening) % 12
    return season_name(first, first + length - 1)


def season_name(first: pd.Period, last: pd.Period) -> str:
    """Name of the season from one month to another.

    Parameters
    ----------
    first, last
        Its months.

    Returns
    -------
    name
        "2023/24" over New Year, else the year.
    """
    return str(first.year) if first.year == last.year else f"{first.year}/{last.year % 100:02d}"
