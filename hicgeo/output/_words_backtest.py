"""Sentences about a back-test."""

from __future__ import annotations

from typing import Any

from hicgeo.output.language import Language, day, number, percent, text

BETTER = "beter"


def backtest(test: Any, language: Language) -> list[str]:
    """Say of the fullest method that was tried whether its map would have worked, and better than counting."""
    scores, about = test.scores, test.about
    horizon = int(scores.index.get_level_values("horizon_days").max())
    tried = set(test.differences.index.get_level_values("method"))
    # The fullest, not the best: picking the winner afterwards would flatter it.
    method = next(name for name in ("learned", "two_scale", "kde") if name in tried)
    mine = scores.loc[(method, horizon)]
    plain = [name for name in ("last_year_100m", "last_year_250m", "dwellings") if (name, horizon) in scores.index]
    other = max(plain, key=lambda name: scores.loc[(name, horizon), "pai"])
    apart = test.differences.loc[(method, other, horizon)]
    words = {
        "method": text(f"method.{method}", language),
        "baseline": text(f"method.{other}", language),
        "days": number(horizon, language),
        "share": percent(about["share"], language),
        "rate": percent(mine["hit_rate"], language),
        "pai": number(mine["pai"], language, decimals=1),
        "theirs": number(scores.loc[(other, horizon), "pai"], language, decimals=1),
        "first": day(about["test_from"], language),
        "last": day(about["test_to"], language),
    }
    if apart["verdict"] == "te kort om te toetsen":
        return [text("words.backtest.short", language, **words)]
    words["low"], words["high"] = (number(mine[f"pai_{side}"], language, decimals=1) for side in ("low", "high"))
    works = mine["pai_low"] > 1
    sentences = [text("words.backtest" if works else "words.backtest.no", language, **words)]
    better = works and apart["verdict"] == BETTER
    worse = apart["verdict"] == "slechter"
    key = "better" if better else "worse" if worse else "same"
    sentences.append(text(f"words.backtest.{key}", language, **words))
    return sentences
