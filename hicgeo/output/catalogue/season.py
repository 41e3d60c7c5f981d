"""Dark days and groups by season."""

TEXTS: dict[str, tuple[str, str]] = {
    "dark.higher": ("meer in de donkere dagen", "more in the dark days"),
    "dark.same": ("geen verschil aangetoond", "no difference shown"),
    "dark.lower": ("minder in de donkere dagen", "fewer in the dark days"),
    "dark.unknown": ("te weinig of geen cijfers", "too few or no figures"),
    "layer.dark": ("Donkere dagen: meer {crime}?", "Dark days: more {crime}?"),
    "layer.seasons": ("Groepen naar verloop over het jaar", "Groups by course over the year"),
    "unit.dark": (
        "oktober-maart tegen april-september, per dag",
        "October-March against April-September, per day",
    ),
    "unit.seasons": ("gebieden met hetzelfde maandpatroon", "areas with the same monthly pattern"),
    "note.dark": (
        "Alleen ingekleurd als het 95 %-interval van de verhouding niet over 1 heen gaat.",
        "Only coloured where the 95% interval of the ratio does not cross 1.",
    ),
    "note.dark.trend": (
        "De verhouding is gezuiverd van de stijging of daling over de jaren.",
        "The ratio is adjusted for the rise or fall over the years.",
    ),
    "note.seasons": (
        "{k} groepen; stabiliteit {stability} (1 = elke herhaling geeft dezelfde groepen).",
        "{k} groups; stability {stability} (1 = every repetition gives the same groups).",
    ),
    "note.seasons.one": (
        "Er is één patroon: de cijfers geven geen reden om gebieden naar seizoen te verdelen.",
        "There is one pattern: the figures give no reason to divide the areas by season.",
    ),
    "seasons.group": ("{name}: {course}, {ratio} × in het donker", "{name}: {course}, {ratio} × in the dark"),
    "seasons.one": ("één patroon", "one pattern"),
    "seasons.none": ("niet in te delen", "cannot be assigned"),
    "layer.places": ("Plekken naar seizoen", "Places by season"),
    "unit.places": ("clusters van incidenten in cellen", "clusters of incidents in cells"),
    "places.all_year": ("in beide helften van het jaar", "in both halves of the year"),
    "places.dark": ("meer in het donker dan elders", "more in the dark than elsewhere"),
    "places.light": ("meer in het licht dan elders", "more in the light than elsewhere"),
    "places.once": ("vooral in één seizoen", "mostly in one season"),
    "places.undecided": ("onbeslist", "undecided"),
    "note.places.kinds": (
        "Meer dan elders: een ander aandeel in het donker dan de hele stad, meer dan toeval geeft. Vooral in één "
        "seizoen: meer dan de helft viel in een enkel half jaar.",
        "More than elsewhere: another share in the dark than the whole town, by more than chance makes. Mostly in one "
        "season: more than half fell in a single half year.",
    ),
    "note.places": (
        "Een cluster: vakken met {n} of meer incidenten binnen {eps} m van hun midden, in de donkere of in de lichte "
        "maanden; in het vak zelf hoeft niets gebeurd te zijn.",
        "A cluster: cells with {n} or more incidents within {eps} m of their centre, in the dark or in the light "
        "months; in the cell itself nothing need have happened.",
    ),
    "note.places.dropped": (
        "Weggelaten: {n} stukken met minder dan {least} incidenten in de eigen vakken.",
        "Left out: {n} pieces with fewer than {least} incidents in their own cells.",
    ),
    "note.places.limit": (
        "Onbeslist: een cluster in één helft van het jaar, te weinig om er een seizoen in te zien.",
        "Undecided: a cluster in one half of the year, too little to see a season in it.",
    ),
    "row.dark_ratio": ("donker gedeeld door licht", "dark divided by light"),
    "picture.dark": ("Donkere dagen gedeeld door lichte dagen", "Dark days divided by light days"),
    "words.dark": (
        "In de donkere dagen {ratio} keer zoveel {crime} per dag als in de lichte maanden (95 %-interval {low} tot "
        "{high}), uit aantallen per maand, met de trend verrekend.",
        "In the dark days there are {ratio} times as many {crime} a day as in the light months (95% interval {low} "
        "to {high}), from counts per month, allowing for the trend.",
    ),
    "words.dark.same": (
        "Geen verschil aangetoond tussen donkere dagen en lichte maanden: {ratio} keer zoveel {crime} per dag (95 %-"
        "interval {low} tot {high}).",
        "No difference shown between dark days and light months: {ratio} times as many {crime} a day (95% interval "
        "{low} to {high}).",
    ),
    "words.dark.unknown": (
        "Te weinig {crime} voor een uitspraak over de donkere dagen.",
        "Too few {crime} to say anything about the dark days.",
    ),
    "words.dark.incomplete": ("Onvolledige seizoenen: {seasons}.", "Incomplete seasons: {seasons}."),
    "words.dark.areas": (
        "Meer {crime} in de donkere dagen: {above} gebieden; minder: {below}; geen verschil aangetoond: {unclear}; te "
        "weinig cijfers: {unknown}.",
        "More {crime} in the dark days: {above} areas; fewer: {below}; no difference shown: {unclear}; too few "
        "figures: {unknown}.",
    ),
    "words.groups.one": (
        "Alle gebieden delen één verloop over het jaar; meer groepen zijn niet aan te tonen.",
        "All areas share one course over the year; more groups cannot be shown.",
    ),
    "words.groups": (
        "{k} groepen naar verloop over het jaar: {groups}; {unclear} gebieden niet in te delen. Overeenkomst tussen "
        "even en oneven jaren: {stability} (1 is gelijk, 0 is toeval).",
        "{k} groups by course over the year: {groups}; {unclear} areas not to be placed. Agreement between even and "
        "odd years: {stability} (1 is equal, 0 is chance).",
    ),
    "words.groups.each": (
        "{name} ({course}; {n} gebieden, {ratio} keer zoveel in het donker)",
        "{name} ({course}; {n} areas, {ratio} times as many in the dark)",
    ),
    "words.groups.unstable": (
        "De indeling is niet stabiel: gebruik haar niet voor afzonderlijke gebieden.",
        "The grouping is not stable: do not use it for single areas.",
    ),
    "course.flat": ("vlak", "flat"),
    "course.summer": ("zomer", "summer"),
    "course.peak": ("piek {months}", "peak {months}"),
    "course.and": (" en ", " and "),
    "words.darkness.winter": (
        "Een andere schatting, uit aantallen per dag en met ook feestdagen verrekend: in de donkere maanden {ratio} "
        "keer zoveel als in de lichte (95 %-interval {low} tot {high}).",
        "Another estimate, from counts per day and allowing for public holidays too: {ratio} times as much in the dark "
        "months as in the light ones (95% interval {low} to {high}).",
    ),
    "words.darkness.winter.school": (
        "Een andere schatting, uit aantallen per dag en met ook feestdagen en schoolvakanties verrekend: in de donkere "
        "maanden {ratio} keer zoveel als in de lichte (95 %-interval {low} tot {high}).",
        "Another estimate, from counts per day and allowing for public and school holidays too: {ratio} times as much "
        "in the dark months as in the light ones (95% interval {low} to {high}).",
    ),
    "words.darkness.share": (
        "Naar schatting {share} van dat verschil gaat samen met donkere uren waarin woningen leeg staan (95 %-interval "
        "{low} tot {high}).",
        "An estimated {share} of that difference goes with dark hours in which homes are empty (95% interval {low} to "
        "{high}).",
    ),
    "words.darkness.unclear": (
        "Of dat met het donker samengaat of met de tijd van het jaar, is uit deze cijfers niet op te maken: die twee "
        "lopen te gelijk op.",
        "Whether that goes with the darkness or with the time of year cannot be told from these figures: the two move "
        "too much alike.",
    ),
    "words.darkness.clock": (
        "Rond het verzetten van de klok, bij dezelfde zon, gebeurt er onder wintertijd {ratio} keer zoveel als onder "
        "zomertijd (95 %-interval {low} tot {high}).",
        "Around the change of the clock, under the same sun, {ratio} times as much happens by winter time as by summer "
        "time (95% interval {low} to {high}).",
    ),
    "words.darkness.limit": (
        "Dit is samenhang: het zegt niet wat er zou gebeuren met meer licht, en scheidt het donker niet van wat mensen "
        "anders doen zodra de klok is verzet.",
        "This is association: it does not say what would happen with more light, nor does it separate the darkness "
        "from what people do differently once the clock has changed.",
    ),
    "words.outlook": (
        "Voor het donkere seizoen {season} zijn {expected} incidenten te verwachten als het gaat zoals het ging "
        "({level}-voorspelinterval {low} tot {high}).",
        "In the dark season {season} {expected} incidents are to be expected if things go on as they went ({level} "
        "prediction interval {low} to {high}).",
    ),
    "words.outlook.last": ("Vorig seizoen waren het er {n}.", "Last season there were {n}."),
    "words.outlook.top": (
        "De meeste zijn te verwachten in {code}: {expected} ({level}-voorspelinterval {low} tot {high}).",
        "Most are to be expected in {code}: {expected} ({level} prediction interval {low} to {high}).",
    ),
    "words.outlook.limit": (
        "De verwachting kent niets dat nog moet beginnen: geen inzet, geen nieuwe dadergroep.",
        "The outlook knows nothing that has yet to begin: no operation, no new group of offenders.",
    ),
    "picture.hours": ("Uren van de week: {crime}", "Hours of the week: {crime}"),
    "picture.hours.how": ("Uur van de dag, naar manier van dateren", "Hour of the day, by way of dating"),
    "picture.hours.hour": ("uur van de dag", "hour of the day"),
    "picture.hours.unit": ("incidenten", "incidents"),
    "picture.hours.aoristic": (
        "over het tijdvenster gespreid, met 95 %-interval",
        "spread over the window, with 95% interval",
    ),
    "picture.hours.by_start": ("op het begin", "at the start"),
    "picture.hours.by_middle": ("op het midden", "at the middle"),
    "picture.hours.by_end": ("op het einde", "at the end"),
    "picture.months": ("Maanden per jaar: {crime} per dag", "Months by year: {crime} a day"),
    "picture.groups": ("Verloop over het jaar per groep", "Course over the year by group"),
    "picture.groups.each": ("{n} gebieden", "{n} areas"),
    "picture.dark.trend": ("met de trend verrekend, met 95 %-interval", "allowing for the trend, with 95% interval"),
    "picture.dark.plain": ("zoals geteld", "as counted"),
    "picture.dark.none": ("onvolledig", "incomplete"),
    "words.places": (
        "{n} plekken met een cluster: {all_year} in beide helften van het jaar, {dark} met meer in het donker dan "
        "elders, {light} met meer in het licht, {once} vooral in één seizoen, {undecided} onbeslist.",
        "{n} places with a cluster: {all_year} in both halves of the year, {dark} with more in the dark than "
        "elsewhere, {light} with more in the light, {once} mostly in one season, {undecided} undecided.",
    ),
    "words.hours.long": (
        "Niet meegeteld: {n} met een venster langer dan {limit} uur.",
        "Not counted: {n} with a window longer than {limit} hours.",
    ),
    "words.hours.found": (
        "Niet meegeteld: {n} waarvan alleen bekend is wanneer ze zijn ontdekt.",
        "Not counted: {n} of which it is only known when they were found.",
    ),
    "words.hours.all": (
        "{used} incidenten zijn over hun tijdvenster gespreid.",
        "{used} incidents are spread over their window of time.",
    ),
    "words.hours.top": (
        "De drukste {run} uren achtereen van de week: {day} {begin}-{end} uur, naar schatting {n} van de {used} ({low} "
        "tot {high}; daarin is meegerekend dat dit de hoogste van alle uren zijn).",
        "The busiest {run} hours in a row of the week: {day} {begin}-{end} h, an estimated {n} of {used} ({low} to "
        "{high}, allowing for their being the highest of all hours).",
    ),
}
