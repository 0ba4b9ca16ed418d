"""Kills over the API while the recording passes at full speed, each ended by challenge and phrase."""

from __future__ import annotations

import random
import secrets
import time
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import httpx

from alphapulse.data.execution import OrderRequest
from tests.daemon.books import records
from tests.daemon.live_daemon import PATIENCE_S, LiveDaemon, wait_for
from tests.prove.outcome import Figure, Outcome
from tests.prove.trading_daemon import CoreWait, acts_while_closed, full_speed, grows, steps_ms

GATE_MS, LATCH_MS, SCOPES_MS, ROUND_TRIP_MS = 1, 20, 100, 50
BETWEEN_S = 0.1
"""The longest time that it trades on before the next kill."""


class Caller:
    """A program of the owner's with one connection, that waits when it asks too often."""

    def __init__(self, daemon: LiveDaemon) -> None:
        headers = {"Authorization": f"Bearer {daemon.token}"}
        self._client = httpx.Client(
            base_url=f"{daemon.url}/api/v1", headers=headers, timeout=PATIENCE_S, trust_env=False
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, exc_type: type[BaseException] | None, exc: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._client.close()

    def ask(self, method: str, path: str, body: dict[str, str] | None = None) -> Any:
        """The answer. Raises HTTPStatusError for a refusal."""
        while True:
            reply = self._client.request(method, path, json=body, headers={"Idempotency-Key": secrets.token_hex(8)})
            if reply.status_code != httpx.codes.TOO_MANY_REQUESTS:
                return reply.raise_for_status().json()
            time.sleep(0.05)

    def kill(self, reason: str) -> tuple[Any, float]:
        """The report, and the milliseconds until it was here."""
        began = time.perf_counter()
        report = self.ask("POST", "/control/kill", {"reason": reason})
        return report, (time.perf_counter() - began) * 1000

    def completed(self, report: Any) -> Any:
        """The report once every step is done."""
        path = f"/halts/{report['halt_id']}"
        wait_for(lambda: bool(report["complete"] or self.ask("GET", path)["complete"]), "a complete report")
        return report if report["complete"] else self.ask("GET", path)

    def resume(self) -> None:
        """Type the phrase."""
        challenge = self.ask("POST", "/control/challenge", {"scope": "global"})
        typed = {name: challenge[name] for name in ("nonce", "phrase")}
        self.ask("POST", "/control/resume", {"scope": "global", "reason": "the proof goes on", **typed})


def tried(count: int, folder: Path) -> Outcome:
    """One daemon, so many kills at random moments of its trading."""
    moments = random.Random(1)
    broken: list[str] = []
    round_trips: list[float] = []
    steps: dict[str, list[float]] = {"gate closed": [], "latch on disk": [], "strategies and engine gone": []}
    with LiveDaemon(full_speed(max(2, count // 2)).write(folder)) as daemon, ExitStack() as closing:
        caller = closing.enter_context(Caller(daemon.wait_open()))
        waited = CoreWait(daemon.process.pid)
        for number in range(count):
            grows(daemon.paths.journal, 2_000)  # it trades
            time.sleep(moments.uniform(0, BETWEEN_S))
            report, took_ms = caller.kill(f"kill {number + 1}")
            round_trips.append(took_ms)
            report = caller.completed(report)
            undone = [f"{step['name']} was not done: {step['text']}" for step in report["steps"] if not step["done"]]
            broken += [f"kill {number + 1}: {text}" for text in undone]
            elapsed = steps_ms(report)
            for name, values in steps.items():
                values.append(elapsed[name])
            caller.resume()
        core = str(waited)
        if (code := daemon.stop()) != 0:
            broken.append(f"the daemon ended with {code}: {daemon.stderr[-300:]}")
    broken += acts_while_closed(daemon.paths.journal)
    intents = len(records(daemon.paths.journal, OrderRequest))
    if intents < count:
        broken.append(f"expected trading between the kills, found {intents} intents in all")
    return Outcome(
        count,
        tuple(broken),
        (
            Figure("gate closed", tuple(steps["gate closed"]), GATE_MS),
            Figure("latch durable", tuple(steps["latch on disk"]), LATCH_MS),
            Figure("strategies and engine gone", tuple(steps["strategies and engine gone"]), SCOPES_MS),
            Figure("round trip of the API", tuple(round_trips), ROUND_TRIP_MS),
        ),
        (f"{intents:,} intents between the kills", core),
    )
