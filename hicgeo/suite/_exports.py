"""What leaves a run: the ledger of its exports, and the removal of work data after their time."""

from __future__ import annotations

import base64
import html
import json
import re
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hicgeo.errors import ConfigError, HicgeoError
from hicgeo.output.disclosure import Ledger
from hicgeo.output.language import Language, percent, text
from hicgeo.schema import CRIME_TYPES, LEAST_LOCATED
from hicgeo.suite._project import relative
from hicgeo.suite.config import RunConfig

if TYPE_CHECKING:
    import pandas as pd

    from hicgeo.output.maps import HotspotMap
    from hicgeo.sources.incidents import Intake
    from hicgeo.suite.run import Run

MOST = 40
"""Municipalities of a run that get a briefing of their own; a larger run does so with `per_municipality`."""

LEDGER = ("data", "private", "exports.jsonl")
PLACES = (("data", "private"), ("maps",))
"""Where the folders of runs are."""


def ledger_of(run: Run) -> Ledger:
    """Ledger of all exports of the project; in a public run it knows the counts that the police publish.

    Parameters
    ----------
    run
        The run that exports.
    """
    counts = None
    if run.config.profile == "openbaar":
        known = run.counts["incidents"].dropna()
        # spread over months they are not the figures that the police publish
        counts = run.counts if (known == known.round()).all() else None
    towns = sorted(run.neighbourhoods["municipality"].dropna().unique())
    private = run.root.joinpath(*LEDGER)
    return Ledger(private, public=counts, handling=run.handling, run=run.config.name, area="+".join(towns) or "*")


def period_of(run: Run) -> str:
    """First and last month that the figures of a run cover; nothing when none is known.

    Parameters
    ----------
    run
        The run.
    """
    if run.config.incidents is not None:
        return "/".join(run.config.incidents.period)
    months = run.counts["incidents"].dropna().index.get_level_values("month")
    return f"{months.min()}/{months.max()}" if len(months) else ""


def about_of(run: Run) -> dict[str, Any]:
    """What every file of a run says about itself, as the writers of `hicgeo` take it.

    Parameters
    ----------
    run
        The run.
    """
    config = run.config
    return {"source": run.source, "date": config.date, "handling": run.handling, "fictional": config.fictional}


def facts_of(run: Run) -> str:
    """Table of what a run is made of, as a notebook shows it.

    Parameters
    ----------
    run
        The run.
    """
    facts = {
        "run": ", ".join(filter(None, [run.config.title, run.municipality])),
        "starts from": "incident points" if run.mode == "points" else "published counts",
        "inputs": ", ".join(relative(path, run.root) for path in run.config.inputs.values()),
        "results": relative(run.folder, run.root),
        "profile": run.config.profile + (", fictieve voorbeelddata" if run.config.fictional else ""),
    }
    rows = "".join(f"<tr><th>{html.escape(name)}</th><td>{html.escape(v)}</td></tr>" for name, v in facts.items())
    return f"<table>{rows}</table>"


def sentences_for(run: Run, drawn: HotspotMap, sentences: Sequence[str]) -> list[str]:
    """Sentences that may stand beside a map: on a public one only what published counts say.

    Parameters
    ----------
    run
        Whose results are told of.
    drawn
        The map.
    sentences
        What is said of it.

    Notes
    -----
    Sentences are made from results as they are, before small figures are hidden.
    """
    published = run.mode == "counts" and set(run.config.crime_types) <= set(CRIME_TYPES)
    return list(sentences) if drawn.profile != "openbaar" or published else []


def with_names(table: pd.DataFrame, names: Mapping[str, str]) -> pd.DataFrame:
    """Table with the name of each area right behind its code, where a reader looks for it.

    Parameters
    ----------
    table
        With `code` as a column or a level of its index; another is given back as it is.
    names
        Of areas, by code.

    Examples
    --------
    >>> import pandas as pd
    >>> rates = pd.DataFrame({"rate": [8.4]}, index=pd.Index(["WK051801"], name="code"))
    >>> with_names(rates, {"WK051801": "Binckhorst"}).columns.tolist()
    ['name', 'rate']
    """
    import pandas as pd

    in_index = "code" in table.index.names
    if not in_index and "code" not in table:
        return table
    codes = table.index.get_level_values("code") if in_index else table["code"]
    known = table["name"].to_numpy() if "name" in table else codes.map(names).to_numpy()
    if pd.isna(known).all():
        return table
    out = table.drop(columns="name", errors="ignore")
    out.insert(0 if in_index else list(out.columns).index("code") + 1, "name", pd.array(known, dtype="str"))
    return out


def as_markdown(sentence: str) -> str:
    """Text as Markdown that shows just that text: names of areas come from files, and Markdown lets HTML through.

    Parameters
    ----------
    sentence
        Any text.

    Examples
    --------
    >>> as_markdown("<b>Centrum</b>, 5 %")
    '&lt;b&gt;Centrum&lt;/b&gt;, 5 %'
    """
    return re.sub(r"([\\`*_\[\]$|~])", r"\\\1", html.escape(sentence, quote=False))


def card_of(run: Run, drawn: HotspotMap, title: str, said: Mapping[str, Sequence[str]]) -> dict[str, Any]:
    """What the index page and the briefings show of a map, as JSON can hold it.

    Parameters
    ----------
    run
        That made it.
    drawn
        The map.
    title
        Without the name of the place.
    said
        `sentences`, and `leads`: those that a briefing quotes.
    """
    towns = drawn.municipalities
    parts = {}
    if drawn.profile != "openbaar" and 1 < len(towns) <= MOST:
        parts = {town: _shown(part) for town in towns if (part := drawn.part(town)).layers}
    return {
        "title": title,
        **_shown(drawn),
        **{name: sentences_for(run, drawn, each) for name, each in said.items()},
        "parts": parts,
    }


def _shown(drawn: HotspotMap) -> dict[str, Any]:
    return {"picture": base64.b64encode(drawn.picture()).decode(), "brief": drawn.brief()}


def warning_of(located: float, language: Language) -> str:
    """What a reader must know before the map: that many incidents are not on it; empty when nearly all are.

    Parameters
    ----------
    located
        Share of the incidents that have a place.
    language
        Of the run.
    """
    if located >= LEAST_LOCATED:
        return ""
    return text("page.few_located", language, share=percent(located, language))


def located_enough(export: Intake, *, accept: bool) -> Intake:
    """Give an export back when it may speak for the whole.

    Parameters
    ----------
    export
        What came of reading it.
    accept
        Whether the run file accepts that many incidents have no place.

    Raises
    ------
    ConfigError
        No incident was accepted, or too few have a place.
    """
    if export.read and export.incidents.empty:
        why = ", ".join(f"{reason} {n:,}" for reason, n in export.rejected["reason"].value_counts().head(3).items())
        raise ConfigError(
            "an export must have at least one incident that is accepted",
            f"none of {export.read:,} ({why})",
            "look at notebook 01, and at columns, crs and crime_types under incidents",
        )
    if export.located < LEAST_LOCATED and not accept:
        raise ConfigError(
            f"at least {LEAST_LOCATED:.0%} of the incidents must have a place, for a map to speak for the whole",
            f"{export.located:.1%} have one ({len(export.incidents):,} are accepted)",
            "complete the export (notebook 01 shows where places are missing), or set accept_unlocated: true under "
            "incidents, which puts the share on every map",
        )
    return export


@dataclass(frozen=True)
class Expired:
    """A run whose data are past their retention.

    Attributes
    ----------
    run
        Its name.
    retain_until
        The last day on which the data may be kept.
    folders
        Where they are, of those that exist.
    """

    run: str
    retain_until: date
    folders: tuple[Path, ...]


def expired(root: Path, today: date) -> tuple[list[Expired], list[str]]:
    """Look for runs whose data are past their retention, by their run file or, where that is gone, their manifest.

    Parameters
    ----------
    root
        The project folder.
    today
        The date to compare with.

    Returns
    -------
    runs, unread
        What is to be removed; and run files that cannot be read and folders that belong to no run: of those nothing is
        known.
    """
    until: dict[str, date] = {}
    unread = []
    for file in sorted((root / "data" / "runs").glob("*.yml")):
        try:
            config = RunConfig.read(file)
        except HicgeoError:
            unread.append(relative(file, root))
            continue
        until[config.name] = config.handling.retain_until
    broken = bool(unread)
    places = [each for part in PLACES for each in root.joinpath(*part).glob("*") if each.is_dir()]
    for name in sorted({each.name for each in places} - set(until)):
        try:
            if broken:  # one of these may be its run file, and say that it is kept longer
                raise ValueError
            noted = json.loads((root / "maps" / name / "manifest.json").read_text(encoding="utf-8"))
            until[name] = date.fromisoformat(noted["settings"]["handling"]["retain_until"])
        except (OSError, ValueError, KeyError, TypeError):
            unread += [relative(each, root) for each in places if each.name == name]
    past = [name for name in sorted(until) if until[name] < today]
    found = [Expired(name, until[name], tuple(each for each in places if each.name == name)) for name in past]
    return [each for each in found if each.folders], unread


def remove(runs: Sequence[Expired]) -> list[str]:
    """Remove the work data and the results of runs; what was exported when stays in the ledger.

    Parameters
    ----------
    runs
        Answer of `expired`.

    Returns
    -------
    kept
        Names of files that could not be removed, because another program holds them.
    """
    for folder in (folder for run in runs for folder in run.folders):
        shutil.rmtree(folder.resolve(), ignore_errors=True)  # of a link what it stands for, then the link
        if folder.is_symlink():
            folder.unlink()
    return [each.name for run in runs for folder in run.folders for each in folder.rglob("*") if each.is_file()]
