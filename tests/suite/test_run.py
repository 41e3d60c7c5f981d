# ruff: noqa: S608 - statements for a server that lives for one test run

import pytest
from notebook_writer import write_notebook

import hicgeo
from hicgeo.errors import ConfigError, DisclosureError
from hicgeo.suite import _project
from hicgeo.suite._project import make_sample
from hicgeo.suite.run import open_run


def test_a_run_is_found_from_any_folder_of_the_project(project, monkeypatch):
    for folder in (project, project / "notebooks", project / "data" / "runs"):
        monkeypatch.chdir(folder)
        assert open_run("tiny").root == project
    assert open_run("../runs/tiny.yml").config.name == "tiny"
    assert open_run(project / "data" / "runs" / "tiny.yml").config.name == "tiny"
    monkeypatch.setenv("HICGEO_RUN", "tiny")
    assert open_run().config.name == "tiny"
    assert open_run("").config.name == "tiny"


def test_outside_a_project_it_says_so(project, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ConfigError, match="project folder"):
        open_run("tiny")
    assert open_run("tiny", start=project / "notebooks").root == project


def test_an_unknown_run_is_refused_with_the_nearest_name(project):
    with pytest.raises(ConfigError, match="did you mean 'tiny'"):
        open_run("tinny")


def test_all_missing_inputs_are_named(project):
    (project / "data" / "areas.geojson").unlink()
    (project / "data" / "export.csv").unlink()
    with pytest.raises(ConfigError, match=r"no neighbourhoods: data/areas.geojson; no incidents: data/export.csv"):
        open_run("tiny")


def test_tables_add_up_by_hand(project):
    run = open_run("tiny")
    assert run.intake.read == 13
    assert run.rows == {"read": 13, "accepted": 12, "rejected": 1}
    assert run.assignment["status"].value_counts().to_dict() == {
        "inside": 10,
        "outside": 1,
        "unlocated": 1,
        "snapped": 0,
    }
    burglary = run.counts["incidents"].xs("woninginbraak", level="crime_type")
    assert burglary.groupby("code").sum().to_dict() == {"BU99010101": 5, "BU99010102": 3, "BU99020101": 2}
    assert burglary["BU99010101", "2024-02"] == 1
    assert len(burglary) == 3 * 12


def test_municipalities_are_parts_of_the_whole(project):
    whole = open_run("tiny")
    parts = [open_run("tiny", municipality=code) for code in ("GM9901", "GM9902")]
    assert [len(part.neighbourhoods) for part in parts] == [2, 1]
    # what lies nowhere belongs to the municipality that it names
    assert [len(part.incidents) for part in parts] == [8, 4]
    assert sum(len(part.incidents) for part in parts) == len(whole.incidents)
    assert [part.counts["incidents"].sum() for part in parts] == [8, 2]
    assert parts[1].counts.attrs["unlocated"] == 1
    assert parts[1].folder == project / "maps" / "tiny" / "GM9902"
    with pytest.raises(ConfigError, match="did you mean 'GM9901'"):
        _ = open_run("tiny", municipality="GM9911").neighbourhoods


def test_the_export_is_read_once_until_something_changes(project, edit_run, monkeypatch):
    import hicgeo.sources.incidents as reader

    read = []
    original = reader.read_incidents
    monkeypatch.setattr(reader, "read_incidents", lambda *a, **k: (read.append(1), original(*a, **k))[1])
    first = open_run("tiny")
    again = open_run("tiny")
    for table in ("neighbourhoods", "incidents", "assignment", "counts"):
        assert getattr(first, table).equals(getattr(again, table))
        assert getattr(first, table).attrs == getattr(again, table).attrs
    hicgeo.schema.check_incidents(again.incidents)
    hicgeo.schema.check_neighbourhoods(again.neighbourhoods)
    hicgeo.schema.check_counts(again.counts)
    assert read == [1]
    edit_run("date: start", "date: aoristic")  # how counts are made, not how the file is read
    assert open_run("tiny").counts.attrs["date"] == "aoristic"
    assert read == [1]
    with (project / "data" / "export.csv").open("a") as file:
        file.write("Z9;A20;13-01-2024 10:00;13-01-2024 10:00;150100;520500;GM9901\n")
    assert open_run("tiny").counts["incidents"].sum() == 11
    assert read == [1, 1]
    assert len(list((project / "data" / "private" / "tiny").glob("incidents-*.parquet"))) == 1


def test_a_run_of_counts_has_no_points_and_says_so(project, edit_run):
    text = (project / "data" / "runs" / "tiny.yml").read_text()
    before, after = text[: text.index("incidents:")], text[text.index("rates:") :]
    part = "counts:\n  path: ../counts.csv\n  columns: {code: c, crime_type: t, month: m, incidents: n}\n"
    part += "  crime_types: {104: woninginbraak}\n"
    (project / "data" / "runs" / "figures.yml").write_text(before + part + after)
    rows = "".join(
        f"{code},104,2024-{month:02d},{month}\n" for code in ("BU99010101", "BU99020101") for month in range(1, 13)
    )
    (project / "data" / "counts.csv").write_text("c,t,m,n\n" + rows)
    run = open_run("figures")
    assert (run.mode, run.intake, run.rows) == ("counts", None, None)
    assert open_run("tiny").borders == "unchanged", "points are all laid in the same neighbourhoods"
    assert run.counts["incidents"].sum() == 2 * 78
    assert open_run("figures", municipality="GM9902").counts["incidents"].sum() == 78
    with pytest.raises(ConfigError, match="incident points"):
        _ = run.incidents
    assert run.borders is None, "nobody said whether codes stand for the same ground: years are not compared"
    edit_run("  crime_types:", "  borders: unchanged\n  crime_types:", name="figures")
    assert open_run("figures").borders == "unchanged"
    areas = (project / "data" / "areas.geojson").read_text().replace("[151000,", "[150500,")
    (project / "data" / "before.geojson").write_text(areas.replace("[151000.", "[150500."))
    edit_run("  borders: unchanged", "  borders: ../before.geojson", name="figures")
    moved = open_run("figures").borders
    assert set(moved.moved) == {"BU99010101", "BU99010102"}, "their common border was elsewhere"
    edit_run("  borders: ../before.geojson\n", "", name="figures")
    edit_run("  crime_types:", "  level: gemeente\n  crime_types:", name="figures")
    assert set(open_run("figures").counts.index.get_level_values("code")) == {"GM9901", "GM9902"}


def test_a_map_carries_the_run_and_its_card(project, monkeypatch):
    run = open_run("tiny")
    with pytest.warns(hicgeo.HicgeoWarning, match="fewer than two whole years"):
        rates = hicgeo.rates(
            run.counts, run.neighbourhoods, crime_type="woninginbraak", period="2024", base="dwellings", norm="regional"
        )
    assert run.say("Eerst dit.") == "Eerst dit."
    path = run.save(run.map("Inbraken", period="2024").add_rates(rates), "02-rates", sentences=["Dan dat."])
    assert path == project / "maps" / "tiny" / "02-rates.html"
    page = path.read_text(encoding="utf-8")
    assert "proef" in page
    assert "fictieve voorbeelddata" in page.lower()
    note = run.notes()["02-rates.html"]
    assert (note["title"], note["sentences"]) == ("Inbraken", ["Eerst dit.", "Dan dat."])
    assert run.save_table(rates, "02-rates").name == "02-rates.csv"
    head, first = (run.folder / "02-rates.csv").read_text(encoding="utf-8-sig").splitlines()[:2]
    assert head.startswith("code;name;incidents;"), "a name stands behind its code"
    assert first.startswith("BU99010101;Buurt 0;")
    with pytest.raises(DisclosureError):
        run.save_table(run.incidents, "rows")
    # a second notebook that saves under the same name would undo the first at every run
    write_notebook(project / "notebooks" / "01-a.ipynb", "1")
    write_notebook(project / "notebooks" / "02-b.ipynb", "1")
    monkeypatch.setenv("HICGEO_NOTEBOOK", "01-a")
    run.save_table(rates, "03-own")
    monkeypatch.setenv("HICGEO_NOTEBOOK", "02-b")
    with pytest.raises(ConfigError, match=r"03-own\.csv is saved by 01-a"):
        run.save_table(rates, "03-own")
    (project / "notebooks" / "01-a.ipynb").unlink()
    assert run.save_table(rates, "03-own").is_file()
    with pytest.raises(ConfigError, match="lower case"):
        run.save_table(rates, "../rates")


def test_few_places_stop_the_run_unless_the_run_file_accepts_it_and_are_said_on_the_map(project, edit_run):
    nowhere = "".join(f"C{n};A20;20-03-2024 10:00;20-03-2024 11:00;;;GM9902\n" for n in range(20))
    export = project / "data" / "export.csv"
    export.write_text(export.read_text(encoding="utf-8").rstrip("\n") + "\n" + nowhere, encoding="utf-8")
    run = open_run("tiny")
    located = run.intake.located
    assert located < 0.85
    assert len(run.assignment) == len(run.intake.incidents), "one may look at what is there"
    for ask in (lambda: run.incidents, lambda: run.counts, lambda: run.map("Kaart")):
        with pytest.raises(ConfigError, match=f"at least 85%.*{located:.1%}.*accept_unlocated"):
            ask()
    edit_run("period: [2024-01, 2024-12]", "period: [2024-01, 2024-12]\n  accept_unlocated: true")
    forced = open_run("tiny")
    assert forced.counts["incidents"].sum() == 10, "what has no place counts in no area"
    page = forced.map("Kaart").to_html()
    assert f"van maar {100 * located:.0f}".replace(".", ",") in page
    assert "Let op" in page


def test_an_export_of_which_nothing_is_accepted_is_no_empty_map(project):
    export = project / "data" / "export.csv"
    export.write_text(
        export.read_text(encoding="utf-8").replace(";A20;", ";Q20;").replace(";B70;", ";Q20;"), encoding="utf-8"
    )
    with pytest.raises(ConfigError, match=r"at least one incident.*unmapped_code"):
        open_run("tiny").counts  # noqa: B018


def test_the_notebook_view_shows_settings_not_rows(project, edit_run):
    edit_run("title: Twee gemeenten", "title: <b>Twee</b>")
    shown = open_run("tiny")._repr_html_()
    assert "&lt;b&gt;Twee" in shown
    assert str(project) not in shown


def test_a_sample_city_is_made_once_and_never_over_other_files(tmp_path, monkeypatch, capsys):
    made = []

    def write(city, folder):
        made.append(city)
        (folder / "incidents.csv").write_text(f"seed {city}")

    monkeypatch.setattr(hicgeo, "sample_city", lambda seed: seed, raising=False)
    monkeypatch.setattr(hicgeo, "write_sample", write, raising=False)
    folder = tmp_path / "sample"
    assert make_sample(folder, seed=7, keep=True)
    (folder / "incidents.csv").write_text("edited")
    assert not make_sample(folder, seed=42, keep=True)
    assert (folder / "incidents.csv").read_text() == "edited"
    monkeypatch.setattr(_project, "source_hash", lambda *parts: "another generator")
    assert make_sample(folder, seed=42, keep=True)
    assert made == [7, 7], "the seed that the user chose stays"
    assert make_sample(folder, seed=42)
    assert made == [7, 7, 42]
    assert "fictional" in capsys.readouterr().out
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "letter.txt").write_text("mine")
    with pytest.raises(ConfigError, match="holds other files"):
        make_sample(tmp_path / "other", seed=1)


@pytest.mark.realdata
def test_the_region_of_the_hague_is_read_as_published(root, realdata, project, monkeypatch):
    text = (root / "data" / "runs" / "den-haag.yml").read_text(encoding="utf-8")
    (project / "data" / "runs" / "den-haag.yml").write_text(text, encoding="utf-8")
    monkeypatch.setenv("HICGEO_REALDATA", str(realdata))
    run = open_run("den-haag")
    assert len(run.neighbourhoods) == 108
    assert run.neighbourhoods["dwellings"].sum() == 510_506
    counts = run.counts["incidents"]
    months = counts.xs("woninginbraak", level="crime_type").groupby("month").apply(lambda month: month.isna().all())
    assert [str(month) for month in months.index[months]] == ["2017-12"]
    assert counts.xs("overval", level="crime_type").isna().all()
    assert counts.index.get_level_values("code").isin(run.neighbourhoods.index).sum() == 85 * 3 * 84


def test_a_run_from_a_database_equals_that_from_files_and_sees_changes(project, edit_run, postgis, monkeypatch):
    files = open_run("tiny")
    lines = (project / "data" / "export.csv").read_text().splitlines()
    rows = ",".join("(" + ",".join(f"'{cell}'" for cell in line.split(";")) + ")" for line in lines[1:])
    areas = ",".join(
        f"('{area.Index}', '{area.name}', '{area.municipality}', {area.dwellings}, "
        f"ST_GeomFromText('{area.geometry}', 28992))"
        for area in files.neighbourhoods.itertuples()
    )
    postgis.sql(
        f"CREATE TABLE open.export ({', '.join(f'{title} text' for title in lines[0].split(';'))});"
        f"INSERT INTO open.export VALUES {rows};"
        "CREATE TABLE open.areas (code text, name text, gm text, homes int, geom geometry(Polygon, 28992));"
        f"INSERT INTO open.areas VALUES {areas}; GRANT SELECT ON open.export, open.areas TO reader"
    )
    monkeypatch.setenv("PGPASSWORD", postgis.password)
    address = postgis.address(password=None)
    edit_run("../areas.geojson", f"{address}\n  layer: open.areas\n  vintage: 2024")
    edit_run("../export.csv", f"{address}\n  query: SELECT * FROM open.export ORDER BY ctid")
    run = open_run("tiny")
    assert run.rows is None
    assert run.counts.equals(files.counts)
    assert run.incidents.drop(columns="geometry").equals(files.incidents.drop(columns="geometry"))
    assert run.source == "politie, a query"
    assert "127.0.0.1" not in run._repr_html_()
    postgis.sql("UPDATE open.export SET nr = 'Z9' WHERE nr = 'A00'")
    assert "Z9" in open_run("tiny").incidents.index


def test_a_map_says_of_which_crime_type_it_is_in_the_language_of_the_run(project, edit_run):
    assert open_run("tiny").map("Waar inzetten", crime_type="overval").title == (
        "Twee gemeenten: Waar inzetten (overvallen)"
    )
    edit_run("fictional: true", "fictional: true\nlanguage: en")
    title = open_run("tiny").map("Where to act", crime_type="woninginbraak").title
    assert title == "Twee gemeenten: Where to act (residential burglaries)"
