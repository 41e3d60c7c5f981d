"""Incidents from a police export: everything read is either accepted or rejected with a reason."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from hicgeo.errors import ColumnError, InputError
from hicgeo.schema import LEAST_LOCATED
from hicgeo.sources import _offences, _open, _places, _times
from hicgeo.sources._exports import BVH, NAMES, SAMPLE
from hicgeo.sources._intake import Intake, located_share
from hicgeo.sources._ledger import TEXT, Ledger, Table, match_titles
from hicgeo.sources._records import read_table

if TYPE_CHECKING:
    import geopandas as gpd

__all__ = ["Intake", "read_incidents"]


def read_incidents(
    source: str | Path,
    *,
    columns: str | Mapping[str, str | Sequence[str]],
    crs: Any = None,
    crime_types: Mapping[Any, str | Mapping[Any, str]] | None = None,
    duplicates: str = "heaviest",
    date_order: str = "day_first",
    century: int | None = None,
    excel_epoch: int = 1900,
    swap: bool = False,
    swap_times: bool = False,
    stations: str | Path | gpd.GeoDataFrame | None = None,
    at_station: str = "flag",
    geocoder: str | Path | gpd.GeoDataFrame | None = None,
    multiline: bool = False,
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
        `precision_m` (metres, or a word such as straat). A file with geometry needs no `x` and `y`; a dict without them
        says that the export has no coordinates.
    crs
        CRS of `x` and `y`, such as "EPSG:28992"; or of a geometry that has none. When left out it is recognised if the
        coordinates fit exactly one of RD and WGS84.
    crime_types
        Code or title in the file -> crime type. Where a code moved: -> {years: crime type}, years as 2015, "2012-2015"
        or "2016-". The three High Impact Crimes when left out.
    duplicates
        Which record counts when several have one number and different content: that of the "heaviest" offence (overval,
        straatroof, woninginbraak; then the order of `crime_types`), as in national statistics; the "first"; or "keep"
        all, with /2, /3 behind the number.
    date_order
        "day_first" or "month_first", for dates such as 03-04-2024.
    century
        1900 or 2000: the century of years of two digits, which are refused when it is left out.
    excel_epoch
        1900 or 1904: where day numbers of Excel (45383) count from.
    swap
        Exchange x and y of records that lie in the Netherlands only that way; otherwise they are rejected.
    swap_times
        Exchange start and end of records that end before they start; otherwise they are rejected.
    stations
        Police stations, as points or as a file with geometry or columns x and y. Incidents within 2 m of one were put
        there by default.
    at_station
        "flag" such incidents (`precision_m` is infinite: counted, but left out of density and hotspots), or "reject".
    geocoder
        Places of addresses, as points or as a file like `stations`, with the column `address_key`: where incidents
        without coordinates lie.
    multiline
        Whether fields in quotes may hold line ends; otherwise a line end ends the record.
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
        `.incidents`, `.rejected`, `.notes`, `.repairs`, `.account`, `.summary()`; read = accepted + rejected, and every
        byte of a text file is in one part of the account.

    Raises
    ------
    InputError
        The file cannot be opened or read in one way: no records, several sheets or layers, dates in two orders, text
        that was decoded wrongly; or an argument is unknown.
    ColumnError
        A needed column is missing, or `columns` has a name that is not ours.
    CrsError
        The coordinates have no CRS that fits them, are in two, or have x and y swapped.

    Notes
    -----
    Cells are read as text, so that codes such as 1E3 stay codes. Records get their first reason in this order:
    structure, headers and totals in the middle, errors of Excel, number, offence, time, coordinates, duplicates.

    Reasons: `too_short`, `too_long`, `unbalanced_quote`, `nul_byte`, `invalid_byte`, `field_too_long`,
    `repeated_header`, `footer`, `error_cell`, `formula_without_value`, `missing_id`, `unmapped_code`, `missing_time`,
    `bad_date`, `bad_time`, `end_before_start`, `future_date`, `before_1990`, `window_too_long`, `bad_coordinate`,
    `infinite_coordinate`, `placeholder_coordinate`, `swapped_axes`, `other_crs`, `outside_country`, `not_a_point`,
    `police_station`, `rounded_number`, `duplicate` (the same content as an accepted record), `duplicate_number` (the
    same number, other content).

    A date without clock times is the window of that day, to its last microsecond. Clock times of 00:00 that are over
    three times as frequent as by chance are a default, and taken as unknown. Times are local; one that was skipped in
    spring moves forward, one that occurs twice in autumn is taken at its first occurrence as a start and its last as an
    end. Without a confrontation column `direct_victim` follows from violence, which codes that start with B imply.

    `precision_m` is what the file says, at least the rounding of the coordinates (when most are rounded to 100 or
    1,000 m), infinite at a police station, and NaN where nothing is known. An empty `target`, `modus` or
    `dwelling_type` is the group "onbekend", so that groups add up to all.

    "Outside the country" means outside an outline of the Netherlands that is some kilometres wide: a place just over
    the border is accepted, and shows as *outside* when incidents are assigned to neighbourhoods.

    O(n) in records.

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
    Intake(export.csv: 3 read = 2 accepted + 1 rejected (unmapped_code 1); 100% located; ...)
    >>> intake.incidents["crime_type"].tolist(), intake.rejected["reason"].tolist()
    (['woninginbraak', 'straatroof'], ['unmapped_code'])
    """
    reading = Reading(
        columns=columns,
        crs=crs,
        crime_types=crime_types,
        duplicates=duplicates,
        date_order=date_order,
        century=century,
        excel_epoch=excel_epoch,
        swap=swap,
        swap_times=swap_times,
        stations=stations,
        at_station=at_station,
        geocoder=geocoder,
    )
    path = _open.check_source(source, layer=layer, query=query)
    # no name holds the table here: its text is given up as soon as it is read
    return reading.of(
        read_table(path, sheet=sheet, layer=layer, encoding=encoding, multiline=multiline),
        path.name,
    )


@dataclass(frozen=True)
class Reading:
    """How the records of an export are judged: the arguments of `read_incidents` that are not about the file."""

    columns: str | Mapping[str, str | Sequence[str]]
    crs: Any = None
    crime_types: Mapping[Any, str | Mapping[Any, str]] | None = None
    duplicates: str = "heaviest"
    date_order: str = "day_first"
    century: int | None = None
    excel_epoch: int = 1900
    swap: bool = False
    swap_times: bool = False
    stations: str | Path | gpd.GeoDataFrame | None = None
    at_station: str = "flag"
    geocoder: str | Path | gpd.GeoDataFrame | None = None

    def __post_init__(self) -> None:
        self._dates  # noqa: B018 - what is wrong in it is said before a file is opened
        if self.at_station not in ("flag", "reject"):
            raise InputError("at_station must be one of flag, reject", repr(self.at_station), "choose one")

    @cached_property
    def _dates(self) -> _times.Dates:
        return _times.Dates(self.date_order, self.century, self.excel_epoch, self.swap_times)

    @cached_property
    def _police(self) -> gpd.GeoDataFrame | None:
        return None if self.stations is None else _places.read_points(self.stations, "stations")

    @cached_property
    def _addresses(self) -> gpd.GeoDataFrame | None:
        return None if self.geocoder is None else _places.read_points(self.geocoder, "geocoder", "address_key")

    def of(self, table: Table, name: str) -> Intake:
        """Accept or reject every record of a table; its text is given up on the way.

        Raises
        ------
        InputError, ColumnError, CrsError
            As `read_incidents`.
        """
        titles = titles_of(table, self.columns, self._addresses is not None)
        ledger = table.ledger
        cells = {name: table.cells[title] for name, title in titles.items()}

        number = cells["incident_id"].fillna("").str.strip()
        ledger.reject(np.asarray(number == ""), "missing_id", titles["incident_id"], None)
        raw_code = cells["crime_type"].fillna("").str.strip()
        offences = _offences.Offences(raw_code, self.crime_types, titles["crime_type"], ledger)
        dates = replace(self._dates, file_epoch=table.epoch)
        moments = {name: text for name, text in cells.items() if name.startswith(("start", "end"))}
        start, end, status = _times.read_windows(moments, titles, ledger, dates)
        _offences.check_numbers(number, titles["incident_id"], ledger)
        year = start.dt.year.to_numpy(np.int64)
        crime = offences.by_year(year)
        x, y, metric = _places.coordinates(table, titles, self.crs, self.swap)
        if self._addresses is not None:
            x, y = _places.geocode(x, y, metric, cells["address_key"], titles["address_key"], self._addresses, ledger)
        put_there = np.zeros(len(x), bool)
        if self._police is not None:
            put_there = _places.at_stations(x, y, metric, self._police)
        if self.at_station == "reject":
            ledger.reject(put_there, "police_station", titles.get("x"), lambda at: [f"{x[i]} / {y[i]}" for i in at])
        number = _offences.strike_duplicates(number, crime, table, titles["incident_id"], self.duplicates)

        # from here nothing is rejected any more
        ledger.note("unlocated", titles.get("x"), np.isnan(x), "no coordinates: accepted with empty geometry")
        offences.note_moved(crime, year)
        _places.note_heaps(x, y, ledger)
        out: dict[str, Any] = {
            "crime_type": pd.Series(crime),
            "start": start,
            "end": end,
            "time_status": status,
            **_offences.flags(cells, titles, raw_code, self.crime_types is None, ledger),
        }
        for group in ("target", "modus", "dwelling_type"):
            if group in cells:
                out[group] = _offences.groups(cells[group], titles[group], ledger)
        if "address_key" in cells:
            key = cells["address_key"].str.strip()
            out["address_key"] = key.where(key != "")
        if "municipality" in cells:
            out["municipality"] = _offences.municipalities(cells["municipality"], titles["municipality"], ledger)
        if "registered" in cells:
            registered = _times.read_dates(cells["registered"], titles["registered"], ledger, dates)
            out["registered"] = registered
            same = np.asarray(registered == start.dt.tz_localize(None).dt.normalize()) & ledger.standing
            if same.sum() > 0.5 * (np.asarray(registered.notna()) & ledger.standing).sum():
                said = "most incidents start on the day of registration: is that the day it happened?"
                ledger.note("registered_as_start", titles["registered"], same, said)
        out["precision_m"] = _places.precision(
            cells.get("precision_m"), titles.get("precision_m"), x, y, put_there, ledger
        )
        rejected = _with_context(ledger, start, crime, out.get("municipality"))
        account, read, size = table.account(), table.read, table.size
        del table, cells, moments, raw_code, offences  # text of the file: as large as what is made of it
        incidents = _assemble(out, number, x, y, metric, ledger.standing)
        located = located_share(incidents.geometry.is_empty.to_numpy(bool), rejected["reason"])
        if located < LEAST_LOCATED:
            said = f"only {located:.0%} of the incidents have a place that can be: a map does not speak for the whole"
            ledger.note("few_located", None, len(incidents), said)
        return Intake(incidents, rejected, ledger.notes(), ledger.repairs(), account, read, size, name)


def titles_of(table: Table, columns: str | Mapping[str, str | Sequence[str]], geocoded: bool) -> dict[str, str]:
    """
    Find the title in the file of each of our names.

    Parameters
    ----------
    table : Table
        The file as text.
    columns : str or dict
        `"sample"`, `"bvh"`, or our name to the title in the file (or to the titles it may have).
    geocoded : bool
        Whether places come from addresses, so that `address_key` is needed.

    Returns
    -------
    dict
        Our name to the title in the file.

    Raises
    ------
    ColumnError
        `columns` is no known export, names a column that is not ours, or a title is missing or fits twice.
    """
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
    # a dict without coordinates says that there are none; that a known export lacks them is a fault
    if table.geometry is None and (isinstance(columns, str) or {"x", "y"} & set(wanted)):
        required += ["x", "y"]
    if geocoded:
        required += ["address_key"]
    if columns != "bvh":
        # what the user names must be there; only the list of likely titles may be met in part
        located = () if table.geometry is None or columns != "sample" else ("x", "y")
        required += [name for name in wanted if name not in required and name not in located]
    return match_titles([str(c) for c in table.cells.columns], wanted, required, "the export")


def _with_context(ledger: Ledger, start: pd.Series, crime: pd.Categorical, town: pd.Series | None) -> pd.DataFrame:
    """Add to the rejects what could be read of them, so that one can see when, what and where they are."""
    rejected = ledger.rejected()
    row = pd.Index(ledger.record).get_indexer(rejected["record"])
    known = np.flatnonzero(row >= 0)  # the others could not be split into fields
    for name in ("month", "crime_type", "municipality"):
        rejected[name] = pd.array([None] * len(rejected), dtype=TEXT)
    place = [rejected.columns.get_loc(name) for name in ("month", "crime_type", "municipality")]
    rejected.iloc[known, place[0]] = start.iloc[row[known]].dt.strftime("%Y-%m").to_numpy(object)
    rejected.iloc[known, place[1]] = np.asarray(crime[row[known]], object)
    if town is not None:
        rejected.iloc[known, place[2]] = town.iloc[row[known]].to_numpy(object)
    return rejected


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
