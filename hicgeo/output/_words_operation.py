"""What a plan and an evaluation say, in sentences."""

from __future__ import annotations

from typing import Any

import numpy as np

from hicgeo.output.language import Language, number, percent, text


def detectable(result: Any, language: Language) -> list[str]:
    """Say how large a fall can be seen.

    Parameters
    ----------
    result
        Answer of `minimum_detectable_effect`.
    language
        "nl" or "en".
    """
    expected = number(result.expected, language)
    if np.isnan(result.fall):
        return [text("words.detectable.none", language, expected=expected)]
    return [
        text(
            "words.detectable", language, expected=expected, fall=_whole(result.fall, language),
            power=_whole(result.power, language),
        )
    ]  # fmt: skip


def evaluation(result: Any, language: Language) -> list[str]:
    """Say what became of an operation.

    Parameters
    ----------
    result
        Answer of `evaluate_operation`.
    language
        "nl" or "en".
    """
    if result.reasons:
        listed = "; ".join(text(f"words.operation.reason.{code}", language) for code in result.reasons)
        return [text("words.operation.refused", language, reasons=listed)]
    direct = result.effect.table.loc["direct"]
    sign = -1 if result.verdict == "daling" else 1
    low, high = sorted([sign * direct["low"], sign * direct["high"]])
    key = {"daling": "fell", "stijging": "rose", "niet aangetoond": "none"}[result.verdict]
    plan = result.plan
    seen = "-" if np.isnan(plan.detectable_fall) else _whole(plan.detectable_fall, language)
    return [
        text(
            f"words.operation.{key}", language, n=number(sign * direct["estimate"], language),
            low=number(low, language), high=number(high, language),
        ),
        text(
            f"words.operation.criterion.{result.criterion_met}", language,
            fall=_whole(plan.expected_fall, language), detectable=seen,
        ),
        text(f"words.operation.moved.{result.displacement}", language),
    ]  # fmt: skip


def _whole(share: float, language: Language) -> str:
    return percent(share, language, decimals=0)
