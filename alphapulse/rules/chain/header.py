"""A block's header as a node tells it, read strictly."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import msgspec

from alphapulse.errors import AnswerRefused, LogRefused
from alphapulse.rules.events.hex_text import read_block_hash, read_block_number, read_bytes, read_time_ns, shown
from alphapulse.rules.evm.bloom import BLOOM_BYTES


class Header(NamedTuple):
    """What is used of a header. `venue_time_ns` is the block's timestamp; `base_fee_wei` None before EIP-1559."""

    number: int
    hash: bytes
    parent_hash: bytes
    venue_time_ns: int
    bloom: bytes
    base_fee_wei: int | None = None


class RpcHeader(msgspec.Struct, frozen=True, gc=False, rename="camel"):
    """A header in JSON; fields that are not listed are not read, whatever they hold."""

    number: str
    hash: str
    parent_hash: str
    timestamp: str
    logs_bloom: str
    base_fee_per_gas: str | None = None


def header_of(raw: RpcHeader) -> Header:
    """The header that a node's text stands for.

    Raises:
        AnswerRefused: a number or a hash is none.
    """
    try:
        return Header(
            read_block_number(raw.number),
            read_block_hash(raw.hash),
            read_block_hash(raw.parent_hash),
            read_time_ns(raw.timestamp),
            read_bytes(raw.logs_bloom, BLOOM_BYTES, "a header's bloom"),
            None if raw.base_fee_per_gas is None else _quantity(raw.base_fee_per_gas),
        )
    except LogRefused as refusal:
        raise AnswerRefused("header", f"expected a header, found a part that is none: {refusal}") from refusal


def header_in(answer: Any, convert: Callable[[Any, type[RpcHeader]], RpcHeader] = msgspec.convert) -> Header | None:
    """The header in the parsed JSON of an answer or a notification; None where the node says `null`.

    Raises:
        AnswerRefused: it is something else.
    """
    if answer is None:
        return None
    try:
        return header_of(convert(answer, RpcHeader))
    except msgspec.ValidationError as error:
        raise AnswerRefused("header", f"expected a header or null, found: {error}") from error


def _quantity(text: str) -> int:
    digits = text[2:]
    if text[:2] != "0x" or not digits or len(digits) > 64 or any(d not in "0123456789abcdefABCDEF" for d in digits):
        raise AnswerRefused("header", f"expected a base fee of 0x and hex digits, found {shown(text)}")
    return int(digits, 16)
