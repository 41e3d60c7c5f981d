"""Funnel limits, ranks with intervals and local empirical Bayes, against hand, published numbers and other software."""

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import scipy.stats
from libpysal.graph import Graph
from shapely.geometry import box

import hicgeo as hg
from hicgeo.analysis._inference import empirical_bayes


def rates(incidents, base, *, constant=1.0, growth=0.0, norm=8.0, state="niet te onderscheiden"):
    n, d = np.asarray(incidents, float), np.asarray(base, float)
    index = pd.Index([f"WK9901{k:02d}" for k in range(len(n))], name="code")
    table = pd.DataFrame({"incidents": n, "base": d, "rate": n / d * 1000, "state": state}, index=index)
    table.attrs = {"per": 1000, "norm": norm, "dispersion_constant": constant, "dispersion_growth": growth}
    return table


def test_a_funnel_without_overdispersion_is_that_of_poisson():
    limits = hg.funnel(rates([8, 8, 8], [500, 1000, 60_000]))
    assert limits.index[0] == pytest.approx(450)
    assert limits.index[-1] == pytest.approx(66_000)
    assert (limits["low_998"] <= limits["low_95"]).all()
    assert (limits["high_95"] <= limits["high_998"]).all()
    for base, row in limits.iloc[::20].iterrows():
        mean = base * 0.008
        for name, chance in (("low_95", 0.025), ("high_95", 0.975), ("low_998", 0.001), ("high_998", 0.999)):
            # between the whole numbers on both sides of the quantile
            whole = scipy.stats.poisson.ppf(chance, mean)
            assert whole - 1 - 1e-6 <= row[name] * base / 1000 <= whole + 1e-6
    assert limits["norm"].eq(8).all()


def test_overdispersion_widens_a_funnel_as_the_normal_distribution_says():
    limits = hg.funnel(rates([400, 400], [49_000, 51_000], constant=3.0, growth=0.01))
    base = limits.index[60]
    mean = base * 0.008
    expected = 8 + np.array([-1, 1]) * 1.96 * np.sqrt(mean * (3 + 0.01 * mean)) / base * 1000
    assert limits[["low_95", "high_95"]].iloc[60].to_numpy() == pytest.approx(expected, rel=0.02)


def test_ranks_are_sure_where_rates_are_apart_and_not_where_they_are_not():
    apart = hg.rank_areas(rates([10, 100, 1000], [10_000] * 3), rng=1)
    assert apart["rank"].tolist() == [3, 2, 1]
    assert apart["rank_low"].tolist() == [3, 2, 1]
    assert apart["rank_high"].tolist() == [3, 2, 1]
    assert apart["half"].tolist() == ["onderste", "niet te onderscheiden", "bovenste"]
    assert apart.attrs["clear"] == 2
    equal = hg.rank_areas(rates([50] * 21, [5000] * 21), rng=1)
    assert equal.attrs["clear"] == 0
    assert (equal["rank"] == 1).all()
    assert (equal["rank_high"] - equal["rank_low"] > 15).all()


def test_ranks_do_not_depend_on_order_and_leave_out_what_is_not_judged():
    rng = np.random.default_rng(3)
    table = rates(rng.poisson(rng.uniform(5, 60, 15)), [4000] * 15)
    table.loc[table.index[4], "state"] = "te klein"
    got = hg.rank_areas(table, rng=7)
    mixed = hg.rank_areas(table.sample(frac=1, random_state=2), rng=7)
    unique = table["rate"].drop_duplicates(keep=False).index
    pd.testing.assert_frame_equal(mixed.reindex(unique), got.reindex(unique), check_names=False)
    assert got.iloc[4].isna().all()
    assert got.attrs["ranked"] == 14
    assert hg.rank_areas(table.assign(state="te klein"), rng=7)["rank"].isna().all()


def squares(n):
    return gpd.GeoDataFrame(
        index=pd.Index([f"WK9901{k:02d}" for k in range(n * n)], name="code"),
        geometry=[box(x, y, x + 1, y + 1) for y in range(n) for x in range(n)], crs=28992,
    )  # fmt: skip


def test_local_empirical_bayes_is_marshalls_on_every_neighbourhood():
    rng = np.random.default_rng(5)
    base = rng.uniform(300, 6000, 25)
    table = rates(rng.poisson(base * 0.01 * np.exp(rng.normal(0, 0.5, 25))), base)
    graph = Graph.build_contiguity(squares(5), rook=False)
    got = hg.smooth_rates(table, graph)
    for code in table.index:
        near = [code, *graph[code].index]
        part = table.loc[near]
        assert got[code] / 1000 == pytest.approx(
            empirical_bayes(part["incidents"].to_numpy(), part["base"].to_numpy())[0]
        )


def test_local_empirical_bayes_is_that_of_esda():
    smoothing = pytest.importorskip("esda.smoothing")
    from libpysal.weights import Queen

    rng = np.random.default_rng(6)
    base = rng.uniform(300, 6000, 36)
    table = rates(rng.poisson(base * 0.01 * np.exp(rng.normal(0, 0.6, 36))) + 1, base)
    areas = squares(6)
    weights = Queen.from_dataframe(areas, use_index=False)
    weights.id_order = list(range(36))
    theirs = smoothing.Spatial_Empirical_Bayes(table["incidents"].to_numpy(), base, weights).r.ravel() * 1000
    ours = hg.smooth_rates(table, Graph.build_contiguity(areas, rook=False))
    np.testing.assert_allclose(ours, theirs, rtol=1e-9)


def test_a_graph_in_another_order_is_refused_and_islands_are_not_smoothed():
    table = rates([5, 6, 7, 8], [1000] * 4)
    areas = squares(2)
    with pytest.raises(hg.AlignmentError, match="another order"):
        hg.smooth_rates(table, Graph.build_contiguity(areas.iloc[::-1]))
    with pytest.raises(hg.AlignmentError, match="not the same"):
        hg.smooth_rates(table, Graph.build_contiguity(areas.iloc[:3]))
    alone = areas.assign(geometry=[box(10 * k, 0, 10 * k + 1, 1) for k in range(4)])
    assert hg.smooth_rates(table, Graph.build_contiguity(alone)).isna().all()
    table.loc[table.index[0], ["incidents", "rate"]] = np.nan
    table.loc[table.index[1], "base"] = 0
    got = hg.smooth_rates(table, Graph.build_contiguity(areas, rook=False))
    assert got.isna().tolist() == [True, True, False, False]


def test_what_is_no_table_of_rates_is_refused():
    table = rates([5, 6], [1000, 2000])
    with pytest.raises(hg.ColumnError, match="rates"):
        hg.rank_areas(table.drop(columns="base"), rng=1)
    with pytest.raises(hg.InputError, match="one norm"):
        hg.funnel(rates([5, 6], [1000, 2000], norm=None))
    with pytest.raises(hg.InputError, match="area to judge"):
        hg.funnel(table.assign(state="onvolledig"))
    with pytest.raises(hg.InputError, match="draws"):
        hg.rank_areas(table, rng=1, draws=10)
