"""Layer of the areas to act in: where, when, why, and what would make it wrong."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

from hicgeo.errors import InputError
from hicgeo.output._layers import Entry, Layer, Scene, digested, need
from hicgeo.output._layers_density import smoothing_note
from hicgeo.output.catalogue import CATALOGUE
from hicgeo.output.language import crime

if TYPE_CHECKING:
    import geopandas as gpd

TARGET_COLOUR = "#0b4f9e"
COLUMNS = ("rank_low", "rank_high", "area_ha", "expected", "hours", "reasons", "backtest")
SHORT = ("area_ha", "hours", "expected_period", "reasons")
"""What a briefing has room for."""


def target_layer(areas: gpd.GeoDataFrame, scene: Scene) -> Layer:
    """Layer of ranked target areas as outlines with what an operation needs to know of them.

    Parameters
    ----------
    areas
        Unions of grid cells by rank, with the columns of `COLUMNS`; `kind`, `dwellings`, `streets`, `nearby`,
        `expected_low`, `expected_high` and `doubts` are shown when present. Its attrs may hold `crime_type`,
        `horizon_days`, and `bandwidth`, `kernel` and `method` of the density behind them.
    scene
        The areas of the map.

    Raises
    ------
    ColumnError
        A column is missing.
    InputError
        There is no area.
    """
    need(areas, list(COLUMNS), "target areas")
    if not len(areas):
        raise InputError("a layer of target areas needs at least one", "none", "leave this layer out")
    ordered = areas.sort_index()
    titles = {str(rank): scene.say("target", rank=rank) for rank in ordered.index}
    keys = (
        "rank_interval",
        "area_ha",
        "dwellings",
        "hours",
        "expected_period",
        "kind",
        "streets",
        "nearby",
        "reasons",
        "backtest",
        "doubts",
    )
    values = {str(rank): _values(row, scene) for rank, row in ordered.drop(columns="geometry").iterrows()}
    about = ordered.attrs
    words = {"crime": crime(about.get("crime_type"), scene.language)}
    days = about.get("horizon_days")
    unit = scene.say("unit.targets", **words) if days is None else scene.say("unit.targets.days", **words, days=days)
    first = ordered.iloc[0]
    return Layer(
        kind="spots",
        key="targets",
        name=scene.say("layer.targets"),
        unit=unit,
        notes=(
            scene.say("note.targets"),
            *dict.fromkeys(_text(each) for each in ordered["backtest"] if _text(each)),
            *smoothing_note(about, scene),
        ),
        classes=(Entry(scene.say("target", rank="").strip(), TARGET_COLOUR, scene.number(len(ordered)), "target"),),
        shapes=ordered.geometry.set_axis(ordered.index.astype(str)),
        rows=tuple(scene.say(f"row.{key}") for key in keys),
        values=values,
        titles=titles,
        **digested(
            [scene.say(f"row.{key}") for key in ("rank", *SHORT)],
            [(rank, *(said[keys.index(key)] for key in SHORT)) for rank, said in values.items()],
            scene,
        ),
        headline=scene.say(
            "headline.targets" if len(ordered) > 1 else "headline.targets.one",
            n=scene.number(len(ordered)),
            area=_hectares(ordered["area_ha"].sum(), scene),
            first=_hectares(first["area_ha"], scene),
            expected=next(iter(values.values()))[keys.index("expected_period")],
            hours=_text(first["hours"]) or scene.say("targets.no_hours"),
            within="" if days is None else scene.say("headline.targets.within", days=days),
            **words,
        ),
    )


def _values(row: pd.Series, scene: Scene) -> tuple[str, ...]:
    expected = scene.number(row["expected"], 1)
    ends = row.get("expected_low"), row.get("expected_high")
    interval = scene.between(*ends, 0 if all(end == round(end) for end in ends if pd.notna(end)) else 1)
    kind = _text(row.get("kind"))
    dwellings = row.get("dwellings")
    return (
        scene.between(row["rank_low"], row["rank_high"]),
        _hectares(row["area_ha"], scene),
        "" if dwellings is None or pd.isna(dwellings) else scene.number(dwellings),
        _text(row["hours"]),
        f"{expected} ({interval})" if interval else expected,
        scene.say(f"target.{kind}") if f"target.{kind}" in CATALOGUE else kind,
        _text(row.get("streets")),
        _text(row.get("nearby")),
        _text(row["reasons"]),
        _text(row["backtest"]),
        _text(row.get("doubts")),
    )


def _text(value: object) -> str:
    """Text of a cell, several sentences joined; empty when missing."""
    if isinstance(value, list | tuple):
        return " ".join(str(each) for each in value)
    return "" if value is None or pd.isna(value) else str(value)


def _hectares(value: float, scene: Scene) -> str:
    return f"{scene.number(value, 0 if value >= 10 else 1)} ha"
