"""Target areas in words, the measures that fit them, and the map that shows them."""

from types import SimpleNamespace

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
from shapely.geometry import box

import hicgeo as hg
from hicgeo.output.disclosure import release

RD = "EPSG:28992"
GRID = hg.Grid.over(gpd.GeoSeries([box(0, 0, 3000, 3000)], crs=RD), cell_size=100)


@pytest.fixture(scope="module")
def incidents():
    """One hot place of all years at (1450, 1450) on Friday evenings, and little else."""
    rng = np.random.default_rng(1)
    xy = np.vstack([rng.uniform(0, 3000, (300, 2)), rng.normal(1450, 50, (150, 2))])
    fridays = np.arange(2, 1400, 7) + 19.5 / 24  # 2020-01-03 was one
    day = np.r_[rng.uniform(0, 1400, 300), rng.choice(fridays, 150)]
    start = (pd.Timestamp("2020-01-01") + pd.to_timedelta(day, unit="D")).floor("h") + pd.Timedelta(minutes=5)
    start = start.as_unit("us").tz_localize(
        "Europe/Amsterdam", ambiguous=np.ones(450, bool), nonexistent="shift_forward"
    )
    return gpd.GeoDataFrame(
        {"crime_type": "woninginbraak", "start": start, "end": start}, geometry=gpd.points_from_xy(*xy.T), crs=RD
    )


@pytest.fixture(scope="module")
def targets(incidents):
    surface = hg.kde(incidents, GRID, bandwidth=300.0)
    return hg.target_areas(
        surface, incidents, start="2023-11-01", capacity_ha=12, capacity_hours=8, largest_ha=8, rng=1
    )


def test_what_the_map_asks_for(targets):
    table = hg.target_table(targets, crime_type="woninginbraak")
    first = table.loc[1]
    assert "vr 1" in first["hours"]
    assert first["reasons"].startswith("Per hectare wordt hier")
    assert "jaren was het hier ruim twee keer zo druk" in first["reasons"]
    assert first["backtest"] == "Niet getoetst of deze manier van kiezen eerder werkte."
    assert "meldingen achterlopen" in first["doubts"]
    assert table.attrs == {"crime_type": "woninginbraak", "horizon_days": 28}
    english = hg.target_table(targets, crime_type="woninginbraak", language="en").loc[1]
    assert "Fri 1" in english["hours"]


@pytest.mark.parametrize(
    ("verdict", "dutch", "english"),
    [
        ("beter", "dit was aantoonbaar beter.", "demonstrably better."),
        ("niet te onderscheiden", "niet aantoonbaar beter dan zo tellen", "not demonstrably better than such counting"),
        ("slechter", "gebruik liever die telling.", "use that count instead."),
        ("te kort om te toetsen", "te kort om te zeggen", "too short to say"),
    ],
)
def test_the_back_test_says_whether_counting_does_as_well(targets, verdict, dutch, english):
    rates = {"two_scale": (0.14, 0.12, 0.16), "last_year_100m": (0.1, 0.1, 0.1), "last_year_250m": (0.11, 0.1, 0.1)}
    scores = pd.DataFrame(rates, index=["hit_rate", "hit_rate_low", "hit_rate_high"]).T
    scores.index = pd.MultiIndex.from_product([scores.index, [28]], names=["method", "horizon_days"])
    apart = pd.MultiIndex.from_tuples(
        [("two_scale", name, 28) for name in ("last_year_100m", "last_year_250m")],
        names=["method", "baseline", "horizon_days"],
    )
    # judged against the better of the two counts
    differences = pd.DataFrame({"verdict": ["beter", verdict]}, index=apart)
    test = SimpleNamespace(scores=scores, differences=differences, about={"share": 0.02})
    said = {
        language: hg.target_table(targets, crime_type="woninginbraak", backtest=test, language=language)["backtest"][1]
        for language in ("nl", "en")
    }
    assert "14 % van de incidenten op 2,0 % van het gebied" in said["nl"]
    assert "tellen per vak van 250 m in het afgelopen jaar ving 11 %" in said["nl"]
    assert dutch in said["nl"]
    assert english in said["en"]


def test_the_sentences(targets):
    said = hg.in_words(targets)
    assert said[0].startswith("In de 28 dagen vanaf 1 november 2023 worden")
    assert f"{len(targets.areas)} gebieden van samen 12 hectare" in said[0]
    assert "alleen uit het verwachte aantal" in said[1]


def test_the_map_shows_them(targets):
    areas = gpd.GeoDataFrame(
        {"name": ["Hier"], "level": "buurt", "municipality": "GM0000", "dwellings": [1000], "households": [1000],
         "residents": [2000], "businesses": [10], "is_water": [False], "vintage": [2024]},
        geometry=[box(0, 0, 3000, 3000)], crs=RD, index=pd.Index(["BU00000000"], name="code"),
    )  # fmt: skip
    shown = hg.HotspotMap(areas, title="Inzet", profile="driehoek", language="nl")
    shown.add_target_areas(hg.target_table(targets, crime_type="woninginbraak"))


def test_measures_fit_the_kind_and_are_kept_apart(targets):
    measures = hg.read_measures()
    got = hg.fitting_measures(targets, measures, crime_type="woninginbraak")
    first = set(got.loc[got["rank"] == 1, "measure"])
    own = measures[measures["crime_type"] == "woninginbraak"].set_index("measure")["fits"]
    assert {own[each] for each in first} <= {"altijd", "chronic", "near"}
    assert "chronic" in {own[each] for each in first}
    assert "measure" not in targets.areas


def test_measures_of_a_sector_go_where_it_was_struck():
    """Robberies of catering in one place, of shops and one petrol station in another."""
    rng = np.random.default_rng(1)
    xy = np.vstack([rng.normal(650, 40, (40, 2)), rng.normal(2350, 40, (60, 2))])
    sector = ["horeca"] * 40 + ["winkel"] * 45 + ["tankstation"] * 15
    moment = (pd.Timestamp("2023-02-01") + pd.to_timedelta(rng.integers(0, 300, 100), unit="D")).as_unit("us")
    moment = moment.tz_localize("Europe/Amsterdam")
    struck = gpd.GeoDataFrame(
        {"crime_type": "overval", "start": moment, "end": moment, "target": sector},
        geometry=gpd.points_from_xy(*xy.T), crs=RD,
    )  # fmt: skip
    surface = hg.kde(struck, GRID, bandwidth=300.0)
    targets = hg.target_areas(surface, struck, start="2024-01-01", capacity_ha=24, largest_ha=16, rng=1)
    got = hg.fitting_measures(targets, hg.read_measures(), crime_type="overval")
    by_rank = got.groupby("rank")["sector"].agg(lambda each: list(dict.fromkeys(each)))
    assert by_rank[1] == ["", "winkel", "tankstation"], "what was struck most stands first"
    assert by_rank[2] == ["", "horeca"]
    assert {"dader", "slachtoffer", "situatie"} == set(hg.read_measures().query("crime_type == 'overval'")["aimed_at"])
    outward = got.query("rank == 2")
    assert release(outward, "driehoek") is outward


def test_a_table_of_measures_without_sectors_is_still_one(tmp_path):
    path = tmp_path / "m.csv"
    path.write_text("crime_type;aimed_at;fits;measure\noverval;dader;altijd;x\n", encoding="utf-8")
    assert hg.read_measures(path)["sector"].tolist() == [""]


def test_measures_of_the_user(tmp_path):
    path = tmp_path / "maatregelen.csv"
    hg.read_measures().iloc[:3].to_csv(path, sep=";", index=False, encoding="utf-8-sig")
    pd.testing.assert_frame_equal(hg.read_measures(path), hg.read_measures().iloc[:3])


@pytest.mark.parametrize(
    ("content", "error"),
    [
        (b"", hg.ColumnError), (b"a,b\n1,2\n", hg.ColumnError), (b"\xff\xfe\x00", hg.InputError),
        (b"crime_type;aimed_at;fits;measure\noverval;iedereen;altijd;x\n", hg.ColumnError),
        (b"crime_type;aimed_at;fits;measure\noverval;dader;soms;x\n", hg.ColumnError),
    ],
)  # fmt: skip
def test_tables_of_measures_that_are_none(tmp_path, content, error):
    path = tmp_path / "m.csv"
    path.write_bytes(content)
    with pytest.raises(error):
        hg.read_measures(path)
    with pytest.raises(hg.InputError):
        hg.read_measures(tmp_path / "none.csv")


def test_other_results_are_refused(targets):
    with pytest.raises(hg.InputError):
        hg.target_table(targets.areas, crime_type="overval")
    with pytest.raises(hg.InputError):
        hg.fitting_measures(targets.areas, hg.read_measures(), crime_type="overval")


def test_context_in_words():
    rng = np.random.default_rng(2)
    homes = gpd.GeoDataFrame(geometry=gpd.points_from_xy(*rng.uniform(0, 3000, (2, 3000))), crs=RD)
    day = (pd.Timestamp("2020-01-01") + pd.to_timedelta(np.arange(60) * 20, unit="D")).tz_localize("Europe/Amsterdam")
    struck = gpd.GeoDataFrame(
        {"start": day, "end": day}, geometry=gpd.points_from_xy(*rng.uniform(0, 300, (2, 60))), crs=RD
    )
    layers = {
        name: gpd.GeoDataFrame(geometry=gpd.points_from_xy([x], [x]), crs=RD) for name, x in [("A", 150), ("B", 2000)]
    }
    said = hg.in_words(hg.context_layers(struck, layers, homes, distance_m=300))
    assert said[0].startswith("Binnen 300 m van A lagen 60 incidenten")
    assert said[-1] == "Nabijheid is geen oorzaak."


@pytest.fixture(scope="module")
def beside(targets):
    """Two schools in the first area, a station far from all of them."""
    first = targets.areas.geometry.iloc[0].representative_point()
    near = gpd.GeoDataFrame({"naam": ["CANARY"] * 2}, geometry=[first, first], crs=RD)
    far = gpd.GeoDataFrame(geometry=gpd.points_from_xy([90000], [90000]), crs=RD)
    return hg.nearby(targets.areas, {"scholen": near, "stations": far}, distance_m=1)


def test_what_lies_near_in_words(targets, beside):
    said = hg.target_table(targets, crime_type="woninginbraak", nearby=beside)["nearby"]
    assert said[1] == "Binnen 1 m: scholen 2; geen stations."
    assert said[2] == "Binnen 1 m: geen scholen, geen stations."
    english = hg.target_table(targets, crime_type="woninginbraak", nearby=beside, language="en")["nearby"]
    assert english[1] == "Within 1 m: scholen 2; no stations."
    assert "nearby" not in hg.target_table(targets, crime_type="woninginbraak", nearby=beside.iloc[:0])
    with pytest.raises(hg.AlignmentError):
        hg.target_table(targets, crime_type="woninginbraak", nearby=beside.loc[[1]])


def test_what_lies_near_stands_on_the_map_the_sheet_and_in_the_table(targets, beside, tmp_path):
    from pypdf import PdfReader

    areas = gpd.GeoDataFrame(
        {"name": ["Hier"], "level": "buurt", "municipality": "GM0000", "dwellings": [1000], "households": [1000],
         "residents": [2000], "businesses": [10], "is_water": [False], "vintage": [2024]},
        geometry=[box(0, 0, 3000, 3000)], crs=RD, index=pd.Index(["BU00000000"], name="code"),
    )  # fmt: skip
    table = hg.target_table(targets, crime_type="woninginbraak", nearby=beside)
    page = hg.HotspotMap(areas, title="Inzet", profile="driehoek").add_target_areas(table).to_html()
    sheet = hg.write_target_sheets(table, tmp_path / "bladen", neighbourhoods=areas)[0]
    file = hg.write_table(table.drop(columns="geometry"), tmp_path / "gebieden.csv", profile="driehoek")
    printed = PdfReader(sheet).pages[0].extract_text()
    for text in (page, printed, file.read_text(encoding="utf-8-sig")):
        assert "Binnen 1 m: scholen 2; geen stations." in text
        assert "CANARY" not in text
    assert "in de buurt" in page
    assert "in de buurt" in printed


def test_a_page_per_area(targets, tmp_path):
    from pypdf import PdfReader

    areas = gpd.GeoDataFrame(
        {"name": ["Hier"], "is_water": [False]}, geometry=[box(0, 0, 3000, 3000)], crs=RD,
        index=pd.Index(["BU00000000"], name="code"),
    )  # fmt: skip
    table = hg.target_table(targets, crime_type="woninginbraak")
    measures = hg.fitting_measures(targets, hg.read_measures(), crime_type="woninginbraak")
    paths = hg.write_target_sheets(table, tmp_path / "bladen", neighbourhoods=areas, measures=measures)
    assert [path.name for path in paths] == [f"gebied-{rank}.pdf" for rank in table.index]
    before = paths[0].read_bytes()
    pages = PdfReader(paths[0]).pages
    assert len(pages) == 1
    said = pages[0].extract_text()
    for words in ("VERTROUWELIJK", "Gebied 1", "dagen en uren", "Inbraakpreventie"):
        assert words in said
    hg.write_target_sheets(table, tmp_path / "bladen", neighbourhoods=areas, measures=measures)
    assert paths[0].read_bytes() == before
    with pytest.raises(hg.ColumnError):
        hg.write_target_sheets(targets.areas, tmp_path, neighbourhoods=areas)
    with pytest.raises(hg.DisclosureError):
        hg.write_target_sheets(table.assign(geometry=table.buffer(10)), tmp_path, neighbourhoods=areas)
