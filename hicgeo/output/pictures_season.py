"""Still pictures of season and clock: hours of the week, months by year, groups of one course."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from hicgeo.errors import ColumnError, InputError
from hicgeo.output._layers import GROUP_COLOURS
from hicgeo.output._words_season import SHORT, course
from hicgeo.output.language import MONTHS, check_language, crime, number, text
from hicgeo.output.pictures import INK, SOFT, Picture

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from hicgeo.output.language import Language

DAYS: dict[str, tuple[str, ...]] = {
    "nl": ("ma", "di", "wo", "do", "vr", "za", "zo"),
    "en": ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"),
}
SEQUENCE = "PuBu"
NAIVE = {"by_start": "#b8860b", "by_middle": "#7a7a7a", "by_end": "#8b1a1a"}
OURS = "#26678a"


def plot_hours(profile: pd.DataFrame, *, crime_type: str | None = None, language: str = "nl") -> Picture:
    """Show the hours of the week as a heat map, and the hours of the day by four ways of dating an incident.

    Parameters
    ----------
    profile
        Answer of `hicgeo.hour_profile` by hour of the week.
    crime_type
        What was counted, for the heading.
    language
        "nl" or "en".

    Returns
    -------
    Picture
        Above the weights of `aoristic` by day and hour; below the hours of the day, with the interval of the weights
        added up, beside start, middle and end.

    Raises
    ------
    ColumnError
        It is no profile by hour of the week.
    InputError
        The language is unknown.

    Notes
    -----
    The band below adds the intervals of seven days, and is therefore rather too wide. O(168).
    """
    said = check_language(language)
    columns = ["aoristic", "aoristic_low", "aoristic_high", *NAIVE]
    if len(profile) != 7 * 24 or not set(columns) <= set(profile):
        raise ColumnError("profile must be by hour of the week", f"{len(profile)} rows", "use hour_profile as it is")
    figure = Picture(figsize=(9, 6.4), layout="constrained")
    upper, lower = figure.subplots(2, 1, height_ratios=[1.15, 1])
    week = profile["aoristic"].to_numpy(float).reshape(7, 24)
    drawn = upper.imshow(week, aspect="auto", cmap=SEQUENCE, vmin=0)
    upper.set_yticks(range(7), DAYS[said])
    upper.set_xticks(range(0, 24, 3))
    upper.set_title(text("picture.hours", said, crime=crime(crime_type, said)), loc="left", fontsize=11)
    _bar(figure, drawn, upper, said, text("picture.hours.unit", said))
    day = profile[columns].to_numpy(float).reshape(7, 24, len(columns)).sum(axis=0)
    hours = np.arange(24)
    lower.fill_between(hours, day[:, 1], day[:, 2], color=OURS, alpha=0.25, linewidth=0)
    lower.plot(hours, day[:, 0], color=OURS, linewidth=2.2, label=text("picture.hours.aoristic", said))
    for place, (name, colour) in enumerate(NAIVE.items(), start=3):
        style = ("--", ":", "-.")[place - 3]
        label = text(f"picture.hours.{name}", said)
        lower.plot(hours, day[:, place], color=colour, linewidth=1.2, linestyle=style, label=label)
    lower.set_xticks(range(0, 24, 3))
    lower.set_xlim(0, 23)
    lower.set_ylim(bottom=0)
    lower.set_xlabel(text("picture.hours.hour", said), fontsize=9)
    lower.set_title(text("picture.hours.how", said), loc="left", fontsize=11)
    figure.legend(*lower.get_legend_handles_labels(), loc="outside lower center", ncols=4, frameon=False, fontsize=8)
    for ax in (upper, lower):
        ax.tick_params(labelsize=8, colors=INK)
    lower.spines[["top", "right"]].set_visible(False)
    return figure


def plot_months(counts: pd.DataFrame, *, crime_type: str, language: str = "nl") -> Picture:
    """Show incidents a day, all areas together, as months by year.

    Parameters
    ----------
    counts
        Count table; a month that one of its areas has not published is left blank.
    crime_type
        One of the types in it.
    language
        "nl" or "en".

    Returns
    -------
    Picture
        A row per year, a column per month, the number in each.

    Raises
    ------
    InputError
        The type does not occur, or the language is unknown.

    Notes
    -----
    Per day, so that February is no dip. O(rows).
    """
    said = check_language(language)
    types = counts.index.get_level_values("crime_type")
    if crime_type not in types:
        raise InputError("crime_type must occur in the counts", repr(crime_type), "name one of them")
    total = counts.loc[types == crime_type, "incidents"].groupby("month").sum(min_count=1)
    gaps = counts.loc[types == crime_type, "incidents"].isna().groupby("month").any()
    months = pd.PeriodIndex(total.index)
    rate = (total / months.days_in_month).where(~gaps)
    table = pd.Series(rate.to_numpy(float), index=[months.year, months.month]).unstack().reindex(columns=range(1, 13))
    figure = Picture(figsize=(9, 1.4 + 0.42 * len(table)), layout="constrained")
    ax = figure.add_subplot()
    values = np.ma.masked_invalid(table.to_numpy(float))
    drawn = ax.imshow(values, aspect="auto", cmap=SEQUENCE, vmin=0)
    top = float(values.max()) if values.count() else 1.0
    decimals = 0 if top >= 20 else 1 if top >= 2 else 2
    for row, column in zip(*np.nonzero(~np.ma.getmaskarray(values)), strict=True):
        colour = "#ffffff" if values[row, column] > 0.6 * top else INK
        said_number = number(values[row, column], said, decimals=decimals)
        ax.text(column, row, said_number, ha="center", va="center", fontsize=8, color=colour)
    ax.set_xticks(range(12), SHORT[said])
    ax.set_yticks(range(len(table)), [str(year) for year in table.index])
    ax.tick_params(labelsize=8, colors=INK)
    ax.set_title(text("picture.months", said, crime=crime(crime_type, said)), loc="left", fontsize=11)
    _bar(figure, drawn, ax, said, "")
    return figure


def plot_groups(clusters: Any, index: pd.DataFrame | None = None, *, language: str = "nl") -> Picture:
    """Show the course over the year of each seasonal group, side by side on one scale.

    Parameters
    ----------
    clusters
        Answer of `hicgeo.cluster_seasons`.
    index
        Answer of `hicgeo.seasonal_index` on the same areas: their shrunken courses are drawn thinly behind.
    language
        "nl" or "en".

    Returns
    -------
    Picture
        One panel a group, in words and with the number of areas placed in it.

    Raises
    ------
    InputError
        The language is unknown.

    Notes
    -----
    O(areas).
    """
    said = check_language(language)
    groups = list(clusters.profiles.index)
    figure = Picture(figsize=(max(4.5, 3.4 * len(groups)), 3.2), layout="constrained")
    axes = np.atleast_1d(figure.subplots(1, len(groups), sharey=True))
    each = None if index is None else index["index_shrunk"].unstack("month")
    for place, (group, ax) in enumerate(zip(groups, axes, strict=True)):
        members = clusters.labels.index[clusters.labels == group]
        if each is not None:
            for _, row in each.reindex(members).dropna().iterrows():
                ax.plot(range(1, 13), row, color=SOFT, alpha=0.18, linewidth=0.7)
        ax.plot(range(1, 13), clusters.profiles.loc[group], color=GROUP_COLOURS[place], linewidth=2.4)
        ax.axhline(1, color=SOFT, linewidth=0.8, linestyle="--")
        ax.set_xticks(range(1, 13), [name[0] for name in MONTHS[said]])
        name = text("seasons.one", said) if clusters.k == 1 else str(group)
        words = course(clusters.profiles.loc[group], said)
        title = text("picture.groups.each", said, name=name, course=words, n=len(members))
        ax.set_title(title, loc="left", fontsize=9)
        ax.spines[["top", "right"]].set_visible(False)
        ax.tick_params(labelsize=8, colors=INK)
    axes[0].set_ylim(bottom=0)
    axes[0].yaxis.set_major_formatter(_notation(said))
    figure.suptitle(text("picture.groups", said), x=0.01, ha="left", fontsize=11)
    return figure


def _bar(figure: Picture, drawn: Any, ax: Axes, language: Language, label: str) -> None:
    bar = figure.colorbar(drawn, ax=ax, fraction=0.03, pad=0.01)
    bar.ax.yaxis.set_major_formatter(_notation(language))
    bar.ax.tick_params(labelsize=7)
    bar.outline.set_visible(False)
    if label:
        bar.set_label(label, fontsize=8)


def _notation(language: Language) -> Any:
    """Ticks as the country writes them, with as many decimals as they have."""
    from matplotlib.ticker import FuncFormatter

    return FuncFormatter(
        lambda value, _: number(value, language, decimals=min(2, len(f"{value:.2f}".rstrip("0").partition(".")[2])))
    )
