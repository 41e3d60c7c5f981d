"""Sentences say what the numbers say, in both languages, and nothing more."""

import re
from types import SimpleNamespace

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
from shapely.geometry import box

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
    first, second, third = hg.in_words(rates(states, coverage=0.7977))
    assert (
        first == "Woninginbraken: 9,0 per 1.000 woningen (2016), over de 79,8 % van de woningen waarvan cijfers zijn."
    )
    assert second.startswith("Boven het gemiddelde van het hele gebied (8,0): 3 van 43 gebieden, eronder: 2; bij 38")
    assert "4 te klein, 23 onvolledig" in second
    assert third.startswith("Getoetst: 43 gebieden tegelijk; van de oordelen")


def test_water_is_not_too_small():
    table = rates(["te klein", "boven", "onder"])
    table.loc[0, "base"] = 0.0
    assert "0 te klein" in hg.in_words(table)[1]


def test_nothing_to_judge_and_moved_borders_are_said():
    said = hg.in_words(rates(["te klein"] * 2, moved=[f"WK9901{n:02d}" for n in range(7)]))
    assert said[1] == "Geen gebied is groot en volledig genoeg om te beoordelen."
    assert "WK990104 en 2 andere." in said[2]


def test_an_area_whose_border_moved_is_in_no_count():
    table = rates(["boven", "boven", "onder", "niet te onderscheiden"], moved=["WK990100"])
    table.index = [f"WK9901{n:02d}" for n in range(4)]
    said = hg.in_words(table)
    assert "1 van 3 gebieden, eronder: 1; bij 1" in said[1]
    assert said[-1].endswith(
        "WK990100. Waarschijnlijk is de grens verlegd sinds de telling; ze tellen hierboven niet mee."
    )


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
    assert "A (vlak; 1 gebieden, 2,1 keer" in said[0]
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


def test_the_norm_is_named_as_what_it_is():
    states = ["boven"] * 3 + ["onder"] * 2
    for kind, said in (("others", "het gemiddelde van de andere"), ("table", "de norm per gebied"), ("number", "8,0")):
        table = rates(states)
        table.attrs["norm_kind"] = kind
        assert said in hg.in_words(table)[1]


def test_change_counts_every_state_and_says_what_is_left_out():
    states = ["gestegen", "gedaald", "niet te onderscheiden", "te klein", "onvolledig", "grens gewijzigd"]
    table = pd.DataFrame({
        "incidents": 11.0, "incidents_before": 10.0, "difference": [1.0, 1, 1, 1, np.nan, np.nan], "state": states,
        "incidents_year": 16.0,
    })  # fmt: skip
    table.attrs = {"crime_type": "woninginbraak", "period": "2016-01/2016-08", "against": "2015-01/2015-08",
                   "excluded": {"2016-09": "provisional"}}  # fmt: skip
    said = hg.in_words(table)
    assert "in 1 van 3 gebieden gestegen, in 1 gedaald; bij 1" in said[0]
    assert "1 te klein, 1 onvolledig, 1 met een gewijzigde grens" in said[0]
    assert said[1].startswith("Samen 44 tegenover 40 (+10,0 %)")
    assert "2016-09" in said[2]
    part = hg.in_words(table.assign(share_year=0.7), language="en")
    assert "68.8% of all of 2015" in part[2]
    assert "62.5%" in part[2]


@pytest.mark.parametrize(
    ("excluded", "said"),
    [
        (["2025-01", "2025-02", "2025-03"], "oktober t/m december 2024 tegenover oktober t/m december 2023"),
        (["2023-10"], "november 2024 t/m maart 2025 tegenover november 2023 t/m maart 2024"),
        (["2024-12"], "oktober 2024 t/m maart 2025 tegenover oktober 2023 t/m maart 2024"),
        ([], "oktober 2024 t/m maart 2025 tegenover oktober 2023 t/m maart 2024"),
    ],
)
def test_a_change_names_the_months_that_were_compared(excluded, said):
    table = pd.DataFrame({"incidents": [11.0], "incidents_before": 10.0, "difference": 1.0, "state": "gestegen"})
    table.attrs = {"crime_type": "woninginbraak", "period": "2024-10/2025-03", "against": "2023-10/2024-03",
                   "excluded": dict.fromkeys(excluded, "not published")}  # fmt: skip
    assert hg.in_words(table)[0].startswith(f"Woninginbraken, {said}:")


def test_persistence_ranks_trend_concentration_and_crosswalk_are_said():
    kinds = pd.Categorical(["chronisch", "opkomend", "opkomend", "niet boven de norm"])
    lasting = pd.DataFrame({"years_above": [5, 1, 1, 0], "kind": kinds})
    lasting.attrs = {"last": 5}
    assert "1 gebieden chronisch, 2 opkomend, 0 afnemend, 0 wisselend" in hg.in_words(lasting)[0]
    ranks = pd.DataFrame({"rank": [1.0], "half": ["bovenste"]})
    ranks.attrs = {"ranked": 80, "clear": 12}
    assert hg.in_words(ranks)[0].endswith("een ranglijst zegt hier weinig.")
    direction = pd.DataFrame({"per_year": [0.9, 1.0], "state": ["dalend", "niet te onderscheiden"]})
    direction.attrs = {"crime_type": "straatroof", "period": "2011/2016", "excluded": {"2017": "not published"}}
    assert "in 0 van 2 gebieden stijgend, in 1 dalend" in hg.in_words(direction)[0]
    assert "2017" in hg.in_words(direction)[1]
    spread = hg.concentration(pd.Series([10.0, 5, 1, 0, 0, 0, 0, 0, 0, 0]), rng=1)
    assert hg.in_words(spread)[1].startswith("In de 20 % gebieden met de meeste incidenten ligt 94 %")
    assert "Te weinig" in hg.in_words(hg.concentration(pd.Series([0.0, 0.0]), rng=1))[0]
    areas = gpd.GeoDataFrame(index=["A", "B"], geometry=[box(0, 0, 1, 1), box(1, 0, 2, 1)], crs=28992)
    said = hg.in_words(hg.crosswalk(areas, areas.set_axis(["A", "C"]), by="area"), language="en")
    assert "Of 2 old areas 1 are the same and 1 were only recoded" in said[0]
