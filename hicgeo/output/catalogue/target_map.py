"""Target areas on the map."""

TEXTS: dict[str, tuple[str, str]] = {
    "layer.targets": ("Inzetgebieden, op volgorde", "Areas to act in, in order"),
    "unit.targets": ("waar de meeste {crime} worden verwacht", "where most {crime} are expected"),
    "unit.targets.days": (
        "waar in de komende {days} dagen de meeste {crime} worden verwacht",
        "where most {crime} are expected in the coming {days} days",
    ),
    "note.targets": (
        "Een verwachting op grond van het verleden, geen zekerheid. Het interval bij de rang laat zien hoe vast de "
        "volgorde is; in een gebied dat hier niet staat kan ook iets gebeuren.",
        "An expectation from the past, no certainty. The interval of the rank shows how firm the order is; something "
        "may also happen in an area that is not here.",
    ),
    "headline.targets": (
        "{n} inzetgebieden, samen {area}. Het eerste ({first}): {hours}; over alle uren {expected} {crime} verwacht"
        "{within}.",
        "{n} areas to act in, {area} together. The first ({first}): {hours}; over all hours {expected} {crime} expected"
        "{within}.",
    ),
    "headline.targets.one": (
        "1 inzetgebied ({first}): {hours}; over alle uren {expected} {crime} verwacht{within}.",
        "1 area to act in ({first}): {hours}; over all hours {expected} {crime} expected{within}.",
    ),
    "headline.targets.within": (" in {days} dagen", " in {days} days"),
    "targets.no_hours": ("geen uren aan te wijzen", "no hours can be named"),
    "targets.few_hours": (
        "te weinig incidenten voor eigen uren; van alle gebieden samen: {hours}",
        "too few incidents for hours of its own; of all areas together: {hours}",
    ),
    "target": ("Gebied {rank}", "Area {rank}"),
    "target.chronic": ("elk jaar", "every year"),
    "target.seasonal": ("in dit seizoen", "in this season"),
    "target.new": ("nieuw", "new"),
    "row.hours": ("dagen en uren", "days and hours"),
    "row.expected_period": ("verwacht in deze periode, over alle uren", "expected in this period, over all hours"),
    "row.kind": ("soort", "kind"),
    "row.dwellings": ("woningen", "dwellings"),
    "row.streets": ("straten", "streets"),
    "row.nearby": ("in de buurt", "nearby"),
    "row.reasons": ("waarom hier", "why here"),
    "row.backtest": ("werkte dit eerder", "did this work before"),
    "row.doubts": ("wanneer klopt dit niet", "when is this wrong"),
}
