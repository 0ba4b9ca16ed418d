"""Imports go downwards, and what is pure stays pure."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest
from importlinter.cli import EXIT_STATUS_SUCCESS, lint_imports

ROOT = Path(__file__).parents[2]
PURE = sorted(
    path.relative_to(ROOT).as_posix()
    for layer in ("data", "rules")
    for path in (ROOT / "alphapulse" / layer).rglob("*.py")
)
CLOCK_CALLS = {"now", "utcnow", "today", "time", "time_ns", "monotonic", "monotonic_ns", "perf_counter", "current_time"}
NEVER_LOADED = ("trio", "asyncio", "httpx", "quart", "sqlalchemy", "structlog")
"""What importing the pure layers must not load, not even through another library."""


def test_import_contracts_hold(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """The contracts in pyproject.toml are kept: layers, siblings, purity, and the web on top."""
    monkeypatch.chdir(ROOT)
    status = lint_imports(config_filename="pyproject.toml", cache_dir=None)
    assert status == EXIT_STATUS_SUCCESS, capsys.readouterr().out


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
