"""Kernel density and its bandwidth: hicgeo beside its peers, in turn.

    .venv/bin/python benchmarks/density.py            # everything; writes results/density.json and density.md
    .venv/bin/python benchmarks/density.py --part gaussian   # one part, kept in the results beside the others
    .venv/bin/python benchmarks/density.py --quick    # prints only
    .venv/bin/python benchmarks/density.py --tables   # only density.md and its picture again, from the results

Peers that are not installed are left out and named: uv pip install KDEpy libkdv scikit-learn; R with
spatstat.explore (apt-get install r-cran-spatstat.explore).
"""

from __future__ import annotations

import argparse
import gc
import importlib
import importlib.util
import json
import multiprocessing
import os
import platform
import resource
import shutil
import statistics
import subprocess
import tempfile
import time
from collections.abc import Callable
from datetime import date
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
from shapely.geometry import box

import hicgeo
from hicgeo.analysis._kernels import HEIGHT, profile, smoother

HERE = Path(__file__).parent
SIDE, CELL, BANDWIDTH = 30_000.0, 50.0, 300.0

Way = Callable[[], np.ndarray]


def clustered(n: int) -> np.ndarray:
    """Four in five points in 200 centres, the rest anywhere; within the outermost cell centres, as KDEpy wants."""
    rng = np.random.default_rng(1)
    centre = rng.uniform(0, SIDE, (200, 2))
    xy = centre[rng.integers(200, size=n)] + rng.normal(0, 600, (n, 2))
    scattered = rng.random(n) < 0.2
    xy[scattered] = rng.uniform(0, SIDE, (int(scattered.sum()), 2))
    return np.clip(xy, CELL, SIDE - CELL)


def grid_of(cell: float = CELL) -> hicgeo.Grid:
    """The box as a grid."""
    return hicgeo.Grid.over(gpd.GeoSeries([box(0, 0, SIDE, SIDE)], crs="EPSG:28992"), cell_size=cell)


def exact(xy: np.ndarray, grid: hicgeo.Grid, cells: np.ndarray, kernel: str, bandwidth: float) -> np.ndarray:
    """Plain sums at some cells, per m2."""
    gx, gy = np.meshgrid(grid.x, grid.y)
    at = np.column_stack([gx.ravel(), gy.ravel()])[cells]
    out = np.empty(len(at))
    for k, (x, y) in enumerate(at):
        out[k] = profile(kernel, ((xy[:, 0] - x) ** 2 + (xy[:, 1] - y) ** 2) / bandwidth**2).sum()  # type: ignore[arg-type]
    return out * HEIGHT[kernel] / bandwidth**2  # type: ignore[index]


def ours(xy: np.ndarray, points: gpd.GeoSeries, grid: hicgeo.Grid, kernel: str, bandwidth: float) -> dict[str, Way]:
    """From coordinates without edge correction, as the peers do; and the verb, from points to a corrected surface."""

    def from_coordinates() -> np.ndarray:
        smooth = smoother(grid, kernel, bandwidth, len(xy))  # type: ignore[arg-type]
        return smooth.spread(xy, np.ones(len(xy)), np.ones(len(xy)))

    def verb() -> np.ndarray:
        return hicgeo.kde(points, grid, bandwidth=bandwidth, kernel=kernel).to_numpy() / 1e6  # type: ignore[arg-type]

    return {"hicgeo, from coordinates": from_coordinates, "hicgeo.kde, points to corrected surface": verb}


def peers(xy: np.ndarray, grid: hicgeo.Grid, kernel: str, missing: list[str]) -> dict[str, Way]:
    """Each peer at the setting that suits it best."""
    ways: dict[str, Way] = {}
    n = len(xy)
    if importlib.util.find_spec("KDEpy"):
        from KDEpy import FFTKDE

        name, scale = ("gaussian", BANDWIDTH) if kernel == "gaussian" else ("biweight", BANDWIDTH / 7**0.5)
        gx, gy = np.meshgrid(grid.x, grid.y, indexing="ij")
        at = np.column_stack([gx.ravel(), gy.ravel()]) / scale

        def kdepy() -> np.ndarray:
            values = FFTKDE(bw=1, kernel=name).fit(xy / scale).evaluate(at)
            return values.reshape(gx.shape).T * (n / scale**2)

        ways["KDEpy FFTKDE, coordinates in bandwidths"] = kdepy
    else:
        missing.append("KDEpy: not installed")
    return ways


def libkdv(xy: np.ndarray, grid: hicgeo.Grid) -> Way | None:
    """Epanechnikov, its only kernel that its binding takes."""
    if not importlib.util.find_spec("libkdv"):
        return None
    from libkdv import kdv

    # Its table is made beforehand, so that only its own work is timed.
    job = kdv(
        xy, GPS=False, KDV_type="KDV", bound=[0, SIDE, 0, SIDE], num_threads=2, bandwidth=BANDWIDTH,
        row_pixels=grid.shape[1], col_pixels=grid.shape[0],
    )  # fmt: skip

    def way() -> np.ndarray:
        job.compute()
        return np.empty(0)  # on a grid and a scale of its own: its numbers are not compared

    return way


def in_turn(ways: dict[str, Way], rounds: int) -> dict[str, dict[str, float]]:
    """Medians and minima of the clock, and medians of the processors' time, each way once per round."""
    took: dict[str, list[float]] = {name: [] for name in ways}
    busy: dict[str, list[float]] = {name: [] for name in ways}
    for _ in range(rounds):
        for name, way in ways.items():
            gc.collect()
            began, worked = time.perf_counter(), time.process_time()
            way()
            took[name].append(time.perf_counter() - began)
            busy[name].append(time.process_time() - worked)
    return {
        name: {
            "seconds": statistics.median(each),
            "fastest": min(each),
            "processor": statistics.median(busy[name]),
        }
        for name, each in took.items()
    }


def memory(way: Way) -> float:
    """Megabytes that the peak lies above what stood before, seen in a process of its own."""
    reader, writer = multiprocessing.Pipe(False)

    def run() -> None:
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        way()
        writer.send((resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024)

    child = multiprocessing.get_context("fork").Process(target=run)
    child.start()
    child.join()
    return float(reader.recv()) if reader.poll() else float("nan")


SPATSTAT = """
suppressMessages(library(spatstat.explore)); suppressMessages(library(jsonlite))
given <- commandArgs(TRUE)
xy <- read.csv(given[1]); rounds <- as.integer(given[2])
X <- suppressWarnings(ppp(xy$x, xy$y, window=owin(c(0, 30000), c(0, 30000)), check=FALSE))
took <- list()
if (given[3] == "ppl") {
  s <- as.numeric(strsplit(given[4], ",")[[1]])
  took <- replicate(rounds, system.time(b <<- bw.ppl(X, sigma=s, diggle=TRUE, shortcut=TRUE, warn=FALSE))[c(1, 3)])
  write(toJSON(list(took=took, values=attr(b, "cv")), digits=NA), given[5])
} else {
  kernel <- given[3]; sigma <- as.numeric(given[4])
  took <- replicate(rounds, system.time(
    d <<- density(X, sigma=sigma, kernel=kernel, dimyx=600, edge=FALSE))[c(1, 3)])
  write(toJSON(list(took=took, values=as.vector(d$v)), digits=NA), given[5])
}
"""


def spatstat(xy: np.ndarray, what: str, setting: str, rounds: int) -> tuple[dict[str, float], np.ndarray] | None:
    """Time inside R, reading and starting left out, and what came out."""
    if not shutil.which("Rscript"):
        return None
    with tempfile.TemporaryDirectory() as folder:
        table, script, out = (Path(folder) / name for name in ("xy.csv", "run.R", "out.json"))
        pd.DataFrame(xy, columns=["x", "y"]).to_csv(table, index=False)
        script.write_text(SPATSTAT)
        done = subprocess.run(
            ["Rscript", script, table, str(rounds), what, setting, out], capture_output=True, check=False
        )
        if done.returncode:
            return None
        said = json.loads(out.read_text())
    busy, clock = np.array(said["took"], float)
    times = {"seconds": float(np.median(clock)), "fastest": float(clock.min()), "processor": float(np.median(busy))}
    return times, np.array(said["values"], float)


def beside_peers(n: int, rounds: int, missing: list[str]) -> list[dict[str, object]]:
    """One row per kernel and program, with time, memory and error."""
    xy, grid, rows = clustered(n), grid_of(), []
    points = gpd.GeoSeries.from_xy(*xy.T, crs="EPSG:28992")
    cells = np.random.default_rng(2).choice(grid.inside.size, 400, replace=False)
    for kernel in ("gaussian", "quartic", "epanechnikov"):
        ways = ours(xy, points, grid, kernel, BANDWIDTH)
        if kernel != "epanechnikov":
            ways |= peers(xy, grid, kernel, missing)
        elif (way := libkdv(xy, grid)) is not None:
            ways["libkdv, exact, 2 threads"] = way
        else:
            missing.append("libkdv: not installed")
        values = {name: np.empty(0) if name.startswith("libkdv") else way() for name, way in ways.items()}
        cells = np.unique(np.append(cells, np.argmax(values["hicgeo, from coordinates"])))
        truth = exact(xy, grid, cells, kernel, BANDWIDTH)
        slow = {name: way for name, way in ways.items() if name.startswith("libkdv")}
        quick = {name: way for name, way in ways.items() if name not in slow}
        times = in_turn(quick, rounds) | in_turn(slow, 1)
        spread = {name: memory(way) for name, way in quick.items()}
        if kernel != "epanechnikov" and n <= 1_000_000:
            sigma = BANDWIDTH if kernel == "gaussian" else BANDWIDTH / 8**0.5
            found = spatstat(xy, kernel, f"{sigma}", min(rounds, 3))
            if found is None:
                missing.append("spatstat: not installed")
            else:
                times["spatstat density.ppp"] = found[0]
                values["spatstat density.ppp"] = found[1].reshape(grid.shape, order="F")
        for name, each in times.items():
            got = values[name].ravel()[cells] if values[name].size == grid.inside.size else None
            error = np.nan if got is None or "corrected" in name else float(np.abs(got - truth).max() / truth.max())
            rows.append({"points": n, "kernel": kernel, "program": name, **each,
                         "megabytes": spread.get(name, np.nan), "error": error})  # fmt: skip
            print(rows[-1], flush=True)
    return rows


def growth(rounds: int, most: float) -> list[dict[str, object]]:
    """Hicgeo from coordinates, over three decades of points and bandwidths to 2 km."""
    grid, rows = grid_of(), []
    for n in (10_000, 100_000, 1_000_000, 10_000_000):
        if n > most:
            continue
        xy = clustered(n)
        for kernel in ("gaussian", "quartic"):
            for bandwidth in (100.0, 300.0, 1000.0, 2000.0):
                way = ours(xy, gpd.GeoSeries(), grid, kernel, bandwidth)["hicgeo, from coordinates"]
                times = in_turn({"hicgeo": way}, rounds if n < 5_000_000 else 1)["hicgeo"]
                path = type(smoother(grid, kernel, bandwidth, n)).__name__  # type: ignore[arg-type]
                rows.append({"points": n, "kernel": kernel, "bandwidth": bandwidth, "path": path, **times,
                             "megabytes": memory(way)})  # fmt: skip
                print(rows[-1], flush=True)
    return rows


def slider(rounds: int) -> dict[str, float]:
    """What a person waits for who drags the bandwidth: 100,000 points, the verb, 100 m cells."""
    points, grid = gpd.GeoSeries.from_xy(*clustered(100_000).T, crs="EPSG:28992"), grid_of(100)
    hicgeo.kde(points, grid, bandwidth=300)
    return in_turn({"kde": lambda: hicgeo.kde(points, grid, bandwidth=400).to_numpy()}, 5 * rounds)["kde"]


def choosing(rounds: int) -> dict[str, object]:
    """Likelihood of 20 bandwidths for 20,000 points, beside spatstat."""
    xy = clustered(20_000)
    points, area = gpd.GeoSeries.from_xy(*xy.T, crs="EPSG:28992"), gpd.GeoSeries([box(0, 0, SIDE, SIDE)], crs=28992)
    candidates = np.geomspace(25, 2500, 20)
    found = {}

    def way() -> np.ndarray:
        found["curve"] = hicgeo.bandwidth(points, method="ppl", area=area, candidates=candidates).curve
        return np.empty(0)

    way()
    out: dict[str, object] = {"hicgeo": in_turn({"ppl": way}, rounds)["ppl"]}
    if (peer := spatstat(xy, "ppl", ",".join(map(str, candidates)), min(rounds, 3))) is not None:
        out["spatstat"] = peer[0]
        here = found["curve"]["criterion"].to_numpy() + len(xy)
        out["difference per point"] = [float(each) for each in (here - peer[1]) / len(xy)]
    return out


def table(rows: list[dict[str, object]], columns: list[str]) -> str:
    """Markdown."""

    def said(value: object) -> str:
        if isinstance(value, float):
            return "" if np.isnan(value) else f"{value:.1e}" if 0 < abs(value) < 1e-3 else f"{value:,.3g}"
        return f"{value:,}" if isinstance(value, int) else str(value)

    lines = [" | ".join(columns), " | ".join("---" for _ in columns)]
    lines += [" | ".join(said(row[column]) for column in columns) for row in rows]
    return "\n".join(f"| {line} |" for line in lines)


def main() -> None:
    """Run, print, and write when all was run."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--rounds", type=int, default=5)
    given = parser.parse_args()
    missing: list[str] = []
    side = beside_peers(100_000 if given.quick else 1_000_000, given.rounds, missing)
    bandwidths = choosing(given.rounds)
    print(bandwidths)
    waiting = slider(given.rounds)
    print(waiting)
    grown = growth(min(given.rounds, 3), 1e5 if given.quick else 1e7)
    if given.quick:
        return
    names = ("numpy", "scipy", "numba", "KDEpy", "libkdv")
    said = {
        "date": date.today().isoformat(),
        "machine": f"{os.cpu_count()} cores, {platform.system()}, Python {platform.python_version()}",
        "versions": {
            name: getattr(importlib.import_module(name), "__version__", "?")
            for name in names
            if importlib.util.find_spec(name)
        },
        "missing": sorted(set(missing)),
        "beside peers": side,
        "choosing a bandwidth": bandwidths,
        "slider": waiting,
        "growth": grown,
    }
    (HERE / "results" / "density.json").write_text(json.dumps(said, indent=1) + "\n", encoding="utf-8")
    timed = ["seconds", "fastest", "processor", "megabytes"]
    print(table(side, ["points", "kernel", "program", *timed, "error"]))
    print(table(grown, ["points", "kernel", "bandwidth", "path", *timed]))


if __name__ == "__main__":
    main()
