"""A real PostgreSQL with PostGIS is read as a file is, nothing in it changes, and no password shows."""

# ruff: noqa: S106, S608 - the server lives for one test run, and its statements are written here

from __future__ import annotations

import logging
import time

import geopandas as gpd
import pandas as pd
import pytest
import shapely

import hicgeo
from hicgeo.errors import ColumnError, CrsError, HicgeoError, InputError
from hicgeo.sources import _database

COLUMNS = {"incident_id": "nr", "crime_type": "delict", "start": "van", "end": "tot"}
ROWS = """
    (1, 'A20', '2024-03-01 18:00+01', '2024-03-02 08:30+01', 81234.5, 455123),
    (2, 'B70', '2024-07-02 23:15+02', NULL, 81300, 455200),
    (3, 'A20', 'infinity', NULL, 81300, 455200),
    (4, 'A20', '2024-03-03 12:00+01', NULL, NULL, NULL)
"""


@pytest.fixture(scope="module")
def city(postgis):
    """Incidents as a table with moments and points, and neighbourhoods; all in the schema `open`."""
    postgis.sql(
        f"""
        CREATE TABLE open.incidenten AS
          SELECT nr, delict, van::timestamptz, tot::timestamptz, x, y, ST_SetSRID(ST_MakePoint(x, y), 28992) AS plek
          FROM (VALUES {ROWS}) AS v (nr, delict, van, tot, x, y);
        ALTER TABLE open.incidenten ADD PRIMARY KEY (nr);
        CREATE TABLE open.buurten_2024 (code text, name text, dwellings bigint, geom geometry(Polygon, 28992));
        INSERT INTO open.buurten_2024 VALUES
          ('BU05180000', 'Oud', 10, ST_MakeEnvelope(80000, 455000, 81000, 456000, 28992)),
          ('BU05180001', 'Nieuw', NULL, ST_MakeEnvelope(81000, 455000, 82000, 456000, 28992));
        CREATE TABLE open."Rare ""naam"" %s; DROP" AS SELECT * FROM open.buurten_2024;
        CREATE TABLE open.secret AS SELECT 'Jansen' AS who;
        GRANT SELECT ON ALL TABLES IN SCHEMA open TO reader;
        REVOKE ALL ON open.secret FROM reader;
        """
    )
    return postgis


def state(server):
    return server.sql("SELECT sum(n_tup_ins + n_tup_upd + n_tup_del), count(*) FROM pg_stat_user_tables")


def test_incidents_from_a_table(city):
    intake = hicgeo.read_incidents(city.address(), layer="open.incidenten", columns=COLUMNS)
    assert intake.incidents.index.tolist() == ["1", "2", "4"]
    assert [str(each) for each in intake.incidents["start"]] == [
        "2024-03-01 18:00:00+01:00",
        "2024-07-02 23:15:00+02:00",
        "2024-03-03 12:00:00+01:00",
    ]
    assert intake.rejected["reason"].tolist() == ["bad_date"]
    assert intake.incidents.crs == "EPSG:28992"
    assert [(p.x, p.y) if not p.is_empty else None for p in intake.incidents.geometry] == [
        (81234.5, 455123.0),
        (81300.0, 455200.0),
        None,
    ]
    assert intake.source == "politie, open.incidenten"


def test_incidents_from_a_query_without_geometry(city):
    query = "SELECT nr, delict, van, tot, x, y FROM open.incidenten WHERE delict LIKE 'A%' ORDER BY nr DESC; "
    intake = hicgeo.read_incidents(
        city.address(), query=query, columns=COLUMNS | {"x": "x", "y": "y"}, crs="EPSG:28992"
    )
    assert intake.incidents.index.tolist() == ["4", "1"]
    assert intake.source == "politie, a query"


def test_neighbourhoods_from_a_table_and_a_query(city):
    table = hicgeo.read_neighbourhoods(city.address(), level="buurt", layer="open.buurten_2024")
    assert table["dwellings"].tolist() == [10, pd.NA]
    assert table["vintage"].tolist() == [2024, 2024]
    assert table.geometry.area.tolist() == [1e6, 1e6]
    query = "SELECT code, name, dwellings, ST_Transform(geom, 4326) AS geom FROM open.buurten_2024 -- all"
    asked = hicgeo.read_neighbourhoods(city.address(), level="buurt", query=query, vintage=2024)
    assert asked.index.tolist() == table.index.tolist()
    # WGS84 and back: PROJ of the server and ours differ by less than a millimetre when they take the same parameters
    assert shapely.hausdorff_distance(asked.geometry.array, table.geometry.array).max() < 1.0


def test_dwellings_from_a_query(city):
    area = gpd.GeoSeries([shapely.box(81000, 455000, 82000, 456000)], crs=28992)
    homes = hicgeo.read_at_risk(
        city.address(),
        hicgeo.Grid.over(area, cell_size=1000),
        query="SELECT ST_SetSRID(ST_MakePoint(81000 + g, 455500), 28992) AS geom FROM generate_series(1, 500) AS g",
    )
    assert float(homes.sum()) == 500


def test_names_are_quoted(city):
    table = hicgeo.read_neighbourhoods(city.address(), level="buurt", layer='open.Rare "naam" %s; DROP')
    assert len(table) == 2


def test_a_table_comes_in_the_order_of_its_key(city):
    city.sql("UPDATE open.incidenten SET delict = 'A20' WHERE nr = 1")  # moves the row to the end of the heap
    assert city.sql("SELECT string_agg(nr::text, '') FROM (SELECT nr FROM open.incidenten) AS a") != "1234"
    intake = hicgeo.read_incidents(city.address(), layer="open.incidenten", columns=COLUMNS)
    assert intake.incidents.index.tolist() == ["1", "2", "4"]


@pytest.mark.parametrize(
    "query",
    [
        "DELETE FROM open.incidenten RETURNING *",
        "WITH gone AS (DELETE FROM open.incidenten RETURNING *) SELECT * FROM gone",
        "SELECT 1; DELETE FROM open.incidenten",
        "SELECT 1) AS a; COMMIT; DELETE FROM open.incidenten; SELECT * FROM (SELECT 1",
        "SELECT 1) AS a; SET SESSION CHARACTERISTICS AS TRANSACTION READ WRITE; SELECT * FROM (SELECT 1",
        "COPY open.incidenten TO PROGRAM 'touch /tmp/hicgeo-was-here'",
        "SELECT nextval('open.teller')",
        "SELECT set_config('transaction_read_only', 'off', false), open.wis()",
        "SELECT open.wis()",
        "CREATE TABLE open.nieuw AS SELECT 1",
        "DO $$ BEGIN DELETE FROM open.incidenten; END $$",
        "TRUNCATE open.incidenten",
        "",
    ],
)
def test_nothing_can_be_changed_even_by_its_owner(city, query):
    city.sql(
        """CREATE SEQUENCE IF NOT EXISTS open.teller;
        CREATE OR REPLACE FUNCTION open.wis() RETURNS int LANGUAGE sql AS 'DELETE FROM open.incidenten; SELECT 1'"""
    )
    before = state(city)
    with pytest.raises(InputError, match="must answer"):
        hicgeo.read_incidents(city.address(city.user, None), query=query, columns=COLUMNS)
    assert city.sql("SELECT count(*) FROM open.incidenten") == "4"
    assert state(city) == before


def test_the_test_of_changes_can_fail(city):
    before = state(city)
    city.sql("INSERT INTO open.incidenten (nr) VALUES (99); DELETE FROM open.incidenten WHERE nr = 99")
    for _ in range(100):  # the statistics of the server come a moment later
        if state(city) != before:
            return
        time.sleep(0.1)
    pytest.fail("a change was not seen")


def test_a_statement_that_takes_too_long(city, monkeypatch):
    monkeypatch.setattr(_database, "STATEMENT_SECONDS", 1)
    start = time.perf_counter()
    with pytest.raises(InputError, match="QueryCanceled"):
        hicgeo.read_incidents(city.address(), query="SELECT pg_sleep(60)", columns=COLUMNS)
    assert time.perf_counter() - start < 10


def test_more_rows_than_can_be_read(city, monkeypatch):
    monkeypatch.setattr(_database, "MAX_ROWS", 1000)
    with pytest.raises(InputError, match="at most 1,000 rows"):
        hicgeo.read_incidents(city.address(), query="SELECT generate_series(1, 1001) AS nr", columns=COLUMNS)


def test_more_rows_than_one_batch_all_come(city, monkeypatch):
    monkeypatch.setattr(_database, "_BATCH", 100)
    query = "SELECT g AS nr, 'A20' AS delict, '2024-03-01 12:00' AS van, NULL AS tot, 81000 + g AS x, 455000 AS y FROM generate_series(1, 1234) g"  # noqa: E501
    intake = hicgeo.read_incidents(city.address(), query=query, columns=COLUMNS | {"x": "x", "y": "y"})
    assert intake.incidents.index.tolist() == [str(n) for n in range(1, 1235)]


WRONG = {
    "no such table": ({"layer": "open.elders"}, InputError, "UndefinedTable"),
    "no right": ({"layer": "open.secret"}, InputError, "InsufficientPrivilege"),
    "no such column": ({"query": "SELECT naam FROM open.secret2"}, InputError, "UndefinedTable"),
    "no number": ({"query": "SELECT 'Jansen'::int FROM open.incidenten"}, InputError, "InvalidTextRepresentation"),
    "twice": ({"query": "SELECT nr, nr FROM open.incidenten"}, InputError, "titles must differ"),
    "two geometries": ({"query": "SELECT plek, plek AS p2 FROM open.incidenten"}, InputError, "at most one geometry"),
    "two systems": (
        {"query": "SELECT nr, ST_Transform(plek, 28992 + (nr % 2) * -24666) AS p FROM open.incidenten WHERE x > 0"},
        CrsError,
        "SRID 4326, 28992",
    ),
    "no columns": ({"query": "SELECT 1 AS a"}, ColumnError, "no column for"),
    "neither": ({}, InputError, "neither"),
    "both": ({"layer": "open.incidenten", "query": "SELECT 1"}, InputError, "both"),
}


@pytest.mark.parametrize("case", WRONG)
def test_errors_say_what_to_do_and_keep_the_secrets(city, case, caplog):
    options, kind, message = WRONG[case]
    caplog.set_level(logging.DEBUG)
    with pytest.raises(kind, match=message) as caught:
        hicgeo.read_incidents(city.address(), columns=COLUMNS, **options)
    for secret in (city.password, "reader", "127.0.0.1", "Jansen"):
        assert secret not in str(caught.value)
        assert secret not in caplog.text


def test_a_wrong_password_and_a_silent_server(city):
    for address in (
        city.address(password="fout-wachtwoord"),
        f"postgresql://reader:fout-wachtwoord@127.0.0.1:{city.port}/elders",
        "postgresql://reader:fout-wachtwoord@127.0.0.1:1/politie",
    ):
        with pytest.raises(InputError, match=r"OperationalError.*PGPASSWORD") as caught:
            hicgeo.read_incidents(address, layer="open.incidenten", columns=COLUMNS)
        assert "wachtwoord" not in str(caught.value)


def test_the_password_is_nowhere_in_what_comes_back(city):
    intake = hicgeo.read_incidents(city.address(), layer="open.incidenten", columns=COLUMNS)
    table = hicgeo.read_neighbourhoods(city.address(), level="buurt", layer="open.buurten_2024")
    shown = [intake.source, repr(intake), intake._repr_html_(), intake.notes.to_string(), str(table.attrs)]
    database = _database.Database.at(city.address(), layer="a", query=None)
    shown += [repr(database), str(database), database.name]
    assert not any(secret in text for text in shown for secret in (city.password, "reader", "127.0.0.1"))


@pytest.mark.parametrize(
    "address",
    [
        "postgresql://reader:geheim-1@127.0.0.1:poort/politie",
        "postgresql://reader:geheim-1@127.0.0.1/",
        "postgresql://reader:geheim-1@127.0.0.1/politie?options=-c%20default_transaction_read_only%3Doff",
        "postgresql://reader:geheim-1@127.0.0.1/politie?service=ander",
    ],
)
def test_addresses_that_are_refused_without_a_connection(address):
    with pytest.raises(InputError) as caught:
        hicgeo.read_incidents(address, layer="a", columns=COLUMNS)
    assert "geheim" not in str(caught.value)


def test_without_the_extra(monkeypatch):
    monkeypatch.setattr(_database.importlib.util, "find_spec", lambda name: None)
    with pytest.raises(InputError, match=r'pip install "hicgeo\[postgis\]"'):
        hicgeo.read_incidents("postgresql://reader:geheim-1@127.0.0.1/politie", layer="a", columns=COLUMNS)


def test_a_query_is_for_a_database(tmp_path):
    path = tmp_path / "a.csv"
    path.write_text("nr\n1\n")
    with pytest.raises(InputError, match="for a database"):
        hicgeo.read_incidents(path, query="SELECT 1", columns=COLUMNS)
    assert issubclass(InputError, HicgeoError)


def test_a_fingerprint_tells_whether_rows_changed(postgis):
    postgis.sql("CREATE TABLE open.grows AS SELECT generate_series(1, 3) AS n; GRANT SELECT ON open.grows TO reader")

    def fingerprint(query):
        return _database.Database.at(postgis.address(), layer=None, query=query).fingerprint()

    first = fingerprint("SELECT n FROM open.grows ORDER BY n")
    assert first == fingerprint("SELECT n FROM open.grows ORDER BY n DESC")
    assert first[0] == "3"
    postgis.sql("UPDATE open.grows SET n = 4 WHERE n = 3")
    assert fingerprint("SELECT n FROM open.grows") != first
    assert fingerprint("SELECT n FROM open.grows WHERE n > 9") == ["0", "0"]
