"""Tables for other programs: CSV and XLSX that Dutch Excel opens right, and files for a GIS or a navigation device."""

from __future__ import annotations

import csv
import io
import os
import re
from collections.abc import Callable, Hashable, Mapping
from datetime import date as Date
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from hicgeo.errors import DisclosureError, InputError
from hicgeo.output import _geo
from hicgeo.output._about import About
from hicgeo.output._write import deliver
from hicgeo.output.catalogue import CATALOGUE
from hicgeo.output.disclosure import THRESHOLD, Handling, Ledger, check_profile, claim, release
from hicgeo.output.language import Language, base_name, check_language, text

if TYPE_CHECKING:
    import xarray as xr

PLAIN = (".csv", ".xlsx")
SPATIAL = (".gpkg", ".geojson", ".gpx")
MAX_ROWS = 1_048_575
"""Rows of a worksheet below its header."""
MAX_TEXT = 32_767
"""Characters of a cell of a worksheet."""
NUMBER_FORMATS = {"whole": "#,##0", "share": "0.0%", "p": "0.000", "number": "#,##0.0#", "day": "dd-mm-yyyy"}
"""As Excel stores them: with Dutch settings it shows 1.234,5 and 35,5%."""

_FORMULA = re.compile(r"^[\s\x00]*[=+\-@＝＋－＠\t\r]")
_LATER = re.compile(r"([;,\t]\s*)(?=[=+\-@＝＋－＠])")
_NUMBER = re.compile(r"[+-]?\d+([.,]\d+)?")
_SHARES = re.compile(r"coverage|probability|share(_.*)?|.*_share")
_P_VALUES = re.compile(r"p|p_.*")
ABOUT = ("crime_type", "period", "against", "base", "per")
"""Attrs of a table that hold for all its rows: columns of a file, so that who gets only the file knows what it is."""
IN_WORDS = ("role", "side", "effect")
"""Columns whose values stand in the language of the file."""


def write_table(
    table: pd.DataFrame,
    path: str | os.PathLike[str],
    *,
    profile: str = "driehoek",
    language: str = "nl",
    threshold: int = THRESHOLD,
    ledger: Ledger | None = None,
    period: str = "",
    source: str = "",
    date: Date | None = None,
    handling: Handling | None = None,
    fictional: bool = False,
    addresses: xr.DataArray | None = None,
) -> Path:
    """Write a table for a spreadsheet (.csv, .xlsx), a GIS (.gpkg, .geojson) or a navigation device (.gpx).

    Parameters
    ----------
    table
        Any table; named index levels become columns. Not changed.
    path
        A name ending in .csv or .xlsx, for a table with geometry in .gpkg, .geojson or .gpx.
    profile
        "driehoek" lets only tables of areas through, "openbaar" hides their small figures besides, "intern" lets
        everything through.
    language
        Of a CSV: "nl" gives semicolons and decimal commas, "en" commas and points. A worksheet holds numbers, which
        Excel shows as the computer is set; the language decides on yes and no.
    threshold
        In a public table, counts from 1 to below it are hidden, with what would give them away.
    ledger
        Earlier exports, against which a public table is checked, and to which this one is added.
    period, source, date, handling, fictional
        As in `HotspotMap`; a period in the attrs of the table goes before. With `handling` the file says all of it: on
        a second sheet of a workbook, in GPX, GeoJSON and GeoPackage as the description. A CSV has no place for it.
    addresses
        Number of addresses per cell: shapes of cells in which a cell has fewer than 8 are left out for others than the
        analyst.

    Returns
    -------
    Path
        The file. Another name than asked for when the old file is open in another program; a warning says so.

    Raises
    ------
    DisclosureError
        The table may not leave under this profile. Nothing is written.
    InputError
        The format does not fit the table, language or profile is unknown, or the file cannot be written.

    Notes
    -----
    No cell is ever a formula: in a CSV a text that a spreadsheet would run gets an apostrophe in front (also behind a
    comma, semicolon or tab in it, where a program with other settings begins a cell), in a worksheet it is stored as
    text with the mark that keeps it text when it is edited. Line breaks in a CSV become spaces.
    What attrs say of all rows (crime type, period, denominator and per how many) stands in columns at the end, where
    the table has no such column: a file is passed on alone. So does `border_moved`, beside rates: where the border of
    an area probably moved since the count, its rate is none. Missing values are empty cells. Whole numbers are exact in
    every file. For others than the analyst parts of incidents have one decimal, and other figures three digits (at 100
    or more one decimal): from more the window of a single incident follows. A GeoPackage carries a style for QGIS;
    GeoJSON and GPX are in degrees (WGS 84), GPX has the outline and a waypoint of each area. The same table gives the
    same bytes.
    Written in one step: there is never a part of a file. O(cells + vertices).

    Examples
    --------
    >>> import pandas as pd, tempfile
    >>> rates = pd.DataFrame({"name": ["=1+1"], "rate": [8.25]}, index=pd.Index(["BU99990001"], name="code"))
    >>> file = write_table(rates, f"{tempfile.mkdtemp()}/rates.csv")
    >>> print(file.read_text(encoding="utf-8-sig"))
    code;name;rate
    BU99990001;'=1+1;8,25
    """
    target, said = Path(path), check_language(language)
    known = check_profile(profile)
    released = release(table, known, threshold=threshold, ledger=ledger, addresses=addresses)
    spatial = "geometry" in released and hasattr(released, "geometry")
    kind = target.suffix.lower()
    if kind not in (SPATIAL if spatial else PLAIN):
        raise InputError(
            f"a table is written as {' or '.join(PLAIN)}, a table with geometry as {', '.join(SPATIAL)}",
            f"{target.suffix or 'no suffix'!r} for a table {'with' if spatial else 'without'} geometry",
            'drop the geometry (table.drop(columns="geometry")) for a spreadsheet, or choose the other format',
        )
    if released.attrs.get("uncounted"):
        released = released.dropna(axis="columns", how="all")
    if ledger is not None:
        claim(ledger, target, known)
    flat = _flat(released) if known == "intern" else _blunt(_flat(released))
    facts = {"period": released.attrs.get("period") or period, "source": source, "date": date}
    about = About(known, said, facts, handling, fictional, threshold) if handling else None
    flat = _read_alone(flat, released.attrs, said)
    file = deliver(target, _content(flat, kind, target.stem, said, about))
    if ledger is not None:
        ledger.record(file, profile=known)
    return file


def _content(
    flat: pd.DataFrame, kind: str, name: str, language: Language, about: About | None
) -> bytes | Callable[[Path], None]:
    """Bytes of a file of this kind, or what writes them."""
    if kind == ".csv":
        return _csv(flat, language)
    if kind == ".xlsx":
        return _xlsx(flat, name, language, about)
    described = str(about or "")
    if kind == ".gpkg":
        return lambda part: _geo.geopackage(flat, part, name, described)
    return _geo.geojson(flat, described) if kind == ".geojson" else _geo.gpx(flat, described)


def write_surface(surface: xr.DataArray, path: str | os.PathLike[str], *, profile: str = "driehoek") -> Path:
    """Write a surface as GeoTIFF, for the analyst's own GIS.

    Parameters
    ----------
    surface
        Surface of `hicgeo.kde`: incidents per km2 at cell centres.
    path
        A name ending in .tif.
    profile
        Must be "intern": the exact values of a surface can be turned back into places.

    Returns
    -------
    Path
        The file.

    Raises
    ------
    DisclosureError
        The profile is an outward one. Nothing is written.
    InputError
        It is no surface, the name does not end in .tif, or the file cannot be written.

    Notes
    -----
    Rows run from north to south as GIS programs expect; outside the study area is NaN, marked as no data. The same
    surface gives the same bytes. O(cells).

    Examples
    --------
    >>> import numpy as np, tempfile, xarray as xr
    >>> surface = xr.DataArray([[1.0, 2.0], [3.0, np.nan]], dims=("y", "x"), attrs={"crs": "EPSG:28992",
    ...                        "cell_size": 100.0}, coords={"y": [450050.0, 450150.0], "x": [80050.0, 80150.0]})
    >>> write_surface(surface, f"{tempfile.mkdtemp()}/a.tif", profile="intern").name
    'a.tif'
    """
    target = Path(path)
    if check_profile(profile) != "intern":
        raise DisclosureError(
            "the exact values of a surface must stay in the house",
            f"profile={profile!r}",
            "put it on a map, where it is shown in classes (HotspotMap.add_surface), or use profile='intern'",
        )
    if target.suffix.lower() not in (".tif", ".tiff"):
        raise InputError("a surface is written as .tif", f"{target.suffix or 'no suffix'!r}", "choose that suffix")
    return deliver(target, _geo.geotiff(surface))


def _blunt(flat: pd.DataFrame) -> pd.DataFrame:
    """Table with parts of incidents to one decimal, and other figures to three digits; whole numbers stay.

    An incident of which only the window is known counts for a part in each month: from all digits of a part, minutes in
    the month over minutes of the window, follow the times at which the window began and ended.
    """
    out = flat.copy()
    for name in out.columns:
        if not pd.api.types.is_float_dtype(out[name]):
            continue
        values = out[name].to_numpy(float, na_value=np.nan)
        with np.errstate(divide="ignore"):
            digits = 2 - np.floor(np.log10(np.abs(values)))
        parts = re.match(r"incidents|difference", str(name)) is not None
        out[name] = [
            value if not np.isfinite(value) or value == 0 else round(value, 1 if parts else max(1, int(place)))
            for value, place in zip(values.tolist(), digits.tolist(), strict=True)
        ]
    return out


def _flat(table: pd.DataFrame) -> pd.DataFrame:
    """Return the table with its named index levels as columns in front."""
    unnamed = [place for place, name in enumerate(table.index.names) if name is None]
    if len(unnamed) == table.index.nlevels:
        return table.reset_index(drop=True)
    return table.reset_index(level=unnamed, drop=True).reset_index() if unnamed else table.reset_index()


def _read_alone(flat: pd.DataFrame, about: Mapping[Hashable, Any], language: Language) -> pd.DataFrame:
    """Table that says in itself what it is of, in the words of its reader."""
    known = {}
    for name in ABOUT:
        value, column = about.get(name), "base_name" if name == "base" else name
        if not isinstance(value, str | int | float | tuple | list) or value == "" or column in flat:
            continue  # attrs are the user's own too
        known[column] = "/".join(map(str, value)) if isinstance(value, tuple | list) else value
    moved = about.get("moved_border")
    if isinstance(moved, list) and "code" in flat and "state" in flat:  # its rate is no rate of the area
        known = {"border_moved": flat["code"].isin(moved), **known}
    out = flat.assign(**known)
    if "base_name" in known:
        out["base_name"] = base_name(str(known["base_name"]), language)
    for column in out.columns.intersection(IN_WORDS):
        for label in out[column].unique():
            if f"column.{column}.{label}" in CATALOGUE:
                out[column] = out[column].astype(object).replace(label, text(f"column.{column}.{label}", language))
    return out


def _csv(flat: pd.DataFrame, language: Language) -> bytes:
    out = io.StringIO(newline="")
    writer = csv.writer(out, delimiter=";" if language == "nl" else ",", lineterminator="\r\n")
    writer.writerow([_text(str(name)) for name in flat.columns])
    columns = [[_cell(value, language) for value in flat.iloc[:, place]] for place in range(flat.shape[1])]
    writer.writerows(zip(*columns, strict=True))
    return b"\xef\xbb\xbf" + out.getvalue().encode(errors="replace")  # Excel takes it for UTF-8 only with this mark


def _cell(value: Any, language: Language) -> str:
    if _missing(value):
        return ""
    if isinstance(value, bool | np.bool_):
        return _yes(value, language)
    if isinstance(value, int | np.integer):
        return str(int(value))
    if isinstance(value, float | np.floating):
        exact = float(value)
        digits = str(int(exact)) if exact.is_integer() and abs(exact) < 1e15 else repr(exact)
        return digits.replace(".", ",") if language == "nl" else digits
    return _text(str(value))


def _missing(value: Any) -> bool:
    return (
        value is None
        or value is pd.NA
        or value is pd.NaT
        or (isinstance(value, float | np.floating) and value != value)
    )


def _yes(value: Any, language: Language) -> str:
    return {"nl": ("nee", "ja"), "en": ("no", "yes")}[language][bool(value)]


def _text(value: str) -> str:
    """Text of one line that no spreadsheet takes for a formula."""
    line = re.sub(r"[\r\n]+", " ", value).replace("\x00", "")
    line = _LATER.sub(r"\1'", line)  # a program that separates by another sign begins a cell there
    return f"'{line}" if _FORMULA.match(value) and not _NUMBER.fullmatch(value) else line


def _xlsx(flat: pd.DataFrame, name: str, language: Language, about: About | None) -> bytes:
    """Give a workbook: header in bold, frozen and with a filter, numbers as numbers; on a second sheet its use."""
    import xlsxwriter  # type: ignore[import-untyped]  # it ships no types

    if len(flat) > MAX_ROWS:
        raise InputError(
            f"a worksheet holds at most {MAX_ROWS:,} rows", f"{len(flat):,}", "write it as .csv, or aggregate first"
        )
    out = io.BytesIO()
    book = xlsxwriter.Workbook(out, {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False})
    book.set_properties({"created": datetime(2000, 1, 1)})  # no clock: the same table gives the same bytes
    sheet = book.add_worksheet(re.sub(r"[\[\]:*?/\\']", "-", name)[:31] or "tabel")
    head = book.add_format({"bold": True, "bottom": 1, "quote_prefix": True})
    plain, quoted = book.add_format(), book.add_format({"quote_prefix": True})
    formats = {kind: book.add_format({"num_format": code}) for kind, code in NUMBER_FORMATS.items()}
    for place, column in enumerate(flat.columns):
        values = flat.iloc[:, place]
        number = formats[_kind(column, values)]
        said = [str(column)]
        sheet.write_string(0, place, _legal(str(column)), head)
        for row, value in enumerate(values, start=1):
            if _missing(value):
                continue
            if isinstance(value, bool | np.bool_):
                label = _yes(value, language)
            elif isinstance(value, int | float | np.number) and np.isfinite(value):
                sheet.write_number(row, place, float(value), number)
                continue
            elif isinstance(value, Date):
                sheet.write_datetime(row, place, pd.Timestamp(value).tz_localize(None).to_pydatetime(), formats["day"])
                continue
            else:
                label = _legal(str(value))
            said.append(label)
            sheet.write_string(row, place, label, quoted if _FORMULA.match(label) else plain)
        sheet.set_column(place, place, min(60, 2 + max(map(len, said))))
    sheet.freeze_panes(1, 0)
    if len(flat.columns):
        sheet.autofilter(0, 0, len(flat), len(flat.columns) - 1)
    if about is not None:
        use = text("sheet.use", language)
        second = book.add_worksheet(use if use.lower() != sheet.get_name().lower() else f"{use} 2")
        second.set_column(0, 0, 16)
        for row, (label, value) in enumerate(about.rows()):
            second.write_string(row, 0 if label else 1, label or value, head)
            if label:
                second.write_string(row, 1, _legal(value), quoted)
        second.set_column(1, 1, 60)
    book.close()
    return out.getvalue()


def _kind(column: Hashable, values: pd.Series) -> str:
    """How the numbers of a column are shown."""
    if _P_VALUES.fullmatch(str(column)):
        return "p"
    if _SHARES.fullmatch(str(column)):
        return "share"
    if pd.api.types.is_bool_dtype(values) or not pd.api.types.is_numeric_dtype(values):
        return "number"
    known = values.dropna().to_numpy(float)
    return "whole" if (known == np.floor(known)).all() else "number"


def _legal(text: str) -> str:
    """Text as a worksheet can hold it."""
    return text.encode(errors="replace").decode()[:MAX_TEXT].replace("\x00", "")
