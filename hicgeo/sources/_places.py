"""Where: coordinates of a table, points that stand for no place of an incident, and how precise a place is."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from hicgeo.errors import ColumnError, CrsError, InputError
from hicgeo.schema import RD_NEW
from hicgeo.sources import _coordinates, _open
from hicgeo.sources._crs import known_crs
from hicgeo.sources._ledger import Ledger, Table, match_titles
from hicgeo.sources._records import read_table

if TYPE_CHECKING:
    import geopandas as gpd

STATION_M = 2.0
"""An incident this near to a police station was put there, not found there."""
HEAP, HEAP_SHARE, HEAP_SURPLUS = 20, 0.01, 10
"""A point is a heap from this many records, this share of all, and this many times the mean of a point."""
PRECISION = {
    **dict.fromkeys(("adres", "huisnummer", "exact", "nummeraanduiding", "address"), 10.0),
    **dict.fromkeys(("postcode6", "pc6", "postcode 6", "straat", "straatnaam", "weg", "street"), 250.0),
    **dict.fromkeys(("postcode4", "pc4", "postcode 4", "postcode", "buurt"), 1000.0),
    **dict.fromkeys(("wijk", "woonplaats", "plaats", "gemeente", "onbekend"), np.inf),
}
"""Metres within which the true place lies, for the words that exports have for it; inf says nothing about where."""

Floats = npt.NDArray[np.float64]
Mask = npt.NDArray[np.bool_]


def coordinates(table: Table, titles: dict[str, str], crs: Any, swap: bool) -> tuple[Floats, Floats, Any]:
    """Coordinates of the records in metres, NaN where there are none, and their CRS."""
    import shapely

    ledger = table.ledger
    if table.geometry is not None:
        geometry = np.asarray(table.geometry.array)
        single = shapely.get_type_id(geometry) == 4
        single &= shapely.get_num_geometries(geometry) == 1
        geometry = np.where(single, shapely.get_geometry(geometry, 0), geometry)
        geometry[shapely.is_empty(geometry)] = None  # GEOS has no x of an empty point
        wrong = ~shapely.is_missing(geometry) & (shapely.get_type_id(geometry) != 0)
        ledger.reject(wrong, "not_a_point", "geometry", lambda places: shapely.to_wkt(geometry[places]))
        ledger.note("z_dropped", "geometry", shapely.has_z(geometry), "heights were dropped")
        x, y = shapely.get_x(geometry), shapely.get_y(geometry)
        infinite = np.isinf(x) | np.isinf(y)
        ledger.reject(infinite, "infinite_coordinate", "geometry", lambda at: [f"POINT ({x[i]} {y[i]})" for i in at])
        crs = table.geometry.crs if crs is None else crs
        return _coordinates.locate(x, y, ("geometry", "geometry"), None, crs, ledger, swap=swap)
    if "x" not in titles:
        nowhere = np.full(len(ledger.record), np.nan)
        return nowhere, nowhere, known_crs(RD_NEW)
    pair = (titles["x"], titles["y"])
    text = (table.cells[pair[0]].fillna(""), table.cells[pair[1]].fillna(""))
    x, y = (_coordinates.read_numbers(text[axis], pair[axis], ledger) for axis in (0, 1))
    x, y = _coordinates.undo_thousands(x, y, text, pair, ledger)
    return _coordinates.locate(x, y, pair, text, crs, ledger, swap=swap)


def read_points(source: str | Path | gpd.GeoDataFrame, what: str, key: str | None = None) -> gpd.GeoDataFrame:
    """Points of a table or a file in RD, on their key if it has one.

    Parameters
    ----------
    source
        Points, or a file of any kind that incidents are read from, with geometry or with columns `x` and `y`.
    what
        The table, in the words of the errors.
    key
        Column that becomes the index.

    Raises
    ------
    InputError
        The file cannot be read, or a point has no place or no key of its own.
    ColumnError
        A column is missing.
    CrsError
        The CRS is not known.
    """
    import geopandas as gpd

    if isinstance(source, gpd.GeoDataFrame):
        if source.crs is None:
            raise CrsError(f"{what} must have a CRS", "none", f'declare it: table.set_crs("{RD_NEW}")')
        points = source
    else:
        table = read_table(_open.check_path(source))
        cells = table.cells.rename(columns=str)
        asked = [*(["x", "y"] if table.geometry is None else []), *([key] if key else [])]
        titles = match_titles(list(cells.columns), {name: name for name in asked}, asked, what)
        x, y, crs = coordinates(table, titles, None, False)
        bad = table.ledger.rejected()
        if len(bad):
            raise InputError(
                f"{what} must be points with a place",
                f"{len(bad)} records are not: {bad['reason'].iloc[0]} (first: line {bad['line'].iloc[0]})",
                "repair the file",
            )
        points = gpd.GeoDataFrame(
            cells.rename(columns={t: n for n, t in titles.items()}), geometry=gpd.points_from_xy(x, y), crs=crs
        )
    if key is not None and key not in points:
        raise ColumnError(f"{what} must have the column {key}", ", ".join(map(str, points.columns)), "rename it")
    points = points.to_crs(RD_NEW)
    points = points[~(points.geometry.is_empty | points.geometry.isna())]
    if key is None:
        return points
    points = points.set_index(points[key].astype("str").str.strip())
    if points.index.duplicated().any():
        raise InputError(
            f"{what} must have every {key} once", f"{points.index.duplicated().sum()} occur again", "remove them"
        )
    return points


def geocode(
    x: Floats, y: Floats, crs: Any, keys: pd.Series, title: str, points: gpd.GeoDataFrame, ledger: Ledger
) -> tuple[Floats, Floats]:
    """Fill in the place of records without coordinates from a table of addresses."""
    points = points.to_crs(crs)
    row = points.index.get_indexer(keys.fillna("").str.strip())
    found = np.isnan(x) & (row >= 0)
    px, py = points.geometry.x.to_numpy(), points.geometry.y.to_numpy()
    x, y = np.where(found, px[row], x), np.where(found, py[row], y)
    ledger.repair(
        found,
        "geocoded",
        title,
        (lambda places: [""] * len(places), lambda places: [f"{x[i]:.15g} / {y[i]:.15g}" for i in places]),
        "the place was taken from the table of addresses",
    )
    return x, y


def at_stations(x: Floats, y: Floats, crs: Any, stations: gpd.GeoDataFrame) -> Mask:
    """Whether a place is that of a police station."""
    from scipy.spatial import cKDTree

    points = stations.to_crs(crs)
    located = ~np.isnan(x)
    near = np.zeros(len(x), bool)
    if len(points) and located.any():
        tree = cKDTree(np.column_stack([points.geometry.x, points.geometry.y]))
        distance, _ = tree.query(np.column_stack([x[located], y[located]]), distance_upper_bound=STATION_M)
        near[located] = np.isfinite(distance)
    return near


def note_heaps(x: Floats, y: Floats, ledger: Ledger) -> None:
    """Note points that hold far more records than points do: centroids, or the place of an institution."""
    located = ledger.standing & ~np.isnan(x)
    n = int(located.sum())
    if n < HEAP:
        return
    key = np.full(len(x), -1, np.int64)
    key[located] = np.round(x[located] * 10).astype(np.int64) * 1_000_000_000 + np.round(y[located] * 10).astype(
        np.int64
    )
    codes, unique = pd.factorize(key)
    times = np.bincount(codes[located], minlength=len(unique))
    mean = n / np.count_nonzero(times)
    heaps = np.flatnonzero((times >= max(HEAP, HEAP_SHARE * n)) & (times > HEAP_SURPLUS * mean))
    for heap in heaps[np.argsort(-times[heaps], kind="stable")][:20]:
        ledger.note(
            "heap",
            None,
            located & (codes == heap),
            f"{times[heap]} records at one point, where a point holds {mean:.1f} on average",
        )


def precision(
    text: pd.Series | None, title: str | None, x: Floats, y: Floats, at_station: Mask, ledger: Ledger
) -> Floats:
    """Metres within which the true place lies: as the file says, and as rounded or borrowed coordinates show."""
    out = np.full(len(x), np.nan)
    if text is not None:
        codes, unique = pd.factorize(text.fillna(""))
        read = [_metres(each) for each in unique]
        out = np.array([np.nan if each is None else each for each in read], float)[codes]
        odd = np.array([each is None for each in read], bool)[codes]
        ledger.note("unreadable_precision", title, odd, "neither metres nor a known word: left empty")
        coarse = out > PRECISION["adres"]
        ledger.note("coarse_place", title, coarse, "the place is known less precisely than an address")
    located = ledger.standing & ~np.isnan(x)
    for metres in (1000, 100):
        rounded = located & (x % metres == 0) & (y % metres == 0)
        if located.sum() >= HEAP and rounded.sum() > 0.5 * located.sum():
            ledger.note("rounded", None, rounded, f"most coordinates are rounded to {metres} m: take no finer cells")
            out[rounded] = np.fmax(out[rounded], metres)
            break
    ledger.note(
        "at_station",
        None,
        at_station & located,
        "the place is that of a police station: left out of density and hotspots",
    )
    out[at_station] = np.inf
    return out


def _metres(text: str) -> float | None:
    """Metres of a number or a word; NaN of nothing, None of what cannot be read."""
    text = text.strip().lower()
    if not text:
        return np.nan
    if text in PRECISION:
        return PRECISION[text]
    try:
        metres = float(text.removesuffix("m").strip().replace(",", "."))
    except ValueError:
        return None
    return metres if metres >= 0 else None
