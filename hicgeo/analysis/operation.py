"""An operation, from plan to evaluation: what was promised before is what is measured after."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import numpy.typing as npt
import pandas as pd
import shapely

from hicgeo.analysis._events import events_of
from hicgeo.analysis._inference import two_way_dispersion
from hicgeo.analysis.interrupted import InterruptedSeries, interrupted_series
from hicgeo.analysis.intervention import (
    ROLES,
    WDD,
    CountChange,
    count_change,
    minimum_detectable_effect,
    wdd,
)
from hicgeo.errors import ColumnError, InputError
from hicgeo.schema import metric_crs

if TYPE_CHECKING:
    import geopandas as gpd

Measure = Literal["wdd", "ratio"]
Span = tuple[date, date]

VERDICTS = ("daling", "stijging", "niet aangetoond", "geen conclusie")
CELL_M = 100.0
MAX_WINDOW = "7D"
LAG_DAYS = 14
"""Data that stop this long before the end of the operation do not cover it."""


@dataclass(frozen=True)
class OperationPlan:
    """What an operation is to achieve, where, when, and against what it will be measured.

    Attributes
    ----------
    name, crime_type
        Of the operation, and what it is to reduce.
    areas
        On `area`: `role` ("treated", "control", "treated_ring", "control_ring") and polygons.
    before, during
        First and last day of the period it is compared with, and of the operation itself.
    expected_fall
        The criterion: share of the incidents that is to disappear from the treated areas, beside the controls.
    measure
        What decides: "wdd" (difference in incidents) or "ratio" (change in per cent).
    counts
        On `role`: incidents in the period before, when the plan was made.
    dispersion
        Variance over mean of the monthly counts before, at least 1.
    detectable_fall
        Smallest fall that can be seen with a chance of `power`; NaN when none can.
    power, level
        Of the test.
    written_on
        Day on which the plan was made.
    """

    name: str
    crime_type: str
    areas: gpd.GeoDataFrame = field(repr=False)
    before: Span
    during: Span
    expected_fall: float
    measure: Measure
    counts: pd.Series[float] = field(repr=False)
    dispersion: float
    detectable_fall: float
    power: float
    level: float
    written_on: date

    def content(self) -> dict[str, Any]:
        """Everything in the plan as plain values, in a fixed order."""
        return {
            "name": self.name,
            "crime_type": self.crime_type,
            "written_on": self.written_on.isoformat(),
            "before": [day.isoformat() for day in self.before],
            "during": [day.isoformat() for day in self.during],
            "expected_fall": self.expected_fall,
            "measure": self.measure,
            "power": self.power,
            "level": self.level,
            "dispersion": round(self.dispersion, 6),
            "detectable_fall": None if np.isnan(self.detectable_fall) else round(self.detectable_fall, 6),
            "counts_before": {str(role): float(n) for role, n in self.counts.items()},
            "crs": self.areas.crs.to_string(),
            "areas": [
                {
                    "area": str(label),
                    "role": str(row["role"]),
                    "shape": shapely.to_wkt(row.geometry, rounding_precision=3),
                }
                for label, row in self.areas.iterrows()
            ],
        }

    @property
    def digest(self) -> str:
        """SHA-256 of the content: two plans with the same one are the same plan."""
        return hashlib.sha256(json.dumps(self.content(), sort_keys=True).encode()).hexdigest()

    def to_frame(self) -> pd.DataFrame:
        """Return the areas without their shapes, and their hectares."""
        return pd.DataFrame({"role": self.areas["role"], "area_ha": self.areas.area / 1e4})

    def _repr_html_(self) -> str:
        return self.to_frame().to_html()


@dataclass(frozen=True)
class Evaluation:
    """What became of an operation.

    Attributes
    ----------
    verdict
        "daling" or "stijging" (shown beside the controls), "niet aangetoond", or "geen conclusie" when the evaluation
        cannot carry one.
    reasons
        Why there is no conclusion; empty otherwise. Codes: "plan_after_start", "controls_overlap", "periods_overlap",
        "data_end_early", "no_incidents".
    criterion_met
        "ja" or "nee" when the interval of the change lies wholly on one side of the criterion, else "niet te zeggen".
    displacement
        "verplaatsing", "meegeprofiteerd", "niet aangetoond", or "niet gemeten" without rings.
    counts
        On `role`: `before` (as it is counted now), `after`.
    effect
        Answer of `wdd`.
    treated_only
        Answer of `count_change` for the treated areas alone.
    series
        Answer of `interrupted_series` for the treated areas; its numbers are NaN when there are too few months.
    plan
        The plan that was evaluated.
    """

    verdict: str
    reasons: tuple[str, ...]
    criterion_met: str
    displacement: str
    counts: pd.DataFrame = field(repr=False)
    effect: WDD = field(repr=False)
    treated_only: CountChange = field(repr=False)
    series: InterruptedSeries = field(repr=False)
    plan: OperationPlan = field(repr=False)

    def to_frame(self) -> pd.DataFrame:
        """Return the counts per role; `before_equal` is `before` over a period as long as that after it."""
        counts, time = self.counts.copy(), self.effect.time
        counts.insert(1, "before_equal", counts["before"] * time[1] / time[0])
        return counts

    def _repr_html_(self) -> str:
        return f"<p>{self.verdict}</p>" + self.counts.to_html()


def plan_operation(
    incidents: gpd.GeoDataFrame,
    areas: gpd.GeoDataFrame,
    controls: gpd.GeoDataFrame,
    *,
    name: str,
    crime_type: str,
    before: tuple[str, str],
    during: tuple[str, str],
    expected_fall: float,
    written_on: date,
    ring_m: float = 200.0,
    measure: Measure = "wdd",
    power: float = 0.8,
    level: float = 0.95,
) -> OperationPlan:
    """Fix what an operation will be measured by, before it starts.

    Parameters
    ----------
    incidents
        Incident table up to now; those of `crime_type` are counted.
    areas, controls
        Polygons to be treated, and those to compare with (`matched_controls`); neither may overlap the other.
    name, crime_type
        Of the operation, and what it is to reduce.
    before, during
        First and last day, as "2024-01-01", of the period of comparison and of the operation.
    expected_fall
        The criterion: share (0 to 1) of the incidents that is to disappear.
    written_on
        The day of the plan. That it is true is the writer's word; the digest shows whether the plan changed since.
    ring_m
        Width in metres of the surroundings in which displacement is looked for, as cells of 100 m; 0 for none.
    measure
        "wdd" when controls are about as large as the treated areas; "ratio" when they are not.
    power, level
        Of the test.

    Returns
    -------
    OperationPlan
        With the smallest fall that can be seen. A plan made after the start is made, and its evaluation refuses.

    Raises
    ------
    InputError
        Areas overlap or controls lie in the surroundings, a period is not a period or they overlap, there are no
        incidents before, or an argument is out of range.
    CrsError
        Areas and incidents are not in one projected CRS.
    ColumnError
        `crime_type` or `start` is missing.

    Notes
    -----
    Incidents are dated by the middle of their window, those with a window over 7 days left out, before and after
    alike. The dispersion is that of monthly counts per area around area and month. O(incidents x areas).
    """
    spans = _span(before, "before"), _span(during, "during")
    if spans[0][1] >= spans[1][0]:
        raise InputError(
            "the period before must end before the operation starts", f"{spans[0][1]} and {spans[1][0]}",
            "leave no day in both",
        )  # fmt: skip
    if not 0 < expected_fall <= 1 or measure not in ("wdd", "ratio"):
        raise InputError(
            "expected_fall must be a share above 0 and measure wdd or ratio", f"{expected_fall} and {measure!r}",
            "take 0.2 for a fall of 20 %",
        )  # fmt: skip
    if not (np.isfinite(ring_m) and ring_m >= 0):
        raise InputError("ring_m must be 0 metres or more", repr(ring_m), "take 200")
    table = _all_areas(areas, controls, ring_m)
    if metric_crs(incidents, "incidents") != table.crs:
        raise InputError(
            "areas must be in the CRS of the incidents", table.crs.name, "transform them: areas.to_crs(...)"
        )
    day, place = _located(incidents, crime_type, table)
    counts = _per_role(table, place[_within(day, spans[0])])
    if counts["treated"] == 0:
        raise InputError(
            "there must be incidents in the treated areas before the operation", "0",
            "choose other areas, or a longer period before",
        )  # fmt: skip
    dispersion = _dispersion(day, place, spans[0], len(table))
    days = [(last - first).days + 1 for first, last in spans]
    detectable = minimum_detectable_effect(
        counts["treated"], control=counts["control"], time=(days[0], days[1]), power=power, level=level,
        dispersion=dispersion,
    )  # fmt: skip
    return OperationPlan(
        name=name, crime_type=crime_type, areas=table, before=spans[0], during=spans[1],
        expected_fall=float(expected_fall), measure=measure, counts=counts, dispersion=dispersion,
        detectable_fall=detectable.fall, power=power, level=level, written_on=written_on,
    )  # fmt: skip


def evaluate_operation(incidents: gpd.GeoDataFrame, plan: OperationPlan) -> Evaluation:
    """Measure an operation by the plan that was made before it.

    Parameters
    ----------
    incidents
        Incident table that covers the period before and the operation, all crime types.
    plan
        From `plan_operation` or `read_plan`.

    Returns
    -------
    Evaluation
        A verdict, or the reasons why there can be none; the numbers are there in both cases.

    Raises
    ------
    CrsError
        The incidents are in a geographic CRS.
    InputError
        They are in another CRS than the plan.
    ColumnError
        `crime_type` or `start` is missing.

    Notes
    -----
    No conclusion is drawn when the plan was made on or after the first day of the operation, controls overlap treated
    areas, the periods overlap, the data stop more than 14 days before its end, or there are no incidents at all. Counts
    before are counted again, since registrations come late. O(incidents x areas).
    """
    if metric_crs(incidents, "incidents") != plan.areas.crs:
        raise InputError("incidents must be in the CRS of the plan", incidents.crs.name, "transform them first")
    day, place = _located(incidents, plan.crime_type, plan.areas)
    counts = pd.DataFrame(
        {
            "before": _per_role(plan.areas, place[_within(day, plan.before)]),
            "after": _per_role(plan.areas, place[_within(day, plan.during)]),
        }
    )
    days = [(last - first).days + 1 for first, last in (plan.before, plan.during)]
    time = (float(days[0]), float(days[1]))
    effect = wdd(counts, time=time, dispersion=plan.dispersion, level=plan.level)
    alone = count_change(*counts.loc["treated"], time=time, dispersion=plan.dispersion, level=plan.level)
    reasons = _objections(incidents, plan, counts)
    direct = effect.table.loc["direct"]
    fell = direct["high"] < 0 if plan.measure == "wdd" else effect.ratio_high < 1
    rose = direct["low"] > 0 if plan.measure == "wdd" else effect.ratio_low > 1
    verdict = "geen conclusie" if reasons else "daling" if fell else "stijging" if rose else "niet aangetoond"
    goal = 1 - plan.expected_fall
    met = "ja" if effect.ratio_high <= goal else "nee" if effect.ratio_low > goal else "niet te zeggen"
    ring = effect.table.loc["ring"]
    moved = "verplaatsing" if ring["low"] > 0 else "meegeprofiteerd" if ring["high"] < 0 else "niet aangetoond"
    return Evaluation(
        verdict=verdict, reasons=reasons, criterion_met="niet te zeggen" if reasons else met,
        displacement=moved if "treated_ring" in counts.index else "niet gemeten", counts=counts, effect=effect,
        treated_only=alone, series=_series(incidents, plan, day, place), plan=plan,
    )  # fmt: skip


def _objections(incidents: gpd.GeoDataFrame, plan: OperationPlan, counts: pd.DataFrame) -> tuple[str, ...]:
    union = {role: shapely.union_all(shapes.geometry.array) for role, shapes in plan.areas.groupby("role")}
    last = pd.Timestamp(plan.during[1]) - pd.Timedelta(days=LAG_DAYS)
    seen = incidents["start"].max()
    tests = {
        "plan_after_start": plan.written_on >= plan.during[0],
        "controls_overlap": union["treated"].intersection(union["control"]).area > 1,
        "periods_overlap": plan.before[1] >= plan.during[0],
        "data_end_early": pd.isna(seen) or seen.tz_localize(None) < last,
        "no_incidents": counts.loc[["treated", "control"]].to_numpy().sum() == 0,
    }
    return tuple(code for code, true in tests.items() if true)


def _span(given: tuple[str, str], name: str) -> Span:
    try:
        first, last = (pd.Timestamp(each).date() for each in given)
    except (ValueError, TypeError):
        first, last = date.max, date.min
    if first > last:
        raise InputError(f"{name} must be its first and last day", repr(given), 'write ("2024-10-01", "2024-12-31")')
    return first, last


def _all_areas(areas: gpd.GeoDataFrame, controls: gpd.GeoDataFrame, ring_m: float) -> gpd.GeoDataFrame:
    """Treated areas, controls and the cells around both, none of which overlap."""
    import geopandas as gpd

    crs = metric_crs(areas, "areas")
    if metric_crs(controls, "controls") != crs:
        raise InputError("controls must be in the CRS of the areas", controls.crs.name, "transform them first")
    if not len(areas) or not len(controls):
        raise InputError("there must be treated areas and controls", f"{len(areas)} and {len(controls)}", "choose some")
    treated, control = (shapely.union_all(np.asarray(each.geometry.array)) for each in (areas, controls))
    overlap = treated.intersection(control).area
    if overlap > 1:
        raise InputError(
            "control areas must not overlap treated areas", f"an overlap of {overlap / 1e4:.2f} hectares",
            "choose controls with hicgeo.matched_controls from areas that are not treated",
        )  # fmt: skip
    rows = [("treated", str(label), shape) for label, shape in areas.geometry.items()]
    rows += [("control", str(label), shape) for label, shape in controls.geometry.items()]
    if ring_m > 0:
        ring = _ring(treated, ring_m, without=treated)
        if ring.intersection(control).area > 1:
            raise InputError(
                f"control areas must lie more than {ring_m:g} m from treated areas", "a control in their surroundings",
                "choose controls further away, or a smaller ring_m",
            )  # fmt: skip
        far = _ring(control, ring_m, without=shapely.union_all([treated, ring, control]))
        rows += [("treated_ring", "ring", ring), ("control_ring", "ring of controls", far)]
    return gpd.GeoDataFrame(
        {"role": [row[0] for row in rows]}, geometry=[row[2] for row in rows], crs=crs,
        index=pd.Index([f"{row[0]} {row[1]}" for row in rows], name="area", dtype="str"),
    )  # fmt: skip


def _ring(shape: shapely.Geometry, width: float, *, without: shapely.Geometry) -> shapely.Geometry:
    """Union of the cells whose centre lies within `width` metres of a shape, not in `without`."""
    west, south, east, north = shape.bounds
    reach = width + CELL_M
    column = np.arange(np.floor((west - reach) / CELL_M), np.ceil((east + reach) / CELL_M)) * CELL_M
    row = np.arange(np.floor((south - reach) / CELL_M), np.ceil((north + reach) / CELL_M)) * CELL_M
    x, y = (each.ravel() for each in np.meshgrid(column, row))
    near = shapely.buffer(shape, width)
    shapely.prepare(near)
    shapely.prepare(without)
    half = CELL_M / 2
    kept = shapely.contains_xy(near, x + half, y + half) & ~shapely.intersects_xy(without, x + half, y + half)
    return shapely.union_all(shapely.box(x[kept], y[kept], x[kept] + CELL_M, y[kept] + CELL_M))


def _located(
    incidents: gpd.GeoDataFrame, crime_type: str, table: gpd.GeoDataFrame
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.intp]]:
    """Day of each incident of the type, and the position of its area (-1 for none)."""
    if "crime_type" not in incidents:
        raise ColumnError(
            "incidents must have the column crime_type", "no such column", "read them with hicgeo.read_incidents"
        )
    chosen = incidents[(incidents["crime_type"] == crime_type).to_numpy()]
    events = events_of(chosen, date="middle", max_window=MAX_WINDOW, precise_m=CELL_M, least=0)
    place = np.full(len(events.day), -1)
    # The first area counts a point on a shared border; treated areas come first.
    order = np.argsort([ROLES.index(role) for role in table["role"]], kind="stable")
    for position in order:
        shape = table.geometry.iloc[position]
        shapely.prepare(shape)
        place[(place < 0) & shapely.intersects_xy(shape, *events.xy.T)] = position
    return events.day, place


def _within(day: npt.NDArray[np.int64], span: Span) -> npt.NDArray[np.bool_]:
    first, last = (np.datetime64(each, "D").astype(np.int64) for each in span)
    return (day >= first) & (day <= last)


def _per_role(table: gpd.GeoDataFrame, place: npt.NDArray[np.intp]) -> pd.Series[float]:
    """Incidents per role, 0 where there are none."""
    counted = np.bincount(place[place >= 0], minlength=len(table))
    roles = [role for role in ROLES if (table["role"] == role).any()]
    numbers = [float(counted[(table["role"] == role).to_numpy()].sum()) for role in roles]
    return pd.Series(numbers, index=pd.Index(roles, name="role"), name="incidents")


def _dispersion(day: npt.NDArray[np.int64], place: npt.NDArray[np.intp], span: Span, areas: int) -> float:
    """Variance over mean of monthly counts per area around area and month, at least 1."""
    month = day.astype("datetime64[D]").astype("datetime64[M]").astype(np.int64)
    kept = _within(day, span) & (place >= 0)
    first, last = (np.datetime64(each, "M").astype(np.int64) for each in span)
    table = np.zeros((areas, last - first + 1))
    np.add.at(table, (place[kept], month[kept] - first), 1)
    found = two_way_dispersion(table)
    return 1.0 if np.isnan(found) else max(1.0, found)


def _series(
    incidents: gpd.GeoDataFrame, plan: OperationPlan, day: npt.NDArray[np.int64], place: npt.NDArray[np.intp]
) -> InterruptedSeries:
    """Step in the monthly incidents of the treated areas, from the first whole month of the data.

    The month in which the operation starts counts as operation, the one in which it ends only when it is whole.
    """
    treated = np.isin(place, np.flatnonzero((plan.areas["role"] == "treated").to_numpy()))
    start = pd.Period(plan.during[0], "M")
    last = max(start, pd.Period(plan.during[1] + timedelta(days=1), "M") - 1)
    seen = incidents["start"].min()
    first = start if pd.isna(seen) else min(start, pd.Period(seen.tz_localize(None), "M") + 1)
    months = pd.period_range(first, last, freq="M")
    month = day[treated].astype("datetime64[D]").astype("datetime64[M]").astype(np.int64) - first.ordinal
    counted = np.bincount(month[(month >= 0) & (month < len(months))], minlength=len(months))
    return interrupted_series(pd.Series(counted.astype(float), index=months), start=str(start), level=plan.level)
