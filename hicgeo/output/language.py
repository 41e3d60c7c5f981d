"""What a reader sees in Dutch or English: labels of the one catalogue, and the number and date formats of both."""

from __future__ import annotations

import math
import re
from datetime import date
from typing import Any, Literal, get_args

import pandas as pd

from hicgeo.errors import InputError
from hicgeo.output.catalogue import CATALOGUE

Language = Literal["nl", "en"]
LANGUAGES: tuple[Language, ...] = get_args(Language)

MONTHS: dict[Language, tuple[str, ...]] = {
    "nl": ("januari", "februari", "maart", "april", "mei", "juni", "juli", "augustus", "september", "oktober",
           "november", "december"),
    "en": ("January", "February", "March", "April", "May", "June", "July", "August", "September", "October",
           "November", "December"),
}  # fmt: skip


def check_language(language: str) -> Language:
    """Return `language` if there is a catalogue for it.

    Raises
    ------
    InputError
        It is not "nl" or "en".

    Examples
    --------
    >>> check_language("nl")
    'nl'
    """
    for known in LANGUAGES:
        if language == known:
            return known
    raise InputError("language must be 'nl' or 'en'", f"{language!r}", "choose one of the two")


def text(key: str, language: Language, /, **values: object) -> str:
    """Label `key` in `language`, with its placeholders filled.

    Parameters
    ----------
    key
        A key of `CATALOGUE`.
    language
        "nl" or "en".
    **values
        Placeholders. One with a capital (`{Crime}`) takes the value of the lower-case name, capitalised.

    Raises
    ------
    KeyError
        The key is not in the catalogue or a placeholder has no value: a mistake in the code, not in the input.

    Examples
    --------
    >>> text("layer.rate", "nl", crime="woninginbraken", per="1.000", base="woningen")
    'Woninginbraken per 1.000 woningen'
    """
    template = CATALOGUE[key][LANGUAGES.index(language)]
    if not values:
        return template
    capitals = {name.capitalize(): str(value)[:1].upper() + str(value)[1:] for name, value in values.items()}
    return template.format(**capitals, **values)


def number(value: Any, language: Language, *, decimals: int = 0) -> str:
    """Format a number: 1.234,5 in Dutch, 1,234.5 in English, an en dash for a missing one.

    Parameters
    ----------
    value
        Any number; NaN and NA count as missing, infinity is shown as its sign.
    language
        "nl" or "en".
    decimals
        Digits behind the decimal mark.

    Examples
    --------
    >>> number(1234.56, "nl", decimals=1), number(1234.56, "en", decimals=1), number(float("nan"), "nl")
    ('1.234,6', '1,234.6', '–')
    """
    if pd.isna(value):
        return "–"
    if math.isinf(value):
        return "∞" if value > 0 else "-∞"
    english = f"{value:,.{decimals}f}"
    if float(english.replace(",", "")) == 0:
        english = english.lstrip("-")  # -0,0 says something that is not so
    return english if language == "en" else english.translate(str.maketrans(",.", ".,"))


def percent(share: Any, language: Language, *, decimals: int = 1) -> str:
    """Format a share between 0 and 1 as a percentage: 35,5 % in Dutch, 35.5% in English.

    Parameters
    ----------
    share
        A fraction; NaN and NA count as missing.
    language
        "nl" or "en".
    decimals
        Digits behind the decimal mark.

    Examples
    --------
    >>> percent(0.355, "nl"), percent(0.355, "en")
    ('35,5 %', '35.5%')
    """
    if pd.isna(share):
        return "–"
    return number(share * 100, language, decimals=decimals) + ("%" if language == "en" else " %")


def chance(p_value: float, language: Language) -> str:
    """Say how often chance alone does it, as a percentage; what is rarer than once in a thousand is not told apart.

    Parameters
    ----------
    p_value
        Of a test by simulation, between 0 and 1.
    language
        "nl" or "en".

    Examples
    --------
    >>> chance(0.0754, "nl"), chance(0.0001, "nl")
    ('7,5 %', 'minder dan 0,1 %')
    """
    least = 0.001
    said = percent(max(p_value, least), language)
    return text("below", language, high=said) if p_value < least else said


def day(value: date, language: Language) -> str:
    """Write a date in full.

    Examples
    --------
    >>> day(date(2024, 1, 5), "nl"), day(date(2024, 1, 5), "en")
    ('5 januari 2024', '5 January 2024')
    """
    return f"{value.day} {MONTHS[language][value.month - 1]} {value.year}"


def month(value: pd.Period, language: Language) -> str:
    """Write a month in full.

    Examples
    --------
    >>> month(pd.Period("2024-01", "M"), "nl")
    'januari 2024'
    """
    return f"{MONTHS[language][value.month - 1]} {value.year}"


_MOMENT = r"\d{4}(?:-\d{2}){0,2}"
_SPAN = re.compile(rf"({_MOMENT})(?:(?:/| - )({_MOMENT}))?")


def period_text(period: object, language: Language) -> str:
    """Write a period for a reader: years, months or days, with both ends in it; any other text as it is.

    Parameters
    ----------
    period
        A year, month or day, two of them as a pair or as "first/last", or None.
    language
        "nl" or "en".

    Examples
    --------
    >>> period_text("2019-01/2024-12", "nl"), period_text(("2025-01-01", "2025-01-28"), "nl"), period_text("2024", "en")
    ('januari 2019 t/m december 2024', '1 t/m 28 januari 2025', '2024')
    """
    if period is None:
        return ""
    whole = "/".join(map(str, period)) if isinstance(period, tuple | list) else str(period)
    found = _SPAN.fullmatch(whole)
    if found is None:
        return whole
    ends = [_moment(each, language) for each in dict.fromkeys(found.groups()) if each]
    if not all(ends):
        return whole
    first, last = ends[0].split(), ends[-1].split()
    alike = len(ends) > 1 and len(first) == len(last)
    while alike and len(first) > 1 and first[-1] == last[len(first) - 1]:
        first.pop()  # the year, or month and year, is said once
    return (" t/m " if language == "nl" else " to ").join([" ".join(first), *ends[1:]])


def _moment(value: str, language: Language) -> str:
    """Year, month or day in full; empty when there is no such."""
    try:
        return {4: lambda: value, 7: lambda: month(pd.Period(value, "M"), language),
                10: lambda: day(date.fromisoformat(value), language)}[len(value)]()  # fmt: skip
    except ValueError:
        return ""


def crime(crime_type: str | None, language: Language) -> str:
    """Plural of a crime type, the type itself when the catalogue does not know it.

    Examples
    --------
    >>> crime("overval", "nl"), crime("ramkraak", "nl"), crime(None, "en")
    ('overvallen', 'ramkraak', 'incidents')
    """
    if not crime_type:
        return text("crime.all", language)
    key = f"crime.{crime_type}"
    return text(key, language) if key in CATALOGUE else str(crime_type)


def base_name(base: str | None, language: Language) -> str:
    """Name of a denominator, the name itself when the catalogue does not know it.

    Examples
    --------
    >>> base_name("dwellings", "nl")
    'woningen'
    """
    key = f"base.{base}"
    return text(key, language) if key in CATALOGUE else str(base or "")
