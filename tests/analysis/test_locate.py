"""The raster answers what the tree answers, and both what exact arithmetic answers, on borders too."""

from __future__ import annotations

from fractions import Fraction
from itertools import pairwise

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from shapely.geometry import MultiPolygon, Polygon, box

import hicgeo
from hicgeo.analysis import _compiled
from hicgeo.analysis._locate import Raster, Tree
from hicgeo.errors import InputError

WEST, SOUTH = 81_234.567, 455_678.901


def voronoi(rng, n, *, grid):
    """A gap-free partition with a hole or two and a polygon in parts; on a lattice of integers, or anywhere."""
    seeds = rng.uniform(0, 1000, (n, 2))
    frame = box(0, 0, 1000, 1000)
    cells = shapely.get_parts(shapely.voronoi_polygons(shapely.multipoints(seeds), extend_to=frame))
    cells = shapely.intersection(cells, frame)
    shapes = shapely.coverage_simplify(cells, 0)
    if grid:
        shapes = shapely.set_precision(shapes, 50.0)
    else:
        shapes = shapely.transform(shapes, lambda at: at * 0.997 + (WEST, SOUTH))
    shapes = [shape for shape in shapes if shape.area > 0 and shape.geom_type == "Polygon"]
    inner = shapes[0].centroid.buffer(0.3 * shapes[0].boundary.distance(shapes[0].centroid), quad_segs=2)
    if not grid and inner.area > 0 and shapes[0].contains(inner):
        shapes[0] = shapes[0].difference(inner)
        shapes.append(inner)
    if len(shapes) > 3:
        last = shapes.pop()
        joined = shapely.union_all([shapes[1], last])
        shapes[1] = joined
    return np.array(rng.permutation(np.array(shapes, dtype=object)))


def places(rng, polygons, n):
    """A fifth on corners, a fifth on edges (halfway, as doubles have it), the others anywhere, some outside."""
    corners, ring = shapely.get_coordinates(shapely.get_rings(shapely.get_parts(polygons)), return_index=True)
    within = np.flatnonzero(ring[:-1] == ring[1:])
    one = rng.choice(within, n // 5)
    west, south, east, north = shapely.total_bounds(polygons)
    return np.concatenate(
        [
            corners[rng.integers(0, len(corners), n // 5)],
            (corners[one] + corners[one + 1]) / 2,
            rng.uniform((west - 20, south - 20), (east + 20, north + 20), (n - 2 * (n // 5), 2)),
        ]
    )


def exact_owner(polygons, x, y):
    """First polygon that holds a place, by crossing numbers in exact arithmetic over all edges of all rings."""
    px, py = Fraction(x), Fraction(y)
    for k, polygon in enumerate(polygons):
        inside = False
        for ring in shapely.get_rings(shapely.get_parts(polygon)):
            path = [(Fraction(a), Fraction(b)) for a, b in shapely.get_coordinates(ring).tolist()]
            for (ax, ay), (bx, by) in pairwise(path):
                turn = (ax - px) * (by - py) - (ay - py) * (bx - px)
                if turn == 0 and min(ax, bx) <= px <= max(ax, bx) and min(ay, by) <= py <= max(ay, by):
                    return k
                if (ay <= py) != (by <= py) and (turn > 0) == (ay < by):
                    inside = not inside
        if inside:
            return k
    return -1


@pytest.mark.parametrize("grid", [True, False])
@pytest.mark.parametrize("seed", range(12))
def test_raster_tree_and_exact_arithmetic_agree(seed, grid):
    rng = np.random.default_rng(seed)
    polygons = voronoi(rng, int(rng.integers(2, 30)), grid=grid)
    at = places(rng, polygons, 300)
    points = shapely.points(at)
    raster, tree = Raster(polygons), Tree(polygons)
    found = raster.owners(at)
    assert found.tolist() == [exact_owner(polygons, *each) for each in at.tolist()]
    assert found.tolist() == tree.owners(at).tolist()
    assert (raster.border_distances(at) == tree.border_distances(at)).all()
    np.testing.assert_allclose(
        raster.border_distances(at),
        shapely.distance(shapely.union_all(shapely.boundary(polygons)), points),
        atol=1e-9,
    )


@settings(max_examples=200, deadline=None)
@given(st.integers(0, 2**32), st.sampled_from([0.0, 1e-12, 1e-9, 1e-3]))
def test_orientation_is_that_of_exact_arithmetic(seed, off):
    rng = np.random.default_rng(seed)
    a, b = rng.uniform((WEST, SOUTH), (WEST + 500, SOUTH + 500), (2, 2))
    p = a + rng.uniform(-1, 2) * (b - a) + rng.uniform(-off, off, 2)
    numbers = [Fraction(float(each)) for each in (*a, *b, *p)]
    ax, ay, bx, by, px, py = numbers
    turn = (ax - px) * (by - py) - (ay - py) * (bx - px)
    assert _compiled.orientation(*a, *b, *p) == (turn > 0) - (turn < 0)


def frame_of(polygons, codes=None):
    codes = [f"BU9901{k:04d}" for k in range(len(polygons))] if codes is None else codes
    return gpd.GeoDataFrame(index=pd.Index(codes, dtype="str"), geometry=list(polygons), crs=28992)


def turned(polygon, rng):
    """The same polygon, its rings started elsewhere and run through the other way."""
    rings = []
    for ring in shapely.get_rings(polygon):
        path = shapely.get_coordinates(ring)[:-1]
        path = np.roll(path, rng.integers(0, len(path)), axis=0)[:: rng.choice([1, -1])]
        rings.append(path)
    return Polygon(rings[0], rings[1:])


@pytest.mark.parametrize("seed", range(4))
def test_the_answer_depends_on_no_order(seed, monkeypatch):
    rng = np.random.default_rng(seed)
    polygons = [each for each in voronoi(rng, 20, grid=bool(seed % 2)) if each.geom_type == "Polygon"]
    areas = frame_of(polygons)
    at = places(rng, polygons, 500)
    incidents = gpd.GeoDataFrame(geometry=shapely.points(at), crs=28992)
    few = hicgeo.assign_neighbourhoods(incidents, areas, max_distance=5.0)
    assert few["status"].value_counts()[["inside", "outside", "snapped"]].gt(0).all()
    shuffle = rng.permutation(len(areas))
    others = {
        "many": (incidents, areas),
        "polygons in another order": (incidents, areas.iloc[shuffle]),
        "rings turned": (incidents, areas.set_geometry([turned(each, rng) for each in areas.geometry])),
        "incidents in another order": (incidents.sample(frac=1, random_state=seed), areas),
    }
    for name, (these, table) in others.items():
        found = hicgeo.NeighbourhoodIndex(table).assign(these, max_distance=5.0)
        pd.testing.assert_frame_equal(found.loc[few.index], few, obj=name)


def test_much_work_takes_the_raster_and_little_does_not(monkeypatch):
    laid = []
    monkeypatch.setattr("hicgeo.analysis.join.Raster", lambda polygons: laid.append(len(polygons)) or Tree(polygons))
    square, round_one = box(0, 0, 10, 10), shapely.segmentize(box(0, 0, 10, 10), 40 / 140_001)
    for n, polygon in ((20_000, square), (20_001, square), (1, square), (1, round_one)):
        points = gpd.GeoDataFrame(geometry=gpd.points_from_xy(np.full(n, 5.0), np.full(n, 5.0)), crs=28992)
        assert (hicgeo.assign_neighbourhoods(points, frame_of([polygon]))["status"] == "inside").all()
        laid.append("next")
    assert laid == ["next", 1, "next", "next", 1, "next"]


@pytest.mark.parametrize("seed", range(6))
def test_shared_ground_is_found_from_the_edges(seed):
    """One polygon swollen over its neighbours, one laid double, or a second layer: the pairs of the full check."""
    rng = np.random.default_rng(seed)
    polygons = voronoi(rng, 25, grid=False)
    assert all(len(each) == 0 for each in Raster(polygons).overlaps())
    swollen = polygons.copy()
    swollen[3] = swollen[3].buffer(0.02)
    double = np.append(polygons, [polygons[5]])
    layer = np.concatenate([polygons, polygons])
    within = np.append(polygons, [polygons[2].centroid.buffer(0.5)])
    for spoilt in (swollen, double, layer, within):
        for found, expected in zip(Raster(spoilt).overlaps(), Tree(spoilt).overlaps(), strict=True):
            assert len(found) > 0
            np.testing.assert_array_equal(found, expected)
    with pytest.raises(InputError, match="must not overlap"):
        hicgeo.NeighbourhoodIndex(frame_of(double))


def test_edges_drawn_otherwise_by_neighbours_share_no_ground():
    """A corner of one on the edge of another, polygons that touch in one corner, a gap: loose edges, no overlap."""
    t_joint = [box(0, 0, 10, 10), box(10, 0, 20, 5), box(10, 5, 20, 10), box(20, 10, 30, 20), box(31, 0, 40, 30)]
    assert all(len(each) == 0 for each in Raster(np.array(t_joint)).overlaps())
    crossing = np.array([box(0, 0, 10, 2), box(4, -4, 6, 6)])
    wedge = np.array([Polygon([(0, 0), (10, 0), (10, 4)]), Polygon([(0, 0), (10, 1), (10, 8)])])
    through = np.array([box(0, 0, 10, 10), box(10, 0, 20, 10), box(5, 3, 15, 4)])
    same = np.array([box(0, 0, 10, 10), box(0, 0, 10, 10)])
    inside = np.array([box(0, 0, 1000, 1000), box(400, 400, 401, 401)])
    for spoilt in (crossing, wedge, through, same, inside):
        found = Raster(spoilt).overlaps()
        assert len(found[0]) > 0
        for each, expected in zip(found, Tree(spoilt).overlaps(), strict=True):
            np.testing.assert_array_equal(each, expected)


def test_parts_holes_and_islands():
    lake = box(40, 40, 60, 60)
    ground = box(0, 0, 100, 100).difference(lake)
    polygons = [ground, MultiPolygon([box(45, 45, 55, 55), box(200, 0, 210, 10)])]
    at = np.array([[42, 50], [50, 50], [45, 50], [40, 50], [205, 5], [150, 5], [0, 0], [100, 100], [300, 300]], float)
    found = hicgeo.NeighbourhoodIndex(frame_of(polygons)).assign(
        gpd.GeoDataFrame(geometry=shapely.points(at), crs=28992)
    )
    a, b = "BU99010000", "BU99010001"
    assert found["code"].fillna("-").tolist() == ["-", b, b, a, b, "-", a, a, "-"]
    assert found["border_m"].tolist() == pytest.approx([2, 5, 0, 0, 5, 50, 0, 0, np.hypot(200, 200)])


def test_no_neighbourhoods_and_no_incidents():
    empty = frame_of([])
    points = gpd.GeoDataFrame(geometry=shapely.points([[1.0, 2.0]]), crs=28992)
    assert hicgeo.NeighbourhoodIndex(empty).assign(points)["status"].tolist() == ["outside"]
    assert hicgeo.NeighbourhoodIndex(frame_of([box(0, 0, 1, 1)])).assign(points.iloc[:0]).empty


@pytest.mark.slow
def test_a_hundred_thousand_partitions_keep_every_incident():
    """Totals are kept, and raster and tree agree, with two in five places on corners and edges."""
    on_border = places_asked = 0
    for seed in range(100_000):
        rng = np.random.default_rng(seed)
        polygons = voronoi(rng, int(rng.integers(2, 9)), grid=seed % 2 == 0)
        at = places(rng, polygons, 20)
        raster, tree = Raster(polygons).owners(at), Tree(polygons).owners(at)
        assert raster.tolist() == tree.tolist(), seed
        held = np.bincount(raster[raster >= 0], minlength=len(polygons))
        assert held.sum() + (raster < 0).sum() == len(at)
        assert (raster[:8] >= 0).sum() >= 4, "corners and most midpoints lie in a polygon"
        on_border += 8
        places_asked += len(at)
    assert on_border / places_asked >= 0.2
