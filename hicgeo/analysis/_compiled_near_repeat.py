# mypy: disable-error-code="no-untyped-def, no-untyped-call, untyped-decorator"
"""Loops over pairs of incidents, compiled by numba; loaded only by those who need them."""

from __future__ import annotations

import numpy as np
from numba import njit

compiled = njit(cache=True, nogil=True, error_model="numpy")

LANES = 32
"""Permutations counted at once: two rows of days then fit in the registers of a processor."""


@compiled
def count_sooner(first, other, band, day, edges, bands):
    """Pairs per distance band and permutation that lie fewer days apart than each edge.

    `other[first[i]:first[i + 1]]` are the partners of incident i, `band` their distance band; `day` is (incidents,
    LANES), one column a permutation. O(pairs x edges x LANES), as comparisons that a processor makes side by side.
    """
    total = np.zeros((bands, len(edges), LANES), np.int32)
    for i in range(len(first) - 1):
        mine = day[i]
        for p in range(first[i], first[i + 1]):
            theirs = day[other[p]]
            b = band[p]
            for t in range(len(edges)):
                edge = edges[t]
                for k in range(LANES):
                    total[b, t, k] += abs(mine[k] - theirs[k]) < edge
    return total


@compiled
def shuffled(day, order, begin, uniform, lanes):
    """Put a random order of the days in each of the first columns of `lanes`, one per row of `uniform`.

    `day` stands sorted by group, `begin` tells where groups begin and the last one ends, `order` the row of `lanes`
    that each day belongs to. Fisher and Yates, on numbers between 0 and 1. O(incidents x columns).
    """
    mixed = np.empty(len(day), lanes.dtype)
    for k in range(len(uniform)):
        mixed[:] = day
        for g in range(len(begin) - 1):
            low = begin[g]
            for i in range(begin[g + 1] - 1, low, -1):
                j = low + int(uniform[k, i] * (i - low + 1))
                mixed[i], mixed[j] = mixed[j], mixed[i]
        for i in range(len(day)):
            lanes[order[i], k] = mixed[i]
