"""Follows a live chain: subscribes to heads and logs, and hands over complete blocks of events in order."""

from __future__ import annotations

import logging
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from contextlib import AbstractAsyncContextManager
from random import Random

import trio

from alphapulse.collectors.evm.asking import Asking
from alphapulse.collectors.evm.contract_reader import ContractReader
from alphapulse.collectors.evm.joining import PoolJoiner
from alphapulse.collectors.evm.listening import Listening, LiveNodes, tell
from alphapulse.collectors.evm.pending import PendingFeed
from alphapulse.collectors.evm.publishing import ChainPublisher
from alphapulse.collectors.evm.second_opinion import SecondOpinion
from alphapulse.collectors.evm.snapshot import SnapshotReader
from alphapulse.collectors.evm.terms import EvmTerms
from alphapulse.collectors.evm.verifier import Verifier
from alphapulse.collectors.recorded.collector import ReplayCounts
from alphapulse.connections.subscription import Notice
from alphapulse.data.market import StreamState
from alphapulse.data.pools import Pool
from alphapulse.errors import AnswerRefused, NodeError, ReorgTooDeep, RpcError
from alphapulse.relays.flow import Flow
from alphapulse.rules.chain.effects import Asked, BlockClosed, FinalityBroken, LogsSilent, Reorganised, SeedLost
from alphapulse.rules.chain.freshness import Freshness
from alphapulse.rules.chain.header import Header
from alphapulse.rules.chain.log_filter import LogFilter
from alphapulse.rules.chain.tracker import ChainTracker

logger = logging.getLogger(__name__)

LATE_BLOCKS = 2
"""Blocks behind the newest one at which it is said that some are missing, whether they come or not."""

TICK_S = 0.25
"""How often the tracker is told that time passes."""

RETRY_S = 1.0
"""Between attempts to read the chain's state at a start."""

CATCH_UP_S = 5.0
"""How long consumers may take for one block that is handed over late, or for undoing blocks."""

SEED_POOLS = 50
"""Pools read and handed over together at a start."""

SEED_BLOCKS = 32
"""Block times for which pools are read at the block of a start: nodes keep the states of some more. The rest join."""


class EvmCollector:
    """A chain's events into the market-data relay; a service that runs until cancelled.

    `open_nodes` gives a running node pool. `begin_run` opens fresh books and is awaited before each snapshot of all
    pools. `on_broken` is told when the chain has undone, or contradicts, what it had called final. What is
    in `first` is awaited before pools are read. `beside` are tasks that run as long as the node pool that they are
    given; one that fails takes the collector along.
    """

    def __init__(
        self,
        terms: EvmTerms,
        publisher: ChainPublisher,
        wanted: LogFilter,
        *,
        open_nodes: Callable[[], AbstractAsyncContextManager[LiveNodes]],
        flow: Flow,
        begin_run: Callable[[str], Awaitable[None]],
        on_broken: Callable[[str], None],
        multicall: bytes,
        now_ns: Callable[[], int],
        random: Random,
        first: Sequence[Callable[[LiveNodes], Awaitable[None]]] = (),
        beside: Sequence[Callable[[LiveNodes], Awaitable[None]]] = (),
    ) -> None:
        self.publisher = publisher
        self.finished = False
        self.span_ns: tuple[int, int] | None = None
        self.nodes: LiveNodes | None = None
        self.verifier: Verifier | None = None
        self.second_opinion: SecondOpinion | None = None
        self.joiner: PoolJoiner | None = None
        self.pending: PendingFeed | None = None
        self._terms = terms
        self._wanted = wanted
        self._open_nodes = open_nodes
        self._flow = flow
        self._begin_run = begin_run
        self._on_broken = on_broken
        self._multicall = multicall
        self._now_ns = now_ns
        self._random = random
        self._first = first
        self._beside = beside
        self._tracker: ChainTracker | None = None
        self._told_head = b""
        self._freshness = Freshness(terms.silent_ns, terms.lag_blocks)
        self._outbox: deque[BlockClosed | Reorganised | SeedLost] = deque()
        self._wake = trio.Event()
        self._listening: Listening | None = None
        self._start_reason = "the daemon started"

    @property
    def counts(self) -> ReplayCounts:
        """What has been handed over since the stream began anew."""
        return self.publisher.counts

    @property
    def provider(self) -> str:
        """Label of the node that tells of heads and logs."""
        return "" if self._listening is None else self._listening.node

    @property
    def last_event_ns(self) -> int | None:
        """The time of the newest block that was handed over."""
        return self.publisher.last_event_ns

    @property
    def faults(self) -> dict[str, int]:
        """What was wrong with heads, logs and answers since the last snapshot, by kind."""
        return dict(self._tracker.faults) if self._tracker is not None else {}

    async def run(self, *, task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED) -> None:
        """Runs until cancelled."""
        reason, self._start_reason = self._start_reason, "the collector was restarted"
        self._tracker = None
        self._outbox.clear()
        try:
            await self._reset(reason)
            task_status.started()
            async with self._open_nodes() as nodes, trio.open_nursery() as nursery:
                self.nodes = nodes
                asking = Asking(nodes, self._wanted, now_ns=self._now_ns, on_answer=self._carry_out)
                self._asking = asking
                snapshots = SnapshotReader(ContractReader(nodes, self._multicall), now_ns=self._now_ns)
                self.joiner = joiner = PoolJoiner(self.publisher, snapshots)
                self.verifier = Verifier(
                    self.publisher, snapshots, self._terms.verify_ppm, self._random, on_divergent=joiner.ask
                )
                self.second_opinion = SecondOpinion(
                    nodes, self._wanted, self.publisher, self._terms.verify_ppm, self._random, on_divergent=joiner.ask
                )
                if self._terms.pending:
                    self.pending = PendingFeed(self._terms, nodes, self.publisher, self.publisher.publish)
                    nursery.start_soon(self.pending.run)
                self._listening = listening = Listening(
                    nodes,
                    self._wanted,
                    on_begin=self._begin_listening,
                    on_notices=self._take,
                    on_end=lambda problem: self.publisher.say(StreamState.STALE, problem),
                )
                for task in (asking.run, joiner.run, self.verifier.run, self.second_opinion.run, listening.run):
                    nursery.start_soon(task)
                nursery.start_soon(self._keep_time, nodes)
                for companion in self._beside:
                    nursery.start_soon(companion, nodes)
                for check in self._first:
                    await check(nodes)
                await self._follow(asking, snapshots, joiner, nodes)
        finally:
            self.publisher.say(StreamState.STALE, "the collector was stopped")

    def admit(self, pools: Sequence[Pool]) -> None:
        """Follow these pools too, from the tip on; their state is read first."""
        if self.joiner is not None:
            self.joiner.ask(pools)

    async def _reset(self, reason: str) -> None:
        await self._begin_run(reason)
        self.publisher.reset(reason)

    async def _follow(self, asking: Asking, snapshots: SnapshotReader, joiner: PoolJoiner, nodes: LiveNodes) -> None:
        """From a snapshot of all pools to the next one."""
        while True:
            seed = await self._seed(asking, snapshots)
            self._tracker = tracker = ChainTracker(seed, self._wanted, self._terms.finality, nodes.max_block_range)
            self._freshness.begin(_steady_ns())
            self._carry_out()
            try:
                reason = await self._hand_over_all(tracker)
            except ReorgTooDeep as problem:
                # Consumers halt the chain's venues for it; what is read anew is there when a person resumes them.
                reason = str(problem)
                self.publisher.lost(tracker.head)
            self._tracker = None
            self._outbox.clear()
            joiner.forget()
            logger.error("the chain is read anew: %s", reason)
            await self._reset(reason)

    async def _seed(self, asking: Asking, snapshots: SnapshotReader) -> Header:
        """Hand over the state of all pools at the newest block. Does not give up."""
        pools = list(self.publisher.pools.values())
        while (read := await self._read_all(pools, asking, snapshots)) is None:
            pass  # it has said why, and waited a little
        header, states, later = read
        for messages in states:
            self.publisher.seed(header, messages)
            await self._wait_applied()
        for pool, refusal in snapshots.refused.items():
            logger.error("%s cannot be followed from its contract: %s", pool.name, refusal)
        self.publisher.seeded(header, f"{len(states)} of {len(pools)} pools were read at block {header.number}")
        if later and self.joiner is not None:
            logger.info("%d pools are read while the chain is followed already", len(later))
            self.joiner.ask(later)
        return header

    async def _read_all(
        self, pools: Sequence[Pool], asking: Asking, snapshots: SnapshotReader
    ) -> tuple[Header, list[Sequence[object]], Sequence[Pool]] | None:
        """The newest block, pools' states at its end, and those that have to be read later; None if it could not be."""
        states: list[Sequence[object]] = []
        later: Sequence[Pool] = ()
        in_time = trio.current_time() + SEED_BLOCKS * self._terms.block_time_ms / 1_000
        try:
            header = await asking.latest()
            self.publisher.say(StreamState.GAP, f"{len(pools)} pools are being read at block {header.number}")
            for at in range(0, len(pools), SEED_POOLS):
                if at and trio.current_time() > in_time:
                    later = pools[at:]
                    break
                states += (await snapshots.take(pools[at : at + SEED_POOLS], header)).values()
        except (NodeError, RpcError, AnswerRefused) as problem:
            logger.warning("the pools could not be read: %s", problem)
            self.publisher.say(StreamState.STALE, f"the pools could not be read: {problem}")
            await trio.sleep(RETRY_S)
            return None
        return header, states, later

    def _begin_listening(self) -> None:
        if self._tracker is not None:
            self._tracker.subscribed()
            self._carry_out()

    def _take(self, notices: Sequence[Notice]) -> None:
        if (tracker := self._tracker) is not None:
            if tell(tracker, notices, self._asking.headers):
                self._freshness.heard(_steady_ns())
            self._carry_out()

    def _carry_out(self) -> None:
        """Do what the tracker wants done, until it wants nothing more."""
        tracker = self._tracker
        if tracker is None:
            return
        for effect in tracker.effects():
            match effect:
                case Asked(ask):
                    self._asking.put(tracker, ask)
                case LogsSilent(number):
                    if self._listening is not None:
                        self._listening.blame(f"heads come by its subscription, but no logs up to block {number}")
                case FinalityBroken(reason):
                    logger.critical("the chain is not final where it said so: %s", reason)
                    self._on_broken(reason)
                case _:
                    self._outbox.append(effect)
                    self._wake.set()
        if tracker.head.hash != self._told_head:
            self._told_head = tracker.head.hash
            self.publisher.head(tracker.head, tracker.watermarks, self.provider)
        if tracker.behind >= LATE_BLOCKS and not self._outbox and self.publisher.state is StreamState.FRESH:
            self.publisher.say(StreamState.GAP, f"{tracker.behind} blocks behind the newest one")

    async def _hand_over_all(self, tracker: ChainTracker) -> str:
        """Hand over blocks and reorganisations in order, until the chain cannot be followed any more: why.

        Raises:
            ReorgTooDeep: more was undone than consumers can undo.
        """
        while True:
            await self._wake.wait()
            self._wake = trio.Event()
            while self._outbox:
                effect = self._outbox.popleft()
                match effect:
                    case BlockClosed():
                        await self._close(effect, tracker)
                    case Reorganised():
                        await self._undo(effect)
                    case SeedLost(reason, deep):
                        if deep:
                            raise ReorgTooDeep(reason)
                        return reason

    async def _close(self, closed: BlockClosed, tracker: ChainTracker) -> None:
        header = closed.header
        newer = max(0, tracker.tip.number + tracker.behind - header.number)
        was_fresh = self.publisher.state is StreamState.FRESH
        fresh = self._freshness.is_fresh(newer, _steady_ns(), was_fresh=was_fresh)
        if not fresh and not self._freshness.split:
            self.publisher.say(StreamState.GAP, f"{newer} blocks behind the newest one")
        events = self.publisher.close(header, closed.logs, fresh=fresh)
        if self.joiner is not None:
            self.joiner.doubt({event.pool for event in events}, header.number)
        if fresh:
            if self.verifier is not None and self.second_opinion is not None:
                self.verifier.block_closed(header)
                self.second_opinion.block_closed(header, closed.logs)
        else:
            await self._wait_applied()

    async def _undo(self, undone: Reorganised) -> None:
        logger.warning(
            "blocks %d to %d are undone, the chain goes on behind %d with %d",
            undone.ancestor.number + 1,
            undone.old_head.number,
            undone.ancestor.number,
            undone.new_head.number,
        )
        unknown = self.publisher.undo(undone)
        await self._wait_applied()
        if unknown and self.joiner is not None:
            self.joiner.ask([self.publisher.pools[pool] for pool in unknown])

    async def _wait_applied(self) -> None:
        """Let consumers catch up: a queue of blocks that are old already serves nobody."""
        with trio.move_on_after(CATCH_UP_S):
            await self._flow.wait_idle()

    async def _keep_time(self, nodes: LiveNodes) -> None:
        """Tell the tracker that time passes, and judge silence by data."""
        while True:
            await trio.sleep(TICK_S)
            tracker, now_ns = self._tracker, _steady_ns()
            if tracker is None:
                continue
            tracker.tick()
            self._carry_out()
            if not tracker.behind:
                self._freshness.whole(now_ns)
            self._freshness.split = nodes.health().split
            if trouble := self._freshness.trouble(now_ns):
                self.publisher.say(StreamState.STALE, trouble)


def _steady_ns() -> int:
    """The loop's clock, which a test can put in the place of time."""
    return round(trio.current_time() * 1_000_000_000)
