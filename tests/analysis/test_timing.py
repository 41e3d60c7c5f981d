"""Aoristic weights against a minute-by-minute count, and periods."""

import astral.sun
import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from scipy import stats

import hicgeo as hg
from hicgeo.analysis.timing import months

ZONE = "Europe/Amsterdam"


def windows(pairs):
    start, end = zip(*pairs, strict=True)
    return pd.DataFrame(
        {
            "start": pd.to_datetime(list(start)).tz_localize(ZONE, ambiguous=True),
            "end": pd.to_datetime(list(end)).tz_localize(ZONE, ambiguous=False),
        }
    )


def minute_by_minute(table, unit_of):
    """The slow truth: every real minute of the window carries the same weight."""
    rows = []
    for start, end in zip(table["start"].dt.tz_convert("UTC"), table["end"].dt.tz_convert("UTC"), strict=True):
        minutes = pd.date_range(start, end, freq="min", inclusive="left") if end > start else pd.DatetimeIndex([start])
        units = unit_of(minutes.tz_convert(ZONE))
        rows.append(pd.Series(1 / len(minutes), index=units).groupby(level=0).sum())
    return pd.DataFrame(rows).fillna(0.0)


@pytest.fixture(scope="module")
def random_windows():
    rng = np.random.default_rng(1)
    # Half of them around the clock changes of 2024.
    centre = rng.choice(pd.to_datetime(["2024-03-31", "2024-10-27", "2024-07-01", "2023-12-31"]).to_numpy(), 300)
    begin = pd.DatetimeIndex(centre) + pd.to_timedelta(rng.integers(-1500, 1500, 300), unit="min")
    start = begin.tz_localize("UTC").tz_convert(ZONE)
    length = pd.to_timedelta(rng.choice([0, 1, 59, 60, 61, 500, 1440, 3000, 5000], 300), unit="min")
    return pd.DataFrame({"start": start, "end": start + length})


UNITS = {
    "hour_of_day": lambda t: t.hour,
    "hour_of_week": lambda t: t.day_of_week * 24 + t.hour,
    "day_of_week": lambda t: t.day_of_week,
    "month_of_year": lambda t: t.month,
    "month": lambda t: t.tz_localize(None).to_period("M"),
    "date": lambda t: t.tz_localize(None).to_period("D"),
    "season": lambda t: [
        f"{year}" if 4 <= month <= 9 else f"{year - (month < 4)}/{(year + (month > 9)) % 100:02d}"
        for year, month in zip(t.year, t.month, strict=True)
    ],
}


@pytest.mark.parametrize("by", UNITS)
def test_equals_the_count_of_minutes(random_windows, by):
    got = hg.aoristic(random_windows, by=by, max_window=None)
    truth = minute_by_minute(random_windows, UNITS[by])
    np.testing.assert_allclose(got[truth.columns], truth, atol=1e-12)
    assert got.to_numpy().sum() == pytest.approx(len(random_windows), abs=1e-9)
    np.testing.assert_allclose(got.sum(axis="columns"), 1.0, atol=1e-12)


def test_ten_thousand_windows_over_both_clock_changes_equal_the_count_of_minutes():
    rng = np.random.default_rng(2)
    minutes = pd.date_range("2024-01-01", "2025-01-15", freq="min", tz="UTC")
    local = minutes.tz_convert(ZONE)
    near = rng.choice([90 * 1440, 300 * 1440, 183 * 1440], 10_000)  # 31 March, 27 October, 2 July
    begin = near + rng.integers(-2000, 2000, 10_000)
    length = rng.choice([0, 1, 30, 61, 480, 1440, 10_080, 14_400], 10_000)
    table = pd.DataFrame({"start": local[begin], "end": local[begin + length]})
    for by, columns in (("hour_of_week", 168), ("hour_of_day", 24), ("day_of_week", 7)):
        unit = np.asarray(UNITS[by](local))
        truth = np.stack(
            [
                np.bincount(unit[a : a + max(n, 1)], minlength=columns) / max(n, 1)
                for a, n in zip(begin, length, strict=True)
            ]
        )
        got = hg.aoristic(table, by=by, max_window=None)
        np.testing.assert_allclose(got, truth, atol=1e-12)
        np.testing.assert_allclose(got.sum(axis="columns"), 1.0, atol=1e-12)


def test_a_window_of_ten_years_still_sums_to_one():
    table = windows([("2010-03-01 04:10:07", "2020-06-01 12:00:01")])
    for by in ("hour_of_week", "hour_of_day", "month", "season"):
        assert hg.aoristic(table, by=by, max_window=None).sum(axis="columns").item() == pytest.approx(1, abs=1e-12)


def test_long_windows_are_set_apart_and_counted():
    table = windows([("2024-05-01 10:00", "2024-05-01 12:00"), ("2024-05-01 00:00", "2024-05-22 00:00")])
    got = hg.aoristic(table, by="hour_of_week", max_window="48h")
    assert got.attrs["set_apart"] == 1
    assert got.loc[1].isna().all()
    assert got.sum().sum() == pytest.approx(1.0)
    assert got.columns.size == 168


def test_when_it_was_found_is_a_day_and_not_an_hour():
    pairs = [("2024-05-01 10:00", "2024-05-01 12:00"), ("2024-05-03 18:00", "2024-05-03 18:00"),
             ("2024-05-05 09:00", "2024-05-05 09:00")]  # fmt: skip
    table = at_places(pairs, [UTRECHT] * 3).assign(time_status=pd.Categorical(["window", "to_only", "from_only"]))
    for by in ("hour_of_day", "hour_of_week", "light"):
        got = hg.aoristic(table, by=by, max_window="48h")
        assert got.attrs["only_end"] == 1
        assert got.attrs["set_apart"] == got.attrs["unlocated"] == 0
        assert got.loc[1].isna().all()
        assert got.sum().sum() == pytest.approx(2)
    for by in ("date", "month", "season", "day_of_week"):
        got = hg.aoristic(table, by=by, max_window="48h")
        assert got.attrs["only_end"] == 0
        assert got.sum().sum() == pytest.approx(3)
    profile = hg.hour_profile(table, max_window="48h", rng=1, draws=99)
    assert profile.attrs["used"] == 2
    assert profile[["aoristic", "by_start", "by_middle", "by_end"]].sum().tolist() == pytest.approx([2] * 4)


def test_the_hour_that_came_twice_weighs_double():
    table = windows([("2024-10-27 01:00", "2024-10-27 04:00")])
    got = hg.aoristic(table, by="hour_of_day", max_window=None).loc[0]
    assert got[[1, 2, 3]].tolist() == pytest.approx([0.25, 0.5, 0.25])


# daylight, twilight, dark


def at_places(pairs, places, crs="EPSG:28992"):
    points = gpd.points_from_xy(*np.transpose(places), crs="EPSG:4326").to_crs(crs)
    return gpd.GeoDataFrame(windows(pairs), geometry=points)


UTRECHT = (5.12, 52.09)  # longitude, latitude


def test_the_sun_in_utrecht_is_that_of_the_almanac():
    # 24 hours each; sunrise and sunset to the minute: 05:19-22:03, 08:46-16:29, 07:41-19:15
    days = ["2024-06-21", "2024-12-21", "2024-10-01"]
    pairs = [(day, pd.Timestamp(day) + pd.Timedelta(days=1)) for day in days]
    got = hg.aoristic(at_places(pairs, [UTRECHT] * 3), by="light", max_window=None)
    assert list(got.columns) == ["daylight", "twilight", "dark"]
    expected = [16 * 60 + 44, 7 * 60 + 43, 11 * 60 + 34]
    np.testing.assert_allclose(got["daylight"] * 1440, expected, atol=2)
    np.testing.assert_allclose(got.sum(axis="columns"), 1.0, atol=1e-12)


@pytest.mark.parametrize(("twilight", "degrees"), [("civil", 6), ("nautical", 12), ("astronomical", 18)])
def test_light_is_the_height_of_the_sun(twilight, degrees):
    rng = np.random.default_rng(5)
    moments = pd.Timestamp("2024-01-01") + pd.to_timedelta(rng.integers(0, 366 * 1440, 1500), unit="min")
    places = np.column_stack([rng.uniform(3.4, 7.1, 1500), rng.uniform(50.8, 53.5, 1500)])
    stamps = moments.tz_localize("UTC")
    table = gpd.GeoDataFrame(
        {"start": stamps.tz_convert(ZONE), "end": stamps.tz_convert(ZONE)},
        geometry=gpd.points_from_xy(*places.T, crs="EPSG:4326").to_crs("EPSG:28992"),
    )
    got = hg.aoristic(table, by="light", max_window=None, twilight=twilight).to_numpy().argmax(axis=1)
    height = np.array(
        [
            astral.sun.elevation(astral.Observer(y, x, 0.0), stamp, with_refraction=False)
            for (x, y), stamp in zip(places, stamps.to_pydatetime(), strict=True)
        ]
    )
    truth = np.where(height > -0.833, 0, np.where(height > -degrees, 1, 2))
    # near a border of the two, a minute decides
    clear = (abs(height + 0.833) > 0.15) & (abs(height + degrees) > 0.15)
    assert clear.mean() > 0.9
    assert (got[clear] == truth[clear]).all()


def test_dutch_midsummer_has_no_astronomical_night_but_a_civil_one():
    night = at_places([("2024-06-21 22:30", "2024-06-22 04:30")], [UTRECHT])
    assert hg.aoristic(night, by="light", max_window=None, twilight="astronomical").loc[0].tolist() == [0, 1, 0]
    civil = hg.aoristic(night, by="light", max_window=None).loc[0]
    assert civil["dark"] > 0.9
    assert civil["daylight"] == 0


def test_beyond_the_polar_circle_the_sun_may_not_rise_or_not_set():
    tromso = (18.96, 69.65)
    pairs = [("2024-06-10", "2024-06-20"), ("2024-12-10", "2024-12-20"), ("2024-05-10", "2024-05-25")]
    got = hg.aoristic(at_places(pairs, [tromso] * 3, crs="EPSG:25833"), by="light", max_window=None)
    assert got.loc[0].tolist() == [1, 0, 0]
    assert got.loc[1, "daylight"] == 0
    assert 0.15 < got.loc[1, "twilight"] < 0.35  # noon is civil twilight, five to six hours
    assert 0.85 < got.loc[2, "daylight"] < 1  # the midnight sun begins within
    assert got.loc[2, "dark"] == 0
    np.testing.assert_allclose(got.sum(axis="columns"), 1.0, atol=1e-12)


def test_an_incident_without_a_place_has_no_light_and_is_counted():
    table = at_places([("2024-01-01 12:00", "2024-01-01 13:00")] * 2, [UTRECHT] * 2)
    table.loc[1, "geometry"] = shapely.Point()
    got = hg.aoristic(table, by="light", max_window="1h")
    assert (got.attrs["unlocated"], got.attrs["set_apart"]) == (1, 0)
    assert got.loc[0].tolist() == [1, 0, 0]
    assert got.loc[1].isna().all()
    with pytest.raises(hg.ColumnError, match="without geometry"):
        hg.aoristic(table.drop(columns="geometry"), by="light", max_window=None)
    with pytest.raises(hg.InputError, match="civil"):
        hg.aoristic(table, by="light", max_window=None, twilight="moonlight")


def test_the_weights_feed_counts_surface_and_season_alike():
    city = hg.sample_city(3)
    incidents = city.incidents[city.incidents["crime_type"] == "woninginbraak"]
    dark = hg.aoristic(incidents, by="light", max_window="48h")["dark"].fillna(0.0)
    grid = hg.Grid.over(city.neighbourhoods, cell_size=100)
    surface = hg.kde(incidents, grid, bandwidth=400, weights=dark)
    inside = grid.locate(np.column_stack([incidents.geometry.x, incidents.geometry.y])) >= 0
    assert float(surface.sum()) * 0.1**2 == pytest.approx(surface.attrs["n"])
    assert surface.attrs["n"] <= dark.sum() + 1e-9
    assert surface.attrs["n"] == pytest.approx(dark.to_numpy()[inside].sum(), rel=0.01)
    months, seasons = (hg.aoristic(incidents, by=by, max_window=None).sum() for by in ("month", "season"))
    assert seasons["2021/22"] == pytest.approx(months["2021-10":"2022-03"].sum())
    assert seasons["2022"] == pytest.approx(months["2022-04":"2022-09"].sum())


# the profile


def test_a_profile_adds_up_and_its_naive_columns_are_counts():
    table = windows([("2024-05-01 10:00", "2024-05-01 12:00")] * 60 + [("2024-05-01 00:00", "2024-05-22 00:00")])
    got = hg.hour_profile(table, by="hour_of_day", max_window="48h", rng=1)
    assert got.attrs["used"] == 60
    assert got.loc[[10, 11], "aoristic"].tolist() == pytest.approx([30, 30])
    assert (got.loc[10, "by_start"], got.loc[11, "by_middle"], got.loc[12, "by_end"]) == (60, 60, 60)
    assert got[["aoristic", "by_start", "by_middle", "by_end"]].sum().tolist() == pytest.approx([60] * 4)
    # every incident says the same: drawing them again changes nothing
    assert got.loc[10, ["aoristic_low", "aoristic_high"]].tolist() == pytest.approx([30, 30])


def test_the_interval_of_a_profile_is_that_of_a_binomial():
    rng = np.random.default_rng(4)
    hour = rng.choice(24, 2000, p=np.arange(1, 25) / 300)
    moment = (pd.Timestamp("2024-05-01") + pd.to_timedelta(hour, unit="h")).tz_localize(ZONE)
    got = hg.hour_profile(
        pd.DataFrame({"start": moment, "end": moment}), by="hour_of_day", max_window=None, rng=1, draws=4000
    )
    width = got["aoristic_high"] - got["aoristic_low"]
    share = got["aoristic"] / 2000
    np.testing.assert_allclose(width, 2 * 1.96 * np.sqrt(2000 * share * (1 - share)), rtol=0.12)
    with pytest.raises(hg.InputError, match="99 draws"):
        hg.hour_profile(pd.DataFrame({"start": moment, "end": moment}), max_window=None, rng=1, draws=5)


def test_the_interval_of_a_profile_does_not_depend_on_the_order_of_rows(random_windows):
    common = {"by": "hour_of_week", "max_window": None, "rng": 3, "draws": 99}
    here, there = (hg.hour_profile(each, **common) for each in (random_windows, random_windows.iloc[::-1]))
    pd.testing.assert_frame_equal(here, there)
    assert here.attrs["busiest"] == pytest.approx(there.attrs["busiest"])


def test_the_busiest_hours_are_those_within_one_day_and_their_interval_is_of_the_sum():
    pairs = [("2024-05-03 22:05", "2024-05-03 22:25")] * 40 + [("2024-05-04 01:05", "2024-05-04 01:25")] * 40
    table = windows(pairs + [("2024-05-03 20:05", "2024-05-03 20:25")] * 40)
    top = hg.hour_profile(table, max_window="48h", rng=1, draws=999).attrs["busiest"]
    assert (top["first"], top["hours"], top["aoristic"]) == (4 * 24 + 20, 3, 80)
    # chosen far above the rest: a binomial of 80 in 120, not two of 40 end to end (62 to 98)
    low, high = stats.binom.ppf([0.025, 0.975], 120, 80 / 120)
    assert (top["aoristic_low"], top["aoristic_high"]) == pytest.approx((low, high), abs=2)
    one = hg.hour_profile(table, by="hour_of_day", max_window="48h", rng=1, draws=99, run=4).attrs["busiest"]
    assert (one["first"], one["hours"], one["aoristic"]) == (19, 4, 80), "19-23, the first of two that hold both"
    assert hg.hour_profile(table, by="day_of_week", max_window="48h", rng=1, draws=99).attrs["busiest"] is None
    with pytest.raises(hg.InputError, match="hours from 1 to 24"):
        hg.hour_profile(table, max_window="48h", rng=1, run=25)


def test_the_interval_of_the_busiest_hours_allows_for_their_being_picked():
    # a flat week: whatever comes out highest, three hours are expected to hold 3 in 168
    inside, missed = 0, 0
    for seed in range(60):
        hour = np.random.default_rng([8, seed]).integers(0, 12 * 168, 300)
        moment = pd.Timestamp("2024-01-01", tz=ZONE) + pd.to_timedelta(hour, unit="h")
        got = hg.hour_profile(pd.DataFrame({"start": moment, "end": moment}), max_window=None, rng=seed, draws=99)
        top, truth = got.attrs["busiest"], 300 * 3 / 168
        inside += top["aoristic_low"] <= truth <= top["aoristic_high"]
        missed += stats.binom.ppf(0.025, 300, top["aoristic"] / 300) > truth
    assert inside >= 57, "95 %"
    assert missed >= 20, "an interval that does not know of the picking holds it in well under 95 %"


def test_the_planted_hours_come_back_better_than_by_start_middle_or_end():
    city = hg.sample_city(1)
    burglary = city.incidents[city.incidents["crime_type"] == "woninginbraak"]
    got = hg.hour_profile(burglary, max_window="48h", rng=1)
    truth = np.asarray(city.truth.hour_of_week["woninginbraak"])
    names = ["aoristic", "by_start", "by_middle", "by_end"]
    # total variation distance
    error = {name: 0.5 * abs(got[name] / got[name].sum() - truth).sum() for name in names}
    assert error["aoristic"] < 0.75 * min(error[name] for name in names[1:])


def test_input_is_not_changed_and_index_is_kept(random_windows):
    table = random_windows.set_axis([f"id{place}" for place in range(len(random_windows))])
    before = table.copy()
    assert hg.aoristic(table, by="date", max_window=None).index.equals(table.index)
    pd.testing.assert_frame_equal(table, before)


def test_errors_say_what_to_do():
    good = windows([("2024-05-01", "2024-05-02")])
    with pytest.raises(hg.InputError, match="1 rows"):
        hg.aoristic(good.rename(columns={"start": "end", "end": "start"}), by="month", max_window=None)
    with pytest.raises(hg.ColumnError, match="time-zone aware"):
        hg.aoristic(good.assign(start=good["start"].dt.tz_localize(None)), by="month", max_window=None)
    with pytest.raises(hg.InputError, match="hour_of_week"):
        hg.aoristic(good, by="week", max_window=None)
    with pytest.raises(hg.InputError, match="1 rows lack one"):
        hg.aoristic(good.assign(end=good["end"].where([False])), by="month", max_window=None)
    with pytest.raises(hg.InputError, match="length of time"):
        hg.aoristic(good, by="month", max_window="many")
    # two zones are the same moments in both; zones mixed within a column are none that can be compared
    other = good.assign(end=good["end"].dt.tz_convert("UTC"))
    pd.testing.assert_frame_equal(
        hg.aoristic(other, by="hour_of_day", max_window=None), hg.aoristic(good, by="hour_of_day", max_window=None)
    )
    mixed = pd.Series([good["start"][0], good["end"][0].tz_convert("UTC")], dtype=object)
    with pytest.raises(hg.ColumnError, match="object"):
        hg.aoristic(pd.DataFrame({"start": mixed, "end": mixed}), by="month", max_window=None)


def test_no_incidents_give_an_empty_table():
    empty = windows([("2024-05-01", "2024-05-02")]).iloc[:0]
    assert hg.aoristic(empty, by="hour_of_day", max_window="48h").shape == (0, 24)


@pytest.mark.parametrize(
    ("period", "first", "last", "n"),
    [
        ("2024", "2024-01", "2024-12", 12),
        ("2024-02", "2024-02", "2024-02", 1),
        (("2023", "2024-06"), "2023-01", "2024-06", 18),
    ],
)
def test_months_of_a_period(period, first, last, n):
    got = months(period)
    assert (str(got[0]), str(got[-1]), len(got)) == (first, last, n)


@pytest.mark.parametrize("period", ["soon", ("2024-05", "2024-01"), ("2024",), 2024])
def test_what_is_no_period_is_refused(period):
    with pytest.raises(hg.InputError, match="period"):
        months(period)
