"""Layer of an operation: where it was, what it was compared with, where displacement was looked for, and the counts."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import shapely

from hicgeo.errors import InputError
from hicgeo.output._layers import Entry, Layer, Scene
from hicgeo.output._shapes import drawing_tolerance
from hicgeo.output.disclosure import MIN_CELL
from hicgeo.output.language import crime, period_text

if TYPE_CHECKING:
    import geopandas as gpd

OPERATION_COLOURS = {"treated": "#0b4f9e", "treated_ring": "#8fbfe8", "control": "#8a5a00", "control_ring": "#e3c889"}
"""What was treated in blue, what it is compared with in brown, the surroundings of both lighter."""

SAME_M2 = 100.0
"""Square metres by which an area of a plan may differ from an official one and still be that one."""


def operation_layer(evaluation: Any, scene: Scene, *, counted: bool) -> Layer:
    """Areas by their role, official ones with their border and others as cells, with incidents before and after.

    Parameters
    ----------
    evaluation
        Answer of `hicgeo.evaluate_operation`.
    scene
        The areas of the map.
    counted
        Whether counts and conclusions may be shown.

    Raises
    ------
    InputError
        It is another result.
    """
    import geopandas as gpd

    from hicgeo.output.words import in_words

    if not hasattr(evaluation, "plan") or not hasattr(evaluation, "verdict"):
        raise InputError(
            "a layer of an operation must be given its evaluation",
            type(evaluation).__name__,
            "give the answer of hicgeo.evaluate_operation",
        )
    plan, counts = evaluation.plan, evaluation.to_frame()
    roles = [role for role in OPERATION_COLOURS if (plan.areas["role"] == role).any()]
    drawn = [_drawn(plan.areas[(plan.areas["role"] == role).to_numpy()], scene) for role in roles]
    entries = []
    for role in roles:
        before, after = counts.loc[role, ["before_equal", "after"]]
        told = scene.say("operation.counted", before=scene.number(before), after=scene.number(after))
        entries.append(Entry(scene.say(f"column.role.{role}"), OPERATION_COLOURS[role], told if counted else ""))
    words = {
        "crime": crime(plan.crime_type, scene.language),
        "before": period_text(tuple(map(str, plan.before)), scene.language),
        "during": period_text(tuple(map(str, plan.during)), scene.language),
    }
    return Layer(
        kind="cells",
        key="operation",
        name=scene.say("layer.operation"),
        unit=scene.say("unit.operation" if counted else "unit.operation.places", **words),
        notes=(*(in_words(evaluation, language=scene.language) if counted else ()), scene.say("note.operation")),
        classes=tuple(entries),
        shapes=gpd.GeoSeries(drawn, index=pd.RangeIndex(len(drawn)), crs=scene.areas.crs),
    )


def _drawn(areas: gpd.GeoDataFrame, scene: Scene) -> shapely.Geometry:
    """Union of official areas as they are, and of the cells of 100 m whose centre lies in any other shape."""
    local = areas.to_crs(scene.areas.crs)
    official: list[shapely.Geometry] = []
    other: list[shapely.Geometry] = []
    inside = scene.areas.representative_point()
    for shape in local.geometry:
        ours = scene.areas.geometry[inside.within(shape)].union_all()
        (official if ours.symmetric_difference(shape).area < SAME_M2 else other).append(shape)
    exact = shapely.simplify(shapely.union_all(official), drawing_tolerance(scene.areas))
    return shapely.normalize(shapely.union_all([exact, *(_cells(shape) for shape in other)]))


def _cells(shape: shapely.Geometry) -> shapely.Geometry:
    """Cells of the national grid whose centre lies in a shape."""
    west, south, east, north = np.floor(np.array(shape.bounds) / MIN_CELL) * MIN_CELL
    x, y = np.meshgrid(np.arange(west, east + MIN_CELL, MIN_CELL), np.arange(south, north + MIN_CELL, MIN_CELL))
    kept = shapely.intersects_xy(shape, x + MIN_CELL / 2, y + MIN_CELL / 2)
    boxes = shapely.box(x[kept], y[kept], x[kept] + MIN_CELL, y[kept] + MIN_CELL)
    return shapely.simplify(shapely.union_all(boxes), 0)
