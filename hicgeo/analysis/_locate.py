"""Which polygon holds a point, and how far its border is: by a tree for few points, by a raster for many."""

from __future__ import annotations

from functools import cached_property, partial
from itertools import pairwise
from typing import Any

import numpy as np
import numpy.typing as npt
import shapely

from hicgeo.analysis._threads import PARTS, at_once, in_parts

Array = npt.NDArray[Any]

CELLS_PER_EDGE = 0.5
"""How fine the raster is. Finer is slower to build and to cross, coarser leaves more edges in a cell."""

CELLS = (64.0, 8e6)
"""Fewest and most cells."""

POLYGON = 3
"""As shapely numbers its types."""


class Tree:
    """Polygons behind the tree of shapely, with its exact predicates.

    Parameters
    ----------
    polygons
        Valid polygons and multipolygons, in the order in which they claim a point that several hold.
    """

    def __init__(self, polygons: Array) -> None:
        self.polygons = polygons

    @cached_property
    def tree(self) -> shapely.STRtree:
        """Polygons by their bounds."""
        return shapely.STRtree(self.polygons)

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
        """Every edge as a line of its own, so that the nearest is found without walking along a ring.

        Drawn upward, so that either neighbour's edge gives the same distance to the last bit.
        """
        rings = shapely.get_rings(shapely.get_parts(self.polygons))
        vertices, ring = shapely.get_coordinates(rings, return_index=True)
        within = ring[:-1] == ring[1:]
        edges = np.stack([vertices[:-1][within], vertices[1:][within]], axis=1)
        (x1, y1), (x2, y2) = edges[:, 0].T, edges[:, 1].T
        down = (y1 > y2) | ((y1 == y2) & (x1 > x2))
        edges[down] = edges[down, ::-1]
        return shapely.STRtree(shapely.linestrings(edges))

    def find(self, coordinates: Array, *, borders: bool = False) -> tuple[Array, Array | None]:
        """Owners, and when asked for distances to the nearest border."""
        return self.owners(coordinates), self.border_distances(coordinates) if borders else None

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
        self.corners = shapely.get_coordinates(polygons)
        length, self._shell, n_rings = _rings(polygons)
        self._ring_end = np.cumsum(length)
        self._closes = np.zeros(len(self.corners), bool)
        self._closes[self._ring_end - 1] = True
        starts = np.append(0, self._ring_end)[np.append(0, np.cumsum(n_rings))]
        bounds = shapely.bounds(polygons)
        (west, south), (east, north) = bounds[:, :2].min(axis=0), bounds[:, 2:].max(axis=0)
        cells = np.clip(CELLS_PER_EDGE * len(self.corners), *CELLS)
        size = float(np.sqrt((east - west) * (north - south) / cells))
        slack = 1e-7 * size + 1e-13 * float(np.abs(bounds).max())  # above the rounding of a coordinate, below any cell
        x0, y0 = west - 0.382 * size, south - 0.382 * size
        self.frame = x0, y0, size, int((north - y0) / size) + 2, int((east - x0) / size) + 2
        given = self.corners, self._closes, starts
        laid = in_parts(
            len(polygons),
            lambda part: _compiled.lay(*given, part.start, part.stop, bounds, *self.frame, slack),
            least=200,
        )
        self.cells = self._sorted(laid)

    def _sorted(self, laid: list[tuple[Array, ...]]) -> tuple[Array, ...]:
        """Entries by cell, in the order of the polygons: cover, start (of a cell), polygon, corner, begin, edges."""
        n_cells = self.frame[3] * self.frame[4]
        cover = laid[0][0]
        start, edge_start = np.zeros(n_cells + 1, np.int32), np.zeros(n_cells + 1, np.int32)
        for covers, cell, _, _, end, _ in laid:
            np.minimum(cover, covers, out=cover)
            self._compiled.tally(cell, end, start, edge_start)
        np.cumsum(start, out=start)
        np.cumsum(edge_start, out=edge_start)
        polygon, corner = np.empty(start[-1], np.int32), np.empty(start[-1], bool)
        begin, edges = np.empty(start[-1] + 1, np.int32), np.empty(edge_start[-1], np.int32)
        begin[-1] = edge_start[-1]
        places = start[:-1].copy(), edge_start[:-1].copy()
        quarters = np.searchsorted(edge_start, np.linspace(0, edge_start[-1], PARTS + 1))
        quarters[0], quarters[-1] = 0, n_cells

        def fill(some: tuple[int, int]) -> None:
            for _, *entries in laid:
                self._compiled.fill(some, *entries, *places, polygon, corner, begin, edges)

        at_once([partial(fill, (int(a), int(b))) for a, b in pairwise(quarters)])
        return cover, start, polygon, corner, begin, edges

    @cached_property
    def _paired(self) -> tuple[Array, Array]:
        """Of each corner whether its edge is no one of a pair on a border, and whether it is the second of one."""
        left = self._compiled.sides(self.corners, self._ring_end, self._shell)
        loose, second = np.zeros((2, len(self.corners)), bool)
        x0, y0, size, n_rows, n_columns = self.frame
        _, start, _, _, begin, edges = self.cells
        given = self.corners, self._closes, left, loose, second, start, begin, edges, x0, y0, size, n_columns
        heights = np.quantile(self.corners[:: max(1, len(self.corners) // 10_000), 1], np.linspace(0, 1, PARTS + 1))
        heights[0], heights[-1] = y0, y0 + size * n_rows
        at_once([partial(self._compiled.pair, low, high, *given) for low, high in pairwise(heights)])
        return loose, second

    @cached_property
    def _borders(self) -> tuple[Array, Array, Array]:
        """Edges by cell, each border once: where a cell's start, the edges, and the rings of cells without any."""
        from scipy.ndimage import distance_transform_cdt

        _, start, _, _, begin, edges = self.cells
        first, kept = self._compiled.without(self._paired[1], start, begin, edges)
        empty = (first[1:] == first[:-1]).reshape(self.frame[-2:])
        return first, kept, np.asarray(distance_transform_cdt(empty, metric="chessboard").astype(np.int32).ravel())

    def owners(self, coordinates: Array) -> Array:
        """Number of the first polygon that holds each point, border included, or -1; O(n)."""
        return self.find(coordinates)[0]

    def border_distances(self, coordinates: Array) -> Array:
        """Distance of each point to the nearest edge of any polygon; O(n) within the raster, by the tree outside."""
        return np.asarray(self.find(coordinates, borders=True)[1])

    def find(self, coordinates: Array, *, borders: bool = False) -> tuple[Array, Array | None]:
        """Owners, and when asked for distances to the nearest border.

        Points within the raster are asked tile by tile: what neighbours need is then at hand.
        """
        x, y = np.ascontiguousarray(coordinates.T)
        owner = np.full(len(x), -1, np.int32)
        distance = np.full(len(x), np.nan) if borders else None
        edges = self._borders if borders else None

        def ask(part: slice) -> None:
            u, v, at = self._compiled.by_tile(x[part], y[part], *self.frame)
            self._compiled.owners(u, v, at, owner[part], len(self.polygons), self.corners, *self.cells, *self.frame)
            if distance is not None and edges is not None:
                self._compiled.nearest(u, v, at, distance[part], self.corners, *edges, *self.frame)

        in_parts(len(x), ask)
        if distance is not None:
            beyond = np.flatnonzero(np.isnan(distance))
            if len(beyond):
                distance[beyond] = super().border_distances(coordinates[beyond])
        return owner, distance

    def overlaps(self) -> tuple[Array, Array, Array]:
        """Pairs of polygons that share ground, and its area.

        How many polygons lie over a place changes only at edges that are not drawn, end for end, by two polygons on
        either side of them. Without shared ground at polygons with such edges there is none at all.
        """
        loose, _ = self._paired
        suspect = self._compiled.suspects(self.corners, loose, len(self.polygons), *self.cells, *self.frame)  # type: ignore[call-arg]
        found = self._shared(np.flatnonzero(suspect))
        return self._shared(np.arange(len(self.polygons))) if len(found[0]) else found


def _rings(polygons: Array) -> tuple[Array, Array, Array]:
    """Corners of each ring in the order of the polygons, whether it is a shell, and how many rings a polygon has."""
    plain = (shapely.get_type_id(polygons) == POLYGON) & (shapely.get_num_interior_rings(polygons) == 0)
    if plain.all():
        return shapely.get_num_coordinates(polygons), np.ones(len(polygons), bool), np.ones(len(polygons), int)
    parts, owner = shapely.get_parts(polygons, return_index=True)
    rings, part = shapely.get_rings(parts, return_index=True)
    n_rings = np.bincount(owner[part], minlength=len(polygons))
    return shapely.get_num_coordinates(rings), np.diff(part, prepend=-1) > 0, n_rings
