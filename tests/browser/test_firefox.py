"""The saved pages in Firefox, where there is one: nothing asked for, nothing run, all of it usable."""

import io
import os

import payloads
import pypdf
import pytest
import scenes
from axe_core_python.base import AXE_SCRIPT
from firefox import Firefox, find_firefox

from hicgeo.output.briefing import BriefingCard, IndexEntry, write_briefing, write_index
from hicgeo.output.maps import HotspotMap

pytestmark = pytest.mark.browser
ENTER, TAB = "\ue007", "\ue004"


@pytest.fixture(scope="module")
def firefox():
    program = find_firefox()
    if program is None:
        if os.environ.get("HICGEO_REQUIRE_FIREFOX") == "1":
            pytest.fail("no Firefox found, and HICGEO_REQUIRE_FIREFOX=1")
        pytest.skip("no Firefox found")
    browser = Firefox(program)
    yield browser
    browser.close()


@pytest.fixture(scope="module")
def saved(tmp_path_factory):
    folder = tmp_path_factory.mktemp("maps")
    areas = scenes.areas(6, 6, evil=True)
    later = scenes.rates(areas)
    earlier = later.assign(rate=later["rate"] * 2)
    earlier.attrs = later.attrs | {"period": "2019"}
    made = HotspotMap(areas, title=f"Inbraken {scenes.EVIL}", period="2024", fictional=True)
    made.add_rates(later).add_surface(scenes.surface()).add_hotspots(scenes.hotspots())
    made.add_target_areas(scenes.targets()).add_comparison(earlier, later)
    made.add_months(scenes.counts(areas), crime_type="woninginbraak").save(folder / "kaart.html")
    card = BriefingCard("Risico", made.picture(), ("Een zin.",), tuple(made.brief()))
    write_briefing(folder / "briefing.html", title="Briefing", cards=[card])
    write_index(folder / "index.html", title="Overzicht", entries=[IndexEntry("Risico", "kaart.html", made.picture())])
    return folder


def text(css):
    return f"document.querySelector({css!r}).innerText"


def test_it_hears_what_a_page_asks_for_and_says(firefox, tmp_path):
    (tmp_path / "good.html").write_text("<html lang=nl><head><title>t</title></head><body>t</body></html>")
    (tmp_path / "bad.html").write_text(
        "<html lang=nl><head><title>t</title></head><body><img src='https://example.org/x.png' alt=''>"
        "<script>console.error('said'); alert(1)</script></body></html>"
    )
    firefox.open(tmp_path / "good.html", before="window.alert = () => {}")
    firefox.open(tmp_path / "bad.html")  # what was put before another page is gone
    firefox.wait(lambda: firefox.requests and firefox.console and firefox.dialogs)
    assert firefox.requests == ["https://example.org/x.png"]
    assert firefox.console == ["said"]
    assert firefox.dialogs == ["1"]


def test_a_map_is_drawn_moved_hovered_and_printed_without_a_request(firefox, saved):
    firefox.open(saved / "kaart.html")
    assert firefox.run("document.querySelectorAll('.leaflet-overlay-pane path').length") == 36
    place = firefox.run("document.querySelectorAll('.leaflet-overlay-pane path')[1].getBoundingClientRect().toJSON()")
    firefox.point(place["x"] + place["width"] / 2, place["y"] + place["height"] / 2)
    tip = firefox.run(text(".leaflet-tooltip"))
    for said in ("Buurt B", "5,8 tot 11,7", "boven de norm"):
        assert said in tip
    firefox.point(400, 500, wheel=-300)
    firefox.run("new Promise(done => setTimeout(done, 400))")
    pages = pypdf.PdfReader(io.BytesIO(firefox.pdf())).pages
    printed = "\n".join(page.extract_text() for page in pages).replace("\xa0", " ")
    for said in ("VERTROUWELIJK", "Woninginbraken per 1.000 woningen", "Wat deze kaart niet zegt"):
        assert said in printed
    assert firefox.requests == []
    assert firefox.console == []
    assert firefox.dialogs == []


def sheets(pdf):
    return [page.extract_text().replace("\xa0", " ") for page in pypdf.PdfReader(io.BytesIO(pdf)).pages]


def test_a_map_with_three_legends_is_one_sheet(firefox, saved):
    firefox.open(saved / "kaart.html")
    (only,) = sheets(firefox.pdf())
    for said in ("Woninginbraken per 1.000 woningen", "Hotspots, met rangnummer", "Inzetgebieden", "verwacht in deze",
                 "niet verspreiden"):  # fmt: skip
        assert said in only


def test_legends_of_more_than_a_sheet_go_on_on_the_next(firefox, saved):
    firefox.open(saved / "kaart.html")
    firefox.run(
        "(() => { const all = document.getElementById('legend'), one = all.lastChild;"
        " for (let n = 1; n <= 12; n += 1) { const more = one.cloneNode(true);"
        " more.querySelector('h2').textContent = `Legenda ${n}.`; all.append(more); } })()"
    )
    first, *later = sheets(firefox.pdf())
    for said in ("Woninginbraken per 1.000 woningen", "Hotspots, met rangnummer", "Wat deze kaart niet zegt"):
        assert said in first
    assert all(each.strip() for each in later), "no sheet is empty"
    assert [f"Legenda {n}." in "".join([first, *later]) for n in range(1, 13)] == [True] * 12


@pytest.mark.parametrize("width", [700, 1280, 1900])
def test_on_paper_the_whole_map_is_in_its_frame(firefox, saved, width):
    """Firefox has the map drawn for paper on the screen that it has: the frame must be as large there as on paper."""
    firefox.open(saved / "kaart.html", width=width, height=900)
    firefox.run(
        "(() => matchMedia('print').addEventListener('change', event => { if (!event.matches) return;"
        " const frame = document.querySelector('.canvas > .folium-map'), at = frame.getBoundingClientRect();"
        " window.frame = [frame.clientWidth, frame.clientHeight];"
        " window.outside = [...document.querySelectorAll('.leaflet-overlay-pane path')].map(each =>"
        " each.getBoundingClientRect()).filter(each => each.left < at.left || each.top < at.top"
        " || each.right > at.right || each.bottom > at.bottom).length; }))()"
    )
    firefox.pdf()
    millimetre = 96 / 25.4
    assert firefox.run("window.frame") == pytest.approx([180 * millimetre - 2, 126 * millimetre - 2], abs=1)
    assert firefox.run("window.outside") == 0


def test_the_policy_stops_a_script_that_is_not_ours(firefox, saved):
    firefox.open(saved / "kaart.html")
    firefox.run(
        "(() => { const s = document.createElement('script'); s.textContent = 'window.ran = 1';"
        " document.body.append(s); })()"
    )
    assert firefox.run("window.ran") is None


def test_the_keyboard_is_enough(firefox, saved):
    firefox.open(saved / "kaart.html")
    firefox.run("document.getElementById('find').focus()")
    firefox.keys(*"buurt c", ENTER)
    assert firefox.run(text("#card h2")) == "Buurt C"
    reached = set()
    for _ in range(12):
        firefox.keys(TAB)
        reached.add(firefox.run("document.activeElement.id || document.activeElement.tagName"))
    assert "SUMMARY" in reached
    firefox.run("document.querySelector('.leaflet-marker-icon').focus()")
    firefox.keys(ENTER)
    assert firefox.run(text("#card h2")) == "Hotspot 1"
    months = "[...document.querySelectorAll('#themes label')].find(each => /per maand/.test(each.innerText))"
    firefox.run(f"{months}.querySelector('input').click()")
    firefox.run("document.getElementById('step').focus()")
    firefox.keys("\ue012")
    assert firefox.run(text("#step-now")) == "oktober 2024"
    two = "[...document.querySelectorAll('#themes label')].find(each => /naast/.test(each.innerText))"
    firefox.run(f"{two}.querySelector('input').click()")
    assert [firefox.run(text(f"#{side}")) for side in ("left", "right")] == ["2019", "2024"]


@pytest.mark.parametrize("width", [360, 1280])
def test_pages_fit_and_break_no_rule(firefox, saved, width):
    for name in ("kaart.html", "index.html", "briefing.html"):
        firefox.open(saved / name, width=width, height=780)
        assert firefox.run("document.documentElement.scrollWidth") <= width
        firefox.run(f"(() => {{ {AXE_SCRIPT} }})()")
        assert firefox.run("axe.run().then(found => found.violations.map(each => each.id))") == [], name
    assert firefox.requests == []


@pytest.mark.parametrize("place", [57, 164])
def test_nobodys_data_run(firefox, tmp_path, place):
    payload = payloads.PAYLOADS[place]
    for path in payloads.hostile_pages(tmp_path, payload).values():
        for page in (path, payloads.without_policy(path)):
            firefox.open(page, before=payloads.LISTEN)
            firefox.run(f"({payloads.USE})({payload!r})")
            assert firefox.run("window.hits") == 0, page.name
            assert firefox.requests == []
            assert firefox.dialogs == []
