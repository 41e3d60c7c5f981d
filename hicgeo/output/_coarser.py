"""Coarser forms of a table with too many small figures, of which only one that was tried is proposed."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from hicgeo.output._figures import TOTALS

if TYPE_CHECKING:
    import numpy.typing as npt

AREAS = (("wijk", "WK", 8), ("gemeente", "GM", 6))
LARGER = "larger"
"""Where no form that was tried is coarse enough."""


def coarser(
    table: pd.DataFrame, guesses: Sequence[npt.NDArray[np.float64]], passes: Callable[[pd.DataFrame], bool]
) -> str:
    """Choose the finest coarser form of a table that passes, whichever of the guesses at its counts is right.

    Parameters
    ----------
    table
        With counts in `incidents`.
    guesses
        Counts to take in their place: made from what is shown alone, because the choice is told to everybody.
    passes
        Whether a table is good enough.

    Returns
    -------
    form
        "wijk", "gemeente", "year", "without" with a dimension, "longer" (a period of twice the length), or "larger"
        when none of these passes.
    """
    made = [dict(forms(table, numbers)) for numbers in guesses]
    order = sorted(made[0], key=lambda name: (name == "longer", -len(made[0][name]), name))
    return next((name for name in order if all(passes(each[name]) for each in made)), LARGER)


def forms(table: pd.DataFrame, numbers: npt.NDArray[np.float64]) -> Iterator[tuple[str, pd.DataFrame]]:
    """Make every form of a table that is one step coarser.

    Parameters
    ----------
    table
        With counts in `incidents`.
    numbers
        Counts to take in their place.

    Yields
    ------
    name, form
        The form has the attrs of the table, and a total where the table has one.

    Examples
    --------
    >>> areas = pd.Index(["BU99990101", "BU99990102", "alle"], name="code")
    >>> found = dict(forms(pd.DataFrame({"incidents": [4.0, 9.0, 13.0]}, index=areas), np.array([4.0, 9.0, 13.0])))
    >>> sorted(found), found["wijk"]["incidents"].to_dict()
    (['gemeente', 'longer', 'wijk'], {'WK999901': 13.0, 'alle': 13.0})
    """
    levels = [str(name) for name in table.index.names if name is not None]
    labels = {name: table.index.get_level_values(name).astype(str) for name in levels}
    total = np.zeros(len(table), dtype=bool)
    for each in labels.values():
        total |= np.asarray(each.isin(TOTALS))
    fine = {name: each[~total] for name, each in labels.items()}
    counts = pd.Series(np.rint(numbers[~total]))

    def summed(keys: dict[str, Any]) -> pd.DataFrame:
        made = counts.groupby([np.asarray(each, dtype=object) for each in keys.values()]).sum()
        made.index.names = list(keys)
        out = made.rename("incidents").to_frame()
        if total.any() and len(keys) == 1:
            out.loc["alle"] = out["incidents"].sum()
        out.attrs = dict(table.attrs)
        return out

    if not levels or not len(counts):
        return
    yield "longer", summed(fine).mul(2)
    for name, prefix, end in AREAS if "code" in fine else ():
        if (fine["code"].str.len() > end).all():
            yield name, summed({**fine, "code": prefix + fine["code"].str[2:end]})
    if "month" in fine:
        yield "year", summed({("year" if key == "month" else key): each.str[:4] if key == "month" else each
                              for key, each in fine.items()})  # fmt: skip
    for name in levels if len(levels) > 1 else ():
        if name not in ("code", "month"):
            yield f"without {name}", summed({key: each for key, each in fine.items() if key != name})
