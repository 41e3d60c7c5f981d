"""Seasonal groups that are there, and that are not; the mixture against a slow twin."""

import numpy as np
import pandas as pd
import pytest
import scipy.stats
from sklearn.metrics import adjusted_rand_score

import hicgeo as hg
from hicgeo.analysis import _mixture
from hicgeo.analysis.season_groups import NO_GROUP

MONTHS = pd.period_range("2018-01", "2023-12", freq="M")
DARK = np.isin(MONTHS.month, [10, 11, 12, 1, 2, 3])
DAYS = MONTHS.days_in_month.to_numpy()


def table(values, months=MONTHS, codes=None):
    values = np.atleast_2d(np.asarray(values, float))
    codes = codes or [f"WK9901{place:02d}" for place in range(len(values))]
    index = pd.MultiIndex.from_product([codes, ["woninginbraak"], months], names=["code", "crime_type", "month"])
    flat = values.ravel()
    return pd.DataFrame({"incidents": flat, "status": np.where(np.isnan(flat), "missing", "final")}, index=index)


def pattern(ratio):
    """A year with `ratio` times as many in October to March, by a smooth wave."""
    wave = np.where(DARK, ratio, 1.0) * DAYS
    return wave / wave[:12].sum()


def region(rng, ratios, size, concentration):
    """Counts per wijk and month; a finite concentration lets each area's year scatter around its pattern."""
    rows = []
    for ratio, total in zip(ratios, size, strict=True):
        share = pattern(ratio)[:12]
        if np.isfinite(concentration):
            share = rng.dirichlet(share * concentration)
        rows.append(np.concatenate([rng.poisson(total / 6 * share) for _ in range(6)]))
    return table(rows, codes=[f"WK9901{place:02d}" for place in range(len(rows))])


@pytest.mark.parametrize("concentration", [np.inf, 150.0])
def test_one_pattern_is_one_group(concentration):
    rng = np.random.default_rng(12)
    answers = [
        hg.cluster_seasons(
            region(rng, [1.3] * 60, rng.integers(10, 900, 60), concentration), crime_type="woninginbraak", rng=1
        ).k
        for _ in range(4)
    ]
    assert answers == [1] * 4


@pytest.mark.parametrize("seed", [3, 4])
def test_months_that_vary_more_than_chance_are_no_second_group(seed):
    # Variance four times the mean in every month, large and small areas alike: without dividing by it, two groups.
    rng = np.random.default_rng(seed)
    size = rng.lognormal(np.log(240), 0.8, (100, 1))
    mean = size * np.tile(pattern(1.3)[:12], 6) / 6
    counts = table(rng.poisson(rng.gamma(mean / 3, 3)), codes=[f"BU9903{place:04d}" for place in range(100)])
    got = hg.cluster_seasons(counts, crime_type="woninginbraak", rng=1)
    assert got.k == 1
    assert 3.3 < got.dispersion < 4.2  # margins of months with a few incidents take up a little of it


def test_the_dispersion_of_chance_is_one_whatever_lasts():
    # Areas that differ from each other, the same every year, do not vary within themselves.
    rng = np.random.default_rng(15)
    counts = region(rng, [1.3] * 60, rng.integers(10, 900, 60), 40.0)
    assert hg.cluster_seasons(counts, crime_type="woninginbraak", rng=1).dispersion < 1.1


def test_two_planted_groups_are_found():
    rng = np.random.default_rng(13)
    ratios = np.where(np.arange(60) < 30, 1.2, 2.0)
    size = rng.integers(100, 900, 60)
    counts = region(rng, ratios, size, np.inf)
    got = hg.cluster_seasons(counts, crime_type="woninginbraak", rng=1)
    assert got.k == 2
    assert got.ratio["A"] == pytest.approx(2.0, rel=0.1)
    assert got.ratio["B"] == pytest.approx(1.2, rel=0.1)
    # An oracle that knows both profiles does hardly better.
    year = counts["incidents"].to_numpy().reshape(60, 6, 12).sum(axis=1)
    likelihood = year @ np.log([pattern(2.0)[:12], pattern(1.2)[:12]]).T
    oracle = adjusted_rand_score(ratios > 1.5, likelihood.argmax(axis=1))
    ours = adjusted_rand_score(ratios > 1.5, got.probability.to_numpy().argmax(axis=1))
    assert ours > oracle - 0.1
    clear = got.labels != NO_GROUP
    assert clear.mean() > 0.6
    assert ((got.labels[clear] == "A") == (ratios[clear] > 1.5)).mean() > 0.9
    assert got.stability > 0.2
    np.testing.assert_allclose(got.profiles.mean(axis="columns"), 1.0, atol=0.01)
    assert "2 groups" in got._repr_html_()


def test_groups_do_not_depend_on_row_order_and_handle_empty_areas():
    rng = np.random.default_rng(14)
    counts = region(rng, [1.2] * 20 + [2.2] * 20, [400] * 40, 300.0)
    counts.loc["WK990103", "incidents"] = 0.0
    one = hg.cluster_seasons(counts, crime_type="woninginbraak", rng=5)
    two = hg.cluster_seasons(counts.sample(frac=1, random_state=1), crime_type="woninginbraak", rng=5)
    pd.testing.assert_series_equal(one.labels, two.labels)
    assert one.labels["WK990103"] == NO_GROUP


def test_whole_years_may_begin_in_any_month():
    months = pd.period_range("2018-04", "2023-12", freq="M")
    rng = np.random.default_rng(2)
    winter = np.isin(months.month, [12, 1])
    counts = table(rng.poisson(np.where(winter, 60, 10), (30, len(months))), months)
    got = hg.cluster_seasons(counts, crime_type="woninginbraak", rng=1)
    assert got.months == ("2019-01", "2023-12")
    assert got.profiles.loc["A", [1, 12]].min() > 2 * got.profiles.loc["A", range(2, 12)].max()


def test_an_area_with_too_little_is_not_placed_by_the_size_of_a_group():
    rng = np.random.default_rng(16)
    size = np.full(60, 500)
    size[:3] = 6
    got = hg.cluster_seasons(region(rng, [1.2] * 48 + [2.4] * 12, size, np.inf), crime_type="woninginbraak", rng=1)
    assert got.k == 2
    assert (got.labels.iloc[:3] == NO_GROUP).all()
    assert got.areas["stability"].iloc[:3].isna().all()


def test_stability_tells_a_planted_group_from_a_divided_cloud():
    rng = np.random.default_rng(17)
    clear = hg.cluster_seasons(
        region(rng, [1.2] * 30 + [2.4] * 30, np.full(60, 900), np.inf), crime_type="woninginbraak", rng=1
    )
    assert clear.group_stability.min() > 0.9
    assert clear.stability > 0.9
    assert clear.areas["stability"].mean() > 0.95
    assert clear.areas["halves_agree"].mean() > 0.95
    one = hg.cluster_seasons(region(rng, [1.3] * 30, np.full(30, 300), np.inf), crime_type="woninginbraak", rng=1)
    assert one.k == 1
    assert one.group_stability.isna().all()
    assert one.areas["halves_agree"].isna().all()
    assert list(one.criterion.columns) == ["log_likelihood", "gain", "needed", "p_value"]
    assert one.criterion["p_value"].iloc[-1] > 0.02


def test_no_incidents_at_all_are_refused():
    with pytest.raises(hg.InputError, match="0 in every month"):
        hg.cluster_seasons(table(np.zeros((4, 72))), crime_type="woninginbraak", rng=1)


# the mixture


def slow_density(points, noise, means, weight, scatter):
    """Every density by scipy, one at a time."""
    density = scipy.stats.multivariate_normal.pdf
    return np.array(
        [
            [w * density(p, m, (scatter + v) * np.eye(len(p))) for m, w in zip(means, weight, strict=True)]
            for p, v in zip(points, noise, strict=True)
        ]
    )


def test_membership_and_likelihood_equal_scipys_densities():
    rng = np.random.default_rng(1)
    points, noise = rng.normal(size=(30, 4)), rng.uniform(0.1, 2, 30)
    fit = _mixture.fit(points, noise, 3, rng=rng)
    density = slow_density(points, noise, fit.means, fit.weight, fit.scatter)
    np.testing.assert_allclose(fit.probability(points, noise), density / density.sum(axis=1, keepdims=True), atol=1e-12)
    assert fit.log_likelihood == pytest.approx(np.log(density.sum(axis=1)).sum())


def test_a_fit_is_a_maximum():
    rng = np.random.default_rng(2)
    noise = rng.uniform(0.05, 0.5, 300)
    centre = np.where(np.arange(300)[:, None] < 200, [[0.0, 0.0]], [[3.0, 1.0]])
    points = centre + rng.normal(size=(300, 2)) * np.sqrt(0.2 + noise)[:, None]
    fit = _mixture.fit(points, noise, 2, rng=rng)
    order = np.argsort(-fit.weight)
    np.testing.assert_allclose(fit.means[order], [[0, 0], [3, 1]], atol=0.2)
    assert fit.scatter == pytest.approx(0.2, abs=0.05)
    for change in (0.95, 1.05):
        for other in (
            (fit.means * change, fit.weight, fit.scatter),
            (fit.means, fit.weight, fit.scatter * change),
        ):
            assert np.log(slow_density(points, noise, *other).sum(axis=1)).sum() < fit.log_likelihood


def test_what_chance_gains_is_near_what_it_gains_on_fresh_points():
    rng = np.random.default_rng(3)
    noise = rng.uniform(0.5, 2, 60)
    one = _mixture.Mixture(np.zeros((1, 4)), np.ones(1), 0.3, 0.0)
    by_chance = _mixture.gain_by_chance(np.zeros((60, 4)), noise, one, draws=99, rng=rng)
    fresh = []
    for _ in range(99):
        points = rng.normal(size=(60, 4)) * np.sqrt(0.3 + noise)[:, None]
        fits = [_mixture.fit(points, noise, k, rng=rng) for k in (1, 2)]
        fresh.append(fits[1].log_likelihood - fits[0].log_likelihood)
    assert scipy.stats.ks_2samp(by_chance, fresh).pvalue > 0.01
