"""The faults of BAD-INPUT as strategies: each with its number, what it does to a file, and what must come of it."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

import geopandas as gpd
import shapely
from hypothesis import strategies as st
from shapely.geometry import MultiPolygon, Polygon, box
from twins import Export

WEST, SOUTH, SIDE, ACROSS = 80_000, 455_000, 2_000, 5


@dataclass(frozen=True, eq=False)
class Fault:
    """What is wrong with one record.

    `cells` are put into the record, `line` is done to its bytes. `reason` is why it must be rejected; without one it
    must be accepted, and `kind` is the note or repair it must show. Above the share `stop` of all records the file as a
    whole must be refused.
    """

    case: int
    cells: dict = field(default_factory=dict)
    line: object = None
    reason: str | None = None
    kind: str | None = None
    stop: float = 1.0

    def __repr__(self) -> str:
        return f"{self.case}:{self.reason or self.kind or 'kept'}:{self.cells or ''}"


def times(start, start_time, end, end_time):
    return {"van": start, "vantijd": start_time, "tot": end, "tottijd": end_time}


def place(x, y):
    return {"x": str(x), "y": str(y)}


DAY = "03-04-2023"
ROW_FAULTS = [
    Fault(6, line=lambda b: b.replace(b"GM0518", b"GM\xff"), reason="invalid_byte"),
    Fault(7, line=lambda b: b.replace(b"GM0518", b"GM\x00"), reason="nul_byte"),
    Fault(8, line=lambda b: b.replace(b"GM0518", b'"GM0518'), reason="unbalanced_quote"),
    Fault(8, line=lambda b: b.replace(b"2024", b'"2024', 1), reason="unbalanced_quote"),
    Fault(9, line=lambda b: b + b"%;more", reason="too_long"),
    Fault(10, line=lambda b: b.rsplit(b"%;", 2)[0], reason="too_short"),
    Fault(19, {"gemeente": "NA"}),
    Fault(19, {"gemeente": "null"}),
    Fault(20, {"gemeente": "12E05"}),
    Fault(4, {"gemeente": "CafÃ©"}, kind="mojibake", stop=0.01),
    Fault(23, {"gemeente": "#N/B"}, reason="error_cell"),
    Fault(23, {"x": "#REF!"}, reason="error_cell"),
    Fault(27, {"x": "455000", "y": "81000"}, reason="swapped_axes"),
    Fault(30, place("4.31", "52.08"), reason="other_crs", stop=0.05),
    *(Fault(33, place(*at), reason="placeholder_coordinate") for at in ((0, 0), (-1, -1), (999999, 999999))),
    Fault(36, place(155000, 463000), reason="placeholder_coordinate"),
    Fault(37, place("81687,25", "457000,75"), kind="decimal_comma"),
    Fault(38, place("81.687", "457.123"), reason="bad_coordinate", stop=0.05),
    Fault(39, place("81.687,5", "457123"), kind="thousands_mark"),
    *(Fault(41, place(*at), kind="unlocated") for at in (("", ""), ("NaN", "nan"), ("", "455000"))),
    Fault(42, place("inf", 455000), reason="infinite_coordinate"),
    Fault(42, place(81000, "1e400"), reason="infinite_coordinate"),
    Fault(43, place(92345, 437000)),
    Fault(44, place(153000, 212000), reason="outside_country"),
    Fault(52, times("45383", "10:00", "45383", "11:00"), kind="excel_date"),
    Fault(53, times(DAY, "23:00", DAY, "24:00"), kind="hour_24"),
    *(Fault(55, times(DAY, said, "04-04-2023", "10:00"), kind="loose_time") for said in ("8.15", "8u15", "8 uur")),
    *(Fault(55, times(DAY, said, "04-04-2023", "10:00"), reason="bad_time") for said in ("2530", "8", "-8:15")),
    Fault(56, times("31-03-2024", "02:30", "31-03-2024", "04:00"), kind="clock_gap"),
    Fault(57, times("27-10-2024", "02:30", "27-10-2024", "02:30"), kind="clock_overlap"),
    Fault(59, times(DAY, "10:00", "02-04-2023", "09:00"), reason="end_before_start"),
    Fault(60, times(DAY, "23:00", "", "02:00"), kind="end_next_day"),
    Fault(61, times("01-03-2023", "10:00", "22-03-2023", "10:00"), kind="long_window"),
    Fault(62, times("03-04-2012", "10:00", "03-04-2022", "10:00"), reason="window_too_long"),
    Fault(63, times("", "", DAY, "10:00"), kind="to_only"),
    Fault(64, times(DAY, "10:00", "", ""), kind="from_only"),
    Fault(66, times("03-04-2103", "10:00", "", ""), reason="future_date"),
    Fault(66, times("31-12-1989", "10:00", "", ""), reason="before_1990"),
    Fault(68, times("03-04-23", "10:00", "03-04-23", "11:00"), stop=0.0),
    Fault(71, {"poging": "misschien"}, kind="unreadable_flag"),
    Fault(72, {"delict": "A40"}, reason="unmapped_code"),
    Fault(72, {"delict": "iets anders"}, reason="unmapped_code"),
    Fault(75, {"gemeente": "0014"}, kind="municipality_code"),
]
"""What can be wrong with one record; in `line` the delimiter is written as %;."""

EXTRA_LINES = [(17, b"Totaal%;40", "footer"), (17, b"Eindtotaal%;40", "footer"), (18, None, "repeated_header")]
WHOLE_FILE = [12, 13, 26, 28, 29, 51, 65]
"""Faults of a file as a whole, each of which must stop it."""


class Town(Export):
    """A clean export of any length, all of it within the areas."""

    def __init__(self, folder: Path, n: int) -> None:
        super().__init__(folder, n)
        for i, cells in enumerate(self.rows):
            cells[6] = f"{WEST + 100 + 37 * i % (ACROSS * SIDE - 200)},5"
            cells[7] = f"{SOUTH + 100 + 53 * i % (SIDE - 200)}"


@dataclass
class Mixed:
    """A spoilt export: its bytes, and what must come of every line of it."""

    n: int
    content: bytes
    rejected: dict[int, str]
    kept: Counter
    touched: set[int]
    whole: int | None
    must_stop: bool
    may_stop: bool
    cases: Counter
    options: dict

    def __repr__(self) -> str:
        return f"Mixed({self.n} records, {dict(self.cases)}, whole={self.whole})"


def whole_file(export: Town, case: int | None) -> dict:
    """Spoil the whole of an export; give the arguments it is to be read with."""
    if case == 12:
        export.titles[3] = "van"
    elif case == 13:
        export.titles[6] = "X-coord"
    elif case == 26:
        for cells in export.rows:
            cells[6], cells[7] = cells[7], cells[6]
    elif case == 28:
        for i, cells in enumerate(export.rows):
            cells[6], cells[7] = f"4.{31000 + i}", f"52.{10000 + i}"
    elif case == 51:
        for i, cells in enumerate(export.rows):
            if i % 3 == 0:
                cells[2] = f"{1 + i % 12:02d}-{13 + i % 15:02d}-2023"
    elif case == 65:
        for i, cells in enumerate(export.rows):
            if i % 3 == 0:
                cells[3] += "+02:00"
    return {28: {"crs": "EPSG:28992"}, 29: {"crs": "EPSG:4326"}}.get(case, {})


@st.composite
def mixed_exports(draw, sizes):
    """Draw an export in which many faults come together, and what each of them must give."""
    n = draw(st.sampled_from(sizes))
    rng = draw(st.randoms(use_true_random=True))
    chosen = draw(st.lists(st.sampled_from([fault for fault in ROW_FAULTS if fault.stop == 1]), max_size=20))
    planted = [fault for fault in chosen for _ in range(draw(st.integers(1, max(1, n // 60))))]
    if draw(st.booleans()):  # those that stop a file from some share on
        fault = draw(st.sampled_from([fault for fault in ROW_FAULTS if fault.stop < 1]))
        planted = [fault] * draw(st.integers(1, max(1, n // 50))) + planted
    extra = draw(st.lists(st.sampled_from(EXTRA_LINES), max_size=3))
    doubles = draw(st.integers(0, 3))
    blanks = draw(st.integers(0, 3))
    mark = draw(st.sampled_from([b";", b";", b"\t", b"|"]))
    ends = draw(st.sampled_from([(b"\r\n",), (b"\n",), (b"\n", b"\r\n"), (b"\r", b"\n", b"\r\n")]))
    trailing = draw(st.integers(0, 4)) == 0
    byte_mark = draw(st.integers(0, 4)) == 0
    whole = draw(st.sampled_from(WHOLE_FILE)) if draw(st.integers(0, 5)) == 0 else None

    export = Town(Path(), n)
    options = whole_file(export, whole)
    rows = rng.sample(range(n), min(len(planted), n // 2))
    at = dict(zip(rows, planted, strict=False))
    for row, fault in at.items():
        for title, value in fault.cells.items():
            if title in export.titles:  # a fault of the whole file may have renamed it
                export.set(row, title, value)

    tail = mark if trailing else b""
    lines: list[tuple[bytes, str | None, int | None]] = []
    for row, cells in enumerate(export.rows):
        line = b"%;".join(cell.encode() for cell in cells)
        fault = at.get(row)
        if fault is not None and fault.line is not None:
            line = fault.line(line)
        lines.append((line.replace(b"%;", mark) + tail, fault.reason if fault else None, row))
    clean = [row for row in range(n) if row not in at]
    for row in rng.sample(clean, min(doubles, len(clean))):
        lines.append((lines[row][0], "duplicate", None))
    header = mark.join(title.encode() for title in export.titles)
    for _, line, reason in extra:
        text = (header + tail) if line is None else line.replace(b"%;", mark) + tail
        where = rng.randrange(n // 2, len(lines) + 1) if line is None else len(lines)
        lines.insert(where, (text, reason, None))
    for _ in range(blanks):
        lines.insert(rng.randrange(len(lines) + 1), (b" ", None, None))  # empty, CR and LF would be one

    content = b"\xef\xbb\xbf" if byte_mark else b""
    rejected = {}
    for number, (line, reason, _) in enumerate([(header + tail, None, None), *lines], start=1):
        content += line + ends[number % len(ends)]
        if reason is not None:
            rejected[number] = reason
    per_fault = Counter(at.values())
    shared = Counter()
    for fault, k in per_fault.items():
        if fault.stop < 1:
            shared[fault.case, fault.stop] += k
    kept = Counter(fault.kind for fault in at.values() if fault.kind)
    cases = Counter(fault.case for fault in at.values())
    cases.update(case for case, *_ in extra)
    cases.update({69: doubles, 16: len(ends) > 1, 11: trailing, 2: byte_mark, 1: mark != b";", whole or 0: 1})
    return Mixed(
        n=n,
        content=content,
        rejected=rejected,
        kept=kept,
        touched=set(at),
        whole=whole,
        # between these bounds it depends on what exactly the share is of
        must_stop=whole is not None or any(k > max(1, 1.5 * stop * n) for (_, stop), k in shared.items()),
        may_stop=whole is not None or any(k > 0.7 * stop * n for (_, stop), k in shared.items()),
        cases=+cases,
        options=options,
    )


# --- polygons -------------------------------------------------------------------------------------------------------


def _small_crossing(a: Polygon) -> Polygon:
    x, y, _, top = a.bounds
    right = x + SIDE
    return Polygon([(x, y), (right, y), (right, top), (x, top), (x + 1, top + 1), (x + 1, top + 0.5), (x, top + 1)])


def _bow_tie(a: Polygon) -> Polygon:
    x, y, right, top = a.bounds
    return Polygon([(x, y), (right, top), (right, y), (x, top)])


SHAPES = {
    "clean": (0, lambda a: a, None),
    "clean too": (0, lambda a: a, None),
    "rotated ring": (0, lambda a: Polygon(list(a.exterior.coords)[2:-1] + list(a.exterior.coords)[:2]), None),
    "bow-tie": (79, _bow_tie, "read"),
    "small crossing": (79, _small_crossing, None),
    "doubled vertices": (80, lambda a: Polygon([c for c in a.exterior.coords for _ in range(3)]), None),
    "empty": (81, lambda a: None, "read"),
    "overlap": (82, lambda a: box(a.bounds[0] - 50, a.bounds[1], a.bounds[2], a.bounds[3]), "join"),
    "gap": (83, lambda a: box(a.bounds[0] + 0.4, a.bounds[1], a.bounds[2], a.bounds[3]), None),
    "heights": (85, lambda a: shapely.force_3d(a, 3.0), None),
    "hole": (85, lambda a: a.difference(a.centroid.buffer(30)), None),
    "parts": (85, lambda a: MultiPolygon([a, box(WEST, SOUTH - 5000, WEST + 100, SOUTH - 4900)]), None),
}


@dataclass
class Areas:
    """Spoilt neighbourhoods: the table to write, and at which verb it must stop."""

    frame: gpd.GeoDataFrame
    stops: str | None
    cases: Counter


@st.composite
def mixed_areas(draw):
    """Draw a row of neighbourhoods of which some are spoilt."""
    names = [draw(st.sampled_from(sorted(SHAPES))) for _ in range(ACROSS)]
    if names.count("parts") > 1 or names[0] == "overlap":  # the parts would overlap; the first has nothing to overlap
        names = ["clean" if name in ("parts", "overlap") else name for name in names]
    whole = [box(WEST + SIDE * i, SOUTH, WEST + SIDE * (i + 1), SOUTH + SIDE) for i in range(ACROSS)]
    codes = [f"BU0518000{i}" for i in range(1, ACROSS + 1)]
    form = draw(st.sampled_from(["{}", " {} ", "lower"]))
    given = [code.lower() if form == "lower" else form.format(code) for code in codes]
    double = draw(st.integers(0, 9)) == 0
    if double:
        given[-1] = given[0]
    frame = gpd.GeoDataFrame(
        {"buurtcode": given, "buurtnaam": list("ABCDE"), "woningvoorraad": [100, 0, 300, 400, 500], "water": "NEE"},
        geometry=[SHAPES[name][1](shape) for name, shape in zip(names, whole, strict=True)],
        crs=28992,
    )
    stops = {SHAPES[name][2] for name in names} | ({"read"} if double else set())
    cases = Counter(SHAPES[name][0] for name in names if SHAPES[name][0])
    cases.update({84: int(double), 76: int(form != "{}")})
    return Areas(frame, "read" if "read" in stops else "join" if "join" in stops else None, +cases)
