"""The briefing of one page."""

TEXTS: dict[str, tuple[str, str]] = {
    "briefing.title": ("Briefing", "Briefing"),
    "briefing.open": ("Open de briefing", "Open the briefing"),
    "briefing.things": ("Om te weten", "What to know"),
    "briefing.things.3": ("Drie dingen om te weten", "Three things to know"),
    "briefing.norm": ("Vergeleken met de norm", "Compared with the norm"),
    "briefing.season": ("Het seizoen", "The season"),
    "briefing.hotspots": ("Waar het zich concentreert", "Where it concentrates"),
    "briefing.targets": ("Waar en wanneer inzetten", "Where and when to act"),
    "briefing.backtest": ("Werkte deze keuze eerder?", "Did this choice work before?"),
    "digest.first": ("De eerste {shown} van {n}.", "The first {shown} of {n}."),
    "headline.norm": (
        "{Crime}: {n} van {judged} {areas} aantoonbaar boven de norm ({names}).",
        "{Crime}: {n} of {judged} {areas} demonstrably above the norm ({names}).",
    ),
    "headline.norm.moved": (
        " Niet meegeteld: {n}, waar de grens waarschijnlijk is verschoven.",
        " Not counted: {n}, where the border has probably moved.",
    ),
    "headline.norm.none": (
        "{Crime}: geen van {judged} {areas} is aantoonbaar boven de norm.",
        "{Crime}: none of {judged} {areas} is demonstrably above the norm.",
    ),
    "headline.hotspots": (
        "{n} hotspots: {area} van het gebied met {share} van de incidenten.",
        "{n} hotspots: {area} of the area with {share} of the incidents.",
    ),
    "headline.hotspots.one": (
        "Eén hotspot: {area} van het gebied met {share} van de incidenten.",
        "One hotspot: {area} of the area with {share} of the incidents.",
    ),
    "headline.places": (
        "{n} plekken met de hoogste dichtheid, samen {area} van het gebied.",
        "{n} places of the highest density, together {area} of the area.",
    ),
    "headline.places.one": (
        "Eén plek met de hoogste dichtheid: {area} van het gebied.",
        "One place of the highest density: {area} of the area.",
    ),
    "headline.more": (
        " Meer dan toeval, gegeven de woningen: {more} van de {n}.",
        " More than chance, given the dwellings: {more} of {n}.",
    ),
    "headline.more.one": (
        " Meer dan toeval, gegeven de woningen: {more} van 1.",
        " More than chance, given the dwellings: {more} of 1.",
    ),
    "headline.untested": (
        " Of dat meer is dan toeval, is niet getoetst.",
        " Whether that is more than chance was not tested.",
    ),
}
