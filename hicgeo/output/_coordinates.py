"""Places of incidents in the text of a file, in whatever notation."""

from __future__ import annotations

import re
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import geopandas as gpd
    import numpy.typing as npt

NEAR = 2.0
"""Metres: nearer to an incident than this a coordinate is its place; five decimals of a degree are a metre."""
GRID = 100.0
"""Corners of cells lie on multiples of this, and say nothing."""

_NOTATIONS = (
    (re.compile(r"(?<![\w.])-?\d+(?:\.\d+)?(?!\w)"), "", "."),  # 155000.5
    (re.compile(r"(?<![\w,])-?\d+(?:,\d+)?(?!\w)"), "", ","),  # 155000,5
    (re.compile(r"(?<![\w.,])-?\d{1,3}(?:\.\d{3})+(?:,\d+)?(?!\w)"), ".", ","),  # 155.000,5
    (re.compile(r"(?<![\w.,])-?\d{1,3}(?:,\d{3})+(?:\.\d+)?(?!\w)"), ",", "."),  # 155,000.5
)
"""What a number looks like, with its mark of thousands and of decimals."""
_DEGREES = re.compile(r"(\d{1,2})\s*°\s*(\d{1,2})\s*['′’]\s*(\d{1,2}(?:[.,]\d+)?)\s*(?:[\"″”]|'')")
_BETWEEN = 40
"""Characters between the two numbers of a pair: quotes, commas, a name."""
_RANGES = {
    "EPSG:28992": ((0.0, 290_000.0), (300_000.0, 640_000.0)),
    "EPSG:4326": ((3.0, 7.5), (50.5, 53.8)),
    "EPSG:3857": ((330_000.0, 840_000.0), (6_500_000.0, 7_150_000.0)),
    "EPSG:32631": ((400_000.0, 820_000.0), (5_600_000.0, 5_960_000.0)),
}
"""Per CRS the x and y that lie in the Netherlands."""


def places(text: str) -> npt.NDArray[np.float64]:
    r"""Every pair of numbers in a text that is a place in the Netherlands, as RD coordinates in metres.

    Parameters
    ----------
    text
        Any text. Decimal points and commas, thousands marks, degrees with minutes and seconds, x and y in either order;
        RD, WGS 84, Web Mercator and UTM.

    Examples
    --------
    >>> places("x: 155.000,00 y: 463.000,00").round().tolist()
    [[155000.0, 463000.0]]
    >>> places("N 52°09'18.62\" E 5°23'13.93\"").round(-1).tolist()
    [[155000.0, 463000.0]]
    """
    import pyproj

    plain = _DEGREES.sub(lambda m: f" {int(m[1]) + int(m[2]) / 60 + float(m[3].replace(',', '.')) / 3600:.9f} ", text)
    found: dict[str, set[tuple[float, float]]] = {crs: set() for crs in _RANGES}
    for pattern, thousands, decimals in _NOTATIONS:
        matches = list(pattern.finditer(plain))
        values = [float(m[0].replace(thousands, "").replace(decimals, ".")) for m in matches]
        end = -1  # of a pair in brackets
        for (first, a), (second, b) in pairwise(zip(matches, values, strict=True)):
            between = plain[first.end() : second.start()]
            if second.start() - first.end() > _BETWEEN or (between == "],[" and end == first.end()):
                continue  # y of one corner and x of the next are no place
            end = second.end() if between == "," else -1
            for crs, ((west, east), (south, north)) in _RANGES.items():
                found[crs] |= {(x, y) for x, y in ((a, b), (b, a)) if west < x < east and south < y < north}
    metres = []
    for crs, pairs in found.items():
        if pairs:
            x, y = np.array(sorted(pairs)).T
            turn = pyproj.Transformer.from_crs(crs, "EPSG:28992", always_xy=True)
            metres.append(np.column_stack([x, y] if crs == "EPSG:28992" else turn.transform(x, y)))
    return np.concatenate(metres) if metres else np.empty((0, 2))


def near_incidents(
    text: str, incidents: gpd.GeoDataFrame, neighbourhoods: gpd.GeoDataFrame | None = None
) -> list[tuple[float, float]]:
    """Places in a text that are those of incidents, unless they are corners of cells or on official borders.

    Parameters
    ----------
    text
        Any text.
    incidents
        Points with a CRS.
    neighbourhoods
        Polygons with a CRS, whose borders may be in the text.

    Notes
    -----
    O(numbers of the text x log incidents).
    """
    import shapely
    from scipy.spatial import cKDTree

    at = places(text)
    known = incidents.geometry.dropna()
    known = known[~known.is_empty].to_crs(28992)
    if not len(at) or not len(known):
        return []
    distance, _ = cKDTree(np.column_stack([known.x, known.y])).query(at, distance_upper_bound=NEAR)
    hit = at[np.isfinite(distance)]
    corner = (np.abs(hit - np.round(hit / GRID) * GRID) < NEAR).all(axis=1)
    hit = hit[~corner]
    if neighbourhoods is not None and len(hit):
        borders = shapely.union_all(shapely.boundary(np.asarray(neighbourhoods.geometry.to_crs(28992).array)))
        hit = hit[shapely.distance(borders, shapely.points(hit)) > NEAR]
    return [tuple(each) for each in hit.tolist()]
