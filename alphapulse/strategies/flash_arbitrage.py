"""Flash arbitrage between two pools of one pair: borrow, sell dear, buy cheap, pay back, in one transaction."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Literal

import attrs

from alphapulse.data.market import MarketEvent
from alphapulse.data.pools import Pool
from alphapulse.data.signals import INHERITED_EPISODE, ArbitrageSignal
from alphapulse.rules.amm.price import gap_ppm
from alphapulse.rules.arbitrage.costs import flash_fee, native_value, pool_fees
from alphapulse.rules.arbitrage.pair import PoolPair, pairs_of
from alphapulse.rules.arbitrage.repricing import resize
from alphapulse.rules.arbitrage.scanner import Opportunity, PairScanner, ScanCounts
from alphapulse.rules.arbitrage.sizing import SizedPath
from alphapulse.rules.limits.sizing import UNCAPPED, SizeCaps
from alphapulse.rules.wire.slots import maker_of

MOST_GAP_PPM = (1 << 32) - 1
"""The largest gap that a signal can tell: a drained pool's price may lie further off than any number of use."""

_new_signal: Callable[..., ArbitrageSignal] = maker_of(ArbitrageSignal)


@attrs.frozen
class FlashArbitrageTerms:
    """How a flash arbitrage is evaluated and what it is charged.

    `evaluate` is the moment of a state: after each log, or at the end of each complete block. `base_tokens` are wanted
    as profit, in order. `gas_units` is what the transaction is stated to use.
    """

    evaluate: Literal["log", "block"]
    base_tokens: tuple[bytes, ...]
    flash_fee_ppm: int
    gas_units: int
    gas_price_wei: int
    wrapped_native: bytes


class FlashArbitrage:
    """Watches every two pools of one pair and proposes the best cycle at each opportunity state.

    `next_signal_id` numbers signals over all strategies of a run; `run` and `halt_epoch` are read for each signal.
    `caps` is the most that a trade may put in.
    """

    def __init__(
        self,
        name: str,
        terms: FlashArbitrageTerms,
        pools: Sequence[Pool],
        *,
        next_signal_id: Callable[[], int],
        run: Callable[[], int],
        halt_epoch: Callable[[], int],
        caps: SizeCaps = UNCAPPED,
    ) -> None:
        self.name = name
        self._terms = terms
        self._gas_pricing: dict[bytes, list[Pool]] = {}
        for pool in pools:
            if terms.wrapped_native in pool.pair:
                for token in pool.pair:
                    self._gas_pricing.setdefault(token, []).append(pool)
        self._next_signal_id = next_signal_id
        self._run = run
        self._halt_epoch = halt_epoch
        self._caps = caps
        self._scanner = PairScanner(pairs_of(pools, terms.base_tokens), per_block=terms.evaluate == "block")
        for pool in pools:
            self._scanner.book.add(pool)  # those of no pair may price gas
        self._episodes: dict[PoolPair, int] = {}

    @property
    def counts(self) -> ScanCounts:
        """States looked at in this life."""
        return self._scanner.counts

    @property
    def base_tokens(self) -> tuple[bytes, ...]:
        """The tokens in which profit is wanted, in order."""
        return self._terms.base_tokens

    def on_events(self, events: Sequence[MarketEvent]) -> list[ArbitrageSignal]:
        """One signal for each opportunity state among the events."""
        # The scanner stands at each state while its signal is made: gas is valued there, not at the end of the list.
        return [self._signal(found) for found in self._scanner.scan(events)]

    def _signal(self, found: Opportunity) -> ArbitrageSignal:
        terms, path = self._terms, self._sized(found)
        signal_id = self._next_signal_id()
        if found.opens_episode:
            self._episodes[found.pair] = signal_id
        fees = pool_fees(path.steps)
        block_number, log_index = found.position
        return _new_signal(
            run=self._run(),
            signal_id=signal_id,
            strategy=self.name,
            episode=self._episodes.get(found.pair, INHERITED_EPISODE),
            halt_epoch=self._halt_epoch(),
            chain_id=found.pair.first.id.chain_id or 0,
            block_number=block_number,
            log_index=log_index,
            venue_time_ns=found.stamp.venue_time_ns,
            received_ns=found.stamp.received_ns,
            valid_through_block=block_number,
            legs=tuple([step.as_leg() for step in path.steps]),
            profit_token=found.pair.profit_token,
            size=path.size,
            gross=path.profit + fees,
            pool_fees=fees,
            profit=path.profit,
            flash_fee=flash_fee(path.size, terms.flash_fee_ppm),
            gas_units=terms.gas_units,
            gas_price_wei=terms.gas_price_wei,
            gas_cost=self._gas_cost(found),
            gap_ppm=min(gap_ppm(found.hi_sqrt, found.lo_sqrt), MOST_GAP_PPM),
            fees_ppm=found.pair.fees_ppm,
        )

    def _sized(self, found: Opportunity) -> SizedPath:
        """The best path, or what it pays exactly with the most that the position sizing lets in."""
        cap = self._caps.of(found.pair.profit_token)
        if cap is None or found.path.size <= cap:
            return found.path
        return resize(found.path, cap, self._scanner.book.state)

    def _gas_cost(self, found: Opportunity) -> int | None:
        terms, book = self._terms, self._scanner.book
        token = found.pair.profit_token
        pricing = self._gas_pricing.get(token, ())
        known = [(pool, state) for pool in pricing if (state := book.state(pool.id)) is not None]
        return native_value(terms.gas_units * terms.gas_price_wei, terms.wrapped_native, token, known)
