"""What season and clock say and show: words for a course over the year, sentences, pictures."""

from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

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


def effect(share, low, high, inflation=5.0, clock=1.1):
    rows = {"winter": (1.5, 1.4, 1.6), "clock": (clock, clock * 0.9, clock * 1.1)}
    return SimpleNamespace(
        effects=pd.DataFrame.from_dict(rows, orient="index", columns=["ratio", "low", "high"]),
        share=share, share_low=low, share_high=high, inflation=inflation,
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
    top = ahead.seasons["expected"].idxmax()
    assert any(top in each for each in sentences)


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
        assert picture._repr_png_().startswith(b"\x89PNG")
    # six years are begun, and a month with a gap is left blank
    years, blank = pictures[1].axes[0], (1, 2)  # March 2020
    assert [label.get_text() for label in years.get_yticklabels()] == [str(y) for y in range(2019, 2025)]
    assert len(years.texts) == 60 - 1
    assert blank not in {(round(t.get_position()[1]), round(t.get_position()[0])) for t in years.texts}
    with pytest.raises(hg.ColumnError, match="hour of the week"):
        hg.plot_hours(hours.iloc[:24])
    with pytest.raises(hg.InputError, match="crime_type"):
        hg.plot_months(counts, crime_type="overval")
