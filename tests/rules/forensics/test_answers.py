"""What nodes answer becomes evidence; what cannot be read is not known."""

from __future__ import annotations

import attrs
import msgspec

from alphapulse.errors import CallReverted, RpcError
from alphapulse.rules.events.rpc_log import RpcLog
from alphapulse.rules.evm.executor_path import Refusal
from alphapulse.rules.evm.keccak import keccak256
from alphapulse.rules.forensics.answers import measured, replay_of, touches_of
from alphapulse.rules.forensics.called_path import measuring
from alphapulse.rules.forensics.evidence import Replay
from alphapulse.rules.nodes.rpc_faults import FaultKind
from tests.rules.forensics.evidence_samples import FIRST, PATH


def reverted(name: str, *numbers: int) -> CallReverted:
    arguments = ",".join(["uint256"] * len(numbers))
    data = keccak256(f"{name}({arguments})".encode())[:4] + b"".join(one.to_bytes(32, "big") for one in numbers)
    return CallReverted("a", "eth_call", code=3, text="execution reverted", data=data)


def rpc_error(kind: FaultKind) -> RpcError:
    return RpcError("a", "eth_call", kind=kind, code=-32000, text="words")


def log(block: int, index: int, transaction: int = 0, **changes: object) -> RpcLog:
    usual = RpcLog(
        address="0x" + FIRST.hex(),
        topics=(),
        data="0x",
        block_number=hex(block),
        transaction_hash="0x" + bytes([block, transaction]).rjust(32, b"\0").hex(),
        transaction_index=hex(transaction),
        log_index=hex(index),
    )
    return msgspec.structs.replace(usual, **changes)


def test_a_call_at_an_earlier_state_pays_or_fails_or_nobody_knows() -> None:
    floor = Refusal("ProfitBelowFloor", {"left": 5, "needed": 9})
    assert replay_of("0x") == Replay(pays=True)
    assert replay_of(reverted("ProfitBelowFloor", 5, 9)) == Replay(pays=False, refusal=floor)
    assert replay_of(rpc_error(FaultKind.OUT_OF_GAS)) == Replay(pays=False)
    assert replay_of(rpc_error(FaultKind.STATE_MISSING)) == replay_of(None) == Replay()


def test_a_measuring_call_says_what_the_last_leg_paid() -> None:
    asked = measuring(PATH)
    assert measured(reverted("LegBelowMinimum", 1, 1_060, 2**128 - 1), asked, 7) == 1_060 - 1_000 - 7
    assert measured(reverted("LegBelowMinimum", 1, 900, 2**128 - 1), asked, 0) == -100
    assert measured(reverted("LegBelowMinimum", 0, 900, 2**128 - 1), asked, 0) is None
    assert measured("0x", asked, 0) is None
    assert measured(rpc_error(FaultKind.STATE_MISSING), asked, 0) is None


def test_changes_lie_behind_the_seen_log_and_before_our_transaction() -> None:
    answer = [
        log(110, 8, 2),
        log(105, 4),
        log(105, 5),
        log(107, 0),
        log(110, 9, 3),
        log(111, 0),
        log(106, 1, removed=True),
    ]
    touches = touches_of(answer, (105, 4), (110, 3))
    assert touches is not None
    assert [(one.block_number, one.log_index) for one in touches] == [(105, 5), (107, 0), (110, 8)]
    assert {one.pool for one in touches} == {FIRST}
    assert touches_of([], (105, 4), (110, 3)) == ()


def test_logs_that_cannot_be_read_are_not_known() -> None:
    for answer in (rpc_error(FaultKind.RANGE_TOO_WIDE), None, "0x", [log(107, 0, address="0x12")]):
        assert touches_of(answer, (105, 4), (110, 3)) is None


def test_a_touch_names_its_transaction() -> None:
    (touch,) = touches_of([log(107, 0, 5)], (105, 4), (110, 3)) or ()
    assert attrs.asdict(touch)["transaction"] == bytes([107, 5]).rjust(32, b"\0")
