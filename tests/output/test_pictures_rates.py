"""The funnel: every judged area once, and no moved border that sets the scale."""

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
from shapely.geometry import box

import hicgeo as hg

CODES = [f"BU9901{n:04d}" for n in range(40)]


@pytest.fixture(scope="module")
def judged():
    rng = np.random.default_rng(2)
    dwellings = np.r_[np.full(38, 2000), 200, 12]
    risk = np.r_[np.full(35, 0.008), 0.03, 0.008, 0.008, 0.5, 0.008]
    months = pd.period_range("2019-01", "2024-12", freq="M", name="month")
    index = pd.MultiIndex.from_product([CODES, ["woninginbraak"], months], names=["code", "crime_type", "month"])
    drawn = rng.poisson(np.repeat(dwellings * risk / 12, len(months))).astype(float)
    counts = pd.DataFrame({"incidents": drawn, "status": "final"}, index=index)
    areas = gpd.GeoDataFrame(
        {"name": [f"Buurt {n}" for n in range(40)], "dwellings": dwellings, "municipality": "GM9901"},
        index=pd.Index(CODES, name="code"), geometry=[box(n, 0, n + 1, 1) for n in range(40)], crs=28992,
    )  # fmt: skip
    with pytest.warns(hg.HicgeoWarning, match="5 times"):
        rates = hg.rates(counts, areas, crime_type="woninginbraak", period="2024", base="dwellings", norm="regional")
    return rates, areas


def test_every_judged_area_is_in_the_funnel_once(judged):
    rates, areas = judged
    ax = hg.plot_funnel(rates, hg.funnel(rates), areas).axes[0]
    drawn = sum(len(line.get_xdata()) for line in ax.lines if line.get_marker() in "o^")
    assert drawn == rates["state"].isin(["boven", "onder", "niet te onderscheiden"]).sum() == 39


def test_a_moved_border_stands_at_the_edge_with_its_figure(judged):
    rates, areas = judged
    assert "BU99010038" in rates.attrs["moved_border"]
    figure = hg.plot_funnel(rates, hg.funnel(rates), areas)
    ax = figure.axes[0]
    beyond = [line for line in ax.lines if line.get_marker() == "^"]
    assert [line.get_xdata().tolist() for line in beyond] == [[200.0]]
    assert ax.get_ylim()[1] < rates["rate"].max()
    figure.draw_without_rendering()
    assert f"Buurt 38 ({rates.loc['BU99010038', 'rate']:.0f})" in [each.get_text() for each in ax.texts]


def test_no_name_lies_on_another(judged):
    rates, areas = judged
    figure = hg.plot_funnel(rates.assign(state="boven", rate=8.0, base=2000.0, p_above=1.0), hg.funnel(rates), areas)
    assert len(figure.axes[0].texts) == 1, "all at one place: one name"


def test_limits_without_their_columns_are_refused(judged):
    rates, areas = judged
    with pytest.raises(hg.ColumnError, match="low_95"):
        hg.plot_funnel(rates, hg.funnel(rates).drop(columns="low_95"), areas)
