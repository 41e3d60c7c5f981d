"""What the run file names to be drawn around the areas, and the briefing that every municipality of a run gets."""

import json
import re

import geopandas as gpd
import pandas as pd
import pytest
import shapely
from notebook_writer import write_notebook

from hicgeo.errors import ConfigError
from hicgeo.suite.check import check_run
from hicgeo.suite.execute import run_suite
from hicgeo.suite.run import open_run

AROUND = """
map:
  background:
    - {kind: neighbours, path: ../gemeenten.geojson}
    - {kind: water, path: ../water.geojson}
    - {kind: streets, path: ../wegen.geojson, name: Hoofdwegen}
"""
SAVE = """
import hicgeo as hg
opened = hg.open_run(run, municipality=municipality)
rates = hg.rates(opened.counts, opened.neighbourhoods, crime_type="woninginbraak", period="2024", base="dwellings",
                 norm=norm)
opened.tell(rates)
opened.save(opened.map("Inbraken", period="2024").add_rates(rates), "02-rates")
"""


def shapes(path, *rows):
    """A GeoJSON file in RD of squares and lines, each with its properties."""
    features = []
    for properties, kind, west, east in rows:
        ring = [[west, 520000], [east, 520000], [east, 521000], [west, 521000], [west, 520000]]
        geometry = {"type": kind, "coordinates": [ring] if kind == "Polygon" else ring[:2]}
        features.append({"type": "Feature", "properties": properties, "geometry": geometry})
    crs = {"type": "name", "properties": {"name": "urn:ogc:def:crs:EPSG::28992"}}
    path.write_text(json.dumps({"type": "FeatureCollection", "crs": crs, "features": features}), encoding="utf-8")


@pytest.fixture
def around(project, edit_run):
    data = project / "data"
    towns = [("GM9901", "Eerstadt", 150000), ("GM9902", "Tweedorp", 152000), ("GM9903", "Buurgemeente", 153000)]
    rows = [({"gemeentecode": code, "gemeentenaam": name}, "Polygon", west, west + 1000) for code, name, west in towns]
    shapes(data / "gemeenten.geojson", *rows)
    shapes(data / "water.geojson", ({"geheim": "CANARY"}, "Polygon", 149500, 149900))
    shapes(data / "wegen.geojson", ({"straat": "CANARY"}, "LineString", 150000, 151000))
    edit_run("handling:", AROUND + "handling:")


def block(page):
    return json.loads(re.search(r'id="hicgeo-page">(.*?)</script>', page, flags=re.DOTALL)[1])


def test_every_map_shows_what_is_around(project, around):
    run = open_run("tiny")
    page = run.map("Inbraken").to_html()
    parts = {part["kind"]: part for part in block(page)["background"]}
    assert list(parts) == ["neighbours", "water", "streets"]
    names = [each["properties"]["name"] for each in parts["neighbours"]["shapes"]["features"]]
    assert names == ["Buurgemeente"], "a municipality is no neighbour of itself"
    assert len(parts["water"]["shapes"]["features"]) == 1
    assert parts["streets"]["name"] == "Hoofdwegen"
    assert "CANARY" not in page, "no column of the user's own file"
    of_one = open_run("tiny", municipality="GM9901").map("Inbraken")
    assert of_one.title == "Twee gemeenten, Eerstadt: Inbraken"
    around_it = [each["properties"]["name"] for each in block(of_one.to_html())["background"][0]["shapes"]["features"]]
    assert around_it == ["Tweedorp"], "the other lies too far away to be seen"


def test_a_municipality_has_the_name_that_the_neighbourhoods_give_it(project):
    assert open_run("tiny").named("GM9901") == "GM9901"
    file = project / "data" / "areas.geojson"
    content = json.loads(file.read_text(encoding="utf-8"))
    for each in content["features"]:
        each["properties"]["gemeentenaam"] = {"GM9901": "Eerstadt", "GM9902": "Tweedorp"}[each["properties"]["gm"]]
    file.write_text(json.dumps(content), encoding="utf-8")
    assert open_run("tiny", municipality="GM9901").map("Inbraken").title == "Twee gemeenten, Eerstadt: Inbraken"
    assert open_run("tiny").named("GM9902") == "Tweedorp", "kept with the table"
    assert open_run("tiny").named("GM9902") == "Tweedorp"


def test_every_municipality_gets_a_briefing_under_its_name(project, around):
    write_notebook(project / "notebooks" / "02-rates.ipynb", SAVE, parameters="norm = 8.0")
    result = run_suite("tiny")
    assert result.failures == {}
    folder = project / "maps" / "tiny"
    index = result.index.read_text(encoding="utf-8")
    for code, name in (("GM9901", "Eerstadt"), ("GM9902", "Tweedorp")):
        page = (folder / code / "briefing.html").read_text(encoding="utf-8")
        assert f"<h1>Briefing: Twee gemeenten, {name}</h1>" in page
        assert f'<a href="{code}/briefing.html">{name}</a>' in index
    manifest = json.loads(result.manifest.read_text(encoding="utf-8"))
    assert set(manifest["briefings"]) == {"briefing.html", "GM9901/briefing.html", "GM9902/briefing.html"}
    assert manifest["inputs"]["background 2"]["file"] == "data/water.geojson"
    assert manifest["settings"]["map"]["background"][1]["path"] == "data/water.geojson"
    assert run_suite("tiny").executed == ()
    shapes(project / "data" / "water.geojson", ({}, "Polygon", 149000, 149900))
    assert run_suite("tiny").executed == ("02-rates",), "another background is another map"


def test_streets_schools_and_holidays_of_the_run_file(project, edit_run):
    data = project / "data"
    shapes(data / "straten.geojson", ({"straat": "Kade", "eigenaar": "CANARY"}, "LineString", 150000, 150500))
    shapes(data / "wegen.geojson", ({}, "LineString", 151000, 152000))
    (data / "scholen.csv").write_text("naam;x;y\nCANARY;150100;520100\n", encoding="utf-8")
    (data / "vakanties.csv").write_text("regio;begin;eind\nzuid;06-07-2024;18-08-2024\n", encoding="utf-8")
    edit_run(
        "handling:",
        """season:
  school_holidays: {path: ../vakanties.csv, region: zuid}
context:
  distance: 300
  layers:
    scholen: {path: ../scholen.csv}
map:
  background:
    - {kind: streets, path: ../straten.geojson, columns: {name: straat}, targets: true, drawn: false}
    - {kind: streets, path: ../wegen.geojson, name: Hoofdwegen}
handling:""",
    )
    run = open_run("tiny")
    assert run.streets["name"].tolist() == ["Kade"], "roads that are only drawn are no streets to work"
    assert list(run.streets.columns) == ["name", "geometry"]
    assert run.streets.length.tolist() == [500.0]
    drawn = block(run.map("Inbraken").to_html())["background"]
    assert [part["name"] for part in drawn] == ["Hoofdwegen"]
    assert run.context["scholen"].drop(columns="geometry").columns.empty
    assert run.config.context.distance == 300
    assert run.school_holidays.astype(str).to_numpy().tolist() == [["2024-07-06", "2024-08-18"]]
    write_notebook(project / "notebooks" / "06-areas.ipynb", "hg = 1", parameters="")
    manifest = json.loads(run_suite("tiny").manifest.read_text(encoding="utf-8"))
    assert manifest["inputs"]["context scholen"]["file"] == "data/scholen.csv"
    assert manifest["inputs"]["school holidays"]["file"] == "data/vakanties.csv"
    assert manifest["settings"]["context"]["layers"]["scholen"]["path"] == "data/scholen.csv"
    assert manifest["settings"]["season"]["school_holidays"]["path"] == "data/vakanties.csv"


def test_a_run_without_them_has_none(project):
    run = open_run("tiny")
    assert (run.streets, run.context, run.school_holidays) == (None, {}, None)


@pytest.mark.parametrize(
    ("part", "message"),
    [
        ("season: {school_holidays: {path: ../areas.geojson}}", "the school holidays [^;]*areas.geojson"),
        ("map: {background: [{kind: streets, path: ../areas.geojson, targets: true}]}", "streets must be lines"),
        ("context: {layers: {scholen: {path: ../wrong.csv}}}", "the layer scholen [^;]*wrong.csv"),
    ],
)
def test_one_that_cannot_be_read_is_named(project, edit_run, part, message):
    (project / "data" / "wrong.csv").write_text("naam\nA\n", encoding="utf-8")
    edit_run("handling:", f"{part}\nhandling:")
    run = open_run("tiny")
    with pytest.raises(ConfigError, match=message):
        _ = (run.school_holidays, run.streets, run.context)


@pytest.mark.parametrize(
    ("entry", "message"),
    [
        ("{kind: water, path: ../a.gpkg, targets: true}", "are for kind: streets"),
        ("{kind: streets, path: ../a.gpkg, drawn: false}", "must be for something"),
    ],
)
def test_what_a_background_cannot_be_is_refused(project, edit_run, entry, message):
    edit_run("handling:", f"map: {{background: [{entry}]}}\nhandling:")
    with pytest.raises(ConfigError, match=message):
        open_run("tiny")


@pytest.mark.parametrize("text", ["{}", "water"])
def test_a_background_that_cannot_be_read_is_named(project, around, text):
    (project / "data" / "water.geojson").write_text(text, encoding="utf-8")
    with pytest.raises(ConfigError, match=r"background of water[^;]*water.geojson"):
        open_run("tiny").map("Inbraken")


def test_with_addresses_in_the_run_file_a_map_draws_no_cell_that_has_few(project, edit_run):
    places = [f"{150_250 + n};520250" for n in range(8)] + [f"{150_350 + n};520250" for n in range(7)]
    (project / "data" / "adressen.csv").write_text("\n".join(["x;y", *places]), encoding="utf-8")
    edit_run("handling:", "addresses: {path: ../adressen.csv}\nhandling:")
    corner = [(150_200, 520_200), (150_300, 520_200)]
    spots = gpd.GeoDataFrame(
        {name: [9.0, 8.0] for name in ("incidents", "expected", "ratio", "area_ha", "share_incidents", "share_area",
                                       "p_value", "rank_low", "rank_high")} | {"kind": ["beschrijvend"] * 2},
        geometry=[shapely.box(x, y, x + 100, y + 100) for x, y in corner], crs=28992,
        index=pd.RangeIndex(1, 3, name="rank"),
    )  # fmt: skip
    spots.attrs["places"] = "cells"
    run = open_run("tiny")
    assert run.addresses is run.addresses, "the file is read once"
    assert gpd.read_file(run.save_table(spots, "spots", suffix=".gpkg"), layer="spots")["rank"].tolist() == [1]
    (layer,) = run.map("Plekken").add_hotspots(spots).layers
    assert list(layer.shapes.index) == ["1"], "the other has 7"
    assert "minder dan 8 adressen" in layer.notes[-1]
    assert "addresses" in run.config.inputs, "a change of the file is a change of the run"
    told = str(check_run("tiny"))
    assert "addresses: 15 in the area; of the cells with any 50% have fewer than 8 and are not drawn" in told
    edit_run("addresses: {path: ../adressen.csv}\n", "")
    assert len(open_run("tiny").map("Plekken").add_hotspots(spots).layers[0].shapes) == 2


def test_addresses_that_cannot_be_read_are_named(project, edit_run):
    (project / "data" / "adressen.csv").write_text("straat\nDorpsstraat\n", encoding="utf-8")
    edit_run("handling:", "addresses: {path: ../adressen.csv}\nhandling:")
    with pytest.raises(ConfigError, match=r"the addresses must be a file that can be read.*adressen\.csv") as refused:
        open_run("tiny").map("Plekken")
    assert "Dorpsstraat" not in str(refused.value)
    assert "adressen.csv" in str(check_run("tiny"))
    edit_run("../adressen.csv", "../adres.csv")
    assert "no such file: data/adres.csv" in str(check_run("tiny"))
