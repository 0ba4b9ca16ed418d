"""Imports go downwards, and what is pure stays pure."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PURE = sorted(
    path.relative_to(ROOT).as_posix()
    for layer in ("data", "rules")
    for path in (ROOT / "alphapulse" / layer).rglob("*.py")
)
CLOCK_CALLS = {"now", "utcnow", "today", "time", "time_ns", "monotonic", "monotonic_ns", "perf_counter", "current_time"}
NEVER_LOADED = ("trio", "asyncio", "httpx", "quart", "sqlalchemy", "structlog")
"""What importing the pure layers must not load, not even through another library."""


def test_import_contracts_hold() -> None:
    """The contracts in pyproject.toml are kept: layers, siblings, purity, and the web on top."""
    # In a process of its own: import-linter turns off all loggers that exist.
    command = [str(Path(sys.executable).with_name("lint-imports")), "--no-logo", "--no-cache"]
    linted = subprocess.run(command, check=False, capture_output=True, text=True, cwd=ROOT)
    assert linted.returncode == 0, linted.stdout


@pytest.mark.parametrize("module", PURE)
def test_pure_module_reads_no_clock(module: str) -> None:
    """Neither `time` nor a `now()` under any name: time is an argument."""
    tree = ast.parse((ROOT / module).read_text("utf-8"))
    imported = {
        name
        for node in ast.walk(tree)
        for name in (
            [alias.name for alias in node.names]
            if isinstance(node, ast.Import)
            else [node.module or ""]
            if isinstance(node, ast.ImportFrom)
            else []
        )
    }
    called = {
        node.func.attr for node in ast.walk(tree) if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)
    }
    assert not imported & {"time", "trio", "sched"}
    assert not called & CLOCK_CALLS


def test_pure_layers_load_without_the_loop() -> None:
    """A fresh interpreter that imports all of data and rules has loaded no event loop, client, server or database."""
    names = [module.removesuffix(".py").removesuffix("/__init__").replace("/", ".") for module in PURE]
    program = f"import importlib, sys\nfor n in {names!r}: importlib.import_module(n)\nprint(*sys.modules)"
    loaded = subprocess.run([sys.executable, "-c", program], check=True, capture_output=True, text=True, cwd=ROOT)
    assert set(NEVER_LOADED).isdisjoint(loaded.stdout.split())
