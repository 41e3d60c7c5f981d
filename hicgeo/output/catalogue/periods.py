"""Months and periods on the map, and the controls that go with them."""

TEXTS: dict[str, tuple[str, str]] = {
    "page.month": ("Maand", "Month"),
    "page.month_back": ("Vorige maand", "Previous month"),
    "page.month_on": ("Volgende maand", "Next month"),
    "page.year_before": ("Vergelijk met een jaar eerder", "Compare with a year before"),
    "page.swipe": ("Schuif de scheidslijn tussen de twee perioden", "Move the divider between the two periods"),
    "layer.months": ("{Crime} per maand", "{Crime} by month"),
    "layer.comparison": ("{rate}: {earlier} naast {later}", "{rate}: {earlier} beside {later}"),
    "unit.months": ("aantal {crime} in de gekozen maand", "number of {crime} in the chosen month"),
    "note.months": (
        "Aantallen, geen risico: in een grote {area} wonen meer mensen. Een verschil van enkele incidenten tussen twee "
        "maanden is gewoonlijk toeval.",
        "Counts, not risk: a large {area} has more people. A difference of a few incidents between two months is "
        "usually chance.",
    ),
    "note.parts": (
        "Een incident waarvan het moment niet vaststaat, telt in elke maand waarin het gebeurd kan zijn voor een deel.",
        "An incident whose moment is not certain counts for a part in every month in which it can have happened.",
    ),
    "note.comparison": (
        "Beide perioden hebben dezelfde klassen. Links van de scheidslijn de eerste, rechts de tweede.",
        "Both periods have the same classes. Left of the divider the first, right the second.",
    ),
    "months.zero": ("geen", "none"),
    "months.missing": ("niet gepubliceerd", "not published"),
    "months.provisional": ("voorlopig", "provisional"),
    "months.of": ("{n} van {all} met een cijfer", "{n} of {all} that have a figure"),
    "months.none": ("{Month}: geen cijfers ({areas}).", "{Month}: no figures ({areas})."),
    "months.total": ("{Month}: {total} {crime} in de {areas}.", "{Month}: {total} {crime} in the {areas}."),
    "months.total.before": (
        "{Month}: {total} {crime}, een jaar eerder {before} ({areas}).",
        "{Month}: {total} {crime}, a year before {before} ({areas}).",
    ),
    "row.year_before": ("een jaar eerder", "a year before"),
    "row.status": ("cijfers", "figures"),
}
