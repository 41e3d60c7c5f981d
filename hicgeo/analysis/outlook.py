"""What to expect: incidents per neighbourhood and month in the coming dark season, and how well that went before."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from scipy import stats

from hicgeo.analysis._inference import Rng, generator, two_way_dispersion
from hicgeo.analysis.counting import MIN_MONTHS, month_table, two_years
from hicgeo.analysis.timing import DARK_MONTHS, season_name
from hicgeo.errors import InputError

if TYPE_CHECKING:
    import numpy.typing as npt

    Array = npt.NDArray[np.float64]

DAMPING = 0.75
"""Share of the trend that is taken to go on."""

SHARE_HALF_LIFE = 2.0
"""Years after which what a neighbourhood's share was weighs half."""

TREND_HALF_LIFE = 1.5
TREND_YEARS = 3
"""Years that the trend is read from, and its half-life."""

PRIOR_ERROR = 0.15
"""Relative error of the total of a season before any season was forecast: weighs as one season."""

OUTLOOK, LAST, MEAN, SCALED = "outlook", "last season", "mean of three", "mean of three, scaled"
METHODS = (OUTLOOK, LAST, MEAN, SCALED)


@dataclass(frozen=True)
class Outlook:
    """Expected incidents in the coming dark season.

    Attributes
    ----------
    season
        Its name: "2024/25".
    months
        On (`code`, `month`): `expected`, `low` and `high` (prediction interval), `last_season` (the same month a year
        before, NaN where it was not published).
    seasons
        On code, for the season as a whole: the same four, and `change` (expected / last season).
    total
        Of all neighbourhoods together, for the season as a whole: `expected`, `low`, `high` and `last_season`.
    trend
        Yearly factor at which the total has been moving; `DAMPING` of it is taken to go on.
    dispersion
        Variance over mean of an area's months around its level.
    error
        Relative standard error of the level: of the total, from what was forecast before, and of an area's share.
    level
        Of the prediction intervals.
    last_month
        Last month that the outlook knows.
    """

    season: str
    months: pd.DataFrame
    seasons: pd.DataFrame
    total: pd.Series
    trend: float
    dispersion: float
    error: tuple[float, float]
    level: float
    last_month: str

    def to_frame(self) -> pd.DataFrame:
        """The months, one row per code and month."""
        return self.months

    def _repr_html_(self) -> str:
        expected, low, high, before = self.total
        return (
            f"<p>{self.season}: {expected:.0f} expected ({low:.0f} to {high:.0f}), {before:.0f} in the season before; "
            f"known to {self.last_month}</p>"
            + self.seasons.sort_values("expected", ascending=False).head(20).to_html(float_format="{:.1f}".format)
        )


def outlook(
    counts: pd.DataFrame, *, crime_type: str, months: Sequence[int] = DARK_MONTHS, level: float = 0.90
) -> Outlook:
    """Expected incidents per neighbourhood and month in the first dark season after the counts.

    Parameters
    ----------
    counts
        Count table of one level, up to the last month that is known.
    crime_type
        One of the types in it.
    months
        Months of the dark season, consecutive and in order.
    level
        Of the prediction intervals.

    Returns
    -------
    outlook
        See `Outlook`.

    Raises
    ------
    InputError
        The crime type does not occur or has no incidents, no neighbourhood has two full years of months, a month of
        the year is never known with half a year on both sides, or `level` is not between 0 and 1.

    Notes
    -----
    The total of the neighbourhoods that are published throughout: its daily level of the last twelve months, moved on
    along three quarters of its log-linear trend (of the last three years, recent months weighing more), times its
    monthly index (ratio to a centred moving average). A neighbourhood takes its share of the total, of late more than
    of old (half-life two years). These settings are round
    numbers, the same for every table: they are not fitted to it. The interval is negative
    binomial: the dispersion of months around their level, the error of the total as seen in the seasons that can be
    forecast from the data themselves, and what shares change from year to year beyond chance. It says nothing of
    changes that have not begun yet: an operation, a pandemic. O(codes x months x seasons).

    References
    ----------
    Gardner, E. S. and McKenzie, E. (1985). Forecasting trends in time series. doi:10.1287/mnsc.31.10.1237

    Examples
    --------
    >>> import numpy as np
    >>> import pandas as pd
    >>> months = pd.period_range("2018-10", "2024-09", freq="M")
    >>> index = pd.MultiIndex.from_product(
    ...     [[f"WK9901{n:02d}" for n in range(12)], ["woninginbraak"], months], names=["code", "crime_type", "month"])
    >>> dark = np.isin(index.get_level_values("month").month, [10, 11, 12, 1, 2, 3])
    >>> mean = np.where(dark, 15.0, 10.0) * index.get_level_values("month").days_in_month / 30
    >>> counted = np.random.default_rng(1).poisson(mean).astype(float)
    >>> counts = pd.DataFrame({"incidents": counted, "status": "final"}, index=index)
    >>> ahead = outlook(counts, crime_type="woninginbraak")
    >>> ahead.season, ahead.seasons.loc["WK990100", ["expected", "low", "high"]].round().tolist()
    ('2024/25', [96.0, 76.0, 117.0])
    """
    if not 0 < level < 1:
        raise InputError("level must lie between 0 and 1", str(level), "leave it out for 0.90")
    table = month_table(counts, crime_type)
    two_years(table)
    table = table.loc[:, : table.columns[np.flatnonzero(table.notna().any(axis="index"))[-1]]]
    last = table.columns[-1]
    first = last + 1 + (months[0] - (last + 1).month) % 12
    coming = pd.period_range(first, periods=len(months), freq="M", name="month")
    known = _Known.of(table)
    expected = known.expected(coming)
    dispersion, of_share = known.scatter()
    of_total = known.error_of_total(months)
    relative = float(np.hypot(of_total, of_share))
    low, high = _interval(expected, dispersion, relative, level)
    total = expected.sum(axis=1)
    total_low, total_high = _interval(total, dispersion, relative, level)
    everywhere = np.nansum(total, keepdims=True)  # shares of it may change, the total does not change with them
    ends = _interval(everywhere, 1.0, of_total, level)
    before = table.reindex(columns=coming - 12).to_numpy(float)
    index = pd.MultiIndex.from_product([table.index, coming], names=["code", "month"])
    flat = {"expected": expected, "low": low, "high": high, "last_season": before}
    whole = before.sum(axis=1)
    with np.errstate(divide="ignore", invalid="ignore"):
        change = np.where(whole > 0, total / whole, np.nan)
    return Outlook(
        season=season_name(coming[0], coming[-1]),
        months=pd.DataFrame({name: values.ravel() for name, values in flat.items()}, index=index),
        seasons=pd.DataFrame(
            {"expected": total, "low": total_low, "high": total_high, "last_season": whole, "change": change},
            index=table.index,
        ),
        total=pd.Series(
            {"expected": everywhere[0], "low": ends[0][0], "high": ends[1][0], "last_season": whole.sum()},
            name=table.index.name,
        ),
        trend=float(np.exp(known.trend)),
        dispersion=dispersion,
        error=(of_total, of_share),
        level=level,
        last_month=str(last),
    )


@dataclass(frozen=True)
class _Known:
    """What is known at one moment: counts, and the level, trend, index and shares that follow from them."""

    table: pd.DataFrame
    total: Array
    exposure: Array
    index: Array
    trend: float

    @classmethod
    def of(cls, table: pd.DataFrame) -> _Known:
        months = pd.PeriodIndex(table.columns)
        y = table.to_numpy(float)
        published = ~np.isnan(y)
        some = published.any(axis=0)
        core = published[:, some].all(axis=1)
        if not core.any():
            raise InputError(
                "an outlook needs neighbourhoods that are published in every month that any is",
                f"none of {len(table)}",
                "leave out the neighbourhoods with gaps",
            )
        total = np.where(some, y[core].sum(axis=0), np.nan)
        if not np.nansum(total) > 0:
            raise InputError("the counts must have incidents", "0 in every month", "take another type")
        days = months.days_in_month.to_numpy(float)
        shape = _index(total / days, months.month.to_numpy())
        exposure = days * shape[months.month - 1]
        years = (np.arange(len(months)) - len(months) + 1) / 12
        used = some & (years > -TREND_YEARS)
        weight = np.where(used, 0.5 ** (-years / TREND_HALF_LIFE) * np.nan_to_num(total), 0.0)
        rate = np.log((np.nan_to_num(total) + 0.5) / exposure)
        away = years - np.average(years, weights=weight)
        trend = float((weight * away * rate).sum() / (weight * away**2).sum())
        return cls(table, total, exposure, shape, trend)

    def level(self) -> float:
        """Daily level of the last twelve months, in the middle of a year."""
        recent = ~np.isnan(self.total[-12:])
        return float(self.total[-12:][recent].sum() / self.exposure[-12:][recent].sum())

    def shares(self) -> Array:
        """Share of each neighbourhood in the total, recent months weighing more."""
        y = self.table.to_numpy(float)
        weight = 0.5 ** (-((np.arange(y.shape[1]) - y.shape[1] + 1) / 12) / SHARE_HALF_LIFE)
        both = ~np.isnan(y) & ~np.isnan(self.total)
        base = (both * weight) @ np.nan_to_num(self.total)
        with np.errstate(divide="ignore", invalid="ignore"):
            return np.where(base > 0, (np.where(both, y, 0.0) @ weight) / base, np.nan)

    def expected(self, coming: pd.PeriodIndex) -> Array:
        """Expected incidents (codes, months)."""
        ahead = np.array([(month - self.table.columns[-1]).n for month in coming]) / 12 + 5.5 / 12
        days = coming.days_in_month.to_numpy(float)
        total = self.level() * np.exp(DAMPING * self.trend * ahead) * days * self.index[coming.month - 1]
        return np.asarray(self.shares()[:, None] * total)

    def scatter(self) -> tuple[float, float]:
        """Dispersion of months around share x total, and relative standard error of a share a year on."""
        y = self.table.to_numpy(float)
        recent = slice(max(0, y.shape[1] - 36), None)
        use = ~np.isnan(self.total[recent])
        rows = ~np.isnan(y[:, recent][:, use]).any(axis=1)
        part = y[:, recent][:, use][rows]
        dispersion = max(1.0, float(np.nan_to_num(two_way_dispersion(part), nan=1.0)))
        squares, means = 0.0, 0.0
        for end in range(y.shape[1], MIN_MONTHS - 1, -12):
            now, before = y[:, end - 12 : end], y[:, end - 24 : end - 12]
            both = ~(np.isnan(now) | np.isnan(before)).any(axis=0)
            after, earlier = now[:, both].sum(axis=1), before[:, both].sum(axis=1)
            factor = after.sum() / max(earlier.sum(), 1e-9)
            due = earlier * factor
            squares += float(((after - due) ** 2 - dispersion * due * (1 + factor)).sum())
            means += float((due**2).sum())
        return dispersion, float(np.sqrt(max(0.0, squares) / means)) if means > 0 else 0.0

    def error_of_total(self, months: Sequence[int]) -> float:
        """Relative error of the total over earlier seasons that can be forecast from what came before them."""
        squares = [PRIOR_ERROR**2]
        columns = self.table.columns
        for place in range(MIN_MONTHS, len(columns) - len(months) + 1):
            if columns[place].month != months[0]:
                continue
            happened = self.total[place : place + len(months)]
            before = self.table.iloc[:, :place]
            if np.isnan(happened).any() or before.notna().any().sum() < MIN_MONTHS:
                continue
            core = ~before.isna().any(axis="columns")
            if not core.any():
                continue
            try:
                earlier = _Known.of(before[core])
            except InputError:
                continue
            forecast = earlier.expected(columns[place : place + len(months)]).sum()
            actual = self.table.loc[core[core].index].iloc[:, place : place + len(months)].sum().sum()
            if actual > 0 and forecast > 0:
                squares.append(float(np.log(actual / forecast) ** 2))
        return float(np.sqrt(np.mean(squares)))


def _index(rate: Array, month: npt.NDArray[np.intp]) -> Array:
    """Monthly index of one series, the twelve averaging 1: ratio to a centred twelve-month average."""
    kernel = np.array([0.5] + [1.0] * 11 + [0.5]) / 12
    level = np.full(len(rate), np.nan)
    if len(rate) > 12:
        level[6:-6] = np.convolve(rate, kernel, "valid")
    known = ~np.isnan(level) & (level > 0)
    seen = np.array([rate[known & (month == each)].sum() for each in range(1, 13)])
    due = np.array([level[known & (month == each)].sum() for each in range(1, 13)])
    if (due == 0).any():
        absent = ", ".join(str(each) for each in np.flatnonzero(due == 0) + 1)
        raise InputError(
            "every month of the year must be known once with half a year of published months on both sides",
            f"not so for month {absent}",
            "give counts over more years",
        )
    shape = np.maximum(seen / due, 1e-6)
    return np.asarray(shape / shape.mean())


def _interval(mean: Array, dispersion: float, relative: float, level: float) -> tuple[Array, Array]:
    """Negative binomial prediction interval: dispersion x mean + (relative error x mean)^2 as variance."""
    safe = np.where(mean > 0, mean, 1.0)
    variance = dispersion * safe + (relative * safe) ** 2
    excess = np.maximum(variance / safe, 1.000001)
    size = safe / (excess - 1)
    tail = (1 - level) / 2
    bounds = [stats.nbinom.ppf(q, size, 1 / excess) for q in (tail, 1 - tail)]
    low, high = (np.where(np.isnan(mean), np.nan, np.where(mean > 0, bound, 0.0)) for bound in bounds)
    return low, high


def score_outlook(
    counts: pd.DataFrame,
    *,
    crime_type: str,
    rng: Rng,
    months: Sequence[int] = DARK_MONTHS,
    level: float = 0.90,
    draws: int = 999,
) -> pd.DataFrame:
    """How good the outlook would have been in past seasons, beside three simpler ones.

    Parameters
    ----------
    counts
        Count table of one level.
    crime_type
        One of the types in it.
    rng
        Seed or numpy Generator: neighbourhoods are drawn again for the interval of the gain.
    months, level
        As of `outlook`.
    draws
        How many times.

    Returns
    -------
    scores
        On (`season`, `method`), the season "alle" pooling all. Methods: "outlook"; "last season" (the same month a
        year before); "mean of three" (seasons, or as many as there are); "mean of three, scaled" (by this light half
        over those before the three). Columns: `cells` (neighbourhoods x months scored), `error` (mean absolute error
        per neighbourhood and month), `gain` (1 - error / error of last season) with `gain_low` and `gain_high` (95 %,
        paired, neighbourhoods redrawn), `gain_scaled` with `gain_scaled_low` and `gain_scaled_high` (the same against
        the scaled mean), and of the outlook `coverage` (share of months in its interval) and `width` (mean).

    Raises
    ------
    InputError
        As `outlook`, or no past season can be scored.

    Notes
    -----
    Every forecast knows only the months before its season. A season is scored from 30 months of history on, so that
    there is a season before; months that were not published are left out, for all methods alike.
    O(seasons x outlook).

    Examples
    --------
    >>> import numpy as np
    >>> import pandas as pd
    >>> months = pd.period_range("2018-10", "2024-09", freq="M")
    >>> index = pd.MultiIndex.from_product(
    ...     [[f"WK9901{n:02d}" for n in range(12)], ["woninginbraak"], months], names=["code", "crime_type", "month"])
    >>> dark = np.isin(index.get_level_values("month").month, [10, 11, 12, 1, 2, 3])
    >>> mean = np.where(dark, 15.0, 10.0) * index.get_level_values("month").days_in_month / 30
    >>> counted = np.random.default_rng(1).poisson(mean).astype(float)
    >>> counts = pd.DataFrame({"incidents": counted, "status": "final"}, index=index)
    >>> scores = score_outlook(counts, crime_type="woninginbraak", rng=1, draws=99).loc["alle"]
    >>> scores.loc["outlook", ["gain", "coverage"]].round(2).to_dict()
    {'gain': 0.31, 'coverage': 0.94}
    """
    table = month_table(counts, crime_type)
    two_years(table)
    columns = table.columns
    kept: list[dict[str, pd.DataFrame | str]] = []
    for place, month in enumerate(columns):
        if month.month != months[0] or place < MIN_MONTHS:
            continue
        season = pd.period_range(month, periods=len(months), freq="M")
        happened = table.reindex(columns=season)
        before = table.iloc[:, :place]
        forecasts = _forecasts(before, counts, crime_type, season, months, level)
        if forecasts is None or not happened.notna().any(axis=None):
            continue
        kept.append({"season": season_name(season[0], season[-1]), "happened": happened, **forecasts})
    if not kept:
        raise InputError(
            "scoring needs a season with two years and a whole season before it",
            f"{len(columns)} months",
            "give counts over more years",
        )
    random = generator(rng)
    seasons = [str(each["season"]) for each in kept]
    rows = []
    for name, chosen in [*((name, [each]) for name, each in zip(seasons, kept, strict=True)), ("alle", kept)]:
        rows += _scores(name, chosen, random, draws)
    return pd.DataFrame(rows).set_index(["season", "method"])


def _forecasts(
    before: pd.DataFrame,
    counts: pd.DataFrame,
    crime_type: str,
    season: pd.PeriodIndex,
    months: Sequence[int],
    level: float,
) -> dict[str, pd.DataFrame] | None:
    """What each method says of a season, on (codes, months); None where there is no season before it."""
    month = counts.index.get_level_values("month")
    earlier = [season - 12 * back for back in (1, 2, 3)]
    whole = [each for each in earlier if each[0] >= before.columns[0]]
    if not whole:
        return None
    try:
        ours = outlook(counts[month < season[0]], crime_type=crime_type, months=months, level=level)
    except InputError:
        return None
    past = np.stack([before.reindex(columns=each).to_numpy(float) for each in whole])
    light = 12 - len(months)
    halves = [before.reindex(columns=pd.period_range(each[0] - light, periods=light, freq="M")).sum().sum() for each in
              (season, *whole)]  # fmt: skip
    factor = halves[0] / np.mean(halves[1:]) if np.mean(halves[1:]) > 0 else np.nan
    tables = {name: ours.months[name].unstack("month") for name in ("expected", "low", "high")}
    mean = past.mean(axis=0)
    return {
        OUTLOOK: tables["expected"],
        "low": tables["low"],
        "high": tables["high"],
        LAST: pd.DataFrame(past[0], before.index, season),
        MEAN: pd.DataFrame(mean, before.index, season),
        SCALED: pd.DataFrame(mean * factor, before.index, season),
    }


def _scores(
    name: str, seasons: list[dict[str, pd.DataFrame | str]], random: np.random.Generator, draws: int
) -> list[dict[str, object]]:
    """Rows of one season or all: errors, paired gains and coverage."""

    def stacked(key: str) -> Array:
        return np.concatenate([each[key].to_numpy(float) for each in seasons], axis=1)  # type: ignore[union-attr]

    happened = stacked("happened")
    use = ~np.isnan(happened)
    for method in METHODS:
        use &= ~np.isnan(stacked(method))
    error = {
        method: np.where(use, abs(happened - np.nan_to_num(stacked(method))), 0.0).sum(axis=1) for method in METHODS
    }
    often = random.multinomial(len(happened), np.full(len(happened), 1 / len(happened)), size=draws).astype(float)
    inside = (happened >= stacked("low")) & (happened <= stacked("high"))
    rows: list[dict[str, object]] = []
    for method in METHODS:
        row: dict[str, object] = {"season": name, "method": method, "cells": int(use.sum())}
        row["error"] = error[method].sum() / use.sum()
        for other, label in ((LAST, "gain"), (SCALED, "gain_scaled")):
            with np.errstate(divide="ignore", invalid="ignore"):
                row[label] = 1 - error[method].sum() / error[other].sum()
                again = 1 - (often @ error[method]) / (often @ error[other])
            row[f"{label}_low"], row[f"{label}_high"] = np.quantile(again, [0.025, 0.975])
        ours = method == OUTLOOK
        row["coverage"] = inside[use].mean() if ours else np.nan
        row["width"] = (stacked("high") - stacked("low"))[use].mean() if ours else np.nan
        rows.append(row)
    return rows
