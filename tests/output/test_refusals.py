"""Every refusal that can reach a page has words of its own there, and none of them is an error message."""

import ast
from pathlib import Path

import pytest

import hicgeo
from hicgeo.errors import HicgeoError
from hicgeo.output.refusals import LEFT_OUT, REFUSED, left_out, refused

SOURCES = sorted(Path(hicgeo.__file__).parent.rglob("*.py"))


def refusals():
    """What each refusal in the sources says that it expects, with a digit for what is filled in."""
    for source in SOURCES:
        for node in ast.walk(ast.parse(source.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "DisclosureError":
                first = node.args[0]
                parts = first.values if isinstance(first, ast.JoinedStr) else [first]
                yield "".join(part.value if isinstance(part, ast.Constant) else "10" for part in parts)


FOUND = list(refusals())


@pytest.mark.parametrize("expected", FOUND)
def test_every_refusal_of_the_gate_is_told_in_the_language_of_the_page(expected):
    dutch, english = (refused("DisclosureError", expected, language) for language in ("nl", "en"))
    assert dutch != refused("ValueError", "", "nl"), "no words of its own"
    assert dutch != english
    assert expected not in dutch + english


def test_no_words_are_kept_for_a_refusal_that_is_not_there():
    assert len(FOUND) > 10
    assert [each for each in REFUSED if not any(expected.startswith(each) for expected in FOUND)] == []


def test_other_errors_are_told_by_their_class():
    classes = {each.__name__ for each in HicgeoError.__subclasses__()}
    said = {name: refused(name, "x must be y", "nl") for name in classes}
    assert all("x must be y" not in each for each in said.values())
    halfway = refused("KeyError", "", "nl")
    assert [name for name, each in said.items() if each == halfway] == ["DisclosureError"]
    assert "instellingen" in said["ConfigError"]


@pytest.mark.parametrize("part", LEFT_OUT)
def test_every_part_that_is_left_out_has_a_name_and_a_reason_in_both_languages(part):
    (name, why), (other, reason) = left_out(part, "nl"), left_out(part, "en")
    assert len({name, why, other, reason}) == 4
    assert why.endswith(".")
    assert reason.endswith(".")
