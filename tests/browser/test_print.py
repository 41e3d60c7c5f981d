"""The map on paper and as a picture, through an installed browser."""

import io
from datetime import date

import matplotlib.image
import pandas as pd
import pypdf
import pytest
import scenes

from hicgeo.errors import InputError
from hicgeo.output import _browser
from hicgeo.output.briefing import BriefingCard, write_briefing
from hicgeo.output.disclosure import Handling
from hicgeo.output.maps import HotspotMap

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def made():
    areas = scenes.areas()
    return (
        HotspotMap(areas, title="Inbraken", fictional=True)
        .add_rates(scenes.rates(areas))
        .add_hotspots(scenes.hotspots())
    )


@pytest.mark.parametrize(("paper", "width", "height"), [("A4", 842, 595), ("A3", 1191, 842)])
def test_a_page_has_map_legend_and_notes(chromium, made, tmp_path, paper, width, height):
    (page,) = pypdf.PdfReader(made.save_pdf(tmp_path / "kaart.pdf", paper=paper)).pages
    assert page.mediabox.width == pytest.approx(width, abs=1)
    assert page.mediabox.height == pytest.approx(height, abs=1)
    text = page.extract_text()
    for said in ("VERTROUWELIJK", "Inbraken", "Woninginbraken per 1.000 woningen", "te klein voor een uitspraak",
                 "Hotspot", "Wat deze kaart niet zegt", "niet verspreiden"):  # fmt: skip
        assert said in text
    assert "Wat wilt u zien?" not in text, "a control is of no use on paper"


def test_a_picture_of_the_page_shows_the_areas(chromium, made, tmp_path):
    image = matplotlib.image.imread(
        io.BytesIO(made.save_png(tmp_path / "kaart.png", width=900, height=700).read_bytes())
    )
    assert image.shape[:2] == (700, 900)
    dark = (abs(image[..., :3] - [0x95 / 255, 0x2D / 255, 0x04 / 255]) < 0.03).all(axis=-1)
    assert dark.sum() > 2000, "no area has the colour of the highest class"


def test_without_a_browser_it_says_what_to_do(made, tmp_path, monkeypatch):
    monkeypatch.setattr(_browser.shutil, "which", lambda _: None)
    with pytest.raises(InputError, match="print it from any browser"):
        made.save_pdf(tmp_path / "kaart.pdf")
    with pytest.raises(InputError, match="paper"):
        made.save_pdf(tmp_path / "kaart.pdf", paper="A5")
    with pytest.raises(InputError, match="pixels"):
        made.save_png(tmp_path / "kaart.png", width=10)
    assert list(tmp_path.iterdir()) == []


def test_a_browser_that_fails_leaves_no_file(made, tmp_path, monkeypatch):
    monkeypatch.setattr(_browser, "find_browser", lambda: "/bin/false")
    with pytest.raises(InputError, match="false: no result"):
        made.save_png(tmp_path / "kaart.png")
    assert list(tmp_path.iterdir()) == []


LONG = "Buurt met een lange naam die nergens ophoudt en dus ook niet op deze regel past "


@pytest.mark.parametrize("much", [False, True])
def test_a_briefing_is_one_sheet_of_a4_whatever_is_on_it(chromium, made, tmp_path, much):
    longer = LONG * 3 if much else ""
    areas = scenes.areas(8, 6)
    areas["name"] = [f"{longer}{name}" for name in areas["name"]]
    rates = scenes.rates(areas)
    targets = scenes.targets()
    if much:
        rates["state"] = pd.Categorical(["boven"] * len(rates), categories=rates["state"].cat.categories)
        about = targets.attrs
        targets = targets.iloc[[0] * 12].set_axis(range(1, 13)).rename_axis("rank")
        for column in ("hours", "reasons", "backtest", "doubts"):
            targets[column] = [f"{longer}{each}" for each in targets[column]]
        targets.attrs = about
    drawn = HotspotMap(areas, title="Inbraken").add_rates(rates).add_target_areas(targets)
    drawn.add_hotspots(scenes.hotspots()).add_dark_days(scenes.season(areas))
    said = tuple(f"Zin {n} over het seizoen. {longer}" for n in range(12 if much else 3))
    handling = Handling(*(f"{each} {longer}" for each in ("inzet", "driehoek", "Wpg", "hoog")), date(2030, 1, 1))
    card = BriefingCard(f"Inbraken {longer}", made.picture(), said, tuple(drawn.brief()))
    file = write_briefing(
        tmp_path / "briefing.html", title=f"Briefing {longer}", cards=[card], handling=handling,
        period="2020-01/2024-12", source=f"politie {longer}", fictional=True,
    )  # fmt: skip
    (page,) = pypdf.PdfReader(io.BytesIO(_browser.to_pdf(file.read_bytes()))).pages
    assert (page.mediabox.width, page.mediabox.height) == pytest.approx((595, 842), abs=1)
    seen = []  # what is cut off by the edge of the sheet is in the file, but not on paper

    def note(text, matrix, place, *_):
        if place[5] * matrix[3] + matrix[5] > 20:
            seen.append(text)

    page.extract_text(visitor_text=note)
    printed = " ".join("".join(seen).split())
    for words in ("VERTROUWELIJK", "Drie dingen om te weten", "Vergeleken met de norm", "Waar en wanneer inzetten",
                  "Werkte deze keuze eerder?", "Wat deze cijfers niet zeggen", "nooit over personen of adressen",
                  "Gebruik van deze informatie", "1 januari 2030"):  # fmt: skip
        assert words in printed
    assert much or "Het seizoen" in printed


def test_what_has_no_room_on_the_sheet_goes_by_whole_paragraphs(chromium, made, tmp_path):
    areas = scenes.areas()
    drawn = HotspotMap(areas, title="Inbraken").add_rates(scenes.rates(areas)).add_target_areas(scenes.targets())
    drawn.add_hotspots(scenes.hotspots()).add_dark_days(scenes.season(areas))
    card = BriefingCard("Kaart", made.picture(), (LONG,), tuple(drawn.brief()))
    file = write_briefing(tmp_path / "briefing.html", title="Briefing", cards=[card], fictional=True)
    page = chromium.new_page(viewport={"width": 718, "height": 1050})
    page.emulate_media(media="print")
    page.goto(file.as_uri())
    left_out = 0
    for _ in range(40):  # a line more at a time, until well after the sheet is full
        right, bottom, paragraphs = page.evaluate(
            """() => {
              const rest = document.querySelector(".rest"), one = rest.querySelector("p");
              one.after(one.cloneNode(true));
              const own = rest.getBoundingClientRect();
              return [own.right, own.bottom, Array.from(rest.querySelectorAll("p, h2")).map(each => {
                const at = each.getBoundingClientRect();
                return [at.left, at.bottom];
              })];
            }"""
        )
        shown = [end for left, end in paragraphs if left < right - 1]
        assert max(shown) <= bottom + 1
        left_out = len(paragraphs) - len(shown)
    page.close()
    assert left_out > 2, "the sheet was never full"


def test_no_sentence_is_cut_while_the_sheet_has_room(chromium, made, tmp_path):
    areas = scenes.areas()
    areas["name"] = "Wijk 37 Groente- en Fruitmarkt, " + areas["name"]
    drawn = HotspotMap(areas, title="Inbraken")
    for crime_type in ("woninginbraak", "straatroof", "overval"):
        rates = scenes.rates(areas).assign(state="boven").astype({"state": scenes.rates(areas)["state"].dtype})
        rates.attrs |= {"crime_type": crime_type, "moved_border": list(areas.index[-3:])}
        drawn.add_rates(rates)
    drawn.add_target_areas(scenes.targets()).add_hotspots(scenes.hotspots()).add_dark_days(scenes.season(areas))
    card = BriefingCard("Kaart", made.picture(), (LONG * 4, LONG * 5), tuple(drawn.brief()))
    file = write_briefing(tmp_path / "briefing.html", title="Briefing", cards=[card], fictional=True)
    page = chromium.new_page(viewport={"width": 718, "height": 1050})
    page.emulate_media(media="print")
    page.goto(file.as_uri())
    cut = page.evaluate(
        """() => [...document.querySelectorAll("main :is(p, .things span, table span, .two, .targets, .rest)")]
          .filter(each => each.clientHeight)
          .filter(each => each.scrollHeight > each.clientHeight + 1 || each.scrollWidth > each.clientWidth + 1)
          .map(each => each.textContent)"""
    )
    whole = page.locator("main").inner_text()
    page.close()
    assert whole.count("de grens waarschijnlijk is verschoven") == 3
    assert cut == []


@pytest.mark.parametrize("width", [320, 390])
def test_on_a_phone_a_table_of_the_briefing_is_read_from_top_to_bottom(chromium, tmp_path, width):
    areas = scenes.areas()
    areas["name"] = "Verspreide huizen " + areas["name"]
    drawn = HotspotMap(areas, title="t").add_rates(scenes.rates(areas)).add_target_areas(scenes.targets())
    card = BriefingCard("t", drawn.picture(), ("Een zin.",), tuple(drawn.brief()))
    file = write_briefing(tmp_path / "briefing.html", title="Briefing", cards=[card])
    page = chromium.new_page(viewport={"width": width, "height": 700})
    page.goto(file.as_uri())
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    for box in page.locator(".scroll").all():
        assert box.evaluate("node => node.scrollWidth <= node.clientWidth"), "nothing is out of sight"
    cell = page.locator(".norm td").nth(1)
    assert cell.evaluate("node => getComputedStyle(node, '::before').content") == '"per 1.000 woningen"'
    name = page.locator(".norm tbody th span").first
    assert name.bounding_box()["height"] < 60, "a name is not broken into pieces"
    page.close()
