"""Measures that fit a kind of target area: a table that the user can edit, kept apart from the numbers."""

from __future__ import annotations

from io import StringIO
from pathlib import Path

import pandas as pd

from hicgeo.errors import ColumnError, InputError

COLUMNS = ("crime_type", "aimed_at", "fits", "measure")
OPTIONAL = "sector"
"""Column that a table may have: what was struck (`target` of the incidents), empty for whatever it was."""

AIMED_AT = ("dader", "slachtoffer", "situatie")
FITS = ("altijd", "chronic", "seasonal", "new", "near")

_OWN = """\
crime_type;sector;aimed_at;fits;measure
woninginbraak;;situatie;altijd;Inbraakpreventie bij de woningen in het gebied (sloten, verlichting, zicht)
woninginbraak;;situatie;chronic;Met gemeente en corporatie de vaste zwakke plekken aanpakken
woninginbraak;;slachtoffer;near;Buren van een getroffen adres meteen waarschuwen en helpen beveiligen
woninginbraak;;slachtoffer;seasonal;Voorlichting vóór het seizoen (verlichting bij afwezigheid, tijdschakelaars)
woninginbraak;;dader;chronic;Bekende plegers in of bij het gebied via de persoonsgerichte aanpak bespreken
woninginbraak;;dader;new;Opsporingscapaciteit eerst hier: een nieuwe reeks kan het werk van weinig daders zijn
straatroof;;situatie;altijd;Zichtbaar toezicht op de genoemde uren en looproutes, verlichting nalopen
straatroof;;slachtoffer;altijd;Voorlichting op plekken en tijden waar mensen met telefoon of geld lopen
straatroof;;dader;chronic;Groepen en jeugd in beeld bespreken met wijkagent en jongerenwerk
overval;;dader;altijd;Ex-gedetineerden met overvalverleden via de persoonsgerichte aanpak bespreken
overval;;slachtoffer;altijd;Na een overval meteen de zaken in de buurt inlichten en slachtoffers nazorg bieden
overval;woning;situatie;altijd;Deurbel- en tuinzicht, deurketting en verlichting, geen geld of sieraden in huis tonen
overval;woning;slachtoffer;altijd;Ouderen en ondernemers thuis voorlichten: niet opendoen, bellen, geen verzet
overval;winkel;situatie;altijd;Weinig contant geld, tijdslot op de kluis, zicht op de kassa van buiten
overval;winkel;slachtoffer;altijd;Personeel trainen in openen, sluiten en afstorten met zijn tweeën
overval;supermarkt;situatie;altijd;Gesloten geldstroom, vaste sluitroutine, leveranciersdeur dicht in de avond
overval;supermarkt;slachtoffer;altijd;Jong avondpersoneel trainen en nooit alleen laten sluiten
overval;horeca;situatie;altijd;Afromen tijdens de avond, bezorgers met weinig wisselgeld, achterdeur op slot
overval;horeca;slachtoffer;altijd;Sluitploeg van minstens twee, afspraken over laat afstorten
overval;juwelier;situatie;altijd;Sluisdeur, mistgenerator en zicht op de etalage, dure stukken na sluiting in de kluis
overval;juwelier;slachtoffer;altijd;Met brancheorganisatie en wijkagent de dagroutine bij openen en sluiten nalopen
overval;bank;situatie;altijd;Met de bank geldautomaten en afstortpunten op zicht, verlichting en vluchtroutes nalopen
overval;tankstation;situatie;altijd;Nachtloket, pin-only in de late uren, camera op kenteken en ingang
overval;tankstation;slachtoffer;altijd;Nachtpersoneel trainen en een vaste controleronde van de surveillance afspreken
overval;telecom;situatie;altijd;Toestellen uit het zicht en in de kluis, voorraad in de winkel klein houden
overval;geldtransport;situatie;altijd;Met de vervoerder tijden en stopplaatsen wisselen en toezicht afstemmen
"""


def read_measures(path: str | Path | None = None) -> pd.DataFrame:
    """Read the table of measures.

    Parameters
    ----------
    path
        CSV file with semicolons, UTF-8; the table that comes with hicgeo when left out (write it with `to_csv` to start
        your own).

    Returns
    -------
    DataFrame
        `crime_type`, `sector` (what was struck, as in `target` of the incidents; empty for anything, and for all rows
        when the file has no such column), `aimed_at` ("dader", "slachtoffer", "situatie"), `fits` ("altijd", or when
        the area is "chronic", "seasonal", "new" or expects "near" repeats) and `measure`, in the order of the file.

    Raises
    ------
    InputError
        The file cannot be read, or is larger than a megabyte.
    ColumnError
        A column is missing, or a value is none of these.

    Notes
    -----
    Nothing here was measured: it is what professionals consider. It never enters the choice of areas.

    Examples
    --------
    >>> table = read_measures()
    >>> sorted(table["aimed_at"].unique())
    ['dader', 'situatie', 'slachtoffer']
    """
    if path is None:
        source = _OWN
    else:
        file = Path(path)
        try:
            if file.stat().st_size > 1_000_000:
                raise InputError("a table of measures must be small", "over 1 MB", "check that this is the right file")
            source = file.read_text(encoding="utf-8-sig")
        except (OSError, UnicodeDecodeError) as error:
            raise InputError(
                "a table of measures must be a text file in UTF-8", f"{type(error).__name__} for {file.name!r}",
                "check the path, and save it as CSV UTF-8",
            ) from None  # fmt: skip
    try:
        table = pd.read_csv(StringIO(source), sep=";", dtype="str", keep_default_na=False)
    except (pd.errors.ParserError, pd.errors.EmptyDataError):
        table = pd.DataFrame()
    missing = [name for name in COLUMNS if name not in table]
    if missing:
        raise ColumnError(
            f"a table of measures must have the columns {', '.join(COLUMNS)}", "no " + ", ".join(missing),
            "separate the columns by semicolons",
        )  # fmt: skip
    if OPTIONAL not in table:
        table[OPTIONAL] = ""
    table = table[[COLUMNS[0], OPTIONAL, *COLUMNS[1:]]].apply(lambda column: column.str.strip())
    for name, known in (("aimed_at", AIMED_AT), ("fits", FITS)):
        wrong = ~table[name].isin(known)
        if wrong.any():
            raise ColumnError(
                f"{name} must be one of {', '.join(known)}", f"another value in {wrong.sum()} rows (first: row "
                f"{int(wrong.idxmax()) + 2})", "correct these rows",
            )  # fmt: skip
    return table
