"""What season and clock say, held against what was planted: writes results/season.json and the tables of season.md.

    .venv/bin/python benchmarks/season.py groups --seeds 100     # or: dark, hours, darkness, outlook, speed, all

Parts are kept apart in the JSON, so that one can be measured again alone. The outlook and the groups of the wijken
need the real data beside the project.
"""

from __future__ import annotations

import json
import os
from datetime import date
from pathlib import Path

import numpy as np
import pandas as pd
from planted import BURGLARY, patterned_counts
from recovery import machine, proportion
from sklearn.metrics import adjusted_rand_score

import hicgeo as hg

HERE = Path(__file__).parent
RESULT = HERE / "results" / "season.json"
REAL_DISPERSION = 1.7
NO_GROUP = "niet in te delen"
PATTERNS = {
    "one": (1.3, 1.3),
    "1.2 and 2.0": (1.2, 2.0),
    "1.4 and 1.8": (1.4, 1.8),
}
GIVEN = [
    ("one", 1.0), ("one", REAL_DISPERSION), ("1.2 and 2.0", 1.0), ("1.2 and 2.0", REAL_DISPERSION),
    ("1.4 and 1.8", REAL_DISPERSION), ("one", 4.0), ("1.2 and 2.0", 4.0),
]  # fmt: skip
LARGE = 100


# groups --------------------------------------------------------------------------------------------------------------


def group_row(seed: int, pattern: str, dispersion: float) -> dict[str, object]:
    """One region of 100 areas: how many groups it is said to have, and how well they are those planted."""
    ratios = np.repeat(PATTERNS[pattern], 50)
    counts = patterned_counts(1000 * seed + round(10 * dispersion), ratios, median=240, dispersion=dispersion)
    got = hg.cluster_seasons(counts, crime_type=BURGLARY, rng=seed)
    row = {"seed": seed, "pattern": pattern, "dispersion": dispersion, "k": got.k}
    if ratios[0] == ratios[-1]:
        return row
    size = counts["incidents"].groupby("code").sum()
    truth = pd.Series(ratios > ratios.mean(), size.index)
    large, placed = size >= LARGE, got.labels != NO_GROUP
    likeliest = got.probability.idxmax(axis="columns")

    def agreement(of: pd.Series) -> float:
        return adjusted_rand_score(truth[of], likeliest[of]) if got.k > 1 and of.sum() > 1 else 0.0

    return row | {
        "ari": agreement(large & placed),
        "ari_all": agreement(large),
        "placed": float(placed[large].mean()) if got.k > 1 else 0.0,
    }


def groups(seeds: int) -> list[dict[str, object]]:
    """Kept as it goes, so that a part of the seeds is a result as well."""
    rows: list[dict[str, object]] = []
    for seed in range(1, seeds + 1):
        rows += [group_row(seed, *each) for each in GIVEN]
        if seed % 5 == 0 or seed == seeds:
            keep("groups", summary_of_groups(rows))
    return summary_of_groups(rows)


def summary_of_groups(rows: list[dict[str, object]]) -> list[dict[str, object]]:
    table = pd.DataFrame(rows)
    out = []
    for (pattern, dispersion), part in table.groupby(["pattern", "dispersion"], sort=False):
        right = 1 if pattern == "one" else 2
        row = {"pattern": pattern, "dispersion": dispersion, "right": proportion(part["k"] == right)}
        row["by_k"] = {str(k): int(n) for k, n in part["k"].value_counts().sort_index().items()}
        if right == 2:
            row |= {name: float(part[name].mean()) for name in ("ari", "ari_all", "placed")}
        out.append(row)
    return out


# keeping -------------------------------------------------------------------------------------------------------------


def keep(part: str, value: object) -> None:
    """Put one part into the JSON, the others as they are."""
    known = json.loads(RESULT.read_text(encoding="utf-8")) if RESULT.exists() else {}
    known |= {"date": date.today().isoformat(), "machine": machine(), part: rounded(value)}
    temporary = RESULT.with_suffix(".part")
    temporary.write_text(json.dumps(known, indent=1) + "\n", encoding="utf-8")
    os.replace(temporary, RESULT)


def rounded(value: object) -> object:
    if isinstance(value, dict):
        return {str(key): rounded(each) for key, each in value.items()}
    if isinstance(value, list):
        return [rounded(each) for each in value]
    return round(float(value), 4) if isinstance(value, float | np.floating) else value


if __name__ == "__main__":
    pass
