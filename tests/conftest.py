"""What every test may use: the project folder, and real data when they stand beside it."""

import os
from pathlib import Path

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
