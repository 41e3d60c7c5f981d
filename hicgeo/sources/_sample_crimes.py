"""The crimes of the sample city: where, when, and what the police wrote down of them.

Time is counted in minutes of the wall clock since FIRST_DAY, so that an hour of the week is an hour
of the week on both sides of a clock change; `localise` makes it Europe/Amsterdam.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from hicgeo.schema import TIME_ZONE

if TYPE_CHECKING:
    import numpy.typing as npt

    from hicgeo.sources._sample_town import Floats, Ints, Texts, Town

FIRST_DAY, LAST_DAY = pd.Timestamp("2020-01-01"), pd.Timestamp("2024-12-31")
DAYS = pd.date_range(FIRST_DAY, LAST_DAY)
YEARS = 5
DAY = 24 * 60
TREND_PER_YEAR = -0.04
BURGLARIES_PER_1000_DWELLINGS = 8.0
STREET_ROBBERIES_PER_1000_RESIDENTS = 0.35
ROBBERIES_PER_1000_RESIDENTS = 0.07

# near repeats: expected offspring per burglary, and how far and how long they reach
BRANCHING, REACH_M, SCALE_M, REACH_DAYS, SCALE_DAYS = 0.15, 200.0, 75.0, 14, 5.0

# dark/light ratio, and the relative heights of October..March and of April..September
SEASONS: dict[str, tuple[float, tuple[float, ...], tuple[float, ...]]] = {
    "sterk donker": (2.0, (0.80, 1.05, 1.30, 1.15, 0.95, 0.75), (1.1, 0.95, 0.9, 0.95, 1.0, 1.1)),
    "zwak donker": (1.2, (1.0, 1.0, 1.05, 1.0, 0.95, 1.0), (0.75, 0.85, 0.95, 1.35, 1.30, 0.80)),
    "vlak": (1.0, (1.0,) * 6, (1.0,) * 6),
    "overval": (1.4, (0.9, 1.0, 1.3, 1.1, 0.9, 0.8), (1.0,) * 6),
}
DARK_MONTHS, LIGHT_MONTHS = (10, 11, 12, 1, 2, 3), (4, 5, 6, 7, 8, 9)
# strength (risk multiplier) and radius in metres
HOTSPOTS: dict[str, tuple[tuple[float, float], ...]] = {
    "woninginbraak": ((8, 150), (6, 200), (5, 180), (4, 220), (3, 250), (3, 200), (2, 300), (2, 250)),
    "straatroof": ((8, 300), (5, 300)),
    "overval": ((6, 400),),
}


@dataclass(frozen=True)
class Sites:
    """Where a type of crime can happen: places with a risk each, and the season of each."""

    xy: Floats
    buurt: Ints
    risk: Floats
    season: Texts


@dataclass(frozen=True)
class Events:
    """What happened: the place in `Sites`, the true minute, the position of the parent (-1: none)."""

    site: Ints
    minute: Ints
    parent: Ints


def month_profile(season: str) -> Floats:
    """Risk per day in January..December relative to the mean day of the year.

    The mean daily risk of October-March divided by that of April-September is exactly the ratio
    of the season, in a year of 365 days.
    """
    ratio, dark, light = SEASONS[season]
    days = np.array([31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31])
    profile = np.empty(12)
    for months, shape, level in ((DARK_MONTHS, dark, ratio), (LIGHT_MONTHS, light, 1.0)):
        at = np.array(months) - 1
        profile[at] = np.array(shape) / np.average(shape, weights=days[at]) * level
    return np.asarray(profile / np.average(profile, weights=days))


def hour_of_week(crime_type: str) -> Floats:
    """Probability of each hour of the week (168, from Monday 00:00), made of a few bumps a day."""
    # (hour, width, height on Mon..Sun)
    bumps = {
        "woninginbraak": [
            (12.5, 3.0, (1, 1, 1, 1, 1, 0.6, 0.4)),
            (19.5, 2.0, (0.7, 0.7, 0.8, 0.8, 1.3, 1.5, 0.7)),
            (2.5, 1.5, (0.25, 0.25, 0.25, 0.25, 0.3, 0.4, 0.4)),
        ],
        "straatroof": [
            (22.5, 2.0, (0.6, 0.6, 0.6, 0.8, 1.2, 1.4, 0.6)),
            (16.0, 2.0, (0.6, 0.6, 0.6, 0.6, 0.7, 0.6, 0.4)),
            (2.5, 1.5, (0.1, 0.1, 0.1, 0.2, 0.3, 1.2, 1.2)),
        ],
        "overval": [
            (20.5, 1.6, (1, 1, 1, 1.2, 1.4, 1.2, 0.8)),
            (11.0, 2.5, (0.4, 0.4, 0.4, 0.4, 0.5, 0.5, 0.1)),
        ],
    }[crime_type]
    middle = np.arange(24) + 0.5
    week = np.full((7, 24), 0.02)
    for hour, width, height in bumps:
        away = np.abs(middle - hour)
        away = np.minimum(away, 24 - away)
        week += np.outer(height, np.exp(-0.5 * (away / width) ** 2))
    return np.asarray((week / week.sum()).ravel())


def sites_of(crime_type: str, town: Town, season: Texts, rng: np.random.Generator) -> Sites:
    """Places where a crime type can happen: risk goes with dwellings, with people, or with businesses."""
    homes, shops = len(town.homes), len(town.shops)
    if crime_type == "woninginbraak":
        # no two buurten are alike, hotspots apart
        level = rng.lognormal(0, 0.15, len(town.codes))
        return Sites(town.homes, town.home_buurt, level[town.home_buurt], season[town.home_buurt])
    people, business = {"straatroof": (2.0, 12.0), "overval": (0.025, 1.0)}[crime_type]
    buurt = np.concatenate([town.home_buurt, town.shop_buurt])
    whole = np.full(len(buurt), "vlak" if crime_type == "straatroof" else "overval", dtype=object)
    risk = np.repeat([people, business], [homes, shops])
    return Sites(np.concatenate([town.homes, town.shops]), buurt, risk, whole)


def plant_hotspots(crime_type: str, sites: Sites, taken: list[Floats], rng: np.random.Generator) -> list[Ints]:
    """Sites within each planted disc, the first one its middle; middles lie at least 1,100 m from each other.

    `taken` holds the middles so far and is added to.
    """
    from scipy.spatial import cKDTree

    tree = cKDTree(sites.xy)
    enough = {"woninginbraak": 180, "straatroof": 900, "overval": 900}[crime_type]
    # hotspots of robbery arise where business is
    draw = rng.permutation(len(sites.xy)) if crime_type == "woninginbraak" else _central(sites, rng)
    discs: list[Ints] = []
    for _, radius in HOTSPOTS[crime_type]:
        for middle in draw:
            here = sites.xy[middle]
            if taken and np.min(np.hypot(*(np.array(taken) - here).T)) < 1100:
                continue
            members = np.sort(np.array(tree.query_ball_point(here, radius), dtype=np.intp))
            if len(members) >= enough:
                taken.append(here)
                discs.append(np.concatenate([[middle], members[members != middle]]))
                break
    return discs


def _central(sites: Sites, rng: np.random.Generator) -> Ints:
    """Sites in random order, the ones at high risk more likely early."""
    return np.argsort(rng.exponential(size=len(sites.risk)) / sites.risk, kind="stable")


def day_weights(season: str, crime_type: str) -> Floats:
    """Share of the five years' risk on each day: season x trend x day of the week."""
    month = month_profile(season)[DAYS.month.to_numpy() - 1]
    trend = np.exp(np.log1p(TREND_PER_YEAR) * np.arange(len(DAYS)) / 365.25)
    weekday = hour_of_week(crime_type).reshape(7, 24).sum(1)[DAYS.day_of_week.to_numpy()]
    weight = month * trend * weekday
    return np.asarray(weight / weight.sum())


def draw_events(crime_type: str, sites: Sites, expected: Floats, rng: np.random.Generator) -> Events:
    """Inhomogeneous Poisson events over the sites and days; burglaries attract others nearby, soon.

    Parameters
    ----------
    crime_type
        Sets the hours, and whether there are near repeats.
    sites
        Places with their season.
    expected
        Per site: expected events over the five years, offspring left out.
    rng
        Source of chance.
    """
    n = rng.poisson(expected.sum())
    site = np.sort(rng.choice(len(expected), size=n, p=expected / expected.sum()))
    day = np.empty(n, dtype=np.intp)
    for season in sorted(set(sites.season)):
        here = sites.season[site] == season
        day[here] = rng.choice(len(DAYS), size=here.sum(), p=day_weights(season, crime_type))
    parent = np.full(n, -1, dtype=np.intp)
    if crime_type == "woninginbraak":
        site, day, parent = _add_near_repeats(sites.xy, site, day, parent, rng)
    return Events(site, _minute_of(day, crime_type, rng), parent)


def _add_near_repeats(
    xy: Floats, site: Ints, day: Ints, parent: Ints, rng: np.random.Generator
) -> tuple[Ints, Ints, Ints]:
    """Append generation after generation of offspring, within REACH_M and 1..REACH_DAYS days of the parent."""
    from scipy.spatial import cKDTree

    tree = cKDTree(xy)
    lags = np.arange(1, REACH_DAYS + 1)
    lag_share = np.exp(-lags / SCALE_DAYS) / np.exp(-lags / SCALE_DAYS).sum()
    generation = np.arange(len(site))
    while len(generation):
        parents = np.repeat(generation, rng.poisson(BRANCHING, len(generation)))
        later = day[parents] + rng.choice(lags, size=len(parents), p=lag_share)
        parents, later = parents[later < len(DAYS)], later[later < len(DAYS)]
        where = np.empty(len(parents), dtype=np.intp)
        for i, one in enumerate(parents):
            near = np.sort(np.array(tree.query_ball_point(xy[site[one]], REACH_M), dtype=np.intp))
            weight = np.exp(-np.hypot(*(xy[near] - xy[site[one]]).T) / SCALE_M)
            where[i] = rng.choice(near, p=weight / weight.sum())
        generation = len(site) + np.arange(len(parents))
        site, day = np.concatenate([site, where]), np.concatenate([day, later])
        parent = np.concatenate([parent, parents])
    return site, day, parent


def _minute_of(day: Ints, crime_type: str, rng: np.random.Generator) -> Ints:
    """Draw a minute on each day, its hour from the pattern of that day of the week."""
    cumulative = np.cumsum(hour_of_week(crime_type).reshape(7, 24), axis=1)
    cumulative /= cumulative[:, -1:]
    of_day = cumulative[DAYS.day_of_week.to_numpy()[day]]
    hour = (rng.random(len(day))[:, None] > of_day).sum(1)
    return np.asarray(day * DAY + hour * 60 + rng.integers(0, 60, len(day)), dtype=np.intp)


def windows(minute: Ints, rng: np.random.Generator) -> tuple[Ints, Ints]:
    """Between when and when a household was away, as it tells the police: on five minutes, around the truth.

    A few are exact (an alarm, a witness), most a working day, an evening or a night, some a weekend
    or a holiday. Kept within the five years.
    """
    n = len(minute)
    day, clock = minute // DAY, minute % DAY
    weekday = (day + FIRST_DAY.day_of_week) % 7
    u = rng.random((3, n))
    friday = (day - (weekday - 4) % 7) * DAY
    start = np.select([clock < 7 * 60, clock < 17 * 60], [day * DAY - u[0] * 120, day * DAY + 435 + u[0] * 105], 0.0)
    end = np.select([clock < 7 * 60, clock < 17 * 60], [day * DAY + 390 + u[1] * 90, day * DAY + 990 + u[1] * 150], 0.0)
    evening = clock >= 17 * 60
    start[evening] = (minute - u[0] * 180)[evening]
    end[evening] = (minute + u[1] * 210)[evening]
    midnight = evening & (u[2] > 0.9)  # "some time before midnight"
    end[midnight] = ((day + 1) * DAY)[midnight]
    kind = rng.choice(4, size=n, p=[0.72, 0.10, 0.12, 0.06])
    exact, weekend, holiday = kind == 1, (kind == 2) & (weekday >= 4), kind == 3
    start[weekend] = (friday + 960 + u[0] * 240)[weekend]
    end[weekend] = (friday + 2 * DAY + 900 + u[1] * 360)[weekend]
    start[holiday] = (minute - u[0] * 10 * DAY)[holiday]
    end[holiday] = (minute + u[1] * 10 * DAY)[holiday]
    first = np.clip((np.minimum(start, minute) // 5 * 5).astype(np.intp), 0, None)
    last = np.clip((-(-np.maximum(end, minute) // 5) * 5).astype(np.intp), None, len(DAYS) * DAY - 1)
    return np.where(exact, minute, first), np.where(exact, minute, last)


def skip_gap(minute: Ints) -> Ints:
    """Minutes that the clock skips in spring become 03:00, as `localise` would."""
    stamp = FIRST_DAY + pd.to_timedelta(minute, unit="min")
    local = stamp.tz_localize(TIME_ZONE, ambiguous=np.ones(len(stamp), bool), nonexistent="shift_forward")
    return np.asarray((local.tz_localize(None) - FIRST_DAY) // pd.Timedelta(minutes=1), dtype=np.intp)


def localise(minute: Ints) -> pd.DatetimeIndex:
    """Wall-clock minutes as moments in Europe/Amsterdam; in autumn the first of the two."""
    stamp = (FIRST_DAY + pd.to_timedelta(minute, unit="min")).as_unit("us")
    return stamp.tz_localize(TIME_ZONE, ambiguous=np.ones(len(stamp), bool), nonexistent="shift_forward")


def describe(
    crime_type: str, at_home: npt.NDArray[np.bool_], exact: npt.NDArray[np.bool_], rng: np.random.Generator
) -> dict[str, Texts]:
    """Draw what else the police wrote down: flags (True, False, None: not filled in), target and modus."""
    n = len(at_home)
    u = rng.random((4, n))
    if crime_type == "woninginbraak":
        confronted = u[0] < np.where(exact, 0.16, 0.012)
        violence = confronted & (u[1] < 0.35)
        attempted = u[2] < 0.3
        target = np.full(n, "woning", dtype=object)
        modus = _pick(
            rng, n, "deur geforceerd;raam geforceerd;cilinder afgebroken;insluiping;flipperen;bovenraam via klimmen"
        )
    else:
        confronted, violence, attempted = np.ones(n, bool), np.ones(n, bool), u[2] < 0.2
        if crime_type == "straatroof":
            target = np.full(n, "persoon", dtype=object)
            modus = _pick(rng, n, "bedreiging met mes;duwen en trekken;bedreiging met woorden;vuurwapen;tasjesroof")
        else:
            sector = _pick(rng, n, "winkel;supermarkt;horeca;tankstation;juwelier;geldtransport")
            target = np.where(at_home, "woning", sector)
            modus = _pick(rng, n, "vuurwapen;mes;bedreiging met woorden;slagwapen")
    flags = {"attempted": attempted, "confronted": confronted, "violence": violence}
    out: dict[str, Texts] = {name: flag.astype(object) for name, flag in flags.items()}
    unknown = u[3] < 0.02
    for name in ("attempted", "confronted"):
        out[name][unknown] = None
    modus[rng.random(n) < 0.08] = None
    return out | {"target": target, "modus": modus}


def _pick(rng: np.random.Generator, n: int, choices: str) -> Texts:
    """`n` of the choices, the earlier ones more often."""
    options = np.array(choices.split(";"), dtype=object)
    weight = 1 / np.arange(1, len(options) + 1)
    return np.asarray(rng.choice(options, size=n, p=weight / weight.sum()), dtype=object)
