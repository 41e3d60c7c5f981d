"""Incidents that can be recognised, and every file of a run searched for them: also of runs that fail halfway."""

import re
import sqlite3
import subprocess
import sys
import zipfile
from contextlib import closing

import geopandas as gpd
import pandas as pd
import pypdf
import pytest
from notebook_writer import write_notebook

import hicgeo as hg
from hicgeo.errors import DisclosureError
from hicgeo.output.pictures import Picture
from hicgeo.suite.run import open_run

OPEN = """
import geopandas as gpd
import pandas as pd
import shapely
import warnings
import hicgeo as hg
opened = hg.open_run(run, municipality=municipality)
seen = opened.incidents
first = seen.iloc[0]
"""
SHOWN = (
    "display(opened.intake, hg.quality_table(opened.intake), seen)",
    "opened.intake.rejected",
    "display(seen['modus'])",
    "print(seen['modus'].iloc[0].upper())",
    "seen['modus'].str.split().to_list()[0], first['modus']",
    "print(seen['address_key'].to_list())",
    "print('; '.join(seen.index[:2]))",
    "print(first.geometry.x, first.geometry.y)",
    "seen.geometry.get_coordinates()",
    "p = seen.geometry.to_crs(4326).iloc[0]\nprint(f'{p.y:.5f}, {p.x:.5f}')",
    "print(first['start'])",
    "print(seen['start'].dt.strftime('%d %B %Y %H.%M').tolist())",
    "seen.geometry.x.dropna().tolist()",
    "print(*seen.geometry.y.dropna().sample(frac=1, random_state=1))",
    "import base64\nprint(base64.b64encode(seen.drop(columns='geometry').to_csv().encode()).decode())",
    "seen.plot()",
    "warnings.warn(f'look at {first.name}, {first.modus}', stacklevel=1)",
)
SAVED = """
rates = hg.rates(opened.counts, opened.neighbourhoods, crime_type="woninginbraak", period="2024", base="dwellings",
                 norm=8.0)
opened.tell(rates)
opened.save(opened.map("Inbraken", period="2024").add_rates(rates), "02-rates")
for suffix in (".csv", ".xlsx"):
    opened.save_table(rates, "02-rates", suffix=suffix)
cell = gpd.GeoDataFrame({"incidents": [5.0]}, geometry=[shapely.box(150100, 520700, 150400, 520800)], crs=28992,
                        index=pd.RangeIndex(1, 2, name="rank"))
for suffix in (".gpkg", ".geojson", ".gpx"):
    opened.save_table(cell, "02-cell", suffix=suffix)
areas = cell.assign(expected=4.2, expected_low=1.0, expected_high=8.0, area_ha=3.0, hours="vrijdag", reasons="Hoog.",
                    backtest="Ving 21 %.", doubts="", kind="chronic", dwellings=5)
areas.attrs = {"crime_type": "woninginbraak", "horizon_days": 28}
opened.save_sheets(areas, "02-areas")
assert not set(pd.read_csv(opened.folder / "02-rates.csv", sep=";").columns) & {"modus"}
"""
FAILING = {
    "03-python": "raise ValueError(f'{seen.index.tolist()} {first.start} {first.geometry.x} {seen.to_csv()}')",
    "04-ours": """
for table, name, suffix in ((seen.drop(columns="geometry"), "04-rows", ".csv"), (seen[["geometry"]], "04-at", ".gpkg")):
    try:
        opened.save_table(table, name, suffix=suffix)
        raise AssertionError("it was saved")
    except hg.errors.DisclosureError as error:
        print(error)
raise hg.errors.InputError("it must be right", f"{first.name} {first.geometry.x} {first.modus}", "look again")
""",
}


HALFWAY = """
rates = hg.rates(opened.counts, opened.neighbourhoods, crime_type="woninginbraak", period="2024", base="dwellings",
                 norm=8.0)
opened.save(opened.map("Halverwege", period="2024").add_rates(rates), "05-halfway")
opened.say("Een zin.")
page = opened.map("Punten").add_hotspots(seen.assign(rank=range(len(seen)), incidents=50.0, expected=1.0))
opened.save(page, f"05-{first.name}")
"""
"""Fails with a map that is written, and another one of single incidents that is not."""


def plant(root):
    """Give every incident of the tiny project a number, an address, a text and a place that nobody else has."""
    path = root / "data" / "export.csv"
    table = pd.read_csv(path, sep=";", dtype=str)
    n = range(len(table))
    table["nr"] = [f"KNR-2024-{7300 + i}" for i in n]
    table["modus"] = [f"kanarietekst {i}: klom via schuur van mevrouw Vink{'x' * i}" for i in n]
    table["adres"] = [f"KANARIELAAN-{40 + i}-B" for i in n]
    located = table["x"].notna()
    table.loc[located, "x"] = [f"{float(x) + 37.31 + i / 10:.2f}" for i, x in enumerate(table.loc[located, "x"])]
    table.loc[located, "y"] = [f"{float(y) + 21.47 + i * 3:.2f}" for i, y in enumerate(table.loc[located, "y"])]
    table["van"] = table["tot"] = [moment.replace("10:00", f"03:{17 + i}") for i, moment in enumerate(table["van"])]
    bad = table.iloc[[0, 1, 2]].copy()  # a moment that does not exist, a number twice, axes exchanged
    bad["nr"] = ["KNR-2024-7400", table["nr"][1], "KNR-2024-7401"]
    bad.iloc[0, bad.columns.get_loc("van")] = "31-02-2024 03:59"
    bad.loc[2, ["x", "y"]] = bad.loc[2, ["y", "x"]].to_numpy()
    table = pd.concat([table, bad], ignore_index=True)
    table.to_csv(path, sep=";", index=False)
    file = root / "data" / "runs" / "tiny.yml"
    text = file.read_text(encoding="utf-8")
    text = text.replace("y: y, municipality", "y: y, modus: modus, address_key: adres, municipality")
    file.write_text(text.replace("  date: start", "  date: start\n  accept_unlocated: true"), encoding="utf-8")
    return table


def needles(table):
    """Regular expressions for whatever can tell one of these incidents."""
    found = [r"KNR-2024-7[34]\d\d", "kanarie", "Vink"]
    for van in table["van"]:
        day, time = van.split()
        d, m, y = day.split("-")
        hour = time.replace(":", "[:.]?")
        month = f"(?:{m}|{int(m)}|[a-z]{{3,9}})"
        found += [rf"{y}.?{m}.?{d}.{{0,5}}{hour}", rf"\b0?{int(d)}[-/. ]{month}[-/. ]{y}.{{0,5}}{hour}"]
    places = table.dropna(subset=["x", "y"])
    east, north = places["x"].astype(float), places["y"].astype(float)
    swapped = east > north
    east, north = east.where(~swapped, north), north.where(~swapped, east)
    round_earth = gpd.GeoSeries.from_xy(east, north, crs=28992)
    metres = [*east, *north, *round_earth.to_crs(3857).x, *round_earth.to_crs(3857).y]
    for value in metres:
        whole = str(int(value))  # 150137.31, 150.137,31 and 150 137, cut or rounded
        for number in {whole, str(round(value))}:
            groups = "[., ]?".join([number[::-1][i : i + 3][::-1] for i in range(0, len(number), 3)][::-1])
            # not inside the hexadecimal number of a cell or a file
            found.append(rf"(?<![\da-f.,#]){groups}(?![\da-f]|[.,]\d{{3}})")
    degrees = round_earth.to_crs(4326)
    found += [rf"(?<!\d){d:.6f}"[:-1].replace(".", "[.,]", 1) for d in (*degrees.x, *degrees.y)]
    return re.compile("|".join(dict.fromkeys(found)), re.IGNORECASE)


def texts(folder):
    """Everything that the files of a folder say, by name."""
    for path in sorted(folder.rglob("*")):
        if not path.is_file():
            continue
        yield f"the name {path.name}", path.name
        if path.suffix == ".xlsx":
            with zipfile.ZipFile(path) as book:
                yield from (
                    (f"{path.name}/{name}", book.read(name).decode("utf-8", "replace")) for name in book.namelist()
                )
        elif path.suffix == ".pdf":
            reader = pypdf.PdfReader(path)
            yield path.name, "\n".join([str(reader.metadata), *(page.extract_text() for page in reader.pages)])
        elif path.suffix == ".gpkg":
            with closing(sqlite3.connect(path)) as base:
                yield path.name, "\n".join(base.iterdump())
            yield f"{path.name} as places", gpd.read_file(path, layer=path.stem).to_wkt().to_csv()
        else:  # pictures and fonts are no text
            said = path.read_text(encoding="utf-8-sig", errors="replace")
            yield path.name, re.sub(r"base64,[A-Za-z0-9+/=]+|(?<=\"image/png\": \")[A-Za-z0-9+/=\\n]+", "", said)


def canaries(needle, folder):
    return {name: found for name, text in texts(folder) if (found := sorted({m[0] for m in needle.finditer(text)}))}


def call(*words):
    command = [sys.executable, "-c", "from hicgeo.suite.cli import app; app()", *words]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=300)


def test_no_incident_is_in_anything_that_a_run_leaves_also_when_it_fails(project):
    needle = needles(plant(project))
    notebooks = project / "notebooks"
    write_notebook(notebooks / "01-shows.ipynb", OPEN, *SHOWN)
    write_notebook(notebooks / "02-saves.ipynb", OPEN, SAVED)
    for name, code in FAILING.items():
        write_notebook(notebooks / f"{name}.ipynb", OPEN, "table = seen.copy(); table", code)
    done = call("run", "tiny")
    assert done.returncode == 1
    assert [f"Failed: {name}." in done.stderr for name in FAILING] == [True] * len(FAILING), done.stderr
    assert done.stderr.count("Failed") == len(FAILING), done.stderr
    out = project / "maps" / "tiny"
    kinds = {path.suffix for path in out.rglob("*") if path.is_file()}
    assert kinds == {".html", ".csv", ".xlsx", ".gpkg", ".geojson", ".gpx", ".pdf", ".json", ".ipynb"}
    assert canaries(needle, out) == {}
    assert needle.findall(done.stdout + done.stderr) == []
    shown = (out / "notebooks" / "01-shows.ipynb").read_text(encoding="utf-8")
    assert shown.count("[left out: rows") >= len(SHOWN) - 3, "all but a warning, a picture and what is counted"
    assert shown.count("[left out: a picture") == 1
    assert "image/png" not in shown
    # they were there to be found: in the reports that stay in the house
    private = "\n".join(path.read_text(encoding="utf-8") for path in (project / "data" / "private").rglob("*.log"))
    assert len(set(needle.findall(private))) > 20


def test_no_incident_is_in_what_a_failing_run_for_everybody_leaves(project, edit_run):
    """Its executed notebooks stay in the house; a map and a table are there, and why other things are not."""
    needle = needles(plant(project))
    edit_run("fictional: true", "fictional: true\nprofile: openbaar")
    notebooks = project / "notebooks"
    write_notebook(notebooks / "01-shows.ipynb", OPEN, *SHOWN)
    write_notebook(notebooks / "02-saves.ipynb", OPEN, SAVED[: SAVED.index("cell =")])
    for name, code in FAILING.items():
        write_notebook(notebooks / f"{name}.ipynb", OPEN, "table = seen.copy(); table", code)
    write_notebook(notebooks / "05-halfway.ipynb", OPEN, HALFWAY)
    done = call("run", "tiny")
    failing = [*FAILING, "05-halfway"]
    assert done.returncode == 1
    assert [f"Failed: {name}." in done.stderr for name in failing] == [True] * len(failing), done.stderr
    out = project / "maps" / "tiny"
    kinds = {path.suffix for path in out.rglob("*") if path.is_file()}
    assert kinds == {".html", ".csv", ".xlsx", ".json"}
    assert (out / "05-halfway.html").is_file(), "what was saved before it failed is searched too"
    assert canaries(needle, out) == {}
    assert needle.findall(done.stdout + done.stderr) == []
    private = "\n".join(path.read_text(encoding="utf-8") for path in (project / "data" / "private").rglob("*.log"))
    assert len(set(needle.findall(private))) > 20


def test_a_sentence_or_title_of_one_incident_is_refused_on_pages_for_others(project, edit_run):
    table = plant(project)
    x, y = table.loc[3, ["x", "y"]].astype(float)
    run = open_run("tiny")
    for said in (
        "Zie KNR-2024-7303.",
        "Dader klom: KANARIETEKST 3: klom via schuur.",
        "Kanarielaan-43-B weer",
        f"{x:.0f}, {y:.0f}",
    ):
        with pytest.raises(DisclosureError, match="single incident") as refused:
            run.say(said)
        assert said not in str(refused.value)
    assert run.say("In 2024 waren er 10 inbraken, 8,4 per 1.000 woningen.").startswith("In 2024")
    with pytest.raises(DisclosureError, match="single incident"):
        run.save(run.map("Inbraak KNR-2024-7303"), "02-title")
    assert not (project / "maps").exists()
    edit_run("fictional: true", "fictional: true\nprofile: intern")
    assert open_run("tiny").say("Zie KNR-2024-7303.")


def leak(suffix, folder):
    """A file of a kind with one incident in it, as somebody makes it who goes around the gate."""
    at = gpd.GeoDataFrame({"n": [1]}, geometry=gpd.points_from_xy([150137.31], [520521.47]), crs=28992)
    if suffix in (".gpkg", ".geojson", ".gpx"):
        hg.write_table(at, folder / f"a{suffix}", profile="intern")
    elif suffix == ".pdf":
        picture = Picture()
        picture.text(0.1, 0.5, "om 03.17 op 13 januari 2024 03.17")
        picture.savefig(folder / "a.pdf")
    elif suffix in (".csv", ".xlsx"):
        hg.write_table(pd.DataFrame({"n": ["KNR-2024-7300"]}), folder / f"a{suffix}", profile="intern")
    else:
        (folder / f"a{suffix}").write_text('{"said": "150.137,3 - 520.521,5"}', encoding="utf-8")


@pytest.mark.parametrize("suffix", [".html", ".csv", ".xlsx", ".gpkg", ".geojson", ".gpx", ".pdf", ".json", ".ipynb"])
def test_the_search_finds_one_incident_in_any_kind_of_file(project, tmp_path, suffix):
    needle = needles(plant(project))
    folder = tmp_path / "out"
    folder.mkdir()
    assert canaries(needle, folder) == {}
    leak(suffix, folder)
    assert any(name.startswith(f"a{suffix}") for name in canaries(needle, folder))
