"""Every case of bad input has its test and its line in the table."""

from __future__ import annotations

import re
from pathlib import Path

HERE = Path(__file__).parent
ALL = set(range(1, 87))


def test_all_86_cases_have_a_test_named_after_them():
    source = "\n".join(path.read_text(encoding="utf-8") for path in HERE.glob("test_cases_*.py"))
    numbers = [re.findall(r"\d\d", name) for name in re.findall(r"^def test_case_((?:\d\d_)+)", source, re.MULTILINE)]
    assert {int(number) for name in numbers for number in name} == ALL


def test_the_table_has_all_86_cases_once():
    rows = re.findall(r"^\| (\d+) \|(.*)\|$", (HERE / "cases.md").read_text(encoding="utf-8"), re.MULTILINE)
    assert [int(number) for number, _ in rows] == sorted(ALL)
    assert all(len(cells.split(" | ")) == 4 for _, cells in rows)


def test_every_reason_and_note_of_the_table_is_one_of_the_readers():
    source = "\n".join(p.read_text(encoding="utf-8") for p in (HERE.parents[1] / "hicgeo" / "sources").glob("*.py"))
    table = (HERE / "cases.md").read_text(encoding="utf-8")
    named = {name for name in re.findall(r"`([a-z]+(?:_[a-z0-9]+)+)`", table) if name != "read_counts"}
    known = named - {"max_distance", "assign_neighbourhoods", "match_codes", "precision_m", "before_1990"}
    assert {name for name in known if name not in source} == set()
