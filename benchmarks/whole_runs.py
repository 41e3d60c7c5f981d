"""Whole runs for the triangle and for everybody: attacked, made again with rows in another order, audited."""

from __future__ import annotations

import shutil
import time
from collections import Counter
from contextlib import chdir
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import outlines
import pandas as pd
import the_hague
from public_runs import ELSEWHERE, PUBLIC, content, elsewhere, execute, project, small_in_ledger

PROFILES: dict[str, dict[str, str]] = {"driehoek": {}, "openbaar": PUBLIC}


def executed(folder: Path, run: str, profile: str) -> Path:
    """Project in which a run was executed under a profile."""
    made = project(folder / f"{run}-{profile}", run, PROFILES[profile] | ELSEWHERE)
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
    made = project(folder / f"sample-{profile}-shuffled", "sample", PROFILES[profile])
    if not (made / "data" / "sample").is_dir():
        shuffled(plain / "data" / "sample", made / "data" / "sample", np.random.default_rng(11))
    execute(made, "sample")
    return made


def attack(folder: Path) -> dict[str, Any]:
    """Both runs for everybody, all their files, and those of places that differ in all that is not published."""
    import hicgeo as hg

    real, here = (executed(folder, run, "openbaar") for run in ("den-haag", "sample"))
    sample, export = here / "data" / "sample", "incidents.csv"
    areas = hg.read_neighbourhoods(sample / "wijkenbuurten_2024.gpkg", level="buurt")
    there = project(folder / "sample-elsewhere", "sample", PUBLIC | {f"../sample/{export}": f"../elsewhere/{export}"})
    shutil.copytree(sample, there / "data" / "sample", dirs_exist_ok=True)
    moved = elsewhere(sample / export, there / "data" / "elsewhere" / export, areas)
    execute(there, "sample")
    found: dict[str, Any] = {}
    for where, run in ((real, "den-haag"), (here, "sample")):
        figures, small = small_in_ledger(where)
        found[run] = {"figures noted": figures, "small and hidden": small}
    found["sample"] |= {"incidents elsewhere": moved} | compared(here, there, "sample")
    found["sample"]["counts behind the outlines"] = outlines.attack(here, "sample")
    found["den-haag"] |= the_hague.as_published(real, folder)
    return found | {"den-haag as if unpublished": the_hague.unpublished(folder)}


def compared(here: Path, there: Path, run: str) -> dict[str, Any]:
    """Files of a run in two projects that are the same, but for times and hashes."""
    both = [each / "maps" / run for each in (here, there)]
    files, others = ({p.relative_to(each).as_posix() for p in each.rglob("*") if p.is_file()} for each in both)
    same = {name for name in files & others if content(both[0] / name) == content(both[1] / name)}
    return {
        "files": len(files),
        "files that are the same": len(same),
        "files that differ": sorted(files ^ others | files - same),
    }


def same_bytes(folder: Path) -> dict[str, Any]:
    """Files of the sample run that do not depend on the order of rows, for the triangle and for everybody."""
    return {
        profile: compared(executed(folder, "sample", profile), executed_shuffled(folder, profile), "sample")
        for profile in PROFILES
    }


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
