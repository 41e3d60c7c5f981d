# mypy: disable-error-code="no-untyped-def,no-untyped-call,untyped-decorator"
"""The loop that shares a window of time out over what the clock or the sun does in it, compiled by numba."""

from __future__ import annotations

import numpy as np
from numba import njit

compiled = njit(cache=True, nogil=True, error_model="numpy")


@compiled
def spread(rows, start, end, change, unit, weights):
    """Add to each row of `weights` the share of its window that falls in each unit.

    From the moment `change[n]` until the next the time belongs to `unit[n]`; the last unit never ends, and no window
    begins before the first. Moments are whole seconds, so that sums of them are exact: a long window is added up in
    seconds and divided once. A window without length is one moment.
    """
    units = weights.shape[1]
    for i in rows:
        begin, stop = start[i], end[i]
        at = np.searchsorted(change, begin, side="right") - 1
        if stop <= begin:
            weights[i, unit[at]] = 1.0
            continue
        last = np.searchsorted(change, stop, side="left") - 1
        whole = float(stop - begin)
        scale = 1.0 if last - at >= units else 1.0 / whole
        for n in range(at, last + 1):
            until = min(stop, change[n + 1]) if n < last else stop
            weights[i, unit[n]] += (until - begin) * scale
            begin = until
        if scale == 1.0:
            for k in range(units):
                weights[i, k] /= whole
