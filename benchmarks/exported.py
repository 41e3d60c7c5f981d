"""What an exported map costs, asks for, runs and says: python benchmarks/exported.py PART ...

Parts: payloads (200 texts in every place of every page), notebooks (the same in the data and settings of a run, all
seven notebooks executed), bytes (what may not change a page), sizes (one municipality and the whole country, beside
plain folium), rules (requests and axe-core). Each replaces its own part of maps.json.
"""

from __future__ import annotations

import hashlib
import json
import os
import platform
import re
import statistics
import subprocess
import sys
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
sys.path[:0] = [str(HERE), str(HERE.parent / "tests" / "output")]
RESULTS = HERE / "results" / "maps.json"
ARGUMENTS = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-background-networking"]
DATA = Path(os.environ.get("HICGEO_REALDATA", HERE.parent.parent / "shared" / "data"))


def launch(playwright: Any) -> Any:
    from hicgeo.output._browser import find_browser

    return playwright.chromium.launch(executable_path=find_browser(), args=ARGUMENTS)


# payloads


def part_payloads() -> dict[str, Any]:
    import payloads
    from playwright.sync_api import sync_playwright

    counts: dict[str, dict[str, int]] = {}
    with sync_playwright() as playwright, tempfile.TemporaryDirectory() as folder:
        browser = launch(playwright)
        watch = payloads.Watch(browser)
        bare = Path(folder) / "bare.html"
        control = 0
        for payload in payloads.PAYLOADS:
            bare.write_text(f"<!DOCTYPE html><html><body>{payload}</body></html>", encoding="utf-8")
            control += watch.visit(bare) > 0

        def seen(name: str, path: Path, texts: tuple[str, ...]) -> None:
            for policy, page in (("with policy", path), ("policy removed", payloads.without_policy(path))):
                _count(counts, f"{name}, {policy}", watch.visit(page, texts[0]), len(texts))

        groups = [payloads.PAYLOADS[start : start + 8] for start in range(0, len(payloads.PAYLOADS), 8)]
        for n, group in enumerate(groups):
            made = payloads.hostile_map(group)
            seen("map", made.save(Path(folder) / "kaart.html"), group)
            for payload in group:
                seen("map, head", payloads.hostile_head(payload).save(Path(folder) / "kop.html"), (payload,))
                for name, path in payloads.hostile_lists(Path(folder), payload, made).items():
                    seen(name, path, (payload,))
            page = payloads.hostile_notebook(Path(folder) / "nb", group)
            _count(counts, "shown in a notebook, which has no policy", watch.visit(page), len(group))
            print(n, counts, flush=True)
        browser.close()
    return {"payloads": len(payloads.PAYLOADS), "control_that_run_when_pasted": control, "pages": counts}


def part_notebooks() -> dict[str, Any]:
    """The seven notebooks executed on data and settings made of payloads, and all that they save."""
    import hostile_run
    import payloads
    from playwright.sync_api import sync_playwright

    counts: dict[str, dict[str, int]] = {}
    notebooks = sorted((HERE.parent / "notebooks").glob("*.ipynb"))
    expected = {
        name for each in notebooks for name in re.findall(r'here\.save\([^\n]*?\\"(\d\d-[a-z-]+)\\"', each.read_text())
    }
    cells = 0
    with sync_playwright() as playwright, tempfile.TemporaryDirectory() as folder:
        browser = launch(playwright)
        watch = payloads.Watch(browser)
        for n in range(3):  # a third of the payloads a run: as many as there are areas to bear their names
            group = payloads.PAYLOADS[n::3]
            project = Path(folder) / f"run{n}"
            hostile_run.hostile_run(project, group)
            runs = [(each, each.stem, {}) for each in notebooks]
            plan = hostile_run.hostile_plan(project, group)
            runs.append((notebooks[-1], f"{notebooks[-1].stem} with a plan", {"plan_file": str(plan)}))
            for notebook, name, parameters in runs:
                page, faults = hostile_run.executed(project, notebook, parameters)
                if faults:
                    raise RuntimeError(f"{name}, run {n}: {faults}")
                cells += len(re.findall(r'"cell_type": "code"', notebook.read_text()))
                _count(counts, f"notebook {name}, executed", watch.visit(page), len(group))
            saved = sorted((project / "maps" / "hostile").glob("*.html"))
            if {each.stem for each in saved} != expected:
                raise RuntimeError(f"maps of run {n}: {[each.name for each in saved]}, not {sorted(expected)}")
            for page in saved:
                for policy, made in (("with policy", page), ("policy removed", payloads.without_policy(page))):
                    _count(counts, f"maps of those runs, {policy}", watch.visit(made, group[0]), len(group))
            for sheet in sorted((project / "maps" / "hostile").rglob("*.pdf")):
                _count(counts, "target sheets (PDF): what could act", len(payloads.acting(sheet)), 0)
            print(n, counts, flush=True)
        browser.close()
    return {"cells_that_ran": cells, "cells_that_failed": 0, "pages": counts}


def _count(counts: dict[str, dict[str, int]], name: str, executions: int, texts: int) -> None:
    line = counts.setdefault(name, {"payloads": 0, "pages": 0, "executions": 0})
    line["payloads"] += texts
    line["pages"] += 1
    line["executions"] += executions


# bytes

CHILD = """
import hashlib, json, locale, sys
locale.setlocale(locale.LC_ALL, "")  # fails when the machine does not have it
sys.path[:0] = json.loads(sys.argv[1])
import exported
print(json.dumps(exported.made(sys.argv[2] == "shuffled")))
"""
FACTORS: dict[str, tuple[dict[str, str], str]] = {
    "as it is": ({}, ""),
    "another process": ({}, ""),
    "PYTHONHASHSEED 1": ({"PYTHONHASHSEED": "1"}, ""),
    "PYTHONHASHSEED 4242": ({"PYTHONHASHSEED": "4242"}, ""),
    "locale C": ({"LC_ALL": "C", "LANG": "C"}, ""),
    "locale C.UTF-8": ({"LC_ALL": "C.UTF-8", "LANG": "C.UTF-8"}, ""),
    "locale nl_NL.UTF-8": ({"LC_ALL": "nl_NL.UTF-8", "LANG": "nl_NL.UTF-8"}, ""),
    "locale de_DE.UTF-8": ({"LC_ALL": "de_DE.UTF-8", "LANG": "de_DE.UTF-8"}, ""),
    "locale tr_TR.UTF-8": ({"LC_ALL": "tr_TR.UTF-8", "LANG": "tr_TR.UTF-8"}, ""),
    "time zone Tokyo": ({"TZ": "Asia/Tokyo"}, ""),
    "time zone Honolulu": ({"TZ": "Pacific/Honolulu"}, ""),
    "one thread": ({"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", "NUMBA_NUM_THREADS": "1"}, ""),
    "two threads": ({"OMP_NUM_THREADS": "2", "OPENBLAS_NUM_THREADS": "2", "NUMBA_NUM_THREADS": "2"}, ""),
    "rows in another order": ({}, "shuffled"),
    "all at once": (
        {
            "PYTHONHASHSEED": "77",
            "LC_ALL": "tr_TR.UTF-8",
            "TZ": "Asia/Tokyo",
            "OMP_NUM_THREADS": "1",
            "NUMBA_NUM_THREADS": "1",
        },
        "shuffled",
    ),
}


def made(shuffled: bool) -> dict[str, str]:
    """SHA-256 of every page and picture of one fictional municipality."""
    import scenes

    from hicgeo.output.briefing import BriefingCard, IndexEntry, write_briefing, write_index
    from hicgeo.output.maps import HotspotMap

    def mixed(table: Any) -> Any:
        turned = table.sample(frac=1, random_state=7) if shuffled else table
        turned.attrs = dict(table.attrs)
        return turned

    areas = scenes.areas(6, 5, evil=True)
    drawn = HotspotMap(mixed(areas), title="Inbraken", period="2024")
    drawn.add_rates(mixed(scenes.rates(areas))).add_surface(scenes.surface()).add_hotspots(mixed(scenes.hotspots()))
    drawn.add_target_areas(mixed(scenes.targets())).add_dark_days(mixed(scenes.season(areas)))
    drawn.add_seasons(scenes.clusters(areas)).add_months(mixed(scenes.counts(areas)), crime_type="woninginbraak")
    streets = areas[["geometry"]].set_geometry(areas.boundary)
    drawn.add_background(mixed(streets), kind="streets")
    card = BriefingCard("Inbraken", drawn.picture(), ("Zin.",), tuple(drawn.brief()))
    with tempfile.TemporaryDirectory() as folder:
        files = {
            "map": drawn.save(f"{folder}/kaart.html"),
            "index": write_index(
                f"{folder}/index.html", title="t", entries=[IndexEntry("a", "kaart.html", card.picture)]
            ),
            "briefing": write_briefing(f"{folder}/briefing.html", title="t", cards=[card]),
        }
        pages = {name: hashlib.sha256(path.read_bytes()).hexdigest() for name, path in files.items()}
    return {**pages, "picture": hashlib.sha256(card.picture).hexdigest()}


def child(factor: str) -> dict[str, str]:
    """What `made` gives in a process of its own, under one factor."""
    environment, order = FACTORS[factor]
    ran = subprocess.run(
        [sys.executable, "-c", CHILD, json.dumps(sys.path[:2]), order],
        env={**os.environ, **environment}, capture_output=True, text=True, check=True,
    )  # fmt: skip
    return dict(json.loads(ran.stdout))


def part_bytes() -> dict[str, Any]:
    seen = {factor: child(factor) for factor in FACTORS}
    reference = seen["as it is"]
    return {factor: {name: each[name] == reference[name] for name in reference} for factor, each in seen.items()}


# sizes


def country() -> Any:
    """The 345 municipalities as a neighbourhood table, with made-up counts."""
    import geopandas as gpd
    import pandas as pd

    read = gpd.read_file(DATA / "nl_national" / "gemeenten_2022.gpkg").set_index("code")
    number = {"dwellings": "dwelling_total", "households": "dwelling_total", "residents": "population"}
    table = {ours: read[theirs].round().astype("Int64") for ours, theirs in number.items()}
    return gpd.GeoDataFrame(
        {
            "name": read["name"].astype("str"), "level": "gemeente",
            "municipality": pd.Series(read.index, index=read.index, dtype="str"), **table,
            "businesses": table["dwellings"] // 8, "is_water": False, "vintage": pd.array([2022] * len(read), "Int64"),
        },
        geometry=read.geometry, crs=28992, index=pd.Index(read.index, name="code", dtype="str"),
    )  # fmt: skip


def country_hotspots(areas: Any) -> Any:
    """Three hotspots of three to nine cells of 100 m in every municipality."""
    import geopandas as gpd
    import numpy as np
    import pandas as pd
    import shapely

    rng = np.random.default_rng(1)
    inside = areas.representative_point()
    shapes, counted = [], []
    for x, y in zip(inside.x, inside.y, strict=True):
        for _ in range(3):
            west, south = np.floor((np.array([x, y]) + rng.normal(0, 1500, 2)) / 100) * 100
            # by sides, as those of the library: what is in several pieces is not for others
            steps = np.cumsum(np.array([(1, 0), (-1, 0), (0, 1), (0, -1)])[rng.integers(0, 4, 8)], axis=0) * 100
            shapes.append(shapely.union_all([shapely.box(west + i, south + j, west + i + 100, south + j + 100)
                                             for i, j in [(0, 0), *steps]]))  # fmt: skip
            counted.append(float(rng.integers(10, 80)))
    n = len(shapes)
    spots = gpd.GeoDataFrame(
        {
            "incidents": counted, "expected": [float(each) / 3 for each in counted], "ratio": 3.0,
            "area_ha": shapely.area(shapes) / 1e4, "share_incidents": 0.001, "share_area": 0.0001, "p_value": np.nan,
            "rank_low": np.arange(1, n + 1), "rank_high": np.arange(1, n + 1) + 20,
            "kind": pd.array(["beschrijvend"] * n, dtype="str"),
        },
        geometry=shapes, crs=28992, index=pd.RangeIndex(1, n + 1, name="rank"),
    )  # fmt: skip
    spots.attrs["places"] = "cells"
    return spots


def made_up_rates(areas: Any) -> Any:
    """Rates of made-up counts; an area without dwellings has one, so that folium can draw it too."""
    import numpy as np
    import scenes

    rates = scenes.rates(areas.assign(dwellings=areas["dwellings"].clip(lower=1)))
    rng = np.random.default_rng(2)
    rates["incidents"] = rng.poisson(areas["dwellings"].to_numpy(float) * 0.004).astype(float)
    rates["rate"] = rates["incidents"] / rates["base"] * 1000
    rates["rate_low"], rates["rate_high"] = rates["rate"] * 0.8, rates["rate"] * 1.2
    return rates


def plain_folium(areas: Any, rates: Any, hotspots: Any, path: Path) -> Path:
    """The same map as folium makes it when called as its guide does: choropleth, tooltip, outlines, tiles."""
    import folium

    table = areas.join(rates[["incidents", "rate", "rate_low", "rate_high", "state"]].astype({"state": "str"}))
    flat = table.reset_index()
    west, south, east, north = areas.to_crs(4326).total_bounds
    drawn = folium.Map()
    drawn.fit_bounds([[south, west], [north, east]])
    folium.Choropleth(flat, data=flat, columns=["code", "rate"], key_on="feature.properties.code").add_to(drawn)
    tooltip = folium.GeoJsonTooltip(["name", "incidents", "rate", "rate_low", "rate_high", "state"])
    folium.GeoJson(flat, tooltip=tooltip).add_to(drawn)
    spots = hotspots.reset_index()
    folium.GeoJson(spots, tooltip=folium.GeoJsonTooltip(["rank", "incidents", "ratio"])).add_to(drawn)
    folium.LayerControl().add_to(drawn)
    drawn.save(path)
    return path


def first_paint(browser: Any, path: Path) -> dict[str, Any]:
    """Milliseconds to the first content and to all that is drawn, and what was asked of the network (and refused)."""
    context = browser.new_context(viewport={"width": 1280, "height": 860})
    asked: list[str] = []

    def answer(route: Any) -> None:
        url = route.request.url
        if url.startswith("file:"):
            route.continue_()
        else:
            asked.append(url)
            route.abort()

    context.route("**/*", answer)
    page = context.new_page()
    page.goto(path.as_uri(), wait_until="load")
    page.evaluate("() => new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))")
    times = page.evaluate(
        "() => ({loaded: performance.getEntriesByType('navigation')[0].loadEventEnd, drawn: performance.now(),"
        " shapes: document.querySelectorAll('path.leaflet-interactive').length})"
    )
    page.wait_for_timeout(400)  # the browser tells of its first paint a while after it
    first = page.evaluate("(performance.getEntriesByName('first-contentful-paint')[0] || {}).startTime || null")
    context.close()
    return {**times, "first": first, "requests": len(asked), "hosts": sorted({url.split("/")[2] for url in asked})}


def part_sizes() -> dict[str, Any]:
    from playwright.sync_api import sync_playwright

    import hicgeo as hg
    from hicgeo.output.maps import HotspotMap

    town = hg.sample_city(seed=42)
    counts_of_town = town.neighbourhoods
    rates_of_town = made_up_rates(counts_of_town)
    points = town.incidents[town.incidents["crime_type"] == "woninginbraak"]
    grid = hg.Grid.over(counts_of_town, cell_size=100)
    points = grid.snap(points)  # as for every map that goes out
    surface = hg.kde(points, grid, bandwidth=400, kernel="quartic", edge="diggle")
    spots = hg.hotspots(points, grid, bandwidth=400, share=0.02, rng=1)
    areas = country()
    rates, everywhere = made_up_rates(areas), country_hotspots(areas)
    with tempfile.TemporaryDirectory() as name, sync_playwright() as playwright:
        folder = Path(name)
        one = HotspotMap(counts_of_town, title="Gemeente").add_rates(rates_of_town)
        one.add_surface(surface).add_hotspots(spots)
        began = time.perf_counter()
        all_of_it = HotspotMap(areas, title="Nederland").add_rates(rates).add_hotspots(everywhere)
        pages = {
            "municipality, rates": HotspotMap(counts_of_town, title="Gemeente").add_rates(rates_of_town)
            .save(folder / "rates.html"),
            "municipality, rates, surface and hotspots": one.save(folder / "one.html"),
            "municipality, plain folium": plain_folium(counts_of_town, rates_of_town, spots, folder / "one-f.html"),
            "country, 345 municipalities and 1,035 hotspots": all_of_it.save(folder / "all.html"),
            "country, plain folium": plain_folium(areas, rates, everywhere, folder / "all-f.html"),
        }  # fmt: skip
        seconds = time.perf_counter() - began
        browser = launch(playwright)
        rounds: dict[str, list[dict[str, Any]]] = {key: [] for key in pages}
        for _ in range(5):
            for key, path in pages.items():
                rounds[key].append(first_paint(browser, path))
        browser.close()
        result = {}
        for key, path in pages.items():
            median = {
                each: round(statistics.median(line[each] for line in rounds[key]))
                if all(line[each] is not None for line in rounds[key]) else None
                for each in ("first", "loaded", "drawn")
            }  # fmt: skip
            last = rounds[key][-1]
            result[key] = {
                "bytes": path.stat().st_size, **median, "shapes": last["shapes"], "requests": last["requests"],
                "hosts": last["hosts"],
            }  # fmt: skip
    return {"rounds": 5, "seconds_to_make_both_countries": round(seconds, 1), "pages": result}


# rules


def part_rules() -> dict[str, Any]:
    import scenes
    from axe_core_python.sync_playwright import Axe
    from payloads import USE
    from playwright.sync_api import sync_playwright

    from hicgeo.output.briefing import BriefingCard, IndexEntry, write_briefing, write_index
    from hicgeo.output.maps import HotspotMap

    areas = scenes.areas()
    drawn = HotspotMap(areas, title="Inbraken", fictional=True).add_rates(scenes.rates(areas))
    drawn.add_surface(scenes.surface()).add_hotspots(scenes.hotspots()).add_target_areas(scenes.targets())
    drawn.add_dark_days(scenes.season(areas)).add_seasons(scenes.clusters(areas))
    drawn.add_months(scenes.counts(areas), crime_type="woninginbraak")
    card = BriefingCard("Inbraken", drawn.picture(), ("Zin.",), tuple(drawn.brief()))
    found: dict[str, Any] = {}
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        pages = {
            "map": drawn.save(f"{folder}/kaart.html"),
            "index": write_index(
                f"{folder}/index.html", title="t", entries=[IndexEntry("a", "kaart.html", card.picture)]
            ),
            "briefing": write_briefing(f"{folder}/briefing.html", title="t", cards=[card]),
        }
        browser = launch(playwright)
        for name, path in pages.items():
            for width in (390, 1280):
                page = browser.new_page(viewport={"width": width, "height": 860})
                asked: list[str] = []
                page.on("request", lambda request, asked=asked: asked.append(request.url))
                page.goto(path.as_uri())
                before = Axe().run(page)
                page.evaluate(USE, "Buurt")
                page.mouse.move(200, 400)
                page.mouse.wheel(0, -300)
                page.wait_for_timeout(300)
                page.emulate_media(media="print")
                page.wait_for_timeout(200)
                page.emulate_media(media="screen")
                after = Axe().run(page)
                found[f"{name}, {width} px"] = {
                    "requests_beside_the_file": len(asked) - 1,
                    "axe_passes": len(before["passes"]),
                    "axe_violations": len(before["violations"]) + len(after["violations"]),
                    "axe": before["testEngine"]["version"],
                }
                page.close()
        found |= notebook_rules(browser, Path(folder))
        browser.close()
    return found


PARTS_OF_PAGE = {"what_cells_show": "{include: [['.jp-OutputArea-output']]}", "whole_page_of_nbconvert": "document"}


def notebook_rules(browser: Any, folder: Path) -> dict[str, Any]:
    """Rules of axe-core that the executed notebooks of two runs of the sample break, with the places of each.

    What cells show is ours; the rest of the page is the template of nbconvert.
    """
    import public_runs
    from axe_core_python.base import AXE_SCRIPT
    from nbconvert import HTMLExporter

    found = {}
    for profile, change in {"driehoek": {}, "openbaar": public_runs.PUBLIC}.items():
        project = public_runs.project(folder / profile, "sample", change)
        public_runs.execute(project, "sample")
        # a run for everybody keeps its notebooks in the house
        folders = (project / each / "sample" / "notebooks" for each in ("maps", "data/private"))
        for notebook in sorted(next(each for each in folders if each.is_dir()).glob("*.ipynb")):
            shown = folder / f"{profile}-{notebook.stem}.html"
            shown.write_text(HTMLExporter().from_filename(str(notebook))[0], encoding="utf-8")
            page = browser.new_page()
            page.route(
                "**/*", lambda route: route.continue_() if route.request.url.startswith("file:") else route.abort()
            )
            page.goto(shown.as_uri())
            page.evaluate(f"() => {{ {AXE_SCRIPT} }}")
            pictures = page.eval_on_selector_all("img", "all => all.map(each => each.alt)")
            about: dict[str, Any] = {
                "pictures": len(pictures),
                "without_description": sum("No descr" in each for each in pictures),
            }
            for part, where in PARTS_OF_PAGE.items():
                about[f"axe_violations, {part}"] = page.evaluate(
                    f"() => axe.run({where}).then(found =>"
                    " Object.fromEntries(found.violations.map(each => [each.id, each.nodes.length])))"
                )
            page.close()
            found[f"notebook {notebook.stem}, {profile}"] = about
    return found


PARTS = {
    "payloads": part_payloads,
    "notebooks": part_notebooks,
    "bytes": part_bytes,
    "sizes": part_sizes,
    "rules": part_rules,
}


def main(names: list[str]) -> None:
    for name in names or list(PARTS):
        began = time.perf_counter()
        content = PARTS[name]()
        result = json.loads(RESULTS.read_text(encoding="utf-8")) if RESULTS.is_file() else {}
        result[name] = {
            "date": datetime.now(UTC).date().isoformat(),
            "machine": {"cores": os.cpu_count(), "system": platform.system(), "python": platform.python_version()},
            "seconds": round(time.perf_counter() - began),
            **content,
        }
        RESULTS.write_text(json.dumps(result, indent=1, ensure_ascii=False, sort_keys=True) + "\n", encoding="utf-8")
        print(name, json.dumps(content, indent=1, ensure_ascii=False)[:3000], flush=True)


if __name__ == "__main__":
    main(sys.argv[1:])
