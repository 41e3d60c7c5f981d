"""False alarms and power of hotspots: what the committed campaign says, and a smaller one run again."""

import json

import pytest


def power(result, expected, times):
    return next(row for row in result["power"] if (row["expected"], row["times"]) == (expected, times))


def claims(result):
    """What is claimed of false alarms (nominal 5 % inside or above the interval) and of power."""
    for row in result["null"]:
        assert row["low"] <= 0.05, row
    for expected, times, least in ((4, 5, 0.80), (10, 5, 0.95), (10, 3, 0.65)):
        row = power(result, expected, times)
        assert row["high"] >= least, row
        assert row["jaccard"] >= 0.5, row


def test_the_committed_campaign_keeps_its_promises(root):
    result = json.loads((root / "benchmarks" / "results" / "hotspots.json").read_text(encoding="utf-8"))
    claims(result)
    assert result["null"][0]["n"] >= 1000
    for expected, times, least in ((4, 5, 0.80), (10, 5, 0.95), (10, 3, 0.65)):
        assert power(result, expected, times)["share"] >= least


@pytest.mark.slow
def test_a_smaller_campaign_agrees(monkeypatch):
    import hotspots as campaign

    monkeypatch.setattr(campaign, "NULL", {"none": (0.0, 200), "some": (0.3, 60)})
    monkeypatch.setattr(campaign, "EXPECTED", (4, 10))
    monkeypatch.setattr(campaign, "TIMES", (3, 5))
    monkeypatch.setattr(campaign, "PATTERNS", 60)
    claims(campaign.campaign(progress=False))
