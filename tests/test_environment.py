"""The three lists of dependencies tell the same story."""

import re
import tomllib

import yaml
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version

CONDA_NAMES = {"matplotlib-base": "matplotlib", "python-tzdata": "tzdata"}
REGISTRIES = re.compile(r"https?://|--(extra-)?index-url|--find-links", re.IGNORECASE)


def declared(root):
    project = tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8"))
    return project, {canonicalize_name(r.name): r for r in map(Requirement, project["project"]["dependencies"])}


def locked(root):
    found = {}
    for entry in re.split(r"\n(?=\S)", (root / "requirements.lock").read_text(encoding="utf-8")):
        if match := re.match(r"([A-Za-z0-9._-]+)==([^\s;\\]+)", entry):
            found.setdefault(canonicalize_name(match[1]), []).append((Version(match[2]), entry))
    return found


def test_every_dependency_says_why(root):
    text = (root / "pyproject.toml").read_text(encoding="utf-8")
    block = text[text.index("\ndependencies = [") : text.index("\n]\n", text.index("\ndependencies = ["))]
    lines = [line for line in block.splitlines() if line.strip().startswith('"')]
    assert len(lines) > 20
    assert [line for line in lines if not re.search(r"#\s+\w+", line)] == []


def test_conda_users_get_the_same_names_and_lower_bounds(root):
    project, ours = declared(root)
    content = yaml.safe_load((root / "environment.yml").read_text(encoding="utf-8"))["dependencies"]
    conda = [line for line in content if isinstance(line, str)]
    pip = next(line["pip"] for line in content if isinstance(line, dict))
    theirs = {}
    for line in [*conda, *pip]:
        name, _, bound = line.partition(">=")
        theirs[CONDA_NAMES.get(name, name)] = bound
    assert theirs.pop("python") == project["project"]["requires-python"].removeprefix(">=")
    assert theirs.pop("pip") == ""
    assert theirs == {name: str(requirement.specifier).removeprefix(">=") for name, requirement in ours.items()}


def test_the_lock_satisfies_what_is_declared(root):
    project, ours = declared(root)
    versions = locked(root)
    dev = {canonicalize_name(r.name): r for r in map(Requirement, project["dependency-groups"]["dev"])}
    for name, requirement in {**ours, **dev}.items():
        assert name in versions, name
        assert all(requirement.specifier.contains(version) for version, _ in versions[name]), name


def test_every_locked_version_has_a_hash_and_none_an_address(root):
    text = (root / "requirements.lock").read_text(encoding="utf-8")
    versions = locked(root)
    assert len(versions) > 50
    assert [n for n, entries in versions.items() if any("--hash=sha256:" not in entry for _, entry in entries)] == []
    assert REGISTRIES.search(text) is None
