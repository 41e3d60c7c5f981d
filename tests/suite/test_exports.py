"""What leaves a run: noted in the ledger, hidden from the public, gone after its time, and audited."""

import json
from datetime import date

import pandas as pd
import pytest
from notebook_writer import write_notebook
from scenes import targets
from typer.testing import CliRunner

from hicgeo.errors import DisclosureError
from hicgeo.suite import cli
from hicgeo.suite._exports import expired
from hicgeo.suite.execute import run_suite
from hicgeo.suite.run import open_run

SAVE = """
import hicgeo as hg
import pandas as pd
opened = hg.open_run(run, municipality=municipality)
rates = hg.rates(opened.counts, opened.neighbourhoods, crime_type="woninginbraak", period="2024", base="dwellings",
                 norm=norm)
opened.say("Een zin.")
opened.save(opened.map("Inbraken", period="2024").add_rates(rates), "02-rates")
hours = pd.DataFrame({"incidents": [3.0, 30.0, 40.0]}, index=pd.Index(["nacht", "dag", "avond"], name="hour"))
hours.attrs = {"crime_type": "woninginbraak", "period": "2024"}
opened.save_table(hours, "02-hours")
"""


def entries(project):
    text = (project / "data" / "private" / "exports.jsonl").read_text(encoding="utf-8")
    return [json.loads(line) for line in text.splitlines()]


@pytest.fixture
def notebook(project):
    write_notebook(project / "notebooks" / "02-rates.ipynb", SAVE, parameters="norm = 8.0")


def test_every_export_is_noted_once_with_its_handling(project, notebook):
    assert run_suite("tiny").failures == {}
    assert "Een zin." in (project / "maps" / "tiny" / "index.html").read_text(encoding="utf-8")
    noted = entries(project)
    assert sorted(each["file"] for each in noted) == [
        "02-hours.csv", "02-rates.html", *["briefing.html"] * 3, "index.html"
    ]  # fmt: skip
    assert {each["profile"] for each in noted} == {"driehoek"}
    assert {each["run"] for each in noted} == {"tiny"}
    assert noted[0]["handling"]["recipient"] == "niemand"
    assert all(each["figures"] == [] for each in noted), "the triangle may see counts: nothing to hold against later"
    run_suite("tiny", force=True)
    assert len(entries(project)) == len(noted)


def test_a_public_run_hides_notes_and_keeps_its_notebooks_inside(project, notebook, edit_run):
    edit_run("fictional: true", "fictional: true\nprofile: openbaar")
    assert run_suite("tiny").failures == {}
    page = (project / "maps" / "tiny" / "02-rates.html").read_text(encoding="utf-8")
    assert "OPENBAAR" in page
    assert "onder 10" in page
    index = (project / "maps" / "tiny" / "index.html").read_text(encoding="utf-8")
    assert "Een zin." not in index, "sentences are made before anything is hidden"
    table = (project / "maps" / "tiny" / "02-hours.csv").read_text(encoding="utf-8-sig").splitlines()
    assert table[1:] == ["nacht;;ja", "dag;30;nee", "avond;40;nee"]
    assert list((project / "maps").rglob("*.ipynb")) == []
    assert list((project / "data" / "private" / "tiny" / "notebooks").glob("*.ipynb"))
    figures = next(each["figures"] for each in entries(project) if each["file"] == "02-hours.csv")
    assert {"hour", "value", "shown", "small"} <= set(figures[0])
    first = (project / "maps" / "tiny" / "02-hours.csv").read_bytes()
    run_suite("tiny", force=True)
    assert (project / "maps" / "tiny" / "02-hours.csv").read_bytes() == first, "the ledger changes nothing"


def test_the_index_of_a_public_run_says_what_was_refused_without_figures(project, edit_run):
    edit_run("fictional: true", "fictional: true\nprofile: openbaar")
    rows = (
        'hg.open_run(run).save_table(pd.DataFrame({"incidents": [41.0]}, index=pd.Index(["x"], name="side")), "02-x")'
    )
    write_notebook(project / "notebooks" / "02-rows.ipynb", f"import hicgeo as hg\nimport pandas as pd\n{rows}")
    failure = run_suite("tiny").failures["02-rows"]
    assert "'side'" in failure.given
    index = (project / "maps" / "tiny" / "index.html").read_text(encoding="utf-8")
    assert f'<strong>02-rows</strong>: <span lang="en">{failure.expected}. ' in index
    assert "&#39;side&#39;" not in index, "what was given may hold figures"


def test_what_may_not_leave_is_not_written_and_not_noted(project):
    run = open_run("tiny")
    with pytest.raises(DisclosureError):
        run.save_table(pd.DataFrame({"incident_id": ["A00"]}), "rows")
    assert not (project / "maps" / "tiny" / "rows.csv").exists()
    assert not (project / "data" / "private" / "exports.jsonl").exists()


def call(*words, **settings):
    return CliRunner().invoke(cli.app, list(words), **settings)


def test_purge_removes_what_is_past_its_time_and_only_that(project, notebook, edit_run):
    run_suite("tiny")
    text = (project / "data" / "runs" / "tiny.yml").read_text(encoding="utf-8")
    old = text.replace("name: tiny", "name: old").replace("2030-01-01", "2020-01-01")
    (project / "data" / "runs" / "old.yml").write_text(old, encoding="utf-8")
    (project / "data" / "runs" / "broken.yml").write_text("name: [", encoding="utf-8")
    run_suite("old")
    found, unread = expired(project, date(2024, 6, 1))
    assert ([each.run for each in found], unread) == (["old"], ["broken.yml"])
    assert expired(project, date(2020, 1, 1))[0] == [], "on the last day they may still be kept"
    stopped = call("purge", input="n\n")
    assert stopped.exit_code == 1
    assert (project / "maps" / "old").is_dir()
    done = call("purge", "--yes")
    assert (done.exit_code, "old: to be kept until 2020-01-01" in done.stdout) == (0, True)
    assert "broken.yml" in done.stderr
    assert not (project / "maps" / "old").exists()
    assert not (project / "data" / "private" / "old").exists()
    assert (project / "maps" / "tiny" / "index.html").is_file()
    assert (project / "data" / "export.csv").is_file(), "the export itself belongs to its owner"
    assert any(each["run"] == "old" for each in entries(project))
    assert "Nothing is past" in call("purge").stdout


def test_audit_names_every_rule_and_fails_aloud(project, notebook):
    run_suite("tiny")
    good = call("audit", "maps/tiny/02-rates.html", "--run", "tiny")
    assert (good.exit_code, "FAIL" in good.stdout) == (0, False)
    assert "pass  no place of an incident" in good.stdout
    leak = project / "maps" / "tiny" / "leak.csv"
    leak.write_text("code;n\n150100,0;520500,0\n150150;520500\nA00;1\n", encoding="utf-8")
    bad = call("audit", str(leak), "--run", "tiny")
    assert bad.exit_code == 1
    assert "FAIL  no place of an incident" in bad.stdout
    assert "Not looked for" in call("audit", "maps/tiny/02-rates.html").stdout
    assert call("audit", "maps/tiny/none.html").exit_code == 1


def test_sheets_on_paper_pass_the_gate_and_are_noted(project):
    run = open_run("tiny")
    areas = targets()
    paths = run.save_sheets(areas, "06-areas")
    assert [path.relative_to(run.folder).as_posix() for path in paths] == [
        "06-areas/gebied-1.pdf",
        "06-areas/gebied-2.pdf",
    ]
    assert [each["file"] for each in entries(project)] == ["gebied-1.pdf", "gebied-2.pdf"]
    assert sorted(run.notes()) == ["06-areas/gebied-1.pdf", "06-areas/gebied-2.pdf"]
    run.discard("06-areas/gebied-1.pdf")
    assert sorted(run.notes()) == ["06-areas/gebied-2.pdf"]
    assert not paths[0].exists()
    with pytest.raises(DisclosureError, match="do not follow"):
        run.save_sheets(areas.assign(geometry=areas.buffer(10)), "06-round")


def test_no_sheet_is_for_everybody(project, edit_run):
    edit_run("fictional: true", "fictional: true\nprofile: openbaar")
    with pytest.raises(DisclosureError, match="those who act"):
        open_run("tiny").save_sheets(targets(), "06-areas")
