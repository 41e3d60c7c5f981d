"""How often, against the norm: victimisation rates with their uncertainty."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal
from warnings import warn

import numpy as np
import numpy.typing as npt
import pandas as pd

from hicgeo.analysis._inference import (
    against_number,
    against_total,
    empirical_bayes,
    false_discovery,
    poisson_interval,
    quasi_poisson,
    two_way_dispersion,
)
from hicgeo.analysis.counting import UNMATCHED, base_of, match_codes, month_table
from hicgeo.analysis.timing import Period, months
from hicgeo.errors import AlignmentError, ColumnError, HicgeoWarning, InputError
from hicgeo.schema import RATE_STATES

if TYPE_CHECKING:
    import geopandas as gpd

    Array = npt.NDArray[np.float64]

MIN_BASE = 20
"""Dwellings under which no rate is judged (the rule of Statistics Netherlands for dwelling percentages)."""

MIN_EXPECTED = 1.0
"""Incidents expected at the norm under which no rate is judged."""

MIN_COVERAGE = 0.95
"""Share of the base that must have counts for a rate to be judged."""

MOVED_BORDER = 5.0
"""A rate this many times that of the area's municipality is more likely a moved border than crime."""


def rates(
    counts: pd.DataFrame,
    neighbourhoods: gpd.GeoDataFrame,
    *,
    crime_type: str,
    period: Period,
    base: str,
    norm: Literal["regional"] | float | pd.Series,
    per: float = 1000,
    unmatched: Literal["raise", "report"] = "raise",
) -> pd.DataFrame:
    """Incidents per 1,000 dwellings (or residents, or businesses), held against a norm.

    Parameters
    ----------
    counts
        Count table on the codes of the neighbourhoods.
    neighbourhoods
        Neighbourhood table.
    crime_type
        One of the types in the counts.
    period
        Months over which incidents are added up; the rate is per this period, not per year.
    base
        Column to divide by: "dwellings" for burglary, "residents" for street robbery, "businesses" for robbery.
    norm
        "regional" (the rate of all areas with counts together), a number (per `per`), or a Series
        of numbers on the neighbourhoods' index.
    per
        Rate per so many of `base`.
    unmatched
        What to do when more than 1 % of the incidents or of the base has no counterpart by code:
        "raise", or "report" in `attrs`.

    Returns
    -------
    rates
        On the neighbourhoods' index:

        - `incidents`: in the period, NaN unless every month of it was published;
        - `base`: denominator that was used, 0 where there are no counts, so that
          incidents / base * per is always the rate;
        - `coverage`: share of the area's base with counts (0 or 1 here);
        - `rate`, `rate_low`, `rate_high`: with 95 % interval, overdispersion included;
        - `rate_eb`: shrunken rate (empirical Bayes), for ranking and maps of small areas;
        - `norm`: per `per`;
        - `p_above`: probability that the underlying rate is above the norm;
        - `p_fdr`: two-sided p-value against the norm, adjusted for the number of areas tested;
        - `state`: "boven", "onder" or "niet te onderscheiden" as the 95 % interval of the ratio to
          the norm excludes 1 or not; "te klein" under 20 of the base or under 1 incident expected;
          "onvolledig" under 95 % coverage.

        `attrs`: `crime_type`, `period`, `base`, `per`, `norm_kind`, `norm`, `dispersion`,
        `dispersion_years`, `tested`, `coverage`, `unmatched_incidents`, `unmatched_base`,
        `moved_border` (codes whose rate is over five times their municipality's).

    Raises
    ------
    ColumnError
        The neighbourhoods lack `base`.
    InputError
        Crime type, period, norm or `unmatched` cannot be used.
    AlignmentError
        More than 1 % is unmatched by code, or a norm table lacks an area.

    Warns
    -----
    HicgeoWarning
        An area's rate is over five times its municipality's, or the dispersion could not be
        estimated because one year of counts is all there is.

    Notes
    -----
    The dispersion is Pearson's, of area x year around both margins (one area alone: around a
    log-linear trend), over all years of the counts that were published as a whole, and at least 1.
    Against the regional norm the interval is that of an area's share of the regional total, so the
    norm's own uncertainty is in it. A denominator is taken as known and constant. Registered crime is not all crime.
    O(areas x months).

    References
    ----------
    Spiegelhalter, D. J. (2005). Funnel plots for comparing institutional performance. doi:10.1002/sim.1970
    """
    if unmatched not in ("raise", "report"):
        raise InputError("unmatched must be a known policy", repr(unmatched), 'take "raise" or "report"')
    match = match_codes(counts, neighbourhoods, crime_type=crime_type, period=period, base=base)
    if unmatched == "raise" and max(match.share_incidents, match.share_base) > UNMATCHED:
        raise AlignmentError(
            f"at most {UNMATCHED:.0%} of incidents and {base} may lack a counterpart by code",
            f"{len(match.without_area)} counted codes without area ({match.share_incidents:.1%} of incidents), "
            f"{len(match.without_counts)} areas without counts ({match.share_base:.1%} of {base})",
            'take boundaries of the year of the counts, or choose unmatched="report" and show the coverage',
        )
    size = base_of(neighbourhoods, base)
    table = month_table(counts, crime_type).reindex(neighbourhoods.index)
    total, published = _period_total(table, months(period))
    years = _years(table, months(period), published.to_numpy())
    out = _assess(
        incidents=total,
        base=size.where(published, 0.0),
        coverage=published.astype(float),
        years=years,
        norm=norm,
        per=per,
    )
    out.attrs |= {"crime_type": crime_type, "period": _period_text(period), "base": base}
    out.attrs |= {"coverage": _share(size.where(published, 0.0).sum(), size.sum())}
    out.attrs |= {"unmatched_incidents": match.share_incidents, "unmatched_base": match.share_base}
    out.attrs["moved_border"] = _moved_border(out, neighbourhoods, per)
    return out


def group_rates(
    counts: pd.DataFrame,
    neighbourhoods: gpd.GeoDataFrame,
    *,
    by: str | pd.Series,
    crime_type: str,
    period: Period,
    base: str,
    norm: Literal["regional"] | float | pd.Series,
    per: float = 1000,
) -> pd.DataFrame:
    """Rates of groups of neighbourhoods: municipalities, police districts, the region.

    Parameters
    ----------
    counts
        Count table on the codes of the neighbourhoods.
    neighbourhoods
        Neighbourhood table.
    by
        Column of the neighbourhoods ("municipality"), or a Series from code to group.
    crime_type, period, base, norm, per
        As in `rates`; a norm table is on the groups.

    Returns
    -------
    rates
        The columns of `rates`, on the groups. Numerator and denominator hold the same
        neighbourhoods: those whose counts were published for every month of the period. `coverage`
        is their share of the group's base, and under 95 % the state is "onvolledig".

    Raises
    ------
    ColumnError
        The neighbourhoods lack `by` or `base`.
    InputError
        Crime type, period or norm cannot be used.
    AlignmentError
        A norm table lacks a group.

    Warns
    -----
    HicgeoWarning
        The dispersion could not be estimated because one year of counts is all there is.

    Notes
    -----
    As `rates`. The dispersion is estimated anew at this level: larger areas have larger ones.
    """
    if isinstance(by, str) and by not in neighbourhoods:
        raise ColumnError(
            f"neighbourhoods must have the column {by!r}", "no such column", "give a Series from code to group"
        )
    group = (neighbourhoods[by] if isinstance(by, str) else by.reindex(neighbourhoods.index)).rename("code")
    size = base_of(neighbourhoods, base)
    table = month_table(counts, crime_type).reindex(neighbourhoods.index)
    total, published = _period_total(table, months(period))
    used = size.where(published, 0.0).fillna(0.0)
    every = size.groupby(group).sum()
    out = _assess(
        incidents=total.groupby(group).sum(min_count=1),
        base=used.groupby(group).sum(),
        coverage=used.groupby(group).sum() / every.where(every > 0),
        years=_years(table, months(period), published.to_numpy(), group=group),
        norm=norm,
        per=per,
    )
    out.attrs |= {"crime_type": crime_type, "period": _period_text(period), "base": base}
    out.attrs |= {"coverage": _share(used.sum(), size.sum()), "unmatched_incidents": 0.0, "unmatched_base": 0.0}
    out.attrs["moved_border"] = []
    return out


def _share(part: float, whole: float) -> float:
    return float(part / whole) if whole > 0 else float("nan")


def _period_text(period: Period) -> str:
    if isinstance(period, str):
        return period
    first, last = (str(part) for part in period)
    return first if first == last else f"{first}/{last}"


def _period_total(table: pd.DataFrame, covered: pd.PeriodIndex) -> tuple[pd.Series, pd.Series]:
    """Incidents in the period (NaN unless every month was published) and whether it was."""
    part = table.reindex(columns=covered)
    published = part.notna().all(axis="columns")
    return part.sum(axis="columns").where(published), published


def _years(
    table: pd.DataFrame, covered: pd.PeriodIndex, published: npt.NDArray[np.bool_], group: pd.Series | None = None
) -> Array:
    """(areas, years) incidents in the same months of every year, for areas that have all those years.

    A year counts when at least 95 % of the areas of the period have it whole.
    """
    stride = 12 * -(-len(covered) // 12)
    reach = len(table.columns) // stride + 1
    columns = []
    for shift in range(-reach, reach + 1):
        part = table[published].reindex(columns=covered + shift * stride)
        whole = part.notna().all(axis="columns")
        if len(part) and whole.mean() >= MIN_COVERAGE:
            columns.append(part.sum(axis="columns").where(whole))
    if not columns:
        return np.empty((0, 0))
    years = pd.concat(columns, axis="columns").dropna()
    if group is not None:
        years = years.groupby(group.reindex(years.index)).sum()
    return years.to_numpy(float)


def _assess(
    *,
    incidents: pd.Series,
    base: pd.Series,
    coverage: pd.Series,
    years: Array,
    norm: Literal["regional"] | float | pd.Series,
    per: float,
) -> pd.DataFrame:
    """The columns of `rates` from totals, denominators and the years that tell the dispersion."""
    if not per > 0:
        raise InputError("per must be above 0", f"{per}", "take 1000")
    n = incidents.to_numpy(float)
    d = base.fillna(0.0).to_numpy(float)
    covered = coverage.fillna(0.0).to_numpy(float)
    usable = (d > 0) & ~np.isnan(n)

    dispersion = _dispersion(years)
    if np.isnan(dispersion):
        warn(
            "The spread between years cannot be estimated from these counts (fewer than two whole years, areas "
            "or years with incidents): intervals are plain Poisson and too narrow. Give more years of counts.",
            HicgeoWarning,
            stacklevel=3,
        )
    phi = max(1.0, dispersion) if not np.isnan(dispersion) else 1.0

    total_count, total_base = n[usable].sum(), d[usable].sum()
    kind, level = _norm(norm, incidents.index, total_count, total_base, per)
    with np.errstate(divide="ignore", invalid="ignore"):
        expected = level / per * d
        if kind == "regional":
            compared = against_total(n, d, total_count, total_base, dispersion=phi)
        else:
            compared = against_number(n, expected, dispersion=phi)
        low, high = poisson_interval(n, dispersion=phi)
        scale = np.where(usable, per / np.where(d > 0, d, np.nan), np.nan)

    incomplete = covered < MIN_COVERAGE
    small = ~incomplete & ~((d >= MIN_BASE) & (expected >= MIN_EXPECTED))
    tested = usable & ~incomplete & ~small
    state = np.select(
        [incomplete, small, tested & (compared.ratio_low > 1), tested & (compared.ratio_high < 1)],
        ["onvolledig", "te klein", "boven", "onder"],
        default="niet te onderscheiden",
    )
    out = pd.DataFrame(
        {
            "incidents": n,
            "base": d,
            "coverage": covered,
            "rate": n * scale,
            "rate_low": low * scale,
            "rate_high": high * scale,
            "rate_eb": empirical_bayes(np.where(usable, n, np.nan), d) * per,
            "norm": level,
            "p_above": np.where(tested, compared.p_above, np.nan),
            "p_fdr": false_discovery(np.where(tested, compared.p_value, np.nan)),
            "state": pd.Categorical(state, categories=list(RATE_STATES)),
        },
        index=incidents.index,
    )
    out.attrs = {
        "per": per,
        "norm_kind": kind,
        "norm": float(level[0]) if len(level) and kind != "table" else None,
        "dispersion": phi,
        "dispersion_years": int(years.shape[1]) if years.ndim == 2 else 0,
        "tested": int(tested.sum()),
    }
    return out


def _dispersion(years: Array) -> float:
    """Overdispersion over the years; of one area alone around a straight trend, since it has no others to share it."""
    if years.size == 0:
        return np.nan
    if len(years) > 1:
        return two_way_dispersion(years)
    time = np.arange(years.shape[1], dtype=float)
    design = np.column_stack([np.ones_like(time), time - time.mean()])
    return float(quasi_poisson(years, design, np.ones_like(time)).dispersion[0])


def _norm(norm: Any, index: pd.Index, total_count: float, total_base: float, per: float) -> tuple[str, Array]:
    """Kind of the norm and its level per area."""
    if isinstance(norm, pd.Series):
        level = norm.reindex(index)
        if level.isna().any():
            raise AlignmentError(
                "the norm table must have a number for every area",
                f"{level.isna().sum()} areas without one (first: {index[level.isna()][0]})",
                "complete the table, or take the regional average",
            )
        return "table", level.to_numpy(float)
    if isinstance(norm, str) and norm == "regional":
        level = per * total_count / total_base if total_base > 0 else np.nan
        return "regional", np.full(len(index), level)
    if isinstance(norm, bool) or not isinstance(norm, (int, float)) or not (np.isfinite(norm) and norm > 0):
        raise InputError("norm must be 'regional', a number above 0 or a Series", repr(norm), 'take "regional" or 8.0')
    return "number", np.full(len(index), float(norm))


def _moved_border(out: pd.DataFrame, neighbourhoods: pd.DataFrame, per: float) -> list[str]:
    """Codes whose rate is over five times that of the rest of their municipality; warns about them."""
    if "municipality" not in neighbourhoods:
        return []
    n, d = out["incidents"].fillna(0.0), out["base"]
    town = neighbourhoods["municipality"]
    rest = (n.groupby(town).transform("sum") - n) / (d.groupby(town).transform("sum") - d).replace(0.0, np.nan)
    suspect = (out["rate"] / per > MOVED_BORDER * rest) & ~out["state"].isin(["te klein", "onvolledig"])
    codes = [str(code) for code in out.index[suspect]]
    if codes:
        warn(
            f"{len(codes)} areas have a rate over {MOVED_BORDER:g} times that of the rest of their municipality "
            f"(first: {codes[0]}): the code has probably been given to another area since the counts were made. "
            "Compare the boundaries of both years before showing them.",
            HicgeoWarning,
            stacklevel=3,
        )
    return codes
