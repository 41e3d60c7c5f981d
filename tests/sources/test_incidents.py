"""Each fault is a file beside its clean twin: it has the outcome that is promised and costs no other record."""

from __future__ import annotations

import json

import geopandas as gpd
import numpy as np
import pandas as pd
import pyproj
import pytest
import shapely
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from twins import Export

import hicgeo
from hicgeo.errors import ColumnError, CrsError, InputError
from hicgeo.schema import check_incidents

BAD = 7  # the row that is spoilt


@pytest.fixture
def clean(export):
    return hicgeo.read_incidents(export.write(), columns=export.columns)


def read(export, content=None, **more):
    intake = hicgeo.read_incidents(export.write(content), columns=export.columns, **more)
    check_incidents(intake.incidents)
    assert intake.read == len(intake.incidents) + len(intake.rejected)
    assert (intake.rejected["record"].diff().dropna() > 0).all()
    return intake


def assert_others_equal(intake, clean, *lost):
    """All records but those of the rows `lost` are as in the clean twin."""
    kept = clean.incidents.drop(index=[clean.incidents.index[i] for i in lost])
    pd.testing.assert_frame_equal(intake.incidents.loc[kept.index, kept.columns], kept, check_categorical=False)


def test_clean_file_is_read_as_it_was_written(clean):
    first = clean.incidents.iloc[0]
    assert clean.read == len(clean.incidents) == 40
    assert clean.rejected.empty
    assert clean.incidents.index[0] == "2024000000"
    assert first["crime_type"] == "woninginbraak"
    assert first["start"] == pd.Timestamp("2023-01-13 00:15", tz="Europe/Amsterdam")
    assert first["end"] == pd.Timestamp("2023-01-14 00:45", tz="Europe/Amsterdam")
    assert first["time_status"] == "window"
    assert (first.geometry.x, first.geometry.y) == (80000.5, 455000)
    assert clean.incidents["direct_victim"].tolist() == [False, False, False, True] * 10
    assert clean.incidents.crs.to_epsg() == 28992
    assert clean.summary().to_dict() == {"read": 40, "accepted": 40, "located": 40, "unlocated": 0, "rejected": 0}


# --- structure ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("delimiter", [";", "\t", "|"])
def test_delimiter_is_recognised(export, clean, delimiter):
    path = export.write(delimiter=delimiter)
    assert_others_equal(hicgeo.read_incidents(path, columns=export.columns), clean)


def test_comma_separated_with_quoted_decimal_commas(export, clean):
    rows = [",".join(f'"{cell}"' for cell in row) for row in [export.titles, *export.rows]]
    assert_others_equal(read(export, "\n".join(rows)), clean)


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "cp1252"])
def test_encodings(export, clean, encoding):
    export.set(BAD, "gemeente", "Café")
    intake = read(export, "\n".join(export.lines()).encode(encoding))
    assert intake.incidents["municipality"].iloc[BAD] == "Café"
    assert "encoding" in set(intake.notes["kind"])
    assert_others_equal(intake, clean, BAD)


def test_mixed_line_ends(export, clean):
    lines = export.lines()
    text = "".join(line + ("\n", "\r\n", "\r")[i % 3] for i, line in enumerate(lines))
    assert_others_equal(read(export, text), clean)


def with_line(export, change):
    lines = [line.encode() for line in export.lines()]
    lines[BAD + 1] = change(lines[BAD + 1])
    return b"\n".join(lines) + b"\n"


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (lambda line: line + b";more", "too_long"),
        (lambda line: line.rsplit(b";", 2)[0], "too_short"),
        (lambda line: line.replace(b";A", b';"A', 1).replace(b";B", b';"B', 1), "unbalanced_quote"),
        (lambda line: line.replace(b"GM0518", b"GM\x000518"), "nul_byte"),
        (lambda line: line.replace(b"GM0518", b"GM\xff"), "invalid_byte"),
        (lambda line: line.replace(b"GM0518", b"G" * (1 << 20) + b"M"), "field_too_long"),
    ],
)
def test_broken_record_costs_no_other(export, clean, change, reason):
    intake = read(export, with_line(export, change))
    assert intake.read == 40
    assert intake.rejected[["record", "line", "reason"]].to_numpy().tolist() == [[BAD + 1, BAD + 2, reason]]
    assert_others_equal(intake, clean, BAD)


def test_quoted_and_plain_lines_keep_their_order(export, clean):
    lines = export.lines()
    for place in (3, 8, 20):
        lines[place] = ";".join(f'"{cell}"' for cell in lines[place].split(";"))
    intake = read(export, "\n".join(lines))
    assert intake.incidents.index.tolist() == clean.incidents.index.tolist()
    assert_others_equal(intake, clean)


def test_delimiter_and_quotes_inside_a_quoted_field(export, clean):
    export.set(BAD, "gemeente", '"De ""Kom""; zuid"')
    intake = read(export)
    assert intake.incidents["municipality"].iloc[BAD] == 'De "Kom"; zuid'
    assert_others_equal(intake, clean, BAD)


def test_trailing_delimiter_never_shifts_columns(export, clean):
    lines = export.lines()
    assert_others_equal(read(export, "\n".join([lines[0], *(line + ";" for line in lines[1:])])), clean)
    assert_others_equal(read(export, "\n".join(line + ";" for line in lines)), clean)


def test_header_halfway_footer_and_blank_lines(export, clean):
    lines = export.lines()
    text = "\n".join([*lines[:20], "", lines[0], *lines[20:], ";" * 11, "Totaal;40", ""])
    intake = read(export, text)
    assert intake.read == 42
    assert intake.rejected["reason"].tolist() == ["repeated_header", "footer"]
    assert_others_equal(intake, clean)


def test_text_stays_text(export):
    for row, value in enumerate(["NA", "None", "1E3", "00123"]):
        export.set(row, "nr", value)
    assert read(export).incidents.index[:4].tolist() == ["NA", "None", "1E3", "00123"]


@pytest.mark.parametrize("content", ["", "\n\n", "nr;delict;van;x;y\n"])
def test_empty_file(export, content):
    with pytest.raises(InputError, match="0 rows"):
        read(export, content)


def test_duplicate_titles(export):
    export.titles[3] = "van"
    with pytest.raises(InputError, match="van"):
        read(export)


def test_missing_column_lists_near_titles(export):
    export.titles[6] = "X-coord"
    export.columns["x"] = "X-coordinaat"
    with pytest.raises(ColumnError, match="near: X-coord"):
        read(export)


def test_unknown_name_of_ours(export):
    export.columns["date"] = "van"
    with pytest.raises(ColumnError, match="date"):
        read(export)


# --- place ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("x", "y", "reason"),
    [
        ("0", "0", "placeholder_coordinate"),
        ("1", "1", "placeholder_coordinate"),
        ("-1", "455000", "placeholder_coordinate"),
        ("999999", "999999", "placeholder_coordinate"),
        ("155000", "463000", "placeholder_coordinate"),
        ("inf", "455000", "infinite_coordinate"),
        ("1e400", "455000", "infinite_coordinate"),
        ("somewhere", "455000", "bad_coordinate"),
        ("455000", "80000", "swapped_axes"),
        ("4,3", "52,1", "other_crs"),
        ("80000", "100000", "outside_country"),
        ("400000", "455000", "outside_country"),
    ],
)
def test_places_that_are_none(export, clean, x, y, reason):
    export.set(BAD, "x", x)
    export.set(BAD, "y", y)
    intake = read(export)
    assert intake.rejected[["record", "reason"]].to_numpy().tolist() == [[BAD + 1, reason]]
    assert_others_equal(intake, clean, BAD)


@pytest.mark.parametrize("value", ["121.687,5", "121,687.5", "121687,5", "121687.5", "121 687,5"])
def test_number_formats(export, clean, value):
    export.set(BAD, "x", value)
    intake = read(export)
    assert intake.incidents.geometry.iloc[BAD].x == 121687.5
    assert_others_equal(intake, clean, BAD)


def test_thousands_dots_throughout(export):
    for i in range(40):
        export.set(i, "x", f"121.{i:03d}")
        export.set(i, "y", f"487.{i:03d}")
    intake = read(export)
    assert intake.incidents.geometry.x.tolist() == [121000.0 + i for i in range(40)]
    assert "thousands_mark" in set(intake.notes["kind"])


@pytest.mark.parametrize(("x", "y"), [("", ""), ("NaN", "NaN"), ("", "455000")])
def test_no_coordinate_is_accepted_unlocated(export, clean, x, y):
    export.set(BAD, "x", x)
    export.set(BAD, "y", y)
    intake = read(export)
    assert intake.incidents.geometry.is_empty.tolist() == [i == BAD for i in range(40)]
    assert intake.summary()["unlocated"] == 1
    assert_others_equal(intake, clean, BAD)


def degrees(export, swap=False):
    """The same places in degrees, by PROJ's command of the library rather than ours."""
    to = pyproj.Transformer.from_crs(28992, 4326, always_xy=True)
    for row, cells in enumerate(export.rows):
        lon, lat = to.transform(float(cells[6].replace(",", ".")), float(cells[7]))
        for title, value in zip(("x", "y"), (lat, lon) if swap else (lon, lat), strict=True):
            export.set(row, title, f"{value:.8f}")


def test_degrees_are_recognised_and_transformed(export, clean):
    degrees(export)
    intake = read(export)
    assert intake.incidents.crs.to_epsg() == 28992
    assert intake.incidents.distance(clean.incidents).max() < 0.01
    assert "transformed" in set(intake.notes["kind"])


def test_reference_point_of_rd(export):
    # (155000, 463000) is 52.1551723 N, 5.3872035 E
    for row in range(40):
        export.set(row, "x", "5.3872035")
        export.set(row, "y", "52.1551723")
    point = read(export, crs="EPSG:4326").incidents.geometry.iloc[0]
    assert abs(point.x - 155000) < 1
    assert abs(point.y - 463000) < 1


def test_declared_crs_that_the_coordinates_contradict(export):
    with pytest.raises(CrsError, match="RD metres"):
        read(export, crs="EPSG:4326")
    degrees(export)
    with pytest.raises(CrsError, match="degrees"):
        read(export, crs="EPSG:28992")


@pytest.mark.parametrize("as_degrees", [False, True])
def test_swapped_axes_throughout(export, as_degrees):
    if as_degrees:
        degrees(export)
    export.columns["x"], export.columns["y"] = "y", "x"
    with pytest.raises(CrsError, match="100% fall in the Netherlands"):
        read(export)


def test_two_crs_in_one_file(export):
    for row in range(10):
        export.set(row, "x", "4.3")
        export.set(row, "y", "52.1")
    with pytest.raises(CrsError, match="one CRS"):
        read(export)


def test_coordinates_that_fit_nothing_must_be_declared(export):
    for row in range(40):
        export.set(row, "x", str(355000 + row))
        export.set(row, "y", str(580000 + row))
    with pytest.raises(CrsError, match="declare"):
        read(export)
    assert read(export, crs="EPSG:26971").incidents.crs.to_epsg() == 26971


# --- time -----------------------------------------------------------------------------------------------------------


def moments(export, row, *values):
    for title, value in zip(("van", "vantijd", "tot", "tottijd"), values, strict=True):
        export.set(row, title, value)


def at(text):
    return pd.Timestamp(text, tz="Europe/Amsterdam")


@pytest.mark.parametrize(
    ("values", "start", "end", "status"),
    [
        (("03-04-2023", "10:00", "03-04-2023", "10:00"), "2023-04-03 10:00", "2023-04-03 10:00", "exact"),
        (("03-04-2023", "10:00", "", ""), "2023-04-03 10:00", "2023-04-03 10:00", "from_only"),
        (("", "", "03-04-2023", "10:00"), "2023-04-03 10:00", "2023-04-03 10:00", "to_only"),
        (("03-04-2023", "", "", ""), "2023-04-03", "2023-04-03 23:59:59.999999", "date_only"),
        (("03-04-2023", "", "03-04-2023", ""), "2023-04-03", "2023-04-03 23:59:59.999999", "date_only"),
        (("03-04-2023", "23:00", "03-04-2023", "24:00"), "2023-04-03 23:00", "2023-04-04 00:00", "window"),
        (("31-12-2022", "23:00", "", "02:00"), "2022-12-31 23:00", "2023-01-01 02:00", "window"),
        (("2023-04-03", "8.15", "3-4-2023", "0830"), "2023-04-03 08:15", "2023-04-03 08:30", "window"),
        (("3 april 2023", "8u15", "20230403", "08:30:30"), "2023-04-03 08:15", "2023-04-03 08:30:30", "window"),
        (("45019", "08:15", "45019", "09:15"), "2023-04-03 08:15", "2023-04-03 09:15", "window"),
        (("26-03-2023", "02:30", "26-03-2023", "04:00"), "2023-03-26 03:00", "2023-03-26 04:00", "window"),
    ],
)
def test_moments(export, clean, values, start, end, status):
    moments(export, BAD, *values)
    intake = read(export)
    row = intake.incidents.iloc[BAD]
    assert (row["start"], row["end"], row["time_status"]) == (at(start), at(end), status)
    assert_others_equal(intake, clean, BAD)


def test_clock_changes_keep_real_hours(export):
    moments(export, 0, "26-03-2023", "01:00", "26-03-2023", "04:00")
    moments(export, 1, "29-10-2023", "02:30", "29-10-2023", "02:30")
    moments(export, 2, "29-10-2023", "01:00", "29-10-2023", "04:00")
    rows = read(export).incidents
    length = (rows["end"] - rows["start"]).dt.total_seconds() / 3600
    assert length.iloc[:3].tolist() == [2.0, 1.0, 4.0]


@pytest.mark.parametrize(
    ("values", "reason"),
    [
        (("", "", "", ""), "missing_time"),
        (("31-02-2023", "10:00", "", ""), "bad_date"),
        (("yesterday", "10:00", "", ""), "bad_date"),
        (("03-04-2023", "25:30", "", ""), "bad_time"),
        (("03-04-2023", "2530", "", ""), "bad_time"),
        (("03-04-2023", "10:00", "02-04-2023", "10:00"), "end_before_start"),
        (("03-04-2103", "10:00", "", ""), "future_date"),
        (("03-04-1989", "10:00", "", ""), "before_1990"),
        (("03-04-2012", "10:00", "03-04-2022", "10:00"), "window_too_long"),
    ],
)
def test_times_that_are_none(export, clean, values, reason):
    moments(export, BAD, *values)
    intake = read(export)
    assert intake.rejected[["record", "reason"]].to_numpy().tolist() == [[BAD + 1, reason]]
    assert_others_equal(intake, clean, BAD)


def test_two_date_orders_are_refused_with_examples_by_line(export):
    for row in range(3, 9):
        export.set(row, "van", f"03-{15 + row}-2023")
    with pytest.raises(InputError) as caught:
        read(export)
    # three of each reading, by where they stand: a moment may tell an incident to who was there
    assert caught.value.given.count("line ") == 6
    assert "line 5, line 6, line 7" in caught.value.given
    assert "line 2, " in caught.value.given
    assert not any(cell in str(caught.value) for row in export.rows for cell in row if len(cell) > 4)


def test_month_first_must_be_declared(export, clean):
    for row in export.rows:
        for place in (2, 4):
            day, month, year = row[place].split("-")
            row[place] = f"{month}/{day}/{year}"
    with pytest.raises(InputError, match="month_first"):
        read(export)
    assert_others_equal(read(export, date_order="month_first"), clean)


def test_two_digit_years_are_refused(export):
    export.set(BAD, "van", "03-04-23")
    with pytest.raises(InputError, match="four digits"):
        read(export)


def test_moments_with_offsets(export):
    export.titles[2:6] = ["van", "t1", "tot", "t2"]
    export.columns = {k: v for k, v in export.columns.items() if not k.endswith(("date", "time"))}
    export.columns |= {"start": "van", "end": "tot"}
    for row in range(40):
        export.set(row, "van", "2023-07-01T10:00:00Z")
        export.set(row, "tot", "2023-07-01T13:00:00+02:00")
    rows = read(export).incidents
    assert (rows["start"] == at("2023-07-01 12:00")).all()
    assert (rows["end"] == at("2023-07-01 13:00")).all()
    export.set(BAD, "van", "2023-07-01T10:00:00")
    with pytest.raises(InputError, match="UTC offset"):
        read(export)


# --- identity and offence -------------------------------------------------------------------------------------------


def test_duplicates(export, clean):
    export.rows.append(list(export.rows[3]))
    export.rows.append(list(export.rows[5]))
    export.set(41, "delict", "A20")
    intake = read(export)
    assert intake.rejected[["record", "reason"]].to_numpy().tolist() == [[41, "duplicate"], [42, "duplicate_number"]]
    assert_others_equal(intake, clean)


def test_a_rejected_record_does_not_make_its_twin_a_duplicate(export):
    export.rows.append(list(export.rows[3]))
    export.set(3, "x", "0")
    intake = read(export)
    assert intake.rejected["reason"].tolist() == ["placeholder_coordinate"]
    assert export.rows[3][0] in intake.incidents.index


def test_unmapped_codes_are_rejected_and_listed_by_frequency(export):
    for row, code in enumerate(["A40", "A40", "A40", "A21", "Diefstal van Jan"]):
        export.set(row, "delict", code)
    intake = read(export)
    assert (intake.rejected["reason"] == "unmapped_code").sum() == 5
    notes = intake.notes[intake.notes["kind"] == "unmapped_code"]
    assert notes["records"].tolist() == [3, 1, 1]
    assert not notes["text"].str.contains("Jan").any()


def test_code_table_of_the_user(export):
    intake = read(export, crime_types={"a20": "woninginbraak", "B70": "straatroof"})
    assert set(intake.incidents["crime_type"]) == {"woninginbraak", "straatroof"}
    assert len(intake.rejected) == 20


def test_codes_in_b_imply_violence_without_a_column(export):
    del export.columns["violence"], export.columns["confronted"]
    intake = read(export)
    assert intake.incidents["violence"].fillna(False).tolist() == [False, True, False, True] * 10
    assert intake.incidents["direct_victim"].equals(intake.incidents["violence"].rename("direct_victim"))
    assert {"violence_from_code", "direct_victim_proxy"} <= set(intake.notes["kind"])


@pytest.mark.parametrize(("given", "code"), [("14", "GM0014"), ("0014", "GM0014"), ("gm14", "GM0014"), ("NA", "NA")])
def test_municipality(export, given, code):
    export.set(BAD, "gemeente", given)
    assert read(export).incidents["municipality"].iloc[BAD] == code


def test_reprs_hold_no_content(export):
    export.set(BAD, "delict", "Secret12")
    intake = read(export)
    for text in (repr(intake), intake._repr_html_()):
        assert "Secret12" not in text
        assert "2024000" not in text
    assert "40 read = 39 accepted + 1 rejected" in repr(intake)


# --- presets and formats --------------------------------------------------------------------------------------------

SAMPLE_HEADER = (
    "Registratienummer;Delictcode;Omschrijving;Pleegdatum van;Pleegtijd van;Pleegdatum tot;Pleegtijd tot;X-coordinaat;"
    "Y-coordinaat;Gemeente;Poging;Confrontatie;Geweld;Object;Modus operandi;Woningtype;Adressleutel;Registratiedatum"
)


@pytest.mark.parametrize("preset", ["sample", "bvh"])
def test_presets(tmp_path, preset):
    row = "PL1;B72;x;03-04-2023;10:00;03-04-2023;11:00;80000,5;455000,0;GM0518;J;J;J;winkel;mes;;A1;04-04-2023"
    path = tmp_path / "export.csv"
    path.write_bytes(f"\ufeff{SAMPLE_HEADER}\r\n{row}\r\n".encode())
    table = check_incidents(hicgeo.read_incidents(path, columns=preset).incidents)
    assert table.loc["PL1", ["crime_type", "target", "modus", "address_key"]].tolist() == [
        "overval",
        "winkel",
        "mes",
        "A1",
    ]
    assert bool(table.loc["PL1", "direct_victim"])
    assert table.loc["PL1", "registered"] == pd.Timestamp("2023-04-04")
    assert table.loc["PL1", "dwelling_type"] == "onbekend"


def test_xlsx_by_value(export, clean, write_xlsx):
    cells = [[*row[:6], float(row[6].replace(",", ".")), int(row[7]), *row[8:]] for row in export.rows]
    cells[BAD][7] = "#N/A"
    path = write_xlsx({"Blad1": [export.titles, *cells], ".Oud": [["nr"], ["x"]]})
    intake = hicgeo.read_incidents(path, columns=export.columns)
    assert intake.rejected["record"].tolist() == [BAD + 1]
    assert "hidden_sheet" in set(intake.notes["kind"])
    assert_others_equal(intake, clean, BAD)


def test_xlsx_with_two_sheets_must_be_told(export, write_xlsx):
    path = write_xlsx({"een": [export.titles, *export.rows], "twee": [export.titles, *export.rows]})
    with pytest.raises(InputError, match="een, twee"):
        hicgeo.read_incidents(path, columns=export.columns)
    assert hicgeo.read_incidents(path, columns=export.columns, sheet="twee").read == 40


@pytest.mark.parametrize("suffix", [".gpkg", ".parquet", ".geojson", ".shp"])
def test_formats_with_geometry(export, clean, tmp_path, suffix):
    frame = pd.DataFrame(export.rows, columns=export.titles).drop(columns=["x", "y"])
    frame = gpd.GeoDataFrame(frame, geometry=clean.incidents.geometry.to_numpy(), crs=28992)
    path = tmp_path / f"export{suffix}"
    if suffix == ".geojson":
        frame = frame.to_crs(4326)
    frame.to_parquet(path) if suffix == ".parquet" else frame.to_file(path)
    names = {k: v[:10] for k, v in export.columns.items() if k not in "xy"}
    if suffix == ".shp":
        names = {k: v[:10] for k, v in names.items()}
    intake = hicgeo.read_incidents(path, columns=names)
    columns = clean.incidents.columns.drop("geometry")
    pd.testing.assert_frame_equal(
        pd.DataFrame(intake.incidents)[columns], pd.DataFrame(clean.incidents)[columns], check_categorical=False
    )
    assert intake.incidents.distance(clean.incidents).max() < 0.05


def test_rd_in_geojson_without_crs_is_refused(tmp_path):
    frame = gpd.GeoDataFrame(
        {"nr": ["1"], "d": ["A20"], "t": ["2023-04-03 10:00"]}, geometry=[shapely.Point(80000, 455000)]
    )
    path = tmp_path / "rd.geojson"
    path.write_text(frame.to_json())
    with pytest.raises(CrsError, match="RD metres"):
        hicgeo.read_incidents(path, columns={"incident_id": "nr", "crime_type": "d", "start": "t"})


def test_heights_are_dropped_and_lines_rejected(tmp_path):
    shapes = [shapely.Point(80000, 455000, 3), shapely.LineString([(80000, 455000), (80010, 455000)])]
    frame = gpd.GeoDataFrame({"nr": ["1", "2"], "d": "A20", "t": "2023-04-03 10:00"}, geometry=shapes, crs=28992)
    path = tmp_path / "z.parquet"
    frame.to_parquet(path)
    intake = hicgeo.read_incidents(path, columns={"incident_id": "nr", "crime_type": "d", "start": "t"})
    assert intake.rejected["reason"].tolist() == ["not_a_point"]
    assert not intake.incidents.geometry.has_z.any()


def test_planted_faults_of_the_sample_city_and_no_others_are_rejected(tmp_path):
    files = hicgeo.write_sample(hicgeo.sample_city(3), tmp_path)
    truth = json.loads(files["truth"].read_text())
    intake = hicgeo.read_incidents(files["incidents"], columns="sample")
    check_incidents(intake.incidents)
    got = {"read": intake.read, "accepted": len(intake.incidents), "rejected": len(intake.rejected)}
    assert got == {name: truth["export"][name] for name in got}
    planted = {each["line"] for each in truth["faults"]["records"] if each["outcome"] == "rejected"}
    assert set(intake.rejected["line"]) == planted


# --- the law --------------------------------------------------------------------------------------------------------

FAULTS = [
    ("x", "0"),
    ("x", ""),
    ("x", "inf"),
    ("y", "12.000"),
    ("van", ""),
    ("van", "45019"),
    ("vantijd", "24:00"),
    ("tot", "01-01-1980"),
    ("tottijd", "\x00"),
    ("delict", "Z9"),
    ("delict", '"A20'),
    ("nr", ""),
    ("nr", "2024000001"),
    ("gemeente", "a;b"),
    ("gemeente", "a\nb"),
    ("poging", "?"),
    ("geweld", "\udcff"),
]


@given(st.lists(st.tuples(st.integers(0, 39), st.sampled_from(FAULTS)), max_size=8))
@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_read_is_accepted_plus_rejected_whatever_the_faults(tmp_path_factory, faults):
    export = Export(tmp_path_factory.mktemp("law"))
    for row, (title, value) in faults:
        export.set(row, title, value)
    text = "\n".join(export.lines()).encode("utf-8", "surrogateescape")
    intake = read(export, text)
    lines = text.split(b"\n")[1:]
    assert intake.read == sum(1 for line in lines if line.strip())
    spoilt = {export.rows[row][0] for row, _ in faults} | {"2024000001"}
    untouched = [row[0] for row in export.rows if row[0] and row[0] not in spoilt]
    assert set(untouched) <= set(intake.incidents.index)
    assert intake.rejected["line"].between(2, len(lines) + 1).all()
    assert np.isin(intake.rejected["record"], np.arange(1, intake.read + 1)).all()
    assert intake.rejected["record"].is_unique
