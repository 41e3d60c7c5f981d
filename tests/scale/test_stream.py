"""A file read in blocks gives what it gives in memory, wherever the blocks end."""

from __future__ import annotations

import geopandas as gpd
import pandas as pd
import pytest
import shapely
from twins import Export

import hicgeo
from hicgeo.errors import InputError
from hicgeo.scale import stream

PERIOD = ("2023-01", "2023-12")


@pytest.fixture(scope="module")
def city(tmp_path_factory):
    folder = tmp_path_factory.mktemp("city")
    hicgeo.write_sample(hicgeo.sample_city(7), folder)
    buurten = hicgeo.read_neighbourhoods(folder / "wijkenbuurten_2024.gpkg", level="buurt")
    return folder / "incidents.csv", buurten


def in_memory(path, areas, *, date="start", period=PERIOD, **reading):
    intake = hicgeo.read_incidents(path, **reading)
    where = hicgeo.assign_neighbourhoods(intake.incidents, areas, max_distance=1.0)
    return intake, where, hicgeo.count_incidents(intake.incidents, where, areas, date=date, period=period)


def streamed(path, areas, *, date="start", period=PERIOD, **reading):
    return hicgeo.count_from_file(path, areas, date=date, period=period, max_distance=1.0, **reading)


def same(found, intake, where, counts):
    pd.testing.assert_frame_equal(found.counts, counts, check_exact=False, atol=1e-9)
    for name, value in counts.attrs.items():
        assert found.counts.attrs[name] == pytest.approx(value) if isinstance(value, float) else value, name
    assert found.read == intake.read
    assert found.size == intake.size
    assert found.account["bytes"].tolist() == intake.account["bytes"].tolist()
    assert found.account["records"].tolist() == intake.account["records"].tolist()
    assert found.statuses.sum() == len(where)
    for status, n in where["status"].value_counts().items():
        assert found.statuses[status] == n
    columns = ["record", "line", "value"]
    pd.testing.assert_frame_equal(found.rejected[columns], intake.rejected[columns])
    # the same number with the same content is told apart only within a block
    told = [each.rejected["reason"].replace("duplicate_number", "duplicate") for each in (found, intake)]
    assert told[0].tolist() == told[1].tolist()


@pytest.mark.parametrize("block", [20_000, 100_000, 10_000_000])
@pytest.mark.parametrize("date", ["start", "aoristic"])
def test_blocks_of_any_size_give_what_memory_gives(city, monkeypatch, block, date):
    path, buurten = city
    monkeypatch.setattr(stream, "BLOCK_BYTES", block)
    period = ("2020-01", "2024-12")
    found = streamed(path, buurten, columns="sample", date=date, period=period)
    intake, where, counts = in_memory(path, buurten, columns="sample", date=date, period=period)
    assert {"duplicate", "duplicate_number"} <= set(intake.rejected["reason"])
    same(found, intake, where, counts)


def test_two_processes_give_what_one_gives(city, monkeypatch):
    path, buurten = city
    # blocks that the other processes get are made here
    monkeypatch.setattr(stream, "BLOCK_BYTES", 200_000)
    one, two = (streamed(path, buurten, columns="sample", jobs=jobs) for jobs in (1, 2))
    pd.testing.assert_frame_equal(one.counts, two.counts)
    pd.testing.assert_frame_equal(one.rejected, two.rejected)
    pd.testing.assert_frame_equal(one.notes, two.notes)


@pytest.fixture
def area():
    return gpd.GeoDataFrame(
        {"name": ["A"], "dwellings": [10]},
        geometry=[shapely.box(70000, 450000, 90000, 470000)],
        index=pd.Index(["BU05180001"], name="code"),
        crs="EPSG:28992",
    )


@pytest.mark.parametrize("policy", ["heaviest", "first"])
def test_the_offence_that_counts_is_found_over_all_blocks(tmp_path, area, monkeypatch, policy):
    export = Export(tmp_path, n=40)
    export.set(39, "nr", export.rows[0][0])  # a burglary in the first block, a robbery in the last
    export.set(38, "nr", export.rows[1][0])  # a street robbery first, a burglary last
    path = export.write()
    monkeypatch.setattr(stream, "BLOCK_BYTES", 500)
    found = streamed(path, area, columns=export.columns, duplicates=policy)
    intake, where, counts = in_memory(path, area, columns=export.columns, duplicates=policy)
    same(found, intake, where, counts)
    lost = {"heaviest": [1, 39], "first": [39, 40]}[policy]
    assert found.rejected["record"].tolist() == lost
    by_type = found.counts["incidents"].groupby("crime_type").sum()
    assert by_type["woninginbraak"] == {"heaviest": 18, "first": 19}[policy]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp1252"])
@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_encoding_and_line_ends_are_those_of_the_whole_file(tmp_path, area, monkeypatch, encoding, end):
    export = Export(tmp_path, n=40)
    export.set(30, "gemeente", "Súdwest-Fryslân")  # the only letter above ASCII stands in a late block
    lines = export.lines()
    lines.insert(20, "")
    lines.insert(10, "een;regel;te;kort")
    path = export.write((end + end.join(lines) + end).encode(encoding))
    monkeypatch.setattr(stream, "BLOCK_BYTES", 600)
    found = streamed(path, area, columns=export.columns)
    same(found, *in_memory(path, area, columns=export.columns))
    assert found.rejected["reason"].tolist() == ["too_short"]


def test_a_quote_that_does_not_close_costs_its_own_record_only(tmp_path, area, monkeypatch):
    export = Export(tmp_path, n=40)
    export.set(13, "gemeente", '"Den Haag')
    path = export.write()
    for block in (300, 333, 1000):
        monkeypatch.setattr(stream, "BLOCK_BYTES", block)
        found = streamed(path, area, columns=export.columns)
        assert found.rejected["record"].tolist() == [14]
        same(found, *in_memory(path, area, columns=export.columns))


def test_blocks_in_two_systems_are_refused(tmp_path, area, monkeypatch):
    export = Export(tmp_path, n=80)
    for row in range(40, 80):
        export.set(row, "x", "4.31")
        export.set(row, "y", "52.08")
    path = export.write()
    monkeypatch.setattr(stream, "BLOCK_BYTES", len(path.read_bytes()) // 2)
    with pytest.raises(hicgeo.HicgeoError, match="CRS"):
        streamed(path, area, columns=export.columns)


def test_what_cannot_be_read_in_blocks_says_so(tmp_path, area):
    export = Export(tmp_path)
    with pytest.raises(InputError, match="only text"):
        streamed(export.write(b"PK\3\4").rename(tmp_path / "export.xlsx"), area, columns=export.columns)
    with pytest.raises(InputError, match="UTF-16"):
        streamed(export.write("\n".join(export.lines()).encode("utf-16")), area, columns=export.columns)
    with pytest.raises(InputError, match="at least one record"):
        streamed(export.write(export.lines()[0] + "\n\n \n"), area, columns=export.columns)
