"""What a reader must know of figures that are not shown."""

TEXTS: dict[str, tuple[str, str]] = {
    "page.public": (
        "OPENBAAR - aantallen onder {n} zijn afgeschermd, met wat ze zou verraden",
        "PUBLIC - counts below {n} are hidden, with what would give them away",
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
    "note.sparse": (
        "Wat dichtheid heeft van minder dan {least} incidenten bij elkaar, is bij de klasse eronder gevoegd.",
        "Density of fewer than {least} incidents together is merged with the class below.",
    ),
    "note.uncounted": (
        "Aantallen per plek staan niet op een openbare kaart.",
        "Counts per place are not on a public map.",
    ),
    "hidden.larger": ("grotere gebieden", "larger areas"),
    "hidden.wijk": ("per wijk", "per district"),
    "hidden.gemeente": ("per gemeente", "per municipality"),
    "hidden.year": ("per jaar in plaats van per maand", "per year instead of per month"),
    "hidden.without": ("zonder uitsplitsing naar {dimension}", "without the breakdown by {dimension}"),
}
