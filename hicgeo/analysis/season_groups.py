"""Neighbourhoods that share the shape of their year, and how sure that is."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from hicgeo.analysis import _mixture
from hicgeo.analysis._inference import Rng, generator
from hicgeo.analysis.counting import MIN_MONTHS, month_table, two_years
from hicgeo.analysis.timing import DARK_MONTHS
from hicgeo.errors import InputError

if TYPE_CHECKING:
    import numpy.typing as npt

    Array = npt.NDArray[np.float64]

MEMBERSHIP = 0.8
"""Probability from which a neighbourhood is said to belong to a group."""

NO_GROUP = "niet in te delen"
MAX_GROUPS = 4

ALPHA = 0.02
"""A further group must gain more than chance does but once in fifty."""

LEAST_TOLD = 10.0
"""Incidents, divided by the dispersion, under which an area neither shapes a group nor is placed in one."""

DRAWS = 99
"""Sets of areas drawn to see what a further group gains by chance."""

RESAMPLED = 100
"""Times that the years are drawn again to see whether the groups come back."""

PEAK = 1.15
"""Times the mean of the year from which a month stands out."""


@dataclass(frozen=True)
class SeasonClusters:
    """Neighbourhoods grouped by the shape of their year.

    Attributes
    ----------
    labels
        On code: the group ("A" has the strongest dark season), or "niet in te delen" where no group
        has a probability of 0.8 or where too little was counted to tell.
    probability
        (codes x groups) probability of membership.
    profiles
        (groups x months 1-12) daily rate in the month / mean of the year.
    ratio
        Per group, daily rate October-March / April-September, as the profile has it.
    k
        Number of groups; 1 means: one pattern, with scatter.
    stability
        Adjusted Rand index between the groups found in the odd and in the even years, 1 = the same,
        0 = chance; NaN when k = 1.
    group_stability
        Per group, mean Jaccard index between its members and those found when whole years are drawn again (100 times):
        above 0.75 it comes back, under 0.5 it dissolves; NaN when k = 1.
    areas
        On code: `group` (as `labels`), `probability` of the likeliest group, `stability` (share of the redrawn years
        in which it is the likeliest again) and `halves_agree` (the same group in odd and even years; NA when k = 1 or
        the area was empty in one of them).
    criterion
        Per number of groups k: `log_likelihood`, `gain` over one group fewer, `needed` (what chance gains at most in
        98 of 100) and `p_value` of the gain.
    months
        First and last month used: whole years, the latest.
    dispersion
        How many times as much as chance the shape of an area's year differs between its years, 1 or more.
    """

    labels: pd.Series
    probability: pd.DataFrame
    profiles: pd.DataFrame
    ratio: pd.Series
    k: int
    stability: float
    group_stability: pd.Series
    areas: pd.DataFrame
    criterion: pd.DataFrame
    months: tuple[str, str]
    dispersion: float

    def to_frame(self) -> pd.DataFrame:
        """One row per group: neighbourhoods, ratio, the months above average, and how often it comes back."""
        peak = self.profiles.apply(lambda row: ", ".join(str(month) for month in row.index[row > PEAK]) or "-", axis=1)
        return pd.DataFrame(
            {
                "neighbourhoods": self.labels.value_counts().reindex(self.profiles.index, fill_value=0),
                "ratio": self.ratio,
                "months_above_1.15": peak,
                "stability": self.group_stability,
            }
        )

    def _repr_html_(self) -> str:
        groups = "one pattern" if self.k == 1 else f"{self.k} groups"
        unclear = int((self.labels == NO_GROUP).sum())
        stability = "" if np.isnan(self.stability) else f"; stability (odd against even years) {self.stability:.2f}"
        return (
            f"<p>{groups}, {self.months[0]} to {self.months[1]}; {unclear} not to be placed{stability}</p>"
            + self.to_frame().to_html(float_format="{:.2f}".format)
        )


def cluster_seasons(counts: pd.DataFrame, *, crime_type: str, rng: Rng) -> SeasonClusters:
    """Group neighbourhoods by the shape of their year, not by its height.

    Parameters
    ----------
    counts
        Count table on neighbourhoods.
    crime_type
        One of the types in it.
    rng
        Seed or numpy Generator of the starting values and of the comparison with chance.

    Returns
    -------
    groups
        As many as the data carry, one included; see `SeasonClusters`.

    Raises
    ------
    InputError
        The crime type does not occur or has no incidents, or fewer than two whole years are published for all
        neighbourhoods that have counts.

    Notes
    -----
    The year of an area is summed up by its first two harmonics: when it peaks, and how sharply. Their error follows
    from its number of incidents, times what its years differ more than chance (`dispersion`; movements that all areas
    share do not count). A mixture of groups, each with a mean year and all with one lasting scatter around it, is
    fitted to them. A further group is accepted, up to four, when it gains more likelihood than in 98 of 100 sets of
    areas drawn without it, so that neither error, nor overdispersion, nor scatter passes for a group. Areas with
    fewer than ten incidents (divided by the dispersion) take no part and are not placed. Only whole years count, so
    that every month of the year has the same number of months. A label says what a neighbourhood's year looks like,
    not why; and one pattern means that the counts carry no more, not that all areas are equal.
    O(draws x starts x steps x areas x groups).

    References
    ----------
    McLachlan, G. J. (1987). On bootstrapping the likelihood ratio test statistic for the number of components in a
    normal mixture. doi:10.2307/2347790
    Hennig, C. (2007). Cluster-wise assessment of cluster stability. doi:10.1016/j.csda.2006.11.025

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
    >>> groups = cluster_seasons(counts, crime_type="woninginbraak", rng=42)
    >>> groups.k, groups.ratio.round(1).to_dict(), groups.labels.value_counts().to_dict()
    (1, {'A': 1.5}, {'A': 12})
    """
    table = month_table(counts, crime_type)
    two_years(table)
    index = pd.PeriodIndex(table.columns)
    years = _whole_years(table.to_numpy(float))
    if years is None:
        raise InputError(
            "seasonal groups need two whole years published for every neighbourhood with counts",
            f"{len(index)} months with gaps",
            "leave out the neighbourhoods with gaps, or give counts over more years",
        )
    first, number = years
    window = slice(first, first + 12 * number)
    block = table.iloc[:, window].to_numpy(float).reshape(len(table), number, 12)
    # Columns January to December, whatever the first month of the window.
    block = np.nan_to_num(np.roll(block, index[first].month - 1, axis=2))
    if not block.sum() > 0:
        raise InputError(f"the counts of {crime_type!r} must have incidents", "0 in every month", "take another type")
    shape = Shape.of(block)
    points, size = shape.points(block.sum(axis=1))
    dispersion = shape.dispersion(block)
    noise = dispersion / np.maximum(size, 1e-9)
    told = size / dispersion >= LEAST_TOLD
    # in an order of their own, so that the answer does not hang on that of the rows
    at = np.flatnonzero(told if told.any() else size > 0)
    at = at[np.lexsort(np.column_stack([points[at], size[at]]).T)]
    random = generator(rng)
    fits, criterion = _choose(points[at], noise[at], random)
    k = len(fits)
    fit = fits[-1]

    member = fit.probability(points, noise)
    share = block.sum(axis=1) / np.maximum(size, 1e-9)[:, None]
    weight = member[at] / (fit.scatter + noise[at])[:, None]
    course = weight.T @ share[at]
    days = index[window].days_in_month.to_numpy(float).reshape(number, 12)
    exposure = np.roll(days, index[first].month - 1, axis=1).sum(axis=0)
    profile = course / exposure * (exposure.sum() / course.sum(axis=1, keepdims=True))
    dark = np.isin(np.arange(1, 13), DARK_MONTHS)
    ratio = (course[:, dark].sum(axis=1) / exposure[dark].sum()) / (
        course[:, ~dark].sum(axis=1) / exposure[~dark].sum()
    )
    rank = np.argsort(-ratio, kind="stable")
    names = pd.Index([chr(ord("A") + place) for place in range(k)], name="group")
    member[size == 0] = np.nan
    probability = pd.DataFrame(member[:, rank], index=table.index, columns=names)
    best = probability.fillna(0).idxmax(axis="columns")
    sure = (probability.max(axis="columns") >= MEMBERSHIP) & told
    labels = best.where(sure, NO_GROUP).astype("str").rename("group")
    labels.attrs = {"crime_type": crime_type}

    again = np.full(len(table), np.nan)
    back = np.full(k, np.nan)
    agree = pd.array([pd.NA] * len(table), dtype="boolean")
    stability = np.nan
    if k > 1:
        again[at], back = _resampled(block[at], shape, dispersion, fit, random)
        stability, same = _halves(block[at], shape, dispersion, fit, random)
        agree[at] = same
    return SeasonClusters(
        labels=labels,
        probability=probability,
        profiles=pd.DataFrame(profile[rank], index=names, columns=pd.RangeIndex(1, 13, name="month")),
        ratio=pd.Series(ratio[rank], index=names, name="ratio"),
        k=k,
        stability=stability,
        group_stability=pd.Series(back[rank], index=names, name="stability"),
        areas=pd.DataFrame(
            {
                "group": labels,
                "probability": probability.max(axis="columns"),
                "stability": again,
                "halves_agree": agree,
            },
            index=table.index,
        ),
        criterion=criterion,
        months=(str(index[first]), str(index[first + 12 * number - 1])),
        dispersion=dispersion,
    )


@dataclass(frozen=True)
class Shape:
    """The year of an area as a point: its first two harmonics, scaled so that one incident has an error of 1."""

    waves: Array
    middle: Array
    scale: Array

    @classmethod
    def of(cls, block: Array) -> Shape:
        """Scale after the year of all areas together."""
        turn = 2 * np.pi * (np.arange(12) + 0.5) / 12
        waves = np.column_stack([wave(order * turn) for order in (1, 2) for wave in (np.cos, np.sin)])
        whole = block.sum(axis=(0, 1)) / block.sum()
        middle = whole @ waves
        spread = (waves * whole[:, None]).T @ waves - np.outer(middle, middle) + 1e-9 * np.eye(4)
        return cls(waves, middle, np.linalg.cholesky(np.linalg.inv(spread)))

    def points(self, counts: Array) -> tuple[Array, Array]:
        """(..., 4) point and number of incidents of (..., 12) counts; the middle where nothing was counted."""
        size = counts.sum(axis=-1)
        mean = counts @ self.waves / np.maximum(size, 1e-9)[..., None]
        return np.where(size[..., None] > 0, (mean - self.middle) @ self.scale, 0.0), size

    def dispersion(self, block: Array) -> float:
        """Variance of an area's years around its own year, as a multiple of chance; what all areas share apart."""
        points, size = self.points(block)
        whole = size[..., None]
        apart = points - (whole * points).sum(axis=1, keepdims=True) / np.maximum(
            whole.sum(axis=1, keepdims=True), 1e-9
        )
        apart -= (whole * apart).sum(axis=0) / np.maximum(whole.sum(axis=0), 1e-9)
        seen = size > 0
        freedom = 4 * (seen.sum() - seen.any(axis=1).sum() - seen.any(axis=0).sum() + 1)
        return max(1.0, float((whole * apart**2).sum() / freedom)) if freedom > 0 else 1.0


def _choose(points: Array, noise: Array, random: np.random.Generator) -> tuple[list[_mixture.Mixture], pd.DataFrame]:
    """Fits from one group to as many as beat chance, and how each fared; the last is refused unless it is the top."""
    fits = [_mixture.fit(points, noise, 1, rng=random)]
    rows = [(fits[0].log_likelihood, np.nan, np.nan, np.nan)]
    while len(fits) < min(MAX_GROUPS, len(points) // 5):
        more = _mixture.fit(points, noise, len(fits) + 1, rng=random)
        gain = more.log_likelihood - fits[-1].log_likelihood
        by_chance = _mixture.gain_by_chance(points, noise, fits[-1], draws=DRAWS, rng=random)
        p_value = (1 + np.count_nonzero(by_chance >= gain)) / (DRAWS + 1)
        rows.append((more.log_likelihood, gain, float(np.quantile(by_chance, 1 - ALPHA)), p_value))
        if p_value > ALPHA:
            break
        fits.append(more)
    table = pd.DataFrame(
        rows,
        columns=["log_likelihood", "gain", "needed", "p_value"],
        index=pd.RangeIndex(1, len(rows) + 1, name="k"),
    )
    return fits, table


def _likeliest(
    counts: Array, shape: Shape, dispersion: float, fit: _mixture.Mixture, random: np.random.Generator
) -> npt.NDArray[np.intp]:
    """Likeliest group of each area after these counts alone, in the order of the groups of `fit`."""
    points, size = shape.points(counts)
    noise = dispersion / np.maximum(size, 0.1)
    again = _mixture.fit(points, noise, len(fit.means), rng=random, start=fit)
    return np.asarray(again.probability(points, noise).argmax(axis=1))


def _resampled(
    block: Array, shape: Shape, dispersion: float, fit: _mixture.Mixture, random: np.random.Generator
) -> tuple[Array, Array]:
    """Share of redrawn years in which each area keeps its group, and mean Jaccard index of each group."""
    from scipy.optimize import linear_sum_assignment

    areas, number, _ = block.shape
    k = len(fit.means)
    original = np.eye(k, dtype=bool)[_likeliest(block.sum(axis=1), shape, dispersion, fit, random)]
    kept, jaccard = np.zeros(areas), np.zeros(k)
    for _ in range(RESAMPLED):
        drawn = block[:, random.integers(0, number, number)].sum(axis=1)
        found = np.eye(k, dtype=bool)[_likeliest(drawn, shape, dispersion, fit, random)]
        both = (original[:, :, None] & found[:, None, :]).sum(axis=0)
        either = (original[:, :, None] | found[:, None, :]).sum(axis=0)
        alike = both / np.maximum(either, 1)
        mine, other = linear_sum_assignment(-alike)
        jaccard[mine] += alike[mine, other]
        kept += (original[:, mine] & found[:, other]).any(axis=1)
    return kept / RESAMPLED, jaccard / RESAMPLED


def _halves(
    block: Array, shape: Shape, dispersion: float, fit: _mixture.Mixture, random: np.random.Generator
) -> tuple[float, pd.api.extensions.ExtensionArray]:
    """Adjusted Rand index of the groups in odd and in even years, and the areas that have the same in both."""
    from sklearn.metrics import adjusted_rand_score

    halves = [block[:, part::2].sum(axis=1) for part in (0, 1)]
    both = (halves[0].sum(axis=1) > 0) & (halves[1].sum(axis=1) > 0)
    guess = [_likeliest(half[both], shape, dispersion, fit, random) for half in halves]
    same = pd.array([pd.NA] * len(block), dtype="boolean")
    same[both] = guess[0] == guess[1]
    return float(adjusted_rand_score(*guess)), same


def _whole_years(y: Array) -> tuple[int, int] | None:
    """First month and number of the longest, then latest, run of whole years published for all codes with counts."""
    some = y[~np.isnan(y).all(axis=1)]
    published = np.asarray(~np.isnan(some).any(axis=0))
    best: tuple[int, int] | None = None
    begin = 0
    for place in range(len(published) + 1):
        if place == len(published) or not published[place]:
            number = (place - begin) // 12
            if number >= MIN_MONTHS // 12 and (best is None or number >= best[1]):
                best = (place - 12 * number, number)
            begin = place + 1
    return best
