"""Loops that numpy cannot say, compiled by numba; loaded only by those who need them, for numba takes half a second."""

from __future__ import annotations

import numpy as np
from numba import njit

compiled = njit(cache=True, nogil=True, error_model="numpy")

FILTER = (3.0 + 16.0 * 2.0**-53) * 2.0**-53
"""Above this share of its terms the sign of an orientation in doubles is right (Shewchuk 1997, ccwerrboundA)."""


@compiled
def _product(a, b):
    """Product as a sum of two doubles, without error (Dekker 1971)."""
    high = a * b
    c = 134217729.0 * a
    a_high = c - (c - a)
    a_low = a - a_high
    c = 134217729.0 * b
    b_high = c - (c - b)
    b_low = b - b_high
    return high, a_low * b_low - (((high - a_high * b_high) - a_low * b_high) - a_high * b_low)


@compiled
def _exact_orientation(ax, ay, bx, by, px, py):
    """Sign of the orientation, from its twelve terms added without error (Shewchuk 1997, grow-expansion)."""
    total = np.zeros(13)
    terms = np.empty(12)
    terms[1], terms[0] = _product(ax, by)
    terms[3], terms[2] = _product(-ax, py)
    terms[5], terms[4] = _product(-px, by)
    terms[7], terms[6] = _product(-ay, bx)
    terms[9], terms[8] = _product(ay, px)
    terms[11], terms[10] = _product(py, bx)
    for n in range(12):
        carry = terms[n]
        for i in range(n):
            part = total[i]
            added = carry + part
            virtual = added - carry
            total[i] = (carry - (added - virtual)) + (part - virtual)
            carry = added
        total[n] = carry
    for i in range(12, -1, -1):
        if total[i] != 0.0:
            return 1 if total[i] > 0.0 else -1
    return 0


@compiled
def orientation(ax, ay, bx, by, px, py):
    """Side of the line from a to b on which p lies: 1 left, -1 right, 0 on it; exact."""
    left = (ax - px) * (by - py)
    right = (ay - py) * (bx - px)
    value = left - right
    bound = FILTER * (abs(left) + abs(right))
    if value > bound:
        return 1
    if value < -bound:
        return -1
    return _exact_orientation(ax, ay, bx, by, px, py)


@compiled
def _beyond(x1, y1, x2, y2, px, py):
    """Whether the line through an edge lies right of p at its height; of a level edge, whether p is not below."""
    if y1 == y2:
        return py >= y1
    side = orientation(x1, y1, x2, y2, px, py)
    return side > 0 if y1 < y2 else side < 0


@compiled
def _columns(x1, y1, x2, y2, low, high, slack, x0, size, n_columns):
    """First and last column that an edge touches between two heights, rather one too many than one too few."""
    bottom, top = (y1, y2) if y1 <= y2 else (y2, y1)
    a, b = x1, x2
    if bottom < low - slack or top > high + slack:
        slope = (x2 - x1) / (y2 - y1)
        a = x1 + (max(bottom, low - slack) - y1) * slope
        b = x1 + (min(top, high + slack) - y1) * slope
    least, most = min(x1, x2), max(x1, x2)
    a, b = min(a, b), max(a, b)
    first = int((max(a, least) - slack - x0) / size)
    last = int((min(b, most) + slack - x0) / size)
    return max(first, 0), min(last, n_columns - 1)


@compiled
def _upward(corners, e):
    """Ends of an edge, the lower first, so that the edge of a neighbour that runs back is the same edge."""
    x1, y1, x2, y2 = corners[e, 0], corners[e, 1], corners[e + 1, 0], corners[e + 1, 1]
    if y1 > y2 or (y1 == y2 and x1 > x2):
        return x2, y2, x1, y1
    return x1, y1, x2, y2


@compiled
def count_pairs(corners, edge, x0, y0, size, n_rows, n_columns, slack):
    """Pairs of an edge and a cell that it touches."""
    pairs = 0
    for e in edge:
        x1, y1, x2, y2 = _upward(corners, e)
        first = max(int((min(y1, y2) - slack - y0) / size), 0)
        last = min(int((max(y1, y2) + slack - y0) / size), n_rows - 1)
        for row in range(first, last + 1):
            low = y0 + row * size
            left, right = _columns(x1, y1, x2, y2, low, low + size, slack, x0, size, n_columns)
            pairs += right - left + 1
    return pairs


@compiled
def build(corners, edge, edge_start, bounds, x0, y0, size, n_rows, n_columns, slack, n_pairs):
    """Fill the raster.

    Of polygon k the edges are `edge[edge_start[k]:edge_start[k + 1]]`, each the number of its first corner. A cell
    that no edge touches belongs to one polygon as a whole. For every other cell there is an entry per polygon with
    edges there: those edges, and whether the lower right corner of the cell lies in it. Answers with the first
    polygon that covers the cell without an edge (`cover`), and the entries sorted by cell and polygon.
    """
    nobody = len(edge_start) - 1
    cover = np.full(n_rows * n_columns, nobody, np.int32)
    entry_cell = np.empty(n_pairs, np.int32)
    entry_polygon = np.empty(n_pairs, np.int32)
    entry_in = np.empty(n_pairs, np.bool_)
    entry_edges = np.empty(n_pairs + 1, np.int64)
    edges = np.empty(n_pairs, np.int32)
    n_entries, n_edges = 0, 0
    head = np.empty(0, np.int64)
    flip = np.empty(0, np.bool_)
    follow = np.empty(0, np.int64)
    pair_edge = np.empty(0, np.int32)
    for k in range(nobody):
        west = max(int((bounds[k, 0] - slack - x0) / size), 0)
        south = max(int((bounds[k, 1] - slack - y0) / size), 0)
        width = min(int((bounds[k, 2] + slack - x0) / size), n_columns - 1) - west + 1
        height = min(int((bounds[k, 3] + slack - y0) / size), n_rows - 1) - south + 1
        if len(head) < width * height:
            head = np.empty(2 * width * height, np.int64)
            flip = np.empty(2 * (width + 1) * height, np.bool_)
        elif len(flip) < (width + 1) * height:
            flip = np.empty(2 * (width + 1) * height, np.bool_)
        head[: width * height] = -1
        flip[: (width + 1) * height] = False
        n_here = 0
        for i in range(edge_start[k], edge_start[k + 1]):
            e = edge[i]
            x1, y1, x2, y2 = _upward(corners, e)
            first = max(int((min(y1, y2) - slack - y0) / size), 0)
            last = min(int((max(y1, y2) + slack - y0) / size), n_rows - 1)
            for row in range(first, last + 1):
                low = y0 + row * size
                left, right = _columns(x1, y1, x2, y2, low, low + size, slack, x0, size, n_columns)
                if n_here + right - left + 1 > len(follow):
                    more = np.empty(2 * len(follow) + right - left + 1024, np.int64)
                    more[:n_here] = follow[:n_here]
                    follow = more
                    also = np.empty(len(more), np.int32)
                    also[:n_here] = pair_edge[:n_here]
                    pair_edge = also
                for column in range(left, right + 1):
                    at = (row - south) * width + column - west
                    follow[n_here] = head[at]
                    pair_edge[n_here] = e
                    head[at] = n_here
                    n_here += 1
                if (y1 <= low) != (y2 <= low):
                    # corners of this line of cells that lie left of the edge: those of columns below `until`
                    cross = x1 + (low - y1) * ((x2 - x1) / (y2 - y1))
                    until = int(np.ceil((cross - x0) / size)) - 1
                    until = min(max(until, west), west + width)
                    while until > west and not _beyond(x1, y1, x2, y2, x0 + until * size, low):
                        until -= 1
                    while until < west + width and _beyond(x1, y1, x2, y2, x0 + (until + 1) * size, low):
                        until += 1
                    at = (row - south) * (width + 1) + until - west
                    flip[at] = not flip[at]
        for row in range(height):
            inside = False
            for column in range(width - 1, -1, -1):
                if flip[row * (width + 1) + column + 1]:
                    inside = not inside
                cell = (south + row) * n_columns + west + column
                pair = head[row * width + column]
                if pair >= 0:
                    entry_cell[n_entries] = cell
                    entry_polygon[n_entries] = k
                    entry_in[n_entries] = inside
                    entry_edges[n_entries] = n_edges
                    n_entries += 1
                    while pair >= 0:
                        edges[n_edges] = pair_edge[pair]
                        n_edges += 1
                        pair = follow[pair]
                elif inside and cover[cell] == nobody:
                    cover[cell] = k
    entry_edges[n_entries] = n_edges

    # sort by cell; within a cell the polygons stay in their order
    start = np.zeros(n_rows * n_columns + 1, np.int32)
    for n in range(n_entries):
        start[entry_cell[n] + 1] += 1
    for cell in range(n_rows * n_columns):
        start[cell + 1] += start[cell]
    place = start[:-1].copy()
    source = np.empty(n_entries, np.int32)
    for n in range(n_entries):
        source[place[entry_cell[n]]] = n
        place[entry_cell[n]] += 1
    polygon = entry_polygon[source]
    corner = entry_in[source]
    begin = np.empty(n_entries + 1, np.int32)
    sorted_edges = np.empty(n_edges, np.int32)
    m = 0
    for n in range(n_entries):
        begin[n] = m
        for k in range(entry_edges[source[n]], entry_edges[source[n] + 1]):
            sorted_edges[m] = edges[k]
            m += 1
    begin[n_entries] = m
    return cover, start, polygon, corner, begin, sorted_edges


@compiled
def owners(px, py, owner, corners, cover, start, polygon, corner, begin, edges, x0, y0, size, n_rows, n_columns):
    """First polygon that holds each point within the raster, its border included.

    The path from a point to the right side of its cell, and down that side to the corner, crosses an odd number of
    edges exactly if point and corner differ in being inside. Only edges of the cell can be crossed. Which side of an
    edge a point is on is decided exactly, and corners and crossings are counted by one half-open rule, as if the
    sides of cells lay infinitesimally further to the right, so that nothing depends on how a ring is drawn.
    """
    for i in range(len(px)):
        u, v = px[i], py[i]
        column = int(np.floor((u - x0) / size))
        row = int(np.floor((v - y0) / size))
        cell = row * n_columns + column
        found = cover[cell]
        right = x0 + (column + 1) * size
        low = y0 + row * size
        for n in range(start[cell], start[cell + 1]):
            if polygon[n] > found:
                break
            inside = corner[n]
            for m in range(begin[n], begin[n + 1]):
                e = edges[m]
                x1, y1, x2, y2 = corners[e, 0], corners[e, 1], corners[e + 1, 0], corners[e + 1, 1]
                level = (y1 <= v) != (y2 <= v)
                beyond = False
                if level or y1 == v or y2 == v:
                    side = orientation(x1, y1, x2, y2, u, v)
                    if side == 0 and min(x1, x2) <= u <= max(x1, x2):
                        inside = True
                        break
                    beyond = level and (side > 0) == (y1 < y2) and side != 0
                if (x1 > right) != (x2 > right):
                    # crosses the side of the cell: seen from the height of the point and from the corner
                    if level:
                        if beyond != _beyond(x1, y1, x2, y2, right, low):
                            inside = not inside
                    elif _beyond(x1, y1, x2, y2, right, v) != _beyond(x1, y1, x2, y2, right, low):
                        inside = not inside
                elif level and beyond != (x1 > right):
                    inside = not inside
            if inside:
                found = polygon[n]
                break
        owner[i] = found


@compiled
def nearest(px, py, distance, corners, start, begin, edges, gap, x0, y0, size, n_rows, n_columns):
    """Distance of each point within the raster to the nearest edge, by rings of cells around its own.

    `gap` is the number of rings around a cell without any edge. The formula is that of GEOS, so that the answer is
    the same to the last bit.
    """
    for i in range(len(px)):
        u, v = px[i], py[i]
        column = int(np.floor((u - x0) / size))
        row = int(np.floor((v - y0) / size))
        best, best_squared = np.inf, np.inf
        to_side = min(min(u - (x0 + column * size), x0 + (column + 1) * size - u),
                      min(v - (y0 + row * size), y0 + (row + 1) * size - v))  # fmt: skip
        ring = gap[row * n_columns + column]
        while (ring - 1) * size + to_side < best:
            if ring > n_rows and ring > n_columns:
                break
            for r in range(max(row - ring, 0), min(row + ring, n_rows - 1) + 1):
                whole = r == row - ring or r == row + ring
                step = 1 if whole or ring == 0 else 2 * ring
                for c in range(column - ring, column + ring + 1, step):
                    if c < 0 or c >= n_columns:
                        continue
                    cell = r * n_columns + c
                    if start[cell] == start[cell + 1]:
                        continue
                    dx = max(max(x0 + c * size - u, u - (x0 + (c + 1) * size)), 0.0)
                    dy = max(max(y0 + r * size - v, v - (y0 + (r + 1) * size)), 0.0)
                    if dx * dx + dy * dy > best_squared * (1.0 + 1e-12):
                        continue
                    for m in range(begin[start[cell]], begin[start[cell + 1]]):
                        e = edges[m]
                        ax, ay, bx, by = corners[e, 0], corners[e, 1], corners[e + 1, 0], corners[e + 1, 1]
                        dx, dy, ux, uy = bx - ax, by - ay, u - ax, v - ay
                        along, length = ux * dx + uy * dy, dx * dx + dy * dy
                        if along <= 0.0:
                            squared = ux * ux + uy * uy
                            if squared < best_squared:
                                best = min(best, np.sqrt(squared))
                                best_squared = squared
                        elif along >= length:
                            squared = (u - bx) * (u - bx) + (v - by) * (v - by)
                            if squared < best_squared:
                                best = min(best, np.sqrt(squared))
                                best_squared = squared
                        else:
                            across = (ay - v) * dx - (ax - u) * dy
                            if across * across < best_squared * length * (1.0 + 1e-12):
                                best = min(best, abs(across / length) * np.sqrt(length))
                                best_squared = best * best
            ring += 1
        distance[i] = best


@compiled
def order_by_cell(px, py, x0, y0, size, n_rows, n_columns):
    """Order in which points of one cell stand together, and those outside the raster last; O(points + cells)."""
    cells = n_rows * n_columns
    cell = np.empty(len(px), np.int32)
    place = np.zeros(cells + 2, np.int64)
    for i in range(len(px)):
        column = int(np.floor((px[i] - x0) / size))
        row = int(np.floor((py[i] - y0) / size))
        cell[i] = row * n_columns + column if 0 <= column < n_columns and 0 <= row < n_rows else cells
        place[cell[i] + 1] += 1
    for c in range(cells + 1):
        place[c + 1] += place[c]
    order = np.empty(len(px), np.int64)
    for i in range(len(px)):
        order[place[cell[i]]] = i
        place[cell[i]] += 1
    return order, place[cells - 1]


@compiled
def unpaired(corners, left, start, begin, edges):
    """Of each corner, whether the edge that starts there is drawn by other than two polygons, one on either side.

    `left` says on which side of an edge the ground of its polygon is. Edges with the same ends are in the same
    cells, so that the first cell of an edge tells.
    """
    loose = np.zeros(len(corners), np.bool_)
    known = np.zeros(len(corners), np.bool_)
    for cell in range(len(start) - 1):
        for m in range(begin[start[cell]], begin[start[cell + 1]]):
            e = edges[m]
            if known[e]:
                continue
            known[e] = True
            x1, y1, x2, y2 = corners[e, 0], corners[e, 1], corners[e + 1, 0], corners[e + 1, 1]
            same, opposite, other = 0, 0, -1
            for j in range(begin[start[cell]], begin[start[cell + 1]]):
                f = edges[j]
                u, v = corners[f, 0], corners[f, 1]
                if u == x2 and v == y2:
                    if corners[f + 1, 0] != x1 or corners[f + 1, 1] != y1:
                        continue
                    along = False
                elif u == x1 and v == y1 and f != e:
                    if corners[f + 1, 0] != x2 or corners[f + 1, 1] != y2:
                        continue
                    along = True
                else:
                    continue
                if (left[e] == left[f]) == along:
                    same += 1
                else:
                    opposite += 1
                    other = f
            if same == 0 and opposite == 1:
                known[other] = True
            else:
                loose[e] = True
    return loose
