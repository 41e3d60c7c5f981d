"""Areas to compare with: those that were most like the treated ones before."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy import stats

from hicgeo.analysis.intervention import check_counts, relative_change
from hicgeo.errors import InputError

Array = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Controls:
    """Areas that were most like the treated ones before the operation.

    Attributes
    ----------
    table
        On the control's index, nearest first: `match` (the treated area it belongs to), `distance` (how unlike,
        0 = alike), `before` (incidents), `match_before` (those of the treated area).
    ratio
        Incidents in the controls over those in the treated areas.
    trend, trend_low, trend_high
        How much more the treated areas grew over the history than the controls, as a ratio between its second and its
        first half, with 95 % interval: an interval without 1 says that they were not on the same path.
    """

    table: pd.DataFrame = field(repr=False)
    ratio: float
    trend: float
    trend_low: float
    trend_high: float

    def to_frame(self) -> pd.DataFrame:
        """Return the table of controls."""
        return self.table.copy()

    def _repr_html_(self) -> str:
        return self.table.to_html()


def matched_controls(
    history: pd.DataFrame,
    *,
    treated: Sequence[str | int],
    candidates: Sequence[str | int] | None = None,
    per_area: int = 1,
) -> Controls:
    """Choose control areas whose history is most like that of the treated areas.

    Parameters
    ----------
    history
        Incidents per area (rows) and month (columns) before the operation.
    treated
        Index labels of the areas to be treated.
    candidates
        Labels that may be controls: far enough from the treated areas and their surroundings. All others when left out.
    per_area
        Controls for each treated area; no area is chosen twice.

    Returns
    -------
    Controls
        The chosen areas, and whether both went the same way before.

    Raises
    ------
    InputError
        A label is unknown, a count is missing or negative, an area is treated and candidate, there are fewer
        candidates than controls, or fewer than 4 months.

    Notes
    -----
    The history is cut into up to 8 pieces of equal length; distance is the root mean square difference of the
    Anscombe-transformed counts (2 sqrt(n + 3/8), on which Poisson noise has variance 1), so that about 1.4 is as alike
    as chance allows. The treated area with most incidents chooses first. Matching on what happened to be high finds
    areas that will fall by themselves, on both sides alike: that is why controls are matched at all. Best made from
    other months than those that the selection of the treated areas was made on. O(treated x candidates x months).

    Examples
    --------
    >>> import pandas as pd
    >>> history = pd.DataFrame([[5, 6, 5, 7], [1, 0, 1, 1], [6, 5, 6, 6], [12, 14, 13, 15]], index=list("ABCD"))
    >>> matched_controls(history, treated=["A"]).table.index.tolist()
    ['C']
    """
    numbers = _check_history(history, treated, candidates, per_area)
    # by label, so that of equals the same are chosen whatever the order of the rows
    mine = [history.index.get_loc(label) for label in sorted(treated, key=str)]
    free_labels = history.index.difference(list(treated), sort=False) if candidates is None else candidates
    others = [history.index.get_loc(label) for label in sorted(free_labels, key=str)]
    pieces = np.array_split(np.arange(numbers.shape[1]), min(8, numbers.shape[1]))
    level = np.column_stack([2 * np.sqrt(numbers[:, piece].sum(axis=1) + 0.375) for piece in pieces])
    away = np.sqrt(((level[mine][:, None] - level[others][None]) ** 2).mean(axis=2))
    total = numbers.sum(axis=1)
    free, rows = np.ones(len(others), bool), []
    for turn in np.argsort(-total[mine], kind="stable").tolist() * per_area:
        nearest = int(np.argmin(np.where(free, away[turn], np.inf)))
        free[nearest] = False
        rows.append((others[nearest], mine[turn], away[turn, nearest]))
    rows.sort(key=lambda row: row[2])
    chosen = [row[0] for row in rows]
    half = numbers.shape[1] // 2
    first = numbers[:, :half].sum(axis=1) * (numbers.shape[1] - half) / half
    second = numbers[:, half:].sum(axis=1)
    sides = pd.DataFrame(
        [[first[mine].sum(), second[mine].sum()], [first[chosen].sum(), second[chosen].sum()]],
        index=["treated", "control"], columns=["before", "after"],
    )  # fmt: skip
    path = relative_change(sides, 1.0, stats.norm.ppf(0.975))
    table = pd.DataFrame(
        {
            "match": history.index[[row[1] for row in rows]],
            "distance": [float(row[2]) for row in rows],
            "before": total[chosen],
            "match_before": total[[row[1] for row in rows]],
        },
        index=history.index[chosen],
    )
    treated_total = total[mine].sum()
    return Controls(
        table=table, ratio=float(total[chosen].sum() / treated_total) if treated_total else np.nan,
        trend=path["ratio"], trend_low=path["ratio_low"], trend_high=path["ratio_high"],
    )  # fmt: skip


def _check_history(
    history: pd.DataFrame, treated: Sequence[str | int], candidates: Sequence[str | int] | None, per_area: int
) -> Array:
    if history.index.has_duplicates or history.shape[1] < 4:
        raise InputError(
            "history must have one row per area and at least 4 months",
            f"{history.shape[1]} months" if history.shape[1] < 4 else "an area twice", "give a longer history",
        )  # fmt: skip
    named = [*treated, *(candidates or [])]
    unknown = [label for label in named if label not in history.index]
    if unknown or not len(treated):
        raise InputError(
            "treated and candidates must be areas of the history", f"{len(unknown)} unknown, {len(treated)} treated",
            "use the labels of its index",
        )  # fmt: skip
    if len(set(named)) < len(named):
        raise InputError(
            "an area must be treated or candidate, and be named once",
            f"{len(named) - len(set(named))} named twice", "take the treated areas out of the candidates",
        )  # fmt: skip
    free = len(history) - len(treated) if candidates is None else len(candidates)
    if not per_area >= 1 or per_area * len(treated) > free:
        raise InputError(
            "there must be enough candidates", f"{free} for {per_area} x {len(treated)} controls",
            "widen the candidates, or take fewer controls per area",
        )  # fmt: skip
    numbers = history.to_numpy(float, na_value=np.nan)
    check_counts(numbers)
    return numbers
