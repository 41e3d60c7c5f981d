"""The month slider and the divider between two periods, by keyboard and by touch."""

import pytest
import scenes

from hicgeo.output.maps import HotspotMap

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def saved(tmp_path_factory):
    areas = scenes.areas()
    later = scenes.rates(areas)
    earlier = later.assign(rate=later["rate"] * 2)
    earlier.attrs = later.attrs | {"period": "2019"}
    made = HotspotMap(areas, title="Maanden").add_months(scenes.counts(areas), crime_type="woninginbraak")
    return made.add_comparison(earlier, later).save(tmp_path_factory.mktemp("maps") / "maanden.html")


def fill(page, number):
    return page.locator(".leaflet-overlay-pane path").nth(number).get_attribute("fill")


def test_the_slider_starts_at_the_latest_month_and_the_keyboard_moves_it(opened, saved):
    page, heard = opened(saved)
    now, slider = page.locator("#step-now"), page.locator("#step")
    assert now.inner_text() == "november 2024"
    assert page.locator("#step-on").is_disabled()
    assert fill(page, 0) == "#f7f8f6", "none"
    page.locator(".leaflet-overlay-pane path").nth(4).click()
    assert page.locator("#card td").all_inner_texts() == ["4", "4", "voorlopig"]
    slider.focus()
    for _ in range(11):
        page.keyboard.press("ArrowLeft")
    assert now.inner_text() == "december 2023"
    assert slider.get_attribute("aria-valuetext") == "december 2023"
    assert page.locator("#card td").all_inner_texts() == ["5", "5"]
    assert fill(page, 0) != "#f7f8f6"
    assert page.locator("#legend .note").first.inner_text().startswith("December 2023: 78 woninginbraken")
    page.keyboard.press("Home")
    assert now.inner_text() == "juli 2022"
    assert page.locator("#beside").is_disabled(), "there is no year before"
    page.locator("#step-on").click()
    assert now.inner_text() == "augustus 2022"
    counted = page.locator("#legend .count").all_inner_texts()
    assert sum(int(each.split()[0]) for each in counted) == 11, "every dry area in one class"
    assert heard.requests == [saved.as_uri()]
    assert heard.console == []


def test_a_month_stands_beside_that_of_a_year_before(opened, saved):
    page, _ = opened(saved)
    page.locator("#beside").check()
    assert page.locator("#left").inner_text() == "november 2023"
    assert page.locator("#right").inner_text() == "november 2024"
    assert page.locator(".leaflet-before-pane path").count() == 12
    page.locator(".leaflet-overlay-pane path").nth(4).click()
    assert page.locator("#card th[scope=col]").all_inner_texts() == ["november 2023", "november 2024"]
    page.locator("#step-back").click()
    assert page.locator("#left").inner_text() == "oktober 2023"
    page.locator("#beside").uncheck()
    assert page.locator(".leaflet-before-pane path").count() == 0
    assert page.locator("#two").is_hidden()


def test_two_periods_have_a_divider_that_the_keyboard_moves(opened, saved):
    page, heard = opened(saved)
    page.locator("#themes input").nth(1).check()
    assert page.locator("#steps").is_hidden()
    assert [page.locator(f"#{side}").inner_text() for side in ("left", "right")] == ["2019", "2024"]
    edge = "document.querySelector('.leaflet-before-pane').style.clip.match(/-?[\\d.]+/g).map(Number)"
    _, right, _, left = page.evaluate(edge)
    page.locator("#swipe").focus()
    page.keyboard.press("ArrowRight")
    assert page.evaluate(edge)[1] > right > left
    page.keyboard.press("Home")
    assert page.evaluate(edge)[1] == left, "nothing of the earlier period is left"
    assert page.locator("#divider").evaluate("node => node.style.left") == "0%"
    page.locator("#themes input").nth(2).check()
    assert page.locator("#two").is_hidden()
    assert heard.console == []


@pytest.mark.parametrize("width", [360, 1280])
def test_the_controls_fit_on_the_screen(opened, saved, width):
    page, _ = opened(saved, viewport={"width": width, "height": 780})
    page.locator("#beside").check()
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    for each in ("#step", "#step-back", "#step-on", "#step-now", "#swipe"):
        box = page.locator(each).bounding_box()
        assert box["x"] >= 0
        assert box["x"] + box["width"] <= width


@pytest.mark.parametrize("size", [(390, 780), (1280, 860)])
def test_the_slider_leaves_the_whole_map_in_sight(opened, saved, size):
    page, _ = opened(saved, viewport=dict(zip(("width", "height"), size, strict=True)))
    for turned in (size, size[::-1]):
        page.set_viewport_size(dict(zip(("width", "height"), turned, strict=True)))
        page.wait_for_timeout(400)
        drawn, border = (
            page.locator(each).first.bounding_box() for each in (".folium-map", ".leaflet-outline-pane path")
        )
        assert border["y"] >= drawn["y"]
        assert border["y"] + border["height"] <= drawn["y"] + drawn["height"]
        assert border["x"] >= drawn["x"]
        assert border["x"] + border["width"] <= drawn["x"] + drawn["width"]
