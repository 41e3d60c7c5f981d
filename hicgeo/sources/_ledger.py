"""The ledger of a reading: which record still stands, which fell and why, what was repaired and what was noted."""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TypeAlias

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
INVISIBLE = re.compile("[\u00ad\u200b-\u200f\u202a-\u202e\u2060-\u2064\ufeff]")
"""Signs that cannot be seen, which make two texts differ that look the same."""
MAX_RAW = 1000
"""Characters of a rejected value that are kept."""

REJECTED_COLUMNS = ("record", "line", "reason", "column", "value")
NOTE_COLUMNS = ("kind", "column", "records", "example_line", "text")
REPAIR_COLUMNS = ("record", "line", "kind", "column", "original", "repaired")
PARTS = ("mark", "header", "accepted", "rejected", "blank")
"""What the bytes of a text file are: its byte order mark, the line of titles, records, and lines of nothing."""


Values: TypeAlias = Callable[[npt.NDArray[np.intp]], Sequence[Any]] | Any
"""One text for each record (a Series), or a function that makes those of the records at some places."""


def _at(values: Values, places: npt.NDArray[np.intp]) -> Any:
    return values.array.take(places) if isinstance(values, pd.Series) else values(places)


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
    _repairs: list[pd.DataFrame] = field(default_factory=list)
    _notes: list[dict[str, Any]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.standing = np.ones(len(self.record), bool)

    def reject(self, mask: npt.NDArray[np.bool_], reason: str, column: str | None, values: Values | None) -> None:
        """Reject the records of `mask` that still stand: the first reason that is found is the one that counts."""
        hit = np.flatnonzero(mask & self.standing)
        if not hit.size:
            return
        raw = [""] * len(hit) if values is None else pd.Series(np.asarray(_at(values, hit), object)).str[:MAX_RAW]
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
        """Enter a note on a number of records, or on those of a mask that are accepted in the end (if any are)."""
        hit = None if isinstance(where, int) else np.flatnonzero(where & self.standing)
        if hit is None or hit.size:
            self._notes.append(
                {"kind": kind, "column": column, "records": where, "example_line": None, "text": text, "hit": hit}
            )

    def repair(
        self,
        mask: npt.NDArray[np.bool_],
        kind: str,
        column: str | None,
        values: tuple[Values, Values],
        text: str,
    ) -> None:
        """Enter a note, and for each record of the mask that still stands what the file says and what was made of it.

        `values` are the original and the repaired text of each record of the ledger.
        """
        hit = np.flatnonzero(mask & self.standing)
        if not hit.size:
            return
        self.note(kind, column, mask, text)
        entry = pd.DataFrame({"record": self.record[hit], "line": self.line[hit]})
        for name, constant in (("kind", kind), ("column", column)):
            entry[name] = pd.Categorical.from_codes(np.zeros(len(hit), np.int8), [constant or ""])
        for name, each in zip(("original", "repaired"), values, strict=True):
            entry[name] = pd.array(_at(each, hit), dtype=TEXT)
        self._repairs.append(entry)

    def repairs(self) -> pd.DataFrame:
        """One row per repaired value of an accepted record: by kind and column, in the order of the file."""
        standing = np.zeros(int(self.record.max(initial=0)) + 1, bool)
        standing[self.record[self.standing]] = True
        parts = [part[standing[part["record"].to_numpy()]] for part in self._repairs]
        if not any(len(part) for part in parts):
            ints = {"record": np.empty(0, np.int64), "line": np.empty(0, np.int64)}
            return pd.DataFrame(ints | {name: pd.Series([], dtype=TEXT) for name in REPAIR_COLUMNS[2:]}).astype(
                {"kind": "category", "column": "category"}
            )
        for name in ("kind", "column"):
            known = sorted({part[name].cat.categories[0] for part in parts})
            parts = [part.assign(**{name: part[name].cat.set_categories(known)}) for part in parts]
        return pd.concat(parts, ignore_index=True)

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
        entries = []
        for note in self._notes:
            hit = note["hit"]
            if hit is None:
                entries.append(note)
            elif (kept := hit[self.standing[hit]]).size:
                entries.append(note | {"records": len(kept), "example_line": int(self.line[kept[0]])})
        table = pd.DataFrame(entries, columns=list(NOTE_COLUMNS))
        kinds = {"kind": "str", "column": "str", "records": "int64", "example_line": "Int64", "text": "str"}
        return table.astype(kinds)


@dataclass
class Table:
    """Records of a file: `cells` are text as it stands there, one row for each record of `ledger`.

    `read` counts all records, those that could not be split into fields included. Of delimited text `record_bytes` says
    how many bytes of the file each record took with its line end, and `other_bytes` what the mark, the line of titles
    and blank lines took; `size` is the whole file. Of other formats they are None.
    `mojibake` is false when no text can hold signs of a wrong decoding, `odd_signs` when none can hold signs that
    cannot be seen. `epoch` is the year that a workbook counts its
    days from.
    """

    cells: pd.DataFrame
    ledger: Ledger
    read: int
    geometry: gpd.GeoSeries | None = None
    record_bytes: npt.NDArray[np.int64] | None = None
    other_bytes: Mapping[str, int] = field(default_factory=dict)
    size: int | None = None
    mojibake: bool = True
    odd_signs: bool = True
    epoch: int | None = None

    def account(self) -> pd.DataFrame:
        """Records and bytes of each part of the file, counted from what was accepted and what was rejected."""
        accepted = self.ledger.record[self.ledger.standing]
        rejected = self.ledger.rejected()["record"].to_numpy()
        records = {"accepted": len(accepted), "rejected": len(rejected)}
        table = pd.DataFrame({"records": [records.get(part, 0) for part in PARTS]}, index=pd.Index(PARTS, name="part"))
        of: dict[str, Any] = dict.fromkeys(PARTS, pd.NA)
        if self.record_bytes is not None:
            of = {**self.other_bytes} | {
                "accepted": int(self.record_bytes[accepted - 1].sum()),
                "rejected": int(self.record_bytes[rejected - 1].sum()),
            }
        table["bytes"] = pd.array([of[part] for part in PARTS], dtype="Int64")
        return table


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
    faults = []
    for ours, theirs in wanted.items():
        for each in _as_list(theirs):
            if each in titles or plain(each) in by_plain:
                found[ours] = each if each in titles else by_plain[plain(each)]
                alike = [title for title in titles if plain(title) == plain(each)]
                if found[ours] != each and len(alike) > 1:
                    faults.append(f"{' and '.join(alike)} are both near {each}, looked for as {ours}")
                break
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
    titles = [" ".join(INVISIBLE.sub("", title).split()) for title in titles]
    twice = sorted({t for t in titles if t and titles.count(t) > 1})
    if twice:
        raise InputError("column titles must differ", f"twice or more: {', '.join(twice)}", "rename or remove one")
    # an untitled column can only be dropped by the reader, never be asked for
    return [title or f"(untitled {place})" for place, title in enumerate(titles, 1)]
