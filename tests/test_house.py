"""The house rules, read from the source itself."""

import ast
import importlib
import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

import hicgeo
from hicgeo import errors

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "hicgeo"
MODULES = sorted(PACKAGE.rglob("*.py"))
NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.ipynb"))
GROUND = {"errors", "schema", "grid"}
WINGS = {"sources", "analysis", "output"}
DRIVERS = {"suite", "scale"}
FLOORS = {
    "_threads": -1,
    "_compiled_timing": -1, "_compiled_seasons": -1, "_compiled_density": -1, "_compiled": -1,
    "_compiled_hotspots": -1, "_compiled_near_repeat": -1, "_compiled_clusters": -1, "_sun": 0, "_kernels": 0,
    "_locate": 0, "_inference": 0, "_mixture": 0, "_scan": 0, "_scores": 0, "timing": 1, "join": 1, "_norm": 1,
    "counting": 2, "vintages": 2, "density": 2, "_events": 2, "season_groups": 3, "season_areas": 3, "darkness": 3,
    "_past": 3, "bandwidths": 3, "risk": 3, "rates": 3, "change": 4, "concentration": 3, "hotspots": 3,
    "local_statistics": 3, "seasons": 3, "outlook": 3, "near_repeat": 3, "chains": 3, "clusters": 3, "context": 3,
    "emerging": 4, "backtest": 4, "intervention": 4, "ranking": 4, "victims": 4, "targets": 5, "controls": 5,
    "interrupted": 5, "operation": 6,
}  # fmt: skip


def room(path):
    return ".".join(path.relative_to(PACKAGE).with_suffix("").parts).removesuffix(".__init__")


def ours(path):
    """Modules of hicgeo that a module imports, inside functions too, as (dotted name, for types only)."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    typing_only = {
        id(node)
        for test in ast.walk(tree)
        if isinstance(test, ast.If) and ast.unparse(test.test) == "TYPE_CHECKING"
        for node in ast.walk(test)
    }
    for node in ast.walk(tree):
        names = []
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.level == 0:
            names = [f"{node.module}.{alias.name}" for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            here = ["hicgeo", *path.relative_to(PACKAGE).parts[:-1]]
            base = here[: len(here) - node.level + 1] + ([node.module] if node.module else [])
            names = [".".join([*base, alias.name]) for alias in node.names]
        for name in names:
            if name.split(".")[0] == "hicgeo":
                yield name.removeprefix("hicgeo").lstrip("."), id(node) in typing_only


def allowed(importer, imported):
    """Whether the rules let one room import from another; both dotted, without hicgeo."""
    start, target = importer.split("."), imported.split(".")
    if target[0] in GROUND:
        return True
    if start[0] in GROUND or not target[0]:
        return start[0] in DRIVERS  # the facade is for users and drivers
    if start[0] in DRIVERS:
        return True
    if target[0] != start[0]:
        return False
    if start[0] == "analysis" and len(target) > 1 and target[1] in FLOORS:
        return FLOORS[target[1]] < FLOORS[start[1]]
    return True


@pytest.mark.parametrize("path", MODULES, ids=room)
def test_a_room_imports_only_from_where_it_may(path):
    importer = room(path)
    if importer == "":
        return  # the facade; its names are tested below
    assert [name for name, _ in ours(path) if not allowed(importer, name)] == []


def test_the_rule_on_imports_can_refuse():
    assert not allowed("sources.incidents", "analysis.join")
    assert not allowed("output.maps", "sources.counts")
    assert not allowed("analysis.join", "analysis.rates")
    assert not allowed("grid", "output._write")
    assert not allowed("analysis.rates", "")
    assert allowed("suite.run", "output.maps")
    assert allowed("analysis.rates", "analysis.join")


def test_every_room_of_the_analysis_has_a_floor():
    names = {path.stem for path in (PACKAGE / "analysis").glob("*.py")} - {"__init__"}
    assert names <= set(FLOORS)


def test_only_output_draws():
    drawing = re.compile(r"^\s*(?:import|from) (?:folium|matplotlib|branca)\b", re.MULTILINE)
    found = {room(path) for path in MODULES if drawing.search(path.read_text(encoding="utf-8"))}
    assert {name for name in found if not name.startswith("output.")} == set()


def test_imports_make_no_circle():
    rooms = {room(path) for path in MODULES}
    graph = {}
    for path in MODULES:
        graph[room(path)] = {
            target
            for name, typing_only in ours(path)
            if not typing_only
            for target in [name if name in rooms else name.rpartition(".")[0]]
            if target in rooms and target and target != room(path)
        }
    done, open_now = set(), []

    def visit(name):
        assert name not in open_now, " -> ".join([*open_now, name])
        if name not in done:
            open_now.append(name)
            for target in sorted(graph[name]):
                visit(target)
            open_now.pop()
            done.add(name)

    for name in sorted(graph):
        visit(name)


@pytest.mark.parametrize("path", MODULES, ids=room)
def test_a_module_is_one_room(path):
    text = path.read_text(encoding="utf-8")
    assert len(text.splitlines()) <= 600
    assert path.stem not in ("utils", "helpers", "common", "misc")
    assert not re.search(r"^\s*from \S+ import \*", text, re.MULTILINE)
    assert ast.get_docstring(ast.parse(text)), "a module says what it is for"


def test_import_is_instant_and_loads_nothing_heavy():
    code = "import sys, time; t = time.perf_counter(); import hicgeo; print(time.perf_counter() - t, *sys.modules)"
    seconds, *loaded = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    ).stdout.split()
    heavy = {"folium", "matplotlib", "numba", "sklearn", "pandera", "pandas", "geopandas", "papermill", "typer"}
    assert heavy & set(loaded) == set()
    assert float(seconds) < 0.5  # about 0.01 s on an idle machine


# the facade

STUB = ast.parse((PACKAGE / "__init__.pyi").read_text(encoding="utf-8"))
FACADE = sorted(alias.name for node in STUB.body if isinstance(node, ast.ImportFrom) for alias in node.names)


@pytest.mark.parametrize("name", FACADE)
def test_a_public_name_resolves_and_has_a_documented_home(name):
    found = getattr(hicgeo, name)
    assert found.__doc__, name
    assert found.__module__.startswith("hicgeo.")


def test_the_facade_names_everything_once():
    listed = next(
        ast.literal_eval(node.value)
        for node in STUB.body
        if isinstance(node, ast.Assign) and getattr(node.targets[0], "id", "") == "__all__"
    )
    assert sorted(listed) == FACADE
    assert set(dir(hicgeo)) >= set(FACADE)


# docstrings


def public_functions():
    """Every public function and method, as (label, node, whether the facade exports it)."""
    for path in MODULES:
        if path.stem.startswith("_") and path.stem != "__init__":
            continue
        tree = ast.parse(path.read_text(encoding="utf-8"))
        scopes = [("", tree.body)]
        scopes += [
            (f"{node.name}.", node.body)
            for node in tree.body
            if isinstance(node, ast.ClassDef) and not node.name.startswith("_")
        ]
        for prefix, body in scopes:
            for node in body:
                if isinstance(node, ast.FunctionDef) and not node.name.startswith("_"):
                    decorators = {ast.unparse(each).split("(")[0] for each in node.decorator_list}
                    if any(each.startswith(("app.", "typing.")) or each.endswith(".setter") for each in decorators):
                        continue  # a command of the terminal has its own help
                    yield f"{room(path)}.{prefix}{node.name}", node, not prefix and node.name in FACADE


FUNCTIONS = {label: (node, exported) for label, node, exported in public_functions()}


def raised_in(function):
    """Names of exception classes that the body of a function raises itself."""
    names = set()
    for node in ast.walk(function):
        if isinstance(node, ast.Raise) and node.exc is not None:
            call = node.exc.func if isinstance(node.exc, ast.Call) else node.exc
            name = call.attr if isinstance(call, ast.Attribute) else getattr(call, "id", "")
            if name.endswith("Error") or name in vars(errors):
                names.add(name)
    return names


def section(function, title):
    """Text of one numpydoc section, empty when there is none."""
    text = ast.get_docstring(function) or ""
    match = re.search(rf"^{title}\n-+\n(.*?)(?=^\S[^\n]*\n-{{3,}}\n|\Z)", text, re.MULTILINE | re.DOTALL)
    return match[1] if match else ""


@pytest.mark.parametrize("label", FUNCTIONS)
def test_what_is_raised_is_documented(label):
    function, _ = FUNCTIONS[label]
    documented = set(re.findall(r"^(\w+)$", section(function, "Raises"), re.MULTILINE))
    assert raised_in(function) - documented == set()


@pytest.mark.parametrize("label", [label for label, (_, exported) in FUNCTIONS.items() if exported])
def test_a_public_verb_is_documented_in_full(label):
    function, _ = FUNCTIONS[label]
    arguments = function.args
    names = [each.arg for each in (*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs)]
    described = set(
        re.findall(r"\w+", " ".join(re.findall(r"^(\S.*)$", section(function, "Parameters"), re.MULTILINE)))
    )
    assert set(names) - described == set(), "every argument is described"
    if ast.unparse(function.returns or ast.Constant(None)) != "None":
        assert section(function, "Returns")
    assert section(function, "Examples") or section(function, "Notes"), "an example, or its assumptions and cost"


def test_the_reader_of_docstrings_can_find_a_fault():
    docstring = "Do.\n\n    Raises\n    ------\n    KeyError\n        Never.\n"
    function = ast.parse(f"def f(x):\n    {docstring!r}\n    raise ValueError(x)").body[0]
    assert raised_in(function) == {"ValueError"}
    assert re.findall(r"^(\w+)$", section(function, "Raises"), re.MULTILINE) == ["KeyError"]


# notebooks


def test_the_readme_names_every_verb_and_every_benchmark_it_has():
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    verbs = [name for name in FACADE if name[0].islower() and not name.startswith("plot_")]
    assert [name for name in verbs if not re.search(rf"\b{name}\b", readme)] == []
    pages = re.findall(r"\(((?:benchmarks|fuzz|maps)/[^)#]+)\)", readme)
    assert pages
    assert [page for page in pages if not (ROOT / page).exists()] == []


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_a_notebook_is_thin_stripped_and_parameterised(path):
    content = json.loads(path.read_text(encoding="utf-8"))
    assert re.fullmatch(r"\d\d-[a-z-]+", path.stem)
    assert content["metadata"]["kernelspec"]["name"] == "python3"
    assert content["cells"][0]["cell_type"] == "markdown"
    code = [cell for cell in content["cells"] if cell["cell_type"] == "code"]
    assert [cell for cell in code if cell["outputs"] or cell["execution_count"] is not None] == []
    assert sum("parameters" in cell["metadata"].get("tags", []) for cell in code) == 1
    source = "\n".join("".join(cell["source"]) for cell in code)
    lines = [line for line in source.splitlines() if line.strip() and not line.strip().startswith("#")]
    assert len(lines) <= 60
    assert not re.search(r"^\s*def |sys\.path|https?://", source, re.MULTILINE)
    assert re.search(r"^\s*assert ", "".join(code[-1]["source"]), re.MULTILINE), "it ends with asserts"
    assert importlib.import_module("hicgeo.suite._notebooks").Notebook.read(path).parameters["municipality"] == ""


# what is committed


def tracked():
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT, capture_output=True, check=False,
    )  # fmt: skip
    if listed.returncode:
        pytest.skip("not a git checkout")
    return [ROOT / name for name in listed.stdout.decode().split("\0") if name and (ROOT / name).is_file()]


def test_no_file_knows_this_computer_or_a_registry():
    hosts = r"pythonhosted\.org|//(?:www\.)?pypi\.|anaconda\.(?:org|com)|artifactory|devpi"
    # split, so that this file does not find itself
    wrong = re.compile(
        r"(?:/home" + r"/|/Us" + r"ers/|/ro" + r"ot/|/wo" + r"rk/|[A-Z]:\\\\?Users)|" + hosts, re.IGNORECASE
    )
    found = []
    for path in tracked():
        if path == Path(__file__) or path.suffix == ".png":
            continue
        text = path.read_text(encoding="utf-8", errors="replace")
        found += [f"{path.relative_to(ROOT)}: {match[0]}" for match in [wrong.search(text)] if match]
    assert found == []


def test_nothing_large_or_private_is_committed():
    paths = tracked()
    private = [p for p in paths if p.relative_to(ROOT).as_posix().startswith(("data/sample/", "data/private/"))]
    assert private == []
    assert [path for path in paths if path.stat().st_size > 2_000_000] == []
