"""Every page against the rules of axe-core, in every state that a reader can bring it in."""

import pytest
import scenes
import shapely
from axe_core_python.sync_playwright import Axe

from hicgeo.output.briefing import BriefingCard, IndexEntry, write_briefing, write_index
from hicgeo.output.maps import HotspotMap

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def saved(tmp_path_factory):
    folder = tmp_path_factory.mktemp("pages")
    areas = scenes.areas()
    made = HotspotMap(areas, title="Inbraken", fictional=True, warning="Let op: van 80 % is de plek bekend")
    made.add_rates(scenes.rates(areas)).add_surface(scenes.surface()).add_hotspots(scenes.hotspots())
    made.add_target_areas(scenes.targets()).add_dark_days(scenes.season(areas)).add_seasons(scenes.clusters(areas))
    made.add_months(scenes.counts(areas), crime_type="woninginbraak").save(folder / "kaart.html")
    card = BriefingCard("Risico", made.picture(), ("Een zin.",), tuple(made.brief()))
    write_briefing(folder / "briefing.html", title="Briefing", cards=[card])
    entries = [IndexEntry(f"Risico {n}", "kaart.html", made.picture(), ("Een zin.",)) for n in range(1, 6)]
    write_index(folder / "index.html", title="Overzicht", entries=entries)
    return folder


def violations(page):
    return [(each["id"], each["nodes"][0]["html"][:120]) for each in Axe().run(page)["violations"]]


@pytest.mark.parametrize("width", [390, 1280])
def test_no_rule_is_broken(opened, saved, width):
    for name in ("index.html", "briefing.html"):
        page, _ = opened(saved / name, viewport={"width": width, "height": 860})
        assert violations(page) == []
    page, _ = opened(saved / "kaart.html", viewport={"width": width, "height": 860})
    assert violations(page) == []
    page.locator("#figures summary").click()
    page.locator(".rank").first.click(force=True)
    assert violations(page) == []
    page.get_by_label("Woninginbraken per maand").check()
    page.locator("#beside").check()
    assert violations(page) == []


def test_a_phone_has_a_list_that_leads_to_every_card(opened, saved):
    page, heard = opened(saved / "index.html", viewport={"width": 390, "height": 780})
    links = page.get_by_role("navigation", name="Op deze pagina").get_by_role("link")
    assert links.all_inner_texts() == [f"Risico {n}" for n in range(1, 6)]
    links.nth(4).click()
    assert page.locator("article", has=page.get_by_role("heading", name="Risico 5")).bounding_box()["y"] < 780
    assert heard.requests == [(saved / "index.html").as_uri()]
    page.set_viewport_size({"width": 1280, "height": 860})
    assert not page.locator("nav").is_visible(), "beside each other the cards are seen at once"


def test_the_rules_are_applied(opened, tmp_path):
    (tmp_path / "bad.html").write_text("<html><head><title>t</title></head><body><img src='data:,'></body></html>")
    page, _ = opened(tmp_path / "bad.html")
    assert {rule for rule, _ in violations(page)} >= {"image-alt", "html-has-lang"}


def test_every_control_can_be_reached_with_the_tab_key(opened, saved):
    page, _ = opened(saved / "kaart.html")
    page.get_by_label("Woninginbraken per maand").check()
    page.locator("#beside").check()
    wanted = {"find", "step", "step-back", "beside", "swipe"}  # step-on is off at the latest month
    reached = set()
    for _ in range(30):
        page.keyboard.press("Tab")
        reached.add(page.evaluate("document.activeElement.id || String(document.activeElement.getAttribute('class'))"))
    assert wanted <= reached
    assert not any("leaflet-interactive" in each and "marker" not in each for each in reached), "no tour of all areas"
    assert any("leaflet-marker-icon" in each for each in reached)
    assert any("leaflet-control-zoom-in" in each for each in reached)


def test_a_name_that_lies_outside_the_view_is_not_there(opened, tmp_path):
    areas = scenes.areas()
    far = areas.iloc[[0, 1, 2, 3]].assign(name=["Noord", "Oost", "Zuid", "West"])
    west, south, east, north = areas.total_bounds
    middle, height, out = (west + east) / 2, (south + north) / 2, 400
    far.geometry = [
        shapely.Point(x, y).buffer(900)
        for x, y in ((middle, north + out), (east + out, height), (middle, south - out), (west - out, height))
    ]
    made = HotspotMap(areas, title="Grenzen", fictional=True).add_background(far, kind="neighbours")
    page, _ = opened(made.save(tmp_path / "grenzen.html"))
    names = page.locator(".leaflet-around-pane .place")

    def seen():
        frame = page.locator(".folium-map").bounding_box()
        box = [each.bounding_box() for each in names.all()]
        inside = [
            frame["x"] <= each["x"] and each["x"] + each["width"] <= frame["x"] + frame["width"]
            and frame["y"] <= each["y"] and each["y"] + each["height"] <= frame["y"] + frame["height"]
            for each in box
        ]  # fmt: skip
        assert [each.is_visible() for each in names.all()] == inside
        assert violations(page) == []
        return sum(inside)

    at_first = seen()
    assert at_first < 4
    page.locator(".leaflet-control-zoom-out").click()
    page.wait_for_timeout(600)
    page.locator(".leaflet-control-zoom-out").click()
    page.wait_for_timeout(600)
    assert seen() == 4, "all come back into the view"
