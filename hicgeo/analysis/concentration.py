"""How concentrated: the Lorenz curve of areas or cells, and how much of it is chance and small numbers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
import pandas as pd

from hicgeo.analysis._inference import Rng, generator
from hicgeo.errors import AlignmentError, InputError

if TYPE_CHECKING:
    import xarray as xr

    Array = npt.NDArray[np.float64]

TOP = (0.05, 0.10, 0.20)
"""Shares of the areas whose share of the incidents is stated."""


@dataclass(frozen=True)
class Concentration:
    """How unevenly incidents lie over areas or cells.

    Attributes
    ----------
    incidents, areas, left_out
        Incidents, areas that were counted, and areas without figures, which take no part.
    gini, gini_low, gini_high
        Gini coefficient with its 95 % interval: 0 when every area has as many (per unit of the base), towards 1 when
        one has all.
    gini_adjusted
        Gini against the most even way in which so few incidents can lie over so many areas; NaN with a base.
    gini_chance, gini_chance_low, gini_chance_high
        Mean and 95 % range of the Gini when every place has the same risk: what is below it is no concentration.
    top
        On the share of the areas (0.05, 0.10, 0.20): `share_incidents` in the areas with the most, `share_low`,
        `share_high` (95 %), and `share_chance` (when every place has the same risk).
    curve
        Lorenz curve from the areas with the most: `share_area` (of the base, when there is one), `share_incidents`.
    """

    incidents: float
    areas: int
    left_out: int
    gini: float
    gini_low: float
    gini_high: float
    gini_adjusted: float
    gini_chance: float
    gini_chance_low: float
    gini_chance_high: float
    top: pd.DataFrame
    curve: pd.DataFrame

    def to_frame(self) -> pd.DataFrame:
        """`top` with the Gini coefficient as its last row."""
        gini = pd.DataFrame(
            {"share_incidents": [self.gini], "share_low": [self.gini_low], "share_high": [self.gini_high],
             "share_chance": [self.gini_chance]}, index=pd.Index(["gini"], name=self.top.index.name),
        )  # fmt: skip
        return pd.concat([self.top.set_axis([f"{share:.0%}" for share in self.top.index]), gini]).rename_axis("areas")

    def _repr_html_(self) -> str:
        return self.to_frame().to_html(float_format="{:.3f}".format)


def concentration(
    incidents: pd.Series | xr.DataArray, *, rng: Rng, base: pd.Series | None = None, repetitions: int = 999
) -> Concentration:
    """Measure how concentrated incidents are over neighbourhoods or cells.

    Parameters
    ----------
    incidents
        Count per area, or a surface of counts per cell (`Grid.counts`). NaN takes no part.
    rng
        Seed or generator of the bootstrap.
    base
        What there is to be hit per area (dwellings), on the same index: the curve is then over dwellings instead of
        areas, in the order of the rate.
    repetitions
        Bootstrap samples of areas.

    Returns
    -------
    concentration
        Gini coefficient and shares of the top 5, 10 and 20 % with bootstrap intervals.

    Raises
    ------
    AlignmentError
        `base` is on another index.
    InputError
        A count is negative, or `repetitions` is under 99.

    Notes
    -----
    With few incidents over many areas most are empty by necessity, and the plain Gini is high whatever happens: compare
    with `gini_chance`, or take `gini_adjusted`. The interval resamples areas (percentile bootstrap): it says how sure
    the figure is as one of areas like these. A part of an area counts at the edge of the top. With fewer than two areas
    or no incidents everything is NaN: not testable. O(repetitions x areas log areas).

    References
    ----------
    Bernasco, W. and Steenbeek, W. (2017). More places than crimes: implications for evaluating the law of crime
    concentration at place. doi:10.1007/s10940-016-9324-7

    Examples
    --------
    >>> import pandas as pd
    >>> found = concentration(pd.Series([6.0, 3.0, 1.0, 0.0, 0.0]), rng=1)
    >>> round(found.gini, 3), round(float(found.top.loc[0.20, "share_incidents"]), 3)
    (0.6, 0.6)
    """
    if repetitions < 99:
        raise InputError("repetitions must be at least 99", f"{repetitions}", "take 999")
    count = np.asarray(incidents, float).ravel()
    weight = np.ones(len(count))
    if base is not None:
        if not (isinstance(incidents, pd.Series) and base.index.equals(incidents.index)):
            raise AlignmentError("base must be on the index of the incidents", "another index", "reindex it first")
        weight = base.astype("Float64").astype("float64").to_numpy()
    if (count < 0).any():
        raise InputError("counts must be 0 or more", f"{(count < 0).sum()} negative", "give counts, not differences")
    known = ~np.isnan(count) & (weight > 0)
    left_out = int((~known).sum())
    if not isinstance(incidents, pd.Series):  # cells outside the study area are no areas without figures
        left_out = 0
    n, w = count[known], weight[known]
    if len(n) < 2 or n.sum() == 0:
        return _nothing(n, left_out)
    random = generator(rng)
    # rows in one order whatever that of the table, so that the same seed gives the same interval
    order = np.lexsort((w, n))
    n, w = n[order], w[order]
    gini, shares = _measure(n, w)
    sampled = np.array([_sample(n[pick], w[pick]) for pick in random.integers(0, len(n), (repetitions, len(n)))])
    total = round(float(n.sum()))
    chance = np.array([_sample(random.multinomial(total, w / w.sum()).astype(float), w) for _ in range(repetitions)])
    low, high = np.nanquantile(sampled, [0.025, 0.975], axis=0)
    least, most = np.quantile(chance[:, 0], [0.025, 0.975])
    x, y = _curve(n, w)
    top = {
        "share_incidents": shares,
        "share_low": low[1:],
        "share_high": high[1:],
        "share_chance": chance[:, 1:].mean(0),
    }
    return Concentration(
        incidents=float(n.sum()),
        areas=len(n),
        left_out=left_out,
        gini=gini,
        gini_low=float(low[0]),
        gini_high=float(high[0]),
        gini_adjusted=_adjusted(gini, n.sum(), len(n)) if base is None else np.nan,
        gini_chance=float(chance[:, 0].mean()),
        gini_chance_low=float(least),
        gini_chance_high=float(most),
        top=pd.DataFrame(top, index=pd.Index(TOP, name="share_area")),
        curve=pd.DataFrame({"share_area": x, "share_incidents": y}),
    )


def _nothing(n: Array, left_out: int) -> Concentration:
    """Nothing can be said: too few areas, or no incidents."""
    columns = ["share_incidents", "share_low", "share_high", "share_chance"]
    unknown = dict.fromkeys(
        ("gini", "gini_low", "gini_high", "gini_adjusted", "gini_chance", "gini_chance_low", "gini_chance_high"), np.nan
    )
    return Concentration(
        incidents=float(n.sum()),
        areas=len(n),
        left_out=left_out,
        top=pd.DataFrame(np.nan, index=pd.Index(TOP, name="share_area"), columns=columns),
        curve=pd.DataFrame({"share_area": [0.0, 1.0], "share_incidents": [np.nan, np.nan]}),
        **unknown,
    )


def _curve(n: Array, w: Array) -> tuple[Array, Array]:
    """Lorenz curve from the highest rate down."""
    order = np.argsort(-n / w, kind="stable")
    x, y = np.cumsum(w[order]), np.cumsum(n[order])
    return np.append(0.0, x / x[-1]), np.append(0.0, y / y[-1])


def _measure(n: Array, w: Array) -> tuple[float, Array]:
    """Gini coefficient and shares of the top."""
    x, y = _curve(n, w)
    area = float((np.diff(x) * (y[1:] + y[:-1])).sum() / 2)
    return 2 * area - 1, np.interp(TOP, x, y)


def _sample(n: Array, w: Array) -> Array:
    """Gini and shares as one row; NaN without incidents."""
    if n.sum() == 0:
        return np.full(1 + len(TOP), np.nan)
    gini, shares = _measure(n, w)
    return np.append(gini, shares)


def _adjusted(gini: float, incidents: float, areas: int) -> float:
    """Gini against the most even way for fewer incidents than areas (Bernasco and Steenbeek 2017)."""
    return float(max(areas / incidents, 1.0) * (gini - 1) + 1)
