"""Answers of JSON-RPC 2.0, matched to their calls by their ids and by nothing else. Pure.

A node's answer is a stranger's text: it may be cut, garbage, nested a million deep, or belong to somebody else.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import Any

import msgspec

from alphapulse.errors import BadAnswer, CallReverted, RangeTooWide, RpcError
from alphapulse.rules.nodes.rpc_call import RpcCall
from alphapulse.rules.nodes.rpc_faults import FaultKind, fault_kind, offered_range

NO_CODE = 0
"""Of an error that no node has told: its answer is missing or none."""
_SHOWN = 200
_MOST_READ = 20_000
_UNREADABLE = (msgspec.MsgspecError, UnicodeError, RecursionError, ValueError)


class _Fault(msgspec.Struct, frozen=True):
    code: msgspec.Raw = msgspec.Raw(b"")
    message: str | None = None
    data: msgspec.Raw = msgspec.Raw(b"")


class _Answer(msgspec.Struct, frozen=True):
    id: int | str | float | None = None
    result: msgspec.Raw | msgspec.UnsetType = msgspec.UNSET
    error: _Fault | str | None = None


_batch_decoder = msgspec.json.Decoder(list[_Answer])
_single_decoder = msgspec.json.Decoder(_Answer)


@lru_cache(maxsize=256)
def _decoder(type_: Any) -> msgspec.json.Decoder[Any]:
    return msgspec.json.Decoder(type_)


def read_answers(
    body: bytes, calls: Sequence[RpcCall], first_id: int, node: str, hide: Callable[[str], str] = str
) -> list[Any]:
    """For each call its answer, or the error that stands for it.

    `hide` takes secrets out of a text: some nodes repeat the key that they were given.

    Raises:
        BadAnswer: the body is not JSON, not a list of answers, or answers what was not asked.
    """
    answers = _read_body(body, node)
    by_id: dict[int, list[_Answer]] = {}
    last_id = first_id + len(calls) - 1
    for answer in answers:
        if answer.id is None and answer.error is not None and len(answers) == 1:
            return [_error(answer.error, call, node, hide) for call in calls]  # the request as a whole was refused
        if type(answer.id) is not int or not first_id <= answer.id <= last_id:
            raise BadAnswer(node, f"expected answers to calls {first_id} to {last_id}, found one to another call")
        by_id.setdefault(answer.id, []).append(answer)
    return [_value(by_id.get(number, []), call, node, hide) for number, call in enumerate(calls, first_id)]


def _read_body(body: bytes, node: str) -> list[_Answer]:
    try:
        if body.lstrip(b" \t\r\n")[:1] == b"[":
            return _batch_decoder.decode(body)
        return [_single_decoder.decode(body)]
    except _UNREADABLE as error:
        problem = f"expected answers of JSON-RPC, found {len(body)} bytes: {_kind(error)}"
    raise BadAnswer(node, problem)


def _value(found: list[_Answer], call: RpcCall, node: str, hide: Callable[[str], str]) -> Any:
    if len(found) != 1:
        return _no_answer(call, node, f"expected one answer, found {len(found)}")
    answer = found[0]
    if answer.error is not None:
        if not isinstance(answer.result, msgspec.UnsetType) and bytes(answer.result) != b"null":
            return _no_answer(call, node, "expected a result or an error, found both")
        return _error(answer.error, call, node, hide)
    if isinstance(answer.result, msgspec.UnsetType):
        return _no_answer(call, node, "expected a result or an error, found neither")
    try:
        return _decoder(call.type).decode(answer.result)
    except _UNREADABLE as error:
        return _no_answer(call, node, f"expected another kind of result, found: {_kind(error)}")


def _error(fault: _Fault | str, call: RpcCall, node: str, hide: Callable[[str], str]) -> RpcError:
    if isinstance(fault, str):
        fault = _Fault(message=fault)
    code = _code(fault.code)
    data = _data(fault.data)
    told = fault.message or ""
    # Some providers hide the reason in `data` and say `invalid params` before it.
    whole = f"{told} {data}" if isinstance(data, str) and not data.startswith("0x") else told
    if isinstance(data, dict):
        whole = " ".join([told, *(value for value in data.values() if isinstance(value, str))])
    kind = fault_kind(call.method, code, whole)
    text = _short(hide(told[:_MOST_READ]))
    if kind is FaultKind.RANGE_TOO_WIDE:
        return RangeTooWide(node, call.method, code=code, text=text, offered=offered_range(whole))
    if kind is FaultKind.REVERTED:
        return CallReverted(node, call.method, code=code, text=text, data=_revert_data(data))
    return RpcError(node, call.method, kind=kind, code=code, text=text)


def _code(raw: msgspec.Raw) -> int:
    """Some nodes write the code as text, some as a fraction."""
    try:
        return int(bytes(raw).strip(b'"').partition(b".")[0])
    except ValueError:
        return NO_CODE


def _data(raw: msgspec.Raw) -> Any:
    try:
        return msgspec.json.decode(raw) if bytes(raw) else None
    except _UNREADABLE:
        return None


def _revert_data(data: Any) -> bytes:
    """What a contract said; some nodes write it in an object, some with words before it."""
    if isinstance(data, dict):
        data = data.get("data")
    if not isinstance(data, str):
        return b""
    text = data.rpartition("0x")[2]
    try:
        return bytes.fromhex(text) if "0x" in data and text.isascii() and " " not in text else b""
    except ValueError:
        return b""


def _no_answer(call: RpcCall, node: str, problem: str) -> RpcError:
    return RpcError(node, call.method, kind=FaultKind.NO_ANSWER, code=NO_CODE, text=problem)


def _short(text: object) -> str:
    """A stranger's text as it may stand in ours: one line, not long."""
    shown = "".join(letter if letter.isprintable() else " " for letter in str(text)[:_SHOWN])
    return shown if len(str(text)) <= _SHOWN else f"{shown}…"


def _kind(error: Exception) -> str:
    if isinstance(error, RecursionError):
        return "it is nested too deep"
    return _short(str(error)[:1].lower() + str(error)[1:])
