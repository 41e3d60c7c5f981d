import csv
import hashlib
import json
import os
import re
import sqlite3
import subprocess
import sys

import geopandas as gpd
import numpy as np
import pandas as pd
import pyogrio
import pytest
import shapely
from scipy.spatial import cKDTree

from hicgeo.errors import InputError
from hicgeo.schema import check_incidents, check_neighbourhoods
from hicgeo.sources.sample import sample_city, write_sample

SEED = 1
HEADER = (
    "Registratienummer;Delictcode;Omschrijving;Pleegdatum van;Pleegtijd van;Pleegdatum tot;Pleegtijd tot;"
    "X-coordinaat;Y-coordinaat;Gemeente;Poging;Confrontatie;Geweld;Object;Modus operandi;Woningtype;Adressleutel;"
    "Registratiedatum"
)
DAY = pd.Timedelta(days=1)


@pytest.fixture(scope="module")
def city():
    return sample_city(SEED)


@pytest.fixture(scope="module")
def written(city, tmp_path_factory):
    return write_sample(city, tmp_path_factory.mktemp("sample") / "deep" / "folder")


@pytest.fixture(scope="module")
def truth(written):
    return json.loads(written["truth"].read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def lines(written):
    """Physical lines of the export, from 1 (line 0 is empty)."""
    return ["", *written["incidents"].read_bytes().decode("utf-8-sig").split("\r\n")]


@pytest.fixture(scope="module")
def burglaries(city):
    """Coordinates, true days and buurt of the burglaries."""
    events = city.truth.events[city.truth.events["crime_type"] == "woninginbraak"]
    points = city.incidents.geometry.loc[events.index]
    moment = events["moment"].dt.tz_localize(None)
    return pd.DataFrame({"x": points.x, "y": points.y, "moment": moment, "code": events["code"]})


# --- the same, and not the same ---


def digests(paths):
    return {name: hashlib.sha256(path.read_bytes()).hexdigest() for name, path in paths.items()}


def test_same_seed_same_bytes_in_another_process_time_zone_and_hash_seed(written, tmp_path):
    script = (
        "import sys, time, json, hashlib; time.tzset();"
        "from hicgeo.sources.sample import sample_city, write_sample;"
        f"paths = write_sample(sample_city({SEED}), sys.argv[1]);"
        "print(json.dumps({k: hashlib.sha256(p.read_bytes()).hexdigest() for k, p in paths.items()}))"
    )
    elsewhere = os.environ | {
        "TZ": "Pacific/Auckland",
        "PYTHONHASHSEED": "12345",
        "LC_ALL": "C",
        "OMP_NUM_THREADS": "1",
    }
    done = subprocess.run(
        [sys.executable, "-c", script, str(tmp_path)], env=elsewhere, capture_output=True, text=True, check=True
    )
    assert json.loads(done.stdout) == digests(written)


def test_another_seed_is_another_city(written, tmp_path):
    other = digests(write_sample(sample_city(SEED + 1), tmp_path))
    assert all(other[name] != digest for name, digest in digests(written).items())


def test_writing_leaves_nothing_behind(city, written, tmp_path):
    before = city.incidents.copy(), city.neighbourhoods.copy(), city.truth.events.copy()
    assert digests(write_sample(city, tmp_path)) == digests(written)
    assert digests(write_sample(city, tmp_path)) == digests(written), "over an earlier sample"
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted(path.name for path in written.values())
    assert pyogrio.get_gdal_config_option("OGR_CURRENT_DATE") is None
    for old, new in zip(before, (city.incidents, city.neighbourhoods, city.truth.events), strict=True):
        pd.testing.assert_frame_equal(pd.DataFrame(old), pd.DataFrame(new))


@pytest.mark.parametrize("seed", [-1, 1.5, True, "1", None])
def test_a_seed_is_a_whole_number(seed):
    with pytest.raises(InputError, match="seed must be a whole number"):
        sample_city(seed)


def test_a_file_is_no_folder(city, tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(InputError, match="folder must be a directory"):
        write_sample(city, tmp_path / "file")


# --- the town ---


@pytest.mark.parametrize("seed", [SEED, 0, 21])
def test_buurten_share_their_borders_without_overlap_or_gap(city, seed):
    shapes = (city if seed == SEED else sample_city(seed)).neighbourhoods.geometry.array
    assert shapely.coverage_is_valid(shapes)
    union = shapely.union_all(shapes)
    assert union.geom_type == "Polygon"
    assert not union.interiors
    assert union.area == pytest.approx(shapely.area(shapes).sum(), abs=0.01)
    coordinates = shapely.get_coordinates(shapes)
    np.testing.assert_array_equal(coordinates, np.round(coordinates))


def test_tables_keep_their_contracts(city):
    check_incidents(city.incidents)
    check_neighbourhoods(city.neighbourhoods)
    assert city.dwellings.crs == city.incidents.crs == city.neighbourhoods.crs == "EPSG:28992"


def test_codes_are_of_no_municipality_and_the_place_is_in_a_lake(city):
    codes = city.neighbourhoods.index
    assert all(re.fullmatch(r"BU9901[0-9]{2}([0-9]{2}|AD)", code) for code in codes)
    assert "BU990103AD" in codes
    land = codes[~city.neighbourhoods["is_water"]]
    assert len(land) == 60
    assert len(set(land.str[:8])) == 10
    # inside the IJsselmeer and the Markermeer on the national grid
    assert shapely.box(142_000, 512_000, 158_000, 528_000).contains(shapely.union_all(city.neighbourhoods.geometry))
    assert city.neighbourhoods["name"].is_unique


def test_the_lake_has_nothing_in_it(city):
    lake = city.neighbourhoods[city.neighbourhoods["is_water"]]
    assert lake.index.tolist() == ["BU99019997"]
    assert (lake[["dwellings", "households", "residents", "businesses"]] == 0).all(axis=None)


def test_dwellings_lie_where_the_table_counts_them(city):
    assert len(city.dwellings) >= 100_000
    assert city.dwellings.index.is_unique
    inside = gpd.sjoin(city.dwellings, city.neighbourhoods[["geometry"]], predicate="within")
    counted = inside["code"].value_counts().reindex(city.neighbourhoods.index, fill_value=0)
    assert counted.tolist() == city.neighbourhoods["dwellings"].tolist()


def test_dwellings_stand_in_blocks_with_empty_land_between(city):
    cell = (np.column_stack([city.dwellings.geometry.x, city.dwellings.geometry.y]) // 100).astype(int)
    land = city.neighbourhoods.loc[~city.neighbourhoods["is_water"]].area.sum() / 100**2
    assert 0.3 < len(np.unique(cell, axis=0)) / land < 0.8


def test_people_are_rounded_and_the_small_is_secret(city):
    table = city.neighbourhoods
    assert (table["residents"] % 5 == 0).all()
    assert (table["households"].dropna() % 5 == 0).all()
    secret = table.index[table["households"].isna()]
    assert table.loc[secret, "dwellings"].tolist() == [12]
    assert 1.5 < table["residents"].sum() / len(city.dwellings) < 2.5


# --- the crime ---


def test_burglaries_come_at_eight_per_thousand_dwellings_a_year(city, burglaries):
    expected = 8 / 1000 * 5 * len(city.dwellings)
    # each of the Poisson ancestors brings 1 / (1 - 0.15) incidents on average
    error = np.sqrt(expected) / (1 - city.truth.near_repeat.branching)
    assert abs(len(burglaries) - expected) < 4 * error
    assert city.truth.expected["woninginbraak"].sum() == pytest.approx(expected)


def test_robberies_come_as_often_as_planted_and_far_less(city):
    counted = city.truth.events["crime_type"].value_counts()
    for crime_type in ("straatroof", "overval"):
        expected = city.truth.expected[crime_type].sum()
        assert abs(counted[crime_type] - expected) < 4 * np.sqrt(expected)
    assert counted["woninginbraak"] > 5 * counted["straatroof"] > 5 * 2 * counted["overval"]


def test_expected_per_buurt_is_met(city, burglaries):
    expected = city.truth.expected["woninginbraak"].drop("BU99019997")
    counted = burglaries["code"].value_counts().reindex(expected.index, fill_value=0)
    pearson = ((counted - expected) ** 2 / expected).sum()
    # dispersion of clusters that stay in their buurt is 1 / 0.85^2; 60 squares of about 1.4, sd sqrt(2 * 60) * 1.4
    assert 60 * 0.5 < pearson < 60 * 1.4 + 4 * np.sqrt(120) * 1.4


def dark_over_light(moments):
    """Daily rate of October-March over April-September, in five calendar years, with the error of its logarithm."""
    dark = moments.dt.month.isin([10, 11, 12, 1, 2, 3])
    days = pd.Series(pd.date_range("2020-01-01", "2024-12-31"))
    dark_days = days.dt.month.isin([10, 11, 12, 1, 2, 3]).sum()
    ratio = (dark.sum() / dark_days) / ((~dark).sum() / (len(days) - dark_days))
    return ratio, np.sqrt(1 / dark.sum() + 1 / (~dark).sum()) / 0.85


def test_dark_ratio_of_each_group_comes_back_by_plain_counting(city, burglaries):
    group = burglaries["code"].map(city.truth.season_groups)
    found = {name: dark_over_light(part) for name, part in burglaries["moment"].groupby(group)}
    planted = city.truth.dark_ratio.groupby(city.truth.season_groups).unique().explode().astype(float)
    assert sorted(planted) == [1.2, 2.0]
    for name, (ratio, error) in found.items():
        assert abs(np.log(ratio / planted[name])) < 4 * error
    (low, low_error), (high, high_error) = sorted(found.values())
    assert np.log(high / low) > 4 * np.hypot(low_error, high_error), "the groups must be told apart"


def test_street_robbery_has_no_season(city):
    events = city.truth.events
    ratio, error = dark_over_light(events.loc[events["crime_type"] == "straatroof", "moment"].dt.tz_localize(None))
    assert abs(np.log(ratio)) < 4 * error


def test_month_profiles_have_the_planted_ratio(city):
    days = np.array([31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31])
    dark = np.array([1, 1, 1, 0, 0, 0, 0, 0, 0, 1, 1, 1], bool)
    for name, profile in city.truth.month_profiles.iterrows():
        value = profile.to_numpy()
        assert np.average(value, weights=days) == pytest.approx(1)
        ratio = np.average(value[dark], weights=days[dark]) / np.average(value[~dark], weights=days[~dark])
        assert ratio == pytest.approx(
            {"sterk donker": 2.0, "zwak donker": 1.2, "straatroof": 1.0, "overval": 1.4}[name]
        )


def test_burglary_falls_a_little(burglaries):
    per_year = burglaries["moment"].dt.year.value_counts().sort_index().to_numpy()
    slope = np.polyfit(np.arange(5), np.log(per_year), 1)[0]
    error = 1 / np.sqrt(per_year.mean() * 10) / 0.85  # sum of squared years from the middle is 10
    assert abs(slope - np.log(0.96)) < 4 * error


def test_hotspots_have_about_the_planted_strength(city):
    homes = np.column_stack([city.dwellings.geometry.x, city.dwellings.geometry.y])
    spots = city.truth.hotspots[city.truth.hotspots["crime_type"] == "woninginbraak"]
    here = city.incidents.geometry[city.incidents["crime_type"] == "woninginbraak"]
    points = np.column_stack([here.x, here.y])
    assert set(spots["strength"]) == {2, 3, 4, 5, 6, 8}
    for _, spot in spots.iterrows():
        middle = np.array(spot.geometry.centroid.coords[0])
        home_away, away = (np.hypot(*(xy - middle).T) for xy in (homes, points))
        radius = spot["radius_m"]
        inside, homes_inside = (away <= radius).sum(), (home_away <= radius).sum()
        ring = (away > radius + 100) & (away <= radius + 500)
        homes_ring = (home_away > radius + 100) & (home_away <= radius + 500)
        risk = (inside / homes_inside) / (ring.sum() / homes_ring.sum())
        error = np.sqrt(1 / inside + 1 / ring.sum()) / 0.85
        # near repeats leak over the edge; buurten differ by a factor of about 1.15
        assert abs(np.log(risk / spot["strength"])) < 4 * error + np.log(1.3)
        if spot["strength"] >= 5:
            assert np.log(risk) > 4 * error, "a strong hotspot must show"


def test_hotspots_hold_the_incidents_that_were_expected(city):
    rows = []
    for each in (city, sample_city(SEED + 1), sample_city(SEED + 2)):
        spots = each.truth.hotspots
        found = gpd.sjoin(spots, each.incidents[["crime_type", "geometry"]], predicate="contains")
        counted = found[found["crime_type_left"] == found["crime_type_right"]].groupby(level=0).size()
        rows.append(spots.assign(counted=counted.reindex(spots.index, fill_value=0)))
        np.testing.assert_allclose(spots["expected"], spots["strength"] * spots["expected_without"])
    total = pd.concat(rows).groupby(["crime_type", "strength"])[["expected", "counted"]].sum()
    assert len(total) == 9
    leak = 0.1 * total["expected"]  # near repeats that fall over the edge
    assert ((total["counted"] - total["expected"]).abs() < 4 * np.sqrt(total["expected"]) / 0.85 + leak).all()


def test_hotspots_lie_apart(city):
    middles = np.column_stack([city.truth.hotspots.centroid.x, city.truth.hotspots.centroid.y])
    assert len(cKDTree(middles).query_pairs(1099)) == 0


def test_hours_follow_the_planted_week(city, burglaries):
    moment = burglaries["moment"]
    counted = np.bincount(moment.dt.day_of_week * 24 + moment.dt.hour, minlength=168)
    planted = city.truth.hour_of_week["woninginbraak"]
    assert planted.sum() == pytest.approx(1)
    expected = planted * len(moment)
    assert ((counted - expected) ** 2 / expected).sum() < 167 + 5 * np.sqrt(2 * 167)
    flat = len(moment) / 168
    assert ((counted - flat) ** 2 / flat).sum() > 10 * 167


def test_offspring_lies_near_its_parent_and_soon_after(city):
    events, near = city.truth.events, city.truth.near_repeat
    child = events[events["parent"].notna()]
    parent = events.loc[child["parent"]]
    points = city.incidents.geometry
    away = points.loc[child.index].distance(points.loc[parent.index], align=False)
    assert (away <= 200).all()
    later = child["moment"].dt.date.to_numpy() - parent["moment"].dt.date.to_numpy()
    assert min(later).days >= 1
    assert max(later).days <= 14
    assert (child["crime_type"] == "woninginbraak").all()
    n = (events["crime_type"] == "woninginbraak").sum()
    assert abs(len(child) / n - near.branching) < 4 * np.sqrt(near.branching / n)


def test_near_repeats_show_without_knowing_the_parents(burglaries):
    pairs = cKDTree(burglaries[["x", "y"]].to_numpy()).query_pairs(100, output_type="ndarray")
    day = burglaries["moment"].to_numpy().astype("datetime64[D]").astype(int)

    def close(days):
        return (np.abs(days[pairs[:, 0]] - days[pairs[:, 1]]) <= 7).sum()

    rng = np.random.default_rng(1)
    shuffled = [close(rng.permutation(day)) for _ in range(39)]
    assert close(day) > np.mean(shuffled) + 10 * np.std(shuffled)


def test_windows_hold_the_true_moment(city):
    incidents, moment = city.incidents, city.truth.events["moment"]
    assert (incidents["start"] <= moment).all()
    assert (moment <= incidents["end"]).all()
    width = incidents["end"] - incidents["start"]
    assert ((width == pd.Timedelta(0)) == (incidents["time_status"] == "exact")).all()
    assert (width <= 21 * DAY).all()
    window = incidents["time_status"] == "window"
    assert 0.85 < window[incidents["crime_type"] == "woninginbraak"].mean() < 0.95
    assert not window[incidents["crime_type"] != "woninginbraak"].any()
    assert incidents["start"].min() >= pd.Timestamp("2020-01-01", tz="Europe/Amsterdam")
    assert incidents["end"].max() < pd.Timestamp("2025-01-01", tz="Europe/Amsterdam")
    assert (incidents["registered"] >= incidents["end"].dt.tz_localize(None).dt.normalize()).all()


def test_flags_are_what_the_law_makes_of_them(city):
    table = city.incidents
    robbery = table["crime_type"] != "woninginbraak"
    assert table.loc[robbery, "violence"].all()
    assert table.loc[robbery, "direct_victim"].isna().equals(table.loc[robbery, "confronted"].isna())
    burglary = table[~robbery]
    known = burglary[burglary["confronted"].notna()]
    assert not (known["violence"] & ~known["confronted"]).any()
    assert (known["direct_victim"] == (known["confronted"] & known["violence"])).all()
    tried = burglary["attempted"].dropna().astype(float)
    assert abs(tried.mean() - 0.3) < 4 * np.sqrt(0.21 / len(tried))
    assert table["attempted"].isna().any()


def test_address_keys_belong_to_homes_and_repeat(city):
    table = city.incidents
    assert table["address_key"].dropna().str.fullmatch(r"VB-\d{6}-\d{2,}").all()
    assert table.loc[table["crime_type"] == "woninginbraak", "address_key"].notna().all()
    assert table.loc[table["crime_type"] == "straatroof", "address_key"].isna().all()
    places = table.dropna(subset="address_key").groupby("address_key")["geometry"].agg(lambda points: len(set(points)))
    assert (places == 1).all()
    assert table["address_key"].duplicated().sum() - table["address_key"].isna().sum() > 10


# --- the files ---


def test_export_is_what_a_dutch_police_system_writes(written, lines):
    raw = written["incidents"].read_bytes()
    assert raw.startswith(b"\xef\xbb\xbf")
    assert raw.endswith(b"\r\n\r\n")
    assert raw.count(b"\n") == raw.count(b"\r\n")
    assert lines[1] == HEADER


def test_rows_without_a_fault_are_the_incidents(city, lines, truth):
    faulty = {record["line"] for record in truth["faults"]["records"]}
    rows = [line.split(";") for at, line in enumerate(lines[:-1]) if at > 1 and at not in faulty]
    table = pd.DataFrame(rows, columns=HEADER.split(";")).set_index("Registratienummer")
    kept = {
        r["id"] for r in truth["faults"]["records"] if r["outcome"] != "rejected" and r["id"] in city.incidents.index
    }
    want = city.incidents.drop(index=list(kept))
    assert table.index.tolist() == want.index.tolist()
    assert table["X-coordinaat"].str.replace(",", ".").astype(float).tolist() == want.geometry.x.tolist()
    assert table["Y-coordinaat"].str.replace(",", ".").astype(float).tolist() == want.geometry.y.tolist()
    for day, time, name in (("van", "van", "start"), ("tot", "tot", "end")):
        stamp = pd.to_datetime(table[f"Pleegdatum {day}"] + table[f"Pleegtijd {time}"], format="%d-%m-%Y%H:%M")
        assert stamp.tolist() == want[name].dt.tz_localize(None).tolist()
    codes = {"A20": 0, "A30": 0, "B20": 0, "B30": 0, "B70": 1, "B72": 2, "B73": 2, "B74": 2}
    types = ["woninginbraak", "straatroof", "overval"]
    assert [types[codes[code]] for code in table["Delictcode"]] == want["crime_type"].tolist()
    assert (table["Delictcode"].str.startswith("B") == want["violence"].astype(bool)).all()
    for column, name in (("Poging", "attempted"), ("Confrontatie", "confronted"), ("Geweld", "violence")):
        assert (table[column] == want[name].map({True: "Ja", False: "Nee"}).astype(object).fillna("")).all()
    registered = pd.to_datetime(table["Registratiedatum"], format="%d-%m-%Y")
    assert registered.tolist() == want["registered"].tolist()
    for column, name in (("Object", "target"), ("Modus operandi", "modus"), ("Adressleutel", "address_key")):
        assert (table[column] == want[name].astype(object).fillna("")).all()


def number(text):
    return float(text.replace(",", "."))


def stamp(day, time):
    return pd.to_datetime(f"{day} {time}", format="%d-%m-%Y %H:%M")


def on_record(check):
    """`check` takes the 18 fields of a line."""
    return lambda line: line.count(";") == 17 and line != HEADER and check(line.split(";"))


SIGNS = {
    "empty_coordinate": on_record(lambda f: f[7] == f[8] == ""),
    "swapped_xy": on_record(lambda f: f[7][:3] > "510" and f[8][:3] < "160"),
    "zero_coordinate": on_record(lambda f: f[7] == f[8] == "0"),
    "rd_corner": on_record(lambda f: (f[7], f[8]) == ("155000", "463000")),
    "thousands_dot": on_record(lambda f: bool(re.fullmatch(r"\d{3}\.\d{3},\d\d", f[7]))),
    "outside_municipality": on_record(lambda f: f[9] != "Voorbeeldstad"),
    "hour_24": on_record(lambda f: f[6] == "24:00"),
    "only_from": on_record(lambda f: f[3] != "" and f[5] == f[6] == ""),
    "only_to": on_record(lambda f: f[3] == f[4] == "" and f[5] != ""),
    "missing_date": on_record(lambda f: f[3] == f[4] == f[5] == f[6] == ""),
    "future_date": on_record(lambda f: f[3][-4:] > "2025"),
    "before_1990": on_record(lambda f: "" < f[3][-4:] < "1990"),
    "window_of_years": on_record(
        lambda f: "" not in f[3:7] and f[6] != "24:00" and stamp(*f[5:7]) - stamp(*f[3:5]) > 3 * 365 * DAY
    ),
    "to_before_from": on_record(lambda f: "" not in f[3:7] and f[6] != "24:00" and stamp(*f[5:7]) < stamp(*f[3:5])),
    "unknown_code": on_record(lambda f: not re.fullmatch("[AB][2347][0-4]", f[1])),
    "non_hic_code": on_record(lambda f: f[1] in ("A21", "A40")),
    "too_few_fields": lambda line: 1 < line.count(";") < 17,
    "too_many_fields": lambda line: line.count(";") > 17,
    "unbalanced_quote": lambda line: line.count('"') % 2 == 1,
    "repeated_header": lambda line: line == HEADER,
    "footer": lambda line: line.startswith("Totaal;"),
    "blank_line": lambda line: line == "",
}


def test_faults_are_there_as_often_as_the_truth_says_and_nowhere_else(lines, truth):
    records = truth["faults"]["records"]
    assert 300 <= len(records) <= 600
    assert truth["faults"]["counts"] == pd.Series([r["kind"] for r in records]).value_counts().to_dict()
    body = list(enumerate(lines))[2:-1]
    for kind, sign in SIGNS.items():
        assert [at for at, line in body if sign(line)] == sorted(r["line"] for r in records if r["kind"] == kind), kind
        assert truth["faults"]["counts"][kind] >= 1
    assert set(truth["faults"]["counts"]) == {*SIGNS, "duplicate_row", "duplicate_number"}


def test_second_copies_come_after_the_first(lines, truth):
    records = truth["faults"]["records"]
    numbers = [line.split(";")[0] for line in lines]
    again = [at for at, each in enumerate(numbers) if each.startswith("PL") and each in numbers[:at]]
    same = [at for at in again if lines[at] in lines[:at]]
    assert same == sorted(r["line"] for r in records if r["kind"] == "duplicate_row")
    assert sorted(set(again) - set(same)) == sorted(r["line"] for r in records if r["kind"] == "duplicate_number")


def test_export_adds_up(city, lines, truth):
    records = truth["faults"]["records"]
    export = truth["export"]
    assert export["read"] == export["accepted"] + export["rejected"]
    assert export["read"] == len([line for line in lines[2:] if line])
    footer = next(line for line in lines if line.startswith("Totaal;"))
    assert int(footer.split(";")[1]) == export["read"] - 1
    rejected = {r["line"] for r in records if r["outcome"] in ("rejected", "ignored")}
    accepted = {lines[at].split(";")[0] for at in range(2, len(lines) - 1)} - {
        lines[at].split(";")[0] for at in rejected if lines[at].split(";")[0] not in city.incidents.index
    }
    outside = {r["id"] for r in records if r["kind"] == "outside_municipality"}
    assert accepted == set(city.incidents.index) | outside
    assert len(accepted) == export["accepted"]


def test_faults_outside_the_town_are_outside(city, lines, truth):
    town = shapely.union_all(city.neighbourhoods.geometry)
    for record in truth["faults"]["records"]:
        if record["kind"] == "outside_municipality":
            fields = lines[record["line"]].split(";")
            assert town.distance(shapely.Point(number(fields[7]), number(fields[8]))) > 500


def test_counts_file_is_the_truth(city, written):
    with written["counts"].open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file, delimiter=";"))
    assert len(rows) == 61 * 3 * 60
    kinds = {"1.1.1": "woninginbraak", "1.4.6": "straatroof", "1.4.7": "overval"}
    published = {
        (row["code"], kinds[row["soort"]], row["periode"].replace("MM", "-")): int(row["aantal"])
        for row in rows
        if row["aantal"] != "0"
    }
    counted: dict = {}
    for event in city.truth.events.itertuples():
        key = event.code, event.crime_type, event.moment.strftime("%Y-%m")
        counted[key] = counted.get(key, 0) + 1
    assert published == counted


def test_true_buurt_is_where_the_point_lies(city):
    inside = gpd.sjoin(city.incidents[["geometry"]], city.neighbourhoods[["geometry"]], predicate="within")
    assert inside.index.is_unique
    assert inside["code"].reindex(city.incidents.index).tolist() == city.truth.events["code"].tolist()


def test_maps_look_like_those_of_cbs(city, written):
    path = written["neighbourhoods"]
    assert pyogrio.list_layers(path)[:, 0].tolist() == ["gemeenten", "wijken", "buurten"]
    buurten, wijken, gemeenten = (gpd.read_file(path, layer=name) for name in ("buurten", "wijken", "gemeenten"))
    assert (len(buurten), len(wijken), len(gemeenten)) == (61, 11, 1)
    assert buurten.crs == "EPSG:28992"
    table = city.neighbourhoods
    assert buurten["buurtcode"].tolist() == table.index.tolist()
    assert buurten["woningvoorraad"].tolist() == table["dwellings"].tolist()
    secret = buurten["aantal_huishoudens"] == -99997
    assert buurten.loc[secret, "buurtcode"].tolist() == table.index[table["households"].isna()].tolist()
    assert buurten.loc[buurten["water"] == "JA", "buurtcode"].tolist() == ["BU99019997"]
    assert set(buurten["wijkcode"]) == set(wijken["wijkcode"])
    assert all(b[2:8] == w[2:] for b, w in zip(buurten["buurtcode"][:-1], buurten["wijkcode"][:-1], strict=True))
    assert shapely.equals(buurten.geometry.to_numpy(), table.geometry.to_numpy()).all()
    for layer in (wijken, gemeenten):
        assert layer["woningvoorraad"].sum() == len(city.dwellings)
        assert layer.area.sum() == pytest.approx(table.area.sum(), abs=0.01)
    assert set(gemeenten["gemeentecode"]) == set(buurten["gemeentecode"]) == {"GM9901"}
    assert (buurten["jaar"] == 2024).all()


def test_dwelling_points_are_written(city, written):
    homes = gpd.read_file(written["dwellings"])
    assert (homes["gebruiksdoel"] == "woonfunctie").all()
    assert homes["identificatie"].str.fullmatch(r"\d{16}").all()
    assert homes["identificatie"].tolist() == city.dwellings.index.tolist()
    assert (homes.geometry.to_numpy() == city.dwellings.geometry.to_numpy()).all()


def test_every_map_and_the_truth_say_that_it_is_fiction(written, truth):
    assert truth["note"] == "fictieve voorbeelddata"
    for name in ("neighbourhoods", "dwellings"):
        connection = sqlite3.connect(written[name])
        notes = connection.execute("select description from gpkg_contents").fetchall()
        connection.close()
        assert {note for (note,) in notes} == {"fictieve voorbeelddata"}


def test_truth_file_is_the_truth(city, truth):
    assert truth["season_groups"] == city.truth.season_groups.to_dict()
    assert truth["dark_ratio"] == city.truth.dark_ratio.to_dict()
    assert len(truth["hotspots"]) == len(city.truth.hotspots)
    for record, spot in zip(truth["hotspots"], city.truth.hotspots.itertuples(), strict=True):
        disc = shapely.Point(record["x"], record["y"]).buffer(record["radius_m"])
        assert shapely.hausdorff_distance(disc, spot.geometry) < 1
        assert (record["strength"], record["crime_type"]) == (spot.strength, spot.crime_type)
    assert truth["incidents"] == city.truth.events["crime_type"].value_counts().to_dict()
    assert truth["near_repeat"]["reach_m"] == 200
