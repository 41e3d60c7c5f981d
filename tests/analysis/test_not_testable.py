"""What cannot be tested gets no p-value and no verdict, whichever verb is asked, and no number makes it up."""

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
from libpysal.graph import Graph
from shapely.geometry import box

import hicgeo as hg

CODES = pd.Index([f"WK9901{n:02d}" for n in range(8)], name="code")
MONTHS = pd.period_range("2018-01", "2023-12", freq="M")
SIDES = ["boven", "onder", "gestegen", "gedaald", "stijgend", "dalend"]
WHAT = {"crime_type": "woninginbraak"}


def town(dwellings, codes=CODES):
    n = len(codes)
    return gpd.GeoDataFrame(
        {"municipality": "GM9901", "dwellings": pd.array(dwellings, dtype="Int64"), "is_water": False},
        index=codes, geometry=[box(k, 0, k + 1, 1) for k in range(n)], crs=28992,
    )  # fmt: skip


def counts(per_month, codes=CODES):
    index = pd.MultiIndex.from_product([codes, ["woninginbraak"], MONTHS], names=["code", "crime_type", "month"])
    n = np.asarray(per_month, float).ravel()
    return pd.DataFrame({"incidents": n, "status": np.where(np.isnan(n), "missing", "final")}, index=index)


def plenty():
    return np.random.default_rng(3).poisson(4.0, (8, len(MONTHS))).astype(float)


def spoilt(case):
    """Counts and neighbourhoods of which the first area cannot be judged, for the reason in the name."""
    n, dwellings = plenty(), [4000] * 8
    if case == "dwellings unknown":
        dwellings[0] = None
    elif case == "no dwellings":
        dwellings[0] = 0
    elif case == "a handful of dwellings":
        dwellings[0] = 19
    elif case == "water":
        n[0], dwellings[0] = 0.0, 0
    elif case == "a month missing":
        n[0, -3] = np.nan
    elif case == "nothing published":
        n[0] = np.nan
    return counts(n), town(dwellings)


AREAS = ["dwellings unknown", "no dwellings", "a handful of dwellings", "water", "a month missing", "nothing published"]


@pytest.mark.parametrize("norm", ["regional", "others", 8.0])
@pytest.mark.parametrize("case", AREAS)
def test_an_area_that_cannot_be_judged_gets_no_verdict_against_any_norm(case, norm):
    table, areas = spoilt(case)
    got = hg.rates(table, areas, period="2023", base="dwellings", norm=norm, unmatched="report", **WHAT)
    assert got.loc["WK990100", ["p_above", "p_fdr"]].isna().all()
    assert got.loc["WK990100", "state"] in ("te klein", "onvolledig")
    assert got["p_fdr"].notna().sum() == got.attrs["tested"] == 7
    ranks = hg.rank_areas(got, rng=1)
    assert ranks.loc["WK990100", ["rank", "rank_low", "rank_high"]].isna().all()


@pytest.mark.parametrize("months", [1, 72])
def test_what_was_not_published_is_not_compared_over_time(months):
    codes = pd.Index([f"WK9901{n:02d}" for n in range(40)])
    n = np.random.default_rng(3).poisson(4.0, (40, len(MONTHS))).astype(float)
    n[0, len(MONTHS) - months :] = np.nan
    table, same = counts(n, codes), {"borders": "unchanged", **WHAT}
    for got in (hg.change(table, period="2023", against="2022", **same), hg.trend(table, **same),
                hg.year_to_date(table, until="2023-12", **same)):  # fmt: skip
        row = got.loc["WK990100"]
        assert row["state"] == "onvolledig"
        assert row[[each for each in got if each.startswith(("p_", "ratio", "per_year", "share"))]].isna().all()
        assert got["p_value"].notna().sum() == got.attrs["tested"] == 39


@pytest.mark.filterwarnings("ignore::hicgeo.HicgeoWarning")
@pytest.mark.parametrize("case", ["all zero", "one area", "one area, all zero"])
def test_nothing_to_compare_with_is_no_verdict(case):
    codes = CODES[:1] if "one" in case else CODES
    n = plenty()[: len(codes)] * ("zero" not in case)
    table, areas = counts(n, codes), town([4000] * len(codes), codes)
    got = hg.rates(table, areas, period="2023", base="dwellings", norm="regional", **WHAT)
    assert got[["p_above", "p_fdr"]].isna().all(axis=None)
    assert not got["state"].isin(SIDES).any()
    spread = hg.concentration(got["incidents"], rng=1)
    assert np.isnan([spread.gini, spread.gini_low, spread.gini_chance]).all()
    if "zero" in case:
        same = {"borders": "unchanged", **WHAT}
        for answer in (hg.change(table, period="2023", against="2022", **same), hg.trend(table, **same)):
            assert answer["p_value"].isna().all()
            assert (answer["state"] == "te klein").all()
            assert answer.attrs["tested"] == 0
        lasting = hg.persistence(
            hg.yearly_rates(table, areas, base="dwellings", norm="regional", borders="unchanged", **WHAT)
        )
        assert (lasting["years_above"] == 0).all()


def test_rows_and_graph_in_another_order_change_nothing_or_are_refused():
    table, areas = spoilt("a handful of dwellings")
    settings = {"period": "2023", "base": "dwellings", "norm": "regional", "unmatched": "report", **WHAT}
    got = hg.rates(table, areas, **settings)
    turned = hg.rates(table.sample(frac=1, random_state=1), areas.iloc[::-1], **settings)
    pd.testing.assert_frame_equal(turned.loc[got.index], got)
    with pytest.raises(hg.AlignmentError, match="another order"):
        hg.smooth_rates(got, Graph.build_contiguity(areas.iloc[::-1]))
    smooth = hg.smooth_rates(got, Graph.build_contiguity(areas, rook=False))
    assert smooth.index.equals(got.index)


def test_years_are_never_compared_without_a_word_on_borders():
    table, areas = spoilt("water")
    for verb in (hg.trend, lambda t, **k: hg.change(t, period="2023", against="2022", **k),
                 lambda t, **k: hg.year_to_date(t, until="2023-10", **k),
                 lambda t, **k: hg.yearly_rates(t, areas, base="dwellings", norm="regional", **k)):  # fmt: skip
        with pytest.raises(TypeError, match="borders"):
            verb(table, **WHAT)
        with pytest.raises(hg.InputError, match="same ground"):
            verb(table, borders=None, **WHAT)
