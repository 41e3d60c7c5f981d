"""Loops of hotspots and local statistics, compiled by numba; each has a slow plain twin in the tests."""

# numba finds the types of what it compiles by itself
# mypy: allow-untyped-defs, allow-untyped-calls, allow-untyped-decorators
from __future__ import annotations

import numpy as np
from numba import njit

compiled = njit(cache=True, nogil=True, error_model="numpy")


@compiled
def disc_sums(values, half):
    """Sum of the values in a disc of cells around each cell; nothing lies beyond the edge of the array.

    `half[k]` is how many cells the disc reaches to either side in its row k, the middle row of `half` being that of
    the cell itself. Sums of whole numbers are exact. O(cells x rows of the disc).
    """
    rows, columns = values.shape
    reach = len(half) // 2
    width = columns + 2 * reach + 1
    before = np.zeros((rows, width))
    for row in range(rows):
        total = 0.0
        for column in range(columns):
            total += values[row, column]
            before[row, reach + column + 1] = total
        for column in range(reach + columns + 1, width):
            before[row, column] = total
    out = np.zeros((rows, columns))
    for row in range(rows):
        for k in range(max(0, reach - row), min(len(half), rows + reach - row)):
            line, side = before[row + k - reach], half[k]
            left, right = line[reach - side :], line[reach + side + 1 :]
            for column in range(columns):
                out[row, column] += right[column] - left[column]
    return out


@compiled
def scan_ratios(counts, halves, begins, expected, log_expected, log_rest, n_log_n):
    """Poisson log-likelihood ratio of every window (radius, row, column), 0 where there are no more than expected.

    A window that does not take part has `expected` infinite. `n_log_n[k]` is k log k.
    """
    total = len(n_log_n) - 1
    out = np.zeros(expected.shape)
    for r in range(len(begins) - 1):
        inside = disc_sums(counts, halves[begins[r] : begins[r + 1]])
        for row in range(inside.shape[0]):
            for column in range(inside.shape[1]):
                if inside[row, column] > expected[r, row, column]:
                    c = int(inside[row, column])
                    out[r, row, column] = (
                        n_log_n[c] - c * log_expected[r, row, column]
                        + n_log_n[total - c] - (total - c) * log_rest[r, row, column]
                    )  # fmt: skip
    return out


@compiled
def scan_maximum(counts, halves, begins, expected, log_expected, log_rest, n_log_n):
    """Largest of `scan_ratios`."""
    total = len(n_log_n) - 1
    best = 0.0
    for r in range(len(begins) - 1):
        inside = disc_sums(counts, halves[begins[r] : begins[r + 1]])
        for row in range(inside.shape[0]):
            for column in range(inside.shape[1]):
                if inside[row, column] > expected[r, row, column]:
                    c = int(inside[row, column])
                    ratio = (
                        n_log_n[c] - c * log_expected[r, row, column]
                        + n_log_n[total - c] - (total - c) * log_rest[r, row, column]
                    )  # fmt: skip
                    best = max(best, ratio)
    return best


@compiled
def conditional_tails(values, lag, degree, ids, sums, ordered, begin, draw, place, slack):
    """How many draws give each place a sum over its neighbours at least, and at most, as large as its own `lag`.

    A draw is a row of `ids`, different places in random order. Of a place with d neighbours it gives the first d that
    are not the place itself: d others without replacement, the same draw serving every place. `sums[d]` are the sums
    of the first d of every draw, `ordered[d]` the same in order; `draw` and `place` say, from `begin[i]`, in which
    draws and where in them place i stands, so that only those sums are mended. O(places log draws + draws x d).
    """
    draws = ids.shape[0]
    above = np.empty(len(values), np.int64)
    below = np.empty(len(values), np.int64)
    for i in range(len(values)):
        d = degree[i]
        low, high = lag[i] - slack, lag[i] + slack
        at_least = draws - np.searchsorted(ordered[d], low)
        at_most = np.searchsorted(ordered[d], high, side="right")
        for k in range(begin[i], begin[i + 1]):
            if place[k] < d:
                was = sums[d, draw[k]]
                now = was - values[i] + values[ids[draw[k], d]]
                at_least += int(now >= low) - int(was >= low)
                at_most += int(now <= high) - int(was <= high)
        above[i] = at_least
        below[i] = at_most
    return above, below


@compiled
def weighted_tails(values, lag, indptr, weights, ids, slack):
    """As `conditional_tails`, for neighbours of unequal weights; O(links x draws)."""
    above = np.zeros(len(values), np.int64)
    below = np.zeros(len(values), np.int64)
    for i in range(len(values)):
        degree = indptr[i + 1] - indptr[i]
        for draw in range(ids.shape[0]):
            total, at = 0.0, 0
            for k in range(degree):
                if ids[draw, at] == i:
                    at += 1
                total += weights[indptr[i] + k] * values[ids[draw, at]]
                at += 1
            above[i] += total >= lag[i] - slack
            below[i] += total <= lag[i] + slack
    return above, below
