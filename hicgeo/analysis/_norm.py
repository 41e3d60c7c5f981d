"""Above the norm or not: how much counts vary by themselves, and which differences are then more than that.

Two things make a flag on many areas right or wrong. The first is the noise. Between years a large area's count varies
by a share of itself, a small one's by chance, so that one factor for all is too wide for the small and too narrow for
the large; and areas drift, so that spread over many years counts slow change as noise. Here the variance of a count
with mean m is m (a + b m), estimated from successive years. The second is the number of areas. Verdicts are given so
that the expected share of wrong ones among them is held, with the spread of true differences learned from the areas
themselves (empirical Bayes), which finds half as many again as adjusting p-values does. No verdict at all is given
where the adjusted p-values do not show that the areas differ, so that a region without differences is left alone.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import stats
from scipy.special import gammaln, ndtr, xlogy

from hicgeo.analysis._inference import false_discovery

Array = npt.NDArray[np.float64]

FALSE_SHARE = 0.05
"""Share of the verdicts that may be expected to be wrong."""

SPREADS = np.array([0.05, 0.1, 0.15, 0.2, 0.3, 0.4, 0.55, 0.75, 1.0, 1.4])
"""Standard deviations of the log ratio to the norm, from which the spread of true differences is mixed."""

GRID = np.linspace(-5, 5, 401)
"""Log ratios on which the posterior is kept; a step is 2.5 %."""


@dataclass(frozen=True)
class Spread:
    """Variance of a count over its mean: `constant` for the smallest areas, and `growth` more per expected incident.

    `freedom` says on how many independent differences between years that rests: few areas tell little of it.
    """

    constant: float
    growth: float
    freedom: float = np.inf

    def at(self, mean: npt.ArrayLike) -> Array:
        """Dispersion factor of counts with these means, at least 1."""
        return np.maximum(1.0, self.constant + self.growth * np.asarray(mean, float))


def spread_between_years(years: Array) -> Spread | None:
    """Estimate the spread from each two successive years of several areas.

    Parameters
    ----------
    years
        (areas, years) counts without NaN, in order of time.

    Returns
    -------
    spread
        None when there are no two areas with incidents in two years.

    Notes
    -----
    Of every pair of years the squared Pearson residuals around (area level x year level) are regressed on the
    expected count, weighted by the inverse of their own variance, with `constant` at least 1 and `growth` at least 0.
    Pairs share years, so that p of them tell as much as 2 p^2 / (3 p - 1) that do not (von Neumann et al. 1941).
    O(areas x years).

    References
    ----------
    von Neumann, J. et al. (1941). The mean square successive difference. doi:10.1214/aoms/1177731746
    """
    expected, squared, apart = [np.empty(0)], [np.empty(0)], [0]
    for first in range(years.shape[1] - 1):
        pair = years[:, first : first + 2]
        pair = pair[pair.sum(axis=1) > 0]
        if len(pair) < 2 or (pair.sum(axis=0) == 0).any():
            continue
        mean = np.outer(pair.sum(axis=1), pair.sum(axis=0)) / pair.sum()
        freedom = 2 * len(pair) / (len(pair) - 1)  # cells over degrees of freedom
        expected.append(mean.ravel())
        squared.append(((pair - mean) ** 2 / mean * freedom).ravel())
        apart.append(len(pair) - 1)
    x, y = np.concatenate(expected), np.concatenate(squared)
    if not len(x):
        return None
    constant, growth = max(1.0, float(y.mean())), 0.0
    for _ in range(100):
        at = np.maximum(1.0, constant + growth * x)
        weight = 1 / (2 * at**2 + at / x)
        s0, s1, s2 = weight.sum(), weight @ x, weight @ x**2
        t0, t1 = weight @ y, (weight * x) @ y
        determinant = s0 * s2 - s1**2
        slope = (s0 * t1 - s1 * t0) / determinant if determinant > 1e-12 * s0 * s2 else 0.0
        level = (t0 - max(0.0, slope) * s1) / s0
        if level < 1:
            level, slope = 1.0, (t1 - s1) / s2
        after = max(1.0, level), max(0.0, slope)
        settled = abs(after[0] - constant) < 1e-9 and abs(after[1] - growth) < 1e-12
        constant, growth = (constant + after[0]) / 2, (growth + after[1]) / 2
        if settled:
            break
    pairs = len(apart) - 1
    return Spread(constant, growth, sum(apart) / pairs * 2 * pairs**2 / (3 * pairs - 1))


@dataclass(frozen=True)
class Verdict:
    """Per area: probability above the norm, expected share of wrong verdicts down to it, and the side (1, -1, 0)."""

    p_above: Array
    false_share: Array
    side: Array


def against_norm(count: Array, base: Array, norm: Array, spread: Spread, *, part_of_norm: bool) -> Verdict:
    """Hold counts against a norm, all areas together.

    Parameters
    ----------
    count, base
        Incidents and denominator of the areas that are tested.
    norm
        Rate that each is held against, per unit of the denominator.
    spread
        Variance of the counts.
    part_of_norm
        The norm is the rate of these areas together. An area is then compared with the others, whose own uncertainty is
        counted: above the average that it is part of is the same as above the others.

    Notes
    -----
    Counts are negative binomial. The prior of the log ratio to the common rate is a mixture of normal distributions
    around 0 and a point at the norm, fitted by maximum likelihood (expectation-maximisation). The chance of a wrong
    side includes that of no difference at all. Areas are called in the order of that chance for as long as its mean is
    at most 5 %, and none when the smallest p-value, adjusted for their number (Benjamini and Hochberg), is above 5 %.
    O(areas x grid x iterations).

    References
    ----------
    Stephens, M. (2017). False discovery rates: a new deal. doi:10.1093/biostatistics/kxw041
    """
    n_areas = len(count)
    nothing = Verdict(np.full(n_areas, np.nan), np.full(n_areas, np.nan), np.zeros(n_areas, int))
    if not n_areas or count.sum() == 0:
        return nothing
    common = count.sum() / base.sum()
    expected = common * base
    at_norm = np.log(norm / common)
    error, uncertain = np.zeros(n_areas), np.zeros(n_areas)
    null = norm * base
    if part_of_norm:
        if n_areas == 1:
            return nothing
        others, other_base = count.sum() - count, base.sum() - base
        variance = (spread.at(expected) * expected).sum() - spread.at(expected) * expected
        at_norm = np.log(np.maximum(others, 0.5) / other_base / common)
        error = np.sqrt(variance) / np.maximum(others, 0.5)
        null = expected
        predicted = np.maximum(others, 0.5) / other_base * base
        uncertain = variance * (base / other_base) ** 2
    else:
        predicted = null
    p_value = _p_value(count, predicted, spread.at(null) * null + uncertain, spread.freedom)
    surest = np.nanmin(false_discovery(p_value))
    mean = expected[:, None] * np.exp(GRID)
    log_likelihood = _negative_binomial(count[:, None], mean, spread.at(mean))
    top = log_likelihood.max(axis=1, keepdims=True)
    likelihood = np.exp(log_likelihood - top)
    kernels = np.exp(-0.5 * (GRID / SPREADS[:, None]) ** 2)
    kernels /= kernels.sum(axis=1, keepdims=True)
    parts = np.column_stack([
        np.exp(_negative_binomial(count, null, spread.at(null)) - top[:, 0]), likelihood @ kernels.T
    ])  # fmt: skip
    share = np.full(parts.shape[1], 1 / parts.shape[1])
    for _ in range(1000):
        member = parts * share
        member /= member.sum(axis=1, keepdims=True)
        after = member.mean(axis=0)
        settled = np.abs(after - share).max() < 1e-6
        share = after
        if settled:
            break
    member = parts * share
    same = member[:, 0] / member.sum(axis=1)
    posterior = likelihood * (share[1:] @ kernels)
    posterior *= ((1 - same) / posterior.sum(axis=1))[:, None]
    beyond = GRID - at_norm[:, None]
    side = np.where(error[:, None] > 0, ndtr(beyond / np.where(error > 0, error, 1.0)[:, None]), _step(beyond))
    above = (posterior * side).sum(axis=1)
    below = 1 - same - above
    wrong = np.minimum(above, below) + same
    order = np.argsort(wrong, kind="stable")
    false_share = np.empty(n_areas)
    false_share[order] = np.cumsum(wrong[order]) / np.arange(1, n_areas + 1)
    false_share = np.maximum(false_share, surest)
    called = false_share <= FALSE_SHARE
    return Verdict(above + same / 2, false_share, np.where(called, np.where(above > below, 1, -1), 0))


def _p_value(count: Array, mean: Array, variance: Array, freedom: float) -> Array:
    """Two-sided mid-p of negative binomial counts; fractions of an incident lie between those of whole ones.

    Where the variance was learned from few differences, the normal score of the p-value is looked up in the t
    distribution with as much freedom.
    """
    extra = np.maximum(variance / mean - 1, 1e-6)
    size, chance = mean / extra, 1 / (1 + extra)

    def above(whole: Array) -> Array:
        return np.asarray(stats.nbinom.sf(whole, size, chance) + 0.5 * stats.nbinom.pmf(whole, size, chance))

    part = count - np.floor(count)
    upper = (1 - part) * above(np.floor(count)) + part * above(np.floor(count) + 1)
    p_value = np.minimum(1.0, 2 * np.minimum(upper, 1 - upper))
    return np.asarray(2 * stats.t.sf(stats.norm.isf(p_value / 2), freedom)) if np.isfinite(freedom) else p_value


def _step(beyond: Array) -> Array:
    """Share of each grid cell that lies above 0."""
    width = GRID[1] - GRID[0]
    return np.clip(beyond / width + 0.5, 0.0, 1.0)


def _negative_binomial(count: Array, mean: Array, dispersion: Array) -> Array:
    """Log likelihood up to what does not depend on the mean; Poisson where the dispersion is 1."""
    extra = np.maximum(dispersion - 1, 1e-6)
    size = mean / extra
    mixed = gammaln(count + size) - gammaln(size) - size * np.log1p(extra) + xlogy(count, extra / (1 + extra))
    return np.where(dispersion > 1 + 1e-6, mixed, xlogy(count, mean) - mean)
