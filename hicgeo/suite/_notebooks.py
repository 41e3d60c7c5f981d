"""Notebooks: what they ask for, how one is run by this interpreter, and how it is kept without rows of incidents."""

from __future__ import annotations

import ast
import asyncio
import base64
import contextlib
import json
import re
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import hicgeo.errors
from hicgeo.errors import ConfigError, HicgeoError, visible
from hicgeo.output._unpack import unreadable
from hicgeo.output._write import write_bytes
from hicgeo.suite._run_file import nearest

RESERVED = ("run", "municipality")
"""Parameters that the suite fills in; every notebook has them."""

TIMEOUT_SECONDS = 3600
"""A cell that takes longer has hung."""

START_SECONDS = 300
"""A busy machine takes longer than the usual minute to start a kernel."""

_MONTHS = "jan|feb|mrt|maart|mar|apr|mei|may|jun|jul|aug|sep|okt|oct|nov|dec"
_ROW_LEVEL = re.compile(
    r"incident_id|address_key|\bPOINT\s*\(|\d{4}[-/]\d{2}[-/]\d{2}[ T]\d{2}[:.]\d{2}"
    rf"|\b\d{{1,2}}[-/. ](?:\d{{1,2}}|(?:{_MONTHS})[a-z]*)\.?[-/. ]\d{{4}},? (?:om )?\d{{1,2}}[:.]\d{{2}}",
    re.IGNORECASE,
)
"""Marks of single incidents in what a cell shows: identity, coordinates, a moment."""

_ONE_THREAD = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")

_DIGITS = re.compile(r"(?<![\d.])(-?\d+\.\d{3})\d+")
_CELL_DIGITS = re.compile(r"(?<=<td>)(-?\d+\.\d{3})\d+(?=</td>)")
"""More digits of a part of an incident than this tell when its window began and ended."""

_ADDRESS = re.compile(r" at 0x[0-9a-fA-F]+")
_ANSI = re.compile(r"\x1b\[[0-9;]*[A-Za-z]")


@dataclass(frozen=True)
class Notebook:
    """A notebook of the suite.

    Attributes
    ----------
    path
        The `.ipynb` file.
    parameters
        Names and default values in its cell tagged `parameters`.
    code
        Type, source and tags of every cell: what decides its results. Outputs do not.
    """

    path: Path
    parameters: Mapping[str, Any]
    code: tuple[tuple[str, str, tuple[str, ...]], ...]

    @property
    def name(self) -> str:
        """Its file name without the suffix, such as 03-density-hotspots."""
        return self.path.stem

    @property
    def code_cells(self) -> int:
        """Number of code cells."""
        return sum(kind == "code" for kind, _, _ in self.code)

    @classmethod
    def read(cls, path: Path) -> Notebook:
        """Read a notebook.

        Raises
        ------
        ConfigError
            It is no notebook, or its parameters cannot be told.
        """
        # plain JSON and ast: importing papermill only to look costs more than a run in which nothing has changed
        try:
            cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
            code = tuple(
                (str(c["cell_type"]), "".join(c["source"]), tuple(c.get("metadata", {}).get("tags", ()))) for c in cells
            )
        except (OSError, ValueError, KeyError, TypeError):
            raise ConfigError(
                "a notebook must be an .ipynb file of version 4", path.name, "save it in JupyterLab"
            ) from None
        tagged = [source for kind, source, tags in code if kind == "code" and "parameters" in tags]
        if len(tagged) != 1:
            raise ConfigError(
                "a notebook must have one code cell tagged 'parameters'",
                f"{len(tagged)} in {path.name}",
                "tag the cell that gives its parameters their defaults",
            )
        try:
            body = ast.parse(tagged[0]).body
            found = {_target(line).id: ast.literal_eval(line.value) for line in body}  # type: ignore[attr-defined]
        except (SyntaxError, ValueError):
            raise ConfigError(
                "parameters must be plain values: text, numbers, True, False, None, lists",
                f"another expression in the parameters cell of {path.name}",
                "move what is computed to the next cell",
            ) from None
        lacking = [name for name in RESERVED if name not in found]
        if lacking:
            raise ConfigError(
                "a notebook must have the parameters run and municipality",
                f"{path.name} lacks {', '.join(lacking)}",
                'add run = "sample" and municipality = ""',
            )
        return cls(path, found, code)


def _target(statement: ast.stmt) -> ast.Name:
    """Name that a statement of the parameters cell gives a value; ValueError when it does anything else."""
    match statement:
        case ast.Assign(targets=[ast.Name() as name]) | ast.AnnAssign(target=ast.Name() as name, value=ast.expr()):
            return name
    raise ValueError("not an assignment of one name")


def pick(names: Iterable[str], available: Sequence[str], what: str) -> list[str]:
    """Full names of notebooks given by name, file name or number.

    Parameters
    ----------
    names
        Such as "03-density-hotspots", "03-density-hotspots.ipynb" or "03".
    available
        The full names.
    what
        Where they were asked for, for the message.

    Returns
    -------
    picked
        Full names in the order of `available`.

    Raises
    ------
    ConfigError
        A name fits none or several; all of them in one error.

    Examples
    --------
    >>> pick(["03"], ["02-rates", "03-density"], "--only")
    ['03-density']
    """
    found, faults = set(), []
    for name in names:
        stem = name.removesuffix(".ipynb")
        fits = [stem] if stem in available else [full for full in available if full.startswith(stem)]
        if len(fits) == 1:
            found.add(fits[0])
        else:
            faults.append(f"{name!r} fits {len(fits) or 'none'} ({nearest(name, fits or available)})")
    if faults:
        raise ConfigError(f"{what} must name notebooks of the suite", "; ".join(faults), "use the name or its number")
    return [full for full in available if full in found]


def check_parameters(
    notebooks: Sequence[Notebook], given: Mapping[str, Mapping[str, Any]]
) -> dict[str, dict[str, Any]]:
    """Values for the parameters of each notebook, after refusing what no notebook knows.

    Parameters
    ----------
    notebooks
        All notebooks of the suite.
    given
        Name or number of a notebook to names and values of parameters.

    Returns
    -------
    values
        Full name of every notebook to the values given for it.

    Raises
    ------
    ConfigError
        An unknown notebook or parameter, or a value of another type than the default; all in one error.
    """
    available = {notebook.name: notebook for notebook in notebooks}
    values: dict[str, dict[str, Any]] = {name: {} for name in available}
    faults = []
    for name, parameters in given.items():
        try:
            (full,) = pick([name], list(available), "parameters")
        except ConfigError as error:
            faults.append(error.given)
            continue
        known = available[full].parameters
        free = sorted(set(known) - set(RESERVED))
        for parameter, value in parameters.items():
            if parameter in RESERVED:
                faults.append(f"{full}: {parameter!r} is filled in by the run")
            elif parameter not in known:
                faults.append(f"{full}: unknown {parameter!r} ({nearest(parameter, free)})")
            elif not _same_type(value, known[parameter]):
                faults.append(
                    f"{full}: {parameter!r} must be {type(known[parameter]).__name__}, not {type(value).__name__}"
                )
            else:
                values[full][parameter] = float(value) if isinstance(known[parameter], float) else value
    if faults:
        raise ConfigError(
            "parameters must be those of the notebooks, with values of the type of the default",
            "; ".join(faults),
            "correct them under `parameters` in the run file",
        )
    return values


def _same_type(value: Any, default: Any) -> bool:
    if default is None or value is None:
        return default is None
    if isinstance(default, float):
        return isinstance(value, int | float) and not isinstance(value, bool)
    return type(value) is type(default)


@dataclass(frozen=True)
class Failure:
    """Why a notebook failed, in words that may be shown: never the content of a row.

    Attributes
    ----------
    error
        Class of the error.
    expected, given, remedy
        The three parts of an error of hicgeo; for another error what can be said without its message.
    """

    error: str
    expected: str
    given: str
    remedy: str

    def __str__(self) -> str:
        return f"{self.expected}. Given: {self.given}. To do: {self.remedy}."


def execute(
    notebook: Notebook,
    parameters: Mapping[str, Any],
    *,
    environment: Mapping[str, str],
    target: Path,
    log: Path,
    on_cell: Callable[[], None],
    speaks: Callable[[str], bool],
    outward: bool,
) -> Failure | None:
    """Run a notebook from its own folder in a fresh kernel, and keep it at `target` without row-level output.

    Parameters
    ----------
    notebook
        What to run.
    parameters
        Values that replace its defaults.
    environment
        Variables for its kernel, besides those of this process.
    target
        Where the executed notebook is kept.
    log
        Where, in the private folder, the full report of a failure goes. The raw notebook is written beside it
        while it runs, and removed.
    on_cell
        Called after each code cell.
    speaks
        Tells whether a text speaks of an incident of the run; such a text is not kept. Asked when all cells have run.
    outward
        Whether others than the analyst will see it: then of pictures only those of hicgeo are kept.

    Returns
    -------
    failure
        Nothing when all went well.
    """
    import papermill
    from papermill.exceptions import PapermillExecutionError

    log.parent.mkdir(parents=True, exist_ok=True)
    log.unlink(missing_ok=True)
    raw = log.with_suffix(".ipynb")
    failure = None
    try:
        papermill.execute_notebook(
            str(notebook.path),
            str(raw),
            parameters=dict(parameters),
            kernel_name="python3",
            language="python",
            progress_bar=False,
            start_timeout=START_SECONDS,
            execution_timeout=TIMEOUT_SECONDS,
            kernel_manager_class=_kernel_manager(environment),
            resources={"metadata": {"path": str(notebook.path.parent)}},
            on_cell_executed=lambda **_: on_cell(),
        )
    except PapermillExecutionError as error:
        failure = _failure(error.ename, error.evalue, f"cell {error.cell_index + 1} of {notebook.name}", log, speaks)
        text = "\n".join(error.traceback) or f"{error.ename}: {error.evalue}"
        write_bytes(log, visible(_ANSI.sub("", text)).encode())
    except Exception as error:  # a kernel that dies or hangs, whatever the cause, is one failed notebook
        failure = _failure(type(error).__name__, "", notebook.name, log, speaks)
        write_bytes(log, visible(f"{type(error).__name__}: {error}\n").encode())
    finally:
        _close_loop()
        if raw.exists():
            content = json.loads(raw.read_text(encoding="utf-8"))
            raw.unlink()
            kept = without_rows(content, speaks, outward=outward)
            write_bytes(target, json.dumps(kept, ensure_ascii=False, indent=1).encode() + b"\n")
    return failure


def _close_loop() -> None:
    """Close the event loop that Jupyter opens in every thread that runs a kernel, and leaves open."""
    with contextlib.suppress(RuntimeError):  # there is none
        asyncio.get_event_loop().close()
        asyncio.set_event_loop(None)


def _kernel_manager(environment: Mapping[str, str]) -> type:
    """Kernel manager that starts this interpreter, whatever kernels are registered on the computer."""
    from jupyter_client.kernelspec import KernelSpec
    from jupyter_client.manager import AsyncKernelManager

    launch = ["-m", "ipykernel_launcher", "-f", "{connection_file}", "--HistoryManager.enabled=False", "--log-level=50"]
    spec = KernelSpec(
        argv=[sys.executable, *launch],
        display_name="Python 3",
        language="python",
        metadata={"supported_encryption": ["curve"]},
        # one thread per kernel: notebooks run side by side, and sums keep their last bits
        env={**dict.fromkeys(_ONE_THREAD, "1"), "PYTHONHASHSEED": "0", **environment},
    )

    class ThisInterpreter(AsyncKernelManager):
        kernel_spec = spec

    return ThisInterpreter


def _failure(name: str, message: str, where: str, log: Path, speaks: Callable[[str], bool]) -> Failure:
    """Say what may be said of an error: what ours says unless it is of an incident, only the class of another."""
    ours = getattr(hicgeo.errors, name, None)
    parts = re.fullmatch(r"(.*?)\. Given: (.*)\. To do: (.*)\.", message, re.DOTALL)
    if isinstance(ours, type) and issubclass(ours, HicgeoError) and parts and not _row_level(message, speaks):
        return Failure(name, *parts.groups())
    return Failure(
        name,
        "every notebook must run to its end",
        f"{name} in {where}",
        f"read {log.parent.name}/{log.name} in the private folder",
    )


def without_rows(notebook: Mapping[str, Any], speaks: Callable[[str], bool], *, outward: bool) -> dict[str, Any]:
    """Copy of an executed notebook without anything that speaks of single incidents, times of running or this computer.

    Parameters
    ----------
    notebook
        Notebook of format 4, as read from JSON.
    speaks
        Tells whether a text speaks of an incident of the run.
    outward
        Whether others than the analyst will see it: then pictures that hicgeo did not draw are notes too, and so is
        all else that cannot be read.

    Returns
    -------
    notebook
        Cells tagged `private` have no output; an output that shows an identity, a point or a moment, or an
        incident of the run in another way, is a note instead. Errors keep their class, and their message when it is one
        of hicgeo's and not of an incident. What papermill and Jupyter note about
        time, place and run is gone, so that equal runs give equal files.
    """
    cells = []
    for number, cell in enumerate(notebook["cells"]):
        tags = cell.get("metadata", {}).get("tags", [])
        kept = {**cell, "id": f"cell-{number + 1}", "metadata": {"tags": tags} if tags else {}}
        if cell["cell_type"] == "code":
            outputs = (
                [] if "private" in tags else [_shareable(output, speaks, outward) for output in cell.get("outputs", [])]
            )
            kept["outputs"] = [output for output in outputs if output is not None]
        cells.append(kept)
    metadata = {
        key: value for key, value in notebook.get("metadata", {}).items() if key in ("kernelspec", "language_info")
    }
    return {**notebook, "metadata": metadata, "cells": cells}


def _shareable(output: Mapping[str, Any], speaks: Callable[[str], bool], outward: bool) -> dict[str, Any] | None:
    if output["output_type"] == "error":
        where, log = "this cell", Path("logs/this notebook")
        failure = _failure(output.get("ename", ""), output.get("evalue", ""), where, log, speaks)
        return {"output_type": "error", "ename": failure.error, "evalue": str(failure), "traceback": []}
    if output["output_type"] == "stream":
        text = output.get("text", "")
        text = text if isinstance(text, str) else "".join(text)
        if output.get("name") == "stderr":  # of a warning, what it says; not the path of a file on this computer
            text = "".join(f"{line}\n" for line in re.findall(r"\w*Warning: .*", text))
        return _guarded({**output, "text": text}, [text], speaks) if text else None
    data = {kind: content for kind, content in output.get("data", {}).items() if kind.startswith(("text/", "image/"))}
    for kind, content in data.items():
        if kind.startswith("text/"):  # an address in memory says nothing, and is another one every time
            said = _ADDRESS.sub("", content if isinstance(content, str) else "".join(content))
            data[kind] = (_DIGITS if kind == "text/plain" else _CELL_DIGITS).sub(r"\1", said)
    if outward and any(map(_unread, data, data.values())):
        return _note("a picture, or something else that cannot be read, which hicgeo did not make")
    texts = [content for kind, content in data.items() if kind.startswith("text/")]
    return _guarded({**output, "data": data, "metadata": {}}, texts, speaks)


def _row_level(text: str, speaks: Callable[[str], bool]) -> bool:
    return bool(_ROW_LEVEL.search(text)) or speaks(text)


def _guarded(output: dict[str, Any], texts: Iterable[str], speaks: Callable[[str], bool]) -> dict[str, Any]:
    """Give the output, or a note in its place when one of its texts shows a single incident."""
    if any(_row_level(text, speaks) for text in texts):
        return _note("rows of single incidents")
    return output


def _note(what: str) -> dict[str, Any]:
    return {"output_type": "stream", "name": "stdout", "text": f"[left out: {what}]\n"}


def _unread(kind: str, content: Any) -> bool:
    """Tell whether an output may hold incidents that nobody can look for."""
    if kind not in ("text/html", "text/markdown", "image/png"):
        return not kind.startswith("text/")
    said = content if isinstance(content, str) else "".join(content)
    return bool(unreadable(base64.b64decode(said) if kind == "image/png" else said.encode()))
