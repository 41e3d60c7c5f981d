"""What may leave the house: profiles, the gate that every export passes, and the audit of the finished bytes."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass, fields
from datetime import date
from pathlib import Path
from typing import Any, Literal, get_args

import numpy as np
import pandas as pd

from hicgeo.errors import DisclosureError, InputError
from hicgeo.output._offline import Page, leaflet_script, script_hashes
from hicgeo.schema import CODE_PATTERN

Profile = Literal["intern", "driehoek", "openbaar"]
PROFILES: tuple[Profile, ...] = get_args(Profile)

MIN_CELL = 100.0
"""Smallest cell, in metres, from which an outward shape may be built."""

AGGREGATE_COLUMNS = frozenset({
    # areas
    "code", "name", "level", "municipality", "dwellings", "households", "residents", "businesses", "is_water",
    "vintage", "geometry", "areas",
    "neighbourhoods", "codes", "months_above_1.15",
    # counts and rates
    "crime_type", "month", "year", "period", "incidents", "status", "base", "per", "coverage", "rate", "rate_low",
    "rate_high", "rate_eb", "norm", "p_above", "p_fdr", "state", "months", "reason", "records", "share", "column",
    "side", "base_name", "rate_local", "half", "low_95", "high_95", "low_998", "high_998", "known", "direct",
    # change, vintages and concentration
    "incidents_before", "difference", "incidents_year", "share_year", "share_expected", "share_low", "share_high",
    "years_above", "years_below", "last_state", "per_year", "per_year_low", "per_year_high", "old", "new", "share_old",
    "share_new", "outside", "by", "share_chance",
    # seasons
    "season", "ratio", "ratio_low", "ratio_high", "ratio_trend", "ratio_trend_low", "ratio_trend_high",
    "incidents_dark", "incidents_light", "complete", "index", "index_low", "index_high", "group", "label",
    "probability", "dispersion", "k", "stability", "criterion",
    # hotspots and hours
    "rank", "expected", "area_ha", "share_incidents", "share_area", "p_value", "rank_low", "rank_high", "kind",
    "concentration", "top3", "history", "years_hot", "years",
    "hour_of_week", "weekday", "hour",
    # target areas
    "expected_low", "expected_high", "hours", "reasons", "backtest", "doubts",
    "recent", "near", "season_ratio", "block", "hour_from", "hour_to", "value", "layer", "features",
    "aimed_at", "measure",
    # near repeats
    "distance", "days", "metres_from", "metres_to", "days_from", "days_to", "observed", "expected_median",
    "ratio_median", "null_low", "null_high", "role", "expected_share", "fitted",
    # operations
    "before", "after", "effect", "estimate", "error", "low", "high", "fall", "power", "area", "match", "match_before",
})  # fmt: skip
"""Columns that speak of areas, periods and rows of a report, never of one incident."""

INCIDENT_COLUMNS = frozenset(
    ["incident_id", "start", "end", "time_status", "address_key", "registered", "modus", "x", "y", "border_m", "line"]
)
"""Any of these makes a table one of incidents or of records."""


@dataclass(frozen=True)
class Handling:
    """For whom an export is, why, on what ground, how confidential, and until when.

    Attributes
    ----------
    purpose
        What the information is for, in a few words.
    recipient
        Who receives it: a body or a function, not a person.
    legal_basis
        The ground on which it is shared.
    classification
        How confidential it is.
    retain_until
        The day on which the recipient destroys it.

    Raises
    ------
    InputError
        A text is empty, or `retain_until` is not a date.

    Examples
    --------
    >>> from datetime import date
    >>> Handling("inzet donkere dagen", "lokale driehoek", "Wpg art. 16", "vertrouwelijk", date(2025, 6, 1)).recipient
    'lokale driehoek'
    """

    purpose: str
    recipient: str
    legal_basis: str
    classification: str
    retain_until: date

    def __post_init__(self) -> None:
        empty = [f.name for f in fields(self) if f.name != "retain_until" and not str(getattr(self, f.name)).strip()]
        if empty or not isinstance(self.retain_until, date):
            raise InputError(
                "an export must say its purpose, recipient, legal basis and classification, and the date it is kept to",
                "empty or not a date: " + ", ".join(empty or ["retain_until"]),
                "fill them in, or leave handling out as a whole",
            )


def check_profile(profile: str) -> Profile:
    """Return `profile` if this version can export under it.

    Raises
    ------
    InputError
        There is no such profile.
    DisclosureError
        It is "openbaar": publication needs suppression of small numbers, which is not there yet.

    Examples
    --------
    >>> check_profile("driehoek")
    'driehoek'
    """
    if profile == "openbaar":
        raise DisclosureError(
            "a public export must have its small numbers suppressed so that they cannot be worked out",
            "profile='openbaar', and this version does not suppress",
            "use profile='driehoek' for the people who decide, and do not publish the file",
        )
    for known in PROFILES:
        if profile == known:
            return known
    raise InputError(f"profile must be one of {', '.join(PROFILES)}", f"{profile!r}", "choose one of these")


def release(table: pd.DataFrame, profile: Profile) -> pd.DataFrame:
    """Let `table` through if it may leave under `profile`, else say everything that stands in the way.

    Parameters
    ----------
    table
        Any table, with or without geometry.
    profile
        "intern" lets everything through. "driehoek" lets through tables of areas: known aggregate columns, no time
        stamps, and geometry that is official areas (indexed by CBS code) or unions of grid cells of at least 100 m.

    Returns
    -------
    DataFrame
        The same object, unchanged.

    Raises
    ------
    InputError
        There is no such profile.
    DisclosureError
        The table may not leave; the message lists every reason.

    Notes
    -----
    That an area with a CBS code has its official border is taken on trust; that other shapes are unions of cells is
    computed from their coordinates. O(cells of the table + vertices).

    Examples
    --------
    >>> import pandas as pd
    >>> counts = pd.DataFrame({"incidents": [4, 7]}, index=pd.Index(["BU99990001", "BU99990002"], name="code"))
    >>> release(counts, "driehoek") is counts
    True
    """
    if check_profile(profile) == "intern":
        return table
    faults = _column_faults(table)
    if "geometry" in table and hasattr(table, "geometry") and not _official(table.index):
        faults += shape_faults(np.asarray(table.geometry.array))
    if faults:
        raise DisclosureError(
            f"a table for profile {profile!r} must speak of areas only",
            "; ".join(faults),
            "count per neighbourhood, cell of 100 m or period first, or keep the table in the house with "
            "profile='intern'",
        )
    return table


def _column_faults(table: pd.DataFrame) -> list[str]:
    """List what in the columns and index levels of `table` may not leave."""
    levels = {name: table.index.get_level_values(place) for place, name in enumerate(table.index.names)}
    named: dict[str, Any] = {str(name): values for name, values in levels.items() if name is not None}
    columns: dict[str, Any] = {**named, **{str(name): table.iloc[:, place] for place, name in enumerate(table.columns)}}
    faults = []
    incident = sorted(set(columns) & INCIDENT_COLUMNS)
    if incident:
        faults.append("columns of single incidents or records: " + ", ".join(incident))
    months = {str(n) for n in range(1, 13)}  # a monthly profile has the months as columns
    unknown = [name for name in columns if name not in AGGREGATE_COLUMNS | INCIDENT_COLUMNS | months]
    if unknown:
        faults.append("columns that are not on the list of aggregates: " + ", ".join(unknown))
    stamped = [name for name, values in columns.items() if pd.api.types.is_datetime64_any_dtype(values)]
    if stamped:
        faults.append("time stamps in " + ", ".join(stamped))
    if None in levels and not pd.api.types.is_integer_dtype(levels[None]):
        faults.append("an index without a name that is not a row number")
    return faults


def _official(index: pd.Index) -> bool:
    return index.name == "code" and len(index) > 0 and bool(index.astype(str).str.match(CODE_PATTERN).all())


def shape_faults(geometry: np.ndarray) -> list[str]:
    """Reasons why shapes are not unions of grid cells of at least 100 m; none when they are.

    Parameters
    ----------
    geometry
        Array of shapely geometries in metres; empty ones are left out of account.

    Notes
    -----
    A union of square cells with origin (0, 0) has edges along the axes only, and all its coordinates are multiples of
    the cell size, so that their greatest common divisor is at least that. A hull or a buffer fails one or the other.

    Examples
    --------
    >>> import numpy as np, shapely
    >>> shape_faults(np.array([shapely.box(1000, 2000, 1200, 2100)]))
    []
    >>> shape_faults(np.array([shapely.box(1000, 2000, 1200, 2130)]))
    ['coordinates on a grid of 10 m']
    """
    import shapely

    shapes = geometry[~(shapely.is_missing(geometry) | shapely.is_empty(geometry))]
    if not len(shapes):
        return []
    if not np.isin(shapely.get_type_id(shapes), (3, 6)).all():
        return ["points or lines"]
    rings = shapely.get_rings(shapely.get_parts(shapes))  # get_rings alone passes over MultiPolygons
    faults = []
    xy, ring = shapely.get_coordinates(rings, return_index=True)
    step = np.abs(np.diff(xy, axis=0))[np.diff(ring) == 0]
    if (np.minimum(step[:, 0], step[:, 1]) > 1e-6).any():
        faults.append("edges that do not follow grid cells")
    millimetres = np.rint(xy * 1000).astype(np.int64)
    cell = math.gcd(*np.unique(millimetres).tolist()) / 1000
    if cell < MIN_CELL or np.abs(xy * 1000 - millimetres).max() > 1:
        faults.append(f"coordinates on a grid of {cell:g} m")
    return faults


_EXTERNAL_ATTRIBUTES = frozenset(
    ["src", "href", "srcset", "action", "formaction", "poster", "data", "xlink:href", "background", "manifest", "ping"]
)
_SIBLING = re.compile(r"(?!/)[\w./ %-]+\.(?:html|csv)")
_CALLS = re.compile(
    r"\b(fetch|XMLHttpRequest|WebSocket|EventSource|sendBeacon|importScripts|RTCPeerConnection)\b|\bimport\s*\("
)
_ADDRESS = re.compile(r"""(?:https?:|wss?:|["'(=\s])//[^\s"'/]""")
_NAMESPACE = re.compile(r"http://www\.w3\.org/[\w/]+")
_STYLE_URL = re.compile(r"url\(\s*['\"]?(?!data:|#)|@import", re.IGNORECASE)
_POINTS = re.compile(r'"type"\s*:\s*"(?:Multi)?Point"|L\.(?:marker|circle|circleMarker)\(\s*\[|heatLayer\(')
_STAMPS = re.compile(
    r"\b\d{4}-\d{2}-\d{2}[T ]\d{1,2}:\d{2}|\b\d{1,2}[-/]\d{1,2}[-/]\d{4},?\s+(?:om\s+)?\d{1,2}[:.]\d{2}"
)
_IDENTITY = re.compile(r"\b(?:incident_id|address_key)\b")


def audit_bytes(content: bytes) -> pd.DataFrame:
    """Check the finished bytes of an HTML page: rule, pass, detail.

    Parameters
    ----------
    content
        The whole page, UTF-8.

    Returns
    -------
    DataFrame
        One row per rule: `rule` (text), `pass` (bool) and `detail` (what was found, by kind and number).

    Notes
    -----
    The bytes are read, not the intention: tags as a browser would see them, and every script but Leaflet's own.
    O(bytes).
    """
    markup = content.decode("utf-8", errors="replace")
    page = Page(markup)
    own = [script for script in page.scripts if script.strip() != leaflet_script().strip()]
    code = _NAMESPACE.sub("", "\n".join(own))
    prose = _NAMESPACE.sub("", markup.replace(leaflet_script(), ""))
    outward = [
        f"{tag}[{name}]"
        for tag, name, value in page.attributes
        if name in _EXTERNAL_ATTRIBUTES
        and value.strip()
        and not re.match(r"data:image/|#", value.strip())
        and not (tag == "a" and _SIBLING.fullmatch(value.strip()))
    ]
    refresh = [tag for tag, name, value in page.attributes if name == "http-equiv" and value.lower() == "refresh"]
    active = [
        f"{tag}[{name}]" for tag, name, value in page.attributes if name.startswith("on") or "javascript:" in value
    ]
    hashes = script_hashes(markup)
    policy = "default-src 'none'" in page.policy and all(each in page.policy for each in hashes)
    rules: list[tuple[str, list[str]]] = [
        ("no address in a tag", outward + refresh),
        ("no address in a style", [m.group() for s in page.styles for m in _STYLE_URL.finditer(s)]),
        (
            "no request in a script",
            [m.group() for m in _CALLS.finditer(code)] + ["address"] * len(_ADDRESS.findall(code)),
        ),
        ("policy allows only these scripts", [] if policy else ["no complete Content-Security-Policy"]),
        ("no code in an attribute", active),
        ("no point geometry", ["point"] * len(_POINTS.findall("\n".join([*own, *page.data])))),
        ("no time stamp", ["time stamp"] * len(_STAMPS.findall(prose))),
        ("no incident identity", ["identity column"] * len(_IDENTITY.findall(prose))),
    ]
    return pd.DataFrame(
        {
            "rule": [rule for rule, _ in rules],
            "pass": [not found for _, found in rules],
            "detail": [f"{len(found)} x, first: {found[0]}" if found else "" for _, found in rules],
        }
    )


def audit_html(path: str | Path) -> pd.DataFrame:
    """Check a finished HTML file: what does it request, run and give away.

    Parameters
    ----------
    path
        An HTML file.

    Returns
    -------
    DataFrame
        One row per rule: `rule` (text), `pass` (bool) and `detail` (what was found, by kind and number).

    Raises
    ------
    InputError
        There is no such file.
    """
    file = Path(path)
    if not file.is_file():
        raise InputError("the path must be an HTML file", f"{file.name!r}, which is not a file", "check the path")
    return audit_bytes(file.read_bytes())


def require_clean(content: bytes) -> bytes:
    """Return `content` if the audit passes on every rule.

    Raises
    ------
    DisclosureError
        A rule failed; the message names every one.
    """
    report = audit_bytes(content)
    failed = report[~report["pass"]]
    if len(failed):
        raise DisclosureError(
            "a page must make no request, run no foreign code and hold no incident",
            "; ".join(f"{rule}: {detail}" for rule, detail in zip(failed["rule"], failed["detail"], strict=True)),
            "use the layers of HotspotMap instead of layers added to its folium map, and check titles and names",
        )
    return content
