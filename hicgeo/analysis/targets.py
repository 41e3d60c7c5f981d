"""Where to act in the coming weeks: one criterion, a capacity, and what speaks for each area."""

from __future__ import annotations

import heapq
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import shapely

from hicgeo.analysis._events import Events, events_of
from hicgeo.analysis._inference import Rng, generator
from hicgeo.analysis.chains import Chains
from hicgeo.analysis.timing import aoristic
from hicgeo.errors import AlignmentError, CrsError, InputError
from hicgeo.schema import TIME_ZONE, metric_crs

if TYPE_CHECKING:
    import geopandas as gpd
    import xarray as xr

Array = npt.NDArray[np.float64]
Cells = npt.NDArray[np.intp]

HORIZONS = (7, 14, 28)
LEAST_CELL_M = 100.0
DRAWS = 999
MIN_INCIDENTS = 30
SEASON_MARGIN = 14
"""Days on either side of the coming period that also say how busy this time of year is."""
BLOCK_HOURS = 4
PRIOR_HOURS = 20.0
"""Incidents' worth of the hours of all areas that an area starts with; with fewer of its own it has no own hours."""
STREETS_NAMED = 5
MIDNIGHT_SHARE = 3 / 24
"""Three times as many incidents at midnight sharp as an hour of the day has: those have a date, and no hour."""
HOT = 2.0
"""Times the average density from which a year counts as hot."""


@dataclass(frozen=True)
class Targets:
    """Areas to act in during the coming period, and what they rest on.

    Attributes
    ----------
    areas
        On `rank`, most expected incidents first: `expected`, with `expected_low` and `expected_high` (95 % of what may
        come), `rank_low` and `rank_high`, `area_ha`, `share_expected` and `share_area` of the whole town, `ratio`
        (expected per hectare over that of the town), `incidents` (last 365 days), `recent` (last 28), `near` (part of
        `expected` that near repeats of recent incidents bring), `kind` ("chronic", "seasonal", "new" or empty),
        `years_hot` of `years`, `season_ratio` (share of this time of year beside that of the town), `dwellings` (NaN
        when not given), `code` and `name` of the neighbourhood (missing when not given), `street_km` (kilometres of
        street, NaN when not given) and `streets` (names, the longest part first; missing when not given), and the
        polygons: unions of cells.
    blocks
        On `rank` and `block`: `weekday` (0 = Monday), `hour_from`, `hour_to`, `share` of the week that they are taken
        from, and `own`: False where the area has too few incidents for hours of its own, and has those of all areas.
        Empty when the incidents have dates only.
    mix
        On `rank`, `column` and `value`: `incidents` of the last 365 days by what the table says of them (dwelling type,
        target, modus).
    expected
        Incidents expected in the whole town.
    season_factor
        How busy this time of year is, against the mean day; NaN when under two years of data could not tell.
    start, horizon_days, capacity_ha, capacity_hours
        As asked.
    used_ha
        Hectares that the areas take.
    n
        Incidents that it rests on.
    """

    areas: gpd.GeoDataFrame = field(repr=False)
    blocks: pd.DataFrame = field(repr=False)
    mix: pd.DataFrame = field(repr=False)
    expected: float
    season_factor: float
    start: pd.Timestamp
    horizon_days: int
    capacity_ha: float
    capacity_hours: float
    used_ha: float
    n: int

    def to_frame(self) -> pd.DataFrame:
        """Return the areas without their shapes."""
        return pd.DataFrame(self.areas.drop(columns="geometry"))

    def _repr_html_(self) -> str:
        return self.to_frame().round(2).to_html()


def target_areas(
    surface: xr.DataArray,
    incidents: gpd.GeoDataFrame,
    *,
    start: str,
    horizon_days: int = 28,
    capacity_ha: float = 50.0,
    capacity_hours: float = 40.0,
    largest_ha: float = 16.0,
    chains: Chains | None = None,
    at_risk: xr.DataArray | None = None,
    neighbourhoods: gpd.GeoDataFrame | None = None,
    streets: gpd.GeoDataFrame | None = None,
    rng: Rng,
) -> Targets:
    """Choose the areas where most incidents are expected, within what can be worked.

    Parameters
    ----------
    surface
        Surface on cells of at least 100 m, made of incidents before `start`: how the expected incidents lie over town.
    incidents
        Incident table of one crime type; what lies on or after `start` is not looked at.
    start
        First day of the coming period, as "2024-12-01".
    horizon_days
        Its length: 7, 14 or 28.
    capacity_ha, capacity_hours
        Hectares that can be worked, and hours a week over all areas together.
    largest_ha
        Most hectares of one area: what a team can walk.
    chains
        Answer of `near_repeat_chains` on incidents before `start`: recent incidents then add their near repeats.
    at_risk
        Dwellings on the cells of the surface.
    neighbourhoods
        Areas are kept within one of these, to whole cells.
    streets
        Lines that can be walked or driven, with their `name` where it is known: cells without any are left out.
    rng
        Seed or numpy Generator of the intervals.

    Returns
    -------
    Targets
        Areas by rank, their hours, and what they rest on. The criterion is the expected number of incidents, alone.

    Raises
    ------
    InputError
        Cells are under 100 m, fewer than 30 incidents lie before `start`, no street lies in any cell, or an argument is
        out of range.
    AlignmentError
        `at_risk` is not on the cells of the surface.
    CrsError
        The incidents are not in a projected CRS in metres, or the streets in another one.
    ColumnError
        `start` of the incidents is missing or not time-zone aware.

    Notes
    -----
    Expected in town: the last 365 days per day, times how busy this time of year was in earlier years (14 days wider on
    either side). It is laid out like the surface, except for the near repeats of recent incidents: each has as many
    as incidents have in excess of chance, spread over distance and days as `chains` found them. Areas start at the best
    free block of 2 x 2 cells and grow by the best neighbouring cell while it is among the best of town, up to
    `largest_ha`. Interval of the expectation: gamma for the area's own count, Poisson for what comes, both widened by
    the spread of weekly counts. Hours: blocks of four, from the windows of the area's incidents of all years under
    48 hours, with the hours of all areas as if 20 incidents more; an area with fewer than 20 such incidents would
    borrow most of its hours, and has those of all areas. O(cells log cells + incidents).

    Examples
    --------
    >>> import geopandas as gpd, numpy as np, pandas as pd
    >>> from shapely.geometry import box
    >>> from hicgeo import Grid, kde
    >>> chance = np.random.default_rng(1)
    >>> places = np.vstack([chance.uniform(0, 3000, (200, 2)), chance.normal(1500, 120, (100, 2))])
    >>> hours = pd.to_timedelta(chance.integers(0, 8000, 300), unit="h")
    >>> moment = pd.Timestamp("2023-01-01", tz="Europe/Amsterdam") + hours
    >>> points = gpd.GeoDataFrame(
    ...     {"start": moment, "end": moment}, geometry=gpd.points_from_xy(*places.T), crs="EPSG:28992")
    >>> grid = Grid.over(gpd.GeoSeries([box(0, 0, 3000, 3000)], crs="EPSG:28992"), cell_size=100)
    >>> surface = kde(points, grid, bandwidth=300.0)
    >>> targets = target_areas(surface, points, start="2023-12-01", capacity_ha=16, rng=1)
    >>> bool(targets.areas.geometry.iloc[0].intersects(box(1300, 1300, 1700, 1700))), targets.used_ha
    (True, 16.0)
    """
    day = _check(surface, start, horizon_days, capacity_ha, capacity_hours, largest_ha, at_risk)
    random = generator(rng)
    metric_crs(incidents, "incidents")
    events = events_of(incidents, date="middle", max_window=None, precise_m=_cell(surface), least=0)
    past = events.day < day
    if past.sum() < MIN_INCIDENTS:
        raise InputError(
            f"target areas need at least {MIN_INCIDENTS} incidents before the start", f"{past.sum()}",
            "take a longer past, or show counts per neighbourhood with their intervals",
        )  # fmt: skip
    town = _Town(surface, events, past, day, horizon_days, neighbourhoods)
    walked = None if streets is None else town.keep_to(streets, metric_crs(incidents, "incidents"))
    near = town.near_repeats(chains)
    total, factor = town.expected()
    share = np.nan_to_num(surface.to_numpy()).ravel()
    base = share / share.sum() * max(total - near.sum(), 0.0)
    value = base + near
    pieces = _choose(value, town, capacity_ha, largest_ha)
    pieces.sort(key=lambda cells: -value[cells].sum())
    areas = _table(pieces, value, near, town, random)
    homes = None if at_risk is None else np.nan_to_num(at_risk.to_numpy()).ravel()
    areas["dwellings"] = [np.nan if homes is None else float(homes[cells].sum()) for cells in pieces]
    areas["street_km"], areas["streets"] = _streets(walked, pieces)
    types = incidents["crime_type"].unique() if "crime_type" in incidents else []
    areas.attrs["crime_type"] = str(types[0]) if len(types) == 1 else None
    inside = [np.isin(town.cell, cells) for cells in pieces]
    rows = [events.row[member & past] for member in inside]
    return Targets(
        areas=areas, blocks=_blocks(incidents, rows, areas["expected"].to_numpy(), capacity_hours),
        mix=_mix(incidents, [events.row[member & past & (events.day >= day - 365)] for member in inside]),
        expected=float(total), season_factor=factor, start=pd.Timestamp(start), horizon_days=int(horizon_days),
        capacity_ha=float(capacity_ha), capacity_hours=float(capacity_hours),
        used_ha=float(areas["area_ha"].sum()), n=int(past.sum()),
    )  # fmt: skip


def _cell(surface: xr.DataArray) -> float:
    return float(surface.attrs.get("cell_size", np.nan))


def _check(
    surface: xr.DataArray,
    start: str,
    horizon_days: int,
    capacity_ha: float,
    capacity_hours: float,
    largest_ha: float,
    at_risk: xr.DataArray | None,
) -> int:
    """First day of the period, in days since 1970, when every argument can be used."""
    size = _cell(surface)
    if not size >= LEAST_CELL_M:
        raise InputError(
            f"cells must be at least {LEAST_CELL_M:g} m: smaller ones give addresses away", f"{size:g} m",
            "make the surface on Grid.over(..., cell_size=100)",
        )  # fmt: skip
    if horizon_days not in HORIZONS:
        raise InputError("horizon_days must be 7, 14 or 28", repr(horizon_days), "take one of these")
    block = 4 * size**2 / 1e4
    if not (block <= capacity_ha < np.inf and block <= largest_ha < np.inf and 0 < capacity_hours <= 168 * 1000):
        raise InputError(
            f"capacity_ha and largest_ha must be at least {block:g} hectares (2 x 2 cells), capacity_hours above 0",
            f"{capacity_ha}, {largest_ha} and {capacity_hours}", "take 50, 16 and 40",
        )  # fmt: skip
    if not np.nansum(surface.to_numpy()) > 0 or (surface.to_numpy() < 0).any():
        raise InputError("a surface must have values of 0 or more, not all 0", "others", "make it with hicgeo.kde")
    if at_risk is not None and not (
        at_risk.shape == surface.shape
        and np.array_equal(at_risk["x"], surface["x"])
        and np.array_equal(at_risk["y"], surface["y"])
    ):
        raise AlignmentError(
            "at_risk must be on the cells of the surface", f"{at_risk.shape} against {surface.shape}",
            "read it with hicgeo.read_at_risk(source, grid) for this grid",
        )  # fmt: skip
    try:
        return int(np.datetime64(pd.Timestamp(start).date(), "D").astype(np.int64))
    except (ValueError, TypeError):
        raise InputError("start must be a day", repr(start), 'write "2024-12-01"') from None


class _Town:
    """Cells, incidents in them, and how many to expect."""

    def __init__(
        self,
        surface: xr.DataArray,
        events: Events,
        past: npt.NDArray[np.bool_],
        day: int,
        horizon: int,
        neighbourhoods: gpd.GeoDataFrame | None,
    ) -> None:
        self.x, self.y, self.size = surface["x"].to_numpy(), surface["y"].to_numpy(), _cell(surface)
        self.shape, self.crs = surface.shape, surface.attrs.get("crs")
        self.inside = ~np.isnan(surface.to_numpy()).ravel()
        self.events, self.past, self.start, self.horizon = events, past, day, horizon
        column = np.floor((events.xy[:, 0] - self.x[0]) / self.size + 0.5)
        row = np.floor((events.xy[:, 1] - self.y[0]) / self.size + 0.5)
        ok = (column >= 0) & (column < self.shape[1]) & (row >= 0) & (row < self.shape[0])
        self.cell = np.where(ok, row * self.shape[1] + column, -1).astype(np.intp)
        self.cell[ok] = np.where(self.inside[self.cell[ok]], self.cell[ok], -1)
        self.part = np.zeros(self.inside.size, np.intp)
        self.codes: pd.DataFrame | None = None
        if neighbourhoods is not None:
            self.codes = pd.DataFrame(
                {"code": neighbourhoods.index, "name": neighbourhoods.get("name", pd.Series(dtype="str"))}
            )
            gx, gy = (each.ravel() for each in np.meshgrid(self.x, self.y))
            self.part[:] = -1
            for place, shape in enumerate(neighbourhoods.geometry):
                shapely.prepare(shape)
                self.part[(self.part < 0) & shapely.intersects_xy(shape, gx, gy)] = place

    def keep_to(self, streets: gpd.GeoDataFrame, crs: Any) -> pd.DataFrame:
        """Let no cell without a street be chosen; metres of each street in each cell that has any."""
        if metric_crs(streets, "streets") != crs:
            raise CrsError("streets must be in the CRS of the incidents", streets.crs.name, "transform them first")
        cells = np.flatnonzero(self.inside)
        half = self.size / 2
        row, column = np.divmod(cells, self.shape[1])
        x, y = self.x[column], self.y[row]
        lines = np.asarray(streets.geometry.array)
        place, line = shapely.STRtree(lines).query(
            shapely.box(x - half, y - half, x + half, y + half), predicate="intersects"
        )
        squares = shapely.box(x[place] - half, y[place] - half, x[place] + half, y[place] + half)
        names = streets.get("name", pd.Series(None, index=streets.index, dtype="str")).to_numpy()
        metres = shapely.length(shapely.intersection(lines[line], squares))
        found = pd.DataFrame({"cell": cells[place], "name": names[line], "metres": metres})
        found = found[found["metres"] > 0]
        if found.empty:
            raise InputError("a street must lie in a cell", f"none of {len(lines)} does", "give those of this town")
        self.part[np.setdiff1d(np.arange(self.part.size), found["cell"])] = -1
        return found

    def count(self, first: float, last: float) -> int:
        """Incidents in town from one day up to another."""
        day = self.events.day
        return int(((day >= first) & (day < last) & (self.cell >= 0)).sum())

    def expected(self) -> tuple[float, float]:
        """Incidents to expect in town, and how busy this time of year is."""
        level = self.count(self.start - 365, self.start) / 365 * self.horizon
        first = int(self.events.day[self.past].min())
        width = self.horizon + 2 * SEASON_MARGIN
        middle = self.start + self.horizon / 2
        part, whole = 0, 0
        for year in range(1, 12):
            at = middle - 365.25 * year
            if at - 182.5 < first or at + 182.5 > self.start:
                continue
            part += self.count(at - width / 2, at + width / 2)
            whole += self.count(at - 182.5, at + 182.5)
        factor = part / (whole * width / 365) if whole >= MIN_INCIDENTS else np.nan
        return level * (1.0 if np.isnan(factor) else factor), float(factor)

    def near_repeats(self, chains: Chains | None) -> Array:
        """Near repeats that recent incidents are still to bring, per cell."""
        out = np.zeros(self.inside.size)
        if chains is None or np.isnan(chains.radius_m):
            return out
        rings, lags = chains.by_distance, chains.by_day
        excess_lag = np.maximum(lags["observed"] - lags["expected"], 0).to_numpy()[: int(chains.warning_days)]
        kept = rings.index.to_numpy() < chains.radius_m
        excess_ring = np.maximum(rings["observed"] - rings["expected"], 0).to_numpy()[kept]
        each = excess_ring.sum() / chains.n  # near repeats beyond chance that one incident brings
        age = self.start - self.events.day
        recent = np.flatnonzero((age > 0) & (age <= len(excess_lag)) & (self.cell >= 0))
        step = rings.index[1] - rings.index[0]
        angle = np.arange(16) * (2 * np.pi / 16)
        for one in recent:
            left = excess_lag[age[one] : age[one] + self.horizon].sum() / max(excess_lag.sum(), 1e-12)
            for ring, weight in enumerate(excess_ring / max(excess_ring.sum(), 1e-12)):
                x = self.events.xy[one, 0] + (ring + 0.5) * step * np.cos(angle)
                y = self.events.xy[one, 1] + (ring + 0.5) * step * np.sin(angle)
                column = np.floor((x - self.x[0]) / self.size + 0.5).astype(int)
                row = np.floor((y - self.y[0]) / self.size + 0.5).astype(int)
                ok = (column >= 0) & (column < self.shape[1]) & (row >= 0) & (row < self.shape[0])
                np.add.at(out, row[ok] * self.shape[1] + column[ok], each * left * weight / len(angle))
        return np.where(self.inside, out, 0.0)

    def dispersion(self) -> float:
        """Variance over mean of the town's weekly counts in the last year, around their running mean; at least 1."""
        week = (self.start - 1 - self.events.day[self.past & (self.cell >= 0)]) // 7
        counts = np.bincount(week[week < 52], minlength=52).astype(float)
        mean = np.convolve(np.pad(counts, 6, mode="reflect"), np.full(13, 1 / 13), mode="valid")
        return float(max(1.0, ((counts - mean) ** 2).sum() / mean.sum() * 13 / 12))


def _choose(value: Array, town: _Town, capacity_ha: float, largest_ha: float) -> list[Cells]:
    """Connected sets of cells with the most expected incidents, within the capacity."""
    rows, columns = town.shape
    hectare = town.size**2 / 1e4
    budget, largest = int(capacity_ha / hectare + 1e-9), int(largest_ha / hectare + 1e-9)
    free = town.inside & (town.part >= 0)
    ordered = np.sort(value[free])
    cut = ordered[-min(budget, len(ordered))]
    corner = np.arange(value.size).reshape(rows, columns)[:-1, :-1].ravel()
    blocks = np.column_stack([corner, corner + 1, corner + columns, corner + columns + 1])
    whole = free[blocks].all(axis=1) & (town.part[blocks] == town.part[blocks[:, :1]]).all(axis=1)
    blocks = blocks[whole]
    # Rounded, so that the last bits of a sum do not decide which of two equal blocks comes first.
    blocks = blocks[np.argsort(-np.round(value[blocks].sum(axis=1), 12), kind="stable")]
    pieces: list[Cells] = []
    for block in blocks:
        if budget < 4 or not value[block].sum() > 0:
            break
        if not free[block].all():
            continue
        members = [int(cell) for cell in block]
        free[block] = False
        frontier: list[tuple[float, int]] = []
        for cell in members:
            _push(frontier, cell, value, free, town)
        while frontier and len(members) < min(largest, budget):
            worth, cell = heapq.heappop(frontier)
            if -worth < cut:
                break
            if free[cell]:
                free[cell] = False
                members.append(cell)
                _push(frontier, cell, value, free, town)
        budget -= len(members)
        pieces.append(np.array(members, np.intp))
    return pieces


def _push(frontier: list[tuple[float, int]], cell: int, value: Array, free: npt.NDArray[np.bool_], town: _Town) -> None:
    """Put the free neighbours of a cell in line, the best first."""
    rows, columns = town.shape
    row, column = divmod(cell, columns)
    for r, c in ((row - 1, column), (row + 1, column), (row, column - 1), (row, column + 1)):
        if 0 <= r < rows and 0 <= c < columns:
            other = r * columns + c
            if free[other] and town.part[other] == town.part[cell]:
                heapq.heappush(frontier, (-float(value[other]), other))


def _table(
    pieces: list[Cells], value: Array, near: Array, town: _Town, random: np.random.Generator
) -> gpd.GeoDataFrame:
    """One row per area, with every number that it rests on."""
    import geopandas as gpd

    events, start = town.events, town.start
    day, k = events.day, len(pieces)
    expected = np.array([value[cells].sum() for cells in pieces])
    ha = np.array([len(cells) for cells in pieces]) * town.size**2 / 1e4
    inside = [np.isin(town.cell, cells) & town.past for cells in pieces]
    year = np.array([(member & (day >= start - 365)).sum() for member in inside], float)
    spread = town.dispersion()
    # What the area's own count does not know, and then what chance makes of the coming weeks.
    shape = (year + 0.5) / spread
    mean = expected[:, None] * random.gamma(shape[:, None], 1 / shape[:, None], (k, DRAWS))
    coming = random.poisson(random.gamma(mean / (spread - 1), spread - 1) if spread > 1 else mean)
    low, high = np.quantile(coming, [0.025, 0.975], axis=1, method="inverted_cdf")
    rank = (-mean).argsort(axis=0, kind="stable").argsort(axis=0) + 1
    rank_low, rank_high = np.quantile(rank, [0.025, 0.975], axis=1, method="inverted_cdf").astype(int)
    history = [_history(member, town, each) for member, each in zip(inside, ha, strict=True)]
    part = [town.part[cells[0]] for cells in pieces]
    codes = town.codes
    table = gpd.GeoDataFrame(
        {
            "expected": expected, "expected_low": low, "expected_high": high,
            "rank_low": rank_low, "rank_high": rank_high, "area_ha": ha,
            "share_expected": expected / value.sum(), "share_area": ha / (town.inside.sum() * town.size**2 / 1e4),
            "ratio": expected / ha / (value.sum() / (town.inside.sum() * town.size**2 / 1e4)),
            "incidents": year,
            "recent": [float((member & (day >= start - 28)).sum()) for member in inside],
            "near": [float(near[cells].sum()) for cells in pieces],
            "kind": pd.array([each["kind"] for each in history], dtype="str"),
            "years_hot": [each["years_hot"] for each in history],
            "years": [each["years"] for each in history],
            "season_ratio": [each["season_ratio"] for each in history],
            "code": pd.array([None if codes is None else codes["code"].iloc[each] for each in part], dtype="str"),
            "name": pd.array([None if codes is None else codes["name"].iloc[each] for each in part], dtype="str"),
        },
        geometry=[_outline(cells, town) for cells in pieces],
        crs=town.crs,
        index=pd.RangeIndex(1, k + 1, name="rank"),
    )  # fmt: skip
    table.attrs = {"horizon_days": town.horizon, "dispersion": spread}
    return table


def _streets(walked: pd.DataFrame | None, pieces: list[Cells]) -> tuple[list[float], Any]:
    """Kilometres of street in each area, and the names of those with most of it."""
    if walked is None:
        return [np.nan] * len(pieces), pd.array([None] * len(pieces), dtype="str")
    kilometres, names = [], []
    for cells in pieces:
        mine = walked[walked["cell"].isin(cells)]
        kilometres.append(float(mine["metres"].sum()) / 1000)
        by_name = mine.groupby("name")["metres"].sum().sort_index().sort_values(ascending=False, kind="stable")
        names.append(", ".join(map(str, by_name.index[:STREETS_NAMED])) or None)
    return kilometres, pd.array(names, dtype="str")


def _history(member: npt.NDArray[np.bool_], town: _Town, ha: float) -> dict[str, Any]:
    """Whether an area is hot every year, in this season, or only lately."""
    day, start = town.events.day, town.start
    everyone = town.past & (town.cell >= 0)
    share = ha / (town.inside.sum() * town.size**2 / 1e4)
    years = int((start - day[town.past].min()) // 365)
    hot = []
    for back in range(years):
        span = (day >= start - 365 * (back + 1)) & (day < start - 365 * back)
        mine, all_of_it = (member & span).sum(), (everyone & span).sum()
        hot.append(bool(mine >= 3 and mine > HOT * share * all_of_it))
    middle = start + town.horizon / 2
    apart = np.abs((middle - day + 182.625) % 365.25 - 182.625)
    season = apart <= town.horizon / 2 + SEASON_MARGIN
    mine, part = member.sum(), (everyone & season).sum() / max(everyone.sum(), 1)
    ratio = (member & season).sum() / mine / part if mine and part else np.nan
    surely = part < 1 and mine >= 5 and _above(int((member & season).sum()), int(mine), float(part))
    kind = ""
    if surely and years >= 2 and ratio >= HOT:
        kind = "seasonal"
    elif years >= 3 and sum(hot) >= 2 / 3 * years and hot[0]:
        kind = "chronic"
    elif years >= 2 and hot[0] and not any(hot[1:]):
        kind = "new"
    return {"kind": kind, "years_hot": sum(hot), "years": years, "season_ratio": float(ratio)}


def _above(part: int, whole: int, share: float) -> bool:
    """Whether a share is above that of the town, by the exact one-sided binomial test at 5 %."""
    from scipy import stats

    return bool(stats.binom.sf(part - 1, whole, share) <= 0.05)


def _outline(cells: Cells, town: _Town) -> shapely.Geometry:
    """Union of cells, its corners on the national grid to the last digit."""
    row, column = np.divmod(cells, town.shape[1])
    west = (np.floor(town.x[0] / town.size) + column) * town.size
    south = (np.floor(town.y[0] / town.size) + row) * town.size
    return shapely.normalize(shapely.coverage_union_all(shapely.box(west, south, west + town.size, south + town.size)))


def _blocks(incidents: gpd.GeoDataFrame, rows: list[Cells], expected: Array, capacity_hours: float) -> pd.DataFrame:
    """Best blocks of hours of the week per area; hours go to areas by what is expected there."""
    used = np.unique(np.concatenate(rows)) if rows else np.empty(0, np.intp)
    frame = incidents.iloc[used]
    frame = frame if "end" in frame else frame.assign(end=frame["start"])
    weights = aoristic(frame, by="hour_of_week", max_window="48h").fillna(0.0).to_numpy()
    weights = np.where(_without_hour(frame)[:, None], 0.0, weights)
    out: list[tuple[int, int, int, int, float, bool]] = []
    if not weights.any():
        rows = []  # days without hours: none can be named
    town = weights.sum(axis=0) + 1e-9
    hours = capacity_hours * expected / expected.sum()
    for rank, (mine, given) in enumerate(zip(rows, hours[: len(rows)], strict=True), start=1):
        week = weights[np.searchsorted(used, mine)].sum(axis=0)
        own = bool(week.sum() >= PRIOR_HOURS)
        week = own * week + PRIOR_HOURS * town / town.sum()
        week = week / week.sum()
        worth = np.array([week.take(range(hour, hour + BLOCK_HOURS), mode="wrap").sum() for hour in range(168)])
        taken = np.zeros(168, bool)
        for hour in np.argsort(-np.round(worth, 12), kind="stable"):
            block = np.arange(hour, hour + BLOCK_HOURS) % 168
            if taken.sum() + BLOCK_HOURS > max(given, BLOCK_HOURS) or taken.all():
                break
            if not taken[block].any():
                taken[block] = True
                out.append(
                    (rank, int(hour // 24), int(hour % 24), int((hour + BLOCK_HOURS) % 24), float(worth[hour]), own)
                )
    table = pd.DataFrame(out, columns=["rank", "weekday", "hour_from", "hour_to", "share", "own"])
    table["block"] = table.groupby("rank").cumcount() + 1
    return table.set_index(["rank", "block"])


def _without_hour(frame: gpd.GeoDataFrame) -> npt.NDArray[np.bool_]:
    """Incidents at midnight sharp, where there are so many that midnight stands for an hour that is not known."""
    start = frame["start"].dt.tz_convert(TIME_ZONE)
    midnight = ((start == start.dt.normalize()) & (frame["end"] == frame["start"])).to_numpy(bool)
    return midnight & bool(midnight.mean() > MIDNIGHT_SHARE) if len(midnight) else midnight


def _mix(incidents: gpd.GeoDataFrame, rows: list[Cells]) -> pd.DataFrame:
    """What the table says of the incidents of each area: how many of which sort."""
    known = [column for column in ("dwelling_type", "target", "modus") if column in incidents]
    out = [
        (rank, column, str(value), int(n))
        for rank, mine in enumerate(rows, start=1)
        for column in known
        for value, n in incidents[column].iloc[mine].value_counts().items()
    ]
    table = pd.DataFrame(out, columns=["rank", "column", "value", "incidents"])
    return table.set_index(["rank", "column", "value"])
