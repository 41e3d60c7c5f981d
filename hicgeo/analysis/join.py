"""Where: every incident to one neighbourhood."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import numpy as np
import numpy.typing as npt
import pandas as pd
import shapely

from hicgeo.errors import AlignmentError, CrsError, InputError
from hicgeo.schema import ASSIGNMENT_STATUS, metric_crs, xy

if TYPE_CHECKING:
    import geopandas as gpd

OVERLAP_M2 = 1.0
"""Neighbourhoods may overlap by this much: digitising noise, not a second claim on the same ground."""


def assign_neighbourhoods(
    incidents: gpd.GeoDataFrame,
    neighbourhoods: gpd.GeoDataFrame,
    *,
    max_distance: float = 0.0,
    overlaps: Literal["raise", "smallest"] = "raise",
) -> pd.DataFrame:
    """Give every incident exactly one status and at most one neighbourhood.

    Parameters
    ----------
    incidents
        Points in a projected CRS; empty geometry means that the place is not known.
    neighbourhoods
        Polygons in the same CRS, indexed by unique code.
    max_distance
        Metres within which an incident outside every neighbourhood is given to the nearest one.
    overlaps
        What to do with neighbourhoods that overlap by more than 1 m2: "raise", or "smallest" (the
        smallest of those that hold the incident, being the most specific).

    Returns
    -------
    assignment
        On the incidents' index: `code` (missing when outside or unlocated), `status` (inside,
        snapped, outside, unlocated) and `border_m`, metres to the nearest border of any
        neighbourhood (missing when unlocated). The four statuses add up to all incidents.

    Raises
    ------
    CrsError
        A CRS is missing, geographic, or not the same in both.
    AlignmentError
        A neighbourhood code occurs twice.
    InputError
        Neighbourhoods overlap, a geometry is missing, or an argument is out of range.

    Notes
    -----
    An incident on a shared border belongs to the neighbourhood whose code sorts first, so that the
    answer depends on neither row order, polygon order nor ring rotation. O((n + m) log m) for n
    incidents and m polygons, plus the border segments for `border_m`.

    Examples
    --------
    >>> import geopandas as gpd
    >>> from shapely.geometry import Point, box
    >>> areas = gpd.GeoDataFrame(index=["BU99010001", "BU99010002"],
    ...     geometry=[box(0, 0, 100, 100), box(100, 0, 200, 100)], crs="EPSG:28992")
    >>> points = gpd.GeoDataFrame(geometry=[Point(100, 50), Point(150, 10), Point(300, 50)], crs="EPSG:28992")
    >>> assign_neighbourhoods(points, areas)
             code  status  border_m
    0  BU99010001  inside       0.0
    1  BU99010002  inside      10.0
    2         NaN outside     100.0
    """
    claimed = claim(incidents, neighbourhoods, max_distance=max_distance, overlaps=overlaps)
    points = np.asarray(incidents.geometry.array)
    located = claimed["status"].ne("unlocated").to_numpy()
    border = np.full(len(incidents), np.nan)
    border[located] = _border_distance(points[located], np.asarray(neighbourhoods.geometry.array))
    return claimed.assign(border_m=border)


def claim(
    incidents: gpd.GeoDataFrame,
    neighbourhoods: gpd.GeoDataFrame,
    *,
    max_distance: float = 0.0,
    overlaps: Literal["raise", "smallest"] = "raise",
) -> pd.DataFrame:
    """Give every incident its status and its neighbourhood, without the distance to a border, which is half the work.

    Parameters
    ----------
    incidents, neighbourhoods, max_distance, overlaps
        As `assign_neighbourhoods` takes them.

    Returns
    -------
    claimed
        On the incidents' index: `code` and `status`, as of `assign_neighbourhoods`.

    Raises
    ------
    CrsError
        A CRS is missing, geographic, or not the same in both.
    AlignmentError
        A neighbourhood code occurs twice.
    InputError
        Neighbourhoods overlap, a geometry is missing, or an argument is out of range.
    """
    if metric_crs(incidents, "incidents") != metric_crs(neighbourhoods, "neighbourhoods"):
        raise CrsError(
            "incidents and neighbourhoods must be in the same CRS",
            f"{incidents.crs.name} and {neighbourhoods.crs.name}",
            "transform the incidents: incidents.to_crs(neighbourhoods.crs)",
        )
    if overlaps not in ("raise", "smallest"):
        raise InputError("overlaps must be a known policy", repr(overlaps), 'take "raise" or "smallest"')
    if not (np.isfinite(max_distance) and max_distance >= 0):
        raise InputError("max_distance must be 0 metres or more", f"{max_distance}", "give a length such as 1.0")
    areas = _in_order_of_claim(neighbourhoods, overlaps)
    polygons = np.asarray(areas.geometry.array)
    coordinates = xy(incidents, "incidents")
    located = np.flatnonzero(~np.isnan(coordinates).any(axis=1))
    points = np.asarray(incidents.geometry.array)[located]

    tree = shapely.STRtree(polygons)
    # Numbers of the polygons are their order of claim, so the smallest number wins every tie.
    nobody = len(polygons)
    owner = np.full(len(located), nobody)
    point, polygon = tree.query(points, predicate="intersects")
    np.minimum.at(owner, point, polygon)
    status = np.full(len(incidents), "unlocated", dtype=object)
    status[located] = np.where(owner < nobody, "inside", "outside")

    lost = np.flatnonzero(owner == nobody)
    if max_distance > 0 and len(lost) and nobody:
        point, polygon = tree.query_nearest(points[lost], max_distance=max_distance, all_matches=True)
        np.minimum.at(owner, lost[point], polygon)
        status[located[lost[owner[lost] < nobody]]] = "snapped"

    code = np.full(len(incidents), None, dtype=object)
    code[located] = np.append(areas.index.to_numpy(object), [None])[owner]
    return pd.DataFrame(
        {
            "code": pd.array(code, dtype="str"),
            "status": pd.Categorical(status, categories=list(ASSIGNMENT_STATUS)),
        },
        index=incidents.index,
    )


def _in_order_of_claim(neighbourhoods: gpd.GeoDataFrame, overlaps: str) -> gpd.GeoDataFrame:
    """Neighbourhoods sorted so that the first that holds a point owns it; refuses what would be ambiguous."""
    unique_codes(neighbourhoods)
    areas = neighbourhoods.sort_index(kind="stable")
    polygons = np.asarray(areas.geometry.array)
    missing = shapely.is_missing(polygons) | shapely.is_empty(polygons)
    if missing.any():
        raise InputError(
            "every neighbourhood must have a geometry",
            f"{missing.sum()} without one (first: {areas.index[int(np.argmax(missing))]})",
            "drop them, or read the boundaries of the right year",
        )
    if overlaps == "smallest":
        return areas.iloc[np.argsort(shapely.area(polygons), kind="stable")]
    if not shapely.coverage_is_valid(polygons):
        first, second = shapely.STRtree(polygons).query(polygons, predicate="intersects")
        first, second = first[first < second], second[first < second]
        shared = shapely.area(shapely.intersection(polygons[first], polygons[second]))
        over = np.flatnonzero(shared > OVERLAP_M2)
        if len(over):
            raise InputError(
                f"neighbourhoods must not overlap by more than {OVERLAP_M2:g} m2",
                f"{len(over)} pairs (first: {areas.index[first[over[0]]]} and {areas.index[second[over[0]]]}, "
                f"{shared[over[0]]:.0f} m2)",
                'take boundaries of one level and one year, or choose overlaps="smallest"',
            )
    return areas


def unique_codes(neighbourhoods: pd.DataFrame) -> None:
    """Refuse neighbourhoods of which a code occurs twice.

    Raises
    ------
    AlignmentError
        One does.
    """
    twice = neighbourhoods.index.duplicated()
    if twice.any():
        raise AlignmentError(
            "every neighbourhood code must occur once",
            f"{twice.sum()} rows repeat a code (first: {neighbourhoods.index[int(np.argmax(twice))]})",
            "dissolve the parts first: neighbourhoods.dissolve(level=0)",
        )


def _border_distance(points: npt.NDArray[np.object_], polygons: npt.NDArray[np.object_]) -> npt.NDArray[np.float64]:
    """Metres from each point to the nearest border segment."""
    if len(points) == 0 or len(polygons) == 0:
        return np.full(len(points), np.nan)
    rings = shapely.get_rings(shapely.get_parts(polygons))
    vertices, ring = shapely.get_coordinates(rings, return_index=True)
    within = ring[:-1] == ring[1:]
    segments = shapely.linestrings(np.stack([vertices[:-1][within], vertices[1:][within]], axis=1))
    _, distance = shapely.STRtree(segments).query_nearest(points, return_distance=True, all_matches=False)
    return np.asarray(distance)
