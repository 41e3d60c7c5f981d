"""Loops that numpy cannot say, compiled by numba; loaded only by those who need them, for numba takes half a second."""

from __future__ import annotations

import numpy as np
from numba import njit

compiled = njit(cache=True, nogil=True, error_model="numpy")

TILE = 8
"""Points are asked in the order of squares of so many cells a side: what these need is then at hand."""

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
def _longer(array, least):
    """The same array with room for at least so many."""
    more = np.empty(max(2 * len(array), least), array.dtype)
    more[: len(array)] = array
    return more


@compiled
def lay(corners, closes, polygon_start, first, until, bounds, x0, y0, size, n_rows, n_columns, slack):
    """Lay polygons `first` up to `until` on the raster.

    Of polygon k the corners are those from `polygon_start[k]` up to `polygon_start[k + 1]`; an edge has the number of
    its first corner, and none starts where a ring `closes`. A cell that no edge touches belongs to one polygon as a
    whole. For every other cell there is an entry per polygon with edges there: those edges, and whether the lower right
    corner of the cell lies in it. Answers with the first polygon that covers each cell without an edge (`cover`), and
    of the entries, in the order of the polygons: cell, polygon, corner, and where its edges end among the edges.
    """
    nobody = len(polygon_start) - 1
    cover = np.full(n_rows * n_columns, nobody, np.int32)
    guess = 1024 + 3 * (polygon_start[until] - polygon_start[first]) // 2
    entry_cell = np.empty(guess, np.int32)
    entry_polygon = np.empty(guess, np.int32)
    entry_corner = np.empty(guess, np.bool_)
    entry_end = np.empty(guess, np.int32)
    edges = np.empty(guess, np.int32)
    n_entries, n_edges = 0, 0
    head = np.empty(1024, np.int32)
    flip = np.empty(1024, np.bool_)
    follow = np.empty(1024, np.int32)
    drawn = np.empty(1024, np.int32)
    for k in range(first, until):
        west = max(int((bounds[k, 0] - slack - x0) / size), 0)
        south = max(int((bounds[k, 1] - slack - y0) / size), 0)
        width = min(int((bounds[k, 2] + slack - x0) / size), n_columns - 1) - west + 1
        height = min(int((bounds[k, 3] + slack - y0) / size), n_rows - 1) - south + 1
        if len(flip) < (width + 1) * height:
            head, flip = _longer(head, (width + 1) * height), _longer(flip, (width + 1) * height)
        head[: width * height] = -1
        flip[: (width + 1) * height] = False
        n_here = 0
        for e in range(polygon_start[k], polygon_start[k + 1]):
            x1, y1, x2, y2 = _upward(corners, e)
            if closes[e] or (x1 == x2 and y1 == y2):
                continue
            bottom = max(int((y1 - slack - y0) / size), 0)
            top = min(int((y2 + slack - y0) / size), n_rows - 1)
            for row in range(bottom, top + 1):
                low = y0 + row * size
                left, right = _columns(x1, y1, x2, y2, low, low + size, slack, x0, size, n_columns)
                if n_here + right - left + 1 > len(follow):
                    follow, drawn = (
                        _longer(follow, n_here + right - left + 1),
                        _longer(drawn, n_here + right - left + 1),
                    )
                for column in range(left, right + 1):
                    at = (row - south) * width + column - west
                    follow[n_here] = head[at]
                    drawn[n_here] = e
                    head[at] = n_here
                    n_here += 1
                if (y1 <= low) != (y2 <= low):
                    # corners of this line of cells that lie left of the edge: those of columns below `past`
                    cross = x1 + (low - y1) * ((x2 - x1) / (y2 - y1))
                    past = int(np.ceil((cross - x0) / size)) - 1
                    past = min(max(past, west), west + width)
                    while past > west and not _beyond(x1, y1, x2, y2, x0 + past * size, low):
                        past -= 1
                    while past < west + width and _beyond(x1, y1, x2, y2, x0 + (past + 1) * size, low):
                        past += 1
                    at = (row - south) * (width + 1) + past - west
                    flip[at] = not flip[at]
        if n_entries + width * height > len(entry_cell):
            least = n_entries + width * height
            entry_cell, entry_polygon = _longer(entry_cell, least), _longer(entry_polygon, least)
            entry_corner, entry_end = _longer(entry_corner, least), _longer(entry_end, least)
        if n_edges + n_here > len(edges):
            edges = _longer(edges, n_edges + n_here)
        for row in range(height):
            inside = False
            for column in range(width - 1, -1, -1):
                if flip[row * (width + 1) + column + 1]:
                    inside = not inside
                cell = (south + row) * n_columns + west + column
                pair = head[row * width + column]
                if pair >= 0:
                    while pair >= 0:
                        edges[n_edges] = drawn[pair]
                        n_edges += 1
                        pair = follow[pair]
                    entry_cell[n_entries] = cell
                    entry_polygon[n_entries] = k
                    entry_corner[n_entries] = inside
                    entry_end[n_entries] = n_edges
                    n_entries += 1
                elif inside and cover[cell] == nobody:
                    cover[cell] = k
    return (cover, entry_cell[:n_entries], entry_polygon[:n_entries], entry_corner[:n_entries], entry_end[:n_entries],
            edges[:n_edges])  # fmt: skip


@compiled
def tally(cell, end, entries, edges):
    """Add the numbers of entries and of their edges to those of the cell before."""
    before = 0
    for n in range(len(cell)):
        entries[cell[n] + 1] += 1
        edges[cell[n] + 1] += end[n] - before
        before = end[n]


@compiled
def fill(some, cell, polygon, corner, end, edges, place, edge_place, polygons, inside, begin, sorted_edges):
    """Put entries of the cells from `some[0]` up to `some[1]` in their places, which move on."""
    for n in range(len(cell)):
        c = cell[n]
        if some[0] <= c < some[1]:
            at = place[c]
            polygons[at] = polygon[n]
            inside[at] = corner[n]
            m = edge_place[c]
            begin[at] = m
            for k in range(end[n - 1] if n > 0 else 0, end[n]):
                sorted_edges[m] = edges[k]
                m += 1
            place[c] = at + 1
            edge_place[c] = m


@compiled
def _holds(u, v, right, low, corner, begin, end, edges, corners):
    """Whether a polygon with edges in a cell holds a point of that cell, its border included.

    The path from the point to the right side of its cell, and down that side to the corner, crosses an odd number of
    edges exactly if point and corner differ in being inside. Only edges of the cell can be crossed. Which side of an
    edge a point is on is decided exactly, and corners and crossings are counted by one half-open rule, as if the
    sides of cells lay infinitesimally further to the right, so that nothing depends on how a ring is drawn.
    """
    inside = corner
    for m in range(begin, end):
        e = edges[m]
        x1, y1, x2, y2 = corners[e, 0], corners[e, 1], corners[e + 1, 0], corners[e + 1, 1]
        level = (y1 <= v) != (y2 <= v)
        beyond = False
        if level or y1 == v or y2 == v:
            side = orientation(x1, y1, x2, y2, u, v)
            if side == 0 and min(x1, x2) <= u <= max(x1, x2):
                return True
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
    return inside


@compiled
def owners(
    px, py, at, owner, nobody, corners, cover, start, polygon, corner, begin, edges, x0, y0, size, n_rows, n_columns
):
    """First polygon that holds each point within the raster, its border included; put at `at`."""
    for i in range(len(px)):
        u, v = px[i], py[i]
        column = int(np.floor((u - x0) / size))
        row = int(np.floor((v - y0) / size))
        cell = row * n_columns + column
        found = cover[cell]
        for n in range(start[cell], start[cell + 1]):
            if polygon[n] > found:
                break
            if _holds(
                u, v, x0 + (column + 1) * size, y0 + row * size, corner[n], begin[n], begin[n + 1], edges, corners
            ):
                found = polygon[n]
                break
        owner[at[i]] = found if found < nobody else -1


@compiled
def nearest(px, py, at, distance, corners, first, edges, gap, x0, y0, size, n_rows, n_columns):
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
                    if first[cell] == first[cell + 1]:
                        continue
                    dx = max(max(x0 + c * size - u, u - (x0 + (c + 1) * size)), 0.0)
                    dy = max(max(y0 + r * size - v, v - (y0 + (r + 1) * size)), 0.0)
                    if dx * dx + dy * dy > best_squared * (1.0 + 1e-12):
                        continue
                    for m in range(first[cell], first[cell + 1]):
                        e = edges[m]
                        ax, ay, bx, by = _upward(corners, e)
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
        distance[at[i]] = best


@compiled
def by_tile(px, py, x0, y0, size, n_rows, n_columns):
    """Points within the raster, those of one tile of cells together: coordinates and place; O(points + tiles)."""
    across, up = n_columns // TILE + 1, n_rows // TILE + 1
    tile = np.empty(len(px), np.int32)
    place = np.zeros(across * up + 2, np.int64)
    for i in range(len(px)):
        column = int(np.floor((px[i] - x0) / size))
        row = int(np.floor((py[i] - y0) / size))
        within = 0 <= column < n_columns and 0 <= row < n_rows
        tile[i] = row // TILE * across + column // TILE if within else across * up
        place[tile[i] + 1] += 1
    for t in range(across * up + 1):
        place[t + 1] += place[t]
    n = place[across * up]
    x, y, at = np.empty(n), np.empty(n), np.empty(n, np.int64)
    for i in range(len(px)):
        if tile[i] < across * up:
            k = place[tile[i]]
            x[k], y[k], at[k] = px[i], py[i], i
            place[tile[i]] = k + 1
    return x, y, at


@compiled
def _opposite(corners, left, e, f):
    """Whether two edges have the same ends, with the ground of their polygons on either side."""
    if corners[e, 0] == corners[f + 1, 0] and corners[e, 1] == corners[f + 1, 1]:
        return corners[e + 1, 0] == corners[f, 0] and corners[e + 1, 1] == corners[f, 1] and left[e] == left[f]
    if corners[e, 0] == corners[f, 0] and corners[e, 1] == corners[f, 1]:
        return (corners[e + 1, 0] == corners[f + 1, 0] and corners[e + 1, 1] == corners[f + 1, 1]
                and left[e] != left[f])  # fmt: skip
    return False


@compiled
def pair(low, high, corners, closes, left, loose, second, start, begin, edges, x0, y0, size, n_columns):
    """Pair edges that are drawn end for end on either side of a border, of those that begin between two heights.

    An edge has its lower end between `low` and `high`, as its partner has. Marked are the `second` of each pair, and
    edges without a partner, which are `loose`. `left` says on which side of an edge the ground of its polygon is. Edges
    with the same ends are in the same cells, so that a cell of an edge tells its partner; the edge after it has the one
    before that for its partner, along the whole of a border.
    """
    last = len(corners) - 1
    paired = np.zeros(len(corners), np.bool_)
    for e in range(last):
        if paired[e] or closes[e]:
            continue
        x1, y1, x2, y2 = _upward(corners, e)
        if not low <= y1 < high or (x1 == x2 and y1 == y2):
            continue
        cell = int((y1 - y0) / size) * n_columns + int((x1 - x0) / size)
        f = -1
        for m in range(begin[start[cell]], begin[start[cell + 1]]):
            j = edges[m]
            if j != e and not paired[j] and _opposite(corners, left, e, j):
                f = j
                break
        if f < 0:
            loose[e] = True
            continue
        step = -1 if corners[e, 0] == corners[f + 1, 0] and corners[e, 1] == corners[f + 1, 1] else 1
        a, b = e, f
        while True:
            paired[a] = paired[b] = second[b] = True
            a, b = a + 1, b + step
            if closes[a] or b < 0 or b >= last or closes[b] or a == b or paired[a] or paired[b]:
                break
            x1, y1, x2, y2 = _upward(corners, a)
            if not low <= y1 < high or (x1 == x2 and y1 == y2) or not _opposite(corners, left, a, b):
                break


@compiled
def _meet(corners, e, f):
    """Whether two edges have more in common than one end; exact."""
    ax, ay, bx, by = corners[e, 0], corners[e, 1], corners[e + 1, 0], corners[e + 1, 1]
    cx, cy, dx, dy = corners[f, 0], corners[f, 1], corners[f + 1, 0], corners[f + 1, 1]
    if max(ax, bx) < min(cx, dx) or max(cx, dx) < min(ax, bx) or max(ay, by) < min(cy, dy) or max(cy, dy) < min(ay, by):
        return False
    if (ax == cx and ay == cy) or (ax == dx and ay == dy):
        ax, ay, bx, by = bx, by, ax, ay
    if (bx == dx and by == dy) or (bx == cx and by == cy):
        if bx == cx and by == cy:
            cx, cy, dx, dy = dx, dy, cx, cy
        # with one end in common, b and d, they go on together only in the same direction
        return orientation(ax, ay, bx, by, cx, cy) == 0 and (ax - bx) * (cx - bx) + (ay - by) * (cy - by) > 0
    first = orientation(ax, ay, bx, by, cx, cy) * orientation(ax, ay, bx, by, dx, dy)
    return first <= 0 and orientation(cx, cy, dx, dy, ax, ay) * orientation(cx, cy, dx, dy, bx, by) <= 0


@compiled
def suspects(corners, loose, n_polygons, cover, start, polygon, corner, begin, edges, x0, y0, size, n_rows, n_columns):
    """Polygons that may share ground, judged by their loose edges.

    How many polygons lie over a place changes only at loose edges. A loose edge that meets no other but at its ends has
    as many on its side from end to end; when no other polygon holds its middle, that is one.
    """
    found = np.zeros(n_polygons, np.bool_)
    for cell in range(n_rows * n_columns):
        for n in range(start[cell], start[cell + 1]):
            for m in range(begin[n], begin[n + 1]):
                e = edges[m]
                if not loose[e]:
                    continue
                for other in range(n, start[cell + 1]):
                    if found[polygon[n]] and found[polygon[other]]:
                        continue
                    for j in range(m + 1 if other == n else begin[other], begin[other + 1]):
                        if loose[edges[j]] and _meet(corners, e, edges[j]):
                            found[polygon[n]] = found[polygon[other]] = True
                if found[polygon[n]]:
                    continue
                u, v = (corners[e, 0] + corners[e + 1, 0]) / 2, (corners[e, 1] + corners[e + 1, 1]) / 2
                column = int(np.floor((u - x0) / size))
                row = int(np.floor((v - y0) / size))
                here = row * n_columns + column
                if cover[here] < n_polygons:
                    found[polygon[n]] = True
                right, low = x0 + (column + 1) * size, y0 + row * size
                for other in range(start[here], start[here + 1]):
                    if polygon[other] != polygon[n] and _holds(
                        u, v, right, low, corner[other], begin[other], begin[other + 1], edges, corners
                    ):
                        found[polygon[n]] = True
    return found


@compiled
def sides(corners, ring_end, shell):
    """Of each corner, whether the ground of its polygon lies left of the edge that starts there."""
    left = np.empty(len(corners), np.bool_)
    first = 0
    for ring in range(len(ring_end)):
        end = ring_end[ring]
        twice = 0.0
        for e in range(first, end - 1):
            twice += (corners[e, 0] - corners[first, 0]) * (corners[e + 1, 1] - corners[first, 1]) - (
                corners[e + 1, 0] - corners[first, 0]
            ) * (corners[e, 1] - corners[first, 1])
        left[first:end] = (twice > 0) == shell[ring]
        first = end
    return left


@compiled
def without(second, start, begin, edges):
    """Edges per cell, those of a pair once."""
    first = np.empty(len(start), np.int32)
    kept = np.empty(len(edges), np.int32)
    n = 0
    for cell in range(len(start) - 1):
        first[cell] = n
        for m in range(begin[start[cell]], begin[start[cell + 1]]):
            if not second[edges[m]]:
                kept[n] = edges[m]
                n += 1
    first[len(start) - 1] = n
    return first, kept[:n]
