"""Operations: coverage and power of the evaluation, the full loop, and target areas scored on what came next.

.venv/bin/python benchmarks/operation.py    # writes results/operation.json; the tables are in operation.md
"""

from __future__ import annotations

import json
import os
import platform
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


def surfaces(past: gpd.GeoDataFrame, grid: hg.Grid, start: pd.Timestamp) -> dict:
    """The surface of notebook 06, made with what is known on the day, and the density alone."""
    last = past[(past["start"].dt.tz_localize(None) >= start - pd.Timedelta(days=365)).to_numpy()]
    density, own = hg.kde(last, grid, bandwidth=400.0), grid.counts(last.get_coordinates().to_numpy())
    test = hg.backtest(past, grid, method="two_scale", horizon_days=28, bandwidth=400.0, share=0.0085, rng=1)
    weight = test.weights.loc[("two_scale", 28)].iloc[-1]
    mix = weight["density"] * density / density.sum() + weight["own_cell"] * own / own.sum()
    return {
        "density alone": density,
        "as in notebook 06": grid.surface((mix + weight["even"] / grid.inside.sum()).to_numpy()),
        "count": own,
    }


def targets(seeds: int = 3) -> dict:
    """Incidents of 28 days in the areas chosen on the first of each month of 2024, beside counting."""
    hits: dict[str, float] = {}
    total, ha, expected, inside, areas = 0, 0.0, 0.0, 0, 0
    for seed in range(1, seeds + 1):
        city = hg.sample_city(seed)
        points = city.incidents[(city.incidents["crime_type"] == "woninginbraak").to_numpy()]
        land = city.neighbourhoods[~city.neighbourhoods["is_water"]]
        grid, day = hg.Grid.over(land, cell_size=100), points["start"].dt.tz_localize(None)
        for start in MONTHS:
            past = points[(day < start).to_numpy()]
            coming = points[((day >= start) & (day < start + pd.Timedelta(days=28))).to_numpy()]
            cell = grid.locate(coming.get_coordinates().to_numpy())
            made, chains = surfaces(past, grid, start), hg.near_repeat_chains(past, draws=99, rng=1)
            count = np.nan_to_num(made.pop("count").to_numpy()).ravel()
            for name, near in (("density alone", None), ("as in notebook 06", None), ("with near repeats", chains)):
                surface = made[name if name in made else "as in notebook 06"]
                got = hg.target_areas(surface, past, start=str(start.date()), chains=near, neighbourhoods=land, rng=1)
                there = np.array([coming.intersects(shape).sum() for shape in got.areas.geometry])
                hits[name] = hits.get(name, 0) + int(there.sum())
            low, high = got.areas["expected_low"].to_numpy(), got.areas["expected_high"].to_numpy()
            inside, areas = inside + int(((low <= there) & (there <= high)).sum()), areas + len(there)
            expected, ha, total = expected + got.areas["expected"].sum(), ha + got.used_ha, total + len(coming)
            # as many cells as the areas took, the fullest first; ties shared
            size, order = int(got.used_ha), np.sort(count)[::-1]
            sure, tied = count > order[size - 1], count == order[size - 1]
            share = (size - sure.sum()) / tied.sum()
            held = np.bincount(cell[cell >= 0], minlength=count.size)
            best = held[sure].sum() + share * held[tied].sum()
            hits["last year's count per cell"] = hits.get("last year's count per cell", 0) + float(best)
    part = ha / (len(MONTHS) * seeds) / float(grid.inside.sum())
    rows = [{"way": way, "hits": n, "share": n / total, "pai": n / total / part} for way, n in hits.items()]
    return {
        "cities": seeds, "incidents": total, "hectares": ha / (len(MONTHS) * seeds), "share_area": part, "rows": rows,
        "expected": expected, "interval_holds": inside / areas, "areas": areas,
    }  # fmt: skip


if __name__ == "__main__":
    result = {"date": date.today().isoformat(), "cores": os.cpu_count(), "python": platform.python_version()}
    for name, work in (("power", power), ("loop", loop), ("targets", targets), ("coverage", coverage)):
        result[name] = work()
        print(name, result[name], flush=True)
    RESULTS.write_text(json.dumps(result, indent=1).replace("NaN", "null") + "\n", encoding="utf-8")
