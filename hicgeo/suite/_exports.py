"""What leaves a run: the ledger of its exports, and the removal of work data after their time."""

from __future__ import annotations

import re
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

from hicgeo.errors import HicgeoError
from hicgeo.output.disclosure import Ledger
from hicgeo.schema import CODE_PATTERN
from hicgeo.suite.config import RunConfig

if TYPE_CHECKING:
    from hicgeo.output.maps import HotspotMap
    from hicgeo.suite.run import Run

_CODE = re.compile(rf"\b{CODE_PATTERN.strip('^$')}\b")
LEDGER = ("data", "private", "exports.jsonl")


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
    return Ledger(run.root.joinpath(*LEDGER), public=counts, handling=run.handling, run=run.config.name)


def sentences_for(drawn: HotspotMap, sentences: Sequence[str]) -> list[str]:
    """Sentences that may stand beside a map, areas by name: none of places on a public one, for they tell the counts.

    Parameters
    ----------
    drawn
        The map.
    sentences
        What is said of it.
    """
    places = any(layer.kind != "areas" for layer in drawn.layers)
    if drawn.profile == "openbaar" and places:
        return []
    return [_CODE.sub(lambda code: drawn.named(code[0]), each) for each in sentences]


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
    """Look for runs whose data are past their retention.

    Parameters
    ----------
    root
        The project folder.
    today
        The date to compare with.

    Returns
    -------
    runs, unread
        What is to be removed, and the run files that cannot be read: of those nothing is known.
    """
    found, unread = [], []
    for file in sorted((root / "data" / "runs").glob("*.yml")):
        try:
            config = RunConfig.read(file)
        except HicgeoError:
            unread.append(file.name)
            continue
        folders = tuple(
            folder
            for folder in (root / "data" / "private" / config.name, root / "maps" / config.name)
            if folder.is_dir() and not folder.is_symlink()
        )
        if config.handling.retain_until < today and folders:
            found.append(Expired(config.name, config.handling.retain_until, folders))
    return found, unread


def remove(runs: Sequence[Expired]) -> None:
    """Remove the work data and the results of runs; what was exported when stays in the ledger.

    Parameters
    ----------
    runs
        Answer of `expired`.
    """
    for run in runs:
        for folder in run.folders:
            shutil.rmtree(folder)
