"""How high the risk is: incidents against what can be struck, with what chance alone would give."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import shapely
from scipy.signal import oaconvolve

from hicgeo.analysis._events import chain_sizes, chains_of, days_of
from hicgeo.analysis._inference import Rng, generator
from hicgeo.analysis._kernels import KERNELS, RADIUS_PER_SIGMA, Kernel, smoother, stamp
from hicgeo.analysis._locate import Raster
from hicgeo.analysis.density import Bandwidth, check_reach, precise_places
from hicgeo.errors import AlignmentError, ColumnError, InputError
from hicgeo.schema import metric_crs

if TYPE_CHECKING:
    import geopandas as gpd
    import xarray as xr

    from hicgeo.grid import Grid

    Array = npt.NDArray[np.float64]

MIN_INCIDENTS = 30
"""Fewer incidents than this make no surface: a count with its interval says all there is."""

MIN_EXPECTED = 4.0
"""Under this many incidents expected within the reach of the kernel nothing can be told from chance."""


@dataclass(frozen=True)
class RelativeRisk:
    """Risk at every cell against the mean of the area, and how often chance alone would give as much.

    Attributes
    ----------
    ratio
        (y, x) smoothed incidents over smoothed expected incidents: 2 is twice the mean risk. NaN outside the area and
        where nothing at risk lies within reach of the kernel.
    expected
        (y, x) incidents that the ratio rests on, were the risk the same everywhere: the square of the smoothed
        expectation over its variance.
    p_high, p_low
        (y, x) chance of a ratio so high, or so low, at this very place under equal risk. NaN where fewer than 4 are
        expected, and everywhere when not tested.
    p_family
        (y, x) chance of anything so high anywhere in the area; the only one to call a place a finding.
    tested
        Whether it is known where what is at risk lies; from totals of neighbourhoods there is a picture, no test.
    n, n_outside, n_unlocated, n_imprecise, n_off_risk
        Incidents that count, lie outside the cells of the area, have no place, a place less precise than a cell, or
        lie in a cell with nothing at risk.
    n_undated
        Incidents that count and have no `start`. Each is drawn by itself, so that near repeats among them look like
        risk.
    n_chains
        Chains of near repeats that the incidents that count form, those of one included: what is drawn.
    at_risk
        Units at risk that count.
    base
        What is at risk: dwellings, residents, businesses.
    kernel, bandwidth, sigma, method
        The smoothing: the kernel's own parameter and its standard deviation, metres, and how it was chosen.
    draws
        Patterns drawn under equal risk.
    """

    ratio: xr.DataArray
    expected: xr.DataArray
    p_high: xr.DataArray
    p_low: xr.DataArray
    p_family: xr.DataArray
    tested: bool
    n: int
    n_outside: int
    n_unlocated: int
    n_imprecise: int
    n_off_risk: int
    n_undated: int
    n_chains: int
    at_risk: float
    base: str
    kernel: Kernel
    bandwidth: float
    sigma: float
    method: str
    draws: int

    def areas(self, levels: tuple[float, ...] = (0.05, 0.01)) -> gpd.GeoDataFrame:
        """Tolerance contours, as unions of whole cells: where the risk is above or below what chance gives.

        Parameters
        ----------
        levels
            Chances below which a cell counts.

        Returns
        -------
        areas
            A row per `side` ("high", "low", and "family" for p_family) and `level` that has cells, with `cells` and
            `area_ha`. The sides "high" and "low" hold about `level` of the tested ground by chance alone.
        """
        import geopandas as gpd

        size = self.ratio.attrs["cell_size"]
        rows = []
        for side, chance in (("high", self.p_high), ("low", self.p_low), ("family", self.p_family)):
            for level in levels:
                row, column = np.nonzero(chance.to_numpy() <= level)
                if len(row) == 0:
                    continue
                # From whole multiples of the cell size, so that corners lie on the raster to the last digit.
                west = (np.floor(self.ratio["x"].to_numpy()[0] / size) + column) * size
                south = (np.floor(self.ratio["y"].to_numpy()[0] / size) + row) * size
                shape = shapely.coverage_union_all(shapely.box(west, south, west + size, south + size))
                rows.append((side, level, len(row), len(row) * size**2 / 1e4, shapely.normalize(shape)))
        table = pd.DataFrame(rows, columns=["side", "level", "cells", "area_ha", "geometry"])
        return gpd.GeoDataFrame(table, geometry="geometry", crs=self.ratio.attrs["crs"])

    def to_frame(self) -> pd.DataFrame:
        """One row per cell of the area, indexed by (y, x): ratio, expected, p_high, p_low, p_family."""
        names = ("ratio", "expected", "p_high", "p_low", "p_family")
        table = pd.DataFrame({name: getattr(self, name).to_series() for name in names})
        return table[table["expected"].notna()]

    def _repr_html_(self) -> str:
        found = self.p_family.to_numpy()
        line = {
            "incidents": self.n,
            "chains": self.n_chains,
            "without a date": self.n_undated,
            "at risk": self.at_risk,
            "kernel": self.kernel,
            "bandwidth, m": self.bandwidth,
            "highest ratio": float(np.nanmax(self.ratio.to_numpy())),
            "tested": self.tested,
            "cells above chance (5 %, whole area)": int((found <= 0.05).sum()),
        }
        return pd.DataFrame([line]).to_html(index=False, float_format="{:,.1f}".format)


def relative_risk(
    points: gpd.GeoDataFrame | gpd.GeoSeries,
    at_risk: xr.DataArray | gpd.GeoDataFrame,
    grid: Grid,
    *,
    bandwidth: Bandwidth | float,
    kernel: Kernel = "quartic",
    base: str = "dwellings",
    draws: int = 999,
    rng: Rng,
) -> RelativeRisk:
    """Incidents against what can be struck: where the risk, not the number, is above the mean.

    Parameters
    ----------
    points
        Incidents in the CRS of the grid; `start`, if there, tells which belong together.
    at_risk
        What can be struck per cell of the grid, from `read_at_risk` or `Grid.counts` (dwellings, people, businesses).
        Or a neighbourhood table with their totals, which are spread evenly over the cells of each neighbourhood: that
        gives a picture and no test, for within a neighbourhood homes are not spread evenly.
    grid
        Square cells; incidents and what is at risk are both taken at their centres.
    bandwidth, kernel
        As in `kde`, the same for incidents and at risk.
    base
        What is at risk; in a neighbourhood table the column of its totals.
    draws
        Patterns to draw under equal risk; at least 19.
    rng
        Seed or numpy Generator.

    Returns
    -------
    risk
        Surfaces of the ratio and of its chances, and `areas()`: the tolerance contours.

    Raises
    ------
    InputError
        Fewer than 30 incidents lie where something is at risk, nothing is at risk, a value is negative, the bandwidth
        is below the cell size or wider than the grid, or an argument is out of range.
    AlignmentError
        `at_risk` is not on this grid.
    ColumnError
        The neighbourhood table has no column `base`.
    CrsError
        A CRS is missing, geographic, or not the grid's.

    Notes
    -----
    The ratio (Bithell 1990; Kelsall and Diggle 1995) is that of two densities with one bandwidth, so that edge
    corrections cancel. Under equal risk the same number of incidents falls on the cells in proportion to the units at
    risk; that is drawn `draws` times, and a chance is (1 + draws at least as extreme) / (1 + draws), so it is never 0
    and holds at any number of incidents (Hazelton and Davies 2009 give the asymptotic twin). `p_family` compares the
    excess in standard errors with the highest anywhere in each draw. Incidents in cells with nothing at risk cannot
    occur under equal risk: they are left out and counted.

    Single incidents are not independent: as in `hotspots`, chains of near repeats (links within 100 m and 7 days) are
    drawn as one, on one cell. Of towns with equal risk 2 % have a `p_family` of at most 0.05 when no burglary is a near
    repeat, and 3 % when 15 % are (`benchmarks/relative_risk.md`). Incidents without `start` are drawn one by one and
    counted in `n_undated`: without any dates 32 % of the towns with 15 % near repeats raise a false alarm. Where
    incidents are so many that chains join by chance (`n_chains` far below `n`), in a strong hotspot too, the test is
    cautious and finds less. Cost: O(n log n + near pairs), and draws times that of a density of n points.

    References
    ----------
    Bithell, J. F. (1990). An application of density estimation to geographical epidemiology.
    doi:10.1002/sim.4780090616

    Hazelton, M. L. and Davies, T. M. (2009). Inference based on kernel estimates of the relative risk function in
    geographical epidemiology. doi:10.1002/bimj.200810495

    Kelsall, J. E. and Diggle, P. J. (1995). Non-parametric estimation of spatial variation in relative risk.
    doi:10.1002/sim.4780142106

    Examples
    --------
    >>> import geopandas as gpd
    >>> from shapely.geometry import box
    >>> from hicgeo import Grid
    >>> grid = Grid.over(gpd.GeoSeries([box(0, 0, 2000, 2000)], crs="EPSG:28992"), cell_size=100)
    >>> homes = grid.counts(np.random.default_rng(1).uniform(0, 2000, (5000, 2)))
    >>> struck = np.random.default_rng(2).uniform([0, 0], [1000, 2000], (1000, 2))  # only the western half
    >>> burglaries = gpd.GeoSeries.from_xy(*struck.T, crs="EPSG:28992")
    >>> risk = relative_risk(burglaries, homes, grid, bandwidth=400.0, draws=99, rng=1)
    >>> bool(1.7 < risk.ratio.sel(x=450, y=1050) < 2.3), float(risk.p_family.sel(x=450, y=1050))
    (True, 0.01)
    """
    if kernel not in KERNELS:
        raise InputError("kernel must be known", repr(kernel), f"take one of {', '.join(KERNELS)}")
    reach = bandwidth.radius(kernel) if isinstance(bandwidth, Bandwidth) else float(bandwidth)
    check_reach(grid, reach)
    if not draws >= 19:
        raise InputError("draws must be at least 19", f"{draws}", "take 999")
    grid.match_crs(points)
    units, tested = _units(at_risk, grid, base)
    places, imprecise = precise_places(points, grid.cell_size)
    unlocated = np.isnan(places[:, 0]) & ~imprecise
    cell = grid.locate(places)
    struck = cell >= 0
    cell, day = cell[struck], days_of(points)[struck]
    counts = units.ravel()[cell] > 0
    together = chain_sizes(chains_of(places[struck], day), counts).astype(float)
    cell = cell[counts]
    n = len(cell)
    if n < MIN_INCIDENTS:
        raise InputError(
            f"relative risk needs at least {MIN_INCIDENTS} incidents where something is at risk",
            f"{n} of {len(places)}",
            "take a longer period or several crime types, or show counts per neighbourhood with their intervals",
        )
    gx, gy = np.meshgrid(grid.x, grid.y)
    centre = np.column_stack([gx.ravel(), gy.ravel()])
    held = np.flatnonzero(units.ravel() > 0)
    share = units.ravel()[held] / units.sum()
    smooth = smoother(grid, kernel, reach, n)
    whole = np.ones(max(n, len(held)))

    def density(cells: npt.NDArray[np.intp], weight: Array) -> Array:
        return smooth.spread(centre[cells], weight, whole[: len(cells)])

    expected = n * density(held, share)
    square = n * _squared(grid, kernel, reach, held, centre, share)
    reached = grid.inside & (expected > 1e-9 * expected.max())
    ratio = np.divide(density(cell, whole[:n]), expected, out=np.full(grid.shape, np.nan), where=reached)
    basis = np.divide(expected**2, square, out=np.zeros(grid.shape), where=reached)
    chances = np.full((3, *grid.shape), np.nan)
    testable = reached & (basis >= MIN_EXPECTED)
    if tested and testable.any():
        spread = np.sqrt(np.maximum(square[testable] - expected[testable] ** 2 / n, 0.0))
        drawn = _drawn(share, len(together), draws, generator(rng))
        null = (density(held[each], together)[testable] for each in drawn)
        observed = density(cell, whole[:n])[testable]
        chances[:, testable] = _chances(observed, expected[testable], spread, null, draws)
    about = {"kernel": kernel, "bandwidth": reach, "sigma": reach / RADIUS_PER_SIGMA[kernel], "n": n, "places": "cells"}
    high, low, family = (grid.surface(each, **about) for each in chances)
    return RelativeRisk(
        ratio=grid.surface(ratio, **about),
        expected=grid.surface(basis, **about),
        p_high=high,
        p_low=low,
        p_family=family,
        tested=tested,
        n=n,
        n_outside=int((~struck & ~unlocated & ~imprecise).sum()),
        n_unlocated=int(unlocated.sum()),
        n_imprecise=int(imprecise.sum()),
        n_off_risk=int(struck.sum()) - n,
        n_undated=int(np.isnan(day[counts]).sum()),
        n_chains=len(together),
        at_risk=float(units.sum()),
        base=base,
        kernel=kernel,
        bandwidth=reach,
        sigma=float(reach / RADIUS_PER_SIGMA[kernel]),
        method=bandwidth.method if isinstance(bandwidth, Bandwidth) else "given",
        draws=draws if tested else 0,
    )


def _squared(
    grid: Grid, kernel: Kernel, reach: float, held: npt.NDArray[np.intp], centre: Array, share: Array
) -> Array:
    """Smoothed with the square of the kernel, per m4, which is what a variance needs."""
    on_cells = np.zeros(grid.inside.size)
    on_cells[held] = share
    around = oaconvolve(on_cells.reshape(grid.shape), stamp(grid, kernel, reach) ** 2, mode="same")
    return np.maximum(np.asarray(around), 0.0) / grid.cell_size**4


def _drawn(share: Array, n: int, draws: int, rng: np.random.Generator) -> Any:
    """Positions of n chains that fall in proportion, time and again."""
    upto = np.cumsum(share)
    for _ in range(draws):
        yield np.minimum(np.searchsorted(upto, rng.random(n) * upto[-1], side="right"), len(share) - 1)


def _chances(observed: Array, expected: Array, spread: Array, null: Any, draws: int) -> Array:
    """Share of draws that are at least as high, as low, and as high anywhere; rows of one number per cell."""
    slack = 1e-7 * expected  # what two ways of adding the same incidents may differ
    above, below = np.ones(len(observed)), np.ones(len(observed))
    excess = np.divide(observed - expected, spread, out=np.zeros(len(observed)), where=spread > 0)
    highest = np.empty(draws)
    for k, drawn in enumerate(null):
        above += drawn >= observed - slack
        below += drawn <= observed + slack
        highest[k] = np.divide(drawn - expected, spread, out=np.zeros(len(observed)), where=spread > 0).max()
    as_high = draws - np.searchsorted(np.sort(highest), excess - 1e-6, side="left")
    return np.stack([above, below, 1.0 + as_high]) / (draws + 1)


def _units(at_risk: xr.DataArray | gpd.GeoDataFrame, grid: Grid, base: str) -> tuple[Array, bool]:
    """Units per cell, and whether it is known in which cell they are."""
    import geopandas as gpd

    if isinstance(at_risk, gpd.GeoDataFrame):
        units = _smeared(at_risk, grid, base)
    else:
        if at_risk.shape != grid.shape or not (
            np.array_equal(at_risk["x"], grid.x) and np.array_equal(at_risk["y"], grid.y)
        ):
            raise AlignmentError(
                "at_risk must be on the grid", f"{at_risk.shape} cells against {grid.shape}",
                "read it with hicgeo.read_at_risk(source, grid) for this grid",
            )  # fmt: skip
        units = np.where(grid.inside, np.nan_to_num(at_risk.to_numpy(), posinf=-1.0), 0.0)
    if (units < 0).any():
        raise InputError("what is at risk must be numbers of 0 or more", f"{(units < 0).sum()} others", "repair them")
    if units.sum() == 0:
        raise InputError("something must be at risk", "0 in all cells of the area", "check the area and the source")
    return units, not isinstance(at_risk, gpd.GeoDataFrame)


def _smeared(table: gpd.GeoDataFrame, grid: Grid, base: str) -> Array:
    """Totals of neighbourhoods, evenly over the cells of each."""
    if base not in table.columns:
        raise ColumnError(f"the neighbourhoods must have {base}", f"{len(table.columns)} others", "give base=")
    if metric_crs(table, "at_risk") != grid.crs:
        grid.match_crs(table, "at_risk")
    gx, gy = np.meshgrid(grid.x, grid.y)
    owner = Raster(np.asarray(table.geometry.array)).owners(np.column_stack([gx.ravel(), gy.ravel()]))
    owner[~grid.inside.ravel()] = -1
    cells = np.bincount(owner[owner >= 0], minlength=len(table))
    total = table[base].to_numpy(float, na_value=0.0)
    per_cell = np.divide(np.nan_to_num(total), cells, out=np.zeros(len(table)), where=cells > 0)
    return np.where(owner >= 0, per_cell[owner], 0.0).reshape(grid.shape)
