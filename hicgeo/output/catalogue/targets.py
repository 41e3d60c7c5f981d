"""Target areas in words."""

TEXTS: dict[str, tuple[str, str]] = {
    "targets.why.ratio": (
        "Per hectare wordt hier {times} keer zo veel verwacht als gemiddeld in het gebied; incidenten in het afgelopen "
        "jaar: {n}, waarvan {recent} in de laatste vier weken.",
        "Per hectare {times} times as many are expected here as on average; incidents in the past year: {n}, {recent} "
        "of them in the last four weeks.",
    ),
    "targets.why.chronic": (
        "In {hot} van de {years} jaren was het hier ruim twee keer zo druk als gemiddeld.",
        "In {hot} of the {years} years it was more than twice as busy here as on average.",
    ),
    "targets.why.seasonal": (
        "In deze tijd van het jaar vallen hier {times} keer zo veel incidenten als elders.",
        "At this time of year {times} times as many incidents fall here as elsewhere.",
    ),
    "targets.why.new": (
        "Alleen het afgelopen jaar was het hier druk.",
        "It was busy here only in the past year.",
    ),
    "targets.why.near": (
        "Van de verwachte incidenten komt {share} door recente incidenten in de buurt.",
        "Of the incidents expected {share} comes from recent incidents nearby.",
    ),
    "targets.backtest": (
        "Op deze manier gekozen gebieden vingen eerder {hits} van de incidenten op {area} van het gebied ({low} tot "
        "{high}); {baseline} ving {theirs}: {verdict}.",
        "Areas chosen like this held {hits} of the incidents on {area} of the area before ({low} to {high}); "
        "{baseline} held {theirs}: {verdict}.",
    ),
    "targets.backtest.beter": ("dit was aantoonbaar beter", "this was demonstrably better"),
    "targets.backtest.niet te onderscheiden": (
        "dit was niet aantoonbaar beter dan zo tellen, wat iedereen kan",
        "this was not demonstrably better than such counting, which anyone can do",
    ),
    "targets.backtest.slechter": (
        "dit was slechter, gebruik liever die telling",
        "this was worse, use that count instead",
    ),
    "targets.backtest.te kort om te toetsen": (
        "de periode is te kort om te zeggen of dit beter was",
        "the period is too short to say whether this was better",
    ),
    "targets.backtest.none": (
        "Niet getoetst of deze manier van kiezen eerder werkte.",
        "Not tested whether this way of choosing worked before.",
    ),
    "targets.doubt.few": (
        "Er wordt minder dan één incident verwacht: geen incident is hier het waarschijnlijkst.",
        "Fewer than one incident is expected: no incident at all is most likely here.",
    ),
    "targets.doubt.rank": (
        "De rang kan ook {low} tot {high} zijn.",
        "The rank may also be {low} to {high}.",
    ),
    "targets.doubt.new": (
        "Het rust op één jaar: een dader die is aangehouden maakt dit gebied gewoon.",
        "It rests on one year: an offender who is caught makes this an area like others.",
    ),
    "targets.doubt.registered": (
        "Klopt niet als meldingen achterlopen of de plek vaak onbekend is.",
        "Wrong when reports run late or places are often unknown.",
    ),
    "targets.doubt.season": (
        "Buiten dit seizoen is het hier niet druk.",
        "Outside this season it is not busy here.",
    ),
    "targets.nearby": ("Binnen {distance} m: {found}.", "Within {distance} m: {found}."),
    "targets.nearby.none": ("geen {layer}", "no {layer}"),
    "words.targets": (
        "In de {days} dagen vanaf {start} worden {expected} {crime} verwacht; {n} gebieden van samen {area} hectare "
        "({share_area} van het gebied) bevatten er naar verwachting {inside} ({share}).",
        "In the {days} days from {start} {expected} {crime} are expected; {n} areas of {area} hectares together "
        "({share_area} of the area) hold {inside} of them, as expected ({share}).",
    ),
    "words.targets.criterion": (
        "De volgorde volgt alleen uit het verwachte aantal incidenten; al het andere staat ernaast.",
        "The order follows from the expected number of incidents alone; everything else stands beside it.",
    ),
    "sheet.expected": (
        "{n} ({between}) {crime} in {days} dagen",
        "{n} ({between}) {crime} in {days} days",
    ),
    "sheet.use": ("Gebruik", "Use"),
    "sheet.measures": ("te bespreken", "to discuss"),
    "words.context": (
        "Binnen {distance} m van {layer} lagen {n} incidenten, {times} keer zo veel als de woningen daar doen "
        "verwachten (95 %-interval {low} tot {high}).",
        "Within {distance} m of {layer} there were {n} incidents, {times} times as many as the homes there lead to "
        "expect (95% interval {low} to {high}).",
    ),
    "words.context.same": (
        "Voor {layers} is geen verschil met de verwachting aangetoond.",
        "For {layers} no difference to the expectation was shown.",
    ),
    "words.context.cause": (
        "Nabijheid is geen oorzaak.",
        "Nearness is no cause.",
    ),
}
