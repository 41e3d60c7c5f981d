"""Relative risk: incidents against what can be struck."""

TEXTS: dict[str, tuple[str, str]] = {
    "layer.risk": ("Waar de kans hoger is dan gemiddeld", "Where the risk is above the mean"),
    "unit.risk.tested": (
        "{crime} gegeven {base}, cellen van {cell} m",
        "{crime} given the {base}, cells of {cell} m",
    ),
    "risk.family": ("meer dan toeval, waar dan ook", "more than chance, wherever"),
    "risk.high": ("hoger, alleen op deze plek bekeken", "higher, looking at this place alone"),
    "risk.low": ("lager, alleen op deze plek bekeken", "lower, looking at this place alone"),
    "risk.ratio.high": ("minstens {times} keer het gemiddelde", "at least {times} times the mean"),
    "risk.ratio.low": ("hoogstens {times} keer het gemiddelde", "at most {times} times the mean"),
    "note.risk.tested": (
        "Van {n} incidenten op {units} {base}, gladgestreken met {bandwidth} m ({kernel}), {chosen}. Alleen de eerste "
        "klasse is een bevinding: van de andere twee hoort bij zuiver toeval al 5 % van het gebied te zijn. Waar "
        "minder dan 4 incidenten te verwachten zijn, is niet getoetst. Herhalingen binnen 100 m en 7 dagen tellen bij "
        "de toets als één.",
        "Of {n} incidents on {units} {base}, smoothed with {bandwidth} m ({kernel}), {chosen}. Only the first class is "
        "a finding: by pure chance 5% of the area is of each of the other two. Where fewer than 4 incidents are to be "
        "expected, nothing was tested. Repeats within 100 m and 7 days count as one in the test.",
    ),
    "note.risk.untested": (
        "Een beeld, geen toets: van de {base} is alleen het totaal per buurt bekend en niet waar ze staan. {n} "
        "incidenten, gladgestreken met {bandwidth} m ({kernel}), {chosen}.",
        "A picture, no test: of the {base} only the total per neighbourhood is known and not where they are. {n} "
        "incidents, smoothed with {bandwidth} m ({kernel}), {chosen}.",
    ),
    "words.risk": (
        "Gegeven waar de {base} staan is de kans op {area} hectare aantoonbaar hoger dan gemiddeld, op het hoogste "
        "punt {times} keer.",
        "Given where the {base} are, the risk is demonstrably above the mean on {area} hectares, {times} times at its "
        "highest.",
    ),
    "words.risk.undated": (
        "Zonder datum: {n} van de {all} incidenten. Die tellen los mee, en herhalingen kort na elkaar lijken daar op "
        "een hogere kans.",
        "Without a date: {n} of the {all} incidents. Those count one by one, and repeats soon after each other look "
        "like a higher risk there.",
    ),
    "words.risk.none": (
        "Gegeven waar de {base} staan is de kans nergens aantoonbaar hoger dan gemiddeld.",
        "Given where the {base} are, the risk is nowhere demonstrably above the mean.",
    ),
    "words.risk.untested": (
        "Hoe de kans verschilt is niet getoetst: van de {base} is alleen het totaal per buurt bekend.",
        "How the risk differs was not tested: of the {base} only the total per neighbourhood is known.",
    ),
    "words.risk.small": (
        "Te weinig incidenten om de kans ergens te toetsen: nergens zijn er 4 of meer te verwachten.",
        "Too few incidents to test the risk anywhere: nowhere are 4 or more to be expected.",
    ),
    "picture.risk": ("keer het gemiddelde", "times the mean"),
    "picture.risk.family": ("meer dan toeval (5 %, hele gebied)", "more than chance (5%, whole area)"),
    "picture.risk.here": ("hoger of lager (5 %, deze plek)", "higher or lower (5%, this place)"),
}
