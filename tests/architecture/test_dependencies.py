"""What the code imports is what the package declares and the locks pin."""

from __future__ import annotations

import ast
import re
import sys
import tomllib
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
OURS = {"alphapulse", "alphapulse_web"}


def _normal(requirement: str) -> str:
    return re.sub(r"[-_.]+", "-", re.split(r"[\s<>=!~;\[]", requirement, maxsplit=1)[0]).lower()


def _locked(name: str) -> dict[str, str]:
    """Every pinned distribution of a lock file with its version."""
    text = (ROOT / "requirements" / name).read_text("utf-8")
    return dict(re.findall(r"^([a-z0-9-]+)==(\S+)", text, flags=re.MULTILINE))


def _imported(folder: Path) -> dict[str, str]:
    """Foreign top-level modules imported below `folder`, each with one file that does so."""
    found: dict[str, str] = {}
    for path in sorted(folder.rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            if isinstance(node, ast.ImportFrom) and node.module:
                names = [node.module]
            for name in names:
                found.setdefault(name.partition(".")[0], path.relative_to(ROOT).as_posix())
    return {name: path for name, path in found.items() if name not in sys.stdlib_module_names | OURS}


def _declared() -> set[str]:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    return {_normal(requirement) for requirement in project["dependencies"]}


@pytest.mark.parametrize("folder", ["alphapulse", "web/alphapulse_web"])
def test_every_import_is_declared(folder: str) -> None:
    """A module that the code imports belongs to a distribution named in pyproject.toml."""
    owners = packages_distributions()
    declared = _declared()
    undeclared = {
        name: path
        for name, path in _imported(ROOT / folder).items()
        if declared.isdisjoint(_normal(owner) for owner in owners.get(name, []))
    }
    assert undeclared == {}


def test_locks_pin_what_is_declared() -> None:
    """Each declared dependency and the build backend is pinned in the runtime lock."""
    assert _declared() | {"hatchling", "editables"} <= _locked("runtime.txt").keys()


def test_development_lock_agrees_with_the_runtime_lock() -> None:
    """The tests run against the very versions that an operator runs."""
    assert _locked("runtime.txt").items() <= _locked("dev.txt").items()


@pytest.mark.parametrize("lock", ["runtime.txt", "dev.txt"])
def test_lock_names_no_index(lock: str) -> None:
    """A lock holds names, versions and hashes; where they come from is the reader's own setting."""
    lines = (ROOT / "requirements" / lock).read_text("utf-8").splitlines()
    assert [line for line in lines if line.startswith("-") or "://" in line] == []
    pins = [index for index, line in enumerate(lines) if "==" in line]
    assert pins
    assert all(lines[index + 1].lstrip().startswith("--hash=sha256:") for index in pins)
