"""Sentences and picture of an evaluation."""

from dataclasses import replace

import operations as scene
import pytest

import hicgeo as hg


def evaluated(incidents, **terms):
    plan = hg.plan_operation(incidents, scene.TREATED, scene.CONTROL, **scene.TERMS | terms)
    return hg.evaluate_operation(incidents, plan)


def test_a_fall_in_words():
    said = hg.in_words(evaluated(scene.FALL))
    assert said[0].startswith("In de gebieden van de inzet waren er 100 minder incidenten")
    assert said[1] == "Het vooraf gestelde doel (30 % minder) is gehaald."
    assert said[2] == "Verplaatsing naar de omgeving is niet aangetoond."


def test_no_effect_in_words():
    said = hg.in_words(evaluated(scene.STILL), language="en")
    assert said[0].startswith("An effect of the operation has not been shown: the difference to the control areas is 0")
    assert "no proof" in said[0]


def test_a_refusal_says_why_and_no_number():
    refused = replace(evaluated(scene.FALL), reasons=("plan_after_start", "data_end_early"))
    late, short = "het plan is pas na de start gemaakt", "de gegevens lopen niet tot het einde van de inzet"
    assert hg.in_words(refused) == [f"Geen conclusie over de inzet: {late}; {short}."]


def test_what_can_be_seen_in_words():
    assert "pas een daling van" in hg.in_words(hg.minimum_detectable_effect(84))[0]
    assert "no fall at all" in hg.in_words(hg.minimum_detectable_effect(3), language="en")[0]


@pytest.mark.parametrize("ring_m", [0, 200])
def test_the_picture_shows_every_effect(ring_m):
    figure = hg.plot_evaluation(evaluated(scene.MOVED, ring_m=ring_m))
    left, right = figure.axes
    assert len(right.get_yticklabels()) == (3 if ring_m else 2)
    assert len(left.get_xticklabels()) == (4 if ring_m else 2)
    assert figure.png()[:4] == b"\x89PNG"
    with pytest.raises(hg.InputError):
        hg.plot_evaluation(figure)
