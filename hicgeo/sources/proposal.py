"""What an unknown export holds, what of it can be read how, and the evidence: a proposal, never a guess."""

from __future__ import annotations

import html
import json
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from hicgeo.errors import HicgeoError, visible
from hicgeo.schema import LEAST_LOCATED, RD_NEW
from hicgeo.sources import _open
from hicgeo.sources._choices import (
    Finding,
    choose_codes,
    choose_columns,
    choose_crs,
    choose_dates,
    choose_place,
    fitting_crs,
    share,
)
from hicgeo.sources._exports import NAMES
from hicgeo.sources._profile import Profile, crime_type
from hicgeo.sources._records import read_table
from hicgeo.sources.incidents import Intake, read_incidents

if TYPE_CHECKING:
    from hicgeo.sources._ledger import Table

SAMPLE_BYTES = 4 << 20
"""Of a larger text file, parts of in all this size are looked at."""
PARTS = 64
"""How many parts, evenly over the file, the first and the last included."""
CELL_M = 500.0
"""Side of the cells of the small map; it grows with the area until they fit in the width of a screen."""
MAP_CELLS = 60
_SHADES = " ░▒▓█"
_COLOURS = ("#eceff4", "#bcd2e8", "#7fb0d3", "#3f85b8", "#0b5394")


@dataclass(frozen=True)
class Proposal:
    """How an export can be read, and why.

    Attributes
    ----------
    source
        Name of the file.
    findings
        One row per thing that must be known: `setting` (one of our names of a column, or an argument of
        `read_incidents`), `value`, `state` ("proposed", "open": it can mean several things, "missing", "noted"),
        `evidence` and `alternatives`.
    mapping
        What `read_incidents` takes, of what is proposed.
    codes
        Offences in the file from the most frequent: index `offence`, columns `records` and `crime_type` (empty where
        it is no High Impact Crime: such records are rejected, and listed).
    columns
        Titles in the file that nothing was proposed for.
    looked_at
        Records that were looked at.
    whole
        Whether these are all of the file.
    preview
        `Intake` of these records, read as proposed; None while something is open or missing, or when it was refused.
    refused
        Why reading as proposed was refused, or "".
    """

    source: str
    findings: pd.DataFrame
    mapping: Mapping[str, Any]
    codes: pd.DataFrame
    columns: tuple[str, ...]
    looked_at: int
    whole: bool
    preview: Intake | None = field(repr=False)
    refused: str

    @property
    def unsettled(self) -> pd.DataFrame:
        """Findings that a person must settle before the file can be read."""
        return self.findings[self.findings["state"].isin(("open", "missing"))]

    def to_frame(self) -> pd.DataFrame:
        """Return the findings."""
        return self.findings.copy()

    def to_yaml(self, path: str | Path | None = None) -> str:
        """Write the part `incidents` of a run file.

        Parameters
        ----------
        path
            Path of the export as the run file shall name it; the name of the file when left out.

        Returns
        -------
        text
            YAML. What is not settled stands in it as a comment with the choices there are; so do `date` and `period`,
            which are for the user to declare.
        """
        rows = [Finding(*row) for row in self.findings.itertuples(index=False)]
        lines = ["incidents:", f"  path: {_yaml(str(path or self.source))}", "  columns:"]
        for each in rows:
            if each.setting in NAMES:
                lines += _lines(each, "    ")
        for each in rows:
            if each.setting not in NAMES and each.state != "noted":
                lines += _lines(each, "  ")
        for name in ("sheet", "layer", "encoding"):
            if name in self.mapping:
                lines.append(f"  {name}: {_yaml(self.mapping[name])}")
        lines.append("  # date: aoristic  # to which month an incident counts: start, end, or aoristic (spread)")
        months = self._months()
        lines.append(
            f"  # period: [{', '.join(months)}]  # first and last month that the export covers; these were seen"
        )
        return "\n".join(lines) + "\n"

    def _months(self) -> tuple[str, str]:
        if self.preview is None or self.preview.incidents.empty:
            return "2019-01", "2024-12"
        start = self.preview.incidents["start"]
        return f"{start.min():%Y-%m}", f"{start.max():%Y-%m}"

    def cells(self) -> pd.DataFrame:
        """Count the incidents of the preview on square cells of at least 500 m.

        Returns
        -------
        DataFrame
            Rows from north to south, columns from west to east: centres in RD, in metres. Empty without places.
        """
        if self.preview is None:
            return pd.DataFrame()
        places = self.preview.incidents.geometry
        places = places[~places.is_empty].to_crs(RD_NEW)
        if places.empty:
            return pd.DataFrame()
        x, y = places.x.to_numpy(), places.y.to_numpy()
        # a few far away must not make one cell of the town
        west, east = np.quantile(x, [0.005, 0.995])
        south, north = np.quantile(y, [0.005, 0.995])
        size = max(CELL_M, CELL_M * np.ceil(max(east - west, north - south) / MAP_CELLS / CELL_M))
        column, row = np.floor(x / size).astype(int), np.floor(y / size).astype(int)
        near = (x >= west) & (x <= east) & (y >= south) & (y <= north)
        counts = pd.crosstab(row[near], column[near])
        counts = counts.reindex(
            index=range(row[near].max(), row[near].min() - 1, -1),
            columns=range(column[near].min(), column[near].max() + 1),
            fill_value=0,
        )
        return pd.DataFrame(counts.to_numpy(), index=(counts.index + 0.5) * size, columns=(counts.columns + 0.5) * size)

    def _shades(self) -> npt.NDArray[np.int64]:
        """Cells in five classes: none, and four of about as many cells."""
        counts = self.cells().to_numpy()
        if not counts.size:
            return np.zeros((0, 0), np.int64)
        edges = np.unique(np.quantile(counts[counts > 0], [0.25, 0.5, 0.75]))
        return np.where(counts > 0, 1 + np.searchsorted(edges, counts, side="left"), 0)

    def __str__(self) -> str:
        lines = [f"{self.source}: {self._extent()}", ""]
        marks = {"proposed": "  ", "noted": "  ", "open": "? ", "missing": "! "}
        width = max(len(each) for each in self.findings["setting"])
        for row in self.findings.itertuples(index=False):
            value = "" if row.value is None else f"{_short(row.value)}  " if row.state == "proposed" else ""
            choices = f"  choose: {' | '.join(row.alternatives)}" if row.state == "open" and row.alternatives else ""
            lines.append(f"{marks[row.state]}{row.setting:<{width}}  {value}({row.evidence}){choices}")
        if self.columns:
            lines += ["", f"Not used: {', '.join(self.columns)}"]
        if len(self.codes):
            lines += ["", "Offences, by frequency:"]
            top = self.codes.head(20)
            wide = max(len(str(each)[:50]) for each in top.index)
            lines += [
                f"  {str(offence)[:50]:<{wide}}  {row.records:>9,}  {row.crime_type or 'not a High Impact Crime'}"
                for offence, row in top.iterrows()
            ]
            if len(self.codes) > 20:
                lines.append(f"  and {len(self.codes) - 20} more ({self.codes['records'].iloc[20:].sum():,} records)")
        lines += ["", *self._outcome()]
        shades = self._shades()
        if shades.size:
            size = self._cell_size()
            lines += ["", f"Where (cells of {size:,.0f} m; darker is more; north is up):"]
            # a character is twice as high as wide
            lines += ["  " + "".join(_SHADES[each] * 2 for each in line).rstrip() for line in shades]
        return visible("\n".join(lines))

    def _cell_size(self) -> float:
        """Side of the cells of the small map."""
        cells = self.cells()
        centres = cells.columns if cells.shape[1] > 1 else cells.index
        return float(abs(centres[1] - centres[0])) if len(centres) > 1 else CELL_M

    def _extent(self) -> str:
        return f"{'all' if self.whole else 'a sample of'} {self.looked_at:,} records looked at"

    def _outcome(self) -> list[str]:
        if len(self.unsettled):
            names = ", ".join(self.unsettled["setting"])
            return [f"Not read: first settle {names}."]
        if self.preview is None:
            return [f"Read as proposed, the file is refused: {self.refused}"]
        rows = self.preview.to_frame()
        told = ["Read as proposed:", *(f"  {name}: {n:,.0f} ({part:.1%})" for name, n, part in rows.itertuples())]
        if self.preview.located < LEAST_LOCATED:
            told.append(f"! A run stops under {LEAST_LOCATED:.0%} with a place, unless it has accept_unlocated: true")
        return told

    def _repr_html_(self) -> str:
        shown = self.findings.assign(
            value=[
                _short(each) if state == "proposed" else ""
                for each, state in zip(self.findings["value"], self.findings["state"], strict=True)
            ],
            alternatives=[" | ".join(each) for each in self.findings["alternatives"]],
        )
        parts = [f"<p><b>{html.escape(self.source)}</b>: {self._extent()}</p>", shown.to_html(index=False)]
        if self.columns:
            parts.append(f"<p>Not used: {html.escape(', '.join(self.columns))}</p>")
        if len(self.codes):
            parts.append(self.codes.head(20).to_html())
        parts += [f"<p>{html.escape(each.strip())}</p>" for each in self._outcome()]
        shades = self._shades()
        if shades.size:
            side = 8
            squares = "".join(
                f'<rect x="{column * side}" y="{row * side}" width="{side}" height="{side}" fill="{_COLOURS[shade]}"/>'
                for (row, column), shade in np.ndenumerate(shades)
            )
            height, width = (side * each for each in shades.shape)
            said = f"Incidents per cell of {self._cell_size():,.0f} m; darker is more; north is up"
            parts.append(
                f'<svg role="img" aria-label="{said}" width="{width}" height="{height}">{squares}</svg><p>{said}</p>'
            )
        return "".join(parts)


def propose_intake(
    source: str | Path,
    *,
    sheet: str | None = None,
    layer: str | None = None,
    query: str | None = None,
    encoding: str | None = None,
) -> Proposal:
    r"""Look at an unknown export and propose how to read it, with the evidence for each choice.

    Parameters
    ----------
    source
        As `read_incidents` takes it.
    sheet, layer, query, encoding
        As `read_incidents` takes them.

    Returns
    -------
    Proposal
        `.findings`, `.mapping` (what `read_incidents` takes), `.codes` (offences by frequency), `.preview` (the
        records that were looked at, read as proposed) and `.to_yaml()` (what a run file takes).

    Raises
    ------
    InputError
        The file cannot be opened, or not be read as one table.

    Notes
    -----
    Columns are found by the words of their titles, in Dutch and English, and by whether their values can be what the
    titles say. The CRS is the one in which the coordinates lie in the Netherlands; the order of day and month the one
    that reads all dates. Where two columns, orders, centuries or systems fit as well as each other nothing is
    proposed: the finding is "open" and names both.

    Of a text file larger than 4 MiB the first and last lines are looked at and 62 parts between, evenly over the file:
    what a proposal says of the file holds for these. `read_incidents` looks at every record again, and refuses or
    rejects what the proposal did not see. Evidence consists of counts and forms (every digit as 9, every letter as a);
    offences are shown as they stand in the file, and nothing else is.

    O(1) in the size of a text file, a few seconds; O(n) of other formats.

    Examples
    --------
    >>> import tempfile, pathlib, hicgeo
    >>> text = "zaaknummer;feit;begin;einde;x;y\n" + "".join(
    ...     f"{i};Woninginbraak;{13 + i % 9}-03-2024 18:00;{14 + i % 9}-03-2024 08:30;{81234 + 7 * i};{455123 + i}\n"
    ...     for i in range(40)
    ... )
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     export = pathlib.Path(folder, "export.csv")
    ...     _ = export.write_text(text)
    ...     proposal = hicgeo.propose_intake(export)
    ...     intake = hicgeo.read_incidents(export, **proposal.mapping)
    >>> proposal.mapping["columns"]["crime_type"], proposal.mapping["crs"], intake.summary()["accepted"].item()
    ('feit', 'EPSG:28992', 40)
    """
    given = {"sheet": sheet, "layer": layer, "query": query, "encoding": encoding}
    options = {name: value for name, value in given.items() if value is not None}
    place = _open.check_source(source, layer=layer, query=query)
    with sampled(place) as (sample, whole):
        table = read_table(sample, sheet=sheet, layer=layer, encoding=encoding)
        findings, profiles = _find(table)
        columns = {each.setting: each.value for each in findings if each.setting in NAMES and each.state == "proposed"}
        mapping: dict[str, Any] = {"columns": columns}
        mapping |= {
            each.setting: each.value for each in findings if each.setting not in NAMES and each.state == "proposed"
        }
        mapping |= options
        preview, refused = None, ""
        if all(each.state in ("proposed", "noted") for each in findings):
            try:
                preview = read_incidents(sample if isinstance(sample, Path) else source, **mapping)
            except HicgeoError as error:
                refused = str(error)
    used = {*columns.values(), *(title for each in findings for title in each.alternatives)}
    by_title = {each.title: each for each in profiles}
    return Proposal(
        source=place.name,
        findings=pd.DataFrame([vars(each) for each in findings]),
        mapping=mapping,
        codes=_codes(by_title.get(columns.get("crime_type", ""))),
        columns=tuple(each.title for each in profiles if each.title not in used),
        looked_at=table.read,
        whole=whole,
        preview=preview,
        refused=refused,
    )


@contextmanager
def sampled(place: Any) -> Iterator[tuple[Any, bool]]:
    """Give a smaller copy of a large text file, or what was given, and whether it is the whole.

    Parameters
    ----------
    place
        Path of a file, or a table of a database.
    """
    if not isinstance(place, Path) or _open.kind_of(place) != "delimited" or place.stat().st_size <= SAMPLE_BYTES:
        yield place, True
        return
    with tempfile.TemporaryDirectory(prefix="hicgeo-") as folder:
        copy = Path(folder, f"{place.name.removesuffix('.gz')}")
        copy.write_bytes(_open.read_sample(place, SAMPLE_BYTES, PARTS))
        yield copy, False


def _find(table: Table) -> tuple[list[Finding], list[Profile]]:
    """Everything that must be known, from the records that stand."""
    cells = table.cells[table.ledger.standing]
    profiles = [Profile.of(str(title), cells[title]) for title in cells]
    findings = choose_columns(profiles)
    if table.geometry is None:
        findings += choose_place(profiles)
    else:
        findings += _geometry(table)
    dated = choose_dates(profiles, findings, table.epoch)
    renewed = {each.setting for each in dated}
    findings = [each for each in findings if each.setting not in renewed] + dated
    offence = next((each for each in findings if each.setting == "crime_type"), None)
    if offence is not None and offence.value is not None:
        findings += choose_codes(next(each for each in profiles if each.title == offence.value))
    noted = table.ledger.notes()
    for kind in ("delimiter", "encoding", "line_breaks", "empty_records"):
        for text in noted.loc[noted["kind"] == kind, "text"].unique():
            findings.append(Finding(kind, None, "noted", str(text)))
    broken = len(table.ledger.rejected())
    if broken:
        evidence = f"{broken:,} of {table.read:,} records are not sound: {_reasons(table)}"
        findings.append(Finding("structure", None, "noted", evidence))
    return findings, profiles


def _reasons(table: Table) -> str:
    return ", ".join(f"{n:,} {reason}" for reason, n in table.ledger.rejected()["reason"].value_counts().items())


def _geometry(table: Table) -> list[Finding]:
    shapes = table.geometry
    assert shapes is not None  # noqa: S101 - asked before
    filled = ~(shapes.isna() | shapes.is_empty)
    evidence = f"the file has geometry, in {share(int(filled.sum()), len(shapes))} of the records"
    found = [Finding("geometry", None, "noted", evidence)]
    if shapes.crs is None:
        inside = shapes[filled]
        found.append(choose_crs(fitting_crs(inside.x.to_numpy(), inside.y.to_numpy()), None))
    else:
        found.append(Finding("geometry", None, "noted", f"its CRS is {shapes.crs.to_string()[:60]}, as the file says"))
    return found


def _codes(profile: Profile | None) -> pd.DataFrame:
    if profile is None:
        return pd.DataFrame({"records": pd.Series([], dtype="int64"), "crime_type": pd.Series([], dtype="str")})
    filled = profile.counts > 0
    offences = pd.DataFrame(
        {
            "records": profile.counts[filled],
            "crime_type": [crime_type(value) or "" for value in np.array(profile.values, object)[filled]],
        },
        index=pd.Index(np.array(profile.values, object)[filled], name="offence"),
    )
    return offences.sort_values("records", ascending=False, kind="stable")


def _lines(each: Finding, indent: str) -> list[str]:
    """One finding in YAML, with its evidence behind it; as a comment when it is not settled."""
    evidence = " ".join(each.evidence.split())  # it quotes titles of the file, and a comment ends with its line
    if each.state == "proposed":
        if isinstance(each.value, Mapping):
            inner = [f"{indent}  {_yaml(key)}: {_yaml(value)}" for key, value in each.value.items()]
            return [f"{indent}{each.setting}:  # {evidence}", *inner]
        return [f"{indent}{each.setting}: {_yaml(each.value)}  # {evidence}"]
    choices = f"; choose {' or '.join(map(_yaml, each.alternatives))}" if each.alternatives else ""
    return [f"{indent}# {each.setting}: ...  # {each.state}: {evidence}{choices}"]


def _yaml(value: Any) -> str:
    """Write a scalar so that YAML reads it as the same text or number; a JSON string is one in YAML too."""
    return visible(json.dumps(value, ensure_ascii=False)) if isinstance(value, str) else str(value)


def _short(value: Any) -> str:
    return f"{len(value)} codes" if isinstance(value, Mapping) else str(value)
