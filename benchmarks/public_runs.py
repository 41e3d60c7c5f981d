"""Whole public runs, the attack on all their files, and the same run of a city with the same published counts."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import warnings
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

ROOT = Path(__file__).parents[1]
REAL = Path(os.environ.get("HICGEO_REALDATA", ROOT.parent / "shared" / "data"))
SHUFFLED = ("Poging", "Confrontatie", "Geweld", "Object", "Modus operandi", "Woningtype", "Adressleutel")
T = 10


ELSEWHERE = {"../../../shared/data": str(REAL)}
PUBLIC = {"profile: driehoek": "profile: openbaar", "date: aoristic": "date: start"}


def project(folder: Path, run: str, change: dict[str, str]) -> Path:
    """A project with the notebooks and one run file of this one, in which some texts are replaced."""
    (folder / "data" / "runs").mkdir(parents=True, exist_ok=True)
    shutil.copytree(ROOT / "notebooks", folder / "notebooks", dirs_exist_ok=True)
    text = (ROOT / "data" / "runs" / f"{run}.yml").read_text(encoding="utf-8")
    for old, new in change.items():
        text = text.replace(old, new)
    (folder / "data" / "runs" / f"{run}.yml").write_text(text, encoding="utf-8")
    return folder


def execute(folder: Path, run: str) -> None:
    """Run it; what was done before is not done again."""
    code = "from hicgeo.suite.cli import app; app()"
    subprocess.run(
        [sys.executable, "-c", code, "run", run], cwd=folder, env={**os.environ, "HICGEO_REALDATA": str(REAL)},
        capture_output=True, check=False,
    )  # fmt: skip
    assert (folder / "maps" / run / "manifest.json").is_file(), "the run did not end"


def elsewhere(source: Path, target: Path, areas: gpd.GeoDataFrame) -> int:
    """Write the export of a city with the same counts per buurt, month and type, and nothing else the same.

    Every incident with a place in a buurt gets another place in it and another moment in its month; attempts, victims,
    objects, ways of working, kinds of dwelling and addresses are dealt out anew among incidents of the same offence.
    """
    import hicgeo as hg

    rng = np.random.default_rng(7)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        seen = hg.read_incidents(source, columns="sample").incidents
        where = hg.assign_neighbourhoods(seen, areas)
    inside = where[where["status"] == "inside"]["code"]
    # some lines have a stray quote or too many fields: those that cannot be read stay as they are
    head, *lines = source.read_text(encoding="utf-8-sig").splitlines()
    names = head.split(";")
    rows = [dict(zip(names, line.split(";"), strict=False)) for line in lines]
    cores = areas.geometry.buffer(-40)
    moved: dict[str, dict[str, str]] = {}
    for number, code in inside.items():
        core = cores[code] if not cores[code].is_empty else areas.geometry[code]
        west, south, east, north = core.bounds
        while not core.contains(at := shapely.Point(rng.uniform(west, east), rng.uniform(south, north))):
            pass
        begin = seen.at[number, "start"].tz_localize(None)
        length = seen.at[number, "end"].tz_localize(None) - begin
        # a day and an hour at which no clock is changed, and from which the window stays in the month
        start = begin.normalize().replace(day=int(rng.integers(1, 21))) + pd.Timedelta(
            minutes=int(rng.integers(300, 1300))
        )
        end = start + length
        moved[str(number)] = {
            "X-coordinaat": f"{at.x:.2f}".replace(".", ","), "Y-coordinaat": f"{at.y:.2f}".replace(".", ","),
            "Pleegdatum van": f"{start:%d-%m-%Y}", "Pleegtijd van": f"{start:%H:%M}",
            "Pleegdatum tot": f"{end:%d-%m-%Y}", "Pleegtijd tot": f"{end:%H:%M}",
            "Registratiedatum": f"{end + pd.Timedelta(days=1):%d-%m-%Y}",
        }  # fmt: skip
    by_offence: dict[str, list[dict[str, str]]] = {}
    for row in rows:
        if row.get("Registratienummer") in moved:
            by_offence.setdefault(row["Delictcode"], []).append({name: row[name] for name in SHUFFLED})
    dealt = {offence: iter([each[n] for n in rng.permutation(len(each))]) for offence, each in by_offence.items()}
    kept: dict[str, dict[str, str]] = {}
    for row in rows:
        if (number := row.get("Registratienummer", "")) in moved:
            kept.setdefault(number, {**moved[number], **next(dealt[row["Delictcode"]])})
            row.update(kept[number])
    target.parent.mkdir(parents=True, exist_ok=True)
    made = [
        ";".join(row[name] for name in names) if row.get("Registratienummer") in moved else line
        for row, line in zip(rows, lines, strict=True)
    ]
    target.write_text("\ufeff" + "\n".join([head, *made]) + "\n", encoding="utf-8")
    return len(moved)


def content(path: Path) -> bytes:
    """Bytes of a file, without what is known to differ: times, and hashes of other files."""
    if path.name != "manifest.json":
        return path.read_bytes()
    text = path.read_text(encoding="utf-8")
    text = re.sub(r'"timing": \{.*?\n \}', "", text, flags=re.S)
    return re.sub(r'"[0-9a-f]{64}"|data/(sample|elsewhere)/incidents.csv', "", text).encode()


def outlines(page: Path) -> gpd.GeoDataFrame:
    """Hotspots as a map has them, in RD."""
    for block in re.findall(r'<script type="application/json"[^>]*>(.*?)</script>', page.read_text("utf-8"), re.S):
        data = json.loads(block)
        if data.get("key") == "hotspots":
            shapes = gpd.GeoDataFrame.from_features(data["shapes"]["features"], crs="EPSG:4326")
            return shapes.to_crs("EPSG:28992")
    raise AssertionError("no hotspots on the map")


def cells_of(folder: Path, run: str, asked: int, seed: int = 1) -> dict[str, int]:
    """Counts per cell of 100 m from the outlines of a public map, what the police publish, and the order of density.

    The attacker knows kernel, bandwidth and edge correction from page and source, the count of every buurt, that an
    outline has 10 incidents at least, and that no cell outside has a higher density than one inside.
    """
    from scipy import sparse
    from scipy.optimize import linprog

    import hicgeo as hg

    page = folder / "maps" / run / "03-hotspots.html"
    spots = outlines(page)
    bandwidth = float(re.search(r"bandbreedte van (\d+) m", page.read_text("utf-8"))[1])
    before = Path.cwd()
    os.chdir(folder)
    try:
        opened = hg.open_run(run)
        areas = opened.neighbourhoods
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            incidents, assigned = opened.incidents, opened.assignment
    finally:
        os.chdir(before)
    kind = next(iter(opened.config.crime_types))
    mine = (incidents["crime_type"] == kind) & assigned["code"].notna()
    points, codes = incidents[mine], assigned.loc[mine, "code"]
    grid = hg.Grid.over(areas, cell_size=100)
    middles = gpd.GeoSeries.from_xy(*cell_middles(grid), crs=28992)
    squares = gpd.GeoDataFrame(geometry=middles.buffer(50, cap_style="square"))
    pieces = gpd.overlay(squares.assign(cell=range(len(squares))), areas.reset_index()[["code", "geometry"]])
    pieces = pieces[pieces.area > 1]
    cell, code = pieces["cell"].to_numpy(), pieces["code"].to_numpy()
    at = np.asarray(spots.geometry.buffer(-20).union_all().contains(middles.to_numpy()))
    place = pd.Series(range(len(middles)), index=pd.MultiIndex.from_arrays([middles.x.round(), middles.y.round()]))
    own = pd.MultiIndex.from_arrays([points.geometry.x // 100 * 100 + 50, points.geometry.y // 100 * 100 + 50])
    true = (
        pd.Series(1.0, index=pd.MultiIndex.from_arrays([place.reindex(own).to_numpy(), codes]))
        .groupby(level=[0, 1])
        .sum()
    )
    truth = true.reindex(pd.MultiIndex.from_arrays([cell.astype(float), code])).fillna(0).to_numpy()
    n, m = len(pieces), len(middles)
    to_cell = sparse.csr_array((np.ones(n), (cell, np.arange(n))), shape=(m, n))
    towns = sorted(set(code))
    to_code = sparse.csr_array((np.ones(n), (pd.Categorical(code, towns).codes, np.arange(n))), shape=(len(towns), n))
    sums = to_code @ truth
    near = middles.to_numpy()
    tree = shapely.STRtree(near)
    here, there = tree.query(near, predicate="dwithin", distance=bandwidth)
    far = shapely.distance(near[here], near[there]) / bandwidth
    kernel = sparse.csr_array(((1 - far**2) ** 2, (here, there)), shape=(m, m))
    edge = kernel.sum(axis=0)  # diggle: what an incident would lose over the edge is given back
    density = kernel @ sparse.diags_array(1 / np.asarray(edge)) @ to_cell
    column = sparse.csr_array(np.ones((m, 1)))
    fits = density @ truth
    level = np.quantile(fits, 1 - at.mean())  # small places were left out, so that some cells outside are denser
    inner, outer = np.flatnonzero(at & (fits >= level)), np.flatnonzero(~at & (fits <= level))
    held = [
        sparse.csr_array(np.asarray(shape.buffer(-20).contains(near), float)[None]) @ to_cell
        for shape in spots.geometry
    ]
    upper = sparse.vstack(
        [sparse.hstack([-density[inner], column[inner]]), sparse.hstack([density[outer], -column[outer]])]
        + [sparse.hstack([-each, sparse.csr_array((1, 1))]) for each in held]
    )
    limit = np.concatenate([np.zeros(len(inner) + len(outer)), np.full(len(held), -float(T))])
    equal = sparse.hstack([to_code, sparse.csr_array((len(towns), 1))])
    rng = np.random.default_rng(seed)
    counts = to_cell @ truth
    small = np.flatnonzero((counts > 0) & (counts < T))
    some = [*rng.permutation(small[at[small]])[:asked], *rng.permutation(small[~at[small]])[:asked]]
    rest = [b for b in range(len(towns)) if 0 < (to_code[[b]] @ (truth * ~at[cell]))[0] < T]
    wishes = [(to_cell[[each]].toarray().ravel(), counts[each]) for each in some]
    wishes += [
        (to_code[[b]].toarray().ravel() * ~at[cell], float((to_code[[b]] @ (truth * ~at[cell]))[0])) for b in rest
    ]
    found = {
        "outlines": len(spots),
        "cells": len(some),
        "parts of a buurt": len(rest),
        "exact": 0,
        "narrow": 0,
        "police": 0,
    }
    for wish, value in wishes:
        ends, known = [], []
        for sign in (1.0, -1.0):
            cost = np.append(sign * wish, 0.0)
            done = linprog(cost, A_ub=upper, b_ub=limit, A_eq=equal, b_eq=sums, bounds=(0, None), method="highs")
            assert done.status == 0, done.message
            ends.append(round(sign * done.fun, 6))
            alone = linprog(cost[:-1], A_eq=to_code, b_eq=sums, bounds=(0, None), method="highs")
            known.append(round(sign * alone.fun, 6))
        low, high = np.ceil(ends[0] - 1e-6), np.floor(ends[1] + 1e-6)
        assert low <= value <= high
        if low <= 1 and high >= T - 1:
            continue
        if low <= max(1, np.ceil(known[0])) and high >= min(T - 1, np.floor(known[1] + 1e-6)):
            found["police"] += 1
        else:
            found["exact"], found["narrow"] = found["exact"] + (low == high), found["narrow"] + (low != high)
            print("FOUND", value, (low, high), known, flush=True)
    return found | {"cells in order of density": len(inner) + len(outer), "all cells": m}


def cell_middles(grid: Any) -> tuple[np.ndarray, np.ndarray]:
    """Middles of all cells of a grid that lie in the area."""
    y, x = np.nonzero(grid.inside)
    return grid.x[x], grid.y[y]


def small_in_ledger(folder: Path) -> tuple[int, int]:
    """Figures that the ledger has, and the small ones among them that are hidden."""
    lines = (folder / "data" / "private" / "exports.jsonl").read_text(encoding="utf-8").splitlines()
    figures = [each for line in lines for each in json.loads(line).get("figures", [])]
    return len(figures), sum(not each["shown"] and each["small"] for each in figures)


def attack(folder: Path) -> dict[str, Any]:
    """Both runs for everybody, all their files, and those of a city that differs in all that is not published."""
    found: dict[str, Any] = {}
    real = project(folder / "den-haag", "den-haag", PUBLIC | ELSEWHERE)
    here, there = (project(folder / name, "sample", PUBLIC) for name in ("here", "there"))
    for where, run in ((real, "den-haag"), (here, "sample")):
        execute(where, run)
    import hicgeo as hg

    areas = hg.read_neighbourhoods(here / "data" / "sample" / "wijkenbuurten_2024.gpkg", level="buurt")
    shutil.copytree(here / "data" / "sample", there / "data" / "sample", dirs_exist_ok=True)
    moved = elsewhere(here / "data" / "sample" / "incidents.csv", there / "data" / "elsewhere" / "incidents.csv", areas)
    project(there, "sample", PUBLIC | {"../sample/incidents.csv": "../elsewhere/incidents.csv"})
    execute(there, "sample")
    for where, run in ((real, "den-haag"), (here, "sample")):
        files = sorted(path for path in (where / "maps" / run).rglob("*") if path.is_file())
        figures, small = small_in_ledger(where)
        found[run] = {"files": len(files), "figures noted": figures, "small and hidden": small}
    pairs = {path.relative_to(here / "maps"): path for path in (here / "maps" / "sample").rglob("*") if path.is_file()}
    others = {path.relative_to(there / "maps") for path in (there / "maps" / "sample").rglob("*") if path.is_file()}
    same = {
        str(name) for name, path in pairs.items() if name in others and content(path) == content(there / "maps" / name)
    }
    found["sample"] |= {
        "incidents elsewhere": moved, "files that are the same": len(same),
        "files that differ": sorted({str(name) for name in {*pairs, *others}} - same),
        "cells": cells_of(here, "sample", 12),
    }  # fmt: skip
    return found
