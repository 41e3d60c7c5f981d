"""Pictures of an evaluation: counts before and during, and the effect with its interval."""

from __future__ import annotations

from typing import Any

import numpy as np

from hicgeo.errors import InputError
from hicgeo.output.language import Language, check_language, number, text
from hicgeo.output.pictures import INK, SOFT, Picture

ROLES = ("treated", "control", "treated_ring", "control_ring")
EFFECTS = ("direct", "ring", "total")
BEFORE, AFTER, SHOWN = "#9fb3c4", "#1f5f8b", "#b3392f"


def plot_evaluation(evaluation: Any, *, language: str = "nl") -> Picture:
    """Picture of an evaluation: incidents per role, effects with intervals, and the displacement quotient.

    Parameters
    ----------
    evaluation
        Answer of `evaluate_operation`.
    language
        "nl" or "en".

    Returns
    -------
    Picture
        A figure that a notebook shows.

    Raises
    ------
    InputError
        It is another result, or the language is unknown.

    Notes
    -----
    Counts before are brought to the length of the operation. An effect whose interval holds 0 is grey: not shown.
    """
    said = check_language(language)
    if not hasattr(evaluation, "verdict"):
        raise InputError(
            "plot_evaluation must be given an evaluation", type(evaluation).__name__, "give evaluate_operation's answer"
        )
    figure = Picture(figsize=(9, 3.8), layout="constrained", facecolor="#ffffff")
    left, right = figure.subplots(1, 2)
    _counts(left, evaluation, said)
    _effects(right, evaluation, said)
    wdq = evaluation.effect.wdq
    if not np.isnan(wdq):
        figure.supxlabel(text("operation.wdq", said, wdq=number(wdq, said, decimals=2)), fontsize=8, color=SOFT)
    return figure


def _counts(ax: Any, evaluation: Any, said: Language) -> None:
    time = evaluation.effect.time
    roles = [role for role in ROLES if role in evaluation.counts.index]
    table = evaluation.counts.loc[roles]
    at = np.arange(len(roles))
    for shift, column, colour, factor in ((-0.2, "before", BEFORE, time[1] / time[0]), (0.2, "after", AFTER, 1.0)):
        bars = ax.bar(at + shift, table[column] * factor, 0.38, color=colour, label=text(f"operation.{column}", said))
        ax.bar_label(bars, [number(each * factor, said) for each in table[column]], fontsize=8, color=INK)
    ax.set_xticks(at, [text(f"column.role.{role}", said).replace(" ", "\n") for role in roles], fontsize=8)
    ax.set_title(text("operation.counts", said), loc="left", fontsize=10, color=INK)
    ax.margins(y=0.15)
    ax.legend(frameon=False, fontsize=8)
    ax.spines[["top", "right"]].set_visible(False)


def _effects(ax: Any, evaluation: Any, said: Language) -> None:
    table = evaluation.effect.table.loc[list(EFFECTS)].dropna(subset=["estimate"])
    at = -np.arange(len(table))
    shown = (table["low"] > 0) | (table["high"] < 0)
    for place, (_, row), sure in zip(at, table.iterrows(), shown, strict=True):
        colour = SHOWN if sure else SOFT
        ax.plot([row["low"], row["high"]], [place, place], color=colour, linewidth=2)
        ax.plot(row["estimate"], place, "o", color=colour)
        label = f"{number(row['estimate'], said)} ({number(row['low'], said)} – {number(row['high'], said)})"
        ax.annotate(label, (row["estimate"], place), (0, 7), textcoords="offset points", ha="center", fontsize=8)
    ax.axvline(0, color=INK, linewidth=0.8)
    ax.set_yticks(at, [text(f"operation.effect.{effect}", said) for effect in table.index], fontsize=8)
    ax.margins(y=0.35)
    ax.set_title(text("operation.effects", said), loc="left", fontsize=10, color=INK)
    ax.spines[["top", "right", "left"]].set_visible(False)
