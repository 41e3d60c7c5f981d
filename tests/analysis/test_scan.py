"""The scan behind the p-value of a hotspot: plain twins, hand calculation, exactness under the null."""

import numpy as np
import pytest

from hicgeo.analysis import _compiled_hotspots as compiled
from hicgeo.analysis._scan import disc, scan


@pytest.fixture(scope="module")
def town():
    rng = np.random.default_rng(5)
    homes = rng.poisson(20, (18, 22)).astype(float)
    homes[rng.random(homes.shape) < 0.2] = 0
    counts = rng.poisson(200 * homes / homes.sum()).astype(float)
    return homes, counts


def in_disc(shape, row, column, radius):
    rows, columns = np.mgrid[: shape[0], : shape[1]]
    return (rows - row) ** 2 + (columns - column) ** 2 <= radius**2


@pytest.mark.parametrize("radius", [0, 1, 1.5, 2, 5, 30])
def test_disc_sums_are_plain_sums(town, radius):
    homes, _ = town
    got = compiled.disc_sums(homes, disc(radius))
    for row in (0, 3, 17):
        for column in (0, 10, 21):
            assert got[row, column] == homes[in_disc(homes.shape, row, column, radius)].sum()


def test_ratios_are_those_of_kulldorff(town):
    homes, counts = town
    counts = np.where(homes > 0, counts, 0)
    found = scan(counts, homes, 100.0, 9, np.random.default_rng(1))
    n = counts.sum()
    for r, radius in enumerate([0, 1, 2, 3, 4, 6, 8, 10]):
        for row, column in ((0, 0), (9, 11), (17, 3)):
            here = in_disc(homes.shape, row, column, radius)
            c, e = counts[here].sum(), n * homes[here].sum() / homes.sum()
            tested = 4 <= e <= n / 4
            assert found.tested[r, row, column] == tested
            want = 0.0
            if tested and c > e:
                want = c * np.log(c / e) + (n - c) * np.log((n - c) / (n - e))
            assert found.ratios[r, row, column] == pytest.approx(want, abs=1e-9)


def test_the_largest_is_the_largest(town):
    homes, counts = town
    halves = [disc(radius) for radius in (1, 2)]
    expected = np.stack([compiled.disc_sums(homes, half) for half in halves]) * counts.sum() / homes.sum()
    k = np.arange(counts.sum() + 1)
    tables = (np.concatenate(halves), np.array([0, 3, 8]), expected, np.log(expected), np.log(counts.sum() - expected))
    tables = (*tables, k * np.log(np.maximum(k, 1)))
    assert compiled.scan_maximum(counts, *tables) == compiled.scan_ratios(counts, *tables).max()


def test_an_incident_where_nothing_is_at_risk_is_not_tested(town):
    homes, counts = town
    more = counts.copy()
    more[homes == 0] += 50
    first, second = (scan(each, homes, 100.0, 19, np.random.default_rng(1)) for each in (counts, more))
    np.testing.assert_array_equal(first.ratios, second.ratios)
    np.testing.assert_array_equal(first.null, second.null)


def test_p_values_of_chance_are_uniform_at_the_level():
    # exact by construction: the pattern is one of 20 drawn alike, so its p-value is 0.05 in one of 20
    rng = np.random.default_rng(3)
    homes = rng.poisson(np.exp(rng.normal(2, 1, (15, 15)))).astype(float)
    low = []
    for _ in range(400):
        counts = rng.multinomial(120, homes.ravel() / homes.sum()).reshape(homes.shape).astype(float)
        found = scan(counts, homes, 100.0, 19, rng)
        low.append(found.p_value(found.ratios.max()) <= 0.05)
    assert 0.03 <= np.mean(low) <= 0.075  # 5 % plus or minus 2.3 standard errors


def test_windows_stand_apart_and_hold_what_was_planted():
    homes = np.full((30, 30), 20.0)
    counts = np.random.default_rng(2).poisson(0.3, (30, 30)).astype(float)
    planted = in_disc(homes.shape, 8, 8, 2) | in_disc(homes.shape, 20, 22, 2)
    counts[planted] += 3
    marked = scan(counts, homes, 100.0, 199, np.random.default_rng(1)).windows(0.05)
    assert (marked & planted).sum() / (marked | planted).sum() > 0.8


def test_too_little_expected_everywhere_is_not_tested():
    homes = np.zeros((90, 90))
    homes[::22, ::22] = 1.0  # 25 lone houses, more than two windows apart, two incidents each
    found = scan(homes * 2, homes, 100.0, 19, np.random.default_rng(1))
    assert not found.tested.any()
    assert np.isnan(found.of_pieces((homes > 0).astype(int), 1)).all()


def test_incidents_that_belong_together_are_drawn_together(town):
    # one chain of all incidents: every draw puts them on one cell, so that no pattern is stranger than that
    homes, counts = town
    counts = np.where(homes > 0, counts, 0)
    n = int(counts.sum())
    heap = scan(counts, homes, 100.0, 19, np.random.default_rng(1), np.array([n]))
    assert heap.p_value(heap.ratios.max()) == 1.0
    apart = scan(counts, homes, 100.0, 19, np.random.default_rng(1))
    alone = scan(counts, homes, 100.0, 19, np.random.default_rng(1), np.ones(n, int))
    np.testing.assert_array_equal(alone.null, apart.null)
    assert heap.null.min() > apart.null.max()
