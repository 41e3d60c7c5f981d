"""The suite: every notebook of a run, for every municipality; what has not changed is not done again."""

from __future__ import annotations

import base64
import json
import os
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, as_completed
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hicgeo.errors import ConfigError
from hicgeo.output._write import sweep, write_bytes
from hicgeo.output.refusals import LEFT_OUT, left_out, refused
from hicgeo.suite._exports import about_of, ledger_of, period_of
from hicgeo.suite._notebooks import Failure, Notebook, check_parameters, execute, pick
from hicgeo.suite._project import file_hash, find_config, find_root, fingerprint, relative, source_hash, versions
from hicgeo.suite._public import LeftOut
from hicgeo.suite.config import RunConfig
from hicgeo.suite.run import NOTEBOOK_VARIABLE, Run, open_run

if TYPE_CHECKING:
    from hicgeo.output.briefing import BriefingCard, IndexEntry

BRIEFING = "briefing.html"
SHOWN = 3
"""Sentences of a map on the index page; the others are one tap away."""


@dataclass(frozen=True)
class SuiteResult:
    """What a run of the suite came to.

    Attributes
    ----------
    index
        Page with a card for every map.
    manifest
        What was run on what, and what came of it, as JSON.
    executed, skipped
        Notebooks that ran, and those of which nothing had changed; after their municipality when each is run apart.
    failures
        Notebook to the reason why it failed, in the three parts of every error.
    left_out
        Notebook to the parts that it left out because they are not for everybody: no failure.
    """

    index: Path
    manifest: Path
    executed: tuple[str, ...]
    skipped: tuple[str, ...]
    failures: Mapping[str, Failure]
    left_out: Mapping[str, tuple[str, ...]]


def run_suite(
    run: str | Path | None = None,
    *,
    only: Sequence[str] = (),
    force: bool = False,
    jobs: int = 2,
    start: str | Path | None = None,
) -> SuiteResult:
    """Execute the notebooks of a run, and write its index page and manifest.

    Parameters
    ----------
    run
        As for `open_run`.
    only
        Names or numbers of the notebooks to execute; all of the run when empty.
    force
        Execute also what has not changed.
    jobs
        Notebooks that run side by side, each in a process of its own.
    start
        Folder from which to look upwards for the project; the current one when left out.

    Returns
    -------
    result
        One failed notebook does not stop the others: look at `failures`.

    Raises
    ------
    ConfigError
        The run file, a notebook or a parameter is wrong, or an input is missing. Nothing has run then.

    Notes
    -----
    A notebook is skipped when its source, its parameters, the settings, the content of the input files, the source of
    hicgeo and all versions are as they were, and its results are still there, byte for byte. Before it is executed
    its former results are removed, for they answer to other input. O(notebooks x municipalities); a run in which
    nothing changed costs the hashing of its inputs.

    The first notebook runs alone, because it reads the export; the others then find the tables.
    """
    began = time.perf_counter()
    root = find_root(start)
    path = find_config(run, root, start)
    notebooks = _notebooks(root, RunConfig.read(path))
    wanted = pick(only or [each.name for each in notebooks], [each.name for each in notebooks], "--only")
    parameters = check_parameters(notebooks, RunConfig.read(path).parameters)
    opened = open_run(path, start=root)

    tasks = [
        _Task(Run(opened.config, root, municipality), notebook, parameters[notebook.name], path)
        for municipality in _municipalities(opened)
        for notebook in notebooks
    ]
    due = [task for task in tasks if task.notebook.name in wanted and (force or not task.is_current())]
    if opened.config.profile == "openbaar":
        for task in tasks:
            if task not in due and not task.done:
                task.clear()
    if due:
        _execute(due, jobs)

    index, manifest = opened.folder / "index.html", opened.folder / "manifest.json"
    if due or _manifest(opened, tasks, index) != _lasting(manifest):
        _write_index(opened, tasks, index)
        timing = {
            # the day is all that others need; a moment in a file may be that of an incident, for all they can see
            "finished": datetime.now(UTC).astimezone().date().isoformat(),
            "seconds": round(time.perf_counter() - began, 1),
            "executed": {task.label: task.state["seconds"] for task in due},
        }
        content = {**_manifest(opened, tasks, index), "timing": timing}
        write_bytes(manifest, json.dumps(content, ensure_ascii=False, indent=1).encode() + b"\n")
    return SuiteResult(
        index,
        manifest,
        executed=tuple(task.label for task in due),
        skipped=tuple(task.label for task in tasks if task not in due and task.notebook.name in wanted),
        failures={task.label: failure for task in tasks if (failure := task.failure)},
        left_out={task.label: tuple(parts) for task in tasks if (parts := task.left_out)},
    )


def _notebooks(root: Path, config: RunConfig) -> list[Notebook]:
    files = sorted((root / "notebooks").glob("[0-9][0-9]-*.ipynb"))
    if not files:
        raise ConfigError("the suite needs notebooks", "none in notebooks/", "get the project folder as a whole")
    names = [file.stem for file in files]
    chosen = names if config.notebooks is None else pick(config.notebooks, names, "notebooks")
    return [Notebook.read(file) for file in files if file.stem in chosen]


def _municipalities(opened: Run) -> list[str]:
    if not opened.config.per_municipality:
        return [""]
    named = opened.config.neighbourhoods.municipalities
    return sorted(named if named is not None else opened.neighbourhoods["municipality"].dropna().unique())


@dataclass
class _Task:
    """One notebook for one municipality, and what is remembered of it from run to run."""

    run: Run
    notebook: Notebook
    parameters: Mapping[str, Any]
    config_path: Path
    state: dict[str, Any] = field(init=False)
    key: str = field(init=False)
    _whole: Run | None = field(init=False, default=None)

    def __post_init__(self) -> None:
        self.key = fingerprint(
            [
                self.notebook.code,
                self.parameters,
                self.run.municipality,
                _settings(self.run),
                self.run.input_hashes,
                source_hash(),
                versions(),
            ]
        )
        try:
            self.state = json.loads(self._memory.read_text(encoding="utf-8"))
        except (OSError, ValueError):
            self.state = {}

    @property
    def label(self) -> str:
        return " ".join(filter(None, [self.run.municipality, self.notebook.name]))

    @property
    def failure(self) -> Failure | None:
        """Why it failed when it last ran on what is there now."""
        known = self.state.get("failure") if self.state.get("key") == self.key else None
        return Failure(**known) if known else None

    @property
    def done(self) -> bool:
        """Whether it ran to its end on what is there now."""
        return self.state.get("key") == self.key and self.state.get("failure") is None

    @property
    def outputs(self) -> dict[str, str]:
        """Files that it wrote, from the folder of the run, to their SHA-256; empty unless it is done."""
        return dict(self.state["outputs"]) if self.done else {}

    @property
    def left_out(self) -> list[str]:
        """Parts that it left out because they are not for everybody."""
        return list(self.state["left_out"]) if self.done else []

    @property
    def status(self) -> str:
        """What came of it: failed, left out, done or not run."""
        if self.done:
            return "left out" if self.left_out and not self.outputs else "done"
        return "failed" if self.failure else "not run"

    def is_current(self) -> bool:
        """Tell whether it ran on exactly this and everything that it wrote is still there."""
        return self.done and all(
            (self.run.folder / name).is_file() and file_hash(self.run.folder / name) == known
            for name, known in self.outputs.items()
        )

    def cards(self) -> Iterator[tuple[str, dict[str, Any]]]:
        """Cards of the maps that it saved, by file name."""
        for name, note in self.run.notes().items():
            if name in self.outputs and "picture" in note:
                yield name, note

    def clear(self) -> None:
        """Remove what it left when it last ran, for the triangle perhaps where it is now for everybody."""
        for name in self._saved():
            self.run.discard(name)
        for folder in (self.run.folder, self.run.private):
            (folder / self._kept).unlink(missing_ok=True)
        LeftOut(self.run.private).forget(self.notebook.name)
        self._memory.unlink(missing_ok=True)

    def execute(self, on_cell: Callable[[], None]) -> None:
        self.clear()
        began = time.perf_counter()
        failure = execute(
            self.notebook,
            {**self.parameters, "run": self._run_parameter(), "municipality": self.run.municipality},
            environment={"HICGEO_RUN": str(self.config_path), NOTEBOOK_VARIABLE: self.notebook.name},
            # in the house: it shows what a public map hides
            target=(self.run.private if self.run.config.profile == "openbaar" else self.run.folder) / self._kept,
            log=self.run.private / "logs" / f"{self.notebook.name}.log",
            on_cell=on_cell,
            speaks=self._speaks,
            outward=self.run.config.profile != "intern",
        )
        written = [*self._saved(), *([self._kept] if (self.run.folder / self._kept).is_file() else [])]
        self.state = {
            "key": self.key,
            "failure": asdict(failure) if failure else None,
            "outputs": {name: file_hash(self.run.folder / name) for name in sorted(written)},
            "left_out": LeftOut(self.run.private).of(self.notebook.name),
            "seconds": round(time.perf_counter() - began, 1),
        }
        write_bytes(self._memory, json.dumps(self.state, indent=1).encode())

    def _speaks(self, text: str) -> bool:
        """Tell whether a text speaks of an incident of the whole run, of whatever municipality."""
        self._whole = self._whole or Run(self.run.config, self.run.root)
        return self._whole.recognised.in_text(text)

    @property
    def _kept(self) -> str:
        return f"notebooks/{self.notebook.name}.ipynb"

    @property
    def _memory(self) -> Path:
        return self.run.private / "state" / f"{self.notebook.name}.json"

    def _saved(self) -> list[str]:
        """List the maps and tables that this notebook is noted to have saved."""
        return [name for name, note in self.run.notes().items() if note["notebook"] == self.notebook.name]

    def _run_parameter(self) -> str:
        """How the notebook is told its run: as a user would write it, and the same on every computer if possible."""
        if self.config_path.parent == self.run.root / "data" / "runs" and self.config_path.suffix == ".yml":
            return self.config_path.stem
        try:
            return Path(os.path.relpath(self.config_path, self.notebook.path.parent)).as_posix()
        except ValueError:  # on Windows: on another drive
            return str(self.config_path)


def _execute(due: Sequence[_Task], jobs: int) -> None:
    """Run the tasks side by side, the first one alone because it reads what all need."""
    for folder in {task.run.folder for task in due}:
        if folder.is_dir():
            sweep(folder)
    for folder in {task.run.private for task in due}:
        if folder.is_dir():
            sweep(folder)
    if any(task.run.config.profile == "openbaar" for task in due):
        jobs = 1  # every public export is checked against the one before
    with _progress(sum(task.notebook.code_cells + 1 for task in due)) as (advance, say):

        def one(task: _Task) -> _Task:
            done = 0

            def on_cell() -> None:
                nonlocal done
                done += 1
                advance(1)

            task.execute(on_cell)
            advance(task.notebook.code_cells + 1 - done)
            return task

        pool = ThreadPoolExecutor(max_workers=max(1, jobs))
        try:
            for batch in (due[:1], due[1:]):
                futures: list[Future[_Task]] = [pool.submit(one, task) for task in batch]
                for future in as_completed(futures):
                    task = future.result()
                    say(f"{task.label}: {'FAILED' if task.failure else task.status}, {task.state['seconds']} s")
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            raise
        pool.shutdown()


@contextmanager
def _progress(cells: int) -> Iterator[tuple[Callable[[int], None], Callable[[str], None]]]:
    """Show a bar in the terminal, by cells; only lines when the output is a file."""
    from tqdm import tqdm

    with tqdm(total=cells, unit="cell", disable=None, leave=False) as bar:
        yield bar.update, tqdm.write


def _settings(run: Run) -> dict[str, Any]:
    """Give the settings without what differs between computers or is looked at notebook by notebook."""
    content: dict[str, Any] = run.config.model_dump(
        mode="json", exclude={"notebooks", "parameters", "per_municipality"}
    )
    for part, path in run.config.inputs.items():
        if part in content:
            content[part]["path"] = relative(path, run.root)
        elif part.startswith("background"):
            content["map"]["background"][int(part.split()[1]) - 1]["path"] = relative(path, run.root)
        elif part.startswith("context "):
            content["context"]["layers"][part.removeprefix("context ")]["path"] = relative(path, run.root)
        elif part == "school holidays":
            content["season"]["school_holidays"]["path"] = relative(path, run.root)
        else:
            content["counts" if part == "borders" else "incidents"][part] = relative(path, run.root)
    return content


def _told(run: Run) -> dict[str, Any]:
    """Give the settings as the manifest has them: of an export its titles, not which of them tells an incident."""
    content = _settings(run)
    columns = content["incidents"]["columns"] if content["incidents"] else None
    if isinstance(columns, dict):
        titles = [each if isinstance(each, list) else [each] for each in columns.values()]
        content["incidents"]["columns"] = sorted({title for several in titles for title in several})
    return content


def _write_index(opened: Run, tasks: Sequence[_Task], path: Path) -> None:
    from hicgeo.output.briefing import FILES, IndexEntry, write_index
    from hicgeo.output.language import check_language

    language = check_language(opened.config.language)
    entries = _write_briefings(opened, tasks)
    for task in tasks:
        for name, card in task.cards():
            place = f"{task.run.municipality}/" if task.run.municipality else ""
            entries.append(
                IndexEntry(
                    title=f"{card['title']} ({opened.named(task.run.municipality)})" if place else card["title"],
                    href=place + name,
                    picture=base64.b64decode(card["picture"]),
                    sentences=tuple(card["sentences"][:SHOWN]),
                    more=tuple(card["sentences"][SHOWN:]),
                    tables=tuple(place + each for each in task.outputs if each.endswith(FILES)),
                )
            )
    config = opened.config
    write_index(
        path,
        title=config.title,
        entries=entries,
        profile=config.profile,
        language=config.language,
        period=period_of(opened),
        **about_of(opened),
        missing=[(task.label, refused(why.error, why.expected, language)) for task in tasks if (why := task.failure)],
        left_out=[left_out(part, language) for part in LEFT_OUT if any(part in task.left_out for task in tasks)],
    )
    ledger_of(opened).record(path, profile=config.profile)


def _write_briefings(opened: Run, tasks: Sequence[_Task]) -> list[IndexEntry]:
    """Write a briefing of the whole run and one per municipality, beside the maps, and give the cards of the index."""
    from hicgeo.output.briefing import IndexEntry, three_things
    from hicgeo.output.language import check_language, text

    action, entries = text("briefing.open", check_language(opened.config.language)), []
    written = set()
    for municipality in dict.fromkeys(task.run.municipality for task in tasks):
        maps = [card for task in tasks if task.run.municipality == municipality for _, card in task.cards()]
        if not (sentences := tuple(three_things(_cards(maps)))):
            continue  # maps of borders alone, or none: a sheet that says nothing is not handed over
        title = _write_briefing(opened, municipality, _cards(maps))
        towns = []
        for town in sorted({town for card in maps for town in card["parts"]}):
            told = [card for card in maps if town in card["parts"]]
            own = _cards([{**card, "leads": [], "sentences": [], **card["parts"][town]} for card in told])
            if three_things(own):
                _write_briefing(opened, town, own)
                towns.append(town)
        written |= {municipality, *towns}
        pages = tuple((f"{town}/{BRIEFING}", opened.named(town)) for town in towns)
        href = "/".join(filter(None, [municipality, BRIEFING]))
        entries.append(IndexEntry(title, href, sentences=sentences, action=action, pages=pages))
    for old in (opened.folder / BRIEFING, *opened.folder.glob(f"*/{BRIEFING}")):
        if ("" if old.parent == opened.folder else old.parent.name) not in written:
            old.unlink(missing_ok=True)
    return entries


def _cards(maps: Sequence[Mapping[str, Any]]) -> list[BriefingCard]:
    """What the notes of maps have to say to a briefing."""
    from hicgeo.output.briefing import BriefingCard

    return [
        BriefingCard(
            card["title"],
            base64.b64decode(card["picture"]),
            tuple(card["leads"] or card["sentences"]),
            tuple(card["brief"]),
        )
        for card in maps
    ]


def _write_briefing(opened: Run, municipality: str, cards: Sequence[BriefingCard]) -> str:
    """Write the briefing of a municipality, or of all, and give its title."""
    from hicgeo.output.briefing import write_briefing
    from hicgeo.output.language import check_language, text

    config = opened.config
    place = ", ".join(filter(None, [config.title, opened.named(municipality)]))
    title = f"{text('briefing.title', check_language(config.language))}: {place}"
    file = write_briefing(
        opened.folder / municipality / BRIEFING,
        title=title,
        cards=cards,
        profile=config.profile,
        language=config.language,
        period=period_of(opened),
        **about_of(opened),
    )
    ledger_of(opened).record(file, profile=config.profile)
    return title


def _manifest(opened: Run, tasks: Sequence[_Task], index: Path) -> dict[str, Any]:
    """Everything about the run that is the same when it is run again on the same."""
    notebooks = []
    for task in tasks:
        place = f"{task.run.municipality}/" if task.run.municipality else ""
        notebooks.append(
            {
                "municipality": task.run.municipality,
                "notebook": task.notebook.name,
                "parameters": dict(task.parameters),
                "status": task.status,
                "outputs": {place + name: known for name, known in task.outputs.items()},
                "failure": asdict(task.failure) if task.failure else None,
                "left_out": task.left_out,
            }
        )
    return {
        "run": opened.config.name,
        "settings": _told(opened),
        "inputs": {
            part: {"file": relative(path, opened.root), "sha256": opened.input_hashes[part]}
            for part, path in opened.config.inputs.items()
        },
        "rows": opened.rows,
        "hicgeo_source": source_hash(),
        "versions": versions(),
        "notebooks": notebooks,
        "failed": sorted({task.run.municipality or opened.config.name for task in tasks if task.failure}),
        "index": {
            "file": index.name,
            "sha256": file_hash(index) if index.is_file() else None,
            "cards": fingerprint([list(task.cards()) for task in tasks]),
        },
        "briefings": {
            file.relative_to(opened.folder).as_posix(): file_hash(file)
            for file in sorted([*opened.folder.glob(BRIEFING), *opened.folder.glob(f"*/{BRIEFING}")])
        },
    }


def _lasting(manifest: Path) -> dict[str, Any]:
    """Content of the last manifest without its times."""
    try:
        content: dict[str, Any] = json.loads(manifest.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    content.pop("timing", None)
    return content
