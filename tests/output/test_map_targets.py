"""The areas to act in, on the map."""

import pytest
import scenes
import shapely
from test_maps import layers

from hicgeo.errors import ColumnError, DisclosureError, InputError
from hicgeo.output.maps import HotspotMap


def test_a_target_area_says_where_when_why_and_how_sure():
    made = HotspotMap(scenes.areas(), title="t").add_hotspots(scenes.hotspots()).add_target_areas(scenes.targets())
    data = layers(made.to_html())["Inzetgebieden, op volgorde"]
    assert data["unit"] == "waar in de komende 28 dagen de meeste woninginbraken worden verwacht"
    told = dict(zip(data["rows"], data["values"]["1"], strict=True))
    assert told == {
        "rang kan zijn": "1",
        "oppervlakte": "4,0 ha",
        "woningen": "812",
        "dagen en uren": "vrijdag en zaterdag, 18-23 uur",
        "verwacht in deze periode, over alle uren": "4,2 (1 tot 8)",
        "soort": "elk jaar",
        "straten": "",
        "in de buurt": "",
        "waarom hier": "Elk jaar hoog; twee herhalingen in de laatste 14 dagen.",
        "werkte dit eerder": "Deze keuze ving 21 % van de inbraken van de volgende 28 dagen op 2 % van het gebied.",
        "wanneer klopt dit niet": "Als een dader net is aangehouden.",
    }
    assert sum("Deze keuze ving" in note for note in data["notes"]) == 1, "said once"
    assert made.layers[1].headline == (
        "2 inzetgebieden, samen 7,0 ha. Het eerste (4,0 ha): vrijdag en zaterdag, 18-23 uur; over alle uren 4,2 "
        "(1 tot 8) woninginbraken verwacht in 28 dagen."
    )
    alone = HotspotMap(scenes.areas(), title="t").add_target_areas(scenes.targets().iloc[:1]).layers[0].headline
    assert alone.startswith("1 inzetgebied (4,0 ha): vrijdag")


def test_only_the_needed_columns_are_needed_and_the_order_does_not_matter():
    few = scenes.targets().drop(columns=["expected_low", "expected_high", "kind", "dwellings", "doubts"])
    data = layers(HotspotMap(scenes.areas(), title="t").add_target_areas(few).to_html())
    assert next(iter(data.values()))["values"]["2"][4] == "2,6"
    turned = HotspotMap(scenes.areas(), title="t").add_target_areas(few.iloc[::-1])
    assert layers(turned.to_html()) == data


def test_target_areas_that_cannot_be_shown_are_refused():
    made = HotspotMap(scenes.areas(), title="t")
    with pytest.raises(ColumnError, match="hours"):
        made.add_target_areas(scenes.targets().drop(columns="hours"))
    with pytest.raises(InputError, match="at least one"):
        made.add_target_areas(scenes.targets().iloc[:0])
    with pytest.raises(DisclosureError, match="address"):
        made.add_target_areas(scenes.targets().assign(address="Kerkstraat 1"))
    streets = scenes.targets()
    streets.geometry = shapely.buffer(streets.geometry, 15)
    with pytest.raises(DisclosureError, match="grid"):
        made.add_target_areas(streets)
    assert made.layers == []
