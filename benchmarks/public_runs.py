"""Projects with a run in them: as it is, for everybody, and of a city that has only its published counts in common."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import warnings
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

ROOT = Path(__file__).parents[1]
REAL = Path(os.environ.get("HICGEO_REALDATA", ROOT.parent / "shared" / "data"))
SHUFFLED = ("Poging", "Confrontatie", "Geweld", "Object", "Modus operandi", "Woningtype", "Adressleutel")


ELSEWHERE = {"../../../shared/data": str(REAL)}
PUBLIC = {
    "profile: driehoek": "profile: openbaar",
    "date: aoristic": "date: start",
    "recipient: lokale driehoek": "recipient: iedereen",
    "classification: vertrouwelijk": "classification: openbaar",
}


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
    done = subprocess.run(
        [sys.executable, "-c", code, "run", run], cwd=folder, env={**os.environ, "HICGEO_REALDATA": str(REAL)},
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-2000:]


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
    return re.sub(r'"[0-9a-f]{64}"|data/(sample|elsewhere)/', "", text).encode()


def small_in_ledger(folder: Path) -> tuple[int, int]:
    """Figures that the ledger has, and the small ones among them that are hidden."""
    lines = (folder / "data" / "private" / "exports.jsonl").read_text(encoding="utf-8").splitlines()
    figures = [each for line in lines for each in json.loads(line).get("figures", [])]
    return len(figures), sum(not each["shown"] and each["small"] for each in figures)
