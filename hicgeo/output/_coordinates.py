"""Places of incidents in texts and lists of numbers, in whatever notation."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache, cached_property
from typing import TYPE_CHECKING

import numpy as np

from hicgeo.output._codes import coded, degrees, references

if TYPE_CHECKING:
    import geopandas as gpd
    import numpy.typing as npt
    import pyproj

    Floats = npt.NDArray[np.float64]

NEAR = 2.0
"""Metres: nearer to an incident than this a coordinate is its place; five decimals of a degree are a metre."""
GRID = 100.0
"""Corners of cells lie on multiples of this, and say nothing."""
COARSE = 20.0
"""Metres: a number whose last digit is a larger step than this is no finer than a cell."""
CHANCE = 1e-7
"""A list of numbers is one of incidents when it would be like this by chance less often than this."""

_SPACES = " '’_\u00a0\u2009\u202f"
_NOTATIONS = (
    (
        re.compile(r"(?<![\d.#])(?<![A-Za-z_]{2})[-+]?(?=[\d.]{4})\d+(?:\.\d+)?(?:[eE][-+]?\d+)?(?![A-Za-z_]{2}|\d)"),
        "",
        ".",
    ),
    (re.compile(r"(?<![\w.,#])[-+]?(?=[\d,]{4})\d+(?:,\d+)?(?:[eE][-+]?\d+)?(?!\w|[.,]\d)"), "", ","),  # 155000,5
    (re.compile(r"(?<![\w.,])-?\d{1,3}(?:\.\d{3})+(?:,\d+)?(?!\w)"), ".", ","),  # 155.000,5
    (re.compile(r"(?<![\w.,])-?\d{1,3}(?:,\d{3})+(?:\.\d+)?(?!\w)"), ",", "."),  # 155,000.5
    (re.compile(rf"(?<![\w.])-?\d{{1,3}}(?:[{_SPACES}]\d{{3}})+(?:[.,]\d+)?(?!\w)"), _SPACES, "."),
)
"""What a number looks like, with its mark of thousands and of decimals."""
_HEX = re.compile(r"(?<!\w)0[xX]([0-9a-fA-F]{3,8})(?!\w)")
_BETWEEN = 40
"""Characters between the two numbers of a pair: quotes, commas, a name."""
_SEPARATING = frozenset(",;|\"' \t\r\n")
"""Signs that may stand between the numbers of a list."""


@dataclass(frozen=True)
class System:
    """A way to write places in the Netherlands: x and y times `scale` are coordinates of `crs` in these ranges."""

    crs: str
    x: tuple[float, float]
    y: tuple[float, float]
    scale: float = 1.0
    finest: float = np.inf

    @property
    def unit(self) -> float:
        """Metres of a step of 1."""
        return self.scale * (111_320.0 if self.crs == "EPSG:4326" else 1.0)


_RD, _WGS = ("EPSG:28992", (10_000.0, 290_000.0), (300_000.0, 640_000.0)), ("EPSG:4326", (3.0, 7.5), (50.5, 53.8))
SYSTEMS = (
    System(*_RD),
    System(*_WGS),
    System("EPSG:3857", (330_000.0, 840_000.0), (6_500_000.0, 7_150_000.0)),
    System("EPSG:32631", (400_000.0, 820_000.0), (5_600_000.0, 5_960_000.0)),
    System("EPSG:32632", (90_000.0, 420_000.0), (5_600_000.0, 5_960_000.0)),
    System("EPSG:3035", (3_850_000.0, 4_150_000.0), (3_050_000.0, 3_400_000.0)),
    *(System(*_WGS, scale=scale) for scale in (1e-5, 1e-6, 1e-7)),  # whole numbers
    *(System(*_RD, scale=scale) for scale in (0.1, 0.01, 0.001)),  # decimetres to millimetres
    System(*_RD, scale=1000.0, finest=1e-3),  # kilometres with the metres behind the point
)


@dataclass(frozen=True)
class Numbers:
    """Numbers in the order of a text: where each begins and ends, its value, and the step of its last digit."""

    begin: npt.NDArray[np.int64]
    end: npt.NDArray[np.int64]
    value: Floats
    step: Floats


def numbers_of(text: str) -> Iterator[Numbers]:
    """Numbers of at least four digits in a text, once for every notation."""
    if "0x" in text or "0X" in text:
        text = _HEX.sub(lambda m: f" {int(m[1], 16)} ", text)
    turned = list(degrees(text))
    for place, (pattern, thousands, decimals) in enumerate(_NOTATIONS):
        if place == 1 and not re.search(r"\d,\d", text):
            continue
        found = [(m.start(), m.end(), m[0]) for m in pattern.finditer(text)]
        if not found and (place or not turned):
            continue
        rows = []
        table = str.maketrans({**dict.fromkeys(thousands), decimals: ".", **({",": "."} if place == 4 else {})})
        for start, end, said in found:
            plain = said.translate(table) if place else said
            whole, _, exponent = plain.lower().partition("e")
            behind = len(whole.partition(".")[2]) - int(exponent or 0)
            if abs(behind) < 20:
                rows.append((start, end, float(plain), 10.0**-behind))
        if turned:
            covered = {at for start, end, _, _ in turned for at in range(start, end)}
            rows = sorted([row for row in rows if row[0] not in covered] + turned)
        if rows:
            begin, end_, value, step = map(np.array, zip(*rows, strict=True))
            yield Numbers(begin, end_, value.astype(float), step.astype(float))


def step_of(values: Floats) -> float:
    """Step of the last digit of numbers whose text is not known, such as those of a list in binary."""
    known = values[np.isfinite(values)]
    for decimals in range(8) if len(known) else ():
        scaled = known * 10.0**decimals
        if np.mean(np.abs(scaled - np.round(scaled)) < 1e-4 * 10.0 ** max(0, decimals - 4)) > 0.95:
            return float(10.0**-decimals)
    return 1e-8


class Places:
    """Places of incidents, to be looked for.

    Parameters
    ----------
    incidents
        Points with a CRS.
    borders
        Shapes with a CRS whose corners may be in a file.
    """

    def __init__(self, incidents: gpd.GeoDataFrame, borders: gpd.GeoDataFrame | None = None) -> None:
        known = incidents.geometry.dropna()
        known = known[~known.is_empty].to_crs(28992)
        self._xy: Floats = np.column_stack([known.x, known.y])
        kinds = incidents["crime_type"].reindex(known.index) if "crime_type" in incidents else None
        self._groups = [self._xy] + ([] if kinds is None else [self._xy[kinds == kind] for kind in kinds.unique()])
        self._shapes = borders
        self._turned: dict[str, Floats] = {}

    @cached_property
    def _tree(self):  # type: ignore[no-untyped-def]  # scipy is imported late
        from scipy.spatial import cKDTree

        return cKDTree(self._xy)

    @cached_property
    def _borders(self):  # type: ignore[no-untyped-def]
        import shapely

        assert self._shapes is not None  # noqa: S101 - asked by who calls
        lines = shapely.boundary(np.asarray(self._shapes.geometry.to_crs(28992).array))
        whole = np.asarray(self._shapes.geometry.to_crs(28992).array)
        lines = np.where(shapely.is_empty(lines), whole, lines)  # what is a line already has no boundary
        return shapely.STRtree(shapely.get_parts(lines))

    def in_text(self, text: str) -> int:
        """How many times the place of an incident stands in a text.

        Notes
        -----
        O(text + numbers x log incidents).
        """
        if not len(self._xy):
            return 0
        hits = self._in_codes(text)
        for numbers in numbers_of(text):
            hits += self._in_pairs(text, numbers)
            hits += sum(self.in_columns([[part]]) for part in _lists(text, numbers))
        return hits

    def in_columns(self, tables: Sequence[Sequence[Floats]]) -> int:
        """How many times places of incidents, or one of their coordinates, stand in lists of numbers.

        Parameters
        ----------
        tables
            Lists that belong together, such as the columns of a table; all lists of one length are tried together too.

        Notes
        -----
        O(numbers x log incidents), and of lists of equal length that can be coordinates every pair.
        """
        if not len(self._xy):
            return 0
        hits, met = 0, set()
        axes = {id(each): _axes(each) for table in tables for each in table}
        for table in _together(tables, axes):
            for system in SYSTEMS:
                east = [each for each in table if (system, 0) in axes[id(each)]]
                north = [each for each in table if (system, 1) in axes[id(each)]] if east else []
                for x, y in itertools.islice(itertools.product(east, north), 400):
                    if len(x) == len(y) and (key := (id(x), id(y), system)) not in met:
                        met.add(key)
                        steps = (np.full(len(x), step_of(x)), np.full(len(y), step_of(y)))
                        hits += self._near(system, x, y, *steps)
        for column in {id(each): each for table in tables for each in table if len(each) >= 3}.values():
            hits += self._one_axis(column, axes[id(column)]) or self._straight(column)
            if len(summed := _summed(column)):
                hits += self._one_axis(summed, _axes(summed))
            hits += self._in_turn(column)
        return hits

    def _in_turn(self, column: Floats) -> int:
        """Places in a list of x and y in turn, as they stand or as differences."""
        if len(column) < 6 or len(column) % 2:
            return 0
        hits, pairs = 0, column.reshape(-1, 2)
        first = _ranges_of(float(column[0])), _ranges_of(float(column[1]))
        for system, axis in first[0]:
            if (system, 1 - axis) not in first[1]:
                continue
            for both in (pairs, pairs.cumsum(axis=0)):
                x, y = both[:, axis], both[:, 1 - axis]
                hits += self._near(system, x, y, np.full(len(x), step_of(x)), np.full(len(y), step_of(y)))
        return hits

    def _in_codes(self, text: str) -> int:
        hits = 0
        middle = self._known("EPSG:4326").mean(axis=0)
        found = coded(text, (float(middle[0]), float(middle[1])))
        if found:
            x, y, half = np.array(found).T
            hits += self._count(self._to_rd("EPSG:4326", x, y), np.maximum(NEAR, half * 1.5))
        for crs, x, y, half in references(text):
            hits += self._count(self._to_rd(crs, np.array([x]), np.array([y])), np.array([max(NEAR, half * 1.5)]))
        return hits

    def _in_pairs(self, text: str, numbers: Numbers) -> int:
        begin, end, value, step = numbers.begin, numbers.end, numbers.value, numbers.step
        gap, signs = begin[1:] - end[:-1], _signs(text)
        near, after = gap <= _BETWEEN, end[:-1]
        comma = (gap == 1) & (signs[after] == ord(","))
        # y of one corner and x of the next are no place
        between = (gap == 3) & (signs[after] == ord("]"))
        near[1:] &= ~(between[1:] & comma[:-1])
        a, b, sa, sb = value[:-1][near], value[1:][near], step[:-1][near], step[1:][near]
        return sum(
            self._near(system, *each)
            for system in SYSTEMS
            for each in ((a, b, sa, sb), (b, a, sb, sa))
        )  # fmt: skip

    def _near(self, system: System, x: Floats, y: Floats, step_x: Floats, step_y: Floats) -> int:
        """Number of pairs that are the place of an incident, as far as their digits tell."""
        x, y = x * system.scale, y * system.scale
        step = np.maximum(step_x, step_y)
        fine = (step * system.unit <= COARSE) & (step <= system.finest)
        inside = (system.x[0] < x) & (x < system.x[1]) & (system.y[0] < y) & (y < system.y[1]) & fine
        if not inside.any():
            return 0
        reach = np.maximum(NEAR, 0.75 * step[inside] * system.unit)
        if system.crs == "EPSG:28992":  # whole tens of metres
            tens = (np.round(x[inside]) % 10 == 0) & (np.round(y[inside]) % 10 == 0) & (step[inside] * system.unit >= 1)
            reach[tens] = 7.1
        return self._count(self._to_rd(system.crs, x[inside], y[inside]), reach)

    def _count(self, at: Floats, reach: Floats) -> int:
        distance, _ = self._tree.query(at, distance_upper_bound=COARSE * 1.5)
        hit = at[distance <= reach]
        corner = (np.abs(hit - np.round(hit / GRID) * GRID) < NEAR).all(axis=1)
        hit = hit[~corner]
        if self._shapes is not None and len(hit):
            import shapely

            _, apart = self._borders.query_nearest(shapely.points(hit), return_distance=True, all_matches=False)
            hit = hit[apart > NEAR]
        return len(hit)

    def _one_axis(self, column: Floats, axes: frozenset[tuple[System, int]]) -> int:
        """1 when so many of these numbers are a coordinate of an incident that it is no chance, else 0."""
        if not axes:
            return 0
        values = np.unique(column[np.isfinite(column)])
        for system, axis in axes:
            low, high = system.y if axis else system.x
            scaled = values * system.scale
            scaled = scaled[(low < scaled) & (scaled < high)]
            if system.crs == "EPSG:28992":
                scaled = scaled[np.abs(scaled - np.round(scaled / GRID) * GRID) > 1e-6]
            if len(scaled) < 3:
                continue
            step = max(step_of(scaled / system.scale) * system.scale, float(np.spacing(np.float32(high))))
            metres = 111_320.0 if system.crs == "EPSG:4326" else 1.0
            if step * metres <= COARSE and step <= system.finest * system.scale:
                known = np.unique(self._known(system.crs)[:, axis])
                if _beyond_chance(scaled, known, step, metres):
                    return 1
        return 0

    def _straight(self, column: Floats) -> int:
        """1 when a list as long as the incidents has their x or y on a straight line: a drawing, or shifted, else 0."""
        for group in self._groups:
            if len(group) != len(column) or len(column) < 20 or not np.isfinite(column).all():
                continue
            for crs, axis in itertools.product(("EPSG:28992", "EPSG:4326", "EPSG:3857"), (0, 1)):
                known = self._known(crs)[:, axis] if group is self._xy else self._of(group, crs)[:, axis]
                for mine, theirs in (
                    (column, known),
                    (np.sort(column), np.sort(known)),
                    (-np.sort(-column), np.sort(known)),
                ):
                    line = np.polyfit(theirs - theirs.mean(), mine, 1)
                    rest = np.abs(np.polyval(line, theirs - theirs.mean()) - mine).max()
                    if rest < 2e-3 * np.ptp(mine):
                        return 1
        return 0

    def _known(self, crs: str) -> Floats:
        if crs not in self._turned:
            self._turned[crs] = self._of(self._xy, crs)
        return self._turned[crs]

    @staticmethod
    def _of(xy: Floats, crs: str) -> Floats:
        return xy if crs == "EPSG:28992" else np.column_stack(_turn("EPSG:28992", crs).transform(*xy.T))

    @staticmethod
    def _to_rd(crs: str, x: Floats, y: Floats) -> Floats:
        return np.column_stack([x, y] if crs == "EPSG:28992" else _turn(crs, "EPSG:28992").transform(x, y))


def lists_of_places(tables: Sequence[Sequence[Floats]], least: int) -> int:
    """How many times two lists of at least so many numbers are x and y in the Netherlands, finer than a cell.

    Parameters
    ----------
    tables
        As for `Places.in_columns`.
    least
        Shorter lists than this may be anything.
    """
    found = 0
    axes = {id(each): _axes(each) for table in tables for each in table}
    for table in _together(tables, axes):
        long = [each for each in table if np.isfinite(each).sum() >= least]
        for system in SYSTEMS[:6] if len(long) > 1 else ():
            east = [each for each in long if (system, 0) in axes[id(each)]]
            north = [each for each in long if (system, 1) in axes[id(each)]] if east else []
            found += sum(len(a) == len(b) and _fine(a, system) and _fine(b, system) for a in east for b in north)
    return found


def _fine(column: Floats, system: System) -> bool:
    known = np.unique(column[np.isfinite(column)])
    on_cells = (np.abs(known * system.scale - np.round(known * system.scale / GRID) * GRID) < 1e-6).all()
    return len(known) > 2 and step_of(known) * system.unit <= COARSE and not on_cells


def _summed(column: Floats) -> Floats:
    """Sums of a list of differences: of one that begins with a coordinate and goes on with less; else nothing."""
    if len(column) < 3 or not _ranges_of(float(column[0])) or np.abs(column[1:]).max() > abs(column[0]) / 10:
        return column[:0]
    return np.cumsum(column)


@cache
def _turn(source: str, target: str) -> pyproj.Transformer:
    import pyproj

    return pyproj.Transformer.from_crs(source, target, always_xy=True)


def _lists(text: str, numbers: Numbers) -> Iterator[Floats]:
    """Runs of at least three numbers with nothing but a comma, a space or a number of a row between them, and all."""
    other = np.cumsum(~np.isin(_signs(text), [ord(sign) for sign in _SEPARATING]))
    begin, end = numbers.begin[1:], numbers.end[:-1]
    joined = (begin > end) & (other[np.maximum(begin - 1, 0)] == other[np.maximum(end - 1, 0)])
    edges = np.flatnonzero(~joined) + 1
    runs = [part for part in np.split(numbers.value, edges) if len(part) >= 3]
    yield from runs
    if len(runs) != 1:
        yield numbers.value


def _together(
    tables: Sequence[Sequence[Floats]], axes: dict[int, frozenset[tuple[System, int]]]
) -> Iterator[list[Floats]]:
    """Lists that may be coordinates of the same things: those of one table, and of one length."""
    lengths: dict[int, list[Floats]] = {}
    for table in tables:
        known = [each for each in table if axes[id(each)]]
        if len(known) > 1:
            yield known
        for each in known:
            if len(each) > 1:
                lengths.setdefault(len(each), []).append(each)
    yield from (each for each in lengths.values() if len(each) > 1)


def _signs(text: str) -> npt.NDArray[np.uint32]:
    return np.frombuffer((text + " ").encode("utf-32-le", "replace"), np.uint32)


def _axes(column: Floats) -> frozenset[tuple[System, int]]:
    """Coordinates that most of these numbers can be: a system, and 0 for x or 1 for y."""
    known = column[np.isfinite(column)] if len(column) > 1 else column
    if not len(known):
        return frozenset()
    middle = float(np.partition(known, len(known) // 2)[len(known) // 2]) if len(known) > 2 else float(known[0])
    return _ranges_of(middle)


def _ranges_of(value: float) -> frozenset[tuple[System, int]]:
    if not value >= 3.0:
        return frozenset()
    return frozenset(
        (system, axis)
        for system in SYSTEMS
        for axis, (low, high) in enumerate((system.x, system.y))
        if low < value * system.scale < high
    )


def _beyond_chance(values: Floats, known: Floats, step: float, per_metre: float) -> bool:
    """Tell whether values meet known ones more often than the same values moved a little do."""
    from scipy.special import betainc

    def met(at: Floats) -> int:
        place = np.searchsorted(known, at)
        below = np.abs(at - known[np.maximum(place - 1, 0)])
        above = np.abs(known[np.minimum(place, len(known) - 1)] - at)
        return int((np.minimum(below, above) <= step * 0.51).sum())

    hits = met(values)
    if hits < 3:
        return False
    worst = 0
    for unit in (step, max(step, 1 / per_metre), max(step, 10 / per_metre)):  # all may lie on metres, or on tens
        unit = round(unit / step) * step
        moves = [sign * unit * n for n in (3, 7, 11, 16, 23, 31, 42, 57) for sign in (-1, 1)]
        worst = max(worst, sum(met(values + move) for move in moves))
    rate = (worst + 1) / (16 * len(values) + 1)
    # as often as this or more, of so many tries
    return bool(betainc(hits, len(values) - hits + 1, min(1.0, rate * 1.2)) < CHANCE)
