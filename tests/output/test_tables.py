import csv
import json
import sqlite3
import xml.etree.ElementTree as ET
import zipfile
from datetime import date

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import python_calamine
import rasterio
import scenes
import shapely
from geopandas.testing import assert_geodataframe_equal

from hicgeo.errors import DisclosureError, InputError
from hicgeo.output.tables import write_surface, write_table

FORMULAS = ["=1+1", "+31", "-cmd", "@SUM(A1)", "\t=1", "\r=1", " =1", "＝1", "=1;=2", '="a"']


def read(path):
    raw = path.read_bytes()
    assert raw.startswith(b"\xef\xbb\xbf")
    return raw.decode("utf-8-sig").split("\r\n")


def test_dutch_excel_reads_numbers_as_numbers(tmp_path):
    table = pd.DataFrame(
        {
            "incidents": [1200.0, np.nan],
            "rate": [2.4, -0.5],
            "dwellings": pd.array([47, None], "Int64"),
            "is_water": [False, True],
        },
        index=pd.Index(["BU99990000", "BU99990001"], name="code"),
    )
    lines = read(write_table(table, tmp_path / "a.csv"))
    assert lines == [
        "code;incidents;rate;dwellings;is_water",
        "BU99990000;1200;2,4;47;nee",
        "BU99990001;;-0,5;;ja",
        "",
    ]
    english = read(write_table(table, tmp_path / "b.csv", language="en"))
    assert english[1] == "BU99990000,1200,2.4,47,no"


def test_a_rate_of_an_area_whose_border_moved_is_marked(tmp_path):
    rates = scenes.rates(scenes.areas())
    rates.attrs["moved_border"] = ["BU99990002"]
    rows = list(csv.DictReader(read(write_table(rates, tmp_path / "a.csv")), delimiter=";"))
    assert [row["code"] for row in rows if row["border_moved"] == "ja"] == ["BU99990002"]
    assert {row["border_moved"] for row in rows} == {"ja", "nee"}


def test_a_file_that_is_passed_on_alone_says_of_what_it_is(tmp_path):
    rates = scenes.rates(scenes.areas())[["incidents", "rate"]]
    lines = read(write_table(rates, tmp_path / "a.csv"))
    assert lines[0] == "code;incidents;rate;crime_type;period;base_name;per"
    assert {line.split(";", 3)[3] for line in lines[1:-1]} == {"woninginbraak;2024;woningen;1000"}
    english = read(write_table(rates, tmp_path / "a.csv", language="en"))
    assert english[1].endswith("woninginbraak,2024,dwellings,1000")
    write_table(rates, tmp_path / "a.xlsx")
    (sheet,) = python_calamine.CalamineWorkbook.from_path(str(tmp_path / "a.xlsx")).sheet_names
    rows = python_calamine.CalamineWorkbook.from_path(str(tmp_path / "a.xlsx")).get_sheet_by_name(sheet).to_python()
    assert rows[0][-4:] == ["crime_type", "period", "base_name", "per"]
    assert rows[1][-4:] == ["woninginbraak", "2024", "woningen", 1000]


def test_what_a_row_says_itself_is_not_said_again_and_other_attrs_stay_away(tmp_path):
    monthly = pd.DataFrame({"incidents": [4, 9], "crime_type": ["overval", "straatroof"]}, index=[0, 1])
    monthly.attrs = {"crime_type": "woninginbraak", "period": ("2024-01", "2024-06"), "base": pd.Series([1]), "norm": 8}
    assert read(write_table(monthly, tmp_path / "a.csv"))[:2] == ["incidents;crime_type;period",
                                                                  "4;overval;2024-01/2024-06"]  # fmt: skip
    assert list(monthly.columns) == ["incidents", "crime_type"], "the caller's own table is not changed"


def test_the_words_of_a_column_are_in_the_language_of_the_file(tmp_path):
    roles = pd.DataFrame({"before": [40, 30, 2]}, index=pd.Index(["treated", "control", "los"], name="role"))
    assert [line.split(";")[0] for line in read(write_table(roles, tmp_path / "a.csv"))[1:4]] == [
        "inzet", "controle", "los"]  # fmt: skip
    assert read(write_table(roles, tmp_path / "a.csv", language="en"))[1].startswith("operation,")


@pytest.mark.parametrize("text", FORMULAS)
def test_no_cell_is_a_formula(tmp_path, text):
    table = pd.DataFrame({"name": [text]}, index=pd.Index(["BU99990000"], name="code"))
    lines = read(write_table(table, tmp_path / "a.csv"))
    row = next(csv.reader(lines[1:2], delimiter=";"))
    if text == "+31":
        assert row == ["BU99990000", "+31"]  # a number, not a formula
    else:
        assert row[1].startswith("'")
        assert len(row) == 2


def test_the_gate_stands_before_the_file(tmp_path):
    with pytest.raises(DisclosureError):
        write_table(pd.DataFrame({"incident_id": ["a"]}), tmp_path / "a.csv")
    assert list(tmp_path.iterdir()) == []


def test_geopackage_round_trip_and_same_bytes(tmp_path):
    spots = scenes.hotspots()
    first = write_table(spots, tmp_path / "spots.gpkg", profile="intern")
    back = gpd.read_file(first, layer="spots").set_index("rank")
    assert_geodataframe_equal(back, spots, check_dtype=False, check_index_type=False, normalize=True)
    second = write_table(spots, tmp_path / "again" / "spots.gpkg", profile="intern")
    assert first.read_bytes() == second.read_bytes()
    assert sorted(p.name for p in tmp_path.iterdir()) == ["again", "spots.gpkg"]


def test_categories_and_missing_integers_survive_in_a_geopackage(tmp_path):
    areas = scenes.areas()
    areas["state"] = scenes.rates(areas)["state"]
    areas.loc[areas.index[0], "dwellings"] = pd.NA
    back = gpd.read_file(write_table(areas, tmp_path / "a.gpkg"), layer="a").set_index("code")
    assert back["state"].tolist() == areas["state"].astype(str).tolist()
    assert pd.isna(back["dwellings"].iloc[0])
    assert back["dwellings"].iloc[1] == areas["dwellings"].iloc[1]


@pytest.mark.parametrize(("table", "name"), [(scenes.hotspots(), "a.csv"), (pd.DataFrame({"rate": [1.0]}), "a.gpkg")])
def test_a_format_that_would_lose_something_is_refused(tmp_path, table, name):
    with pytest.raises(InputError, match="geometry"):
        write_table(table, tmp_path / name)


# worksheets


def sheet(path):
    return python_calamine.CalamineWorkbook.from_path(str(path)).get_sheet_by_index(0).to_python()


def inside(path, member):
    with zipfile.ZipFile(path) as book:
        return book.read(member).decode()


def mixed():
    return pd.DataFrame(
        {
            "incidents": [1200.0, np.nan],
            "rate": [2.45, -0.5],
            "dwellings": pd.array([47, None], "Int64"),
            "coverage": [1.0, 0.8],
            "is_water": [False, True],
            "month": pd.PeriodIndex(["2024-01", "2024-02"], freq="M"),
        },
        index=pd.Index(["BU99990000", "BU99990001"], name="code"),
    )


def test_a_worksheet_holds_numbers_as_numbers_and_codes_as_text(tmp_path):
    rows = sheet(write_table(mixed(), tmp_path / "a.xlsx"))
    assert rows[0] == ["code", "incidents", "rate", "dwellings", "coverage", "is_water", "month"]
    assert rows[1] == ["BU99990000", 1200.0, 2.45, 47.0, 1.0, "nee", "2024-01"]
    assert rows[2] == ["BU99990001", "", -0.5, "", 0.8, "ja", "2024-02"]
    styles = inside(tmp_path / "a.xlsx", "xl/styles.xml")
    assert '"#,##0.0#"' in styles
    assert '"0.0%"' in styles
    layout = inside(tmp_path / "a.xlsx", "xl/worksheets/sheet1.xml")
    assert '<pane ySplit="1"' in layout
    assert 'state="frozen"' in layout


def test_no_cell_of_a_worksheet_is_a_formula_or_a_link(tmp_path):
    texts = [*FORMULAS, "https://x.example", "mailto:a@b.example", "=HYPERLINK(1)", "a\x0bb"]
    table = pd.DataFrame({"name": texts, "=1+1": 1}, index=pd.RangeIndex(len(texts), name="rank"))
    path = write_table(table, tmp_path / "=1'[].xlsx", profile="intern")
    assert [row[1] for row in sheet(path)[1:]][: len(FORMULAS) + 1] == [*texts[: len(FORMULAS) + 1]]
    content = inside(path, "xl/worksheets/sheet1.xml")
    assert "<f" not in content
    assert "hyperlink" not in content
    assert 'quotePrefix="1"' in inside(path, "xl/styles.xml"), "the mark that keeps it text when it is edited"


def test_days_and_what_has_no_value_in_a_worksheet(tmp_path):
    table = pd.DataFrame(
        {"month": [date(2024, 3, 1), None], "rate": [np.inf, np.nan]}, index=pd.RangeIndex(2, name="rank")
    )
    rows = sheet(write_table(table, tmp_path / "a.xlsx"))
    assert rows[1:] == [[0.0, date(2024, 3, 1), "inf"], [1.0, "", ""]]


# the same table, the same bytes


@pytest.mark.parametrize("name", ["a.csv", "a.xlsx", "a.gpkg", "a.geojson", "a.gpx"])
def test_the_same_table_gives_the_same_bytes(tmp_path, name):
    table = scenes.hotspots() if name.endswith(("gpkg", "json", "gpx")) else mixed()
    first = write_table(table, tmp_path / name).read_bytes()
    assert write_table(table.copy(), tmp_path / "again" / name).read_bytes() == first


# files with geometry


def test_a_geopackage_knows_its_style_for_qgis(tmp_path):
    areas = scenes.areas()
    areas["state"] = scenes.rates(areas)["state"]
    path = write_table(areas, tmp_path / "norm.gpkg")
    base = sqlite3.connect(path)
    [(table, column, style, default)] = base.execute(
        "SELECT f_table_name, f_geometry_column, styleQML, useAsDefault FROM layer_styles"
    )
    base.close()
    assert (table, column, default) == ("norm", "geom", 1)
    tree = ET.fromstring(style)  # noqa: S314 - our own
    assert [each.get("value") for each in tree.iter("category")] == list(dict.fromkeys(areas["state"]))
    symbols = {each.get("name") for each in tree.iter("symbol")}
    assert {each.get("symbol") for each in tree.iter("category")} == symbols


def test_geojson_is_in_degrees_and_holds_what_the_table_holds(tmp_path):
    spots = scenes.hotspots()
    content = json.loads(write_table(spots, tmp_path / "a.geojson").read_text(encoding="utf-8"))
    back = gpd.GeoDataFrame.from_features(content, crs=4326).to_crs(28992)
    assert shapely.equals_exact(back.geometry.array, spots.geometry.array, 0.02).all(), "to two centimetres"
    assert [each["properties"]["incidents"] for each in content["features"]] == [61.0, 24.0]
    assert content["features"][1]["properties"]["expected"] is None


def test_gpx_gives_the_outline_and_a_waypoint_in_it(tmp_path):
    spots = scenes.hotspots()
    spots["name"] = ["<a> & b", scenes.EVIL]
    tree = ET.fromstring(write_table(spots, tmp_path / "a.gpx").read_bytes())  # noqa: S314 - our own
    space = {"g": "http://www.topografix.com/GPX/1/1"}
    assert [each.text for each in tree.findall("g:wpt/g:name", space)] == ["1 <a> & b", f"2 {scenes.EVIL}"]
    hours = spots.assign(name="Ankerbuurt", hours=["ma 15–19", None])
    device = ET.fromstring(write_table(hours, tmp_path / "b.gpx").read_bytes())  # noqa: S314 - our own
    told = [(each.findtext("g:name", None, space), each.findtext("g:desc", None, space)) for each in device.iter(
        f"{{{space['g']}}}wpt")]  # fmt: skip
    assert told == [("1 Ankerbuurt", "ma 15–19"), ("2 Ankerbuurt", None)]
    shapes = spots.to_crs(4326).geometry.array
    for point, shape in zip(tree.findall("g:wpt", space), shapes, strict=True):
        assert shape.contains(shapely.Point(float(point.get("lon")), float(point.get("lat"))))
    ring = [
        (float(p.get("lon")), float(p.get("lat")))
        for p in tree.findall("g:trk", space)[0].iter(f"{{{space['g']}}}trkpt")
    ]
    assert shapely.Polygon(ring).symmetric_difference(shapes[0]).area < 1e-9


def test_a_geotiff_lies_where_the_surface_lies_and_stays_inside(tmp_path):
    surface = scenes.surface()
    surface[0, 0] = np.nan
    path = write_surface(surface, tmp_path / "a.tif", profile="intern")
    with rasterio.open(path) as file:
        assert file.bounds == (80_000, 450_000, 82_800, 452_100)
        rows = file.read(1)
        assert rows[-1 - 3, 5] == surface[3, 5], "the first row is the northernmost"
        assert np.isnan(rows[-1, 0])
        assert file.crs.to_epsg() == 28992
    assert write_surface(surface, tmp_path / "b.tif", profile="intern").read_bytes() == path.read_bytes()
    with pytest.raises(DisclosureError, match="in the house"):
        write_surface(surface, tmp_path / "c.tif")
    with pytest.raises(InputError, match="dimensions"):
        write_surface(surface[0], tmp_path / "c.tif", profile="intern")
    with pytest.raises(InputError, match=r"\.tif"):
        write_surface(surface, tmp_path / "c.png", profile="intern")
    assert sorted(each.name for each in tmp_path.iterdir()) == ["a.tif", "b.tif"]


def test_no_window_follows_from_the_part_of_an_incident_in_a_month(tmp_path):
    """From 19:53 to 07:58 at the end of a month: 247 of 725 minutes. All digits of 247/725 say just that."""
    part = 247 / 725
    counts = pd.DataFrame(
        {"incidents": [part, 12.0], "rate": [part * 4, 24.0]}, index=pd.Index(["BU99990000", "BU99990001"], name="code")
    )
    said = write_table(counts, tmp_path / "a.csv").read_text(encoding="utf-8-sig").split()
    assert said == ["code;incidents;rate", "BU99990000;0,3;1,36", "BU99990001;12;24"]
    fits = sum(round(before / length * 4, 2) == 1.36 for length in range(5, 2880, 5) for before in range(5, length, 5))
    assert fits > 100, "so many windows of at most two days, in steps of five minutes, give the same figure"
    inside = write_table(counts, tmp_path / "b.csv", profile="intern").read_text(encoding="utf-8-sig")
    assert repr(part).replace(".", ",") in inside, "the analyst has all digits"
