"""The log object of Ethereum's JSON-RPC and the `eth_subscription` frame that carries it.

Only the JSON is checked here: the fields are there and are text. What the text says is checked by the pool's decoder.
"""

from __future__ import annotations

from typing import Literal

import msgspec

from alphapulse.errors import LogRefused


class RpcLog(msgspec.Struct, frozen=True, gc=False, rename="camel"):
    """A log as a node tells it; all numbers are `0x…` text.

    `block_timestamp` is told by most nodes only; without it a log has no time and is refused later.
    """

    address: str
    topics: tuple[str, ...]
    data: str
    block_number: str
    transaction_hash: str
    transaction_index: str
    log_index: str
    removed: bool = False
    block_hash: str | None = None
    block_timestamp: str | None = None


class _Params(msgspec.Struct, frozen=True, gc=False):
    subscription: str
    result: RpcLog


class _Frame(msgspec.Struct, frozen=True, gc=False):
    jsonrpc: Literal["2.0"]
    method: Literal["eth_subscription"]
    params: _Params


_frame_decoder = msgspec.json.Decoder(_Frame)


def decode_frame(text: bytes | str) -> RpcLog:
    """The log in an `eth_subscription` frame.

    Raises:
        LogRefused: `not_json` if the text cannot be read, `not_a_log` if it says something else.
    """
    try:
        return _frame_decoder.decode(text).params.result
    except msgspec.ValidationError as error:
        raise LogRefused("not_a_log", f"expected an eth_subscription frame with a log, found: {error}") from error
    except (msgspec.DecodeError, UnicodeError, RecursionError) as error:
        raise LogRefused("not_json", f"expected a JSON frame, found: {error}") from error
