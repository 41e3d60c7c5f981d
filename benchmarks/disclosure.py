"""What public exports give away, attacked from outside, and what is left of them; results in results/disclosure.json.

python benchmarks/disclosure.py attack 1000 25     # 25 towns from seed 1000 on: random series of public exports
python benchmarks/disclosure.py surfaces           # counts per cell from the classes of a density and from outlines
python benchmarks/disclosure.py useful             # what is left of real counts, and how long it takes
"""

from __future__ import annotations

import json
import os
import platform
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, fields
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from readers import DAYS, PUBLISHED, Attacker, Town, above
from scipy import stats

RESULTS = Path(__file__).parent / "results" / "disclosure.json"


@dataclass
class Score:
    """What came of an attack on series of exports."""

    towns: int = 0
    exports: int = 0
    maps: int = 0
    again: int = 0  # exported before, and written again
    refused: int = 0
    figures: int = 0
    hidden: int = 0
    small: int = 0  # from 1 to below the threshold, and not published by the police
    attacks: int = 0  # a small figure after an export
    exact: int = 0  # worked out
    narrow: int = 0  # to less than 1 .. threshold - 1
    police: int = 0  # less than that is what the police's own figures say already
    earlier: int = 0  # less than that followed from earlier files, before anybody asked for this figure
    shown: int = 0  # a small figure in a file

    def __add__(self, other: Score) -> Score:
        return Score(*(getattr(self, f.name) + getattr(other, f.name) for f in fields(self)))


def wanted(town: Town, rng: np.random.Generator) -> tuple[pd.DataFrame, dict[str, Any]]:
    """One table as a user would ask for it, and what its reader knows of it."""
    seen, about = town.truth, {}
    months = sorted(town.truth["month"].unique())
    latest = str(rng.choice(months))
    how = rng.choice(["months", "to date", "latest", "whole"])
    towns = sorted(set(seen["code"].str[2:6]))
    if rng.random() < 0.3:
        towns = [str(rng.choice(towns))]
    about["area"] = towns
    seen = seen[seen["code"].str[2:6].isin(towns)]
    first = latest if how == "latest" else months[0]
    about["period"] = (first, months[-1] if how == "whole" else latest)
    seen = seen[seen["month"].between(*about["period"])]
    by = [each for each in ("hour", "weekday", "direct_victim", "target") if rng.random() < 0.4]
    kinds = list(seen["crime_type"].unique())
    if len(kinds) > 1 and rng.random() < 0.6:
        by.append("crime_type")
    else:
        about["crime_type"] = str(rng.choice(list(town.truth["crime_type"].unique())))
        seen = seen[seen["crime_type"] == about["crime_type"]]
    level = rng.choice(["BU", "WK", "GM", "none"], p=[0.45, 0.2, 0.15, 0.2])
    if level != "none":
        seen = seen.assign(code=seen["code"].map(lambda code: above(code, level)))
        by = ["code", *by]
    if how == "months":
        by = [*by, "month"]
    if not by:
        by = ["target"]
    table = seen.groupby(by)["n"].sum().rename("incidents").to_frame()
    if {"hour", "weekday"} <= set(by) and rng.random() < 0.5:
        flat = table.reset_index()
        flat["hour_of_week"] = flat["weekday"] * 24 + flat["hour"]
        rest = [name for name in by if name not in ("hour", "weekday")]
        table = flat.set_index([*rest, "hour_of_week"])[["incidents"]]
    elif "weekday" in by and rng.random() < 0.5:
        table = table.reset_index()
        table["weekday"] = table["weekday"].map(lambda day: DAYS[day])
        table = table.set_index(by)
    elif by == ["hour"] and rng.random() < 0.5:
        table.index = table.index.rename("hour_of_day")
    if rng.random() < 0.5 and table.index.nlevels == 1 and len(table):  # with its total as a row
        table.loc["alle"] = table["incidents"].sum()
    if by == ["code"] and level == "BU" and rng.random() < 0.7:
        table = with_rates(table.drop(index="alle", errors="ignore"), town.dwellings)
    table.attrs = {key: about[key] for key in ("crime_type", "period") if key in about}
    if "base" in table:
        table.attrs |= {"base": "dwellings", "per": 1000}
    return table, about


def with_rates(table: pd.DataFrame, dwellings: pd.Series) -> pd.DataFrame:
    """Counts with what follows from them and from a public denominator."""
    n, base = table["incidents"].to_numpy(float), dwellings.reindex(table.index).to_numpy(float)
    low = np.where(n > 0, stats.chi2.ppf(0.025, 2 * n) / 2, 0.0)
    norm = n.sum() / base.sum() * 1000
    return table.assign(
        base=base, coverage=1.0, rate=n / base * 1000, rate_low=low / base * 1000,
        rate_high=stats.chi2.ppf(0.975, 2 * n + 2) / 2 / base * 1000, rate_eb=n / base * 900 + 0.1 * norm, norm=norm,
        state=np.where(n / base * 1000 > norm, "boven", "onder"),
    )  # fmt: skip


def squares(codes: pd.Index) -> gpd.GeoDataFrame:
    """Neighbourhood table of squares."""
    size = pd.array([500] * len(codes), dtype="Int64")
    return gpd.GeoDataFrame(
        {"name": list(codes), "level": "buurt", "municipality": [f"GM{c[2:6]}" for c in codes], "dwellings": size,
         "households": size, "residents": size, "businesses": size, "is_water": [False] * len(codes),
         "vintage": pd.array([2024] * len(codes), dtype="Int64")},
        geometry=[shapely.box(80_000 + 1000 * n, 450_000, 81_000 + 1000 * n, 451_000) for n in range(len(codes))],
        crs="EPSG:28992", index=pd.Index(codes, name="code", dtype="str"),
    )  # fmt: skip


def series(seed: int, folder: Path) -> Score:
    """Export a random town up to six times, and attack all files together after each."""
    from hicgeo.errors import DisclosureError
    from hicgeo.output.disclosure import Ledger
    from hicgeo.output.maps import HotspotMap
    from hicgeo.output.tables import write_table

    rng = np.random.default_rng(seed)
    town, score, threshold = Town.random(rng), Score(towns=1), int(rng.choice([3, 5, 10]))
    attacker, police = Attacker(town), town.police()
    secrets: list[tuple[np.ndarray, float]] = []
    earlier: list[tuple[pd.DataFrame, dict[str, Any]]] = []
    for turn in range(int(rng.integers(2, 7))):
        repeat = bool(earlier) and rng.random() < 0.15
        table, about = earlier[int(rng.integers(len(earlier)))] if repeat else wanted(town, rng)
        if table.empty:
            continue
        ledger = Ledger(folder / f"{seed}.jsonl", public=police, area="+".join(f"GM{t}" for t in about["area"]))
        drawn = "base" in table and rng.random() < 0.5
        path = folder / f"{seed}-{turn}{'.html' if drawn else rng.choice(['.csv', '.xlsx'])}"
        had = list(attacker.rows)
        try:
            if drawn:
                page = HotspotMap(
                    squares(table.index), title="t", profile="openbaar", threshold=threshold, ledger=ledger
                )
                page.add_rates(table).save(path)
                found = attacker.read_map(path, about)
            else:
                write_table(table, path, profile="openbaar", threshold=threshold, ledger=ledger)
                found = attacker.read_table(path, about)
        except DisclosureError:
            score.refused += 1
            continue
        score.exports, score.maps, score.again = score.exports + 1, score.maps + drawn, score.again + repeat
        earlier.append((table, about))
        for mask, value in found:
            true = float(town.truth["n"][mask].sum())
            assert value is None or value == true, "a shown figure is the true one"
            score.figures, score.hidden = score.figures + 1, score.hidden + (value is None)
            fine = set(table.index.names) <= {"code", "month", "crime_type"}
            kinds = set(town.truth["crime_type"][mask])
            if 0 < true < threshold and not (fine and kinds == {PUBLISHED}):
                score.small, score.shown = score.small + 1, score.shown + (value is not None)
                secrets.append((mask, true))
        for mask, true in {m.tobytes(): (m, t) for m, t in secrets}.values():
            score.attacks += 1
            low, high = attacker.range_of(mask)
            assert low <= true <= high
            if low <= 1 and high >= threshold - 1:
                continue

            def adds_nothing(rows: list[Any], mask: np.ndarray = mask, low: int = low, high: int = high) -> bool:
                before = attacker.range_of(mask, rows) if rows else (0, 5000)
                least = before[0] if before[1] < threshold - 1 else max(1, before[0])
                return low <= least and high >= min(threshold - 1, before[1])

            if adds_nothing([row for row in attacker.rows if row[3]]):
                score.police += 1
            elif adds_nothing(had):
                score.earlier += 1
            else:
                score.exact, score.narrow = score.exact + (low == high), score.narrow + (low != high)
                print("FOUND", seed, turn, threshold, true, (low, high), list(table.index.names), about, flush=True)
    return score


def part_attack(first: str = "1000", towns: str = "100") -> dict[str, Any]:
    """Random series of public exports."""
    total = Score()
    with tempfile.TemporaryDirectory() as name:
        for seed in range(int(first), int(first) + int(towns)):
            total = total + series(seed, Path(name))
    return asdict(total)


def part_surfaces() -> dict[str, Any]:
    """Counts of cells with 1 to 9 incidents from a map of classes, in towns of 14 x 14 cells, by linear programmes.

    The attacker knows kernel, bandwidth and total; the bounds of the classes are unknowns, as on a map without numbers.
    """
    found = {}
    for name, levels in (("density in 5 classes", (0.5, 0.75, 0.9, 0.97)), ("outline of the densest 2 %", (0.98,))):
        for bandwidth in (150.0, 400.0):
            for n in (60, 300):
                tried = [cell_ranges(seed, n, bandwidth, levels) for seed in range(2)]
                found[f"{name}, {bandwidth:.0f} m, {n} incidents"] = {
                    "cells": sum(t[0] for t in tried), "narrower than 1..9": sum(t[1] for t in tried),
                    "exact": sum(t[2] for t in tried),
                }  # fmt: skip
    return found


def cell_ranges(seed: int, n: int, bandwidth: float, levels: tuple[float, ...]) -> tuple[int, int, int]:
    """Of how many cells the count was asked, narrowed down, and found."""
    from scipy.optimize import Bounds, LinearConstraint, milp

    import hicgeo as hg

    rng, side = np.random.default_rng(seed), 14
    area = gpd.GeoDataFrame(geometry=[shapely.box(80_000, 450_000, 81_400, 451_400)], crs="EPSG:28992")
    grid = hg.Grid.over(area, cell_size=100)
    chance = rng.gamma(0.25, 1, side * side)
    true = rng.poisson(n * chance / chance.sum())
    cells, middles = len(true), 80_050 + 100 * np.arange(side)

    def density(place: int) -> np.ndarray:
        at = gpd.points_from_xy([middles[place % side]], [middles[place // side] + 370_000])
        one = gpd.GeoDataFrame(geometry=at, crs="EPSG:28992")
        return hg.kde(one, grid, bandwidth=bandwidth, edge="none").to_numpy().ravel()

    kernel = np.column_stack([density(place) for place in range(cells)])
    seen = kernel @ true
    which = np.digitize(seen, np.quantile(seen[seen > 0], levels))
    below, above_ = np.flatnonzero(which < len(levels)), np.flatnonzero(which > 0)
    bounds = np.zeros((2, cells, len(levels)))
    bounds[0, below, which[below]], bounds[1, above_, which[above_] - 1] = -1, -1
    rules = [
        LinearConstraint(np.hstack([kernel, bounds[0]])[below], -np.inf, 0),
        LinearConstraint(np.hstack([kernel, bounds[1]])[above_], 0, np.inf),
        LinearConstraint(np.r_[np.ones(cells), np.zeros(len(levels))][None], true.sum(), true.sum()),
    ]
    asked = rng.permutation(np.flatnonzero((true > 0) & (true < 10)))[:12]
    narrow = exact = 0
    for cell in asked:
        wish = np.zeros(cells + len(levels))
        wish[cell] = 1
        low, high = (sign * milp(sign * wish, constraints=rules, bounds=Bounds(0, 5000)).fun for sign in (1, -1))
        narrow += low > 1 + 1e-6 or high < 9 - 1e-6
        exact += np.ceil(low - 1e-6) == np.floor(high + 1e-6)
    return len(asked), int(narrow), int(exact)


def part_useful() -> dict[str, Any]:
    """Real counts protected as if nothing of them were published, and a large table with all its margins."""
    import hicgeo as hg
    from hicgeo.output.disclosure import protect

    shared = Path(os.environ.get("HICGEO_REALDATA", Path(__file__).parents[2] / "shared" / "data"))
    counts = hg.read_counts(
        shared / "nl_thehague" / "police_monthly_2011_2017.csv.gz",
        columns={"code": "buurt_code", "crime_type": "delict_code", "month": ["year", "month"], "incidents": "delicts"},
        crime_types={"104": "woninginbraak", "102": "straatroof", "117": "overval"}, all_zero="missing",
    )  # fmt: skip
    known = counts["incidents"].dropna().reset_index()
    known["year"] = known["month"].astype(str).str[:4]
    known = known[known["year"] == "2016"]
    found: dict[str, Any] = {}
    for kind in ("woninginbraak", "straatroof"):
        for level in ("WK", "BU"):
            part = known[known["crime_type"] == kind]
            part = part.assign(code=part["code"].map(lambda code, level=level: above(code, level)))
            table = part.groupby("code")["incidents"].sum().to_frame()
            table.loc["alle"] = table["incidents"].sum()
            table.attrs = {"crime_type": kind, "period": "2016"}
            began = time.perf_counter()
            done = protect(table, published=())
            said, seen = done.report.loc["table"], done.seen["table"]
            found[f"{kind} per {level} in 2016, with total"] = {
                "figures": int(said["figures"]), "hidden": int(said["hidden"]),
                "share of incidents hidden": round(float(said["share_hidden"]), 4),
                "rank correlation": round(float(said["rank_correlation"]), 3),
                "rank correlation as the page knows it": round(seen.rank_correlation, 3), "advice": seen.advice,
                "seconds": round(time.perf_counter() - began, 1),
            }  # fmt: skip
    rng = np.random.default_rng(1)
    names = [[f"WK0518{n:02d}" for n in range(44)], [f"2024-{m:02d}" for m in range(1, 13)], ["a", "b"]]
    fine = pd.DataFrame(
        {"incidents": rng.poisson(rng.gamma(0.8, 8, 44 * 12 * 2)).astype(float)},
        index=pd.MultiIndex.from_product(names, names=["code", "month", "crime_type"]),
    )
    levels = list(fine.index.names)
    tables = {"fine": fine} | {
        "-".join(by): fine.groupby(by).sum()
        for by in (levels[:2], levels[::2], levels[1:], *[[each] for each in levels])
    }
    tables = {name: table.copy() for name, table in tables.items()}
    for table in tables.values():
        table.attrs = {"period": "2024"}
    began = time.perf_counter()
    done = protect(tables, published=())
    found["44 areas x 12 months x 2 types with all margins"] = {
        "figures": int(done.report["figures"].sum()), "hidden": int(done.report["hidden"].sum()),
        "small": int(done.report["small"].sum()), "safe": bool((done.room["low"] <= done.room["need_low"] + 0.5).all()),
        "share of incidents hidden": round(float(done.report.loc["fine", "share_hidden"]), 4),
        "seconds": round(time.perf_counter() - began, 1),
    }  # fmt: skip
    return found


WRITE = """
import hashlib, json, sys, tempfile
from pathlib import Path
sys.path.insert(0, sys.argv[1])
import scenes
from hicgeo.output.target_sheets import write_target_sheets
from hicgeo.output.tables import write_surface, write_table
areas = scenes.areas()
with tempfile.TemporaryDirectory() as name:
    folder = Path(name)
    for profile in ("driehoek", "openbaar"):
        for suffix in (".csv", ".xlsx"):
            write_table(scenes.rates(areas), folder / f"{profile}{suffix}", profile=profile)
    for suffix in (".gpkg", ".geojson", ".gpx"):
        write_table(scenes.hotspots(), folder / f"spots{suffix}")
    write_surface(scenes.surface(), folder / "surface.tif", profile="intern")
    write_target_sheets(scenes.targets(), folder, neighbourhoods=areas)
    print(json.dumps({p.name: hashlib.sha256(p.read_bytes()).hexdigest() for p in sorted(folder.iterdir())}))
"""


def part_bytes() -> dict[str, Any]:
    """Every kind of table, surface and sheet in other circumstances, each in a process of its own."""
    import subprocess

    changes: dict[str, dict[str, str]] = {
        "as it is": {}, "again": {}, "PYTHONHASHSEED 4242": {"PYTHONHASHSEED": "4242"},
        "locale nl_NL.UTF-8": {"LC_ALL": "nl_NL.UTF-8"}, "locale C": {"LC_ALL": "C"}, "Tokyo": {"TZ": "Asia/Tokyo"},
        "Honolulu": {"TZ": "Pacific/Honolulu"},
        "one thread": dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "NUMBA_NUM_THREADS"), "1"),
    }  # fmt: skip
    tests, found = Path(__file__).parents[1] / "tests" / "output", {}
    for name, change in changes.items():
        command = [sys.executable, "-c", WRITE, str(tests)]
        done = subprocess.run(command, env={**os.environ, **change}, capture_output=True, check=True)
        found[name] = json.loads(done.stdout)
    first = found["as it is"]
    return {"files": sorted(first), "the same": {name: each == first for name, each in found.items()}}


PARTS: dict[str, Callable[..., dict[str, Any]]] = {
    "attack": part_attack,
    "surfaces": part_surfaces,
    "useful": part_useful,
    "bytes": part_bytes,
}


def main(words: list[str]) -> None:
    """Run one part and keep its result; pieces of the attack stand beside each other."""
    name, *rest = words
    began = time.perf_counter()
    content = PARTS[name](*rest)
    result = json.loads(RESULTS.read_text(encoding="utf-8")) if RESULTS.is_file() else {}
    result[" ".join(words)] = {
        "date": datetime.now(UTC).date().isoformat(),
        "machine": {"cores": os.cpu_count(), "system": platform.system(), "python": platform.python_version()},
        "seconds": round(time.perf_counter() - began),
        **content,
    }
    RESULTS.write_text(json.dumps(result, indent=1, ensure_ascii=False, sort_keys=True) + "\n", encoding="utf-8")
    print(json.dumps(result[" ".join(words)], indent=1, ensure_ascii=False), flush=True)


if __name__ == "__main__":
    main(sys.argv[1:])
