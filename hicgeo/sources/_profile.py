"""What the values of a column look like: dates and their order, clock times, numbers, codes, yes and no."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt
import pandas as pd

from hicgeo.sources._coordinates import APART
from hicgeo.sources._exports import CRIME_CODES

_YMD = r"[0-9]{4}[-/.][0-9]{1,2}[-/.][0-9]{1,2}|(?:(?:19|20)[0-9][0-9](?:0[1-9]|1[0-2])(?:0[1-9]|[12][0-9]|3[01]))"
_WORDED = r"[0-9]{1,2}[- ]?[a-z]{3,9}\.?[- ]?[0-9]{4}"
_THREE = r"(?P<first>[0-9]{1,2})[-/. ](?P<second>[0-9]{1,2})[-/. ](?P<year>[0-9]{4}|[0-9]{2})"
_SERIAL = r"(?P<serial>[2-7][0-9]{4})(?:[.,][0-9]{1,12})?"
_CLOCK = (
    r"[0-9]{1,2}(?:[:uh.][0-9][0-9])(?::[0-9][0-9](?:[.,][0-9]{1,9})?)?"
    r"\s*(?:uur|u)?\s*(?:z|[+-][0-9][0-9]:?[0-9][0-9])?"
)
_MOMENT = re.compile(rf"(?:{_YMD}|{_WORDED}|{_THREE}|{_SERIAL})(?:[t ]\s*(?P<clock>{_CLOCK}))?", re.IGNORECASE)
_TIME = re.compile(
    r"(?P<hour>[0-9]{1,2})(?P<mark>[:uh.]?)(?P<minute>[0-9][0-9])(?::[0-9][0-9](?:[.,][0-9]+)?)?\s*(?:uur|u)?", re.I
)
_MIDNIGHT = re.compile(r"0?0[:uh.]00(?::00(?:[.,]0+)?)?\s*(?:uur|u)?", re.IGNORECASE)
_NUMBER = re.compile(
    r"[+-]?(?:[0-9]+|[0-9]{1,3}(?:[. ][0-9]{3})+(?=,|$)|[0-9]{1,3}(?:,[0-9]{3})+(?=\.|$))(?:[.,][0-9]+)?"
)
_EMPTY = frozenset(("", "nan", "null", "none", "-"))

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Profile:
    """One column of an export, summed up over its distinct values.

    Attributes
    ----------
    title
        As it stands in the file.
    codes
        Per record the place of its value in `values`.
    values
        Distinct values, without blanks around them.
    counts
        How many records have each; 0 for an empty one.
    """

    title: str
    codes: npt.NDArray[np.intp]
    values: list[str]
    counts: npt.NDArray[np.int64]

    @classmethod
    def of(cls, title: str, cells: pd.Series) -> Profile:
        """Sum up a column of text."""
        codes, unique = pd.factorize(cells.fillna("").str.strip())
        values = [str(each) for each in unique]
        counts = np.bincount(codes, minlength=len(values)).astype(np.int64)
        counts[[value.lower() in _EMPTY for value in values]] = 0
        return cls(title, codes, values, counts)

    @property
    def filled(self) -> int:
        """Records that have a value."""
        return int(self.counts.sum())

    def count(self, holds: Callable[[str], object]) -> int:
        """Count the records whose value fits."""
        return int(sum(n for value, n in zip(self.values, self.counts, strict=True) if n and holds(value)))

    def share(self, holds: Callable[[str], object]) -> float:
        """Share of the filled records whose value fits; 0 of an empty column."""
        return self.count(holds) / self.filled if self.filled else 0.0

    @cached_property
    def moments(self) -> Moments:
        """What the column says as dates."""
        return Moments.of(self)

    @cached_property
    def times(self) -> float:
        """Share of clock times; one without a mark (0815) counts, if it can be one."""
        return self.share(_is_time)

    @cached_property
    def distinct(self) -> float:
        """Distinct values as a share of the filled records."""
        return float((self.counts > 0).sum()) / self.filled if self.filled else 0.0

    @cached_property
    def numbers(self) -> Floats:
        """Each record as a number, NaN where it is none."""
        return np.array([_number(value) for value in self.values], float)[self.codes]

    @cached_property
    def recognised(self) -> float:
        """Share of the records with a code or title of a High Impact Crime."""
        return self.share(crime_type)

    def shape(self) -> str:
        """Most frequent form of the values, every digit as 9 and every letter as a."""
        forms = pd.Series(self.counts, index=[_mask(value) for value in self.values])
        return str(forms.groupby(level=0).sum().idxmax()) if self.filled else ""


@dataclass(frozen=True)
class Moments:
    """A column as dates. All but `share` are numbers of records.

    Attributes
    ----------
    share
        Share of the filled records that can be a date.
    clock
        With a clock time other than midnight.
    bare
        Written as digits only: it can be another number.
    first_high, second_high
        Dates of three numbers of which the first (the second) cannot be a month.
    either
        Dates of three numbers that can be read both ways.
    short
        With a year of two digits; `short_1900` of these lie in the accepted years when read as 19.., `short_2000` as
        20..
    serial
        Day numbers of Excel; `serial_1900` of these lie in the accepted years when counted from 1900, `serial_1904`
        from 1904.
    """

    share: float
    clock: int
    bare: int
    first_high: int
    second_high: int
    either: int
    short: int
    short_1900: int
    short_2000: int
    serial: int
    serial_1900: int
    serial_1904: int

    @classmethod
    def of(cls, profile: Profile) -> Moments:
        this_year = pd.Timestamp.now().year
        today = (pd.Timestamp.now() - pd.Timestamp("1899-12-30")).days
        total = dict.fromkeys(cls.__dataclass_fields__, 0)
        for value, n in zip(profile.values, profile.counts.tolist(), strict=True):
            match = _MOMENT.fullmatch(value) if n else None
            if not match:
                continue
            total["share"] += n
            clock = match["clock"]
            total["bare"] += n * (value.isdigit() or bool(match["serial"]))
            total["clock"] += n * bool(clock and not _MIDNIGHT.fullmatch(clock.strip()))
            if match["serial"]:
                day = int(match["serial"])
                total["serial"] += n
                total["serial_1900"] += n * (32_874 <= day <= today)
                total["serial_1904"] += n * (32_874 <= day + 1_462 <= today)
            elif match["first"]:
                first, second, year = int(match["first"]), int(match["second"]), match["year"]
                total["first_high"] += n * (first > 12 >= second)
                total["second_high"] += n * (second > 12 >= first)
                total["either"] += n * (first <= 12 and second <= 12)
                if len(year) == 2:
                    total["short"] += n
                    total["short_1900"] += n * (1900 + int(year) >= 1990)
                    total["short_2000"] += n * (2000 + int(year) <= this_year)
        found = total.pop("share")
        share = found / profile.filled if profile.filled else 0.0
        return cls(share, **total)


def plain_code(value: str) -> str:
    """Code or title as CRIME_CODES has it: capitals, single blanks."""
    return " ".join(value.upper().split())


def crime_type(value: str) -> str | None:
    """High Impact Crime of a code or title, alone or together ("1.4.6 Straatroof", "Overval in woning (B72)")."""
    text = plain_code(value)
    if text in CRIME_CODES:
        return CRIME_CODES[text]
    parts = re.match(r"([A-Z]?[0-9.]{2,8})\s*[-:|]?\s+(\S.*)$", text)
    behind = re.match(r"(\S.*?)\s*\(([A-Z]?[0-9.]{2,8})\)$", text)
    code = parts[1] if parts else behind[2] if behind else ""
    return CRIME_CODES.get(code)


def _is_time(value: str) -> bool:
    match = _TIME.fullmatch(value)
    return bool(match and int(match["hour"]) <= 24 and int(match["minute"]) <= 59)


def _number(value: str) -> float:
    value = APART.sub(" ", value)
    if not _NUMBER.fullmatch(value):
        return np.nan
    value = value.replace(" ", "")
    last = max(value.rfind("."), value.rfind(","))
    if last < 0:
        return float(value)
    marks = value.count(".") + value.count(",")
    if marks > 1 and value.count(value[last]) > 1:  # 1.234.567: all are thousands marks
        return float(re.sub("[.,]", "", value))
    return float(re.sub("[.,]", "", value[:last]) + "." + value[last + 1 :])


def _mask(value: str) -> str:
    return re.sub(r"[^\W0-9_]", "a", re.sub(r"[0-9]", "9", value))[:30]
