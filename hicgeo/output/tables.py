"""Tables for other programs: CSV that Dutch Excel opens right, GeoPackage for a GIS."""

from __future__ import annotations

import csv
import io
import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from hicgeo.errors import InputError
from hicgeo.output._write import replacing, write_bytes
from hicgeo.output.disclosure import check_profile, release
from hicgeo.output.language import Language, check_language

_FORMULA = re.compile(r"^[\s\x00]*[=+\-@＝＋－＠\t\r]")
_NUMBER = re.compile(r"[+-]?\d+([.,]\d+)?")


def write_table(
    table: pd.DataFrame, path: str | os.PathLike[str], *, profile: str = "driehoek", language: str = "nl"
) -> Path:
    """Write a table for a spreadsheet (.csv) or a GIS (.gpkg), if it may leave the house.

    Parameters
    ----------
    table
        Any table; named index levels become columns. Not changed.
    path
        A name ending in .csv, or .gpkg for a table with geometry.
    profile
        "driehoek" lets only tables of areas through, "intern" everything.
    language
        Of numbers in a CSV: "nl" gives semicolons and decimal commas, "en" commas and points.

    Returns
    -------
    Path
        The file.

    Raises
    ------
    DisclosureError
        The table may not leave under this profile. Nothing is written.
    InputError
        The format does not fit the table, language or profile is unknown, or the file cannot be written.

    Notes
    -----
    A text that a spreadsheet would run as a formula gets an apostrophe in front. Line breaks in texts become spaces.
    Missing values are empty cells. Written in one step: there is never a part of a file. O(cells).

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
    released = release(table, check_profile(profile))
    spatial = "geometry" in released and hasattr(released, "geometry")
    kind = target.suffix.lower()
    if kind == ".csv" and not spatial:
        return write_bytes(target, _csv(released, said))
    if kind == ".gpkg" and spatial:
        with replacing(target) as part:
            _geopackage(released, part, target.stem)
        return target
    raise InputError(
        "a table is written as .csv, a table with geometry as .gpkg",
        f"{target.suffix or 'no suffix'!r} for a table {'with' if spatial else 'without'} geometry",
        'drop the geometry (table.drop(columns="geometry")) for a spreadsheet, or choose the other format',
    )


def _flat(table: pd.DataFrame) -> pd.DataFrame:
    """Return the table with its named index levels as columns in front."""
    unnamed = [place for place, name in enumerate(table.index.names) if name is None]
    if len(unnamed) == table.index.nlevels:
        return table.reset_index(drop=True)
    return table.reset_index(level=unnamed, drop=True).reset_index() if unnamed else table.reset_index()


def _csv(table: pd.DataFrame, language: Language) -> bytes:
    flat = _flat(table)
    out = io.StringIO(newline="")
    writer = csv.writer(out, delimiter=";" if language == "nl" else ",", lineterminator="\r\n")
    writer.writerow([_text(str(name)) for name in flat.columns])
    columns = [[_cell(value, language) for value in flat.iloc[:, place]] for place in range(flat.shape[1])]
    writer.writerows(zip(*columns, strict=True))
    return b"\xef\xbb\xbf" + out.getvalue().encode()  # Excel takes a CSV for UTF-8 only with this mark


def _cell(value: Any, language: Language) -> str:
    if (
        value is None
        or value is pd.NA
        or value is pd.NaT
        or (isinstance(value, float | np.floating) and np.isnan(value))
    ):
        return ""
    if isinstance(value, bool | np.bool_):
        return {"nl": ("nee", "ja"), "en": ("no", "yes")}[language][bool(value)]
    if isinstance(value, int | np.integer):
        return str(int(value))
    if isinstance(value, float | np.floating):
        exact = float(value)
        digits = str(int(exact)) if exact.is_integer() and abs(exact) < 1e15 else repr(exact)
        return digits.replace(".", ",") if language == "nl" else digits
    return _text(str(value))


def _text(value: str) -> str:
    """Text of one line that no spreadsheet takes for a formula."""
    line = re.sub(r"[\r\n]+", " ", value).replace("\x00", "")
    return f"'{line}" if _FORMULA.match(value) and not _NUMBER.fullmatch(value) else line


def _geopackage(table: Any, path: Path, layer: str) -> None:
    flat: Any = _flat(table)
    for name in flat.columns:
        if isinstance(flat[name].dtype, pd.CategoricalDtype | pd.PeriodDtype):
            flat[name] = flat[name].astype("str")
    path.unlink()  # GDAL would open the empty file as a broken database
    with _fixed_date():
        flat.to_file(path, layer=layer, driver="GPKG", engine="pyogrio")


@contextmanager
def _fixed_date() -> Iterator[None]:
    """Keep the clock out of the GeoPackage: the same table gives the same bytes."""
    import pyogrio

    before = pyogrio.get_gdal_config_option("OGR_CURRENT_DATE")
    pyogrio.set_gdal_config_options({"OGR_CURRENT_DATE": "2000-01-01T00:00:00.000Z"})
    try:
        yield
    finally:
        pyogrio.set_gdal_config_options({"OGR_CURRENT_DATE": before})
