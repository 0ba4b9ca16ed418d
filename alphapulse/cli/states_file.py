"""The file of a replay's opportunity states."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import msgspec

from alphapulse.daemon import Daemon
from alphapulse.data.market import BlockCompleted
from alphapulse.data.signals import ArbitrageSignal
from alphapulse.errors import ConfigError, OutputError
from alphapulse.rules.arbitrage.candidate import Candidate
from alphapulse.studies.candidate_feed import CandidateFeed
from alphapulse.studies.headless import hex_text

_Line = tuple[tuple[int, int], dict[str, Any]]


class StatesFile:
    """Each opportunity state as a JSON line, in the order of the chain, whether it was signalled or dropped.

    A disk that takes no more ends the file, and `failure` says so.

    Raises:
        ConfigError: the file cannot be opened.
    """

    def __init__(self, path: Path) -> None:
        self.failure: OutputError | None = None
        self._path = path
        self._daemon: Daemon | None = None
        self._feed = CandidateFeed()
        self._waiting: list[_Line] = []
        try:
            self._file = path.open("w", encoding="utf-8")
        except OSError as error:
            raise ConfigError("--states", f"expected a file that can be written at {path}: {error.strerror}") from error

    def attach(self, daemon: Daemon) -> None:
        """Know the daemon whose strategy drops states."""
        self._daemon = daemon

    def take(self, messages: Sequence[Any]) -> None:
        """Signals among the messages, and what was dropped; blocks that are over are written."""
        newest = -1
        for message in messages:
            if isinstance(message, ArbitrageSignal):
                self._waiting.append((message.position, state_line(message)))
            elif isinstance(message, BlockCompleted):
                newest = message.block_number
        self._take_dropped()
        if newest >= 0:
            self._write(newest)

    def finish(self) -> None:
        """The replay is over: what still waits is written."""
        self._take_dropped()
        self._write(None)

    def _take_dropped(self) -> None:
        if self._daemon is not None:
            fresh = self._feed.fresh(self._daemon.strategy.candidates)
            self._waiting += [(one.position, line) for one in fresh if (line := dropped_line(one)) is not None]

    def _write(self, block_number: int | None) -> None:
        """Write what lies before a block, or all: signals of the newest one come behind its end."""
        due: list[_Line] = []
        left: list[_Line] = []
        for one in self._waiting:
            (left if block_number is not None and one[0][0] >= block_number else due).append(one)
        self._waiting = left
        if self.failure is None and due:
            due.sort(key=lambda one: one[0])
            with self._failing():
                self._file.writelines(msgspec.json.encode(line).decode() + "\n" for _, line in due)

    def close(self) -> None:
        """Write what is still held back. May be called twice."""
        with self._failing():
            self._file.close()

    @contextmanager
    def _failing(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            problem = f"expected all states in {self._path}, found: {error.strerror}; make room and replay again"
            self.failure = self.failure or OutputError(problem)


def state_line(signal: ArbitrageSignal) -> dict[str, Any]:
    """One opportunity state, for the states file: pools in the order of the trade, amounts in raw units of `token`."""
    return {
        "block": signal.block_number,
        "log_index": signal.log_index,
        "pools": [pool.name for pool in signal.pools],
        "token": hex_text(signal.profit_token),
        "size": signal.size,
        "profit": signal.profit,
    }


def dropped_line(candidate: Candidate) -> dict[str, Any] | None:
    """The same of a state that was sized and not signalled; None if it was not sized."""
    if candidate.size is None or candidate.gross is None or candidate.pool_fees is None:
        return None
    return {
        "block": candidate.block_number,
        "log_index": candidate.log_index,
        "pools": [pool.name for pool in candidate.pools],
        "token": hex_text(candidate.cycle.profit_token),
        "size": candidate.size,
        "profit": candidate.gross - candidate.pool_fees,
    }
