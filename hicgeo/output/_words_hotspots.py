"""Sentences about hotspots."""

from __future__ import annotations

import pandas as pd
from scipy import stats

from hicgeo.output.language import Language, month, number, percent, text


def hotspots(spots: pd.DataFrame, language: Language) -> list[str]:
    """Say where it concentrates, how firm the order is, and what is more than chance."""
    if spots.empty:
        rule = spots.attrs.get("rule")
        return [text("words.hotspots.none.tested" if rule == "significance" else "words.hotspots.none", language)]
    first = spots.iloc[0]
    sentences = [
        text(
            "words.hotspots" if len(spots) > 1 else "words.hotspots.one", language, n=len(spots),
            area=percent(spots["share_area"].sum(), language),
            share=percent(spots["share_incidents"].sum(), language),
        ),
        text(
            "words.hotspots.first", language, incidents=number(first["incidents"], language),
            area=number(first["area_ha"], language), low=first["rank_low"], high=first["rank_high"],
        ),
    ]  # fmt: skip
    if (spots["kind"] == "beschrijvend").all():
        return [*sentences, text("words.hotspots.untested", language)]
    more, few = spots["kind"] == "meer dan toeval", spots["kind"] == "te weinig om te toetsen"
    sentences.append(
        text(
            "words.hotspots.tested" if more.any() else "words.hotspots.tested.none", language, more=int(more.sum()),
            same=int((~more & ~few).sum()), few=int(few.sum()),
        )
    )  # fmt: skip
    if "history" in spots and not (spots["history"] == "onbekend").all():
        of = {name: int((spots["history"] == name).sum()) for name in ("chronisch", "nieuw", "wisselend")}
        sentences.append(
            text(
                "words.hotspots.history", language, years=int(first["years"]), chronic=of["chronisch"],
                new=of["nieuw"], some=of["wisselend"],
            )
        )  # fmt: skip
    return sentences


def explored(n: int, first: pd.Period, last: pd.Period, bandwidth: float, least: int, language: Language) -> str:
    """Say what a map that follows sliders shows now, or that so few incidents make none."""
    words = {"n": number(n, language), "first": month(first, language), "last": month(last, language)}
    if n >= least:
        return text("explore.shown", language, **words, bandwidth=number(bandwidth, language))
    low, high = poisson_bounds(n)
    between = {"low": number(low, language, decimals=1), "high": number(high, language, decimals=1)}
    return text("explore.few", language, **words, least=least, **between)


def slider_labels(kernel: str, language: Language) -> tuple[str, str]:
    """What stands beside the sliders of bandwidth and period."""
    return text("picture.bandwidth", language, kernel=kernel), text("explore.period", language)


def poisson_bounds(n: float) -> tuple[float, float]:
    """Exact 95 % interval of a count."""
    return float(stats.chi2.ppf(0.025, 2 * n) / 2) if n else 0.0, float(stats.chi2.ppf(0.975, 2 * n + 2) / 2)
