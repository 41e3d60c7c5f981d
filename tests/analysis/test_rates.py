"""Rates: hand calculations, the five states, and how often a norm flag is false."""

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
from shapely.geometry import box

import hicgeo as hg
from hicgeo.schema import RATE_STATES

YEARS = range(2018, 2024)


def town(dwellings, municipality=None):
    n = len(dwellings)
    codes = pd.Index([f"WK9901{place:02d}" for place in range(n)], name="code")
    return gpd.GeoDataFrame(
        {
            "name": codes,
            "municipality": municipality or ["GM9901"] * n,
            "dwellings": pd.array(dwellings, dtype="Int64"),
        },
        index=codes,
        geometry=[box(place, 0, place + 1, 1) for place in range(n)],
        crs="EPSG:28992",
    )


def yearly(areas, counts, years=YEARS):
    """Count table with a year's incidents spread evenly over its months (fractions are allowed)."""
    months = pd.period_range(f"{years[0]}-01", f"{years[-1]}-12", freq="M")
    values = np.repeat(np.asarray(counts, float) / 12, 12, axis=1)
    index = pd.MultiIndex.from_product([areas.index, ["woninginbraak"], months], names=["code", "crime_type", "month"])
    return pd.DataFrame(
        {"incidents": values.ravel(), "status": np.where(np.isnan(values.ravel()), "missing", "final")}, index=index
    )


def assess(areas, counts, **arguments):
    settings = {"crime_type": "woninginbraak", "period": "2023", "base": "dwellings", "norm": "regional"} | arguments
    return hg.rates(counts, areas, **settings)


def test_rate_norm_and_interval_by_hand():
    areas = town([1000, 3000], ["GM9901", "GM9902"])
    # The same every year, so the dispersion is 1 and the interval is the exact Poisson one.
    got = assess(areas, yearly(areas, [[20] * 6, [12] * 6]))
    assert got["rate"].tolist() == pytest.approx([20, 4])
    assert got["norm"].tolist() == pytest.approx([8, 8])  # 32 on 4,000
    assert got.attrs["dispersion"] == 1
    assert got["rate_low"].iloc[0] == pytest.approx(12.2165196)
    assert got["rate_high"].iloc[0] == pytest.approx(30.8883779)
    assert got["state"].tolist() == ["boven", "onder"]
    np.testing.assert_allclose(got["incidents"] / got["base"] * 1000, got["rate"])


def test_columns_never_depend_on_arguments():
    areas = town([1000, 3000], ["GM9901", "GM9902"])
    counts = yearly(areas, [[20] * 6, [12] * 6])
    for norm in ("regional", 8.0, pd.Series(8.0, areas.index)):
        got = assess(areas, counts, norm=norm)
        assert got.columns.tolist() == [
            "incidents", "base", "coverage", "rate", "rate_low", "rate_high", "rate_eb", "norm", "p_above", "p_fdr",
            "state",
        ]  # fmt: skip
        assert got.index.equals(areas.index)
        assert got["state"].cat.categories.tolist() == list(RATE_STATES)


def test_two_on_forty_seven_is_too_small_to_say():
    areas = town([47, 15, 4000, 5000])
    got = assess(areas, yearly(areas, [[2] * 6, [3] * 6, [33] * 6, [41] * 6]))
    assert got["rate"].iloc[0] > 40
    assert got["state"].tolist()[:2] == ["te klein", "te klein"]  # 0.4 expected; under 20 dwellings
    assert got["p_fdr"].iloc[:2].isna().all()
    assert got.attrs["tested"] == 2


def test_a_missing_month_is_not_a_zero():
    areas = town([1000, 1000, 1000])
    counts = yearly(areas, [[10] * 6, [10] * 6, [10] * 6])
    counts.loc[("WK990101", "woninginbraak", pd.Period("2023-12")), :] = [np.nan, "missing"]
    got = assess(areas, counts)
    assert got["state"].iloc[1] == "onvolledig"
    assert np.isnan(got["rate"].iloc[1])
    assert (got["base"].iloc[1], got["coverage"].iloc[1]) == (0, 0)
    assert got["norm"].iloc[0] == pytest.approx(10)  # 20 on 2,000, not 20 on 3,000
    assert got.attrs["coverage"] == pytest.approx(2 / 3)


def test_a_group_divides_only_by_the_dwellings_that_were_counted():
    areas = town([600, 400, 1000, 50], ["GM9901", "GM9901", "GM9902", "GM9902"])
    counts = yearly(areas, [[6] * 6, [np.nan] * 6, [20] * 6, [1] * 6])
    got = hg.group_rates(
        counts, areas, by="municipality", crime_type="woninginbraak", period="2023", base="dwellings", norm=8.0
    )
    assert got["rate"].tolist() == pytest.approx([10, 20])
    assert got["coverage"].tolist() == pytest.approx([0.6, 1.0])
    assert got["state"].tolist() == ["onvolledig", "boven"]
    assert got.attrs["coverage"] == pytest.approx(1650 / 2050)


def test_water_and_unknown_dwellings_are_never_judged():
    areas = town([0, pd.NA, 1000, 2000])
    got = assess(areas, yearly(areas, [[1] * 6, [2] * 6, [10] * 6, [20] * 6]), unmatched="report")
    assert got["state"].tolist()[:2] == ["te klein", "te klein"]
    assert got["rate"].iloc[:2].isna().all()
    assert got["norm"].iloc[0] == pytest.approx(10)


def test_one_area_cannot_be_above_its_own_average():
    areas = town([1000])
    got = assess(areas, yearly(areas, [[30, 2, 25, 9, 14, 40]]))
    assert got["state"].tolist() == ["niet te onderscheiden"]
    assert got["p_fdr"].isna().all()


def test_no_incidents_at_all():
    areas = town([1000, 2000])
    with pytest.warns(hg.HicgeoWarning, match="cannot be estimated"):
        got = assess(areas, yearly(areas, [[0] * 6, [0] * 6]))
    assert got["rate"].tolist() == [0, 0]
    assert got["state"].tolist() == ["te klein", "te klein"]


def test_codes_that_do_not_match_stop_the_rate_unless_reported():
    areas = town([1000, 2000, 500])
    counts = yearly(areas.iloc[:2], [[10] * 6, [20] * 6])
    with pytest.raises(hg.AlignmentError, match=r"1 areas without counts \(14.3% of dwellings\)"):
        assess(areas, counts)
    got = assess(areas, counts, unmatched="report")
    assert got.attrs["unmatched_base"] == pytest.approx(1 / 7)
    assert got["state"].tolist() == ["niet te onderscheiden", "niet te onderscheiden", "onvolledig"]


def test_a_rate_far_above_its_own_town_is_a_moved_border():
    areas = town([2000, 3000, 160, 4000, 5000])
    counts = yearly(areas, [[20] * 6, [30] * 6, [18] * 6, [40] * 6, [50] * 6])
    with pytest.warns(hg.HicgeoWarning, match="WK990102"):
        got = assess(areas, counts)
    assert got.attrs["moved_border"] == ["WK990102"]


def test_one_year_is_too_little_to_know_the_spread():
    areas = town([1000, 2000])
    with pytest.warns(hg.HicgeoWarning, match="plain Poisson"):
        assess(areas, yearly(areas, [[10], [20]], years=range(2023, 2024)))


def test_part_of_a_year_is_compared_with_the_same_months():
    areas = town([1000, 2000])
    got = assess(areas, yearly(areas, [[12] * 6, [24] * 6]), period=("2023-01", "2023-10"))
    assert got["rate"].tolist() == pytest.approx([10, 10])
    assert got.attrs["dispersion_years"] == 6


@pytest.mark.parametrize("norm", [0, -1, float("nan"), "mean", True])
def test_what_is_no_norm_is_refused(norm):
    areas = town([1000, 2000])
    with pytest.raises(hg.InputError, match="norm"):
        assess(areas, yearly(areas, [[12] * 6, [24] * 6]), norm=norm)


def test_errors_name_what_is_there():
    areas = town([1000, 2000])
    counts = yearly(areas, [[12] * 6, [24] * 6])
    with pytest.raises(hg.InputError, match="woninginbraak"):
        assess(areas, counts, crime_type="overval")
    with pytest.raises(hg.ColumnError, match="dwellings"):
        assess(areas, counts, base="shops")
    with pytest.raises(hg.AlignmentError, match="WK990101"):
        assess(areas, counts, norm=pd.Series(8.0, areas.index[:1]))


def test_leaving_the_area_itself_out_of_the_norm():
    areas = town([1000, 3000, 4000])
    counts = yearly(areas, [[20] * 6, [12] * 6, [40] * 6])
    got = assess(areas, counts, norm="others")
    assert got["norm"].tolist() == pytest.approx([52 / 7, 60 / 5, 32 / 4])
    assert got.attrs["norm"] is None
    assert got.attrs["norm_kind"] == "others"
    # above the average that it is part of is the same as above the others
    pd.testing.assert_series_equal(got["state"], assess(areas, counts)["state"])
    alone = assess(areas.iloc[:1], counts.loc[["WK990100"]], norm="others")
    assert alone["state"].tolist() == ["te klein"]
    assert alone["norm"].isna().all()


def test_a_norm_that_is_no_rate_is_refused():
    areas = town([1000, 2000])
    with pytest.raises(hg.AlignmentError, match="above 0"):
        assess(areas, yearly(areas, [[10] * 6, [20] * 6]), norm=pd.Series([8.0, 0.0], areas.index))
