"""Layers of the season: more in the dark days or not, groups by their year, and places by the season they are busy."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from hicgeo.errors import ColumnError, InputError
from hicgeo.output._layers import DARK_COLOURS, GROUP_COLOURS, Entry, Layer, Scene, entries, match, need
from hicgeo.output._words_season import STABLE, course, group_name
from hicgeo.output.language import crime

if TYPE_CHECKING:
    import geopandas as gpd

PLACES = {
    "chronisch": ("all_year", "#952d04"),
    "seizoen: donker": ("dark", "#5b3a8e"),
    "seizoen: licht": ("light", "#d9a016"),
    "incidenteel": ("once", "#4cb58b"),
    "onbeslist": ("undecided", "#c9c9c4"),
}
"""Kinds of `hicgeo.seasonal_areas`: key of their label, and colour."""


def group_colours(k: int) -> tuple[str, ...]:
    """Colours of so many groups, the strongest season first; a single pattern has no colour of alarm."""
    return GROUP_COLOURS[:k] if k > 1 else GROUP_COLOURS[1:2]


def dark_layer(season: pd.DataFrame, scene: Scene) -> Layer:
    """Layer of the dark-days ratio over all seasons: higher, no difference shown, lower, or too little known."""
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
    pooled = pooled.reindex(scene.areas.index)
    low, high = pooled[f"{shown}_low"], pooled[f"{shown}_high"]
    state = np.select([low > 1, high < 1, low.notna() & high.notna()], ["higher", "lower", "same"], "unknown")
    classes = [(scene.say(f"dark.{name}"), colour, "") for name, colour in DARK_COLOURS.items()]
    classes.append((scene.say("dark.unknown"), "#ffffff", "hatch-gap"))
    places = [*DARK_COLOURS, "unknown"]
    dry = scene.dry(pooled.index)
    member = {str(c): places.index(s) for c, s, land in zip(pooled.index, state, dry, strict=True) if land}
    values: dict[str, tuple[str, ...]] = {
        str(code): (
            scene.number(ratio, 2),
            scene.between(lower, upper, 2),
            scene.say(f"dark.{verdict}") if land else scene.say("state.none"),
        )
        for code, ratio, lower, upper, verdict, land in zip(
            pooled.index, pooled[shown], low, high, state, dry, strict=True
        )
    }
    kind = crime(season.attrs.get("crime_type"), scene.language)
    return Layer(
        kind="areas",
        key="dark",
        name=scene.say("layer.dark", crime=kind),
        unit=scene.say("unit.dark"),
        notes=(scene.say("note.dark"), *([scene.say("note.dark.trend")] if adjusted else []), *absent),
        classes=entries(classes, member, scene),
        headline=_counted(member, scene, kind),
        member=member,
        rows=tuple(scene.say(key) for key in ("row.dark_ratio", "row.interval", "row.state")),
        values=values,
    )


def _counted(member: dict[str, int], scene: Scene, kind: str) -> str:
    """Sentence on how many areas have more, or fewer, in the dark days."""
    n = np.bincount(list(member.values()), minlength=len(DARK_COLOURS) + 1).tolist()
    of = dict(zip([*DARK_COLOURS, "unknown"], n, strict=True))
    return scene.say(
        "words.dark.areas", crime=kind, above=of["higher"], below=of["lower"], unclear=of["same"], unknown=of["unknown"]
    )


def season_layer(clusters: Any, scene: Scene) -> Layer:
    """Layer of seasonal groups; with one group it says that there is one pattern."""
    labels: pd.Series = clusters.labels
    absent = match(labels.index, scene, "seasonal groups")
    groups = list(clusters.profiles.index)
    if len(groups) > len(GROUP_COLOURS):
        raise InputError(
            f"a map can tell at most {len(GROUP_COLOURS)} seasonal groups apart",
            f"{len(groups)}",
            "ask for fewer groups",
        )
    colours = group_colours(len(groups))
    classes = [(group_name(clusters, each, scene.language), colours[n], "") for n, each in enumerate(groups)]
    classes.append((scene.say("seasons.none"), "#ffffff", "hatch-small"))
    unknown = len(groups)
    every = scene.areas.index[scene.dry(scene.areas.index)]
    label = labels.reindex(every)
    if label.isna().any():
        classes.append((scene.say("months.missing"), "#ffffff", "hatch-gap"))
    member = {
        str(code): unknown + 1 if pd.isna(each) else groups.index(each) if each in groups else unknown
        for code, each in label.items()
    }
    peaks = [course(profile, scene.language) for _, profile in clusters.profiles.iterrows()]
    if clusters.k == 1:
        notes = [scene.say("note.seasons.one")]
    else:
        notes = [scene.say("note.seasons", k=clusters.k, stability=scene.number(float(clusters.stability), 2))]
        if not clusters.stability >= STABLE:
            notes.append(scene.say("words.groups.unstable"))
    return Layer(
        kind="areas",
        key="seasons",
        name=scene.say("layer.seasons"),
        unit=scene.say("unit.seasons"),
        notes=(*notes, *absent),
        classes=entries(classes, member, scene),
        member=member,
        rows=(scene.say("row.group"), scene.say("row.peak")),
        values={code: (classes[place][0], peaks[place] if place < unknown else "") for code, place in member.items()},
    )


def place_layer(areas: gpd.GeoDataFrame, scene: Scene) -> Layer:
    """Layer of places that are busy all year, in one season of every year, or once: unions of cells by kind.

    Parameters
    ----------
    areas
        Answer of `hicgeo.seasonal_areas`.
    scene
        The areas of the map.
    """
    import geopandas as gpd
    import shapely

    need(areas, ["kind", "area_ha"], "seasonal areas")
    kinds = list(PLACES)
    of = areas["kind"].astype(str).to_numpy()
    strange = sorted(set(of) - set(kinds))
    if strange:
        raise InputError(
            f"seasonal areas must be {', '.join(kinds)}",
            ", ".join(strange),
            "use the answer of hicgeo.seasonal_areas as it is",
        )
    every, hectares = np.asarray(areas.geometry.array), areas["area_ha"].to_numpy(float)
    shapes = {n: shapely.normalize(shapely.union_all(every[of == kind])) for n, kind in enumerate(kinds) if kind in of}
    about = areas.attrs
    known = {"eps", "min_incidents"} <= set(about)
    note = [scene.say("note.places", n=scene.number(about["min_incidents"]), eps=scene.number(about["eps"]))] * known
    small = {"n": about.get("dropped_areas", 0), "least": about.get("least", 0)}
    left_out = [scene.say("note.places.dropped", **{key: scene.number(each) for key, each in small.items()})] * (
        small["n"] > 0
    )
    return Layer(
        kind="cells",
        key="places",
        name=scene.say("layer.places"),
        unit=scene.say("unit.places"),
        notes=(*note, *left_out, scene.say("note.places.kinds"), scene.say("note.places.limit")),
        classes=tuple(
            Entry(
                scene.say(f"places.{key}"),
                colour,
                f"{scene.number((of == kind).sum())} ({scene.number(hectares[of == kind].sum())} ha)",
            )
            for kind, (key, colour) in PLACES.items()
        ),
        shapes=gpd.GeoSeries(list(shapes.values()), index=pd.Index(list(shapes), dtype="int64"), crs=areas.crs),
    )
