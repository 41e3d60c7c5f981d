"""Kill -9 at random moments while tables, maps and surfaces are written: the old or the new file, never a part.

    python benchmarks/kill_writes.py [writes]

A child per write says when it begins and is killed after a random part of the time that the write takes;
what then stands
under the name must be, byte for byte, the old or the new content. Results in results/kill_writes.json.
"""

from __future__ import annotations

import json
import os
import signal
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

SUFFIXES = (".csv", ".xlsx", ".gpkg", ".geojson", ".gpx", ".tif", ".html")
RESULTS = Path(__file__).parent / "results" / "kill_writes.json"


def writers() -> dict[str, Callable[[Path, int], Any]]:
    """By suffix: write version 0 or 1 of a file of that kind."""
    import scenes

    from hicgeo.output.maps import HotspotMap
    from hicgeo.output.tables import write_surface, write_table

    areas = scenes.areas()
    rates, spots, surface = scenes.rates(areas), scenes.hotspots(), scenes.surface()
    tables = [rates, rates.assign(incidents=rates["incidents"] + 1)]
    shapes = [spots, spots.assign(incidents=spots["incidents"] + 1).rename(index={2: 3})]
    maps = [HotspotMap(areas, title=f"Kaart {n}").add_rates(rates) for n in range(2)]
    plain = {suffix: (lambda path, n: write_table(tables[n], path)) for suffix in (".csv", ".xlsx")}
    spatial = {suffix: (lambda path, n: write_table(shapes[n], path)) for suffix in (".gpkg", ".geojson", ".gpx")}
    return {
        **plain,
        **spatial,
        ".tif": lambda path, n: write_surface(surface + n, path, profile="intern"),
        ".html": lambda path, n: maps[n].save(path),
    }


def in_child(work: Callable[[Callable[[], None]], None], wait: Callable[[], float] | None = None) -> tuple[float, bool]:
    """Do something in a child that says when it begins; seconds that it took from there, and whether it was killed.

    With `wait` it is killed that many seconds after it began. The parent itself never writes: a fork has no threads,
    and
    would wait for those of its parent for ever.
    """
    seen, say = os.pipe()
    child = os.fork()
    if child == 0:
        code = 1
        try:
            work(lambda: os.write(say, b"!") and None)
            code = 0
        finally:
            os._exit(code)
    os.close(say)
    assert os.read(seen, 1) == b"!"
    began = time.perf_counter()
    if wait is not None:
        time.sleep(wait())
        os.kill(child, signal.SIGKILL)
    _, status = os.waitpid(child, 0)
    os.close(seen)
    assert wait is not None or status == 0
    return time.perf_counter() - began, os.WIFSIGNALED(status)


def campaign(folder: Path, writes: int, seed: int = 1) -> dict[str, dict[str, float]]:
    """Kill `writes` writes, spread over all kinds of files, and say what stood there afterwards."""
    sys.path.insert(0, str(Path(__file__).parents[1] / "tests" / "output"))
    import pyogrio
    import rasterio
    import scenes
    import xlsxwriter

    import hicgeo.output.maps  # imported before the fork, so that a child does not have to
    import hicgeo.output.tables
    from hicgeo.output._write import PREFIX, sweep

    assert all((pyogrio, rasterio, scenes, xlsxwriter, hicgeo.output))
    rng, found = np.random.default_rng(seed), {}
    for suffix in SUFFIXES:
        target = folder / f"file{suffix}"
        versions, spans = [], []

        def write(begin: Callable[[], None], n: int = 0, target: Path = target, suffix: str = suffix) -> None:
            one = writers()[suffix]
            one(target.with_name(f"warm{suffix}"), n)
            target.with_name(f"warm{suffix}").unlink()
            begin()
            one(target, n)

        for n in range(2):
            spans.append(in_child(lambda begin, n=n: write(begin, n))[0])
            versions.append(target.read_bytes())
        assert versions[0] != versions[1]
        row = {"writes": 0, "killed": 0, "old": 0, "new": 0, "part": 0, "left_over": 0}
        middle = float(np.mean(spans)) / 2
        for _ in range(writes // len(SUFFIXES)):
            n = int(target.read_bytes() == versions[0])  # the other one
            _, killed = in_child(
                lambda begin, n=n: write(begin, n), lambda middle=middle: float(rng.uniform(0, 2 * middle))
            )
            content = target.read_bytes()
            # around the moment of replacement, wherever in the write that is: as many kills before it as after
            middle *= 1.1 if content == versions[1 - n] else 1 / 1.1
            row["writes"] += 1
            row["killed"] += killed
            row["new" if content == versions[n] else "old" if content == versions[1 - n] else "part"] += 1
        row["left_over"] = len(list(folder.glob(f"{PREFIX}*")))
        assert sweep(folder) == row["left_over"]
        assert [each.name for each in folder.iterdir()] == [target.name], "swept"
        target.unlink()
        found[suffix] = row
    return found


def main(writes: int) -> None:
    """Run the campaign and keep the result."""
    began = time.perf_counter()
    with tempfile.TemporaryDirectory() as name:
        found = campaign(Path(name), writes)
    result = {"date": time.strftime("%Y-%m-%d"), "seconds": round(time.perf_counter() - began), "kinds": found}
    RESULTS.write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")
    print(json.dumps(result, indent=1))
    assert not any(row["part"] for row in found.values())


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 2002)
