"""The real numbers: The Hague region per wijk, and the burglaries of Chicago."""

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import scipy.stats
import shapely

import hicgeo as hg

pytestmark = [
    pytest.mark.realdata,
    pytest.mark.filterwarnings("ignore::hicgeo.HicgeoWarning"),  # three areas with moved borders; tested apart
]

BURGLARY = {"crime_type": "woninginbraak", "base": "dwellings"}


@pytest.fixture(scope="module")
def wijken(realdata):
    return hg.read_neighbourhoods(realdata / "nl_thehague" / "wijken_2022.gpkg", level="wijk")


@pytest.fixture(scope="module")
def buurt_counts(realdata):
    return hg.read_counts(
        realdata / "nl_thehague" / "police_monthly_2011_2017.csv.gz",
        columns={"code": "buurt_code", "crime_type": "delict_code", "month": ["year", "month"], "incidents": "delicts"},
        crime_types={104: "woninginbraak", 102: "straatroof", 117: "overval"},
        all_zero="missing",
    )


@pytest.fixture(scope="module")
def counts(buurt_counts):
    return hg.roll_up(buurt_counts, "wijk")


@pytest.fixture(scope="module")
def region(counts):
    return hg.roll_up(counts, "region")


def test_rates_of_the_region_per_year(counts, wijken):
    everything = pd.Series("region", wijken.index)
    published = {2011: 13.61, 2012: 13.96, 2013: 12.07, 2014: 10.09, 2015: 10.03, 2016: 8.35}
    for year, rate in published.items():
        got = hg.group_rates(counts, wijken, by=everything, period=str(year), norm=8.0, **BURGLARY).loc["region"]
        assert round(got["rate"], 2) == rate
        assert got["base"] == 407_218
        assert got["coverage"] == pytest.approx(407_218 / 510_506)
        assert round(got["coverage"], 3) == 0.798
        assert got["state"] == "onvolledig"


def test_every_municipality_is_incomplete(counts, wijken):
    got = hg.group_rates(counts, wijken, by="municipality", period="2016", norm="regional", **BURGLARY)
    assert len(got) == 8
    assert (got["state"] == "onvolledig").all()
    assert round(got["coverage"].min(), 2) == 0.58
    assert round(got["coverage"].max(), 2) == 0.87
    np.testing.assert_allclose(got["incidents"] / got["base"] * 1000, got["rate"])


def test_what_does_not_match_is_listed_and_totals_are_kept(counts, wijken, buurt_counts):
    match = hg.match_codes(counts, wijken, crime_type="woninginbraak", period="2015", base="dwellings")
    assert (len(match.matched), len(match.without_counts), len(match.without_area)) == (85, 23, 17)
    frame = match.to_frame()
    assert frame["base"].sum() == wijken["dwellings"].sum() == 510_506
    source = buurt_counts.xs("woninginbraak", level="crime_type")["incidents"]
    in_2015 = source.index.get_level_values("month").year == 2015
    assert frame["incidents"].sum() == source[in_2015].sum() == 4140
    with pytest.raises(hg.AlignmentError, match=r"17 counted codes.*23 areas without counts \(20.2% of dwellings\)"):
        hg.rates(counts, wijken, period="2015", norm="regional", **BURGLARY)


def test_two_burglaries_on_forty_seven_dwellings(counts, wijken):
    got = hg.rates(counts, wijken, period="2015", norm="regional", unmatched="report", **BURGLARY)
    row = got.loc["WK051843"]
    assert (row["incidents"], row["base"], row["state"]) == (2, 47, "te klein")
    assert round(row["rate"], 1) == 42.6
    judged = got["state"].isin(["boven", "onder", "niet te onderscheiden"])
    assert judged.sum() == got.attrs["tested"]
    assert got["norm"].iloc[0] == pytest.approx(10.0315, abs=1e-3)


def test_moved_borders_are_warned_about(counts, wijken):
    with pytest.warns(hg.HicgeoWarning, match="border|boundaries"):
        got = hg.rates(counts, wijken, period="2015", norm="regional", unmatched="report", **BURGLARY)
    assert round(got.loc["WK060303", "rate"]) == 110
    assert "WK060303" in got.attrs["moved_border"]


def test_missing_is_not_zero(buurt_counts):
    december = buurt_counts.xs(pd.Period("2017-12"), level="month")
    assert december["incidents"].isna().all()
    robbery = buurt_counts.xs("overval", level="crime_type")
    assert robbery["incidents"].isna().all()
    assert (robbery["status"] == "missing").all()


def test_a_dark_season_by_hand(region, buurt_counts):
    season = hg.dark_days(region, crime_type="woninginbraak").loc["region"]
    # 2014/15: October 2014 to March 2015 against April-September of 2014 and of 2015.
    per_month = buurt_counts.xs("woninginbraak", level="crime_type")["incidents"].groupby("month").sum()
    dark, before, after = per_month["2014-10":"2015-03"], per_month["2014-04":"2014-09"], per_month["2015-04":"2015-09"]
    row = season.loc["2014/15"]
    assert row["incidents_dark"] == dark.sum()
    assert row["incidents_light"] == before.sum() + after.sum()
    assert row["ratio"] == pytest.approx((dark.sum() / 182) / ((before.sum() + after.sum()) / 366))
    assert row["ratio"] == pytest.approx(1.163, abs=5e-4)
    assert row["ratio_low"] < row["ratio"] < row["ratio_high"]


def test_incomplete_seasons_are_marked(region):
    season = hg.dark_days(region, crime_type="woninginbraak").loc["region"]
    assert season.index[~season["complete"]].tolist() == ["2010/11", "2017/18"]
    assert season.loc["2017/18", ["ratio", "incidents_dark"]].isna().all()


def test_the_headline_of_the_dark_days(region):
    burglary = hg.dark_days(region, crime_type="woninginbraak").loc[("region", "alle")]
    assert burglary["ratio_trend"] == pytest.approx(1.31, abs=0.02)
    assert burglary["ratio_trend_low"] > 1
    robbery = hg.dark_days(region, crime_type="straatroof").loc[("region", "alle")]
    assert robbery["ratio_trend"] == pytest.approx(1.07, abs=0.02)
    assert robbery["ratio_trend_low"] < 1 < robbery["ratio_trend_high"]


def test_seasonal_groups_of_the_wijken_are_few_and_not_stable(counts):
    groups = hg.cluster_seasons(counts, crime_type="woninginbraak", rng=42)
    assert groups.k == 2
    assert groups.ratio["A"] > 1.8
    assert groups.ratio["B"] == pytest.approx(1.24, abs=0.05)
    assert (groups.labels == "A").sum() < 20
    assert groups.stability < 0.8
    assert 1.5 < groups.dispersion < 2


def test_december_stands_out_nationally(realdata):
    table = pd.read_csv(realdata / "nl_national" / "police_national_monthly.csv", parse_dates=["date"])
    burglary = table[(table["crime_type"] == "burglary") & table["date"].dt.year.between(2012, 2019)]
    months = pd.PeriodIndex(burglary["date"], freq="M")
    mean = burglary.groupby(burglary["date"].dt.month)["frequency"].mean()
    assert (round(mean[12]), round(mean[6])) == (7311, 3961)
    index = pd.MultiIndex.from_arrays(
        [["NL"] * len(months), ["woninginbraak"] * len(months), months], names=["code", "crime_type", "month"]
    )
    counts = pd.DataFrame({"incidents": burglary["frequency"].to_numpy(float), "status": "final"}, index=index)
    got = hg.seasonal_index(counts, crime_type="woninginbraak").loc["NL", "index"]
    assert got.idxmax() == 12
    assert got[12] / got[6] == pytest.approx(7311 / 31 / (3961 / 30), rel=0.05)


@pytest.fixture(scope="module")
def chicago(realdata):
    table = pd.read_csv(realdata / "us_chicago_burglary" / "chicago_be_2016.csv")
    points = gpd.GeoSeries.from_xy(table["X"], table["Y"], crs="EPSG:26971")
    area = gpd.GeoSeries([points.union_all().convex_hull.buffer(150)], crs=points.crs)
    return points, hg.Grid.over(area, cell_size=250)


@pytest.mark.parametrize(("kernel", "parameter", "within"), [("quartic", 800.0, 1e-9), ("gaussian", 300.0, 1e-6)])
def test_density_of_chicago_equals_a_double_loop(chicago, kernel, parameter, within):
    points, grid = chicago
    got = hg.kde(points, grid, bandwidth=parameter, kernel=kernel)
    assert got.attrs["n"] == 11_701
    assert float(got.sum()) * 0.25**2 == pytest.approx(11_701, abs=1e-9 * 11_701)
    gx, gy = np.meshgrid(grid.x, grid.y)
    cx, cy = gx[grid.inside], gy[grid.inside]
    truth = np.zeros(len(cx))
    for x, y in zip(points.x, points.y, strict=True):
        square = (cx - x) ** 2 + (cy - y) ** 2
        if kernel == "quartic":
            value = np.where(square < parameter**2, (1 - square / parameter**2) ** 2, 0)
        else:
            value = np.exp(-square / (2 * parameter**2))
        truth += value / (value.sum() * 250**2)
    np.testing.assert_allclose(got.to_numpy()[grid.inside], truth * 1e6, rtol=0, atol=within * truth.max() * 1e6)


def test_national_rates_make_no_impossible_claims(realdata):
    towns = hg.read_neighbourhoods(realdata / "nl_national" / "gemeenten_2022.gpkg", level="gemeente")
    # Pure chance at 8 per 1,000: an interval without false claims beyond its level.
    rng = np.random.default_rng(0)
    months = pd.period_range("2016-01", "2021-12", freq="M")
    mean = towns["dwellings"].to_numpy(float)[:, None] * 0.008 / 12
    index = pd.MultiIndex.from_product([towns.index, ["woninginbraak"], months], names=["code", "crime_type", "month"])
    counts = pd.DataFrame(
        {"incidents": rng.poisson(np.broadcast_to(mean, (len(towns), 72))).ravel().astype(float), "status": "final"},
        index=index,
    )
    got = hg.rates(counts, towns, period="2021", norm=8.0, **BURGLARY)
    flagged = int(got["state"].isin(["boven", "onder"]).sum())
    assert flagged <= scipy.stats.binom.ppf(0.999, len(towns), 0.05)


@pytest.fixture(scope="module")
def lisse(realdata, wijken):
    """The crosswalk from the wijken that the police counted to those of 2022."""
    raw = gpd.read_file(realdata / "nl_thehague" / "police_districts_raw.geojson").to_crs(28992).set_index("wijk_code")
    old = raw.loc[raw.index.str.startswith("WK0553"), ["geometry"]]
    old = old.set_geometry(shapely.make_valid(old.geometry.array))
    return hg.crosswalk(old, wijken[wijken["municipality"] == "GM0553"], by="area")


def test_no_wijk_of_lisse_is_the_same_ground(lisse, wijken):
    """Twenty-one old wijken, four new ones; four codes that occur in both, of which none is the same area."""
    assert lisse.to_frame()["codes"].to_dict() == {"same": 0, "recoded": 0, "changed": 21, "gone": 0}
    assert lisse.codes["outside"].max() < 0.05
    new = lisse.shares.index.get_level_values("new").unique()
    assert set(new) == set(wijken.index[wijken["municipality"] == "GM0553"])
    assert set(new) <= set(lisse.codes.index)
    assert lisse.codes.index[lisse.codes["new"] > 1].tolist() == ["WK055316"]


def test_the_crosswalk_of_lisse_keeps_totals(lisse, counts):
    there = counts[counts.index.get_level_values("code").str.startswith("WK0553")]
    years = there.xs("woninginbraak", level="crime_type")["incidents"].groupby(lambda key: key[1].year).sum()
    assert years.loc[2011:2016].tolist() == [59, 65, 59, 45, 57, 36]
    moved = lisse.apply(there, absent="zero")
    after = moved.xs("woninginbraak", level="crime_type")["incidents"].groupby(lambda key: key[1].year).sum()
    assert after.loc[2011:2016].tolist() == pytest.approx(years.loc[2011:2016].tolist())
    # WK055301 was never counted: where its ground is now, nothing is known
    known = lisse.apply(there)
    absent = known["incidents"].isna().groupby("code").mean()
    assert absent["WK055304"] == 1
    assert known["incidents"].sum() + known.attrs["hidden_incidents"] == pytest.approx(there["incidents"].sum())


def test_years_are_not_compared_across_a_moved_border(lisse, counts):
    got = hg.change(counts, crime_type="woninginbraak", period="2016", against="2015", borders=lisse)
    there = got.index.str.startswith("WK0553")
    assert (got.loc[there, "state"] == "grens gewijzigd").all()
    assert got.loc[there, ["ratio", "p_value"]].isna().all(axis=None)
    assert got.attrs["tested"] > 70
    with pytest.warns(hg.HicgeoWarning, match=r"2017-12 \(not published\)"):
        part = hg.change(counts, crime_type="woninginbraak", period="2017", against="2016", borders="unchanged")
    assert part.attrs["months"] == 11


def test_empirical_bayes_predicts_next_year_better_than_the_crude_rate(counts, wijken):
    moved = ["WK055304", "WK060303", "WK060305", "WK063708"]
    for year in range(2011, 2016):
        now, after = (
            hg.rates(counts, wijken, period=str(each), norm="regional", unmatched="report", **BURGLARY)
            for each in (year, year + 1)
        )
        same = (now["base"] >= 20) & ~now.index.isin(moved) & ~now.index.str.startswith("WK0553")
        scale = after.attrs["norm"] / now.attrs["norm"]
        truth, weight = after.loc[same, "rate"], after.loc[same, "base"]
        errors = [
            (weight * (now.loc[same, column] * scale - truth).abs()).sum() / weight.sum()
            for column in ("rate_eb", "rate")
        ]
        assert errors[0] < errors[1]


def test_ranks_of_wijken_are_mostly_not_to_be_told_from_the_middle(counts, wijken):
    got = hg.rates(counts, wijken, period="2016", norm="regional", unmatched="report", **BURGLARY)
    ranks = hg.rank_areas(got, rng=42)
    assert ranks.attrs["ranked"] == got.attrs["tested"] == 80
    assert 15 <= ranks.attrs["clear"] <= 40
