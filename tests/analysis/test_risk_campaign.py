"""False alarms and power of relative risk: what the committed campaign says, and a smaller one run again."""

import json

import pytest


def claims(result):
    """No more false alarms than the nominal 5 %, with near repeats too; many when they cannot be told."""
    for row in result["null"]:
        assert row["low"] <= 0.05, row
    assert result["null"][-1]["undated"]["low"] > 0.05
    found = {(row["expected"], row["times"]): row["high"] for row in result["power"]}
    assert found[4, 5] >= 0.80
    assert found[10, 5] >= 0.95


def test_the_committed_campaign_keeps_its_promises(root):
    result = json.loads((root / "benchmarks" / "results" / "relative_risk.json").read_text(encoding="utf-8"))
    claims(result)
    assert min(row["n"] for row in result["null"]) >= 300


@pytest.mark.slow
def test_a_smaller_campaign_agrees(monkeypatch):
    import relative_risk as campaign

    monkeypatch.setattr(campaign, "NULL", {"none": (0.0, 100), "some": (0.3, 60)})
    monkeypatch.setattr(campaign, "EXPECTED", (4, 10))
    monkeypatch.setattr(campaign, "TIMES", (5,))
    monkeypatch.setattr(campaign, "PATTERNS", 40)
    claims(campaign.campaign())
