"""One page per target area, to take along: where it is, when, why, and what would make it wrong."""

from __future__ import annotations

import os
import textwrap
from datetime import date as Date
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

from hicgeo.errors import ColumnError
from hicgeo.output._about import About
from hicgeo.output._write import deliver
from hicgeo.output.disclosure import Handling, Ledger, check_profile, release
from hicgeo.output.language import Language, check_language, crime, number, text
from hicgeo.output.pictures import INK, LAND, SOFT, WATER, Picture

if TYPE_CHECKING:
    import geopandas as gpd
    import xarray as xr

AREA = "#0b4f9e"
NEEDED = ("hours", "reasons", "backtest", "doubts", "expected", "expected_low", "expected_high", "area_ha")
A4 = (8.27, 11.69)
PITCH, GAP, LEAST_MAP = 0.0165, 0.012, 0.2
"""Of the height of the sheet: a line of text, what is left open below a paragraph, and what the map keeps."""


def write_target_sheets(
    areas: gpd.GeoDataFrame,
    folder: str | os.PathLike[str],
    *,
    neighbourhoods: gpd.GeoDataFrame,
    measures: pd.DataFrame | None = None,
    profile: str = "driehoek",
    language: str = "nl",
    ledger: Ledger | None = None,
    period: str = "",
    source: str = "",
    date: Date | None = None,
    handling: Handling | None = None,
    fictional: bool = False,
    addresses: xr.DataArray | None = None,
) -> list[Path]:
    """Write a PDF of one page for every target area.

    Parameters
    ----------
    areas
        Answer of `target_table`.
    folder
        Where: `gebied-1.pdf` and so on (`area-1.pdf` in English). It is made when it does not exist.
    neighbourhoods
        Neighbourhood table, for the map.
    measures
        Answer of `fitting_measures`; left out, none are named.
    profile
        "driehoek" lets only areas through, "intern" everything.
    language
        "nl" or "en".
    ledger
        Of exports, to which every sheet is added.
    period
        First and last day of the coming period, as "2025-01-01/2025-01-28".
    source, date, handling, fictional
        As in `HotspotMap`: every sheet says them.
    addresses
        Number of addresses per cell: shapes of cells in which a cell has fewer than 8 are left out for others than the
        analyst.

    Returns
    -------
    list of Path
        The files, by rank.

    Raises
    ------
    DisclosureError
        The areas may not leave under this profile. Nothing is written.
    ColumnError
        `areas` lacks a column of `target_table`.
    InputError
        Language or profile is unknown, or a file cannot be written.

    Notes
    -----
    Drawn by matplotlib, so that no browser is needed; the same areas give the same bytes. O(areas x neighbourhoods).
    """
    said = check_language(language)
    missing = [name for name in NEEDED if name not in areas]
    if missing:
        raise ColumnError(
            "sheets need the areas in words", "no " + ", ".join(missing), "give the answer of hicgeo.target_table"
        )
    known = check_profile(profile)
    released = release(areas, known, addresses=addresses)
    about = About(known, said, {"period": period, "source": source, "date": date}, handling, fictional)
    paths = []
    for rank, row in released.iterrows():
        own = None if measures is None else measures[measures["rank"] == rank]
        name = f"{text('target', said, rank=rank).lower().replace(' ', '-')}.pdf"
        paths.append(deliver(Path(folder) / name, _page(row, int(rank), released, neighbourhoods, own, about)))
    if ledger is not None:
        for path in paths:
            ledger.record(path, profile=known)
    return paths


def _page(
    row: pd.Series,
    rank: int,
    areas: gpd.GeoDataFrame,
    neighbourhoods: gpd.GeoDataFrame,
    measures: pd.DataFrame | None,
    about: About,
) -> bytes:
    said = about.language
    figure = Picture(figsize=A4, facecolor="#ffffff")
    put = figure.text
    title = text("target", said, rank=rank)
    if "name" in row and isinstance(row["name"], str):
        title += f" · {row['name']}"
    put(0.08, 0.955, title, fontsize=17, color=INK, weight="bold")
    banners = "   ".join(filter(None, [about.banner, about.fiction]))
    put(0.08, 0.937, banners, fontsize=8, color="#a3242c", weight="bold")
    put(0.08, 0.921, "   ".join(f"{name}: {value}" for name, value in about.facts), fontsize=8, color=SOFT)
    terms = [f"{name}: {value}" for name, value in about.terms] or [about.unstated]
    foot = [part for line in (*terms, text("page.reported", said)) for part in textwrap.wrap(line, 120)]
    put(0.08, 0.03, "\n".join(foot), fontsize=7.5, color=SOFT, linespacing=1.3)
    bottom = 0.05 + 0.0116 * len(foot)
    lines = [
        (textwrap.wrap(head, 24), [part for line in str(body).splitlines() for part in textwrap.wrap(line, 84)])
        for head, body in _lines(row, areas, measures, said)
    ]
    height = sum(PITCH * max(map(len, line)) + GAP for line in lines)
    # the map gives way to a long text, and what then does not fit is set smaller: no line may fall off the sheet
    top = min(0.90 - LEAST_MAP, max(0.49, bottom + height))
    size = min(1.0, (top - bottom) / height)
    _map(figure.add_axes((0.08, top + 0.02, 0.84, 0.89 - top)), row, areas, neighbourhoods)
    for head, body in lines:
        put(0.08, top, "\n".join(head), fontsize=8.5 * size, color=SOFT, va="top", linespacing=1.35)
        put(0.28, top, "\n".join(body), fontsize=9 * size, color=INK, va="top", linespacing=1.35)
        top -= size * (PITCH * max(len(head), len(body)) + GAP)
    buffer = BytesIO()
    figure.savefig(buffer, format="pdf")
    return buffer.getvalue()


def _lines(
    row: pd.Series, areas: gpd.GeoDataFrame, measures: pd.DataFrame | None, said: Language
) -> list[tuple[str, str]]:
    """What the sheet says of an area, each behind its name."""
    between = f"{number(row['expected_low'], said)} – {number(row['expected_high'], said)}"
    about = areas.attrs
    lines = [
        (text("row.hours", said), row["hours"]),
        (
            text("row.expected_period", said),
            text(
                "sheet.expected", said, n=number(row["expected"], said, decimals=1), between=between,
                crime=crime(about.get("crime_type"), said), days=about.get("horizon_days", "?"),
            ),
        ),
        (text("row.area_ha", said), f"{number(row['area_ha'], said)} ha"),
        *[
            (text(f"row.{name}", said), row[name])
            for name in ("streets", "nearby")
            if isinstance(row.get(name), str)
        ],
        (text("row.reasons", said), row["reasons"]),
        (text("row.backtest", said), row["backtest"]),
        (text("row.doubts", said), row["doubts"]),
    ]  # fmt: skip
    if measures is not None and len(measures):
        listed = "\n".join(
            f"{each.aimed_at}{f' ({each.sector})' if each.sector else ''}: {each.measure}"
            for each in measures.itertuples()
        )
        lines.append((text("sheet.measures", said), listed))
    return lines


def _map(ax: Any, row: pd.Series, areas: gpd.GeoDataFrame, neighbourhoods: gpd.GeoDataFrame) -> None:
    """Neighbourhoods around the area with their names, the area on top."""
    ax.set_aspect("equal")
    shown = neighbourhoods.to_crs(areas.crs)
    water = shown["is_water"].to_numpy(bool) if "is_water" in shown else None
    shown.plot(ax=ax, color=LAND, edgecolor="#5d6a75", linewidth=0.6, aspect=None)
    if water is not None and water.any():
        shown[water].plot(ax=ax, color=WATER, edgecolor="none", aspect=None)
    areas.boundary.plot(ax=ax, color=AREA, linewidth=0.8, linestyle=":", aspect=None)
    areas.loc[[row.name]].plot(ax=ax, facecolor=f"{AREA}55", edgecolor=AREA, linewidth=2, aspect=None)
    # The view follows the whole of the area, on round hundreds of metres, not the incidents.
    west, south, east, north = row["geometry"].bounds
    reach = max(800.0, east - west, north - south)
    middle = (round((west + east) / 200) * 100, round((south + north) / 200) * 100)
    ax.set_xlim(middle[0] - 1.3 * reach, middle[0] + 1.3 * reach)
    ax.set_ylim(middle[1] - 0.85 * reach, middle[1] + 0.85 * reach)
    for name, at in zip(shown["name"], shown.representative_point(), strict=True):
        ax.text(at.x, at.y, str(name), fontsize=6.5, color=SOFT, ha="center", clip_on=True)
    ax.set_xticks([])
    ax.set_yticks([])
    ax.set_xlabel("")
    ax.set_ylabel("")
