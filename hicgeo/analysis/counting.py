"""Counts per neighbourhood and month: of incidents that have a neighbourhood, rolled up, and matched by code."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np
import numpy.typing as npt
import pandas as pd

from hicgeo.analysis.join import unique_codes
from hicgeo.analysis.timing import Period, aoristic, months, seconds
from hicgeo.errors import AlignmentError, ColumnError, InputError
from hicgeo.schema import COUNT_STATUS, LEVELS, TIME_ZONE

if TYPE_CHECKING:
    import geopandas as gpd

MIN_MONTHS = 24
"""Under two full years season and trend cannot be told apart."""

UNMATCHED = 0.01
"""Share of incidents or dwellings that may stay unmatched before a join by code is refused."""


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
    unique_codes(neighbourhoods)
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


def two_years(table: pd.DataFrame) -> None:
    """Refuse a seasonal claim from under two full years: season and trend cannot be told apart.

    Parameters
    ----------
    table
        Answer of `month_table`.

    Raises
    ------
    InputError
        No code has 24 published months.
    """
    longest = int(table.notna().sum(axis="columns").max()) if table.size else 0
    if longest < MIN_MONTHS:
        raise InputError(
            "a seasonal claim needs at least two full years of published months",
            f"{longest} months",
            "give counts over more years",
        )


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
