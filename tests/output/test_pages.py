import re
from types import SimpleNamespace

import geopandas as gpd
import nbformat
import numpy as np
import pandas as pd
import pytest
import scenes
from IPython.core.formatters import DisplayFormatter
from nbconvert import HTMLExporter
from shapely.geometry import Point

from hicgeo.errors import ColumnError, InputError
from hicgeo.output.briefing import IndexEntry, write_index
from hicgeo.output.disclosure import audit_html
from hicgeo.output.pictures import plot_rates
from hicgeo.output.pictures_density import plot_surface
from hicgeo.output.pictures_season import plot_seasons
from hicgeo.output.quality import plot_quality, quality_table


def intake():
    start = pd.to_datetime(["2024-01-03 10:00", "2024-02-04 22:00", "2024-02-05 03:00"]).tz_localize("Europe/Amsterdam")
    incidents = gpd.GeoDataFrame(
        {"crime_type": pd.Categorical(["woninginbraak", "straatroof", "woninginbraak"]), "start": start,
         "end": start + pd.to_timedelta([0, 2, 30], unit="h")},
        geometry=[Point(81000, 455000), Point(), Point(81100, 455000)], crs="EPSG:28992",
        index=pd.Index(["a", "b", "c"], name="incident_id"),
    )  # fmt: skip
    rejected = pd.DataFrame(
        {"record": [4, 5, 6], "line": [5, 6, 7], "reason": ["no_type", "bad_date", "bad_date"],
         "column": ["crime_type", "start", "start"], "value": ["CANARY", "CANARY", "CANARY"],
         "month": [None, "2024-01", "2024-02"], "crime_type": [None, "straatroof", "straatroof"],
         "municipality": ["CANARY", None, None]}
    )  # fmt: skip
    notes = pd.DataFrame(
        {"kind": ["decimal_comma"], "column": ["x"], "records": [2], "example_line": [2], "text": ["CANARY"]}
    )
    return SimpleNamespace(incidents=incidents, rejected=rejected, notes=notes, located=2 / 3)


def test_what_was_read_is_accepted_or_rejected():
    table = quality_table(intake())
    assert table.loc[("rejected", "bad_date"), "records"].sum() == 2
    assert table.loc["rejected"]["records"].sum() + table.loc["accepted"]["records"].sum() == 6
    assert table.loc[("accepted", "accepted"), "share"].item() == 0.5
    assert "CANARY" not in table.reset_index().to_csv()


def test_quality_of_a_clean_and_of_an_empty_export():
    clean = intake()
    clean.rejected, clean.notes = clean.rejected.iloc[:0], clean.notes.iloc[:0]
    assert quality_table(clean)["records"].tolist() == [3]
    clean.incidents = clean.incidents.iloc[:0]
    assert quality_table(clean)["records"].tolist() == [0]
    assert plot_quality(clean).png().startswith(b"\x89PNG")


def test_the_quality_picture_counts_windows_and_places():
    figure = plot_quality(intake())
    _, _, lost, kinds, towns, windows, precise, filled = figure.axes
    assert [bar.get_height() for bar in windows.patches] == [1, 0, 1, 0, 0, 1, 0, 0]
    assert filled.patches[0].get_width() == pytest.approx(2 / 3)
    assert lost.lines[0].get_ydata().tolist() == [1, 1]
    assert [bar.get_width() for bar in kinds.patches] == [2, 1], "two street robberies, one of no type"
    assert "2 van 3" in {label.get_text() for label in kinds.texts}
    assert [bar.get_width() for bar in towns.patches] == [3]
    assert [bar.get_width() for bar in precise.patches] == [0, 0, 0, 0, 3, 0, 0]
    every = [label.get_text() for ax in figure.axes for label in [*ax.get_yticklabels(), *ax.texts, ax.title]]
    assert not any("CANARY" in each for each in every)
    assert figure.png().startswith(b"\x89PNG")


def test_the_ranking_leaves_out_what_cannot_be_judged():
    areas = scenes.areas(evil=True)
    figure = plot_rates(scenes.rates(areas), areas)
    names = [label.get_text() for label in figure.axes[0].get_yticklabels()]
    assert len(names) == 10
    assert areas["name"].iloc[4] not in names
    assert scenes.EVIL in names
    assert figure.png().startswith(b"\x89PNG")
    few = plot_rates(scenes.rates(areas), areas, top=3)
    assert "7 andere" in few.axes[0].get_title(loc="left")


def test_a_picture_in_a_notebook_says_what_it_shows():
    areas = scenes.areas()
    for figure, said in (
        (plot_rates(scenes.rates(areas), areas), "woninginbraken per 1.000 woningen, 2024"),
        (plot_seasons(scenes.season(areas), code="BU99990000"), "woninginbraken"),
        (plot_surface(scenes.surface(), areas), "incidenten per km² in de hele periode, cellen van 100 m"),
    ):
        shown, _ = DisplayFormatter().format(figure)
        assert list(shown) == ["text/plain", "text/html"], "the same picture twice would make a notebook twice as large"
        output = nbformat.v4.new_output("display_data", shown)
        book = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(outputs=[output])])
        (alt,) = re.findall(r'<img alt="([^"]*)"', HTMLExporter().from_notebook_node(book)[0])
        assert said in alt
        assert "Easting" not in alt, "only what can be read in the picture"


def test_seasons_and_months_can_be_pictured():
    areas = scenes.areas()
    figure = plot_seasons(scenes.season(areas), code="BU99990000")
    assert [t.get_text() for t in figure.axes[0].get_xticklabels()] == ["2022/23", "2023/24", "alle seizoenen"]
    index = pd.MultiIndex.from_product([["BU99990000"], range(1, 13)], names=["code", "month"])
    months = pd.DataFrame({"index": 1.0, "index_low": 0.8, "index_high": np.linspace(1.1, 1.4, 12)}, index=index)
    assert plot_seasons(months).png().startswith(b"\x89PNG")
    with pytest.raises(InputError, match="12 areas"):
        plot_seasons(scenes.season(areas))
    with pytest.raises(ColumnError):
        plot_seasons(scenes.rates(areas))


def test_the_index_page_escapes_everything_and_passes_the_audit(tmp_path):
    entries = [
        IndexEntry(scenes.EVIL, "rates.html", b"\x89PNG", (scenes.EVIL, "Twee buurten boven de norm.")),
        IndexEntry("Zonder plaatje", "deel/kaart 2.html"),
    ]
    file = write_index(tmp_path / "index.html", title=scenes.EVIL, entries=entries, fictional=True, period="2024")
    page = file.read_text(encoding="utf-8")
    assert audit_html(file)["pass"].all()
    assert "<script" not in page
    assert page.count("<img") == 1
    assert "{{7*7}}" in page
    assert page == write_index(file, title=scenes.EVIL, entries=entries, fictional=True, period="2024").read_text(
        "utf-8"
    )


def test_a_card_leads_to_tables_files_and_sheets(tmp_path):
    files = ("a.csv", "a.xlsx", "a.gpkg", "a.gpx", "vellen/gebied-1.pdf")
    file = write_index(tmp_path / "i.html", title="t", entries=[IndexEntry("a", "a.html", tables=files)])
    page = file.read_text(encoding="utf-8")
    assert all(f'href="{each}"' in page for each in files)
    with pytest.raises(InputError, match="relative path"):
        write_index(tmp_path / "x.html", title="t", entries=[IndexEntry("a", "a.html", tables=("a.exe",))])


@pytest.mark.parametrize("href", ["https://x.example/a.html", "/a.html", "//x/a.html", "javascript:a.html", "a.exe"])
def test_a_link_that_leads_elsewhere_is_refused(tmp_path, href):
    with pytest.raises(InputError, match="relative path"):
        write_index(tmp_path / "index.html", title="t", entries=[IndexEntry("a", href)])
    assert list(tmp_path.iterdir()) == []


def test_a_name_with_dollar_signs_is_no_formula():
    areas = scenes.areas()
    areas["name"] = [r"$\frac{$ en $x_1$ " + name for name in areas["name"]]
    figure = plot_rates(scenes.rates(areas), areas)
    assert any("$x_1$" in label.get_text() for label in figure.axes[0].get_yticklabels())
    assert figure.png().startswith(b"\x89PNG"), "drawn as it stands, not refused as a faulty formula"
