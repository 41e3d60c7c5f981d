"""A run file as text: YAML read as it looks, where each key stands, and what is wrong with it in plain words."""

from __future__ import annotations

import difflib
import inspect
import re
import typing
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml
from pydantic import BaseModel

from hicgeo.errors import ConfigError

Place = tuple[str, ...]
"""Keys from the top of the file down; parts of a list by their number."""

MUST_BE = {
    "name": "must be lower case letters, digits and hyphens, such as my-town",
    "date": "must be a day such as 2025-01-15",
    "neighbourhoods.municipalities": "must be CBS codes such as GM0518",
    "incidents.period": "must be the first and the last month covered, such as [2020-01, 2024-12]",
    "counts.provisional_from": "must be a month such as 2024-01",
    "rates.period": "must be a year such as 2024, or the first and the last month, such as [2024-01, 2024-06]",
    "rates.norm": "must be regional, others, or a number above 0 (per 1,000)",
    "season.months": "must be numbers of months from 1 to 12, such as [10, 11, 12, 1, 2, 3]",
    "incidents.columns": "must be the name of a known export (sample, bvh), or our names to the titles in the file",
    "incidents.crime_types": "must be codes in the file to names of crime types, {A20: woninginbraak}",
    "handling.retain_until": "must be a date such as 2030-12-31",
}
"""What a setting must be, where the rule of its type does not say it in words."""
TYPES = {
    "model_type": "must hold settings, as `name: value`",
    "model_attributes_type": "must hold settings, as `name: value`",
    "dict_type": "must hold settings, as `name: value`",
    "list_type": "must be a list, such as [a, b]",
    "tuple_type": "must be a list, such as [a, b]",
    "bool_parsing": "must be true or false",
    "bool_type": "must be true or false",
    "int_parsing": "must be a whole number",
    "int_type": "must be a whole number",
    "float_parsing": "must be a number",
    "float_type": "must be a number",
    "string_type": "must be text",
    "date_from_datetime_parsing": "must be a date such as 2030-12-31",
    "date_parsing": "must be a date such as 2030-12-31",
    "date_type": "must be a date such as 2030-12-31",
}
"""What each type must be; other rules say it themselves."""


@dataclass(frozen=True, order=True)
class Fault:
    """One thing that is wrong in a run file.

    Attributes
    ----------
    line
        Where, counted from 1.
    text
        What it must be and what was given.
    """

    line: int
    text: str

    def __str__(self) -> str:
        return f"line {self.line}: {self.text}"


def load(path: Path) -> tuple[dict[str, Any], dict[Place, int]]:
    """Content of a run file, and the line of every key.

    Parameters
    ----------
    path
        A YAML file.

    Raises
    ------
    ConfigError
        It cannot be read, or is not YAML with settings.
    """
    try:
        text = path.read_text(encoding="utf-8-sig")
        node = yaml.compose(text, Loader=Literally)
        content = yaml.load(text, Loader=Literally)  # noqa: S506 - a SafeLoader
    except OSError as error:
        raise ConfigError("a run needs its run file", f"{path.name}: {error.strerror}", "check the path") from None
    except UnicodeDecodeError:
        raise ConfigError("a run file must be text in UTF-8", path.name, "save it as UTF-8") from None
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        where = f"{path.name}, line {mark.line + 1}" if mark else path.name
        problem = getattr(error, "problem", None) or "not readable"
        hint = "indent with spaces, not tabs" if "\\t" in problem else "compare it with data/runs/sample.yml"
        raise ConfigError("a run file must be YAML", f"{where}: {problem}", hint) from None
    if not isinstance(content, dict):
        raise ConfigError(
            "a run file must hold settings, as `name: value`", path.name, "compare it with data/runs/sample.yml"
        )
    return content, dict(_lines(node, ()))


def _lines(node: yaml.Node | None, place: Place) -> Iterable[tuple[Place, int]]:
    if isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            below = (*place, str(key.value))
            yield below, key.start_mark.line + 1
            yield from _lines(value, below)
    elif isinstance(node, yaml.SequenceNode):
        for number, value in enumerate(node.value):
            yield (*place, str(number)), value.start_mark.line + 1
            yield from _lines(value, (*place, str(number)))


def line_of(place: Place, lines: Mapping[Place, int]) -> int:
    """Line of a key, or of the nearest one above it that there is.

    Parameters
    ----------
    place
        The key.
    lines
        As `load` gives them.
    """
    while place and place not in lines:
        place = place[:-1]
    return lines.get(place, 1)


def faults_of(errors: Sequence[Mapping[str, Any]], lines: Mapping[Place, int], model: type[BaseModel]) -> list[Fault]:
    """Errors of pydantic in plain words, one for each key, with the nearest name for an unknown one.

    Parameters
    ----------
    errors
        As `ValidationError.errors()` gives them.
    lines
        As `load` gives them.
    model
        What was validated.
    """
    found: dict[Place, str] = {}
    for error in errors:
        place = _place(error, lines)
        text = _words(error, place, model)
        # members of a union complain each: what it must be is said once
        known = ".".join(step for step in place if not step.isdigit()) in MUST_BE
        found[place] = text if place not in found or known else f"{found[place]}, or {text.partition(': ')[2]}"
    return [Fault(line_of(place, lines), text) for place, text in found.items() if place or text]


def _place(error: Mapping[str, Any], lines: Mapping[Place, int]) -> Place:
    """Keys that lead to a fault: pydantic names the member of a union as well, which the user did not write."""
    steps = [str(step) for step in error["loc"]]
    place: Place = ()
    for number, step in enumerate(steps):
        last = number == len(steps) - 1 and error["type"] in ("missing", "extra_forbidden")
        if (*place, step) in lines or last:
            place = (*place, step)
    return place


def _words(error: Mapping[str, Any], place: Place, model: type[BaseModel]) -> str:
    where = ".".join(place) or "the file"
    if error["type"] == "extra_forbidden":
        return f"unknown key {where!r} ({nearest(place[-1], _keys(place[:-1], model))})"
    if error["type"] == "missing":
        return f"{where!r} is missing"
    said = str(error["msg"]).removeprefix("Value error, ")
    said = re.sub(r"^Input should be", "must be", said)
    rule = MUST_BE.get(".".join(step for step in place if not step.isdigit()))
    own = error["type"] in ("value_error", "greater_than", "greater_than_equal", "less_than", "less_than_equal")
    message = said if own or (rule is None and error["type"] not in TYPES) else rule or TYPES[error["type"]]
    given = error.get("input")
    short = isinstance(given, str | int | float | bool) and len(repr(given)) <= 60
    # an address may hold a password
    shown = f", not {given!r}" if short and "://" not in str(given) else ", not empty" if given is None else ""
    return f"{where}: {message[:1].lower()}{message[1:]}{shown}"


def _keys(place: Place, model: type[BaseModel]) -> list[str]:
    """Keys of the part of the configuration at a place."""
    part: type[BaseModel] | None = model
    for step in place:
        if part is not None and step in part.model_fields:
            part = _model_in(part.model_fields[step].annotation)
    return list(part.model_fields) if part is not None else []


def _model_in(annotation: Any) -> type[BaseModel] | None:
    """First configuration part named in an annotation such as `dict[str, Part] | None`."""
    if inspect.isclass(annotation) and issubclass(annotation, BaseModel):
        return annotation
    return next((found for part in typing.get_args(annotation) if (found := _model_in(part))), None)


def nearest(name: str, known: typing.Iterable[str]) -> str:
    """End of a message about an unknown name: the nearest known one, or all of them.

    Parameters
    ----------
    name
        What was given.
    known
        What could have been given.

    Returns
    -------
    text
        A clause without its full stop.

    Examples
    --------
    >>> nearest("titel", ["name", "title"])
    "did you mean 'title'?"
    """
    names = list(known)
    close = difflib.get_close_matches(name, names, n=1, cutoff=0.5)
    return f"did you mean {close[0]!r}?" if close else f"known: {', '.join(names) or 'none'}"


class Literally(yaml.SafeLoader):
    """YAML as it looks: no octal, no Norway problem, no exponents (1E3 is a code), no dates, no double keys."""

    yaml_implicit_resolvers = {}  # noqa: RUF012 - PyYAML gives every class its own

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        seen: set[str] = set()
        for key, _ in node.value:
            if (name := str(key.value)) in seen:
                raise yaml.MarkedYAMLError(problem=f"the key {name!r} occurs twice", problem_mark=key.start_mark)
            seen.add(name)
        # the text of a key is what its writer means: `03` is a notebook, `104` a code
        return {str(key.value): self.construct_object(value, deep=True) for key, value in node.value}


Literally.add_constructor("tag:yaml.org,2002:map", Literally.construct_mapping)
for _tag, _pattern, _first in (
    ("bool", r"true|false", [*"tf"]),
    ("int", r"-?(?:0|[1-9][0-9]*)", [*"-0123456789"]),
    ("float", r"-?(?:0|[1-9][0-9]*)\.[0-9]+", [*"-0123456789"]),
    ("null", r"~|null|", [*"~n", ""]),
):
    Literally.add_implicit_resolver(f"tag:yaml.org,2002:{_tag}", re.compile(f"^(?:{_pattern})$"), _first)
