"""Emerging hotspots: which places are new, lasting, growing, fading or gone, step by step through time."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy import ndimage, special, stats

from hicgeo.analysis._events import Dating, events_of
from hicgeo.analysis._inference import false_discovery
from hicgeo.analysis._scan import disc
from hicgeo.analysis.clusters import check_length, check_whole, days_of, outline
from hicgeo.errors import InputError

if TYPE_CHECKING:
    import geopandas as gpd
    import xarray as xr

    from hicgeo.grid import Grid

Array = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]

LEVEL = 0.05
LEAST_STEPS = 10
LASTING = 0.9
"""Share of the steps from which a place is lastingly high."""

COURSES = ("nieuw", "aaneengesloten", "toenemend", "blijvend", "afnemend", "wisselend", "omgeslagen", "voorbij")
KINDS = tuple(f"{course} {side}" for side in ("hoog", "laag") for course in COURSES)
NO_PATTERN = "geen patroon"


@dataclass(frozen=True)
class EmergingHotspots:
    """Places by their course: how often, how recently and how ever more strongly they stood out.

    Attributes
    ----------
    cells
        On (`y`, `x`), the centre of every cell of the area: `incidents`, `steps_high` and `steps_low` (steps in which
        it stood out), `last` ("hoog", "laag" or empty), `run` (steps in a row, up to the last, with that state),
        `trend_s`, `trend_z` and `trend_p` (Mann-Kendall on its z) and `kind`.
    areas
        On `rank`: `kind`, `incidents`, `cells`, `area_ha` and polygons: cells of one kind that share an edge, together.
    bins
        Per step and cell: `incidents`, `around` (those within the radius), `expected`, `z` (Gi*), `p_value`, `p_fdr`
        and `state` (1 high, -1 low, 0 neither).
    first_day, last_day
        Of the steps: what is left of the period before the first one is not used.
    step_days, radius_m
        As asked.
    n, n_outside, n_other_period, n_unlocated, n_imprecise, n_undated, n_long
        Incidents used, and left out: outside the area, of another period, without a place, a precise place, a date, a
        short enough window.
    """

    cells: pd.DataFrame = field(repr=False)
    areas: gpd.GeoDataFrame = field(repr=False)
    bins: xr.Dataset = field(repr=False)
    first_day: pd.Timestamp
    last_day: pd.Timestamp
    step_days: int
    radius_m: float
    n: int
    n_outside: int
    n_other_period: int
    n_unlocated: int
    n_imprecise: int
    n_undated: int
    n_long: int

    def to_frame(self) -> pd.DataFrame:
        """Cells and incidents of each kind that occurs."""
        by_kind = self.cells.groupby("kind", observed=True)["incidents"]
        return pd.DataFrame({"cells": by_kind.size(), "incidents": by_kind.sum()})

    def _repr_html_(self) -> str:
        return self.to_frame().to_html()


def emerging_hotspots(
    incidents: gpd.GeoDataFrame,
    grid: Grid,
    *,
    period: tuple[str, str],
    step_days: int = 28,
    radius_m: float,
    date: Dating = "middle",
    max_window: str | pd.Timedelta | None = "7D",
) -> EmergingHotspots:
    """Name the course of every cell: new, lasting, growing, fading or gone as a place with many (or few) incidents.

    Parameters
    ----------
    incidents
        Incident table of one crime type.
    grid
        Cells, of 250 m or so.
    period
        First and last day (or month), as ("2023-01-01", "2024-12-31"). The last step ends on its last day.
    step_days
        Length of a step; at least ten must fit.
    radius_m
        Cells whose centre lies within it count as one neighbourhood.
    date, max_window
        As in `knox`.

    Returns
    -------
    EmergingHotspots
        A kind per cell, and everything that it follows from.

    Raises
    ------
    InputError
        Fewer than ten steps fit in the period, no incident lies in the area, the radius is under a cell, or an
        argument is out of range.
    ColumnError
        `start` is missing or not time-zone aware.
    CrsError
        The incidents are not in the CRS of the grid.

    Notes
    -----
    In every step each neighbourhood is held against the town of that step, so that a busy season is no hotspot. z is
    Gi* on the counts per cell. Counts are small and z has a long tail then: the p-value (two-sided) takes the sum over
    the neighbourhood, divided by its variance over mean if the counts per cell lay at random, as Poisson. A cell is
    high or low in a step when its p-value, adjusted for all cells and steps (Benjamini-Hochberg), is at most 0.05.
    Where fewer than about 4 incidents are expected around a cell in a step nothing can be low. What lies at random is
    the count per cell: where more homes are, more burglaries are too.

    The kinds, in the order in which they are tried; the same for low:

    - *nieuw*: high in the last step, never before;
    - *aaneengesloten*: high in the last two steps or more in a row, never before that, in under 90 % of the steps;
    - *toenemend*, *blijvend*, *afnemend*: high in the last step and in at least 90 % of the steps, with z rising,
      without a trend, or falling (Mann-Kendall with ties, two-sided at 5 %);
    - *wisselend*: high in the last step, on and off before, in under 90 % of the steps, never low;
    - *omgeslagen*: high in the last step, in under 90 % of the steps, and low in an earlier one;
    - *voorbij*: not high in the last step, but in at least 90 % of all;
    - *geen patroon*: none of these.

    Steps without any incident say nothing about the trend. O(steps x cells x rows of the disc + steps^2 x cells).

    References
    ----------
    Getis, A. and Ord, J. K. (1992). The analysis of spatial association by use of distance statistics.
    doi:10.1111/j.1538-4632.1992.tb00261.x. Mann, H. B. (1945). Nonparametric tests against trend. doi:10.2307/1907187

    Examples
    --------
    >>> import geopandas as gpd, numpy as np, pandas as pd
    >>> from shapely.geometry import box
    >>> from hicgeo import Grid
    >>> chance = np.random.default_rng(1)
    >>> places, day = chance.uniform(0, 4000, (600, 2)), chance.integers(0, 280, 600)
    >>> places[:40], day[:40] = 2100 + chance.uniform(0, 300, (40, 2)), chance.integers(252, 280, 40)
    >>> moment = (pd.Timestamp("2024-01-01") + pd.to_timedelta(day, unit="D")).tz_localize("Europe/Amsterdam")
    >>> points = gpd.GeoDataFrame(
    ...     {"start": moment, "end": moment}, geometry=gpd.points_from_xy(*places.T), crs="EPSG:28992")
    >>> grid = Grid.over(gpd.GeoSeries([box(0, 0, 4000, 4000)], crs="EPSG:28992"), cell_size=250)
    >>> found = emerging_hotspots(points, grid, period=("2024-01-01", "2024-10-06"), radius_m=500)
    >>> found.areas["kind"].tolist()
    ['nieuw hoog']
    """
    first, last = days_of(period)
    check_whole({"step_days": step_days})
    check_length({"radius_m": radius_m})
    length = (last - first).days + 1
    steps = length // step_days
    if steps < LEAST_STEPS:
        raise InputError(
            f"at least {LEAST_STEPS} steps must fit in the period", f"{steps} of {step_days} days in {length}",
            "take a longer period or shorter steps",
        )  # fmt: skip
    if radius_m < grid.cell_size:
        raise InputError(
            "the radius must be at least the cell size", f"{radius_m:g} m on {grid.cell_size:g} m", "take a larger one"
        )
    grid.match_crs(incidents, "incidents")
    events = events_of(incidents, date=date, max_window=max_window, precise_m=max(radius_m, grid.cell_size))
    begin = last - pd.Timedelta(days=steps * int(step_days) - 1)
    step = (events.day - begin.to_datetime64().astype("datetime64[D]").astype(np.int64)) // step_days
    cell = grid.locate(events.xy)
    soon = (step >= 0) & (step < steps)
    used = soon & (cell >= 0)
    if not (cell >= 0).any():
        raise InputError("incidents must lie in the area", f"none of {len(cell)}", "take the grid of this area")
    counts = np.bincount(step[used] * grid.inside.size + cell[used], minlength=steps * grid.inside.size)
    bins = _bins(counts.reshape(steps, *grid.shape).astype(np.float64), grid, radius_m)
    table = _cells(bins, grid)
    return EmergingHotspots(
        cells=table, areas=_areas(table, grid), bins=_dataset(bins, grid, begin, int(step_days)), first_day=begin,
        last_day=last, step_days=int(step_days), radius_m=float(radius_m), n=int(used.sum()),
        n_outside=int((soon & (cell < 0)).sum()), n_other_period=int((~soon).sum()), **events.left_out,
    )  # fmt: skip


def _bins(counts: npt.NDArray[np.float64], grid: Grid, radius_m: float) -> dict[str, Array]:
    """Statistic of every step and cell, NaN outside the area and in steps in which all cells are alike."""
    from hicgeo.analysis import _compiled_hotspots as compiled

    inside = grid.inside
    n = int(inside.sum())
    half = disc(min(radius_m / grid.cell_size, float(max(grid.shape))))
    weight = compiled.disc_sums(inside.astype(float), half)
    around = np.stack([compiled.disc_sums(np.where(inside, each, 0.0), half) for each in counts])
    values = counts[:, inside]
    mean, variance = (each[:, None, None] for each in (values.mean(axis=1), values.var(axis=1)))
    expected = weight * mean
    with np.errstate(divide="ignore", invalid="ignore"):
        spread = variance * weight * (n - weight) / (n - 1)
        known = inside & (spread > 0)
        z = np.where(known, (around - expected) / np.sqrt(spread), np.nan)
        each = spread / expected  # variance over mean of the sum
        more = special.gammainc(np.where(around > 0, around, 1.0) / each, expected / each)
        more = np.where(around > 0, more, 1.0)
        less = special.gammaincc(around / each + 1, expected / each)
    p_value = np.where(known, np.minimum(1.0, 2 * np.minimum(more, less)), np.nan)
    p_fdr = false_discovery(p_value.ravel()).reshape(p_value.shape)
    state = np.where(p_fdr <= LEVEL, np.sign(z), 0.0)
    return {"incidents": counts, "around": around, "expected": expected + 0 * around, "z": z, "p_value": p_value,
            "p_fdr": p_fdr, "state": np.where(inside, state, np.nan)}  # fmt: skip


def mann_kendall(series: Array) -> tuple[Array, Array, Array]:
    """Mann-Kendall test of every series: S, its z corrected for ties and continuity, and the two-sided p-value.

    Parameters
    ----------
    series
        (times, series) without NaN.

    Notes
    -----
    Constant series have z 0 and p 1. O(times^2 x series).

    Examples
    --------
    >>> import numpy as np
    >>> s, z, p = mann_kendall(np.array([[1.0], [2], [3], [4], [5], [7], [6], [9], [10], [8]]))
    >>> int(s[0]), round(float(z[0]), 2)
    (39, 3.4)
    """
    n = len(series)
    s = np.zeros(series.shape[1])
    tied = np.ones(series.shape)  # how many values equal each one
    for i in range(n):
        for j in range(i):
            s += np.sign(series[i] - series[j])
            same = series[i] == series[j]
            tied[i] += same
            tied[j] += same
    # a group of t equal values stands t times in the sum
    ties = ((tied - 1) * (2 * tied + 5)).sum(axis=0)
    variance = np.maximum((n * (n - 1) * (2 * n + 5) - ties) / 18, 0)
    with np.errstate(divide="ignore", invalid="ignore"):
        z = np.where(variance > 0, (s - np.sign(s)) / np.sqrt(variance), 0.0)
    return s, z, 2 * stats.norm.sf(np.abs(z))


def _cells(bins: dict[str, Array], grid: Grid) -> pd.DataFrame:
    """A row per cell of the area: its steps, its trend, and the kind that follows."""
    inside = grid.inside
    state, z = bins["state"][:, inside], bins["z"][:, inside]
    s, trend, p = mann_kendall(z[~np.isnan(z).any(axis=1)])
    last = state[-1]
    # how many of the last steps have the state of the last one
    run = np.where(last != 0, np.logical_and.accumulate(state[::-1] == last, axis=0).sum(axis=0), 0)
    kind = np.full(len(last), NO_PATTERN, dtype=object)
    for side, sign in (("hoog", 1), ("laag", -1)):
        rising = np.where(p <= LEVEL, sign * np.sign(s), 0.0)
        for course, member in courses(state == sign, state == -sign, rising).items():
            kind[member] = f"{course} {side}"
    row, column = np.nonzero(inside)
    return pd.DataFrame(
        {
            "incidents": bins["incidents"][:, inside].sum(axis=0), "steps_high": (state == 1).sum(axis=0),
            "steps_low": (state == -1).sum(axis=0), "last": np.array(["laag", "", "hoog"])[(last + 1).astype(int)],
            "run": run, "trend_s": s, "trend_z": trend, "trend_p": p,
            "kind": pd.Categorical(kind, [*KINDS, NO_PATTERN]),
        },
        index=pd.MultiIndex.from_arrays([grid.y[row], grid.x[column]], names=["y", "x"]),
    )  # fmt: skip


def courses(high: Flags, low: Flags, trend: Array) -> dict[str, Flags]:
    """Which cells have which course, each at most one.

    Parameters
    ----------
    high, low
        (steps, cells) whether a cell stood out, and whether it did the other way round.
    trend
        (cells,) 1 where it stands out more and more, -1 where less and less, 0 without a trend.
    """
    steps = len(high)
    now, often = high[-1], high.sum(axis=0)
    run = np.logical_and.accumulate(high[::-1], axis=0).sum(axis=0)
    lasting = often >= LASTING * steps - 1e-9
    once = now & (often == run) & ~lasting
    free = now & ~lasting & ~once
    turned = low.any(axis=0)
    found = (
        once & (run == 1), once & (run >= 2), lasting & now & (trend > 0), lasting & now & (trend == 0),
        lasting & now & (trend < 0), free & ~turned, free & turned, lasting & ~now,
    )  # fmt: skip
    return dict(zip(COURSES, found, strict=True))


def _areas(cells: pd.DataFrame, grid: Grid) -> gpd.GeoDataFrame:
    """Cells of one kind that share an edge, together; by kind, most incidents first."""
    import geopandas as gpd

    codes, counts = np.full(grid.shape, -1), np.zeros(grid.shape)
    codes[grid.inside], counts[grid.inside] = cells["kind"].cat.codes, cells["incidents"]
    corner = np.floor(grid.x[0] / grid.cell_size), np.floor(grid.y[0] / grid.cell_size)
    rows, shapes = [], []
    for code, kind in enumerate(KINDS):
        label, pieces = ndimage.label(codes == code)
        made = []
        for piece in range(1, pieces + 1):
            row, column = np.nonzero(label == piece)
            shape = outline(np.column_stack([column + corner[0], row + corner[1]]), grid.cell_size)
            made.append((kind, counts[row, column].sum(), len(row), len(row) * grid.cell_size**2 / 1e4, shape))
        made.sort(key=lambda each: -each[1])
        rows += [each[:4] for each in made]
        shapes += [each[4] for each in made]
    table = pd.DataFrame(rows, columns=["kind", "incidents", "cells", "area_ha"])
    table["kind"] = pd.Categorical(table["kind"], KINDS)
    table.index = pd.RangeIndex(1, len(rows) + 1, name="rank")
    return gpd.GeoDataFrame(table, geometry=shapes, crs=grid.crs)


def _dataset(bins: dict[str, Array], grid: Grid, first: pd.Timestamp, step_days: int) -> xr.Dataset:
    import xarray as xr

    steps = pd.date_range(first, periods=len(bins["z"]), freq=f"{step_days}D").as_unit("s")
    within = {name: np.where(grid.inside, values, np.nan) for name, values in bins.items()}
    return xr.Dataset(
        {name: (("step", "y", "x"), values) for name, values in within.items()},
        coords={"step": steps, "y": grid.y, "x": grid.x},
        attrs={"crs": grid.crs.to_string(), "cell_size": grid.cell_size},
    )
