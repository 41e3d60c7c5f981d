"""Bad input to every verb of density: a three-part error, or an answer that counts what it left."""

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
from shapely.geometry import box

import hicgeo as hg

RD = "EPSG:28992"
GRID = hg.Grid.over(gpd.GeoSeries([box(0, 0, 3000, 3000)], crs=RD), cell_size=100)
AREA = gpd.GeoSeries([box(0, 0, 3000, 3000)], crs=RD)
HOMES = GRID.counts(np.random.default_rng(1).uniform(0, 3000, (9000, 2)))


def table(xy, crs=RD):
    xy = np.asarray(xy, float).reshape(-1, 2)
    start = pd.Timestamp("2023-01-01", tz="Europe/Amsterdam") + pd.to_timedelta(np.arange(len(xy)) % 400, unit="D")
    return gpd.GeoDataFrame({"start": start}, geometry=gpd.points_from_xy(*xy.T), crs=crs)


def town(n=400):
    return np.random.default_rng(2).uniform(0, 3000, (n, 2))


def areas():
    about = {"name": "Stad", "level": "buurt", "municipality": "GM9901", "is_water": False, "dwellings": 9000}
    return gpd.GeoDataFrame(about, geometry=AREA.array, crs=RD, index=["BU99010101"])


VERBS = {
    "kde": lambda points, **other: hg.kde(points, GRID, **{"bandwidth": 300.0, **other}),
    "kde_by": lambda points, **other: hg.kde_by(
        points, GRID, by=pd.Series("a", index=points.index), **{"bandwidth": 300.0, **other}
    ),
    "bandwidth": lambda points, **other: hg.bandwidth(points, method="ppl", area=AREA),
    "hotspots": lambda points, **other: hg.hotspots(
        points, GRID, at_risk=HOMES, rng=1, **{"bandwidth": 300.0, **other}
    ),
    "relative_risk": lambda points, **other: hg.relative_risk(
        points, HOMES, GRID, draws=19, rng=1, **{"bandwidth": 300.0, **other}
    ),
    "backtest": lambda points, **other: hg.backtest(
        points, GRID, method="kde", horizon_days=28, rng=1, **{"bandwidth": 300.0, **other}
    ),
    "explore_density": lambda points, **other: hg.explore_density(
        points, GRID, areas(), **{"bandwidth": 300.0, **other}
    ),
}  # fmt: skip
SMOOTHING = [verb for verb in VERBS if verb != "bandwidth"]
NEEDS_MANY = [verb for verb in VERBS if not verb.startswith("kde")]


def parts_of(caught):
    """The three parts, none of them empty, and no row's content beyond its number."""
    error = caught.value
    parts = [error.expected, error.given, error.remedy]
    assert all(part.strip() for part in parts)
    return " | ".join(parts)


@pytest.mark.parametrize("verb", NEEDS_MANY)
@pytest.mark.parametrize("xy", [[], [(1500, 1500)]], ids=["no points", "one point"])
def test_none_or_one_is_not_enough(verb, xy):
    with pytest.raises(hg.InputError) as caught:
        VERBS[verb](table(xy))
    said = parts_of(caught)
    assert str(len(xy)) in said or "none" in said


@pytest.mark.parametrize("verb", ["hotspots", "relative_risk", "explore_density"])
def test_under_thirty_shows_no_surface(verb):
    with pytest.raises(hg.InputError, match="at least 30 incidents") as caught:
        VERBS[verb](table(town(29)))
    assert "29" in parts_of(caught)


def test_a_density_of_under_thirty_makes_no_map():
    from hicgeo.output._layers import Scene
    from hicgeo.output._layers_density import surface_layer

    few = hg.kde(table(town(29)), GRID, bandwidth=300.0)
    assert few.attrs["n"] == 29  # the sum is right for any number
    with pytest.raises(hg.InputError, match="at least 30 incidents") as caught:
        surface_layer(few, Scene.__new__(Scene), None)
    # exact Poisson interval of 29: 19.4 to 41.6
    assert "19.4 to 41.6" in parts_of(caught)
    assert "counts" in parts_of(caught)


@pytest.mark.parametrize("verb", list(VERBS))
def test_all_at_one_address(verb):
    address = table(np.full((60, 2), 1510.0))
    if verb == "bandwidth":
        with pytest.raises(hg.InputError, match="60 points in one place"):
            VERBS[verb](address)
    elif verb in ("kde", "kde_by"):
        got = VERBS[verb](address)
        assert float(got.sum()) * 0.1**2 == pytest.approx(60, rel=1e-9)
    elif verb == "hotspots":
        spots = VERBS[verb](address)
        assert spots["incidents"].tolist() == [60]
        assert spots["rank_high"].tolist() == [1]
    elif verb == "relative_risk":
        risk = VERBS[verb](address)
        assert float(risk.ratio.max()) > 10
        assert np.isnan(risk.p_family).all()  # within reach of it fewer than 4 are expected: not tested
    elif verb == "backtest":
        with pytest.raises(hg.InputError, match=r"30 incidents|days long|horizon"):
            VERBS[verb](address)


@pytest.mark.parametrize("verb", SMOOTHING)
@pytest.mark.parametrize("bandwidth", [1.0, -300.0, 0.0, np.nan])
def test_a_bandwidth_far_too_small(verb, bandwidth):
    with pytest.raises(hg.InputError, match="at least the cell size") as caught:
        VERBS[verb](table(town()), bandwidth=bandwidth)
    assert "100 m" in parts_of(caught)


@pytest.mark.parametrize("verb", SMOOTHING)
@pytest.mark.parametrize("bandwidth", [1e5, np.inf])
def test_a_bandwidth_far_too_large(verb, bandwidth):
    with pytest.raises(hg.InputError, match="bandwidth must be") as caught:
        VERBS[verb](table(town()), bandwidth=bandwidth)
    parts_of(caught)


@pytest.mark.parametrize("verb", list(VERBS))
def test_an_infinite_coordinate(verb):
    xy = town()
    xy[7, 0] = np.inf
    with pytest.raises(hg.InputError, match=r"finite.*row 7") as caught:
        VERBS[verb](table(xy))
    parts_of(caught)


@pytest.mark.parametrize("verb", ["kde", "hotspots", "relative_risk", "bandwidth"])
def test_a_missing_coordinate_is_left_out_and_counted(verb):
    xy = town()
    xy[7] = np.nan
    points = table(xy)
    points.loc[8, "geometry"] = None
    got, alone = VERBS[verb](points), VERBS[verb](table(np.delete(xy, [7, 8], axis=0)))
    if verb == "kde":
        np.testing.assert_allclose(got, alone)
        assert got.attrs["n_unlocated"] == 2
    elif verb == "hotspots":
        assert got.attrs["n"] == 398
    elif verb == "relative_risk":
        assert (got.n, got.n_unlocated) == (398, 2)
    else:
        assert got.n == 398


@pytest.mark.parametrize("verb", NEEDS_MANY)
def test_all_points_outside(verb):
    with pytest.raises(hg.InputError) as caught:
        VERBS[verb](table(town() + 50_000))
    parts_of(caught)


@pytest.mark.parametrize("verb", list(VERBS))
@pytest.mark.parametrize(("crs", "words"), [("EPSG:4326", "projected"), (None, "coordinate reference system")])
def test_degrees_and_no_crs(verb, crs, words):
    with pytest.raises(hg.CrsError, match=words) as caught:
        VERBS[verb](table(town() / 1000, crs=crs))
    parts_of(caught)


@pytest.mark.parametrize("verb", list(VERBS))
def test_areas_in_place_of_points(verb):
    points = table(town())
    points.loc[3, "geometry"] = box(0, 0, 9, 9)
    with pytest.raises(hg.InputError, match="must be Points") as caught:
        VERBS[verb](points)
    parts_of(caught)


def test_a_grid_of_a_thousand_million_cells():
    with pytest.raises(hg.InputError, match="100,000 x 100,000 cells of 1 m") as caught:
        hg.Grid.over(gpd.GeoSeries([box(0, 0, 1e5, 1e5)], crs=RD), cell_size=1)
    assert "m or more" in parts_of(caught)
