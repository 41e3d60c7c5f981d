"""Picture of relative risk: the ratio in classes, with its tolerance contours."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from matplotlib.colors import BoundaryNorm, ListedColormap
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from hicgeo.errors import InputError
from hicgeo.output._layers import Scene, ranges
from hicgeo.output._words_risk import SURE
from hicgeo.output.language import check_language, text
from hicgeo.output.pictures import INK, WATER, Picture

if TYPE_CHECKING:
    import geopandas as gpd

BREAKS = np.array([0.5, 0.8, 1.25, 2.0])
COLOURS = ("#3f7fb0", "#b7d3e4", "#f7f8f6", "#ecc2a8", "#a84632")


def plot_risk(risk: Any, areas: gpd.GeoDataFrame, *, language: str = "nl") -> Picture:
    """Show how many times the mean risk every place has, and where that is more than chance.

    Parameters
    ----------
    risk
        Answer of `hicgeo.relative_risk`.
    areas
        Neighbourhood table, for the borders.
    language
        "nl" or "en".

    Returns
    -------
    Picture
        The ratio in five classes around 1; a thick line around what is above chance anywhere in the area, a thin one
        around what is above or below it at that place alone. Blank where nothing at risk is within reach.

    Raises
    ------
    InputError
        It is no relative risk, or the language is unknown.

    Notes
    -----
    From totals of neighbourhoods there are no lines, for nothing was tested. O(cells).
    """
    said = check_language(language)
    if not hasattr(risk, "p_family"):
        raise InputError("risk must be a relative risk", type(risk).__name__, "give the answer of relative_risk")
    scene = Scene.of(areas, said)
    ratio = risk.ratio
    half = float(ratio.attrs["cell_size"]) / 2
    x, y = ratio["x"].to_numpy(), ratio["y"].to_numpy()
    west, south, east, north = areas.total_bounds
    height = min(9.0, max(3.0, 8 * (north - south) / (east - west))) + 1.0
    figure = Picture(figsize=(8, height), layout="constrained", facecolor="#ffffff")
    ax = figure.add_subplot()
    ax.set_axis_off()
    ax.set_aspect("equal")
    top = max(float(np.nanmax(ratio)), 2.0) + 1
    ax.imshow(
        ratio.to_numpy(), origin="lower", extent=(x[0] - half, x[-1] + half, y[0] - half, y[-1] + half),
        cmap=ListedColormap(COLOURS), norm=BoundaryNorm([0, *BREAKS, top], len(COLOURS)), interpolation="nearest",
    )  # fmt: skip
    water = areas["is_water"].to_numpy(bool)
    if water.any():
        areas[water].plot(ax=ax, color=WATER, edgecolor="none", aspect=None)
    areas.boundary.plot(ax=ax, color="#8b959e", linewidth=0.4, aspect=None)
    lines = risk.areas((SURE,))
    contours: list[Any] = []
    classes = [
        Patch(facecolor=colour, edgecolor="#8b959e", linewidth=0.5, label=label)
        for colour, label in zip(COLOURS, ranges(BREAKS, BREAKS, scene), strict=True)
    ]
    for sides, width, key in ((("high", "low"), 0.8, "here"), (("family",), 2.0, "family")):
        shown = lines[lines["side"].isin(sides)]
        if len(shown):
            shown.boundary.plot(ax=ax, color=INK, linewidth=width, aspect=None)
            contours.append(Line2D([], [], color=INK, linewidth=width, label=text(f"picture.risk.{key}", said)))
    if contours:
        ax.legend(handles=contours, loc="lower left", fontsize=7, frameon=False)
    figure.legend(
        handles=classes, loc="outside lower center", ncols=len(COLOURS), fontsize=8, frameon=False,
        title=text("picture.risk", said), title_fontsize=8,
    )  # fmt: skip
    return figure
