"""What every map can do whatever lies on it: become a page, a file, paper or a picture."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import replace
from html import escape
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hicgeo.errors import DisclosureError, InputError
from hicgeo.output import _browser
from hicgeo.output import disclosure as gate
from hicgeo.output._blocks import Block, as_json, raw_text
from hicgeo.output._layers import Layer, Scene
from hicgeo.output._offline import json_block, render_map
from hicgeo.output._write import deliver
from hicgeo.output.language import text

if TYPE_CHECKING:
    import folium
    import xarray as xr

PAPERS = {"A4": 1.0, "A3": 1.41}
"""How many times as large as an A4 sheet, for which a page is laid out."""

TILE_HOST = "https://service.pdok.nl"
TILES = f"{TILE_HOST}/brt/achtergrondkaart/wmts/v2_0/grijs/EPSG:3857/{{z}}/{{x}}/{{y}}.png"
TILES_BY = "Kaartgegevens: Kadaster"


class MapPage:
    """A folium map with layers of ours, and its ways out of the house; `HotspotMap` fills it."""

    title: str
    profile: gate.Profile
    threshold: int
    ledger: gate.Ledger
    layers: list[Layer]
    map: folium.Map
    _scene: Scene
    _base: dict[str, Any]
    _bounds: list[list[float]]
    _background: list[dict[str, Any]]
    _words: dict[str, Any]
    _addresses: xr.DataArray | None
    _tiles = False

    def to_html(self) -> str:
        """Return the page, before any audit, as text."""
        return self._render().decode()

    def save(self, path: str | os.PathLike[str], *, tiles: bool = False) -> Path:
        """Write the map as one HTML file that asks the network for nothing.

        Parameters
        ----------
        path
            Where to write; the folder is made, and an older file is replaced in one step.
        tiles
            Give the page a button that loads the Dutch base map from PDOK. Until it is pressed nothing is requested;
            beside it stands that the server then learns which area is looked at.

        Returns
        -------
        Path
            The file.

        Raises
        ------
        DisclosureError
            The finished page would request something, run foreign code or give an incident away, or tiles are asked for
            in a public map. Nothing is written.
        InputError
            The name does not end in .html, or the file cannot be written.
        """
        _named(path, ".html")
        page = gate.require_clean(self._render())
        if tiles and self.profile == "openbaar":
            raise DisclosureError(
                "a public map must request nothing from anyone",
                "tiles=True",
                "draw streets with add_background instead",
            )
        return self._deliver(path, self._render(tiles=True) if tiles else page)

    def save_pdf(self, path: str | os.PathLike[str], *, paper: str = "A4") -> Path:
        """Print the map as it opens, with its legend and notes, through an installed browser.

        Parameters
        ----------
        path
            Where to write.
        paper
            "A4" or "A3", landscape.

        Returns
        -------
        Path
            The file.

        Raises
        ------
        DisclosureError
            The page does not pass the audit. Nothing is written.
        InputError
            The name does not end in .pdf, the paper is unknown, no Chromium, Chrome or Edge is found, or the file
            cannot be written.

        Notes
        -----
        The browser is told not to use the network. A PDF holds the time at which it was made.
        """
        _named(path, ".pdf")
        if paper not in PAPERS:
            raise InputError(f"paper must be {' or '.join(PAPERS)}", repr(paper), "choose one of these")
        sheet = f"@media print {{ @page {{ size: {paper} landscape; }} html {{ zoom: {PAPERS[paper]}; }} }}"
        page = gate.require_clean(self._render(sheet=sheet))
        return self._deliver(path, _browser.to_pdf(page))

    def save_png(self, path: str | os.PathLike[str], *, width: int = 1600, height: int = 1000) -> Path:
        """Draw the page as it opens on a screen, as a PNG, through an installed browser.

        Parameters
        ----------
        path
            Where to write.
        width, height
            Of the screen, in pixels.

        Returns
        -------
        Path
            The file.

        Raises
        ------
        DisclosureError
            The page does not pass the audit. Nothing is written.
        InputError
            The name does not end in .png, the size is no size, no Chromium, Chrome or Edge is found, or the file
            cannot be written.
        """
        _named(path, ".png")
        if not (200 <= width <= 10_000 and 200 <= height <= 10_000):
            raise InputError("a picture must be 200 to 10,000 pixels wide and high", f"{width} x {height}", "take less")
        return self._deliver(path, _browser.to_png(gate.require_clean(self._render()), width=width, height=height))

    def brief(self) -> list[dict[str, Any]]:
        """Give what a briefing quotes of the layers, in order: key, headline, table and whether that is all, and notes.

        Returns
        -------
        parts
            Texts only, as JSON can hold them.
        """
        return [
            {
                "key": layer.key,
                "headline": layer.headline,
                "table": [list(line) for line in layer.digest],
                "table_of": layer.digest_of,
                "notes": list(layer.notes),
            }
            for layer in self.layers
        ]

    def picture(self) -> bytes:
        """Draw the map as it opens, as a PNG of 960 x 640 pixels.

        Notes
        -----
        Drawn by matplotlib from the same layers, so that no browser is needed: the first theme, with hotspots on top.
        """
        from hicgeo.output.pictures import draw_map

        theme = next((each for each in self.layers if each.kind != "spots"), None)
        spots = [each for each in self.layers if each.kind == "spots"]
        figure = draw_map(self._scene.areas, theme, spots)
        buffer = BytesIO()
        figure.savefig(buffer, format="png", dpi=120)
        return buffer.getvalue()

    def _repr_html_(self) -> str:
        return (
            f'<iframe srcdoc="{escape(self.to_html())}" title="{escape(self.title)}" '
            'style="width:100%;height:620px;border:1px solid #ccc"></iframe>'
        )

    def _page_block(self) -> str:
        page = {
            "language": self._scene.language,
            "words": self._words["words"],
            "background": self._background,
            "bounds": self._bounds,
            "tiles": {"address": TILES, "attribution": TILES_BY} if self._tiles else None,
        }
        return json_block("hicgeo-page", {**self._base, **page})

    def _deliver(self, path: str | os.PathLike[str], content: bytes) -> Path:
        """Write the map in a finished form, and note it as an export."""
        gate.claim(self.ledger, path, self.profile)
        file = deliver(path, content)
        self.ledger.record(file, profile=self.profile)
        return file

    def _released(self, table: Any) -> tuple[Any, list[str]]:
        """Table as it may leave under the profile of the map, and what the reader must know of what was left out."""
        released = gate.release(
            table, self.profile, threshold=self.threshold, ledger=self.ledger, addresses=self._addresses
        )
        return released, gate.remarks(released, self.profile, self._scene.language, threshold=self.threshold)

    def _add(self, layer: Layer, said: Sequence[str] = ()) -> None:
        layer = self._peopled(replace(layer, notes=(*layer.notes, *said)))
        title, place = layer.name, len(self.layers)
        for n, each in enumerate(self.layers):  # the same figure of another period
            if each.name in (title, _dated(title, each)):
                self.layers[n] = replace(each, name=_dated(title, each))
                layer = replace(layer, name=_dated(title, layer))
        self.layers.append(layer)
        name = f"hicgeo-layer-{place + 1}"
        self.map.add_child(Block(lambda: json_block(name, as_json(self.layers[place])), f'hicgeo.layer("{name}");'))

    def _peopled(self, layer: Layer) -> Layer:
        """Layer of classes without the cells in which few addresses lie, which is said; the gate judges places."""
        if self._addresses is None or self.profile == "intern" or layer.shapes is None or layer.key == "operation":
            return layer
        shapes = gate.populated(layer.shapes, self._addresses)
        if shapes.area.sum() > layer.shapes.area.sum() - 1:
            return layer
        note = text("note.addresses", self._scene.language, least=gate.LEAST_ADDRESSES)
        classes = tuple(replace(each, count="") for each in layer.classes)  # hectares of before
        return replace(layer, shapes=shapes, classes=classes, notes=(*layer.notes, note))

    def _hint(self) -> str:
        """How to come at figures, or only at names where no layer has any."""
        told = {layer.kind for layer in self.layers if layer.rows}
        if "areas" in told:
            return self._scene.say("page.hint")
        return self._scene.say("page.hint.spots" if told else "page.hint.names")

    def _render(self, *, sheet: str = "", tiles: bool = False) -> bytes:
        self._tiles = tiles
        last = self.map.add_child(Block(str, "hicgeo.finish();"))
        key = next(reversed(last._children))
        try:
            return render_map(
                self.map,
                "map.html.j2",
                images=TILE_HOST if tiles else "",
                page=self._words | {"words": self._words["words"] | {"hint": self._hint()}},
                own_style=raw_text("page.css"),
                map_style=raw_text("map.css") + sheet,
                own_script=raw_text("map.js"),
                steps_script=raw_text("steps.js"),
            )
        finally:
            del self.map._children[key]


def _named(path: str | os.PathLike[str], suffix: str) -> None:
    found = Path(path).suffix
    if found.lower() != suffix:
        raise InputError(
            f"the name of this file must end in {suffix}", f"{found or 'no suffix'!r}", "give it that suffix"
        )


def _dated(title: str, layer: Layer) -> str:
    """Name of a layer that tells it from the same figure of another period."""
    return f"{title} ({layer.period or layer.unit})"
