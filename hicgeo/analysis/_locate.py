"""Which polygon holds a point, and how far its border is: by a tree for few points, by a raster for many."""

from __future__ import annotations

import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import cached_property
from itertools import pairwise
from typing import Any

import numpy as np
import numpy.typing as npt
import shapely

Array = npt.NDArray[Any]

CELLS_PER_EDGE = 0.5
"""How fine the raster is. Finer is slower to build and to cross, coarser leaves more edges in a cell."""

CELLS = (64.0, 8e6)
"""Fewest and most cells."""


class Tree:
    """Polygons behind the tree of shapely, with its exact predicates.

    Parameters
    ----------
    polygons
        Valid polygons and multipolygons, in the order in which they claim a point that several hold.
    """

    def __init__(self, polygons: Array) -> None:
        self.polygons = polygons
        self.tree = shapely.STRtree(polygons)

    def owners(self, coordinates: Array) -> Array:
        """Number of the first polygon that holds each point, border included, or -1; O(n log m + edges)."""
        nobody = len(self.polygons)
        owner = np.full(len(coordinates), nobody)
        point, polygon = self.tree.query(shapely.points(coordinates), predicate="intersects")
        np.minimum.at(owner, point, polygon)
        return np.where(owner == nobody, -1, owner)

    def nearest(self, coordinates: Array, max_distance: float) -> Array:
        """Number of the nearest polygon within a distance, the first of those equally near, or -1."""
        nobody = len(self.polygons)
        owner = np.full(len(coordinates), nobody)
        if nobody:
            points = shapely.points(coordinates)
            point, polygon = self.tree.query_nearest(points, max_distance=max_distance, all_matches=True)
            np.minimum.at(owner, point, polygon)
        return np.where(owner == nobody, -1, owner)

    def border_distances(self, coordinates: Array) -> Array:
        """Distance of each point to the nearest edge of any polygon, NaN without polygons; O(n log(edges))."""
        if not len(self.polygons):
            return np.full(len(coordinates), np.nan)
        _, distance = self._edges.query_nearest(shapely.points(coordinates), return_distance=True, all_matches=False)
        return np.asarray(distance)

    @cached_property
    def _edges(self) -> shapely.STRtree:
        """Every edge as a line of its own, so that the nearest is found without walking along a ring."""
        rings = shapely.get_rings(shapely.get_parts(self.polygons))
        vertices, ring = shapely.get_coordinates(rings, return_index=True)
        within = ring[:-1] == ring[1:]
        return shapely.STRtree(shapely.linestrings(np.stack([vertices[:-1][within], vertices[1:][within]], axis=1)))

    def overlaps(self) -> tuple[Array, Array, Array]:
        """Pairs of polygons that share ground, and its area."""
        if shapely.coverage_is_valid(self.polygons):
            return np.array([], int), np.array([], int), np.array([])
        return self._shared(np.arange(len(self.polygons)))

    def _shared(self, some: Array) -> tuple[Array, Array, Array]:
        """Pairs that share ground of which at least one is of these."""
        first, second = self.tree.query(self.polygons[some], predicate="intersects")
        pairs = np.unique(np.sort(np.column_stack([some[first], second])[some[first] != second], axis=1), axis=0)
        area = shapely.area(shapely.intersection(self.polygons[pairs[:, 0]], self.polygons[pairs[:, 1]]))
        return pairs[area > 0, 0], pairs[area > 0, 1], area[area > 0]


class Raster(Tree):
    """The same, with a raster over the polygons, of which a cell knows the one polygon it lies in or the edges in it.

    Building it is O(edges + cells); a point then asks only the edges of its cell, O(1) for borders as they are.
    The predicate is exact: what double precision leaves open is decided by sums without rounding (Shewchuk 1997,
    doi:10.1007/PL00009321), so that the answer is that of the tree.
    """

    def __init__(self, polygons: Array) -> None:
        from hicgeo.analysis import _compiled

        super().__init__(polygons)
        self._compiled = _compiled
        parts, owner = shapely.get_parts(polygons, return_index=True)
        rings, part = shapely.get_rings(parts, return_index=True)
        self.corners, ring = shapely.get_coordinates(rings, return_index=True)
        first = np.diff(part, prepend=-1) > 0
        self.left = np.repeat(shapely.is_ccw(rings) == first, shapely.get_num_coordinates(rings))
        x, y = self.corners.T
        drawn = (ring[:-1] == ring[1:]) & ((x[:-1] != x[1:]) | (y[:-1] != y[1:]))
        self.edge = np.flatnonzero(drawn).astype(np.int32)
        self.edge_start = np.searchsorted(owner[part[ring[self.edge]]], np.arange(len(polygons) + 1))
        bounds = shapely.bounds(polygons)
        (west, south), (east, north) = bounds[:, :2].min(axis=0), bounds[:, 2:].max(axis=0)
        cells = np.clip(CELLS_PER_EDGE * len(self.edge), *CELLS)
        size = float(np.sqrt((east - west) * (north - south) / cells))
        slack = 1e-7 * size + 1e-13 * float(np.abs(bounds).max())  # above the rounding of a coordinate, below any cell
        x0, y0 = west - 0.382 * size, south - 0.382 * size
        self.frame = x0, y0, size, int((north - y0) / size) + 2, int((east - x0) / size) + 2
        n_pairs = _compiled.count_pairs(self.corners, self.edge, *self.frame, slack)
        self.cells = _compiled.build(self.corners, self.edge, self.edge_start, bounds, *self.frame, slack, n_pairs)

    def owners(self, coordinates: Array) -> Array:
        """Number of the first polygon that holds each point, border included, or -1; O(n)."""
        owner = np.full(len(coordinates), len(self.polygons), np.int32)
        self._ask(self._compiled.owners, coordinates, owner, self.corners, *self.cells, *self.frame)
        owner[owner == len(self.polygons)] = -1
        return owner

    def border_distances(self, coordinates: Array) -> Array:
        """Distance of each point to the nearest edge of any polygon; O(n) within the raster, by the tree outside."""
        distance = np.full(len(coordinates), np.nan)
        _, start, _, _, begin, edges = self.cells
        given = self.corners, start, begin, edges, self._rings_without_edges, *self.frame
        self._ask(self._compiled.nearest, coordinates, distance, *given)
        beyond = np.flatnonzero(np.isnan(distance))
        if len(beyond):
            distance[beyond] = super().border_distances(coordinates[beyond])
        return distance

    @cached_property
    def _rings_without_edges(self) -> Array:
        from scipy.ndimage import distance_transform_cdt

        start, n_rows, n_columns = self.cells[1], *self.frame[-2:]
        empty = (start[1:] == start[:-1]).reshape(n_rows, n_columns)
        return np.asarray(distance_transform_cdt(empty, metric="chessboard").astype(np.int32).ravel())

    def _ask(self, kernel: Callable[..., None], coordinates: Array, out: Array, *given: Any) -> None:
        """Put the answers for points within the raster into `out`.

        Points of one cell are asked together, for what they need is then at hand; and in as many threads as there are
        processors, for the kernels hold no lock.
        """
        x, y = np.ascontiguousarray(coordinates.T)
        order, n = self._compiled.order_by_cell(x, y, *self.frame)
        order = order[:n]
        x, y, answer = x[order], y[order], np.empty(n, out.dtype)
        cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
        ends = np.linspace(0, n, max(1, min(cores, n // 10_000)) + 1).astype(int)
        parts = [slice(a, b) for a, b in pairwise(ends)]
        with ThreadPoolExecutor(len(parts)) as pool:
            list(pool.map(lambda part: kernel(x[part], y[part], answer[part], *given), parts))
        out[order] = answer

    def overlaps(self) -> tuple[Array, Array, Array]:
        """Pairs of polygons that share ground, and its area.

        How many polygons lie over a place changes only at edges that are not drawn, end for end, by exactly two
        polygons on either side of them. Without shared ground at polygons with such edges there is none at all.
        """
        _, start, _, _, begin, edges = self.cells
        loose = self._compiled.unpaired(self.corners, self.left, start, begin, edges)
        suspects = np.unique(
            np.searchsorted(self.edge_start, np.searchsorted(self.edge, np.flatnonzero(loose)), "right") - 1
        )
        found = self._shared(suspects)
        return self._shared(np.arange(len(self.polygons))) if len(found[0]) else found
