"""Concentration: hand calculations, the literature's correction, and the interval."""

import numpy as np
import pandas as pd
import pytest

import hicgeo as hg


def test_by_hand():
    # From the most: 6, 3, 1, 0, 0 of 10. Area under the curve .2 * (.3 + .75 + .95 + 1 + 1) = .8, Gini 2 * .8 - 1.
    got = hg.concentration(pd.Series([0.0, 3, 1, 0, 6]), rng=1)
    assert got.gini == pytest.approx(0.6)
    assert got.top["share_incidents"].tolist() == pytest.approx([0.15, 0.3, 0.6])
    assert got.curve["share_incidents"].tolist() == pytest.approx([0, 0.6, 0.9, 1, 1, 1])
    assert (got.areas, got.incidents, got.left_out) == (5, 10, 0)


def test_gini_equals_the_mean_difference():
    """Half the mean absolute difference over the mean: another formula of the same."""
    n = np.random.default_rng(4).poisson(3, 60).astype(float)
    mean_difference = np.abs(n[:, None] - n[None, :]).mean()
    assert hg.concentration(pd.Series(n), rng=1).gini == pytest.approx(mean_difference / (2 * n.mean()))


def test_fewer_incidents_than_areas():
    """Each incident in an area of its own is as even as it can be; all in one is as uneven (Bernasco and Steenbeek)."""
    apart = hg.concentration(pd.Series([1.0] * 5 + [0.0] * 95), rng=1)
    assert apart.gini == pytest.approx(0.95)
    assert apart.gini_adjusted == pytest.approx(0.0)
    together = hg.concentration(pd.Series([5.0] + [0.0] * 99), rng=1)
    assert together.gini_adjusted == pytest.approx(1 - 1 / 5)
    many = hg.concentration(pd.Series(np.arange(1.0, 101)), rng=1)
    assert many.gini_adjusted == many.gini


def test_chance_alone_looks_concentrated_and_is_told():
    n = np.random.default_rng(3).multinomial(200, np.ones(400) / 400).astype(float)
    got = hg.concentration(pd.Series(n), rng=1)
    assert got.gini > 0.6
    assert got.gini_chance_low <= got.gini <= got.gini_chance_high
    assert got.top.loc[0.20, "share_chance"] == pytest.approx(got.top.loc[0.20, "share_incidents"], abs=0.05)
    real = hg.concentration(pd.Series(np.repeat([20.0, 0.0], [10, 390])), rng=1)
    assert real.gini > real.gini_chance_high


def test_a_base_makes_it_rates():
    dwellings = pd.Series([100.0, 300.0, 600.0])
    even = hg.concentration(pd.Series([10.0, 30.0, 60.0]), rng=1, base=dwellings)
    assert even.gini == pytest.approx(0)
    assert even.top["share_incidents"].tolist() == pytest.approx([0.05, 0.1, 0.2])
    assert np.isnan(even.gini_adjusted)
    with pytest.raises(hg.AlignmentError, match="base"):
        hg.concentration(pd.Series([1.0, 2.0]), rng=1, base=pd.Series([1.0, 2.0], index=[5, 6]))


def test_invariances():
    rng = np.random.default_rng(8)
    n = pd.Series(rng.poisson(rng.gamma(0.5, 8, 80)).astype(float))
    got = hg.concentration(n, rng=5)
    mixed = hg.concentration(n.sample(frac=1, random_state=1), rng=5)
    assert (mixed.gini, mixed.gini_low, mixed.gini_chance) == (got.gini, got.gini_low, got.gini_chance)
    pd.testing.assert_frame_equal(mixed.top, got.top)
    assert hg.concentration(n * 10, rng=5).gini == pytest.approx(got.gini)
    twice = pd.concat([n, n], ignore_index=True)
    assert hg.concentration(twice, rng=5).gini == pytest.approx(got.gini)
    unknown = hg.concentration(pd.concat([n, pd.Series([np.nan] * 3)], ignore_index=True), rng=5)
    assert (unknown.gini, unknown.left_out) == (got.gini, 3)
    assert got.to_frame().index.tolist() == ["5%", "10%", "20%", "gini"]
    assert "gini" in got._repr_html_()


def test_cells_of_a_surface():
    import geopandas as gpd
    from shapely.geometry import box

    area = gpd.GeoDataFrame(geometry=[box(0, 0, 1000, 1000).difference(box(0, 0, 500, 500))], crs=28992)
    grid = hg.Grid.over(area, cell_size=100)
    at = np.repeat([[950.0, 950.0], [550.0, 50.0]], [30, 10], axis=0)
    got = hg.concentration(grid.counts(at), rng=1)
    assert (got.areas, got.incidents, got.left_out) == (75, 40, 0)
    assert got.top.loc[0.05, "share_incidents"] == 1


@pytest.mark.parametrize("n", [[], [5.0], [0.0] * 10, [np.nan, np.nan], [np.nan, 3.0]])
def test_not_testable_is_never_a_number(n):
    got = hg.concentration(pd.Series(n, dtype=float), rng=1)
    assert np.isnan([got.gini, got.gini_low, got.gini_adjusted, got.gini_chance]).all()
    assert got.top.isna().all(axis=None)


def test_what_is_no_count_is_refused():
    with pytest.raises(hg.InputError, match="0 or more"):
        hg.concentration(pd.Series([1.0, -1.0]), rng=1)
    with pytest.raises(hg.InputError, match="99"):
        hg.concentration(pd.Series([1.0, 1.0]), rng=1, repetitions=10)


@pytest.mark.slow
def test_the_interval_covers_the_share_of_a_large_population():
    """300 samples of 150 areas out of a population of which the top share is known: the interval holds it in 95 %."""
    rng = np.random.default_rng(1)
    population = rng.poisson(rng.gamma(1.2, 20, 200_000)).astype(float)
    ordered = np.sort(population)[::-1]
    truth = ordered[: len(ordered) // 5].sum() / ordered.sum()
    held = 0
    for _ in range(300):
        row = hg.concentration(pd.Series(rng.choice(population, 150)), rng=rng, repetitions=399).top.loc[0.20]
        held += row["share_low"] <= truth <= row["share_high"]
    assert 0.90 < held / 300 < 0.985
