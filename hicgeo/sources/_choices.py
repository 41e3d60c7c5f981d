"""What an unknown export can only mean, what it may mean in two ways, and the evidence for each."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from itertools import permutations, product
from typing import Any

import numpy as np
import numpy.typing as npt

from hicgeo.schema import RD_NEW
from hicgeo.sources._coordinates import reproject
from hicgeo.sources._country import in_country
from hicgeo.sources._exports import CRIME_CODES, NAMES
from hicgeo.sources._offences import NO, YES
from hicgeo.sources._profile import Profile, crime_type, plain_code
from hicgeo.sources._vocabulary import title_fit

CRS_CODES = (
    *(RD_NEW, "EPSG:4326", "EPSG:28991", "EPSG:3857"),
    *(f"EPSG:{zone}" for zone in (25831, 32631, 23031, 25832, 32632, 23032)),
)
"""CRS of Dutch exports: RD, degrees, the old RD, the web's Mercator, UTM (ETRS89, WGS84, ED50; zones 31, 32)."""
SAME_M = 2.0
"""Two CRS that put a point this near to the same place are one choice."""
LEAST_FIT = 0.5
"""Share of the coordinates that must fit a CRS: under it the reader refuses them."""
TIE = 0.08
"""Two columns whose fit differs by less than this can both be meant."""
TWO_MEANINGS = {
    **dict.fromkeys(("ROBBERY", "BEROVING", "ROOF"), ("overval", "straatroof")),
    **dict.fromkeys(("BURGLARY", "INBRAAK", "DIEFSTAL/INBRAAK"), ("woninginbraak",)),
}
"""Titles that hold more than one offence, and the High Impact Crimes that are among them."""
FLAGS = ("attempted", "confronted", "violence")

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Finding:
    """One thing that must be known to read an export.

    Attributes
    ----------
    setting
        One of our names of a column, or an argument of `read_incidents`.
    value
        What is proposed; None when it is not settled.
    state
        "proposed"; "open" (it can mean several things); "missing" (needed and not there); "noted" (nothing to set).
    evidence
        Why, in counts and forms, never in values of records.
    alternatives
        What else it can be.
    """

    setting: str
    value: Any
    state: str
    evidence: str
    alternatives: tuple[str, ...] = ()


def share(part: float, whole: float) -> str:
    """Share as text that never rounds up to all or down to nothing."""
    if whole <= 0:
        return "0 %"
    hundred = 100 * part / whole
    if 0 < part < whole:
        hundred = min(max(hundred, 0.1), 99.9)
    return f"{hundred:.1f} %".replace(".0 %", " %")


def choose_columns(profiles: Sequence[Profile]) -> list[Finding]:
    """Find the columns that are no coordinates: by their titles, and by whether their values can be what these say."""
    found = [_number(profiles), _offence(profiles), *_moments(profiles)]
    taken = {each.value for each in found}
    free = [each for each in profiles if each.title not in taken]
    for name in (*FLAGS, "municipality", "target", "modus", "dwelling_type", "address_key", "precision_m"):
        scored = [(title_fit(each.title, name), each) for each in free]
        titled = [(fit, each) for fit, each in scored if fit and each.filled]
        if name in FLAGS:
            fitting = [(fit, each) for fit, each in titled if each.share(_is_flag) >= 0.9]
            for _, each in titled:
                if all(each is not other for _, other in fitting):
                    evidence = f"'{each.title}' holds something else than yes or no: not used"
                    found.append(Finding(name, None, "noted", evidence))
            titled = fitting
        if titled:
            found.append(_pick(name, titled, lambda each: f"filled in {share(each.filled, len(each.codes))}"))
    return found


def _is_flag(value: str) -> bool:
    return value.lower() in YES | NO


def _pick(
    name: str, scored: Iterable[tuple[float, Profile]], say: Callable[[Profile], str], *, tie: float = TIE
) -> Finding:
    """Take the column that fits best, or leave it open when another fits as well."""
    order = sorted(scored, key=lambda pair: -pair[0])
    best, first = order[0]
    rivals = [each for fit, each in order[1:] if fit > best - tie]
    evidence = f"{_how(best)}; {say(first)}"
    if not rivals:
        others = tuple(each.title for _, each in order[1:])
        return Finding(name, first.title, "proposed", evidence, others)
    both = (first, *rivals)
    evidence = f"{len(both)} columns can be meant: " + "; ".join(f"{each.title} ({say(each)})" for each in both)
    return Finding(name, None, "open", evidence, tuple(each.title for each in both))


def _how(fit: float) -> str:
    return "a known title" if fit == 1 else "the words of the title" if fit > 0 else "by its values alone"


def _number(profiles: Sequence[Profile]) -> Finding:
    def say(each: Profile) -> str:
        return f"{share(each.distinct * each.filled, each.filled)} of the values differ, form {each.shape()}"

    full = [each for each in profiles if each.filled >= 0.9 * len(each.codes)]
    titled = [(fit * each.distinct, each) for each in full if (fit := title_fit(each.title, "incident_id"))]
    titled = [(fit, each) for fit, each in titled if each.distinct >= 0.5]
    if titled:
        best = max(fit for fit, _ in titled)
        # two numbers that are both unique count the same incidents: the better known title is as good as the other
        return _pick("incident_id", titled, say, tie=TIE if best < 0.9 else 0.0)
    other = [name for name in NAMES if name != "incident_id" and not name.endswith(("_date", "_time"))]
    unique = [
        each
        for each in full
        if each.distinct == 1
        and not each.moments.share
        and not _fractions(each)
        and not any(title_fit(each.title, name) for name in other)
    ]
    if len(unique) == 1:
        return _pick("incident_id", [(0.0, unique[0])], say)
    titles = tuple(each.title for each in unique)
    evidence = f"no title says so; all values differ in {', '.join(titles) or 'no column'}"
    return Finding("incident_id", None, "open" if unique else "missing", evidence, titles)


def _fractions(each: Profile) -> bool:
    numbers = each.numbers[np.isfinite(each.numbers)]
    return bool((numbers % 1 != 0).any())


def _offence(profiles: Sequence[Profile]) -> Finding:
    def say(each: Profile) -> str:
        values = int((each.counts > 0).sum())
        return f"{values} different values, {share(each.recognised, 1)} a code or title of a High Impact Crime"

    scored = []
    for each in profiles:
        fit, groups = title_fit(each.title, "crime_type"), (each.counts > 0).sum() <= max(50, 0.2 * each.filled)
        if each.recognised or (fit and groups and each.moments.share < 0.5):
            scored.append((0.5 * fit + 0.5 * (each.recognised > 0), each))
    if not scored:
        return Finding("crime_type", None, "missing", "no title and no value says what happened")
    scored.sort(key=lambda pair: -pair[0])
    best = scored[0][1]
    types = _types(best)
    # a code and its description say the same: then it does not matter which is read
    different = [(fit, each) for fit, each in scored[1:] if np.any(_types(each) != types)]
    finding = _pick("crime_type", [scored[0], *different], say)
    same = tuple(each.title for _, each in scored[1:] if all(each is not other for _, other in different))
    if finding.state == "proposed" and same:
        evidence = f"{finding.evidence}; {', '.join(same)} says the same"
        return Finding("crime_type", best.title, "proposed", evidence, (*same, *finding.alternatives))
    return finding


def _types(each: Profile) -> npt.NDArray[Any]:
    return np.array([crime_type(value) or "" for value in each.values], object)[each.codes]


def _moments(profiles: Sequence[Profile]) -> list[Finding]:
    """Find start, end and day of registration, each as a moment or as a date and a clock time."""

    def say(each: Profile) -> str:
        dates = share(each.moments.share, 1)
        return f"{dates} dates, form {each.shape()}, filled in {share(each.filled, len(each.codes))}"

    roles = ("registered", "end", "start")
    dated, timed = [], []
    for each in profiles:
        fits = {role: title_fit(each.title, role) for role in roles}
        role = max(fits, key=lambda name: fits[name])
        fit = fits[role]
        bare = each.moments.bare > 0.5 * each.moments.share * each.filled
        if each.moments.share >= 0.5 and (fit or not bare):
            dated.append((role if fit else "", fit, each))
        elif fit and role != "registered" and each.times >= 0.8:
            timed.append((role, fit, each))
    found = []
    for role in ("start", "end"):
        candidates = [(fit, each) for name, fit, each in dated if name == role]
        whole = None
        if candidates:
            best = max(candidates, key=lambda pair: pair[0])[1]
            whole = best.moments.clock > 0
            found.append(_pick(role if whole else f"{role}_date", candidates, say))
        clocks = [(fit, each) for name, fit, each in timed if name == role]
        if clocks and whole is not True:
            found.append(_pick(f"{role}_time", clocks, lambda each: f"{share(each.times, 1)} clock times"))
    registered = [(fit, each) for name, fit, each in dated if name == "registered"]
    if registered:
        found.append(_pick("registered", registered, say))
    if not any(each.setting in ("start", "start_date", "end", "end_date") for each in found):
        titles = tuple(each.title for role, _, each in dated if role != "registered")
        evidence = f"no title says when it happened; dates stand in {', '.join(titles) or 'no other column'}"
        found.insert(0, Finding("start", None, "open" if titles else "missing", evidence, titles))
    return found


def choose_dates(profiles: Sequence[Profile], columns: Sequence[Finding], epoch: int | None = None) -> list[Finding]:
    """How the dates of the chosen columns (or of those that can be chosen) are written; a workbook says its `epoch`."""
    settings = ("start", "start_date", "end", "end_date", "registered")
    titles = {
        title
        for each in columns
        if each.setting in settings
        for title in ([each.value] if each.value else each.alternatives)
    }
    dates = [each for each in profiles if each.title in titles]
    found = []
    first, second, either = (
        sum(getattr(each.moments, part) for each in dates) for part in ("first_high", "second_high", "either")
    )
    counted = (
        f"of {first + second + either:,} dates such as 99-99-9999, {first:,} have a first part above 12 and "
        f"{second:,} a second part above 12"
    )

    def tolerable(against: str) -> bool:
        parts = [(getattr(m, against), m.first_high + m.second_high + m.either) for m in (d.moments for d in dates)]
        return all(wrong < 3 and wrong * 100 <= of for wrong, of in parts)

    orders = ("day_first", "month_first")
    apart = [each for each in columns if each.setting == "registered" and each.value]
    if first and second and apart and (unlike := _unlike(dates, apart[0].value)):
        # when it happened decides; the day of registration can be done without
        columns = [each for each in columns if each is not apart[0]]
        said = f"'{apart[0].value}' is written {unlike}, which the other dates are not: not used"
        return [*choose_dates(profiles, columns, epoch), Finding("registered", None, "noted", said)]
    if (first and not second) or (first > second and tolerable("second_high")):
        found.append(Finding("date_order", "day_first", "proposed", f"{counted}: the day comes first"))
    elif (second and not first) or (second > first and tolerable("first_high")):
        found.append(Finding("date_order", "month_first", "proposed", f"{counted}: the month comes first"))
    elif first or second:
        found.append(Finding("date_order", None, "open", f"{counted}: no one order reads them all", orders))
    elif either:
        found.append(Finding("date_order", None, "open", f"{counted}: both orders read them all", orders))
    found += _either_or(dates, "century", ("short", "short_1900", "short_2000"), (1900, 2000), "years of two digits")
    epochs = ("serial", "serial_1900", "serial_1904")
    numbers = _either_or(dates, "excel_epoch", epochs, (1900, 1904), "day numbers of Excel")
    if numbers and epoch is not None:
        numbers = [Finding("excel_epoch", epoch, "proposed", f"the workbook counts its days from {epoch}")]
    return found + numbers


def _unlike(dates: Sequence[Profile], title: str) -> str:
    """How the dates of a column are written when the others are all written the other way; else nothing."""
    ways = {}
    for mine in (True, False):
        said = [each.moments for each in dates if (each.title == title) is mine]
        ways[mine] = {"day first": sum(m.first_high for m in said), "month first": sum(m.second_high for m in said)}
    for way, other in (("day first", "month first"), ("month first", "day first")):
        if ways[True][way] and not ways[True][other] and ways[False][other] and not ways[False][way]:
            return way
    return ""


def _either_or(
    dates: Sequence[Profile], setting: str, parts: tuple[str, str, str], values: tuple[int, int], what: str
) -> list[Finding]:
    total, first, second = (sum(getattr(each.moments, part) for each in dates) for part in parts)
    if not total:
        return []
    evidence = (
        f"{total:,} {what}: {share(first, total)} lie between 1990 and today with {values[0]}, "
        f"{share(second, total)} with {values[1]}"
    )
    fits = [n >= 0.99 * total for n in (first, second)]
    if fits[0] != fits[1]:
        return [Finding(setting, values[0 if fits[0] else 1], "proposed", evidence)]
    return [Finding(setting, None, "open", evidence, tuple(map(str, values)))]


def choose_place(profiles: Sequence[Profile]) -> list[Finding]:
    """Find the columns of the coordinates and their CRS."""
    titled = {name: [each for each in profiles if title_fit(each.title, name)] for name in "xy"}
    pairs = [(a, b) for a, b in product(titled["x"], titled["y"]) if a is not b]
    fitting = [(pair, crs) for pair in pairs if (crs := fitting_crs(*_numbers(*pair)))]
    said = "the titles say so"
    if not fitting:
        turned = [(b, a) for a, b in pairs]
        fitting = [(pair, crs) for pair in turned if (crs := fitting_crs(*_numbers(*pair)))]
        said = "TITLES SAY THE REVERSE; the values decide: east of the Netherlands is never as large as north"
    if not fitting and not pairs:
        numeric = [each for each in profiles if each.filled and np.isfinite(each.numbers).mean() >= 0.5][:20]
        basic = CRS_CODES[:2]
        fitting = [(p, crs) for p in permutations(numeric, 2) if (crs := fitting_crs(*_numbers(*p), basic))]
        said = "by the values alone"
    if not fitting:
        if not pairs:
            return [Finding("x", None, "noted", "no columns with coordinates: incidents would have no place")]
        x, y = pairs[0]
        none = f"the values fit none of {', '.join(CRS_CODES)}"
        return [
            Finding("x", x.title, "proposed", "the title says so"),
            Finding("y", y.title, "proposed", "the title says so"),
            Finding("crs", None, "missing", none),
        ]
    return _settle_place(fitting, said)


def _settle_place(fitting: list[tuple[tuple[Profile, Profile], list[tuple[str, float]]]], said: str) -> list[Finding]:
    """Settle the pair when all that fit are one place; RD before another CRS."""
    fitting.sort(key=lambda each: CRS_CODES.index(each[1][0][0]))
    (x, y), crs = fitting[0]
    here = np.column_stack(_in_rd(*_numbers(x, y), crs[0][0]))
    others, rivals = list[str](), list[str]()
    for pair, theirs in fitting[1:]:
        there = np.column_stack(_in_rd(*_numbers(*pair), theirs[0][0]))
        apart = np.hypot(*(here - there).T)
        known = np.isfinite(apart)
        name = f"{pair[0].title} / {pair[1].title}"
        (others if known.any() and np.median(apart[known]) <= 50 else rivals).append(name)
    if rivals:
        evidence = "several pairs of columns are places in the Netherlands, and not the same"
        titles = (f"{x.title} / {y.title}", *rivals)
        return [Finding(name, None, "open", evidence, titles) for name in "xy"] + [choose_crs(crs, None)]
    evidence = f"{said}; filled in {share(min(x.filled, y.filled), len(x.codes))}, form {x.shape()} and {y.shape()}"
    return [
        Finding("x", x.title, "proposed", evidence, tuple(others)),
        Finding("y", y.title, "proposed", evidence, tuple(others)),
        choose_crs(crs, None),
        Finding("decimal", None, "noted", _decimals(x, y)),
    ]


def choose_crs(fits: list[tuple[str, float]], declared: str | None) -> Finding:
    """Settle the CRS when one fits, or several that put a point at the same place."""
    if not fits:
        return Finding("crs", None, "missing", f"the values fit none of {', '.join(CRS_CODES)}")
    listed = "; ".join(f"{part:.1%} lie in the Netherlands as {code}" for code, part in fits)
    if declared is not None:
        listed = f"the file says {declared}; {listed}"
    if len(fits) > 1:
        return Finding("crs", None, "open", listed, tuple(code for code, _ in fits))
    return Finding("crs", fits[0][0], "proposed", listed)


def fitting_crs(x: Floats, y: Floats, codes: Sequence[str] = CRS_CODES) -> list[tuple[str, float]]:
    """CRS in which most of the coordinates lie in the Netherlands, with that share; one of each that come to the same.

    Parameters
    ----------
    x, y
        East and north, NaN where there are none. Placeholders such as 0 are left out of the share.
    codes
        CRS to try, in order of preference.
    """
    live = np.isfinite(x) & np.isfinite(y) & ~np.isin(x, (-1, 0, 1)) & ~np.isin(y, (-1, 0, 1))
    x, y = x[live], y[live]
    fits: list[tuple[str, float]] = []
    places: list[tuple[Floats, Floats]] = []
    for code in codes if len(x) else ():
        if fits and code not in CRS_CODES[2:]:
            break
        east, north = _in_rd(x, y, code)
        inside = in_country(east, north)
        if inside.mean() < LEAST_FIT or (fits and inside.mean() < 0.9 * fits[0][1]):
            continue
        same = (np.hypot(a - east, b - north)[inside] for a, b in places)
        if not any(np.median(each) <= SAME_M for each in same):
            fits.append((code, float(inside.mean())))
            places.append((east, north))
        if code in CRS_CODES[:2]:
            break  # metres and degrees exclude each other and the rest
    return fits


def _in_rd(x: Floats, y: Floats, code: str) -> tuple[Floats, Floats]:
    if code == RD_NEW:
        return x, y
    east, north = reproject(x, y, code, RD_NEW)
    return np.where(np.isfinite(east), east, np.nan), np.where(np.isfinite(north), north, np.nan)


def _numbers(x: Profile, y: Profile) -> tuple[Floats, Floats]:
    """Values of two columns, without the thousands dot that the reader takes out of metres (121.687)."""
    a, b = x.numbers, y.numbers
    known = np.isfinite(a) & np.isfinite(b)
    if known.any() and in_country(a[known] * 1000, b[known] * 1000).mean() >= 0.95:
        return a * 1000, b * 1000
    return a, b


def place_in_rd(x: Profile, y: Profile, code: str) -> Floats:
    """East and north in RD of the records that have them, as n rows of two."""
    points = np.column_stack(_in_rd(*_numbers(x, y), code))
    return points[in_country(points[:, 0], points[:, 1])]


def _decimals(x: Profile, y: Profile) -> str:
    parts = []
    for form, text in (("comma", "decimal comma"), ("dot", "decimal dot"), ("both", "thousands mark and decimals")):
        n = sum(each.count(lambda value, form=form: _marks(value) == form) for each in (x, y))  # type: ignore[misc]
        if n:
            parts.append(f"{share(n, x.filled + y.filled)} with a {text}")
    return "; ".join(parts) or "whole numbers"


def _marks(value: str) -> str:
    comma, dot = "," in value, "." in value
    return "both" if comma and dot else "comma" if comma else "dot" if dot else ""


def choose_codes(each: Profile) -> list[Finding]:
    """Crime types of the codes and titles in a column, where the ones that are known do not settle it."""
    values = [(value, int(n)) for value, n in zip(each.values, each.counts, strict=True) if n]
    known = {value: kind for value, _ in values if (kind := crime_type(value))}
    unclear = sorted((pair for pair in values if plain_code(pair[0]) in TWO_MEANINGS), key=lambda pair: -pair[1])
    evidence = (
        f"{len(known)} values ({share(each.recognised, 1)} of the records) are a High Impact Crime; the others are "
        "rejected as unmapped_code, and listed"
    )
    if unclear:
        shown = "; ".join(f"{value} ({n:,} records)" for value, n in unclear)
        evidence = f"{evidence}; may be several offences: {shown}"
        return [Finding("crime_types", None, "open", evidence, tuple(value for value, _ in unclear))]
    if not known:
        return [Finding("crime_types", None, "open", "no value is a code or title of a High Impact Crime")]
    if all(plain_code(value) in CRIME_CODES for value in known):
        return [Finding("crime_types", None, "noted", f"{evidence}; the codes of hicgeo suffice")]
    return [Finding("crime_types", known, "proposed", evidence)]
