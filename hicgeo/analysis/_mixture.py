"""Dirichlet-multinomial mixtures: groups of count profiles that allow for overdispersion.

A multinomial mixture takes every bit of overdispersion for a group of its own; here each group has a
mean profile and a concentration, so that members may scatter around the profile.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.special import digamma, gammaln, logsumexp

Array = npt.NDArray[np.float64]

_FLAT = 1e6
"""Largest concentration: beyond it a Dirichlet-multinomial is a multinomial for any count here."""


@dataclass(frozen=True)
class Mixture:
    """A fitted mixture.

    Attributes
    ----------
    alpha
        (groups, bins) Dirichlet parameters: profile times concentration.
    weight
        (groups,) shares of the groups.
    log_likelihood
        Of the counts, up to their multinomial coefficients.
    """

    alpha: Array
    weight: Array
    log_likelihood: float

    def log_density(self, counts: Array) -> Array:
        """(areas, groups) log probability of each area's counts in each group."""
        return np.log(self.weight) + np.stack([_log_density(counts, alpha) for alpha in self.alpha], axis=1)

    def probability(self, counts: Array) -> Array:
        """(areas, groups) probability that an area belongs to a group."""
        log = self.log_density(counts)
        return np.asarray(np.exp(log - logsumexp(log, axis=1, keepdims=True)))

    def bic(self, areas: int) -> float:
        """Bayesian information criterion, lower is better."""
        groups, bins = self.alpha.shape
        return float(-2 * self.log_likelihood + (groups * bins + groups - 1) * np.log(areas))


def _log_density(counts: Array, alpha: Array) -> Array:
    total = counts.sum(axis=1)
    return np.asarray(
        gammaln(alpha.sum()) - gammaln(total + alpha.sum()) + (gammaln(counts + alpha) - gammaln(alpha)).sum(axis=1)
    )


def _update(counts: Array, alpha: Array, weight: Array) -> Array:
    """One fixed-point step towards the weighted maximum likelihood of a group (Minka 2000)."""
    total = alpha.sum()
    gain = weight @ (digamma(counts + alpha) - digamma(alpha))
    loss = weight @ (digamma(counts.sum(axis=1) + total) - digamma(total))
    new = np.clip(alpha * gain / max(loss, 1e-12), 1e-3, None)
    return np.asarray(new * min(1.0, _FLAT / new.sum()))


def _start(counts: Array, groups: int, rng: np.random.Generator) -> Array:
    """Profiles to start from: shares of areas that differ, the larger areas first (k-means++ on shrunken shares)."""
    prior = counts.sum(axis=0) / counts.sum() * 24
    shares = (counts + prior) / (counts + prior).sum(axis=1, keepdims=True)
    chosen = [int(rng.choice(len(counts), p=counts.sum(axis=1) / counts.sum()))]
    while len(chosen) < groups:
        distance = np.min([((shares - shares[each]) ** 2).sum(axis=1) for each in chosen], axis=0) * counts.sum(axis=1)
        total = distance.sum()
        chosen.append(int(rng.choice(len(counts), p=distance / total if total > 0 else None)))
    return shares[chosen] * 100.0


def fit(
    counts: Array,
    groups: int,
    *,
    rng: np.random.Generator,
    start: Mixture | None = None,
    restarts: int = 6,
    iterations: int = 300,
) -> Mixture:
    """Fit a mixture by expectation-maximisation, the best of several starts.

    Parameters
    ----------
    counts
        (areas, bins) counts, every row with at least one.
    groups
        Number of groups.
    rng
        Draws the starts.
    start
        Fit to start from instead of drawn ones.
    restarts, iterations
        How many starts, and steps of each at most.

    Notes
    -----
    O(restarts x iterations x areas x bins x groups).
    """
    if start is not None:
        return _climb(counts, start.alpha, start.weight, iterations)
    overall = (counts.sum(axis=0) + 0.5) / (counts.sum() + 0.5 * counts.shape[1])
    if groups == 1:
        return _climb(counts, 100.0 * overall[None, :], np.ones(1), iterations)
    even = np.full(groups, 1 / groups)
    fits = [_climb(counts, _start(counts, groups, rng), even, iterations) for _ in range(restarts)]
    return max(fits, key=lambda each: each.log_likelihood)


def _climb(counts: Array, alpha: Array, weight: Array, iterations: int) -> Mixture:
    best = -np.inf
    now = Mixture(alpha, weight, best)
    for _ in range(iterations):
        log = now.log_density(counts)
        reached = float(logsumexp(log, axis=1).sum())
        member = np.exp(log - logsumexp(log, axis=1, keepdims=True))
        alpha = now.alpha
        for _ in range(3):
            alpha = np.stack([_update(counts, each, member[:, k]) for k, each in enumerate(alpha)])
        weight = np.maximum(member.mean(axis=0), 1e-12)
        now = Mixture(alpha, weight / weight.sum(), reached)
        if reached - best < 1e-5 * max(1.0, abs(reached)) * 1e-2:
            break
        best = reached
    return Mixture(now.alpha, now.weight, float(logsumexp(now.log_density(counts), axis=1).sum()))
