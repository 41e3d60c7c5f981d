"""When it is light: what the sun does at a place, as moments at which day, twilight and darkness begin."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from functools import cache, partial

import numpy as np
import numpy.typing as npt
import pandas as pd

from hicgeo.schema import TIME_ZONE

TWILIGHTS = {"civil": 6.0, "nautical": 12.0, "astronomical": 18.0}
"""Degrees that the sun is below the horizon at the end of dusk."""

LIGHT = ("daylight", "twilight", "dark")
NETHERLANDS = (52.1, 5.2)
"""Latitude and longitude of the middle of the country: its darkness differs by under a quarter of an hour elsewhere."""

Moments = npt.NDArray[np.int64]


@cache
def light_changes(
    latitude: float, longitude: float, first: date, last: date, depression: float
) -> tuple[Moments, Moments]:
    """Moments at which the light changes, and to what.

    Parameters
    ----------
    latitude, longitude
        Degrees north and east.
    first, last
        Days (UTC) between which the changes are listed.
    depression
        Degrees below the horizon at which darkness begins.

    Returns
    -------
    moment
        Seconds since 1970 in UTC, ascending; the first is midnight of `first`.
    light
        Place in `LIGHT` from that moment on.

    Notes
    -----
    Where the sun does not get as low as the depression (Dutch midsummer has no astronomical night), or does not rise
    or set (beyond the polar circles), that change is simply not there, and what was goes on: the night stays twilight,
    the day stays day. O(days).
    """
    from astral import Observer, sun

    observer = Observer(latitude, longitude, 0.0)
    midnight = datetime(first.year, first.month, first.day, tzinfo=UTC)
    height = sun.elevation(observer, midnight)
    found = [(int(midnight.timestamp()), 0 if height > -0.833 else 1 if height > -depression else 2)]
    changes = (
        (1, partial(sun.dawn, depression=depression)),
        (0, sun.sunrise),
        (1, sun.sunset),
        (2, partial(sun.dusk, depression=depression)),
    )
    for number in range((last - first).days + 1):
        day = first + timedelta(days=number)
        for light, change in changes:
            try:
                moment = change(observer, day)
            except ValueError:  # the sun does not get there on this day
                continue
            if moment > midnight:
                found.append((round(moment.timestamp()), light))
    found.sort()
    moments, lights = np.array(found, np.int64).T
    return np.ascontiguousarray(moments), np.ascontiguousarray(lights)


def dark_hours(
    days: pd.PeriodIndex,
    place: tuple[float, float],
    *,
    between: tuple[float, float] = (0, 24),
    twilight: str = "civil",
) -> npt.NDArray[np.float64]:
    """Hours of darkness on each day between two times of the clock.

    Parameters
    ----------
    days
        Days, ascending.
    place
        Latitude and longitude.
    between
        Hours of the clock in Europe/Amsterdam, 0 to 24.
    twilight
        Where darkness begins, one of `TWILIGHTS`.

    Notes
    -----
    O(days).
    """
    from hicgeo.analysis import _compiled_timing

    begin, stop = (
        (days.to_timestamp() + pd.Timedelta(hours=hour))
        .tz_localize(TIME_ZONE, ambiguous=True, nonexistent="shift_forward")
        .tz_convert("UTC")
        .tz_localize(None)
        .to_numpy("datetime64[s]")
        .astype(np.int64)
        for hour in between
    )
    first, last = (pd.Timestamp(int(moment), unit="s").date() for moment in (begin[0], stop[-1]))
    one = timedelta(days=1)
    change, light = light_changes(*place, first - one, last + one, TWILIGHTS[twilight])
    shares = np.zeros((len(days), len(LIGHT)))
    _compiled_timing.spread(np.arange(len(days)), begin, stop, change, light, shares)
    return np.asarray(shares[:, LIGHT.index("dark")] * (stop - begin) / 3600)
