"""Did it work: change beside the control areas, displacement, and what can be seen at all."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy import optimize, stats

from hicgeo.analysis._inference import rate_ratio
from hicgeo.errors import ColumnError, InputError

Array = npt.NDArray[np.float64]

ROLES = ("treated", "control", "treated_ring", "control_ring")
_SIGN = {"treated": 1.0, "control": -1.0, "treated_ring": 1.0, "control_ring": -1.0}


@dataclass(frozen=True)
class CountChange:
    """Two Poisson counts held against each other.

    Attributes
    ----------
    before, after
        The counts.
    time
        Lengths of the two periods, in one unit.
    ratio, ratio_low, ratio_high
        Rate after over rate before, with exact interval; NaN when both counts are 0.
    p_value
        Two-sided, that the rates are the same: below 1 - level where the interval excludes 1. NaN when both are 0.
    level
        Confidence level.
    """

    before: float
    after: float
    time: tuple[float, float]
    ratio: float
    ratio_low: float
    ratio_high: float
    p_value: float
    level: float

    def to_frame(self) -> pd.DataFrame:
        """One row with every number."""
        numbers = {
            name: getattr(self, name) for name in ("before", "after", "ratio", "ratio_low", "ratio_high", "p_value")
        }
        return pd.DataFrame([numbers])

    def _repr_html_(self) -> str:
        return self.to_frame().to_html()


def count_change(
    before: float, after: float, *, time: tuple[float, float] = (1.0, 1.0), dispersion: float = 1.0, level: float = 0.95
) -> CountChange:
    """Exact test that two Poisson counts have the same rate.

    Parameters
    ----------
    before, after
        Incidents in the two periods.
    time
        Their lengths, in any one unit.
    dispersion
        Variance divided by mean of such counts, at least 1.
    level
        Confidence level.

    Returns
    -------
    CountChange
        Ratio of the rates with interval, and the p-value.

    Raises
    ------
    InputError
        A count is negative, a period has no length, the dispersion is under 1 or the level is not between 0 and 1.

    Notes
    -----
    Given their sum the second count is binomial; the test doubles the smaller tail, as the Clopper-Pearson interval
    does, so that test and interval agree. Without control areas it cannot tell the operation from anything else that
    changed meanwhile. O(1).

    References
    ----------
    Przyborowski, J. and Wilenski, H. (1940). Homogeneity of results in testing samples from Poisson series.
    doi:10.1093/biomet/31.3-4.313

    Examples
    --------
    >>> change = count_change(40, 22)
    >>> round(change.ratio, 2), round(change.ratio_low, 2), round(change.ratio_high, 2), round(change.p_value, 3)
    (0.55, 0.31, 0.95, 0.03)
    """
    check_counts(np.array([before, after], float))
    time = check_time(time)
    check_level(level)
    _check_dispersion(dispersion)
    one = np.ones(1)
    ratio, low, high = rate_ratio(
        after * one, time[1] * one, before * one, time[0] * one, dispersion=dispersion * one, level=level
    )
    total = (before + after) / dispersion
    p_value = np.nan
    if total > 0:
        share = time[1] / (time[0] + time[1])
        mine, other = after / dispersion, before / dispersion
        # P(X >= x) and P(X <= x) of a binomial, by the beta distribution, for counts that need not be whole.
        at_least = stats.beta.cdf(share, mine, other + 1) if mine > 0 else 1.0
        at_most = stats.beta.sf(share, mine + 1, other) if other > 0 else 1.0
        p_value = float(min(1.0, 2 * min(at_least, at_most)))
    known = total > 0
    return CountChange(
        before=float(before), after=float(after), time=time,
        ratio=float(ratio[0]) if known else np.nan, ratio_low=float(low[0]) if known else np.nan,
        ratio_high=float(high[0]) if known else np.nan, p_value=p_value, level=level,
    )  # fmt: skip


@dataclass(frozen=True)
class WDD:
    """Weighted displacement difference: change in the treated areas beyond that in the control areas.

    Attributes
    ----------
    table
        On `effect`, "direct" (treated against control), "ring" (displacement to or diffusion of benefits into the
        surroundings; NaN without rings) and "total" (their sum; direct alone without rings): `estimate` in incidents
        over the period after, `error` (standard), `low`, `high`, `p_value` (two-sided).
    counts
        What was counted, as given.
    ratio, ratio_low, ratio_high
        Change in the treated areas over change in the control areas (1 = no effect), with interval.
    wdq
        Weighted displacement quotient: above 0 the surroundings profited, below 0 the crime moved there, under -1 more
        than was won. NaN without rings, or when the treated areas did not do better than the control areas.
    time, dispersion, level
        As given.
    """

    table: pd.DataFrame = field(repr=False)
    counts: pd.DataFrame = field(repr=False)
    ratio: float
    ratio_low: float
    ratio_high: float
    wdq: float
    time: tuple[float, float]
    dispersion: float
    level: float

    def to_frame(self) -> pd.DataFrame:
        """Return the table of effects."""
        return self.table.copy()

    def _repr_html_(self) -> str:
        return self.table.to_html()


def wdd(
    counts: pd.DataFrame, *, time: tuple[float, float] = (1.0, 1.0), dispersion: float = 1.0, level: float = 0.95
) -> WDD:
    """Weighted displacement difference test of an operation.

    Parameters
    ----------
    counts
        Index `role`: "treated", "control" and, for displacement, "treated_ring" and "control_ring"; one row each, or
        one per crime type in a second index level. Columns `before` and `after` (incidents) and, if wanted, `area`
        (by which a row is divided, such as its surface) and `harm` (by which it is multiplied, such as the harm of a
        crime type); 1 when left out.
    time
        Lengths of the periods before and after, in any one unit: counts before are brought to the length of the period
        after.
    dispersion
        Variance divided by mean of such counts, at least 1: crime comes in series.
    level
        Confidence level.

    Returns
    -------
    WDD
        Effect in the treated areas, in their surroundings, and in total, with intervals.

    Raises
    ------
    ColumnError
        A column or a role is missing.
    InputError
        A count is negative or missing, a weight is not above 0, or an argument is out of range.

    Notes
    -----
    The difference assumes that without the operation the treated areas would have changed by as many incidents as the
    control areas: take controls of about the same size (`matched_controls`), or read `ratio`, which assumes the same
    change in per cent. Its error is the root of the sum of all counts (times the squared weights); normal intervals.
    With fewer than about 5 incidents per count they are wide and approximate. Where there are no incidents at all
    nothing is testable: NaN. The interval of `ratio` is Wald's on the logarithm, with half an incident added to each
    count. O(rows).

    References
    ----------
    Wheeler, A. P. and Ratcliffe, J. H. (2018). A simple weighted displacement difference test to evaluate place based
    crime interventions. doi:10.1186/s40163-018-0085-5
    Bowers, K. J. and Johnson, S. D. (2003). Measuring the geographical displacement and diffusion of benefit effects of
    crime prevention activity. doi:10.1023/A:1024909009240

    Examples
    --------
    >>> import pandas as pd
    >>> counts = pd.DataFrame(
    ...     {"before": [207, 308, 178, 150], "after": [110, 318, 157, 140]},
    ...     index=pd.Index(["treated", "control", "treated_ring", "control_ring"], name="role"))
    >>> wdd(counts).table.loc["total"].round(2).to_dict()
    {'estimate': -118.0, 'error': 39.6, 'low': -195.61, 'high': -40.39, 'p_value': 0.0}
    """
    time = check_time(time)
    check_level(level)
    _check_dispersion(dispersion)
    rows = _weighted_rows(counts)
    stretch = time[1] / time[0]
    weight = rows["harm"] / rows["area"]
    rows["change"] = weight * (rows["after"] - rows["before"] * stretch) * rows["sign"]
    rows["variance"] = dispersion * weight**2 * (rows["after"] + rows["before"] * stretch**2)
    rings = {"treated_ring", "control_ring"} <= set(rows["role"])
    parts = {
        "direct": ("treated", "control"),
        "ring": ("treated_ring", "control_ring") if rings else (),
        "total": ROLES if rings else ROLES[:2],
    }
    quantile = stats.norm.ppf(0.5 + level / 2)
    effects = []
    for members in parts.values():
        chosen = rows[rows["role"].isin(members)]
        variance = chosen["variance"].sum()
        known = variance > 0
        estimate, error = (chosen["change"].sum(), np.sqrt(variance)) if known else (np.nan, np.nan)
        p_value = 2 * stats.norm.sf(abs(estimate) / error) if known else np.nan
        effects.append((estimate, error, estimate - quantile * error, estimate + quantile * error, p_value))
    table = pd.DataFrame(
        effects, columns=["estimate", "error", "low", "high", "p_value"], index=pd.Index(list(parts), name="effect")
    ).astype(float)
    by_role = rows.assign(before=rows["before"] * rows["harm"], after=rows["after"] * rows["harm"])
    by_role = by_role.groupby("role")[["before", "after"]].sum()
    return WDD(
        table=table, counts=counts.copy(), **relative_change(by_role, dispersion, quantile),
        wdq=_wdq(by_role) if rings else np.nan, time=time, dispersion=float(dispersion), level=level,
    )  # fmt: skip


def _weighted_rows(counts: pd.DataFrame) -> pd.DataFrame:
    """One row per role and crime type, with its weights and its sign in the difference."""
    missing = [name for name in ("before", "after") if name not in counts]
    if "role" not in counts.index.names:
        missing.append("role (in the index)")
    if missing:
        raise ColumnError(
            "counts must have the index level role and the columns before and after", "no " + ", ".join(missing),
            "make a row for each of treated, control, treated_ring and control_ring",
        )  # fmt: skip
    roles = counts.index.get_level_values("role").astype(str)
    unknown, absent = sorted(set(roles) - set(ROLES)), sorted({"treated", "control"} - set(roles))
    lone = {"treated_ring", "control_ring"} & set(roles)
    if unknown or absent or len(lone) == 1 or counts.index.has_duplicates:
        given = [f"unknown: {', '.join(unknown)}"] * bool(unknown) + [f"missing: {', '.join(absent)}"] * bool(absent)
        given += ["only one of the two rings"] * (len(lone) == 1) + ["a role twice"] * counts.index.has_duplicates
        raise ColumnError(
            f"counts must have the roles {', '.join(ROLES)}, the rings both or neither, each once (per crime type)",
            "; ".join(given), "add the rows, or sum them",
        )  # fmt: skip
    rows = pd.DataFrame({"role": roles, "sign": [_SIGN[role] for role in roles]})
    for name in ("before", "after"):
        rows[name] = counts[name].to_numpy(float, na_value=np.nan)
    check_counts(rows[["before", "after"]].to_numpy())
    for name in ("area", "harm"):
        rows[name] = counts[name].to_numpy(float, na_value=np.nan) if name in counts else 1.0
        wrong = ~(np.isfinite(rows[name]) & (rows[name] > 0))
        if wrong.any():
            raise InputError(
                f"{name} must be above 0 in every row", f"{wrong.sum()} others (first: row {int(wrong.idxmax())})",
                "fill it in for all rows, or leave the column out",
            )  # fmt: skip
    return rows


def relative_change(by_role: pd.DataFrame, dispersion: float, quantile: float) -> dict[str, float]:
    """Change in the treated areas over change in the control areas, with its interval on the logarithm.

    Parameters
    ----------
    by_role
        Rows "treated" and "control", columns `before` and `after`.
    dispersion
        Variance over mean of the counts.
    quantile
        Standard errors on either side.
    """
    four = by_role.loc[["treated", "control"]].to_numpy().ravel()
    if four.sum() == 0 or by_role.loc["control"].sum() == 0 or by_role.loc["treated"].sum() == 0:
        return {"ratio": np.nan, "ratio_low": np.nan, "ratio_high": np.nan}
    before, after, control_before, control_after = four + 0.5 * (four == 0).any()
    ratio = (after / before) / (control_after / control_before)
    error = np.sqrt(dispersion * (1 / (four + 0.5)).sum())
    before, after, control_before, control_after = four + 0.5
    middle = np.log((after / before) / (control_after / control_before))
    low, high = np.exp(middle - quantile * error), np.exp(middle + quantile * error)
    return {"ratio": float(ratio), "ratio_low": float(low), "ratio_high": float(high)}


def _wdq(by_role: pd.DataFrame) -> float:
    """(ring / control after - before) / (treated / control after - before); lengths of periods cancel."""
    before, after = by_role["before"], by_role["after"]
    if before["control"] == 0 or after["control"] == 0:
        return np.nan
    won = after["treated"] / after["control"] - before["treated"] / before["control"]
    moved = after["treated_ring"] / after["control"] - before["treated_ring"] / before["control"]
    return float(moved / won) if won < 0 else np.nan


@dataclass(frozen=True)
class DetectableEffect:
    """How large a fall must be before it can be seen.

    Attributes
    ----------
    fall
        Smallest share (0 to 1) of the incidents that must disappear to be seen with the power asked; NaN when even a
        fall to nothing would not be.
    expected
        Incidents in the treated areas in the period after, if nothing changes.
    curve
        On `fall` (0.05, 0.10 ... 1.00): `power`, the chance that such a fall is seen.
    treated, control, time, power, level, dispersion
        As given.
    """

    fall: float
    expected: float
    curve: pd.DataFrame = field(repr=False)
    treated: float
    control: float
    time: tuple[float, float]
    power: float
    level: float
    dispersion: float

    def to_frame(self) -> pd.DataFrame:
        """Return the curve of power."""
        return self.curve.copy()

    def _repr_html_(self) -> str:
        return self.curve.to_html()


def minimum_detectable_effect(
    treated: float,
    *,
    control: float = 0.0,
    time: tuple[float, float] = (1.0, 1.0),
    power: float = 0.8,
    level: float = 0.95,
    dispersion: float = 1.0,
) -> DetectableEffect:
    """How large a fall an evaluation could see, to be asked before an operation starts.

    Parameters
    ----------
    treated
        Incidents in the treated areas in the period before.
    control
        Those in the control areas; 0 for an evaluation without them (`count_change` instead of `wdd`).
    time
        Lengths of the periods before and after, in any one unit.
    power
        Chance with which the fall must be seen.
    level
        Confidence level of the two-sided test.
    dispersion
        Variance divided by mean of such counts, at least 1.

    Returns
    -------
    DetectableEffect
        The smallest fall, and the power of every other one.

    Raises
    ------
    InputError
        A count is negative, there are no incidents to lose, or an argument is out of range.

    Notes
    -----
    With controls by the normal power of `wdd`; without by summing the exact test over all pairs of counts (over a
    normal approximation once more than 2,000 incidents are expected). Only power to see a fall counts. O(expected^2)
    at most.

    Examples
    --------
    >>> round(minimum_detectable_effect(42, control=42, time=(3, 3)).fall, 2)
    0.78
    """
    check_counts(np.array([treated, control], float))
    time = check_time(time)
    check_level(level)
    check_level(power, "power")
    _check_dispersion(dispersion)
    if treated == 0:
        raise InputError(
            "there must be incidents before the operation", "0", "take a longer period before, or other areas"
        )
    stretch = time[1] / time[0]

    exact = (
        None
        if control > 0 or treated * (1 + stretch) > 2000 * dispersion
        else _Exact(treated / dispersion, stretch, level)
    )

    def chance(fall: float) -> float:
        if exact is None:
            return _power_wdd(treated, control, stretch, fall, level, dispersion)
        return exact.power(fall)

    falls = np.round(np.arange(1, 21) * 0.05, 2)
    curve = pd.DataFrame({"power": [chance(fall) for fall in falls]}, index=pd.Index(falls, name="fall"))
    enough = np.flatnonzero(curve["power"].to_numpy() >= power)
    smallest = np.nan
    if len(enough):
        upper = float(falls[enough[0]])
        lower = upper - 0.05
        smallest = upper
        if chance(lower) < power:
            smallest = float(optimize.brentq(lambda fall: chance(fall) - power, lower, upper, xtol=1e-4))
    return DetectableEffect(
        fall=smallest, expected=float(treated * stretch), curve=curve, treated=float(treated), control=float(control),
        time=time, power=power, level=level, dispersion=float(dispersion),
    )  # fmt: skip


def _power_wdd(treated: float, control: float, stretch: float, fall: float, level: float, dispersion: float) -> float:
    after = treated * stretch * (1 - fall)
    variance = dispersion * (treated * stretch**2 + after + control * stretch**2 + control * stretch)
    return float(stats.norm.cdf(treated * stretch * fall / np.sqrt(variance) - stats.norm.ppf(0.5 + level / 2)))


class _Exact:
    """Power of `count_change`, summed over both counts."""

    def __init__(self, expected: float, stretch: float, level: float) -> None:
        low, high = stats.poisson.interval(1 - 1e-10, expected)
        self.expected, self.stretch = expected, stretch
        self.before = np.arange(int(low), int(high) + 1)
        # Largest count after that the test still calls a fall, given the one before: P(X <= x | both) <= tail.
        tail, share = (1 - level) / 2, stretch / (1 + stretch)
        after = np.arange(int(high * stretch) + 2)
        seen = stats.binom.cdf(after[None, :], self.before[:, None] + after[None, :], share) <= tail
        self.critical = seen.sum(axis=1) - 1  # for a given count before, it is a fall up to some count after

    def power(self, fall: float) -> float:
        """Chance that a fall by this share is seen."""
        chance = stats.poisson.cdf(self.critical, self.expected * self.stretch * (1 - fall))
        return float((stats.poisson.pmf(self.before, self.expected) * chance).sum())


def check_counts(counts: Array) -> None:
    """Raise unless every count is 0 or more.

    Raises
    ------
    InputError
        One is negative, missing or infinite.
    """
    if not (np.isfinite(counts) & (counts >= 0)).all():
        raise InputError(
            "counts must be 0 or more, and none missing", f"{(~(np.isfinite(counts) & (counts >= 0))).sum()} others",
            "a count that was not published is not 0: leave that area or period out",
        )  # fmt: skip


def check_time(time: tuple[float, float]) -> tuple[float, float]:
    """Lengths of two periods, checked.

    Raises
    ------
    InputError
        They are not two lengths above 0.
    """
    try:
        before, after = (float(each) for each in time)
    except (TypeError, ValueError):
        before, after = np.nan, np.nan
    if not (np.isfinite(before) and np.isfinite(after) and before > 0 and after > 0):
        raise InputError("time must be the lengths of both periods, above 0", repr(time), "write (365, 92), say")
    return before, after


def check_level(level: float, name: str = "level") -> None:
    """Raise unless a level lies between 0 and 1.

    Raises
    ------
    InputError
        It does not.
    """
    if not 0 < level < 1:
        raise InputError(f"{name} must lie between 0 and 1", repr(level), "take 0.95")


def _check_dispersion(dispersion: float) -> None:
    if not (np.isfinite(dispersion) and dispersion >= 1):
        raise InputError("dispersion must be 1 or more", repr(dispersion), "take 1 for Poisson counts")
