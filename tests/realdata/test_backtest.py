"""The Chicago burglaries of 2016: maps of nine months, scored on the last quarter."""

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from scipy.spatial import cKDTree

import hicgeo as hg

pytestmark = pytest.mark.realdata


def chicago(realdata):
    """Burglaries, and the cells of 100 m within 300 m of one before October."""
    rows = pd.read_csv(realdata / "us_chicago_burglary" / "chicago_be_2016.csv")
    points = gpd.GeoDataFrame(
        {"start": pd.to_datetime(rows["date"])}, geometry=gpd.points_from_xy(rows["X"], rows["Y"]), crs="EPSG:26971"
    )
    known = rows.loc[points["start"] < "2016-10-01", ["X", "Y"]].to_numpy()
    west, south = np.floor(known.min(axis=0) / 100) - 4
    east, north = np.floor(known.max(axis=0) / 100) + 4
    centre = np.stack(np.meshgrid(np.arange(west, east + 1), np.arange(south, north + 1)), axis=-1).reshape(-1, 2)
    centre = centre * 100 + 50
    centre = centre[cKDTree(known).query(centre, distance_upper_bound=300)[0] <= 300]
    area = shapely.union_all(shapely.box(*(centre - 50).T, *(centre + 50).T))
    return points, hg.Grid.over(gpd.GeoSeries([area], crs="EPSG:26971"), cell_size=100)


def test_the_last_quarter_is_predicted_and_plain_density_does_not_beat_counting(realdata):
    points, grid = chicago(realdata)
    test = hg.backtest(points, grid, horizon_days=92, bandwidth=400.0, test_from="2016-10-01", rng=1)
    pai = test.scores["pai"].xs(92, level="horizon_days")
    # found elsewhere on these data: density 4.6, counts per 100 m 5.2, density and counts 6.0
    assert pai["kde"] == pytest.approx(4.6, abs=0.2)
    assert pai["last_year_100m"] == pytest.approx(5.2, abs=0.2)
    assert pai["two_scale"] == pytest.approx(6.0, abs=0.2)
    assert pai["kde"] >= 4.5
    assert pai["two_scale"] >= 5.5
    verdict = test.differences["verdict"].xs(92, level="horizon_days")
    assert verdict["kde", "last_year_100m"] == "slechter"
    for baseline in ("last_year_100m", "last_year_250m"):
        assert verdict["two_scale", baseline] == "beter"
        assert verdict["learned", baseline] == "beter"
