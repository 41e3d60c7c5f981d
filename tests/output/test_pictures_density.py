"""Pictures of density: what they say, and that a colour is the class of its cell."""

from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
import scenes
from matplotlib.colors import to_hex

import hicgeo as hg
from hicgeo.output._layers import Scene
from hicgeo.output._layers_density import hotspot_layer, surface_layer


@pytest.fixture(scope="module")
def areas():
    return scenes.areas()


def words(figure):
    figure.draw_without_rendering()
    return " | ".join(each.get_text() for each in figure.findobj(lambda a: hasattr(a, "get_text")))


def test_surfaces_stand_side_by_side_in_the_same_classes(areas):
    first = scenes.surface()
    figure = hg.plot_surface({"donker": first, "licht": first * 0.5}, areas, hotspots=scenes.hotspots())
    said = words(figure)
    assert "donker" in said
    assert "licht" in said
    assert "incidenten per km²" in said
    assert "2 (1-3)" in said  # a rank with its interval; the first is sure
    assert "1 (1-1)" not in said
    # a cell has the colour of its class in the legend
    layer = surface_layer(first, Scene.of(areas, "nl"), None)
    image = figure.axes[0].images[0]
    peak = np.unravel_index(np.nanargmax(first.to_numpy()), first.shape)
    assert to_hex(image.cmap(image.norm(first.to_numpy()[peak]))) == layer.classes[-1].colour
    assert to_hex(image.cmap(image.norm(0.0))) == layer.classes[0].colour
    with pytest.raises(hg.InputError, match="at least one surface"):
        hg.plot_surface({}, areas)


def test_a_bandwidth_shows_its_curve_and_what_was_used():
    curve = pd.DataFrame({"sigma": [50.0, 100.0, 200.0], "criterion": [1.0, 3.0, 2.0]})
    chosen = hg.Bandwidth(sigma=100.0, method="ppl", n=300, curve=curve)
    said = words(hg.plot_bandwidth(chosen, used=400.0, language="en"))
    assert "ppl: 283 m" in said  # a quartic of that radius has a sigma of 100 m
    assert "used: 400 m" in said
    with pytest.raises(hg.InputError, match="curve"):
        hg.plot_bandwidth(hg.Bandwidth(sigma=1.0, method="scott", n=3, curve=curve.iloc[:0]))


def test_a_back_test_shows_every_method_and_its_baselines():
    names = ["method", "horizon_days"]
    scores = pd.DataFrame(
        [("two_scale", 28, 6.0, 5.0, 7.0), ("last_year_100m", 28, 5.0, 4.0, 6.0), ("random", 28, 1.0, 1.0, 1.0)],
        columns=[*names, "pai", "pai_low", "pai_high"],
    ).set_index(names)
    differences = pd.DataFrame(
        {"verdict": ["beter"]},
        index=pd.MultiIndex.from_tuples([("two_scale", "random", 28)], names=["method", "baseline", "horizon_days"]),
    )
    figure = hg.plot_backtest(SimpleNamespace(scores=scores, differences=differences))
    said = words(figure)
    assert "tellen per vak van 100 m in het afgelopen jaar, 28\u00a0dagen" in said.replace("\n", " ")
    assert "willekeurig kiezen" in said
    with pytest.raises(hg.ColumnError, match="back-test"):
        hg.plot_backtest(scores)


def test_the_map_says_how_the_bandwidth_was_chosen_and_per_what(areas):
    scene = Scene.of(areas, "nl")
    surface = scenes.surface()
    for method, words in (("ppl", "elk incident het best voorspelt"), ("given", "opgegeven door de analist")):
        surface.attrs = surface.attrs | {"method": method, "bandwidth": 293.4, "kernel": "quartic", "n": 812}
        note = surface_layer(surface, scene, None).notes[0]
        assert "bandbreedte van 293 m (quartic)" in note
        assert words in note
    assert surface_layer(surface, scene, None).unit.startswith("incidenten per km² in de hele periode, cellen")
    surface.attrs["years"] = 2.0
    assert surface_layer(surface, scene, None).unit.startswith("incidenten per km² per jaar")


def test_every_way_to_choose_a_bandwidth_has_its_words():
    from typing import get_args

    from hicgeo.analysis.bandwidths import Method
    from hicgeo.output.language import CATALOGUE

    assert {f"bandwidth.{each}" for each in (*get_args(Method), "given")} <= set(CATALOGUE)


def test_a_hotspot_on_the_map_tells_kind_history_and_how_firm_it_is(areas):
    kinds = ["meer dan toeval", "te weinig om te toetsen"]
    spots = scenes.hotspots().assign(
        kind=kinds, history=["chronisch", "nieuw"], years_hot=[3, 0], years=[4, 4], stability=[0.84, 0.5],
        top3=[1.0, 0.42], p_value=[0.001, np.nan],
    )  # fmt: skip
    dutch, english = (hotspot_layer(spots, Scene.of(areas, language)) for language in ("nl", "en"))
    first, second = (dict(zip(dutch.rows, dutch.values[rank], strict=True)) for rank in ("1", "2"))
    assert first["kans op een plek in de top 3"] == "100 %"
    assert first["gegeven de woningen"] == "meer dan toeval"
    assert first["eerdere jaren"] == "chronisch: hoog in 3 van 4"
    assert first["blijft staan bij andere bandbreedtes"] == "84 %"
    assert second["gegeven de woningen"] == "te weinig incidenten om te toetsen"
    assert second["even sterk bij alleen toeval"] == ""
    assert first["even sterk bij alleen toeval"] == "0,1 %"
    assert "chronic: high in 3 of 4" in english.values["1"]
    assert "too few incidents to test" in english.values["2"]
    # a table of before these columns still makes a layer
    assert hotspot_layer(scenes.hotspots().drop(columns="kind"), Scene.of(areas, "nl")).values["1"][0] == "1"


def test_one_hotspot_is_not_said_in_the_plural(areas):
    one = scenes.hotspots().iloc[:1]
    for language, said in (("nl", "Eén hotspot: 0,7 % van het gebied"), ("en", "One hotspot: 0.7% of the area")):
        assert hotspot_layer(one, Scene.of(areas, language)).headline.startswith(said)
        assert hg.in_words(one, language=language)[0].startswith(said)


def test_hotspots_and_target_areas_say_what_density_is_behind_them(areas):
    from hicgeo.output._layers_targets import target_layer

    spots, targets = scenes.hotspots(), scenes.targets()
    scene = Scene.of(areas, "nl")
    for shapes, layer in ((spots, hotspot_layer), (targets, target_layer)):
        assert not any("bandbreedte" in note for note in layer(shapes, scene).notes)
        shapes.attrs |= {"bandwidth": 400.0, "kernel": "quartic", "method": "given"}
        said = " ".join(layer(shapes, scene).notes)
        assert "bandbreedte van 400 m (quartic), opgegeven door de analist" in said
