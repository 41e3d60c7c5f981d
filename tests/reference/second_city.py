"""A second fictional city, to check methods that were tuned on the first.

It shares neither code nor approach with hicgeo: square buurten, dwellings from a cluster process
on a fine lattice, one Poisson count per buurt and day, places by rejection, seasons as a cosine.
Only numpy. There are no near repeats in it and no time of day.
"""

from dataclasses import dataclass

import numpy as np

ORIGIN = np.array([140_000.0, 500_000.0])
SIDE_M, COLUMNS, ROWS = 800.0, 8, 8
DAYS = np.arange(np.datetime64("2020-01-01"), np.datetime64("2025-01-01"))
RATIOS = (1.2, 2.0)
STRENGTHS = (8.0, 6.0, 4.0, 3.0, 2.0)


@dataclass(frozen=True)
class SecondCity:
    """Plain arrays and the planted truth.

    Attributes
    ----------
    xy, day, buurt
        Incidents: (n, 2) metres, datetime64[D], position of the square; in order of day.
    bounds
        (buurten, 4): west, south, east, north in metres. A dwelling lies at least 5 m from a border.
    dwellings, dwelling_buurt
        (m, 2) metres, and the square of each.
    hotspots
        (k, 4): x, y, radius in metres and strength (risk multiplier of the dwellings within).
    hotspot_expected
        (k, 2): expected incidents within, with and without the planted risk.
    group, dark_ratio
        Seasonal group (0 or 1) of each square, and the mean daily risk of October-March over April-September.
    season
        (2, days): risk of each group on each day relative to its mean day.
    """

    xy: np.ndarray
    day: np.ndarray
    buurt: np.ndarray
    bounds: np.ndarray
    dwellings: np.ndarray
    dwelling_buurt: np.ndarray
    hotspots: np.ndarray
    hotspot_expected: np.ndarray
    group: np.ndarray
    dark_ratio: np.ndarray
    season: np.ndarray


def second_city(seed: int, *, dwellings: int = 60_000, per_1000_a_year: float = 12.0) -> SecondCity:
    """Draw the city; the same seed gives the same arrays."""
    rng = np.random.default_rng((seed, 20_240_229))
    corner = np.stack(np.meshgrid(np.arange(COLUMNS), np.arange(ROWS)), -1).reshape(-1, 2) * SIDE_M + ORIGIN
    bounds = np.hstack([corner, corner + SIDE_M])
    homes, home_buurt = _dwellings(rng, bounds, dwellings)
    hotspots = _hotspots(rng, homes)
    risk = np.ones(len(homes))
    inside = [((homes - (x, y)) ** 2).sum(1) <= radius**2 for x, y, radius, _ in hotspots]
    for disc, strength in zip(inside, hotspots[:, 3], strict=True):
        risk[disc] *= strength
    per_risk = per_1000_a_year / 1000 * len(DAYS) / 365.25 * len(homes) / risk.sum()

    # groups lie scattered: no map of the town gives them away
    group = rng.permutation(np.arange(len(bounds)) % 5 < 2).astype(int)
    season = np.array([_cosine(ratio) for ratio in RATIOS])
    trend = 1 - 0.15 * np.arange(len(DAYS)) / len(DAYS)
    weight = season * trend / (season * trend).mean(1, keepdims=True)
    level = np.bincount(home_buurt, risk, len(bounds)) * per_risk / len(DAYS)
    counts = rng.poisson(level[:, None] * weight[group])

    day_at, buurt = np.nonzero(counts.T)
    times = counts[buurt, day_at]
    day_at, buurt = np.repeat(day_at, times), np.repeat(buurt, times)
    xy = homes[_places(rng, buurt, home_buurt, risk)]
    expected = np.array([risk[disc].sum() * per_risk for disc in inside])
    return SecondCity(
        xy=xy,
        day=DAYS[day_at],
        buurt=buurt,
        bounds=bounds,
        dwellings=homes,
        dwelling_buurt=home_buurt,
        hotspots=hotspots,
        hotspot_expected=np.column_stack([expected, expected / hotspots[:, 3]]),
        group=group,
        dark_ratio=np.array(RATIOS)[group],
        season=season,
    )


def _dwellings(rng, bounds, n):
    """Homes around parents within each square, on a lattice of 10 m, several on one point where it is dense."""
    weight = rng.gamma(9.0, size=len(bounds))
    sizes = rng.multinomial(n, weight / weight.sum())
    parts = []
    for (west, south, *_), size in zip(bounds, sizes, strict=True):
        parents = rng.uniform(60, SIDE_M - 60, (14, 2))
        spot = parents[rng.integers(0, len(parents), size)] + rng.normal(0, 55, (size, 2))
        spot = np.abs(spot)  # folded back at the borders
        spot = SIDE_M - np.abs(SIDE_M - spot)
        spot = np.clip(np.floor(spot / 10) * 10 + 5, 5, SIDE_M - 5)
        parts.append(spot + np.array([west, south]))
    return np.concatenate(parts), np.repeat(np.arange(len(bounds)), sizes)


def _hotspots(rng, homes):
    """Discs of 150-300 m around homes that have 200 others within, the middles at least 1 km apart."""
    chosen = []
    for strength in STRENGTHS:
        radius = rng.uniform(150, 300)
        while True:
            x, y = homes[rng.integers(len(homes))]
            apart = all(np.hypot(x - other[0], y - other[1]) >= 1000 for other in chosen)
            if apart and (((homes - (x, y)) ** 2).sum(1) <= radius**2).sum() >= 200:
                chosen.append((x, y, radius, strength))
                break
    return np.array(chosen)


def _cosine(ratio):
    """1 + a cos(day of the year), highest in mid-January, with exactly this ratio over the five years."""
    year = DAYS.astype("datetime64[Y]")
    turn = np.cos(2 * np.pi * ((DAYS - year).astype(int) - 3) / 365.25)
    month = DAYS.astype("datetime64[M]").astype(int) % 12 + 1
    dark = (month >= 10) | (month <= 3)
    a = (ratio - 1) / (turn[dark].mean() - ratio * turn[~dark].mean())
    wave = 1 + a * turn
    return wave / wave.mean()


def _places(rng, buurt, home_buurt, risk):
    """A home in each square, by rejection: any home of the square, kept with probability risk / highest risk."""
    first = np.searchsorted(home_buurt, np.arange(home_buurt.max() + 2))
    place = np.full(len(buurt), -1)
    open_ = np.arange(len(buurt))
    while len(open_):
        low, high = first[buurt[open_]], first[buurt[open_] + 1]
        try_ = low + np.floor(rng.random(len(open_)) * (high - low)).astype(int)
        kept = rng.random(len(open_)) * risk.max() < risk[try_]
        place[open_[kept]] = try_[kept]
        open_ = open_[~kept]
    return place
