"""One catalogue of everything a reader sees, in Dutch and English, and the number and date formats of both."""

from __future__ import annotations

import math
from datetime import date
from typing import Any, Literal, get_args

import pandas as pd

from hicgeo.errors import InputError

Language = Literal["nl", "en"]
LANGUAGES: tuple[Language, ...] = get_args(Language)

MONTHS: dict[Language, tuple[str, ...]] = {
    "nl": ("januari", "februari", "maart", "april", "mei", "juni", "juli", "augustus", "september", "oktober",
           "november", "december"),
    "en": ("January", "February", "March", "April", "May", "June", "July", "August", "September", "October",
           "November", "December"),
}  # fmt: skip

CATALOGUE: dict[str, tuple[str, str]] = {
    # what the numbers count
    "crime.woninginbraak": ("woninginbraken", "residential burglaries"),
    "crime.straatroof": ("straatroven", "street robberies"),
    "crime.overval": ("overvallen", "robberies of homes and businesses"),
    "crime.all": ("incidenten", "incidents"),
    "base.dwellings": ("woningen", "dwellings"),
    "base.households": ("huishoudens", "households"),
    "base.residents": ("inwoners", "residents"),
    "base.businesses": ("bedrijfsvestigingen", "business premises"),
    "level.buurt": ("buurten", "neighbourhoods"),
    "level.wijk": ("wijken", "districts"),
    "level.gemeente": ("gemeenten", "municipalities"),
    "level.mixed": ("gebieden", "areas"),
    "one.buurt": ("buurt", "neighbourhood"),
    "one.wijk": ("wijk", "district"),
    "one.gemeente": ("gemeente", "municipality"),
    "one.mixed": ("gebied", "area"),
    # states
    "state.boven": ("boven de norm", "above the norm"),
    "state.niet te onderscheiden": ("niet te onderscheiden van de norm", "not distinguishable from the norm"),
    "state.onder": ("onder de norm", "below the norm"),
    "state.te klein": ("te klein voor een uitspraak", "too small to tell"),
    "state.onvolledig": ("cijfers onvolledig", "figures incomplete"),
    "state.none": ("geen cijfers", "no figures"),
    "dark.higher": ("meer in de donkere dagen", "more in the dark days"),
    "dark.same": ("geen verschil aangetoond", "no difference shown"),
    "dark.lower": ("minder in de donkere dagen", "fewer in the dark days"),
    # layers
    "layer.rate": ("{Crime} per {per} {base}", "{Crime} per {per} {base}"),
    "layer.norm": ("{Crime}: vergeleken met de norm", "{Crime}: compared with the norm"),
    "layer.surface": ("Waar {crime} zich concentreren", "Where {crime} concentrate"),
    "layer.hotspots": ("Hotspots, met rangnummer", "Hotspots, with rank"),
    "layer.dark": ("Donkere dagen: meer {crime}?", "Dark days: more {crime}?"),
    "layer.seasons": ("Groepen naar verloop over het jaar", "Groups by course over the year"),
    "unit.rate": ("{crime} per {per} {base}, {period}", "{crime} per {per} {base}, {period}"),
    "unit.norm": (
        "norm: {norm} per {per} {base}; 95 %-interval beslist",
        "norm: {norm} per {per} {base}; the 95% interval decides",
    ),
    "unit.norm.many": ("95 %-interval beslist", "the 95% interval decides"),
    "unit.surface": ("incidenten per km², cellen van {cell} m", "incidents per km², cells of {cell} m"),
    "unit.hotspots": ("gebieden met de hoogste dichtheid", "areas with the highest density"),
    "unit.dark": (
        "oktober-maart tegen april-september, per dag",
        "October-March against April-September, per day",
    ),
    "unit.seasons": ("gebieden met hetzelfde maandpatroon", "areas with the same monthly pattern"),
    "note.rate": (
        "Gearceerde {areas} zijn niet ingekleurd: het cijfer is daar te onzeker of onvolledig.",
        "Hatched {areas} are not coloured: their figure is too uncertain or incomplete.",
    ),
    "note.norm": (
        "'Boven' en 'onder' staan er alleen als het verschil met de norm groter is dan toeval kan verklaren.",
        "'Above' and 'below' are only said where the difference from the norm is larger than chance explains.",
    ),
    "note.surface": (
        "Gladgestreken met een straal van {bandwidth} m ({kernel}); {n} incidenten met een bekende plek. "
        "De laagste klasse is niet ingekleurd.",
        "Smoothed with a bandwidth of {bandwidth} m ({kernel}); {n} incidents with a known place. "
        "The lowest class is left blank.",
    ),
    "note.surface.short": ("De laagste klasse is niet ingekleurd.", "The lowest class is left blank."),
    "note.hotspots": (
        "Beschrijvend: niet getoetst of dit meer is dan toeval. Het interval bij de rang laat zien hoe zeker de "
        "volgorde is.",
        "Descriptive: not tested against chance. The interval of the rank shows how sure the order is.",
    ),
    "note.hotspots.tested": (
        "De p-waarde zegt hoe vaak toeval alleen zo'n concentratie geeft.",
        "The p-value says how often chance alone gives such a concentration.",
    ),
    "note.dark": (
        "Alleen ingekleurd als het 95 %-interval van de verhouding niet over 1 heen gaat.",
        "Only coloured where the 95% interval of the ratio does not cross 1.",
    ),
    "note.dark.trend": (
        "De verhouding is gezuiverd van de stijging of daling over de jaren.",
        "The ratio is adjusted for the rise or fall over the years.",
    ),
    "note.coverage": (
        "Er zijn cijfers voor {share} van de {base}.",
        "There are figures for {share} of the {base}.",
    ),
    "note.moved": (
        "{n} {areas} met een cijfer van meer dan vijf keer dat van hun gemeente: waarschijnlijk is de grens verschoven "
        "en klopt het cijfer niet ({names}).",
        "{n} {areas} with a figure over five times that of their municipality: the border has probably moved and the "
        "figure is wrong ({names}).",
    ),
    "note.seasons": (
        "{k} groepen; stabiliteit {stability} (1 = elke herhaling geeft dezelfde groepen).",
        "{k} groups; stability {stability} (1 = every repetition gives the same groups).",
    ),
    "note.seasons.one": (
        "Er is één patroon: de cijfers geven geen reden om gebieden naar seizoen te verdelen.",
        "There is one pattern: the figures give no reason to divide the areas by season.",
    ),
    "note.absent": (
        "{n} gebieden met cijfers hebben geen grens op deze kaart en staan er niet op.",
        "{n} areas with figures have no border on this map and are not on it.",
    ),
    "seasons.one": ("één patroon", "one pattern"),
    "seasons.none": ("niet in te delen", "cannot be assigned"),
    # rows of tooltips and headers of tables
    "row.incidents": ("incidenten", "incidents"),
    "row.base": ("aantal {base}", "number of {base}"),
    "row.rate": ("per {per} {base}", "per {per} {base}"),
    "row.interval": ("95 %-interval", "95% interval"),
    "row.norm": ("norm", "norm"),
    "row.state": ("oordeel", "verdict"),
    "row.coverage": ("dekking", "coverage"),
    "row.expected": ("verwacht", "expected"),
    "row.ratio": ("verhouding", "ratio"),
    "row.area_ha": ("oppervlakte", "area"),
    "row.share_incidents": ("aandeel incidenten", "share of incidents"),
    "row.share_area": ("aandeel oppervlakte", "share of the area"),
    "row.p_value": ("p-waarde", "p-value"),
    "row.rank": ("rang", "rank"),
    "row.rank_interval": ("rang ligt tussen", "rank lies between"),
    "row.dark_ratio": ("donker gedeeld door licht", "dark divided by light"),
    "row.group": ("groep", "group"),
    "row.peak": ("drukste maand", "busiest month"),
    "spot": ("Hotspot {rank}", "Hotspot {rank}"),
    "between": ("{low} tot {high}", "{low} to {high}"),
    "below": ("minder dan {high}", "below {high}"),
    "from": ("{low} of meer", "{low} or more"),
    # furniture
    "page.confidential": (
        "VERTROUWELIJK - alleen voor de lokale driehoek",
        "CONFIDENTIAL - for the local triangle only",
    ),
    "page.intern": (
        "INTERN - alleen voor de analist, niet verspreiden",
        "INTERNAL - for the analyst only, do not distribute",
    ),
    "page.fictional": (
        "Fictieve voorbeelddata: deze gemeente bestaat niet",
        "Fictional example data: this municipality does not exist",
    ),
    "page.few_located": (
        "Let op: van maar {share} van de incidenten is de plek bekend. De kaart laat de rest niet zien",
        "Mind: only {share} of the incidents have a place. The map does not show the others",
    ),
    "page.reported": (
        "Geregistreerde criminaliteit, niet alle criminaliteit",
        "Registered crime, not all crime",
    ),
    "page.period": ("Periode", "Period"),
    "page.source": ("Bron", "Source"),
    "page.date": ("Gemaakt op", "Made on"),
    "page.show": ("Wat wilt u zien?", "What do you want to see?"),
    "page.above": ("Daaroverheen", "On top of it"),
    "page.outlines": ("Alleen grenzen", "Borders only"),
    "page.find": ("Zoek een {area}", "Find a {area}"),
    "page.choose": ("Kies uit de lijst", "Choose from the list"),
    "page.legend": ("Legenda", "Legend"),
    "page.hint": (
        "Beweeg over de kaart, tik op een {area} of kies er een uit de lijst voor de cijfers.",
        "Move over the map, tap a {area} or choose one from the list for its figures.",
    ),
    "page.map": ("Kaart", "Map"),
    "page.north": ("Noord is boven", "North is up"),
    "page.zoom_in": ("Inzoomen", "Zoom in"),
    "page.zoom_out": ("Uitzoomen", "Zoom out"),
    "page.not_said": ("Wat deze kaart niet zegt", "What this map does not say"),
    "page.limits": ("Wat deze cijfers niet zeggen", "What these figures do not say"),
    "page.handling": ("Gebruik van deze informatie", "Use of this information"),
    "page.no_handling": (
        "Doel, ontvanger en bewaartermijn niet opgegeven: niet verspreiden",
        "Purpose, recipient and retention not stated: do not distribute",
    ),
    "page.open": ("Open de kaart", "Open the map"),
    "page.tables": ("Cijfers", "Figures"),
    "page.noscript": (
        "Deze kaart heeft JavaScript nodig. Er wordt niets opgehaald van of verstuurd naar internet.",
        "This map needs JavaScript. Nothing is fetched from or sent to the internet.",
    ),
    "not_said.reported": (
        "Wat niet is gemeld of aangegeven, staat er niet op. Meldingsbereidheid verschilt tussen {areas}.",
        "What was not reported is not on it. Willingness to report differs between {areas}.",
    ),
    "not_said.chance": (
        "Een verschil tussen {areas} kan toeval zijn. Kijk naar het interval, niet alleen naar de kleur.",
        "A difference between {areas} can be chance. Look at the interval, not only at the colour.",
    ),
    "not_said.cause": (
        "De kaart laat zien waar, niet waarom, en voorspelt niet wat er komt.",
        "The map shows where, not why, and does not predict what comes.",
    ),
    "not_said.people": (
        "De kaart gaat over gebieden, nooit over personen of adressen.",
        "The map is about areas, never about persons or addresses.",
    ),
    "handling.purpose": ("Doel", "Purpose"),
    "handling.recipient": ("Ontvanger", "Recipient"),
    "handling.legal_basis": ("Grondslag", "Legal basis"),
    "handling.classification": ("Rubricering", "Classification"),
    "handling.retain_until": ("Bewaren tot", "Retain until"),
    # quality and other pictures
    "quality.outcome": ("Wat er met de regels gebeurde", "What became of the records"),
    "quality.accepted": ("geaccepteerd", "accepted"),
    "quality.month": ("Incidenten per maand", "Incidents per month"),
    "quality.window": ("Lengte van het tijdvenster", "Length of the time window"),
    "quality.hours": ("uren tussen begin en einde", "hours between start and end"),
    "quality.filled": ("Wat is ingevuld", "What is filled in"),
    "quality.place": ("plek", "place"),
    "quality.place_missing": ("plek, minimaal {share} nodig", "place, at least {share} needed"),
    "quality.municipality": ("gemeente", "municipality"),
    "quality.address_key": ("adres", "address"),
    "quality.target": ("object", "target"),
    "quality.modus": ("modus operandi", "modus operandi"),
    "quality.dwelling_type": ("woningtype", "dwelling type"),
    "quality.registered": ("registratiedatum", "date of registration"),
    "quality.rejected_type": ("Afgekeurd per delict", "Rejected per crime type"),
    "quality.rejected_area": ("Afgekeurd per gemeente", "Rejected per municipality"),
    "quality.of_all": ("{n} van {all}", "{n} of {all}"),
    "quality.unknown": ("niet te lezen", "cannot be read"),
    "quality.undated": ("Afgekeurd ({n} zonder datum)", "Rejected ({n} without a date)"),
    "quality.precision": ("Hoe precies is de plek", "How precise is the place"),
    "quality.address": ("adres (tot 10 m)", "address (to 10 m)"),
    "quality.street": ("straat (tot 250 m)", "street (to 250 m)"),
    "quality.coarse": ("grover dan 250 m", "coarser than 250 m"),
    "quality.nowhere": ("zegt niets", "says nothing"),
    "quality.not_given": ("niet opgegeven", "not given"),
    "quality.at_station": ("op een politiebureau", "at a police station"),
    "quality.heap": ("opeenhoping op één punt", "heap at one point"),
    "quality.border": ("Waar ligt de plek", "Where the place lies"),
    "quality.near": ("< 25 m van een grens", "< 25 m from a border"),
    "quality.inside": ("in een gebied", "inside an area"),
    "quality.snapped": ("er vlak naast", "just beside one"),
    "quality.outside": ("erbuiten", "outside"),
    "quality.unlocated": ("plek onbekend", "place unknown"),
    "picture.rank": ("{Areas} op volgorde, met 95 %-interval", "{Areas} in order, with 95% interval"),
    "picture.norm": ("norm", "norm"),
    "picture.others": ("en {n} andere", "and {n} others"),
    "picture.dark": ("Donkere dagen gedeeld door lichte dagen", "Dark days divided by light days"),
    "picture.incomplete": ("onvolledig seizoen", "incomplete season"),
    "picture.index": ("Maandindex (1 = gemiddelde maand)", "Monthly index (1 = average month)"),
    "picture.all": ("alle seizoenen", "all seasons"),
    # sentences
    "words.rate": (
        "{Crime}: {rate} per {per} {base} ({period}).",
        "{Crime}: {rate} per {per} {base} ({period}).",
    ),
    "words.rate.part": (
        "{Crime}: {rate} per {per} {base} ({period}), over de {coverage} van de {base} waarvan cijfers zijn.",
        "{Crime}: {rate} per {per} {base} ({period}), over the {coverage} of the {base} that have figures.",
    ),
    "words.norm.regional": ("het gemiddelde van het hele gebied ({norm})", "the average of the whole area ({norm})"),
    "words.norm.given": ("de norm van {norm}", "the norm of {norm}"),
    "words.states": (
        "Boven {norm}: {above} van {judged} gebieden, eronder: {below}; bij {same} is het verschil niet van toeval te "
        "onderscheiden. Niet beoordeeld: {small} te klein, {part} onvolledig.",
        "Above {norm}: {above} of {judged} areas, below: {below}; for {same} the difference cannot be told from "
        "chance. Not judged: {small} too small, {part} incomplete.",
    ),
    "words.not_judged": (
        "Geen gebied is groot en volledig genoeg om te beoordelen.",
        "No area is large and complete enough to be judged.",
    ),
    "words.moved_border": (
        "Let op: meer dan vijf keer het cijfer van de rest van de gemeente in {codes}. "
        "Waarschijnlijk is de grens verlegd sinds de telling.",
        "Mind: over five times the rate of the rest of the municipality in {codes}. The border "
        "has probably moved since the count.",
    ),
    "words.match.all": ("Alle gebieden hebben cijfers, en andersom.", "Every area has figures, and the reverse."),
    "words.match": (
        "{alone} gebieden ({base}, {share_base}) hebben geen cijfers; {lost} getelde codes ({incidents} "
        "incidenten, {share}) hebben geen gebied op de kaart. Beide tellen niet mee.",
        "{alone} areas ({base}, {share_base}) have no figures; {lost} counted codes ({incidents} "
        "incidents, {share}) have no area on the map. Neither takes part.",
    ),
    "words.hotspots": (
        "{n} hotspots: {area} van het gebied met {share} van de incidenten.",
        "{n} hotspots: {area} of the area with {share} of the incidents.",
    ),
    "words.hotspots.first": (
        "De eerste telt {incidents} incidenten op {area} hectare (rang {low} tot {high} bij herhaalde trekking).",
        "The first has {incidents} incidents on {area} hectares (rank {low} to {high} when drawn again).",
    ),
    "words.hotspots.untested": (
        "Beschrijvend: of het meer is dan toeval, is niet getoetst.",
        "Descriptive: whether this is more than chance has not been tested.",
    ),
    "words.hotspots.none": ("Geen hotspots gevonden.", "No hotspots found."),
    "words.dark": (
        "In de donkere dagen {ratio} keer zoveel {crime} per dag als in de lichte maanden (95 %-interval {low} tot "
        "{high}), met de trend verrekend.",
        "In the dark days there are {ratio} times as many {crime} a day as in the light months (95 % interval {low} "
        "to {high}), allowing for the trend.",
    ),
    "words.dark.same": (
        "Geen verschil aangetoond tussen donkere dagen en lichte maanden: {ratio} keer zoveel {crime} per dag (95 %-"
        "interval {low} tot {high}).",
        "No difference shown between dark days and light months: {ratio} times as many {crime} a day (95 % interval "
        "{low} to {high}).",
    ),
    "words.dark.unknown": (
        "Te weinig {crime} voor een uitspraak over de donkere dagen.",
        "Too few {crime} to say anything about the dark days.",
    ),
    "words.dark.incomplete": ("Onvolledige seizoenen: {seasons}.", "Incomplete seasons: {seasons}."),
    "words.dark.areas": (
        "Meer {crime} in de donkere dagen: {above} gebieden; minder: {below}; geen verschil aangetoond: {unclear}; te "
        "weinig cijfers: {unknown}.",
        "More {crime} in the dark days: {above} areas; fewer: {below}; no difference shown: {unclear}; too few "
        "figures: {unknown}.",
    ),
    "words.groups.one": (
        "Alle gebieden delen één verloop over het jaar; meer groepen zijn niet aan te tonen.",
        "All areas share one course over the year; more groups cannot be shown.",
    ),
    "words.groups": (
        "{k} groepen naar verloop over het jaar: {groups}; {unclear} gebieden niet in te delen. Overeenkomst tussen "
        "even en oneven jaren: {stability} (1 is gelijk, 0 is toeval).",
        "{k} groups by course over the year: {groups}; {unclear} areas not to be placed. Agreement between even and "
        "odd years: {stability} (1 is equal, 0 is chance).",
    ),
    "words.groups.each": (
        "{name} ({n} gebieden, {ratio} keer zoveel in het donker)",
        "{name} ({n} areas, {ratio} times as many in the dark)",
    ),
    "words.groups.unstable": (
        "De indeling is niet stabiel: gebruik haar niet voor afzonderlijke gebieden.",
        "The grouping is not stable: do not use it for single areas.",
    ),
    "words.intake": (
        "{read} records gelezen: {accepted} aanvaard, {rejected} afgewezen; {share} heeft een plaats.",
        "{read} records read: {accepted} accepted, {rejected} rejected; {share} have a place.",
    ),
}
"""Key -> (Dutch, English). A key that is asked for and not here raises; a test reads the sources for keys."""


def check_language(language: str) -> Language:
    """Return `language` if there is a catalogue for it.

    Raises
    ------
    InputError
        It is not "nl" or "en".

    Examples
    --------
    >>> check_language("nl")
    'nl'
    """
    for known in LANGUAGES:
        if language == known:
            return known
    raise InputError("language must be 'nl' or 'en'", f"{language!r}", "choose one of the two")


def text(key: str, language: Language, /, **values: object) -> str:
    """Label `key` in `language`, with its placeholders filled.

    Parameters
    ----------
    key
        A key of `CATALOGUE`.
    language
        "nl" or "en".
    **values
        Placeholders. One with a capital (`{Crime}`) takes the value of the lower-case name, capitalised.

    Raises
    ------
    KeyError
        The key is not in the catalogue or a placeholder has no value: a mistake in the code, not in the input.

    Examples
    --------
    >>> text("layer.rate", "nl", crime="woninginbraken", per="1.000", base="woningen")
    'Woninginbraken per 1.000 woningen'
    """
    template = CATALOGUE[key][LANGUAGES.index(language)]
    if not values:
        return template
    capitals = {name.capitalize(): str(value)[:1].upper() + str(value)[1:] for name, value in values.items()}
    return template.format(**capitals, **values)


def number(value: Any, language: Language, *, decimals: int = 0) -> str:
    """Format a number: 1.234,5 in Dutch, 1,234.5 in English, an en dash for a missing one.

    Parameters
    ----------
    value
        Any number; NaN and NA count as missing, infinity is shown as its sign.
    language
        "nl" or "en".
    decimals
        Digits behind the decimal mark.

    Examples
    --------
    >>> number(1234.56, "nl", decimals=1), number(1234.56, "en", decimals=1), number(float("nan"), "nl")
    ('1.234,6', '1,234.6', '–')
    """
    if pd.isna(value):
        return "–"
    if math.isinf(value):
        return "∞" if value > 0 else "-∞"
    english = f"{value:,.{decimals}f}"
    if float(english.replace(",", "")) == 0:
        english = english.lstrip("-")  # -0,0 says something that is not so
    return english if language == "en" else english.translate(str.maketrans(",.", ".,"))


def percent(share: Any, language: Language, *, decimals: int = 1) -> str:
    """Format a share between 0 and 1 as a percentage: 35,5 % in Dutch, 35.5% in English.

    Parameters
    ----------
    share
        A fraction; NaN and NA count as missing.
    language
        "nl" or "en".
    decimals
        Digits behind the decimal mark.

    Examples
    --------
    >>> percent(0.355, "nl"), percent(0.355, "en")
    ('35,5 %', '35.5%')
    """
    if pd.isna(share):
        return "–"
    return number(share * 100, language, decimals=decimals) + ("%" if language == "en" else " %")


def day(value: date, language: Language) -> str:
    """Write a date in full.

    Examples
    --------
    >>> day(date(2024, 1, 5), "nl"), day(date(2024, 1, 5), "en")
    ('5 januari 2024', '5 January 2024')
    """
    return f"{value.day} {MONTHS[language][value.month - 1]} {value.year}"


def month(value: pd.Period, language: Language) -> str:
    """Write a month in full.

    Examples
    --------
    >>> month(pd.Period("2024-01", "M"), "nl")
    'januari 2024'
    """
    return f"{MONTHS[language][value.month - 1]} {value.year}"


def crime(crime_type: str | None, language: Language) -> str:
    """Plural of a crime type, the type itself when the catalogue does not know it.

    Examples
    --------
    >>> crime("overval", "nl"), crime("ramkraak", "nl"), crime(None, "en")
    ('overvallen', 'ramkraak', 'incidents')
    """
    if not crime_type:
        return text("crime.all", language)
    key = f"crime.{crime_type}"
    return text(key, language) if key in CATALOGUE else str(crime_type)


def base_name(base: str | None, language: Language) -> str:
    """Name of a denominator, the name itself when the catalogue does not know it.

    Examples
    --------
    >>> base_name("dwellings", "nl")
    'woningen'
    """
    key = f"base.{base}"
    return text(key, language) if key in CATALOGUE else str(base or "")
