"""Direct victims: how many incidents had a confrontation with violence or a threat of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from scipy import stats

from hicgeo.errors import AlignmentError, ColumnError

if TYPE_CHECKING:
    import geopandas as gpd


def direct_victims(incidents: gpd.GeoDataFrame, assignment: pd.DataFrame, *, crime_type: str) -> pd.DataFrame:
    """Share of the incidents with a direct victim, per neighbourhood.

    Parameters
    ----------
    incidents
        Incident table; `direct_victim` is true, false or not known.
    assignment
        Answer of `assign_neighbourhoods` for exactly these incidents.
    crime_type
        The type to look at.

    Returns
    -------
    victims
        On `code`: `incidents`, `known` (of how many it is known), `direct`, `share` (of the known), `share_low` and
        `share_high` (exact 95 % interval, NaN where nothing is known). Incidents without a neighbourhood are left out;
        `attrs` has their number (`without_code`).

    Raises
    ------
    ColumnError
        The incidents lack `crime_type` or `direct_victim`.
    AlignmentError
        The assignment is not of these incidents.

    Notes
    -----
    Direct victim: confronted with the offender, and violence or a threat of it. Where an export says nothing of
    confrontation the share is of what is known, and no more. O(incidents).

    References
    ----------
    Clopper, C. J. and Pearson, E. S. (1934). The use of confidence or fiducial limits. doi:10.1093/biomet/26.4.404
    """
    for column in ("crime_type", "direct_victim"):
        if column not in incidents:
            raise ColumnError(
                f"incidents must have a column {column!r}", "no such column", "read them with hicgeo.read_incidents"
            )
    if not assignment.index.equals(incidents.index):
        raise AlignmentError(
            "the assignment must be of these incidents, row for row",
            f"{len(assignment)} rows against {len(incidents)}, with another index",
            "call assign_neighbourhoods with the same incident table",
        )
    chosen = (incidents["crime_type"] == crime_type).to_numpy()
    code, direct = assignment["code"][chosen], incidents["direct_victim"][chosen]
    grouped = pd.DataFrame({"code": code, "known": direct.notna(), "direct": direct.fillna(value=False).astype(bool)})
    by_code = grouped.dropna(subset="code").groupby("code")
    out = by_code[["known", "direct"]].sum().astype("int64")
    out.insert(0, "incidents", by_code.size())
    k, n = out["direct"].to_numpy(float), out["known"].to_numpy(float)
    with np.errstate(divide="ignore", invalid="ignore"):
        out["share"] = k / n
        low = np.where(k > 0, stats.beta.ppf(0.025, np.where(k > 0, k, 1), n - k + 1), 0.0)
        high = np.where(k < n, stats.beta.ppf(0.975, k + 1, np.where(k < n, n - k, 1)), 1.0)
    out["share_low"], out["share_high"] = np.where(n > 0, low, np.nan), np.where(n > 0, high, np.nan)
    out.attrs = {"crime_type": crime_type, "without_code": int(code.isna().sum())}
    return out
