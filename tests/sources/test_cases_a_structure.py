"""BAD-INPUT section a: file and structure. Every case is a file beside its clean twin."""

from __future__ import annotations

import re

import geopandas as gpd
import pandas as pd
import pytest
from twins import BAD, Export, kinds

import hicgeo
from hicgeo.errors import ColumnError, HicgeoError, InputError

COUNTS = {"code": "wijk", "crime_type": "soort", "month": "maand", "incidents": "aantal"}
COUNT_ROWS = [
    ["wijk", "soort", "maand", "aantal"],
    *[[f"WK05180{w}", "1.1.1", f"2015MM0{m}", str(10 * w + m)] for w in (1, 2) for m in (1, 2, 3)],
]


def read_counts(folder, rows, **more):
    path = folder / "counts.csv"
    path.write_bytes(rows if isinstance(rows, bytes) else "\n".join(";".join(r) for r in rows).encode())
    return hicgeo.read_counts(path, columns=COUNTS, **more)


@pytest.mark.parametrize("mark", list(";\t|"))
def test_case_01_delimiter_is_found_and_reported(twin, mark, tmp_path):
    intake = twin.read(twin.export.write(delimiter=mark))
    said = {";": "semicolon", "\t": "tab", "|": "bar"}[mark]
    assert intake.notes.set_index("kind").loc["delimiter", "text"].endswith(said)
    counts = read_counts(tmp_path, "\n".join(mark.join(row) for row in COUNT_ROWS).encode())
    pd.testing.assert_frame_equal(counts, read_counts(tmp_path, COUNT_ROWS))


def test_case_01_comma_with_decimal_commas_in_quotes(twin):
    rows = [",".join(f'"{cell}"' for cell in row) for row in [twin.export.titles, *twin.export.rows]]
    assert twin.read("\r\n".join(rows)).notes["text"].str.contains("comma").any()


def test_case_02_byte_order_mark(twin, tmp_path):
    intake = twin.read("\ufeff" + "\n".join(twin.export.lines()))
    assert intake.account["bytes"]["mark"] == 3
    assert "encoding" in kinds(intake)
    counts = read_counts(tmp_path, "\ufeff".encode() + "\n".join(";".join(row) for row in COUNT_ROWS).encode())
    assert counts["incidents"].tolist() == [11, 12, 13, 21, 22, 23]


def test_case_03_cp1252(twin):
    twin.export.set(BAD, "gemeente", "Café €")
    intake = twin.read("\n".join(twin.export.lines()).encode("cp1252"), touched=[BAD])
    assert intake.incidents["municipality"].iloc[BAD] == "Café €"
    assert intake.notes.set_index("kind").loc["encoding", "text"].startswith("cp1252")


def test_case_03_cp1252_only_if_nothing_contradicts_it(twin):
    # 0x81 is no character in cp1252: the row is rejected, not the file reread
    twin.rejects("invalid_byte", twin.spoil(lambda line: line.replace(b"GM0518", b"GM\x81")))
    with pytest.raises(InputError, match="cp1252"):
        twin.read(twin.spoil(lambda line: line.replace(b"GM0518", b"GM\x81")), encoding="cp1252")


@pytest.mark.parametrize("text", ["Café", "Curaçao", "België", "‘s-Hertogenbosch", "Süd", "€ 5"])
def test_case_04_mojibake_is_noted_and_kept(twin, text):
    spoilt = "".join(bytes([byte]).decode("cp1252", "replace") for byte in text.encode())
    twin.export.set(BAD, "gemeente", spoilt)
    intake = twin.read(touched=[BAD])
    assert kinds(intake)["mojibake"] == 1
    assert intake.incidents["municipality"].iloc[BAD] == spoilt


def test_case_04_a_file_full_of_mojibake_is_refused(twin, write_xlsx):
    for row in (BAD, BAD + 4):
        twin.export.set(row, "gemeente", "CafÃ©")
    with pytest.raises(InputError, match=r"2 of 40 records.*line 9"):
        twin.read(touched=[BAD])
    with pytest.raises(InputError, match="2 of 40 records"):
        twin.read(write_xlsx({"Blad1": [twin.export.titles, *twin.export.rows]}), touched=[BAD])


def test_case_04_accents_are_no_mojibake(twin):
    for row, name in enumerate(("Súdwest-Fryslân", "Ångström", "Älmhult", "Âge", "façade", "São", "Ã", "± 5 °C")):
        twin.export.set(row, "gemeente", name)
    assert "mojibake" not in kinds(twin.read(touched=range(8)))


@pytest.mark.parametrize("encoding", ["utf-16", "utf-32"])
def test_case_05_utf16_with_its_mark(twin, encoding):
    twin.export.set(BAD, "gemeente", "Café 😀")
    intake = twin.read("\r\n".join(twin.export.lines()).encode(encoding), touched=[BAD], physical=False)
    assert intake.incidents["municipality"].iloc[BAD] == "Café 😀"
    assert intake.account["bytes"]["mark"] == len("".encode(encoding))
    assert intake.account["bytes"]["header"] == len((twin.export.lines()[0] + "\r\n").encode(encoding + "-le"))


def test_case_05_utf16_without_its_mark_is_refused_or_declared(twin):
    content = "\n".join(twin.export.lines()).encode("utf-16-le")
    with pytest.raises(InputError, match="utf-16-le"):
        twin.read(content, physical=False)
    twin.read(content, physical=False, encoding="utf-16-le")


def test_case_06_invalid_byte(twin):
    intake = twin.rejects("invalid_byte", twin.spoil(lambda line: line.replace(b"GM0518", b"GM\xff")))
    assert "GM\ufffd" in intake.rejected["value"].iloc[0]


def test_case_07_nul_byte(twin):
    intake = twin.rejects("nul_byte", twin.spoil(lambda line: line.replace(b"GM0518", b"GM\x000518")))
    assert "GM\x000518" in intake.rejected["value"].iloc[0]


STRAY = re.compile(rb"(20\d+);")


def test_case_08_unbalanced_quote_costs_its_own_record(twin):
    for spoilt in (rb'\1;"', rb'"\1;', rb'\1";'):
        content = twin.spoil(lambda line, spoilt=spoilt: STRAY.sub(spoilt, line, count=1))
        for multiline in (False, True):
            twin.rejects("unbalanced_quote", content, multiline=multiline)


def test_case_08_line_breaks_in_quotes_are_two_broken_records_unless_declared(twin):
    content = twin.spoil(lambda line: line.replace(b"GM0518", b'"De Kom\r\nzuid; west\n"'))
    whole = twin.read(content, touched=[BAD], multiline=True, physical=False)
    assert whole.incidents["municipality"].iloc[BAD] == "De Kom\r\nzuid; west"
    assert whole.read == 40
    broken = twin.read(content, touched=[BAD])
    assert broken.read == 42
    assert broken.rejected["line"].tolist() == [BAD + 2, BAD + 3, BAD + 4]
    assert "multiline=True" in broken.notes.set_index("kind").loc["line_breaks", "text"]


def test_case_08_resync_at_the_next_whole_record(twin):
    # an opened quote with a second line of its own, never closed: the record is lost, those after it are not
    content = twin.spoil(lambda line: line.replace(b"GM0518", b'"De Kom\nzuid'))
    intake = twin.read(content, touched=[BAD], multiline=True, physical=False)
    assert intake.rejected[["record", "line", "reason"]].to_numpy().tolist() == [[BAD + 1, BAD + 2, "unbalanced_quote"]]
    assert intake.incidents.index.tolist() == twin.clean.incidents.index.drop(twin.clean.incidents.index[BAD]).tolist()


def test_case_08_one_stray_quote_in_three_thousand(tmp_path):
    export = Export(tmp_path, 3000)
    for row, cells in enumerate(export.rows):
        cells[0], cells[6], cells[7] = f"N{row}", str(80000 + row), str(455000 + row)
    lines = export.lines()
    lines[60] = lines[60].replace("GM0518", '"GM0518')
    for multiline in (False, True):
        intake = hicgeo.read_incidents(export.write("\n".join(lines)), columns=export.columns, multiline=multiline)
        assert (intake.read, len(intake.incidents), len(intake.rejected)) == (3000, 2999, 1)


def test_case_09_row_too_long(twin, tmp_path):
    intake = twin.rejects("too_long", twin.spoil(lambda line: line + b";more"))
    assert intake.rejected["value"].iloc[0].endswith(";more")
    with pytest.raises(InputError, match="too_long 1"):
        read_counts(tmp_path, [*COUNT_ROWS, [*COUNT_ROWS[1], "7", "8"]])


def test_case_10_row_too_short(twin, tmp_path):
    twin.rejects("too_short", twin.spoil(lambda line: line.rsplit(b";", 2)[0]))
    with pytest.raises(InputError, match="too_short 1"):
        read_counts(tmp_path, [*COUNT_ROWS, COUNT_ROWS[1][:3]])


@pytest.mark.parametrize("titled", [False, True])
def test_case_11_trailing_delimiter_never_shifts(twin, titled):
    lines = twin.export.lines()
    intake = twin.read("\n".join([lines[0] + ";" * titled, *(line + ";" for line in lines[1:])]))
    assert kinds(intake)["trailing_delimiter"] == 40


def test_case_12_double_titles(twin):
    twin.export.titles[3] = "van"
    with pytest.raises(InputError, match="twice or more: van"):
        twin.read()


def test_case_13_missing_column_names_what_is_near(twin, tmp_path):
    twin.export.titles[6] = "X-coord"
    twin.export.columns["x"] = "X-coordinaat"
    with pytest.raises(ColumnError, match=r"no column for x.*near: X-coord"):
        twin.read()
    with pytest.raises(ColumnError, match="near: aantal"):
        read_counts(tmp_path, [["wijk", "soort", "maand", "aantallen"], *COUNT_ROWS[1:]])


@pytest.mark.parametrize("content", ["", "\ufeff", "\n \n\r\n", "nr;delict;van;x;y\n", ";;;;\n;;;;\n"])
def test_case_14_empty_file(twin, content, tmp_path):
    with pytest.raises(HicgeoError, match=r"0 rows|looked for"):
        twin.read(content)
    with pytest.raises(HicgeoError, match=r"0 rows|looked for"):
        read_counts(tmp_path, content.encode())


def test_case_15_a_field_of_megabytes(twin):
    # one of 50 MB is among the hostile files
    intake = twin.rejects("field_too_long", twin.spoil(lambda line: line.replace(b"GM0518", b"G" * 5_000_000)))
    assert len(intake.rejected["value"].iloc[0]) <= 1000
    assert intake.account["bytes"]["rejected"] > 5_000_000


def test_case_15_a_megabyte_is_allowed(twin):
    intake = twin.read(twin.spoil(lambda line: line.replace(b"GM0518", b"G" * (1 << 20))), touched=[BAD])
    assert intake.incidents["municipality"].iloc[BAD] == "G" * (1 << 20)


def test_case_16_mixed_line_ends(twin):
    intake = twin.read("".join(line + ("\n", "\r\n", "\r")[i % 3] for i, line in enumerate(twin.export.lines())))
    said = intake.notes.set_index("kind").loc["line_ends", "text"]
    assert said.endswith("14 in CRLF, 14 in LF, 13 in CR")
    assert "line_ends" not in kinds(twin.clean)


def test_case_17_footer(twin, tmp_path):
    lines = twin.export.lines()
    intake = twin.read("\n".join([*lines, "Totaal;40", "", ";".join(["Eindtotaal", "40", *[""] * 10])]))
    assert intake.rejected[["line", "reason"]].to_numpy().tolist() == [[42, "footer"], [44, "footer"]]
    assert intake.rejected["value"].iloc[0] == "Totaal;40"
    counts = read_counts(tmp_path, [*COUNT_ROWS, ["Totaal", "102"]])
    pd.testing.assert_frame_equal(counts, read_counts(tmp_path, COUNT_ROWS))


def test_case_18_header_halfway(twin, tmp_path):
    lines = twin.export.lines()
    intake = twin.read("\n".join([*lines[:20], lines[0], *lines[20:]]))
    assert intake.rejected[["record", "line", "reason"]].to_numpy().tolist() == [[20, 21, "repeated_header"]]
    counts = read_counts(tmp_path, [*COUNT_ROWS[:3], COUNT_ROWS[0], *COUNT_ROWS[3:]])
    pd.testing.assert_frame_equal(counts, read_counts(tmp_path, COUNT_ROWS))


@pytest.mark.parametrize("name", ["NA", "None", "null", "nan", "N/A", "-"])
def test_case_19_words_that_look_like_nothing_are_names(twin, name):
    twin.export.set(BAD, "gemeente", name)
    twin.export.set(BAD + 1, "nr", name)
    intake = twin.read(touched=[BAD, BAD + 1])
    assert intake.incidents["municipality"].iloc[BAD] == name
    assert intake.incidents.index[BAD + 1] == name
    assert len(intake.incidents) == 40


@pytest.mark.parametrize("code", ["12E05", "1E3", "1.4.6", "0014"])
def test_case_20_codes_that_look_like_numbers(twin, code):
    twin.export.set(BAD, "nr", code)
    twin.export.set(BAD, "delict", code)
    types = {"A20": "woninginbraak", "A30": "woninginbraak", "B70": "straatroof", "B72": "overval", code: "eigen type"}
    intake = twin.read(touched=range(40), crime_types=types)
    assert intake.incidents.index[BAD] == code
    assert intake.incidents["crime_type"].iloc[BAD] == "eigen type"
    assert len(intake.incidents) == 40


def test_case_21_numbers_longer_than_a_float_holds(twin, write_xlsx):
    numbers = [f"20240123456789012{row:02d}" for row in (11, 12)]
    for row, number in zip((BAD, BAD + 1), numbers, strict=True):
        twin.export.set(row, "nr", number)
    assert twin.read(touched=[BAD, BAD + 1]).incidents.index[BAD : BAD + 2].tolist() == numbers
    book = write_xlsx({"Blad1": [twin.export.titles, *twin.export.rows]})
    assert twin.read(book, touched=[BAD, BAD + 1]).incidents.index[BAD : BAD + 2].tolist() == numbers


def rows_of(export):
    """Cells as Excel keeps them: numbers as numbers."""
    return [[*row[:6], float(row[6].replace(",", ".")), int(row[7]), *row[8:]] for row in export.rows]


def test_case_22_second_hidden_and_empty_sheets(twin, write_xlsx):
    rows = [twin.export.titles, *rows_of(twin.export)]
    hidden = twin.read(write_xlsx({"Blad1": rows, ".Oud": [["nr"], ["x"]], "Leeg": []}))
    assert {"sheet", "hidden_sheet"} <= set(hidden.notes["kind"])
    two = write_xlsx({"een": rows, "twee": rows}, name="two.xlsx")
    with pytest.raises(InputError, match="2: een, twee"):
        twin.read(two)
    assert twin.read(two, sheet="twee").read == 40


def test_case_22_formulas_are_read_by_value_and_those_without_are_rejected(twin, write_xlsx):
    cells = rows_of(twin.export)
    cells[BAD][7] = f"=SUM({cells[BAD][7]})|{cells[BAD][7]}"
    twin.read(write_xlsx({"Blad1": [twin.export.titles, *cells]}))
    cells[BAD][7] = "=SUM(A1:A2)|"
    intake = twin.rejects("formula_without_value", write_xlsx({"Blad1": [twin.export.titles, *cells]}))
    assert intake.rejected[["column", "value"]].to_numpy().tolist() == [["y", "=SUM(A1:A2)"]]


def test_case_22_merged_cells_are_noted(twin, write_xlsx):
    book = write_xlsx({"Blad1": [twin.export.titles, *rows_of(twin.export)]}, merged="A2:A3")
    assert "merged_cells" in kinds(twin.read(book))


@pytest.mark.parametrize("error", ["#N/B", "#REF!", "#N/A", "#DEEL/0!"])
def test_case_23_error_cells(twin, write_xlsx, error):
    cells = rows_of(twin.export)
    cells[BAD][7] = {"#N/B": "#N/A", "#DEEL/0!": "#DIV/0!"}.get(error, error)  # a workbook keeps the English word
    intake = twin.rejects("error_cell", write_xlsx({"Blad1": [twin.export.titles, *cells]}))
    assert intake.rejected[["column", "value"]].to_numpy().tolist() == [["y", cells[BAD][7]]]
    twin.export.set(BAD, "gemeente", error)  # saved as text
    intake = twin.rejects("error_cell")
    assert intake.rejected[["column", "value"]].to_numpy().tolist() == [["gemeente", error]]


def vector(twin, suffix):
    frame = pd.DataFrame(twin.export.rows, columns=twin.export.titles).drop(columns=["x", "y"])
    frame = gpd.GeoDataFrame(frame, geometry=twin.clean.incidents.geometry.to_numpy(), crs=28992)
    path = twin.export.folder / f"vector{suffix}"
    (frame.to_crs(4326) if suffix == ".geojson" else frame).to_file(path)
    twin.export.columns = {ours: theirs for ours, theirs in twin.export.columns.items() if ours not in ("x", "y")}
    return path


@pytest.mark.parametrize("suffix", [".geojson", ".gpkg"])
def test_case_24_a_truncated_file_is_refused_wherever_it_breaks_off(twin, suffix):
    path = vector(twin, suffix)
    content = path.read_bytes()
    if suffix == ".gpkg":
        twin.read(path)  # whole, it is the twin of the CSV to the last bit
    short = path.with_stem("short")
    for part in range(1, 20, 3):
        short.write_bytes(content[: len(content) * part // 20])
        with pytest.raises(HicgeoError):
            hicgeo.read_incidents(short, columns=twin.export.columns)


def test_case_25_a_zip_with_two_layers_names_them(twin, tmp_path):
    import zipfile

    path = vector(twin, ".gpkg")
    with zipfile.ZipFile(tmp_path / "two.zip", "w") as archive:
        archive.write(path, "een.gpkg")
        archive.write(path, "twee.gpkg")
    with pytest.raises(InputError, match="2: een, twee"):
        hicgeo.read_incidents(tmp_path / "two.zip", columns=twin.export.columns)
    with pytest.raises(InputError, match="2: een, twee"):
        hicgeo.read_neighbourhoods(tmp_path / "two.zip", level="buurt")
