"""Layers that change with the period: counts by month, and rates of two periods side by side."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from hicgeo.errors import ColumnError, InputError
from hicgeo.output._layers import (
    RATE_COLOURS,
    Frame,
    Layer,
    Scene,
    class_breaks,
    entries,
    match,
    need,
    parts,
    ranges,
    spread,
)
from hicgeo.output._layers_rates import rate_layers
from hicgeo.output.language import crime, month

if TYPE_CHECKING:
    from collections.abc import Sequence

YEAR = 12


def month_layer(counts: pd.DataFrame, scene: Scene, crime_type: str, months: Sequence[pd.Period]) -> Layer:
    """Layer of the counts of one crime type, a frame per month.

    Parameters
    ----------
    counts
        Count table.
    scene
        The areas of the map.
    crime_type
        One of the table's.
    months
        The months of the slider, in order.
    """
    table = counts.xs(crime_type, level="crime_type").reset_index()
    lost = match(pd.Index(table["code"].unique()), scene, "counts")
    table = table[table["code"].isin(scene.areas.index)]
    shown = pd.PeriodIndex(months, freq="M")
    wide = table.pivot(index="code", columns="month", values="incidents")
    # an area of which nothing was ever published is not an area without incidents
    wide = wide.reindex(wide.index.union(scene.areas.index[scene.dry(scene.areas.index)]).rename("code"))
    # a year more than is shown, for the figure of a year before
    number = wide.reindex(columns=pd.period_range(shown[0] - YEAR, shown[-1], freq="M")).to_numpy(float)
    state = table.pivot(index="code", columns="month", values="status").reindex(index=wide.index, columns=shown)
    dry = scene.dry(wide.index)
    now = number[:, YEAR:]
    some = now[dry][now[dry] > 0]
    breaks = class_breaks(some)
    labels = ranges(breaks, some, scene)  # none where every figure is hidden
    colours = spread(RATE_COLOURS, len(labels)) if labels else []
    classes: list[tuple[str, str, Any]] = [(scene.say("months.zero"), "#f7f8f6", "")]
    classes += [(label, colour, "") for label, colour in zip(labels, colours, strict=True)]
    classes.append((scene.say("months.missing"), "#ffffff", "hatch-gap"))
    place = np.where(now > 0, np.digitize(now, breaks) + 1, 0)
    place[np.isnan(now)] = len(classes) - 1
    if "hidden" in table and table["hidden"].any():
        classes.append((scene.say("state.afgeschermd"), "#ffffff", "hatch-small"))
        secret = table.pivot(index="code", columns="month", values="hidden").reindex(index=wide.index, columns=shown)
        place[secret.eq(True).to_numpy()] = len(classes) - 1  # not the same as: not published
    frames = []
    for step, each in enumerate(shown):
        past = number[:, step]
        frames.append(
            Frame(
                label=month(each, scene.language),
                member={str(code): int(place[n, step]) for n, code in enumerate(wide.index) if dry[n]},
                values={
                    str(code): (
                        _count(now[n, step], scene),
                        _count(past[n], scene) if not np.isnan(past[n]) else "",
                        scene.say("months.provisional") if state.iloc[n, step] == "provisional" else "",
                    )
                    for n, code in enumerate(wide.index)
                },
                note=_total(each, now[:, step], past, scene, crime_type),
            )
        )
    last = int(max(np.flatnonzero((~np.isnan(now)).any(axis=0)), default=len(shown) - 1))  # all may be hidden
    return Layer(
        kind="areas",
        key="months",
        name=scene.say("layer.months", crime=crime(crime_type, scene.language)),
        unit=scene.say("unit.months", crime=crime(crime_type, scene.language)),
        notes=(scene.say("note.months"), *parts(some, scene), *lost),
        classes=entries(classes, frames[last].member, scene),
        member=frames[last].member,
        rows=(scene.say("row.incidents"), scene.say("row.year_before"), scene.say("row.status")),
        values=frames[last].values,
        frames=tuple(frames),
        start=last,
        lag=YEAR,
    )


def comparison_layer(earlier: pd.DataFrame, later: pd.DataFrame, scene: Scene) -> Layer:
    """Layer of the rates of two periods in the same classes, to be shown side by side.

    Parameters
    ----------
    earlier, later
        Answers of `hicgeo.rates` for one crime type, base and unit.
    scene
        The areas of the map.
    """
    about = [{key: rates.attrs.get(key) for key in ("crime_type", "base", "per")} for rates in (earlier, later)]
    if about[0] != about[1] or earlier.attrs.get("period") == later.attrs.get("period"):
        raise InputError(
            "two periods can be compared for one crime type, base and unit",
            f"{about[0]} over {earlier.attrs.get('period')} and {about[1]} over {later.attrs.get('period')}",
            "make both with hicgeo.rates, with nothing but the period different",
        )
    need(later, ["rate", "state"], "rates")
    need(earlier, ["rate", "state"], "rates")
    both = pd.concat([earlier, later])
    judged = both["state"].isin(["boven", "niet te onderscheiden", "onder"]) & scene.dry(both.index)
    breaks = class_breaks(both.loc[judged.to_numpy(), "rate"].to_numpy(float))
    layers = [rate_layers(rates, scene, breaks=breaks)[0] for rates in (earlier, later)]
    labels = [layer.period for layer in layers]
    frames = tuple(Frame(label, layer.member, layer.values, "") for label, layer in zip(labels, layers, strict=True))
    last = layers[1]
    return Layer(
        kind="areas",
        key="comparison",
        name=scene.say("layer.comparison", rate=last.name, earlier=labels[0], later=labels[1]),
        unit=last.unit.rpartition(", ")[0],
        notes=(scene.say("note.comparison"), *dict.fromkeys(note for layer in layers for note in layer.notes)),
        classes=last.classes,
        member=last.member,
        rows=last.rows,
        values=last.values,
        frames=frames,
        start=1,
        lag=1,
        always=True,
    )


def month_range(counts: pd.DataFrame, crime_type: str, months: tuple[str, str] | None) -> list[pd.Period]:
    """Months of a slider: those asked for, or from the first to the last in which anything is published.

    Parameters
    ----------
    counts
        Count table.
    crime_type
        One of the table's.
    months
        First and last month, or None.
    """
    need(counts, ["incidents", "status"], "counts")
    if list(counts.index.names) != ["code", "crime_type", "month"]:
        raise ColumnError(
            "counts must be indexed by (code, crime_type, month)",
            f"an index of {', '.join(map(str, counts.index.names))}",
            "use the answer of hicgeo.count_incidents or hicgeo.read_counts as it is",
        )
    kinds = counts.index.get_level_values("crime_type").unique()
    if crime_type not in kinds:
        raise InputError(
            "crime_type must be one of the counts", repr(crime_type), f"choose from {', '.join(map(str, kinds))}"
        )
    published = counts.xs(crime_type, level="crime_type")["incidents"].dropna().index.get_level_values("month")
    if months is not None:
        try:
            first, last = (pd.Period(each, "M") for each in months)
        except ValueError:
            first, last = pd.Period("2000-02", "M"), pd.Period("2000-01", "M")
        published = published[(published >= first) & (published <= last)]
    else:
        first, last = published.min(), published.max()
    if not len(published):
        raise InputError(
            "a map by month needs at least one month with figures",
            f"none for {crime_type!r}" + (f" from {months[0]} to {months[1]}" if months else ""),
            "choose other months, as ('2023-01', '2024-12'), or leave this layer out",
        )
    return list(pd.period_range(first, last, freq="M"))


def _count(value: float, scene: Scene) -> str:
    return scene.number(value, 0 if np.isnan(value) or value == round(value) else 1)


def _total(when: pd.Period, now: np.ndarray, past: np.ndarray, scene: Scene, crime_type: str) -> str:
    """Sentence with the sum of a month over the areas that have a figure, and that of a year before."""
    known = ~np.isnan(now)
    every, share = scene.areas_counted(len(now)), known.sum() / max(len(now), 1)
    part = scene.say("months.of", n=scene.number(known.sum()), all=every)
    words = {
        "crime": crime(crime_type, scene.language),
        "month": month(when, scene.language),
        "areas": part if 0 < share < 1 else every,
        "total": _count(round(float(now[known].sum()), 1), scene),
    }
    if not known.any():
        return scene.say("months.none", **words)
    if np.isnan(past[known]).any():  # of other areas: not to be compared
        return scene.say("months.total", **{**words, "areas": part})
    return scene.say("months.total.before", **words, before=_count(round(float(past[known].sum()), 1), scene))
