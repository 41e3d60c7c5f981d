"""What lies near: whether crime is nearer to shops, stations or exits than what can be struck is."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import shapely
from scipy import stats
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from hicgeo.analysis._events import events_of, pairs_within
from hicgeo.analysis._inference import false_discovery, poisson_interval
from hicgeo.errors import CrsError, InputError
from hicgeo.schema import metric_crs, xy

if TYPE_CHECKING:
    import geopandas as gpd
    import xarray as xr

Array = npt.NDArray[np.float64]

NEAR_M, NEAR_DAYS = 100.0, 7
"""Incidents this close are counted as one visit when the spread of counts is estimated."""


def context_layers(
    incidents: gpd.GeoDataFrame,
    layers: Mapping[str, gpd.GeoDataFrame],
    at_risk: gpd.GeoDataFrame | xr.DataArray,
    *,
    distance_m: float,
) -> pd.DataFrame:
    """Incidents near points or lines of each layer, against what can be struck near them.

    Parameters
    ----------
    incidents
        Incident table of one crime type.
    layers
        Points, lines or polygons by name: shops that buy second-hand goods, cash machines, stations, motorway exits.
    at_risk
        Points of what can be struck: dwellings for burglary, shops for robbery. Or how many there are per cell, as
        `read_at_risk` gives them: incidents then lie at the centre of their cell as well, and those outside are left
        out.
    distance_m
        How near is near.

    Returns
    -------
    DataFrame
        On `layer`: `features` (how many), `incidents` near, `expected` (if every unit at risk had the same chance),
        `ratio`, `ratio_low` and `ratio_high` (95 %), `p_value` (two-sided) and `p_fdr`. NaN where nothing at risk, or
        everything, lies near.

    Raises
    ------
    InputError
        There are no incidents or nothing at risk with a place, or `distance_m` is not above 0.
    CrsError
        The tables, or the cells, are not in one projected CRS.
    ColumnError
        `start` of the incidents is missing or not time-zone aware.

    Notes
    -----
    The null says where homes are, not where streets are busy: nearness to a shop may stand for a centre with much else
    in it. It is no cause. Counts are taken as overdispersed by the size of the clusters of incidents within 100 m and
    7 days. O((incidents + at risk) log features).

    Examples
    --------
    >>> import geopandas as gpd, numpy as np, pandas as pd
    >>> chance = np.random.default_rng(1)
    >>> homes = gpd.GeoDataFrame(geometry=gpd.points_from_xy(*chance.uniform(0, 2000, (2, 4000))), crs="EPSG:28992")
    >>> moment = pd.DatetimeIndex(["2024-01-01"] * 40).tz_localize("Europe/Amsterdam")
    >>> struck = homes.iloc[:40].assign(start=moment, end=moment)
    >>> station = gpd.GeoDataFrame(geometry=gpd.points_from_xy([1000], [1000]), crs="EPSG:28992")
    >>> context_layers(struck, {"station": station}, homes, distance_m=500)["features"].tolist()
    [1]
    """
    _check_distance(distance_m)
    events = events_of(incidents, date="middle", max_window=None, precise_m=distance_m, least=1)
    crs = metric_crs(incidents, "incidents")
    if hasattr(at_risk, "attrs") and hasattr(at_risk, "dims"):
        homes, weights, struck, kept = _on_cells(at_risk, events.xy, crs)
        spread = _dispersion(events.xy[kept], events.day[kept]) if kept.any() else 1.0
        n = int(kept.sum())
    else:
        if metric_crs(at_risk, "at_risk") != crs:
            raise CrsError("at_risk must be in the CRS of the incidents", at_risk.crs.name, "transform it first")
        homes, struck, n = xy(at_risk, "at_risk"), events.xy, len(events.day)
        spread = _dispersion(events.xy, events.day)
        homes = homes[~np.isnan(homes).any(axis=1)]
        weights = np.ones(len(homes))
    if not weights.sum() > 0:
        raise InputError("at_risk must have points", "none with a place", "give dwellings, or shops")
    if not n:
        raise InputError("incidents must lie in the cells at risk", "none does", "give those of this town")
    for name, table in layers.items():
        if metric_crs(table, name) != crs:
            raise CrsError(f"{name} must be in the CRS of the incidents", table.crs.name, "transform it first")
    rows = []
    for name, table in layers.items():
        shapes = np.asarray(table.geometry.array)
        shapes = shapes[~(shapely.is_missing(shapes) | shapely.is_empty(shapes))]
        share = (weights * _near(homes, shapes, distance_m)).sum() / weights.sum()
        rows.append((name, len(shapes), float(_near(struck, shapes, distance_m).sum()), share))
    out = pd.DataFrame(rows, columns=["layer", "features", "incidents", "share"]).set_index("layer")
    testable = (out["share"] > 0) & (out["share"] < 1)
    expected = (out.pop("share") * n).where(testable)
    low, high = poisson_interval(out["incidents"].to_numpy(), dispersion=spread)
    out["expected"] = expected
    out["ratio"] = out["incidents"] / expected
    out["ratio_low"], out["ratio_high"] = low / expected, high / expected
    out["p_value"] = _binomial(out["incidents"].to_numpy(), expected.to_numpy(), n, spread)
    out["p_fdr"] = false_discovery(out["p_value"].to_numpy())
    out.attrs = {
        "distance_m": float(distance_m), "dispersion": spread, "n": n, "n_at_risk": float(weights.sum()),
    }  # fmt: skip
    return out


def nearby(areas: gpd.GeoDataFrame, layers: Mapping[str, gpd.GeoDataFrame], *, distance_m: float) -> pd.DataFrame:
    """Count what lies in or near each area: how many of each layer, and nothing else of it.

    Parameters
    ----------
    areas
        Areas, such as `Targets.areas`.
    layers
        Points, lines or polygons by name.
    distance_m
        How near is near, from the border of the area.

    Returns
    -------
    DataFrame
        On `rank` (or what the index of the areas is called) and `layer`: `features`. `attrs`: `distance_m`.

    Raises
    ------
    InputError
        `distance_m` is not above 0.
    CrsError
        The tables are not in one projected CRS.

    Notes
    -----
    As the crow flies: a canal or a railway in between is not seen. O((areas + features) log features).

    Examples
    --------
    >>> import geopandas as gpd
    >>> from shapely.geometry import Point, box
    >>> areas = gpd.GeoDataFrame(geometry=[box(0, 0, 100, 100), box(900, 0, 999, 99)], index=[1, 2], crs="EPSG:28992")
    >>> schools = gpd.GeoDataFrame(geometry=[Point(50, 50), Point(300, 50)], crs="EPSG:28992")
    >>> nearby(areas.rename_axis("rank"), {"schools": schools}, distance_m=250)["features"].tolist()
    [2, 0]
    """
    _check_distance(distance_m)
    crs = metric_crs(areas, "areas")
    for name, table in layers.items():
        if metric_crs(table, name) != crs:
            raise CrsError(f"{name} must be in the CRS of the areas", table.crs.name, "transform it first")
    of = {}
    for name, table in layers.items():
        tree = shapely.STRtree(np.asarray(table.geometry.array))
        area, _ = tree.query(np.asarray(areas.geometry.array), predicate="dwithin", distance=distance_m)
        of[name] = np.bincount(area, minlength=len(areas))
    wide = pd.DataFrame(of, index=areas.index.rename(areas.index.name or "rank"), columns=list(layers), dtype="int64")
    out = wide.rename_axis(columns="layer").stack().to_frame("features")
    out.attrs = {"distance_m": float(distance_m)}
    return out


def _check_distance(distance_m: float) -> None:
    if not (np.isfinite(distance_m) and distance_m > 0):
        raise InputError("distance_m must be above 0 metres", repr(distance_m), "take 250")


def _on_cells(at_risk: xr.DataArray, places: Array, crs: Any) -> tuple[Array, Array, Array, npt.NDArray[np.bool_]]:
    """Centres of cells with what is at risk in them, and of the cells of those incidents that lie in one."""
    if at_risk.attrs.get("crs") != crs.to_string():
        raise CrsError(
            "at_risk must be in the CRS of the incidents", str(at_risk.attrs.get("crs"))[:60], "read it anew"
        )
    size, x, y = float(at_risk.attrs["cell_size"]), at_risk["x"].to_numpy(), at_risk["y"].to_numpy()
    at = np.floor((places - [x[0], y[0]]) / size + 0.5).astype(np.int64)
    kept = (at >= 0).all(axis=1) & (at[:, 0] < len(x)) & (at[:, 1] < len(y))
    weights = np.nan_to_num(at_risk.to_numpy())
    row, column = np.nonzero(weights)
    homes = np.column_stack([x[column], y[row]])
    kept[kept] = np.isfinite(at_risk.to_numpy()[at[kept, 1], at[kept, 0]])
    return homes, weights[row, column], np.column_stack([x[at[kept, 0]], y[at[kept, 1]]]), kept


def _near(places: Array, shapes: npt.NDArray[np.object_], distance: float) -> npt.NDArray[np.bool_]:
    """Whether each place lies within a distance of any shape."""
    near = np.zeros(len(places), bool)
    if len(shapes):
        found = shapely.STRtree(shapes).query(shapely.points(places), predicate="dwithin", distance=distance)
        near[found[0]] = True
    return near


def _dispersion(places: Array, day: npt.NDArray[np.int64]) -> float:
    """Mean size of the cluster that an incident is in: what one burglar did is not independent."""
    pairs = pairs_within(places, NEAR_M, "euclidean")
    one = pairs.one()
    kept = np.abs(day[one] - day[pairs.other]) <= NEAR_DAYS
    n = len(day)
    graph = coo_array((np.ones(kept.sum(), bool), (one[kept], pairs.other[kept])), shape=(n, n))
    size = np.bincount(connected_components(graph, directed=False)[1])
    return float((size**2).sum() / n)


def _binomial(near: Array, expected: Array, n: int, spread: float) -> Array:
    """Two-sided p-value of a share, on counts divided by their dispersion."""
    share = expected / n
    mine, rest = near / spread, (n - near) / spread
    with np.errstate(invalid="ignore"):
        at_least = np.where(mine > 0, stats.beta.cdf(share, np.where(mine > 0, mine, 1.0), rest + 1), 1.0)
        at_most = np.where(rest > 0, stats.beta.sf(share, mine + 1, np.where(rest > 0, rest, 1.0)), 1.0)
    return np.where(np.isnan(expected), np.nan, np.minimum(1.0, 2 * np.minimum(at_least, at_most)))
