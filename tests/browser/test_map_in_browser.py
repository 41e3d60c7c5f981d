"""The saved pages in a real browser, with every request recorded and refused."""

import pytest
import scenes
import shapely

from hicgeo.output.briefing import IndexEntry, write_index
from hicgeo.output.maps import HotspotMap

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def saved(tmp_path_factory):
    """A map with every layer, a hostile name and a hostile title, and an index page that links to it."""
    folder = tmp_path_factory.mktemp("maps")
    areas = scenes.areas(6, 6, evil=True)
    made = HotspotMap(areas, title=f"Inbraken {scenes.EVIL}", period=scenes.EVIL, source=scenes.EVIL, fictional=True)
    made.add_rates(scenes.rates(areas)).add_surface(scenes.surface(), name=scenes.EVIL).add_hotspots(scenes.hotspots())
    made.add_dark_days(scenes.season(areas)).add_seasons(scenes.clusters(areas))
    made.save(folder / "kaart.html")
    entry = IndexEntry(scenes.EVIL, "kaart.html", made.picture(), (scenes.EVIL,))
    write_index(folder / "index.html", title=scenes.EVIL, entries=[entry])
    return folder


def fills(page):
    return page.evaluate(
        "[...document.querySelectorAll('.leaflet-overlay-pane path')].map(p => p.getAttribute('fill-opacity') === '0'"
        " ? 'none' : p.getAttribute('fill'))"
    )


def test_nothing_is_requested_and_nothing_goes_wrong(opened, saved):
    page, heard = opened(saved / "kaart.html")
    page.mouse.move(400, 500)
    page.mouse.wheel(0, -300)
    page.wait_for_timeout(400)
    page.emulate_media(media="print")
    assert heard.requests == [(saved / "kaart.html").as_uri()]
    assert heard.console == []
    assert heard.dialogs == []


def test_the_policy_would_stop_a_script_that_is_not_ours(opened, saved):
    page, heard = opened(saved / "kaart.html")
    page.evaluate(
        "const s = document.createElement('script'); s.textContent = 'window.ran = 1'; document.body.append(s)"
    )
    assert page.evaluate("window.ran") is None
    assert any("Content Security Policy" in each for each in heard.console)


def test_hostile_names_are_text(opened, saved):
    page, heard = opened(saved / "kaart.html")
    assert page.locator("h1").inner_text() == f"Inbraken {scenes.EVIL}"
    page.locator("#find").fill(scenes.EVIL)
    assert page.locator("#card h2").inner_text() == scenes.EVIL
    page.locator(".leaflet-overlay-pane path").first.dispatch_event("mouseover")
    assert scenes.EVIL in page.locator(".leaflet-tooltip").inner_text()
    assert page.locator("#themes", has_text=scenes.EVIL).count() == 1
    assert page.locator("img").count() == 0
    assert heard.dialogs == []


def test_a_tooltip_shows_the_numbers_of_a_neighbourhood(opened, saved):
    page, _ = opened(saved / "kaart.html")
    page.locator(".leaflet-overlay-pane path").nth(1).hover()
    told = page.locator(".leaflet-tooltip").inner_text()
    for said in ("Buurt B", "woninginbraken per 1.000 woningen, 2024", "600", "8,3", "5,8 tot 11,7", "boven de norm"):
        assert said in told


def test_choosing_a_layer_changes_the_map_and_its_legend(opened, saved):
    page, _ = opened(saved / "kaart.html")
    seen = {}
    for n, choice in enumerate(page.locator("#themes input").all()):
        choice.check()
        legend = page.locator("#legend h2").first.inner_text()
        seen[n] = (tuple(fills(page)), page.locator(".leaflet-cells-pane path").count(), legend)
    assert len(set(seen.values())) == 6
    rate, norm, surface, dark, seasons, borders = seen.values()
    assert "url(#hatch-small)" in rate[0]
    assert {"#c8480f", "#2f6fb0"} <= set(norm[0])
    assert set(surface[0]) == {"none"}
    assert surface[1] == 4
    assert rate[1] == dark[1] == borders[1] == 0
    assert "#4477aa" in seasons[0]


def test_what_is_surely_above_the_norm_has_a_thick_border(opened, saved):
    page, _ = opened(saved / "kaart.html")
    page.wait_for_selector(".legend-block")
    border = "[...document.querySelectorAll('.leaflet-marked-pane path')].map(p => p.getAttribute('d'))"
    ground = "[...document.querySelectorAll('.leaflet-overlay-pane path')].map(p => p.getAttribute('d'))"
    drawn = page.evaluate(ground)
    assert page.evaluate(border) == [drawn[1], drawn[2]]
    assert "aantoonbaar boven de norm" in page.locator("#legend").inner_text()
    page.locator("#themes label", has_text="vergeleken met de norm").first.click()
    assert page.evaluate(border) == []


def test_hotspots_can_be_switched_off_and_asked_for_their_numbers(opened, saved):
    page, _ = opened(saved / "kaart.html")
    ranks = page.locator(".rank")
    assert ranks.all_inner_texts() == ["1", "2"]
    ranks.first.hover()
    told = page.locator(".leaflet-tooltip").inner_text()
    for said in ("Hotspot 1", "61", "20,5", "3,0 ×", "4,0 ha", "19,7\u00a0%", "rang kan zijn\t1\n"):
        assert said in told
    page.locator("#overlays input").uncheck()
    assert ranks.count() == 0
    assert page.locator("#legend", has_text="Hotspots").count() == 0
    page.locator("#overlays input").check()
    assert ranks.count() == 2


def test_the_keyboard_is_enough(opened, saved):
    page, _ = opened(saved / "kaart.html")
    page.locator("#themes input").first.focus()
    page.keyboard.press("ArrowDown")
    assert page.locator("#legend h2").first.inner_text() == "Woninginbraken: vergeleken met de norm"
    page.locator("#find").focus()
    page.keyboard.type("buurt c")
    page.keyboard.press("Enter")
    assert page.locator("#card h2").inner_text() == "Buurt C"
    page.locator("#find").fill("buurt")
    page.keyboard.press("Enter")
    assert page.locator("#found").inner_text().startswith("Gevonden: Buurt A1, Buurt B, ")
    page.locator("#find").fill("elders")
    page.keyboard.press("Enter")
    assert page.locator("#found").inner_text() == "Niet gevonden"
    page.locator(".leaflet-marker-icon").first.focus()
    page.keyboard.press("Enter")
    assert page.locator("#card h2").inner_text() == "Hotspot 1"
    page.locator("#figures summary").focus()
    page.keyboard.press("Enter")
    assert page.locator("#table caption").all_inner_texts() == [
        "Woninginbraken: vergeleken met de norm",
        "Hotspots, met rangnummer",
    ]
    line = page.locator("#table tr", has_text="Buurt B").first
    assert line.locator("td").all_inner_texts()[:3] == ["5", "600", "8,3"]


@pytest.mark.parametrize("width", [360, 390, 768, 1280])
def test_it_fits_on_the_screen(opened, saved, width):
    for name in ("kaart.html", "index.html"):
        page, _ = opened(saved / name, viewport={"width": width, "height": 800})
        assert page.evaluate("document.documentElement.scrollWidth") <= width
    page, _ = opened(saved / "kaart.html", viewport={"width": width, "height": 800})
    box = page.locator(".folium-map").bounding_box()
    assert box["width"] > 300
    assert box["height"] > 250


@pytest.mark.parametrize("width", [320, 390])
def test_a_finger_gets_the_figures_in_sight_below_the_map(chromium, saved, width):
    context = chromium.new_context(viewport={"width": width, "height": 800}, has_touch=True, is_mobile=True)
    page = context.new_page()
    page.goto((saved / "kaart.html").as_uri())
    for touched, said in (
        (page.locator(".leaflet-overlay-pane path").nth(1), "woninginbraken per 1.000"),
        (page.locator(".rank").first, "Hotspot 1"),
    ):
        touched.tap()
        assert page.locator(".leaflet-tooltip.tip:visible").count() == 0, "it would run off the map"
        card, drawn = page.locator("#card"), page.locator(".folium-map").bounding_box()
        assert said in card.inner_text()
        assert card.bounding_box()["y"] == pytest.approx(drawn["y"] + drawn["height"], abs=20)
        assert card.locator("tr").nth(3).bounding_box()["y"] < 800
        assert drawn["y"] + drawn["height"] >= 350, "and of the map something is left"
    context.close()


def test_the_page_says_what_the_map_shows_and_paper_which_areas(opened, saved):
    page, _ = opened(saved / "kaart.html")
    told = page.locator("#legend .headline").first.inner_text()
    assert told.startswith("Woninginbraken, 2024: 2 van ")
    assert "(Buurt C, Buurt B)" in told
    assert page.locator("#legend .digest").first.is_hidden()
    page.emulate_media(media="print")
    lines = page.locator("#legend .digest.rate tr")
    assert lines.nth(1).locator("td").all_inner_texts()[:3] == ["Buurt C", "7", "10,0"]
    assert lines.nth(1).is_visible()
    spots = page.locator("#legend .digest.hotspots")
    assert spots.locator("tr").nth(1).locator("td").all_inner_texts()[:4] == ["1", "1", "61", "4,0 ha"]
    assert spots.is_visible()


def test_a_label_is_nearest_to_its_own_shape(opened, tmp_path):
    spots = scenes.hotspots()
    west, south = scenes.WEST + 1000, scenes.SOUTH + 1000
    spots.geometry = [
        shapely.box(west, south + 200, west + 300, south + 300), shapely.box(west, south, west + 100, south + 100)
    ]  # fmt: skip
    page, _ = opened(HotspotMap(scenes.areas(6, 6), title="t").add_hotspots(spots).save(tmp_path / "kaart.html"))
    apart = page.evaluate(
        """() => {
          const shapes = [...document.querySelectorAll(".leaflet-spots-pane path[stroke='#14181c']")];
          return [...document.querySelectorAll(".rank")].map(label => {
            const at = label.getBoundingClientRect(), x = at.x + at.width / 2, y = at.y + at.height / 2;
            return shapes.map(shape => {
              const box = shape.getBoundingClientRect();
              return Math.hypot(Math.max(box.left - x, 0, x - box.right), Math.max(box.top - y, 0, y - box.bottom));
            });
          });
        }"""
    )
    assert [distances.index(min(distances)) for distances in apart] == [0, 1]


def test_the_index_page_leads_to_the_map(opened, saved):
    page, heard = opened(saved / "index.html")
    assert page.locator("h1").inner_text() == scenes.EVIL
    assert page.locator("article img").evaluate("image => image.naturalWidth") == 960
    assert heard.console == []
    page.get_by_role("link", name="Open de kaart").click()
    page.wait_for_selector(".rank")
    assert heard.requests == [(saved / "index.html").as_uri(), (saved / "kaart.html").as_uri()]
    assert heard.dialogs == []


def test_a_target_area_tells_the_short_in_its_tip_and_all_in_its_card(opened, tmp_path):
    made = HotspotMap(scenes.areas(), title="Inzet").add_target_areas(scenes.targets())
    page, heard = opened(made.save(tmp_path / "inzet.html"))
    first = page.locator(".rank.targets").first
    first.hover()
    tip = page.locator(".leaflet-tooltip").inner_text()
    assert "vrijdag en zaterdag, 18-23 uur" in tip
    assert "Deze keuze ving" not in tip
    first.click()
    card = page.locator("#card").inner_text()
    for said in ("Gebied 1", "4,2 (1 tot 8)", "Elk jaar hoog", "Deze keuze ving 21\u00a0%", "Als een dader"):
        assert said in card
    assert page.locator(".leaflet-marker-icon").first.get_attribute("aria-label") == "Gebied 1"
    assert heard.console == []


def test_the_names_of_municipalities_around_lie_on_top_of_them(opened, tmp_path):
    areas = scenes.areas()
    around = areas.iloc[:1].assign(name="Buurgemeente")
    around.geometry = around.buffer(400)
    made = HotspotMap(areas, title="Grenzen").add_background(around, kind="neighbours")
    page, _ = opened(made.save(tmp_path / "grenzen.html"))
    name = page.locator(".leaflet-around-pane .place")
    assert name.inner_text() == "Buurgemeente"
    levels = [
        int(page.locator(f".leaflet-around-pane {each}").evaluate("node => getComputedStyle(node).zIndex"))
        for each in (".place", "svg")
    ]
    assert levels[0] > levels[1]
    assert page.locator("#themes").is_hidden(), "nothing to choose from"


WHOLE = """() => {
  const frame = document.querySelector(".folium-map").getBoundingClientRect();
  const boxes = [...document.querySelectorAll(".leaflet-overlay-pane path")].map(each => each.getBoundingClientRect());
  return boxes.length && frame.width > 50 && boxes.every(box => box.width > 5 && box.left >= frame.left
    && box.right <= frame.right && box.top >= frame.top && box.bottom <= frame.bottom);
}"""


@pytest.mark.parametrize("hidden", ["display: none", "width: 1px; height: 1px"])
def test_a_map_that_opens_where_nobody_sees_it_is_whole_once_it_is_shown(opened, saved, tmp_path, hidden):
    host = saved / "host.html"
    host.write_text(f"<!DOCTYPE html><body><iframe src='kaart.html' style='border: 0; {hidden}'></iframe>")
    page, heard = opened(host)
    page.wait_for_timeout(200)
    page.locator("iframe").evaluate("node => node.style.cssText = 'width: 1000px; height: 800px'")
    inside = page.frames[1]
    inside.wait_for_function(WHOLE, timeout=3000)
    assert inside.locator("#legend h2").count() > 1
    assert inside.locator(".leaflet-control-scale-line").inner_text().endswith("m")
    assert heard.console == []


def test_a_passing_size_of_nothing_does_no_harm(opened, saved):
    page, heard = opened(saved / "kaart.html", viewport={"width": 390, "height": 800})
    page.locator("#find").fill("Buurt C")
    for size in ({"width": 1, "height": 1}, {"width": 390, "height": 800}):
        page.set_viewport_size(size)
        page.wait_for_timeout(300)
    page.wait_for_function(WHOLE, timeout=3000)
    assert heard.console == []


def test_a_search_in_a_small_pane_finds_the_area(opened, saved):
    page, heard = opened(saved / "kaart.html", viewport={"width": 140, "height": 300})
    page.locator("#find").fill("Buurt C")
    chosen = page.locator(".leaflet-edges-pane path").first.bounding_box()
    drawn = page.locator(".folium-map").bounding_box()
    assert drawn["x"] < chosen["x"] < drawn["x"] + drawn["width"]
    assert chosen["width"] > 24
    assert heard.console == []


def test_a_hotspot_that_may_be_chance_is_dashed(opened, tmp_path):
    spots = scenes.hotspots().assign(kind=["meer dan toeval", "niet te onderscheiden"])
    areas = scenes.areas(6, 6)
    made = HotspotMap(areas, title="t").add_rates(scenes.rates(areas)).add_hotspots(spots)
    page, heard = opened(made.save(tmp_path / "kaart.html"))
    lines = page.locator(".leaflet-spots-pane path[stroke='#14181c']")
    assert [bool(line.get_attribute("stroke-dasharray")) for line in lines.all()] == [False, True]
    legend = page.locator("#legend li", has=page.locator(".dashed"))
    assert legend.inner_text().startswith("Hotspot, niet aantoonbaar meer dan toeval")
    assert heard.console == []
