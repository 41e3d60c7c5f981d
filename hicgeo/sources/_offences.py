"""What happened: offence codes, which may mean another thing in another year, double records, and yes or no."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from hicgeo.errors import InputError
from hicgeo.sources._exports import CRIME_CODES
from hicgeo.sources._ledger import Ledger, Table

HEAVIEST = ("overval", "straatroof", "woninginbraak")
"""The heaviest first; other types come after these, in the order of their table."""
POLICIES = ("heaviest", "first", "keep")
MIN_PER_YEAR = 10
"""Records a year from which the absence of a code in another year is no chance."""
UNKNOWN = "onbekend"
"""The group of records for which a grouping column is empty, so that groups always add up to all."""

YES = frozenset(("j", "ja", "y", "yes", "1", "true", "waar", "x", "poging"))
NO = frozenset(("n", "nee", "no", "0", "false", "onwaar", "voltooid"))

CrimeTypes = Mapping[Any, str | Mapping[Any, str]]


class Offences:
    """Crime type of every record, by its code and, where the table says so, its year.

    Parameters
    ----------
    raw
        Codes as the file has them, without blanks around.
    crime_types
        Code -> crime type, or code -> {years: crime type}; None for the High Impact Crimes.
    title, ledger
        Where rejects and notes are entered; codes that the table lacks are rejected at once.

    Raises
    ------
    InputError
        Years of the table cannot be read.
    """

    def __init__(self, raw: pd.Series, crime_types: CrimeTypes | None, title: str, ledger: Ledger) -> None:
        self.raw, self.title, self.ledger = raw, title, ledger
        table: dict[str, list[tuple[int, int, str]]] = {}
        for code, meaning in (CRIME_CODES if crime_types is None else crime_types).items():
            spans = meaning.items() if isinstance(meaning, Mapping) else [("-", meaning)]
            table[_code(str(code))] = [(*_years(str(years)), str(kind)) for years, kind in spans]
        self.types = list(dict.fromkeys(kind for spans in table.values() for *_, kind in spans))
        self._codes, self._unique = pd.factorize(raw)
        self._spans = [table.get(_code(each), []) for each in self._unique]
        self._reject(np.array([not spans for spans in self._spans], bool)[self._codes])

    def by_year(self, year: npt.NDArray[np.int64]) -> pd.Categorical:
        """Crime types in the years of the incidents; a code that has none in its year is rejected."""
        number = {kind: place for place, kind in enumerate(self.types)}
        mapped = np.full(len(year), -1)
        for place, spans in enumerate(self._spans):
            always = len(spans) == 1 and spans[0][:2] == _years("-")
            if always:
                continue
            here = self._codes == place
            for first, last, kind in spans:
                mapped[here & (year >= first) & (year <= last)] = number[kind]
            self.ledger.note(
                "code_by_year", self.title, here & (mapped >= 0), f"{_shown(self._unique[place])} was read by its year"
            )
        plain = [number[s[0][2]] if len(s) == 1 and s[0][:2] == _years("-") else -1 for s in self._spans]
        mapped = np.maximum(mapped, np.array(plain, np.intp)[self._codes]) if plain else mapped
        self._reject(mapped < 0)
        return pd.Categorical.from_codes(mapped, categories=pd.Index(self.types))

    def note_moved(self, types: pd.Categorical, year: npt.NDArray[np.int64]) -> None:
        """Note codes that come or go while their crime type goes on: they may have got another meaning."""
        standing = self.ledger.standing
        if not standing.any():
            return
        first = int(year[standing].min())
        width = int(year[standing].max()) - first + 1
        flat = self._codes[standing] * width + year[standing] - first
        counts = np.bincount(flat, minlength=len(self._unique) * width).reshape(-1, width)
        kinds = np.zeros(len(self._unique), np.intp)
        kinds[self._codes[standing]] = types.codes[standing]
        for place in np.flatnonzero(counts.any(axis=1)):
            of_type = counts[kinds == kinds[place]].sum(axis=0) >= MIN_PER_YEAR
            there = counts[place] > 0
            absent = of_type & ~there
            if absent.any() and counts[place].sum() >= MIN_PER_YEAR * there.sum():
                listed = ", ".join(str(first + each) for each in np.flatnonzero(absent))
                self.ledger.note(
                    "code_years",
                    self.title,
                    self._codes == place,
                    f"{_shown(self._unique[place])} does not occur in {listed}, its crime type does: "
                    "if it moved, give crime_types its years",
                )

    def _reject(self, unmapped: npt.NDArray[np.bool_]) -> None:
        unmapped = unmapped & self.ledger.standing
        frequency = self.raw[unmapped].value_counts(sort=False).sort_index()
        frequency = frequency.sort_values(ascending=False, kind="stable")
        for code, n in list(frequency.items())[:50]:
            self.ledger.note(
                "unmapped_code", self.title, int(n), f"{_shown(code)} is no crime type that is asked for: {n} records"
            )
        self.ledger.reject(unmapped, "unmapped_code", self.title, self.raw)


def _code(text: str) -> str:
    return " ".join(text.upper().split())


def _shown(code: Any) -> str:
    """Return the code if it looks like one: a wrongly chosen column could hold free text."""
    return str(code) if re.fullmatch(r"[A-Za-z]{0,2}[0-9.]{1,8}[A-Za-z]?", str(code)) else "(no code)"


def _years(text: str) -> tuple[int, int]:
    match = re.fullmatch(r"\s*([0-9]{4})?\s*(-?)\s*([0-9]{4})?\s*", text)
    if not match or (not match[2] and not match[1]) or (match[3] and not match[2]):
        raise InputError("years of a crime type must be a year or a range", repr(text), 'write "2015" or "2012-2015"')
    first = int(match[1] or 0)
    return first, int(match[3] or (9999 if match[2] else first))


def check_numbers(number: pd.Series, title: str, ledger: Ledger) -> None:
    """Reject numbers that a spreadsheet rounded (2,02401E+18): incidents would share them. Refuse a column of these.

    Raises
    ------
    InputError
        Over 1 % of the records, and more than one.
    """
    rounded = np.array(number.str.contains("E+", case=False, regex=False), bool) & ledger.standing
    rounded[rounded] = number[rounded].str.fullmatch(r"[0-9][.,][0-9]+[Ee]\+[0-9]+")
    if rounded.sum() > max(1, 0.01 * len(number)):
        raise InputError(
            f"the numbers in {title} must be whole",
            f"{rounded.sum()} of {len(number)} were rounded by a spreadsheet, such as 2,02401E+18 "
            f"(first: line {ledger.line[np.argmax(rounded)]})",
            "export them as text, without opening the file in a spreadsheet first; or name another column",
        )
    ledger.reject(rounded, "rounded_number", title, number)


def strike_duplicates(number: pd.Series, types: pd.Categorical, table: Table, title: str, policy: str) -> pd.Series:
    """Settle records with one number, and return the numbers, all different among those that stand.

    Raises
    ------
    InputError
        The policy is unknown.
    """
    if policy not in POLICIES:
        raise InputError(f"duplicates must be one of {', '.join(POLICIES)}", repr(policy), "choose one")
    ledger = table.ledger
    standing = np.flatnonzero(ledger.standing)
    numbers = number.iloc[standing]
    twice = np.asarray(numbers.duplicated(keep=False))
    if not twice.any():
        return number
    places = standing[twice]
    rows = table.cells.iloc[places]
    stripped = rows.apply(lambda column: column.fillna("").str.strip())
    content = np.asarray(pd.util.hash_pandas_object(stripped, index=False))
    if table.geometry is not None:
        shapes = pd.Series(table.geometry.iloc[places].to_wkb()).map(hash)
        content = content ^ shapes.to_numpy().astype(np.uint64)
    frame = pd.DataFrame({"number": numbers[twice].to_numpy(), "content": content, "place": places})
    same = frame["place"][frame.duplicated(["number", "content"])]
    _strike(same, "duplicate", "records with the same number and content: one is kept", title, number, ledger)

    frame = frame[~frame.index.isin(same.index)]
    weight = {kind: place for place, kind in enumerate((*HEAVIEST, *types.categories.difference(HEAVIEST, sort=False)))}
    rank = np.array([weight[kind] for kind in types.categories])[types.codes[frame["place"]]]
    order = frame.assign(rank=rank if policy == "heaviest" else 0).sort_values(["number", "rank", "place"])
    later = order["place"][order.duplicated("number")]
    if policy != "keep":
        kept = {"heaviest": "the heaviest offence counts", "first": "the first is kept"}[policy]
        text = f"records with the same number and other content: {kept}"
        _strike(later, "duplicate_number", text, title, number, ledger)
        return number
    after = number.copy()
    nth = order.groupby("number").cumcount() + 1
    after.iloc[later] = [f"{number.iloc[place]}/{nth[index]}" for index, place in later.items()]
    mask = np.zeros(len(number), bool)
    mask[later] = True
    ledger.repair(
        mask, "duplicate_number", title, (number, after), "records with the same number and other content: all are kept"
    )
    return after


def _strike(places: pd.Series, reason: str, text: str, title: str, number: pd.Series, ledger: Ledger) -> None:
    mask = np.zeros(len(number), bool)
    mask[places] = True
    if mask.any():
        ledger.note(reason, title, int(mask.sum()), text)
        ledger.reject(mask, reason, title, number)


def flags(
    cells: dict[str, pd.Series], titles: dict[str, str], raw_code: pd.Series, police_codes: bool, ledger: Ledger
) -> dict[str, Any]:
    """Read `attempted`, `confronted` and `violence`, each yes, no or not known, and the direct victims that follow."""
    n = len(raw_code)
    found = {}
    for name in ("attempted", "confronted", "violence"):
        if name not in cells:
            found[name] = pd.array([pd.NA] * n, dtype="boolean")
            continue
        codes, unique = pd.factorize(cells[name].fillna(""))
        text = [each.strip().lower() for each in unique]
        yes, no, odd = (
            np.array([test(each) for each in text], bool)[codes]
            for test in (YES.__contains__, NO.__contains__, lambda each: each not in YES | NO | {""})
        )
        ledger.note("unreadable_flag", titles[name], odd, "neither yes nor no: left empty")
        found[name] = pd.arrays.BooleanArray(yes, ~(yes | no))
    codes, unique = pd.factorize(raw_code)
    coded = np.array([bool(re.fullmatch(r"[Bb][0-9][0-9]", each)) for each in unique], bool)[codes] & police_codes
    implied = coded & found["violence"].isna()
    ledger.note("violence_from_code", titles["crime_type"], implied, "violence follows from an offence code in B")
    found["violence"][implied] = True
    if "confronted" in cells:
        found["direct_victim"] = found["confronted"] & found["violence"]
    else:
        found["direct_victim"] = found["violence"].copy()
        ledger.note(
            "direct_victim_proxy",
            titles["crime_type"],
            np.asarray(~found["violence"].isna()),
            "no confrontation column: direct victimhood is violence alone",
        )
    return found


def groups(text: pd.Series, title: str, ledger: Ledger) -> pd.Series:
    """Values of a grouping column; what is empty is a group of its own."""
    text = text.fillna("").str.strip()
    empty = np.asarray(text == "")
    ledger.note("no_group", title, empty, f"empty: counted in a group of its own, {UNKNOWN}")
    return text.where(~empty, UNKNOWN) if empty.any() else text


def municipalities(text: pd.Series, title: str, ledger: Ledger) -> pd.Series:
    """Codes become GM and four digits; names stay as they are."""
    text = text.fillna("").str.strip()
    codes, unique = pd.factorize(text)
    matches = [re.fullmatch(r"(?:GM)?\s*([0-9]{1,4})", each.upper()) for each in unique]
    whole = [f"GM{m[1].zfill(4)}" if m else each for each, m in zip(unique, matches, strict=True)]
    changed = np.array([a != b for a, b in zip(unique, whole, strict=True)], bool)[codes]
    repaired = pd.Series(pd.array(whole, dtype="str").take(codes)) if len(whole) else text
    note = "a municipality code was completed to GM and four digits"
    ledger.repair(changed, "municipality_code", title, (text, repaired), note)
    return repaired.where(repaired != "")
