"""An unknown export is understood, or what can be meant twice stays open; the proposal reads as a hand-made mapping."""

from __future__ import annotations

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import yaml

import hicgeo
from hicgeo.errors import InputError


def settled(proposal):
    assert proposal.unsettled.empty, proposal.unsettled
    assert proposal.refused == ""
    return proposal


def same(a, b):
    pd.testing.assert_frame_equal(
        pd.DataFrame(a.incidents.drop(columns="geometry")), pd.DataFrame(b.incidents.drop(columns="geometry"))
    )
    assert a.incidents.geometry.geom_equals(b.incidents.geometry).all()
    assert a.rejected["reason"].tolist() == b.rejected["reason"].tolist()


@pytest.fixture(scope="module")
def city(tmp_path_factory):
    folder = tmp_path_factory.mktemp("city")
    hicgeo.write_sample(hicgeo.sample_city(7), folder)
    return folder / "incidents.csv"


def test_the_proposal_for_the_sample_city_reads_it_as_its_own_mapping_does(city):
    proposal = settled(hicgeo.propose_intake(city))
    assert proposal.whole
    same(hicgeo.read_incidents(city, **proposal.mapping), hicgeo.read_incidents(city, columns="sample"))
    assert proposal.preview is not None
    assert proposal.preview.read == proposal.looked_at


def test_a_run_file_takes_what_it_writes(city):
    proposal = hicgeo.propose_intake(city)
    text = proposal.to_yaml("../incidents.csv")
    part = yaml.safe_load(text)["incidents"]
    assert part.pop("path") == "../incidents.csv"
    assert part == proposal.mapping
    # what the user must declare stands in it, to be uncommented
    text = text.replace("# date:", "date:").replace("# period:", "period:")
    part = yaml.safe_load(text)["incidents"]
    from hicgeo.suite.config import IncidentsConfig

    config = IncidentsConfig.model_validate(part)
    assert (config.date, config.columns) == ("aoristic", proposal.mapping["columns"])


ENGLISH = {
    "nr": "Case number",
    "delict": "Offence",
    "van": "Start date",
    "vantijd": "Start time",
    "tot": "End date",
    "tottijd": "End time",
    "x": "Easting",
    "y": "Northing",
    "gemeente": "Municipality",
    "poging": "Attempted",
    "confront": "Confronted",
    "geweld": "Violence",
}


def test_english_titles_and_dutch_ones_are_one_export(export):
    ours = {
        title: name
        for name, title in {
            **{"incident_id": "nr", "crime_type": "delict", "start_date": "van", "start_time": "vantijd"},
            **{"end_date": "tot", "end_time": "tottijd", "x": "x", "y": "y", "municipality": "gemeente"},
            **{"attempted": "poging", "confronted": "confront", "violence": "geweld"},
        }.items()
    }
    dutch = settled(hicgeo.propose_intake(export.write(name="dutch.csv")))
    assert dutch.mapping["columns"] == {name: title for title, name in ours.items()}
    export.titles = [ENGLISH[title] for title in export.titles]
    english = settled(hicgeo.propose_intake(export.write(name="english.csv")))
    assert english.mapping["columns"] == {ours[title]: theirs for title, theirs in ENGLISH.items()}
    same(english.preview, dutch.preview)


def test_every_format_gives_the_same_proposal(export, write_xlsx, tmp_path):
    path = export.write()
    plain = settled(hicgeo.propose_intake(path))
    frame = pd.read_csv(path, sep=";", dtype=str)
    book = write_xlsx({"Blad1": [export.titles, *export.rows]})
    assert settled(hicgeo.propose_intake(book)).mapping["columns"] == plain.mapping["columns"]
    xy = (pd.to_numeric(frame[name].str.replace(",", ".")) for name in "xy")
    points = gpd.GeoDataFrame(frame.drop(columns=["x", "y"]), geometry=gpd.points_from_xy(*xy), crs="EPSG:28992")
    points.to_file(tmp_path / "a.gpkg")
    points.to_crs("EPSG:4326").to_file(tmp_path / "a.geojson")
    for name in ("a.gpkg", "a.geojson"):
        found = settled(hicgeo.propose_intake(tmp_path / name))
        assert found.mapping["columns"] == {
            name: title for name, title in plain.mapping["columns"].items() if name not in "xy"
        }
        assert found.preview.incidents.index.equals(plain.preview.incidents.index)
        assert found.preview.incidents.geometry.distance(plain.preview.incidents.geometry).max() < 0.01


def test_dates_that_can_be_read_both_ways_are_left_open(export):
    for row, cells in enumerate(export.rows):
        cells[2] = cells[4] = f"{1 + row % 12:02d}-{1 + row % 11:02d}-2023"
        cells[5] = "23:59"
    proposal = hicgeo.propose_intake(export.write())
    row = proposal.unsettled.set_index("setting").loc["date_order"]
    assert row["alternatives"] == ("day_first", "month_first")
    assert "80 dates" in row["evidence"]
    assert proposal.preview is None
    assert "date_order" not in proposal.mapping
    assert "# date_order: ..." in proposal.to_yaml()
    assert "Not read: first settle date_order" in str(proposal)


def test_month_first_is_seen(export):
    for cells in export.rows:
        for place in (2, 4):
            day, month, year = cells[place].split("-")
            cells[place] = f"{month}/{day}/{year}"
    proposal = settled(hicgeo.propose_intake(export.write()))
    assert proposal.mapping["date_order"] == "month_first"
    assert proposal.preview.incidents["start"].dt.day.min() == 13


def test_titles_of_x_and_y_that_are_exchanged_are_told_by_the_values(export):
    clean = settled(hicgeo.propose_intake(export.write(name="clean.csv")))
    export.titles[6], export.titles[7] = "y", "x"
    turned = settled(hicgeo.propose_intake(export.write(name="turned.csv")))
    assert (turned.mapping["columns"]["x"], turned.mapping["columns"]["y"]) == ("y", "x")
    assert "TITLES SAY THE REVERSE" in turned.findings.set_index("setting").loc["x", "evidence"]
    same(turned.preview, clean.preview)


@pytest.mark.parametrize("crs", ["EPSG:4326", "EPSG:25831", "EPSG:3857"])
def test_the_crs_is_the_one_in_which_they_lie_at_home(export, crs):
    clean = settled(hicgeo.propose_intake(export.write(name="clean.csv")))
    from pyproj import Transformer

    x = [float(cells[6].replace(",", ".")) for cells in export.rows]
    y = [float(cells[7]) for cells in export.rows]
    for cells, a, b in zip(export.rows, *Transformer.from_crs(28992, crs, always_xy=True).transform(x, y), strict=True):
        cells[6], cells[7] = f"{a:.7f}", f"{b:.7f}"
    proposal = hicgeo.propose_intake(export.write())
    row = proposal.findings.set_index("setting").loc["crs"]
    assert crs in (row["value"], *row["alternatives"])
    if row["state"] == "open":  # datums of one zone that lie within some metres of each other
        assert crs == "EPSG:25831"
        return
    moved = settled(proposal).preview.incidents.to_crs(28992).geometry.distance(clean.preview.incidents.geometry)
    assert moved.max() < 1


def test_words_of_other_systems(export):
    export.titles[0], export.titles[9] = "CaseRef", "Gepoogd"
    proposal = hicgeo.propose_intake(export.write())
    assert "nan" not in proposal._repr_html_()
    proposed = proposal.mapping["columns"]
    assert (proposed["incident_id"], proposed["attempted"]) == ("CaseRef", "Gepoogd")


def test_two_columns_that_can_be_meant_are_left_open(export):
    export.titles += ["xcoord", "ycoord"]
    for cells in export.rows:
        cells += [str(float(cells[6].replace(",", ".")) + 3000), str(float(cells[7]) + 3000)]
    proposal = hicgeo.propose_intake(export.write())
    assert set(proposal.unsettled["setting"]) == {"x", "y"}
    assert all("xcoord / ycoord" in each for each in proposal.unsettled["alternatives"])


def test_offences_are_listed_by_frequency_and_what_has_two_meanings_is_left_open(export):
    for row, cells in enumerate(export.rows):
        cells[1] = ("Woninginbraak", "1.4.6 Straatroof", "Vernieling")[row % 3]
    proposal = settled(hicgeo.propose_intake(export.write()))
    assert proposal.codes.to_dict("index") == {
        "Woninginbraak": {"records": 14, "crime_type": "woninginbraak"},
        "1.4.6 Straatroof": {"records": 13, "crime_type": "straatroof"},
        "Vernieling": {"records": 13, "crime_type": ""},
    }
    assert proposal.mapping["crime_types"] == {"Woninginbraak": "woninginbraak", "1.4.6 Straatroof": "straatroof"}
    assert proposal.preview.summary()["rejected: unmapped_code"] == 13
    export.set(0, "delict", "Beroving")
    proposal = hicgeo.propose_intake(export.write())
    row = proposal.unsettled.set_index("setting").loc["crime_types"]
    assert row["alternatives"] == ("Beroving",)


def test_what_is_needed_and_not_there_is_said(export):
    keep = [title not in ("nr", "delict") for title in export.titles]
    export.rows = [[cell for cell, kept in zip(cells, keep, strict=True) if kept] for cells in export.rows]
    export.titles = [title for title, kept in zip(export.titles, keep, strict=True) if kept]
    proposal = hicgeo.propose_intake(export.write())
    missing = proposal.findings[proposal.findings["state"] == "missing"]["setting"]
    assert "crime_type" in missing.to_list()
    assert "incident_id" in proposal.unsettled["setting"].to_list()


def test_no_titles_is_an_error(export):
    with pytest.raises(InputError, match="titles"):
        hicgeo.propose_intake(export.write("\r\n".join(export.lines()[1:])))


def test_of_a_large_file_parts_are_looked_at_and_only_whole_lines(export, monkeypatch):
    from hicgeo.sources import _open, proposal

    export = type(export)(export.folder, n=4000)
    for row, cells in enumerate(export.rows):  # 137 m apart, they would leave the country
        cells[6:8] = f"{80000 + row},5", f"{455000 + row}"
    path = export.write()
    monkeypatch.setattr(proposal, "SAMPLE_BYTES", 40_000)
    whole = settled(hicgeo.propose_intake(path))
    assert not whole.whole
    assert 400 < whole.looked_at < 800
    assert len(whole.preview.rejected) == 0
    numbers = whole.preview.incidents.index
    assert (numbers[0], numbers[-1]) == (export.rows[0][0], export.rows[-1][0])
    assert whole.mapping == settled(hicgeo.propose_intake(export.write(name="b.csv"))).mapping
    lines = set(path.read_bytes().splitlines())
    assert set(_open.read_sample(path, 40_000, 64).splitlines()) <= lines


def test_evidence_shows_no_record(export):
    canaries = {"nr": "KANARIE", "gemeente": "Geheimstad"}
    for row in range(len(export.rows)):
        export.set(row, "nr", f"KANARIE{row}")
        export.set(row, "gemeente", canaries["gemeente"])
    proposal = hicgeo.propose_intake(export.write())
    for text in (str(proposal), proposal._repr_html_(), proposal.to_yaml()):
        assert not any(canary in text for canary in canaries.values())


def test_the_small_map_counts_every_place_once(city):
    proposal = hicgeo.propose_intake(city)
    cells = proposal.cells()
    steps = np.diff(cells.columns)
    assert (steps == steps[0]).all()
    assert steps[0] >= 500
    located = proposal.preview.incidents.geometry
    assert 0.97 * (~located.is_empty).sum() <= cells.to_numpy().sum() <= (~located.is_empty).sum()
    assert "<svg" in proposal._repr_html_()


def month_first(text):
    day, month, year = text.split("-")
    return f"{month}/{day}/{year}"


def test_a_day_of_registration_written_the_other_way_does_not_decide(export):
    """Two systems in one export: what happened is written American, what was registered Dutch."""
    place = [export.titles.index(name) for name in ("van", "tot")]
    dutch = settled(hicgeo.propose_intake(export.write(name="dutch.csv")))
    late = [row[place[0]] for row in export.rows]
    for row, registered in zip(export.rows, late, strict=True):
        for each in place:
            row[each] = month_first(row[each])
        row.append(registered)
    export.titles.append("Registratiedatum")
    found = settled(hicgeo.propose_intake(export.write(name="mixed.csv")))
    assert found.mapping["date_order"] == "month_first"
    assert "registered" not in found.mapping["columns"]
    noted = found.findings.query("setting == 'registered'")
    assert noted["evidence"].tolist() == [
        "'Registratiedatum' is written day first, which the other dates are not: not used"
    ]
    same(found.preview, dutch.preview)
    # said to be month first, the column is refused with the way out
    columns = {**found.mapping["columns"], "registered": "Registratiedatum"}
    with pytest.raises(InputError, match="leave this one out of columns"):
        hicgeo.read_incidents(export.write(name="mixed.csv"), **{**found.mapping, "columns": columns})


def test_lines_of_separators_alone_are_told_of(export):
    path = export.write()
    text = path.read_text(encoding="utf-8").splitlines()
    sparse = path.with_name("sparse.csv")
    sparse.write_text("\n".join([text[0], *(each for row in text[1:] for each in (row, ";" * row.count(";")))]) + "\n")
    found = settled(hicgeo.propose_intake(sparse))
    same(found.preview, hicgeo.propose_intake(path).preview)
    said = found.preview.notes.query("kind == 'empty_records'")
    assert said["records"].tolist() == [len(text) - 1]
    assert f"{len(text) - 1} lines have separators and nothing else" in str(found)


def test_half_of_the_places_missing_is_told_before_a_run_stops(export):
    place = [export.titles.index(name) for name in "xy"]
    for row in export.rows[::2]:
        for each in place:
            row[each] = ""
    assert "! A run stops under 85% with a place" in str(settled(hicgeo.propose_intake(export.write())))


@pytest.mark.parametrize("before", [0, 30, 250])
def test_columns_are_found_wherever_they_stand(export, before):
    """Behind hundreds of columns that say nothing, in another order, and filled only far down."""
    plain = settled(hicgeo.propose_intake(export.write(name="plain.csv")))
    order = np.random.default_rng(before).permutation(len(export.titles))
    export.titles = [f"Veld {n}" for n in range(before)] + [export.titles[each] for each in order]
    export.rows = [[f"q{n % 7}" for n in range(before)] + [row[each] for each in order] for row in export.rows]
    late = settled(hicgeo.propose_intake(export.write(name="late.csv")))
    assert late.mapping["columns"] == plain.mapping["columns"]
    same(late.preview, plain.preview)
