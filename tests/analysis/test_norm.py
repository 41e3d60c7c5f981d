"""The norm flag: the spread of counts, the posterior by an independent way, and how often it is wrong or blind."""

import numpy as np
import pytest
from scipy import stats
from scipy.integrate import quad
from scipy.optimize import minimize_scalar

from hicgeo.analysis import _norm
from hicgeo.analysis._norm import GRID, SPREADS, Spread, against_norm, spread_between_years


def drawn(rng, mean, constant, growth):
    extra = constant + growth * mean - 1
    return rng.poisson(rng.gamma(mean / extra, extra) if extra.max() > 1e-9 else mean).astype(float)


@pytest.mark.parametrize(("constant", "growth"), [(1.0, 0.0), (3.0, 0.0), (1.4, 0.03)])
def test_the_spread_that_was_drawn_is_found(constant, growth):
    rng = np.random.default_rng(3)
    mean = np.repeat(rng.uniform(2, 200, (600, 1)), 8, axis=1)
    found = spread_between_years(drawn(rng, mean, constant, growth))
    assert found.at(50.0) == pytest.approx(constant + growth * 50, rel=0.08)
    assert found.at(2.0) == pytest.approx(constant + growth * 2, rel=0.25)


def test_slow_change_of_an_area_is_no_spread():
    """Areas of which half rises and half falls by a factor of two over ten years, without any chance."""
    rise = np.array([1, -1] * 50)[:, None] * np.linspace(-0.35, 0.35, 11)
    found = spread_between_years(np.random.default_rng(1).poisson(200 * np.exp(rise)).astype(float))
    assert found.at(200.0) < 1.7  # around one level for all years it is above 10


def test_two_areas_in_two_years_by_hand():
    # Expected 15 and 15 in both rows; four squared residuals of 25/15, one degree of freedom: chi-square 6.667.
    found = spread_between_years(np.array([[10.0, 20.0], [20.0, 10.0]]))
    assert found.at(15.0) == pytest.approx(20 / 3)
    assert spread_between_years(np.array([[10.0, 20.0]])) is None
    assert spread_between_years(np.array([[10.0], [20.0]])) is None
    assert spread_between_years(np.zeros((3, 4))) is None


def test_the_posterior_is_that_of_numerical_integration(monkeypatch):
    """One spread of differences and the point at the norm: by quadrature, with the mix by direct maximisation."""
    monkeypatch.setattr(_norm, "SPREADS", np.array([0.4]))
    rng = np.random.default_rng(5)
    base = rng.uniform(1000, 9000, 40)
    spread = Spread(1.5, 0.02)
    differs = rng.normal(0, 0.5, 40) * (np.arange(40) % 2)
    count = drawn(rng, 0.01 * base * np.exp(differs), 1.5, 0.02)
    got = against_norm(count, base, np.full(40, 0.009), spread, part_of_norm=False)
    common = count.sum() / base.sum()

    def likelihood(ratio, k):
        mean = common * base[k] * np.exp(ratio)
        extra = spread.at(mean) - 1
        return stats.nbinom.pmf(count[k], mean / extra, 1 / (1 + extra))

    def integral(k, low):
        return quad(lambda t: likelihood(t, k) * stats.norm.pdf(t, 0, 0.4), low, 3, limit=200, points=[0.0])[0]

    at = np.log(0.009 / common)
    point = np.array([likelihood(at, k) for k in range(40)])
    whole, above = (np.array([integral(k, low) for k in range(40)]) for low in (-3, at))
    mix = minimize_scalar(lambda w: -np.log(w * point + (1 - w) * whole).sum(), (0.01, 0.5), bounds=(0, 1)).x
    assert 0.05 < mix < 0.95
    same = mix * point / (mix * point + (1 - mix) * whole)
    np.testing.assert_allclose(got.p_above, (1 - same) * above / whole + same / 2, atol=0.003)


def test_what_the_order_and_the_unit_are_does_not_matter():
    rng = np.random.default_rng(2)
    base = rng.uniform(500, 9000, 40)
    count = rng.poisson(0.01 * base * np.exp(rng.normal(0, 0.5, 40))).astype(float)
    norm = np.full(40, count.sum() / base.sum())
    got = against_norm(count, base, norm, Spread(2.0, 0.01), part_of_norm=True)
    order = rng.permutation(40)
    mixed = against_norm(count[order], base[order], norm, Spread(2.0, 0.01), part_of_norm=True)
    np.testing.assert_allclose(mixed.p_above, got.p_above[order], atol=1e-9)
    assert (mixed.side == got.side[order]).all()
    other = against_norm(count, base / 1000, norm * 1000, Spread(2.0, 0.01), part_of_norm=True)
    np.testing.assert_allclose(other.p_above, got.p_above, atol=1e-9)
    assert set(got.side) == {-1, 0, 1}
    assert (np.diff(SPREADS) > 0).all()
    assert GRID[200] == 0


def test_a_verdict_needs_all_surer_ones_to_be_right_together():
    rng = np.random.default_rng(8)
    base = np.full(50, 5000.0)
    count = rng.poisson(50 * np.exp(rng.normal(0, 0.4, 50))).astype(float)
    got = against_norm(count, base, np.full(50, 0.010), Spread(1.0, 0.0), part_of_norm=False)
    wrong = np.minimum(got.p_above, 1 - got.p_above)  # no point at the norm is left in such a mix
    assert got.false_share[got.side != 0].max() == pytest.approx(wrong[got.side != 0].mean(), abs=0.02)
    assert got.false_share.max() > 0.05


@pytest.mark.parametrize(("n", "constant", "growth"), [(40, 1.0, 0.0), (40, 3.0, 0.0), (8, 3.0, 0.0)])
def test_the_flag_is_rarely_wrong_and_not_blind(n, constant, growth):
    """100 regions without differences, and the same with a fifth of the areas at twice the risk.

    The campaign with 1,000 regions at the sizes of real wijken is benchmarks/norm.py.
    """
    rng = np.random.default_rng(20)
    base = rng.uniform(800, 8000, n) * (1 if n == 40 else 6)
    double = np.where(np.arange(n) % 5 == 0, 2.0, 1.0)
    any_wrong, wrong_share, found = 0, [], []
    for _ in range(100):
        for risk in (np.ones(n), double):
            mean = np.repeat((0.010 * base * risk)[:, None], 6, axis=1)
            years = drawn(rng, mean, constant, growth)
            count, spread = years[:, -1], spread_between_years(years)
            norm = np.full(n, count.sum() / base.sum())
            side = against_norm(count, base, norm, spread, part_of_norm=True).side
            if risk is double:
                true = np.sign(risk - (risk * base).sum() / base.sum())
                wrong = (side != 0) & (side != true)
                wrong_share.append(wrong.sum() / max(1, (side != 0).sum()))
                found.append((side[double > 1] == 1).mean())
            else:
                any_wrong += (side != 0).any()
    assert any_wrong <= 10  # 5 are expected; 10 or more happen in 3 of 100
    assert np.mean(wrong_share) < 0.05
    assert np.mean(found) > (0.8 if constant == 1 or n == 8 else 0.45)


def test_nothing_to_judge():
    none = against_norm(np.zeros(3), np.full(3, 100.0), np.full(3, 0.01), Spread(1, 0), part_of_norm=False)
    assert np.isnan(none.p_above).all()
    assert (none.side == 0).all()
    empty = against_norm(np.empty(0), np.empty(0), np.empty(0), Spread(1, 0), part_of_norm=True)
    assert len(empty.side) == 0
