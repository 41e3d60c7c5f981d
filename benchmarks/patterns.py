"""Bandwidths of standard point patterns: hicgeo's criteria beside spatstat's, on the patterns that spatstat comes with.

    .venv/bin/python benchmarks/patterns.py    # writes results/patterns.json

It needs R with spatstat.explore and spatstat.data; the patterns are read from there and not kept. Lengths are in
units of each pattern; a unit is taken for a kilometre, since a projected CRS in metres is asked for.
"""

from __future__ import annotations

import json
import subprocess
import tempfile
from datetime import date
from pathlib import Path

import geopandas as gpd
import numpy as np
from shapely.geometry import box

import hicgeo

RESULTS = Path(__file__).parent / "results" / "patterns.json"
METRES = 1000.0

SPATSTAT = """
suppressMessages({library(spatstat.explore); library(spatstat.data)})
options(digits = 15)
spatstat.options(npixel = 1024)
text <- function(x) paste0("[", paste(format(x, digits = 15, trim = TRUE), collapse = ","), "]")
each <- function(name) {
  data(list = name, package = "spatstat.data")
  X <- unmark(get(name)); W <- Window(X); wide <- max(diff(W$xrange), diff(W$yrange))
  s <- wide * exp(seq(log(0.02), log(0.25), length.out = 15))
  ppl <- bw.ppl(X, sigma = s, shortcut = TRUE, diggle = TRUE, warn = FALSE)
  cvl <- bw.CvL(X, sigma = s, warn = FALSE)
  paste0("\\"", name, "\\": {\\"x\\": ", text(X$x), ", \\"y\\": ", text(X$y), ", \\"window\\": ",
         text(c(W$xrange[1], W$yrange[1], W$xrange[2], W$yrange[2])), ", \\"sigma\\": ", text(s),
         ", \\"ppl\\": ", text(attr(ppl, "cv")), ", \\"cvl\\": ", text(attr(cvl, "cv")), "}")
}
names <- c("cells", "redwood", "japanesepines", "swedishpines", "bei")
writeLines(paste0("{", paste(sapply(names, each), collapse = ","), "}"), commandArgs(TRUE)[1])
"""


def patterns() -> dict[str, dict[str, list[float]]]:
    """Points, window, candidates and criteria from R."""
    with tempfile.TemporaryDirectory() as folder:
        script, out = Path(folder) / "run.R", Path(folder) / "out.json"
        script.write_text(SPATSTAT)
        subprocess.run(["Rscript", script, out], check=True, capture_output=True)
        return json.loads(out.read_text())


def beside(known: dict[str, list[float]]) -> dict[str, object]:
    """What both choose from the same candidates, and how far the criteria are apart."""
    sigma, n = np.array(known["sigma"]), len(known["x"])
    corner = np.array(known["window"][:2])
    xy = (np.column_stack([known["x"], known["y"]]) - corner) * METRES
    window = gpd.GeoDataFrame(geometry=[box(0, 0, *(np.array(known["window"][2:]) - corner) * METRES)], crs=28992)
    points = gpd.GeoSeries.from_xy(*xy.T, crs=28992)
    row: dict[str, object] = {"n": n}
    for method, best in (("ppl", np.argmax), ("cvl", np.argmin)):
        curve = hicgeo.bandwidth(points, method=method, area=window, candidates=sigma * METRES).curve["criterion"]
        ours = curve.to_numpy() + n + n * np.log(METRES**2) if method == "ppl" else curve.to_numpy() / METRES**4
        theirs = np.array(known[method])
        apart = np.abs(ours - theirs) / (n if method == "ppl" else np.abs(theirs))
        row[method] = {
            "hicgeo": float(sigma[best(ours)]), "spatstat": float(sigma[best(theirs)]), "apart": float(apart.max()),
        }  # fmt: skip
    return row


def main() -> None:
    """Run, print and write."""
    rows = {name: beside(known) for name, known in patterns().items()}
    for name, row in rows.items():
        print(name, row)
    RESULTS.write_text(json.dumps({"date": date.today().isoformat(), "patterns": rows}, indent=1) + "\n")


if __name__ == "__main__":
    main()
