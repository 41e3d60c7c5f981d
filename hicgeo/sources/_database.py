"""Tables and queries of PostgreSQL with PostGIS, read in a transaction that can change nothing."""

from __future__ import annotations

import importlib.util
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from hicgeo.errors import CrsError, InputError
from hicgeo.sources._crs import known_crs
from hicgeo.sources._ledger import check_titles

if TYPE_CHECKING:
    import pandas as pd
    import sqlalchemy as sa

CONNECT_SECONDS = 10
STATEMENT_SECONDS = 600
"""Time the server may take for the statement, or for one batch of its rows."""
MAX_ROWS = 20_000_000
_BATCH = 50_000
_ADDRESS = re.compile(r"postgresql(\+psycopg)?://", re.IGNORECASE)
_SETTINGS = frozenset(
    ("host", "port", "sslmode", "sslrootcert", "sslcert", "sslkey", "sslcrl", "passfile", "gssencmode", "krbsrvname",
     "channel_binding", "target_session_attrs")
)  # fmt: skip
"""What an address may set; `options` and `service` are not among them, for they could lift the limits."""


def is_address(source: Any) -> bool:
    """Whether a source is the address of a database."""
    return isinstance(source, str) and _ADDRESS.match(source) is not None


@dataclass(frozen=True)
class Database:
    """One table or query of a database.

    Attributes
    ----------
    name
        What may be shown of it: the names of database and table, never host, user or password.
    """

    name: str
    _layer: str | None
    _query: str | None = field(repr=False)
    _url: sa.URL = field(repr=False)

    @property
    def stem(self) -> str:
        return self.name

    @classmethod
    def at(cls, address: str, *, layer: str | None, query: str | None) -> Database:
        """Take what an address and its arguments name; nothing is connected yet.

        Raises
        ------
        InputError
            The extra is not installed, the address is unreadable or sets what it may not, or not exactly one of table
            and query is named.
        """
        missing = [name for name in ("sqlalchemy", "psycopg") if importlib.util.find_spec(name) is None]
        if missing:
            raise InputError(
                "reading from a database needs the extra postgis",
                f"without {' and '.join(missing)}",
                'pip install "hicgeo[postgis]"',
            )
        if (layer is None) == (query is None):
            raise InputError(
                "a database must be asked for one table or one query",
                "neither" if layer is None else "both",
                'give layer="schema.table" or query="SELECT ..."',
            )
        import sqlalchemy as sa

        try:
            url = sa.make_url(address)
        except (sa.exc.ArgumentError, ValueError):
            url = None
        if url is None or not url.database:
            # the address is not repeated: it may hold a password
            raise InputError(
                "the address of a database must be readable", "another text", "write postgresql://user@host/database"
            )
        if unknown := sorted(set(url.query) - _SETTINGS):
            raise InputError(
                f"the address may set {', '.join(sorted(_SETTINGS))}", ", ".join(unknown), "leave these out"
            )
        name = f"{url.database}, {'a query' if layer is None else layer}"
        return cls(name, layer, query, url.set(drivername="postgresql+psycopg"))

    def read(self) -> pd.DataFrame:
        """Read the rows; a GeoDataFrame where there is a column of PostGIS. Moments are text, in Dutch time.

        Raises
        ------
        InputError
            The server cannot be reached or refuses, the statement is no single SELECT, takes too long, or gives no
            table with at most one geometry and different titles.
        CrsError
            The geometries are in several CRS, or in one that is not known.

        Notes
        -----
        The statement runs as a subquery in a read-only transaction that sees one state of the database. A table is read
        in the order of its primary key; a query in its own, which only ORDER BY makes certain. O(rows).
        """
        import pandas as pd

        with self._connection() as connection:
            streaming = connection.execution_options(stream_results=True, max_row_buffer=_BATCH)
            with streaming.exec_driver_sql(self._statement(connection), (MAX_ROWS + 1,)) as result:
                titles = check_titles(list(result.keys()))
                types = [column[1] for column in result.cursor.description]
                parts = [
                    pd.DataFrame([tuple(row) for row in rows], columns=titles, dtype=object)
                    for rows in result.partitions(_BATCH)
                ]
            spatial = connection.exec_driver_sql(
                "SELECT oid FROM pg_type WHERE typname IN ('geometry', 'geography')"
            ).scalars()
            oids = set(spatial)
            places = [place for place, oid in enumerate(types) if oid in oids]
        if sum(map(len, parts)) > MAX_ROWS:
            raise InputError(f"a table must have at most {MAX_ROWS:,} rows", "more", "select a period or an area")
        table = pd.concat(parts, ignore_index=True) if parts else pd.DataFrame(columns=titles, dtype=object)
        if len(places) > 1:
            raise InputError(
                "a table must have at most one geometry",
                f"{len(places)}: {', '.join(titles[place] for place in places)}",
                'choose the columns: query="SELECT ..."',
            )
        return _with_geometry(table, titles[places[0]]) if places else table.infer_objects()

    def fingerprint(self) -> list[str]:
        """Number of rows and the sum of their hashes, made by the server; the same for the same rows in any order.

        Raises
        ------
        InputError
            As `read`.

        Notes
        -----
        O(rows) for the server, which sends one row. Every column of the statement counts.
        """
        with self._connection() as connection:
            counted = (
                "SELECT count(*), coalesce(sum(hashtextextended(hicgeo_rows::text, 0)), 0) "  # noqa: S608
                f"FROM ({self._statement(connection)}) AS hicgeo_rows"
            )
            row = connection.exec_driver_sql(counted, (MAX_ROWS + 1,)).one()
        return [str(value) for value in row]

    def _statement(self, connection: sa.Connection) -> str:
        """Text of the statement, whose one parameter is the limit on its rows.

        A statement with a parameter is sent by itself (PostgreSQL refuses a second one in it), and inside a subquery
        nothing but a SELECT can stand.
        """
        import sqlalchemy as sa

        if self._query is not None:
            query = self._query.strip().rstrip(";").replace("%", "%%")
            return f"SELECT * FROM (\n{query}\n) AS hicgeo LIMIT %s"  # noqa: S608  # the user's own query is the point
        schema, _, name = str(self._layer).rpartition(".")
        key = sa.inspect(connection).get_pk_constraint(name, schema=schema or None)["constrained_columns"]
        quote = connection.dialect.identifier_preparer.quote_identifier
        table = ".".join(quote(part) for part in (schema, name) if part)
        order = f" ORDER BY {', '.join(map(quote, key))}" if key else ""
        return f"SELECT * FROM {table}{order} LIMIT %s"  # noqa: S608  # all names are quoted

    @contextmanager
    def _connection(self) -> Iterator[sa.Connection]:
        """Open one read-only transaction; errors of the server lose what they say of rows, host and password."""
        import sqlalchemy as sa

        engine = sa.create_engine(
            self._url,
            poolclass=sa.NullPool,
            hide_parameters=True,
            connect_args={"connect_timeout": CONNECT_SECONDS, "application_name": "hicgeo", "prepare_threshold": None},
        )
        sa.event.listen(engine, "connect", _read_moments_as_text)
        kind = None
        try:
            with engine.connect() as connection:
                connection = connection.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)
                for setting in (
                    f"statement_timeout = '{STATEMENT_SECONDS}s'",
                    "lock_timeout = '10s'",
                    "idle_in_transaction_session_timeout = '600s'",
                    "TimeZone = 'Europe/Amsterdam'",
                    "DateStyle = 'ISO'",
                ):
                    connection.exec_driver_sql(f"SET LOCAL {setting}")
                yield connection
        except sa.exc.NoSuchTableError:
            kind = "UndefinedTable"
        except sa.exc.DBAPIError as failure:
            kind = type(failure.orig).__name__
        except (sa.exc.SQLAlchemyError, UnicodeError) as failure:
            kind = type(failure).__name__
        finally:
            engine.dispose()
        if kind is not None:
            raise InputError(
                f"the database must answer ({self.name})", kind, _REMEDIES.get(kind, "check address, rights and query")
            )


_REMEDIES = {
    "UndefinedTable": 'name schema and table as the database has them: layer="schema.table"',
    "UndefinedColumn": "name columns that exist, in double quotes where they have capitals",
    "InsufficientPrivilege": "ask for the right to SELECT",
    "OperationalError": "check host, port, user and password (in PGPASSWORD or ~/.pgpass), and whether it runs",
    "QueryCanceled": "ask for a smaller part, or have an index made",
    "ReadOnlySqlTransaction": "give a SELECT that changes nothing",
    "SyntaxError": "give one SELECT",
}


def _read_moments_as_text(connection: Any, _: Any) -> None:
    """Take dates and times as the text that the server writes: Python has no infinity and no year 10000."""
    from psycopg.adapt import Loader

    class AsText(Loader):
        def load(self, data: Any) -> str:
            return re.sub(r"(\d[+-]\d\d)$", r"\1:00", bytes(data).decode())

    for kind in ("date", "timestamp", "timestamptz", "time", "timetz", "interval"):
        connection.adapters.register_loader(kind, AsText)


def _with_geometry(table: pd.DataFrame, title: str) -> pd.DataFrame:
    """Turn the column of that title from EWKB into geometry, with its CRS."""
    import geopandas as gpd
    import shapely

    try:
        shapes = shapely.from_wkb(table[title].to_numpy())
    except (shapely.errors.ShapelyError, TypeError) as failure:
        raise InputError("geometry must be points or polygons", type(failure).__name__, "ST_CurveToLine it") from None
    numbers = sorted({int(number) for number in shapely.get_srid(shapes[~shapely.is_missing(shapes)])})
    if len(numbers) > 1:
        raise CrsError(
            "all geometries must be in one CRS",
            f"SRID {', '.join(map(str, numbers[:10]))}",
            'transform them: query="SELECT ..., ST_Transform(geom, 28992) AS geom ..."',
        )
    crs = known_crs(f"EPSG:{numbers[0]}") if numbers and numbers[0] else None
    others = table.drop(columns=title).infer_objects()
    return gpd.GeoDataFrame(others.assign(**{title: shapely.set_srid(shapes, 0)}), geometry=title, crs=crs)
