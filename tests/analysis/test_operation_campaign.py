"""What the tables of benchmarks claim of near repeats, waves and operations, made again on a smaller scale."""

from datetime import date

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
from scipy import stats

import hicgeo as hg

pytestmark = pytest.mark.slow

ROLES = pd.Index(["treated", "control"], name="role")
YEAR = ("2023-01-01", "2023-12-31")


def table(xy, day):
    start = (pd.Timestamp("2023-01-01") + pd.to_timedelta(day, unit="D")).tz_localize("Europe/Amsterdam")
    return gpd.GeoDataFrame({"start": start, "end": start}, geometry=gpd.points_from_xy(*xy.T), crs="EPSG:28992")


def town(rng, n):
    """Busy places and a busy winter, without anything between place and time."""
    centre = rng.uniform(0, 4000, (8, 2))
    xy = np.where(rng.random((n, 1)) < 0.5, centre[rng.integers(8, size=n)] + rng.normal(0, 150, (n, 2)),
                  rng.uniform(0, 4000, (n, 2)))  # fmt: skip
    season = np.where(rng.random(n) < 0.4, rng.integers(0, 60, n), rng.integers(0, 365, n))
    return table(xy, season)


def allowed(runs, level=0.05):
    """As many alarms as a test at `level` stays under in 995 of 1,000 campaigns."""
    return stats.binom.ppf(0.995, runs, level)


@pytest.mark.parametrize("mean", [5, 20, 60, 200])
@pytest.mark.parametrize("fall", [0.0, 0.3])
def test_the_interval_of_wdd_holds_the_truth_within_a_per_cent_of_nominal(mean, fall):
    runs = 3000
    rng = np.random.default_rng(int(mean + 100 * fall))
    inside = 0
    for draw in rng.poisson([mean, mean * (1 - fall), mean, mean], (runs, 4)):
        row = hg.wdd(pd.DataFrame(draw.reshape(2, 2), columns=["before", "after"], index=ROLES)).table.loc["direct"]
        inside += row["low"] <= -fall * mean <= row["high"]
    error = np.sqrt(0.95 * 0.05 / runs)
    assert abs(inside / runs - 0.95) <= 0.01 + 2 * error


@pytest.mark.parametrize("mean", [20, 60, 200])
def test_the_power_that_is_promised_is_there(mean):
    runs, fall = 3000, 0.4
    rng = np.random.default_rng(mean)
    seen = 0
    for draw in rng.poisson([mean, mean * (1 - fall), mean, mean], (runs, 4)):
        got = hg.wdd(pd.DataFrame(draw.reshape(2, 2), columns=["before", "after"], index=ROLES))
        seen += got.table.loc["direct", "high"] < 0
    promised = hg.minimum_detectable_effect(mean, control=mean).curve["power"][fall]
    assert seen / runs == pytest.approx(promised, abs=0.03)


def test_the_power_without_controls_is_there():
    rng, runs = np.random.default_rng(4), 3000
    seen = sum(hg.count_change(*draw).ratio_high < 1 for draw in rng.poisson([42, 42 * 0.5], (runs, 2)).tolist())
    promised = hg.minimum_detectable_effect(42).curve["power"][0.5]
    assert seen / runs == pytest.approx(promised, abs=0.03)


def test_knox_gives_few_false_alarms():
    rng, runs = np.random.default_rng(5), 120
    cells, tested, towns = 0, 0, 0
    for run in range(runs):
        got = hg.knox(town(rng, 400), draws=199, rng=run).table
        cells += int((got["p_value"] <= 0.05).sum())
        tested += int(got["p_value"].notna().sum())
        towns += bool((got["p_fdr"] <= 0.05).any())
    assert 0.02 <= cells / tested <= 0.065
    assert towns <= allowed(runs)


def test_chains_give_few_false_alarms():
    rng, runs = np.random.default_rng(6), 100
    found = [hg.near_repeat_chains(town(rng, 400), draws=99, rng=run) for run in range(runs)]
    assert sum(each.p_value <= 0.05 for each in found) <= allowed(runs)
    assert sum(not np.isnan(each.radius_m) for each in found) <= allowed(runs)


@pytest.mark.parametrize("windows", ["now", "any"])
def test_the_scan_gives_few_false_alarms_and_finds_what_is_planted(windows):
    rng, runs, planted = np.random.default_rng(7), 150, 30
    asked = {"period": YEAR, "windows": windows, "draws": 99}
    alarms = 0
    for run in range(runs):
        got = hg.space_time_scan(town(rng, 250), **asked, rng=run).clusters
        alarms += bool((got["p_value"] <= 0.05).any())
    assert stats.binom.ppf(0.005, runs, 0.05) <= alarms <= allowed(runs)
    found = 0
    for run in range(planted):
        quiet, centre = town(rng, 250), rng.uniform(500, 3500, 2)
        wave = table(centre + rng.uniform(-100, 100, (8, 2)), rng.integers(358, 365, 8))
        got = hg.space_time_scan(pd.concat([quiet, wave], ignore_index=True), **asked, rng=run)
        sure = got.clusters.index[got.clusters["p_value"] <= 0.05]
        found += got.members["rank"].isin(sure).to_numpy()[-8:].mean() >= 0.5
    assert found >= 0.9 * planted


def test_a_planted_fall_is_found_and_none_is_not():
    verdicts = {"none": [], "planted": []}
    for seed in range(1, 9):
        city, rng = hg.sample_city(seed), np.random.default_rng(seed)
        buurten = city.neighbourhoods[~city.neighbourhoods["is_water"]]
        middle = rng.choice(len(buurten))
        near = buurten.distance(buurten.geometry.iloc[middle]).sort_values(kind="stable")
        areas = buurten.loc[near.index[:20]]
        controls = buurten[buurten.distance(areas.union_all()) > 300]
        plan = hg.plan_operation(
            city.incidents, areas, controls, name="loop", crime_type="woninginbraak", measure="ratio",
            before=("2022-01-01", "2023-12-31"), during=("2024-01-01", "2024-12-31"), expected_fall=0.2,
            written_on=date(2023, 12, 1),
        )  # fmt: skip
        verdicts["none"].append(hg.evaluate_operation(city.incidents, plan).verdict)
        here = city.incidents.intersects(areas.union_all()) & (city.incidents["start"].dt.year == 2024)
        kept = city.incidents[~(here & (rng.random(len(here)) < 0.3))]
        verdicts["planted"].append(hg.evaluate_operation(kept, plan).verdict)
    assert verdicts["none"].count("niet aangetoond") >= 7
    assert verdicts["planted"].count("daling") >= 5
    assert "stijging" not in verdicts["planted"]
