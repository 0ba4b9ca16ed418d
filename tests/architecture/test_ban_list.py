"""What would make a run differ from its repetition comes from outside, save in the marked places."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parents[2] / "alphapulse"

BANNED = {
    "time": "a clock: take `now_ns` or `monotonic_ns`",
    "random": "chance: take a `Random`",
    "secrets": "chance: take what makes the secret",
    "uuid": "chance",
    "threading": "a thread: hand the call to `run_blocking`",
    "concurrent": "threads or processes: hand the call to `run_blocking`",
    "multiprocessing": "processes",
    "asyncio": "another loop",
    "socket": "a raw socket: `connections` and `transport` open them",
    "subprocess": "processes",
    "tempfile": "names by chance",
    "os.urandom": "chance",
    "os.getpid": "it differs each time: it stands in the environment",
    "os.getrandom": "chance",
    "trio.to_thread": "a thread: hand the call to `run_blocking`",
    "trio.socket": "a raw socket: `connections` and `transport` open them",
    "trio.run_process": "processes",
    "datetime.datetime.now": "a clock: take `now_ns`",
    "datetime.datetime.utcnow": "a clock: take `now_ns`",
    "datetime.datetime.today": "a clock: take `now_ns`",
    "datetime.date.today": "a clock: take `now_ns`",
}
ALLOWED_NAMES = {"random.Random", "socket.SocketType", "socket.gaierror", "time.struct_time"}
"""Classes without a state of their own making."""

EDGES: dict[str, tuple[str, ...]] = {
    "cli/": tuple(BANNED),  # the operator's own process: nothing of it is repeated
    "transport/": ("socket", "trio.socket"),  # what opens sockets for all others
    "devnet/": ("socket", "subprocess", "os.getpid"),  # the operator's own process too: it starts a node
}
"""Folders, and what may be used in all of their modules."""

MARKED: dict[str, dict[str, str]] = {
    "composition/environment.py": {
        "time": "the real clocks, handed to everybody else",
        "trio.to_thread": "the real threads, handed to everybody else",
        "os.getpid": "told to operators, never recorded",
    },
    "durable_file.py": {"tempfile": "a name for the file that then takes the other's own"},
    "observe/service_manager.py": {"socket": "datagrams to the manager that started the process, never waited for"},
    "safety/challenges.py": {"secrets": "a nonce must not be guessed; it stands in no record"},
    "safety/control_socket.py": {
        "socket": "the way to stop that needs no network; who calls is asked of the kernel",
        "trio.socket": "the same, awaited",
    },
    "safety/stall_watch.py": {"threading": "it must act when the loop stands still"},
    "safety/watchdog.py": {"threading": "it must act when the loop stands still"},
    "scoring/day.py": {"tempfile": "a folder for the books of one replay, gone behind it"},
    "secret.py": {"threading": "logs are masked in whichever thread they are written"},
    "signing/keystore.py": {"uuid": "a name for a keystore, from chance that is handed in"},
    "signing/remote_signer.py": {
        "socket": "the way to a key in another process of this machine",
        "trio.socket": "the same, awaited",
    },
    "signing/signer_service.py": {"trio.socket": "a key in a process of its own answers there"},
    "signing/signing_record.py": {"os.getpid": "a name for the file that then takes the record's own"},
    "studies/sweep_pool.py": {"subprocess": "the ends of pipes to processes that replay; none outlives the pool"},
    "studies/sweep_worker.py": {"tempfile": "a folder for the books of one replay, gone behind it"},
    "transport/socket_file.py": {"os.getpid": "a name for the socket that then takes the address's own"},
}
"""Module, what it may use, and why."""


def uses(tree: ast.Module) -> Iterator[tuple[str, int]]:
    """Every dotted name that a module takes from an import, in full, with its line."""
    names: dict[str, str] = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                names[alias.asname or alias.name.partition(".")[0]] = (
                    alias.name if alias.asname else alias.name.partition(".")[0]
                )
        elif isinstance(node, ast.ImportFrom) and node.module is not None:
            for alias in node.names:
                names[alias.asname or alias.name] = f"{node.module}.{alias.name}"
    inner = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Attribute)}
    for node in ast.walk(tree):
        if id(node) in inner:
            continue
        parts: list[str] = []
        at: ast.AST = node
        while isinstance(at, ast.Attribute):
            parts.append(at.attr)
            at = at.value
        if isinstance(at, ast.Name) and at.id in names:
            yield ".".join([names[at.id], *reversed(parts)]), getattr(node, "lineno", 0)


def banned_in(source: str) -> list[tuple[str, str, int]]:
    """(name, ban, line) of everything that a module must not use."""
    found = []
    for name, line in uses(ast.parse(source)):
        if any(name == allowed or name.startswith(f"{allowed}.") for allowed in ALLOWED_NAMES):
            continue
        found += [(name, ban, line) for ban in BANNED if name == ban or name.startswith(f"{ban}.")]
    return found


MODULES = sorted(path.relative_to(PACKAGE).as_posix() for path in PACKAGE.rglob("*.py"))


@pytest.mark.parametrize("module", MODULES)
def test_clocks_chance_threads_and_sockets_come_from_outside(module: str) -> None:
    marked = {*MARKED.get(module, ()), *(ban for edge in EDGES if module.startswith(edge) for ban in EDGES[edge])}
    for name, ban, line in banned_in((PACKAGE / module).read_text(encoding="utf-8")):
        assert ban in marked, f"alphapulse/{module}:{line} uses {name}: {BANNED[ban]}"


def test_every_mark_is_needed() -> None:
    """A mark that nothing uses any more would let the next use pass unseen."""
    for module, marked in MARKED.items():
        used = {ban for _, ban, _ in banned_in((PACKAGE / module).read_text(encoding="utf-8"))}
        assert used >= set(marked), module


@pytest.mark.parametrize(
    ("source", "found"),
    [
        ("import time\ntime.time()", ["time.time"]),
        ("from time import time_ns as now\nnow()", ["time.time_ns"]),
        ("import datetime\ndatetime.datetime.now(datetime.UTC)", ["datetime.datetime.now"]),
        ("from datetime import datetime\ndatetime.utcnow()", ["datetime.datetime.utcnow"]),
        ("import random\nrandom.random()\nrandom.Random(1)", ["random.random"]),
        ("from random import Random, choice\nRandom(1)\nchoice([1])", ["random.choice"]),
        ("import os\nos.urandom(8)\nos.write(1, b'')", ["os.urandom"]),
        ("import trio\ntrio.to_thread.run_sync(print)\ntrio.sleep(1)", ["trio.to_thread.run_sync"]),
        ("from trio import to_thread\nto_thread.run_sync(print)", ["trio.to_thread.run_sync"]),
        ("import uuid\nuuid.uuid4()", ["uuid.uuid4"]),
        ("import threading as t\nt.Lock()", ["threading.Lock"]),
        ("import secrets\nx = secrets.token_hex", ["secrets.token_hex"]),
    ],
)
def test_the_walk_finds_every_way_of_writing_it(source: str, found: list[str]) -> None:
    assert [name for name, _, _ in banned_in(source)] == found
