"""Change over time, persistence, concentration, ranks and moved borders."""

TEXTS: dict[str, tuple[str, str]] = {
    "words.sure": (
        "Getoetst: {tested} gebieden tegelijk; van de oordelen boven en onder is naar verwachting hooguit 1 op de 20 "
        "onjuist.",
        "Tested: {tested} areas at once; of the verdicts above and below at most 1 in 20 is expected to be wrong.",
    ),
    "words.change": (
        "{Crime}, {period} tegenover {against}: in {up} van {judged} gebieden gestegen, in {down} gedaald; bij {same} "
        "is het verschil niet van toeval te onderscheiden. Niet beoordeeld: {small} te klein, {part} onvolledig, "
        "{moved} met een gewijzigde grens.",
        "{Crime}, {period} against {against}: up in {up} of {judged} areas, down in {down}; for {same} the difference "
        "cannot be told from chance. Not judged: {small} too small, {part} incomplete, {moved} with a moved border.",
    ),
    "words.change.none": (
        "{Crime}, {period} tegenover {against}: in geen enkel gebied te beoordelen ({small} te klein, {part} "
        "onvolledig, {moved} met een gewijzigde grens).",
        "{Crime}, {period} against {against}: no area can be judged ({small} too small, {part} incomplete, {moved} "
        "with a moved border).",
    ),
    "words.change.total": (
        "Samen {now} tegenover {before} ({difference}), in gebieden met cijfers over beide perioden.",
        "Together {now} against {before} ({difference}), in areas with figures for both periods.",
    ),
    "words.change.year": (
        "Dat is {share} van heel {year}; op hetzelfde moment was dat toen {expected}.",
        "That is {share} of all of {year}; at the same time it was {expected} then.",
    ),
    "words.excluded": (
        "Weggelaten omdat ze niet of nog niet definitief gepubliceerd zijn: {months}.",
        "Left out since they are not, or not finally, published: {months}.",
    ),
    "words.trend": (
        "{Crime}, {period}: in {up} van {judged} gebieden stijgend, in {down} dalend; bij {same} is er geen richting "
        "die van toeval te onderscheiden is.",
        "{Crime}, {period}: rising in {up} of {judged} areas, falling in {down}; for {same} there is no direction that "
        "can be told from chance.",
    ),
    "words.persistence": (
        "Boven de norm in de laatste {last} jaar: {chronic} gebieden chronisch, {new} opkomend, {fading} afnemend, "
        "{some} wisselend.",
        "Above the norm in the last {last} years: {chronic} areas chronically, {new} emerging, {fading} fading, {some} "
        "on and off.",
    ),
    "words.persistence.unknown": (
        "Van {n} gebieden is dat niet te bepalen: te klein, een verlegde grens, of cijfers die ontbreken. De norm is "
        "elk jaar die van alle getelde gebieden.",
        "Of {n} areas it cannot be told: too small, a border that moved, or figures that are missing. The norm is each "
        "year that of all areas that were counted.",
    ),
    "words.concentration": (
        "In de {top} gebieden met de meeste incidenten ligt {share} ({low} tot {high}); bij gelijk risico zou dat "
        "{chance} zijn.",
        "The {top} areas with the most incidents have {share} ({low} to {high}); at equal risk it would be {chance}.",
    ),
    "words.concentration.none": (
        "Te weinig gebieden of incidenten om concentratie te meten.",
        "Too few areas or incidents to measure concentration.",
    ),
    "words.ranks": (
        "Van {ranked} gerangschikte gebieden is de rang van {clear} van de middelste te onderscheiden: een ranglijst "
        "zegt hier {much}.",
        "Of {ranked} ranked areas the rank of {clear} can be told from the middle one: a league table says {much} "
        "here.",
    ),
    "much.little": ("weinig", "little"),
    "much.something": ("iets over de uitersten", "something of the extremes"),
    "words.crosswalk": (
        "Van {old} oude gebieden zijn er {same} gelijk gebleven en {recoded} alleen hernummerd; van {changed} is de "
        "grens verlegd en {gone} liggen in geen nieuw gebied. Jaren worden over een verlegde grens niet vergeleken.",
        "Of {old} old areas {same} are the same and {recoded} were only recoded; the border of {changed} moved and "
        "{gone} lie in no new area. Years are not compared across a moved border.",
    ),
    "picture.funnel": ("Cijfer naar omvang", "Rate by size"),
    "picture.funnel.inner": ("95 % van gebieden op de norm", "95% of areas at the norm"),
    "picture.funnel.outer": ("99,8 % van gebieden op de norm", "99.8% of areas at the norm"),
    "picture.funnel.size": ("{base} (logaritmische schaal)", "{base} (logarithmic scale)"),
    "kind.chronisch": ("chronisch", "chronic"),
    "kind.opkomend": ("opkomend", "emerging"),
    "kind.wisselend": ("wisselend", "on and off"),
    "kind.afnemend": ("afnemend", "fading"),
    "picture.change": ("Meer of minder dan ervoor", "More or fewer than before"),
    "picture.change.gestegen": ("gestegen", "up"),
    "picture.change.gedaald": ("gedaald", "down"),
    "picture.change.niet te onderscheiden": ("niet van toeval te onderscheiden", "cannot be told from chance"),
    "picture.change.ratio": (
        "verschil in {crime}, {period} tegenover {against} (met 95 %-interval)",
        "difference in {crime}, {period} against {against} (with 95% interval)",
    ),
    "picture.persistence": ("{Crime}: boven de norm, jaar na jaar", "{Crime}: above the norm, year after year"),
    "picture.persistence.none": ("niet beoordeeld", "not judged"),
    "picture.lorenz": ("{Crime}: hoe geconcentreerd", "{Crime}: how concentrated"),
    "picture.lorenz.equal": ("overal evenveel", "as many everywhere"),
    "picture.lorenz.top": ("top 5, 10 en 20 % met 95 %-interval", "top 5, 10 and 20% with 95% interval"),
    "picture.lorenz.chance": ("bij gelijk risico, door toeval alleen", "at equal risk, by chance alone"),
    "picture.lorenz.areas": (
        "deel van de gebieden, die met de meeste incidenten eerst",
        "share of the areas, those with the most first",
    ),
    "picture.lorenz.incidents": ("deel van de incidenten", "share of the incidents"),
}
