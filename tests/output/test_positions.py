import geopandas as gpd
import numpy as np
import pytest
import scenes
import shapely
from positions import candidates, points, refused, town
from shapely.geometry import box

import hicgeo as hg
from hicgeo.errors import CrsError, DisclosureError
from hicgeo.output.disclosure import release
from hicgeo.output.maps import HotspotMap


def test_no_outline_says_more_of_an_address_than_its_cell():
    grid, rng = town(), np.random.default_rng(1)
    assert refused([[81_234.4, 451_234.7]] * 30, grid)
    within, _ = candidates(rng, grid, snap=True)
    assert within == 25, "every place in the cell gives the same map"


def test_exact_points_would_give_the_address_away():
    within, error = candidates(np.random.default_rng(1), town(), snap=False)
    assert within <= 4
    assert error < 25


def test_a_snapped_point_stays_in_its_cell_and_in_the_area():
    area = gpd.GeoSeries([box(0, 0, 340, 240)], crs="EPSG:28992")
    grid = hg.Grid.over(area, cell_size=100)
    given = points([(10, 20), (99.9, 0.1), (330, 10), (339, 239), (-5, 5)])
    given.loc[5, "geometry"] = shapely.Point()
    given["crime_type"] = "overval"
    moved = grid.snap(given)
    at = shapely.get_coordinates(moved.geometry.array).tolist()
    # the cells east of 300 and north of 200 have their centres outside: the nearest inside takes their points
    assert at == [[50, 50], [50, 50], [250, 50], [250, 150], [-5, 5]]
    assert moved.geometry.iloc[5].is_empty
    assert moved["crime_type"].tolist() == given["crime_type"].tolist()
    assert given.geometry.iloc[0].x == 10, "the input is not changed"
    assert grid.snap(given.geometry).geom_equals(moved.geometry).iloc[:5].all()
    with pytest.raises(CrsError):
        grid.snap(given.to_crs(4326).set_crs(4326))
    assert hg.kde(moved.iloc[:4], grid, bandwidth=200.0).attrs["places"] == "cells"
    assert hg.kde(given.iloc[:4], grid, bandwidth=200.0).attrs["places"] == "points"


def test_hotspots_of_exact_points_stay_inside():
    spots = scenes.hotspots()
    spots.attrs = {"places": "points"}
    with pytest.raises(DisclosureError, match="exact points"):
        release(spots, "driehoek")
    spots.attrs = {}
    with pytest.raises(DisclosureError, match=r"grid\.snap"):
        HotspotMap(scenes.areas(), title="t").add_hotspots(spots)


def test_of_every_connected_piece_enough_incidents_must_be_known():
    spots = scenes.hotspots()
    spots.loc[2, "geometry"] = shapely.union(spots.geometry[2], shapely.box(83_000, 450_000, 83_100, 450_100))
    for profile in ("driehoek", "openbaar"):
        kept = release(spots, profile)
        assert kept.index.tolist() == [1], "24 in two pieces may be 23 and 1"
        assert kept.attrs["dropped"] == 1
    spots = scenes.hotspots()
    spots.loc[1, "incidents"] = np.nan
    assert release(spots, "driehoek").index.tolist() == [2], "not known is not enough"
    assert release(spots, "intern") is spots


def test_a_lonely_place_is_not_a_class_of_its_own():
    """Four incidents together are fewer than may be shown: their cells join the class below."""
    grid, rng = town(), np.random.default_rng(2)
    many = rng.normal((83_500, 453_500), 250, (300, 2))
    few = np.repeat([[81_050.0, 451_050.0]], 4, axis=0)
    surface = hg.kde(grid.snap(points(np.concatenate([many, few]))), grid, bandwidth=150.0, edge="none")
    inside = HotspotMap(scenes.areas(), title="t", profile="intern").add_surface(surface).layers[0]
    outside = HotspotMap(scenes.areas(), title="t").add_surface(surface).layers[0]
    here = shapely.Point(81_050, 451_050)
    assert any(shape.contains(here) for shape in inside.shapes)
    assert not any(shape.contains(here) for shape in outside.shapes)
    assert any("minder dan 5 incidenten" in note for note in outside.notes)
