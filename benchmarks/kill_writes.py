"""Kill -9 at random moments of every kind of write: the old or the new file, never a part.

    python benchmarks/kill_writes.py [writes]

A child per write tells when it begins, has a part, flushes it, puts it in place, and has put it there. It is killed at
a random moment between one of these and the next, each as often, so that every kind is killed before, while and after
it replaces a file. What then stands under the name must be, byte for byte, the old or the new content. Results in
results/kill_writes.json.
"""

from __future__ import annotations

import json
import os
import platform
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np

RESULTS = Path(__file__).parent / "results" / "kill_writes.json"
KINDS = (
    "map.html", "index.html", "briefing.html", "table.csv", "table.xlsx", "cells.gpkg", "cells.geojson", "cells.gpx",
    "surface.tif", "gebied-1.pdf", "map.png", "manifest.json", "notebook.log", "exports.jsonl",
)  # fmt: skip
MARKS = "bpfrR"
"""Begun; has a part; is about to flush it; is about to replace; has replaced."""


def writer(kind: str) -> Callable[[Path, int], Any]:
    """Write version 0 or 1 of a file of this kind, as the library does."""
    import scenes

    from hicgeo.output import _write
    from hicgeo.output.briefing import BriefingCard, IndexEntry, write_briefing, write_index
    from hicgeo.output.disclosure import Ledger
    from hicgeo.output.maps import HotspotMap
    from hicgeo.output.tables import write_surface, write_table
    from hicgeo.output.target_sheets import write_target_sheets

    def rates(n: int) -> Any:
        found = scenes.rates(areas)
        return found.assign(incidents=found["incidents"] + n)

    def cells(n: int) -> Any:
        found = scenes.hotspots()
        return found.assign(incidents=found["incidents"] + n)

    def drawn(n: int) -> HotspotMap:
        return HotspotMap(areas, title=f"Kaart {n}").add_rates(rates(n))

    def listed(path: Path, n: int) -> None:
        file = path.with_name("a.csv")  # what was exported is read for its fingerprint
        file.write_bytes(b"1")
        Ledger(path, run=f"{n}").record(file, profile="driehoek")

    def page(path: Path, n: int) -> None:
        picture = pictures[n]
        if kind == "index.html":
            write_index(path, title=f"Overzicht {n}", entries=[IndexEntry("a", "kaart.html", picture)])
        else:
            write_briefing(path, title=f"Briefing {n}", cards=[BriefingCard("a", picture, (f"Zin {n}.",), ())])

    areas = scenes.areas()
    maps = [drawn(n) for n in range(2)] if kind.startswith("map") else []
    pictures = [drawn(n).picture() for n in range(2)] if kind in ("index.html", "briefing.html", "map.png") else []
    return {
        "map.html": lambda path, n: maps[n].save(path),
        "index.html": page,
        "briefing.html": page,
        "table.csv": lambda path, n: write_table(rates(n), path),
        "table.xlsx": lambda path, n: write_table(rates(n), path),
        "cells.gpkg": lambda path, n: write_table(cells(n), path),
        "cells.geojson": lambda path, n: write_table(cells(n), path),
        "cells.gpx": lambda path, n: write_table(cells(n).rename(index={2: 2 + n}), path),
        "surface.tif": lambda path, n: write_surface(scenes.surface() + n, path, profile="intern"),
        "gebied-1.pdf": lambda path, n: write_target_sheets(
            scenes.targets().head(1).assign(reasons=f"Reden {n}."), path.parent, neighbourhoods=areas
        ),
        "map.png": lambda path, n: _write.deliver(path, pictures[n] + bytes([n])),
        "manifest.json": lambda path, n: _write.write_bytes(path, json.dumps({"run": [n] * 2000}).encode()),
        "notebook.log": lambda path, n: _write.write_bytes(path, f"line {n}\n".encode() * 2000),
        "exports.jsonl": listed,
    }[kind]  # fmt: skip


def telling(say: Callable[[str], None]) -> None:
    """Let this process tell what it is about to do."""
    from hicgeo.output import _ledger

    make, flush, put, write = tempfile.mkstemp, os.fsync, Path.replace, os.write

    def mkstemp(*args: Any, **settings: Any) -> Any:
        made = make(*args, **settings)
        say("p")
        return made

    def fsync(descriptor: int) -> None:
        say("f")
        flush(descriptor)

    def replace(part: Path, target: Path) -> Path:
        say("r")
        done = put(part, target)
        say("R")
        return done

    class Os:
        """What the ledger uses of the operating system: it adds a line in the place of replacing a file."""

        def __getattr__(self, name: str) -> Any:
            return getattr(os, name)

        def write(self, descriptor: int, line: bytes) -> int:
            for mark in "pfr":
                say(mark)
            done = write(descriptor, line)
            say("R")
            return done

    tempfile.mkstemp, os.fsync, Path.replace = mkstemp, fsync, replace  # type: ignore[assignment,method-assign]
    _ledger.os = Os()  # type: ignore[assignment]


def in_child(
    write: Callable[[], Any], moment: tuple[str, float] | None, pause: float = 0.0
) -> tuple[str, bool, dict[str, float]]:
    """Write in a child, killed so many seconds after a mark.

    It pauses after each mark when it would be over before anybody could kill it. Returns the marks that were heard,
    whether it was killed, and the seconds from each mark to the next.
    """
    seen, say = os.pipe()
    child = os.fork()
    if child == 0:
        code = 1
        try:

            def tell(mark: str) -> None:
                os.write(say, mark.encode())
                time.sleep(pause)

            telling(tell)
            os.write(say, b"b")
            write()
            code = 0
        finally:
            os._exit(code)
    os.close(say)
    heard, times = "", []
    while mark := os.read(seen, 1).decode():
        heard, times = heard + mark, [*times, time.perf_counter()]
        if moment is not None and mark == moment[0]:
            time.sleep(moment[1])
            os.kill(child, signal.SIGKILL)
            moment = None
    _, status = os.waitpid(child, 0)
    os.close(seen)
    times.append(time.perf_counter())
    assert os.WIFSIGNALED(status) or status == 0, "the write failed"
    spans: dict[str, float] = {}
    for mark, start, end in zip(heard, times, times[1:], strict=False):
        spans.setdefault(mark, end - start)
    return heard, os.WIFSIGNALED(status), spans


def of_kind(kind: str, folder: Path, writes: int, rng: np.random.Generator) -> dict[str, int]:
    """Kill so many writes of a kind, and say what stood there afterwards."""
    from hicgeo.output._write import PREFIX, sweep

    target, added, one = folder / kind, kind == "exports.jsonl", writer(kind)
    versions: list[bytes] = [b""] if added else []
    for n in (1,) if added else (0, 1):  # what is loaded late is there before the first child
        one(target, n)
        versions.append(target.read_bytes())
    assert versions[0] != versions[1]
    pause = 0.003 if added else 0.0
    spans = [in_child(lambda n=n: one(target, n), None, pause)[2] for n in (0, 1, 0, 1)]
    length = {mark: median(each.get(mark, 0.0) for each in spans) for mark in MARKS}
    row = dict.fromkeys(("writes", "killed", "before", "while", "after", "old", "new", "part", "left_over"), 0)
    for turn in range(writes):
        before = target.read_bytes()
        n = turn + 2 if added else int(before == versions[0])  # the other one
        mark = MARKS[turn % len(MARKS)]
        heard, killed, _ = in_child(lambda n=n: one(target, n), (mark, float(rng.uniform(0, length[mark]))), pause)
        content = target.read_bytes()
        row["writes"] += 1
        row["killed"] += killed
        row["after" if "R" in heard else "while" if "r" in heard else "before"] += 1
        if added:
            lines = content[len(before) :].splitlines()
            whole = content.startswith(before) and len(lines) <= 1 and all(json.loads(line) for line in lines)
            row[("new" if lines else "old") if whole else "part"] += 1
        else:
            row["new" if content == versions[n] else "old" if content == before else "part"] += 1
    row["left_over"] = len([*folder.glob(f"{PREFIX}*")])
    assert sweep(folder) == row["left_over"]
    rest = {each.name for each in folder.iterdir()} - {"a.csv"}
    assert rest == {target.name}, f"swept: {rest}"
    return row


def campaign(writes: int, seed: int = 1) -> dict[str, dict[str, int]]:
    """Kill `writes` writes, spread over all kinds of files and all moments.

    Each kind in a process of its own with one thread, because a fork would wait for those of its parent for ever.
    """

    def one(place: int) -> dict[str, int]:
        command = [sys.executable, __file__, "kind", KINDS[place], str(writes // len(KINDS)), str(seed * 100 + place)]
        threads = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "NUMBA_NUM_THREADS"), "1")
        done = subprocess.run(command, env={**os.environ, **threads}, stdout=subprocess.PIPE, text=True, check=True)
        row = dict(json.loads(done.stdout.splitlines()[-1]))
        print(KINDS[place], row, flush=True)
        return row

    with ThreadPoolExecutor(2) as pool:
        return dict(zip(KINDS, pool.map(one, range(len(KINDS))), strict=True))


def main(writes: int) -> None:
    """Run the campaign and keep the result."""
    began = time.perf_counter()
    found = campaign(writes)
    machine = {"cores": os.cpu_count(), "system": platform.system(), "python": platform.python_version()}
    result = {
        "date": time.strftime("%Y-%m-%d"), "machine": machine, "seconds": round(time.perf_counter() - began),
        "kinds": found,
    }  # fmt: skip
    RESULTS.write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")
    assert not any(row["part"] for row in found.values())


if __name__ == "__main__":
    if sys.argv[1:2] == ["kind"]:
        sys.path.insert(0, str(Path(__file__).parents[1] / "tests" / "output"))
        with tempfile.TemporaryDirectory() as made:
            print(
                json.dumps(of_kind(sys.argv[2], Path(made), int(sys.argv[3]), np.random.default_rng(int(sys.argv[4]))))
            )
    else:
        main(int(sys.argv[1]) if len(sys.argv) > 1 else 2100)
