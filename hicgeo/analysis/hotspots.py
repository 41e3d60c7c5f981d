"""Where it concentrates: hotspots as ranked unions of grid cells."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
import pandas as pd
import shapely
from scipy import ndimage
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components
from scipy.spatial import cKDTree

from hicgeo.analysis._inference import Rng, generator
from hicgeo.analysis.density import Bandwidth, Edge, Kernel, kde, precise_places
from hicgeo.errors import AlignmentError, InputError

if TYPE_CHECKING:
    import geopandas as gpd
    import xarray as xr

    from hicgeo.grid import Grid

MIN_INCIDENTS = 30
"""Fewer incidents than this make no surface: a count with its interval says all there is."""

MIN_IN_HOTSPOT = 5
"""A piece of the surface with fewer incidents is left out of the ranking."""

NEAR_M, NEAR_DAYS = 100.0, 7.0
"""Incidents this close in place and time are resampled together: one burglar may have done both."""

DRAWS = 999


def hotspots(
    points: gpd.GeoDataFrame,
    grid: Grid,
    *,
    bandwidth: Bandwidth | float,
    at_risk: xr.DataArray | None = None,
    share: float = 0.02,
    kernel: Kernel = "quartic",
    edge: Edge = "diggle",
    rng: Rng,
) -> gpd.GeoDataFrame:
    """The densest cells of a town, joined to areas and ranked by their number of incidents.

    Parameters
    ----------
    points
        Incidents in the CRS of the grid; `start`, if there, tells which belong together.
    grid
        Square cells; hotspots are unions of them.
    bandwidth, kernel, edge
        As in `kde`.
    at_risk
        Surface on the same grid: what can be struck per cell (dwellings). Gives `expected` and `ratio`.
    share
        Share of the area's cells to mark, the densest first.
    rng
        Seed or numpy Generator of the resampling behind the rank intervals.

    Returns
    -------
    hotspots
        Polygons of whole cells that touch by their sides, indexed by `rank` (1 = most incidents):

        - `incidents` in the cells;
        - `expected`: if every unit at risk in the area had the same chance; NaN without `at_risk`;
        - `ratio`: incidents / expected;
        - `area_ha`; `share_incidents` and `share_area`, of all in the study area;
        - `p_value`: NaN: the areas were chosen for their density, so no test of it is fair here;
        - `rank_low`, `rank_high`: ranks between which 95 % of the resamples fall;
        - `kind`: "beschrijvend" (descriptive), for the same reason.

        `attrs`: `share`, `threshold` (incidents per km2), `cell_size`, `bandwidth`, `kernel`,
        `edge`, `n`, `n_outside` (not in a cell of the area), `n_imprecise` (`precision_m` above the cell size:
        police stations, streets), `dropped_areas` and
        `dropped_incidents` (pieces with fewer than 5 incidents).

    Raises
    ------
    InputError
        Fewer than 30 incidents lie in the area, or an argument is out of range.
    AlignmentError
        `at_risk` is not on this grid.
    CrsError
        The CRS is missing, geographic, or not the grid's.

    Notes
    -----
    Ranks: the areas stay as they are and incidents are drawn again with replacement, 999 times, in
    clusters (chains of incidents within 100 m and 7 days), since near repeats are not independent.
    The interval says how firm the order is, not whether the area was well drawn. Cost: that of
    `kde`, plus O(n log n) for the clusters and O(999 n) for the resamples.
    """
    if not 0 < share < 1:
        raise InputError("share must lie between 0 and 1", f"{share}", "take 0.02 for the densest 2 % of the cells")
    surface = kde(points, grid, bandwidth=bandwidth, kernel=kernel, edge=edge)
    places, imprecise = precise_places(points, grid.cell_size)
    cell = grid.locate(places)
    within = cell >= 0
    if within.sum() < MIN_INCIDENTS:
        raise InputError(
            f"hotspots need at least {MIN_INCIDENTS} incidents in the area",
            f"{within.sum()}",
            "take a longer period or several crime types, or show counts per neighbourhood with their intervals",
        )
    density = surface.to_numpy()
    marked = _densest(density, share)
    piece_of_cell, pieces = ndimage.label(marked)
    piece = piece_of_cell.ravel()[cell[within]]
    incidents = np.bincount(piece, minlength=pieces + 1)[1:]
    kept = np.flatnonzero(incidents >= MIN_IN_HOTSPOT)

    size = np.bincount(piece_of_cell.ravel(), minlength=pieces + 1)[1:]
    peak = ndimage.maximum(density, piece_of_cell, np.arange(1, pieces + 1)) if pieces else np.empty(0)
    order = kept[np.lexsort((-np.asarray(peak)[kept], -incidents[kept]))]
    day = _days(points)[within]
    # Rows in canonical order, so that a seed gives the same interval whatever the order of the file.
    row = np.lexsort((day, places[within, 1], places[within, 0]))
    cluster = _clusters(places[within][row], day[row])
    low, high = _rank_interval(piece[row], order + 1, cluster, generator(rng))
    expected = _expected(at_risk, grid, piece_of_cell, pieces, int(within.sum()))[order]

    import geopandas as gpd

    found = gpd.GeoDataFrame(
        {
            "incidents": incidents[order].astype(float),
            "expected": expected,
            "ratio": np.divide(incidents[order], expected, out=np.full(len(order), np.nan), where=expected > 0),
            "area_ha": size[order] * grid.cell_size**2 / 1e4,
            "share_incidents": incidents[order] / within.sum(),
            "share_area": size[order] / grid.inside.sum(),
            "p_value": np.full(len(order), np.nan),
            "rank_low": low,
            "rank_high": high,
            "kind": pd.array(["beschrijvend"] * len(order), dtype="str"),
        },
        geometry=[_outline(grid, piece_of_cell == each + 1) for each in order],
        crs=grid.crs,
        index=pd.RangeIndex(1, len(order) + 1, name="rank"),
    )
    found.attrs = {key: surface.attrs[key] for key in ("cell_size", "bandwidth", "kernel", "edge")} | {
        "share": share,
        "threshold": float(np.nanmin(density[marked])),
        "n": int(within.sum()),
        "n_outside": int((~within & ~imprecise).sum()),
        "n_imprecise": int(imprecise.sum()),
        "dropped_areas": int(pieces - len(order)),
        "dropped_incidents": int(incidents.sum() - incidents[order].sum()),
    }
    return found


def _densest(density: npt.NDArray[np.float64], share: float) -> npt.NDArray[np.bool_]:
    """The densest cells that make up `share` of all cells of the area; never an empty cell."""
    flat = density.ravel()
    inside = np.flatnonzero(~np.isnan(flat))
    wanted = max(1, round(share * len(inside)))
    # Rounded, so that the last bits of a sum do not decide which of two equal cells comes first.
    top = inside[np.argsort(-np.round(flat[inside], 9), kind="stable")[:wanted]]
    marked = np.zeros(flat.size, bool)
    marked[top[flat[top] > 0]] = True
    return marked.reshape(density.shape)


def _days(points: gpd.GeoDataFrame) -> npt.NDArray[np.float64]:
    """Start of each incident in days; without dates every incident stands alone in time."""
    if "start" not in points:
        return np.full(len(points), np.nan)
    return np.asarray(points["start"].to_numpy("datetime64[s]").astype(np.int64) / 86400)


def _clusters(places: npt.NDArray[np.float64], day: npt.NDArray[np.float64]) -> npt.NDArray[np.intp]:
    """Number of the chain of near incidents that each incident belongs to."""
    n = len(places)
    pairs = cKDTree(places).query_pairs(NEAR_M, output_type="ndarray")
    near = np.abs(day[pairs[:, 0]] - day[pairs[:, 1]]) <= NEAR_DAYS
    first, second = pairs[near].T
    graph = coo_array((np.ones(len(first), bool), (first, second)), shape=(n, n))
    return np.asarray(connected_components(graph, directed=False)[1])


def _rank_interval(
    piece: npt.NDArray[np.intp], ranked: npt.NDArray[np.intp], cluster: npt.NDArray[np.intp], rng: np.random.Generator
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """2.5 and 97.5 percent points of each area's rank when clusters of incidents are drawn again."""
    if len(ranked) == 0:
        return np.empty(0, np.int64), np.empty(0, np.int64)
    clusters = int(cluster.max()) + 1
    column = np.full(max(int(piece.max()), int(ranked.max())) + 1, -1)
    column[ranked] = np.arange(len(ranked))
    counted = column[piece] >= 0
    member = coo_array(
        (np.ones(counted.sum()), (cluster[counted], column[piece[counted]])), shape=(clusters, len(ranked))
    ).tocsr()
    ranks = np.empty((DRAWS, len(ranked)))
    for draw in range(DRAWS):
        times = np.bincount(rng.integers(clusters, size=clusters), minlength=clusters)
        total = member.T @ times
        # Ties share the better rank first in the published order, as a reader would break them.
        ranks[draw, np.argsort(-total, kind="stable")] = np.arange(1, len(ranked) + 1)
    low, high = np.quantile(ranks, [0.025, 0.975], axis=0, method="inverted_cdf")
    return low.astype(np.int64), high.astype(np.int64)


def _expected(
    at_risk: xr.DataArray | None, grid: Grid, piece_of_cell: npt.NDArray[np.int32], pieces: int, n: int
) -> npt.NDArray[np.float64]:
    """Incidents per piece if every unit at risk had the same chance."""
    if at_risk is None:
        return np.full(pieces, np.nan)
    if at_risk.shape != grid.shape or not (
        np.array_equal(at_risk["x"], grid.x) and np.array_equal(at_risk["y"], grid.y)
    ):
        raise AlignmentError(
            "at_risk must be on the same grid as the hotspots",
            f"{at_risk.shape} cells against {grid.shape}",
            "read it with hicgeo.read_at_risk(source, grid) for this grid",
        )
    units = np.where(grid.inside, np.nan_to_num(at_risk.to_numpy()), 0.0)
    share = np.bincount(piece_of_cell.ravel(), weights=units.ravel(), minlength=pieces + 1)[1:] / units.sum()
    return np.asarray(n * share)


def _outline(grid: Grid, cells: npt.NDArray[np.bool_]) -> shapely.Geometry:
    """Union of cells, its corners on the grid to the last digit."""
    row, column = np.nonzero(cells)
    # From whole multiples of the cell size: centre minus half a cell would not be exact.
    west = (np.floor(grid.x[0] / grid.cell_size) + column) * grid.cell_size
    south = (np.floor(grid.y[0] / grid.cell_size) + row) * grid.cell_size
    squares = shapely.box(west, south, west + grid.cell_size, south + grid.cell_size)
    return shapely.normalize(shapely.coverage_union_all(squares))
