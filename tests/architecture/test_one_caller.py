"""Nothing reaches an executor but through the gate: proven on the syntax trees and on the graph of imports."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PACKAGES = ("alphapulse", "web/alphapulse_web")
SUBMIT = "submit"
ENGINE = "alphapulse/execution/engine.py"
EXECUTORS = {"alphapulse.execution.executor", "alphapulse.execution.paper"}
"""Modules that define or describe an executor."""


def modules() -> Iterator[str]:
    for package in PACKAGES:
        yield from (path.relative_to(ROOT).as_posix() for path in sorted((ROOT / package).rglob("*.py")))


@cache
def tree(module: str) -> ast.Module:
    return ast.parse((ROOT / module).read_text("utf-8"))


def mentions(source: ast.AST) -> Iterator[int]:
    """Lines that could reach `submit`: the attribute in any use, the name, or its text (`getattr`)."""
    for node in ast.walk(source):
        if (
            (isinstance(node, ast.Attribute) and node.attr == SUBMIT)
            or (isinstance(node, ast.Constant) and node.value == SUBMIT)
            or (isinstance(node, ast.Name) and node.id == SUBMIT)
        ):
            yield node.lineno


def imports(source: ast.AST) -> set[str]:
    found: set[str] = set()
    for node in ast.walk(source):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found |= {node.module} | {f"{node.module}.{alias.name}" for alias in node.names}
    return found


def test_submit_is_named_in_one_place_and_called_there() -> None:
    """The engine's one call is the only mention of `submit` in both packages, under whatever spelling."""
    found = [(module, line) for module in modules() for line in mentions(tree(module))]
    assert [module for module, _ in found] == [ENGINE]
    calls = [
        node
        for node in ast.walk(tree(ENGINE))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == SUBMIT
    ]
    assert [call.lineno for call in calls] == [line for _, line in found]


@pytest.mark.parametrize(
    "source",
    ["executor.submit([])", "act = executor.submit", 'getattr(executor, "submit")([])', "submit(intents)"],
)
def test_every_way_to_name_it_is_seen(source: str) -> None:
    assert list(mentions(ast.parse(source))) == [1]


def test_the_call_lies_behind_the_gate_and_behind_the_sync() -> None:
    """In the engine: verdict, then the synced journal, then age and epoch, then the call, with no await between."""
    engine = next(node for node in ast.walk(tree(ENGINE)) if isinstance(node, ast.ClassDef) and node.name == "Engine")
    methods = {node.name: node for node in engine.body if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)}
    callers = [name for name, node in methods.items() if any(mentions(node))]
    assert callers == ["_send"]
    send = methods["_send"]
    (submit_line,) = mentions(send)
    awaits = [node.lineno for node in ast.walk(send) if isinstance(node, ast.Await)]
    looks = [
        node.lineno for node in ast.walk(send) if isinstance(node, ast.Attribute) and node.attr in {"epoch", "in_time"}
    ]
    assert max(awaits) < min(looks) <= max(looks) < submit_line
    users = [
        name
        for name, node in methods.items()
        if "_send" in {n.attr for n in ast.walk(node) if isinstance(n, ast.Attribute)}
    ]
    assert users == ["_decide"]
    judged = [n.lineno for n in ast.walk(methods["_decide"]) if isinstance(n, ast.Attribute) and n.attr == "check"]
    sent = [n.lineno for n in ast.walk(methods["_decide"]) if isinstance(n, ast.Attribute) and n.attr == "_send"]
    assert max(judged) < min(sent)


@cache
def graph() -> dict[str, set[str]]:
    """Every module of both packages and what it imports, directly."""
    names = {
        module: module.removeprefix("web/").removesuffix(".py").removesuffix("/__init__").replace("/", ".")
        for module in modules()
    }
    known = set(names.values())
    return {name: imports(tree(module)) & known for module, name in names.items()}


def reach(start: str, edges: dict[str, set[str]]) -> set[str]:
    found: set[str] = set()
    waiting = [start]
    while waiting:
        for name in edges.get(waiting.pop(), set()) - found:
            found.add(name)
            waiting.append(name)
    return found


@pytest.mark.parametrize("folder", ["strategies", "collectors", "rules", "portfolio", "safety"])
def test_what_proposes_cannot_reach_what_executes(folder: str) -> None:
    """No path of imports leads from a strategy, a collector, a rule or a breaker to execution."""
    edges = graph()
    starts = [name for name in edges if name.startswith(f"alphapulse.{folder}.")]
    assert starts
    reached = set().union(*(reach(name, edges) for name in starts))
    assert {name for name in reached if name.startswith("alphapulse.execution")} == set()


def test_only_the_engine_and_the_composition_know_an_executor() -> None:
    """The engine is given one; who makes one hands it to the engine and to the halt switch."""
    edges = graph()
    users = {name for name, imported in edges.items() if imported & EXECUTORS} - EXECUTORS
    assert {name for name in users if not name.startswith("alphapulse.composition")} == {"alphapulse.execution.engine"}


def test_only_the_composition_makes_a_gate_or_an_engine() -> None:
    """A second gate would have a count of its own."""
    made = {
        module
        for module in modules()
        for node in ast.walk(tree(module))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in {"Gate", "Engine"}
    }
    assert made == {"alphapulse/composition/trading.py"}
