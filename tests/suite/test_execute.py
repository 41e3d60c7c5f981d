"""The suite with real kernels, on notebooks of a few lines."""

import json

import pytest
from notebook_writer import write_notebook

import hicgeo as hg
from hicgeo.errors import ConfigError
from hicgeo.suite.execute import run_suite
from hicgeo.suite.run import open_run

MAP = """
import hicgeo as hg
opened = hg.open_run(run, municipality=municipality)
rates = hg.rates(opened.counts, opened.neighbourhoods, crime_type="woninginbraak", period="2024", base="dwellings",
                 norm=norm)
opened.say(f"{int(rates['incidents'].sum())} inbraken.")
opened.save(opened.map("Inbraken", period="2024").add_rates(rates), "02-rates")
saved = opened.save_table(rates, "02-rates")
"""
BORDERS = """
import hicgeo as hg
opened = hg.open_run(run, municipality=municipality)
opened.save(opened.map("Gebieden", period="2024"), "02-areas")
"""
ROWS = """
import hicgeo as hg
opened = hg.open_run(run, municipality=municipality)
opened.incidents
"""


@pytest.fixture
def notebooks(project):
    folder = project / "notebooks"
    write_notebook(folder / "01-intake.ipynb", ROWS, "opened.intake", "opened.intake.rejected", private=[2])
    write_notebook(folder / "02-rates.ipynb", MAP, parameters="norm = 8.0")
    return folder


def files(project):
    return {
        path.relative_to(project).as_posix(): path.read_bytes()
        for path in sorted((project / "maps").rglob("*"))
        if path.is_file()
    }


def lasting(content):
    """A manifest without its times."""
    return {key: value for key, value in json.loads(content).items() if key != "timing"}


def test_a_run_from_notebooks_to_index_page(project, notebooks):
    result = run_suite("tiny")
    assert result.executed == ("01-intake", "02-rates")
    assert result.failures == {}
    made = files(project)
    assert set(made) == {
        "maps/tiny/02-rates.html",
        "maps/tiny/02-rates.csv",
        "maps/tiny/briefing.html",
        "maps/tiny/GM9901/briefing.html",
        "maps/tiny/GM9902/briefing.html",
        "maps/tiny/index.html",
        "maps/tiny/manifest.json",
        "maps/tiny/notebooks/01-intake.ipynb",
        "maps/tiny/notebooks/02-rates.ipynb",
    }
    index = made["maps/tiny/index.html"].decode()
    assert 'href="02-rates.html"' in index
    assert 'href="briefing.html"' in index
    assert "10 inbraken." in index
    assert "data:image/png;base64," in index
    manifest = json.loads(made["maps/tiny/manifest.json"])
    assert manifest["rows"] == {"read": 13, "accepted": 12, "rejected": 1}
    assert [each["status"] for each in manifest["notebooks"]] == ["done", "done"]
    assert str(project) not in made["maps/tiny/manifest.json"].decode()

    kept = made["maps/tiny/notebooks/01-intake.ipynb"].decode()
    assert "left out: rows of single incidents" in kept
    assert "12 accepted" in kept
    for value in ("A00", "A20", "150100", "2024-01-13", str(project)):
        assert value not in kept
    assert not list((project / "data" / "private" / "tiny" / "logs").glob("*.ipynb"))
    opened = open_run("tiny")
    known = {"incidents": opened.incidents, "neighbourhoods": opened.neighbourhoods}
    reports = {name: hg.audit_html(project / name, **known) for name in made}
    assert {name: said["rule"][~said["pass"]].tolist() for name, said in reports.items()} == {name: [] for name in made}

    # the same again: nothing runs, nothing is written
    times = {path: path.stat().st_mtime_ns for path in (project / "maps").rglob("*")}
    again = run_suite("tiny")
    assert (again.executed, again.skipped) == ((), ("01-intake", "02-rates"))
    assert times == {path: path.stat().st_mtime_ns for path in (project / "maps").rglob("*")}

    # by force: the same bytes
    forced = run_suite("tiny", force=True)
    assert forced.executed == ("01-intake", "02-rates")
    after = files(project)
    before_manifest, after_manifest = made.pop("maps/tiny/manifest.json"), after.pop("maps/tiny/manifest.json")
    assert after == made
    assert lasting(after_manifest) == lasting(before_manifest)

    # a damaged result, a changed notebook: only that is done again
    (project / "maps" / "tiny" / "02-rates.csv").write_text("changed by hand")
    assert run_suite("tiny").executed == ("02-rates",)
    assert files(project)["maps/tiny/02-rates.csv"] == made["maps/tiny/02-rates.csv"]
    write_notebook(notebooks / "02-rates.ipynb", "1 + 1", parameters="norm = 8.0")
    assert run_suite("tiny").executed == ("02-rates",)
    gone = {name for name in made if name.endswith(("02-rates.html", "02-rates.csv", "briefing.html"))}
    assert set(files(project)) == set(made) - gone | {"maps/tiny/manifest.json"}, "no map: nothing to brief"

    # a map of borders has a card, and a briefing has nothing to quote of it
    write_notebook(notebooks / "02-rates.ipynb", BORDERS, parameters="norm = 8.0")
    page = run_suite("tiny").index.read_text(encoding="utf-8")
    assert 'href="02-areas.html"' in page
    assert not [name for name in files(project) if name.endswith("briefing.html")]
    assert "briefing.html" not in page


def test_one_failed_municipality_does_not_stop_the_others(project, notebooks, edit_run):
    edit_run(
        "fictional: true", "fictional: true\nper_municipality: true\nnotebooks: ['02']\nparameters: {02: {norm: 4}}"
    )
    check = "\nif municipality == 'GM9901':\n    raise KeyError(opened.incidents.index[0])\nassert norm == 4.0\n"
    write_notebook(notebooks / "02-rates.ipynb", MAP, check, parameters="norm = 8.0")
    result = run_suite("tiny")
    assert set(result.failures) == {"GM9901 02-rates"}
    failure = result.failures["GM9901 02-rates"]
    assert failure.error == "KeyError"
    manifest = json.loads(result.manifest.read_text(encoding="utf-8"))
    assert manifest["failed"] == ["GM9901"]
    assert [each["status"] for each in manifest["notebooks"]] == ["failed", "done"]
    index = result.index.read_text(encoding="utf-8")
    assert 'href="GM9902/02-rates.html"' in index
    assert 'href="GM9901/02-rates.html"' not in index
    assert "<strong>GM9901 02-rates</strong>: Het rekenen is halverwege gestopt." in index, (
        "what is not there is named, with the reason"
    )
    # the id of the incident stays in the private log
    assert all(b"A00" not in content for name, content in files(project).items() if not name.endswith(".html"))
    log = project / "data" / "private" / "tiny" / "GM9901" / "logs" / "02-rates.log"
    assert "A00" in log.read_text(encoding="utf-8")
    # a failure is tried again, what went well is not
    assert run_suite("tiny").executed == ("GM9901 02-rates",)


def test_an_error_of_ours_comes_through_in_three_parts(project):
    write_notebook(
        project / "notebooks" / "01-a.ipynb",
        "import hicgeo\nhicgeo.Grid.over(hicgeo.open_run('tiny').neighbourhoods, cell_size=-1)",
    )
    failure = run_suite("tiny").failures["01-a"]
    assert (failure.error, failure.expected) == ("InputError", "cell_size must be above 0 metres")
    assert failure.given == "cell_size=-1"


def test_nothing_runs_when_a_parameter_is_unknown(project, notebooks, edit_run):
    edit_run("fictional: true", "fictional: true\nparameters: {02: {nrm: 4}}")
    with pytest.raises(ConfigError, match="did you mean 'norm'"):
        run_suite("tiny")
    assert not (project / "maps").exists()
    with pytest.raises(ConfigError, match="'09' fits none"):
        run_suite("tiny", only=["09"])


def test_only_one_notebook_and_a_kernel_of_this_interpreter(project, notebooks, monkeypatch, tmp_path):
    kernel = tmp_path / "jupyter" / "kernels" / "python3"
    kernel.mkdir(parents=True)
    spec = {"argv": ["no-such-program", "{connection_file}"], "display_name": "Other", "language": "python"}
    (kernel / "kernel.json").write_text(json.dumps(spec))
    monkeypatch.setenv("JUPYTER_PATH", str(tmp_path / "jupyter"))
    write_notebook(
        notebooks / "01-intake.ipynb",
        "import sys\nprint('prefix', sys.prefix == " + repr(__import__("sys").prefix) + ")",
    )
    result = run_suite("tiny", only=["01"])
    assert result.executed == ("01-intake",)
    assert "prefix True" in (project / "maps" / "tiny" / "notebooks" / "01-intake.ipynb").read_text(encoding="utf-8")
    manifest = json.loads(result.manifest.read_text(encoding="utf-8"))
    assert [each["status"] for each in manifest["notebooks"]] == ["done", "not run"]
