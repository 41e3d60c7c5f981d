"""When in the year: the dark days and the monthly index."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from scipy import stats

from hicgeo.analysis._inference import (
    LogLinear,
    poisson_interval,
    quasi_poisson,
    rate_ratio,
)
from hicgeo.analysis.counting import month_table, two_years
from hicgeo.analysis.timing import DARK_MONTHS, season_name
from hicgeo.errors import InputError

if TYPE_CHECKING:
    import numpy.typing as npt

    Array = npt.NDArray[np.float64]
    Weights = npt.NDArray[np.float64] | npt.NDArray[np.bool_]

ALL_SEASONS = "alle"
"""Label of the row that pools the seasons of a code."""


def dark_days(counts: pd.DataFrame, *, crime_type: str, months: Sequence[int] = DARK_MONTHS) -> pd.DataFrame:
    """How many times as many incidents a day in the dark season as in the light halves beside it.

    Parameters
    ----------
    counts
        Count table of one level (roll it up first for municipalities or the region).
    crime_type
        One of the types in it.
    months
        Months of the dark season, consecutive and in order: October to March unless said otherwise.

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
        - `incidents_dark`, `incidents_light`: the counts behind `ratio`;
        - `complete`: the dark season and both light halves are published as a whole.

        What the counts do not allow is NaN, never 0. `attrs`: `crime_type`, `months`.

    Raises
    ------
    InputError
        The crime type does not occur, no code has two full years of months, or `months` are not
        consecutive.

    Notes
    -----
    Which light half is taken matters when crime falls: against the half after it the ratio is too
    high, against the one before too low; both together are right to first order. Months vary more
    than Poisson: the dispersion is estimated per code around season and trend over all months, and
    widened to Student's t for the months it was estimated from. Exposure is in days, leap years
    included. A light half between two complete seasons serves both; its weight in the pooled
    interval is reckoned accordingly. O(codes x months x seasons).

    References
    ----------
    McCullagh, P. and Nelder, J. A. (1989). Generalized Linear Models, ch. 6. doi:10.1201/9780203753736
    """
    dark_months = _consecutive(months)
    table = month_table(counts, crime_type)
    two_years(table)
    index = pd.PeriodIndex(table.columns)
    y = table.to_numpy(float)
    days = index.days_in_month.to_numpy(float)
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
        values = _ratio(y, days, use_dark, use_light, spread) | _trend(local, spread)
        rows.append(
            pd.DataFrame(values | {"complete": complete}, index=table.index)
            .assign(season=season_name(begin, begin + length - 1))
            .loc[started]
        )
    values = _ratio(y, days, pooled_dark, pooled_light, spread) | _trend(headline, spread)
    whole = pooled_dark.any(axis=1)
    rows.append(pd.DataFrame(values | {"complete": whole}, index=table.index).assign(season=ALL_SEASONS))
    out = pd.concat(rows).set_index("season", append=True).sort_index(kind="stable")
    out.index.names = ["code", "season"]
    out.attrs = {"crime_type": crime_type, "months": dark_months}
    return out


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


def _ratio(y: Array, days: Array, use_dark: Weights, use_light: Weights, spread: Array) -> dict[str, Array]:
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
    return {
        "ratio": ratio,
        "ratio_low": low,
        "ratio_high": high,
        "incidents_dark": seen_dark,
        "incidents_light": seen_light,
    }


def _trend(fit: LogLinear, spread: Array) -> dict[str, Array]:
    """Ratio from a regression; its interval with the dispersion of all months, as a season has too few to tell."""
    log = fit.coefficients[:, 1]
    half = stats.norm.ppf(0.975) * fit.errors[:, 1] * np.sqrt(spread / fit.dispersion)
    return {
        "ratio_trend": np.exp(log),
        "ratio_trend_low": np.exp(log - half),
        "ratio_trend_high": np.exp(log + half),
    }


def seasonal_index(counts: pd.DataFrame, *, crime_type: str) -> pd.DataFrame:
    """How busy each month of the year is, the trend taken out.

    Parameters
    ----------
    counts
        Count table of one level.
    crime_type
        One of the types in it.

    Returns
    -------
    index
        On (`code`, `month`), month of the year 1 to 12: `index` (daily rate in that month / mean of
        the year; the twelve average 1) with `index_low` and `index_high` (95 %). NaN where a month
        of the year has no published month with half a year of published months on both sides.

    Raises
    ------
    InputError
        The crime type does not occur, or no code has two full years of months.

    Notes
    -----
    Classical decomposition: daily rates against a centred twelve-month moving average (2 x 12), so
    month length and leap years are taken out. The interval is exact Poisson, widened by the code's
    own dispersion around its index. Small areas have wide intervals: roll them up first.
    O(codes x months).
    """
    table = month_table(counts, crime_type)
    two_years(table)
    index = pd.PeriodIndex(table.columns)
    y = table.to_numpy(float)
    days = index.days_in_month.to_numpy(float)
    kernel = np.array([0.5] + [1.0] * 11 + [0.5]) / 12
    rate = y / days
    level = np.full_like(y, np.nan)
    level[:, 6:-6] = np.lib.stride_tricks.sliding_window_view(rate, 13, axis=1) @ kernel
    used = ~np.isnan(level) & (level > 0)
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
    out = pd.DataFrame(
        {"index": (raw / mean).ravel(), "index_low": (low * scale).ravel(), "index_high": (high * scale).ravel()},
        index=pd.MultiIndex.from_product([table.index, range(1, 13)], names=["code", "month"]),
    )
    out.attrs = {"crime_type": crime_type}
    return out
