"""Recovery campaign: does hicgeo find what was planted, and does it leave alone what was not?

Twenty sample cities, twenty of a second generator that shares no code with hicgeo, and count tables without groups.
Run it from the project folder:

    .venv/bin/python benchmarks/recovery.py

It writes results/recovery.json and the tables of README.md beside it. O(seeds); a quarter of an hour on two cores.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import time
import warnings
from concurrent.futures import ProcessPoolExecutor, as_completed
from datetime import date
from importlib.metadata import version
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from planted import BURGLARY, TOWNS, Town, patterned_counts
from report import write_readme
from scipy import ndimage, stats
from sklearn.metrics import adjusted_rand_score
from tqdm import tqdm

import hicgeo as hg
from hicgeo.analysis import _mixture
from hicgeo.analysis.season_groups import Shape

HERE = Path(__file__).parent
SEEDS = range(1, 21)
NO_GROUP = "niet in te delen"
CELL_M, SHARE, KERNEL, EDGE = 100.0, 0.02, "quartic", "diggle"  # data/runs/sample.yml
RADIUS_M = 400.0  # notebook 03
RANDOM_DRAWS = 20
HALF, TENTH = 0.5, 0.1
"""Found: a hotspot and the disc share at least half of the smaller of the two, and a tenth of their union."""
YEARS = range(2020, 2025)


# hotspots ------------------------------------------------------------------------------------------------------------


def hotspot_rows(town: Town, seed: int) -> tuple[pd.DataFrame, pd.DataFrame]:
    """One row per method and planted disc, and one per method and hotspot that it drew."""
    grid = hg.Grid.over(town.neighbourhoods, cell_size=CELL_M)
    homes, risk = grid.counts(town.homes), grid.counts(town.homes, town.risk)
    rng = np.random.default_rng([seed, 3])
    discs, spots = [], []
    for crime_type, planted in town.discs.groupby("crime_type", observed=True):
        points = town.incidents[town.incidents["crime_type"] == crime_type]
        overlap = np.stack([_in_disc(grid, disc) for disc in planted.geometry])
        settings = {"share": SHARE, "kernel": KERNEL, "edge": EDGE, "rng": 42}
        settings |= {"at_risk": homes} if crime_type == BURGLARY else {}
        scott = hg.bandwidth(points, method="scott", area=town.neighbourhoods)
        drawn = {}
        for method, chosen in {"Scott": scott, "400 m": RADIUS_M}.items():
            found = hg.hotspots(points, grid, bandwidth=chosen, **settings)
            drawn[method] = [(_labels(grid, found), found["ratio"].to_numpy(), len(found))]
        at_400 = drawn["400 m"][0]
        drawn["random places"] = [(_thrown(grid, at_400[0], homes, rng), None, at_400[2]) for _ in range(RANDOM_DRAWS)]
        if crime_type == BURGLARY:
            for method, surface in {
                "dwellings, 400 m": _smooth(grid, homes),
                "true risk, per cell": risk,
                "true risk, 400 m": _smooth(grid, risk),
            }.items():
                labels = _densest(surface.to_numpy(), risk.to_numpy())
                drawn[method] = [(labels, None, labels.max())]
        for method, draws in drawn.items():
            for labels, ratio, n in draws:
                jaccard, match = compare(labels, n, overlap)
                best = jaccard.max(axis=1, initial=0.0)
                columns = ["crime_type", "strength", "radius_m", "expected", "expected_without"]
                discs.append(planted[columns].assign(method=method, jaccard=best, found=match.any(axis=1)))
                spots.append(
                    pd.DataFrame(
                        {
                            "ratio": np.full(n, np.nan) if ratio is None else ratio,
                            "cells": np.bincount(labels.ravel(), minlength=n + 1)[1:],
                            "match": match.any(axis=0),
                        }
                    ).assign(crime_type=crime_type, method=method)
                )
    return pd.concat(discs), pd.concat(spots)


def _in_disc(grid: hg.Grid, disc: shapely.Geometry) -> np.ndarray:
    """Share of each cell that lies in a disc; discs across the border of the town keep their outer part."""
    x, y = np.meshgrid(grid.x, grid.y)
    half = grid.cell_size / 2
    return shapely.area(shapely.intersection(shapely.box(x - half, y - half, x + half, y + half), disc)) / CELL_M**2


def _labels(grid: hg.Grid, spots: gpd.GeoDataFrame) -> np.ndarray:
    """Number of the hotspot that each cell belongs to, 0 for none."""
    x, y = np.meshgrid(grid.x, grid.y)
    labels = np.zeros(grid.shape, int)
    for rank, shape in spots.geometry.items():
        labels[shapely.contains_xy(shape, x, y)] = rank
    return labels


def _densest(surface: np.ndarray, expected: np.ndarray) -> np.ndarray:
    """Hotspots by hand: the highest cells, joined by their sides, with 5 expected incidents or more."""
    inside = np.flatnonzero(~np.isnan(surface))
    top = inside[np.argsort(-surface.ravel()[inside], kind="stable")[: round(SHARE * len(inside))]]
    marked = np.isin(np.arange(surface.size), top).reshape(surface.shape)
    labels, n = ndimage.label(marked)
    kept = np.bincount(labels.ravel(), np.nan_to_num(expected).ravel(), n + 1) >= 5
    kept[0] = False
    return np.where(kept, np.cumsum(kept), 0)[labels]


def _smooth(grid: hg.Grid, per_cell: Any) -> Any:
    """What a 400 m kernel would show of something known per cell."""
    x, y = (side[grid.inside] for side in np.meshgrid(grid.x, grid.y))
    centres = gpd.GeoSeries.from_xy(x, y, crs=grid.crs)
    weight = per_cell.to_numpy()[grid.inside]
    return hg.kde(centres, grid, bandwidth=RADIUS_M, kernel=KERNEL, edge=EDGE, weights=weight)


def _thrown(grid: hg.Grid, labels: np.ndarray, homes: Any, rng: np.random.Generator) -> np.ndarray:
    """The same patches, each laid with a random cell of its own on a random dwelling, inside the town and apart."""
    weight = np.nan_to_num(homes.to_numpy()).ravel()
    free, out = grid.inside.copy(), np.zeros(grid.shape, int)
    for rank in range(1, labels.max() + 1):
        cells = np.argwhere(labels == rank)
        for place in rng.choice(weight.size, size=2000, p=weight / weight.sum()):
            moved = cells - cells[rng.integers(len(cells))] + np.unravel_index(place, grid.shape)
            if (moved >= 0).all() and (moved < grid.shape).all() and free[tuple(moved.T)].all():
                free[tuple(moved.T)] = False
                out[tuple(moved.T)] = rank
                break
    return out


def compare(labels: np.ndarray, n: int, overlap: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """(discs, hotspots) Jaccard index, and whether they match."""
    if n == 0:
        return np.zeros((len(overlap), 0)), np.zeros((len(overlap), 0), bool)
    both = np.stack([np.bincount(labels.ravel(), disc.ravel(), n + 1)[1:] for disc in overlap])
    cells = np.bincount(labels.ravel(), minlength=n + 1)[1:]
    area = overlap.sum(axis=(1, 2))[:, None]
    with np.errstate(invalid="ignore"):
        jaccard = both / (area + cells - both)
        return jaccard, (both >= HALF * np.minimum(area, cells)) & (jaccard >= TENTH) & (cells > 0)


# seasons -------------------------------------------------------------------------------------------------------------


def season_rows(town: Town, levels: tuple[str, ...] = ("buurt", "wijk")) -> pd.DataFrame:
    """One row per level: groups found, agreement with the planted ones, and that of who knows the profiles."""
    shares = town.course.T.groupby(town.course.columns.month).sum().T
    rows = []
    for level in levels:
        counts, parent = town.at(level)
        truth = town.groups.groupby(parent).first()
        rows.append({"level": level, **agreement(counts, truth, shares)})
    return pd.DataFrame(rows)


def agreement(counts: pd.DataFrame, truth: pd.Series, shares: pd.DataFrame) -> dict[str, float | int]:
    """Adjusted Rand indices on the areas with incidents; one group found is an index of 0, not a gap.

    `ari_told` is that of the same mixture when it is told to make two groups; `gain` is twice the rise of the log
    likelihood from one group to two, and `needed` what it takes to beat chance.
    """
    got = hg.cluster_seasons(counts, crime_type=BURGLARY, rng=42)
    table = counts["incidents"].xs(BURGLARY, level="crime_type").unstack("month")
    year = table.T.groupby(table.columns.month).sum().T.reindex(truth.index)
    year = year[year.sum(axis="columns") > 0]
    truth = truth[year.index]
    oracle = shares.index.to_numpy()[(year.to_numpy() @ np.log(shares.to_numpy()).T).argmax(axis=1)]
    guess = got.probability.loc[year.index].idxmax(axis="columns")
    placed = got.labels[year.index] != NO_GROUP
    several = got.k > 1
    ari = adjusted_rand_score(truth, guess)
    told = ari
    if got.k != 2 and truth.nunique() == 2:
        points, size = Shape.of(year.to_numpy()[:, None, :]).points(year.to_numpy())
        noise = got.dispersion / size
        fit = _mixture.fit(points, noise, 2, rng=np.random.default_rng(42))
        told = adjusted_rand_score(truth, fit.probability(points, noise).argmax(axis=1))
    second = got.criterion.reindex([2]).iloc[0]
    return {
        "k": got.k,
        "areas": len(year),
        "incidents": float(year.sum(axis="columns").median()),
        "ari": ari,
        "ari_told": told,
        "gain": 2 * second["gain"],
        "needed": 2 * second["needed"],
        "ari_oracle": adjusted_rand_score(truth, oracle),
        "placed": float(placed.mean()) if several else np.nan,
        "ari_placed": adjusted_rand_score(truth[placed], guess[placed]) if several and placed.sum() > 1 else np.nan,
    }


def pattern_row(seed: int, groups: int, median: float, dispersion: float) -> dict[str, Any]:
    """Groups found among 100 areas that have one pattern, or two."""
    ratios = np.full(100, 1.3) if groups == 1 else np.where(np.arange(100) < 50, 1.2, 2.0)
    counts = patterned_counts(seed, ratios, median=median, dispersion=dispersion)
    months = counts.index.get_level_values("month").unique()
    dark, days = np.isin(months.month, (10, 11, 12, 1, 2, 3)), months.days_in_month.to_numpy()
    names = [f"ratio {ratio}" for ratio in ratios]
    course = np.where(dark, np.unique(ratios)[:, None], 1.0) * days
    shares = pd.DataFrame(course, index=sorted(set(names))).T.groupby(months.month).sum()
    shares = (shares / shares.sum()).T
    truth = pd.Series(names, index=counts.index.get_level_values("code").unique())
    given = {"groups": groups, "median": median, "dispersion": dispersion}
    return given | agreement(counts, truth, shares)


# dark days -----------------------------------------------------------------------------------------------------------


def dark_rows(town: Town) -> pd.DataFrame:
    """One row per level, area, season and estimator: the interval and the true ratio."""
    out = []
    for level in ("buurt", "wijk", "region"):
        truth = town.ratio(level)
        table = hg.dark_days(town.at(level)[0], crime_type=BURGLARY)
        table = table[table["complete"]].reset_index()
        table = table[table["code"].isin(truth.index)]
        season = np.where(table["season"] == "alle", "all seasons", "one season")
        out += [
            pd.DataFrame({"level": level, "row": season, "estimator": name, "truth": table["code"].map(truth)}).assign(
                estimate=table[name], low=table[f"{name}_low"], high=table[f"{name}_high"]
            )
            for name in ("ratio", "ratio_trend")
        ]
    return pd.concat(out)


# rates ---------------------------------------------------------------------------------------------------------------


def rate_rows(town: Town, levels: tuple[str, ...] = ("buurt", "wijk")) -> pd.DataFrame:
    """One row per level, year, norm and area: the state, and the true risk relative to the norm."""
    out = []
    areas = town.neighbourhoods.loc[town.groups.index]
    size = areas["dwellings"].astype(float)
    for level in levels:
        parent = town.at(level)[1]
        base = size.groupby(parent).sum()
        for year in YEARS:
            expected = town.expected_in(year).groupby(parent).sum()
            own = (1000 * expected / base.where(base > 0)).fillna(1.0)
            regional = 1000 * expected.sum() / base.sum()
            for norm, value in {"own": own, "regional": "regional"}.items():
                given = {"crime_type": BURGLARY, "period": str(year), "base": "dwellings", "norm": value}
                with warnings.catch_warnings():
                    warnings.simplefilter("ignore", hg.HicgeoWarning)  # moved borders: counted below
                    if level == "buurt":
                        table = hg.rates(_on(town.counts, areas.index), areas, **given)
                    else:
                        table = hg.group_rates(_on(town.counts, areas.index), areas, by=parent, **given)
                rate = own.reindex(table.index)
                out.append(
                    pd.DataFrame(
                        {
                            "level": level,
                            "norm": norm,
                            "relative": rate / regional if norm == "regional" else 1.0,
                            "expected": expected.reindex(table.index),
                            "state": table["state"].astype("str"),
                            "p_fdr": table["p_fdr"],
                            "covered": (table["rate_low"] <= rate) & (rate <= table["rate_high"]),
                            "moved_border": table.index.isin(table.attrs["moved_border"]),
                        },
                        index=table.index,
                    )
                )
    return pd.concat(out)


def _on(counts: pd.DataFrame, codes: pd.Index) -> pd.DataFrame:
    return counts[counts.index.get_level_values("code").isin(codes)]


# the campaign --------------------------------------------------------------------------------------------------------


def town_rows(city: str, seed: int) -> dict[str, pd.DataFrame]:
    """Everything that is measured on one city."""
    town = TOWNS[city](seed)
    discs, spots = hotspot_rows(town, seed)
    parts = {"discs": discs, "spots": spots, "seasons": season_rows(town), "dark": dark_rows(town)}
    return {name: rows.assign(city=city, seed=seed) for name, rows in (parts | {"rates": rate_rows(town)}).items()}


def pattern_rows(seed: int) -> dict[str, pd.DataFrame]:
    """Count tables with one pattern (false alarms) and with two (power)."""
    given = [(median, dispersion) for median in (60, 240) for dispersion in (1, 2, 4)]
    rows = [pattern_row(seed, groups, *each) for groups in (1, 2) for each in given]
    return {"patterns": pd.DataFrame(rows).assign(seed=seed)}


def proportion(hits: pd.Series) -> dict[str, Any]:
    """Share of what is true, with its exact 95 % binomial interval; missing values are left out."""
    known = hits.dropna().astype(bool)
    n, k = len(known), int(known.sum())
    if n == 0:
        return {"n": 0, "share": None, "low": None, "high": None}
    interval = stats.binomtest(k, n).proportion_ci(method="exact")
    return {"n": n, "share": k / n, "low": interval.low, "high": interval.high}


def _by(rows: pd.DataFrame, keys: list[str], summary: Any) -> list[dict[str, Any]]:
    groups = rows.groupby(keys, observed=True, sort=False)
    return [dict(zip(keys, key, strict=True)) | summary(part) for key, part in groups]


def summarise(rows: dict[str, pd.DataFrame]) -> dict[str, Any]:
    """Plain numbers from the rows of all seeds."""
    discs, spots, dark, rate = (rows[name].copy() for name in ("discs", "spots", "dark", "rates"))
    discs["lift"] = discs["expected"] - discs["expected_without"]
    discs["excess"] = pd.cut(
        discs["lift"],
        [0, 15, 30, 60, np.inf],
        labels=["under 15", "15 to 30", "30 to 60", "60 or more"],
        right=False,
    ).astype("str")
    dark["known"] = dark["low"].notna() & dark["high"].notna()
    rate["judged"] = ~rate["state"].isin(["te klein", "onvolledig"])
    rate["relative"] = pd.cut(
        rate["relative"],
        [0, 0.6, 0.8, 0.95, 1.05, 1.25, 1.67, 2.5, np.inf],
        labels=["under 0.6", "0.6-0.8", "0.8-0.95", "0.95-1.05", "1.05-1.25", "1.25-1.67", "1.67-2.5", "over 2.5"],
        right=False,
    )
    rate = rate.sort_values(["city", "level", "relative"], kind="stable")
    rate["relative"] = rate["relative"].astype("str")
    judged = rate[rate["judged"]]
    null, power = (judged[judged["norm"] == norm] for norm in ("own", "regional"))

    def recovered(part: pd.DataFrame) -> dict[str, Any]:
        return proportion(part["found"]) | {
            "jaccard": float(part["jaccard"].mean()),
            "expected": float(part["expected"].mean()),
        }

    cities = discs["seed"].nunique()

    def precise(part: pd.DataFrame) -> dict[str, Any]:
        raised = part[part["ratio"] >= 2]
        return proportion(part["match"]) | {
            "per_city": len(part) / cities / (RANDOM_DRAWS if part["method"].iat[0] == "random places" else 1),
            "hectares": float(part["cells"].mean() * CELL_M**2 / 1e4),
            "ratio_match": _number(part.loc[part["match"], "ratio"].median()),
            "ratio_other": _number(part.loc[~part["match"], "ratio"].median()),
            "where_ratio_2": proportion(raised["match"]),
        }

    def grouped(part: pd.DataFrame) -> dict[str, Any]:
        return {
            "runs": len(part),
            "k": {str(k): int(n) for k, n in part["k"].value_counts().sort_index().items()},
            "several": proportion(part["k"] > 1),
            "incidents": float(part["incidents"].mean()),
            "ari": float(part["ari"].mean()),
            "ari_told": float(part["ari_told"].mean()),
            "ari_oracle": float(part["ari_oracle"].mean()),
            "gain": [float(point) for point in part["gain"].quantile([0.5, 0.95])],
            "needed": float(part["needed"].mean()),
            "ari_when_several": _number(part.loc[part["k"] > 1, "ari"].mean()),
            "ari_placed": _number(part["ari_placed"].mean()),
            "placed": _number(part["placed"].mean()),
        }

    def covering(part: pd.DataFrame) -> dict[str, Any]:
        known = part[part["known"]]
        return proportion((known["low"] <= known["truth"]) & (known["truth"] <= known["high"])) | {
            "no_interval": float(1 - part["known"].mean()),
            "truth_above": float((known["truth"] > known["high"]).mean()),
            "truth_below": float((known["truth"] < known["low"]).mean()),
            "bias": float(np.exp(np.median(np.log((known["estimate"] / known["truth"]).clip(1e-9, 1e9))))),
            "width": float((known["high"] / known["low"].clip(1e-9)).median()),
        }

    def states(part: pd.DataFrame) -> dict[str, Any]:
        return {
            "expected": float(part["expected"].median()),
            "above": proportion(part["state"] == "boven"),
            "below": proportion(part["state"] == "onder"),
            "either": proportion(part["state"].isin(["boven", "onder"])),
            "after_fdr": proportion(part["p_fdr"] < 0.05),
            "covered": proportion(part["covered"]),
        }

    burglary = discs["crime_type"] == BURGLARY
    claims = dark[(dark["estimator"] == "ratio_trend") & (dark["row"] == "all seasons")].copy()
    claims["claim"] = (claims["low"] > 1).astype(object).where(claims["known"])
    claims["truth"] = claims["truth"].round(2).where(claims["level"] != "region", "pooled").astype("str")
    return {
        "hotspots_by_strength": _by(
            discs.sort_values(["city", "crime_type", "strength"], ascending=[True, False, False], kind="stable"),
            ["city", "crime_type", "method", "strength"],
            recovered,
        ),
        "hotspots_by_excess": _by(
            discs[burglary].sort_values(["city", "lift"], kind="stable"), ["city", "method", "excess"], recovered
        ),
        "hotspots_precision": _by(
            spots.sort_values(["city", "crime_type"], ascending=[True, False], kind="stable"),
            ["city", "crime_type", "method"],
            precise,
        ),
        "season_groups": _by(rows["seasons"], ["city", "level"], grouped),
        "season_patterns": _by(rows["patterns"], ["groups", "median", "dispersion"], grouped),
        "dark_days_coverage": _by(dark, ["city", "level", "row", "estimator"], covering),
        "dark_days_power": _by(claims, ["city", "level", "truth"], lambda part: proportion(part["claim"])),
        "rates_null": _by(null, ["city", "level"], states),
        "rates_power": _by(power, ["city", "level", "relative"], states),
        "rates_left_out": _by(
            rate[rate["norm"] == "regional"],
            ["city", "level"],
            lambda part: {
                "not_judged": proportion(~part["judged"]),
                "moved_border": proportion(part["moved_border"]),
            },
        ),
    }


def _number(value: float) -> float | None:
    return None if np.isnan(value) else float(value)


def machine() -> dict[str, Any]:
    """What the campaign ran on, without names or places."""
    pages = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") if hasattr(os, "sysconf") else None
    packages = ("hicgeo", "numpy", "scipy", "pandas", "geopandas", "shapely", "scikit-learn")
    return {
        "cores": os.cpu_count(),
        "memory_gb": round(pages / 2**30) if pages else None,
        "system": platform.system(),
        "processor": platform.machine(),
        "python": platform.python_version(),
        "packages": {name: version(name) for name in packages},
    }


def campaign(seeds: range, *, processes: int) -> dict[str, pd.DataFrame]:
    """Rows of all seeds, in the order of the seeds whatever finished first."""
    jobs: list[tuple[Any, tuple[Any, ...]]] = [(town_rows, (city, seed)) for seed in seeds for city in TOWNS]
    jobs += [(pattern_rows, (seed,)) for seed in seeds]
    with ProcessPoolExecutor(processes) as pool:
        futures = [pool.submit(job, *arguments) for job, arguments in jobs]
        for done in tqdm(as_completed(futures), total=len(futures), unit="run"):
            done.result()
    parts = [future.result() for future in futures]
    names = {name: None for part in parts for name in part}
    return {name: pd.concat([part[name] for part in parts if name in part], ignore_index=True) for name in names}


def main() -> None:
    """Run the campaign and write what came of it."""
    parser = argparse.ArgumentParser(description="Recovery campaign of hicgeo: planted truth against what is found.")
    parser.add_argument("--seeds", type=int, default=len(SEEDS), help="cities of each kind (default: %(default)s)")
    parser.add_argument("--processes", type=int, default=2, help="at the same time (default: %(default)s)")
    arguments = parser.parse_args()
    seeds = range(1, arguments.seeds + 1)
    begun = time.perf_counter()
    rows = campaign(seeds, processes=arguments.processes)
    write(rows, seeds, minutes=(time.perf_counter() - begun) / 60)


def write(rows: dict[str, pd.DataFrame], seeds: range, *, minutes: float) -> None:
    """Write results/recovery.json and the tables of README.md."""
    run = {"date": date.today().isoformat(), "machine": machine(), "seeds": [seeds[0], seeds[-1]], "minutes": minutes}
    result = _rounded(run | summarise(rows))
    (HERE / "results").mkdir(exist_ok=True)
    (HERE / "results" / "recovery.json").write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")
    write_readme(HERE / "README.md", result)
    print("Written: benchmarks/results/recovery.json and the tables of benchmarks/README.md")


def _rounded(value: Any) -> Any:
    """Four decimals say all there is; the last bits differ between machines."""
    if isinstance(value, dict):
        return {key: _rounded(each) for key, each in value.items()}
    if isinstance(value, list):
        return [_rounded(each) for each in value]
    return round(value, 4) if isinstance(value, float) else value


if __name__ == "__main__":
    main()
