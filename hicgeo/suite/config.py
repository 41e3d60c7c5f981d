"""One YAML file says everything about a run: what comes in, what is asked of it, and for whom it is made."""

from __future__ import annotations

import difflib
import inspect
import os
import re
import typing
from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import Annotated, Any, Literal

import yaml
from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    ValidationError,
    ValidationInfo,
    model_validator,
)

from hicgeo.errors import ConfigError
from hicgeo.sources._database import Database, is_address

Scalar = str | int | float | bool | None
Parameter = Scalar | list[Scalar]

_MEMBER = re.compile(r"^(constrained-\w+|str|int|float|bool|none|\w+\[.*)$")
_VARIABLE = re.compile(r"\$\{([A-Za-z_][A-Za-z0-9_]*)(?::-([^}]*))?\}")


def _filled_in(value: Any) -> str:
    """Fill in environment variables."""
    if not isinstance(value, str | Path) or not str(value):
        raise ValueError("must be the path of a file")
    missing = [name for name, default in _VARIABLE.findall(str(value)) if not default and name not in os.environ]
    if missing:
        raise ValueError(
            f"the environment variable {missing[0]} is not set, and ${{{missing[0]}:-default}} has no default"
        )
    return _VARIABLE.sub(lambda match: os.environ.get(match[1]) or match[2], str(value))


def _path(value: Any, info: ValidationInfo) -> Any:
    """Resolve against the folder of the run file."""
    text = _filled_in(value)
    folder = (info.context or {}).get("folder", Path.cwd())
    return (Path(folder) / Path(text).expanduser()).resolve()


def _place(value: Any, info: ValidationInfo) -> Any:
    """Path of a file, or the address of a database as it stands."""
    address = _filled_in(value)
    if not is_address(address):
        return _path(value, info)
    if re.search(r"://[^/@]*:[^/@]*@", address):
        raise ValueError("must hold no password, for a run file is shared: use PGPASSWORD or ~/.pgpass")
    return address


def _ordered(period: tuple[str, str]) -> tuple[str, str]:
    if period[0] > period[1]:
        raise ValueError("the first month comes after the last")
    return period


InputPath = Annotated[Path, BeforeValidator(_path)]
InputPlace = Annotated[Path | str, BeforeValidator(_place)]
Month = Annotated[str, Field(pattern=r"^(19|20)\d{2}-(0[1-9]|1[0-2])$")]
Months = Annotated[tuple[Month, Month], AfterValidator(_ordered)]
Municipality = Annotated[str, Field(pattern=r"^GM\d{4}$")]
Text = Annotated[str, Field(min_length=1)]
# a notebook shows it as a heading, where a web page would take other signs for mark-up
Kind = Annotated[str, Field(pattern=r"^\w[\w .,()/+-]{0,79}$")]
Columns = dict[str, str | list[str]]


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, coerce_numbers_to_str=True)


class NeighbourhoodsConfig(_Part):
    """The areas, as `hicgeo.read_neighbourhoods` takes them."""

    path: InputPlace
    level: Literal["buurt", "wijk", "gemeente"]
    municipalities: list[Municipality] | None = None
    columns: dict[str, str] | None = None
    crs: str | None = None
    layer: str | None = None
    query: str | None = None
    vintage: int | None = None
    dissolve: bool = False


class IncidentsConfig(_Part):
    """The police export, as `hicgeo.read_incidents`, `assign_neighbourhoods` and `count_incidents` take it."""

    path: InputPlace
    columns: str | Columns
    crs: str | None = None
    layer: str | None = None
    query: str | None = None
    sheet: str | None = None
    date_order: Literal["day_first", "month_first"] = "day_first"
    century: Literal[1900, 2000] | None = None
    excel_epoch: Literal[1900, 1904] = 1900
    encoding: str | None = None
    multiline: bool = False
    crime_types: dict[str, Kind | dict[str, Kind]] | None = None
    duplicates: Literal["heaviest", "first", "keep"] = "heaviest"
    swap: bool = False
    swap_times: bool = False
    stations: InputPath | None = None
    at_station: Literal["flag", "reject"] = "flag"
    geocoder: InputPath | None = None
    date: Literal["start", "end", "aoristic"]
    period: Months
    max_distance: float = Field(default=1.0, ge=0)
    source: str | None = None
    accept_unlocated: bool = False


class CountsConfig(_Part):
    """Published counts, as `hicgeo.read_counts` takes them, added up to `level` by the structure of the code.

    `borders`: "unchanged" when every code stands for the same ground as on the map in all years, or a file of the
    boundaries of the year of the counts, to find out which do. Left out, years are not compared.
    """

    path: InputPath
    columns: Columns
    crime_types: dict[str, Kind] | None = None
    all_zero: Literal["raise", "missing", "keep"] = "raise"
    provisional_from: Month | None = None
    encoding: str | None = None
    level: Literal["wijk", "gemeente"] | None = None
    borders: Literal["unchanged"] | InputPath | None = None
    source: str | None = None


class AtRiskConfig(_Part):
    """What can be burgled, as `hicgeo.read_at_risk` takes it."""

    path: InputPath
    columns: dict[str, str] | None = None
    layer: str | None = None
    crs: str | None = None


class CrimeTypeConfig(_Part):
    """The denominator of a crime type."""

    base: Literal["dwellings", "households", "residents", "businesses"]


class RatesConfig(_Part):
    """The year (or months) and the norm of the rates."""

    period: Annotated[str, Field(pattern=r"^(19|20)\d{2}(-(0[1-9]|1[0-2]))?$")] | Months
    norm: Literal["regional", "others"] | Annotated[float, Field(gt=0)] = "regional"
    unmatched: Literal["raise", "report"] = "raise"


class DensityConfig(_Part):
    """How the density surface and the hotspots in it are drawn."""

    cell_size: float = Field(default=100.0, gt=0)
    share: float = Field(default=0.02, gt=0, lt=1)
    kernel: Literal["quartic", "gaussian"] = "quartic"
    edge: Literal["diggle", "uniform", "none"] = "diggle"


class SchoolHolidaysConfig(_Part):
    """School holidays of your own file, as `hicgeo.read_school_holidays` takes them."""

    path: InputPath
    columns: dict[str, str] | None = None
    region: Literal["noord", "midden", "zuid"] | None = None


class SeasonConfig(_Part):
    """The months of the dark season, in the order in which they come, and the school holidays."""

    months: list[Annotated[int, Field(ge=1, le=12)]] = Field(default=[10, 11, 12, 1, 2, 3], min_length=1, max_length=11)
    school_holidays: SchoolHolidaysConfig | None = None


class BackgroundConfig(_Part):
    """Shapes of your own that help to find the way on every map, as `HotspotMap.add_background` takes them.

    `targets`: target areas keep to these streets. `drawn: false` keeps them off the maps.
    """

    kind: Literal["neighbours", "water", "streets"]
    path: InputPath
    layer: str | None = None
    crs: str | None = None
    name: str = ""
    columns: dict[str, str] | None = None
    targets: bool = False
    drawn: bool = True

    @model_validator(mode="after")
    def _only_streets(self) -> BackgroundConfig:
        if self.kind != "streets" and (self.targets or self.columns):
            raise ValueError("targets and columns are for kind: streets")
        if not (self.drawn or self.targets):
            raise ValueError("a part that is not drawn must be for something: targets: true, or leave it out")
        return self


class MapConfig(_Part):
    """What every map shows besides the neighbourhoods themselves."""

    background: list[BackgroundConfig] = []


class LayerConfig(_Part):
    """Points, lines or areas of your own; of their columns nothing is kept."""

    path: InputPath
    layer: str | None = None
    crs: str | None = None
    columns: dict[str, str] | None = None


class ContextConfig(_Part):
    """What may lie near a target area (schools, stations, shops), and how many metres is near."""

    distance: float = Field(default=250.0, gt=0)
    layers: dict[Kind, LayerConfig] = {}


class HandlingConfig(_Part):
    """For whom the maps are, why, on what ground, how confidential, and until when."""

    purpose: Text
    recipient: Text
    legal_basis: Text
    classification: Text
    retain_until: date


_HIC = {"woninginbraak": "dwellings", "straatroof": "residents", "overval": "businesses"}


class RunConfig(_Part):
    """The settings of one run, read from a YAML file.

    Attributes
    ----------
    name
        Names the folders `maps/<name>` and `data/private/<name>`: lower case, digits and hyphens.
    title
        Stands above the index page.
    language, profile
        Of everything that is written for others: "nl" or "en"; "intern", "driehoek" or "openbaar".
    fictional
        Every page says that it shows invented data.
    seed
        Of everything random.
    per_municipality
        Run every municipality apart; one that fails does not stop the others.
    neighbourhoods, incidents, counts, at_risk
        What comes in. Exactly one of `incidents` and `counts`.
    crime_types
        Crime types and the denominator of each.
    rates, density, season
        What is asked of the data.
    map
        What is drawn around and between the neighbourhoods: municipalities of another file, water, streets; target
        areas keep to streets that say so.
    context
        What may lie near the target areas, each a file: schools, stations, shops.
    handling
        What every export must say about itself.
    notebooks
        Which notebooks to run, by name or by number; all when left out.
    parameters
        Notebook (by name or number) to values for its parameters.

    Notes
    -----
    Relative paths start at the folder of the YAML file. In a path, and nowhere else, `${NAME}` is the
    environment variable NAME, and `${NAME:-text}` is `text` when that is not set.

    Incidents and neighbourhoods may come from PostGIS: their `path` is then the address, without a password, and
    `layer` or `query` names what is read. Whether the rows changed since the last run is asked of the server.

    YAML is read as it looks: `0363` and `NO` stay text, only `true` and `false` are logical values, a key that
    occurs twice is refused.

    Examples
    --------
    >>> config = RunConfig.model_validate({
    ...     "name": "test", "title": "Test",
    ...     "neighbourhoods": {"path": "areas.gpkg", "level": "wijk"},
    ...     "counts": {"path": "counts.csv", "columns": {"code": "buurt"}},
    ...     "rates": {"period": "2024"},
    ...     "handling": {"purpose": "test", "recipient": "team", "legal_basis": "none",
    ...                  "classification": "none", "retain_until": "2030-01-01"}})
    >>> config.mode, config.crime_types["overval"].base
    ('counts', 'businesses')
    """

    name: Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9-]{0,63}$")]
    title: Text
    language: Literal["nl", "en"] = "nl"
    profile: Literal["intern", "driehoek", "openbaar"] = "driehoek"
    fictional: bool = False
    seed: int = Field(default=42, ge=0)
    per_municipality: bool = False
    neighbourhoods: NeighbourhoodsConfig
    incidents: IncidentsConfig | None = None
    counts: CountsConfig | None = None
    at_risk: AtRiskConfig | None = None
    crime_types: dict[Kind, CrimeTypeConfig] = Field(
        default={kind: CrimeTypeConfig.model_validate({"base": base}) for kind, base in _HIC.items()}, min_length=1
    )
    rates: RatesConfig
    density: DensityConfig = DensityConfig()
    season: SeasonConfig = SeasonConfig()
    map: MapConfig = MapConfig()
    context: ContextConfig = ContextConfig()
    handling: HandlingConfig
    notebooks: list[Text] | None = None
    parameters: dict[str, dict[str, Parameter]] = {}

    @model_validator(mode="after")
    def _one_way_in(self) -> RunConfig:
        if (self.incidents is None) == (self.counts is None):
            raise ValueError("exactly one of incidents (points) and counts (published figures) must be given")
        return self

    @model_validator(mode="after")
    def _whole_in_public(self) -> RunConfig:
        if self.profile == "openbaar" and self.incidents is not None and self.incidents.date == "aoristic":
            # parts of incidents per month are finer than what the police publish: they tell when each can have been
            raise ValueError('date must be "start" or "end" under incidents in a public run (profile openbaar)')
        return self

    @property
    def mode(self) -> Literal["points", "counts"]:
        """Whether the run starts from incident points or from published counts."""
        return "points" if self.incidents is not None else "counts"

    @property
    def inputs(self) -> dict[str, Path | Database]:
        """Every file, table or query that comes in, by the name of its part."""
        parts = {name: getattr(self, name) for name in ("neighbourhoods", "incidents", "counts", "at_risk")}
        paths = {
            name: part.path
            if isinstance(part.path, Path)
            else Database.at(part.path, layer=part.layer, query=part.query)
            for name, part in parts.items()
            if part is not None
        }
        beside = {name: getattr(self.incidents, name, None) for name in ("stations", "geocoder")}
        if isinstance(borders := getattr(self.counts, "borders", None), Path):
            beside["borders"] = borders
        around = {f"background {n}": part.path for n, part in enumerate(self.map.background, 1)}
        around |= {f"context {name}": part.path for name, part in self.context.layers.items()}
        if self.season.school_holidays is not None:
            around["school holidays"] = self.season.school_holidays.path
        return paths | {name: path for name, path in beside.items() if path is not None} | around

    @classmethod
    def read(cls, path: str | Path) -> RunConfig:
        """Read a run file.

        Parameters
        ----------
        path
            A YAML file.

        Returns
        -------
        config
            The settings, with absolute paths. Whether the files exist is not looked at.

        Raises
        ------
        ConfigError
            The file cannot be read, or breaks the rules: all faults in one error, and for an unknown key the
            nearest that exists.
        """
        path = Path(path)
        try:
            content = yaml.load(path.read_text(encoding="utf-8-sig"), Loader=_Literal)  # noqa: S506 - a SafeLoader
        except OSError as error:
            raise ConfigError("a run needs its run file", f"{path.name}: {error.strerror}", "check the path") from None
        except UnicodeDecodeError:
            raise ConfigError("a run file must be text in UTF-8", path.name, "save it as UTF-8") from None
        except yaml.YAMLError as error:
            mark = getattr(error, "problem_mark", None)
            where = f"{path.name}, line {mark.line + 1}" if mark else path.name
            problem = getattr(error, "problem", None) or "not readable"
            raise ConfigError(
                "a run file must be YAML", f"{where}: {problem}", "compare it with data/runs/sample.yml"
            ) from None
        if not isinstance(content, dict):
            raise ConfigError(
                "a run file must hold settings, as `name: value`", path.name, "compare it with data/runs/sample.yml"
            )
        try:
            return cls.model_validate(content, context={"folder": path.resolve().parent})
        except ValidationError as error:
            raise ConfigError(
                f"{path.name} must keep the rules of a run file",
                "; ".join(_fault(fault) for fault in error.errors(include_url=False)),
                "correct these lines; the README names every setting",
            ) from None


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


def _fault(fault: Mapping[str, Any]) -> str:
    """One fault of pydantic in words, with the nearest name for an unknown key."""
    # pydantic names the member of a union in the location; the user wrote no such key
    steps = [str(step) for step in fault["loc"] if not _MEMBER.match(str(step))]
    where = ".".join(steps) or "the file"
    if fault["type"] == "extra_forbidden":
        return f"unknown key {where!r} ({nearest(steps[-1], _keys(steps[:-1]))})"
    if fault["type"] == "missing":
        return f"{where!r} is missing"
    message = str(fault["msg"]).removeprefix("Value error, ")
    given = fault.get("input")
    short = isinstance(given, str | int | float | bool) and len(repr(given)) <= 60
    # an address may hold a password
    shown = f", not {given!r}" if short and "://" not in str(given) else ""
    return f"{where}: {message[:1].lower()}{message[1:]}{shown}"


def _keys(location: list[str]) -> list[str]:
    """Keys of the part of the configuration at `location`."""
    model: type[BaseModel] | None = RunConfig
    for step in location:
        if model is not None and step in model.model_fields:
            model = _model_in(model.model_fields[step].annotation)
    return list(model.model_fields) if model is not None else []


def _model_in(annotation: Any) -> type[BaseModel] | None:
    """First configuration part named in an annotation such as `dict[str, Part] | None`."""
    if inspect.isclass(annotation) and issubclass(annotation, BaseModel):
        return annotation
    return next((found for part in typing.get_args(annotation) if (found := _model_in(part))), None)


class _Literal(yaml.SafeLoader):
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


_Literal.add_constructor("tag:yaml.org,2002:map", _Literal.construct_mapping)
for _tag, _pattern, _first in (
    ("bool", r"true|false", [*"tf"]),
    ("int", r"-?(?:0|[1-9][0-9]*)", [*"-0123456789"]),
    ("float", r"-?(?:0|[1-9][0-9]*)\.[0-9]+", [*"-0123456789"]),
    ("null", r"~|null|", [*"~n", ""]),
):
    _Literal.add_implicit_resolver(f"tag:yaml.org,2002:{_tag}", re.compile(f"^(?:{_pattern})$"), _first)
