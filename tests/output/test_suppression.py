import itertools

import numpy as np
import pandas as pd
import pytest
import scenes
from attacker import Attacker, Score, Town, campaign

from hicgeo.errors import ColumnError, DisclosureError, InputError
from hicgeo.output import _protect
from hicgeo.output._coarser import forms
from hicgeo.output._figures import span
from hicgeo.output.disclosure import Ledger, protect, release


def table(counts, name="hour", **attrs):
    made = pd.DataFrame({"incidents": list(counts.values())}, index=pd.Index(list(counts), name=name))
    made.attrs = attrs
    return made


def shown(published):
    return {key: None if np.isnan(n) else n for key, n in published["incidents"].items()}


def test_to_advise_each_coarser_form_is_tried_once_whatever_the_number_of_dimensions(monkeypatch):
    """A form that fails too asks for no advice of its own: else every order of leaving out dimensions is tried."""
    tried, protected = [], _protect._protected
    monkeypatch.setattr(_protect, "_protected", lambda *a, **k: tried.append(k["advise"]) or protected(*a, **k))
    names = ("direct_victim", "attempted", "sector")
    rng = np.random.default_rng(1)
    for more in range(len(names) + 1):
        labels = [["BU99990101", "BU99990201"], ["2023-01", "2024-01"], *[["a", "b"]] * more]
        index = pd.MultiIndex.from_product(labels, names=["code", "month", *names[:more]])
        counts = pd.DataFrame({"incidents": rng.integers(1, 3, len(index)).astype(float)}, index=index)
        counts.attrs["crime_type"] = "zakkenrol"
        coarser = [form for form, _ in forms(counts, counts["incidents"].to_numpy()) if form != "longer"]
        assert len(coarser) >= 3 + more
        tried.clear()
        with pytest.raises(DisclosureError, match="kept as it is"):
            protect({"t": counts}, keep=["t"])
        assert tried == [True] + [False] * len(coarser)


# by hand


def test_the_smallest_second_figure_is_hidden_with_a_small_one():
    # 3 alone is 54 - 20 - 31; with 20 hidden too it is anything from 0 to 23
    done = protect(table({"nacht": 3, "ochtend": 20, "middag": 31, "alle": 54}))
    assert shown(done.tables["table"]) == {"nacht": None, "ochtend": None, "middag": 31, "alle": 54}
    room = done.room.iloc[0]
    assert (room["low"] <= 1, room["high"] >= 9, room["need_low"], room["need_high"]) == (True, True, 1, 9)
    assert done.report.loc["table", ["small", "hidden"]].tolist() == [1, 2]
    assert done.report.loc["table", "share_hidden"] == pytest.approx(23 / 54)


def test_without_a_total_a_small_figure_is_hidden_alone():
    assert shown(protect(table({"a": 3, "b": 20})).tables["table"]) == {"a": None, "b": 20}


def test_nothing_small_nothing_hidden_and_zero_is_not_small():
    done = protect(table({"a": 0, "b": 20, "alle": 20}))
    assert shown(done.tables["table"]) == {"a": 0, "b": 20, "alle": 20}
    assert done.report.loc["table", "rank_correlation"] == 1.0


def test_two_small_figures_that_do_not_hide_each_other():
    # 2 + 3 = 5 of a total of 40: each could be at most 5, so 35 must go too
    done = protect(table({"a": 2, "b": 3, "c": 35, "alle": 40}))
    assert shown(done.tables["table"]) == {"a": None, "b": None, "c": None, "alle": 40}


def test_a_rate_is_hidden_with_its_count_and_the_norm_is_a_total():
    areas = scenes.areas()
    rates = scenes.rates(areas)
    rates.attrs["crime_type"] = "bedreiging met direct slachtoffer"
    done = release(rates, "openbaar")
    hidden = done["hidden"]
    assert hidden[rates["incidents"] < 10].all()
    assert hidden.any()
    for column in ("incidents", "rate"):
        assert done[column].isna().equals(hidden), column
    assert done[["rate_low", "rate_high", "p_above"]].isna().all(axis=None), "they are made with the spread of all"
    assert set(done["state"].dropna()) == {"te klein", "onvolledig"}, "a verdict weighs all areas"
    assert (done["base"] == rates["base"]).all()
    assert "rate_eb" not in done, "it is made with the counts of the others"
    # with one small count the total, which the norm tells, would give it back
    rates["incidents"] = [3.0] + [50.0] * (len(rates) - 1)
    assert release(rates, "openbaar")["hidden"].sum() >= 2


def test_what_the_police_publish_themselves_is_not_secret():
    areas = scenes.areas()
    assert release(scenes.rates(areas), "openbaar")["incidents"].tolist() == scenes.rates(areas)["incidents"].tolist()
    season = scenes.season(areas)
    assert release(season, "openbaar") is season


def test_an_hour_is_finer_than_the_police_publish_and_a_week_too():
    codes = pd.Index(["BU99990001"] * 3, name="code")
    hours = pd.DataFrame({"hour": [1, 2, 3], "incidents": [4, 30, 50]}, index=codes)
    hours.attrs = {"crime_type": "woninginbraak", "period": "2024"}
    assert release(hours, "openbaar")["hidden"].tolist()[0]
    weeks = pd.DataFrame({"week": ["2024-W01", "2024-W02"], "incidents": [3, 40]}, index=codes[:2])
    weeks.attrs["crime_type"] = "woninginbraak"
    assert release(weeks, "openbaar")["hidden"].tolist() == [True, False]


def test_of_places_there_are_no_counts_and_the_small_ones_are_gone():
    spots = scenes.hotspots()
    spots.loc[2, "incidents"] = 7.0
    kept = release(spots, "driehoek")
    assert kept.index.tolist() == [1, 2]
    public = release(spots, "openbaar")
    assert public.index.tolist() == [1]
    assert public.attrs["dropped"] == 1
    assert public[["incidents", "expected", "ratio", "share_incidents", "rank_low"]].isna().all(axis=None)
    spots.loc[2, "incidents"] = 4.0
    assert release(spots, "driehoek").index.tolist() == [1]


def test_a_table_without_counts_that_is_not_the_police_s_own_stays_inside():
    sector = pd.DataFrame({"share": [0.2, 0.8]}, index=pd.Index(["horeca", "winkel"], name="target"))
    with pytest.raises(DisclosureError, match="must have its counts"):
        release(sector, "openbaar")


# areas in areas, months in years, one export after another


def test_the_rest_of_a_district_is_a_figure_too():
    # WK: 40, of which two buurten with 35: the rest is 5, and is nobody's row
    counts = {"WK990101": 40, "BU99010101": 20, "BU99010102": 15}
    done = protect(table(counts, "code", crime_type="x"))
    assert None in shown(done.tables["table"]).values()


def test_a_month_cannot_be_had_from_two_years_to_date(tmp_path):
    ledger = Ledger(tmp_path / "exports.jsonl")
    first = protect(table({"a": 40, "b": 60}, period=("2024-01", "2024-03"), crime_type="x"), ledger=ledger)
    assert None not in shown(first.tables["table"]).values()
    ledger.promise(first.figures)
    file = tmp_path / "one.csv"
    file.write_text("x")
    ledger.record(file, profile="openbaar")
    # to April: 43 and 75, so in April 3 and 15
    second = protect(
        table({"a": 43, "b": 75}, period=("2024-01", "2024-04"), crime_type="x"), ledger=Ledger(ledger.path)
    )
    assert shown(second.tables["table"]) == {"a": None, "b": 75}
    alone = protect(table({"a": 43, "b": 75}, period=("2024-01", "2024-04"), crime_type="x"))
    assert shown(alone.tables["table"]) == {"a": 43, "b": 75}


def test_the_same_export_again_is_the_same_file_and_is_noted_once(tmp_path):
    ledger = Ledger(tmp_path / "exports.jsonl")
    hours = table({"nacht": 3, "ochtend": 20, "middag": 21, "avond": 22, "alle": 66}, period="2024")
    file = tmp_path / "a.csv"
    file.write_text("x")
    patterns = []
    for _ in range(3):
        done = protect(hours, ledger=ledger)
        patterns.append(shown(done.tables["table"]))
        ledger.promise(done.figures)
        ledger.record(file, profile="openbaar")
    assert patterns[0] == patterns[1] == patterns[2]
    assert len(Ledger(ledger.path).entries()) == 1


def test_figures_that_were_corrected_since_do_not_stop_the_next_export(tmp_path):
    ledger = Ledger(tmp_path / "exports.jsonl")
    ledger.promise(protect(table({"a": 40, "b": 3, "alle": 43}, period="2024")).figures)
    done = protect(table({"a": 41, "b": 3, "alle": 44}, period="2024"), ledger=ledger)
    assert done.revised == 1  # the total; of what is hidden the new value stays hidden
    assert shown(done.tables["table"])["b"] is None


def test_police_figures_that_are_counted_in_another_way_do_not_stop_an_export():
    index = pd.MultiIndex.from_tuples(
        [("BU99990001", "woninginbraak", pd.Period("2024-01"))], names=["code", "crime_type", "month"]
    )
    ledger = Ledger(None, public=pd.DataFrame({"incidents": [70.0]}, index=index))
    hours = table({"nacht": 3, "dag": 30, "avond": 40}, period="2024-01", crime_type="woninginbraak")  # 73: 3 no place
    assert shown(protect(hours, ledger=ledger).tables["table"]) == {"nacht": None, "dag": 30, "avond": 40}
    hours.loc["dag", "incidents"] = 27
    assert list(shown(protect(hours, ledger=ledger).tables["table"]).values()).count(None) == 2, "70 is known"


def test_layers_of_one_file_are_checked_together():
    ledger = Ledger(None)
    by_hour = table({"nacht": 3, "dag": 97}, period="2024", crime_type="x")
    assert release(by_hour, "openbaar", ledger=ledger)["hidden"].tolist() == [True, False]
    total = table({"alle": 100}, period="2024", crime_type="x")
    assert release(total, "openbaar", ledger=ledger)["hidden"].tolist() == [True], "100 - 97 = 3"


# what cannot be done is refused


def test_a_table_that_must_be_shown_but_gives_a_small_figure_away_is_refused():
    parts = table({"nacht": 3, "dag": 37})
    with pytest.raises(DisclosureError, match="from 1 to 9"):
        protect({"parts": parts}, keep=["parts"])
    assert shown(protect({"parts": parts, "whole": table({"alle": 40})}, keep=["whole"]).tables["whole"]) == {
        "alle": 40
    }
    with pytest.raises(InputError, match="keep must name"):
        protect({"parts": parts}, keep=["deel"])


def test_totals_that_cannot_all_be_shown_are_named_with_the_figure_and_what_is_advised_passes():
    year = {"crime_type": "x", "period": "2024"}
    tables = {"parts": table({"nacht": 3, "dag": 37}, **year), "whole": table({"alle": 40}, **year),
              "two": table({"dag": 37}, **year), "other": table({"dag": 90}, **year | {"period": "2023"})}  # fmt: skip
    with pytest.raises(DisclosureError) as refused:
        protect(tables, keep=["whole", "two", "other"])
    given, remedy = refused.value.given, refused.value.remedy
    assert given.startswith("nacht 2024")
    assert "in parts can be narrowed down" in given
    assert "whole (" in given
    assert "two (dag" in given
    assert "other" not in given + remedy, "it has nothing to do with it"
    assert "37" not in given + remedy, "what a figure is of, never how many"
    assert remedy.startswith("without whole or two it passes")
    for name in ("whole", "two"):
        fewer = [each for each in ("whole", "two", "other") if each != name]
        protect(tables, keep=fewer)
        protect({each: made for each, made in tables.items() if each != name}, keep=fewer)


def test_a_coarser_form_that_is_advised_in_place_of_a_kept_table_passes():
    areas = table({"BU99990101": 4, "BU99990102": 9, "BU99990201": 30, "BU99990202": 12}, name="code")
    with pytest.raises(DisclosureError, match="make areas per wijk or per gemeente, or leave"):
        protect({"areas": areas}, keep=["areas"])
    for form, counts in (("wijk", {"WK999901": 13, "WK999902": 42}), ("gemeente", {"GM9999": 55})):
        coarse = table(counts, name="code")
        assert shown(protect({form: coarse}, keep=[form]).tables[form]) == counts
    few = table({"BU99990101": 4, "BU99990102": 2}, name="code")
    with pytest.raises(DisclosureError, match=r"To do: leave the table out"):
        protect({"areas": few}, keep=["areas"])


def test_wrong_tables_are_named():
    with pytest.raises(ColumnError, match="incidents"):
        protect(pd.DataFrame({"n": [1]}, index=pd.Index(["a"], name="hour")))
    twice = pd.DataFrame({"incidents": [1, 2]}, index=pd.Index(["a", "a"], name="hour"))
    with pytest.raises(InputError, match="something else"):
        protect(twice)
    with pytest.raises(InputError, match="same incidents"):
        protect({"x": table({"a": 5, "b": 50, "alle": 55}), "y": table({"a": 6, "b": 50, "alle": 20})})
    with pytest.raises(InputError, match="at least 2"):
        protect(table({"a": 5}), threshold=1)
    with pytest.raises(InputError, match="period must be"):
        protect(table({"a": 5}, period="vorig jaar"))


@pytest.mark.parametrize(
    ("label", "days"), [("2024", 366), ("2024-02", 29), ("2023-11/2024-01", 92), ("2024-W01", 7), ("2024Q1", 91)]
)
def test_spans_of_periods(label, days):
    first, end = span(label)
    assert end - first == days


# against every possible table


def test_no_table_that_fits_what_is_shown_is_missed():
    """Every table of 2 x 2 whole numbers with the shown figures, tried out one by one."""
    rng = np.random.default_rng(3)
    tight = 0
    for _ in range(12):
        true = rng.integers(0, 6, size=(2, 2))
        rows = pd.MultiIndex.from_product([["a", "b"], ["x", "y"]], names=["target", "hour"])
        fine = pd.DataFrame({"incidents": true.ravel()}, index=rows)
        whole = pd.DataFrame({"incidents": [true.sum()]}, index=pd.Index(["alle"], name="hour"))
        tables = {
            "fine": fine,
            "target": fine.groupby("target").sum(),
            "hour": fine.groupby("hour").sum(),
            "all": whole,
        }
        published = protect(tables, threshold=4).tables.values()
        shown_now = np.concatenate([each["incidents"].to_numpy(float) for each in published])
        guess = np.array(list(itertools.product(range(16), repeat=4))).reshape(-1, 2, 2)
        sums = np.column_stack([guess.reshape(-1, 4), guess.sum(2), guess.sum(1), guess.sum((1, 2))])
        seen = sums[(np.isnan(shown_now) | (sums == shown_now)).all(axis=1)]
        real = np.concatenate([each["incidents"].to_numpy() for each in tables.values()])
        assert (seen == real).all(axis=1).any()
        for place in np.flatnonzero((real > 0) & (real < 4)):
            tight += 1
            assert seen[:, place].min() <= 1
            assert seen[:, place].max() >= 3
    assert tight > 10


# somebody who collects everything


def fallen(score):
    return score.exact, score.narrow, score.small_shown


def test_a_slice_of_the_campaign_of_attacks(tmp_path):
    score = sum((campaign(seed, tmp_path) for seed in range(4)), Score())
    assert fallen(score) == (0, 0, 0)
    assert score.exports >= 4
    assert score.small > 5


@pytest.mark.slow
def test_the_whole_campaign_of_attacks(tmp_path):
    score = sum((campaign(seed, tmp_path) for seed in range(1000, 1600)), Score())
    assert fallen(score) == (0, 0, 0)
    assert score.exports >= 400


def test_the_attacker_wins_where_only_the_small_figure_is_hidden():
    parts = [("BU09990000", "2024-01", "sector", hour, True, n) for hour, n in (("nacht", 3), ("dag", 20))]
    town = Town(pd.DataFrame(parts, columns=["code", "month", "crime_type", "hour", "direct_victim", "n"]))
    bare = pd.DataFrame({"incidents": [np.nan, 20, 23]}, index=pd.Index(["nacht", "dag", "alle"], name="hour"))
    attacker = Attacker(town)
    rows = attacker.read({"bare": bare})
    assert attacker.range_of(rows[0][0]) == (3, 3)
