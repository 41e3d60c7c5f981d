"""The tables of README.md, made from results/recovery.json so that they cannot say anything else."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

Row = dict[str, Any]
METHODS = ("400 m", "Scott", "random places", "dwellings, 400 m", "true risk, 400 m", "true risk, per cell")


def write_readme(path: Path, result: Row) -> None:
    """Replace what stands between the marks of each table; the words around them stay."""
    path.write_text(filled(path.read_text(encoding="utf-8"), result), encoding="utf-8")


def filled(text: str, result: Row) -> str:
    """Text with every table between <!-- name --> and <!-- end --> made anew."""

    def table(match: re.Match[str]) -> str:
        return f"<!-- {match[1]} -->\n{TABLES[match[1]](result)}\n<!-- end -->"

    return re.sub(r"<!-- ([a-z-]+) -->\n.*?<!-- end -->", table, text, flags=re.DOTALL)


def _percent(value: float | None) -> str:
    return "-" if value is None else f"{100 * value:.1f} %" if 0 < value < 0.0995 else f"{100 * value:.0f} %"


def _number(value: float | None, places: int = 2) -> str:
    return "-" if value is None else f"{value:.{places}f}"


def _between(part: Row) -> str:
    if part["share"] is None:
        return "-"
    return f"{100 * part['share']:.1f} % ({100 * part['low']:.1f}-{100 * part['high']:.1f})"


def _table(heads: list[str], rows: list[list[str]]) -> str:
    lines = [heads, ["---"] * len(heads), *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def _machine(result: Row) -> str:
    here = result["machine"]
    packages = ", ".join(f"{name} {number}" for name, number in here["packages"].items())
    first, last = result["seeds"]
    return (
        f"{result['date']}; seeds {first} to {last}; {result['minutes']:.0f} minutes on {here['cores']} cores, "
        f"{here['memory_gb']} GB, {here['system']} {here['processor']}, Python {here['python']}; {packages}."
    )


def _found(key: str, section: str, crime_types: tuple[str, ...] | None) -> Callable[[Row], str]:
    """Share of the planted hotspots that each method finds, with its mean Jaccard index."""

    def render(result: Row) -> str:
        chosen = [row for row in result[section] if crime_types is None or row["crime_type"] in crime_types]
        methods = [method for method in METHODS if any(row["method"] == method for row in chosen)]
        cells = {(row["city"], row.get("crime_type"), row[key], row["method"]): row for row in chosen}
        rows = []
        for city, kind, value in dict.fromkeys(place[:3] for place in cells):
            first = cells[city, kind, value, "400 m"]
            several = crime_types is not None and len(crime_types) > 1
            rows.append(
                [
                    f"{city}, {kind}" if several else city,
                    value if key == "excess" else f"{value:g}",
                    str(first["n"]),
                    f"{first['expected']:.0f}",
                ]
                + [
                    f"{_percent(row['share'])} ({row['jaccard']:.2f})" if row else "-"
                    for row in (cells.get((city, kind, value, method)) for method in methods)
                ]
            )
        head = {"strength": "risk times", "excess": "extra incidents"}[key]
        return _table(["city", head, "planted", "incidents each", *methods], rows)

    return render


def _precision(result: Row) -> str:
    return _table(
        [
            "city",
            "crime type",
            "method",
            "hotspots per city",
            "hectares each",
            "match a planted one",
            "median ratio: match",
            "no match",
            "match where ratio >= 2",
        ],
        [
            [
                row["city"],
                row["crime_type"],
                row["method"],
                _number(row["per_city"], 1),
                _number(row["hectares"], 0),
                _between(row),
                _number(row["ratio_match"]),
                _number(row["ratio_other"]),
                _between(row["where_ratio_2"]),
            ]
            for row in result["hotspots_precision"]
        ],
    )


def _counted(k: dict[str, int]) -> str:
    return ", ".join(f"{groups}: {times}" for groups, times in k.items())


def _season_groups(result: Row) -> str:
    return _table(
        ["city", "level", "incidents per area", "runs by k", "ARI", "ARI where k > 1", "ARI of the placed", "placed"]
        + ["ARI when told k = 2", "ARI of the oracle"],
        [
            [
                row["city"],
                row["level"],
                f"{row['incidents']:.0f}",
                _counted(row["k"]),
                _number(row["ari"]),
                _number(row["ari_when_several"]),
                _number(row["ari_placed"]),
                _percent(row["placed"]),
                _number(row["ari_told"]),
                _number(row["ari_oracle"]),
            ]
            for row in result["season_groups"]
        ],
    )


def _season_patterns(result: Row) -> str:
    return _table(
        ["true groups", "incidents per area", "dispersion", "runs by k", "says more than one", "ARI", "ARI told k = 2"]
        + ["ARI of the oracle", "2 x log-likelihood gain: median, 95 %", "BIC asks"],
        [
            [
                str(row["groups"]),
                f"{row['incidents']:.0f}",
                str(row["dispersion"]),
                _counted(row["k"]),
                _between(row["several"]),
                *(_number(row[name]) if row["groups"] > 1 else "-" for name in ("ari", "ari_told", "ari_oracle")),
                ", ".join(f"{gain:.0f}" for gain in row["gain"]),
                f"{row['needed']:.0f}",
            ]
            for row in result["season_patterns"]
        ],
    )


def _dark_coverage(result: Row) -> str:
    return _table(
        ["city", "level", "row", "estimator", "intervals", "cover the truth", "truth above", "truth below"]
        + ["median estimate / truth", "median high / low", "no interval"],
        [
            [
                row["city"],
                row["level"],
                row["row"],
                f"`{row['estimator']}`",
                str(row["n"]),
                _between(row),
                _percent(row["truth_above"]),
                _percent(row["truth_below"]),
                _number(row["bias"]),
                _number(row["width"], 1),
                _percent(row["no_interval"]),
            ]
            for row in result["dark_days_coverage"]
        ],
    )


def _dark_power(result: Row) -> str:
    return _table(
        ["city", "level", "true ratio", "areas", "interval above 1"],
        [[row["city"], row["level"], row["truth"], str(row["n"]), _between(row)] for row in result["dark_days_power"]],
    )


def _rates_null(result: Row) -> str:
    return _table(
        ["city", "level", "verdicts", "*boven*", "*onder*", "either", "p_fdr < 0.05", "rate interval covers"],
        [
            [
                row["city"],
                row["level"],
                str(row["either"]["n"]),
                *(_between(row[name]) for name in ("above", "below", "either", "after_fdr", "covered")),
            ]
            for row in result["rates_null"]
        ],
    )


def _rates_power(result: Row) -> str:
    return _table(
        ["city", "level", "true risk / norm", "verdicts", "expected at median", "*boven*", "*onder*", "p_fdr < 0.05"],
        [
            [
                row["city"],
                row["level"],
                row["relative"],
                str(row["either"]["n"]),
                f"{row['expected']:.0f}",
                *(_between(row[name]) for name in ("above", "below", "after_fdr")),
            ]
            for row in result["rates_power"]
        ],
    )


TABLES: dict[str, Callable[[Row], str]] = {
    "machine": _machine,
    "hotspots-by-strength": _found("strength", "hotspots_by_strength", ("woninginbraak",)),
    "hotspots-by-excess": _found("excess", "hotspots_by_excess", None),
    "hotspots-robbery": _found("strength", "hotspots_by_strength", ("straatroof", "overval")),
    "hotspots-precision": _precision,
    "season-groups": _season_groups,
    "season-patterns": _season_patterns,
    "dark-coverage": _dark_coverage,
    "dark-power": _dark_power,
    "rates-null": _rates_null,
    "rates-power": _rates_power,
}
