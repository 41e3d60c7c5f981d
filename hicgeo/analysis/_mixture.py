"""Mixtures of points that are each known with an error of their own: groups that are more than error and scatter.

A mixture that knows no error takes the error of small areas for groups; one that knows no scatter takes lasting
differences between areas for groups. Here both have a place, and a further group must beat them.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float64]

STARTS = 4
"""Starts of a fit; the same for the data and for what they are compared with, so that neither has an advantage."""

_STEPS = 200


@dataclass(frozen=True)
class Mixture:
    """A fitted mixture.

    Attributes
    ----------
    means
        (groups, dimensions).
    weight
        (groups,) shares of the groups.
    scatter
        Variance of the points around their group's mean that is no error, the same for all.
    log_likelihood
        Of the points it was fitted to.
    """

    means: Array
    weight: Array
    scatter: float
    log_likelihood: float

    def probability(self, points: Array, noise: Array) -> Array:
        """(points, groups) probability that a point belongs to a group."""
        from hicgeo.analysis import _compiled_seasons

        member = np.empty((len(points), len(self.means)))
        _compiled_seasons.membership(points, noise, self.means, self.weight, self.scatter, member)
        return member


def fit(points: Array, noise: Array, groups: int, *, rng: np.random.Generator, start: Mixture | None = None) -> Mixture:
    """Fit a mixture by expectation-maximisation, the best of several starts.

    Parameters
    ----------
    points
        (n, dimensions).
    noise
        (n,) variance of the error of each point, the same in every dimension.
    groups
        How many.
    rng
        Draws the starts.
    start
        Fit to start from instead.

    Notes
    -----
    Starts are points far apart, those known best the likelier (k-means++). O(starts x steps x n x groups x dimensions).
    """
    from hicgeo.analysis import _compiled_seasons

    scatter = max(float(np.mean((points - points.mean(axis=0)) ** 2)) / 4, 1e-4)
    begins: list[tuple[Array, Array, float]] = []
    if start is not None:
        begins.append((start.means.copy(), start.weight.copy(), max(start.scatter, 1e-4)))
    elif groups == 1:
        begins.append((np.average(points, axis=0, weights=1 / (noise + scatter))[None, :], np.ones(1), scatter))
    else:
        begins += [(_apart(points, noise + scatter, groups, rng), np.full(groups, 1 / groups), scatter)
                   for _ in range(STARTS)]  # fmt: skip
    fits = []
    for means, weight, first in begins:
        reached, last = _compiled_seasons.climb(points, noise, means, weight, first, _STEPS)
        fits.append(Mixture(means, weight / weight.sum(), float(last), float(reached)))
    return max(fits, key=lambda each: each.log_likelihood)


def _apart(points: Array, variance: Array, groups: int, rng: np.random.Generator) -> Array:
    known = 1 / variance
    chosen = [int(rng.choice(len(points), p=known / known.sum()))]
    while len(chosen) < groups:
        distance = np.min([((points - points[each]) ** 2).sum(axis=1) for each in chosen], axis=0) * known
        total = distance.sum()
        chosen.append(int(rng.choice(len(points), p=distance / total if total > 0 else None)))
    return points[chosen]


def gain_by_chance(points: Array, noise: Array, now: Mixture, *, draws: int, rng: np.random.Generator) -> Array:
    """Log-likelihood that one more group gains on points drawn from a mixture that lacks it (parametric bootstrap).

    Parameters
    ----------
    points, noise
        As of `fit`; the points only for their shape.
    now
        The mixture to draw from.
    draws
        How many sets of points.
    rng
        Draws them.

    Returns
    -------
    gain
        (draws,) sorted.

    References
    ----------
    McLachlan, G. J. (1987). On bootstrapping the likelihood ratio test statistic for the number of components in a
    normal mixture. doi:10.2307/2347790
    """
    groups = len(now.means)
    gain = np.empty(draws)
    for place in range(draws):
        of = rng.choice(groups, len(points), p=now.weight)
        drawn = now.means[of] + rng.normal(size=points.shape) * np.sqrt(now.scatter + noise)[:, None]
        fewer = fit(drawn, noise, groups, rng=rng, start=now)
        gain[place] = fit(drawn, noise, groups + 1, rng=rng).log_likelihood - fewer.log_likelihood
    return np.sort(gain)
