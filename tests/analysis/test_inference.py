"""Intervals and tests against published numbers, other software and hand calculations."""

import libpysal
import numpy as np
import pyogrio
import pytest
import scipy.stats
import statsmodels.api as sm
from hypothesis import given
from hypothesis import strategies as st

from hicgeo.analysis import _inference as inference


@pytest.mark.parametrize(
    ("count", "low", "high"),
    [  # exact Poisson 95 % limits as printed in epidemiological tables
        (0, 0.0, 3.68888),
        (1, 0.0253178, 5.5716434),
        (3, 0.6186722, 8.7672731),
        (8, 3.4538322, 15.7631892),
        (20, 12.2165196, 30.8883779),
    ],
)
def test_exact_poisson_limits(count, low, high):
    got = inference.poisson_interval([count])
    assert got[0][0] == pytest.approx(low, abs=5e-7)
    assert got[1][0] == pytest.approx(high, abs=5e-6)


@given(st.integers(0, 500), st.floats(1.0, 20.0))
def test_dispersion_only_widens(count, dispersion):
    plain, wide = inference.poisson_interval([count]), inference.poisson_interval([count], dispersion=dispersion)
    assert wide[0][0] <= plain[0][0] + 1e-9
    assert wide[1][0] >= plain[1][0] - 1e-9


def test_poisson_interval_covers_what_it_claims():
    # Exact sum over the Poisson distribution, no simulation: coverage is at least 95 % at every mean.
    counts = np.arange(0, 400)
    low, high = inference.poisson_interval(counts)
    for mean in (0.3, 1.0, 4.7, 22.0, 150.0):
        covered = (low <= mean) & (mean <= high)
        assert scipy.stats.poisson.pmf(counts[covered], mean).sum() >= 0.95


def test_two_poisson_counts_are_compared_by_the_exact_binomial_test():
    count, other = np.array([30.0, 12.0, 0.0, 5.0]), np.array([18.0, 12.0, 7.0, 40.0])
    days, other_days = np.array([365.0, 304.0, 365.0, 304.0]), np.array([366.0, 304.0, 366.0, 365.0])
    got = inference.rate_difference(count, days, other, other_days, dispersion=np.ones(4))
    for place in range(4):
        n, share = int(count[place] + other[place]), days[place] / (days[place] + other_days[place])
        sides = [
            scipy.stats.binomtest(int(count[place]), n, share, alternative=each).pvalue for each in ("greater", "less")
        ]
        assert got[place] == pytest.approx(min(1, 2 * min(sides)), rel=1e-9)


def test_interval_and_p_value_of_a_ratio_say_the_same():
    rng = np.random.default_rng(3)
    count, other = rng.poisson(12, 400).astype(float), rng.poisson(rng.uniform(4, 40, 400)).astype(float)
    wide, ones = np.full(400, 2.5), np.ones(400)
    _, low, high = inference.rate_ratio(count, ones, other, ones, dispersion=wide)
    p_value = inference.rate_difference(count, ones, other, ones, dispersion=wide)
    excludes = (low > 1) | (high < 1)
    assert 20 < excludes.sum() < 380
    np.testing.assert_array_equal(excludes, p_value < 0.05)


def test_nothing_on_both_sides_cannot_be_compared():
    none = np.zeros(1)
    assert np.isnan(inference.rate_difference(none, none + 1, none, none + 1, dispersion=none + 1)).all()


def test_dispersion_by_hand():
    # Margins 30, 30 and 20, 40: expected 10, 20, 10, 20; chi-square 25/10 + 25/20, twice; 1 df.
    assert inference.two_way_dispersion(np.array([[15.0, 15.0], [5.0, 25.0]])) == pytest.approx(7.5)


def test_dispersion_recovers_what_was_planted():
    rng = np.random.default_rng(11)
    level = rng.uniform(5, 80, 120)[:, None] * np.array([1.3, 1.1, 1.0, 0.9, 0.7, 0.6])
    for planted in (1.0, 3.0, 6.0):
        # Gamma-Poisson with variance planted * mean in every cell.
        mean = level if planted == 1 else rng.gamma(level / (planted - 1), planted - 1)
        assert inference.two_way_dispersion(rng.poisson(mean).astype(float)) == pytest.approx(planted, rel=0.15)


def test_dispersion_of_one_row_or_column_is_unknown():
    assert np.isnan(inference.two_way_dispersion(np.array([[3.0, 4.0, 5.0]])))
    assert np.isnan(inference.two_way_dispersion(np.zeros((4, 4))))


def test_empirical_bayes_reproduces_the_published_smoothing():
    table = pyogrio.read_dataframe(libpysal.examples.get_path("sids2.dbf"), read_geometry=False)
    got = inference.empirical_bayes(table["SID74"].to_numpy(float), table["BIR74"].to_numpy(float))
    np.testing.assert_allclose(got[:5], [0.0016973, 0.00170538, 0.00177309, 0.00201287, 0.00353491], rtol=0, atol=5e-9)


def test_empirical_bayes_of_equal_rates_is_the_common_rate():
    got = inference.empirical_bayes(np.array([1.0, 10.0, np.nan, 4.0]), np.array([10.0, 100.0, 50.0, 0.0]))
    np.testing.assert_allclose(got, [0.1, 0.1, np.nan, np.nan])


def test_false_discovery_leaves_out_what_was_not_tested():
    p = np.array([0.01, np.nan, 0.02, 0.9])
    # By hand over three tests: 0.01 * 3 / 1 = 0.03, 0.02 * 3 / 2 = 0.03, 0.9.
    np.testing.assert_allclose(inference.false_discovery(p), [0.03, np.nan, 0.03, 0.9])


@pytest.mark.parametrize("gaps", [False, True])
def test_quasi_poisson_equals_statsmodels(gaps):
    rng = np.random.default_rng(5)
    months, days = 60, rng.choice([28.0, 30.0, 31.0], 60)
    design = np.column_stack([np.ones(months), np.arange(months) % 12 < 6, np.linspace(-2, 2, months)])
    counts = rng.negative_binomial(4, 0.1, size=(5, months)).astype(float)
    if gaps:
        counts[rng.random(counts.shape) < 0.2] = np.nan
    got = inference.quasi_poisson(counts, design, days)
    for row, series in enumerate(counts):
        seen = ~np.isnan(series)
        family = sm.families.Poisson()
        model = sm.GLM(series[seen], design[seen], family=family, offset=np.log(days[seen])).fit(scale="X2")
        np.testing.assert_allclose(got.coefficients[row], model.params, rtol=1e-7)
        np.testing.assert_allclose(got.errors[row], model.bse, rtol=1e-6)
        assert got.dispersion[row] == pytest.approx(model.scale, rel=1e-6)


def test_quasi_poisson_without_incidents_on_one_side_has_no_answer():
    design = np.column_stack([np.ones(12), np.arange(12) < 6])
    counts = np.vstack([np.where(np.arange(12) < 6, 3.0, 0.0), np.zeros(12), np.full(12, 2.0)])
    got = inference.quasi_poisson(counts, design, np.full(12, 30.0))
    assert np.isnan(got.coefficients[:2]).all()
    assert np.isfinite(got.coefficients[2]).all()


def test_rate_ratio_by_hand():
    one = np.ones(1)
    ratio, low, high = inference.rate_ratio(30 * one, 2 * one, 10 * one, 1 * one, dispersion=one)
    share = scipy.stats.binomtest(30, 40).proportion_ci(0.95, method="exact")
    assert ratio[0] == pytest.approx(1.5)
    assert low[0] == pytest.approx(share.low / (1 - share.low) / 2)
    assert high[0] == pytest.approx(share.high / (1 - share.high) / 2)


def test_rate_ratio_without_anything_to_compare_is_unknown():
    zero, one = np.zeros(1), np.ones(1)
    assert np.isnan(inference.rate_ratio(zero, one, zero, one, dispersion=one)[0][0])
    assert np.isnan(inference.rate_ratio(one, zero, one, one, dispersion=one)[0][0])
