"""Nothing that was written by somebody else becomes an object or a program here."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
MODULES = frozenset({"pickle", "cPickle", "dill", "cloudpickle", "marshal", "shelve", "yaml", "ruamel", "jsonpickle"})
CALLS = frozenset({"eval", "exec", "compile", "__import__"})
FILES = sorted(path for folder in ("alphapulse", "web/alphapulse_web") for path in (ROOT / folder).rglob("*.py"))
WRITTEN_BY_US = {"alphapulse/data/wire.py", "alphapulse/rules/wire/slots.py", "alphapulse/rules/wire/source.py"}
"""The codec is composed from the data classes: the text that is compiled there is its own."""


def offences(text: str) -> set[str]:
    """What a module does that it must not."""
    found = set()
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Import):
            found |= {alias.name.partition(".")[0] for alias in node.names} & MODULES
        elif isinstance(node, ast.ImportFrom):
            found |= {(node.module or "").partition(".")[0]} & MODULES
        elif isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
            found |= {node.func.id} & CALLS
    return found


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_no_module_unpickles_or_evaluates(path: Path) -> None:
    found = offences(path.read_text(encoding="utf-8"))
    if path.relative_to(ROOT).as_posix() in WRITTEN_BY_US:
        found -= CALLS
    assert not found


@pytest.mark.parametrize(
    "text",
    ["import pickle", "from pickle import loads", "import yaml", "eval('1')", "x = exec(y)", "import a, marshal"],
)
def test_an_offence_would_be_seen(text: str) -> None:
    assert offences(text)
