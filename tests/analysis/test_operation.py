"""An operation from plan to evaluation: planted effects found, none called none, and refusals."""

from dataclasses import replace
from datetime import date

import geopandas as gpd
import pandas as pd
import pytest
import shapely
from operations import CONTROL, FALL, MOVED, RD, STILL, TERMS, TREATED, incidents, years
from shapely.geometry import box

import hicgeo as hg


def test_a_fall_is_found():
    plan = hg.plan_operation(FALL, TREATED, CONTROL, **TERMS)
    got = hg.evaluate_operation(FALL, plan)
    assert got.verdict == "daling"
    assert got.reasons == ()
    assert got.counts.loc["treated"].tolist() == [200, 100]
    assert got.effect.ratio == pytest.approx(0.5)
    assert got.criterion_met == "ja"
    assert got.treated_only.after == 100
    assert got.series.ratio_high < 1


def test_no_effect_is_called_none():
    got = hg.evaluate_operation(STILL, hg.plan_operation(STILL, TREATED, CONTROL, **TERMS))
    assert got.verdict == "niet aangetoond"
    assert got.criterion_met == "nee"
    assert got.displacement == "niet aangetoond"  # no incidents there at all
    assert got.series.ratio_low < 1 < got.series.ratio_high


def test_what_fell_everywhere_is_no_effect():
    everywhere = incidents((0, 0, 500, years(200, 0.5)), (3000, 0, 500, years(200, 0.5)))
    got = hg.evaluate_operation(everywhere, hg.plan_operation(everywhere, TREATED, CONTROL, **TERMS))
    assert got.verdict == "niet aangetoond"
    assert got.treated_only.ratio_high < 1  # which alone would have been called a success


def test_what_moved_to_the_surroundings_is_seen():
    got = hg.evaluate_operation(MOVED, hg.plan_operation(MOVED, TREATED, CONTROL, **TERMS))
    assert got.displacement == "verplaatsing"
    assert got.counts.loc["treated_ring"].tolist() == [20, 120]
    assert got.effect.wdq < 0
    assert got.effect.table.loc["total", "high"] > 0


def test_rings_are_cells_around_and_overlap_nothing():
    plan = hg.plan_operation(STILL, TREATED, CONTROL, ring_m=200, **TERMS)
    by_role = plan.areas.set_index("role").geometry
    # 5 x 5 cells: 2 rows on each side; the outermost corner cells lie further than 200 m.
    assert by_role["treated_ring"].area / 1e4 == 81 - 25 - 4
    assert by_role["treated_ring"].intersection(by_role["treated"]).area == 0
    assert (shapely.get_coordinates(by_role["treated_ring"]) % 100 == 0).all()
    bare = hg.plan_operation(STILL, TREATED, CONTROL, ring_m=0, **TERMS)
    assert bare.areas["role"].tolist() == ["treated", "control"]
    assert hg.evaluate_operation(STILL, bare).displacement == "niet gemeten"


def test_a_plan_made_afterwards_carries_no_conclusion():
    plan = hg.plan_operation(FALL, TREATED, CONTROL, **TERMS | {"written_on": date(2024, 1, 1)})
    got = hg.evaluate_operation(FALL, plan)
    assert got.verdict == "geen conclusie"
    assert got.reasons == ("plan_after_start",)
    assert got.criterion_met == "niet te zeggen"


def test_overlapping_controls_are_refused_and_carry_no_conclusion():
    beside = gpd.GeoDataFrame(geometry=[box(400, 0, 900, 500)], index=["B"], crs=RD)
    with pytest.raises(hg.InputError, match="must not overlap"):
        hg.plan_operation(FALL, TREATED, beside, **TERMS)
    near = gpd.GeoDataFrame(geometry=[box(600, 0, 1100, 500)], index=["B"], crs=RD)
    with pytest.raises(hg.InputError, match="more than 200 m"):
        hg.plan_operation(FALL, TREATED, near, **TERMS)
    # a plan that was made elsewhere
    plan = hg.plan_operation(FALL, TREATED, CONTROL, ring_m=0, **TERMS)
    areas = plan.areas.set_geometry([TREATED.geometry.iloc[0], beside.geometry.iloc[0]])
    got = hg.evaluate_operation(FALL, replace(plan, areas=areas))
    assert got.verdict == "geen conclusie"
    assert got.reasons == ("controls_overlap",)


def test_data_that_stop_early_and_areas_without_incidents():
    plan = hg.plan_operation(FALL, TREATED, CONTROL, **TERMS)
    early = FALL[FALL["start"] < "2024-10-01"]
    assert hg.evaluate_operation(early, plan).reasons == ("data_end_early",)
    assert "no_incidents" in hg.evaluate_operation(FALL.iloc[-2:], plan).reasons
    assert set(hg.evaluate_operation(FALL.iloc[:0], plan).reasons) == {"data_end_early", "no_incidents"}
    with pytest.raises(hg.InputError, match="incidents in the treated areas"):
        hg.plan_operation(FALL.iloc[-2:], TREATED, CONTROL, **TERMS)


@pytest.mark.parametrize(
    "wrong",
    [
        {"before": ("2023-12-31", "2023-01-01")}, {"before": ("2023-01-01", "2024-01-01")},
        {"during": ("soon", "later")},
        {"expected_fall": 0}, {"expected_fall": 30}, {"measure": "feeling"}, {"ring_m": -1}, {"power": 80},
    ],
)  # fmt: skip
def test_plans_that_are_none(wrong):
    with pytest.raises(hg.InputError):
        hg.plan_operation(FALL, TREATED, CONTROL, **TERMS | wrong)


def test_areas_must_be_somewhere():
    with pytest.raises(hg.InputError):
        hg.plan_operation(FALL, TREATED.iloc[:0], CONTROL, **TERMS)
    with pytest.raises(hg.CrsError):
        hg.plan_operation(FALL, TREATED.to_crs(4326), CONTROL, **TERMS)
    with pytest.raises(hg.ColumnError):
        hg.plan_operation(FALL.drop(columns="crime_type"), TREATED, CONTROL, **TERMS)


def test_the_order_of_rows_changes_nothing():
    plan = hg.plan_operation(FALL, TREATED, CONTROL, **TERMS)
    turned = FALL.sample(frac=1, random_state=1)
    assert hg.plan_operation(turned, TREATED, CONTROL, **TERMS).digest == plan.digest
    pd.testing.assert_frame_equal(hg.evaluate_operation(turned, plan).counts, hg.evaluate_operation(FALL, plan).counts)


# the file


def test_a_plan_comes_back_as_it_was(tmp_path):
    plan = hg.plan_operation(FALL, TREATED, CONTROL, **TERMS)
    back = hg.read_plan(hg.write_plan(plan, tmp_path / "plannen" / "donker.yml"))
    assert back.digest == plan.digest
    assert hg.evaluate_operation(FALL, back).effect.table.equals(hg.evaluate_operation(FALL, plan).effect.table)


def test_a_plan_is_not_replaced_and_a_changed_one_not_read(tmp_path):
    plan = hg.plan_operation(FALL, TREATED, CONTROL, **TERMS)
    path = hg.write_plan(plan, tmp_path / "plan.yml")
    assert hg.write_plan(plan, path) == path  # the same once more is no other
    with pytest.raises(hg.InputError, match="must not be replaced"):
        hg.write_plan(replace(plan, expected_fall=0.1), path)
    for old, new in [
        ("expected_fall: 0.3", "expected_fall: 0.1"),
        ("2023-12-01", "2023-11-01"),
        ("500 500", "500 400"),
    ]:
        text = path.read_text(encoding="utf-8")
        assert old in text
        changed = tmp_path / "changed.yml"
        changed.write_text(text.replace(old, new, 1), encoding="utf-8")
        with pytest.raises(hg.InputError, match="digest"):
            hg.read_plan(changed)


@pytest.mark.parametrize("content", ["", "a: 1", "- 1", "[", "digest: 1\nareas: []", "!!python/object:os.system {}"])
def test_what_is_no_plan_is_said_to_be_none(tmp_path, content):
    path = tmp_path / "plan.yml"
    path.write_text(content, encoding="utf-8")
    with pytest.raises(hg.InputError, match="plan"):
        hg.read_plan(path)


def test_no_file_at_all(tmp_path):
    with pytest.raises(hg.InputError, match="plan file at the path"):
        hg.read_plan(tmp_path / "none.yml")
