"""Published counts per neighbourhood, type and month, as a full cube in which what was not published stays empty."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from hicgeo.errors import ColumnError, InputError
from hicgeo.schema import CRIME_TYPES
from hicgeo.sources import _open
from hicgeo.sources._codes import complete_codes
from hicgeo.sources._ledger import TEXT, Table, match_titles
from hicgeo.sources._records import read_table

POLICE_TITLES: Mapping[str, str] = {
    "1.1.1": "woninginbraak",
    "1.4.6": "straatroof",
    "1.4.7": "overval",
    **{name: name for name in CRIME_TYPES},
}
"""Codes of the police's open data, and our own names."""

ALL_ZERO = ("raise", "missing", "keep")
_NAMES = ("code", "crime_type", "month", "incidents")


def read_counts(
    source: str | Path,
    *,
    columns: Mapping[str, str | Sequence[str]],
    crime_types: Mapping[Any, str] | None = None,
    all_zero: str = "raise",
    provisional_from: str | None = None,
    encoding: str | None = None,
) -> pd.DataFrame:
    r"""Read published counts into a full cube of neighbourhood, crime type and month.

    Parameters
    ----------
    source
        CSV or TSV (packed with gzip or not) or XLSX with one row per neighbourhood, type and month.
    columns
        Title in the file of `code`, `crime_type`, `month` and `incidents`. `month` may be a list of two: the titles of
        the year and of the month's number.
    crime_types
        Code or title in the file -> crime type. When left out, the police's 1.1.1, 1.4.6 and 1.4.7 and our own names.
        Other types are left out, and counted in `attrs["left_out"]`.
    all_zero
        What a month means that is 0 in every neighbourhood for every type of the file, or a type that is 0 throughout:
        "raise" (say so), "missing" (the source prints 0 for what it did not publish) or "keep" (they are zeros).
    provisional_from
        First month of provisional counts, such as "2016-01".
    encoding
        Encoding of the file; recognised when left out.

    Returns
    -------
    DataFrame
        The count table of the data contracts, indexed by (`code`, `crime_type`, `month`): every neighbourhood, type and
        month from the first to the last of the file. `incidents` is NaN and `status` "missing" where the file has no
        row, an empty cell, or zeros that mean nothing was published. `attrs`: `source`, `period` (first and last
        month), `left_out` (per type the rows and incidents that are not used; years and totals under their own name),
        `missing_months`, `missing_types`, `absent` (cells of the cube without a row), `repaired_codes` (code in the
        file -> code in full).

    Raises
    ------
    InputError
        The file cannot be read; rows are broken, occur twice, or hold no month or whole number; no type is known; or
        zeros throughout with `all_zero="raise"`.
    ColumnError
        A column is missing.

    Notes
    -----
    Absent is not 0: a neighbourhood without rows is not in the table at all. Keys may carry trailing spaces, as those
    of CBS do. Rows of years (`2015JJ00`) and quarters are left out. O(rows + cells of the cube).

    Examples
    --------
    >>> import tempfile, pathlib, hicgeo
    >>> text = "wijk,soort,maand,aantal\n" + "\n".join(
    ...     ["WK051801,1.1.1 ,2015MM01,4", "WK051801,1.1.1 ,2015MM03,2", "WK051801,1.1.1 ,2015JJ00,6"]
    ... )
    >>> names = {"code": "wijk", "crime_type": "soort", "month": "maand", "incidents": "aantal"}
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     file = pathlib.Path(folder, "counts.csv")
    ...     _ = file.write_text(text)
    ...     counts = hicgeo.read_counts(file, columns=names)
    >>> counts["incidents"].tolist(), counts["status"].tolist()
    ([4.0, nan, 2.0], ['final', 'missing', 'final'])
    """
    if all_zero not in ALL_ZERO:
        raise InputError(f"all_zero must be one of {', '.join(ALL_ZERO)}", repr(all_zero), "choose one")
    path = _open.check_path(source)
    table = read_table(path, encoding=encoding)
    _refuse_rejects(table)
    titles = _titles(table, columns)
    cells = table.cells
    code, repaired = complete_codes(cells[titles["code"][0]])
    crime = _crime_types(cells[titles["crime_type"][0]], crime_types)
    month, part_of_year = _months(cells, titles["month"], table)
    number = _incidents(cells[titles["incidents"][0]], table, titles["incidents"][0])

    used = crime.notna().to_numpy() & ~part_of_year
    left_out = _left_out(cells[titles["crime_type"][0]], crime, part_of_year, number)
    if not used.any():
        raise InputError(
            "at least one crime type of the file must be known",
            f"types in the file: {', '.join(sorted(left_out)[:12])}",
            "map them: crime_types={code in the file: crime type}",
        )
    first, last = int(month[~part_of_year].min()), int(month[~part_of_year].max())
    cube, codes, types = _cube(
        code[used], crime[used], month[used] - first, number[used], last - first + 1, table, used
    )
    months = pd.period_range(pd.Period(ordinal=first, freq="M"), periods=last - first + 1, freq="M")
    absent = int(np.isnan(cube).sum())

    silent_months = _silent(month[~part_of_year] - first, number[~part_of_year], len(months))
    silent_types = np.array(
        [not np.nansum(cube[:, t]) and bool((~np.isnan(cube[:, t])).any()) for t in range(len(types))]
    )
    if all_zero == "raise" and (silent_months.any() or silent_types.any()):
        said = [f"month {m}" for m in months[silent_months]] + [
            f"type {types[t]}" for t in np.flatnonzero(silent_types)
        ]
        raise InputError(
            "zeros must be counts, not what was never published",
            f"0 everywhere in {', '.join(said[:12])}",
            'all_zero="missing" if the source prints 0 for what it did not publish, "keep" if nothing happened',
        )
    if all_zero == "missing":
        cube[:, :, silent_months] = np.nan
        cube[:, silent_types, :] = np.nan

    index = pd.MultiIndex.from_product([codes, types, months], names=["code", "crime_type", "month"])
    values = cube.ravel()
    status = np.where(np.isnan(values), "missing", "final").astype(object)
    if provisional_from is not None:
        late = np.tile(months >= _period(provisional_from), len(codes) * len(types))
        status[late & ~np.isnan(values)] = "provisional"
    out = pd.DataFrame({"incidents": values, "status": pd.array(status, dtype=TEXT)}, index=index)
    marked = all_zero == "missing"
    out.attrs = {
        "source": path.name,
        "period": (str(months[0]), str(months[-1])),
        "left_out": left_out,
        "missing_months": [str(m) for m in months[silent_months]] if marked else [],
        "missing_types": [types[t] for t in np.flatnonzero(silent_types)] if marked else [],
        "absent": absent,
        "repaired_codes": repaired,
    }
    return out


def _refuse_rejects(table: Table) -> None:
    """Refuse a table with broken rows: a count that is lost would read as not published."""
    rejected = table.ledger.rejected()
    rejected = rejected[~rejected["reason"].isin(("repeated_header", "footer"))]
    if len(rejected):
        reasons = ", ".join(f"{reason} {n}" for reason, n in rejected["reason"].value_counts().items())
        raise InputError(
            "every row of a count file must have all its fields",
            f"{len(rejected)} broken rows: {reasons} (first: line {rejected['line'].iloc[0]})",
            "export the file again",
        )
    kept = table.ledger.standing
    table.cells = table.cells[kept].reset_index(drop=True)
    table.ledger.line = table.ledger.line[kept]


def _titles(table: Table, columns: Mapping[str, str | Sequence[str]]) -> dict[str, list[str]]:
    if sorted(columns) != sorted(_NAMES):
        raise ColumnError(
            f"columns must name {', '.join(_NAMES)}", ", ".join(map(str, columns)) or "nothing", "name all four"
        )
    there = [str(c) for c in table.cells.columns]
    flat: dict[str, str | Sequence[str]] = {}
    for ours, theirs in columns.items():
        for place, title in enumerate([theirs] if isinstance(theirs, str) else theirs):
            flat[f"{ours}{place or ''}"] = str(title)
    found = match_titles(there, flat, list(flat), "the count file")
    return {ours: [found[key] for key in flat if key.rstrip("0123456789") == ours] for ours in columns}


def _crime_types(text: pd.Series, crime_types: Mapping[Any, str] | None) -> pd.Series:
    mapping = POLICE_TITLES if crime_types is None else crime_types
    table = {str(key).strip().casefold(): str(value) for key, value in mapping.items()}
    codes, unique = pd.factorize(text)
    names = pd.Series([table.get(str(each).strip().casefold()) for each in unique], dtype=TEXT)
    return names.take(codes).reset_index(drop=True)


def _months(cells: pd.DataFrame, titles: list[str], table: Table) -> tuple[Any, Any]:
    """Months since 1970-01, and which rows are of a whole year or quarter."""
    text = cells[titles[0]].str.strip()
    if len(titles) == 2:
        text = text + "-" + cells[titles[1]].str.strip()
    codes, unique = pd.factorize(text)
    read = [_month(str(each)) for each in unique]
    month = np.array([m or 0 for m in read], np.int64)[codes]
    longer = np.array([bool(re.fullmatch(r"[0-9]{4}(JJ|KW)[0-9][0-9]", str(each))) for each in unique], bool)[codes]
    bad = np.array([m is None for m in read], bool)[codes] & ~longer
    if bad.any():
        raise InputError(
            "month must be written as 2015-03, 2015MM03, 201503 or a date that starts with the year",
            f"{int(bad.sum())} others in {' and '.join(titles)} (first: line {table.ledger.line[np.argmax(bad)]})",
            "name a year and a month column: columns={'month': [year, month]}",
        )
    if longer.all():
        raise InputError("the file must have months", "years or quarters only", "take the monthly table")
    return month, longer


def _month(text: str) -> int | None:
    match = re.fullmatch(r"([0-9]{4})(?:MM|[-/.]|)([0-9]{1,2})(?:[-/.][0-9]{1,2})?(?:[T ].*)?", text)
    if not match or not 1 <= int(match[2]) <= 12 or (len(match[2]) == 1 and text[4:5].isdigit()):
        return None
    return (int(match[1]) - 1970) * 12 + int(match[2]) - 1


def _period(text: str) -> pd.Period:
    month = _month(str(text).strip())
    if month is None:
        raise InputError("provisional_from must be a month", repr(text), 'write it as "2016-01"')
    return pd.Period(ordinal=month, freq="M")


def _incidents(text: pd.Series, table: Table, title: str) -> Any:
    text = text.str.strip()
    empty = np.asarray(text.str.lower().isin(("", "null", "nan", "na", ".", "-")))
    number = pd.to_numeric(text.where(~empty, "nan"), errors="coerce").to_numpy(float)
    bad = ~empty & ~((number >= 0) & (number == np.floor(number)) & np.isfinite(number))
    if bad.any():
        raise InputError(
            "incidents must be whole numbers from 0, or empty",
            f"{int(bad.sum())} others in {title} (first: line {table.ledger.line[np.argmax(bad)]})",
            "name the column of counts, not of rates",
        )
    return number


def _left_out(raw: pd.Series, crime: pd.Series, part_of_year: Any, number: Any) -> dict[str, dict[str, int]]:
    """Rows and incidents per type that is not used; sums of years stand apart, for they count the months again."""
    out: dict[str, dict[str, int]] = {}
    unused = crime.isna().to_numpy() & ~part_of_year
    groups = [(raw.str.strip(), unused, ""), (pd.Series(["years and quarters"] * len(raw)), part_of_year, "")]
    for names, mask, _ in groups:
        if mask.any():
            frame = pd.DataFrame({"type": names[mask].to_numpy(), "n": number[mask]})
            grouped = frame.groupby("type")["n"].agg(["size", "sum"])
            out |= {str(k): {"rows": int(v["size"]), "incidents": int(v["sum"])} for k, v in grouped.iterrows()}
    return out


def _cube(
    code: pd.Series, crime: pd.Series, month: Any, number: Any, n_months: int, table: Table, used: Any
) -> tuple[Any, list[str], list[str]]:
    """Values as (code, type, month), NaN where there is no row."""
    code_number, codes = pd.factorize(code, sort=True)
    type_number, types = pd.factorize(crime, sort=True)
    if (code_number < 0).any() or (code == "").any():
        raise InputError("every row must have a code", f"{int((code == '').sum())} without", "complete the file")
    flat = (code_number * len(types) + type_number) * n_months + month
    rows = np.bincount(flat, minlength=len(codes) * len(types) * n_months)
    if rows.max() > 1:
        again = pd.Series(flat).duplicated().to_numpy()
        line = table.ledger.line[np.flatnonzero(used)[np.argmax(again)]]
        raise InputError(
            "a neighbourhood, type and month must occur once",
            f"{int(again.sum())} rows repeat another (first: line {line})",
            "remove one, or map the types that must be told apart to different names",
        )
    cube = np.full(len(rows), np.nan)
    cube[flat] = number
    return cube.reshape(len(codes), len(types), n_months), [str(c) for c in codes], [str(t) for t in types]


def _silent(month: Any, number: Any, n_months: int) -> Any:
    """Months that have rows, all of them zero, whatever the type."""
    seen = np.bincount(month[~np.isnan(number)], minlength=n_months) > 0
    total = np.bincount(month, weights=np.nan_to_num(number), minlength=n_months)
    return seen & (total == 0)
