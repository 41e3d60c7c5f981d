"""Shapes and points of a user that only help: streets, water, schools. Of their columns at most a name is kept."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from hicgeo.errors import ColumnError, CrsError, InputError
from hicgeo.schema import RD_NEW
from hicgeo.sources import _coordinates, _open
from hicgeo.sources._crs import known_crs
from hicgeo.sources._ledger import Table, match_titles
from hicgeo.sources._records import read_table

if TYPE_CHECKING:
    import geopandas as gpd

NAMES = ("name", "x", "y")


def read_shapes(
    source: str | Path,
    *,
    layer: str | None = None,
    crs: Any = None,
    columns: Mapping[str, str] | None = None,
    lines: bool = False,
) -> gpd.GeoDataFrame:
    """Read shapes of any kind, or points of a table with x and y, in RD.

    Parameters
    ----------
    source
        GeoPackage, shapefile, GeoJSON or GeoParquet; or CSV or XLSX with coordinates.
    layer
        Layer of a GeoPackage or file in an archive, needed when there are several.
    crs
        CRS where the file has none; of `x` and `y` recognised when left out.
    columns
        Our name -> title in the file: `name`, and `x` and `y` of a table.
    lines
        Refuse whatever is no line.

    Returns
    -------
    GeoDataFrame
        One row per shape, in RD: `name` when it was asked for, and the geometry.

    Raises
    ------
    InputError
        The file cannot be read, holds no shape, or something else than lines where lines are needed.
    ColumnError
        A named column is missing, or a table has no x and y.
    CrsError
        The CRS is missing or unknown.
    """
    import geopandas as gpd
    import shapely

    path = _open.check_path(source)
    table = read_table(path, layer=layer)
    table.cells = table.cells.reset_index(drop=True)
    columns = dict(columns or {})
    if unknown := [name for name in columns if name not in NAMES]:
        raise ColumnError(f"the names in columns must be ours: {', '.join(NAMES)}", ", ".join(unknown), "rename them")
    titles = match_titles(
        [str(title) for title in table.cells.columns], {"x": "x", "y": "y", **columns}, list(columns), path.name
    )
    if table.geometry is not None:
        given = table.geometry.crs if crs is None else known_crs(crs)
        if given is None:
            raise CrsError("shapes must have a CRS", f"none in {path.name}", 'declare it: crs: "EPSG:28992"')
        shapes = gpd.GeoSeries(np.asarray(table.geometry.array), crs=given)
    elif {"x", "y"} <= set(titles):
        x, y, found = points_of(table, titles, crs)
        shapes = gpd.GeoSeries(gpd.points_from_xy(x, y), crs=found)
    else:
        raise ColumnError(
            "a layer must hold shapes, or x and y of points", f"neither in {path.name}",
            "name another layer, or columns: {x: ..., y: ...}",
        )  # fmt: skip
    there = ~(shapes.isna() | shapes.is_empty).to_numpy()
    if not there.any():
        raise InputError("a layer must hold shapes", f"none in {path.name}", "name another layer or file")
    wrong = there & (shapely.get_dimensions(np.asarray(shapes.array)) != 1)
    if lines and wrong.any():
        raise InputError(
            "streets must be lines", f"{wrong.sum()} of {there.sum()} shapes are not", "take their centre lines"
        )
    kept = {"name": table.cells[titles["name"]].to_numpy()[there]} if "name" in titles else {}
    return gpd.GeoDataFrame(kept, geometry=shapes[there].reset_index(drop=True)).to_crs(RD_NEW)


def points_of(table: Table, titles: Mapping[str, str], crs: Any) -> tuple[Any, Any, Any]:
    """Coordinates of a table, and their CRS: the declared one, or the one that they fit.

    Parameters
    ----------
    table
        As `read_table` gives it.
    titles
        Titles of `x` and `y`.
    crs
        As declared; None to recognise it.

    Raises
    ------
    InputError
        A coordinate is no number.
    CrsError
        The CRS is unknown, or none fits.
    """
    pair, text = (titles["x"], titles["y"]), (table.cells[titles["x"]], table.cells[titles["y"]])
    x, y = [_coordinates.read_numbers(text[axis], pair[axis], table.ledger) for axis in (0, 1)]
    x, y = _coordinates.undo_thousands(x, y, text, pair, table.ledger)
    if not table.ledger.standing.all():
        bad = table.ledger.rejected()
        raise InputError(
            "coordinates must be numbers", f"{len(bad)} others (first: line {bad['line'].iloc[0]})", "repair them"
        )
    return x, y, known_crs(_coordinates.recognise(x, y) if crs is None else crs)
