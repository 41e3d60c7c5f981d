"""The same input gives the same bytes: a whole run in other circumstances, its rows in another order."""

import json
import os
import shutil
import subprocess
import sys

from notebook_writer import write_notebook
from test_canaries import OPEN, SAVED

ELSEWHERE = {
    "PYTHONHASHSEED": "4242", "TZ": "Asia/Tokyo", "LC_ALL": "tr_TR.UTF-8", "LANG": "tr_TR.UTF-8",
    "OMP_NUM_THREADS": "1", "NUMBA_NUM_THREADS": "1",
}  # fmt: skip


def run(root, **environment):
    command = [sys.executable, "-c", "from hicgeo.suite.cli import app; app()", "run", "tiny"]
    subprocess.run(command, cwd=root, env={**os.environ, **environment}, check=True, capture_output=True, timeout=300)
    out = root / "maps" / "tiny"
    found = {path.relative_to(out).as_posix(): path.read_bytes() for path in sorted(out.rglob("*")) if path.is_file()}
    manifest = json.loads(found.pop("manifest.json"))
    return found, {name: part for name, part in manifest.items() if name not in ("timing", "inputs")}


def test_a_run_elsewhere_with_its_rows_in_another_order_gives_the_same_files(project):
    """The Turkish locale is the famous one: there the capital of i is no I."""
    show = "display(opened.counts, opened.neighbourhoods, hg.quality_table(opened.intake))\nopened.say('Een zin.')"
    write_notebook(project / "notebooks" / "02-saves.ipynb", OPEN, show, SAVED)
    other = project.parent / "other"
    shutil.copytree(project, other)
    path = other / "data" / "export.csv"
    head, *rows = path.read_text(encoding="utf-8").splitlines()
    mixed = rows[::-1]
    assert mixed != rows
    path.write_text("\n".join([head, *mixed]) + "\n", encoding="utf-8")
    areas = other / "data" / "areas.geojson"
    shapes = json.loads(areas.read_text(encoding="utf-8"))
    areas.write_text(json.dumps(shapes | {"features": shapes["features"][::-1]}), encoding="utf-8")
    here, about = run(project)
    there, about_there = run(other, **ELSEWHERE)
    assert {name.rpartition(".")[2] for name in here} == {
        "html",
        "csv",
        "xlsx",
        "gpkg",
        "geojson",
        "gpx",
        "pdf",
        "ipynb",
    }
    assert [name for name in here if here[name] != there.get(name)] == []
    assert sorted(here) == sorted(there)
    assert about == about_there
