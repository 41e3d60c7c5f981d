"""Sliders in JupyterLab: a density that follows bandwidth and period while they are dragged."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from hicgeo.analysis.density import Bandwidth, Edge, Kernel, kde
from hicgeo.analysis.hotspots import MIN_INCIDENTS
from hicgeo.errors import ColumnError, InputError
from hicgeo.output._words_hotspots import explored, slider_labels
from hicgeo.output.language import check_language
from hicgeo.output.pictures_density import LiveSurface
from hicgeo.schema import xy

if TYPE_CHECKING:
    import geopandas as gpd
    from ipywidgets import VBox  # type: ignore[import-untyped]  # it has no types

    from hicgeo.grid import Grid

STEP_M, WIDEST_M = 25, 2000
"""Steps of the slider, and where it ends."""


def explore_density(
    points: gpd.GeoDataFrame,
    grid: Grid,
    areas: gpd.GeoDataFrame,
    *,
    bandwidth: Bandwidth | float,
    kernel: Kernel = "quartic",
    edge: Edge = "diggle",
    language: str = "nl",
) -> VBox:
    """Drag bandwidth and period in JupyterLab, and see the map follow.

    Parameters
    ----------
    points
        Incidents with `start`, in the CRS of the grid.
    grid
        Where the density is wanted.
    areas
        Neighbourhood table, for the borders.
    bandwidth
        Where the slider stands at first: a `Bandwidth`, or metres in the kernel's own parameter.
    kernel, edge
        As in `kde`.
    language
        "nl" or "en".

    Returns
    -------
    VBox
        A slider of the bandwidth (from the size of a cell to 2 km), one of the months, a line that says what is shown,
        and the map. Its `children` are those four.

    Raises
    ------
    ColumnError
        The points have no `start`.
    InputError
        Fewer than 30 incidents have a start and a place, or a choice cannot be used.
    CrsError
        The CRS is missing, geographic, or not the grid's.

    Notes
    -----
    Densities are per year, in the classes of the first map, so that what changes is the map and not its key. A period
    with fewer than 30 incidents shows their number and its interval instead. A redraw costs one `kde` and some 20 ms.
    """
    import ipywidgets as widgets

    said = check_language(language)
    if "start" not in points:
        raise ColumnError("points must have a start", f"{list(points.columns)}", "take the incidents of an Intake")
    known = points.loc[points["start"].notna().to_numpy() & ~np.isnan(xy(points)).any(axis=1)]
    places = known.filter(["precision_m", known.geometry.name])
    when = known["start"].dt.tz_localize(None).dt.to_period("M")
    if len(places) < MIN_INCIDENTS:
        raise InputError(
            f"a map needs at least {MIN_INCIDENTS} incidents", f"{len(places)} with a start and a place",
            "take a longer period or several crime types",
        )  # fmt: skip
    months = list(pd.period_range(when.min(), when.max(), freq="M"))
    at = when.astype("int64").to_numpy() - months[0].ordinal
    start = bandwidth.radius(kernel) if isinstance(bandwidth, Bandwidth) else float(bandwidth)
    how: dict[str, Any] = {"kernel": kernel, "edge": edge}
    live = LiveSurface(kde(places, grid, bandwidth=start, years=len(months) / 12, **how), areas, language=said)

    wide = {"style": {"description_width": "14em"}, "layout": {"width": "46em"}}
    labels = slider_labels(kernel, said)
    metres = widgets.FloatSlider(
        start, min=grid.cell_size, max=max(start, min(WIDEST_M, float(np.hypot(*grid.shape)) * grid.cell_size)),
        step=STEP_M, readout_format=".0f", description=labels[0], **wide,
    )  # fmt: skip
    period = widgets.SelectionRangeSlider(
        options=[(f"{each:%Y-%m}", n) for n, each in enumerate(months)], index=(0, len(months) - 1),
        description=labels[1], **wide,
    )  # fmt: skip
    line, picture = widgets.HTML(), widgets.Image(format="png")

    def draw(_: Any = None) -> None:
        first, last = period.value
        some = places[(at >= first) & (at <= last)]
        line.value = explored(len(some), months[first], months[last], metres.value, MIN_INCIDENTS, said)
        picture.layout.visibility = "visible" if len(some) >= MIN_INCIDENTS else "hidden"
        if len(some) >= MIN_INCIDENTS:
            years = (last + 1 - first) / 12
            picture.value = live.png(kde(some, grid, bandwidth=metres.value, years=years, **how))

    for slider in (metres, period):
        slider.observe(draw, "value")
    draw()
    return widgets.VBox([metres, period, line, picture])
