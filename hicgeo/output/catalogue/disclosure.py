"""What a reader must know of figures that are not shown."""

TEXTS: dict[str, tuple[str, str]] = {
    "page.public": (
        "OPENBAAR - wat fijner is dan de politie zelf publiceert (per buurt en maand), is onder {n} afgeschermd",
        "PUBLIC - what is finer than the police publish themselves (per neighbourhood and month) is hidden below {n}",
    ),
    "state.afgeschermd": ("afgeschermd", "hidden"),
    "note.hidden": (
        "Afgeschermd: {n} van de {all} cijfers. Het zijn de kleine, en andere waaruit die te berekenen zouden zijn.",
        "Hidden: {n} of the {all} figures. These are the small ones, and others from which those could be worked out.",
    ),
    "note.unjudged": (
        "Intervallen en oordelen ontbreken: zij worden met alle aantallen samen gemaakt, ook met de afgeschermde.",
        "Intervals and verdicts are left out: they are made with all counts together, the hidden ones included.",
    ),
    "note.coarse": (
        "Let op: zoveel is afgeschermd dat de volgorde niet betrouwbaar is (rangcorrelatie met de volledige cijfers: "
        "naar schatting onder 0,90).",
        "Mind: so much is hidden that the order is not reliable (rank correlation with the full figures: estimated "
        "below 0.90).",
    ),
    "note.dropped": (
        "{n} plekken met minder dan {least} incidenten, of in losse stukken, zijn weggelaten.",
        "{n} places with fewer than {least} incidents, or in several pieces, are left out.",
    ),
    "note.dropped.one": (
        "Eén plek met minder dan {least} incidenten is weggelaten.",
        "One place with fewer than {least} incidents is left out.",
    ),
    "note.addresses": (
        "Vakken met minder dan {least} adressen zijn niet getekend.",
        "Cells with fewer than {least} addresses are not drawn.",
    ),
    "note.thin": (
        "Plekken met een vak waarin minder dan {least} adressen liggen, zijn niet getekend: {n}.",
        "Places with a cell in which fewer than {least} addresses lie are not drawn: {n}.",
    ),
    "note.sparse": (
        "Wat dichtheid heeft van minder dan {least} incidenten bij elkaar, is bij de klasse eronder gevoegd.",
        "Density of fewer than {least} incidents together is merged with the class below.",
    ),
    "note.uncounted": (
        "Aantallen per plek staan niet op een openbare kaart.",
        "Counts per place are not on a public map.",
    ),
    "hidden.larger": (
        "Een overzicht dat één stap grover is (grotere gebieden, per jaar, een uitsplitsing minder of een twee keer zo "
        "lange periode) is naar schatting ook niet genoeg; nog grover is niet geprobeerd.",
        "One step coarser (larger areas, per year, one breakdown less or a period of twice the length) would not be "
        "enough either, by estimate; nothing coarser has been tried.",
    ),
    "hidden.longer": (
        "Naar schatting is een periode die twee keer zo lang is genoeg.",
        "By estimate a period of twice the length is enough.",
    ),
    "hidden.wijk": ("Naar schatting is per wijk genoeg.", "By estimate, per district is enough."),
    "hidden.gemeente": ("Naar schatting is per gemeente genoeg.", "By estimate, per municipality is enough."),
    "hidden.year": (
        "Naar schatting is per jaar in plaats van per maand genoeg.",
        "By estimate, per year instead of per month is enough.",
    ),
    "dimension.crime_type": ("soort misdrijf", "crime type"),
    "dimension.hour": ("uur", "hour"),
    "dimension.hour_of_day": ("uur", "hour"),
    "dimension.hour_of_week": ("uur van de week", "hour of the week"),
    "dimension.weekday": ("weekdag", "weekday"),
    "dimension.day_of_week": ("weekdag", "weekday"),
    "dimension.target": ("doelwit", "target"),
    "dimension.direct_victim": ("direct slachtofferschap", "direct victims"),
    "dimension.attempted": ("poging en voltooid", "attempted and completed"),
    "dimension.dwelling_type": ("soort woning", "type of dwelling"),
    "dimension.modus": ("werkwijze", "method"),
    "hidden.without": (
        "Naar schatting is het zonder uitsplitsing naar {dimension} genoeg.",
        "By estimate it is enough without the breakdown by {dimension}.",
    ),
}
