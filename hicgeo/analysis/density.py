"""How dense: kernel density of incidents on a grid."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import numpy.typing as npt
import pandas as pd
import shapely

from hicgeo.analysis._kernels import HEIGHT, KERNELS, RADIUS_PER_SIGMA, Direct, Kernel, Spectral, around, smoother
from hicgeo.analysis._locate import Raster
from hicgeo.errors import AlignmentError, InputError
from hicgeo.schema import xy

if TYPE_CHECKING:
    import geopandas as gpd
    import xarray as xr

    from hicgeo.grid import Grid

    Array = npt.NDArray[np.float64]
    Flags = npt.NDArray[np.bool_]

Edge = Literal["diggle", "uniform", "none"]

__all__ = ["Bandwidth", "Edge", "Kernel", "kde", "kde_by", "precise_places"]

MAX_VALUES = 100_000_000
"""Cells times groups that `kde_by` accepts: 800 MB."""

_MANY = 20_000
"""Points from which a raster over the border of the area is quicker than asking each by itself."""


@dataclass(frozen=True)
class Bandwidth:
    """A degree of smoothing, as the standard deviation per axis, whatever the kernel.

    Attributes
    ----------
    sigma
        Standard deviation per axis, metres.
    method
        How it was chosen.
    n
        Points that it was chosen from.
    curve
        Criterion per candidate (`sigma`, `criterion`); empty for a formula.
    """

    sigma: float
    method: str
    n: int
    curve: pd.DataFrame

    def radius(self, kernel: Kernel) -> float:
        """Bandwidth in the kernel's own parameter, metres: the radius of a quartic kernel is 2.83 sigma.

        Parameters
        ----------
        kernel
            "gaussian", "quartic", "epanechnikov", "triangular" or "uniform".

        Raises
        ------
        InputError
            The kernel is unknown.
        """
        _known("kernel", kernel, KERNELS)
        return float(self.sigma * RADIUS_PER_SIGMA[kernel])

    def to_frame(self) -> pd.DataFrame:
        """One row: method, n, sigma and the parameter of each kernel."""
        parameters = {f"{kernel}_m": self.radius(kernel) for kernel in RADIUS_PER_SIGMA}
        return pd.DataFrame([{"method": self.method, "n": self.n, "sigma_m": self.sigma, **parameters}])

    def _repr_html_(self) -> str:
        return self.to_frame().to_html(index=False, float_format="{:,.0f}".format)


def kde(
    points: gpd.GeoDataFrame | gpd.GeoSeries,
    grid: Grid,
    *,
    bandwidth: Bandwidth | float,
    kernel: Kernel = "quartic",
    edge: Edge = "diggle",
    weights: npt.ArrayLike | None = None,
    adaptive: bool = False,
    years: float | None = None,
) -> xr.DataArray:
    """Kernel density of points at the cell centres of a grid.

    Parameters
    ----------
    points
        Points in the CRS of the grid.
    grid
        Where the density is wanted; its area, holes left out, decides which points count.
    bandwidth
        A `Bandwidth`, or metres: the standard deviation of the Gaussian, the radius of another kernel.
    kernel
        With d the distance in bandwidths: "gaussian", exp(-d**2 / 2); within the radius "quartic", (1 - d**2)**2,
        "epanechnikov", 1 - d**2, "triangular", 1 - d, or "uniform", 1.
    edge
        Correction for the mass that a kernel would lose across the border: "diggle" divides each
        point's kernel by its own mass inside, so that mass is kept exactly; "uniform" divides each
        cell by the kernel mass around it; "none" leaves the loss. Only "diggle" keeps mass.
    weights
        One finite number of 0 or more per point; 1 when left out.
    adaptive
        Give each point a bandwidth of its own, smaller where points are dense (Abramson): `bandwidth` times
        (f / g)**(-1/2), with f the density with the plain bandwidth in the cell of the point and g the geometric
        mean of f over the points; never below the cell size. With edge "uniform" a cell is divided by the mass around
        it of the kernel of its own bandwidth, by the same rule, which is never above the widest of a point.
    years
        Length of the period: the density is then per year.

    Returns
    -------
    surface
        (y, x) incidents per km2 (per year, with `years`) at the cell centres, NaN outside the area. `attrs`: `crs`,
        `cell_size`, `kernel`, `edge`, `bandwidth` (the kernel's own parameter, m), `sigma` (m),
        `method`, `adaptive`, `years` (0 when not given), `n` (points, or weight, inside), `n_outside`,
        `n_unlocated`, `n_imprecise` (`precision_m` above the cell size), `n_unplaced` (inside, but with no cell centre
        of the area within reach of the kernel), and with `adaptive` `smallest` and `largest` bandwidth (m).

    Raises
    ------
    InputError
        Bandwidth, kernel, edge, weights or years cannot be used; the bandwidth is under the cell size; or most places
        are less precise than a cell.
    CrsError
        The CRS is missing, geographic, or not the grid's.

    Notes
    -----
    In float64. Kernels with a radius are summed directly, error 1e-14 of the peak, O(n (bandwidth / cell)^2).
    A Gaussian is spread by B-splines and smoothed by a Fourier transform that undoes the spline (Potts and Steidl
    2003): O(n + cells log(cells)), error under 1e-7 of a point's own kernel, so under 1e-6 of the peak for any n; or
    directly, cut off at 9 standard deviations, where that is cheaper (few points, small or adaptive bandwidths).

    Density says where reported incidents are many, not where the chance of one is high: see `relative_risk`.

    References
    ----------
    Abramson, I. S. (1982). On bandwidth variation in kernel estimates. doi:10.1214/aos/1176345986

    Diggle, P. (1985). A kernel method for smoothing point process data. doi:10.2307/2347366

    Potts, D. and Steidl, G. (2003). Fast summation at nonequispaced knots by NFFT. doi:10.1137/S1064827502400984

    Examples
    --------
    >>> import geopandas as gpd
    >>> from shapely.geometry import box
    >>> from hicgeo import Grid
    >>> grid = Grid.over(gpd.GeoSeries([box(0, 0, 1000, 1000)], crs="EPSG:28992"), cell_size=100)
    >>> corner = gpd.GeoSeries.from_xy([50.0], [50.0], crs="EPSG:28992")
    >>> surface = kde(corner, grid, bandwidth=300.0)
    >>> round(float(surface.sum()) * 0.1**2, 12)  # incidents per km2 times km2
    1.0
    """
    chosen = _Choice.check(grid, bandwidth, kernel, edge, adaptive, _years(years))
    cloud = _Cloud.over(points, grid, weights)
    values, attrs = chosen.density(grid, cloud.places, cloud.weight, None)
    return grid.surface(values, **attrs, **cloud.left_out)


def kde_by(
    points: gpd.GeoDataFrame | gpd.GeoSeries,
    grid: Grid,
    *,
    by: pd.Series,
    bandwidth: Bandwidth | float,
    kernel: Kernel = "quartic",
    edge: Edge = "diggle",
    weights: npt.ArrayLike | None = None,
    adaptive: bool = False,
    years: float | pd.Series | None = None,
) -> xr.DataArray:
    """Kernel density of several groups of points at once: crime types, seasons, years.

    Parameters
    ----------
    points, grid, bandwidth, kernel, edge, weights, adaptive
        As in `kde`; every group gets the same bandwidth, so that surfaces can be compared.
    by
        Group of each point, on the index of `points`; points without one are left out.
    years
        Length of the period: one number, or a Series on the groups. Densities are then per year.

    Returns
    -------
    surfaces
        (group, y, x), with the groups in sorted order (or that of their categories) as coordinate `group`, and along
        it `n`, the points (or weight) inside. `attrs` as those of `kde`, over all groups, and `n_ungrouped`.

    Raises
    ------
    InputError
        As in `kde`; or no point has a group; or groups times cells are too many.
    AlignmentError
        `by` is not on the index of `points`, or a Series of `years` lacks a group.
    CrsError
        The CRS is missing, geographic, or not the grid's.

    Notes
    -----
    One layer equals `kde` of that group's points alone. Where a point lies and how much of its kernel is inside is
    worked out once for all groups.

    Examples
    --------
    >>> import geopandas as gpd
    >>> from shapely.geometry import box
    >>> from hicgeo import Grid
    >>> grid = Grid.over(gpd.GeoSeries([box(0, 0, 1000, 1000)], crs="EPSG:28992"), cell_size=100)
    >>> places = gpd.GeoSeries.from_xy([150.0, 850.0, 450.0], [150.0, 850.0, 450.0], crs="EPSG:28992")
    >>> season = pd.Series(["dark", "light", "dark"])
    >>> surfaces = kde_by(places, grid, by=season, bandwidth=300.0)
    >>> surfaces.sizes["group"], surfaces["n"].values.tolist()
    (2, [2, 1])
    """
    import xarray as xr

    if not isinstance(by, pd.Series) or not by.index.equals(points.index):
        raise AlignmentError(
            "by must be a Series on the index of the points",
            f"{len(by)} rows for {len(points)} points" if len(by) != len(points) else "another index",
            "take a column of the same table",
        )
    codes, labels = pd.factorize(by, sort=True)
    if len(labels) == 0:
        raise InputError("at least one point must have a group", "none has", "take a column that is filled")
    if len(labels) * grid.inside.size > MAX_VALUES:
        raise InputError(
            f"groups times cells must be at most {MAX_VALUES:,}",
            f"{len(labels)} groups of {grid.inside.size:,} cells",
            "take larger cells or fewer groups",
        )
    if isinstance(years, pd.Series):
        if missing := [str(label) for label in labels if label not in years.index]:
            raise AlignmentError("years must have every group", f"not {', '.join(missing)}", "add them")
        length = [_years(float(years[label])) for label in labels]
    else:
        length = [_years(years)] * len(labels)
    chosen = _Choice.check(grid, bandwidth, kernel, edge, adaptive, length[0])
    cloud = _Cloud.over(points, grid, weights)
    group = codes[cloud.row]
    mass = None if adaptive else chosen.smoother(grid, len(group)).mass(cloud.places)
    layers, about = [], []
    for code, period in enumerate(length):
        mine = group == code
        some = replace(chosen, years=period)
        values, attrs = some.density(grid, cloud.places[mine], cloud.weight[mine], None if mass is None else mass[mine])
        layers.append(grid.surface(values).to_numpy())
        about.append(attrs)
    attrs = about[0] | {key: sum(each[key] for each in about) for key in ("n", "n_unplaced")}
    if adaptive:
        attrs |= {
            "smallest": min(each["smallest"] for each in about), "largest": max(each["largest"] for each in about)
        }  # fmt: skip
    shell = grid.surface(np.zeros(grid.shape), **attrs, **cloud.left_out, n_ungrouped=_tally(cloud.weight[group < 0]))
    return xr.DataArray(
        np.stack(layers),
        dims=("group", "y", "x"),
        coords={"group": np.asarray(labels), "y": grid.y, "x": grid.x, "n": ("group", [each["n"] for each in about])},
        attrs=shell.attrs,
    )


def check_reach(grid: Grid, reach: float) -> None:
    """Refuse a bandwidth that the cells cannot show, or that makes every place look the same.

    Parameters
    ----------
    grid
        Cells of the map.
    reach
        The kernel's own parameter, metres.

    Raises
    ------
    InputError
        It is below the cell size, or more than the grid is wide.
    """
    if not (np.isfinite(reach) and reach >= grid.cell_size):
        raise InputError(
            "bandwidth must be at least the cell size",
            f"{reach:g} m on cells of {grid.cell_size:g} m",
            "take a larger bandwidth or smaller cells",
        )
    widest = float(np.hypot(*grid.shape)) * grid.cell_size
    if reach > widest:
        raise InputError(
            "bandwidth must be less than the grid is wide",
            f"{reach:g} m over a grid of {widest:.0f} m across",
            "take a smaller bandwidth: at this one every place looks the same",
        )


def own_density(grid: Grid, reach: float, kernel: Kernel, edge: Edge) -> float:
    """Most that a single incident, in the middle of a cell, can give to that cell, incidents per km2.

    Parameters
    ----------
    grid
        Cells of the map.
    reach
        The kernel's own parameter, metres.
    kernel, edge
        As in `kde`.

    Notes
    -----
    Where little of a kernel lies in the area an edge correction makes more of it. O(cells (reach / cell)^2).
    """
    y, x = np.nonzero(grid.inside)
    middles = np.column_stack([grid.x[x], grid.y[y]])
    mass = 1.0 if edge == "none" else float(smoother(grid, kernel, reach, len(middles)).mass(middles).min())
    return HEIGHT[kernel] / reach**2 * 1e6 / mass


@dataclass(frozen=True)
class _Choice:
    """How to smooth, checked."""

    reach: float
    method: str
    kernel: Kernel
    edge: Edge
    adaptive: bool
    years: float

    @classmethod
    def check(
        cls, grid: Grid, bandwidth: Bandwidth | float, kernel: Kernel, edge: Edge, adaptive: bool, years: float
    ) -> _Choice:
        _known("kernel", kernel, KERNELS)
        _known("edge", edge, ("diggle", "uniform", "none"))
        if isinstance(bandwidth, Bandwidth):
            reach, method = bandwidth.radius(kernel), bandwidth.method
        else:
            reach, method = float(bandwidth), "given"
        check_reach(grid, reach)
        return cls(reach, method, kernel, edge, adaptive, years)

    def smoother(self, grid: Grid, n: int) -> Direct | Spectral:
        return smoother(grid, self.kernel, self.reach, n)

    def density(self, grid: Grid, places: Array, weight: Array, mass: Array | None) -> tuple[Array, dict[str, Any]]:
        """Density at every cell of the rectangle, and its attributes; `mass` of the points where it is known."""
        smooth = self.smoother(grid, len(places))
        if mass is None:
            mass = smooth.mass(places)
        total = self._sum(grid, smooth, places, weight, mass, self.reach)
        bounds = {}
        if self.adaptive:
            reach, everywhere = self._own(grid, places, total)
            smooth = smoother(grid, self.kernel, reach, len(places))
            mass = smooth.mass(places)
            total = self._sum(grid, smooth, places, weight, mass, everywhere)
            bounds = {"smallest": float(reach.min(initial=np.inf)), "largest": float(reach.max(initial=0.0))}
        return total * (1e6 / (self.years or 1.0)), {
            "kernel": self.kernel,
            "edge": self.edge,
            "bandwidth": self.reach,
            "sigma": float(self.reach / RADIUS_PER_SIGMA[self.kernel]),
            "method": self.method,
            "adaptive": self.adaptive,
            "years": self.years,
            "n": _tally(weight[mass > 0]),
            "n_unplaced": _tally(weight[mass <= 0]),
        } | bounds

    def _sum(
        self, grid: Grid, smooth: Direct | Spectral, places: Array, weight: Array, mass: Array, reach: float | Array
    ) -> Array:
        """Corrected sum of the kernels at every cell of the rectangle, per m2; `reach` is the bandwidth there."""
        placed = mass > 0
        if self.edge == "diggle":
            share = np.divide(weight, mass, out=np.zeros(len(mass)), where=placed)
        else:
            share = np.where(placed, weight, 0.0)
        total = smooth.spread(places, share, mass)
        if self.edge == "uniform":
            inside = around(grid, self.kernel, reach)
            total = np.divide(total, inside, out=np.zeros_like(total), where=inside > 1e-12)
        elif self.edge == "diggle" and (kept := total[grid.inside].sum() * grid.cell_size**2) > 0:
            total *= weight[placed].sum() / kept  # takes back rounding, and what the transform has left below zero
        return total

    def _own(self, grid: Grid, places: Array, pilot: Array) -> tuple[Array, Array]:
        """Bandwidth of each point, and at every cell: nowhere wider than at the loneliest point."""
        cell = np.floor((places - [grid.x[0], grid.y[0]]) / grid.cell_size + 0.5).astype(int)
        column, row = np.clip(cell.T, 0, [[len(grid.x) - 1], [len(grid.y) - 1]])
        level = np.log(np.maximum(pilot, 1e-12 * pilot.max(initial=1e-300)))
        mean = level[row, column].mean() if len(places) else 0.0
        everywhere = np.maximum(self.reach * np.exp(-0.5 * (level - mean)), grid.cell_size)
        own = everywhere[row, column]
        return own, np.minimum(everywhere, own.max(initial=grid.cell_size))


@dataclass(frozen=True)
class _Cloud:
    """Points inside the area, and how many are not."""

    places: Array
    weight: Array
    row: npt.NDArray[np.intp]
    left_out: dict[str, Any]

    @classmethod
    def over(cls, points: gpd.GeoDataFrame | gpd.GeoSeries, grid: Grid, weights: npt.ArrayLike | None) -> _Cloud:
        grid.match_crs(points)
        places, imprecise = precise_places(points, grid.cell_size)
        weight = _weights(weights, len(places))
        known = ~np.isnan(places[:, 0])
        inside = _within(grid, places, known)
        row = np.flatnonzero(inside)
        return cls(
            places if len(row) == len(places) else places[row],
            weight if len(row) == len(places) else weight[row],
            row,
            {
                "n_outside": _tally(weight[known & ~inside]),
                "n_unlocated": _tally(weight[~known & ~imprecise]),
                "n_imprecise": _tally(weight[imprecise]),
                "places": "cells" if at_centres(places[row], grid.cell_size) else "points",
            },
        )


def at_centres(places: Array, cell_size: float) -> bool:
    """Whether every point is the centre of a cell: what is drawn of them then says no more than the cell."""
    first, rest = places[:1000], places[1000:]  # the first tell of nearly all tables that they are not
    parts = (np.abs(part % cell_size - cell_size / 2) < 1e-6 * cell_size for part in (first, rest))
    return all(bool(part.all()) for part in parts)


def _within(grid: Grid, places: Array, known: Flags) -> Flags:
    """Whether each point lies in the area, its border included."""
    inside = np.zeros(len(places), bool)
    if known.sum() < _MANY:
        shapely.prepare(grid.area)
        inside[known] = shapely.intersects_xy(grid.area, places[known])
    else:
        inside[known] = Raster(np.array([grid.area])).owners(places[known]) >= 0
    return inside


def _years(years: float | None) -> float:
    if years is not None and not (np.isfinite(years) and years > 0):
        raise InputError("years must be above 0", f"years={years}", "give the length of the period, such as 2.5")
    return float(years or 0.0)


def precise_places(
    points: gpd.GeoDataFrame | gpd.GeoSeries, finest: float
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.bool_]]:
    """Coordinates of points, NaN where the place is not known to within `finest` metres, and where that is why.

    Parameters
    ----------
    points
        Points in a projected CRS; `precision_m`, if they have it, says how precise their places are (NaN: as given).
    finest
        Metres that a place must be known to.

    Returns
    -------
    places, imprecise
        (n, 2) metres, and whether a place was left out for its precision.

    Raises
    ------
    InputError
        Most of the places are less precise than that.
    CrsError
        The CRS is missing or geographic.
    """
    places = xy(points)
    if "precision_m" not in getattr(points, "columns", ()):
        return places, np.zeros(len(places), bool)
    located = ~np.isnan(places).any(axis=1)
    imprecise = located & (points["precision_m"].to_numpy(float, na_value=np.nan) > finest)
    if imprecise.sum() > 0.5 * located.sum():
        raise InputError(
            "places must be as precise as the cells they are counted in",
            f"{imprecise.sum()} of {located.sum()} are less precise than {finest:g} m",
            "take cells of at least their precision_m, or show counts per neighbourhood",
        )
    places[imprecise] = np.nan
    return places, imprecise


def _known(name: str, value: str, known: Collection[str]) -> None:
    if value not in known:
        raise InputError(f"{name} must be known", repr(value), f"take one of {', '.join(known)}")


def _tally(weight: Array) -> float | int:
    total = float(weight.sum())
    return int(total) if total.is_integer() else total


def _weights(weights: npt.ArrayLike | None, n: int) -> Array:
    if weights is None:
        return np.ones(n)
    weight = np.asarray(weights, float)
    if weight.shape != (n,) or not (np.isfinite(weight) & (weight >= 0)).all():
        bad = 0 if weight.shape != (n,) else int((~(np.isfinite(weight) & (weight >= 0))).sum())
        raise InputError(
            "weights must be one finite number of 0 or more per point",
            f"shape {weight.shape} for {n} points" if weight.shape != (n,) else f"{bad} others",
            "leave them out, or give as many as there are points",
        )
    return weight
