"""The audit opens what a file is wrapped in, and says what it cannot read."""

import base64
import io
import json
import zipfile
import zlib

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import scenes
import wrappings
from matplotlib.figure import Figure

from hicgeo.output.briefing import BriefingCard, IndexEntry, write_briefing, write_index
from hicgeo.output.disclosure import audit_html
from hicgeo.output.maps import HotspotMap
from hicgeo.output.pictures import Picture
from hicgeo.output.target_sheets import write_target_sheets

N = 40
PLACE, READ = "no place of an incident", "nothing that cannot be read"


def incidents():
    rng = np.random.default_rng(5)
    x, y = (np.round(low + rng.uniform(0, 4000, N), 1) for low in (80_000, 455_000))
    return gpd.GeoDataFrame(
        {"crime_type": "woninginbraak"}, geometry=gpd.points_from_xy(x, y), crs=28992,
        index=pd.Index([f"KNR-{n:06d}" for n in range(N)], name="incident_id"),
    )  # fmt: skip


def report(content, tmp_path, name="page.html", **given):
    file = tmp_path / name
    file.write_bytes(content if isinstance(content, bytes) else content.encode())
    return audit_html(file, incidents=incidents(), **given).set_index("rule")["pass"]


PLACES = incidents().get_coordinates().to_numpy()
ELSEWHERE = np.round(np.random.default_rng(6).uniform([80_000, 455_000], [84_000, 459_000], (N, 2)), 1)
"""As many places of the same town, none of which is that of an incident."""


@pytest.mark.parametrize("name", wrappings.wrapped(PLACES))
def test_places_are_found_whatever_they_are_wrapped_in_and_others_are_not(name, tmp_path):
    assert not report(wrappings.wrapped(PLACES)[name], tmp_path)[PLACE]
    assert report(wrappings.wrapped(ELSEWHERE)[name], tmp_path)[PLACE], "and only they"


def test_numbers_in_a_straight_line_with_the_incidents_are_found_and_no_others(tmp_path):
    rng = np.random.default_rng(1)
    for values, hit in ((PLACES[:, 0] / 7 - 3, True), (-np.sort(PLACES[:, 1]), True), (rng.uniform(0, 9, N), False)):
        assert report(json.dumps(values.tolist()), tmp_path, "a.json")[PLACE] != hit


def test_a_list_that_meets_the_incidents_by_chance_only_passes(tmp_path):
    """Whole metres: of 4,000 values in each direction 40 are taken, so that some of any list are met."""
    rng = np.random.default_rng(2)
    values = rng.permutation(4000)[:800] + 80_000
    assert len(set(values) & set(PLACES[:, 0].round())) > 2
    assert report(json.dumps(values.tolist()), tmp_path, "a.json")[PLACE]


FILES = {
    ".csv": lambda t: t.to_csv(sep=";", decimal=",").encode(),
    ".tsv": lambda t: t.to_csv(sep="\t").encode(),
    ".json": lambda t: t.to_json(orient="split").encode(),
    ".parquet": lambda t: t.to_parquet(),
    ".zip": lambda t: archive({"a/b.csv": t.to_csv().encode()}),
    ".ipynb": lambda t: json.dumps({"cells": [{"outputs": [{"data": {"text/html": [t.to_html()]}}]}]}).encode(),
    ".svg": lambda t: ("<svg>" + "".join(f"<desc>{a} {b}</desc>" for a, b in t.to_numpy()) + "</svg>").encode(),
    ".kml": lambda t: "".join(f"<Point>{a},{b}</Point>" for a, b in wrappings.in_degrees(t.to_numpy())).encode(),
    ".pdf": lambda t: b"%PDF-1.4\n1 0 obj\n<< /Filter /FlateDecode >>\nstream\n"
    + zlib.compress(" ".join(f"({a} {b}) Tj" for a, b in t.to_numpy()).encode()) + b"\nendstream\n",
}  # fmt: skip


def archive(files):
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as book:
        for name, content in files.items():
            book.writestr(name, content)
    return out.getvalue()


def two_columns(places):
    return pd.DataFrame(places, columns=["x", "y"])


@pytest.mark.parametrize("suffix", FILES)
def test_files_of_any_kind_are_opened(suffix, tmp_path):
    assert not report(FILES[suffix](two_columns(PLACES)), tmp_path, f"a{suffix}")[PLACE]
    assert report(FILES[suffix](two_columns(ELSEWHERE)), tmp_path, f"a{suffix}")[PLACE]


def test_the_hidden_parts_of_a_workbook_and_a_database_are_read(tmp_path):
    book = tmp_path / "a.xlsx"
    with pd.ExcelWriter(book, engine="xlsxwriter") as writer:
        pd.DataFrame({"n": [1]}).to_excel(writer, sheet_name="shown")
        two_columns(PLACES.astype(str)).to_excel(writer, sheet_name="not shown")
        writer.sheets["not shown"].hide()
    assert not audit_html(book, incidents=incidents()).set_index("rule")["pass"][PLACE]
    base = tmp_path / "a.gpkg"
    scenes.hotspots().to_file(base, layer="cells")
    assert audit_html(base, incidents=incidents()).set_index("rule")["pass"][PLACE]
    gpd.GeoDataFrame(two_columns(PLACES), geometry=[None] * N, crs=28992).to_file(base, layer="rest", mode="a")
    assert not audit_html(base, incidents=incidents()).set_index("rule")["pass"][PLACE]


def png(figure):
    out = io.BytesIO()
    figure.savefig(out, format="png")
    return out.getvalue()


def test_what_cannot_be_read_does_not_pass(tmp_path):
    def picture(content, kind="png"):
        return f'<img alt="" src="data:image/{kind};base64,{base64.b64encode(content).decode()}">'

    ours, theirs = png(Picture()), png(Figure())
    assert report(picture(ours), tmp_path)[READ]
    assert not report(picture(theirs), tmp_path)[READ], "a picture that somebody else drew"
    assert not report(picture(b"\xff\xd8\xff\xe0" + bytes(99), "jpeg"), tmp_path)[READ]
    assert not report(picture(ours + np.random.default_rng(1).bytes(400)), tmp_path)[READ], "something behind its end"
    noise = base64.b64encode(np.random.default_rng(1).bytes(400)).decode()
    assert not report(f"<script>a='{noise}'</script>", tmp_path)[READ]
    assert not report(np.random.default_rng(1).bytes(4000), tmp_path, "a.bin")[READ]
    table = b"fgb\x03" + bytes(300) + b"".join(b"\x01\0\0\0\x0c\0\0\0" + PLACES[n].tobytes() for n in range(N))
    assert not report(table, tmp_path, "a.fgb")[READ], "a kind of file that nobody told of"
    assert report("<script>a='sha512-" + noise[:86] + "=='</script>", tmp_path)[READ], "a fingerprint holds nothing"
    marks = "<svg>" + "<circle r='1'/>" * 30 + "</svg>"
    assert not report(marks, tmp_path)[READ]
    deep = b"a" * 2000
    for _ in range(12):
        deep = base64.b64encode(zlib.compress(deep))
    assert not report(b"<p>" + deep, tmp_path)[READ]


def test_small_files_that_unfold_to_very_much_are_not_read(tmp_path):
    bomb = zlib.compress(zlib.compress(bytes(1_000_000_000), 9), 9)
    assert len(bomb) < 10_000
    assert not report(base64.b64encode(bomb), tmp_path)[READ]


def test_without_incidents_points_and_lists_of_places_are_seen(tmp_path):
    for content in (
        "<script>var a=[4.31234,4.32345],t='POINT (81000.5 455000.25)'</script>",
        wrappings.wrapped(PLACES)["plotly"], wrappings.wrapped(PLACES)["bokeh, lists"],
        FILES[".tsv"](two_columns(PLACES)),
    ):  # fmt: skip
        file = tmp_path / "a.html"
        file.write_bytes(content if isinstance(content, bytes) else content.encode())
        assert not audit_html(file).set_index("rule")["pass"]["no point geometry"]


def test_hexagons_as_small_as_a_cell_are_reported(tmp_path):
    assert not report("<p>8a1969c8b8effff</p>", tmp_path)[READ]
    assert report("<p>861969c8fffffff</p>", tmp_path)[READ], "36 km2"


def test_free_texts_and_addresses_are_found_in_what_is_wrapped(tmp_path):
    known = incidents().assign(modus=[f"klom via de schuur van nummer {n}" for n in range(N)])
    file = tmp_path / "a.html"
    for said in ("Klom via de schuur van nummer 7", "knr-000007"):
        file.write_text(f"<p>{base64.b64encode(said.encode()).decode()}", encoding="utf-8")
        passed = audit_html(file, incidents=known).set_index("rule")["pass"]
        assert not passed["no number, address or text of an incident"]


def test_our_own_files_pass_on_every_rule(tmp_path):
    areas = scenes.areas(6, 5)
    drawn = HotspotMap(areas, title="Inbraken", period="2024").add_rates(scenes.rates(areas))
    drawn.add_surface(scenes.surface()).add_hotspots(scenes.hotspots()).add_target_areas(scenes.targets())
    drawn.add_dark_days(scenes.season(areas)).add_months(scenes.counts(areas), crime_type="woninginbraak")
    card = BriefingCard("Inbraken", drawn.picture(), ("Zin.",), tuple(drawn.brief()))
    files = [
        drawn.save(tmp_path / "kaart.html"),
        write_briefing(tmp_path / "briefing.html", title="t", cards=[card]),
        write_index(tmp_path / "index.html", title="t", entries=[IndexEntry("a", "kaart.html", card.picture)]),
        *write_target_sheets(scenes.targets(), tmp_path, neighbourhoods=areas),
    ]
    west, south, east, north = areas.total_bounds
    rng = np.random.default_rng(3)
    known = gpd.GeoDataFrame(
        {"crime_type": "woninginbraak"}, crs=28992, index=[f"KNR-{n:06d}" for n in range(2000)],
        geometry=gpd.points_from_xy(rng.uniform(west, east, 2000).round(), rng.uniform(south, north, 2000).round()),
    )  # fmt: skip
    for file in files:
        found = audit_html(file, incidents=known, neighbourhoods=areas)
        assert found["pass"].all(), f"{file.name}: {found[~found['pass']].to_string()}"


@pytest.mark.parametrize(
    ("text", "passes"), [("Dorp (//x", True), ("zie https://x.example/a", False), ("wss://x", False)]
)
def test_outside_of_pages_an_address_has_a_scheme(tmp_path, text, passes):
    file = tmp_path / "a.csv"
    file.write_text(f"code;naam\nBU99990001;{text}\n", encoding="utf-8-sig")
    assert bool(audit_html(file).set_index("rule")["pass"]["no address"]) is passes
