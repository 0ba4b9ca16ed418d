"""What the engine saw at chosen logs of a recording, how far each gap came, and with which numbers it ended."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from fractions import Fraction
from typing import Any, Literal

import attrs
import trio

from alphapulse.composition.environment import DataPaths
from alphapulse.config import Config
from alphapulse.daemon import Daemon
from alphapulse.data.execution import ExecutionReport, Fill, Outcome, RiskDecision
from alphapulse.data.instruments import InstrumentId
from alphapulse.data.market import BlockCompleted
from alphapulse.data.pools import Pool
from alphapulse.data.signals import ArbitrageSignal
from alphapulse.errors import AlphaPulseError, QuoteRefused
from alphapulse.rules.amm.pool_state import AmmState
from alphapulse.rules.arbitrage.candidate import Candidate
from alphapulse.rules.books.pool_book import PoolBook
from alphapulse.studies.candidate_feed import CandidateFeed
from alphapulse.studies.headless import hex_text, replay_recording

PPM = 1_000_000
MOST_STATES = 1_000
"""Logs that are kept in full; further ones are counted."""

Position = tuple[int, int]


@attrs.frozen
class Question:
    """Which logs: those of a transaction, of a block, or of a pool."""

    kind: Literal["tx", "block", "pool"]
    value: str | int

    def asks_for(self, stamp: Any, pool: InstrumentId) -> bool:
        """True if a log with that stamp, of that pool, is one of them."""
        if self.kind == "block":
            return bool(stamp.block_number == self.value)
        if self.kind == "tx":
            return stamp.transaction_hash is not None and hex_text(stamp.transaction_hash) == self.value
        return pool.name == self.value


@attrs.frozen
class Gap:
    """Against another pool of the pair; ppm, rounded down. Net is after both fees; None while a fee is not known."""

    pool: Pool
    price: Fraction
    dearer: bool
    gross_ppm: int
    net_ppm: int | None

    @property
    def beats_fees(self) -> bool:
        """True if something is left after both fees, before all other costs."""
        return self.net_ppm is not None and self.net_ppm >= 0 and self.gross_ppm > 0


@attrs.define
class SeenSignal:
    """A signal and what became of it."""

    signal: ArbitrageSignal
    verdict: RiskDecision | None = None
    end: Fill | ExecutionReport | None = None


@attrs.define
class SeenState:
    """One log: what it did to its pool, the gaps behind it, and what the engine made of them.

    Prices are raw token1 for one raw token0, before fees; None while unknown. `per_block`: only block ends count.
    """

    event: Any
    pool: Pool
    before: Fraction | None
    after: Fraction | None
    state: AmmState | None
    per_block: bool
    gaps: tuple[Gap, ...] = ()
    candidates: list[Candidate] = attrs.field(factory=list)
    signals: list[SeenSignal] = attrs.field(factory=list)

    @property
    def position(self) -> Position:
        """(block number, log index)."""
        stamp = self.event.stamp
        return stamp.block_number, stamp.log_index


@attrs.define
class Explanation:
    """The chosen logs in order. `matched` counts them, kept or not; `forgotten` candidates that came too fast."""

    question: Question
    states: list[SeenState] = attrs.field(factory=list)
    matched: int = 0
    forgotten: int = 0


class Explainer:
    """Listens to a replay. Candidates are read from the strategy when the block behind them is over."""

    def __init__(self, question: Question) -> None:
        self.found = Explanation(question)
        self._question = question
        self._daemon: Daemon | None = None
        self._book = PoolBook()
        self._pools: dict[InstrumentId, Pool] = {}
        self._at: dict[Position, SeenState] = {}
        self._last_of_block: dict[int, SeenState] = {}
        self._signals: dict[int, SeenSignal] = {}
        self._feed = CandidateFeed()
        self._waiting: list[Candidate] = []
        self._newest_block = -1
        self._per_block = False

    async def attach(self, daemon: Daemon) -> None:
        """Know the daemon that is listened to; runs until cancelled."""
        self._daemon = daemon
        self._pools = {pool.id: pool for pool in daemon.pools}
        section = daemon.config.strategies.flash_arbitrage
        self._per_block = section is not None and section.evaluate == "block"
        self._book = PoolBook(daemon.pools)
        await trio.sleep_forever()

    def listen(self, messages: Sequence[Any]) -> None:
        """Take messages of the relays in."""
        self._read_candidates()
        for message in messages:
            match message:
                case ArbitrageSignal():
                    self._signal(message)
                case RiskDecision():
                    if (seen := self._signals.get(message.signal_id)) is not None:
                        seen.verdict = message
                case Fill() | ExecutionReport():
                    if (seen := self._signals.get(message.signal_id)) is not None:
                        seen.end = message
                case _:
                    self._market(message)
        self._place_candidates()

    def finish(self) -> Explanation:
        """What was found, when the recording is over."""
        self._read_candidates()
        self._newest_block = max((one.block_number for one in self._waiting), default=self._newest_block)
        self._place_candidates()
        return self.found

    def _market(self, message: Any) -> None:
        if isinstance(message, BlockCompleted):
            self._newest_block = message.block_number
        pool = self._pools.get(getattr(message, "pool", None))  # type: ignore[arg-type]  # of other messages: no pool
        wanted = pool is not None and hasattr(message, "stamp") and self._question.asks_for(message.stamp, pool.id)
        before = _price(self._book.state(pool.id)) if wanted and pool is not None else None
        self._book.apply(message)
        if not wanted or pool is None:
            return
        self.found.matched += 1
        if len(self.found.states) == MOST_STATES:
            return
        state = self._book.state(pool.id)
        seen = SeenState(message, pool, before, _price(state), state, self._per_block, tuple(self._gaps(pool, state)))
        self.found.states.append(seen)
        self._at[seen.position] = seen
        self._last_of_block[seen.position[0]] = seen

    def _gaps(self, pool: Pool, state: AmmState | None) -> Iterator[Gap]:
        price = _price(state)
        if state is None or price is None:
            return
        for other in self._pools.values():
            if other is pool or other.pair != pool.pair or other.id.chain_id != pool.id.chain_id:
                continue
            against = self._book.state(other.id)
            other_price = _price(against)
            if against is None or other_price is None:
                continue
            ratio = max(price, other_price) / min(price, other_price)
            net = None
            if state.fee_ppm is not None and against.fee_ppm is not None:
                keep = Fraction((PPM - state.fee_ppm) * (PPM - against.fee_ppm), PPM * PPM)
                net = int((ratio * keep - 1) * PPM // 1)
            yield Gap(other, other_price, other_price > price, int((ratio - 1) * PPM // 1), net)

    def _signal(self, signal: ArbitrageSignal) -> None:
        place = self._place(signal.position, signal.pools)
        if place is not None:
            seen = self._signals[signal.signal_id] = SeenSignal(signal)
            place.signals.append(seen)

    def _read_candidates(self) -> None:
        if self._daemon is None:
            return
        self._waiting += self._feed.fresh(self._daemon.strategy.candidates)
        self.found.forgotten = self._feed.forgotten

    def _place_candidates(self) -> None:
        """Put candidates to their logs, once these have come here: the strategy may have been faster."""
        waiting, self._waiting = self._waiting, []
        for candidate in waiting:
            if candidate.block_number > self._newest_block:
                self._waiting.append(candidate)
            elif (place := self._place(candidate.position, candidate.pools)) is not None:
                place.candidates.append(candidate)

    def _place(self, position: Position, pools: Sequence[InstrumentId]) -> SeenState | None:
        """The log behind which it was looked at; for a look at a block's end the last chosen log of that block."""
        place = self._at.get(position)
        if place is None and self._per_block:
            place = self._last_of_block.get(position[0])
        if place is None or (self._question.kind == "pool" and place.pool.id not in pools):
            return None
        return place


async def explain(
    config: Config, paths: DataPaths, question: Question
) -> tuple[Explanation, tuple[Pool, ...], AlphaPulseError | None]:
    """What the recording says of the chosen logs, the pools, and the problem that ended it early, if any did."""
    explainer = Explainer(question)

    def read(daemon: Daemon) -> tuple[Explanation, tuple[Pool, ...]]:
        return explainer.finish(), tuple(daemon.pools)

    (found, pools), problem = await replay_recording(
        config, paths, read, listen=explainer.listen, beside=explainer.attach
    )
    return found, pools, problem


def ended(state: SeenState) -> str:
    """The stage at which it ended, in one word: how far the best of what stood open behind this log came."""
    words = [_signal_end(seen) for seen in state.signals]
    words += [one.stage.name.lower() for one in state.candidates]
    if words:
        return max(words, key=ORDER.index)
    if state.after is None:
        return "unknown"
    if not state.gaps:
        return "alone"
    if not any(gap.beats_fees for gap in state.gaps):
        return "screen"
    return "inside" if state.per_block else "left out"


ORDER = (
    *("state", "liquidity", "sizing", "slippage", "valuation", "costs", "shared"),
    *("signalled", "gate", "cancelled", "reverted", "filled"),
)
"""Stages from the first to the last; what is behind is further."""

MEANING: Mapping[str, str] = {
    "unknown": "the pool's price is not known yet: nothing can be compared",
    "alone": "no other pool of the pair has a known price yet: a cycle of two pools cannot be seen",
    "screen": "no gap beats the fees of both pools",
    "inside": "the gap beats both fees, but only the ends of blocks are looked at (evaluate)",
    "left out": "the gap beats both fees, but a pool of it is left out for now: too thin, or not trusted",
    "state": "a pool is in quarantine: its state is not that of its contract",
    "liquidity": "a pool of the path holds less than the floor",
    "sizing": "no size earns anything",
    "slippage": "the trade would move a price further than allowed",
    "valuation": "gas has no price in live pools",
    "costs": "the profit does not cover flash fee and gas, or one of them is not known",
    "shared": "a better path of the same moment takes what this one needs",
    "signalled": "it was signalled, and no verdict was seen",
    "gate": "the gate refused it",
    "cancelled": "the trade was called off",
    "reverted": "the gap was gone when the trade was included",
    "filled": "it was traded",
}


def _signal_end(seen: SeenSignal) -> str:
    if isinstance(seen.end, Fill):
        return "filled"
    if isinstance(seen.end, ExecutionReport):
        return "cancelled" if seen.end.outcome is Outcome.CANCELLED else "reverted"
    if seen.verdict is not None and seen.verdict.failed is not None:
        return "gate"
    return "signalled"


def _price(state: AmmState | None) -> Fraction | None:
    if state is None:
        return None
    try:
        numerator, denominator = state.price(0, 1)
    except QuoteRefused:
        return None
    return Fraction(numerator, denominator) if numerator > 0 and denominator > 0 else None
