"""The audit of finished bytes: what a page requests, runs and gives away."""

from __future__ import annotations

import re
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd

from hicgeo.errors import DisclosureError, InputError
from hicgeo.output._coordinates import near_incidents
from hicgeo.output._offline import Page, leaflet_script, script_hashes

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
_NAMESPACE = re.compile(r"http://www\.w3\.org/[\w/]+")
_HOST = re.compile(r"[a-z]+://\S+|(?<=\s)\*(?=[\s;]|$)")
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
    The bytes are read, not the intention: tags as a browser would see them, and every script but Leaflet's own. A map
    saved with `tiles=True` fails "no host in the policy": it asks a server when its button is pressed. O(bytes).
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
        ("no host in the policy", _HOST.findall(page.policy)),
        ("no code in an attribute", active),
        ("no point geometry", ["point"] * len(_POINTS.findall("\n".join([*own, *page.data])))),
        ("no time stamp", ["time stamp"] * len(_STAMPS.findall(prose))),
        ("no incident identity", ["identity column"] * len(_IDENTITY.findall(prose))),
    ]
    return _report(rules)


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
        A page (.html), a table (.csv, .xlsx) or a file with geometry (.gpkg, .geojson, .gpx).
    incidents
        Incident table: is the place or the identity of one of them in the file?
    neighbourhoods
        The areas of the map, whose borders may be in it.

    Returns
    -------
    DataFrame
        One row per rule: `rule` (text), `pass` (bool) and `detail` (what was found, by kind and number).

    Raises
    ------
    InputError
        There is no such file, or it is of another kind.

    Notes
    -----
    The bytes are read, not the intention. Coordinates are looked for in RD, degrees (with decimals or with minutes and
    seconds), Web Mercator and UTM, with points and commas in any use, x and y in either order: what is within 2 m of an
    incident, and neither the corner of a cell nor on the border of an area, is its place. O(bytes).
    """
    file = Path(path)
    if not file.is_file():
        raise InputError("the path must name a file", f"{file.name!r}, which is not a file", "check the path")
    suffix = file.suffix.lower()
    if suffix in (".html", ".htm"):
        content = file.read_bytes()
        report, text = audit_bytes(content), content.decode("utf-8", errors="replace")
    else:
        text = _text_of(file, suffix)
        report = _report(
            [
                ("no address", ["address"] * len(_ADDRESS.findall(_NAMESPACE.sub("", text)))),
                (
                    "no formula",
                    ["formula"] * len(_CELL_FORMULA[suffix].findall(text) if suffix in _CELL_FORMULA else []),
                ),
                ("no time stamp", ["time stamp"] * len(_STAMPS.findall(text))),
                ("no incident identity", ["identity column"] * len(_IDENTITY.findall(text))),
            ]
        )
    if incidents is None:
        return report
    names = set(re.findall(r"[\w./-]+", text)) & {str(each) for each in incidents.index if len(str(each)) > MIN_NAME}
    found = [
        ("no place of an incident", ["place"] * len(near_incidents(text, incidents, neighbourhoods))),
        ("no number of an incident", ["number"] * len(names)),
    ]
    return pd.concat([report, _report(found)], ignore_index=True)


MIN_NAME = 4
"""Shorter names of incidents than this are found in any text."""
_CELL_FORMULA = {".csv": re.compile(r"(?:^|[;,\r\n])\"?[=@]"), ".xlsx": re.compile(r"<f[ >]")}


def _text_of(file: Path, suffix: str) -> str:
    """Everything that a table or a file with geometry says, as text."""
    if suffix in (".csv", ".geojson", ".gpx"):
        text = file.read_text(encoding="utf-8-sig", errors="replace")
        return re.sub(r'xmlns(?::\w+)?="[^"]*"', "", text)
    if suffix == ".xlsx":
        with zipfile.ZipFile(file) as book:
            parts = [book.read(name).decode(errors="replace") for name in book.namelist() if name.startswith("xl/")]
        # values and texts of cells, in order, and the mark of a formula
        return "\n".join(";".join(re.findall(r"(?<=<v>)[^<]*|(?<=<t>)[^<]*|<f[ >]", part)) for part in parts)
    if suffix == ".gpkg":
        import pyogrio

        layers = [name for name, kind in pyogrio.list_layers(file) if kind is not None]
        tables = [pyogrio.read_dataframe(file, layer=name) for name in layers]
        return " ".join(table.to_wkt().to_csv(index=False, sep=";") for table in tables)
    raise InputError(
        "a file to check must be .html, .csv, .xlsx, .gpkg, .geojson or .gpx", f"{suffix or 'no suffix'!r}", "name one"
    )


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
