"""What is never signed, and what is not signed while trading is halted."""

from __future__ import annotations

from typing import Any

import attrs
import pytest

from alphapulse.errors import SigningRefused
from alphapulse.rules.evm.transaction import DynamicFeeTransaction
from alphapulse.rules.signing.halt_standing import HaltStanding, Stop
from alphapulse.rules.signing.signing_policy import SigningPolicy, check_halt

OWN, EXECUTOR, OTHER = (bytes([value]) * 20 for value in (1, 2, 3))
POLICY = SigningPolicy(
    chain_id=137,
    destinations=frozenset({EXECUTOR}),
    most_gas_limit=1_000_000,
    most_cap_wei=500,
    most_per_window=2,
    window_ns=1_000,
    most_daily_wei=10**9,
)
TRADE = DynamicFeeTransaction(137, 7, 30, 500, 1_000_000, EXECUTOR, 0, b"path")
CANCEL = attrs.evolve(TRADE, to=OWN, data=b"")


def rule_of(transaction: DynamicFeeTransaction) -> str:
    with pytest.raises(SigningRefused) as refused:
        POLICY.check(transaction, OWN)
    assert refused.value.found in str(refused.value)
    assert refused.value.allowed in str(refused.value)
    return refused.value.rule


def test_a_trade_and_a_cancel_at_the_limits_are_allowed() -> None:
    POLICY.check(TRADE, OWN)
    POLICY.check(CANCEL, OWN)


@pytest.mark.parametrize(
    ("changes", "rule"),
    [
        ({"chain_id": 1}, "chain"),
        ({"value_wei": 1}, "value"),
        ({"to": OWN, "data": b"", "value_wei": 1}, "value"),
        ({"to": OTHER}, "destination"),
        ({"to": b""}, "destination"),
        ({"to": OWN}, "destination"),
        ({"gas_limit": 1_000_001}, "gas_limit"),
        ({"cap_wei": 501}, "cap"),
        ({"to": OWN, "data": b"", "gas_limit": 1_000_001}, "gas_limit"),
        ({"to": OWN, "data": b"", "cap_wei": 501}, "cap"),
    ],
)
def test_each_limit_refuses_by_its_name(changes: dict[str, Any], rule: str) -> None:
    assert rule_of(attrs.evolve(TRADE, **changes)) == rule


@pytest.mark.parametrize("name", ["chain_id", "most_gas_limit", "most_cap_wei", "most_per_window", "window_ns"])
def test_a_limit_that_allows_nothing_is_a_mistake(name: str) -> None:
    changes: dict[str, Any] = {name: 0}
    with pytest.raises(ValueError, match=f"{name}: expected at least 1, found 0"):
        attrs.evolve(POLICY, **changes)


@pytest.mark.parametrize(
    ("stop", "epoch", "trade", "cancel"),
    [
        (Stop.NONE, 4, None, None),
        (Stop.NONE, 5, None, None),
        (Stop.NONE, 6, "epoch", None),
        (Stop.HALTED, 4, "halted", None),
        (Stop.LOCKED, 4, "locked", "locked"),
    ],
)
def test_halts_let_cancels_through_and_locks_nothing(
    stop: Stop, epoch: int, trade: str | None, cancel: str | None
) -> None:
    """A trade that was approved before the newest halt or resume is void; a latch that is behind voids nothing."""
    standing = HaltStanding(stop, "halt 3 of a person", epoch)
    for transaction, rule in ((TRADE, trade), (CANCEL, cancel)):
        if rule is None:
            check_halt(standing, transaction, OWN, 5)
        else:
            with pytest.raises(SigningRefused) as refused:
                check_halt(standing, transaction, OWN, 5)
            assert refused.value.rule == rule
