"""Turn a folium map into one self-contained page that asks the network for nothing."""

from __future__ import annotations

import base64
import hashlib
import json
import re
from functools import cache
from html import escape
from html.parser import HTMLParser
from importlib import resources
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import folium
    import jinja2

POLICY_MARK = "content-security-policy-goes-here"


@cache
def leaflet_script() -> str:
    """Leaflet as installed, without the pointer to its source map."""
    return re.sub(r"\n?//# sourceMappingURL=.*", "", _leaflet("leaflet.js")).strip()


@cache
def leaflet_style() -> str:
    """Leaflet's style sheet without the rules that load images: none of the controls that use them is on our maps."""
    return re.sub(r"[^{}]+\{[^{}]*url\([^{}]*\}", "", _leaflet("leaflet.css")).strip()


def _leaflet(name: str) -> str:
    return resources.files("xstatic.pkg.leaflet").joinpath("data", name).read_text(encoding="utf-8")


@cache
def own_text(name: str) -> str:
    """Read a file of our own templates folder."""
    return resources.files("hicgeo.output").joinpath("templates", name).read_text(encoding="utf-8")


@cache
def templates() -> jinja2.Environment:
    """Templates of the pages, escaped by default, an undefined name an error."""
    import jinja2

    return jinja2.Environment(
        loader=jinja2.FunctionLoader(own_text),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )


def json_block(name: str, data: Any) -> str:
    r"""Write a block of JSON that no HTML parser can leave and no script engine runs.

    Parameters
    ----------
    name
        The id of the block.
    data
        Anything that JSON can hold.

    Examples
    --------
    >>> print(json_block("n", ["</script>"]))
    <script type="application/json" id="n">["\u003c/script\u003e"]</script>
    """
    text = json.dumps(data, ensure_ascii=False, allow_nan=False, separators=(",", ":"), sort_keys=True)
    for sign in "<>&\u2028\u2029":
        text = text.replace(sign, f"\\u{ord(sign):04x}")
    return f'<script type="application/json" id="{escape(name)}">{text}</script>'


def render_map(map_: folium.Map, template: str, *, images: str = "", **values: Any) -> bytes:
    """Render a folium map through one of our templates into a page of UTF-8 bytes.

    Parameters
    ----------
    map_
        The map, without tiles. Elements that load files from elsewhere stay in: the audit refuses such a page.
    template
        Name of the template; it receives `head`, `body`, `script` of the map and the Leaflet files.
    images
        The one host from which the page may load images when its reader asks for it; none when empty.
    **values
        What else the template shows; escaped.

    Notes
    -----
    folium draws its ids from the operating system, so elements are numbered in order of appearance here, and the
    figure is emptied after rendering: the same map gives the same bytes, every time.
    """
    from markupsafe import Markup

    map_.default_js, map_.default_css = [], []  # jQuery, Bootstrap and icon fonts: nothing of ours needs them
    figure: Any = map_.get_root()
    parts = (figure.header, figure.html, figure.script)
    before = [dict(part._children) for part in parts]
    _number(figure)
    try:
        for child in list(figure._children.values()):
            child.render()
        head, body, script = (part.render() for part in parts)
    finally:
        for part, children in zip(parts, before, strict=True):
            part._children.clear()
            part._children.update(children)
    head = re.sub(r"<meta\b[^>]*>", "", head)  # the template has its own, which lets readers zoom
    page = (
        templates()
        .get_template(template)
        .render(
            head=Markup(head),  # noqa: S704  rendered by folium from its own templates; texts of ours are JSON blocks
            body=Markup(body),  # noqa: S704
            script=Markup(script),  # noqa: S704
            leaflet_script=Markup(leaflet_script()),  # noqa: S704
            leaflet_style=Markup(leaflet_style()),  # noqa: S704
            policy=POLICY_MARK,
            **values,
        )
    )
    return with_policy(page, images=images)


def with_policy(page: str, *, images: str = "") -> bytes:
    """Fill in the Content-Security-Policy of a page: its own inline scripts, its own styles, embedded images.

    Parameters
    ----------
    page
        A page with `POLICY_MARK` in its policy's meta tag.
    images
        The one host from which the page may load images; none when empty.
    """
    page = "\n".join(line.rstrip() for line in page.split("\n"))
    scripts = " ".join(script_hashes(page)) or "'none'"
    policy = (
        f"default-src 'none'; script-src {scripts}; style-src 'unsafe-inline'; img-src data:{images and f' {images}'}; "
        "base-uri 'none'; form-action 'none'"
    )
    return page.replace(POLICY_MARK, policy, 1).encode("utf-8")


class Page(HTMLParser):
    """What a browser would act on in a page.

    Attributes
    ----------
    attributes
        Every (tag, name, value).
    scripts, data, styles
        Text of executable scripts, of JSON blocks, and of style sheets and style attributes.
    policy
        Content-Security-Policy of its meta tag.
    """

    def __init__(self, markup: str) -> None:
        super().__init__(convert_charrefs=True)
        self.attributes: list[tuple[str, str, str]] = []
        self.scripts: list[str] = []
        self.data: list[str] = []
        self.styles: list[str] = []
        self.policy = ""
        self._open: list[str] | None = None
        self.feed(markup)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        self.attributes += [(tag, name, value) for name, value in given.items()]
        if tag == "meta" and given.get("http-equiv", "").lower() == "content-security-policy":
            self.policy = given.get("content", "")
        if tag in ("script", "style"):
            kind = given.get("type", "")
            data = tag == "script" and "json" in kind
            self._open = self.styles if tag == "style" else self.data if data else self.scripts
            self._open.append("")
        self.styles += [given["style"]] if "style" in given and tag not in ("script", "style") else []

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)
        self.handle_endtag(tag)

    def handle_data(self, data: str) -> None:
        if self._open is not None:
            self._open[-1] += data

    def handle_endtag(self, tag: str) -> None:
        if tag in ("script", "style"):
            self._open = None


def script_hashes(markup: str) -> list[str]:
    """CSP source expressions of the inline scripts of a page, in order, without repeats.

    Parameters
    ----------
    markup
        The page. Blocks of JSON are data, not scripts, and need no hash.
    """
    return list(dict.fromkeys(_hash(script) for script in Page(markup).scripts))


def _hash(script: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()}'"


def _number(element: Any, count: int = 0) -> int:
    """Give an element and all below it ids in order of appearance."""
    element._id = f"{count:04d}"
    for child in element._children.values():
        count = _number(child, count + 1)
    return count
