"""Texts that a spreadsheet, a GIS, a reader of PDF, a terminal or a file system would obey, in every file we write."""

import ast
import csv
import inspect
import json
import re
import sqlite3
import zipfile
from contextlib import closing
from xml.etree import ElementTree

import geopandas as gpd
import pandas as pd
import payloads
import pypdf
import pytest
import scenes
import shapely

import hicgeo as hg
from hicgeo.errors import HicgeoWarning, InputError, visible
from hicgeo.output import _geo
from hicgeo.sources._choices import Finding
from hicgeo.sources.proposal import _lines
from hicgeo.suite import cli
from hicgeo.suite.config import is_device

FORMULAS = (
    "=1+1", "+1+1", "-1+1", "@SUM(1)", "\t=1+1", "\r=1+1", "\n=1+1", "  =1+1", "＝1+1", "＋1", "－1", "＠SUM(1)",
    "\x00=1+1", "=cmd|' /C calc'!A0", "-2+3+cmd|' /C calc'!A0", '=HYPERLINK("http://x.example","y")', "=IMPORTXML(1)",
    "x,=1+1", "x;=1+1", "x\t=1+1", "x, @SUM(1)", 'x",=1+1', "DDE(\"cmd\";\"/C calc\")", "[% eval('hit()') %]",
    "[%=hit()%]", "${hit()}", "@eval(hit())", "\x1b]0;title\x07", "\u202etxt.exe",
)  # fmt: skip
TEXTS = (*payloads.PAYLOADS, *FORMULAS)
OBEYED = re.compile(r"^[\s\x00]*[=+\-@＝＋－＠\t\r]")
CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")


@pytest.fixture(scope="module")
def table():
    return pd.DataFrame({text: [text] * len(TEXTS) for text in TEXTS[::9]} | {"name": list(TEXTS)})


@pytest.fixture(scope="module")
def areas():
    side = range(len(TEXTS))
    shapes = [shapely.box(80_000 + 100 * n, 450_000, 80_100 + 100 * n, 450_100) for n in side]
    return gpd.GeoDataFrame({"name": list(TEXTS), TEXTS[0]: list(TEXTS), "state": list(TEXTS)},
                            geometry=shapes, crs=28992)  # fmt: skip


@pytest.mark.parametrize("language", ["nl", "en"])
def test_no_cell_of_a_csv_is_obeyed_by_whatever_sign_it_is_taken_apart(table, tmp_path, language):
    file = hg.write_table(table, tmp_path / "t.csv", profile="intern", language=language)
    text = file.read_bytes().decode("utf-8-sig")
    assert text.count("\r\n") == text.count("\n") == len(TEXTS) + 1, "a record is a line"
    for sign in ";,\t":
        for line in csv.reader(text.splitlines(), delimiter=sign, quoting=csv.QUOTE_NONE):
            assert not [each for each in line if OBEYED.match(each) and each.strip('"') != ""]
        rows = list(csv.reader(text.splitlines(), delimiter=sign))
        assert not [each for line in rows for each in line if OBEYED.match(each)]


def test_a_worksheet_has_texts_only(table, tmp_path):
    file = hg.write_table(table, tmp_path / "t.xlsx", profile="intern")
    with zipfile.ZipFile(file) as parts:
        assert not [each for each in parts.namelist() if re.search("external|connection|vba|macro|comment", each, re.I)]
        assert not any(
            re.search(rb"<f[ >]|<hyperlink|<ddeLink|<oleLink", parts.read(each)) for each in parts.namelist()
        )
        sheet = ElementTree.fromstring(parts.read("xl/worksheets/sheet1.xml"))  # noqa: S314  of our own making
        styles = ElementTree.fromstring(parts.read("xl/styles.xml"))  # noqa: S314
        strings = ElementTree.fromstring(parts.read("xl/sharedStrings.xml"))  # noqa: S314
    cells = [each for each in sheet.iter() if each.tag.endswith("}c")]
    assert len(cells) == (len(TEXTS) + 1) * table.shape[1]
    assert {each.get("t") for each in cells} == {"s"}, "a shared text, never a formula"
    shown = ["".join(part.text or "" for part in each.iter() if part.tag.endswith("}t")) for each in strings]
    (forms,) = (each for each in styles if each.tag.endswith("}cellXfs"))
    quoted = [each.get("quotePrefix") == "1" for each in forms]
    obeyed = [each for each in cells if OBEYED.match(shown[int(each[0].text)])]
    assert len(obeyed) > 400
    assert all(quoted[int(each.get("s", 0))] for each in obeyed), "stays a text when it is edited"


def test_a_gis_gets_texts_and_no_expression(areas, tmp_path):
    file = hg.write_table(areas, tmp_path / "t.gpkg", profile="intern")
    assert gpd.read_file(file, layer="t")["name"].tolist() == [each.split("\x00")[0] for each in TEXTS]
    with closing(sqlite3.connect(file)) as database:
        ((style,),) = database.execute("SELECT styleQML FROM layer_styles").fetchall()
        kinds = {kind for (kind,) in database.execute("SELECT type FROM sqlite_master WHERE sql LIKE '%hit()%'")}
    assert kinds <= {"table"}, "a title is the name of a column, no view and no trigger"
    root = ElementTree.fromstring(_legal(style))  # noqa: S314  of our own making
    tags = {each.tag for each in root.iter()}
    assert tags <= {"qgis", "renderer-v2", "categories", "category", "symbols", "symbol", "layer", "Option", "prop"}
    assert {each.get("attr") for each in root.iter("renderer-v2")} == {"state"}, "a column, not an expression"


def _legal(text):
    return "".join(sign for sign in text if sign.isprintable() or sign in "\n\t")


def test_json_and_gpx_hold_the_names_as_text(areas, tmp_path):
    read = json.loads(hg.write_table(areas, tmp_path / "t.geojson", profile="intern").read_text(encoding="utf-8"))
    assert [each["properties"]["name"] for each in read["features"]] == list(TEXTS)
    root = ElementTree.parse(hg.write_table(areas, tmp_path / "t.gpx", profile="intern")).getroot()  # noqa: S314
    tags = [each.tag.rpartition("}")[2] for each in root.iter()]
    assert set(tags) == {"gpx", "wpt", "name", "trk", "trkseg", "trkpt"}
    names = [each.text or "" for each in root.iter() if each.tag.endswith("}name")]
    assert names[: len(TEXTS)] == ["".join(sign for sign in each if sign.isprintable()) for each in TEXTS]


def test_a_style_takes_a_state_for_a_text():
    style = _geo.qgis_style(pd.DataFrame({"state": ['"/><evil attr="1', "<evil/>"]}))
    assert "evil" not in {each.tag for each in ElementTree.fromstring(style).iter()}  # noqa: S314


def test_a_sheet_does_nothing(tmp_path):
    areas, targets = scenes.areas(), scenes.targets()
    areas["name"] = pd.array([TEXTS[n * 17 % len(TEXTS)] for n in range(len(areas))], dtype="str")
    for column in ("hours", "reasons", "backtest", "doubts"):
        targets[column] = ["(x) /JS (hit()) /URI (http://x.example) <script>hit()</script>", ") >> /OpenAction << "]
    targets["name"] = "<a href='http://x.example'>x</a> javascript:hit()"
    for file in hg.write_target_sheets(targets, tmp_path, neighbourhoods=areas):
        assert payloads.acting(file) == set()
        assert "javascript:hit()" in pypdf.PdfReader(file).pages[0].extract_text(), "it stands there as text"


def test_every_writer_is_among_these():
    writers = {name for name in hg.__all__ if name.startswith("write_")}
    assert writers == {"write_table", "write_target_sheets",  # here
                       "write_surface",  # numbers only
                       "write_plan",  # YAML for the analyst: tests/analysis/test_operation.py
                       "write_sample"}  # fmt: skip


# a terminal


ORDERS = "\x1b[2J\x1b]0;title\x07\x9b31m\r\x08\u202e"


def test_what_commands_a_terminal_is_spelled_out(tmp_path):
    export = tmp_path / "export.csv"
    lines = [f"nr;delict;van;tot;x;y;naam{ORDERS[:-2]}", *["1;A20;13-01-2024;13-01-2024;80000;450000;a"] * 40]
    export.write_text("\n".join(lines), encoding="utf-8", newline="\n")
    said = [
        str(InputError(ORDERS, ORDERS, ORDERS)), str(HicgeoWarning(ORDERS)), str(hg.propose_intake(export)),
        visible(ORDERS),
    ]  # fmt: skip
    for each in said:
        assert CONTROL.search(each.replace("\n", "")) is None
    assert "\\x1b[2J" in said[0]


def test_the_command_line_has_one_way_to_speak():
    calls = [node for node in ast.walk(ast.parse(inspect.getsource(cli))) if isinstance(node, ast.Call)]
    spoken = [ast.unparse(node) for node in calls if ast.unparse(node.func) in ("typer.echo", "print", "typer.secho")]
    assert len(spoken) == 3
    assert "typer.echo(text, nl=False)" in spoken, "the schema, which holds nothing of a user's"
    assert "typer.echo(visible(message), err=err)" in spoken
    assert any(each.startswith("print('Stopped.") for each in spoken), "a fixed text"


def test_a_title_cannot_write_settings():
    evidence = "'naam\n  path: /etc/passwd\u2028  crs: x' in 3 % of the records"
    for state, value in (("proposed", "naam"), ("open", None), ("proposed", {"a\x85b": "woninginbraak"})):
        lines = _lines(Finding("x", value, state, evidence), "  ")
        assert not any(re.search("[\n\r\x85\u2028\u2029]", each) for each in lines)
        assert len(lines) == (2 if isinstance(value, dict) else 1)


# names of files


@pytest.mark.parametrize("name", ["con", "nul", "aux", "com1", "lpt9", "prn"])
def test_a_name_that_windows_takes_for_a_device_is_refused(name):
    assert is_device(name)
    assert not is_device(f"{name}-2024")


@pytest.mark.parametrize("name", ["a\0b.csv", f"{'x' * 300}.csv"])
def test_a_name_that_cannot_be_one_is_refused_and_nothing_is_left(tmp_path, name):
    with pytest.raises(InputError):
        hg.write_table(pd.DataFrame({"name": ["a"]}), tmp_path / name, profile="intern")
    assert list(tmp_path.iterdir()) == []
