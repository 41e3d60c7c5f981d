"""Sentences on near repeats, by hand-made tables."""

import geopandas as gpd
import numpy as np
import pandas as pd

import hicgeo as hg


def table(x, y, day):
    start = (pd.Timestamp("2023-01-01") + pd.to_timedelta(day, unit="D")).tz_localize("Europe/Amsterdam")
    return gpd.GeoDataFrame({"start": start, "end": start}, geometry=gpd.points_from_xy(x, y), crs="EPSG:28992")


def pairs(n):
    """Pairs 60 m and 2 days apart, each far from the others in place and time."""
    at = np.arange(n) * 1003.0
    return table(np.r_[at, at + 60], np.zeros(2 * n), np.r_[np.arange(n) * 40, np.arange(n) * 40 + 2])


def test_knox_in_words():
    said = hg.in_words(hg.knox(pairs(12), draws=199, rng=1))
    assert len(said) == 1
    assert "van 1 tot 100 m en binnen 0 tot 7 dagen" in said[0]
    assert "24 incidenten" in said[0]
    assert "even sterk bij alleen toeval: 0,5 %" in said[0]


def test_knox_without_a_finding():
    rng = np.random.default_rng(2)
    loose = table(*rng.uniform(0, 2000, (2, 80)), rng.integers(0, 80, 80))
    assert "niet aangetoond" in hg.in_words(hg.knox(loose, draws=99, rng=1))[0]
    assert "too few pairs" in hg.in_words(hg.knox(pairs(1), distances=(0, 1, 10), draws=99, rng=1), language="en")[0]


def test_chains_in_words():
    said = hg.in_words(hg.near_repeat_chains(pairs(40), draws=199, rng=1))
    assert said[0].startswith("50,0 % van de 80 incidenten")
    assert said[1].startswith("Waarschuw buren binnen 75 m gedurende de eerste 3 dagen")
    assert "niet dat het dezelfde dader is" in said[2]


def test_no_warning_without_ground():
    rng = np.random.default_rng(3)
    loose = table(*rng.uniform(0, 2000, (2, 80)), rng.integers(0, 80, 80))
    assert "geen grond" in hg.in_words(hg.near_repeat_chains(loose, draws=99, rng=1))[1]
