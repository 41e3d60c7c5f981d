"""Tiles of a server: only in a map that was saved with them, and only after the button."""

import base64

import pytest
import scenes

from hicgeo.output._map_page import TILE_HOST
from hicgeo.output.maps import HotspotMap

pytestmark = pytest.mark.browser
PIXEL = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
)


def test_the_server_is_asked_only_after_the_button(chromium, tmp_path):
    areas = scenes.areas()
    made = HotspotMap(areas, title="Tegels").add_rates(scenes.rates(areas))
    with_tiles, without = made.save(tmp_path / "tegels.html", tiles=True), made.save(tmp_path / "zonder.html")
    assert TILE_HOST.encode() not in without.read_bytes()
    assert without.read_bytes() == made.save(tmp_path / "weer.html").read_bytes()
    asked = []
    context = chromium.new_context(locale="nl-NL")

    def answer(route):
        asked.append((route.request.url, route.request.headers.get("referer")))
        route.fulfill(body=PIXEL, content_type="image/png")

    context.route(f"{TILE_HOST}/**", answer)
    context.route("https://elders.example/**", answer)
    page = context.new_page()
    page.goto(with_tiles.as_uri())
    page.mouse.move(300, 400)
    page.mouse.wheel(0, -200)
    page.wait_for_timeout(300)
    assert asked == []
    assert "Die ziet welk gebied u bekijkt" in page.locator(".tiles").inner_text()
    page.get_by_role("button", name="Achtergrondkaart").click()
    page.wait_for_timeout(500)
    assert asked
    assert {url.split("/EPSG")[0] for url, _ in asked} == {f"{TILE_HOST}/brt/achtergrondkaart/wmts/v2_0/grijs"}
    assert {referrer for _, referrer in asked} == {None}
    n = len(asked)
    page.evaluate("new Image().src = 'https://elders.example/a.png'")
    page.wait_for_timeout(200)
    assert len(asked) >= n
    assert not any("elders" in url for url, _ in asked), "the policy lets in that one host only"
    context.close()
