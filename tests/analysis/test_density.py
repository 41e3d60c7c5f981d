"""Density against a plain double loop, and what must not change it."""

import geopandas as gpd
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from shapely.geometry import Point, box

import hicgeo as hg

RD = "EPSG:28992"
COURTYARD = box(0, 0, 3000, 2000).difference(box(1000, 500, 1500, 1200))


def study(shape=COURTYARD, cell_size=100):
    return hg.Grid.over(gpd.GeoSeries([shape], crs=RD), cell_size=cell_size)


def points(xy):
    return gpd.GeoSeries.from_xy(*np.asarray(xy, float).T, crs=RD)


def scattered(n=300, seed=0):
    rng = np.random.default_rng(seed)
    return np.vstack(
        [rng.normal([800, 900], 200, (n // 2, 2)), rng.uniform([-200, -200], [3200, 2200], (n - n // 2, 2))]
    )


def double_loop(xy, grid, parameter, kernel, edge, weights=None):
    """The slow truth: every point against every cell."""
    weights = np.ones(len(xy)) if weights is None else weights
    gx, gy = np.meshgrid(grid.x, grid.y)
    area = grid.cell_size**2

    def at(x, y):
        square = (gx - x) ** 2 + (gy - y) ** 2
        if kernel == "gaussian":
            return np.exp(-square / (2 * parameter**2)) / (2 * np.pi * parameter**2)
        return np.where(square < parameter**2, 3 / (np.pi * parameter**2) * (1 - square / parameter**2) ** 2, 0.0)

    total = np.zeros(grid.shape)
    for (x, y), weight in zip(xy, weights, strict=True):
        if grid.area.intersects(Point(x, y)):
            value = at(x, y)
            total += weight * value / ((value * grid.inside).sum() * area if edge == "diggle" else 1.0)
    if edge == "uniform":
        for row, column in zip(*np.nonzero(grid.inside), strict=True):
            total[row, column] /= (at(gx[row, column], gy[row, column]) * grid.inside).sum() * area
    return np.where(grid.inside, total * 1e6, np.nan)


@pytest.mark.parametrize("edge", ["diggle", "uniform", "none"])
@pytest.mark.parametrize(("kernel", "parameter"), [("quartic", 400.0), ("quartic", 130.0), ("gaussian", 150.0)])
def test_equals_a_double_loop(kernel, parameter, edge):
    grid, xy = study(), scattered()
    weights = np.random.default_rng(2).uniform(0, 3, len(xy))
    got = hg.kde(points(xy), grid, bandwidth=parameter, kernel=kernel, edge=edge, weights=weights)
    truth = double_loop(xy, grid, parameter, kernel, edge, weights)
    np.testing.assert_allclose(got, truth, rtol=0, atol=1e-12 * np.nanmax(truth))


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 10_000), st.sampled_from(["quartic", "gaussian"]), st.floats(100, 900))
def test_diggle_keeps_mass_and_counts_who_is_left_out(seed, kernel, parameter):
    grid, xy = study(), scattered(80, seed)
    places = gpd.GeoSeries([*points(xy), Point()], crs=RD)
    got = hg.kde(places, grid, bandwidth=parameter, kernel=kernel)
    assert float(got.sum()) * 0.1**2 == pytest.approx(got.attrs["n"], rel=1e-12)
    assert got.attrs["n_unlocated"] == 1
    assert sum(got.attrs[key] for key in ("n", "n_outside", "n_unlocated", "n_unplaced")) == len(places)
    assert got.attrs["n_outside"] == sum(not COURTYARD.intersects(point) for point in points(xy))


@pytest.mark.parametrize("kernel", ["quartic", "gaussian"])
def test_invariances(kernel):
    grid, xy = study(), scattered()
    surface = hg.kde(points(xy), grid, bandwidth=300, kernel=kernel)
    order = np.random.default_rng(1).permutation(len(xy))
    np.testing.assert_allclose(hg.kde(points(xy[order]), grid, bandwidth=300, kernel=kernel), surface, rtol=1e-12)
    times = np.random.default_rng(3).integers(0, 4, len(xy))
    repeated = hg.kde(points(np.repeat(xy, times, axis=0)), grid, bandwidth=300, kernel=kernel)
    weighted = hg.kde(points(xy), grid, bandwidth=300, kernel=kernel, weights=times)
    np.testing.assert_allclose(weighted, repeated, rtol=1e-12, atol=1e-9)
    from shapely.affinity import translate

    moved = hg.Grid.over(gpd.GeoSeries([translate(COURTYARD, 5000, -300)], crs=RD), cell_size=100)
    shifted = hg.kde(points(xy + [5000, -300]), moved, bandwidth=300, kernel=kernel)
    np.testing.assert_allclose(shifted, surface, rtol=1e-9, atol=1e-9)


def test_quartic_peak_by_hand():
    # One point on a cell centre, no correction: 3 / (pi r^2) per m2, in km2.
    got = hg.kde(points([(450, 450)]), study(), bandwidth=300, edge="none")
    assert float(got.sel(x=450, y=450)) == pytest.approx(3 / (np.pi * 0.3**2))


def test_a_bandwidth_means_the_same_smoothing_for_both_kernels():
    grid, xy = study(box(0, 0, 4000, 4000), 50), np.array([[2010.0, 2030.0]])
    chosen = hg.bandwidth(points(scattered()), method="scott")
    spread = {}
    for kernel in ("quartic", "gaussian"):
        narrow = hg.Bandwidth(sigma=200.0, method=chosen.method, n=chosen.n, curve=chosen.curve)
        surface = hg.kde(points(xy), grid, bandwidth=narrow, kernel=kernel, edge="none")
        spread[kernel] = float((surface * (surface.x - 2010) ** 2).sum() / surface.sum()) ** 0.5
        assert surface.attrs["sigma"] == pytest.approx(200)
    assert spread["quartic"] == pytest.approx(200, rel=0.01)
    assert spread["gaussian"] == pytest.approx(200, rel=0.01)


def test_scott_by_hand():
    xy = np.array([(0, 0), (0, 600), (600, 0), (600, 600)])
    # Variance 120,000 on both axes; 346.41 * 4 ** (-1 / 6) = 274.95.
    assert hg.bandwidth(points(xy), method="scott").sigma == pytest.approx(346.4102 * 4 ** (-1 / 6), rel=1e-6)
    inside = gpd.GeoSeries([box(-1, -1, 1, 601)], crs=RD)
    assert hg.bandwidth(points(xy), method="scott", area=inside).n == 2


def test_what_cannot_be_smoothed_is_refused():
    grid, xy = study(), points(scattered())
    for arguments, words in [
        ({"bandwidth": 50}, "at least the cell size"),
        ({"bandwidth": np.nan}, "at least the cell size"),
        ({"bandwidth": 300, "kernel": "box"}, "quartic, gaussian"),
        ({"bandwidth": 300, "edge": "mirror"}, "diggle"),
        ({"bandwidth": 300, "weights": np.ones(3)}, "weights"),
        ({"bandwidth": 300, "weights": np.full(300, -1)}, "300 others"),
    ]:
        with pytest.raises(hg.InputError, match=words):
            hg.kde(xy, grid, **arguments)
    with pytest.raises(hg.CrsError, match="CRS"):
        hg.kde(xy.set_crs("EPSG:32631", allow_override=True), grid, bandwidth=300)
    with pytest.raises(hg.CrsError, match="projected"):
        hg.kde(xy.set_crs("EPSG:4326", allow_override=True), grid, bandwidth=300)
    with pytest.raises(hg.InputError, match="finite"):
        hg.kde(points([(np.inf, 0)]), grid, bandwidth=300)
    with pytest.raises(hg.InputError, match="in one place"):
        hg.bandwidth(points([(1, 1)] * 5), method="scott")
    with pytest.raises(hg.InputError, match="0 points"):
        hg.bandwidth(points(np.empty((0, 2))), method="scott")
    with pytest.raises(hg.InputError, match="scott"):
        hg.bandwidth(xy, method="guess")


def test_no_points_give_zero_not_nothing():
    got = hg.kde(points(np.empty((0, 2))), study(), bandwidth=300)
    assert got.attrs["n"] == 0
    assert float(got.sum()) == 0


def test_grid_lies_on_the_national_raster():
    shape = box(150_033, 462_951, 150_401, 463_249)
    grid = study(shape)
    assert (grid.x % 100 == 50).all()
    assert (grid.y % 100 == 50).all()
    gx, gy = np.meshgrid(grid.x, grid.y)
    centres = np.array(
        [[shape.intersects(Point(x, y)) for x, y in zip(*row, strict=True)] for row in zip(gx, gy, strict=True)]
    )
    np.testing.assert_array_equal(grid.inside, centres)


def test_a_grid_beyond_memory_is_refused_with_the_numbers():
    with pytest.raises(hg.InputError, match=r"1,000,000 x 1,000,000 cells of 1 m.*200 m or more"):
        study(box(0, 0, 1e6, 1e6), 1)
    for cell_size in (0, -5, np.nan):
        with pytest.raises(hg.InputError, match="cell_size"):
            study(cell_size=cell_size)
    with pytest.raises(hg.InputError, match="cell centre"):
        study(box(10, 10, 20, 20), 100)


def test_points_fall_in_the_cell_to_their_north_east():
    grid = study(box(0, 0, 300, 200))
    np.testing.assert_array_equal(
        grid.locate(np.array([[0, 0], [100, 100], [299.9, 199.9], [300, 100], [-1, 5], [np.nan, 5]])),
        [0, 4, 5, -1, -1, -1],
    )
    assert float(grid.counts(np.array([[10, 10], [20, 20], [150, 150]])).sum()) == 3
