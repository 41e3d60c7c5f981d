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
from collections.abc import Callable, Sequence
from datetime import date
from pathlib import Path
from typing import Any

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


def scikit(grid: hicgeo.Grid) -> dict[str, float | int | str] | None:
    """Time and error of scikit-learn's KernelDensity, 10,000 points, at 2,000 of the cells: it sums over pairs."""
    if not importlib.util.find_spec("sklearn"):
        return None
    from sklearn.neighbors import KernelDensity

    xy = clustered(10_000)
    gx, gy = np.meshgrid(grid.x, grid.y)
    cells = np.random.default_rng(3).choice(gx.size, 2000, replace=False)
    at = np.column_stack([gx.ravel(), gy.ravel()])[cells]
    model = KernelDensity(bandwidth=BANDWIDTH, kernel="gaussian", rtol=1e-6).fit(xy)
    values = {}

    def way() -> np.ndarray:
        values["all"] = np.exp(model.score_samples(at)) * len(xy)
        return values["all"]

    took = in_turn({"scikit-learn": way}, 1)["scikit-learn"]
    truth = exact(xy, grid, cells, "gaussian", BANDWIDTH)
    whole = took["seconds"] * gx.size / len(cells)
    return {
        "points": len(xy), "cells": len(cells), **took, "seconds for all cells, from these": whole,
        "error": float(np.abs(values["all"] - truth).max() / truth.max()),
    }  # fmt: skip


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


def beside_peers(n: int, rounds: int, missing: list[str], kernels: Sequence[str]) -> list[dict[str, object]]:
    """One row per kernel and program, with time, memory and error."""
    xy, grid, rows = clustered(n), grid_of(), []
    points = gpd.GeoSeries.from_xy(*xy.T, crs="EPSG:28992")
    cells = np.random.default_rng(2).choice(grid.inside.size, 400, replace=False)
    for kernel in kernels:
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


def growth(rounds: int, most: float, least: float = 0) -> list[dict[str, object]]:
    """Hicgeo from coordinates, over three decades of points and bandwidths to 2 km."""
    grid, rows = grid_of(), []
    for n in (10_000, 100_000, 1_000_000, 10_000_000):
        if not least <= n <= most:
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


def picture(grown: list[dict[str, Any]]) -> None:
    """Growth with points and bandwidth, and peak memory, as density.png."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(9, 3.2), layout="constrained")
    axes = figure.subplots(1, 3)
    table = pd.DataFrame(grown)
    colours = {100.0: "#8fc3a6", 300.0: "#3b8f8f", 1000.0: "#3a5f8a", 2000.0: "#3b1f57"}
    for ax, kernel in zip(axes, ("gaussian", "quartic"), strict=False):
        for bandwidth, part in table[table["kernel"] == kernel].groupby("bandwidth"):
            ax.loglog(part["points"], part["processor"], "o-", color=colours[bandwidth], label=f"{bandwidth:,.0f} m")
        ax.set_title(f"{kernel}: seconds of processor", fontsize=9)
        ax.set_ylim(1e-3, 50)
        ax.legend(fontsize=7, frameon=False)
    for kernel, style in (("gaussian", "o-"), ("quartic", "s--")):
        part = table[table["kernel"] == kernel].groupby("points")["megabytes"].max()
        axes[2].loglog(part.index, part.clip(lower=1), style, color="#3a5f8a", label=kernel)
    axes[2].set_title("peak memory above the points, MB", fontsize=9)
    axes[2].legend(fontsize=7, frameon=False)
    for ax in axes:
        ax.set_xlabel("points", fontsize=8)
        ax.spines[["top", "right"]].set_visible(False)
    figure.savefig(HERE / "density.png", dpi=110, metadata={"Software": None})


def page(said: dict[str, Any]) -> str:
    """The page that shows the results."""
    side = said["beside peers"]
    find = {(row["kernel"], row["program"]): row for row in side}

    def ratio(kernel: str, peer: str, own: str = "hicgeo, from coordinates", by: str = "seconds") -> str:
        if (kernel, peer) not in find:
            return "not run"
        return f"{find[kernel, peer][by] / find[kernel, own][by]:,.1f}"

    rows = [
        f"| {row['kernel']} | {row['program']} | {row['seconds']:.3g} | {row['processor']:.3g} | "
        + ("" if np.isnan(row["megabytes"]) else f"{row['megabytes']:.0f}")
        + " | "
        + ("" if np.isnan(row["error"]) else f"{row['error']:.0e}")
        + " |"
        for row in side
    ]
    kdepy, own = "KDEpy FFTKDE, coordinates in bandwidths", "hicgeo, from coordinates"
    grown = pd.DataFrame(said["growth"])
    wide = grown.pivot(index="points", columns=["kernel", "bandwidth"], values="processor")
    path = grown.pivot(index="points", columns=["kernel", "bandwidth"], values="path")
    peak = grown.groupby(["kernel", "points"])["megabytes"].max()
    lines = []
    for n in wide.index:
        cells = [
            f"{wide.loc[n, key]:.3g}" + (" (direct)" if key[0] == "gaussian" and path.loc[n, key] == "Direct" else "")
            for key in wide.columns
        ]
        lines.append(f"| {n:,} | " + " | ".join(cells) + f" | {peak['gaussian', n]:.0f} | {peak['quartic', n]:.0f} |")
    choose, wait, scikit_row = said["choosing a bandwidth"], said["slider"], said.get("scikit-learn")
    differences = choose.get("difference per point", [0.0])
    return "\n".join(
        [
            "# Kernel density beside its peers",
            "",
            "Made by `benchmarks/density.py`; all numbers are in `results/density.json`. One million clustered points "
            "in 30 x 30 km, 600 x 600 cells of 50 m, bandwidth 300 m, five rounds in turn, medians, nothing else "
            f"running; {said['machine']}; compiled before. hicgeo and libkdv use both cores, the others one. The error "
            "is the largest over 400 random cells and the peak, against plain sums, as a share of the peak.",
            "",
            "| kernel | program | clock, s | processor, s | peak memory, MB | error |",
            "| --- | --- | --- | --- | --- | --- |",
            *rows,
            "",
            "| | aim | measured |",
            "| --- | --- | --- |",
            f"| Gaussian, times as fast as KDEpy | 3 | {ratio('gaussian', kdepy)} |",
            "| its error a share of KDEpy's | 1e-3 | "
            f"{find['gaussian', own]['error'] / find['gaussian', kdepy]['error']:.0e} |",
            f"| Gaussian, times as fast as spatstat | 20 | {ratio('gaussian', 'spatstat density.ppp')} |",
            f"| quartic, exact, times as fast as KDEpy | 1 | {ratio('quartic', kdepy)} |",
            "| Epanechnikov, exact, times as fast as libkdv | 50 | "
            f"{ratio('epanechnikov', 'libkdv, exact, 2 threads')} |",
            f"| bandwidth by likelihood, times as fast as spatstat | 5 | "
            f"{choose['spatstat']['seconds'] / choose['hicgeo']['seconds']:.1f} |"
            if "spatstat" in choose
            else "| bandwidth by likelihood, times as fast as spatstat | 5 | not run |",
            "",
            "spatstat is timed inside R, after and not between the others, median of three rounds."
            + (
                f" scikit-learn's KernelDensity sums over pairs: {scikit_row['points']:,} points at "
                f"{scikit_row['cells']:,} cells took {scikit_row['seconds']:.1f} s, which for all cells is "
                f"{scikit_row['seconds for all cells, from these']:,.0f} s, for one point in a hundred of the table's; "
                f"error {scikit_row['error']:.0e}."
                if scikit_row
                else ""
            ),
            "",
            "**Choosing a bandwidth** (likelihood, 20,000 points, 20 candidates from 25 to 2,500 m): hicgeo "
            f"{choose['hicgeo']['seconds']:.2f} s"
            + (
                f", spatstat bw.ppl (diggle=TRUE, shortcut=TRUE) {choose['spatstat']['seconds']:.1f} s. The criteria "
                f"differ by {max(map(abs, differences)):.0e} per point at most, its raster being 128 x 128."
                if "spatstat" in choose
                else "."
            ),
            "",
            "**Dragging a bandwidth**: `kde` of 100,000 points on cells of 100 m, quartic 400 m: "
            f"{1000 * wait['seconds']:.0f} ms (median), {1000 * wait['fastest']:.0f} ms (fastest). `explore_density` "
            f"draws the map of the sample city again in {1000 * said['redraw']['seconds']:.0f} ms, density included.",
            "",
            "## Growth",
            "",
            "From coordinates, seconds of processor, which both cores together spend (one round at ten million); peak "
            "memory above what the points take, MB, over the bandwidths.",
            "",
            "| points | "
            + " | ".join(f"{kernel} {b:,.0f} m" for kernel, b in wide.columns)
            + " | memory, gaussian | memory, quartic |",
            "| --- |" + " --- |" * (len(wide.columns) + 2),
            *lines,
            "",
            "![growth](density.png)",
            "",
            "The Gaussian grows with points and not with its bandwidth; the quartic with points times the square of "
            "(bandwidth / cell), as stated. The way of a Gaussian is chosen by these costs; the answer is the same.",
            "",
        ]
    )


def redraw() -> dict[str, float]:
    """What a person waits for who drags the slider of notebook 03 in the sample city."""
    city = hicgeo.sample_city(42)
    points = city.incidents[city.incidents["crime_type"] == "woninginbraak"]
    grid = hicgeo.Grid.over(city.neighbourhoods, cell_size=100)
    slider = hicgeo.explore_density(points, grid, city.neighbourhoods, bandwidth=300.0).children[0]
    metres = iter(range(325, 1500, 5))

    def way() -> np.ndarray:
        slider.value = float(next(metres))
        return np.empty(0)

    return in_turn({"redraw": way}, 15)["redraw"]


PARTS: dict[str, Callable[[int, int, list[str]], dict[str, Any]]] = {
    **{
        kernel: lambda n, rounds, missing, kernel=kernel: {"beside peers": beside_peers(n, rounds, missing, [kernel])}
        for kernel in ("gaussian", "quartic", "epanechnikov")
    },
    "bandwidth": lambda n, rounds, missing: {"choosing a bandwidth": choosing(rounds)},
    "slider": lambda n, rounds, missing: {"slider": slider(rounds), "redraw": redraw()},
    "scikit-learn": lambda n, rounds, missing: {"scikit-learn": scikit(grid_of())},
    "growth": lambda n, rounds, missing: {"growth": growth(min(rounds, 3), n)},
    "growth to ten million": lambda n, rounds, missing: {"growth": growth(1, 10 * n, 10 * n)},
}


def merged(before: dict[str, Any], part: str, found: dict[str, Any]) -> dict[str, Any]:
    """Results with those of one part in the place of the older ones."""
    out = dict(before)
    for key, value in found.items():
        if key == "beside peers":
            out[key] = [row for row in out.get(key, []) if row["kernel"] != part] + value
        elif key == "growth":
            sizes = {row["points"] for row in value}
            kept = [row for row in out.get(key, []) if row["points"] not in sizes] + value
            out[key] = sorted(kept, key=lambda row: (row["points"], row["kernel"], row["bandwidth"]))
        else:
            out[key] = value
    return out


def main() -> None:
    """Run, print, and write what was run."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--tables", action="store_true")
    parser.add_argument("--part", action="append", choices=list(PARTS))
    parser.add_argument("--rounds", type=int, default=5)
    given = parser.parse_args()
    file = HERE / "results" / "density.json"
    said: dict[str, Any] = json.loads(file.read_text(encoding="utf-8")) if file.exists() else {}
    missing: list[str] = []
    for part in [] if given.tables else given.part or PARTS:
        found = PARTS[part](100_000 if given.quick else 1_000_000, given.rounds, missing)
        print(found, flush=True)
        said = merged(said, part, found)
        if not given.quick:
            names = ("numpy", "scipy", "numba", "KDEpy", "libkdv")
            said |= {
                "date": date.today().isoformat(),
                "machine": f"{os.cpu_count()} cores, {platform.system()}, Python {platform.python_version()}",
                "versions": said.get("versions", {}) | {
                    name: getattr(importlib.import_module(name), "__version__", "?")
                    for name in names
                    if importlib.util.find_spec(name)
                },
                "missing": sorted(set(missing)),
            }  # fmt: skip
            file.write_text(json.dumps(said, indent=1) + "\n", encoding="utf-8")
    if given.tables:
        (HERE / "density.md").write_text(page(said), encoding="utf-8")
        picture(said["growth"])


if __name__ == "__main__":
    main()
