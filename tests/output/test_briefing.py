"""One page for the triangle: what to know, and nothing that is not there."""

import re

import pandas as pd
import pytest
import scenes

from hicgeo.output.briefing import BriefingCard, three_things, write_briefing
from hicgeo.output.disclosure import audit_html
from hicgeo.output.maps import HotspotMap

SEASON = "In de donkere dagen 1,31 keer zoveel woninginbraken per dag."


def cards(*wanted):
    areas = scenes.areas()
    made = {
        "02": HotspotMap(areas, title="Risico").add_rates(scenes.rates(areas)),
        "03": HotspotMap(areas, title="Concentratie").add_surface(scenes.surface()).add_hotspots(scenes.hotspots()),
        "04": HotspotMap(areas, title="Seizoen").add_dark_days(scenes.season(areas)),
        "06": HotspotMap(areas, title="Inzet").add_target_areas(scenes.targets()),
    }
    return [
        BriefingCard(made[name].title, b"\x89PNG", (SEASON, "Onvolledig: 2024/25.") if name == "04" else ("Anders.",),
                     tuple(made[name].brief()))
        for name in wanted
    ]  # fmt: skip


def said(page):
    text = re.sub(r"<style>.*?</style>", "", page, flags=re.DOTALL)
    return " ".join(re.sub(r"<[^>]+>", " ", text).split())


def test_three_things_to_know_in_order_of_what_can_be_done():
    things = three_things(cards("02", "03", "04", "06"))
    assert things[0].startswith("2 inzetgebieden, samen 7,0 ha.")
    assert things[1] == "Woninginbraken, 2024: 2 van 9 buurten aantoonbaar boven de norm (Buurt C, Buurt B)."
    assert things[2] == SEASON
    assert three_things(cards("02", "03")) == [
        things[1],
        "2 hotspots: 1,2 % van het gebied met 27,4 % van de incidenten.",
    ]
    assert three_things([]) == []


def test_the_page_has_everything_and_passes_its_audit(tmp_path):
    file = write_briefing(tmp_path / "briefing.html", title="Briefing", cards=cards("02", "03", "04", "06"))
    assert audit_html(file)["pass"].all()
    page = said(file.read_text(encoding="utf-8"))
    order = ["Drie dingen om te weten", "Vergeleken met de norm", "Buurt C 7 10,0", "Waar en wanneer inzetten",
             "Elk jaar hoog;", "Werkte deze keuze eerder?", "Deze keuze ving 21 %", "Het seizoen",
             "Onvolledig: 2024/25.", "Waar het zich concentreert",
             "Wat deze cijfers niet zeggen"]  # fmt: skip
    places = [page.index(each) for each in order]
    assert places == sorted(places)
    assert page.count(SEASON) == 1, "each sentence once"
    assert "Anders." not in page, "sentences of maps of which the briefing shows the headline"


def test_what_is_not_there_is_left_out(tmp_path):
    file = write_briefing(tmp_path / "briefing.html", title="Briefing", cards=cards("04"))
    page = said(file.read_text(encoding="utf-8"))
    assert "Om te weten" in page
    for absent in ("inzetten", "norm", "Werkte", "concentreert"):
        assert absent not in page
    assert "<figure>" not in file.read_text(encoding="utf-8")
    empty = write_briefing(tmp_path / "leeg.html", title="Briefing", cards=[])
    assert "Wat deze cijfers niet zeggen" in empty.read_text(encoding="utf-8")


def test_nothing_in_it_is_more_than_text(tmp_path):
    evil = {
        "key": scenes.EVIL,
        "headline": scenes.EVIL,
        "table": [[scenes.EVIL], [scenes.EVIL]],
        "notes": [scenes.EVIL] * 2,
    }
    hostile = [
        BriefingCard(
            scenes.EVIL, b"", (scenes.EVIL,), tuple(evil | {"key": key} for key in ("norm", "targets", "dark"))
        )
    ]
    for language in ("nl", "en"):
        file = write_briefing(
            tmp_path / "b.html", title=scenes.EVIL, cards=hostile, language=language, source=scenes.EVIL
        )
        page = file.read_text(encoding="utf-8")
        assert "<img" not in page
        assert "<script" not in page
        assert "{{7*7}}" in page


@pytest.mark.parametrize(("state", "ending"), [("onder", "geen van 10 buurten is aantoonbaar boven de norm."),
                                               ("te klein", "")])  # fmt: skip
def test_nobody_above_the_norm_is_said_too(state, ending):
    areas = scenes.areas()
    rates = scenes.rates(areas)
    rates["state"] = pd.Categorical([state] * len(rates), categories=rates["state"].cat.categories)
    if state == "onder":
        rates.loc[rates.index[0], "state"] = "te klein"
    headline = HotspotMap(areas, title="t").add_rates(rates).layers[1].headline
    assert headline.endswith(ending)
    assert bool(headline) == bool(ending)


def test_a_municipality_is_told_of_its_own_areas_only():
    areas = scenes.areas(6, 2)
    areas.loc[areas["geometry"].centroid.x > scenes.WEST + 3 * scenes.SIDE, "municipality"] = "GM8888"
    rates = scenes.rates(areas)
    drawn = HotspotMap(areas, title="Alles").add_rates(rates).add_dark_days(scenes.season(areas))
    drawn.add_target_areas(scenes.targets()).add_months(scenes.counts(areas), crime_type="woninginbraak")
    assert drawn.municipalities == ["GM8888", "GM9999"]
    for code in drawn.municipalities:
        ours = areas.index[areas["municipality"] == code]
        brief = {each["key"]: each for each in drawn.part(code).brief()}
        assert set(brief) - {"targets"} == {"rate", "norm", "dark"}
        above = [areas["name"][each] for each in ours if rates["state"][each] == "boven"]
        assert sorted(line[0] for line in brief["norm"]["table"][1:]) == sorted(above)
        counted = re.findall(r": (\d+)", brief["dark"]["headline"])
        assert sum(map(int, counted)) == (~areas["is_water"][ours]).sum(), "every area with people is counted once"
        here = scenes.targets().intersects(areas.loc[ours].union_all())
        assert [line[0] for line in brief.get("targets", {"table": [[]]})["table"][1:]] == [
            str(rank) for rank in here.index[here]
        ]


@pytest.mark.parametrize(("language", "words"), [("nl", "De eerste 5 van 8."), ("en", "The first 5 of 8.")])
@pytest.mark.parametrize("n", [5, 8])
def test_a_table_that_stops_says_of_how_many(tmp_path, language, words, n):
    table = scenes.targets()
    many = table.iloc[[place % 2 for place in range(n)]].set_axis(range(1, n + 1)).rename_axis("rank")
    many.attrs = table.attrs
    drawn = HotspotMap(scenes.areas(), title="t", language=language).add_target_areas(many)
    card = BriefingCard("t", b"", (), tuple(drawn.brief()))
    file = write_briefing(tmp_path / "b.html", title="t", cards=[card], language=language)
    for page in (said(file.read_text(encoding="utf-8")), drawn.to_html()):
        assert (words in page) == (n > 5)


def test_who_is_not_named_above_the_norm_is_counted():
    areas = scenes.areas()
    rates = scenes.rates(areas)
    rates["state"] = pd.Categorical(["boven"] * len(rates), categories=rates["state"].cat.categories)
    rates.attrs["moved_border"] = list(areas.index[:2])
    (_, norm) = HotspotMap(areas, title="t").add_rates(rates).brief()
    assert "9 van 9" in norm["headline"]
    assert "Niet meegeteld: 2" in norm["headline"]
    assert norm["table_of"] == "De eerste 5 van 9."
