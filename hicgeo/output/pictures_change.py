"""Pictures of what changed, of what lasts, and of how concentrated it is."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from matplotlib.colors import ListedColormap
from matplotlib.patches import Patch

from hicgeo.errors import ColumnError, InputError
from hicgeo.output._layers import NORM_COLOURS
from hicgeo.output.language import Language, check_language, crime, number, percent, period_text, text
from hicgeo.output.pictures import INK, SOFT, Picture

if TYPE_CHECKING:
    import geopandas as gpd
    from matplotlib.axes import Axes

CHANGE_COLOURS = {"gestegen": "#c8480f", "niet te onderscheiden": "#77808a", "gedaald": "#2f6fb0"}
LASTING = ("chronisch", "opkomend", "wisselend", "afnemend")
NOT_JUDGED = "#ffffff"


def plot_change(
    change: pd.DataFrame, neighbourhoods: gpd.GeoDataFrame, *, language: str = "nl", top: int = 25
) -> Picture:
    """Show by how much areas rose or fell, each with its 95 % interval.

    Parameters
    ----------
    change
        Answer of `hicgeo.change` or `hicgeo.year_to_date`.
    neighbourhoods
        Where the names come from.
    language
        "nl" or "en".
    top
        Show so many of the areas with the most incidents in both periods together; the picture says how many are left
        out.

    Returns
    -------
    Picture
        One row per area that is judged, from the largest rise down, with both counts beside its name.

    Raises
    ------
    ColumnError
        A column is missing.
    InputError
        The language is unknown or `top` is under 1.

    Notes
    -----
    The axis is one of ratios: a doubling lies as far to the right as a halving to the left. The verdict is about all
    areas together, the interval about one. O(areas).
    """
    said = check_language(language)
    _need(change, ("incidents", "incidents_before", "ratio", "ratio_low", "ratio_high", "state"), "hicgeo.change")
    if top < 1:
        raise InputError("top must be at least 1", f"{top}", "take 25")
    judged = change[change["state"].isin(list(CHANGE_COLOURS))]
    largest = (judged["incidents"] + judged["incidents_before"]).sort_index()
    chosen = largest.sort_values(ascending=False, kind="stable").head(top).index
    shown = judged.loc[chosen].sort_values("ratio", ascending=False, kind="stable")
    names = _names(shown.index, neighbourhoods)
    figure = Picture(figsize=(8, 1.6 + 0.2 * max(len(shown), 4)), layout="constrained")
    ax = figure.add_subplot()
    place = np.arange(len(shown))
    finite = shown[["ratio", "ratio_low", "ratio_high"]].replace([0.0, np.inf], np.nan)
    least, most = (finite.min(axis=None), finite.max(axis=None)) if len(shown) else (0.5, 2.0)
    least, most = min(0.5, float(least) / 1.2), max(2.0, float(most) * 1.2)
    for state, colour in CHANGE_COLOURS.items():
        part = (shown["state"] == state).to_numpy()
        if part.any():
            low, high = (shown[each][part].clip(least, most) for each in ("ratio_low", "ratio_high"))
            ax.hlines(place[part], low, high, color=colour, linewidth=2)
            ax.plot(shown["ratio"][part].clip(least, most), place[part], "o", color=colour, markersize=5,
                    label=text(f"picture.change.{state}", said))  # fmt: skip
    ax.axvline(1, color=INK, linewidth=1, linestyle="--")
    both = zip(names, shown["incidents_before"], shown["incidents"], strict=True)
    ax.set_yticks(place, [f"{name}  {number(a, said)} → {number(b, said)}" for name, a, b in both], parse_math=False)
    ax.invert_yaxis()
    ax.set_xscale("log", base=2)
    ax.set_xlim(least, most)
    ax.xaxis.set_major_formatter(lambda v, _: _times(v, said))
    ax.xaxis.set_minor_formatter("")
    about = change.attrs
    periods = {each: period_text(about.get(each), said) for each in ("period", "against")}
    ax.set_xlabel(text("picture.change.ratio", said, crime=crime(about.get("crime_type"), said), **periods),
                  fontsize=8, parse_math=False)  # fmt: skip
    left_out = len(judged) - len(shown)
    more = f" ({text('picture.others', said, n=number(left_out, said))})" if left_out else ""
    ax.set_title(text("picture.change", said) + more, loc="left", fontsize=11)
    ax.grid(visible=True, axis="x", color="#e6eaee", linewidth=0.8)
    _quiet(ax)
    if len(shown):
        figure.legend(*ax.get_legend_handles_labels(), loc="outside lower center", ncols=3, frameon=False, fontsize=8)
    return figure


def plot_persistence(
    yearly: pd.DataFrame, persistence: pd.DataFrame, neighbourhoods: gpd.GeoDataFrame, *, language: str = "nl",
    top: int = 40,
) -> Picture:  # fmt: skip
    """Show year by year which areas were above the norm: chronic, emerging, on and off, fading.

    Parameters
    ----------
    yearly
        Answer of `hicgeo.yearly_rates`, with the years that are shown.
    persistence
        Answer of `hicgeo.persistence` for it.
    neighbourhoods
        Where the names come from.
    language
        "nl" or "en".
    top
        Show so many; the picture says how many are left out.

    Returns
    -------
    Picture
        A row per area that was above the norm in at least one of the years, a column per year, coloured by the verdict
        with the rate in it.

    Raises
    ------
    ColumnError
        A column is missing.
    InputError
        The language is unknown or `top` is under 1.

    Notes
    -----
    Within a kind the areas that were above the norm most often come first. A year without a colour was not judged:
    too small, or incomplete. O(areas x years).
    """
    said = check_language(language)
    _need(yearly, ("rate", "state"), "hicgeo.yearly_rates")
    _need(persistence, ("kind", "years_above"), "hicgeo.persistence")
    if top < 1:
        raise InputError("top must be at least 1", f"{top}", "take 40")
    rates, states = (yearly[each].astype(object).unstack("year") for each in ("rate", "state"))
    lasting = persistence[persistence["kind"].isin(LASTING)]
    height = rates.reindex(lasting.index).astype(float).mean(axis=1)
    order = np.lexsort((
        lasting.index.astype(str), -height, -lasting["years_above"].to_numpy(float),
        lasting["kind"].astype(object).map(list(LASTING).index),
    ))  # fmt: skip
    chosen = lasting.index[order[:top]]
    rates, states, kinds = rates.loc[chosen], states.loc[chosen], lasting["kind"].loc[chosen].astype(object)
    figure = Picture(figsize=(8, 1.6 + 0.22 * max(len(chosen), 4)), layout="constrained")
    ax = figure.add_subplot()
    colours = [NOT_JUDGED, *NORM_COLOURS.values()]
    which = np.select([(states == each).to_numpy() for each in NORM_COLOURS], [1, 2, 3], 0).reshape(states.shape)
    if len(chosen):
        ax.pcolormesh(which[::-1], cmap=ListedColormap(colours), vmin=0, vmax=3, edgecolors="#ffffff", linewidth=1.5)
    for row in range(len(chosen)):
        for column in range(states.shape[1]):
            rate, strong = rates.iat[row, column], which[row, column] in (1, 3)
            ax.text(column + 0.5, len(chosen) - row - 0.5, number(rate, said, decimals=1), ha="center", va="center",
                    fontsize=7, color="#ffffff" if strong else INK)  # fmt: skip
    names = _names(chosen, neighbourhoods)
    shown = [f"{name}  ({text(f'kind.{kind}', said)})" for name, kind in zip(names, kinds, strict=True)]
    ax.set_yticks(len(chosen) - np.arange(len(chosen)) - 0.5, shown, parse_math=False)
    for above in np.flatnonzero(kinds.to_numpy()[1:] != kinds.to_numpy()[:-1]):
        ax.axhline(float(len(chosen) - above - 1), color=INK, linewidth=1)
    ax.set_xticks(np.arange(states.shape[1]) + 0.5, [str(year) for year in states.columns])
    left_out = len(lasting) - len(chosen)
    more = f" ({text('picture.others', said, n=number(left_out, said))})" if left_out else ""
    kind = crime(yearly.attrs.get("crime_type"), said)
    ax.set_title(text("picture.persistence", said, crime=kind) + more, loc="left", fontsize=11, parse_math=False)
    _quiet(ax)
    ax.spines[["left", "bottom"]].set_visible(False)
    ax.tick_params(length=0)
    handles = [Patch(facecolor=c, edgecolor="#8b959e", label=text(f"state.{each}", said))
               for each, c in NORM_COLOURS.items()]  # fmt: skip
    handles.append(Patch(facecolor=NOT_JUDGED, edgecolor="#8b959e", label=text("picture.persistence.none", said)))
    figure.legend(handles=handles, loc="outside lower center", ncols=2, frameon=False, fontsize=8)
    return figure


def plot_lorenz(concentration: Any, *, crime_type: str | None = None, language: str = "nl") -> Picture:
    """Draw the Lorenz curve: which share of the incidents lies in which share of the areas.

    Parameters
    ----------
    concentration
        Answer of `hicgeo.concentration`.
    crime_type
        What was counted, for the heading.
    language
        "nl" or "en".

    Returns
    -------
    Picture
        The curve from the areas with the most incidents, the shares of the top 5, 10 and 20 % with their 95 % intervals
        beside what chance alone makes at equal risk, and the line of an equal number everywhere.

    Raises
    ------
    ColumnError
        It is no answer of `hicgeo.concentration`.
    InputError
        The language is unknown.

    Notes
    -----
    The curve lies above the line of equality even when every place has the same risk: the open circles say how far.
    O(areas).
    """
    said = check_language(language)
    if not {"top", "curve", "gini"} <= set(dir(concentration)):
        raise ColumnError("this must be a concentration", type(concentration).__name__, "take hicgeo.concentration")
    top, curve = concentration.top, concentration.curve
    figure = Picture(figsize=(6, 4.6), layout="constrained")
    ax = figure.add_subplot()
    ax.plot([0, 1], [0, 1], "--", color=SOFT, linewidth=1, label=text("picture.lorenz.equal", said))
    kind = crime(crime_type, said)
    heading = text("picture.lorenz", said, crime=kind)
    if pd.isna(concentration.gini):
        ax.annotate(text("words.concentration.none", said), (0.5, 0.5), ha="center", fontsize=9, wrap=True)
    else:
        ax.plot(
            curve["share_area"], curve["share_incidents"], color=CHANGE_COLOURS["gestegen"], linewidth=2, label=kind
        )
        share = top.index.to_numpy(float)
        ax.vlines(share, top["share_low"], top["share_high"], color=INK, linewidth=1.5)
        ax.plot(share, top["share_incidents"], "o", color=INK, markersize=5, label=text("picture.lorenz.top", said))
        ax.plot(share, top["share_chance"], "o", color="#ffffff", markeredgecolor=INK, markersize=5,
                label=text("picture.lorenz.chance", said))  # fmt: skip
        figures = [number(each, said, decimals=2)
                   for each in (concentration.gini, concentration.gini_low, concentration.gini_high)]  # fmt: skip
        heading += f" (Gini {figures[0]}; {figures[1]} – {figures[2]})"
    ax.set_title(heading, loc="left", fontsize=11, parse_math=False)
    ax.set_xlim(0, 1)
    ax.set_ylim(0, 1.01)
    ax.set_xlabel(text("picture.lorenz.areas", said), fontsize=8)
    ax.set_ylabel(text("picture.lorenz.incidents", said), fontsize=8)
    for axis in (ax.xaxis, ax.yaxis):
        axis.set_major_formatter(lambda v, _: percent(v, said, decimals=0))
    _quiet(ax)
    handles, labels = ax.get_legend_handles_labels()
    for each in ax.legend(handles, labels, loc="lower right", frameon=False, fontsize=8).get_texts():
        each.set_parse_math(False)
    return figure


def _times(ratio: float, language: Language) -> str:
    """A ratio as the change that it is: 2 is +100 %, a half is -50 %."""
    change = percent(ratio - 1, language, decimals=0)
    return f"+{change}" if ratio > 1 else change


def _names(codes: pd.Index, neighbourhoods: gpd.GeoDataFrame) -> list[str]:
    names = neighbourhoods["name"].reindex(codes).astype(object)
    return [str(code if pd.isna(name) else name) for code, name in names.items()]


def _quiet(ax: Axes) -> None:
    ax.spines[["top", "right"]].set_visible(False)
    ax.set_axisbelow(True)
    ax.tick_params(labelsize=8, colors=INK)


def _need(table: pd.DataFrame, columns: tuple[str, ...], verb: str) -> None:
    missing = [each for each in columns if each not in table]
    if missing:
        raise ColumnError(
            f"the table must have the columns {', '.join(columns)}", f"no {', '.join(missing)}",
            f"give the answer of {verb} as it is",
        )  # fmt: skip
