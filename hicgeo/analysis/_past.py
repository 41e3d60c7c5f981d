"""Maps of the past: what each way to look says of where the next incidents come, and how such ways are weighed."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from hicgeo.analysis._scores import position_of
from hicgeo.analysis.density import Bandwidth, Edge, Kernel, kde
from hicgeo.grid import Grid

if TYPE_CHECKING:
    import geopandas as gpd

Array = npt.NDArray[np.float64]

PARTS = (
    "density", "own_cell", "even", "wide", "recent", "near_30_days", "near_5_days", "season", "dwellings", "local_rate",
)  # fmt: skip
TWO_SCALES = PARTS[:3]

MIN_HISTORY_DAYS = 56
"""A map is not learned from, nor scored, on a shorter past than this."""

LESSONS, LESSON_DAYS = 6, 28
"""Weights are learned on so many windows before the origin, so many days (or the horizon) apart."""

NEAR_M = 150.0
SEASON_DAYS = 45
EM_STEPS = 400


@dataclass(frozen=True)
class Past:
    """Incidents with a day and a place in the area, the cells that they are counted in, and what maps are made of."""

    points: gpd.GeoDataFrame
    day: Array
    grid: Grid
    bandwidth: Bandwidth | float
    kernel: Kernel
    edge: Edge
    train_days: int
    first: float
    homes: Array | None
    made: dict[tuple[str, float, int], Array | None] = field(default_factory=dict)

    def density(self, weight: Array, times: float = 1.0, metres: float | None = None, at: Any = None) -> Array:
        """Smoothed share of each cell, of incidents or of other points; all the same where there is nothing."""
        points = self.points if at is None else at
        used, cells = weight > 0, int(self.grid.inside.sum())
        if not used.any():
            return np.full(cells, 1 / cells)
        chosen: Bandwidth | float = self.bandwidth
        if metres is not None:
            chosen = max(metres, self.grid.cell_size)
        elif times != 1:
            own = chosen.radius(self.kernel) if isinstance(chosen, Bandwidth) else chosen
            chosen = min(own * times, float(np.hypot(*self.grid.shape)) * self.grid.cell_size)
        surface = kde(
            points[used], self.grid, bandwidth=chosen, kernel=self.kernel, edge=self.edge, weights=weight[used]
        )
        values = surface.to_numpy()[self.grid.inside]
        return np.asarray(values / values.sum()) if values.any() else np.full(cells, 1 / cells)

    def part(self, name: str, origin: float, horizon: int) -> Array | None:
        """Share of each cell in what happened before `origin`, by one way to look; None where it cannot be made."""
        key = (name, 0.0 if "dwellings" in name else origin, horizon if name == "season" else 0)
        if key not in self.made:
            self.made[key] = self._make(name, origin, horizon)
        return self.made[key]

    def _make(self, name: str, origin: float, horizon: int) -> Array | None:
        cells = int(self.grid.inside.sum())
        age = origin - self.day
        past = (age > 0) & (age <= self.train_days)
        if name == "even":
            return np.full(cells, 1 / cells)
        if name == "own_cell":
            own = np.bincount(self.grid.locate(places_of(self.points[past])), minlength=self.grid.inside.size)
            return own[self.grid.inside.ravel()] / max(1, int(past.sum()))
        if name == "density":
            return self.density(past.astype(float))
        if name == "wide":
            return self.density(past.astype(float), times=2.0)
        if name == "season":
            middle = origin + horizon / 2
            apart = np.abs((middle - self.day + 182.625) % 365.25 - 182.625)
            season = (age > 365 - SEASON_DAYS) & (apart <= SEASON_DAYS)
            known = origin - self.first >= 365 and season.any()
            return self.density(season.astype(float), times=2.0) if known else None
        if name in ("dwellings", "smooth_dwellings", "local_rate"):
            return self._of_dwellings(name, origin, horizon)
        half_life, metres = {"recent": (60, None), "near_30_days": (30, NEAR_M), "near_5_days": (5, NEAR_M)}[name]
        return self.density(np.where(past, 0.5 ** (np.maximum(age, 0) / half_life), 0.0), metres=metres)

    def _of_dwellings(self, name: str, origin: float, horizon: int) -> Array | None:
        """Dwellings as they are, smoothed, or each at the rate of the incidents around it."""
        if self.homes is None:
            return None
        if name == "dwellings":
            return self.homes / self.homes.sum()
        if name == "smooth_dwellings":
            return self.density(self.homes, at=_centres(self.grid))
        around, local = self.part("smooth_dwellings", origin, horizon), self.part("density", origin, horizon)
        if around is None or local is None:
            return None
        expected = self.homes * np.divide(local, around, out=np.zeros(len(local)), where=around > 0)
        return expected / expected.sum() if expected.any() else self.homes / self.homes.sum()

    def parts(self, names: Collection[str], origin: float, horizon: int) -> dict[str, Array]:
        """Those of the parts that can be made."""
        found = {name: self.part(name, origin, horizon) for name in names}
        return {name: values for name, values in found.items() if values is not None}


Score = Callable[[float, int], tuple[Grid, Array, dict[str, float]]]
"""From an origin and a horizon to a grid, a score per cell of its area and the weights behind it."""


def _centres(grid: Grid) -> gpd.GeoSeries:
    """Centres of the cells of the area."""
    import geopandas as gpd

    x, y = np.meshgrid(grid.x, grid.y)
    return gpd.GeoSeries(gpd.points_from_xy(x[grid.inside], y[grid.inside]), crs=grid.crs)


def places_of(points: gpd.GeoDataFrame) -> Array:
    return np.column_stack([points.geometry.x.to_numpy(), points.geometry.y.to_numpy()])


def scorer(name: str, past: Past) -> Score:
    if name == "kde":
        return lambda origin, horizon: (past.grid, past.parts(["density"], origin, horizon)["density"], {})
    chosen = TWO_SCALES if name == "two_scale" else PARTS

    def learned(origin: float, horizon: int) -> tuple[Grid, Array, dict[str, float]]:
        now = past.parts(chosen, origin, horizon)
        begins = [origin - lesson * max(horizon, LESSON_DAYS) for lesson in range(1, LESSONS + 1)]
        lessons = [(at, past.parts(chosen, at, horizon)) for at in begins if at - past.first >= MIN_HISTORY_DAYS]
        # a part that an earlier window did not have yet cannot be weighed
        names = [part for part in now if all(part in then for _, then in lessons)]
        explained = [np.empty((len(names), 0))]
        for begin, then in lessons:
            came = (past.day >= begin) & (past.day < begin + horizon)
            at = position_of(past.grid)[past.grid.locate(places_of(past.points[came]))]
            explained.append(np.stack([then[part][at] for part in names]))
        share = _mixture(np.concatenate(explained, axis=1))
        values = np.tensordot(share, np.stack([now[part] for part in names]), axes=1)
        return past.grid, values, dict(zip(names, share.tolist(), strict=True))

    return learned


def _mixture(explained: Array) -> Array:
    """Weights of a mixture by EM, from the probability (parts, incidents) that each part gave to what came."""
    share = np.full(len(explained), 1 / len(explained))
    if explained.shape[1] == 0:
        return share
    for _ in range(EM_STEPS):
        part = share[:, None] * explained
        share = (part / part.sum(axis=0)).mean(axis=1)
    return share
