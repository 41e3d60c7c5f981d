"""What may leave the house: profiles, the gate that every export passes, and the audit of the finished bytes."""

from __future__ import annotations

import math
import os
from collections.abc import Hashable, Mapping
from typing import TYPE_CHECKING, Any, Literal, get_args

import numpy as np
import pandas as pd

from hicgeo.errors import DisclosureError, InputError
from hicgeo.output._audit import audit_bytes, audit_html, require_clean
from hicgeo.output._ledger import Handling, Ledger
from hicgeo.output._protect import NEUTRAL, THRESHOLD, Protected, protect, still_safe, unchecked
from hicgeo.output.catalogue import CATALOGUE
from hicgeo.output.language import Language, number, text
from hicgeo.schema import CODE_PATTERN, CRIME_TYPES

if TYPE_CHECKING:
    import geopandas as gpd
    import xarray as xr

__all__ = [
    "AGGREGATE_COLUMNS", "INCIDENT_COLUMNS", "LEAST", "LEAST_ADDRESSES", "MIN_CELL", "PROFILES", "THRESHOLD",
    "Handling", "Ledger", "Profile", "Protected", "audit_bytes", "audit_html", "check_places", "check_profile",
    "check_public", "claim", "floor", "populated", "protect", "release", "remarks", "require_clean", "shape_faults",
]  # fmt: skip

Profile = Literal["intern", "driehoek", "openbaar"]
PROFILES: tuple[Profile, ...] = get_args(Profile)

MIN_CELL = 100.0
"""Smallest cell, in metres, from which an outward shape may be built."""

LEAST_ADDRESSES = 8
"""Addresses that a shown cell must have, where addresses are given."""

PUBLIC_SHARE = 0.03
"""Of the area that outlines of cells on a public map may take; beyond a tenth counts of cells were narrowed down."""

LEAST = 5
"""Incidents that a shape which is no official area must hold to leave the house at all."""

HIDING = frozenset({"hidden"})
"""What the gate itself adds to a table."""

AGGREGATE_COLUMNS = frozenset({
    # areas
    "code", "name", "level", "municipality", "dwellings", "households", "residents", "businesses", "is_water",
    "vintage", "geometry", "areas",
    "neighbourhoods", "codes", "months_above_1.15",
    # counts and rates
    "crime_type", "month", "year", "week", "period", "incidents", "status", "base", "per", "coverage", "rate",
    "rate_low",
    "rate_high", "rate_eb", "norm", "p_above", "p_fdr", "state", "months", "reason", "records", "share", "column",
    "side", "base_name", "rate_local", "half", "low_95", "high_95", "low_998", "high_998", "known", "direct",
    # change, vintages and concentration
    "incidents_before", "difference", "incidents_year", "share_year", "share_expected", "share_low", "share_high",
    "years_above", "years_below", "last_state", "per_year", "per_year_low", "per_year_high", "old", "new", "share_old",
    "share_new", "outside", "by", "share_chance",
    # seasons
    "season", "ratio", "ratio_low", "ratio_high", "ratio_trend", "ratio_trend_low", "ratio_trend_high",
    "ratio_shrunk", "ratio_shrunk_low", "ratio_shrunk_high", "index_shrunk", "halves_agree", "low", "high",
    "last_season", "change", "method", "cells", "error", "gain", "gain_low", "gain_high", "gain_scaled",
    "gain_scaled_low", "gain_scaled_high", "width", "needed", "log_likelihood", "aoristic", "aoristic_low",
    "aoristic_high", "by_start", "by_middle", "by_end", "light", "effect", "hour_of_day", "day_of_week",
    "month_of_year", "area", "clustered", "share_season", "seasons", "incidents_dark", "incidents_light",
    "complete", "index", "index_low", "index_high", "group", "label", "probability", "dispersion", "k", "stability",
    "criterion",
    # hotspots and hours
    "rank", "expected", "area_ha", "share_incidents", "share_area", "p_value", "rank_low", "rank_high", "kind",
    "concentration", "top3", "history", "years_hot", "years", "p_high", "p_low", "p_family",
    "hour_of_week", "weekday", "hour", "direct_victim", "target", "attempted", "dwelling_type",
    # target areas
    "expected_low", "expected_high", "hours", "reasons", "backtest", "doubts",
    "recent", "near", "season_ratio", "block", "hour_from", "hour_to", "own", "value", "layer", "features",
    "aimed_at", "measure", "sector", "street_km", "streets", "nearby",
    # near repeats
    "distance", "days", "metres_from", "metres_to", "days_from", "days_to", "observed", "expected_median",
    "ratio_median", "null_low", "null_high", "role", "expected_share", "fitted",
    # waves
    "core", "log_ratio",
    # operations
    "before", "before_equal", "after", "estimate", "fall", "power", "match", "match_before",
})  # fmt: skip
"""Columns that speak of areas, periods and rows of a report, never of one incident."""

INCIDENT_COLUMNS = frozenset(
    ["incident_id", "start", "end", "time_status", "address_key", "registered", "modus", "x", "y", "border_m", "line"]
)
"""Any of these makes a table one of incidents or of records."""


def check_profile(profile: str) -> Profile:
    """Return `profile` if this version can export under it.

    Raises
    ------
    InputError
        There is no such profile.

    Examples
    --------
    >>> check_profile("driehoek")
    'driehoek'
    """
    for known in PROFILES:
        if profile == known:
            return known
    raise InputError(f"profile must be one of {', '.join(PROFILES)}", f"{profile!r}", "choose one of these")


def floor(profile: Profile, threshold: int = THRESHOLD) -> int:
    """Incidents that a shape which is no official area must hold under a profile.

    Examples
    --------
    >>> floor("intern"), floor("driehoek"), floor("openbaar")
    (0, 5, 10)
    """
    return {"intern": 0, "driehoek": LEAST, "openbaar": threshold}[profile]


def release(
    table: pd.DataFrame,
    profile: Profile,
    *,
    threshold: int = THRESHOLD,
    ledger: Ledger | None = None,
    addresses: xr.DataArray | None = None,
) -> pd.DataFrame:
    """Let `table` through if it may leave under `profile`, else say everything that stands in the way.

    Parameters
    ----------
    table
        Any table, with or without geometry.
    profile
        "intern" lets everything through. "driehoek" lets through tables of areas: known aggregate columns, no time
        stamps, and geometry that is official areas (indexed by CBS code) or unions of grid cells of at least 100 m, of
        which those with too few incidents are dropped, and those in several pieces, as it is not known how many are in
        each. "openbaar" besides hides the figures that are small.
    threshold
        In a public export, counts from 1 to below it are hidden.
    ledger
        Earlier public exports.
    addresses
        Number of addresses per cell, such as `hicgeo.read_at_risk` gives: shapes of cells in which a cell has fewer
        than 8, or is not known, are dropped for others than the analyst. Cut to what is left, their figures would not
        be theirs, and nobody would know how many incidents that holds.

    Returns
    -------
    DataFrame
        The same object when nothing has to be left out. `attrs["dropped"]` says how many shapes were dropped for their
        incidents, `attrs["thin"]` how many for their addresses; a column `hidden` which rows have hidden figures.

    Raises
    ------
    InputError
        There is no such profile.
    DisclosureError
        The table may not leave; the message lists every reason.

    Notes
    -----
    That an area with a CBS code has its official border is taken on trust; that other shapes are unions of cells is
    computed from their coordinates. Of other shapes a public table never has counts: with the police's own figures for
    the area around them the rest could be worked out. What follows from counts per area, month and type that the police
    publish themselves passes as it is. O(cells of the table + vertices), in a public export as `protect`.

    Examples
    --------
    >>> import pandas as pd
    >>> counts = pd.DataFrame({"incidents": [4, 7]}, index=pd.Index(["BU99990001", "BU99990002"], name="code"))
    >>> release(counts, "driehoek") is counts
    True
    >>> direct = pd.DataFrame({"incidents": [4, 17]}, index=pd.MultiIndex.from_tuples(
    ...     [("BU99990001", True), ("BU99990002", True)], names=["code", "direct_victim"]))
    >>> direct.attrs = {"crime_type": "overval", "period": "2024"}
    >>> release(direct, "openbaar")["hidden"].tolist()
    [True, False]
    """
    if check_profile(profile) == "intern":
        return table
    faults = _column_faults(table)
    shapes = "geometry" in table and hasattr(table, "geometry")
    own_shapes = (shapes or "rank" in table.index.names) and not _official(table.index)
    if shapes and own_shapes:
        faults += shape_faults(np.asarray(table.geometry.array))
        if table.attrs.get("places") == "points":
            faults.append("outlines drawn from exact points (use grid.snap(points))")
        if "core" in table:  # of `st_dbscan`
            faults.append("cells that list where the incidents of a group were (space_time_scan draws circles)")
    if faults:
        raise DisclosureError(
            f"a table for profile {profile!r} must speak of areas only",
            "; ".join(faults),
            f"count per neighbourhood{', cell of 100 m' * (profile == 'driehoek')} or period first, or keep the table "
            "in the house with profile='intern'",
        )
    if profile == "openbaar" and {"hours", "reasons"} & set(map(str, table.columns)):
        raise DisclosureError(
            "where and when somebody will act must be told to those who act",
            "hours or reasons of target areas, for everybody",
            "use profile='driehoek'",
        )
    if profile == "openbaar" and shapes and own_shapes and len(table):
        _check_outlines(table, threshold)
    if shapes and own_shapes and addresses is not None:
        table = _peopled(table, addresses)
    if own_shapes:
        table = _dense(table, floor(profile, threshold))
        return table if profile == "driehoek" else _uncounted(table)
    return table if profile == "driehoek" else _without_small(table, threshold, ledger)


def _check_outlines(table: pd.DataFrame, threshold: int) -> None:
    """Raise unless it is known that outlines for everybody tell nothing of the cells outside them."""
    share = table["share_area"].sum(skipna=False) if "share_area" in table else np.nan
    if not share <= PUBLIC_SHARE:
        raise DisclosureError(
            f"outlines for everybody may take at most {PUBLIC_SHARE:.0%} of the area",
            "a share that is not known: no share_area, or not of each"
            if np.isnan(share)
            else f"{share:.1%}: from where they end, counts outside can be worked out",
            "give the answer of hotspots(...) with its share_area, ask for a smaller share, or use profile='driehoek'",
        )
    about = table.attrs
    alone = np.nan if about.get("rule") == "significance" else about.get("alone", np.nan)
    if not alone >= threshold - 1:
        raise DisclosureError(
            f"outside outlines for everybody a cell must be able to hold {threshold - 1} incidents",
            "not known: marked by significance, or without attrs['alone'] (a file does not keep it)"
            if np.isnan(alone)
            else f"{alone:.1f}: who knows the method knows that every cell outside has fewer",
            f"make them with hotspots(..., share=0.02, edge='none', alone={threshold - 1}), or use profile='driehoek'",
        )


def claim(ledger: Ledger, file: str | os.PathLike[str], profile: Profile) -> None:
    """Note in the ledger what is about to be written, and raise when that is no longer safe.

    Parameters
    ----------
    ledger
        With the figures that `release` promised.
    file
        What is about to be written.
    profile
        Under which profile.

    Raises
    ------
    DisclosureError
        What was published since the figures were checked, together with them, gives small ones away.
    """
    ours, theirs = ledger.claim(file, profile=profile)
    if profile == "openbaar" and not still_safe(ours, theirs):
        raise DisclosureError(
            "a public export must be checked against all others",
            "another one was written since this one was made, and together they give small figures away",
            "make it again: then it is checked against the other one",
        )


def check_places(attrs: Mapping[Hashable, Any], profile: Profile) -> None:
    """Raise unless what was drawn from points may leave: the outline of exact points gives an address away.

    Parameters
    ----------
    attrs
        Of a surface or of hotspots: `places` is "cells" when the points were moved to the centres of their cells.
    profile
        "intern" lets everything through.

    Raises
    ------
    DisclosureError
        It was drawn from exact points.
    """
    if profile != "intern" and attrs.get("places") != "cells":
        raise DisclosureError(
            "what others see must be drawn from places no finer than cells",
            "exact points: from the outline an address can be found to some ten metres",
            "make it with grid.snap(points) instead of points, or use profile='intern'",
        )


def check_public(profile: Profile, what: str, instead: str, *, of: object = None) -> None:
    """Raise when something must stay off a public map, unless it is made of what the police publish themselves.

    Parameters
    ----------
    profile
        Of the map; the others let it through.
    what, instead
        What is asked for, and what would pass.
    of
        Crime type whose counts per area and month it is made of; None when it is made of anything finer.

    Raises
    ------
    DisclosureError
        The profile is "openbaar", and it is finer than what the police publish.
    """
    if profile == "openbaar" and of not in CRIME_TYPES:
        raise DisclosureError(
            "a public map must not tell what is finer than the police publish",
            f"{what}, from which small counts can be worked out",
            f"{instead}, or use profile='driehoek'",
        )


def _dense(table: pd.DataFrame, least: int) -> pd.DataFrame:
    """Table without shapes that hold too few incidents, or of which that is not known for every connected piece."""
    if "incidents" not in table:
        return table
    few = ~(table["incidents"].to_numpy(float) >= least)
    if hasattr(table, "geometry"):
        import shapely

        few |= shapely.get_num_geometries(np.asarray(table.geometry.array)) > 1
    return _without(table, few, "dropped") if few.any() else table


def _peopled(table: pd.DataFrame, addresses: xr.DataArray) -> pd.DataFrame:
    """Table without shapes in which a cell has few addresses."""
    shapes = table.geometry.reset_index(drop=True)
    left = populated(shapes, addresses).area.reindex(shapes.index, fill_value=0.0)
    return _without(table, (shapes.area - left > 1).to_numpy(), "thin")


def _without(table: pd.DataFrame, gone: Any, why: str) -> pd.DataFrame:
    """Table without some rows; attrs say how many."""
    kept = table[~gone]
    kept.attrs = {**table.attrs, why: int(gone.sum())}
    return kept


def _uncounted(table: pd.DataFrame) -> pd.DataFrame:
    """Table of shapes without what tells their counts."""
    out = table.copy()
    for name in out.columns:
        if name not in NEUTRAL and name != "kind":
            out[name] = np.nan
    out.attrs = {**table.attrs, "uncounted": True}
    return out


def remarks(released: pd.DataFrame, profile: Profile, language: Language, *, threshold: int = THRESHOLD) -> list[str]:
    """Sentences for the reader about what `release` left out of a table.

    Parameters
    ----------
    released
        Answer of `release`.
    profile, threshold
        As given to it.
    language
        Of the sentences.

    Examples
    --------
    >>> import pandas as pd
    >>> remarks(pd.DataFrame({"rate": [1.0]}), "openbaar", "nl")
    []
    """
    about, found = released.attrs, []
    if about.get("dropped"):
        least = number(floor(profile, threshold), language)
        key = "note.dropped.one" if about["dropped"] == 1 else "note.dropped"
        found.append(text(key, language, n=number(about["dropped"], language), least=least))
    if "thin" in about:
        words = {"n": about["thin"], "least": LEAST_ADDRESSES}
        found.append(text("note.thin", language, **{key: number(each, language) for key, each in words.items()}))
    if about.get("uncounted"):
        found.append(text("note.uncounted", language))
    if (seen := about.get("seen")) is not None:
        n, of = (number(each, language) for each in (seen.hidden, seen.figures))
        found.append(text("note.hidden", language, n=n, all=of))
        if seen.advice:
            named, _, dimension = seen.advice.partition(" ")
            if f"dimension.{dimension}" in CATALOGUE:
                dimension = text(f"dimension.{dimension}", language)
            coarser = text(f"hidden.{named}", language, dimension=dimension)
            found.append(f"{text('note.coarse', language)} {coarser}")
    return found


def populated(shapes: gpd.GeoSeries, addresses: xr.DataArray, *, least: int = LEAST_ADDRESSES) -> gpd.GeoSeries:
    """Shapes without the cells in which fewer than `least` addresses lie, or of which that is not known.

    Parameters
    ----------
    shapes
        Unions of cells, in the CRS of the addresses.
    addresses
        Surface of numbers of addresses per cell, such as `hicgeo.read_at_risk` gives.
    least
        Addresses that a shown cell must have.

    Raises
    ------
    InputError
        The addresses are no surface, or in another CRS.

    Notes
    -----
    O(cells under the shapes). A shape of which nothing is left is gone.
    """
    import geopandas as gpd
    import shapely

    cell = addresses.attrs.get("cell_size")
    if cell is None or shapes.crs is None or shapes.crs != addresses.attrs.get("crs"):
        raise InputError(
            "addresses must be a surface in the CRS of the shapes",
            f"attrs {sorted(map(str, addresses.attrs))}",
            "read them with hicgeo.read_at_risk on the grid of the surface",
        )
    few = np.argwhere(~(addresses.to_numpy() >= least))  # a cell without data is one of these
    x, y = addresses["x"].to_numpy(), addresses["y"].to_numpy()
    half = float(cell) / 2
    known = shapely.box(x.min() - half, y.min() - half, x.max() + half, y.max() + half)
    x, y = x[few[:, 1]], y[few[:, 0]]
    beyond = shapely.difference(shapely.box(*shapes.total_bounds), known) if len(shapes) else known
    cells = shapely.box(x - half, y - half, x + half, y + half)
    empty = shapely.union_all([beyond, *cells], grid_size=1e-3)
    left = shapely.difference(np.asarray(shapes.array), empty, grid_size=1e-3)
    kept = ~shapely.is_empty(left)
    return gpd.GeoSeries(left[kept], index=shapes.index[kept], crs=shapes.crs)


_PUBLIC_KEYS = frozenset({"code", "crime_type", "month", "year", "period", "season", "group", "k"})
_FINER = frozenset({
    "known", "direct", "aoristic", "aoristic_low", "aoristic_high", "by_start", "by_middle", "by_end", "light",
    "clustered", "share_season", "years_hot", "recent", "near", "observed", "expected_median", "ratio_median",
    "null_low", "null_high",
})  # fmt: skip
"""Columns that count something finer than the police publish: in a public table only as figures of their own."""


def _without_small(table: pd.DataFrame, threshold: int, ledger: Ledger | None) -> pd.DataFrame:
    """Table with its small figures hidden, when the police do not publish them themselves."""
    if finer := sorted(_FINER & set(map(str, table.columns))):
        raise DisclosureError(
            "a public table must have every count that the police do not publish as a figure of its own",
            "columns that count something finer: " + ", ".join(finer),
            "make it a table with its counts in 'incidents', what they are of in the index (direct_victim, hour, "
            "weekday ...), and attrs crime_type and period, or use profile='driehoek'",
        )
    count = next((name for name in ("incidents", "records") if name in table), None)
    if count is not None:
        counted = table.rename(columns={count: "incidents"})
        if found := unchecked(counted):
            raise DisclosureError(
                "a public table must say enough to be checked against what was published before",
                "not known: " + "; ".join(found),
                "leave these columns out, put what the counts are of in the index, and set attrs['crime_type'] and "
                "attrs['period'], or use profile='driehoek'",
            )
        done = protect({"table": counted}, threshold=threshold, ledger=ledger)
        if ledger is not None:
            ledger.promise(done.figures)
        hidden = done.tables["table"]
        if not done.report.loc["table", "hidden"]:
            return table
        hidden = hidden.rename(columns={"incidents": count})
        hidden.attrs |= {"seen": done.seen["table"]}
        return hidden
    keys = {str(name) for name in table.index.names if name is not None}
    kinds = set(map(str, table.index.get_level_values("crime_type"))) if "crime_type" in keys else set()
    kinds |= set(map(str, table["crime_type"])) if "crime_type" in table else set()
    kinds |= {str(table.attrs["crime_type"])} if table.attrs.get("crime_type") else set()
    derived = keys <= _PUBLIC_KEYS and bool(kinds) and kinds <= set(CRIME_TYPES)
    if derived or set(map(str, table.columns)) <= NEUTRAL:
        return table
    raise DisclosureError(
        "a public table that is not made of the police's own published figures must have its counts in 'incidents'",
        f"a table per {', '.join(sorted(keys)) or 'row'} without counts, {', '.join(sorted(kinds)) or 'no crime type'}",
        "add the counts, so that small ones can be hidden, or use profile='driehoek'",
    )


def _column_faults(table: pd.DataFrame) -> list[str]:
    """List what in the columns and index levels of `table` may not leave."""
    levels = {name: table.index.get_level_values(place) for place, name in enumerate(table.index.names)}
    named: dict[str, Any] = {str(name): values for name, values in levels.items() if name is not None}
    columns: dict[str, Any] = {**named, **{str(name): table.iloc[:, place] for place, name in enumerate(table.columns)}}
    faults = []
    incident = sorted(set(columns) & INCIDENT_COLUMNS)
    if incident:
        faults.append("columns of single incidents or records: " + ", ".join(incident))
    months = {str(n) for n in range(1, 13)}  # a monthly profile has the months as columns
    unknown = [name for name in columns if name not in AGGREGATE_COLUMNS | INCIDENT_COLUMNS | HIDING | months]
    if unknown:
        faults.append("columns that are not on the list of aggregates: " + ", ".join(unknown))
    stamped = [name for name, values in columns.items() if pd.api.types.is_datetime64_any_dtype(values)]
    if stamped:
        faults.append("time stamps in " + ", ".join(stamped))
    if None in levels and not pd.api.types.is_integer_dtype(levels[None]):
        faults.append("an index without a name that is not a row number")
    return faults


def _official(index: pd.Index) -> bool:
    return index.name == "code" and len(index) > 0 and bool(index.astype(str).str.match(CODE_PATTERN).all())


def shape_faults(geometry: np.ndarray) -> list[str]:
    """Reasons why shapes are not unions of grid cells of at least 100 m; none when they are.

    Parameters
    ----------
    geometry
        Array of shapely geometries in metres; empty ones are left out of account.

    Notes
    -----
    A union of square cells with origin (0, 0) has edges along the axes only, and all its coordinates are multiples of
    the cell size, so that their greatest common divisor is at least that. A hull or a buffer fails one or the other.

    Examples
    --------
    >>> import numpy as np, shapely
    >>> shape_faults(np.array([shapely.box(1000, 2000, 1200, 2100)]))
    []
    >>> shape_faults(np.array([shapely.box(1000, 2000, 1200, 2130)]))
    ['coordinates on a grid of 10 m']
    """
    import shapely

    shapes = geometry[~(shapely.is_missing(geometry) | shapely.is_empty(geometry))]
    if not len(shapes):
        return []
    if not np.isin(shapely.get_type_id(shapes), (3, 6)).all():
        return ["points or lines"]
    rings = shapely.get_rings(shapely.get_parts(shapes))  # get_rings alone passes over MultiPolygons
    faults = []
    xy, ring = shapely.get_coordinates(rings, return_index=True)
    step = np.abs(np.diff(xy, axis=0))[np.diff(ring) == 0]
    if (np.minimum(step[:, 0], step[:, 1]) > 1e-6).any():
        faults.append("edges that do not follow grid cells")
    millimetres = np.rint(xy * 1000).astype(np.int64)
    cell = math.gcd(*np.unique(millimetres).tolist()) / 1000
    if cell < MIN_CELL or np.abs(xy * 1000 - millimetres).max() > 1:
        faults.append(f"coordinates on a grid of {cell:g} m")
    return faults
