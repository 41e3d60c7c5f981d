"""The column contracts: what a table must look like to travel through hicgeo.

Every table that a reader of `sources` returns obeys its contract here, and every function of
`analysis` may rely on it. A table that breaks it raises one error that lists all its faults.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from hicgeo.errors import ColumnError, CrsError, InputError

if TYPE_CHECKING:
    import geopandas as gpd
    import numpy.typing as npt
    import pandera.pandas as pa

CRIME_TYPES = ("woninginbraak", "straatroof", "overval")
TIME_STATUS = ("exact", "window", "from_only", "to_only", "date_only")
LEVELS = ("buurt", "wijk", "gemeente")
COUNT_STATUS = ("final", "provisional", "missing")
ASSIGNMENT_STATUS = ("inside", "snapped", "outside", "unlocated")
RATE_STATES = ("boven", "niet te onderscheiden", "onder", "te klein", "onvolledig")
RD_NEW = "EPSG:28992"
LEAST_LOCATED = 0.85
"""Share of the incidents that must have a place before a map may speak for the whole."""
MANY_POINTS = 100_000
"""From so many on it pays to read x and y of points at the same time."""
NEAR_BORDER_M = 25.0
"""A place this near to a border may as well lie on the other side: borders and addresses are no more accurate."""
TIME_ZONE = "Europe/Amsterdam"

CODE_PATTERN = r"^(BU\d{4}[0-9A-Z]{4}|WK\d{4}[0-9A-Z]{2}|GM\d{4})$"
"""CBS codes. Letters occur after the municipality, as in Amsterdam's BU0363AD03."""


def _incidents() -> pa.DataFrameSchema:
    import pandera.pandas as pa

    flag: dict[str, Any] = {"dtype": "boolean", "nullable": True}
    text: dict[str, Any] = {"dtype": "str", "nullable": True, "required": False}
    return pa.DataFrameSchema(
        {
            "crime_type": pa.Column(pd.CategoricalDtype, nullable=False),
            "start": pa.Column(pd.DatetimeTZDtype("us", TIME_ZONE), nullable=False),
            "end": pa.Column(pd.DatetimeTZDtype("us", TIME_ZONE), nullable=False),
            "time_status": pa.Column(checks=pa.Check.isin(TIME_STATUS)),
            "attempted": pa.Column(**flag),
            "confronted": pa.Column(**flag),
            "violence": pa.Column(**flag),
            "direct_victim": pa.Column(**flag),
            "target": pa.Column(**text),
            "modus": pa.Column(**text),
            "dwelling_type": pa.Column(**text),
            "registered": pa.Column("datetime64[us]", nullable=True, required=False),
            "address_key": pa.Column(**text),
            "municipality": pa.Column(**text),
            "precision_m": pa.Column("float64", nullable=True, required=False),
        },
        checks=pa.Check(lambda t: t["start"] <= t["end"], name="start is not after end", error="start after end"),
        index=pa.Index("str", unique=True, name="incident_id"),
    )


def _neighbourhoods() -> pa.DataFrameSchema:
    import pandera.pandas as pa

    number: dict[str, Any] = {"dtype": "Int64", "nullable": True, "checks": pa.Check.ge(0)}
    return pa.DataFrameSchema(
        {
            "name": pa.Column("str", nullable=True),
            "level": pa.Column(checks=pa.Check.isin(LEVELS)),
            "municipality": pa.Column("str", nullable=True, checks=pa.Check.str_matches(r"^GM\d{4}$")),
            "dwellings": pa.Column(**number),
            "households": pa.Column(**number),
            "residents": pa.Column(**number),
            "businesses": pa.Column(**number),
            "is_water": pa.Column("bool"),
            "vintage": pa.Column("Int64", nullable=True),
        },
        index=pa.Index("str", checks=pa.Check.str_matches(CODE_PATTERN), unique=True, name="code"),
    )


def _counts() -> pa.DataFrameSchema:
    import pandera.pandas as pa

    return pa.DataFrameSchema(
        {
            "incidents": pa.Column("float64", nullable=True, checks=pa.Check.ge(0)),
            "status": pa.Column(checks=pa.Check.isin(COUNT_STATUS)),
        },
        checks=pa.Check(
            lambda t: t["incidents"].isna() == (t["status"] == "missing"),
            name="missing is NaN",
            error="status 'missing' and incidents NaN must go together",
        ),
        index=pa.MultiIndex(
            [
                pa.Index("str", name="code"),
                pa.Index("str", name="crime_type"),
                pa.Index(pd.PeriodDtype("M"), name="month"),
            ],
            unique=["code", "crime_type", "month"],
        ),
    )


def _check(table: pd.DataFrame, schema: pa.DataFrameSchema, what: str) -> None:
    """Raise one ColumnError with every fault of `table`, without the content of any row."""
    import pandera.errors

    try:
        schema.validate(table, lazy=True)
    except pandera.errors.SchemaErrors as failure:
        cases = failure.failure_cases
        faults = []
        for (column, check), group in cases.groupby(["column", "check"], dropna=False, sort=False):
            name = group["failure_case"].iloc[0] if "column_in_dataframe" in str(check) else column
            rows = group["index"].dropna()
            where = "" if rows.empty else f" in {len(rows)} rows (first: row {_position(table, rows.iloc[0])})"
            faults.append(f"{name}: {check}{where}")
        raise ColumnError(
            f"the {what} table must keep the contract of hicgeo.schema",
            "; ".join(faults),
            f"read it with hicgeo.read_{what}, or give these columns the type and values that the contract asks",
        ) from None


def _position(table: pd.DataFrame, label: Any) -> int:
    """Position of an index label, so that a message can point at a row without its identity."""
    # pandera writes the label of a MultiIndex as text, hence the comparison as text
    return next((place for place, each in enumerate(table.index) if str(each) == str(label)), -1)


def check_incidents(table: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """Return `table` if it is an incident table, else raise with all its faults.

    Parameters
    ----------
    table
        Incidents as described in the data contracts: Points (or empty) in a projected CRS.

    Raises
    ------
    ColumnError
        A column is missing or breaks its contract.
    CrsError
        The CRS is missing or geographic.
    """
    _check(pd.DataFrame(table), _incidents(), "incidents")
    metric_crs(table, "incidents")
    return table


def check_neighbourhoods(table: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """Return `table` if it is a neighbourhood table, else raise with all its faults.

    Parameters
    ----------
    table
        Areas as (Multi)Polygons in a projected CRS, indexed by CBS code.

    Raises
    ------
    ColumnError
        A column is missing or breaks its contract.
    CrsError
        The CRS is missing or geographic.
    """
    _check(pd.DataFrame(table), _neighbourhoods(), "neighbourhoods")
    metric_crs(table, "neighbourhoods")
    return table


def check_counts(table: pd.DataFrame) -> pd.DataFrame:
    """Return `table` if it is a count table, else raise with all its faults.

    Parameters
    ----------
    table
        Incidents per (code, crime_type, month); NaN where nothing was published.

    Raises
    ------
    ColumnError
        A column or an index level is missing or breaks its contract.
    """
    _check(table, _counts(), "counts")
    return table


def metric_crs(table: gpd.GeoDataFrame | gpd.GeoSeries, what: str) -> Any:
    """CRS of `table`, which must be projected and in metres.

    Raises
    ------
    CrsError
        It has none, or one in degrees or feet.
    """
    crs = getattr(table, "crs", None)  # a table that lost its geometry has none either
    if crs is None:
        raise CrsError(
            f"{what} must have a coordinate reference system",
            f"none, in a {type(table).__name__}",
            f'declare it: table.set_crs("{RD_NEW}"); without geometry, read the borders again',
        )
    if not crs.is_projected or any(abs(axis.unit_conversion_factor - 1) > 1e-9 for axis in crs.axis_info):
        raise CrsError(
            f"{what} must be in a projected CRS in metres", crs.name, f'transform it: table.to_crs("{RD_NEW}")'
        )
    return crs


def _ordinates(geometry: npt.NDArray[Any]) -> npt.NDArray[np.float64]:
    """X and y of points, NaN for what is no point; of many at the same time, for reading them holds no lock."""
    import shapely

    out = np.empty((2, len(geometry)))
    if len(geometry) < MANY_POINTS:
        shapely.get_x(geometry, out=out[0])
        shapely.get_y(geometry, out=out[1])
        return out.T
    with ThreadPoolExecutor(2) as pool:
        tasks = [
            pool.submit(way, geometry, out=row) for way, row in zip((shapely.get_x, shapely.get_y), out, strict=True)
        ]
        for task in tasks:
            task.result()
    return out.T


def xy(points: gpd.GeoDataFrame | gpd.GeoSeries, what: str = "points") -> npt.NDArray[np.float64]:
    """Coordinates of points as an (n, 2) array in metres, NaN where a geometry is empty or missing.

    Raises
    ------
    CrsError
        The CRS is missing or geographic.
    InputError
        A geometry is not a Point, or a coordinate is infinite.
    """
    import shapely

    metric_crs(points, what)
    geometry = np.asarray(points.geometry.array)
    try:
        out = _ordinates(geometry)
    except shapely.errors.GEOSException:  # an empty point has no x
        some = geometry.copy()
        some[shapely.is_empty(geometry)] = None
        out = _ordinates(some)
    known = np.isfinite(out).all()
    other = np.zeros(0, bool) if known else shapely.get_type_id(geometry) > 0  # -1 is a missing geometry
    if other.any() and (wrong := other & ~shapely.is_empty(geometry)).any():
        raise InputError(
            f"{what} must be Points",
            f"another geometry in {wrong.sum()} rows (first: row {int(np.argmax(wrong))})",
            "take centroids or explode the table first",
        )
    if not known and (infinite := np.isinf(out).any(axis=1)).any():
        raise InputError(
            f"coordinates of {what} must be finite",
            f"an infinite coordinate in {infinite.sum()} rows (first: row {int(np.argmax(infinite))})",
            "the CRS was probably declared wrongly; read the file again with the right one",
        )
    return out
