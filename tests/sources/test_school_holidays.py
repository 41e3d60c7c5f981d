"""School holidays from a file of the user: dates as they stand there, and none besides."""

import pandas as pd
import pytest

import hicgeo as hg
from hicgeo.errors import InputError

ROWS = """vakantie;regio;begin;eind
Herfst;noord;26-10-2024;03-11-2024
Herfst;midden en zuid;19-10-2024;27-10-2024
Kerst;heel Nederland;21-12-2024;05-01-2025
"""


@pytest.fixture
def table(tmp_path):
    def write(text, name="vakanties.csv"):
        path = tmp_path / name
        path.write_text(text, encoding="utf-8")
        return path

    return write


@pytest.mark.parametrize(
    ("region", "first"), [("noord", "2024-10-26"), ("midden", "2024-10-19"), ("zuid", "2024-10-19")]
)
def test_rows_of_the_region_and_of_the_whole_country(table, region, first):
    got = hg.read_school_holidays(table(ROWS), region=region)
    assert got["start"].tolist() == [pd.Timestamp(first), pd.Timestamp("2024-12-21")]
    assert got["end"].tolist()[1] == pd.Timestamp("2025-01-05")


def test_without_regions_all_rows_count_and_titles_can_be_named(table):
    path = table("eerste,laatste\n2024-07-13,2024-08-25\n2024-07-13,2024-08-25\n")
    got = hg.read_school_holidays(path, columns={"start": "eerste", "end": "laatste"})
    assert got.to_numpy().tolist() == [[pd.Timestamp("2024-07-13"), pd.Timestamp("2024-08-25")]]


@pytest.mark.parametrize(
    ("text", "asked", "message"),
    [
        (ROWS, {}, "the file has noord, midden, zuid"),
        (ROWS, {"region": "oost"}, "noord, midden or zuid"),
        (ROWS.replace("noord", "oost"), {"region": "zuid"}, "1 others .first: row 2"),
        ("start;end\n2024-07-01;2024-07-02\n", {"region": "zuid"}, "no column of it"),
        ("regio;start;end\nnoord;2024-07-01;2024-07-02\n", {"region": "zuid"}, "holidays of zuid"),
        ("start;end\n2024-07-02;2024-07-01\n", {}, "1 end before they start .first: row 2"),
        ("start;end\n2024-07-02;volgt\n", {}, "1 without two dates"),
        ("start;naam\n2024-07-02;x\n", {}, "no column for end"),
        ("start;end\n2024-07-02;2024-07-03\n", {"columns": {"begin": "start"}}, "must be ours"),
    ],
)
def test_what_cannot_be_right_is_refused(table, text, asked, message):
    with pytest.raises(hg.HicgeoError, match=message):
        hg.read_school_holidays(table(text), **asked)


def test_an_export_of_incidents_is_no_table_of_holidays(table):
    """It has a first and a last day too; but hundreds begin in a year, and most are over the same day."""
    days = pd.date_range("2024-01-01", periods=60, freq="6D")
    rows = [
        f"{1000 + n};woninginbraak;{day:%d-%m-%Y};{day + pd.Timedelta(days=n % 2):%d-%m-%Y}"
        for n, day in enumerate(days)
    ]
    for some in (rows, rows[:12]):
        path = table("\n".join(["registratienummer;delict;begin;eind", *some]), "export.csv")
        with pytest.raises(InputError) as refused:
            hg.read_school_holidays(path)
        assert refused.value.expected.startswith("school holidays must be")
        assert "begin in one year" in refused.value.given
        assert refused.value.remedy.startswith("name the table of the school holidays")
        assert "1000" not in str(refused.value)


def test_three_regions_and_a_day_off_are_holidays(table):
    """The six holidays of a Dutch school year in three regions, with the days of May in between."""
    first = ["17-02-2024", "27-04-2024", "13-07-2024", "26-10-2024", "21-12-2024", "09-05-2024"]
    last = ["25-02-2024", "05-05-2024", "25-08-2024", "03-11-2024", "31-12-2024", "09-05-2024"]
    rows = [f"{region};{a};{b}" for region in ("noord", "midden", "zuid") for a, b in zip(first, last, strict=True)]
    assert len(hg.read_school_holidays(table("\n".join(["regio;begin;eind", *rows])), region="zuid")) == 6
