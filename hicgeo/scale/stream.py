"""Counts per neighbourhood, month and type of an export that does not fit in memory, read block by block."""

from __future__ import annotations

import codecs
import html
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import cached_property
from multiprocessing import get_context
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import numpy.typing as npt
import pandas as pd

from hicgeo.analysis.counting import count_incidents
from hicgeo.analysis.join import NeighbourhoodIndex
from hicgeo.errors import InputError, visible
from hicgeo.schema import ASSIGNMENT_STATUS, COUNT_STATUS
from hicgeo.sources import _open
from hicgeo.sources._delimited import SEPARATOR_LINE, is_cp1252, read_delimited
from hicgeo.sources._offences import HEAVIEST
from hicgeo.sources._records import strike
from hicgeo.sources.incidents import Reading, titles_of

if TYPE_CHECKING:
    import geopandas as gpd

BLOCK_BYTES = 16 << 20
"""Of the file at a time; reading takes some ten times as much memory."""


@dataclass(frozen=True)
class FileCounts:
    """Counts of an export, and what came of its records.

    Attributes
    ----------
    counts
        Count table, as `hicgeo.count_incidents` gives it.
    rejected
        One row per rejected record, as of an `Intake`: `record`, `line`, `reason`, `column`, `value`, `month`,
        `crime_type` and `municipality`; the last is left out of a number that an earlier block had.
    notes
        One row per kind, column and text: `records` it holds for, and the first `example_line`.
    account
        Records and bytes of each part of the file.
    statuses
        Accepted incidents that lie inside, snapped, outside, unlocated.
    read, size
        Records and bytes of the file; packed ones are counted unpacked.
    source
        Name of the file.
    """

    counts: pd.DataFrame
    rejected: pd.DataFrame
    notes: pd.DataFrame
    account: pd.DataFrame
    statuses: pd.Series
    read: int
    size: int
    source: str

    def __post_init__(self) -> None:
        accepted = int(self.statuses.sum())
        if self.read != accepted + len(self.rejected) or self.account["bytes"].sum() != self.size:
            raise InputError(
                "records read must be accepted or rejected, and every byte accounted for",
                f"{self.read} read, {accepted} accepted, {len(self.rejected)} rejected; {self.size} bytes, "
                f"{self.account['bytes'].sum()} accounted for",
                "this is a fault of the reader, not of the file: report it",
            )

    def summary(self) -> pd.Series:
        """Count the records, as `Intake.summary` does."""
        accepted, unlocated = int(self.statuses.sum()), int(self.statuses["unlocated"])
        counts = {
            "read": self.read,
            "accepted": accepted,
            "located": accepted - unlocated,
            "unlocated": unlocated,
            "rejected": len(self.rejected),
        }
        reasons = (
            self.rejected["reason"].value_counts(sort=False).sort_index().sort_values(ascending=False, kind="stable")
        )
        counts |= {f"rejected: {reason}": int(n) for reason, n in reasons.items()}
        return pd.Series(counts, name="records", dtype="int64")

    def to_frame(self) -> pd.DataFrame:
        """Return the count table."""
        return self.counts.copy()

    def __repr__(self) -> str:
        return visible(
            f"FileCounts({self.source}: {self.read:,} read = {self.statuses.sum():,} accepted + "
            f"{len(self.rejected):,} rejected; {self.counts['incidents'].sum():,.0f} counted)"
        )

    def _repr_html_(self) -> str:
        table = self.summary().to_frame()
        return f"<p>{html.escape(repr(self))}</p>{table.to_html()}{self.statuses.to_frame().to_html()}"


def count_from_file(
    source: str | Path,
    neighbourhoods: gpd.GeoDataFrame,
    *,
    columns: str | Mapping[str, str | Sequence[str]],
    date: Literal["start", "end", "aoristic"],
    period: tuple[str, str],
    max_distance: float = 0.0,
    overlaps: Literal["raise", "smallest"] = "raise",
    encoding: str | None = None,
    jobs: int = 1,
    **reading: Any,
) -> FileCounts:
    r"""Count the incidents of a large export per neighbourhood, month and type, without holding it in memory.

    Parameters
    ----------
    source
        CSV or TSV, packed with gzip or not, in UTF-8 or cp1252.
    neighbourhoods
        Neighbourhood table, in RD.
    columns
        As `hicgeo.read_incidents` takes it.
    date, period
        As `hicgeo.count_incidents` takes them.
    max_distance, overlaps
        As `hicgeo.assign_neighbourhoods` takes them; metres.
    encoding
        "utf-8" or "cp1252"; found out from the whole file when left out.
    jobs
        Processes that read side by side. A script that asks for more than one must start under
        ``if __name__ == "__main__":``.
    **reading
        What else `hicgeo.read_incidents` takes about records: `crs`, `crime_types`, `duplicates`, `date_order`,
        `century`, `excel_epoch`, `swap`, `swap_times`, `stations`, `at_station`, `geocoder`.

    Returns
    -------
    FileCounts
        `.counts`, `.rejected`, `.notes`, `.account`, `.statuses`, `.summary()`.

    Raises
    ------
    InputError
        The file cannot be opened, is of another kind, or cannot be read in one way; blocks of it have other delimiters.
    ColumnError, CrsError
        As `read_incidents`.
    AlignmentError, ConfigError
        As `assign_neighbourhoods` and `count_incidents`.

    Notes
    -----
    The file is read in blocks of 16 MiB, each through the checks of `read_incidents` with the titles of the first
    line, then joined and counted. What is decided of a file as a whole is decided so: the encoding on all of its
    bytes, the CRS (when it is left out) on the first block and held against every other, records with one number
    over all blocks.
    Those with a number that an earlier block had are `duplicate_number`, also when their content is the same; the one
    that counts is the one that would count in memory. Shares under which a reading is refused, or taken for a default
    (dates in two orders, clock times of 00:00), are looked at block by block. A line end ends a record: `multiline` is
    for `read_incidents`.

    O(bytes) in time. In memory O(neighbourhoods x months + rejected + some 60 bytes per accepted record), and some ten
    times a block per process. Numbers are compared by a hash of 64 bits: among 10 million the chance that two different
    ones are taken for one is 3 in a million.

    Repairs are counted in `.notes`, not listed: `read_incidents` lists them.

    Examples
    --------
    >>> import tempfile, pathlib, geopandas, shapely, hicgeo
    >>> buurten = geopandas.GeoDataFrame(
    ...     {"name": ["A"], "dwellings": [10]},
    ...     geometry=[shapely.box(81000, 455000, 82000, 456000)], index=["BU05180001"], crs="EPSG:28992")
    >>> text = "nr;delict;van;x;y\n1;A20;13-03-2024 18:00;81234;455123\n2;A20;14-03-2024 18:00;81300;455200\n"
    >>> names = {"incident_id": "nr", "crime_type": "delict", "start": "van", "x": "x", "y": "y"}
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     export = pathlib.Path(folder, "export.csv")
    ...     _ = export.write_text(text)
    ...     found = hicgeo.count_from_file(
    ...         export, buurten, columns=names, date="start", period=("2024-03", "2024-03"))
    >>> found.counts["incidents"].sum().item(), found
    (2.0, FileCounts(export.csv: 2 read = 2 accepted + 0 rejected; 2 counted))
    """
    path = _open.check_path(source)
    if _open.kind_of(path) != "delimited":
        raise InputError("only text is read in blocks", path.suffix, "read it with read_incidents, or save it as CSV")
    job = _Job(
        reading=Reading(columns=columns, **reading),
        name=path.name,
        encoding=_encoding(path) if encoding is None else encoding,
        neighbourhoods=neighbourhoods,
        date=date,
        period=period,
        max_distance=max_distance,
        overlaps=overlaps,
    )
    total = _Total(job)
    with _workers(job, jobs) as submit, _progress(path) as advance:
        waiting: deque[Future[_Block]] = deque()
        for number, (head, block) in enumerate(_blocks(path)):
            waiting.append(submit(head, block, number == 0))
            advance(len(block))
            while len(waiting) > jobs:
                total.add(waiting.popleft().result())
        for future in waiting:
            total.add(future.result())
    return total.result()


def _encoding(path: Path) -> str:
    """Encoding of a file, decided on all of its bytes as `read_incidents` does."""
    foreign = False
    for block in _open.read_blocks(path, BLOCK_BYTES):
        if not block.isascii():
            foreign = True
            if not is_cp1252(block):
                return "utf-8"
    return "cp1252" if foreign else "utf-8"


def _blocks(path: Path) -> Iterator[tuple[bytes, bytes]]:
    """Give what stands up to the end of the line of titles, and whole lines that come after it."""
    head = b""
    for block in _open.read_blocks(path, BLOCK_BYTES):
        if not head:
            start = len(block) - len(block.removeprefix(codecs.BOM_UTF8).lstrip())
            end = block.find(b"\n", start) + 1
            if end and SEPARATOR_LINE.fullmatch(block[start:end].decode("latin-1")):
                end = block.find(b"\n", end) + 1
            head, block = block[: end or None], block[end:] if end else b""
        yield head, block


@dataclass(frozen=True)
class _Block:
    """What came of one block."""

    read: int
    lines: int
    bytes_of: Mapping[str, int]
    rejected: pd.DataFrame
    notes: pd.DataFrame
    counts: pd.DataFrame
    statuses: pd.Series
    accepted: _Accepted
    size: int
    number_title: str


@dataclass(frozen=True)
class _Accepted:
    """What must be known of accepted records to settle numbers that occur in several blocks."""

    number: Any
    """As an array of pyarrow."""
    record: npt.NDArray[np.int32]
    hash: npt.NDArray[np.uint64]
    line: npt.NDArray[np.int32]
    size: npt.NDArray[np.int32]
    start: npt.NDArray[np.int64]
    end: npt.NDArray[np.int64]
    kind: pd.Categorical
    code: npt.NDArray[np.int32]
    status: npt.NDArray[np.int8]


@dataclass(frozen=True)
class _Job:
    """What is done with every block; it travels to the other processes once."""

    reading: Reading
    name: str
    encoding: str
    neighbourhoods: gpd.GeoDataFrame
    date: Literal["start", "end", "aoristic"]
    period: tuple[str, str]
    max_distance: float
    overlaps: Literal["raise", "smallest"]

    @cached_property
    def index(self) -> NeighbourhoodIndex:
        """The neighbourhoods, made ready once in every process."""
        return NeighbourhoodIndex(self.neighbourhoods, overlaps=self.overlaps)

    @property
    def order(self) -> list[str]:
        """Crime types, the heaviest first."""
        given = self.reading.crime_types or {}
        types = [kind for each in given.values() for kind in (each.values() if isinstance(each, Mapping) else [each])]
        return list(dict.fromkeys((*HEAVIEST, *types)))

    def counted(self, incidents: pd.DataFrame, where: pd.DataFrame) -> pd.DataFrame:
        """Count incidents that have been assigned."""
        return count_incidents(incidents, where, self.neighbourhoods, date=self.date, period=self.period)

    def of(self, head: bytes, block: bytes, first: bool) -> _Block:
        """Read, join and count one block."""
        import pyarrow as pa

        table = strike(read_delimited(head + block, self.encoding), self.name)
        ledger, table_bytes = table.ledger, table.record_bytes
        assert table_bytes is not None  # noqa: S101 - it is delimited text
        title = titles_of(table, self.reading.columns, self.reading.geocoder is not None)["incident_id"]
        intake = self.reading.of(table, self.name)
        standing = ledger.standing
        del table
        where = self.index.claim(intake.incidents, max_distance=self.max_distance)
        counts = self.counted(intake.incidents, where)
        incidents = intake.incidents
        of = intake.account["bytes"].astype(int)
        return _Block(
            read=intake.read,
            lines=_count_lines(block),
            bytes_of={
                "accepted": of["accepted"],
                "rejected": of["rejected"],
                "blank": int(first * len(head) + len(block) - of[["accepted", "rejected"]].sum())
                - int(first * of[["mark", "header"]].sum()),
                "mark": of["mark"],
                "header": of["header"],
            },
            rejected=intake.rejected,
            notes=intake.notes,
            counts=counts,
            statuses=where["status"].astype(str).value_counts().reindex(list(ASSIGNMENT_STATUS), fill_value=0),
            accepted=_Accepted(
                number=pa.array(incidents.index.to_numpy(object), pa.string()),
                record=ledger.record[standing].astype(np.int32),
                line=ledger.line[standing].astype(np.int32),
                start=incidents["start"].astype("datetime64[us, UTC]").astype(np.int64).to_numpy(),
                end=incidents["end"].astype("datetime64[us, UTC]").astype(np.int64).to_numpy(),
                kind=pd.Categorical(incidents["crime_type"]),
                code=self.neighbourhoods.index.get_indexer(where["code"]).astype(np.int32),
                hash=np.asarray(pd.util.hash_array(incidents.index.to_numpy(object), categorize=False)),
                size=table_bytes[ledger.record[standing] - 1].astype(np.int32),
                status=pd.Categorical(where["status"], categories=list(ASSIGNMENT_STATUS)).codes.astype(np.int8),
            ),
            size=len(block) + first * len(head),
            number_title=title,
        )


class _Total:
    """Adds up blocks in the order of the file."""

    def __init__(self, job: _Job) -> None:
        self._job = job
        self._blocks: list[_Block] = []
        self._counts: pd.DataFrame | None = None
        self._read = self._lines = 0

    def add(self, block: _Block) -> None:
        """Put a block behind those before it."""
        accepted = block.accepted
        moved = {"record": self._read, "line": self._lines}
        self._counts = block.counts if self._counts is None else _added(self._counts, block.counts, 1)
        self._blocks.append(
            replace(
                block,
                counts=block.counts.iloc[:0],
                rejected=block.rejected.assign(**{name: block.rejected[name] + n for name, n in moved.items()}),
                notes=block.notes.assign(example_line=block.notes["example_line"] + self._lines),
                accepted=replace(
                    accepted, record=accepted.record + np.int32(self._read), line=accepted.line + np.int32(self._lines)
                ),
            )
        )
        self._read += block.read
        self._lines += block.lines

    def result(self) -> FileCounts:
        """Settle what occurs in several blocks, and give what came of the file."""
        job, blocks = self._job, self._blocks
        if self._counts is None or self._read == 0:
            raise InputError(f"{job.name} must have at least one record", "0 rows", "export the period again")
        notes = pd.concat([block.notes for block in blocks], ignore_index=True)
        _check_one_way(notes)
        parts = {part: sum(block.bytes_of[part] for block in blocks) for part in ("accepted", "rejected", "blank")}
        parts |= {part: blocks[0].bytes_of[part] for part in ("mark", "header")}
        statuses = sum((block.statuses for block in blocks[1:]), start=blocks[0].statuses)
        rejected, counts = [block.rejected for block in blocks], self._counts

        later = self._later()
        if len(later):
            # taken back: they were counted before it was known that an earlier or heavier record has their number
            where = pd.DataFrame({"code": later["code"], "status": later["status"]})
            counts = _added(counts, job.counted(later, where), -1)
            statuses = statuses - later["status"].value_counts().reindex(statuses.index, fill_value=0)
            size = int(later["size"].sum())
            parts["accepted"], parts["rejected"] = parts["accepted"] - size, parts["rejected"] + size
            extra = {
                "reason": "duplicate_number",
                "column": blocks[0].number_title,
                "value": later["number"],
                "month": later["start"].dt.strftime("%Y-%m"),
                "crime_type": later["crime_type"],
                "municipality": None,
            }
            rejected.append(
                later[["record", "line"]].astype("int64").assign(**extra).astype(blocks[0].rejected.dtypes.to_dict())
            )
            note = {"kind": "duplicate_number", "column": blocks[0].number_title, "records": len(later)}
            note |= {
                "example_line": later["line"].min(),
                "text": "records with a number of another part of the file",
            }
            notes = pd.concat([notes, pd.DataFrame([note])], ignore_index=True)
        reasons = pd.concat([each for each in rejected if len(each)] or rejected[:1], ignore_index=True)
        records = {"accepted": int(statuses.sum()), "rejected": len(reasons)}
        order = ["mark", "header", "accepted", "rejected", "blank"]
        account = pd.DataFrame(
            {"records": [records.get(part, 0) for part in order], "bytes": [int(parts[part]) for part in order]},
            index=pd.Index(order, name="part"),
        )
        return FileCounts(
            counts=counts,
            rejected=reasons.sort_values("record", ignore_index=True),
            notes=notes.groupby(["kind", "column", "text"], dropna=False, sort=False)
            .agg(records=("records", "sum"), example_line=("example_line", "min"))
            .reset_index(),
            account=account,
            statuses=statuses.rename("incidents").astype("int64"),
            read=self._read,
            size=sum(block.size for block in blocks),
            source=job.name,
        )

    def _later(self) -> pd.DataFrame:
        """Accepted records whose number another block has too, but for the one that counts."""
        if self._job.reading.duplicates == "keep":
            return pd.DataFrame()
        parts = [block.accepted for block in self._blocks]
        hashes = np.concatenate([part.hash for part in parts])
        order = np.argsort(hashes, kind="stable")
        ordered = hashes[order]
        same = np.zeros(len(order), bool)
        np.equal(ordered[1:], ordered[:-1], out=same[1:])
        twice = np.zeros(len(order), bool)
        twice[order] = same | np.append(same[1:], False)
        if not twice.any():
            return pd.DataFrame()
        starts = np.cumsum([0, *(len(part.hash) for part in parts)])
        frames = []
        for part, first in zip(parts, starts, strict=False):
            at = np.flatnonzero(twice[first : first + len(part.hash)])
            names = self._job.neighbourhoods.index.to_numpy(object)
            frames.append(
                pd.DataFrame(
                    {
                        "number": part.number.take(at).to_pylist(),
                        "record": part.record[at],
                        "line": part.line[at],
                        "size": part.size[at],
                        "start": _moments(part.start[at]),
                        "end": _moments(part.end[at]),
                        "crime_type": part.kind[at].astype(str),
                        "code": pd.Series([names[each] if each >= 0 else None for each in part.code[at]], dtype=object),
                        "status": np.array(ASSIGNMENT_STATUS, object)[part.status[at]],
                    }
                )
            )
        found = pd.concat(frames, ignore_index=True)
        rank = {kind: place for place, kind in enumerate(self._job.order)}
        found["rank"] = found["crime_type"].map(rank) if self._job.reading.duplicates == "heaviest" else 0
        order_of = found.sort_values(["number", "rank", "record"])
        return order_of[order_of.duplicated("number")].sort_values("record", ignore_index=True)


def _moments(microseconds: npt.NDArray[np.int64]) -> pd.Series:
    moments = pd.to_datetime(pd.Series(microseconds), unit="us", utc=True)
    return moments.dt.tz_convert("Europe/Amsterdam")


def _added(counts: pd.DataFrame, more: pd.DataFrame, sign: int) -> pd.DataFrame:
    """Sum of two count tables over the same neighbourhoods and months; attributes that are amounts are added too."""
    if counts.index.equals(more.index):
        index = counts.index
    else:  # a crime type that the other does not have
        both = [counts.index, more.index]
        types = sorted(set().union(*(each.get_level_values("crime_type").unique() for each in both)))
        codes, months = (counts.index.get_level_values(name).unique() for name in ("code", "month"))
        index = pd.MultiIndex.from_product([codes, types, months], names=counts.index.names)
    incidents = counts["incidents"].reindex(index, fill_value=0.0) + sign * more["incidents"].reindex(
        index, fill_value=0.0
    )
    status = pd.Categorical(["final"] * len(index), categories=list(COUNT_STATUS))
    total = pd.DataFrame({"incidents": incidents, "status": status}, index=index)
    amounts = ("incidents", "counted", "outside", "unlocated", "out_of_period")
    total.attrs = counts.attrs | {name: counts.attrs[name] + sign * more.attrs[name] for name in amounts}
    return total


def _check_one_way(notes: pd.DataFrame) -> None:
    """Refuse a file whose blocks were read in different ways."""
    for kinds, what in ((("delimiter",), "delimiter"), (("crs", "transformed"), "CRS")):
        said = notes.loc[notes["kind"].isin(kinds)].drop_duplicates("text")
        if len(said) > 1:
            raise InputError(
                f"a file must have one {what}",
                f"{len(said)}: {'; '.join(said['text'])} (the second at line {said['example_line'].iloc[1]})",
                f"split it by {what}",
            )


def _count_lines(data: bytes) -> int:
    """Lines that end in LF, CRLF or CR, and a last one without."""
    ends = data.count(b"\n") + data.count(b"\r") - data.count(b"\r\n")
    return ends + (not data.endswith((b"\n", b"\r")) if data else 0)


@contextmanager
def _progress(path: Path) -> Iterator[Callable[[int], Any]]:
    """Show a bar of the bytes, when it takes over two seconds and there is a terminal."""
    from tqdm import tqdm

    packed = path.suffix.lower() == ".gz"
    whole = None if packed else path.stat().st_size
    with tqdm(total=whole, unit="B", unit_scale=True, delay=2, disable=None, leave=False) as bar:
        yield bar.update


_job: _Job | None = None
"""What this process does with every block; only in a process that was started for it."""


def _start(job: _Job) -> None:
    global _job
    _job = job


def _work(head: bytes, block: bytes, first: bool) -> _Block:
    assert _job is not None  # noqa: S101 - _start came first
    return _job.of(head, block, first)


@contextmanager
def _workers(job: _Job, jobs: int) -> Iterator[Callable[[bytes, bytes, bool], Future[_Block]]]:
    """Give what takes a block and promises its outcome."""
    if jobs < 2:

        def at_once(head: bytes, block: bytes, first: bool) -> Future[_Block]:
            future: Future[_Block] = Future()
            future.set_result(job.of(head, block, first))
            return future

        yield at_once
        return
    # not forked: the threads of pyarrow would not come along
    pool = ProcessPoolExecutor(jobs, get_context("spawn"), initializer=_start, initargs=(job,))
    try:
        yield lambda head, block, first: pool.submit(_work, head, block, first)
    finally:
        pool.shutdown(cancel_futures=True)
