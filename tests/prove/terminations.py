"""SIGTERM at random moments under load, a second one behind some of them, and a start after each."""

from __future__ import annotations

import random
import signal
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import httpx

from alphapulse.data.halts import GLOBAL, HaltChange, Level
from alphapulse.journal.journal_file import verify
from tests.daemon.books import records
from tests.daemon.live_daemon import LiveDaemon
from tests.prove.outcome import Figure, Outcome
from tests.prove.pages import listening
from tests.prove.trading_daemon import ended, full_speed, readers, unsettled

EXIT_MS, SECOND_MS = 10_000, 1_000
PAGES, CALLERS = 4, 2
LONGEST_S = 1.0
SECOND_AFTER_S = 0.3
LIVES_PER_FOLDER = 10
ENDED_TWICE = (0, 130, -signal.SIGTERM)
"""It was through already; it was ended at once; it was through, and Python has given the signal back to the system."""
EVERY_SECOND = 3
"""In every so manieth life a second SIGTERM follows."""


def tried(count: int, folder: Path) -> Outcome:
    """So many lives; the start of each is what the end of the one before left."""
    moments = random.Random(3)
    broken: list[str] = []
    first_ms: list[float] = []
    second_ms: list[float] = []
    day = full_speed(20)
    tokens: list[str] = []
    for life in range(count):
        home = folder / str(life // LIVES_PER_FOLDER)
        if life % LIVES_PER_FOLDER == 0:
            home.mkdir()
            day.write(home)
            tokens = readers(home / "data", 4)
        open_before = unsettled(home / "data" / "paper.journal") if life % LIVES_PER_FOLDER else 0
        with LiveDaemon(home / "config.toml") as daemon:
            daemon.wait_open()
            level = next(
                one.level for one in reversed(records(daemon.paths.journal, HaltChange)) if one.scope == GLOBAL
            )
            if level is not (Level.HALTED if open_before else Level.ACTIVE):
                broken.append(f"life {life} came up {level.name} with {open_before} open intents")
            with _load(daemon, tokens):
                time.sleep(moments.uniform(0, LONGEST_S))
                daemon.send(signal.SIGTERM)
                twice = life % EVERY_SECOND == EVERY_SECOND - 1
                if twice:
                    time.sleep(moments.uniform(0, SECOND_AFTER_S))
                    daemon.send(signal.SIGTERM)
                try:
                    code, took_ms = ended(daemon)
                except subprocess.TimeoutExpired:
                    broken.append(f"life {life} did not end at all")
                    continue
            (second_ms if twice else first_ms).append(took_ms)
            if code not in (ENDED_TWICE if twice else (0,)):
                broken.append(f"life {life} ended with {code}: {daemon.stderr[-300:]}")
            if (problem := verify(daemon.paths.journal).problem) is not None:
                broken.append(f"life {life}: the journal is not sound: {problem}")
            if not twice and (left := unsettled(daemon.paths.journal)):
                broken.append(f"life {life} left {left} intents open")
            if (daemon.paths.folder / "control.json").exists() and code == 0:
                broken.append(f"life {life} left its control file")
    figures = (
        Figure("SIGTERM to the end", tuple(first_ms), EXIT_MS, share=1),
        Figure("second SIGTERM to the end", tuple(second_ms), SECOND_MS, share=1),
    )
    return Outcome(count, tuple(broken), figures[: 2 if second_ms else 1])


@contextmanager
def _load(daemon: LiveDaemon, tokens: list[str]) -> Iterator[None]:
    """Pages on the firehose, and callers that ask without a pause."""
    over = threading.Event()

    def ask(token: str) -> None:
        with httpx.Client(base_url=daemon.url, headers={"Authorization": f"Bearer {token}"}, trust_env=False) as client:
            while not over.is_set():
                with suppress(httpx.HTTPError):
                    client.get("/api/v1/opportunities")

    callers = [threading.Thread(target=ask, args=(token,)) for token in tokens[:CALLERS]]
    with listening(daemon.url, tokens, PAGES):
        for caller in callers:
            caller.start()
        try:
            yield
        finally:
            over.set()
            for caller in callers:
                caller.join()
