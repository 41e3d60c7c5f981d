"""Whether a run file can be run, found out without running it: every fault at once, and where it stands."""

from __future__ import annotations

import difflib
import json
import re
import warnings
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pydantic import TypeAdapter, ValidationError

from hicgeo.errors import ColumnError, ConfigError, CrsError, HicgeoError
from hicgeo.output.disclosure import LEAST_ADDRESSES
from hicgeo.schema import LEAST_LOCATED
from hicgeo.sources.proposal import sampled
from hicgeo.suite._background import Surroundings
from hicgeo.suite._notebooks import Notebook, check_parameters, pick
from hicgeo.suite._project import find_config, find_root, make_sample, relative
from hicgeo.suite._run_file import Fault, Place, line_of, load
from hicgeo.suite.config import RunConfig, broken_rules

if TYPE_CHECKING:
    import geopandas as gpd

    from hicgeo.sources.incidents import Intake

LEAST_INSIDE = 0.5
"""Share of the incidents that must lie in a neighbourhood: under it, map and export are hardly of one place."""
PARTS = ("neighbourhoods", "incidents", "counts", "at_risk", "addresses")


@dataclass
class Checked:
    """What was found in a run file.

    Attributes
    ----------
    file
        Its name.
    faults
        What stops a run, by line.
    notes
        What would not stop it, but is to be known.
    seen
        What was looked at, and what was found there.
    """

    file: str
    faults: list[Fault] = field(default_factory=list)
    notes: list[Fault] = field(default_factory=list)
    seen: list[str] = field(default_factory=list)

    def __str__(self) -> str:
        n = len(self.faults)
        lines = [f"{self.file}: {'no faults' if not n else '1 fault' if n == 1 else f'{n} faults'}"]
        lines += [f"  {fault}" for fault in sorted(set(self.faults))]
        lines += ["To know:", *(f"  {note}" for note in sorted(set(self.notes)))] if self.notes else []
        lines += ["Looked at:", *(f"  {each}" for each in self.seen)] if self.seen else []
        return "\n".join(lines)


def check_run(run: str | Path | None = None, *, start: str | Path | None = None) -> Checked:
    """Look whether a run file can be run: its settings, its files, their columns, and whether these fit each other.

    Parameters
    ----------
    run
        As for `open_run`.
    start
        Folder from which to look upwards for the project; the current one when left out.

    Returns
    -------
    Checked
        Faults and notes by line; `str()` says them.

    Raises
    ------
    ConfigError
        There is no such run file, or it is no YAML with settings.

    Notes
    -----
    Of a large export of text a sample is read, of other files all. Databases are not asked. Nothing is written, but
    for the files of the sample city where these are missing. A few seconds.

    Examples
    --------
    >>> import hicgeo
    >>> print(hicgeo.check_run("sample"))  # doctest: +SKIP
    sample.yml: no faults
    """
    root = find_root(start)
    path = find_config(run, root, start)
    content, lines = load(path)
    looking = _Looking(Checked(path.name), root, path, content, lines)
    looking.settings()
    looking.files()
    looking.notebooks()
    return looking.checked


def schema_text() -> str:
    """JSON Schema of run files, as text.

    Notes
    -----
    Where text is wanted a number will do, as in `period: 2024`: a run file is read as it looks.
    """
    schema = RunConfig.model_json_schema()
    _lenient(schema)
    schema |= {"$schema": "https://json-schema.org/draft/2020-12/schema", "title": "Run file of hicgeo"}
    return json.dumps(schema, indent=1, ensure_ascii=False) + "\n"


def _lenient(part: Any) -> None:
    """Let numbers stand for text, in place; of docstrings keep the first line."""
    for each in part.values() if isinstance(part, dict) else part if isinstance(part, list) else ():
        _lenient(each)
    if isinstance(part, dict):
        if part.get("type") == "string" and "enum" not in part:
            part["type"] = ["string", "number"]
        if isinstance(part.get("description"), str):
            part["description"] = part["description"].partition("\n\n")[0].replace("\n", " ")


class _Looking:
    """One look at a run file: what is right of it is looked at further, whatever is wrong elsewhere."""

    def __init__(
        self, checked: Checked, root: Path, path: Path, content: Mapping[str, Any], lines: Mapping[Place, int]
    ) -> None:
        self.checked, self.root, self.path, self.content, self.lines = checked, root, path, content, lines
        self.config = _partly({}, {})

    def settings(self) -> None:
        """Rules of the settings; parts that keep them are kept."""
        context = {"folder": self.path.parent}
        try:
            self.config = RunConfig.model_validate(self.content, context=context)
        except ValidationError as error:
            self.checked.faults += broken_rules(error, self.content, self.lines)
            self.config = _partly(self.content, context)
        handling = self.content.get("handling")
        try:
            over = isinstance(handling, Mapping) and date.fromisoformat(str(handling["retain_until"])) < date.today()
        except (KeyError, ValueError):
            over = False
        if over:
            self._note(("handling", "retain_until"), "this day is over: hicgeo purge would remove what the run makes")
        points, day = self.config.incidents, self.config.date
        if points is not None and day is not None and f"{day:%Y-%m}" < points.period[1]:
            self._note(
                ("date",), f"the data of this day cannot cover {points.period[1]}, the last month of incidents.period"
            )

    def files(self) -> None:
        """Every file that the settings name, read as a run would read it."""
        sample = self.root / "data" / "sample"
        places = {place: file for place, file in self._places() if isinstance(file, Path)}
        if any(file.parent == sample for file in places.values()):
            make_sample(sample, seed=int(self.config.seed), keep=True)
        gone = set()
        for place, file in places.items():
            if not file.is_file():
                gone.add(place[:-1])
                self._fault(place, f"no such file: {relative(file, self.root)}{_nearest_file(file)}")
        areas = self._read(("neighbourhoods",), gone, self._neighbourhoods)
        intake = self._read(("incidents",), gone, self._incidents)
        if areas is not None:
            self._bases(areas)
            if intake is not None:
                self._read(("incidents",), set(), lambda: self._together(intake, areas))
            self._read(("counts",), gone, lambda: self._counts(areas))
            self._read(("at_risk",), gone, lambda: self._at_risk(areas))
            self._read(("addresses",), gone, lambda: self._addresses(areas))
        self._around(gone)

    def notebooks(self) -> None:
        """Notebooks and their parameters."""
        notebooks = [Notebook.read(file) for file in sorted((self.root / "notebooks").glob("[0-9][0-9]-*.ipynb"))]
        for place, look in (
            ("notebooks", lambda: pick(self.config.notebooks or [], [each.name for each in notebooks], "notebooks")),
            ("parameters", lambda: check_parameters(notebooks, self.config.parameters)),
        ):
            try:
                look()
            except ConfigError as error:
                for each in error.given.split("; "):
                    self._fault((place,), f"{place}: {each}")

    # parts

    def _neighbourhoods(self) -> gpd.GeoDataFrame:
        import hicgeo

        part = self.config.neighbourhoods
        areas = hicgeo.read_neighbourhoods(part.path, **part.model_dump(exclude={"path"}))
        towns = areas["municipality"].dropna().nunique()
        self.checked.seen.append(f"neighbourhoods: {len(areas):,} of level {part.level} in {towns:,} municipalities")
        return areas

    def _incidents(self) -> Intake:
        import hicgeo

        part = self.config.incidents
        assert part is not None  # noqa: S101 - asked before
        ours = {"path", "date", "period", "max_distance", "source", "accept_unlocated"}
        with sampled(part.path) as (sample, whole):
            intake = hicgeo.read_incidents(sample, **part.model_dump(exclude=ours))
        extent = "records" if whole else "records of a sample"
        reasons = ", ".join(f"{reason} {n:,}" for reason, n in intake.rejected["reason"].value_counts().head(3).items())
        self.checked.seen.append(
            f"incidents: {intake.read:,} {extent}, {len(intake.incidents):,} accepted"
            + (f", {len(intake.rejected):,} rejected ({reasons})" if reasons else "")
        )
        if intake.incidents.empty:
            self._fault(
                ("incidents",),
                f"incidents: none of {intake.read:,} is accepted ({reasons}): look at columns, crs and crime_types",
            )
            return intake
        if intake.located < LEAST_LOCATED and not part.accept_unlocated:
            self._fault(
                ("incidents",),
                f"incidents: {intake.located:.0%} have a place, and a run needs {LEAST_LOCATED:.0%}: complete the "
                "export, or set accept_unlocated: true",
            )
        self._period(intake)
        return intake

    def _period(self, intake: Intake) -> None:
        part = self.config.incidents
        assert part is not None  # noqa: S101 - asked before
        column = "end" if part.date == "end" else "start"
        months = intake.incidents[column].dt.tz_localize(None).dt.to_period("M").astype(str)
        first, last = part.period
        seen = f"the incidents looked at run from {months.min()} to {months.max()}"
        place = ("incidents", "period")
        within = ((months >= first) & (months <= last)).mean()
        if not within:
            self._fault(place, f"incidents.period: no incident lies in it; {seen}")
        elif within < 1 - 1e-9:
            self._note(place, f"incidents.period: {1 - within:.1%} of the incidents lie outside it; {seen}")
        if 12 * (int(last[:4]) - int(first[:4])) + int(last[5:]) - int(first[5:]) < 23:
            self._note(place, "incidents.period: under two years: notebook 04 will say that this is no season")
        if within and (months.min() > first or months.max() < last):
            self._note(place, f"incidents.period: {seen}; a month within the period without any counts as 0")

    def _together(self, intake: Intake, areas: gpd.GeoDataFrame) -> None:
        import hicgeo

        part, incidents = self.config.incidents, intake.incidents
        if incidents.empty or part is None:
            return
        found = hicgeo.assign_neighbourhoods(incidents, areas, max_distance=part.max_distance)["status"]
        placed = found != "unlocated"
        inside = found[placed].isin(["inside", "snapped"]).mean() if placed.any() else 1.0
        self.checked.seen.append(f"incidents in the neighbourhoods: {inside:.1%} of those with a place")
        if inside < LEAST_INSIDE:
            self._fault(
                ("neighbourhoods",),
                f"neighbourhoods: only {inside:.0%} of the incidents lie in one: take the municipalities of the "
                "export, or correct crs under incidents",
            )
        asked = list(self.config.crime_types)
        there = [str(kind) for kind in incidents["crime_type"].cat.remove_unused_categories().cat.categories]
        if lacking := [kind for kind in asked if kind not in there]:
            self._note(("crime_types",), f"crime_types: not seen: {', '.join(lacking)}; seen: {', '.join(there)}")
        if unasked := [kind for kind in there if kind not in asked]:
            self._note(("crime_types",), f"crime_types: seen but not asked for: {', '.join(unasked)}")

    def _bases(self, areas: gpd.GeoDataFrame) -> None:
        for kind, part in self.config.crime_types.items():
            if part.base not in areas or not areas[part.base].fillna(0).sum() > 0:
                self._fault(
                    ("crime_types", kind, "base"),
                    f"crime_types.{kind}: the neighbourhoods have no {part.base}: name the column under "
                    "neighbourhoods: columns, or take another base",
                )

    def _counts(self, areas: gpd.GeoDataFrame) -> None:
        import hicgeo

        part = self.config.counts
        if part is None:
            return
        counts = hicgeo.read_counts(part.path, **part.model_dump(exclude={"path", "source", "level", "borders"}))
        counts = counts if part.level is None else hicgeo.roll_up(counts, to=part.level)
        codes = counts.index.unique("code")
        known = codes.isin(areas.index)
        months = counts.index.unique("month")
        self.checked.seen.append(
            f"counts: {len(codes):,} codes ({known.sum():,} of them on the map), {months.min()} to {months.max()}"
        )
        if not known.any():
            self._fault(("counts",), "counts: none of the codes is on the map: look at level and columns: {code: ...}")
        elif not known.all() and self.config.rates is not None and self.config.rates.unmatched == "raise":
            self._fault(
                ("rates",),
                f"rates: {(~known).sum():,} counted codes are not on the map: set unmatched: report, or take the map "
                "of the year of the counts",
            )

    def _at_risk(self, areas: gpd.GeoDataFrame) -> None:
        import hicgeo

        here = Surroundings()
        here.config = self.config
        if self.config.at_risk is None:
            return
        grid = hicgeo.Grid.over(areas, cell_size=self.config.density.cell_size)
        surface = here.at_risk(grid)
        self.checked.seen.append(f"at_risk: {surface.attrs['n']:,.0f} in the area, as {surface.attrs['kind']}")

    def _addresses(self, areas: gpd.GeoDataFrame) -> None:
        here = Surroundings()
        here.config, here.neighbourhoods = self.config, areas
        if (surface := here.addresses) is not None:
            known = surface.to_numpy()[surface.to_numpy() > 0]
            few = (known < LEAST_ADDRESSES).mean() if len(known) else 0.0
            self.checked.seen.append(
                f"addresses: {surface.attrs['n']:,.0f} in the area; of the cells with any {few:.0%} have fewer than "
                f"{LEAST_ADDRESSES} and are not drawn"
            )

    def _around(self, gone: set[Place]) -> None:
        here = Surroundings()
        here.config = self.config
        if not any(place[0] == "map" for place in gone):
            self._read(("map",), set(), lambda: here.background)
            streets = self._read(("map",), set(), lambda: here.streets)
            if streets is not None:
                self.checked.seen.append(f"streets to work: {len(streets):,}, {streets.length.sum() / 1000:,.0f} km")
        if not any(place[0] == "context" for place in gone):
            layers = self._read(("context",), set(), lambda: here.context) or {}
            self.checked.seen += [f"{name}: {len(shapes):,}" for name, shapes in layers.items()]
        if ("season", "school_holidays") not in gone:
            self._read(("season",), set(), lambda: self._holidays(here))

    def _holidays(self, here: Surroundings) -> None:
        table, incidents = here.school_holidays, self.config.incidents
        if table is None or incidents is None:
            return
        self.checked.seen.append(f"school holidays: {len(table)}")
        first, last = incidents.period
        whole = range(int(first[:4]) + (first[5:] != "01"), int(last[:4]) + (last[5:] == "12"))
        if lacking := [str(year) for year in whole if year not in set(table["start"].dt.year)]:
            self._fault(("season", "school_holidays"), f"season.school_holidays: none begins in {', '.join(lacking)}")

    # how

    def _places(self) -> Iterator[tuple[Place, Any]]:
        """Every file that is named, and where."""
        for name in PARTS:
            if (part := getattr(self.config, name, None)) is not None:
                yield (name, "path"), part.path
        for name in ("stations", "geocoder"):
            if (file := getattr(self.config.incidents, name, None)) is not None:
                yield ("incidents", name), file
        if isinstance(file := getattr(self.config.counts, "borders", None), Path):
            yield ("counts", "borders"), file
        for number, part in enumerate(self.config.map.background):
            yield ("map", "background", str(number), "path"), part.path
        for name, layer in self.config.context.layers.items():
            yield ("context", "layers", name, "path"), layer.path
        if (holidays := self.config.season.school_holidays) is not None:
            yield ("season", "school_holidays", "path"), holidays.path

    def _read(self, place: Place, gone: set[Place], look: Callable[[], Any]) -> Any:
        """What a reader gives, or its refusal as a fault of that part."""
        part = getattr(self.config, place[0], None)
        if part is None or place in gone:
            return None
        if not isinstance(getattr(part, "path", Path()), Path):
            self.checked.seen.append(f"{place[0]}: a database, which was not asked")
            return None
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                return look()
        except HicgeoError as error:
            self._fault(_setting(error, place, self.lines), f"{place[0]}: {error}")
        return None

    def _fault(self, place: Place, text: str) -> None:
        self.checked.faults.append(Fault(line_of(place, self.lines), text))

    def _note(self, place: Place, text: str) -> None:
        self.checked.notes.append(Fault(line_of(place, self.lines), text))


def _partly(content: Mapping[str, Any], context: Mapping[str, Any]) -> RunConfig:
    """Settings of which only the parts that keep their rules are there; others are None, or as when left out."""
    parts: dict[str, Any] = {name: None for name, field in RunConfig.model_fields.items() if field.is_required()}
    for name in set(content) & set(RunConfig.model_fields):
        with suppress(ValidationError):
            adapter: TypeAdapter[Any] = TypeAdapter(RunConfig.model_fields[name].annotation)  # type: ignore[arg-type]  # a field has one
            parts[name] = adapter.validate_python(content[name], context=dict(context))
    return RunConfig.model_construct(**parts)


def _setting(error: HicgeoError, place: Place, lines: Mapping[Place, int]) -> Place:
    """The setting of a part that an error speaks of, for its line."""
    kinds: list[tuple[type[HicgeoError], str]] = [(ColumnError, "columns"), (CrsError, "crs")]
    likely = [name for kind, name in kinds if isinstance(error, kind)]
    likely += [below[-1] for below in lines if below[:-1] == place and re.search(rf"\b{below[-1]}\b", error.expected)]
    return next(((*place, name) for name in likely if (*place, name) in lines), place)


def _nearest_file(file: Path) -> str:
    """What is there instead of a file that is not: a name that comes near, or which folder is missing."""
    folder = next((each for each in file.parents if each.is_dir()), file.parent)
    if folder != file.parent:
        return f" (there is no folder {file.relative_to(folder).parts[0]!r} in {folder.name!r})"
    close = difflib.get_close_matches(file.name, [each.name for each in folder.iterdir() if each.is_file()], n=1)
    return f" (did you mean {close[0]!r}?)" if close else " (paths start at the folder of the run file)"
