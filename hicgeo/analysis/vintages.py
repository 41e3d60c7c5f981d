"""From the neighbourhoods of one year to those of another: which are the same ground, and how counts move over."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np
import pandas as pd
import shapely

from hicgeo.analysis.join import NeighbourhoodIndex, unique_codes
from hicgeo.errors import AlignmentError, ColumnError, CrsError, InputError
from hicgeo.schema import COUNT_STATUS, metric_crs

if TYPE_CHECKING:
    import geopandas as gpd

TOLERANCE = 0.05
"""Share of an area under which a piece is drawing noise: borders are no better than 10 to 50 m."""

KINDS = ("same", "recoded", "changed", "gone")


@dataclass(frozen=True)
class Crosswalk:
    """How the areas of an old year lie in those of a new one.

    Attributes
    ----------
    shares
        On (`old`, `new`): `share` of the old area's incidents that go to the new one, adding up to 1 per old area;
        `share_old` and `share_new`, of the ground of either; and `area_ha`.
    codes
        On the old code: `kind` ("same": code and ground; "recoded": the ground has another code; "changed": the border
        moved; "gone": most of it lies in no new area), `new`: in how many new areas, `outside`: share of its ground in
        none, and `by`: "dwellings", or "area" where there was no dwelling to go by.
    by
        What the shares are of: "area" or "dwellings".
    """

    shares: pd.DataFrame
    codes: pd.DataFrame
    by: str

    @property
    def moved(self) -> pd.Index:
        """Codes, old or new, that do not stand for the same ground in both years: not to be compared by code."""
        whole = self.codes.index[self.codes["kind"] == "same"]
        return self.codes.index.union(self.shares.index.get_level_values("new")).difference(whole).rename("code")

    def apply(self, counts: pd.DataFrame, *, absent: Literal["missing", "zero"] = "missing") -> pd.DataFrame:
        """Bring counts on the old areas to the new ones.

        Parameters
        ----------
        counts
            Count table on old codes.
        absent
            What an old area is that the counts do not have at all: "missing" leaves the new areas that it is part of
            without figures, "zero" says that nothing was registered there.

        Returns
        -------
        counts
            Count table on new codes, with fractions where an area was divided. A month is missing as soon as it is
            for one of the old areas that make up a new one. `attrs`: `crosswalk` ("area" or "dwellings"),
            `split_incidents` (share of the incidents in old areas that were divided), `gone_incidents` (number in
            areas that lie in no new one) and `hidden_incidents` (number in new areas without figures): these two are
            in no row.

        Raises
        ------
        AlignmentError
            The counts have codes that the crosswalk does not know.
        InputError
            `absent` is no known policy.

        Notes
        -----
        Rows, gone and hidden add up to the total. What is divided is divided as ground or dwellings lie, not as the
        incidents did: no more is known. O(shares x types x months).
        """
        if absent not in ("missing", "zero"):
            raise InputError("absent must be a known policy", repr(absent), 'take "missing" or "zero"')
        code = counts.index.get_level_values("code")
        unknown = ~code.isin(self.codes.index)
        if unknown.any():
            raise AlignmentError(
                "every code of the counts must be an area of the old year",
                f"{code[unknown].nunique()} are not (first: {code[unknown][0]})",
                "give the boundaries of the year of the counts as the old ones",
            )
        wide = counts["incidents"].unstack(["crime_type", "month"])
        new = self.shares.index.get_level_values("new").unique().sort_values()
        weights = self.shares["share"].unstack("new").reindex(index=wide.index, columns=new).fillna(0.0).to_numpy()
        values = wide.to_numpy(float)
        moved = weights.T @ np.nan_to_num(values)
        missing = ((weights.T > 0).astype(float) @ np.isnan(values)) > 0
        if absent == "missing":
            lacking = ~self.shares.index.get_level_values("old").isin(wide.index)
            missing |= new.isin(self.shares.index.get_level_values("new")[lacking])[:, None]
        hidden = float(moved[missing].sum())
        moved[missing] = np.nan
        out = pd.DataFrame(moved, index=new.rename("code"), columns=wide.columns)
        table = out.stack(["crime_type", "month"], future_stack=True).rename("incidents").to_frame()
        provisional = counts["status"].eq("provisional").groupby(["crime_type", "month"], observed=True).any()
        late = provisional.reindex(table.index.droplevel("code")).fillna(value=False).to_numpy(bool)
        table["status"] = pd.Categorical(
            np.where(table["incidents"].isna(), "missing", np.where(late, "provisional", "final")),
            categories=list(COUNT_STATUS),
        )
        total = counts["incidents"].groupby(level="code").sum()
        divided = self.codes.index[self.codes["new"] > 1]
        gone = self.codes.index[self.codes["new"] == 0]
        everything = float(total.sum())
        table.attrs = dict(counts.attrs) | {
            "crosswalk": self.by,
            "split_incidents": float(total[total.index.isin(divided)].sum()) / everything if everything else 0.0,
            "gone_incidents": float(total[total.index.isin(gone)].sum()),
            "hidden_incidents": hidden,
        }
        return table

    def to_frame(self) -> pd.DataFrame:
        """One row per kind: how many old areas."""
        return self.codes["kind"].value_counts().reindex(list(KINDS), fill_value=0).rename("codes").to_frame()

    def _repr_html_(self) -> str:
        return self.to_frame().to_html()


def crosswalk(
    old: gpd.GeoDataFrame,
    new: gpd.GeoDataFrame,
    *,
    by: Literal["area", "dwellings"],
    dwellings: gpd.GeoDataFrame | None = None,
    tolerance: float = TOLERANCE,
) -> Crosswalk:
    """Lay the neighbourhoods of an old year over those of a new one.

    Parameters
    ----------
    old, new
        Polygons in one projected CRS, indexed by unique code. A code may mean other ground in the other year.
    by
        Divide an old area as its ground ("area") or its dwellings ("dwellings") lie in the new ones.
    dwellings
        Points; needed for "dwellings". A column `dwellings` says how many each stands for, else 1.
    tolerance
        Share of both areas under which what they have in common is drawing noise, and is left out.

    Returns
    -------
    crosswalk
        `shares`, `codes`, and `apply` for a count table.

    Raises
    ------
    CrsError
        A CRS is missing or geographic, or they differ.
    AlignmentError
        A code occurs twice.
    ColumnError
        Dwellings are asked for and not given.
    InputError
        A geometry is missing or invalid, `by` is unknown, or `tolerance` is no share.

    Notes
    -----
    The part of an old area outside every new one is divided as the rest of it; an area of which most lies outside is
    "gone" and goes nowhere. Whether an area is the same is decided by its ground, never by its code. O(pairs that
    touch x vertices + dwellings).

    Examples
    --------
    >>> import geopandas as gpd
    >>> from shapely.geometry import box
    >>> before = gpd.GeoDataFrame(index=["WK990101", "WK990102"],
    ...     geometry=[box(0, 0, 100, 100), box(100, 0, 200, 100)], crs="EPSG:28992")
    >>> after = gpd.GeoDataFrame(index=["WK990102", "WK990103", "WK990104"],
    ...     geometry=[box(0, 0, 100, 100), box(100, 0, 175, 100), box(175, 0, 200, 100)], crs="EPSG:28992")
    >>> crosswalk(before, after, by="area").codes["kind"].to_dict()
    {'WK990101': 'recoded', 'WK990102': 'changed'}
    """
    if by not in ("area", "dwellings"):
        raise InputError("by must say what to divide by", repr(by), 'take "area" or "dwellings"')
    if not 0 <= tolerance < 0.5:
        raise InputError("tolerance must be a share under one half", f"{tolerance}", f"take {TOLERANCE:g}")
    if by == "dwellings" and dwellings is None:
        raise ColumnError("dividing by dwellings needs where they are", "none", 'give points, or choose by="area"')
    crs = metric_crs(old, "old neighbourhoods")
    given = [(old, "old"), (new, "new")] + ([(dwellings, "dwellings")] if dwellings is not None else [])
    for table, what in given:
        if metric_crs(table, what) != crs:
            raise CrsError("all must be in one CRS", f"{what} in {table.crs.name}", f"transform: to_crs({crs.name!r})")
    for table, what in given[:2]:
        unique_codes(table)
        bad = table.geometry.isna() | table.geometry.is_empty | ~table.geometry.is_valid
        if bad.any():
            raise InputError(
                f"every {what} area must have a valid geometry",
                f"{bad.sum()} have not (first: {table.index[bad.to_numpy()][0]})",
                "repair them first: shapely.make_valid, and look at what it did",
            )
    pairs = _pieces(old, new)
    kept = pairs[(pairs["share_old"] >= tolerance) | (pairs["share_new"] >= tolerance)]
    inside = pairs["share_old"].groupby("old").sum().reindex(old.index, fill_value=0.0)
    gone = inside.index[inside < 0.5]
    kept = kept[~kept.index.isin(gone, level="old")]
    share, used = kept["share_old"], pd.Series("area", old.index)
    if by == "dwellings" and dwellings is not None:
        homes = _homes(dwellings, old, new).reindex(kept.index, fill_value=0.0)
        lived = homes.groupby("old").transform("sum") > 0
        share = homes.where(lived, share)
        used.loc[kept.index.get_level_values("old")[lived].unique()] = "dwellings"
    share = share / share.groupby("old").transform("sum")
    shares = kept.assign(share=share)[["share", "share_old", "share_new", "area_ha"]]
    shares = shares[shares["share"] > 0] if by == "dwellings" else shares
    return Crosswalk(shares=shares, codes=_kinds(old.index, shares, kept, inside, used, tolerance), by=by)


def _pieces(old: gpd.GeoDataFrame, new: gpd.GeoDataFrame) -> pd.DataFrame:
    """What each pair of an old and a new area have in common, on (old, new)."""
    before, after = np.asarray(old.geometry.array), np.asarray(new.geometry.array)
    first, second = shapely.STRtree(after).query(before, predicate="intersects")
    area = shapely.area(shapely.intersection(before[first], after[second]))
    index = pd.MultiIndex.from_arrays([old.index[first], new.index[second]], names=["old", "new"])
    table = pd.DataFrame(
        {
            "share_old": area / shapely.area(before)[first],
            "share_new": area / shapely.area(after)[second],
            "area_ha": area / 1e4,
        },
        index=index,
    )
    return table[table["area_ha"] > 0].sort_index()


def _homes(dwellings: gpd.GeoDataFrame, old: gpd.GeoDataFrame, new: gpd.GeoDataFrame) -> pd.Series:
    """Dwellings per pair of an old and a new area."""
    number = dwellings["dwellings"].to_numpy(float) if "dwellings" in dwellings else np.ones(len(dwellings))
    sides = [NeighbourhoodIndex(each, overlaps="smallest").claim(dwellings)["code"].to_numpy() for each in (old, new)]
    table = pd.DataFrame({"old": sides[0], "new": sides[1], "n": number}).dropna()
    return table.groupby(["old", "new"])["n"].sum()


def _kinds(
    old: pd.Index,
    shares: pd.DataFrame,
    kept: pd.DataFrame,
    inside: pd.Series,
    used: pd.Series,
    tolerance: float,
) -> pd.DataFrame:
    """Kind of every old area: what became of its ground."""
    whole = kept[(kept["share_old"] >= 1 - tolerance) & (kept["share_new"] >= 1 - tolerance)]
    successor = pd.Series(whole.index.get_level_values("new"), whole.index.get_level_values("old"))
    code = old.to_series()
    heir = successor.reindex(old)
    into = shares.groupby("old").size().reindex(old, fill_value=0)
    kind = np.select([into == 0, heir.notna() & (heir == code), heir.notna()], ["gone", "same", "recoded"], "changed")
    return pd.DataFrame(
        {
            "kind": pd.Categorical(kind, categories=list(KINDS)),
            "new": into.to_numpy(),
            "outside": (1 - inside).clip(0, 1).to_numpy(),
            "by": used.to_numpy(),
        },
        index=old.rename("old"),
    )
