"""Square cells of the national grid over a study area."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from hicgeo.errors import CrsError, InputError
from hicgeo.schema import metric_crs

if TYPE_CHECKING:
    import geopandas as gpd
    import numpy.typing as npt
    import xarray as xr

MAX_CELLS = 25_000_000
"""Cells of the bounding box that a Grid accepts: at 8 bytes a cell one surface is then 200 MB."""


@dataclass(frozen=True)
class Grid:
    """Square cells with origin (0, 0) in a projected CRS, over a study area.

    Cells are those of the national 100 m (or any other) grid: cell borders lie on multiples of
    `cell_size`, whatever the area, so that two maps of neighbouring towns fit together. A cell
    belongs to the study area when its centre does.

    Attributes
    ----------
    x, y
        Centres of the columns (west to east) and rows (south to north), metres.
    cell_size
        Side of a cell, metres.
    inside
        Boolean (rows, columns): the cell belongs to the study area.
    crs
        The projected CRS of the area.
    area
        The study area itself, one (Multi)Polygon: it decides whether a point lies inside.

    Examples
    --------
    >>> import geopandas as gpd
    >>> from shapely.geometry import box
    >>> area = gpd.GeoSeries([box(1000, 2000, 1300, 2200)], crs="EPSG:28992")
    >>> grid = Grid.over(area, cell_size=100)
    >>> grid.shape, int(grid.inside.sum())
    ((2, 3), 6)
    """

    x: npt.NDArray[np.float64]
    y: npt.NDArray[np.float64]
    cell_size: float
    inside: npt.NDArray[np.bool_] = field(repr=False)
    crs: Any = field(repr=False)
    area: Any = field(repr=False)

    @classmethod
    def over(cls, area: gpd.GeoDataFrame | gpd.GeoSeries, *, cell_size: float) -> Grid:
        """Grid over the union of the geometries of `area`.

        Parameters
        ----------
        area
            Polygons in a projected CRS in metres; neighbourhoods, say. Holes count as outside.
        cell_size
            Side of a cell in metres.

        Raises
        ------
        CrsError
            The CRS is missing or geographic.
        InputError
            `cell_size` is not a positive number, the area is empty, or the grid would be too large.

        Notes
        -----
        O(cells + cells along the borders times vertices). Interiors are filled with
        vectorised `shapely.contains_xy` on a prepared union.
        """
        import shapely

        crs = metric_crs(area, "area")
        if not (np.isfinite(cell_size) and cell_size > 0):
            raise InputError("cell_size must be above 0 metres", f"cell_size={cell_size}", "give a length such as 100")
        shape = shapely.union_all(np.asarray(area.geometry.array))
        if shape is None or shape.is_empty or shape.area == 0:
            raise InputError("area must have at least one polygon", "no area at all", "check the selection")
        west, south, east, north = shape.bounds
        columns = np.arange(np.floor(west / cell_size), np.ceil(east / cell_size))
        rows = np.arange(np.floor(south / cell_size), np.ceil(north / cell_size))
        if len(columns) * len(rows) > MAX_CELLS:
            raise InputError(
                f"a grid must have at most {MAX_CELLS:,} cells",
                f"{len(columns):,} x {len(rows):,} cells of {cell_size:g} m",
                f"take cells of {cell_size * np.sqrt(len(columns) * len(rows) / MAX_CELLS):.0f} m or more, "
                "or a smaller area",
            )
        x = (columns + 0.5) * cell_size
        y = (rows + 0.5) * cell_size
        shapely.prepare(shape)
        gx, gy = np.meshgrid(x, y)
        inside = shapely.intersects_xy(shape, gx, gy)
        if not inside.any():
            raise InputError(
                "at least one cell centre must lie in the area",
                f"cells of {cell_size:g} m over an area of {east - west:.0f} x {north - south:.0f} m",
                "take smaller cells",
            )
        return cls(x=x, y=y, cell_size=float(cell_size), inside=inside, crs=crs, area=shape)

    @property
    def shape(self) -> tuple[int, int]:
        """Rows and columns."""
        return len(self.y), len(self.x)

    def locate(self, xy: npt.NDArray[np.float64]) -> npt.NDArray[np.intp]:
        """Flat index of the cell of each point, -1 outside the study area (or without coordinates).

        Parameters
        ----------
        xy
            (n, 2) coordinates in metres in the CRS of the grid. A point on a cell border belongs
            to the cell to its north-east.
        """
        if len(xy) == 0:
            return np.empty(0, np.intp)
        with np.errstate(invalid="ignore"):
            column = np.floor(xy[:, 0] / self.cell_size) - np.floor(self.x[0] / self.cell_size)
            row = np.floor(xy[:, 1] / self.cell_size) - np.floor(self.y[0] / self.cell_size)
        ok = (column >= 0) & (column < len(self.x)) & (row >= 0) & (row < len(self.y))
        flat = np.full(len(xy), -1, np.intp)
        flat[ok] = row[ok].astype(np.intp) * len(self.x) + column[ok].astype(np.intp)
        flat[ok] = np.where(self.inside.ravel()[flat[ok]], flat[ok], -1)
        return flat

    def snap(self, points: gpd.GeoDataFrame | gpd.GeoSeries) -> Any:
        """Points moved to the centre of their cell, so that nothing drawn from them says more than the cell.

        Parameters
        ----------
        points
            Points in the CRS of the grid. Those outside the study area, or without a place, stay as they are.

        Returns
        -------
        points
            The same table or series with other geometry. Where the centre of a cell lies outside the area its points go
            to the nearest centre inside.

        Raises
        ------
        CrsError
            The points are in another CRS.

        Notes
        -----
        From the outline of a density an address with several incidents can be found to ten metres; from points that
        were moved first, to the cell. A density changes by a share of about (cell size / bandwidth)^2 / 24. O(points).

        Examples
        --------
        >>> import geopandas as gpd
        >>> from shapely.geometry import box
        >>> grid = Grid.over(gpd.GeoSeries([box(0, 0, 300, 300)], crs="EPSG:28992"), cell_size=100)
        >>> grid.snap(gpd.GeoSeries.from_xy([123.4], [287.6], crs="EPSG:28992"))[0]
        <POINT (150 250)>
        """
        import shapely

        self.match_crs(points)
        shapes = np.array(points.geometry.array, dtype=object)
        shapely.prepare(self.area)
        moved = shapely.intersects(self.area, shapes) & ~shapely.is_empty(shapes)
        xy = (np.floor(shapely.get_coordinates(shapes[moved]) / self.cell_size) + 0.5) * self.cell_size
        astray = np.flatnonzero(self.locate(xy) < 0)
        if len(astray) and self.inside.any():
            from scipy.spatial import cKDTree

            row, column = np.nonzero(self.inside)
            centres = np.column_stack([self.x[column], self.y[row]])
            xy[astray] = centres[cKDTree(centres).query(xy[astray])[1]]
        shapes[moved] = shapely.points(xy)
        return (
            points.set_geometry(shapes, crs=points.crs)
            if hasattr(points, "columns")
            else points._constructor(shapes, index=points.index, crs=points.crs)
        )

    def counts(self, xy: npt.NDArray[np.float64], weights: npt.NDArray[np.float64] | None = None) -> xr.DataArray:
        """Points (or their weights) per cell, NaN outside the study area.

        Parameters
        ----------
        xy
            (n, 2) coordinates in metres.
        weights
            One per point; 1 when left out.
        """
        flat = self.locate(xy)
        kept = flat >= 0
        w = None if weights is None else np.asarray(weights, float)[kept]
        total = np.bincount(flat[kept], weights=w, minlength=self.inside.size).astype(float)
        return self.surface(total.reshape(self.shape), n=float(kept.sum() if w is None else w.sum()))

    def surface(self, values: npt.NDArray[np.float64], **attrs: Any) -> xr.DataArray:
        """Wrap (rows, columns) values as a Surface, NaN outside the study area.

        Parameters
        ----------
        values
            One number per cell, rows from south to north.
        **attrs
            What the values are: `bandwidth`, `kernel`, `n` and the like.
        """
        import xarray as xr

        return xr.DataArray(
            np.where(self.inside, values, np.nan),
            dims=("y", "x"),
            coords={"y": self.y, "x": self.x},
            attrs={"crs": self.crs.to_string(), "cell_size": self.cell_size, **attrs},
        )

    def match_crs(self, points: gpd.GeoDataFrame | gpd.GeoSeries, what: str = "points") -> None:
        """Raise unless `points` are in the CRS of the grid.

        Raises
        ------
        CrsError
            They are in another CRS.
        """
        if metric_crs(points, what) != self.crs:
            raise CrsError(
                f"{what} must be in the CRS of the grid ({self.crs.name})",
                points.crs.name,
                f"transform them: {what}.to_crs(grid.crs)",
            )
