"""The readers on data that others published."""

from __future__ import annotations

import gzip

import geopandas as gpd
import pandas as pd
import pytest
import shapely

import hicgeo
from hicgeo.schema import check_counts, check_neighbourhoods

pytestmark = pytest.mark.realdata

COLUMNS = {"code": "buurt_code", "crime_type": "delict_code", "month": ["year", "month"], "incidents": "delicts"}
TYPES = {104: "woninginbraak", 102: "straatroof", 117: "overval"}


@pytest.fixture(scope="module")
def police(realdata):
    return realdata / "nl_thehague" / "police_monthly_2011_2017.csv.gz"


def test_police_counts_equal_a_plain_reading(police):
    counts = check_counts(hicgeo.read_counts(police, columns=COLUMNS, crime_types=TYPES, all_zero="missing"))
    with gzip.open(police) as file:
        plain = pd.read_csv(file)
    assert counts.index.unique("code").size == plain["buurt_code"].nunique() == 341
    for code, name in ((104, "woninginbraak"), (102, "straatroof")):
        expected = plain[plain["delict_code"] == code].pivot(
            index="buurt_code", columns=["year", "month"], values="delicts"
        )
        got = counts.xs(name, level="crime_type")["incidents"].unstack()
        assert got.iloc[:, :-1].to_numpy().tolist() == expected.iloc[:, :-1].to_numpy().tolist()
    december = counts.xs(pd.Period("2017-12"), level="month")
    assert (december["status"] == "missing").all()
    assert (counts.xs("overval", level="crime_type")["status"] == "missing").all()
    assert counts.attrs["missing_months"] == ["2017-12"]
    assert counts.attrs["missing_types"] == ["overval"]
    left_out = sum(each["incidents"] for each in counts.attrs["left_out"].values())
    assert counts["incidents"].sum() + left_out == plain["delicts"].sum()


def test_police_counts_are_refused_when_zeros_are_not_explained(police):
    with pytest.raises(hicgeo.InputError, match="month 2017-12, type overval"):
        hicgeo.read_counts(police, columns=COLUMNS, crime_types=TYPES)


@pytest.mark.parametrize(
    ("file", "level", "rows", "dwellings", "residents"),
    [
        ("nl_thehague/wijken_2022.gpkg", "wijk", 108, 510_506, 1_077_315),
        ("nl_national/gemeenten_2022.gpkg", "gemeente", 345, None, 17_590_672),
        ("nl_amsterdam/buurten.geojson", "buurt", 518, None, None),
        ("nl_groningen_2017/wijk2017.zip", "wijk", 15, None, 202_620),
        ("nl_groningen_2017/buurt2017.zip", "buurt", 108, None, 202_515),
    ],
)
def test_neighbourhoods(realdata, file, level, rows, dwellings, residents):
    table = check_neighbourhoods(hicgeo.read_neighbourhoods(realdata / file, level=level))
    assert len(table) == rows
    assert table.crs.to_epsg() == 28992
    if dwellings:
        assert table["dwellings"].sum() == dwellings
    if residents:
        assert table["residents"].sum() == residents


def test_areas_of_web_mercator_are_true_again(realdata):
    # read as drawn, in EPSG:3857, they are some 2.8 times too large at this latitude
    path = realdata / "nl_groningen_2017" / "buurt2017.zip"
    table = hicgeo.read_neighbourhoods(path, level="buurt")
    drawn = gpd.read_file(path)
    hectares = pd.Series(drawn["OPP_TOT"].to_numpy(float), index=drawn["BU_CODE"]).reindex(table.index)
    assert (table.area.sum() / 1e4) == pytest.approx(hectares.sum(), rel=0.02)


def test_outline_of_the_country_holds_every_municipality_and_little_else(realdata):
    from hicgeo.sources._country import OUTLINE_KM

    table = hicgeo.read_neighbourhoods(realdata / "nl_national" / "gemeenten_2022.gpkg", level="gemeente")
    outline = shapely.Polygon([(1000 * x, 1000 * y) for x, y in OUTLINE_KM])
    assert outline.is_valid
    land = table.union_all()
    assert outline.covers(land)
    assert outline.exterior.distance(land) > 750
    corners = shapely.points(shapely.get_coordinates(outline.segmentize(1000)))
    assert shapely.distance(corners, land).max() < 16_000  # across the mouths of the estuaries and the Wadden Sea
    # over land borders: the strip outside is a few kilometres wide
    assert outline.area < 1.26 * land.area


def test_letter_codes_of_amsterdam(realdata):
    table = hicgeo.read_neighbourhoods(realdata / "nl_amsterdam" / "buurten.geojson", level="buurt")
    assert "BU0363AC02" in table.index
    assert (table["municipality"] == "GM0363").all()


def test_squares_of_groningen(realdata):
    folder = realdata / "nl_groningen_2017"
    buurten = hicgeo.read_neighbourhoods(folder / "buurt2017.zip", level="buurt")
    grid = hicgeo.Grid.over(buurten, cell_size=100)
    surface = hicgeo.read_at_risk(folder / "vierkant100m2014.zip", grid, columns={"dwellings": "WON2012"})
    numbers = gpd.read_file(folder / "vierkant100m2014.zip", ignore_geometry=True)["WON2012"].astype(int)
    assert surface.attrs["n"] + surface.attrs["outside"] == numbers[numbers > 0].sum()
    assert float(surface.sum()) == surface.attrs["n"]


def test_chicago_keeps_its_own_metric_crs(realdata, tmp_path):
    raw = pd.read_csv(realdata / "us_chicago_burglary" / "chicago_be_2016.csv")
    x, y = (next(c for c in raw.columns if c.strip().lower() == name) for name in ("x", "y"))
    when = next(c for c in raw.columns if "date" in c.lower())
    raw = raw.assign(nr=range(len(raw)), kind="A20")
    path = tmp_path / "chicago.csv"
    raw.to_csv(path, index=False)
    columns = {"incident_id": "nr", "crime_type": "kind", "start": when, "x": x, "y": y}
    intake = hicgeo.read_incidents(path, columns=columns, crs="EPSG:26971", date_order="month_first")
    assert intake.read == len(intake.incidents) + len(intake.rejected) == 11_701
    assert intake.incidents.crs.to_epsg() == 26971
    located = intake.incidents[~intake.incidents.is_empty]
    assert located.geometry.x.sum() == pytest.approx(raw.set_index(raw["nr"].astype(str)).loc[located.index, x].sum())
