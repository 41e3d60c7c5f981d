"""Files with geometry: GeoPackage with a style for QGIS, GeoJSON, GPX of target areas, GeoTIFF."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any
from xml.sax.saxutils import escape, quoteattr

import numpy as np
import pandas as pd

from hicgeo.errors import InputError
from hicgeo.output._layers import NORM_COLOURS, RATE_COLOURS, class_breaks

if TYPE_CHECKING:
    import geopandas as gpd
    import xarray as xr

DEGREES = 7
"""Decimals of a degree: about a centimetre, so that cells stay cells."""
FIXED_DATE = "2000-01-01T00:00:00.000Z"


def geopackage(flat: gpd.GeoDataFrame, path: Path, layer: str, about: str = "") -> None:
    """Write a GeoPackage of one layer with a default style for QGIS.

    Parameters
    ----------
    flat
        Table with geometry, without index.
    path
        Where; replaced.
    layer
        Name of the layer.
    about
        Its description.
    """
    table: Any = flat.copy()
    for name in table.columns:
        if isinstance(table[name].dtype, pd.CategoricalDtype | pd.PeriodDtype):
            table[name] = table[name].astype("str")
    path.unlink(missing_ok=True)  # GDAL would open the empty file as a broken database
    with _fixed_date():
        table.to_file(path, layer=layer, driver="GPKG", engine="pyogrio")
    with closing(sqlite3.connect(path)) as database, database:
        database.execute(
            "CREATE TABLE layer_styles (id INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL, f_table_catalog TEXT(256), "
            "f_table_schema TEXT(256), f_table_name TEXT(256), f_geometry_column TEXT(256), styleName TEXT(30), "
            "styleQML TEXT, styleSLD TEXT, useAsDefault BOOLEAN, description TEXT, owner TEXT(30), ui TEXT(30), "
            "update_time DATETIME)"
        )
        database.execute(
            "INSERT INTO layer_styles VALUES (1, '', '', ?, 'geom', 'hicgeo', ?, '', 1, '', '', NULL, ?)",
            (layer, qgis_style(flat), FIXED_DATE),
        )
        if about:
            database.execute("UPDATE gpkg_contents SET description = ? WHERE table_name = ?", (about, layer))
    with path.open("r+b") as file:  # SQLite counts its transactions, of which GDAL takes now one more, now one less
        for place in (24, 92):
            file.seek(place)
            file.write((1).to_bytes(4, "big"))


def qgis_style(flat: pd.DataFrame) -> str:
    """Style of a layer as QGIS reads it: the verdict on the norm, else classes of the rate, else outlines.

    Parameters
    ----------
    flat
        The table: `state` or `rate` decides.

    Examples
    --------
    >>> import pandas as pd
    >>> 'attr="rate"' in qgis_style(pd.DataFrame({"rate": [2.0, 8.0]}))
    True
    """
    if "state" in flat:
        states = [str(each) for each in dict.fromkeys(flat["state"].dropna())]
        parts = [
            f'<category value={quoteattr(state)} symbol="{place}" label={quoteattr(state)} render="true"/>'
            for place, state in enumerate(states)
        ]
        colours = [NORM_COLOURS.get(state, "#ffffff") for state in states]
        return _renderer("categorizedSymbol", "state", "categories", parts, colours)
    if "rate" in flat and len(known := flat["rate"].dropna().to_numpy(float)):
        bounds = [float(known.min()), *class_breaks(known).tolist(), float(known.max())]
        parts = [
            f'<range lower="{low:.9g}" upper="{high:.9g}" symbol="{place}" label="{low:.4g} - {high:.4g}" '
            'render="true"/>'
            for place, (low, high) in enumerate(pairwise(bounds))
        ]
        return _renderer("graduatedSymbol", "rate", "ranges", parts, RATE_COLOURS[: len(parts)])
    return _renderer("singleSymbol", "", "", [], ["none"])


def _renderer(kind: str, attribute: str, group: str, parts: Sequence[str], colours: Sequence[str]) -> str:
    symbols = "".join(
        f'<symbol type="fill" name="{place}" alpha="1" clip_to_extent="1" force_rhr="0">'
        f'<layer class="SimpleFill" enabled="1" locked="0" pass="0">{_properties(colour)}</layer></symbol>'
        for place, colour in enumerate(colours)
    )
    listed = f"<{group}>{''.join(parts)}</{group}>" if group else ""
    about = f' attr="{attribute}"' if attribute else ""
    return (
        "<!DOCTYPE qgis PUBLIC 'http://mrcc.com/qgis.dtd' 'SYSTEM'>"
        '<qgis version="3.28.0" styleCategories="Symbology">'
        f'<renderer-v2 type="{kind}"{about} symbollevels="0" enableorderby="0" forceraster="0">'
        f"{listed}<symbols>{symbols}</symbols></renderer-v2></qgis>"
    )


def _properties(colour: str) -> str:
    """Properties of a fill, as QGIS before and since 3.18 writes them."""
    red, green, blue = (int(colour[at : at + 2], 16) for at in (1, 3, 5)) if colour != "none" else (0, 0, 0)
    settings = {
        "color": f"{red},{green},{blue},255",
        "outline_color": "60,60,60,255",
        "outline_style": "solid",
        "outline_width": "0.8" if colour == "none" else "0.2",
        "outline_width_unit": "MM",
        "style": "no" if colour == "none" else "solid",
    }
    options = "".join(f'<Option type="QString" name="{key}" value="{value}"/>' for key, value in settings.items())
    return f'<Option type="Map">{options}</Option>' + "".join(
        f'<prop k="{key}" v="{value}"/>' for key, value in settings.items()
    )


def geojson(flat: gpd.GeoDataFrame, about: str = "") -> bytes:
    """GeoJSON in degrees (WGS 84), one feature per row.

    Parameters
    ----------
    flat
        Table with geometry and a CRS, without index.
    about
        Description of the whole.
    """
    import shapely

    shapes = _degrees(flat)
    columns = [name for name in flat.columns if name != "geometry"]
    rows = zip(*(map(_plain, flat[name]) for name in columns), strict=True) if columns else [()] * len(flat)
    features = [
        {
            "type": "Feature",
            "properties": dict(zip(map(str, columns), row, strict=True)),
            "geometry": None if shape is None else shapely.geometry.mapping(shape),
        }
        for row, shape in zip(rows, shapes, strict=True)
    ]
    described = {"description": about} if about else {}
    content = {"type": "FeatureCollection", **described, "features": features}
    return json.dumps(content, ensure_ascii=False, allow_nan=False, separators=(",", ":")).encode(errors="replace")


def gpx(flat: gpd.GeoDataFrame, about: str = "") -> bytes:
    """GPX with the outline and a waypoint of each area.

    Parameters
    ----------
    flat
        Table with polygons and a CRS, without index. `rank` and `name` name an area, else `code` does; `hours` are its
        description.
    about
        Description of the whole.

    Notes
    -----
    The waypoint is computed from the shape alone, so that it says no more than the shape does.
    """
    import shapely

    # several areas may lie in one neighbourhood: the rank tells them apart
    named = [each for each in ("rank", "name") if each in flat] or [each for each in ("code",) if each in flat]
    labels = [" ".join(_xml(each) for each in row) for row in flat[named].itertuples(index=False)]
    described = flat["hours"] if "hours" in flat else [""] * len(flat)
    waypoints, tracks = [], []
    for place, (label, hours, shape) in enumerate(zip(labels, described, _degrees(flat), strict=True), start=1):
        if shape is None or shape.is_empty:
            continue
        text = label or str(place)
        about_it = f"<desc>{_xml(hours)}</desc>" if _xml(hours) else ""
        centre = shapely.point_on_surface(shape)
        waypoints.append(f"<wpt {_at(centre.x, centre.y)}><name>{text}</name>{about_it}</wpt>")
        segments = "".join(
            f"<trkseg>{''.join(f'<trkpt {_at(x, y)}/>' for x, y in ring.coords)}</trkseg>"
            for part in shapely.get_parts(shape)
            for ring in shapely.get_rings(part)
        )
        tracks.append(f"<trk><name>{text}</name>{segments}</trk>")
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        '<gpx xmlns="http://www.topografix.com/GPX/1/1" version="1.1" creator="hicgeo">\n'
        + (f"<metadata><desc>{escape(about)}</desc></metadata>\n" if about else "")
        + "\n".join([*waypoints, *tracks, "</gpx>", ""])
    ).encode(errors="replace")


def _xml(value: Any) -> str:
    """Value as text in XML, without what cannot be printed; empty when missing."""
    plain = _plain(value)
    return "" if plain is None else escape("".join(sign for sign in str(plain) if sign.isprintable()))


def _at(x: float, y: float) -> str:
    return f'lat="{y:.{DEGREES}f}" lon="{x:.{DEGREES}f}"'


def geotiff(surface: xr.DataArray) -> bytes:
    """Surface as GeoTIFF, rows from north to south.

    Parameters
    ----------
    surface
        Dimensions (y, x), attrs `crs` and `cell_size`.

    Raises
    ------
    InputError
        It is no surface.
    """
    from affine import Affine
    from rasterio.crs import CRS  # type: ignore[import-untyped]  # rasterio ships no types
    from rasterio.io import MemoryFile  # type: ignore[import-untyped]

    if surface.dims != ("y", "x") or not {"crs", "cell_size"} <= set(surface.attrs):
        raise InputError(
            "a surface must have dimensions (y, x) and attrs crs and cell_size",
            f"dimensions {surface.dims}, attrs {sorted(map(str, surface.attrs))}",
            "make it with hicgeo.kde or Grid.surface",
        )
    northern = surface.sortby("y", ascending=False).sortby("x")
    cell = float(surface.attrs["cell_size"])
    west, north = float(northern["x"][0]) - cell / 2, float(northern["y"][0]) + cell / 2
    with MemoryFile() as memory:
        with memory.open(
            driver="GTiff", height=northern.sizes["y"], width=northern.sizes["x"], count=1, dtype="float64",
            crs=CRS.from_user_input(str(surface.attrs["crs"])),
            transform=Affine(cell, 0, west, 0, -cell, north), nodata=np.nan, compress="deflate", num_threads=1,
        ) as file:  # fmt: skip
            file.write(northern.to_numpy().astype("float64"), 1)
            file.set_band_description(1, str(surface.name or "incidents per km2"))
        return bytes(memory.getbuffer())


def _degrees(flat: gpd.GeoDataFrame) -> list[Any]:
    """Shapes in degrees, rounded."""
    import shapely

    if flat.crs is None:
        raise InputError("a table with geometry must have a CRS", "none", "set it with table.set_crs(...)")
    shapes = np.asarray(flat.geometry.to_crs(4326).array)
    return list(shapely.transform(shapes, lambda xy: xy.round(DEGREES)))


def _plain(value: Any) -> Any:
    """Value as JSON can hold it; what is missing or infinite is null."""
    if value is None or value is pd.NA or value is pd.NaT:
        return None
    if isinstance(value, bool | np.bool_):
        return bool(value)
    if isinstance(value, int | np.integer):
        return int(value)
    if isinstance(value, float | np.floating):
        return float(value) if np.isfinite(value) else None
    return str(value)


@contextmanager
def _fixed_date() -> Iterator[None]:
    """Keep the clock out of the GeoPackage: the same table gives the same bytes."""
    import pyogrio

    before = pyogrio.get_gdal_config_option("OGR_CURRENT_DATE")
    pyogrio.set_gdal_config_options({"OGR_CURRENT_DATE": FIXED_DATE})
    try:
        yield
    finally:
        pyogrio.set_gdal_config_options({"OGR_CURRENT_DATE": before})
