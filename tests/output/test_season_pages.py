"""What season and clock say and show: words for a course over the year, sentences, pictures."""

import re
from types import SimpleNamespace

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import scenes
import shapely
from scipy.stats import binom
from test_maps import layers

import hicgeo as hg
from hicgeo.output._words_season import course

MONTHS = pd.period_range("2019-10", "2024-09", freq="M")


def profile(high, value=1.4):
    out = pd.Series(0.9, index=range(1, 13))
    out[list(high)] = value
    return out


@pytest.mark.parametrize(
    ("high", "dutch", "english"),
    [
        ((), "vlak", "flat"),
        ((11, 12, 1), "piek nov-jan", "peak Nov-Jan"),
        ((12,), "piek dec", "peak Dec"),
        ((7, 8), "zomer", "summer"),
        ((5, 6, 7), "piek mei-jul", "peak May-Jul"),
        ((12, 1, 7), "piek jul en dec-jan", "peak Jul and Dec-Jan"),
        (tuple(range(1, 13)), "piek jan-dec", "peak Jan-Dec"),
    ],
)
def test_a_course_over_the_year_in_words(high, dutch, english):
    assert course(profile(high), "nl") == dutch
    assert course(profile(high), "en") == english


def effect(share, low, high, inflation=5.0, clock=1.1, terms=()):
    rows = {"winter": (1.5, 1.4, 1.6), "clock": (clock, clock * 0.9, clock * 1.1)}
    return SimpleNamespace(
        effects=pd.DataFrame.from_dict(rows, orient="index", columns=["ratio", "low", "high"]),
        share=share, share_low=low, share_high=high, inflation=inflation, terms=pd.DataFrame(index=list(terms)),
    )  # fmt: skip


def test_darkness_says_its_part_or_that_it_cannot_be_told_and_always_its_limit():
    said = hg.in_words(effect(0.62, 0.31, 1.2))
    assert "1,50 keer zoveel" in said[0]
    assert "62 % van dat verschil" in said[1]
    assert "31 % tot 100 %" in said[1]
    assert "Rond het verzetten van de klok" in said[2]
    assert "samenhang" in said[-1]
    assert "niet op te maken" in hg.in_words(effect(0.6, -np.inf, np.inf))[1]
    assert "niet op te maken" in hg.in_words(effect(0.6, -0.4, 1.5, inflation=60))[1]
    assert len(hg.in_words(effect(0.6, 0.3, 0.9, clock=np.nan), language="en")) == 3
    assert "schoolvakanties" not in said[0]
    assert "schoolvakanties" in hg.in_words(effect(0.6, 0.3, 0.9, terms=["dark_hours", "school_holiday"]))[0]


@pytest.fixture(scope="module")
def counts():
    rng = np.random.default_rng(1)
    shape = np.where(np.isin(MONTHS.month, [10, 11, 12, 1, 2, 3]), 1.6, 1.0)
    values = rng.poisson(rng.uniform(5, 20, (12, 1)) * shape).astype(float)
    values[0, 5] = np.nan
    index = pd.MultiIndex.from_product(
        [[f"WK9901{n:02d}" for n in range(12)], ["woninginbraak"], MONTHS], names=["code", "crime_type", "month"]
    )
    flat = values.ravel()
    return pd.DataFrame({"incidents": flat, "status": np.where(np.isnan(flat), "missing", "final")}, index=index)


@pytest.mark.parametrize("language", ["nl", "en"])
def test_the_outlook_speaks_whole_sentences(counts, language):
    ahead = hg.outlook(counts, crime_type="woninginbraak")
    sentences = hg.in_words(ahead, language=language)
    assert "2024/25" in sentences[0]
    assert all(each.endswith(".") and "{" not in each for each in sentences)
    level = "90 %-voorspelinterval" if language == "nl" else "90% prediction interval"
    assert level in sentences[0], "no expectation without its interval"
    assert ahead.total["expected"] == pytest.approx(ahead.seasons["expected"].sum())
    assert ahead.total["low"] < ahead.total["expected"] < ahead.total["high"]
    top = ahead.seasons["expected"].idxmax()
    assert any(top in each for each in sentences)
    named = hg.in_words(ahead, language=language, names=pd.Series({top: "Oost $1", "WK999999": None}))
    assert [each.replace("Oost $1", top) for each in named] == sentences
    assert named != sentences


@pytest.fixture(scope="module")
def hours():
    rng = np.random.default_rng(2)
    start = (pd.Timestamp("2024-01-01") + pd.to_timedelta(rng.integers(0, 300 * 1440, 400), unit="min")).tz_localize(
        "Europe/Amsterdam", nonexistent="shift_forward", ambiguous=True
    )
    table = pd.DataFrame({"start": start, "end": start + pd.to_timedelta(rng.integers(0, 900, 400), unit="min")})
    return hg.hour_profile(table, max_window="48h", rng=1, draws=99)


@pytest.mark.parametrize("language", ["nl", "en"])
def test_pictures_are_drawn_and_what_is_no_answer_is_refused(counts, hours, language):
    index = hg.seasonal_index(counts, crime_type="woninginbraak")
    groups = hg.cluster_seasons(counts.drop("WK990100"), crime_type="woninginbraak", rng=1)
    pictures = [
        hg.plot_hours(hours, crime_type="woninginbraak", language=language),
        hg.plot_months(counts, crime_type="woninginbraak", language=language),
        hg.plot_groups(groups, index, language=language),
    ]
    for picture in pictures:
        assert picture.png().startswith(b"\x89PNG")
    # six years are begun, and a month with a gap is left blank
    years, blank = pictures[1].axes[0], (1, 2)  # March 2020
    assert [label.get_text() for label in years.get_yticklabels()] == [str(y) for y in range(2019, 2025)]
    assert len(years.texts) == 60 - 1
    assert blank not in {(round(t.get_position()[1]), round(t.get_position()[0])) for t in years.texts}
    with pytest.raises(hg.ColumnError, match="hour of the week"):
        hg.plot_hours(hours.iloc[:24])
    with pytest.raises(hg.InputError, match="crime_type"):
        hg.plot_months(counts, crime_type="overval")


def test_a_picture_of_seasons_shows_both_ratios_and_names_the_incomplete(counts):
    whole = counts.drop("WK990100")
    later = whole[whole.index.get_level_values("month") >= pd.Period("2020-01", "M")]
    ax = hg.plot_seasons(hg.dark_days(hg.roll_up(later, "region"), crime_type="woninginbraak"), language="en").axes[0]
    labels = [label.get_text() for label in ax.get_xticklabels()]
    assert labels == ["2019/20\nincomplete", "2020/21", "2021/22", "2022/23", "2023/24", "all seasons"]
    both = {"as counted", "allowing for the trend, with 95% interval"}
    assert {text.get_text() for text in ax.get_legend().get_texts()} == both, "nothing that is not drawn"
    season = hg.dark_days(hg.roll_up(whole, "region"), crime_type="woninginbraak")
    ax = hg.plot_seasons(season, language="en").axes[0]
    assert ax.get_xticklabels()[0].get_text() == "2019/20", "a season with one light half has a ratio, an open circle"
    assert {text.get_text() for text in ax.get_legend().get_texts()} == both | {"incomplete season"}
    drawn = {line.get_label(): line.get_ydata() for line in ax.lines}
    pooled = season.droplevel("code").loc["alle"]
    assert drawn["allowing for the trend, with 95% interval"][-1] == pooled["ratio_trend"], "the one in the words"
    assert drawn["as counted"][-1] == pooled["ratio"]


def test_hours_say_what_they_rest_on_and_when_it_is_busiest():
    moments = ["2024-05-03 20:10"] * 30 + ["2024-05-03 22:10"] * 20 + ["2024-05-06 03:00"] * 10
    start = pd.to_datetime(pd.Series(moments)).dt.tz_localize("Europe/Amsterdam")
    end = start + pd.Timedelta(minutes=20)
    end.iloc[-1] += pd.Timedelta(days=21)
    found = hg.hour_profile(pd.DataFrame({"start": start, "end": end}), max_window="48h", rng=1, draws=99)
    said = hg.in_words(found)
    assert said[:2] == [
        "59 incidenten zijn over hun tijdvenster gespreid.", "Niet meegeteld: 1 met een venster langer dan 48 uur.",
    ]  # fmt: skip
    assert "vrijdag 20-23 uur, naar schatting 50 van de 59 (" in said[2]
    # 50 of 59 far above the rest: a binomial of the sum (44 to 55), not those of 30 and of 20 end to end (34 to 65)
    low, high = (int(n) for n in re.search(r"\((\d+) tot (\d+)", said[2]).groups())
    assert (low, high) == pytest.approx(tuple(binom.ppf([0.025, 0.975], 59, 50 / 59)), abs=2)
    assert "Friday 20-23 h" in hg.in_words(found, language="en")[2]
    assert hg.plot_hours(found).axes[0].get_xlabel() == "\n".join(said[:2])
    found.attrs["only_end"] = 7
    assert hg.in_words(found)[2] == "Niet meegeteld: 7 waarvan alleen bekend is wanneer ze zijn ontdekt."


def test_the_band_of_the_hours_of_the_day_is_that_of_their_own_bootstrap():
    rng = np.random.default_rng(6)
    start = pd.Timestamp("2024-01-01", tz="Europe/Amsterdam") + pd.to_timedelta(rng.integers(0, 80 * 1440, 800), "min")
    table = pd.DataFrame({"start": start, "end": start + pd.to_timedelta(rng.integers(0, 900, 800), unit="min")})
    band = hg.plot_hours(hg.hour_profile(table, max_window="48h", rng=1)).axes[1].collections[0]
    drawn = band.get_paths()[0].vertices
    width = [np.ptp(drawn[drawn[:, 0] == hour, 1]) for hour in range(24)]
    day = hg.hour_profile(table, by="hour_of_day", max_window="48h", rng=1)
    # what is in one day is in no other, which independence does not know: 1.10 of the right width by the variance of
    # these windows, and never less than it; seven widths end to end were 2.8 times
    ratio = np.array(width) / (day["aoristic_high"] - day["aoristic_low"]).to_numpy()
    weights = hg.aoristic(table, by="hour_of_week", max_window="48h").to_numpy().reshape(-1, 7, 24)
    by_variance = np.sqrt(weights.var(axis=0).sum(axis=0) / weights.sum(axis=1).var(axis=0))
    assert by_variance.mean() == pytest.approx(1.10, abs=0.01)
    assert ratio.mean() == pytest.approx(by_variance.mean(), abs=0.03)
    assert ratio.min() > 0.97


def seasonal_places(kinds, *, places="cells"):
    cells = [shapely.box(80_000 + 300 * n, 450_000, 80_200 + 300 * n, 450_100) for n in range(len(kinds))]
    table = gpd.GeoDataFrame(
        {"kind": pd.Categorical(kinds), "clustered": "dark", "incidents": 20.0, "area_ha": 2.0},
        geometry=cells, crs="EPSG:28992", index=pd.RangeIndex(1, len(kinds) + 1, name="area"),
    )  # fmt: skip
    table.attrs = {"eps": 250.0, "min_incidents": 15, "places": places}
    return table


def test_places_by_season_leave_the_house_as_cells_by_kind():
    table = seasonal_places(["seizoen: donker", "chronisch", "seizoen: donker"])
    page = hg.HotspotMap(scenes.areas(), title="t").add_seasonal_areas(table).to_html()
    layer = next(iter(layers(page).values()))
    assert {entry["label"]: entry["count"] for entry in layer["classes"]} == {
        "in beide helften van het jaar": "1 (2 ha)", "meer in het donker dan elders": "2 (4 ha)",
        "meer in het licht dan elders": "0 (0 ha)", "vooral in één seizoen": "0 (0 ha)", "onbeslist": "0 (0 ha)",
    }  # fmt: skip
    drawn = gpd.GeoDataFrame.from_features(layer["shapes"]["features"], crs=4326).to_crs("EPSG:28992")
    assert drawn.area.to_numpy() == pytest.approx([2e4, 4e4], rel=1e-2)
    assert "15 of meer incidenten binnen 250 m" in layer["notes"][0]
    assert hg.in_words(table)[0].startswith("3 plekken met een cluster: 1 in beide helften van het jaar, 2 met meer")
    with pytest.raises(hg.DisclosureError, match="snap"):
        hg.HotspotMap(scenes.areas(), title="t").add_seasonal_areas(seasonal_places(["chronisch"], places="points"))
    few = seasonal_places(["chronisch", "incidenteel"])
    few.loc[2, "incidents"] = 3.0
    kept = hg.HotspotMap(scenes.areas(), title="t").add_seasonal_areas(few)
    assert kept.layers[0].classes[3].count == "0 (0 ha)", "too few incidents to be shown to others"
    loose = seasonal_places(["chronisch", "incidenteel"])
    loose.loc[2, "geometry"] = shapely.MultiPolygon([loose.geometry[2], shapely.box(81_000, 451_000, 81_100, 451_100)])
    kept = hg.HotspotMap(scenes.areas(), title="t").add_seasonal_areas(loose)
    assert kept.layers[0].classes[3].count == "0 (0 ha)", "how many are in each piece is not known"
    assert any(note == "Eén plek met minder dan 5 incidenten is weggelaten." for note in kept.layers[0].notes)
    table.attrs |= {"least": 5, "dropped_areas": 7}
    said = hg.HotspotMap(scenes.areas(), title="t").add_seasonal_areas(table).layers[0].notes
    assert "Weggelaten: 7 stukken met minder dan 5 incidenten in de eigen vakken." in said
    with pytest.raises(hg.InputError, match="somewhere"):
        hg.HotspotMap(scenes.areas(), title="t").add_seasonal_areas(seasonal_places(["somewhere"]))
    none = hg.HotspotMap(scenes.areas(), title="t").add_seasonal_areas(table.iloc[:0])
    assert {entry.count for entry in none.layers[0].classes} == {"0 (0 ha)"}
    assert none.to_html()


def test_the_two_estimates_of_the_season_each_say_from_what_they_are(counts):
    region = hg.roll_up(counts[counts["incidents"].notna().groupby("code").transform("all")], "region")
    assert "uit aantallen per maand" in hg.in_words(hg.dark_days(region, crime_type="woninginbraak"))[0]
    assert "uit aantallen per dag" in hg.in_words(effect(0.6, 0.3, 0.9))[0]
