"""Direct victims per neighbourhood: by hand, unknown apart from no."""

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
from scipy.stats import binomtest
from shapely.geometry import Point

import hicgeo as hg


@pytest.fixture
def robberies():
    direct = pd.array([True, False, None, True, True, None, True], dtype="boolean")
    kinds = ["straatroof"] * 6 + ["overval"]
    incidents = gpd.GeoDataFrame(
        {"crime_type": pd.Categorical(kinds), "direct_victim": direct}, geometry=[Point(0, 0)] * 7, crs=28992,
        index=pd.Index(list("abcdefg")),
    )  # fmt: skip
    where = pd.DataFrame({"code": ["A", "A", "A", "B", None, "C", "A"], "status": "inside"}, index=incidents.index)
    return incidents, where


def test_shares_by_hand(robberies):
    got = hg.direct_victims(*robberies, crime_type="straatroof")
    assert got.index.tolist() == ["A", "B", "C"]
    assert got[["incidents", "known", "direct"]].to_numpy().tolist() == [[3, 2, 1], [1, 1, 1], [1, 0, 0]]
    assert got.loc["A", "share"] == 0.5
    exact = binomtest(1, 2).proportion_ci(0.95)
    assert got.loc["A", ["share_low", "share_high"]].tolist() == pytest.approx([exact.low, exact.high])
    assert got.loc["B", ["share_low", "share_high"]].tolist() == pytest.approx([0.025, 1.0])
    assert got.loc["C", ["share", "share_low", "share_high"]].isna().all()
    assert got.attrs["without_code"] == 1


def test_nothing_of_a_type_and_wrong_tables(robberies):
    incidents, where = robberies
    assert hg.direct_victims(incidents, where, crime_type="woninginbraak").empty
    with pytest.raises(hg.ColumnError, match="direct_victim"):
        hg.direct_victims(incidents.drop(columns="direct_victim"), where, crime_type="straatroof")
    with pytest.raises(hg.AlignmentError, match="row for row"):
        hg.direct_victims(incidents, where.iloc[::-1], crime_type="straatroof")
    assert np.isnan(hg.direct_victims(incidents, where, crime_type="straatroof").loc["C", "share"])
