"""A run file is checked without being run: each fault in plain words, where it stands, all of them at once."""

import json
import re
import warnings

import jsonschema
import pytest
import yaml
from test_background import shapes
from typer.testing import CliRunner

import hicgeo
from hicgeo.suite import cli
from hicgeo.suite._run_file import Literally
from hicgeo.suite.check import check_run, schema_text


def line(project, beginning):
    """Number of the line of the run file that begins so."""
    lines = (project / "data" / "runs" / "tiny.yml").read_text(encoding="utf-8").splitlines()
    return next(number for number, text in enumerate(lines, 1) if text.strip().startswith(beginning))


# old text, new text, beginning of the line where it must be told, and what must be told
WRONG = {
    "unknown key": ("title:", "titel:", "titel", r"unknown key 'titel' \(did you mean 'title'\?\)"),
    "unknown key below": (
        "  level:",
        "  levle:",
        "levle",
        r"unknown key 'neighbourhoods.levle' \(did you mean 'level'",
    ),
    "missing purpose": ("  purpose: proef\n", "", "handling:", "'handling.purpose' is missing"),
    "missing retention": ("  retain_until: 2030-01-01\n", "", "handling:", "'handling.retain_until' is missing"),
    "empty recipient": ("recipient: niemand", "recipient:", "recipient", "handling.recipient: must be text, not empty"),
    "no day": ("fictional: true", "date: januari", "date", "must be a day such as 2025-01-15, not 'januari'"),
    "no date": ("2030-01-01", "morgen", "retain_until", "must be a date such as 2030-12-31, not 'morgen'"),
    "choice": ("level: buurt", "level: straat", "level", "must be 'buurt', 'wijk' or 'gemeente', not 'straat'"),
    "no boolean": ("fictional: true", "fictional: ja", "fictional", "must be true or false, not 'ja'"),
    "period backwards": ("[2024-01, 2024-12]", "[2024-12, 2024-01]", "period: [", "first month comes after the last"),
    "period of days": ("[2024-01, 2024-12]", "[01-01-2024, 31-12-2024]", "period: [", "first and the last month"),
    "norm": (
        "  period: 2024\n",
        "  period: 2024\n  norm: gemiddeld\n",
        "norm",
        "regional, others, or a number above 0",
    ),
    "code without GM": ("  level:", "  municipalities: [9901]\n  level:", "municipalities", "codes such as GM0518"),
    "list for settings": ("rates:\n  period: 2024", "rates: [2024]", "rates", "must hold settings, as `name: value`"),
    "twice": ("name: tiny", "name: tiny\nname: b", "name: b", "the key 'name' occurs twice"),
    "tab": ("  period: 2024\n", "\tperiod: 2024\n", "period: 2024", "spaces, not tabs"),
    "no such file": ("../export.csv", "../exprot.csv", "path: ../exprot", r"no such file: .*did you mean 'export.csv'"),
    "no such folder": ("../areas.geojson", "../kaart/areas.geojson", "path: ../kaart", "no folder 'kaart' in 'data'"),
    "no such column": ("x: x,", "x: X-coord,", "columns: {incident_id", "no column for x, looked for X-coord"),
    "not our column": ("delict,", "delict, plek: x,", "columns: {incident_id", "names in columns must be ours"),
    "no such column of areas": ("homes}", "huizen}", "columns: {code", "huizen"),
    "no such municipality": ("  level:", "  municipalities: [GM0518]\n  level:", "municipalities", "GM0518"),
    "no such policy": ("  date: start", "  duplicates: last\n  date: start", "duplicates", "not 'last'"),
    "another crs": (
        "  date: start",
        "  crs: EPSG:32631\n  date: start",
        "crs: EPSG:32631",
        "must lie where their CRS is made for",
    ),
    "period elsewhere": ("[2024-01, 2024-12]", "[2019-01, 2019-12]", "period: [", "they|run from 2024-01 to"),
    "base that is not there": (
        "rates:",
        "crime_types:\n  woninginbraak: {base: residents}\nrates:",
        "woninginbraak",
        "no residents",
    ),
    "no such notebook": ("rates:", "notebooks: [09]\nrates:", "notebooks", "'09' fits none"),
    "no such parameter": (
        "rates:",
        "parameters:\n  01: {dpeth: 3}\nrates:",
        "parameters",
        r"unknown 'dpeth' \(did you mean 'depth'",
    ),
    "both ways in": (
        "rates:",
        "counts: {path: ../export.csv, columns: {code: nr}}\nrates:",
        "counts",
        "exactly one of",
    ),
    "public and spread": ("fictional: true", "profile: openbaar", "date:", 'date must be "start" or "end"'),
    "no file of holidays": (
        "rates:",
        "season: {school_holidays: {path: ../areas.geojson}}\nrates:",
        "season",
        "areas.geojson",
    ),
    "holidays of one year": ("[2024-01, 2024-12]", "[2023-01, 2024-12]", "school_holidays", "none begins in 2023"),
    "password in an address": (
        "../export.csv",
        "postgresql://a:geheim@h/d",
        "path: postgresql",
        "must hold no password",
    ),
}


@pytest.fixture
def whole(project, edit_run):
    """The run file with a base that the areas have, school holidays, and a notebook to run."""
    (project / "data" / "vakanties.csv").write_text("start;end\n2024-07-06;2024-08-18\n", encoding="utf-8")
    code = {"cell_type": "code", "execution_count": None, "metadata": {"tags": ["parameters"]}, "outputs": []}
    code["source"] = 'run = "tiny"\nmunicipality = ""\ndepth = 2'
    notebook = {"cells": [code], "metadata": {}, "nbformat": 4, "nbformat_minor": 5}
    (project / "notebooks" / "01-a.ipynb").write_text(json.dumps(notebook), encoding="utf-8")
    edit_run("handling:", "crime_types:\n  woninginbraak: {base: dwellings}\nhandling:")
    return project


def test_a_right_run_file_has_no_faults_and_says_what_was_seen(whole):
    checked = check_run("tiny")
    assert checked.faults == []
    said = str(checked)
    assert said.startswith("tiny.yml: no faults\n")
    assert "neighbourhoods: 3 of level buurt in 2 municipalities" in said
    assert "incidents: 13 records, 12 accepted, 1 rejected (unmapped_code 1)" in said
    assert "incidents in the neighbourhoods: 90.9% of those with a place" in said  # 10 of 11


@pytest.mark.parametrize("case", WRONG)
def test_a_fault_is_told_where_it_stands(whole, edit_run, case):
    old, new, where, said = WRONG[case]
    if case == "holidays of one year":
        edit_run("rates:", "season:\n  school_holidays: {path: ../vakanties.csv}\nrates:")
    if case == "base that is not there":
        edit_run("crime_types:\n  woninginbraak: {base: dwellings}\n", "")
    if case == "public and spread":
        edit_run("date: start", "date: aoristic")
    edit_run(old, new)
    result = CliRunner().invoke(cli.app, ["check", "tiny"])
    assert result.exit_code == 1
    told = result.stdout + result.stderr
    here = [text for text in told.splitlines() if re.search(rf"line {line(whole, where)}\b", text)]
    assert any(re.search(said, text) for text in here), told
    assert "Traceback" not in told
    assert "geheim" not in told


def test_all_faults_come_at_once_and_a_wrong_part_hides_no_other(whole, edit_run):
    edit_run("title:", "titel:")
    edit_run("[2024-01, 2024-12]", "[2024-12, 2024-01]")  # of the incidents nothing else can be looked at
    edit_run("homes}", "huizen}")
    edit_run("2030-01-01", "2020-01-01")
    edit_run("handling:", "context:\n  layers:\n    scholen: {path: ../scholen.gpkg}\nhandling:")
    checked = check_run("tiny")
    told = str(checked)
    for words in ("'title' is missing", "unknown key 'titel'", "comes after the last", "huizen", "no such file"):
        assert words in told
    assert len(checked.faults) == 5
    assert [fault.line for fault in checked.faults] != []
    assert "this day is over" in str(checked.notes[0])


def test_what_a_run_can_live_with_is_a_note(whole, edit_run):
    edit_run("  woninginbraak: {base: dwellings}", "  woninginbraak: {base: dwellings}\n  overval: {base: dwellings}")
    edit_run("[2024-01, 2024-12]", "[2024-02, 2024-12]")
    checked = check_run("tiny")
    assert checked.faults == []
    told = [note.text for note in checked.notes]
    assert any("not seen: overval; seen: woninginbraak" in text for text in told)
    assert any(re.search(r"25\.0% of the incidents lie outside it", text) for text in told)  # 3 of 12 in January
    assert any("a month within the period without any counts as 0" in text for text in told)
    assert any("under two years: notebook 04" in text for text in told)
    edit_run("[2024-02, 2024-12]", "[2023-01, 2024-12]")
    assert not any("under two years" in note.text for note in check_run("tiny").notes)


def test_an_export_of_another_place_does_not_fit_the_map(whole):
    areas = [({"code": "BU99010101", "name": "A", "gm": "GM9901", "homes": 10}, "Polygon", 200000, 201000)]
    shapes(whole / "data" / "areas.geojson", *areas)
    told = [fault.text for fault in check_run("tiny").faults]
    assert any("only 0% of the incidents lie in one" in text for text in told)


def test_counts_are_laid_beside_the_map(project, edit_run):
    path = project / "data" / "counts.csv"
    rows = [f"BU99010101;woninginbraak;2024-{month:02d};3" for month in range(1, 13)]
    path.write_text("\n".join(["wijk;soort;maand;n", *rows, "BU99990000;woninginbraak;2024-01;1"]), encoding="utf-8")
    text = (project / "data" / "runs" / "tiny.yml").read_text(encoding="utf-8")
    before, after = text.split("incidents:")
    own = "counts:\n  path: ../counts.csv\n  columns: {code: wijk, crime_type: soort, month: maand, incidents: n}\n"
    bases = "crime_types:\n  woninginbraak: {base: dwellings}\n"
    (project / "data" / "runs" / "tiny.yml").write_text(
        before + own + bases + after[after.index("rates:") :], encoding="utf-8"
    )
    checked = check_run("tiny")
    assert [fault.text for fault in checked.faults] == [
        "rates: 1 counted codes are not on the map: set unmatched: report, or take the map of the year of the counts"
    ]
    edit_run("  period: 2024", "  period: 2024\n  unmatched: report")
    assert check_run("tiny").faults == []
    path.write_text("\n".join(["wijk;soort;maand;n", "BU88880000;woninginbraak;2024-01;1"]), encoding="utf-8")
    assert any("none of the codes is on the map" in fault.text for fault in check_run("tiny").faults)


def test_the_run_files_of_the_project_keep_the_schema(root):
    schema = json.loads(schema_text())
    jsonschema.Draft202012Validator.check_schema(schema)
    validator = jsonschema.Draft202012Validator(schema)
    for name in ("sample", "den-haag"):
        text = (root / "data" / "runs" / f"{name}.yml").read_text(encoding="utf-8")
        content = yaml.load(text, Loader=Literally)  # noqa: S506 - a SafeLoader
        assert list(validator.iter_errors(content)) == []
        content["handling"].pop("purpose")
        content["neighbourhoods"]["level"] = "straat"
        content["titel"] = "x"
        assert len(list(validator.iter_errors(content))) == 3
    assert set(schema["properties"]) == set(hicgeo.RunConfig.model_fields)


def test_the_schema_is_written_for_an_editor(project):
    result = CliRunner().invoke(cli.app, ["schema", "--write", "data/runs/schema.json"])
    assert result.exit_code == 0, result.output
    assert "# yaml-language-server: $schema=schema.json" in result.stdout
    assert (project / "data" / "runs" / "schema.json").read_text(encoding="utf-8") == schema_text()
    assert CliRunner().invoke(cli.app, ["schema"]).stdout == schema_text()


def test_notebook_02_says_what_half_a_year_can_say(whole, edit_run, root, monkeypatch):
    """Rates of the months there are; no history of years and no comparison of areas."""
    edit_run("[2024-01, 2024-12]", "[2024-01, 2024-06]")
    edit_run("  period: 2024\n", "  period: [2024-01, 2024-06]\n")
    content = json.loads((root / "notebooks" / "02-neighbourhood-rates.ipynb").read_text(encoding="utf-8"))
    cells = ["".join(cell["source"]) for cell in content["cells"] if cell["cell_type"] == "code"]
    told = []
    monkeypatch.setattr("IPython.display.display", lambda *shown: told.extend(shown))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", hicgeo.HicgeoWarning)
        exec("\n".join(cells).replace('run = "sample"', 'run = "tiny"'), {})  # noqa: S102 - our own notebook
    folder = whole / "maps" / "tiny"
    assert (folder / "02-rates.html").is_file()
    assert not (folder / "02-history.csv").exists()
    assert any("Gebieden niet vergeleken" in getattr(each, "data", "") for each in told)
