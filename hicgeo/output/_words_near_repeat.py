"""What near repeats and chains say, in sentences."""

from __future__ import annotations

from typing import Any

import numpy as np

from hicgeo.output.language import Language, chance, number, percent, text

SURE = 0.05
FOLLOWERS = ["herhaling", "nabije herhaling"]


def said(result: Any, language: Language) -> list[str]:
    """Say what a table of Knox or a set of chains shows.

    Parameters
    ----------
    result
        Answer of `knox` or `near_repeat_chains`.
    language
        "nl" or "en".
    """
    sentences = _chains(result, language) if hasattr(result, "chains") else _knox(result, language)
    if result.lattice_m:
        sentences.append(text("words.lattice", language, lattice=number(result.lattice_m, language)))
    return sentences


def _knox(result: Any, language: Language) -> list[str]:
    table, n = result.table, number(result.n, language)
    if table["p_value"].isna().all():
        return [text("words.knox.untestable", language, n=n)]
    raised = table[(table["p_fdr"] <= SURE) & (table["ratio"] > 1) & np.isfinite(table["metres_to"])]
    if raised.empty:
        return [text("words.knox.none", language, n=n)]
    # The band with the most pairs beyond chance: a high ratio on two pairs says little.
    row = raised.loc[(raised["observed"] - raised["expected"]).idxmax()]
    key = "words.knox.same" if row["metres_to"] <= 1 else "words.knox.band"
    edges = {
        name: number(row[name], language) if np.isfinite(row[name]) else "∞"
        for name in ("metres_from", "metres_to", "days_from", "days_to")
    }
    return [
        text(
            "words.knox", language, n=n, times=number(row["ratio"], language, decimals=1),
            p=chance(row["p_value"], language), where=text(key, language, **edges),
        )
    ]  # fmt: skip


def _chains(result: Any, language: Language) -> list[str]:
    followers = result.shares.loc[FOLLOWERS].sum()
    sentences = [
        text(
            "words.chains", language, n=number(result.n, language), days=result.days,
            distance=number(result.distance_m, language), share=percent(followers["share"], language),
            chance=percent(followers["expected_share"], language),
        )
    ]  # fmt: skip
    if np.isnan(result.radius_m):
        sentences.append(text("words.chains.no_warning", language))
    else:
        sentences.append(
            text(
                "words.chains.warn", language, radius=number(result.radius_m, language),
                radius_low=number(result.radius_low, language), radius_high=number(result.radius_high, language),
                days=number(result.warning_days, language), days_low=number(result.warning_days_low, language),
                days_high=number(result.warning_days_high, language),
            )
        )  # fmt: skip
    sentences.append(text("words.chains.not_offender", language))
    return sentences
