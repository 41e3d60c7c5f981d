"""A clean export, written here by hand, and what the tests of the readers do to it."""

from __future__ import annotations

import zipfile
from pathlib import Path
from xml.sax.saxutils import escape

import pytest

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


@pytest.fixture
def export(tmp_path: Path) -> Export:
    return Export(tmp_path)


def _cell(value: object, place: str) -> str:
    if isinstance(value, int | float):
        return f'<c r="{place}"><v>{value}</v></c>'
    if str(value).startswith("="):  # "=formula|value"
        formula, _, shown = str(value)[1:].partition("|")
        return f'<c r="{place}"><f>{escape(formula)}</f>{f"<v>{shown}</v>" if shown else ""}</c>'
    if str(value).startswith("#"):
        return f'<c r="{place}" t="e"><v>{escape(str(value))}</v></c>'
    return f'<c r="{place}" t="inlineStr"><is><t>{escape(str(value))}</t></is></c>'


@pytest.fixture
def write_xlsx(tmp_path: Path):
    """Write sheets {name: rows} as a minimal workbook; names that start with a dot are hidden."""

    def write(sheets: dict[str, list[list[object]]], name: str = "export.xlsx", merged: str = "") -> Path:
        main = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
        office = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
        package = "http://schemas.openxmlformats.org/package/2006"
        path = tmp_path / name
        with zipfile.ZipFile(path, "w") as book:
            parts = "".join(
                f'<Override PartName="/xl/worksheets/sheet{i}.xml" ContentType="application/vnd.openxmlformats-'
                'officedocument.spreadsheetml.worksheet+xml"/>'
                for i in range(1, len(sheets) + 1)
            )
            book.writestr(
                "[Content_Types].xml",
                f'<Types xmlns="{package}/content-types"><Default Extension="rels" ContentType="application/vnd.openxml'
                'formats-package.relationships+xml"/><Override PartName="/xl/workbook.xml" ContentType="application/vnd'
                f'.openxmlformats-officedocument.spreadsheetml.sheet.main+xml"/>{parts}</Types>',
            )
            book.writestr(
                "_rels/.rels",
                f'<Relationships xmlns="{package}/relationships"><Relationship Id="r1" Type="{office}/officeDocument" '
                'Target="xl/workbook.xml"/></Relationships>',
            )
            entries = "".join(
                f'<sheet name="{n.lstrip(".")}" sheetId="{i}" r:id="r{i}"{" state=" + chr(34) + "hidden" + chr(34) if n[0] == "." else ""}/>'  # noqa: E501
                for i, n in enumerate(sheets, 1)
            )
            book.writestr(
                "xl/workbook.xml", f'<workbook xmlns="{main}" xmlns:r="{office}"><sheets>{entries}</sheets></workbook>'
            )
            links = "".join(
                f'<Relationship Id="r{i}" Type="{office}/worksheet" Target="worksheets/sheet{i}.xml"/>'
                for i in range(1, len(sheets) + 1)
            )
            book.writestr(
                "xl/_rels/workbook.xml.rels", f'<Relationships xmlns="{package}/relationships">{links}</Relationships>'
            )
            for i, rows in enumerate(sheets.values(), 1):
                body = "".join(
                    f'<row r="{r}">'
                    + "".join(_cell(v, f"{chr(65 + c)}{r}") for c, v in enumerate(row) if v != "")
                    + "</row>"
                    for r, row in enumerate(rows, 1)
                )
                book.writestr(
                    f"xl/worksheets/sheet{i}.xml",
                    f'<worksheet xmlns="{main}"><sheetData>{body}</sheetData>'
                    + (f'<mergeCells count="1"><mergeCell ref="{merged}"/></mergeCells>' if merged else "")
                    + "</worksheet>",
                )
        return path

    return write


@pytest.fixture
def twin(export):
    """A clean export and its reading, ready to be spoilt."""
    from twins import Twin

    return Twin(export)
