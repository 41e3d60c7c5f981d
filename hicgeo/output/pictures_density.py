"""Pictures of density: surfaces in classes, still or redrawn at once, the curve of a bandwidth, a back-test."""

from __future__ import annotations

from collections.abc import Mapping
from io import BytesIO
from textwrap import fill
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.colors import BoundaryNorm, ListedColormap
from matplotlib.patches import Patch
from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter

from hicgeo.errors import ColumnError, InputError
from hicgeo.output._layers import Scene
from hicgeo.output._layers_density import hotspot_layer, surface_layer
from hicgeo.output.language import check_language, number, text
from hicgeo.output.pictures import INK, SOFT, WATER, Picture

if TYPE_CHECKING:
    import geopandas as gpd
    import xarray as xr
    from matplotlib.axes import Axes

OURS, PLAIN = "#26678a", "#8b959e"


def plot_surface(
    surface: xr.DataArray | Mapping[str, xr.DataArray],
    areas: gpd.GeoDataFrame,
    *,
    hotspots: gpd.GeoDataFrame | None = None,
    language: str = "nl",
) -> Picture:
    """Show densities in classes, side by side in the same classes, with ranked hotspots on top.

    Parameters
    ----------
    surface
        Answer of `hicgeo.kde`, or several by the title that each must have.
    areas
        Neighbourhood table, for the borders.
    hotspots
        Answer of `hicgeo.hotspots`.
    language
        "nl" or "en".

    Returns
    -------
    Picture
        A map per surface and one legend, in incidents per km2; ranks with their interval.

    Raises
    ------
    InputError
        There is no surface, one has no density, or the language is unknown.

    Notes
    -----
    Classes are those of the map page, from the first surface: compare as many days with as many. O(cells).
    """
    said = check_language(language)
    several = dict(surface) if isinstance(surface, Mapping) else {"": surface}
    if not several:
        raise InputError("at least one surface must be given", "none", "make one with hicgeo.kde")
    scene = Scene.of(areas, said)
    first = next(iter(several.values()))
    layer = surface_layer(first, scene, None)
    breaks, colours = layer_breaks(first), [entry.colour for entry in layer.classes]
    west, south, east, north = areas.total_bounds
    height = min(9.0, max(3.0, 8 / len(several) * (north - south) / (east - west))) + 0.9
    figure = Picture(figsize=(8, height), layout="constrained", facecolor="#ffffff")
    for ax, (title, each) in zip(np.ravel(figure.subplots(1, len(several))), several.items(), strict=True):
        _draw(ax, each, areas, breaks, colours)
        ax.set_title(title, loc="left", fontsize=10, parse_math=False)
        if hotspots is not None and len(hotspots):
            _outlines(ax, hotspots, scene)
    handles = [
        Patch(facecolor=entry.colour, edgecolor="#8b959e", linewidth=0.5, label=entry.label) for entry in layer.classes
    ]
    figure.legend(
        handles=handles, loc="outside lower center", ncols=len(handles), fontsize=8, frameon=False, title=layer.unit,
        title_fontsize=8,
    )  # fmt: skip
    return figure


class LiveSurface:
    """A picture of a density that is drawn again in milliseconds when the density changes.

    Borders, water and legend are drawn once, by `plot_surface`, and laid over cells that are looked up per pixel.

    Parameters
    ----------
    surface
        The first density, whose classes all later ones are shown in.
    areas
        Neighbourhood table, for the borders.
    language
        "nl" or "en".

    Raises
    ------
    InputError
        The surface has no density, or the language is unknown.
    """

    def __init__(self, surface: xr.DataArray, areas: gpd.GeoDataFrame, *, language: str = "nl") -> None:
        figure = plot_surface(surface, areas, language=language)
        figure.set_dpi(110)
        image = figure.axes[0].images[0]
        palette = [tuple(image.cmap(n)) for n in range(image.cmap.N)]
        image.set_visible(False)
        figure.patch.set_alpha(0)
        canvas: Any = FigureCanvasAgg(figure)
        canvas.draw()
        over = np.asarray(canvas.buffer_rgba()).astype(np.uint16)
        self._breaks = layer_breaks(surface)
        self._colours = np.array([(255, 255, 255), *(np.multiply(each[:3], 255) for each in palette)], np.uint16)
        self._over, self._through = over[..., :3] * over[..., 3:] // 255, 255 - over[..., 3:]
        cells = []
        for axis, size in (("x", over.shape[1]), ("y", over.shape[0])):
            pixel = np.arange(size) + 0.5
            there = np.column_stack([pixel, pixel] if axis == "x" else [pixel, pixel[::-1]])
            metres = figure.axes[0].transData.inverted().transform(there)[:, int(axis == "y")]
            first, space = float(surface[axis][0]), float(surface.attrs["cell_size"])
            cell = np.floor((metres - first) / space + 0.5).astype(int) + 1
            cells.append(np.where((cell >= 1) & (cell <= surface.sizes[axis]), cell, 0))
        self._column, self._row = cells

    def png(self, surface: xr.DataArray) -> bytes:
        """Picture of another density on the same grid.

        Parameters
        ----------
        surface
            Incidents per km2.
        """
        from PIL import Image

        values = surface.to_numpy()
        classes = np.pad(np.where(np.isnan(values), 0, np.digitize(values, self._breaks) + 1), ((1, 0), (1, 0)))
        under = self._colours[classes[np.ix_(self._row, self._column)]]
        pixels: npt.NDArray[np.uint8] = (self._over + under * self._through // 255).astype(np.uint8)
        buffer = BytesIO()
        Image.fromarray(pixels).save(buffer, format="png", compress_level=1)
        return buffer.getvalue()


def layer_breaks(surface: xr.DataArray) -> np.ndarray:
    """Borders between the classes of a surface, as on the map page."""
    from hicgeo.output._layers import SURFACE_LEVELS, rounded_breaks

    present = surface.to_numpy()
    present = present[present > 0]
    return np.asarray(rounded_breaks(np.quantile(present, SURFACE_LEVELS), present))


def _draw(ax: Axes, surface: xr.DataArray, areas: gpd.GeoDataFrame, breaks: np.ndarray, colours: list[str]) -> None:
    """Cells in their class, under the borders."""
    ax.set_axis_off()
    ax.set_aspect("equal")
    half = float(surface.attrs["cell_size"]) / 2
    x, y = surface["x"].to_numpy(), surface["y"].to_numpy()
    top = max(float(np.nanmax(surface)), float(breaks[-1])) + 1
    norm = BoundaryNorm([0, *breaks, top], len(colours))
    ax.imshow(
        surface.to_numpy(), origin="lower", extent=(x[0] - half, x[-1] + half, y[0] - half, y[-1] + half),
        cmap=ListedColormap(colours), norm=norm, interpolation="nearest",
    )  # fmt: skip
    water = areas["is_water"].to_numpy(bool)
    if water.any():
        areas[water].plot(ax=ax, color=WATER, edgecolor="none", aspect=None)
    areas.boundary.plot(ax=ax, color="#5d6a75", linewidth=0.4, aspect=None)


def _outlines(ax: Axes, hotspots: gpd.GeoDataFrame, scene: Scene) -> None:
    """Hotspots with rank and interval; a rank that is sure stands alone."""
    shapes = hotspot_layer(hotspots, scene).shapes
    if shapes is None:
        return
    for colour, width in (("#ffffff", 2.6), (INK, 1.2)):
        shapes.boundary.plot(ax=ax, color=colour, linewidth=width, aspect=None)
    for (rank, row), shape in zip(hotspots.iterrows(), shapes, strict=True):
        low, high = int(row["rank_low"]), int(row["rank_high"])
        label = f"{rank}" if low == high else f"{rank} ({low}-{high})"
        ax.annotate(
            label, (shape.bounds[2], shape.bounds[3]), fontsize=6.5, color="#ffffff", weight="bold", xytext=(2, 2),
            textcoords="offset points", bbox={"boxstyle": "round,pad=0.25", "facecolor": INK, "edgecolor": "#ffffff"},
        )  # fmt: skip


def plot_bandwidth(
    bandwidth: Any, *, used: float | None = None, kernel: str = "quartic", language: str = "nl"
) -> Picture:
    """Show the criterion behind a bandwidth, and where the choice lies on it.

    Parameters
    ----------
    bandwidth
        Answer of `hicgeo.bandwidth`, by a method that has a curve.
    used
        Another bandwidth that was used instead, metres, in the parameter of `kernel`.
    kernel
        Kernel in whose parameter the axis is.
    language
        "nl" or "en".

    Returns
    -------
    Picture
        The criterion against the bandwidth, a line at the choice.

    Raises
    ------
    InputError
        The method has no curve, or the language is unknown.

    Notes
    -----
    A flat curve says that half or twice the bandwidth is as good. O(candidates).
    """
    said = check_language(language)
    if not len(bandwidth.curve):
        raise InputError("a bandwidth must have a curve", f"method {bandwidth.method!r}", 'choose it with method="ppl"')
    figure = Picture(figsize=(8, 3), layout="constrained")
    ax = figure.add_subplot()
    chosen, per_sigma = bandwidth.radius(kernel), bandwidth.radius(kernel) / bandwidth.sigma
    curve = bandwidth.curve.sort_values("sigma")
    metres, criterion = curve["sigma"].to_numpy() * per_sigma, curve["criterion"].to_numpy()
    ax.plot(metres, criterion, "o-", color=OURS, markersize=3)
    # Far too small a bandwidth is so bad that beside it all others look alike: the axis is for those near the choice.
    near = criterion[(metres >= chosen / 2) & (metres <= 4 * chosen)]
    if (room := 0.15 * float(np.ptp(near))) > 0:
        ax.set_ylim(near.min() - room, near.max() + room)
    ax.axvline(chosen, color=INK, linewidth=1.2)
    low, top = ax.get_ylim()
    ax.text(chosen, top, f" {bandwidth.method}: {number(chosen, said)} m", va="top", fontsize=9)
    if used is not None and abs(used / chosen - 1) > 0.005:
        ax.axvline(used, color=SOFT, linewidth=1.2, linestyle="--")
        ax.text(used, low, f" {text('picture.used', said, metres=number(used, said))}", va="bottom", fontsize=9,
                color=SOFT)  # fmt: skip
    ax.set_xscale("log")
    ax.xaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
    ax.xaxis.set_major_formatter(FuncFormatter(lambda value, _: number(value, said)))
    ax.xaxis.set_minor_formatter(NullFormatter())
    ax.set_xlabel(text("picture.bandwidth", said, kernel=kernel))
    ax.set_ylabel(text("picture.criterion", said))
    ax.spines[["top", "right"]].set_visible(False)
    return figure


def plot_backtest(test: Any, *, language: str = "nl") -> Picture:
    """Show how many times better than chance each map did on the days after, with its interval.

    Parameters
    ----------
    test
        Answer of `hicgeo.backtest`.
    language
        "nl" or "en".

    Returns
    -------
    Picture
        A row per method and horizon, the simple ones in grey, and a line at chance.

    Raises
    ------
    ColumnError
        It is no back-test.
    InputError
        The language is unknown.

    Notes
    -----
    Intervals that overlap may still differ: weeks are the same for every method, so read `test.differences`. O(rows).
    """
    said = check_language(language)
    scores = getattr(test, "scores", None)
    if scores is None or "pai" not in scores:
        raise ColumnError("test must be a back-test", type(test).__name__, "give the answer of hicgeo.backtest")
    names = list(dict.fromkeys(scores.index.get_level_values("method")))
    horizons = sorted(set(scores.index.get_level_values("horizon_days")))
    own = set(test.differences.index.get_level_values("method"))
    figure = Picture(figsize=(8, 0.32 * len(names) * len(horizons) + 1.2), layout="constrained")
    ax = figure.add_subplot()
    place, ticks = 0.0, []
    for name in names:
        for horizon in horizons:
            row = scores.loc[(name, horizon)]
            colour = OURS if name in own else PLAIN
            ax.hlines(place, row["pai_low"], row["pai_high"], color=colour, linewidth=2.5)
            ax.plot(row["pai"], place, "o", color=colour, markersize=5)
            days = text("picture.days", said, n=horizon)
            ticks.append((place, fill(f"{text(f'method.{name}', said)}, {days}", 48)))
            place -= 1.0
        place -= 0.4
    ax.axvline(1, color=SOFT, linewidth=1, linestyle="--")
    ax.set_yticks([at for at, _ in ticks], [label for _, label in ticks], fontsize=8)
    ax.set_xlim(left=0)
    ax.set_xlabel(fill(text("picture.pai", said), 52))
    ax.spines[["top", "right"]].set_visible(False)
    return figure
