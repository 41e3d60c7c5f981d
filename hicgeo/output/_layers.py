"""What a map layer is, and the classes and sentences that all layers make alike. Draws nothing."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from itertools import pairwise
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import pandas as pd

from hicgeo.errors import AlignmentError, ColumnError
from hicgeo.output.language import Language, chance, number, text

if TYPE_CHECKING:
    import geopandas as gpd
    import numpy.typing as npt

RATE_COLOURS = ("#fff3c4", "#fdcf74", "#f79a3e", "#dc5b1c", "#952d04")
NORM_COLOURS = {"boven": "#c8480f", "niet te onderscheiden": "#e4e2dc", "onder": "#2f6fb0"}
SURFACE_COLOURS = ("#a8dc9b", "#4cb58b", "#287d8e", "#3f4788", "#3b0f55")  # light to dark, as viridis runs
DARK_COLOURS = {"higher": "#5b3a8e", "same": "#e4e2dc", "lower": "#d9a016"}
GROUP_COLOURS = ("#ee6677", "#4477aa", "#228833", "#ccbb44", "#66ccee", "#aa3377")  # told apart by all (Tol 2021)
NAMED, DIGEST = 3, 5
"""So many areas are named in a sentence, and listed in a briefing."""

SURFACE_LEVELS = (0.5, 0.75, 0.9, 0.97)
"""Shares of the cells with any density that lie below each class of a surface."""


@dataclass(frozen=True)
class Entry:
    """One line of a legend: colour, or pattern where a figure is not to be read from a colour."""

    label: str
    colour: str
    count: str = ""
    pattern: Literal["", "hatch-small", "hatch-gap", "outline", "dashed", "target"] = ""


@dataclass(frozen=True)
class Scene:
    """The areas on which layers are drawn, and the words for them."""

    areas: gpd.GeoDataFrame
    language: Language
    level: str

    @classmethod
    def of(cls, areas: gpd.GeoDataFrame, language: Language) -> Scene:
        """Scene of a neighbourhood table; areas of several levels are called just areas."""
        levels = areas["level"].unique()
        return cls(areas, language, str(levels[0]) if len(levels) == 1 else "mixed")

    def say(self, key: str, **values: object) -> str:
        """Label of the catalogue in the scene's language; `{areas}` and `{area}` are filled."""
        names = {"areas": text(f"level.{self.level}", self.language), "area": text(f"one.{self.level}", self.language)}
        return text(key, self.language, **{**names, **values})

    def number(self, value: Any, decimals: int = 0) -> str:
        """Format a number in the scene's language."""
        return number(value, self.language, decimals=decimals)

    def between(self, low: Any, high: Any, decimals: int = 0) -> str:
        """Interval in words, empty when a bound is missing."""
        if pd.isna(low) or pd.isna(high):
            return ""
        ends = self.number(low, decimals), self.number(high, decimals)
        return ends[0] if ends[0] == ends[1] else self.say("between", low=ends[0], high=ends[1])

    def chance(self, p_value: float) -> str:
        """How often chance alone does it."""
        return chance(p_value, self.language)

    def areas_counted(self, n: int) -> str:
        """Count of areas with their noun: 12 buurten."""
        noun = "one" if n == 1 else "level"
        return f"{self.number(n)} {text(f'{noun}.{self.level}', self.language)}"

    def named(self, code: str) -> str:
        """Name of an area, with its code when another has the same; its code when it has none."""
        return self._names.get(code, str(code))

    @cached_property
    def _names(self) -> dict[str, str]:
        known = self.areas["name"].dropna().astype(str)
        codes = known.index.astype(str)
        return dict(zip(codes, known.where(~known.duplicated(keep=False), known + " (" + codes + ")"), strict=True))

    def dry(self, codes: pd.Index) -> npt.NDArray[np.bool_]:
        """Whether each code is an area of the map that is not water."""
        dry = self.areas.index[~self.areas["is_water"].to_numpy(bool)]
        return np.asarray(codes.isin(dry))


@dataclass(frozen=True)
class Frame:
    """One period of a layer that has several.

    Attributes
    ----------
    label
        The period, as a reader sees it.
    member, values
        As of a layer, in this period.
    note
        Sentence under the legend while this period is shown.
    """

    label: str
    member: dict[str, int]
    values: dict[str, tuple[str, ...]]
    note: str = ""


@dataclass(frozen=True)
class Layer:
    """A layer of the map, ready to be drawn in a browser or by matplotlib.

    Attributes
    ----------
    kind
        "areas" colours the neighbourhoods, "cells" draws classes of a surface, "spots" draws outlines.
    key
        What it shows: rate, norm, surface, dark, seasons, hotspots, months, comparison or targets.
    name, unit, notes
        Heading of its legend, the unit below it and the sentences under it.
    classes
        Legend lines; their place is the class number.
    member
        Class number per neighbourhood code ("areas") or rank ("spots"; all are of the first when it is empty).
    marked
        Codes with a thick border, to which the class of pattern "outline" belongs ("areas").
    shapes
        Geometry per class number ("cells") or rank ("spots").
    rows, values, titles
        Labels of a card's lines, their values per code or rank, and the card's heading per rank.
    frames
        The periods among which a reader chooses ("areas"); `member` and `values` are then those of `start`.
    start, lag
        Place of the period that is shown first, and how many places back its fellow of comparison is.
    always
        Whether two periods are always shown side by side.
    headline
        The one sentence over the legend, and in a briefing; empty when there is nothing to say.
    digest
        The table that paper and a briefing show: headings, then the lines that matter most.
    digest_of
        That the digest is the first of more lines, and of how many; empty when it is all of them.
    period
        What tells it from the same figure of another period.
    """

    kind: Literal["areas", "cells", "spots"]
    key: str
    name: str
    unit: str
    notes: tuple[str, ...]
    classes: tuple[Entry, ...]
    member: dict[str, int] = field(default_factory=dict)
    marked: tuple[str, ...] = ()
    shapes: gpd.GeoSeries | None = None
    rows: tuple[str, ...] = ()
    values: dict[str, tuple[str, ...]] = field(default_factory=dict)
    titles: dict[str, str] = field(default_factory=dict)
    frames: tuple[Frame, ...] = ()
    start: int = 0
    lag: int = 1
    always: bool = False
    headline: str = ""
    digest: tuple[tuple[str, ...], ...] = ()
    digest_of: str = ""
    period: str = ""


def class_breaks(values: npt.NDArray[np.float64], classes: int = 5) -> npt.NDArray[np.float64]:
    """Inner class bounds: quantiles, rounded to what a reader can remember.

    Parameters
    ----------
    values
        Numbers to classify; fewer distinct ones give fewer classes, none give no bounds.
    classes
        How many classes to aim for.
    """
    from mapclassify import Quantiles  # type: ignore[import-untyped]  # it has no types

    known = values[np.isfinite(values)]
    classes = min(classes, len(np.unique(known)))
    if classes < 2:
        return np.empty(0)
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Not enough unique values")  # ties join classes; the legend says how many
        bounds = Quantiles(known, k=classes).bins[:-1]
    return rounded_breaks(bounds, known)


def rounded_breaks(bounds: npt.NDArray[np.float64], values: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Bounds of the classes in use, with as few significant digits as leave none of these empty, from two on."""
    counts = np.bincount(np.digitize(values, bounds), minlength=len(bounds) + 1)
    # equal values on both sides of a bound: join the empty class with the one above it
    bounds = np.array([bound for bound, n in zip(bounds, counts, strict=False) if n], float)
    if not len(bounds):  # most are the lowest: the class above is of what is more
        bounds = np.unique(values)[1:2]
    for digits in range(2, 7):
        rounded = np.unique([float(f"{bound:.{digits}g}") for bound in bounds])
        counts = np.bincount(np.digitize(values, rounded), minlength=len(rounded) + 1)
        if len(rounded) == len(bounds) and counts.all():
            return rounded
    return bounds


def ranges(breaks: npt.NDArray[np.float64], values: npt.NDArray[np.float64], scene: Scene) -> list[str]:
    """Labels of the classes that the bounds make of values, every bound with the digits it has; none without values."""
    digits = [f"{bound:.6f}".rstrip("0").partition(".")[2] for bound in breaks]
    said = [scene.number(float(bound), len(each)) for bound, each in zip(breaks, digits, strict=True)]
    if not said:  # all the same
        return [scene.number(value, 0 if value.is_integer() else 1) for value in np.unique(values)[:1].tolist()]
    middle = [scene.say("between", low=low, high=high) for low, high in pairwise(said)]
    return [scene.say("below", high=said[0]), *middle, scene.say("from", low=said[-1])]


def parts(values: npt.NDArray[np.float64], scene: Scene) -> tuple[str, ...]:
    """Say why counts are not whole, when they are not."""
    return (scene.say("note.parts"),) if (values[np.isfinite(values)] % 1).any() else ()


def spread(colours: Sequence[str], n: int) -> list[str]:
    """Pick `n` of the colours, evenly, darkest included."""
    return [colours[round(place)] for place in np.linspace(0 if n > 1 else len(colours) // 2, len(colours) - 1, n)]


def entries(classes: list[tuple[str, str, Any]], member: dict[str, int], scene: Scene) -> tuple[Entry, ...]:
    """Legend lines with the number of areas in each class."""
    counts = np.bincount([place for code, place in member.items() if code in scene.areas.index] or [0],
                         weights=None if member else [0], minlength=len(classes))  # fmt: skip
    return tuple(
        Entry(label, colour, scene.areas_counted(int(n)), pattern)
        for (label, colour, pattern), n in zip(classes, counts, strict=True)
    )


def digested(headings: Sequence[str], lines: Sequence[Sequence[str]], scene: Scene) -> dict[str, Any]:
    """Fields of a layer that hold the lines that matter most, and say when there are more of them."""
    if not lines:
        return {}
    shown, n = (scene.number(each) for each in (DIGEST, len(lines)))
    return {
        "digest": (tuple(headings), *map(tuple, lines[:DIGEST])),
        "digest_of": scene.say("digest.first", shown=shown, n=n) if len(lines) > DIGEST else "",
    }


def need(table: pd.DataFrame, columns: list[str], what: str) -> None:
    missing = [each for each in columns if each not in table]
    if missing:
        raise ColumnError(
            f"{what} must have the columns {', '.join(columns)}",
            f"no {', '.join(missing)}",
            f"use the answer of the hicgeo function that makes {what} as it is",
        )


def match(codes: pd.Index, scene: Scene, what: str) -> tuple[str, ...]:
    """Say how many codes have no area on the map; raise when that is all of them."""
    known = codes.isin(scene.areas.index)
    if codes.has_duplicates or not known.any():
        raise AlignmentError(
            f"the {what} must be about areas of this map, each once",
            f"{int(known.sum())} of {len(codes)} codes are on the map, {int(codes.duplicated().sum())} occur twice",
            "use neighbourhoods of the same level and year",
        )
    lost = int((~known).sum())
    return (text("note.absent", scene.language, n=number(lost, scene.language)),) if lost else ()
