from __future__ import annotations

import geopandas as gpd
import numpy as np
import pytest
from shapely.geometry import Point, box

import hicgeo
from hicgeo.errors import ColumnError, CrsError, InputError


@pytest.fixture
def grid():
    area = gpd.GeoSeries([box(81000, 455000, 81400, 455200)], crs=28992)
    return hicgeo.Grid.over(area, cell_size=100)


@pytest.fixture
def write(tmp_path):
    def writer(frame, name="homes.gpkg"):
        path = tmp_path / name
        path.write_text(frame) if isinstance(frame, str) else frame.to_file(path)
        return path

    return writer


@pytest.fixture
def points():
    """Three dwellings and a shop in one cell, one in another, one outside the area."""
    places = [(81010, 455010)] * 3 + [(81020, 455020), (81399, 455199), (82000, 455000)]
    use = ["woonfunctie", "woonfunctie,winkelfunctie", "Woonfunctie", "winkelfunctie", "woonfunctie", "woonfunctie"]
    return gpd.GeoDataFrame({"gebruiksdoel": use}, geometry=[Point(p) for p in places], crs=28992)


def test_points(points, grid, write):
    surface = hicgeo.read_at_risk(write(points), grid)
    expected = np.zeros((2, 4))
    expected[0, 0], expected[1, 3] = 3, 1
    assert surface.values.tolist() == expected.tolist()
    assert {k: surface.attrs[k] for k in ("n", "outside", "other_use", "kind")} == {
        "n": 4,
        "outside": 1,
        "other_use": 1,
        "kind": "points",
    }


def test_points_in_another_crs_and_in_a_table(points, grid, write):
    plain = hicgeo.read_at_risk(write(points), grid)
    turned = hicgeo.read_at_risk(write(points.to_crs(4326), "homes.geojson"), grid)
    assert turned.values.tolist() == plain.values.tolist()
    text = "x;y;gebruiksdoel\n" + "".join(
        f"{p.x};{p.y};{use.replace(',', '/')}\n" for p, use in zip(points.geometry, points["gebruiksdoel"], strict=True)
    )
    assert hicgeo.read_at_risk(write(text, "homes.csv"), grid).values.tolist() == plain.values.tolist()


SQUARES = "C28992R100;WON2012\nE0810N4550;35\nE0811N4550;-99997\nE0813N4551;5\nE0900N4551;100\n"


def test_squares_by_code(grid, write):
    surface = hicgeo.read_at_risk(write(SQUARES, "squares.csv"), grid, columns={"dwellings": "WON2012"})
    assert surface.values.tolist() == [[35, 0, 0, 0], [0, 0, 0, 5]]
    assert (surface.attrs["n"], surface.attrs["outside"], surface.attrs["suppressed"]) == (40, 100, 1)
    assert surface.attrs["kind"] == "squares"


@pytest.mark.parametrize("epsg", [28992, 3857])
def test_squares_as_polygons(grid, write, epsg):
    frame = gpd.GeoDataFrame(
        {"woningen": [35, -99997, 5]},
        geometry=[box(x, y, x + 100, y + 100) for x, y in ((81000, 455000), (81100, 455000), (81300, 455100))],
        crs=28992,
    ).to_crs(epsg)
    surface = hicgeo.read_at_risk(write(frame), grid, columns={"dwellings": "woningen"})
    assert surface.values.tolist() == [[35, 0, 0, 0], [0, 0, 0, 5]]


def test_squares_are_added_up_but_never_smeared(grid, write):
    area = gpd.GeoSeries([box(81000, 455000, 81400, 455200)], crs=28992)
    path = write(SQUARES, "squares.csv")
    double = hicgeo.read_at_risk(path, hicgeo.Grid.over(area, cell_size=200), columns={"dwellings": "WON2012"})
    assert double.values.tolist() == [[35, 5]]
    for size in (50, 125):
        with pytest.raises(InputError, match="multiple of 100"):
            hicgeo.read_at_risk(path, hicgeo.Grid.over(area, cell_size=size), columns={"dwellings": "WON2012"})


def test_squares_of_another_size(grid, write):
    frame = gpd.GeoDataFrame({"n": [3]}, geometry=[box(81000, 455000, 81500, 455500)], crs=28992)
    with pytest.raises(InputError, match="100 m wide"):
        hicgeo.read_at_risk(write(frame), grid, columns={"dwellings": "n"})


def test_faults(grid, write, points):
    with pytest.raises(ColumnError, match="dwellings"):
        hicgeo.read_at_risk(write(SQUARES, "squares.csv"), grid)
    negative, twice = SQUARES.replace(";35", ";-3"), SQUARES + "E0810N4550;35\n"
    with pytest.raises(InputError, match="numbers from 0"):
        hicgeo.read_at_risk(write(negative, "squares.csv"), grid, columns={"dwellings": "WON2012"})
    with pytest.raises(InputError, match="once"):
        hicgeo.read_at_risk(write(twice, "squares.csv"), grid, columns={"dwellings": "WON2012"})
    with pytest.raises(InputError, match="E2269N5800"):
        hicgeo.read_at_risk(
            write(SQUARES.replace("E0810N4550", "E810N4550"), "s.csv"), grid, columns={"dwellings": "WON2012"}
        )
    with pytest.raises(CrsError, match="study area"):
        hicgeo.read_at_risk(write(points.set_geometry(points.translate(9000, 0)), "far.gpkg"), grid)
    with pytest.raises(ColumnError, match="cell codes, or x and y"):
        hicgeo.read_at_risk(write("a;b\n1;2\n", "t.csv"), grid)


def test_rows_that_cannot_be_read_are_refused_for_their_own_reason(grid, write):
    broken = write("C28992R100;WON\nE0810N4550;35\nE0811N4550\nE0812N4550;3;4\n", "short.csv")
    with pytest.raises(InputError) as refused:
        hicgeo.read_at_risk(broken, grid, columns={"dwellings": "WON"})
    assert refused.value.given.startswith("2 that cannot (first: line 3): ")
    reasons = hicgeo.sources._records.read_table(broken).ledger.rejected()["reason"]
    assert all(f"{reason} {n}" in refused.value.given for reason, n in reasons.value_counts().items())


def test_a_layer_is_asked_of_a_file_that_has_layers(points, grid, write):
    for name in ("homes.geojson", "homes.csv"):
        path = write(points.to_crs(4326), name) if name.endswith("json") else write("x;y\n81010;455010\n", name)
        with pytest.raises(InputError, match="may be asked for a layer") as refused:
            hicgeo.read_at_risk(path, grid, layer="woningen")
        assert "leave layer out" in refused.value.remedy
        assert hicgeo.read_at_risk(path, grid).attrs["n"], "and without it passes"
    assert hicgeo.read_at_risk(write(points, "homes.gpkg"), grid, layer="homes").attrs["n"] == 4
