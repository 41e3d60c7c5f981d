"""Layers of a density surface and of the hotspots in it."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import pandas as pd

from hicgeo.errors import InputError
from hicgeo.output._layers import (
    SURFACE_COLOURS,
    SURFACE_LEVELS,
    Entry,
    Layer,
    Scene,
    digested,
    need,
    ranges,
    rounded_breaks,
    spread,
)
from hicgeo.output._words_hotspots import poisson_bounds
from hicgeo.output.catalogue import CATALOGUE
from hicgeo.output.language import crime, percent

if TYPE_CHECKING:
    import geopandas as gpd
    import numpy.typing as npt
    import xarray as xr


FEWEST = 30
"""Fewer incidents make no surface: a count with its interval says all there is."""


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
    n = surface.attrs.get("n", FEWEST)
    if n < FEWEST:
        low, high = poisson_bounds(n)
        raise InputError(
            f"a density on a map needs at least {FEWEST} incidents",
            f"{n:g} (95% interval of what may be expected again: {low:.1f} to {high:.1f})",
            "take a longer period or several crime types, or show counts per neighbourhood with their intervals",
        )
    present = density[density > 0]
    if not present.size:
        raise InputError("a surface must have some density", "no cell above 0", "leave this layer out")
    breaks = rounded_breaks(np.quantile(present, SURFACE_LEVELS), present)
    which = np.digitize(density, breaks)
    which[np.isnan(density)] = 0
    cell = float(surface.attrs["cell_size"])
    if least:
        which = _merged(which, np.nan_to_num(density) * cell**2 / 1e6, least)
    shapes = unions(which, surface["x"].to_numpy(), surface["y"].to_numpy(), cell, len(breaks), surface.attrs["crs"])
    colours = ("#f7f8f6", *spread(SURFACE_COLOURS, len(breaks) + 1)[1:])
    labels = ranges(breaks, present, scene)
    noted = all(surface.attrs.get(key) is not None for key in ("bandwidth", "kernel", "n"))
    sparse = [scene.say("note.sparse", least=scene.number(least))] if least else []
    note = (
        scene.say(
            "note.surface",
            bandwidth=scene.number(float(surface.attrs["bandwidth"])),
            kernel=surface.attrs["kernel"],
            chosen=say(f"bandwidth.{surface.attrs.get('method') or 'given'}", scene),
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
        unit=scene.say("unit.surface.year" if surface.attrs.get("years") else "unit.surface", cell=scene.number(cell)),
        notes=(note, *sparse),
        classes=tuple(
            Entry(label, colour, f"{scene.number(ha)} ha")
            for label, colour, ha in zip(labels, colours, area, strict=True)
        ),
        shapes=shapes,
    )


def smoothing_note(about: Mapping[Any, Any], scene: Scene) -> tuple[str, ...]:
    """Sentence on the bandwidth behind shapes and how it was chosen; none when it is not known."""
    if about.get("bandwidth") is None or about.get("kernel") is None:
        return ()
    chosen = say(f"bandwidth.{about.get('method') or 'given'}", scene)
    metres = scene.number(float(about["bandwidth"]))
    return (scene.say("note.bandwidth", bandwidth=metres, kernel=about["kernel"], chosen=chosen),)


NOTES = {"tested": "note.hotspots.tested", "kinds": "note.hotspots.kinds"}
SPOT_COLOUR = "#14181c"
UNCOUNTED = ("rank", "area_ha", "share_area", "spot_kind")
"""What is told of hotspots without counts."""

SHORT = ("rank", "rank_interval", "incidents", "area_ha", "spot_kind")
"""What paper has room for, as far as the card of a hotspot tells it."""


def hotspot_layer(hotspots: gpd.GeoDataFrame, scene: Scene) -> Layer:
    """Layer of ranked hotspots as outlines with their numbers."""
    need(hotspots, ["incidents", "area_ha", "share_incidents", "share_area", "rank_low", "rank_high"], "hotspots")
    tested = "p_value" in hotspots and bool(hotspots["p_value"].notna().any())
    counted = bool(hotspots["incidents"].notna().any()) or hotspots.empty
    keys = (
        "rank", "rank_interval", "top3", "incidents", "expected", "ratio", "area_ha", "share_incidents", "share_area",
        "spot_kind", "p_value", "history", "stability",
    )  # fmt: skip
    told = [place for place, key in enumerate(keys) if counted or key in UNCOUNTED]
    rows = tuple(scene.say(f"row.{keys[place]}") for place in told)
    values: dict[str, tuple[str, ...]] = {}
    titles: dict[str, str] = {}
    for rank, row in hotspots.drop(columns="geometry").iterrows():
        expected, ratio, p_value, top3, stays = (
            row.get(each, np.nan) for each in ("expected", "ratio", "p_value", "top3", "stability")
        )
        history, years = row.get("history", "onbekend"), row.get("years", 0)
        history, years = ("onbekend" if pd.isna(history) else history), (0 if pd.isna(years) else int(years))
        said = (
            str(rank),
            scene.between(row["rank_low"], row["rank_high"]),
            "" if pd.isna(top3) else percent(top3, scene.language, decimals=0),
            scene.number(row["incidents"]),
            "" if pd.isna(expected) else scene.number(expected, 1),
            "" if pd.isna(ratio) else f"{scene.number(ratio, 1)} ×",
            f"{scene.number(row['area_ha'], 0 if row['area_ha'] >= 10 else 1)} ha",
            percent(row["share_incidents"], scene.language),
            percent(row["share_area"], scene.language),
            "" if pd.isna(row.get("kind", np.nan)) else say(f"spot.{row['kind']}", scene),
            "" if pd.isna(p_value) else scene.chance(p_value),
            "" if history == "onbekend" else say(f"history.{history}", scene, hot=row.get("years_hot"), years=years),
            "" if pd.isna(stays) else percent(stays, scene.language, decimals=0),
        )
        values[str(rank)] = tuple(said[place] for place in told)
        titles[str(rank)] = scene.say("spot", rank=rank)
    short = [place for place, key in enumerate(keys) if key in SHORT and place in told]
    short = [place for place in short if any(said[told.index(place)] for said in values.values())]
    kinds = hotspots.get("kind", pd.Series("beschrijvend", index=hotspots.index)).fillna("beschrijvend")
    kind = "tested" if tested else "kinds" if (kinds != "beschrijvend").any() else ""
    classes, member = _sure(hotspots, kinds, scene)
    return Layer(
        kind="spots",
        key="hotspots",
        name=scene.say("layer.hotspots"),
        unit=scene.say("unit.hotspots"),
        notes=(
            scene.say(NOTES[kind] if kind else "note.hotspots" if counted else "note.hotspots.untested"),
            *smoothing_note(hotspots.attrs, scene),
        ),
        classes=classes,
        member=member,
        shapes=hotspots.geometry.set_axis(hotspots.index.astype(str)),
        rows=rows,
        values=values,
        titles=titles,
        **digested(
            [scene.say(f"row.{keys[place]}") for place in short],
            [[said[told.index(place)] for place in short] for said in values.values()],
            scene,
        ),
        headline=_headline(hotspots, kinds, scene, counted=counted) if len(hotspots) else "",
    )


MORE = "meer dan toeval"


def _sure(spots: gpd.GeoDataFrame, kinds: pd.Series, scene: Scene) -> tuple[tuple[Entry, ...], dict[str, int]]:
    """Legend lines and the line of each rank: when they were tested, those not shown to be more than chance apart."""
    if (kinds == "beschrijvend").all():
        return (Entry(scene.say("spot", rank="").strip(), SPOT_COLOUR, scene.number(len(spots)), "outline"),), {}
    sure = kinds == MORE
    parts: list[tuple[str, Literal["outline", "dashed"], pd.Series]] = [
        ("spots.sure", "outline", sure),
        ("spots.unsure", "dashed", ~sure),
    ]
    held = [(key, pattern, spots.index[which]) for key, pattern, which in parts if which.any()]
    return (
        tuple(Entry(scene.say(key), SPOT_COLOUR, scene.number(len(ranks)), pattern) for key, pattern, ranks in held),
        {str(rank): place for place, (_, _, ranks) in enumerate(held) for rank in ranks},
    )


def _headline(spots: gpd.GeoDataFrame, kinds: pd.Series, scene: Scene, *, counted: bool) -> str:
    """How much of the area and of the incidents, and how many are more than chance."""
    one = ".one" if len(spots) == 1 else ""
    said = scene.say(
        f"headline.{'hotspots' if counted else 'places'}{one}",
        n=scene.number(len(spots)),
        area=percent(spots["share_area"].sum(), scene.language),
        share=percent(spots["share_incidents"].sum(), scene.language),
    )
    if (kinds == "beschrijvend").all():
        return said if counted else said + scene.say("headline.untested")  # with counts a note says so
    return said + scene.say(
        f"headline.more{one}", n=scene.number(len(spots)), more=scene.number(int((kinds == MORE).sum()))
    )


def say(key: str, scene: Scene, **words: Any) -> str:
    """What the catalogue says of a value; one of the user's own, behind the dot of the key, as it stands."""
    return scene.say(key, **words) if key in CATALOGUE else key.partition(".")[2]


def _merged(which: npt.NDArray[np.intp], mass: npt.NDArray[np.float64], least: float) -> npt.NDArray[np.intp]:
    """Classes in which every connected part of a class and above holds at least `least` incidents."""
    from scipy import ndimage

    out = which.copy()
    for level in range(int(which.max()), 0, -1):
        parts, n = ndimage.label(out >= level)
        held = ndimage.sum_labels(mass, parts, np.arange(n + 1))
        out[(held < least)[parts] & (parts > 0)] = level - 1
    return out


def unions(
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
