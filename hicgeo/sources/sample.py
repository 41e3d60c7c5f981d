"""A fictional city with planted truth: to try everything on, and to check every method against.

Nothing in it exists. The municipality GM9901 lies in a lake, no municipality has its code, and every
output made from it carries `FICTIONAL`.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from hicgeo.errors import InputError
from hicgeo.schema import CRIME_TYPES, RD_NEW
from hicgeo.sources import _sample_crimes as crimes
from hicgeo.sources import _sample_files as files
from hicgeo.sources import _sample_town as place

if TYPE_CHECKING:
    import geopandas as gpd
    import numpy.typing as npt

FICTIONAL = "fictieve voorbeelddata"
VINTAGE = 2024
GROUPS = ("sterk donker", "zwak donker")
"""Seasonal groups of buurten for woninginbraak."""


@dataclass(frozen=True)
class NearRepeat:
    """How burglaries attract others in the sample city.

    Attributes
    ----------
    branching
        Expected offspring of one burglary; their offspring come on top.
    reach_m, scale_m
        Offspring strike a dwelling within `reach_m` metres, chosen with weight exp(-distance / scale_m).
    reach_days, scale_days
        1 to `reach_days` days later, chosen with weight exp(-days / scale_days).
    """

    branching: float
    reach_m: float
    scale_m: float
    reach_days: int
    scale_days: float


@dataclass(frozen=True)
class SampleTruth:
    """What was planted in a sample city.

    Attributes
    ----------
    hotspots
        Discs on `hotspot` (0, 1, ...): `crime_type`, `strength` (risk multiplier), `radius_m`, `expected` incidents
        over the five years and `expected_without` the planted risk. First order: some near repeats of the disc fall
        just outside.
    season_groups
        Name of the seasonal group of woninginbraak on the code of each buurt on land.
    dark_ratio
        Mean daily risk of October-March over that of April-September, on the same codes.
    month_profiles
        Risk per day of January..December (columns 1..12) relative to the mean day, on the name of the group, and on
        `straatroof` and `overval` for those.
    hour_of_week
        Probability of each hour of the week (168 values, from Monday 00:00) by crime type.
    near_repeat
        Parameters of the self-exciting part of woninginbraak.
    expected
        Expected incidents over the five years on code x crime type, first order: near repeats are counted in the
        buurt of their first ancestor.
    expected_rate
        Expected woninginbraak per 1,000 dwellings a year on code; NaN without dwellings.
    events
        On the incidents' index: `moment` (the true one, inside the window), `code` of the buurt, `parent` (incident
        that attracted this one; missing for most).
    """

    hotspots: gpd.GeoDataFrame = field(repr=False)
    season_groups: pd.Series[str] = field(repr=False)
    dark_ratio: pd.Series[float] = field(repr=False)
    month_profiles: pd.DataFrame = field(repr=False)
    hour_of_week: dict[str, npt.NDArray[np.float64]] = field(repr=False)
    near_repeat: NearRepeat
    expected: pd.DataFrame = field(repr=False)
    expected_rate: pd.Series[float] = field(repr=False)
    events: pd.DataFrame = field(repr=False)


@dataclass(frozen=True)
class SampleCity:
    """A fictional municipality and its crime, 2020-2024.

    Attributes
    ----------
    seed
        What it was drawn from.
    incidents
        Incident table, clean.
    neighbourhoods
        Neighbourhood table of 60 buurten and a lake.
    dwellings
        Points on `identificatie`, with `dwelling_type`.
    truth
        What was planted.
    """

    seed: int
    incidents: gpd.GeoDataFrame = field(repr=False)
    neighbourhoods: gpd.GeoDataFrame = field(repr=False)
    dwellings: gpd.GeoDataFrame = field(repr=False)
    truth: SampleTruth = field(repr=False)


def sample_city(seed: int) -> SampleCity:
    """Draw a fictional city with its crime and the truth behind it.

    Parameters
    ----------
    seed
        Whole number of 0 or more; the same seed gives the same city, to the byte once written.

    Returns
    -------
    SampleCity
        Tables that keep the contracts of `hicgeo.schema`, in EPSG:28992, and `truth`.

    Raises
    ------
    InputError
        `seed` is not a whole number of 0 or more.

    Notes
    -----
    Woninginbraak, straatroof and overval are inhomogeneous Poisson processes over the dwellings (people, businesses):
    risk x planted hotspot x season x a trend of -4 % a year x hour of the week. Woninginbraak is self-exciting
    besides. Its dark-days ratio is 2.0 in one group of wijken and 1.2 in the other; straatroof has no season.
    Households of the buurt of 12 dwellings are secret, hence missing. The window of a burglary holds the true
    moment. O(dwellings + incidents); about a second.

    Examples
    --------
    >>> from hicgeo.sources.sample import sample_city
    >>> city = sample_city(1)
    >>> len(city.neighbourhoods), len(city.dwellings) > 100_000
    (61, True)
    >>> sorted(city.truth.dark_ratio.unique().tolist())
    [1.2, 2.0]
    """
    import geopandas as gpd

    if isinstance(seed, bool) or not isinstance(seed, int | np.integer) or seed < 0:
        raise InputError("seed must be a whole number of 0 or more", f"seed={seed!r}", "give a number such as 1")
    town = place.build_town(np.random.default_rng([seed, 0]))
    rng = np.random.default_rng([seed, 1])
    season = _season_of_buurt(town, rng)
    expected = {}
    tables: list[pd.DataFrame] = []
    spots: list[tuple[Any, ...]] = []
    taken: list[npt.NDArray[np.float64]] = []
    for crime_type in CRIME_TYPES:
        sites = crimes.sites_of(crime_type, town, season, rng)
        risk, discs = sites.risk.copy(), crimes.plant_hotspots(crime_type, sites, taken, rng)
        for disc, (strength, _) in zip(discs, crimes.HOTSPOTS[crime_type], strict=True):
            risk[disc] *= strength
        # the total fits the target rate with hotspots and near repeats in
        risk *= _target(crime_type, town) / risk.sum()
        expected[crime_type] = np.bincount(sites.buurt, risk, minlength=len(town.codes))
        for disc, (strength, radius) in zip(discs, crimes.HOTSPOTS[crime_type], strict=True):
            total = risk[disc].sum()
            spots.append((crime_type, strength, radius, total, total / strength, *sites.xy[disc[0]]))
        first_order = 1 - crimes.BRANCHING if crime_type == "woninginbraak" else 1.0
        events = crimes.draw_events(crime_type, sites, risk * first_order, rng)
        tables.append(_write_up(crime_type, town, sites, events, rng))
    incidents, truth_of_events = _register(tables)
    codes = pd.Index(town.codes, dtype="str", name="code")
    neighbourhoods = _neighbourhood_table(town, codes)
    table = pd.DataFrame(expected, index=codes)
    dwellings = neighbourhoods["dwellings"].astype(float)
    hotspots = pd.DataFrame(
        spots, columns=["crime_type", "strength", "radius_m", "expected", "expected_without", "x", "y"]
    )
    on_land = codes[:-1]
    groups = pd.Series(season[:-1].astype(str), index=on_land, name="group", dtype="str")
    truth = SampleTruth(
        hotspots=gpd.GeoDataFrame(
            hotspots.drop(columns=["x", "y"]).rename_axis("hotspot"),
            geometry=gpd.points_from_xy(hotspots["x"], hotspots["y"]).buffer(hotspots["radius_m"].to_numpy(), 32),
            crs=RD_NEW,
        ),
        season_groups=groups,
        dark_ratio=groups.map({name: crimes.SEASONS[name][0] for name in GROUPS}).astype(float).rename("dark_ratio"),
        month_profiles=pd.DataFrame(
            {
                name: crimes.month_profile(shape)
                for name, shape in [*zip(GROUPS, GROUPS, strict=True), ("straatroof", "vlak"), ("overval", "overval")]
            },
            index=pd.RangeIndex(1, 13, name="month"),
        ).T,
        hour_of_week={crime_type: crimes.hour_of_week(crime_type) for crime_type in CRIME_TYPES},
        near_repeat=NearRepeat(crimes.BRANCHING, crimes.REACH_M, crimes.SCALE_M, crimes.REACH_DAYS, crimes.SCALE_DAYS),
        expected=table,
        expected_rate=(1000 / crimes.YEARS * table["woninginbraak"] / dwellings.where(dwellings > 0)).rename(
            "expected_rate"
        ),
        events=truth_of_events,
    )
    homes = gpd.GeoDataFrame(
        {"dwelling_type": _text(town.home_type)},
        index=pd.Index([f"990101{n:010d}" for n in range(1, len(town.homes) + 1)], dtype="str", name="identificatie"),
        geometry=gpd.points_from_xy(*town.homes.T),
        crs=RD_NEW,
    )
    return SampleCity(int(seed), incidents, neighbourhoods, homes, truth)


def write_sample(city: SampleCity, folder: str | Path) -> dict[str, Path]:
    """Write a sample city as the files that an analyst gets: a police export and CBS-like maps.

    Parameters
    ----------
    city
        From `sample_city`.
    folder
        Is made when it is not there; files of an earlier sample are replaced.

    Returns
    -------
    dict
        Path by name: `incidents` (CSV as from a police system, UTF-8 with BOM, semicolons, decimal commas, with some
        hundreds of faults), `neighbourhoods` (GeoPackage with layers gemeenten, wijken, buurten), `dwellings`
        (GeoPackage), `counts` (true monthly counts per buurt) and `truth` (JSON: what was planted, and every fault
        with its kind, line, registration number and what must become of it).

    Raises
    ------
    InputError
        `folder` is a file, or cannot be made or written.

    Notes
    -----
    The same city gives the same bytes, whatever the time zone, the locale and the hash seed. Each file is complete
    or not there. Clean rows and rows with a fault that is `kept` or `repaired` together are the incidents of the
    city plus those of kind `outside_municipality`. O(dwellings + incidents).

    Examples
    --------
    >>> import tempfile
    >>> from hicgeo.sources.sample import sample_city, write_sample
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     paths = write_sample(sample_city(1), folder)
    ...     export = paths["incidents"].read_text(encoding="utf-8-sig")
    >>> export.split(";")[:3]
    ['Registratienummer', 'Delictcode', 'Omschrijving']
    """
    target = Path(folder)
    names = {
        "incidents": "incidents.csv",
        "neighbourhoods": "wijkenbuurten_2024.gpkg",
        "dwellings": "woningen.gpkg",
        "counts": "counts.csv",
        "truth": "truth.json",
    }
    paths = {key: target / name for key, name in names.items()}
    export, faults = files.police_export(city.incidents, np.random.default_rng([city.seed, 2]))
    try:
        target.mkdir(parents=True, exist_ok=True)
        files.write_bytes(paths["incidents"], export)
        files.write_layers(paths["neighbourhoods"], files.cbs_layers(city.neighbourhoods), FICTIONAL)
        homes = city.dwellings.reset_index()[["identificatie", "geometry"]]
        homes.insert(1, "gebruiksdoel", "woonfunctie")
        files.write_layers(paths["dwellings"], {"woningen": homes}, FICTIONAL)
        files.write_bytes(paths["counts"], files.published_counts(city.neighbourhoods.index, city.truth.events))
        files.write_bytes(paths["truth"], files.as_json(_truth_record(city, faults)))
    except OSError as failure:
        raise InputError(
            "folder must be a directory that can be written to",
            f"{type(failure).__name__} while writing the sample",
            "give another folder, or close the program that has a file of it open",
        ) from failure
    return paths


def _season_of_buurt(town: place.Town, rng: np.random.Generator) -> Any:
    """Seasonal group of each buurt: four of the ten wijken are strongly dark."""
    wijken = np.array(town.wijken, dtype=object)
    strong = rng.choice(sorted(set(wijken[:-1])), size=4, replace=False)
    return np.where(np.isin(wijken.astype(str), strong.astype(str)), GROUPS[0], GROUPS[1]).astype(object)


def _target(crime_type: str, town: place.Town) -> float:
    """Return the expected incidents over the five years."""
    per_year = {
        "woninginbraak": crimes.BURGLARIES_PER_1000_DWELLINGS * len(town.homes),
        "straatroof": crimes.STREET_ROBBERIES_PER_1000_RESIDENTS * town.residents.sum(),
        "overval": crimes.ROBBERIES_PER_1000_RESIDENTS * town.residents.sum(),
    }[crime_type]
    return float(per_year / 1000 * crimes.YEARS)


def _write_up(
    crime_type: str, town: place.Town, sites: crimes.Sites, events: crimes.Events, rng: np.random.Generator
) -> pd.DataFrame:
    """One row per event: what happened and what was registered. Times in minutes; `parent` is a position."""
    n, homes = len(events.site), len(town.homes)
    minute = crimes.skip_gap(events.minute)
    start = end = minute
    if crime_type == "woninginbraak":
        start, end = (crimes.skip_gap(side) for side in crimes.windows(minute, rng))
    at_home = (events.site < homes) & (crime_type != "straatroof")
    known, nothing = np.where(at_home, events.site, 0), np.array(None, dtype=object)
    xy = sites.xy[events.site]
    if crime_type == "straatroof":  # in the street, not at the door
        angle, away = rng.uniform(0, 2 * np.pi, n), 10 * np.sqrt(rng.random(n))
        xy = np.round(xy + np.column_stack([away * np.cos(angle), away * np.sin(angle)]), 2)
    delay = np.where(rng.random(n) < 0.05, rng.integers(3, 21, n), rng.choice(3, size=n, p=[0.6, 0.3, 0.1]))
    return pd.DataFrame(
        {
            "crime_type": crime_type,
            "minute": minute,
            "start": start,
            "end": end,
            "time_status": np.where(start == end, "exact", "window"),
            **crimes.describe(crime_type, at_home, start == end, rng),
            "dwelling_type": np.where(at_home, town.home_type[known], nothing),
            "address_key": np.where(at_home, town.home_key[known], nothing),
            "registered": end // crimes.DAY + delay,
            "x": xy[:, 0],
            "y": xy[:, 1],
            "code": np.array(town.codes, dtype=object)[sites.buurt[events.site]],
            "parent": events.parent,
        }
    )


def _register(tables: list[pd.DataFrame]) -> tuple[gpd.GeoDataFrame, pd.DataFrame]:
    """Put the incidents in order of registration, number them, and split off the truth behind them."""
    import geopandas as gpd

    shift = np.cumsum([0, *(len(table) for table in tables[:-1])])
    for table, by in zip(tables, shift, strict=True):
        table["parent"] = table["parent"].where(table["parent"] < 0, table["parent"] + by)
    drawn = pd.concat(tables, ignore_index=True)
    order = drawn.sort_values(["registered", "start", "end", "crime_type", "x", "y"], kind="stable").index
    rows = drawn.loc[order].reset_index(drop=True)
    registered = crimes.FIRST_DAY + pd.to_timedelta(rows["registered"], unit="D")
    serial = rows.groupby(registered.dt.year).cumcount() + 1
    ids = pd.Index(
        [f"PL9901-{year}-{number:06d}" for year, number in zip(registered.dt.year, serial, strict=True)],
        dtype="str",
        name="incident_id",
    )
    position = np.empty(len(order), dtype=np.intp)
    position[order.to_numpy()] = np.arange(len(order))
    parent = rows["parent"].to_numpy()
    events = pd.DataFrame(
        {
            "crime_type": rows["crime_type"].astype("str").to_numpy(),
            "moment": crimes.localise(rows["minute"].to_numpy()),
            "code": rows["code"].astype("str").to_numpy(),
            "parent": _text(np.where(parent >= 0, ids.to_numpy()[position[parent]], None)),
        },
        index=ids,
    )
    flags = {name: pd.array(rows[name].to_numpy(), dtype="boolean") for name in ("attempted", "confronted", "violence")}
    texts = {name: _text(rows[name]) for name in ("target", "modus", "dwelling_type")}
    incidents = gpd.GeoDataFrame(
        {
            "crime_type": pd.Categorical(rows["crime_type"], categories=CRIME_TYPES),
            "start": crimes.localise(rows["start"].to_numpy()),
            "end": crimes.localise(rows["end"].to_numpy()),
            "time_status": _text(rows["time_status"]),
            **flags,
            "direct_victim": flags["confronted"] & flags["violence"],
            **texts,
            "registered": registered.astype("datetime64[us]").to_numpy(),
            "address_key": _text(rows["address_key"]),
            "municipality": _text([place.MUNICIPALITY_NAME] * len(rows)),
        },
        index=ids,
        geometry=gpd.points_from_xy(rows["x"], rows["y"]),
        crs=RD_NEW,
    )
    return incidents, events


def _text(values: Any) -> Any:
    return pd.array(np.asarray(values, dtype=object), dtype="str")


def _neighbourhood_table(town: place.Town, codes: pd.Index[str]) -> gpd.GeoDataFrame:
    import geopandas as gpd

    dwellings = np.bincount(town.home_buurt, minlength=len(codes))
    households = pd.array(town.households, dtype="Int64")
    households[(dwellings > 0) & (dwellings < 20)] = pd.NA  # CBS keeps the small secret
    return gpd.GeoDataFrame(
        {
            "name": _text(town.names),
            "level": _text(["buurt"] * len(codes)),
            "municipality": _text([place.MUNICIPALITY] * len(codes)),
            "dwellings": pd.array(dwellings, dtype="Int64"),
            "households": households,
            "residents": pd.array(town.residents, dtype="Int64"),
            "businesses": pd.array(np.bincount(town.shop_buurt, minlength=len(codes)), dtype="Int64"),
            "is_water": np.array(town.kinds) == "water",
            "vintage": pd.array([VINTAGE] * len(codes), dtype="Int64"),
        },
        index=codes,
        geometry=town.shapes,
        crs=RD_NEW,
    )


def _truth_record(city: SampleCity, faults: list[dict[str, Any]]) -> dict[str, Any]:
    """Return the truth as plain values, with the faults that the export was given."""
    truth = city.truth
    spots = truth.hotspots.drop(columns="geometry").assign(
        x=truth.hotspots.centroid.x.round(2), y=truth.hotspots.centroid.y.round(2)
    )
    kinds = pd.Series([fault["kind"] for fault in faults]).value_counts().sort_index()
    rejected = sum(fault["outcome"] == "rejected" for fault in faults)
    extra = sum(fault["kind"] == "outside_municipality" for fault in faults)
    return {
        "note": FICTIONAL,
        "seed": city.seed,
        "municipality": {"code": place.MUNICIPALITY, "name": place.MUNICIPALITY_NAME},
        "period": [str(crimes.FIRST_DAY.date()), str(crimes.LAST_DAY.date())],
        "incidents": city.incidents["crime_type"].value_counts().sort_index().to_dict(),
        "export": {
            "read": len(city.incidents) + extra + rejected,
            "accepted": len(city.incidents) + extra,
            "rejected": rejected,
        },
        "faults": {"counts": kinds.to_dict(), "records": faults},
        "hotspots": spots.to_dict("records"),
        "season_groups": truth.season_groups.to_dict(),
        "dark_ratio": truth.dark_ratio.to_dict(),
        "month_profiles": {
            name: list(row)
            for name, row in zip(truth.month_profiles.index, truth.month_profiles.to_numpy(), strict=True)
        },
        "hour_of_week": {name: list(values) for name, values in truth.hour_of_week.items()},
        "near_repeat": vars(truth.near_repeat),
        "expected": truth.expected.to_dict("index"),
        "expected_rate": truth.expected_rate.to_dict(),
    }
