"""Bandwidths against plain double loops, spatstat's numbers and what must not change them."""

import geopandas as gpd
import numpy as np
import pytest
from shapely.geometry import box

import hicgeo as hg
from hicgeo.analysis import bandwidths

RD = "EPSG:28992"


def points(xy):
    return gpd.GeoSeries.from_xy(*np.asarray(xy, float).T, crs=RD)


def area(shape):
    return gpd.GeoSeries([shape], crs=RD)


def spiral(n=120, scale=1.0):
    """Points by formula, so that other software can make the same."""
    i = np.arange(n)
    return scale * np.column_stack([10 * ((i * 0.6180339887498949) % 1) ** 2, 6 * (i + 0.5) / n])


TOWN = box(0, 0, 4000, 3000).difference(box(1500, 1000, 2000, 1800))


def town(n=400, seed=0):
    """Two centres, a scatter, and one farm far from all."""
    rng = np.random.default_rng(seed)
    xy = np.vstack([rng.normal([700, 700], 120, (n, 2)), rng.normal([3000, 2200], 60, (n, 2)),
                    rng.uniform([0, 0], [4000, 3000], (n // 2, 2)), [[3990.0, 10.0]]])  # fmt: skip
    return xy[(xy > 0).all(axis=1) & (xy[:, 0] < 4000) & (xy[:, 1] < 3000)]


def slow_log_others(xy, sigma, amount):
    """Log of the sum over all other points, every pair, in logarithms so that nothing is lost."""
    square = ((xy[:, None] - xy[None]) ** 2).sum(axis=2)
    terms = np.log(amount)[None] - square / (2 * sigma**2) - np.log(2 * np.pi * sigma**2)
    np.fill_diagonal(terms, -np.inf)
    top = terms.max(axis=1)
    return top + np.log(np.exp(terms - top[:, None]).sum(axis=1))


def slow_inside(xy, sigma, grid):
    """Share of each point's kernel over the cells of the area."""
    if sigma < grid.cell_size:
        return np.ones(len(xy))
    gx = np.exp(-((grid.x - xy[:, :1]) ** 2) / (2 * sigma**2))
    gy = np.exp(-((grid.y - xy[:, 1:]) ** 2) / (2 * sigma**2))
    return ((gy @ grid.inside) * gx).sum(axis=1) * grid.cell_size**2 / (2 * np.pi * sigma**2)


SIGMAS = np.array([0.5, 3.0, 12.0, 40.0, 90.0, 200.0, 450.0, 900.0])


def test_likelihood_is_that_of_a_double_loop_for_isolated_points_and_small_bandwidths_too():
    xy = town()
    xy = xy[~((xy[:, 0] > 1500) & (xy[:, 0] < 2000) & (xy[:, 1] > 1000) & (xy[:, 1] < 1800))]
    grid = hg.Grid.over(area(TOWN), cell_size=4)
    got = hg.bandwidth(points(xy), method="ppl", area=area(TOWN), candidates=SIGMAS)
    truth = [slow_log_others(xy, s, 1 / slow_inside(xy, s, grid)).sum() - len(xy) for s in SIGMAS]
    np.testing.assert_allclose(got.curve["criterion"], truth, rtol=1e-8)
    assert got.sigma == SIGMAS[np.argmax(truth)]
    assert got.n == len(xy)


@pytest.mark.parametrize("sigma", [20.0, 60.0, 400.0])
def test_sums_by_transform_equal_sums_of_pairs(sigma, monkeypatch):
    xy = town(1500)
    amount = np.random.default_rng(1).uniform(1, 3, len(xy))
    grid = hg.Grid.over(area(TOWN), cell_size=100)
    ways = []
    for cost in (0.0, 1e9):
        monkeypatch.setattr(bandwidths, "_NS_PAIR", cost)
        ways.append(bandwidths._Town(xy, grid, TOWN.area).log_of_others(sigma, amount))
    np.testing.assert_allclose(ways[1], ways[0], rtol=0, atol=1e-6)
    np.testing.assert_allclose(ways[0], slow_log_others(xy, sigma, amount), rtol=0, atol=1e-9)


def test_cronie_and_van_lieshout_by_double_loop():
    xy = town()
    got = hg.bandwidth(points(xy), method="cvl", area=area(box(0, 0, 4000, 3000)), candidates=SIGMAS)
    square = ((xy[:, None] - xy[None]) ** 2).sum(axis=2)
    truth = [((1 / (np.exp(-square / (2 * s**2)) / (2 * np.pi * s**2)).sum(axis=1)).sum() - 12e6) ** 2 for s in SIGMAS]
    np.testing.assert_allclose(got.curve["criterion"], truth, rtol=1e-6)
    assert got.sigma == SIGMAS[np.argmin(truth)]


def test_berman_and_diggle_by_double_loop():
    xy, sigmas = town(150), np.array([15.0, 40.0, 100.0, 300.0])
    got = hg.bandwidth(points(xy), method="diggle", area=area(box(0, 0, 4000, 3000)), candidates=sigmas)
    n, ground = len(xy), 12e6
    shift = np.abs(xy[:, None] - xy[None])
    d = np.hypot(shift[..., 0], shift[..., 1])
    weight = ground / ((4000 - shift[..., 0]) * (3000 - shift[..., 1]))
    np.fill_diagonal(weight, 0)
    truth = []
    for h in 2 * sigmas:
        k = ground / (n * (n - 1)) * weight[d <= h].sum()
        z = np.clip(d / (2 * h), 0, 1)
        common = 2 * h**2 * (np.arccos(z) - z * np.sqrt(1 - z**2))
        j = ground / (n * (n - 1)) * (weight * common).sum()
        truth.append((ground / n - 2 * k) / (np.pi * h**2) + j / (np.pi * h**2) ** 2)
    np.testing.assert_allclose(got.curve["criterion"], truth, rtol=1e-9)


# spatstat.explore 3.0-6 (R 4.2.2) on spiral() in the window [0, 10] x [0, 6], npixel 1024:
# bw.ppl(X, sigma=s, shortcut=TRUE, diggle=TRUE); bw.CvL(X, sigma=s);
# bw.diggle(X, correction="translation", hmax=1.5, nr=400001), interpolated at 0.1, 0.2, ..., 0.7.
SPATSTAT_SIGMA = [0.2, 0.4, 0.6, 0.8, 1.0, 1.3, 1.7, 2.2]
SPATSTAT_PPL = [-405.6059735124, 12.6222645033, 69.7128375787, 84.6313328560, 90.0939538486, 92.8293361065,
                93.2312947674, 92.3082112166]  # fmt: skip
SPATSTAT_CVL = [1097.02770360068, 1.88250334985, 114.78654328482, 254.83742320479, 434.11295099690, 789.95155907007,
                1456.59292066455, 2708.24652180286]  # fmt: skip
SPATSTAT_DIGGLE = [4.1411678237424, 0.9190285637749, -0.0320784362976, -0.8174445032252, -0.9228656637081,
                   -1.1924934611192, -1.0483376769895]  # fmt: skip


@pytest.mark.parametrize("scale", [1.0, 100.0])
def test_criteria_are_those_of_spatstat(scale):
    window = area(box(0, 0, 10 * scale, 6 * scale))
    given = {"area": window, "candidates": scale * np.array(SPATSTAT_SIGMA)}
    xy = points(spiral(scale=scale))
    ppl = hg.bandwidth(xy, method="ppl", **given)
    n = 120
    # a likelihood per square metre and its total of n, which the shortcut leaves out
    np.testing.assert_allclose(ppl.curve["criterion"] + n + n * np.log(scale**2), SPATSTAT_PPL, atol=0.05)
    assert ppl.sigma == 1.7 * scale
    cvl = hg.bandwidth(xy, method="cvl", **given)
    np.testing.assert_allclose(cvl.curve["criterion"] / scale**4, SPATSTAT_CVL, rtol=1e-6)
    assert cvl.sigma == 0.4 * scale
    tenths = scale * np.arange(1, 8) / 10
    diggle = hg.bandwidth(xy, method="diggle", area=window, candidates=tenths)
    np.testing.assert_allclose(diggle.curve["criterion"], SPATSTAT_DIGGLE, atol=1e-4)
    assert diggle.sigma == pytest.approx(0.6 * scale)


def test_the_best_between_candidates_is_sought():
    xy, window = points(spiral(scale=100)), area(box(0, 0, 1000, 600))
    got = hg.bandwidth(xy, method="ppl", area=window)
    every = hg.bandwidth(xy, method="ppl", area=window, candidates=np.arange(100, 250, 3))
    assert got.sigma == pytest.approx(every.sigma, rel=0.03)
    assert got.curve["sigma"].is_monotonic_increasing
    assert len(got.curve) == 34
    assert got.curve["criterion"].max() == got.curve.set_index("sigma")["criterion"][got.sigma]


def test_silverman_is_scott_for_a_normal_cloud_and_less_with_far_villages():
    xy = np.random.default_rng(0).normal([5000, 5000], 300, (20_000, 2))
    scott, silverman = (hg.bandwidth(points(xy), method=method).sigma for method in ("scott", "silverman"))
    assert silverman == pytest.approx(scott, rel=0.02)
    far = np.vstack([xy, np.full((2000, 2), 12_000.0)])
    scott, silverman = (hg.bandwidth(points(far), method=method).sigma for method in ("scott", "silverman"))
    assert silverman < scott / 5
    quartiles = np.quantile(far, [0.25, 0.75], axis=0)
    by_hand = np.sqrt(((quartiles[1] - quartiles[0]) ** 2).mean()) / 1.349 * len(far) ** (-1 / 6)
    assert silverman == pytest.approx(by_hand)


@pytest.mark.filterwarnings("ignore:the best bandwidth")
@pytest.mark.parametrize("method", ["ppl", "cvl", "diggle"])
def test_invariances(method):
    xy, given = town(150), np.array([30.0, 80.0, 200.0])
    known = {"method": method, "candidates": given}
    plain = hg.bandwidth(points(xy), area=area(box(0, 0, 4000, 3000)), **known).curve["criterion"]
    order = np.random.default_rng(2).permutation(len(xy))
    shifted = hg.bandwidth(points(xy[order] + 70_000), area=area(box(7e4, 7e4, 74e3, 73e3)), **known)
    np.testing.assert_allclose(shifted.curve["criterion"], plain, rtol=1e-6)


@pytest.mark.filterwarnings("ignore:the best bandwidth")
def test_what_cannot_be_chosen_is_refused():
    xy, window = points(town(50)), area(box(0, 0, 4000, 3000))
    for arguments, words in [
        ({"method": "guess"}, "scott, silverman, ppl"),
        ({"method": "ppl"}, "area in which points could lie"),
        ({"method": "ppl", "area": window, "candidates": [0, 100]}, "candidates must be numbers above 0"),
        ({"method": "ppl", "area": window, "candidates": [np.nan]}, "candidates must be numbers above 0"),
        ({"method": "cvl", "area": window, "cell_size": 1000}, "at least the cell size.*cells of .* m or less"),
        ({"method": "scott", "cell_size": 1000}, "at least the cell size"),
        ({"method": "ppl", "area": area(box(5000, 5000, 6000, 6000))}, "0 points"),
    ]:
        with pytest.raises(hg.InputError, match=words):
            hg.bandwidth(xy, **arguments)
    for method in ("scott", "silverman", "ppl", "diggle", "cvl"):
        with pytest.raises(hg.InputError, match="5 points in one place"):
            hg.bandwidth(points([(1, 1)] * 5), method=method, area=window)
        with pytest.raises(hg.InputError, match="1 points"):
            hg.bandwidth(points([(1, 1)]), method=method, area=window)
        with pytest.raises(hg.CrsError):
            hg.bandwidth(xy.set_crs("EPSG:4326", allow_override=True), method=method, area=window)
    with pytest.raises(hg.InputError, match="finite"):
        hg.bandwidth(points([(np.inf, 0), (1, 1)]), method="ppl", area=window)


def test_twins_everywhere_have_no_best_bandwidth_and_it_says_so():
    xy = np.repeat(town(40), 2, axis=0)
    with pytest.warns(hg.HicgeoWarning, match=r"smallest candidate.*repeats"):
        hg.bandwidth(points(xy), method="ppl", area=area(box(0, 0, 4000, 3000)))


def test_pairs_beyond_reason_are_refused(monkeypatch):
    monkeypatch.setattr(bandwidths, "MAX_PAIRS", 1000)
    with pytest.raises(hg.InputError, match=r"pairs of points.*'ppl'"):
        hg.bandwidth(points(town()), method="diggle", area=area(TOWN))
