"""Sentences about change, persistence, concentration, ranks and moved borders."""

from __future__ import annotations

from typing import Any

import pandas as pd

from hicgeo.output.language import Language, crime, number, percent, period_text, text


def change(table: pd.DataFrame, language: Language) -> list[str]:
    """Say where it went up or down, by how much together, and what was left out."""
    about = table.attrs
    of = table["state"].astype(str).value_counts()
    up, down, same = (int(of.get(each, 0)) for each in ("gestegen", "gedaald", "niet te onderscheiden"))
    period, against = (period_text(each, language) for each in _compared(about))
    words = {"crime": crime(about["crime_type"], language), "period": period, "against": against}
    sentences = [
        text(
            "words.change" if up + down + same else "words.change.none",
            language, up=up, down=down, same=same, judged=up + down + same,
            small=int(of.get("te klein", 0)), part=int(of.get("onvolledig", 0)),
            moved=int(of.get("grens gewijzigd", 0)), **words,
        )
    ]  # fmt: skip
    known = table[table["difference"].notna()]
    now, before = known["incidents"].sum(), known["incidents_before"].sum()
    if before > 0:
        share = percent(now / before - 1, language)
        shown = {"now": number(now, language), "before": number(before, language)}
        sentences.append(
            text("words.change.total", language, difference=f"+{share}" if now > before else share, **shown)
        )
    if "share_year" in table and (year := known["incidents_year"].sum()) > 0:
        sentences.append(
            text(
                "words.change.year", language, share=percent(now / year, language),
                year=about["against"][:4], expected=percent(before / year, language),
            )
        )  # fmt: skip
    return [*sentences, *excluded(about, language)]


def _compared(about: dict[str, Any]) -> tuple[str, str]:
    """Periods of a change without the months at either end that were left out of both."""
    spans = [[pd.Period(end, "M") for end in _ends(about[each])] for each in ("period", "against")]
    months = [pd.period_range(*span) for span in spans]
    left = set(about.get("excluded", {}))
    kept = [n for n, pair in enumerate(zip(*months, strict=True)) if left.isdisjoint(map(str, pair))]
    if not kept or len(kept) == len(months[0]):
        return about["period"], about["against"]
    now, before = (f"{each[kept[0]]}/{each[kept[-1]]}" for each in months)
    return now, before


def _ends(period: str) -> list[str]:
    """First and last month of a period as `attrs` write it."""
    first, _, last = period.partition("/")
    return [f"{first}-01", f"{first}-12"] if len(first) == len("2024") else [first, last or first]


def trend(table: pd.DataFrame, language: Language) -> list[str]:
    """Say where it rises or falls."""
    about = table.attrs
    of = table["state"].astype(str).value_counts()
    up, down, same = (int(of.get(each, 0)) for each in ("stijgend", "dalend", "niet te onderscheiden"))
    return [
        text(
            "words.trend", language, up=up, down=down, same=same, judged=up + down + same,
            crime=crime(about["crime_type"], language), period=period_text(about["period"], language),
        ),
        *excluded(about, language),
    ]  # fmt: skip


def excluded(about: dict[str, Any], language: Language) -> list[str]:
    """Say which months or years were left out."""
    left = list(about.get("excluded", {}))
    return [text("words.excluded", language, months=", ".join(left))] if left else []


def persistence(table: pd.DataFrame, language: Language) -> list[str]:
    """Say how many areas are above the norm year after year."""
    of = table["kind"].value_counts()
    kinds = {"chronic": "chronisch", "new": "opkomend", "fading": "afnemend", "some": "wisselend"}
    counted = {name: int(of.get(kind, 0)) for name, kind in kinds.items()}
    said = [text("words.persistence", language, last=table.attrs["last"], **counted)]
    unknown = int(of.get("niet te bepalen", 0))
    return [*said, text("words.persistence.unknown", language, n=unknown)] if unknown else said


def concentration(found: Any, language: Language) -> list[str]:
    """Say how much lies in the top 5 and 20 %, beside what chance makes."""
    if pd.isna(found.gini):
        return [text("words.concentration.none", language)]
    rows = [found.top.iloc[0], found.top.iloc[-1]]
    return [
        text(
            "words.concentration", language, top=percent(row.name, language, decimals=0),
            share=percent(row["share_incidents"], language, decimals=0),
            low=percent(row["share_low"], language, decimals=0), high=percent(row["share_high"], language, decimals=0),
            chance=percent(row["share_chance"], language, decimals=0),
        )
        for row in rows
    ]  # fmt: skip


def ranks(table: pd.DataFrame, language: Language) -> list[str]:
    """Say how many ranks mean anything."""
    ranked, clear = table.attrs["ranked"], table.attrs["clear"]
    if not ranked:
        return []
    much = text("much.little" if clear < ranked / 3 else "much.something", language)
    return [text("words.ranks", language, ranked=ranked, clear=clear, much=much)]


def crosswalk(found: Any, language: Language) -> list[str]:
    """Say what became of the old areas."""
    of = found.to_frame()["codes"]
    return [
        text(
            "words.crosswalk", language, old=int(of.sum()), same=int(of["same"]), recoded=int(of["recoded"]),
            changed=int(of["changed"]), gone=int(of["gone"]),
        )
    ]  # fmt: skip
