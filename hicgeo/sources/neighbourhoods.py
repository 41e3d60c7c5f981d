"""Neighbourhoods from CBS, PDOK or any other polygons with codes."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from hicgeo.errors import ColumnError, CrsError, InputError
from hicgeo.schema import CODE_PATTERN, LEVELS, RD_NEW
from hicgeo.sources import _coordinates, _open
from hicgeo.sources._codes import PREFIX, complete_codes
from hicgeo.sources._crs import known_crs
from hicgeo.sources._database import Database
from hicgeo.sources._ledger import TEXT, match_titles

if TYPE_CHECKING:
    import geopandas as gpd

SENTINEL = -90_000
"""CBS writes numbers at or below this where it has no number to give."""
SENTINELS = {-99997: "secret or absent", -99995: "published later", -99991: "dropped", -99999999: "missing"}
MAX_REPAIR = 0.001
"""Largest relative change of area that repairing a polygon may make."""

SLIVER_M = 1.0
"""Width in metres under which a gap between neighbourhoods is a fault of drawing."""

_LAYERS = {"buurt": "buurten", "wijk": "wijken", "gemeente": "gemeenten"}
_CODES: dict[str, Sequence[str]] = {
    "buurt": ("buurtcode", "bu_code", "cbs_buurtcode", "code", "statcode"),
    "wijk": ("wijkcode", "wk_code", "cbs_wijkcode", "code", "statcode"),
    "gemeente": ("gemeentecode", "gm_code", "code", "statcode"),
}
_NAMES: dict[str, Sequence[str]] = {
    "buurt": ("buurtnaam", "bu_naam", "buurt", "name", "naam", "statnaam"),
    "wijk": ("wijknaam", "wk_naam", "wijk", "name", "naam", "statnaam"),
    "gemeente": ("gemeentenaam", "gm_naam", "gemeente", "name", "naam", "statnaam"),
}
_NUMBERS: dict[str, Sequence[str]] = {
    "dwellings": ("woningvoorraad", "dwelling_total", "dwellings", "woningen", "aantal_woningen", "a_woning"),
    "households": ("aantal_huishoudens", "aantal_hh", "a_hh", "households", "huishoudens"),
    "residents": ("aantal_inwoners", "aant_inw", "a_inw", "population", "residents", "inwoners"),
    "businesses": ("aantal_bedrijfsvestigingen", "a_bedv", "businesses", "bedrijfsvestigingen"),
}


def read_neighbourhoods(
    source: str | Path,
    *,
    level: str,
    municipalities: Sequence[str] | None = None,
    columns: Mapping[str, str] | None = None,
    crs: Any = None,
    layer: str | None = None,
    query: str | None = None,
    vintage: int | None = None,
    dissolve: bool = False,
) -> gpd.GeoDataFrame:
    """Read neighbourhoods; the naming styles of CBS are recognised.

    Parameters
    ----------
    source
        GeoPackage, GeoParquet, GeoJSON or shapefile (zipped or not) with one polygon per neighbourhood; or a PostGIS
        database, as for `read_incidents`.
    level
        "buurt", "wijk" or "gemeente": what the polygons are.
    municipalities
        Codes of the municipalities to keep (GM0518, 0518 or 518); all when left out.
    columns
        Our name -> title in the file, for titles that are not recognised: `code`, `name`, `municipality`, `dwellings`,
        `households`, `residents`, `businesses`, `is_water`.
    crs
        CRS of the file where it has none, or has a wrong one.
    layer
        Layer of a GeoPackage or file in an archive; the layer named after the level when left out. Table of a
        database, as "schema.table".
    query
        One SELECT to a database, instead of a table.
    vintage
        Year of the boundaries; read from the name of the file or layer when left out.
    dissolve
        Whether polygons with the same code are parts of one neighbourhood; otherwise they are refused.

    Returns
    -------
    GeoDataFrame
        The neighbourhood table of the data contracts in EPSG:28992: index `code`; `name`, `level`, `municipality`,
        `dwellings`, `households`, `residents`, `businesses` (NA where not in the file or not published), `is_water`,
        `vintage`. Its `attrs` say what was read and repaired: `source`, `layer`, `vintage_from`, `missing` (per column
        the reasons that CBS gives, with counts), `repaired_codes` (code in the file -> code in full),
        `repaired_polygons`, `dissolved` (polygons that were joined to another), `slivers` (neighbourhoods whose border
        misses that of a neighbour by less than a metre: they do not touch, whatever the map shows), `water_parts`,
        `municipalities` (their names by code, where the file has them), `no_column`.

    Raises
    ------
    InputError
        The file, layer or level is not there; codes are missing, twice or not of this level, or parts of one differ in
        more than their shape; a polygon is empty or cannot be repaired without changing its area by more than 0.1 %.
    ColumnError
        The code column is missing, or a column that is named.
    CrsError
        The CRS is missing and not recognisable, or the polygons do not lie in the Netherlands.

    Notes
    -----
    Dwellings are the housing stock (`woningvoorraad`), never households. Numbers at or below -90,000 are CBS's marks
    for no number. `water` is true for JA and for B (foreign or boundary water); without that column it follows from
    buurt codes that end in 9997 or 9998. CBS draws the water of a municipality as a second polygon with the same code:
    that part is left out and counted in `water_parts`. Overlaps are checked where incidents are assigned.

    O(n) in vertices.

    Examples
    --------
    >>> import tempfile, pathlib, hicgeo, geopandas as gpd
    >>> from shapely.geometry import box
    >>> areas = gpd.GeoDataFrame(
    ...     {"BU_CODE": ["BU05180000"], "BU_NAAM": ["Oud"], "AANT_INW": [-99999999], "WATER": ["NEE"]},
    ...     geometry=[box(80000, 455000, 81000, 456000)],
    ...     crs="EPSG:28992",
    ... )
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     file = pathlib.Path(folder, "buurten_2017.parquet")
    ...     areas.to_parquet(file)
    ...     buurten = hicgeo.read_neighbourhoods(file, level="buurt")
    >>> buurten[["name", "municipality", "residents", "vintage"]]
               name municipality  residents  vintage
    code
    BU05180000  Oud       GM0518       <NA>     2017
    """
    import geopandas as gpd

    if level not in LEVELS:
        raise InputError(f"level must be one of {', '.join(LEVELS)}", repr(level), "choose one")
    path = _open.check_source(source, layer=layer, query=query)
    if isinstance(path, Database):
        raw, read_from = path.read(), layer or "a query"
    elif _open.kind_of(path) in ("delimited", "xlsx"):
        raise InputError("neighbourhoods must have geometry", f"a table: {path.name}", "give a GeoPackage or GeoJSON")
    else:
        with _open.unpacked(path, layer) as (file, layer_there):
            raw = _open.read_vector(file, layer_there, choose=_LAYERS[level])
            read_from = str(raw.attrs.get("layer", file.stem))
    if not isinstance(raw, gpd.GeoDataFrame):
        raise InputError("neighbourhoods must have geometry", f"a layer without: {read_from}", "name another layer")
    if not len(raw):
        raise InputError("the layer must have polygons", "0 rows", "name another layer")

    titles, code, repaired = _find_titles(raw, level, columns or {})
    raw = raw.reset_index(drop=True)
    has_column = "municipality" in titles
    municipality = "GM" + code.str[2:6]
    if has_column:
        stated, _ = complete_codes(raw[titles["municipality"]], "gemeente")
        municipality = stated.where(stated.str.fullmatch(CODE_PATTERN), municipality)
    if municipalities is not None:
        keep = _selection(municipality, municipalities)
        raw, code, municipality = raw[keep], code[keep], municipality[keep]
    is_water = _water(raw, titles, code, level)
    there = [str(c) for c in raw.columns]
    if any(_has_level(raw, there, finer) for finer in LEVELS[: LEVELS.index(level)]):
        _check_unique(code)  # polygons of a finer level are no land and water of one area
    code_here = code.to_numpy()
    land_codes = set(code_here[~is_water])
    second = is_water & np.array([c in land_codes for c in code_here], bool)
    raw, code, municipality, is_water = raw[~second], code[~second], municipality[~second], is_water[~second]
    parts = len(code)
    if dissolve:
        raw, kept = _dissolved(raw, code, titles)
        code, municipality, is_water = code[kept], municipality[kept], is_water[kept]
    _check_unique(code)
    geometry, mended = _polygons(raw.geometry, code, crs)

    out: dict[str, Any] = {
        "name": pd.array(raw[titles["name"]], dtype=TEXT) if "name" in titles else pd.array([pd.NA] * len(raw), TEXT),
        "level": pd.array([level] * len(raw), dtype=TEXT),
        "municipality": pd.array(municipality, dtype=TEXT),
    }
    missing: dict[str, dict[str, int]] = {}
    for name in _NUMBERS:
        out[name], reasons = _numbers(raw, titles.get(name), name)
        if reasons:
            missing[name] = reasons
    out["is_water"] = is_water
    vintage_from = "argument"
    if vintage is None:
        vintage, vintage_from = _vintage(read_from, path.stem)
    out["vintage"] = pd.array([pd.NA if vintage is None else vintage] * len(raw), dtype="Int64")
    table = gpd.GeoDataFrame(out, geometry=geometry, index=pd.Index(code, dtype=TEXT, name="code"), crs=RD_NEW)
    table.attrs = {
        "source": path.name,
        "layer": read_from,
        "vintage_from": vintage_from,
        "missing": missing,
        "repaired_codes": repaired,
        "repaired_polygons": mended,
        "dissolved": parts - len(code),
        "slivers": _slivers(geometry),
        "water_parts": int(second.sum()),
        "municipalities": _town_names(raw, municipality, level),
        "no_column": [name for name in (*_NUMBERS, "is_water", "name") if name not in titles],
    }
    return table


def _town_names(raw: gpd.GeoDataFrame, municipality: pd.Series, level: str) -> dict[str, str]:
    """Names of the municipalities by code, where the file has them; a code with two names has none."""
    there = [str(c) for c in raw.columns if c != raw.geometry.name]
    titles = _NAMES["gemeente"] if level == "gemeente" else ("gemeentenaam", "gm_naam")
    title = match_titles(there, {"name": titles}, [], "neighbourhoods").get("name")
    if title is None:
        return {}
    pairs = pd.DataFrame({"code": municipality.to_numpy(), "town": raw[title].to_numpy()}).dropna().drop_duplicates()
    one = pairs.drop_duplicates("code", keep=False).sort_values("code")
    return {str(code): str(town) for code, town in zip(one["code"], one["town"], strict=True)}


def _find_titles(
    raw: gpd.GeoDataFrame, level: str, columns: Mapping[str, str]
) -> tuple[dict[str, str], pd.Series, dict[str, str]]:
    """Titles of our names, the codes in full, and what was changed; the code column is the first that holds codes."""
    own = ("code", "name", "municipality", *_NUMBERS, "is_water")
    if unknown := [name for name in columns if name not in own]:
        raise ColumnError(f"the names in columns must be ours: {', '.join(own)}", ", ".join(unknown), "rename them")
    there = [str(c) for c in raw.columns if c != raw.geometry.name]
    wanted: dict[str, str | Sequence[str]] = {
        "name": _NAMES[level],
        "municipality": ("gemeentecode", "gm_code", "municipality"),
        "is_water": ("water", "is_water"),
        **_NUMBERS,
        **columns,
    }
    titles = match_titles(there, wanted, list(columns), "neighbourhoods")
    candidates = [titles["code"]] if "code" in titles else _candidates(there, level)
    for title in candidates:
        code, repaired = complete_codes(raw[title], level)
        if code.str.fullmatch(CODE_PATTERN).all() and code.str.startswith(PREFIX[level][0]).all():
            return titles | {"code": title}, code, repaired
    levels = [other for other in LEVELS if other != level and _has_level(raw, there, other)]
    if levels:
        raise InputError(
            f"the file must hold polygons of the level {level}",
            f"it holds {', '.join(levels)}",
            f'read it with level="{levels[0]}", or give the file of the level {level}',
        )
    if not candidates:
        match_titles(there, {"code": _CODES[level]}, ["code"], "neighbourhoods")
    code, _ = complete_codes(raw[candidates[0]], level)
    bad = ~code.str.fullmatch(CODE_PATTERN).fillna(False).to_numpy(bool) | ~code.str.startswith(PREFIX[level][0])
    prefix, width = PREFIX[level]
    raise InputError(
        f"codes of the level {level} must be {prefix} and {width} characters",
        f"{int(bad.sum())} others in {candidates[0]} (first: row {int(np.argmax(bad)) + 1})",
        "name the column that holds the CBS codes: columns={'code': ...}",
    )


def _candidates(there: list[str], level: str) -> list[str]:
    found = [match_titles(there, {"code": title}, [], "neighbourhoods").get("code") for title in _CODES[level]]
    return list(dict.fromkeys(title for title in found if title))


def _has_level(raw: gpd.GeoDataFrame, there: list[str], level: str) -> bool:
    for title in _candidates(there, level):
        code, _ = complete_codes(raw[title], level)
        if code.str.fullmatch(CODE_PATTERN).all() and code.str.startswith(PREFIX[level][0]).all() and code.is_unique:
            return True
    return False


def _selection(municipality: pd.Series, wanted: Sequence[str]) -> npt.NDArray[np.bool_]:
    if isinstance(wanted, str):
        wanted = [wanted]
    asked, _ = complete_codes(pd.Series([str(each) for each in wanted], dtype=TEXT), "gemeente")
    absent = [code for code in asked if not (municipality == code).any()]
    if absent:
        raise InputError(
            "municipalities must occur in the file",
            f"not there: {', '.join(absent)}",
            f"choose from the {municipality.nunique()} that are, such as {municipality.iloc[0]}",
        )
    return np.asarray(municipality.isin(asked), bool)


def _water(raw: gpd.GeoDataFrame, titles: dict[str, str], code: pd.Series, level: str) -> npt.NDArray[np.bool_]:
    if "is_water" in titles:
        text = raw[titles["is_water"]].astype(TEXT).fillna("").str.strip().str.upper()
        known = {"JA", "NEE", "B", "J", "N", "TRUE", "FALSE", "1", "0", "1.0", "0.0", ""}
        if odd := int((~text.isin(known)).sum()):
            raise InputError(
                "water must be JA, NEE or B", f"{odd} other values", "name another column: columns={'is_water': ...}"
            )
        return np.asarray(text.isin(("JA", "J", "B", "TRUE", "1", "1.0")), bool)
    if level == "buurt":
        return np.asarray(code.str.endswith(("9997", "9998")), bool)
    return np.zeros(len(raw), bool)


def _check_unique(code: pd.Series) -> None:
    twice = sorted(set(code[code.duplicated()]))
    if twice:
        raise InputError(
            "every code must have one polygon",
            f"{len(twice)} codes occur more than once (first: {twice[0]})",
            "if they are parts of one area: dissolve=True; if not, name the column of the finer level",
        )


def _dissolved(
    raw: gpd.GeoDataFrame, code: pd.Series, titles: dict[str, str]
) -> tuple[gpd.GeoDataFrame, npt.NDArray[np.bool_]]:
    """One row per code with the union of its parts, and which rows those are; parts must agree in all that is read."""
    groups = code.to_numpy()
    several = pd.Series(groups).duplicated(keep=False).to_numpy()
    first = ~pd.Series(groups).duplicated().to_numpy()
    for title in titles.values():
        values = raw[title][several].astype("str").fillna("")
        differing = values.groupby(groups[several]).nunique()
        if (differing > 1).any():
            raise InputError(
                "parts of one neighbourhood must agree in everything but their shape",
                f"{title} differs in {int((differing > 1).sum())} codes (first: {differing.index[differing > 1][0]})",
                "dissolve them in a GIS, where you can say whether to add up or to keep one",
            )
    out = raw[first].copy()
    shapes = out.geometry.to_numpy().copy()
    for place in np.flatnonzero(several[first]):
        shapes[place] = raw.geometry[groups == groups[first][place]].union_all()
    return out.set_geometry(shapes, crs=raw.crs), first


def _slivers(shapes: Any) -> int:
    """Neighbourhoods with an edge that nearly, but not exactly, is that of a neighbour."""
    import shapely

    return int((~shapely.is_empty(shapely.coverage_invalid_edges(shapes, gap_width=SLIVER_M))).sum())


def _numbers(raw: gpd.GeoDataFrame, title: str | None, ours: str) -> tuple[Any, dict[str, int]]:
    """Whole numbers, NA where CBS has none, with the reasons it gives."""
    if title is None:
        return pd.array([pd.NA] * len(raw), dtype="Int64"), {}
    values = pd.to_numeric(raw[title], errors="coerce").to_numpy(float)
    given = raw[title].notna().to_numpy()
    unreadable = given & np.isnan(values)
    marks = values <= SENTINEL
    wrong = unreadable | ((values < 0) & ~marks) | ((values != np.floor(values)) & ~np.isnan(values))
    if wrong.any():
        raise InputError(
            f"{ours} must be whole numbers from 0, or a mark of CBS",
            f"{int(wrong.sum())} other values in {title} (first: row {int(np.argmax(wrong)) + 1})",
            f"name another column: columns={{'{ours}': ...}}",
        )
    reasons: dict[str, int] = {}
    for mark, count in zip(*np.unique(values[marks], return_counts=True), strict=True):
        reason = SENTINELS.get(int(mark), f"mark {int(mark)}")
        reasons[reason] = reasons.get(reason, 0) + int(count)
    if (~given).any():
        reasons["empty"] = int((~given).sum())
    return pd.array(np.where(marks, np.nan, values), dtype="Float64").astype("Int64"), reasons


def _vintage(*names: str) -> tuple[int | None, str]:
    """Find the year in a name, if it has exactly one."""
    for name in names:
        years = {int(year) for year in re.findall(r"(?<![0-9])((?:19|20)[0-9]{2})(?![0-9])", name)}
        if len(years) == 1:
            return years.pop(), f"name {name}"
    return None, "unknown"


def _polygons(geometry: gpd.GeoSeries, code: pd.Series, crs: Any) -> tuple[Any, int]:
    """Make valid flat (multi)polygons in RD, and how many were mended."""
    import shapely

    shapes = np.asarray(geometry.array)
    codes = code.to_numpy()
    none = shapely.is_missing(shapes) | shapely.is_empty(shapes)
    kind = shapely.get_type_id(shapes)
    flat_kind = ~none & ~np.isin(kind, (3, 6))
    for wrong, what in ((none, "an empty geometry"), (flat_kind, "no polygon")):
        if wrong.any():
            raise InputError(
                "every neighbourhood must be a polygon",
                f"{what} in {int(wrong.sum())} (first: {codes[np.argmax(wrong)]})",
                "repair the file, or leave them out",
            )
    shapes = shapely.force_2d(shapes)
    shapes = _to_rd(shapes, geometry.crs if crs is None else crs)
    broken = np.flatnonzero(~shapely.is_valid(shapes))
    for place in broken:
        mended = shapely.make_valid(shapes[place])
        parts = [p for p in shapely.get_parts(mended) if p.geom_type in ("Polygon", "MultiPolygon")]
        mended = shapely.union_all(parts)
        area = shapes[place].area
        if not mended.area or abs(mended.area - area) > MAX_REPAIR * mended.area:
            raise InputError(
                "polygons must be valid, or repairable with under 0.1 % change of area",
                f"{codes[place]} crosses itself: {area:.0f} m2 as drawn, {mended.area:.0f} m2 when repaired "
                f"({len(broken)} invalid in all)",
                "repair the polygon in a GIS",
            )
        shapes[place] = mended
    return shapes, len(broken)


def _to_rd(shapes: Any, crs: Any) -> Any:
    import shapely

    xy = shapely.get_coordinates(shapes)
    source = known_crs(_coordinates.recognise(xy[:, 0], xy[:, 1], "polygons") if crs is None else crs)
    x, y = xy[:, 0], xy[:, 1]
    if source != known_crs(RD_NEW):
        x, y = _coordinates.reproject(x, y, source, RD_NEW)
        shapes = shapely.set_coordinates(shapes.copy(), np.column_stack([x, y]))
    west, south, east, north = _coordinates.RD_BOUNDS
    # water parts of coastal municipalities reach far into the sea
    inside = _coordinates.within(x, y, (west - 50_000, south - 5_000, east + 5_000, north + 50_000))
    if not inside.all():
        raise CrsError(
            "polygons must lie in the Netherlands",
            f"{(~inside).mean():.0%} of the corners do not, when read as {source.name}",
            "declare the CRS they are really in: crs=...",
        )
    return shapes
