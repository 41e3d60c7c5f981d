"""Layers of waves: where and when incidents lay close together in place and time."""

from __future__ import annotations

from typing import Any

from hicgeo.errors import InputError
from hicgeo.output._layers import DIGEST, Entry, Layer, Scene
from hicgeo.output._words_waves import SURE, spoken

COLOURS = {"waves": "#a3242c", "clusters": "#7a4a12"}


def shown_waves(result: Any) -> Any:
    """Table of what a layer may show: waves that are more than chance, or all clusters.

    Parameters
    ----------
    result
        Answer of `space_time_scan` or `st_dbscan`.

    Raises
    ------
    InputError
        It is neither.
    """
    if not hasattr(result, "clusters") or not hasattr(result, "members"):
        raise InputError(
            "a layer of waves must be given a result of hicgeo", type(result).__name__,
            "give the answer of space_time_scan or st_dbscan",
        )  # fmt: skip
    table = result.clusters
    return table[table["p_value"] <= SURE] if "p_value" in table else table


def wave_layer(table: Any, result: Any, scene: Scene) -> Layer:
    """Outlines with what lies in them.

    Parameters
    ----------
    table
        Answer of `shown_waves`, as far as it may leave.
    result
        What it was taken from: the notes speak of all of it.
    scene
        The areas of the map.
    """
    from hicgeo.output.words import in_words

    tested = "p_value" in table
    key = "waves" if tested else "clusters"
    name = "wave" if tested else "group"
    keys = ("incidents", "expected", "ratio", "period", "days", "area_ha", "p_value") if tested else (
        "incidents", "period", "days", "area_ha")  # fmt: skip
    values = {str(rank): tuple(_value(each, row, scene) for each in keys) for rank, row in table.iterrows()}
    unit = (
        scene.say("unit.waves")
        if tested
        else scene.say(
            "unit.clusters", least=scene.number(result.min_samples), metres=scene.number(result.eps_m),
            days=scene.number(result.eps_days),
        )
    )  # fmt: skip
    rows = tuple(scene.say(f"row.{each}") for each in keys)
    first = table.iloc[0] if len(table) else None
    return Layer(
        kind="spots",
        key=key,
        name=scene.say(f"layer.{key}"),
        unit=unit,
        notes=tuple(in_words(result, language=scene.language)),
        classes=(Entry(scene.say(name, rank="").strip(), COLOURS[key], scene.number(len(table))),),
        shapes=table.geometry.set_axis(table.index.astype(str)),
        rows=rows,
        values=values,
        titles={str(rank): scene.say(name, rank=rank) for rank in table.index},
        digest=((scene.say("row.rank"), *rows), *((rank, *values[rank]) for rank in list(values)[:DIGEST])),
        headline=scene.say(
            "headline.waves", n=scene.number(len(table)), incidents=scene.number(first["incidents"]),
            expected=scene.number(first["expected"], 1), period=_value("period", first, scene),
        )
        if tested and first is not None
        else "",
    )  # fmt: skip


def _value(key: str, row: Any, scene: Scene) -> str:
    if key == "period":
        return " – ".join(spoken(row["period"], scene.language)) if isinstance(row["period"], str) else "–"
    decimals = {"expected": 1, "ratio": 1, "p_value": 3}.get(key, 0)
    after = {"ratio": " ×", "area_ha": " ha"}.get(key, "")
    return scene.number(row[key], decimals) + after
