"""Borders of real areas on their way into a page: simplified and rounded, and still a map without gaps or overlaps."""

import json
import re

import geopandas as gpd
import numpy as np
import pytest
import shapely

import hicgeo

pytestmark = pytest.mark.realdata

FILES = {
    "gemeenten": ("nl_national/gemeenten_2022.gpkg", "gemeente", 345),
    "buurten of Amsterdam": ("nl_amsterdam/buurten.geojson", "buurt", 518),
    "wijken of The Hague": ("nl_thehague/wijken_2022.gpkg", "wijk", 108),
    "buurten of Groningen": ("nl_groningen_2017/buurt2017.zip", "buurt", 108),
}


@pytest.fixture(scope="module", params=FILES)
def drawn(request, realdata):
    """Areas as read, and as they stand in the page, by code."""
    path, level, number = FILES[request.param]
    areas = hicgeo.read_neighbourhoods(realdata / path, level=level)
    page = hicgeo.HotspotMap(areas, title="Grenzen").to_html()
    data = json.loads(re.search(r'id="hicgeo-page">(.*?)</script>', page, flags=re.DOTALL)[1])
    features = {each["id"]: shapely.geometry.shape(each["geometry"]) for each in data["areas"]["features"]}
    assert len(features) == number
    return areas, gpd.GeoSeries(features, crs=4326).reindex(areas.index), len(page.encode())


def test_every_area_is_valid_and_has_five_decimals(drawn):
    _, shapes, _ = drawn
    assert shapes.is_valid.all()
    assert not shapes.is_empty.any()
    places = shapely.get_coordinates(shapes.array)
    assert np.array_equal(places, places.round(5))


def test_neighbours_still_touch_and_nothing_overlaps(drawn):
    areas, shapes, _ = drawn
    exact = shapely.transform(areas.geometry.array, lambda xy: xy.round(3))
    assert shapely.coverage_is_valid(exact), "else there is nothing to preserve"
    assert shapely.coverage_is_valid(shapes.array)
    before, after = shapely.union_all(exact), shapely.union_all(shapes.array)
    assert _holes(after) <= _holes(before), "no gap where there was none"


def test_no_area_is_far_from_what_it_was(drawn):
    areas, shapes, _ = drawn
    west, south, east, north = areas.total_bounds
    half_a_pixel = max(2.0, max(east - west, north - south) / 2000)
    back = shapes.to_crs(areas.crs)
    moved = back.area - areas.area
    assert abs(moved.sum()) / areas.area.sum() < 0.001
    # a border moves by about the tolerance, so an area changes by at most that along its whole length
    assert (moved.abs() <= areas.length * half_a_pixel).all()


def test_the_page_is_small(drawn):
    areas, _, size = drawn
    assert size < (3e6 if len(areas) == 345 else 1e6)


def _holes(shape):
    return sum(len(part.interiors) for part in shapely.get_parts(shape))
