from datetime import date

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import scenes
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from shapely.geometry import Point, box

from hicgeo.errors import DisclosureError, InputError
from hicgeo.output.disclosure import (
    Handling,
    audit_bytes,
    audit_html,
    check_profile,
    populated,
    release,
    shape_faults,
)
from hicgeo.output.maps import HotspotMap
from hicgeo.output.tables import write_table
from hicgeo.output.target_sheets import write_target_sheets


def test_only_known_profiles():
    assert check_profile("intern") == "intern"
    assert check_profile("openbaar") == "openbaar"
    with pytest.raises(InputError, match="must be one of"):
        check_profile("iedereen")


def test_handling_must_be_complete():
    with pytest.raises(InputError, match="purpose, legal_basis"):
        Handling(" ", "driehoek", "", "vertrouwelijk", date(2025, 1, 1))
    with pytest.raises(InputError, match="retain_until"):
        Handling("a", "b", "c", "d", "2025-01-01")


@pytest.mark.parametrize("column", ["incident_id", "start", "end", "address_key", "modus"])
def test_a_table_of_incidents_stays_inside(column):
    table = pd.DataFrame({"incidents": [1], column: ["CANARY-7"]})
    with pytest.raises(DisclosureError, match=column) as caught:
        release(table, "driehoek")
    assert "CANARY" not in str(caught.value)
    assert release(table, "intern") is table
    with pytest.raises(DisclosureError, match=column):
        release(table.set_index(column), "driehoek")


def test_unknown_columns_time_stamps_and_nameless_text_are_all_named_at_once():
    table = pd.DataFrame({"notitie": ["x"], "month": pd.to_datetime(["2024-01-05 03:12"])}, index=["PL-1"])
    with pytest.raises(DisclosureError) as caught:
        release(table, "driehoek")
    for reason in ("notitie", "time stamps in month", "index without a name"):
        assert reason in str(caught.value)


def test_answers_about_areas_may_leave():
    areas = scenes.areas()
    release(areas, "driehoek")
    release(scenes.rates(areas), "driehoek")
    release(scenes.season(areas), "driehoek")
    release(scenes.hotspots(), "driehoek")
    release(scenes.clusters(areas).profiles.rename_axis("group"), "driehoek")


def hotspot_of(shape):
    return gpd.GeoDataFrame({"incidents": [9]}, geometry=[shape], crs="EPSG:28992", index=pd.Index([1], name="rank"))


@pytest.mark.parametrize(
    ("shape", "reason"),
    [
        (Point(81234.5, 455123.4), "points or lines"),
        (Point(81200, 455100).buffer(100), "do not follow"),
        (shapely.convex_hull(shapely.MultiPoint([(81000, 455000), (81300, 455100), (81100, 455400)])), "do not follow"),
        (box(81234, 455123, 81334, 455223), "grid of 1 m"),
        (shapely.MultiPolygon([box(81200, 455100, 81300, 455200), box(81400, 455100, 81433, 455200)]), "grid of 1 m"),
        (box(81200, 455100, 81250, 455150), "grid of 50 m"),
    ],
)
def test_shapes_that_give_addresses_away_stay_inside(shape, reason):
    with pytest.raises(DisclosureError, match=reason):
        release(hotspot_of(shape), "driehoek")


@settings(max_examples=40, deadline=None)
@given(
    st.lists(st.tuples(st.integers(0, 9), st.integers(0, 9)), min_size=1, max_size=30),
    st.sampled_from([100, 125, 200, 500]),
)
def test_every_union_of_cells_of_100_m_or_more_may_leave(cells, size):
    shape = shapely.union_all([box(*(np.array([i, j, i + 1, j + 1]) * size)) for i, j in cells])
    assert shape_faults(np.array([shape])) == []


POLICY = """<meta http-equiv="Content-Security-Policy" content="default-src 'none'">"""
PAGE = f"<html><head>{POLICY}</head><body>{{}}</body></html>"


@pytest.mark.parametrize(
    ("fragment", "rule"),
    [
        ('<img src="https://tiles.example/1.png">', "no address in a tag"),
        ('<a href="//tiles.example/x.html">x</a>', "no address in a tag"),
        ('<iframe src="other.html"></iframe>', "no address in a tag"),
        ('<meta http-equiv="refresh" content="0">', "no address in a tag"),
        ("<style>p{background:url(http://x.example/a)}</style>", "no address in a style"),
        ("<style>@import 'a.css';</style>", "no address in a style"),
        ("<script>fetch('x')</script>", "no request in a script"),
        ("<script>const a='https://x.example'</script>", "no request in a script"),
        ("<script>1</script>", "policy allows only these scripts"),
        ('<p onclick="f()">x</p>', "no code in an attribute"),
        ('<a href="javascript:f()">x</a>', "no code in an attribute"),
        ('<script type="application/json">{"type":"Point","coordinates":[4.3,52.1]}</script>', "no point geometry"),
        ("<script>L.marker([52.1,4.3])</script>", "no point geometry"),
        ("<p>2024-03-01T23:15</p>", "no time stamp"),
        ("<p>1-3-2024 om 23.15</p>", "no time stamp"),
        ("<p>incident_id</p>", "no incident identity"),
    ],
)
def test_the_audit_sees_what_a_page_would_do(fragment, rule, tmp_path):
    clean = audit_bytes(PAGE.format("<p>a</p>").encode()).set_index("rule")["pass"]
    assert clean.all()
    file = tmp_path / "page.html"
    file.write_text(PAGE.format(fragment), encoding="utf-8")
    assert not audit_html(file).set_index("rule").loc[rule, "pass"]


def test_the_audit_needs_a_file(tmp_path):
    with pytest.raises(InputError):
        audit_html(tmp_path / "none.html")


# places and numbers of incidents, in whatever notation


def points():
    return gpd.GeoDataFrame(
        {"crime_type": "woninginbraak"},
        geometry=gpd.points_from_xy([81234.4, 82345.6], [455123.7, 456789.1]),
        crs="EPSG:28992",
        index=pd.Index(["PL1500-2024-007", "PL1500-2024-008"], name="incident_id"),
    )


def notations():
    x, y = 81234.4, 455123.7
    at = points().to_crs(4326).geometry.iloc[0]
    web, utm = (points().to_crs(crs).geometry.iloc[0] for crs in (3857, 32631))

    def sexagesimal(value):
        minutes, seconds = divmod(value * 3600, 60)
        return f"{int(minutes // 60)}°{int(minutes % 60):02d}'{seconds:05.2f}\""

    return {
        "rd": f"{x} {y}",
        "rd whole": f"({x:.0f}, {y:.0f})",
        "rd swapped": f"{y};{x}",
        "rd comma": f"{x};{y}".replace(".", ","),
        "rd thousands": "81.234,4 / 455.123,7",
        "json": f'{{"lat":{at.y:.6f},"lon":{at.x:.6f}}}',
        "geojson": f"[{at.x:.5f},{at.y:.5f}]",
        "degrees comma": f"{at.y:.6f}; {at.x:.6f}".replace(".", ","),
        "sexagesimal": f"N {sexagesimal(at.y)} E {sexagesimal(at.x)}",
        "mercator": f"{web.x:.1f},{web.y:.1f}",
        "utm": f"31N {utm.x:.1f} {utm.y:.1f}",
        "number": "zaak PL1500-2024-007",
    }


@pytest.mark.parametrize("name", notations())
def test_the_place_of_an_incident_is_found_in_any_notation(name, tmp_path):
    file = tmp_path / "page.html"
    file.write_text(PAGE.format(f"<p>{notations()[name]}</p>"), encoding="utf-8")
    report = audit_html(file, incidents=points()).set_index("rule")["pass"]
    rule = "no number, address or text of an incident" if name == "number" else "no place of an incident"
    assert not report[rule]
    table = tmp_path / "table.csv"
    table.write_text(f"code;x\r\nBU99990000;{notations()[name]}\r\n", encoding="utf-8-sig")
    assert not audit_html(table, incidents=points())["pass"].all()


def test_borders_corners_and_other_places_are_no_incidents(tmp_path):
    file = tmp_path / "page.html"
    file.write_text(PAGE.format("<p>81300 455200, 81500.3 455001.9, 2024 310 455123 12,5</p>"), encoding="utf-8")
    assert audit_html(file, incidents=points())["pass"].all()
    area = gpd.GeoDataFrame(geometry=[box(81234.4, 455123.7, 90000, 460000)], crs="EPSG:28992")
    file.write_text(PAGE.format(f"<p>{notations()['geojson']}</p>"), encoding="utf-8")
    assert not audit_html(file, incidents=points())["pass"].all()
    assert audit_html(file, incidents=points(), neighbourhoods=area)["pass"].all()


@pytest.mark.parametrize("suffix", [".csv", ".xlsx", ".gpkg", ".geojson", ".gpx"])
def test_our_own_tables_pass_and_one_with_points_does_not(suffix, tmp_path):
    spatial = suffix in (".gpkg", ".geojson", ".gpx")
    table = scenes.hotspots() if spatial else scenes.rates(scenes.areas())
    clean = audit_html(write_table(table, tmp_path / f"a{suffix}"), incidents=points())
    assert clean["pass"].all(), clean[~clean["pass"]]
    leaky = points().reset_index()
    if not spatial:
        leaky = pd.DataFrame({"x": leaky.geometry.x, "y": leaky.geometry.y})
    elif suffix == ".gpx":
        leaky = leaky.set_geometry(leaky.geometry.buffer(1, quad_segs=8))
    found = audit_html(write_table(leaky, tmp_path / f"b{suffix}", profile="intern"), incidents=points())
    assert not found["pass"].all()


def test_cells_with_few_addresses_are_not_shown():
    spots, homes = scenes.hotspots(), scenes.surface()
    homes = homes.copy(data=np.full(homes.shape, 20.0))
    assert populated(spots.geometry, homes).geom_equals(spots.geometry).all()
    homes.loc[{"x": 80850.0, "y": 450850.0}] = 8.0
    assert populated(spots.geometry, homes).loc[1].area == 4 * 100**2, "8 is enough"
    for few in (7.0, np.nan):
        homes.loc[{"x": 80850.0, "y": 450850.0}] = few
        left = populated(spots.geometry, homes)
        assert left.loc[1].area == 3 * 100**2, f"{few} is not"
    beyond = homes.where(homes["x"] < 80900, drop=True)
    assert populated(spots.geometry, beyond).loc[1].area == 100**2, "of a cell beside the surface nothing is known"
    assert shape_faults(np.asarray(left.array)) == []
    homes[:] = 0.0
    assert populated(spots.geometry, homes).empty


def test_a_map_with_addresses_draws_no_cell_with_fewer_than_eight_and_says_so():
    homes = scenes.surface().copy(data=np.full(scenes.surface().shape, 8.0))
    homes.loc[{"x": slice(82_000, None)}] = 7.0
    page = HotspotMap(scenes.areas(), title="t", addresses=homes)
    page.add_hotspots(scenes.hotspots()).add_surface(scenes.surface())
    spots, density = page.layers
    assert list(spots.shapes.index) == list(spots.values) == list(spots.titles) == ["1"], "the other has 7 per cell"
    assert density.shapes.total_bounds[2] <= 82_000
    assert spots.notes[-1] == "Plekken met een vak waarin minder dan 8 adressen liggen, zijn niet getekend: 1."
    assert density.notes[-1] == "Vakken met minder dan 8 adressen zijn niet getekend."
    assert {entry.count for entry in density.classes} == {""}, "the hectares were those of before"
    assert spots.notes[-1] in page.to_html()
    whole = HotspotMap(scenes.areas(), title="t").add_hotspots(scenes.hotspots())
    assert list(whole.layers[0].shapes.index) == ["1", "2"]


def test_a_place_with_a_cell_of_few_addresses_is_in_no_file_for_others(tmp_path):
    """Cut, it would keep figures of what is no longer drawn, and nobody would know how many incidents are left."""
    homes = scenes.surface().copy(data=np.full(scenes.surface().shape, 20.0))
    homes.loc[{"x": 80_850.0, "y": 450_850.0}] = 7.0
    spots, targets = scenes.hotspots(), scenes.targets()
    for profile in ("driehoek", "openbaar"):
        kept = release(spots, profile, addresses=homes)
        assert kept.index.tolist() == [2]
        assert kept.geometry.geom_equals(spots.geometry.loc[[2]]).all()
        assert kept.attrs["thin"] == 1
    assert release(spots, "intern", addresses=homes) is spots
    for suffix in (".gpkg", ".geojson"):
        file = write_table(spots, tmp_path / f"spots{suffix}", addresses=homes)
        assert gpd.read_file(file, layer="spots")["rank"].tolist() == [2]
    track = write_table(spots, tmp_path / "spots.gpx", addresses=homes).read_text(encoding="utf-8")
    assert track.count("<wpt") == 1
    everywhere = scenes.areas()
    sheets = write_target_sheets(targets, tmp_path / "sheets", neighbourhoods=everywhere, addresses=homes)
    assert [sheet.name for sheet in sheets] == ["gebied-2.pdf"]
    only = write_target_sheets(targets.loc[[2]], tmp_path / "only", neighbourhoods=everywhere)
    assert sheets[0].read_bytes() == only[0].read_bytes(), "nor is it drawn on the sheet of another"
    shown = HotspotMap(everywhere, title="t", addresses=homes).add_target_areas(targets)
    assert list(shown.layers[0].shapes.index) == list(shown.layers[0].values) == ["2"]
    inside = HotspotMap(everywhere, title="t", profile="intern", addresses=homes).add_hotspots(spots)
    assert list(inside.layers[0].shapes.index) == ["1", "2"], "the analyst sees everything"


def test_y_of_a_corner_and_x_of_the_next_are_no_place(tmp_path):
    """A ring in which an incident lies at the x of one corner and the y of the one before."""
    at = points().to_crs(4326).geometry.iloc[0]
    file = tmp_path / "page.html"
    ring = f"[[4.111,{at.y:.5f}],[{at.x:.5f},52.222],[4.3,52.3]]"
    file.write_text(PAGE.format(f"<p>{ring}</p>"), encoding="utf-8")
    assert audit_html(file, incidents=points())["pass"].all()
    file.write_text(PAGE.format(f"<p>[[{at.y:.5f}],[{at.x:.5f}]]</p>"), encoding="utf-8")
    assert not audit_html(file, incidents=points())["pass"].all(), "but two lists of one number are"
