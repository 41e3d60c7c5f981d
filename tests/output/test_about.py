"""For whom a file is, why and until when: on every file itself, for it is passed on without the page beside it."""

import json
import sqlite3
import xml.etree.ElementTree as ET
from contextlib import closing
from datetime import date

import pypdf
import pytest
import python_calamine
import scenes

from hicgeo.output.disclosure import Handling, audit_html
from hicgeo.output.tables import write_table
from hicgeo.output.target_sheets import write_target_sheets

HANDLING = Handling("inzet & <donkere> dagen", "=driehoek\nvan \x00Aa", "Wpg art. 16", "geheim", date(2031, 6, 1))
ABOUT = {"handling": HANDLING, "source": "politie", "fictional": True, "date": date(2025, 1, 2)}
SAID = ("inzet & <donkere> dagen", "=driehoek van Aa", "Wpg art. 16", "geheim", "1 juni 2031", "politie", "Fictieve",
        "2 januari 2025", "VERTROUWELIJK", "1 t/m 28 januari 2025")  # fmt: skip


def spots():
    table = scenes.hotspots()
    table.attrs["period"] = "2025-01-01/2025-01-28"
    return table


def said_in(file):
    if file.suffix == ".gpx":
        return ET.parse(file).find("{*}metadata/{*}desc").text  # noqa: S314 - our own
    if file.suffix == ".geojson":
        return json.loads(file.read_text(encoding="utf-8"))["description"]
    if file.suffix == ".gpkg":
        with closing(sqlite3.connect(file)) as base:
            return base.execute("SELECT description FROM gpkg_contents").fetchone()[0]
    book = python_calamine.CalamineWorkbook.from_path(str(file))
    assert book.sheet_names == ["a", "Gebruik"], "the data come first"
    return "\n".join(": ".join(map(str, row)) for row in book.get_sheet_by_name("Gebruik").to_python())


@pytest.mark.parametrize("suffix", [".xlsx", ".gpkg", ".gpx", ".geojson"])
def test_a_table_says_for_whom_it_is(tmp_path, suffix):
    table = spots().drop(columns="geometry") if suffix == ".xlsx" else spots()
    file = write_table(table, tmp_path / f"a{suffix}", **ABOUT)
    said = said_in(file)
    assert [each for each in SAID if each not in said] == []
    assert write_table(table, tmp_path / "b" / f"a{suffix}", **ABOUT).read_bytes() == file.read_bytes()
    assert audit_html(file)["pass"].all()
    without = write_table(table, tmp_path / "c" / f"a{suffix}", source="politie")
    assert b"politie" not in without.read_bytes(), "nothing half: the block stands there whole or not at all"


def test_a_csv_holds_only_its_figures(tmp_path):
    table = spots().drop(columns="geometry")
    plain = write_table(table, tmp_path / "a.csv").read_bytes()
    assert write_table(table, tmp_path / "b.csv", **ABOUT).read_bytes() == plain


def test_a_sheet_on_paper_says_for_whom_it_is_and_nothing_falls_off_it(tmp_path):
    areas = scenes.targets()
    areas["reasons"] = "Een heel lange reden die niet ophoudt. " * 90
    files = write_target_sheets(areas, tmp_path, neighbourhoods=scenes.areas(), period="2025-01-01/2025-01-28", **ABOUT)
    places = []
    page = pypdf.PdfReader(files[0]).pages[0]
    said = page.extract_text(visitor_text=lambda text, at, *_: places.append((at[5], text)))
    said = said.replace("\n", " ")
    assert [each for each in SAID if each not in said] == []
    assert said.count("niet ophoudt") == 90
    lowest = min(at for at, text in places if "ophoudt" in text)
    highest = max(at for at, text in places if "Doel:" in text)
    assert lowest > highest, "the reasons end above the block"
    assert all(audit_html(file)["pass"].all() for file in files)
    bare = write_target_sheets(areas, tmp_path / "bare", neighbourhoods=scenes.areas())[0]
    assert "niet opgegeven: niet verspreiden" in pypdf.PdfReader(bare).pages[0].extract_text()
