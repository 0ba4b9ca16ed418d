"""A trade that leans on a better one of our own knows whether that one was done."""

from __future__ import annotations

from typing import Any

import attrs
import pytest

from alphapulse.data.execution import Fill, Mode, OrderRequest
from alphapulse.data.instruments import InstrumentId, Venue
from alphapulse.data.orphans import SettlementRevoked
from alphapulse.rules.forensics import own_trades as module
from alphapulse.rules.forensics.own_trades import OwnTrades, Predecessor
from tests.journal.journal_samples import DAY_NS, LEGS, fill, intent
from tests.journal.transaction_samples import finding, hash_of

OTHER_POOL = InstrumentId.from_pool_address(bytes(19) + b"\x01", Venue.UNISWAP_V2)
OUR_BLOCK = 101


def evolved(message: Any, **changes: Any) -> Any:
    """A message with other values: messages are attrs classes, which mypy does not see."""
    return attrs.evolve(message, **changes)


def live(number: int, **changes: Any) -> OrderRequest:
    found: OrderRequest = evolved(intent(number), mode=Mode.LIVE, **changes)
    return found


def filled(number: int, block: int) -> Fill:
    found: Fill = evolved(fill(number), block_number=block)
    return found


def leaning(*messages: object, on: OrderRequest | None = None) -> Predecessor | None:
    trades = OwnTrades()
    for message in messages:
        trades.take(message)
    return trades.before(on or live(2), OUR_BLOCK)


def test_an_earlier_trade_at_the_same_state_through_a_shared_pool_is_leant_on() -> None:
    both = live(1), live(2)
    assert leaning(*both) == Predecessor(1, done=False)
    assert leaning(*both, finding(intent_id=1)) == Predecessor(1, done=False, taken_by=hash_of("thief"))
    assert leaning(*both, filled(1, OUR_BLOCK)) == Predecessor(1, done=True)
    assert leaning(*both, filled(1, OUR_BLOCK + 1)) == Predecessor(1, done=False)
    revoked = SettlementRevoked.of(live(1), filled(1, OUR_BLOCK), 100, times=1, text="orphaned", revoked_ns=DAY_NS)
    assert leaning(*both, filled(1, OUR_BLOCK), revoked) == Predecessor(1, done=False)


def test_of_several_one_that_was_not_done_counts_first_then_the_newest() -> None:
    three = live(1), live(2), live(3)
    assert leaning(*three, on=live(4)) == Predecessor(3, done=False)
    assert leaning(*three, filled(3, OUR_BLOCK), on=live(4)) == Predecessor(2, done=False)
    done = [filled(number, OUR_BLOCK) for number in (1, 2, 3)]
    assert leaning(*three, *done, on=live(4)) == Predecessor(3, done=True)


def test_no_other_trade_is_leant_on() -> None:
    elsewhere = tuple(evolved(leg, pool=OTHER_POOL) for leg in LEGS)
    for other in (
        live(1, block_number=99),
        live(1, log_index=8),
        live(1, chain_id=2),
        live(1, legs=elsewhere),
        live(3),
        intent(1),
    ):
        assert leaning(other, live(2)) is None


def test_memory_has_an_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "KEPT", 2)
    trades = OwnTrades()
    for number in (1, 2, 3):
        trades.take(live(number))
    assert [trades.find(number) is not None for number in (1, 2, 3)] == [False, True, True]
    trades.take(filled(1, 1))
    assert trades.before(live(9), OUR_BLOCK) == Predecessor(3, done=False)
