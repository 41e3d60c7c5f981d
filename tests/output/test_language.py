import ast
import re
from datetime import date
from pathlib import Path

import pandas as pd
import pytest

import hicgeo.output
from hicgeo.errors import InputError
from hicgeo.output import catalogue
from hicgeo.output import language as lang

SOURCES = sorted(Path(hicgeo.output.__file__).parent.glob("*.py"))


def test_every_label_exists_in_both_languages_with_the_same_placeholders():
    for key, labels in lang.CATALOGUE.items():
        assert len(labels) == 2, key
        assert all(label.strip() for label in labels), key
        dutch, english = (set(re.findall(r"\{(\w+)\}", label.lower())) for label in labels)
        assert dutch == english, key


def test_a_share_stands_as_its_language_writes_it():
    for key, (dutch, english) in catalogue.CATALOGUE.items():
        assert not re.search(r"[\d}] %", english), key
        assert not re.search(r"\d%", dutch), key


def test_no_key_stands_in_two_topics():
    keys = [key for topic in catalogue.TOPICS for key in topic.TEXTS]
    assert len(keys) == len(set(keys)) == len(lang.CATALOGUE)
    topics = {path.stem for path in Path(catalogue.__file__).parent.glob("*.py")} - {"__init__"}
    assert topics == {topic.__name__.rpartition(".")[2] for topic in catalogue.TOPICS}


def test_every_key_that_the_code_names_is_in_the_catalogue_and_the_other_way_round():
    named, prefixes = set(), set()
    for source in SOURCES:
        for node in ast.walk(ast.parse(source.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Constant) and isinstance(node.value, str) and source.name != "language.py":
                named.add(node.value)
            if isinstance(node, ast.Call) and getattr(node.func, "id", getattr(node.func, "attr", "")) in (
                "say",
                "text",
            ):
                first = node.args[0] if node.args else None
                if isinstance(first, ast.Constant):
                    assert first.value in lang.CATALOGUE, (source.name, first.value)
                if isinstance(first, ast.JoinedStr) and isinstance(first.values[0], ast.Constant):
                    prefixes.add(first.values[0].value)
    loose = {"crime.", "base.", "one.", "level.", "row.", *prefixes}
    unused = [key for key in lang.CATALOGUE if key not in named and not key.startswith(tuple(loose))]
    assert unused == []


def test_a_key_that_is_not_there_is_an_error():
    with pytest.raises(KeyError):
        lang.text("no.such.key", "nl")


@pytest.mark.parametrize(
    ("value", "decimals", "dutch", "english"),
    [
        (1000, 0, "1.000", "1,000"),
        (2.4, 1, "2,4", "2.4"),
        (-0.04, 1, "0,0", "0.0"),
        (1234567.891, 2, "1.234.567,89", "1,234,567.89"),
        (pd.NA, 0, "–", "–"),
        (float("inf"), 0, "∞", "∞"),
    ],
)
def test_numbers_as_the_country_writes_them(value, decimals, dutch, english):
    assert lang.number(value, "nl", decimals=decimals) == dutch
    assert lang.number(value, "en", decimals=decimals) == english


def test_shares_months_and_days():
    assert lang.percent(0.355, "nl") == "35,5 %"
    assert lang.percent(0.355, "en") == "35.5%"
    assert lang.month(pd.Period("2024-01", "M"), "nl") == "januari 2024"
    assert lang.day(date(2024, 3, 31), "nl") == "31 maart 2024"


def test_an_unknown_language_is_refused():
    with pytest.raises(InputError, match="'nl' or 'en'"):
        lang.check_language("de")
