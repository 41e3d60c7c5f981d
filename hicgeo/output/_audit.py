"""The audit of finished bytes: what a page requests, runs and gives away."""

from __future__ import annotations

import re
from pathlib import Path

import pandas as pd

from hicgeo.errors import DisclosureError, InputError
from hicgeo.output._offline import Page, leaflet_script, script_hashes

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
