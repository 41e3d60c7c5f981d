"""Operations: coverage and power of the evaluation, the full loop, and target areas scored on what came next.

    .venv/bin/python benchmarks/operation.py [power loop targets coverage]

Any of these parts, or all; writes results/operation.json, and the tables are in operation.md.
"""

from __future__ import annotations

import json
import os
import platform
import sys
from datetime import date
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd

import hicgeo as hg

RESULTS = Path(__file__).parent / "results" / "operation.json"
ROLES = pd.Index(["treated", "control"], name="role")
MONTHS = pd.date_range("2024-01-01", "2024-12-01", freq="MS")


def coverage(runs: int = 4000) -> list[dict]:
    """Share of the 95 % intervals that hold the truth, and of the tests that see a fall, on Poisson counts."""
    rng, rows = np.random.default_rng(1), []
    for mean in (5, 20, 60, 200):
        for fall in (0.0, 0.3):
            truth, inside, ratio_inside, seen = -fall * mean, 0, 0, 0
            for draw in rng.poisson([mean, mean * (1 - fall), mean, mean], (runs, 4)):
                got = hg.wdd(pd.DataFrame(draw.reshape(2, 2), columns=["before", "after"], index=ROLES))
                row = got.table.loc["direct"]
                inside += row["low"] <= truth <= row["high"]
                ratio_inside += got.ratio_low <= 1 - fall <= got.ratio_high
                seen += row["high"] < 0
            plan = hg.minimum_detectable_effect(mean, control=mean)
            rows.append(
                {"mean": mean, "fall": fall, "runs": runs, "difference_covers": inside / runs,
                 "ratio_covers": ratio_inside / runs, "seen": seen / runs,
                 "promised": float(plan.curve["power"].get(fall, np.nan)), "detectable": plan.fall}
            )  # fmt: skip
            print(rows[-1], flush=True)
    return rows


def power() -> list[dict]:
    """Smallest fall that can be seen, by incidents in the period before, with and without controls of that size."""
    rows = []
    for n in (14, 42, 84, 168, 336, 700):
        pair = {
            f"controls_{name}": hg.minimum_detectable_effect(n, control=c).fall for name, c in (("no", 0), ("yes", n))
        }
        rows.append({"n": n, **pair, "dispersed": hg.minimum_detectable_effect(n, control=n, dispersion=1.5).fall})
    return rows


def loop(seeds: int = 40) -> dict:
    """Plan, nothing or a planted fall of 30 %, evaluation; a third of the buurten treated at random."""
    verdicts: dict[str, list[str]] = {"none": [], "planted": []}
    covers, detectable = 0, []
    for seed in range(1, seeds + 1):
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
        detectable.append(plan.detectable_fall)
        verdicts["none"].append(hg.evaluate_operation(city.incidents, plan).verdict)
        here = city.incidents.intersects(areas.union_all()) & (city.incidents["start"].dt.year == 2024)
        kept = city.incidents[~(here & (rng.random(len(here)) < 0.3))]
        got = hg.evaluate_operation(kept, plan)
        covers += got.effect.ratio_low <= 0.7 <= got.effect.ratio_high
        verdicts["planted"].append(got.verdict)
    counted = {name: pd.Series(given).value_counts().to_dict() for name, given in verdicts.items()}
    return {"cities": seeds, "covers": covers / seeds, "detectable": float(np.nanmedian(detectable)), **counted}


WAYS = (
    "as in notebook 06", "with near repeats", "learned, with dwellings", "density alone", "areas by dwellings",
    "last_year_100m", "last_year_250m", "last_month_100m", "dwellings", "random",
)  # fmt: skip
MADE = {"as in notebook 06": "two_scale", "learned, with dwellings": "learned", "density alone": "kde"}


def simplest(past: gpd.GeoDataFrame, homes: np.ndarray, grid: hg.Grid, start: pd.Timestamp) -> dict[str, np.ndarray]:
    """What anyone could do, per cell of the area: count, over a year or a month, or look where the dwellings are."""
    inside, age = grid.inside.ravel(), start - past["start"].dt.tz_localize(None)
    coarse = np.add.outer(np.floor(grid.y / 250) * 10_000, np.floor(grid.x / 250)).ravel()
    square = np.unique(coarse, return_inverse=True)[1]

    def count(days: int) -> np.ndarray:
        chosen = past[(age <= pd.Timedelta(days=days)).to_numpy()].get_coordinates().to_numpy()
        return np.nan_to_num(grid.counts(chosen).to_numpy()).ravel()

    # of cells that lie across two squares the one of their centre
    year = count(365)
    return {
        "last_year_100m": year[inside], "last_year_250m": np.bincount(square, year)[square][inside],
        "last_month_100m": count(28)[inside], "dwellings": homes.ravel()[inside], "random": np.ones(inside.sum()),
    }  # fmt: skip


def caught(score: np.ndarray, held: np.ndarray, size: int) -> float:
    """Incidents in the `size` cells with the highest score; ties shared."""
    least = np.sort(score)[::-1][size - 1]
    sure, tied = score > least, score == least
    return float(held[sure].sum() + (size - sure.sum()) / tied.sum() * held[tied].sum())


def targets(seeds: int = 3) -> dict:
    """Incidents of 28 days in the areas chosen on the first of each month of 2024, beside what anyone could do."""
    months, size_of, expected, inside, areas = [], [], 0.0, 0, 0
    for seed in range(1, seeds + 1):
        city = hg.sample_city(seed)
        points = city.incidents[(city.incidents["crime_type"] == "woninginbraak").to_numpy()]
        land = city.neighbourhoods[~city.neighbourhoods["is_water"]]
        grid, day = hg.Grid.over(land, cell_size=100), points["start"].dt.tz_localize(None)
        at_risk = grid.counts(city.dwellings.get_coordinates().to_numpy())
        homes = np.nan_to_num(at_risk.to_numpy())
        for start in MONTHS:
            past = points[(day < start).to_numpy()]
            coming = points[((day >= start) & (day < start + pd.Timedelta(days=28))).to_numpy()]
            cell = grid.locate(coming.get_coordinates().to_numpy())
            held = np.bincount(cell[cell >= 0], minlength=grid.inside.size)[grid.inside.ravel()]
            asked = {"start": start, "horizon_days": 28, "bandwidth": 400.0}
            made = {
                name: hg.forecast(past, grid, method=method, at_risk=at_risk if method == "learned" else None, **asked)
                for name, method in MADE.items()
            }
            made["areas by dwellings"] = at_risk
            chains = hg.near_repeat_chains(past, draws=99, rng=1)
            hits = {"came": len(coming)}
            for name in WAYS[:5]:
                near = chains if name == "with near repeats" else None
                got = hg.target_areas(
                    made.get(name, made["as in notebook 06"]), past, start=str(start.date()), chains=near,
                    neighbourhoods=land, rng=1,
                )  # fmt: skip
                there = np.array([coming.intersects(shape).sum() for shape in got.areas.geometry])
                hits[name] = int(there.sum())
                if name == WAYS[0]:
                    low, high = got.areas["expected_low"].to_numpy(), got.areas["expected_high"].to_numpy()
                    inside, areas = inside + int(((low <= there) & (there <= high)).sum()), areas + len(there)
                    expected += got.areas["expected"].sum()
                    size = int(got.used_ha)
            size_of.append(size / grid.inside.sum())
            hits |= {name: caught(score, held, size) for name, score in simplest(past, homes, grid, start).items()}
            months.append(hits)
        print(seed, pd.DataFrame(months).sum().round(1).to_dict(), flush=True)
    table, part = pd.DataFrame(months), float(np.mean(size_of))
    again = np.random.default_rng(1).integers(len(table), size=(4000, len(table)))
    drawn = {name: table[name].to_numpy()[again].sum(axis=1) for name in ("came", *WAYS)}
    rows = []
    for name in WAYS:
        share, gap = drawn[name] / drawn["came"], (drawn[WAYS[0]] - drawn[name]) / drawn["came"]
        rows.append(
            {"way": name, "hits": float(table[name].sum()), "share": float(table[name].sum() / table["came"].sum()),
             "share_interval": np.quantile(share, [0.025, 0.975]).round(4).tolist(),
             "pai": float(table[name].sum() / table["came"].sum() / part),
             "notebook_06_more": float((table[WAYS[0]] - table[name]).sum() / table["came"].sum()),
             "more_interval": np.quantile(gap, [0.025, 0.975]).round(4).tolist()}
        )  # fmt: skip
    return {
        "cities": seeds, "months": len(table), "incidents": int(table["came"].sum()), "share_area": part,
        "expected": expected, "interval_holds": inside / areas, "areas": areas, "rows": rows,
    }  # fmt: skip


PARTS = {"power": power, "loop": loop, "targets": targets, "coverage": coverage}

if __name__ == "__main__":
    for part in sys.argv[1:] or PARTS:
        made = PARTS[part]()
        print(part, made, flush=True)
        result = json.loads(RESULTS.read_text(encoding="utf-8")) if RESULTS.is_file() else {}
        result |= {"date": date.today().isoformat(), "cores": os.cpu_count(), "python": platform.python_version()}
        result[part] = made
        RESULTS.write_text(json.dumps(result, indent=1).replace("NaN", "null") + "\n", encoding="utf-8")
