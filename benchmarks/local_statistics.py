"""Gi* beside esda: the same numbers, and how long they take. Writes results/local_statistics.json and the page.

.venv/bin/python benchmarks/local_statistics.py [side of the square of cells, 400]
"""

from __future__ import annotations

import json
import statistics
import sys
import time
import warnings
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import esda
import geopandas as gpd
import numpy as np
import pandas as pd
import xarray as xr
from libpysal.graph import Graph

import hicgeo as hg

HERE = Path(__file__).parent
ROUNDS, PERMUTATION_ROUNDS, PERMUTATIONS = 5, 3, 999


def cells(side: int) -> tuple[xr.DataArray, pd.Series, Graph]:
    """Values on a square of cells, and their eight neighbours as a graph."""
    values = np.random.default_rng(1).gamma(1.5, size=(side, side))  # no ties: esda counts those in one tail only
    at = np.arange(side) * 100.0 + 50
    surface = xr.DataArray(values, dims=("y", "x"), coords={"y": at, "x": at}, attrs={"cell_size": 100.0})
    x, y = np.meshgrid(at, at)
    graph = Graph.build_distance_band(gpd.GeoSeries(gpd.points_from_xy(x.ravel(), y.ravel())), 145)
    return surface, pd.Series(values.ravel()), graph


def timed(call: Callable[[], Any]) -> tuple[float, Any]:
    """Seconds and answer."""
    begin = time.perf_counter()
    answer = call()
    return time.perf_counter() - begin, answer


def esda_gi(series: pd.Series, graph: Any, permutations: int) -> esda.G_Local:
    """Gi* as esda makes it, on one thread, without keeping the simulations."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return esda.G_Local(
            series, graph, transform="B", star=True, permutations=permutations, keep_simulations=False, n_jobs=1, seed=1
        )


def main() -> None:
    """Warm up on a small square, then take turns."""
    side = int(sys.argv[1]) if len(sys.argv) > 1 else 400
    small = cells(20)
    first, _ = timed(lambda: hg.gi_star(small[0], 145.0, permutations=99, rng=1))
    hg.gi_star(small[1], small[2], permutations=99, rng=1)
    esda_gi(small[1], small[2], 99)
    surface, series, graph = cells(side)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        old = graph.to_W()
        esda_gi(small[1], small[2].to_W(), 0)
    seconds: dict[str, list[float]] = {}

    def turn(name: str, call: Callable[[], Any]) -> Any:
        took, answer = timed(call)
        seconds.setdefault(name, []).append(took)
        return answer

    for _ in range(ROUNDS):
        ours = turn("gi_star, cells", lambda: hg.gi_star(surface, 145.0))
        areas = turn("gi_star, Graph", lambda: hg.gi_star(series, graph))
        theirs = turn("esda", lambda: esda_gi(series, graph, 0))
        turn("esda, W", lambda: esda_gi(series, old, 0))
    apart = max(
        float(np.abs(ours["z"].to_numpy().ravel() - theirs.Zs).max()), float(np.abs(areas["z"] - theirs.Zs).max())
    )
    for _ in range(PERMUTATION_ROUNDS):
        ours = turn("gi_star, cells, 999", lambda: hg.gi_star(surface, 145.0, permutations=PERMUTATIONS, rng=1))
        turn("gi_star, Graph, 999", lambda: hg.gi_star(series, graph, permutations=PERMUTATIONS, rng=1))
        theirs = turn("esda, 999", lambda: esda_gi(series, graph, PERMUTATIONS))
    # esda's default is the smaller tail, once
    half = ours["p_permutation"].to_numpy().ravel() / 2
    known = half < 0.45
    difference = (half - theirs.p_sim)[known]
    error = np.sqrt(2 * half[known] * (1 - half[known]) / PERMUTATIONS)
    result = {
        "date": str(date.today()),
        "versions": {"hicgeo": hg.__version__, "esda": esda.__version__, "numpy": np.__version__},
        "cells": side**2,
        "rounds": [ROUNDS, PERMUTATION_ROUNDS],
        "first_call_small": first,
        "seconds": {name: statistics.median(values) for name, values in seconds.items()},
        "z_apart": apart,
        "p_root_mean_square": float(np.sqrt((difference**2).mean())),
        "p_expected_error": float(np.sqrt((error**2).mean())),
        "p_mean_difference": float(difference.mean()),
    }
    file = HERE / "results" / "local_statistics.json"
    file.write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")
    (HERE / "local_statistics.md").write_text(page(result), encoding="utf-8")


def page(result: dict[str, Any]) -> str:
    """The results as a table."""
    took = result["seconds"]
    rows = [
        ("z and p of the normal; esda with the W of libpysal", "gi_star, cells", "gi_star, Graph", "esda, W"),
        ("the same; esda with its newer Graph", "gi_star, cells", "gi_star, Graph", "esda"),
        (f"{PERMUTATIONS} conditional permutations", "gi_star, cells, 999", "gi_star, Graph, 999", "esda, 999"),
    ]
    table = [
        f"| {name} | {took[a]:.3f} | {took[b]:.3f} | {took[c]:.1f} | "
        f"{took[c] / took[a]:.0f} | {took[c] / took[b]:.0f} |"
        for name, a, b, c in rows
    ]
    return "\n".join(
        [
            "# Gi* beside esda",
            "",
            "```sh",
            ".venv/bin/python benchmarks/local_statistics.py   # writes results/local_statistics.json and this page",
            "```",
            "",
            f"{result['date']}; {result['cells']:,} cells with eight neighbours; esda {result['versions']['esda']}, "
            f"one thread each; compiled before; medians of {result['rounds'][0]} and {result['rounds'][1]} rounds in "
            "turn, in seconds.",
            "",
            "| | `gi_star`, cells | `gi_star`, Graph | esda | times faster, cells | times faster, Graph |",
            "| --- | --- | --- | --- | --- | --- |",
            *table,
            "",
            f"Largest difference in z: {result['z_apart']:.0e}. Permutation p: root mean square difference "
            f"{result['p_root_mean_square']:.4f}, where two runs of {PERMUTATIONS} differ by "
            f"{result['p_expected_error']:.4f} by chance.",
            "",
            "Why it is quicker: the draws are the same for every place, as in esda, so that the sums over the first d "
            "of each draw are made once and sorted; a place looks up its own sum, and mends only the draws that it is "
            "in itself. Neighbours of unequal weight are drawn one by one. Half of the time of `gi_star` without "
            "permutations is the adjustment of the p-values for their number, which esda leaves to the reader.",
            "",
        ]
    )


if __name__ == "__main__":
    main()
