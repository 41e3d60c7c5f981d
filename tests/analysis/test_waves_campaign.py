"""What benchmarks/waves.md and benchmarks/operation.md claim, held against the results that are committed."""

import json

import pytest


@pytest.fixture(scope="module")
def results(root):
    def read(topic):
        return json.loads((root / "benchmarks" / "results" / f"{topic}.json").read_text(encoding="utf-8"))

    return read


def test_the_scan_alarms_at_its_level(results):
    rows = results("waves")["alarms"]
    assert {row["windows"] for row in rows} == {"now", "any"}
    for row in rows:
        assert row["runs"] >= 500
        assert row["interval"][0] <= 0.05 <= row["interval"][1], row


def test_the_scan_finds_what_is_planted(results):
    rows = {(row["windows"], row["extra"], row["days"]): row["found"] for row in results("waves")["power"]}
    assert rows["now", 4, 7] >= 0.8
    assert rows["now", 6, 14] >= 0.9
    for (windows, extra, days), found in rows.items():
        assert found >= rows.get((windows, extra - 1, days), 0.0) - 0.1, "more is found more often"


def test_st_dbscan_is_four_times_as_fast_as_its_peer(results):
    rows = [row for row in results("waves")["speed"] if "times" in row]
    assert max(row["n"] for row in rows) == 100_000
    assert all(row["times"] >= 4 for row in rows)


def test_emerging_hotspots_alarm_no_more_than_their_level(results):
    for row in results("waves")["classes"]["alarms"]:
        assert row["interval"][0] <= 0.05, row


def test_knox_is_three_times_as_fast_as_a_bincount(results):
    rows = {row["n"]: row["times"] for row in results("near_repeat")["speed"]}
    assert rows[5_000] >= 3
    assert rows[20_000] >= 5


def test_target_areas_beat_counting_and_adding_near_repeats_does_not_help(results):
    rows = {row["way"]: row for row in results("operation")["targets"]["rows"]}
    for count in ("last_year_100m", "last_year_250m", "last_month_100m", "random"):
        assert rows[count]["more_interval"][0] > 0, count
    assert rows["with near repeats"]["more_interval"][1] > 0


def test_the_interval_of_wdd_holds_what_it_says(results):
    for row in results("operation")["coverage"]:
        assert abs(row["difference_covers"] - 0.95) <= 0.01, row
    loop = results("operation")["loop"]
    assert loop["none"].get("niet aangetoond", 0) >= 0.9 * loop["cities"]
    assert loop["planted"].get("daling", 0) >= 0.75 * loop["cities"]
