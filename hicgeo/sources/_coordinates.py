"""Coordinates of incidents: numbers from text, the CRS they can only be in, and what is no place at all."""

from __future__ import annotations

import re
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from hicgeo.errors import CrsError
from hicgeo.schema import RD_NEW
from hicgeo.sources._ledger import Ledger
from hicgeo.sources._open import known_crs

RD_BOUNDS = (0.0, 306_000.0, 285_000.0, 637_500.0)
"""West, south, east and north of the land of the Netherlands in RD, with a margin of some hundreds of metres."""
DEGREE_BOUNDS = (3.2, 50.7, 7.3, 53.7)
"""The same in degrees."""
MAX_MINORITY = 0.05
"""Largest share of records in another CRS than the rest that are rejected; above it the file is refused."""
_RD_CORNER = (155_000.0, 463_000.0)
_PLACEHOLDERS = (-1.0, 0.0, 1.0, 999_999.0, 9_999_999.0, 99_999_999.0)
_EMPTY = ("", "nan", "null", "none", "-")

Floats = npt.NDArray[np.float64]
Mask = npt.NDArray[np.bool_]


def read_numbers(text: pd.Series, axis: int, title: str, ledger: Ledger) -> Floats:
    """Numbers of a text column, NaN where empty; what is no finite number is rejected.

    Parameters
    ----------
    text
        The column.
    axis
        0 for x (east), 1 for y (north).
    title, ledger
        Where rejects and notes are entered.

    Notes
    -----
    A comma is a decimal mark; a dot is one too, unless a comma follows it (`121.687,5`) or the column can only be
    metres with a thousands mark (`121.687`).
    """
    text = text.fillna("").str.strip()
    empty = np.array(text.str.lower().isin(_EMPTY))
    numbers = (
        pd.to_numeric(text.where(~empty, "0").str.replace(",", ".", regex=False), errors="coerce")
        .to_numpy(float)
        .copy()
    )
    ledger.note(
        "decimal_comma", title, np.asarray(text.str.contains(",", regex=False)), "a comma was read as decimal mark"
    )

    odd = np.isnan(numbers)
    grouped = np.zeros(len(text), bool)
    for place in np.flatnonzero(odd):
        value = text.iloc[place].replace(" ", "").replace("\u00a0", "")
        if re.fullmatch(r"-?\d{1,3}(\.\d{3})+(,\d*)?", value):
            numbers[place], grouped[place] = float(value.replace(".", "").replace(",", ".")), True
        elif re.fullmatch(r"-?\d{1,3}(,\d{3})+(\.\d*)?", value):
            numbers[place], grouped[place] = float(value.replace(",", "")), True
        elif re.fullmatch(r"-?\d{1,3}( \d{3})+([.,]\d*)?", text.iloc[place]):
            numbers[place], grouped[place] = float(value.replace(",", ".")), True
    ledger.note("thousands_mark", title, grouped, "a thousands mark was removed")
    numbers[empty] = np.nan
    numbers = _thousands(numbers, text, axis, title, ledger)
    ledger.reject(np.isnan(numbers) & ~empty, "bad_coordinate", title, text)
    ledger.reject(np.isinf(numbers), "infinite_coordinate", title, text)
    return numbers


def _thousands(numbers: Floats, text: pd.Series, axis: int, title: str, ledger: Ledger) -> Floats:
    """Undo a thousands dot that looks like a decimal one (`121.687`), when the column can only be metres."""
    filled = ledger.standing & ~np.isnan(numbers) & ~np.isin(numbers, _PLACEHOLDERS)
    small = filled & (np.abs(numbers) < 1000)
    low = small & np.asarray(text.str.fullmatch(r"\d{1,3}[.,]\d{3}"), bool)
    low &= (numbers * 1000 >= RD_BOUNDS[axis]) & (numbers * 1000 <= RD_BOUNDS[axis + 2])
    as_degrees = (numbers >= DEGREE_BOUNDS[axis]) & (numbers <= DEGREE_BOUNDS[axis + 2])
    if low.sum() * 2 < small.sum() or not (low & ~as_degrees).any():
        return numbers
    ledger.note("thousands_mark", title, low, "a dot before three digits was a thousands mark: metres")
    return np.where(low, numbers * 1000, numbers)


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


def recognise(x: Floats, y: Floats, what: str = "coordinates") -> str:
    """Return the one CRS of RD and WGS84 that coordinates without a declared CRS fit.

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
    if best.endswith("swapped"):
        raise _swapped(share, best.split()[0], what)
    return best


def _swapped(share: float, crs: str, what: str) -> CrsError:
    return CrsError(
        f"{what} must have x (east) before y (north)",
        f"{share:.0%} fall in the Netherlands ({crs}) once x and y are swapped",
        "swap the titles of x and y in columns",
    )


def locate(
    x: Floats, y: Floats, titles: tuple[str, str], text: pd.Series, crs: Any, ledger: Ledger
) -> tuple[Floats, Floats, Any]:
    """Check and transform coordinates: to RD when they are Dutch, else they stay in their own metric CRS.

    Parameters
    ----------
    x, y
        East and north, NaN where there are none.
    titles
        Titles of x and y, for the rejects.
    text
        The raw values, for the rejects.
    crs
        CRS as declared or as the file says; None to recognise it.
    ledger
        Account to enter rejects and notes in.

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
    half = np.isnan(x) != np.isnan(y)
    ledger.note("half_coordinate", column, half, "one of x and y is missing: the incident is unlocated")
    x, y = np.where(half, np.nan, x), np.where(half, np.nan, y)
    placeholder = np.isin(x, _PLACEHOLDERS) | np.isin(y, _PLACEHOLDERS) | ((x == 99_999) & (y == 99_999))
    placeholder |= (x == _RD_CORNER[0]) & (y == _RD_CORNER[1])
    ledger.reject(placeholder, "placeholder_coordinate", column, text)
    live = ledger.standing & ~np.isnan(x) & np.isfinite(x) & np.isfinite(y)
    if not live.any():
        ledger.note("unlocated", column, ledger.standing & np.isnan(x), "no coordinates: accepted with empty geometry")
        return x, y, known_crs(RD_NEW if crs is None else crs)
    declared = crs is not None
    source = known_crs(crs) if declared else known_crs(recognise(x[live], y[live]))
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
        foreign = (metres | (within(y, x, RD_BOUNDS) & live)) & live
    else:
        foreign = np.zeros(len(x), bool)
    if foreign.sum() > MAX_MINORITY * total:
        raise CrsError(
            "coordinates must all be in one CRS",
            f"{foreign.sum()} of {total} are in another than {source.name} "
            f"(first: line {ledger.line[np.argmax(foreign)]})",
            "split the export by CRS",
        )
    ledger.reject(foreign, "other_crs", column, text)
    live &= ~foreign

    rd_x, rd_y = _to_rd(x, y, source, live)
    inside = within(rd_x, rd_y, RD_BOUNDS)
    swap_x, swap_y = _to_rd(y, x, source, live)
    swapped = within(swap_x, swap_y, RD_BOUNDS) & ~inside & live
    dutch_crs = _is_rd(source) or not declared
    if inside.sum() < 0.5 * live.sum():
        if swapped.sum() >= 0.5 * live.sum():
            raise _swapped(swapped.sum() / live.sum(), source.name, "coordinates")
        if dutch_crs:
            raise CrsError(
                "coordinates in RD must lie in the Netherlands",
                f"{inside.sum() / live.sum():.0%} of {int(live.sum())} do",
                "declare the CRS of the coordinates",
            )
        if not source.is_projected or any(abs(a.unit_conversion_factor - 1) > 1e-9 for a in source.axis_info):
            raise CrsError(
                "coordinates outside the Netherlands must be in a projected CRS in metres",
                source.name,
                "transform them first, to the local UTM zone for instance",
            )
        ledger.note("unlocated", column, ledger.standing & np.isnan(x), "no coordinates: accepted with empty geometry")
        return x, y, source
    ledger.reject(swapped, "swapped_axes", column, text)
    ledger.reject(live & ~inside, "outside_country", column, text)
    if not _is_rd(source):
        ledger.note("transformed", column, live, f"transformed from {source.name} to RD, accurate to about a metre")
    elif not declared:
        ledger.note("crs", column, live, "recognised as RD (EPSG:28992)")
    ledger.note("unlocated", column, ledger.standing & np.isnan(x), "no coordinates: accepted with empty geometry")
    return rd_x, rd_y, known_crs(RD_NEW)


def _is_rd(crs: Any) -> bool:
    return bool(crs.to_epsg() in (28992, 7415) or crs.name in ("Amersfoort / RD New", "RD_New"))


def _to_rd(x: Floats, y: Floats, source: Any, live: Mask) -> tuple[Floats, Floats]:
    if _is_rd(source):
        return np.where(live, x, np.nan), np.where(live, y, np.nan)
    out_x, out_y = np.full(len(x), np.nan), np.full(len(y), np.nan)
    out_x[live], out_y[live] = reproject(x[live], y[live], source, RD_NEW)
    return out_x, out_y
