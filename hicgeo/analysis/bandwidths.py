"""How much to smooth: rules and cross-validation."""

from __future__ import annotations

import warnings
from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, Literal, get_args

import numpy as np
import numpy.typing as npt
import pandas as pd
import shapely

from hicgeo.analysis._kernels import Splines, smoother
from hicgeo.analysis._threads import in_parts
from hicgeo.analysis.density import Bandwidth, precise_places
from hicgeo.errors import HicgeoWarning, InputError
from hicgeo.grid import Grid

if TYPE_CHECKING:
    import geopandas as gpd

    Array = npt.NDArray[np.float64]

Method = Literal["scott", "silverman", "ppl", "diggle", "cvl"]

_CANDIDATES = np.geomspace(0.02, 2.5, 24)
"""Candidates as shares of Scott's rule."""

_SIDE = 1000
"""Cells along the longer side of the area, for the share of a kernel inside it."""

_STEPS_PER_SIGMA, _TAIL = 8.0, 9.0
"""Finer than for a map: a point's own kernel is taken off again, and what is left must still be right."""

_ALONE = 0.1
"""Where others give less than this share of a point's own kernel, they are summed pair by pair."""

_BEYOND = 36.0
"""What gives less than exp(-36) of the nearest neighbour is left out of a sum of pairs."""

_NS_PAIR, _NS_POINT, _NS_NODE = 4.0, 100.0, 40.0

MAX_PAIRS = 2_000_000_000
"""Pairs that Diggle's criterion goes through at most: some minutes."""


def bandwidth(
    points: gpd.GeoDataFrame | gpd.GeoSeries,
    *,
    method: Method,
    area: gpd.GeoDataFrame | gpd.GeoSeries | None = None,
    candidates: npt.ArrayLike | None = None,
    cell_size: float | None = None,
) -> Bandwidth:
    """Choose a bandwidth from the points themselves.

    Parameters
    ----------
    points
        Points in a projected CRS; those without a place are left out.
    method
        Rules, with n points of which x and y have variances v and quartile ranges q (means of squares over the axes):

        - "scott": sigma = sqrt(v) n**(-1/6);
        - "silverman": sigma = min(sqrt(v), sqrt(q) / 1.349) n**(-1/6), which far villages pull at less. (In two
          dimensions the factor by which his rule differs from Scott's is 1.)

        Cross-validation, of a Gaussian kernel:

        - "ppl": largest Poisson likelihood of every point given the others, sum(log f_-i(x_i)) - n, with Diggle's edge
          correction, whose total is n;
        - "diggle": smallest mean squared error of a Cox process (Berman and Diggle), M(h) at h = 2 sigma, from the K
          function with translation correction;
        - "cvl": total of 1 / f(x_i) nearest to the size of the area (Cronie and van Lieshout); criterion: square of
          the difference, m4.
    area
        Only points inside these polygons count. Cross-validation needs it.
    candidates
        Standard deviations, metres, to choose from. When left out: 24 from 0.02 to 2.5 times Scott's rule, and then
        between the neighbours of the best.
    cell_size
        Cells of the map to come, metres: a choice below it is refused.

    Returns
    -------
    bandwidth
        As a standard deviation, with the whole `curve` of the criterion; `kde` converts it for the kernel at hand.

    Raises
    ------
    InputError
        The method is unknown, fewer than two points are left, all lie in one place, cross-validation has no area,
        candidates are not positive numbers, the choice is below the cell size, or "diggle" has too many pairs.
    CrsError
        The CRS is missing or geographic.

    Warns
    -----
    HicgeoWarning
        The best candidate is the smallest or the largest: the optimum lies beyond, or there is none.

    Notes
    -----
    Scott's rule supposes one normally distributed cloud. A town has many centres, so it smooths too much: read it as
    an upper bound. Likelihood falls to repeats at one address: where nearly every point has a twin there is no
    optimum. Kernel masses inside are taken over cells of a thousandth of the area's longer side, and not for
    kernels narrower than a cell.

    O(n) for the rules. "ppl" and "cvl" per candidate: O(n + nodes log(nodes)) with some eight nodes per sigma, or,
    where that is cheaper and for isolated points always, the sum over neighbours in full, which stays right however
    small it gets. "diggle": O(pairs within four times the largest sigma).

    References
    ----------
    Berman, M. and Diggle, P. (1989). Estimating weighted integrals of the second-order intensity of a spatial point
    process. doi:10.1111/j.2517-6161.1989.tb01750.x

    Cronie, O. and van Lieshout, M. N. M. (2018). A non-model-based approach to bandwidth selection for kernel
    estimators of spatial intensity functions. doi:10.1093/biomet/asy001

    Loader, C. (1999). Local Regression and Likelihood. doi:10.1007/b98858

    Scott, D. W. (1992). Multivariate Density Estimation. doi:10.1002/9780470316849

    Silverman, B. W. (1986). Density Estimation for Statistics and Data Analysis. doi:10.1201/9781315140919

    Examples
    --------
    >>> import geopandas as gpd
    >>> corners = gpd.GeoSeries.from_xy([0, 0, 600, 600], [0, 600, 0, 600], crs="EPSG:28992")
    >>> round(bandwidth(corners, method="scott").sigma, 2)
    274.95
    """
    if method not in get_args(Method):
        raise InputError("method must be known", repr(method), f"take one of {', '.join(get_args(Method))}")
    places = precise_places(points, np.finfo(float).max)[0]
    places = places[~np.isnan(places[:, 0])]
    if area is not None:
        shape = shapely.union_all(np.asarray(area.geometry.array))
        shapely.prepare(shape)
        places = places[shapely.intersects_xy(shape, places)] if len(places) else places
    spread = np.sqrt(places.var(axis=0, ddof=1).mean()) if len(places) > 1 else 0.0
    if spread == 0:
        raise InputError(
            "a bandwidth needs points in at least two places",
            f"{len(places)} points" + (" in one place" if len(places) > 1 else ""),
            "take a longer period or a larger area, or give a bandwidth in metres",
        )
    scott = float(spread * len(places) ** (-1 / 6))
    curve = pd.DataFrame({"sigma": [], "criterion": []}, dtype=float)
    if method == "scott":
        sigma = scott
    elif method == "silverman":
        quartiles = np.quantile(places, [0.25, 0.75], axis=0)
        robust = np.sqrt(((quartiles[1] - quartiles[0]) ** 2).mean()) / 1.349
        sigma = scott * min(1.0, robust / spread) if robust > 0 else scott
    else:
        if area is None:
            raise InputError(f"{method!r} needs the area in which points could lie", "none", "give area=")
        given = _check(candidates)
        criterion = _CRITERIA[method](_Town(places, Grid.over(area, cell_size=_fine(area)), shape.area))
        curve = _curve(criterion, scott * _CANDIDATES if given is None else given, refine=given is None)
        best = int(np.argmax(curve["criterion"]) if method == "ppl" else np.argmin(curve["criterion"]))
        sigma = float(curve["sigma"].iloc[best])
        if best in (0, len(curve) - 1):
            warnings.warn(
                f"the best bandwidth, {sigma:.0f} m, is the {'smallest' if best == 0 else 'largest'} candidate: "
                "the optimum lies beyond it, or there is none (many repeats at one address)",
                HicgeoWarning,
                stacklevel=2,
            )
    if cell_size is not None and not sigma >= cell_size:
        raise InputError(
            "the bandwidth must be at least the cell size",
            f"{method} gives {sigma:.0f} m for cells of {cell_size:g} m",
            f"take cells of {sigma:.0f} m or less, or another method",
        )
    return Bandwidth(sigma=float(sigma), method=method, n=len(places), curve=curve)


def _check(candidates: npt.ArrayLike | None) -> Array | None:
    if candidates is None:
        return None
    given = np.unique(np.asarray(candidates, float))
    if given.ndim != 1 or len(given) == 0 or not (np.isfinite(given) & (given > 0)).all():
        raise InputError("candidates must be numbers above 0 metres", f"{candidates}", "give a list such as [100, 200]")
    return given


def _fine(area: gpd.GeoDataFrame | gpd.GeoSeries) -> float:
    west, south, east, north = area.total_bounds
    return float(max(east - west, north - south) / _SIDE)


def _curve(criterion: _Criterion, sigmas: Array, *, refine: bool) -> pd.DataFrame:
    """Criterion at the candidates and, if wanted, at nine more between the neighbours of the best."""
    values = criterion(sigmas)
    best = int(np.argmax(values * criterion.better))
    if refine and 0 < best < len(sigmas) - 1:
        more = np.geomspace(sigmas[best - 1], sigmas[best + 1], 12)[1:-1]
        sigmas, values = np.append(sigmas, more), np.append(values, criterion(more))
    order = np.argsort(sigmas)
    return pd.DataFrame({"sigma": sigmas[order], "criterion": values[order]})


@dataclass(frozen=True)
class _Buckets:
    """Points sorted into square buckets, so that neighbours stand together."""

    order: npt.NDArray[np.intp]
    x: Array
    y: Array
    start: npt.NDArray[np.int64]
    frame: tuple[float, int, int]

    @classmethod
    def of(cls, places: Array, size: float) -> _Buckets:
        extent = np.ptp(places, axis=0)
        size = max(size, float(np.sqrt(max(np.prod(extent), extent.max() ** 2 / 1e3) / (4 * len(places) + 100))))
        x, y = (places - places.min(axis=0)).T
        columns, rows = int(extent[0] / size) + 1, int(extent[1] / size) + 1
        bucket = (y / size).astype(np.int64) * columns + (x / size).astype(np.int64)
        order = np.argsort(bucket, kind="stable")
        start = np.searchsorted(bucket[order], np.arange(rows * columns + 1))
        return cls(order, x[order], y[order], start, (size, rows, columns))

    def pairs(self) -> float:
        """Pairs in buckets that touch."""
        from scipy.ndimage import uniform_filter

        held = np.diff(self.start).reshape(self.frame[1:]).astype(float)
        return float((held * uniform_filter(held, 3, mode="constant") * 9).sum())


class _Town:
    """Points in an area, and sums of a Gaussian at the points over the points."""

    def __init__(self, places: Array, raster: Grid, area: float) -> None:
        from hicgeo.analysis import _compiled_density

        self.places, self.raster, self.area = places, raster, area
        self._compiled = _compiled_density

    @cached_property
    def nearest(self) -> Array:
        """Distance to the nearest other point."""
        from scipy.spatial import cKDTree

        return np.asarray(cKDTree(self.places).query(self.places, k=2)[0][:, 1])

    def inside(self, sigma: float) -> Array:
        """Share of each point's kernel inside the area; 1 where the raster cannot tell."""
        if sigma < self.raster.cell_size:
            return np.ones(len(self.places))
        mass = smoother(self.raster, "gaussian", sigma, len(self.places)).mass(self.places)
        return np.where(mass > 0, mass, 1.0)

    def log_of_others(self, sigma: float, amount: Array) -> Array:
        """Logarithm of the sum over all other points of amount times the Gaussian, per m2."""
        buckets = _Buckets.of(self.places, np.sqrt(2 * _BEYOND) * sigma)
        step = sigma / _STEPS_PER_SIGMA
        extent = np.ptp(self.places, axis=0)
        nodes = float(np.prod(extent / step + _TAIL * _STEPS_PER_SIGMA + 20))
        out = np.empty(len(self.places))
        if _NS_PAIR * buckets.pairs() <= _NS_NODE * nodes + _NS_POINT * len(out):
            alone = np.arange(len(out))
        else:
            low, high = self.places.min(axis=0), self.places.max(axis=0)
            axes = [np.arange(a, b + step, step) for a, b in zip(low, high, strict=True)]
            splines = Splines(axes[0], axes[1], step, sigma, 1, _TAIL, passes=2)
            own = 1 / (2 * np.pi * sigma**2)
            smooth = splines.smooth(splines.on_nodes(self.places, amount))
            others = splines.at_points(smooth, self.places) / own - amount
            alone = np.flatnonzero(others < _ALONE)
            with np.errstate(invalid="ignore", divide="ignore"):
                out = np.log(others)
        if len(alone):
            self._pair_by_pair(buckets, alone, sigma, amount, out)
        return out - np.log(2 * np.pi * sigma**2)

    def _pair_by_pair(
        self, buckets: _Buckets, alone: npt.NDArray[np.intp], sigma: float, amount: Array, out: Array
    ) -> None:
        """Put the sums of some points, taken over their neighbours, into `out`."""
        place = np.empty(len(out), np.intp)
        place[buckets.order] = np.arange(len(out))
        which = np.sort(place[alone])
        sums = np.empty(len(which))
        order = buckets.order
        given = buckets.x, buckets.y, amount[order], self.nearest[order], sigma, _BEYOND, buckets.start, *buckets.frame
        in_parts(len(which), lambda part: self._compiled.log_of_others(which[part], *given, sums[part]), least=500)
        out[order[which]] = sums


class _Criterion(ABC):
    """Criterion of each of some standard deviations; `better` is 1 where more is better and -1 where less is."""

    better = -1.0

    def __init__(self, town: _Town) -> None:
        self.town = town

    @abstractmethod
    def __call__(self, sigmas: Array) -> Array: ...


class _Likelihood(_Criterion):
    better = 1.0

    def __call__(self, sigmas: Array) -> Array:
        return np.array([self._one(float(sigma)) for sigma in sigmas])

    def _one(self, sigma: float) -> float:
        logs = self.town.log_of_others(sigma, 1 / self.town.inside(sigma))
        return float(logs.sum()) - len(logs)


class _CronieVanLieshout(_Criterion):
    def __call__(self, sigmas: Array) -> Array:
        return np.array([self._one(float(sigma)) for sigma in sigmas])

    def _one(self, sigma: float) -> float:
        others = np.exp(self.town.log_of_others(sigma, np.ones(len(self.town.places))))
        return float(((1 / (others + 1 / (2 * np.pi * sigma**2))).sum() - self.town.area) ** 2)


class _BermanDiggle(_Criterion):
    def __call__(self, sigmas: Array) -> Array:
        town, n = self.town, len(self.town.places)
        radii = np.sort(2 * sigmas)
        buckets = _Buckets.of(town.places, 2 * float(radii[-1]))
        if buckets.pairs() > MAX_PAIRS:
            raise InputError(
                f"'diggle' goes through at most {MAX_PAIRS:,} pairs of points",
                f"about {buckets.pairs():.1e} within {2 * radii[-1]:.0f} m",
                "take smaller candidates, a sample of the points, or 'ppl'",
            )
        share = _share_that_remains(town.raster, 2 * float(radii[-1]))

        within, overlap = np.zeros(len(radii)), np.zeros(len(radii))
        town._compiled.disc_overlaps(
            buckets.x, buckets.y, radii, buckets.start, *buckets.frame, share, town.raster.cell_size, within, overlap
        )
        # K(h) and the integral of the overlap over dK, each an average over pairs.
        per_pair = town.area / (n * (n - 1))
        disc = np.pi * radii**2
        value = (town.area / n - 2 * per_pair * within) / disc + per_pair * overlap * radii**2 / disc**2
        return np.asarray(value[np.argsort(np.argsort(sigmas))])


_CRITERIA: dict[str, Callable[[_Town], _Criterion]] = {
    "ppl": _Likelihood,
    "cvl": _CronieVanLieshout,
    "diggle": _BermanDiggle,
}


def _share_that_remains(raster: Grid, most: float) -> npt.NDArray[Any]:
    """Share of the area that is still in it after a shift: x from 0 and y from -most, in cells."""
    from scipy.signal import fftconvolve

    inside = raster.inside.astype(float)
    whole = fftconvolve(inside, inside[::-1, ::-1], mode="full")
    rows, columns = inside.shape
    reach = int(np.ceil(most / raster.cell_size)) + 2
    down, across = min(reach, rows - 1), min(reach, columns - 1)
    near = whole[rows - 1 - down : rows + down, columns - 1 : columns + across]
    # Pairs cannot lie further apart than the area is wide; beyond it stands a share that divides no one.
    share = np.pad(near / inside.sum(), ((reach - down,) * 2, (0, reach - across)))
    return np.maximum(share, 1e-3)
