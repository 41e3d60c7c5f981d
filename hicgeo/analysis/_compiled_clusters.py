"""Loops of clusters in place and time, compiled by numba; each has a slow plain twin in the tests."""

# numba finds the types of what it compiles by itself
# mypy: allow-untyped-defs, allow-untyped-calls, allow-untyped-decorators
from __future__ import annotations

import numpy as np
from numba import njit

compiled = njit(cache=True, nogil=True, error_model="numpy")


@compiled
def _ratio(c, inside, within, total, log_of, bar):
    """Poisson log-likelihood ratio of a cylinder; 0 when it holds no more than expected, or cannot reach `bar`."""
    mean = inside * within / total
    if c <= mean:
        return 0.0
    first = c * (log_of[c] + log_of[total] - log_of[inside] - log_of[within])
    # log(1 - x) <= -x: most cylinders are known to stay under the bar without a logarithm of their own
    if c < total and first - (total - c) * (c - mean) / (total - mean) <= bar:
        return 0.0
    rest = (total - c) * np.log((total - c) / (total - mean)) if c < total else 0.0
    return first + rest


@compiled
def _limit(c, total, bar):
    """Largest expectation times `total` with which c incidents reach the bar; a hair too large, never too small."""
    low, high = 0.0, float(c)
    rest = float(total - c)
    for _ in range(40):
        mean = 0.5 * (low + high)
        reached = c * np.log(c / mean) + (rest * np.log(rest / (total - mean)) if rest > 0 else 0.0)
        if reached > bar:
            low = mean
        else:
            high = mean
    return int(high * total * (1 + 1e-9)) + 1


@compiled
def _spans(longest):
    """Lengths of days from 0 to `longest`, each some third more than the one before it."""
    spans = [0, 1]
    while spans[-1] < longest:
        spans.append(min(longest, max(spans[-1] + 1, int(1.35 * spans[-1]))))
    return np.array(spans)


@compiled
def _quietest(spans, upto):
    """Fewest incidents in town in any cylinder around each day that is longer than one span and fits in the next."""
    days = len(upto) - 1
    out = np.empty((len(spans) - 1, days), np.int64)
    for p in range(len(spans) - 1):
        length = spans[p] + 1
        for d in range(days):
            fewest = upto[days]
            for a in range(max(0, d - length + 1), min(d, days - length) + 1):
                fewest = min(fewest, upto[a + length] - upto[a])
            out[p, d] = fewest
    return out


@compiled
def cylinders(begin, near, inside, starts, day, upto, longest, now, least, log_of, cut, found, ratios):
    """Largest ratio of all cylinders, and those whose ratio is at least `cut`.

    `near[begin[s]:begin[s + 1]]` are the cells around cell s in the order in which they are added, `inside` how many
    incidents the circle then holds over all days. `day[starts[z]:starts[z + 1]]` are the days of the incidents of cell
    z, `upto[d]` the incidents before day d. A cylinder lasts at most `longest` days; with `now` it ends on the last.
    Cylinders at the bar go to the rows of `found` (cell, place in `near`, first day, last day, incidents) and `ratios`,
    as far as these are long enough; returns the largest ratio and how many there are.

    Only cylinders that begin and end on a day with an incident, and hold one of the cell added last, can be the
    largest: no others are looked at. Nor are those of a span of lengths, when all that the circle holds within such a
    length of the day would not reach the bar in the quietest days of that span around it. Whether c incidents can reach
    the bar is told by one product: the largest expectation (times all incidents) with which they do is kept in a table,
    and worked out again for a c that passes when the bar has risen. O(centres x incidents around x incidents within
    `longest` days), squared where a wave comes near the bar.
    """
    total, last = len(day), len(upto) - 2
    limit = np.arange(total + 1) * total
    bar_of = np.zeros(total + 1)
    spans = _spans(longest)
    quietest = _quietest(spans, upto)
    most = min(longest, last + 1)
    # incidents of the circle by day, with room on both sides: day d is at d + most
    held = np.zeros(last + 1 + 2 * most, np.int64)
    best, kept = 0.0, 0
    for s in range(len(begin) - 1):
        held[:] = 0
        for k in range(begin[s], begin[s + 1]):
            u = inside[k]
            if 2 * u > total:
                break
            z = near[k]
            changed = False
            for e in range(starts[z], starts[z + 1]):
                held[day[e] + most] += 1
                changed |= day[e] > last - longest
            if now and not changed:
                continue
            if now:
                c = 0
                for a in range(last, max(-1, last - longest), -1):
                    c += held[a + most]
                    if held[a + most] and c >= least:
                        bar = min(best, cut - 1e-9)
                        r = _ratio(c, u, upto[last + 1] - upto[a], total, log_of, bar)
                        if r >= cut:
                            if kept < len(ratios):
                                found[kept] = (s, k, a, last, c)
                                ratios[kept] = r
                            kept += 1
                        best = max(best, r)
                continue
            for e in range(starts[z], starts[z + 1]):
                d = day[e]
                if e > starts[z] and day[e - 1] == d:
                    continue
                at = d + most
                c, widest = held[at], 0
                for p in range(len(spans) - 1):
                    for away in range(max(1, spans[p]), spans[p + 1]):
                        c += held[at - away] + held[at + away]
                    least_mean = u * quietest[p, d]
                    if least_mean <= limit[c] and c >= least:
                        bar = min(best, cut - 1e-9)
                        if bar_of[c] < bar:
                            bar_of[c] = bar
                            limit[c] = _limit(c, total, bar)
                        if least_mean <= limit[c]:
                            widest = spans[p + 1]
                back = 0
                for a in range(d, max(-1, d - widest), -1):
                    if not held[a + most]:
                        continue
                    back += held[a + most]
                    c = back - held[at]
                    for b in range(d, min(last + 1, a + widest)):
                        if not held[b + most]:
                            continue
                        c += held[b + most]
                        if u * (upto[b + 1] - upto[a]) > limit[c] or c < least:
                            continue
                        bar = min(best, cut - 1e-9)
                        if bar_of[c] < bar:
                            bar_of[c] = bar
                            limit[c] = _limit(c, total, bar)
                        r = _ratio(c, u, upto[b + 1] - upto[a], total, log_of, bar)
                        if r >= cut:
                            if kept < len(ratios):
                                found[kept] = (s, k, a, b, c)
                                ratios[kept] = r
                            kept += 1
                        best = max(best, r)
    return best, kept


@compiled
def _root(parent, i):
    while parent[i] != i:
        parent[i] = parent[parent[i]]
        i = parent[i]
    return i


@compiled
def density_clusters(x, y, day, row, column, first, reach, lag, least):
    """Core points, and the cluster of each point, named after its first core point; -1 for none.

    Points stand by cell (`row`, `column` and `first` are per cell, cells wider than `reach`), in a cell by day. A point
    has as neighbours those at most `reach` metres and `lag` days away, itself included. O(points x neighbours).
    """
    n, cells = len(x), len(row)
    # Of each cell the three runs of cells beside it: in the row before, in its own and in the next.
    runs = np.zeros((cells, 3, 2), np.int64)
    for r in range(3):
        low = 0
        for u in range(cells):
            want = row[u] + r - 1
            while low < cells and (row[low] < want or (row[low] == want and column[low] < column[u] - 1)):
                low += 1
            high = low
            while high < cells and row[high] == want and column[high] <= column[u] + 1:
                high += 1
            runs[u, r, 0], runs[u, r, 1] = low, high
    squared = reach * reach
    core = np.zeros(n, np.bool_)
    for u in range(cells):
        for i in range(first[u], first[u + 1]):
            count = 0
            for r in range(3):
                for v in range(runs[u, r, 0], runs[u, r, 1]):
                    j, end = first[v], first[v + 1]
                    if end - j > 16:
                        j += np.searchsorted(day[j:end], day[i] - lag)
                    while j < end and day[j] <= day[i] + lag:
                        dx, dy = x[i] - x[j], y[i] - y[j]
                        count += day[j] >= day[i] - lag and dx * dx + dy * dy <= squared
                        j += 1
                    if count >= least:
                        break
                if count >= least:
                    break
            core[i] = count >= least
    parent = np.arange(n)
    for u in range(cells):
        for i in range(first[u], first[u + 1]):
            if not core[i]:
                continue
            mine = _root(parent, i)
            for r in range(1, 3):
                for v in range(runs[u, r, 0], runs[u, r, 1]):
                    j, end = first[v], first[v + 1]
                    if end - j > 16:
                        j += np.searchsorted(day[j:end], day[i] - lag)
                    j = max(j, i + 1)
                    while j < end and day[j] <= day[i] + lag:
                        if core[j] and day[j] >= day[i] - lag:
                            dx, dy = x[i] - x[j], y[i] - y[j]
                            if dx * dx + dy * dy <= squared:
                                other = _root(parent, j)
                                if other != mine:
                                    low = min(mine, other)
                                    parent[max(mine, other)] = low
                                    mine = low
                        j += 1
    cluster = np.full(n, -1)
    for u in range(cells):
        for i in range(first[u], first[u + 1]):
            if core[i]:
                cluster[i] = _root(parent, i)
                continue
            nearest, soonest, chosen = np.inf, np.int64(0), -1
            for r in range(3):
                for v in range(runs[u, r, 0], runs[u, r, 1]):
                    for j in range(first[v], first[v + 1]):
                        apart = abs(day[i] - day[j])
                        if not core[j] or apart > lag:
                            continue
                        dx, dy = x[i] - x[j], y[i] - y[j]
                        away = dx * dx + dy * dy
                        if away > squared:
                            continue
                        sooner = chosen < 0 or away < nearest
                        if away == nearest and chosen >= 0:
                            # of equally near ones the soonest, then the earliest, then the first in place
                            sooner = apart < soonest or (apart == soonest and day[j] < day[chosen])
                            if apart == soonest and day[j] == day[chosen]:
                                sooner = x[j] < x[chosen] or (x[j] == x[chosen] and y[j] < y[chosen])
                        if sooner:
                            nearest, soonest, chosen = away, apart, j
            if chosen >= 0:
                cluster[i] = _root(parent, chosen)
    return core, cluster
