"""An operation on the map: where it was measured, with what result, and no shape finer than a cell."""

import geopandas as gpd
import numpy as np
import operations
import pytest
import scenes
import shapely
from test_maps import layers

from hicgeo.analysis.operation import evaluate_operation, plan_operation
from hicgeo.errors import InputError
from hicgeo.output.disclosure import audit_html, shape_faults
from hicgeo.output.maps import HotspotMap

EAST, NORTH = 80_000, 450_000


@pytest.fixture(scope="module")
def found():
    """An operation that worked, in a shape of its own; its control is an official area of the map."""
    areas = scenes.areas(8, 3)
    control = gpd.GeoDataFrame(geometry=[areas.geometry.iloc[5]], index=["B"], crs=areas.crs)
    circle = shapely.Point(EAST + 350, NORTH + 350).buffer(280)
    treated = gpd.GeoDataFrame(geometry=[circle], index=["A"], crs=areas.crs)
    spot = areas.geometry.iloc[5].centroid
    rows = operations.incidents(
        (EAST + 200, NORTH + 200, 300, operations.years(200, 0.5)),
        (spot.x - 100, spot.y - 100, 200, operations.years(200)),
    )
    plan = plan_operation(rows, treated, control, **operations.TERMS)
    return areas, evaluate_operation(rows, plan)


def test_the_map_shows_roles_counts_and_the_verdict(found, tmp_path):
    areas, evaluation = found
    drawn = HotspotMap(areas, title="Evaluatie").add_operation(evaluation)
    (layer,) = layers(drawn.to_html()).values()
    told = {entry["label"]: entry["count"] for entry in layer["classes"]}
    assert told["inzet"] == "201 → 100", "2023 had a day less"
    assert told["controle"] == "201 → 200"
    written = evaluation.to_frame().loc["control", ["before", "before_equal", "after"]]
    assert written.tolist() == pytest.approx([200, 200 * 366 / 365, 200]), "the table says what the map says"
    assert list(told) == ["inzet", "omgeving inzet", "controle", "omgeving controle"]
    assert layer["unit"] == (
        "woninginbraken: ervoor (1 januari t/m 31 december 2023, omgerekend naar even lang) → tijdens "
        "(1 januari t/m 31 december 2024)"
    )
    assert layer["notes"][0].startswith("In de gebieden van de inzet waren er ")
    assert audit_html(drawn.save(tmp_path / "inzet.html"))["pass"].all()
    assert drawn.picture().startswith(b"\x89PNG")


def test_no_shape_is_finer_than_a_cell_or_an_official_area(found):
    areas, evaluation = found
    (layer,) = HotspotMap(areas, title="Evaluatie").add_operation(evaluation).layers
    by_role = dict(zip(["treated", "treated_ring", "control", "control_ring"], layer.shapes, strict=True))
    cells = [by_role[role] for role in ("treated", "treated_ring", "control_ring")]
    assert shape_faults(np.array(cells, dtype=object)) == [], "a circle becomes the cells in it"
    assert by_role["control"].symmetric_difference(areas.geometry.iloc[5]).area < 0.01 * areas.geometry.iloc[5].area
    assert by_role["treated"].area == pytest.approx(np.pi * 280**2, rel=0.2)
    assert sum(each.area for each in layer.shapes) == pytest.approx(layer.shapes.union_all().area, rel=0.02)


def test_everybody_sees_places_and_no_counts(found):
    areas, evaluation = found
    (layer,) = HotspotMap(areas, title="Evaluatie", profile="openbaar").add_operation(evaluation).layers
    assert {entry.count for entry in layer.classes} == {""}
    assert len(layer.notes) == 1
    with pytest.raises(InputError, match="evaluate_operation"):
        HotspotMap(areas, title="Evaluatie").add_operation(scenes.rates(areas))
