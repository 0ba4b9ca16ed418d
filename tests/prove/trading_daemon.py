"""Daemons that trade for as long as a proof needs them, and what proofs ask of them."""

from __future__ import annotations

import time
from contextlib import suppress
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import attrs

from alphapulse.cli.local_socket import ask_socket
from alphapulse.data.execution import ExecutionReport, Fill, OrderRequest, RiskDecision
from alphapulse.data.halts import GLOBAL, HaltChange, Level
from alphapulse.data.roles import Role
from alphapulse.data.signals import ArbitrageSignal
from alphapulse.journal.journal_file import verify
from alphapulse_web.key_file import KeyFile
from benchmarks.day import Day as RecordedDay
from tests.daemon.books import all_records
from tests.daemon.day_config import Day
from tests.daemon.live_daemon import PATIENCE_S, LiveDaemon, wait_for

_KEPT = TemporaryDirectory(prefix="alphapulse-prove-")


@cache
def long_recording(copies: int) -> str:
    """A recording of so many half days in a row; each passes in about a tenth of a second at full speed."""
    path = Path(_KEPT.name, f"{copies}.logs.jsonl.gz")
    RecordedDay().write_copies(path, copies)
    return str(path)


def full_speed(copies: int) -> Day:
    """A configuration that trades as fast as it goes."""
    return Day(logs=long_recording(copies), speed=0, at_end="repeat", web=True)


def without_page(day: Day) -> Day:
    """The same without control plane: it starts faster."""
    return attrs.evolve(day, web=False)


def grows(path: Path, more: int = 1) -> None:
    """Return when a file has grown by that many bytes since the call."""
    before = path.stat().st_size if path.exists() else 0
    wait_for(lambda: path.exists() and path.stat().st_size >= before + more, f"{path.name} to grow")


def socket_answers(daemon: LiveDaemon) -> dict[str, str]:
    """The levels of all scopes, as soon as the local socket of a starting daemon tells them."""
    found: dict[str, str] = {}

    def asked() -> bool:
        assert daemon.process.poll() is None, daemon.stderr
        with suppress(OSError):
            found.update(ask_socket(daemon.paths.folder, "levels"))
        return GLOBAL in found

    wait_for(asked, "the local socket")
    return found


def resume(daemon: LiveDaemon) -> None:
    """Challenge and phrase over the socket, asked again while a step of the halt is still under way."""
    challenge = ask_socket(daemon.paths.folder, "challenge", scope=GLOBAL)
    typed = {name: challenge[name] for name in ("nonce", "phrase")}
    ask_socket(daemon.paths.folder, "resume", scope=GLOBAL, reason="the proof goes on", **typed)


def readers(folder: Path, number: int, role: Role = Role.VIEWER) -> list[str]:
    """Fresh keys of a daemon that is not started yet."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    file = KeyFile(folder)
    return [file.add(f"{role.name.lower()}-{n}", role, 1).reveal() for n in range(number)]


def ended(daemon: LiveDaemon, within_s: float = PATIENCE_S) -> tuple[int, float]:
    """Exit code, and the milliseconds until it was there. Raises TimeoutExpired if it never is."""
    began = time.monotonic()
    code = daemon.process.wait(within_s)
    return code, (time.monotonic() - began) * 1000


def acts_while_closed(journal: Path) -> list[str]:
    """What was proposed, approved or sent between a halt of everything and its end, or under an epoch that was over.

    And what ended twice. A signal of before may be refused there.
    """
    broken: list[str] = []
    closed, epoch = False, 0
    ends: dict[int, str] = {}
    problem = verify(journal).problem
    if problem is not None:
        broken.append(f"the journal is not sound: {problem}")
    for record in all_records(journal):
        match record:
            case HaltChange(scope=scope) if scope == GLOBAL:
                closed, epoch = record.level.stopped, record.epoch
            case ArbitrageSignal() if closed and record.halt_epoch >= epoch:
                broken.append(f"signal {record.signal_id} was proposed while halted (epoch {epoch})")
            case RiskDecision() if closed and record.approved:
                broken.append(f"signal {record.signal_id} was approved while halted (epoch {epoch})")
            case OrderRequest() if closed or record.halt_epoch < epoch:
                broken.append(f"intent {record.intent_id} of epoch {record.halt_epoch} was sent in epoch {epoch}")
            case Fill():
                _end(ends, record.intent_id, "filled", broken)
            case ExecutionReport():
                _end(ends, record.intent_id, record.outcome.name.lower(), broken)
            case _:
                pass
    return broken


def _end(ends: dict[int, str], intent_id: int, how: str, broken: list[str]) -> None:
    if intent_id in ends:
        broken.append(f"intent {intent_id} ended twice: {ends[intent_id]}, then {how}")
    ends[intent_id] = how


def unsettled(journal: Path) -> int:
    """Intents that have neither fill nor report."""
    records = all_records(journal)
    ended_ones = {one.intent_id for one in records if isinstance(one, Fill | ExecutionReport)}
    return sum(isinstance(one, OrderRequest) and one.intent_id not in ended_ones for one in records)


class CoreWait:
    """How much of the time, since it was made, a process was ready to run and the machine had no core for it."""

    def __init__(self, pid: int) -> None:
        self._path = Path(f"/proc/{pid}/schedstat")
        self._began_ns, self._before_ns = time.monotonic_ns(), self._waited_ns()

    def __str__(self) -> str:
        share = (self._waited_ns() - self._before_ns) / (time.monotonic_ns() - self._began_ns)
        return f"the daemon waited for a core for {share:.0%} of the time"

    def _waited_ns(self) -> int:
        return int(self._path.read_text().split()[1])


def is_stopped(level: str) -> bool:
    """Whether the name of a level is one at which nothing is traded."""
    return Level[level.upper()].stopped


def steps_ms(report: Any) -> dict[str, float]:
    """Milliseconds of each step of a halt's report, since the call."""
    return {step["name"]: float(step["ms"]) for step in report["steps"]}
