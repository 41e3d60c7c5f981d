"""Whole runs for the triangle and for everybody: the same bytes for rows in another order; the audit of every file."""

from __future__ import annotations

import shutil
import time
from collections import Counter
from contextlib import chdir
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
from public_runs import ELSEWHERE, PUBLIC, content, execute, project

PROFILES: dict[str, dict[str, str]] = {"driehoek": {}, "openbaar": PUBLIC}
NAMED = {("sample", "openbaar"): "here", ("den-haag", "openbaar"): "den-haag"}
"""Folders of runs that the attack on public runs makes too."""


def executed(folder: Path, run: str, profile: str) -> Path:
    """Project in which a run was executed under a profile."""
    made = project(folder / NAMED.get((run, profile), f"{run}-{profile}"), run, PROFILES[profile] | ELSEWHERE)
    execute(made, run)
    return made


def shuffled(source: Path, target: Path, rng: np.random.Generator) -> None:
    """Write the files of a sample city with the rows of every table in another order.

    Of records with the same number and equally heavy offences the first one counts: those stay in their order.
    """
    import pyogrio

    shutil.rmtree(target, ignore_errors=True)
    shutil.copytree(source, target)
    path = target / "incidents.csv"
    head, *rows = path.read_bytes().decode("utf-8").split("\n")
    last = [rows.pop()] if not rows[-1] else []
    place = head.lstrip("\ufeff").split(";").index("Registratienummer")
    number = [row.split(";")[place] if row.count(";") >= place else "" for row in rows]
    order = rng.permutation(len(rows))
    waiting: dict[str, list[int]] = {}
    for row in sorted(order):
        waiting.setdefault(number[row], []).append(row)
    mixed = [rows[waiting[number[row]].pop(0) if number[row] else row] for row in order]
    path.write_bytes("\n".join([head, *mixed, *last]).encode("utf-8"))
    for path in sorted(target.glob("*.gpkg")):
        layers = {name: gpd.read_file(path, layer=name) for name, _ in pyogrio.list_layers(path)}
        path.unlink()
        for name, table in layers.items():
            table.iloc[rng.permutation(len(table))].to_file(path, layer=name, driver="GPKG")


def executed_shuffled(folder: Path, profile: str) -> Path:
    """Project in which the sample was executed under a profile with all rows in another order."""
    plain = executed(folder, "sample", profile)
    made = project(folder / f"shuffled-{profile}", "sample", PROFILES[profile])
    if not (made / "data" / "sample").is_dir():
        shuffled(plain / "data" / "sample", made / "data" / "sample", np.random.default_rng(11))
    execute(made, "sample")
    return made


def same_bytes(folder: Path) -> dict[str, Any]:
    """Files of the sample run that do not depend on the order of rows, for the triangle and for everybody."""
    found: dict[str, Any] = {}
    for profile in PROFILES:
        here = executed(folder, "sample", profile) / "maps" / "sample"
        there = executed_shuffled(folder, profile) / "maps" / "sample"
        files, others = (sorted(p.relative_to(each) for p in each.rglob("*") if p.is_file()) for each in (here, there))
        differ = [str(name) for name in files if name not in others or content(here / name) != content(there / name)]
        found[profile] = {
            "files": len(files), "the same": len(files) - len(differ),
            "differ": sorted({*differ, *(str(each) for each in set(others) - set(files))}),
        }  # fmt: skip
    return found


def audits(folder: Path) -> dict[str, Any]:
    """The audit of every file of the four runs, with the incidents of the run: files that pass, rule by rule."""
    return {
        f"{run}, {profile}": audited(executed(folder, run, profile), run)
        for run in ("den-haag", "sample")
        for profile in PROFILES
    }


def made_up(areas: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """Six thousand incidents somewhere in areas of which only counts are known: none of them may be found in a file."""
    places = areas.geometry.sample_points(np.maximum(1, (6000 * areas.area / areas.area.sum()).astype(int)), rng=9)
    points = gpd.GeoDataFrame(geometry=places.explode(ignore_index=True), crs=areas.crs)
    start = pd.Timestamp("2016-01-01", tz="Europe/Amsterdam") + pd.to_timedelta(range(len(points)), unit="h")
    return points.assign(start=start, end=start).set_index(pd.Index([f"PL1500-2016-{n:06d}" for n in points.index]))


def audited(project: Path, run: str) -> dict[str, Any]:
    """Audit all files of a run; what fails is printed and counted by rule."""
    import hicgeo as hg
    from hicgeo.suite._recognised import borders_of

    with chdir(project):
        opened = hg.open_run(run)
        borders = borders_of(opened)
        incidents = opened.intake.incidents if opened.intake is not None else made_up(opened.neighbourhoods)
    files = sorted(each for each in (project / "maps" / run).rglob("*") if each.is_file())
    passed: Counter[str] = Counter()
    failed, began = [], time.perf_counter()
    for file in files:
        report = hg.audit_html(file, incidents=incidents, neighbourhoods=borders)
        for rule, done, detail in zip(report["rule"], report["pass"], report["detail"], strict=True):
            passed[f"{rule}: {'pass' if done else 'fail'}"] += 1
            if not done:
                failed.append(f"{file.relative_to(project / 'maps' / run)}: {rule} ({detail})")
                print(failed[-1], flush=True)
    kinds = Counter(file.suffix for file in files)
    return {
        "incidents": len(incidents),
        "files": len(files), "kinds": dict(kinds), "rules": dict(passed), "failed": failed,
        "files that pass": len(files) - len({each.split(":")[0] for each in failed}),
        "seconds of looking": round(time.perf_counter() - began),
    }  # fmt: skip
