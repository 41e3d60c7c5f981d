"""The run of The Hague attacked: what its files hold beyond what the police publish, and what they would give away.

As published: every figure of every file is read from its bytes and held against the raw counts of the police; and the
run is made again from a file in which everything has changed but the counts that it is of. As if nothing of them were
published: the same exports of types that nobody publishes, and an attack on all that is hidden in them.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import sqlite3
import warnings
from collections import Counter
from contextlib import closing
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from public_runs import ELSEWHERE, PUBLIC, REAL, content, execute, project
from readers import MONTHS, Attacker, Town, cells, number
from series import judge

RAW = "police_monthly_2011_2017.csv.gz"
KINDS = {104: "woninginbraak", 102: "straatroof"}
OTHER = {"woninginbraak": "inbraak", "straatroof": "beroving"}
"""Names under which no police publishes."""
YEAR, T = "2016", 10
COUNTS = ("incidents", "incidents_before", "difference", "last_season", "incidents_dark", "incidents_light")


def raw_counts() -> pd.Series:
    """Counts per wijk, month and type from the raw file, without hicgeo; what is zero everywhere is not published."""
    raw = pd.read_csv(REAL / "nl_thehague" / RAW)
    raw = raw[raw["delict_code"].isin(KINDS)]
    month = raw["year"].astype(str) + "-" + raw["month"].astype(str).str.zfill(2)
    found = raw.groupby([raw["delict_code"].map(KINDS), raw["wijk_code"], month])["delicts"].sum()
    found = found[found.index.get_level_values(2) != "2017-12"]
    return found.rename_axis(["crime_type", "code", "month"])


def denominators() -> pd.DataFrame:
    """Dwellings and residents per wijk, without hicgeo."""
    with closing(sqlite3.connect(REAL / "nl_thehague" / "wijken_2022.gpkg")) as base:
        name = base.execute("SELECT table_name FROM gpkg_contents WHERE data_type = 'features'").fetchone()[0]
        table = pd.read_sql(f'SELECT code, dwelling_total, population FROM "{name}"', base)  # noqa: S608 - from the file
    table = table.set_index("code").rename(columns={"dwelling_total": "dwellings", "population": "residents"})
    return table.round()


class Police:
    """Everything that can be looked up of a wijk, a municipality or the region."""

    def __init__(self) -> None:
        self.counts, self.base = raw_counts(), denominators()
        self.matched = sorted(set(self.counts.index.unique("code")) & set(self.base.index))
        self._told: dict[tuple[Any, ...], float | None] = {}

    def count(self, kind: str, code: str, months: tuple[str, ...], *, all_codes: bool = False) -> float | None:
        """Incidents of a type in an area over some months; nothing where a month is not published."""
        key = (kind, code, months, all_codes)
        if key not in self._told:
            counted = self.counts.xs(kind, level="crime_type")
            codes = counted.index.get_level_values("code")
            if code != "region":
                counted = counted[codes.str[2 : len(code)] == code[2:]]
            if not all_codes and not code.startswith("WK"):
                counted = counted[counted.index.get_level_values("code").isin(self.matched)]
            part = counted[counted.index.get_level_values("month").isin(months)]
            full = len(part) and set(part.index.get_level_values("month")) == set(months)
            self._told[key] = float(part.sum()) if full else None
        return self._told[key]

    def base_of(self, kind: str, code: str) -> float:
        """Dwellings (residents) of the wijken of an area that are counted."""
        name = "dwellings" if kind == "woninginbraak" else "residents"
        part = self.base.loc[self.matched, name]
        return float(part[part.index.str[2 : len(code)] == code[2:]].sum() if code != "region" else part.sum())


def year(name: str) -> tuple[str, ...]:
    """Months of a year."""
    return tuple(f"{name}-{month:02d}" for month in range(1, 13))


def halves(season: str) -> dict[str, tuple[str, ...]]:
    """Months of a dark season such as 2011/12 (or of all whole ones), and of the light halves before and after it."""
    first = range(2011, 2017) if season == "alle" else [int(season[:4])]
    dark = [f"{y + (m < 4)}-{m:02d}" for y in first for m in (10, 11, 12, 1, 2, 3)]
    light = [f"{y}-{m:02d}" for y in range(first[0], first[-1] + 2) for m in range(4, 10)]
    return {"incidents_dark": tuple(dark), "incidents_light": tuple(light)}


def read_tables(folder: Path, police: Police) -> Counter[str]:
    """Figures of all written tables by kind: counts and rates are worked out again, every other one is `derived`."""
    found: Counter[str] = Counter()
    for path in sorted([*folder.glob("*.csv"), *folder.glob("*.xlsx")]):
        for line in cells(path):
            kind = line.get("crime_type") or ("straatroof" if "straatroof" in path.name else "woninginbraak")
            code = str(line.get("code", "region"))
            for name, text in line.items():
                value = number(text)
                if value is None or name in ("year", "month", "per", "period", "rank", "codes"):
                    continue
                found[table_figure(path.stem, name, value, kind, code, line, police)] += 1
    return found


def table_figure(file: str, name: str, value: float, kind: str, code: str, line: dict[str, Any], police: Police) -> str:
    """Kind of a figure; an error when it is a count, a denominator or a rate and not what the police publish."""
    if name in COUNTS:
        assert value == table_count(file, name, kind, code, line, police), (file, name, code, line)
        return "count"
    if name in ("base", "rate") and code != "region" and "side" not in line:
        base = police.base_of(kind, code)
        if name == "base":
            assert value == base or value == 0, (file, line)
            return "denominator"
        rate = table_count(file, "incidents", kind, code, line, police) / base * 1000
        assert abs(value - rate) <= max(0.051, 0.006 * rate), (file, line, rate)
        return "rate"
    return "derived"


def table_count(file: str, name: str, kind: str, code: str, line: dict[str, Any], police: Police) -> float | None:
    """What a count in a table must be."""
    if file == "02-change":
        last, before = (police.count(kind, code, year(each)) for each in ("2016", "2015"))
        return {"incidents": last, "incidents_before": before, "difference": (last or 0) - (before or 0)}[name]
    if name == "last_season":
        y, m = map(int, str(line["month"]).split("-"))
        return police.count(kind, code, (f"{y - 1}-{m:02d}",))
    if "season" in line:
        return police.count(kind, code, halves(str(line["season"]))[name], all_codes=True)
    return police.count(kind, code, year(str(line.get("year") or YEAR)))


def read_maps(folder: Path, police: Police) -> Counter[str]:
    """Figures of all maps, briefings and the index page: cards and months are worked out again."""
    found: Counter[str] = Counter()
    for path in sorted(folder.glob("*.html")):
        text, kinds = path.read_text("utf-8"), iter(("woninginbraak", "woninginbraak", "straatroof", "straatroof"))
        for block in re.findall(r'<script type="application/json"[^>]*>(.*?)</script>', text, re.S):
            data = json.loads(block)
            key = data.get("key")
            if key in ("rate", "norm"):
                kind = next(kinds)
                for code, card in data["values"].items():
                    found += card_figures(kind, code, card, police)
            elif key == "months":
                found += month_figures(data, police)
            elif key:
                found["derived"] += sum(
                    len(re.findall(r"\d+(?:,\d+)?", " ".join(map(str, card)))) for card in data["values"].values()
                )
            if key:
                said = json.dumps([data[name] for name in ("classes", "notes", "headline", "unit", "digest")])
                found["derived"] += len(re.findall(r"\d+(?:[.,]\d+)*", re.sub(r"#\w{6}|\\u\w{4}", "", said)))
        shown = re.sub(r"<(script|style|svg).*?</\1>", "", text, flags=re.S)
        found["derived"] += len(re.findall(r"\d+(?:[.,]\d+)*", re.sub(r"<[^>]+>", " ", shown)))
    return found


def card_figures(kind: str, code: str, card: list[str], police: Police) -> Counter[str]:
    """Figures of the card of a wijk: count, denominator and rate; the interval, norm and verdict follow from counts."""
    count, base, rate = (number(each) for each in card[:3])
    true, homes = police.count(kind, code, year(YEAR)), police.base_of(kind, code)
    assert count == true, (kind, code, card)
    assert base in (homes, 0.0), (kind, code, card)
    if rate is not None and true is not None:
        assert abs(rate - true / homes * 1000) <= 0.051, (kind, code, card)
    rest = len(re.findall(r"\d+(?:[.,]\d+)*", " ".join(card[3:])))
    return Counter({"count": int(count is not None), "denominator": 1, "rate": int(rate is not None), "derived": rest})


def month_figures(data: dict[str, Any], police: Police) -> Counter[str]:
    """Figures of the months of a map: the count, and that of a year earlier."""
    found: Counter[str] = Counter()
    for place, label in enumerate(data["frames"]["labels"]):
        name, written = label.split()
        for code, each in data["frames"]["values"].items():
            if each[place] is None:
                continue
            for text, when in zip(each[place], (int(written), int(written) - 1), strict=False):
                if (value := number(text)) is not None:
                    true = police.count("woninginbraak", code, (f"{when}-{MONTHS[name]}",))
                    assert value == true, (code, label, each[place])
                    found["count"] += 1
    return found


def elsewhere(target: Path) -> dict[str, int]:
    """Write the raw file with everything changed but the counts of the types of the run, and count what was changed."""
    rng = np.random.default_rng(5)
    raw = pd.read_csv(REAL / "nl_thehague" / RAW)
    others = ~raw["delict_code"].isin([*KINDS, 117])  # robberies are nowhere published
    others &= (raw["year"] < 2017) | (raw["month"] < 12)  # a month in which all types are zero is not published
    raw.loc[others, "delicts"] = rng.poisson(3, int(others.sum()))
    for name in ("latitude", "longitude"):
        raw[name] = rng.permutation(raw[name].to_numpy())
    raw["buurt_name"], raw["delict_name"] = "elders", "iets"
    target.parent.mkdir(parents=True, exist_ok=True)
    raw.iloc[rng.permutation(len(raw))].to_csv(target, index=False)
    return {"rows in another order": len(raw), "counts of other types changed": int(others.sum())}


def as_published(real: Path, folder: Path) -> dict[str, Any]:
    """Figures of all files of a public run, by kind, and whether they depend on anything but published counts."""
    police, maps = Police(), real / "maps" / "den-haag"
    figures = read_tables(maps, police) + read_maps(maps, police)
    there = folder / "den-haag-elsewhere"
    changed = elsewhere(there / "data" / "elsewhere" / RAW)
    path = f"${{HICGEO_REALDATA:-../../../shared/data}}/nl_thehague/{RAW}"
    project(there, "den-haag", {path: f"../elsewhere/{RAW}"} | PUBLIC | ELSEWHERE)
    execute(there, "den-haag")
    names = sorted(each.relative_to(maps) for each in maps.rglob("*") if each.is_file())
    same = [name for name in names if content(maps / name) == content(there / "maps" / "den-haag" / name)]
    return {
        "files": len(names), "figures read": sum(figures.values()), **{f"figures: {k}": n for k, n in figures.items()},
        "files that are the same elsewhere": len(same),
        "files that differ": [name.name for name in names if name not in same], **changed,
    }  # fmt: skip


def unpublished(folder: Path, asked: int = 2000) -> dict[str, Any]:
    """The same exports as if the police published nothing, and how far what is hidden can be narrowed down."""
    import hicgeo as hg
    from hicgeo.errors import DisclosureError

    shutil.rmtree(folder / "unpublished", ignore_errors=True)  # with its ledger
    made = project(folder / "unpublished", "den-haag", PUBLIC | ELSEWHERE | OTHER)
    police, before = Police(), Path.cwd()
    os.chdir(made)
    exports: list[tuple[Path, dict[str, Any]]] = []
    refused: list[str] = []
    try:
        opened = hg.open_run("den-haag")
        counts, areas = opened.counts, opened.neighbourhoods

        def export(save: Any, thing: Any, name: str, about: dict[str, Any], **more: Any) -> None:
            try:
                exports.append((save(thing, name, **more), about))
            except DisclosureError:
                refused.append(name)

        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            for kind, base in (("inbraak", "dwellings"), ("beroving", "residents")):
                rates = hg.rates(counts, areas, crime_type=kind, base=base, period=YEAR, norm="regional",
                                 unmatched="report")  # fmt: skip
                covered = 100 * police.base.loc[police.matched, base].sum() / police.base[base].sum()
                about = {
                    "period": (f"{YEAR}-01", f"{YEAR}-12"),
                    "crime_type": kind,
                    "told": (round(covered, 1), float(YEAR)),
                }
                for suffix in (".csv", ".xlsx"):
                    export(opened.save_table, rates, f"02-rates-{kind}", about, suffix=suffix)
                page = opened.map("Cijfers", period=YEAR).add_rates(rates)
                export(opened.save, page, f"02-rates-{kind}", about)
            months = opened.map("Maanden", period=YEAR)
            code, kind, month = (counts.index.get_level_values(name) for name in ("code", "crime_type", "month"))
            in_year = counts[code.isin(areas.index) & (kind == "inbraak") & (month.year == int(YEAR))]
            months.add_months(in_year, crime_type="inbraak")
            about = {"period": (f"{YEAR}-01", f"{YEAR}-12"), "crime_type": "inbraak", "told": (float(YEAR),)}
            export(opened.save, months, "04-months", about)
            for crime_type in OTHER.values():
                dark = hg.dark_days(counts, crime_type=crime_type, months=(10, 11, 12, 1, 2, 3))
                export(opened.save_table, dark, f"04-dark-{crime_type}", {})
    finally:
        os.chdir(before)
    found = attacked(exports, police, asked)
    return found | {"exports": len(exports), "refused": sorted(set(refused))}


def attacked(exports: list[tuple[Path, dict[str, Any]]], police: Police, asked: int) -> dict[str, Any]:
    """Read all exports back, and ask of hidden small figures how far they are known: all of a year, and of months."""
    truth = police.counts[police.counts.index.get_level_values("month").str[:4] == YEAR].rename("n").reset_index()
    truth = truth[truth["code"].isin(police.matched)].reset_index(drop=True)
    truth["crime_type"] = truth["crime_type"].map(OTHER)
    attacker = Attacker(Town(truth, police.base["dwellings"]))
    attacker.norm = "regional"
    true = truth["n"].to_numpy(float)
    secrets: dict[bytes, tuple[np.ndarray, float]] = {}
    score: Counter[str] = Counter()
    for path, about in exports:
        for mask, value in (attacker.read_map if path.suffix == ".html" else attacker.read_table)(path, about):
            if not mask.any():
                continue  # a wijk without counts
            n = float(mask @ true)
            assert value is None or value == n, (path.name, value, n)
            score["figures"] += 1
            score["hidden"] += value is None
            if 0 < n < T:
                score["small"] += 1
                score["small and shown"] += value is not None
                secrets[mask.tobytes()] = (mask, n)
    rng = np.random.default_rng(3)
    whole = [each for each in secrets.values() if each[0].sum() > 1]
    fine = [each for each in secrets.values() if each[0].sum() == 1]
    chosen = whole + [fine[n] for n in rng.permutation(len(fine))[: max(0, asked - len(whole))]]
    done = judge(chosen, attacker, list(attacker.rows), T, "The Hague")
    return {
        **score, "different small figures": len(secrets), "asked": len(chosen), "of a year": len(whole),
        "exact": done.exact, "narrow": done.narrow + done.earlier,
    }  # fmt: skip
