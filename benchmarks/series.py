"""Random series of public exports of made-up towns, as users would make them, and the score of an attack on them."""

from __future__ import annotations

import warnings
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from readers import DAYS, PUBLISHED, Attacker, Town, above, count_table
from scipy.optimize import Bounds, LinearConstraint, milp


@dataclass
class Score:
    """What came of an attack on series of exports."""

    towns: int = 0
    exports: int = 0
    maps: int = 0
    spatial: int = 0  # GeoPackage and GeoJSON
    again: int = 0  # exported before, and written again
    refused: int = 0
    figures: int = 0
    hidden: int = 0
    small: int = 0  # from 1 to below the threshold, and not published by the police
    attacks: int = 0  # a small figure after an export
    exact: int = 0  # worked out
    narrow: int = 0  # to less than 1 .. threshold - 1
    police: int = 0  # less than that is what the police's own figures say already
    earlier: int = 0  # less than that followed from earlier files, before anybody asked for this figure
    shown: int = 0  # a small figure in a file
    twins: int = 0  # the same export of another town that has the same shown figures and the same ones hidden
    told_apart: int = 0  # of these the bytes differ
    pattern: int = 0  # other figures are hidden in the twin

    def __add__(self, other: Score) -> Score:
        return Score(*(getattr(self, f.name) + getattr(other, f.name) for f in fields(self)))


@dataclass
class Wish:
    """One export as a user would ask for it."""

    kind: str  # table, rates, months or comparison
    suffix: str
    towns: list[str]
    period: tuple[str, str]
    by: list[str] = field(default_factory=list)
    level: str = "none"
    crime_type: str = ""
    norm: Any = "regional"
    total: bool = False
    weeks: bool = False
    named: bool = False
    ranked: bool = False

    @classmethod
    def random(cls, town: Town, rng: np.random.Generator) -> Wish:
        """Some dimensions at some level, of a month or to date, of one municipality or all; one in four is a map."""
        truth = town.truth
        months, kinds = sorted(truth["month"].unique()), list(truth["crime_type"].unique())
        towns = sorted(set(truth["code"].str[2:6]))
        towns = [str(rng.choice(towns))] if rng.random() < 0.3 else towns
        latest, how = str(rng.choice(months)), str(rng.choice(["months", "to date", "latest", "whole"]))
        period = (latest if how == "latest" else months[0], months[-1] if how == "whole" else latest)
        kind, chance = "table", rng.random()
        if chance < 0.4:
            kind = str(rng.choice(["rates", "rates", "months", "comparison"]))
        made = cls(kind, ".csv", towns, period, crime_type=str(rng.choice(kinds)), ranked=bool(rng.random() < 0.25))
        made.norm = [8.0, "regional", "others"][rng.integers(0, 3)]
        if kind == "comparison" and len(months) > 1:
            made.period = (months[0], months[-1])
        elif kind == "comparison":
            made.kind = "rates"
        if made.kind != "table":
            spatial = made.kind == "rates" and rng.random() < 0.4
            made.suffix = str(rng.choice([".csv", ".xlsx", ".gpkg", ".geojson"])) if spatial else ".html"
            made.by, made.level = ["code"], "BU"
            return made
        made.by = [each for each in ("hour", "weekday", "direct_victim", "target") if rng.random() < 0.4]
        if len(kinds) > 1 and rng.random() < 0.6:
            made.by.append("crime_type")
            made.crime_type = ""
        made.level = str(rng.choice(["BU", "WK", "GM", "none"], p=[0.45, 0.2, 0.15, 0.2]))
        made.by = (["code"] if made.level != "none" else []) + made.by + (["month"] if how == "months" else [])
        made.by = made.by or ["target"]
        made.suffix = str(rng.choice([".csv", ".xlsx"]))
        if made.by == ["code"]:
            made.suffix = str(rng.choice([".csv", ".xlsx", ".gpkg", ".geojson"]))
        made.weeks, made.named = bool(rng.random() < 0.5), bool(rng.random() < 0.5)
        made.total = bool(rng.random() < 0.5) and len(made.by) == 1 and made.suffix in (".csv", ".xlsx")
        return made

    def about(self) -> dict[str, Any]:
        """What a reader knows of the file: it stands beside it."""
        known = {"area": self.towns, "period": self.period, "norm": self.norm if self.norm == 8.0 else 8.0}
        return known | ({"crime_type": self.crime_type} if self.crime_type else {})

    def seen(self, truth: pd.DataFrame) -> pd.DataFrame:
        """Parts of the town that it is of."""
        seen = truth[truth["code"].str[2:6].isin(self.towns) & truth["month"].between(*self.period)]
        return seen[seen["crime_type"] == self.crime_type] if self.crime_type else seen

    def table(self, truth: pd.DataFrame) -> pd.DataFrame:
        """Table of counts."""
        seen = self.seen(truth)
        if self.level != "none":
            seen = seen.assign(code=seen["code"].map(lambda code: above(code, self.level)))
        by = list(self.by)
        table = seen.groupby(by)["n"].sum().astype(float).rename("incidents").to_frame()
        if {"hour", "weekday"} <= set(by) and self.weeks:
            flat = table.reset_index()
            flat["hour_of_week"] = flat["weekday"] * 24 + flat["hour"]
            table = flat.set_index([*(n for n in by if n not in ("hour", "weekday")), "hour_of_week"])[["incidents"]]
        elif "weekday" in by and self.named:
            table = table.reset_index()
            table["weekday"] = table["weekday"].map(lambda day: DAYS[day])
            table = table.set_index(by)
        elif by == ["hour"] and self.named:
            table.index = table.index.rename("hour_of_day")
        table = table.sort_values("incidents", ascending=False, kind="stable") if self.ranked else table
        if self.total and len(table):
            table.loc["alle"] = table["incidents"].sum()
        table.attrs = {key: self.about()[key] for key in ("crime_type", "period") if key in self.about()}
        return self.placed(table)

    def placed(self, table: pd.DataFrame) -> pd.DataFrame:
        """Table with geometry where the file must have it."""
        if self.suffix not in (".gpkg", ".geojson"):
            return table
        shapes = squares(table.index)[["geometry"]]
        made = gpd.GeoDataFrame(table.join(shapes), geometry="geometry", crs=shapes.crs)
        made.attrs = table.attrs
        return made

    def rates(self, town: Town, truth: pd.DataFrame, period: tuple[str, str]) -> pd.DataFrame:
        """Answer of `hicgeo.rates` on the counts of the type, ranked when that is wished for."""
        import hicgeo as hg

        part = truth[truth["code"].str[2:6].isin(self.towns) & (truth["crime_type"] == self.crime_type)]
        areas = squares(pd.Index(sorted(part["code"].unique(), key=str)), town.dwellings)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            rates = hg.rates(count_table(part), areas, crime_type=self.crime_type, period=period, base="dwellings",
                             norm=self.norm)  # fmt: skip
        attrs = rates.attrs
        rates = rates.sort_values("incidents", ascending=False, kind="stable") if self.ranked else rates
        rates.attrs = attrs
        return rates

    def write(self, town: Town, truth: pd.DataFrame, path: Path, **gate: Any) -> list[pd.DataFrame]:
        """Make the export and return its tables as they were asked for."""
        from hicgeo.output.maps import HotspotMap
        from hicgeo.output.tables import write_table

        if self.kind == "table":
            table = self.table(truth)
            write_table(table, path, profile="openbaar", **gate)
            return [table]
        if self.suffix != ".html":
            rates = self.placed(self.rates(town, truth, self.period))
            write_table(rates, path, profile="openbaar", **gate)
            return [rates]
        seen = self.seen(truth)
        areas = squares(pd.Index(sorted(seen["code"].unique())), town.dwellings)
        page = HotspotMap(areas, title="Kaart", profile="openbaar", **gate)
        if self.kind == "months":
            counts = count_table(seen)
            page.add_months(counts, crime_type=self.crime_type).save(path)
            return [counts]
        if self.kind == "comparison":
            first, last = self.period
            both = [self.rates(town, truth, each) for each in ((first, first), (last, last))]
            page.add_comparison(*both).save(path)
            return both
        rates = self.rates(town, truth, self.period)
        page.add_rates(rates).save(path)
        return [rates]


def squares(codes: pd.Index, dwellings: pd.Series | None = None) -> gpd.GeoDataFrame:
    """Neighbourhood table of squares."""
    place = pd.Index(codes).sort_values().get_indexer(codes)
    size = pd.array([500] * len(codes) if dwellings is None else dwellings.reindex(codes).to_numpy(), dtype="Int64")
    return gpd.GeoDataFrame(
        {"name": list(codes), "level": "buurt", "municipality": [f"GM{c[2:6]}" for c in codes], "dwellings": size,
         "households": size, "residents": size, "businesses": size, "is_water": [False] * len(codes),
         "vintage": pd.array([2024] * len(codes), dtype="Int64")},
        geometry=[shapely.box(80_000 + 1000 * n, 450_000, 81_000 + 1000 * n, 451_000) for n in place],
        crs="EPSG:28992", index=pd.Index(codes, name="code", dtype="str"),
    )  # fmt: skip


def another(
    truth: np.ndarray, rows: list[Any], found: list[Any], threshold: int, rng: np.random.Generator
) -> np.ndarray | None:
    """Parts of another town that gives the same files, small, zero or large as here; None where there is none."""
    known = [(mask, low, high) for mask, low, high, _ in rows]
    for mask, value in found:
        if value is None:
            true = float(mask @ truth)
            ends = (0, 0) if true == 0 else (1, threshold - 1) if true < threshold else (threshold, 5000)
            known.append((mask, *ends))
    wish = rng.integers(-5, 6, len(truth)).astype(float)
    answer = milp(
        wish, constraints=[LinearConstraint(np.array([m for m, _, _ in known]), [a for _, a, _ in known],
                                            [b for _, _, b in known])],
        integrality=np.ones(len(truth)), bounds=Bounds(0, truth.max() + 20), options={"time_limit": 10.0},
    )  # fmt: skip
    if answer.x is None:
        return None
    other = np.rint(answer.x)
    hidden = [mask for mask, value in found if value is None]
    return other if any(mask @ other != mask @ truth for mask in hidden) else None


def compare(town: Town, wish: Wish, path: Path, attacker: Attacker, found: list[Any], threshold: int,
            rng: np.random.Generator) -> Score:  # fmt: skip
    """Make the same export of another town that looks the same, and compare the bytes of both."""
    from hicgeo.output.disclosure import Ledger

    other = another(town.truth["n"].to_numpy(float), attacker.rows, found, threshold, rng)
    if other is None:
        return Score()
    truth, twin = town.truth.assign(n=other.astype(int)), path.parent / "twin" / path.name
    ledger = Ledger(None, public=Town(truth, town.dwellings).police(), area="+".join(f"GM{t}" for t in wish.towns))
    wish.write(town, truth, twin, threshold=threshold, ledger=ledger)
    about = wish.about()
    again = Attacker(town)
    again.norm = attacker.norm
    looked = again.read_map(twin, about) if twin.suffix == ".html" else again.read_table(twin, about)
    if [value for _, value in looked] != [value for _, value in found]:
        return Score(pattern=1)
    same = path.read_bytes() == twin.read_bytes()
    if not same:
        print("TOLD APART", path.name, wish, flush=True)
    return Score(twins=1, told_apart=int(not same))


def series(seed: int, folder: Path) -> Score:
    """Export a random town up to six times, and attack all files together after each."""
    from hicgeo.errors import DisclosureError
    from hicgeo.output.disclosure import Ledger

    rng = np.random.default_rng(seed)
    town, score, threshold = Town.random(rng), Score(towns=1), int(rng.choice([3, 5, 10]))
    attacker, police, truth = Attacker(town), town.police(), town.truth["n"].to_numpy(float)
    secrets: dict[bytes, tuple[np.ndarray, float]] = {}
    earlier: list[Wish] = []
    for turn in range(int(rng.integers(2, 7))):
        repeat = bool(earlier) and rng.random() < 0.15
        wish = earlier[int(rng.integers(len(earlier)))] if repeat else Wish.random(town, rng)
        if wish.seen(town.truth).empty:
            continue
        ledger = Ledger(folder / f"{seed}.jsonl", public=police, area="+".join(f"GM{t}" for t in wish.towns))
        path, had = folder / f"{seed}-{turn}{wish.suffix}", list(attacker.rows)
        try:
            wish.write(town, town.truth, path, threshold=threshold, ledger=ledger)
        except DisclosureError as error:
            score.refused += 1
            print("refused", seed, turn, error.expected, flush=True)
            continue
        attacker.norm = wish.norm if isinstance(wish.norm, str) else "none"
        read = attacker.read_map if wish.suffix == ".html" else attacker.read_table
        found = read(path, wish.about())
        score.exports, score.again = score.exports + 1, score.again + repeat
        score.maps, score.spatial = score.maps + (path.suffix == ".html"), score.spatial + (path.suffix[1] == "g")
        earlier.append(wish)
        for mask, value in found:
            true = float(mask @ truth)
            assert value is None or value == true, "a shown figure is the true one"
            score.figures, score.hidden = score.figures + 1, score.hidden + (value is None)
            kinds = set(town.truth["crime_type"][mask > 0])
            fine = set(wish.by) <= {"code", "month", "crime_type"} and kinds == {PUBLISHED}
            if 0 < true < threshold and not fine:
                score.small, score.shown = score.small + 1, score.shown + (value is not None)
                secrets[mask.tobytes()] = (mask, true)
        if not had[-1:] or all(row[3] for row in had):  # nothing in the ledger yet
            score = score + compare(town, wish, path, attacker, found, threshold, rng)
        score = score + judge(list(secrets.values()), attacker, had, threshold, f"{seed} {turn} {wish}")
    return score


def judge(secrets: list[Any], attacker: Attacker, had: list[Any], threshold: int, what: str) -> Score:
    """How far every small figure can be narrowed down now, and since when."""
    score = Score(attacks=len(secrets))
    if not secrets:
        return score
    masks = [mask for mask, _ in secrets]
    ranges = attacker.ranges_of(masks, low=1, high=threshold - 1)
    tight = [n for n, (low, high) in enumerate(ranges) if low > 1 or high < threshold - 1]
    assert all(low <= true <= high or n not in tight for n, ((low, high), (_, true)) in
               enumerate(zip(ranges, secrets, strict=True)))  # fmt: skip
    if not tight:
        return score
    asked = [masks[n] for n in tight]
    now = attacker.ranges_of(asked, low=-1)
    before = [attacker.ranges_of(asked, [row for row in rows if each(row)], low=-1)
              for rows, each in ((attacker.rows, lambda row: row[3]), (had, lambda row: True))]  # fmt: skip
    for n, (low, high), *then in zip(tight, now, *before, strict=True):
        told = [low <= (a if b < threshold - 1 else max(1, a)) and high >= min(threshold - 1, b) for a, b in then]
        if told[0]:
            score.police += 1
        elif told[1]:
            score.earlier += 1
            print("EARLIER", what, secrets[n][1], (low, high), then, threshold, flush=True)
        else:
            score.exact, score.narrow = score.exact + (low == high), score.narrow + (low != high)
            print("FOUND", what, secrets[n][1], (low, high), then, threshold, flush=True)
    return score
