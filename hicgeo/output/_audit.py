"""The audit of finished bytes: what a page requests, runs and gives away."""

from __future__ import annotations

import io
import re
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd

from hicgeo.errors import DisclosureError, InputError
from hicgeo.output._codes import hexagons
from hicgeo.output._coordinates import lists_of_places
from hicgeo.output._offline import Page, leaflet_script, leaflet_style, script_hashes
from hicgeo.output._recognised import Recognised
from hicgeo.output._unpack import Unpacked

if TYPE_CHECKING:
    import geopandas as gpd

_EXTERNAL_ATTRIBUTES = frozenset(
    ["src", "href", "srcset", "action", "formaction", "poster", "data", "xlink:href", "background", "manifest", "ping"]
)
_SIBLING = re.compile(r"(?!/)[\w./ %-]+\.(?:html|csv|xlsx|gpkg|geojson|gpx|pdf)")
_CALLS = re.compile(
    r"\b(fetch|XMLHttpRequest|WebSocket|EventSource|sendBeacon|importScripts|RTCPeerConnection)\b|\bimport\s*\("
)
_ADDRESS = re.compile(r"""(?:https?:|wss?:|["'(=\s])//[^\s"'/]""")
_SCHEME = re.compile(r"""\b(?:https?|wss?)://[^\s"'/]""")
"""Outside of pages only this is an address: two strokes alone stand by chance in the fonts of a PDF."""
_NAMESPACE = re.compile(r"http://www\.w3\.org/[\w/]+")
_HOST = re.compile(r"[a-z]+://\S+|(?<=\s)\*(?=[\s;]|$)")
_STYLE_URL = re.compile(r"url\(\s*['\"]?(?!data:|#)|@import", re.IGNORECASE)
_POINTS = re.compile(
    r'"type"\s*:\s*"(?:Multi)?Point"|L\.(?:marker|circle|circleMarker)\(\s*\[|heatLayer\('
    r"|<Point\b|\b(?:MULTI)?POINT (?:Z )?\("
)
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
    The bytes are read, not the intention: tags as a browser would see them, and every script but Leaflet's own. A map
    saved with `tiles=True` fails "no host in the policy": it asks a server when its button is pressed. O(bytes).
    """
    return _report(_page_rules(content) + _content_rules(Unpacked(content, without=_known())))


def audit_html(
    path: str | Path,
    *,
    incidents: gpd.GeoDataFrame | None = None,
    neighbourhoods: gpd.GeoDataFrame | None = None,
) -> pd.DataFrame:
    """Check a finished file: what does it request, run and give away.

    Parameters
    ----------
    path
        A file of any kind: a page, a table, a file with geometry, a sheet on paper, an archive.
    incidents
        Incident table: is the place, the moment or the identity of one of them in the file?
    neighbourhoods
        The areas of the map, whose borders may be in it.

    Returns
    -------
    DataFrame
        One row per rule: `rule` (text), `pass` (bool) and `detail` (what was found, by kind and number).

    Raises
    ------
    InputError
        There is no such file.

    Notes
    -----
    The bytes are read, not the intention, and opened whatever they are wrapped in (base64 and other encodings, escapes,
    compression, typed arrays, binary shapes, databases, PDF); what cannot be read, such as a picture that hicgeo did
    not draw, does not pass. Places are looked for in RD, degrees (decimals, minutes, seconds), Web Mercator, UTM and
    LAEA, with points and commas in any use, x and y in either order, beside each other or in lists of their own, as
    differences, as geohash, plus code, grid reference, key of a tile or encoded line: what is within 2 m of an
    incident, and neither the corner of a cell nor on the border of an area, is its place. A list of one coordinate
    alone is found when more of its numbers are those of incidents than chance allows. Not found are places that a
    picture of ours shows, that are encrypted, or that stand in a grid of other cells (hexagons of H3 are reported).
    O(bytes as unfolded + numbers x log incidents).
    """
    file = Path(path)
    if not file.is_file():
        raise InputError("the path must name a file", f"{file.name!r}, which is not a file", "check the path")
    content = file.read_bytes()
    unpacked = Unpacked(content, without=_known())
    if file.suffix.lower() in (".html", ".htm"):
        rules = _page_rules(content)
    else:
        text = _STANDARDS.sub("", "\n".join(unpacked.texts))
        cells = _formulas(content, file.suffix.lower())
        rules = [("no address", ["address"] * len(_SCHEME.findall(text))), ("no formula", ["formula"] * cells)]
    rules += _content_rules(unpacked)
    if incidents is not None:
        rules += _incident_rules(unpacked, incidents, neighbourhoods)
    return _report(rules)


_STANDARDS = re.compile(
    r"https?://(?:www\.|schemas\.)?(?:w3|geopackage|opengis|mrcc|qgis|topografix|purl|openxmlformats|microsoft)\."
    r"[\w./#-]+|xmlns(?::\w+)?=\"[^\"]*\""
)
"""Names of formats that look like addresses."""
_MADE = re.compile(r"2000-01-01[T ]00:00:00")
"""What our files say in the place of the time at which they were made."""
_MANY = 10
"""Rows from which two lists that can be x and y are a list of places."""

_Rules = list[tuple[str, list[str]]]


def _known() -> tuple[str, ...]:
    return (leaflet_script(), leaflet_style())


def _page_rules(content: bytes) -> _Rules:
    """What a page requests and runs."""
    markup = content.decode("utf-8", errors="replace")
    page = Page(markup)
    own = [script for script in page.scripts if script.strip() != leaflet_script().strip()]
    code = _NAMESPACE.sub("", "\n".join(own))
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
        f"{tag}[{name}]"
        for tag, name, value in page.attributes
        if name.startswith("on") or ("javascript:" in value and not name.startswith("data-"))  # a browser runs no data
    ]
    hashes = script_hashes(markup)
    policy = "default-src 'none'" in page.policy and all(each in page.policy for each in hashes)
    return [
        ("no address in a tag", outward + refresh),
        ("no address in a style", [m.group() for s in page.styles for m in _STYLE_URL.finditer(s)]),
        (
            "no request in a script",
            [m.group() for m in _CALLS.finditer(code)] + ["address"] * len(_ADDRESS.findall(code)),
        ),
        ("policy allows only these scripts", [] if policy else ["no complete Content-Security-Policy"]),
        ("no host in the policy", _HOST.findall(page.policy)),
        ("no code in an attribute", active),
    ]


def _content_rules(unpacked: Unpacked) -> _Rules:
    """What anybody can see in the content of a file, without knowing the incidents."""
    texts = unpacked.texts
    hexagon = sum(map(hexagons, texts))
    return [
        (
            "no point geometry",
            ["point"] * sum(len(_POINTS.findall(text)) for text in texts)
            + ["list of places"] * lists_of_places(unpacked.tables, _MANY),
        ),
        ("no time stamp", ["time stamp"] * sum(len(_STAMPS.findall(_MADE.sub("", text))) for text in texts)),
        ("no incident identity", ["identity column"] * sum(len(_IDENTITY.findall(text)) for text in texts)),
        ("nothing that cannot be read", unpacked.unread + ["hexagon of H3"] * hexagon),
    ]


def _incident_rules(unpacked: Unpacked, incidents: gpd.GeoDataFrame, neighbourhoods: gpd.GeoDataFrame | None) -> _Rules:
    """What gives one of these incidents away."""
    known = Recognised(incidents, borders=neighbourhoods)
    return [
        ("no place of an incident", ["place"] * known.places(unpacked)),
        ("no number, address or text of an incident", ["name"] * len(known.names(unpacked))),
    ]


def _formulas(content: bytes, suffix: str) -> int:
    if suffix == ".csv":
        return len(re.findall(rb"(?:^|[;,\r\n])\"?[=@]", content))
    if suffix == ".xlsx":
        with zipfile.ZipFile(io.BytesIO(content)) as book:
            parts = [book.read(name) for name in book.namelist() if name.startswith("xl/worksheets/")]
        return sum(len(re.findall(rb"<f[ >]", part)) for part in parts)
    return 0


def _report(rules: list[tuple[str, list[str]]]) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "rule": [rule for rule, _ in rules],
            "pass": [not found for _, found in rules],
            "detail": [f"{len(found)} x, first: {found[0]}" if found else "" for _, found in rules],
        }
    )


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
