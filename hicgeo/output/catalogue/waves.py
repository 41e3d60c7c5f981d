"""Waves: clusters in place and time."""

TEXTS: dict[str, tuple[str, str]] = {
    "words.waves.now": (
        "Er is nu een golf: {n} incidenten van {first} tot en met {last} op {area} ha, waar er {expected} te "
        "verwachten waren ({ratio} keer zo veel, p = {p}).",
        "There is a wave now: {n} incidents from {first} up to and including {last} on {area} ha, where "
        "{expected} were to be expected ({ratio} times as many, p = {p}).",
    ),
    "words.waves.often": (
        "Wie elke dag zo kijkt, ziet door toeval eens in de {runs} dagen een golf die zo sterk is.",
        "Who looks like this every day sees a wave as strong by chance once in {runs} days.",
    ),
    "words.waves.one": (
        "Eén golf in deze periode is meer dan toeval: {n} incidenten van {first} tot en met {last} op {area} ha, "
        "waar er {expected} te verwachten waren ({ratio} keer zo veel, p = {p}).",
        "One wave in this period is more than chance: {n} incidents from {first} up to and including {last} on "
        "{area} ha, where {expected} were to be expected ({ratio} times as many, p = {p}).",
    ),
    "words.waves.any": (
        "{k} golven in deze periode zijn meer dan toeval. De sterkste: {n} incidenten van {first} tot en met "
        "{last} op {area} ha, waar er {expected} te verwachten waren ({ratio} keer zo veel, p = {p}).",
        "{k} waves in this period are more than chance. The strongest: {n} incidents from {first} up to and "
        "including {last} on {area} ha, where {expected} were to be expected ({ratio} times as many, p = {p}).",
    ),
    "words.waves.none": (
        "Een golf is niet aangetoond: de sterkste ({n} incidenten in {days} dagen, {expected} verwacht) geeft "
        "toeval ook (p = {p}).",
        "No wave has been shown: chance gives the strongest ({n} incidents in {days} days, {expected} expected) "
        "too (p = {p}).",
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
        "Groepen van incidenten die in plaats en tijd dicht bij elkaar liggen: {n}, met {share} van alle {all}. De "
        "grootste: {first_n} incidenten in {days} dagen op {area} ha.",
        "Groups of incidents that lie close together in place and time: {n}, with {share} of all {all}. The largest: "
        "{first_n} incidents in {days} days on {area} ha.",
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
        "Golven in plaats en tijd: {n}. De sterkste: {incidents} incidenten waar er {expected} te verwachten waren, "
        "{period}.",
        "Waves in place and time: {n}. The strongest: {incidents} incidents where {expected} were to be expected, "
        "{period}.",
    ),
}
