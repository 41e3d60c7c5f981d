"""Gi* and local Moran: published numbers, esda's, plain twins, and what cannot be tested."""

import warnings

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import xarray as xr
from libpysal.graph import Graph

import hicgeo as hg

SIZE = 14


@pytest.fixture(scope="module")
def surface():
    values = np.random.default_rng(1).poisson(2, (SIZE, SIZE)).astype(float)
    values[:4, :4] += 3
    at = np.arange(SIZE) * 100.0 + 50
    return xr.DataArray(values, dims=("y", "x"), coords={"y": at, "x": at}, attrs={"cell_size": 100.0})


@pytest.fixture(scope="module")
def graph():
    rows, columns = np.mgrid[:SIZE, :SIZE]
    places = gpd.points_from_xy(columns.ravel() * 100.0, rows.ravel() * 100.0)
    return Graph.build_distance_band(gpd.GeoSeries(places), 151)


@pytest.fixture(scope="module")
def series(surface):
    return pd.Series(surface.to_numpy().ravel())


def test_six_points_as_published():
    places = [(10, 10), (20, 10), (40, 10), (15, 20), (30, 20), (30, 30)]
    graph = Graph.build_distance_band(gpd.GeoSeries(gpd.points_from_xy(*zip(*places, strict=True))), 15)
    got = hg.gi_star(pd.Series([2, 3, 3.2, 5, 8, 7]), graph)
    want = [-1.39727626, -0.28917762, 0.65064964, -0.28917762, 1.23452088, 2.02424331]
    np.testing.assert_allclose(got["z"], want, atol=5e-9)


def test_a_place_without_neighbours_is_not_tested():
    # other software gives it a z and a p-value of its own
    places = gpd.GeoSeries(gpd.points_from_xy([0, 1, 2, 3, 90], [0, 1, 0, 1, 0]))
    for verb in (hg.gi_star, hg.local_moran):
        got = verb(pd.Series([1.0, 2, 3, 4, 50]), Graph.build_distance_band(places, 3), permutations=9, rng=1)
        assert got.loc[4, "state"] == "niet te toetsen"
        assert got.loc[4, ["z", "p_value", "p_fdr", "p_permutation"]].isna().all()
        assert got.loc[:3, "z"].notna().all()


def test_z_is_that_of_esda(series, graph, surface):
    import esda

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        theirs = esda.G_Local(series, graph, transform="B", star=True, permutations=0)
        moran = esda.Moran_Local(series, graph, permutations=0)
    np.testing.assert_allclose(hg.gi_star(series, graph)["z"], theirs.Zs, atol=1e-10)
    np.testing.assert_allclose(hg.gi_star(surface, 150.0)["z"].to_numpy().ravel(), theirs.Zs, atol=1e-10)
    got = hg.local_moran(surface, 150.0)
    np.testing.assert_allclose(got["z"].to_numpy().ravel(), (moran.Is - moran.EIc) / np.sqrt(moran.VIc), atol=1e-10)
    n = SIZE**2  # esda divides by n - 1
    np.testing.assert_allclose(got["local_i"].to_numpy().ravel() * (n - 1) / n, moran.Is, atol=1e-10)


@pytest.mark.slow
def test_permutations_are_those_of_esda_within_their_error(series, graph):
    import esda

    ours, theirs = [], []
    for seed in range(8):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            found = esda.G_Local(series, graph, transform="B", star=True, permutations=199, seed=seed, n_jobs=1)
        above = (found.rGs >= found.Gs[:, None] - 1e-12).sum(axis=1) + 1
        below = (found.rGs <= found.Gs[:, None] + 1e-12).sum(axis=1) + 1
        theirs.append(np.minimum(1.0, 2 * np.minimum(above, below) / 200))
        ours.append(hg.gi_star(series, graph, permutations=199, rng=seed)["p_permutation"].to_numpy())
    # sums of 199 draws, eight times: a standard error of at most 2 x 0.5 / sqrt(1592), twice
    apart = np.mean(ours, axis=0) - np.mean(theirs, axis=0)
    assert np.abs(apart).max() < 0.15
    assert np.sqrt((apart**2).mean()) < 0.04


@pytest.mark.parametrize("uneven", [False, True])
def test_permutations_have_a_plain_twin(series, graph, uneven):
    """Every place draws its neighbours from the others, by the same draws, one after the other."""
    table = graph.adjacency.reset_index()
    if uneven:
        table["weight"] = 1.0 + (table["focal"] + table["neighbor"]) % 3
    weighed = Graph.from_adjacency(table)
    got = hg.gi_star(series, weighed, permutations=99, rng=7)["p_permutation"]
    rng = np.random.default_rng(7)
    most = int(weighed.cardinalities.max())
    ids = [rng.choice(len(series), size=most + 1, replace=False) for _ in range(99)]
    links = weighed.sparse.tocsr()
    for place in (0, 1, 30, 100, 195):
        weight = links[[place]].toarray().ravel()
        own = weight @ series.to_numpy()
        drawn = []
        for draw in ids:
            others = draw[draw != place][: (weight > 0).sum()]
            drawn.append(weight[weight > 0] @ series.to_numpy()[others])
        above = (np.array(drawn) >= own - 1e-9).sum() + 1
        below = (np.array(drawn) <= own + 1e-9).sum() + 1
        assert got[place] == pytest.approx(min(1, 2 * min(above, below) / 100))


def test_grid_and_graph_agree_also_in_permutations(series, graph, surface):
    cells = hg.local_moran(surface, 150.0, permutations=99, rng=3)
    areas = hg.local_moran(series, graph, permutations=99, rng=3)
    for column in ("local_i", "z", "p_permutation", "p_permutation_fdr"):
        np.testing.assert_allclose(cells[column].to_numpy().ravel(), areas[column], atol=1e-10)
    assert (cells["state"].to_numpy().ravel() == areas["state"]).all()


def test_another_order_gives_the_same_on_the_callers_index(series, graph):
    names = [f"BU{n:04d}" for n in range(len(series))]
    table = graph.adjacency.reset_index()
    table["focal"], table["neighbor"] = (table[side].map(dict(enumerate(names))) for side in ("focal", "neighbor"))
    named, values = Graph.from_adjacency(table), series.set_axis(names)
    mixed = values.sample(frac=1, random_state=1)
    for verb in (hg.gi_star, hg.local_moran):
        first, second = verb(values, named, permutations=99, rng=1), verb(mixed, named, permutations=99, rng=1)
        pd.testing.assert_index_equal(second.index, mixed.index)
        pd.testing.assert_frame_equal(second.sort_index(), first, atol=1e-12)
    with pytest.raises(hg.AlignmentError, match="1 of 196 values"):
        hg.gi_star(values.rename({"BU0003": "BU9999"}), named)
    with pytest.raises(hg.AlignmentError, match="1 of the Graph have no value"):
        hg.gi_star(values.iloc[1:], named)
    with pytest.raises(hg.AlignmentError, match="every area must occur once"):
        hg.gi_star(pd.concat([values, values.iloc[:1]]), named)


def test_a_planted_block_is_high(surface):
    got = hg.gi_star(surface, 150.0)
    assert (got["state"][:3, :3] == "hoog").all()
    assert float((got["state"][8:, 8:] == "hoog").mean()) < 0.05
    assert (hg.local_moran(surface, 150.0)["state"][1:3, 1:3] == "hoog bij hoog").all()


def test_false_alarms_are_few():
    # p_fdr: on values without a pattern hardly one of twenty maps says anything
    at = np.arange(20) * 100.0 + 50
    some = []
    for seed in range(40):
        values = np.random.default_rng(seed).normal(size=(20, 20))
        cells = xr.DataArray(values, dims=("y", "x"), coords={"y": at, "x": at}, attrs={"cell_size": 100.0})
        some.append(bool((hg.gi_star(cells, 150.0)["p_fdr"] <= 0.05).any()))
    assert np.mean(some) <= 0.15


def test_what_cannot_be_tested_has_no_p_value(surface, series, graph):
    constant = hg.gi_star(surface * 0 + 3, 150.0, permutations=9, rng=1)
    assert (constant["state"] == "niet te toetsen").all()
    assert constant[["z", "p_value", "p_permutation"]].to_array().isnull().all()
    gap = surface.copy()
    gap[5, 5] = np.nan
    for verb in (hg.gi_star, hg.local_moran):
        got = verb(gap, 150.0, permutations=9, rng=1)
        assert int(got["z"].isnull().sum()) == 1
        assert got["state"][5, 5] == "niet te toetsen"
        holes = series.where(np.arange(len(series)) != 5 * SIZE + 5)
        np.testing.assert_allclose(got["z"].to_numpy().ravel(), verb(holes, graph)["z"], atol=1e-10)
    lone = surface.where((surface["x"] > 300) | (surface["x"] < 100))
    lone[1:, 0] = np.nan  # one cell left in the west, with no neighbour
    assert hg.gi_star(lone, 150.0)["state"][0, 0] == "niet te toetsen"


def test_wrong_input_is_refused(surface, series, graph):
    with pytest.raises(hg.InputError, match="finite"):
        hg.gi_star(series.replace(0.0, np.inf), graph)
    with pytest.raises(hg.InputError, match="three values"):
        hg.gi_star(series.where(series.index < 2), graph)
    with pytest.raises(hg.InputError, match="libpysal Graph"):
        hg.gi_star(series, 150.0)
    with pytest.raises(hg.InputError, match="radius in metres"):
        hg.gi_star(surface, graph)
    with pytest.raises(hg.InputError, match="at least the cell size"):
        hg.gi_star(surface, 50.0)
    with pytest.raises(hg.InputError, match="cell_size"):
        hg.gi_star(surface.assign_attrs(cell_size=np.nan), 150.0)
    with pytest.raises(hg.InputError, match="rng"):
        hg.gi_star(surface, 150.0, permutations=9)
    table = graph.adjacency.reset_index()
    table.loc[0, "weight"] = -1.0
    with pytest.raises(hg.InputError, match="weights must be 0 or more"):
        hg.gi_star(series, Graph.from_adjacency(table))
