"""Relative risk: the ratio by double loop, planted risk found, equal risk left alone."""

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
from scipy import stats
from shapely.geometry import box

import hicgeo as hg
from hicgeo.analysis._events import chain_sizes, chains_of, days_of

RD = "EPSG:28992"
TOWN = box(0, 0, 3000, 2500).difference(box(1800, 200, 2200, 600))


@pytest.fixture(scope="module")
def grid():
    return hg.Grid.over(gpd.GeoSeries([TOWN], crs=RD), cell_size=100)


@pytest.fixture(scope="module")
def homes(grid):
    """Patchy: two quarters, a village and a few farms."""
    rng = np.random.default_rng(1)
    xy = [rng.normal([800, 800], 250, (3000, 2)), rng.normal([2200, 1700], 200, (2000, 2)),
          rng.normal([500, 2100], 80, (300, 2)), rng.uniform([0, 0], [3000, 2500], (300, 2))]  # fmt: skip
    return grid.counts(np.vstack(xy))


def points(xy):
    return gpd.GeoSeries.from_xy(*np.asarray(xy, float).T, crs=RD)


def dated(xy, day):
    start = pd.Timestamp("2024-01-01", tz="Europe/Amsterdam") + pd.to_timedelta(day, unit="D")
    return gpd.GeoDataFrame({"start": start}, geometry=points(xy).array, crs=RD)


def struck(homes, n, rng, more=None):
    """Incidents in proportion to the homes, `more` times as likely where that says."""
    units = np.nan_to_num(homes.to_numpy()) * (1 if more is None else more)
    cell = rng.choice(units.size, n, p=(units / units.sum()).ravel())
    row, column = np.unravel_index(cell, units.shape)
    return np.column_stack([homes["x"].to_numpy()[column], homes["y"].to_numpy()[row]]) + rng.uniform(-49, 49, (n, 2))


def test_the_ratio_is_that_of_a_double_loop(grid, homes):
    xy = struck(homes, 200, np.random.default_rng(3))
    got = hg.relative_risk(points(xy), homes, grid, bandwidth=350, draws=19, rng=1)
    units = np.nan_to_num(homes.to_numpy())
    counts = np.nan_to_num(grid.counts(xy).to_numpy())
    gx, gy = np.meshgrid(grid.x, grid.y)
    for row, column in [(8, 8), (17, 22), (20, 5), (24, 29)]:
        square = ((gx - grid.x[column]) ** 2 + (gy - grid.y[row]) ** 2) / 350**2
        kernel = np.where(square < 1, 1 - square, 0) ** 2
        share = units / units.sum()
        if (kernel * units).sum() == 0:
            assert np.isnan(got.ratio[row, column])
            continue
        ratio = (kernel * counts).sum() / counts.sum() / (kernel * share).sum()
        assert float(got.ratio[row, column]) == pytest.approx(ratio, rel=1e-9)
        basis = counts.sum() * (kernel * share).sum() ** 2 / (kernel**2 * share).sum()
        assert float(got.expected[row, column]) == pytest.approx(basis, rel=1e-9)
    assert np.isnan(got.ratio.to_numpy()[~grid.inside]).all()


def test_planted_risk_is_found_and_drawn_as_whole_cells(grid, homes):
    gx, gy = np.meshgrid(grid.x, grid.y)
    spot = np.hypot(gx - 2200, gy - 1700) < 250
    xy = struck(homes, 400, np.random.default_rng(5), np.where(spot, 4.0, 1.0))
    got = hg.relative_risk(points(xy), homes, grid, bandwidth=350, draws=199, rng=1)
    found = got.p_family.to_numpy() <= 0.05
    assert (found & spot).sum() > 0.5 * spot.sum()
    assert float(got.ratio.sel(x=2250, y=1650)) > 1.5
    areas = got.areas().set_index(["side", "level"])
    assert areas.loc[("family", 0.05), "cells"] == found.sum()
    assert areas.loc[("family", 0.05), "area_ha"] == found.sum()
    assert areas.loc[("family", 0.05), "geometry"].area == pytest.approx(found.sum() * 1e4)
    assert (np.concatenate([np.array(g.envelope.exterior.coords) for g in areas.geometry]) % 100 == 0).all()
    assert areas.loc[("high", 0.05), "cells"] >= areas.loc[("high", 0.01), "cells"]
    assert "above chance" in got._repr_html_()
    assert len(got.to_frame()) == grid.inside.sum()


def test_equal_risk_raises_an_alarm_as_seldom_as_it_says(grid, homes):
    alarms, high, low = 0, [], []
    for seed in range(120):
        xy = struck(homes, 120, np.random.default_rng(seed))
        got = hg.relative_risk(points(xy), homes, grid, bandwidth=400, draws=59, rng=seed)
        alarms += bool((got.p_family <= 0.05).any())
        high.append(float((got.p_high <= 0.05).where(got.p_high.notnull()).mean()))
        low.append(float((got.p_low <= 0.05).where(got.p_low.notnull()).mean()))
    assert stats.binomtest(alarms, 120, 0.05, alternative="greater").pvalue > 0.01
    assert stats.binomtest(alarms, 120, 0.05, alternative="less").pvalue > 0.01
    assert np.mean(high) == pytest.approx(0.05, abs=0.02)
    assert np.mean(low) == pytest.approx(0.05, abs=0.02)


def test_chains_are_within_100_m_and_7_days_link_by_link():
    xy = np.array([[0, 0], [100, 0], [200, 0], [200, 0], [0, 0], [0, 0], [301, 0]], float)
    day = np.array([0, 7, 14, 30, np.nan, np.nan, 14])
    chain = chains_of(xy, day)
    assert chain[0] == chain[1] == chain[2]
    assert len(set(chain)) == 5  # the first three; one too late, two without a day, one a metre too far
    assert chain_sizes(chain, np.ones(7, bool)).tolist() == [1, 1, 1, 1, 3]
    assert chain_sizes(chain, np.array([1, 0, 1, 0, 1, 1, 1], bool)).tolist() == [1, 1, 1, 2]
    table = dated(xy, [0, 1, 2, 3, 4, 5, 6.5])
    table.loc[3, "start"] = pd.NaT
    np.testing.assert_allclose(np.diff(days_of(table)), [1, 1, np.nan, np.nan, 1, 1.5])
    assert np.isnan(days_of(points(xy))).all()


def test_chains_are_those_of_a_double_loop():
    rng = np.random.default_rng(4)
    xy, day = rng.uniform(0, 1500, (300, 2)), rng.uniform(0, 90, 300)
    chain = np.arange(300)
    for _ in range(300):
        before = chain.copy()
        for i in range(300):
            near = (np.hypot(*(xy - xy[i]).T) <= 100) & (np.abs(day - day[i]) <= 7)
            chain[near] = chain[near].min()
        if (before == chain).all():
            break
    got = chains_of(xy, day)
    assert 50 < len(set(got)) < 280
    assert len(set(zip(chain, got, strict=True))) == len(set(chain)) == len(set(got))


def test_a_chain_falls_on_one_of_two_places_and_that_is_no_finding(grid):
    """Two flats of as many homes, all burglaries one chain at one of them: each draw is that, or its mirror."""
    at = np.array([[550.0, 550.0], [2550.0, 1950.0]])
    homes = grid.counts(np.repeat(at, 100, axis=0))
    flat = np.repeat(at[:1], 40, axis=0)
    one = hg.relative_risk(dated(flat, np.arange(40)), homes, grid, bandwidth=400, draws=999, rng=1)
    assert (one.n, one.n_chains, one.n_undated) == (40, 1, 0)
    there = {"x": 550, "y": 550}
    assert float(one.p_high.sel(there)) == pytest.approx(0.5, abs=0.05)
    assert float(one.p_family.sel(there)) == 1.0
    # One by one all of 40 fall on the same flat in one of 2 ** 40 draws.
    single = hg.relative_risk(points(flat), homes, grid, bandwidth=400, draws=999, rng=1)
    assert (single.n, single.n_chains, single.n_undated) == (40, 40, 40)
    assert float(single.p_family.sel(there)) == 0.001


def test_near_repeats_raise_no_more_alarms_than_it_says(grid, homes):
    chained, single = 0, 0
    for seed in range(120):
        rng = np.random.default_rng(seed)
        xy, day = struck(homes, 90, rng), rng.uniform(0, 365, 90)
        again = rng.choice(90, 40)  # on the same address, within 7 days
        places = dated(np.vstack([xy, xy[again]]), np.concatenate([day, day[again] + rng.uniform(0, 7, 40)]))
        given = {"bandwidth": 400, "draws": 59, "rng": seed}
        chained += bool((hg.relative_risk(places, homes, grid, **given).p_family <= 0.05).any())
        single += bool((hg.relative_risk(places.geometry, homes, grid, **given).p_family <= 0.05).any())
    assert stats.binomtest(chained, 120, 0.05, alternative="greater").pvalue > 0.01
    assert stats.binomtest(single, 120, 0.05, alternative="greater").pvalue < 0.01


def test_planted_risk_is_found_among_dated_incidents_too(grid, homes):
    gx, gy = np.meshgrid(grid.x, grid.y)
    spot = np.hypot(gx - 2200, gy - 1700) < 250
    rng = np.random.default_rng(5)
    xy = struck(homes, 400, rng, np.where(spot, 4.0, 1.0))
    places = dated(xy, rng.uniform(0, 365, 400))
    got = hg.relative_risk(places, homes, grid, bandwidth=350, draws=99, rng=1)
    assert got.n_chains < 400
    assert ((got.p_family.to_numpy() <= 0.05) & spot).any()
    other = hg.relative_risk(places[::-1], homes, grid, bandwidth=350, draws=99, rng=1)
    np.testing.assert_array_equal(got.p_family, other.p_family)


def test_the_order_of_rows_does_not_matter_and_a_seed_gives_the_same(grid, homes):
    xy = struck(homes, 150, np.random.default_rng(3))
    one, other = (
        hg.relative_risk(points(each), homes, grid, bandwidth=400, draws=49, rng=7) for each in (xy, xy[::-1])
    )
    np.testing.assert_array_equal(one.p_high, other.p_high)
    np.testing.assert_array_equal(one.p_family, other.p_family)
    np.testing.assert_allclose(one.ratio, other.ratio, rtol=1e-12)


def test_few_expected_is_not_tested(grid, homes):
    got = hg.relative_risk(
        points(struck(homes, 60, np.random.default_rng(3))), homes, grid, bandwidth=300, draws=19, rng=1
    )
    thin = got.expected.to_numpy() < 4
    assert np.isnan(got.p_high.to_numpy()[thin]).all()
    assert np.isfinite(got.p_high.to_numpy()[grid.inside & ~thin]).all()
    assert (grid.inside & ~thin).any()


def test_totals_of_neighbourhoods_give_a_picture_and_no_test(grid, homes):
    halves = gpd.GeoDataFrame(
        {"dwellings": [3000, 1000]},
        geometry=[box(0, 0, 1500, 2500), box(1500, 0, 3000, 2500)],
        index=["BU00000001", "BU00000002"],
        crs=RD,
    )
    xy = np.random.default_rng(1).uniform([0, 0], [3000, 2500], (4000, 2))
    got = hg.relative_risk(points(xy), halves, grid, bandwidth=300, rng=1)
    assert not got.tested
    assert got.draws == 0
    assert got.p_high.isnull().all()
    assert got.p_family.isnull().all()
    assert len(got.areas()) == 0
    # Incidents are spread evenly, homes are three to one: risks of about 2/3 and 2.
    assert float(got.ratio.sel(x=slice(0, 1200)).mean()) == pytest.approx(2 / 3, rel=0.05)
    assert float(got.ratio.sel(x=slice(1800, 3000)).mean()) == pytest.approx(1.96, rel=0.05)
    assert got.at_risk == pytest.approx(4000)
    with pytest.raises(hg.ColumnError, match="businesses"):
        hg.relative_risk(points(xy), halves, grid, bandwidth=300, base="businesses", rng=1)


def test_everyone_is_counted_somewhere(grid, homes):
    xy = np.vstack([struck(homes, 100, np.random.default_rng(3)), [[-50, 50], [2000, 400], [2990, 10]]])
    empty = homes.copy(data=np.where(grid.inside, homes.to_numpy(), np.nan))
    empty[0, 29] = 0
    places = gpd.GeoDataFrame({"precision_m": [5.0] * 102 + [5.0]}, geometry=points(xy).array, crs=RD)
    got = hg.relative_risk(places, empty, grid, bandwidth=300, draws=19, rng=1)
    assert (got.n, got.n_outside, got.n_off_risk, got.n_unlocated, got.n_imprecise) == (100, 2, 1, 0, 0)


def test_what_cannot_be_compared_is_refused(grid, homes):
    xy = points(struck(homes, 100, np.random.default_rng(3)))
    for arguments, words in [
        ({"bandwidth": 50}, "at least the cell size"),
        ({"kernel": "box"}, "gaussian, quartic"),
        ({"draws": 5}, "at least 19"),
        ({"at_risk": homes * 0}, "something must be at risk"),
        ({"at_risk": homes - 1e6}, "numbers of 0 or more"),
        ({"points": xy[:29]}, "at least 30 incidents"),
        ({"points": xy[:0]}, "0 of 0"),
        ({"points": points([(np.inf, 0)] * 40)}, "finite"),
    ]:
        given = {"points": xy, "at_risk": homes, "bandwidth": 300, "rng": 1} | arguments
        with pytest.raises(hg.InputError, match=words):
            hg.relative_risk(given.pop("points"), given.pop("at_risk"), grid, **given)
    with pytest.raises(hg.AlignmentError, match="grid"):
        hg.relative_risk(xy, homes[:10], grid, bandwidth=300, rng=1)
    with pytest.raises(hg.CrsError, match="projected"):
        hg.relative_risk(xy.set_crs("EPSG:4326", allow_override=True), homes, grid, bandwidth=300, rng=1)
