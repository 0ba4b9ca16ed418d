"""Which blocks' logs are still to be asked for, by hash or by range, and which answers wait for their turn."""

from __future__ import annotations

from collections import deque
from collections.abc import Collection, Iterable, Mapping, Sequence

from alphapulse.rules.chain.asks import AskLogRange, AskLogs, LogAsk
from alphapulse.rules.chain.header import Header
from alphapulse.rules.chain.range_plan import RangePlan
from alphapulse.rules.events.rpc_log import RpcLog

WINDOW = 64
"""Blocks asked for by hash at a time."""

RANGES = 2
"""Ranges asked for at a time."""

SPARSE_BITS = 512
"""A bloom with no more bits set seldom says maybe where nothing is."""

BlockLogs = Mapping[int, RpcLog]


class LogQueue:
    """The logs of the blocks on the path: waiting to be asked for, asked for, answered."""

    def __init__(self, max_range: int, deep: int) -> None:
        self.plan = RangePlan(max_range)
        self._deep = deep
        self._waiting: deque[Header] = deque()
        self._asked: dict[bytes, Header] = {}
        self._ranges: dict[AskLogRange, tuple[Header, ...]] = {}
        self._answered: dict[bytes, BlockLogs] = {}
        self._doubtful: dict[bytes, tuple[BlockLogs, int]] = {}
        self._single: set[bytes] = set()

    def restart(self, headers: Iterable[Header]) -> None:
        """Another path: what was answered of its blocks stays, everything else is forgotten. Then `add` them."""
        members = {header.hash for header in headers}
        self._waiting.clear()
        self._asked.clear()
        self._ranges.clear()
        self._single.clear()
        self._answered = {key: logs for key, logs in self._answered.items() if key in members}
        self._doubtful = {key: doubt for key, doubt in self._doubtful.items() if key in members}

    def add(self, header: Header) -> None:
        """The block's logs are wanted."""
        if header.hash not in self._answered:
            self._waiting.append(header)

    def settle(self, header: Header, logs: BlockLogs) -> None:
        """These are the block's logs."""
        self._asked.pop(header.hash, None)
        self._doubtful.pop(header.hash, None)
        self._single.discard(header.hash)
        self._answered[header.hash] = logs

    def logs_of(self, header: Header) -> BlockLogs | None:
        """The block's logs, None while they are not known."""
        return self._answered.get(header.hash)

    def take(self, header: Header) -> BlockLogs:
        """The same, and they are kept no longer."""
        return self._answered.pop(header.hash)

    def again(self, header: Header) -> None:
        """What is known of the block's logs is not believed: they are asked for again, first of all."""
        self._asked.pop(header.hash, None)
        self._answered.pop(header.hash, None)
        self._waiting.appendleft(header)

    def repeated(self, header: Header, logs: BlockLogs) -> int:
        """How often in a row the same answer has come now; it is remembered."""
        before, times = self._doubtful.get(header.hash, ({}, 0))
        times = times + 1 if before == logs else 1
        self._doubtful[header.hash] = logs, times
        return times

    def wanted(self, ask: AskLogs) -> Header | None:
        """The block that an answer is about, None if nobody waits for it any more."""
        return self._asked.get(ask.hash)

    def members(self, ask: AskLogRange) -> tuple[Header, ...]:
        """The blocks that an answer by range is about; it is not waited for any more."""
        return self._ranges.pop(ask, ())

    def put_back(self, headers: Sequence[Header]) -> None:
        """Blocks wait again, before all others and in order."""
        self._waiting.extendleft(reversed(headers))

    def ask_singly(self, headers: Sequence[Header]) -> None:
        """A range did not settle these blocks: they are asked for by their hashes."""
        self._single |= {header.hash for header in headers}
        self.put_back(headers)

    def next_asks(self, head: int) -> list[LogAsk]:
        """What is to be asked now: deep blocks by range, the others by hash, both within bounds."""
        asks: list[LogAsk] = []
        while self._waiting:
            first = self._waiting[0]
            if head - first.number > self._deep and self.plan.width > 1 and first.hash not in self._single:
                if len(self._ranges) >= RANGES:
                    break
                asks.append(self._range_from(first, head - self._deep - 1))
            elif len(self._asked) < WINDOW:
                self._waiting.popleft()
                self._asked[first.hash] = first
                asks.append(AskLogs(first.number, first.hash, first.receipts_root))
            else:
                break
        return asks

    def _range_from(self, first: Header, deepest: int) -> AskLogRange:
        last = min(first.number + self.plan.width - 1, deepest)
        members: list[Header] = []
        while self._waiting and (not members or members[-1].number < self._waiting[0].number <= last):
            if self._waiting[0].hash in self._single:
                break
            members.append(self._waiting.popleft())
        ask = AskLogRange(first.number, members[-1].number)
        self._ranges[ask] = tuple(members)
        return ask


def suspicious(header: Header, logs: Collection[int]) -> bool:
    """True if a block has no logs although its bloom, of few bits, says maybe: a node that has not indexed it yet."""
    return not logs and int.from_bytes(header.bloom, "big").bit_count() <= SPARSE_BITS
