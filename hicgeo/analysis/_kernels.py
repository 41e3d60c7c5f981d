"""Kernels and how their sums over a grid are taken: directly, or for a Gaussian by splines and a Fourier transform."""

from __future__ import annotations

import os
from functools import cached_property
from typing import TYPE_CHECKING, Literal, get_args

import numpy as np
import numpy.typing as npt
from scipy import fft, ndimage
from scipy.signal import oaconvolve

from hicgeo.analysis._threads import PARTS, in_parts

if TYPE_CHECKING:
    from hicgeo.grid import Grid

Array = npt.NDArray[np.float64]
Kernel = Literal["gaussian", "quartic", "epanechnikov", "triangular", "uniform"]

KERNELS: tuple[Kernel, ...] = get_args(Kernel)
"""In the order in which the compiled loops number them."""

RADIUS_PER_SIGMA: dict[Kernel, float] = {
    "gaussian": 1.0, "quartic": 8**0.5, "epanechnikov": 6**0.5, "triangular": (20 / 3) ** 0.5, "uniform": 2.0,
}  # fmt: skip
"""A kernel's own parameter (standard deviation of a Gaussian, else the radius) per standard deviation and axis."""

HEIGHT: dict[Kernel, float] = {
    "gaussian": 1 / (2 * np.pi), "quartic": 3 / np.pi, "epanechnikov": 2 / np.pi, "triangular": 3 / np.pi,
    "uniform": 1 / np.pi,
}  # fmt: skip
"""Height of a kernel of mass 1 with parameter 1."""

STEPS_PER_SIGMA = 5.0
"""Nodes per standard deviation: the error of order-6 splines is then under 7e-8 of a kernel's height.

What the spline lets through is, per axis, at most sum over k != 0 of E|(w / (w + 2 pi k / h))|^6 with w the frequency
of a Gaussian: 2 x 15 x (h / (2 pi sigma))^6, and twice that for two axes.
"""

TAIL = 6.0
"""Standard deviations between a town and its image in the periodic transform."""

THIN = 0.2
"""Points with less of their kernel than this inside are summed directly: their share would enlarge the error."""

_NS_CELL, _NS_POINT, _NS_NODE = 1.0, 80.0, 70.0
"""Rough costs of a direct sum per cell, of the splines per point and per node: they choose the way, not the answer."""


def profile(kernel: Kernel, square: Array) -> Array:
    """Kernel of height 1 and parameter 1 at a squared distance."""
    if kernel == "gaussian":
        return np.asarray(np.exp(-0.5 * square))
    if kernel == "uniform":
        return (square <= 1).astype(float)
    if kernel == "triangular":
        return 1 - np.sqrt(np.minimum(square, 1))
    return np.asarray(np.maximum(1 - square, 0) ** (2 if kernel == "quartic" else 1))


class Direct:
    """Sums over the cells within reach of each point; exact to rounding, O(n (reach / cell)^2).

    Parameters
    ----------
    grid
        Cells to sum over.
    kernel
        One of `KERNELS`.
    reach
        The kernel's own parameter in metres, one number or one per point.
    """

    def __init__(self, grid: Grid, kernel: Kernel, reach: float | Array) -> None:
        from hicgeo.analysis import _compiled_density

        self.grid, self.kernel, self.reach = grid, kernel, reach
        self._compiled, self._code = _compiled_density, KERNELS.index(kernel)

    @property
    def _corner(self) -> tuple[float, float]:
        return float(self.grid.x[0]), float(self.grid.y[0])

    def _reaches(self, n: int) -> Array:
        return np.array(np.broadcast_to(np.asarray(self.reach, float), n))

    @cached_property
    def _gap(self) -> npt.NDArray[np.int32]:
        framed = np.pad(self.grid.inside, 1)
        return np.ascontiguousarray(
            ndimage.distance_transform_cdt(framed, metric="chessboard")[1:-1, 1:-1].astype(np.int32).ravel()
        )

    def mass(self, places: Array) -> Array:
        """Kernel mass of each point over the cells of the area."""
        places, reach = np.ascontiguousarray(places), self._reaches(len(places))
        out, inside = np.empty(len(places)), self.grid.inside.astype(float).ravel()
        given = self.grid.cell_size, inside, self._gap, *self.grid.shape
        in_parts(
            len(places),
            lambda part: self._compiled.direct_mass(
                self._code, places[part], *self._corner, reach[part], *given, out[part]
            ),
        )
        return out * (HEIGHT[self.kernel] * (self.grid.cell_size / reach) ** 2)

    def spread(self, places: Array, weight: Array, mass: Array | None = None) -> Array:
        """Weighted sum of the kernels at every cell of the rectangle, per m2; `mass` is not needed."""
        places, reach = np.ascontiguousarray(places), self._reaches(len(places))
        amount = weight * (HEIGHT[self.kernel] / reach**2)

        def work(part: slice) -> Array:
            total = np.zeros(self.grid.inside.size)
            given = amount[part], reach[part], self.grid.cell_size, *self.grid.shape
            self._compiled.direct_spread(self._code, places[part], *self._corner, *given, total)
            return total

        parts = in_parts(len(places), work, most=max(1, min(PARTS, 20_000_000 // self.grid.inside.size)))
        return np.asarray(sum(parts[1:], start=parts[0])).reshape(self.grid.shape)


class Splines:
    """Sums of Gaussians: points spread over nodes by B-splines, then smoothed by a Fourier transform.

    The transform also takes out what the spline itself smooths. O(n + nodes log(nodes)).

    Parameters
    ----------
    x, y
        Coordinates at which the sums are wanted, evenly spaced; points lie at most half a space beyond them.
    sigma
        Standard deviation, metres.
    refine
        Nodes per space between the coordinates.
    tail
        Standard deviations between what is summed and its image in the periodic transform.
    passes
        1 from points to nodes or back, 2 from points to points: so often does the spline smooth.
    """

    def __init__(
        self, x: Array, y: Array, space: float, sigma: float, refine: int, tail: float = TAIL, passes: int = 1
    ) -> None:
        from hicgeo.analysis import _compiled_density

        self._compiled, self.refine, self.step = _compiled_density, refine, space / refine
        before = refine // 2 + _compiled_density.ORDER // 2
        self.corner = float(x[0] - before * self.step), float(y[0] - before * self.step)
        beyond = int(np.ceil(tail * sigma / self.step)) + 2 * before + 2
        self.shape = tuple(fft.next_fast_len((len(axis) - 1) * refine + 1 + beyond, real=True) for axis in (y, x))
        self.at = tuple(slice(before, before + len(axis) * refine, refine) for axis in (y, x))
        along = []
        for n, frequency in zip(self.shape, (np.fft.fftfreq, np.fft.rfftfreq), strict=True):
            per_node = frequency(n)
            gaussian = np.exp(-0.5 * (2 * np.pi * per_node * sigma / self.step) ** 2)
            along.append(gaussian / np.sinc(per_node) ** (passes * _compiled_density.ORDER) / self.step)
        self.filter = along[0][:, None] * along[1]

    @staticmethod
    def nodes(shape: tuple[int, int], space: float, sigma: float, refine: int) -> float:
        """How many nodes it takes."""
        return float(np.prod([n * refine + TAIL * sigma * refine / space + 12 for n in shape]))

    def smooth(self, on_nodes: Array) -> Array:
        """The nodes convolved with the Gaussian, and with the inverse of the spline."""
        workers = min(2, os.cpu_count() or 1)
        transformed = fft.rfft2(on_nodes, workers=workers)
        transformed *= self.filter
        return np.asarray(fft.irfft2(transformed, s=self.shape, workers=workers, overwrite_x=True))

    def on_nodes(self, places: Array, weight: Array) -> Array:
        """Weights spread over the nodes."""
        places = np.ascontiguousarray(places)

        def work(part: slice) -> Array:
            nodes = np.zeros(self.shape)
            self._compiled.spread(places[part], weight[part], *self.corner, self.step, nodes.ravel(), self.shape[1])
            return nodes

        parts = in_parts(len(places), work, most=max(1, min(PARTS, 20_000_000 // int(np.prod(self.shape)))))
        return np.asarray(sum(parts[1:], start=parts[0]))

    def at_points(self, nodes: Array, places: Array) -> Array:
        """What stands on the nodes, gathered at points by the same splines."""
        places = np.ascontiguousarray(places)
        out = np.empty(len(places))
        given = *self.corner, self.step, nodes.ravel(), self.shape[1]
        in_parts(len(places), lambda part: self._compiled.gather(places[part], *given, out[part]))
        return out


class Spectral:
    """Gaussian sums at the cells of a grid by `Splines`, to 1e-7 of the height of a kernel.

    Points that have little of their kernel inside are summed directly.

    Parameters
    ----------
    grid
        Cells to sum over.
    sigma
        Standard deviation, metres.
    """

    def __init__(self, grid: Grid, sigma: float) -> None:
        self.grid = grid
        self.direct = Direct(grid, "gaussian", sigma)
        self.splines = Splines(grid.x, grid.y, grid.cell_size, sigma, _refine(grid.cell_size, sigma))

    @cached_property
    def _mass(self) -> Array:
        """Mass over the area of a kernel at every node."""
        nodes = np.zeros(self.splines.shape)
        nodes[self.splines.at] = self.grid.inside
        return self.splines.smooth(nodes) * self.grid.cell_size**2

    def mass(self, places: Array) -> Array:
        """Kernel mass of each point over the cells of the area."""
        out = self.splines.at_points(self._mass, places)
        if len(thin := np.flatnonzero(out < THIN)):
            out[thin] = self.direct.mass(places[thin])
        return out

    def spread(self, places: Array, weight: Array, mass: Array) -> Array:
        """Weighted sum of the kernels at every cell of the rectangle, per m2; `mass` as answered above."""
        thin = mass < THIN
        some = thin.any()
        nodes = self.splines.on_nodes(places, np.where(thin, 0.0, weight) if some else weight)
        # The transform leaves what should be nothing at some 1e-9 of the peak, on either side of zero.
        total = np.maximum(self.splines.smooth(nodes)[self.splines.at], 0.0)
        if some:
            total += self.direct.spread(places[thin], weight[thin], mass[thin])
        return total


def _refine(cell_size: float, sigma: float) -> int:
    return int(np.ceil(STEPS_PER_SIGMA * cell_size / sigma))


def smoother(grid: Grid, kernel: Kernel, reach: float | Array, n: int) -> Direct | Spectral:
    """The cheaper way to the same sums.

    Parameters
    ----------
    grid
        Cells to sum over.
    kernel
        One of `KERNELS`.
    reach
        The kernel's own parameter in metres, one number or one per point.
    n
        Points to come.
    """
    from hicgeo.analysis._compiled_density import CUT

    if kernel == "gaussian" and np.ndim(reach) == 0:
        sigma = float(reach)
        window = np.prod([min(2 * CUT * sigma / grid.cell_size + 1, size) for size in grid.shape])
        nodes = Splines.nodes(grid.shape, grid.cell_size, sigma, _refine(grid.cell_size, sigma))
        if _NS_POINT * n + _NS_NODE * nodes < _NS_CELL * n * window:
            return Spectral(grid, sigma)
    return Direct(grid, kernel, reach)


def stamp(grid: Grid, kernel: Kernel, reach: float) -> Array:
    """Mass of a kernel at the centre of a cell in the cells around it, no further than the grid is wide."""
    from hicgeo.analysis._compiled_density import CUT

    cells = int(np.ceil(reach * (CUT if kernel == "gaussian" else 1.0) / grid.cell_size))
    most = [min(cells, size - 1) for size in grid.shape]
    offset = [np.arange(-each, each + 1) * grid.cell_size / reach for each in most]
    height = HEIGHT[kernel] * (grid.cell_size / reach) ** 2
    return profile(kernel, offset[0][:, None] ** 2 + offset[1] ** 2) * height


def around(grid: Grid, kernel: Kernel, reach: float | Array) -> Array:
    """Mass over the area of a kernel at the centre of every cell of the rectangle; O(cells log(reach / cell)).

    With a bandwidth per cell: of the cells of the area only, 1 elsewhere, and directly.
    """
    if isinstance(reach, np.ndarray):
        row, column = np.nonzero(grid.inside)
        out = np.ones(grid.shape)
        out[row, column] = Direct(grid, kernel, reach[row, column]).mass(np.column_stack([grid.x[column], grid.y[row]]))
        return out
    return np.asarray(oaconvolve(grid.inside.astype(float), stamp(grid, kernel, reach), mode="same"))
