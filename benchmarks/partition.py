"""Gap-free neighbourhoods with winding borders, and clustered points: what the benchmark of the join is run on."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import shapely

SIDE = 30_000.0
WEST, SOUTH = 70_000.0, 440_000.0


def winding(ends: np.ndarray, rng: np.random.Generator, spread: float = 0.12) -> np.ndarray:
    """Corners of a line from one end to the other, by moving midpoints sideways, as a river runs."""
    line = ends
    for _ in range(int(rng.integers(3, 6))):
        step = np.diff(line, axis=0)
        aside = np.column_stack([-step[:, 1], step[:, 0]]) * rng.uniform(-spread, spread, len(step))[:, None]
        middle = (line[:-1] + line[1:]) / 2 + aside
        line = np.insert(line, np.arange(1, len(line)), middle, axis=0)
    return line


def neighbourhoods(n: int, seed: int = 1) -> np.ndarray:
    """Gap-free polygons of about 50 to 300 corners over a square of 30 x 30 km, small where the city is dense."""
    rng = np.random.default_rng(seed)
    seeds = clustered(n, rng)
    cells = shapely.get_parts(
        shapely.voronoi_polygons(
            shapely.multipoints(seeds), extend_to=shapely.box(WEST, SOUTH, WEST + SIDE, SOUTH + SIDE)
        )
    )
    cells = shapely.intersection(cells, shapely.box(WEST, SOUTH, WEST + SIDE, SOUTH + SIDE))
    cells = shapely.set_precision(cells, 0.001)
    corners, ring = shapely.get_coordinates(shapely.get_exterior_ring(cells), return_index=True)
    drawn: dict[tuple, np.ndarray] = {}
    straight: set[tuple] = set()

    def draw(crooked: bool) -> np.ndarray:
        shapes = []
        for k in range(len(cells)):
            path = corners[first[k] : first[k + 1]]
            parts = []
            for a, b in pairwise(path):
                key = (*a, *b) if tuple(a) < tuple(b) else (*b, *a)
                if key not in drawn:
                    ends = np.array(key).reshape(2, 2)
                    seeded = np.random.default_rng(abs(hash(key)) % 2**32)
                    drawn[key] = winding(ends, seeded).round(3)
                if key in straight or not crooked:
                    drawn[key] = np.array(key).reshape(2, 2)
                line = drawn[key]
                parts.append((line if tuple(a) < tuple(b) else line[::-1])[:-1])
            shapes.append(shapely.polygons(np.concatenate(parts)))
        return np.array(shapes)

    first = np.searchsorted(ring, np.arange(len(cells) + 1))
    for _ in range(6):
        shapes = draw(crooked=True)
        wrong = ~shapely.is_valid(shapes)
        faults = shapely.coverage_invalid_edges(shapes)
        wrong |= ~shapely.is_empty(faults)
        if not wrong.any():
            return shapes
        for k in np.flatnonzero(wrong):  # borders that meet themselves or each other are drawn straight
            path = corners[first[k] : first[k + 1]]
            straight |= {(*a, *b) if tuple(a) < tuple(b) else (*b, *a) for a, b in pairwise(path)}
    raise SystemExit(f"{wrong.sum()} polygons do not fit")


def clustered(n: int, rng: np.random.Generator) -> np.ndarray:
    """Points of which two thirds lie in 60 clusters."""
    centres = rng.uniform(0.1, 0.9, (60, 2)) * SIDE
    spread = rng.uniform(300, 2000, 60)
    of = rng.integers(0, 60, n)
    points = centres[of] + rng.normal(size=(n, 2)) * spread[of, None]
    loose = (rng.random(n) < 1 / 3) | ((points <= 0) | (points >= SIDE)).any(axis=1)
    points[loose] = rng.uniform(0, SIDE, (loose.sum(), 2))
    return points + [WEST, SOUTH]
