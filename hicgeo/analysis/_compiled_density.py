"""Loops of kernel density, compiled by numba: spreading by B-splines and direct sums."""

# mypy: allow-untyped-defs, allow-untyped-calls, allow-untyped-decorators
# numba infers the types, and compiles a version per type.

from __future__ import annotations

from math import comb, factorial

import numpy as np
from numba import njit, uint64

# Sums may be taken in any order and products fused, to use the width of the processor; nothing else is relaxed.
compiled = njit(cache=True, nogil=True, error_model="numpy", fastmath={"reassoc", "contract", "nsz"})

ORDER = 6
"""Order of the spline, and nodes that a point is spread over per axis. The loops below are written out for six."""

GAUSSIAN, QUARTIC, EPANECHNIKOV, TRIANGULAR, UNIFORM = range(5)

CUT = 9.0
"""Standard deviations after which a Gaussian that is summed directly ends: there it is 3e-18 of its height."""


def _pieces() -> np.ndarray:
    """Weight of each of the nodes around a point as a polynomial; coefficients by node, highest power first.

    The cardinal B-spline of order p is sum_k (-1)^k C(p, k) (x - k)_+^(p - 1) / (p - 1)!. On the piece with
    x = p - 1 - j + t, t in [0, 1), that is a polynomial in t, worked out here in whole numbers.
    """
    out = np.zeros((ORDER, ORDER))
    for j in range(ORDER):
        for power in range(ORDER):
            total = sum(
                (-1) ** k * comb(ORDER, k) * comb(ORDER - 1, power) * (ORDER - 1 - j - k) ** (ORDER - 1 - power)
                for k in range(ORDER - j)
            )
            out[j, ORDER - 1 - power] = total / factorial(ORDER - 1)
    return out


PIECES = _pieces()


@compiled
def _weights(t):
    """Weights of the six nodes around a point that lies at t in [0, 1) between the middle two."""
    a, b, c = PIECES[0, 0], PIECES[1, 0], PIECES[2, 0]
    d, e, f = PIECES[3, 0], PIECES[4, 0], PIECES[5, 0]
    for k in range(1, ORDER):
        a, b, c = a * t + PIECES[0, k], b * t + PIECES[1, k], c * t + PIECES[2, k]
        d, e, f = d * t + PIECES[3, k], e * t + PIECES[4, k], f * t + PIECES[5, k]
    return a, b, c, d, e, f


@compiled
def spread(places, amount, west, south, step, nodes, width):
    """Add amounts to the nodes (rows of `width`, flat, `step` apart from a corner) around points."""
    for i in range(len(places)):
        x, y = (places[i, 0] - west) / step, (places[i, 1] - south) / step
        column, row = np.floor(x), np.floor(y)
        a, b, c, d, e, f = _weights(x - column)
        at = uint64((int(row) - 2) * width + int(column) - 2)
        for share in _weights(y - row):
            part = share * amount[i]
            nodes[at] += part * a
            nodes[at + uint64(1)] += part * b
            nodes[at + uint64(2)] += part * c
            nodes[at + uint64(3)] += part * d
            nodes[at + uint64(4)] += part * e
            nodes[at + uint64(5)] += part * f
            at += uint64(width)


@compiled
def gather(places, west, south, step, nodes, width, out):
    """Value at points of what stands on the nodes: the transpose of `spread`."""
    for i in range(len(places)):
        x, y = (places[i, 0] - west) / step, (places[i, 1] - south) / step
        column, row = np.floor(x), np.floor(y)
        a, b, c, d, e, f = _weights(x - column)
        at = uint64((int(row) - 2) * width + int(column) - 2)
        total = 0.0
        for share in _weights(y - row):
            total += share * (
                nodes[at] * a
                + nodes[at + uint64(1)] * b
                + nodes[at + uint64(2)] * c
                + nodes[at + uint64(3)] * d
                + nodes[at + uint64(4)] * e
                + nodes[at + uint64(5)] * f
            )
            at += uint64(width)
        out[i] = total


@compiled
def _across(kernel, x, cell, reach, first, n, part):
    """What the columns have in their share of the kernel: a factor of a Gaussian, else the squared distance."""
    for j in range(n):
        d = ((first + j) * cell - x) / reach
        part[j] = d * d
    if kernel == GAUSSIAN:
        for j in range(n):
            part[j] = np.exp(-0.5 * part[j])


@compiled
def _row(kernel, d, part, n, value):
    """Kernel, of height 1, along a row at distance d (in reaches)."""
    square = d * d
    if kernel == QUARTIC:
        for j in range(n):
            closeness = max(1.0 - square - part[j], 0.0)
            value[j] = closeness * closeness
    elif kernel == GAUSSIAN:
        factor = np.exp(-0.5 * square)
        for j in range(n):
            value[j] = factor * part[j]
    elif kernel == EPANECHNIKOV:
        for j in range(n):
            value[j] = max(1.0 - square - part[j], 0.0)
    elif kernel == TRIANGULAR:
        for j in range(n):
            value[j] = 1.0 - np.sqrt(min(square + part[j], 1.0))
    else:
        for j in range(n):
            value[j] = 1.0 if square + part[j] <= 1.0 else 0.0


@compiled
def _span(at, cell, reach, n):
    """First and last of n centres, the first at 0, within reach."""
    return max(int(np.ceil((at - reach) / cell)), 0), min(int(np.floor((at + reach) / cell)), n - 1)


@compiled
def direct_mass(kernel, places, west, south, reach, cell, inside, gap, rows, columns, out):
    """Sum of the kernels of height 1 over the cells that count.

    `inside` is 1.0 or 0.0 per cell and `gap` how many cells further the nearest one lies that does not count, so
    that most points need not look. `west`, `south` is the centre of the first cell.
    """
    part, value = np.empty(columns), np.empty(columns)
    for i in range(len(places)):
        x, y = places[i, 0] - west, places[i, 1] - south
        edge = reach[i] * (CUT if kernel == GAUSSIAN else 1.0)
        top, bottom = _span(y, cell, edge, rows)
        left, right = _span(x, cell, edge, columns)
        n = right - left + 1
        _across(kernel, x, cell, reach[i], left, n, part)
        column, row = int(np.floor(x / cell + 0.5)), int(np.floor(y / cell + 0.5))
        free = 0 <= column < columns and 0 <= row < rows and gap[row * columns + column] > int(edge / cell) + 1
        total = 0.0
        for r in range(top, bottom + 1):
            at, d = uint64(r * columns + left), (r * cell - y) / reach[i]
            if free and kernel == QUARTIC:
                high = 1.0 - d * d
                for j in range(n):
                    closeness = max(high - part[j], 0.0)
                    total += closeness * closeness
                continue
            _row(kernel, d, part, n, value)
            if free:
                for j in range(n):
                    total += value[j]
            else:
                for j in range(n):
                    total += value[j] * inside[at + uint64(j)]
        out[i] = total


@compiled
def direct_spread(kernel, places, west, south, amount, reach, cell, rows, columns, total):
    """Add the kernels of height `amount` to every cell of the rectangle."""
    part, value = np.empty(columns), np.empty(columns)
    for i in range(len(places)):
        x, y = places[i, 0] - west, places[i, 1] - south
        edge = reach[i] * (CUT if kernel == GAUSSIAN else 1.0)
        top, bottom = _span(y, cell, edge, rows)
        left, right = _span(x, cell, edge, columns)
        n = right - left + 1
        _across(kernel, x, cell, reach[i], left, n, part)
        height = amount[i]
        for r in range(top, bottom + 1):
            at, d = uint64(r * columns + left), (r * cell - y) / reach[i]
            if kernel == QUARTIC:  # in one go, without a row of values between: twice as fast
                high = 1.0 - d * d
                for j in range(n):
                    closeness = max(high - part[j], 0.0)
                    total[at + uint64(j)] += height * closeness * closeness
            else:
                _row(kernel, d, part, n, value)
                for j in range(n):
                    total[at + uint64(j)] += height * value[j]


@compiled
def log_of_others(which, x, y, amount, nearest, sigma, beyond, start, size, rows, columns, out):
    """Logarithm of the sum over other points of amount x exp(-d^2 / (2 sigma^2)), however small the sum is.

    Points lie in buckets: those of bucket b are `start[b]:start[b + 1]`, and coordinates count from the corner of
    the first. `nearest` is the distance to the nearest other point; what lies so much further that its share is below
    exp(-beyond) of that of the nearest is left out.
    """
    scale = 0.5 / (sigma * sigma)
    for k in range(len(which)):
        i = which[k]
        least = nearest[i] * nearest[i]
        most = least + beyond / scale
        reach = np.sqrt(most)
        left, right = max(int((x[i] - reach) / size), 0), min(int((x[i] + reach) / size), columns - 1)
        top, bottom = max(int((y[i] - reach) / size), 0), min(int((y[i] + reach) / size), rows - 1)
        total = 0.0
        for row in range(top, bottom + 1):
            for j in range(start[row * columns + left], start[row * columns + right + 1]):
                dx, dy = x[j] - x[i], y[j] - y[i]
                square = dx * dx + dy * dy
                if square <= most and j != i:
                    total += amount[j] * np.exp((least - square) * scale)
        out[k] = np.log(total) - least * scale


@compiled
def disc_overlaps(x, y, radii, start, size, rows, columns, covariance, step, within, overlap):
    """Sums over ordered pairs, each divided by the share of the area that remains when it is shifted by the pair.

    Per radius h `within` gets the pairs at most h apart, and `overlap` the ground that discs of radius h around the
    two have in common, in units of h^2. `radii` rise. `covariance` holds the share that remains, by shifts of
    `step` metres from 0 up in x (columns) and from -(rows // 2) up in y.
    """
    reach = 2.0 * radii[-1]
    middle = covariance.shape[0] // 2
    for i in range(len(x)):
        left, right = max(int((x[i] - reach) / size), 0), min(int((x[i] + reach) / size), columns - 1)
        top, bottom = max(int((y[i] - reach) / size), 0), min(int((y[i] + reach) / size), rows - 1)
        for row in range(top, bottom + 1):
            for j in range(start[row * columns + left], start[row * columns + right + 1]):
                if j <= i:
                    continue
                dx, dy = x[j] - x[i], y[j] - y[i]
                d = np.sqrt(dx * dx + dy * dy)
                if d >= reach:
                    continue
                if dx < 0:
                    dx, dy = -dx, -dy
                u, v = dx / step, dy / step + middle
                c, r = int(u), int(v)
                u, v = u - c, v - r
                remains = (1 - v) * ((1 - u) * covariance[r, c] + u * covariance[r, c + 1]) + v * (
                    (1 - u) * covariance[r + 1, c] + u * covariance[r + 1, c + 1]
                )
                weight = 2.0 / remains
                for k in range(len(radii) - 1, -1, -1):
                    h = radii[k]
                    if d >= 2.0 * h:
                        break
                    z = d / (2.0 * h)
                    overlap[k] += weight * 2.0 * (np.arccos(z) - z * np.sqrt(1.0 - z * z))
                    if d <= h:
                        within[k] += weight
