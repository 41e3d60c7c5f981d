"""What every test may use: the project folder, and real data when they stand beside it."""

import os
import tempfile
from pathlib import Path

import postgis_server
import pytest

ROOT = Path(__file__).parents[1]


@pytest.fixture(scope="session")
def root():
    return ROOT


@pytest.fixture(scope="session")
def realdata():
    """Folder of real data: HICGEO_REALDATA, or shared/data beside the project. Never copied into it."""
    folder = Path(os.environ.get("HICGEO_REALDATA") or ROOT.parent / "shared" / "data")
    if not (folder / "README.md").is_file():
        reason = f"no real data in {folder}"
        if os.environ.get("HICGEO_REQUIRE_REALDATA") == "1":
            pytest.fail(f"{reason}, and HICGEO_REQUIRE_REALDATA=1")
        pytest.skip(reason)
    return folder


@pytest.fixture(scope="session")
def postgis(tmp_path_factory):
    """Run a PostgreSQL server with PostGIS, from the packages of Debian, for as long as the tests need it."""
    programs = postgis_server.programs()
    if programs is None:
        reason = "no PostgreSQL with PostGIS (Debian: postgresql and postgresql-postgis)"
        if os.environ.get("HICGEO_REQUIRE_POSTGIS") == "1":
            pytest.fail(f"{reason}, and HICGEO_REQUIRE_POSTGIS=1")
        pytest.skip(reason)
    # not below pytest's own folder, which other users may not enter
    with tempfile.TemporaryDirectory() as folder, postgis_server.Server(Path(folder), programs) as server:
        yield server
