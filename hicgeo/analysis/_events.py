"""Incidents as places and days: what near repeats, chains and waves are counted from."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components
from scipy.spatial import cKDTree

from hicgeo.analysis.timing import seconds
from hicgeo.errors import HicgeoWarning, InputError
from hicgeo.schema import TIME_ZONE, xy

if TYPE_CHECKING:
    import geopandas as gpd

Dating = Literal["start", "middle", "end"]
Metric = Literal["euclidean", "manhattan"]

SAME_PLACE_M = 1.0
"""Closer than this is the same place, unless the address says otherwise."""

MAX_PAIRS = 60_000_000
"""Pairs of incidents that are held at once: about 2 GB while they are sorted."""

NEAR_M, NEAR_DAYS = 100.0, 7.0
"""Incidents this close in place and time are drawn together: one burglar may have done both."""

_STEPS = (1000.0, 500.0, 250.0, 200.0, 100.0, 50.0, 25.0, 20.0, 10.0)
_BLOCK_M = 500.0


@dataclass(frozen=True)
class Events:
    """Incidents whose place and day are known well enough, in an order that does not depend on their rows.

    Attributes
    ----------
    xy
        (n, 2) metres.
    day
        (n,) whole calendar days since 1970, local time.
    row
        (n,) position in the table they come from.
    n_unlocated, n_imprecise, n_undated, n_long
        Left out: without a place, with a place less precise than asked, without a date, with a window longer than
        asked.
    lattice_m
        Step of the lattice that the places lie on, 0 when they lie on none of 10 m or more.
    """

    xy: npt.NDArray[np.float64] = field(repr=False)
    day: npt.NDArray[np.int64] = field(repr=False)
    row: npt.NDArray[np.intp] = field(repr=False)
    n_unlocated: int
    n_imprecise: int
    n_undated: int
    n_long: int
    lattice_m: float

    @property
    def left_out(self) -> dict[str, int]:
        """What was left out, by the names that every result calls it by."""
        return {
            "n_unlocated": self.n_unlocated, "n_imprecise": self.n_imprecise, "n_undated": self.n_undated,
            "n_long": self.n_long,
        }  # fmt: skip

    def month(self) -> npt.NDArray[np.int64]:
        """Calendar month of each incident, counted from 1970."""
        return self.day.astype("datetime64[D]").astype("datetime64[M]").astype(np.int64)


def events_of(
    incidents: gpd.GeoDataFrame,
    *,
    date: Dating,
    max_window: str | pd.Timedelta | None,
    precise_m: float,
    least: int = 2,
) -> Events:
    """Places and days of incidents.

    Parameters
    ----------
    incidents
        Incident table; `end` and `precision_m` are used where they are.
    date
        Which moment of its window dates an incident.
    max_window
        Longest window that still tells the day; None keeps all.
    precise_m
        Metres that a place must be known to, where `precision_m` says how precise it is.
    least
        Incidents needed.

    Raises
    ------
    InputError
        Fewer than `least` incidents are left, or an argument is out of range.
    ColumnError
        `start` is missing or not time-zone aware.
    CrsError
        The CRS is missing or geographic.
    """
    if date not in ("start", "middle", "end"):
        raise InputError("date must be a moment of the window", repr(date), "take start, middle or end")
    places = xy(incidents, "incidents")
    start = seconds(incidents, "start")
    end = seconds(incidents, "end") if "end" in incidents else start
    located = ~np.isnan(places).any(axis=1)
    imprecise = np.zeros(len(places), bool)
    if "precision_m" in incidents:
        imprecise = located & (incidents["precision_m"].to_numpy(float, na_value=np.nan) > precise_m)
    usable = located & ~imprecise
    undated = usable & incidents["start"].isna().to_numpy()
    if "end" in incidents:
        undated |= usable & incidents["end"].isna().to_numpy()
    usable &= ~undated
    long = usable & (end - start > window_seconds(max_window))
    row = np.flatnonzero(usable & ~long)
    if len(row) < least:
        raise InputError(
            f"at least {least} incidents must have a place and a day",
            f"{len(row)} of {len(places)} ({(~located).sum()} without a place, {imprecise.sum()} imprecise, "
            f"{undated.sum()} without a date, {long.sum()} with a window that is too long)",
            "take a longer period, or a longer max_window",
        )
    moment = {"start": start, "middle": start + (end - start) // 2, "end": end}[date][row]
    local = pd.to_datetime(moment, unit="s", utc=True).tz_convert(TIME_ZONE).tz_localize(None)
    day = local.to_numpy("datetime64[D]").astype(np.int64)
    at = places[row]
    # Near ones stand near in memory, and a seed gives the same draws whatever the order of the file.
    order = np.lexsort((day, at[:, 1], at[:, 0], at[:, 1] // _BLOCK_M, at[:, 0] // _BLOCK_M))
    return Events(
        at[order], day[order], row[order],
        int((~located).sum()), int(imprecise.sum()), int(undated.sum()), int(long.sum()), lattice_of(at),
    )  # fmt: skip


def window_seconds(max_window: str | pd.Timedelta | None) -> float:
    """Seconds of a length of time, infinite for None.

    Raises
    ------
    InputError
        It is no length of time.
    """
    if max_window is None:
        return np.inf
    try:
        length = float(pd.Timedelta(max_window).total_seconds())
    except ValueError:
        length = np.nan
    if not length >= 0:
        raise InputError("max_window must be a length of time", repr(max_window), 'write "7D" or "48h", or None')
    return length


def lattice_of(places: npt.NDArray[np.float64]) -> float:
    """Step of the lattice that nearly all places lie on; 0 for none of 10 m or more.

    Parameters
    ----------
    places
        (n, 2) metres.

    Notes
    -----
    Under 20 distinct places anything may look like a lattice: 0. O(n log n).
    """
    distinct = np.unique(np.round(places, 3), axis=0)
    if len(distinct) < 20:
        return 0.0
    for step in _STEPS:
        left = np.round(np.mod(places, step), 2) % step
        if all(np.unique(side, return_counts=True)[1].max() >= 0.95 * len(places) for side in left.T):
            return step
    return 0.0


def warn_of_lattice(lattice_m: float, stacklevel: int = 3) -> None:
    """Warn that near and same place cannot be told apart, when places lie on a lattice.

    Parameters
    ----------
    lattice_m
        Step of the lattice, 0 for none.
    stacklevel
        Whose line the warning points at.
    """
    if lattice_m > 0:
        warnings.warn(
            f"the places lie on a lattice of {lattice_m:g} m: "
            "same place and near place cannot be told apart below that",
            HicgeoWarning,
            stacklevel=stacklevel + 1,
        )


@dataclass(frozen=True)
class Pairs:
    """Pairs of incidents closer than a distance, each once, by their first incident.

    Attributes
    ----------
    first
        (n + 1,) where the partners of each incident begin in `other`.
    other
        Partner of each pair, later in the order of the events.
    distance
        Metres between the two.
    """

    first: npt.NDArray[np.int64] = field(repr=False)
    other: npt.NDArray[np.int32] = field(repr=False)
    distance: npt.NDArray[np.float64] = field(repr=False)

    def one(self) -> npt.NDArray[np.int32]:
        """First incident of each pair."""
        return np.repeat(np.arange(len(self.first) - 1, dtype=np.int32), np.diff(self.first))


def pairs_within(places: npt.NDArray[np.float64], distance: float, metric: Metric) -> Pairs:
    """Pairs of places closer than `distance`, found by a KD-tree.

    Parameters
    ----------
    places
        (n, 2) metres.
    distance
        Metres, not included.
    metric
        How distance is measured.

    Raises
    ------
    InputError
        There are too many pairs to hold, or the metric is unknown.

    Notes
    -----
    O(n log n + pairs).
    """
    if metric not in ("euclidean", "manhattan"):
        raise InputError("metric must be known", repr(metric), "take euclidean or manhattan")
    power = 2 if metric == "euclidean" else 1
    tree = cKDTree(places)
    expected = (int(tree.count_neighbors(tree, distance, p=power)) - len(places)) // 2
    if expected > MAX_PAIRS:
        raise InputError(
            f"at most {MAX_PAIRS:,} pairs of incidents may lie within the largest distance",
            f"{expected:,} within {distance:g} m",
            "take shorter distances, a shorter period or a smaller area",
        )
    found = tree.query_pairs(distance, p=power, output_type="ndarray").astype(np.int32)
    gap = np.abs(places[found[:, 0]] - places[found[:, 1]])
    away = np.hypot(*gap.T) if metric == "euclidean" else gap.sum(axis=1)
    kept = np.flatnonzero(away < distance)
    kept = kept[np.lexsort((found[kept, 1], found[kept, 0]))]
    first = np.searchsorted(found[kept, 0], np.arange(len(places) + 1))
    return Pairs(first.astype(np.int64), found[kept, 1].copy(), away[kept])


def pairs_by_lag(day: npt.NDArray[np.int64], edges: npt.NDArray[np.float64]) -> npt.NDArray[np.int64]:
    """Pairs of days per band of the days between them, wherever they are.

    Parameters
    ----------
    day
        Day of each incident.
    edges
        Edges of the bands, from 0, each holding its lower one.

    Notes
    -----
    O(n log n).
    """
    ordered, n = np.sort(day), len(day)
    upto: list[int] = []
    for edge in edges[1:]:
        reach = n if np.isinf(edge) else np.searchsorted(ordered, ordered + edge, side="left")
        upto.append(int((reach - np.arange(n) - 1).sum()))
    counted = np.array(upto, np.int64)
    return counted - np.concatenate([[0], counted[:-1]])


def days_of(points: gpd.GeoDataFrame | gpd.GeoSeries) -> npt.NDArray[np.float64]:
    """Start of each incident in days since 1970; NaN where there is none.

    Parameters
    ----------
    points
        Incidents; `start` is used where it is.
    """
    if "start" not in getattr(points, "columns", ()):
        return np.full(len(points), np.nan)
    start = points["start"].to_numpy("datetime64[s]")
    return np.where(np.isnat(start), np.nan, start.astype(np.int64) / 86400)


def chains_of(places: npt.NDArray[np.float64], day: npt.NDArray[np.float64]) -> npt.NDArray[np.intp]:
    """Number of the chain of near repeats that each incident belongs to; without a day it stands alone.

    Parameters
    ----------
    places
        (n, 2) metres.
    day
        (n,) days, NaN where not known.

    Notes
    -----
    Links are within 100 m and within 7 days. O(n log n + pairs).
    """
    n, dated = len(places), np.flatnonzero(~np.isnan(day))
    # Days as a third dimension, in which a link spans as much as in space: a ball holds every link, and few others.
    tree = cKDTree(np.column_stack([places[dated], day[dated] * (NEAR_M / NEAR_DAYS)]))
    first, second = dated[tree.query_pairs(1.001 * np.sqrt(2) * NEAR_M, output_type="ndarray")].T
    near = ((places[first] - places[second]) ** 2).sum(axis=1) <= NEAR_M**2
    near &= np.abs(day[first] - day[second]) <= NEAR_DAYS
    graph = coo_array((np.ones(near.sum(), bool), (first[near], second[near])), shape=(n, n))
    return np.asarray(connected_components(graph, directed=False)[1])


def chain_sizes(chain: npt.NDArray[np.intp], counts: npt.NDArray[np.bool_]) -> npt.NDArray[np.int64]:
    """Incidents of each chain that count, smallest first; chains of which none counts are left out.

    Parameters
    ----------
    chain
        Number of the chain of each incident, from 0.
    counts
        Whether an incident counts.
    """
    sizes = np.bincount(chain[counts])
    return np.sort(sizes[sizes > 0])


def band_edges(edges: Sequence[float], name: str, *, whole: bool = False) -> npt.NDArray[np.float64]:
    """Edges of bands, checked: from 0 upwards, the last one perhaps infinite.

    Parameters
    ----------
    edges
        Where bands begin and end; each holds its lower edge and not its upper one.
    name
        What the caller calls them.
    whole
        Whether they must be whole numbers.

    Raises
    ------
    InputError
        They are not such edges.
    """
    try:
        given = np.asarray(edges, float)
    except (TypeError, ValueError):
        given = np.empty(0)
    good = given.ndim == 1 and len(given) >= 2 and given[0] == 0 and bool((np.diff(given) > 0).all())
    if good and whole:
        finite = given[np.isfinite(given)]
        good = bool((finite == np.floor(finite)).all())
    if not good or len(given[np.isfinite(given)]) < 2:
        example = "0, 7, 14, 28" if whole else "0, 1, 100, 200"
        raise InputError(
            f"{name} must be edges of bands that rise from 0{', in whole days' if whole else ''}", repr(edges),
            f"write ({example}); the last may be infinite",
        )  # fmt: skip
    return given


def number_of_draws(draws: int, least: int = 99) -> int:
    """Return `draws` if it is a whole number that can carry a p-value.

    Parameters
    ----------
    draws
        Random draws.
    least
        Fewest that are accepted.

    Raises
    ------
    InputError
        It is not.
    """
    if isinstance(draws, bool) or not isinstance(draws, int | np.integer) or draws < least:
        raise InputError(f"draws must be a whole number of at least {least}", repr(draws), "take 999")
    return int(draws)
