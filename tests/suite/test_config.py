import inspect
import re
from datetime import date

import pytest

import hicgeo
from hicgeo.errors import ConfigError
from hicgeo.suite.config import IncidentsConfig, NeighbourhoodsConfig, RunConfig


def test_the_run_files_of_the_project_can_be_read(root):
    sample = RunConfig.read(root / "data" / "runs" / "sample.yml")
    assert (sample.mode, sample.fictional, sample.profile) == ("points", True, "driehoek")
    assert sample.handling.retain_until == date(2030, 12, 31)
    assert {kind: part.base for kind, part in sample.crime_types.items()} == {
        "woninginbraak": "dwellings",
        "straatroof": "residents",
        "overval": "businesses",
    }
    region = RunConfig.read(root / "data" / "runs" / "den-haag.yml")
    assert region.mode == "counts"
    assert region.counts.crime_types == {"104": "woninginbraak", "102": "straatroof", "117": "overval"}
    assert (region.counts.all_zero, region.counts.level, region.rates.unmatched) == ("missing", "wijk", "report")


def test_real_data_are_found_beside_the_project_or_where_the_environment_says(root, tmp_path, monkeypatch):
    monkeypatch.delenv("HICGEO_REALDATA", raising=False)
    path = root / "data" / "runs" / "den-haag.yml"
    beside = root.parent / "shared" / "data" / "nl_thehague" / "wijken_2022.gpkg"
    assert RunConfig.read(path).neighbourhoods.path == beside.resolve()
    monkeypatch.setenv("HICGEO_REALDATA", str(tmp_path))
    assert RunConfig.read(path).neighbourhoods.path == tmp_path.resolve() / "nl_thehague" / "wijken_2022.gpkg"


def test_a_variable_is_filled_in_in_paths_only(project, edit_run, monkeypatch):
    monkeypatch.setenv("HICGEO_TEST_TITLE", "x")
    edit_run("title: Twee gemeenten", "title: ${HICGEO_TEST_TITLE}")
    assert RunConfig.read("data/runs/tiny.yml").title == "${HICGEO_TEST_TITLE}"
    edit_run("../areas.geojson", "${HICGEO_TEST_NOWHERE}/areas.geojson")
    with pytest.raises(ConfigError, match="HICGEO_TEST_NOWHERE is not set"):
        RunConfig.read("data/runs/tiny.yml")


def test_paths_start_at_the_folder_of_the_file(project, monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    config = RunConfig.read(project / "data" / "runs" / "tiny.yml")
    assert config.inputs == {
        "neighbourhoods": project / "data" / "areas.geojson",
        "incidents": project / "data" / "export.csv",
    }


def test_yaml_is_read_as_it_looks(project, edit_run):
    edit_run(
        "rates:",
        "parameters:\n  03: {a: 0363, b: NO, c: 1E3, d: 2024-01-02, e: 12:30, f: true, g: 7, h: 0.5, i: ~, j: yes}"
        "\nrates:",
    )
    assert RunConfig.read("data/runs/tiny.yml").parameters == {
        "03": {
            "a": "0363", "b": "NO", "c": "1E3", "d": "2024-01-02", "e": "12:30",
            "f": True, "g": 7, "h": 0.5, "i": None, "j": "yes",
        }
    }  # fmt: skip


def test_all_faults_come_at_once_with_the_nearest_name(project, edit_run):
    edit_run("title:", "titel:")
    edit_run("level: buurt", "level: straat")
    edit_run("rates:\n  period: 2024", "rates:\n  period: 2024\n  normm: 8.0")
    edit_run("[2024-01, 2024-12]", "[2024-12, 2024-01]")
    with pytest.raises(ConfigError) as caught:
        RunConfig.read("data/runs/tiny.yml")
    given = caught.value.given
    assert "'title' is missing" in given
    assert "unknown key 'titel' (did you mean 'title'?)" in given
    assert "unknown key 'rates.normm' (did you mean 'norm'?)" in given
    assert re.search(r"neighbourhoods\.level: .*not 'straat'", given)
    assert "the first month comes after the last" in given


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("name: tiny", "name: ../elsewhere", "name: "),
        ("name: tiny", "name: tiny\nname: other", "line 2: the key 'name' occurs twice"),
        ("name: tiny", "name: [", "tiny.yml, line"),
        ("handling:", "counts: {path: a.csv, columns: {code: c}}\nhandling:", "exactly one of incidents"),
        ("  retain_until: 2030-01-01", "  retain_until: morgen", "retain_until"),
        ("  level: buurt", "  level: buurt\n  municipalities: [0518]", "'0518'"),
    ],
)
def test_what_breaks_the_rules_is_refused(project, edit_run, old, new, message):
    edit_run(old, new)
    with pytest.raises(ConfigError, match=re.escape(message)):
        RunConfig.read("data/runs/tiny.yml")


def test_a_file_that_is_no_run_file_is_refused(tmp_path):
    (tmp_path / "list.yml").write_text("- a\n- b\n")
    (tmp_path / "latin.yml").write_bytes("title: Caf\xe9".encode("latin-1"))
    for name in ("list.yml", "latin.yml", "nothing.yml"):
        with pytest.raises(ConfigError, match=name):
            RunConfig.read(tmp_path / name)


@pytest.mark.parametrize(
    ("reader", "part", "own"),
    [
        (
            hicgeo.read_incidents,
            IncidentsConfig,
            {"path", "date", "period", "max_distance", "source", "accept_unlocated"},
        ),
        (hicgeo.read_neighbourhoods, NeighbourhoodsConfig, {"path"}),
    ],
)
def test_a_run_file_can_say_whatever_the_reader_takes(reader, part, own):
    arguments = inspect.signature(reader).parameters
    assert set(part.model_fields) - own == set(arguments) - {"source"}
    for name, field in part.model_fields.items():
        if name in set(arguments) - own and not field.is_required():
            assert field.default == arguments[name].default, name


def test_inputs_may_be_tables_of_a_database_without_a_password(project, edit_run):
    edit_run("../export.csv", "postgresql://reader@db.intern/politie\n  layer: open.incidenten")
    place = RunConfig.read("data/runs/tiny.yml").inputs["incidents"]
    assert place.name == "politie, open.incidenten"
    assert "intern" not in repr(place)
    edit_run("reader@", "reader:geheim@")
    with pytest.raises(ConfigError, match="no password") as failure:
        RunConfig.read("data/runs/tiny.yml")
    assert "geheim" not in str(failure.value)


def test_a_public_run_counts_whole_incidents(project, edit_run):
    """Parts of incidents per month tell when an incident can have been, which the police do not publish."""
    edit_run("fictional: true", "fictional: true\nprofile: openbaar")
    assert RunConfig.read(project / "data" / "runs" / "tiny.yml").profile == "openbaar"
    edit_run("date: start", "date: aoristic")
    with pytest.raises(ConfigError, match='date must be "start" or "end"'):
        RunConfig.read(project / "data" / "runs" / "tiny.yml")
