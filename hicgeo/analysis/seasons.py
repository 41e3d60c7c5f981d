"""When in the year: the dark days and the monthly index."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Literal

import numpy as np
import pandas as pd
from scipy import stats

from hicgeo.analysis._inference import (
    LogLinear,
    poisson_interval,
    quasi_poisson,
    rate_ratio,
)
from hicgeo.analysis._sun import NETHERLANDS, dark_hours
from hicgeo.analysis.counting import month_table, two_years
from hicgeo.analysis.timing import DARK_MONTHS, season_name
from hicgeo.errors import InputError

if TYPE_CHECKING:
    import numpy.typing as npt

    Array = npt.NDArray[np.float64]
    Weights = npt.NDArray[np.float64] | npt.NDArray[np.bool_]

ALL_SEASONS = "alle"
"""Label of the row that pools the seasons of a code."""


def dark_days(
    counts: pd.DataFrame,
    *,
    crime_type: str,
    months: Sequence[int] = DARK_MONTHS,
    exposure: Literal["days", "dark_hours"] = "days",
    place: tuple[float, float] = NETHERLANDS,
) -> pd.DataFrame:
    """How many times as many incidents a day in the dark season as in the light halves beside it.

    Parameters
    ----------
    counts
        Count table of one level (roll it up first for municipalities or the region).
    crime_type
        One of the types in it.
    months
        Months of the dark season, consecutive and in order: October to March unless said otherwise.
    exposure
        What incidents are counted per: "days", or "dark_hours" (hours in which the sun is 6 degrees or more below the
        horizon): the ratio then says how much busier an hour of darkness is in the dark season than in the light one.
    place
        Latitude and longitude at which darkness is reckoned.

    Returns
    -------
    season
        On (`code`, `season`), a season named by its years ("2023/24"); the row "alle" pools a code's
        complete seasons:

        - `ratio`: daily rate in the dark season / daily rate in the light halves before and after
          it (only one of them: `complete` is False), with `ratio_low` and `ratio_high` (95 %);
        - `ratio_trend`, `ratio_trend_low`, `ratio_trend_high`: from a regression with a log-linear
          trend, over the season and both light halves; in the row "alle" over every month that was
          published, which is the headline;
        - `ratio_shrunk`, `ratio_shrunk_low`, `ratio_shrunk_high`: `ratio` drawn to what the codes have in common in
          that season, the more so the less was counted; for speaking of single small areas;
        - `incidents_dark`, `incidents_light`: the counts behind `ratio`;
        - `complete`: the dark season and both light halves are published as a whole.

        What the counts do not allow is NaN, never 0. `attrs`: `crime_type`, `months`, `exposure`.

    Raises
    ------
    InputError
        The crime type does not occur, no code has two full years of months, `months` are not
        consecutive, or `exposure` is unknown.

    Notes
    -----
    Which light half is taken matters when crime falls: against the half after it the ratio is too
    high, against the one before too low; both together are right to first order. Months vary more
    than Poisson: the dispersion is estimated per code around season and trend over all months, and
    widened to Student's t for the months it was estimated from. Exposure is in days, leap years
    included. A light half between two complete seasons serves both; its weight in the pooled
    interval is reckoned accordingly. Shrinkage takes the logarithms of the codes' ratios as scattered normally around
    a common one, by moments. O(codes x months x seasons).

    References
    ----------
    McCullagh, P. and Nelder, J. A. (1989). Generalized Linear Models, ch. 6. doi:10.1201/9780203753736
    Morris, C. N. (1983). Parametric empirical Bayes inference. doi:10.1080/01621459.1983.10477920

    Examples
    --------
    >>> import numpy as np
    >>> import pandas as pd
    >>> months = pd.period_range("2018-10", "2024-09", freq="M")
    >>> index = pd.MultiIndex.from_product(
    ...     [["GM9901"], ["woninginbraak"], months], names=["code", "crime_type", "month"])
    >>> dark = np.isin(index.get_level_values("month").month, [10, 11, 12, 1, 2, 3])
    >>> counts = pd.DataFrame({"incidents": np.where(dark, 45.0, 30.0), "status": "final"}, index=index)
    >>> season = dark_days(counts, crime_type="woninginbraak").loc["GM9901"]
    >>> season.loc[["2019/20", "alle"], ["ratio", "ratio_low", "ratio_high"]].round(2).to_numpy().tolist()
    [[1.5, 1.27, 1.77], [1.5, 1.38, 1.64]]
    """
    dark_months = _consecutive(months)
    if exposure not in ("days", "dark_hours"):
        raise InputError("exposure must be known", repr(exposure), 'take "days" or "dark_hours"')
    table = month_table(counts, crime_type)
    two_years(table)
    index = pd.PeriodIndex(table.columns)
    y = table.to_numpy(float)
    days = index.days_in_month.to_numpy(float) if exposure == "days" else _dark_hours(index, place)
    dark = np.isin(index.month, dark_months).astype(float)
    time = (np.arange(len(index)) - (len(index) - 1) / 2) / 12
    design = np.column_stack([np.ones(len(index)), dark, time])
    headline = quasi_poisson(y, design, days)
    spread = _with_t(headline)

    length = len(dark_months)
    pooled_dark, pooled_light = np.zeros_like(y), np.zeros_like(y)
    rows = []
    for year in range(index[0].year - 1, index[-1].year + 1):
        begin = pd.Period(year=year, month=dark_months[0], freq="M")
        before = _span(y, index, begin - (12 - length), 12 - length)
        middle = _span(y, index, begin, length)
        after = _span(y, index, begin + length, 12 - length)
        started = (~np.isnan(y) & middle.months).any(axis=1)
        complete = before.whole & middle.whole & after.whole
        use_dark = middle.whole[:, None] * middle.months
        use_light = middle.whole[:, None] * (
            before.whole[:, None] * before.months + after.whole[:, None] * after.months
        )
        pooled_dark += complete[:, None] * use_dark
        pooled_light += complete[:, None] * use_light
        window = before.months | middle.months | after.months
        local = quasi_poisson(np.where(complete[:, None] & window, y, np.nan), design, days)
        values = _ratio(y, days, use_dark, use_light, spread, headline.pearson) | _trend(local, spread)
        rows.append(
            pd.DataFrame(values | {"complete": complete}, index=table.index)
            .assign(season=season_name(begin, begin + length - 1))
            .loc[started]
        )
    values = _ratio(y, days, pooled_dark, pooled_light, spread, headline.pearson) | _trend(headline, spread)
    whole = pooled_dark.any(axis=1)
    rows.append(pd.DataFrame(values | {"complete": whole}, index=table.index).assign(season=ALL_SEASONS))
    out = pd.concat(rows).set_index("season", append=True).sort_index(kind="stable")
    out.index.names = ["code", "season"]
    out.attrs = {"crime_type": crime_type, "months": dark_months, "exposure": exposure}
    return out


def _dark_hours(months: pd.PeriodIndex, place: tuple[float, float]) -> Array:
    """Hours of darkness in each month."""
    days = pd.period_range(months[0].asfreq("D", "start"), months[-1].asfreq("D", "end"), freq="D")
    hours = pd.Series(dark_hours(days, place)).groupby(days.asfreq("M")).sum()
    return np.asarray(hours.to_numpy(float))


def _consecutive(months: Sequence[int]) -> list[int]:
    listed = [int(month) for month in months]
    steps = {(after - before) % 12 for before, after in pairwise(listed)}
    if not 2 <= len(listed) <= 10 or not set(listed) <= set(range(1, 13)) or steps != {1}:
        raise InputError(
            "months must be two to ten consecutive months in order", str(listed), "write (10, 11, 12, 1, 2, 3)"
        )
    return listed


@dataclass(frozen=True)
class _Span:
    """Months of a half year: which columns, and which codes have all of them."""

    months: npt.NDArray[np.bool_]
    whole: npt.NDArray[np.bool_]


def _span(y: Array, index: pd.PeriodIndex, start: pd.Period, length: int) -> _Span:
    months = index.isin(pd.period_range(start, periods=length, freq="M"))
    whole = ~np.isnan(y[:, months]).any(axis=1) & (months.sum() == length)
    return _Span(months, whole)


def _with_t(fit: LogLinear) -> Array:
    """Dispersion widened so that a normal interval becomes Student's t."""
    with np.errstate(invalid="ignore"):
        t = stats.t.ppf(0.975, np.where(fit.freedom > 0, fit.freedom, np.nan))
    return np.asarray(fit.dispersion * (t / stats.norm.ppf(0.975)) ** 2)


def _ratio(
    y: Array, days: Array, use_dark: Weights, use_light: Weights, spread: Array, pearson: Array
) -> dict[str, Array]:
    """Ratio of daily rates, each month weighing as often as it is used."""
    counted = np.nan_to_num(y)

    def side(use: Weights) -> tuple[Array, Array, Array]:
        total, square = (use * counted).sum(axis=1), (use**2 * counted).sum(axis=1)
        # A month used twice does not tell twice as much: the count that has the same relative variance.
        effective = np.divide(total**2, square, out=np.zeros_like(total), where=square > 0)
        exposure = use @ days
        scale = np.divide(effective, total, out=np.ones_like(total), where=total > 0)
        seen = np.where(exposure > 0, ((use > 0) * counted).sum(axis=1), np.nan)
        return effective, exposure * scale, seen

    dark, dark_days_, seen_dark = side(use_dark)
    light, light_days, seen_light = side(use_light)
    ratio, low, high = rate_ratio(dark, dark_days_, light, light_days, dispersion=spread)
    log, half = _shrunk(dark, dark_days_, light, light_days, spread, pearson)
    return {
        "ratio": ratio,
        "ratio_low": low,
        "ratio_high": high,
        "ratio_shrunk": np.exp(log),
        "ratio_shrunk_low": np.exp(log - half),
        "ratio_shrunk_high": np.exp(log + half),
        "incidents_dark": seen_dark,
        "incidents_light": seen_light,
    }


def _shrunk(
    dark: Array, dark_days: Array, light: Array, light_days: Array, spread: Array, pearson: Array
) -> tuple[Array, Array]:
    """Logarithms of ratios shrunk to their common mean, and half their 95 % intervals."""
    if np.isnan(spread).any() and not np.isnan(spread).all():  # too few to tell: as the others have it
        spread, pearson = (np.where(np.isnan(each), np.nanmedian(each), each) for each in (spread, pearson))
    with np.errstate(divide="ignore", invalid="ignore"):
        own = np.log((dark + 0.5) / dark_days / ((light + 0.5) / light_days))
        by_chance = 1 / (dark + 0.5) + 1 / (light + 0.5)
    error = spread * by_chance
    # half an incident on either side lets an area without any take part: it is drawn to the others as far as it goes
    known = np.isfinite(own) & np.isfinite(error) & (dark_days > 0) & (light_days > 0)
    log, variance = np.full_like(own, np.nan), np.full_like(own, np.nan)
    if known.any():
        # the common ratio from all incidents together: averaging logarithms of small counts leans to one side
        sums = [(side[known].sum(), (spread * side)[known].sum()) for side in (dark, light)]
        mean = np.log(sums[0][0] / dark_days[known].sum() * light_days[known].sum() / max(sums[1][0], 0.5) + 1e-9)
        of_mean = sum(varying / max(total, 0.5) ** 2 for total, varying in sums)
        away, error = own[known] - mean, error[known]
        # what each area differs beyond its error, the dispersion not raised to 1 or widened: that would hide it
        excess = ((away**2 - (pearson * by_chance)[known]) / error).sum()
        weight = 1 / error
        between = excess / weight.sum()
        unsure = np.sqrt(2 * ((1 + max(between, 0.0) * weight) ** 2).sum()) / weight.sum()
        # a spread that chance may have hidden is not none: its mean given that it is not negative
        between = stats.truncnorm.mean(-between / unsure, np.inf, between, unsure) if known.sum() > 1 else np.inf
        kept = 1 / (1 + error / between)
        by_spread = away * (1 - kept) / (between + error) * unsure  # what the error of the spread makes of it
        log[known] = mean + kept * away
        variance[known] = kept * error + (1 - kept) ** 2 * of_mean + by_spread**2
    return log, stats.norm.ppf(0.975) * np.sqrt(variance)


def _trend(fit: LogLinear, spread: Array) -> dict[str, Array]:
    """Ratio from a regression; its interval with the dispersion of all months, as a season has too few to tell."""
    log = fit.coefficients[:, 1]
    half = stats.norm.ppf(0.975) * fit.errors[:, 1] * np.sqrt(spread / fit.dispersion)
    return {
        "ratio_trend": np.exp(log),
        "ratio_trend_low": np.exp(log - half),
        "ratio_trend_high": np.exp(log + half),
    }


def seasonal_index(
    counts: pd.DataFrame, *, crime_type: str, method: Literal["ratio", "stl", "multiplicative"] = "ratio"
) -> pd.DataFrame:
    """How busy each month of the year is, the trend taken out.

    Parameters
    ----------
    counts
        Count table of one level.
    crime_type
        One of the types in it.
    method
        How the trend is taken out: "ratio" (to a centred moving average of twelve months), "stl" (a smooth of the
        daily rates by Loess, the same season every year; needs months without gaps) or "multiplicative" (a regression
        of month effects times a log-linear trend).

    Returns
    -------
    index
        On (`code`, `month`), month of the year 1 to 12: `index` (daily rate in that month / mean of
        the year; the twelve average 1) with `index_low` and `index_high` (95 %), and `index_shrunk`: the same drawn to
        that of all codes together, the more so the less was counted. NaN where a month of the year cannot be known.

    Raises
    ------
    InputError
        The crime type does not occur, no code has two full years of months, or `method` is unknown.

    Notes
    -----
    All methods give the level without season for each month; incidents in a month of the year over what that level
    expects is its index, so that month length and leap years are taken out. The interval is exact Poisson, widened by
    the code's own dispersion around its index. "ratio" loses half a year at both ends. Small areas have wide
    intervals: roll them up, or read `index_shrunk` (gamma-Poisson, the spread between codes by moments).
    O(codes x months).

    References
    ----------
    Cleveland, R. B., Cleveland, W. S., McRae, J. E. and Terpenning, I. (1990). STL: a seasonal-trend decomposition
    procedure based on Loess. Journal of Official Statistics 6, 3-73.

    Examples
    --------
    >>> import numpy as np
    >>> import pandas as pd
    >>> months = pd.period_range("2018-10", "2024-09", freq="M")
    >>> index = pd.MultiIndex.from_product(
    ...     [["GM9901"], ["woninginbraak"], months], names=["code", "crime_type", "month"])
    >>> dark = np.isin(index.get_level_values("month").month, [10, 11, 12, 1, 2, 3])
    >>> counts = pd.DataFrame({"incidents": np.where(dark, 45.0, 30.0), "status": "final"}, index=index)
    >>> index = seasonal_index(counts, crime_type="woninginbraak").loc["GM9901"]
    >>> index.loc[[1, 7], ["index", "index_low", "index_high"]].round(2).to_numpy().tolist()
    [[1.18, 1.03, 1.34], [0.78, 0.66, 0.92]]
    """
    levels = {"ratio": _moving_average, "stl": _loess, "multiplicative": _regression}
    if method not in levels:
        raise InputError("method must be known", repr(method), f"one of {', '.join(levels)}")
    table = month_table(counts, crime_type)
    two_years(table)
    index = pd.PeriodIndex(table.columns)
    y = table.to_numpy(float)
    days = index.days_in_month.to_numpy(float)
    level = levels[method](y, days, index.month.to_numpy())
    used = ~np.isnan(level) & ~np.isnan(y) & (np.nan_to_num(level) > 0)
    expected = np.where(used, level * days, 0.0)
    observed = np.where(used, y, 0.0)
    month = np.eye(12)[index.month - 1]
    seen, due = observed @ month, expected @ month
    with np.errstate(divide="ignore", invalid="ignore"):
        raw = np.where(due > 0, seen / due, np.nan)
        mean = raw.mean(axis=1, keepdims=True)
        fitted = expected * np.nan_to_num(raw)[:, index.month - 1]
        pearson = np.divide((observed - fitted) ** 2, fitted, out=np.zeros_like(y), where=fitted > 0).sum(axis=1)
        freedom = used.sum(axis=1) - 12
        dispersion = np.where(freedom > 0, np.maximum(1.0, pearson / np.maximum(freedom, 1)), np.nan)[:, None]
        # Without a second year there is nothing to tell the dispersion from: no interval then.
        low, high = poisson_interval(seen / dispersion)
        scale = dispersion / due / mean
        shrunk = _drawn_together(seen, due, np.where(np.isnan(dispersion), 1.0, dispersion))
    values = {"index": raw / mean, "index_low": low * scale, "index_high": high * scale, "index_shrunk": shrunk}
    out = pd.DataFrame(
        {name: each.ravel() for name, each in values.items()},
        index=pd.MultiIndex.from_product([table.index, range(1, 13)], names=["code", "month"]),
    )
    out.attrs = {"crime_type": crime_type, "method": method}
    return out


def _moving_average(y: Array, days: Array, month: npt.NDArray[np.intp]) -> Array:
    """Daily level as the centred average of twelve months (2 x 12); half a year at both ends is not known."""
    kernel = np.array([0.5] + [1.0] * 11 + [0.5]) / 12
    level = np.full_like(y, np.nan)
    level[:, 6:-6] = np.lib.stride_tricks.sliding_window_view(y / days, 13, axis=1) @ kernel
    return level


def _loess(y: Array, days: Array, month: npt.NDArray[np.intp]) -> Array:
    """Daily level by STL with a season that stays the same; codes with a gap are not known."""
    from statsmodels.tsa.seasonal import STL  # type: ignore[import-untyped]

    level = np.full_like(y, np.nan)
    always = 10 * y.shape[1] + 1  # a seasonal window this long makes every year the same
    for row in np.flatnonzero(~np.isnan(y).any(axis=1)):
        level[row] = np.maximum(STL(y[row] / days, period=12, seasonal=always).fit().trend, 0.0)
    return level


def _regression(y: Array, days: Array, month: npt.NDArray[np.intp]) -> Array:
    """Daily level as the trend of a quasi-Poisson regression on months of the year and time."""
    time = (np.arange(y.shape[1]) - (y.shape[1] - 1) / 2) / 12
    effects = np.eye(12)[month - 1][:, 1:] - np.eye(12)[month - 1][:, :1]  # sum to zero: January is minus the others
    fit = quasi_poisson(y, np.column_stack([np.ones(y.shape[1]), effects, time]), days)
    return np.asarray(np.exp(fit.coefficients[:, :1] + fit.coefficients[:, -1:] * time))


def _drawn_together(seen: Array, due: Array, dispersion: Array) -> Array:
    """Monthly index of each code, shrunk to that of all: gamma-Poisson, the spread between codes by moments."""
    common = seen.sum(axis=0) / due.sum(axis=0)
    expected = due * common
    chance = dispersion * expected
    between = ((seen - expected) ** 2 - chance)[due > 0].sum() / (expected[due > 0] ** 2).sum()
    if not between > 0:
        raw = np.broadcast_to(common, seen.shape)
    else:
        told = expected / dispersion
        raw = common * (seen / dispersion + 1 / between) / (told + 1 / between)
    raw = np.where((due > 0).all(axis=1, keepdims=True), raw, np.nan)
    return np.asarray(raw / raw.mean(axis=1, keepdims=True))
