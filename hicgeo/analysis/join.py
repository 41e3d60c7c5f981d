"""Where: every incident to one neighbourhood, and neighbourhoods to a count per month."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np
import numpy.typing as npt
import pandas as pd
import shapely

from hicgeo.analysis.timing import Period, aoristic, months, seconds
from hicgeo.errors import AlignmentError, ColumnError, CrsError, InputError
from hicgeo.schema import ASSIGNMENT_STATUS, COUNT_STATUS, LEVELS, TIME_ZONE, metric_crs, xy

if TYPE_CHECKING:
    import geopandas as gpd

OVERLAP_M2 = 1.0
"""Neighbourhoods may overlap by this much: digitising noise, not a second claim on the same ground."""

UNMATCHED = 0.01
"""Share of incidents or dwellings that may stay unmatched before a join by code is refused."""


def assign_neighbourhoods(
    incidents: gpd.GeoDataFrame,
    neighbourhoods: gpd.GeoDataFrame,
    *,
    max_distance: float = 0.0,
    overlaps: Literal["raise", "smallest"] = "raise",
) -> pd.DataFrame:
    """Give every incident exactly one status and at most one neighbourhood.

    Parameters
    ----------
    incidents
        Points in a projected CRS; empty geometry means that the place is not known.
    neighbourhoods
        Polygons in the same CRS, indexed by unique code.
    max_distance
        Metres within which an incident outside every neighbourhood is given to the nearest one.
    overlaps
        What to do with neighbourhoods that overlap by more than 1 m2: "raise", or "smallest" (the
        smallest of those that hold the incident, being the most specific).

    Returns
    -------
    assignment
        On the incidents' index: `code` (missing when outside or unlocated), `status` (inside,
        snapped, outside, unlocated) and `border_m`, metres to the nearest border of any
        neighbourhood (missing when unlocated). The four statuses add up to all incidents.

    Raises
    ------
    CrsError
        A CRS is missing, geographic, or not the same in both.
    AlignmentError
        A neighbourhood code occurs twice.
    InputError
        Neighbourhoods overlap, a geometry is missing, or an argument is out of range.

    Notes
    -----
    An incident on a shared border belongs to the neighbourhood whose code sorts first, so that the
    answer depends on neither row order, polygon order nor ring rotation. O((n + m) log m) for n
    incidents and m polygons, plus the border segments for `border_m`.

    Examples
    --------
    >>> import geopandas as gpd
    >>> from shapely.geometry import Point, box
    >>> areas = gpd.GeoDataFrame(index=["BU99010001", "BU99010002"],
    ...     geometry=[box(0, 0, 100, 100), box(100, 0, 200, 100)], crs="EPSG:28992")
    >>> points = gpd.GeoDataFrame(geometry=[Point(100, 50), Point(150, 10), Point(300, 50)], crs="EPSG:28992")
    >>> assign_neighbourhoods(points, areas)
             code  status  border_m
    0  BU99010001  inside       0.0
    1  BU99010002  inside      10.0
    2         NaN outside     100.0
    """
    claimed = claim(incidents, neighbourhoods, max_distance=max_distance, overlaps=overlaps)
    points = np.asarray(incidents.geometry.array)
    located = claimed["status"].ne("unlocated").to_numpy()
    border = np.full(len(incidents), np.nan)
    border[located] = _border_distance(points[located], np.asarray(neighbourhoods.geometry.array))
    return claimed.assign(border_m=border)


def claim(
    incidents: gpd.GeoDataFrame,
    neighbourhoods: gpd.GeoDataFrame,
    *,
    max_distance: float = 0.0,
    overlaps: Literal["raise", "smallest"] = "raise",
) -> pd.DataFrame:
    """Give every incident its status and its neighbourhood, without the distance to a border, which is half the work.

    Parameters
    ----------
    incidents, neighbourhoods, max_distance, overlaps
        As `assign_neighbourhoods` takes them.

    Returns
    -------
    claimed
        On the incidents' index: `code` and `status`, as of `assign_neighbourhoods`.

    Raises
    ------
    CrsError
        A CRS is missing, geographic, or not the same in both.
    AlignmentError
        A neighbourhood code occurs twice.
    InputError
        Neighbourhoods overlap, a geometry is missing, or an argument is out of range.
    """
    if metric_crs(incidents, "incidents") != metric_crs(neighbourhoods, "neighbourhoods"):
        raise CrsError(
            "incidents and neighbourhoods must be in the same CRS",
            f"{incidents.crs.name} and {neighbourhoods.crs.name}",
            "transform the incidents: incidents.to_crs(neighbourhoods.crs)",
        )
    if overlaps not in ("raise", "smallest"):
        raise InputError("overlaps must be a known policy", repr(overlaps), 'take "raise" or "smallest"')
    if not (np.isfinite(max_distance) and max_distance >= 0):
        raise InputError("max_distance must be 0 metres or more", f"{max_distance}", "give a length such as 1.0")
    areas = _in_order_of_claim(neighbourhoods, overlaps)
    polygons = np.asarray(areas.geometry.array)
    coordinates = xy(incidents, "incidents")
    located = np.flatnonzero(~np.isnan(coordinates).any(axis=1))
    points = np.asarray(incidents.geometry.array)[located]

    tree = shapely.STRtree(polygons)
    # Numbers of the polygons are their order of claim, so the smallest number wins every tie.
    nobody = len(polygons)
    owner = np.full(len(located), nobody)
    point, polygon = tree.query(points, predicate="intersects")
    np.minimum.at(owner, point, polygon)
    status = np.full(len(incidents), "unlocated", dtype=object)
    status[located] = np.where(owner < nobody, "inside", "outside")

    lost = np.flatnonzero(owner == nobody)
    if max_distance > 0 and len(lost) and nobody:
        point, polygon = tree.query_nearest(points[lost], max_distance=max_distance, all_matches=True)
        np.minimum.at(owner, lost[point], polygon)
        status[located[lost[owner[lost] < nobody]]] = "snapped"

    code = np.full(len(incidents), None, dtype=object)
    code[located] = np.append(areas.index.to_numpy(object), [None])[owner]
    return pd.DataFrame(
        {
            "code": pd.array(code, dtype="str"),
            "status": pd.Categorical(status, categories=list(ASSIGNMENT_STATUS)),
        },
        index=incidents.index,
    )


def _in_order_of_claim(neighbourhoods: gpd.GeoDataFrame, overlaps: str) -> gpd.GeoDataFrame:
    """Neighbourhoods sorted so that the first that holds a point owns it; refuses what would be ambiguous."""
    _unique_codes(neighbourhoods)
    areas = neighbourhoods.sort_index(kind="stable")
    polygons = np.asarray(areas.geometry.array)
    missing = shapely.is_missing(polygons) | shapely.is_empty(polygons)
    if missing.any():
        raise InputError(
            "every neighbourhood must have a geometry",
            f"{missing.sum()} without one (first: {areas.index[int(np.argmax(missing))]})",
            "drop them, or read the boundaries of the right year",
        )
    if overlaps == "smallest":
        return areas.iloc[np.argsort(shapely.area(polygons), kind="stable")]
    if not shapely.coverage_is_valid(polygons):
        first, second = shapely.STRtree(polygons).query(polygons, predicate="intersects")
        first, second = first[first < second], second[first < second]
        shared = shapely.area(shapely.intersection(polygons[first], polygons[second]))
        over = np.flatnonzero(shared > OVERLAP_M2)
        if len(over):
            raise InputError(
                f"neighbourhoods must not overlap by more than {OVERLAP_M2:g} m2",
                f"{len(over)} pairs (first: {areas.index[first[over[0]]]} and {areas.index[second[over[0]]]}, "
                f"{shared[over[0]]:.0f} m2)",
                'take boundaries of one level and one year, or choose overlaps="smallest"',
            )
    return areas


def _unique_codes(neighbourhoods: pd.DataFrame) -> None:
    twice = neighbourhoods.index.duplicated()
    if twice.any():
        raise AlignmentError(
            "every neighbourhood code must occur once",
            f"{twice.sum()} rows repeat a code (first: {neighbourhoods.index[int(np.argmax(twice))]})",
            "dissolve the parts first: neighbourhoods.dissolve(level=0)",
        )


def _border_distance(points: npt.NDArray[np.object_], polygons: npt.NDArray[np.object_]) -> npt.NDArray[np.float64]:
    """Metres from each point to the nearest border segment."""
    if len(points) == 0 or len(polygons) == 0:
        return np.full(len(points), np.nan)
    rings = shapely.get_rings(shapely.get_parts(polygons))
    vertices, ring = shapely.get_coordinates(rings, return_index=True)
    within = ring[:-1] == ring[1:]
    segments = shapely.linestrings(np.stack([vertices[:-1][within], vertices[1:][within]], axis=1))
    _, distance = shapely.STRtree(segments).query_nearest(points, return_distance=True, all_matches=False)
    return np.asarray(distance)


def count_incidents(
    incidents: gpd.GeoDataFrame,
    assignment: pd.DataFrame,
    neighbourhoods: gpd.GeoDataFrame,
    *,
    date: Literal["start", "end", "aoristic"],
    period: Period,
) -> pd.DataFrame:
    """Count incidents per neighbourhood, crime type and month.

    Parameters
    ----------
    incidents
        Incident table.
    assignment
        Answer of `assign_neighbourhoods` for exactly these incidents.
    neighbourhoods
        Neighbourhood table; every code gets a row for every type and month.
    date
        How an incident is dated: by the "start" or the "end" of its window, or spread over it ("aoristic").
    period
        The months that the export covers, first and last: what lies within is counted, and 0 there
        means that nothing was registered.

    Returns
    -------
    counts
        Count table on (`code`, `crime_type`, `month`). `attrs` is a ledger: `counted`, `outside`,
        `unlocated` and `out_of_period` add up to `incidents`; with `date` and `period`.

    Raises
    ------
    AlignmentError
        The assignment is not of these incidents, speaks of codes that the neighbourhoods lack, or a code occurs twice.
    ColumnError
        A column is missing.
    InputError
        `date` or `period` cannot be read.

    Notes
    -----
    Incidents that lie outside every neighbourhood or have no known place are in no row; the ledger
    says how many. O(incidents + codes x types x months); "aoristic" also O(hours in all windows).
    """
    if not assignment.index.equals(incidents.index):
        raise AlignmentError(
            "the assignment must be of these incidents, row for row",
            f"{len(assignment)} rows against {len(incidents)}, with another index",
            "call assign_neighbourhoods with the same incident table",
        )
    _unique_codes(neighbourhoods)
    strange = ~(assignment["code"].isna() | assignment["code"].isin(neighbourhoods.index))
    if strange.any():
        raise AlignmentError(
            "every assigned code must be one of the neighbourhoods",
            f"{strange.sum()} incidents have another code (first: {assignment['code'][strange].iloc[0]})",
            "assign and count with the same neighbourhood table",
        )
    if date not in ("start", "end", "aoristic"):
        raise InputError("date must say how incidents are dated", repr(date), 'take "start", "end" or "aoristic"')
    if "crime_type" not in incidents:
        raise ColumnError(
            "incidents must have a column 'crime_type'", "no such column", "read them with hicgeo.read_incidents"
        )
    covered = months(period)
    type_of = incidents["crime_type"].astype("category")
    codes, types = neighbourhoods.index.sort_values(), type_of.cat.categories.sort_values()

    placed = assignment["code"].notna().to_numpy()
    row = codes.get_indexer(assignment["code"][placed]) * len(types) + types.get_indexer(type_of[placed])
    cube = np.zeros((len(codes) * len(types), len(covered)))
    if date == "aoristic":
        within = aoristic(incidents, by="month", max_window=None).reindex(columns=covered, fill_value=0.0).to_numpy()
        np.add.at(cube, row, within[placed])
        inside_period = within.sum(axis=1)
    else:
        moment = pd.DatetimeIndex(seconds(incidents, date).astype("datetime64[s]")).tz_localize("UTC")
        month = covered.get_indexer(moment.tz_convert(TIME_ZONE).tz_localize(None).to_period("M"))
        inside_period = (month >= 0).astype(float)
        here = month[placed] >= 0
        cell = row[here] * len(covered) + month[placed][here]
        cube += np.bincount(cell, minlength=cube.size).reshape(cube.shape)

    counts = pd.DataFrame(
        {"incidents": cube.ravel(), "status": _status(np.full(cube.size, "final"))},
        index=pd.MultiIndex.from_product(
            [codes.astype("str"), types.astype("str"), covered], names=["code", "crime_type", "month"]
        ),
    )
    located = assignment["status"].ne("unlocated").to_numpy()
    counts.attrs = {
        "date": date,
        "period": (str(covered[0]), str(covered[-1])),
        "incidents": len(incidents),
        "counted": float(inside_period[placed].sum()),
        "outside": float(inside_period[located & ~placed].sum()),
        "unlocated": float(inside_period[~located].sum()),
        "out_of_period": float(len(incidents) - inside_period.sum()),
    }
    return counts


def _status(values: npt.NDArray[np.object_]) -> pd.Categorical:
    return pd.Categorical(values, categories=list(COUNT_STATUS))


def roll_up(counts: pd.DataFrame, to: str | pd.Series) -> pd.DataFrame:
    """Add up a count table to larger areas.

    Parameters
    ----------
    counts
        Count table.
    to
        "wijk", "gemeente" (by the structure of the CBS code), "region" (everything, code "region"),
        or a Series from code to group: police districts, teams.

    Returns
    -------
    counts
        Count table on the codes of the larger areas. A month is missing for a group as soon as it is
        missing for one of its members: a part is not a total.

    Raises
    ------
    InputError
        `to` is unknown, or a code is not at a finer level than asked.
    AlignmentError
        The Series has no group for a code.

    Notes
    -----
    O(rows).

    Examples
    --------
    >>> import pandas as pd
    >>> index = pd.MultiIndex.from_tuples(
    ...     [("BU99010101", "overval", pd.Period("2024-01")), ("BU99010102", "overval", pd.Period("2024-01"))],
    ...     names=["code", "crime_type", "month"])
    >>> parts = pd.DataFrame({"incidents": [2.0, 3.0], "status": "final"}, index=index)
    >>> roll_up(parts, "wijk")["incidents"].to_dict()
    {('WK990101', 'overval', Period('2024-01', 'M')): 5.0}
    """
    code = counts.index.get_level_values("code")
    if isinstance(to, pd.Series):
        missing = ~code.isin(to.dropna().index)
        if missing.any():
            raise AlignmentError(
                "every code of the counts must have a group",
                f"{code[missing].nunique()} codes have none (first: {code[missing][0]})",
                "complete the table from code to group",
            )
        group = to.reindex(code).to_numpy()
    elif to == "region":
        group = np.full(len(code), "region")
    else:
        group = parent_codes(code, to).to_numpy()
    keys = [
        pd.Index(group, name="code"),
        counts.index.get_level_values("crime_type"),
        counts.index.get_level_values("month"),
    ]
    incidents = counts["incidents"].groupby(keys, observed=True).sum(skipna=False)
    provisional = counts["status"].eq("provisional").groupby(keys, observed=True).any()
    status = np.where(incidents.isna(), "missing", np.where(provisional, "provisional", "final"))
    out = pd.DataFrame(
        {
            "incidents": incidents,
            "status": _status(status),
        }
    )
    out.attrs = dict(counts.attrs)
    return out


def parent_codes(codes: pd.Index, level: str) -> pd.Series:
    """Code of the wijk or gemeente that each CBS code belongs to.

    Parameters
    ----------
    codes
        CBS codes of buurten, wijken or gemeenten.
    level
        "wijk" or "gemeente"; "buurt" gives the codes themselves.

    Returns
    -------
    parents
        Text, one per code, in their order.

    Raises
    ------
    InputError
        `level` is unknown, or a code is coarser than it.

    Examples
    --------
    >>> import pandas as pd
    >>> parent_codes(pd.Index(["BU0363AD03", "WK036301"]), "gemeente").tolist()
    ['GM0363', 'GM0363']
    """
    if level not in LEVELS:
        raise InputError("level must be known", repr(level), f"one of {', '.join(LEVELS)}")
    rank = {"BU": 0, "WK": 1, "GM": 2}
    text = pd.Series(codes.astype("str"), dtype="str")
    finest = text.str[:2].map(rank)
    target = LEVELS.index(level)
    coarse = finest.isna() | (finest > target)
    if coarse.any():
        raise InputError(
            f"codes must be CBS codes at the level of the {level} or finer",
            f"{coarse.sum()} others (first: {text[coarse].iloc[0]})",
            "give a Series from code to group instead",
        )
    return ["BU", "WK", "GM"][target] + text.str[2 : [10, 8, 6][target]]


@dataclass(frozen=True)
class CodeMatch:
    """Which counted codes have a neighbourhood, and which neighbourhoods have counts.

    Attributes
    ----------
    matched
        On the codes in both: `incidents` in the period, `base`.
    without_area
        Counted codes that no neighbourhood has: `incidents`.
    without_counts
        Neighbourhoods that the counts lack: `name`, `base`.
    base_name
        What `base` counts: dwellings, say.
    """

    matched: pd.DataFrame
    without_area: pd.DataFrame
    without_counts: pd.DataFrame
    base_name: str

    @property
    def share_incidents(self) -> float:
        """Share of the counted incidents whose code has no neighbourhood."""
        lost, kept = self.without_area["incidents"].sum(), self.matched["incidents"].sum()
        return float(lost / (lost + kept)) if lost + kept > 0 else 0.0

    @property
    def share_base(self) -> float:
        """Share of the base (dwellings, say) in neighbourhoods without counts."""
        lost, kept = self.without_counts["base"].sum(), self.matched["base"].sum()
        return float(lost / (lost + kept)) if lost + kept > 0 else 0.0

    def to_frame(self) -> pd.DataFrame:
        """One row per side: codes, incidents and base."""
        rows = {
            "matched": self.matched,
            "without_area": self.without_area.assign(base=np.nan),
            "without_counts": self.without_counts.assign(incidents=np.nan),
        }
        return pd.DataFrame(
            {
                side: {
                    "codes": len(t),
                    "incidents": t["incidents"].sum(min_count=1),
                    "base": t["base"].sum(min_count=1),
                }
                for side, t in rows.items()
            }
        ).T

    def _repr_html_(self) -> str:
        return self.to_frame().to_html(float_format="{:,.0f}".format, na_rep="")


def match_codes(
    counts: pd.DataFrame, neighbourhoods: gpd.GeoDataFrame, *, crime_type: str, period: Period, base: str
) -> CodeMatch:
    """Compare the codes of counts and neighbourhoods, measured in incidents and in dwellings.

    Parameters
    ----------
    counts
        Count table.
    neighbourhoods
        Neighbourhood table.
    crime_type
        The type whose incidents measure what is lost.
    period
        Months over which to add up.
    base
        Column of the neighbourhoods that measures the other side: "dwellings", "residents", "businesses".

    Returns
    -------
    match
        Three tables that together hold every code once. Totals in = totals out.

    Raises
    ------
    ColumnError
        The neighbourhoods lack the column `base`.
    InputError
        The counts lack the crime type, or `period` cannot be read.

    Notes
    -----
    A match by code is not a match of the ground: a code may have been given to another area since.
    O(codes x months).
    """
    total = incident_totals(counts, crime_type=crime_type, period=period)
    size = base_of(neighbourhoods, base)
    both = total.index.intersection(neighbourhoods.index)
    name = neighbourhoods["name"] if "name" in neighbourhoods else pd.Series(pd.NA, neighbourhoods.index)
    alone = neighbourhoods.index.difference(total.index)
    return CodeMatch(
        matched=pd.DataFrame({"incidents": total.reindex(both), "base": size.reindex(both)}),
        without_area=total.drop(both).rename("incidents").to_frame(),
        without_counts=pd.DataFrame({"name": name.reindex(alone), "base": size.reindex(alone)}),
        base_name=base,
    )


def month_table(counts: pd.DataFrame, crime_type: str) -> pd.DataFrame:
    """Counts of one type as codes x consecutive months, NaN where not published.

    Parameters
    ----------
    counts
        Count table.
    crime_type
        One of the types in it.

    Returns
    -------
    table
        Codes in order, every month from the first to the last in the counts.

    Raises
    ------
    InputError
        The type does not occur.
    """
    types = counts.index.get_level_values("crime_type")
    if crime_type not in types:
        raise InputError(
            "crime_type must occur in the counts", repr(crime_type), f"one of {', '.join(map(str, types.unique()))}"
        )
    wide = counts.loc[types == crime_type, "incidents"].droplevel("crime_type").unstack("month")
    every = pd.period_range(wide.columns.min(), wide.columns.max(), freq="M", name="month")
    return wide.reindex(columns=every)


def incident_totals(counts: pd.DataFrame, *, crime_type: str, period: Period) -> pd.Series:
    """Incidents per code over the months of the period that were published.

    Parameters
    ----------
    counts
        Count table.
    crime_type
        One of the types in it.
    period
        Months to add up.

    Returns
    -------
    incidents
        On code; NaN where no month of the period was published.

    Raises
    ------
    InputError
        The type does not occur, or `period` cannot be read.
    """
    return month_table(counts, crime_type).reindex(columns=months(period)).sum(axis="columns", min_count=1)


def base_of(neighbourhoods: pd.DataFrame, base: str) -> pd.Series:
    """Denominator per neighbourhood as float, NaN where it is not known.

    Parameters
    ----------
    neighbourhoods
        Neighbourhood table.
    base
        Name of the column.

    Returns
    -------
    base
        On the neighbourhoods' index.

    Raises
    ------
    ColumnError
        No such column.
    """
    if base not in neighbourhoods:
        raise ColumnError(
            f"neighbourhoods must have the column {base!r} to divide by",
            f"columns {', '.join(map(str, neighbourhoods.columns.drop('geometry', errors='ignore')))}",
            "take dwellings, households, residents or businesses, or map the column when reading",
        )
    return neighbourhoods[base].astype("Float64").astype("float64")
