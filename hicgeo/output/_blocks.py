"""Layers as blocks of JSON in a page, and the line of script that draws each."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from branca.element import Element, MacroElement

from hicgeo.output._layers import Layer
from hicgeo.output._offline import own_text
from hicgeo.output._shapes import features


class Raw(Element):
    """Text that enters the page as it is: branca would run it as a template."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self._text = text

    def render(self, **kwargs: Any) -> str:
        return self._text


class Block(MacroElement):
    """A block of JSON in the page and the line of script that draws it."""

    def __init__(self, block: Callable[[], str], call: str) -> None:
        super().__init__()  # type: ignore[no-untyped-call]  # branca leaves it so
        self._name = "HicgeoBlock"
        self._block, self._call = block, call

    def render(self, **kwargs: Any) -> None:  # type: ignore[override]  # as MacroElement, which returns nothing
        figure: Any = self.get_root()
        parent: Any = self._parent
        call = self._call.replace("{map}", parent.get_name())
        figure.html.add_child(Raw(self._block()), name=self.get_name())
        figure.script.add_child(Raw(call), name=self.get_name())


def raw_text(name: str) -> Any:
    """Text of a file of our own templates, not escaped."""
    from markupsafe import Markup

    return Markup(own_text(name))  # noqa: S704  a file of this package


def as_json(layer: Layer) -> dict[str, Any]:
    """Layer as the page's script reads it."""
    data: dict[str, Any] = {
        "kind": layer.kind,
        "key": layer.key,
        "name": layer.name,
        "unit": layer.unit,
        "notes": layer.notes,
        "rows": layer.rows,
        "values": layer.values,
        "classes": [vars(entry) for entry in layer.classes],
        "headline": layer.headline,
        "digest": layer.digest,
        "digest_of": layer.digest_of,
    }
    if layer.shapes is not None:
        data["shapes"] = {"type": "FeatureCollection", "features": features(layer.shapes)}
    if layer.frames:
        return data | {"values": {}, "frames": _frames(layer)}
    if layer.kind == "areas":
        data["member"] = layer.member
        data["marked"] = layer.marked
    if layer.kind == "spots":
        data["member"] = layer.member
    if layer.titles:
        data["titles"] = layer.titles
    return data


def _frames(layer: Layer) -> dict[str, Any]:
    """Periods as lists per area: short, and quick to step through."""
    codes = sorted({code for frame in layer.frames for code in frame.values})
    return {
        "labels": [frame.label for frame in layer.frames],
        "notes": [frame.note for frame in layer.frames],
        "start": layer.start,
        "lag": layer.lag,
        "always": layer.always,
        "member": {code: [frame.member.get(code, -1) for frame in layer.frames] for code in codes},
        "values": {code: [frame.values.get(code) for frame in layer.frames] for code in codes},
    }
