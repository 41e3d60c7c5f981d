"""Still pictures of season and clock: dark days, hours of the week, months by year, groups of one course."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from hicgeo.errors import ColumnError, InputError
from hicgeo.output._layers import DARK_COLOURS
from hicgeo.output._layers_season import group_colours
from hicgeo.output._words_season import SHORT, group_name, set_apart
from hicgeo.output.language import MONTHS, check_language, crime, number, text
from hicgeo.output.pictures import INK, SOFT, Picture

if TYPE_CHECKING:
    import numpy.typing as npt
    from matplotlib.axes import Axes

    from hicgeo.output.language import Language

DAYS: dict[str, tuple[str, ...]] = {
    "nl": ("ma", "di", "wo", "do", "vr", "za", "zo"),
    "en": ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"),
}
ALL_SEASONS = "alle"
SEQUENCE = "PuBu"
NAIVE = {"by_start": "#b8860b", "by_middle": "#7a7a7a", "by_end": "#8b1a1a"}
OURS = "#26678a"


def plot_seasons(table: pd.DataFrame, *, code: str | None = None, language: str = "nl") -> Picture:
    """Show dark-days ratios per season, or a monthly index, with their 95 % intervals.

    Parameters
    ----------
    table
        Answer of `hicgeo.dark_days` on (code, season), or of `hicgeo.seasonal_index` on (code, month of year).
    code
        Which area; needed when the table has more than one.
    language
        "nl" or "en".

    Returns
    -------
    Picture
        One point per season or month, with a line where dark and light, or month and mean, are equal. Of seasons the
        ratio adjusted for the trend stands in front, the plain one in grey beside it.

    Raises
    ------
    ColumnError
        It is neither of the two tables.
    InputError
        The code is not in the table or must be chosen, or the language is unknown.

    Notes
    -----
    Seasons of which only one light half is known are open circles. O(seasons).
    """
    said = check_language(language)
    columns = ["ratio", "ratio_low", "ratio_high"]
    dark = set(columns) <= set(table)
    if table.index.nlevels != 2 or not (dark or {"index", "index_low", "index_high"} <= set(table)):
        raise ColumnError("the table must be on (code, season) with ratios, or (code, month) with an index",
                          f"{table.index.nlevels} levels", "use the answer of dark_days or seasonal_index")  # fmt: skip
    codes = table.index.get_level_values(0).unique()
    if code is None and len(codes) == 1:
        code = codes[0]
    if code not in codes:
        raise InputError("code must be one of the areas of the table", f"{code!r} among {len(codes)} areas", "name one")
    part = pd.DataFrame(table.xs(code, level=0))
    figure = Picture(figsize=(8, 4), layout="constrained")
    ax = figure.add_subplot()
    ax.axhline(1, color=SOFT, linewidth=1, linestyle="--")
    place = np.arange(len(part))
    strong = DARK_COLOURS["higher"]
    if dark:
        whole = part["complete"].fillna(False).to_numpy(bool) if "complete" in part else np.ones(len(part), bool)
        adjusted = "ratio_trend" in part
        grey, beside = ("#9b9b95", 0.12) if adjusted else (strong, 0.0)
        label = text("picture.dark.plain", said)
        _points(ax, place + beside, part[columns], grey, label, chosen=whole)
        _points(ax, place + beside, part[columns], grey, text("picture.incomplete", said), chosen=~whole, hollow=True)
        if adjusted:
            trend = part[["ratio_trend", "ratio_trend_low", "ratio_trend_high"]]
            _points(ax, place - beside, trend, strong, text("picture.dark.trend", said))
        names = [text("picture.all", said) if str(season) == ALL_SEASONS else str(season) for season in part.index]
        unknown = part["ratio"].isna().to_numpy()
        labels = [f"{name}\n{text('picture.dark.none', said)}" if gap else name
                  for name, gap in zip(names, unknown, strict=True)]  # fmt: skip
        ax.legend(*(each[::-1] for each in ax.get_legend_handles_labels()), frameon=False, fontsize=8, ncols=3)
    else:
        _points(ax, place, part[["index", "index_low", "index_high"]], strong, "")
        labels = [SHORT[said][int(month) - 1] for month in part.index]
    ax.set_xticks(place, labels, rotation=0 if len(part) <= 12 else 90)
    ax.set_xlim(-0.5, len(part) - 0.5)
    kind = crime(table.attrs.get("crime_type"), said)
    heading = text("picture.dark" if dark else "picture.index", said)
    ax.set_title(f"{heading}: {kind}", loc="left", fontsize=11, parse_math=False)
    ax.set_ylim(bottom=0)
    ax.yaxis.set_major_formatter(_notation(said))
    ax.grid(visible=True, axis="y", color="#e6eaee", linewidth=0.8)
    ax.set_axisbelow(True)
    ax.spines[["top", "right"]].set_visible(False)
    ax.tick_params(labelsize=8, colors=INK)
    return figure


def _points(
    ax: Axes,
    place: npt.NDArray[Any],
    values: pd.DataFrame,
    colour: str,
    label: str,
    *,
    chosen: npt.NDArray[np.bool_] | None = None,
    hollow: bool = False,
) -> None:
    """Values with their intervals, where there are any."""
    value, low, high = values.to_numpy(float).T
    shown = ~np.isnan(value) & (True if chosen is None else chosen)
    if not shown.any():
        return
    ax.vlines(place[shown], low[shown], high[shown], color=colour, linewidth=2)
    ax.plot(place[shown], value[shown], "o", markeredgecolor=colour, color="#ffffff" if hollow else colour,
            markersize=6.5, label=label)  # fmt: skip


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
        Above the weights of `aoristic` by day and hour; below the hours of the day with their interval, beside start,
        middle and end.

    Raises
    ------
    ColumnError
        It is no profile by hour of the week.
    InputError
        The language is unknown.

    Notes
    -----
    The band below joins the intervals of seven days as those of independent numbers; an incident that is in one day is
    in no other, so that with windows of hours the band is about a tenth too wide. O(168).
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
    if "used" in profile.attrs:
        upper.set_xlabel("\n".join(set_apart(profile, said)), fontsize=8, color=SOFT, loc="left")
    _bar(figure, drawn, upper, said, text("picture.hours.unit", said))
    days = profile[columns].to_numpy(float).reshape(7, 24, len(columns))
    day, hours = days.sum(axis=0), np.arange(24)
    below, above = (np.hypot.reduce(days[:, :, end] - days[:, :, 0]) for end in (1, 2))
    lower.fill_between(hours, day[:, 0] - below, day[:, 0] + above, color=OURS, alpha=0.25, linewidth=0)
    lower.plot(hours, day[:, 0], color=OURS, linewidth=2.2, label=text("picture.hours.aoristic", said))
    for place, (name, colour) in enumerate(NAIVE.items(), start=3):
        style = ("--", ":", "-.")[place - 3]
        label = text(f"picture.hours.{name}", said)
        lower.plot(hours, day[:, place], color=colour, linewidth=1.2, linestyle=style, label=label)
    lower.set_xticks(range(0, 24, 3))
    lower.set_xlim(0, 23)
    lower.set_ylim(bottom=0)
    lower.set_xlabel(text("picture.hours.hour", said), fontsize=9)
    lower.set_ylabel(text("picture.hours.unit", said), fontsize=9)
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
        Answer of `hicgeo.seasonal_index` on the same areas: with one pattern their shrunken courses are drawn thinly
        behind it. They are drawn towards the course of all areas, which is no picture of a group of a few.
    language
        "nl" or "en".

    Returns
    -------
    Picture
        One panel a group, in words and with the number of areas placed in it; the other groups stand behind it in
        grey.

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
    each = None if index is None or clusters.k > 1 else index["index_shrunk"].unstack("month")
    colours = group_colours(len(groups))
    for place, (group, ax) in enumerate(zip(groups, axes, strict=True)):
        members = clusters.labels.index[clusters.labels == group]
        if each is not None:
            for _, row in each.reindex(members).dropna().iterrows():
                ax.plot(range(1, 13), row, color=SOFT, alpha=0.18, linewidth=0.7)
        for _, other in clusters.profiles.drop(index=group).iterrows():
            ax.plot(range(1, 13), other, color=SOFT, alpha=0.45, linewidth=1.4)
        ax.plot(range(1, 13), clusters.profiles.loc[group], color=colours[place], linewidth=2.4)
        ax.axhline(1, color=SOFT, linewidth=0.8, linestyle="--")
        ax.set_xticks(range(1, 13), [name[0] for name in MONTHS[said]])
        title = f"{group_name(clusters, group, said)}\n{text('picture.groups.each', said, n=len(members))}"
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
