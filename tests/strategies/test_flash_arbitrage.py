"""Flash arbitrage: one signal for each opportunity state, with every number that the gate and the books need."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from itertools import count
from math import ceil
from typing import Any

import attrs
import pytest
from hypothesis import given

from alphapulse.data.market import LogStamp, PoolSwap, StreamState
from alphapulse.data.pool_reserves import PoolSync
from alphapulse.data.pools import Pool, PoolKind, Trust
from alphapulse.data.signals import ArbitrageSignal
from alphapulse.data.verdicts import PoolTrustChanged, PoolVerdict
from alphapulse.rules.amm.tick_math import MAX_SQRT_RATIO
from alphapulse.rules.arbitrage.candidate import Measure, Stage
from alphapulse.rules.arbitrage.flash_loan import FlashLoan
from alphapulse.rules.arbitrage.gas import GasTerms
from alphapulse.rules.arbitrage.open_cycle import newest_stamp
from alphapulse.rules.arbitrage.open_sizing import OpenSizing
from alphapulse.rules.arbitrage.scanner import CycleScanner
from alphapulse.rules.books.pool_book import PoolBook
from alphapulse.rules.discovery.pool_info import info_of
from alphapulse.rules.limits.sizing import SizeCaps
from alphapulse.rules.wire.codec import decode_value, encode_value
from alphapulse.strategies.flash_arbitrage import MOST_GAP_PPM, FlashArbitrage, FlashArbitrageTerms
from tests.rules.arbitrage.market_samples import (
    NOW_NS,
    TOKEN_A,
    TOKEN_B,
    TOKEN_C,
    changed,
    day_events,
    day_with_block_ends,
    pool,
    status,
    swap,
)
from tests.rules.arbitrage.sizing_oracle import Market, markets
from tests.rules.events.recorded_day import pools

USDC, WETH = pools()[0].pair
GAS_WEI = 250_000 * 20_000_000_000
TERMS = FlashArbitrageTerms(
    evaluate="log",
    base_tokens=(USDC,),
    wrapped_native=WETH,
    gas=GasTerms(units=250_000, price_wei=20_000_000_000),
    loan=FlashLoan(fee_ppm=500),
)
FREE = attrs.evolve(TERMS, gas=GasTerms(price_wei=0), loan=FlashLoan())
FAIR = 1 << 96
DEAR = FAIR * 1003 // 1000


class Surroundings:
    """What a strategy reads from the run and the halt switch."""

    def __init__(self) -> None:
        self.run = 3
        self.epoch = 7
        self._ids = count(101)

    def strategy(self, terms: FlashArbitrageTerms = TERMS, watched: Sequence[Pool] = pools()) -> FlashArbitrage:
        return FlashArbitrage(
            "flash",
            terms,
            watched,
            next_signal_id=lambda: next(self._ids),
            run=lambda: self.run,
            halt_epoch=lambda: self.epoch,
        )


def day_signals(terms: FlashArbitrageTerms = TERMS) -> list[ArbitrageSignal]:
    return Surroundings().strategy(terms).on_events(day_with_block_ends())


def with_terms(**changes: Any) -> FlashArbitrageTerms:
    return attrs.evolve(TERMS, **changes)


def test_each_opportunity_state_of_the_day_gives_one_signal_while_nothing_costs() -> None:
    """Where the scanner found it, with its path, its size and its profit."""
    moments = list(CycleScanner(pools(), (USDC,), per_block=False).scan(day_events()))
    signals = day_signals(FREE)
    assert len(signals) == len(moments) == 29
    for signal, moment in zip(signals, moments, strict=True):
        (opened,) = moment.cycles
        path = OpenSizing().best(opened)
        assert path is not None
        assert signal.position == moment.position
        assert signal.legs == tuple(step.as_leg() for step in path.steps)
        assert (signal.size, signal.profit) == (path.size, path.profit)
        assert signal.profit_token == USDC
        stamp = newest_stamp(opened.states)
        assert (signal.venue_time_ns, signal.received_ns) == (stamp.venue_time_ns, NOW_NS)
        assert (signal.run, signal.strategy, signal.chain_id, signal.halt_epoch) == (3, "flash", 1, 7)
        assert signal.valid_through_block == signal.block_number
        assert signal.fees_ppm == 3500


def test_the_numbers_of_a_signal_add_up() -> None:
    """Gross - pool fees = profit; profit - flash fee - gas = net; each cost rounded against us."""
    for signal in day_signals():
        opened, closed = signal.legs
        assert signal.profit == closed.amount_out - signal.size
        fee_of_closing = closed.amount_out * closed.pool_fee // (closed.amount_in - closed.pool_fee)
        assert signal.pool_fees == opened.pool_fee + fee_of_closing
        assert signal.gross == signal.profit + signal.pool_fees
        assert signal.flash_fee == ceil(Fraction(signal.size * 500, 10**6))
        assert (signal.gas_units, signal.gas_price_wei) == (250_000, 20_000_000_000)
        prices = [leg.sqrt_price_x96 for leg in signal.legs]
        assert signal.gas_cost == max(ceil(Fraction(GAS_WEI << 192, price**2)) for price in prices)
        assert signal.net == signal.profit - signal.flash_fee - signal.gas_cost
        hi, lo = max(prices), min(prices)
        assert signal.gap_ppm == hi**2 * 10**6 // lo**2 - 10**6 > signal.fees_ppm


def test_the_fees_of_a_path_are_what_both_pools_charge() -> None:
    """On the recorded day about 0.35% of what is traded."""
    for signal in day_signals():
        assert 3_490 <= signal.pool_fees * 10**6 // signal.size <= 3_550


def test_gas_in_the_native_token_is_taken_as_it_is() -> None:
    assert {signal.gas_cost for signal in day_signals(with_terms(base_tokens=(WETH,)))} == {GAS_WEI}


def test_what_costs_eat_up_ends_as_a_candidate_with_its_numbers() -> None:
    """Of the 29 states of the day each is a signal with a net above zero, or a candidate with none."""
    strategy = Surroundings().strategy()
    signals = strategy.on_events(day_with_block_ends())
    dropped = strategy.candidates.newest(100)
    assert len(signals) + len(dropped) == 29
    assert all(signal.net is not None and signal.net > 0 for signal in signals)
    free = {one.position: one for one in day_signals(FREE)}
    for one in dropped:
        alone = free[one.position]
        assert (one.stage, one.size, one.gross) == (Stage.COSTS, alone.size, alone.gross)
        assert one.gross is not None
        assert one.pool_fees is not None
        assert one.flash_fee is not None
        assert one.gas_cost is not None
        assert one.net == one.gross - one.pool_fees - one.flash_fee - one.gas_cost <= 0
        assert one.limits == (Measure("net profit", one.net, 0, "raw profit token"),)


def test_gas_that_no_pool_prices_is_unknown_and_ends_every_state() -> None:
    strategy = Surroundings().strategy(with_terms(wrapped_native=TOKEN_C.address))
    assert strategy.on_events(day_with_block_ends()) == []
    assert strategy.candidates.totals[Stage.VALUATION] == 29
    assert {(one.gas_cost, one.net) for one in strategy.candidates.newest(100)} == {(None, None)}


def test_a_pool_in_quarantine_is_told_once_and_then_left_out_until_it_changes() -> None:
    """It would be open at the price that was heard last; nobody knows. Read anew, it is traded."""
    one, two = pools()
    strategy = Surroundings().strategy(FREE)
    doubt = PoolTrustChanged(one.id, Trust.DIVERGENT, "it differed", 1)
    assert strategy.on_events([swap(one, (1, 0), DEAR), doubt, swap(two, (1, 1), FAIR), swap(two, (1, 2), FAIR)]) == []
    (doubted,) = strategy.candidates.newest(9)
    assert (doubted.stage, doubted.position, doubted.size) == (Stage.STATE, (1, 1), None)
    assert one.name in doubted.reason
    assert strategy.counts.episodes == 0
    assert strategy.on_events([swap(one, (1, 3), DEAR)]) == []
    assert strategy.candidates.totals[Stage.STATE] == 2
    trusted = PoolTrustChanged(one.id, Trust.IN_RANGE, "read anew", 1)
    (signal,) = strategy.on_events([trusted, swap(two, (1, 4), FAIR)])
    assert signal.position == (1, 4)


def test_a_pool_that_is_found_is_traded_at_once_and_one_that_is_not_believed_no_longer() -> None:
    """Its registration comes by the relay, then its state; its verdict takes it away."""
    one, two = pools()
    strategy = Surroundings().strategy(FREE, [one])
    found, state = info_of(two, 1, 1), swap(two, (1, 1), FAIR)
    assert strategy.on_events([swap(one, (1, 0), DEAR), state]) == []
    (signal,) = strategy.on_events([found, swap(two, (1, 2), FAIR)])
    assert set(signal.pools) == {one.id, two.id}
    (again,) = strategy.on_events([found, swap(one, (1, 3), DEAR)])
    assert again.episode == signal.episode
    assert strategy.on_events([PoolVerdict(two.id, False, "its token"), swap(one, (1, 4), DEAR)]) == []
    assert strategy.on_events([state, swap(one, (1, 5), DEAR)]) == []


def test_kinds_that_the_executor_has_no_call_for_end_at_costs() -> None:
    """Where trades are sent always; on paper while their gas is unknown and costs something."""
    curve = attrs.evolve(pools()[1], kind=PoolKind.SOLIDLY_VOLATILE)
    gap = [
        swap(pools()[0], (1, 0), DEAR),
        PoolSync(LogStamp(1, 1, 0, b"\1" * 32, None, 1, 1), curve.id, 10**24, 10**24),
    ]
    for gas, executes, runs in (
        (GasTerms(price_wei=0), False, True),
        (GasTerms(price_wei=0), True, False),
        (GasTerms(price_wei=1), False, False),
    ):
        strategy = Surroundings().strategy(attrs.evolve(FREE, gas=gas, executes=executes), [pools()[0], curve])
        assert bool(strategy.on_events(gap)) is runs
        reasons = [one.reason for one in strategy.candidates.newest(9) if one.stage is Stage.COSTS]
        assert [("executor cannot run this kind" in reason) for reason in reasons] == [True] * (not runs)


def test_without_costs_the_net_is_the_profit() -> None:
    """Gas that costs nothing needs no price."""
    for signal in day_signals(with_terms(gas=GasTerms(price_wei=0), loan=FlashLoan(), wrapped_native=TOKEN_C.address)):
        assert signal.net == signal.profit


def test_a_pool_of_another_pair_prices_gas_once_it_is_known() -> None:
    """A and B are traded, gas is paid in C: the pool A/C says what it is worth in A."""
    watched = [pool(1, 500, 10), pool(2, 3000, 60), pool(3, pair=(TOKEN_A, TOKEN_C))]
    gas = GasTerms(units=250, price_wei=20)
    terms = attrs.evolve(FREE, base_tokens=(TOKEN_A.address,), wrapped_native=TOKEN_C.address, gas=gas)
    strategy = Surroundings().strategy(terms, watched)
    gap = [swap(watched[0], (1, 0), DEAR), swap(watched[1], (1, 1), FAIR)]
    assert strategy.on_events(gap) == []
    assert strategy.candidates.totals[Stage.VALUATION] == 1
    (known,) = strategy.on_events([swap(watched[2], (1, 2), 2 * FAIR), swap(watched[1], (1, 3), FAIR)])
    assert known.gas_cost == 250 * 20 // 4


def test_signals_are_numbered_and_an_episode_bears_its_first_number() -> None:
    signals = day_signals(FREE)
    assert [signal.signal_id for signal in signals] == list(range(101, 130))
    episodes = [signal.episode for signal in signals]
    assert len(set(episodes)) == 18
    assert episodes == sorted(episodes)
    for episode in episodes:
        first = next(signal for signal in signals if signal.episode == episode)
        assert first.signal_id == episode


def test_the_run_and_the_halt_epoch_are_read_for_each_signal() -> None:
    surroundings = Surroundings()
    one, two = pools()
    strategy = surroundings.strategy(FREE)
    strategy.on_events([swap(one, (1, 0), DEAR)])
    before = strategy.on_events([swap(two, (1, 1), FAIR)])
    surroundings.epoch, surroundings.run = 8, 4
    after = strategy.on_events([swap(two, (1, 2), FAIR)])
    assert [(signal.run, signal.halt_epoch) for signal in before + after] == [(3, 7), (4, 8)]
    assert before[0].episode == after[0].episode


def test_a_new_run_begins_new_episodes() -> None:
    """After the reset the same gap is another episode, under another number."""
    strategy = Surroundings().strategy(FREE)
    gap = [swap(pools()[0], (1, 0), DEAR), swap(pools()[1], (1, 1), FAIR)]
    signals = strategy.on_events([*gap, status(StreamState.RESET), *gap])
    assert [signal.episode for signal in signals] == [101, 102]


def test_at_block_ends_the_day_has_nothing() -> None:
    assert day_signals(with_terms(evaluate="block")) == []


def test_at_a_block_end_the_signal_stands_behind_the_blocks_last_log() -> None:
    """As a gap that stays open: the day's second opportunity with the rest of its block left out."""
    events = day_with_block_ends()
    (first, *_) = day_signals()
    cut = next(
        at for at, event in enumerate(events) if isinstance(event, PoolSwap) and event.stamp.position == first.position
    )
    completed = next(event for event in events[cut:] if not hasattr(event, "pool"))
    strategy = Surroundings().strategy(with_terms(evaluate="block"))
    (signal,) = strategy.on_events([*events[: cut + 1], completed])
    assert signal.position == (first.block_number, completed.last_log_index)  # type: ignore[union-attr]
    assert signal.legs == first.legs
    assert signal.valid_through_block == first.block_number


@given(markets(honest=False))
def test_whatever_a_pool_says_the_signal_can_be_written_down(market: Market) -> None:
    """A drained pool or one with absurd liquidity must not stop the journal: each number fits its field."""
    pair, first, second = market
    terms = with_terms(base_tokens=(pair.profit_token,), wrapped_native=TOKEN_B.address)
    strategy = Surroundings().strategy(terms, [pair.first, pair.second])
    swaps = [
        changed(swap(one, (1, at), min(state.sqrt_price_x96, MAX_SQRT_RATIO - 1)), liquidity=state.liquidity)
        for at, (one, state) in enumerate([(pair.first, first), (pair.second, second)])
    ]
    for signal in strategy.on_events(swaps):
        assert decode_value(ArbitrageSignal, encode_value(signal)) == signal


def test_a_gap_too_wide_for_its_field_is_told_as_the_widest() -> None:
    one, two = pool(1), pool(2)
    terms = attrs.evolve(FREE, wrapped_native=TOKEN_B.address)
    (signal,) = (
        Surroundings().strategy(terms, [one, two]).on_events([swap(one, (1, 0), FAIR << 20), swap(two, (1, 1), FAIR)])
    )
    assert signal.gap_ppm == MOST_GAP_PPM
    (narrow,) = (
        Surroundings().strategy(terms, [one, two]).on_events([swap(one, (1, 0), 60 * FAIR), swap(two, (1, 1), FAIR)])
    )
    assert narrow.gap_ppm == 3599 * 10**6


def test_the_counts_are_those_of_this_life() -> None:
    strategy = Surroundings().strategy()
    assert strategy.counts.states == 0
    strategy.on_events(day_events())
    assert (strategy.counts.states, strategy.counts.opportunities, strategy.counts.episodes) == (2863, 29, 18)
    assert strategy.base_tokens == (USDC,)


@pytest.mark.parametrize("size", [1, 7, 500])
def test_signals_do_not_depend_on_how_events_are_bundled(size: int) -> None:
    strategy = Surroundings().strategy()
    events = day_with_block_ends()
    signals = [one for at in range(0, len(events), size) for one in strategy.on_events(events[at : at + size])]
    assert signals == day_signals()


def test_a_fresh_life_goes_on_from_a_snapshot() -> None:
    """It knows the prices of both pools at once, and finds the same opportunities from there on."""
    events = day_events()
    half = len(events) // 2
    book = PoolBook(pools())
    for event in events[:half]:
        book.apply(event)
    late = Surroundings().strategy().on_events([*book.snapshot(), *events[half:]])
    expected = [signal for signal in day_signals() if signal.position >= events[half].stamp.position]
    assert [(one.position, one.legs) for one in late] == [(one.position, one.legs) for one in expected]
    assert late


def capped(cap: int | None) -> list[ArbitrageSignal]:
    """The signals of the recorded day if no trade may put in more than `cap`."""
    caps = SizeCaps() if cap is None else SizeCaps({USDC: cap})
    flash = FlashArbitrage(
        "flash",
        FlashArbitrageTerms("log", (USDC,), WETH),
        pools(),
        next_signal_id=count(1).__next__,
        run=lambda: 1,
        halt_epoch=lambda: 1,
        caps=caps,
    )
    return flash.on_events(day_events())


def test_a_cap_below_what_earns_gives_no_signal_but_a_candidate() -> None:
    """A raw unit buys nothing: each of the 29 states is told with the stage that ended it."""
    flash = FlashArbitrage(
        "flash",
        FlashArbitrageTerms("log", (USDC,), WETH),
        pools(),
        next_signal_id=count(1).__next__,
        run=lambda: 1,
        halt_epoch=lambda: 1,
        caps=SizeCaps({USDC: 1}),
    )
    assert flash.on_events(day_events()) == []
    assert flash.candidates.totals[Stage.SIZING] == 29
    newest = flash.candidates.newest(1)[0]
    assert newest.stage is Stage.SIZING
    assert "no more than 1 raw units" in newest.reason
    assert newest.gap_ppm > 3500


@pytest.mark.parametrize("cap", [10**6, 10**9, 10**11])
def test_a_capped_trade_is_evaluated_anew_and_exactly(cap: int) -> None:
    """Each leg is what the pool pays for exactly the smaller amount; what is below the cap stays as it is."""
    free, cut = capped(None), capped(cap)
    assert [one.position for one in free] == [one.position for one in cut]
    by_id = {one.id: one for one in pools()}
    for best, one in zip(free, cut, strict=True):
        assert one.size == min(best.size, cap)
        if best.size <= cap:
            assert changed(one, gas_cost=best.gas_cost) == best
            continue
        assert one.legs[0].amount_in == one.size
        assert one.legs[1].amount_in == one.legs[0].amount_out
        assert one.profit == one.legs[1].amount_out - one.size
        assert best.size == cap or one.profit <= best.profit
        for leg in one.legs:
            fee = by_id[leg.pool].fixed_fee_ppm
            assert leg.pool_fee >= -(-leg.amount_in * fee // 10**6) - 1


def test_less_in_earns_less_and_a_cap_above_the_best_size_changes_nothing() -> None:
    profits = [sum(one.profit for one in capped(cap)) for cap in (10**9, 10**10, 10**11, 10**30)]
    assert profits == sorted(profits)
    assert profits[-1] == sum(one.profit for one in capped(None))
