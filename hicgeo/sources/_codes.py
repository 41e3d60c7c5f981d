"""CBS codes in full: with their prefix, in capitals, without blanks, with the zeros that numbers lose."""

from __future__ import annotations

import re

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
    bare = [re.sub(r"\s", "", each).upper() for each in unique]
    own = PREFIX[level or _level(bare)]
    known = {prefix: width for prefix, width in PREFIX.values() if level is None or prefix == own[0]}
    full = [_complete(code, own, known) for code in bare]
    changed = {str(a): str(b) for a, b in zip(unique, full, strict=True) if a != b}
    return pd.Series(pd.array(full, dtype=TEXT).take(places) if full else text), changed


def _complete(code: str, own: tuple[str, int], known: dict[str, int]) -> str:
    """One code in full: with the prefix it has, if that is a known one, or else with that of its column."""
    prefix, width = (code[:2], known[code[:2]]) if code[:2] in known else own
    body = code.removeprefix(prefix)
    if re.fullmatch(r"[0-9]+", body) and len(body) <= width:
        return prefix + body.zfill(width)
    return prefix + body if len(body) == width and re.fullmatch(r"[0-9]{4}[0-9A-Z]+", body) else code


def _level(bare: list[str]) -> str:
    """Level of codes without a prefix, by their width."""
    widths = sorted(
        {len(code) for code in bare if re.fullmatch(r"[0-9]{1,8}|[0-9]{4}[0-9A-Z]{2}|[0-9]{4}[0-9A-Z]{4}", code)}
    )
    levels = {"buurt" if n > 6 else "wijk" if n > 4 else "gemeente" for n in widths}
    if len(levels) > 1:
        raise InputError(
            "codes without a prefix must be of one level",
            f"codes of {', '.join(map(str, widths))} characters, as those of {', '.join(sorted(levels))}",
            "write them in full: BU and 8 characters, WK and 6, GM and 4",
        )
    return levels.pop() if levels else "buurt"
