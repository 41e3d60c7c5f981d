"""The files of the sample city: a police export with its faults, CBS-like GeoPackages, plain tables."""

from __future__ import annotations

import json
import math
import os
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from hicgeo.schema import CRIME_TYPES
from hicgeo.sources._sample_town import CENTRE, MUNICIPALITY, MUNICIPALITY_NAME, RADIUS_M, WIJKEN

if TYPE_CHECKING:
    from pathlib import Path

    import geopandas as gpd

HEADER = (
    "Registratienummer;Delictcode;Omschrijving;Pleegdatum van;Pleegtijd van;Pleegdatum tot;Pleegtijd tot;X-coordinaat;"
    "Y-coordinaat;Gemeente;Poging;Confrontatie;Geweld;Object;Modus operandi;Woningtype;Adressleutel;Registratiedatum"
)
NUMBER, CODE, TITLE, FROM_DAY, FROM_TIME, TO_DAY, TO_TIME, X, Y, TOWN = range(10)
MET, FORCE, TARGET, MODUS, DWELLING, ADDRESS = range(11, 17)
TITLES = {
    "A20": "Gekwalificeerde diefstal in/uit woning",
    "A30": "Diefstal in/uit woning",
    "B20": "Gekwalificeerde diefstal in/uit woning met geweld",
    "B30": "Diefstal in/uit woning met geweld",
    "B70": "Straatroof",
    "B72": "Overval in woning",
    "B73": "Overval op overige objecten",
    "B74": "Overval op geld- en waardetransport",
    "A21": "Gekwalificeerde diefstal in/uit schuur of garage",
    "A40": "Zakkenrollerij",
    "Q99": "Code niet in gebruik",
}
PUBLISHED = {"woninginbraak": "1.1.1", "straatroof": "1.4.6", "overval": "1.4.7"}

# rows of the city, written with a fault that a reader can live with (at most half of the rows that can have it)
IN_PLACE = {
    "empty_coordinate": ("kept", 70),
    "only_from": ("kept", 45),
    "only_to": ("kept", 15),
    "thousands_dot": ("repaired", 40),
    "hour_24": ("repaired", 12),
}
# rows besides those of the city; all must be rejected, but for incidents of the neighbours
EXTRA = {
    "outside_municipality": 12,
    "swapped_xy": 25,
    "zero_coordinate": 30,
    "rd_corner": 15,
    "to_before_from": 25,
    "window_of_years": 8,
    "future_date": 10,
    "before_1990": 6,
    "missing_date": 10,
    "duplicate_row": 45,
    "duplicate_number": 20,
    "unknown_code": 15,
    "non_hic_code": 90,
    "too_few_fields": 8,
    "too_many_fields": 8,
    "unbalanced_quote": 5,
    "repeated_header": 2,
}


def police_export(incidents: gpd.GeoDataFrame, rng: np.random.Generator) -> tuple[bytes, list[dict[str, Any]]]:
    """Write the export as bytes, and list its faults: `kind`, `line` (from 1), `id` and `outcome`.

    Parameters
    ----------
    incidents
        Clean incident table in order of registration.
    rng
        Chooses the rows with a fault, the places of the extra rows and the codes.
    """
    rows = _clean_rows(incidents, rng)
    marks = _spoil_in_place(rows, rng)
    placed: list[tuple[float, str, dict[str, Any] | None]] = [
        (float(at), ";".join(row), marks.get(at)) for at, row in enumerate(rows)
    ]
    whole = np.setdiff1d(np.arange(len(rows) - 1), sorted(marks))
    kinds = [kind for kind, n in EXTRA.items() for _ in range(n)]
    source = rng.choice(whole, size=len(kinds), replace=False)
    # half-way between two rows, each gap used once, and behind the row that it was made from
    gaps: set[float] = set()
    for serial, (kind, at) in enumerate(zip(kinds, source, strict=True)):
        gap = float(rng.integers(at, len(rows))) + 0.5
        while gap in gaps:
            gap = float(rng.integers(at, len(rows))) + 0.5
        gaps.add(gap)
        line, number = _extra_row(kind, rows[at], serial, rng)
        outcome = "kept" if kind == "outside_municipality" else "rejected"
        placed.append((gap, line, {"kind": kind, "id": number, "outcome": outcome}))
    placed.sort(key=lambda item: item[0])
    footer = f"Totaal;{len(placed)}"
    placed.append((np.inf, footer, {"kind": "footer", "id": None, "outcome": "rejected"}))
    placed.append((np.inf, "", {"kind": "blank_line", "id": None, "outcome": "ignored"}))
    faults = [fault | {"line": at} for at, (_, _, fault) in enumerate(placed, start=2) if fault is not None]
    text = "\r\n".join([HEADER, *(line for _, line, _ in placed)]) + "\r\n"
    return text.encode("utf-8-sig"), faults


def _clean_rows(incidents: gpd.GeoDataFrame, rng: np.random.Generator) -> list[list[str]]:
    """Each incident as the 18 texts of the export."""
    home = incidents["crime_type"] == "woninginbraak"
    violent = incidents["violence"].fillna(False).astype(bool)
    skilled = rng.random(len(incidents)) < 0.8
    code = np.select(
        [
            home & violent & skilled,
            home & violent,
            home & skilled,
            home,
            incidents["crime_type"] == "straatroof",
            incidents["target"] == "woning",
            incidents["target"] == "geldtransport",
        ],
        ["B20", "B30", "A20", "A30", "B70", "B72", "B74"],
        "B73",
    )

    def flag(name: str) -> Any:
        return incidents[name].map({True: "Ja", False: "Nee"}).astype(object).fillna("")

    columns = [
        incidents.index,
        code,
        [TITLES[each] for each in code],
        incidents["start"].dt.strftime("%d-%m-%Y"),
        incidents["start"].dt.strftime("%H:%M"),
        incidents["end"].dt.strftime("%d-%m-%Y"),
        incidents["end"].dt.strftime("%H:%M"),
        incidents.geometry.x.map(_decimal),
        incidents.geometry.y.map(_decimal),
        incidents["municipality"],
        flag("attempted"),
        flag("confronted"),
        flag("violence"),
        *(incidents[name].astype(object).fillna("") for name in ("target", "modus", "dwelling_type", "address_key")),
        incidents["registered"].dt.strftime("%d-%m-%Y"),
    ]
    return [[str(field) for field in row] for row in zip(*columns, strict=True)]


def _decimal(metres: float) -> str:
    return f"{metres:.2f}".replace(".", ",")


def _spoil_in_place(rows: list[list[str]], rng: np.random.Generator) -> dict[int, dict[str, Any]]:
    """Write some of the city's rows as real exports do; the marks by position."""
    window = np.array([row[FROM_DAY : FROM_TIME + 1] != row[TO_DAY : TO_TIME + 1] for row in rows])
    midnight = np.array([row[TO_TIME] == "00:00" for row in rows]) & window
    able = {"hour_24": midnight, "only_from": window, "only_to": window}
    marks: dict[int, dict[str, Any]] = {}
    for kind, (outcome, wish) in sorted(IN_PLACE.items()):
        free = np.setdiff1d(np.flatnonzero(able.get(kind, np.ones(len(rows), bool))), sorted(marks))
        for at in rng.choice(free, size=min(wish, len(free) // 2), replace=False):
            row = rows[at]
            match kind:
                case "empty_coordinate":
                    row[X] = row[Y] = ""
                case "thousands_dot":
                    row[X], row[Y] = (f"{text[:3]}.{text[3:]}" for text in (row[X], row[Y]))
                case "hour_24":
                    row[TO_DAY], row[TO_TIME] = _shift_day(row[TO_DAY], -1), "24:00"
                case "only_from":
                    row[TO_DAY] = row[TO_TIME] = ""
                case "only_to":
                    row[FROM_DAY] = row[FROM_TIME] = ""
            marks[int(at)] = {"kind": kind, "id": row[NUMBER], "outcome": outcome}
    return marks


def _shift_day(day: str, by: int) -> str:
    moved = pd.to_datetime(day, format="%d-%m-%Y") + pd.Timedelta(days=by)
    return f"{moved:%d-%m-%Y}"


def _year(day: str, year: int) -> str:
    """Move a day to another year; 28 February for a leap day."""
    return f"{day[:6]}{year}" if day[:5] != "29-02" else f"28-02-{year}"


def _extra_row(kind: str, like: list[str], serial: int, rng: np.random.Generator) -> tuple[str, str | None]:
    """Make a line with one fault from a row of the city, and its registration number."""
    if kind == "repeated_header":
        return HEADER, None
    row = like.copy()
    if kind == "duplicate_row":
        return ";".join(row), row[NUMBER]
    if kind != "duplicate_number":
        row[NUMBER] = f"{row[NUMBER][:12]}9{serial:05d}"
    match kind:
        case "outside_municipality":
            angle = rng.uniform(0, 2 * np.pi)
            row[X] = _decimal(CENTRE[0] + 2.2 * RADIUS_M * np.cos(angle))
            row[Y] = _decimal(CENTRE[1] + 2.2 * RADIUS_M * np.sin(angle))
            row[TOWN] = "Nabuurdorp"
        case "swapped_xy":
            row[X], row[Y] = row[Y], row[X]
        case "zero_coordinate":
            row[X] = row[Y] = "0"
        case "rd_corner":
            row[X], row[Y] = "155000", "463000"
        case "to_before_from":
            row[TO_DAY] = _shift_day(row[FROM_DAY], -int(rng.integers(1, 30)))
        case "window_of_years":
            row[FROM_DAY] = _year(row[FROM_DAY], int(row[TO_DAY][-4:]) - int(rng.integers(4, 12)))
        case "future_date" | "before_1990":
            year = int(rng.integers(2090, 2099) if kind == "future_date" else rng.integers(1900, 1989))
            for column in (FROM_DAY, TO_DAY):
                row[column] = _year(like[FROM_DAY], year)
            row[TO_TIME] = row[FROM_TIME]
        case "missing_date":
            for column in (FROM_DAY, FROM_TIME, TO_DAY, TO_TIME):
                row[column] = ""
        case "duplicate_number":
            row[MODUS] = "sleutel gevonden"
            row[X] = _decimal(float(row[X].replace(",", ".")) + 25)
        case "unknown_code":
            row[CODE], row[TITLE] = "Q99", TITLES["Q99"]
        case "non_hic_code":
            row[CODE] = str(rng.choice(["A21", "A40"]))
            row[TITLE], row[TARGET] = TITLES[row[CODE]], "schuur" if row[CODE] == "A21" else "persoon"
            row[MET] = row[FORCE] = "Nee"
            row[DWELLING] = row[ADDRESS] = ""
        case "too_few_fields":
            row = row[: int(rng.integers(4, 15))]
        case "too_many_fields":
            row.insert(TARGET, "onbekend")
        case "unbalanced_quote":
            row[TITLE] = f'"{row[TITLE]}'
    return ";".join(row), row[NUMBER]


def cbs_layers(neighbourhoods: gpd.GeoDataFrame) -> dict[str, gpd.GeoDataFrame]:
    """Layers gemeenten, wijken and buurten with the column names and sentinels of CBS."""
    buurt = neighbourhoods
    wijk = buurt.index.str[:8].str.replace("BU", "WK")
    lake = buurt.index[buurt["is_water"]]
    wijk = wijk.where(~buurt.index.isin(lake), f"WK{MUNICIPALITY[2:]}99")
    start = {
        "gemeentecode": MUNICIPALITY,
        "gemeentenaam": MUNICIPALITY_NAME,
        "indelingswijziging_wijken_en_buurten": 1,
    }
    buurten = _cbs_layer(
        buurt, {"buurtcode": buurt.index, "buurtnaam": buurt["name"], "wijkcode": wijk, **start}, buurt.geometry
    )
    shapes, sums = {}, {}
    for code in sorted(set(wijk)):
        part = buurt[wijk == code]
        shapes[code], sums[code] = _merge(part), _total(part)
    wijken = pd.DataFrame.from_dict(sums, orient="index")
    names = {code: f"Wijk {code[-2:]} {name}" for code, name in zip(sorted(set(wijk)), (*WIJKEN, "Water"), strict=True)}
    return {
        "gemeenten": _cbs_layer(pd.DataFrame([_total(buurt)]), start, [_merge(buurt)]),
        "wijken": _cbs_layer(
            wijken, {"wijkcode": wijken.index, "wijknaam": wijken.index.map(names), **start}, list(shapes.values())
        ),
        "buurten": buurten,
    }


def _merge(part: gpd.GeoDataFrame) -> Any:
    import shapely

    return shapely.normalize(shapely.coverage_union_all(part.geometry.array))


def _total(part: gpd.GeoDataFrame) -> dict[str, Any]:
    """Add up buurten; a secret number adds nothing."""
    numbers = ("residents", "households", "dwellings", "businesses")
    return {name: part[name].sum() for name in numbers} | {"is_water": bool(part["is_water"].all())}


def _cbs_layer(numbers: pd.DataFrame, labels: dict[str, Any], shapes: Any) -> gpd.GeoDataFrame:
    import geopandas as gpd

    def counted(name: str) -> Any:
        return numbers[name].astype("Int64").fillna(-99997).astype("int64").to_numpy()

    columns = {name: np.asarray(value) if not isinstance(value, str | int) else value for name, value in labels.items()}
    return gpd.GeoDataFrame(
        {
            **columns,
            "water": np.where(numbers["is_water"].astype(bool), "JA", "NEE"),
            "aantal_inwoners": counted("residents"),
            "aantal_huishoudens": counted("households"),
            "woningvoorraad": counted("dwellings"),
            "aantal_bedrijfsvestigingen": counted("businesses"),
            "jaar": 2024,
        },
        index=pd.RangeIndex(len(numbers)),
        geometry=np.asarray(shapes),
        crs="EPSG:28992",
    )


def published_counts(codes: pd.Index[str], events: pd.DataFrame) -> bytes:
    """Monthly counts per buurt by the true moment, in the style of the police's open data; zeros written."""
    months = pd.period_range("2020-01", "2024-12", freq="M")
    month = events["moment"].dt.tz_localize(None).dt.to_period("M")
    every = pd.MultiIndex.from_product([codes, CRIME_TYPES, months])
    counts = events.groupby([events["code"], events["crime_type"], month]).size().reindex(every, fill_value=0)
    table = counts.rename_axis(["code", "soort", "periode"]).reset_index(name="aantal")
    soort, periode = table["soort"].map(PUBLISHED), table["periode"].dt.strftime("%YMM%m")
    lines = table["code"] + ";" + soort + ";" + periode + ";" + table["aantal"].astype(str)
    return ("\r\n".join(["code;soort;periode;aantal", *lines]) + "\r\n").encode()


def as_json(record: dict[str, Any]) -> bytes:
    """`record` with sorted keys, numbers rounded to six decimals, and no NaN."""

    def plain(value: Any) -> Any:
        if isinstance(value, dict):
            return {str(key): plain(each) for key, each in value.items()}
        if isinstance(value, list | tuple):
            return [plain(each) for each in value]
        if isinstance(value, np.generic):
            return plain(value.item())
        if isinstance(value, float):
            return round(value, 6) if math.isfinite(value) else None
        return value

    return (json.dumps(plain(record), sort_keys=True, indent=1, ensure_ascii=False, allow_nan=False) + "\n").encode()


def write_bytes(path: Path, content: bytes) -> None:
    """Write a whole file or none."""
    part = path.with_name(f".{path.name}.part")
    try:
        part.write_bytes(content)
        os.replace(part, path)
    finally:
        part.unlink(missing_ok=True)


def write_layers(path: Path, layers: dict[str, gpd.GeoDataFrame], description: str) -> None:
    """Write a GeoPackage with these layers, the same bytes for the same content; whole or not at all."""
    import pyogrio

    part = path.with_name(f".{path.name}.part.gpkg")
    part.unlink(missing_ok=True)
    # GDAL stamps the moment of writing into the file unless told another one
    fixed = {"OGR_CURRENT_DATE": "2025-01-01T00:00:00.000Z"}
    before = {name: pyogrio.get_gdal_config_option(name) for name in fixed}
    pyogrio.set_gdal_config_options(fixed)
    try:
        for name, layer in layers.items():
            points = (layer.geometry.geom_type == "Point").all()
            pyogrio.write_dataframe(
                layer,
                part,
                layer=name,
                driver="GPKG",
                geometry_type="Point" if points else "MultiPolygon",
                promote_to_multi=not points,
                layer_options={"DESCRIPTION": description},
            )
        os.replace(part, path)
    except pyogrio.errors.DataSourceError as failure:
        raise OSError("GDAL cannot write the GeoPackage") from failure
    finally:
        pyogrio.set_gdal_config_options(before)
        part.unlink(missing_ok=True)
