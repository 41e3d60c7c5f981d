"""Incidents from a police export: everything read is either accepted or rejected with a reason."""

from __future__ import annotations

import html
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from hicgeo.errors import ColumnError, InputError
from hicgeo.sources import _coordinates, _open, _times
from hicgeo.sources._exports import BVH, CRIME_CODES, NAMES, SAMPLE
from hicgeo.sources._ledger import TEXT, Ledger, Table, match_titles
from hicgeo.sources._records import read_table

if TYPE_CHECKING:
    import geopandas as gpd

_YES = frozenset(("j", "ja", "y", "yes", "1", "true", "waar", "x", "poging"))
_NO = frozenset(("n", "nee", "no", "0", "false", "onwaar", "voltooid"))
_LEAST_LOCATED = 0.85


@dataclass(frozen=True)
class Intake:
    """What came of reading a police export.

    Attributes
    ----------
    incidents
        Accepted records, in the order of the file: the incident table of the data contracts.
    rejected
        One row per rejected record: `record` (1 is the first after the header), `line`, `reason`, `column`, `value`
        (as it stands in the file; keep it in the house).
    notes
        What was repaired, chosen or worth knowing: `kind`, `column`, `records`, `example_line`, `text`.
    read
        Records in the file; always accepted plus rejected.
    source
        Name of the file.

    Raises
    ------
    InputError
        `read` is not accepted plus rejected.
    """

    incidents: gpd.GeoDataFrame = field(repr=False)
    rejected: pd.DataFrame = field(repr=False)
    notes: pd.DataFrame = field(repr=False)
    read: int
    source: str

    def __post_init__(self) -> None:
        if self.read != len(self.incidents) + len(self.rejected):
            raise InputError(
                "read must be accepted + rejected",
                f"{self.read} read, {len(self.incidents)} accepted, {len(self.rejected)} rejected",
                "this is a fault of the reader, not of the file: report it",
            )

    def summary(self) -> pd.Series:
        """Count the records.

        Returns
        -------
        Series
            `records`, indexed by `read`, `accepted`, `located`, `unlocated`, `rejected` and, per reason from the most
            frequent, `rejected: <reason>`.
        """
        located = int((~self.incidents.geometry.is_empty).sum())
        counts = {
            "read": self.read,
            "accepted": len(self.incidents),
            "located": located,
            "unlocated": len(self.incidents) - located,
            "rejected": len(self.rejected),
        }
        reasons = (
            self.rejected["reason"].value_counts(sort=False).sort_index().sort_values(ascending=False, kind="stable")
        )
        counts |= {f"rejected: {reason}": int(n) for reason, n in reasons.items()}
        return pd.Series(counts, name="records", dtype="int64")

    def to_frame(self) -> pd.DataFrame:
        """Return the summary as a table with the share of the records read."""
        counts = self.summary()
        return pd.DataFrame({"records": counts, "share": counts / max(self.read, 1)})

    def __repr__(self) -> str:
        return (
            f"Intake({self.source}: {self.read:,} read = {len(self.incidents):,} accepted + "
            f"{len(self.rejected):,} rejected; {len(self.notes)} notes)"
        )

    def _repr_html_(self) -> str:
        # counts only: values and texts of records stay out of a notebook's output
        notes = self.notes[["kind", "column", "records"]]
        kinds = notes.groupby(["kind", "column"], dropna=False, sort=False)["records"].sum().reset_index()
        return (
            f"<p>{html.escape(repr(self))}</p>{self.to_frame().to_html(float_format='{:.1%}'.format)}"
            f"{kinds.fillna('').to_html(index=False)}"
        )


def read_incidents(
    source: str | Path,
    *,
    columns: str | Mapping[str, str | Sequence[str]],
    crs: Any = None,
    crime_types: Mapping[Any, str] | None = None,
    date_order: str = "day_first",
    sheet: str | None = None,
    layer: str | None = None,
    query: str | None = None,
    encoding: str | None = None,
) -> Intake:
    r"""Read incidents from a police export; nothing is lost and nothing is guessed.

    Parameters
    ----------
    source
        CSV or TSV (packed with gzip or not), XLSX, GeoPackage, GeoParquet, GeoJSON or shapefile (zipped or not); or a
        PostGIS database, as postgresql://user@host/database (with `pip install "hicgeo[postgis]"`). Its password is
        best kept in PGPASSWORD or ~/.pgpass.
    columns
        "sample" (the sample city), "bvh" (titles that police exports go by), or a dict of our name to the title in the
        file (or several, the best first). Our names: `incident_id`, `crime_type`, `start` and `end` (moments), or
        `start_date`, `start_time`, `end_date`, `end_time`; `x`, `y`; and, where the export has them, `municipality`,
        `attempted`, `confronted`, `violence`, `target`, `modus`, `dwelling_type`, `address_key`, `registered`,
        `precision_m`. A file with geometry needs no `x` and `y`.
    crs
        CRS of `x` and `y`, such as "EPSG:28992"; or of a geometry that has none. When left out it is recognised if the
        coordinates fit exactly one of RD and WGS84.
    crime_types
        Code or title in the file -> crime type. The three High Impact Crimes when left out.
    date_order
        "day_first" or "month_first", for dates such as 03-04-2024.
    sheet
        Sheet of a workbook, needed when several have data.
    layer
        Layer of a GeoPackage or file in an archive, needed when there are several; table of a database, as
        "schema.table".
    query
        One SELECT to a database, instead of a table.
    encoding
        Encoding of a text file. When left out: UTF-8, UTF-16 with its mark, or cp1252 if nothing contradicts it.

    Returns
    -------
    Intake
        `.incidents`, `.rejected`, `.notes`, `.summary()`; read = accepted + rejected.

    Raises
    ------
    InputError
        The file cannot be opened or read in one way: no records, several sheets or layers, dates in two orders.
    ColumnError
        A needed column is missing, or `columns` has a name that is not ours.
    CrsError
        The coordinates have no CRS that fits them, are in two, or have x and y swapped.

    Notes
    -----
    Cells are read as text, so that codes such as 1E3 stay codes. Records get their first reason in this order:
    structure, headers and totals in the middle, number, offence, time, coordinates, duplicates.

    Reasons: `too_short`, `too_long`, `unbalanced_quote`, `nul_byte`, `invalid_byte`, `field_too_long`,
    `repeated_header`, `footer`, `error_cell`, `missing_id`, `unmapped_code`, `missing_time`, `bad_date`, `bad_time`,
    `end_before_start`, `future_date`, `before_1990`, `window_too_long`, `bad_coordinate`, `infinite_coordinate`,
    `placeholder_coordinate`, `swapped_axes`, `other_crs`, `outside_country`, `not_a_point`, `duplicate` (the same
    content as an accepted record), `duplicate_number` (the same number, other content: the first is kept).

    A date without clock times is the window of that day, to its last microsecond. Times are local; one that was skipped
    in spring moves forward, one that occurs twice in autumn is taken at its first occurrence as a start and its last as
    an end. Without a confrontation column `direct_victim` follows from violence, which codes that start with B imply.

    "Outside the country" means outside the box around the land of the Netherlands; border regions of Belgium and
    Germany lie within it, and show as *outside* when incidents are assigned to neighbourhoods.

    O(n) in records; about a second for 100,000.

    Examples
    --------
    >>> import tempfile, pathlib, hicgeo
    >>> text = (
    ...     "nr;delict;van;tot;x;y\n"
    ...     "1;A20;01-03-2024 18:00;02-03-2024 08:30;81234,5;455123\n"
    ...     "2;B70;02-03-2024 23:15;;81300;455200\n"
    ...     "3;A40;03-03-2024 12:00;;81300;455200\n"
    ... )
    >>> names = {"incident_id": "nr", "crime_type": "delict", "start": "van", "end": "tot", "x": "x", "y": "y"}
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     export = pathlib.Path(folder, "export.csv")
    ...     _ = export.write_text(text)
    ...     intake = hicgeo.read_incidents(export, columns=names)
    >>> intake
    Intake(export.csv: 3 read = 2 accepted + 1 rejected; ...)
    >>> intake.incidents["crime_type"].tolist(), intake.rejected["reason"].tolist()
    (['woninginbraak', 'straatroof'], ['unmapped_code'])
    """
    if date_order not in _times.ORDERS:
        raise InputError(f"date_order must be one of {', '.join(_times.ORDERS)}", repr(date_order), "choose one")
    path = _open.check_source(source, layer=layer, query=query)
    table = read_table(path, sheet=sheet, layer=layer, encoding=encoding)
    titles = _titles(table, columns)
    ledger = table.ledger
    cells = {name: table.cells[title] for name, title in titles.items()}

    number = cells["incident_id"].fillna("").str.strip()
    ledger.reject(np.asarray(number == ""), "missing_id", titles["incident_id"], None)
    raw_code = cells["crime_type"].fillna("").str.strip()
    crime = _crime_type(raw_code, crime_types, titles["crime_type"], ledger)
    start, end, status = _times.read_windows(
        {k: v for k, v in cells.items() if k.startswith(("start", "end"))}, titles, ledger, date_order
    )
    x, y, metric = _location(table, titles, crs)
    _strike_duplicates(number, table, titles["incident_id"])
    _note_places(x, y, ledger)

    columns_out: dict[str, Any] = {
        "crime_type": crime,
        "start": start,
        "end": end,
        "time_status": status,
        **_flags(cells, titles, raw_code, crime_types is None, ledger),
    }
    for name in ("target", "modus", "dwelling_type", "address_key"):
        if name in cells:
            text = cells[name].str.strip()
            columns_out[name] = text.where(text != "")
    if "municipality" in cells:
        columns_out["municipality"] = _municipality(cells["municipality"], titles["municipality"], ledger)
    if "registered" in cells:
        registered = _times.read_dates(cells["registered"], titles["registered"], ledger, date_order)
        columns_out["registered"] = registered
        same = np.asarray(registered == start.dt.tz_localize(None).dt.normalize())
        if (same & ledger.standing).sum() > 0.5 * ledger.standing.sum():
            ledger.note(
                "registered_as_start", titles["registered"], same, "most incidents start on the day of registration"
            )
    if "precision_m" in cells:
        precision = cells["precision_m"].str.replace(",", ".", regex=False)
        columns_out["precision_m"] = pd.to_numeric(precision, errors="coerce").astype("float64")
    incidents = _assemble(columns_out, number, x, y, metric, ledger.standing)
    located = 1 - float(incidents.geometry.is_empty.mean()) if len(incidents) else 1.0
    if located < _LEAST_LOCATED:
        ledger.note(
            "few_located", None, len(incidents), f"only {located:.0%} of the accepted incidents have a location"
        )
    return Intake(incidents, ledger.rejected(), ledger.notes(), table.read, path.name)


def _titles(table: Table, columns: str | Mapping[str, str | Sequence[str]]) -> dict[str, str]:
    """Title in the file of each of our names."""
    wanted: Mapping[str, str | Sequence[str]]
    presets: dict[str, Mapping[str, str | Sequence[str]]] = {"sample": SAMPLE, "bvh": BVH}
    if isinstance(columns, str):
        if columns not in presets:
            raise ColumnError(
                "columns must be the name of a known export, or a dict of our name to the title in the file",
                repr(columns),
                'give "sample", "bvh" or a dict',
            )
        wanted = presets[columns]
    else:
        wanted = columns
        if unknown := [name for name in wanted if name not in NAMES]:
            raise ColumnError(
                f"the names in columns must be ours: {', '.join(NAMES)}", ", ".join(map(str, unknown)), "rename them"
            )
    required = ["incident_id", "crime_type", "start|start_date|end|end_date"]
    if table.geometry is None:
        required += ["x", "y"]
    if columns != "bvh":
        # what the user names must be there; only the list of likely titles may be met in part
        located = () if table.geometry is None or columns != "sample" else ("x", "y")
        required += [name for name in wanted if name not in required and name not in located]
    return match_titles([str(c) for c in table.cells.columns], wanted, required, "the export")


def _crime_type(raw: pd.Series, crime_types: Mapping[Any, str] | None, title: str, ledger: Ledger) -> pd.Series:
    mapping = CRIME_CODES if crime_types is None else crime_types
    table = {_code(str(key)): value for key, value in mapping.items()}
    codes, unique = pd.factorize(raw)
    types = list(dict.fromkeys(table.values()))
    number = {name: place for place, name in enumerate(types)}
    mapped = np.array([number.get(table.get(_code(each), ""), -1) for each in unique], np.intp)[codes]
    unmapped = (mapped < 0) & ledger.standing
    frequency = raw[unmapped].value_counts(sort=False).sort_index().sort_values(ascending=False, kind="stable")
    for code, n in list(frequency.items())[:50]:
        # a wrongly chosen column could hold free text: only what looks like a code is repeated
        shown = str(code) if re.fullmatch(r"[A-Za-z]{0,2}[\d.]{1,8}[A-Za-z]?", str(code)) else "(no code)"
        ledger.note("unmapped_code", title, int(n), f"{shown} is no crime type that is asked for: {n} records")
    ledger.reject(unmapped, "unmapped_code", title, raw)
    return pd.Series(pd.Categorical.from_codes(mapped, categories=pd.Index(types)))


def _code(text: str) -> str:
    return " ".join(text.upper().split())


def _location(table: Table, titles: dict[str, str], crs: Any) -> tuple[Any, Any, Any]:
    import shapely

    ledger = table.ledger
    if table.geometry is not None:
        geometry = np.asarray(table.geometry.array)
        single = shapely.get_type_id(geometry) == 4
        single &= shapely.get_num_geometries(geometry) == 1
        geometry = np.where(single, shapely.get_geometry(geometry, 0), geometry)
        empty = shapely.is_missing(geometry) | shapely.is_empty(geometry)
        wrong = ~empty & (shapely.get_type_id(geometry) != 0)
        ledger.reject(wrong, "not_a_point", "geometry", None)
        ledger.note("z_dropped", "geometry", shapely.has_z(geometry), "heights were dropped")
        x, y = shapely.get_x(geometry), shapely.get_y(geometry)
        ledger.reject(np.isinf(x) | np.isinf(y), "infinite_coordinate", "geometry", None)
        pair, text = ("geometry", "geometry"), pd.Series([""] * len(x), dtype=TEXT)
        crs = table.geometry.crs if crs is None else crs
    else:
        pair = (titles["x"], titles["y"])
        raw_x, raw_y = table.cells[pair[0]].fillna(""), table.cells[pair[1]].fillna("")
        x, y = (
            _coordinates.read_numbers(raw_x, 0, pair[0], ledger),
            _coordinates.read_numbers(raw_y, 1, pair[1], ledger),
        )
        text = raw_x + " / " + raw_y
    return _coordinates.locate(x, y, pair, text, crs, ledger)


def _strike_duplicates(number: pd.Series, table: Table, title: str) -> None:
    """Keep the first of the standing records with one number; the others had the same content, or another."""
    ledger = table.ledger
    standing = np.flatnonzero(ledger.standing)
    numbers = number.iloc[standing]
    twice = np.asarray(numbers.duplicated(keep=False))
    if not twice.any():
        return
    places = standing[twice]
    rows = table.cells.iloc[places]
    stripped = rows.apply(lambda column: column.fillna("").str.strip())
    content = np.asarray(pd.util.hash_pandas_object(stripped, index=False))
    if table.geometry is not None:
        shapes = pd.Series(table.geometry.iloc[places].to_wkb()).map(hash)
        content = content ^ shapes.to_numpy().astype(np.uint64)
    frame = pd.DataFrame({"number": numbers[twice].to_numpy(), "content": content})
    later = np.asarray(frame.duplicated("number"))
    first = frame.groupby("number")["content"].transform("first")
    same = np.asarray(frame["content"] == first)
    for reason, hit, text in (
        ("duplicate", later & same, "records with the same number and content: the first is kept"),
        ("duplicate_number", later & ~same, "records with the same number and other content: the first is kept"),
    ):
        mask = np.zeros(len(number), bool)
        mask[places[hit]] = True
        ledger.note(reason, title, mask, text)
        ledger.reject(mask, reason, title, number)


def _note_places(x: Any, y: Any, ledger: Ledger) -> None:
    """Note coordinates that many records share, and coordinates that are rounded."""
    located = ledger.standing & ~np.isnan(x)
    n = int(located.sum())
    if n < 20:
        return
    keys = pd.Series(np.round(x, 1) + 1j * np.round(y, 1))
    times = keys.map(keys[located].value_counts(sort=False)).fillna(0).to_numpy()
    ledger.note(
        "heap", None, located & (times >= max(20, 0.01 * n)), "one point holds 20 and 1 % of all records or more"
    )
    for metres in (1000, 100):
        rounded = located & (x % metres == 0) & (y % metres == 0)
        if rounded.sum() > 0.5 * n:
            ledger.note("rounded", None, rounded, f"most coordinates are rounded to {metres} m: take no finer cells")
            return


def _flags(
    cells: dict[str, pd.Series], titles: dict[str, str], raw_code: pd.Series, police_codes: bool, ledger: Ledger
) -> dict[str, Any]:
    n = len(raw_code)
    flags = {}
    for name in ("attempted", "confronted", "violence"):
        if name not in cells:
            flags[name] = pd.array([pd.NA] * n, dtype="boolean")
            continue
        text = cells[name].fillna("").str.strip().str.lower()
        yes, no = np.array(text.isin(_YES)), np.array(text.isin(_NO))
        unreadable = ~yes & ~no & np.asarray(text != "")
        ledger.note("unreadable_flag", titles[name], unreadable, "neither yes nor no: left empty")
        flags[name] = pd.arrays.BooleanArray(yes, ~(yes | no))
    coded = np.asarray(raw_code.str.upper().str.fullmatch(r"B\d\d"), bool) & police_codes
    implied = coded & flags["violence"].isna()
    ledger.note("violence_from_code", titles["crime_type"], implied, "violence follows from an offence code in B")
    flags["violence"][implied] = True
    if "confronted" in cells:
        flags["direct_victim"] = flags["confronted"] & flags["violence"]
    else:
        flags["direct_victim"] = flags["violence"].copy()
        ledger.note(
            "direct_victim_proxy",
            titles["crime_type"],
            np.asarray(~flags["violence"].isna()),
            "no confrontation column: direct victimhood is violence alone",
        )
    return flags


def _municipality(text: pd.Series, title: str, ledger: Ledger) -> pd.Series:
    """Codes become GM and four digits; names stay as they are."""
    text = text.str.strip()
    text = text.where(text != "")
    code = text.str.upper().str.extract(r"^(?:GM)?\s*(\d{1,4})$", expand=False)
    repaired: pd.Series = text.where(code.isna(), "GM" + code.str.zfill(4))
    changed = np.asarray((repaired != text) & text.notna(), bool)
    ledger.note("municipality_code", title, changed, "a municipality code was completed to GM and four digits")
    return repaired


def _assemble(
    columns: dict[str, Any], number: pd.Series, x: Any, y: Any, crs: Any, standing: npt.NDArray[np.bool_]
) -> gpd.GeoDataFrame:
    import geopandas as gpd
    import shapely

    x, y = x[standing], y[standing]
    located = ~np.isnan(x)
    geometry = np.full(len(x), shapely.Point(), object)
    geometry[located] = shapely.points(x[located], y[located])
    table = pd.DataFrame(
        {name: values if isinstance(values, pd.Series) else pd.Series(values) for name, values in columns.items()}
    )
    table = table[standing].set_axis(pd.Index(number[standing], dtype=TEXT, name="incident_id"), axis=0)
    return gpd.GeoDataFrame(table, geometry=geometry, crs=crs)
