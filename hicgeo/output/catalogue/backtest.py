"""Back-test: would the map have worked."""

TEXTS: dict[str, tuple[str, str]] = {
    "picture.used": ("gebruikt: {metres} m", "used: {metres} m"),
    "picture.bandwidth": ("bandbreedte in meters ({kernel})", "bandwidth in metres ({kernel})"),
    "picture.criterion": ("criterium", "criterion"),
    "picture.days": ("{n}\u00a0dagen", "{n}\u00a0days"),
    "picture.pai": (
        "keer zoveel incidenten als bij willekeurig kiezen (PAI, 95 %-interval)",
        "times as many incidents as a random choice (PAI, 95% interval)",
    ),
    "method.kde": ("dichtheid", "density"),
    "method.two_scale": ("dichtheid met de telling van het vak zelf", "density with the cell's own count"),
    "method.learned": (
        "dichtheid, eigen telling, recente maanden, herhalingen en woningen samen",
        "density, own count, recent months, near repeats and dwellings together",
    ),
    "method.last_year_100m": (
        "tellen per vak van 100 m in het afgelopen jaar",
        "counting per square of 100 m over the past year",
    ),
    "method.last_year_250m": (
        "tellen per vak van 250 m in het afgelopen jaar",
        "counting per square of 250 m over the past year",
    ),
    "method.last_month_100m": (
        "tellen per vak van 100 m in de afgelopen maand",
        "counting per square of 100 m over the past month",
    ),
    "method.dwellings": ("de vakken met de meeste woningen", "the squares with the most dwellings"),
    "method.random": ("willekeurig kiezen", "choosing at random"),
    "words.backtest": (
        "Teruggekeken van {first} tot en met {last}, steeds {days} dagen vooruit: in {share} van het gebied viel "
        "{rate} van de incidenten ({method}), {pai} keer zoveel als bij willekeurig kiezen (95 %-interval {low} tot "
        "{high}).",
        "Looking back from {first} to {last}, {days} days ahead each time: {share} of the area held {rate} of the "
        "incidents ({method}), {pai} times as many as a random choice (95% interval {low} to {high}).",
    ),
    "words.backtest.no": (
        "Teruggekeken van {first} tot en met {last}, steeds {days} dagen vooruit: de kaart ({method}) deed het niet "
        "aantoonbaar beter dan willekeurig kiezen ({pai} keer, 95 %-interval {low} tot {high}): gebruik hem niet om "
        "vooruit te kijken.",
        "Looking back from {first} to {last}, {days} days ahead each time: the map ({method}) did not do demonstrably "
        "better than a random choice ({pai} times, 95% interval {low} to {high}): do not use it to look ahead.",
    ),
    "words.backtest.better": (
        "Dat is aantoonbaar beter dan {baseline} ({theirs} keer).",
        "That is demonstrably better than {baseline} ({theirs} times).",
    ),
    "words.backtest.same": (
        "Dat is niet aantoonbaar beter dan {baseline} ({theirs} keer), wat iedereen kan.",
        "That is not demonstrably better than {baseline} ({theirs} times), which anyone can do.",
    ),
    "words.backtest.worse": (
        "Dat is slechter dan {baseline} ({theirs} keer): gebruik liever dat.",
        "That is worse than {baseline} ({theirs} times): use that instead.",
    ),
    "words.backtest.short": (
        "De periode van {first} tot en met {last} is te kort om te zeggen of de kaart vooruit helpt.",
        "The period from {first} to {last} is too short to say whether the map helps to look ahead.",
    ),
}
