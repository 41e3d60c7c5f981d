"""What a public export must not let anybody work out, by ways that are not in the figures themselves."""

import itertools
from contextlib import nullcontext
from types import SimpleNamespace

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import scenes
import shapely

import hicgeo as hg
from hicgeo.errors import DisclosureError
from hicgeo.output import _browser
from hicgeo.output.disclosure import Ledger, protect, release, remarks
from hicgeo.output.maps import HotspotMap
from hicgeo.output.tables import write_table

YEAR = {"crime_type": "bedreiging", "period": "2024"}


def table(counts, name="hour", **attrs):
    names = name.split()
    index = pd.MultiIndex.from_tuples(list(counts), names=names) if names[1:] else pd.Index(list(counts), name=name)
    made = pd.DataFrame({"incidents": [float(n) for n in counts.values()]}, index=index)
    made.attrs = {**YEAR, **attrs}
    return made


def shown(published):
    return [None if np.isnan(n) else n for n in published["incidents"]]


def test_what_is_said_of_a_table_is_the_same_whatever_is_hidden(tmp_path):
    said = set()
    for small in range(1, 10):
        hours = table({"nacht": small, "ochtend": 0, "middag": 20, "avond": 31})
        done = release(hours, "openbaar")
        file = write_table(hours, tmp_path / "a.csv", profile="openbaar")
        said.add((file.read_bytes(), *remarks(done, "openbaar", "nl")))
    assert len(said) == 1
    assert "2 van de 4" in next(iter(said))[1]


def test_the_advice_and_the_word_on_the_order_follow_from_what_is_shown():
    index = pd.MultiIndex.from_product([[f"BU99990{n:03d}" for n in range(12)], ["ja", "nee"]])
    index.names = ["code", "target"]
    said = set()
    for seed in range(4):
        counts = np.random.default_rng(seed).integers(1, 10, 24).astype(float)
        counts[:3] = [30, 40, 50]
        sparse = pd.DataFrame({"incidents": counts}, index=index)
        sparse.attrs = YEAR
        said.add(tuple(remarks(release(sparse, "openbaar"), "openbaar", "nl")))
    assert len(said) == 1
    assert "onder 0,90" in next(iter(said))[-1]


def test_what_is_proposed_as_coarser_leaves_enough_when_it_is_followed():
    followed = set()
    for seed in range(8):
        rng = np.random.default_rng(seed)
        mean = np.repeat(rng.gamma(2, 3, 7), 6) * rng.gamma(1, 1, 42)  # seven wijken of six buurten
        codes = [f"BU9999{w:02d}{b:02d}" for w in range(7) for b in range(6)]
        counts = table(dict(zip(codes, rng.poisson(mean).astype(float), strict=True)), "code")
        counts.loc["alle"] = counts["incidents"].sum()
        advice = protect(counts).seen["table"].advice
        followed.add(advice)
        if advice == "wijk":
            coarse = counts.drop("alle").groupby(lambda code: f"WK{code[2:8]}").sum().rename_axis("code")
            coarse.attrs = YEAR
            assert protect(coarse).report.loc["table", "rank_correlation"] >= 0.85
    assert "wijk" in followed
    few = table({f"BU9999{w:02d}{b:02d}": 1.0 for w in range(11) for b in range(5)}, "code")
    assert protect(few).seen["table"].advice != "wijk", "5 in each wijk are hidden as well"


def test_the_advice_does_not_follow_from_a_total_of_earlier_exports_that_nobody_could_read():
    codes = [f"BU9999{wijk:02d}{buurt:02d}" for wijk in range(3) for buurt in range(4)]
    said = set()
    for small in (1, 9):  # all rows of the first are hidden, and with them the norm that would tell their sum
        areas = table(dict.fromkeys(codes, small), "code")
        ledger = Ledger(None)
        first = protect(areas.assign(norm=2.0), ledger=ledger)
        assert first.tables["table"]["norm"].isna().all()
        ledger.promise(first.figures)
        said.add(protect(areas, ledger=ledger).seen["table"])
    assert len(said) == 1


def test_zeros_are_hidden_where_anything_is_and_only_there():
    assert shown(protect(table({"a": 0, "b": 20})).tables["table"]) == [0, 20]
    assert shown(protect(table({"a": 0, "b": 20, "c": 3})).tables["table"]) == [None, 20, None]


def test_who_knows_that_zeros_are_hidden_cannot_raise_the_least_of_a_total():
    # 3 = 1 + 2: if a hidden figure were known to be more than 0, the total would be 2 at least
    parts = {("a", "x"): 1, ("a", "y"): 2, ("b", "x"): 30, ("b", "y"): 0}
    done = protect({"parts": table(parts, "target hour"), "target": table({"a": 3, "b": 30}, "target")})
    assert shown(done.tables["parts"]) == [None, None, 30, None]
    assert shown(done.tables["target"])[0] is None
    assert (done.room["low"] == 0).all()


def test_counts_of_something_finer_stay_inside_though_the_police_publish_the_total():
    # 20 robberies of a neighbourhood are public, that 3 had a direct victim is not
    victims = pd.DataFrame({"incidents": [20, 30], "known": [20, 29], "direct": [3, 12], "share": [0.15, 0.41]},
                           index=pd.Index(["BU99990001", "BU99990002"], name="code"))  # fmt: skip
    victims.attrs = {"crime_type": "overval"}
    with pytest.raises(DisclosureError, match="direct, known"):
        release(victims, "openbaar")
    assert release(victims, "driehoek") is victims


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"period": None}, "of what period"),
        ({"crime_type": None}, "of what crime_type"),
    ],
)
def test_a_table_that_does_not_say_what_it_is_of_cannot_be_checked(change, reason):
    with pytest.raises(DisclosureError, match=reason):
        release(table({"nacht": 3, "dag": 30}, **change), "openbaar")


def test_a_dimension_or_a_column_of_which_nothing_is_known_cannot_be_checked():
    with pytest.raises(DisclosureError, match="season"):
        release(table({"2023/24": 3, "2022/23": 30}, "season"), "openbaar")
    hours = table({"nacht": 3, "dag": 30}).assign(ratio=[0.1, 1.2])
    with pytest.raises(DisclosureError, match="ratio"):
        release(hours, "openbaar")
    with pytest.raises(DisclosureError, match="labels of 'hour' overlap"):
        release(table({"nacht": 3, 13: 30}), "openbaar")


def test_a_table_without_counts_must_be_of_a_published_type():
    index = pd.DataFrame({"ratio": [1.2]}, index=pd.Index(["BU99990001"], name="code"))
    with pytest.raises(DisclosureError, match="no crime type"):
        release(index, "openbaar")
    index.attrs = {"crime_type": "bedreiging"}
    with pytest.raises(DisclosureError, match="bedreiging"):
        release(index, "openbaar")
    index.attrs = {"crime_type": "overval"}
    assert release(index, "openbaar") is index


def test_places_without_counts_are_not_said_to_hold_none_of_the_incidents(tmp_path):
    spots = scenes.hotspots().assign(incidents=40.0, kind=["meer dan toeval", "niet te onderscheiden"])
    spots["share_area"] = [0.01, 0.008]
    page = HotspotMap(scenes.areas(), title="t", profile="openbaar").add_hotspots(spots)
    (layer,) = page.layers
    assert layer.headline == (
        "2 plekken met de hoogste dichtheid, samen 1,8 % van het gebied. Meer dan toeval, gegeven de woningen: 1 van "
        "de 2."
    )
    assert "0,0 %" not in page.to_html()
    assert "niet getoetst" not in "".join(layer.notes), "they were tested"
    assert len(layer.rows) == len(next(iter(layer.values.values()))) == 4
    file = write_table(spots.drop(columns="geometry"), tmp_path / "a.csv", profile="openbaar")
    assert "incidents" not in file.read_text(encoding="utf-8-sig"), "a column with nothing in it"
    untested = HotspotMap(scenes.areas(), title="t", profile="openbaar").add_hotspots(spots.assign(kind="beschrijvend"))
    assert untested.layers[0].headline.endswith("is niet getoetst.")
    inward = HotspotMap(scenes.areas(), title="t").add_hotspots(spots.assign(share_incidents=0.1))
    assert inward.layers[0].headline == (
        "2 hotspots: 1,8 % van het gebied met 20,0 % van de incidenten. Meer dan toeval, gegeven de woningen: 1 van de "
        "2."
    )


def test_parts_of_incidents_are_no_figure_of_the_police():
    counts = table({"BU99990001": 2.4, "BU99990002": 30.6}, "code", crime_type="overval")
    assert release(counts, "openbaar")["hidden"].tolist() == [True, False]


# the same incidents told in another way


def test_a_total_that_stands_in_for_that_of_the_police_is_noted_with_the_export():
    hours = table({"nacht": 3, "ochtend": 20, "middag": 31}, crime_type="woninginbraak")
    noted = protect(hours, ledger=Ledger(None)).figures
    assert noted.loc[noted["hour"] == "*", ["value", "shown"]].to_numpy().tolist() == [[54.0, True]]


def test_hours_of_the_week_are_hours_of_weekdays():
    ledger = Ledger(None)
    week = {day * 24 + hour: 40 for day, hour in itertools.product(range(7), (3, 15))} | {3: 2}
    first = release(table(week, "hour_of_week"), "openbaar", ledger=ledger)
    assert shown(first).count(None) == 1
    hours = release(table({3: 242, 15: 280}, "hour_of_day"), "openbaar", ledger=ledger)
    assert shown(hours)[0] is None, "242 less the six other days is 2"
    days = release(table({"maandag": 42, "dinsdag": 80}, "weekday"), "openbaar", ledger=ledger)
    assert shown(days) == [None, 80]


def test_places_without_a_code_are_told_apart():
    # two municipalities, 30 and 32; the region together has 34: the second has 2 at night
    one, both = Ledger(None, area="GM0001"), Ledger(None, area="GM0001+GM0002")
    release(table({"nacht": 32, "dag": 40}), "openbaar", ledger=one)
    both.promise(pd.DataFrame(one._pending))
    assert shown(release(table({"nacht": 34, "dag": 90}), "openbaar", ledger=both)) == [None, 90]
    two = Ledger(None, area="GM0002")
    two.promise(pd.DataFrame(one._pending))
    assert shown(release(table({"nacht": 41, "dag": 50}), "openbaar", ledger=two)) == [41, 50], (
        "has nothing to do with it"
    )


def test_what_was_promised_under_a_higher_threshold_is_kept():
    ledger = Ledger(None)
    parts = table({"nacht": 7, "dag": 60})
    assert shown(release(parts, "openbaar", threshold=10, ledger=ledger)) == [None, 60]
    assert shown(release(table({"alle": 67}), "openbaar", threshold=5, ledger=ledger)) == [None]


def test_two_exports_at_a_time_are_checked_against_each_other(tmp_path):
    first, second = (Ledger(tmp_path / "exports.jsonl") for _ in range(2))
    parts, whole = table({"nacht": 3, "dag": 97}), table({"alle": 100})
    drawn = [HotspotMap(scenes.areas(), title="t", profile="openbaar", ledger=each) for each in (first, second)]
    assert shown(drawn[0]._released(parts)[0]) == [None, 97]
    assert shown(drawn[1]._released(whole)[0]) == [100], "nobody has written anything yet"
    drawn[0].save(tmp_path / "a.html")
    with pytest.raises(DisclosureError, match="make it again"):
        drawn[1].save(tmp_path / "b.html")
    assert not (tmp_path / "b.html").exists()
    again = HotspotMap(scenes.areas(), title="t", profile="openbaar", ledger=Ledger(first.path))
    again._released(table({"alle": 101}, period="2023"))
    again.save(tmp_path / "b.html")


def test_a_map_on_paper_or_as_a_picture_is_an_export_too(tmp_path, monkeypatch):
    ledger = Ledger(tmp_path / "exports.jsonl")
    drawn = HotspotMap(scenes.areas(), title="t", ledger=ledger)
    monkeypatch.setattr(_browser, "to_pdf", lambda page: b"%PDF")
    monkeypatch.setattr(_browser, "to_png", lambda page, **size: b"PNG")
    drawn.save(tmp_path / "a.html")
    drawn.save_pdf(tmp_path / "a.pdf")
    drawn.save_png(tmp_path / "a.png")
    assert [each["file"] for each in ledger.entries()] == ["a.html", "a.pdf", "a.png"]


def test_layers_from_which_small_counts_can_be_worked_out_stay_off_a_public_map():
    public = HotspotMap(scenes.areas(), title="t", profile="openbaar")
    with pytest.raises(DisclosureError, match=r"density in classes.*hotspots"):
        public.add_surface(scenes.surface())
    with pytest.raises(DisclosureError, match="waves"):
        public.add_waves(SimpleNamespace())
    groups = scenes.clusters(scenes.areas())
    with pytest.raises(DisclosureError, match="unpublished"):
        public.add_seasons(groups)
    groups.labels.attrs = {"crime_type": "woninginbraak"}
    assert public.add_seasons(groups).layers


def test_outlines_for_everybody_are_of_a_small_part_only():
    spots = scenes.hotspots().assign(share_area=[0.05, 0.02])
    with pytest.raises(DisclosureError, match="at most 3%"):
        release(spots, "openbaar")
    assert len(release(spots, "driehoek")) == 2


def test_outlines_with_a_history_stand_on_a_public_map_without_it(tmp_path):
    spots = scenes.hotspots().assign(history=["chronisch", "nieuw"], years=[5, 5], years_hot=[4, 1])
    spots["incidents"] = [61.0, 24.0]
    page = HotspotMap(scenes.areas(), title="t", profile="openbaar").add_hotspots(spots)
    said = page.save(tmp_path / "a.html").read_text(encoding="utf-8")
    assert "chronisch" not in said
    assert "4 van 5" not in said


def test_outlines_for_everybody_tell_of_no_cell_outside_that_it_has_few():
    """With a narrow kernel nine incidents in one cell would be a hotspot: all others then have fewer."""
    area = gpd.GeoDataFrame(geometry=[shapely.box(80_000, 450_000, 84_000, 454_000)], crs="EPSG:28992")
    grid, rng = hg.Grid.over(area, cell_size=100), np.random.default_rng(5)
    xy = np.vstack(
        [rng.uniform((80_000, 450_000), (84_000, 454_000), (200, 2)), rng.normal((82_000, 452_000), 100, (30, 2))]
    )
    points = grid.snap(gpd.GeoDataFrame(geometry=gpd.points_from_xy(*xy.T), crs="EPSG:28992"))
    spots = hg.hotspots(points, grid, bandwidth=200, rng=1)
    for profile, refused in (("driehoek", False), ("openbaar", True)):
        with pytest.raises(DisclosureError, match=r"alone=9") if refused else nullcontext():
            release(spots, profile)
    assert len(release(hg.hotspots(points, grid, bandwidth=200, edge="none", alone=9, rng=1), "openbaar"))
