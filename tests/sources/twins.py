"""A faulty file beside its clean twin: what the fault does not touch comes out the same, and all is accounted for."""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path

import numpy as np
import pandas as pd

import hicgeo
from hicgeo.schema import check_incidents

BAD = 7
"""The row that is spoilt."""


TITLES = ["nr", "delict", "van", "vantijd", "tot", "tottijd", "x", "y", "gemeente", "poging", "confront", "geweld"]
COLUMNS = {
    "incident_id": "nr",
    "crime_type": "delict",
    "start_date": "van",
    "start_time": "vantijd",
    "end_date": "tot",
    "end_time": "tottijd",
    "x": "x",
    "y": "y",
    "municipality": "gemeente",
    "attempted": "poging",
    "confronted": "confront",
    "violence": "geweld",
}


class Export:
    """Rows of a clean export as lists of text, to be spoilt and written."""

    def __init__(self, folder: Path, n: int = 40) -> None:
        self.folder = folder
        self.columns = dict(COLUMNS)
        self.titles = list(TITLES)
        codes = ("A20", "B70", "A30", "B72")
        self.rows = [
            [
                f"2024{i:06d}",
                codes[i % 4],
                f"{13 + i % 15:02d}-{1 + i % 12:02d}-2023",
                f"{i % 23:02d}:15",
                f"{14 + i % 15:02d}-{1 + i % 12:02d}-2023",
                f"{i % 23:02d}:45",
                f"{80000 + 137 * i},5",
                f"{455000 + 91 * i}",
                "GM0518",
                "N",
                "J" if i % 4 == 3 else "N",
                "J" if i % 4 in (1, 3) else "N",
            ]
            for i in range(n)
        ]

    def set(self, row: int, title: str, value: str) -> None:
        self.rows[row][self.titles.index(title)] = value

    def lines(self, delimiter: str = ";") -> list[str]:
        return [delimiter.join(row) for row in [self.titles, *self.rows]]

    def write(self, content: bytes | str | None = None, name: str = "export.csv", delimiter: str = ";") -> Path:
        if content is None:
            content = "\r\n".join(self.lines(delimiter)) + "\r\n"
        path = self.folder / name
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return path


def assert_law(intake, path: Path, *, physical: bool = True) -> None:
    """Read = accepted + rejected, by record and by byte; every reject and repair can be found in the file.

    `physical` says that lines end in bytes 10 and 13 and that every record is one line, so that bytes can be counted
    here line by line, apart from the reader.
    """
    check_incidents(intake.incidents)
    assert intake.read == len(intake.incidents) + len(intake.rejected)
    assert intake.account["records"].tolist() == [0, 0, len(intake.incidents), len(intake.rejected), 0]
    assert intake.rejected["record"].is_unique
    assert intake.rejected["record"].isin(range(1, intake.read + 1)).all()
    assert intake.rejected["reason"].notna().all()
    assert not set(intake.repairs["record"]) & set(intake.rejected["record"])
    assert (intake.repairs["original"] != intake.repairs["repaired"]).all()
    per_note = intake.repairs.groupby(["kind", "column"], observed=True).size()
    for (kind, column), n in per_note.items():
        noted = intake.notes[(intake.notes["kind"] == kind) & (intake.notes["column"].fillna("") == column)]
        assert noted["records"].sum() == n, f"as many repairs as the note says: {kind}"
    if path.suffix not in (".csv", ".tsv", ".txt"):
        assert intake.size is None
        assert intake.account["bytes"].isna().all()
        return
    data = path.read_bytes()
    assert intake.size == len(data) == intake.account["bytes"].sum()
    assert (intake.account["bytes"] >= 0).all()
    if not physical:
        return
    lines = re.findall(rb"[^\r\n]*(?:\r\n|\n|\r)|[^\r\n]+$", data)
    of = intake.account["bytes"]
    assert of["rejected"] == sum(len(lines[n - 1]) for n in intake.rejected["line"])
    blank = [line for line in lines if not line.strip(b" \t\r\n;,|")]
    assert of["blank"] == sum(map(len, blank))
    header = next(line for line in lines if line.strip())
    assert of["mark"] + of["header"] == len(header)
    for line, original in zip(intake.repairs["line"], intake.repairs["original"], strict=True):
        for part in re.split(r" / | ", original):
            assert part.encode() in lines[line - 1], "the original value stands in the file"


def assert_twin(intake, clean, touched: Iterable[int] = ()) -> None:
    """Rows of the clean twin other than those at `touched` came out exactly equal, and in the same order."""
    kept = clean.incidents.drop(index=clean.incidents.index[list(touched)])
    same = intake.incidents[intake.incidents.index.isin(kept.index)]
    pd.testing.assert_frame_equal(
        pd.DataFrame(same)[kept.columns.drop("geometry")],
        pd.DataFrame(kept).drop(columns="geometry"),
        check_categorical=False,
    )
    assert (same.geometry.to_wkb() == kept.geometry.to_wkb()).all()
    assert same.crs == kept.crs


class Twin:
    """A clean export, read once; then spoilt, written, and read again."""

    def __init__(self, export) -> None:
        self.export = export
        self.clean = self._read(export.write(name="clean.csv"))
        assert_law(self.clean, export.folder / "clean.csv")
        assert self.clean.rejected.empty

    def _read(self, path, **more):
        return hicgeo.read_incidents(path, columns=self.export.columns, **more)

    def read(self, content=None, *, touched=(), name="export.csv", physical=True, **more):
        """Read the spoilt file; the rows at `touched` may differ from the clean twin, all others may not."""
        path = content if isinstance(content, Path) else self.export.write(content, name=name)
        intake = self._read(path, **more)
        assert_law(intake, path, physical=physical)
        assert_twin(intake, self.clean, touched)
        return intake

    def rejects(self, reason, content=None, **more):
        """Read the file; the one fault rejects its one record, for this reason and with its line."""
        intake = self.read(content, touched=[BAD], **more)
        assert intake.rejected[["record", "line", "reason"]].to_numpy().tolist() == [[BAD + 1, BAD + 2, reason]]
        return intake

    def lines(self, change=None) -> list[bytes]:
        """Lines of the file, the spoilt one changed."""
        lines = [line.encode() for line in self.export.lines()]
        if change:
            lines[BAD + 1] = change(lines[BAD + 1])
        return lines

    def spoil(self, change) -> bytes:
        return b"\n".join(self.lines(change)) + b"\n"


def kinds(intake) -> dict[str, int]:
    """Notes by kind, with the records they are about."""
    return intake.notes.groupby("kind")["records"].sum().to_dict()


def originals(intake, kind) -> list[tuple[str, str]]:
    """What the file says and what was made of it, for one kind of repair."""
    these = intake.repairs[intake.repairs["kind"] == kind]
    return list(zip(these["original"], these["repaired"], strict=True))


def places(intake) -> np.ndarray:
    return np.column_stack([intake.incidents.geometry.x, intake.incidents.geometry.y])
