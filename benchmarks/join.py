"""Points in polygons: hicgeo beside its peers, in one process, in turn.

    .venv/bin/python benchmarks/join.py --points 1e6                          # one size
    .venv/bin/python benchmarks/join.py --points 1e7 --rounds 1 --say again   # 10 million, one round; adds to it

Every call adds its rounds to results/join.json, or prints only with `--say nothing`; "anew" forgets earlier rounds of
that size. So a long measurement can be cut into windows in which the machine is quiet.

Peers that are not installed are left out and named: uv pip install --python .venv duckdb duckdb-extensions
duckdb-extension-spatial sedonadb polars-st
"""

from __future__ import annotations

import argparse
import gc
import importlib
import importlib.util
import json
import os
import platform
import statistics
import tempfile
import time
from collections.abc import Callable
from datetime import date
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from partition import clustered, neighbourhoods

import hicgeo

RESULTS = Path(__file__).parent / "results" / "join.json"


def first_of(point: np.ndarray, polygon: np.ndarray, n: int) -> np.ndarray:
    """The smallest code of each point, which is how a border point that came twice is settled."""
    owner = np.full(n, np.iinfo(np.int32).max)
    np.minimum.at(owner, point, polygon)
    return np.where(owner == np.iinfo(np.int32).max, -1, owner)


def peers(
    areas: gpd.GeoDataFrame, points: gpd.GeoDataFrame, missing: list[str], only: list[str]
) -> dict[str, Callable[[], np.ndarray]]:
    """Each peer from tables of its own kind to one row per match, with the setting that its documentation shows."""
    n = len(points)
    bare = areas[["geometry"]].reset_index(drop=True)

    def geopandas(predicate: str) -> np.ndarray:
        found = gpd.sjoin(points, bare, predicate=predicate)
        return first_of(found.index.to_numpy(), found["index_right"].to_numpy(), n)

    ways = {
        "geopandas sjoin, within": lambda: geopandas("within"),
        "geopandas sjoin, intersects": lambda: geopandas("intersects"),
    }

    def wanted(name: str) -> bool:
        return not only or any(part in name for part in only)

    if not wanted("SedonaDB, ST_Intersects"):
        pass
    elif importlib.util.find_spec("sedonadb"):
        import pyarrow as pa
        import sedonadb

        session = sedonadb.connect()
        session.create_data_frame(points.assign(i=np.arange(n))).to_view("points", overwrite=True)
        session.create_data_frame(bare.assign(k=np.arange(len(bare)))).to_view("areas", overwrite=True)

        def sedona() -> np.ndarray:
            table = pa.table(
                session.sql(
                    "SELECT points.i, areas.k FROM points JOIN areas ON ST_Intersects(points.geometry, areas.geometry)"
                )
            )
            return first_of(table["i"].to_numpy(), table["k"].to_numpy(), n)

        ways["SedonaDB, ST_Intersects"] = sedona
    else:
        missing.append("sedonadb: not installed")
    if wanted("polars-st, intersects") or wanted("DuckDB spatial, ST_Intersects"):
        wkb_points, wkb_areas = shapely.to_wkb(points.geometry.array), shapely.to_wkb(bare.geometry.array)
    if not wanted("polars-st, intersects"):
        pass
    elif importlib.util.find_spec("polars_st"):
        import polars as pl
        import polars_st as stt

        left = pl.DataFrame({"i": np.arange(n), "geometry": list(wkb_points)})
        right = pl.DataFrame({"k": np.arange(len(bare)), "geometry": list(wkb_areas)})

        def polars() -> np.ndarray:
            found = left.st.sjoin(right, on="geometry", predicate="intersects")
            return first_of(found["i"].to_numpy(), found["k"].to_numpy(), n)

        assert stt is not None
        ways["polars-st, intersects"] = polars
    else:
        missing.append("polars-st: not installed")
    if not wanted("DuckDB spatial, ST_Intersects"):
        pass
    elif importlib.util.find_spec("duckdb"):
        import duckdb

        base = duckdb.connect(config={"threads": os.cpu_count() or 1})
        try:
            importlib.import_module("duckdb_extensions").import_extension("spatial", con=base)
            base.execute("LOAD spatial")
        except (ImportError, duckdb.Error) as error:
            missing.append(f"DuckDB: its extension spatial is not installed ({type(error).__name__})")
        else:
            frames = {"p": pd.DataFrame({"i": np.arange(n), "g": wkb_points}),
                      "a": pd.DataFrame({"k": np.arange(len(bare)), "g": wkb_areas})}  # fmt: skip
            for name, frame in frames.items():
                base.register(f"{name}_", frame)
                base.execute(f"CREATE TABLE {name} AS SELECT * EXCLUDE g, ST_GeomFromWKB(g) AS geometry FROM {name}_")

            def duck() -> np.ndarray:
                found = base.execute(
                    "SELECT p.i, a.k FROM p JOIN a ON ST_Intersects(p.geometry, a.geometry)"
                ).to_arrow_table()
                return first_of(found["i"].to_numpy(), found["k"].to_numpy(), n)

            ways["DuckDB spatial, ST_Intersects"] = duck
    else:
        missing.append("DuckDB: not installed")
    return ways


def ours(areas: gpd.GeoDataFrame, points: gpd.GeoDataFrame) -> dict[str, Callable[[], np.ndarray]]:
    """What hicgeo does: all of it, without the distance to a border, and with the index at hand."""
    number = pd.Series(np.arange(len(areas)), index=areas.index)
    ready = hicgeo.NeighbourhoodIndex(areas)

    def numbers(found: pd.DataFrame) -> np.ndarray:
        return number.reindex(found["code"]).fillna(-1).to_numpy(int)

    def plain() -> pd.DataFrame:
        return hicgeo.NeighbourhoodIndex(areas).claim(points)

    return {
        "hicgeo, code and status": plain,
        "hicgeo, and metres to the border": lambda: hicgeo.assign_neighbourhoods(points, areas),
        "hicgeo, code and status, index reused": lambda: ready.claim(points),
        "hicgeo, and metres to the border, index reused": lambda: ready.assign(points),
        "_numbers": numbers,
    }


def run(
    n: int, areas: gpd.GeoDataFrame, rounds: int, missing: list[str], only: list[str]
) -> dict[str, dict[str, list]]:
    """Time all ways in turn, by the clock and by what all processors spent; and how many points have another code.

    Where others work on the same machine the processors' time tells more than the clock.
    """
    rng = np.random.default_rng(5)
    at = clustered(n, rng).round(2)
    corners = shapely.get_coordinates(areas.geometry.array)
    at[: n // 100] = corners[rng.integers(0, len(corners), n // 100)]  # one in a hundred on a border
    points = gpd.GeoDataFrame(geometry=gpd.points_from_xy(*at.T), crs=28992)
    mine = ours(areas, points)
    numbers = mine.pop("_numbers")
    ways = mine | peers(areas, points, missing, only)
    ways = {name: way for name, way in ways.items() if not only or any(part in name for part in only)}
    table: dict[str, dict[str, list]] = {name: {"differs": [], "seconds": [], "processor": []} for name in ways}
    truth = numbers(hicgeo.NeighbourhoodIndex(areas).claim(points))
    for turn in range(rounds):
        for name, way in ways.items():
            gc.collect()
            time.sleep(0.3)  # threads of the way before come to rest
            began, worked = time.perf_counter(), time.process_time()
            found = way()
            seconds, processor = time.perf_counter() - began, time.process_time() - worked
            codes = numbers(found) if name in mine else found
            table[name]["differs"].append(int((codes != truth).sum()))
            table[name]["seconds"].append(round(seconds, 4))
            table[name]["processor"].append(round(processor, 4))
            print(f"{n:,} {turn + 1}. {name:48} {seconds:8.3f} s, {processor:8.3f} s of processor", flush=True)
    return table


def small(rounds: int) -> dict[str, dict[str, list]]:
    """A hundred points in ten polygons, by the public verb."""
    shapes = neighbourhoods(10)
    areas = gpd.GeoDataFrame(index=[f"BU{k:08d}" for k in range(10)], geometry=shapes, crs=28992)
    points = gpd.GeoDataFrame(geometry=gpd.points_from_xy(*clustered(100, np.random.default_rng(5)).T), crs=28992)
    ways: dict[str, Callable[[], object]] = {
        "hicgeo, assign_neighbourhoods": lambda: hicgeo.assign_neighbourhoods(points, areas),
        "geopandas sjoin, within": lambda: gpd.sjoin(points, areas, predicate="within"),
        "geopandas sjoin, intersects": lambda: gpd.sjoin(points, areas, predicate="intersects"),
    }
    took: dict[str, dict[str, list]] = {name: {"seconds": []} for name in ways}
    for _ in range(max(rounds, 5) * 5):
        for name, way in ways.items():
            began = time.perf_counter()
            way()
            took[name]["seconds"].append(round(time.perf_counter() - began, 6))
    return took


def main() -> None:
    """Run, print, and add to the results."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--points", type=float, nargs="*", default=[1e6])
    parser.add_argument("--polygons", type=int, default=14_000)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--only", nargs="*", default=[], help="parts of the names of ways")
    parser.add_argument("--say", choices=["anew", "again", "nothing"], default="nothing")
    given = parser.parse_args()
    tables: dict[str, dict[str, dict[str, list]]] = {"100 in 10 polygons": small(given.rounds)}
    shapes = cut(given.polygons)
    codes = [f"BU{k:08d}" for k in range(len(shapes))]
    areas = gpd.GeoDataFrame(index=pd.Index(codes, dtype="str"), geometry=shapes, crs=28992)
    corners = shapely.get_num_coordinates(shapes)
    hicgeo.NeighbourhoodIndex(areas).assign(
        gpd.GeoDataFrame(geometry=shapes[:1], crs=28992).centroid.to_frame("geometry")
    )
    missing: list[str] = []
    for n in map(int, given.points):
        tables[f"{n}"] = run(n, areas, given.rounds, missing, given.only)
    if given.say == "nothing":
        return
    said = json.loads(RESULTS.read_text()) if RESULTS.exists() else {"points": {}}
    for n, ways in tables.items():
        if given.say == "anew":
            said["points"].pop(n, None)
        for name, rounds in ways.items():
            kept = said["points"].setdefault(n, {}).setdefault(name, {})
            for what in ("differs", "seconds", "processor"):
                kept[what] = kept.get(what, []) + rounds.get(what, [])
            kept["median"] = round(statistics.median(kept["seconds"]), 5)
    names = ("geopandas", "shapely", "numba", "duckdb", "sedonadb", "polars_st")
    said |= {
        "date": date.today().isoformat(),
        "machine": f"{os.cpu_count()} cores, {platform.system()}, Python {platform.python_version()}",
        "versions": {name: getattr(importlib.import_module(name), "__version__", "?")
                     for name in names if importlib.util.find_spec(name)},
        "polygons": len(shapes),
        "corners": {"median": float(np.median(corners)), "5 %": float(np.quantile(corners, 0.05)),
                    "95 %": float(np.quantile(corners, 0.95)), "all": int(corners.sum())},
        "missing": missing,
    }  # fmt: skip
    RESULTS.write_text(json.dumps(said, indent=1) + "\n")


def cut(n: int) -> np.ndarray:
    """The polygons, kept beside other scratch files: drawing them takes half a minute."""
    kept = Path(tempfile.gettempdir()) / f"hicgeo-partition-{n}.npy"
    if not kept.exists():
        np.save(kept, shapely.to_wkb(neighbourhoods(n)), allow_pickle=True)
    return shapely.from_wkb(np.load(kept, allow_pickle=True))


if __name__ == "__main__":
    main()
