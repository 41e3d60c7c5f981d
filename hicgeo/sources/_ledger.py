"""The ledger of a reading: which record is still standing, which fell and why, and what was noted."""

from __future__ import annotations

import difflib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from hicgeo.errors import ColumnError, InputError
from hicgeo.sources._child import MAX_COLUMNS

if TYPE_CHECKING:
    import geopandas as gpd

TEXT = pd.StringDtype(na_value=np.nan)
"""The text type of pandas, named so that a column of nothing has it too."""
FOOTER = re.compile(r"\W*(eind|sub|generaal )?(totaal|total|totalen)\b", re.IGNORECASE)
"""How a line of totals begins."""
MAX_RAW = 1000
"""Characters of a rejected value that are kept."""

REJECTED_COLUMNS = ("record", "line", "reason", "column", "value")
NOTE_COLUMNS = ("kind", "column", "records", "example_line", "text")


@dataclass
class Ledger:
    """Account of the records of one file.

    Attributes
    ----------
    record, line
        Number of each record that could be split into fields (1 is the first), and the line it stands on.
    standing
        Whether it has not been rejected; only `reject` changes it, and never back.
    """

    record: npt.NDArray[np.int64]
    line: npt.NDArray[np.int64]
    standing: npt.NDArray[np.bool_] = field(init=False)
    _rejected: list[pd.DataFrame] = field(default_factory=list)
    _notes: list[dict[str, Any]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.standing = np.ones(len(self.record), bool)

    def reject(
        self, mask: npt.NDArray[np.bool_], reason: str, column: str | None, values: Sequence[Any] | pd.Series | None
    ) -> None:
        """Reject the records of `mask` that still stand: the first reason that is found is the one that counts."""
        hit = np.flatnonzero(mask & self.standing)
        if not hit.size:
            return
        raw = [None] * len(hit) if values is None else pd.Series(np.asarray(values, object)[hit]).str[:MAX_RAW]
        self.add_rejected(self.record[hit], self.line[hit], reason, column, raw)
        self.standing[hit] = False

    def add_rejected(
        self,
        record: npt.NDArray[np.int64],
        line: npt.NDArray[np.int64],
        reason: str | Sequence[str],
        column: str | None,
        raw: Any,
    ) -> None:
        """Enter rejects that never became rows, because they could not be split into fields."""
        entry = pd.DataFrame({"record": record, "line": line})
        entry["reason"], entry["column"], entry["value"] = reason, column, np.asarray(raw, object)
        self._rejected.append(entry.astype({"reason": "str", "column": "str", "value": "str"}))

    def note(self, kind: str, column: str | None, where: npt.NDArray[np.bool_] | int, text: str) -> None:
        """Enter a note on the records of a mask that still stand (nothing if there are none), or on a number."""
        if isinstance(where, int):
            count, example = where, None
        else:
            hit = np.flatnonzero(where & self.standing)
            count, example = len(hit), int(self.line[hit[0]]) if len(hit) else None
            if not count:
                return
        self._notes.append({"kind": kind, "column": column, "records": count, "example_line": example, "text": text})

    def rejected(self) -> pd.DataFrame:
        """One row per rejected record, in the order of the file."""
        empty = pd.DataFrame(
            {"record": np.empty(0, np.int64), "line": np.empty(0, np.int64)}
            | {name: pd.Series([], dtype="str") for name in REJECTED_COLUMNS[2:]}
        )
        parts = [part for part in self._rejected if len(part)]
        table = pd.concat(parts, ignore_index=True) if parts else empty
        return table.sort_values("record", ignore_index=True)

    def notes(self) -> pd.DataFrame:
        """One row per note, in the order of reading."""
        table = pd.DataFrame(self._notes, columns=list(NOTE_COLUMNS))
        kinds = {"kind": "str", "column": "str", "records": "int64", "example_line": "Int64", "text": "str"}
        return table.astype(kinds)


@dataclass
class Table:
    """Records of a file: `cells` are text as it stands there, one row for each record of `ledger`.

    `read` counts all records, those that could not be split into fields included.
    """

    cells: pd.DataFrame
    ledger: Ledger
    read: int
    geometry: gpd.GeoSeries | None = None


def plain(title: str) -> str:
    """Strip a title of case, spaces and punctuation: `X-coördinaat ` becomes `xcoordinaat`."""
    return re.sub(r"[^0-9a-z]", "", title.casefold().replace("ö", "o").replace("ë", "e"))


def match_titles(
    titles: Sequence[str], wanted: Mapping[str, str | Sequence[str]], required: Sequence[str], what: str
) -> dict[str, str]:
    """Title in the file of each of our names, for the names that are found.

    Parameters
    ----------
    titles
        Titles of the file.
    wanted
        Our name -> the title it has there, or several that it may have, the best first.
    required
        Our names that must be found. A group of alternatives is written `a|b`.
    what
        The table, in the words of the error.

    Raises
    ------
    ColumnError
        A required column is missing; the message lists the titles that come near.
    """
    by_plain = {plain(title): title for title in reversed(titles)}
    found: dict[str, str] = {}
    for ours, theirs in wanted.items():
        for each in [theirs] if isinstance(theirs, str) else theirs:
            if each in titles or plain(each) in by_plain:
                found[ours] = each if each in titles else by_plain[plain(each)]
                break
    faults = []
    for name in required:
        alternatives = name.split("|")
        if any(each in found for each in alternatives):
            continue
        asked = [t for each in alternatives for t in _as_list(wanted.get(each, each))]
        near = [
            by_plain[close] for t in asked for close in difflib.get_close_matches(plain(t), list(by_plain), 3, 0.55)
        ]
        hint = f" (near: {', '.join(dict.fromkeys(near))})" if near else ""
        faults.append(f"no column for {' or '.join(alternatives)}, looked for {', '.join(asked[:4])}{hint}")
    if faults:
        raise ColumnError(
            f"{what} must have the columns {', '.join(required)}",
            "; ".join(faults) + f"; the file has {', '.join(map(str, titles[:40]))}",
            "name them: columns={our name: title in the file}",
        )
    return found


def _as_list(theirs: str | Sequence[str]) -> list[str]:
    return [theirs] if isinstance(theirs, str) else list(theirs)


def check_titles(titles: list[str]) -> list[str]:
    """Titles without blanks around them, all different.

    Raises
    ------
    InputError
        A title occurs twice, or there are more than any table has.
    """
    if len(titles) > MAX_COLUMNS:
        raise InputError(f"a table must have at most {MAX_COLUMNS} columns", f"{len(titles)}", "leave columns out")
    titles = [title.strip() for title in titles]
    twice = sorted({t for t in titles if t and titles.count(t) > 1})
    if twice:
        raise InputError("column titles must differ", f"twice or more: {', '.join(twice)}", "rename or remove one")
    # an untitled column can only be dropped by the reader, never be asked for
    return [title or f"(untitled {place})" for place, title in enumerate(titles, 1)]
