import json
import re
from datetime import date
from io import BytesIO
from itertools import pairwise

import exported
import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import scenes
import shapely

from hicgeo.errors import AlignmentError, ColumnError, CrsError, DisclosureError, InputError
from hicgeo.output._layers import class_breaks
from hicgeo.output.disclosure import Handling, audit_html
from hicgeo.output.maps import HotspotMap

HANDLING = Handling("inzet donkere dagen", "lokale driehoek", "Wpg artikel 16", "vertrouwelijk", date(2025, 6, 1))


def full_map(**options):
    areas = scenes.areas(evil=options.pop("evil", False))
    made = HotspotMap(areas, title=options.pop("title", "Woninginbraken"), period="2024", **options)
    made.add_rates(scenes.rates(areas)).add_surface(scenes.surface()).add_hotspots(scenes.hotspots())
    return made.add_dark_days(scenes.season(areas)).add_seasons(scenes.clusters(areas))


def blocks(page):
    """JSON blocks of a page by id, found without the code under test."""
    found = re.findall(r'<script type="application/json" id="([\w-]+)">(.*?)</script>', page, flags=re.DOTALL)
    return {name: json.loads(text) for name, text in found}


def layers(page):
    return {data["name"]: data for name, data in blocks(page).items() if name.startswith("hicgeo-layer")}


def test_the_saved_page_passes_its_audit_and_is_small(tmp_path):
    file = full_map(handling=HANDLING, fictional=True, source="politie").save(tmp_path / "maps" / "kaart.html")
    report = audit_html(file)
    assert report["pass"].all(), report[~report["pass"]]
    assert file.stat().st_size < 300_000
    text = file.read_text(encoding="utf-8")
    for said in ("VERTROUWELIJK", "Fictieve voorbeelddata", "Geregistreerde criminaliteit, niet alle criminaliteit",
                 "Wat deze kaart niet zegt", "lokale driehoek", "1 juni 2025", "politie"):  # fmt: skip
        assert said in text
    assert "sourceMappingURL" not in text


def test_a_map_without_handling_says_so():
    assert "niet opgegeven: niet verspreiden" in full_map().to_html()
    assert "niet opgegeven" not in full_map(handling=HANDLING).to_html()
    assert "niet opgegeven" not in full_map(profile="intern").to_html()
    assert "do not distribute" in full_map(language="en").to_html()


def test_classes_hold_every_judged_area_once_and_no_other():
    areas = scenes.areas()
    rates = scenes.rates(areas)
    made = layers(HotspotMap(areas, title="t").add_rates(rates).to_html())
    by_rate = made["Woninginbraken per 1.000 woningen"]
    assert set(by_rate["member"]) == set(areas.index[:-1]), "all but the water"
    bounds = {}
    for code, place in by_rate["member"].items():
        bounds.setdefault(place, []).append(rates.loc[code, "rate"])
    labels = [entry["label"] for entry in by_rate["classes"]]
    small = labels.index("te klein voor een uitspraak")
    incomplete = labels.index("cijfers onvolledig")
    assert set(bounds) == {*range(small), small, incomplete}
    assert by_rate["member"]["BU99990004"] == small
    assert by_rate["member"]["BU99990005"] == incomplete
    for place, label in enumerate(labels[:small]):
        numbers = [float(each.replace(".", "").replace(",", ".")) for each in re.findall(r"\d[\d.]*(?:,\d+)?", label)]
        low = numbers[0] if "of meer" in label or " tot " in label else -np.inf
        high = numbers[-1] if "minder" in label or " tot " in label else np.inf
        assert all(low <= rate < high for rate in bounds[place]), label
        assert by_rate["classes"][place]["count"].split()[0] == str(len(bounds[place]))
    verdicts = made["Woninginbraken: vergeleken met de norm"]
    assert verdicts["member"]["BU99990001"] == 0
    assert verdicts["classes"][0]["label"] == "boven de norm"
    assert verdicts["classes"][0]["count"] == "2 buurten"


def test_a_card_says_the_numbers_the_dutch_way():
    areas = scenes.areas()
    rates = scenes.rates(areas)
    card = next(iter(layers(HotspotMap(areas, title="t").add_rates(rates).to_html()).values()))
    told = dict(zip(card["rows"], card["values"]["BU99990005"], strict=True))
    assert told["incidenten"] == "13"
    assert told["aantal woningen"] == "1.000"
    assert told["per 1.000 woningen"] == "13,0"
    assert told["95 %-interval"] == "9,1 tot 18,2"
    assert told["oordeel"] == "cijfers onvolledig"
    assert told["dekking"] == "80 %"


def test_surface_classes_cover_exactly_the_cells_of_their_density():
    surface = scenes.surface()
    drawn = HotspotMap(scenes.areas(), title="t", profile="intern").add_surface(surface).layers[0]
    density = surface.to_numpy()
    gx, gy = np.meshgrid(surface["x"], surface["y"])
    place = np.zeros(density.shape, int)
    for level, shape in drawn.shapes.items():
        inside = shapely.contains_xy(shape, gx, gy)
        assert not place[inside].any(), "classes overlap"
        place[inside] = level
    assert drawn.shapes.area.sum() == pytest.approx((place > 0).sum() * 100**2)
    order = [density[place == level] for level in range(len(drawn.classes))]
    for lower, higher in pairwise(order):
        assert lower.max() < higher.min()
    hectares = [entry.count for entry in drawn.classes]
    assert hectares == [f"{len(cells)} ha" for cells in order]


def test_fine_surfaces_and_free_shapes_stay_inside():
    areas = scenes.areas()
    with pytest.raises(DisclosureError, match="at least 100 m"):
        HotspotMap(areas, title="t").add_surface(scenes.surface(cell=50.0))
    hull = scenes.hotspots()
    hull.geometry = hull.geometry.convex_hull.buffer(10)
    with pytest.raises(DisclosureError, match="do not follow grid cells"):
        HotspotMap(areas, title="t").add_hotspots(hull)
    HotspotMap(areas, title="t", profile="intern").add_surface(scenes.surface(cell=50.0)).add_hotspots(hull)


def test_no_row_of_the_inputs_other_than_named_columns_is_in_the_page():
    areas = scenes.areas()
    areas["remark"] = "CANARY-1"
    spots = scenes.hotspots()
    rates = scenes.rates(areas).assign(remark="CANARY-2")
    page = HotspotMap(areas, title="t").add_rates(rates).add_hotspots(spots).to_html()
    assert "CANARY" not in page
    with pytest.raises(DisclosureError, match="remark"):
        HotspotMap(areas, title="t").add_hotspots(spots.assign(remark="CANARY-3"))


def test_a_page_with_something_from_elsewhere_is_not_written(tmp_path):
    import folium

    for foreign in (folium.TileLayer("OpenStreetMap"), folium.Marker([52.1, 4.3])):
        made = full_map()
        made.map.add_child(foreign)
        with pytest.raises(DisclosureError, match="must make no request"):
            made.save(tmp_path / "kaart.html")
    assert list(tmp_path.iterdir()) == []


def test_names_stay_text_in_the_source(tmp_path):
    page = full_map(evil=True, title=scenes.EVIL).save(tmp_path / "kaart.html").read_text(encoding="utf-8")
    assert "<img" not in page
    assert "alert(3)</script>" not in page
    assert blocks(page)["hicgeo-page"]["areas"]["features"][0]["properties"]["name"] == scenes.EVIL


def test_borders_stay_together_and_near_what_they_were():
    areas = scenes.areas(8, 8)
    data = blocks(HotspotMap(areas, title="t").to_html())["hicgeo-page"]
    drawn = gpd.GeoDataFrame.from_features(data["areas"]["features"], crs=4326).to_crs(areas.crs)
    assert drawn.geometry.is_valid.all()
    assert shapely.hausdorff_distance(drawn.geometry.to_numpy(), areas.geometry.to_numpy()).max() < 5
    assert drawn.union_all().area == pytest.approx(areas.union_all().area, rel=1e-3)
    assert drawn.geometry.area.sum() == pytest.approx(drawn.union_all().area, rel=1e-6), "gaps or overlaps"
    coordinates = shapely.get_coordinates(gpd.GeoDataFrame.from_features(data["areas"]["features"]).geometry)
    assert np.array_equal(coordinates, coordinates.round(5))


def test_one_seasonal_group_says_so_and_unclear_areas_are_hatched():
    areas = scenes.areas()
    one = next(iter(layers(HotspotMap(areas, title="t").add_seasons(scenes.clusters(areas, k=1)).to_html()).values()))
    assert one["classes"][0]["label"] == "één patroon: vlak, 2,0 × in het donker"
    assert "Er is één patroon" in one["notes"][0]
    found = scenes.clusters(areas, k=2)
    two = next(iter(layers(HotspotMap(areas, title="t").add_seasons(found).to_html()).values()))
    assert two["classes"][two["member"]["BU99990002"]]["pattern"] == "hatch-small"
    assert len(two["notes"]) == 1
    assert len(two["classes"]) == 3
    # groups that do not last are said not to, and an area of which nothing is known is in no class of the others
    found.stability = 0.3
    found.labels = found.labels.drop("BU99990004")
    less = next(iter(layers(HotspotMap(areas, title="t").add_seasons(found).to_html()).values()))
    assert "niet stabiel" in less["notes"][1]
    gap = less["classes"][less["member"]["BU99990004"]]
    assert (gap["label"], gap["pattern"], gap["count"]) == ("niet gepubliceerd", "hatch-gap", "1 buurt")


def test_dark_days_are_coloured_only_when_the_interval_leaves_out_one():
    areas = scenes.areas()
    season = scenes.season(areas)
    made = next(iter(layers(HotspotMap(areas, title="t").add_dark_days(season).to_html()).values()))
    pooled = season.xs("alle", level="season")
    for code, place in made["member"].items():
        low, high = pooled.loc[code, ["ratio_low", "ratio_high"]]
        assert place == (0 if low > 1 else 2 if high < 1 else 1)
    # too little known, or nothing: neither is "no difference"
    unsure = season.drop("BU99990004")
    unsure.loc["BU99990005", ["ratio", "ratio_low", "ratio_high"]] = float("nan")
    unsure.attrs = season.attrs
    gaps = next(iter(layers(HotspotMap(areas, title="t").add_dark_days(unsure).to_html()).values()))
    for code in ("BU99990004", "BU99990005"):
        assert gaps["classes"][gaps["member"][code]]["pattern"] == "hatch-gap"
        assert gaps["values"][code][2] == "te weinig of geen cijfers"
    # with a trend-adjusted ratio that one decides: here it shows no difference anywhere
    flat = season.assign(ratio_trend=1.0, ratio_trend_low=0.9, ratio_trend_high=1.1)
    adjusted = next(iter(layers(HotspotMap(areas, title="t").add_dark_days(flat).to_html()).values()))
    assert set(adjusted["member"].values()) == {1}
    assert adjusted["values"]["BU99990000"][0] == "1,00"


def test_coverage_and_moved_borders_are_said_under_the_legend():
    areas = scenes.areas()
    rates = scenes.rates(areas)
    rates.attrs |= {"coverage": 0.798, "moved_border": ["BU99990003"]}
    made = next(iter(layers(HotspotMap(areas, title="t").add_rates(rates).to_html()).values()))
    notes = " ".join(made["notes"])
    assert "79,8 % van de woningen" in notes
    assert "Buurt D" in notes


def test_a_figure_that_is_doubted_is_not_the_first_thing_to_know():
    areas = scenes.areas()
    rates = scenes.rates(areas)
    rates.attrs |= {"moved_border": ["BU99990002"]}  # the highest of the two above the norm
    for layer in HotspotMap(areas, title="t").add_rates(rates).layers:
        assert layer.headline == (
            "Woninginbraken, 2024: 1 van 8 buurten aantoonbaar boven de norm (Buurt B). "
            "Niet meegeteld: 1, waar de grens waarschijnlijk is verschoven."
        )
        assert [line[0] for line in layer.digest[1:]] == ["Buurt B"]
        assert layer.digest[0][1] == "woninginbraken, 2024", "in a briefing the table stands alone"
        apart = [each for each in layer.classes if each.label.startswith("cijfer klopt niet")]
        assert [each.count for each in apart] == ["1 buurt"]
        assert layer.values["BU99990002"][5] == apart[0].label, "the card passes no verdict either"
        counted = {each.label: each.count for each in layer.classes}
        assert {counted.get("boven de norm", counted.get("aantoonbaar boven de norm"))} == {"1 buurt"}


def test_a_thick_border_says_which_high_figures_are_sure():
    areas = scenes.areas()
    rates = scenes.rates(areas)
    rates.attrs |= {"moved_border": ["BU99990002"]}  # its figure is doubted, so that nothing of it is sure
    by_rate = next(iter(layers(HotspotMap(areas, title="t").add_rates(rates).to_html()).values()))
    assert by_rate["marked"] == ["BU99990001"]
    sure = [entry for entry in by_rate["classes"] if entry["pattern"] == "outline"]
    assert [(entry["label"], entry["count"]) for entry in sure] == [("aantoonbaar boven de norm", "1 buurt")]
    none = rates.assign(state="niet te onderscheiden")
    none.attrs = rates.attrs
    by_rate = next(iter(layers(HotspotMap(areas, title="t").add_rates(none).to_html()).values()))
    assert by_rate["marked"] == []
    assert not [entry for entry in by_rate["classes"] if entry["pattern"] == "outline"]


def test_an_area_without_a_verdict_is_hatched_and_in_the_legend():
    areas = scenes.areas()
    rates = scenes.rates(areas)
    rates.loc["BU99990006", "state"] = None
    attrs, rates = rates.attrs, rates.drop("BU99990007")
    rates.attrs = attrs
    for layer in HotspotMap(areas, title="t").add_rates(rates).layers:
        for code in ("BU99990006", "BU99990007"):
            entry = layer.classes[layer.member[code]]
            assert (entry.label, entry.pattern, entry.count) == ("geen cijfers", "hatch-gap", "2 buurten")
            assert layer.values[code][5] == "geen cijfers"
        assert "BU99990011" not in layer.member, "water needs no figures"


def test_an_unknown_number_of_dwellings_is_not_called_small():
    areas = scenes.areas()
    rates = scenes.rates(areas)
    attrs = rates.attrs
    rates.loc["BU99990006", ["base", "rate", "state"]] = [0.0, np.nan, "te klein"]
    rates.attrs = attrs
    areas.loc["BU99990006", "dwellings"] = pd.NA
    for layer in HotspotMap(areas, title="t").add_rates(rates).layers:
        entry = layer.classes[layer.member["BU99990006"]]
        assert entry.label == "niet te berekenen: aantal woningen onbekend"
        told = dict(zip(layer.rows, layer.values["BU99990006"], strict=True))
        assert told["aantal woningen"] != "0"
        assert told["oordeel"] == entry.label


def test_a_class_of_equal_figures_is_called_by_the_figure():
    areas = scenes.areas()
    rates = scenes.rates(areas).assign(rate=7.04, rate_low=3.0, rate_high=9.0)
    rates.attrs = scenes.rates(areas).attrs
    assert HotspotMap(areas, title="t").add_rates(rates).layers[0].classes[0].label == "7,0"


def test_bounds_of_classes_are_short_and_leave_none_empty_where_many_figures_are_equal():
    said = class_breaks(np.array([0.0] * 10 + [0.123768] * 4 + list(np.linspace(0.15, 1.2, 36))))
    assert all(float(f"{bound:.2g}") == bound for bound in said)
    assert class_breaks(np.array([1.0] * 5 + [9.0])).tolist() == [9.0], "one apart is not called by the others' figure"
    rng = np.random.default_rng(1)
    for _ in range(300):
        values = np.round(rng.gamma(1, rng.choice([1, 100]), rng.integers(2, 60)), rng.integers(0, 3))
        bounds = class_breaks(values)
        assert np.bincount(np.digitize(values, bounds), minlength=len(bounds) + 1).all()
        assert len(bounds) or len(np.unique(values)) == 1


def test_two_areas_of_one_name_are_told_apart_everywhere():
    areas = scenes.areas()
    areas.loc[["BU99990001", "BU99990002"], "name"] = "Centrum"
    made = HotspotMap(areas, title="t").add_rates(scenes.rates(areas))
    both = [f"Centrum (BU9999000{n})" for n in (2, 1)]
    assert f"({', '.join(both)})" in made.layers[0].headline
    assert [line[0] for line in made.layers[0].digest[1:]] == both
    assert all(f'"name":"{each}"' in made.to_html().replace('": "', '":"') for each in both)


def test_codes_without_an_area_are_said_aloud_and_none_at_all_is_refused():
    areas = scenes.areas()
    rates = scenes.rates(areas)
    made = next(iter(layers(HotspotMap(areas.iloc[4:], title="t").add_rates(rates).to_html()).values()))
    assert any("4 gebieden met cijfers" in note for note in made["notes"])
    other = rates.set_axis(rates.index.str.replace("BU9999", "BU8888"))
    with pytest.raises(AlignmentError):
        HotspotMap(areas, title="t").add_rates(other)


def test_wrong_input_is_named():
    areas = scenes.areas()
    with pytest.raises(ColumnError, match="rate_low"):
        HotspotMap(areas, title="t").add_rates(scenes.rates(areas).drop(columns="rate_low"))
    with pytest.raises(InputError, match="title"):
        HotspotMap(areas, title=" ")
    with pytest.raises(InputError, match="profile"):
        HotspotMap(areas, title="t", profile="iedereen")


@pytest.mark.parametrize(("way", "name"), [("save", "kaart"), ("save_pdf", "kaart.png"), ("save_png", "kaart.jpg")])
def test_a_file_is_called_what_it_is(tmp_path, way, name):
    with pytest.raises(InputError, match="must end in"):
        getattr(HotspotMap(scenes.areas(), title="t"), way)(tmp_path / name)
    assert list(tmp_path.iterdir()) == []


def test_what_is_no_table_of_areas_is_refused_in_words():
    areas = scenes.areas()
    with pytest.raises(CrsError, match="none, in a DataFrame"):
        HotspotMap(pd.DataFrame(areas.drop(columns="geometry")), title="t")
    made = HotspotMap(areas, title="t")
    for verb in (made.add_rates, made.add_dark_days, lambda none: made.add_comparison(none, none)):
        with pytest.raises(InputError, match="NoneType"):
            verb(None)


def test_a_public_page_does_not_look_confidential():
    areas = scenes.areas()
    page = HotspotMap(areas, title="t", profile="openbaar").add_rates(scenes.rates(areas)).to_html()
    assert '<p class="banner public">OPENBAAR' in page
    assert "banner confidential" not in page


def test_inputs_are_not_changed():
    areas = scenes.areas()
    tables = [scenes.rates(areas), scenes.season(areas), scenes.hotspots()]
    before = [areas.copy(), *(table.copy() for table in tables)]
    made = HotspotMap(areas, title="t").add_rates(tables[0]).add_dark_days(tables[1]).add_hotspots(tables[2])
    made.picture(), made.to_html()
    for now, then in zip([areas, *tables], before, strict=True):
        pd.testing.assert_frame_equal(pd.DataFrame(now), pd.DataFrame(then))


def test_same_input_same_bytes_whatever_the_process_and_the_order_of_the_rows():
    here = exported.made(shuffled=False)
    assert exported.made(shuffled=True) == here
    assert exported.child("all at once") == here


def test_the_picture_shows_the_map_without_a_browser():
    import matplotlib.image

    image = matplotlib.image.imread(BytesIO(full_map(evil=True).picture()))
    assert image.shape[:2] == (640, 960)
    orange = (np.abs(image[..., :3] - np.array([0xDC, 0x5B, 0x1C]) / 255) < 0.02).all(axis=-1)
    assert orange.sum() > 2000, "no area has the colour of a high class"


def test_a_notebook_shows_the_page_in_a_frame():
    html = full_map(evil=True, title=scenes.EVIL)._repr_html_()
    assert html.startswith("<iframe srcdoc=")
    assert "<script" not in html


def test_the_audit_says_that_a_page_with_tiles_can_call_out(tmp_path):
    areas = scenes.areas()
    made = HotspotMap(areas, title="Tegels").add_rates(scenes.rates(areas))
    report = audit_html(made.save(tmp_path / "tegels.html", tiles=True))
    assert report["rule"][~report["pass"]].tolist() == ["no host in the policy"]
    assert audit_html(made.save(tmp_path / "zonder.html"))["pass"].all()


def test_rates_that_do_not_say_of_what_are_refused(tmp_path):
    areas = scenes.areas()
    silent = scenes.rates(areas)
    silent.attrs = {}
    with pytest.raises(ColumnError, match="of what and per what"):
        HotspotMap(areas, title="Stil").add_rates(silent)


def test_paper_tells_of_hotspots_what_their_cards_tell():
    spots = scenes.hotspots().assign(incidents=[61.0, 24.0], kind=["meer dan toeval", "niet te onderscheiden"])
    inward = HotspotMap(scenes.areas(), title="t").add_hotspots(spots).layers[0].digest
    assert inward == (
        ("rang", "rang kan zijn", "incidenten", "oppervlakte", "gegeven de woningen"),
        ("1", "1", "61", "4,0 ha", "meer dan toeval"),
        ("2", "1 tot 3", "24", "3,0 ha", "niet van toeval te onderscheiden"),
    )
    public = HotspotMap(scenes.areas(), title="t", profile="openbaar").add_hotspots(spots).layers[0].digest
    assert public[1:] == (
        ("1", "4,0 ha", "meer dan toeval"),
        ("2", "3,0 ha", "niet van toeval te onderscheiden"),
    )


def test_what_is_not_shown_to_be_more_than_chance_has_a_line_of_its_own_in_the_legend():
    spots = scenes.hotspots()
    drawn = {}
    for name, kinds in (
        ("both", ["meer dan toeval", "niet te onderscheiden"]),
        ("none", ["te weinig om te toetsen"] * 2),
    ):
        layer = HotspotMap(scenes.areas(), title="t").add_hotspots(spots.assign(kind=kinds)).layers[0]
        drawn[name] = [(each.label, each.count, each.pattern) for each in layer.classes]
        assert layer.classes[layer.member["2"]].pattern == "dashed"
        assert "niet getoetst" not in "".join(layer.notes)
        assert layer.headline.endswith(f"gegeven de woningen: {kinds.count('meer dan toeval')} van de 2.")
    unsure = "Hotspot, niet aantoonbaar meer dan toeval"
    assert drawn["both"] == [("Hotspot, meer dan toeval", "1", "outline"), (unsure, "1", "dashed")]
    assert drawn["none"] == [(unsure, "2", "dashed")]
    untested = HotspotMap(scenes.areas(), title="t").add_hotspots(spots).layers[0]
    assert [each.pattern for each in untested.classes] == ["outline"]
    assert "toeval" not in untested.headline


def test_the_page_promises_no_figures_that_it_does_not_have():
    areas = scenes.areas()
    bare = HotspotMap(areas, title="t").to_html()
    assert "om te zien hoe die heet" in bare
    assert "voor de cijfers" not in bare
    spots = HotspotMap(areas, title="t").add_surface(scenes.surface()).add_hotspots(scenes.hotspots())
    assert "Tik op een genummerde plek voor de cijfers. Een buurt is op naam te vinden." in spots.to_html()
    rates = HotspotMap(areas, title="t").add_rates(scenes.rates(areas)).to_html()
    assert "tik op een buurt of zoek er een op naam voor de cijfers" in rates
