"""Would it have worked: maps of the past scored on the weeks after, beside the simplest that anyone could do."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from hicgeo.analysis._inference import Rng, generator
from hicgeo.analysis._past import LESSON_DAYS, MIN_HISTORY_DAYS, PARTS, Past, Score, places_of, scorer
from hicgeo.analysis._scores import Tally, Trial, best_in_hindsight, bounds
from hicgeo.analysis.density import Bandwidth, Edge, Kernel, precise_places
from hicgeo.errors import AlignmentError, InputError
from hicgeo.grid import Grid

if TYPE_CHECKING:
    import geopandas as gpd
    import xarray as xr

Array = npt.NDArray[np.float64]

METHODS = ("kde", "two_scale", "learned")
BASELINES = ("last_year_100m", "last_year_250m", "last_month_100m", "dwellings", "random")
COUNTING = BASELINES[:3]

MIN_INCIDENTS = 30

TEST_DAYS = 84
MIN_BLOCKS = 4
"""Fewer weeks than this say nothing about the spread between weeks."""

TOO_SHORT = "te kort om te toetsen"
DRAWS = 999


@dataclass(frozen=True)
class Backtest:
    """How maps of the past did on the days after.

    Attributes
    ----------
    scores
        On (`method`, `horizon_days`), every baseline included: `n` incidents scored and `hits` in the marked area;
        `hit_rate` = hits / n; `pai`, that divided by the share of the area; `pei`, as a share of the best possible
        PAI for the same area; `rri`, hits over what the marked area had in the past, at the new level; each with
        `_low` and `_high`, the 95 % interval. Hits may be fractions: of cells that tie at the border of the marked
        area each counts for the share of them that fits in.
    differences
        On (`method`, `baseline`, `horizon_days`): `pai_difference` with its paired interval and `verdict`: "beter",
        "slechter", "niet te onderscheiden" or "te kort om te toetsen" (fewer than four weeks).
    capture
        On (`method`, `horizon_days`, `area_ha`): share of the incidents in the best so many hectares, with interval.
    weeks
        On (`method`, `horizon_days`, `origin`, `week`): `n` and `hits`, what the intervals are drawn from.
    weights
        On (`method`, `horizon_days`, `origin`): the weight of every part of a learned method; NaN where a part could
        not be made.
    about
        What was chosen and what was left out: `share`, `area_ha` (of the study area), `bandwidth`, `method` (how
        it was chosen), `kernel`, `train_days`, `test_from`, `test_to`, `n`, `n_outside`, `n_undated`, `n_imprecise`.
    """

    scores: pd.DataFrame = field(repr=False)
    differences: pd.DataFrame = field(repr=False)
    capture: pd.DataFrame = field(repr=False)
    weeks: pd.DataFrame = field(repr=False)
    weights: pd.DataFrame = field(repr=False)
    about: dict[str, Any]

    def to_frame(self) -> pd.DataFrame:
        """The scores, one row per method and horizon."""
        return self.scores.reset_index()

    def _repr_html_(self) -> str:
        return self.to_frame().to_html(index=False, float_format="{:.2f}".format)


def backtest(
    points: gpd.GeoDataFrame,
    grid: Grid,
    *,
    method: str | Collection[str] = METHODS,
    horizon_days: int | Collection[int] = (7, 14, 28),
    bandwidth: Bandwidth | float,
    test_from: str | pd.Timestamp | None = None,
    train_days: int = 365,
    share: float = 0.02,
    hectares: Collection[float] = (50.0, 100.0, 200.0),
    at_risk: xr.DataArray | None = None,
    kernel: Kernel = "quartic",
    edge: Edge = "diggle",
    rng: Rng,
) -> Backtest:
    """Score maps on the days after they were made, origin after origin, beside counting and chance.

    Parameters
    ----------
    points
        Incidents with `start`, in the CRS of the grid.
    grid
        The cells that are marked.
    method
        "kde" (the density of the last `train_days`), "two_scale" (density and the cell's own count, weighed as they
        predicted best on earlier windows) or "learned" (the same with wider, recent, near-repeat and seasonal parts,
        and with `at_risk` the dwellings at the rate of their surroundings); one or several.
    horizon_days
        How many days ahead; one or several.
    bandwidth, kernel, edge
        As in `kde`.
    test_from
        First day that is scored; the last 84 days when left out.
    train_days
        How far a map looks back.
    share
        Share of the area that is marked.
    hectares
        Fixed areas for `capture`.
    at_risk
        Dwellings on the grid: for the baseline that knows only them, and for "learned".
    rng
        Seed or Generator of the intervals.

    Returns
    -------
    Backtest
        With the baselines `last_year_100m` and `last_year_250m` (incidents per square of that size in the last 365
        days), `last_month_100m` (28 days), `dwellings` (with `at_risk`) and `random`.

    Raises
    ------
    InputError
        There is no `start`, an argument is out of range, fewer than 30 incidents lie before `test_from` or after it,
        nothing is at risk, or the past is too short to learn from.
    AlignmentError
        `at_risk` is not on this grid.
    CrsError
        The CRS is missing, geographic, or not the grid's.

    Notes
    -----
    For a horizon of h days the origins are h days apart from `test_from`. Each map is made from what lies before its
    origin and scored on the h days from it. Weights of parts are those of a mixture: the share of the incidents
    that each part explains, by maximum likelihood (EM) on up to six windows that end before the origin. Intervals: 999
    draws of whole weeks, the same for every method, so that differences are paired. They say how the score would
    vary over other weeks of this town and time, not over other towns. Cost: one `kde` per origin for "kde", as many
    again for every window that "two_scale" learns from, five times that for "learned"; O(999 x weeks) for the
    intervals.

    PEI compares with the best cells in hindsight. RRI (recapture rate index) of 1: the marked area kept its share.

    References
    ----------
    Chainey, S., Tompson, L. and Uhlig, S. (2008). The utility of hotspot mapping for predicting spatial patterns of
    crime. doi:10.1057/palgrave.sj.8350066. Hunt, J. (2016) for PEI. Levine, N. (2008) for RRI.

    Examples
    --------
    >>> import geopandas as gpd, numpy as np, pandas as pd
    >>> from shapely.geometry import box
    >>> from hicgeo import Grid
    >>> chance = np.random.default_rng(1)
    >>> places = np.vstack([chance.uniform(0, 3000, (300, 2)), chance.normal(1500, 120, (300, 2))])
    >>> start = pd.Timestamp("2024-01-01") + pd.to_timedelta(chance.integers(0, 300, 600), unit="D")
    >>> points = gpd.GeoDataFrame({"start": start}, geometry=gpd.points_from_xy(*places.T), crs="EPSG:28992")
    >>> grid = Grid.over(gpd.GeoSeries([box(0, 0, 3000, 3000)], crs="EPSG:28992"), cell_size=100)
    >>> test = backtest(points, grid, method="kde", horizon_days=28, bandwidth=300.0, rng=1)
    >>> bool(test.scores.loc[("kde", 28), "pai"] > 5), float(test.scores.loc[("random", 28), "pai"])
    (True, 1.0)
    """
    methods = _several(method, METHODS, "method")
    horizons = _horizons(horizon_days)
    _check(share, hectares, train_days)
    day, within, imprecise = _placed(points, grid)
    dated = np.isfinite(day)
    used = within & dated
    kept, day = points[used], day[used]
    zero, end = _test_period(test_from, day, horizons)
    _enough(day, zero, end, methods)
    homes = _homes(at_risk, grid)
    past = Past(kept, day, grid, bandwidth, kernel, edge, train_days, float(day.min()), homes)
    scorers = {name: scorer(name, past) for name in methods} | _baselines(past)

    random = generator(rng)
    weeks = int(np.ceil((end - zero) / 7))
    times = random.multinomial(weeks, np.full(weeks, 1 / weeks), size=DRAWS).astype(float)
    rows: dict[str, list[dict[str, Any]]] = {name: [] for name in ("scores", "capture", "weeks", "weights")}
    pai: dict[tuple[str, int], tuple[float, Array]] = {}
    for horizon in horizons:
        trials = list(_trials(past, zero, end, horizon))
        covered = int(max(trial.week.max(initial=0) for trial in trials)) + 1
        enough = covered >= MIN_BLOCKS
        drawn = times[:, :covered]
        best, best_drawn = best_in_hindsight(trials, grid, share, drawn)
        for name, score_of in scorers.items():
            tally = Tally(covered, [share, *(min(1.0, h / _area_ha(grid)) for h in hectares)])
            for trial in trials:
                place, values, weights = score_of(trial.origin, horizon)
                hits = tally.add(trial, place, values)
                key = {"method": name, "horizon_days": horizon, "origin": _date(trial.origin)}
                if weights:
                    rows["weights"].append(key | weights)
                rows["weeks"] += [
                    key | {"week": _date(zero + 7 * week), "n": int((trial.week == week).sum()), "hits": hits[week]}
                    for week in np.unique(trial.week)
                ]
            score, spread = tally.scores(best, best_drawn, drawn, share)
            key = {"method": name, "horizon_days": horizon}
            rows["scores"].append(key | score | bounds(spread, enough=enough))
            pai[name, horizon] = score["pai"], spread["pai"] if enough else np.full(DRAWS, np.nan)
            for size, (held, held_drawn) in zip(hectares, tally.captures(drawn), strict=True):
                rows["capture"].append(
                    key | {"area_ha": float(size), "capture": held} | bounds({"capture": held_drawn}, enough=enough)
                )
    index = ["method", "horizon_days"]
    return Backtest(
        scores=_indexed(pd.DataFrame(rows["scores"]), index),
        differences=_differences(pai, methods, [name for name in scorers if name in BASELINES], horizons),
        capture=_indexed(pd.DataFrame(rows["capture"]), [*index, "area_ha"]),
        weeks=_indexed(pd.DataFrame(rows["weeks"]), [*index, "origin", "week"]),
        weights=_weights(rows["weights"], index),
        about={
            "share": share,
            "area_ha": _area_ha(grid),
            "bandwidth": float(bandwidth.radius(kernel) if isinstance(bandwidth, Bandwidth) else bandwidth),
            "method": bandwidth.method if isinstance(bandwidth, Bandwidth) else "given",
            "kernel": kernel,
            "train_days": train_days,
            "test_from": _date(zero),
            "test_to": _date(end - 1),
            "n": int(used.sum()),
            "n_outside": int((~within & ~imprecise).sum()),
            "n_undated": int((within & ~dated).sum()),
            "n_imprecise": int(imprecise.sum()),
        },
    )


def forecast(
    points: gpd.GeoDataFrame,
    grid: Grid,
    *,
    start: str | pd.Timestamp,
    method: str = "two_scale",
    horizon_days: int = 28,
    bandwidth: Bandwidth | float,
    train_days: int = 365,
    at_risk: xr.DataArray | None = None,
    kernel: Kernel = "quartic",
    edge: Edge = "diggle",
) -> xr.DataArray:
    """Lay out what comes over the cells, by the maps that `backtest` scores.

    Parameters
    ----------
    points, grid, bandwidth, train_days, at_risk, kernel, edge
        As in `backtest`.
    start
        First day of what comes; what happened on or after it is not looked at.
    method
        One of those of `backtest`.
    horizon_days
        How many days ahead.

    Returns
    -------
    Surface
        Share of the coming incidents in each cell, 1 together. Its attrs have `method`, `start`, `horizon_days`, `n`
        (incidents that it was made of) and `weights` (of the parts of the map, by name; none for "kde").

    Raises
    ------
    InputError
        Too little lies before `start`, the method is unknown, or a number is out of range.
    CrsError
        The points are in another CRS than the grid.
    AlignmentError
        `at_risk` is not on the grid.

    Notes
    -----
    The same map as `backtest` makes on that day, so that its scores speak of it. O(points + cells), for "learned" times
    the parts and lessons.

    Examples
    --------
    >>> import geopandas as gpd, numpy as np, pandas as pd
    >>> from shapely.geometry import box
    >>> from hicgeo import Grid
    >>> rng = np.random.default_rng(1)
    >>> places = np.vstack([rng.uniform(0, 3000, (300, 2)), rng.normal(1500, 100, (200, 2))])
    >>> start = pd.Timestamp("2023-01-01") + pd.to_timedelta(rng.integers(0, 730, 500), unit="D")
    >>> points = gpd.GeoDataFrame({"start": start}, geometry=gpd.points_from_xy(*places.T), crs="EPSG:28992")
    >>> grid = Grid.over(gpd.GeoSeries([box(0, 0, 3000, 3000)], crs="EPSG:28992"), cell_size=100)
    >>> surface = forecast(points, grid, start="2025-01-01", bandwidth=300.0)
    >>> round(float(surface.sum()), 6), float(surface.sel(x=1550, y=1550)) > float(surface.sel(x=250, y=250))
    (1.0, True)
    """
    name = _several(method, METHODS, "method")[0]
    horizon = _horizons(horizon_days)[0]
    _check(0.5, (), train_days)
    day, within, _ = _placed(points, grid)
    try:
        origin = float(np.datetime64(pd.Timestamp(start).date(), "D").astype(np.int64))
    except (ValueError, TypeError):
        raise InputError("start must be a day", repr(start), 'write "2024-12-01"') from None
    used = within & (day < origin)  # no date is not before
    if used.sum() < MIN_INCIDENTS:
        raise InputError(
            f"a forecast needs at least {MIN_INCIDENTS} incidents before its start", f"{used.sum()}",
            "take a longer past, or show counts per neighbourhood with their intervals",
        )  # fmt: skip
    _long_enough(day[used], origin, (name,))
    past = Past(
        points[used], day[used], grid, bandwidth, kernel, edge, train_days, float(day[used].min()),
        _homes(at_risk, grid),
    )  # fmt: skip
    _, values, weights = scorer(name, past)(origin, horizon)
    spread = np.zeros(grid.shape)
    spread[grid.inside] = values / values.sum()
    about = {"method": name, "start": str(_date(origin).date()), "horizon_days": horizon, "weights": weights}
    return grid.surface(spread, n=int(used.sum()), **about)


def _placed(points: gpd.GeoDataFrame, grid: Grid) -> tuple[Array, npt.NDArray[np.bool_], npt.NDArray[np.bool_]]:
    """Day of every point, whether it lies in the area, and whether its place is too imprecise to tell."""
    if "start" not in points:
        raise InputError("points must have the start of each incident", "no start", "give an incident table")
    grid.match_crs(points)
    places, imprecise = precise_places(points, grid.cell_size)
    return _days(points["start"]), grid.locate(places) >= 0, imprecise


# what is asked --------------------------------------------------------------------------------------------------------


def _several(given: str | Collection[str], known: Collection[str], name: str) -> tuple[str, ...]:
    asked = (given,) if isinstance(given, str) else tuple(given)
    wrong = [each for each in asked if each not in known]
    if wrong or not asked:
        raise InputError(
            f"{name} must be known", ", ".join(map(repr, wrong)) or "none", f"take one of {', '.join(known)}"
        )
    return asked


def _horizons(given: int | Collection[int]) -> tuple[int, ...]:
    asked = tuple(given) if isinstance(given, Collection) else (given,)
    if not asked or any(isinstance(h, bool) or h != int(h) or h < 1 for h in asked):
        raise InputError("horizon_days must be whole numbers from 1", f"{given}", "take 7, 14 or 28")
    return tuple(int(h) for h in asked)


def _check(share: float, hectares: Collection[float], train_days: int) -> None:
    if not 0 < share < 1:
        raise InputError("share must lie between 0 and 1", f"{share}", "take 0.02 for 2 % of the area")
    if any(not (np.isfinite(size) and size > 0) for size in hectares):
        raise InputError("hectares must be above 0", f"{tuple(hectares)}", "take 100")
    if train_days < MIN_HISTORY_DAYS:
        raise InputError(f"train_days must be at least {MIN_HISTORY_DAYS}", f"{train_days}", "take 365")


def _days(start: pd.Series) -> Array:
    """Whole local days since 1970, NaN without a date."""
    local = start.dt.tz_localize(None) if start.dt.tz is not None else start
    stamp = local.to_numpy("datetime64[D]")
    return np.where(np.isnat(stamp), np.nan, stamp.astype(np.int64).astype(float))


def _date(day: float) -> pd.Timestamp:
    return pd.Timestamp("1970-01-01") + pd.Timedelta(days=int(day))


def _test_period(test_from: str | pd.Timestamp | None, day: Array, horizons: tuple[int, ...]) -> tuple[float, float]:
    """First day that is scored, and the first that is not."""
    if len(day) == 0:
        raise InputError("points must lie in the area, with a date", "none do", "check the area and the period")
    end = float(day.max()) + 1
    if test_from is None:
        zero = end - max(TEST_DAYS, *horizons)
    else:
        zero = float(np.datetime64(pd.Timestamp(test_from).tz_localize(None), "D").astype(np.int64))
    if zero + max(horizons) > end:
        raise InputError(
            "the horizon must fit in the days that are scored",
            f"{max(horizons)} days ahead, {end - zero:.0f} days from {_date(zero).date()}",
            "take an earlier test_from or a shorter horizon",
        )
    return zero, end


def _enough(day: Array, zero: float, end: float, methods: Collection[str]) -> None:
    before, after = int((day < zero).sum()), int(((day >= zero) & (day < end)).sum())
    if min(before, after) < MIN_INCIDENTS:
        raise InputError(
            f"a back-test needs at least {MIN_INCIDENTS} incidents before the first scored day and from it",
            f"{before} before {_date(zero).date()} and {after} from it",
            "take a longer period, several crime types or another test_from",
        )
    _long_enough(day, zero, methods)


def _long_enough(day: Array, zero: float, methods: Collection[str]) -> None:
    needed = MIN_HISTORY_DAYS + (LESSON_DAYS if set(methods) != {"kde"} else 0)
    if zero - day.min() < needed:
        raise InputError(
            f"the past must be at least {needed} days long",
            f"{zero - day.min():.0f} days before {_date(zero).date()}",
            "take a later test_from" + ("" if methods == ("kde",) else ', or method="kde"'),
        )


def _homes(at_risk: xr.DataArray | None, grid: Grid) -> Array | None:
    """What is at risk in each cell of the area."""
    if at_risk is None:
        return None
    if at_risk.shape != grid.shape or not (
        np.array_equal(at_risk["x"], grid.x) and np.array_equal(at_risk["y"], grid.y)
    ):
        raise AlignmentError(
            "at_risk must be on the grid of the back-test",
            f"{at_risk.shape} cells against {grid.shape}",
            "read it with hicgeo.read_at_risk(source, grid) for this grid",
        )
    homes = np.nan_to_num(at_risk.to_numpy()[grid.inside])
    if not (np.isfinite(homes).all() and (homes >= 0).all() and homes.any()):
        raise InputError(
            "at_risk must hold numbers from 0, and something at risk in the area",
            f"{int((homes < 0).sum())} cells under 0, {homes.sum():g} in all",
            "read it with hicgeo.read_at_risk(source, grid)",
        )
    return np.asarray(homes)


def _area_ha(grid: Grid) -> float:
    return float(grid.inside.sum() * grid.cell_size**2 / 1e4)


# how maps are made ----------------------------------------------------------------------------------------------------


def _baselines(past: Past) -> dict[str, Score]:
    import geopandas as gpd

    places = places_of(past.points)

    def counting(size: float, days: int) -> Score:
        squares = past.grid
        if squares.cell_size != size:
            squares = Grid.over(gpd.GeoSeries([past.grid.area], crs=past.grid.crs), cell_size=size)
        cell = squares.locate(places)

        def counted(origin: float, horizon: int) -> tuple[Grid, Array, dict[str, float]]:
            then = (past.day < origin) & (past.day >= origin - days) & (cell >= 0)
            total = np.bincount(cell[then], minlength=squares.inside.size)
            return squares, total[squares.inside.ravel()].astype(float), {}

        return counted

    sizes = zip(COUNTING, ((100.0, 365), (250.0, 365), (100.0, 28)), strict=True)
    found = {name: counting(size, days) for name, (size, days) in sizes}
    homes = past.homes
    if homes is not None:
        found["dwellings"] = lambda origin, horizon: (past.grid, homes, {})
    even = np.zeros(int(past.grid.inside.sum()))
    found["random"] = lambda origin, horizon: (past.grid, even, {})
    return found


def _trials(past: Past, zero: float, end: float, horizon: int) -> Iterator[Trial]:
    places = places_of(past.points)
    for origin in np.arange(zero, end - horizon + 1, horizon):
        came = (past.day >= origin) & (past.day < origin + horizon)
        before = (past.day < origin) & (past.day >= origin - past.train_days)
        week = ((past.day[came] - zero) // 7).astype(np.intp)
        yield Trial(float(origin), places[came], week, places[before])


def _differences(
    pai: dict[tuple[str, int], tuple[float, Array]],
    methods: Collection[str],
    others: list[str],
    horizons: Collection[int],
) -> pd.DataFrame:
    """Paired differences in PAI between each method and each baseline."""
    rows = []
    for name in methods:
        for other in others:
            for horizon in horizons:
                (mine, drawn), (theirs, theirs_drawn) = pai[name, horizon], pai[other, horizon]
                apart = bounds({"d": drawn - theirs_drawn}, enough=bool(np.isfinite(drawn).any()))
                low, high = apart["d_low"], apart["d_high"]
                verdict = "beter" if low > 0 else "slechter" if high < 0 else "niet te onderscheiden"
                rows.append((name, other, horizon, mine - theirs, low, high, verdict if low == low else TOO_SHORT))
    names = ["method", "baseline", "horizon_days"]
    columns = ["pai_difference", "pai_difference_low", "pai_difference_high", "verdict"]
    return _indexed(pd.DataFrame(rows, columns=names + columns), names)


def _weights(rows: list[dict[str, Any]], index: list[str]) -> pd.DataFrame:
    table = pd.DataFrame(rows, columns=[*index, "origin", *PARTS])
    return _indexed(table.astype(dict.fromkeys(PARTS, float)), [*index, "origin"])


def _indexed(table: pd.DataFrame, names: list[str]) -> pd.DataFrame:
    """Put names on the rows, methods before baselines, in an order that pandas can look up in."""
    kind = pd.CategoricalDtype([*METHODS, *BASELINES], ordered=True)
    return table.astype({name: kind for name in names if name in ("method", "baseline")}).set_index(names).sort_index()
