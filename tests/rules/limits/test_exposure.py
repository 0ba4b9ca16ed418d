"""Exposure: counted from approval to a proven end, in every sum alike."""

from __future__ import annotations

import os

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from alphapulse.data.instruments import InstrumentId, Venue
from alphapulse.rules.limits.attempts import Path
from alphapulse.rules.limits.exposure import Exposure, Stake
from tests.journal.journal_samples import USDC, WETH

POOLS = tuple(
    InstrumentId.from_pool_address(bytes(19) + bytes([number]), venue)
    for number, venue in ((1, Venue.UNISWAP_V3), (2, Venue.UNISWAP_V3), (3, Venue.SUSHISWAP))
)
PATH: Path = ("flash", ())


def stake(
    size: int, pools: tuple[InstrumentId, ...] = POOLS[:2], *, strategy: str = "flash", token: bytes = USDC
) -> Stake:
    return Stake(strategy, token, size, PATH, pools, 7)


def test_a_stake_counts_for_each_of_its_pools_and_venues_once() -> None:
    exposure = Exposure()
    exposure.open((1, 1), stake(100))
    exposure.open((1, 2), stake(50, (POOLS[1], POOLS[2])))
    assert [exposure.of_pools((pool,), USDC) for pool in POOLS] == [100, 150, 50]
    assert exposure.of_pools(POOLS, USDC) == 150
    assert exposure.of_venues((POOLS[0],), USDC) == 150
    assert exposure.of_venues((POOLS[2],), USDC) == 50
    assert (exposure.gross(USDC), exposure.net(USDC), exposure.of_strategy("flash", USDC)) == (150, 150, 150)
    assert (exposure.gross(WETH), exposure.gas_wei) == (0, 14)


def test_a_trade_that_is_told_twice_counts_once() -> None:
    """The gate counts it at its approval, the journal tells of it again at a start."""
    exposure = Exposure()
    exposure.open((1, 1), stake(100))
    exposure.open((1, 1), stake(100))
    exposure.close((1, 1), 5)
    exposure.close((1, 1), 5)
    assert (exposure.gross(USDC), exposure.stakes, exposure.gas_wei) == (5, {}, 0)


@pytest.mark.parametrize(("held", "opened", "gross", "net"), [(0, 10, 10, 10), (30, 10, 40, 30), (-30, 10, 40, 40)])
def test_net_is_the_worse_of_all_back_and_nothing_back(held: int, opened: int, gross: int, net: int) -> None:
    exposure = Exposure()
    exposure.open((1, 1), stake(1))
    exposure.close((1, 1), held)
    exposure.open((1, 2), stake(opened))
    assert (exposure.gross(USDC), exposure.net(USDC)) == (gross, net)


def test_fresh_books_hold_nothing_and_keep_what_is_open() -> None:
    exposure = Exposure()
    exposure.open((1, 1), stake(1))
    exposure.close((1, 1), 30)
    exposure.open((1, 2), stake(10))
    exposure.forget_holdings()
    assert exposure.gross(USDC) == 10


LIMIT = 100


class InFlight(RuleBasedStateMachine):
    """Approvals, fills, failures and unknown outcomes in any order, under a limit asked before each approval."""

    def __init__(self) -> None:
        super().__init__()
        self.exposure = Exposure()
        self.open: dict[tuple[int, int], int] = {}
        self.number = 0

    @rule(size=st.integers(1, LIMIT), pools=st.sampled_from([POOLS[:2], POOLS[1:], POOLS[:1]]))
    def approve(self, size: int, pools: tuple[InstrumentId, ...]) -> None:
        if self.exposure.gross(USDC, size) <= LIMIT:
            self.number += 1
            self.exposure.open((1, self.number), stake(size, pools))
            self.open[1, self.number] = size

    @rule(data=st.data())
    def settle(self, data: st.DataObject) -> None:
        if self.open:
            key = data.draw(st.sampled_from(sorted(self.open)))
            del self.open[key]
            self.exposure.close(key, 0)

    @rule(number=st.integers(1, 60))
    def hear_of_a_stranger(self, number: int) -> None:
        if (1, number) not in self.open:
            self.exposure.close((1, number), 1_000)

    @invariant()
    def never_over_the_limit_and_never_forgotten(self) -> None:
        """What is not settled, UNKNOWN included, is all there is; and it is never above the limit."""
        assert self.exposure.gross(USDC) == sum(self.open.values()) <= LIMIT
        assert set(self.exposure.stakes) == set(self.open)


TestInFlight = InFlight.TestCase
TestInFlight.settings = settings(
    max_examples=int(os.environ.get("ALPHAPULSE_EXPOSURE_EXAMPLES", "50")), stateful_step_count=50, deadline=None
)


@given(st.lists(st.tuples(st.integers(1, 10**30), st.sampled_from([(0, 1), (1, 2), (0, 2)])), max_size=20))
def test_when_all_is_settled_no_sum_is_left(trades: list[tuple[int, tuple[int, int]]]) -> None:
    exposure = Exposure()
    for number, (size, legs) in enumerate(trades):
        exposure.open((1, number), stake(size, tuple(POOLS[leg] for leg in legs)))
    for number in range(len(trades)):
        exposure.close((1, number), 0)
    assert exposure.of_pools(POOLS, USDC) == exposure.of_venues(POOLS, USDC) == exposure.gross(USDC) == 0
