"""When: months of a period, and incidents spread over the window in which they happened."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import numpy as np
import pandas as pd

from hicgeo.errors import ColumnError, InputError
from hicgeo.schema import TIME_ZONE

if TYPE_CHECKING:
    import geopandas as gpd

Period = str | tuple[str, str] | list[str]
Unit = Literal["month", "month_of_year", "date", "day_of_week", "hour_of_day", "hour_of_week"]

HOUR = 3600
_PIECES = 4_000_000
"""Window-hours handled at once: about 200 MB of working memory."""


def months(period: Period) -> pd.PeriodIndex:
    """Months of a period.

    Parameters
    ----------
    period
        A year ("2024"), a month ("2024-03"), or the first and last year or month of a range.

    Raises
    ------
    InputError
        It cannot be read as such, or ends before it starts.

    Examples
    --------
    >>> months(("2023-11", "2024-01"))
    PeriodIndex(['2023-11', '2023-12', '2024-01'], dtype='period[M]', name='month')
    >>> len(months("2024"))
    12
    """
    try:
        parts = [period, period] if isinstance(period, str) else list(period)
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


def aoristic(incidents: gpd.GeoDataFrame, *, by: Unit, max_window: str | pd.Timedelta | None) -> pd.DataFrame:
    """Spread each incident over the window in which it happened.

    Parameters
    ----------
    incidents
        Incident table; only `start` and `end` (time-zone aware, start <= end) are used.
    by
        Unit: "month" (each month apart), "month_of_year" (1-12), "date", "day_of_week" (0 = Monday),
        "hour_of_day" (0-23) or "hour_of_week" (0 = Monday 00-01).
    max_window
        Longest window that still says something about the unit, such as "48h"; longer ones are set
        apart. None keeps all.

    Returns
    -------
    weights
        On the incidents' index, one column a unit; each row sums to 1. A row set apart is NaN, so
        that `.sum()` is the total of the others. `attrs`: `by`, `max_window`, `set_apart` (how many).

    Raises
    ------
    ColumnError
        `start` or `end` is missing or not time-zone aware.
    InputError
        An end lies before its start, `by` is unknown, or `max_window` is no length of time.

    Notes
    -----
    Weight is shared by real elapsed time in Europe/Amsterdam: a window over the clock change in
    March skips the hour that did not exist, and the repeated hour in October counts twice. Within
    its window every moment is taken as equally likely. An incident with start = end is one moment.
    Cost: O(hours in all windows) time, O(incidents x units) memory.

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
    start, end = seconds(incidents, "start"), seconds(incidents, "end")
    backwards = end < start
    if backwards.any():
        raise InputError(
            "end must not lie before start",
            f"{backwards.sum()} rows (first: row {int(np.argmax(backwards))})",
            "read the export with hicgeo.read_incidents, which rejects these rows",
        )
    limit = np.inf if max_window is None else _length(max_window)
    kept = np.flatnonzero(end - start <= limit)
    first_hour, last_hour = start // HOUR, np.maximum(start, end - 1) // HOUR
    lowest = int(first_hour[kept].min()) if len(kept) else 0
    highest = int(last_hour[kept].max()) if len(kept) else 0
    unit_of_hour, units = _units(lowest, highest, by)
    weights = np.zeros((len(start), len(units)))
    pieces = last_hour - first_hour + 1
    for rows in np.array_split(kept, max(1, int(pieces[kept].sum() // _PIECES))):
        row = np.repeat(rows, pieces[rows])
        begins = np.cumsum(pieces[rows]) - pieces[rows]
        hour = first_hour[row] + np.arange(len(row)) - np.repeat(begins, pieces[rows])
        duration = end[row] - start[row]
        overlap = np.minimum(end[row], (hour + 1) * HOUR) - np.maximum(start[row], hour * HOUR)
        share = np.where(duration > 0, overlap / np.maximum(duration, 1), 1.0)
        np.add.at(weights, (row, unit_of_hour[hour - lowest]), share)
    apart = np.ones(len(start), bool)
    apart[kept] = False
    weights[apart] = np.nan
    table = pd.DataFrame(weights, index=incidents.index, columns=units)
    table.attrs = {
        "by": by,
        "max_window": None if max_window is None else str(max_window),
        "set_apart": int(apart.sum()),
    }
    return table


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


def _units(lowest: int, highest: int, by: Unit) -> tuple[np.ndarray[tuple[int], np.dtype[np.int64]], pd.Index]:
    """Unit of each whole hour from `lowest` to `highest` (since 1970, UTC), and all units.

    Amsterdam's clock differs from UTC by whole hours, so no hour falls in two units.
    """
    stamps = pd.to_datetime(np.arange(lowest, highest + 1) * HOUR, unit="s", utc=True).tz_convert(TIME_ZONE)
    cyclic = {
        "month_of_year": (stamps.month - 1, pd.RangeIndex(1, 13, name=by)),
        "day_of_week": (stamps.day_of_week, pd.RangeIndex(7, name=by)),
        "hour_of_day": (stamps.hour, pd.RangeIndex(24, name=by)),
        "hour_of_week": (stamps.day_of_week * 24 + stamps.hour, pd.RangeIndex(168, name=by)),
    }
    if by in cyclic:
        code, units = cyclic[by]
        return np.asarray(code, np.int64), units
    if by not in ("month", "date"):
        raise InputError("by must be a known unit of time", repr(by), f"one of month, date, {', '.join(cyclic)}")
    periods = stamps.tz_localize(None).to_period("M" if by == "month" else "D")
    units = pd.period_range(periods[0], periods[-1], name=by)
    return np.asarray(periods.asi8 - periods.asi8[0], np.int64), units
