"""Layers of rates in classes, and of the verdict against the norm."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import pandas as pd

from hicgeo.errors import ColumnError
from hicgeo.output._layers import (
    NAMED,
    NORM_COLOURS,
    RATE_COLOURS,
    Entry,
    Layer,
    Scene,
    class_breaks,
    digested,
    entries,
    match,
    need,
    parts,
    ranges,
    spread,
)
from hicgeo.output.language import base_name, crime, percent, period_text

if TYPE_CHECKING:
    import numpy.typing as npt

SET_APART: dict[str, Literal["hatch-small", "hatch-gap"]] = {
    "te klein": "hatch-small",
    "onbekend": "hatch-gap",
    "onvolledig": "hatch-gap",
    "verschoven": "hatch-gap",
    "afgeschermd": "hatch-small",
    "none": "hatch-gap",
}
"""States without a colour, in the order of the legend, which names those that occur."""
VERDICTS = ("boven", "niet te onderscheiden", "onder")


def rate_layers(
    rates: pd.DataFrame, scene: Scene, *, breaks: npt.NDArray[np.float64] | None = None
) -> tuple[Layer, ...]:
    """Layers of the rate in classes, those of `breaks` when given, and of the verdict against the norm.

    Where figures are hidden there are no verdicts, for they are made with all of them.
    """
    need(rates, ["incidents", "base", "coverage", "rate", "rate_low", "rate_high", "norm", "state"], "rates")
    absent = match(rates.index, scene, "rates")
    about = rates.attrs
    if not {"crime_type", "base"} <= set(about):
        raise ColumnError(
            "rates on a map must say of what and per what",
            "attrs without crime_type or base (joining tables drops them)",
            "give the answer of hicgeo.rates, with columns added by assign",
        )
    # an area of the map that the table passes over has no figures, which is not the same as none
    rates = rates.reindex(rates.index.union(scene.areas.index[scene.dry(scene.areas.index)]))
    kind, per = crime(about.get("crime_type"), scene.language), scene.number(float(about.get("per", 1000)))
    words = {"crime": kind, "per": per, "base": base_name(about.get("base"), scene.language)}
    words["period"] = period_text(about.get("period"), scene.language)
    state = rates["state"].astype(object).where(rates["state"].notna(), "none").where(scene.dry(rates.index))
    if about["base"] in scene.areas:  # the table has 0 where the number is unknown, and calls that small
        unknown = scene.areas[about["base"]].reindex(rates.index).isna().to_numpy() & (state == "te klein").to_numpy()
        state, rates = state.mask(unknown, "onbekend"), rates.assign(base=rates["base"].mask(unknown))
    moved = [code for code in about.get("moved_border", []) if code in scene.areas.index]
    notes = [*absent, *_doubts(rates, moved, scene, words["base"])]
    secret = rates["hidden"].eq(True) if "hidden" in rates else pd.Series(False, index=rates.index)
    state = state.mask(secret, "afgeschermd")
    # where the border moved the figure is no rate of the area: no colour, no verdict, and in no count of those
    state = state.mask(state.isin(VERDICTS) & rates.index.isin(moved), "verschoven")
    judged = state.isin(VERDICTS).to_numpy()
    if secret.any():
        judged = ((state == "none") & rates["rate"].notna()).to_numpy()
        state = state.mask(judged, None)
        notes.append(scene.say("note.unjudged"))
    rows = tuple(
        scene.say(key, **words)
        for key in ("row.incidents", "row.base", "row.rate", "row.interval", "row.norm", "row.state", "row.coverage")
    )
    values = _cards(rates, state, scene, words)
    rate = rates["rate"].to_numpy(float)
    breaks = class_breaks(rate[judged]) if breaks is None else breaks
    which = np.digitize(rate, breaks)
    labels = ranges(breaks, rate[judged], scene)
    colours = spread(RATE_COLOURS, len(labels)) if labels else []
    classes = [(label, colour, "") for label, colour in zip(labels, colours, strict=True)]
    by_rate = {str(code): int(which[place]) for place, code in enumerate(rates.index) if judged[place]}
    norm_classes = [(scene.say(f"state.{each}"), colour, "") for each, colour in NORM_COLOURS.items()]
    by_norm = {
        str(c): list(NORM_COLOURS).index(s) for c, s in zip(rates.index, state, strict=True) if s in NORM_COLOURS
    }
    for drawn, member in ((classes, by_rate), (norm_classes, by_norm)):
        for name, pattern in SET_APART.items():
            member |= dict.fromkeys(map(str, state.index[state == name]), len(drawn))
            drawn.append((scene.say(f"state.{name}", **words), "#ffffff", pattern))
    norms = rates["norm"].dropna().round(9).unique()
    unit = scene.say("unit.norm", **words, norm=scene.number(norms[0], 1)) if len(norms) == 1 else None
    above = rates.loc[(state == "boven").to_numpy(), "rate"].sort_values(ascending=False, kind="stable")
    said = 0 if secret.any() else int(judged.sum())
    # a dark colour is a high figure, which in a small area is no news: the border says where it is sure
    marked = tuple(map(str, above.index.intersection(scene.areas.index, sort=False)))
    sure = [Entry(scene.say("mark.above"), "#ffffff", scene.areas_counted(len(marked)), "outline")] if marked else []
    common: dict[str, Any] = {
        "kind": "areas",
        "rows": rows,
        "values": values,
        "period": words["period"],
        "headline": _above_norm(above.index, scene, judged=said, doubted=int((state == "verschoven").sum()), **words),
        **_highest(above.index, scene, rows, values, **words),
    }
    in_classes = Layer(
        key="rate",
        name=scene.say("layer.rate", **words),
        unit=scene.say("unit.rate", **words).rstrip(", "),
        notes=(scene.say("note.rate"), *notes),
        classes=(*entries(classes, by_rate, scene), *sure),
        member=by_rate,
        marked=marked,
        **common,
    )
    if secret.any():
        return (in_classes,)
    return (
        in_classes,
        Layer(
            key="norm",
            name=scene.say("layer.norm", **words),
            unit=(unit or scene.say("unit.norm.many", **words)).rstrip("; "),
            notes=(scene.say("note.norm"), *notes),
            classes=entries(norm_classes, by_norm, scene),
            member=by_norm,
            **common,
        ),
    )


def _doubts(rates: pd.DataFrame, moved: list[str], scene: Scene, base: str) -> list[str]:
    """Sentences on what makes figures less than they seem: parts of incidents, gaps, moved borders."""
    said = [*parts(rates["incidents"].to_numpy(float), scene)]
    if (share := rates.attrs.get("coverage", 1.0)) < 1:
        said.append(scene.say("note.coverage", share=percent(share, scene.language), base=base))
    if moved:
        said.append(scene.say("note.moved", n=scene.number(len(moved)), names=", ".join(map(scene.named, moved))))
    return said


def _cards(rates: pd.DataFrame, state: pd.Series, scene: Scene, words: dict[str, str]) -> dict[str, tuple[str, ...]]:
    """What the card of each area says, line by line."""
    return {
        str(row.Index): (
            scene.number(row.incidents, 0 if pd.isna(row.incidents) or row.incidents == round(row.incidents) else 1),
            scene.number(row.base),
            scene.number(row.rate, 1),
            scene.between(row.rate_low, row.rate_high, 1),
            scene.number(row.norm, 1),
            scene.say(f"state.{verdict}", **words) if isinstance(verdict, str) else scene.say("state.none"),
            "" if row.coverage == 1 or pd.isna(row.coverage) else percent(row.coverage, scene.language, decimals=0),
        )
        for row, verdict in zip(rates.itertuples(), state, strict=True)
        if row.Index in scene.areas.index
    }


def _above_norm(above: pd.Index, scene: Scene, *, judged: int, doubted: int, crime: str, period: str, **_: str) -> str:
    """Sentence on how many areas are above the norm, and which; those whose figure is doubted are counted apart."""
    words = {"n": scene.number(len(above)), "judged": scene.number(judged), "crime": f"{crime}, {period}".rstrip(", ")}
    if not judged:
        return ""
    names = [scene.named(code) for code in above[:NAMED]]
    left = len(above) - len(names)
    more = [scene.say("picture.others", n=scene.number(left))] if left else []
    key = "headline.norm" if len(above) else "headline.norm.none"
    said = scene.say(key, **words, names=" ".join([", ".join(names), *more]).strip())
    return said + (scene.say("headline.norm.moved", n=scene.number(doubted)) if doubted else "")


def _highest(
    above: pd.Index,
    scene: Scene,
    rows: tuple[str, ...],
    values: Mapping[str, tuple[str, ...]],
    *,
    crime: str,
    period: str,
    **_: str,
) -> dict[str, Any]:
    """Table of the highest areas above the norm: count, rate, interval and norm; in a briefing it stands alone."""
    shown = (0, 2, 3, 4)
    rows = (f"{crime}, {period}".rstrip(", "), *rows[1:])
    lines = [(scene.named(code), *(values[code][place] for place in shown)) for code in above]
    return digested((scene.say("page.name"), *(rows[place] for place in shown)), lines, scene)
