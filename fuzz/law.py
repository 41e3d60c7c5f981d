"""What must hold of every reading, whatever the file."""

import re
import warnings
from pathlib import Path
from typing import Any

import hicgeo
from hicgeo.errors import HicgeoError
from hicgeo.schema import check_incidents
from hicgeo.sources import incidents, neighbourhoods  # noqa: F401 - instrumented before the first input

HEADER = b"nr;delict;van;tot;x;y;gemeente\r\n"
COLUMNS = {
    "incident_id": "nr",
    "crime_type": "delict",
    "start": "van",
    "end": "tot",
    "x": "x",
    "y": "y",
    "municipality": "gemeente",
}
REASONS = frozenset(
    re.findall(r"`([a-z_0-9]+)`", str(incidents.read_incidents.__doc__).split("Reasons:")[1].split("\n\n")[0])
)
"""Reason codes that the documentation of the reader names."""


def read(path: Path, arguments: dict[str, Any]) -> incidents.Intake | None:
    """Read incidents; None when the file is refused. Anything but a HicgeoError escapes, and ends the run."""
    columns = {name: title for name, title in COLUMNS.items() if path.suffix == ".csv" or name not in "xy"}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", hicgeo.HicgeoWarning)
        try:
            return hicgeo.read_incidents(path, columns=columns, **arguments)
        except HicgeoError as refusal:
            if "fault of the reader" in str(refusal):
                raise AssertionError(str(refusal)) from refusal
            return None


def check(intake: incidents.Intake, size: int | None) -> None:
    """Assert that nothing is lost, and that what is accepted keeps the contract of the incident table."""
    assert intake.read == len(intake.incidents) + len(intake.rejected)
    assert set(intake.rejected["reason"]) <= REASONS, set(intake.rejected["reason"]) - REASONS
    assert not intake.rejected["record"].duplicated().any()
    if size is not None:
        assert intake.account["bytes"].sum() == size
    check_incidents(intake.incidents)
    for text in (repr(intake), intake._repr_html_()):
        assert text
