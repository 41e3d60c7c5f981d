"""Waves in sentences and on the map, from hand-made patterns."""

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import scenes
from test_maps import layers

import hicgeo as hg
from hicgeo.output.disclosure import release

YEAR = ("2023-01-01", "2023-12-31")


def table(x, y, day):
    start = (pd.Timestamp("2023-01-01") + pd.to_timedelta(day, unit="D")).tz_localize("Europe/Amsterdam")
    return gpd.GeoDataFrame({"start": start, "end": start}, geometry=gpd.points_from_xy(x, y), crs="EPSG:28992")


@pytest.fixture(scope="module")
def town():
    """Scattered over the year, and eight on one corner in the last four days."""
    rng = np.random.default_rng(1)
    x = np.r_[scenes.WEST + rng.uniform(0, 2800, 120), np.full(8, scenes.WEST + 750.0)]
    y = np.r_[scenes.SOUTH + rng.uniform(0, 2100, 120), np.full(8, scenes.SOUTH + 650.0)]
    return table(x, y, np.r_[rng.integers(0, 350, 120), np.repeat([361, 362, 363, 364], 2)])


def test_a_wave_now(town):
    said = hg.in_words(hg.space_time_scan(town, period=YEAR, draws=199, rng=1))
    assert said[0].startswith(
        "Er is nu een golf: 8 incidenten van 28 december 2023 tot en met 31 december 2023 op 1 ha"
    )
    assert "even sterk bij alleen toeval: 0,5 %" in said[0]
    assert "eens in de 200 dagen" in said[1]
    assert "niet waardoor" in said[2]


def test_a_wave_in_the_year(town):
    said = hg.in_words(hg.space_time_scan(town, period=YEAR, windows="any", draws=199, rng=1), language="en")
    assert said[0].startswith("One wave in this period is more than chance: 8 incidents from 28 December 2023")
    assert len(said) == 2


def test_several_waves_in_the_year(town):
    again = town.iloc[-8:].assign(start=town["start"].iloc[-8:] - pd.Timedelta("180D"))
    both = pd.concat([town, again.assign(end=again["start"])], ignore_index=True)
    said = hg.in_words(hg.space_time_scan(both, period=YEAR, windows="any", draws=199, rng=1))
    assert said[0].startswith("2 golven in deze periode zijn meer dan toeval. De sterkste: 8 incidenten")


def test_no_wave_and_nothing_to_test(town):
    calm = hg.space_time_scan(town.iloc[:120], period=YEAR, windows="any", draws=99, rng=1)
    assert calm.clusters["p_value"].iloc[0] > 0.05
    assert hg.in_words(calm)[0].startswith("Een golf is niet aangetoond: de sterkste (")
    early = hg.space_time_scan(town.iloc[:120], period=YEAR, max_days=7, draws=99, rng=1)
    assert hg.in_words(early)[0].startswith("Of er een golf is kon niet worden getoetst")


def test_clusters_in_words(town):
    said = hg.in_words(hg.st_dbscan(town, eps_m=50, eps_days=3, min_samples=5))
    assert "dicht bij elkaar liggen: 1, met 6,2 % van alle 128" in said[0]
    assert "8 incidenten in 4 dagen op 1 ha" in said[0]
    assert "beschrijft en toetst niet" in said[1]
    none = hg.in_words(hg.st_dbscan(town.iloc[:120], eps_m=1, eps_days=0, min_samples=5))
    assert none == [
        "Er zijn geen groepen van incidenten die in plaats en tijd dicht genoeg bij elkaar liggen (120 incidenten)."
    ]


def test_a_wave_on_the_map(town):
    waves = hg.space_time_scan(town, period=YEAR, draws=199, rng=1)
    made = hg.HotspotMap(scenes.areas(), title="t").add_waves(waves)
    data = layers(made.to_html())["Golven"]
    told = dict(zip(data["rows"], data["values"]["1"], strict=True))
    assert told["incidenten"] == "8"
    assert told["periode"] == "28 december 2023 – 31 december 2023"
    assert told["even sterk bij alleen toeval"] == "0,5 %"
    assert data["notes"][0].startswith("Er is nu een golf")
    assert made.layers[0].headline.startswith("Golven in plaats en tijd: 1. De sterkste: 8 incidenten")


def test_what_is_chance_is_not_drawn(town):
    calm = hg.space_time_scan(town.iloc[:120], period=YEAR, windows="any", draws=99, rng=1)
    made = hg.HotspotMap(scenes.areas(), title="t").add_waves(calm)
    assert layers(made.to_html())["Golven"]["values"] == {}
    assert made.layers[0].notes[0].startswith("Een golf is niet aangetoond")


def test_clusters_on_the_map_are_for_the_analyst(town):
    """Every cell of theirs is one in which something happened."""
    found = hg.st_dbscan(town, eps_m=150, eps_days=20, min_samples=2)
    made = hg.HotspotMap(scenes.areas(), title="t", profile="intern").add_waves(found)
    data = layers(made.to_html())["Groepen in plaats en tijd"]
    assert data["unit"] == "minstens 2 incidenten binnen 150 m en 20 dagen van elkaar"
    assert len(data["values"]) == len(found.clusters)
    with pytest.raises(hg.DisclosureError, match="list where the incidents of a group were"):
        hg.HotspotMap(scenes.areas(), title="t").add_waves(found)
    assert (found.clusters["incidents"] < 5).any()
    told = release(pd.DataFrame(found.clusters.drop(columns="geometry")), "driehoek")
    assert told["incidents"].min() >= 5, "figures may leave, of small groups none"


def test_what_is_no_wave_is_refused(town):
    with pytest.raises(hg.InputError, match="waves"):
        hg.HotspotMap(scenes.areas(), title="t").add_waves(town)
    small = hg.space_time_scan(town, period=YEAR, cell_size=25, draws=99, rng=1)
    with pytest.raises(hg.DisclosureError, match="25 m"):
        hg.HotspotMap(scenes.areas(), title="t").add_waves(small)


def test_the_course_of_hotspots_in_words_and_on_the_map():
    areas = scenes.areas()
    grid = hg.Grid.over(areas, cell_size=100)
    rng = np.random.default_rng(3)
    x, y = scenes.WEST + rng.uniform(0, 2800, 3000), scenes.SOUTH + rng.uniform(0, 2100, 3000)
    x[:160], y[:160] = scenes.WEST + 1200 + rng.uniform(0, 300, 160), scenes.SOUTH + 900 + rng.uniform(0, 300, 160)
    day = rng.integers(0, 364, 3000)
    day[:160] = rng.integers(336, 364, 160)
    asked = {"period": ("2023-01-01", "2023-12-30"), "radius_m": 200}
    found = hg.emerging_hotspots(table(x, y, day), grid, **asked)
    said = hg.in_words(found)
    assert said[0].startswith("Van 1 januari 2023 tot en met 30 december 2023 waren er in ")
    assert " nieuw" in said[0]
    made = hg.HotspotMap(areas, title="t").add_waves(found)
    layer = made.layers[0]
    assert "hoog: nieuw" in [each.label for each in layer.classes]
    assert "Nieuw: alleen in de laatste stap hoger dan toeval." in layer.notes
    assert layer.shapes.area.sum() / 1e4 == pytest.approx(
        found.areas.loc[found.areas["incidents"] >= 5, "area_ha"].sum()
    )
    assert layers(made.to_html())["Verloop van hotspots"]
    calm = hg.emerging_hotspots(table(x[160:], y[160:], day[160:]), grid, **asked)
    assert "geen verloop van hotspots" in hg.in_words(calm)[0]
    assert "no course" in hg.in_words(calm, language="en")[0]
