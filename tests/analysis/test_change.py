"""Change over time: hand calculations, excluded months, persistence, trends, and how often a change is invented."""

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import scipy.stats
import statsmodels.api as sm
from shapely.geometry import box

import hicgeo as hg

CODES = ["WK990100", "WK990101", "WK990102", "WK990103"]
TYPE = {"crime_type": "woninginbraak", "borders": "unchanged"}


def table(per_month, first="2015-01", codes=CODES):
    """Count table from (areas, months) numbers."""
    per_month = np.asarray(per_month, float)
    months = pd.period_range(first, periods=per_month.shape[1], freq="M")
    index = pd.MultiIndex.from_product(
        [codes[: len(per_month)], ["woninginbraak"], months], names=["code", "crime_type", "month"]
    )
    n = per_month.ravel()
    return pd.DataFrame({"incidents": n, "status": np.where(np.isnan(n), "missing", "final")}, index=index)


def years(per_year, first=2015, codes=CODES):
    """The same from yearly totals, spread evenly."""
    return table(np.repeat(np.asarray(per_year, float) / 12, 12, axis=1), f"{first}-01", codes)


def test_year_on_year_is_the_exact_test_of_two_poisson_counts():
    counts = years([[40, 40], [20, 44], [30, 12], [2, 3]])
    # with the same ratio everywhere nothing is left between years; here the spread is set apart
    got = hg.change(counts, period="2016", against="2015", **TYPE)
    assert got["difference"].tolist() == pytest.approx([0, 24, -18, 1])
    phi = got.attrs["dispersion"]
    assert phi > 1
    row = got.loc["WK990101"]
    share = 366 / (366 + 365)
    assert row["ratio"] == pytest.approx(44 / 20 * 365 / 366)
    assert got["state"].astype(str).tolist()[3] == "te klein"
    assert np.isnan(got.loc["WK990103", "p_value"])
    # without spread between the areas it is the binomial test, twice the smaller tail
    same = hg.change(years([[20, 40], [100, 200], [50, 100]]), period="2016", against="2015", **TYPE)
    assert same.attrs["dispersion"] == pytest.approx(1)
    sides = [scipy.stats.binomtest(40, 60, share, alternative=each).pvalue for each in ("greater", "less")]
    assert same["p_value"].iloc[0] == pytest.approx(2 * min(sides))
    assert same["p_fdr"].iloc[0] >= same["p_value"].iloc[0]
    assert same["state"].astype(str).tolist() == ["gestegen"] * 3
    assert same.attrs["tested"] == 3


def test_provisional_and_missing_months_take_their_counterparts_with_them():
    counts = table(np.ones((3, 24)))
    counts.loc[counts.index.get_level_values("month") == pd.Period("2016-12"), "status"] = "provisional"
    counts.loc[counts.index.get_level_values("month") == pd.Period("2015-03")] = [np.nan, "missing"]
    with pytest.warns(hg.HicgeoWarning, match=r"2016-12 \(provisional\)|2015-03 \(not published\)"):
        got = hg.change(counts, period="2016", against="2015", **TYPE)
    assert got["incidents"].tolist() == [10, 10, 10]
    assert got["incidents_before"].tolist() == [10, 10, 10]
    assert got.attrs["excluded"] == {"2016-12": "provisional", "2015-03": "not published"}
    assert got.attrs["months"] == 10
    with pytest.warns(hg.HicgeoWarning, match="2015-03"):
        more = hg.change(counts, period="2016", against="2015", provisional="include", **TYPE)
    assert more.attrs["months"] == 11


def test_months_after_the_counts_are_left_out_with_their_counterparts():
    counts = table(np.ones((3, 22)))  # to October 2016
    with pytest.warns(hg.HicgeoWarning, match=r"2016-11 \(not published\); 2016-12 \(not published\)"):
        got = hg.change(counts, period="2016", against="2015", **TYPE)
    assert got["incidents_before"].tolist() == [10, 10, 10]
    assert got["incidents"].tolist() == [10, 10, 10]
    assert (got["state"] == "niet te onderscheiden").all()
    assert got.attrs["months"] == 10
    with pytest.raises(hg.InputError, match="2017-01: not published"):
        hg.change(counts, period=("2017-01", "2017-03"), against=("2016-01", "2016-03"), **TYPE)


def test_an_area_without_a_month_is_incomplete_and_says_nothing():
    per_month = np.ones((30, 24))
    per_month[3, 20] = np.nan
    codes = [f"WK9901{k:02d}" for k in range(30)]
    got = hg.change(table(per_month, codes=codes), period="2016", against="2015", **TYPE)
    assert got["state"].iloc[3] == "onvolledig"
    assert got.iloc[3][["difference", "ratio", "p_value", "p_fdr"]].isna().all()
    assert got.attrs["excluded"] == {}


def test_part_of_a_year_against_the_same_months_and_the_whole():
    per_month = np.full((3, 22), 10.0)
    per_month[:, 12:] = 13.0
    got = hg.year_to_date(table(per_month), until="2016-10", **TYPE)
    assert got["incidents"].tolist() == [130] * 3
    assert got["incidents_before"].tolist() == [100] * 3
    assert got["incidents_year"].tolist() == [120] * 3
    assert got["share_year"].tolist() == pytest.approx([130 / 120] * 3)
    assert got["share_expected"].tolist() == pytest.approx([100 / 120] * 3)
    assert (got["share_low"] < 130 / 120).all()
    assert got.attrs["period"] == "2016-01/2016-10"
    assert got.attrs["against"] == "2015-01/2015-10"
    with pytest.raises(hg.InputError, match="until"):
        hg.year_to_date(table(per_month), until="autumn", **TYPE)


def test_across_a_moved_border_nothing_is_compared():
    old = gpd.GeoDataFrame(index=["WK990100", "WK990101"], geometry=[box(0, 0, 10, 10), box(10, 0, 20, 10)], crs=28992)
    new = gpd.GeoDataFrame(index=["WK990100", "WK990101"], geometry=[box(0, 0, 10, 10), box(10, 0, 30, 10)], crs=28992)
    borders = hg.crosswalk(old, new, by="area")
    counts = years([[40, 80], [40, 80]], codes=CODES[:2])
    got = hg.change(counts, crime_type="woninginbraak", period="2016", against="2015", borders=borders)
    assert got["state"].tolist() == ["gestegen", "grens gewijzigd"]
    assert np.isnan(got.loc["WK990101", "p_value"])
    with pytest.raises(TypeError, match="borders"):
        hg.change(counts, crime_type="woninginbraak", period="2016", against="2015")
    with pytest.raises(hg.InputError, match="same ground"):
        hg.change(counts, crime_type="woninginbraak", period="2016", against="2015", borders="whatever")


@pytest.mark.parametrize(
    ("period", "against"),
    [("2016", "2016"), ("2015", "2016"), (("2016-01", "2016-10"), "2015"), ("2016-02", "2015-01")],
)
def test_unlike_periods_are_refused(period, against):
    with pytest.raises(hg.InputError, match="same months"):
        hg.change(table(np.ones((2, 24))), period=period, against=against, **TYPE)


def test_nothing_final_is_no_comparison():
    counts = table(np.ones((2, 24))).assign(status="provisional")
    with pytest.raises(hg.InputError, match="provisional"):
        hg.change(counts, period="2016", against="2015", **TYPE)


def test_zero_before_and_one_area():
    got = hg.change(years([[0, 30], [30, 0], [0, 0]]), period="2016", against="2015", **TYPE)
    assert got["state"].iloc[2] == "te klein"
    assert np.isinf(got["ratio"].iloc[0])
    assert got["ratio"].iloc[1] == 0
    with pytest.warns(hg.HicgeoWarning, match="plain Poisson"):
        alone = hg.change(years([[30, 60]]), period="2016", against="2015", **TYPE)
    assert alone["state"].tolist() == ["gestegen"]


def test_a_change_is_rarely_invented_and_often_found():
    """60 regions of 40 areas of which levels differ, all going down together; in half of them 4 areas double."""
    rng = np.random.default_rng(6)
    wrong = found = 0
    codes = [f"WK9901{k:02d}" for k in range(40)]
    for _ in range(60):
        level = rng.uniform(10, 90, 40)[:, None] * np.array([1.2, 1.1, 1.0, 1.0, 1.0])
        level[:4, -1] *= 2
        drawn = rng.poisson(rng.gamma(level / 1.0, 1.0))  # variance twice the mean
        got = hg.change(years(drawn, 2012, codes), period="2016", against="2015", **TYPE)
        wrong += got["state"].iloc[4:].isin(["gestegen", "gedaald"]).mean()
        found += (got["state"].iloc[:4] == "gestegen").mean()
    assert wrong / 60 < 0.02
    assert found / 60 > 0.15  # of areas with 10 to 90 incidents a year, with 40 tested at once


def town(n=4):
    codes = pd.Index(CODES[:n], name="code")
    return gpd.GeoDataFrame(
        {"name": codes, "municipality": "GM9901", "dwellings": pd.array([4000] * n, dtype="Int64")},
        index=codes, geometry=[box(k, 0, k + 1, 1) for k in range(n)], crs="EPSG:28992",
    )  # fmt: skip


def test_yearly_rates_are_those_of_every_year():
    areas = town()
    counts = years([[80, 82, 84], [40, 42, 40], [40, 38, 40], [38, 40, 42]])
    got = hg.yearly_rates(counts, areas, base="dwellings", norm=10.0, **TYPE)
    for year in (2015, 2016, 2017):
        one = hg.rates(counts, areas, crime_type="woninginbraak", period=str(year), base="dwellings", norm=10.0)
        pd.testing.assert_frame_equal(got.loc[year], one, check_like=True)
    assert got.attrs["years"] == [2015, 2016, 2017]
    town_level = hg.yearly_rates(counts, areas, base="dwellings", norm=10.0, by="municipality", **TYPE)
    assert town_level["incidents"].tolist() == pytest.approx([198, 202, 206])


def test_years_that_are_not_whole_are_left_out_and_said():
    areas = town()
    counts = table(np.full((4, 30), 5.0))
    with pytest.warns(hg.HicgeoWarning, match=r"2017 \(not published\)"):
        got = hg.yearly_rates(counts, areas, base="dwellings", norm=10.0, **TYPE)
    assert got.attrs["years"] == [2015, 2016]
    assert got.attrs["excluded"] == {"2017": "not published"}
    with pytest.raises(hg.InputError, match="2017"):
        hg.yearly_rates(counts, areas, base="dwellings", norm=10.0, years=[2017], **TYPE)


def test_persistence_by_hand():
    states = {
        "a": "BBBBB", "b": "BB.BB", "c": "...BB", "d": "....B", "e": "BBB..", "f": "B...B", "g": ".....", "h": "BB..?",
        "i": "B.B.." , "j": "...B.",
    }  # fmt: skip
    full = {"B": "boven", ".": "niet te onderscheiden", "?": "onvolledig"}
    rows = [(2012 + k, code, full[each]) for code, line in states.items() for k, each in enumerate(line)]
    yearly = pd.DataFrame(rows, columns=["year", "code", "state"]).set_index(["year", "code"])
    got = hg.persistence(yearly)
    assert got["kind"].to_dict() == {
        "a": "chronisch", "b": "chronisch", "c": "opkomend", "d": "opkomend", "e": "afnemend", "f": "wisselend",
        "g": "niet boven de norm", "h": "niet te bepalen", "i": "afnemend", "j": "wisselend",
    }  # fmt: skip
    assert got.loc["b", ["years", "years_above"]].tolist() == [5, 4]
    with pytest.raises(hg.InputError, match="5"):
        hg.persistence(yearly, last=6)
    with pytest.raises(hg.ColumnError, match="yearly"):
        hg.persistence(yearly.reset_index())


def test_a_trend_is_that_of_statsmodels():
    rng = np.random.default_rng(2)
    mean = rng.uniform(20, 120, 12)[:, None] * 0.9 ** np.arange(6)
    drawn = rng.poisson(mean).astype(float)
    codes = [f"WK9901{k:02d}" for k in range(12)]
    got = hg.trend(years(drawn, 2011, codes), **TYPE)
    days = [365, 366, 365, 365, 365, 366]
    model = sm.GLM(drawn[3], sm.add_constant(np.arange(6.0)), family=sm.families.Poisson(), exposure=days).fit()
    assert np.log(got["per_year"].iloc[3]) == pytest.approx(model.params[1])
    width = np.log(got["per_year_high"] / got["per_year_low"]).iloc[3] / 2 / 1.959964
    assert width >= model.bse[1] * 0.999  # the spread between years of all areas, at least Poisson
    assert got["state"].eq("dalend").mean() > 0.6
    assert got["p_fdr"].notna().all()


def test_trends_that_are_not_there_are_not_seen():
    rng = np.random.default_rng(9)
    codes = [f"WK9901{k:02d}" for k in range(40)]
    p_values = []
    for _ in range(25):
        level = rng.uniform(10, 90, 40)[:, None] * np.ones(6)
        drawn = rng.poisson(rng.gamma(level / 2, 2.0)).astype(float)
        p_values.append(hg.trend(years(drawn, 2011, codes), **TYPE)["p_value"].to_numpy())
    assert 0.03 < np.mean(np.concatenate(p_values) < 0.05) < 0.075


def test_trends_need_years_and_incidents():
    with pytest.raises(hg.InputError, match="4 whole years"):
        hg.trend(years(np.ones((2, 3))), **TYPE)
    got = hg.trend(years([[1] * 5, [50] * 5, [np.nan] * 5]), **TYPE)
    assert got["state"].astype(str).tolist() == ["te klein", "niet te onderscheiden", "onvolledig"]
    assert got["p_value"].isna().tolist() == [True, False, True]


def test_a_moved_border_takes_an_area_out_of_the_verdicts_and_not_out_of_the_norm():
    old = gpd.GeoDataFrame(index=CODES[:3], geometry=[box(10 * k, 0, 10 * k + 10, 10) for k in range(3)], crs=28992)
    new = old.assign(geometry=[box(0, 0, 10, 10), box(10, 0, 20, 10), box(20, 0, 50, 10)])
    areas = gpd.GeoDataFrame(
        {"name": CODES[:3], "dwellings": [1000, 1000, 1000], "municipality": "GM9901", "is_water": False,
         "level": "wijk"},
        geometry=new.geometry, index=CODES[:3],
    )  # fmt: skip
    counts = years([[40, 40, 40, 40], [20, 20, 20, 20], [90, 90, 90, 90]], codes=CODES[:3])
    got = hg.yearly_rates(
        counts, areas, crime_type="woninginbraak", base="dwellings", norm="regional",
        borders=hg.crosswalk(old, new, by="area"),
    )  # fmt: skip
    last = got.loc[2018]
    assert last["norm"].tolist()[:2] == pytest.approx([50.0, 50.0])  # 150 on 3,000 dwellings: all that were counted
    assert last["state"].tolist()[2] == "onvolledig"
    assert last.iloc[2][["rate", "p_fdr"]].isna().all()
    assert last["rate"].tolist()[:2] == pytest.approx([40.0, 20.0])
    lasting = hg.persistence(got)
    assert lasting.attrs["last"] == 4  # all years there are, when these are fewer than five
    assert lasting["kind"].tolist()[2] == "niet te bepalen"
    assert hg.in_words(lasting)[1].startswith("Van 1 gebieden is dat niet te bepalen")
    with pytest.raises(hg.InputError, match="at least 3 whole years"):
        hg.persistence(got.loc[got.index[:6]])
