"""Relative risk on the map, in a picture and in words."""

from dataclasses import replace

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import scenes
from shapely.geometry import Point, box

import hicgeo as hg
from hicgeo.output._layers import Scene
from hicgeo.output._layers_risk import risk_layer

RD = "EPSG:28992"


@pytest.fixture(scope="module")
def areas():
    # the contract of a neighbourhood table, from the scenes; two squares of 2 x 3 km
    table = scenes.areas(columns=2, rows=1).assign(is_water=False, dwellings=pd.array([4000, 4000], dtype="Int64"))
    return table.set_geometry([box(150000, 460000, 152000, 463000), box(152000, 460000, 154000, 463000)], crs=RD)


@pytest.fixture(scope="module")
def grid(areas):
    return hg.Grid.over(areas, cell_size=100)


@pytest.fixture(scope="module")
def homes(grid):
    return grid.counts(np.random.default_rng(1).uniform([150000, 460000], [154000, 463000], (8000, 2)))


def risk_of(grid, homes, more, n=600, **other):
    """Burglaries in proportion to the dwellings, `more` times as likely within 300 m of (151000, 461000)."""
    rng = np.random.default_rng(2)
    gx, gy = np.meshgrid(grid.x, grid.y)
    units = np.nan_to_num(homes.to_numpy()) * np.where(np.hypot(gx - 151000, gy - 461000) <= 300, more, 1.0)
    row, column = np.unravel_index(rng.choice(units.size, n, p=(units / units.sum()).ravel()), units.shape)
    points = gpd.GeoSeries.from_xy(grid.x[column], grid.y[row], crs=RD)
    given = {"bandwidth": 400.0, "draws": 99, "rng": 1} | other
    return hg.relative_risk(points, given.pop("at_risk", homes), grid, **given)


@pytest.fixture(scope="module")
def planted(grid, homes):
    return risk_of(grid, homes, 5.0)


def test_the_planted_place_is_the_first_class_and_every_cell_has_one(planted, areas):
    layer = risk_layer(planted, Scene.of(areas, "nl"))
    assert layer.classes[0].label == "meer dan toeval, waar dan ook"
    assert layer.shapes[0].contains(Point(151000, 461000))
    shapes = list(layer.shapes)
    assert sum(each.area for each in shapes) == pytest.approx(gpd.GeoSeries(shapes).union_all().area)
    # as many hectares as the contours of the result
    found = planted.areas((0.05,)).set_index("side")["area_ha"]
    assert layer.shapes[0].area / 1e4 == pytest.approx(found["family"])
    assert "600 incidenten op 8.000 woningen" in layer.notes[0]
    assert "gladgestreken met 400 m (quartic), opgegeven door de analist." in layer.notes[0]
    assert layer.headline == hg.in_words(planted)[0]
    assert layer.notes[1].startswith("Zonder datum: 600 van de 600 incidenten.")


def test_the_map_says_how_the_bandwidth_was_chosen(planted, grid, homes, areas):
    scott = hg.Bandwidth(sigma=150.0, method="scott", n=600, curve=pd.DataFrame())
    by_rule = risk_of(grid, homes, 5.0, bandwidth=scott)
    said = risk_layer(by_rule, Scene.of(areas, "nl")).notes[0]
    assert "424 m (quartic), volgens de vuistregel van Scott" in said  # 150 m times sqrt(8), the radius of a quartic
    assert "by Scott's rule of thumb" in risk_layer(by_rule, Scene.of(areas, "en")).notes[0]
    untested = risk_layer(risk_of(grid, homes, 5.0, at_risk=areas), Scene.of(areas, "en"))
    assert "400 m (quartic), given by the analyst" in untested.notes[0]


def test_incidents_with_dates_need_no_word_about_chains(planted, areas):
    dated = replace(planted, n_undated=0)
    assert len(hg.in_words(dated)) == 1
    assert len(risk_layer(dated, Scene.of(areas, "nl")).notes) == 1
    assert "Without a date: 600 of the 600" in hg.in_words(planted, language="en")[1]


def test_words_follow_what_was_found(planted, grid, homes, areas):
    said = hg.in_words(planted)[0]
    hectares = int((planted.p_family <= 0.05).sum())
    assert f"op {hectares} hectare aantoonbaar hoger" in said
    assert "demonstrably above the mean" in hg.in_words(planted, language="en")[0]
    assert "nergens aantoonbaar hoger" in hg.in_words(risk_of(grid, homes, 1.0))[0]
    assert "Te weinig incidenten" in hg.in_words(risk_of(grid, homes, 1.0, n=31))[0]
    smeared = risk_of(grid, homes, 5.0, at_risk=areas)
    assert "niet getoetst" in hg.in_words(smeared)[0]


def test_totals_of_neighbourhoods_are_drawn_as_a_picture_and_called_that(grid, homes, areas):
    layer = risk_layer(risk_of(grid, homes, 5.0, at_risk=areas), Scene.of(areas, "nl"))
    assert [entry.label for entry in layer.classes] == [
        "minstens 2,0 keer het gemiddelde", "hoogstens 0,5 keer het gemiddelde",
    ]  # fmt: skip
    assert layer.notes[0].startswith("Een beeld, geen toets")
    assert layer.shapes[0].contains(Point(151000, 461000))


def test_the_page_takes_it_and_others_see_no_finer_than_a_hectare(planted, areas, homes, tmp_path):
    about = {"title": "Proef", "language": "nl", "fictional": True}
    page = hg.HotspotMap(areas, profile="intern", **about).add_risk(planted)
    said = page.save(tmp_path / "risk.html").read_text(encoding="utf-8")
    assert "Waar de kans hoger is dan gemiddeld" in said
    fine = hg.Grid.over(areas, cell_size=50)
    small = risk_of(
        fine, fine.counts(np.random.default_rng(1).uniform([150000, 460000], [154000, 463000], (8000, 2))), 5.0
    )
    with pytest.raises(hg.DisclosureError, match="100 m"):
        hg.HotspotMap(areas, profile="driehoek", **about).add_risk(small)
    with pytest.raises(hg.InputError, match="relative risk"):
        hg.HotspotMap(areas, profile="intern", **about).add_risk(homes)


def test_the_picture_has_classes_around_one_and_both_contours(planted, grid, homes, areas):
    figure = hg.plot_risk(planted, areas)
    figure.draw_without_rendering()
    said = " | ".join(each.get_text() for each in figure.findobj(lambda a: hasattr(a, "get_text")))
    for words in ("minder dan 0,5", "0,8 tot 1,25", "2 of meer", "keer het gemiddelde", "meer dan toeval", "deze plek"):
        assert words in said
    image = figure.axes[0].images[0]
    assert image.norm(1.0) == 2
    untested = hg.plot_risk(risk_of(grid, homes, 5.0, at_risk=areas), areas, language="en")
    untested.draw_without_rendering()
    said = " | ".join(each.get_text() for each in untested.findobj(lambda a: hasattr(a, "get_text")))
    assert "more than chance" not in said
    with pytest.raises(hg.InputError, match="relative risk"):
        hg.plot_risk(homes, areas)
