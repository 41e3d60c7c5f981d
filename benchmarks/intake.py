"""Time and memory of reading a large export, beside pandas and DuckDB, which read the same file without any check.

    .venv/bin/python benchmarks/intake.py                  # 10 million rows; writes results/intake.json
    .venv/bin/python benchmarks/intake.py --rows 1000000   # smaller, to the screen only

Every measurement is a process of its own, so that its peak memory is its own. DuckDB is needed for one line of the
table only (`uv pip install duckdb`), and left out, saying so, where it is absent.
"""

import argparse
import csv
import importlib.util
import json
import os
import platform
import statistics
import subprocess
import sys
import tempfile
import time
from datetime import date
from pathlib import Path

import numpy as np
import pandas as pd

RESULTS = Path(__file__).parent / "results" / "intake.json"
PERIOD = "('2020-01', '2024-12')"
COLUMNS = {
    "incident_id": "Registratienummer",
    "crime_type": "Delictcode",
    "start_date": "Pleegdatum van",
    "start_time": "Pleegtijd van",
    "end_date": "Pleegdatum tot",
    "end_time": "Pleegtijd tot",
    "x": "X-coordinaat",
    "y": "Y-coordinaat",
    "attempted": "Poging",
    "confronted": "Confrontatie",
    "violence": "Geweld",
}
"""What a burglary needs, some 80 bytes a row."""
RECORD = "records, areas = sys.argv[1:]\n"
HICGEO = (
    f"columns = {COLUMNS!r}\n"
    "import sys, hicgeo, pandas as pd\n" + RECORD + "buurten = hicgeo.read_neighbourhoods(areas, level='buurt')\n"
)
WAYS = {
    "pandas.read_csv, bare": "import sys, pandas as pd\n" + RECORD + "print(len(pd.read_csv(records, sep=';')))",
    "pandas.read_csv, as text": (
        "import sys, pandas as pd\n" + RECORD + "print(len(pd.read_csv(records, sep=';', dtype=str)))"
    ),
    "duckdb, bare": (
        "import sys, duckdb\n"
        + RECORD
        + "db = duckdb.connect(config={'threads': 2})\n"
        + "db.execute(\"CREATE TABLE t AS FROM read_csv('\" + records + \"', delim=';')\")\n"
        + "print(db.execute('SELECT count(*) FROM t').fetchall()[0][0])"
    ),
    "count_from_file, 2 processes": (
        HICGEO.replace("buurten", "if __name__ == '__main__':\n  buurten")
        + f"  f = hicgeo.count_from_file(records, buurten, columns=columns, date='start', period={PERIOD}, jobs=2)\n"
        + "  print(f.read)"
    ),
    "count_from_file, 1 process": (
        HICGEO
        + f"f = hicgeo.count_from_file(records, buurten, columns=columns, date='start', period={PERIOD})\n"
        + "print(f.read)"
    ),
    "read_incidents, in memory": HICGEO + "print(hicgeo.read_incidents(records, columns=columns).read)",
}


def write_export(folder: Path, rows: int, seed: int = 1) -> tuple[Path, Path]:
    """Write the incidents of a sample city over and over, each time with other numbers, and its neighbourhoods."""
    import hicgeo

    hicgeo.write_sample(hicgeo.sample_city(seed), folder)
    # records with too many fields or a stray quote would stop the readers that are measured beside
    once = pd.read_csv(
        folder / "incidents.csv",
        sep=";",
        dtype=str,
        keep_default_na=False,
        encoding="utf-8-sig",
        quoting=csv.QUOTE_NONE,
        on_bad_lines="skip",
    )[list(COLUMNS.values())]
    once = once[~once.apply(lambda column: column.str.contains('"')).any(axis="columns")]
    export = folder / "export.csv"
    with export.open("w", encoding="utf-8", newline="") as out:
        out.write(";".join(once.columns) + "\r\n")
        for first in range(0, rows, len(once)):
            part = once.iloc[: rows - first].copy()
            part[COLUMNS["incident_id"]] = [f"PL{i:012d}" for i in range(first, first + len(part))]
            part.to_csv(out, sep=";", header=False, index=False, lineterminator="\r\n")
    return export, folder / "wijkenbuurten_2024.gpkg"


def tree_memory(pid: int) -> int:
    """Memory that a process and its children hold now, each shared page counted once per sharer's part; bytes."""
    total = 0
    pending = [pid]
    while pending:
        one = pending.pop()
        try:
            for task in Path(f"/proc/{one}/task").iterdir():
                pending += map(int, (task / "children").read_text().split())
            rollup = Path(f"/proc/{one}/smaps_rollup").read_text()
            total += 1024 * next(int(line.split()[1]) for line in rollup.splitlines() if line.startswith("Pss:"))
        except (OSError, StopIteration):
            continue
    return total


def measure(code: str, export: Path, areas: Path) -> dict[str, float]:
    """Run the code as a script in a process of its own; wall-clock seconds and peak GiB of it and its children."""
    with tempfile.TemporaryDirectory() as folder:
        script = Path(folder, "way.py")
        script.write_text(code)
        start = time.perf_counter()
        process = subprocess.Popen(
            [sys.executable, script, export, areas], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )
        peak = 0
        while process.poll() is None:
            peak = max(peak, tree_memory(process.pid))
            time.sleep(0.05)
        seconds = time.perf_counter() - start
        out, err = process.communicate()
    if process.returncode:
        raise SystemExit(f"the measurement failed:\n{err[-2000:]}")
    return {"seconds": round(seconds, 2), "peak_gib": round(peak / 2**30, 2), "rows": int(out.split()[-1])}


def main() -> None:
    """Measure every way in turn, a few rounds, and write the medians."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=10_000_000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--only", nargs="*", default=[])
    given = parser.parse_args()
    ways = {name: code for name, code in WAYS.items() if not given.only or any(word in name for word in given.only)}
    if importlib.util.find_spec("duckdb") is None and ways.pop("duckdb, bare", None):
        print("duckdb is not installed: its line is left out")
    runs: dict[str, list[dict[str, float]]] = {name: [] for name in ways}
    with tempfile.TemporaryDirectory(prefix="hicgeo-benchmark-") as folder:
        export, areas = write_export(Path(folder), given.rows)
        size = export.stat().st_size
        print(f"{given.rows:,} rows, {size / 1e9:.2f} GB")
        for turn in range(given.rounds):
            for name, code in ways.items():
                run = measure(code, export, areas)
                if run["rows"] != given.rows:
                    raise SystemExit(f"{name} read {run['rows']} of {given.rows} rows")
                runs[name].append(run)
                print(f"{turn + 1}. {name:32} {run['seconds']:8.1f} s {run['peak_gib']:6.2f} GiB", flush=True)
    table = {
        name: {
            "seconds": statistics.median(run["seconds"] for run in each),
            "peak_gib": max(run["peak_gib"] for run in each),
        }
        for name, each in runs.items()
    }
    bare = table.get("pandas.read_csv, bare", {}).get("seconds")
    for row in table.values():
        row["times_pandas"] = round(row["seconds"] / bare, 2) if bare else np.nan
    print(pd.DataFrame(table).T.to_string())
    if given.rows == 10_000_000 and not given.only:
        versions = {name: importlib.import_module(name).__version__ for name in ("pandas", "numpy", "pyarrow")}
        if "duckdb, bare" in table:
            versions["duckdb"] = importlib.import_module("duckdb").__version__
        said = {
            "date": date.today().isoformat(),
            "machine": f"{os.cpu_count()} cores, {platform.system()}, Python {platform.python_version()}",
            "versions": versions,
            "rows": given.rows,
            "bytes": size,
            "rounds": given.rounds,
            "ways": table,
        }
        RESULTS.write_text(json.dumps(said, indent=1) + "\n")


if __name__ == "__main__":
    main()
