"""Somebody who knows the method and the rest of the town, and looks for one address in the outlines of a map."""

import geopandas as gpd
import numpy as np
import scenes
from shapely.geometry import box

import hicgeo as hg
from hicgeo.errors import DisclosureError
from hicgeo.output.maps import HotspotMap

STEP = 20.0
CELL = 100.0


def town():
    area = gpd.GeoDataFrame(geometry=[box(80_000, 450_000, 85_000, 455_000)], crs="EPSG:28992")
    return hg.Grid.over(area, cell_size=CELL)


def points(xy):
    return gpd.GeoDataFrame(geometry=gpd.points_from_xy(*np.asarray(xy).T), crs="EPSG:28992")


def drawn(xy, grid, *, snap):
    """Outlines of the classes of the density, and of the hotspots, as they stand in a map."""
    made = grid.snap(points(xy)) if snap else points(xy)
    surface = hg.kde(made, grid, bandwidth=400.0, edge="none")
    layer = (
        HotspotMap(scenes.areas(), title="t", profile="driehoek" if snap else "intern").add_surface(surface).layers[0]
    )
    return [shape.wkb for shape in layer.shapes]


def candidates(rng, grid, *, snap):
    """Number of squares of 20 m in the true cell that give the same map, and the error of their middle in metres.

    An address with ten incidents, alone in its part of the town, whose other incidents the attacker knows.
    """
    others = np.concatenate([rng.normal((83_500, 453_500), 300, (120, 2)), rng.normal((83_000, 452_000), 250, (80, 2))])
    corner = np.array([80_800.0, 450_800.0]) + CELL * rng.integers(0, 6, 2)
    true = corner + STEP / 2 + STEP * rng.integers(0, 5, 2)
    seen = drawn(np.concatenate([others, np.repeat([true], 10, axis=0)]), grid, snap=snap)
    fits = []
    for dx in np.arange(0, CELL, STEP):
        for dy in np.arange(0, CELL, STEP):
            guess = corner + STEP / 2 + (dx, dy)
            if drawn(np.concatenate([others, np.repeat([guess], 10, axis=0)]), grid, snap=snap) == seen:
                fits.append(guess)
    error = float(np.hypot(*(np.mean(fits, axis=0) - true)))
    return len(fits), error


def refused(xy, grid):
    """Whether a map for others takes a density of exact points."""
    try:
        HotspotMap(scenes.areas(), title="t").add_surface(hg.kde(points(xy), grid, bandwidth=400.0))
    except DisclosureError:
        return True
    return False
