"""How a map of the past is scored on what came after: hits, their rates, and what the best map would have had."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from hicgeo.grid import Grid

Array = npt.NDArray[np.float64]
Whole = npt.NDArray[np.intp]


@dataclass(frozen=True)
class Trial:
    """What came in the days from an origin, and what had come before."""

    origin: float
    came: Array
    week: Whole
    before: Array


def position_of(grid: Grid) -> Whole:
    """Where a cell stands among those of the area; -1 outside, and for the flat index -1."""
    out = np.full(grid.inside.size + 1, -1, np.intp)
    out[np.flatnonzero(grid.inside)] = np.arange(grid.inside.sum())
    return out


def marked_share(values: Array, share: float) -> Array:
    """How much of each cell is marked: all of the best, of those that tie at the border a fraction."""
    # Rounded, so that the last bits of a sum do not break a tie.
    values = np.round(values / max(float(values.max()), 1e-300), 10)
    wanted = share * len(values)
    border = np.partition(values, len(values) - 1 - int(min(wanted, len(values) - 1)))[
        len(values) - 1 - int(min(wanted, len(values) - 1))
    ]
    above, tie = values > border, values == border
    return above + tie * ((wanted - above.sum()) / tie.sum())


class Tally:
    """Hits per week of one method at one horizon, for several sizes of the marked area."""

    def __init__(self, weeks: int, shares: list[float]) -> None:
        self.shares = shares
        self.hits = np.zeros((len(shares), weeks))
        self.n = np.zeros(weeks)
        self.kept = np.zeros(weeks)
        """Hits if the marked area kept its share of the past."""

    def add(self, trial: Trial, grid: Grid, values: Array) -> Array:
        """Score one map; its hits per week."""
        position = position_of(grid)
        at, before = position[grid.locate(trial.came)], position[grid.locate(trial.before)]
        weeks = len(self.n)
        own = np.zeros(weeks)
        self.n += np.bincount(trial.week, minlength=weeks)
        for k, share in enumerate(self.shares):
            marked = np.append(marked_share(values, share), 0.0)  # the last is for places without a cell of this grid
            hits = np.bincount(trial.week, weights=marked[at], minlength=weeks)
            self.hits[k] += hits
            if k == 0:
                own += hits
                kept = marked[before].mean() if len(before) else np.nan
                self.kept += kept * np.bincount(trial.week, minlength=weeks)
        return own

    def scores(
        self, best: float, best_drawn: Array, drawn: Array, share: float
    ) -> tuple[dict[str, float], dict[str, Array]]:
        """Scores, and the same of every draw of weeks."""
        with np.errstate(divide="ignore", invalid="ignore"):
            hits, n, kept = self.hits[0].sum(), self.n.sum(), self.kept.sum()
            rate, rri = hits / n, hits / kept
            many, of, kept_drawn = drawn @ self.hits[0], drawn @ self.n, drawn @ self.kept
            rates = many / of
            spread = {"hit_rate": rates, "pai": rates / share, "pei": many / best_drawn, "rri": many / kept_drawn}
        score = {"n": float(n), "hits": float(hits), "hit_rate": float(rate), "pai": float(rate / share)}
        return score | {"pei": float(hits / best), "rri": float(rri)}, spread

    def captures(self, drawn: Array) -> list[tuple[float, Array]]:
        """Share of the incidents in each fixed area, and the same of every draw."""
        with np.errstate(divide="ignore", invalid="ignore"):
            return [(float(hits.sum() / self.n.sum()), (drawn @ hits) / (drawn @ self.n)) for hits in self.hits[1:]]


def best_in_hindsight(trials: list[Trial], grid: Grid, share: float, drawn: Array) -> tuple[float, Array]:
    """Incidents in the best cells in hindsight, of what came and of every draw of weeks."""
    wanted = share * grid.inside.sum()
    total, again = 0.0, np.zeros(len(drawn))
    for trial in trials:
        if len(trial.came) == 0:
            continue
        cells, cell = np.unique(grid.locate(trial.came), return_inverse=True)
        weeks, week = np.unique(trial.week, return_inverse=True)
        count = np.zeros((len(cells), len(weeks)))
        np.add.at(count, (cell, week), 1.0)
        for k, each in enumerate([np.ones((1, len(weeks))), drawn[:, weeks]]):
            ranked = -np.sort(-(each @ count.T), axis=1)
            whole = min(int(wanted), len(cells))
            held = ranked[:, :whole].sum(axis=1)
            if whole < len(cells):
                held = held + (wanted - whole) * ranked[:, whole]
            if k == 0:
                total += float(held[0])
            else:
                again += held
    return total, again


def bounds(spread: dict[str, Array], *, enough: bool) -> dict[str, float]:
    """Bounds of 95 %, NaN with too few weeks."""
    out: dict[str, float] = {}
    for name, values in spread.items():
        known = values[np.isfinite(values)]
        low, high = np.quantile(known, [0.025, 0.975]) if enough and len(known) else (np.nan, np.nan)
        out |= {f"{name}_low": float(low), f"{name}_high": float(high)}
    return out
