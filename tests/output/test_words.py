"""Sentences say what the numbers say, in both languages, and nothing more."""

import re
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

import hicgeo as hg
from hicgeo.schema import RATE_STATES


def rates(states, *, base=1000, coverage=1.0, norm=8.0, moved=()):
    n = len(states)
    table = pd.DataFrame(
        {
            "incidents": np.full(n, 9.0), "base": np.full(n, float(base)), "coverage": 1.0, "rate_eb": 8.0,
            "state": pd.Categorical(states, categories=list(RATE_STATES)),
        }
    )  # fmt: skip
    table.attrs = {
        "crime_type": "woninginbraak", "base": "dwellings", "per": 1000, "period": "2016", "norm_kind": "regional",
        "norm": norm, "coverage": coverage, "moved_border": list(moved),
    }  # fmt: skip
    return table


def test_rates_count_every_state_once():
    states = ["boven"] * 3 + ["niet te onderscheiden"] * 38 + ["onder"] * 2 + ["te klein"] * 4 + ["onvolledig"] * 23
    first, second = hg.in_words(rates(states, coverage=0.7977))
    assert (
        first == "Woninginbraken: 9,0 per 1.000 woningen (2016), over de 79,8 % van de woningen waarvan cijfers zijn."
    )
    assert second.startswith("Boven het gemiddelde van het hele gebied (8,0): 3 van 43 gebieden, eronder: 2; bij 38")
    assert "4 te klein, 23 onvolledig" in second


def test_water_is_not_too_small():
    table = rates(["te klein", "boven", "onder"])
    table.loc[0, "base"] = 0.0
    assert "0 te klein" in hg.in_words(table)[1]


def test_nothing_to_judge_and_moved_borders_are_said():
    said = hg.in_words(rates(["te klein"] * 2, moved=[f"WK9901{n:02d}" for n in range(7)]))
    assert said[1] == "Geen gebied is groot en volledig genoeg om te beoordelen."
    assert "WK990104 en 2 andere." in said[2]


def season(rows):
    index = pd.MultiIndex.from_tuples([(code, "alle") for code in rows] + [("A", "2017/18")], names=["code", "season"])
    numbers = [*rows.values(), (np.nan, np.nan, np.nan)]
    table = pd.DataFrame(numbers, index=index, columns=["ratio_trend", "ratio_trend_low", "ratio_trend_high"])
    table["complete"] = [True] * len(rows) + [False]
    table.attrs = {"crime_type": "straatroof"}
    return table


def test_a_season_that_chance_explains_is_no_claim():
    claim = hg.in_words(season({"A": (1.31, 1.22, 1.40)}))
    assert claim[0].startswith("In de donkere dagen 1,31 keer zoveel straatroven per dag")
    assert claim[1] == "Onvolledige seizoenen: 2017/18."
    assert hg.in_words(season({"A": (1.07, 0.98, 1.17)}))[0].startswith("Geen verschil aangetoond")
    assert hg.in_words(season({"A": (np.nan, np.nan, np.nan)}))[0].startswith("Te weinig straatroven")
    many = hg.in_words(season({"A": (1.5, 1.1, 2), "B": (1, 0.8, 1.2), "C": (0.5, 0.3, 0.9), "D": (np.nan,) * 3}))[0]
    assert [int(n) for n in re.findall(r"\d+", many)] == [1, 1, 1, 1]


def groups(k, stability, labels):
    names = pd.Index(list("AB")[:k])
    return SimpleNamespace(
        k=k, stability=stability, labels=pd.Series(labels), ratio=pd.Series([2.06, 1.24][:k], names),
        profiles=pd.DataFrame(1.0, names, range(1, 13)),
    )  # fmt: skip


def test_groups_that_do_not_last_are_not_recommended():
    assert "Alle gebieden delen" in hg.in_words(groups(1, np.nan, ["A"] * 5))[0]
    said = hg.in_words(groups(2, 0.22, ["A", "B", "B", "niet in te delen"]))
    assert "A (1 gebieden, 2,1 keer" in said[0]
    assert "1 gebieden niet in te delen" in said[0]
    assert "niet stabiel" in said[1]
    assert len(hg.in_words(groups(2, 0.9, ["A", "B"]))) == 1


@pytest.mark.parametrize("language", ["nl", "en"])
def test_both_languages_have_every_sentence(language):
    for result in (rates(["boven", "onder"]), season({"A": (1.3, 1.2, 1.4)}), groups(2, 0.2, ["A", "B"])):
        for sentence in hg.in_words(result, language=language):
            assert sentence[0].isupper() or sentence[0].isdigit()
            assert sentence.endswith(".")
            assert "{" not in sentence


def test_what_is_no_result_is_refused():
    with pytest.raises(hg.InputError, match="DataFrame"):
        hg.in_words(pd.DataFrame({"a": [1]}))
    with pytest.raises(hg.InputError, match="language"):
        hg.in_words(rates(["boven"]), language="de")
