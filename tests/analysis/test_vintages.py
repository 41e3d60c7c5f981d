"""Crosswalk between two years' neighbourhoods: by hand, totals, and what is not to be compared."""

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from shapely.geometry import MultiPolygon, Point, Polygon, box

import hicgeo as hg
from hicgeo.schema import check_counts

RD = "EPSG:28992"


def areas(shapes):
    return gpd.GeoDataFrame(index=pd.Index(list(shapes), name="code"), geometry=list(shapes.values()), crs=RD)


def table(values, months=2):
    index = pd.MultiIndex.from_product(
        [list(values), ["woninginbraak"], pd.period_range("2016-01", periods=months, freq="M")],
        names=["code", "crime_type", "month"],
    )
    n = np.repeat(np.array(list(values.values()), float), months)
    return pd.DataFrame({"incidents": n, "status": np.where(np.isnan(n), "missing", "final")}, index=index)


BEFORE = areas({"A": box(0, 0, 100, 100), "B": box(100, 0, 200, 100), "C": box(200, 0, 300, 100)})
# A keeps its ground and code, B's ground is now D, C is divided in three quarters and a quarter; B is new ground.
AFTER = areas({
    "A": box(0, 0, 100, 100), "D": box(100, 0, 200, 100), "E": box(200, 0, 275, 100), "B": box(275, 0, 300, 100),
})  # fmt: skip


def test_kinds_and_shares_by_hand():
    found = hg.crosswalk(BEFORE, AFTER, by="area")
    assert found.codes["kind"].to_dict() == {"A": "same", "B": "recoded", "C": "changed"}
    assert found.shares["share"].to_dict() == {("A", "A"): 1, ("B", "D"): 1, ("C", "B"): 0.25, ("C", "E"): 0.75}
    assert found.moved.tolist() == ["B", "C", "D", "E"]
    assert found.to_frame()["codes"].to_dict() == {"same": 1, "recoded": 1, "changed": 1, "gone": 0}
    assert "changed" in found._repr_html_()


def test_counts_move_over_and_totals_are_kept():
    found = hg.crosswalk(BEFORE, AFTER, by="area")
    counts = table({"A": 5, "B": 7, "C": 8})
    got = found.apply(counts)
    check_counts(got)
    january = got.xs(pd.Period("2016-01"), level="month")["incidents"].droplevel("crime_type")
    assert january.to_dict() == {"A": 5, "B": 2, "D": 7, "E": 6}
    assert got["incidents"].sum() == counts["incidents"].sum()
    assert got.attrs["split_incidents"] == pytest.approx(8 / 20)
    assert (got.attrs["crosswalk"], got.attrs["gone_incidents"], got.attrs["hidden_incidents"]) == ("area", 0, 0)


def test_missing_months_stay_missing_where_they_matter():
    found = hg.crosswalk(BEFORE, AFTER, by="area")
    counts = table({"A": 5, "B": 7, "C": 8})
    counts.loc[("C", "woninginbraak", pd.Period("2016-02")), :] = [np.nan, "missing"]
    counts.loc[("B", "woninginbraak", pd.Period("2016-01")), "status"] = "provisional"
    got = found.apply(counts)
    check_counts(got)
    assert got["incidents"].isna().groupby("code").sum().to_dict() == {"A": 0, "B": 1, "D": 0, "E": 1}
    assert (got.xs(pd.Period("2016-01"), level="month")["status"] == "provisional").all()


def test_an_area_that_was_never_counted_hides_what_it_is_part_of():
    joined = areas({"X": box(0, 0, 200, 100), "Y": box(200, 0, 300, 100)})
    found = hg.crosswalk(BEFORE, joined, by="area")
    counts = table({"A": 5, "C": 8}, months=1)
    got = found.apply(counts)["incidents"].droplevel(["crime_type", "month"])
    assert np.isnan(got["X"])
    assert got["Y"] == 8
    assert found.apply(counts).attrs["hidden_incidents"] == 5
    whole = found.apply(counts, absent="zero")
    assert whole["incidents"].tolist() == [5, 8]
    assert whole.attrs["hidden_incidents"] == 0


def test_dwellings_divide_otherwise_than_ground():
    homes = gpd.GeoDataFrame(
        {"dwellings": [90, 10, 500]}, geometry=[Point(290, 50), Point(210, 50), Point(50, 50)], crs=RD
    )
    found = hg.crosswalk(BEFORE, AFTER, by="dwellings", dwellings=homes)
    assert found.shares["share"].to_dict() == {("A", "A"): 1, ("B", "D"): 1, ("C", "B"): 0.9, ("C", "E"): 0.1}
    assert found.codes["by"].to_dict() == {"A": "dwellings", "B": "area", "C": "dwellings"}  # nobody lives in B
    assert found.codes["kind"].to_dict() == {"A": "same", "B": "recoded", "C": "changed"}


def test_drawing_noise_is_no_change_and_outside_is_told():
    drawn = areas({"A": box(0, 0, 101, 100), "D": box(101, 0, 200, 100), "E": box(200, 0, 300, 90)})
    found = hg.crosswalk(BEFORE, drawn, by="area")
    assert found.codes["kind"].astype(str).tolist() == ["same", "recoded", "changed"]
    assert found.codes["outside"].tolist() == pytest.approx([0, 0, 0.1])
    assert found.shares.groupby("old")["share"].sum().tolist() == [1, 1, 1]
    away = hg.crosswalk(BEFORE, areas({"A": box(0, 0, 100, 100), "B": box(100, 0, 120, 100)}), by="area")
    assert away.codes["kind"].to_dict() == {"A": "same", "B": "gone", "C": "gone"}
    assert away.apply(table({"A": 5, "B": 7, "C": 8}, months=1)).attrs["gone_incidents"] == 15


@pytest.mark.parametrize("seed", range(5))
def test_random_partitions_keep_totals_and_do_not_depend_on_order(seed):
    rng = np.random.default_rng(seed)
    frame = box(0, 0, 1000, 1000)

    def partition(prefix):
        cells = shapely.voronoi_polygons(shapely.multipoints(rng.uniform(0, 1000, (15, 2))), extend_to=frame)
        cells = shapely.intersection(shapely.get_parts(cells), frame)
        return areas({f"{prefix}{k:02d}": cell for k, cell in enumerate(cells)})

    old, new = partition("A"), partition("B")
    counts = table(dict.fromkeys(old.index, 1.0) | {"A03": 20.0}, months=1)
    got = hg.crosswalk(old, new, by="area", tolerance=0).apply(counts)["incidents"]
    assert got.sum() == pytest.approx(counts["incidents"].sum())
    mixed = hg.crosswalk(old.sample(frac=1, random_state=1), new.sample(frac=1, random_state=2), by="area", tolerance=0)
    pd.testing.assert_series_equal(mixed.apply(counts.sample(frac=1, random_state=3))["incidents"], got)
    there = hg.crosswalk(old, old, by="area")
    assert (there.codes["kind"] == "same").all()
    assert there.moved.empty


def test_what_cannot_be_laid_over_each_other_is_refused():
    with pytest.raises(hg.InputError, match="by must say"):
        hg.crosswalk(BEFORE, AFTER, by="population")
    with pytest.raises(hg.ColumnError, match="where they are"):
        hg.crosswalk(BEFORE, AFTER, by="dwellings")
    with pytest.raises(hg.CrsError, match="one CRS"):
        hg.crosswalk(BEFORE, AFTER.set_crs("EPSG:32631", allow_override=True), by="area")
    with pytest.raises(hg.AlignmentError, match="once"):
        hg.crosswalk(pd.concat([BEFORE, BEFORE.iloc[:1]]), AFTER, by="area")
    bow_tie = areas({"A": Polygon([(0, 0), (10, 10), (10, 0), (0, 10)]), "B": MultiPolygon([box(20, 0, 30, 10)])})
    with pytest.raises(hg.InputError, match=r"1 have not \(first: A\)"):
        hg.crosswalk(bow_tie, AFTER, by="area")
    with pytest.raises(hg.InputError, match="tolerance"):
        hg.crosswalk(BEFORE, AFTER, by="area", tolerance=0.5)
    found = hg.crosswalk(BEFORE, AFTER, by="area")
    with pytest.raises(hg.AlignmentError, match=r"1 are not \(first: Z\)"):
        found.apply(table({"A": 1, "Z": 1}))
    with pytest.raises(hg.InputError, match="absent"):
        found.apply(table({"A": 1}), absent="raise")
