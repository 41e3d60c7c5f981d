from __future__ import annotations

import geopandas as gpd
import pandas as pd
import pytest
import shapely
from shapely.geometry import MultiPolygon, Point, Polygon, box

import hicgeo
from hicgeo.errors import ColumnError, CrsError, InputError
from hicgeo.schema import check_neighbourhoods

CODES = ["BU05180001", "BU05180002", "BU0518AD03", "BU06370000"]


@pytest.fixture
def buurten():
    return gpd.GeoDataFrame(
        {
            "buurtcode": CODES,
            "buurtnaam": ["A", "B", "C", "D"],
            "gemeentecode": ["GM0518", "GM0518", "GM0518", "GM0637"],
            "woningvoorraad": [100, -99997, 0, 7],
            "aantal_huishoudens": [90, -99995, 0, 5],
            "aantal_inwoners": [200, -99999999, 0, 10],
            "aantal_bedrijfsvestigingen": [5, 5, 0, -99991],
            "water": ["NEE", "JA", "B", "NEE"],
        },
        geometry=[box(80000 + 1000 * i, 455000, 81000 + 1000 * i, 456000) for i in range(4)],
        crs=28992,
    )


@pytest.fixture
def read(tmp_path):
    def reader(frame, name="buurten_2024.parquet", level="buurt", **more):
        path = tmp_path / name
        frame.to_parquet(path) if name.endswith("parquet") else frame.to_file(path)
        return check_neighbourhoods(hicgeo.read_neighbourhoods(path, level=level, **more))

    return reader


def test_table_and_sentinels(buurten, read):
    table = read(buurten)
    assert table.index.tolist() == CODES
    assert table["dwellings"].tolist() == [100, pd.NA, 0, 7]
    assert table["households"].tolist() == [90, pd.NA, 0, 5]
    assert table["residents"].isna().tolist() == [False, True, False, False]
    assert table["is_water"].tolist() == [False, True, True, False]
    assert set(table["vintage"]) == {2024}
    assert table.attrs["missing"]["dwellings"] == {"secret or absent": 1}
    assert table.attrs["missing"]["businesses"] == {"dropped": 1}


def test_names_of_municipalities_that_the_file_has(buurten, read):
    assert read(buurten).attrs["municipalities"] == {}
    towns = buurten.assign(gemeentenaam=["Delft", "Delft", None, "Zoetermeer"])
    assert read(towns).attrs["municipalities"] == {"GM0518": "Delft", "GM0637": "Zoetermeer"}
    two = buurten.assign(GM_NAAM=["Delft", "Den Haag", "Delft", "Zoetermeer"])
    assert read(two).attrs["municipalities"] == {"GM0637": "Zoetermeer"}, "which of two it is nobody knows"


@pytest.mark.parametrize(
    "names",
    [
        {"buurtcode": "buurtCode", "buurtnaam": "buurtNaam", "aantal_inwoners": "aantalInwoners"},
        {
            "buurtcode": "BU_CODE",
            "buurtnaam": "BU_NAAM",
            "aantal_inwoners": "AANT_INW",
            "aantal_huishoudens": "AANTAL_HH",
        },
        {"buurtcode": "code", "buurtnaam": "name", "woningvoorraad": "dwelling_total", "aantal_inwoners": "population"},
    ],
)
def test_naming_styles_say_the_same(buurten, read, names):
    pd.testing.assert_frame_equal(read(buurten.rename(columns=names)), read(buurten))


def test_households_are_not_dwellings(buurten, read):
    table = read(buurten.drop(columns="woningvoorraad"))
    assert table["dwellings"].isna().all()
    assert "dwellings" in table.attrs["no_column"]


@pytest.mark.parametrize(
    ("level", "given", "code"),
    [
        ("buurt", "05180001", "BU05180001"),
        ("buurt", " bu0518 0001", "BU05180001"),
        ("buurt", "5180001", "BU05180001"),
        ("buurt", "0363ad03", "BU0363AD03"),
        ("wijk", "51801", "WK051801"),
        ("gemeente", "14", "GM0014"),
        ("gemeente", "gm14", "GM0014"),
    ],
)
def test_codes_are_completed(read, level, given, code):
    table = read(
        gpd.GeoDataFrame({"code": [given]}, geometry=[box(80000, 455000, 81000, 456000)], crs=28992), level=level
    )
    assert table.index.tolist() == [code]
    assert table.attrs["repaired_codes"] == {given.strip(): code}
    assert table["municipality"].iloc[0] == f"GM{code[2:6]}"


def test_numeric_codes(read):
    table = read(
        gpd.GeoDataFrame({"code": [14]}, geometry=[box(80000, 455000, 81000, 456000)], crs=28992), level="gemeente"
    )
    assert table.index.tolist() == ["GM0014"]


def test_layer_is_chosen_by_level(buurten, tmp_path):
    path = tmp_path / "kaart.gpkg"
    buurten.to_file(path, layer="buurten")
    buurten.dissolve("gemeentecode").reset_index()[["gemeentecode", "geometry"]].to_file(path, layer="gemeenten")
    assert len(hicgeo.read_neighbourhoods(path, level="buurt")) == 4
    assert hicgeo.read_neighbourhoods(path, level="gemeente").index.tolist() == ["GM0518", "GM0637"]
    with pytest.raises(InputError, match="buurten, gemeenten"):
        hicgeo.read_neighbourhoods(path, level="wijk")


def test_another_level_names_what_is_there(buurten, read):
    with pytest.raises(InputError, match="it holds buurt"):
        read(buurten.drop(columns="gemeentecode"), level="wijk")
    with pytest.raises(InputError, match="occur more than once"):
        read(buurten, level="gemeente")


@pytest.mark.parametrize("wanted", [["GM0637"], ["637"], "GM0637"])
def test_selection_of_municipalities(buurten, read, wanted):
    assert read(buurten, municipalities=wanted).index.tolist() == ["BU06370000"]


def test_absent_municipality(buurten, read):
    with pytest.raises(InputError, match="GM0999"):
        read(buurten, municipalities=["GM0518", "GM0999"])


@pytest.mark.parametrize("epsg", [4326, 3857, 25831, 7415])
def test_other_crs_comes_to_rd(buurten, read, epsg):
    table = read(buurten.to_crs(epsg))
    assert table.crs.to_epsg() == 28992
    assert table.area.to_numpy() == pytest.approx(buurten.area.to_numpy(), rel=2e-4)


def test_crs_is_recognised_or_asked_for(buurten, read):
    bare = buurten.set_crs(None, allow_override=True)
    pd.testing.assert_series_equal(read(bare).area, read(buurten).area)
    moved = bare.set_geometry(bare.translate(400_000, 0))
    with pytest.raises(CrsError, match="declare"):
        read(moved)
    with pytest.raises(CrsError, match="Netherlands"):
        read(moved, crs=28992)
    with pytest.raises(CrsError, match="Netherlands"):
        read(buurten.set_crs(4326, allow_override=True))


def test_duplicate_codes(buurten, read):
    buurten.loc[1, "buurtcode"] = CODES[0]
    buurten["water"] = "NEE"
    with pytest.raises(InputError, match=r"first: BU05180001.*dissolve"):
        read(buurten)


def test_water_part_of_a_municipality_is_left_out_and_counted(read):
    frame = gpd.GeoDataFrame(
        {"gemeentecode": ["GM0518", "GM0518"], "water": ["NEE", "JA"]},
        geometry=[box(80000, 455000, 81000, 456000), box(79000, 455000, 80000, 456000)],
        crs=28992,
    )
    table = read(frame, level="gemeente")
    assert table["is_water"].tolist() == [False]
    assert table.attrs["water_parts"] == 1


@pytest.mark.parametrize("shape", [None, Polygon()])
def test_empty_geometry_names_the_code(buurten, read, shape):
    buurten.loc[2, "geometry"] = shape
    with pytest.raises(InputError, match="first: BU0518AD03"):
        read(buurten)


def test_points_are_no_neighbourhoods(buurten, read):
    buurten.loc[2, "geometry"] = Point(80000, 455000)
    with pytest.raises(InputError, match="no polygon in 1"):
        read(buurten)


def test_bow_tie(buurten, read):
    x, y = 82000, 455000
    buurten.loc[2, "geometry"] = Polygon([(x, y), (x + 10, y + 10), (x + 10, y), (x, y + 10)])
    with pytest.raises(InputError, match=r"BU0518AD03 crosses itself: 0 m2 as drawn, 50 m2"):
        read(buurten)


def test_small_self_crossing_is_repaired(buurten, read):
    x, y = 82000, 455000
    ring = [(x, y), (x + 1000, y), (x + 1000, y + 1000), (x + 0.1, y + 1000), (x - 0.1, y + 1000.1), (x, y + 1000.1)]
    ring = [*ring[:3], (x, y + 1000), (x + 1, y + 1001), (x + 1, y + 1000.5), (x, y + 1001)]
    assert not Polygon(ring).is_valid
    buurten.loc[2, "geometry"] = Polygon(ring)
    table = read(buurten)
    assert table.is_valid.all()
    assert table.attrs["repaired_polygons"] == 1
    assert table.area.iloc[2] == pytest.approx(1e6, rel=1e-3)


def test_parts_holes_and_heights(buurten, read):
    outer = box(82000, 455000, 83000, 456000)
    hole = outer.difference(box(82400, 455400, 82600, 455600))
    buurten.loc[2, "geometry"] = MultiPolygon([hole, box(83100, 457000, 83200, 457100)])
    buurten["geometry"] = shapely.force_3d(buurten.geometry.array, 5.0)
    table = read(buurten)
    assert not table.has_z.any()
    assert table.area.iloc[2] == 1e6 - 4e4 + 1e4


def test_own_titles(buurten, read):
    renamed = buurten.rename(columns={"woningvoorraad": "stock"})
    assert read(renamed, columns={"dwellings": "stock"})["dwellings"].iloc[0] == 100
    with pytest.raises(ColumnError, match="stok"):
        read(renamed, columns={"dwellings": "stok"})
    with pytest.raises(ColumnError, match="homes"):
        read(renamed, columns={"homes": "stock"})


def test_numbers_that_are_none(buurten, read):
    buurten.loc[1, "woningvoorraad"] = -5
    with pytest.raises(InputError, match="1 other values in woningvoorraad"):
        read(buurten)


def test_input_is_not_changed(buurten, read):
    before = buurten.copy()
    read(buurten)
    pd.testing.assert_frame_equal(buurten, before)
