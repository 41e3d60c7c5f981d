"""Which polygon holds a point, and how far its border is: a raster for many points, the tree of shapely for few."""

from __future__ import annotations

import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
import numpy.typing as npt
import shapely

Array = npt.NDArray[Any]

FEW_POINTS = 20_000
"""Up to this many points are asked of the tree: building the raster, and loading numba, takes longer than they do."""

CELLS_PER_EDGE = 0.7
"""How fine the raster is: more cells make it slower to build and faster to ask."""

MOST_CELLS = 8_000_000


class Locator:
    """Points in polygons and their distance to a border; the same answers from a raster as from a tree.

    Parameters
    ----------
    polygons
        Valid polygons and multipolygons, in the order in which they claim a point that several hold.
    """

    def __init__(self, polygons: Array) -> None:
        self.polygons = polygons
        self.tree = shapely.STRtree(polygons)
        self._raster: _Raster | None = None
        self._edges: shapely.STRtree | None = None

    def _with_raster(self, n: int) -> _Raster | None:
        if self._raster is None and n > FEW_POINTS and len(self.polygons):
            self._raster = _Raster(self.polygons)
        return self._raster

    def owners(self, points: Array, coordinates: Array) -> Array:
        """Number of the first polygon that holds each point, border included; len(polygons) for none.

        O(n log m) by the tree. By the raster O(edges + cells) once, then O(edges in a cell) for each point.
        """
        raster = self._with_raster(len(points))
        if raster is not None:
            return raster.owners(coordinates)
        owner = np.full(len(points), len(self.polygons))
        point, polygon = self.tree.query(points, predicate="intersects")
        np.minimum.at(owner, point, polygon)
        return owner

    def border_distances(self, points: Array, coordinates: Array) -> Array:
        """Distance of each point to the nearest edge of any polygon; NaN when there are no polygons."""
        distance = np.full(len(points), np.nan)
        raster = self._with_raster(len(points))
        rest = np.ones(len(points), dtype=bool)
        if raster is not None:
            rest = ~raster.holds(coordinates)
            distance[~rest] = raster.border_distances(coordinates[~rest])
        if rest.any() and len(self.polygons):
            if self._edges is None:
                self._edges = shapely.STRtree(_segments(self.polygons))
            _, distance[rest] = self._edges.query_nearest(points[rest], return_distance=True, all_matches=False)
        return distance


def _segments(polygons: Array) -> Array:
    """Every edge as a line of its own, so that the tree finds the nearest without walking along a ring."""
    vertices, ring = shapely.get_coordinates(shapely.get_rings(polygons), return_index=True)
    within = ring[:-1] == ring[1:]
    return np.asarray(shapely.linestrings(np.stack([vertices[:-1][within], vertices[1:][within]], axis=1)))


class _Raster:
    """Cells that lie in one polygon, and for all others the edges in them."""

    def __init__(self, polygons: Array) -> None:
        from hicgeo.analysis import _compiled

        self._compiled, self.nobody = _compiled, np.int32(len(polygons))
        vertices, ring = shapely.get_coordinates(shapely.get_rings(polygons), return_index=True)
        self.x, self.y = np.ascontiguousarray(vertices.T)
        same = (ring[:-1] == ring[1:]) & (vertices[:-1] != vertices[1:]).any(axis=1)
        edge = np.flatnonzero(same).astype(np.int32)
        _, owner = shapely.get_rings(polygons, return_index=True)
        edge_start = np.searchsorted(owner[ring[edge]], np.arange(len(polygons) + 1))
        bounds = shapely.bounds(polygons)
        west, south, east, north = (*bounds[:, :2].min(axis=0), *bounds[:, 2:].max(axis=0))
        cells = min(max(CELLS_PER_EDGE * len(edge), 64.0), MOST_CELLS)
        self.size = float(np.sqrt(max((east - west) * (north - south), np.finfo(float).tiny) / cells))
        # far above the rounding of a coordinate, far below a cell
        self.slack = 1e-7 * self.size + 1e-13 * float(np.abs(bounds).max())
        self.x0, self.y0 = west - 0.382 * self.size, south - 0.382 * self.size
        self.n_columns = int((east - self.x0) / self.size) + 2
        self.n_rows = int((north - self.y0) / self.size) + 2
        frame = (self.x0, self.y0, self.size, self.n_rows, self.n_columns)
        n_pairs = _compiled.count_pairs(self.x, self.y, edge, *frame, self.slack)
        self.cells = _compiled.build(self.x, self.y, edge, edge_start, bounds, *frame, self.slack, n_pairs)
        self.frame = frame
        self._gap: Array | None = None

    def holds(self, coordinates: Array) -> Array:
        """Whether each point lies within the raster."""
        column = np.floor((coordinates[:, 0] - self.x0) / self.size)
        row = np.floor((coordinates[:, 1] - self.y0) / self.size)
        return np.asarray((column >= 0) & (column < self.n_columns) & (row >= 0) & (row < self.n_rows))

    def owners(self, coordinates: Array) -> Array:
        owner = np.empty(len(coordinates), np.int32)
        _side_by_side(self._compiled.owners, coordinates, owner, self.nobody, self.x, self.y, *self.cells, *self.frame)
        return owner

    def border_distances(self, coordinates: Array) -> Array:
        from scipy.ndimage import distance_transform_cdt

        _, start, _, _, begin, end, edges = self.cells
        if self._gap is None:
            empty = (start[1:] == start[:-1]).reshape(self.n_rows, self.n_columns)
            self._gap = distance_transform_cdt(empty, metric="chessboard").astype(np.int32).ravel()
        distance = np.empty(len(coordinates))
        given = (self.x, self.y, start, begin, end, edges, self._gap, *self.frame)
        _side_by_side(self._compiled.nearest, coordinates, distance, *given)
        return distance


def _side_by_side(kernel: Callable[..., None], coordinates: Array, out: Array, *given: Any) -> None:
    """Fill `out`, part by part in as many threads as there are processors: the kernels hold no lock."""
    x, y = np.ascontiguousarray(coordinates.T)
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    jobs = max(1, min(cores, len(x) // 10_000))
    edges = np.linspace(0, len(x), jobs + 1).astype(int)
    parts = [slice(a, b) for a, b in zip(edges[:-1], edges[1:], strict=True)]
    with ThreadPoolExecutor(jobs) as pool:
        list(pool.map(lambda part: kernel(x[part], y[part], out[part], *given), parts))
