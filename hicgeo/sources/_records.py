"""Files of every kind as records of text cells."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from hicgeo.errors import InputError
from hicgeo.sources import _open
from hicgeo.sources._child import as_text
from hicgeo.sources._database import Database
from hicgeo.sources._delimited import read_delimited
from hicgeo.sources._ledger import FOOTER, INVISIBLE, MAX_RAW, TEXT, Ledger, Table, check_titles

if TYPE_CHECKING:
    import geopandas as gpd


MAX_MOJIBAKE = 0.01
"""Share of records with text decoded wrongly, above which a file is refused."""
_ERRORS = (
    *("#N/A", "#N/B", "#REF!", "#VERW!", "#VALUE!", "#WAARDE!", "#NAME?", "#NAAM?", "#DIV/0!", "#DEEL/0!"),
    *("#NUM!", "#GETAL!", "#NULL!", "#LEEG!", "#SPILL!", "#OVERLOOP!", "#CALC!"),
)
"""What Excel shows in a cell that has no value, in English and in Dutch."""
_ODD = f"{INVISIBLE.pattern}|[\u0300-\u036f]"
_WRAPPINGS = (
    ('="', r'^="([^"]*)"$', "formula_text", "a formula that only holds a text was read as that text"),
    ("'", r"^'([0-9][^']*)$", "apostrophe", "an apostrophe that makes a number a text was removed"),
)
_LATE = "".join(bytes([byte]).decode("cp1252", "ignore") for byte in range(0x80, 0xC0))
_MOJIBAKE = f"[ÂÃ][\u0080-\u00bf{re.escape(_LATE)}]|â[\u0080-\u00bf{re.escape(_LATE)}]{{2}}"
"""Two or three bytes of UTF-8 that were read as characters of cp1252: é as Ã©, € as â‚¬."""


def read_table(
    path: Path | Database,
    *,
    sheet: str | None = None,
    layer: str | None = None,
    encoding: str | None = None,
    multiline: bool = False,
) -> Table:
    """Read the records of any file or database that the door lets through.

    Raises
    ------
    InputError
        The file cannot be read as a table with a header and at least one record.
    """
    if isinstance(path, Database):
        table = _from_vector(path.read())
    else:
        with _open.unpacked(path, layer) as (file, layer_there):
            kind = _open.kind_of(file)
            if kind == "delimited":
                table = read_delimited(_open.read_bytes(file), encoding, multiline=multiline)
            elif kind == "xlsx":
                table = read_sheet(file, sheet)
            else:
                table = _from_vector(_open.read_vector(file, layer_there))
    if table.read == 0:
        raise InputError(f"{path.name} must have at least one record", "0 rows", "export the period again")
    return strike(table, path.name)


def strike(table: Table, name: str) -> Table:
    """Reject what is no record (titles, totals, errors of Excel); refuse a table of text that was decoded wrongly.

    Raises
    ------
    InputError
        Over 1 % of the records have signs of a wrong decoding.
    """
    _clean(table)
    _strike_furniture(table)
    _strike_errors(table)
    if table.mojibake:
        _note_mojibake(table, name)
    return table


def _clean(table: Table) -> None:
    """Take from cells what a spreadsheet put there, and what cannot be seen: 12 must not differ from 12."""
    for title in table.cells:
        text = table.cells[title]
        for start, pattern, kind, said in _WRAPPINGS:
            wrapped = np.array(text.str.startswith(start), bool)
            if wrapped.any():
                bare = text[wrapped].str.replace(pattern, r"\1", regex=True)
                text = _mended(table, str(title), wrapped, bare, kind, said)
        if table.odd_signs:
            odd = np.array(text.str.contains(_ODD, regex=True), bool)
            if odd.any():
                seen = text[odd].str.replace(INVISIBLE.pattern, "", regex=True).str.normalize("NFC")
                said = "signs that cannot be seen were removed, and accents joined to their letters"
                text = _mended(table, str(title), odd, seen, "invisible_sign", said)


def _mended(table: Table, title: str, places: Any, values: pd.Series, kind: str, said: str) -> pd.Series:
    """Put values in a column at some places, and list those that changed."""
    before = table.cells[title]
    after = before.copy()
    after[places] = values
    changed = np.array(before.fillna("") != after.fillna(""), bool)
    table.ledger.repair(changed, kind, title, (before, after), said)
    table.cells[title] = after
    return after


def _strike_errors(table: Table) -> None:
    """Reject records with a cell in which Excel shows an error."""
    for title in table.cells:
        text = table.cells[title]
        suspect = np.array(text.str.startswith("#"), bool)
        if suspect.any():
            suspect[suspect] = text[suspect].isin(_ERRORS)
            table.ledger.reject(suspect, "error_cell", str(title), text)


def _note_mojibake(table: Table, name: str) -> None:
    """Note text of UTF-8 that was once read as cp1252; refuse a file that is full of it."""
    hit = np.zeros(len(table.cells), bool)
    for title in table.cells:
        text = table.cells[title]
        for sign in "ÂÃâ":
            suspect = np.array(text.str.contains(sign, regex=False), bool)
            if suspect.any():
                suspect[suspect] = text[suspect].str.contains(_MOJIBAKE, regex=True)
                hit |= suspect
    hit &= table.ledger.standing
    if hit.sum() > MAX_MOJIBAKE * table.read and hit.sum() > 1:
        raise InputError(
            f"the text of {name} must be decoded as it was encoded",
            f"{hit.sum()} of {table.read} records have signs of UTF-8 that was read as cp1252 "
            f"(first: line {table.ledger.line[np.argmax(hit)]})",
            "export it again as UTF-8, without opening it in another program first",
        )
    table.ledger.note("mojibake", None, hit, "text of UTF-8 that was once read as cp1252: kept as it is")


def _strike_furniture(table: Table) -> None:
    """Reject what is no record: headers in the middle of a concatenated export, and lines of totals."""
    cells, ledger = table.cells, table.ledger
    if cells.empty:
        return
    first = cells.iloc[:, 0].fillna("").str.strip()
    titles = pd.Series([str(c) for c in cells.columns], index=cells.columns)
    repeated = np.array(first.isin(titles))
    for place in np.flatnonzero(repeated):
        row = cells.iloc[place].fillna("").str.strip()
        repeated[place] = (row == titles).all()
        filled = row[row != ""]
        if not repeated[place] and len(filled) > 2 and (found := filled.isin(titles)).sum() * 2 > len(filled):
            if (filled[found] == titles[filled.index][found]).all():
                continue
            raise InputError(
                "columns must stand in one order",
                f"line {ledger.line[place]} has the titles in another",
                "split the file there: the records below it belong to those titles",
            )
    ledger.reject(repeated, "repeated_header", None, first)
    footer = np.array(first.str.match(FOOTER), bool)
    for place in np.flatnonzero(footer):
        footer[place] = (cells.iloc[place].fillna("").str.strip() != "").sum() <= 3
    ledger.reject(footer, "footer", str(cells.columns[0]), first)


def read_sheet(path: Path, sheet: str | None = None) -> Table:
    """Read the records of one sheet of an XLSX workbook, by value.

    Raises
    ------
    InputError
        The workbook is damaged, or several sheets hold data and none is named.
    """
    sheet_read = _open.read_sheet(path, sheet)
    rows, errors = sheet_read.rows, sheet_read.errors
    filled_rows = [place for place, row in enumerate(rows) if any(cell.strip() for cell in row)]
    if not filled_rows:
        raise InputError("the sheet must have a header and records", "an empty sheet (0 rows)", "export it again")
    head = filled_rows.pop(0)
    width = max(place for place, cell in enumerate(rows[head], 1) if cell.strip())
    names = check_titles(rows[head][:width])
    line = np.array(filled_rows, np.int64) + 1
    record = np.arange(1, len(line) + 1, dtype=np.int64)
    overhang = np.array([any(cell.strip() for cell in rows[i][width:]) for i in filled_rows], bool)
    ledger = Ledger(record[~overhang], line[~overhang])
    if overhang.any():
        outside = [next(c for c in rows[i - 1][width:] if c.strip())[:MAX_RAW] for i in line[overhang]]
        ledger.add_rejected(record[overhang], line[overhang], "too_long", None, outside)
    kept = [rows[i - 1][:width] for i in line[~overhang]]
    cells = pd.DataFrame(kept, columns=names, dtype=TEXT)
    for column in sorted({column for _, column in errors if column < width}):
        said = pd.Series([errors.get((int(place), column)) for place in ledger.line - 1], dtype=TEXT)
        formula = np.asarray(said.str.startswith("="), bool)
        ledger.reject(np.asarray(said.notna()) & ~formula, "error_cell", names[column], said)
        ledger.reject(formula, "formula_without_value", names[column], said)
    ledger.note("sheet", None, len(line), f"read from sheet {sheet_read.name}")
    if sheet_read.hidden:
        ledger.note("hidden_sheet", None, 0, f"{sheet_read.hidden} hidden sheets were not read")
    if sheet_read.merged:
        ledger.note("merged_cells", None, 0, f"{sheet_read.merged} merged ranges: only their first cell has a value")
    return Table(cells, ledger, len(line), epoch=sheet_read.epoch)


def _as_text(cell: Any) -> str:
    """Write a typed cell as the text that reads back to the same value."""
    if cell is pd.NaT or cell is pd.NA:
        return ""
    return as_text(cell.item() if isinstance(cell, np.generic) else cell)


def _from_vector(frame: gpd.GeoDataFrame) -> Table:
    """Take the records of a layer; attributes become text, so that all formats go through the same checks."""
    import geopandas as gpd

    has_geometry = isinstance(frame, gpd.GeoDataFrame) and frame._geometry_column_name in frame.columns
    index = pd.RangeIndex(len(frame))
    attributes = pd.DataFrame(frame.drop(columns=frame._geometry_column_name) if has_geometry else frame)
    if isinstance(attributes.index, pd.Index) and attributes.index.name is not None:
        attributes = attributes.reset_index()
    cells = pd.DataFrame(
        {str(name): pd.array([_as_text(v) for v in attributes[name]], dtype=TEXT) for name in attributes}, index=index
    )
    number = np.arange(1, len(frame) + 1, dtype=np.int64)
    geometry = gpd.GeoSeries(frame.geometry.array, index=index, crs=frame.crs) if has_geometry else None
    ledger = Ledger(number, number.copy())
    if deleted := frame.attrs.get("deleted", 0):
        ledger.note("deleted_rows", None, 0, f"{deleted} rows are marked as deleted in the file and were not read")
    return Table(cells, ledger, len(frame), geometry)
