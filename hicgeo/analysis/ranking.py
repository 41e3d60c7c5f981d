"""Rates seen with what they are worth: the funnel around the norm, ranks with intervals, and neighbours to lean on."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy import stats

from hicgeo.analysis._inference import Rng, generator
from hicgeo.analysis._norm import Spread
from hicgeo.errors import AlignmentError, ColumnError, InputError

if TYPE_CHECKING:
    Array = npt.NDArray[np.float64]

JUDGED = ("boven", "niet te onderscheiden", "onder")
FUNNEL = (0.95, 0.998)
"""Limits of a funnel: what one in twenty, and one in five hundred areas at the norm lies outside of."""


def funnel(rates: pd.DataFrame, *, points: int = 120) -> pd.DataFrame:
    """Limits between which the rates of areas at the norm lie, by their size.

    Parameters
    ----------
    rates
        Answer of `rates` or `group_rates` against one norm ("regional" or a number).
    points
        Sizes at which to give the limits, evenly on a logarithmic scale.

    Returns
    -------
    limits
        On `base` (size): `norm`, `low_95`, `high_95`, `low_998`, `high_998`, all per `per`. Overdispersion is in them.
        `attrs` are those of the rates.

    Raises
    ------
    ColumnError
        These are no rates.
    InputError
        There is no single norm, or no area to judge.

    Notes
    -----
    Quantiles of negative binomial counts, between whole numbers by their chances. One in twenty areas lies outside the
    inner limits by chance alone: the verdict of `rates` allows for that, the funnel shows it. O(points).

    References
    ----------
    Spiegelhalter, D. J. (2005). Funnel plots for comparing institutional performance. doi:10.1002/sim.1970
    """
    spread, judged = _spread(rates), _judged(rates)
    norm, per = rates.attrs.get("norm"), rates.attrs["per"]
    if norm is None or not norm > 0:
        raise InputError("a funnel is drawn around one norm", f"norm={norm}", 'take norm="regional" or a number')
    if judged.empty:
        raise InputError("a funnel needs an area to judge", "none", "look at the states first")
    base = np.geomspace(judged["base"].min() * 0.9, judged["base"].max() * 1.1, points)
    mean = base * norm / per
    extra = np.maximum(spread.at(mean) - 1, 1e-9)
    columns: dict[str, Any] = {"norm": norm}
    for level, name in zip(FUNNEL, ("95", "998"), strict=True):
        for side, chance in (("low", (1 - level) / 2), ("high", (1 + level) / 2)):
            columns[f"{side}_{name}"] = _quantile(chance, mean, extra) / base * per
    out = pd.DataFrame(columns, index=pd.Index(base, name="base"))
    out.attrs = dict(rates.attrs)
    return out


def _quantile(chance: float, mean: Array, extra: Array) -> Array:
    """Quantile of a negative binomial, interpolated between whole numbers."""
    size, p = mean / extra, 1 / (1 + extra)
    whole = stats.nbinom.ppf(chance, size, p)
    at, before = stats.nbinom.cdf(whole, size, p), stats.nbinom.cdf(whole - 1, size, p)
    return np.asarray(np.maximum(0.0, whole - (at - chance) / np.maximum(at - before, 1e-300)))


def rank_areas(rates: pd.DataFrame, *, rng: Rng, draws: int = 2000) -> pd.DataFrame:
    """Rank areas by their rate, with how sure each rank is.

    Parameters
    ----------
    rates
        Answer of `rates` or `group_rates`.
    rng
        Seed or generator of the draws.
    draws
        How many possible rankings to draw.

    Returns
    -------
    ranks
        On the index of the rates: `rank` (1 is the highest rate), `rank_low`, `rank_high` (95 % interval), and `half`:
        "bovenste" or "onderste" when the interval lies on one side of the middle rank, else "niet te onderscheiden".
        NaN and missing for areas that are not judged. `attrs`: `ranked`, and `clear`, the number whose rank can be told
        from the middle one.

    Raises
    ------
    ColumnError
        These are no rates.
    InputError
        `draws` is under 100.

    Notes
    -----
    Every rate is drawn from its own gamma distribution (Jeffreys prior, overdispersion included), apart from the
    others; ranks are taken per draw. Ranks have wide intervals even where rates differ: a league table hides that.
    O(draws x areas log areas).

    References
    ----------
    Goldstein, H. and Spiegelhalter, D. J. (1996). League tables and their limitations. doi:10.2307/2983325
    """
    if draws < 100:
        raise InputError("draws must be at least 100", f"{draws}", "take 2000")
    spread, judged = _spread(rates), _judged(rates)
    judged = judged.sort_values(["rate", "base"], ascending=False, kind="stable")
    out = pd.DataFrame({"rank": np.nan, "rank_low": np.nan, "rank_high": np.nan, "half": None}, index=rates.index)
    n = judged["incidents"].to_numpy(float)
    phi = spread.at(n)
    drawn = generator(rng).gamma(n / phi + 0.5, phi, (draws, len(n))) / judged["base"].to_numpy(float)
    ranks = stats.rankdata(-drawn, axis=1)
    if len(n):
        low, high = np.quantile(ranks, [0.025, 0.975], axis=0, method="nearest")
        middle = (len(n) + 1) / 2
        out.loc[judged.index, "rank"] = stats.rankdata(-judged["rate"].to_numpy(float), method="min")
        out.loc[judged.index, "rank_low"], out.loc[judged.index, "rank_high"] = low, high
        out.loc[judged.index, "half"] = np.select([high < middle, low > middle], ["bovenste", "onderste"],
                                                  "niet te onderscheiden")  # fmt: skip
    out["half"] = pd.Categorical(out["half"], categories=["bovenste", "niet te onderscheiden", "onderste"])
    out.attrs = dict(rates.attrs) | {"ranked": len(n), "clear": int(out["half"].isin(["bovenste", "onderste"]).sum())}
    return out


def smooth_rates(rates: pd.DataFrame, graph: Any) -> pd.Series:
    """Shrink every rate to that of its surroundings instead of that of the whole (local empirical Bayes).

    Parameters
    ----------
    rates
        Answer of `rates`.
    graph
        Neighbours of the areas, as a libpysal Graph on the same index in the same order.

    Returns
    -------
    rate_local
        On the index of the rates, per `per`. NaN where there are no figures, or no neighbours with figures.

    Raises
    ------
    ColumnError
        These are no rates.
    AlignmentError
        The graph is of other areas, or in another order.

    Notes
    -----
    Marshall's estimator with mean and variance of the area and its neighbours together. Smoothing over neighbours also
    smooths real borders away: for maps, not for verdicts. O(areas + neighbours).

    References
    ----------
    Marshall, R. J. (1991). Mapping disease and mortality rates using empirical Bayes estimators. doi:10.2307/2347593
    """
    _need(rates)
    if not pd.Index(graph.unique_ids).equals(rates.index):
        same = set(graph.unique_ids) == set(rates.index)
        raise AlignmentError(
            "the graph must be of these areas, in their order",
            "the same areas in another order" if same else f"{graph.n} areas against {len(rates)}, not the same",
            "build it from the table of the rates: Graph.build_contiguity(neighbourhoods.loc[rates.index])",
        )
    near = graph.sparse.tocsr().astype(bool).astype(float)
    near.setdiag(1.0)
    known = (rates["rate"].notna() & (rates["base"] > 0)).to_numpy()
    n = rates["incidents"].where(known, 0.0).to_numpy(float)
    d = rates["base"].where(known, 0.0).to_numpy(float)
    raw = np.divide(n, d, out=np.zeros(len(n)), where=d > 0)
    areas, total = near @ known.astype(float), near @ d
    with np.errstate(divide="ignore", invalid="ignore"):
        mean = (near @ n) / total
        spread = (near @ (d * raw**2)) / total - mean**2
        between = np.maximum(0.0, spread - mean / (total / areas))
        weight = np.where(mean > 0, between / (between + mean / d), 0.0)
        local = weight * raw + (1 - weight) * mean
    local[~known | (areas < 2)] = np.nan
    return pd.Series(local * rates.attrs["per"], rates.index, name="rate_local")


def _need(rates: pd.DataFrame) -> None:
    missing = {"incidents", "base", "rate", "state"} - set(rates)
    if missing or "per" not in rates.attrs:
        raise ColumnError(
            "these must be rates with their attrs", f"no {', '.join(sorted(missing)) or 'attrs'}",
            "give the answer of hicgeo.rates as it is",
        )  # fmt: skip


def _judged(rates: pd.DataFrame) -> pd.DataFrame:
    return rates[rates["state"].isin(JUDGED) & rates["rate"].notna()]


def _spread(rates: pd.DataFrame) -> Spread:
    _need(rates)
    return Spread(rates.attrs["dispersion_constant"], rates.attrs["dispersion_growth"])
