"""Borders on their way into a page: simplified together, rounded, and still valid."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import shapely

if TYPE_CHECKING:
    import geopandas as gpd
    import numpy.typing as npt

    from hicgeo.output._layers import Scene

MIN_TOLERANCE = 2.0
"""Metres by which a border may be simplified; borders are themselves no better than 10 m."""

PIXELS = 2000
"""Across a screen: borders are simplified to about half a pixel of the whole map."""

DECIMALS = 5
"""Of a degree, in the file: about one metre."""


def base_map(scene: Scene) -> tuple[dict[str, Any], list[list[float]]]:
    """Areas and municipal outline as GeoJSON in degrees, and the south-west and north-east corner of the view.

    Parameters
    ----------
    scene
        The areas of the map, in the order in which they are drawn.
    """
    import geopandas as gpd

    areas = scene.areas
    tolerance = drawing_tolerance(areas)
    shapes, fitting = simplified(np.asarray(areas.geometry.array), tolerance)
    drawn = gpd.GeoSeries(shapes, index=areas.index, crs=areas.crs)
    towns = areas["municipality"].astype(object).fillna("")
    outline = gpd.GeoSeries([_joined(np.asarray(group.array), fitting, tolerance) for _, group in drawn.groupby(towns)],
                            crs=areas.crs)  # fmt: skip
    water = areas["is_water"]
    placed = features(drawn, names=list(map(scene.named, areas.index)))
    for code, feature in zip(areas.index, placed, strict=True):
        feature["properties"] |= {"water": 1} if water[code] else {}
    corner = drawn.to_crs(4326).total_bounds
    west, south, east, north = (round(float(each), DECIMALS) for each in corner)
    data = {
        "areas": {"type": "FeatureCollection", "features": placed},
        "outline": {"type": "FeatureCollection", "features": features(outline)},
    }
    return data, [[south, west], [north, east]]


def drawing_tolerance(areas: gpd.GeoDataFrame) -> float:
    """Metres that do not show when the whole of `areas` is on the screen."""
    west, south, east, north = areas.total_bounds
    return max(MIN_TOLERANCE, max(east - west, north - south) / PIXELS)


def simplified(shapes: npt.NDArray[np.object_], tolerance: float) -> tuple[npt.NDArray[np.object_], bool]:
    """Simplify borders together, and tell whether they fit: neighbours then still touch.

    Parameters
    ----------
    shapes
        Polygons in metres.
    tolerance
        In metres.
    """
    # to the millimetre, so that borders that differ in their last bits are the same border
    exact = shapely.transform(shapes, lambda xy: xy.round(3))
    fitting = bool(shapely.coverage_is_valid(exact))
    if fitting:
        return shapely.coverage_simplify(exact, tolerance), True
    # overlapping or gappy borders cannot be simplified together
    return shapely.simplify(exact, tolerance, preserve_topology=True), False


def features(shapes: gpd.GeoSeries, *, names: list[str] | None = None) -> list[dict[str, Any]]:
    """GeoJSON features in degrees with the index as id, coordinates rounded and shapes valid.

    Parameters
    ----------
    shapes
        Shapes with their CRS.
    names
        Property `name` of each; left out when None.
    """
    degrees = np.asarray(shapes.to_crs(4326).array)
    rounded = shapely.transform(degrees, lambda xy: xy.round(DECIMALS))
    broken = ~shapely.is_valid(rounded) & ~shapely.is_missing(rounded)
    # a narrow place that rounding closed; its parts stay on the same rounded corners as its neighbours
    rounded[broken] = shapely.set_precision(degrees[broken], 10.0**-DECIMALS)
    rounded = shapely.transform(rounded, lambda xy: xy.round(DECIMALS))
    return [
        {
            "type": "Feature",
            "id": int(name) if isinstance(name, int | np.integer) else str(name),
            "properties": {} if names is None else {"name": names[place]},
            "geometry": shapely.geometry.mapping(shape) if shape is not None else None,
        }
        for place, (name, shape) in enumerate(zip(shapes.index, rounded, strict=True))
    ]


def _joined(shapes: npt.NDArray[np.object_], fitting: bool, gap: float) -> Any:
    """Union of areas, without the slivers between borders that do not fit."""
    if fitting:
        return shapely.normalize(shapely.coverage_union_all(shapes))
    grown = shapely.union_all(shapely.buffer(shapes, gap, join_style="mitre"))
    return shapely.normalize(shapely.simplify(shapely.buffer(grown, -gap, join_style="mitre"), gap))
