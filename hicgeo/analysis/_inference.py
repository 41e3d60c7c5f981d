"""Intervals, tests, dispersion and random numbers: written once, used by every analysis.

Counts of crime vary more than Poisson between years. Everything here therefore takes a dispersion
factor phi: the count divided by phi is treated as Poisson (or binomial), so that phi = 1 gives the
exact intervals and phi = 4 intervals twice as wide. Counts may be fractional (aoristic weights).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy import stats

Array = npt.NDArray[np.float64]
Rng = int | np.random.Generator


def poisson_interval(
    count: npt.ArrayLike, *, dispersion: float | Array = 1.0, level: float = 0.95
) -> tuple[Array, Array]:
    """Exact (Garwood) interval of a Poisson mean, widened by overdispersion.

    Parameters
    ----------
    count
        Observed counts; NaN gives NaN.
    dispersion
        Variance divided by mean, at least 1.
    level
        Confidence level.

    Returns
    -------
    low, high
        Bounds of the mean.

    Notes
    -----
    Scaled-count (quasi-Poisson) form of the chi-square bounds; exact at `dispersion=1`.

    References
    ----------
    Garwood, F. (1936). Fiducial limits for the Poisson distribution. doi:10.1093/biomet/28.3-4.437

    Examples
    --------
    >>> low, high = poisson_interval([0, 8])
    >>> low.round(4).tolist(), high.round(4).tolist()
    ([0.0, 3.4538], [3.6889, 15.7632])
    """
    scaled = np.asarray(count, float) / dispersion
    tail = (1 - level) / 2
    low = np.where(scaled > 0, stats.gamma.ppf(tail, np.where(scaled > 0, scaled, 1.0)), 0.0)
    high = stats.gamma.ppf(1 - tail, scaled + 1)
    return np.where(np.isnan(scaled), np.nan, low) * dispersion, high * dispersion


def false_discovery(p_value: Array) -> Array:
    """Benjamini-Hochberg adjusted p-values; NaN stays NaN and does not count as a test.

    Parameters
    ----------
    p_value
        One per area, NaN where nothing could be tested.

    References
    ----------
    Benjamini, Y. and Hochberg, Y. (1995). Controlling the false discovery rate. doi:10.1111/j.2517-6161.1995.tb02031.x
    """
    tested = ~np.isnan(p_value)
    out = np.full(len(p_value), np.nan)
    if tested.any():
        out[tested] = stats.false_discovery_control(p_value[tested])
    return out


def two_way_dispersion(table: Array) -> float:
    """Overdispersion of counts per area and year around (area level x year level).

    Parameters
    ----------
    table
        (areas, years) counts without NaN.

    Returns
    -------
    dispersion
        Pearson's chi-square divided by its degrees of freedom, not bounded below; NaN when fewer
        than two areas or two years have incidents.

    Notes
    -----
    Persistent differences between areas and common movements between years do not count: what is
    left is how much one area's count in one year says about its level. O(areas x years).
    """
    table = table[table.sum(axis=1) > 0][:, table.sum(axis=0) > 0]
    if min(table.shape) < 2:
        return np.nan
    freedom = (table.shape[0] - 1) * (table.shape[1] - 1)
    expected = np.outer(table.sum(axis=1), table.sum(axis=0)) / table.sum()
    return float(((table - expected) ** 2 / expected).sum() / freedom)


def empirical_bayes(count: Array, base: Array) -> Array:
    """Rates shrunk towards the common rate, the more so the smaller the area.

    Parameters
    ----------
    count, base
        Incidents and denominator per area; an area with NaN or without base gets NaN and is left out.

    References
    ----------
    Marshall, R. J. (1991). Mapping disease and mortality rates using empirical Bayes estimators. doi:10.2307/2347593
    """
    used = (base > 0) & ~np.isnan(count)
    out = np.full(len(count), np.nan)
    if not used.any():
        return out
    n, d = count[used], base[used]
    mean = n.sum() / d.sum()
    raw = n / d
    between = max(0.0, (d * (raw - mean) ** 2).sum() / d.sum() - mean / d.mean())
    weight = np.divide(between, between + mean / d, out=np.zeros(len(d)), where=mean > 0)
    out[used] = weight * raw + (1 - weight) * mean
    return out


@dataclass(frozen=True)
class LogLinear:
    """Quasi-Poisson regressions of several series on one design.

    Attributes
    ----------
    coefficients, errors
        (series, terms), the errors widened by the dispersion; NaN where a series has no incidents on one side.
    dispersion
        (series,) Pearson estimate, at least 1.
    pearson
        (series,) the same as it is, which on average is right.
    freedom
        (series,) degrees of freedom.
    """

    coefficients: Array
    errors: Array
    dispersion: Array
    pearson: Array
    freedom: Array


def quasi_poisson(counts: Array, design: Array, exposure: Array) -> LogLinear:
    """Fit log(mean) = log(exposure) + design @ coefficients to each row of `counts`.

    Parameters
    ----------
    counts
        (series, months); NaN months are left out of that series.
    design
        (months, terms), the first column the constant.
    exposure
        (months,) days.

    Notes
    -----
    Iteratively reweighted least squares, all series at once: O(iterations x series x months x terms^2).
    Equal to statsmodels' GLM (Poisson, scale="X2") in the tests.
    """
    seen = ~np.isnan(counts)
    y = np.where(seen, counts, 0.0)
    beta = np.zeros((len(y), design.shape[1]))
    with np.errstate(divide="ignore", invalid="ignore"):
        beta[:, 0] = np.log(y.sum(axis=1) / (seen * exposure).sum(axis=1))
    # An indicator term whose 0 or 1 side has no incidents (or no months) has no finite estimate.
    usable = np.isfinite(beta[:, 0])
    for term in design.T:
        if set(np.unique(term)) == {0.0, 1.0}:
            usable &= ((y * term).sum(axis=1) > 0) & ((y * (1 - term)).sum(axis=1) > 0)
    freedom = seen.sum(axis=1) - design.shape[1]
    usable &= freedom > 0
    beta[~usable] = np.nan
    errors, pearson = np.full_like(beta, np.nan), np.full(len(y), np.nan)
    rows = np.flatnonzero(usable)
    if len(rows):
        y, seen, estimate = y[rows], seen[rows], beta[rows]
        information = np.empty((0,))
        for _ in range(50):
            mean = np.where(seen, exposure * np.exp(np.clip(estimate @ design.T, -50, 50)), 0.0)
            information = np.einsum("st,ti,tj->sij", mean, design, design)
            step = np.linalg.solve(information, ((y - mean) @ design)[..., None])[..., 0]
            estimate = estimate + np.clip(step, -2, 2)
            if np.abs(step).max() < 1e-10:
                break
        mean = np.where(seen, exposure * np.exp(estimate @ design.T), 1.0)
        beta[rows] = estimate
        pearson[rows] = np.where(seen, (y - mean) ** 2 / mean, 0.0).sum(axis=1) / freedom[rows]
        variance = np.linalg.inv(information)[:, np.arange(design.shape[1]), np.arange(design.shape[1])]
        errors[rows] = np.sqrt(variance * np.maximum(1.0, pearson[rows, None]))
    return LogLinear(beta, errors, np.maximum(1.0, pearson), pearson, freedom.astype(float))


def generator(rng: Rng | Any) -> np.random.Generator:
    """Random generator from a seed or a generator.

    Parameters
    ----------
    rng
        A whole number, or a numpy Generator which is used (and advanced) as it is.
    """
    return np.random.default_rng(rng)


def rate_ratio(
    count: Array, exposure: Array, other: Array, other_exposure: Array, *, dispersion: Array, level: float = 0.95
) -> tuple[Array, Array, Array]:
    """Ratio of two rates with its interval.

    Parameters
    ----------
    count, exposure, other, other_exposure
        Incidents and days (or dwellings) of the first and the second; same shape.
    dispersion
        Variance divided by mean of the counts, at least 1; same shape.
    level
        Confidence level.

    Returns
    -------
    ratio, low, high
        NaN where a side has no exposure or both have no incidents.

    Notes
    -----
    Given their sum the first count is binomial; the Clopper-Pearson bounds (on counts divided by the
    dispersion) of its share are turned into bounds of the ratio. Exact at dispersion 1.

    Examples
    --------
    >>> one = np.array([1.0])
    >>> ratio, low, high = rate_ratio(30 * one, 182 * one, 20 * one, 183 * one, dispersion=one)
    >>> round(ratio[0], 2), round(low[0], 2), round(high[0], 2)
    (np.float64(1.51), np.float64(0.83), np.float64(2.8))
    """
    tail = (1 - level) / 2
    a, b = count / dispersion, other / dispersion
    known = (exposure > 0) & (other_exposure > 0) & (a + b > 0)
    with np.errstate(divide="ignore", invalid="ignore"):
        scale = np.where(known, other_exposure / exposure, np.nan)
        low = np.where(a > 0, stats.beta.ppf(tail, np.where(a > 0, a, 1.0), b + 1), 0.0)
        high = np.where(b > 0, stats.beta.ppf(1 - tail, a + 1, np.where(b > 0, b, 1.0)), 1.0)
        return a / b * scale, low / (1 - low) * scale, high / (1 - high) * scale


def rate_difference(count: Array, exposure: Array, other: Array, other_exposure: Array, *, dispersion: Array) -> Array:
    """Two-sided p-value of two rates being equal: the exact conditional test of two Poisson counts.

    Parameters
    ----------
    count, exposure, other, other_exposure, dispersion
        As `rate_ratio` takes them; a p-value is under 1 - level exactly where its interval leaves 1 out.

    Notes
    -----
    Given their sum the first count is binomial with its share of the exposure; twice the smaller tail. NaN where a side
    has no exposure or both have no incidents.

    References
    ----------
    Przyborowski, J. and Wilenski, H. (1940). Homogeneity of results in testing samples from Poisson series.
    doi:10.1093/biomet/31.3-4.313
    """
    a, b = count / dispersion, other / dispersion
    known = (exposure > 0) & (other_exposure > 0) & (a + b > 0)
    with np.errstate(divide="ignore", invalid="ignore"):
        share = np.where(known, exposure / (exposure + other_exposure), np.nan)
        at_least = np.where(a > 0, stats.beta.cdf(share, np.where(a > 0, a, 1.0), b + 1), 1.0)
        at_most = np.where(b > 0, stats.beta.sf(share, a + 1, np.where(b > 0, b, 1.0)), 1.0)
    return np.where(known, np.minimum(1.0, 2 * np.minimum(at_least, at_most)), np.nan)
