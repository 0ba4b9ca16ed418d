"""A chain in memory, a node that tells it badly, and a consumer that believes the tracker: for tests of the tracker."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from hashlib import sha256
from random import Random

from alphapulse.rules.chain.asks import Ask, AskFinalized, AskHeader, AskHeaders, AskLatest, AskLogRange, AskLogs
from alphapulse.rules.chain.effects import Asked, BlockClosed, Reorganised, SeedLost
from alphapulse.rules.chain.finality import FinalityRule
from alphapulse.rules.chain.header import Header
from alphapulse.rules.chain.log_filter import LogFilter
from alphapulse.rules.chain.tracker import ChainTracker
from alphapulse.rules.events.rpc_log import RpcLog
from alphapulse.rules.evm.bloom import bloom_of

WANTED = (bytes([1]) * 32, bytes([2]) * 32)
OTHER = bytes([3]) * 32
EMITTERS = tuple(bytes([number]) * 20 for number in (17, 18, 19))
CALM = FinalityRule(safe_depth=6, tag=None, tagged_depth=10, settled_depth=30)


class ModelChain:
    """Blocks with logs, mined and taken back."""

    def __init__(self, random: Random) -> None:
        self._random = random
        self._count = 0
        self.logs: dict[bytes, list[RpcLog]] = {}
        self.headers: dict[bytes, Header] = {}
        self.canonical: list[Header] = []
        self.mine()

    @property
    def head(self) -> Header:
        return self.canonical[-1]

    def mine(self, most_logs: int = 3) -> Header:
        """One more block, with wanted and other logs."""
        self._count += 1
        number = len(self.canonical)
        block_hash = sha256(self._count.to_bytes(8, "big")).digest()
        told = []
        for index in range(self._random.randint(0, most_logs)):
            emitter, topic = self._random.choice(EMITTERS), self._random.choice((*WANTED, OTHER))
            told.append((index, emitter, topic))
        parent = self.canonical[-1].hash if self.canonical else bytes(32)
        bloom = bloom_of([(emitter, [topic]) for _, emitter, topic in told])
        header = Header(number, block_hash, parent, number * 1_000_000_000, bloom)
        self.logs[block_hash] = [_log(header, *one) for one in told if one[2] in WANTED]
        self.headers[block_hash] = header
        self.canonical.append(header)
        return header

    def roll_back(self, depth: int) -> None:
        """The newest blocks are gone; the first one stays."""
        del self.canonical[max(1, len(self.canonical) - depth) :]

    def answer(self, ask: Ask, *, cap: int = 1 << 30) -> Callable[[ChainTracker], None]:
        """The honest answer at this moment, to be given later. Ranges of more than `cap` blocks are too wide."""
        match ask:
            case AskLogs(_, block_hash):
                return self._logs_answer(ask, [block_hash])
            case AskLogRange(first, last):
                if ask.blocks > cap:
                    return lambda tracker: tracker.too_wide(ask)
                return self._logs_answer(ask, [header.hash for header in self.canonical[first : last + 1]])
            case AskFinalized():
                header = self.canonical[max(0, len(self.canonical) - 11)]
                return lambda tracker: tracker.take_finalized(ask, header)
            case AskLatest():
                found = [self.head]
            case AskHeader(block_hash):
                found = [self.headers[block_hash]] if block_hash in self.headers else []
            case AskHeaders(first, last):
                found = self.canonical[first : last + 1]
        return lambda tracker: tracker.take_headers(ask, found)

    def _logs_answer(self, ask: AskLogs | AskLogRange, blocks: list[bytes]) -> Callable[[ChainTracker], None]:
        logs = [log for block_hash in blocks for log in self.logs[block_hash]]
        return lambda tracker: tracker.take_logs(ask, logs, 1)


class Follower:
    """Carries out what the tracker wants, by a chain, and keeps the blocks that it was handed."""

    def __init__(self, chain: ModelChain, seed: Header, *, rule: FinalityRule = CALM, max_range: int = 8) -> None:
        self.chain = chain
        self._terms = (LogFilter(WANTED), rule, max_range)
        self.asked: list[Ask] = []
        self.lost: list[SeedLost] = []
        self.effects: list[object] = []
        self._begin(seed)

    def _begin(self, seed: Header) -> None:
        self.tracker = ChainTracker(seed, *self._terms)
        self.blocks = [(seed, tuple(self.chain.logs[seed.hash]))]
        self.asked.clear()

    def collect(self) -> None:
        """Take the effects; the books that they make must always be a chain."""
        for effect in self.tracker.effects():
            self.effects.append(effect)
            match effect:
                case Asked(ask):
                    self.asked.append(ask)
                case BlockClosed(header, logs):
                    assert header.parent_hash == self.blocks[-1][0].hash
                    self.blocks.append((header, tuple(heard.log for heard in logs)))
                case Reorganised(ancestor, old_head, _):
                    assert self.blocks[-1][0].hash == old_head.hash
                    while self.blocks[-1][0].hash != ancestor.hash:
                        self.blocks.pop()
                case SeedLost():
                    self.lost.append(effect)
        if self.tracker.lost:
            self._begin(self.chain.head)
            self.collect()

    def settle(self, rounds: int = 400, *, cap: int = 1 << 30) -> None:
        """Answer everything honestly until nothing is asked any more."""
        self.collect()
        for _ in range(rounds):
            asks, self.asked = self.asked, []
            for ask in asks:
                self.chain.answer(ask, cap=cap)(self.tracker)
                self.collect()
            if not self.asked:
                self.tracker.tick()
                self.collect()
                if not self.asked:
                    return

    def shown(self) -> list[tuple[Header, tuple[RpcLog, ...]]]:
        """What was handed over, from the seed on."""
        return self.blocks

    def expected(self) -> list[tuple[Header, tuple[RpcLog, ...]]]:
        """The same as the chain has it."""
        first = self.blocks[0][0].number
        return [(header, tuple(self.chain.logs[header.hash])) for header in self.chain.canonical[first:]]


def tell(tracker: ChainTracker, message: Header | RpcLog) -> None:
    """A subscription's notification."""
    if isinstance(message, Header):
        tracker.take_head(message)
    else:
        tracker.take_log(message, 1)


def notifications(chain: ModelChain, headers: Iterable[Header]) -> list[Header | RpcLog]:
    """What a subscriber is told of new blocks."""
    told: list[Header | RpcLog] = []
    for header in headers:
        told += [header, *chain.logs[header.hash]]
    return told


def _log(header: Header, index: int, emitter: bytes, topic: bytes) -> RpcLog:
    return RpcLog(
        address=f"0x{emitter.hex()}",
        topics=(f"0x{topic.hex()}",),
        data="0x",
        block_number=hex(header.number),
        transaction_hash=f"0x{bytes(32).hex()}",
        transaction_index="0x0",
        log_index=hex(index),
        block_hash=f"0x{header.hash.hex()}",
        block_timestamp=hex(header.venue_time_ns // 1_000_000_000),
    )
