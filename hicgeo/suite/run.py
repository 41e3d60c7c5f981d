"""A run: its settings, its tables (read once and kept), and a place for what a notebook saves."""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from hicgeo.errors import ConfigError
from hicgeo.output.language import crime, text
from hicgeo.suite import _recognised
from hicgeo.suite._background import Surroundings
from hicgeo.suite._exports import (
    about_of,
    as_markdown,
    card_of,
    facts_of,
    ledger_of,
    located_enough,
    period_of,
    warning_of,
    with_names,
)
from hicgeo.suite._intake import kept_intake
from hicgeo.suite._project import (
    find_config,
    find_root,
    fingerprint,
    input_hash,
    make_sample,
    relative,
    source_hash,
    versions,
)
from hicgeo.suite._public import LeftOut
from hicgeo.suite._run_file import nearest
from hicgeo.suite._store import Notes, Store
from hicgeo.suite.config import RunConfig, is_device

if TYPE_CHECKING:
    import geopandas as gpd
    import pandas as pd

    from hicgeo.analysis.vintages import Crosswalk
    from hicgeo.output._recognised import Recognised
    from hicgeo.output.disclosure import Handling
    from hicgeo.output.maps import HotspotMap
    from hicgeo.sources.incidents import Intake

NOTEBOOK_VARIABLE = "HICGEO_NOTEBOOK"
"""Tells a kernel which notebook it runs, so that what it saves is known to be its own."""

_NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,99}")
_TABLE_SOURCE = ("errors.py", "schema.py", "grid.py", "sources", "analysis")


class Run(Surroundings):
    """One run, or one municipality of it: settings, tables and a place for results.

    Tables are made when first asked for and kept in `private` as (Geo)Parquet under a fingerprint of
    everything that decides them: input files, settings, the source of hicgeo and versions. With an equal
    fingerprint nothing is read again. `open_run` gives one.

    Attributes
    ----------
    config
        The settings.
    root
        The project folder.
    municipality
        Code of the one municipality that tables are restricted to; empty for all.
    folder
        Where maps and tables for others go: `maps/<name>`, below it a folder per municipality.
    private
        Where working data stay: `data/private/<name>`, below it a folder per municipality.
    """

    def __init__(self, config: RunConfig, root: Path, municipality: str = "") -> None:
        self.config = config
        self.root = root
        self.municipality = municipality
        self.folder = root / "maps" / config.name / municipality
        self.private = root / "data" / "private" / config.name / municipality
        # what is read is the same for every municipality
        self._store = Store(root / "data" / "private" / config.name)
        self._sentences: list[str] = []
        self._leads: list[str] = []

    @property
    def mode(self) -> Literal["points", "counts"]:
        """Whether the run starts from incident points or from published counts."""
        return self.config.mode

    # tables

    @cached_property
    def neighbourhoods(self) -> gpd.GeoDataFrame:
        """Neighbourhood table, of the one municipality when there is one.

        Raises
        ------
        ConfigError
            The municipality is not among the neighbourhoods.
        """
        areas = self._region
        if not self.municipality:
            return areas
        part = areas[areas["municipality"] == self.municipality]
        if part.empty:
            raise ConfigError(
                "municipality must be one of the run",
                repr(self.municipality),
                nearest(self.municipality, sorted(areas["municipality"].dropna().unique())),
            )
        return part

    @cached_property
    def intake(self) -> Intake | None:
        """What came of reading the export, of all municipalities; None in a run of published counts."""
        if self.config.incidents is None:
            return None
        return kept_intake(self._store, self._intake_key, self.config.incidents.path, self._reading("incidents"))

    @cached_property
    def recognised(self) -> Recognised:
        """What tells a single incident of the run, of whatever municipality, in a text."""
        return _recognised.recognised_in(self)

    @property
    def rows(self) -> dict[str, int] | None:
        """Records read, accepted and rejected; None before the export was read, and in a run of published counts."""
        facts = self._store.facts("intake", self._intake_key) if self.config.incidents else None
        return {name: facts[name] for name in ("read", "accepted", "rejected")} if facts else None

    @cached_property
    def incidents(self) -> gpd.GeoDataFrame:
        """Incident table.

        Of one municipality: what was assigned to its neighbourhoods, and what lies in no neighbourhood
        but names this municipality.

        Raises
        ------
        ConfigError
            The run starts from published counts, or under 85 % of the incidents have a place and the run file does not
            accept that.
        """
        incidents = self._located.incidents
        return incidents[self._ours] if self.municipality else incidents

    @cached_property
    def assignment(self) -> pd.DataFrame:
        """Assignment of `incidents` to `neighbourhoods`.

        Raises
        ------
        ConfigError
            The run starts from published counts.
        """
        return self._assigned[self._ours] if self.municipality else self._assigned

    @cached_property
    def counts(self) -> pd.DataFrame:
        """Count table: counted from the points, or as published and added up to the level of the run.

        Raises
        ------
        ConfigError
            Under 85 % of the incidents have a place, and the run file does not accept that.
        """
        import hicgeo

        if (points := self.config.incidents) is not None:
            incidents = self.incidents  # asked for first: it may refuse
            key = fingerprint([self._assigned_key, points.date, points.period, self.municipality])
            return Store(self.private).table(
                "counts",
                key,
                lambda: hicgeo.count_incidents(
                    incidents, self.assignment, self.neighbourhoods, date=points.date, period=points.period
                ),
            )
        settings = self.config.counts
        assert settings is not None  # noqa: S101 - RunConfig has exactly one of the two

        def published() -> pd.DataFrame:
            counts = hicgeo.read_counts(settings.path, **self._reading("counts"))
            return counts if settings.level is None else hicgeo.roll_up(counts, to=settings.level)

        key = self._key("counts", [self._reading("counts"), settings.level])
        counts = self._store.table("counts", key, published)
        if not self.municipality:
            return counts
        return counts[counts.index.get_level_values("code").str.slice(2, 6) == self.municipality[2:]]

    @cached_property
    def borders(self) -> Crosswalk | Literal["unchanged"] | None:
        """Whether codes stand for the same ground in all years: what the verbs that compare years ask for.

        Incidents are all laid in the same neighbourhoods, so that theirs do. Of published counts the run file must say
        so; None when it does not, and then years are not to be compared.
        """
        import hicgeo

        settings = self.config.counts
        if settings is None:
            return "unchanged"
        if not isinstance(settings.borders, Path):
            return settings.borders
        reading = {**self._reading("neighbourhoods"), "query": None, "layer": None, "vintage": None}
        old = hicgeo.read_neighbourhoods(settings.borders, **reading)
        return hicgeo.crosswalk(old, self._region, by="area")

    # results

    @property
    def handling(self) -> Handling:
        """For whom the exports of this run are, why, on what ground and until when."""
        from hicgeo.output.disclosure import Handling

        return Handling(**self.config.handling.model_dump())

    @property
    def source(self) -> str:
        """Name of the source, as a page shows it."""
        part = self.config.incidents or self.config.counts
        name = "incidents" if self.mode == "points" else "counts"
        return (part.source or self.config.inputs[name].name) if part is not None else ""

    def shares(self, part: str) -> bool:
        """Tell whether a part may be made for who the run is for; when not, the index page says that it is left out.

        Parameters
        ----------
        part
            "density", "season_places", "near_repeats", "targets" or "operation". Ask before looking at any figure.

        Raises
        ------
        ConfigError
            There is no such part.
        """
        return LeftOut(self.private).shares(part, self.config.profile, os.environ.get(NOTEBOOK_VARIABLE))

    def map(self, title: str, *, period: str = "", crime_type: str = "") -> HotspotMap:
        """Map of the run's neighbourhoods, with background, profile, language, source and handling filled in.

        Parameters
        ----------
        title
            Heading of the map, after the name of the place.
        period, crime_type
            What the figures cover, as the reader sees it, and what they are of, said behind the title.

        Returns
        -------
        map
            Without layers.

        Raises
        ------
        ConfigError
            Under 85 % of the incidents have a place, and the run file does not accept that.
        """
        import hicgeo

        kind = f" ({crime(crime_type, self.config.language)})" if crime_type else ""
        drawn = hicgeo.HotspotMap(
            self.neighbourhoods,
            title=f"{self._place}: {title}{kind}",
            profile=self.config.profile,
            language=self.config.language,
            period=period,
            **about_of(self),
            warning=warning_of(self._located.located if self.config.incidents else 1.0, self.config.language),
            ledger=ledger_of(self),
            addresses=self.addresses,
        )
        return self.background.draw(drawn, set(self.neighbourhoods["municipality"].dropna()))

    def say(self, sentence: str) -> str:
        """Keep a sentence for the index page, on the card of the map that is saved next.

        Parameters
        ----------
        sentence
            One sentence in the language of the run.

        Returns
        -------
        sentence
            The same, so that a notebook shows it too.

        Raises
        ------
        DisclosureError
            It speaks of a single incident, and others than the analyst will read it.
        """
        self._sentences.append(_recognised.check_sentence(self, sentence))
        return sentence

    def tell(self, *results: Any) -> str:
        """Say results in the sentences of `in_words`, and keep them as `say` does; a briefing quotes the first of each.

        Parameters
        ----------
        *results
            Answers that `hicgeo.in_words` knows.

        Returns
        -------
        sentences
            All of them, as one paragraph of Markdown in which a name is never mark-up.
        """
        import hicgeo

        words = {"language": self.config.language, "names": self.neighbourhoods["name"]}
        said = [hicgeo.in_words(result, **words) for result in results]
        self._leads += [each[0] for each in said if each]
        return as_markdown(" ".join(self.say(line) for each in said for line in each))

    def save(self, drawn: HotspotMap, name: str, *, sentences: Sequence[str] = ()) -> Path:
        """Save a map as one file, with a picture and sentences for the index page.

        Parameters
        ----------
        drawn
            A finished map.
        name
            File name without suffix: lower case, digits and hyphens. Cards stand in the order of their names.
        sentences
            What it shows; they follow those of `say`.

        Returns
        -------
        path
            The HTML file.

        Raises
        ------
        ConfigError
            `name` cannot be a file name.
        """
        for sentence in (drawn.title, *sentences):
            _recognised.check_sentence(self, sentence)
        path = drawn.save(self._target(name, ".html"))
        said = {"sentences": [*self._sentences, *sentences], "leads": self._leads}
        self._record(path, card_of(self, drawn, drawn.title.removeprefix(f"{self._place}: "), said))
        self._sentences, self._leads = [], []
        return path

    def save_table(self, table: pd.DataFrame, name: str, *, suffix: str = ".csv", **about: Any) -> Path:
        """Save a table for Dutch Excel or a GIS, names beside codes, through the gate of the run's profile.

        Parameters
        ----------
        table
            Figures, never rows of incidents.
        name
            As for `save`.
        suffix
            As in `hicgeo.write_table`: ".csv", ".xlsx"; with geometry ".gpkg", ".geojson", ".gpx".
        **about
            What holds for all rows, where the attrs do not say it: `crime_type`, `period`, `base`, `per`.

        Returns
        -------
        path
            The file.

        Raises
        ------
        ConfigError
            `name` cannot be a file name.
        """
        import hicgeo

        target, language = self._target(name, suffix), self.config.language
        places = {"region": text("one.region", language), **self.background.names}
        named = with_names(table.assign(), places | self.neighbourhoods["name"].dropna().to_dict())
        named.attrs |= about
        common = {"profile": self.config.profile, "language": language, "period": period_of(self), **about_of(self)}
        path = hicgeo.write_table(named, target, ledger=ledger_of(self), addresses=self.addresses, **common)
        return self._record(path, {})

    def save_sheets(self, areas: gpd.GeoDataFrame, name: str, **shown: Any) -> list[Path]:
        """Save a sheet on paper for every target area, in a folder of that name, through the gate of the run's profile.

        Parameters
        ----------
        areas
            Answer of `hicgeo.target_table`.
        name
            As for `save`.
        **shown
            `measures` and `period`, as `hicgeo.write_target_sheets` takes them.

        Raises
        ------
        ConfigError
            `name` cannot be a file name.
        """
        import hicgeo

        common = {"neighbourhoods": self.neighbourhoods, "language": self.config.language, "ledger": ledger_of(self)}
        common |= {"profile": self.config.profile, "addresses": self.addresses, **about_of(self), **shown}
        sheets = hicgeo.write_target_sheets(areas, self._target(name, ""), **common)
        return [self._record(sheet, {}) for sheet in sheets]

    def __repr__(self) -> str:
        return f"Run({' '.join(filter(None, [self.config.name, self.municipality]))})"

    def _repr_html_(self) -> str:
        return facts_of(self)

    # how

    @property
    def _place(self) -> str:
        return ", ".join(filter(None, [self.config.title, self.named(self.municipality)]))

    def named(self, municipality: str) -> str:
        """Name of a municipality where the background or the neighbourhoods have it, else its code."""
        known = {**self._region.attrs.get("municipalities", {}), **self.background.names}
        return str(known.get(municipality, municipality))

    @cached_property
    def _notes(self) -> Notes:
        return Notes(self.private / "saved", self.folder)

    def notes(self) -> dict[str, dict[str, Any]]:
        """Notes of what was saved, as `Notes.read` gives them."""
        return self._notes.read()

    def discard(self, name: str) -> None:
        """Remove a saved map or table, and its note.

        Parameters
        ----------
        name
            Its file name, below the folder of the run.
        """
        self._notes.discard(name)

    @cached_property
    def input_hashes(self) -> dict[str, str]:
        """Fingerprint of every input, by the name of its part."""
        return {name: input_hash(place) for name, place in self.config.inputs.items()}

    def _reading(self, part: str) -> dict[str, Any]:
        """Arguments of the reader of one part, besides its path."""
        ours = {"path", "date", "period", "max_distance", "source", "accept_unlocated"} | (
            {"level", "borders"} if part == "counts" else set()
        )
        return dict(getattr(self.config, part).model_dump(exclude=ours))

    def _key(self, part: str, settings: Any) -> str:
        return fingerprint([self.input_hashes[part], settings, source_hash(*_TABLE_SOURCE), versions()])

    @cached_property
    def _intake_key(self) -> str:
        beside = {name: self.input_hashes.get(name) for name in ("stations", "geocoder")}
        return self._key("incidents", [self._reading("incidents"), beside])

    @cached_property
    def _region_key(self) -> str:
        return self._key("neighbourhoods", self._reading("neighbourhoods"))

    @cached_property
    def _assigned_key(self) -> str:
        points = self.config.incidents
        return fingerprint([self._intake_key, self._region_key, points.max_distance if points else None])

    @cached_property
    def _region(self) -> gpd.GeoDataFrame:
        from hicgeo import read_neighbourhoods as read

        path, settings = self.config.neighbourhoods.path, self._reading("neighbourhoods")
        return self._store.table(  # in order of code: no result may depend on the order of a file
            "neighbourhoods", self._region_key, lambda: read(path, **settings).sort_index()
        )

    @property
    def _located(self) -> Intake:
        """The export, when it may speak for the whole; `assignment` is there to look at what may not."""
        points = self.config.incidents
        return located_enough(self._export, accept=bool(points and points.accept_unlocated))

    @property
    def _export(self) -> Intake:
        if self.intake is None:
            raise ConfigError(
                "this needs incident points",
                "a run of published counts",
                "use a run file with incidents, or keep to what counts can say",
            )
        return self.intake

    @cached_property
    def _assigned(self) -> pd.DataFrame:
        import hicgeo

        incidents, points = self._export.incidents, self.config.incidents
        return self._store.table(
            "assignment",
            self._assigned_key,
            lambda: hicgeo.assign_neighbourhoods(
                incidents, self._region, max_distance=points.max_distance if points else 0.0
            ),
        )

    @cached_property
    def _ours(self) -> pd.Series:
        """Which incidents belong to the one municipality."""
        incidents, assigned = self._export.incidents, self._assigned
        ours = assigned["code"].isin(self.neighbourhoods.index)
        if "municipality" in incidents:
            ours |= assigned["code"].isna() & (incidents["municipality"] == self.municipality).fillna(False)
        return ours.astype(bool)

    def _target(self, name: str, suffix: str) -> Path:
        if not _NAME.fullmatch(name) or is_device(name):
            raise ConfigError("name must be lower case letters, digits and hyphens", repr(name), "such as 02-rates")
        target, notebook = self.folder / f"{name}{suffix}", os.environ.get(NOTEBOOK_VARIABLE)
        owner = self.notes().get(target.name, {}).get("notebook")
        if notebook and owner not in (None, notebook) and (self.root / "notebooks" / f"{owner}.ipynb").is_file():
            raise ConfigError(
                "every notebook must save under names of its own",
                f"{target.name} is saved by {owner}",
                "choose another",
            )
        return target

    def _record(self, path: Path, card: dict[str, Any]) -> Path:
        """Note what was saved and by which notebook: the index page and the manifest are made from these notes."""
        return self._notes.put(path, {"notebook": os.environ.get(NOTEBOOK_VARIABLE), **card})


def open_run(run: str | Path | None = None, *, municipality: str = "", start: str | Path | None = None) -> Run:
    """Open a run, from any folder of the project.

    Parameters
    ----------
    run
        Name of a file in `data/runs` ("sample"), or path of a run file. When left out (or empty) the environment
        variable HICGEO_RUN decides, and else it is "sample".
    municipality
        CBS code such as GM0518, to restrict the tables to it; empty for all.
    start
        Folder from which to look upwards for the project; the current one when left out.

    Returns
    -------
    run
        Its tables are read when they are asked for.

    Raises
    ------
    ConfigError
        There is no such run, its file breaks the rules, or input files are missing.

    Notes
    -----
    The files of the sample city are made when they are missing, or when another version of hicgeo made them.

    Examples
    --------
    >>> import hicgeo
    >>> hicgeo.open_run("sample").config.title  # doctest: +SKIP
    'Voorbeeldstad'
    """
    root = find_root(start)
    path = find_config(run, root, start)
    config = RunConfig.read(path)
    files = {part: place for part, place in config.inputs.items() if isinstance(place, Path)}
    if any(file.parent == root / "data" / "sample" for file in files.values()):
        make_sample(root / "data" / "sample", seed=config.seed, keep=True)
    missing = [f"{part}: {relative(file, root)}" for part, file in files.items() if not file.is_file()]
    if missing:
        raise ConfigError(
            "every input of a run must be a file",
            "; ".join(f"no {each}" for each in missing),
            f"check the paths in {path.name}: relative ones start at its own folder",
        )
    return Run(config, root, municipality)
