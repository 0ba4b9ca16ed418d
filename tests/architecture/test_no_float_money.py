"""Money is integers: the syntax tree of every module that handles it holds nothing that yields a float."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
FOLDERS = ("data", "rules", "execution", "portfolio")
SCREENING = "alphapulse/rules/arbitrage/screen*.py"
"""Screening may be approximate: what it lets through is computed again, exactly."""

FLOAT_FUNCTIONS = {"sqrt", "cbrt", "exp", "exp2", "expm1", "log", "log2", "log10", "log1p", "pow", "fsum", "truediv"}
"""Functions of `math` and `operator` whose result is a float."""


def _modules() -> list[str]:
    found = (path for folder in FOLDERS for path in (ROOT / "alphapulse" / folder).rglob("*.py"))
    return sorted(path.relative_to(ROOT).as_posix() for path in found if not path.relative_to(ROOT).match(SCREENING))


def _annotations(tree: ast.AST) -> set[ast.AST]:
    """All nodes inside type annotations: a type says nothing about how a value was computed."""
    roots: list[ast.AST | None] = []
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            roots.append(node.returns)
        elif isinstance(node, ast.arg | ast.AnnAssign):
            roots.append(node.annotation)
    return {inner for root in roots if root is not None for inner in ast.walk(root)}


def _floats(source: str) -> Iterator[str]:
    tree = ast.parse(source)
    annotations = _annotations(tree)
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, float | complex):
            yield f"line {node.lineno}: the literal {node.value!r}"
        elif isinstance(node, ast.BinOp | ast.AugAssign) and isinstance(node.op, ast.Div):
            yield f"line {node.lineno}: true division"
        elif isinstance(node, ast.Name) and node.id == "float" and node not in annotations:
            yield f"line {node.lineno}: float"
        elif (
            isinstance(node, ast.Attribute)
            and isinstance(node.value, ast.Name)
            and node.value.id in {"math", "operator"}
            and node.attr in FLOAT_FUNCTIONS
        ):
            yield f"line {node.lineno}: {node.value.id}.{node.attr}"
        elif isinstance(node, ast.ImportFrom) and node.module in {"math", "operator"}:
            names = sorted(FLOAT_FUNCTIONS.intersection(alias.name for alias in node.names))
            yield from (f"line {node.lineno}: {node.module}.{name}" for name in names)


@pytest.mark.parametrize("module", _modules())
def test_module_computes_money_in_integers(module: str) -> None:
    """No float literal, true division or `float` outside screening."""
    assert list(_floats((ROOT / module).read_text("utf-8"))) == []


@pytest.mark.parametrize(
    "source",
    [
        "fee = 0.003",
        "price = a / b",
        "price /= b",
        "price = float(raw)",
        "prices = map(float, raws)",
        "import math\nroot = math.sqrt(2)",
        "from math import sqrt",
        "from operator import truediv",
        "phase = 1j",
    ],
)
def test_walk_finds_floats(source: str) -> None:
    """Every way to a float that the walk knows is found."""
    assert len(list(_floats(source))) == 1


@pytest.mark.parametrize(
    "source",
    [
        "price = a // b",
        "def wait(seconds: float) -> float: ...",
        "timeout: float | None = None",
        "from math import isqrt",
    ],
)
def test_walk_leaves_integers_alone(source: str) -> None:
    """Floor division, integer roots and annotations are not floats."""
    assert list(_floats(source)) == []
