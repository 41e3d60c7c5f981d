"""School holidays: periods that the user has a source for; hicgeo knows no dates of its own."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pandas as pd

from hicgeo.errors import ColumnError, InputError
from hicgeo.sources import _open
from hicgeo.sources._ledger import match_titles
from hicgeo.sources._records import read_table
from hicgeo.sources._times import Dates, read_dates

REGIONS = ("noord", "midden", "zuid")
TITLES = {
    "start": ("start", "startdatum", "begin", "begindatum", "van", "vanaf", "start_date"),
    "end": ("end", "einde", "eind", "einddatum", "tot en met", "t/m", "tot", "end_date"),
    "region": ("region", "regio"),
}


LEAST_DAYS = 3
MOST_A_YEAR = 30
"""Rows that begin in a year: six holidays, for several kinds of schools."""


def read_school_holidays(
    source: str | Path, *, columns: Mapping[str, str] | None = None, region: str | None = None
) -> pd.DataFrame:
    r"""Read the periods of school holidays from a table.

    Parameters
    ----------
    source
        CSV or XLSX, one row per holiday (and region). Dates as 2024-07-13 or 13-07-2024.
    columns
        Our name -> title in the file: `start`, `end` (both days included) and `region`; usual titles are recognised.
    region
        "noord", "midden" or "zuid": the rows that name it, or no region or "heel Nederland". Left out where the file
        has one region.

    Returns
    -------
    DataFrame
        `start` and `end`, in order: what `darkness_effect` takes.

    Raises
    ------
    InputError
        The file cannot be read; a date is none or ends before it starts; the rows are too short or too many for
        holidays; a region is unknown, is not in the file, or is
        not chosen while there are several.
    ColumnError
        A column is missing.

    Notes
    -----
    O(rows).

    Examples
    --------
    >>> import tempfile, pathlib, hicgeo
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     file = pathlib.Path(folder, "vakanties.csv")
    ...     _ = file.write_text("regio;begin;eind\nnoord;01-07-2030;10-07-2030\nzuid;05-07-2030;9-07-2030\n")
    ...     hicgeo.read_school_holidays(file, region="zuid")["end"].dt.day.tolist()
    [9]
    """
    path = _open.check_path(source)
    table = read_table(path)
    cells = table.cells.reset_index(drop=True)
    columns = dict(columns or {})
    if unknown := [name for name in columns if name not in TITLES]:
        raise ColumnError(f"the names in columns must be ours: {', '.join(TITLES)}", ", ".join(unknown), "rename them")
    titles = match_titles([str(title) for title in cells], {**TITLES, **columns}, ["start", "end", *columns], path.name)
    said = cells[titles["region"]].fillna("").str.lower().str.strip() if "region" in titles else None
    kept = _of_region(said, region, len(cells))
    first, last = (
        read_dates(cells[titles[name]], titles[name], table.ledger, Dates()).to_numpy("datetime64[D]")
        for name in ("start", "end")
    )
    for bad, what in ((np.isnat(first) | np.isnat(last), "without two dates"), (last < first, "end before they start")):
        if (wrong := bad & kept).any():
            where = f"{wrong.sum()} {what} (first: row {int(np.argmax(wrong)) + 2})"
            raise InputError("a school holiday must have a first and a last day", where, "correct these rows")
    out = pd.DataFrame({"start": first[kept], "end": last[kept]}).drop_duplicates()
    _check_holidays(out)
    return out.sort_values(["start", "end"], ignore_index=True)


def _check_holidays(table: pd.DataFrame) -> None:
    """Refuse what has a first and a last day too, but no holidays: an export of incidents, say."""
    if table.empty:
        return
    days = int(((table["end"] - table["start"]).dt.days + 1).median())
    a_year = int(table["start"].dt.year.value_counts().max())
    if days < LEAST_DAYS or a_year > MOST_A_YEAR:
        raise InputError(
            f"school holidays must be at most {MOST_A_YEAR} a year, most of them of {LEAST_DAYS} days or more",
            f"{a_year} that begin in one year, and half of all take {days} days or fewer",
            "name the table of the school holidays, or leave it out",
        )


def _of_region(said: pd.Series | None, region: str | None, rows: int) -> np.ndarray:
    """Rows that hold for a region."""
    if region is not None and region not in REGIONS:
        raise InputError("region must be noord, midden or zuid", repr(region), "choose one")
    if said is None:
        if region is not None:
            raise InputError("a file must name the region of each holiday", "no column of it", "leave region out")
        return np.ones(rows, bool)
    named = {each: said.str.contains(rf"\b{each}\b", regex=True).to_numpy(bool) for each in REGIONS}
    everywhere = said.isin(["", "-", "alle", "heel nederland", "landelijk", "nl", "nederland"]).to_numpy(bool)
    unknown = ~everywhere & ~np.any(list(named.values()), axis=0)
    if unknown.any():
        raise InputError(
            "a region must be noord, midden, zuid, or empty for all of them",
            f"{unknown.sum()} others (first: row {int(np.argmax(unknown)) + 2})",
            "correct these rows",
        )
    there = [each for each in REGIONS if named[each].any()]
    if region is None:
        if len(there) > 1:
            raise InputError(
                "one region must be chosen", f"the file has {', '.join(there)}", f"region: {there[0]}, say"
            )
        return np.ones(rows, bool)
    if there and region not in there:
        raise InputError(f"the file must have holidays of {region}", f"of {', '.join(there)}", "take another file")
    return named[region] | everywhere
