"""Two fictional cities in one shape, each with everything that was planted in it.

`sample_town` is `hicgeo.sample_city`; `second_town` is the generator of tests/reference, which shares no code with
hicgeo. What follows from the truth (the risk of each dwelling, the expected incidents of each year) is worked out here
from what the generators publish, not taken from inside them.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

import hicgeo as hg

sys.path.append(str(Path(__file__).parents[1] / "tests" / "reference"))
from second_city import DAYS, second_city

BURGLARY = "woninginbraak"
PERIOD = ("2020-01", "2024-12")
MONTHS = pd.period_range(*PERIOD, freq="M")
DARK_MONTHS = (10, 11, 12, 1, 2, 3)
RD_NEW = "EPSG:28992"
TREND_PER_YEAR = 0.96  # of the sample city, as its docstring has it


@dataclass(frozen=True)
class Town:
    """A city as an analyst gets it, and its truth.

    Attributes
    ----------
    incidents, neighbourhoods, counts
        Per the contracts; `counts` dated aoristically, as the run file of the sample city does.
    homes, risk
        (m, 2) places of the dwellings in metres, and the expected burglaries at each over the five years.
    discs
        Planted hotspots: `crime_type`, `strength`, `radius_m`, `expected`, `expected_without`, the disc.
    groups
        Seasonal group of burglary on code of the buurt; the buurten of a wijk share theirs.
    level
        (group, "dark" and "light") mean daily risk of the half year relative to the mean day, trend out.
    course
        (group, month) share of the five years' burglaries.
    expected
        Expected burglaries over the five years on code.
    """

    incidents: gpd.GeoDataFrame
    neighbourhoods: gpd.GeoDataFrame
    counts: pd.DataFrame
    homes: np.ndarray
    risk: np.ndarray
    discs: gpd.GeoDataFrame
    groups: pd.Series
    level: pd.DataFrame
    course: pd.DataFrame
    expected: pd.Series

    def at(self, level: str) -> tuple[pd.DataFrame, pd.Series]:
        """Counts per buurt, wijk or for the region, and the code there of each buurt with a season."""
        codes = self.groups.index
        if level == "buurt":
            return self.counts, pd.Series(codes, index=codes)
        parent = codes.str[:8].str.replace("BU", "WK") if level == "wijk" else ["region"] * len(codes)
        return hg.roll_up(self.counts, level), pd.Series(parent, index=codes)

    def ratio(self, level: str) -> pd.Series:
        """True dark-days ratio on the codes of a level, every buurt weighing by its incidents."""
        parent = self.at(level)[1]
        weight = self.expected.reindex(self.groups.index)
        dark, light = ((weight * self.groups.map(self.level[half])).groupby(parent).sum() for half in ("dark", "light"))
        return (dark / light)[lambda ratio: ratio.notna()]

    def expected_in(self, year: int) -> pd.Series:
        """Expected burglaries in one year on code."""
        share = self.course.loc[:, MONTHS.year == year].sum(axis="columns")
        return self.expected.reindex(self.groups.index) * self.groups.map(share)


def sample_town(seed: int) -> Town:
    """The sample city: near repeats, burglary windows, irregular borders, seasons that differ between wijken."""
    city = hg.sample_city(seed)
    homes = np.column_stack([city.dwellings.geometry.x, city.dwellings.geometry.y])
    truth = city.truth
    of_burglary = truth.hotspots[truth.hotspots["crime_type"] == BURGLARY]
    raised = np.ones(len(homes))
    for strength, radius, centre in zip(
        of_burglary["strength"], of_burglary["radius_m"], of_burglary.centroid, strict=True
    ):
        raised[np.hypot(homes[:, 0] - centre.x, homes[:, 1] - centre.y) <= radius + 1e-6] *= strength
    # within a buurt the risk differs by the planted discs alone
    buurt = gpd.sjoin(city.dwellings, city.neighbourhoods[["geometry"]], predicate="within")["code"]
    buurt = buurt.reindex(city.dwellings.index).to_numpy()
    expected = truth.expected[BURGLARY]
    weight = pd.Series(raised).groupby(buurt).transform("sum").to_numpy()
    days = MONTHS.days_in_month.to_numpy()
    trend = TREND_PER_YEAR ** ((np.arange(len(MONTHS)) + 0.5) / 12)
    names = sorted(set(truth.season_groups))
    profile = truth.month_profiles.loc[names]
    dark = np.isin(np.arange(1, 13), DARK_MONTHS)
    year = np.array([31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31])
    course = profile[MONTHS.month].to_numpy() * days * trend
    return _town(
        incidents=city.incidents,
        neighbourhoods=city.neighbourhoods,
        homes=homes,
        risk=expected.reindex(buurt).to_numpy() * raised / weight,
        discs=truth.hotspots,
        groups=truth.season_groups,
        level=pd.DataFrame(
            {half: np.average(profile.loc[:, at], axis=1, weights=year[at]) for half, at in _halves(dark)}, index=names
        ),
        course=pd.DataFrame(course / course.sum(axis=1, keepdims=True), index=names, columns=MONTHS),
        expected=expected,
    )


def second_town(seed: int) -> Town:
    """The second city: no near repeats, exact days, square buurten, seasons scattered over the map.

    It has no wijken, so each here joins five to eight squares of one season, wherever they lie.
    """
    city = second_city(seed)
    codes = np.empty(len(city.bounds), dtype=object)
    wijk = 0
    for group in (0, 1):
        members = np.flatnonzero(city.group == group)
        for part in np.array_split(members, len(members) // 6):
            codes[part] = [f"BU9902{wijk:02d}{place:02d}" for place in range(len(part))]
            wijk += 1
    index = pd.Index(codes, dtype="str", name="code")
    dwellings = np.bincount(city.dwelling_buurt, minlength=len(codes))
    neighbourhoods = gpd.GeoDataFrame(
        {"name": index.to_numpy(), "municipality": "GM9902", "dwellings": pd.array(dwellings, dtype="Int64")},
        index=index,
        geometry=shapely.box(*city.bounds.T),
        crs=RD_NEW,
    )
    noon = pd.DatetimeIndex(city.day).tz_localize("Europe/Amsterdam") + pd.Timedelta(hours=12)
    incidents = gpd.GeoDataFrame(
        {"crime_type": pd.Categorical([BURGLARY] * len(noon)), "start": noon, "end": noon},
        index=pd.Index([f"{n:06d}" for n in range(len(noon))], name="incident_id"),
        geometry=gpd.points_from_xy(*city.xy.T),
        crs=RD_NEW,
    )
    x, y, radius, strength = city.hotspots.T
    discs = gpd.GeoDataFrame(
        {"crime_type": BURGLARY, "strength": strength, "radius_m": radius}
        | dict(zip(("expected", "expected_without"), city.hotspot_expected.T, strict=True)),
        geometry=gpd.points_from_xy(x, y).buffer(radius, 32),
        crs=RD_NEW,
    )
    raised = np.ones(len(city.dwellings))
    for place, disc in enumerate(city.hotspots):
        within = np.hypot(*(city.dwellings - disc[:2]).T) <= disc[2]
        raised[within] *= disc[3]
        ordinary = city.hotspot_expected[place, 1] / within.sum()  # expected at a dwelling outside every disc
    risk = raised * ordinary
    dark = np.isin(DAYS.astype("datetime64[M]").astype(int) % 12 + 1, DARK_MONTHS)
    trend = 1 - 0.15 * np.arange(len(DAYS)) / len(DAYS)  # as second_city.py has it
    month = pd.DatetimeIndex(DAYS).to_period("M")
    course = pd.DataFrame(city.season * trend).T.groupby(month).sum().T
    return _town(
        incidents=incidents,
        neighbourhoods=neighbourhoods,
        homes=city.dwellings,
        risk=risk,
        discs=discs,
        groups=pd.Series(city.group, index=index, name="group"),
        level=pd.DataFrame({half: city.season[:, at].mean(axis=1) for half, at in _halves(dark)}),
        course=course.div(course.sum(axis="columns"), axis="index"),
        expected=pd.Series(np.bincount(city.dwelling_buurt, risk, len(codes)), index=index),
    )


TOWNS = {"sample city": sample_town, "second city": second_town}


def _halves(dark: np.ndarray) -> list[tuple[str, np.ndarray]]:
    return [("dark", dark), ("light", ~dark)]


def _town(*, incidents, neighbourhoods, **truth) -> Town:
    where = hg.assign_neighbourhoods(incidents, neighbourhoods, max_distance=1.0)
    counts = hg.count_incidents(incidents, where, neighbourhoods, date="aoristic", period=PERIOD)
    return Town(incidents=incidents, neighbourhoods=neighbourhoods, counts=counts, **truth)


def patterned_counts(seed: int, ratios: np.ndarray, *, median: float, dispersion: float) -> pd.DataFrame:
    """Count table of areas with the given dark-days ratios, drawn with numpy alone.

    Areas differ in size (lognormal around `median` burglaries over the five years, sigma 0.8); each month of each
    area is Poisson, or negative binomial with `dispersion` times the variance.
    """
    rng = np.random.default_rng([seed, int(median), int(dispersion)])
    course = np.where(np.isin(MONTHS.month, DARK_MONTHS), ratios[:, None], 1.0) * MONTHS.days_in_month.to_numpy()
    size = rng.lognormal(np.log(median), 0.8, (len(ratios), 1))
    mean = size * course / course.sum(axis=1, keepdims=True)
    drawn = mean if dispersion == 1 else rng.gamma(mean / (dispersion - 1), dispersion - 1)
    index = pd.MultiIndex.from_product(
        [[f"BU9903{place:04d}" for place in range(len(ratios))], [BURGLARY], MONTHS],
        names=["code", "crime_type", "month"],
    )
    return pd.DataFrame({"incidents": rng.poisson(drawn).ravel().astype(float), "status": "final"}, index=index)
