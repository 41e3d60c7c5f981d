"""More than chance: a circular scan statistic on the cells of a grid, against what is at risk there."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from hicgeo.analysis import _compiled_hotspots as compiled

Array = npt.NDArray[np.float64]
Labels = npt.NDArray[np.integer]

MIN_EXPECTED = 4.0
"""A window with fewer incidents expected is not tested: even a fivefold risk would be missed more often than not."""

MAX_SHARE = 0.25
"""A window with a larger share of what is at risk is no hotspot but a part of town."""

MAX_RADIUS_M = 1000.0
RADII = np.array([0, 1, 2, 3, 4, 6, 8, 10, 14, 20, 28, 40])
"""Radii of the windows in cells, as far as they stay within a kilometre."""


def disc(radius: float) -> npt.NDArray[np.int64]:
    """Cells that a disc reaches to either side, in each of its rows."""
    rows = np.arange(-int(radius), int(radius) + 1)
    return np.floor(np.sqrt(radius**2 - rows**2) + 1e-9).astype(np.int64)


@dataclass(frozen=True)
class Scan:
    """Outcome of a scan.

    Attributes
    ----------
    counts
        (rows, columns) incidents in cells where something is at risk.
    halves
        The discs, a row of `halves` per radius.
    ratios
        (radii, rows, columns) log-likelihood ratio of the window around each cell; 0 where it has no more than
        expected.
    tested
        Whether a window took part, of the same shape.
    null
        Largest ratio of each pattern drawn from what is at risk, in order.
    """

    counts: Array
    halves: tuple[npt.NDArray[np.int64], ...]
    ratios: Array
    tested: npt.NDArray[np.bool_]
    null: Array

    def p_value(self, ratio: npt.ArrayLike) -> Array:
        """How often chance alone gives a largest ratio at least as large, the pattern itself counted in."""
        # the last bits of a sum of logarithms do not tell two windows apart
        above = len(self.null) - np.searchsorted(self.null, np.asarray(ratio) - 1e-9)
        return np.asarray((1.0 + above) / (1.0 + len(self.null)), float)

    def of_pieces(self, labels: Labels, pieces: int) -> Array:
        """P-value of each piece (labels 1, 2, ...); NaN where no window of it took part.

        A window belongs to a piece when its centre does, and at least half of its incidents.
        """
        out = np.full(pieces, np.nan)
        inside = [compiled.disc_sums(self.counts, half) for half in self.halves]
        for piece in range(pieces):
            here = labels == piece + 1
            own = [compiled.disc_sums(self.counts * here, half) for half in self.halves]
            # A window without incidents belongs to its centre: it says that the place could have been tested.
            belongs = np.stack([here & (2 * mine >= all_) for mine, all_ in zip(own, inside, strict=True)])
            belongs &= self.tested
            if belongs.any():
                out[piece] = float(self.p_value(self.ratios[belongs].max()))
        return out

    def windows(self, alpha: float) -> npt.NDArray[np.bool_]:
        """Cells of the windows at the level `alpha`: the strongest first, each apart from those before it."""
        marked = np.zeros(self.counts.shape, bool)
        flat = self.ratios.ravel()
        enough = np.flatnonzero(flat > 0)
        enough = enough[self.p_value(flat[enough]) <= alpha]
        # Of equal windows the smallest: radii are the first axis.
        for window in enough[np.argsort(-np.round(flat[enough], 9), kind="stable")]:
            radius, row, column = np.unravel_index(window, self.ratios.shape)
            cells = self._cells(int(radius), int(row), int(column))
            if not marked[cells].any():
                marked[cells] = True
        return marked

    def _cells(self, radius: int, row: int, column: int) -> tuple[npt.NDArray[np.intp], npt.NDArray[np.intp]]:
        half = self.halves[radius]
        reach = len(half) // 2
        down, along = np.nonzero(np.abs(np.arange(-reach, reach + 1))[None, :] <= half[:, None])
        rows, columns = row + down - reach, column + along - reach
        held = (rows >= 0) & (rows < self.counts.shape[0]) & (columns >= 0) & (columns < self.counts.shape[1])
        return rows[held], columns[held]


def scan(
    counts: Array, at_risk: Array, cell_size: float, draws: int, rng: np.random.Generator, sizes: Labels | None = None
) -> Scan:
    """Scan a pattern and as many drawn from what is at risk.

    Parameters
    ----------
    counts, at_risk
        (rows, columns) incidents and units at risk, 0 outside the area. Incidents where nothing is at risk are left
        out: no draw could put them there.
    cell_size
        Metres.
    draws
        Number of patterns drawn.
    rng
        Generator of the draws.
    sizes
        Incidents that stay together in a draw, as numbers that add up to those of the pattern; each by itself when
        left out.

    Notes
    -----
    Every draw puts the same incidents on units at risk chosen at random, several on one if it so falls, those that
    belong together on the same. The largest ratio of all windows of a draw makes the p-values family-wise. Cost:
    O(draws x cells x rows of the discs).

    References
    ----------
    Kulldorff, M. (1997). A spatial scan statistic. doi:10.1080/03610929708831995
    """
    counts = np.where(at_risk > 0, counts, 0.0)
    n = int(counts.sum())
    halves = tuple(disc(float(radius)) for radius in RADII[RADII * cell_size <= MAX_RADIUS_M])
    begins = np.cumsum([0, *(len(half) for half in halves)])
    flat = np.concatenate(halves)
    expected = np.stack([compiled.disc_sums(at_risk, half) for half in halves]) * (n / at_risk.sum())
    tested = (expected >= MIN_EXPECTED * (1 - 1e-9)) & (expected <= MAX_SHARE * n)
    null = np.zeros(draws)
    ratios = np.zeros(expected.shape)
    if tested.any():
        expected[~tested] = np.inf
        with np.errstate(invalid="ignore"):
            log_expected, log_rest = np.log(expected), np.log(n - expected)
        k = np.arange(n + 1.0)
        tables = (flat, begins, expected, log_expected, log_rest, k * np.log(np.maximum(k, 1.0)))
        ratios = compiled.scan_ratios(counts, *tables)
        units = np.flatnonzero(at_risk)
        upto = np.cumsum(at_risk.ravel()[units])
        together = np.ones(n) if sizes is None else sizes.astype(float)
        for draw in range(draws):
            cell = units[np.searchsorted(upto, rng.random(len(together)) * upto[-1], side="right")]
            pattern = np.bincount(cell, weights=together, minlength=counts.size).reshape(counts.shape)
            null[draw] = compiled.scan_maximum(pattern, *tables)
    return Scan(counts, halves, ratios, tested, np.sort(null))
