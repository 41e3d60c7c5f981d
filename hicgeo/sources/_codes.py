"""CBS codes in full: with their prefix, in capitals, without blanks, with the zeros that numbers lose."""

from __future__ import annotations

import pandas as pd

from hicgeo.errors import InputError
from hicgeo.sources._ledger import TEXT

PREFIX = {"buurt": ("BU", 8), "wijk": ("WK", 6), "gemeente": ("GM", 4)}
"""Prefix of the codes of a level, and how many characters follow it."""


def complete_codes(values: pd.Series, level: str | None = None) -> tuple[pd.Series, dict[str, str]]:
    """Codes in full, and what was changed; codes of another level, and what is no code, stay as they are.

    Parameters
    ----------
    values
        Codes as text or numbers.
    level
        "buurt", "wijk" or "gemeente". When left out, codes without a prefix are of the level whose width they have,
        give or take one lost zero (three for municipalities).

    Returns
    -------
    codes
        On 0, 1, ...
    changed
        Code as given -> code in full, for those that differ.

    Raises
    ------
    InputError
        No level is given, and codes without a prefix have the widths of several.
    """
    text = values.reset_index(drop=True)
    if pd.api.types.is_numeric_dtype(text):
        text = text.astype("Int64")
    text = pd.Series(text.astype(TEXT)).fillna("").str.strip()
    places, unique = pd.factorize(text)
    bare = pd.Series(pd.array(unique, dtype=TEXT)).str.upper().str.replace(r"\s", "", regex=True)
    if level is None:
        level = _level(bare)
    prefix, width = PREFIX[level]
    body = bare.str.removeprefix(prefix)
    digits = body.str.fullmatch(r"\d+") & (body.str.len() <= width)
    letters = (body.str.len() == width) & body.str.fullmatch(r"\d{4}[0-9A-Z]+")
    full = bare.where(~digits, prefix + body.str.zfill(width)).where(digits | ~letters, prefix + body)
    changed = {str(a): str(b) for a, b in zip(unique, full, strict=True) if a != b}
    return pd.Series(full.array.take(places)), changed


def _level(bare: pd.Series) -> str:
    """Level of codes without a prefix, by their width."""
    open_codes = bare[bare.str.fullmatch(r"\d{1,8}|\d{4}[0-9A-Z]{2}|\d{4}[0-9A-Z]{4}")]
    levels = {"buurt" if n > 6 else "wijk" if n > 4 else "gemeente" for n in open_codes.str.len()}
    if len(levels) > 1:
        widths = ", ".join(str(n) for n in sorted(set(open_codes.str.len())))
        raise InputError(
            "codes without a prefix must be of one level",
            f"widths {widths}, those of {', '.join(sorted(levels))}",
            "write them in full: BU and 8 characters, WK and 6, GM and 4",
        )
    return levels.pop() if levels else "buurt"
