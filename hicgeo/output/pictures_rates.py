"""Pictures of rates beside the size of their areas."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from matplotlib.transforms import Bbox

from hicgeo.errors import ColumnError
from hicgeo.output._layers import NORM_COLOURS
from hicgeo.output.language import base_name, check_language, crime, number, period_text, text
from hicgeo.output.pictures import INK, SOFT, Picture

if TYPE_CHECKING:
    import geopandas as gpd

NAMED = 6
"""Areas that are named in the picture: those furthest above the norm."""


def plot_funnel(
    rates: pd.DataFrame, limits: pd.DataFrame, neighbourhoods: gpd.GeoDataFrame, *, language: str = "nl"
) -> Picture:
    """Show every rate beside the size of its area, with the limits within which areas at the norm lie.

    Parameters
    ----------
    rates
        Answer of `hicgeo.rates`.
    limits
        Answer of `hicgeo.funnel` for these rates.
    neighbourhoods
        Where the names come from.
    language
        "nl" or "en".

    Returns
    -------
    Picture
        A point per judged area, coloured by its verdict; the surest above the norm are named. Of areas with a border
        that probably moved the rate does not set the scale: a triangle at the edge stands for one beyond it.

    Raises
    ------
    ColumnError
        A column is missing.
    InputError
        The language is unknown.

    Notes
    -----
    A small area far from the norm lies within the limits, a large one close to it may not. One in twenty areas at the
    norm lies outside the inner limits by chance. O(areas).
    """
    said = check_language(language)
    missing = {"rate", "base", "state", "p_above"} - set(rates) | {"low_95", "high_95", "low_998", "high_998"} - set(
        limits
    )
    if missing:
        raise ColumnError(
            "rates and limits must have their columns", f"no {', '.join(sorted(missing))}",
            "give the answers of hicgeo.rates and hicgeo.funnel as they are",
        )  # fmt: skip
    about = rates.attrs
    judged = rates[rates["state"].isin(list(NORM_COLOURS)) & rates["rate"].notna()]
    figure = Picture(figsize=(8, 4.8), layout="constrained")
    ax = figure.add_subplot()
    base = limits.index.to_numpy(float)
    for level, style in (("998", ":"), ("95", "--")):
        name = text("picture.funnel.inner" if level == "95" else "picture.funnel.outer", said)
        ax.plot(base, limits[f"high_{level}"], style, color=SOFT, linewidth=1, label=name)
        ax.plot(base, limits[f"low_{level}"], style, color=SOFT, linewidth=1)
    norm = float(limits["norm"].iloc[0])
    label = f"{text('picture.norm', said)} {number(norm, said, decimals=1)}"
    ax.axhline(norm, color=INK, linewidth=1, label=label)
    # where a border moved the rate is no rate: it must not set the scale for all others
    moved = judged.index.isin(list(about.get("moved_border", [])))
    highest = judged["rate"][~moved].max() if (~moved).any() else judged["rate"].max()
    top = 1.12 * float(np.nanmax([highest, norm * 2]))
    for state, colour in NORM_COLOURS.items():
        strong = "#77808a" if state == "niet te onderscheiden" else colour
        said_once = text(f"state.{state}", said)
        for beyond, marker in ((False, "o"), (True, "^")):
            part = judged[(judged["state"] == state) & ((judged["rate"] > top) == beyond)]
            if len(part):
                ax.plot(part["base"], part["rate"].clip(upper=top * 0.98), marker, color=strong, markersize=4.5,
                        label=said_once)  # fmt: skip
                said_once = "_"
    ax.set_xscale("log")
    ax.set_ylim(0, top)
    above = judged[judged["state"] == "boven"].sort_values(["p_above", "rate"], ascending=False).head(NAMED)
    names = neighbourhoods["name"].reindex(above.index)
    taken: list[Bbox] = []
    for code, row in above.iterrows():
        name = str(names[code]) if pd.notna(names[code]) else str(code)
        if row["rate"] > top:
            name += f" ({number(row['rate'], said, decimals=0)})"
        written = ax.annotate(
            name, (row["base"], min(row["rate"], top * 0.98)), xytext=(5, -3 if row["rate"] > top else 4),
            textcoords="offset points", fontsize=7, color=INK, parse_math=False,
        )  # fmt: skip
        place = written.get_window_extent()
        if any(place.overlaps(other) for other in taken):
            written.remove()  # two names on top of each other name nobody
        else:
            taken.append(place)
    words = {
        "crime": crime(about.get("crime_type"), said),
        "per": number(float(about.get("per", 1000)), said),
        "base": base_name(about.get("base"), said),
        "period": period_text(about.get("period"), said),
    }
    ax.set_ylabel(text("unit.rate", said, **words).rstrip(", "), fontsize=8, parse_math=False)
    ax.set_xlabel(text("picture.funnel.size", said, base=words["base"]), fontsize=8)
    ax.set_title(text("picture.funnel", said), loc="left", fontsize=11)
    ax.xaxis.set_major_formatter(lambda v, _: number(v, said))
    ax.xaxis.set_minor_formatter("")
    ax.yaxis.set_major_formatter(lambda v, _: number(v, said, decimals=0 if float(v).is_integer() else 1))
    ax.spines[["top", "right"]].set_visible(False)
    ax.tick_params(labelsize=8, colors=INK)
    figure.legend(*ax.get_legend_handles_labels(), loc="outside lower center", ncols=3, frameon=False, fontsize=8)
    return figure
