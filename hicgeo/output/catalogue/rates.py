"""Rates against the norm."""

TEXTS: dict[str, tuple[str, str]] = {
    "state.boven": ("boven de norm", "above the norm"),
    "state.niet te onderscheiden": ("niet te onderscheiden van de norm", "not distinguishable from the norm"),
    "state.onder": ("onder de norm", "below the norm"),
    "state.te klein": ("te klein voor een uitspraak", "too small to tell"),
    "state.onbekend": ("niet te berekenen: aantal {base} onbekend", "cannot be computed: number of {base} unknown"),
    "state.onvolledig": ("cijfers onvolledig", "figures incomplete"),
    "state.verschoven": ("cijfer klopt niet: grens waarschijnlijk verschoven", "figure wrong: border probably moved"),
    "state.none": ("geen cijfers", "no figures"),
    "layer.rate": ("{Crime} per {per} {base}", "{Crime} per {per} {base}"),
    "layer.norm": ("{Crime}: vergeleken met de norm", "{Crime}: compared with the norm"),
    "unit.rate": ("{crime} per {per} {base}, {period}", "{crime} per {per} {base}, {period}"),
    "unit.norm": (
        "norm: {norm} per {per} {base}; hooguit 1 op de 20 oordelen onjuist; {period}",
        "norm: {norm} per {per} {base}; at most 1 verdict in 20 is wrong; {period}",
    ),
    "unit.norm.many": (
        "hooguit 1 op de 20 oordelen onjuist; {period}",
        "at most 1 verdict in 20 is wrong; {period}",
    ),
    "note.rate": (
        "Gearceerde {areas} zijn niet ingekleurd: het cijfer is daar te onzeker of onvolledig.",
        "Hatched {areas} are not coloured: their figure is too uncertain or incomplete.",
    ),
    "note.norm": (
        "'Boven' en 'onder' staan er alleen als het verschil met de norm groter is dan toeval kan verklaren. Dat "
        "oordeel weegt alle {areas} samen: een gebied kan 'boven' zijn terwijl zijn eigen 95 %-interval de norm nog "
        "raakt, en andersom.",
        "'Above' and 'below' are only said where the difference from the norm is larger than chance explains. That "
        "verdict weighs all {areas} together: one can be 'above' while its own 95% interval still touches the norm, "
        "and the reverse.",
    ),
    "note.coverage": (
        "Er zijn cijfers voor {share} van de {base}.",
        "There are figures for {share} of the {base}.",
    ),
    "note.moved": (
        "{n} {areas} met een cijfer van meer dan vijf keer dat van hun gemeente: waarschijnlijk is de grens verschoven "
        "en klopt het cijfer niet ({names}).",
        "{n} {areas} with a figure over five times that of their municipality: the border has probably moved and the "
        "figure is wrong ({names}).",
    ),
    "note.absent": (
        "{n} gebieden met cijfers hebben geen grens op deze kaart en staan er niet op.",
        "{n} areas with figures have no border on this map and are not on it.",
    ),
    "mark.above": ("aantoonbaar boven de norm", "shown to be above the norm"),
    "row.rate": ("per {per} {base}", "per {per} {base}"),
    "row.norm": ("norm", "norm"),
    "row.state": ("oordeel", "verdict"),
    "row.coverage": ("dekking", "coverage"),
    "picture.norm": ("norm", "norm"),
    "words.rate": (
        "{Crime}: {rate} per {per} {base} ({period}).",
        "{Crime}: {rate} per {per} {base} ({period}).",
    ),
    "words.rate.part": (
        "{Crime}: {rate} per {per} {base} ({period}), over de {coverage} van de {base} waarvan cijfers zijn.",
        "{Crime}: {rate} per {per} {base} ({period}), over the {coverage} of the {base} that have figures.",
    ),
    "words.norm.regional": ("het gemiddelde van het hele gebied ({norm})", "the average of the whole area ({norm})"),
    "words.norm.others": ("het gemiddelde van de andere gebieden", "the average of the other areas"),
    "words.norm.table": ("de norm per gebied", "the norm of each area"),
    "words.norm.given": ("de norm van {norm}", "the norm of {norm}"),
    "words.states": (
        "Boven {norm}: {above} van {judged} gebieden, eronder: {below}; bij {same} is het verschil niet van toeval te "
        "onderscheiden. Niet beoordeeld: {small} te klein, {part} onvolledig.",
        "Above {norm}: {above} of {judged} areas, below: {below}; for {same} the difference cannot be told from "
        "chance. Not judged: {small} too small, {part} incomplete.",
    ),
    "words.not_judged": (
        "Geen gebied is groot en volledig genoeg om te beoordelen.",
        "No area is large and complete enough to be judged.",
    ),
    "words.moved_border": (
        "Let op: meer dan vijf keer het cijfer van de rest van de gemeente in {codes}. "
        "Waarschijnlijk is de grens verlegd sinds de telling; ze tellen hierboven niet mee.",
        "Mind: over five times the rate of the rest of the municipality in {codes}. The border "
        "has probably moved since the count; they are not counted above.",
    ),
    "words.match.all": ("Alle gebieden hebben cijfers, en andersom.", "Every area has figures, and the reverse."),
    "words.match": (
        "{alone} gebieden ({base}, {share_base}) hebben geen cijfers; {lost} getelde codes ({incidents} "
        "incidenten, {share}) hebben geen gebied op de kaart. Beide tellen niet mee.",
        "{alone} areas ({base}, {share_base}) have no figures; {lost} counted codes ({incidents} "
        "incidents, {share}) have no area on the map. Neither takes part.",
    ),
}
