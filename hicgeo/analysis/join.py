"""Where: every incident to one neighbourhood."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import numpy as np
import pandas as pd
import shapely

from hicgeo.analysis._locate import Raster, Tree
from hicgeo.errors import AlignmentError, CrsError, InputError
from hicgeo.schema import ASSIGNMENT_STATUS, metric_crs, xy

if TYPE_CHECKING:
    import geopandas as gpd

LITTLE = 20_000
"""Up to so many incidents, a seventh of the corners of the polygons added, are asked of a tree (a corner costs it a
seventh of an incident): loading the compiled loops of the raster takes longer, once in a session.
"""

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
    answer depends on neither row order, polygon order nor ring rotation. Few incidents in few neighbourhoods are asked
    of a tree, O((n + edges) log edges) for n incidents; more of a raster, O(n + edges); with one and the same answer.
    `NeighbourhoodIndex` keeps the raster for the next incidents.

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
    work = len(incidents) + int(shapely.get_num_coordinates(np.asarray(neighbourhoods.geometry.array)).sum()) // 7
    index = NeighbourhoodIndex(neighbourhoods, overlaps=overlaps, _many=work > LITTLE)
    return index.assign(incidents, max_distance=max_distance)


class NeighbourhoodIndex:
    """Neighbourhoods, made ready once for many incidents or many exports.

    Parameters
    ----------
    neighbourhoods
        Polygons in a projected CRS, indexed by unique code.
    overlaps
        As `assign_neighbourhoods` takes it.

    Raises
    ------
    CrsError
        The CRS is missing or geographic.
    AlignmentError
        A neighbourhood code occurs twice.
    InputError
        Neighbourhoods overlap, or a geometry is missing.

    Notes
    -----
    Lays a raster over the polygons: O(edges + cells), with a cell for every two edges. An incident then asks only
    the edges in its cell.

    Examples
    --------
    >>> import geopandas as gpd
    >>> from shapely.geometry import Point, box
    >>> areas = gpd.GeoDataFrame(index=["BU99010001"], geometry=[box(0, 0, 100, 100)], crs="EPSG:28992")
    >>> index = NeighbourhoodIndex(areas)
    >>> index.assign(gpd.GeoDataFrame(geometry=[Point(50, 20)], crs="EPSG:28992"))
             code  status  border_m
    0  BU99010001  inside      20.0
    """

    def __init__(
        self,
        neighbourhoods: gpd.GeoDataFrame,
        *,
        overlaps: Literal["raise", "smallest"] = "raise",
        _many: bool = True,
    ) -> None:
        self._crs = metric_crs(neighbourhoods, "neighbourhoods")
        if overlaps not in ("raise", "smallest"):
            raise InputError("overlaps must be a known policy", repr(overlaps), 'take "raise" or "smallest"')
        unique_codes(neighbourhoods)
        areas = neighbourhoods.geometry.sort_index(kind="stable")
        polygons = np.asarray(areas.array)
        missing = shapely.is_missing(polygons) | shapely.is_empty(polygons)
        if missing.any():
            raise InputError(
                "every neighbourhood must have a geometry",
                f"{missing.sum()} without one (first: {areas.index[int(np.argmax(missing))]})",
                "drop them, or read the boundaries of the right year",
            )
        if overlaps == "smallest":
            order = np.argsort(shapely.area(polygons), kind="stable")
            areas, polygons = areas.iloc[order], polygons[order]
        # Numbers of the polygons are their order of claim, so the smallest number wins every tie.
        self._locator = Raster(polygons) if _many and len(polygons) else Tree(polygons)
        self._codes = pd.array(areas.index.to_numpy(object), dtype="str")
        if overlaps == "raise":
            first, second, shared = self._locator.overlaps()
            over = np.flatnonzero(shared > OVERLAP_M2)
            if len(over):
                raise InputError(
                    f"neighbourhoods must not overlap by more than {OVERLAP_M2:g} m2",
                    f"{len(over)} pairs (first: {self._codes[first[over[0]]]} and {self._codes[second[over[0]]]}, "
                    f"{shared[over[0]]:.0f} m2)",
                    'take boundaries of one level and one year, or choose overlaps="smallest"',
                )

    def assign(self, incidents: gpd.GeoDataFrame, *, max_distance: float = 0.0) -> pd.DataFrame:
        """Give every incident exactly one status and at most one neighbourhood.

        Parameters
        ----------
        incidents, max_distance
            As `assign_neighbourhoods` takes them.

        Returns
        -------
        assignment
            As of `assign_neighbourhoods`.

        Raises
        ------
        CrsError
            The incidents have another CRS, or none.
        InputError
            `max_distance` is no length.

        Notes
        -----
        O(n) within the neighbourhoods.
        """
        return self._find(incidents, max_distance, borders=True)

    def claim(self, incidents: gpd.GeoDataFrame, *, max_distance: float = 0.0) -> pd.DataFrame:
        """As `assign`, without the distance to a border, which is most of the work.

        Parameters
        ----------
        incidents, max_distance
            As `assign_neighbourhoods` takes them.

        Returns
        -------
        claimed
            On the incidents' index: `code` and `status`.

        Raises
        ------
        CrsError
            The incidents have another CRS, or none.
        InputError
            `max_distance` is no length.
        """
        return self._find(incidents, max_distance, borders=False)

    def _find(self, incidents: gpd.GeoDataFrame, max_distance: float, *, borders: bool) -> pd.DataFrame:
        if not (np.isfinite(max_distance) and max_distance >= 0):
            raise InputError("max_distance must be 0 metres or more", f"{max_distance}", "give a length such as 1.0")
        if metric_crs(incidents, "incidents") != self._crs:
            raise CrsError(
                "incidents and neighbourhoods must be in the same CRS",
                f"{incidents.crs.name} and {self._crs.name}",
                "transform the incidents: incidents.to_crs(neighbourhoods.crs)",
            )
        coordinates = xy(incidents, "incidents")
        located = ~np.isnan(coordinates[:, 0])
        found, near = self._locator.find(coordinates if located.all() else coordinates[located], borders=borders)
        owner = np.full(len(incidents), -1, np.int64)
        owner[located] = found
        inside, snapped, outside, unlocated = range(len(ASSIGNMENT_STATUS))
        status = np.where(owner >= 0, inside, np.where(located, outside, unlocated)).astype(np.int8)
        if max_distance > 0:
            lost = np.flatnonzero(status == outside)
            owner[lost] = self._locator.nearest(coordinates[lost], max_distance)
            status[lost[owner[lost] >= 0]] = snapped
        out = pd.DataFrame(
            {
                "code": self._codes.take(owner, allow_fill=True),
                "status": pd.Categorical.from_codes(status, categories=list(ASSIGNMENT_STATUS)),
            },
            index=incidents.index,
        )
        if near is not None:
            border = np.full(len(incidents), np.nan)
            border[located] = near
            out["border_m"] = border
        return out


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
