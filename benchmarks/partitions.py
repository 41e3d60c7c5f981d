"""100,000 random partitions: does every incident keep exactly one place, whatever the order?

    .venv/bin/python benchmarks/partitions.py                    # writes results/partitions.json
    .venv/bin/python benchmarks/partitions.py --partitions 200   # prints only

Each partition is 2 to 8 polygons without gaps, some with holes and some in parts, every second one on a lattice, where
corners and midpoints are exact in doubles; fifty lie side by side in one call. Of 20 incidents 4 lie on corners and 4
on the middle of an edge. Checked through the public verbs:

- every incident has one status, and inside + snapped + outside = all;
- the tree (`assign_neighbourhoods`) and the raster (`NeighbourhoodIndex`) give the same table to the last bit;
- another order of rows and polygons and rings begun elsewhere and turned round change nothing;
- off the borders the answer is that of shapely's exact predicate `contains_properly`, over all pairs;
- on a border the answer is the first code of those that shapely says intersect the place.
"""

from __future__ import annotations

import argparse
import json
import time
from datetime import date
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

import hicgeo

RESULTS = Path(__file__).parent / "results" / "partitions.json"
WEST, SOUTH = 81_234.567, 455_678.901
TOGETHER = 50
"""Partitions in one call of the verbs, side by side."""


def partition(rng: np.random.Generator, n: int, *, lattice: bool) -> np.ndarray:
    """Polygons without gaps: on a lattice of 50 m, or anywhere; one in two parts, one with an enclave."""
    frame = shapely.box(0, 0, 1000, 1000)
    cells = shapely.get_parts(
        shapely.voronoi_polygons(shapely.multipoints(rng.uniform(0, 1000, (n, 2))), extend_to=frame)
    )
    cells = shapely.coverage_simplify(shapely.intersection(cells, frame), 0)
    if lattice:
        cells = shapely.set_precision(shapely.set_precision(cells, 50.0), 0.0)
    else:
        cells = shapely.transform(cells, lambda at: at * 0.997 + (WEST, SOUTH))
    shapes = [each for each in cells if each.area > 0 and each.geom_type == "Polygon"]
    middle = shapes[0].centroid
    enclave = middle.buffer(0.3 * shapes[0].boundary.distance(middle), quad_segs=2)
    if not lattice and enclave.area > 0 and shapes[0].contains(enclave):
        shapes[0] = shapes[0].difference(enclave)
        shapes.append(enclave)
    if len(shapes) > 3:
        shapes[1] = shapely.union_all([shapes[1], shapes.pop()])
    if not shapely.coverage_is_valid(shapes):  # a corner was rounded over the border of a third: draw again
        return partition(rng, n, lattice=lattice)
    return np.array(rng.permutation(np.array(shapes, dtype=object)))


def turned(polygon: shapely.Polygon, rng: np.random.Generator) -> shapely.Polygon:
    """The same polygon, its rings begun elsewhere and run through the other way."""
    parts = []
    for part in shapely.get_parts(polygon):
        paths = [shapely.get_coordinates(ring)[:-1] for ring in shapely.get_rings(part)]
        paths = [np.roll(path, rng.integers(0, len(path)), axis=0)[::-1] for path in paths]
        parts.append(shapely.Polygon(paths[0], paths[1:]))
    return parts[0] if len(parts) == 1 else shapely.MultiPolygon(parts)


def check(seeds: range) -> tuple[int, int]:
    """Check partitions side by side, 1.5 km apart; answer with the incidents and how many lie exactly on a border."""
    rng = np.random.default_rng(seeds.start)
    codes, polygons, at, truth = [], [], [], []
    for place, seed in enumerate(seeds):
        east, north = 1500.0 * (place % 10), 1500.0 * (place // 10)
        shapes = partition(np.random.default_rng(seed), int(rng.integers(2, 9)), lattice=seed % 2 == 0)
        shapes = shapely.transform(shapes, lambda xy, by=(east, north): xy + by)
        names = np.array([f"BU99{place:02d}{k:04d}" for k in range(len(shapes))])
        there = places(rng, shapes)
        codes.append(names)
        polygons.append(shapes)
        at.append(there)
        truth.append(oracle(names, shapes, there))
    names, shapes, there = np.concatenate(codes), np.concatenate(polygons), np.concatenate(at)
    expected, proper = (np.concatenate(each) for each in zip(*truth, strict=True))
    areas = gpd.GeoDataFrame(index=names, geometry=shapes, crs=28992)
    incidents = gpd.GeoDataFrame(geometry=shapely.points(there), crs=28992)

    few = hicgeo.assign_neighbourhoods(incidents, areas, max_distance=5.0)
    pd.testing.assert_frame_equal(hicgeo.NeighbourhoodIndex(areas).assign(incidents, max_distance=5.0), few)
    shuffle = rng.permutation(len(areas))
    other = gpd.GeoDataFrame(index=names[shuffle], geometry=[turned(p, rng) for p in shapes[shuffle]], crs=28992)
    rows = rng.permutation(len(there))
    again = hicgeo.assign_neighbourhoods(incidents.iloc[rows], other, max_distance=5.0)
    pd.testing.assert_frame_equal(again.loc[few.index], few)

    inside = (few["status"] == "inside").to_numpy()
    assert few["status"].isin(["inside", "snapped", "outside"]).all(), seeds
    assert (few["code"].notna() == few["status"].isin(["inside", "snapped"])).all(), seeds
    assert (few["code"].where(inside, "").to_numpy() == expected).all(), seeds
    on_border = inside & ~proper
    assert (few["border_m"].to_numpy()[on_border] == 0).all(), seeds
    return len(there), int(on_border.sum())


def places(rng: np.random.Generator, polygons: np.ndarray) -> np.ndarray:
    """Four places on corners, four halfway along edges, twelve anywhere, of which some outside."""
    corners, ring = shapely.get_coordinates(shapely.get_rings(shapely.get_parts(polygons)), return_index=True)
    edges = rng.choice(np.flatnonzero(ring[:-1] == ring[1:]), 4)
    west, south, east, north = shapely.total_bounds(polygons)
    return np.vstack([
        corners[rng.integers(0, len(corners), 4)],
        (corners[edges] + corners[edges + 1]) / 2,
        rng.uniform((west - 20, south - 20), (east + 20, north + 20), (12, 2)),
    ])  # fmt: skip


def oracle(codes: np.ndarray, polygons: np.ndarray, at: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """First code that shapely's predicates give each place ("" outside), and whether it lies off every border."""
    points = shapely.points(at)
    touches = shapely.intersects(polygons[:, None], points)
    proper = shapely.contains_properly(polygons[:, None], points)
    assert (proper.sum(axis=0) <= 1).all()
    first = np.where(touches.any(axis=0), codes[touches.argmax(axis=0)], "")
    held = proper.any(axis=0)
    assert (first[held] == codes[proper.argmax(axis=0)[held]]).all()
    return first, held


def main() -> None:
    """Run all, print, and write the outcome."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--partitions", type=int, default=100_000)
    given = parser.parse_args()
    began = time.perf_counter()
    asked = on_border = 0
    for seed in range(0, given.partitions, TOGETHER):
        n, ties = check(range(seed, min(seed + TOGETHER, given.partitions)))
        asked, on_border = asked + n, on_border + ties
        if seed % 5000 == 0:
            print(f"{seed:7,} {time.perf_counter() - began:8.0f} s", flush=True)
    said = {
        "date": date.today().isoformat(),
        "partitions": given.partitions,
        "incidents": asked,
        "exactly_on_a_border": on_border,
        "share_on_a_border": round(on_border / asked, 4),
        "lost_or_doubled": 0,
        "differences_between_tree_raster_order_and_shapely": 0,
        "minutes": round((time.perf_counter() - began) / 60, 1),
        "versions": {"shapely": shapely.__version__, "geos": shapely.geos_version_string, "hicgeo": hicgeo.__version__},
    }
    print(json.dumps(said, indent=1))
    if given.partitions == parser.get_default("partitions"):
        RESULTS.write_text(json.dumps(said, indent=1) + "\n")


if __name__ == "__main__":
    main()
