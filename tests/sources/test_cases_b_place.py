"""BAD-INPUT section b: location. Every case is a file beside its clean twin."""

from __future__ import annotations

import geopandas as gpd
import numpy as np
import pandas as pd
import pyproj
import pytest
import shapely
from shapely.geometry import box
from twins import BAD, Export, Twin, kinds, originals, places

import hicgeo
from hicgeo.errors import CrsError, InputError

STATION = (81234.5, 456789.0)


def put(export, row, x, y):
    export.set(row, "x", str(x))
    export.set(row, "y", str(y))


def transformed(export, epsg, *, swap=False, digits=8):
    """The same places in another CRS."""
    to = pyproj.Transformer.from_crs(28992, epsg, always_xy=True)
    for row, cells in enumerate(export.rows):
        east, north = to.transform(float(cells[6].replace(",", ".")), float(cells[7]))
        put(export, row, *(f"{each:.{digits}f}" for each in ((north, east) if swap else (east, north))))


def swapped(export, rows):
    for row in rows:
        put(export, row, export.rows[row][7], export.rows[row][6])


@pytest.fixture
def areas():
    """Two neighbourhoods with a shared border at x = 81000, which hold the clean export between them."""
    return gpd.GeoDataFrame(
        {"buurtcode": ["BU05180001", "BU05180002"], "buurtnaam": ["A", "B"], "woningvoorraad": [900, 800]},
        geometry=[box(79000, 454000, 81000, 460000), box(81000, 454000, 86000, 460000)],
        crs=28992,
    )


def read_areas(areas, folder, crs=28992):
    path = folder / "buurten_2024.gpkg"
    areas.to_crs(crs).to_file(path)
    return hicgeo.read_neighbourhoods(path, level="buurt")


# --- axes and CRS ---------------------------------------------------------------------------------------------------


def test_case_26_axes_swapped_throughout(twin):
    swapped(twin.export, range(40))
    with pytest.raises(CrsError, match=r"100% fall in the Netherlands .*set swap=True"):
        twin.read(touched=range(40))
    intake = twin.read(swap=True)  # every row is as in the clean twin
    assert kinds(intake)["axes_swapped"] == 40
    assert originals(intake, "axes_swapped")[0] == ("455000 / 80000,5", "80000,5 / 455000")


def test_case_26_degrees_swapped_throughout(twin):
    transformed(twin.export, 4326, swap=True)
    with pytest.raises(CrsError, match="swap=True"):
        twin.read(touched=range(40))
    intake = twin.read(touched=range(40), swap=True)
    assert np.abs(places(intake) - places(twin.clean)).max() < 0.01


def test_case_27_axes_swapped_in_some_rows(twin):
    swapped(twin.export, [BAD])
    intake = twin.rejects("swapped_axes")
    assert intake.rejected["value"].iloc[0] == " / ".join(twin.export.rows[BAD][6:8])
    assert kinds(twin.read(swap=True))["axes_swapped"] == 1


def test_case_28_degrees_declared_rd(twin):
    transformed(twin.export, 4326)
    with pytest.raises(CrsError, match="100% of 40 are degrees"):
        twin.read(touched=range(40), crs="EPSG:28992")


def test_case_29_rd_declared_degrees(twin, tmp_path):
    with pytest.raises(CrsError, match="100% of 40 are RD metres"):
        twin.read(crs="EPSG:4326")
    frame = gpd.GeoDataFrame(
        {"nr": ["1"], "d": ["A20"], "t": ["2023-04-03 10:00"]}, geometry=[shapely.Point(80000, 455000)]
    )
    path = tmp_path / "rd.geojson"  # GeoJSON without a crs is in degrees by definition
    path.write_text(frame.to_json())
    with pytest.raises(CrsError, match="RD metres"):
        hicgeo.read_incidents(path, columns={"incident_id": "nr", "crime_type": "d", "start": "t"})


def test_case_30_rd_and_degrees_in_one_file(twin):
    put(twin.export, BAD, "4.31", "52.08")
    assert twin.rejects("other_crs").rejected["value"].iloc[0] == "4.31 / 52.08"
    for row in (1, 2):
        put(twin.export, row, "4.31", "52.08")
    with pytest.raises(CrsError, match="3 of 40 are in another than Amersfoort"):
        twin.read(touched=[1, 2, BAD])


@pytest.mark.parametrize(("epsg", "within"), [(23031, 1.0), (4258, 0.6), (25831, 0.6), (7415, 0.001)])
def test_case_31_other_crs_are_transformed_with_a_note(twin, epsg, within):
    transformed(twin.export, epsg, digits=9)
    intake = twin.read(touched=range(40), crs=f"EPSG:{epsg}")
    assert intake.incidents.crs.to_epsg() == 28992
    assert np.abs(places(intake) - places(twin.clean)).max() < within
    assert ("transformed" in kinds(intake)) == (epsg != 7415)


def test_case_31_heights_are_dropped_with_a_note(twin, tmp_path):
    frame = pd.DataFrame(twin.export.rows, columns=twin.export.titles).drop(columns=["x", "y"])
    high = shapely.force_3d(twin.clean.incidents.geometry.to_numpy(), 3.5)
    path = tmp_path / "nap.gpkg"
    gpd.GeoDataFrame(frame, geometry=high, crs=7415).to_file(path)
    for name in ("x", "y"):
        del twin.export.columns[name]
    intake = twin.read(path)
    assert kinds(intake)["z_dropped"] == 40
    assert not intake.incidents.geometry.has_z.any()


def test_case_32_points_and_polygons_in_another_crs(twin, areas, tmp_path):
    where = hicgeo.assign_neighbourhoods(twin.clean.incidents, read_areas(areas, tmp_path, crs=4326))
    assert (where["status"] == "inside").all()  # both readers come to RD
    with pytest.raises(CrsError, match="same CRS"):
        hicgeo.assign_neighbourhoods(twin.clean.incidents.to_crs(25831), read_areas(areas, tmp_path))


# --- no place at all ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("x", "y"),
    [(0, 0), (1, 1), (-1, -1), (-1, 455000), (999999, 999999), (99999, 99999), ("0,0", "0,0"), (9999999, 455000)],
)
def test_case_33_placeholders(twin, x, y):
    put(twin.export, BAD, x, y)
    intake = twin.rejects("placeholder_coordinate")
    assert intake.rejected[["column", "value"]].to_numpy().tolist() == [["x / y", f"{x} / {y}"]]


@pytest.mark.parametrize("form", ["table", "csv", "gpkg"])
def test_case_34_police_station(twin, tmp_path, form):
    points = gpd.GeoDataFrame(geometry=gpd.points_from_xy([STATION[0], 90000], [STATION[1], 450000]), crs=28992)
    stations = tmp_path / f"bureaus.{form}"
    if form == "table":
        stations = points.to_crs(4326)
    elif form == "csv":
        stations.write_text(
            f"naam;x;y\nNoord;{str(STATION[0]).replace('.', ',')};{STATION[1]:.0f}\nZuid;90000;450000\n"
        )
    else:
        points.to_file(stations)
    put(twin.export, BAD, "81235", "456789")
    intake = twin.read(touched=[BAD], stations=stations)
    assert kinds(intake)["at_station"] == 1
    assert (intake.incidents["precision_m"] == np.inf).tolist() == [row == BAD for row in range(40)]
    assert len(intake.incidents) == 40  # kept, and counted
    twin.rejects("police_station", stations=stations, at_station="reject")
    with pytest.raises(InputError, match="at_station"):
        twin.read(touched=[BAD], stations=stations, at_station="hide")


def test_case_34_a_police_station_is_no_hotspot(tmp_path, areas):
    export = Export(tmp_path, 200)
    for row in range(200):
        put(export, row, 80000 + 17 * (row % 150), 455000 + 23 * (row % 140))
    for row in range(0, 200, 5):  # 40 of 200 at the station
        put(export, row, 84000, 458000)
    stations = gpd.GeoDataFrame(geometry=[shapely.Point(84000, 458000)], crs=28992)
    grid = hicgeo.Grid.over(areas, cell_size=100)
    read = {name: {"stations": stations} if name == "known" else {} for name in ("known", "unknown")}
    spots = {}
    for name, more in read.items():
        incidents = hicgeo.read_incidents(export.write(), columns=export.columns, **more).incidents
        assert len(incidents) == 200
        spots[name] = hicgeo.hotspots(incidents, grid, bandwidth=300, rng=1)
        surface = hicgeo.kde(incidents, grid, bandwidth=300)
        assert surface.attrs["n"] + surface.attrs["n_imprecise"] == 200
        assert surface.attrs["n_imprecise"] == spots[name].attrs["n_imprecise"] == (40 if more else 0)
    at = shapely.Point(84000, 458000)
    assert spots["unknown"].intersects(at).any()
    assert not spots["known"].intersects(at).any()


def test_case_35_centroid_dump(tmp_path):
    export = Export(tmp_path, 400)
    for row in range(400):
        put(export, row, 80000 + 10 * row, 455000 + 10 * row)
    twin = Twin(export)
    for row in range(30):
        put(export, 13 * row, 81000, 455000)
    intake = twin.read(touched=[13 * row for row in range(30)])
    heaps = intake.notes[intake.notes["kind"] == "heap"]
    assert heaps[["records", "example_line"]].to_numpy().tolist() == [[30, 2]]
    assert len(intake.incidents) == 400  # kept


def test_case_35_a_grid_of_places_is_no_heap(tmp_path):
    export = Export(tmp_path, 400)  # 25 at each of 16 points: a heap by number, not by surprise
    for row in range(400):
        put(export, row, 80000 + 100 * (row % 16), 455000 + 3)
    assert "heap" not in kinds(hicgeo.read_incidents(export.write(), columns=export.columns))


def test_case_36_origin_of_rd(twin):
    put(twin.export, BAD, 155000, 463000)
    twin.rejects("placeholder_coordinate")
    put(twin.export, BAD, 155000, 463001)
    assert len(twin.read(touched=[BAD]).incidents) == 40


# --- numbers --------------------------------------------------------------------------------------------------------


def test_case_37_decimal_comma(twin):
    put(twin.export, BAD, "121687,25", "455000,75")
    intake = twin.read(touched=[BAD])
    assert places(intake)[BAD].tolist() == [121687.25, 455000.75]
    assert ("121687,25", "121687.25") in originals(intake, "decimal_comma")
    assert kinds(intake)["decimal_comma"] == 41  # every x of the export, and this y


def test_case_38_thousands_dot_in_every_value(twin):
    for row in range(40):
        put(twin.export, row, f"121.{row:03d}", f"487.{row:03d}")
    intake = twin.read(touched=range(40))
    assert places(intake).tolist() == [[121000.0 + row, 487000.0 + row] for row in range(40)]
    assert originals(intake, "thousands_mark")[:2] == [("121.000", "121000"), ("121.001", "121001")]


def test_case_38_thousands_dot_in_part_of_the_values(twin):
    put(twin.export, BAD, "121.687", "487.123")
    twin.rejects("bad_coordinate")  # one fault costs one record
    for row in range(3):
        put(twin.export, row, "121.687", "487.123")
    with pytest.raises(CrsError, match=r"4 of 40 have a dot .*first: line 2"):
        twin.read(touched=range(40))


def test_case_38_degrees_of_three_decimals_are_degrees(twin):
    for row in range(40):
        put(twin.export, row, f"4.{300 + row}", f"52.{100 + row}")
    assert kinds(twin.read(touched=range(40)))["transformed"] == 40


@pytest.mark.parametrize("value", ["121.687,5", "121,687.5", "121 687,5", "121\u00a0687.5"])
def test_case_39_thousands_and_decimal_marks_value_by_value(twin, value):
    put(twin.export, BAD, value, "455.637")
    twin.export.set(BAD, "y", "455637")
    intake = twin.read(touched=[BAD])
    assert places(intake)[BAD].tolist() == [121687.5, 455637.0]
    assert originals(intake, "thousands_mark") == [(value, "121687.5")]


@pytest.mark.parametrize("metres", [100, 1000])
def test_case_40_rounded_coordinates(tmp_path, areas, metres):
    export = Export(tmp_path, 60)
    for row in range(60):
        put(export, row, 80000 + metres * (row % 5), 455000 + metres * (row % 4))
    intake = hicgeo.read_incidents(export.write(), columns=export.columns)
    assert kinds(intake)["rounded"] == 60
    assert (intake.incidents["precision_m"] == metres).all()
    fine, coarse = (hicgeo.Grid.over(areas, cell_size=size) for size in (metres / 2, metres))
    with pytest.raises(InputError, match=f"60 of 60 are less precise than {metres // 2} m"):
        hicgeo.kde(intake.incidents, fine, bandwidth=2000)
    assert hicgeo.kde(intake.incidents, coarse, bandwidth=2000).attrs["n"] == 60


@pytest.mark.parametrize(("x", "y"), [("", ""), ("NaN", "nan"), ("", "455000"), ("81000", "-")])
def test_case_41_no_coordinate(twin, areas, tmp_path, x, y):
    put(twin.export, BAD, x, y)
    intake = twin.read(touched=[BAD])
    assert intake.incidents.geometry.is_empty.tolist() == [row == BAD for row in range(40)]
    assert intake.summary()[["accepted", "located", "unlocated"]].tolist() == [40, 39, 1]
    assert kinds(intake)["unlocated"] == 1
    assert intake.incidents["municipality"].iloc[BAD] == "GM0518"
    where = hicgeo.assign_neighbourhoods(intake.incidents, read_areas(areas, tmp_path))
    assert where["status"].value_counts()[["inside", "unlocated"]].tolist() == [39, 1]


@pytest.mark.parametrize(("x", "reason"), [("inf", "infinite"), ("-Infinity", "infinite"), ("1e400", "infinite")])
def test_case_42_infinite(twin, x, reason):
    put(twin.export, BAD, x, "455000")
    assert twin.rejects(f"{reason}_coordinate").rejected["value"].iloc[0] == x


# --- the town and the country ---------------------------------------------------------------------------------------


def test_case_43_outside_the_municipality_within_the_country(twin, areas, tmp_path):
    put(twin.export, BAD, 86250, 455000)
    intake = twin.read(touched=[BAD])
    where = hicgeo.assign_neighbourhoods(intake.incidents, read_areas(areas, tmp_path))
    assert where["status"].iloc[BAD] == "outside"
    assert where["border_m"].iloc[BAD] == 250.0
    assert len(where) == 40


ABROAD = {
    "Antwerpen": (4.4025, 51.2194), "Knokke": (3.2903, 51.3464), "Turnhout": (4.9447, 51.3225),
    "Genk": (5.5, 50.965), "Luik": (5.5797, 50.6326), "Aken": (6.0839, 50.7753), "Heinsberg": (6.0967, 51.0611),
    "Kleve": (6.1389, 51.7875), "Bocholt": (6.615, 51.8388), "Nordhorn": (7.0694, 52.4319),
    "Leer": (7.4531, 53.2306), "Emden": (7.2061, 53.3672), "Borkum": (6.68, 53.587), "Noordzee": (3.9, 52.3),
}  # fmt: skip
HOME = {
    "Vaals": (6.0183, 50.7706), "Maastricht": (5.6909, 50.8514), "Sluis": (3.3856, 51.3081),
    "Vlieland": (5.05, 53.2967), "Baarle-Nassau": (4.93, 51.445), "Delfzijl": (6.918, 53.33),
    "Winterswijk": (6.72, 51.972), "Kerkrade": (6.066, 50.866), "Cadzand": (3.408, 51.367),
    "Waddenzee": (5.3, 53.25), "IJsselmeer": (5.4, 52.8), "Maasvlakte": (4.0, 51.96),
}  # fmt: skip


@pytest.mark.parametrize("name", [*ABROAD, *HOME])
def test_case_44_abroad_and_at_sea(twin, name):
    lon, lat = (ABROAD | HOME)[name]
    x, y = pyproj.Transformer.from_crs(4326, 28992, always_xy=True).transform(lon, lat)
    put(twin.export, BAD, f"{x:.0f}", f"{y:.0f}")
    if name in ABROAD:
        twin.rejects("outside_country")
    else:
        assert twin.read(touched=[BAD]).rejected.empty


def test_case_45_on_a_shared_border(twin, areas, tmp_path):
    put(twin.export, BAD, 81000, 455000)
    incidents = twin.read(touched=[BAD]).incidents
    shown = {}
    for name, order in (("as given", slice(None)), ("turned", slice(None, None, -1))):
        where = hicgeo.assign_neighbourhoods(incidents, read_areas(areas.iloc[order], tmp_path))
        assert (where["status"] == "inside").sum() == 40
        shown[name] = where["code"].iloc[BAD]
    assert set(shown.values()) == {"BU05180001"}


def test_case_46_just_outside(twin, areas, tmp_path):
    put(twin.export, BAD, "86000,75", 455000)
    put(twin.export, BAD + 1, "86001,25", 455000)
    incidents = twin.read(touched=[BAD, BAD + 1]).incidents
    where = hicgeo.assign_neighbourhoods(incidents, read_areas(areas, tmp_path), max_distance=1.0)
    assert where[["status", "code"]].iloc[BAD].tolist() == ["snapped", "BU05180002"]
    assert where["border_m"].iloc[BAD] == 0.75
    assert where["status"].iloc[BAD + 1] == "outside"


def with_addresses(export):
    export.titles.append("adres")
    export.columns["address_key"] = "adres"
    for row, cells in enumerate(export.rows):
        cells.append(f"2511AA-{row}")


def test_case_47_addresses_without_coordinates(export):
    with_addresses(export)
    twin = Twin(export)
    for name in ("x", "y"):
        at = export.titles.index(name)
        del export.titles[at], export.columns[name]
        for cells in export.rows:
            del cells[at]
    intake = twin.read(touched=range(40))
    assert intake.incidents.geometry.is_empty.all()
    assert len(intake.incidents) == 40
    assert intake.located == 0.0
    assert kinds(intake)["unlocated"] == 40


@pytest.mark.parametrize("suffix", ["csv", "gpkg"])
def test_case_47_a_table_of_addresses_gives_places(export, tmp_path, suffix):
    with_addresses(export)
    twin = Twin(export)
    clean = twin.clean.incidents
    table = tmp_path / f"adressen.{suffix}"
    keys = [f"2511AA-{row}" for row in range(39)]  # the last is not in it
    if suffix == "csv":
        rows = [f"{key};{p.x};{p.y}" for key, p in zip(keys, clean.geometry, strict=False)]
        table.write_text("\n".join(["address_key;x;y", *rows]))
    else:
        gpd.GeoDataFrame({"address_key": keys}, geometry=clean.geometry.to_numpy()[:39], crs=28992).to_file(table)
    for row in (BAD, 39):
        put(export, row, "", "")
    intake = twin.read(touched=[39], geocoder=table)  # the geocoded row is as in the clean twin
    assert kinds(intake)["geocoded"] == 1
    assert kinds(intake)["unlocated"] == 1
    table.write_text("address_key;x;y\na;80000;455000\na;80001;455000\n") if suffix == "csv" else None
    if suffix == "csv":
        with pytest.raises(InputError, match="every address_key once"):
            twin.read(touched=[BAD, 39], geocoder=table)


def test_case_48_known_as_street_or_postcode_only(tmp_path, areas):
    export = Export(tmp_path, 60)
    export.titles.append("nauwkeurigheid")
    export.columns["precision_m"] = "nauwkeurigheid"
    words = {
        "adres": 10,
        "Straat": 250,
        "PC4": 1000,
        "gemeente": np.inf,
        "35 m": 35,
        "12,5": 12.5,
        "": np.nan,
        "?": np.nan,
    }
    for row, cells in enumerate(export.rows):
        cells.append("adres")
        if row < len(words):
            cells[-1] = list(words)[row]
    intake = hicgeo.read_incidents(export.write(), columns=export.columns)
    assert np.array_equal(intake.incidents["precision_m"].iloc[:8], list(words.values()), equal_nan=True)
    assert kinds(intake)["unreadable_precision"] == 1
    assert kinds(intake)["coarse_place"] == 5
    for size, left_out in ((100, 3), (500, 2), (1000, 1)):
        surface = hicgeo.kde(intake.incidents, hicgeo.Grid.over(areas, cell_size=size), bandwidth=1500)
        assert surface.attrs["n_imprecise"] == left_out
    assert len(intake.incidents) == 60


def test_case_49_located_share(twin):
    for row in range(7):
        put(twin.export, row, "", "")
    intake = twin.read(touched=range(7))
    assert intake.located == 33 / 40
    assert "82%" in intake.notes.set_index("kind").loc["few_located", "text"]
    assert "82% located" in repr(intake)
    twin.export.rows[0][6:8] = ["80000", "455000"]
    assert "few_located" not in kinds(twin.read(touched=range(7)))  # 34 of 40 is 85 %


def test_case_49_a_placeholder_is_no_place(twin):
    for row in range(7):
        put(twin.export, row, "0", "0")
    intake = twin.read(touched=range(7))
    assert intake.located == 33 / 40
    assert "few_located" in kinds(intake)


def test_an_export_of_which_no_place_is_left_is_in_rd_whatever_it_was_in(export):
    """Found by fuzz/geojson.py: a table without incidents in degrees broke the contract of the incident table."""
    for row in range(len(export.rows)):
        export.set(row, "delict", "Q1")
        export.set(row, "x", "4.31")
        export.set(row, "y", "52.08")
    intake = hicgeo.read_incidents(export.write(), columns=export.columns, crs="EPSG:4326")
    assert intake.summary()["rejected: unmapped_code"] == len(export.rows)
    hicgeo.schema.check_incidents(intake.incidents)


@pytest.mark.parametrize("whole", [False, True])
def test_only_the_digits_of_ascii_are_numbers(export, whole):
    """Found by fuzz/scalars.py: digits of other scripts passed one reading of numbers and broke another."""
    rows = range(len(export.rows)) if whole else [BAD]
    for row in rows:
        export.set(row, "x", "\u0668\u0661\u0662\u0663\u0664")
    intake = hicgeo.read_incidents(export.write(), columns=export.columns, crs="EPSG:28992")
    assert intake.summary()["rejected: bad_coordinate"] == len(rows)
