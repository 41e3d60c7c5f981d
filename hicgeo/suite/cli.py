"""The command line: `hicgeo intake`, `check`, `schema`, `run`, `audit`, `purge`, `sample`, `lab`."""

from __future__ import annotations

import functools
import os
import re
import sys
import tempfile
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, ParamSpec

import typer

P = ParamSpec("P")

app = typer.Typer(
    help="Where, when and how surely High Impact Crimes concentrate.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _plainly(command: Callable[P, None]) -> Callable[P, None]:
    """Let a command end with one clear message and exit code 1, never with a traceback."""

    @functools.wraps(command)
    def guarded(*args: P.args, **kwargs: P.kwargs) -> None:
        from hicgeo.errors import HicgeoError

        try:
            command(*args, **kwargs)
        except (typer.Exit, typer.Abort):
            raise
        except HicgeoError as error:
            _stop(f"{type(error).__name__}: {error}")
        except KeyboardInterrupt:
            print(
                "Stopped. What was finished is kept; the same command goes on from there.", file=sys.stderr, flush=True
            )
            os._exit(130)  # a kernel in the middle of a cell would hold the exit; it ends when this process is gone
        except BrokenPipeError:  # the reader of our text (head, less) has seen enough
            os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
        except Exception as error:  # whatever it is, the user gets one message, and the engineer the log
            _stop(f"Stopped by an error that hicgeo does not know ({type(error).__name__}). Full report: {_log()}")

    return guarded


def _say(message: str, *, err: bool = False) -> None:
    """Show a message; signs in names that would command the terminal are spelled out."""
    from hicgeo.errors import visible

    typer.echo(visible(message), err=err)


def _stop(message: str) -> None:
    _say(message, err=True)
    raise typer.Exit(1)


def _log() -> str:
    """Write the current traceback where only this user's own folder holds it, and return its name."""
    from hicgeo.errors import HicgeoError
    from hicgeo.suite._project import find_root, relative

    try:
        root = find_root()
        log = root / "data" / "private" / "hicgeo-error.log"
        log.parent.mkdir(parents=True, exist_ok=True)
        log.write_text(traceback.format_exc(), encoding="utf-8")
        return relative(log, root)
    except (HicgeoError, OSError):
        with tempfile.NamedTemporaryFile("w", prefix="hicgeo-", suffix=".log", delete=False, encoding="utf-8") as file:
            file.write(traceback.format_exc())
        return file.name


def _version(asked: bool) -> None:
    if asked:
        import hicgeo

        _say(f"hicgeo {hicgeo.__version__}")
        raise typer.Exit


@app.callback()
def _main(
    version: Annotated[bool, typer.Option("--version", callback=_version, is_eager=True, help="Show it.")] = False,
) -> None:
    pass


@app.command()
@_plainly
def run(
    run: Annotated[
        str | None, typer.Argument(help="Run file, or its name in data/runs.", show_default="sample")
    ] = None,
    only: Annotated[
        list[str] | None, typer.Option(help="Only this notebook (name or number); may be repeated.")
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Run also what has not changed.")] = False,
    jobs: Annotated[int, typer.Option(min=1, help="Notebooks that run side by side.")] = 2,
) -> None:
    """Run the notebooks of a run, and write maps/<run>/index.html."""
    from hicgeo.suite._project import relative
    from hicgeo.suite.execute import run_suite

    result = run_suite(run, only=tuple(only or ()), force=force, jobs=jobs)
    root = result.index.parents[2]
    if result.skipped:
        _say(f"Not changed, not run again: {', '.join(result.skipped)}")
    _say(f"Index page: {relative(result.index, root)}")
    for name, parts in result.left_out.items():
        _say(f"Left out, because it is not for everybody: {name} ({', '.join(parts)})")
    for name, failure in result.failures.items():
        _say(f"Failed: {name}. {failure}", err=True)
    if result.failures:
        raise typer.Exit(1)


@app.command()
@_plainly
def check(
    run: Annotated[
        str | None, typer.Argument(help="Run file, or its name in data/runs.", show_default="sample")
    ] = None,
) -> None:
    """Look whether a run file can be run, without running it: every fault, and where it stands."""
    from hicgeo.suite.check import check_run

    checked = check_run(run)
    _say(str(checked))
    if checked.faults:
        raise typer.Exit(1)


@app.command()
@_plainly
def schema(
    write: Annotated[Path | None, typer.Option(help="Where to write it; to the screen when left out.")] = None,
) -> None:
    """Give the JSON Schema of run files, with which an editor completes and checks them as you type."""
    from hicgeo.suite.check import schema_text

    text = schema_text()
    if write is None:
        typer.echo(text, nl=False)
        return
    from hicgeo.output._write import write_bytes

    written = write_bytes(write, text.encode())
    _say(f"Written: {written.name}. First line of a run file: # yaml-language-server: $schema={written.name}")


@app.command()
@_plainly
def intake(
    file: Annotated[str, typer.Argument(help="An export: a file, or the address of a database.")],
    write: Annotated[Path | None, typer.Option(help="Where to write the part `incidents` of a run file.")] = None,
    sheet: Annotated[str | None, typer.Option(help="Sheet of a workbook.")] = None,
    layer: Annotated[str | None, typer.Option(help="Layer of a GeoPackage; table of a database.")] = None,
    query: Annotated[str | None, typer.Option(help="One SELECT to a database.")] = None,
    encoding: Annotated[str | None, typer.Option(help="Encoding of a text file.")] = None,
) -> None:
    """Look at an unknown export, and propose how to read it."""
    import hicgeo

    proposal = hicgeo.propose_intake(file, sheet=sheet, layer=layer, query=query, encoding=encoding)
    _say(str(proposal))
    if write is not None:
        try:
            with write.open("x", encoding="utf-8", newline="\n") as out:
                out.write(proposal.to_yaml(_seen_from(file, write.resolve().parent)))
        except OSError as error:
            said = "it is there already" if isinstance(error, FileExistsError) else error.strerror
            _stop(f"{write.name} must be a new file; {said}; name another")
        _say(
            f"\nWritten: {write.name}. Settle the lines that begin with #: date and period are yours to declare. Then "
            "put it in a run file (a copy of data/runs/sample.yml) in the same folder, where its path starts, and look "
            "at that: hicgeo check RUN."
        )
    if len(proposal.unsettled) or proposal.refused:
        raise typer.Exit(2)


def _seen_from(file: str, folder: Path) -> str:
    """Path of a file as one in that folder names it; an address as it stands, without its password."""
    if "://" in file:
        return re.sub(r"(://[^/@:]*):[^/@]*@", r"\1@", file)
    return Path(os.path.relpath(file, folder)).as_posix()


@app.command()
@_plainly
def audit(
    file: Annotated[Path, typer.Argument(help="A page, a table or a file with geometry that is to leave the house.")],
    run: Annotated[str | None, typer.Option(help="Look for the incidents of this run in it.")] = None,
) -> None:
    """Check a finished file: what it requests, runs and gives away."""
    import hicgeo
    from hicgeo.suite._recognised import borders_of

    opened = hicgeo.open_run(run) if run is not None else None
    points = opened.intake if opened is not None else None
    report = hicgeo.audit_html(
        file,
        incidents=points.incidents if points is not None else None,
        neighbourhoods=borders_of(opened) if opened is not None else None,
    )
    for rule, passed, detail in zip(report["rule"], report["pass"], report["detail"], strict=True):
        _say(f"{'pass' if passed else 'FAIL'}  {rule}{': ' + detail if detail else ''}")
    if points is None:
        _say("Not looked for: places and numbers of incidents. Name a run that starts from points (--run).")
    if not report["pass"].all():
        raise typer.Exit(1)


@app.command()
@_plainly
def purge(
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
) -> None:
    """Remove the work data and results of runs whose time to keep them (retain_until) is over."""
    from datetime import date

    from hicgeo.suite._exports import expired, remove
    from hicgeo.suite._project import find_root, relative

    root = find_root()
    runs, unread = expired(root, date.today())
    for name in unread:
        _say(f"Not known until when it may be kept, so not removed: {name}", err=True)
    if not runs:
        _say("Nothing is past its retention.")
        return
    for each in runs:
        places = ", ".join(relative(folder, root) for folder in each.folders)
        _say(f"{each.run}: to be kept until {each.retain_until}: {places}")
    if not yes:
        typer.confirm("Remove these folders?", abort=True)
    kept = remove(runs)
    # a report of an error may hold what the error was about
    root.joinpath("data", "private", "hicgeo-error.log").unlink(missing_ok=True)
    if kept:
        _stop(f"Not removed: {', '.join(kept)}. Close the programs that have these open, and call purge again.")
    _say(f"Removed. The list of exports stays: {relative(root.joinpath('data', 'private', 'exports.jsonl'), root)}")


@app.command()
@_plainly
def sample(
    seed: Annotated[int, typer.Option(min=0, help="Another seed is another city.")] = 42,
    folder: Annotated[Path | None, typer.Option(help="Where to write.", show_default="data/sample")] = None,
) -> None:
    """Write the files of the fictional sample city."""
    from hicgeo.suite._project import find_root, make_sample

    make_sample(folder.resolve() if folder else find_root() / "data" / "sample", seed=seed)


@app.command()
@_plainly
def lab() -> None:
    """Open JupyterLab on the notebooks."""
    import subprocess

    from hicgeo.suite._project import find_root

    root = find_root()
    command = [sys.executable, "-m", "jupyterlab", str(root / "notebooks")]
    raise typer.Exit(subprocess.run(command, check=False).returncode)  # noqa: S603 - nothing of the user's in it
