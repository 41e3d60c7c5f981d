"""What a reader must know of figures that are not shown."""

TEXTS: dict[str, tuple[str, str]] = {
    "page.public": (
        "OPENBAAR - aantallen onder {n} zijn afgeschermd, met wat ze zou verraden",
        "PUBLIC - counts below {n} are hidden, with what would give them away",
    ),
    "state.afgeschermd": ("afgeschermd (klein aantal)", "hidden (small count)"),
    "note.hidden": (
        "Afgeschermd: {share} van de incidenten op deze kaartlaag. Rangcorrelatie met de volledige cijfers: {rank}.",
        "Hidden: {share} of the incidents in this layer. Rank correlation with the full figures: {rank}.",
    ),
    "note.coarse": (
        "Let op: er is zoveel afgeschermd dat de volgorde van gebieden niet betrouwbaar is. Beter is {advice}.",
        "Mind: so much is hidden that the order of areas is not reliable. Better: {advice}.",
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
    "hidden.advice": (
        "{form}: {share} van de incidenten in kleine aantallen",
        "{form}: {share} of the incidents in small counts",
    ),
}
