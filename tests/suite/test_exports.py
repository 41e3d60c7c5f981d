"""What leaves a run: noted in the ledger, hidden from the public, gone after its time, and audited."""

import json
from datetime import date

import pandas as pd
import pytest
from notebook_writer import write_notebook
from pypdf import PdfReader
from scenes import targets
from typer.testing import CliRunner

from hicgeo.errors import ConfigError, DisclosureError
from hicgeo.suite import cli
from hicgeo.suite._exports import expired
from hicgeo.suite.check import check_run
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
    for page in ("index.html", "briefing.html"):
        told = (project / "maps" / "tiny" / page).read_text(encoding="utf-8")
        assert "januari t/m december 2024" in told, "which months it is about"
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


def test_the_day_of_the_data_stands_on_every_page_and_no_other(project, notebook, edit_run):
    run_suite("tiny")
    pages = ("index.html", "briefing.html", "02-rates.html")
    for page in pages:
        assert "Peildatum" not in (project / "maps" / "tiny" / page).read_text(encoding="utf-8"), "none is made up"
    edit_run("fictional: true", "fictional: true\ndate: 2025-01-15")
    run_suite("tiny")
    for page in pages:
        told = (project / "maps" / "tiny" / page).read_text(encoding="utf-8")
        assert "Peildatum" in told, page
        assert "15 januari 2025" in told, page
    edit_run("2025-01-15", "2024-06-15")
    assert any("cannot cover 2024-12" in str(note) for note in check_run("tiny").notes)


def test_a_public_run_hides_notes_and_keeps_its_notebooks_inside(project, notebook, edit_run):
    edit_run("fictional: true", "fictional: true\nprofile: openbaar")
    assert run_suite("tiny").failures == {}
    page = (project / "maps" / "tiny" / "02-rates.html").read_text(encoding="utf-8")
    assert "OPENBAAR" in page
    assert "onder 10" in page
    index = (project / "maps" / "tiny" / "index.html").read_text(encoding="utf-8")
    assert "Een zin." not in index, "sentences are made before anything is hidden"
    table = (project / "maps" / "tiny" / "02-hours.csv").read_text(encoding="utf-8-sig").splitlines()
    assert table[1:] == [f"{each};woninginbraak;2024" for each in ("nacht;;ja", "dag;30;nee", "avond;40;nee")]
    assert list((project / "maps").rglob("*.ipynb")) == []
    assert list((project / "data" / "private" / "tiny" / "notebooks").glob("*.ipynb"))
    figures = next(each["figures"] for each in entries(project) if each["file"] == "02-hours.csv")
    assert {"hour", "value", "shown", "small"} <= set(figures[0])
    first = (project / "maps" / "tiny" / "02-hours.csv").read_bytes()
    run_suite("tiny", force=True)
    assert (project / "maps" / "tiny" / "02-hours.csv").read_bytes() == first, "the ledger changes nothing"


def test_the_index_of_a_public_run_says_what_was_refused_in_its_own_language_without_figures(project, edit_run):
    edit_run("fictional: true", "fictional: true\nprofile: openbaar")
    rows = (
        'hg.open_run(run).save_table(pd.DataFrame({"incidents": [41.0]}, index=pd.Index(["x"], name="side")), "02-x")'
    )
    write_notebook(project / "notebooks" / "02-rows.ipynb", f"import hicgeo as hg\nimport pandas as pd\n{rows}")
    result = run_suite("tiny")
    failure = result.failures["02-rows"]
    assert "'side'" in failure.given
    index = (project / "maps" / "tiny" / "index.html").read_text(encoding="utf-8")
    assert "<strong>02-rows</strong>: Er staat niet in waarvan het de aantallen zijn" in index
    assert failure.expected not in index, "an English message on a Dutch page"
    assert "&#39;side&#39;" not in index, "what was given may hold figures"
    assert "Niet openbaar" not in index, "nothing was left out by rule"
    assert (manifest_of(project)["notebooks"][0]["status"], result.left_out) == ("failed", {})
    edit_run("title: Twee gemeenten", "title: Two\nlanguage: en")
    run_suite("tiny")
    english = (project / "maps" / "tiny" / "index.html").read_text(encoding="utf-8")
    assert "It does not say what its counts are of" in english


def manifest_of(project):
    return json.loads((project / "maps" / "tiny" / "manifest.json").read_text(encoding="utf-8"))


LEAVES_OUT = """
import hicgeo as hg
opened = hg.open_run(run, municipality=municipality)
if opened.shares("targets"):
    opened.save_table(opened.neighbourhoods[["dwellings"]], "02-targets")
"""


def test_what_is_left_out_by_rule_is_no_failure_and_the_same_whatever_the_figures(project, edit_run):
    write_notebook(project / "notebooks" / "02-targets.ipynb", LEAVES_OUT)
    inward = run_suite("tiny")
    assert (inward.left_out, manifest_of(project)["notebooks"][0]["status"]) == ({}, "done")
    assert "Niet openbaar" not in inward.index.read_text(encoding="utf-8")
    edit_run("fictional: true", "fictional: true\nprofile: openbaar")
    result = run_suite("tiny")
    assert (result.failures, result.left_out) == ({}, {"02-targets": ("targets",)})
    left = {file.name for file in (project / "maps" / "tiny").rglob("*") if file.is_file()}
    assert left == {"index.html", "manifest.json"}, "what the triangle had is gone, its executed notebook too"
    noted = manifest_of(project)
    assert (noted["notebooks"][0]["status"], noted["notebooks"][0]["left_out"]) == ("left out", ["targets"])
    assert noted["failed"] == []
    page = result.index.read_text(encoding="utf-8")
    assert "<h2>Niet openbaar</h2>" in page
    assert "<strong>Waar en wanneer inzetten</strong>: Dit is alleen voor wie de inzet doet" in page
    assert "Niet in deze uitvoer" not in page
    assert run_suite("tiny").skipped == ("02-targets",)
    export = project / "data" / "export.csv"
    lines = export.read_text(encoding="utf-8").splitlines()
    export.write_text("\n".join([lines[0], *lines[5:]]) + "\n", encoding="utf-8")
    assert run_suite("tiny").index.read_text(encoding="utf-8") == page, "other figures, the same words"
    done = call("run", "tiny", "--force")
    assert done.exit_code == 0
    assert "not for everybody: 02-targets (targets)" in done.stdout
    edit_run("profile: openbaar", "profile: driehoek")
    assert run_suite("tiny").left_out == {}
    assert "Niet openbaar" not in result.index.read_text(encoding="utf-8")


def test_what_was_made_for_the_triangle_does_not_stay_beside_what_is_for_everybody(project, edit_run):
    for name in ("01-a", "02-b"):
        save = LEAVES_OUT.replace('if opened.shares("targets")', "if True").replace("02-targets", name)
        write_notebook(project / "notebooks" / f"{name}.ipynb", save)
    assert run_suite("tiny").failures == {}
    edit_run("fictional: true", "fictional: true\nprofile: openbaar")
    run_suite("tiny", only=["01"])
    left = {file.relative_to(project / "maps" / "tiny").as_posix() for file in (project / "maps" / "tiny").rglob("*.*")}
    assert left == {"01-a.csv", "index.html", "manifest.json"}


def test_a_part_that_nobody_knows_cannot_be_left_out(project):
    with pytest.raises(ConfigError, match="did you mean 'targets'"):
        open_run("tiny").shares("target")


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
    assert ([each.run for each in found], unread) == (["old"], ["data/runs/broken.yml"])
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


def test_purge_knows_a_run_whose_file_is_gone_by_its_manifest_and_says_what_it_does_not_know(project):
    private, maps = project / "data" / "private", project / "maps"
    for folder in (private / "tiny", maps / "tiny", private / "new", maps / "new", maps / "old", maps / "elsewhere"):
        folder.mkdir(parents=True)
    for name, until in (("old", "2020-01-01"), ("new", "2031-01-01")):
        noted = {"settings": {"handling": {"retain_until": until}}}
        (maps / name / "manifest.json").write_text(json.dumps(noted), encoding="utf-8")
    (maps / "old" / ".hicgeo-part-x").write_text("half a map", encoding="utf-8")
    disk = project / "disk"  # work data on another disk
    disk.mkdir()
    (disk / "incidents.parquet").write_text("rows", encoding="utf-8")
    (private / "old").symlink_to(disk)
    (private / "hicgeo-error.log").write_text("an incident", encoding="utf-8")
    done = call("purge", "--yes")
    assert (done.exit_code, "maps/elsewhere" in done.stderr) == (0, True)
    assert "old: to be kept until 2020-01-01: data/private/old, maps/old" in done.stdout
    assert [each.exists() for each in (maps / "old", disk, private / "hicgeo-error.log")] == [False] * 3
    assert not (private / "old").is_symlink()
    assert [each.is_dir() for each in (maps / "new", private / "new", maps / "tiny", private / "tiny")] == [True] * 4


def test_no_run_is_taken_for_gone_while_a_run_file_cannot_be_read(project):
    old = project / "maps" / "old"
    old.mkdir(parents=True)
    noted = {"settings": {"handling": {"retain_until": "2020-01-01"}}}
    (old / "manifest.json").write_text(json.dumps(noted), encoding="utf-8")
    (project / "data" / "runs" / "broken.yml").write_text("name: [", encoding="utf-8")
    done = call("purge", "--yes")
    assert "Nothing is past" in done.stdout
    assert {"data/runs/broken.yml", "maps/old"} <= set(done.stderr.replace("\n", " ").split())
    assert old.is_dir(), "the broken file may be that of this run, and say that it is kept longer"


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
    device = run.save_table(areas, "06-areas", suffix=".gpx").read_text(encoding="utf-8")
    for said in (PdfReader(paths[0]).pages[0].extract_text(), device):
        assert [each for each in ("niemand", "1 januari 2030", "export.csv", "Fictieve") if each not in said] == []
    run.discard("06-areas.gpx")
    run.discard("06-areas/gebied-1.pdf")
    assert sorted(run.notes()) == ["06-areas/gebied-2.pdf"]
    assert not paths[0].exists()
    with pytest.raises(DisclosureError, match="do not follow"):
        run.save_sheets(areas.assign(geometry=areas.buffer(10)), "06-round")


def test_no_sheet_is_for_everybody(project, edit_run):
    edit_run("fictional: true", "fictional: true\nprofile: openbaar")
    with pytest.raises(DisclosureError, match="those who act"):
        open_run("tiny").save_sheets(targets(), "06-areas")
