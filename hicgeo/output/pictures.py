"""Still pictures by matplotlib: the map for the index page, and rates with their intervals."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Iterator
from html import escape
from io import BytesIO
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from matplotlib import rc_context
from matplotlib.figure import Figure
from matplotlib.patches import Patch
from matplotlib.text import Text

from hicgeo.errors import ColumnError, InputError
from hicgeo.output._layers import NORM_COLOURS, Entry, Layer, Scene
from hicgeo.output._unpack import OURS
from hicgeo.output.language import Language, base_name, check_language, crime, number, period_text, text

if TYPE_CHECKING:
    import geopandas as gpd
    from matplotlib.axes import Axes

INK, SOFT, WATER, LAND = "#1b2733", "#51606e", "#cfe4ef", "#f7f8f6"
SET_APART = {"te klein": "#9b9b95", "onvolledig": "#c9c9c4"}
LABEL = 0.27
"""Inches across the label of a rank."""

HATCH = {"hatch-small": "////", "hatch-gap": "\\\\\\"}


MADE_BY = {"png": {"Software": OURS}, "pdf": {"Creator": OURS, "Producer": None, "CreationDate": None}}


class Picture(Figure):
    """A matplotlib figure that a notebook shows without any set-up; no name in it is taken for a formula."""

    def savefig(self, fname: Any, **settings: Any) -> None:
        """Write the figure, as matplotlib does, with every text as it stands, and who made it instead of when."""
        kind = settings.get("format") or str(fname).rpartition(".")[2]
        settings["metadata"] = MADE_BY.get(kind, {}) | settings.get("metadata", {})
        for each in self.findobj(Text):
            each.set_parse_math(False)
        with rc_context({"text.parse_math": False}):
            super().savefig(fname, **settings)

    def described(self) -> str:
        """What it shows, for whoever does not see it: its titles and what stands along its axes."""
        said = [self.get_suptitle()]
        for ax in self.axes:
            said += [ax.get_title(where) for where in ("left", "center", "right")]
            said += [ax.get_xlabel(), ax.get_ylabel()] if ax.axison else []
        said += [legend.get_title().get_text() for legend in self.legends]
        return "; ".join(filter(None, dict.fromkeys(" ".join(each.split()) for each in said)))

    def png(self) -> bytes:
        """Bytes of the picture, as a notebook shows it."""
        buffer = BytesIO()
        self.savefig(buffer, format="png", dpi=110)
        return buffer.getvalue()

    def _repr_html_(self) -> str:
        """An image with its description, which a bare PNG in a notebook cannot have."""
        return f'<img alt="{escape(self.described())}" src="data:image/png;base64,{b64encode(self.png()).decode()}">'


def draw_map(areas: gpd.GeoDataFrame, theme: Layer | None, spots: list[Layer]) -> Picture:
    """Draw areas coloured by a theme, with outlines on top.

    Parameters
    ----------
    areas
        Neighbourhood table.
    theme
        The layer that colours, or none.
    spots
        Layers of outlines with their rank.
    """
    figure = Picture(figsize=(8, 16 / 3), layout="constrained", facecolor="#ffffff")
    ax = figure.add_subplot()
    ax.set_axis_off()
    ax.set_aspect("equal")
    water = areas["is_water"].to_numpy(bool)
    for chosen, colour in ((~water, LAND), (water, WATER)):
        if chosen.any():
            areas[chosen].plot(ax=ax, color=colour, edgecolor="none", aspect=None)
    if theme is not None and theme.kind == "areas":
        place = pd.Series(theme.member).reindex(areas.index)
        for n, entry in enumerate(theme.classes):
            if (place == n).any():
                areas[(place == n).to_numpy()].plot(
                    ax=ax, color=entry.colour, hatch=HATCH.get(entry.pattern), edgecolor=SET_APART["te klein"],
                    linewidth=0, aspect=None,
                )  # fmt: skip
    if theme is not None and theme.shapes is not None and len(theme.shapes):
        colours = [theme.classes[int(n)].colour for n in theme.shapes.index]
        theme.shapes.to_crs(areas.crs).plot(ax=ax, color=colours, edgecolor="none", aspect=None)
    areas.boundary.plot(ax=ax, color="#5d6a75", linewidth=0.5, aspect=None)
    if theme is not None and theme.marked:
        areas.loc[list(theme.marked)].boundary.plot(ax=ax, color=INK, linewidth=2.0, aspect=None)
    west, south, east, north = areas.total_bounds
    side = LABEL * max((east - west) / 8, (north - south) / (16 / 3))
    taken: list[tuple[float, float]] = []
    for layer in spots:
        if layer.shapes is None:
            continue
        shapes = layer.shapes.to_crs(areas.crs)
        line = layer.classes[0].colour
        dashed = [layer.classes[layer.member.get(str(rank), 0)].pattern == "dashed" for rank in shapes.index]
        styles = ["--" if each else "-" for each in dashed]
        if len(shapes):
            shapes.boundary.plot(ax=ax, color="#ffffff", linewidth=4.0, aspect=None)
            shapes.boundary.plot(ax=ax, color=line, linewidth=2.2, linestyle=styles, aspect=None)
        for rank, (x, y) in zip(shapes.index, _label_places(shapes, side, taken), strict=True):
            ax.text(x, y, str(rank), ha="center", va="center", fontsize=11, color="#ffffff", weight="bold",
                    bbox={"boxstyle": "square,pad=0.3" if layer.key == "targets" else "circle,pad=0.25",
                          "facecolor": line, "edgecolor": "#ffffff"})  # fmt: skip
    if theme is not None:
        used = {
            *theme.member.values(),
            *(n for n, e in enumerate(theme.classes) if theme.marked and e.pattern == "outline"),
        }
        handles = [
            Patch(facecolor=e.colour, hatch=HATCH.get(e.pattern), label=e.label, **_line(e))
            for n, e in enumerate(theme.classes)
            if not (theme.kind == "areas" and e.pattern) or n in used
        ]
        handles += [
            Patch(
                facecolor="#ffffff", edgecolor=e.colour, linestyle="--", linewidth=2, label="\n".join(_lines(e.label))
            )
            for layer in spots
            for e in layer.classes
            if e.pattern == "dashed"
        ]
        _legend(figure, handles, theme.name)
    return figure


def _line(entry: Entry) -> dict[str, Any]:
    """Border of a legend's colour."""
    thick = entry.pattern == "outline"
    return {"edgecolor": INK if thick else "#8b959e", "linewidth": 2 if thick else 0.5}


def _label_places(
    shapes: gpd.GeoSeries, side: float, taken: list[tuple[float, float]]
) -> Iterator[tuple[float, float]]:
    """Yield a place beside each shape where no other label is, as far as there is one; it is then `taken`."""
    for west, south, east, north in shapes.bounds.itertuples(index=False):
        corners = [(west, -1, north, 1), (east, 1, north, 1), (east, 1, south, -1), (west, -1, south, -1)]
        options = [
            (x + right * out * side, y + up * out * side) for out in (0.0, 0.6, 1.2) for x, right, y, up in corners
        ]
        free = (
            (x, y) for x, y in options if all(max(abs(x - other), abs(y - beside)) >= side for other, beside in taken)
        )
        taken.append(next(free, options[0]))
        yield taken[-1]


def plot_rates(
    rates: pd.DataFrame, neighbourhoods: gpd.GeoDataFrame, *, language: str = "nl", top: int = 40
) -> Picture:
    """Rank areas by their rate, each with its 95 % interval, beside the norm.

    Parameters
    ----------
    rates
        Answer of `hicgeo.rates`.
    neighbourhoods
        Where the names come from.
    language
        "nl" or "en".
    top
        Show so many of the highest; the picture says how many are left out.

    Returns
    -------
    Picture
        One row per area that is judged; areas that are *te klein* or *onvolledig* are not ranked.

    Raises
    ------
    ColumnError
        A column is missing.
    InputError
        The language is unknown or `top` is under 1.

    Notes
    -----
    The order is that of the rates as they are; where intervals overlap widely it is not to be read as a ranking of
    risk. O(areas).
    """
    said = check_language(language)
    _need(rates, ("rate", "rate_low", "rate_high", "norm", "state"), "rates")
    if top < 1:
        raise InputError("top must be at least 1", f"{top}", "take 40")
    judged = rates[rates["state"].isin(list(NORM_COLOURS)) & rates["rate"].notna()]
    order = judged.sort_values("rate", ascending=False, kind="stable")
    shown = order.head(top)
    names = neighbourhoods["name"].reindex(shown.index).astype(object)
    names = names.where(names.notna(), shown.index.to_series())
    level = Scene.of(neighbourhoods, said).level
    figure = Picture(figsize=(8, 1.6 + 0.2 * max(len(shown), 4)), layout="constrained")
    ax = figure.add_subplot()
    place = np.arange(len(shown))
    for state, colour in NORM_COLOURS.items():
        part = (shown["state"] == state).to_numpy()
        strong = "#77808a" if state == "niet te onderscheiden" else colour
        if part.any():
            ax.hlines(place[part], shown["rate_low"][part], shown["rate_high"][part], color=strong, linewidth=2)
            ax.plot(
                shown["rate"][part], place[part], "o", color=strong, markersize=5, label=text(f"state.{state}", said)
            )
    norms = shown["norm"].dropna().round(9).unique()
    if len(norms) == 1:
        label = f"{text('picture.norm', said)} {number(norms[0], said, decimals=1)}"
        ax.axvline(norms[0], color=INK, linewidth=1, linestyle="--", label=label)
    ax.set_yticks(place, [str(name) for name in names], parse_math=False)
    ax.invert_yaxis()
    ax.set_xlim(left=0)
    left_out = len(order) - len(shown)
    about = rates.attrs
    words = {
        "crime": crime(about.get("crime_type"), said),
        "per": number(float(about.get("per", 1000)), said),
        "base": base_name(about.get("base"), said),
        "period": period_text(about.get("period"), said),
    }
    ax.set_xlabel(text("unit.rate", said, **words).rstrip(", "), parse_math=False)
    title = text("picture.rank", said, areas=text(f"level.{level}", said))
    ax.set_title(
        title + (f" ({text('picture.others', said, n=left_out)})" if left_out else ""), loc="left", fontsize=11
    )
    if len(shown):
        figure.legend(*ax.get_legend_handles_labels(), loc="outside lower center", ncols=2, frameon=False, fontsize=8)
    _tidy(ax, said)
    return figure


def _legend(figure: Figure, handles: list[Any], title: str) -> None:
    drawn = figure.legend(
        handles=handles, title=title, loc="outside right upper", frameon=False, fontsize=12, title_fontsize=13,
        alignment="left",
    )  # fmt: skip
    for each in (drawn.get_title(), *drawn.get_texts()):
        each.set_parse_math(False)
    drawn.get_title().set_text("\n".join(_lines(title)))


def _lines(words: str, width: int = 22) -> list[str]:
    import textwrap

    return textwrap.wrap(words, width) or [""]


def _tidy(ax: Axes, language: Language, *, vertical: bool = False) -> None:
    """Quiet frame, and ticks in the reader's notation."""
    from matplotlib.ticker import FuncFormatter

    ax.spines[["top", "right"]].set_visible(False)
    axis = ax.yaxis if vertical else ax.xaxis
    axis.set_major_formatter(
        FuncFormatter(lambda v, _: number(v, language, decimals=0 if float(v).is_integer() else 1))
    )
    axis.grid(visible=True, color="#e6eaee", linewidth=0.8)
    ax.set_axisbelow(True)
    ax.tick_params(labelsize=8, colors=INK)


def _need(table: pd.DataFrame, columns: tuple[str, ...], what: str) -> None:
    missing = [each for each in columns if each not in table]
    if missing:
        raise ColumnError(f"{what} must have the columns {', '.join(columns)}", f"no {', '.join(missing)}",
                          "use the answer of the hicgeo function as it is")  # fmt: skip
