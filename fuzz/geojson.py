"""Any bytes as GeoJSON: neighbourhoods or incidents, or refused in words. The child's reader runs in this process."""

import sys
import tempfile
import warnings
from pathlib import Path
from typing import Any

import atheris
import pyarrow as pa
import pyogrio  # noqa: F401 - the child hides pandas while it loads; here all is loaded before

with atheris.instrument_imports(include=["hicgeo"]):
    from law import check, read

    import hicgeo
    from hicgeo.errors import HicgeoError, InputError
    from hicgeo.schema import check_neighbourhoods
    from hicgeo.sources import _child, _confined


def _read_here(kind: str, path: Path, **options: Any) -> tuple[pa.Table, dict[str, Any]]:
    """As `_confined.read`, without another process: what ends that process would end this one, and be seen."""
    import json

    assert kind == "geojson"
    try:
        batches = list(_child._geojson(path, options))
    except _child.Refusal as refusal:
        raise InputError(*refusal.args) from None
    except Exception as failure:  # the child calls any failure damage
        raise _confined.damaged(path, type(failure).__name__) from None
    table = pa.Table.from_batches(batches)
    return table, json.loads(table.schema.metadata[b"facts"])


_confined.read = _read_here


def one(data: bytes, folder: Path = Path(tempfile.mkdtemp(prefix="hicgeo-fuzz-"))) -> None:
    """Read the bytes both as neighbourhoods and as incidents."""
    path = folder / "areas_2024.geojson"
    path.write_bytes(data)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", hicgeo.HicgeoWarning)
        try:
            columns = {"code": "code", "name": "name", "dwellings": "homes", "municipality": "gm"}
            check_neighbourhoods(hicgeo.read_neighbourhoods(path, level="buurt", columns=columns))
        except HicgeoError:
            pass
    intake = read(path, {})
    if intake is not None:
        check(intake, None)


if __name__ == "__main__":
    atheris.Setup(sys.argv, one)
    atheris.Fuzz()
