"""What lies near: whether crime is nearer to shops, stations or exits than what can be struck is."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

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

Array = npt.NDArray[np.float64]

NEAR_M, NEAR_DAYS = 100.0, 7
"""Incidents this close are counted as one visit when the spread of counts is estimated."""


def context_layers(
    incidents: gpd.GeoDataFrame,
    layers: Mapping[str, gpd.GeoDataFrame],
    at_risk: gpd.GeoDataFrame,
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
        Points of what can be struck: dwellings for burglary, shops for robbery.
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
        The tables are not in one projected CRS.
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
    if not (np.isfinite(distance_m) and distance_m > 0):
        raise InputError("distance_m must be above 0 metres", repr(distance_m), "take 250")
    events = events_of(incidents, date="middle", max_window=None, precise_m=distance_m, least=1)
    crs = metric_crs(incidents, "incidents")
    homes = xy(at_risk, "at_risk")
    homes = homes[~np.isnan(homes).any(axis=1)]
    if not len(homes):
        raise InputError("at_risk must have points", "none with a place", "give dwellings, or shops")
    others = {"at_risk": at_risk, **layers}
    for name, table in others.items():
        if metric_crs(table, name) != crs:
            raise CrsError(f"{name} must be in the CRS of the incidents", table.crs.name, "transform it first")
    spread = _dispersion(events.xy, events.day)
    rows = []
    for name, table in layers.items():
        shapes = np.asarray(table.geometry.array)
        shapes = shapes[~(shapely.is_missing(shapes) | shapely.is_empty(shapes))]
        share = _near(homes, shapes, distance_m).mean()
        rows.append((name, len(shapes), float(_near(events.xy, shapes, distance_m).sum()), share))
    out = pd.DataFrame(rows, columns=["layer", "features", "incidents", "share"]).set_index("layer")
    testable = (out["share"] > 0) & (out["share"] < 1)
    expected = (out.pop("share") * len(events.day)).where(testable)
    low, high = poisson_interval(out["incidents"].to_numpy(), dispersion=spread)
    out["expected"] = expected
    out["ratio"] = out["incidents"] / expected
    out["ratio_low"], out["ratio_high"] = low / expected, high / expected
    out["p_value"] = _binomial(out["incidents"].to_numpy(), expected.to_numpy(), len(events.day), spread)
    out["p_fdr"] = false_discovery(out["p_value"].to_numpy())
    out.attrs = {"distance_m": float(distance_m), "dispersion": spread, "n": len(events.day), "n_at_risk": len(homes)}
    return out


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
