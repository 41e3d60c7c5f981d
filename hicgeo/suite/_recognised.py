"""Single incidents recognised in a text by what they are, whatever the text looks like."""

from __future__ import annotations

import html
import re
from typing import TYPE_CHECKING

import pandas as pd

from hicgeo.output._audit import MIN_NAME
from hicgeo.output._coordinates import near_incidents

if TYPE_CHECKING:
    import geopandas as gpd

    from hicgeo.sources.incidents import Intake

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
    intake
        What was read; None in a run of published counts, in which nothing is recognised.
    """

    def __init__(self, intake: Intake | None) -> None:
        self._incidents: gpd.GeoDataFrame | None = None
        self._names: frozenset[str] = frozenset()
        self._texts: list[tuple[str, str]] = []
        if intake is None:
            return
        table = self._incidents = intake.incidents
        values = intake.rejected["value"].dropna().astype(str)
        said = [values[values.str.contains(r"\d")], table.index.to_series().astype(str)]
        if "address_key" in table:
            said.append(table["address_key"].dropna().astype(str))
        if "modus" in table:
            number = table["modus"].dropna().astype(str).value_counts()
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
        O(text + rare texts of the export).
        """
        if self._incidents is None:
            return False
        plain = html.unescape(_TAG.sub(" ", text)).casefold()
        words = {word.strip(_EDGE) for word in _WORD.findall(plain)} | {""}
        if self._names & words or any(first.strip(_EDGE) in words and text in plain for first, text in self._texts):
            return True
        return bool(near_incidents(plain, self._incidents))
