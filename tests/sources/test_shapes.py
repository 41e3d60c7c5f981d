"""Streets and points of a user that only help: in RD, with no column that was not asked for."""

import geopandas as gpd
import numpy as np
import pytest
from shapely.geometry import LineString, Point, box

from hicgeo.errors import ColumnError, CrsError, HicgeoError, InputError
from hicgeo.sources._shapes import read_shapes

RD = "EPSG:28992"


@pytest.fixture
def save(tmp_path):
    def write(shapes, crs=RD, name="shapes.gpkg"):
        rows = {"straat": ["Kade"] * len(shapes), "eigenaar": ["CANARY"] * len(shapes)}
        gpd.GeoDataFrame(rows, geometry=shapes, crs=crs).to_file(tmp_path / name)
        return tmp_path / name

    return write


def test_only_the_name_that_was_asked_for_is_kept(save):
    path = save([LineString([(80000, 455000), (80100, 455000)])])
    assert list(read_shapes(path).columns) == ["geometry"]
    named = read_shapes(path, columns={"name": "Straat"}, lines=True)
    assert list(named.columns) == ["name", "geometry"]
    assert named["name"].tolist() == ["Kade"]


def test_shapes_come_in_rd_whatever_they_were_in(save):
    # the reference point of RD: Amersfoort, 155 000 and 463 000 m
    got = read_shapes(save([Point(5.3872035, 52.1551723)], "EPSG:4326"))
    assert got.crs.to_epsg() == 28992
    assert np.allclose([got.geometry[0].x, got.geometry[0].y], [155000, 463000], atol=1)


def test_points_of_a_table_are_recognised(tmp_path):
    path = tmp_path / "scholen.csv"
    path.write_text("naam;lengte;breedte\nA;5,3872035;52,1551723\n", encoding="utf-8")
    got = read_shapes(path, columns={"x": "lengte", "y": "breedte"})
    assert np.allclose([got.geometry[0].x, got.geometry[0].y], [155000, 463000], atol=1)
    with pytest.raises(ColumnError, match=r"neither in scholen\.csv"):
        read_shapes(path)
    with pytest.raises(ColumnError, match="must be ours"):
        read_shapes(path, columns={"lon": "lengte"})
    path.write_text("x;y\n5,38;onbekend\n", encoding="utf-8")
    with pytest.raises(InputError, match="numbers"):
        read_shapes(path)


@pytest.mark.parametrize(
    ("shapes", "asked", "error", "message"),
    [
        ([box(80000, 455000, 80010, 455100)], {"lines": True}, InputError, "1 of 1 shapes are not"),
        ([None, None], {}, InputError, "none in shapes.gpkg"),
        ([Point(80000, 455000)], {"columns": {"name": "huis"}}, ColumnError, "huis"),
        ([Point(80000, 455000)], {"layer": "wegen"}, HicgeoError, "wegen"),
        ([Point(80000, 455000)], {"crs": "EPSG:0"}, CrsError, "PROJ"),
    ],
)
def test_other_layers_are_refused(save, shapes, asked, error, message):
    with pytest.raises(error, match=message):
        read_shapes(save(shapes), **asked)


@pytest.mark.filterwarnings("ignore:'crs' was not provided:UserWarning")
def test_a_file_without_crs_must_be_told_it(save):
    path = save([Point(80000, 455000)], None)
    with pytest.raises(CrsError, match=r"none in shapes\.gpkg"):
        read_shapes(path)
    assert read_shapes(path, crs=RD).crs.to_epsg() == 28992
