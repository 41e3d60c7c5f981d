"""Plan and evaluation of an operation."""

TEXTS: dict[str, tuple[str, str]] = {
    "words.detectable": (
        "Met {expected} verwachte incidenten is pas een daling van {fall} of meer aan te tonen (kans {power}).",
        "With {expected} incidents expected only a fall of {fall} or more can be shown (with a chance of {power}).",
    ),
    "words.detectable.none": (
        "Met {expected} verwachte incidenten is geen enkele daling aan te tonen: kies meer gebieden of een langere "
        "periode.",
        "With {expected} incidents expected no fall at all can be shown: take more areas or a longer period.",
    ),
    "words.operation.refused": (
        "Geen conclusie over de inzet: {reasons}.",
        "No conclusion on the operation: {reasons}.",
    ),
    "words.operation.reason.plan_after_start": (
        "het plan is pas na de start gemaakt",
        "the plan was made after the start",
    ),
    "words.operation.reason.controls_overlap": (
        "controlegebieden overlappen met de gebieden van de inzet",
        "control areas overlap the areas of the operation",
    ),
    "words.operation.reason.periods_overlap": (
        "de periode ervoor loopt door in de inzet",
        "the period before runs into the operation",
    ),
    "words.operation.reason.data_end_early": (
        "de gegevens lopen niet tot het einde van de inzet",
        "the data do not run to the end of the operation",
    ),
    "words.operation.reason.no_incidents": (
        "er zijn geen incidenten om te vergelijken",
        "there are no incidents to compare",
    ),
    "words.operation.fell": (
        "In de gebieden van de inzet waren er {n} minder incidenten dan de controlegebieden doen verwachten "
        "(95 %-interval {low} tot {high}).",
        "In the areas of the operation there were {n} fewer incidents than the control areas lead to expect "
        "(95% interval {low} to {high}).",
    ),
    "words.operation.rose": (
        "In de gebieden van de inzet waren er {n} méér incidenten dan de controlegebieden doen verwachten "
        "(95 %-interval {low} tot {high}).",
        "In the areas of the operation there were {n} more incidents than the control areas lead to expect "
        "(95% interval {low} to {high}).",
    ),
    "words.operation.none": (
        "Een effect van de inzet is niet aangetoond: het verschil met de controlegebieden is {n} incidenten "
        "(95 %-interval {low} tot {high}). Dat is geen bewijs dat er geen effect was.",
        "An effect of the operation has not been shown: the difference to the control areas is {n} incidents "
        "(95% interval {low} to {high}). That is no proof that there was none.",
    ),
    "words.operation.criterion.ja": (
        "Het vooraf gestelde doel ({fall} minder) is gehaald.",
        "The criterion set beforehand ({fall} fewer) was met.",
    ),
    "words.operation.criterion.nee": (
        "Het vooraf gestelde doel ({fall} minder) is niet gehaald.",
        "The criterion set beforehand ({fall} fewer) was not met.",
    ),
    "words.operation.criterion.niet te zeggen": (
        "Of het vooraf gestelde doel ({fall} minder) is gehaald, is niet te zeggen; vooraf was een daling van "
        "{detectable} of meer aan te tonen.",
        "Whether the criterion set beforehand ({fall} fewer) was met cannot be said; beforehand a fall of {detectable} "
        "or more could be shown.",
    ),
    "words.operation.moved.verplaatsing": (
        "In de omgeving nam het aantal incidenten toe: een deel is verplaatst.",
        "In the surroundings incidents increased: some were displaced.",
    ),
    "words.operation.moved.meegeprofiteerd": (
        "De omgeving profiteerde mee.",
        "The surroundings profited too.",
    ),
    "words.operation.moved.niet aangetoond": (
        "Verplaatsing naar de omgeving is niet aangetoond.",
        "Displacement to the surroundings has not been shown.",
    ),
    "words.operation.moved.niet gemeten": (
        "Verplaatsing naar de omgeving is niet gemeten.",
        "Displacement to the surroundings was not measured.",
    ),
    "layer.operation": ("De inzet en waarmee hij is vergeleken", "The operation and what it is compared with"),
    "unit.operation": (
        "{crime}: ervoor ({before}, omgerekend naar even lang) → tijdens ({during})",
        "{crime}: before ({before}, at equal length) → during ({during})",
    ),
    "unit.operation.places": ("{crime}: {before} en {during}", "{crime}: {before} and {during}"),
    "operation.counted": ("{before} → {after}", "{before} → {after}"),
    "note.operation": (
        "In de omgeving is gekeken of incidenten zich verplaatsten. De kaart laat zien waar is gemeten; het oordeel is "
        "een vergelijking van aantallen, geen bewijs van oorzaak.",
        "In the surroundings it was looked whether incidents moved. The map shows where it was measured; the verdict "
        "compares counts and is no proof of cause.",
    ),
    "operation.before": ("ervoor (omgerekend)", "before (same length)"),
    "operation.after": ("tijdens", "during"),
    "operation.counts": ("Incidenten", "Incidents"),
    "operation.effects": ("Verschil met de controlegebieden", "Difference to the control areas"),
    "column.role.treated": ("inzet", "operation"),
    "column.role.control": ("controle", "control"),
    "column.role.treated_ring": ("omgeving inzet", "around operation"),
    "column.role.control_ring": ("omgeving controle", "around control"),
    "operation.effect.direct": ("in de gebieden", "in the areas"),
    "operation.effect.ring": ("in de omgeving", "in the surroundings"),
    "operation.effect.total": ("samen", "together"),
    "operation.wdq": (
        "Verplaatsingsquotiënt (WDQ) {wdq}: boven 0 profiteert de omgeving mee, onder 0 verplaatst het.",
        "Displacement quotient (WDQ) {wdq}: above 0 the surroundings profit too, below 0 crime moves there.",
    ),
}
