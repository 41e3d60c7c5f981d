"""Sliders of a density: driven from code, and in a real kernel as JupyterLab runs them."""

from io import BytesIO

import geopandas as gpd
import nbformat
import numpy as np
import pandas as pd
import pytest
from nbclient import NotebookClient
from PIL import Image
from shapely.geometry import box

import hicgeo as hg
from hicgeo.output.pictures_density import LiveSurface


@pytest.fixture(scope="module")
def town():
    """Two square neighbourhoods; 300 incidents in the west in 2023 and 10 in the east, in January 2024."""
    squares = [box(150000, 460000, 152000, 462000), box(152000, 460000, 154000, 462000)]
    about = {"name": ["West", "Oost"], "level": "buurt", "municipality": "GM9901", "is_water": False, "dwellings": 900}
    areas = gpd.GeoDataFrame(about, geometry=squares, crs=28992, index=pd.Index(["BU99010101", "BU99010102"]))
    rng = np.random.default_rng(5)
    places = np.vstack([rng.normal([151000, 461000], 250, (300, 2)), rng.normal([153000, 461000], 250, (10, 2))])
    start = pd.to_datetime(["2023-03-15"] * 300 + ["2024-01-15"] * 10).tz_localize("Europe/Amsterdam")
    points = gpd.GeoDataFrame({"start": start}, geometry=gpd.points_from_xy(*places.T), crs=28992)
    return points, hg.Grid.over(areas, cell_size=100), areas


def pixels(png):
    return np.asarray(Image.open(BytesIO(png)).convert("RGB")).astype(int)


def test_the_map_follows_both_sliders(town):
    points, grid, areas = town
    metres, period, line, picture = hg.explore_density(points, grid, areas, bandwidth=300.0).children
    assert "310 incidenten, maart 2023 tot en met januari 2024, 300 m" in line.value
    first = picture.value
    metres.value = 600.0
    assert "600 m" in line.value
    wide = picture.value
    assert wide != first
    metres.value = 300.0
    assert picture.value == first
    period.index = (0, 0)
    assert "300 incidenten, maart 2023 tot en met maart 2023" in line.value
    assert (pixels(picture.value) != pixels(first)).any()
    period.index = (10, 10)
    # exact Poisson interval of 10: 4.80 to 18.39
    assert "10 incidenten" in line.value
    assert "4,8 tot 18,4" in line.value
    assert picture.layout.visibility == "hidden"
    period.index = (0, 10)
    assert picture.layout.visibility == "visible"
    assert picture.value == first


def test_a_redrawn_picture_is_that_of_the_still_one(town):
    points, grid, areas = town
    surface, other = (hg.kde(points, grid, bandwidth=metres) for metres in (300.0, 700.0))
    live = LiveSurface(surface, areas)
    quick = pixels(live.png(surface))
    slow = pixels(hg.plot_surface(surface, areas).png())
    assert quick.shape == slow.shape
    assert (np.abs(quick - slow).max(axis=2) > 12).mean() < 0.01  # what a cell's edge may differ by half a pixel
    assert (np.abs(pixels(live.png(other)) - slow).max(axis=2) > 12).mean() > 0.05


def test_what_cannot_be_drawn_is_refused(town):
    points, grid, areas = town
    with pytest.raises(hg.InputError, match="at least 30 incidents"):
        hg.explore_density(points.iloc[:29], grid, areas, bandwidth=300.0)
    with pytest.raises(hg.ColumnError, match="start"):
        hg.explore_density(points.drop(columns="start"), grid, areas, bandwidth=300.0)
    with pytest.raises(hg.InputError, match="cell size"):
        hg.explore_density(points, grid, areas, bandwidth=30.0)


CELLS = [
    """import geopandas as gpd, numpy as np, pandas as pd
from shapely.geometry import box
import hicgeo as hg
about = {"name": ["A"], "level": "buurt", "municipality": "GM9901", "is_water": False, "dwellings": 900}
areas = gpd.GeoDataFrame(about, geometry=[box(0, 0, 3000, 3000)], crs=28992, index=["BU99010101"])
grid = hg.Grid.over(areas, cell_size=100)
places = np.random.default_rng(1).normal(1500, 400, (200, 2))
start = pd.date_range("2023-01-01", "2024-12-30", periods=200, tz="Europe/Amsterdam")
points = gpd.GeoDataFrame({"start": start}, geometry=gpd.points_from_xy(*places.T), crs=28992)""",
    "drag = hg.explore_density(points, grid, areas, bandwidth=300.0, language='en')\ndrag",
    """before = drag.children[3].value
drag.children[0].value = 800.0
drag.children[1].index = (12, 23)
print(drag.children[2].value)
assert drag.children[3].value != before""",
]


def test_it_works_in_a_kernel():
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(source) for source in CELLS])
    client = NotebookClient(notebook, timeout=120, kernel_name="python3")
    client.execute()
    shown = notebook.cells[1].outputs[0]["data"]
    assert "application/vnd.jupyter.widget-view+json" in shown
    said = notebook.cells[2].outputs[0]["text"]
    assert "January 2024 to December 2024, 800 m" in said
    # what the page of the reader got: the last picture and the last position of the slider
    states = client.widget_state.values()
    assert [each["value"] for each in states if each.get("_model_name") == "FloatSliderModel"] == [800.0]
    assert any("800 m" in str(each.get("value")) for each in states)
