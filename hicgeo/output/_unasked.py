"""What stands in no file yet, and must not follow from those that do: what a later table may be of."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from hicgeo.output._figures import CARRIED, Model, members_of, size_of
from hicgeo.output._suppression import HALF, Figures, View, suppress

if TYPE_CHECKING:
    import numpy.typing as npt

    from hicgeo.output._suppression import Flags

MAX_PARTS = 3_000
"""Combinations of labels that are looked at though no table is of them."""


def parts_of(model: Model) -> Any:
    """What a later table may be of: every combination of labels, and stretch of time, that no figure is of.

    Parameters
    ----------
    model
        Answer of `relate`.

    Returns
    -------
    parts
        Sparse matrix (parts, atoms) of 0 and 1. Where there are more than `MAX_PARTS`, only what cannot be divided;
        none where that is too many as well.
    """
    from scipy import sparse

    listed, leaves, kept, members = model.listed, model.leaves, model.kept, model.figures.members
    dims = [name for name in listed.columns if name not in CARRIED]
    nothing = sparse.csr_array((0, len(kept)))
    if listed["public"].all():
        return nothing
    wanted = {d: dict(leaves[d]) for d in dims}
    if "time" in wanted:  # any stretch of time
        count = size_of(leaves, "time")
        for first, last in itertools.combinations(range(count + 1), 2):
            wanted["time"][f"{first}-{last}"] = np.arange(first, last, dtype=np.intp)
    unique = {d: list({tuple(places.tolist()): label for label, places in wanted[d].items()}.values()) for d in dims}
    if np.prod([len(each) for each in unique.values()], dtype=float) > MAX_PARTS:
        for d in dims:  # too many: what cannot be divided
            wanted[d] = {str(n): np.array([n], dtype=np.intp) for n in range(size_of(leaves, d))}
            unique[d] = list(wanted[d])
        if np.prod([len(each) for each in unique.values()], dtype=float) > MAX_PARTS:
            return nothing
    combined = pd.DataFrame(list(itertools.product(*unique.values())), columns=dims)
    rows = sparse.csr_array(members_of(combined, dims, wanted)[:, kept])
    have = {_places(members, n) for n in range(members.shape[0])} | {b""}
    fresh = {key: n for n in range(rows.shape[0]) if (key := _places(rows, n)) not in have}
    return rows[list(fresh.values())] if fresh else nothing


def _places(rows: Any, n: int) -> bytes:
    return np.sort(rows.indices[rows.indptr[n] : rows.indptr[n + 1]]).tobytes()


def widen(figures: Figures, parts: Any, threshold: float, hidden: Flags) -> Flags:
    """Hide further figures until no part that stands in no file yet can be told to be small.

    Parameters
    ----------
    figures
        All figures.
    parts
        Sparse matrix (parts, atoms) of what somebody may ask for later: what the figures have in common, what one has
        besides another.
    threshold
        Counts from 1 to below it are small.
    hidden
        What is hidden already.

    Returns
    -------
    flags
        What must be hidden, at least what was.

    Raises
    ------
    ForcedError
        Figures that must be shown tell that a part is small.

    Notes
    -----
    The true count of a part is not known here, so that it must be kept open whatever it is: from what is shown it
    must be possible that it is 1 or less, or it is `threshold` at least; and it must be possible that it is
    `threshold` - 1 or more, or it is nothing.
    """
    narrow = narrowed(figures, parts, threshold, hidden)
    if not len(narrow):
        return hidden
    more, also = _with_parts(figures, parts[narrow]), np.ones(len(narrow), dtype=bool)
    return suppress(more, threshold, np.concatenate([hidden, also]))[: len(hidden)]


def narrowed(figures: Figures, parts: Any, threshold: float, hidden: Flags) -> npt.NDArray[np.intp]:
    """Which parts can be told to be small, or nearly so, by more than was public already.

    Parameters
    ----------
    figures, parts, threshold, hidden
        As for `widen`.

    Notes
    -----
    Begins with one programme for many parts at a time, and asks of what these leave one by one.
    """
    if not parts.shape[0]:
        return np.empty(0, dtype=np.intp)
    more, first = _with_parts(figures, parts), len(hidden)
    shown = np.concatenate([~hidden, np.zeros(parts.shape[0], dtype=bool)])
    empty = np.asarray(more.members[np.flatnonzero(shown & (more.values == 0))].sum(axis=0)).ravel() > 0
    nothing = np.asarray(parts.sum(axis=1)).ravel() == parts @ empty.astype(float)
    # what lies in a figure that is public can be no more than that, and must stay all that
    public = np.flatnonzero(figures.known)
    inside = (parts @ figures.members[public].T).toarray() == np.asarray(parts.sum(axis=1)).ravel()[:, None]
    most = np.where(inside, figures.values[public], np.inf).min(axis=1, initial=np.inf)
    least_high, most_low = np.minimum(most, threshold - 1.0), np.where(most < threshold - 1 - HALF, 0.0, 1.0)
    low, high = more.values[first:].copy(), more.values[first:].copy()

    seen, before = View.of(more, shown), View.of(more, more.known)

    def pending(sign: float) -> npt.NDArray[np.intp]:
        wanting = low > most_low + HALF if sign > 0 else high < least_high - HALF
        return np.flatnonzero(wanting & ~nothing)

    def look(group: npt.NDArray[np.intp], sign: float) -> None:
        stop = (most_low if sign > 0 else least_high)[group]
        found = seen.extreme((first + group).tolist(), sign, stop=stop)[first:]
        np.minimum(low, found, out=low)
        np.maximum(high, found, out=high)

    for sign in (1.0, -1.0):
        left = len(high) + 1
        while 1 < len(group := pending(sign)) < left:
            left = len(group)
            look(group, sign)
        asked = np.zeros(len(high), dtype=bool)
        while len(group := np.setdiff1d(pending(sign), np.flatnonzero(asked))):
            look(group[:1], sign)
            asked[group[0]] = True
    doubtful = np.zeros(len(high), dtype=bool)
    doubtful[pending(1.0)] = low[pending(1.0)] < threshold - HALF
    doubtful[pending(-1.0)] = True
    found = []
    for part in np.flatnonzero(doubtful):
        ends = (float(before.extreme([first + int(part)], s)[first + part]) for s in (1.0, -1.0))
        need_low, need_high = next(ends), min(threshold - 1.0, next(ends))
        need_low = need_low if need_high < threshold - 1 - HALF else max(1.0, need_low)
        if low[part] > need_low + HALF or high[part] < need_high - HALF:
            found.append(int(part))
    return np.array(found, dtype=np.intp)


def _with_parts(figures: Figures, parts: Any) -> Figures:
    """Figures with parts as further ones that must be kept."""
    from scipy import sparse

    n = parts.shape[0]
    none, every = np.zeros(n, dtype=bool), np.ones(n, dtype=bool)
    return Figures(
        members=sparse.csr_array(sparse.vstack([figures.members, parts])),
        values=np.concatenate([figures.values, parts @ figures.atoms]),
        atoms=figures.atoms,
        small=np.concatenate([np.zeros(len(figures.small), dtype=bool), every]),
        known=np.concatenate([figures.known, none]),
        forced=np.concatenate([figures.forced, none]),
        hideable=np.concatenate([figures.hideable, none]),
        whole=figures.whole,
    )
