"""Scores by hand, no look into the future, and a verdict that follows the numbers."""

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
from shapely.geometry import box

import hicgeo as hg
from hicgeo.analysis import _past as room
from hicgeo.analysis import _scores

RD = "EPSG:28992"
TOWN = gpd.GeoSeries([box(0, 0, 4000, 3000)], crs=RD)
NO_LEARNING = {"method": "kde", "bandwidth": 300.0, "rng": 1}


@pytest.fixture(scope="module")
def grid():
    return hg.Grid.over(TOWN, cell_size=100)


def table(xy, day):
    start = pd.Timestamp("2023-01-01", tz="Europe/Amsterdam") + pd.to_timedelta(day, unit="D")
    return gpd.GeoDataFrame({"start": start}, geometry=gpd.points_from_xy(*np.asarray(xy).T), crs=RD)


def burglaries(seed, days=420, moved_after=None):
    """A third in a spot that stays, or moves on a day."""
    rng = np.random.default_rng(seed)
    day = rng.integers(0, days, 1500)
    xy = rng.uniform([0, 0], [4000, 3000], (1500, 2))
    spot = np.arange(1500) % 3 == 0
    centre = np.where((day < (moved_after or days))[:, None], [1000.0, 1000.0], [3000.0, 2000.0])
    xy[spot] = (centre + rng.normal(0, 90, (1500, 2)))[spot]
    return table(xy, day)


@pytest.fixture(scope="module")
def points():
    return burglaries(1)


@pytest.fixture(scope="module")
def tested(points, grid):
    return hg.backtest(points, grid, horizon_days=(7, 28), bandwidth=300.0, hectares=(12.0, 24.0), rng=1)


def test_pai_of_three_cells_by_hand():
    # observed 6, 3, 0; predicted 3, 2, 1; equal areas: 2, 1.5 and 1
    predicted, observed = np.array([3.0, 2.0, 1.0]), np.array([6, 3, 0])
    for share, pai in ((1 / 3, 2.0), (2 / 3, 1.5), (0.999999, 1.0)):
        hits = (_scores.marked_share(predicted, share) * observed).sum()
        assert hits / observed.sum() / share == pytest.approx(pai, abs=1e-5)


def test_scores_by_hand():
    # twelve cells, two of them marked; the past: 20, 8, 2 and nothing; four weeks: 12, 0, 18 and one elsewhere
    grid = hg.Grid.over(gpd.GeoSeries([box(0, 0, 400, 300)], crs=RD), cell_size=100)
    places, day = [], []
    for before, after, x in ((20, 12, 50), (8, 0, 150), (2, 18, 250)):
        places += [(x, 50.0)] * (before + after)
        day += list(np.linspace(0, 99, before).round()) + list(100 + np.arange(after) % 7)
    last = table([*places, (350.0, 50.0)], [*day, 127.0])  # the data reach four weeks on
    got = hg.backtest(last, grid, share=1 / 6, horizon_days=28, hectares=(1.0,), test_from="2023-04-11", **NO_LEARNING)
    row = got.scores.loc[("last_year_100m", 28)]
    assert row[["n", "hits"]].tolist() == [31, 12]
    assert row["hit_rate"] == pytest.approx(12 / 31)
    assert row["pai"] == pytest.approx(12 / 31 * 6)
    assert row["pei"] == pytest.approx(12 / 30)  # the best two cells had 12 and 18
    assert row["rri"] == pytest.approx(12 / (31 * 28 / 30))  # the marked cells had 28 of 30
    assert got.capture.loc[("last_year_100m", 28, 1.0), "capture"] == pytest.approx(12 / 31)


def test_a_tie_counts_for_the_part_that_fits_in():
    values = np.array([5.0, 2.0, 2.0, 2.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0])
    marked = _scores.marked_share(values, 0.2)  # two of ten: the best, and one of three
    np.testing.assert_allclose(marked, [1, 1 / 3, 1 / 3, 1 / 3, 0, 0, 0, 0, 0, 0])
    for share in (0.05, 0.1, 0.37, 0.5, 0.99):
        assert _scores.marked_share(values, share).sum() == pytest.approx(10 * share)


def test_random_is_one_and_nothing_beats_hindsight(tested):
    random = tested.scores.xs("random", level="method")
    np.testing.assert_allclose(random[["pai", "pai_low", "pai_high"]], 1.0)
    assert (tested.scores["pei"] <= 1).all()
    assert tested.scores["hits"].le(tested.scores["n"]).all()
    np.testing.assert_allclose(tested.scores["pai"], tested.scores["hit_rate"] / 0.02)


def test_a_spot_that_stays_is_predicted(tested):
    scores = tested.scores.xs(28, level="horizon_days")
    assert (scores.loc[["kde", "two_scale", "learned"], "pai"] > 10).all()
    assert (scores["pai_low"] <= scores["pai"]).all()
    assert (scores["pai"] <= scores["pai_high"]).all()
    beats = tested.differences.loc[("learned", "random", 28)]
    assert beats["verdict"] == "beter"
    assert beats["pai_difference"] == pytest.approx(scores.loc["learned", "pai"] - 1)


def test_a_spot_that_moves_is_not(grid):
    moved = hg.backtest(burglaries(2, moved_after=336), grid, horizon_days=84, bandwidth=300.0, rng=1)
    assert moved.scores.loc[("kde", 84), "pai"] < 2
    verdict = moved.differences.loc[("kde", "last_year_250m", 84), "verdict"]
    assert verdict in ("niet te onderscheiden", "slechter")


def test_weeks_add_up_to_the_scores_also_when_horizons_cut_them(points, grid, tested):
    odd = hg.backtest(points, grid, horizon_days=10, **NO_LEARNING)
    np.testing.assert_allclose(odd.weeks["hits"].groupby("method", observed=True).sum(), odd.scores["hits"])
    total = tested.weeks.groupby(["method", "horizon_days"], observed=True)[["n", "hits"]].sum()
    pd.testing.assert_frame_equal(
        total.sort_index(), tested.scores[["n", "hits"]].sort_index(), check_dtype=False, check_exact=False
    )


def test_a_map_does_not_see_what_is_after_its_origin(points, grid, tested):
    rng = np.random.default_rng(3)
    late = (points["start"] >= "2024-01-01").to_numpy()
    other = points.copy()
    other.loc[late, "geometry"] = gpd.points_from_xy(*rng.uniform([0, 0], [4000, 3000], (late.sum(), 2)).T)
    got = hg.backtest(other, grid, horizon_days=(7, 28), bandwidth=300.0, hectares=(12.0, 24.0), rng=1)
    before = tested.weights.index.get_level_values("origin") <= pd.Timestamp("2024-01-01")
    assert before.sum() > 4
    pd.testing.assert_frame_equal(got.weights[before], tested.weights[before])
    early = tested.weeks.index.get_level_values("week") + pd.Timedelta(days=6) < pd.Timestamp("2024-01-01")
    pd.testing.assert_frame_equal(got.weeks[early], tested.weeks[early])


def test_weights_are_those_of_greatest_likelihood():
    # two parts over three outcomes: the likelihood of a share w is known, and is searched by plain trial
    explained = np.repeat([[0.7, 0.2, 0.1], [0.1, 0.3, 0.6]], [1, 1], axis=0)[:, [0] * 5 + [1] * 3 + [2] * 4]
    trial = np.linspace(0, 1, 100_001)
    likelihood = sum(np.log(trial * a + (1 - trial) * b) for a, b in explained.T)
    assert room._mixture(explained)[0] == pytest.approx(trial[likelihood.argmax()], abs=1e-4)


def test_weights_are_shares_and_a_season_needs_a_year(tested):
    np.testing.assert_allclose(tested.weights.sum(axis=1), 1.0)
    assert tested.weights.loc["two_scale"].drop(columns=["even", "own_cell", "density"]).isna().all(axis=None)
    assert tested.weights[["season", "dwellings", "local_rate"]].isna().all(axis=None)


def test_each_dwelling_has_the_rate_of_its_surroundings(grid):
    # incidents fall on dwellings alike, which stand in every second column: the rate tells those from the gaps
    homes = grid.counts(np.empty((0, 2))) + (np.arange(len(grid.x)) % 2) * 10.0
    rng = np.random.default_rng(2)
    xy = rng.uniform([0, 0], [4000, 3000], (3000, 2))
    xy = xy[np.floor(xy[:, 0] / 100) % 2 == 1]
    got = hg.backtest(
        table(xy, rng.integers(0, 400, len(xy))), grid, method=("kde", "learned"), share=0.5, horizon_days=28,
        bandwidth=500.0, at_risk=homes, rng=1,
    )  # fmt: skip
    assert got.scores.loc[("learned", 28), "hit_rate"] == pytest.approx(1.0)
    assert got.scores.loc[("kde", 28), "hit_rate"] < 0.9


def test_with_two_years_there_is_a_season(grid):
    got = hg.backtest(
        burglaries(4, days=900), grid, method="learned", horizon_days=28, test_from="2025-05-01", bandwidth=300.0, rng=1
    )
    assert got.weights["season"].notna().all()


def test_dwellings_are_a_baseline_when_known(points, grid):
    homes = grid.counts(np.random.default_rng(1).uniform([0, 0], [2000, 3000], (9000, 2)))
    got = hg.backtest(points, grid, horizon_days=28, at_risk=homes, **NO_LEARNING)
    assert ("kde", "dwellings", 28) in got.differences.index
    assert 0.5 < got.scores.loc[("dwellings", 28), "pai"] < 3
    learned = hg.backtest(points, grid, method="learned", horizon_days=28, at_risk=homes, bandwidth=300.0, rng=1)
    assert learned.weights[["dwellings", "local_rate"]].notna().all(axis=None)
    with pytest.raises(hg.InputError, match="something at risk"):
        hg.backtest(points, grid, horizon_days=28, at_risk=homes * 0, **NO_LEARNING)
    with pytest.raises(hg.AlignmentError, match="on the grid"):
        hg.backtest(points, grid, horizon_days=28, at_risk=homes[1:], **NO_LEARNING)


def test_the_order_of_rows_does_not_matter(points, grid, tested):
    again = hg.backtest(
        points.sample(frac=1, random_state=3), grid, horizon_days=(7, 28), bandwidth=300.0, hectares=(12.0, 24.0), rng=1
    )
    pd.testing.assert_frame_equal(again.scores, tested.scores, rtol=1e-6)


def test_few_weeks_give_no_interval(points, grid):
    got = hg.backtest(points, grid, horizon_days=14, test_from="2024-02-10", **NO_LEARNING)
    assert got.scores[["pai_low", "pai_high"]].isna().all(axis=None)
    assert (got.differences["verdict"] == "te kort om te toetsen").all()


def test_best_in_hindsight_is_the_best(grid):
    rng = np.random.default_rng(5)
    xy = rng.uniform([0, 0], [4000, 3000], (400, 2))
    trial = _scores.Trial(0.0, xy, np.zeros(400, np.intp), xy)
    held, again = _scores.best_in_hindsight([trial], grid, 0.0101, np.full((2, 1), 3.0))
    counts = np.sort(grid.counts(xy).to_numpy().ravel())[::-1]
    assert held == pytest.approx(counts[:12].sum() + 0.12 * counts[12])
    np.testing.assert_allclose(again, 3 * held)


def test_it_shows_itself_as_a_table(tested):
    assert tested.to_frame().columns[:4].tolist() == ["method", "horizon_days", "n", "hits"]
    assert "two_scale" in tested._repr_html_()
    assert tested.about["test_to"] == pd.Timestamp("2024-02-24")


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"method": "kriging"}, "method must be known"),
        ({"horizon_days": 0}, "horizon_days"),
        ({"horizon_days": 2.5}, "horizon_days"),
        ({"horizon_days": 60, "test_from": "2024-02-01"}, "horizon must fit"),
        ({"share": 0.0}, "share"),
        ({"hectares": (0.0,)}, "hectares"),
        ({"train_days": 10}, "train_days"),
        ({"test_from": "2023-01-02"}, "at least 30 incidents before"),
        ({"test_from": "2024-02-24", "horizon_days": 1}, "at least 30 incidents"),
        ({"test_from": "2023-02-10"}, "past must be at least 56 days"),
        ({"bandwidth": 10.0}, "bandwidth must be at least the cell size"),
    ],
)
def test_wrong_requests_are_refused(points, grid, change, words):
    with pytest.raises(hg.InputError, match=words):
        hg.backtest(points, grid, **(NO_LEARNING | change))


def test_wrong_points_are_refused(points, grid):
    with pytest.raises(hg.InputError, match="start"):
        hg.backtest(points.drop(columns="start"), grid, **NO_LEARNING)
    with pytest.raises(hg.CrsError):
        hg.backtest(points.to_crs(4326), grid, **NO_LEARNING)
    with pytest.raises(hg.InputError, match="none do"):
        hg.backtest(points.iloc[:0], grid, **NO_LEARNING)
    undated = points.copy()
    undated.loc[undated.index[:5], "start"] = pd.NaT
    assert hg.backtest(undated, grid, horizon_days=28, **NO_LEARNING).about["n_undated"] == 5


def test_a_window_in_which_nothing_happened_counts_nothing(grid):
    # 60 in one cell before day 200; then 20 in that cell and 20 elsewhere, none of them in days 228 to 255
    rng = np.random.default_rng(3)
    day = np.r_[rng.integers(0, 200, 60), np.repeat(np.arange(200, 220), 2), np.repeat(np.arange(270, 284), 2)]
    inside = np.r_[np.ones(60, bool), np.arange(len(day) - 60) % 2 == 0]
    xy = np.where(inside[:, None], [1050.0, 1050.0], [3050.0, 2050.0])
    test = hg.backtest(
        table(xy, day), grid, method="kde", bandwidth=300.0, horizon_days=28, rng=1,
        test_from=pd.Timestamp("2023-01-01", tz="Europe/Amsterdam") + pd.Timedelta(days=200),
    )  # fmt: skip
    assert test.scores.loc[("kde", 28), "n"] == len(day) - 60
    # 1200 cells, 24 marked: the counting map knows one cell before day 228, and both after
    assert test.scores.loc[("last_year_100m", 28), "hits"] == pytest.approx(20 + 20 * 23 / 1199 + 28)


# the map itself


@pytest.mark.parametrize("method", ["kde", "two_scale", "learned"])
def test_a_forecast_is_the_map_that_was_scored(points, grid, tested, method):
    from hicgeo.analysis._scores import marked_share

    rows = tested.weeks.loc[(method, 28)]
    origin = rows.index.get_level_values("origin")[0]
    surface = hg.forecast(points, grid, start=origin, method=method, horizon_days=28, bandwidth=300.0)
    assert float(surface.sum()) == pytest.approx(1)
    assert surface.attrs["n"] == (points["start"] < origin.tz_localize("Europe/Amsterdam")).sum()
    if method != "kde":
        scored = tested.weights.loc[(method, 28, origin)].dropna().to_dict()
        assert surface.attrs["weights"] == pytest.approx(scored)
    day = (points["start"].dt.tz_localize(None) - origin).dt.days
    came = points[(day >= 0) & (day < 28)]
    marked = marked_share(surface.to_numpy()[grid.inside], tested.about["share"])
    held = np.bincount(grid.locate(came.get_coordinates().to_numpy()), minlength=grid.inside.size)[grid.inside.ravel()]
    assert (marked * held).sum() == pytest.approx(rows.xs(origin, level="origin")["hits"].sum())


def test_a_forecast_does_not_look_ahead(points, grid):
    asked = {"start": "2024-01-01", "bandwidth": 300.0}
    later = points["start"] >= pd.Timestamp("2024-01-01", tz="Europe/Amsterdam")
    other = points.set_geometry(points.geometry.where(~later, points.geometry.iloc[0]))
    np.testing.assert_array_equal(hg.forecast(points, grid, **asked), hg.forecast(other, grid, **asked))


@pytest.mark.parametrize(
    "wrong",
    [
        {"method": "magic"}, {"horizon_days": 0}, {"train_days": 3}, {"start": "soon"}, {"start": "2022-01-01"},
        {"start": "2023-02-15"},
    ],
)  # fmt: skip
def test_a_forecast_that_cannot_be_made_is_refused(points, grid, wrong):
    with pytest.raises(hg.InputError):
        hg.forecast(points, grid, **({"start": "2024-01-01", "bandwidth": 300.0} | wrong))
