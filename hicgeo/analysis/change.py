"""Over time: more or fewer than before, above the norm year after year, rising or falling."""

from __future__ import annotations

import warnings
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy import stats

from hicgeo.analysis._inference import false_discovery, quasi_poisson, rate_difference, rate_ratio
from hicgeo.analysis._norm import Spread, spread_between_years
from hicgeo.analysis.counting import month_table
from hicgeo.analysis.rates import group_rates, rates
from hicgeo.analysis.timing import Period, months
from hicgeo.analysis.vintages import Crosswalk
from hicgeo.errors import ColumnError, HicgeoWarning, InputError

if TYPE_CHECKING:
    import geopandas as gpd

    Array = npt.NDArray[np.float64]
    Borders = Crosswalk | Literal["unchanged"]

MIN_BOTH = 6
"""Incidents in both periods together under which no division of them can be told from chance."""

MIN_TOTAL = 20
"""Incidents over all years under which no trend is fitted."""

MIN_YEARS = 4
ENOUGH = 0.95
"""Share of the areas that must have a month's figures for the month to be used."""

CHANGE_STATES = ("gestegen", "niet te onderscheiden", "gedaald", "te klein", "onvolledig", "grens gewijzigd")
TREND_STATES = ("stijgend", "niet te onderscheiden", "dalend", "te klein", "onvolledig", "grens gewijzigd")
PERSISTENCE = ("chronisch", "opkomend", "wisselend", "afnemend", "niet boven de norm", "niet te bepalen")


def change(
    counts: pd.DataFrame,
    *,
    crime_type: str,
    period: Period,
    against: Period,
    borders: Borders,
    provisional: Literal["exclude", "include"] = "exclude",
) -> pd.DataFrame:
    """Compare a period with the same months of an earlier year.

    Parameters
    ----------
    counts
        Count table.
    crime_type
        One of the types in the counts.
    period, against
        The later and the earlier period: the same months of the year.
    borders
        "unchanged" when every code stands for the same ground in both periods, or a `Crosswalk` between them: codes
        whose border moved are then not compared.
    provisional
        Whether months of which the figures may still change are left out.

    Returns
    -------
    change
        On `code`: `incidents` and `incidents_before` (over the months that are used), `difference`, `ratio` with
        `ratio_low` and `ratio_high` (95 %), `p_value`, `p_fdr` (adjusted for the number of areas tested) and `state`:
        "gestegen" or "gedaald" where `p_fdr` is at most 0.05, else "niet te onderscheiden"; "te klein" with fewer than
        6 incidents in both together; "onvolledig" where a month is missing; "grens gewijzigd". `attrs`: `crime_type`,
        `period`, `against`, `months` (pairs used), `excluded` (month: why), `dispersion`, `tested`.

    Raises
    ------
    InputError
        The periods are not the same months, no month can be used, `borders` or `provisional` is unknown, or the crime
        type does not occur.

    Warns
    -----
    HicgeoWarning
        Months are left out, or how much years differ by themselves cannot be estimated.

    Notes
    -----
    Exact conditional test of two Poisson counts (given their sum the later one is binomial with its share of the days),
    on counts divided by the dispersion that successive years of all areas show; exact at dispersion 1. A month counts
    when 95 % of the areas have it, in both years. O(areas x months).

    References
    ----------
    Przyborowski, J. and Wilenski, H. (1940). Homogeneity of results in testing samples from Poisson series.
    doi:10.1093/biomet/31.3-4.313
    """
    later, earlier = months(period), months(against)
    if not (len(later) == len(earlier) and (later.month == earlier.month).all() and later[0] > earlier[0]):
        raise InputError(
            "period and against must be the same months of a later and an earlier year",
            f"{_text(later)} against {_text(earlier)}",
            "such as 2016 against 2015; for a part against all of last year take year_to_date",
        )
    table, excluded = _usable(counts, crime_type, provisional)
    excluded |= dict.fromkeys(later.append(earlier).difference(pd.PeriodIndex(table.columns)), "not published")
    good = ~(later.isin(list(excluded)) | earlier.isin(list(excluded)))
    said = {str(m): why for m, why in excluded.items() if m in later or m in earlier}
    if not good.any():
        raise InputError(
            "at least one month must have figures in both periods",
            "; ".join(f"{m}: {why}" for m, why in said.items()) or "none",
            'take another period, or provisional="include" when they are only not final',
        )
    if said:
        _warn_excluded(said)
    later, earlier = later[good], earlier[good]
    now, before = (_sum(table, each) for each in (later, earlier))
    spread = _yearly_spread(table, later)
    exposure = [np.full(len(now), float(np.sum(each.days_in_month))) for each in (later, earlier)]
    out = _compare(now, before, exposure[0], exposure[1], spread, _moved(borders, now.index))
    out.attrs = {
        "crime_type": crime_type, "period": _text(months(period)), "against": _text(months(against)),
        "months": int(good.sum()), "excluded": said, "dispersion": _overall(spread, out),
        "tested": int(out["p_value"].notna().sum()),
    }  # fmt: skip
    return out


def year_to_date(
    counts: pd.DataFrame,
    *,
    crime_type: str,
    until: str,
    borders: Borders,
    provisional: Literal["exclude", "include"] = "exclude",
) -> pd.DataFrame:
    """Compare a year so far with the same months of last year, and with all of last year.

    Parameters
    ----------
    until
        Last month of the year so far: "2016-10".
    counts, crime_type, borders, provisional
        As `change` takes them.

    Returns
    -------
    change
        The columns of `change`, and: `incidents_year` (all of last year), `share_year` (this year so far as a share of
        it) with `share_low` and `share_high` (95 %), and `share_expected` (what the same months were of last year).
        The verdict is that on the same months: a part of a year against a whole one tells nothing by itself.

    Raises
    ------
    InputError
        `until` is no month, or what `change` refuses.

    Warns
    -----
    HicgeoWarning
        As `change`.

    Notes
    -----
    `share_year` above 1 means that the year is already past all of last year. As `change`.
    """
    try:
        last = pd.Period(until, "M")
    except ValueError:
        raise InputError("until must be a month", repr(until), 'write it as "2016-10"') from None
    first = f"{last.year}-01"
    out = change(
        counts, crime_type=crime_type, period=(first, str(last)), against=(f"{last.year - 1}-01", str(last - 12)),
        borders=borders, provisional=provisional,
    )  # fmt: skip
    table, _ = _usable(counts, crime_type, provisional)
    whole = _sum(table, months(str(last.year - 1))).reindex(out.index)
    now, year = out["incidents"].to_numpy(float), whole.to_numpy(float)
    spread = Spread(out.attrs["dispersion"], 0.0)
    ones = np.ones(len(out))
    share, low, high = rate_ratio(now, ones, year, ones, dispersion=spread.at(ones))
    out["incidents_year"] = year
    judged = ~out["state"].isin(["onvolledig", "grens gewijzigd"]).to_numpy() & (year > 0)
    expected = out["incidents_before"].to_numpy(float) / np.where(year > 0, year, np.nan)
    shares = {"share_year": share, "share_low": low, "share_high": high, "share_expected": expected}
    for name, value in shares.items():
        out[name] = np.where(judged, value, np.nan)
    return out


def yearly_rates(
    counts: pd.DataFrame,
    neighbourhoods: gpd.GeoDataFrame,
    *,
    crime_type: str,
    base: str,
    norm: Literal["regional", "others"] | float | pd.Series,
    borders: Borders,
    by: str | pd.Series | None = None,
    years: Iterable[int] | None = None,
    per: float = 1000,
    unmatched: Literal["raise", "report"] = "raise",
    provisional: Literal["exclude", "include"] = "exclude",
) -> pd.DataFrame:
    """Rates against the norm for one year after another.

    Parameters
    ----------
    counts, neighbourhoods, crime_type, base, norm, per, unmatched
        As `rates` takes them.
    borders
        "unchanged" when every code stands for the same ground in all years, or a `Crosswalk`: areas whose border
        moved are "onvolledig" in every year, since nothing is known of them as they are now.
    by
        Column or Series of groups, as `group_rates` takes it; areas when left out.
    years
        Which years; all that are whole when left out.
    provisional
        Whether years with months of which the figures may still change are left out.

    Returns
    -------
    rates
        On (`year`, `code`): the columns of `rates`. `attrs`: those of the last year, `years`, and
        `excluded` (year: why).

    Raises
    ------
    InputError
        No year is whole, a year that was asked for is not, or what `rates` refuses.

    Warns
    -----
    HicgeoWarning
        Years are left out, and what `rates` warns about (once).

    Notes
    -----
    Every year has its own norm when it is "regional" or "others": that of all areas that were counted, those whose
    border moved included, so that it is the norm of the maps; of groups (`by`) it is that of the areas that kept
    their border, as their rates are. O(years x areas x months).
    """
    table, excluded = _usable(counts, crime_type, provisional)
    found = sorted(set(table.columns.year))
    whole = [y for y in found if not any(m in excluded or m not in table.columns for m in months(str(y)))]
    wanted = list(years) if years is not None else whole
    why = {str(y): _why(y, table, excluded) for y in found if y not in whole}
    refused = [y for y in wanted if y not in whole]
    if refused or not wanted:
        raise InputError(
            "every year must be whole",
            "; ".join(f"{y}: {why.get(str(y), 'not in the counts')}" for y in refused or found),
            'ask for other years, or provisional="include" when figures are only not final',
        )
    if years is None and why:
        _warn_excluded(why)
    moved = _moved(borders, table.index)
    hidden = counts.copy()
    hidden.loc[hidden.index.get_level_values("code").isin(table.index[moved]), "incidents"] = np.nan
    settings: dict[str, Any] = {"crime_type": crime_type, "base": base, "norm": norm, "per": per}
    parts: dict[int, pd.DataFrame] = {}
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always", HicgeoWarning)
        for year in wanted:
            if by is None:
                ours: dict[str, Any] = {"period": str(year), "unmatched": unmatched, **settings}
                parts[year] = rates(counts, neighbourhoods, **ours)
                if moved.any():  # they are part of the norm, and are not judged themselves
                    apart = parts[year].index.isin(table.index[moved])
                    of_none = rates(hidden, neighbourhoods, **ours)[apart]
                    about = parts[year].attrs
                    parts[year] = pd.concat([parts[year][~apart], of_none]).loc[parts[year].index]
                    parts[year].attrs = about
            else:
                parts[year] = group_rates(hidden, neighbourhoods, period=str(year), by=by, **settings)
    for text in dict.fromkeys(str(each.message) for each in caught if issubclass(each.category, HicgeoWarning)):
        warnings.warn(text, HicgeoWarning, stacklevel=2)
    out = pd.concat(parts, names=["year", "code"])
    out["state"] = pd.Categorical(out["state"], categories=parts[wanted[0]]["state"].cat.categories)
    out.attrs = dict(parts[wanted[-1]].attrs) | {"years": list(wanted), "excluded": why, "period": _years_text(wanted)}
    return out


def persistence(yearly: pd.DataFrame, *, last: int | None = None) -> pd.DataFrame:
    """Tell lasting problems from new and passing ones.

    Parameters
    ----------
    yearly
        Answer of `yearly_rates`.
    last
        How many of the last years to look at, 3 or more; when left out five, or as many as there are.

    Returns
    -------
    persistence
        On `code`: `years` (judged), `years_above` (above the norm), `years_below`, `last_state`, and `kind`:
        "chronisch" (above in all of the years but at most one), "opkomend" (above in the last year, and in none but the
        last two), "afnemend" (above in at least two years, not in the last two), "wisselend" (above in others),
        "niet boven de norm" (in none), "niet te bepalen" (not judged in every year).

    Raises
    ------
    ColumnError
        These are no yearly rates.
    InputError
        `last` is under 3, or there are not so many years.

    Notes
    -----
    A year counts as above only where the difference is more than chance, so that a small area can be above the norm
    for years without ever being told: look at the rate of all years together too. Areas whose border moved are
    "niet te bepalen", and part of the norm that others are set against, as `yearly_rates` says. O(areas x years).
    """
    if list(yearly.index.names) != ["year", "code"] or "state" not in yearly:
        raise ColumnError("these must be yearly rates", f"an index of {yearly.index.names}", "take hicgeo.yearly_rates")
    states = yearly["state"].astype(object).unstack("year")
    last = min(5, states.shape[1]) if last is None else last
    if last < 3 or states.shape[1] < last:
        raise InputError(
            "what lasts needs at least 3 whole years, and no more than there are", f"{last} of {states.shape[1]}",
            "give counts of more years",
        )  # fmt: skip
    states = states[sorted(states.columns)[-last:]]
    judged = states.isin(["boven", "onder", "niet te onderscheiden"])
    above = (states == "boven").to_numpy()
    n, recent, earlier = above.sum(axis=1), above[:, -2:].sum(axis=1), above[:, :-2].sum(axis=1)
    kind = np.select(
        [~judged.all(axis=1), n == 0, n >= last - 1, above[:, -1] & (earlier == 0), (n >= 2) & (recent == 0)],
        ["niet te bepalen", "niet boven de norm", "chronisch", "opkomend", "afnemend"],
        "wisselend",
    )
    out = pd.DataFrame(
        {
            "years": judged.sum(axis=1).to_numpy(),
            "years_above": n,
            "years_below": (states == "onder").sum(axis=1).to_numpy(),
            "last_state": states.iloc[:, -1],
            "kind": pd.Categorical(kind, categories=list(PERSISTENCE)),
        },
        index=states.index,
    )
    first, final = states.columns[0], states.columns[-1]
    out.attrs = {"crime_type": yearly.attrs.get("crime_type"), "period": f"{first}/{final}", "last": last}
    return out


def trend(
    counts: pd.DataFrame,
    *,
    crime_type: str,
    borders: Borders,
    years: tuple[int, int] | None = None,
    provisional: Literal["exclude", "include"] = "exclude",
) -> pd.DataFrame:
    """Change per year over several years, with its interval.

    Parameters
    ----------
    counts, crime_type, borders, provisional
        As `change` takes them.
    years
        First and last; all whole years when left out.

    Returns
    -------
    trend
        On `code`: `incidents` (all years), `years`, `per_year` (ratio from one year to the next) with `per_year_low`
        and `per_year_high` (95 %), `p_value`, `p_fdr` and `state`: "stijgend", "dalend" where `p_fdr` is at most 0.05,
        else "niet te onderscheiden"; "te klein" under 20 incidents; "onvolledig" where a year is missing; "grens
        gewijzigd".
        `attrs`: `crime_type`, `period`, `excluded`, `dispersion`, `tested`.

    Raises
    ------
    InputError
        There are fewer than four whole years, or what `change` refuses.

    Warns
    -----
    HicgeoWarning
        Years are left out.

    Notes
    -----
    Log-linear regression of the count per year; the variance is that of successive years of all areas together, since
    one area has too few years to tell. A straight line is a summary, not a forecast. O(areas x years).
    """
    table, excluded = _usable(counts, crime_type, provisional)
    found = sorted(set(table.columns.year))
    whole = [y for y in found if not any(m in excluded or m not in table.columns for m in months(str(y)))]
    first, final = years if years is not None else (min(found), max(found))
    used = [y for y in whole if first <= y <= final]
    why = {str(y): _why(y, table, excluded) for y in found if first <= y <= final and y not in whole}
    if len(used) < MIN_YEARS:
        raise InputError(f"a trend needs at least {MIN_YEARS} whole years", f"{len(used)}", "give more years of counts")
    if why:
        _warn_excluded(why)
    yearly = pd.DataFrame({y: _sum(table, months(str(y))) for y in used})
    complete = yearly.notna().all(axis=1).to_numpy()
    values = yearly.to_numpy(float)
    spread = spread_between_years(values[complete])
    time = np.array(used, float)
    days = np.array([366.0 if pd.Period(str(y), "Y").is_leap_year else 365.0 for y in used])
    design = np.column_stack([np.ones_like(time), time - time.mean()])
    total = np.where(complete, np.nansum(values, axis=1), np.nan)
    moved = _moved(borders, yearly.index)
    small = complete & ~(total >= MIN_TOTAL)
    tested = complete & ~moved & ~small
    slope, error = np.full(len(values), np.nan), np.full(len(values), np.nan)
    quantile = stats.norm.ppf(0.975)
    own = np.ones(len(values))
    if tested.any():
        fit = quasi_poisson(values[tested], design, days)
        pooled = (spread or Spread(1.0, 0.0)).at(values[tested].mean(axis=1))
        own[tested] = pooled if spread is not None else fit.dispersion
        slope[tested] = fit.coefficients[:, 1]
        error[tested] = fit.errors[:, 1] / np.sqrt(fit.dispersion) * np.sqrt(own[tested])
        if spread is None:
            quantile = stats.t.ppf(0.975, len(used) - 2)
    with np.errstate(invalid="ignore"):
        reference = stats.norm.sf if spread is not None else (lambda z: stats.t.sf(z, len(used) - 2))
        p_value = 2 * reference(np.abs(slope / error))
    p_fdr = false_discovery(p_value)
    state = np.select(
        [moved, ~complete, small, (p_fdr <= 0.05) & (slope > 0), (p_fdr <= 0.05) & (slope < 0)],
        ["grens gewijzigd", "onvolledig", "te klein", "stijgend", "dalend"],
        "niet te onderscheiden",
    )
    out = pd.DataFrame(
        {
            "incidents": total,
            "years": len(used),
            "per_year": np.exp(slope),
            "per_year_low": np.exp(slope - quantile * error),
            "per_year_high": np.exp(slope + quantile * error),
            "p_value": p_value,
            "p_fdr": p_fdr,
            "state": pd.Categorical(state, categories=list(TREND_STATES)),
        },
        index=yearly.index,
    )
    out.attrs = {
        "crime_type": crime_type, "period": _years_text(used), "excluded": why,
        "dispersion": float(np.average(own[tested], weights=total[tested])) if tested.any() else float("nan"),
        "tested": int(tested.sum()),
    }  # fmt: skip
    return out


def _usable(
    counts: pd.DataFrame, crime_type: str, provisional: Literal["exclude", "include"]
) -> tuple[pd.DataFrame, dict[pd.Period, str]]:
    """Figures per code and month, and the months that cannot be used with the reason."""
    if provisional not in ("exclude", "include"):
        raise InputError("provisional must be a known policy", repr(provisional), 'take "exclude" or "include"')
    table = month_table(counts, crime_type)
    late: set[pd.Period] = set()
    if provisional == "exclude":
        part = counts.xs(crime_type, level="crime_type")
        late = set(part.index[(part["status"] == "provisional").to_numpy()].get_level_values("month"))
    ever = table[table.notna().any(axis=1)]
    share = ever.notna().mean() if len(ever) else pd.Series(0.0, table.columns)
    excluded = {m: "provisional" for m in table.columns if m in late}
    return table, excluded | dict.fromkeys(table.columns[(share < ENOUGH).to_numpy()], "not published")


def _why(year: int, table: pd.DataFrame, excluded: dict[pd.Period, str]) -> str:
    reasons = {excluded.get(m, "not published") for m in months(str(year)) if m in excluded or m not in table.columns}
    return " and ".join(sorted(reasons))


def _warn_excluded(said: dict[str, str]) -> None:
    listed = "; ".join(f"{each} ({why})" for each, why in list(said.items())[:6])
    more = f" and {len(said) - 6} more" if len(said) > 6 else ""
    warnings.warn(f"Left out, with their counterparts: {listed}{more}.", HicgeoWarning, stacklevel=3)


def _sum(table: pd.DataFrame, covered: pd.PeriodIndex) -> pd.Series:
    """Incidents over months, NaN where one is missing."""
    return table.reindex(columns=covered).sum(axis="columns", skipna=False)


def _yearly_spread(table: pd.DataFrame, covered: pd.PeriodIndex) -> Spread | None:
    """Spread over the same months of every year that has them."""
    columns = []
    for shift in range(-len(table.columns) // 12 - 1, len(table.columns) // 12 + 2):
        total = _sum(table, covered + 12 * shift)
        if total.notna().mean() >= ENOUGH:
            columns.append(total)
    if len(columns) < 2:
        return None
    spread = spread_between_years(pd.concat(columns, axis=1).dropna().to_numpy(float))
    if spread is None:
        warnings.warn(
            "How much years differ by themselves cannot be estimated from these counts: intervals are plain Poisson.",
            HicgeoWarning,
            stacklevel=3,
        )
    return spread


def _moved(borders: Any, codes: pd.Index) -> npt.NDArray[np.bool_]:
    """Which codes do not stand for the same ground."""
    if isinstance(borders, Crosswalk):
        return np.asarray(codes.isin(borders.moved))
    if not (isinstance(borders, str) and borders == "unchanged"):
        raise InputError(
            "borders must say whether codes stand for the same ground", repr(borders),
            'take the crosswalk between the years, or "unchanged" when you know that they do',
        )  # fmt: skip
    return np.zeros(len(codes), bool)


def _compare(
    now: pd.Series, before: pd.Series, days: Array, days_before: Array, spread: Spread | None,
    moved: npt.NDArray[np.bool_],
) -> pd.DataFrame:  # fmt: skip
    a, b = now.to_numpy(float), before.to_numpy(float)
    known = ~(np.isnan(a) | np.isnan(b)) & ~moved
    small = known & (a + b < MIN_BOTH)
    tested = known & ~small
    dispersion = (spread or Spread(1.0, 0.0)).at(np.nan_to_num((a + b) / 2))
    ratio, low, high = rate_ratio(a, days, b, days_before, dispersion=dispersion)
    p_value = np.where(tested, rate_difference(a, days, b, days_before, dispersion=dispersion), np.nan)
    p_fdr = false_discovery(p_value)
    state = np.select(
        [moved, ~known, small, (p_fdr <= 0.05) & (ratio > 1), (p_fdr <= 0.05) & (ratio < 1)],
        ["grens gewijzigd", "onvolledig", "te klein", "gestegen", "gedaald"],
        "niet te onderscheiden",
    )
    return pd.DataFrame(
        {
            "incidents": a,
            "incidents_before": b,
            "difference": np.where(known, a - b, np.nan),
            "ratio": np.where(tested, ratio, np.nan),
            "ratio_low": np.where(tested, low, np.nan),
            "ratio_high": np.where(tested, high, np.nan),
            "p_value": p_value,
            "p_fdr": p_fdr,
            "state": pd.Categorical(state, categories=list(CHANGE_STATES)),
        },
        index=now.index,
    )


def _overall(spread: Spread | None, out: pd.DataFrame) -> float:
    """Variance over mean of the areas together."""
    mean = ((out["incidents"] + out["incidents_before"]) / 2).dropna().to_numpy(float)
    if spread is None or mean.sum() == 0:
        return 1.0
    return float((spread.at(mean) * mean).sum() / mean.sum())


def _text(covered: pd.PeriodIndex) -> str:
    first, last = covered[0], covered[-1]
    if len(covered) == 12 and first.month == 1:
        return str(first.year)
    return f"{first}/{last}" if len(covered) > 1 else str(first)


def _years_text(years: list[int]) -> str:
    return f"{min(years)}/{max(years)}" if len(years) > 1 else str(years[0])
