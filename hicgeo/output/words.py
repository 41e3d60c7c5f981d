"""What a result says, in sentences that a mayor can read aloud."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pandas as pd

from hicgeo.errors import InputError
from hicgeo.output import _words_near_repeat as near_repeat
from hicgeo.output import _words_operation as operation
from hicgeo.output import _words_rates
from hicgeo.output import _words_season as season
from hicgeo.output import _words_waves as waves
from hicgeo.output._words_backtest import backtest
from hicgeo.output._words_hotspots import hotspots
from hicgeo.output._words_risk import risk
from hicgeo.output.language import Language, base_name, check_language, crime, number, percent, period_text, text
from hicgeo.output.target_words import context_said, targets_said


def in_words(result: Any, *, language: str = "nl", names: pd.Series | None = None) -> list[str]:
    """Say in whole sentences what a result shows, its uncertainty included.

    Parameters
    ----------
    result
        Answer of `rates`, `group_rates`, `match_codes`, `hotspots`, `dark_days`, `darkness_effect`, `cluster_seasons`,
        `seasonal_areas`, `hour_profile`, `outlook`, `knox`, `near_repeat_chains`, `space_time_scan`, `st_dbscan`,
        `emerging_hotspots`, `minimum_detectable_effect`, `evaluate_operation`, `target_areas`, `context_layers`,
        `backtest`, `relative_risk`, `change`, `year_to_date`, `trend`, `persistence`, `rank_areas`,
        `concentration`, `crosswalk` or `read_incidents`.
    language
        "nl" or "en".
    names
        Names on the codes of areas, such as `neighbourhoods["name"]`: said in place of the codes.

    Returns
    -------
    sentences
        In the order in which they should be read.

    Raises
    ------
    InputError
        It is none of these, or the language is unknown.

    Examples
    --------
    >>> import pandas as pd
    >>> season = pd.DataFrame(
    ...     {"ratio": [1.32], "ratio_trend": [1.31], "ratio_trend_low": [1.22], "ratio_trend_high": [1.4],
    ...      "complete": [True]},
    ...     index=pd.MultiIndex.from_tuples([("GM9901", "alle")], names=["code", "season"]))
    >>> season.attrs = {"crime_type": "woninginbraak"}
    >>> in_words(season, language="en")
    ['In the dark days there are 1.31 times as many residential burglaries a day as in the light months (95% interval \
1.22 to 1.40), from counts per month, allowing for the trend.']
    """
    said = check_language(language)
    columns = set(getattr(result, "columns", ()))
    by_columns: dict[str, Callable[[Any, Language], list[str]]] = {
        "rate_eb": _rates,
        "share_incidents": hotspots,
        "ratio_trend": season.dark_days,
        "by_middle": season.hours,
        "clustered": season.places,
        "features": context_said,
        "incidents_before": _words_rates.change,
        "per_year": _words_rates.trend,
        "years_above": _words_rates.persistence,
        "half": _words_rates.ranks,
    }
    by_field: dict[str, Callable[[Any, Language], list[str]]] = {
        "without_counts": _match,
        "stability": season.groups,
        "share_low": season.darkness,
        "last_month": season.outlook,
        "rejected": _intake,
        "max_radius_m": waves.scan,
        "eps_m": waves.clusters,
        "bins": waves.emerging,
        "lattice_m": near_repeat.said,
        "criterion_met": operation.evaluation,
        "fall": operation.detectable,
        "capacity_ha": targets_said,
        "differences": backtest,
        "p_family": risk,
        "gini": _words_rates.concentration,
        "shares": _words_rates.crosswalk,
    }
    known = [speak for mark, speak in by_columns.items() if mark in columns]
    known += [speak for mark, speak in by_field.items() if hasattr(result, mark)]
    if not known:
        raise InputError(
            "in_words must be given a result of hicgeo",
            type(result).__name__,
            "give the answer of rates, hotspots, dark_days, cluster_seasons, match_codes or read_incidents",
        )
    sentences = known[0](result, said)
    if names is None:
        return sentences
    of = {str(code): str(name) for code, name in names.dropna().items()}
    return [re.sub(r"\b(?:BU|WK|GM)\w+", lambda found: of.get(found[0], found[0]), each) for each in sentences]


def _names(codes: list[str], language: Language) -> str:
    others = [text("picture.others", language, n=len(codes) - 5)] if len(codes) > 5 else []
    return " ".join([", ".join(codes[:5]), *others])


def _rates(rates: pd.DataFrame, language: Language) -> list[str]:
    about = rates.attrs
    words = {
        "crime": crime(about["crime_type"], language),
        "base": base_name(about["base"], language),
        "per": number(about["per"], language),
        "period": period_text(about["period"], language),
    }
    counted = rates[rates["base"] > 0]
    sentences = []
    if len(counted):
        rate = counted["incidents"].sum() / counted["base"].sum() * about["per"]
        words["rate"] = number(rate, language, decimals=1)
        words["coverage"] = percent(about["coverage"], language)
        sentences.append(text("words.rate" if about["coverage"] > 0.9995 else "words.rate.part", language, **words))
    # Water and other areas without dwellings are no areas "too small to tell": there is nobody to be a victim.
    # And where the border moved the figure is no rate of the area.
    moved = rates.index.isin(about["moved_border"])
    peopled = rates.loc[((rates["base"] > 0) | (rates["coverage"] < 1)) & ~moved, "state"]
    of = {state: int((peopled == state).sum()) for state in rates["state"].cat.categories}
    judged = of["boven"] + of["onder"] + of["niet te onderscheiden"]
    if judged:
        kind = about["norm_kind"] if about["norm_kind"] in ("regional", "others", "table") else "given"
        norm = text(f"words.norm.{kind}", language, norm=number(about["norm"], language, decimals=1))
        sentences.append(
            text(
                "words.states", language, norm=norm, judged=judged, above=of["boven"], below=of["onder"],
                same=of["niet te onderscheiden"], small=of["te klein"], part=of["onvolledig"],
            )
        )  # fmt: skip
        if judged > 1:
            sentences.append(text("words.sure", language, tested=judged))
    else:
        sentences.append(text("words.not_judged", language))
    if about["moved_border"]:
        codes = about["moved_border"]
        sentences.append(text("words.moved_border", language, codes=_names(codes, language)))
    return sentences


def _match(match: Any, language: Language) -> list[str]:
    lost, alone = match.without_area, match.without_counts
    if lost.empty and alone.empty:
        return [text("words.match.all", language)]
    return [
        text(
            "words.match", language, alone=len(alone),
            base=f"{number(alone['base'].sum(), language)} {base_name(match.base_name, language)}",
            share_base=percent(match.share_base, language), lost=len(lost),
            incidents=number(lost["incidents"].sum(), language), share=percent(match.share_incidents, language),
        )
    ]  # fmt: skip


def _intake(intake: Any, language: Language) -> list[str]:
    return [
        text(
            "words.intake", language, read=number(intake.read, language),
            accepted=number(len(intake.incidents), language), rejected=number(len(intake.rejected), language),
            share=percent(intake.located, language),
        )
    ]  # fmt: skip
