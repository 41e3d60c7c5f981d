"""Months on a slider, and two periods side by side."""

from itertools import pairwise

import geopandas as gpd
import pandas as pd
import pytest
import scenes
import shapely
from test_maps import layers

from hicgeo.errors import AlignmentError, ColumnError, CrsError, DisclosureError, InputError
from hicgeo.output._layers import Scene
from hicgeo.output._layers_months import comparison_layer
from hicgeo.output.maps import HotspotMap


def months(**options):
    areas = scenes.areas()
    made = HotspotMap(areas, title="t").add_months(scenes.counts(areas), crime_type="woninginbraak", **options)
    return next(iter(layers(made.to_html()).values()))


def test_a_month_has_its_own_figures_and_that_of_a_year_before():
    made = months()
    frames = made["frames"]
    assert frames["labels"][0] == "juli 2022"
    assert frames["labels"][-1] == "november 2024", "December 2024 is published nowhere"
    assert frames["start"] == len(frames["labels"]) - 1 == 28
    december = frames["labels"].index("december 2023")
    told = dict(zip(made["rows"], frames["values"]["BU99990004"][december], strict=True))
    assert told == {"incidenten": "5", "een jaar eerder": "5", "cijfers": ""}
    told = dict(zip(made["rows"], frames["values"]["BU99990004"][0], strict=True))
    assert told["een jaar eerder"] == "", "2021 is not in the table: not 0"
    assert frames["values"]["BU99990004"][-1][2] == "voorlopig"
    # twelve areas with 0 to 11 incidents, and one more each in December
    assert frames["notes"][december] == "December 2023: 78 woninginbraken, een jaar eerder 78 (12 buurten)."
    assert frames["notes"][0] == "Juli 2022: 66 woninginbraken in de 12 van 12 buurten met een cijfer."


def test_all_months_have_the_same_classes_and_none_is_one_of_them():
    made = months()
    classes = [entry["label"] for entry in made["classes"]]
    assert classes[0] == "geen"
    assert classes[-1] == "niet gepubliceerd"
    assert "BU99990011" not in made["frames"]["member"] or set(made["frames"]["member"]["BU99990011"]) == {-1}, "water"
    assert set(made["frames"]["member"]["BU99990000"]) == {0, 1}, "0, and 1 in December"
    for series in made["frames"]["member"].values():
        assert len(series) == len(made["frames"]["labels"])


def test_a_month_that_is_not_published_is_hatched_and_not_none():
    areas = scenes.areas()
    counts = scenes.counts(areas)
    counts.loc[("BU99990003", "woninginbraak", pd.Period("2023-05", "M")), "incidents"] = float("nan")
    made = HotspotMap(areas, title="t").add_months(counts, crime_type="woninginbraak", months=("2023-01", "2024-12"))
    data = next(iter(layers(made.to_html()).values()))
    assert data["classes"][data["frames"]["member"]["BU99990003"][4]]["pattern"] == "hatch-gap"
    assert data["frames"]["values"]["BU99990003"][4][0] == "–"
    assert data["frames"]["notes"][4].endswith("in de 11 van 12 buurten met een cijfer.")
    assert data["frames"]["labels"][-1] == "december 2024"
    assert data["frames"]["start"] == 22, "the latest month with figures"
    assert data["frames"]["notes"][23] == "December 2024: geen cijfers (12 buurten)."
    # what a browser-less picture colours is the month that is shown first
    assert made.layers[0].member == {code: row[22] for code, row in data["frames"]["member"].items() if row[22] >= 0}


def test_an_area_without_any_counts_is_hatched_and_not_none():
    areas = scenes.areas()
    counts = scenes.counts(areas).drop("BU99990003")
    data = next(
        iter(layers(HotspotMap(areas, title="t").add_months(counts, crime_type="woninginbraak").to_html()).values())
    )
    assert {data["classes"][place]["pattern"] for place in data["frames"]["member"]["BU99990003"]} == {"hatch-gap"}
    assert data["classes"][-1]["count"] == "1 buurt"
    assert data["frames"]["notes"][-1] == (
        "November 2024: 63 woninginbraken, een jaar eerder 63 (11 van 12 buurten met een cijfer)."
    )


def test_parts_of_incidents_are_explained():
    areas = scenes.areas()
    counts = scenes.counts(areas)
    whole = HotspotMap(areas, title="t").add_months(counts, crime_type="woninginbraak").layers[0]
    spread = counts.assign(incidents=counts["incidents"] / 3)
    parts = HotspotMap(areas, title="t").add_months(spread, crime_type="woninginbraak").layers[0]
    assert [any("voor een deel" in note for note in each.notes) for each in (whole, parts)] == [False, True]


def test_months_with_few_different_counts_have_fewer_classes():
    areas = scenes.areas()
    counts = scenes.counts(areas)
    code = counts.index.get_level_values("code")
    counts["incidents"] = counts["incidents"].where(code > "BU99990008", counts["incidents"].clip(upper=1))
    data = next(
        iter(layers(HotspotMap(areas, title="t").add_months(counts, crime_type="straatroof").to_html()).values())
    )
    used = {place for series in data["frames"]["member"].values() for place in series if place >= 0}
    assert used == set(range(len(data["classes"]) - 1)), "every class but that of gaps has an area in some month"


def test_the_order_of_the_counts_does_not_matter():
    areas = scenes.areas()
    counts = scenes.counts(areas)
    straight = HotspotMap(areas, title="t").add_months(counts, crime_type="straatroof").to_html()
    mixed = counts.sample(frac=1, random_state=3)
    assert HotspotMap(areas.iloc[::-1], title="t").add_months(mixed, crime_type="straatroof").to_html() == straight


def test_wrong_months_are_named():
    areas = scenes.areas()
    counts = scenes.counts(areas)
    made = HotspotMap(areas, title="t")
    with pytest.raises(InputError, match="crime_type"):
        made.add_months(counts, crime_type="overval")
    with pytest.raises(InputError, match="at least one month"):
        made.add_months(counts, crime_type="straatroof", months=("2030-01", "2030-12"))
    with pytest.raises(InputError, match="at least one month"):
        made.add_months(counts, crime_type="straatroof", months=("vorig jaar", "nu"))
    with pytest.raises(ColumnError, match="indexed"):
        made.add_months(counts.droplevel("crime_type"), crime_type="straatroof")
    with pytest.raises(ColumnError, match="no status"):
        made.add_months(counts.drop(columns="status"), crime_type="straatroof")
    with pytest.raises(DisclosureError, match="remark"):
        made.add_months(counts.assign(remark="x"), crime_type="straatroof")
    with pytest.raises(AlignmentError):
        made.add_months(counts.rename(index=lambda code: str(code).replace("BU9999", "BU8888"), level="code"),
                        crime_type="straatroof")  # fmt: skip
    assert made.layers == []


def test_two_periods_are_shown_in_the_same_classes():
    areas = scenes.areas()
    later = scenes.rates(areas)
    earlier = later.assign(rate=later["rate"] * 2)
    earlier.attrs = later.attrs | {"period": "2019"}
    data = next(iter(layers(HotspotMap(areas, title="t").add_comparison(earlier, later).to_html()).values()))
    assert data["frames"]["labels"] == ["2019", "2024"]
    assert data["name"] == "Woninginbraken per 1.000 woningen: 2019 naast 2024"
    assert data["frames"]["always"]
    bounds = {}
    for code, (before, after) in data["frames"]["member"].items():
        if code in ("BU99990004", "BU99990005", "BU99990011"):
            continue  # too small, incomplete, water
        bounds.setdefault(before, []).append(earlier.loc[code, "rate"])
        bounds.setdefault(after, []).append(later.loc[code, "rate"])
    edges = [(min(values), max(values)) for _, values in sorted(bounds.items())]
    assert all(low_next > high for (_, high), (low_next, _) in pairwise(edges))
    with pytest.raises(InputError, match="two periods"):
        HotspotMap(areas, title="t").add_comparison(later, later)


def test_the_same_layer_of_two_periods_has_two_names():
    areas = scenes.areas()
    older = scenes.rates(areas)
    older.attrs = older.attrs | {"period": "2019"}
    made = HotspotMap(areas, title="t").add_rates(scenes.rates(areas)).add_rates(older)
    made.add_rates(scenes.rates(areas).assign(norm=7.0).pipe(_of, scenes.rates(areas).attrs | {"period": "2020"}))
    rate, norm = "Woninginbraken per 1.000 woningen", "Woninginbraken: vergeleken met de norm"
    years = ("2024", "2019", "2020")
    names = [f"{what} ({year})" for year in years for what in (rate, norm)]
    assert [layer.name for layer in made.layers] == names
    assert [data["name"] for data in layers(made.to_html()).values()] == names
    assert all(year in layer.unit for year, layer in zip(years, made.layers[1::2], strict=True))


def _of(rates, attrs):
    rates.attrs = attrs
    return rates


def test_a_figure_hidden_in_one_of_two_periods_is_hatched_there():
    areas = scenes.areas()
    later = scenes.rates(areas)
    earlier = later.assign(hidden=areas.index == "BU99990006", rate=later["rate"] * 2)
    earlier.attrs = later.attrs | {"period": "2019"}
    made = comparison_layer(earlier, later, Scene.of(areas, "nl"))
    before, after = (made.classes[frame.member["BU99990006"]] for frame in made.frames)
    assert (before.label, before.pattern) == ("afgeschermd", "hatch-small")
    assert after.pattern == ""


def test_a_background_holds_shapes_near_by_and_no_column_but_a_name():
    areas = scenes.areas()
    west, south, east, north = areas.total_bounds
    roads = gpd.GeoDataFrame(
        {"remark": ["CANARY"] * 3},
        geometry=[
            shapely.LineString([(west, south), (east, north)]),
            shapely.LineString([(west, north), (east, south)]),
            shapely.LineString([(west + 90_000, south), (west + 91_000, south)]),
        ],
        crs=areas.crs,
    )
    town = gpd.GeoDataFrame({"name": [scenes.EVIL]}, geometry=[shapely.box(east, south, east + 500, north)], crs=28992)
    made = HotspotMap(areas, title="t").add_background(roads, kind="streets", name="Wegen")
    page = made.add_background(town.to_crs(4326), kind="neighbours").to_html()
    assert "CANARY" not in page
    from test_maps import blocks

    streets, neighbours = blocks(page)["hicgeo-page"]["background"]
    drawn = gpd.GeoDataFrame.from_features(streets["shapes"]["features"], crs=4326).to_crs(28992)
    assert drawn.length.sum() == pytest.approx(roads.length.iloc[:2].sum(), rel=1e-3)
    assert neighbours["shapes"]["features"][0]["properties"]["name"] == scenes.EVIL
    mixed = HotspotMap(areas, title="t").add_background(roads.iloc[::-1], kind="streets", name="Wegen")
    assert mixed.add_background(town, kind="neighbours").to_html() == page
    with pytest.raises(InputError, match="points"):
        made.add_background(roads.set_geometry(roads.centroid), kind="streets")
    with pytest.raises(InputError, match="kind"):
        made.add_background(roads, kind="stations")
    with pytest.raises(CrsError):
        made.add_background(roads.set_crs(None, allow_override=True), kind="streets")
