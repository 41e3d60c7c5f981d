"""Delimited text as records: each line stands for itself, so that a broken one never costs another."""

from __future__ import annotations

import csv
import re
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from hicgeo.errors import InputError
from hicgeo.sources._ledger import FOOTER, MAX_RAW, TEXT, Ledger, Table, check_titles

MAX_FIELD = 1 << 20
"""Bytes of one field; a longer one is a broken record."""
DELIMITERS = ";,\t|"
_CP1252_LETTERS = np.frombuffer(
    "€‘’“”ŠŽšžŸÀÁÂÃÄÅÆÇÈÉÊËÌÍÎÏÑÒÓÔÕÖØÙÚÛÜÝßàáâãäåæçèéêëìíîïñòóôõöøùúûüý°´".encode("cp1252"), np.uint8
)

Mask = npt.NDArray[np.bool_]
Ints = npt.NDArray[np.int64]


def read_delimited(data: bytes, encoding: str | None = None) -> Table:
    """Read the records of delimited text, split line by line.

    Parameters
    ----------
    data
        The file.
    encoding
        Its encoding; recognised when left out.

    Raises
    ------
    InputError
        The encoding or the delimiter cannot be told, titles occur twice, or there is no header.

    Notes
    -----
    The structure is decided on the bytes of the whole file at once, O(bytes): where lines end, which delimiters stand
    outside quotes, which quotes open and close a field. Only lines that are sound go to the CSV parser, which therefore
    cannot lose its way. A line break inside quotes ends the record. Blank lines are no records.
    """
    data, said = _to_utf8(data, encoding)
    data = b"" if data.isspace() else data
    raw = np.frombuffer(data, np.uint8)
    starts, stops = _lines(raw)
    solid = np.ones(256, bool)
    solid[[9, 10, 13, 32]] = False
    filled = np.logical_or.reduceat(solid[raw], starts) if len(starts) else np.empty(0, bool)
    if not filled.any():
        raise InputError("the file must have a header and records", "an empty file (0 rows)", "export it again")
    head = int(np.argmax(filled))
    if stops[head] - starts[head] > MAX_FIELD:
        raise InputError("the first line must hold the titles", "a line of more than 1 MiB", "export it again")
    sample = [
        data[starts[i] : stops[i]].decode("utf-8", "replace")
        for i in np.flatnonzero(filled & (stops - starts <= MAX_FIELD))[:300]
    ]
    delimiter = _sniff(sample)
    titles = next(csv.reader([sample[0]], delimiter=delimiter))
    if len(titles) > 1 and not titles[-1].strip():
        titles = titles[:-1]
    names = check_titles(titles)

    solid[ord(delimiter)] = False
    filled = np.logical_or.reduceat(solid[raw], starts)
    filled[: head + 1] = False
    chosen = np.flatnonzero(filled)
    structure = _structure(raw, starts, stops, delimiter)
    fields, last_empty = structure.fields[chosen], structure.last_empty[chosen]
    start, stop = starts[chosen], stops[chosen]

    extra = (fields == len(names) + 1) & last_empty
    trailing = extra if extra.sum() * 2 > len(chosen) else np.zeros(len(chosen), bool)
    stop = stop - trailing
    fields = fields - trailing

    reason = np.full(len(chosen), "", object)
    reason[fields < len(names)] = "too_short"
    reason[fields > len(names)] = "too_long"
    reason[structure.broken_quote[chosen]] = "unbalanced_quote"
    for place in np.flatnonzero(stop - start > MAX_FIELD):
        if max(map(len, data[start[place] : stop[place]].split(delimiter.encode()))) > MAX_FIELD:
            reason[place] = "field_too_long"
    reason[np.diff(np.searchsorted(np.flatnonzero(raw == 0), np.append(starts, len(raw))))[chosen] > 0] = "nul_byte"
    for wrong in _undecodable(data, raw, starts, stops, chosen):
        reason[wrong] = "invalid_byte"
    sound = reason == ""

    record = np.arange(1, len(chosen) + 1, dtype=np.int64)
    line = chosen + 1
    ledger = Ledger(record[sound], line[sound])
    if (~sound).any():
        broken = [
            data[start[i] : stop[i]][: 4 * MAX_RAW].decode("utf-8", "replace")[:MAX_RAW] for i in np.flatnonzero(~sound)
        ]
        why = [
            "footer" if r in ("too_short", "too_long") and FOOTER.match(text) else r
            for r, text in zip(reason[~sound], broken, strict=True)
        ]
        ledger.add_rejected(record[~sound], line[~sound], why, None, broken)
    quoted = structure.quoted_field[chosen]
    cells = _parse(raw, start, stop, sound, quoted, delimiter, names)

    mark = {";": "semicolon", ",": "comma", "\t": "tab", "|": "bar"}[delimiter]
    ledger.note("delimiter", None, len(chosen), f"fields are separated by a {mark}")
    if said:
        ledger.note("encoding", None, len(chosen), said)
    if trailing.any():
        ledger.note("trailing_delimiter", None, trailing[sound], "an empty last field without a title was dropped")
    return Table(cells, ledger, len(chosen))


def _to_utf8(data: bytes, encoding: str | None) -> tuple[bytes, str]:
    """Return the file as UTF-8 without its mark, and what to say about it. Bytes that are not UTF-8 may remain."""
    if data[:2] in (b"\xff\xfe", b"\xfe\xff"):
        encoding, said = "utf-16", "UTF-16 with a byte order mark"
    elif encoding is not None and encoding.lower().replace("_", "-") not in ("utf-8", "utf8", "utf-8-sig"):
        said = f"{encoding}, as declared"
    elif data[:3] == b"\xef\xbb\xbf":
        return data[3:], "UTF-8 with a byte order mark"
    elif encoding is not None or data.isascii():
        encoding, said = None, ""
    else:
        high = np.frombuffer(data, np.uint8)
        high = high[high >= 128]
        if (
            not re.search(rb"[\xc2-\xdf][\x80-\xbf]|[\xe0-\xef][\x80-\xbf]{2}", data)
            and np.isin(high, _CP1252_LETTERS).all()
        ):
            encoding, said = "cp1252", "cp1252: the file is not UTF-8, and every such byte is a letter in cp1252"
        else:
            return data, ""
    if encoding is None:
        if data[:4096].count(0) * 3 > len(data[:4096]):
            raise InputError(
                "text must be in a known encoding", "UTF-16 without its mark", 'declare encoding="utf-16-le"'
            )
        return data, said
    try:
        return data.decode(encoding).removeprefix("\ufeff").encode(), said
    except (UnicodeError, LookupError) as failure:
        raise InputError(
            f"the file must be in the encoding {encoding}", type(failure).__name__, "declare another encoding"
        ) from None


def _lines(raw: npt.NDArray[np.uint8]) -> tuple[Ints, Ints]:
    """Where each line starts and stops (before its end mark); LF, CRLF and CR end a line."""
    lf, cr = raw == 10, raw == 13
    before_lf = np.zeros(len(raw), bool)
    before_lf[:-1] = cr[:-1] & lf[1:]
    ends = np.flatnonzero(lf | (cr & ~before_lf)).astype(np.int64)
    starts = np.concatenate([[0], ends + 1]).astype(np.int64)
    stops = np.concatenate([ends, [len(raw)]]).astype(np.int64)
    crlf = np.append(lf[ends] & (ends > 0) & cr[ends - 1], False)
    stops = stops - crlf
    keep = starts < len(raw)
    return starts[keep], stops[keep]


def _sniff(lines: list[str]) -> str:
    """Find the delimiter that occurs in the header and, as often, in most of the first lines."""
    best: list[tuple[bool, int, float, str]] = []
    for mark in DELIMITERS:
        counts = np.array([re.sub(r'"[^"]*"', "", line).count(mark) for line in lines])
        if counts[0]:
            share = float(np.isin(counts[1:], (counts[0], counts[0] + 1)).mean()) if len(lines) > 1 else 1.0
            best.append((share >= 0.5, int(counts[0]), share, mark))
    if not best:
        raise InputError(
            "fields must be separated by a semicolon, comma, tab or bar", "a header of one field", "export it as CSV"
        )
    return max(best)[3]


@dataclass
class _Structure:
    fields: Ints
    last_empty: Mask
    quoted_field: Mask
    broken_quote: Mask


def _structure(raw: npt.NDArray[np.uint8], starts: Ints, stops: Ints, delimiter: str) -> _Structure:
    """Per line: the number of fields, whether the last is empty, whether fields are quoted, and whether badly."""
    mark = ord(delimiter)
    marks = np.flatnonzero(raw == mark)
    quotes = np.flatnonzero(raw == 34)
    edges = np.append(starts, len(raw))
    plain_count = np.diff(np.searchsorted(marks, edges))
    last_empty = (stops > starts) & (raw[np.maximum(stops - 1, 0)] == mark)
    none = np.zeros(len(starts), bool)
    if not len(quotes):
        return _Structure(plain_count + 1, last_empty, none, none)

    first_quote = np.searchsorted(quotes, starts)
    line = np.searchsorted(starts, quotes, side="right") - 1
    opening = (np.arange(len(quotes)) - first_quote[line]) % 2 == 0
    before = np.where(quotes > starts[line], raw[quotes - 1], mark)
    after = np.where(quotes + 1 < stops[line], raw[np.minimum(quotes + 1, len(raw) - 1)], mark)
    at_start, at_end = before == mark, after == mark
    # a doubled quote inside a field reads as a close and an open side by side
    wrong = np.where(opening, ~(at_start | (before == 34)), ~(at_end | (after == 34)))
    odd = np.diff(np.searchsorted(quotes, edges)) % 2 == 1
    quoted = np.bincount(line[opening & at_start], minlength=len(starts)) > 0
    broken = odd | (quoted & (np.bincount(line[wrong], minlength=len(starts)) > 0))
    mark_line = np.searchsorted(starts, marks, side="right") - 1
    outside = (np.searchsorted(quotes, marks) - first_quote[mark_line]) % 2 == 0
    outside_count = np.bincount(mark_line[outside], minlength=len(starts))
    return _Structure(np.where(quoted, outside_count, plain_count) + 1, last_empty, quoted, broken)


def _undecodable(data: bytes, raw: npt.NDArray[np.uint8], starts: Ints, stops: Ints, chosen: Ints) -> list[int]:
    """Places in `chosen` of the lines that are not UTF-8."""
    try:
        data.decode("utf-8")
    except UnicodeDecodeError:
        pass
    else:
        return []
    high = np.diff(np.searchsorted(np.flatnonzero(raw >= 128), np.append(starts, len(raw))))[chosen] > 0
    wrong = []
    for place in np.flatnonzero(high):
        try:
            data[starts[chosen[place]] : stops[chosen[place]]].decode("utf-8")
        except UnicodeDecodeError:
            wrong.append(int(place))
    return wrong


def _parse(
    raw: npt.NDArray[np.uint8], start: Ints, stop: Ints, sound: Mask, quoted: Mask, delimiter: str, names: list[str]
) -> pd.DataFrame:
    """Cells of the sound lines, in their order; lines with quoted fields are parsed apart from those without."""
    import pyarrow as pa

    parts, order = [], []
    for with_quotes in (False, True):
        these = np.flatnonzero(sound & (quoted == with_quotes))
        if len(these):
            parts.append(_parse_lines(_gather(raw, start[these], stop[these]), with_quotes, delimiter, len(names)))
            order.append(these)
    if not parts:
        return pd.DataFrame({name: pd.Series([], dtype=TEXT) for name in names})
    table = pa.concat_tables(parts).rename_columns(names)
    if len(parts) == 2:
        table = table.take(np.argsort(np.concatenate(order)))
    cells: pd.DataFrame = table.to_pandas(types_mapper={pa.string(): TEXT}.get)
    return cells


def _gather(raw: npt.NDArray[np.uint8], start: Ints, stop: Ints) -> bytes:
    """Join the lines from `start` to `stop`, each ended by LF."""
    change = np.zeros(len(raw) + 2, np.int8)
    change[start] += 1
    change[stop + 1] -= 1
    taken = np.cumsum(change[: len(raw) + 1], dtype=np.int8).astype(bool)
    text = np.append(raw, np.uint8(10))
    text[stop] = 10
    return bytes(text[taken])


def _parse_lines(lines: bytes, with_quotes: bool, delimiter: str, width: int) -> Any:
    import pyarrow as pa
    from pyarrow import csv as arrow_csv

    names = [str(i) for i in range(width)]
    longest = int(np.diff(np.flatnonzero(np.frombuffer(lines, np.uint8) == 10), prepend=-1).max())
    return arrow_csv.read_csv(
        pa.py_buffer(lines),
        read_options=arrow_csv.ReadOptions(column_names=names, block_size=max(1 << 22, 4 * longest)),
        parse_options=arrow_csv.ParseOptions(
            delimiter=delimiter, quote_char='"' if with_quotes else False, ignore_empty_lines=False
        ),
        convert_options=arrow_csv.ConvertOptions(
            column_types=dict.fromkeys(names, pa.string()), strings_can_be_null=False
        ),
    )
