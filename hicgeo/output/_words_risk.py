"""Sentences about relative risk."""

from __future__ import annotations

from typing import Any

import numpy as np

from hicgeo.output.language import Language, base_name, number, text

SURE = 0.05


def risk(result: Any, language: Language) -> list[str]:
    """Say where the risk is above the mean, or that it could not be told."""
    base = base_name(result.base, language)
    if not result.tested:
        return [text("words.risk.untested", language, base=base)]
    chance = result.p_family.to_numpy()
    if np.isnan(chance).all():
        return [text("words.risk.small", language)]
    found = chance <= SURE
    if not found.any():
        return [text("words.risk.none", language, base=base)]
    area = found.sum() * result.ratio.attrs["cell_size"] ** 2 / 1e4
    times = float(result.ratio.to_numpy()[found].max())
    said = text(
        "words.risk", language, base=base, area=number(area, language), times=number(times, language, decimals=1)
    )
    return [said, *undated(result, language)]


def undated(result: Any, language: Language) -> list[str]:
    """Say of how many incidents near repeats cannot be told; nothing when all have a date."""
    if not result.n_undated:
        return []
    numbers = {"n": number(result.n_undated, language), "all": number(result.n, language)}
    return [text("words.risk.undated", language, **numbers)]
