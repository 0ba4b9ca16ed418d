"""What a token keeps or refuses shows in a trace, and what is no token's doing is not laid to one."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alphapulse.errors import AnswerRefused
from alphapulse.rules.forensics.call_frames import MOST_FRAMES, Frame, RpcFrame, read_frame
from alphapulse.rules.forensics.token_behaviour import (
    BALANCE_OF,
    GET_RESERVES,
    TRANSFER,
    TRANSFER_FROM,
    OddToken,
    odd_token,
)
from tests.rules.forensics.evidence_samples import FIRST, SECOND, USDC, VAULT, WPOL

EXECUTOR = bytes.fromhex("ee" * 20)
TOKENS, PAIRS = {WPOL, USDC}, {FIRST: (WPOL, USDC)}
YES = (1).to_bytes(32, "big")


def word(value: int | bytes) -> bytes:
    return value.to_bytes(32, "big") if isinstance(value, int) else value.rjust(32, b"\0")


def call(target: bytes, data: bytes, output: bytes = b"", *, caller: bytes = EXECUTOR, **others: object) -> Frame:
    fields = {"kind": "CALL", "error": "", "calls": ()} | others
    return Frame(caller=caller, target=target, data=data, output=output, **fields)  # type: ignore[arg-type]


def moves(token: bytes, sender: bytes, receiver: bytes, amount: int, **others: object) -> Frame:
    return call(token, TRANSFER + word(receiver) + word(amount), YES, caller=sender, **others)


def has(token: bytes, holder: bytes, balance: int) -> Frame:
    return call(token, BALANCE_OF + word(holder), word(balance), kind="STATICCALL")


def reserves(first: int, second: int) -> Frame:
    return call(FIRST, GET_RESERVES, word(first) + word(second) + word(0), kind="STATICCALL")


def whole(*calls: Frame, error: str = "execution reverted") -> Frame:
    return call(EXECUTOR, b"", calls=calls, error=error)


def found(*calls: Frame) -> OddToken | None:
    return odd_token(whole(*calls), TOKENS, PAIRS)


def test_what_did_not_arrive_is_missing() -> None:
    steps = has(USDC, EXECUTOR, 5), moves(USDC, SECOND, EXECUTOR, 100), has(USDC, EXECUTOR, 103)
    assert found(*steps) == OddToken(USDC, EXECUTOR, missing=2)
    assert found(*steps[:2], has(USDC, EXECUTOR, 105)) is None
    assert found(*steps[1:]) is None  # nobody asked before


def test_a_pairs_reserves_are_what_it_had_before_it_was_sent_anything() -> None:
    sent = moves(USDC, EXECUTOR, FIRST, 100)
    for steps in ((sent, reserves(7, 1_000)), (reserves(7, 1_000), sent)):
        assert found(*steps, has(USDC, FIRST, 1_098)) == OddToken(USDC, FIRST, missing=2)
        assert found(*steps, has(USDC, FIRST, 1_100)) is None
        assert found(*steps, has(USDC, FIRST, 1_234)) is None  # somebody has given it more


def test_a_token_refuses_only_what_its_sender_could_pay() -> None:
    fails = moves(WPOL, EXECUTOR, VAULT, 100, error="execution reverted")
    says_no = call(WPOL, TRANSFER + word(VAULT) + word(100), word(0))
    for refusal in (fails, says_no):
        assert found(has(WPOL, EXECUTOR, 100), refusal) == OddToken(WPOL, VAULT, missing=0)
        assert found(has(WPOL, EXECUTOR, 99), refusal) is None
        assert found(refusal) is None


def test_what_was_undone_within_has_not_moved() -> None:
    undone = call(SECOND, b"", calls=(moves(USDC, SECOND, EXECUTOR, 50),), error="execution reverted")
    assert found(has(USDC, EXECUTOR, 80), undone, has(USDC, EXECUTOR, 80)) is None


def test_a_proxys_code_is_no_second_transfer_and_silence_is_a_yes() -> None:
    inner = moves(USDC, SECOND, EXECUTOR, 100, kind="DELEGATECALL")
    proxied = moves(USDC, SECOND, EXECUTOR, 100, calls=(inner,))
    silent = call(USDC, TRANSFER_FROM + word(EXECUTOR) + word(SECOND) + word(30), b"")
    assert found(has(USDC, EXECUTOR, 0), proxied, silent, has(USDC, EXECUTOR, 70)) is None


def test_tokens_of_others_are_not_looked_at() -> None:
    other = bytes.fromhex("99" * 20)
    assert found(has(other, EXECUTOR, 5), moves(other, SECOND, EXECUTOR, 100), has(other, EXECUTOR, 6)) is None


@given(st.lists(st.tuples(st.sampled_from([(SECOND, EXECUTOR), (EXECUTOR, SECOND)]), st.integers(0, 50)), max_size=12))
def test_honest_tokens_are_never_blamed(transfers: list[tuple[tuple[bytes, bytes], int]]) -> None:
    held = {EXECUTOR: 1_000, SECOND: 1_000}
    steps = [has(USDC, holder, balance) for holder, balance in held.items()]
    for (sender, receiver), amount in transfers:
        held[sender] -= amount
        held[receiver] += amount
        steps += [moves(USDC, sender, receiver, amount), has(USDC, receiver, held[receiver])]
    assert found(*steps) is None


# Traces as nodes tell them


def test_a_trace_is_read_with_all_its_calls() -> None:
    told = RpcFrame(
        type="call",
        from_="0x" + EXECUTOR.hex(),
        to="0x" + USDC.hex(),
        input="0x70a08231",
        output="0x01",
        error=None,
        calls=[RpcFrame(type="DELEGATECALL", from_="0x" + USDC.hex(), input="0x", to=None)],
    )
    frame = read_frame(told)
    assert (frame.kind, frame.target, frame.data, frame.output, frame.error) == ("CALL", USDC, BALANCE_OF, b"\x01", "")
    assert [inner.is_delegated for inner in frame.calls] == [True]


@pytest.mark.parametrize("words", ["out of gas", "OutOfGas", "EvmError: OutOfGas"])
def test_gas_ran_out_only_if_the_innermost_failure_says_so(words: str) -> None:
    dry = call(USDC, b"", error=words)
    assert whole(call(SECOND, b"", calls=(dry,), error="execution reverted")).ran_out_of_gas
    assert whole(error=words).ran_out_of_gas
    assert not whole(dry, call(USDC, b"", error="execution reverted")).ran_out_of_gas
    assert not whole(dry, error="").ran_out_of_gas


def test_a_trace_that_cannot_be_is_refused() -> None:
    usual = RpcFrame(type="CALL", from_="0x", input="0x")
    many = RpcFrame(type="CALL", from_="0x", input="0x", calls=[usual] * MOST_FRAMES)
    deep = usual
    for _ in range(80):
        deep = RpcFrame(type="CALL", from_="0x", input="0x", calls=[deep])
    for wrong in (many, deep, RpcFrame(type="CALL", from_="0x", input="0xzz")):
        with pytest.raises(AnswerRefused):
            read_frame(wrong)
