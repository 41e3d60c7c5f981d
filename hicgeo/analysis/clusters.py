"""Waves: where incidents lie close together in place and time at once."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import numpy.typing as npt
import pandas as pd
import shapely
from scipy.spatial import cKDTree

from hicgeo.analysis._events import Dating, Events, events_of, number_of_draws, warn_of_lattice
from hicgeo.analysis._inference import Rng, generator
from hicgeo.analysis._threads import at_once
from hicgeo.errors import InputError

if TYPE_CHECKING:
    import geopandas as gpd

Windows = Literal["now", "any"]
Array = npt.NDArray[np.float64]
Whole = npt.NDArray[np.int64]

LEVEL = 0.05
"""A wave beside the most likely one is named when chance gives as strong a one less often than this."""

AT_ONCE = 32
"""Permutations that are held at once."""

ROLES = ("kern", "rand", "los")
"""In the thick of a cluster, at its edge, and in none."""


@dataclass(frozen=True)
class SpaceTimeScan:
    """Waves: cylinders in place and time with more incidents than place and time apart explain.

    Attributes
    ----------
    clusters
        On `rank`, the most likely first: `incidents`, `expected` (from where and when incidents come anyway), `ratio`,
        `period` (first and last day), `days`, `cells` (with incidents), `area_ha`, `log_ratio`, `p_value` (that chance
        gives one as strong anywhere; never 0), and the cells as polygons. The most likely one is always there; others
        when their `p_value` is at most 0.05. No two share a cell on a day. Empty when nothing could be tested, as with
        fewer than `least` incidents in the period.
    members
        On the incidents' index: `rank` of the wave that an incident is in, missing for none.
    null
        Largest logarithm of the likelihood ratio of each permutation, in order.
    windows
        "now": waves that last until the last day; "any": all in the period.
    first_day, last_day
        Of the period.
    max_radius_m, max_days, least, cell_size, draws
        As asked.
    n, n_other_period, n_unlocated, n_imprecise, n_undated, n_long
        Incidents used, and left out: of another period, without a place, a precise place, a date, a short enough
        window.
    """

    clusters: gpd.GeoDataFrame = field(repr=False)
    members: pd.DataFrame = field(repr=False)
    null: Array = field(repr=False)
    windows: Windows
    first_day: pd.Timestamp
    last_day: pd.Timestamp
    max_radius_m: float
    max_days: int
    least: int
    cell_size: float
    draws: int
    n: int
    n_other_period: int
    n_unlocated: int
    n_imprecise: int
    n_undated: int
    n_long: int

    def to_frame(self) -> pd.DataFrame:
        """Return the waves without their shapes."""
        return pd.DataFrame(self.clusters.drop(columns="geometry"))

    def _repr_html_(self) -> str:
        return self.to_frame().round(3).to_html()


@dataclass(frozen=True)
class SpaceTimeClusters:
    """Groups of incidents that lie close together in place and time.

    Attributes
    ----------
    clusters
        On `rank`, most incidents first: `incidents`, `core` (how many are in the thick of it), `period` (first and last
        day), `days`, `cells`, `area_ha`, and the cells with incidents as polygons.
    members
        On the incidents' index: `rank` of the cluster (missing for none) and `role`: "kern" (enough incidents around
        it), "rand" (near one of these) or "los"; missing when place or day is not known.
    eps_m, eps_days, min_samples, cell_size
        As asked.
    n, n_unlocated, n_imprecise, n_undated, n_long
        Incidents used, and left out for want of a place, a precise place, a date, a short enough window.
    lattice_m
        Step of the lattice that the places lie on; 0 for none of 10 m or more.
    """

    clusters: gpd.GeoDataFrame = field(repr=False)
    members: pd.DataFrame = field(repr=False)
    eps_m: float
    eps_days: int
    min_samples: int
    cell_size: float
    n: int
    n_unlocated: int
    n_imprecise: int
    n_undated: int
    n_long: int
    lattice_m: float

    def to_frame(self) -> pd.DataFrame:
        """Return the clusters without their shapes."""
        return pd.DataFrame(self.clusters.drop(columns="geometry"))

    def _repr_html_(self) -> str:
        return self.to_frame().to_html()


def space_time_scan(
    incidents: gpd.GeoDataFrame,
    *,
    period: tuple[str, str],
    windows: Windows = "now",
    max_radius_m: float = 1000.0,
    max_days: int = 28,
    least: int = 3,
    cell_size: float = 100.0,
    date: Dating = "middle",
    max_window: str | pd.Timedelta | None = "7D",
    draws: int = 999,
    rng: Rng,
) -> SpaceTimeScan:
    """Look for waves: is there a new cluster now, or was there one in the period.

    Parameters
    ----------
    incidents
        Incident table of one crime type, in a projected CRS in metres.
    period
        First and last day (or month) of the data to look at, as ("2024-01-01", "2024-12-31"). A year is a good length:
        over more, places that grew slowly look like waves.
    windows
        "now": only waves that last until the last day of the period; "any": all.
    max_radius_m, max_days
        Largest wave. A wave holds at most half of the incidents, and lasts at most half of the period.
    least
        Fewest incidents of a wave.
    cell_size
        Side in metres of the cells that places are counted in, and that the waves are drawn with.
    date, max_window
        As in `knox`.
    draws
        Permutations.
    rng
        Seed or numpy Generator.

    Returns
    -------
    SpaceTimeScan
        The waves by rank, and who is in them.

    Raises
    ------
    InputError
        Fewer than two incidents are left, the period is none or shorter than twice `max_days`, or an argument is out
        of range.
    ColumnError
        `start` is missing or not time-zone aware.
    CrsError
        The CRS is missing or geographic.

    Notes
    -----
    Space-time permutation scan. Around every cell with incidents, cells with incidents are added one at a time, the
    nearest first and equally near ones from west to east; on each circle stand cylinders of all lengths up to
    `max_days`. Expected in a cylinder is what its place has over the whole period times the share that its days have in
    town: a busy place or a busy month is no wave. The strongest cylinder by Poisson likelihood ratio is held against
    the strongest of each permutation of the dates over the places, so that p-values hold for all cylinders together. A
    risk that moves over town during the period is a wave too. Asked "now" every day, chance gives a p-value of 0.01
    once in a hundred days. O(draws x cells x incidents within `max_radius_m`); for "any" times incidents within
    `max_days` squared.

    References
    ----------
    Kulldorff, M. et al. (2005). A space-time permutation scan statistic for disease outbreak detection.
    doi:10.1371/journal.pmed.0020059

    Examples
    --------
    >>> import geopandas as gpd, numpy as np, pandas as pd
    >>> chance = np.random.default_rng(1)
    >>> x, y, day = chance.integers(0, 4000, 300), chance.integers(0, 4000, 300), chance.integers(0, 200, 300)
    >>> x[:10], y[:10], day[:10] = 2050 + chance.integers(0, 200, 10), 2050, 195  # ten on one day in one street
    >>> moment = (pd.Timestamp("2024-01-01") + pd.to_timedelta(day, unit="D")).tz_localize("Europe/Amsterdam")
    >>> points = gpd.GeoDataFrame(
    ...     {"start": moment, "end": moment}, geometry=gpd.points_from_xy(x, y), crs="EPSG:28992")
    >>> waves = space_time_scan(points, period=("2024-01-01", "2024-07-18"), rng=1)
    >>> int(waves.clusters["incidents"].iloc[0]) >= 10, float(waves.clusters["p_value"].iloc[0])
    (True, 0.001)
    """
    first, last = days_of(period)
    length = (last - first).days + 1
    if windows not in ("now", "any"):
        raise InputError("windows must be known", repr(windows), "take now or any")
    check_whole({"max_days": max_days, "least": least})
    if not 2 * max_days <= length:
        raise InputError(
            "a period must be at least twice as long as the longest wave", f"{length} days beside max_days={max_days}",
            "take a longer period, or a smaller max_days",
        )  # fmt: skip
    check_length({"max_radius_m": max_radius_m, "cell_size": cell_size})
    draws, random = number_of_draws(draws), generator(rng)
    events = events_of(incidents, date=date, max_window=max_window, precise_m=max(cell_size, max_radius_m / 2))
    day = events.day - first.to_datetime64().astype("datetime64[D]").astype(np.int64)
    used = np.flatnonzero((day >= 0) & (day < length))
    town = _Circles(events.xy[used], day[used], length, cell_size, max_radius_m)
    scan = (int(max_days), windows == "now", int(least))
    null = np.sort(town.shuffled(draws, random, *scan)) if len(used) >= least else np.zeros(draws)
    table, chosen = _waves(town, scan, null, first, incidents.crs)
    rank = pd.array([pd.NA] * len(incidents), dtype="Int64")
    for number, inside in enumerate(chosen, start=1):
        rank[events.row[used[town.order[inside]]]] = number
    return SpaceTimeScan(
        clusters=table, members=pd.DataFrame({"rank": rank}, index=incidents.index), null=null, windows=windows,
        first_day=first, last_day=last, max_radius_m=float(max_radius_m), max_days=int(max_days), least=int(least),
        cell_size=float(cell_size), draws=draws, n=len(used), n_other_period=len(day) - len(used),
        **events.left_out,
    )  # fmt: skip


class _Circles:
    """Incidents by cell, and around each cell the cells with incidents in the order in which a circle takes them in."""

    def __init__(self, xy: Array, day: Whole, length: int, cell_size: float, radius: float) -> None:
        cell, at, count = np.unique(
            np.floor(xy / cell_size).astype(np.int64), axis=0, return_inverse=True, return_counts=True
        )
        self.cell, self.size = cell, cell_size
        self.order = np.argsort(at.reshape(-1), kind="stable")
        self.day = day[self.order]
        self.starts = np.concatenate([[0], np.cumsum(count)])
        self.upto = np.concatenate([[0], np.cumsum(np.bincount(day, minlength=length))])
        pair = np.empty((0, 2), np.int64)
        if len(cell):
            pair = cKDTree(cell).query_pairs(radius / cell_size * (1 + 1e-9), output_type="ndarray").astype(np.int64)
        alone = np.arange(len(cell))
        centre, other = np.concatenate([pair, pair[:, ::-1], np.column_stack([alone, alone])]).T
        away = ((cell[centre] - cell[other]) ** 2).sum(axis=1)  # in whole cells, so that ties are ties
        ordered = np.lexsort((other, away, centre))
        self.near, self.away = other[ordered], away[ordered]
        self.begin = np.searchsorted(centre[ordered], np.arange(len(cell) + 1))
        running = np.cumsum(count[self.near])
        before = np.concatenate([[0], running])[self.begin[:-1]]
        self.inside = running - np.repeat(before, np.diff(self.begin))
        self.log_of = np.log(np.maximum(np.arange(len(day) + 1.0), 1.0))

    def largest(self, day: Whole, longest: int, now: bool, least: int) -> float:
        """Logarithm of the largest likelihood ratio of a pattern of days."""
        return float(self._look(day, longest, now, least, np.inf, 0)[0])

    def shuffled(self, draws: int, random: np.random.Generator, longest: int, now: bool, least: int) -> Array:
        """Largest ratio of each of so many permutations of the days, as many at once as there are processors."""
        found: list[float] = []
        while len(found) < draws:
            days = [random.permutation(self.day) for _ in range(min(AT_ONCE, draws - len(found)))]
            found += at_once([partial(self.largest, day, longest, now, least) for day in days])
        return np.array(found)

    def strongest(self, longest: int, now: bool, least: int, cut: float) -> tuple[Whole, Array]:
        """Cylinders of at least `cut`, the strongest first, of equals the smallest and shortest."""
        room = int(self._look(self.day, longest, now, least, cut, 0)[1])
        found, ratios = self._look(self.day, longest, now, least, cut, room)[2:]
        # the last bits of a sum of logarithms do not tell two cylinders apart
        order = np.lexsort(
            (found[:, 0], found[:, 2], found[:, 3] - found[:, 2], found[:, 1] - self.begin[found[:, 0]],
             -np.round(ratios, 9))
        )  # fmt: skip
        return found[order], ratios[order]

    def _look(
        self, day: Whole, longest: int, now: bool, least: int, cut: float, room: int
    ) -> tuple[float, int, Whole, Array]:
        from hicgeo.analysis import _compiled_clusters as loops

        found, ratios = np.empty((room, 5), np.int64), np.empty(room)
        best, kept = loops.cylinders(
            self.begin, self.near, self.inside, self.starts, day, self.upto, longest, now, least, self.log_of, cut,
            found, ratios,
        )  # fmt: skip
        return best, kept, found, ratios

    def reached(self, cells: Whole) -> Whole:
        """Of each centre the place in `near` where a circle first takes in one of the cells; past its end for none."""
        hit = np.isin(self.near, cells)
        after = np.where(hit, np.arange(len(self.near)), len(self.near))
        return np.minimum.reduceat(after, self.begin[:-1])

    def outline(self, centre: int, k: int) -> shapely.Geometry:
        """All cells of a circle that reaches as far as the last one with incidents that it took in.

        Those as far away are drawn as well, taken in or not: else the rim would list the cells with incidents.
        """
        reach = int(np.sqrt(self.away[k]))
        side = np.arange(-reach, reach + 1)
        near = np.stack(np.meshgrid(side, side), axis=-1).reshape(-1, 2)
        return outline(near[(near**2).sum(axis=1) <= self.away[k]] + self.cell[centre], self.size)


def _waves(
    town: _Circles, scan: tuple[int, bool, int], null: Array, first: pd.Timestamp, crs: Any
) -> tuple[gpd.GeoDataFrame, list[npt.NDArray[np.intp]]]:
    """The most likely wave and others that are more than chance, and the incidents in each (by place in `town.day`)."""
    import geopandas as gpd

    draws, best = len(null), town.largest(town.day, *scan)
    # the ratio from which a p-value is at most LEVEL: what so few permutations reach
    few = int(LEVEL * (draws + 1) + 1e-9) - 1
    cut = min(best, np.nextafter(null[draws - 1 - few], np.inf) if few >= 0 else np.inf) - 1e-9
    found, ratios = town.strongest(*scan, cut) if best > 0 else (np.empty((0, 5), np.int64), np.empty(0))
    rows, shapes, chosen = [], [], []
    holder = np.repeat(np.arange(len(town.cell)), np.diff(town.starts))
    while len(found):
        (s, k, a, b, c), ratio = found[0], float(ratios[0])
        cells = town.near[town.begin[s] : k + 1]
        inside = np.flatnonzero(np.isin(holder, cells) & (town.day >= a) & (town.day <= b))
        expected = town.inside[k] * (town.upto[b + 1] - town.upto[a]) / len(town.day)
        p_value = (1 + (null >= ratio - 1e-9).sum()) / (1 + draws)
        days = [first + pd.Timedelta(days=int(each)) for each in (a, b)]
        shape = town.outline(int(s), int(k))
        rows.append(
            (int(c), expected, c / expected, "/".join(str(each.date()) for each in days), int(b - a) + 1,
             len(np.unique(holder[inside])), shape.area / 1e4, ratio, p_value)
        )  # fmt: skip
        shapes.append(shape)
        chosen.append(inside)
        apart = (found[:, 2] > b) | (found[:, 3] < a) | (found[:, 1] < town.reached(cells)[found[:, 0]])
        found, ratios = found[apart], ratios[apart]
        strong = ratios >= cut if p_value <= LEVEL else np.zeros(len(ratios), bool)
        found, ratios = found[strong], ratios[strong]
    columns = ["incidents", "expected", "ratio", "period", "days", "cells", "area_ha", "log_ratio", "p_value"]
    table = pd.DataFrame(rows, columns=columns, index=pd.RangeIndex(1, len(rows) + 1, name="rank"))
    return gpd.GeoDataFrame(table, geometry=shapes, crs=crs), chosen


def st_dbscan(
    incidents: gpd.GeoDataFrame,
    *,
    eps_m: float,
    eps_days: int,
    min_samples: int,
    cell_size: float = 100.0,
    date: Dating = "middle",
    max_window: str | pd.Timedelta | None = "7D",
) -> SpaceTimeClusters:
    """Group incidents that lie thick in place and time.

    Parameters
    ----------
    incidents
        Incident table of one crime type, in a projected CRS in metres.
    eps_m, eps_days
        Two incidents are neighbours when they are at most so many metres and calendar days apart.
    min_samples
        An incident with at least so many neighbours, itself included, is in the thick of a cluster.
    cell_size
        Side in metres of the cells that clusters are drawn with.
    date, max_window
        As in `knox`.

    Returns
    -------
    SpaceTimeClusters
        The clusters by rank, and who is in them.

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
    DBSCAN with one radius in place and one in time. Incidents in the thick that are neighbours are in one cluster; one
    at the edge goes with the nearest of them (of equally near ones the soonest, then the earliest), so that nothing
    depends on the order of the rows. It describes: clusters arise by chance too, more of them where it is busy, and
    there is no p-value (`space_time_scan` has). O(n log n + pairs of neighbours).

    References
    ----------
    Birant, D. and Kut, A. (2007). ST-DBSCAN: an algorithm for clustering spatial-temporal data.
    doi:10.1016/j.datak.2006.01.013

    Examples
    --------
    >>> import geopandas as gpd, pandas as pd
    >>> moment = pd.to_datetime(["2024-01-01", "2024-01-03", "2024-01-05", "2024-01-03"]).tz_localize(
    ...     "Europe/Amsterdam")
    >>> four = gpd.GeoDataFrame({"start": moment, "end": moment},
    ...     geometry=gpd.points_from_xy([0, 50, 100, 5000], [0, 0, 0, 0]), crs="EPSG:28992")
    >>> st_dbscan(four, eps_m=60, eps_days=2, min_samples=3).members["role"].tolist()
    ['rand', 'kern', 'rand', 'los']
    """
    check_length({"eps_m": eps_m, "cell_size": cell_size})
    check_whole({"min_samples": min_samples})
    if not (np.isfinite(eps_days) and eps_days >= 0 and float(eps_days).is_integer()):
        raise InputError("eps_days must be a whole number of days, 0 or more", repr(eps_days), "take 7")
    events = events_of(incidents, date=date, max_window=max_window, precise_m=eps_m)
    warn_of_lattice(events.lattice_m)
    core, cluster = density_clusters(events.xy, events.day, float(eps_m), int(eps_days), int(min_samples))
    rank, table = _grouped(events, core, cluster, cell_size, incidents.crs)
    role = np.full(len(incidents), None, dtype=object)
    role[events.row] = np.array(ROLES, dtype=object)[np.where(core, 0, np.where(cluster >= 0, 1, 2))]
    number = pd.array([pd.NA] * len(incidents), dtype="Int64")
    number[events.row[rank > 0]] = rank[rank > 0]
    members = pd.DataFrame({"rank": number, "role": pd.Categorical(role, list(ROLES))}, index=incidents.index)
    return SpaceTimeClusters(
        clusters=table, members=members, eps_m=float(eps_m), eps_days=int(eps_days), min_samples=int(min_samples),
        cell_size=float(cell_size), n=len(events.day), **events.left_out, lattice_m=events.lattice_m,
    )  # fmt: skip


def density_clusters(
    xy: Array, day: Whole, eps_m: float, eps_days: int, min_samples: int
) -> tuple[npt.NDArray[np.bool_], Whole]:
    """Core points of ST-DBSCAN, and a number for the cluster of each point, -1 for none.

    Parameters
    ----------
    xy, day
        (n, 2) metres and (n,) whole days.
    eps_m, eps_days, min_samples
        As in `st_dbscan`.
    """
    from hicgeo.analysis import _compiled_clusters as loops

    # a hair wider than the reach, so that rounding puts no neighbour two cells away
    column, row = (np.floor(side / (eps_m * (1 + 1e-9))).astype(np.int64) for side in xy.T)
    column, row = column - column.min(), row - row.min()
    width, since = int(column.max()) + 1, day - day.min()
    place = row * width + column
    order = np.argsort(place * (int(since.max()) + 1) + since, kind="stable")
    place = place[order]
    first = np.flatnonzero(np.diff(place, prepend=-1))
    cell = place[first]
    x, y = np.ascontiguousarray(xy[order].T)
    core_sorted, cluster_sorted = loops.density_clusters(
        x, y, since[order], cell // width, cell % width, np.append(first, len(place)), eps_m, eps_days, min_samples
    )
    core, cluster = np.empty(len(day), bool), np.empty(len(day), np.int64)
    core[order], cluster[order] = core_sorted, cluster_sorted
    return core, cluster


def _grouped(
    events: Events, core: npt.NDArray[np.bool_], cluster: Whole, cell_size: float, crs: Any
) -> tuple[Whole, gpd.GeoDataFrame]:
    """Rank of the cluster of each event, 0 for none, and a row per cluster."""
    import geopandas as gpd

    member = np.flatnonzero(cluster >= 0)
    # events stand in a canonical order, and so do the clusters by their first event
    first, at = np.unique(cluster[member], return_index=True)
    named = np.argsort(np.argsort(at))[np.searchsorted(first, cluster[member])]
    member, named = member[np.argsort(named, kind="stable")], np.sort(named)
    begin = np.flatnonzero(np.diff(named, prepend=-1))
    size = np.diff(np.append(begin, len(named)))
    none = np.empty(0, np.int64)
    early, late, thick = (
        ufunc.reduceat(values[member], begin) if len(begin) else none
        for ufunc, values in ((np.minimum, events.day), (np.maximum, events.day), (np.add, core.astype(np.int64)))
    )
    order = np.lexsort((early, -size))
    number = np.empty(len(begin), np.int64)
    number[order] = np.arange(1, len(begin) + 1)
    rank = np.zeros(len(cluster), np.int64)
    rank[member] = np.repeat(number, size)
    cells = np.column_stack([rank[member], np.floor(events.xy[member] / cell_size).astype(np.int64)])
    cells = np.unique(cells, axis=0)
    shapes = [
        outline(piece[:, 1:], cell_size) for piece in np.split(cells, np.flatnonzero(np.diff(cells[:, 0])) + 1)
    ] if len(cells) else []  # fmt: skip
    day = [pd.Series(each[order].astype("datetime64[D]")).dt.strftime("%Y-%m-%d") for each in (early, late)]
    held = np.bincount(cells[:, 0], minlength=len(begin) + 1)[1:]
    table = pd.DataFrame(
        {
            "incidents": size[order], "core": thick[order], "period": (day[0] + "/" + day[1]).astype("str").to_numpy(),
            "days": (late - early + 1)[order], "cells": held, "area_ha": held * cell_size**2 / 1e4,
        },
        index=pd.RangeIndex(1, len(begin) + 1, name="rank"),
    )  # fmt: skip
    return rank, gpd.GeoDataFrame(table, geometry=shapes, crs=crs)


def outline(cells: Whole, cell_size: float) -> shapely.Geometry:
    """Union of cells, its corners on the grid to the last digit.

    Parameters
    ----------
    cells
        (n, 2) column and row of each cell from the origin.
    cell_size
        Metres.
    """
    west, south = cells.T * cell_size
    squares = shapely.box(west, south, west + cell_size, south + cell_size)
    return shapely.normalize(shapely.coverage_union_all(squares))


def days_of(period: tuple[str, str]) -> tuple[pd.Timestamp, pd.Timestamp]:
    """First and last day of a period given in days or months.

    Raises
    ------
    InputError
        It is no period.
    """
    try:
        given = [pd.Period(each) for each in period]
        first, last = given[0].start_time.normalize(), given[1].end_time.normalize()
        good = len(given) == 2 and first <= last
    except (ValueError, TypeError, IndexError, AttributeError):
        good = False
    if not good:
        raise InputError(
            "period must be a first and a last day", repr(period), 'write ("2024-01-01", "2024-12-31")'
        ) from None
    return first, last


def check_whole(given: dict[str, Any]) -> None:
    """Raise unless every value, by its name, is a whole number of 1 or more.

    Raises
    ------
    InputError
        One is not.
    """
    for name, value in given.items():
        if isinstance(value, bool) or not isinstance(value, int | np.integer) or value < 1:
            raise InputError(f"{name} must be a whole number of 1 or more", repr(value), "take 28 days, or 3 incidents")


def check_length(given: dict[str, float]) -> None:
    """Raise unless every value, by its name, is a length above 0.

    Raises
    ------
    InputError
        One is not.
    """
    for name, value in given.items():
        if isinstance(value, bool) or not isinstance(value, int | float | np.number) or not 0 < value < np.inf:
            raise InputError(f"{name} must be above 0 metres", repr(value), "give a length such as 200")
