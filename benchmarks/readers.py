"""Somebody who keeps every public file, reads its bytes, and works out what is hidden.

Nothing here is shared with the protection: what the town consists of comes from whoever made it up, and what is public
is read back from the files (CSV, XLSX, and the blocks of JSON in a map). All of it becomes one system of linear
equations in whole numbers over the parts of the town, and HiGHS finds the least and the most that each hidden small
figure can be.
"""

from __future__ import annotations

import csv
import itertools
import json
import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from scipy.optimize import Bounds, LinearConstraint, milp

PUBLISHED = "woninginbraak"
PARTS = ("code", "month", "crime_type", "hour", "weekday", "direct_victim", "target")
DAYS = ("maandag", "dinsdag", "woensdag", "donderdag", "vrijdag", "zaterdag", "zondag")


@dataclass
class Town:
    """Every incident that there is, as counts of what cannot be divided further, and the dwellings of each buurt."""

    truth: pd.DataFrame
    dwellings: pd.Series

    @classmethod
    def random(cls, rng: np.random.Generator) -> Town:
        """Make one up: one to three municipalities, a few months, published and unpublished types, finer dimensions."""
        towns = [f"{n:04d}" for n in range(901, 901 + rng.integers(1, 4))]
        buurten = [f"BU{t}{w:02d}{b:02d}" for t in towns for w in range(rng.integers(1, 3))
                   for b in range(rng.integers(1, 4))]  # fmt: skip
        choices: dict[str, list[Any]] = {
            "code": buurten,
            "month": [f"2024-{m:02d}" for m in range(1, rng.integers(2, 5))],
            "crime_type": [PUBLISHED, "bedreiging"][rng.integers(0, 2) :] if rng.random() < 0.7 else ["bedreiging"],
            "hour": [3, 15][: rng.integers(1, 3)],
            "weekday": [0, 5][: rng.integers(1, 3)],
            "direct_victim": [True, False][: rng.integers(1, 3)],
            "target": ["woning", "winkel"][: rng.integers(1, 3)],
        }
        truth = pd.DataFrame(list(itertools.product(*choices.values())), columns=list(choices))
        truth = truth[rng.random(len(truth)) < 0.9] if len(truth) > 8 else truth
        truth = (
            truth.sample(n=min(len(truth), 150), random_state=int(rng.integers(1e6)))
            .sort_index()
            .reset_index(drop=True)
        )
        truth["n"] = rng.poisson(rng.gamma(0.6, rng.choice([1.0, 4.0, 12.0]), len(truth)))
        return cls(truth, pd.Series(rng.integers(100, 2000, len(buurten)), index=buurten))

    def police(self) -> pd.DataFrame | None:
        """Count table of what the police publish of the town."""
        part = self.truth[self.truth["crime_type"] == PUBLISHED]
        if part.empty:
            return None
        counts = part.groupby(["code", "crime_type", "month"])["n"].sum().rename("incidents").to_frame()
        counts.index = counts.index.set_levels(pd.PeriodIndex(counts.index.levels[2], freq="M"), level=2)
        return counts


def above(code: str, level: str) -> str:
    """Code of the area of a level that a buurt lies in."""
    return {"BU": code, "WK": f"WK{code[2:8]}", "GM": f"GM{code[2:6]}"}[level]


@dataclass
class Attacker:
    """Knows the parts of the town and every file; each row is (mask over the parts, low, high, police figure)."""

    town: Town
    rows: list[tuple[np.ndarray, float, float, bool]] = field(default_factory=list)

    def __post_init__(self) -> None:
        truth = self.town.truth
        for _, part in truth[truth["crime_type"] == PUBLISHED].groupby(["code", "month"]):
            n = float(part["n"].sum())
            self.rows.append((truth.index.isin(part.index), n, n, True))

    def mask(self, parts: dict[str, Any], about: dict[str, Any]) -> np.ndarray:
        """Which parts of the town a figure is of."""
        truth = self.town.truth
        found = np.ones(len(truth), bool)
        for name, label in parts.items():
            label = str(label)
            if label in ("alle", "region"):
                continue
            if name == "code":
                found &= truth["code"].map(lambda c, level=label[:2]: above(c, level)).eq(label).to_numpy()
            elif name == "hour_of_week":
                found &= (truth["weekday"] * 24 + truth["hour"]).astype(str).eq(label).to_numpy()
            else:
                have = truth[{"hour_of_day": "hour"}.get(name, name)]
                have = have.map(lambda d: DAYS[d]) if name == "weekday" and label in DAYS else have
                yes = {"ja": "True", "nee": "False"}.get(label, label) if name == "direct_victim" else label
                found &= have.astype(str).eq(yes).to_numpy()
        if str(parts.get("month", "alle")) == "alle":
            found &= truth["month"].between(*about["period"]).to_numpy()
        if "crime_type" not in parts:
            found &= truth["crime_type"].eq(about["crime_type"]).to_numpy()
        if about.get("area"):
            found &= truth["code"].str[2:6].isin(about["area"]).to_numpy()
        return found

    def learn(self, mask: np.ndarray, low: float, high: float) -> None:
        """Note that the sum over a mask lies between two numbers."""
        self.rows.append((mask, low, high, False))

    def read_table(self, path: Path, about: dict[str, Any]) -> list[tuple[np.ndarray, float | None]]:
        """Read a written table: its counts, and where they are blank its rates or intervals."""
        lines = cells(path)
        found = []
        for line in lines:
            parts = {name: line[name] for name in line if name in (*PARTS, "hour_of_week", "hour_of_day")}
            mask = self.mask(parts, about)
            value = number(line.get("incidents", ""))
            base = number(line.get("base", ""))
            for name in ("rate",):  # a rate and a public denominator are a count
                rate = number(line.get(name, ""))
                if value is None and rate is not None and base:
                    value = round(rate * base / 1000)
            if value is not None:
                self.learn(mask, value, value)
            found.append((mask, value))
        norms = {number(line["norm"]) for line in lines if line.get("norm")} - {None}
        if len(norms) == 1 and lines and "base" in lines[0]:  # the average of all rates tells the total
            total = norms.pop() * sum(number(line["base"]) or 0 for line in lines) / 1000
            if abs(total - round(total)) < 0.02:
                self.learn(np.logical_or.reduce([mask for mask, _ in found]), round(total), round(total))
        return found

    def read_map(self, path: Path, about: dict[str, Any]) -> list[tuple[np.ndarray, float | None]]:
        """Read the blocks of JSON in a map: cards, classes and the sentences under the legend."""
        found = []
        for block in re.findall(r'<script type="application/json"[^>]*>(.*?)</script>', path.read_text("utf-8"), re.S):
            data = json.loads(block)
            if data.get("key") not in ("rate", "norm"):
                continue
            hidden = next((n for n, each in enumerate(data["classes"]) if "afgeschermd" in each["label"]), None)
            for code, card in data["values"].items():
                mask = self.mask({"code": code}, about)
                value, base, rate = (number(card[place]) for place in (0, 1, 2))
                if value is None and rate is not None and base:
                    self.learn(mask, max(0.0, (rate - 0.05) * base / 1000), (rate + 0.05) * base / 1000)
                if value is not None:
                    self.learn(mask, value, value)
                low, high = bounds_of(data, code, hidden)
                if base and value is None and high < np.inf:  # coloured though its figure is not shown
                    self.learn(mask, low * base / 1000, high * base / 1000)
                found.append((mask, value))
            for note in data["notes"]:
                if share := re.search(r"([\d,]+) % van de incidenten", note):  # what an earlier version told
                    raise AssertionError(f"a share of the incidents: {share[0]}")
        return found

    def range_of(
        self, mask: np.ndarray, rows: list[tuple[np.ndarray, float, float, bool]] | None = None
    ) -> tuple[int, int]:
        """The smallest and the largest that the sum over a mask can be, in whole numbers."""
        known = list({(m.tobytes(), low, high): (m, low, high) for m, low, high, _ in rows or self.rows}.values())
        constraints = []
        if known:
            matrix = np.array([m for m, _, _ in known], float)
            constraints = [LinearConstraint(matrix, [low for _, low, _ in known], [high for _, _, high in known])]
        ends = []
        for sign in (1, -1):
            answer = milp(
                sign * mask.astype(float),
                constraints=constraints,
                integrality=np.ones(len(mask)),
                bounds=Bounds(0, 5000),
            )
            assert answer.status == 0, answer.message
            ends.append(round(sign * answer.fun))
        return ends[0], ends[1]


def bounds_of(data: dict[str, Any], code: str, hidden: int | None) -> tuple[float, float]:
    """Between which rates the class of an area on the map lies; everything when it has no class."""
    place = data.get("member", {}).get(code)
    if data["key"] != "rate" or place is None or place == hidden:
        return 0.0, np.inf
    ends = [number(each) for each in re.findall(r"[\d.]+(?:,\d+)?", data["classes"][place]["label"])]
    label = data["classes"][place]["label"]
    if not ends or any(each is None for each in ends):
        return 0.0, np.inf
    if len(ends) == 2:
        return ends[0], ends[1]
    return (0.0, ends[0]) if "onder" in label or "minder" in label else (ends[0], np.inf)


def number(text: Any) -> float | None:
    """A number as a Dutch reader sees it; None for anything else."""
    if isinstance(text, int | float) and not isinstance(text, bool):
        return float(text)
    plain = str(text).replace(".", "").replace(",", ".")
    return float(plain) if re.fullmatch(r"-?\d+(?:\.\d+)?", plain) else None


def cells(path: Path) -> list[dict[str, Any]]:
    """Rows of a written table by the names of its columns."""
    if path.suffix == ".csv":
        text = path.read_text(encoding="utf-8-sig").splitlines()
        rows = list(csv.reader(text, delimiter=";"))
        # a decimal comma, and no mark of thousands
        return [dict(zip(rows[0], [each.replace(".", "") for each in row], strict=True)) for row in rows[1:]]
    import python_calamine

    sheet = python_calamine.CalamineWorkbook.from_path(str(path)).get_sheet_by_index(0).to_python()
    return [
        {str(k): (int(v) if isinstance(v, float) and v.is_integer() else v) for k, v in zip(sheet[0], row, strict=True)}
        for row in sheet[1:]
    ]
