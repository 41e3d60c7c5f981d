"""Density and relative risk on real squares and real points."""

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest

import hicgeo as hg

pytestmark = pytest.mark.realdata


@pytest.fixture(scope="module")
def groningen(realdata):
    folder = realdata / "nl_groningen_2017"
    buurten = hg.read_neighbourhoods(folder / "buurt2017.zip", level="buurt")
    grid = hg.Grid.over(buurten, cell_size=100)
    return buurten, grid, hg.read_at_risk(folder / "vierkant100m2014.zip", grid, columns={"dwellings": "WON2012"})


def struck(homes, grid, n, rng, more):
    """Incidents in proportion to the dwellings of the squares, `more` times as likely where that says."""
    units = np.nan_to_num(homes.to_numpy()) * more
    row, column = np.unravel_index(rng.choice(units.size, n, p=(units / units.sum()).ravel()), units.shape)
    xy = np.column_stack([grid.x[column], grid.y[row]]) + rng.uniform(-49, 49, (n, 2))
    return gpd.GeoSeries.from_xy(*xy.T, crs="EPSG:28992")


def test_risk_over_the_squares_of_groningen(groningen):
    buurten, grid, homes = groningen
    rng = np.random.default_rng(1)
    gx, gy = np.meshgrid(grid.x, grid.y)
    dense = np.unravel_index(np.nanargmax(homes.rolling(x=5, y=5, center=True).sum().to_numpy()), grid.shape)
    spot = np.hypot(gx - grid.x[dense[1]], gy - grid.y[dense[0]]) < 400
    even = hg.relative_risk(struck(homes, grid, 400, rng, 1.0), homes, grid, bandwidth=500, draws=99, rng=1)
    assert even.tested
    assert even.n == 400
    assert even.at_risk == homes.attrs["n"]
    assert float((even.p_high <= 0.05).where(even.p_high.notnull()).mean()) < 0.2
    planted = hg.relative_risk(
        struck(homes, grid, 400, rng, np.where(spot, 4.0, 1.0)), homes, grid, bandwidth=500, draws=99, rng=1
    )
    found = planted.p_family.to_numpy() <= 0.05
    assert found[spot].mean() > 0.5
    assert found[~spot].sum() < found[spot].sum()
    # The number of incidents is highest where homes are; what the picture from totals shows is not tested.
    smeared = hg.relative_risk(
        struck(homes, grid, 400, rng, 1.0), buurten.assign(dwellings=100), grid, bandwidth=500, rng=1
    )
    assert not smeared.tested


def test_bandwidths_of_the_burglaries_of_chicago(realdata):
    raw = pd.read_csv(realdata / "us_chicago_burglary" / "chicago_be_2016.csv")
    x, y = (next(c for c in raw.columns if c.strip().lower() == name) for name in ("x", "y"))
    places = gpd.GeoSeries.from_xy(raw[x], raw[y], crs="EPSG:26971")
    area = gpd.GeoSeries([places.union_all().convex_hull.buffer(500)], crs="EPSG:26971")
    scott = hg.bandwidth(places, method="scott", area=area)
    ppl = hg.bandwidth(places, method="ppl", area=area)
    assert 50 < ppl.sigma < scott.sigma  # a city of many centres: the rule of one cloud is an upper bound
    grid = hg.Grid.over(area, cell_size=100)
    surface = hg.kde(places, grid, bandwidth=ppl, kernel="gaussian")
    assert float(surface.sum()) * 0.01 == pytest.approx(surface.attrs["n"], rel=1e-12)
    assert surface.attrs["n"] == len(raw)
