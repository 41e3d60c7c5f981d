"""Somebody who keeps every public file, reads its bytes, and works out what is hidden.

Nothing here is shared with the protection: what the town consists of comes from whoever made it up, and what is public
is read back from the files (CSV, XLSX, GeoPackage, GeoJSON, and the blocks of JSON and the text of a map). All of it
becomes one system of linear equations in whole numbers over the parts of the town, and HiGHS finds the least and the
most that each hidden small figure can be.
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
OTHER = ("hour_of_week", "hour_of_day")
DAYS = ("maandag", "dinsdag", "woensdag", "donderdag", "vrijdag", "zaterdag", "zondag")
MONTHS = {
    name: f"{n:02d}"
    for n, name in enumerate(
        ("januari", "februari", "maart", "april", "mei", "juni", "juli", "augustus", "september", "oktober",
         "november", "december"), start=1)
}  # fmt: skip
MOST = 5000
ABOUT = ("period", "against", "base_name", "per")
"""Columns that say of all rows alike what the table is of."""
PLAIN = frozenset({
    *PARTS, *OTHER, "incidents", "base", "coverage", "rate", "rate_low", "rate_high", "norm",
    "state", "hidden", "name", "status", "geometry", "fid", "geom", "p_above", "rate_eb", "p_fdr",
    *ABOUT,
})  # fmt: skip
"""Columns that this reader knows what to do with; any other in a file is a fault."""


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
        # nobody knows of a combination that it cannot occur, so that none is left out
        finer = list(rng.permutation(["hour", "weekday", "direct_victim", "target", "crime_type", "month"]))
        while np.prod([len(each) for each in choices.values()]) > 220:
            name = str(finer.pop(0))
            choices[name] = choices[name][-1:]
        truth = pd.DataFrame(list(itertools.product(*choices.values())), columns=list(choices))
        truth["n"] = rng.poisson(rng.gamma(0.6, rng.choice([1.0, 4.0, 12.0]), len(truth)))
        return cls(truth, pd.Series(rng.integers(100, 2000, len(buurten)), index=buurten))

    def police(self) -> pd.DataFrame | None:
        """Count table of what the police publish of the town."""
        part = self.truth[self.truth["crime_type"] == PUBLISHED]
        return None if part.empty else count_table(part)


def count_table(part: pd.DataFrame) -> pd.DataFrame:
    """Parts of a town as a count table."""
    counts = part.groupby(["code", "crime_type", "month"])["n"].sum().astype(float).rename("incidents").to_frame()
    counts.index = counts.index.set_levels(pd.PeriodIndex(counts.index.levels[2], freq="M"), level=2)
    return counts.assign(status="final")


def above(code: str, level: str) -> str:
    """Code of the area of a level that a buurt lies in."""
    return {"BU": code, "WK": f"WK{code[2:8]}", "GM": f"GM{code[2:6]}"}[level]


Row = tuple[np.ndarray, float, float, bool]
Found = list[tuple[np.ndarray, float | None]]


@dataclass
class Attacker:
    """Knows the parts of the town and every file; each row is (weights of the parts, low, high, police figure)."""

    town: Town
    rows: list[Row] = field(default_factory=list)
    spans: dict[tuple[Any, ...], np.ndarray] = field(default_factory=dict)
    norm: str = "none"  # which average the norm of the next file is, as its page says

    def __post_init__(self) -> None:
        truth = self.town.truth
        for _, part in truth[truth["crime_type"] == PUBLISHED].groupby(["code", "month"]):
            n = float(part["n"].sum())
            self.rows.append((truth.index.isin(part.index).astype(float), n, n, True))

    def mask(self, parts: dict[str, Any], about: dict[str, Any]) -> np.ndarray:
        """Which parts of the town a figure is of."""
        asked = tuple((name, str(label)) for name, label in parts.items() if str(label) not in ("alle", "region"))
        key = (asked, about["period"], about.get("crime_type"), tuple(about.get("area", ())))
        if key not in self.spans:
            self.spans[key] = self._mask(dict(asked), about, "crime_type" in parts)
        return self.spans[key]

    def _mask(self, parts: dict[str, str], about: dict[str, Any], typed: bool) -> np.ndarray:
        truth = self.town.truth
        found = np.ones(len(truth), bool)
        for name, label in parts.items():
            if name == "code":
                found &= truth["code"].map(lambda c, level=label[:2]: above(c, level)).eq(label).to_numpy()
            elif name == "hour_of_week":
                found &= (truth["weekday"] * 24 + truth["hour"]).astype(str).eq(label).to_numpy()
            else:
                have = truth[{"hour_of_day": "hour"}.get(name, name)]
                have = have.map(lambda d: DAYS[d]) if name == "weekday" and label in DAYS else have
                yes = {"ja": "True", "nee": "False"}.get(label, label) if name == "direct_victim" else label
                found &= have.astype(str).eq(yes).to_numpy()
        if "month" not in parts:
            found &= truth["month"].between(*about["period"]).to_numpy()
        if not typed:
            found &= truth["crime_type"].eq(about["crime_type"]).to_numpy()
        if about.get("area"):
            found &= truth["code"].str[2:6].isin(about["area"]).to_numpy()
        return found.astype(float)

    def learn(self, weights: np.ndarray, low: float, high: float) -> None:
        """Note that a weighted sum of parts lies between two numbers."""
        self.rows.append((weights, low, high, False))

    def learn_count(self, mask: np.ndarray, line: dict[str, Any]) -> float | None:
        """Learn a count from a row: as it stands, or from the rate or the interval and the public denominator."""
        value, base = number(line.get("incidents", "")), number(line.get("base", ""))
        if value is not None:
            self.learn(mask, value, value)
            return value
        rate = number(line.get("rate", ""))
        if rate is not None and base:
            value = round(rate * base / 1000)
            self.learn(mask, value, value)
        ends = [number(line.get(name, "")) for name in ("rate_low", "rate_high")]
        if None not in ends and base:
            self.learn(mask, *self.from_interval(ends[0], ends[1], base))
        return value

    @staticmethod
    def from_interval(low: float, high: float, base: float) -> tuple[float, float]:
        """Which counts have about this Poisson interval of their rate, whatever the spread is taken to be."""
        middle = (low + high) / 2 * base / 1000
        return max(0.0, np.floor(low * base / 1000)), np.ceil(max(middle, high * base / 1000))

    def read_table(self, path: Path, about: dict[str, Any]) -> Found:
        """Read a written table: counts, rates, intervals, the norm, states, and the order of its rows."""
        lines = cells(path)
        found: Found = []
        for line in lines:
            unknown = {name for name in line if name} - PLAIN
            assert not unknown, f"columns that nobody looked into: {unknown}"
            assert all(line.get(name) == lines[0].get(name) for name in ABOUT), "what is said of all rows tells of none"
            parts = {name: line[name] for name in line if name in (*PARTS, *OTHER)}
            mask = self.mask(parts, about)
            found.append((mask, self.learn_count(mask, line)))
        self._norm(lines, found)
        self._order(lines, found)
        return found

    def _norm(self, lines: list[dict[str, Any]], found: Found) -> None:
        """The average of all rates tells the total; the average without a row tells it with the count of the row."""
        if lines and "norm" in lines[0] and "base" in lines[0]:
            rows = [
                (mask, number(line["base"]) or 0.0, number(line["norm"]))
                for line, (mask, _) in zip(lines, found, strict=True)
            ]
            self.learn_norms([(*row, None if row[2] is None else half_digit(row[2])) for row in rows])

    def learn_norms(self, rows: list[tuple[np.ndarray, float, float | None, float | None]]) -> None:
        """Take in norms of areas (mask, base, norm, half of the last digit) as the average that they are said to be."""
        if self.norm not in ("regional", "others"):
            return
        everything, bases = np.clip(sum(mask for mask, *_ in rows), 0, 1), sum(base for _, base, *_ in rows)
        for mask, base, norm, half in rows:
            if norm is None or half is None:
                continue
            own = self.norm == "others"
            over = (bases - own * base) / 1000
            self.learn(
                everything - own * mask, np.ceil((norm - half) * over - 1e-6), np.floor((norm + half) * over + 1e-6)
            )

    def _order(self, lines: list[dict[str, Any]], found: Found) -> None:
        """Rows that do not stand in the order of their labels stand in that of their counts."""
        place = {each: n for n, each in enumerate(DAYS)} | {"nee": 0, "ja": 1, "false": 0, "true": 1}

        def key(label: str) -> tuple[int, str]:
            return (int(label), "") if label.isdigit() else (place.get(label.lower(), 99), label)

        keys = [tuple(key(str(line[name])) for name in line if name in (*PARTS, *OTHER)) for line in lines]
        plain = [key for key in keys if not any(each[1] == "alle" for each in key)]
        values = [value for _, value in found if value is not None]
        if plain == sorted(plain) or len(values) < 2 or values != sorted(values, reverse=True):
            return
        for (first, _), (second, _) in itertools.pairwise(found):
            self.learn(first - second, 0.0, np.inf)

    def read_map(self, path: Path, about: dict[str, Any]) -> Found:
        """Read a map: cards, classes and their counts, months, totals under the legend, and every number in words."""
        text = path.read_text("utf-8")
        found: Found = []
        for block in re.findall(r'<script type="application/json"[^>]*>(.*?)</script>', text, re.S):
            data = json.loads(block)
            if data.get("key") == "comparison":
                for place, label in enumerate(data["frames"]["labels"]):
                    cards = {code: each[place] for code, each in data["frames"]["values"].items() if each[place]}
                    member = {code: each[place] for code, each in data["frames"]["member"].items()}
                    found += self._cards(data, cards, member, {**about, "period": stretch(label)})
            elif data.get("key") in ("rate", "norm"):
                found += self._cards(data, data["values"], data["member"], about)
            elif data.get("key") == "months":
                found += self._months(data, about)
            elif data.get("key"):
                raise AssertionError(f"a layer that nobody looked into: {data['key']}")
            if data.get("key"):
                self._words(data, found, about)
        return found

    def _cards(
        self, data: dict[str, Any], cards: dict[str, Any], member: dict[str, int], about: dict[str, Any]
    ) -> Found:
        found: Found = []
        norms: list[tuple[np.ndarray, float, float | None, float | None]] = []
        for code, card in cards.items():
            mask = self.mask({"code": code}, about)
            value, base, rate = (number(card[place]) for place in (0, 1, 2))
            if value is not None:
                self.learn(mask, value, value)
            elif rate is not None and base:
                self.learn(mask, max(0.0, (rate - 0.05) * base / 1000), (rate + 0.05) * base / 1000)
            ends = [number(each) for each in re.findall(r"[\d.]+(?:,\d+)?", card[3])]
            if value is None and base and len(ends) == 2 and None not in ends:
                self.learn(mask, *self.from_interval(ends[0], ends[1], base))
            if value is None and ("norm" in card[5] and "boven" in card[5]):
                self.learn(mask, 1, MOST)
            low, high = bounds_of(data, member.get(code))
            if base and value is None and (low > 0 or high < np.inf):  # coloured though its figure is not shown
                self.learn(mask, np.floor(low * base / 1000), min(MOST, np.ceil(high * base / 1000)))
            found.append((mask, value))
            norms.append((mask, base or 0.0, number(card[4]), 0.051))
        self.learn_norms(norms)
        return found

    def _months(self, data: dict[str, Any], about: dict[str, Any]) -> Found:
        found: Found = []
        frames = data["frames"]
        for place, label in enumerate(frames["labels"]):
            name, year = label.split()
            when, seen = f"{year}-{MONTHS[name]}", []
            for code, each in frames["values"].items():
                if each[place] is None:
                    continue
                mask = self.mask({"code": code, "month": when}, about)
                value = number(each[place][0])
                if value is not None:
                    self.learn(mask, value, value)
                elif data["classes"][frames["member"][code][place]]["pattern"] == "":
                    low, high = bounds_of(data, frames["member"][code][place])
                    self.learn(mask, low, min(MOST, high))
                seen.append((mask, value))
            told = re.search(r": ([\d.]+) ", frames["notes"][place] + " ")
            shown = sum(value or 0 for _, value in seen)
            if told and number(told[1]) != shown:  # a total of more than what is shown
                self.learn(np.clip(sum(mask for mask, _ in seen), 0, 1), number(told[1]), number(told[1]))
            found += seen
        return found

    def _words(self, data: dict[str, Any], found: Found, about: dict[str, Any]) -> None:
        """Every number in a sentence must be one that is known to say nothing more."""
        said = [*data["notes"], data["unit"], data["name"], data.get("headline", "")]
        said += data.get("frames", {}).get("notes", [])
        said += [each["count"] for each in data["classes"]]
        real = [value for mask, value in found if mask.any()]  # of an area without counts there is no figure
        have = {value for _, value in found} | {len(found), len(real), real.count(None)}
        have.add(sum(value is None for _, value in found))
        have |= set(range(len(self.town.dwellings) + 1)) | {1000.0, 95.0, 2024.0, 20.0, 1.0, 0.9, 12.0}
        have |= {float(len(data.get("values", {})))} | {float(about.get("norm", 8.0)), *about.get("told", ())}
        frames = data.get("frames")
        if frames:
            for place in range(len(frames["labels"])):
                have.add(sum(number(each[place][0]) or 0 for each in frames["values"].values() if each[place]))
        for sentence in (re.sub(r"\b(BU|WK|GM)\d+", "", each) for each in said):  # names of areas
            for each in re.findall(r"\d[\d.]*(?:,\d+)?", sentence):
                value = number(each.rstrip("."))
                if value in have or (self.norm != "none" and "norm" in sentence):
                    continue
                raise AssertionError(f"a number that nobody looked into: {each} in {sentence!r}")
        shown = [number(n) for note in data["notes"] for n in re.findall(r"Afgeschermd: ([\d.]+) van", note)]
        assert len(shown) <= 2, data["notes"]

    def ranges_of(self, masks: list[np.ndarray], rows: list[Row] | None = None, *, low: float = 1, high: float = 1e9,
                  ) -> list[tuple[int, int]]:  # fmt: skip
        """The smallest and the largest that each sum can be, in whole numbers; no further than to `low` and `high`."""
        known = {(w.tobytes(), a, b): (w, a, b) for w, a, b, _ in (self.rows if rows is None else rows)}
        known = {key: each for key, each in known.items() if each[1] > -np.inf or each[2] < np.inf}
        weights = np.array([w for w, _, _ in known.values()]).reshape(len(known), len(self.town.truth))
        asked = np.array(masks)
        # parts that are in the same sums are one
        columns, where = np.unique(np.vstack([weights, asked]), axis=1, return_inverse=True)
        size = np.bincount(np.asarray(where).ravel())
        matrix, wish = columns[: len(known)], columns[len(known) :]
        rules = [LinearConstraint(matrix, [a for _, a, _ in known.values()], [b for _, _, b in known.values()])]
        found = np.full((len(masks), 2), [np.inf, -np.inf])
        for place in range(len(masks)):
            for side, sign in ((0, 1), (1, -1)):
                if (found[place, 0] <= low) if side == 0 else (found[place, 1] >= high):
                    continue
                answer = milp(
                    sign * wish[place], constraints=rules if known else [], integrality=np.ones(matrix.shape[1]),
                    bounds=Bounds(0, MOST * size), options={"time_limit": 60.0},
                )  # fmt: skip
                assert answer.x is not None, answer.message
                seen = np.rint(wish @ np.rint(answer.x))
                found[:, 0], found[:, 1] = np.minimum(found[:, 0], seen), np.maximum(found[:, 1], seen)
                found[place, side] = round(sign * answer.fun)
        return [(int(a), int(b)) for a, b in found]


def bounds_of(data: dict[str, Any], place: int | None) -> tuple[float, float]:
    """Between which numbers a class of a map lies; everything when it is no class of numbers."""
    if place is None or place < 0 or data["classes"][place]["pattern"] or data["key"] == "norm":
        return 0.0, np.inf
    label = data["classes"][place]["label"]
    ends = [number(each) for each in re.findall(r"[\d.]+(?:,\d+)?", label)]
    if not ends or any(each is None for each in ends):
        return 0.0, np.inf
    if len(ends) == 2:
        return ends[0], ends[1]
    return (0.0, ends[0]) if "onder" in label or "minder" in label else (ends[0], np.inf)


def stretch(label: str) -> tuple[str, str]:
    """First and last month of a period in words, within 2024."""
    named = [MONTHS[each] for each in re.findall(r"[a-z]+", label) if each in MONTHS]
    return (f"2024-{named[0]}", f"2024-{named[-1]}") if named else ("2024-01", "2024-12")


def number(text: Any) -> float | None:
    """A number as a Dutch reader sees it; None for anything else."""
    if isinstance(text, int | float) and not isinstance(text, bool):
        return None if text != text else float(text)
    plain = str(text).replace(".", "").replace(",", ".")
    return float(plain) if re.fullmatch(r"-?\d+(?:\.\d+)?", plain) else None


def cells(path: Path) -> list[dict[str, Any]]:
    """Rows of a written table by the names of its columns."""
    if path.suffix == ".csv":
        text = path.read_text(encoding="utf-8-sig").splitlines()
        rows = list(csv.reader(text, delimiter=";"))
        # a decimal comma, and no mark of thousands
        return [dict(zip(rows[0], [each.replace(".", "") for each in row], strict=True)) for row in rows[1:]]
    if path.suffix == ".geojson":
        features = json.loads(path.read_text(encoding="utf-8"))["features"]
        return [{k: "" if v is None else v for k, v in each["properties"].items()} for each in features]
    if path.suffix == ".gpkg":
        return layers_of(path)
    import python_calamine

    sheet = python_calamine.CalamineWorkbook.from_path(str(path)).get_sheet_by_index(0).to_python()
    return [
        {str(k): (int(v) if isinstance(v, float) and v.is_integer() else v) for k, v in zip(sheet[0], row, strict=True)}
        for row in sheet[1:]
    ]


def layers_of(path: Path) -> list[dict[str, Any]]:
    """Rows of the layer of a GeoPackage, in the order in which they were stored."""
    import sqlite3
    from contextlib import closing

    with closing(sqlite3.connect(path)) as base:
        base.row_factory = sqlite3.Row
        name = base.execute("SELECT table_name FROM gpkg_contents WHERE data_type = 'features'").fetchone()[0]
        rows = base.execute(f'SELECT * FROM "{name}"').fetchall()  # noqa: S608 - a name from the file itself
    return [{k: "" if row[k] is None else row[k] for k in row.keys() if not isinstance(row[k], bytes)} for row in rows]  # noqa: SIM118


def half_digit(value: float) -> float:
    """Half of the last of three digits, or what rounding to a whole number takes."""
    return 0.51 * 10.0 ** (np.floor(np.log10(value)) - 2) if value > 0 else 1e-3
