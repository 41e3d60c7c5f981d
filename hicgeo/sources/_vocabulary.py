"""What the titles of an export say: words of Dutch and English police exports, and what they make together."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence

from hicgeo.sources._exports import BVH, SAMPLE
from hicgeo.sources._ledger import plain

_WORDS = {
    "event": "pleeg gepleegd incident delict feit misdrijf voorval gebeurtenis offence offense crime occurrence "
    "occurred committed event case zaak bvh",
    "start": "begin van vanaf start from first vroegste earliest beginnend",
    "end": "eind einde tot tm end until to last laatste latest uiterste",
    "date": "datum date dag dat day",
    "time": "tijd time uur hour",
    "moment": "tijdstip moment datetime timestamp",
    "period": "periode period window venster",
    "id": "nummer nr no id number identifier identificatie ref reference referentie kenmerk",
    "registered": "registratie geregistreerd registered registration reported report aangifte kennisname melding "
    "opname recorded invoer opmaak",
    "code": "code cd",
    "kind": "soort type omschrijving description categorie category naam name",
    "class": "maatschappelijke klasse mk class",
    "x": "x easting oost lon long longitude lengtegraad xcoord xcoordinaat xcoordinate rdx",
    "y": "y northing noord lat latitude breedtegraad ycoord ycoordinaat ycoordinate rdy",
    "place": "coordinaat coordinate coord co rd gps locatie location loc positie position",
    "town": "gemeente municipality pleeggemeente",
    "attempted": "poging gepoogd voltooid attempt attempted",
    "confronted": "confrontatie confronted confrontation confront",
    "violence": "geweld bedreiging violence threat",
    "flag": "ind indicator jn ja nee yn gebruikt",
    "target": "object doelwit target premises",
    "modus": "modus operandi mo werkwijze methode method binnenkomen",
    "dwelling": "woning dwelling house",
    "address": "adres address bag nummeraanduiding",
    "key": "sleutel key",
    "precision": "nauwkeurigheid precision accuracy",
    # what makes a title mean something else, whatever stands beside it
    "other": "huis telefoon geboorte slachtoffer verdachte dader victim suspect offender person persoon melder "
    "aangever politie police postcode straat street wijk buurt district basisteam eenheid team burger leeftijd "
    "wijziging mutatiedatum weekday weekdag week jaar year maand month duur duration",
}
_SILENT = frozenset(["of", "the", "a", "an", "de", "het", "een", "in", "op", "on", "at", "is", "by", "door"])
_CONCEPT = {word: concept for concept, words in _WORDS.items() for word in words.split()}
_LONG = re.compile("|".join(sorted((word for word in _CONCEPT if len(word) >= 4), key=len, reverse=True)))
"""Words that are also found inside a compound such as begindatumpleegperiode."""

_TITLES = {
    "incident_id": (("id",), "event registered key"),
    "crime_type": (("event", "class"), "code kind class event"),
    "start": (("start", "event", "date", "moment", "time"), "start event date time moment period"),
    "end": (("end",), "event date time moment period"),
    "registered": (("registered",), "date time moment event"),
    "x": (("x",), "place"),
    "y": (("y",), "place"),
    "municipality": (("town",), "code kind event"),
    "attempted": (("attempted",), "flag event"),
    "confronted": (("confronted",), "flag"),
    "violence": (("violence",), "flag"),
    "target": (("target", "place"), "kind event"),
    "modus": (("modus",), "event"),
    "dwelling_type": (("dwelling",), "kind"),
    "address_key": (("address",), "id key"),
    "precision_m": (("precision",), "place"),
}
"""What a title must say (one of), and what it may say besides. `start` and `end` stand for their date and time too."""

_MUST_ALSO = {"address_key": {"id", "key"}, "dwelling_type": {"kind"}, "target": {"kind", "target"}}
"""A woning is no type of dwelling, a location no kind of one, and an address in words no key."""


def title_fit(title: str, name: str) -> float:
    """How well a title says that its column is one of ours: 1 for one that is known, 0 for one that says nothing.

    Parameters
    ----------
    title
        As it stands in the file.
    name
        One of ours; `start` and `end` also stand for their date and time.

    Notes
    -----
    A title that is not known by itself is taken apart into words, also inside a Dutch compound; all its words must fit
    what the column is, and the fit is 0.9 times the share of its letters that these words make up.

    Examples
    --------
    >>> title_fit("Registratienummer", "incident_id"), title_fit("offence_end_date", "end"), title_fit("Huis", "x")
    (1.0, 0.9, 0.0)
    """
    if plain(title) in _known(name):
        return 1.0
    concepts, letters, covered = _read(title)
    if not letters:
        return 0.0
    needed, besides = _TITLES[name]
    allowed = {*needed, *besides.split()}
    also = _MUST_ALSO.get(name, concepts)
    if not concepts & set(needed) or concepts - allowed or not concepts & also:
        return 0.0
    # one that names nothing but a date or a time may be of anything
    vague = concepts <= {"date", "time", "moment"}
    return (0.6 if vague else 0.9) * covered / letters


def _known(name: str) -> set[str]:
    names = (name, f"{name}_date", f"{name}_time") if name in ("start", "end") else (name,)
    listed: list[str] = [*names]
    for each in names:
        known: Sequence[str] = BVH.get(each, ())
        listed += [*known, *([SAMPLE[each]] if each in SAMPLE else [])]
    return {plain(title) for title in listed}


def _read(title: str) -> tuple[set[str], int, int]:
    """Concepts that a title names, its letters, and how many of them belong to a word that is known."""
    text = unicodedata.normalize("NFKD", re.sub(r"(?<=[a-z])(?=[A-Z])", " ", title))
    tokens = re.findall(r"[a-z]+", "".join(c for c in text if not unicodedata.combining(c)).lower())
    concepts: set[str] = set()
    covered = 0
    tokens = [token for token in tokens if token not in _SILENT]
    for token in tokens:
        short = re.fullmatch(r"(van|tot)(\w+)", token)
        if token in _CONCEPT:
            found = [token]
        elif short and short[2] in _CONCEPT:
            found = list(short.groups())
        else:
            found = _LONG.findall(token)
        concepts |= {_CONCEPT[word] for word in found}
        covered += sum(map(len, found))
    return concepts, sum(map(len, tokens)), covered
