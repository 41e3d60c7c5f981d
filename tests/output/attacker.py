"""Somebody who collects every file of every export and works out what is hidden. Shares no code with the protection."""

import itertools
from dataclasses import dataclass, field

import numpy as np
import pandas as pd
from scipy.optimize import Bounds, LinearConstraint, milp

from hicgeo.errors import DisclosureError
from hicgeo.output.disclosure import Ledger, protect

PUBLIC_TYPE = "woninginbraak"


@dataclass
class Town:
    """Every incident that there is, as a table of counts over what cannot be divided further."""

    truth: pd.DataFrame  # buurt, month, crime_type, hour, victim, n

    @classmethod
    def random(cls, rng):
        wijken = [f"WK0999{w:02d}" for w in range(rng.integers(1, 3))]
        buurten = [f"BU{w[2:]}{b:02d}" for w in wijken for b in range(rng.integers(1, 4))]
        months = [f"2024-{m:02d}" for m in range(1, rng.integers(2, 6))]
        kinds = [PUBLIC_TYPE, "sector"][: rng.integers(1, 3)] if rng.random() < 0.5 else ["sector"]
        hours = ["nacht", "dag", "avond"][: rng.integers(1, 4)]
        rows = list(itertools.product(buurten, months, kinds, hours, [True, False][: rng.integers(1, 3)]))
        truth = pd.DataFrame(rows, columns=["code", "month", "crime_type", "hour", "direct_victim"])
        scale = rng.choice([1.0, 4.0, 12.0])
        truth["n"] = rng.poisson(rng.gamma(0.6, scale, len(truth)))
        return cls(truth)

    def police(self):
        """Count table of what the police publish of the town."""
        part = self.truth[self.truth["crime_type"] == PUBLIC_TYPE]
        if part.empty:
            return None
        return part.groupby(["code", "crime_type", "month"])["n"].sum().rename("incidents").to_frame()

    def export(self, rng, latest):
        """A few tables, as a user would make them: some dimensions, some level, a month or the year to date."""
        tables = {}
        for place in range(rng.integers(1, 4)):
            part = self.truth.assign(time=self.truth["month"])
            how = rng.choice(["months", "to date", "latest", "total"])
            seen = part[part["month"] <= latest]
            if how == "latest":
                seen = seen[seen["month"] == latest]
            by = [each for each in ("crime_type", "hour", "direct_victim") if rng.random() < 0.45]
            level = rng.choice(["BU", "WK", "GM", "none"], p=[0.5, 0.2, 0.1, 0.2])
            if level != "none":
                seen = seen.assign(code=seen["code"].map(lambda c, level=level: above(c, level)))
                by = ["code", *by]
            first = "2024-01" if how != "latest" else latest
            if how == "months":
                by = [*by, "month"]
            if not by:
                by = ["hour"]
            table = seen.groupby(by)["n"].sum().rename("incidents").to_frame()
            if how != "months":
                table.attrs["period"] = (first, latest)
            if "crime_type" not in by and len(set(self.truth["crime_type"])) == 1:
                table.attrs["crime_type"] = self.truth["crime_type"].iloc[0]
            if rng.random() < 0.5 and len(by) == 1:  # with its total as a row
                table.loc["alle"] = table["incidents"].sum()
            tables[f"t{place}"] = table
        return tables


def above(code, level):
    return {"BU": code, "WK": f"WK{code[2:8]}", "GM": f"GM{code[2:6]}"}[level]


@dataclass
class Attacker:
    """Knows the town's parts and every published row; asks of each hidden small figure how far it can be narrowed."""

    town: Town
    rows: list = field(default_factory=list)  # (mask over the parts, value or None, what the police publish)

    def __post_init__(self):
        """Look up what the police publish: every buurt, month and published type."""
        truth = self.town.truth
        for _, part in truth[truth["crime_type"] == PUBLIC_TYPE].groupby(["code", "month"]):
            self.rows.append((truth.index.isin(part.index), float(part["n"].sum()), True))

    def read(self, tables):
        """Take in what was published: the masked tables only."""
        found = []
        for table in tables.values():
            period = table.attrs.get("period")
            for key, row in table.iterrows():
                parts = dict(zip(table.index.names, key if isinstance(key, tuple) else (key,), strict=True))
                mask = self._mask(parts, period, table)
                value = None if np.isnan(row["incidents"]) else float(row["incidents"])
                found.append(
                    (mask, value, self._published(parts, parts.get("crime_type", table.attrs.get("crime_type"))))
                )
        self.rows += found
        return found

    def _mask(self, parts, period, table):
        truth = self.town.truth
        mask = np.ones(len(truth), bool)
        for name, label in parts.items():
            if label == "alle":
                if name == "month":  # of the months in the table
                    mask &= truth["month"].isin(table.index.get_level_values("month")).to_numpy()
                continue
            have = truth[name]
            if name == "code":
                have = have.map(lambda c, level=label[:2]: above(c, level))
            mask &= (have == label).to_numpy()
        if "month" not in parts and period is not None:
            mask &= truth["month"].between(*period).to_numpy()
        return mask

    def _published(self, parts, kind):
        return set(parts) <= {"code", "month", "crime_type"} and kind == PUBLIC_TYPE

    def range_of(self, mask, rows=None):
        """The smallest and the largest that the sum over `mask` can be, in whole numbers."""
        known = [(m, v) for m, v, _ in (self.rows if rows is None else rows) if v is not None]
        n = len(mask)
        constraints = [LinearConstraint(np.array([m for m, _ in known], float), [v for _, v in known],
                                        [v for _, v in known])] if known else []  # fmt: skip
        ends = []
        for sign in (1, -1):
            answer = milp(
                sign * mask.astype(float), constraints=constraints, integrality=np.ones(n), bounds=Bounds(0, 10_000)
            )
            assert answer.status == 0, answer.message
            ends.append(round(sign * answer.fun))
        return tuple(ends)


@dataclass
class Score:
    """What came of an attack on a series of exports."""

    exports: int = 0
    refused: int = 0
    figures: int = 0
    small: int = 0
    hidden: int = 0
    exact: int = 0  # worked out
    narrow: int = 0  # to less than 1..T-1
    police: int = 0  # less than 1..T-1 is what the police's own figures say already
    earlier: int = 0  # less than 1..T-1 followed from earlier files, before anybody asked for this figure
    small_shown: int = 0  # a small figure in a file that the police do not publish

    def __add__(self, other):
        return Score(*(a + b for a, b in zip(vars(self).values(), vars(other).values(), strict=True)))


def campaign(seed, folder):
    """Export a random town a few times, month after month, and attack all files together after each."""
    rng = np.random.default_rng(seed)
    town, score, threshold = Town.random(rng), Score(), int(rng.choice([3, 5, 10]))
    ledger, attacker = Ledger(folder / f"{seed}.jsonl", public=town.police()), Attacker(town)
    months = sorted(town.truth["month"].unique())
    secrets = []
    for latest in rng.choice(months, size=min(len(months), int(rng.integers(1, 4))), replace=False):
        tables = town.export(rng, latest)
        keep = [name for name in tables if rng.random() < 0.1]
        try:
            done = protect(tables, threshold=threshold, published=(PUBLIC_TYPE,), ledger=ledger, keep=keep)
        except DisclosureError:
            score.refused += 1
            continue
        file = folder / f"{seed}-{score.exports}.csv"
        file.write_text("written")
        ledger.promise(done.figures)
        ledger.record(file, profile="openbaar")
        score.exports += 1
        had = list(attacker.rows)
        for name, published in done.tables.items():
            rows = attacker.read({name: published})
            counts = tables[name]["incidents"].reindex(published.index).to_numpy(float)  # rows may change places
            for (mask, value, public), true in zip(rows, counts, strict=True):
                score.figures += 1
                score.hidden += value is None
                if 0 < true < threshold and not public:
                    score.small += 1
                    score.small_shown += value is not None
                    secrets.append((mask, true))
        for mask, true in secrets:
            low, high = attacker.range_of(mask)
            assert low <= true <= high

            def adds_nothing(rows, mask=mask, low=low, high=high):
                before = attacker.range_of(mask, rows)
                lowest = before[0] if before[1] < threshold - 1 else max(1, before[0])
                return low <= lowest and high >= min(threshold - 1, before[1])

            if low <= 1 and high >= threshold - 1:
                continue
            if adds_nothing([row for row in attacker.rows if row[2]]):
                score.police += 1
            elif adds_nothing(had):
                score.earlier += 1
            elif low == high:
                score.exact += 1
            else:
                score.narrow += 1
    return score
