"""Single incidents recognised by what they are, whatever the text or the file looks like."""

from __future__ import annotations

import html
import re
from collections.abc import Iterable
from typing import TYPE_CHECKING

import pandas as pd

from hicgeo.output._coordinates import Places
from hicgeo.output._unpack import Unpacked

if TYPE_CHECKING:
    import geopandas as gpd

MIN_NAME = 4
"""Shorter names of incidents than this are found in any text."""
RARE = 3
"""A text that stands with fewer incidents than this speaks of them, not of a kind of incident."""
BEGINNING = 24
"""Letters by which a long text is recognised: tables show the beginning of what does not fit."""
_WORD = re.compile(r"[\w./+-]+")
_EDGE = "./+-"
_TAG = re.compile(r"<[^>]*>")


class Recognised:
    """Numbers, addresses, free texts and places of the incidents of an export.

    Parameters
    ----------
    incidents
        Incident table; None in a run of published counts, in which nothing is recognised.
    rejected
        Values for which records were rejected.
    borders
        Shapes with a CRS whose corners may be in a file: of areas, and of what a map shows around them.
    """

    def __init__(
        self,
        incidents: gpd.GeoDataFrame | None,
        *,
        rejected: Iterable[str] = (),
        borders: gpd.GeoDataFrame | None = None,
    ) -> None:
        self._places: Places | None = None
        self._names: frozenset[str] = frozenset()
        self._texts: list[tuple[str, str]] = []
        if incidents is None:
            return
        self._places = Places(incidents, borders)
        beside = pd.Series(list(rejected), dtype=str)
        said = [beside[beside.str.contains(r"\d")], incidents.index.to_series().astype(str)]
        if "address_key" in incidents:
            said.append(incidents["address_key"].dropna().astype(str))
        if "modus" in incidents:
            number = incidents["modus"].dropna().astype(str).value_counts()
            said.append(number.index[number < RARE].to_series())
        known = {text.casefold().strip() for text in pd.concat(said)}
        known = {text for text in known if len(text) > MIN_NAME}
        self._names = frozenset(text.strip(_EDGE) for text in known if _WORD.fullmatch(text))
        longer = sorted({text[:BEGINNING].rstrip() for text in known if not _WORD.fullmatch(text)})
        self._texts = [(first[0] if (first := _WORD.findall(text)[:-1]) else "", text) for text in longer]

    def in_text(self, text: str) -> bool:
        """Tell whether a text, plain or HTML, speaks of one of the incidents.

        Parameters
        ----------
        text
            Any text.

        Notes
        -----
        What is wrapped in it is opened. O(text as unfolded + rare texts of the export + numbers x log incidents).
        """
        if self._places is None:
            return False
        found = Unpacked(text.encode("utf-8", "replace"))
        return bool(self.names(found)) or self.places(found) > 0

    def names(self, found: Unpacked) -> set[str]:
        """Numbers, addresses and beginnings of free texts of incidents in what a file says.

        Parameters
        ----------
        found
            The file.
        """
        met: set[str] = set()
        for text in found.texts:
            plain = html.unescape(_TAG.sub(" ", text)).casefold()
            words = {word.strip(_EDGE) for word in _WORD.findall(plain)} | {""}
            met |= self._names & words
            met |= {text for first, text in self._texts if first.strip(_EDGE) in words and text in plain}
        return met

    def places(self, found: Unpacked) -> int:
        """How many times the place of an incident is in what a file says.

        Parameters
        ----------
        found
            The file.
        """
        if self._places is None:
            return 0
        return sum(map(self._places.in_text, found.texts)) + self._places.in_columns(found.tables)
