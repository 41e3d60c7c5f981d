"""Layers of the dark days and of areas with the same course over the year."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from hicgeo.errors import ColumnError, InputError
from hicgeo.output._layers import DARK_COLOURS, GROUP_COLOURS, Layer, Scene, entries, match, need
from hicgeo.output._words_season import course
from hicgeo.output.language import crime


def dark_layer(season: pd.DataFrame, scene: Scene) -> Layer:
    """Layer of the dark-days ratio over all seasons: higher, no difference shown, lower."""
    need(season, ["ratio", "ratio_low", "ratio_high"], "dark days")
    if list(season.index.names) != ["code", "season"] or "alle" not in season.index.get_level_values("season"):
        raise ColumnError(
            "dark days must be indexed by (code, season) with a season 'alle'",
            f"an index of {', '.join(map(str, season.index.names))}",
            "use the answer of hicgeo.dark_days as it is",
        )
    pooled = season.xs("alle", level="season")
    absent = match(pooled.index, scene, "dark days")
    adjusted = {"ratio_trend", "ratio_trend_low", "ratio_trend_high"} <= set(pooled)
    shown = "ratio_trend" if adjusted else "ratio"  # the headline: crime that falls must not pass for a season
    low, high = pooled[f"{shown}_low"], pooled[f"{shown}_high"]
    state = pd.Series(np.select([low > 1, high < 1, low.notna() & high.notna()], ["higher", "lower", "same"], ""),
                      index=pooled.index).where(scene.dry(pooled.index), "")  # fmt: skip
    member = {str(c): list(DARK_COLOURS).index(s) for c, s in state.items() if s}
    rows = tuple(scene.say(key) for key in ("row.dark_ratio", "row.interval", "row.state"))
    values: dict[str, tuple[str, ...]] = {
        str(code): (
            scene.number(ratio, 2),
            scene.between(lower, upper, 2),
            scene.say(f"dark.{verdict}") if verdict else scene.say("state.none"),
        )
        for code, ratio, lower, upper, verdict in zip(pooled.index, pooled[shown], low, high, state, strict=True)
        if code in scene.areas.index
    }
    kind = crime(season.attrs.get("crime_type"), scene.language)
    return Layer(
        kind="areas",
        key="dark",
        name=scene.say("layer.dark", crime=kind),
        unit=scene.say("unit.dark"),
        notes=(scene.say("note.dark"), *([scene.say("note.dark.trend")] if adjusted else []), *absent),
        classes=entries([(scene.say(f"dark.{s}"), c, "") for s, c in DARK_COLOURS.items()], member, scene),
        member=member,
        rows=rows,
        values=values,
    )


def season_layer(clusters: Any, scene: Scene) -> Layer:
    """Layer of seasonal groups; with one group it says that there is one pattern."""
    labels: pd.Series = clusters.labels
    absent = match(labels.index, scene, "seasonal groups")
    peaks = {group: course(profile, scene.language) for group, profile in clusters.profiles.iterrows()}
    groups = list(clusters.profiles.index)
    if len(groups) > len(GROUP_COLOURS):
        raise InputError(
            f"a map can tell at most {len(GROUP_COLOURS)} seasonal groups apart",
            f"{len(groups)}",
            "ask for fewer groups",
        )
    dry = dict(zip(labels.index, scene.dry(labels.index), strict=True))
    unknown = len(groups)
    member = {
        str(code): groups.index(label) if label in peaks else unknown
        for code, label in labels.items()
        if dry[code] and not pd.isna(label)
    }
    shown = [scene.say("seasons.one")] if clusters.k == 1 else [f"{group}: {peaks[group]}" for group in groups]
    classes = [(name, GROUP_COLOURS[n], "") for n, name in enumerate(shown)]
    classes.append((scene.say("seasons.none"), "#ffffff", "hatch-small"))
    note = (
        scene.say("note.seasons.one")
        if clusters.k == 1
        else scene.say("note.seasons", k=clusters.k, stability=scene.number(float(clusters.stability), 2))
    )
    return Layer(
        kind="areas",
        key="seasons",
        name=scene.say("layer.seasons"),
        unit=scene.say("unit.seasons"),
        notes=(note, *absent),
        classes=entries(classes, member, scene),
        member=member,
        rows=(scene.say("row.group"), scene.say("row.peak")),
        values={
            code: (classes[place][0], peaks[groups[place]] if place < unknown else "") for code, place in member.items()
        },
    )
