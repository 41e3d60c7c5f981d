"""Faults beyond the catalogue, each a file beside its clean twin; the table is section f of cases.md."""

from __future__ import annotations

import datetime as dt
import gzip
import json
import unicodedata

import geopandas as gpd
import pandas as pd
import pytest
import shapely
import xlsxwriter
from twins import BAD, kinds, originals

import hicgeo
from hicgeo.errors import ColumnError, CrsError, InputError

FILL = 5
"""Another row that is spoilt."""


def joined(twin) -> str:
    return "\n".join(twin.export.lines()) + "\n"


# --- structure ------------------------------------------------------------------------------------------------------


def test_excels_own_line_of_the_separator_is_no_header(twin):
    intake = twin.read("sep=;\n" + joined(twin).replace("\n", "\r\n"), physical=False)
    assert intake.account["bytes"]["header"] == len("sep=;\n" + twin.export.lines()[0] + "\r\n")
    assert intake.read == 40


@pytest.mark.parametrize("above", ["Overzicht woninginbraken 2023\n\n", "# export\n# van gisteren\n"])
def test_lines_above_the_titles_are_refused_by_number(twin, above):
    with pytest.raises(InputError, match="remove what stands above line 3"):
        twin.read(above + joined(twin))


def test_a_column_without_a_title_takes_no_record_along(twin):
    twin.export.titles.append(" ")
    twin.export.rows = [[*row, "opmerking" if place % 3 else ""] for place, row in enumerate(twin.export.rows)]
    twin.read()


def test_a_column_of_blanks(twin):
    twin.export.titles.append("opmerking")
    twin.export.rows = [[*row, "   "] for row in twin.export.rows]
    twin.read()


def test_titles_with_line_ends_must_be_declared(twin):
    twin.export.titles[10] = '"con\nfront"'
    twin.export.columns["confronted"] = "con front"
    with pytest.raises(InputError, match=r"titles must stand on one line.*multiline=True"):
        twin.read()
    intake = twin.read(multiline=True, physical=False)
    assert intake.account["bytes"]["header"] == len("\r\n".join(twin.export.lines()[:1])) + 2
    twin.export.set(BAD, "gemeente", '"De\r\nKom"')
    assert twin.read(touched=[BAD], multiline=True, physical=False).rejected.empty


def test_columns_in_another_order_halfway(twin):
    # two exports behind each other: a reader that goes on would take geweld for confrontatie without a word
    def turned(row):
        return ";".join([*row[:10], row[11], row[10]])

    lines = twin.export.lines()
    rows = [turned(row) for row in [twin.export.titles, *twin.export.rows[20:]]]
    with pytest.raises(InputError, match=r"columns must stand in one order.*line 22"):
        twin.read("\n".join([*lines[:21], *rows]))


def test_two_titles_that_are_one_without_punctuation(twin):
    twin.export.titles[6] = "X-coord"
    twin.export.titles.append("x_coord")
    twin.export.rows = [[*row, "1"] for row in twin.export.rows]
    twin.export.columns["x"] = "Xcoord"
    with pytest.raises(ColumnError, match="X-coord and x_coord are both near Xcoord"):
        twin.read()
    twin.export.columns["x"] = "X-coord"
    twin.read()


def test_line_ends_inside_quotes_of_three_kinds(twin):
    for end in ("\r", "\n", "\r\n"):
        content = twin.spoil(lambda line, end=end: line.replace(b"GM0518", f'"De{end}Kom"'.encode()))
        intake = twin.read(content, touched=[BAD], multiline=True, physical=False)
        assert intake.incidents["municipality"].iloc[BAD] == f"De{end}Kom"


def test_end_of_file_sign_of_dos(twin):
    intake = twin.read(joined(twin).encode() + b"\x1a")
    assert intake.rejected[["line", "reason"]].to_numpy().tolist() == [[42, "too_short"]]


def test_a_million_columns_are_refused(twin):
    with pytest.raises(InputError, match="first line"):
        twin.read(";".join(f"c{i}" for i in range(1_000_000)) + "\n" + ";" * 999_999)


def test_packed_twice_and_packed_in_parts(twin):
    whole = joined(twin).encode()
    parts = gzip.compress(whole[:500]) + gzip.compress(whole[500:])
    path = twin.export.write(parts, name="export.csv.gz")
    assert hicgeo.read_incidents(path, columns=twin.export.columns).read == 40
    with pytest.raises(InputError, match="text"):
        twin.read(gzip.compress(gzip.compress(whole)), name="twice.csv.gz", physical=False)


def test_a_workbook_that_is_called_csv(twin, write_xlsx):
    book = write_xlsx({"Blad1": [twin.export.titles, *twin.export.rows]})
    with pytest.raises(InputError, match="text"):
        twin.read(book.read_bytes(), name="book.csv")


# --- signs that cannot be seen --------------------------------------------------------------------------------------


def test_a_number_with_a_sign_that_cannot_be_seen_is_the_same_number(twin):
    twin.export.rows[FILL] = list(twin.export.rows[BAD])
    twin.export.set(BAD, "nr", twin.export.rows[BAD][0] + "\u200b")
    intake = twin.read(touched=[FILL, BAD])
    assert intake.rejected["reason"].tolist() == ["duplicate"]
    assert intake.rejected["record"].tolist() == [BAD + 1]


@pytest.mark.parametrize("title", ["nr", "delict", "van", "x", "gemeente"])
@pytest.mark.parametrize("sign", ["\u200b", "\u200e", "\ufeff", "\u00ad"])
def test_signs_that_cannot_be_seen_are_removed_and_listed(twin, title, sign):
    before = twin.export.rows[BAD][twin.export.titles.index(title)]
    twin.export.set(BAD, title, sign + before)
    intake = twin.read()
    assert originals(intake, "invisible_sign") == [(sign + before, before)]


def test_titles_with_blanks_and_signs_that_cannot_be_seen(twin):
    twin.export.titles[:] = [f" {title}\u200b\u00a0 " for title in twin.export.titles]
    twin.read()


def test_accents_apart_from_their_letter_make_no_second_town(twin):
    name = "Súdwest-Fryslân"
    twin.export.set(BAD, "gemeente", name)
    twin.export.set(BAD + 1, "gemeente", unicodedata.normalize("NFD", name))
    intake = twin.read(touched=[BAD, BAD + 1])
    assert intake.incidents["municipality"].iloc[BAD : BAD + 2].tolist() == [name, name]


def test_blanks_that_do_not_break(twin):
    twin.export.rows = [[f"\u00a0{cell}\u00a0" for cell in row] for row in twin.export.rows]
    twin.read()


# --- numbers --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("blank", ["\u00a0", "\u202f", "\u2009", "'", "’"])
def test_thousands_apart(twin, blank):
    twin.export.set(BAD, "x", f"80{blank}959,5")
    assert len(twin.read().repairs.query("kind == 'thousands_mark'")) == 1


@pytest.mark.parametrize("value", ["\u221280959,5", "８０９５９", "80959 m", "X:80959", "8O959", "80959,5,5"])
def test_what_is_no_number(twin, value):
    twin.export.set(BAD, "x", value)
    twin.rejects("bad_coordinate")


def test_formulas_that_hold_a_text(twin):
    for title in ("nr", "x", "van"):
        twin.export.set(BAD, title, f'="{twin.export.rows[BAD][twin.export.titles.index(title)]}"')
    assert len(originals(twin.read(), "formula_text")) == 3


def test_apostrophes_before_numbers_and_before_towns(twin):
    twin.export.set(BAD, "nr", "'" + twin.export.rows[BAD][0])
    twin.export.set(BAD + 1, "gemeente", "'s-Gravenhage")
    intake = twin.read(touched=[BAD + 1])
    assert originals(intake, "apostrophe") == [("'2024000007", "2024000007")]
    assert intake.incidents["municipality"].iloc[BAD + 1] == "'s-Gravenhage"


def test_numbers_that_a_spreadsheet_rounded(twin):
    twin.export.set(BAD, "nr", "2,02401E+18")
    twin.rejects("rounded_number")
    twin.export.set(BAD + 1, "nr", "2.0240123E+18")
    with pytest.raises(InputError, match=r"2 of 40 were rounded.*line 9"):
        twin.read()


# --- dates and times ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        ("31-02-2023", "bad_date"),
        ("29-02-2023", "bad_date"),
        ("00-00-0000", "bad_date"),
        ("2023-W33-7", "bad_date"),
        ("2023-232", "bad_date"),
        ("20-08-0023", "before_1990"),
        ("20-08-1899", "before_1990"),
        ("1692489600", "bad_date"),
        ("20082023", "bad_date"),
        ("20/08", "bad_date"),
        ("augustus 2023", "bad_date"),
    ],
)
def test_dates_that_are_none(twin, value, reason):
    twin.export.set(BAD, "van", value)
    twin.rejects(reason)


@pytest.mark.parametrize("value", ["20-aug-2023", "20 augustus 2023", "20 AUGUST 2023", "20230820", "2023/08/20"])
def test_dates_in_words_and_backwards(twin, value):
    twin.export.set(BAD, "van", value)
    twin.read()


@pytest.mark.parametrize("value", ["8:15 PM", "07:15:60", "25:00", "7.155"])
def test_times_that_are_none(twin, value):
    twin.export.set(BAD, "vantijd", value)
    twin.rejects("bad_time")


def test_fractions_of_a_day_beside_each_other_and_alone(twin):
    for row, cells in enumerate(twin.export.rows):
        hour, minute = map(int, cells[3].split(":"))
        twin.export.set(row, "vantijd", f"{(60 * hour + minute) / 1440:.15f}".replace(".", ","))
    twin.export.set(BAD, "vantijd", "0,5")
    intake = twin.read(touched=[BAD])
    assert intake.incidents["start"].iloc[BAD] == pd.Timestamp("2023-08-20 12:00", tz="Europe/Amsterdam")
    assert len(originals(intake, "excel_time")) == 40
    twin.export.set(FILL, "vantijd", "8.15")  # then 0,5 and 0.25 may be half past midnight
    intake = twin.read(touched=[BAD, FILL])
    assert intake.rejected[["record", "reason"]].to_numpy().tolist() == [[BAD + 1, "bad_time"]]


def test_a_column_that_does_not_say_its_order_is_noted(twin):
    assert "date_order" not in kinds(twin.clean)
    for row in range(40):
        twin.export.set(row, "van", f"{1 + row % 11:02d}-{2 + row % 11:02d}-2023")
        twin.export.set(row, "tot", f"{2 + row % 11:02d}-{2 + row % 11:02d}-2023")
    intake = twin.read(touched=range(40))
    assert intake.notes.set_index("kind").loc["date_order", "records"] == 40


# --- workbooks ------------------------------------------------------------------------------------------------------


def workbook(twin, change=lambda sheet: None, **options):
    """The clean export with typed cells, as Excel keeps it."""
    path = twin.export.folder / "typed.xlsx"
    with xlsxwriter.Workbook(path, options) as book:
        day, clock = (book.add_format({"num_format": code}) for code in ("dd-mm-yyyy", "hh:mm"))
        sheet = book.add_worksheet()
        sheet.write_row(0, 0, twin.export.titles)
        for at, row in enumerate(twin.export.rows, 1):
            sheet.write_row(at, 0, [int(row[0]), row[1]])
            for place in (2, 4):
                sheet.write_datetime(at, place, dt.datetime.strptime(row[place], "%d-%m-%Y"), day)
                sheet.write_datetime(at, place + 1, dt.time.fromisoformat(row[place + 1]), clock)
            sheet.write_row(at, 6, [float(row[6].replace(",", ".")), int(row[7]), *row[8:]])
        change(sheet)
    return path


@pytest.mark.parametrize("old", [False, True])
def test_typed_cells_in_both_date_systems(twin, old):
    twin.read(workbook(twin, date_1904=old))


def test_day_numbers_count_from_where_the_workbook_says(twin):
    def as_numbers(sheet):
        for at, row in enumerate(twin.export.rows, 1):
            day = dt.datetime.strptime(row[2], "%d-%m-%Y")
            sheet.write_number(at, 2, (day - dt.datetime(1904, 1, 1)).days)

    book = workbook(twin, as_numbers, date_1904=True)
    with pytest.raises(InputError, match=r"counts from 1904.*excel_epoch=1904"):
        twin.read(book)
    twin.read(book, excel_epoch=1904)
    assert hicgeo.propose_intake(book).mapping["excel_epoch"] == 1904


def test_dates_as_text_and_as_numbers_in_one_column(twin):
    def mix(sheet):
        for at, row in enumerate(twin.export.rows, 1):
            if at % 3 == 0:
                sheet.write_string(at, 2, row[2])
            elif at % 3 == 1:
                day = dt.datetime.strptime(row[2], "%d-%m-%Y")
                sheet.write_number(at, 2, (day - dt.datetime(1899, 12, 30)).days)

    assert kinds(twin.read(workbook(twin, mix)))["excel_date"] == 14


def test_clock_times_without_their_format(twin):
    def general(sheet):
        for at, row in enumerate(twin.export.rows, 1):
            hour, minute = map(int, row[3].split(":"))
            sheet.write_number(at, 3, (60 * hour + minute) / 1440)

    assert kinds(twin.read(workbook(twin, general)))["excel_time"] == 40


def test_a_workbook_cannot_hold_numbers_of_nineteen_digits(twin):
    # without the stop all of them would be one number, and 39 of 40 incidents its duplicates
    def long(sheet):
        for at in range(1, 41):
            sheet.write_number(at, 0, 2_024_012_345_678_900_000 + at)

    with pytest.raises(InputError, match="40 of 40 were rounded by a spreadsheet"):
        twin.read(workbook(twin, long))


# --- files with geometry --------------------------------------------------------------------------------------------


@pytest.fixture
def points(twin):
    """The clean export as points, and the columns that are left to name."""
    frame = pd.DataFrame(twin.export.rows, columns=twin.export.titles).drop(columns=["x", "y"])
    frame = gpd.GeoDataFrame(frame, geometry=twin.clean.incidents.geometry.to_numpy(), crs=28992)
    twin.export.columns = {ours: theirs for ours, theirs in twin.export.columns.items() if ours not in ("x", "y")}
    return frame


def test_empty_points_are_unlocated(twin, points):
    points.loc[FILL, "geometry"] = None
    points.loc[BAD, "geometry"] = shapely.Point()
    path = twin.export.folder / "points.gpkg"
    points.to_file(path)
    intake = twin.read(path, touched=[FILL, BAD])
    assert kinds(intake)["unlocated"] == 2


def features(twin, points, change):
    path = twin.export.folder / "points.geojson"
    content = json.loads(points.to_crs(4326).to_json())
    change(content["features"])
    path.write_text(json.dumps(content))
    return hicgeo.read_incidents(path, columns=twin.export.columns)


def test_features_without_geometry_are_unlocated(twin, points):
    def spoil(all_of_them):
        del all_of_them[FILL]["geometry"]
        all_of_them[BAD]["geometry"] = None
        all_of_them[BAD + 1]["geometry"] = {"type": "Point", "coordinates": []}

    intake = features(twin, points, spoil)
    assert (intake.read, kinds(intake)["unlocated"]) == (40, 3)


def test_a_name_twice_in_a_feature(twin, points):
    path = twin.export.folder / "points.geojson"
    path.write_text(points.to_crs(4326).to_json().replace('"delict": "B72"', '"delict": "B72", "delict": "A20"', 1))
    with pytest.raises(InputError, match="twice or more: delict"):
        hicgeo.read_incidents(path, columns=twin.export.columns)


@pytest.mark.parametrize("crs", [4326, 32631, 31370, 28991, 25832])
def test_a_wrong_code_in_a_geopackage_moves_nothing_abroad(twin, points, crs):
    path = twin.export.folder / "points.gpkg"
    points.set_crs(crs, allow_override=True).to_file(path)
    with pytest.raises(CrsError, match="RD"):
        hicgeo.read_incidents(path, columns=twin.export.columns)


def test_places_abroad_are_noted(twin, points):
    path = twin.export.folder / "points.gpkg"
    london = gpd.points_from_xy(range(530_000, 530_040), range(180_000, 180_040))
    points.set_geometry(london).set_crs(27700, allow_override=True).to_file(path)
    intake = hicgeo.read_incidents(path, columns=twin.export.columns)
    assert (kinds(intake)["abroad"], intake.incidents.crs.to_epsg()) == (40, 27700)


def test_a_shapefile_whose_table_breaks_off(twin, points):
    path = twin.export.folder / "points.shp"
    points.to_file(path)
    table = path.with_suffix(".dbf")
    table.write_bytes(table.read_bytes()[:-1000])
    with pytest.raises(InputError, match=r"dbf of a shapefile must be whole.*of 40 rows"):
        twin.read(path)


def test_rows_of_a_shapefile_that_are_marked_as_deleted(twin, points):
    path = twin.export.folder / "points.shp"
    points.to_file(path)
    table = bytearray(path.with_suffix(".dbf").read_bytes())
    head, width = (int.from_bytes(table[place : place + 2], "little") for place in (8, 10))
    table[head + BAD * width] = ord("*")
    path.with_suffix(".dbf").write_bytes(table)
    intake = hicgeo.read_incidents(path, columns=twin.export.columns)
    assert intake.read == 39
    assert intake.notes.set_index("kind").loc["deleted_rows", "text"].startswith("1 rows")
