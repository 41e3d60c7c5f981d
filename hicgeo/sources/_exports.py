"""What police exports call things: titles, and the codes of the three High Impact Crimes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

CRIME_CODES: Mapping[str, str] = {
    **dict.fromkeys(("A20", "A30", "B20", "B30", "1.1.1", "DIEFSTAL/INBRAAK WONING"), "woninginbraak"),
    **dict.fromkeys(("WONINGINBRAAK", "INBRAAK WONING", "DIEFSTAL UIT WONING", "WONINGINBRAKEN"), "woninginbraak"),
    **dict.fromkeys(("B70", "1.4.6", "STRAATROOF", "STRAATROVEN"), "straatroof"),
    **dict.fromkeys(("B72", "B73", "B74", "1.4.7", "OVERVAL", "OVERVALLEN"), "overval"),
    "OVERVAL IN WONING": "overval",
    "OVERVAL OP OVERIGE OBJECTEN": "overval",
    "OVERVAL OP GELD- EN WAARDETRANSPORT": "overval",
}
"""Police codes and titles of the three High Impact Crimes."""

NAMES = (
    "incident_id",
    "crime_type",
    "start",
    "start_date",
    "start_time",
    "end",
    "end_date",
    "end_time",
    "x",
    "y",
    "municipality",
    "attempted",
    "confronted",
    "violence",
    "target",
    "modus",
    "dwelling_type",
    "address_key",
    "registered",
    "precision_m",
)
"""Our names of what an export may hold; the keys of `columns`."""

SAMPLE = {
    "incident_id": "Registratienummer",
    "crime_type": "Delictcode",
    "start_date": "Pleegdatum van",
    "start_time": "Pleegtijd van",
    "end_date": "Pleegdatum tot",
    "end_time": "Pleegtijd tot",
    "x": "X-coordinaat",
    "y": "Y-coordinaat",
    "municipality": "Gemeente",
    "attempted": "Poging",
    "confronted": "Confrontatie",
    "violence": "Geweld",
    "target": "Object",
    "modus": "Modus operandi",
    "dwelling_type": "Woningtype",
    "address_key": "Adressleutel",
    "registered": "Registratiedatum",
}

BVH: dict[str, Sequence[str]] = {
    "incident_id": ("Registratienummer", "Incidentnummer", "BVH-nummer", "Mutatienummer", "Zaaknummer", "PL-nummer"),
    "crime_type": ("Delictcode", "Incidentcode", "Maatschappelijke klasse code", "MK code", "Incident code", "Delict"),
    "start": ("Pleegdatum en tijd van", "Begin pleegperiode", "Datum tijd van", "Startdatumtijd"),
    "start_date": ("Pleegdatum van", "Begindatum", "Datum van", "Begindatum pleegperiode", "Pleegdatum begin"),
    "start_time": ("Pleegtijd van", "Begintijd", "Tijd van", "Begintijd pleegperiode", "Pleegtijd begin"),
    "end": ("Pleegdatum en tijd tot", "Eind pleegperiode", "Datum tijd tot", "Einddatumtijd"),
    "end_date": ("Pleegdatum tot", "Einddatum", "Datum tot", "Einddatum pleegperiode", "Pleegdatum eind"),
    "end_time": ("Pleegtijd tot", "Eindtijd", "Tijd tot", "Eindtijd pleegperiode", "Pleegtijd eind"),
    "x": ("X-coordinaat", "X", "RD X", "X RD", "Xcoord", "GPS X"),
    "y": ("Y-coordinaat", "Y", "RD Y", "Y RD", "Ycoord", "GPS Y"),
    "municipality": ("Gemeente", "Gemeentecode", "Pleeggemeente", "Gemeentenaam"),
    "attempted": ("Poging", "Poging/voltooid", "Ind poging"),
    "confronted": ("Confrontatie", "Ind confrontatie", "Confrontatie dader"),
    "violence": ("Geweld", "Ind geweld", "Geweld gebruikt", "Bedreiging of geweld"),
    "target": ("Object", "Objectsoort", "Locatiesoort", "Soort object", "Soort locatie"),
    "modus": ("Modus operandi", "MO", "Werkwijze", "Wijze van binnenkomen"),
    "dwelling_type": ("Woningtype", "Soort woning", "Type woning"),
    "address_key": ("Adressleutel", "Adres sleutel", "BAG-id", "Nummeraanduiding id"),
    "registered": ("Registratiedatum", "Datum registratie", "Datum kennisname", "Aangiftedatum"),
    "precision_m": ("Nauwkeurigheid", "Nauwkeurigheid m"),
}
"""Titles that exports of the police registration go by; an export may differ, then a dict is given."""
