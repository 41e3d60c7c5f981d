"""Work on many rows in as many threads as there are processors, for what holds no lock."""

from __future__ import annotations

import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from itertools import pairwise
from typing import Any

import numpy as np

PARTS = 4
"""Rows are always cut in so many parts, whatever the computer, so that sums do not depend on its processors."""


def in_parts(n: int, work: Callable[[slice], Any], most: int = PARTS, least: int = 20_000) -> list[Any]:
    """What `work` answers for slices of n rows, in order, in as many threads as there are processors.

    Parameters
    ----------
    n
        Rows.
    work
        Called with a slice; what it does with the rows must not depend on the other slices.
    most
        Slices at most.
    least
        Rows that stay together.
    """
    ends = np.linspace(0, n, max(1, min(most, n // least)) + 1).astype(int)
    return at_once([partial(work, slice(a, b)) for a, b in pairwise(ends)])


def at_once(tasks: list[Callable[[], Any]]) -> list[Any]:
    """What tasks answer, in order, in as many threads as there are processors."""
    if len(tasks) == 1:
        return [tasks[0]()]
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    with ThreadPoolExecutor(min(cores, len(tasks))) as pool:
        return [each.result() for each in [pool.submit(task) for task in tasks]]
