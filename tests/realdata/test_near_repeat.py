"""Near repeats among the burglaries of Chicago."""

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest

import hicgeo as hg

pytestmark = pytest.mark.realdata


def burglaries(path, **read):
    table = pd.read_csv(path, **read)
    table.columns = ["x", "y", "date"]
    moment = pd.to_datetime(table["date"]).dt.tz_localize("Europe/Amsterdam")
    return gpd.GeoDataFrame(
        {"start": moment, "end": moment}, geometry=gpd.points_from_xy(table["x"], table["y"]), crs="EPSG:26971"
    )


def test_the_published_table_of_one_month(realdata):
    month = burglaries(realdata / "us_chicago_burglary" / "chicago_be_month1.csv", header=None)
    bands = {"distances": (0, 1, 100, 200, 300, np.inf), "days": (0, 7, 14, 21, np.inf)}
    got = hg.knox(month, **bands, metric="manhattan", rng=1)
    assert got.n == 970
    assert got.matrix().to_numpy().tolist() == [
        [28, 5, 5, 2], [44, 13, 8, 4], [97, 56, 19, 16], [77, 67, 45, 20], [182194, 146149, 95237, 45879],
    ]  # fmt: skip
    # same place and up to 200 m within a week: the excess that near repeats are
    assert (got.matrix("p_value").to_numpy()[:3, 0] < 0.01).all()
    assert got.matrix("p_value").to_numpy()[4, 0] > 0.99


def test_a_whole_year(realdata):
    year = burglaries(realdata / "us_chicago_burglary" / "chicago_be_2016.csv")
    got = hg.knox(year, draws=199, rng=1)
    assert (got.n, got.n_undated) == (11_700, 1)  # one row has no date
    ratio = got.matrix("ratio")
    assert ratio.iloc[0, 0] > 3
    assert (ratio.iloc[:3, 0].diff().dropna() < 0).all()
    chains = hg.near_repeat_chains(year, draws=99, rng=1)
    assert chains.p_value == 0.01
    assert 100 <= chains.radius_low <= chains.radius_m <= chains.radius_high
