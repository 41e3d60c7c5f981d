"""Near repeats: time beside numpy and pointpats, a whole year of Chicago, false alarms and recovery.

    .venv/bin/python benchmarks/near_repeat.py [speed peer chicago alarms recovery]

Any of these parts, or all; writes results/near_repeat.json, and the tables are in near_repeat.md. `peer` times
pointpats with the Python that HICGEO_PEERS names, and is left out without it; the real data when they do not stand
beside the project. The first three want an idle machine.
"""

from __future__ import annotations

import json
import os
import platform
import resource
import statistics
import subprocess
import sys
import time
from datetime import date
from pathlib import Path
from tempfile import TemporaryDirectory

import geopandas as gpd
import numpy as np
import pandas as pd
from partition import clustered
from scipy.spatial import cKDTree

import hicgeo as hg

RESULTS = Path(__file__).parent / "results" / "near_repeat.json"
DISTANCES, DAYS, DRAWS = tuple(range(0, 1001, 100)), (0, 7, 14, 21, 28), 999
CHICAGO = Path(os.environ.get("HICGEO_REALDATA", "../shared/data")) / "us_chicago_burglary" / "chicago_be_2016.csv"


def dated(xy: np.ndarray, day: np.ndarray, crs: str = "EPSG:28992") -> gpd.GeoDataFrame:
    moment = (pd.Timestamp("2023-01-01") + pd.to_timedelta(day, unit="D")).tz_localize("Europe/Amsterdam")
    return gpd.GeoDataFrame({"start": moment, "end": moment}, geometry=gpd.points_from_xy(*xy.T), crs=crs)


def by_bincount(xy: np.ndarray, day: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The same table and p-values: pairs by KD-tree, one numpy bincount per permutation."""
    pairs = cKDTree(xy).query_pairs(DISTANCES[-1], output_type="ndarray")
    away = np.hypot(*(xy[pairs[:, 0]] - xy[pairs[:, 1]]).T)
    pairs = pairs[away < DISTANCES[-1]]
    band = (away[away < DISTANCES[-1]] // 100).astype(np.int64)
    one, other, lag = pairs[:, 0].copy(), pairs[:, 1].copy(), np.repeat(np.arange(4), 7)
    rng = np.random.default_rng(1)

    def count(at: np.ndarray) -> np.ndarray:
        apart = np.abs(at[one] - at[other])
        soon = apart < 28
        return np.bincount(band[soon] * 4 + lag[apart[soon]], minlength=40)

    observed = count(day)
    as_many = sum((count(rng.permutation(day)) >= observed).astype(int) for _ in range(DRAWS))
    return observed.reshape(10, 4), (1 + as_many) / (1 + DRAWS)


def timed(*works, rounds: int) -> tuple[list[float], list[object]]:
    """Medians of works done in turn, and their last answers."""
    seconds, answers = [[] for _ in works], [None] * len(works)
    for _ in range(rounds):
        for place, work in enumerate(works):
            begin = time.perf_counter()
            answers[place] = work()
            seconds[place].append(time.perf_counter() - begin)
    return [statistics.median(each) for each in seconds], answers


def drawn(n: int) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(1)
    return clustered(n, rng), rng.integers(0, 365, n)


def speed() -> list[dict]:
    rows = []
    for n, rounds in ((500, 5), (5_000, 5), (20_000, 3)):
        xy, day = drawn(n)
        points = dated(xy, day)
        (ours, plain), (own, theirs) = timed(
            lambda p=points: hg.knox(p, distances=DISTANCES, days=DAYS, draws=DRAWS, rng=1),
            lambda a=xy, d=day: by_bincount(a, d),
            rounds=rounds,
        )
        assert (own.matrix().to_numpy() == theirs[0]).all(), "the same table"
        gap = np.abs(own.matrix("p_value").fillna(1).to_numpy() - theirs[1].reshape(10, 4)).max()
        row = {"n": n, "pairs": own.pairs, "hicgeo": ours, "numpy": plain, "times": plain / ours, "p_gap": float(gap)}
        rows.append(row)
        print(row, flush=True)
    return rows


PEER = """
import json, sys, time
import numpy as np
from pointpats import Knox
xy, day = np.load(sys.argv[1]), np.load(sys.argv[2])
np.random.seed(1)
begin = time.perf_counter()
found = Knox(xy, day[:, None].astype(float), delta=100, tau=6, permutations=int(sys.argv[3]))
print(json.dumps({"seconds": time.perf_counter() - begin, "pairs": int(found.statistic_), "p": float(found.p_sim)}))
"""


def peer() -> list[dict] | None:
    """One band pair by pointpats beside all forty of ours."""
    python = os.environ.get("HICGEO_PEERS")
    return [beside_pointpats(python, n, rounds) for n, rounds in ((5_000, 5), (20_000, 3))] if python else None


def beside_pointpats(python: str, n: int, rounds: int, permutations: int = DRAWS) -> dict:
    xy, day = drawn(n)
    with TemporaryDirectory() as folder:
        paths = [str(Path(folder) / name) for name in ("xy.npy", "day.npy")]
        np.save(paths[0], xy)
        np.save(paths[1], day)
        asked = [python, "-W", "ignore", "-c", PEER, *paths, str(permutations)]
        told = json.loads(subprocess.run(asked, capture_output=True, text=True, check=True).stdout)
    points = dated(xy, day)
    (ours,), (own,) = timed(
        lambda: hg.knox(points, distances=DISTANCES, days=DAYS, draws=permutations, rng=1), rounds=rounds
    )
    pairs = int(own.matrix().to_numpy()[0, 0])
    return {"n": n, "permutations": permutations, "hicgeo_40_cells": ours, "pointpats_1_cell": told["seconds"],
            "times": told["seconds"] / ours, "pairs": [pairs, told["pairs"]]}  # fmt: skip


def chicago() -> dict:
    table = pd.read_csv(CHICAGO)
    table.columns = ["x", "y", "date"]
    moment = pd.to_datetime(table["date"]).dt.tz_localize("Europe/Amsterdam")
    places = gpd.points_from_xy(table["x"], table["y"])
    points = gpd.GeoDataFrame({"start": moment, "end": moment}, geometry=places, crs="EPSG:26971")
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    (seconds,), (knox,) = timed(lambda: hg.knox(points, draws=DRAWS, rng=1), rounds=5)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    (chain_seconds,), (chains,) = timed(lambda: hg.near_repeat_chains(points, rng=1), rounds=3)
    return {
        "n": knox.n, "undated": knox.n_undated, "pairs": knox.pairs, "seconds": seconds,
        "peak_mb": [round(before), round(peak)],
        "observed": knox.matrix().to_numpy().tolist(), "ratio": knox.matrix("ratio").round(2).to_numpy().tolist(),
        "chains_seconds": chain_seconds, "radius": [chains.radius_m, chains.radius_low, chains.radius_high],
        "days": [chains.warning_days, chains.warning_days_low, chains.warning_days_high],
        "followers": float(chains.shares["share"].iloc[1:3].sum()),
        "followers_chance": float(chains.shares["expected_share"].iloc[1:3].sum()),
    }  # fmt: skip


def burglaries(seed: int) -> gpd.GeoDataFrame:
    city = hg.sample_city(seed)
    kept = city.incidents[(city.incidents["crime_type"] == "woninginbraak").to_numpy()]
    return kept[(kept["end"] - kept["start"] <= pd.Timedelta("7D")).to_numpy()]


def false_alarms(runs: int = 200) -> list[dict]:
    points = burglaries(1)
    rng, rows = np.random.default_rng(5), []
    for n in (400, 1500):
        any_cell, cells, tested, radius, followers = 0, 0, 0, 0, 0
        for run in range(runs):
            part = points.sample(n=n, random_state=run)
            order = rng.permutation(n)
            part = part.assign(start=part["start"].array[order])
            part["end"] = part["start"]
            knox = hg.knox(part, draws=199, rng=run).table
            any_cell += bool((knox["p_fdr"] <= 0.05).any())
            cells += int((knox["p_value"] <= 0.05).sum())
            tested += int(knox["p_value"].notna().sum())
            chains = hg.near_repeat_chains(part, draws=99, rng=run)
            radius += not np.isnan(chains.radius_m)
            followers += chains.p_value <= 0.05
        rows.append(
            {"n": n, "runs": runs, "cells_at_5": cells / tested, "any_after_fdr": any_cell / runs,
             "radius_found": radius / runs, "followers_at_5": followers / runs}
        )  # fmt: skip
        print(rows[-1], flush=True)
    return rows


def recovery(seeds: int = 20) -> list[dict]:
    rows = []
    for n in (400, 800, 2000, 4000):
        found = []
        for seed in range(1, seeds + 1):
            points = burglaries(seed)
            part = points.sample(n=min(n, len(points)), random_state=seed)
            chains = hg.near_repeat_chains(part, draws=99, rng=seed)
            knox = hg.knox(part, draws=199, rng=seed).table
            found.append(
                (chains.radius_m, chains.radius_low <= 200 <= chains.radius_high, chains.warning_days,
                 chains.warning_days_low <= 14 <= chains.warning_days_high,
                 knox.loc[("[1, 100)", "[0, 7)"), "p_fdr"] <= 0.05)
            )  # fmt: skip
        table = pd.DataFrame(found, columns=["radius", "radius_covers", "days", "days_cover", "knox"])
        seen = table["radius"].notna()
        rows.append(
            {"n": n, "cities": seeds, "knox_finds": float(table["knox"].mean()), "reach_found": float(seen.mean()),
             "radius_median": float(table["radius"].median()), "days_median": float(table["days"].median()),
             "radius_covers": float(table.loc[seen, "radius_covers"].mean()),
             "days_cover": float(table.loc[seen, "days_cover"].mean())}
        )  # fmt: skip
        print(rows[-1], flush=True)
    return rows


PARTS = {"speed": speed, "peer": peer, "chicago": chicago, "alarms": false_alarms, "recovery": recovery}

if __name__ == "__main__":
    hg.knox(dated(np.random.default_rng(0).uniform(0, 500, (50, 2)), np.arange(50)), draws=99, rng=1)  # compiled
    asked_for = sys.argv[1:] or [name for name in PARTS if name != "chicago" or CHICAGO.is_file()]
    for part in asked_for:
        made = PARTS[part]()
        result = json.loads(RESULTS.read_text(encoding="utf-8")) if RESULTS.is_file() else {}
        result |= {"date": date.today().isoformat(), "cores": os.cpu_count(), "python": platform.python_version()}
        result["false_alarms" if part == "alarms" else part] = made
        RESULTS.write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")
