"""What a scan for waves and clusters in place and time say, in sentences."""

from __future__ import annotations

from datetime import date
from typing import Any

from hicgeo.output.language import Language, chance, day, number, percent, text

SURE = 0.05


def scan(result: Any, language: Language) -> list[str]:
    """Say whether there is a wave, and what that says.

    Parameters
    ----------
    result
        Answer of `space_time_scan`.
    language
        "nl" or "en".
    """
    if result.clusters.empty:
        return [text("words.waves.untestable", language)]
    row = result.clusters.iloc[0]
    sure = int((result.clusters["p_value"] <= SURE).sum())
    first, last = spoken(row["period"], language)
    expected = row["expected"]
    told = {
        "n": number(row["incidents"], language),
        "expected": number(expected, language, decimals=decimals_of(expected)),
        "p": chance(row["p_value"], language),
    }  # fmt: skip
    if not sure:
        return [text("words.waves.none", language, days=number(row["days"], language), **told)]
    told |= {"ratio": number(row["ratio"], language, decimals=1), "area": number(row["area_ha"], language)}
    told |= {"first": first, "last": last}
    if result.windows == "now":
        often = text("words.waves.often", language, runs=number(round(1 / row["p_value"]), language))
        said = [text("words.waves.now", language, **told), often]
    elif sure == 1:
        said = [text("words.waves.one", language, **told)]
    else:
        said = [text("words.waves.any", language, k=number(sure, language), **told)]
    return [*said, text("words.waves.not_why", language)]


def clusters(result: Any, language: Language) -> list[str]:
    """Say which groups there are.

    Parameters
    ----------
    result
        Answer of `st_dbscan`.
    language
        "nl" or "en".
    """
    table, everyone = result.clusters, number(result.n, language)
    lattice = []
    if result.lattice_m:
        lattice.append(text("words.lattice", language, lattice=number(result.lattice_m, language)))
    if table.empty:
        return [text("words.clusters.none", language, all=everyone), *lattice]
    row = table.iloc[0]
    said = text(
        "words.clusters", language, n=number(len(table), language), all=everyone,
        share=percent(table["incidents"].sum() / result.n, language), first_n=number(row["incidents"], language),
        days=number(row["days"], language), area=number(row["area_ha"], language),
    )  # fmt: skip
    return [said, text("words.clusters.chance", language), *lattice]


def emerging(result: Any, language: Language) -> list[str]:
    """Say how many places have which course.

    Parameters
    ----------
    result
        Answer of `emerging_hotspots`.
    language
        "nl" or "en".
    """
    told = {
        "first": day(result.first_day.date(), language), "last": day(result.last_day.date(), language),
        "days": number(result.step_days, language),
    }  # fmt: skip
    size = result.cells["kind"].value_counts()
    high = {kind: int(n) for kind, n in size.items() if n and str(kind).endswith(" hoog")}
    where = text("words.emerging.where", language)
    if not high:
        return [text("words.emerging.none", language, **told), where]
    named = [(number(n, language), text(f"course.{kind.partition(' ')[0]}", language)) for kind, n in high.items()]
    kinds = "; ".join(" ".join(pair) for pair in named)
    counted = {"high": number(sum(high.values()), language), "cells": number(len(result.cells), language)}
    return [text("words.emerging", language, kinds=kinds, **counted, **told), where]


def decimals_of(expected: float) -> int:
    """Decimals of an expected number: two where one would say that nothing was expected.

    Parameters
    ----------
    expected
        Incidents.
    """
    return 1 if expected >= 0.95 else 2


def spoken(period: str, language: Language) -> tuple[str, str]:
    """First and last day of a period, as a reader writes them.

    Parameters
    ----------
    period
        As "2024-12-18/2024-12-31".
    language
        "nl" or "en".
    """
    first, last = (day(date.fromisoformat(each), language) for each in period.split("/"))
    return first, last
