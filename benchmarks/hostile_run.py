"""A run of the suite whose data, settings and files are made of payloads, and its notebooks executed on it."""

from __future__ import annotations

import contextlib
import json
import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import scenes
import shapely
import yaml

ROWS, COLUMNS = 8, 9
TOWN, OTHER = "GM9999", "GM9998"
EXTRA: dict[str, dict[str, Any]] = {
    "06-target-areas": {"capacity_ha": 60.0, "measures_file": "../data/measures.csv"},
    "07-operation-evaluation": {"planted_fall": 0.6},
}
"""Parameters with which a notebook reaches its last cell on this run."""


def hostile_run(folder: Path, group: tuple[str, ...]) -> Path:
    """Write a project of its own: names, codes, ids, columns, file names and settings of its run are payloads."""
    plain = [each.replace("\u2028", " ") for each in group]  # YAML and the header of a CSV know it as the end of a line
    for part in ("data/runs", "notebooks"):
        (folder / part).mkdir(parents=True, exist_ok=True)
    areas = scenes.areas(COLUMNS, ROWS)
    areas.index = [f"BU9999{n // COLUMNS:02d}{n % COLUMNS:02d}" for n in range(len(areas))]
    neighbourhoods = _write_areas(folder / "data", areas, plain)
    incidents = _write_incidents(folder / "data", areas, plain)
    _write_measures(folder / "data", plain)
    settings = {
        "name": "hostile", "title": plain[0], "fictional": True, "neighbourhoods": neighbourhoods,
        "incidents": {**incidents, "crs": "EPSG:28992", "date": "start", "period": ["2020-01", "2024-12"],
                      "source": plain[1 % len(plain)], "crime_types": dict.fromkeys(["A20", *plain], "woninginbraak")},
        "at_risk": _write_homes(folder / "data", areas, plain),
        "map": {"background": _write_around(folder / "data", areas, plain)},
        "crime_types": {"woninginbraak": {"base": "dwellings"}}, "rates": {"period": "2024"},
        "handling": {**{each: plain[(n + 2) % len(plain)] for n, each in
                        enumerate(("purpose", "recipient", "legal_basis", "classification"))},
                     "retain_until": "2030-01-01"},
    }  # fmt: skip
    file = folder / "data" / "runs" / "hostile.yml"
    file.write_text(yaml.safe_dump(settings, allow_unicode=True), encoding="utf-8")
    return file


def hostile_plan(project: Path, group: tuple[str, ...]) -> Path:
    """Write a plan of an operation on that run, with payloads for its name and its areas."""
    from datetime import date

    import hicgeo as hg

    here = hg.open_run("hostile", start=project / "notebooks")
    areas = here.neighbourhoods.query("not is_water")
    row = areas.index.str.slice(6, 8).astype(int)
    labelled = areas.set_axis([f"{group[n % len(group)]} {n}" for n in range(len(areas))])[["geometry"]]
    plan = hg.plan_operation(
        here.incidents, labelled[row < 2], labelled[row > 3], name=group[-1], crime_type="woninginbraak",
        before=("2022-01-01", "2023-12-31"), during=("2024-01-01", "2024-12-31"), expected_fall=0.2, measure="ratio",
        written_on=date(2023, 12, 15),
    )  # fmt: skip
    return hg.write_plan(plan, project / "data" / "plan.yml")


def executed(project: Path, notebook: Path, parameters: Mapping[str, Any] | None = None) -> tuple[Path, list[str]]:
    """Run the cells of a notebook on the run `hostile`; give it as a web page, and the faults of cells that stopped."""
    import nbformat
    from IPython.core.interactiveshell import InteractiveShell
    from IPython.utils.capture import capture_output
    from nbconvert import HTMLExporter

    content = nbformat.read(notebook, as_version=4)
    given = {"run": "hostile", **EXTRA.get(notebook.stem, {}), **(parameters or {})}
    shell, faults = InteractiveShell.instance(), []
    shell.reset(new_session=True)
    with contextlib.chdir(project / "notebooks"):
        os.environ["HICGEO_RUN"] = "hostile"
        for place, cell in enumerate(content.cells):
            if cell.cell_type != "code":
                continue
            source = cell.source
            if "parameters" in cell.metadata.get("tags", []):
                source += "".join(f"\n{name} = {value!r}" for name, value in given.items())
            with capture_output() as seen:
                ran = shell.run_cell(source, store_history=False)
            if not ran.success:
                faults.append(f"cell {place}: {ran.error_before_exec or ran.error_in_exec!r}")
            cell.outputs = [
                nbformat.v4.new_output("display_data", data={k: v for k, v in each.data.items() if isinstance(v, str)})
                for each in seen.outputs
            ]
            if seen.stdout:
                cell.outputs.append(nbformat.v4.new_output("stream", text=seen.stdout))
    body, _ = HTMLExporter().from_notebook_node(content)
    page = project / f"{notebook.stem}.html"
    page.write_text(body, encoding="utf-8")
    return page, faults


def _write_geojson(table: gpd.GeoDataFrame, path: Path) -> str:
    shapes = json.loads(table.to_json(to_wgs84=False, drop_id=True))
    shapes["crs"] = {"type": "name", "properties": {"name": "urn:ogc:def:crs:EPSG::28992"}}
    path.write_text(json.dumps(shapes), encoding="utf-8")
    return f"../{path.name}"


def _write_areas(folder: Path, areas: gpd.GeoDataFrame, plain: list[str]) -> dict[str, Any]:
    code, name, homes, town = (f"{plain[n % len(plain)]} {n}" for n in range(4))
    table = areas[["geometry"]].assign(**{
        code: areas.index, name: [plain[n % len(plain)] for n in range(len(areas))], homes: 900, town: TOWN,
    })  # fmt: skip
    columns = {"code": code, "name": name, "dwellings": homes, "municipality": town}
    path = _write_geojson(table, folder / "areas.geojson")
    return {"path": path, "level": "buurt", "vintage": 2024, "columns": columns}


def _write_incidents(folder: Path, areas: gpd.GeoDataFrame, plain: list[str]) -> dict[str, Any]:
    """An export in which some areas are busier and the last weeks are too, and a record of payloads only for each."""
    rng = np.random.default_rng(3)
    titles = [f"{plain[(n + 4) % len(plain)]} {n}" for n in range(8)]
    dry = areas[~areas["is_water"]]
    lines = [titles]
    for n in range(1600):
        place = rng.exponential(12) if n % 5 < 3 else rng.uniform(0, len(dry))
        west, south, east, north = dry.geometry.iloc[min(len(dry) - 1, int(place))].bounds
        days = rng.integers(0, 5 * 365) if n % 12 else rng.integers(5 * 365 - 80, 5 * 365)
        moment = pd.Timestamp("2020-01-01") + pd.Timedelta(days=int(days), hours=int(rng.integers(0, 24)))
        when = f"{moment:%d-%m-%Y %H:%M}"
        at = (str(round(rng.uniform(west, east))), str(round(rng.uniform(south, north))))
        text = plain[n % len(plain)]
        lines.append([f"{text} nr {n}", text if n % 7 else "A20", when, when, *at, text, text])
    lines += [[each] * len(titles) for each in plain]
    quoted = ["\t".join('"' + cell.replace('"', '""') + '"' for cell in line) for line in lines]
    export = folder / f"{re.sub('[/]', '_', plain[0])[:60]}.csv"
    export.write_text("\r\n".join(quoted), encoding="utf-8")
    ours = ("incident_id", "crime_type", "start", "end", "x", "y", "modus", "target")
    return {"path": f"../{export.name}", "columns": dict(zip(ours, titles, strict=True))}


def _write_homes(folder: Path, areas: gpd.GeoDataFrame, plain: list[str]) -> dict[str, Any]:
    rng = np.random.default_rng(4)
    west, south, east, north = areas.total_bounds
    points = gpd.points_from_xy(rng.uniform(west, east, 9000), rng.uniform(south, north, 9000), crs=28992)
    table = gpd.GeoDataFrame(
        {f"{plain[2 % len(plain)]} 9": [plain[n % len(plain)] for n in range(9000)]}, geometry=points
    )
    table.to_file(folder / "homes.gpkg", layer="homes", driver="GPKG")
    return {"path": "../homes.gpkg"}


def _write_around(folder: Path, areas: gpd.GeoDataFrame, plain: list[str]) -> list[dict[str, Any]]:
    """Municipalities and streets, as many as there are payloads to be their names."""
    west, south, east, north = areas.total_bounds
    width = (east - west + 1000) / len(plain)
    strips = [shapely.box(west - 500 + n * width, north, west - 500 + (n + 1) * width, north + 900)
              for n in range(len(plain))]  # fmt: skip
    towns = gpd.GeoDataFrame(
        {"gemeentecode": [f"GM{8000 + n}" for n in range(len(plain))], "gemeentenaam": plain},
        geometry=strips,
        crs=28992,
    )
    side = np.arange(south + 50, north, 100)  # every cell has one
    names = [plain[n % len(plain)] for n in range(len(side))]
    across = [shapely.LineString([(west, at), (east, at)]) for at in side]
    lines = gpd.GeoDataFrame({f"{plain[1 % len(plain)]} naam": names}, geometry=across, crs=28992)
    streets = {"kind": "streets", "path": _write_geojson(lines, folder / "streets.geojson"), "targets": True,
               "name": plain[3 % len(plain)], "columns": {"name": f"{plain[1 % len(plain)]} naam"}}  # fmt: skip
    return [{"kind": "neighbours", "path": _write_geojson(towns, folder / "towns.geojson")}, streets]


def _write_measures(folder: Path, plain: list[str]) -> None:
    kinds = [("dader", "slachtoffer", "situatie")[n % 3] for n in range(len(plain))]
    table = pd.DataFrame({"crime_type": "woninginbraak", "sector": ["", *plain[1:]], "aimed_at": kinds,
                          "fits": "altijd", "measure": plain})  # fmt: skip
    table.to_csv(folder / "measures.csv", sep=";", index=False, encoding="utf-8")
