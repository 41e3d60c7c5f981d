"""Density and hotspots."""

TEXTS: dict[str, tuple[str, str]] = {
    "layer.surface": ("Waar {crime} zich concentreren", "Where {crime} concentrate"),
    "layer.hotspots": ("Hotspots, met rangnummer", "Hotspots, with rank"),
    "unit.surface": (
        "incidenten per km² in de hele periode, cellen van {cell} m",
        "incidents per km² in the whole period, cells of {cell} m",
    ),
    "unit.surface.year": (
        "incidenten per km² per jaar, cellen van {cell} m",
        "incidents per km² per year, cells of {cell} m",
    ),
    "unit.hotspots": ("gebieden met de hoogste dichtheid", "areas with the highest density"),
    "note.surface": (
        "Gladgestreken met een bandbreedte van {bandwidth} m ({kernel}), {chosen}; {n} incidenten met een bekende "
        "plek. De laagste klasse is niet ingekleurd.",
        "Smoothed with a bandwidth of {bandwidth} m ({kernel}), {chosen}; {n} incidents with a known place. "
        "The lowest class is left blank.",
    ),
    "bandwidth.given": ("opgegeven door de analist", "given by the analyst"),
    "bandwidth.ppl": (
        "gekozen omdat die elk incident het best voorspelt uit de andere",
        "chosen because it predicts every incident best from the others",
    ),
    "bandwidth.diggle": ("gekozen met kruisvalidatie (Diggle)", "chosen by cross-validation (Diggle)"),
    "bandwidth.cvl": (
        "gekozen met de regel van Cronie en Van Lieshout",
        "chosen by the rule of Cronie and Van Lieshout",
    ),
    "bandwidth.widened": (
        "verruimd tot een plek buiten de hotspots evengoed veel incidenten kan hebben",
        "widened until a place outside the hotspots may have many incidents just as well",
    ),
    "bandwidth.scott": ("volgens de vuistregel van Scott", "by Scott's rule of thumb"),
    "bandwidth.silverman": ("volgens de vuistregel van Silverman", "by Silverman's rule of thumb"),
    "row.top3": ("kans op een plek in de top 3", "chance to be in the top 3"),
    "row.spot_kind": ("gegeven de woningen", "given the dwellings"),
    "row.history": ("eerdere jaren", "earlier years"),
    "row.stability": ("blijft staan bij andere bandbreedtes", "stays at other bandwidths"),
    "spot.meer dan toeval": ("meer dan toeval", "more than chance"),
    "spot.niet te onderscheiden": ("niet van toeval te onderscheiden", "cannot be told from chance"),
    "spot.te weinig om te toetsen": ("te weinig incidenten om te toetsen", "too few incidents to test"),
    "spot.beschrijvend": ("niet getoetst", "not tested"),
    "spots.sure": ("Hotspot, meer dan toeval", "Hotspot, more than chance"),
    "spots.unsure": ("Hotspot, niet aantoonbaar meer dan toeval", "Hotspot, not demonstrably more than chance"),
    "history.chronisch": ("chronisch: hoog in {hot} van {years}", "chronic: high in {hot} of {years}"),
    "history.wisselend": ("wisselend: hoog in {hot} van {years}", "on and off: high in {hot} of {years}"),
    "history.nieuw": ("nieuw: hoog in {hot} van {years}", "new: high in {hot} of {years}"),
    "note.surface.short": ("De laagste klasse is niet ingekleurd.", "The lowest class is left blank."),
    "note.bandwidth": (
        "Gebaseerd op dichtheid met een bandbreedte van {bandwidth} m ({kernel}), {chosen}.",
        "Based on density with a bandwidth of {bandwidth} m ({kernel}), {chosen}.",
    ),
    "note.hotspots": (
        "Beschrijvend: niet getoetst of dit meer is dan toeval. Het interval bij de rang laat zien hoe zeker de "
        "volgorde is.",
        "Descriptive: not tested against chance. The interval of the rank shows how sure the order is.",
    ),
    "note.hotspots.untested": (
        "Beschrijvend: niet getoetst of dit meer is dan toeval.",
        "Descriptive: not tested against chance.",
    ),
    "note.hotspots.kinds": (
        "Bij elke plek staat of er meer incidenten zijn dan toeval geeft, gezien waar de woningen staan.",
        "Every place says whether it has more incidents than chance gives, considering where the dwellings are.",
    ),
    "note.hotspots.tested": (
        "'Even sterk bij alleen toeval': in hoeveel nabootsingen met alleen toeval ergens een even sterke concentratie "
        "ontstaat. Dat is niet de kans dat deze hotspot toeval is.",
        "'As strong by chance alone': in how many simulations of chance alone a concentration as strong arises "
        "anywhere. That is not the chance that this hotspot is chance.",
    ),
    "words.hotspots": (
        "{n} hotspots: {area} van het gebied met {share} van de incidenten.",
        "{n} hotspots: {area} of the area with {share} of the incidents.",
    ),
    "words.hotspots.one": (
        "Eén hotspot: {area} van het gebied met {share} van de incidenten.",
        "One hotspot: {area} of the area with {share} of the incidents.",
    ),
    "words.hotspots.first": (
        "De eerste telt {incidents} incidenten op {area} hectare (rang {low} tot {high} bij herhaalde trekking).",
        "The first has {incidents} incidents on {area} hectares (rank {low} to {high} when drawn again).",
    ),
    "words.hotspots.untested": (
        "Beschrijvend: of het meer is dan toeval, is niet getoetst.",
        "Descriptive: whether this is more than chance has not been tested.",
    ),
    "words.hotspots.tested": (
        "Gegeven waar de woningen staan zijn er {more} meer dan toeval; {same} niet van toeval te onderscheiden en "
        "{few} met te weinig incidenten om te toetsen.",
        "Given where the dwellings are, {more} are more than chance; {same} cannot be told from chance and {few} have "
        "too few incidents to test.",
    ),
    "words.hotspots.tested.none": (
        "Gegeven waar de woningen staan is geen ervan aantoonbaar meer dan toeval: {same} niet te onderscheiden, {few} "
        "met te weinig incidenten om te toetsen.",
        "Given where the dwellings are, none is demonstrably more than chance: {same} cannot be told apart, {few} have "
        "too few incidents to test.",
    ),
    "words.hotspots.history": (
        "Vergeleken met {years} eerdere jaren: {chronic} chronisch, {some} wisselend, {new} nieuw.",
        "Against {years} earlier years: {chronic} chronic, {some} on and off, {new} new.",
    ),
    "words.hotspots.none.tested": (
        "Geen enkele plek is aantoonbaar meer dan toeval, gegeven waar de woningen staan.",
        "No place is demonstrably more than chance, given where the dwellings are.",
    ),
    "words.hotspots.none": ("Geen hotspots gevonden.", "No hotspots found."),
    "explore.period": ("periode", "period"),
    "explore.shown": (
        "{n} incidenten, {first} tot en met {last}, {bandwidth} m. De klassen zijn die van het begin.",
        "{n} incidents, {first} to {last}, {bandwidth} m. The classes are those of the start.",
    ),
    "explore.few": (
        "{n} incidenten, {first} tot en met {last}: te weinig voor een kaart (onder {least}). Zoveel is bij herhaling "
        "te verwachten: {low} tot {high}.",
        "{n} incidents, {first} to {last}: too few for a map (under {least}). As many can be expected again: {low} "
        "to {high}.",
    ),
}
