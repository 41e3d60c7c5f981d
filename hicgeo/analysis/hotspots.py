"""Where it concentrates: hotspots as tested and ranked unions of grid cells."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
import pandas as pd
import shapely
from scipy import ndimage, stats
from scipy.sparse import coo_array
from scipy.spatial import cKDTree

from hicgeo.analysis._events import chain_sizes, chains_of, days_of
from hicgeo.analysis._inference import Rng, generator, poisson_interval
from hicgeo.analysis._kernels import RADIUS_PER_SIGMA
from hicgeo.analysis._scan import scan
from hicgeo.analysis.density import Bandwidth, Edge, Kernel, kde, own_density, precise_places
from hicgeo.errors import AlignmentError, InputError
from hicgeo.schema import xy

if TYPE_CHECKING:
    import geopandas as gpd
    import xarray as xr

    from hicgeo.grid import Grid

MIN_INCIDENTS = 30
"""Fewer incidents than this make no surface: a count with its interval says all there is."""

MIN_IN_HOTSPOT = 5
"""A piece of the surface with fewer incidents is left out of the ranking."""

STATION_M = 2.0
"""An incident this near to a police station was registered there, not found there."""

DRAWS = 999
TESTED_AT = 0.05
CHRONIC = 2 / 3
"""A place that was hot in this share of the earlier years is chronic."""

OTHER_BANDWIDTHS = (0.5, 0.7, 1.4, 2.0)
"""Times the bandwidth: where a hotspot is drawn again, to see whether it stays."""


def hotspots(
    points: gpd.GeoDataFrame,
    grid: Grid,
    *,
    bandwidth: Bandwidth | float,
    at_risk: xr.DataArray | None = None,
    share: float = 0.02,
    density: float | None = None,
    significance: float | None = None,
    min_area_ha: float = 0.0,
    earlier: gpd.GeoDataFrame | None = None,
    stations: gpd.GeoDataFrame | gpd.GeoSeries | None = None,
    kernel: Kernel = "quartic",
    edge: Edge = "diggle",
    alone: float = 0.0,
    rng: Rng,
) -> gpd.GeoDataFrame:
    """Areas where incidents concentrate: joined from cells, tested against what is at risk, ranked with an interval.

    Parameters
    ----------
    points
        Incidents in the CRS of the grid; `start`, if there, tells which belong together.
    grid
        Square cells; hotspots are unions of them.
    bandwidth, kernel, edge
        As in `kde`.
    at_risk
        Surface on the same grid: what can be struck per cell (dwellings), from points or 100 m squares. Gives
        `expected` and `ratio`, and makes a test possible.
    share
        Share of the area's cells to mark, the densest first.
    density
        Instead of `share`: mark the cells with at least so many incidents per km2.
    significance
        Instead of `share`: mark the circles that a scan finds at this level (0.05, say), given what is at risk.
    min_area_ha
        Smaller pieces are left out.
    earlier
        Incidents of earlier years, with `start`: which places were hot then too.
    stations
        Points of police stations: incidents within 2 m of one are left out.
    alone
        Incidents that a cell outside the hotspots must be able to hold: with `share` the bandwidth is made wider until
        it can. Else who knows the method knows of every cell outside that it has fewer. 0 leaves the bandwidth.
    rng
        Seed or numpy Generator of the test and of the resampling behind the rank intervals.

    Returns
    -------
    hotspots
        Polygons of whole cells that touch by their sides, holes left open, indexed by `rank` (1 = most incidents):

        - `incidents` in the cells;
        - `expected`: if every unit at risk in the area had the same chance; NaN without `at_risk`;
        - `ratio`: incidents / expected;
        - `area_ha`; `share_incidents` and `share_area`, of all in the study area; `concentration`, the first divided
          by the second;
        - `p_value`: how often chance alone gives a concentration as strong as this one anywhere in the area; NaN
          where it was not tested;
        - `rank_low`, `rank_high`: ranks between which 95 % of the resamples fall; `top3`: share of the resamples in
          which it is among the first three;
        - `kind`: "meer dan toeval" (p at most 0.05, or at most `significance`), "niet te onderscheiden" from chance,
          "te weinig om te toetsen" (fewer than 4 incidents expected in every circle that is mostly its own) or
          "beschrijvend" (descriptive: without `at_risk` nothing is tested);
        - `history`: "chronisch" (hot in at least two thirds of the earlier years), "nieuw" (in none), "wisselend", or
          "onbekend" without `earlier`; `years_hot` and `years`, the numbers behind it;
        - `stability`: share of its cells that are marked too with 0.5, 0.7, 1.4 and 2 times the bandwidth, as many
          cells being marked each time.

        `attrs`: `rule` and `threshold` (incidents per km2 of the least dense marked cell), `alone` (how many times what
        a single incident gives to its own cell, where in the area that is most; NaN with `significance`), `share`,
        `cell_size`, `bandwidth` and `method` (how it was chosen; "widened" by `alone`), `kernel`, `edge`, `n`,
        `n_outside` (not in a cell of the area), `n_imprecise` (`precision_m` above the cell size: police stations,
        streets), `n_station`, `n_without_risk` (in a cell where nothing is at risk: not in the test), `draws`,
        `dropped_areas` and `dropped_incidents` (pieces too small or with fewer than 5).

    Raises
    ------
    InputError
        Fewer than 30 incidents lie in the area, an argument is out of range, `significance` comes without `at_risk` or
        with `density`, `alone` without `share` or more than any bandwidth allows, nothing is at risk, or `earlier` has
        no `start`.
    AlignmentError
        `at_risk` is not on this grid.
    CrsError
        The CRS is missing, geographic, or not the grid's.

    Notes
    -----
    The scan tests, the density draws. Test: circles of up to 1 km around every cell, with at least 4 incidents and at
    most a quarter of all expected; the strongest of all circles in each of 999 patterns drawn from `at_risk` makes
    the p-value family-wise. A drawn area has the p-value of the strongest circle with its centre and at least half of
    its incidents in it. Chains of near repeats are drawn as one: taken apart, incidents of a town without hotspots
    would often look like one.

    Ranks: the areas stay as they are and incidents are drawn again with replacement, 999 times, in clusters (chains of
    incidents within 100 m and 7 days), since near repeats are not independent. The interval says how firm the order
    is, not whether the area was well drawn. A place was hot in an earlier year when it had more incidents then than
    its share of the dwellings (of the area, without `at_risk`) explains, one-sided Poisson at 5 %.

    Cost: five times that of `kde`, O(n log n) for the clusters, O(999 n) for the resamples, and with `at_risk`
    O(999 x cells x some 100 rows of circles).

    References
    ----------
    Kulldorff, M. (1997). A spatial scan statistic. doi:10.1080/03610929708831995

    Examples
    --------
    >>> import geopandas as gpd, numpy as np
    >>> from shapely.geometry import box
    >>> from hicgeo import Grid
    >>> grid = Grid.over(gpd.GeoSeries([box(0, 0, 3000, 3000)], crs="EPSG:28992"), cell_size=100)
    >>> chance = np.random.default_rng(1)
    >>> homes = grid.counts(chance.uniform(0, 3000, (9000, 2)))
    >>> places = np.vstack([chance.uniform(0, 3000, (200, 2)), chance.normal(1500, 100, (60, 2))])
    >>> points = gpd.GeoDataFrame(geometry=gpd.points_from_xy(*places.T), crs="EPSG:28992")
    >>> spots = hotspots(points, grid, bandwidth=300.0, at_risk=homes, significance=0.05, rng=1)
    >>> spots[["kind", "p_value"]].head(1).to_dict("records")
    [{'kind': 'meer dan toeval', 'p_value': 0.001}]
    """
    rule = _rule(share, density, significance, at_risk)
    if not (np.isfinite(min_area_ha) and min_area_ha >= 0):
        raise InputError(
            "min_area_ha must be a number from 0", f"{min_area_ha}", "take 1 for a hectare, or leave it out"
        )
    points, at_station = _away_from(points, stations)
    if alone:
        if rule != "share":
            raise InputError("alone must go with share", rule, "leave one of them out")
        bandwidth = _wide_enough(points, grid, bandwidth, kernel, edge, share, alone)
    surface = kde(points, grid, bandwidth=bandwidth, kernel=kernel, edge=edge)
    places, imprecise = precise_places(points, grid.cell_size)
    cell = grid.locate(places)
    within = cell >= 0
    n = int(within.sum())
    if n < MIN_INCIDENTS:
        fewest, most = poisson_interval([n])
        raise InputError(
            f"hotspots need at least {MIN_INCIDENTS} incidents in the area",
            f"{n} (95 % interval of what may be expected again: {fewest[0]:.1f} to {most[0]:.1f})",
            "take a longer period or several crime types, or show counts per neighbourhood with their intervals",
        )
    random = generator(rng)
    units = _units(at_risk, grid)
    day = days_of(points)[within]
    # Rows in canonical order, so that a seed gives the same whatever the order of the file.
    row = np.lexsort((day, places[within, 1], places[within, 0]))
    cluster = chains_of(places[within][row], day[row])
    counts = np.bincount(cell[within], minlength=grid.inside.size).reshape(grid.shape).astype(float)
    test = None
    if units is not None:
        sizes = chain_sizes(cluster, units.ravel()[cell[within][row]] > 0)
        test = scan(counts, units, grid.cell_size, DRAWS, random, sizes)
    values = surface.to_numpy()
    if rule == "significance" and test is not None and significance is not None:
        marked = test.windows(significance) & grid.inside
    elif density is not None:
        marked = np.nan_to_num(values) >= density
    else:
        marked = _densest(values, _wanted(grid, share))

    piece_of_cell, pieces = ndimage.label(marked)
    piece = piece_of_cell.ravel()[cell[within]]
    incidents = np.bincount(piece, minlength=pieces + 1)[1:]
    size = np.bincount(piece_of_cell.ravel(), minlength=pieces + 1)[1:]
    hectares = size * grid.cell_size**2 / 1e4
    kept = np.flatnonzero((incidents >= MIN_IN_HOTSPOT) & (hectares >= min_area_ha))
    peak = ndimage.maximum(values, piece_of_cell, np.arange(1, pieces + 1)) if pieces else np.empty(0)
    order = kept[np.lexsort((-np.asarray(peak)[kept], -incidents[kept]))]
    low, high, top3 = _rank_interval(piece[row], order + 1, cluster, random)
    expected = _expected(units, piece_of_cell, pieces, n)[order]
    p_value = (np.full(pieces, np.nan) if test is None else test.of_pieces(piece_of_cell, pieces))[order]
    chance = significance if significance is not None else TESTED_AT
    hot, years = _earlier_years(earlier, grid, units, piece_of_cell, pieces)
    stays = _stability(points, grid, surface, piece_of_cell, pieces, kernel, edge)

    import geopandas as gpd

    found = gpd.GeoDataFrame(
        {
            "incidents": incidents[order].astype(float),
            "expected": expected,
            "ratio": np.divide(incidents[order], expected, out=np.full(len(order), np.nan), where=expected > 0),
            "area_ha": hectares[order],
            "share_incidents": incidents[order] / n,
            "share_area": size[order] / grid.inside.sum(),
            "concentration": incidents[order] / n / (size[order] / grid.inside.sum()),
            "p_value": p_value,
            "rank_low": low,
            "rank_high": high,
            "top3": top3,
            "kind": pd.array(_kinds(p_value, chance, tested=units is not None), dtype="str"),
            "history": pd.array(_histories(hot[order], years), dtype="str"),
            "years_hot": hot[order],
            "years": np.full(len(order), years),
            "stability": stays[order],
        },
        geometry=[_outline(grid, piece_of_cell == each + 1) for each in order],
        crs=grid.crs,
        index=pd.RangeIndex(1, len(order) + 1, name="rank"),
    )
    found.attrs = {
        key: surface.attrs[key] for key in ("cell_size", "bandwidth", "method", "kernel", "edge", "places")
    } | {
        "rule": rule,
        "share": float(marked.sum() / grid.inside.sum()) if rule != "share" else share,
        "threshold": (least := float(np.nanmin(values[marked])) if marked.any() else np.nan),
        "alone": np.nan
        if rule == "significance"
        else least / own_density(grid, surface.attrs["bandwidth"], kernel, edge),
        "n": n,
        "n_outside": int((~within & ~imprecise).sum()),
        "n_imprecise": int(imprecise.sum()),
        "n_station": at_station,
        "n_without_risk": 0 if test is None else n - int(test.counts.sum()),
        "draws": DRAWS,
        "dropped_areas": int(pieces - len(order)),
        "dropped_incidents": int(incidents.sum() - incidents[order].sum()),
    }
    return found


def _rule(share: float, density: float | None, significance: float | None, at_risk: xr.DataArray | None) -> str:
    """Name of the one rule by which cells are marked."""
    if density is not None and significance is not None:
        raise InputError("one rule must mark the cells", "density and significance", "give one of them")
    if significance is not None:
        if at_risk is None:
            raise InputError(
                "significance must be judged against what is at risk",
                "no at_risk",
                "read the dwellings with hicgeo.read_at_risk, or mark a share of the area",
            )
        if not 0 < significance < 1:
            raise InputError("significance must lie between 0 and 1", f"{significance}", "take 0.05")
        return "significance"
    if density is not None:
        if not (np.isfinite(density) and density > 0):
            raise InputError("density must be above 0 incidents per km2", f"{density}", "read one off the surface")
        return "density"
    if not 0 < share < 1:
        raise InputError("share must lie between 0 and 1", f"{share}", "take 0.02 for the densest 2 % of the cells")
    return "share"


def _wanted(grid: Grid, share: float) -> int:
    """Number of cells to mark."""
    return max(1, round(share * int(grid.inside.sum())))


def _wide_enough(
    points: gpd.GeoDataFrame,
    grid: Grid,
    bandwidth: Bandwidth | float,
    kernel: Kernel,
    edge: Edge,
    share: float,
    alone: float,
) -> Bandwidth | float:
    """First bandwidth, in steps of half a cell, with which a cell that is not marked can hold `alone` incidents."""
    start = bandwidth.radius(kernel) if isinstance(bandwidth, Bandwidth) else float(bandwidth)
    widest = float(np.hypot(*grid.shape)) * grid.cell_size
    for reach in np.arange(start, max(widest, start), grid.cell_size / 2):
        values = kde(points, grid, bandwidth=float(reach), kernel=kernel, edge=edge).to_numpy()
        least = values[_densest(values, _wanted(grid, share))].min(initial=np.inf)
        if np.isfinite(least) and least >= alone * own_density(grid, float(reach), kernel, edge):
            if reach == start:
                return bandwidth
            method, n = "widened", len(points)
            return Bandwidth(float(reach) / RADIUS_PER_SIGMA[kernel], method, n, pd.DataFrame())
    raise InputError(
        f"outside the hotspots a cell must be able to hold {alone:g} incidents",
        f"{len(points)} incidents, with which no bandwidth allows it",
        "take a longer period, a smaller share, or no hotspots",
    )


def _away_from(
    points: gpd.GeoDataFrame, stations: gpd.GeoDataFrame | gpd.GeoSeries | None
) -> tuple[gpd.GeoDataFrame, int]:
    """Points that are not at a police station, and how many are."""
    if stations is None or len(stations) == 0:
        return points, 0
    places, posts = xy(points), xy(stations.to_crs(points.crs), "stations")
    known, posts = ~np.isnan(places).any(axis=1), posts[~np.isnan(posts).any(axis=1)]
    at = np.zeros(len(places), bool)
    at[known] = np.isfinite(cKDTree(posts).query(places[known], distance_upper_bound=STATION_M)[0])
    return points[~at], int(at.sum())


def _units(at_risk: xr.DataArray | None, grid: Grid) -> npt.NDArray[np.float64] | None:
    """What is at risk per cell, 0 outside the area."""
    if at_risk is None:
        return None
    if at_risk.shape != grid.shape or not (
        np.array_equal(at_risk["x"], grid.x) and np.array_equal(at_risk["y"], grid.y)
    ):
        raise AlignmentError(
            "at_risk must be on the same grid as the hotspots",
            f"{at_risk.shape} cells against {grid.shape}",
            "read it with hicgeo.read_at_risk(source, grid) for this grid",
        )
    units = np.where(grid.inside, np.nan_to_num(at_risk.to_numpy()), 0.0)
    if not (np.isfinite(units).all() and (units >= 0).all() and units.any()):
        raise InputError(
            "at_risk must hold numbers from 0, and something at risk in the area",
            f"{int((units < 0).sum())} cells under 0, {units.sum():g} in all",
            "read it with hicgeo.read_at_risk(source, grid)",
        )
    return units


def _kinds(p_value: npt.NDArray[np.float64], chance: float, *, tested: bool) -> list[str]:
    """Whether each hotspot is more than chance."""
    if not tested:
        return ["beschrijvend"] * len(p_value)
    few, more = np.isnan(p_value), p_value <= chance
    names = np.where(few, "te weinig om te toetsen", np.where(more, "meer dan toeval", "niet te onderscheiden"))
    return [str(name) for name in names]


def _earlier_years(
    earlier: gpd.GeoDataFrame | None,
    grid: Grid,
    units: npt.NDArray[np.float64] | None,
    piece_of_cell: npt.NDArray[np.int32],
    pieces: int,
) -> tuple[npt.NDArray[np.int64], int]:
    """In how many earlier years each piece had more than its share, and how many years there are."""
    hot = np.zeros(pieces, np.int64)
    if earlier is None:
        return hot, 0
    if "start" not in earlier:
        raise InputError("earlier must have the start of its incidents", "no start", "give an incident table")
    grid.match_crs(earlier, "earlier")
    cell = grid.locate(precise_places(earlier, grid.cell_size)[0])
    year = earlier["start"].dt.year.to_numpy(float, na_value=np.nan)
    used = (cell >= 0) & ~np.isnan(year)
    years = np.unique(year[used])
    base = _expected(grid.inside.astype(float) if units is None else units, piece_of_cell, pieces, 1)
    for each in years:
        then = cell[used & (year == each)]
        count = np.bincount(piece_of_cell.ravel()[then], minlength=pieces + 1)[1:]
        hot += stats.poisson.sf(count - 1, len(then) * base) <= TESTED_AT
    return hot, len(years)


def _histories(hot: npt.NDArray[np.int64], years: int) -> list[str]:
    """Whether each hotspot is an old one."""
    if years == 0:
        return ["onbekend"] * len(hot)
    return ["chronisch" if each >= CHRONIC * years else "wisselend" if each else "nieuw" for each in hot]


def _stability(
    points: gpd.GeoDataFrame,
    grid: Grid,
    surface: xr.DataArray,
    piece_of_cell: npt.NDArray[np.int32],
    pieces: int,
    kernel: Kernel,
    edge: Edge,
) -> npt.NDArray[np.float64]:
    """Share of the cells of each piece that are marked at other bandwidths too; NaN when none can be drawn."""
    wanted = int((piece_of_cell > 0).sum())
    radii = [times * surface.attrs["bandwidth"] for times in OTHER_BANDWIDTHS]
    widest = float(np.hypot(*grid.shape)) * grid.cell_size
    radii = [radius for radius in radii if grid.cell_size <= radius <= widest]
    if wanted == 0 or not radii:
        return np.full(pieces, np.nan)
    again = np.zeros(grid.shape)
    for radius in radii:
        again += _densest(kde(points, grid, bandwidth=radius, kernel=kernel, edge=edge).to_numpy(), wanted)
    return np.asarray(ndimage.mean(again / len(radii), piece_of_cell, np.arange(1, pieces + 1)))


def _densest(density: npt.NDArray[np.float64], wanted: int) -> npt.NDArray[np.bool_]:
    """The `wanted` densest cells of the area; never an empty cell."""
    flat = density.ravel()
    inside = np.flatnonzero(~np.isnan(flat))
    # Rounded, so that the last bits of a sum do not decide which of two equal cells comes first.
    top = inside[np.argsort(-np.round(flat[inside], 9), kind="stable")[:wanted]]
    marked = np.zeros(flat.size, bool)
    marked[top[flat[top] > 0]] = True
    return marked.reshape(density.shape)


def _rank_interval(
    piece: npt.NDArray[np.intp], ranked: npt.NDArray[np.intp], cluster: npt.NDArray[np.intp], rng: np.random.Generator
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64], npt.NDArray[np.float64]]:
    """2.5 and 97.5 percent points of each area's rank when clusters of incidents are drawn again, and its top 3."""
    if len(ranked) == 0:
        return np.empty(0, np.int64), np.empty(0, np.int64), np.empty(0)
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
    return low.astype(np.int64), high.astype(np.int64), (ranks <= 3).mean(axis=0)


def _expected(
    units: npt.NDArray[np.float64] | None, piece_of_cell: npt.NDArray[np.int32], pieces: int, n: int
) -> npt.NDArray[np.float64]:
    """Incidents per piece if every unit at risk had the same chance."""
    if units is None:
        return np.full(pieces, np.nan)
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
