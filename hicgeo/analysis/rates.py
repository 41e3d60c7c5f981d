"""How often, against the norm: victimisation rates with their uncertainty."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal
from warnings import warn

import numpy as np
import numpy.typing as npt
import pandas as pd

from hicgeo.analysis._inference import empirical_bayes, poisson_interval, quasi_poisson
from hicgeo.analysis._norm import Spread, against_norm, spread_between_years
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
    norm: Literal["regional", "others"] | float | pd.Series,
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
        "regional" (the rate of all areas with counts together), "others" (the same without the area itself), a
        number (per `per`), or a Series of numbers on the neighbourhoods' index.
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
        - `p_above`: probability that the underlying rate is above the norm, given all areas;
        - `p_fdr`: share of wrong verdicts to expect when this area and all that are surer get one;
        - `state`: "boven" or "onder" where `p_fdr` is at most 0.05, else "niet te onderscheiden"; "te klein" under
          20 of the base or under 1 incident expected; "onvolledig" under 95 % coverage. The verdict is about all areas
          together, the 95 % interval about one: near the edge they may differ.

        `attrs`: `crime_type`, `period`, `base`, `per`, `norm_kind`, `norm`, `dispersion` (variance over mean,
        of all areas together), `dispersion_constant` and `dispersion_growth` (of an area with m incidents expected it
        is the sum of the first and m times the second), `dispersion_years`, `tested`, `coverage`,
        `unmatched_incidents`, `unmatched_base`, `moved_border` (codes whose rate is over five times their
        municipality's).

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
    How much a count varies by itself is learned from each two successive years of all areas that were published as a
    whole: slow change of an area is not noise. The verdict weighs all areas together, with the spread of true
    differences learned from them, so that at most 5 % of the verdicts are expected to be wrong, however many areas
    there are. Above the regional norm means above the others, whose own uncertainty is in it. False alarms and power at
    the sizes of real wijken: `benchmarks/rates.md`. A denominator is taken as known and constant. Registered crime is
    not all crime. O(areas x months).

    References
    ----------
    Stephens, M. (2017). False discovery rates: a new deal. doi:10.1093/biostatistics/kxw041
    Marshall, R. J. (1991). Mapping disease and mortality rates using empirical Bayes estimators. doi:10.2307/2347593
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
    norm: Literal["regional", "others"] | float | pd.Series,
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
    As `rates`. The spread of the counts is estimated anew at this level.
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
    norm: Literal["regional", "others"] | float | pd.Series,
    per: float,
) -> pd.DataFrame:
    """The columns of `rates` from totals, denominators and the years that tell the dispersion."""
    if not per > 0:
        raise InputError("per must be above 0", f"{per}", "take 1000")
    n = incidents.to_numpy(float)
    d = base.fillna(0.0).to_numpy(float)
    covered = coverage.fillna(0.0).to_numpy(float)
    usable = (d > 0) & ~np.isnan(n)

    spread = _spread(years)
    if spread is None:
        warn(
            "The spread between years cannot be estimated from these counts (fewer than two whole years, areas "
            "or years with incidents): intervals are plain Poisson and too narrow. Give more years of counts.",
            HicgeoWarning,
            stacklevel=3,
        )
        spread = Spread(1.0, 0.0)

    total_count, total_base = n[usable].sum(), d[usable].sum()
    kind, level = _norm(norm, n, d, usable, incidents.index, per)
    with np.errstate(divide="ignore", invalid="ignore"):
        expected = level / per * d
        low, high = poisson_interval(n, dispersion=spread.at(n))
        scale = np.where(usable, per / np.where(d > 0, d, np.nan), np.nan)

    incomplete = covered < MIN_COVERAGE
    small = ~incomplete & ~((d >= MIN_BASE) & (expected >= MIN_EXPECTED))
    tested = usable & ~incomplete & ~small
    part = kind in ("regional", "others")
    verdict = against_norm(n[tested], d[tested], level[tested] / per, spread, part_of_norm=part)
    p_above, p_fdr, side = np.full(len(n), np.nan), np.full(len(n), np.nan), np.zeros(len(n), int)
    p_above[tested], p_fdr[tested], side[tested] = verdict.p_above, verdict.false_share, verdict.side
    state = np.select(
        [incomplete, small, side > 0, side < 0],
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
            "p_above": p_above,
            "p_fdr": p_fdr,
            "state": pd.Categorical(state, categories=list(RATE_STATES)),
        },
        index=incidents.index,
    )
    out.attrs = {
        "per": per,
        "norm_kind": kind,
        "norm": float(level[0]) if len(level) and kind in ("regional", "number") else None,
        "dispersion": _overall(spread, total_count / total_base * d[usable] if total_count > 0 else np.ones(1)),
        "dispersion_constant": spread.constant,
        "dispersion_growth": spread.growth,
        "dispersion_years": int(years.shape[1]) if years.ndim == 2 else 0,
        "tested": int(tested.sum()),
    }
    return out


def _spread(years: Array) -> Spread | None:
    """Spread over the years; of one area alone around a straight trend, since it has no others to share it."""
    if years.size == 0:
        return None
    if len(years) > 1:
        return spread_between_years(years)
    time = np.arange(years.shape[1], dtype=float)
    design = np.column_stack([np.ones_like(time), time - time.mean()])
    dispersion = float(quasi_poisson(years, design, np.ones_like(time)).dispersion[0])
    return None if np.isnan(dispersion) else Spread(dispersion, 0.0)


def _overall(spread: Spread, expected: Array) -> float:
    """Variance over mean of the sum of independent counts."""
    return float((spread.at(expected) * expected).sum() / expected.sum())


def _norm(
    norm: Any, n: Array, d: Array, usable: npt.NDArray[np.bool_], index: pd.Index, per: float
) -> tuple[str, Array]:
    """Kind of the norm and its level per area."""
    if isinstance(norm, pd.Series):
        level = norm.reindex(index)
        bad = ~(level > 0)  # NaN too
        if bad.any():
            raise AlignmentError(
                "the norm table must have a number above 0 for every area",
                f"{bad.sum()} areas without one (first: {index[bad][0]})",
                "complete the table, or take the regional average",
            )
        return "table", level.to_numpy(float)
    if isinstance(norm, str) and norm in ("regional", "others"):
        count, base = np.where(usable, n, 0.0), np.where(usable, d, 0.0)
        mine = norm == "others"
        with np.errstate(divide="ignore", invalid="ignore"):
            level = per * (count.sum() - mine * count) / (base.sum() - mine * base)
        return norm, np.where(np.isfinite(level), level, np.nan)
    if isinstance(norm, bool) or not isinstance(norm, (int, float)) or not (np.isfinite(norm) and norm > 0):
        raise InputError(
            "norm must be 'regional', 'others', a number above 0 or a Series", repr(norm), 'take "regional" or 8.0'
        )
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
