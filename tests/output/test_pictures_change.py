"""Pictures of change, persistence and concentration show what the tables say, and no more."""

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
from shapely.geometry import box

import hicgeo as hg
from hicgeo.analysis.change import CHANGE_STATES, PERSISTENCE
from hicgeo.schema import RATE_STATES

CODES = [f"WK9901{n:02d}" for n in range(6)]
AREAS = gpd.GeoDataFrame(
    {"name": [f"Wijk ${n}$" for n in range(5)] + [None]},
    index=pd.Index(CODES, name="code"), geometry=[box(n, 0, n + 1, 1) for n in range(6)], crs=28992,
)  # fmt: skip


def changed(**columns):
    table = pd.DataFrame(
        {
            "incidents_before": [50.0, 40.0, 10.0, 1.0, np.nan, 0.0],
            "incidents": [100.0, 10.0, 10.0, 1.0, 5.0, 8.0],
            "ratio": [2.0, 0.25, 1.0, np.nan, np.nan, np.inf],
            "ratio_low": [1.4, 0.1, 0.4, np.nan, np.nan, 2.1],
            "ratio_high": [2.9, 0.5, 2.4, np.nan, np.nan, np.inf],
            "state": pd.Categorical(
                ["gestegen", "gedaald", "niet te onderscheiden", "te klein", "onvolledig", "gestegen"],
                categories=list(CHANGE_STATES),
            ),
        },
        index=pd.Index(CODES, name="code"),
    )
    table.attrs = {"crime_type": "woninginbraak", "period": "2016-01/2016-10", "against": "2015-01/2015-10"}
    return table.assign(**columns)


def labels(axis):
    return [each.get_text() for each in axis.get_ticklabels()]


def legend(figure):
    return [each.get_text() for part in figure.legends for each in part.get_texts()]


def test_change_shows_the_judged_areas_from_the_largest_rise_down():
    figure = hg.plot_change(changed(), AREAS)
    ax = figure.axes[0]
    assert labels(ax.yaxis) == ["WK990105  0 → 8", "Wijk $0$  50 → 100", "Wijk $2$  10 → 10", "Wijk $1$  40 → 10"]
    assert ax.get_xlabel().startswith(
        "verschil in woninginbraken, januari t/m oktober 2016 tegenover januari t/m oktober 2015"
    )
    points = {line.get_label(): line.get_xdata().tolist() for line in ax.lines if line.get_marker() == "o"}
    assert points["gedaald"] == [0.25]
    assert points["gestegen"][1] == 2.0
    assert np.isfinite(points["gestegen"][0]), "from nothing to something lies at the edge, not outside the picture"
    assert ax.xaxis.get_major_formatter()(2, 0) == "+100 %"
    assert ax.xaxis.get_major_formatter()(0.25, 0) == "-75 %"
    assert figure.png().startswith(b"\x89PNG")


def test_change_says_what_it_leaves_out_and_speaks_english():
    ax = hg.plot_change(changed(), AREAS, language="en", top=1).axes[0]
    assert labels(ax.yaxis) == ["Wijk $0$  50 → 100"], "the area with the most incidents in both"
    assert "and 3 others" in ax.get_title(loc="left")


def yearly_and_kinds():
    states = {
        "WK990100": ["boven", "boven", "boven"],
        "WK990101": ["boven", "niet te onderscheiden", "onder"],
        "WK990102": ["onder", "te klein", "niet te onderscheiden"],
        "WK990103": ["onder", "niet te onderscheiden", "boven"],
    }
    rows = [(year, code, 10.0 + n, s) for code, each in states.items() for n, (year, s) in
            enumerate(zip((2014, 2015, 2016), each, strict=True))]  # fmt: skip
    yearly = pd.DataFrame(rows, columns=["year", "code", "rate", "state"]).set_index(["year", "code"])
    yearly["state"] = pd.Categorical(yearly["state"], categories=list(RATE_STATES))
    yearly.attrs = {"crime_type": "woninginbraak"}
    kinds = ["chronisch", "wisselend", "niet te bepalen", "opkomend"]
    lasting = pd.DataFrame(
        {"years_above": [3, 1, 0, 1], "kind": pd.Categorical(kinds, categories=list(PERSISTENCE))},
        index=pd.Index(list(states), name="code"),
    )
    return yearly, lasting


def test_persistence_has_a_row_per_area_that_was_above_and_a_column_per_year():
    ax = hg.plot_persistence(*yearly_and_kinds(), AREAS).axes[0]
    assert labels(ax.yaxis) == ["Wijk $0$  (chronisch)", "Wijk $3$  (opkomend)", "Wijk $1$  (wisselend)"]
    assert labels(ax.xaxis) == ["2014", "2015", "2016"]
    assert [each.get_text() for each in ax.texts] == ["10,0", "11,0", "12,0"] * 3
    drawn = ax.collections[0].get_array().reshape(3, 3)[::-1]
    assert drawn.tolist() == [[1, 1, 1], [3, 2, 1], [1, 2, 3]]


def test_persistence_without_any_area_above_is_still_a_picture():
    yearly, lasting = yearly_and_kinds()
    figure = hg.plot_persistence(yearly, lasting.assign(kind="niet boven de norm"), AREAS, language="en")
    assert figure.png().startswith(b"\x89PNG")
    assert "not judged" in legend(figure)
    few = hg.plot_persistence(yearly, lasting, AREAS, top=1).axes[0]
    assert "en 2 andere" in few.get_title(loc="left")


def test_lorenz_draws_the_curve_and_its_intervals_beside_chance():
    found = hg.concentration(pd.Series([0.0, 3, 1, 0, 6, 2, 2, 1, 9, 0]), rng=1)
    ax = hg.plot_lorenz(found, crime_type="straatroof").axes[0]
    lines = {line.get_label(): line for line in ax.lines}
    assert lines["straatroven"].get_ydata().tolist() == found.curve["share_incidents"].tolist()
    assert lines["bij gelijk risico, door toeval alleen"].get_ydata().tolist() == found.top["share_chance"].tolist()
    assert "Gini 0,5" in ax.get_title(loc="left")


def test_lorenz_of_nothing_says_so():
    figure = hg.plot_lorenz(hg.concentration(pd.Series([0.0, 0.0]), rng=1))
    assert [each.get_text() for each in figure.axes[0].texts] == [
        "Te weinig gebieden of incidenten om concentratie te meten."
    ]
    assert "Gini" not in figure.axes[0].get_title(loc="left")


def test_what_is_no_answer_of_the_verb_is_refused():
    yearly, lasting = yearly_and_kinds()
    with pytest.raises(hg.ColumnError, match=r"hicgeo\.change"):
        hg.plot_change(changed().drop(columns="ratio"), AREAS)
    with pytest.raises(hg.ColumnError, match=r"hicgeo\.persistence"):
        hg.plot_persistence(yearly, lasting.drop(columns="kind"), AREAS)
    with pytest.raises(hg.ColumnError, match="concentration"):
        hg.plot_lorenz(lasting)
    with pytest.raises(hg.InputError, match="top"):
        hg.plot_change(changed(), AREAS, top=0)
    with pytest.raises(hg.InputError, match="top"):
        hg.plot_persistence(yearly, lasting, AREAS, top=0)
