"""Pictures of density: what they say, and that a colour is the class of its cell."""

from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
import scenes
from matplotlib.colors import to_hex

import hicgeo as hg
from hicgeo.output._layers import Scene
from hicgeo.output._layers_density import surface_layer


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
