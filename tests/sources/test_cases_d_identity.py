"""BAD-INPUT section d: identity and classification. Every case is a file beside its clean twin."""

from __future__ import annotations

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
from shapely.geometry import box
from twins import BAD, Export, Twin, kinds, originals

import hicgeo
from hicgeo.errors import AlignmentError, InputError

AREAS = ["WK051801", "WK051802", "WK036301"]
TITLES = ["wijk", "soort", "maand", "aantal"]
MONTHS = [f"{year}MM{month:02d}" for year in (2014, 2015) for month in range(1, 13)]


def counts_file(folder, codes=AREAS, value=lambda code, month: 3):
    rows = [[code, "1.1.1", month, str(value(code, month))] for code in codes for month in MONTHS]
    path = folder / "counts.csv"
    path.write_text("\n".join(";".join(row) for row in [TITLES, *rows]))
    return path


def read_counts(path):
    columns = dict(zip(("code", "crime_type", "month", "incidents"), TITLES, strict=True))
    return hicgeo.read_counts(path, columns=columns)


def areas_file(folder, codes=AREAS, level="wijk", name="wijken_2015.gpkg"):
    frame = gpd.GeoDataFrame(
        {"code": codes, "name": "x", "woningvoorraad": [400, 300, 300][: len(codes)]},
        geometry=[box(80000 + 1000 * i, 455000, 81000 + 1000 * i, 456000) for i in range(len(codes))],
        crs=28992,
    )
    path = folder / name
    path.unlink(missing_ok=True)
    frame.to_file(path)
    return path


def test_case_69_double_number_same_content(twin):
    twin.export.rows.append([f" {cell} " for cell in twin.export.rows[3]])
    intake = twin.read()
    assert intake.rejected[["record", "line", "reason", "value"]].to_numpy().tolist() == [
        [41, 42, "duplicate", "2024000003"]
    ]
    assert kinds(intake)["duplicate"] == 1


def double(export):
    """The burglary of row 4 has a robbery of a shop and a street robbery under the same number."""
    for code in ("B73", "B70"):
        export.rows.append(list(export.rows[4]))
        export.set(len(export.rows) - 1, "delict", code)


@pytest.mark.parametrize(("policy", "kept"), [("heaviest", "overval"), ("first", "woninginbraak")])
def test_case_70_double_number_other_offence(twin, policy, kept):
    double(twin.export)
    intake = twin.read(touched=[4], duplicates=policy)
    assert intake.incidents.loc["2024000004", "crime_type"] == kept
    assert len(intake.incidents) == 40
    assert intake.rejected["reason"].tolist() == ["duplicate_number"] * 2
    assert intake.rejected["record"].tolist() == ([5, 42] if policy == "heaviest" else [41, 42])
    assert kinds(intake)["duplicate_number"] == 2


def test_case_70_keep_all(twin):
    double(twin.export)
    intake = twin.read(duplicates="keep")
    assert intake.incidents.loc[["2024000004", "2024000004/2", "2024000004/3"], "crime_type"].tolist() == [
        "woninginbraak",
        "overval",
        "straatroof",
    ]
    assert originals(intake, "duplicate_number")[0] == ("2024000004", "2024000004/2")


def test_case_70_double_number_other_place(twin):
    twin.export.rows.append(list(twin.export.rows[4]))
    twin.export.set(40, "x", "81000")
    intake = twin.read()  # the first is kept when neither is heavier
    assert intake.rejected[["record", "reason"]].to_numpy().tolist() == [[41, "duplicate_number"]]


def test_case_71_attempted_and_completed(twin):
    for row, text in enumerate(("Poging", "voltooid", "J", "", "misschien")):
        twin.export.set(row, "poging", text)
    intake = twin.read(touched=range(5))
    assert intake.incidents["attempted"].iloc[:6].tolist() == [True, False, True, pd.NA, pd.NA, False]
    assert kinds(intake)["unreadable_flag"] == 1
    assert len(intake.incidents) == 40


def test_case_72_unknown_codes_are_listed_by_frequency(twin):
    for row, code in enumerate(["A40", "A21", "A40", "Diefstal van Jan", "A40"]):
        twin.export.set(row, "delict", code)
    intake = twin.read(touched=range(5))
    assert intake.rejected[["reason", "value"]].to_numpy().tolist()[3] == ["unmapped_code", "Diefstal van Jan"]
    notes = intake.notes[intake.notes["kind"] == "unmapped_code"]
    assert notes["records"].tolist() == [3, 1, 1]
    assert notes["text"].str.split().str[0].tolist() == ["A40", "A21", "(no"]  # never free text


def years(export, code_of):
    for row, cells in enumerate(export.rows):
        year = 2015 + row * 5 // len(export.rows)
        cells[2], cells[4] = f"13-06-{year}", f"14-06-{year}"
        cells[1] = code_of(row, year)


def test_case_73_code_with_another_meaning_by_year(tmp_path):
    export = Export(tmp_path, 100)
    years(export, lambda row, year: "B71" if row % 4 == 0 else "A20")
    types = {"A20": "woninginbraak", "B71": {"-2016": "straatroof", "2017-2018": "overval"}}
    intake = hicgeo.read_incidents(export.write(), columns=export.columns, crime_types=types)
    moved = intake.incidents[intake.incidents.index.isin([row[0] for row in export.rows[::4]])]
    assert moved.groupby([moved["start"].dt.year, moved["crime_type"]], observed=True).size().to_dict() == {
        (2015, "straatroof"): 5,
        (2016, "straatroof"): 5,
        (2017, "overval"): 5,
        (2018, "overval"): 5,
    }
    assert intake.rejected["reason"].tolist() == ["unmapped_code"] * 5  # those of 2019, which the table leaves out
    assert kinds(intake)["code_by_year"] == 20
    with pytest.raises(InputError, match=r"years .*'sinds 2015'"):
        hicgeo.read_incidents(export.write(), columns=export.columns, crime_types={"A20": {"sinds 2015": "x"}})


def test_case_73_a_code_that_stops_is_noted(tmp_path):
    export = Export(tmp_path, 200)
    years(export, lambda row, year: "A30" if year < 2017 and row % 2 else "A20")
    intake = hicgeo.read_incidents(export.write(), columns=export.columns)
    notes = intake.notes[intake.notes["kind"] == "code_years"]
    assert notes["records"].tolist() == [40]
    assert "A30 does not occur in 2017, 2018, 2019" in notes["text"].iloc[0]
    years(export, lambda row, year: "A30" if row % 2 else "A20")
    intake = hicgeo.read_incidents(export.write(), columns=export.columns)
    assert "code_years" not in kinds(intake)


def test_case_74_empty_groups_are_a_group(export):
    for title, name in (("object", "target"), ("mo", "modus"), ("woning", "dwelling_type")):
        export.titles.append(title)
        export.columns[name] = title
    for row in export.rows:
        row += ["woning", "raam", "flat"]
    twin = Twin(export)
    for title in ("object", "mo", "woning"):
        export.set(BAD, title, " ")
    intake = twin.read(touched=[BAD])
    for name in ("target", "modus", "dwelling_type"):
        sizes = intake.incidents.groupby(name).size()
        assert sizes.sum() == 40
        assert sizes["onbekend"] == 1
    assert kinds(intake)["no_group"] == 3


@pytest.mark.parametrize("given", ["0014", "14", "gm14", "GM 0014"])
def test_case_75_municipality_codes(twin, given, tmp_path):
    twin.export.set(BAD, "gemeente", given)
    intake = twin.read(touched=[BAD])
    assert intake.incidents["municipality"].iloc[BAD] == "GM0014"
    assert originals(intake, "municipality_code") == [(given, "GM0014")]
    areas = hicgeo.read_neighbourhoods(areas_file(tmp_path, [given], name="gemeenten_2015.gpkg"), level="gemeente")
    assert areas.index.tolist() == ["GM0014"]
    assert areas.attrs["repaired_codes"] == {given: "GM0014"}
    counts = read_counts(counts_file(tmp_path, [given]))
    assert counts.index.unique("code").tolist() == ["GM0014"]
    assert counts.attrs["repaired_codes"] == {given: "GM0014"}


@pytest.mark.parametrize("given", ["03630001", " bu0363 0001", "3630001", "Bu03630001"])
def test_case_76_codes_without_prefix_in_lower_case_with_spaces(tmp_path, given):
    areas = hicgeo.read_neighbourhoods(
        areas_file(tmp_path, ["BU05180001", given, "BU0518AD03"], name="buurten_2015.gpkg"), level="buurt"
    )
    assert areas.index.tolist() == ["BU05180001", "BU03630001", "BU0518AD03"]
    assert areas.attrs["repaired_codes"] == {given.strip(): "BU03630001"}
    counts = read_counts(counts_file(tmp_path, ["BU05180001", given]))
    clean = read_counts(counts_file(tmp_path, ["BU05180001", "BU03630001"]))
    pd.testing.assert_frame_equal(counts, clean)


def test_case_76_codes_of_two_widths_are_not_guessed(tmp_path):
    with pytest.raises(InputError, match="codes without a prefix must be of one level"):
        read_counts(counts_file(tmp_path, ["140001", "3630001"]))


def both(folder, codes):
    return read_counts(counts_file(folder, codes)), hicgeo.read_neighbourhoods(areas_file(folder), level="wijk")


RATE = {"crime_type": "woninginbraak", "period": "2015", "base": "dwellings", "norm": "regional"}


def test_case_77_codes_of_another_year(tmp_path):
    counts, areas = both(tmp_path, [*AREAS[:2], "WK036399"])  # recoded since
    assert set(areas["vintage"]) == {2015}
    with pytest.raises(AlignmentError, match="boundaries of the year of the counts"):
        hicgeo.rates(counts, areas, **RATE)
    known = hicgeo.read_neighbourhoods(tmp_path / "wijken_2015.gpkg", level="wijk", vintage=2014)
    assert set(known["vintage"]) == {2014}
    found = hicgeo.rates(counts, areas, unmatched="report", **RATE)
    clean = hicgeo.rates(*both(tmp_path, AREAS), **RATE)
    pd.testing.assert_series_equal(found["rate"].iloc[:2], clean["rate"].iloc[:2])
    assert np.isnan(found.loc["WK036301", "rate"])


def test_case_78_what_does_not_join_is_measured_on_both_sides(tmp_path):
    counts, areas = both(tmp_path, [*AREAS[:2], "WK036399"])
    match = hicgeo.match_codes(counts, areas, crime_type="woninginbraak", period="2015", base="dwellings")
    assert match.share_incidents == pytest.approx(36 / 108)
    assert match.share_base == 0.3
    assert match.without_area.index.tolist() == ["WK036399"]
    assert match.without_counts.index.tolist() == ["WK036301"]
    totals = match.to_frame()
    assert totals["incidents"].sum() == 3 * 36
    assert totals["base"].sum() == 1000
    with pytest.raises(AlignmentError):
        hicgeo.rates(counts, areas, **RATE)


@pytest.mark.parametrize(("lost", "refused"), [(1, False), (2, True)])
def test_case_78_up_to_one_per_cent_passes(tmp_path, lost, refused):
    # 12 incidents a month over two wijken make 144 in 2015, of which `lost` have a code without a polygon
    def value(code, month):
        return int(month == "2015MM01") * lost if code == "WK036399" else 6

    counts = read_counts(counts_file(tmp_path, [*AREAS[:2], "WK036399"], value))
    areas = hicgeo.read_neighbourhoods(areas_file(tmp_path, AREAS[:2]), level="wijk")
    if refused:
        with pytest.raises(AlignmentError):
            hicgeo.rates(counts, areas, **RATE)
    else:
        assert hicgeo.rates(counts, areas, **RATE)["incidents"].sum() == 144
