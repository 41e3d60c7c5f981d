"""What lies around and between the areas, drawn from shapes of the user instead of tiles of a server."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import shapely

from hicgeo.errors import CrsError, InputError
from hicgeo.output._shapes import drawing_tolerance, features

if TYPE_CHECKING:
    import geopandas as gpd

    from hicgeo.output._layers import Scene

KINDS = ("streets", "water", "neighbours")
MARGIN = 0.25
"""Of the extent of the areas: what lies farther away cannot be seen before a reader zooms out."""


def background(shapes: gpd.GeoDataFrame, scene: Scene, *, kind: str, name: str = "") -> dict[str, Any]:
    """Shapes near the areas, simplified, without any column but the name of a municipality.

    Parameters
    ----------
    shapes
        Lines or polygons with a CRS.
    scene
        The areas of the map.
    kind
        "streets", "water" or "neighbours".
    name
        How it is called in the list of layers.

    Raises
    ------
    InputError
        There is no such kind, or a shape is neither line nor polygon.
    CrsError
        The shapes have no CRS.
    """
    import geopandas as gpd

    if kind not in KINDS:
        raise InputError(f"a background must be of kind {', '.join(KINDS)}", repr(kind), "choose one of these")
    if shapes.crs is None:
        raise CrsError("a background must have a CRS", "none", 'say which, as shapes.set_crs("EPSG:28992")')
    areas = scene.areas
    local = shapes.to_crs(areas.crs)
    geometry = np.asarray(local.geometry.array)
    known = ~(shapely.is_missing(geometry) | shapely.is_empty(geometry))
    if not (shapely.get_dimensions(geometry[known]) > 0).all():
        raise InputError(
            "a background must be lines or polygons", "points", "leave points out: a map for others shows areas only"
        )
    west, south, east, north = areas.total_bounds
    margin = MARGIN * max(east - west, north - south)
    frame = shapely.box(west - margin, south - margin, east + margin, north + margin)
    near = known & shapely.intersects(geometry, frame)
    clipped = shapely.intersection(shapely.make_valid(geometry[near]), frame)
    if kind == "streets":  # one shape instead of thousands of features
        parts = shapely.normalize(clipped)
        inked = shapely.union_all(parts[np.argsort(shapely.to_wkb(parts, hex=True), kind="stable")])
        clipped = np.array([shapely.normalize(shapely.line_merge(inked))], dtype=object)
    thin = shapely.simplify(clipped, drawing_tolerance(areas))
    named = kind == "neighbours" and "name" in local
    names = [str(each) for each in local["name"][near]] if named else [""] * len(thin)
    order = sorted(range(len(thin)), key=lambda place: (names[place], shapely.to_wkb(shapely.normalize(thin[place]))))
    placed = gpd.GeoSeries([thin[place] for place in order], crs=areas.crs)
    return {
        "kind": kind,
        "name": name or scene.say("page.streets"),
        "shapes": {
            "type": "FeatureCollection",
            "features": features(placed, names=[names[place] for place in order]),
        },
    }
