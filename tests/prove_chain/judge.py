"""A consumer that solves whenever it may, and keeps what it solved on, so that the chain itself can judge it."""

from __future__ import annotations

from collections.abc import Sequence

import attrs
import trio

from alphapulse.data.chain_events import ChainHead, ChainReorganised
from alphapulse.data.instruments import InstrumentId
from alphapulse.data.market import BlockCompleted, StreamState, StreamStatus
from alphapulse.data.pools import Pool, Trust
from alphapulse.relays.any_relay import AnyRelay
from alphapulse.rules.amm.concentrated import ConcentratedState
from alphapulse.rules.amm.constant_product import ConstantProductState
from alphapulse.rules.amm.pool_state import AmmState
from alphapulse.rules.books.pool_book import PoolBook
from tests.chain.truth import Truth


@attrs.frozen
class Solve:
    """A moment at which a strategy would have decided: on these pools, as they were believed to be."""

    block_number: int
    block_hash: str
    states: dict[str, AmmState]
    head_number: int
    """The newest block that the stream had told of."""
    at_s: float
    """When it was, by the loop's clock."""


@attrs.define
class Judge:
    """Follows the relay as a strategy does: a replica of the pools, solving at complete blocks while they are fresh."""

    pools: Sequence[Pool]
    solves: list[Solve] = attrs.field(factory=list)
    state: StreamState = StreamState.UNKNOWN
    statuses: list[StreamStatus] = attrs.field(factory=list)
    reorganisations: int = 0
    closed: set[str] = attrs.field(factory=set)
    """Hashes of all blocks that were ever complete."""
    broken: list[str] = attrs.field(factory=list)
    _book: PoolBook = attrs.field(init=False)
    _parents: list[tuple[str, str]] = attrs.field(init=False, factory=list)
    """Hash and parent of each complete block."""
    _closings: trio.lowlevel.ParkingLot = attrs.field(init=False, factory=trio.lowlevel.ParkingLot)
    _news: trio.lowlevel.ParkingLot = attrs.field(init=False, factory=trio.lowlevel.ParkingLot)
    _closed_number: int = attrs.field(init=False, default=0)
    _head: int = attrs.field(init=False, default=0)

    @_book.default
    def _nothing_known(self) -> PoolBook:
        return PoolBook(self.pools)

    async def run(self, relay: AnyRelay) -> None:
        """Consume until cancelled."""
        with relay.subscribe("judge") as subscription:
            while True:
                for message in await subscription.receive():
                    self.take(message)

    def take(self, message: object) -> None:
        """One message of the relay."""
        self._book.apply(message)
        self._news.unpark_all()
        match message:
            case StreamStatus(state=state):
                self.state = state
                self.statuses.append(message)
                if state is StreamState.RESET:
                    self._parents.clear()
            case ChainHead(number=number):
                self._head = number
            case ChainReorganised(ancestor_hash=ancestor):
                self.reorganisations += 1
                self._undo(ancestor.hex())
            case BlockCompleted():
                self._close(message)

    async def wait_closed(self) -> None:
        """Return when the next block is complete."""
        await self._closings.park()

    async def wait_told(self) -> None:
        """Return when the stream has told anything."""
        await self._news.park()

    def known(self) -> dict[str, AmmState]:
        """The pools that may be traded, by name."""
        return {pool.name: state for pool in self.pools if (state := self._tradable(pool.id)) is not None}

    @property
    def behind(self) -> int:
        """Blocks that are known of and newer than the newest complete one."""
        return self._head - self._closed_number

    @property
    def tip(self) -> str:
        """Hash of the newest complete block."""
        return self._parents[-1][0] if self._parents else ""

    def _tradable(self, pool: InstrumentId) -> AmmState | None:
        state = self._book.state(pool)
        return None if state is None or state.trust is Trust.DIVERGENT else state

    def _undo(self, ancestor: str) -> None:
        while self._parents and self._parents[-1][0] != ancestor:
            self._parents.pop()

    def _close(self, block: BlockCompleted) -> None:
        found, parent = (block.block_hash or b"").hex(), (block.parent_hash or b"").hex()
        if self._parents and self._parents[-1][0] != parent:
            self.broken.append(f"block {block.block_number} does not follow the one before it")
        self._parents.append((found, parent))
        self.closed.add("0x" + found)
        self._closed_number = block.block_number
        if self.state is StreamState.FRESH:
            self.solves.append(Solve(block.block_number, "0x" + found, self.known(), self._head, trio.current_time()))
        self._closings.unpark_all()


def disagreement(state: AmmState, truth: Truth) -> str:
    """What a believed state says otherwise than the chain; empty if nothing."""
    if isinstance(state, ConstantProductState):
        return _differ("reserves", (state.reserve0, state.reserve1), truth.reserves)
    if not isinstance(state, ConcentratedState):
        return f"a state of another kind: {state!r}"
    found = _differ(
        "price, tick, liquidity",
        (state.sqrt_price_x96, state.tick, state.liquidity),
        (truth.sqrt_price_x96, truth.tick, truth.liquidity),
    )
    if not found and truth.fee_ppm is not None:
        found = _differ("fee", state.fee_ppm, truth.fee_ppm)
    if not found and state.trust is Trust.PROVEN:
        found = _differ("ticks", tuple(state.ticks or ()), truth.ticks)
    return found


def _differ(what: str, believed: object, true: object) -> str:
    return "" if believed == true else f"{what}: believed {believed}, on the chain {true}"
