"""Waves: false alarms and power of the scan, ST-DBSCAN beside scikit-learn, false alarms of emerging hotspots.

    .venv/bin/python benchmarks/waves.py alarms power speed classes   # any of these; writes results/waves.json

The tables are in waves.md. `speed` wants an idle machine.
"""

from __future__ import annotations

import json
import os
import platform
import statistics
import sys
import time
from datetime import date
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
from partition import clustered
from scipy import stats
from scipy.sparse import coo_array
from scipy.spatial import cKDTree
from shapely.geometry import box

import hicgeo as hg
from hicgeo.analysis.clusters import density_clusters

RESULTS = Path(__file__).parent / "results" / "waves.json"
YEAR = ("2024-01-01", "2024-12-31")


def year_of(seed: int) -> gpd.GeoDataFrame:
    """Burglaries of a sample city in its last year, on their days."""
    city = hg.sample_city(seed)
    kept = city.incidents[(city.incidents["crime_type"] == "woninginbraak").to_numpy()]
    kept = kept[(kept["end"] - kept["start"] <= pd.Timedelta("7D")).to_numpy()]
    middle = kept["start"] + (kept["end"] - kept["start"]) / 2
    kept = kept.assign(start=middle.dt.normalize())
    kept = kept[(kept["start"] >= YEAR[0]).to_numpy() & kept.geometry.x.notna().to_numpy()]
    return gpd.GeoDataFrame(
        {"start": kept["start"].array, "end": kept["start"].array},
        geometry=gpd.points_from_xy(kept.geometry.x, kept.geometry.y), crs=kept.crs,
    )  # fmt: skip


def shuffled(points: gpd.GeoDataFrame, rng: np.random.Generator) -> gpd.GeoDataFrame:
    day = points["start"].array[rng.permutation(len(points))]
    return points.assign(start=day, end=day)


def interval(hits: int, runs: int) -> list[float]:
    """Exact 95 % interval of a share."""
    found = stats.binomtest(hits, runs).proportion_ci()
    return [round(float(found.low), 4), round(float(found.high), 4)]


def alarms(runs: int = 500, n: int = 400) -> list[dict]:
    rows = []
    points = year_of(1).sample(n, random_state=1)
    for windows in ("now", "any"):
        rng, hits = np.random.default_rng(11), 0
        for run in range(runs):
            got = hg.space_time_scan(shuffled(points, rng), period=YEAR, windows=windows, draws=99, rng=run)
            hits += bool((got.clusters["p_value"] <= 0.05).any())
        rows.append({"windows": windows, "n": len(points), "runs": runs, "alarms": hits / runs,
                     "interval": interval(hits, runs)})  # fmt: skip
        print(rows[-1], flush=True)
    return rows


def power(runs: int = 100, n: int = 400) -> list[dict]:
    """Extra incidents within 150 m of a place in town, in the last days (now) or at any time (any)."""
    rows = []
    points = year_of(1).sample(n, random_state=1)
    xy = points.get_coordinates().to_numpy()
    for windows in ("now", "any"):
        for extra in (3, 4, 6, 8):
            for days in (7, 14):
                rng = np.random.default_rng(100 * extra + days)
                hits, found, share = 0, 0, []
                for run in range(runs):
                    quiet = shuffled(points, rng)
                    centre = xy[rng.integers(len(xy))]
                    angle, away = rng.uniform(0, 2 * np.pi, extra), 150 * np.sqrt(rng.uniform(0, 1, extra))
                    until = 365 if windows == "now" else int(rng.integers(days, 366))
                    day = pd.Timestamp(YEAR[0]) + pd.to_timedelta(until - rng.integers(0, days, extra), unit="D")
                    day = pd.DatetimeIndex(day).tz_localize("Europe/Amsterdam").as_unit("us")
                    more = gpd.GeoDataFrame(
                        {"start": day, "end": day},
                        geometry=gpd.points_from_xy(centre[0] + away * np.cos(angle), centre[1] + away * np.sin(angle)),
                        crs=points.crs,
                    )
                    both = pd.concat([quiet, more], ignore_index=True)
                    got = hg.space_time_scan(both, period=YEAR, windows=windows, draws=99, rng=run)
                    sure = got.clusters.index[got.clusters["p_value"] <= 0.05]
                    inside = got.members["rank"].isin(sure).to_numpy()[-extra:]
                    hits += len(sure) > 0
                    found += inside.mean() >= 0.5
                    share.append(inside.mean())
                rows.append({"windows": windows, "n": n, "extra": extra, "days": days, "runs": runs,
                             "alarm": hits / runs, "found": float(found / runs),
                             "interval": interval(int(found), runs)})  # fmt: skip
                print(rows[-1], flush=True)
    return rows


def timed(*works, rounds: int = 5) -> list[float]:
    """Medians of works done in turn."""
    seconds = [[] for _ in works]
    for _ in range(rounds):
        for place, work in enumerate(works):
            begin = time.perf_counter()
            work()
            seconds[place].append(time.perf_counter() - begin)
    return [statistics.median(each) for each in seconds]


def by_scikit_learn(xy: np.ndarray, day: np.ndarray, eps: float, lag: int, least: int):
    """ST-DBSCAN by pairs of a KD-tree and scikit-learn on a sparse matrix of them."""
    from sklearn.cluster import DBSCAN

    pairs = cKDTree(xy).query_pairs(eps, output_type="ndarray")
    pairs = pairs[np.abs(day[pairs[:, 0]] - day[pairs[:, 1]]) <= lag]
    both = np.concatenate([pairs, pairs[:, ::-1]])
    graph = coo_array((np.full(len(both), 0.5), both.T), shape=(len(day), len(day))).tocsr()
    return DBSCAN(eps=1, min_samples=least, metric="precomputed").fit(graph)


def speed() -> list[dict]:
    rows, asked = [], (200.0, 7, 4)
    for n in (1_000, 10_000, 100_000):
        rng = np.random.default_rng(1)
        xy, day = clustered(n, rng), rng.integers(0, 365, n)
        moment = (pd.Timestamp("2023-01-01") + pd.to_timedelta(day, unit="D")).tz_localize("Europe/Amsterdam")
        points = gpd.GeoDataFrame(
            {"start": moment, "end": moment}, geometry=gpd.points_from_xy(*xy.T), crs="EPSG:28992"
        )
        core, cluster = density_clusters(xy, day, *asked)
        other = by_scikit_learn(xy, day, *asked)
        assert set(np.flatnonzero(core)) == set(other.core_sample_indices_), "the same core points"
        assert len(set(zip(cluster[core], other.labels_[core], strict=True))) == len(set(cluster[core])), "same groups"
        assert ((cluster >= 0) == (other.labels_ >= 0)).all(), "the same are left alone"
        ours, theirs, whole = timed(
            lambda a=xy, d=day: density_clusters(a, d, *asked),
            lambda a=xy, d=day: by_scikit_learn(a, d, *asked),
            lambda p=points: hg.st_dbscan(p, eps_m=asked[0], eps_days=asked[1], min_samples=asked[2]),
        )
        rows.append({"n": n, "clusters": len(set(cluster[core])), "hicgeo": ours, "scikit_learn": theirs,
                     "times": theirs / ours, "table_to_shapes": whole})  # fmt: skip
        print(rows[-1], flush=True)
    for n in (500, 2_000, 8_000):
        rng = np.random.default_rng(1)
        xy, day = clustered(n, rng), rng.integers(0, 365, n)
        moment = (pd.Timestamp("2023-01-01") + pd.to_timedelta(day, unit="D")).tz_localize("Europe/Amsterdam")
        points = gpd.GeoDataFrame(
            {"start": moment, "end": moment}, geometry=gpd.points_from_xy(*xy.T), crs="EPSG:28992"
        )
        scan = {"period": ("2023-01-01", "2023-12-31"), "draws": 99, "rng": 1}
        seconds = timed(
            lambda p=points, s=scan: hg.space_time_scan(p, windows="now", **s),
            lambda p=points, s=scan: hg.space_time_scan(p, windows="any", **s),
            rounds=1 if n > 2_000 else 3,
        )
        rows.append({"scan": n, "draws": 99, "now": seconds[0], "any": seconds[1]})
        print(rows[-1], flush=True)
    return rows


STEPS, SIDE = 12, 6000
COURSES = {
    "nieuw": [0] * 11 + [1], "aaneengesloten": [0] * 8 + [1] * 4, "blijvend": [1] * 12,
    "toenemend": [0.5 + k / 11 for k in range(12)], "afnemend": [1.5 - k / 11 for k in range(12)],
    "voorbij": [1] * 11 + [0], "wisselend": [0, 0, 0, 1, 1, 0, 0, 1, 1, 0, 0, 1],
}  # fmt: skip


def steps_of(rng: np.random.Generator, per_step: int, together: int = 1, spot: list | None = None) -> gpd.GeoDataFrame:
    """Incidents at random over a square town, some of them together on one place, and a spot of 500 m with a course."""
    n = per_step * STEPS // together
    xy, step = np.repeat(rng.uniform(0, SIDE, (n, 2)), together, axis=0), np.repeat(np.arange(n) % STEPS, together)
    if spot is not None:
        xy = np.vstack([xy, rng.uniform(2500, 3000, (sum(spot), 2))])
        step = np.r_[step, np.repeat(np.arange(STEPS), spot)]
    day = pd.Timestamp("2024-01-01") + pd.to_timedelta(step * 28 + rng.integers(0, 28, len(step)), unit="D")
    moment = pd.DatetimeIndex(day).tz_localize("Europe/Amsterdam").as_unit("us")
    return gpd.GeoDataFrame({"start": moment, "end": moment}, geometry=gpd.points_from_xy(*xy.T), crs="EPSG:28992")


def classes(runs: int = 200, planted: int = 20) -> dict:
    """Towns with any cell that stands out by chance, and planted courses that get their name."""
    town = gpd.GeoSeries([box(0, 0, SIDE, SIDE)], crs="EPSG:28992")
    grid = hg.Grid.over(town, cell_size=250)
    last = str((pd.Timestamp("2024-01-01") + pd.Timedelta(days=STEPS * 28 - 1)).date())
    asked = {"period": ("2024-01-01", last), "radius_m": 500.0}
    rows = []
    for per_step in (60, 300):
        for together in (1, 3):
            rng = np.random.default_rng(per_step + together)
            hits = 0
            for _ in range(runs):
                found = hg.emerging_hotspots(steps_of(rng, per_step, together), grid, **asked)
                hits += bool(((found.cells["steps_high"] > 0) | (found.cells["steps_low"] > 0)).any())
            rows.append({"per_step": per_step, "together": together, "runs": runs, "towns": hits / runs,
                         "interval": interval(hits, runs)})  # fmt: skip
            print(rows[-1], flush=True)
    named = []
    for course, times in COURSES.items():
        for extra in (20, 40):
            rng, right, high = np.random.default_rng(extra), 0, 0
            for _ in range(planted):
                spot = [round(extra * each) for each in times]
                kind = hg.emerging_hotspots(steps_of(rng, 300, 1, spot), grid, **asked).cells["kind"]
                middle = kind.loc[(2625.0, 2625.0)]
                right += middle == f"{course} hoog"
                high += str(middle).endswith("hoog")
            named.append({"course": course, "extra": extra, "named": right / planted, "any_high": high / planted})
            print(named[-1], flush=True)
    return {"alarms": rows, "planted": named}


PARTS = {"alarms": alarms, "power": power, "speed": speed, "classes": classes}

if __name__ == "__main__":
    asked_for = sys.argv[1:] or list(PARTS)
    for part in asked_for:
        made = PARTS[part]()
        result = json.loads(RESULTS.read_text(encoding="utf-8")) if RESULTS.is_file() else {}
        result |= {"date": date.today().isoformat(), "cores": os.cpu_count(), "python": platform.python_version()}
        result[part] = made
        RESULTS.write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")
