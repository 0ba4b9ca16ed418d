"""The logs of blocks from the first hint to the proof that they are all there, and a look back at what was missed."""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Iterable, Mapping, Sequence

from alphapulse.errors import AnswerRefused
from alphapulse.rules.chain.asks import AskLogRange, AskLogs
from alphapulse.rules.chain.block_logs import HeardLog, LogHints, agrees, judged
from alphapulse.rules.chain.header import Header
from alphapulse.rules.chain.log_filter import LogFilter
from alphapulse.rules.chain.log_queue import LogQueue, suspicious
from alphapulse.rules.events.hex_text import read_index
from alphapulse.rules.events.rpc_log import RpcLog

LATE_BLOCKS = 2
"""So many blocks later it is looked at what the subscription told of a block's logs."""

LATE_TICKS = 2
"""And so many ticks later: frames that wait have been read by then."""

MOST_UNSEEN = 1_024
"""Blocks that wait to be looked at; in a back-fill the oldest are let go."""

SILENT_BLOCKS = 2
"""Blocks with logs, of none of which the subscription told, after which it counts as silent."""

NEVER = 1 << 64
"""Behind every block number."""

EMPTY_ANSWERS = 10
"""Answers in a row after which it is believed that a block has no logs although its sparse bloom says maybe.

A bloom of sixty bits says so wrongly for one block in thousands; a node that finds nothing every third time says it
three times in a row for one block in forty.
"""

CONTRADICTING_ANSWERS = 6
"""Equal answers in a row after which they are believed against a log of which the subscription told."""

REMEMBERED_BLOCKS = 64
"""Closed blocks whose log indices are kept, to notice a log that was missing."""


class LogGathering:
    """Gathers each wanted block's logs; `faults` counts what was wrong.

    A block is settled when its bloom excludes all wanted logs, or when an answer agrees with bloom and subscription.
    One that does not is asked for again; several equal ones in a row are believed, as anybody can tell of a log.
    """

    def __init__(self, wanted: LogFilter, max_range: int, deep: int, heard_from: int, faults: Counter[str]) -> None:
        self.queue = LogQueue(max_range, deep)
        self.hints = LogHints()
        self.heard_from = heard_from
        """From this block number on the subscription should have told of every log."""
        self._wanted = wanted
        self._faults = faults
        self._recent: deque[tuple[Header, frozenset[int]]] = deque(maxlen=REMEMBERED_BLOCKS)
        self._unseen: deque[tuple[Header, frozenset[int], int]] = deque(maxlen=MOST_UNSEEN)
        self._ticks = 0
        self._doubts: dict[bytes, Header] = {}
        self._silent = 0
        self._answered_ns = 0

    def restart(self, headers: Sequence[Header] = ()) -> None:
        """The logs of these blocks are wanted now, of no others."""
        self.queue.restart(headers)
        for header in headers:
            self.want(header)

    def want(self, header: Header) -> None:
        """The block's logs are wanted too."""
        if not self._wanted.may_match(header.bloom):
            self.queue.settle(header, {})
        self.queue.add(header)

    def subscribed(self) -> None:
        """The subscription begins anew: what it has to tell of is not known yet."""
        self.heard_from = NEVER
        self._silent = 0

    def contradicts(self, header: Header, log: RpcLog) -> bool:
        """True if a log of the block is told of that is missing in what has been settled; it is asked for again."""
        known = self.queue.logs_of(header)
        if known is None or read_index(log.log_index) in known or not self._wanted.may_match(header.bloom):
            return False
        self.queue.again(header)
        return True

    def doubt(self, block_hash: bytes, log: RpcLog) -> AskLogs | None:
        """A log is told of a closed block. Returns what to ask if it was not among the logs handed over."""
        closed = self._closed(block_hash)
        if closed is None or read_index(log.log_index) in closed[1] or not self._wanted.may_match(closed[0].bloom):
            return None
        self._faults["late_log"] += 1
        self._doubts[block_hash] = closed[0]
        return AskLogs(closed[0].number, block_hash, closed[0].receipts_root)

    def take_doubted(self, ask: AskLogs, logs: Sequence[RpcLog]) -> Header | None:
        """The answer for a closed block that was doubted: the block if it has other logs than were handed over."""
        header = self._doubts.pop(ask.hash)
        found, closed = self._judged(header, logs), self._closed(ask.hash)
        return None if found is None or closed is None or frozenset(found) == closed[1] else header

    def is_doubted(self, ask: AskLogs) -> bool:
        """True if the ask is about a closed block."""
        return ask.hash in self._doubts

    def take_block(self, ask: AskLogs, logs: Sequence[RpcLog], received_ns: int, *, proved: bool = False) -> bool:
        """The answer for one block. False if it has to be asked for again; what its receipts prove need not be."""
        header = self.queue.wanted(ask)
        if header is None:
            return True
        self._answered_ns = received_ns
        found = self._judged(header, logs)
        if found is None:
            return False
        if not proved and not self._agrees(header, found):
            contradicts = not agrees(found, self.hints.of(header.hash))
            if self.queue.repeated(header, found) < (CONTRADICTING_ANSWERS if contradicts else EMPTY_ANSWERS):
                self._faults["doubtful_logs"] += 1
                return False
        self.queue.settle(header, found)
        return True

    def take_range(self, ask: AskLogRange, logs: Sequence[RpcLog], received_ns: int) -> None:
        """The answer for a range. It settles a block whose logs can be told from those that a provider cuts off."""
        self._answered_ns = received_ns
        members = self.queue.members(ask)
        self.queue.plan.accepted(ask.blocks)
        by_hash: dict[str, list[RpcLog]] = {}
        for log in logs:
            by_hash.setdefault((log.block_hash or "").lower(), []).append(log)
        told = [header.number for header in members if _text(header) in by_hash]
        last_told = ask.last + 1 if ask.blocks == 1 else max(told, default=-1)
        unsettled: list[Header] = []
        for header in members:
            found = self._judged(header, by_hash.get(_text(header), ()))
            if found is not None and header.number < last_told and self._agrees(header, found):
                self.queue.settle(header, found)
            else:
                unsettled.append(header)
        self.queue.ask_singly(unsettled)

    def close(self, header: Header) -> tuple[HeardLog, ...]:
        """The block is handed over: its logs, each with the time at which it was received first."""
        found, hints = self.queue.take(header), self.hints.of(header.hash)
        self._recent.append((header, frozenset(found)))
        self._unseen.append((header, frozenset(found), self._ticks))
        return tuple(
            HeardLog(log, hints[index].received_ns if index in hints else self._answered_ns)
            for index, log in found.items()
        )

    def undo_to(self, number: int) -> None:
        """The blocks behind `number` are not closed any more."""
        while self._recent and self._recent[-1][0].number > number:
            self._recent.pop()
        while self._unseen and self._unseen[-1][0].number > number:
            self._unseen.pop()

    def tick(self) -> None:
        """Some time has passed."""
        self._ticks += 1

    def look_back(self, head: int) -> bool:
        """What did the subscription tell of a block that was closed a little while ago? True if it is silent.

        An answer of one node may close several blocks before another node's frames of them have been read: so it is
        looked at when newer blocks *and* a little time have passed.
        """
        silent = False
        while self._unseen:
            header, indices, closed_at = self._unseen[0]
            if header.number > head - LATE_BLOCKS or self._ticks - closed_at < LATE_TICKS:
                break
            self._unseen.popleft()
            silent = self._was_silent(header, indices) or silent
        return silent

    def _was_silent(self, header: Header, indices: frozenset[int]) -> bool:
        missed = indices - self.hints.of(header.hash).keys()
        self.hints.forget(header.hash)
        if header.number < self.heard_from or not indices:
            return False
        self._faults["missed_log"] += len(missed)
        self._silent = self._silent + 1 if len(missed) == len(indices) else 0
        if self._silent < SILENT_BLOCKS:
            return False
        self._silent = 0
        return True

    def _agrees(self, header: Header, found: Mapping[int, RpcLog]) -> bool:
        return agrees(found, self.hints.of(header.hash)) and not suspicious(header, found)

    def _closed(self, block_hash: bytes) -> tuple[Header, frozenset[int]] | None:
        return next((one for one in reversed(self._recent) if one[0].hash == block_hash), None)

    def _judged(self, header: Header, logs: Iterable[RpcLog]) -> Mapping[int, RpcLog] | None:
        try:
            return judged(header, tuple(logs), self._wanted)
        except AnswerRefused as refusal:
            self._faults[refusal.reason] += 1
            return None


def _text(header: Header) -> str:
    return f"0x{header.hash.hex()}"
