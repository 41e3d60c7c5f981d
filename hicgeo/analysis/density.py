"""How dense: kernel density of incidents on a grid."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np
import numpy.typing as npt
import pandas as pd
import shapely

from hicgeo.errors import InputError
from hicgeo.schema import xy

if TYPE_CHECKING:
    import geopandas as gpd
    import xarray as xr

    from hicgeo.grid import Grid

    Array = npt.NDArray[np.float64]

Kernel = Literal["quartic", "gaussian"]
Edge = Literal["diggle", "uniform", "none"]

RADIUS_PER_SIGMA: dict[Kernel, float] = {"quartic": 8**0.5, "gaussian": 1.0}
"""A kernel's own parameter (radius of a compact kernel, standard deviation of a Gaussian) per standard deviation."""

_BLOCK = 4_000_000
"""Kernel values held at once: 32 MB each for a handful of arrays."""


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
            "quartic" or "gaussian".

        Raises
        ------
        InputError
            The kernel is unknown.
        """
        _known("kernel", kernel, RADIUS_PER_SIGMA)
        return float(self.sigma * RADIUS_PER_SIGMA[kernel])

    def to_frame(self) -> pd.DataFrame:
        """One row: method, n, sigma and the parameter of each kernel."""
        parameters = {f"{kernel}_m": self.radius(kernel) for kernel in RADIUS_PER_SIGMA}
        return pd.DataFrame([{"method": self.method, "n": self.n, "sigma_m": self.sigma, **parameters}])

    def _repr_html_(self) -> str:
        return self.to_frame().to_html(index=False, float_format="{:,.0f}".format)


def bandwidth(
    points: gpd.GeoDataFrame | gpd.GeoSeries,
    *,
    method: Literal["scott"],
    area: gpd.GeoDataFrame | gpd.GeoSeries | None = None,
) -> Bandwidth:
    """Choose a bandwidth from the points themselves.

    Parameters
    ----------
    points
        Points in a projected CRS; those without a place are left out.
    method
        "scott": sigma = s * n**(-1/6), with s the root of the mean variance of x and y, so that
        the kernel is round. (In two dimensions Silverman's rule is the same number.)
    area
        Only points inside these polygons count.

    Returns
    -------
    bandwidth
        As a standard deviation; `kde` converts it for the kernel at hand.

    Raises
    ------
    InputError
        The method is unknown, fewer than two points are left, or all lie in one place.
    CrsError
        The CRS is missing or geographic.

    Notes
    -----
    Scott's rule supposes one normally distributed cloud. A town has many centres, so it smooths
    too much: read it as an upper bound. O(n).

    References
    ----------
    Scott, D. W. (1992). Multivariate Density Estimation. doi:10.1002/9780470316849

    Examples
    --------
    >>> import geopandas as gpd
    >>> corners = gpd.GeoSeries.from_xy([0, 0, 600, 600], [0, 600, 0, 600], crs="EPSG:28992")
    >>> round(bandwidth(corners, method="scott").sigma, 2)
    274.95
    """
    _known("method", method, ("scott",))
    places = precise_places(points, np.finfo(float).max)[0]
    places = places[~np.isnan(places).any(axis=1)]
    if area is not None and len(places):
        shape = shapely.union_all(np.asarray(area.geometry.array))
        shapely.prepare(shape)
        places = places[shapely.intersects_xy(shape, places)]
    spread = np.sqrt(places.var(axis=0, ddof=1).mean()) if len(places) > 1 else 0.0
    if spread == 0:
        raise InputError(
            "a bandwidth needs points in at least two places",
            f"{len(places)} points" + (" in one place" if len(places) > 1 else ""),
            "take a longer period or a larger area, or give a bandwidth in metres",
        )
    return Bandwidth(
        sigma=float(spread * len(places) ** (-1 / 6)),
        method="scott",
        n=len(places),
        curve=pd.DataFrame({"sigma": [], "criterion": []}, dtype=float),
    )


def kde(
    points: gpd.GeoDataFrame | gpd.GeoSeries,
    grid: Grid,
    *,
    bandwidth: Bandwidth | float,
    kernel: Kernel = "quartic",
    edge: Edge = "diggle",
    weights: npt.ArrayLike | None = None,
) -> xr.DataArray:
    """Kernel density of points at the cell centres of a grid.

    Parameters
    ----------
    points
        Points in the CRS of the grid.
    grid
        Where the density is wanted; its area decides which points count.
    bandwidth
        A `Bandwidth`, or metres: the radius of the quartic kernel, the standard deviation of the Gaussian.
    kernel
        "quartic", proportional to (1 - (d/radius)**2)**2 within the radius, or "gaussian".
    edge
        Correction for the mass that a kernel would lose across the border: "diggle" divides each
        point's kernel by its own mass inside, so that mass is kept exactly; "uniform" divides each
        cell by the kernel mass around it; "none" leaves the loss. Only "diggle" keeps mass.
    weights
        One finite number of 0 or more per point; 1 when left out.

    Returns
    -------
    surface
        (y, x) incidents per km2 at the cell centres, NaN outside the area. `attrs`: `crs`,
        `cell_size`, `kernel`, `edge`, `bandwidth` (the kernel's own parameter, m), `sigma` (m),
        `method`, `n` (points, or weight, inside), `n_outside`, `n_unlocated`, `n_imprecise` (`precision_m`
        above the cell size), `n_unplaced` (inside, but with no cell centre of the area within reach of
        the kernel).

    Raises
    ------
    InputError
        Bandwidth, kernel, edge or weights cannot be used; the bandwidth is under the cell size; or most places are
        less precise than a cell.
    CrsError
        The CRS is missing, geographic, or not the grid's.

    Notes
    -----
    Exact in float64: no kernel is cut off or binned. Quartic: O(n (radius / cell)^2), direct.
    Gaussian: O(n (columns + rows) + n x cells), as one matrix product, the kernel being a product of x and y.

    References
    ----------
    Diggle, P. (1985). A kernel method for smoothing point process data. doi:10.2307/2347366

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
    _known("kernel", kernel, RADIUS_PER_SIGMA)
    _known("edge", edge, ("diggle", "uniform", "none"))
    grid.match_crs(points)
    if isinstance(bandwidth, Bandwidth):
        reach, method = bandwidth.radius(kernel), bandwidth.method
    else:
        reach, method = float(bandwidth), "given"
    if not (np.isfinite(reach) and reach >= grid.cell_size):
        raise InputError(
            "bandwidth must be at least the cell size",
            f"{reach:g} m on cells of {grid.cell_size:g} m",
            "take a larger bandwidth or smaller cells",
        )
    places, imprecise = precise_places(points, grid.cell_size)
    weight = _weights(weights, len(places))
    known = ~np.isnan(places).any(axis=1)
    shapely.prepare(grid.area)
    inside = np.zeros(len(places), bool)
    inside[known] = shapely.intersects_xy(grid.area, places[known])
    smooth = _Quartic(grid, reach) if kernel == "quartic" else _Gaussian(grid, reach)
    mass = smooth.mass(places[inside])
    placed = mass > 0
    w = weight[inside][placed]
    total = smooth.spread(places[inside][placed], w / mass[placed] if edge == "diggle" else w)
    if edge == "uniform":
        around = smooth.around()
        total = np.divide(total, around, out=np.zeros_like(total), where=around > 0)
    return grid.surface(
        total * 1e6,
        kernel=kernel,
        edge=edge,
        bandwidth=reach,
        sigma=float(reach / RADIUS_PER_SIGMA[kernel]),
        method=method,
        n=_tally(w),
        n_outside=_tally(weight[known & ~inside]),
        n_unlocated=_tally(weight[~known & ~imprecise]),
        n_imprecise=_tally(weight[imprecise]),
        n_unplaced=_tally(weight[inside][~placed]),
    )


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


class _Quartic:
    """Direct sums over the cells within the radius of each point."""

    def __init__(self, grid: Grid, radius: float) -> None:
        self.grid, self.radius = grid, radius
        reach = int(np.ceil(radius / grid.cell_size))
        self.offset = np.arange(-reach, reach + 1)
        self.pad = reach + 1
        self.inside = np.pad(grid.inside, self.pad)

    def _blocks(self, places: Array) -> list[slice]:
        size = max(1, _BLOCK // len(self.offset) ** 2)
        return [slice(begin, begin + size) for begin in range(0, len(places), size)]

    def _kernel(self, places: Array) -> tuple[Array, npt.NDArray[np.intp]]:
        """(points, cells) kernel values per m2 and the flat padded index of the cells."""
        grid, cell = self.grid, self.grid.cell_size
        # A point on the north or east edge of the grid falls one cell beyond it: the padding holds that.
        nearest = (np.floor(places / cell) - np.floor([grid.x[0] / cell, grid.y[0] / cell])).astype(np.int64)
        column, row = nearest[:, :1] + self.offset, nearest[:, 1:] + self.offset
        dx = (grid.x[0] + column * cell - places[:, :1]) / self.radius
        dy = (grid.y[0] + row * cell - places[:, 1:]) / self.radius
        closeness = np.maximum(0.0, 1.0 - dx[:, None, :] ** 2 - dy[:, :, None] ** 2)
        flat = (row + self.pad)[:, :, None] * self.inside.shape[1] + (column + self.pad)[:, None, :]
        return closeness**2 * (3 / (np.pi * self.radius**2)), flat

    def mass(self, places: Array) -> Array:
        """Kernel mass of each point over the cells of the area."""
        out = np.empty(len(places))
        for block in self._blocks(places):
            value, flat = self._kernel(places[block])
            out[block] = (value * self.inside.ravel()[flat]).sum(axis=(1, 2))
        return out * self.grid.cell_size**2

    def spread(self, places: Array, weight: Array) -> Array:
        """Weighted sum of the kernels at every cell, per m2."""
        total = np.zeros(self.inside.size)
        for block in self._blocks(places):
            value, flat = self._kernel(places[block])
            value *= weight[block, None, None]
            total += np.bincount(flat.ravel(), weights=value.ravel(), minlength=total.size)
        return total.reshape(self.inside.shape)[self.pad : -self.pad, self.pad : -self.pad]

    def around(self) -> Array:
        """Mass over the area of the kernel centred at every cell."""
        from scipy.signal import fftconvolve

        step = self.offset * self.grid.cell_size / self.radius
        kernel = np.maximum(0.0, 1.0 - step[None, :] ** 2 - step[:, None] ** 2) ** 2 * (3 / (np.pi * self.radius**2))
        return np.asarray(fftconvolve(self.grid.inside.astype(float), kernel, mode="same")) * self.grid.cell_size**2


class _Gaussian:
    """Exact sums as matrix products: the kernel is a product of one in x and one in y."""

    def __init__(self, grid: Grid, sigma: float) -> None:
        self.grid, self.sigma = grid, sigma

    def _blocks(self, places: Array) -> list[slice]:
        size = max(1, _BLOCK // sum(self.grid.shape))
        return [slice(begin, begin + size) for begin in range(0, len(places), size)]

    def _along(self, at: Array, centres: Array) -> Array:
        scaled = (centres[None, :] - at[:, None]) / self.sigma
        return np.exp(-0.5 * scaled**2) / (np.sqrt(2 * np.pi) * self.sigma)

    def mass(self, places: Array) -> Array:
        """Kernel mass of each point over the cells of the area."""
        out = np.empty(len(places))
        inside = self.grid.inside.astype(float)
        for block in self._blocks(places):
            gx = self._along(places[block, 0], self.grid.x)
            gy = self._along(places[block, 1], self.grid.y)
            out[block] = ((gy @ inside) * gx).sum(axis=1)
        return out * self.grid.cell_size**2

    def spread(self, places: Array, weight: Array) -> Array:
        """Weighted sum of the kernels at every cell, per m2."""
        total = np.zeros(self.grid.shape)
        for block in self._blocks(places):
            gx = self._along(places[block, 0], self.grid.x)
            gy = self._along(places[block, 1], self.grid.y)
            total += (gy * weight[block, None]).T @ gx
        return total

    def around(self) -> Array:
        """Mass over the area of the kernel centred at every cell."""
        gx = self._along(self.grid.x, self.grid.x)
        gy = self._along(self.grid.y, self.grid.y)
        return np.asarray(gy @ self.grid.inside.astype(float) @ gx.T) * self.grid.cell_size**2
