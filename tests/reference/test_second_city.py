import ast
from pathlib import Path

import numpy as np
import pytest
import second_city as module
from second_city import DAYS, second_city


@pytest.fixture(scope="module")
def cities():
    return [second_city(seed) for seed in range(5)]


def test_it_shares_no_code_with_the_library():
    tree = ast.parse(Path(module.__file__).read_text(encoding="utf-8"))
    imported = {alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names}
    imported |= {node.module for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
    assert imported == {"numpy", "dataclasses"}


def test_same_seed_same_city(cities):
    again = second_city(3)
    for name, value in vars(cities[3]).items():
        np.testing.assert_array_equal(value, getattr(again, name))
    assert not np.array_equal(cities[2].dwellings, again.dwellings)


def test_incidents_are_at_dwellings_of_their_square(cities):
    for city in cities:
        homes = set(map(tuple, city.dwellings))
        assert all(tuple(point) in homes for point in city.xy)
        west, south, east, north = city.bounds[city.buurt].T
        x, y = city.xy.T
        assert ((x > west) & (x < east) & (y > south) & (y < north)).all()
        assert (np.diff(city.day.astype(int)) >= 0).all()


def test_planted_numbers_come_back_by_counting(cities):
    dark_day = np.isin(DAYS.astype("datetime64[M]").astype(int) % 12 + 1, [10, 11, 12, 1, 2, 3])
    for city in cities:
        years = len(DAYS) / 365.25
        expected = 0.012 * years * len(city.dwellings)
        assert abs(len(city.xy) - expected) < 4 * np.sqrt(expected)
        dark = dark_day[(city.day - DAYS[0]).astype(int)]
        for group in (0, 1):
            mine = city.group[city.buurt] == group
            in_dark, in_light = (mine & dark).sum(), (mine & ~dark).sum()
            ratio = (in_dark / dark_day.sum()) / (in_light / (~dark_day).sum())
            planted = city.dark_ratio[city.group == group][0]
            assert abs(np.log(ratio / planted)) < 4 * np.sqrt(1 / in_dark + 1 / in_light)
        for (x, y, radius, strength), (with_it, without) in zip(city.hotspots, city.hotspot_expected, strict=True):
            found = (np.hypot(*(city.xy - (x, y)).T) <= radius).sum()
            assert abs(found - with_it) < 4 * np.sqrt(with_it)
            assert with_it == pytest.approx(strength * without)
