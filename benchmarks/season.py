"""What season and clock say, held against what was planted: writes results/season.json and the tables of season.md.

    .venv/bin/python benchmarks/season.py groups --seeds 100     # or another of PARTS, or all

Parts are kept apart in the JSON, so that one can be measured again alone. The outlook and the groups of the wijken
need the real data beside the project.
"""

from __future__ import annotations

import argparse
import json
import os
import time
import warnings
from datetime import date
from pathlib import Path

import numpy as np
import pandas as pd
from planted import BURGLARY, DARK_MONTHS, patterned_counts
from recovery import machine, proportion
from scipy.stats import binom
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


# dark days -----------------------------------------------------------------------------------------------------------


def dark(seeds: int) -> list[dict[str, object]]:
    """Does the 95 % interval of the dark-days ratio hold the truth, by size of the area and dispersion?

    Regions of a hundred areas whose true ratios differ (lognormal around 1.3, sigma 0.2), so that shrinkage is put to
    the test as well.
    """
    months = pd.period_range("2018-01", "2023-12", freq="M")
    half = np.isin(months.month, DARK_MONTHS)
    days = months.days_in_month.to_numpy()
    out = []
    for size in (2.0, 10.0, 60.0):
        for dispersion in (1.0, 2.5, 4.0):
            held: dict[tuple[str, str], list[pd.DataFrame]] = {}
            for seed in range(max(1, seeds // 5)):
                rng = np.random.default_rng([seed, round(size), round(10 * dispersion)])
                truth = 1.3 * np.exp(rng.normal(0, 0.2, (100, 1)))
                level = size * np.where(half, truth, 1.0) * np.exp(-0.08 * np.arange(72) / 12) * days / 30
                drawn = rng.poisson(level if dispersion == 1 else rng.gamma(level / (dispersion - 1), dispersion - 1))
                season = hg.dark_days(_table(drawn, months), crime_type=BURGLARY)
                for row in ("alle", "2020/21"):
                    part = season.xs(row, level="season")
                    for name in ("ratio", "ratio_trend", "ratio_shrunk"):
                        bounds = part[[f"{name}_low", f"{name}_high"]].set_axis(["low", "high"], axis="columns")
                        held.setdefault((row, name), []).append(bounds.assign(truth=truth[:, 0]).dropna())
            for (row, name), parts in held.items():
                known = pd.concat(parts)
                covered = (known["low"] <= known["truth"]) & (known["truth"] <= known["high"])
                given = {"a month": size, "dispersion": dispersion, "row": row, "estimator": name}
                width = float((known["high"] / known["low"].clip(0.01)).median())
                out.append(given | {"covered": proportion(covered), "high_over_low": width})
    return out


def _table(values: np.ndarray, months: pd.PeriodIndex) -> pd.DataFrame:
    codes = [f"BU9904{place:04d}" for place in range(len(values))]
    index = pd.MultiIndex.from_product([codes, [BURGLARY], months], names=["code", "crime_type", "month"])
    return pd.DataFrame({"incidents": values.ravel().astype(float), "status": "final"}, index=index)


# hours ---------------------------------------------------------------------------------------------------------------


def hours(seeds: int) -> dict[str, float]:
    """Error of the hours of the week in sample cities: total variation distance to the planted pattern."""
    rows = []
    for seed in range(1, min(seeds, 10) + 1):
        city = hg.sample_city(seed)
        burglary = city.incidents[city.incidents["crime_type"] == BURGLARY]
        truth = np.asarray(city.truth.hour_of_week[BURGLARY])
        got = hg.hour_profile(burglary, max_window="48h", rng=1, draws=99)
        names = ("aoristic", "by_start", "by_middle", "by_end")
        rows.append({name: 0.5 * abs(got[name] / got[name].sum() - truth).sum() for name in names})
    return {"cities": len(rows)} | pd.DataFrame(rows).mean().to_dict()


PEAKS = {"flat": (1.0, 0), "a peak of twice the rest": (2.0, 0), "a peak of five times": (5.0, 0),
         "a peak of five times, windows of 6 h": (5.0, 6)}  # fmt: skip
"""How many times the rest the three hours of the peak are, and hours in the window of an incident (0: a moment)."""


def busiest_row(times: float, window: int, n: int, seed: int) -> dict[str, float]:
    """What the interval of the busiest three hours says, and the truth about the hours picked."""
    rng = np.random.default_rng([11, int(10 * times), window, n, seed])
    risk = np.ones(168)
    risk[4 * 24 + 20 : 4 * 24 + 23] = times
    risk /= risk.sum()
    hour = rng.integers(0, 12, n) * 168 + rng.choice(168, n, p=risk)
    start = pd.Timestamp("2024-01-01", tz="Europe/Amsterdam") + pd.to_timedelta(hour, unit="h")  # Monday, winter time
    table = pd.DataFrame({"start": start, "end": start + pd.Timedelta(hours=window)})
    got = hg.hour_profile(table, max_window="48h", rng=seed, draws=199)
    top = got.attrs["busiest"]
    spread = np.mean([np.roll(risk, k) for k in range(max(window, 1))], axis=0)  # an hour gets its share of each window
    picked = slice(top["first"], top["first"] + 3)
    ends = got.iloc[picked][["aoristic_low", "aoristic_high"]].sum()
    alone = binom.ppf([0.025, 0.975], n, top["aoristic"] / n)
    return {
        "truth": n * spread[picked].sum(),
        "low": top["aoristic_low"],
        "high": top["aoristic_high"],
        "ends_low": ends.iloc[0],
        "ends_high": ends.iloc[1],
        "alone_low": alone[0],
        "alone_high": alone[1],
    }


def busiest(seeds: int) -> list[dict[str, object]]:
    """Share of the intervals of the busiest three hours that hold the expected number in the hours picked."""
    out = []
    for pattern, given in PEAKS.items():
        for n in (60, 300, 2000):
            rows = pd.DataFrame([busiest_row(*given, n, seed) for seed in range(2 * seeds)])
            found: dict[str, object] = {"pattern": pattern, "incidents": n}
            for name, prefix in (("", ""), ("ends", "ends_"), ("alone", "alone_")):
                low, high = rows[f"{prefix}low"], rows[f"{prefix}high"]
                held = (low - 1e-9 <= rows["truth"]) & (rows["truth"] <= high + 1e-9)
                found |= {
                    f"covered_{name}".rstrip("_"): proportion(held),
                    f"width_{name}".rstrip("_"): (high - low).mean(),
                }
            out.append(found)
    return out


# darkness ------------------------------------------------------------------------------------------------------------


def darkness(seeds: int) -> list[dict[str, object]]:
    """Planted effects of darkness and of the time of year over five years of days: coverage, false alarms, power."""
    from hicgeo.analysis._sun import NETHERLANDS, dark_hours

    days = pd.period_range("2020-01-01", "2024-12-31", freq="D")
    evening = dark_hours(days, NETHERLANDS, between=(15, 22))
    wave = np.cos(2 * np.pi * (days.day_of_year.to_numpy() - 15) / 365.25)
    is_dark = np.isin(days.month, DARK_MONTHS)
    gaps = [float(part[is_dark].mean() - part[~is_dark].mean()) for part in (evening, wave)]
    out = []
    for level in (5.0, 20.0):
        for name, hour, year in (("calendar only", 0.0, 0.25), ("both", 0.05, 0.15), ("darkness only", 0.10, 0.0)):
            rows = []
            for seed in range(seeds):
                rng = np.random.default_rng([seed, round(level), round(100 * hour)])
                mean = level * np.exp(
                    hour * (evening - evening.mean()) + year * wave - 0.05 * np.arange(len(days)) / 365
                )
                drawn = pd.Series(rng.poisson(rng.gamma(mean / 0.5, 0.5)), days)
                got = hg.darkness_effect(drawn)
                at = got.effects.loc
                share = hour * gaps[0] / (hour * gaps[0] + year * gaps[1])
                truth = {"hour": np.exp(hour), "clock": np.exp(hour), "darkness": np.exp(hour * gaps[0])}
                rows.append(
                    {key: at[key, "low"] <= value <= at[key, "high"] for key, value in truth.items()}
                    | {"share": got.share_low <= share <= got.share_high, "claims": at["darkness", "low"] > 1}
                    | {"clock_claims": at["clock", "low"] > 1}
                )
            table = pd.DataFrame(rows).astype(bool)
            out.append({"a day": level, "planted": name} | {key: proportion(table[key]) for key in table})
    return out


# real data -----------------------------------------------------------------------------------------------------------


def outlook(seeds: int) -> dict[str, object]:
    """Outlook, dark days and groups on the real counts around The Hague; December 2017 stays missing."""
    folder = Path(os.environ.get("HICGEO_REALDATA") or HERE.parents[1] / "shared" / "data")
    buurt = hg.read_counts(
        folder / "nl_thehague" / "police_monthly_2011_2017.csv.gz",
        columns={"code": "buurt_code", "crime_type": "delict_code", "month": ["year", "month"], "incidents": "delicts"},
        crime_types={104: BURGLARY, 102: "straatroof", 117: "overval"},
        all_zero="missing",
    )
    found: dict[str, object] = {"scores": [], "groups": {}, "dark": []}
    for level, counts in (("wijk", hg.roll_up(buurt, "wijk")), ("buurt", buurt)):
        seasons = counts[counts.index.get_level_values("month") <= pd.Period("2017-09")]
        scores = hg.score_outlook(seasons, crime_type=BURGLARY, rng=1)
        found["scores"] += scores.reset_index().assign(level=level).to_dict("records")
        groups = hg.cluster_seasons(counts, crime_type=BURGLARY, rng=42)
        found["groups"][level] = {
            "k": groups.k,
            "dispersion": groups.dispersion,
            "odd_even": groups.stability,
            "months": list(groups.months),
            "criterion": groups.criterion.reset_index().replace({np.nan: None}).to_dict("records"),
            "groups": groups.to_frame().reset_index().to_dict("records"),
            "not_placed": int((groups.labels == NO_GROUP).sum()),
            "area_stability": float(groups.areas["stability"].median()),
        }
    for kind in (BURGLARY, "straatroof"):
        season = hg.dark_days(hg.roll_up(buurt, "region"), crime_type=kind).droplevel("code")
        found["dark"] += season.reset_index().assign(crime_type=kind).replace({np.nan: None}).to_dict("records")
    total = buurt["incidents"].xs(BURGLARY, level="crime_type").groupby("month").sum(min_count=1)
    effect = hg.darkness_effect(total, place=(52.07, 4.3))
    found["darkness"] = effect.effects.reset_index().replace({np.nan: None}).to_dict("records")
    found["inflation"] = effect.inflation
    return found


# speed ---------------------------------------------------------------------------------------------------------------


def speed(seeds: int) -> list[dict[str, object]]:
    """Seconds to spread windows over the hours of the week and the light, five rounds, medians; one thread."""
    out = []
    for n in (10_000, 100_000, 1_000_000):
        rng = np.random.default_rng(n)
        start = pd.Timestamp("2020-01-01", tz="UTC") + pd.to_timedelta(rng.integers(0, 5 * 365 * 86_400, n), unit="s")
        length = pd.to_timedelta(np.minimum(rng.exponential(8 * 3600, n), 48 * 3600).astype(int), unit="s")
        table = pd.DataFrame({"start": start, "end": start + length}).apply(
            lambda c: c.dt.tz_convert("Europe/Amsterdam")
        )
        times = {"hour_of_week": [], "hour_of_week, summed": [], "naive: middle of the window": []}
        hg.aoristic(table.head(10), by="hour_of_week", max_window="48h")  # compiled before
        for _ in range(5):
            begun = time.perf_counter()
            weights = hg.aoristic(table, by="hour_of_week", max_window="48h")
            times["hour_of_week"].append(time.perf_counter() - begun)
            weights.sum()
            times["hour_of_week, summed"].append(time.perf_counter() - begun)
            del weights
            begun = time.perf_counter()
            middle = table["start"] + (table["end"] - table["start"]) / 2
            (middle.dt.day_of_week * 24 + middle.dt.hour).value_counts()
            times["naive: middle of the window"].append(time.perf_counter() - begun)
        out += [{"windows": n, "what": name, "seconds": float(np.median(each))} for name, each in times.items()]
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
    if isinstance(value, float | np.floating):
        return None if np.isnan(value) else round(float(value), 4)
    return value


def percent(share: dict[str, float]) -> str:
    return f"{100 * share['share']:.0f} % ({100 * share['low']:.0f}-{100 * share['high']:.0f})"


def tables(result: dict[str, object]) -> dict[str, list[list[str]]]:
    """Rows of each table of season.md, the heading first."""
    out: dict[str, list[list[str]]] = {}
    out["groups"] = [["planted", "dispersion", "regions", "answers right", "by k", "ARI, placed", "placed", "ARI, all"]]
    for row in result["groups"]:
        by_k = ", ".join(f"{k}: {n}" for k, n in row["by_k"].items())
        more = (
            [f"{row['ari']:.2f}", f"{100 * row['placed']:.0f} %", f"{row['ari_all']:.2f}"]
            if "ari" in row
            else ["-"] * 3
        )
        pattern = "one pattern (1.3)" if row["pattern"] == "one" else f"two: {row['pattern']}"
        out["groups"].append(
            [pattern, f"{row['dispersion']:g}", str(row["right"]["n"]), percent(row["right"]), by_k, *more]
        )
    out["dark"] = [
        [
            "incidents a month",
            "dispersion",
            "row",
            "`ratio`",
            "`ratio_trend`",
            "`ratio_shrunk`",
            "high / low",
            "of the shrunken",
        ]
    ]
    table = pd.DataFrame(result["dark"])
    for (size, dispersion, row), part in table.groupby(["a month", "dispersion", "row"], sort=False):
        by = part.set_index("estimator")
        covered = [
            f"{100 * by.loc[name, 'covered']['share']:.1f} %" for name in ("ratio", "ratio_trend", "ratio_shrunk")
        ]
        widths = [f"{by.loc[name, 'high_over_low']:.1f}" for name in ("ratio", "ratio_shrunk")]
        name = "all seasons" if row == "alle" else "one season"
        out["dark"].append([f"{size:g}", f"{dispersion:g}", name, *covered, *widths])
    out["hours"] = [["way of dating", "error"]]
    for name, label in (("aoristic", "`aoristic`"), ("by_start", "start"), ("by_middle", "middle"), ("by_end", "end")):
        out["hours"].append([label, f"{result['hours'][name]:.3f}"])
    out["busiest"] = [["the week", "incidents", "covered", "width", "ends of three hours added", "width",
                       "as if not picked", "width"]]  # fmt: skip
    for row in result["busiest"]:
        cells = (
            f"{100 * row[f'covered{way}']['share']:.1f} % | {row[f'width{way}']:.1f}" for way in ("", "_ends", "_alone")
        )
        out["busiest"].append([row["pattern"], f"{row['incidents']:,}", *cells])
    out["darkness"] = [["a day", "planted", "an hour of darkness", "its part of the winter", "share", "clock",
                        "says that darkness counts", "clock says so"]]  # fmt: skip
    for row in result["darkness"]:
        names = ("hour", "darkness", "share", "clock", "claims", "clock_claims")
        out["darkness"].append([f"{row['a day']:g}", row["planted"], *(percent(row[name]) for name in names)])
    real = result["outlook"]
    out["outlook"] = [
        ["level", "season", "method", "error", "gain on last season", "gain on the scaled mean", "coverage"]
    ]
    for row in real["scores"]:
        if row["season"] != "alle" and row["method"] != "outlook":
            continue
        gains = [
            "-"
            if row["method"] == own
            else f"{100 * row[g]:.0f} % ({100 * row[g + '_low']:.0f} to {100 * row[g + '_high']:.0f})"
            for g, own in (("gain", "last season"), ("gain_scaled", "mean of three, scaled"))
        ]
        inside = f"{100 * row['coverage']:.1f} %" if row["method"] == "outlook" else "-"
        out["outlook"].append([row["level"], row["season"], row["method"], f"{row['error']:.2f}", *gains, inside])
    out["real-groups"] = [
        ["level", "group", "areas", "ratio", "months above 1.15", "comes back (Jaccard)", "odd/even ARI"]
    ]
    for level, found in real["groups"].items():
        for row in found["groups"]:
            out["real-groups"].append(
                [level, row["group"], str(row["neighbourhoods"]), f"{row['ratio']:.2f}", row["months_above_1.15"],
                 f"{row['stability']:.2f}", f"{found['odd_even']:.2f}"]
            )  # fmt: skip
        out["real-groups"].append([level, NO_GROUP, str(found["not_placed"]), "-", "-", "-", "-"])
    out["real-dark"] = [["crime", "season", "ratio", "95 %", "with trend", "95 %", "complete"]]
    for row in real["dark"]:
        if row["ratio"] is None:
            continue
        pairs = []
        for name in ("ratio", "ratio_trend"):
            known = row[name] is not None
            pairs += (
                [f"{row[name]:.2f}", f"{row[name + '_low']:.2f}-{row[name + '_high']:.2f}"] if known else ["-", "-"]
            )
        out["real-dark"].append([row["crime_type"], row["season"], *pairs, "yes" if row["complete"] else "no"])
    out["speed"] = [["windows", "what", "seconds"]]
    out["speed"] += [[f"{row['windows']:,}", row["what"], f"{row['seconds']:.2f}"] for row in result["speed"]]
    return out


def filled(text: str, result: dict[str, object]) -> str:
    """Put the tables between their marks."""
    for name, rows in tables(result).items():
        begin, end = f"<!-- {name} -->\n", "<!-- end -->"
        start = text.index(begin) + len(begin)
        stop = text.index(end, start)
        lines = ["| " + " | ".join(row) + " |" for row in rows]
        lines.insert(1, "| " + " | ".join("---" for _ in rows[0]) + " |")
        text = text[:start] + "\n".join(lines) + "\n" + text[stop:]
    return text


PARTS = {"groups": groups, "dark": dark, "hours": hours, "busiest": busiest, "darkness": darkness, "outlook": outlook,
         "speed": speed}  # fmt: skip


def main() -> None:
    """Measure the named parts, and write the page when all are there."""
    parser = argparse.ArgumentParser(description="Season and clock against what was planted.")
    parser.add_argument("part", choices=[*PARTS, "all"])
    parser.add_argument(
        "--seeds", type=int, default=100, help="regions, cities or series of each kind (default: %(default)s)"
    )
    arguments = parser.parse_args()
    for name in PARTS if arguments.part == "all" else [arguments.part]:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", hg.HicgeoWarning)
            keep(name, PARTS[name](arguments.seeds))
    result = json.loads(RESULT.read_text(encoding="utf-8"))
    if set(PARTS) <= set(result):
        page = HERE / "season.md"
        page.write_text(filled(page.read_text(encoding="utf-8"), result), encoding="utf-8")


if __name__ == "__main__":
    main()
