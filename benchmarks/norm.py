"""How often the norm flag is wrong, and how often it finds what is there, at the sizes of the real wijken.

    .venv/bin/python benchmarks/norm.py --data ../shared/data            # writes results/norm.json
    .venv/bin/python benchmarks/norm.py --data ../shared/data --regions 50   # prints only
    .venv/bin/python benchmarks/norm.py --data ../shared/data --only municip # those rows anew, the others as they were

A region is the wijken of The Hague and its neighbours with counts and at least 20 dwellings, with their real numbers of
dwellings and a risk of 10 per 1,000. Six years are drawn (negative binomial), and the last is judged by the code behind
`hicgeo.rates`, which sees the six years and nothing else. "none": no wijk differs. "1.25", "1.5", "2": a fifth of the
wijken, drawn anew, has so many times the risk of the rest. "real mix": every wijk has the ratio to the average that its
own six years 2011-2016 together show, shrunken. Dispersion 1, 3, 5: variance over mean, the same for all. "real": as
successive years of the real wijken have it. A verdict is wrong when it names a side on which the true rate is not.
Beside it, on the same draws: the 95 % interval per wijk, and p-values adjusted by Benjamini and Hochberg.
"""

from __future__ import annotations

import argparse
import json
import time
import warnings
from datetime import date
from pathlib import Path

import numpy as np
import pandas as pd
from scipy import stats

import hicgeo as hg
from hicgeo.analysis._inference import empirical_bayes, false_discovery
from hicgeo.analysis._norm import Spread, spread_between_years
from hicgeo.analysis.counting import month_table
from hicgeo.analysis.rates import _assess

RESULTS = Path(__file__).parent / "results" / "norm.json"
YEARS = range(2011, 2017)
MOVED = ("WK055304", "WK060303", "WK060305")
"""Wijken whose code was given to other ground (and all of Lisse): their ratio says nothing."""


def read(data: Path) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Counts per wijk and the wijken of 2022."""
    counts = hg.read_counts(
        data / "nl_thehague" / "police_monthly_2011_2017.csv.gz",
        columns={"code": "buurt_code", "crime_type": "delict_code", "month": ["year", "month"], "incidents": "delicts"},
        crime_types={104: "woninginbraak", 102: "straatroof", 117: "overval"},
        all_zero="missing",
    )
    return hg.roll_up(counts, "wijk"), hg.read_neighbourhoods(data / "nl_thehague" / "wijken_2022.gpkg", level="wijk")


def per_year(counts: pd.DataFrame) -> pd.DataFrame:
    """Burglaries per wijk and year."""
    table = month_table(counts, "woninginbraak")
    return table.T.groupby(table.columns.year).sum(min_count=12).T[list(YEARS)]


def draw(rng: np.random.Generator, mean: np.ndarray, spread: Spread) -> np.ndarray:
    """Negative binomial counts, six years."""
    mean = np.repeat(mean[:, None], len(YEARS), axis=1)
    extra = spread.constant + spread.growth * mean - 1
    mixed = rng.gamma(mean / np.maximum(extra, 1e-9), np.maximum(extra, 1e-9)) if extra.max() > 1e-6 else mean
    return rng.poisson(mixed).astype(float)


def rivals(years: np.ndarray, base: np.ndarray, tested: np.ndarray) -> dict[str, np.ndarray]:
    """Side that other rules would name: the 95 % interval of each wijk, and adjusted p-values."""
    last, spread = years[:, -1], spread_between_years(years) or Spread(1.0, 0.0)
    mean = base / base.sum() * last.sum()
    extra = np.maximum(spread.at(mean) - 1, 1e-9)
    size, chance = mean / extra, 1 / (1 + extra)
    above = stats.nbinom.sf(last, size, chance) + 0.5 * stats.nbinom.pmf(last, size, chance)
    p_value = np.where(tested, np.minimum(1, 2 * np.minimum(above, 1 - above)), np.nan)
    side = np.where(last > mean, 1, -1)
    return {
        "95 % interval": side * (p_value < 0.05),
        "Benjamini-Hochberg": side * (false_discovery(p_value) <= 0.05),
    }


def campaign(
    regions: int, base: np.ndarray, spread: Spread, ratio: np.ndarray | float, seed: int
) -> dict[str, dict[str, float]]:
    """Simulate regions; per rule the share with any wrong verdict, of wrong verdicts, and what was found."""
    rng = np.random.default_rng(seed)
    found: dict[str, list[list[float]]] = {}
    for _ in range(regions):
        risk = ratio if isinstance(ratio, np.ndarray) else np.ones(len(base))
        if isinstance(ratio, float) and ratio != 1:
            risk[rng.permutation(len(base))[: max(1, len(base) // 5)]] = ratio
        years = draw(rng, 0.010 * base * risk, spread)
        true = risk / ((risk * base).sum() / base.sum())
        if isinstance(ratio, float) and ratio == 1:
            true[:] = 1.0
        index = pd.RangeIndex(len(base))
        judged = _assess(
            incidents=pd.Series(years[:, -1], index), base=pd.Series(base, index), coverage=pd.Series(1.0, index),
            years=years, norm="regional", per=1000,
        )  # fmt: skip
        state = judged["state"].to_numpy(object)
        tested = state != "te klein"
        sides = {"hicgeo": (state == "boven") * 1 - (state == "onder") * 1, **rivals(years, base, tested)}
        planted = tested & ((risk > 1) if isinstance(ratio, float) else (true > 1))
        for rule, side in sides.items():
            wrong = (side != 0) & (side != np.sign(true - 1))
            right = (side != 0) & ~wrong

            def power(those: np.ndarray, right: np.ndarray = right) -> float:
                return right[those].mean() if those.any() else np.nan

            found.setdefault(rule, []).append([
                wrong.any(), wrong.sum() / max(1, (side != 0).sum()), power(planted), power(tested & (true != 1)),
                power(tested & (true >= 1.25)), power(tested & (true >= 1.5)), power(tested & (true >= 2)),
                power(tested & (true <= 0.67)), (side > 0).sum(),
            ])  # fmt: skip
    names = ["any_wrong", "false_share", "found_above", "found_all", "found_1.25", "found_1.5", "found_2",
             "found_under_0.67", "flags_above"]  # fmt: skip
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)  # means of nothing but NaN where nothing differs
        return {rule: dict(zip(names, np.nanmean(rows, axis=0).round(4).tolist(), strict=True))
                for rule, rows in found.items()}  # fmt: skip


def main() -> None:
    """Run all, print, and write when all was run."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--regions", type=int, default=1000)
    parser.add_argument("--only", nargs="*", default=[""], help="beginnings of names of rows")
    given = parser.parse_args()
    warnings.simplefilter("ignore", hg.HicgeoWarning)
    counts, wijken = read(given.data)
    years = per_year(counts)
    dwellings = wijken["dwellings"].astype(float).reindex(years.index)
    kept = (dwellings >= 20) & years.notna().all(axis=1)
    same = kept & ~years.index.isin(MOVED) & ~years.index.str.startswith("WK0553")
    base = dwellings[kept].to_numpy()
    spread = spread_between_years(years[same].to_numpy(float)) or Spread(1.0, 0.0)
    total = years[kept].sum(axis=1).to_numpy(float)
    ratio = empirical_bayes(total, base) / (total.sum() / base.sum())
    ratio[~same[kept].to_numpy()] = 1.0
    town = wijken["municipality"].reindex(years.index)[kept].to_numpy()
    towns = pd.Series(base).groupby(town).sum().to_numpy()
    town_spread = spread_between_years(years[same].groupby(wijken["municipality"]).sum().to_numpy(float))
    began = time.perf_counter()
    table = {}
    settings = {
        "dispersion 1": (base, Spread(1.0, 0.0)), "dispersion 3": (base, Spread(3.0, 0.0)),
        "dispersion 5": (base, Spread(5.0, 0.0)), "real dispersion": (base, spread),
        "municipalities, real dispersion": (towns, town_spread or Spread(1.0, 0.0)),
    }  # fmt: skip
    for place, (name, (sizes, noise)) in enumerate(settings.items()):
        mixes: dict[str, np.ndarray | float] = {"none": 1.0, "1.25": 1.25, "1.5": 1.5, "2": 2.0}
        if sizes is base:
            mixes["real mix"] = ratio
        for mix, what in mixes.items():
            if not f"{name}, {mix}".startswith(tuple(given.only)):
                continue
            table[f"{name}, {mix}"] = campaign(given.regions, sizes, noise, what, seed=place)
            print(f"{time.perf_counter() - began:6.0f} s  {name}, {mix}", table[f"{name}, {mix}"]["hicgeo"], flush=True)
    if given.regions == parser.get_default("regions"):
        earlier = json.loads(RESULTS.read_text())["results"] if RESULTS.exists() else {}
        table = {row: (earlier | table)[row] for row in [*earlier, *(new for new in table if new not in earlier)]}
        said = {
            "date": date.today().isoformat(), "regions": given.regions, "wijken": len(base), "risk": 0.010,
            "real dispersion": {"constant": spread.constant, "growth": spread.growth},
            "real mix, quantiles 10 25 50 75 90": np.quantile(ratio, [0.1, 0.25, 0.5, 0.75, 0.9]).round(2).tolist(),
            "results": table,
        }  # fmt: skip
        RESULTS.write_text(json.dumps(said, indent=1) + "\n")


if __name__ == "__main__":
    main()
