"""Everything that a file says: texts and lists of numbers, whatever they are wrapped in, and what could not be read."""

from __future__ import annotations

import base64
import binascii
import bz2
import html
import io
import json
import lzma
import re
import struct
import zipfile
import zlib
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

import numpy as np

if TYPE_CHECKING:
    import numpy.typing as npt

    Floats = npt.NDArray[np.float64]

DEEPEST = 8
"""Wrappings within each other that are opened."""
LARGEST = 250_000_000
"""Bytes that are opened in all; a file that unfolds to more is not read."""
UNSAID = 72
"""Bytes of which nothing is known that pass: as many as a fingerprint has."""
OURS = "hicgeo"
"""What a picture of ours says that it was made by."""

_BASE64 = re.compile(r"(?<![\w+/-])(?:[A-Za-z0-9+/_-]{60,}(?:\s*[\r\n]+\s*))*[A-Za-z0-9+/_-]{12,}={0,2}(?![\w+/-])")
_HEX = re.compile(r"(?<!\w)(?:\\x|0x)?((?:[0-9a-fA-F]{2}){16,})(?!\w)")
_NO_LETTERS = re.compile(r"[\d+/_-]+")
_ESCAPE = re.compile(r"\\u\{([0-9a-fA-F]{1,6})\}|\\u([0-9a-fA-F]{4})|\\x([0-9a-fA-F]{2})|\\([/\"'])")
_STYLE_ESCAPE = re.compile(r"\\([0-9a-fA-F]{2,6})\s?")
_PERCENT = re.compile(r"(?:%[2-7][0-9A-Fa-f])+")
_START = re.compile(r"[\[{](?=\s*[\"\[{\d\-\]}])")
_NO_TEXT = re.compile(r"<(script|style)\b.*?</\1\s*>", re.IGNORECASE | re.DOTALL)
_COMMENT = re.compile(r"<!--.*?-->", re.DOTALL)
_INLINE = re.compile(
    r"</?(?:a|b|i|u|em|strong|span|small|sub|sup|font|mark|wbr|code|bdi|bdo|tspan)\b[^>]*>"
    r"|[\u200b-\u200f\u00ad\u2060\ufeff]"
)
_TAG = re.compile(r"<[^>]*>")
_DRAWING = re.compile(r"<svg\b.*?</svg", re.IGNORECASE | re.DOTALL)
_GROUP = re.compile(r"<g\b[^>]*>((?:(?!</?g\b).)*)", re.IGNORECASE | re.DOTALL)
_MARK = re.compile(r"<(?:use|circle|ellipse|rect|path|image|polygon|text|line)\b", re.IGNORECASE)
MARKS = 20
"""Marks from which a drawing may be one of incidents."""
_ROW = re.compile(r"<tr\b.*?(?=<tr\b|</table)|<(?:x:)?row\b.*?</(?:x:)?row>", re.IGNORECASE | re.DOTALL)
_CELL = re.compile(r"<t[dh]\b[^>]*>(.*?)(?=<t[dh]\b|</tr|$)", re.IGNORECASE | re.DOTALL)
_LITERAL = re.compile(rb"\(((?:[^()\\]|\\.)*)\)", re.DOTALL)
_CODES = re.compile(r"fromCharCode\(([\d,\s]+)\)")


class Unpacked:
    """What a file says.

    Parameters
    ----------
    content
        All its bytes.
    without
        Text that is known and says nothing, such as the source of a library; left out.

    Attributes
    ----------
    texts
        Every text, decoded.
    tables
        Lists of numbers; those that stand beside each other in one table together.
    unread
        What could not be read, by kind.

    Notes
    -----
    Opened are, in each other to a bounded depth: base64, hexadecimal and percent encoding, entities and escapes of
    HTML, scripts and styles; gzip, zlib, bzip2, xz and zip; JSON, typed arrays, WKB, SQLite and GeoPackage, Arrow and
    Parquet, PDF, texts in pictures. O(bytes as unfolded x depth).
    """

    def __init__(self, content: bytes, *, without: Sequence[str] = ()) -> None:
        self.texts: list[str] = []
        self.tables: list[list[Floats]] = []
        self.unread: list[str] = []
        self._without, self._seen, self._left = without, set[int](), LARGEST
        self._bytes(content, 0, top=True)

    # bytes

    def _bytes(self, raw: bytes, depth: int, *, top: bool = False) -> None:
        """Read bytes, or say that they cannot be read."""
        if not raw or (mark := hash(raw)) in self._seen:
            return
        self._seen.add(mark)
        self._left -= len(raw)
        if depth > DEEPEST or self._left < 0:
            self.unread.append("too much, in too many wrappings")
            return
        kind, reader = next(((kind, reader) for mark, kind, reader in _KINDS if raw.startswith(mark)), ("", None))
        if reader is not None:
            try:
                reader(self, raw, depth)
            except Exception:
                self.unread.append(f"{kind} that is not whole")
            return
        if (text := _as_text(raw)) is not None:
            self._text(text, depth)
        elif self._deflated(raw, depth) or self._shape(raw):
            return
        elif kind:
            self.unread.append(kind)
        elif (not self._array(raw) and len(raw) > UNSAID) or top:
            self.unread.append(f"{len(raw)} bytes of an unknown kind")

    def _deflated(self, raw: bytes, depth: int) -> bool:
        """Read what zlib compressed, with its header or without."""
        for window in (15, -15) if len(raw) > 16 else ():
            with suppress(zlib.error):
                engine = zlib.decompressobj(window)
                out = engine.decompress(raw, max(1, self._left))
                if len(out) >= self._left:
                    self.unread.append("too much, in too many wrappings")
                    return True
                if engine.eof and not engine.unused_data and len(out) > 8:
                    self._bytes(out, depth + 1)
                    return True
        return False

    def _gzip(self, raw: bytes, depth: int) -> None:
        self._bytes(zlib.decompressobj(31).decompress(raw, max(1, self._left)), depth + 1)

    def _bzip(self, raw: bytes, depth: int) -> None:
        self._bytes(bz2.BZ2Decompressor().decompress(raw, max(1, self._left)), depth + 1)

    def _xz(self, raw: bytes, depth: int) -> None:
        self._bytes(lzma.LZMADecompressor().decompress(raw, max(1, self._left)), depth + 1)

    def _zip(self, raw: bytes, depth: int) -> None:
        with zipfile.ZipFile(io.BytesIO(raw)) as book:
            names = book.namelist()
            self.texts.append("\n".join([*names, book.comment.decode("utf-8", "replace")]))
            for name in names:
                if book.getinfo(name).file_size > self._left:
                    self.unread.append("too much, in too many wrappings")
                elif not name.endswith("/"):
                    self._bytes(book.read(name), depth + 1)
        if "xl/workbook.xml" in names:
            import pandas as pd

            for sheet in pd.read_excel(io.BytesIO(raw), sheet_name=None, header=None, engine="calamine").values():
                self._frame(sheet)

    def _sqlite(self, raw: bytes, depth: int) -> None:
        import sqlite3
        from contextlib import closing

        self.texts.append(raw.decode("latin-1"))  # also what was deleted
        with closing(sqlite3.connect(":memory:")) as base:
            base.deserialize(raw)
            base.text_factory = lambda said: said.decode("utf-8", "replace")
            names = [name for (name,) in base.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
            for name in names:
                if name.startswith(("rtree_", "sqlite_")) and "_geom" in name:
                    continue  # an index of bounds, for R-tree's own use: the shapes are read themselves
                quoted = '"' + name.replace('"', '""') + '"'
                rows = base.execute(f"SELECT * FROM {quoted}").fetchall()  # noqa: S608  quoted
                self._rows(rows)
                for value in (value for row in rows for value in row if isinstance(value, bytes)):
                    self._bytes(value, depth + 1)
                self._text("\n".join(";".join(str(v) for v in row if isinstance(v, str)) for row in rows), depth)

    def _arrow(self, raw: bytes, depth: int) -> None:
        import pyarrow as pa
        import pyarrow.parquet as pq

        source = pa.BufferReader(raw)
        if raw.startswith(b"PAR1"):
            table = pq.read_table(source)
        elif raw.startswith(b"ARROW1"):
            table = pa.ipc.open_file(source).read_all()
        else:
            table = pa.ipc.open_stream(source).read_all()
        frame = table.to_pandas()
        self._frame(frame)
        for value in (v for name in frame for v in frame[name] if isinstance(v, bytes | np.ndarray | list)):
            if isinstance(value, bytes):
                self._bytes(value, depth + 1)
            else:
                self._value(np.asarray(value).tolist(), depth + 1)
        self._text(json.dumps({str(k): str(v) for k, v in (table.schema.metadata or {}).items()}), depth + 1)

    def _png(self, raw: bytes, depth: int) -> None:
        at, made_by = 8, ""
        while at + 8 <= len(raw):
            size, kind = struct.unpack(">I4s", raw[at : at + 8])
            body, at = raw[at + 8 : at + 8 + size], at + 12 + size
            if kind == b"tEXt":
                self._text(body.replace(b"\0", b" ").decode("latin-1"), depth + 1)
                made_by = OURS if body == f"Software\0{OURS}".encode() else made_by
            elif kind in (b"zTXt", b"iTXt"):
                name, _, rest = body.partition(b"\0")
                rest = rest[1:] if kind == b"zTXt" else rest[2:]
                with suppress(zlib.error):
                    rest = zlib.decompress(rest.lstrip(b"\0") if kind == b"iTXt" else rest)
                self._text((name + b" " + rest).decode("utf-8", "replace"), depth + 1)
            elif kind == b"IEND":
                break
            elif kind not in (b"IHDR", b"PLTE", b"IDAT", b"tRNS", b"pHYs", b"sRGB", b"gAMA", b"sBIT", b"cHRM", b"bKGD"):
                self.unread.append("a part of a picture")
        if made_by != OURS:
            self.unread.append("picture that hicgeo did not draw")
        if at < len(raw):
            self._bytes(raw[at:], depth + 1)

    def _pdf(self, raw: bytes, depth: int) -> None:
        drawn = raw
        if f"/Creator ({OURS})".encode() not in raw:
            self.unread.append("sheet that hicgeo did not draw")
        for found in re.finditer(
            rb"<<([^\r\n]*(?:[\r\n][^\r\n]*){0,12}?)>>\s*stream\r?\n(.*?)\r?\nendstream", raw, re.DOTALL
        ):
            about, body = found.groups()
            if b"/FlateDecode" in about:
                body = zlib.decompressobj().decompress(body, max(1, self._left))
            if b"/FontFile" not in about and b"/Length1" not in about:
                drawn += b"\n" + body
        said = [b"".join(_LITERAL.findall(part)) for part in re.split(rb"\bT[jJ]\b", drawn)]
        self._text("\n".join(part.decode("latin-1") for part in said if part), depth + 1)
        self._text(re.sub(rb"[^\x09\x0a\x20-\x7e]+", b" ", drawn).decode("ascii"), depth + 1)

    def _tiff(self, raw: bytes, depth: int) -> None:
        self.unread.append("surface with its exact values, for the analyst only")
        self.texts.append(raw[:100_000].decode("latin-1"))

    def _shape(self, raw: bytes) -> bool:
        """Read a shape in binary (WKB, also as PostGIS and GeoPackage write it)."""
        if raw[:2] == b"GP" and len(raw) > 8:
            raw = raw[8 + (0, 32, 48, 48, 64)[min(4, raw[3] >> 1 & 7)] :]
        if len(raw) < 9 or raw[0] not in (0, 1):
            return False
        kind = int.from_bytes(raw[1:5], "little" if raw[0] else "big") & 0x1FFFFFFF
        if not 1 <= kind % 1000 <= 17:
            return False
        import shapely

        try:
            shape = shapely.from_wkb(raw)
        except shapely.GEOSException:
            return False
        size = np.abs(shapely.get_coordinates(shape))
        if not np.isfinite(size).all() or size.max(initial=1.0) > 1e8 or (size[size > 0] < 1e-9).any():
            return False
        self.texts.append(shapely.to_wkt(shape, rounding_precision=8))
        if not shape.is_empty:
            self.tables.append(list(np.ascontiguousarray(shapely.get_coordinates(shape).T)))
        return True

    def _array(self, raw: bytes) -> bool:
        """Read a typed array; which type is told by what makes sense as numbers."""
        known = False
        for kind in ("<f8", "<f4", "<i4", "<i8", ">f8", ">f4", ">i4"):
            size = int(kind[2])
            if len(raw) % size or len(raw) < size:
                continue
            if kind[1] == "f":
                with np.errstate(all="ignore"):
                    values = np.frombuffer(raw, kind).astype(float)
                    sensible = (
                        ~np.isfinite(values) | (values == 0) | ((np.abs(values) > 1e-7) & (np.abs(values) < 1e14))
                    )
                    fits = bool(sensible.mean() > 0.98) and bool(np.isfinite(values).any())
            else:
                values = np.frombuffer(raw, kind).astype(float)
                high = np.frombuffer(raw, np.uint8)[(size - 1 if kind[0] == "<" else 0) :: size]
                fits = len(values) > 1 and len(np.unique(high)) <= 4
            if fits:
                known = True
                self.tables.append([values])
        return known

    # texts

    def _text(self, text: str, depth: int) -> None:
        for known in self._without:
            text = text.replace(known, " ")
        if (mark := hash((text, "text"))) in self._seen:
            return
        self._seen.add(mark)
        self._left -= len(text)
        if depth > DEEPEST or self._left < 0:
            self.unread.append("too much, in too many wrappings")
            return
        plain = text
        for _ in range(3):
            before = plain
            plain = html.unescape(plain) if "&" in plain else plain
            plain = _PERCENT.sub(lambda m: unquote(m[0]), plain) if "%" in plain else plain
            if "\\" in plain:
                plain = _ESCAPE.sub(lambda m: m[4] or _sign(m[1] or m[2] or m[3]), plain)
            if plain == before:
                break
        self.texts.append(plain)
        if "\\" in plain and (styled := _STYLE_ESCAPE.sub(lambda m: _sign(m[1]), plain)) != plain:
            self.texts.append(styled)
        if "</" in text or "/>" in text:
            self._marked(plain)
        self._json(text, depth)
        self._delimited(text)
        for found in _CODES.finditer(text):
            self._text("".join(map(chr, (int(n) % 0x110000 for n in re.findall(r"\d+", found[1])))), depth + 1)
        self._wrapped(plain, depth)

    def _wrapped(self, text: str, depth: int) -> None:
        for found in _BASE64.finditer(text):
            said = re.sub(r"\s+", "", found[0]).rstrip("=")
            if _HEX.fullmatch(said) or _NO_LETTERS.fullmatch(said):
                continue
            with suppress(binascii.Error, ValueError):
                raw = base64.b64decode(said.replace("-", "+").replace("_", "/") + "=" * (-len(said) % 4))
                self._bytes(raw, depth + 1)
        for found in _HEX.finditer(text):
            self._bytes(bytes.fromhex(found[1]), depth + 1)

    def _marked(self, text: str) -> None:
        """Read markup as a reader sees it: without tags, and tables by their columns."""
        shown = _NO_TEXT.sub(" ", text)
        self.texts += [c for c in ("\n".join(_COMMENT.findall(shown)),) if c]
        drawings = _DRAWING.findall(text)
        if any(len(_MARK.findall(each)) >= MARKS and f">{OURS}<" not in each for each in drawings):
            self.unread.append("drawing that hicgeo did not make")
        for group in _GROUP.findall(text):
            found = (re.findall(rf'\s{name}="([^"]*)"', group) for name in ("x", "y", "cx", "cy"))
            self.tables += [[_floats(values)] for values in found if len(values) > 2]
        shown = _INLINE.sub("", shown)
        rows = [[_TAG.sub(" ", cell).strip() for cell in _CELL.findall(row[0])] for row in _ROW.finditer(shown)]
        self._rows([row for row in rows if len(row) > 1])
        self.texts.append(_TAG.sub(" ", shown))

    def _json(self, text: str, depth: int) -> None:
        """Read every piece of JSON in a text, also between code."""
        decoder, at, patience = json.JSONDecoder(), 0, 40 * len(text) + 100_000
        while (found := _START.search(text, at)) is not None and patience > 0:
            try:
                value, at = decoder.raw_decode(text, found.start())
                self._value(value, depth)
            except json.JSONDecodeError as error:
                patience -= error.pos - found.start() + 50
                at = found.start() + 1
            except RecursionError:
                self.unread.append("too much, in too many wrappings")
                at = found.start() + 1
        if patience <= 0:
            self.unread.append("data that look like JSON and are not")

    def _value(self, value: Any, depth: int) -> None:
        todo: list[Any] = [value]
        while todo:
            one = todo.pop()
            if isinstance(one, str):
                if one[:1] in "[{" and len(one) > 15:
                    self._json(one, depth + 1)
                continue
            if isinstance(one, dict):
                numbers = _floats(list(one.values()))
                if (known := numbers[np.isfinite(numbers)]).size > 1:
                    self.tables.append(
                        [known[n : n + 1] for n in range(min(len(known), 30))] if len(known) <= 30 else []
                    )
                    self.tables.append([known])
                self.tables.append([_floats(v) for v in one.values() if isinstance(v, list) and _flat(v)])
                todo += [v for v in one.values() if isinstance(v, dict | list | str)]
                continue
            if not isinstance(one, list) or not one:
                continue
            if _flat(one):
                if len(one) > 2:
                    self.tables.append([_floats(one)])
                if len(one) > 15 and all(isinstance(v, int) and 0 <= v < 256 for v in one):
                    raw = bytes(one)  # unless they are just numbers
                    if _as_text(raw) is not None or raw.startswith((b"x", *(mark for mark, _, _ in _KINDS))):
                        self._bytes(raw, depth + 1)
            elif all(isinstance(each, dict) for each in one) and len(one) > 1:
                keys = list(dict.fromkeys(_keys(one)))
                self.tables.append([_floats([each.get(key) for each in one]) for key in keys[:60]])
                todo += [v for each in one for v in each.values() if isinstance(v, dict | list | str)]
            elif all(isinstance(each, list) for each in one):
                if all(_flat(each) for each in one):
                    if (len(one) > 1 and len(one[0]) > 3) or (len(one[0]) == 2 and len(one) < 4):
                        self.tables.append([_floats(each) for each in one])
                    if len({len(each) for each in one}) == 1 and 3 <= len(one[0]) <= 60:
                        self.tables.append(list(np.ascontiguousarray(np.array([_floats(each) for each in one]).T)))
                else:
                    self._rows([each for each in one if any(isinstance(v, int | float | str) for v in each)])
                    todo += one
            else:
                self._rows([one])
                todo += [v for v in one if isinstance(v, dict | list | str)]

    def _delimited(self, text: str) -> None:
        """Read lines of cells, such as a CSV has, by their columns."""
        lines = text.splitlines()
        for sign in ";\t,|":
            rows = [line.split(sign) for line in lines if 1 <= line.count(sign) < 200 and len(line) < 5_000]
            if len(rows) >= 2 or (len(rows) == 1 and len(lines) < 4):
                self._rows([[cell.strip(" \"'") for cell in row] for row in rows])
                if sign != ",":
                    return

    def _frame(self, frame: Any) -> None:
        rows = [frame.columns.tolist(), *frame.itertuples(index=True, name=None)]
        self._rows([[None, *rows[0]], *rows[1:]])
        self.texts.append("\n".join(";".join(str(value) for value in row) for row in rows))

    def _rows(self, rows: Sequence[Sequence[Any]]) -> None:
        """Take rows of cells as columns of numbers."""
        if len(rows) == 1 and sum(isinstance(v, int | float) or _digits(v) for v in rows[0]) < 2:
            return
        width = min(200, max(map(len, rows), default=0))
        columns: list[Floats] = []
        for place in range(width):
            cells = [row[place] if place < len(row) else None for row in rows]
            for comma in (False, True):
                numbers = _floats(cells, comma=comma)
                if np.isfinite(numbers).any() and (
                    not comma or not np.array_equal(numbers, columns[-1] if columns else [], equal_nan=True)
                ):
                    columns.append(numbers)
        if columns:
            self.tables.append(columns)


def unreadable(content: bytes) -> list[str]:
    """What in a file cannot be read, by kind.

    Parameters
    ----------
    content
        All its bytes.

    Examples
    --------
    >>> unreadable(b"<p>8,4 per 1.000 woningen</p>")
    []
    """
    return Unpacked(content).unread


def _keys(dicts: Sequence[dict[str, Any]]) -> Iterator[str]:
    for each in dicts[:2000]:
        yield from each


def _digits(value: Any) -> bool:
    return isinstance(value, str) and value[:1] in "-+0123456789" and len(value) > 3


def _flat(values: Sequence[Any]) -> bool:
    return len(values) > 0 and all(isinstance(v, int | float) or v is None for v in values)


_PLAIN = re.compile(r"[-+]?[\d.,'’ \u00a0\u202f]*\d(?:[eE][-+]?\d+)?")


def _floats(values: Sequence[Any], *, comma: bool = False) -> Floats:
    """Values as numbers, NaN where they are none; a text with its comma for thousands or for decimals."""
    if not comma and _flat(values):
        return np.array([np.nan if v is None else v for v in values], dtype=float)
    out = np.full(len(values), np.nan)
    for place, value in enumerate(values):
        if isinstance(value, bool) or value is None:
            continue
        if isinstance(value, int | float | np.number):
            out[place] = float(value)
        elif isinstance(value, str) and len(value) < 30 and _PLAIN.fullmatch(value.strip()):
            plain = re.sub(r"['’ \u00a0\u202f]", "", value.strip())
            plain = plain.replace(".", "").replace(",", ".") if comma else plain.replace(",", "")
            with suppress(ValueError, OverflowError):
                out[place] = float(plain)
    return out


def _sign(code: str) -> str:
    number = int(code, 16)
    return chr(number) if 32 <= number < 0x110000 and not 0xD800 <= number < 0xE000 else " "


_CONTROL, _C1 = re.compile(rb"[\x00-\x08\x0e-\x1a\x1c-\x1f]"), re.compile(rb"[\x7f-\x9f]")


def _as_text(raw: bytes) -> str | None:
    """Bytes as text, or None when they are none."""
    for mark, encoding in ((b"\xff\xfe", "utf-16"), (b"\xfe\xff", "utf-16"), (b"\xef\xbb\xbf", "utf-8-sig")):
        if raw.startswith(mark):
            with suppress(UnicodeDecodeError):
                return raw.decode(encoding)
    if len(raw) > 7 and len(raw) % 2 == 0:
        for encoding, zeros in (("utf-16-le", raw[1::2]), ("utf-16-be", raw[::2])):
            if zeros.count(0) == len(zeros):
                return raw.decode(encoding, "replace")
    strange = len(_CONTROL.findall(raw))
    with suppress(UnicodeDecodeError):
        return raw.decode("utf-8") if strange <= len(raw) / 1000 else None
    if strange + len(_C1.findall(raw)) <= len(raw) / 1000:
        return raw.decode("latin-1")
    return None


_Reader = Callable[[Unpacked, bytes, int], None]
_KINDS: tuple[tuple[bytes, str, _Reader | None], ...] = (
    (b"\x89PNG\r\n\x1a\n", "picture", Unpacked._png),
    (b"\x1f\x8b", "gzip", Unpacked._gzip),
    (b"PK\x03\x04", "zip", Unpacked._zip),
    (b"BZh", "bzip2", Unpacked._bzip),
    (b"\xfd7zXZ\x00", "xz", Unpacked._xz),
    (b"SQLite format 3\x00", "database", Unpacked._sqlite),
    (b"PAR1", "Parquet", Unpacked._arrow),
    (b"ARROW1", "Arrow", Unpacked._arrow),
    (b"\xff\xff\xff\xff", "Arrow", Unpacked._arrow),
    (b"%PDF", "PDF", Unpacked._pdf),
    (b"II*\x00", "surface", Unpacked._tiff),
    (b"MM\x00*", "surface", Unpacked._tiff),
    (b"II+\x00", "surface", Unpacked._tiff),
    (b"\xff\xd8\xff", "picture that hicgeo did not draw", None),
    (b"GIF8", "picture that hicgeo did not draw", None),
    (b"RIFF", "picture that hicgeo did not draw", None),
    (b"\x28\xb5\x2f\xfd", "bytes compressed by zstandard", None),
    (b"wOF", "font", None),
)
