"""The run file of The Hague, through the notebooks, as a user starts it."""

import json
import shutil

import pandas as pd
import pytest

import hicgeo as hg

pytestmark = pytest.mark.realdata


@pytest.fixture(scope="module")
def result(root, realdata, tmp_path_factory):
    """What `hicgeo run den-haag` leaves, in a project folder of its own."""
    project = tmp_path_factory.mktemp("project")
    shutil.copytree(root / "data" / "runs", project / "data" / "runs")
    shutil.copytree(root / "notebooks", project / "notebooks")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("HICGEO_REALDATA", str(realdata))
        return hg.run_suite("den-haag", start=project)


def table(result, name):
    return pd.read_csv(result.index.with_name(name), sep=";", decimal=",", encoding="utf-8-sig")


def test_all_notebooks_run_and_the_one_that_needs_points_says_so(result):
    assert result.failures == {}
    assert len(result.executed) == 7
    maps = sorted(path.name for path in result.index.parent.glob("0*.html"))
    assert maps == ["01-areas.html", "02-rates.html", "04-seasons.html"]
    kept = json.loads((result.index.parent / "notebooks" / "03-density-hotspots.ipynb").read_text(encoding="utf-8"))
    shown = json.dumps([cell.get("outputs", []) for cell in kept["cells"]])
    assert "no incident points" in shown.lower()


def test_the_tables_hold_the_numbers_of_the_region(result):
    history = table(result, "02-history.csv").set_index("code")
    region = history.loc["region"].set_index("year")
    known = {2011: 13.61, 2012: 13.96, 2013: 12.07, 2014: 10.09, 2015: 10.03, 2016: 8.35}
    assert region["rate"].to_dict() == pytest.approx(known, abs=0.051)  # a table for others holds one decimal
    assert (history["state"] == "onvolledig").all()


def test_every_table_says_by_itself_of_what_and_of_when_it_is(result):
    files = sorted(result.index.parent.rglob("*.csv"))
    assert len(files) >= 7
    for file in files:
        about = set(table(result, file.relative_to(result.index.parent).as_posix()).dropna(axis="columns", how="all"))
        assert "crime_type" in about, file.name
        assert about & {"period", "month", "year", "season"}, file.name


def test_the_index_page_says_what_is_missing(result):
    page = result.index.read_text(encoding="utf-8")
    assert "23 gebieden (103.288 woningen, 20,2 %) hebben geen cijfers; 17 getelde codes" in page
    assert "Onvolledige seizoenen: 2010/11, 2017/18." in page


def test_where_the_data_stand_is_not_in_the_manifest(result, realdata):
    assert str(realdata) not in result.manifest.read_text(encoding="utf-8")
