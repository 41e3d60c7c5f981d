"""What can be burgled, where: dwellings on the cells of a Grid."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from hicgeo.errors import ColumnError, CrsError, InputError
from hicgeo.schema import RD_NEW
from hicgeo.sources import _coordinates, _open
from hicgeo.sources._crs import known_crs
from hicgeo.sources._ledger import match_titles
from hicgeo.sources._records import read_table
from hicgeo.sources._shapes import points_of
from hicgeo.sources.neighbourhoods import SENTINEL

if TYPE_CHECKING:
    import xarray as xr

    from hicgeo.grid import Grid

SQUARE = 100.0
"""Side of a CBS square in metres."""

_NAMES = ("dwellings", "cell", "use", "x", "y")
_CELL_TITLES = ("c28992r100", "crs28992res100m", "vierkant", "cell")
_USE_TITLES = ("gebruiksdoel", "gebruiksdoelen", "use")
_RESIDENTIAL = "woonfunctie"

Floats = npt.NDArray[np.float64]


def read_at_risk(
    source: str | Path,
    grid: Grid,
    *,
    columns: Mapping[str, str] | None = None,
    layer: str | None = None,
    query: str | None = None,
    crs: Any = None,
) -> xr.DataArray:
    r"""Read dwellings as points or 100 m squares onto the cells of a grid.

    Parameters
    ----------
    source
        Points (such as the addressable objects of the BAG), one per dwelling; or CBS squares of 100 m, as polygons or
        as a table with their codes. Any format that incidents may have.
    grid
        Cells to count on, with its study area.
    columns
        Our name -> title in the file: `dwellings` (number per point or square; needed for squares), `cell` (code of a
        square such as E2269N5800), `use` (of an object: only *woonfunctie* is counted), `x` and `y` (of points in a
        table). `cell` and `use` are recognised by their usual titles.
    layer
        Layer of a GeoPackage or file in an archive, needed when there are several; table of a database, as
        "schema.table".
    query
        One SELECT to a database, instead of a table.
    crs
        CRS of points or polygons where the file has none; of `x` and `y` recognised when left out.

    Returns
    -------
    DataArray
        Dwellings per cell (y, x), 0 where there are none and NaN outside the study area. `attrs` of a Surface and `n`
        (dwellings inside), `outside` (dwellings outside the study area, left out), `kind` ("points" or "squares"),
        `suppressed` (squares inside the study area whose number is not published, counted as 0), `other_use`
        (objects that are no dwelling), `unlocated` (points without coordinates), `source`.

    Raises
    ------
    InputError
        The file holds neither points nor squares of 100 m, numbers are not at least 0, codes are unreadable, or the
        cells of the grid are no multiple of the squares.
    ColumnError
        A named column is missing, or squares have no `dwellings`.
    CrsError
        The CRS is missing or contradicts the coordinates, or the grid is not in RD while the squares are.

    Notes
    -----
    A square lies wholly within one cell or the grid is refused: dwellings are never smeared. A square belongs to the
    study area when the centre of its cell does. A suppressed square of CBS holds fewer than five dwellings, or none:
    counted as 0 it understates by at most four each, and `suppressed` says how many there are. O(n).

    Examples
    --------
    >>> import tempfile, pathlib, hicgeo, geopandas as gpd
    >>> from shapely.geometry import box
    >>> area = gpd.GeoSeries([box(81000, 455000, 81200, 455100)], crs="EPSG:28992")
    >>> grid = hicgeo.Grid.over(area, cell_size=100)
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     file = pathlib.Path(folder, "squares.csv")
    ...     _ = file.write_text("C28992R100;WON2012\nE0810N4550;35\nE0811N4550;-99997\n")
    ...     homes = hicgeo.read_at_risk(file, grid, columns={"dwellings": "WON2012"})
    >>> homes.values.tolist(), homes.attrs["suppressed"]
    ([[35.0, 0.0]], 1)
    """
    import shapely

    path = _open.check_source(source, layer=layer, query=query)
    table = read_table(path, layer=layer)
    table.cells = table.cells.reset_index(drop=True)
    lost = table.ledger.rejected()
    if len(lost):
        reasons = ", ".join(f"{reason} {n:,}" for reason, n in lost["reason"].value_counts().items())
        raise InputError(
            "every row must be one that can be read",
            f"{len(lost):,} that cannot (first: line {int(lost['line'].iloc[0])}): {reasons}",
            "repair these rows, or export the file again",
        )
    columns = columns or {}
    if unknown := [name for name in columns if name not in _NAMES]:
        raise ColumnError(f"the names in columns must be ours: {', '.join(_NAMES)}", ", ".join(unknown), "rename them")
    titles = match_titles(
        [str(c) for c in table.cells.columns],
        {"cell": _CELL_TITLES, "use": _USE_TITLES, "x": "x", "y": "y", **columns},
        list(columns),
        "what is at risk",
    )
    counted = np.ones(len(table.cells), bool)
    if "use" in titles:
        counted = np.asarray(table.cells[titles["use"]].str.lower().str.contains(_RESIDENTIAL, regex=False), bool)
    weights, suppressed = _weights(table.cells, titles)
    attrs: dict[str, Any] = {"source": path.name, "other_use": int((~counted).sum())}

    shapes = None if table.geometry is None else np.asarray(table.geometry.array)
    if "cell" in titles:
        xy = _from_codes(table.cells[titles["cell"]]) + SQUARE / 2
        squares, points_crs = True, known_crs(RD_NEW)
    elif shapes is not None:
        present = ~shapely.is_missing(shapes) & ~shapely.is_empty(shapes)
        squares = bool(np.isin(shapely.get_type_id(shapes[present]), (3, 6)).all()) and bool(present.any())
        xy, points_crs = _from_shapes(
            shapes, table.geometry.crs if crs is None and table.geometry is not None else crs, squares
        )
    elif {"x", "y"} <= set(titles):
        squares = False
        x, y, points_crs = points_of(table, titles, crs)
        xy = np.column_stack([x, y])
    else:
        raise ColumnError(
            "a table of what is at risk must have cell codes, or x and y", "neither", "columns={'cell': ...} or x and y"
        )
    if squares:
        _check_squares(grid, titles)
    if points_crs != grid.crs:
        xy = np.column_stack(_coordinates.reproject(xy[:, 0], xy[:, 1], points_crs, grid.crs))
        if squares:
            xy = np.floor(xy / SQUARE) * SQUARE + SQUARE / 2
    unlocated = ~(np.isfinite(xy[:, 0]) & np.isfinite(xy[:, 1]))
    inside = (grid.locate(np.where(unlocated[:, None], np.nan, xy)) >= 0) & counted
    if not inside.any():
        raise CrsError(
            "what is at risk must lie in the study area of the grid",
            f"0 of {len(xy)} do, read as {points_crs.name}",
            "check the municipality, and declare the CRS if it is another",
        )
    surface = grid.counts(xy[inside], weights[inside])
    surface.attrs |= attrs | {
        "kind": "squares" if squares else "points",
        "n": float(weights[inside].sum()),
        "outside": float(weights[counted & ~inside & ~unlocated].sum()),
        "suppressed": int((suppressed & inside).sum()),
        "unlocated": int((unlocated & counted).sum()),
    }
    return surface


def _weights(cells: pd.DataFrame, titles: dict[str, str]) -> tuple[Floats, npt.NDArray[np.bool_]]:
    """Dwellings per row, and which rows have a mark instead of a number."""
    if "dwellings" not in titles:
        return np.ones(len(cells)), np.zeros(len(cells), bool)
    text = cells[titles["dwellings"]].fillna("").str.strip()
    secret = np.asarray(text.str.lower().isin(("", "geheim")))
    number = pd.to_numeric(text.where(~secret, "0").str.replace(",", ".", regex=False), errors="coerce").to_numpy(float)
    suppressed = secret | (number <= SENTINEL)
    bad = ~suppressed & ~((number >= 0) & np.isfinite(number))
    if bad.any():
        raise InputError(
            "dwellings must be numbers from 0, or a mark of CBS",
            f"{int(bad.sum())} others (first: record {int(np.argmax(bad)) + 1})",
            "name another column: columns={'dwellings': ...}",
        )
    return np.where(suppressed, 0.0, number), suppressed


def _from_codes(text: pd.Series) -> Floats:
    """South-western corners, in metres, of squares that are named in units of 100 m."""
    parts = text.str.strip().str.upper().str.extract(r"^E([0-9]{4})N([0-9]{4})$")
    bad = parts[0].isna().to_numpy()
    if bad.any():
        raise InputError(
            "codes of squares must be written as E2269N5800",
            f"{int(bad.sum())} others (first: record {int(np.argmax(bad)) + 1})",
            "name the column of the 100 m squares: columns={'cell': ...}",
        )
    if text.str.strip().duplicated().any():
        raise InputError(
            "every square must occur once", f"{int(text.duplicated().sum())} repeat another", "remove them"
        )
    return np.asarray(parts.astype("int64").to_numpy() * SQUARE, float)


def _from_shapes(shapes: Any, crs: Any, squares: bool) -> tuple[Floats, Any]:
    """Points, or centres of squares, with their CRS; NaN where there is no geometry."""
    import shapely

    if not squares:
        single = (shapely.get_type_id(shapes) == 4) & (shapely.get_num_geometries(shapes) == 1)
        shapes = np.where(single, shapely.get_geometry(shapes, 0), shapes)
        wrong = ~shapely.is_missing(shapes) & ~shapely.is_empty(shapes) & (shapely.get_type_id(shapes) != 0)
        if wrong.any():
            raise InputError(
                "what is at risk must be points or squares",
                f"other geometry in {int(wrong.sum())} rows (first: record {int(np.argmax(wrong)) + 1})",
                "take the points of the dwellings",
            )
    source = crs
    centre = shapely.centroid(shapes) if squares else shapes
    xy = np.column_stack([shapely.get_x(centre), shapely.get_y(centre)])
    if source is None:
        source = _coordinates.recognise(xy[:, 0], xy[:, 1], "points")
    source = known_crs(source)
    if squares:
        _check_sides(shapes, source)
    return xy, source


def _check_sides(shapes: Any, source: Any) -> None:
    import shapely

    bounds = shapely.bounds(shapes[~shapely.is_missing(shapes)])
    west, south = _coordinates.reproject(bounds[:, 0], bounds[:, 1], source, RD_NEW)
    east, north = _coordinates.reproject(bounds[:, 2], bounds[:, 3], source, RD_NEW)
    # seen in another CRS a square is slightly turned, so that its bounds are a little larger than its sides
    wrong = (np.abs(east - west - SQUARE) > 10) | (np.abs(north - south - SQUARE) > 10)
    if wrong.any():
        raise InputError(
            "squares must be 100 m wide",
            f"{int(wrong.sum())} are not (first: record {int(np.argmax(wrong)) + 1})",
            "take the 100 m squares, not those of 500 m or neighbourhoods",
        )


def _check_squares(grid: Grid, titles: dict[str, str]) -> None:
    if "dwellings" not in titles:
        raise ColumnError(
            "squares must have a column of dwellings", "none named", "columns={'dwellings': title in the file}"
        )
    if grid.cell_size % SQUARE:
        raise InputError(
            "cells must be a multiple of 100 m for squares of 100 m",
            f"cell_size={grid.cell_size:g}",
            "make the grid of cells of 100 m, or read dwelling points",
        )
    if grid.crs != known_crs(RD_NEW):
        raise CrsError("the grid must be in RD for squares of the national grid", grid.crs.name, "transform the area")
