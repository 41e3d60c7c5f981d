"""From result tables to map layers: classes with their legend, and the lines of each area's card. Draws nothing."""

from __future__ import annotations

import re
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import pandas as pd

from hicgeo.errors import AlignmentError, ColumnError, InputError
from hicgeo.output._words_season import course
from hicgeo.output.language import Language, base_name, crime, month, number, percent, text

if TYPE_CHECKING:
    import geopandas as gpd
    import numpy.typing as npt
    import xarray as xr

RATE_COLOURS = ("#fff3c4", "#fdcf74", "#f79a3e", "#dc5b1c", "#952d04")
NORM_COLOURS = {"boven": "#c8480f", "niet te onderscheiden": "#e4e2dc", "onder": "#2f6fb0"}
SURFACE_COLOURS = ("#a8dc9b", "#4cb58b", "#287d8e", "#3f4788", "#3b0f55")  # light to dark, as viridis runs
DARK_COLOURS = {"higher": "#5b3a8e", "same": "#e4e2dc", "lower": "#d9a016"}
GROUP_COLOURS = ("#4477aa", "#ee6677", "#228833", "#ccbb44", "#66ccee", "#aa3377")  # told apart by all (Tol 2021)
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
    pattern: Literal["", "hatch-small", "hatch-gap", "outline", "target"] = ""


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
        return self.say("between", low=self.number(low, decimals), high=self.number(high, decimals))

    def areas_counted(self, n: int) -> str:
        """Count of areas with their noun: 12 buurten."""
        noun = "one" if n == 1 else "level"
        return f"{self.number(n)} {text(f'{noun}.{self.level}', self.language)}"

    def named(self, code: str) -> str:
        """Name of an area, its code when it has none."""
        name = self.areas["name"].get(code)
        return str(code) if name is None or pd.isna(name) else str(name)

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
        Class number per neighbourhood code ("areas").
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
        The one sentence that a briefing quotes; empty when there is nothing to say.
    digest
        The table that a briefing quotes: headings, then the lines that matter most.
    """

    kind: Literal["areas", "cells", "spots"]
    key: str
    name: str
    unit: str
    notes: tuple[str, ...]
    classes: tuple[Entry, ...]
    member: dict[str, int] = field(default_factory=dict)
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


def rate_layers(
    rates: pd.DataFrame, scene: Scene, *, breaks: npt.NDArray[np.float64] | None = None
) -> tuple[Layer, Layer]:
    """Layers of the rate in classes, those of `breaks` when given, and of the verdict against the norm."""
    need(rates, ["incidents", "base", "coverage", "rate", "rate_low", "rate_high", "norm", "state"], "rates")
    absent = match(rates.index, scene, "rates")
    about = rates.attrs
    if not {"crime_type", "base"} <= set(about):
        raise ColumnError(
            "rates on a map must say of what and per what",
            "attrs without crime_type or base (joining tables drops them)",
            "give the answer of hicgeo.rates, with columns added by assign",
        )
    kind, per = crime(about.get("crime_type"), scene.language), scene.number(float(about.get("per", 1000)))
    words = {"crime": kind, "per": per, "base": base_name(about.get("base"), scene.language)}
    words["period"] = period_text(about.get("period"), scene.language)
    state = rates["state"].astype(object).where(rates["state"].notna() & scene.dry(rates.index))
    notes = [*absent]
    share = about.get("coverage", 1.0)
    if share < 1:
        notes.append(scene.say("note.coverage", share=percent(share, scene.language), base=words["base"]))
    moved = [code for code in about.get("moved_border", []) if code in scene.areas.index]
    if moved:
        names = scene.areas["name"].reindex(moved).fillna("–")
        notes.append(scene.say("note.moved", n=scene.number(len(moved)), names=", ".join(names)))
    secret = rates["hidden"].to_numpy(bool) if "hidden" in rates else np.zeros(len(rates), dtype=bool)
    state = state.mask(secret, "afgeschermd")
    judged = state.isin(["boven", "niet te onderscheiden", "onder"]).to_numpy()
    rows = tuple(
        scene.say(key, **words)
        for key in ("row.incidents", "row.base", "row.rate", "row.interval", "row.norm", "row.state", "row.coverage")
    )
    values = {
        str(code): (
            scene.number(row.incidents, 0 if pd.isna(row.incidents) or row.incidents == round(row.incidents) else 1),
            scene.number(row.base),
            scene.number(row.rate, 1),
            scene.between(row.rate_low, row.rate_high, 1),
            scene.number(row.norm, 1),
            scene.say(f"state.{verdict}") if isinstance(verdict, str) else scene.say("state.none"),
            "" if row.coverage == 1 or pd.isna(row.coverage) else percent(row.coverage, scene.language, decimals=0),
        )
        for (code, row), verdict in zip(
            rates.astype({"state": object}).set_axis(rates.index).iterrows(), state, strict=True
        )
        if code in scene.areas.index
    }
    rate = rates["rate"].to_numpy(float)
    breaks = class_breaks(rate[judged]) if breaks is None else breaks
    which = np.digitize(rate, breaks)
    colours = spread(RATE_COLOURS, len(breaks) + 1)
    classes = [(label, colour, "") for label, colour in zip(ranges(breaks, scene), colours, strict=True)]
    by_rate = {str(code): int(which[place]) for place, code in enumerate(rates.index) if judged[place]}
    set_apart: list[tuple[str, Literal["hatch-small", "hatch-gap"]]] = [
        ("te klein", "hatch-small"),
        ("onvolledig", "hatch-gap"),
    ]
    if secret.any():
        set_apart.append(("afgeschermd", "hatch-small"))
    norm_classes = [(scene.say(f"state.{each}"), colour, "") for each, colour in NORM_COLOURS.items()]
    by_norm = {
        str(c): list(NORM_COLOURS).index(s) for c, s in zip(rates.index, state, strict=True) if s in NORM_COLOURS
    }
    for name, pattern in set_apart:
        codes = [str(code) for code in rates.index[(state == name).to_numpy()]]
        by_rate |= dict.fromkeys(codes, len(classes))
        by_norm |= dict.fromkeys(codes, len(norm_classes))
        classes.append((scene.say(f"state.{name}"), "#ffffff", pattern))
        norm_classes.append((scene.say(f"state.{name}"), "#ffffff", pattern))
    norms = rates["norm"].dropna().round(9).unique()
    unit = scene.say("unit.norm", **words, norm=scene.number(norms[0], 1)) if len(norms) == 1 else None
    common: dict[str, Any] = {"kind": "areas", "rows": rows, "values": values}
    return (
        Layer(
            key="rate",
            name=scene.say("layer.rate", **words),
            unit=scene.say("unit.rate", **words).rstrip(", "),
            notes=(scene.say("note.rate"), *notes),
            classes=entries(classes, by_rate, scene),
            member=by_rate,
            **common,
        ),
        Layer(
            key="norm",
            name=scene.say("layer.norm", **words),
            unit=unit or scene.say("unit.norm.many"),
            notes=(scene.say("note.norm"), *notes),
            classes=entries(norm_classes, by_norm, scene),
            member=by_norm,
            headline=_above_norm(rates, state, scene, kind),
            digest=_highest(rates, state, scene, rows, values),
            **common,
        ),
    )


def _above(rates: pd.DataFrame, state: pd.Series) -> list[str]:
    """Codes above the norm, the highest rate first."""
    above = rates.loc[(state == "boven").to_numpy(), "rate"]
    return [str(code) for code in above.sort_index().sort_values(ascending=False, kind="stable").index]


def _above_norm(rates: pd.DataFrame, state: pd.Series, scene: Scene, kind: str) -> str:
    """Sentence on how many areas are above the norm, and which."""
    judged = int(state.isin(list(NORM_COLOURS)).sum())
    above = _above(rates, state)
    words = {"crime": kind, "n": scene.number(len(above)), "judged": scene.number(judged)}
    if not judged:
        return ""
    if not above:
        return scene.say("headline.norm.none", **words)
    names = [scene.named(code) for code in above[:NAMED]]
    more = [scene.say("picture.others", n=scene.number(len(above) - NAMED))] if len(above) > NAMED else []
    return scene.say("headline.norm", **words, names=" ".join([", ".join(names), *more]))


def _highest(
    rates: pd.DataFrame, state: pd.Series, scene: Scene, rows: tuple[str, ...], values: Mapping[str, tuple[str, ...]]
) -> tuple[tuple[str, ...], ...]:
    """Table of the highest areas above the norm: count, rate, interval and norm."""
    above = _above(rates, state)[:DIGEST]
    shown = (0, 2, 3, 4)
    lines = [(scene.named(code), *(values[code][place] for place in shown)) for code in above]
    return ((scene.say("page.name"), *(rows[place] for place in shown)), *lines) if lines else ()


def surface_layer(surface: xr.DataArray, scene: Scene, name: str | None, *, least: float = 0) -> Layer:
    """Layer of a density surface as unions of the cells of a class; the lowest class is left out.

    A connected part of a class, and of what is denser, that holds less than `least` incidents joins the class below.
    """
    density = surface.to_numpy()
    if density.ndim != 2 or "crs" not in surface.attrs or "cell_size" not in surface.attrs:
        raise InputError(
            "a surface must have dimensions (y, x) and attrs crs and cell_size",
            f"{density.ndim} dimensions, attrs {sorted(map(str, surface.attrs))}",
            "make it with hicgeo.kde or Grid.surface",
        )
    present = density[density > 0]
    if not present.size:
        raise InputError("a surface must have some density", "no cell above 0", "leave this layer out")
    breaks = _rounded(np.quantile(present, SURFACE_LEVELS), present)
    which = np.digitize(density, breaks)
    which[np.isnan(density)] = 0
    cell = float(surface.attrs["cell_size"])
    if least:
        which = _merged(which, np.nan_to_num(density) * cell**2 / 1e6, least)
    shapes = _unions(which, surface["x"].to_numpy(), surface["y"].to_numpy(), cell, len(breaks), surface.attrs["crs"])
    colours = ("#f7f8f6", *spread(SURFACE_COLOURS, len(breaks) + 1)[1:])
    labels = ranges(breaks, scene)
    about = {key: surface.attrs.get(key) for key in ("bandwidth", "kernel", "n")}
    noted = all(value is not None for value in about.values())
    sparse = [scene.say("note.sparse", least=scene.number(least))] if least else []
    note = (
        scene.say(
            "note.surface",
            bandwidth=scene.number(float(surface.attrs["bandwidth"])),
            kernel=surface.attrs["kernel"],
            n=scene.number(float(surface.attrs["n"])),
        )
        if noted
        else scene.say("note.surface.short")
    )
    title = name or scene.say("layer.surface", crime=crime(surface.attrs.get("crime_type"), scene.language))
    area = [(which[~np.isnan(density)] == n).sum() * cell**2 / 1e4 for n in range(len(labels))]
    return Layer(
        kind="cells",
        key="surface",
        name=title,
        unit=scene.say("unit.surface", cell=scene.number(cell)),
        notes=(note, *sparse),
        classes=tuple(
            Entry(label, colour, f"{scene.number(ha)} ha")
            for label, colour, ha in zip(labels, colours, area, strict=True)
        ),
        shapes=shapes,
    )


def hotspot_layer(hotspots: gpd.GeoDataFrame, scene: Scene) -> Layer:
    """Layer of ranked hotspots as outlines with their numbers."""
    need(hotspots, ["incidents", "area_ha", "share_incidents", "share_area", "rank_low", "rank_high"], "hotspots")
    tested = "p_value" in hotspots and bool(hotspots["p_value"].notna().any())
    keys = ("rank", "rank_interval", "incidents", "expected", "ratio", "area_ha", "share_incidents", "share_area")
    rows = tuple(scene.say(f"row.{key}") for key in (*keys, "p_value"))
    values: dict[str, tuple[str, ...]] = {}
    titles: dict[str, str] = {}
    for rank, row in hotspots.drop(columns="geometry").iterrows():
        expected, ratio, p_value = (row.get(each, np.nan) for each in ("expected", "ratio", "p_value"))
        values[str(rank)] = (
            str(rank),
            scene.between(row["rank_low"], row["rank_high"]),
            scene.number(row["incidents"]),
            "" if pd.isna(expected) else scene.number(expected, 1),
            "" if pd.isna(ratio) else f"{scene.number(ratio, 1)} ×",
            f"{scene.number(row['area_ha'], 0 if row['area_ha'] >= 10 else 1)} ha",
            percent(row["share_incidents"], scene.language),
            percent(row["share_area"], scene.language),
            "" if pd.isna(p_value) else scene.number(p_value, 3),
        )
        titles[str(rank)] = scene.say("spot", rank=rank)
    return Layer(
        kind="spots",
        key="hotspots",
        name=scene.say("layer.hotspots"),
        unit=scene.say("unit.hotspots"),
        notes=(scene.say("note.hotspots.tested" if tested else "note.hotspots"),),
        classes=(Entry(scene.say("spot", rank="").strip(), "#14181c", scene.number(len(hotspots)), "outline"),),
        shapes=hotspots.geometry.set_axis(hotspots.index.astype(str)),
        rows=rows,
        values=values,
        titles=titles,
        headline=scene.say(
            "headline.hotspots",
            n=scene.number(len(hotspots)),
            area=percent(hotspots["share_area"].sum(), scene.language),
            share=percent(hotspots["share_incidents"].sum(), scene.language),
        )
        if len(hotspots)
        else "",
    )


def dark_layer(season: pd.DataFrame, scene: Scene) -> Layer:
    """Layer of the dark-days ratio over all seasons: higher, no difference shown, lower."""
    need(season, ["ratio", "ratio_low", "ratio_high"], "dark days")
    if list(season.index.names) != ["code", "season"] or "alle" not in season.index.get_level_values("season"):
        raise ColumnError(
            "dark days must be indexed by (code, season) with a season 'alle'",
            f"an index of {', '.join(map(str, season.index.names))}",
            "use the answer of hicgeo.dark_days as it is",
        )
    pooled = season.xs("alle", level="season")
    absent = match(pooled.index, scene, "dark days")
    adjusted = {"ratio_trend", "ratio_trend_low", "ratio_trend_high"} <= set(pooled)
    shown = "ratio_trend" if adjusted else "ratio"  # the headline: crime that falls must not pass for a season
    low, high = pooled[f"{shown}_low"], pooled[f"{shown}_high"]
    state = pd.Series(np.select([low > 1, high < 1, low.notna() & high.notna()], ["higher", "lower", "same"], ""),
                      index=pooled.index).where(scene.dry(pooled.index), "")  # fmt: skip
    member = {str(c): list(DARK_COLOURS).index(s) for c, s in state.items() if s}
    rows = tuple(scene.say(key) for key in ("row.dark_ratio", "row.interval", "row.state"))
    values: dict[str, tuple[str, ...]] = {
        str(code): (
            scene.number(ratio, 2),
            scene.between(lower, upper, 2),
            scene.say(f"dark.{verdict}") if verdict else scene.say("state.none"),
        )
        for code, ratio, lower, upper, verdict in zip(pooled.index, pooled[shown], low, high, state, strict=True)
        if code in scene.areas.index
    }
    kind = crime(season.attrs.get("crime_type"), scene.language)
    return Layer(
        kind="areas",
        key="dark",
        name=scene.say("layer.dark", crime=kind),
        unit=scene.say("unit.dark"),
        notes=(scene.say("note.dark"), *([scene.say("note.dark.trend")] if adjusted else []), *absent),
        classes=entries([(scene.say(f"dark.{s}"), c, "") for s, c in DARK_COLOURS.items()], member, scene),
        member=member,
        rows=rows,
        values=values,
    )


def season_layer(clusters: Any, scene: Scene) -> Layer:
    """Layer of seasonal groups; with one group it says that there is one pattern."""
    labels: pd.Series = clusters.labels
    absent = match(labels.index, scene, "seasonal groups")
    peaks = {group: course(profile, scene.language) for group, profile in clusters.profiles.iterrows()}
    groups = list(clusters.profiles.index)
    if len(groups) > len(GROUP_COLOURS):
        raise InputError(
            f"a map can tell at most {len(GROUP_COLOURS)} seasonal groups apart",
            f"{len(groups)}",
            "ask for fewer groups",
        )
    dry = dict(zip(labels.index, scene.dry(labels.index), strict=True))
    unknown = len(groups)
    member = {
        str(code): groups.index(label) if label in peaks else unknown
        for code, label in labels.items()
        if dry[code] and not pd.isna(label)
    }
    shown = [scene.say("seasons.one")] if clusters.k == 1 else [f"{group}: {peaks[group]}" for group in groups]
    classes = [(name, GROUP_COLOURS[n], "") for n, name in enumerate(shown)]
    classes.append((scene.say("seasons.none"), "#ffffff", "hatch-small"))
    note = (
        scene.say("note.seasons.one")
        if clusters.k == 1
        else scene.say("note.seasons", k=clusters.k, stability=scene.number(float(clusters.stability), 2))
    )
    return Layer(
        kind="areas",
        key="seasons",
        name=scene.say("layer.seasons"),
        unit=scene.say("unit.seasons"),
        notes=(note, *absent),
        classes=entries(classes, member, scene),
        member=member,
        rows=(scene.say("row.group"), scene.say("row.peak")),
        values={
            code: (classes[place][0], peaks[groups[place]] if place < unknown else "") for code, place in member.items()
        },
    )


def period_text(period: object, language: Language) -> str:
    """Write a period for a reader: 2024, or januari 2019 t/m december 2024.

    Examples
    --------
    >>> period_text("2019-01/2024-12", "nl"), period_text("2024", "en")
    ('januari 2019 t/m december 2024', '2024')
    """
    if period is None:
        return ""
    parts = [str(each) for each in period] if isinstance(period, tuple | list) else str(period).split("/")
    said = [
        month(pd.Period(each, "M"), language) if re.fullmatch(r"\d{4}-\d{2}", each) else each
        for each in dict.fromkeys(parts)
    ]
    return (" t/m " if language == "nl" else " to ").join(said)


def class_breaks(values: npt.NDArray[np.float64], classes: int = 5) -> npt.NDArray[np.float64]:
    """Inner class bounds: quantiles, rounded to what a reader can remember.

    Parameters
    ----------
    values
        Numbers to classify; fewer distinct ones give fewer classes, none give no bounds.
    classes
        How many classes to aim for.
    """
    known = values[np.isfinite(values)]
    classes = min(classes, len(np.unique(known)))
    if classes < 2:
        return np.empty(0)
    from mapclassify import Quantiles  # type: ignore[import-untyped]  # it has no types

    return _rounded(Quantiles(known, k=classes).bins[:-1], known)


def _rounded(bounds: npt.NDArray[np.float64], values: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Bounds with as few significant digits as leave no class empty, from two on; then those of classes in use."""
    for digits in range(2, 7):
        rounded = np.unique([float(f"{bound:.{digits}g}") for bound in bounds])
        counts = np.bincount(np.digitize(values, rounded), minlength=len(rounded) + 1)
        if len(rounded) == len(bounds) and counts.all():
            return rounded
    # equal values on both sides of a bound: join the empty class with the one above it
    return np.array([bound for bound, n in zip(rounded, counts, strict=False) if n], float)


def ranges(breaks: npt.NDArray[np.float64], scene: Scene) -> list[str]:
    """Labels of the classes that the bounds make, every bound with the digits it has."""
    digits = [f"{bound:.6f}".rstrip("0").partition(".")[2] for bound in breaks]
    said = [scene.number(float(bound), len(each)) for bound, each in zip(breaks, digits, strict=True)]
    if not said:
        return [scene.say("from", low=scene.number(0))]
    middle = [scene.say("between", low=low, high=high) for low, high in pairwise(said)]
    return [scene.say("below", high=said[0]), *middle, scene.say("from", low=said[-1])]


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


def _merged(which: npt.NDArray[np.intp], mass: npt.NDArray[np.float64], least: float) -> npt.NDArray[np.intp]:
    """Classes in which every connected part of a class and above holds at least `least` incidents."""
    from scipy import ndimage

    out = which.copy()
    for level in range(int(which.max()), 0, -1):
        parts, n = ndimage.label(out >= level)
        held = ndimage.sum_labels(mass, parts, np.arange(n + 1))
        out[(held < least)[parts] & (parts > 0)] = level - 1
    return out


def _unions(
    which: npt.NDArray[np.intp],
    x: npt.NDArray[np.float64],
    y: npt.NDArray[np.float64],
    cell: float,
    top: int,
    crs: object,
) -> gpd.GeoSeries:
    """Union of the cells of each class from 1 to `top`, corners exactly on the grid."""
    import geopandas as gpd
    import shapely

    column, row = np.floor(x / cell), np.floor(y / cell)
    found: dict[Hashable, Any] = {}
    for level in range(1, top + 1):
        edges = np.diff(np.pad((which == level).astype(np.int8), ((0, 0), (1, 1))), axis=1)
        (line, first), (_, after) = np.nonzero(edges == 1), np.nonzero(edges == -1)
        if not len(line):
            continue
        # runs of cells in a row instead of single cells: far fewer shapes to join
        west, east = column[first] * cell, (column[after - 1] + 1) * cell
        runs = shapely.box(west, row[line] * cell, east, (row[line] + 1) * cell)
        found[level] = shapely.normalize(shapely.simplify(shapely.union_all(runs), 0))
    return gpd.GeoSeries(list(found.values()), index=pd.Index(list(found), dtype="int64"), crs=crs)


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
