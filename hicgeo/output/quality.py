"""What became of the records of an export: tables and pictures of an Intake, by reason and never by value."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import TYPE_CHECKING, Protocol

import numpy as np
import pandas as pd

from hicgeo.errors import ColumnError
from hicgeo.output.language import Language, check_language, number, percent, text
from hicgeo.schema import LEAST_LOCATED, NEAR_BORDER_M

if TYPE_CHECKING:
    import geopandas as gpd
    from matplotlib.axes import Axes

    from hicgeo.output.pictures import Picture


class _Intake(Protocol):
    """What is read of an Intake: `output` may not import `sources`."""

    @property
    def incidents(self) -> gpd.GeoDataFrame: ...
    @property
    def rejected(self) -> pd.DataFrame: ...
    @property
    def notes(self) -> pd.DataFrame: ...
    @property
    def located(self) -> float: ...


_GOOD, _BAD, _GREY = "#2f6fb0", "#c8480f", "#a9a9a4"
_NAMED_FROM = 10
UNKNOWN = "onbekend"
"""What the reader makes of a group that the export leaves empty."""
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
    _must_have(intake.rejected, {"reason", "column"})
    _must_have(intake.notes, {"kind", "column", "records"})
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


def plot_quality(intake: _Intake, assignment: pd.DataFrame | None = None, *, language: str = "nl") -> Picture:
    """Pictures of an export: what became of its records, where the rejects are, how complete and precise the rest is.

    Parameters
    ----------
    intake
        Answer of `hicgeo.read_incidents`.
    assignment
        Answer of `hicgeo.assign_neighbourhoods` for its incidents; without it the picture of borders is left out.
    language
        "nl" or "en".

    Returns
    -------
    Picture
        A matplotlib figure. Reason codes and counts only, never a value; a municipality is named from ten accepted
        incidents on, so that a text that slipped into that column is not shown.

    Raises
    ------
    InputError
        The language is unknown.
    ColumnError
        The rejected records, the notes or the assignment lack a column.

    Notes
    -----
    The first picture has a logarithmic axis above 10 records: a few faults beside many good records must be seen. A
    month or a window is counted by the start of an incident. O(records).
    """
    from hicgeo.output.pictures import Picture

    said = check_language(language)
    table = quality_table(intake)
    _must_have(intake.rejected, {"month", "crime_type", "municipality"})
    if assignment is not None:
        _must_have(assignment, {"status", "border_m"})
    incidents, rejected = intake.incidents, intake.rejected
    figure = Picture(figsize=(13, 9.5), layout="constrained")
    (outcome, months, lost), (kinds, towns, windows), (precise, filled, borders) = figure.subplots(3, 3)

    bars = table.loc[table.index.get_level_values("status") != "noted"].groupby(level=["status", "reason"], sort=False)
    total = bars["records"].sum().to_dict()
    names = [text("quality.accepted", said) if status == "accepted" else str(reason) for status, reason in total]
    colours = [_GOOD if status == "accepted" else _BAD for status, _ in total]
    _bars(outcome, "outcome", names, list(total.values()), said, colours=colours)
    # a dozen faults beside a hundred thousand good records must still be seen
    outcome.set_xscale("symlog", linthresh=10)
    outcome.set_xlim(0, max(10, *total.values()) * 6)
    outcome.set_xticks([])
    outcome.minorticks_off()

    month = incidents["start"].dt.tz_localize(None).dt.to_period("M")
    covered = pd.period_range(month.min(), month.max(), freq="M") if len(month) else pd.PeriodIndex([], freq="M")
    kind = incidents["crime_type"].astype(str)
    _lines(months, {str(name): group.value_counts() for name, group in month.groupby(kind)}, covered)
    months.set_title(text("quality.month", said), loc="left", fontsize=11)
    dated = pd.PeriodIndex(rejected["month"].dropna(), freq="M")
    dated = dated[(dated >= covered[0]) & (dated <= covered[-1])] if len(covered) else dated[:0]
    _lines(lost, {"": pd.Series(1, index=dated).groupby(level=0).size()}, covered)
    undated = number(len(rejected) - len(dated), said)
    lost.set_title(text("quality.undated", said, n=undated), loc="left", fontsize=11)

    often = incidents["municipality"].value_counts() if "municipality" in incidents else pd.Series(dtype="int64")
    often = often[often >= _NAMED_FROM]
    for ax, title, found, known in (
        (kinds, "rejected_type", rejected["crime_type"], kind.value_counts()),
        (towns, "rejected_area", rejected["municipality"], often),
    ):
        among = found.astype(object).where(found.isin(known.index)).dropna().value_counts()
        among = among.sort_index().sort_values(ascending=False, kind="stable").head(8)
        counted = [*among, len(rejected) - int(among.sum())]
        labels = [
            text("quality.of_all", said, n=number(n, said), all=number(n + known[name], said))
            for name, n in among.items()
        ]
        _bars(
            ax,
            title,
            [*map(str, among.index), text("quality.unknown", said)],
            counted,
            said,
            colours=[_BAD] * len(among) + [_GREY],
            labels=[*labels, number(counted[-1], said)],
        )

    hours = (incidents["end"] - incidents["start"]).dt.total_seconds().to_numpy() / 3600
    count = np.array([(hours == 0).sum(), *np.histogram(hours[hours > 0], bins=np.array(WINDOW_HOURS))[0]])
    bounds = [f"{number(a, said)}-{number(b, said)}" for a, b in pairwise(WINDOW_HOURS[:-1])]
    windows.bar(np.arange(len(count)), count, color=_GOOD)
    windows.set_xticks(np.arange(len(count)), ["0", *bounds, f"> {number(WINDOW_HOURS[-2], said)}"], rotation=40)
    windows.set_xlabel(text("quality.hours", said))
    windows.set_title(text("quality.window", said), loc="left", fontsize=11)

    metres = incidents["precision_m"].to_numpy(float) if "precision_m" in incidents else np.full(len(incidents), np.nan)
    classes = {
        "address": metres <= 10,
        "street": (metres > 10) & (metres <= 250),
        "coarse": (metres > 250) & np.isfinite(metres),
        "nowhere": np.isinf(metres),
        "not_given": np.isnan(metres),
    }
    counted = [int(each.sum()) for each in classes.values()]
    noted = intake.notes.groupby("kind")["records"].sum()
    counted += [int(noted.get(kind, 0)) for kind in ("at_station", "heap")]
    names = [text(f"quality.{each}", said) for each in (*classes, "at_station", "heap")]
    colours = [_GOOD, _GOOD, _GREY, _GREY, _GREY, _BAD, _BAD]
    _bars(precise, "precision", names, counted, said, colours=colours)

    optional = ("municipality", "address_key", "target", "modus", "dwelling_type", "registered")
    there = {
        name: (incidents[name].notna() & (incidents[name].astype(object) != UNKNOWN)).to_numpy(bool)
        for name in optional
        if name in incidents
    }
    shares = [intake.located, *(float(each.mean()) if len(each) else 0.0 for each in there.values())]
    names = [text(f"quality.{each}", said) for each in ("place", *there)]
    colours = [_BAD if shares[0] < LEAST_LOCATED and len(incidents) else _GOOD] + [_GREY] * len(there)
    if colours[0] == _BAD:
        names[0] = text("quality.place_missing", said, share=percent(LEAST_LOCATED, said))
    _bars(filled, "filled", names, shares, said, colours=colours, labels=[percent(each, said) for each in shares])

    if assignment is None:
        figure.delaxes(borders)
    else:
        statuses = assignment["status"].value_counts()
        statuses = statuses[statuses > 0]
        near = int((assignment["border_m"] < NEAR_BORDER_M).sum())
        names = [*(text(f"quality.{each}", said) for each in statuses.index), text("quality.near", said)]
        counted = [*map(int, statuses), near]
        labels = [f"{number(n, said)} ({percent(n / max(len(assignment), 1), said)})" for n in counted]
        _bars(borders, "border", names, counted, said, colours=[_GOOD] * len(statuses) + [_GREY], labels=labels)
    for ax in figure.axes:
        ax.spines[["top", "right"]].set_visible(False)
        ax.tick_params(labelsize=8)
    for ax in (months, lost, windows):
        _whole_numbers(ax, said)
    return figure


def _must_have(table: pd.DataFrame, columns: set[str]) -> None:
    if not columns <= set(table):
        raise ColumnError(
            f"an intake's tables must have the columns {', '.join(sorted(columns))}",
            f"no {', '.join(sorted(columns - set(table)))}",
            "use the answers of hicgeo.read_incidents and hicgeo.assign_neighbourhoods as they are",
        )


def _bars(
    ax: Axes,
    title: str,
    names: Sequence[str],
    values: Sequence[float],
    language: Language,
    *,
    colours: Sequence[str],
    labels: Sequence[str] | None = None,
) -> None:
    """Horizontal bars, the first on top, each with its figure."""
    drawn = ax.barh(np.arange(len(values)), values, color=list(colours))
    ax.bar_label(drawn, labels or [number(each, language) for each in values], padding=3, fontsize=8)
    ax.set_yticks(np.arange(len(values)), names, parse_math=False)
    ax.invert_yaxis()
    ax.set_xlim(0, max([*values, 0]) * 1.6 or 1)
    ax.set_xticks([])
    ax.set_title(text(f"quality.{title}", language), loc="left", fontsize=11)


def _lines(ax: Axes, counts: Mapping[str, pd.Series], covered: pd.PeriodIndex) -> None:
    """One line per name over the months covered, named when there is more than one."""
    from hicgeo.output._layers import DARK_COLOURS

    colours = (_GOOD, _BAD, "#3b8f4a", DARK_COLOURS["higher"], "#77808a")
    for n, (name, count) in enumerate(counts.items()):
        colour = colours[n % 5] if name else _BAD
        ax.plot(np.arange(len(covered)), count.reindex(covered, fill_value=0).to_numpy(), color=colour, label=name)
    step = max(1, -(-len(covered) // 4))
    ax.set_xticks(np.arange(0, len(covered), step), [str(each) for each in covered[::step]])
    ax.set_ylim(bottom=0)
    if len(covered) and "" not in counts:
        for label in ax.legend(frameon=False, fontsize=8).get_texts():
            label.set_parse_math(False)


def _whole_numbers(ax: Axes, language: Language) -> None:
    from matplotlib.ticker import FuncFormatter, MaxNLocator

    ax.yaxis.set_major_locator(MaxNLocator(integer=True, nbins=6))
    ax.yaxis.set_major_formatter(FuncFormatter(lambda value, _: number(value, language)))
