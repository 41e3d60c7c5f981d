"""Many faults in one file: each gives what it gives alone, and the law holds. `make nightly` does it at length."""

from __future__ import annotations

import json
import os
import time
from collections import Counter
from pathlib import Path

import pandas as pd
import pytest
from faults import Town, mixed_areas, mixed_exports
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from twins import assert_law, assert_twin, kinds

import hicgeo
from hicgeo.errors import HicgeoError

SECONDS = 5.0
"""No file of this size may take longer."""


class Campaign:
    """Reads what is drawn, asserts, and counts what was asserted."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.clean: dict[int, object] = {}
        self.cases: Counter = Counter()
        self.reasons: Counter = Counter()
        self.totals: Counter = Counter()
        self.slowest = 0.0

    def twin(self, n: int):
        if n not in self.clean:
            export = Town(self.folder, n)
            self.clean[n] = hicgeo.read_incidents(export.write(name="clean.csv"), columns=export.columns)
        return self.clean[n]

    def read(self, drawn):
        """Read a drawn export; None if it was refused, as it should be."""
        export = Town(self.folder, 1)
        path = export.write(drawn.content)
        self.totals["files"] += 1
        self.totals["rows"] += drawn.n
        self.cases.update(drawn.cases)
        began = time.perf_counter()
        try:
            intake = hicgeo.read_incidents(path, columns=export.columns, **drawn.options)
        except HicgeoError:
            self.totals["refused"] += 1
            if drawn.may_stop:
                return None
            raise
        finally:
            took = time.perf_counter() - began
            self.slowest = max(self.slowest, took)
            assert took < SECONDS
        assert not drawn.must_stop
        assert_law(intake, path)
        found = dict(zip(intake.rejected["line"], intake.rejected["reason"], strict=True))
        assert found == drawn.rejected
        noted = kinds(intake)
        for kind, n in drawn.kept.items():
            assert noted[kind] >= n, kind
        assert_twin(intake, self.twin(drawn.n), drawn.touched)
        self.reasons.update(intake.rejected["reason"])
        self.totals.update(read=intake.read, accepted=len(intake.incidents), rejected=len(intake.rejected))
        self.totals.update(repairs=len(intake.repairs), bytes=intake.size)
        return intake

    def join(self, intake, areas):
        """Read drawn areas and count the incidents in them; None if refused, as it should be."""
        path = self.folder / "buurten_2023.gpkg"
        path.unlink(missing_ok=True)
        areas.frame.to_file(path)
        self.cases.update(areas.cases)
        stage = "read"
        try:
            table = hicgeo.read_neighbourhoods(path, level="buurt")
            stage = "join"
            where = hicgeo.assign_neighbourhoods(intake.incidents, table, max_distance=1.0)
        except HicgeoError:
            self.totals["areas refused"] += 1
            if areas.stops == stage:
                return
            raise
        assert areas.stops is None
        assert where.index.equals(intake.incidents.index)
        assert where["status"].value_counts().sum() == len(intake.incidents)
        assert (where["code"].notna() == where["status"].isin(["inside", "snapped"])).all()
        period = {"date": "start", "period": ("2023-01", "2023-12")}
        counts = hicgeo.count_incidents(intake.incidents, where, table, **period)
        # the same file through the other door, block by block
        export = Town(self.folder, 1)
        streamed = hicgeo.count_from_file(
            self.folder / "export.csv", table, columns=export.columns, max_distance=1.0, **period
        )
        pd.testing.assert_frame_equal(streamed.counts, counts)
        assert streamed.rejected["line"].tolist() == intake.rejected["line"].tolist()
        self.totals["joined"] += len(where)

    def table(self):
        """What was done, as figures."""
        return {
            **{name: int(n) for name, n in sorted(self.totals.items())},
            "slowest_s": round(self.slowest, 2),
            "cases": {str(case): int(n) for case, n in sorted(self.cases.items()) if case},
            "reasons": {reason: int(n) for reason, n in self.reasons.most_common()},
        }


def run(folder, examples, sizes):
    campaign = Campaign(folder)

    @settings(
        max_examples=examples,
        deadline=None,
        database=None,
        derandomize=True,
        suppress_health_check=list(HealthCheck),
        phases=(Phase.generate, Phase.shrink),
    )
    @given(drawn=mixed_exports(sizes), areas=mixed_areas(), joined=st.integers(0, 3))
    def mix(drawn, areas, joined):
        intake = campaign.read(drawn)
        if intake is not None and joined == 0:
            campaign.join(intake, areas)

    mix()
    return campaign


def test_faults_that_come_together_give_what_each_gives_alone(tmp_path):
    campaign = run(tmp_path, 30, [40, 120])
    assert campaign.totals["read"] > 1000
    assert 0 < campaign.totals["refused"] < campaign.totals["files"] * 0.8
    assert len(campaign.reasons) > 10


@pytest.mark.nightly
def test_two_hundred_thousand_rows_of_mixed_faults(tmp_path):
    campaign = run(tmp_path, 1000, [40, 120, 400, 1000])
    assert campaign.totals["read"] >= 200_000
    if where := os.environ.get("HICGEO_CAMPAIGN"):
        Path(where).write_text(json.dumps(campaign.table(), indent=1) + "\n")
