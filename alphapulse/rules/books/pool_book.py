"""The newest state of every pool: a replica that each consumer keeps for itself, and that follows reorganisations."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from typing import Any, Final

from alphapulse.data.chain_events import ChainReorganised
from alphapulse.data.instruments import CHAIN_OF_VENUE, InstrumentId
from alphapulse.data.market import (
    BlockCompleted,
    LogStamp,
    MarketEvent,
    PoolBurn,
    PoolMint,
    PoolState,
    PoolSwap,
    StreamState,
    StreamStatus,
)
from alphapulse.data.pool_cache import PoolInfo
from alphapulse.data.pool_events import PoolFeeChanged, PoolInitialized
from alphapulse.data.pool_reserves import PoolLiquidity, PoolSync, PoolTick
from alphapulse.data.pools import Pool, Trust
from alphapulse.data.verdicts import PoolTrustChanged
from alphapulse.rules.amm.kinds import KINDS
from alphapulse.rules.amm.pool_state import AmmState
from alphapulse.rules.discovery.pool_info import pool_of

Position = tuple[int, int]
"""(block number, log index) on one chain: where a state holds from."""

HISTORY_BLOCKS = 2_000
"""Blocks that can be taken back: what a reorganisation undoes deeper than that is forgotten instead."""

STATE_EVENTS: Final = frozenset(
    (
        PoolSwap,
        PoolSync,
        PoolMint,
        PoolBurn,
        PoolInitialized,
        PoolFeeChanged,
        PoolState,
        PoolTick,
        PoolLiquidity,
        PoolTrustChanged,
    )
)
"""What can change a pool's state."""

LOGS: Final = frozenset((PoolSwap, PoolSync, PoolMint, PoolBurn, PoolInitialized, PoolFeeChanged))
"""Those of them that are logs; the others are parts of snapshots, and words about them."""

TRADABLE: Final = STATE_EVENTS - {PoolMint, PoolBurn, PoolTick}
"""What changes the price or the reserves, and not only what lies behind them."""

Change = tuple[int, "Slot", AmmState | None, Any]
"""Block, place of the pool, and the two parts of its state before."""


class ChainLog:
    """What the newest blocks of a chain changed, oldest first; pruned block by block."""

    __slots__ = ("newest", "undo")

    def __init__(self) -> None:
        self.newest = -1
        self.undo: deque[Change] = deque()

    def reach(self, block_number: int) -> None:
        """A newer block begins: what can no longer be taken back is dropped."""
        self.newest, undo = block_number, self.undo
        oldest = block_number - HISTORY_BLOCKS
        while undo and undo[0][0] < oldest:
            undo.popleft()


class BlockLogs:
    """The log indices of one chain's newest blocks."""

    __slots__ = ("blocks", "in_block", "newest")

    def __init__(self) -> None:
        self.blocks: dict[int, list[int]] = {}
        self.newest = -1
        self.in_block: list[int] = []

    def note(self, stamp: LogStamp) -> None:
        """A log of one of the pools."""
        block_number = stamp.block_number
        if block_number != self.newest:
            self.newest = block_number
            self.in_block = self.blocks.setdefault(block_number, [])
            while (oldest := next(iter(self.blocks))) < block_number - HISTORY_BLOCKS:
                del self.blocks[oldest]
        self.in_block.append(stamp.log_index)

    def roll_back(self, block_number: int) -> None:
        """Forget the blocks behind one."""
        self.newest = -1
        for number in [number for number in self.blocks if number > block_number]:
            del self.blocks[number]


class Slot:
    """The place of one pool in a book.

    Most states are never looked at. So the newest trade (`latest`) waits beside the state before it until somebody
    asks: it says all that moves, and those before it no longer matter.
    """

    __slots__ = ("begin", "chain", "latest", "logged", "logs", "pool", "state", "whole")

    def __init__(
        self, pool: InstrumentId, begin: Callable[[object], AmmState | None], whole: type, chain: ChainLog
    ) -> None:
        self.pool = pool
        self.begin = begin
        self.whole = whole
        self.chain = chain
        self.state: AmmState | None = None
        self.latest: Any = None
        self.logged = -1
        self.logs: BlockLogs | None = None
        """Where a history notes the pool's logs."""

    def current(self) -> AmmState | None:
        """The newest state."""
        if self.latest is not None and self.state is not None:
            self.state, self.latest = self.state.applied(self.latest), None
        return self.state

    def is_younger(self, block_number: int) -> bool:
        """True if the state is of a later block."""
        newest = self.latest or self.state
        return newest is not None and newest.stamp.block_number > block_number


class PoolBook:
    """The newest states of the pools that were added or found, fed with events in the order of their chain.

    A state is known from the first event on that tells it: a pool's first swap, sync or snapshot. Chains stand apart;
    a reorganisation takes its chain back to the ancestor, as if the events behind it had never come. A pool of whose
    past too little is known for that is unknown afterwards.

    The log holds one entry for each pool and block of the last 2,000 blocks.
    """

    _each_change = False

    def __init__(self, pools: Iterable[Pool] = ()) -> None:
        self._slots: dict[InstrumentId, Slot] = {}
        self._chains: dict[int, ChainLog] = {}
        for pool in pools:
            self.add(pool)

    def add(self, pool: Pool) -> None:
        """Follow a pool from now on; one that is followed already goes on as it is."""
        if pool.id not in self._slots:
            kind = KINDS[pool.kind]
            self._place(pool.id, partial(kind.begin, pool), kind.whole)

    def remove(self, pool: InstrumentId) -> None:
        """Forget a pool; nothing happens if it was not followed."""
        slot = self._slots.pop(pool, None)
        if slot is not None:
            log = slot.chain
            log.undo = deque(entry for entry in log.undo if entry[1] is not slot)

    def apply(self, event: Any) -> Any | None:
        """Take one event in. Returns it if it changed at what a pool trades: the moment at which a gap can open.

        That is a price, reserves, liquidity in range, a fee or trust. Events of other pools are passed over.
        """
        kind = type(event)
        if kind not in STATE_EVENTS:
            if kind is not BlockCompleted:
                self._pass(event)
            return None
        slot = self._slots.get(event.pool) or self._adopted(event)
        if slot is None:
            return None
        if slot.logs is not None and kind in LOGS:
            slot.logs.note(event.stamp)
        if kind is slot.whole and slot.state is not None:
            # As `_log`, written out: this is the way of nearly all events, in every book.
            block, chain = event.stamp.block_number, slot.chain
            if block != chain.newest:
                if block > chain.newest:
                    chain.reach(block)
                else:
                    block = chain.newest
            if slot.logged != block or self._each_change:
                chain.undo.append((block, slot, slot.state, slot.latest))
                slot.logged = block
            slot.latest = event
            return event
        before = slot.current()
        now = slot.begin(event) if before is None else before.applied(event)
        if now is before or now is None:
            return None
        self._log(slot, event.block_number if kind is PoolTrustChanged else event.stamp.block_number)
        slot.state = now
        return event if kind in TRADABLE or _moved_liquidity(before, now) else None

    def state(self, pool: InstrumentId) -> AmmState | None:
        """The newest state of a pool, None while it is unknown."""
        slot = self._slots.get(pool)
        return None if slot is None else slot.current()

    def place(self, pool: InstrumentId) -> Slot:
        """The place of a pool that is followed, for as long as it is. Raises KeyError for any other."""
        return self._slots[pool]

    def trust(self, pool: InstrumentId) -> Trust | None:
        """How far a pool's state may be used, None while it is unknown."""
        state = self.state(pool)
        return None if state is None else state.trust

    def snapshot(self) -> Iterator[MarketEvent]:
        """Every known pool's newest state, as the messages from which another book can start."""
        for slot in self._slots.values():
            if (state := slot.current()) is not None:
                yield from state.messages(slot.pool)

    def roll_back(self, chain_id: int, block_number: int) -> None:
        """Take a chain back to the end of a block: each pool has the state again that it had there."""
        chain = self._chains.get(chain_id)
        if chain is None:
            return
        undo = chain.undo
        while undo and undo[-1][0] > block_number:
            _, slot, state, latest = undo.pop()
            slot.logged = -1
            if slot.is_younger(block_number):
                slot.state, slot.latest = state, latest
        for slot in self._slots.values():
            if slot.chain is chain and slot.is_younger(block_number):
                slot.state = slot.latest = None  # its past is not known as far back as that
        chain.newest = min(chain.newest, block_number)

    def _pass(self, event: object) -> None:
        """Take in what is no pool's state: reorganisations, streams that begin anew, and pools that are found."""
        if isinstance(event, ChainReorganised):
            self.roll_back(event.chain_id, event.ancestor_number)
        elif isinstance(event, StreamStatus) and event.state is StreamState.RESET:
            self._forget(event.venue)
        elif isinstance(event, PoolInfo):
            self.add(pool_of(event))

    def _log(self, slot: Slot, block: int) -> None:
        """Note the state before a change, once a block."""
        chain = slot.chain
        if block > chain.newest:
            chain.reach(block)
        else:
            block = chain.newest  # a snapshot's state may be older than what is known of other pools
        if slot.logged != block or self._each_change:
            chain.undo.append((block, slot, slot.state, slot.latest))
            slot.logged = block

    def _place(self, pool: InstrumentId, begin: Callable[[object], AmmState | None], whole: type) -> Slot:
        chain = self._chains.setdefault(pool.chain_id or 0, ChainLog())
        slot = self._slots[pool] = Slot(pool, begin, whole, chain)
        return slot

    def _adopted(self, event: Any) -> Slot | None:
        """A place for the pool of an event that nobody added; none here."""
        return None

    def _forget(self, venue: int) -> None:
        """A stream begins anew: forget what its chain told. One that belongs to no venue is a link: forget all.

        An exchange has no pools.
        """
        chain_id = CHAIN_OF_VENUE.get(venue)  # type: ignore[call-overload]  # numbers and venues are equal as keys
        if venue and chain_id is None:
            return
        for number, chain in self._chains.items():
            if chain_id in (None, number):
                chain.undo.clear()
                chain.newest = -1
        for slot in self._slots.values():
            if slot.chain.newest < 0:
                slot.state = slot.latest = None
                slot.logged = -1


def _moved_liquidity(before: AmmState | None, now: AmmState) -> bool:
    """True if a mint or a burn changed the liquidity in range, or what lies beside a range that has none."""
    liquidity = getattr(now, "liquidity", None)
    if before is None or liquidity is None:
        return False
    return not liquidity or liquidity != getattr(before, "liquidity", None)
