"""Waves: clusters in place and time."""

TEXTS: dict[str, tuple[str, str]] = {
    "words.waves.now": (
        "Er is nu een golf: {n} incidenten van {first} tot en met {last} op {area} ha, waar er {expected} te "
        "verwachten waren ({ratio} keer zo veel; even sterk bij alleen toeval: {p}).",
        "There is a wave now: {n} incidents from {first} up to and including {last} on {area} ha, where "
        "{expected} were to be expected ({ratio} times as many; as strong by chance alone: {p}).",
    ),
    "words.waves.often": (
        "Wie elke dag zo kijkt, ziet door toeval eens in de {runs} dagen een golf die zo sterk is.",
        "Who looks like this every day sees a wave as strong by chance once in {runs} days.",
    ),
    "words.waves.one": (
        "Eén golf in deze periode is meer dan toeval: {n} incidenten van {first} tot en met {last} op {area} ha, "
        "waar er {expected} te verwachten waren ({ratio} keer zo veel; even sterk bij alleen toeval: {p}).",
        "One wave in this period is more than chance: {n} incidents from {first} up to and including {last} on "
        "{area} ha, where {expected} were to be expected ({ratio} times as many; as strong by chance alone: {p}).",
    ),
    "words.waves.any": (
        "{k} golven in deze periode zijn meer dan toeval. De sterkste: {n} incidenten van {first} tot en met "
        "{last} op {area} ha, waar er {expected} te verwachten waren ({ratio} keer zo veel; "
        "even sterk bij alleen toeval: {p}).",
        "{k} waves in this period are more than chance. The strongest: {n} incidents from {first} up to and "
        "including {last} on {area} ha, where {expected} were to be expected ({ratio} times as many; "
        "as strong by chance alone: {p}).",
    ),
    "words.waves.none": (
        "Een golf is niet aangetoond: de sterkste ({n} incidenten in {days} dagen, {expected} verwacht) geeft "
        "toeval ook, in {p} van de nabootsingen.",
        "No wave has been shown: chance gives the strongest ({n} incidents in {days} days, {expected} expected) "
        "too, in {p} of the simulations.",
    ),
    "words.waves.untestable": (
        "Of er een golf is kon niet worden getoetst: nergens kwamen genoeg incidenten kort na elkaar.",
        "Whether there is a wave could not be tested: nowhere did enough incidents come soon after each other.",
    ),
    "words.waves.not_why": (
        "Een golf zegt dat er ergens een tijd lang meer was dan die plek en die tijd apart verklaren, niet waardoor.",
        "A wave says that for a time there was more somewhere than that place and that time apart explain, not why.",
    ),
    "words.clusters": (
        "Groepen van incidenten die in plaats en tijd dicht bij elkaar liggen: {n}, met {share} van alle {all}. "
        "De grootste: {first_n} incidenten in {days} dagen op {area} ha.",
        "Groups of incidents that lie close together in place and time: {n}, with {share} of all {all}. The "
        "largest: {first_n} incidents in {days} days on {area} ha.",
    ),
    "words.clusters.none": (
        "Er zijn geen groepen van incidenten die in plaats en tijd dicht genoeg bij elkaar liggen ({all} incidenten).",
        "There are no groups of incidents close enough together in place and time ({all} incidents).",
    ),
    "words.clusters.chance": (
        "Zulke groepen ontstaan ook door toeval, vooral waar het druk is: dit beschrijft en toetst niet.",
        "Such groups arise by chance too, above all where it is busy: this describes and does not test.",
    ),
    "layer.waves": ("Golven", "Waves"),
    "unit.waves": (
        "plek en tijd met meer incidenten dan plek en tijd apart verklaren",
        "place and time with more incidents than place and time apart explain",
    ),
    "layer.clusters": ("Groepen in plaats en tijd", "Groups in place and time"),
    "unit.clusters": (
        "minstens {least} incidenten binnen {metres} m en {days} dagen van elkaar",
        "at least {least} incidents within {metres} m and {days} days of each other",
    ),
    "wave": ("Golf {rank}", "Wave {rank}"),
    "group": ("Groep {rank}", "Group {rank}"),
    "row.period": ("periode", "period"),
    "row.days": ("dagen", "days"),
    "headline.waves": (
        "Golven in plaats en tijd: {n}. De sterkste: {incidents} incidenten waar er {expected} te verwachten "
        "waren, {period}.",
        "Waves in place and time: {n}. The strongest: {incidents} incidents where {expected} were to be "
        "expected, {period}.",
    ),
    "course.nieuw": ("nieuw", "new"),
    "course.aaneengesloten": ("de laatste tijd aaneen", "lately, in a row"),
    "course.toenemend": ("blijvend, steeds sterker", "lasting, ever stronger"),
    "course.blijvend": ("blijvend", "lasting"),
    "course.afnemend": ("blijvend, steeds zwakker", "lasting, ever weaker"),
    "course.wisselend": ("af en aan", "on and off"),
    "course.omgeslagen": ("omgeslagen", "turned round"),
    "course.voorbij": ("voorbij", "over"),
    "course.hoog": ("hoog: {course}", "high: {course}"),
    "course.laag": ("laag: {course}", "low: {course}"),
    "layer.emerging": ("Verloop van hotspots", "Course of hotspots"),
    "unit.emerging": (
        "stappen van {days} dagen, {first} tot en met {last}; buurt van {radius} m om elke cel",
        "steps of {days} days, {first} up to and including {last}; {radius} m around every cell",
    ),
    "note.emerging.nieuw": (
        "Nieuw: alleen in de laatste stap hoger dan toeval.",
        "New: higher than chance in the last step only.",
    ),
    "note.emerging.aaneengesloten": (
        "De laatste tijd aaneen: in de laatste twee of meer stappen op rij, nooit daarvoor.",
        "Lately, in a row: in the last two steps or more in a row, never before.",
    ),
    "note.emerging.toenemend": (
        "Blijvend, steeds sterker: in minstens 90 % van de stappen en de laatste, met een stijgende trend.",
        "Lasting, ever stronger: in at least 90% of the steps and the last one, with a rising trend.",
    ),
    "note.emerging.blijvend": (
        "Blijvend: in minstens 90 % van de stappen en de laatste, zonder trend.",
        "Lasting: in at least 90% of the steps and the last one, without a trend.",
    ),
    "note.emerging.afnemend": (
        "Blijvend, steeds zwakker: in minstens 90 % van de stappen en de laatste, met een dalende trend.",
        "Lasting, ever weaker: in at least 90% of the steps and the last one, with a falling trend.",
    ),
    "note.emerging.wisselend": (
        "Af en aan: in de laatste stap en vaker daarvoor, met onderbrekingen.",
        "On and off: in the last step and before, with breaks.",
    ),
    "note.emerging.omgeslagen": (
        "Omgeslagen: in de laatste stap, en eerder juist het tegendeel.",
        "Turned round: in the last step, and the opposite before.",
    ),
    "note.emerging.voorbij": (
        "Voorbij: in minstens 90 % van de stappen, maar niet in de laatste.",
        "Over: in at least 90% of the steps, but not in the last one.",
    ),
    "words.emerging": (
        "Van {first} tot en met {last} waren er in {high} van de {cells} cellen meer incidenten dan toeval "
        "verklaart (stappen van {days} dagen): {kinds}.",
        "From {first} up to and including {last}, {high} of the {cells} cells had more incidents than chance "
        "explains (steps of {days} days): {kinds}.",
    ),
    "words.emerging.none": (
        "Van {first} tot en met {last} is geen verloop van hotspots aangetoond (stappen van {days} dagen).",
        "From {first} up to and including {last} no course of hotspots has been shown (steps of {days} days).",
    ),
    "words.emerging.where": (
        "Hoog betekent: meer dan het gemiddelde van de cellen in die stap. Waar meer te halen valt, is het "
        "vanzelf hoger.",
        "High means: more than the mean of the cells in that step. Where there is more to strike, it is higher anyway.",
    ),
}
