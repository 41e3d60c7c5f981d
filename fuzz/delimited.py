"""Any bytes as an export in delimited text: read, or refused in words, with every byte accounted for."""

import sys
import tempfile
from pathlib import Path

import atheris

with atheris.instrument_imports(include=["hicgeo"]):
    from law import HEADER, check, read


def one(data: bytes, folder: Path = Path(tempfile.mkdtemp(prefix="hicgeo-fuzz-"))) -> None:
    """Read the bytes as a file, or as what follows the titles; the first byte says which, and with what arguments."""
    if not data:
        return
    choice, content = data[0], data[1:]
    if choice & 1:
        content = HEADER + content
    path = folder / "export.csv"
    path.write_bytes(content)
    arguments = {
        "date_order": "month_first" if choice & 2 else "day_first",
        "multiline": bool(choice & 4),
        "century": 2000 if choice & 8 else None,
        "swap": bool(choice & 16),
        "swap_times": bool(choice & 32),
        "crs": "EPSG:28992" if choice & 64 else None,
        "duplicates": "keep" if choice & 128 else "heaviest",
    }
    intake = read(path, arguments)
    if intake is not None:
        check(intake, len(content))


if __name__ == "__main__":
    atheris.Setup(sys.argv, one)
    atheris.Fuzz()
