"""Any text as date, clock time or number, in a file whose structure is sound: each record is accepted or rejected."""

import sys
import tempfile
from pathlib import Path

import atheris

with atheris.instrument_imports(include=["hicgeo"]):
    from law import HEADER, check, read


def one(data: bytes, folder: Path = Path(tempfile.mkdtemp(prefix="hicgeo-fuzz-"))) -> None:
    """Every four lines of the text are start, end, x and y of a record; the first character chooses the arguments."""
    text = data.decode("utf-8", "replace").replace("\0", "").replace('"', "").replace(";", ",").replace("\r", "")
    if not text:
        return
    choice, values = ord(text[0]), text[1:].split("\n")[:400]
    good = ["14-03-2023 10:15", "15-03-2023 08:00", "81234,5", "455123"]
    lines = []
    for number, place in enumerate(range(0, len(values), 4)):
        record = values[place : place + 4]
        record += good[len(record) :]
        # characters at which Python ends a line are no line ends of the file, and may stand in a cell
        lines.append(";".join([f"n{number}", "A20", *record, "GM0518"]))
    # sound records beside them, so that one odd column does not refuse the file
    lines += [";".join([f"g{number}", "A20", *good, "GM0518"]) for number in range(200 if choice & 1 else 0)]
    content = HEADER + "\r\n".join(lines).encode() + b"\r\n"
    path = folder / "export.csv"
    path.write_bytes(content)
    arguments = {
        "date_order": "month_first" if choice & 2 else "day_first",
        "century": (None, 1900, 2000)[(choice >> 2) % 3],
        "excel_epoch": 1904 if choice & 32 else 1900,
        "swap": bool(choice & 64),
        "encoding": "utf-8",
    }
    intake = read(path, arguments)
    if intake is not None:
        check(intake, len(content))
        assert intake.read == len(lines)


if __name__ == "__main__":
    atheris.Setup(sys.argv, one)
    atheris.Fuzz()
