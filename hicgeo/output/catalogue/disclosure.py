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
        "naar schatting onder 0,90). Beter is {advice}.",
        "Mind: so much is hidden that the order is not reliable (rank correlation with the full figures: estimated "
        "below 0.90). Better: {advice}.",
    ),
    "note.dropped": (
        "{n} plekken met minder dan {least} incidenten zijn weggelaten.",
        "{n} places with fewer than {least} incidents are left out.",
    ),
    "note.addresses": (
        "Vakken met minder dan {least} adressen zijn niet getekend.",
        "Cells with fewer than {least} addresses are not drawn.",
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
        "een veel grover overzicht: grotere gebieden, een langere periode of minder soorten",
        "something much coarser: larger areas, a longer period or fewer types",
    ),
    "hidden.longer": ("een periode die twee keer zo lang is", "a period of twice the length"),
    "hidden.wijk": ("per wijk", "per district"),
    "hidden.gemeente": ("per gemeente", "per municipality"),
    "hidden.year": ("per jaar in plaats van per maand", "per year instead of per month"),
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
    "hidden.without": ("zonder uitsplitsing naar {dimension}", "without the breakdown by {dimension}"),
}
