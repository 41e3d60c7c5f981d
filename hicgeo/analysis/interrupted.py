"""A step in a monthly series when an operation began."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import pandas as pd
from scipy import stats

from hicgeo.analysis._inference import quasi_poisson
from hicgeo.analysis.intervention import check_counts, check_level
from hicgeo.errors import InputError


@dataclass(frozen=True)
class InterruptedSeries:
    """Step in a monthly series when an operation began, beyond trend and season.

    Attributes
    ----------
    ratio, ratio_low, ratio_high
        Level after over level before, with t interval; NaN when the series is too short to tell.
    p_value
        Two-sided.
    fitted
        On the months: `observed`, `fitted`, and `without` (what trend and season alone give).
    dispersion
        Variance divided by mean around the fit.
    """

    ratio: float
    ratio_low: float
    ratio_high: float
    p_value: float
    fitted: pd.DataFrame = field(repr=False)
    dispersion: float

    def to_frame(self) -> pd.DataFrame:
        """Return the fitted series."""
        return self.fitted.copy()

    def _repr_html_(self) -> str:
        return self.fitted.to_html()


LEAST_MONTHS_BEFORE, LEAST_MONTHS_AFTER = 24, 3
"""Months that an interrupted series needs: two of every season before, and a quarter after."""


def interrupted_series(series: pd.Series[float], *, start: str, level: float = 0.95) -> InterruptedSeries:
    """Test for a step in a monthly series of counts at the start of an operation.

    Parameters
    ----------
    series
        Incidents on a PeriodIndex of consecutive months.
    start
        First month of the operation, such as "2024-10".
    level
        Confidence level.

    Returns
    -------
    InterruptedSeries
        Size of the step with its interval; NaN with fewer than 24 months before or 3 after.

    Raises
    ------
    InputError
        The months are not consecutive, a count is missing or negative, or `start` is no month of the series.

    Notes
    -----
    Quasi-Poisson regression on trend, two yearly harmonics and the step, days of the month as exposure; t interval on
    the residual degrees of freedom. One series without a control: whatever else began that month is in the step too.
    O(months).

    References
    ----------
    Bernal, J. L., Cummins, S. and Gasparrini, A. (2017). Interrupted time series regression for the evaluation of
    public health interventions. doi:10.1093/ije/dyw098

    Examples
    --------
    >>> import pandas as pd
    >>> months = pd.period_range("2021-01", "2024-03", freq="M")
    >>> series = pd.Series([20.0] * 36 + [10.0] * 3, index=months)
    >>> round(interrupted_series(series, start="2024-01").ratio, 1)
    0.5
    """
    check_level(level)
    months = series.index
    if not isinstance(months, pd.PeriodIndex) or not (np.diff(months.asi8) == 1).all():
        raise InputError(
            "series must have consecutive months as its index", "another index", "reindex it on pd.period_range(...)"
        )
    counts = series.to_numpy(float, na_value=np.nan)
    check_counts(counts)
    first = pd.Period(start, freq="M")
    if first not in months:
        raise InputError("start must be a month of the series", str(first), f"take one of {months[0]} to {months[-1]}")
    time = np.arange(len(months))
    after = time >= months.get_loc(first)
    year = 2 * np.pi * (np.asarray(months.month) - 0.5) / 12
    season = [wave(turn * year) for turn in (1, 2) for wave in (np.sin, np.cos)]
    design = np.column_stack([np.ones(len(time)), (time - time.mean()) / 12, *season, after.astype(float)])
    days = np.asarray(months.days_in_month, float)
    nothing = pd.DataFrame({"observed": counts, "fitted": np.nan, "without": np.nan}, index=months)
    if (~after).sum() < LEAST_MONTHS_BEFORE or after.sum() < LEAST_MONTHS_AFTER:
        return InterruptedSeries(np.nan, np.nan, np.nan, np.nan, nothing, np.nan)
    fit = quasi_poisson(counts[None], design, days)
    step, error, freedom = fit.coefficients[0, -1], fit.errors[0, -1], fit.freedom[0]
    if not np.isfinite(step):
        return InterruptedSeries(np.nan, np.nan, np.nan, np.nan, nothing, np.nan)
    reach = stats.t.ppf(0.5 + level / 2, freedom) * error
    mean = days * np.exp(design @ fit.coefficients[0])
    fitted = nothing.assign(fitted=mean, without=np.where(after, mean / np.exp(step), mean))
    return InterruptedSeries(
        ratio=float(np.exp(step)), ratio_low=float(np.exp(step - reach)), ratio_high=float(np.exp(step + reach)),
        p_value=float(2 * stats.t.sf(abs(step) / error, freedom)), fitted=fitted, dispersion=float(fit.dispersion[0]),
    )  # fmt: skip
