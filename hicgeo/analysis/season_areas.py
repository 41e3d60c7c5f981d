"""Where in which season: areas that are busy all year, in one season of every year, or once."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from scipy import ndimage, stats
from scipy.spatial import cKDTree

from hicgeo.analysis._inference import false_discovery, rate_ratio
from hicgeo.analysis.counting import MIN_MONTHS
from hicgeo.analysis.density import at_centres
from hicgeo.analysis.timing import DARK_MONTHS, aoristic, season_of
from hicgeo.errors import InputError
from hicgeo.schema import xy

if TYPE_CHECKING:
    import geopandas as gpd
    import numpy.typing as npt

    from hicgeo.grid import Grid

    Array = npt.NDArray[np.float64]

CHRONIC, SEASONAL_DARK, SEASONAL_LIGHT, INCIDENTAL, UNDECIDED = (
    "chronisch", "seizoen: donker", "seizoen: licht", "incidenteel", "onbeslist",
)  # fmt: skip
KINDS = (CHRONIC, SEASONAL_DARK, SEASONAL_LIGHT, INCIDENTAL, UNDECIDED)

ALPHA = 0.05
MOSTLY = 0.5
"""Share of an area's incidents in a single season from which it is incidental."""

MIN_IN_AREA = 5
"""An area with fewer incidents in its own cells is left out: too few to say anything about a season."""


def seasonal_areas(
    incidents: gpd.GeoDataFrame,
    grid: Grid,
    *,
    eps: float,
    min_incidents: int,
    months: Sequence[int] = DARK_MONTHS,
) -> gpd.GeoDataFrame:
    """Clusters of the dark and of the light months, matched into chronic, seasonal and incidental areas.

    Parameters
    ----------
    incidents
        Incident table of one crime type.
    grid
        Cells of which the areas are made; at least 100 m when they are to leave the house.
    eps
        Metres around the centre of a cell in which incidents must lie.
    min_incidents
        Incidents within `eps` that make a cell part of a cluster, in one half of the year.
    months
        Months of the dark season, in order.

    Returns
    -------
    areas
        On `area` (1 has the most incidents), unions of grid cells that touch by their sides:

        - `kind`: "incidenteel" (over half of the incidents in one single season), "seizoen: donker" or "seizoen:
          licht" (another share of dark incidents than the town, after correction for the number of areas),
          "chronisch" (a cluster in both halves), or "onbeslist" (a cluster in one half, and too little to tell);
        - `clustered`: "dark", "light" or "both", where clusters were found;
        - `incidents`, of which `incidents_dark` and `incidents_light`: all in its cells;
        - `ratio` with `ratio_low` and `ratio_high`: dark over light incidents as a multiple of that of the town (95 %);
        - `p_fdr`: of a share of dark incidents like that of the town;
        - `share_season`, `seasons`: largest share of one season, and how many seasons had incidents;
        - `area_ha`.

        `attrs`: `eps`, `min_incidents`, `months`, `n` (incidents used), `seasons`, `places` ("cells" when the incidents
        were moved to the centres of their cells with `grid.snap`, as what leaves the house must be), and
        `dropped_areas` and `dropped_incidents` (pieces with fewer than `least` = 5 incidents in their own cells).

    Raises
    ------
    ColumnError
        `start` or `end` is missing or not time-zone aware.
    CrsError
        Incidents and grid differ in CRS.
    InputError
        The incidents cover under two full years (24 months from the first to the last), or `eps` or `min_incidents`
        cannot be used.

    Notes
    -----
    An incident belongs to the season with most of its window. A cell belongs to a cluster when enough incidents of one
    half of the year lie around its centre: what DBSCAN asks of an incident, asked of ground, so that a shape is one of
    density and not a list of the cells in which something happened. Cells of either half that touch are one area.
    Clusters are sought where incidents are, so that an area found in the dark half alone has been chosen for its dark
    incidents: near the threshold its p-value is somewhat too small, which is why an area with a cluster in one half
    only is not called seasonal for that alone. Incidents without a place, or outside the area, are left out.
    One density is the same question in both halves; HDBSCAN, which makes clusters of thin background as well, joined
    everything with everything when tried. O((n + cells) log n + pairs of a cell and an incident within `eps`).

    References
    ----------
    Ester, M., Kriegel, H.-P., Sander, J. and Xu, X. (1996). A density-based algorithm for discovering clusters. KDD-96,
    226-231.

    Examples
    --------
    >>> import geopandas as gpd
    >>> import numpy as np
    >>> import pandas as pd
    >>> from shapely.geometry import box
    >>> from hicgeo.grid import Grid
    >>> grid = Grid.over(gpd.GeoSeries([box(0, 0, 2000, 2000)], crs="EPSG:28992"), cell_size=100)
    >>> when = pd.date_range("2020-01-15", periods=60, freq="MS", tz="Europe/Amsterdam").repeat(4)
    >>> at = np.random.default_rng(1).normal(1000, 60, (len(when), 2))
    >>> incidents = gpd.GeoDataFrame({"start": when, "end": when}, geometry=gpd.points_from_xy(*at.T, crs="EPSG:28992"))
    >>> areas = seasonal_areas(grid.snap(incidents), grid, eps=250, min_incidents=15)
    >>> areas[["kind", "incidents", "incidents_dark"]].to_numpy().tolist()
    [['chronisch', 240.0, 120.0]]
    """
    if not (np.isfinite(eps) and eps > 0 and min_incidents >= 2):
        raise InputError("eps must be above 0 metres and min_incidents at least 2", f"eps={eps}, {min_incidents}",
                         "such as eps=250, min_incidents=10")  # fmt: skip
    import shapely

    grid.match_crs(incidents, "incidents")
    places = np.nan_to_num(xy(incidents, "incidents"), nan=-1e9)
    cell = grid.locate(places)
    # a cell of the area may reach over its border: `grid.snap` leaves points there where they are
    shapely.prepare(grid.area)
    used = np.flatnonzero((cell >= 0) & shapely.intersects_xy(grid.area, places))
    month = aoristic(incidents.iloc[used], by="month", max_window=None)
    when = month.to_numpy().argmax(axis=1)
    names = np.array([season_of(each, months) for each in month.columns], dtype=object)
    dark_month = np.isin(month.columns.month, months)
    season, dark = names[when], dark_month[when]
    every = pd.unique(season)
    covered = int(np.ptp(when)) + 1 if len(when) else 0
    if covered < MIN_MONTHS:
        raise InputError(
            "a seasonal claim needs at least two full years",
            f"incidents over {covered} months",
            "give incidents over more years",
        )
    halves = [_dense(places[used[dark == half]], grid, eps, min_incidents) for half in (True, False)]
    piece_of_cell, pieces = ndimage.label(halves[0] | halves[1])
    size = np.bincount(piece_of_cell.ravel()[cell[used]], minlength=pieces + 1)
    few = size < MIN_IN_AREA
    few[0] = False
    number = np.where(few, 0, np.cumsum(~few) - 1)
    area_of_cell = number[piece_of_cell]
    clustered = _halves(area_of_cell, halves, int(number.max()))
    return _described(area_of_cell, cell[used], clustered, dark, season, grid, {
        "eps": float(eps), "min_incidents": int(min_incidents), "months": list(months),
        "n": len(used), "seasons": len(every),
        "places": "cells" if at_centres(places[used], grid.cell_size) else "points",
        "least": MIN_IN_AREA, "dropped_areas": int(few.sum()), "dropped_incidents": int(size[few].sum()),
    })  # fmt: skip


def _dense(points: Array, grid: Grid, eps: float, least: int) -> npt.NDArray[np.bool_]:
    """Cells of the grid with so many points within `eps` of their centre."""
    cells = np.flatnonzero(grid.inside)
    row, column = np.divmod(cells, len(grid.x))
    centres = np.column_stack([grid.x[column], grid.y[row]])
    dense = np.zeros(grid.inside.shape, bool)
    if len(points):
        # a hair wider, so that rounding does not decide about points of a lattice
        near = cKDTree(points).query_ball_point(centres, eps * (1 + 1e-9), return_length=True)
        dense.ravel()[cells] = near >= least
    return dense


def _halves(area_of_cell: npt.NDArray[np.intp], halves: list[npt.NDArray[np.bool_]], areas: int) -> list[str]:
    """In which half of the year each area has a cluster."""
    dark, light = (np.isin(np.arange(1, areas + 1), area_of_cell[half]) for half in halves)
    return np.select([dark & light, dark], ["both", "dark"], "light").tolist()


def _described(
    area_of_cell: npt.NDArray[np.intp],
    cell: npt.NDArray[np.intp],
    clustered: list[str],
    dark: npt.NDArray[np.bool_],
    season: npt.NDArray[np.object_],
    grid: Grid,
    about: dict[str, object],
) -> gpd.GeoDataFrame:
    """Count, test and name the areas."""
    import geopandas as gpd
    import shapely

    n = len(clustered)
    area = area_of_cell.ravel()[cell] - 1
    inside = area >= 0
    in_dark = np.bincount(area[inside & dark], minlength=n).astype(float)
    in_light = np.bincount(area[inside & ~dark], minlength=n).astype(float)
    town = np.array([dark.sum(), (~dark).sum()], float)
    both = np.column_stack([np.full(n, town[0]), np.full(n, town[1])])
    ratio, low, high = rate_ratio(in_dark, both[:, 0], in_light, both[:, 1], dispersion=np.ones(n))
    p_value = np.array([
        stats.binomtest(int(a), int(a + b), town[0] / town.sum()).pvalue for a, b in zip(in_dark, in_light, strict=True)
    ])  # fmt: skip
    p_fdr = false_discovery(p_value)
    per_season = pd.crosstab(pd.Series(area[inside], name="area"), season[inside]).reindex(range(n), fill_value=0)
    total = in_dark + in_light
    most = per_season.max(axis="columns").to_numpy(float) / np.maximum(total, 1) if n else np.empty(0)
    kind = np.select(
        [most > MOSTLY, (p_fdr <= ALPHA) & (ratio > 1), (p_fdr <= ALPHA), np.array(clustered) == "both"],
        [INCIDENTAL, SEASONAL_DARK, SEASONAL_LIGHT, CHRONIC],
        UNDECIDED,
    ) if n else np.empty(0, object)  # fmt: skip
    row, column = np.nonzero(area_of_cell)
    owner = area_of_cell[row, column] - 1
    # from whole multiples of the cell size: centre minus half a cell would not be exact
    west = (np.floor(grid.x[0] / grid.cell_size) + column) * grid.cell_size
    south = (np.floor(grid.y[0] / grid.cell_size) + row) * grid.cell_size
    boxes = shapely.box(west, south, west + grid.cell_size, south + grid.cell_size)
    shapes = [shapely.normalize(shapely.coverage_union_all(boxes[owner == each])) for each in range(n)]
    out = gpd.GeoDataFrame(
        {
            "kind": pd.Categorical(kind, categories=list(KINDS)),
            "clustered": pd.Series(clustered, dtype="str"),
            "incidents": total,
            "incidents_dark": in_dark,
            "incidents_light": in_light,
            "ratio": ratio,
            "ratio_low": low,
            "ratio_high": high,
            "p_fdr": p_fdr,
            "share_season": most,
            "seasons": (per_season > 0).sum(axis="columns").to_numpy(),
            "area_ha": np.bincount(owner, minlength=n) * grid.cell_size**2 / 1e4,
        },
        geometry=gpd.GeoSeries(shapes, crs=grid.crs),
        crs=grid.crs,
    )
    rank = np.lexsort([shapely.get_coordinates(shapely.centroid(shapes))[:, 0], -total]) if n else np.empty(0, int)
    out = out.iloc[rank].set_axis(pd.RangeIndex(1, n + 1, name="area"))
    out.attrs = about
    return out
