"""What became of the records of an export: tables and pictures of an Intake, by reason and never by value."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, Protocol

import numpy as np
import pandas as pd

from hicgeo.errors import ColumnError
from hicgeo.output.language import check_language, number, percent, text

if TYPE_CHECKING:
    import geopandas as gpd

    from hicgeo.output.pictures import Picture


class _Intake(Protocol):
    """What is read of an Intake: `output` may not import `sources`."""

    @property
    def incidents(self) -> gpd.GeoDataFrame: ...
    @property
    def rejected(self) -> pd.DataFrame: ...
    @property
    def notes(self) -> pd.DataFrame: ...


WINDOW_HOURS = (0, 1, 4, 12, 24, 48, 168, np.inf)


def quality_table(intake: _Intake) -> pd.DataFrame:
    """Count the records of an export by what became of them.

    Parameters
    ----------
    intake
        Answer of `hicgeo.read_incidents`.

    Returns
    -------
    DataFrame
        Indexed by (`status`, `reason`): `column` (where the fault is, "" when it is in no single one), `records` and
        `share` of all records read. Status is "accepted", "rejected" or "noted"; accepted and rejected add up to all
        records read, and a noted record is also an accepted one. Reason codes and column names only, never a value.

    Raises
    ------
    ColumnError
        The rejected records or the notes lack a column.

    Notes
    -----
    O(records). It is a table for the analyst: it goes out under profile "intern".
    """
    for table, columns in ((intake.rejected, {"reason", "column"}), (intake.notes, {"kind", "column", "records"})):
        if not columns <= set(table):
            raise ColumnError(
                f"an intake's tables must have the columns {', '.join(sorted(columns))}",
                f"no {', '.join(sorted(columns - set(table)))}",
                "use the answer of hicgeo.read_incidents as it is",
            )
    read = len(intake.incidents) + len(intake.rejected)
    rejected = intake.rejected.assign(column=intake.rejected["column"].astype(object).fillna(""))
    reasons = rejected.groupby(["reason", "column"], observed=True).size().rename("records").reset_index()
    noted = (
        intake.notes.assign(column=intake.notes["column"].astype(object).fillna(""))
        .groupby(["kind", "column"], observed=True)["records"]
        .sum()
        .reset_index()
        .rename(columns={"kind": "reason"})
    )
    parts = [
        pd.DataFrame(
            {"status": ["accepted"], "reason": ["accepted"], "column": [""], "records": [len(intake.incidents)]}
        ),
        reasons.assign(status="rejected").sort_values(["records", "reason"], ascending=[False, True], kind="stable"),
        noted.assign(status="noted").sort_values(["records", "reason"], ascending=[False, True], kind="stable"),
    ]
    table = pd.concat([part for part in parts if len(part)], ignore_index=True)
    table["records"] = table["records"].astype("int64")
    table["share"] = table["records"] / read if read else np.nan
    return table.set_index(["status", "reason"])[["column", "records", "share"]]


def plot_quality(intake: _Intake, *, language: str = "nl") -> Picture:
    """Four pictures of an export: records by reason, incidents per month, time windows, share with a place.

    Parameters
    ----------
    intake
        Answer of `hicgeo.read_incidents`.
    language
        "nl" or "en".

    Returns
    -------
    Picture
        A matplotlib figure with four axes. Reason codes only, never a value.

    Raises
    ------
    InputError
        The language is unknown.
    ColumnError
        The rejected records or the notes lack a column.

    Notes
    -----
    The first picture has a logarithmic axis above 10 records: a few faults beside many good records must be seen. A
    month or a window is counted by the start of an incident. O(records).
    """
    from matplotlib.ticker import FuncFormatter, MaxNLocator

    from hicgeo.output._layers import DARK_COLOURS
    from hicgeo.output.pictures import Picture

    said = check_language(language)
    incidents = intake.incidents
    figure = Picture(figsize=(11, 7), layout="constrained")
    (reasons, months), (windows, places) = figure.subplots(2, 2)

    table = quality_table(intake)
    bars = table.loc[table.index.get_level_values("status") != "noted"].groupby(level=["status", "reason"], sort=False)
    total = bars["records"].sum()
    names = [text("quality.accepted", said) if status == "accepted" else str(reason) for status, reason in total.index]
    colours = ["#2f6fb0" if status == "accepted" else "#c8480f" for status, _ in total.index]
    drawn = reasons.barh(np.arange(len(total)), total.to_numpy(), color=colours)
    reasons.bar_label(drawn, [number(each, said) for each in total], padding=3, fontsize=8)
    reasons.set_yticks(np.arange(len(total)), names, parse_math=False)
    reasons.invert_yaxis()
    # a dozen faults beside a hundred thousand good records must still be seen
    reasons.set_xscale("symlog", linthresh=10)
    reasons.set_xlim(0, max(10, total.max()) * 4)
    reasons.set_xticks([])
    reasons.minorticks_off()
    reasons.set_title(text("quality.outcome", said), loc="left", fontsize=11)

    month = incidents["start"].dt.tz_localize(None).dt.to_period("M")
    covered = pd.period_range(month.min(), month.max(), freq="M") if len(month) else pd.PeriodIndex([], freq="M")
    for n, (kind, group) in enumerate(month.groupby(incidents["crime_type"].astype(str))):
        count = group.value_counts().reindex(covered, fill_value=0)
        colour = ("#2f6fb0", "#c8480f", "#3b8f4a", DARK_COLOURS["higher"], "#77808a")[n % 5]
        months.plot(np.arange(len(covered)), count.to_numpy(), color=colour, label=str(kind))
    step = max(1, -(-len(covered) // 8))
    months.set_xticks(np.arange(0, len(covered), step), [str(each) for each in covered[::step]])
    months.set_ylim(bottom=0)
    months.set_title(text("quality.month", said), loc="left", fontsize=11)
    if len(covered):
        for label in months.legend(frameon=False, fontsize=8).get_texts():
            label.set_parse_math(False)

    hours = (incidents["end"] - incidents["start"]).dt.total_seconds().to_numpy() / 3600
    count = np.array([(hours == 0).sum(), *np.histogram(hours[hours > 0], bins=np.array(WINDOW_HOURS))[0]])
    bounds = [f"{number(a, said)}-{number(b, said)}" for a, b in pairwise(WINDOW_HOURS[:-1])]
    windows.bar(np.arange(len(count)), count, color="#2f6fb0")
    windows.set_xticks(np.arange(len(count)), ["0", *bounds, f"> {number(WINDOW_HOURS[-2], said)}"])
    windows.set_xlabel(text("quality.hours", said))
    windows.set_title(text("quality.window", said), loc="left", fontsize=11)

    located = int((~(incidents.geometry.is_empty | incidents.geometry.isna())).sum())
    numbers = [located, len(incidents) - located]
    whole = max(len(incidents), 1)
    drawn = places.barh([0, 1], numbers, color=["#2f6fb0", "#c9c9c4"])
    shares = [f"{number(each, said)} ({percent(each / whole, said)})" for each in numbers]
    places.bar_label(drawn, shares, padding=3, fontsize=9)
    places.set_yticks([0, 1], [text("quality.with_place", said), text("quality.without_place", said)])
    places.set_xlim(0, whole * 1.35)
    places.set_xticks([])
    places.invert_yaxis()
    places.set_title(text("quality.located", said), loc="left", fontsize=11)
    for ax in (reasons, months, windows, places):
        ax.spines[["top", "right"]].set_visible(False)
        ax.tick_params(labelsize=8)
    for ax in (months, windows):
        ax.yaxis.set_major_locator(MaxNLocator(integer=True, nbins=6))
        ax.yaxis.set_major_formatter(FuncFormatter(lambda value, _: number(value, said)))
    return figure
