"""One YAML file says everything about a run: what comes in, what is asked of it, and for whom it is made."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from datetime import date as Date
from pathlib import Path
from typing import Annotated, Any, Literal

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
from hicgeo.suite._run_file import Fault, Place, faults_of, line_of, load

Scalar = str | int | float | bool | None
Parameter = Scalar | list[Scalar]

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


def _no_device(name: str) -> str:
    if is_device(name):
        raise ValueError("is the name of a device on Windows")
    return name


def is_device(name: str) -> bool:
    """Whether Windows takes a file of this name for a device, whatever its suffix.

    Parameters
    ----------
    name
        Without suffix, in lower case.
    """
    return re.fullmatch(r"con|prn|aux|nul|(com|lpt)[0-9]", name) is not None


def _ordered(period: tuple[str, str]) -> tuple[str, str]:
    if period[0] > period[1]:
        raise ValueError("the first month comes after the last")
    return period


def _as_text(period: str | tuple[str, str]) -> str:
    """Period as results and pages write it."""
    return period if isinstance(period, str) else "/".join(period)


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
    """What can be burgled, or all addresses, as `hicgeo.read_at_risk` takes them."""

    path: InputPath
    columns: dict[str, str] | None = None
    layer: str | None = None
    crs: str | None = None


class CrimeTypeConfig(_Part):
    """The denominator of a crime type."""

    base: Literal["dwellings", "households", "residents", "businesses"]


class RatesConfig(_Part):
    """The year (or months) and the norm of the rates."""

    period: Annotated[
        Annotated[str, Field(pattern=r"^(19|20)\d{2}(-(0[1-9]|1[0-2]))?$")] | Months, AfterValidator(_as_text)
    ]
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
    retain_until: Date


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
    date
        Day on which the data were as they are, such as that of the export: on every page. None is shown when left out,
        and never that of the clock, so that the same input gives the same files.
    seed
        Of everything random.
    per_municipality
        Run every municipality apart; one that fails does not stop the others.
    neighbourhoods, incidents, counts, at_risk
        What comes in. Exactly one of `incidents` and `counts`.
    addresses
        All addresses: with them no map draws a cell of 100 m that has fewer than 8.
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

    name: Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9-]{0,63}$"), AfterValidator(_no_device)]
    title: Text
    language: Literal["nl", "en"] = "nl"
    profile: Literal["intern", "driehoek", "openbaar"] = "driehoek"
    fictional: bool = False
    date: Date | None = None
    seed: int = Field(default=42, ge=0)
    per_municipality: bool = False
    neighbourhoods: NeighbourhoodsConfig
    incidents: IncidentsConfig | None = None
    counts: CountsConfig | None = None
    at_risk: AtRiskConfig | None = None
    addresses: AtRiskConfig | None = None
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
    def _kept_together(self) -> RunConfig:
        points = None if self.incidents is None else {"date": self.incidents.date}
        for _, text in _together({"profile": self.profile, "incidents": points, "counts": self.counts}):
            raise ValueError(text)
        return self

    @property
    def mode(self) -> Literal["points", "counts"]:
        """Whether the run starts from incident points or from published counts."""
        return "points" if self.incidents is not None else "counts"

    @property
    def inputs(self) -> dict[str, Path | Database]:
        """Every file, table or query that comes in, by the name of its part."""
        names = ("neighbourhoods", "incidents", "counts", "at_risk", "addresses")
        parts = {name: getattr(self, name) for name in names}
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
        content, lines = load(path)
        try:
            return cls.model_validate(content, context={"folder": path.resolve().parent})
        except ValidationError as error:
            raise ConfigError(
                f"{path.name} must keep the rules of a run file",
                "; ".join(map(str, broken_rules(error, content, lines))),
                "correct these lines; the README names every setting",
            ) from None


def broken_rules(error: ValidationError, content: Mapping[str, Any], lines: Mapping[Place, int]) -> list[Fault]:
    """Everything that is wrong in the settings of a run file, by line.

    Parameters
    ----------
    error
        Of the validation.
    content, lines
        As `load` gives them.
    """
    single = [each for each in error.errors(include_url=False) if each["loc"]]
    found = faults_of(single, lines, RunConfig)
    together = [(line_of(place, lines), ".".join(place), text) for place, text in _together(content)]
    found += [Fault(line, f"{where}: {text}" if where else text) for line, where, text in together]
    return sorted(set(found))


def _together(content: Mapping[str, Any]) -> list[tuple[Place, str]]:
    """Rules about several settings that are broken, and where."""
    broken: list[tuple[Place, str]] = []
    incidents = content.get("incidents")
    if (incidents is None) == (content.get("counts") is None):
        said = "exactly one of incidents (points) and counts (published figures) must be given"
        broken.append((("counts",) if incidents is not None else (), said))
    if content.get("profile") == "openbaar" and isinstance(incidents, Mapping) and incidents.get("date") == "aoristic":
        # parts of incidents per month are finer than what the police publish: they tell when each can have been
        said = 'date must be "start" or "end" under incidents in a public run (profile openbaar)'
        broken.append((("incidents", "date"), said))
    return broken
