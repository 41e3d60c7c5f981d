"""Near repeats and chains."""

TEXTS: dict[str, tuple[str, str]] = {
    "words.knox": (
        "Na een incident is de kans op een volgend incident in de buurt verhoogd: {times} keer zo veel als toeval "
        "geeft {where} ({n} incidenten; even sterk bij alleen toeval: {p}).",
        "After an incident another one nearby is more likely: {times} times as many as chance gives {where} "
        "({n} incidents; as strong by chance alone: {p}).",
    ),
    "words.knox.band": (
        "van {metres_from} tot {metres_to} m en binnen {days_from} tot {days_to} dagen",
        "from {metres_from} to {metres_to} m and within {days_from} to {days_to} days",
    ),
    "words.knox.same": (
        "op dezelfde plek en binnen {days_from} tot {days_to} dagen",
        "at the same place and within {days_from} to {days_to} days",
    ),
    "words.knox.none": (
        "Dat incidenten op korte afstand ook kort na elkaar komen, is niet aangetoond ({n} incidenten).",
        "That incidents near each other also come soon after each other has not been shown ({n} incidents).",
    ),
    "words.knox.untestable": (
        "Er zijn te weinig paren van incidenten om near repeats te toetsen ({n} incidenten).",
        "There are too few pairs of incidents to test near repeats ({n} incidents).",
    ),
    "words.lattice": (
        "De plekken liggen op een raster van {lattice} m: dezelfde plek en dichtbij zijn daaronder niet te "
        "onderscheiden.",
        "The places lie on a lattice of {lattice} m: same place and nearby cannot be told apart below that.",
    ),
    "words.chains": (
        "{share} van de {n} incidenten volgde binnen {days} dagen op een ander incident op minder dan {distance} m; "
        "toeval geeft {chance}.",
        "{share} of the {n} incidents followed another one less than {distance} m away within {days} days; chance "
        "gives {chance}.",
    ),
    "words.chains.warn": (
        "Waarschuw buren binnen {radius} m gedurende de eerste {days} dagen (95 %-interval {radius_low} tot "
        "{radius_high} m, {days_low} tot {days_high} dagen).",
        "Warn neighbours within {radius} m for the first {days} days (95% interval {radius_low} to {radius_high} m, "
        "{days_low} to {days_high} days).",
    ),
    "words.chains.no_warning": (
        "Een verhoogd risico na een incident is niet aangetoond: een waarschuwing in de buurt heeft hier geen grond.",
        "A raised risk after an incident has not been shown: there is no ground for warning neighbours here.",
    ),
    "words.chains.not_offender": (
        "Een keten zegt dat incidenten dicht bij elkaar liggen, niet dat het dezelfde dader is.",
        "A chain says that incidents are near each other, not that one offender did them.",
    ),
}
