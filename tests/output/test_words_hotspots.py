"""What is said about hotspots follows what was tested."""

import scenes

import hicgeo as hg


def test_untested_and_tested_hotspots_are_said_to_be_so():
    spots = scenes.hotspots()
    assert hg.in_words(spots)[-1].startswith("Beschrijvend")
    said = hg.in_words(spots.assign(kind=["meer dan toeval", "te weinig om te toetsen"]))
    assert said[-1] == (
        "Gegeven waar de woningen staan zijn er 1 meer dan toeval; 0 niet van toeval te onderscheiden en 1 met te "
        "weinig incidenten om te toetsen."
    )
    none = hg.in_words(spots.assign(kind="niet te onderscheiden"), language="en")
    assert "none is demonstrably more than chance: 2 cannot" in none[-1]


def test_old_and_new_are_counted():
    spots = scenes.hotspots().assign(history=["chronisch", "nieuw"], years=4)
    tested = spots.assign(kind="meer dan toeval")
    assert hg.in_words(tested)[-1] == "Vergeleken met 4 eerdere jaren: 1 chronisch, 0 wisselend, 1 nieuw."


def test_no_hotspot_at_a_level_is_an_answer():
    none = scenes.hotspots().iloc[:0]
    none.attrs = {"rule": "significance"}
    assert hg.in_words(none) == ["Geen enkele plek is aantoonbaar meer dan toeval, gegeven waar de woningen staan."]
    none.attrs = {"rule": "share"}
    assert hg.in_words(none) == ["Geen hotspots gevonden."]
