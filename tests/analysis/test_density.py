"""Density against a plain double loop, and what must not change it."""

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.interpolate import BSpline
from shapely.geometry import Point, box

import hicgeo as hg
from hicgeo.analysis import _compiled_density
from hicgeo.analysis._kernels import KERNELS, Direct, Spectral, smoother

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


PROFILE = {
    "gaussian": lambda u: np.exp(-u / 2) / (2 * np.pi),
    "quartic": lambda u: 3 / np.pi * np.where(u < 1, 1 - u, 0) ** 2,
    "epanechnikov": lambda u: 2 / np.pi * np.where(u < 1, 1 - u, 0),
    "triangular": lambda u: 3 / np.pi * np.where(u < 1, 1 - np.sqrt(u), 0),
    "uniform": lambda u: np.where(u <= 1, 1 / np.pi, 0),
}
"""Kernels of mass 1, by their squared distance in bandwidths, as the books have them."""


def double_loop(xy, grid, parameter, kernel, edge, weights=None):
    """The slow truth: every point against every cell. A parameter may be one per point."""
    weights = np.ones(len(xy)) if weights is None else weights
    parameter = np.broadcast_to(np.asarray(parameter, float), len(xy))
    gx, gy = np.meshgrid(grid.x, grid.y)
    area = grid.cell_size**2

    def at(x, y, own):
        return PROFILE[kernel](((gx - x) ** 2 + (gy - y) ** 2) / own**2) / own**2

    total = np.zeros(grid.shape)
    for (x, y), weight, own in zip(xy, weights, parameter, strict=True):
        if grid.area.intersects(Point(x, y)):
            value = at(x, y, own)
            mass = (value * grid.inside).sum() * area
            total += weight * value / (mass if edge == "diggle" and mass > 0 else 1.0)
    if edge == "uniform":
        for row, column in zip(*np.nonzero(grid.inside), strict=True):
            total[row, column] /= (at(gx[row, column], gy[row, column], parameter[0]) * grid.inside).sum() * area
    return np.where(grid.inside, total * 1e6, np.nan)


@pytest.mark.parametrize("edge", ["diggle", "uniform", "none"])
@pytest.mark.parametrize(
    ("kernel", "parameter"),
    [
        ("quartic", 400.0), ("quartic", 130.0), ("epanechnikov", 350.0), ("triangular", 300.0), ("uniform", 281.0),
        ("gaussian", 150.0), ("gaussian", 100.0),
    ],
)  # fmt: skip
def test_equals_a_double_loop(kernel, parameter, edge):
    grid, xy = study(), scattered()
    weights = np.random.default_rng(2).uniform(0, 3, len(xy))
    got = hg.kde(points(xy), grid, bandwidth=parameter, kernel=kernel, edge=edge, weights=weights)
    truth = double_loop(xy, grid, parameter, kernel, edge, weights)
    np.testing.assert_allclose(got, truth, rtol=0, atol=1e-12 * np.nanmax(truth))


PATTERNS = {
    "one point": lambda rng: np.array([[812.3, 777.7]]),
    "one point in a corner": lambda rng: np.array([[1.0, 1.0]]),
    "one address": lambda rng: np.full((3000, 2), 811.0),
    "on cell centres": lambda rng: rng.integers(0, 20, (3000, 2)) * 100.0 + 50,
    "between cell centres": lambda rng: rng.integers(0, 20, (3000, 2)) * 100.0 + 75,
    "along the border": lambda rng: np.column_stack([rng.uniform(0, 3000, 3000), np.full(3000, 1999.0)]),
    "everywhere": lambda rng: rng.uniform([0, 0], [3000, 2000], (3000, 2)),
    "two towns": lambda rng: rng.normal([[300, 300], [2700, 1700]] * 1500, 90),
}


@pytest.mark.parametrize("sigma", [100.0, 149.0, 260.0, 700.0])
@pytest.mark.parametrize("pattern", PATTERNS)
def test_the_bound_on_the_error_of_the_transform_holds_for_any_pattern_and_number(pattern, sigma):
    grid, xy = study(), PATTERNS[pattern](np.random.default_rng(5))
    xy = xy[[grid.area.intersects(Point(*each)) for each in xy]]
    fast, slow = Spectral(grid, sigma), Direct(grid, "gaussian", sigma)
    mass = slow.mass(xy)
    np.testing.assert_allclose(fast.mass(xy), mass, rtol=1e-6)
    for weight in (np.ones(len(xy)), 1 / mass):
        truth = slow.spread(xy, weight)
        assert np.abs(fast.spread(xy, weight, mass) - truth).max() < 2e-7 * truth[grid.inside].max()


@pytest.mark.parametrize("edge", ["diggle", "uniform", "none"])
def test_many_points_are_as_right_as_few(edge):
    # So many that the transform is taken, over an island whose cells hold little of the kernel of what lies beside it.
    shape = COURTYARD.union(box(3300, 900, 3420, 1960)).union(box(4000, 40, 4160, 60))
    grid, xy = study(shape), np.vstack([scattered(20_000), [[3301, 905], [4001, 41], [4000, 60]]])
    got = hg.kde(points(xy), grid, bandwidth=150, kernel="gaussian", edge=edge)
    assert isinstance(smoother(grid, "gaussian", 150.0, len(xy)), Spectral)
    some = np.random.default_rng(1).permutation(len(xy))[:1500]
    few = hg.kde(points(xy[some]), grid, bandwidth=150, kernel="gaussian", edge=edge)
    for places, surface in ((xy[some], few), (xy, got)):
        truth = double_loop(places, grid, 150.0, "gaussian", edge)
        assert np.nanmax(np.abs(surface - truth)) < 1e-6 * np.nanmax(truth)
        assert float(surface.min()) >= 0


def test_the_weights_of_the_spline_are_those_of_the_library():
    x = np.array([7.25, 9.999, 4.0])
    nodes = np.zeros((16, 16))
    for at in x:
        _compiled_density.spread(np.array([[at, 8.5]]), np.ones(1), 0.0, 0.0, 1.0, nodes.ravel(), 16)
    spline = BSpline.basis_element(np.arange(7) - 3.0, extrapolate=False)

    def basis(at):
        return np.nan_to_num(spline(np.arange(16) - at))

    np.testing.assert_allclose(nodes, sum(np.outer(basis(8.5), basis(at)) for at in x), atol=1e-15)
    field, out = np.random.default_rng(0).random((16, 16)), np.empty(3)
    _compiled_density.gather(np.column_stack([x, np.full(3, 8.5)]), 0.0, 0.0, 1.0, field.ravel(), 16, out)
    np.testing.assert_allclose(out, [basis(8.5) @ field @ basis(at) for at in x], rtol=1e-14)


@pytest.mark.parametrize("kernel", ["quartic", "gaussian"])
def test_adaptive_bandwidths_are_abramsons(kernel):
    grid, xy = study(), scattered(200)
    xy = xy[[grid.area.intersects(Point(*each)) for each in xy]]
    xy = xy[grid.locate(xy) >= 0]  # the pilot is that of the cell, whose centre is inside
    pilot = double_loop(xy, grid, 300.0, kernel, "diggle").ravel()[grid.locate(xy)]
    own = np.maximum(300 / np.sqrt(pilot / np.exp(np.log(pilot).mean())), 100)
    got = hg.kde(points(xy), grid, bandwidth=300, kernel=kernel, adaptive=True)
    truth = double_loop(xy, grid, own, kernel, "diggle")
    np.testing.assert_allclose(got, truth, rtol=0, atol=1e-11 * np.nanmax(truth))
    assert got.attrs["smallest"] == pytest.approx(own.min())
    assert got.attrs["largest"] == pytest.approx(own.max())
    assert float(got.sum()) * 0.1**2 == pytest.approx(got.attrs["n"], rel=1e-12)
    assert float(got.max()) > float(hg.kde(points(xy), grid, bandwidth=300, kernel=kernel).max())


@pytest.mark.parametrize("kernel", ["quartic", "gaussian", "uniform"])
@pytest.mark.parametrize("edge", ["uniform", "none"])
def test_adaptive_bandwidths_with_the_other_corrections(kernel, edge):
    grid, xy = study(), scattered(200)
    xy = xy[[grid.area.intersects(Point(*each)) for each in xy]]
    xy = xy[grid.locate(xy) >= 0]
    pilot = double_loop(xy, grid, 300.0, kernel, edge)
    at = pilot.ravel()[grid.locate(xy)]
    mean = np.log(at).mean()
    own = np.maximum(300 / np.sqrt(at / np.exp(mean)), 100)
    truth = double_loop(xy, grid, own, kernel, "none")
    if edge == "uniform":
        gx, gy = np.meshgrid(grid.x, grid.y)
        for row, column in zip(*np.nonzero(grid.inside), strict=True):
            here = max(300 / np.sqrt(max(pilot[row, column], 1e-300) / np.exp(mean)), 100)
            here = min(here, own.max())
            square = ((gx - gx[row, column]) ** 2 + (gy - gy[row, column]) ** 2) / here**2
            truth[row, column] /= (PROFILE[kernel](square)[grid.inside] / here**2).sum() * 100**2
    got = hg.kde(points(xy), grid, bandwidth=300, kernel=kernel, edge=edge, adaptive=True)
    np.testing.assert_allclose(got, truth, rtol=0, atol=1e-9 * np.nanmax(truth))


def test_the_uniform_correction_leaves_an_even_town_even_with_adaptive_bandwidths_too():
    grid = study(box(0, 0, 2000, 2000))
    x, y = np.meshgrid(np.arange(50, 2000, 100), np.arange(50, 2000, 100))
    even = points(np.column_stack([x.ravel(), y.ravel()]))
    got = hg.kde(even, grid, bandwidth=400, edge="uniform", adaptive=True)
    np.testing.assert_allclose(got, 100.0, rtol=1e-3)  # a point per hectare, to the border


def test_groups_in_one_call_equal_each_alone():
    grid, xy = study(), scattered(400)
    rng = np.random.default_rng(3)
    places = points(xy)
    crime = pd.Series(rng.choice(["overval", "straatroof", None], len(xy)), index=places.index, dtype="str")
    weights = rng.uniform(0, 2, len(xy))
    years = pd.Series({"straatroof": 2.0, "overval": 0.5})
    for edge, adaptive in [("diggle", False), ("uniform", False), ("diggle", True)]:
        got = hg.kde_by(
            places, grid, by=crime, bandwidth=300, edge=edge, weights=weights, adaptive=adaptive, years=years
        )
        assert got.dims == ("group", "y", "x")
        assert got["group"].values.tolist() == ["overval", "straatroof"]
        for label in years.index:
            mine = (crime == label).to_numpy()
            alone = hg.kde(
                places[mine], grid, bandwidth=300, edge=edge, weights=weights[mine], adaptive=adaptive,
                years=years[label],
            )  # fmt: skip
            np.testing.assert_allclose(got.sel(group=label), alone, rtol=1e-12, atol=1e-12)
            assert float(got["n"].sel(group=label)) == pytest.approx(alone.attrs["n"])
        kept = [got.attrs[key] for key in ("n", "n_outside", "n_unlocated", "n_unplaced", "n_ungrouped")]
        assert sum(kept) == pytest.approx(weights.sum())
    with pytest.raises(hg.AlignmentError, match="index of the points"):
        hg.kde_by(places, grid, by=crime.reset_index(drop=True).iloc[::-1], bandwidth=300)
    with pytest.raises(hg.AlignmentError, match="overval"):
        hg.kde_by(places, grid, by=crime, bandwidth=300, years=years[["straatroof"]])
    with pytest.raises(hg.InputError, match="group"):
        hg.kde_by(places, grid, by=crime.where(crime == "x"), bandwidth=300)


def test_per_year_is_per_year():
    grid, xy = study(), points(scattered())
    whole, yearly = (hg.kde(xy, grid, bandwidth=300, years=years) for years in (None, 2.5))
    np.testing.assert_allclose(yearly * 2.5, whole)
    assert (whole.attrs["years"], yearly.attrs["years"]) == (0.0, 2.5)


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 10_000), st.sampled_from(KERNELS), st.floats(100, 900))
def test_diggle_keeps_mass_and_counts_who_is_left_out(seed, kernel, parameter):
    grid, xy = study(), scattered(80, seed)
    places = gpd.GeoSeries([*points(xy), Point()], crs=RD)
    got = hg.kde(places, grid, bandwidth=parameter, kernel=kernel)
    assert float(got.sum()) * 0.1**2 == pytest.approx(got.attrs["n"], rel=1e-12)
    assert got.attrs["n_unlocated"] == 1
    assert sum(got.attrs[key] for key in ("n", "n_outside", "n_unlocated", "n_unplaced")) == len(places)
    assert got.attrs["n_outside"] == sum(not COURTYARD.intersects(point) for point in points(xy))


@pytest.mark.parametrize(("kernel", "n"), [("quartic", 300), ("gaussian", 300), ("gaussian", 30_000)])
def test_invariances(kernel, n):
    grid, xy = study(), scattered(n)
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
        ({"bandwidth": 300, "kernel": "box"}, "gaussian, quartic, epanechnikov"),
        ({"bandwidth": 300, "edge": "mirror"}, "diggle"),
        ({"bandwidth": 4000}, "less than the grid is wide"),
        ({"bandwidth": 300, "years": 0}, "years must be above 0"),
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
