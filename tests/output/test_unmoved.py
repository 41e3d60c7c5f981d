"""What is hidden may be otherwise, and no byte of a public export tells: no word, class, interval or order of rows."""

import warnings

import numpy as np
import pandas as pd
import pytest
import scenes
from hypothesis import assume, given, settings
from hypothesis import strategies as st

import hicgeo as hg
from hicgeo.output.disclosure import Ledger, protect, release
from hicgeo.output.maps import HotspotMap
from hicgeo.output.tables import write_table

KIND = "bedreiging"  # not published by the police
AREAS = scenes.areas()
MONTHS = pd.period_range("2023-01", "2024-12", freq="M")


def counted(years):
    """Count table of two years: all of a year in its first month."""
    index = pd.MultiIndex.from_product([AREAS.index, [KIND], MONTHS], names=["code", "crime_type", "month"])
    counts = pd.DataFrame({"incidents": 0.0, "status": "final"}, index=index)
    for year, row in zip((2023, 2024), years, strict=True):
        counts.loc[(slice(None), KIND, pd.Period(f"{year}-01", "M")), "incidents"] = np.asarray(row, float)
    return counts


def rates_of(years, order=None):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        rates = hg.rates(counted(years), AREAS, crime_type=KIND, period="2024", base="dwellings", norm="regional")
    attrs = rates.attrs
    rates = rates.sort_values("incidents", ascending=False, kind="stable") if order == "ranked" else rates
    rates.attrs = attrs
    return rates


def exported(years, folder, order):
    """Bytes of a map and of a table, and which figures are hidden in them."""
    rates = rates_of(years, order)
    hidden = frozenset(code for code, each in release(rates, "openbaar").get("hidden", pd.Series()).items() if each)
    page = HotspotMap(AREAS, title="Kaart", profile="openbaar").add_rates(rates)
    by_month = HotspotMap(AREAS, title="Kaart", profile="openbaar").add_months(counted(years), crime_type=KIND)
    table = write_table(rates, folder / "a.csv", profile="openbaar")
    return hidden, (page.to_html(), by_month.to_html(), page.picture(), table.read_bytes())


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("unmoved")


@given(
    small=st.lists(st.integers(1, 9), min_size=3, max_size=5),
    large=st.lists(st.integers(25, 90), min_size=7, max_size=9),
    order=st.sampled_from(["as it is", "ranked"]),
)
@settings(max_examples=6, deadline=None)
def test_an_incident_in_another_hidden_place_changes_no_byte(folder, small, large, order):
    now = np.resize([*small, *large], len(AREAS))
    before = np.arange(len(AREAS)) * 3 + 30  # of the year before, which the spread is made from too
    moved = now.copy()
    moved[[0, 1]] += [1, -1] if now[0] < 9 and now[1] > 1 else [-1, 1]
    assume(set(moved[:2]) <= set(range(1, 10)))
    one, other = exported([before, now], folder, order), exported([before, moved], folder, order)
    assert set(AREAS.index[:2]) <= one[0]
    assume(one[0] == other[0])  # what is hidden besides is chosen by what is there
    assert one[1] == other[1]


def test_an_incident_in_another_place_changes_an_export_in_which_nothing_is_hidden(folder):
    now = np.arange(len(AREAS)) * 7 + 20
    moved = now + np.eye(len(AREAS), dtype=int)[0] - np.eye(len(AREAS), dtype=int)[1]
    one, other = (exported([now, each], folder, "as it is") for each in (now, moved))
    assert one[0] == other[0] == frozenset()
    assert [a == b for a, b in zip(one[1], other[1], strict=True)][0::3] == [False, False]


def test_rows_with_hidden_figures_stand_in_the_order_of_their_labels():
    index = pd.Index(["avond", "middag", "nacht", "ochtend", "alle"], name="hour")
    ranked = pd.DataFrame({"incidents": [60.0, 31.0, 22.0, 3.0, 116.0]}, index=index)
    ranked.attrs = {"crime_type": KIND, "period": "2024"}
    done = release(ranked, "openbaar")
    # as they came: what is third lies between 31 and 3, so that the fourth is 25 less something from 3 to 31
    assert done.index.tolist() == ["nacht", "ochtend", "middag", "avond", "alle"]
    assert done["hidden"].tolist() == [True, True, False, False, False]
    ranked["incidents"] += [0, 0, 0, 10, 10]
    assert release(ranked, "openbaar").index.tolist() == index.tolist(), "nothing to give away"


def test_a_total_that_is_hidden_is_not_told_by_the_norm():
    ledger = Ledger(None)
    rates = rates_of([[40] * len(AREAS), [3, *[40] * (len(AREAS) - 1)]])
    rows = rates[["incidents"]].drop(index=rates.index[0])
    rows.attrs = rates.attrs
    ledger.promise(protect(rows, ledger=ledger).figures)  # all others are out: the total would give 3 away
    done = release(rates, "openbaar", ledger=ledger)
    shown = done["incidents"].notna()
    assert shown.sum() < len(rates)
    assert done.loc[shown, "norm"].isna().all()
    assert "norm" not in done.attrs


def parts(counts, names, **attrs):
    made = pd.DataFrame({"incidents": [float(n) for n in counts.values()]},
                        index=pd.MultiIndex.from_tuples(list(counts), names=names))  # fmt: skip
    made.attrs = {"crime_type": KIND, **attrs}
    return made


def test_what_a_year_has_besides_a_month_is_not_small():
    # 103 to April, 95 of them in March: January, February and April together are 8
    ledger = Ledger(None)
    till = parts({("BU09990000", "nee"): 103, ("BU09990001", "nee"): 50}, ["code", "target"], period="2024-01/2024-04")
    assert not release(till, "openbaar", ledger=ledger).get("hidden", pd.Series([False])).any()
    june = parts({("BU09990000", "nee"): 131, ("BU09990001", "nee"): 70}, ["code", "target"], period="2024-01/2024-06")
    release(june, "openbaar", ledger=ledger)
    march = parts({("BU09990000", "nee"): 95, ("BU09990001", "nee"): 10}, ["code", "target"], period="2024-03")
    assert release(march, "openbaar", ledger=ledger)["hidden"].tolist() == [True, False]


def test_what_two_large_figures_must_have_in_common_is_not_told_to_be_small():
    # 20 of 27 at night and 14 in shops: at least 7 in shops at night, which nobody has asked for yet
    ledger = Ledger(None)
    hours = pd.DataFrame({"incidents": [20.0, 7.0]}, index=pd.Index(["nacht", "dag"], name="hour"))
    shops = pd.DataFrame({"incidents": [14.0, 13.0]}, index=pd.Index(["winkel", "woning"], name="target"))
    whole = pd.DataFrame({"incidents": [27.0]}, index=pd.Index(["alle"], name="hour"))
    seen = []
    for each in (whole, hours, shops):
        each.attrs = {"crime_type": KIND, "period": "2024"}
        seen += release(each, "openbaar", ledger=ledger)["incidents"].tolist()
    assert np.isnan(seen[1:3]).all()
    hours["incidents"] = [17.0, 10.0]
    ledger, seen = Ledger(None), []
    for each in (whole, hours, shops):
        seen += release(each, "openbaar", ledger=ledger)["incidents"].tolist()
    # 17 + 14 - 27 = 4
    assert np.isnan(seen[3:]).any()
