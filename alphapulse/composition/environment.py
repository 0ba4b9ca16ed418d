"""What the daemon takes from outside: clocks, threads, chance, and where its files lie."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from pathlib import Path
from random import Random
from typing import Self, cast

import attrs
import trio

from alphapulse.composition.machine import LinuxMachine
from alphapulse.data.execution import Mode
from alphapulse.journal.blocking import RunBlocking
from alphapulse.journal.journal import SystemCalls
from alphapulse.observe.service_manager import ServiceManager
from alphapulse.safety.control_socket import NAME as CONTROL_SOCKET
from alphapulse.safety.halt_file import NAME as HALT_FILE
from alphapulse.safety.latch import LatchRecord, write_latch
from alphapulse.safety.own_health import Machine

STACKS = "tasks.txt"
EXIT_ENDED_AT_ONCE = 130
"""What a shell reports for a process that SIGINT ended."""


EXIT_STALLED = 70
"""EX_SOFTWARE of sysexits: a service manager starts it anew, and the latch keeps it halted."""


def _end_at_once() -> None:
    os._exit(EXIT_ENDED_AT_ONCE)


def _end_stalled() -> None:
    os._exit(EXIT_STALLED)


@attrs.frozen
class Environment:
    """The world as the daemon sees it; a test gives it another. Clocks are in ns."""

    now_ns: Callable[[], int] = time.time_ns
    monotonic_ns: Callable[[], int] = time.monotonic_ns
    thread_ns: Callable[[], int] = time.monotonic_ns
    """A monotonic clock that any thread may read: by it the watchdog counts how long the loop stands still."""
    run_blocking: RunBlocking = attrs.field(default=cast(RunBlocking, trio.to_thread.run_sync))
    journal_calls: SystemCalls = attrs.field(factory=SystemCalls)
    """How the journal reaches the disk."""
    write_latch: Callable[[Path, LatchRecord], None] = write_latch
    """Puts the latch on the disk, whole or not at all."""
    machine: Machine = attrs.field(factory=LinuxMachine)
    """What is asked for the process's memory and the room on its disk."""
    random: Random = attrs.field(factory=Random)
    end_at_once: Callable[[], None] = _end_at_once
    end_stalled: Callable[[], None] = _end_stalled
    service_manager: ServiceManager | None = None
    """Who started the daemon and wants to hear from it; None if nobody does."""
    pid: int = attrs.field(factory=os.getpid)


@attrs.frozen
class DataPaths:
    """The daemon's files."""

    folder: Path
    journal: Path
    ledger: Path
    latch: Path
    stacks: Path
    """Where every task stood at the last SIGUSR2."""
    halt_file: Path
    """While it lies there, nothing is traded."""
    control_socket: Path
    """Where the owner of the files reaches the daemon without the web."""

    @classmethod
    def in_folder(cls, folder: Path, mode: Mode) -> Self:
        """The files of one mode: the books of paper and of real money never share one."""
        journal, ledger, latch = (folder / f"{mode.name.lower()}.{suffix}" for suffix in ("journal", "sqlite", "halt"))
        return cls(folder, journal, ledger, latch, folder / STACKS, folder / HALT_FILE, folder / CONTROL_SOCKET)

    @classmethod
    def beside(cls, ledger: Path) -> Self:
        """The files of books whose ledger has a name of its own."""
        journal, latch = (ledger.with_name(f"{ledger.name}.{suffix}") for suffix in ("journal", "halt"))
        beside = (ledger.with_name(f"{ledger.name}.{name}") for name in (HALT_FILE, CONTROL_SOCKET))
        return cls(ledger.parent, journal, ledger, latch, ledger.parent / STACKS, *beside)
