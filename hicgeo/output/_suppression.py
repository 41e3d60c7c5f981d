"""Which figures must be hidden besides the small ones, so that nobody can work those out: linear programmes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    import numpy.typing as npt

    Flags = npt.NDArray[np.bool_]
    Numbers = npt.NDArray[np.float64]

BATCH = 20
"""Most small figures that are moved in one programme: more is faster and may hide more than needed."""
ALONE = 100
"""Moves up to which each has a programme of its own."""
SECONDS = 20.0
"""Longest time for one programme; a solution found by then is good enough, for only the amount hidden depends on it."""
ROUNDS = 20
"""Of scaling a guess to what is shown: it is only a guess."""
HALF = 0.5
"""A move of counts by less than this is rounding of the solver."""
DENSE = 200_000
"""Numbers of a programme up to which it is written out in full."""
REWARD = 1e4
"""Weight of moving a small figure against showing the largest one: protection comes first."""


class ForcedError(Exception):
    """Figures that must be shown give a small one away.

    Parameters
    ----------
    figure
        Place of the small one.
    """

    def __init__(self, figure: int) -> None:
        super().__init__(figure)
        self.figure = figure


@dataclass(frozen=True)
class Figures:
    """Every figure of an export and of earlier ones, as sums of what cannot be divided further.

    Attributes
    ----------
    members
        Sparse matrix (figures, atoms) of 0 and 1: which atoms a figure is the sum of.
    values
        The figures.
    atoms
        One set of non-negative atoms that has these sums; the true ones when the figures determine them.
    small
        Figures that nobody may learn.
    known
        Figures that are public already: they can neither be hidden nor hold it against this export.
    forced
        Figures that must be shown because the user says so.
    hideable
        Figures of this export; those of earlier exports are shown or hidden as they were.
    whole
        Whether all are whole numbers, which an attacker knows.
    """

    members: Any
    values: Numbers
    atoms: Numbers
    small: Flags
    known: Flags
    forced: Flags
    hideable: Flags
    whole: bool


def suppress(figures: Figures, threshold: float, hidden: Flags) -> Flags:
    """Hide further figures until every small one can be anything from 1 to `threshold` - 1 for who sees the rest.

    Parameters
    ----------
    figures
        All figures.
    threshold
        Counts from 1 to below it are small.
    hidden
        What is hidden to begin with: the small figures, and in earlier exports what was hidden there.

    Returns
    -------
    flags
        What must be hidden, at least what was.

    Raises
    ------
    ForcedError
        Figures that must be shown give a small one away.

    Notes
    -----
    For a batch of small figures a linear programme moves counts between atoms so that these figures become as small, or
    as large, as they must be able to be, and visible figures change as little as possible, weighed by their size. What
    changes is hidden. The moved table is then one that nobody can tell from the true one, and it stays so whatever more
    is hidden: every small figure ends with two such tables as its proof. Where public figures themselves leave less
    room, the room that they leave is what is kept. One programme per small figure and way, or per `BATCH` of many.
    """
    hidden = hidden.copy()
    pending = _tasks(figures, threshold)
    batch = min(BATCH, 1 + len(pending) // ALONE)
    while pending:
        before = len(pending)
        group = _one_each(pending)[:batch]
        move = _move(figures, hidden, group)
        hidden |= _changed(figures, move) & ~hidden
        pending = [task for task in pending if not _reached(move, task)]
        if len(pending) == before:  # these pull against each other: one at a time, and zeros may be hidden too
            pending = [task for task in pending if task is not group[0]]
            hidden |= _alone(figures, hidden, group[0])
    return hidden


@dataclass(frozen=True)
class Room:
    """Between what an attacker can still think a small figure to be, and what it must be able to be.

    Attributes
    ----------
    low, high
        Bounds on the figure for who knows everything that is shown.
    need_low, need_high
        Bounds that must lie within: 1 and `threshold` - 1, or where public figures leave less, all that they leave.
    """

    low: Numbers
    high: Numbers
    need_low: Numbers
    need_high: Numbers

    @property
    def safe(self) -> Flags:
        """Whether each figure has the room that it must have."""
        return np.asarray((self.low <= self.need_low + HALF) & (self.high >= self.need_high - HALF))


def attack(figures: Figures, threshold: float, hidden: Flags) -> Room:
    """Work out every small figure as well as all that is shown allows.

    Parameters
    ----------
    figures
        All figures; the values of hidden ones are not looked at, nor are the atoms.
    threshold
        Counts from 1 to below it are small.
    hidden
        What is not shown.

    Returns
    -------
    room
        In the order of the small figures.

    Notes
    -----
    Two programmes per small figure at most, in whole numbers where the counts are whole: each answer is a table that
    fits everything shown, and settles whatever other figures it moves far enough.
    """
    small = np.flatnonzero(figures.small).astype(int)
    seen, public = View.of(figures, ~hidden), View.of(figures, figures.known)
    low, high = np.full(len(small), np.inf), np.full(len(small), -np.inf)
    for place, figure in enumerate(small.tolist()):
        for sign, target in ((1.0, 1.0), (-1.0, threshold - 1)):
            if (low[place] <= target) if sign > 0 else (high[place] >= target):
                continue
            found = seen.extreme([figure], sign, stop=target)
            low, high = np.minimum(low, found[small]), np.maximum(high, found[small])
    need_low, need_high = np.ones(len(small)), np.full(len(small), threshold - 1.0)
    for place in np.flatnonzero((low > 1 + HALF) | (high < threshold - 1 - HALF)).tolist():
        figure = int(small[place])
        least, most = (float(public.extreme([figure], sign)[figure]) for sign in (1.0, -1.0))
        need_low[place] = least if most < threshold - 1 - HALF else max(1.0, least)
        need_high[place] = min(threshold - 1.0, most)
        low[place] = seen.extreme([figure], 1.0)[figure]
    return Room(low, high, need_low, need_high)


def likeliest(figures: Figures, threshold: float, hidden: Flags, read: Flags, *, most: int | None = None) -> Numbers:
    """Guess every figure from what is shown alone, so that what is said of the guess gives nothing away.

    Parameters
    ----------
    figures
        All figures; the values of hidden ones are not looked at, nor are the atoms.
    threshold
        Counts below it are small.
    hidden
        What is not shown.
    read
        The figures that readers of this export meet, and those of the police. What follows from them is listed only
        where it is small, and of earlier exports it is not noted what could be read: the guess must depend on neither.
    most
        Hidden figures of which nothing else is known are guessed to be at most this; `threshold` - 1 when left out.
        With 0 all that is hidden is taken to be as even as what is shown allows.

    Notes
    -----
    Hidden figures are spread from 0 to `most` in the order in which they stand, totals before their parts; then all
    are scaled by turns to the figures that are shown (iterative proportional fitting). O(`ROUNDS` x members).
    """
    members, shown = figures.members.tocsr(), np.flatnonzero(~hidden & read)
    parts = [members.indices[start:end] for start, end in pairwise(members.indptr)]
    atoms = np.ones(members.shape[1])
    unknown = sorted(np.flatnonzero(hidden & figures.hideable & read), key=lambda figure: -len(parts[figure]))
    if most == 0:
        unknown = []
    for turn, figure in enumerate(unknown):  # a total first, so that its parts keep guesses of their own
        atoms[parts[figure]] = (turn % (threshold if most is None else most + 1)) / max(1, len(parts[figure]))
    for _ in range(ROUNDS):
        for figure in shown:
            now = atoms[parts[figure]].sum()
            if now > 0:
                atoms[parts[figure]] *= figures.values[figure] / now
    return np.asarray(members @ atoms)


# one task: a figure, which way to move it, and how far

Task = tuple[int, float, float]


def _tasks(figures: Figures, threshold: float) -> list[Task]:
    """What each small figure must be able to become, the largest moves first.

    Of what public figures cap below `threshold` - 1 even 0 must stay possible: of a total of 1, "1 or none" is all that
    can be kept open.
    """
    tasks: list[Task] = []
    small = np.flatnonzero(figures.small)
    for figure, capped in zip(small, _capped(figures, small, threshold), strict=True):
        value = float(figures.values[figure])
        lowest = 0.0 if capped else 1.0
        tasks += [
            (int(figure), sign, far) for sign, far in ((1.0, threshold - 1 - value), (-1.0, value - lowest)) if far > 0
        ]
    return sorted(tasks, key=lambda task: (-task[2], task[0]))


def _capped(figures: Figures, which: npt.NDArray[np.intp], threshold: float) -> Flags:
    """Which of these figures lie within a public figure below `threshold` - 1."""
    little = figures.members[np.flatnonzero(figures.known & (figures.values < threshold - 1))]
    inside = figures.members[which]
    size = np.asarray(inside.sum(axis=1)).ravel()
    shared = (inside @ little.T).tocoo()
    capped = np.zeros(len(which), dtype=bool)
    capped[shared.row[shared.data == size[shared.row]]] = True
    return capped


def _one_each(tasks: Sequence[Task]) -> list[Task]:
    first: dict[int, Task] = {}
    for task in tasks:
        first.setdefault(task[0], task)
    return list(first.values())


def _reached(move: Numbers, task: Task) -> bool:
    figure, sign, far = task
    return bool(sign * move[figure] >= far - HALF)


def _changed(figures: Figures, move: Numbers) -> Flags:
    return np.asarray(np.abs(move) > HALF if figures.whole else np.abs(move) > 1e-6)


def _alone(figures: Figures, hidden: Flags, task: Task) -> Flags:
    """What to hide for one small figure, zeros too when nothing else will do."""
    for zeros in (False, True):
        move = _move(figures, hidden, [task], zeros=zeros)
        if _reached(move, task):
            return np.asarray(_changed(figures, move) & ~hidden)
    # as far as it goes: is it what is public that stands in the way, or what this export insists on?
    free = _move(figures, hidden, [task], zeros=True, forced=False)
    figure, sign, _ = task
    if sign * free[figure] > sign * move[figure] + HALF:
        raise ForcedError(figure)
    return np.asarray(_changed(figures, move) & ~hidden)


def _move(
    figures: Figures, hidden: Flags, group: Sequence[Task], *, zeros: bool = False, forced: bool = True
) -> Numbers:
    """Change of every figure in the cheapest move of counts that takes a group of small figures where they must go."""
    from scipy import sparse

    fixed = figures.known | (~figures.hideable & ~hidden) | (figures.forced & forced)
    empty = ~hidden & (figures.values == 0) & (fixed | (not zeros))
    free = np.flatnonzero(np.asarray(figures.members[np.flatnonzero(empty)].sum(axis=0)).ravel() == 0)
    inside = figures.members[:, free]
    touched = np.diff(inside.indptr) > 0
    held = np.flatnonzero(fixed & touched)
    priced = np.flatnonzero(~fixed & ~hidden & touched)
    n, m, g = len(free), len(priced), len(group)
    signs = sparse.diags_array([sign for _, sign, _ in group], dtype=float)
    rows = inside[[figure for figure, _, _ in group]]
    price = (figures.values[priced] + 1) / (figures.values.max() + 1)
    unit = sparse.eye_array(m)
    least, most = np.zeros(m + len(held) + g), np.zeros(m + len(held) + g)
    most[m + len(held) :] = np.inf
    solution = _solve(
        np.concatenate([np.zeros(n), price, price, np.full(g, -REWARD)]),
        _assembled([[inside[priced], -unit, unit, None], [inside[held], None, None, None],
                    [signs @ rows, None, None, -sparse.eye_array(g)]], (n, m, m, g)),
        (least, most),
        low=np.concatenate([-figures.atoms[free], np.zeros(2 * m + g)]),
        high=np.concatenate([np.full(n + 2 * m, np.inf), [far for _, _, far in group]]),
        whole=n if figures.whole else 0,
    )  # fmt: skip
    return np.asarray(inside @ _exact(solution[:n], figures.whole))


@dataclass(frozen=True)
class View:
    """What is seen of all figures: their values, as equations in the atoms that are not known to be nothing."""

    inside: Any
    equations: Any
    values: Numbers
    whole: bool

    @classmethod
    def of(cls, figures: Figures, shown: Flags) -> View:
        """What is seen when these figures are shown."""
        empty = np.flatnonzero(shown & (figures.values == 0))
        free = np.flatnonzero(np.asarray(figures.members[empty].sum(axis=0)).ravel() == 0)
        inside = figures.members[:, free]
        rows = np.flatnonzero(shown & (np.diff(inside.indptr) > 0))
        return cls(inside, inside[rows], figures.values[rows], figures.whole)

    def extreme(self, group: Sequence[int], sign: float, stop: float | Numbers | None = None) -> Numbers:
        """All figures of a table that fits what is seen and has some of them as small or as large as can be.

        Parameters
        ----------
        group
            Places of the figures that are asked for.
        sign
            1 for as small, -1 for as large as can be, together.
        stop
            The search may end as soon as each of the group has passed this value, or its own.
        """
        from scipy import sparse

        n, g = self.inside.shape[1], len(group)
        # the reached part is bounded, so that "as large as can be" has an answer where nothing bounds it
        far = self.values.sum() + 1e3 if stop is None else stop
        ends = np.zeros(g), np.full(g, np.inf)
        reached = ends if sign < 0 else (-ends[1], ends[0])
        solution = _solve(
            np.concatenate([np.zeros(n), np.full(g, sign)]),
            _assembled([[self.equations, None], [self.inside[list(group)], -sparse.eye_array(g)]], (n, g)),
            (np.concatenate([self.values, reached[0]]), np.concatenate([self.values, reached[1]])),
            low=np.concatenate([np.zeros(n), np.zeros(g) + (0.0 if sign < 0 or stop is None else stop)]),
            high=np.concatenate([np.full(n, np.inf), np.zeros(g) + (far if sign < 0 else np.inf)]),
            whole=n if self.whole else 0,
        )
        return np.asarray(self.inside @ _exact(solution[:n], self.whole))


def feasible(members: Any, values: Numbers, *, whole: bool) -> Numbers | None:
    """Atoms that add up to all figures, or None when there are none.

    Parameters
    ----------
    members
        Sparse matrix (figures, atoms).
    values
        The figures.
    whole
        Whether the atoms must be whole numbers.
    """
    n = members.shape[1]
    try:
        solution = _solve(
            np.zeros(n), members, (values, values), low=np.zeros(n), high=np.full(n, np.inf), whole=n if whole else 0
        )
    except ArithmeticError:
        return None
    return _exact(solution, whole)


def _exact(solution: Numbers, whole: bool) -> Numbers:
    return np.rint(solution) if whole else solution


def _assembled(blocks: list[list[Any]], widths: Sequence[int]) -> Any:
    """Blocks below and beside each other, None is nothing: as numbers where that is small, for it is much quicker."""
    from scipy import sparse

    heights = [row[0].shape[0] for row in blocks]
    if sum(heights) * sum(widths) > DENSE:
        parts = [[b if b is not None else sparse.csr_array((h, w)) for b, w in zip(row, widths, strict=True)]
                 for row, h in zip(blocks, heights, strict=True)]  # fmt: skip
        return sparse.csc_array(sparse.vstack([sparse.hstack(row) for row in parts]))
    made, down = np.zeros((sum(heights), sum(widths))), 0
    for row, height in zip(blocks, heights, strict=True):
        across = 0
        for block, width in zip(row, widths, strict=True):
            if block is not None and height and width:
                made[down : down + height, across : across + width] = block.toarray()
            across += width
        down += height
    return made


def _solve(
    cost: Numbers, matrix: Any, ends: tuple[Numbers, Numbers], *, low: Numbers, high: Numbers, whole: int
) -> Numbers:
    """Solve a programme whose first `whole` variables are whole numbers."""
    from scipy.optimize import Bounds, LinearConstraint, milp

    # most of these programmes have whole vertices by themselves; only the others need branching
    for integrality in [0, 1] if whole else [0]:
        answer = milp(
            cost,
            constraints=[LinearConstraint(matrix, *ends)] if matrix.shape[0] else [],
            bounds=Bounds(low, high),
            integrality=np.concatenate([np.full(whole, integrality), np.zeros(len(cost) - whole)]),
            options={"mip_rel_gap": 1e-3, "time_limit": SECONDS},
        )
        if answer.x is None:
            raise ArithmeticError(answer.message)
        part = answer.x[:whole]
        if np.abs(part - np.rint(part)).max(initial=0.0) < 1e-6:
            break
    return np.asarray(answer.x)
