"""Layers of rates in classes, and of the verdict against the norm."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import pandas as pd

from hicgeo.errors import ColumnError
from hicgeo.output._layers import (
    DIGEST,
    NAMED,
    NORM_COLOURS,
    RATE_COLOURS,
    Layer,
    Scene,
    class_breaks,
    entries,
    match,
    need,
    ranges,
    spread,
)
from hicgeo.output.language import base_name, crime, percent, period_text

if TYPE_CHECKING:
    import numpy.typing as npt


def rate_layers(
    rates: pd.DataFrame, scene: Scene, *, breaks: npt.NDArray[np.float64] | None = None
) -> tuple[Layer, Layer]:
    """Layers of the rate in classes, those of `breaks` when given, and of the verdict against the norm."""
    need(rates, ["incidents", "base", "coverage", "rate", "rate_low", "rate_high", "norm", "state"], "rates")
    absent = match(rates.index, scene, "rates")
    about = rates.attrs
    if not {"crime_type", "base"} <= set(about):
        raise ColumnError(
            "rates on a map must say of what and per what",
            "attrs without crime_type or base (joining tables drops them)",
            "give the answer of hicgeo.rates, with columns added by assign",
        )
    kind, per = crime(about.get("crime_type"), scene.language), scene.number(float(about.get("per", 1000)))
    words = {"crime": kind, "per": per, "base": base_name(about.get("base"), scene.language)}
    words["period"] = period_text(about.get("period"), scene.language)
    state = rates["state"].astype(object).where(rates["state"].notna() & scene.dry(rates.index))
    notes = [*absent]
    share = about.get("coverage", 1.0)
    if share < 1:
        notes.append(scene.say("note.coverage", share=percent(share, scene.language), base=words["base"]))
    moved = [code for code in about.get("moved_border", []) if code in scene.areas.index]
    if moved:
        names = scene.areas["name"].reindex(moved).fillna("–")
        notes.append(scene.say("note.moved", n=scene.number(len(moved)), names=", ".join(names)))
    secret = rates["hidden"].to_numpy(bool) if "hidden" in rates else np.zeros(len(rates), dtype=bool)
    state = state.mask(secret, "afgeschermd")
    judged = state.isin(["boven", "niet te onderscheiden", "onder"]).to_numpy()
    rows = tuple(
        scene.say(key, **words)
        for key in ("row.incidents", "row.base", "row.rate", "row.interval", "row.norm", "row.state", "row.coverage")
    )
    values = {
        str(code): (
            scene.number(row.incidents, 0 if pd.isna(row.incidents) or row.incidents == round(row.incidents) else 1),
            scene.number(row.base),
            scene.number(row.rate, 1),
            scene.between(row.rate_low, row.rate_high, 1),
            scene.number(row.norm, 1),
            scene.say(f"state.{verdict}") if isinstance(verdict, str) else scene.say("state.none"),
            "" if row.coverage == 1 or pd.isna(row.coverage) else percent(row.coverage, scene.language, decimals=0),
        )
        for (code, row), verdict in zip(
            rates.astype({"state": object}).set_axis(rates.index).iterrows(), state, strict=True
        )
        if code in scene.areas.index
    }
    rate = rates["rate"].to_numpy(float)
    breaks = class_breaks(rate[judged]) if breaks is None else breaks
    which = np.digitize(rate, breaks)
    labels = ranges(breaks, scene) if judged.any() or len(breaks) else []
    colours = spread(RATE_COLOURS, len(labels)) if labels else []
    classes = [(label, colour, "") for label, colour in zip(labels, colours, strict=True)]
    by_rate = {str(code): int(which[place]) for place, code in enumerate(rates.index) if judged[place]}
    set_apart: list[tuple[str, Literal["hatch-small", "hatch-gap"]]] = [
        ("te klein", "hatch-small"),
        ("onvolledig", "hatch-gap"),
    ]
    if secret.any():
        set_apart.append(("afgeschermd", "hatch-small"))
    norm_classes = [(scene.say(f"state.{each}"), colour, "") for each, colour in NORM_COLOURS.items()]
    by_norm = {
        str(c): list(NORM_COLOURS).index(s) for c, s in zip(rates.index, state, strict=True) if s in NORM_COLOURS
    }
    for name, pattern in set_apart:
        codes = [str(code) for code in rates.index[(state == name).to_numpy()]]
        by_rate |= dict.fromkeys(codes, len(classes))
        by_norm |= dict.fromkeys(codes, len(norm_classes))
        classes.append((scene.say(f"state.{name}"), "#ffffff", pattern))
        norm_classes.append((scene.say(f"state.{name}"), "#ffffff", pattern))
    norms = rates["norm"].dropna().round(9).unique()
    unit = scene.say("unit.norm", **words, norm=scene.number(norms[0], 1)) if len(norms) == 1 else None
    common: dict[str, Any] = {"kind": "areas", "rows": rows, "values": values}
    return (
        Layer(
            key="rate",
            name=scene.say("layer.rate", **words),
            unit=scene.say("unit.rate", **words).rstrip(", "),
            notes=(scene.say("note.rate"), *notes),
            classes=entries(classes, by_rate, scene),
            member=by_rate,
            **common,
        ),
        Layer(
            key="norm",
            name=scene.say("layer.norm", **words),
            unit=unit or scene.say("unit.norm.many"),
            notes=(scene.say("note.norm"), *notes),
            classes=entries(norm_classes, by_norm, scene),
            member=by_norm,
            headline=_above_norm(rates, state, scene, kind),
            digest=_highest(rates, state, scene, rows, values),
            **common,
        ),
    )


def _above(rates: pd.DataFrame, state: pd.Series) -> list[str]:
    """Codes above the norm, the highest rate first."""
    above = rates.loc[(state == "boven").to_numpy(), "rate"]
    return [str(code) for code in above.sort_index().sort_values(ascending=False, kind="stable").index]


def _above_norm(rates: pd.DataFrame, state: pd.Series, scene: Scene, kind: str) -> str:
    """Sentence on how many areas are above the norm, and which."""
    judged = int(state.isin(list(NORM_COLOURS)).sum())
    above = _above(rates, state)
    words = {"crime": kind, "n": scene.number(len(above)), "judged": scene.number(judged)}
    if not judged:
        return ""
    if not above:
        return scene.say("headline.norm.none", **words)
    names = [scene.named(code) for code in above[:NAMED]]
    more = [scene.say("picture.others", n=scene.number(len(above) - NAMED))] if len(above) > NAMED else []
    return scene.say("headline.norm", **words, names=" ".join([", ".join(names), *more]))


def _highest(
    rates: pd.DataFrame, state: pd.Series, scene: Scene, rows: tuple[str, ...], values: Mapping[str, tuple[str, ...]]
) -> tuple[tuple[str, ...], ...]:
    """Table of the highest areas above the norm: count, rate, interval and norm."""
    above = _above(rates, state)[:DIGEST]
    shown = (0, 2, 3, 4)
    lines = [(scene.named(code), *(values[code][place] for place in shown)) for code in above]
    return ((scene.say("page.name"), *(rows[place] for place in shown)), *lines) if lines else ()
