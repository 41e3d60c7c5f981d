"""What a page says of what is not on it: a reason from the catalogue, never the message of an error."""

from __future__ import annotations

from hicgeo.output.language import Language, text

LEFT_OUT = ("density", "season_places", "near_repeats", "targets", "operation")
"""Parts of an analysis that are never for everybody, whatever the figures say."""

REFUSED = {
    "a table for profile ": "refused.rows",
    "a sentence for others must not speak": "refused.rows",
    "where and when somebody will act": "refused.act",
    "outlines for everybody may take": "refused.outlines",
    "outside outlines for everybody a cell must": "refused.outside",
    "a public map must not tell what is finer": "refused.finer",
    "a public table must have every count": "refused.finer",
    "a public table must say enough": "refused.unchecked",
    "a public table that is not made of": "refused.unchecked",
    "what others see must be drawn from places": "refused.places",
    "an outward surface must have cells": "refused.places",
    "the exact values of a surface": "refused.surface",
    "no small figure may be worked out": "refused.small",
    "a table that is kept as it is": "refused.small",
    "the figures that must be shown": "refused.small",
    "a public export must be checked against all others": "refused.meanwhile",
    "a public map must request nothing": "refused.page",
    "a page must make no request": "refused.page",
}
"""Beginning of what a refusal of the gate expects -> what a reader is told."""

_DATA = ("InputError", "ColumnError", "CrsError", "AlignmentError")


def left_out(part: str, language: Language) -> tuple[str, str]:
    """Name of a part that is never for everybody, and why it is not.

    Parameters
    ----------
    part
        One of `LEFT_OUT`.
    language
        "nl" or "en".

    Examples
    --------
    >>> left_out("targets", "en")[0]
    'Where and when to act'
    """
    return text(f"left_out.{part}", language), text(f"left_out.{part}.why", language)


def refused(error: str, expected: str, language: Language) -> str:
    """Say why something is not there, in words that hold no figure and no name.

    Parameters
    ----------
    error
        Class of the error.
    expected
        The first part of its message, which is of hicgeo when the class is.
    language
        "nl" or "en".

    Examples
    --------
    >>> refused("ZeroDivisionError", "every notebook must run to its end", "nl")
    'Het rekenen is halverwege gestopt.'
    """
    if error == "DisclosureError":
        known = (key for beginning, key in REFUSED.items() if expected.startswith(beginning))
        return text(next(known, "failed.other"), language)
    if error == "ConfigError":
        return text("failed.ConfigError", language)
    return text("failed.data" if error in _DATA else "failed.other", language)
