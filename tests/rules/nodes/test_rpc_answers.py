"""Answers belong to their calls by their ids; whatever else comes is a typed error and never another call's answer."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alphapulse.errors import BadAnswer, CallReverted, RangeTooWide, RpcError
from alphapulse.rules.nodes.rpc_answers import read_answers
from alphapulse.rules.nodes.rpc_call import RpcCall, request_bytes
from alphapulse.rules.nodes.rpc_faults import FaultKind

A, B = RpcCall("a"), RpcCall("b")


def read(body: object, *calls: RpcCall, first_id: int = 7) -> list[Any]:
    text = body if isinstance(body, bytes) else json.dumps(body).encode()
    return read_answers(text, calls or (A, B), first_id, "one")


def result(number: object, value: object) -> dict[str, object]:
    return {"jsonrpc": "2.0", "id": number, "result": value}


def error(number: object, code: object, message: object, **more: object) -> dict[str, object]:
    return {"jsonrpc": "2.0", "id": number, "error": {"code": code, "message": message, **more}}


def kinds(answers: list[Any]) -> list[Any]:
    return [answer.kind if isinstance(answer, RpcError) else answer for answer in answers]


def test_requests_are_numbered() -> None:
    assert json.loads(request_bytes([A], 7, batch=False)) == {"jsonrpc": "2.0", "id": 7, "method": "a", "params": []}
    assert [one["id"] for one in json.loads(request_bytes([A, B], 7, batch=True))] == [7, 8]
    pinned = RpcCall("eth_call", ({},)).at_block(bytes(32))
    assert pinned.params[1] == {"blockHash": "0x" + "00" * 32, "requireCanonical": True}


@given(st.permutations(range(6)))
def test_answers_may_come_in_any_order(order: list[int]) -> None:
    calls = [RpcCall("a")] * 6
    body = [result(7 + number, number) for number in order]
    assert read_answers(json.dumps(body).encode(), calls, 7, "one") == list(range(6))


def test_what_is_missing_or_double_is_no_answer() -> None:
    """Each call by itself: the others are answered."""
    assert kinds(read([result(8, "b")])) == [FaultKind.NO_ANSWER, "b"]
    assert kinds(read([result(7, "a"), result(7, "x"), result(8, "b")])) == [FaultKind.NO_ANSWER, "b"]
    assert kinds(read([result(7, None), {"id": 8}])) == [None, FaultKind.NO_ANSWER]
    assert kinds(read([result(7, 1) | {"error": {"code": 1, "message": "both"}}, result(8, 2) | {"error": None}])) == [
        FaultKind.NO_ANSWER,
        2,
    ]


@pytest.mark.parametrize(
    "body",
    [
        [result(7, 1), result(9, 2)],
        [result(7, 1), result("8", 2)],
        [result(7, 1), result(None, 2)],
        [result(7, 1), result(8.5, 2)],
        [result(10**30, 1)],
        [1, 2],
        "text",
        None,
        b"",
        b"[" * 100_000,
        b'{"id":7,"result":' + b"[" * 100_000,
        b'[{"id":7,"result":1},{"id":8,"res',
        b"<html>busy</html>",
        b'{"id":7,"error":' + b'{"data":' * 50_000,
    ],
    ids=lambda body: str(body)[:30],
)
def test_what_answers_another_question_is_not_believed_at_all(body: object) -> None:
    with pytest.raises(BadAnswer, match=r"^one: expected"):
        read(body)


def test_a_refusal_of_the_whole_request_is_the_answer_to_each_call() -> None:
    whole = {"jsonrpc": "2.0", "id": None, "error": {"code": -32600, "message": "batch too large"}}
    assert kinds(read(whole)) == [FaultKind.BAD_REQUEST] * 2
    assert kinds(read([whole])) == [FaultKind.BAD_REQUEST] * 2
    assert kinds(read({"error": "rate limit"})) == [FaultKind.RATE_LIMITED] * 2


def test_a_result_of_another_kind_is_no_answer() -> None:
    call = RpcCall("a", (), list[str])
    assert read(result(7, ["x"]), call) == [["x"]]
    (answer,) = read(result(7, {"x": 1}), call)
    assert answer.kind == FaultKind.NO_ANSWER
    assert "expected another kind of result" in answer.text
    (answer,) = read(b'{"id":7,"result":"\xff\xfe"}', A)
    assert answer.kind == FaultKind.NO_ANSWER


def test_errors_are_typed() -> None:
    logs, call = RpcCall("eth_getLogs"), RpcCall("eth_call")
    (wide,) = read(error(7, -32602, "query exceeds max block range 1000, try [0x1, 0x3e8]"), logs)
    assert isinstance(wide, RangeTooWide)
    assert wide.offered == (1, 1_000)
    (hidden,) = read(error(7, -32602, "invalid params", data={"payload": "range 9 is bigger than range limit 2"}), logs)
    assert isinstance(hidden, RangeTooWide)
    (reverted,) = read(error(7, 3, "execution reverted: no", data="0x08c379a0"), call)
    assert isinstance(reverted, CallReverted)
    assert reverted.data == bytes.fromhex("08c379a0")
    for data, found in (
        ({"data": "0x1234"}, b"\x12\x34"),
        ("Reverted 0x1234", b"\x12\x34"),
        ("0xzz", b""),
        (None, b""),
        (5, b""),
    ):
        (reverted,) = read(error(7, -32000, "execution reverted", data=data), call)
        assert reverted.data == found


@pytest.mark.parametrize(
    ("code", "read_as"),
    [('"-32000"', -32_000), ("-32000.0", -32_000), ("null", 0), ('"x"', 0), ("[]", 0), ("1" * 5_000, 0)],
)
def test_codes_of_all_kinds(code: str, read_as: int) -> None:
    (answer,) = read(f'{{"id":7,"error":{{"code":{code},"message":"words"}}}}'.encode(), A)
    assert answer.code == read_as


def test_a_strangers_text_is_one_short_line() -> None:
    (answer,) = read(error(7, 1, "a\nb\x1b[31m" + "x" * 10_000), A)
    assert "\n" not in str(answer)
    assert "\x1b" not in str(answer)
    assert len(str(answer)) < 400


KEYS = st.sampled_from(["id", "result", "error", "code", "message", "data"])
trees = st.recursive(
    st.none() | st.integers(6, 9) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(KEYS, inner, max_size=4),
)


@given(st.binary(max_size=200) | trees.map(lambda value: json.dumps(value).encode()))
def test_any_bytes_are_answers_or_a_typed_error(body: bytes) -> None:
    """Two answers or BadAnswer; no other error, and never an answer that was not given."""
    try:
        answers = read(body)
    except BadAnswer:
        return
    assert len(answers) == 2
