"""What the tests of the readers start from: a clean export, its twin, a workbook."""

from __future__ import annotations

import zipfile
from pathlib import Path
from xml.sax.saxutils import escape

import pytest
from twins import Export, Twin


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
    return Twin(export)
