from __future__ import annotations

import itertools

import numpy as np
import pandas as pd
import pytest

import hicgeo
from hicgeo.errors import ColumnError, InputError
from hicgeo.schema import check_counts

NAMES = {"code": "wijk", "crime_type": "soort", "month": "maand", "incidents": "aantal"}
CODES, TYPES, MONTHS = ["WK051801", "WK051802"], ["1.1.1", "1.4.6", "2.2.2"], ["2015MM01", "2015MM02", "2015MM03"]


@pytest.fixture
def rows():
    """Every cell holds its own number, so that none can be mistaken for another."""
    cells = itertools.product(CODES, TYPES, MONTHS)
    return [[code, kind, month, str(n)] for n, (code, kind, month) in enumerate(cells, 1)]


@pytest.fixture
def read(tmp_path):
    def reader(rows, columns=NAMES, titles=("wijk", "soort", "maand", "aantal"), **more):
        path = tmp_path / "counts.csv"
        path.write_text("\n".join(",".join(row) for row in [list(titles), *rows]))
        return check_counts(hicgeo.read_counts(path, columns=columns, **more))

    return reader


def test_cube(rows, read):
    counts = read(rows)
    assert counts.index.names == ["code", "crime_type", "month"]
    assert len(counts) == 2 * 2 * 3
    assert counts.loc[("WK051801", "woninginbraak", pd.Period("2015-02")), "incidents"] == 2
    assert counts.loc[("WK051802", "straatroof", pd.Period("2015-03")), "incidents"] == 15
    assert counts.attrs["period"] == ("2015-01", "2015-03")
    assert counts.attrs["left_out"] == {"2.2.2": {"rows": 6, "incidents": 7 + 8 + 9 + 16 + 17 + 18}}


def test_total_in_is_total_out(rows, read):
    counts = read(rows)
    left_out = sum(each["incidents"] for each in counts.attrs["left_out"].values())
    assert counts["incidents"].sum() + left_out == sum(range(1, 19))


def test_order_of_rows_does_not_matter(rows, read):
    pd.testing.assert_frame_equal(read(rows[::-1]), read(rows))


@pytest.mark.parametrize("shape", ["{y}-{m:02d}", "{y}{m:02d}", "{y}MM{m:02d}  ", "{y}-{m:02d}-01"])
def test_month_formats(rows, read, shape):
    written = [[r[0], r[1], shape.format(y=r[2][:4], m=int(r[2][-2:])), r[3]] for r in rows]
    pd.testing.assert_frame_equal(read(written), read(rows))


def test_year_and_month_apart_and_trailing_spaces(rows, read):
    apart = [[f" {r[0]}    ", f"{r[1]} ", r[2][:4], str(int(r[2][-2:])), r[3]] for r in rows]
    titles = ("wijk", "soort", "jaar", "nr", "aantal")
    columns = NAMES | {"month": ["jaar", "nr"]}
    pd.testing.assert_frame_equal(read(apart, columns, titles), read(rows))


def test_absent_and_empty_are_missing_not_zero(rows, read):
    rows[1][3] = ""
    del rows[4]
    counts = read(rows)
    missing = counts[counts["status"] == "missing"]
    assert missing.index.tolist() == [
        ("WK051801", "straatroof", pd.Period("2015-02")),
        ("WK051801", "woninginbraak", pd.Period("2015-02")),
    ]
    assert counts.attrs["absent"] == 2


def test_a_month_that_no_row_has_is_there_and_missing(rows, read):
    counts = read([row for row in rows if row[2] != "2015MM02"])
    assert counts.xs(pd.Period("2015-02"), level="month")["incidents"].isna().all()


def test_years_are_left_out(rows, read):
    rows.append([CODES[0], TYPES[0], "2015JJ00", "6"])
    counts = read(rows)
    assert counts["incidents"].sum() == read(rows[:-1])["incidents"].sum()
    assert counts.attrs["left_out"]["years and quarters"] == {"rows": 1, "incidents": 6}


def silent(rows):
    """Nothing in March whatever the type, and no street robbery ever."""
    return [[*r[:3], "0" if r[2] == "2015MM03" or r[1] == "1.4.6" else r[3]] for r in rows]


def test_zeros_throughout_are_refused_by_default(rows, read):
    with pytest.raises(InputError, match="month 2015-03, type straatroof"):
        read(silent(rows))


def test_zeros_throughout_as_missing(rows, read):
    counts = read(silent(rows), all_zero="missing")
    assert counts.attrs["missing_months"] == ["2015-03"]
    assert counts.attrs["missing_types"] == ["straatroof"]
    assert counts.xs("straatroof", level="crime_type")["incidents"].isna().all()
    known = counts.xs("woninginbraak", level="crime_type")["incidents"].unstack()
    assert known.to_numpy()[:, :2].tolist() == [[1, 2], [10, 11]]
    assert np.isnan(known.to_numpy()[:, 2]).all()


def test_zeros_throughout_kept(rows, read):
    counts = read(silent(rows), all_zero="keep")
    assert (counts["status"] == "final").all()
    assert counts["incidents"].sum() == 1 + 2 + 10 + 11


def test_a_month_is_only_silent_when_every_type_of_the_file_is(rows, read):
    rows = [[*r[:3], "0" if r[2] == "2015MM03" and r[1] != "2.2.2" else r[3]] for r in rows]
    assert read(rows)["incidents"].notna().all()


def test_provisional(rows, read):
    counts = read(rows, provisional_from="2015-02")
    assert counts["status"].unstack().iloc[0].tolist() == ["final", "provisional", "provisional"]


def test_own_code_table(rows, read):
    for row in rows:
        row[1] = {"1.1.1": "104", "1.4.6": "102", "2.2.2": "100"}[row[1]]
    counts = read(rows, crime_types={104: "woninginbraak", "102": "straatroof"})
    assert counts.index.unique("crime_type").tolist() == ["straatroof", "woninginbraak"]


@pytest.mark.parametrize(
    ("change", "error", "message"),
    [
        (lambda rows: rows.append(list(rows[0])), InputError, "line 20"),
        (lambda rows: rows[3].__setitem__(3, "-2"), InputError, "line 5"),
        (lambda rows: rows[3].__setitem__(3, "2.5"), InputError, "whole numbers"),
        (lambda rows: rows[3].__setitem__(2, "March"), InputError, "line 5"),
        (lambda rows: rows[3].pop(), InputError, "too_short 1"),
        (lambda rows: [row.__setitem__(1, "9.9.9") for row in rows], InputError, "9.9.9"),
    ],
)
def test_faults_stop(rows, read, change, error, message):
    change(rows)
    with pytest.raises(error, match=message):
        read(rows)


def test_columns_must_be_named(rows, read):
    with pytest.raises(ColumnError, match="crime_type"):
        read(rows, {"code": "wijk"})
    with pytest.raises(ColumnError, match="near: aantal"):
        read(rows, NAMES | {"incidents": "aantallen"})
