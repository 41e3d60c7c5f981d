"""The furniture of a page."""

TEXTS: dict[str, tuple[str, str]] = {
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
    "page.date": ("Peildatum", "As of"),
    "page.show": ("Wat wilt u zien?", "What do you want to see?"),
    "page.above": ("Daaroverheen", "On top of it"),
    "page.outlines": ("Alleen grenzen", "Borders only"),
    "page.find": ("Zoek een {area}", "Find a {area}"),
    "page.choose": ("Typ een naam", "Type a name"),
    "page.several": ("Gevonden", "Found"),
    "page.none": ("Niet gevonden", "Not found"),
    "page.name": ("{Area}", "{Area}"),
    "page.as_table": ("Cijfers als tabel", "Figures as a table"),
    "page.tiles": ("Achtergrondkaart ophalen bij PDOK", "Fetch the base map from PDOK"),
    "page.tiles_warning": (
        "Uw browser vraagt dan kaartbeelden aan de server van het Kadaster. Die ziet welk gebied u bekijkt en vanaf "
        "welk internetadres. Zonder deze knop wordt niets opgevraagd.",
        "Your browser then asks the server of the Kadaster for images. It learns which area you look at and from which "
        "internet address. Without this button nothing is requested.",
    ),
    "page.streets": ("Straten", "Streets"),
    "page.legend": ("Legenda", "Legend"),
    "page.hint": (
        "Beweeg over de kaart, tik op een {area} of zoek er een op naam voor de cijfers.",
        "Move over the map, tap a {area} or find one by name for its figures.",
    ),
    "page.hint.spots": (
        "Tik op een genummerde plek voor de cijfers. Een {area} is op naam te vinden.",
        "Tap a numbered place for its figures. A {area} can be found by name.",
    ),
    "page.hint.names": (
        "Beweeg over de kaart of tik op een {area} om te zien hoe die heet, of zoek er een op naam.",
        "Move over the map or tap a {area} to see what it is called, or find one by name.",
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
    "page.more": ("Meer", "More"),
    "page.contents": ("Op deze pagina", "On this page"),
    "page.tables": ("Bestanden", "Files"),
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
        "De kaart laat zien waar, niet waarom. Wat was, hoeft niet zo te blijven.",
        "The map shows where, not why. What was need not stay so.",
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
}
