"""Delimited text as records: each line stands for itself, so that a broken one never costs another."""

from __future__ import annotations

import codecs
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
MAX_LINES = 1000
"""Lines of one record with line breaks in its fields."""
MAX_TITLE_LINES = 50
"""Lines that titles with line breaks may take."""
DELIMITERS = ";,\t|"
SEPARATOR_LINE = re.compile(r'\s*"?sep=([;,\t|])"?[\s;,|]*', re.IGNORECASE)
"""What Excel writes above the titles to say how fields are separated."""
_ODD_SIGNS = tuple(bytes.fromhex(each) for each in ("e280", "e281", "efbbbf", "c2ad", "cc", "cd"))
"""How signs that cannot be seen begin, and accents that stand apart from their letter."""
_CP1252_LETTERS = np.frombuffer(
    "€‘’“”ŠŽšžŸÀÁÂÃÄÅÆÇÈÉÊËÌÍÎÏÑÒÓÔÕÖØÙÚÛÜÝßàáâãäåæçèéêëìíîïñòóôõöøùúûüý°´".encode("cp1252"), np.uint8
)

Mask = npt.NDArray[np.bool_]
Ints = npt.NDArray[np.int64]


def read_delimited(data: bytes, encoding: str | None = None, *, multiline: bool = False) -> Table:
    """Read the records of delimited text, split line by line.

    Parameters
    ----------
    data
        The file.
    encoding
        Its encoding; recognised when left out.
    multiline
        Whether a quoted field may hold line breaks.

    Raises
    ------
    InputError
        The encoding or the delimiter cannot be told, titles occur twice, or there is no header.

    Notes
    -----
    The structure is decided on the bytes of the whole file at once, O(bytes): where lines end, which delimiters stand
    outside quotes, which quotes open and close a field. Only lines that are sound go to the CSV parser, which therefore
    cannot lose its way. A line break inside quotes ends the record, unless `multiline`: then the record goes on until
    its quotes are closed, or until a line that is a record in itself. Blank lines are no records.
    """
    size = len(data)
    data, mark_bytes, wide, said = _to_utf8(data, encoding)
    data = b"" if data.isspace() else data
    raw = np.frombuffer(data, np.uint8)
    starts, stops = _lines(raw)
    places, sample = _first_lines(data, starts, stops)
    above, head = places[0], places[0]
    declared = SEPARATOR_LINE.fullmatch(sample[0]) if len(sample) > 1 else None
    if declared:
        head, sample = places[1], sample[1:]
    delimiter = declared[1] if declared else _sniff(sample, places)
    line_number = np.arange(1, len(starts) + 1, dtype=np.int64)
    more = _open_titles(data, (starts, stops), head, multiline)
    if more:
        sample[0] = data[starts[head] : stops[head + more]].decode("utf-8", "replace")
        stops[head] = stops[head + more]
        starts, stops, line_number = (
            np.delete(each, range(head + 1, head + more + 1)) for each in (starts, stops, line_number)
        )
    structure = _structure(raw, starts, stops, delimiter)
    titles = next(csv.reader([sample[0]], delimiter=delimiter))
    if len(titles) > 1 and not titles[-1].strip():
        # a delimiter at the end, or a column without a title: the records tell
        there = (structure.fields[head + 1 :] == len(titles)) & ~structure.last_empty[head + 1 :]
        titles = titles if there.any() and _usual(structure.fields[head + 1 :]) == len(titles) else titles[:-1]
    names = check_titles(titles)

    first, closed = _record_starts(structure, len(names), head)
    if multiline and not first.all():
        last = np.append(np.flatnonzero(first)[1:], len(starts)) - 1
        starts, stops, line_number = starts[first], stops[last], line_number[first]
        structure = _structure(raw, starts, stops, delimiter)
    solid = np.ones(256, bool)
    solid[[9, 10, 13, 32, ord(delimiter)]] = False
    filled = np.logical_or.reduceat(solid[raw], starts)
    filled[: head + 1] = False
    chosen = np.flatnonzero(filled)
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
    if b"\0" in data:
        reason[np.logical_or.reduceat(raw == 0, starts)[chosen]] = "nul_byte"
    for wrong in _undecodable(data, raw, starts, stops, chosen):
        reason[wrong] = "invalid_byte"
    sound = reason == ""

    record = np.arange(1, len(chosen) + 1, dtype=np.int64)
    line = line_number[chosen]
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
    after = np.append(starts[1:], len(raw))[chosen]
    cells = _parse(data, (start, stop, after), sound, quoted, delimiter, names, multiline)
    bytes_of = _bytes_of_lines(raw, starts, wide)
    other = {"mark": mark_bytes, "header": int(bytes_of[head]) + (int(bytes_of[above]) if declared else 0)}
    other["blank"] = int(bytes_of.sum() - bytes_of[chosen].sum()) - other["header"]

    mark = {";": "semicolon", ",": "comma", "\t": "tab", "|": "bar"}[delimiter]
    ledger.note("delimiter", None, len(chosen), f"fields are separated by a {mark}")
    empty = int((~filled[head + 1 :] & (stops > starts)[head + 1 :]).sum())
    if empty:
        ledger.note("empty_records", None, empty, f"{empty:,} lines have separators and nothing else: no records")
    if said:
        ledger.note("encoding", None, len(chosen), said)
    if trailing.any():
        ledger.note("trailing_delimiter", None, trailing[sound], "an empty last field without a title was dropped")
    crlf = data.count(b"\r\n")
    ends = {"CRLF": crlf, "LF": data.count(b"\n") - crlf, "CR": data.count(b"\r") - crlf}
    if sum(n > 0 for n in ends.values()) > 1:
        said = ", ".join(f"{n} in {end}" for end, n in ends.items() if n)
        ledger.note("line_ends", None, len(chosen), f"lines end in more than one way: {said}")
    if closed:
        said = "part of their field" if multiline else "declare multiline=True if fields may hold them"
        ledger.note("line_breaks", None, closed, f"records with what may be line ends inside quotes: {said}")
    return Table(
        cells,
        ledger,
        len(chosen),
        record_bytes=bytes_of[chosen],
        other_bytes=other,
        size=size,
        mojibake=any(sign.encode() in data for sign in "ÂÃâ"),
        odd_signs=not data.isascii() and any(sign in data for sign in _ODD_SIGNS),
    )


def _first_lines(data: bytes, starts: Ints, stops: Ints) -> tuple[list[int], list[str]]:
    """Numbers and texts of the first 300 lines that are not blank."""
    places, sample = list[int](), list[str]()
    for place, (start, stop) in enumerate(zip(starts.tolist(), stops.tolist(), strict=True)):
        if data[start:stop].strip():
            if stop - start > MAX_FIELD:
                if not places:
                    raise InputError("the first line must hold the titles", "more than 1 MiB", "export it again")
                continue
            places.append(place)
            sample.append(data[start:stop].decode("utf-8", "replace"))
            if len(sample) == 300:
                break
    if not places:
        raise InputError("the file must have a header and records", "an empty file (0 rows)", "export it again")
    return places, sample


def _open_titles(data: bytes, lines: tuple[Ints, Ints], head: int, multiline: bool) -> int:
    """How many lines more than one the titles take: line ends inside their quotes, as far as these are declared.

    Raises
    ------
    InputError
        A quote is not closed where it should be.
    """
    starts, stops = lines
    more, odd = 0, data.count(b'"', starts[head], stops[head]) % 2
    while odd and multiline and more < MAX_TITLE_LINES and head + more + 1 < len(starts):
        more += 1
        odd ^= data.count(b'"', starts[head + more], stops[head + more]) % 2
    if odd:
        raise InputError(
            "the titles must stand on one line",
            f"line {head + 1} has a quote that is not closed",
            "export it again without line ends in titles, or declare multiline=True",
        )
    return more


def _usual(fields: Ints) -> int:
    """Number of fields that most lines have."""
    return int(np.bincount(fields).argmax()) if len(fields) else 0


def _to_utf8(data: bytes, encoding: str | None) -> tuple[bytes, int, tuple[int, int] | None, str]:
    """Return the file as UTF-8 without its mark, the bytes of that mark, those of characters, and what to say about it.

    The bytes of characters are those of one below and one above U+FFFF; None for UTF-8. Bytes that are not UTF-8 may
    remain in a file that is otherwise.
    """
    if encoding is not None:
        try:
            encoding = codecs.lookup(encoding).name
        except LookupError:
            raise InputError(
                "encoding must be one that Python knows", repr(encoding), 'give "utf-8", "cp1252" or "utf-16"'
            ) from None
    if data[:4] in (codecs.BOM_UTF32_LE, codecs.BOM_UTF32_BE):
        encoding, said = "utf-32", "UTF-32 with a byte order mark"
    elif data[:2] in (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE):
        encoding, said = "utf-16", "UTF-16 with a byte order mark"
    elif encoding not in (None, "utf-8", "utf-8-sig"):
        said = f"{encoding}, as declared"
    elif data[:3] == codecs.BOM_UTF8:
        return data[3:], 3, None, "UTF-8 with a byte order mark"
    elif encoding is None and not data.isascii() and is_cp1252(data):
        encoding, said = "cp1252", "cp1252: the file is not UTF-8, and every such byte is a letter in cp1252"
    elif data[:4096].count(0) * 3 > len(data[:4096]):
        raise InputError("text must be in a known encoding", "UTF-16 without its mark", 'declare encoding="utf-16-le"')
    else:
        return data, 0, None, ""
    try:
        text = data.decode(str(encoding)).removeprefix("\ufeff")
    except (UnicodeError, LookupError) as failure:
        raise InputError(
            f"the file must be in the encoding {encoding}", type(failure).__name__, "declare another encoding"
        ) from None
    low, high = {"utf-16": (2, 4), "utf-32": (4, 4)}.get(str(encoding)[:6], (1, 1))
    out = text.encode()
    raw = np.frombuffer(out, np.uint8)
    mark = len(data) - low * len(text) - (high - low) * int((raw >= 0xF0).sum())
    if mark not in (0, 2, 4):
        raise InputError(
            "a file must be UTF-8, UTF-16, UTF-32, or have one byte for each character",
            f"the encoding {encoding}",
            "save it as UTF-8",
        )
    return out, mark, (low, high), said


def is_cp1252(data: bytes) -> bool:
    """Whether bytes are no UTF-8 and every one above ASCII is a letter in cp1252; of lines, when it is of each."""
    high = np.frombuffer(data, np.uint8)
    high = high[high >= 128]
    multibyte = re.search(rb"[\xc2-\xdf][\x80-\xbf]|[\xe0-\xef][\x80-\xbf]{2}", data)
    return not multibyte and bool(np.isin(high, _CP1252_LETTERS).all())


def _bytes_of_lines(raw: npt.NDArray[np.uint8], starts: Ints, wide: tuple[int, int] | None) -> Ints:
    """Bytes that each line took in the file, its end included."""
    if wide is None:
        return np.diff(np.append(starts, len(raw)))
    weights = np.where(np.arange(256) & 0xC0 == 0x80, 0, wide[0]).astype(np.uint8)
    weights[0xF0:] = wide[1]
    return _sum_by_line(weights[raw], starts)


def _sum_by_line(values: npt.NDArray[Any], starts: Ints) -> Ints:
    """Sum of the values of each line, some lines at a time: NumPy widens all that it adds up at once."""
    edges = np.append(starts, len(values))
    parts = [
        np.add.reduceat(
            values[edges[i] : edges[min(i + 50_000, len(starts))]], starts[i : i + 50_000] - starts[i], dtype=np.int64
        )
        for i in range(0, len(starts), 50_000)
    ]
    return np.concatenate(parts)


def _record_starts(structure: _Structure, width: int, head: int) -> tuple[Mask, int]:
    """Which lines begin a record when a field in quotes may go on over line ends, and how many records do so.

    A line that leaves a quote open takes the lines after it, up to the one that closes the quote. A line that is a
    record in itself is never taken: the quote before it was a stray one, and costs its own record only.
    """
    first, closed = np.ones(len(structure.fields), bool), 0
    openings = np.flatnonzero(structure.odd & structure.quoted_field)
    if not openings.size:
        return first, closed
    whole = ~structure.odd & ((structure.fields == width) | ((structure.fields == width + 1) & structure.last_empty))
    place = head + 1
    for opening in openings.tolist():
        if opening < place:
            continue
        place = opening + 1
        end = min(len(first), place + MAX_LINES)
        while place < end and not whole[place] and not structure.odd[place]:
            place += 1
        if place < end:
            closes = bool(structure.odd[place])
            closed += closes
            place += closes
            first[opening + 1 : place] = False
        else:
            place = opening + 1
    return first, closed


def _lines(raw: npt.NDArray[np.uint8]) -> tuple[Ints, Ints]:
    """Where each line starts and stops (before its end mark); LF, CRLF and CR end a line."""
    ends, cr = np.flatnonzero(raw == 10), np.flatnonzero(raw == 13)
    alone = cr[raw[np.minimum(cr + 1, len(raw) - 1)] != 10]
    if alone.size:
        ends = np.sort(np.concatenate([ends, alone]))
    starts, stops = np.append(0, ends + 1), np.append(ends, len(raw))
    stops[:-1] -= (ends > 0) & (raw[ends] == 10) & (raw[ends - 1] == 13)
    keep = starts < len(raw)
    return starts[keep], stops[keep]


def _sniff(lines: list[str], places: list[int]) -> str:
    """Find the delimiter that occurs in the header and, as often, in most of the first lines."""
    best: list[tuple[bool, int, float, str]] = []
    for mark in DELIMITERS:
        counts = np.array([re.sub(r'"[^"]*"', "", line).count(mark) for line in lines])
        if counts[0]:
            share = float(np.isin(counts[1:], (counts[0], counts[0] + 1)).mean()) if len(lines) > 1 else 1.0
            best.append((share >= 0.5, int(counts[0]), share, mark))
    if not best:
        titles = [place for place, line in zip(places, lines, strict=True) if re.search(r"([;,\t|]).*\1", line)]
        raise InputError(
            "the first line must hold the titles, separated by a semicolon, comma, tab or bar",
            "a line of one field",
            f"remove what stands above line {titles[0] + 1}" if titles else "export it as CSV",
        )
    return max(best)[3]


@dataclass
class _Structure:
    fields: Ints
    last_empty: Mask
    quoted_field: Mask
    odd: Mask
    broken_quote: Mask


def _structure(raw: npt.NDArray[np.uint8], starts: Ints, stops: Ints, delimiter: str) -> _Structure:
    """Per line: the number of fields, whether the last is empty, whether fields are quoted, and whether badly."""
    mark = ord(delimiter)
    quotes = np.flatnonzero(raw == 34)
    plain_count = _sum_by_line(raw == mark, starts)
    last_empty = (stops > starts) & (raw[np.maximum(stops - 1, 0)] == mark)
    none = np.zeros(len(starts), bool)
    if not len(quotes):
        return _Structure(plain_count + 1, last_empty, none, none, none)

    marks = np.flatnonzero(raw == mark)
    edges = np.append(starts, len(raw))
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
    return _Structure(np.where(quoted, outside_count, plain_count) + 1, last_empty, quoted, odd, broken)


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
    data: bytes,
    lines: tuple[Ints, Ints, Ints],
    sound: Mask,
    quoted: Mask,
    delimiter: str,
    names: list[str],
    multiline: bool,
) -> pd.DataFrame:
    """Cells of the sound lines, in their order; lines with quoted fields are parsed apart from those without."""
    import pyarrow as pa

    start, stop, after = lines
    parts, order = [], []
    for with_quotes in (False, True):
        these = np.flatnonzero(sound & (quoted == with_quotes))
        if len(these):
            text = _gather(data, start[these], stop[these], after[these])
            longest = int((stop - start)[these].max()) + 1
            parts.append(_parse_lines(text, longest, with_quotes, delimiter, len(names), multiline))
            order.append(these)
    if not parts:
        return pd.DataFrame({name: pd.Series([], dtype=TEXT) for name in names})
    table = pa.concat_tables(parts).rename_columns(names).combine_chunks()
    if len(parts) == 2:
        table = table.take(np.argsort(np.concatenate(order)))
    cells: pd.DataFrame = table.to_pandas(types_mapper={pa.string(): TEXT}.get)
    return cells


def _gather(data: bytes, start: Ints, stop: Ints, after: Ints) -> bytes:
    """Join the lines from `start` to `stop`; those that stand together are copied together, line ends included."""
    raw = np.frombuffer(data, np.uint8)
    # a line that was cut short of its trailing delimiter stops before something else than its line end
    cut = (after[:-1] != start[1:]) | ~np.isin(raw[stop[:-1]], (10, 13))
    begins, ends = np.append(start[0], start[1:][cut]), np.append(stop[:-1][cut], stop[-1])
    return b"\n".join([data[a:b] for a, b in zip(begins.tolist(), ends.tolist(), strict=True)]) + b"\n"


def _parse_lines(lines: bytes, longest: int, with_quotes: bool, delimiter: str, width: int, multiline: bool) -> Any:
    import pyarrow as pa
    from pyarrow import csv as arrow_csv

    names = [str(i) for i in range(width)]
    return arrow_csv.read_csv(
        pa.py_buffer(lines),
        read_options=arrow_csv.ReadOptions(column_names=names, block_size=max(1 << 22, 4 * longest)),
        parse_options=arrow_csv.ParseOptions(
            delimiter=delimiter,
            quote_char='"' if with_quotes else False,
            newlines_in_values=with_quotes and multiline,
            ignore_empty_lines=False,
        ),
        convert_options=arrow_csv.ConvertOptions(
            column_types=dict.fromkeys(names, pa.string()), strings_can_be_null=False
        ),
    )
