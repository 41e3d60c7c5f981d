"""Places that are written as a code: geohash, plus code, grid reference, key of a tile, encoded line, degrees."""

from __future__ import annotations

import re
from collections.abc import Iterator

_NUMBER = r"\d{1,2}(?:[.,]\d+)?"
_SIGNED = re.compile(
    rf"(?<![\w.,])[NEOZSW]?\s?(\d{{1,3}})\s*[°º]\s*({_NUMBER})\s*['′’]\s*(?:({_NUMBER})\s*(?:[\"″”]|'')?)?"
)
"""52°05'48.7", and with the minutes only."""
_LETTERED = re.compile(
    rf"(?<!\w)(?:[NEOZSW]\s?0?(\d{{1,2}})[ °]\s?({_NUMBER})(?:[ ']\s?({_NUMBER}))?"
    rf"|0?(\d{{1,2}}) ({_NUMBER})(?: ({_NUMBER}))?\s?[NEOZSW](?!\w))"
)
"""N 52 05.812, 52 05 48.7 N."""
_NAVIGATION = re.compile(r"(?<![\d.])0?(\d{1,2})(\d\d\.\d{2,})\s*,\s*[NESW](?!\w)")
"""5204.8123,N as receivers send it."""

_GEOHASH = re.compile(r"(?<![0-9A-Za-z])[uU]1[0-9b-hjkmnp-zB-HJKMNP-Z]{6,10}(?![0-9A-Za-z])")
_BASE32 = "0123456789bcdefghjkmnpqrstuvwxyz"
_PLUS = re.compile(r"(?<!\w)(9F[2-9CFGHJMPQRVWX]{2})?([2-9CFGHJMPQRVWX]{4})\+([2-9CFGHJMPQRVWX]{2,4})(?!\w)")
_BASE20 = "23456789CFGHJMPQRVWX"
_REFERENCE = re.compile(
    r"(?<!\w)3([12])\s?U\s?([A-HJ-NP-Z])([A-HJ-NP-V])\s?(?:(\d{4,5})\s(\d{4,5})|(\d{8}|\d{10}))(?!\w)"
)
_COLUMNS = {"1": "ABCDEFGH", "2": "JKLMNPQR"}
_ROWS = "ABCDEFGHJKLMNPQRSTUV"
_TILE = re.compile(r"(?<!\d)12[0-3]{16,22}(?!\d)")
"""Keys of tiles of the Netherlands begin with 12; from 18 digits on a tile is smaller than a cell."""
_LINE = re.compile(r"[?-~]{10,}")
_HEXAGON = re.compile(r"(?<![0-9A-Za-z])8[a-f]19[0-9a-f]{11}(?![0-9A-Za-z])")
"""A hexagon of H3 in the Netherlands, of level 10 (130 m across) or finer."""


def degrees(text: str) -> Iterator[tuple[int, int, float, float]]:
    r"""Degrees with minutes in a text: where each begins and ends, its value, and the step of its last digit.

    Examples
    --------
    >>> [(round(value, 4), round(step, 6)) for _, _, value, step in degrees("52°30'36\" N, 4 30.60 E")]
    [(52.51, 0.000278), (4.51, 0.000167)]
    """
    for pattern in (_SIGNED, _LETTERED, _NAVIGATION):
        for found in pattern.finditer(text):
            parts = [each.replace(",", ".") for each in found.groups() if each is not None]
            if len(parts) < 2 or any(float(each) >= 60 for each in parts[1:]):
                continue
            value = sum(float(each) / 60**place for place, each in enumerate(parts))
            decimals = len(parts[-1].partition(".")[2])
            yield found.start(), found.end(), value, 10.0**-decimals / 60 ** (len(parts) - 1)


def coded(text: str, middle: tuple[float, float]) -> list[tuple[float, float, float]]:
    """Places in a text that are written as a code: longitude, latitude, and half the width of the place in metres.

    Parameters
    ----------
    text
        Any text.
    middle
        Longitude and latitude near which a plus code without its beginning lies.

    Notes
    -----
    Geohash from 8 signs, plus codes from 10, grid references (MGRS) from 4 digits a side, keys of tiles from 18 digits
    and lines as Google encodes them, with 5 or 6 decimals. O(text).

    Examples
    --------
    >>> [(round(x, 3), round(y, 3)) for x, y, _ in coded("u15pmus9x 9F467826+QM", (5.0, 52.0))]
    [(4.478, 51.924), (4.312, 52.252)]
    """
    places = [_geohash(found[0].lower()) for found in _GEOHASH.finditer(text) if re.search(r"\d.*\d", found[0])]
    places += [_plus(found[1] or "", found[2], found[3], middle) for found in _PLUS.finditer(text)]
    places += [_tile(found[0]) for found in _TILE.finditer(text)]
    for found in _LINE.finditer(text):
        places += [(x, y, 1.0) for x, y in _line(found[0])]
    return places


def references(text: str) -> list[tuple[str, float, float, float]]:
    """Grid references (MGRS) in a text: CRS, x, y, and half the width of the place in metres.

    Examples
    --------
    >>> references("31U ET 94440 71110")
    [('EPSG:32631', 594440.5, 5771110.5, 0.5)]
    """
    found = []
    for zone, column, row, east, north, both in _REFERENCE.findall(text):
        if column not in _COLUMNS[zone]:
            continue
        half = len(both) // 2
        east, north = (both[:half], both[half:]) if both else (east, north)
        if len(east) != len(north):
            continue
        unit = 10.0 ** (5 - len(east))
        start = (_ROWS.index(row) - (5 if zone == "2" else 0)) % 20 * 100_000 + 4_000_000
        x = (_COLUMNS[zone].index(column) + 1) * 100_000 + (int(east) + 0.5) * unit
        found.append((f"EPSG:3263{zone}", x, start + (int(north) + 0.5) * unit, unit / 2))
    return found


def hexagons(text: str) -> int:
    """Number of hexagons of H3 in a text that are about as small as a cell, or smaller."""
    return len(_HEXAGON.findall(text))


def _geohash(code: str) -> tuple[float, float, float]:
    low, width = [-180.0, -90.0], [360.0, 180.0]
    axis = 0
    for sign in code:
        value = _BASE32.index(sign)
        for bit in (16, 8, 4, 2, 1):
            width[axis] /= 2
            low[axis] += width[axis] * bool(value & bit)
            axis = 1 - axis
    return low[0] + width[0] / 2, low[1] + width[1] / 2, width[1] * 111_320 / 2


def _plus(start: str, rest: str, end: str, middle: tuple[float, float]) -> tuple[float, float, float]:
    code = (start or "9F22") + rest
    y, x, step = -90.0, -180.0, 20.0
    for place in range(0, 8, 2):
        y, x = y + _BASE20.index(code[place]) * step, x + _BASE20.index(code[place + 1]) * step
        step /= 20
    y, x = y + _BASE20.index(end[0]) * step, x + _BASE20.index(end[1]) * step
    tall, wide = step, step
    for sign in end[2:]:
        tall, wide = tall / 5, wide / 4
        y, x = y + _BASE20.index(sign) // 4 * tall, x + _BASE20.index(sign) % 4 * wide
    x, y = x + wide / 2, y + tall / 2
    if not start:  # of the many places with this end, the one nearest to the middle
        x, y = (at + round(near - at) for at, near in zip((x, y), middle, strict=True))
    return x, y, tall * 111_320 / 2


def _tile(key: str) -> tuple[float, float, float]:
    import math

    x = y = 0
    for sign in key:
        x, y = 2 * x + int(sign) % 2, 2 * y + int(sign) // 2
    size = 2.0 ** len(key)
    latitude = math.degrees(math.atan(math.sinh(math.pi * (1 - 2 * (y + 0.5) / size))))
    return (x + 0.5) / size * 360 - 180, latitude, 40_075_017 / size / 2 * math.cos(math.radians(latitude))


def _line(signs: str) -> Iterator[tuple[float, float]]:
    for scale in (1e5, 1e6):
        values, at, found = [0, 0], 0, []
        for axis, step in enumerate(_steps(signs)):
            values[axis % 2] += step
            at = axis
            latitude, longitude = values[0] / scale, values[1] / scale
            if not 50.5 < latitude < 53.8:
                break
            if axis % 2:
                if not 3.0 < longitude < 7.5:
                    break
                found.append((longitude, latitude))
        if found and at >= 1:
            yield from found


def _steps(signs: str) -> Iterator[int]:
    value = shift = 0
    for sign in signs:
        bits = ord(sign) - 63
        value |= (bits & 31) << shift
        shift += 5
        if bits < 32:
            yield ~(value >> 1) if value & 1 else value >> 1
            value = shift = 0
