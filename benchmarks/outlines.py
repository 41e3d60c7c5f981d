"""How far counts of cells and of parts of a buurt can be narrowed down from the outlines of a public map.

The attacker knows the bandwidth from the page, kernel and cells from the source, and the count of every buurt
from the police. Also told, which no file tells: the places that were left out for having too few incidents.
A count is safe when two other towns exist in which it is at most 1 and at least T - 1, whole numbers of incidents
everywhere, and which have the same counts per buurt and the same map: the same cells in the outlines, the same order of
ranks, the same places left out. Such a town is looked for by moving incidents near the place that is asked for, all
others staying where they are; what is found is drawn with hicgeo itself, to see that it is the same map.
"""

from __future__ import annotations

import json
import os
import re
import warnings
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd
import shapely
from scipy import ndimage, sparse
from scipy.optimize import Bounds, LinearConstraint, milp

T = 10
SHARE = 0.02
LEAST = 5
"""Places with fewer incidents are no hotspots to begin with."""
REACHES = (500.0, 900.0, 1500.0)
"""Metres around the place that is asked for within which incidents are moved, one after the other; then around all."""
SECONDS = 240.0
Floats = npt.NDArray[np.float64]


def outlines(page: Path) -> gpd.GeoDataFrame:
    """Hotspots as a map has them, in RD."""
    for block in re.findall(r'<script type="application/json"[^>]*>(.*?)</script>', page.read_text("utf-8"), re.S):
        data = json.loads(block)
        if data.get("key") == "hotspots":
            shapes = gpd.GeoDataFrame.from_features(data["shapes"]["features"], crs="EPSG:4326")
            return shapes.to_crs("EPSG:28992")
    raise AssertionError("no hotspots on the map")


@dataclass
class City:
    """What the attacker knows, and the truth it is checked against: pieces are cells cut by borders of buurten."""

    grid: Any
    bandwidth: float
    cell: npt.NDArray[np.intp]  # of each piece
    code: npt.NDArray[np.intp]
    truth: Floats
    middles: Floats
    spot: npt.NDArray[np.intp]  # of each cell: rank from 1, 0 outside; -1, -2 ... the places left out
    density: Any  # of the cells, from pieces

    @classmethod
    def read(cls, folder: Path, run: str) -> City:
        """Read a public run: the map as a file, the truth from its working data."""
        import hicgeo as hg

        page = folder / "maps" / run / "03-hotspots.html"
        text = page.read_text("utf-8")
        bandwidth = float(re.search(r"bandbreedte van (\d+) m", text)[1])
        before = Path.cwd()
        os.chdir(folder)
        try:
            opened = hg.open_run(run)
            areas = opened.neighbourhoods
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                incidents, assigned = opened.incidents, opened.assignment
        finally:
            os.chdir(before)
        last = pd.Period(opened.config.incidents.period[1], "M")
        since = (last - 23).start_time.tz_localize("Europe/Amsterdam")  # the map is of 24 months
        mine = (incidents["crime_type"] == "woninginbraak") & (incidents["start"] >= since)
        mine &= assigned["code"].notna()
        points, codes = incidents[mine], assigned.loc[mine, "code"]
        grid = hg.Grid.over(areas, cell_size=100)
        y, x = np.nonzero(grid.inside)
        middles = np.column_stack([grid.x[x], grid.y[y]])
        squares = gpd.GeoDataFrame(geometry=shapely.box(*(middles - 50).T, *(middles + 50).T), crs=28992)
        pieces = gpd.overlay(
            squares.assign(cell=range(len(squares))), areas.reset_index()[["code", "geometry"]], keep_geom_type=True
        )
        pieces = pieces[pieces.area > 1]
        number = np.full(grid.inside.size, -1)
        number[np.flatnonzero(grid.inside.ravel())] = np.arange(len(middles))
        seen = grid.locate(np.column_stack([points.geometry.x, points.geometry.y]))
        own = pd.MultiIndex.from_arrays([np.where(seen >= 0, number[seen], -1), codes])
        found = pd.Series(1.0, index=own).groupby(level=[0, 1]).sum()
        named = pd.MultiIndex.from_arrays([pieces["cell"], pieces["code"]])
        truth = found.reindex(named).fillna(0).to_numpy()
        spots = outlines(page)
        spot = np.zeros(len(middles), int)
        at = shapely.points(middles)
        for place, shape in enumerate(spots.geometry):
            spot[shapely.contains(shape.buffer(-20), at)] = place + 1
        near, tree = shapely.points(middles), shapely.STRtree(at)
        here, there = tree.query(near, predicate="dwithin", distance=bandwidth)
        far = shapely.distance(near[here], near[there]) / bandwidth
        kernel = sparse.csr_array(((1 - far**2) ** 2, (here, there)), shape=(len(middles), len(middles)))
        cell = pieces["cell"].to_numpy()
        to_cell = sparse.csr_array((np.ones(len(cell)), (cell, range(len(cell)))), shape=(len(middles), len(cell)))
        density = sparse.csr_array(kernel @ to_cell)
        made = cls(grid, bandwidth, cell, pd.Categorical(pieces["code"]).codes.astype(int), truth, middles, spot,
                   density)  # fmt: skip
        made._tell(int(len(found) and found.sum()))
        return made

    def _tell(self, known: int) -> None:
        """Tell the places that were left out, and see that the truth gives the map that was read."""
        assert self.truth.sum() >= 0.99 * known, "an incident without a piece"
        fits = np.asarray(self.density @ self.truth)
        wanted = round(SHARE * len(self.middles))
        marked = np.zeros(len(fits), bool)
        marked[np.argsort(-fits, kind="stable")[:wanted]] = True
        assert marked[self.spot > 0].all(), "the attacker does not draw what the map shows"
        flat = np.zeros(self.grid.inside.size, bool)
        flat[np.flatnonzero(self.grid.inside.ravel())] = marked & (self.spot == 0)
        labels, _ = ndimage.label(flat.reshape(self.grid.shape))
        self.spot -= labels.ravel()[np.flatnonzero(self.grid.inside.ravel())]

    def counts(self, cells: npt.NDArray[np.bool_], pieces: Floats | None = None) -> float:
        """Incidents in some cells."""
        return float((self.truth if pieces is None else pieces)[cells[self.cell]].sum())

    def other(self, asked: npt.NDArray[np.bool_], low: float, high: float, reach: float) -> Floats | None:
        """Pieces of another town with the same map, in which between `low` and `high` incidents are in what is asked.

        Parameters
        ----------
        asked
            Of each piece.
        low, high
            Of their sum.
        reach
            How far from there incidents may be moved.
        """
        near = shapely.STRtree(shapely.points(self.middles[np.unique(self.cell[asked])]))
        moved = np.zeros(len(self.middles), bool)
        moved[near.query(shapely.points(self.middles), predicate="dwithin", distance=min(reach, REACHES[-1]))[0]] = True
        if not np.isfinite(reach):  # and around all outlines, so that the density at which they end may be another
            hot = shapely.STRtree(shapely.points(self.middles[self.spot != 0]))
            moved[hot.query(shapely.points(self.middles), predicate="dwithin", distance=REACHES[0])[0]] = True
        free = moved[self.cell]
        part = self.density[:, free]
        still = np.asarray(self.density @ np.where(free, 0, self.truth))
        touched = np.diff(part.indptr) > 0
        inside = self.spot != 0
        least = still[inside & ~touched].min(initial=np.inf)
        most = still[~inside & ~touched].max(initial=0)
        up, down = np.flatnonzero(inside & touched), np.flatnonzero(~inside & touched)
        level = [sparse.csr_array(-np.ones((len(rows), 1))) for rows in (up, down)]
        names = np.unique(self.code[free])
        sums = sparse.csr_array(
            (np.ones(free.sum()), (np.searchsorted(names, self.code[free]), range(free.sum()))),
            shape=(len(names), int(free.sum())),
        )
        here = np.array([self.truth[free & (self.code == each)].sum() for each in names])
        ranks = np.unique(self.spot[inside])
        held = sparse.csr_array((self.spot[self.cell[free]] == ranks[:, None]).astype(float))
        rest = np.array([self.truth[~free & (self.spot[self.cell] == each)].sum() for each in ranks])
        true = np.array([self.counts(self.spot == each) for each in ranks])
        few = ranks < 0
        floors = np.where(few, np.where(true >= LEAST, LEAST, 0), T) - rest
        tops = np.where(few, np.where(true >= LEAST, T - 1, LEAST - 1), np.inf) - rest
        shown = np.flatnonzero(~few)
        order = held[shown[:-1]] - held[shown[1:]]  # a higher rank has more incidents
        strict = (true[shown[:-1]] > true[shown[1:]]).astype(float)
        gap = rest[shown[:-1]] - rest[shown[1:]]
        wish = sparse.csr_array(asked[free].astype(float)[None])

        def wide(matrix: Any) -> Any:
            return sparse.hstack([matrix, sparse.csr_array((matrix.shape[0], 1))])

        rules = [
            LinearConstraint(sparse.hstack([part[up], level[0]]), 1e-6 - still[up], np.inf),
            LinearConstraint(sparse.hstack([part[down], level[1]]), -np.inf, -still[down]),
            LinearConstraint(wide(sums), here, here),
            LinearConstraint(wide(held), floors, tops),
            LinearConstraint(wide(order), strict - gap, np.where(strict > 0, np.inf, -gap)),
            LinearConstraint(wide(wish), low, high),
        ]
        n = int(free.sum())
        answer = milp(
            np.zeros(n + 1), constraints=rules, integrality=np.r_[np.ones(n), 0],
            bounds=Bounds(np.r_[np.zeros(n), most], np.r_[np.full(n, 60.0), least]), options={"time_limit": SECONDS},
        )  # fmt: skip
        if answer.x is None:
            return None
        made = self.truth.copy()
        made[free] = np.rint(answer.x[:n])
        return made

    def nearest(self, asked: npt.NDArray[np.bool_], low: float, high: float) -> Floats | None:
        """Pieces of another town as `other` finds it, moving as little as can be."""
        tries = (self.other(asked, low, high, reach) for reach in (*REACHES, np.inf))
        return next((each for each in tries if each is not None), None)

    def range_of(self, asked: npt.NDArray[np.bool_]) -> tuple[int, int]:
        """Least and most, from 0 to T, of which another town was found."""
        able = [n for n in range(T + 1) if self.nearest(asked, n, n) is not None]
        return min(able), max(able)


def parts_asked(city: City, asked: int, rng: np.random.Generator) -> dict[str, list[npt.NDArray[np.bool_]]]:
    """What is asked for, as pieces: small cells inside, outside and beside the outlines, and small parts of buurten."""
    counts = np.bincount(city.cell, weights=city.truth, minlength=len(city.middles))
    small, inside = (counts > 0) & (counts < T), city.spot > 0
    tree = shapely.STRtree(shapely.points(city.middles))
    beside = np.zeros(len(counts), bool)
    beside[tree.query(shapely.points(city.middles[inside]), predicate="dwithin", distance=city.grid.cell_size)[1]] = (
        True
    )
    found = {}
    for name, cells, most in (
        ("cells inside", small & inside, asked),
        ("cells outside", small & (city.spot == 0) & ~beside, asked),
        ("cells beside an outline", (counts < T) & (city.spot == 0) & beside, asked),
    ):
        some = rng.permutation(np.flatnonzero(cells))[:most]
        found[name] = [city.cell == each for each in some]
    within = inside[city.cell]
    parts = [(city.code == code) & each for code in np.unique(city.code[within]) for each in (within, ~within)]
    found["parts of a buurt"] = [part for part in parts if 0 < city.truth[part].sum() < T]
    return found


def same_map(city: City, pieces: Floats, shapes: dict[int, Any]) -> bool:
    """Whether hicgeo draws the same outlines of another town, in the same order, without those with too few."""
    import hicgeo as hg

    where = np.repeat(city.middles[city.cell], np.rint(pieces).astype(int), axis=0)
    points = gpd.GeoDataFrame(geometry=gpd.points_from_xy(*where.T), crs=28992)
    drawn = hg.hotspots(points, city.grid, bandwidth=city.bandwidth, edge="none", share=SHARE, rng=1)
    drawn = drawn[drawn["incidents"] >= T]
    return list(drawn.index) == list(shapes) and all(drawn.geometry[rank].equals(shapes[rank]) for rank in shapes)


def attack(folder: Path, run: str, asked: int = 20, seed: int = 1) -> dict[str, Any]:
    """Ask for cells and parts of buurten, and count those that are known more closely than by the police's figures."""
    import hicgeo as hg

    city, rng = City.read(folder, run), np.random.default_rng(seed)
    where = np.repeat(city.middles[city.cell], city.truth.astype(int), axis=0)
    points = gpd.GeoDataFrame(geometry=gpd.points_from_xy(*where.T), crs=28992)
    drawn = hg.hotspots(points, city.grid, bandwidth=city.bandwidth, edge="none", share=SHARE, rng=1)
    shapes = dict(drawn[drawn["incidents"] >= T].geometry.items())
    found: dict[str, Any] = {"outlines": int(city.spot.max()), "bandwidth": city.bandwidth, "cells": len(city.middles)}
    other = same = 0
    for name, wishes in parts_asked(city, asked, rng).items():
        score = {"asked": len(wishes), "police": 0, "narrow": 0, "exact": 0}
        for wish in wishes:
            most = city.truth[np.isin(city.code, np.unique(city.code[wish]))].sum()
            ends = [city.nearest(wish, 0, 1), city.nearest(wish, min(T - 1, most), np.inf)]
            score["police"] += int(most < T - 1)
            if any(each is None for each in ends):
                value = float(city.truth[wish].sum())
                range_ = city.range_of(wish)
                score["exact" if range_[0] == range_[1] else "narrow"] += 1
                print("FOUND", name, value, range_, most, flush=True)
            for each in ends:
                if each is not None:
                    other, same = other + 1, same + same_map(city, each, shapes)
        found[name] = score
    return found | {"other towns": other, "with the same map": same}
