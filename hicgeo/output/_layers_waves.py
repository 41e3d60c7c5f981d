"""Layers of waves: where and when incidents lay close together in place and time."""

from __future__ import annotations

from typing import Any

from hicgeo.errors import InputError
from hicgeo.output._layers import Entry, Layer, Scene, digested
from hicgeo.output._words_waves import SURE, decimals_of, spoken
from hicgeo.output.language import day

COLOURS = {"waves": "#a3242c", "clusters": "#7a4a12"}
COURSES = {
    "nieuw hoog": "#f2c21a", "aaneengesloten hoog": "#f08a24", "toenemend hoog": "#6b0f1a", "blijvend hoog": "#b3392f",
    "afnemend hoog": "#d98c86", "wisselend hoog": "#c77cba", "omgeslagen hoog": "#6f4a8e", "voorbij hoog": "#b9aea6",
    "nieuw laag": "#bfe3ee", "aaneengesloten laag": "#7fc4d8", "toenemend laag": "#12395b", "blijvend laag": "#2f6f9f",
    "afnemend laag": "#8fb3cc", "wisselend laag": "#6f9a8f", "omgeslagen laag": "#3f6f62", "voorbij laag": "#c9d2d6",
}  # fmt: skip


def shown_waves(result: Any) -> Any:
    """Table of what a layer may show: waves that are more than chance, all clusters, or all areas with a course.

    Parameters
    ----------
    result
        Answer of `space_time_scan`, `st_dbscan` or `emerging_hotspots`.

    Raises
    ------
    InputError
        It is none of these.
    """
    if hasattr(result, "bins"):
        return result.areas
    if not hasattr(result, "clusters") or not hasattr(result, "members"):
        raise InputError(
            "a layer of waves must be given a result of hicgeo", type(result).__name__,
            "give the answer of space_time_scan, st_dbscan or emerging_hotspots",
        )  # fmt: skip
    table = result.clusters
    return table[table["p_value"] <= SURE] if "p_value" in table else table


def wave_layer(table: Any, result: Any, scene: Scene) -> Layer:
    """Outlines with what lies in them, or cells by their course.

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

    said = tuple(in_words(result, language=scene.language))
    if hasattr(result, "bins"):
        return _courses(table, result, said, scene)
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
        notes=said,
        classes=(Entry(scene.say(name, rank="").strip(), COLOURS[key], scene.number(len(table))),),
        shapes=table.geometry.set_axis(table.index.astype(str)),
        rows=rows,
        values=values,
        titles={str(rank): scene.say(name, rank=rank) for rank in table.index},
        **digested((scene.say("row.rank"), *rows), [(rank, *said) for rank, said in values.items()], scene),
        headline=scene.say(
            "headline.waves", n=scene.number(len(table)), incidents=scene.number(first["incidents"]),
            expected=_value("expected", first, scene), period=_value("period", first, scene),
        )
        if tested and first is not None
        else "",
    )  # fmt: skip


def _courses(table: Any, result: Any, said: tuple[str, ...], scene: Scene) -> Layer:
    """Cells in a class per course."""
    import geopandas as gpd

    kinds = [kind for kind in COURSES if (table["kind"] == kind).any()]
    parts = [table[table["kind"] == kind] for kind in kinds]
    halves = [kind.split(" ") for kind in kinds]
    labels = [scene.say(f"course.{side}", course=scene.say(f"course.{course}")) for course, side in halves]
    defined = (scene.say(f"note.emerging.{course}") for course in dict.fromkeys(course for course, _ in halves))
    days = {"first": day(result.first_day.date(), scene.language), "last": day(result.last_day.date(), scene.language)}
    return Layer(
        kind="cells",
        key="emerging",
        name=scene.say("layer.emerging"),
        unit=scene.say(
            "unit.emerging", days=scene.number(result.step_days), radius=scene.number(result.radius_m), **days
        ),
        notes=(*said, *defined),
        classes=tuple(
            Entry(label, COURSES[kind], f"{scene.number(part['area_ha'].sum())} ha")
            for label, kind, part in zip(labels, kinds, parts, strict=True)
        ),
        shapes=gpd.GeoSeries([part.union_all() for part in parts], index=range(len(parts)), crs=table.crs),
        headline=said[0],
    )


def _value(key: str, row: Any, scene: Scene) -> str:
    if key == "period":
        return " – ".join(spoken(row["period"], scene.language)) if isinstance(row["period"], str) else "–"
    if key == "p_value":
        return scene.chance(row[key])
    decimals = decimals_of(row[key]) if key == "expected" else {"ratio": 1}.get(key, 0)
    after = {"ratio": " ×", "area_ha": " ha"}.get(key, "")
    return scene.number(row[key], decimals) + after
