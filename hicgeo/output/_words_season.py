"""What season, darkness and outlook say, in sentences."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from hicgeo.output.language import Language, crime, number, percent, text

STABLE = 0.6
"""Adjusted Rand index under which a grouping is not fit to speak of single areas."""

ALL_SEASONS = "alle"
PEAK = 1.15
"""Times the mean of the year from which a month stands out."""

SHORT: dict[Language, tuple[str, ...]] = {
    "nl": ("jan", "feb", "mrt", "apr", "mei", "jun", "jul", "aug", "sep", "okt", "nov", "dec"),
    "en": ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"),
}
WEEKDAYS: dict[Language, tuple[str, ...]] = {
    "nl": ("maandag", "dinsdag", "woensdag", "donderdag", "vrijdag", "zaterdag", "zondag"),
    "en": ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"),
}
SUMMER = {6, 7, 8}
APART = 30.0
"""Variance inflation over which darkness can hardly be told from the time of year."""


def course(profile: pd.Series, language: Language) -> str:
    """Describe the course of a year: flat, summer, or its peak by months.

    Parameters
    ----------
    profile
        On month of the year 1 to 12: daily rate in the month / mean of the year.
    language
        "nl" or "en".

    Examples
    --------
    >>> import pandas as pd
    >>> winter = pd.Series([1.3, 1.0, 1.0, 0.9, 0.8, 0.8, 0.8, 0.8, 0.9, 1.0, 1.2, 1.5], index=range(1, 13))
    >>> course(winter, "nl"), course(winter * 0 + 1, "nl")
    ('piek nov-jan', 'vlak')
    """
    high = [int(month) for month in profile.index[profile > PEAK]]
    if not high:
        return text("course.flat", language)
    if set(high) <= SUMMER:
        return text("course.summer", language)
    begins = [month for month in high if (month - 2) % 12 + 1 not in high] or [1]
    runs = []
    for begin in sorted(begins, key=lambda month: (month - 7) % 12):
        end = begin
        while end % 12 + 1 in high and end % 12 + 1 != begin:
            end = end % 12 + 1
        names = [SHORT[language][month - 1] for month in ([begin] if begin == end else [begin, end])]
        runs.append("-".join(names))
    return text("course.peak", language, months=text("course.and", language).join(runs))


def group_name(found: Any, group: str, language: Language) -> str:
    """Name of a group with its course and how many times as much it has in the dark.

    Parameters
    ----------
    found
        Answer of `cluster_seasons`.
    group
        One of its groups.
    language
        "nl" or "en".
    """
    name = text("seasons.one", language) if found.k == 1 else str(group)
    ratio = number(found.ratio[group], language, decimals=1)
    return text("seasons.group", language, name=name, course=course(found.profiles.loc[group], language), ratio=ratio)


def set_apart(profile: pd.DataFrame, language: Language) -> list[str]:
    """Say how many incidents a profile rests on, and how many windows were too long for it.

    Parameters
    ----------
    profile
        Answer of `hour_profile`.
    language
        "nl" or "en".
    """
    about = profile.attrs
    sentences = [text("words.hours.all", language, used=number(about["used"], language))]
    if about["set_apart"]:
        limit = number(pd.Timedelta(about["max_window"]).total_seconds() / 3600, language)
        sentences.append(text("words.hours.long", language, n=number(about["set_apart"], language), limit=limit))
    if about["only_end"]:
        sentences.append(text("words.hours.found", language, n=number(about["only_end"], language)))
    return sentences


def hours(profile: pd.DataFrame, language: Language) -> list[str]:
    """Say what a profile of the hours of the week rests on, and which hours in a row are the busiest.

    Parameters
    ----------
    profile
        Answer of `hour_profile`.
    language
        "nl" or "en".
    """
    sentences = set_apart(profile, language)
    top = profile.attrs["busiest"]
    if profile.attrs["by"] == "hour_of_week" and top:
        day, begin = divmod(top["first"], 24)
        n, low, high = (number(top[name], language) for name in ("aoristic", "aoristic_low", "aoristic_high"))
        sentences.append(
            text("words.hours.top", language, run=top["hours"], day=WEEKDAYS[language][day], begin=begin,
                 end=begin + top["hours"], n=n, low=low, high=high, used=number(profile.attrs["used"], language))
        )  # fmt: skip
    return sentences


def places(areas: pd.DataFrame, language: Language) -> list[str]:
    """Say how many places are busy all year, in one season, or once.

    Parameters
    ----------
    areas
        Answer of `seasonal_areas`.
    language
        "nl" or "en".
    """
    of = areas["kind"].astype(str).value_counts()
    kinds = {"all_year": "chronisch", "dark": "seizoen: donker", "light": "seizoen: licht", "once": "incidenteel",
             "undecided": "onbeslist"}  # fmt: skip
    return [text("words.places", language, n=len(areas), **{key: int(of.get(kind, 0)) for key, kind in kinds.items()})]


def dark_days(season: pd.DataFrame, language: Language) -> list[str]:
    """Say how much more there is in the dark days.

    Parameters
    ----------
    season
        Answer of `dark_days`.
    language
        "nl" or "en".
    """
    pooled = season.xs(ALL_SEASONS, level="season")
    words = {"crime": crime(season.attrs["crime_type"], language)}
    known = pooled.dropna(subset=["ratio_trend"])
    if known.empty:
        return [text("words.dark.unknown", language, **words)]
    above, below = known["ratio_trend_low"] > 1, known["ratio_trend_high"] < 1
    if len(pooled) > 1:
        unclear = int((~above & ~below).sum())
        return [
            text("words.dark.areas", language, above=int(above.sum()), below=int(below.sum()), unclear=unclear,
                 unknown=len(pooled) - len(known), **words)
        ]  # fmt: skip
    row = known.iloc[0]
    key = "words.dark.same" if not (above.iloc[0] or below.iloc[0]) else "words.dark"
    sentences = [
        text(
            key, language, ratio=number(row["ratio_trend"], language, decimals=2),
            low=number(row["ratio_trend_low"], language, decimals=2),
            high=number(row["ratio_trend_high"], language, decimals=2), **words,
        )
    ]  # fmt: skip
    parts = [str(name) for name in season.index.get_level_values("season")[~season["complete"]] if name != ALL_SEASONS]
    if parts:
        sentences.append(text("words.dark.incomplete", language, seasons=", ".join(parts)))
    return sentences


def groups(found: Any, language: Language) -> list[str]:
    """Say which courses over the year there are, and how far they last.

    Parameters
    ----------
    found
        Answer of `cluster_seasons`.
    language
        "nl" or "en".
    """
    if found.k == 1:
        return [text("words.groups.one", language)]
    sizes = found.labels.value_counts()
    listed = "; ".join(
        text("words.groups.each", language, name=name, n=int(sizes.get(name, 0)),
             course=course(found.profiles.loc[name], language),
             ratio=number(found.ratio[name], language, decimals=1))
        for name in found.profiles.index
    )  # fmt: skip
    unclear = int((~found.labels.isin(found.profiles.index)).sum())
    words = {"k": found.k, "groups": listed, "unclear": unclear}
    stability = number(found.stability, language, decimals=2)
    sentences = [text("words.groups", language, stability=stability, **words)]
    if not found.stability >= STABLE:
        sentences.append(text("words.groups.unstable", language))
    return sentences


def darkness(effect: Any, language: Language) -> list[str]:
    """Say what part of the winter excess goes with darkness, and what that cannot tell.

    Parameters
    ----------
    effect
        Answer of `darkness_effect`.
    language
        "nl" or "en".
    """
    row = effect.effects.loc
    allowed = "winter.school" if "school_holiday" in effect.terms.index else "winter"
    sentences = [text(f"words.darkness.{allowed}", language, **_interval(row["winter"], language))]
    if not np.isfinite(effect.share_low) or (effect.inflation > APART and effect.share_high - effect.share_low > 1):
        sentences.append(text("words.darkness.unclear", language))
    else:
        low, high = max(0.0, effect.share_low), min(1.0, effect.share_high)
        sentences.append(
            text(
                "words.darkness.share", language, share=percent(effect.share, language, decimals=0),
                low=percent(low, language, decimals=0), high=percent(high, language, decimals=0),
            )
        )  # fmt: skip
    if row["clock"].notna().all():
        sentences.append(text("words.darkness.clock", language, **_interval(row["clock"], language)))
    sentences.append(text("words.darkness.limit", language))
    return sentences


def outlook(ahead: Any, language: Language) -> list[str]:
    """Say what to expect in the coming dark season.

    Parameters
    ----------
    ahead
        Answer of `outlook`.
    language
        "nl" or "en".
    """
    top = ahead.seasons.sort_values("expected", ascending=False, kind="stable").iloc[0]

    def said(key: str, row: pd.Series) -> str:
        figures = {name: number(row[name], language) for name in ("expected", "low", "high")}
        level = percent(ahead.level, language, decimals=0)
        return text(key, language, season=ahead.season, code=row.name, level=level, **figures)

    sentences = [said("words.outlook", ahead.total)]
    if pd.notna(ahead.total["last_season"]):
        sentences.append(text("words.outlook.last", language, n=number(ahead.total["last_season"], language)))
    sentences.append(said("words.outlook.top", top))
    return [*sentences, text("words.outlook.limit", language)]


def _interval(row: pd.Series, language: Language) -> dict[str, str]:
    return {name: number(row[name], language, decimals=2) for name in ("ratio", "low", "high")}
