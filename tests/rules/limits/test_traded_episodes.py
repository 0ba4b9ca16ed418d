"""A gap is traded once on paper, and one trade at a time for real."""

from __future__ import annotations

import pytest

from alphapulse.data.execution import Mode
from alphapulse.data.orphans import SettlementRevoked
from alphapulse.data.signals import INHERITED_EPISODE
from alphapulse.rules.limits.traded_episodes import TradedEpisodes
from tests.execution.execution_fakes import evolved
from tests.execution.gate_bench import flash
from tests.execution.test_gate import reverted
from tests.journal.journal_samples import fill, intent

SEEN = flash(1).block_number


@pytest.mark.parametrize("mode", Mode)
def test_what_was_traded_is_held_until_then(mode: Mode) -> None:
    """By any signal of the same episode, and by no other."""
    traded = TradedEpisodes(mode)
    assert not traded.holds(flash(1))
    traded.approve(flash(1))
    assert traded.holds(evolved(flash(2), episode=flash(1).episode))
    assert not traded.holds(evolved(flash(2), episode=flash(1).episode + 1))


@pytest.mark.parametrize("end", [fill(1), reverted(1)], ids=["fill", "report"])
def test_a_real_trade_that_has_ended_frees_its_gap_from_its_block_on(end: object) -> None:
    """What a signal saw before that block may be what the trade has taken. On paper nothing frees it."""
    end = evolved(end, block_number=SEEN + 2)
    for mode in Mode:
        traded = TradedEpisodes(mode)
        traded.approve(flash(1))
        traded.take(end)
        again = [evolved(flash(2), episode=flash(1).episode, block_number=SEEN + later) for later in (1, 2)]
        assert [traded.holds(one) for one in again] == [True, mode is Mode.PAPER]


def test_a_trade_whose_end_was_taken_back_is_under_way_again() -> None:
    traded = TradedEpisodes(Mode.LIVE)
    traded.approve(flash(1))
    traded.take(fill(1))
    trade = evolved(intent(1), block_number=SEEN)
    back = SettlementRevoked.of(trade, fill(1), SEEN, times=1, text="orphaned", revoked_ns=1, reopened=True)
    traded.take(back)
    later = evolved(flash(2), episode=flash(1).episode, block_number=SEEN + 9)
    assert traded.holds(later)
    traded.take(fill(1))
    assert not traded.holds(later)


def test_inherited_gaps_are_told_apart_by_their_pools() -> None:
    traded = TradedEpisodes(Mode.LIVE)
    old = evolved(flash(1), episode=INHERITED_EPISODE)
    traded.approve(old)
    assert traded.holds(evolved(flash(2), episode=INHERITED_EPISODE))
    assert not traded.holds(evolved(flash(2), episode=INHERITED_EPISODE, legs=old.legs[::-1]))
