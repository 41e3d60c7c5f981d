"""Coordinates of incidents: numbers from text, the CRS they can only be in, and what is no place at all."""

from __future__ import annotations

import contextlib
import re
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from hicgeo.errors import CrsError
from hicgeo.schema import RD_NEW
from hicgeo.sources._country import in_country
from hicgeo.sources._crs import known_crs
from hicgeo.sources._ledger import Ledger, Values

RD_BOUNDS = (0.0, 306_000.0, 285_000.0, 637_500.0)
"""West, south, east and north of the land of the Netherlands in RD, with a margin of some hundreds of metres."""
DEGREE_BOUNDS = (3.2, 50.7, 7.3, 53.7)
"""The same in degrees."""
MAX_MINORITY = 0.05
"""Largest share of records in another CRS than the rest that are rejected; above it the file is refused."""
_RD_CORNER = (155_000.0, 463_000.0)
_PLACEHOLDERS = (-1.0, 0.0, 1.0, 999_999.0, 9_999_999.0, 99_999_999.0)
APART = re.compile("[\u00a0\u202f\u2009'\u2019](?=[0-9]{3})")
"""Signs that stand between thousands, besides a dot and a comma: blanks that do not break, and apostrophes."""
_EMPTY = ("", "nan", "null", "none", "-")

Floats = npt.NDArray[np.float64]
Mask = npt.NDArray[np.bool_]


def read_numbers(text: pd.Series, title: str, ledger: Ledger) -> Floats:
    """Numbers of a text column, NaN where empty; what is no finite number is rejected.

    Parameters
    ----------
    text
        The column.
    title, ledger
        Where rejects, repairs and notes are entered.

    Notes
    -----
    A comma is a decimal mark; a dot is one too, unless a comma follows it (`121.687,5`).
    """
    text = text.fillna("").str.strip()
    empty = np.asarray(text.str.lower().isin(_EMPTY))
    comma = np.asarray(text.str.contains(",", regex=False))
    dotted = text.str.replace(",", ".", regex=False) if comma.any() else text
    numbers = np.full(len(text), np.nan)
    plain = np.asarray(dotted.str.fullmatch(r"[+-]?[0-9]{1,15}(\.[0-9]{1,15})?"), bool)
    numbers[plain] = dotted[plain].to_numpy(object).astype(float) if not plain.all() else _floats(dotted)
    grouped = np.zeros(len(text), bool)
    for place in np.flatnonzero(~plain & ~empty):
        value = APART.sub(" ", text.iloc[place])
        if re.fullmatch(r"-?[0-9]{1,3}(\.[0-9]{3})+(,[0-9]*)?", value):
            numbers[place], grouped[place] = float(value.replace(".", "").replace(",", ".")), True
        elif re.fullmatch(r"-?[0-9]{1,3}(,[0-9]{3})+(\.[0-9]*)?", value):
            numbers[place], grouped[place] = float(value.replace(",", "")), True
        elif re.fullmatch(r"-?[0-9]{1,3}( [0-9]{3})+([.,][0-9]*)?", value):
            numbers[place], grouped[place] = float(value.replace(" ", "").replace(",", ".")), True
        else:
            with contextlib.suppress(ValueError):
                numbers[place] = float(value.replace(",", ".")) if "_" not in value and value.isascii() else np.nan
    decimal = comma & ~grouped & ~np.isnan(numbers)
    ledger.repair(decimal, "decimal_comma", title, (text, dotted), "a comma was read as decimal mark")
    ledger.repair(
        grouped,
        "thousands_mark",
        title,
        (text, _written(numbers)),
        "a thousands mark was removed",
    )
    ledger.reject(np.isnan(numbers) & ~empty, "bad_coordinate", title, text)
    ledger.reject(np.isinf(numbers), "infinite_coordinate", title, text)
    return numbers


def _written(numbers: Floats) -> Values:
    return lambda places: [f"{numbers[i]:.15g}" for i in places]


def _floats(text: pd.Series) -> Floats:
    import pyarrow as pa
    import pyarrow.compute as pc

    return np.asarray(pc.cast(pa.array(text, type=pa.large_string()), pa.float64()), float)


def undo_thousands(
    x: Floats, y: Floats, text: tuple[pd.Series, pd.Series], titles: tuple[str, str], ledger: Ledger
) -> tuple[Floats, Floats]:
    """Undo a thousands dot that looks like a decimal one (`121.687`), when every pair has it and lies in RD without it.

    Raises
    ------
    CrsError
        More than 5 % of the pairs have it, but not all.
    """
    filled = ledger.standing & np.isfinite(x) & np.isfinite(y) & ~_placeholder(x, y)
    low = filled & (np.abs(x) < 1000) & (np.abs(y) < 1000)
    if not low.any():
        return x, y
    for each in text:
        low[low] = each[low].str.strip().str.fullmatch(r"[0-9]{1,3}[.,][0-9]{3}")
    low &= within(x * 1000, y * 1000, RD_BOUNDS)
    if not low.any():
        return x, y
    if (low == filled).all():
        for values, raw, title in zip((x * 1000, y * 1000), text, titles, strict=True):
            said = "a dot before three digits was a thousands mark: metres"
            ledger.repair(low, "thousands_mark", title, (raw, _written(values)), said)
        return np.where(low, x * 1000, x), np.where(low, y * 1000, y)
    if low.sum() > MAX_MINORITY * filled.sum():
        raise CrsError(
            "coordinates must all be written in one way",
            f"{low.sum()} of {filled.sum()} have a dot that may be a decimal or a thousands mark "
            f"(first: line {ledger.line[np.argmax(low)]})",
            "export the coordinates as numbers without a thousands mark",
        )
    ledger.reject(low, "bad_coordinate", " / ".join(titles), _pair(text))
    return x, y


def _pair(text: tuple[pd.Series, pd.Series]) -> Values:
    """Text of x and y together, made for the records that need it."""
    return lambda places: [f"{a} / {b}" for a, b in zip(text[0].iloc[places], text[1].iloc[places], strict=True)]


def _placeholder(x: Floats, y: Floats) -> Mask:
    """Whether a pair of numbers stands for no place: 0, 1, -1, nines, or the origin of RD."""
    odd: Mask = np.isin(x, _PLACEHOLDERS) | np.isin(y, _PLACEHOLDERS) | ((x == 99_999) & (y == 99_999))
    return odd | ((x == _RD_CORNER[0]) & (y == _RD_CORNER[1]))


def within(x: Floats, y: Floats, bounds: tuple[float, float, float, float]) -> Mask:
    """Whether points lie within west, south, east and north; NaN does not."""
    west, south, east, north = bounds
    with np.errstate(invalid="ignore"):
        inside: Mask = (x >= west) & (x <= east) & (y >= south) & (y <= north)
    return inside


def reproject(x: Floats, y: Floats, source: Any, target: Any) -> tuple[Floats, Floats]:
    """Coordinates in another CRS, x before y; what cannot be transformed becomes infinite."""
    import pyproj

    transformer = pyproj.Transformer.from_crs(source, target, always_xy=True)
    out_x, out_y = transformer.transform(x, y)
    return np.asarray(out_x, float), np.asarray(out_y, float)


def recognise(x: Floats, y: Floats, what: str = "coordinates", *, swap: bool = False) -> str:
    """Return the one CRS of RD and WGS84 that coordinates without a declared CRS fit, swapped if that is allowed.

    Raises
    ------
    CrsError
        Neither fits most of them, both occur, or the axes are swapped.
    """
    known = ~(np.isnan(x) | np.isnan(y))
    total = max(int(known.sum()), 1)
    fits = {
        RD_NEW: within(x, y, RD_BOUNDS),
        "EPSG:4326": within(x, y, DEGREE_BOUNDS),
        f"{RD_NEW} swapped": within(y, x, RD_BOUNDS),
        "EPSG:4326 swapped": within(y, x, DEGREE_BOUNDS),
    }
    best = max(fits, key=lambda name: int(fits[name].sum()))
    share = fits[best].sum() / total
    if not known.any() or share < 0.5:
        raise CrsError(
            f"{what} must fit one of RD and WGS84 when crs is not declared",
            f"{share:.0%} of {int(known.sum())} fit {best}" if known.any() else "no coordinates at all",
            'declare it: crs="EPSG:28992" for RD, or the code of your CRS',
        )
    if best.endswith("swapped") and not swap:
        raise _swapped(share, best.split()[0], what)
    return best.split()[0]


def _swapped(share: float, crs: str, what: str) -> CrsError:
    return CrsError(
        f"{what} must have x (east) before y (north)",
        f"{share:.0%} fall in the Netherlands ({crs}) once x and y are swapped",
        "set swap=True, or swap the titles of x and y in columns",
    )


def locate(
    x: Floats,
    y: Floats,
    titles: tuple[str, str],
    text: tuple[pd.Series, pd.Series] | None,
    crs: Any,
    ledger: Ledger,
    *,
    swap: bool = False,
) -> tuple[Floats, Floats, Any]:
    """Check and transform coordinates: to RD when they are Dutch, else they stay in their own metric CRS.

    Parameters
    ----------
    x, y
        East and north, NaN where there are none.
    titles
        Titles of x and y, for the rejects.
    text
        The raw values, for the rejects; None for points, which are written as WKT.
    crs
        CRS as declared or as the file says; None to recognise it.
    ledger
        Account to enter rejects, repairs and notes in.
    swap
        Whether to exchange x and y where only that gives a place in the Netherlands.

    Returns
    -------
    x, y, crs
        Coordinates in metres, NaN where there are none, and their CRS.

    Raises
    ------
    CrsError
        The CRS is unknown, contradicted by the coordinates, or geographic for data outside the Netherlands.
    """
    column = " / ".join(dict.fromkeys(titles))
    said = (lambda places: [f"POINT ({x[i]} {y[i]})" for i in places]) if text is None else _pair(text)
    half = np.isnan(x) != np.isnan(y)
    ledger.note("half_coordinate", column, half, "one of x and y is missing: the incident is unlocated")
    ledger.reject(_placeholder(x, y) & ~half, "placeholder_coordinate", column, said)
    x, y = np.where(half, np.nan, x), np.where(half, np.nan, y)
    live = ledger.standing & np.isfinite(x) & np.isfinite(y)
    if not live.any():
        if crs is not None:
            known_crs(crs)
        return np.full(len(x), np.nan), np.full(len(y), np.nan), known_crs(RD_NEW)
    declared = crs is not None
    source = known_crs(crs) if declared else known_crs(recognise(x[live], y[live], swap=swap))
    total = int(live.sum())

    degrees, metres = within(x, y, DEGREE_BOUNDS) & live, within(x, y, RD_BOUNDS) & live
    for looks, fits, kind in ((degrees, source.is_projected, "degrees"), (metres, source.is_geographic, "RD metres")):
        if fits and looks.sum() > 0.5 * total:
            raise CrsError(
                f"coordinates must be in the CRS that is declared ({source.name})",
                f"{looks.sum() / total:.0%} of {total} are {kind}",
                "leave crs out, or declare the right one",
            )
    if not source.is_geographic and _is_rd(source):
        foreign = degrees | (within(y, x, DEGREE_BOUNDS) & live)
    elif source.is_geographic:
        foreign = metres | (within(y, x, RD_BOUNDS) & live)
    else:
        foreign = np.zeros(len(x), bool)
    if foreign.sum() > MAX_MINORITY * total:
        raise CrsError(
            "coordinates must all be in one CRS",
            f"{foreign.sum()} of {total} are in another than {source.name} "
            f"(first: line {ledger.line[np.argmax(foreign)]})",
            "split the export by CRS",
        )
    ledger.reject(foreign, "other_crs", column, said)
    live &= ~foreign

    rd_x, rd_y = _to_rd(x, y, source, live)
    inside = in_country(rd_x, rd_y)
    other_x, other_y = _to_rd(y, x, source, live & ~inside)
    swapped = within(other_x, other_y, RD_BOUNDS) & ~inside & live
    if inside.sum() < 0.5 * live.sum() and not (swap and swapped.sum() >= 0.5 * live.sum()):
        if swapped.sum() >= 0.5 * live.sum():
            raise _swapped(swapped.sum() / live.sum(), source.name, "coordinates")
        _check_abroad(source, declared, int(inside.sum()), int(live.sum()))
        _check_area_of_use(x[live], y[live], source)
        ledger.note("abroad", column, live, f"most places lie outside the Netherlands: kept in {source.name}")
        return x, y, source
    if swap:
        reverse = lambda places: [" / ".join(reversed(each.split(" / "))) for each in said(places)]  # noqa: E731
        ledger.repair(swapped, "axes_swapped", column, (said, reverse), "x and y were exchanged, as declared")
        rd_x, rd_y = np.where(swapped, other_x, rd_x), np.where(swapped, other_y, rd_y)
        inside = in_country(rd_x, rd_y)
    else:
        ledger.reject(swapped, "swapped_axes", column, said)
    ledger.reject(live & ~inside, "outside_country", column, said)
    if not _is_rd(source):
        ledger.note("transformed", column, live, f"transformed from {source.name} to RD, accurate to about a metre")
    elif not declared:
        ledger.note("crs", column, live, "recognised as RD (EPSG:28992)")
    return rd_x, rd_y, known_crs(RD_NEW)


def _check_abroad(source: Any, declared: bool, inside: int, total: int) -> None:
    """Refuse coordinates abroad, unless their CRS is declared, in metres, and no Dutch one."""
    if _is_rd(source) or not declared:
        raise CrsError(
            "coordinates in RD must lie in the Netherlands",
            f"{inside / total:.0%} of {total} do",
            "declare the CRS of the coordinates",
        )
    if not source.is_projected or any(abs(a.unit_conversion_factor - 1) > 1e-9 for a in source.axis_info):
        raise CrsError(
            "coordinates outside the Netherlands must be in a projected CRS in metres",
            source.name,
            "transform them first, to the local UTM zone for instance",
        )


def _check_area_of_use(x: Floats, y: Floats, source: Any) -> None:
    """Refuse coordinates outside the part of the world that their CRS is made for, or that are RD: wrongly declared."""
    area = source.area_of_use
    if area is None:
        return
    east, north = reproject(x, y, source, "OGC:CRS84")
    margin = 1.0  # degrees: data of a zone reach somewhat over its edge
    fits = within(east, north, (area.west - margin, area.south - margin, area.east + margin, area.north + margin))
    as_rd = int(in_country(x, y).sum())
    west, south, dutch_east, dutch_north = DEGREE_BOUNDS
    used_here = area.west < dutch_east and area.east > west and area.south < dutch_north and area.north > south
    if fits.sum() < 0.5 * len(x) or (used_here and as_rd >= 0.5 * len(x)):
        hint = f"; {as_rd} lie in the Netherlands when read as RD" if as_rd else ""
        raise CrsError(
            f"coordinates must lie where their CRS is made for ({source.name}: {area.name})",
            f"{int(fits.sum())} of {len(x)} do{hint}",
            "declare the CRS that they are in",
        )


def _is_rd(crs: Any) -> bool:
    return bool(crs.to_epsg() in (28992, 7415) or crs.name in ("Amersfoort / RD New", "RD_New"))


def _to_rd(x: Floats, y: Floats, source: Any, live: Mask) -> tuple[Floats, Floats]:
    if _is_rd(source):
        return np.where(live, x, np.nan), np.where(live, y, np.nan)
    out_x, out_y = np.full(len(x), np.nan), np.full(len(y), np.nan)
    out_x[live], out_y[live] = reproject(x[live], y[live], source, RD_NEW)
    return out_x, out_y
