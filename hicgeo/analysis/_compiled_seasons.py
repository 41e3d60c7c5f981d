# mypy: disable-error-code="no-untyped-def,no-untyped-call,untyped-decorator"
"""Expectation-maximisation of a mixture of points that are each known with an error of their own, compiled by numba."""

from __future__ import annotations

import numpy as np
from numba import njit

compiled = njit(cache=True, nogil=True, error_model="numpy")

CLOSE = 1e-4
"""Gain of log-likelihood in a step under which a climb has arrived: a group is worth several whole units."""

LEAST = 1e-8
"""Scatter and weight never get to 0, from where they could not come back."""


@compiled
def membership(points, noise, means, weight, scatter, member):
    """Fill in the probability that each point belongs to each group; answers with the log-likelihood."""
    n, dimensions = points.shape
    total = 0.0
    share = np.log(weight)
    for i in range(n):
        variance = scatter + noise[i]
        volume = 0.5 * dimensions * np.log(2 * np.pi * variance)
        top = -np.inf
        for g in range(len(means)):
            square = 0.0
            for j in range(dimensions):
                square += (points[i, j] - means[g, j]) ** 2
            member[i, g] = share[g] - 0.5 * square / variance - volume
            top = max(top, member[i, g])
        whole = 0.0
        for g in range(len(means)):
            member[i, g] = np.exp(member[i, g] - top)
            whole += member[i, g]
        for g in range(len(means)):
            member[i, g] /= whole
        total += top + np.log(whole)
    return total


@compiled
def climb(points, noise, means, weight, scatter, steps):
    """Climb the likelihood from a start; `means` and `weight` are changed. Answers with likelihood and scatter.

    Point i is its group's mean + a scatter of the same variance in every dimension and group + an error of variance
    `noise[i]`. O(steps x points x groups x dimensions).
    """
    n, dimensions = points.shape
    member = np.empty((n, len(means)))
    before = -np.inf
    for _ in range(steps):
        reached = membership(points, noise, means, weight, scatter, member)
        if reached - before < CLOSE:
            break
        before = reached
        for g in range(len(means)):
            share, mass = 0.0, 0.0
            total = np.zeros(dimensions)
            for i in range(n):
                each = member[i, g] / (scatter + noise[i])
                share += member[i, g]
                mass += each
                for j in range(dimensions):
                    total[j] += each * points[i, j]
            weight[g] = max(share / n, LEAST)
            if mass > 0.0:
                for j in range(dimensions):
                    means[g, j] = total[j] / mass
        spread = 0.0
        for i in range(n):
            kept = scatter / (scatter + noise[i])
            for g in range(len(means)):
                square = 0.0
                for j in range(dimensions):
                    square += (points[i, j] - means[g, j]) ** 2
                spread += member[i, g] * (kept * kept * square + dimensions * kept * noise[i])
        scatter = max(spread / (n * dimensions), LEAST)
    return membership(points, noise, means, weight, scatter, member), scatter
