import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import scenes
from geopandas.testing import assert_geodataframe_equal

from hicgeo.errors import DisclosureError, InputError
from hicgeo.output.tables import write_table


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


@pytest.mark.parametrize("text", ["=1+1", "+31", "-cmd", "@SUM(A1)", "\t=1", "\r=1", " =1", "＝1", "=1;=2", '="a"'])
def test_no_cell_is_a_formula(tmp_path, text):
    import csv

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
    first = write_table(spots, tmp_path / "spots.gpkg")
    back = gpd.read_file(first).set_index("rank")
    assert_geodataframe_equal(back, spots, check_dtype=False, check_index_type=False, normalize=True)
    second = write_table(spots, tmp_path / "again" / "spots.gpkg")
    assert first.read_bytes() == second.read_bytes()
    assert sorted(p.name for p in tmp_path.iterdir()) == ["again", "spots.gpkg"]


def test_categories_and_missing_integers_survive_in_a_geopackage(tmp_path):
    areas = scenes.areas()
    areas["state"] = scenes.rates(areas)["state"]
    areas.loc[areas.index[0], "dwellings"] = pd.NA
    back = gpd.read_file(write_table(areas, tmp_path / "a.gpkg")).set_index("code")
    assert back["state"].tolist() == areas["state"].astype(str).tolist()
    assert pd.isna(back["dwellings"].iloc[0])
    assert back["dwellings"].iloc[1] == areas["dwellings"].iloc[1]


@pytest.mark.parametrize(("table", "name"), [(scenes.hotspots(), "a.csv"), (pd.DataFrame({"rate": [1.0]}), "a.gpkg")])
def test_a_format_that_would_lose_something_is_refused(tmp_path, table, name):
    with pytest.raises(InputError, match="geometry"):
        write_table(table, tmp_path / name)
