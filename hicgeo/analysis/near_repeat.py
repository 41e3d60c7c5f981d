"""Near repeats: are incidents near in place also near in time, more than chance gives."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import TYPE_CHECKING, Literal

import numpy as np
import numpy.typing as npt
import pandas as pd

from hicgeo.analysis._events import (
    SAME_PLACE_M,
    Dating,
    Events,
    Metric,
    Pairs,
    band_edges,
    events_of,
    number_of_draws,
    pairs_by_lag,
    pairs_within,
    warn_of_lattice,
)
from hicgeo.analysis._inference import Rng, false_discovery, generator
from hicgeo.errors import InputError

if TYPE_CHECKING:
    import geopandas as gpd

Half = Literal["year", "dark", "light"]
Permute = Literal["all", "month"]
Array = npt.NDArray[np.float64]

DARK_MONTHS = (10, 11, 12, 1, 2, 3)


@dataclass(frozen=True)
class Knox:
    """Pairs of incidents by distance and days between them, against what chance gives.

    Attributes
    ----------
    table
        One row per distance band and time band, indexed by their labels (`distance`, `days`): the edges
        `metres_from`, `metres_to`, `days_from`, `days_to` (each band holds its lower edge, not its upper one),
        `observed` pairs, `expected` and `expected_median` over the permutations, `ratio` and `ratio_median` (observed
        over these), `null_low` and `null_high` (between which 95 % of the permutations fall), `p_value` (that chance
        gives as many or more; never 0) and `p_fdr` (the same, held against all bands). NaN where every permutation
        gives what is observed: nothing can be tested there.
    n
        Incidents that were used.
    n_unlocated, n_imprecise, n_undated, n_long, n_other_half
        Left out: without a place, with too imprecise a place, without a date, with too long a window, from the other
        half of the year.
    pairs
        Pairs within the largest finite distance.
    metric, permute, half, date, draws
        As asked.
    lattice_m
        Step of the lattice that the places lie on; 0 for none of 10 m or more.
    """

    table: pd.DataFrame = field(repr=False)
    n: int
    n_unlocated: int
    n_imprecise: int
    n_undated: int
    n_long: int
    n_other_half: int
    pairs: int
    metric: Metric
    permute: Permute
    half: Half
    date: Dating
    draws: int
    lattice_m: float

    def to_frame(self) -> pd.DataFrame:
        """Return the table."""
        return self.table.copy()

    def matrix(self, column: str = "observed") -> pd.DataFrame:
        """One column of the table as distances x days.

        Parameters
        ----------
        column
            Which.
        """
        return self.table[column].unstack("days", sort=False)

    def _repr_html_(self) -> str:
        shown = self.matrix("ratio").round(2).astype(str) + " (p " + self.matrix("p_value").round(3).astype(str) + ")"
        return shown.to_html()


def knox(
    incidents: gpd.GeoDataFrame,
    *,
    distances: Sequence[float] = (0, 1, 100, 200, 300, 400),
    days: Sequence[float] = (0, 7, 14, 21, 28),
    metric: Metric = "euclidean",
    permute: Permute = "all",
    half: Half = "year",
    date: Dating = "middle",
    max_window: str | pd.Timedelta | None = "7D",
    draws: int = 999,
    rng: Rng,
) -> Knox:
    """Knox's table: pairs of incidents that are near in place and in time, against what chance gives.

    Parameters
    ----------
    incidents
        Incident table of one crime type, in a projected CRS in metres; `start` and `end` are used.
    distances
        Edges of the distance bands in metres, from 0; the last may be infinite. A first band below a metre is the same
        place. A pair 100 m apart is in the band that begins at 100.
    days
        Edges of the time bands in whole calendar days, from 0; the last may be infinite. 3 days apart is in the band
        that begins at 3.
    metric
        "euclidean" (as the crow flies) or "manhattan" (along a grid of streets).
    permute
        "all": any incident may have had any of the dates. "month": only dates of its own month are exchanged, so that
        places whose risk rose or fell over the months are no near repeats; much less sensitive.
    half
        "year", or "dark" (October to March) or "light" (April to September) for the incidents of that half only.
    date
        Moment of the window that dates an incident.
    max_window
        Longest window that still says the day; incidents with a longer one are left out and counted.
    draws
        Permutations.
    rng
        Seed or numpy Generator.

    Returns
    -------
    Knox
        `table` and what it was made of.

    Raises
    ------
    InputError
        Fewer than two incidents are left, the edges are not bands, there are too many pairs, or an argument is unknown.
    ColumnError
        `start` is missing or not time-zone aware.
    CrsError
        The CRS is missing or geographic.

    Notes
    -----
    The p-value is (1 + permutations with as many pairs or more) / (1 + permutations). It is about interaction of place
    and time: where and when incidents concentrate is in every permutation, so that a hotspot or a season alone gives
    no near repeats. A risk that moves from one part of town to another over the years does (Kulldorff and Hjalmars
    1999): compare with `permute="month"`. Pairs are found once by a KD-tree, O(n log n + pairs); the permutations cost
    O(pairs x time bands) each. Incidents of one date are a band apart of 0 days, whatever their order.

    References
    ----------
    Knox, E. G. and Bartlett, M. S. (1964). The detection of space-time interactions. doi:10.2307/2985220
    Johnson, S. D. et al. (2007). Space-time patterns of risk: a cross national assessment of residential burglary
    victimization. doi:10.1007/s10940-007-9025-3
    Kulldorff, M. and Hjalmars, U. (1999). The Knox method and other tests for space-time interaction.
    doi:10.1111/j.0006-341X.1999.00544.x

    Examples
    --------
    >>> import geopandas as gpd, pandas as pd
    >>> moment = pd.to_datetime(["2024-01-01", "2024-01-04", "2024-02-20"]).tz_localize("Europe/Amsterdam")
    >>> three = gpd.GeoDataFrame({"start": moment, "end": moment},
    ...     geometry=gpd.points_from_xy([0, 0, 900], [0, 100, 0]), crs="EPSG:28992")
    >>> knox(three, distances=(0, 100, 200), days=(0, 3, 7), rng=1).matrix()
    days      [0, 3)  [3, 7)
    distance
    [0, 100)       0       0
    [100, 200)     0       1
    """
    metres, lags = band_edges(distances, "distances"), band_edges(days, "days", whole=True)
    if permute not in ("all", "month"):
        raise InputError("permute must be known", repr(permute), "take all or month")
    draws, random = number_of_draws(draws), generator(rng)
    precise = float(next(edge for edge in metres[1:] if edge > SAME_PLACE_M or edge == metres[-1]))
    events = events_of(incidents, date=date, max_window=max_window, precise_m=precise)
    warn_of_lattice(events.lattice_m)
    chosen = _of_half(events, half)
    place, day = events.xy[chosen], events.day[chosen]
    nearby, soon = metres[np.isfinite(metres)], lags[np.isfinite(lags)]
    pairs = pairs_within(place, float(nearby[-1]), metric)
    band = (np.searchsorted(nearby, pairs.distance, side="right") - 1).astype(np.int32)
    count = _Counter(pairs, band, soon[1:], len(nearby) - 1, int(day.min()))
    observed = _complete(count(day), day, metres, lags, band)[..., 0]
    month = events.month()[chosen] if permute == "month" else np.zeros(len(day), np.int64)
    null = _complete(count.permuted(day, month, draws, random), day, metres, lags, band)
    return Knox(
        table=_knox_table(metres, lags, observed, null),
        n=len(day), **events.left_out,
        n_other_half=len(events.day) - len(day), pairs=len(pairs.other), metric=metric, permute=permute, half=half,
        date=date, draws=draws, lattice_m=events.lattice_m,
    )  # fmt: skip


def _of_half(events: Events, half: Half) -> npt.NDArray[np.intp]:
    """Positions of the events of a half of the year."""
    if half not in ("year", "dark", "light"):
        raise InputError("half must be known", repr(half), "take year, dark or light")
    dark = np.isin(events.month() % 12 + 1, DARK_MONTHS)
    chosen = np.flatnonzero({"year": np.ones(len(dark), bool), "dark": dark, "light": ~dark}[half])
    if len(chosen) < 2:
        raise InputError("at least 2 incidents must lie in that half of the year", f"{len(chosen)}", "take half='year'")
    return chosen


class _Counter:
    """Pairs per distance band that lie fewer days apart than each edge, for days in any order."""

    def __init__(self, pairs: Pairs, band: npt.NDArray[np.int32], edges: Array, bands: int, first_day: int) -> None:
        self.pairs, self.band, self.bands, self.first_day = pairs, band, bands, first_day
        self.edges = edges.astype(np.float32)

    def __call__(self, day: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
        """(bands, edges, 1) of the days as they are."""
        from hicgeo.analysis import _compiled_near_repeat as loops

        lanes = np.zeros((len(day), loops.LANES), np.float32)
        lanes[:, 0] = self._near(day)
        return self._count(lanes, 1)

    def permuted(
        self, day: npt.NDArray[np.int64], group: npt.NDArray[np.int64], draws: int, random: np.random.Generator
    ) -> npt.NDArray[np.int64]:
        """(bands, edges, draws) of permutations of the days within each group, some at a time to save memory."""
        from hicgeo.analysis import _compiled_near_repeat as loops

        order = np.lexsort((day, group))
        begin = np.append(np.flatnonzero(np.diff(group[order], prepend=group.min() - 1)), len(day))
        near = self._near(day)[order]
        out = np.empty((self.bands, len(self.edges), draws), np.int64)
        lanes = np.zeros((len(day), loops.LANES), np.float32)
        for first in range(0, draws, loops.LANES):
            width = min(loops.LANES, draws - first)
            loops.shuffled(near, order, begin, random.random((width, len(day))), lanes)
            out[..., first : first + width] = self._count(lanes, width)
        return out

    def _near(self, day: npt.NDArray[np.int64]) -> npt.NDArray[np.float32]:
        return (day - self.first_day).astype(np.float32)  # whole numbers, exact up to 16 million days

    def _count(self, lanes: npt.NDArray[np.float32], width: int) -> npt.NDArray[np.int64]:
        from hicgeo.analysis import _compiled_near_repeat as loops

        counted = loops.count_sooner(self.pairs.first, self.pairs.other, self.band, lanes, self.edges, self.bands)
        return np.asarray(counted[..., :width], np.int64)


def _complete(
    sooner: npt.NDArray[np.int64],
    day: npt.NDArray[np.int64],
    metres: Array,
    lags: Array,
    band: npt.NDArray[np.int32],
) -> npt.NDArray[np.int64]:
    """Counts per band from cumulative ones; infinite bands follow from totals that no permutation changes."""
    table = np.diff(sooner, axis=1, prepend=0)
    pairs_in_band = np.bincount(band, minlength=sooner.shape[0])
    if np.isinf(lags[-1]):
        table = np.concatenate([table, pairs_in_band[:, None, None] - sooner[:, -1:]], axis=1)
    if np.isinf(metres[-1]):
        far = pairs_by_lag(day, lags)[:, None] - table.sum(axis=0)
        table = np.concatenate([table, far[None]], axis=0)
    return np.asarray(table)


def labels(edges: Array) -> list[str]:
    """Labels of half-open bands.

    Parameters
    ----------
    edges
        Edges, each band holding its lower one.

    Examples
    --------
    >>> import numpy as np
    >>> labels(np.array([0, 7, np.inf]))
    ['[0, 7)', '[7, inf)']
    """
    return [f"[{low:g}, {high:g})" for low, high in pairwise(edges)]


def _knox_table(
    metres: Array, lags: Array, observed: npt.NDArray[np.int64], null: npt.NDArray[np.int64]
) -> pd.DataFrame:
    draws = null.shape[-1]
    mean, median = null.mean(axis=-1), np.median(null, axis=-1)
    low, high = np.quantile(null, [0.025, 0.975], axis=-1, method="inverted_cdf")
    p = (1 + (null >= observed[..., None]).sum(axis=-1)) / (1 + draws)
    still = (null == observed[..., None]).all(axis=-1)
    p = np.where(still, np.nan, p)
    with np.errstate(divide="ignore", invalid="ignore"):
        ratio = np.where(still | (mean == 0), np.nan, observed / mean)
        ratio_median = np.where(still | (median == 0), np.nan, observed / median)
    index = pd.MultiIndex.from_product([labels(metres), labels(lags)], names=["distance", "days"])
    across, along = (
        np.repeat(np.arange(len(metres) - 1), len(lags) - 1),
        np.tile(np.arange(len(lags) - 1), len(metres) - 1),
    )
    return pd.DataFrame(
        {
            "metres_from": metres[across], "metres_to": metres[across + 1],
            "days_from": lags[along], "days_to": lags[along + 1],
            "observed": observed.ravel(), "expected": mean.ravel(), "expected_median": median.ravel(),
            "ratio": ratio.ravel(), "ratio_median": ratio_median.ravel(),
            "null_low": low.ravel(), "null_high": high.ravel(),
            "p_value": p.ravel(), "p_fdr": false_discovery(p.ravel()),
        },
        index=index,
    )  # fmt: skip
