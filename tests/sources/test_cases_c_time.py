"""BAD-INPUT section c: time. Every case is a file beside its clean twin."""

from __future__ import annotations

import pandas as pd
import pytest
from twins import BAD, Export, Twin, kinds, originals

import hicgeo
from hicgeo.errors import InputError


def when(export, row, *values):
    for title, value in zip(("van", "vantijd", "tot", "tottijd"), values, strict=True):
        export.set(row, title, value)


def at(text):
    return pd.Timestamp(text, tz="Europe/Amsterdam")


def window(intake, row=BAD):
    return intake.incidents[["start", "end"]].iloc[row].tolist()


def in_whole(export):
    """The same export with the date and the clock time in one column."""
    export.rows = [[*r[:2], f"{r[2]} {r[3]}".strip(), f"{r[4]} {r[5]}".strip(), *r[6:]] for r in export.rows]
    export.titles = [title for title in export.titles if not title.endswith("tijd")]
    export.columns = {ours: theirs for ours, theirs in export.columns.items() if "_date" not in ours}
    export.columns = {ours: theirs for ours, theirs in export.columns.items() if "_time" not in ours}
    export.columns |= {"start": "van", "end": "tot"}


def test_date_and_time_in_one_column_are_the_twin_of_two(twin):
    in_whole(twin.export)
    twin.read()


def test_case_50_day_before_month_unless_declared_otherwise(twin):
    when(twin.export, BAD, "03-04-2024", "10:00", "03-04-2024", "11:00")
    assert window(twin.read(touched=[BAD])) == [at("2024-04-03 10:00"), at("2024-04-03 11:00")]
    for row in twin.export.rows:
        for place in (2, 4):
            day, month, year = row[place].split("-")
            row[place] = f"{month}/{day}/{year}"
    intake = twin.read(touched=[BAD], date_order="month_first")
    assert window(intake) == [at("2024-04-03 10:00"), at("2024-04-03 11:00")]
    with pytest.raises(InputError, match='declare date_order="month_first"'):
        twin.read()


def test_case_51_both_orders_in_one_column(twin):
    for row in range(3, 9):
        twin.export.set(row, "van", f"03-{15 + row}-2023")
    with pytest.raises(InputError) as caught:
        twin.read(touched=range(3, 9))
    shown = caught.value.given
    assert "only dd-mm-jjjj fits: line 2, line 3, line 4;" in shown
    assert "only mm-dd-jjjj fits: line 5, line 6, line 7" in shown
    assert "2023" not in str(caught.value), "where to look, never what stands there"


@pytest.mark.parametrize("epoch", [1900, 1904])
def test_case_52_day_numbers_of_excel(twin, epoch):
    first = {1900: pd.Timestamp("1899-12-30"), 1904: pd.Timestamp("1904-01-01")}[epoch]
    number = (pd.Timestamp("2024-04-01") - first).days
    assert number == {1900: 45383, 1904: 43921}[epoch]
    when(twin.export, BAD, str(number), "10:00", f"{number},5", "")
    intake = twin.read(touched=[BAD], excel_epoch=epoch)
    assert window(intake) == [at("2024-04-01 10:00"), at("2024-04-01 12:00")]
    assert originals(intake, "excel_date") == [(str(number), "2024-04-01"), (f"{number},5", "2024-04-01")]
    assert str(epoch) in intake.notes.set_index("kind")["text"]["excel_date"].iloc[0]


def test_case_53_twenty_four_hours(twin):
    when(twin.export, BAD, "03-04-2023", "23:00", "03-04-2023", "24:00")
    intake = twin.read(touched=[BAD])
    assert window(intake) == [at("2023-04-03 23:00"), at("2023-04-04 00:00")]
    assert originals(intake, "hour_24") == [("24:00", "00:00 of the next day")]


def test_case_54_midnight_by_default_is_an_unknown_time(tmp_path):
    export = Export(tmp_path, 100)
    for row, cells in enumerate(export.rows):
        when(export, row, cells[2], f"{1 + row % 22:02d}:15", cells[4], f"{1 + row % 22:02d}:45")
    twin = Twin(export)
    for row in range(30):
        when(export, row, "03-04-2023", "00:00", "", "")
    intake = twin.read(touched=range(30))
    assert kinds(intake)["midnight"] == 30
    assert originals(intake, "midnight")[0] == ("00:00", "")
    assert window(intake) == [at("2023-04-03 00:00"), at("2023-04-03 23:59:59.999999")]
    assert intake.incidents["time_status"].tolist() == ["date_only"] * 30 + ["window"] * 70
    for row in range(30, 40):  # a tenth is less than three times 1 in 24, and fewer than 20
        when(export, row, "03-04-2023", "00:00", "03-04-2023", "04:00")
    few = [row for row in range(30) if row % 3]
    for row in few:
        when(export, row, "03-04-2023", "10:00", "", "")
    intake = hicgeo.read_incidents(export.write(), columns=export.columns)
    assert kinds(intake)["midnight"] == 20
    for row in range(10):
        when(export, row, "03-04-2023", "10:00", "", "")
    intake = hicgeo.read_incidents(export.write(), columns=export.columns)
    assert "midnight" not in kinds(intake)
    assert window(intake, 30) == [at("2023-04-03 00:00"), at("2023-04-03 04:00")]


@pytest.mark.parametrize(
    ("text", "read"),
    [("8.15", "08:15"), ("8u15", "08:15"), ("8h15", "08:15"), ("0815", "08:15"), ("830", "08:30"), ("8 uur", "08:00")]
    + [("23u", "23:00"), ("08:15 uur", "08:15")],
)
def test_case_55_loose_clock_times(twin, text, read):
    when(twin.export, BAD, "03-04-2023", text, "04-04-2023", "10:00")
    intake = twin.read(touched=[BAD])
    assert window(intake)[0] == at(f"2023-04-03 {read}")
    assert originals(intake, "loose_time") in ([(text, read)], [])


@pytest.mark.parametrize("text", ["2530", "25:30", "8.75", "24:01", "8", "0.25", "kwart over 8", "-8:15"])
def test_case_55_clock_times_that_cannot_be_or_can_be_two(twin, text):
    when(twin.export, BAD, "03-04-2023", text, "04-04-2023", "10:00")
    intake = twin.rejects("bad_time")
    assert intake.rejected[["column", "value"]].to_numpy().tolist() == [["vantijd", f"03-04-2023 {text}"]]


def test_case_56_clock_time_that_did_not_exist(twin):
    when(twin.export, BAD, "31-03-2024", "02:30", "31-03-2024", "04:00")
    intake = twin.read(touched=[BAD])
    assert window(intake) == [at("2024-03-31 03:00"), at("2024-03-31 04:00")]
    assert originals(intake, "clock_gap") == [("31-03-2024 02:30", "2024-03-31T03:00")]


def test_case_57_clock_time_that_came_twice(twin):
    when(twin.export, BAD, "27-10-2024", "02:30", "27-10-2024", "02:30")
    intake = twin.read(touched=[BAD])
    assert [str(each) for each in window(intake)] == ["2024-10-27 02:30:00+02:00", "2024-10-27 02:30:00+01:00"]
    assert intake.incidents["time_status"].iloc[BAD] == "window"
    assert kinds(intake)["clock_overlap"] == 2  # as a start and as an end
    when(twin.export, BAD, "27-10-2024", "02:30", "", "")
    assert [str(each) for each in window(twin.read(touched=[BAD]))] == ["2024-10-27 02:30:00+02:00"] * 2


def test_case_58_window_over_the_gap_has_real_hours(twin):
    when(twin.export, BAD, "31-03-2024", "01:00", "31-03-2024", "04:00")
    incidents = twin.read(touched=[BAD]).incidents
    row = incidents.iloc[[BAD]]
    assert (row["end"] - row["start"]).iloc[0] == pd.Timedelta(hours=2)
    hours = hicgeo.aoristic(row, by="hour_of_day", max_window="48h").iloc[0]
    assert hours[hours > 0].to_dict() == {1: 0.5, 3: 0.5}


def test_case_59_end_before_start(twin):
    when(twin.export, BAD, "03-04-2023", "10:00", "02-04-2023", "09:00")
    intake = twin.rejects("end_before_start")
    assert intake.rejected["value"].iloc[0] == "03-04-2023 10:00 / 02-04-2023 09:00"
    turned = twin.read(touched=[BAD], swap_times=True)
    assert window(turned) == [at("2023-04-02 09:00"), at("2023-04-03 10:00")]
    assert kinds(turned)["window_turned"] == 1


@pytest.mark.parametrize("whole", [False, True])
def test_case_60_end_without_a_date_is_the_next_day(twin, whole):
    when(twin.export, BAD, "31-12-2022", "23:00", "", "02:00")
    if whole:
        in_whole(twin.export)
    intake = twin.read(touched=[BAD])
    assert window(intake) == [at("2022-12-31 23:00"), at("2023-01-01 02:00")]
    assert originals(intake, "end_next_day") == [("02:00", "2023-01-01T02:00")]


def test_case_61_window_of_three_weeks(twin):
    when(twin.export, BAD, "01-03-2023", "10:00", "22-03-2023", "10:00")
    intake = twin.read(touched=[BAD])
    assert kinds(intake)["long_window"] == 1
    hours = hicgeo.aoristic(intake.incidents, by="hour_of_week", max_window="48h")
    assert hours.attrs["set_apart"] == 1
    assert hours.iloc[BAD].isna().all()
    assert hicgeo.aoristic(intake.incidents, by="month", max_window=None).to_numpy().sum() == pytest.approx(40)


def test_case_62_window_of_ten_years(twin):
    when(twin.export, BAD, "03-04-2012", "10:00", "03-04-2022", "10:00")
    assert twin.rejects("window_too_long").rejected["column"].iloc[0] == "tot"
    when(twin.export, BAD, "03-04-2012", "10:00", "03-04-2013", "10:00")  # a year is long, not absurd
    assert kinds(twin.read(touched=[BAD]))["long_window"] == 1


@pytest.mark.parametrize(
    ("case", "values", "status"),
    [(63, ("", "", "03-04-2023", "10:00"), "to_only"), (64, ("03-04-2023", "10:00", "", ""), "from_only")],
)
def test_case_63_64_one_end_known(twin, case, values, status):
    when(twin.export, BAD, *values)
    intake = twin.read(touched=[BAD])
    assert window(intake) == [at("2023-04-03 10:00")] * 2
    assert intake.incidents["time_status"].iloc[BAD] == status
    assert kinds(intake)[status] == 1


def with_offsets(export, rows):
    """The same moments with an offset: winter in UTC, summer as +02:00."""
    for row in rows:
        for place in (2, 3):
            local = pd.to_datetime(export.rows[row][place], format="%d-%m-%Y %H:%M").tz_localize("Europe/Amsterdam")
            winter = local.utcoffset() == pd.Timedelta(hours=1)
            stamp = local.tz_convert("UTC") if winter else local
            export.rows[row][place] = stamp.isoformat().replace("+00:00", "Z")


def test_case_65_moments_with_an_offset(twin):
    in_whole(twin.export)
    with_offsets(twin.export, range(40))
    intake = twin.read()
    assert kinds(intake)["utc_offset"] == 80
    assert originals(intake, "utc_offset")[0] == ("2023-01-12T23:15:00Z", "2023-01-13T00:15")


def test_case_65_some_with_and_some_without(twin):
    in_whole(twin.export)
    with_offsets(twin.export, range(4))
    with pytest.raises(InputError) as caught:
        twin.read()
    shown = caught.value.given
    assert shown.startswith("8 with (van: line 2, line 3, line 4")
    assert "and 72 without (van: line 6, line 7" in shown
    assert "2023" not in str(caught.value)


def test_case_65_start_in_utc_and_end_in_no_zone(twin):
    in_whole(twin.export)
    ends = [row[3] for row in twin.export.rows]
    with_offsets(twin.export, range(40))
    for row, end in zip(twin.export.rows, ends, strict=True):
        row[3] = end
    with pytest.raises(InputError, match=r"40 with .* and 40 without"):
        twin.read()


@pytest.mark.parametrize(
    ("date", "reason"), [("03-04-2103", "future_date"), ("31-12-1989", "before_1990"), ("01-01-1900", "before_1990")]
)
def test_case_66_future_and_long_past(twin, date, reason):
    when(twin.export, BAD, date, "10:00", "", "")
    twin.rejects(reason)


def test_case_66_today_is_no_future(twin):
    today = pd.Timestamp.now(tz="Europe/Amsterdam").strftime("%d-%m-%Y")
    when(twin.export, BAD, today, "00:00", "", "")
    assert len(twin.read(touched=[BAD]).incidents) == 40


@pytest.mark.parametrize(("same", "noted"), [(21, True), (20, False)])
def test_case_67_registered_is_taken_for_committed(export, same, noted):
    export.titles.append("geregistreerd")
    export.columns["registered"] = "geregistreerd"
    for row in export.rows:
        row.append("31-12-2023")
    twin = Twin(export)
    for row in range(same):
        export.set(row, "geregistreerd", export.rows[row][2])
    intake = twin.read(touched=range(same))
    assert kinds(intake).get("registered_as_start") == (same if noted else None)
    assert len(intake.incidents) == 40


def test_case_68_two_digit_years(twin):
    when(twin.export, BAD, "03-04-23", "10:00", "03-04-99", "11:00")
    with pytest.raises(InputError, match=r"four digits.*line 9.*century=2000"):
        twin.read(touched=[BAD])
    when(twin.export, BAD, "03-04-23", "10:00", "03-04-23", "11:00")
    intake = twin.read(touched=[BAD], century=2000)
    assert window(intake) == [at("2023-04-03 10:00"), at("2023-04-03 11:00")]
    assert originals(intake, "short_year") == [("03-04-23", "2023-04-03")] * 2
    when(twin.export, BAD, "03-04-99", "10:00", "03-04-99", "11:00")
    assert window(twin.read(touched=[BAD], century=1900))[0] == at("1999-04-03 10:00")
    twin.rejects("future_date", century=2000)


@pytest.mark.parametrize(
    "wrong", [{"date_order": "year_first"}, {"century": 20}, {"excel_epoch": 1901}, {"duplicates": "all"}]
)
def test_unknown_conventions_are_refused(twin, wrong):
    twin.export.rows.append(list(twin.export.rows[3]))
    with pytest.raises(InputError, match=next(iter(wrong))):
        twin.read(**wrong)
