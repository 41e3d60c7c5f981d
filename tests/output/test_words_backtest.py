"""What is said of a back-test is what its numbers allow."""

from types import SimpleNamespace

import pandas as pd
import pytest

import hicgeo as hg


def result(pai, low, high, verdict, method="two_scale"):
    names = ["method", "horizon_days"]
    rows = [(method, 28, pai), ("last_year_100m", 28, 5.2), ("last_year_250m", 28, 3.6), ("random", 28, 1.0)]
    scores = pd.DataFrame(rows, columns=[*names, "pai"]).set_index(names)
    scores[["pai_low", "pai_high"]] = low, high
    scores["hit_rate"] = scores["pai"] * 0.02
    differences = pd.DataFrame(
        [(method, other, 28, verdict) for other in ("last_year_100m", "last_year_250m", "random")],
        columns=["method", "baseline", "horizon_days", "verdict"],
    ).set_index(["method", "baseline", "horizon_days"])
    about = {"share": 0.02, "test_from": pd.Timestamp("2016-10-01"), "test_to": pd.Timestamp("2016-12-31")}
    return SimpleNamespace(scores=scores, differences=differences, about=about)


def test_a_map_that_is_better_may_say_so():
    said = hg.in_words(result(6.0, 5.3, 6.6, "beter"))
    assert said == [
        "Teruggekeken van 1 oktober 2016 tot en met 31 december 2016, steeds 28 dagen vooruit: in 2,0 % van het gebied "
        "viel 12,0 % van de incidenten (dichtheid met de telling van het vak zelf), 6,0 keer zoveel als bij "
        "willekeurig kiezen (95 %-interval 5,3 tot 6,6).",
        "Dat is aantoonbaar beter dan tellen per vak van 100 m in het afgelopen jaar (5,2 keer).",
    ]


@pytest.mark.parametrize(
    ("numbers", "words"),
    [
        ((4.7, 4.2, 5.1, "slechter", "kde"), "Dat is slechter dan tellen per vak van 100 m"),
        ((5.3, 4.9, 5.9, "niet te onderscheiden"), "niet aantoonbaar beter dan tellen per vak van 100 m"),
        ((1.3, 0.8, 1.9, "beter"), "niet aantoonbaar beter"),
    ],
)
def test_a_map_that_is_not_says_that(numbers, words):
    said = hg.in_words(result(*numbers))
    assert words in said[-1]
    assert not any("aantoonbaar beter dan tellen" in line.replace("niet aantoonbaar", "") for line in said)


def test_a_map_no_better_than_chance_is_not_for_looking_ahead():
    assert "gebruik hem niet" in hg.in_words(result(1.3, 0.8, 1.9, "slechter"))[0]


def test_too_short_a_period_says_nothing_else():
    nan = float("nan")
    assert hg.in_words(result(6.0, nan, nan, "te kort om te toetsen"), language="en") == [
        "The period from 1 October 2016 to 31 December 2016 is too short to say whether the map helps to look ahead."
    ]
