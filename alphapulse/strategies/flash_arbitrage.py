"""Flash arbitrage over cycles of two to four pools: borrow, swap from pool to pool, pay back, in one transaction."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, Literal

import attrs

from alphapulse.data.chain_events import ChainHead, ChainReorganised
from alphapulse.data.pools import Pool
from alphapulse.data.signals import ArbitrageSignal
from alphapulse.rules.amm.pool_state import AmmState
from alphapulse.rules.arbitrage.appraisal import UNBOUNDED, Appraiser, Bounds, Costs, Refused
from alphapulse.rules.arbitrage.candidate import Candidate, CandidateRing, Measure, Stage
from alphapulse.rules.arbitrage.chain_costs import ChainCosts
from alphapulse.rules.arbitrage.choice import Proposal, choose
from alphapulse.rules.arbitrage.costs import pool_fees
from alphapulse.rules.arbitrage.cycle import MOST_HOPS
from alphapulse.rules.arbitrage.flash_loan import FREE_LOAN, FlashLoan
from alphapulse.rules.arbitrage.gas import FREE_GAS, GasTerms
from alphapulse.rules.arbitrage.open_cycle import OpenCycle, newest_stamp, open_cycle
from alphapulse.rules.arbitrage.open_sizing import OpenSizing
from alphapulse.rules.arbitrage.path import SizedPath
from alphapulse.rules.arbitrage.scan_counts import ScanCounts
from alphapulse.rules.arbitrage.scanner import CycleScanner, Moment
from alphapulse.rules.arbitrage.valuation import Valuation
from alphapulse.rules.limits.sizing import UNCAPPED, SizeCaps
from alphapulse.rules.wire.slots import maker_of

MOST_GAP_PPM = (1 << 32) - 1
"""The largest gap that a signal can tell: a drained pool's price may lie further off than any number of use."""

_new_signal: Callable[..., ArbitrageSignal] = maker_of(ArbitrageSignal)


@attrs.frozen
class FlashArbitrageTerms:
    """How a flash arbitrage is evaluated and what it is charged.

    `evaluate` is the moment of a state: after each log, or at the end of each complete block. `base_tokens` are wanted
    as profit, in order. `wrapped_native` is the coin in which gas is paid, `numeraire` the token in which floors are
    stated (None: the coin). `executes`: trades are sent to a chain.
    """

    evaluate: Literal["log", "block"]
    base_tokens: tuple[bytes, ...]
    wrapped_native: bytes
    gas: GasTerms = FREE_GAS
    loan: FlashLoan = FREE_LOAN
    bounds: Bounds = UNBOUNDED
    numeraire: bytes | None = None
    most_hops: int = MOST_HOPS
    executes: bool = False


class FlashArbitrage:
    """Watches all cycles through the pools and proposes the best trade of each that stands open.

    `next_signal_id` numbers signals over all strategies of a run; `run` and `halt_epoch` are read for each signal.
    `caps` is the most that a trade may put in, `told` what the chain itself says of costs. What stood open and was not
    proposed is kept in `candidates`.
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
        told: ChainCosts | None = None,
    ) -> None:
        self.name = name
        self.candidates = CandidateRing()
        self._terms = terms
        self._next_signal_id = next_signal_id
        self._run = run
        self._halt_epoch = halt_epoch
        self._caps = caps
        self._scanner = CycleScanner(
            pools,
            terms.base_tokens,
            per_block=terms.evaluate == "block",
            most_hops=terms.most_hops,
            repeats=terms.executes,
        )
        self._sizing = OpenSizing()
        index = self._scanner.screen.index
        native = Valuation(terms.wrapped_native, index)
        self._appraiser = Appraiser(
            index,
            native,
            native if terms.numeraire is None else Valuation(terms.numeraire, index),
            gas=terms.gas,
            loan=terms.loan,
            bounds=terms.bounds,
            told=told or ChainCosts(),
            executes=terms.executes,
        )
        self._base_fees: dict[int, int] = {}

    @property
    def counts(self) -> ScanCounts:
        """States looked at in this life."""
        return self._scanner.counts

    @property
    def base_tokens(self) -> tuple[bytes, ...]:
        """The tokens in which profit is wanted, in order."""
        return self._terms.base_tokens

    @property
    def loan(self) -> FlashLoan:
        """Who lends."""
        return self._terms.loan

    @property
    def crowded_pairs(self) -> list[str]:
        """Pairs of tokens over which more loops lead than are looked at, for people."""
        return [
            f"{seat.pool.tokens[seat.low].symbol}/{seat.pool.tokens[seat.high].symbol}"
            for edge in self._scanner.screen.index.full_edges
            for seat in edge.seats[:1]
        ]

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
            elif type(event) is ChainHead and event.base_fee_wei is not None:
                self._base_fees[event.chain_id] = event.base_fee_wei
        return signals

    def _decided(self, moment: Moment) -> list[ArbitrageSignal]:
        """The trades worth proposing at a moment."""
        for opened in moment.doubted:
            self._doubt(moment, opened)
        if len(moment.cycles) == 1:
            (opened,) = moment.cycles
            only = self._proposed(moment, opened) if self._is_sound(moment, opened) else None
            return [] if only is None else [self._signal(moment, only)]
        sound = [opened for opened in moment.cycles if self._is_sound(moment, opened)]
        promising = self._scanner.most_promising(sound)
        proposals = [one for opened in promising if (one := self._proposed(moment, opened)) is not None]
        chosen, left = choose(proposals, partial(self._worth, moment), partial(self._proposed_again, moment))
        for proposal in left:
            self._drop(moment, proposal.opened, Refused(Stage.SHARED, "a better cycle takes what it needs"), proposal)
        return [self._signal(moment, proposal) for proposal in chosen]

    def _doubt(self, moment: Moment, opened: OpenCycle) -> None:
        """A pool in quarantine is set aside, once it is told what would stand open with it."""
        pool = opened.doubted_at
        if pool is not None:
            reason = f"{pool.name} is in quarantine: its state is not that of its contract"
            self._drop(moment, opened, Refused(Stage.STATE, reason, pool=pool.id))
            self._scanner.screen.set_aside(pool.id)

    def _is_sound(self, moment: Moment, opened: OpenCycle) -> bool:
        """True if all pools of a cycle hold what the floor asks; one that does not is set aside."""
        refused = self._appraiser.too_thin(opened.cycle, moment.position[0])
        if refused is None:
            return True
        self._drop(moment, opened, refused)
        if refused.pool is not None:
            self._scanner.screen.set_aside(refused.pool)
        return False

    def _proposed(self, moment: Moment, opened: OpenCycle) -> Proposal | None:
        """The best trade through an open cycle if it passes what is asked of it alone; else it becomes a candidate."""
        found = self._sized(opened, count=True)
        if isinstance(found, Refused):
            self._drop(moment, opened, found)
            return None
        checked = self._appraiser.slips(opened, found) or self._costs(moment, opened, found)
        if isinstance(checked, Refused):
            self._drop(moment, opened, checked, found)
            return None
        proposal = Proposal(opened, found, checked)
        if (losing := self._appraiser.losing(checked)) is not None:
            self._drop(moment, opened, losing, proposal)
            return None
        return proposal

    def _worth(self, moment: Moment, proposal: Proposal) -> int | None:
        return self._appraiser.worth(proposal.opened.cycle, proposal.costs, moment.position[0])

    def _proposed_again(self, moment: Moment, opened: OpenCycle, states: tuple[AmmState, ...]) -> Proposal | None:
        """The same at the states that better trades leave behind."""
        again = open_cycle(opened.cycle, states, opens_episode=opened.opens_episode)
        found = None if again is None else self._sized(again, count=False)
        if again is None or not isinstance(found, SizedPath) or self._appraiser.slips(again, found) is not None:
            return None
        costs = self._costs(moment, again, found)
        if isinstance(costs, Refused) or self._appraiser.losing(costs) is not None:
            return None
        return Proposal(again, found, costs)

    def _sized(self, opened: OpenCycle, *, count: bool) -> SizedPath | Refused:
        """The best trade, or what it pays exactly with the most that the position sizing lets in."""
        path = self._sizing.best(opened)
        if path is None:
            return Refused(Stage.SIZING, "no size earns: rounding takes more than the gap gives")
        token = opened.cycle.profit_token
        if count:
            profit = self._scanner.counts.profit
            profit[token] = profit.get(token, 0) + path.profit
        cap = self._caps.of(token)
        if cap is None or path.size <= cap:
            return path
        path = self._sizing.exactly(opened, cap)
        if path is None or path.profit <= 0:
            measure = Measure("size", cap, cap, "raw profit token")
            return Refused(
                Stage.SIZING, f"no more than {cap} raw units may go in, and so much does not earn", (measure,)
            )
        return path

    def _costs(self, moment: Moment, opened: OpenCycle, path: SizedPath) -> Costs | Refused:
        base_fee_wei = self._base_fees.get(moment.chain_id)
        return self._appraiser.costs(opened.cycle, path, moment.position[0], base_fee_wei)

    def _signal(self, moment: Moment, proposal: Proposal) -> ArbitrageSignal:
        opened, path, costs = proposal
        cycle = opened.cycle
        signal_id = self._next_signal_id()
        episode = self._scanner.episode(cycle)
        block_number, log_index = moment.position
        if episode is None:
            episode = signal_id
            self._scanner.number_episode(cycle, block_number, signal_id)
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
            gross=path.profit + costs.pool_fees,
            pool_fees=costs.pool_fees,
            profit=path.profit,
            flash_fee=costs.flash_fee,
            gas_units=costs.gas_units,
            gas_price_wei=costs.gas_price_wei,
            gas_cost=costs.gas_cost,
            gap_ppm=min(opened.gap_ppm, MOST_GAP_PPM),
            fees_ppm=opened.fees_ppm,
        )

    def _drop(
        self, moment: Moment, opened: OpenCycle, refused: Refused, found: SizedPath | Proposal | None = None
    ) -> None:
        """Keep what is known of a cycle that is not proposed."""
        path = found.path if isinstance(found, Proposal) else found
        costs = found.costs if isinstance(found, Proposal) else None
        fees = None if path is None else pool_fees(path.steps)
        block_number, log_index = moment.position
        self.candidates.add(
            Candidate(
                stage=refused.stage,
                reason=refused.reason,
                cycle=opened.cycle,
                block_number=block_number,
                log_index=log_index,
                venue_time_ns=newest_stamp(opened.states).venue_time_ns,
                gap_ppm=opened.gap_ppm,
                size=None if path is None else path.size,
                gross=None if path is None or fees is None else path.profit + fees,
                pool_fees=fees,
                flash_fee=None if costs is None else costs.flash_fee,
                gas_cost=None if costs is None else costs.gas_cost,
                net=None if costs is None else costs.net,
                limits=refused.limits,
            )
        )


def _is_undone(signal: ArbitrageSignal, event: ChainReorganised) -> bool:
    return signal.chain_id == event.chain_id and signal.block_number > event.ancestor_number
