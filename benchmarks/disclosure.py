"""What public exports give away, attacked from outside, and what is left of them; results in results/disclosure.json.

python benchmarks/disclosure.py attack 1000 250    # 250 towns from seed 1000 on, from where it was stopped
python benchmarks/disclosure.py runs FOLDER        # both whole runs for everybody, and all their files attacked
python benchmarks/disclosure.py rows FOLDER        # the sample run again with the rows of its inputs in another order
python benchmarks/disclosure.py audits FOLDER      # the audit of all files of four runs
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
from dataclasses import asdict, fields
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from readers import above
from series import Score, series

RESULTS = Path(__file__).parent / "results" / "disclosure.json"


def part_attack(first: str = "1000", towns: str = "250") -> dict[str, Any]:
    """Random series of public exports; what was attacked until then is kept after every town."""
    name, began = f"attack {first}", time.perf_counter()
    found, total = kept().get(name, {}), Score()
    if found:
        total = Score(**{each.name: found[each.name] for each in fields(Score)})
        began -= found["seconds"]
    for seed in range(int(first) + total.towns, int(first) + int(towns)):
        with tempfile.TemporaryDirectory() as folder:
            total = total + series(seed, Path(folder))
        keep(name, began, asdict(total))
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


def left_of(table: pd.DataFrame) -> dict[str, Any]:
    """What is left of a table as the police's own figures, and as if nothing of it were published."""
    from hicgeo.output.disclosure import protect, release

    began = time.perf_counter()
    done = protect(table, published=())
    said, seen = done.report.loc["table"], done.seen["table"]
    public = release(table, "openbaar")
    return {
        "figures": int(said["figures"]), "hidden": int(said["hidden"]),
        "hidden as the police publish": int(public["hidden"].sum()) if "hidden" in public else 0,
        "share of incidents in small figures": small_share(table["incidents"].iloc[:-1]),
        "share of incidents hidden": round(float(said["share_hidden"]), 4),
        "rank correlation": round(float(said["rank_correlation"]), 3),
        "rank correlation as the page knows it": round(seen.rank_correlation, 3), "advice": seen.advice,
        "seconds": round(time.perf_counter() - began, 1),
    }  # fmt: skip


def small_share(counts: pd.Series) -> float:
    """Share of the incidents in figures from 1 to 9: no pattern can hide less."""
    return round(float(counts[(counts > 0) & (counts < 10)].sum() / counts.sum()), 4)


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
    city = hg.sample_city(42)
    where = hg.assign_neighbourhoods(city.incidents, city.neighbourhoods, max_distance=1.0)
    made = hg.count_incidents(
        city.incidents, where, city.neighbourhoods, date="start", period=("2020-01", "2024-12")
    )  # fmt: skip
    found: dict[str, Any] = {}
    for place, table, year in (("The Hague", counts, "2016"), ("sample city", made, "2024")):
        known = table["incidents"].dropna().reset_index()
        known = known[known["month"].astype(str).str[:4] == year]
        for kind in ("woninginbraak", "straatroof", "overval"):
            for level in ("GM", "WK", "BU"):
                part = known[known["crime_type"] == kind]
                part = part.assign(code=part["code"].map(lambda code, level=level: above(code, level)))
                seen = part.groupby("code")["incidents"].sum().to_frame()
                if len(seen) < 2:
                    continue
                seen.loc["alle"] = seen["incidents"].sum()
                seen.attrs = {"crime_type": kind, "period": year}
                found[f"{place}: {kind} per {level} in {year}, with total"] = left_of(seen)
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
        "share of incidents in small figures": small_share(fine["incidents"]),
        "share of incidents hidden": round(float(done.report.loc["fine", "share_hidden"]), 4),
        "seconds": round(time.perf_counter() - began, 1),
    }  # fmt: skip
    return found


def part_runs(folder: str = "") -> dict[str, Any]:
    """Both whole runs for everybody, in a folder that is kept when it is named; what was run there is not run again."""
    from whole_runs import attack

    with tempfile.TemporaryDirectory() as made:
        return attack(Path(folder or made).resolve())


def part_rows(folder: str = "") -> dict[str, Any]:
    """The sample run for the triangle and for everybody, beside those of the same rows in another order."""
    from whole_runs import same_bytes

    with tempfile.TemporaryDirectory() as made:
        return same_bytes(Path(folder or made).resolve())


def part_audits(folder: str = "") -> dict[str, Any]:
    """The audit of all files of The Hague's and the sample's run, for the triangle and for everybody."""
    from whole_runs import audits

    with tempfile.TemporaryDirectory() as made:
        return audits(Path(folder or made).resolve())


WRITE = """
import hashlib, json, locale, sys, tempfile
locale.setlocale(locale.LC_ALL, "")  # fails when the machine does not have it
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
        "locale nl_NL.UTF-8": {"LC_ALL": "nl_NL.UTF-8"},
        "locale de_DE.UTF-8": {"LC_ALL": "de_DE.UTF-8"},
        "locale tr_TR.UTF-8": {"LC_ALL": "tr_TR.UTF-8"},
        "locale C": {"LC_ALL": "C"}, "Tokyo": {"TZ": "Asia/Tokyo"},
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
    "runs": part_runs,
    "rows": part_rows,
    "audits": part_audits,
    "surfaces": part_surfaces,
    "useful": part_useful,
    "bytes": part_bytes,
}


def kept() -> dict[str, Any]:
    """Results so far."""
    return json.loads(RESULTS.read_text(encoding="utf-8")) if RESULTS.is_file() else {}


def keep(name: str, began: float, content: dict[str, Any]) -> dict[str, Any]:
    """Put a result beside the others, with its day, machine and duration."""
    made = {
        "date": datetime.now(UTC).date().isoformat(),
        "machine": {"cores": os.cpu_count(), "system": platform.system(), "python": platform.python_version()},
        "seconds": round(time.perf_counter() - began),
        **content,
    }
    text = json.dumps(kept() | {name: made}, indent=1, ensure_ascii=False, sort_keys=True)
    RESULTS.write_text(text + "\n", encoding="utf-8")
    return made


def main(words: list[str]) -> None:
    """Run one part and keep its result."""
    name, *rest = words
    began, content = time.perf_counter(), PARTS[name](*rest)
    if name != "attack":  # that keeps its own
        print(json.dumps(keep(name, began, content), indent=1, ensure_ascii=False))
    else:
        print(json.dumps(content, indent=1))


if __name__ == "__main__":
    main(sys.argv[1:])
