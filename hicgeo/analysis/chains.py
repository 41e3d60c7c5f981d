"""Chains of near repeats: who followed whom, how much of all crime that is, and how far and long to warn."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.optimize import isotonic_regression
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from hicgeo.analysis._events import (
    SAME_PLACE_M,
    Dating,
    Events,
    events_of,
    number_of_draws,
    pairs_by_lag,
    pairs_within,
    warn_of_lattice,
)
from hicgeo.analysis._inference import Rng, generator
from hicgeo.errors import InputError

if TYPE_CHECKING:
    import geopandas as gpd

Array = npt.NDArray[np.float64]

ROLES = ("eerste", "herhaling", "nabije herhaling", "los")
"""First of a chain, repeat at the same address, near repeat, and alone."""

BLOCK_M = 1000.0
"""Side of the squares that are drawn again for the interval of the reach: wider than near repeats reach."""


@dataclass(frozen=True)
class Chains:
    """Which incidents followed others nearby, and how far and how long a warning makes sense.

    Attributes
    ----------
    roles
        On the incidents' index: `role` ("eerste": first of a chain; "herhaling": at the same address as an earlier one;
        "nabije herhaling": near an earlier one; "los": alone; missing when place or day is not known), `chain` (number,
        missing when alone), `after_m` and `after_days` from the latest earlier one within reach.
    chains
        On `chain`, longest first: `incidents`, `repeats`, `near_repeats`, `first_day`, `span_days`, `reach_m` (largest
        distance between two of its incidents).
    shares
        On `role`: `incidents`, `share` of those used, and under permuted dates `expected_share`, `expected_low` and
        `expected_high` (95 %): chance alone makes chains too.
    p_value
        That chance alone makes as many incidents follow another one.
    distance_m, days
        What counted as near and soon; the upper edge itself does not.
    radius_m, radius_low, radius_high
        Where the raised risk ends, with 95 % interval; NaN when none was found: `p_value` above 0.05, or no
        raised risk in more than one resample in forty.
    warning_days, warning_days_low, warning_days_high
        After how many days it ends, likewise.
    by_distance, by_day
        What these ends were read from: per ring of distance (within the warning days) and per number of days (within
        the radius) `observed` and `expected` pairs, `ratio`, and `fitted` (the ratio, made to fall).
    least_ratio
        Ratio of observed to expected above which the risk was called raised.
    n, n_unlocated, n_imprecise, n_undated, n_long
        Incidents used, and left out for want of a place, a precise place, a date, a short enough window.
    lattice_m
        Step of the lattice that the places lie on; 0 for none of 10 m or more.
    """

    roles: pd.DataFrame = field(repr=False)
    chains: pd.DataFrame = field(repr=False)
    shares: pd.DataFrame = field(repr=False)
    p_value: float
    distance_m: float
    days: int
    radius_m: float
    radius_low: float
    radius_high: float
    warning_days: float
    warning_days_low: float
    warning_days_high: float
    by_distance: pd.DataFrame = field(repr=False)
    by_day: pd.DataFrame = field(repr=False)
    least_ratio: float
    n: int
    n_unlocated: int
    n_imprecise: int
    n_undated: int
    n_long: int
    lattice_m: float

    def to_frame(self) -> pd.DataFrame:
        """Return the shares per role."""
        return self.shares.copy()

    def _repr_html_(self) -> str:
        return self.shares.to_html()


def near_repeat_chains(
    incidents: gpd.GeoDataFrame,
    *,
    distance_m: float = 200,
    days: int = 14,
    least_ratio: float = 1.25,
    date: Dating = "middle",
    max_window: str | pd.Timedelta | None = "7D",
    draws: int = 199,
    rng: Rng,
) -> Chains:
    """Chains of near repeats, what share of all incidents they are, and where the raised risk ends.

    Parameters
    ----------
    incidents
        Incident table of one crime type; `address_key`, where filled in, says what is the same address.
    distance_m, days
        An incident follows an earlier one when it is nearer than this, fewer days later than this.
    least_ratio
        The risk counts as raised while pairs are more than this many times as frequent as chance gives.
    date, max_window
        As in `knox`.
    draws
        Permutations of the dates, and resamples of the squares behind the intervals.
    rng
        Seed or numpy Generator.

    Returns
    -------
    Chains
        Roles per incident, chains, shares, and the radius and days of a warning.

    Raises
    ------
    InputError
        Fewer than two incidents are left, or an argument is out of range.
    ColumnError
        `start` is missing or not time-zone aware.
    CrsError
        The CRS is missing or geographic.

    Notes
    -----
    Same address: the same `address_key` where both have one, else nearer than a metre. Two incidents of one day are
    linked; which came first is then unknown, and settled by place. Radius and days do not depend on `distance_m` and
    `days`: pairs in rings of 25 m up to 500 m and at 0 to 27 days are held against what permuted dates give on average
    (exactly, without drawing), the ratio is made to fall by isotonic regression, and the end is where it first is
    `least_ratio` or less; the radius is read within the days found and the days within the radius found, in turn until
    they agree. Interval: squares of 1 km are drawn again. A chain says that incidents lie near each other, not that
    one offender did them. O(n log n + draws x pairs).

    References
    ----------
    Townsley, M., Homel, R. and Chaseling, J. (2003). Infectious burglaries: a test of the near repeat hypothesis.
    doi:10.1093/bjc/43.3.615
    Haberman, C. P. and Ratcliffe, J. H. (2012). The predictive policing challenges of near repeat armed street
    robberies. doi:10.1093/police/pas012

    Examples
    --------
    >>> import geopandas as gpd, pandas as pd
    >>> days = ["2024-01-01", "2024-01-04", "2024-01-09", "2024-06-01"]
    >>> moment = pd.to_datetime(days).tz_localize("Europe/Amsterdam")
    >>> four = gpd.GeoDataFrame({"start": moment, "end": moment},
    ...     geometry=gpd.points_from_xy([0, 0, 0, 0], [0, 100, 100, 0]), crs="EPSG:28992")
    >>> near_repeat_chains(four, rng=1).roles["role"].tolist()
    ['eerste', 'nabije herhaling', 'herhaling', 'los']
    """
    if not (np.isfinite(distance_m) and distance_m > 0 and float(days).is_integer() and days > 0):
        raise InputError(
            "distance_m must be above 0 metres and days a whole number above 0", f"{distance_m} and {days}",
            "take 200 and 14",
        )  # fmt: skip
    if not (np.isfinite(least_ratio) and least_ratio >= 1):
        raise InputError("least_ratio must be 1 or more", repr(least_ratio), "take 1.25")
    draws, random = number_of_draws(draws), generator(rng)
    events = events_of(incidents, date=date, max_window=max_window, precise_m=max(distance_m, SAME_PLACE_M))
    warn_of_lattice(events.lattice_m)
    links = _Links(incidents, events, distance_m, days)
    roles, chains = links.told(incidents.index)
    shares, p_value = links.shares(draws, random)
    reach = _reach(events, least_ratio, draws, random, raised=p_value <= 0.05)
    return Chains(
        roles=roles, chains=chains, shares=shares, p_value=p_value,
        distance_m=float(distance_m), days=int(days), **reach, least_ratio=float(least_ratio),
        n=len(events.day), **events.left_out,
        lattice_m=events.lattice_m,
    )  # fmt: skip


class _Links:
    """Pairs within reach in place, and what their dates make of them."""

    def __init__(self, incidents: gpd.GeoDataFrame, events: Events, distance_m: float, days: int) -> None:
        self.events, self.days = events, days
        pairs = pairs_within(events.xy, distance_m, "euclidean")
        self.one, self.other, self.distance = pairs.one(), pairs.other, pairs.distance
        self.same = self.distance < SAME_PLACE_M
        if "address_key" in incidents:
            key = pd.factorize(incidents["address_key"])[0][events.row]
            both = (key[self.one] >= 0) & (key[self.other] >= 0)
            self.same = np.where(both, key[self.one] == key[self.other], self.same)

    def _linked(self, day: npt.NDArray[np.int64]) -> tuple[npt.NDArray[np.intp], ...]:
        """Pairs that are also near in time: which, the earlier and the later of each."""
        lag = day[self.other] - day[self.one]
        pair = np.flatnonzero(np.abs(lag) < self.days)
        swapped = lag[pair] < 0
        early = np.where(swapped, self.other[pair], self.one[pair])
        late = np.where(swapped, self.one[pair], self.other[pair])
        return pair, early, late

    def _role(self, day: npt.NDArray[np.int64]) -> npt.NDArray[np.intp]:
        """Position in ROLES of each event."""
        pair, early, late = self._linked(day)
        role = np.full(len(day), 3)
        role[early] = 0
        role[late] = 2
        role[late[self.same[pair]]] = 1
        return role

    def shares(self, draws: int, random: np.random.Generator) -> tuple[pd.DataFrame, float]:
        """Incidents per role, their share under permuted dates, and how often chance has as many followers."""
        day = self.events.day
        count = np.bincount(self._role(day), minlength=4)
        null = np.empty((draws, 4))
        for draw in range(draws):
            null[draw] = np.bincount(self._role(random.permutation(day)), minlength=4) / len(day)
        low, high = np.quantile(null, [0.025, 0.975], axis=0)
        as_many = null[:, 1:3].sum(axis=1) * len(day) > count[1:3].sum() - 0.5
        table = pd.DataFrame(
            {"incidents": count, "share": count / len(day), "expected_share": null.mean(axis=0)}
            | {"expected_low": low, "expected_high": high},
            index=pd.Index(ROLES, name="role"),
        )
        return table, float((1 + as_many.sum()) / (1 + draws))

    def told(self, index: pd.Index) -> tuple[pd.DataFrame, pd.DataFrame]:
        """Role and chain of every incident, and a row per chain."""
        events, n = self.events, len(self.events.day)
        pair, early, late = self._linked(events.day)
        role = self._role(events.day)
        graph = coo_array((np.ones(len(pair), bool), (early, late)), shape=(n, n))
        component = connected_components(graph, directed=False)[1]
        member = np.flatnonzero(role < 3)
        # Events of a chain together; its first event in canonical order breaks ties between equal chains.
        member = member[np.argsort(component[member], kind="stable")]
        begin = np.flatnonzero(np.diff(component[member], prepend=-1))
        pieces = np.split(member, begin[1:]) if len(member) else []
        rows = pd.DataFrame(
            [
                (
                    len(piece), int((role[piece] == 1).sum()), int((role[piece] == 2).sum()),
                    events.day[piece].min(), np.ptp(events.day[piece]), _width(events.xy[piece]),
                )
                for piece in pieces
            ],
            columns=["incidents", "repeats", "near_repeats", "first_day", "span_days", "reach_m"],
        )  # fmt: skip
        order = np.lexsort((rows["first_day"], -rows["span_days"].to_numpy(int), -rows["incidents"].to_numpy(int)))
        number = np.empty(len(rows), np.intp)
        number[order] = np.arange(1, len(rows) + 1)
        rows = rows.iloc[order].set_index(pd.RangeIndex(1, len(rows) + 1, name="chain"))
        rows["first_day"] = pd.to_datetime(rows["first_day"].astype("int64"), unit="D").astype("datetime64[s]")

        latest = np.lexsort((self.distance[pair], -events.day[early], late))
        who, at = np.unique(late[latest], return_index=True)
        chosen = latest[at]
        told = pd.DataFrame(index=index)
        name = np.full(len(index), None, dtype=object)
        name[events.row] = np.array(ROLES, dtype=object)[role]
        told["role"] = pd.Categorical(name, categories=list(ROLES))
        chain = pd.array([pd.NA] * len(index), dtype="Int64")
        chain[events.row[member]] = np.repeat(number, [len(piece) for piece in pieces])
        told["chain"] = chain
        after = np.full((len(index), 2), np.nan)
        after[events.row[who], 0] = self.distance[pair][chosen]
        after[events.row[who], 1] = (events.day[late] - events.day[early])[chosen]
        told["after_m"], told["after_days"] = after.T
        return told, rows


def _width(places: Array) -> float:
    """Largest distance between two places; chains are short, so all pairs are looked at, a row at a time."""
    return float(max(np.hypot(*(places - each).T).max() for each in places))


_RINGS = np.arange(0, 525, 25.0)
_LAGS = 28


def _reach(events: Events, least: float, draws: int, random: np.random.Generator, *, raised: bool) -> dict[str, Any]:
    """Radius and days at which the raised risk ends, their intervals, and the curves they were read from."""
    pairs = pairs_within(events.xy, _RINGS[-1], "euclidean")
    one, n = pairs.one(), len(events.day)
    ring = np.searchsorted(_RINGS, pairs.distance, side="right") - 1
    lag = np.abs(events.day[one] - events.day[pairs.other])
    block = np.unique(np.floor(events.xy / BLOCK_M), axis=0, return_inverse=True)[1].reshape(-1)[one]
    blocks, rings = int(block.max(initial=-1)) + 1, len(_RINGS) - 1
    soon = lag < _LAGS
    observed = np.bincount(
        (block[soon] * rings + ring[soon]) * _LAGS + lag[soon], minlength=blocks * rings * _LAGS
    ).reshape(blocks, rings, _LAGS)
    in_ring = np.bincount(block * rings + ring, minlength=blocks * rings).reshape(blocks, rings)
    # Under permuted dates any pair has the days between them of any two dates.
    chance = pairs_by_lag(events.day, np.arange(_LAGS + 1.0)) / (n * (n - 1) / 2)
    found = _ends(observed.sum(axis=0), in_ring.sum(axis=0), chance, least) if raised else (0, 0)
    again = np.full((draws, 2), np.nan)
    for draw in range(draws if found[0] else 0):
        times = np.bincount(random.integers(blocks, size=blocks), minlength=blocks)
        again[draw] = _ends(np.tensordot(times, observed, 1), times @ in_ring, chance, least)
    low, high = np.quantile(again, [0.025, 0.975], axis=0, method="inverted_cdf")
    if not low[0] > 0:  # also when one in forty resamples shows no raised risk at all
        found, low, high = (0, 0), np.full(2, np.nan), np.full(2, np.nan)
    rings_found, days_found = found if found[0] else (np.nan, np.nan)
    step, total = _RINGS[1], (observed.sum(axis=0), in_ring.sum(axis=0), chance)
    return {
        "radius_m": float(rings_found * step), "radius_low": float(low[0] * step), "radius_high": float(high[0] * step),
        "warning_days": float(days_found), "warning_days_low": float(low[1]), "warning_days_high": float(high[1]),
        "by_distance": _curve(*_along_distance(*total, found[1]), pd.Index(_RINGS[:-1], name="metres_from")),
        "by_day": _curve(*_along_days(*total, found[0]), pd.RangeIndex(_LAGS, name="days_from")),
    }  # fmt: skip


def _ends(
    observed: npt.NDArray[np.int64], in_ring: npt.NDArray[np.int64], chance: Array, least: float
) -> tuple[int, int]:
    """Rings and days up to where the falling ratio is first `least` or less, each read within the other."""
    days, before = _LAGS // 2, set[tuple[int, int]]()
    while True:
        rings = int((_falling(*_along_distance(observed, in_ring, chance, days)) > least).sum())
        if rings == 0:
            return 0, 0
        days = max(1, int((_falling(*_along_days(observed, in_ring, chance, rings)) > least).sum()))
        if (rings, days) in before:
            return rings, days
        before.add((rings, days))


def _along_distance(
    observed: npt.NDArray[np.int64], in_ring: npt.NDArray[np.int64], chance: Array, days: int
) -> tuple[npt.NDArray[np.int64], Array]:
    """Observed and expected pairs per ring, within so many days (all of them for 0)."""
    within = slice(days or None)
    return observed[:, within].sum(axis=1), in_ring * chance[within].sum()


def _along_days(
    observed: npt.NDArray[np.int64], in_ring: npt.NDArray[np.int64], chance: Array, rings: int
) -> tuple[npt.NDArray[np.int64], Array]:
    """Observed and expected pairs per number of days, within so many rings (all of them for 0)."""
    within = slice(rings or None)
    return observed[within].sum(axis=0), in_ring[within].sum() * chance


def _falling(observed: npt.NDArray[np.int64], expected: Array) -> Array:
    """Ratio of observed to expected, made to fall; where nothing is expected, that of the next further one, or none."""
    known = np.flatnonzero(expected > 0)
    ratio = observed[known] / expected[known]
    fitted = isotonic_regression(ratio, weights=expected[known], increasing=False).x if len(known) else ratio
    return np.append(fitted, 0.0)[np.searchsorted(known, np.arange(len(expected)))]


def _curve(observed: npt.NDArray[np.int64], expected: Array, index: pd.Index) -> pd.DataFrame:
    ratio = np.divide(observed, expected, out=np.full(len(expected), np.nan), where=expected > 0)
    return pd.DataFrame(
        {"observed": observed, "expected": expected, "ratio": ratio, "fitted": _falling(observed, expected)},
        index=index,
    )
