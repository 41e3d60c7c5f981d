"""The map on paper and as a picture, through an installed browser."""

import io

import matplotlib.image
import pypdf
import pytest
import scenes

from hicgeo.errors import InputError
from hicgeo.output import _browser
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
