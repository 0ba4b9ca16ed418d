"""Flash arbitrage over cycles of two to four pools: borrow, swap from pool to pool, pay back, in one transaction."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Literal

import attrs

from alphapulse.data.chain_events import ChainReorganised
from alphapulse.data.pools import Pool
from alphapulse.data.signals import ArbitrageSignal
from alphapulse.rules.arbitrage.candidate import Candidate, CandidateRing, Stage
from alphapulse.rules.arbitrage.costs import flash_fee, native_value, pool_fees
from alphapulse.rules.arbitrage.open_sizing import OpenSizing
from alphapulse.rules.arbitrage.path import SizedPath
from alphapulse.rules.arbitrage.scanner import CycleScanner, Moment, OpenCycle, ScanCounts, newest_stamp
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
    """Watches all cycles through the pools and proposes the best trade of each that stands open.

    `next_signal_id` numbers signals over all strategies of a run; `run` and `halt_epoch` are read for each signal.
    `caps` is the most that a trade may put in. What stood open and was not proposed is kept in `candidates`.
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
        self.candidates = CandidateRing()
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
        self._scanner = CycleScanner(pools, terms.base_tokens, per_block=terms.evaluate == "block")
        self._sizing = OpenSizing()

    @property
    def counts(self) -> ScanCounts:
        """States looked at in this life."""
        return self._scanner.counts

    @property
    def base_tokens(self) -> tuple[bytes, ...]:
        """The tokens in which profit is wanted, in order."""
        return self._terms.base_tokens

    def on_events(self, events: Sequence[Any]) -> list[ArbitrageSignal]:
        """A signal for each trade that is worth proposing at a moment among the events.

        What a reorganisation undoes is not proposed any more.
        """
        signals: list[ArbitrageSignal] = []
        for event in events:
            # The scanner stands at each moment while its signals are made: gas is valued there, not at the list's end.
            moment = self._scanner.take(event)
            if moment is not None:
                signals += self._decided(moment)
            elif type(event) is ChainReorganised:
                signals = [one for one in signals if not _is_undone(one, event)]
        return signals

    def _decided(self, moment: Moment) -> list[ArbitrageSignal]:
        """The trades worth proposing at a moment."""
        signals = []
        counts = self._scanner.counts
        for opened in moment.cycles:
            path = self._sizing.best(opened)
            if path is None:
                self._drop(Stage.SIZING, "no size earns: rounding takes more than the gap gives", moment, opened)
                continue
            token = opened.cycle.profit_token
            counts.profit[token] = counts.profit.get(token, 0) + path.profit
            cap = self._caps.of(token)
            if cap is not None and path.size > cap:
                path = self._sizing.exactly(opened, cap)
                if path is None or path.profit <= 0:
                    text = f"no more than {cap} raw units may go in, and so much does not earn"
                    self._drop(Stage.SIZING, text, moment, opened)
                    continue
            signals.append(self._signal(moment, opened, path))
        return signals

    def _signal(self, moment: Moment, opened: OpenCycle, path: SizedPath) -> ArbitrageSignal:
        terms, cycle = self._terms, opened.cycle
        signal_id = self._next_signal_id()
        episode = self._scanner.episode(cycle)
        block_number, log_index = moment.position
        if episode is None:
            episode = signal_id
            self._scanner.number_episode(cycle, block_number, signal_id)
        fees = pool_fees(path.steps)
        stamp = newest_stamp(opened.states)
        self.candidates.count(Stage.SIGNALLED)
        return _new_signal(
            run=self._run(),
            signal_id=signal_id,
            strategy=self.name,
            episode=episode,
            halt_epoch=self._halt_epoch(),
            chain_id=moment.chain_id,
            block_number=block_number,
            log_index=log_index,
            venue_time_ns=stamp.venue_time_ns,
            received_ns=stamp.received_ns,
            valid_through_block=block_number,
            legs=tuple([step.as_leg() for step in path.steps]),
            profit_token=cycle.profit_token,
            size=path.size,
            gross=path.profit + fees,
            pool_fees=fees,
            profit=path.profit,
            flash_fee=flash_fee(path.size, terms.flash_fee_ppm),
            gas_units=terms.gas_units,
            gas_price_wei=terms.gas_price_wei,
            gas_cost=self._gas_cost(cycle.profit_token),
            gap_ppm=min(opened.gap_ppm, MOST_GAP_PPM),
            fees_ppm=opened.fees_ppm,
        )

    def _gas_cost(self, token: bytes) -> int | None:
        terms, book = self._terms, self._scanner.book
        pricing = self._gas_pricing.get(token, ())
        known = [(pool, state) for pool in pricing if (state := book.state(pool.id)) is not None]
        return native_value(terms.gas_units * terms.gas_price_wei, terms.wrapped_native, token, known)

    def _drop(self, stage: Stage, reason: str, moment: Moment, opened: OpenCycle) -> None:
        block_number, log_index = moment.position
        self.candidates.add(
            Candidate(
                stage=stage,
                reason=reason,
                cycle=opened.cycle,
                block_number=block_number,
                log_index=log_index,
                venue_time_ns=newest_stamp(opened.states).venue_time_ns,
                gap_ppm=opened.gap_ppm,
            )
        )


def _is_undone(signal: ArbitrageSignal, event: ChainReorganised) -> bool:
    return signal.chain_id == event.chain_id and signal.block_number > event.ancestor_number
