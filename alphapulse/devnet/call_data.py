"""Calls of contracts: a signature as Solidity writes it, and what is passed and returned."""

from __future__ import annotations

import functools
from typing import Any

import attrs
from eth_abi.abi import decode, encode

from alphapulse.rules.evm.keccak import keccak256


@attrs.frozen
class Call:
    """A call or a transaction of `sender`'s, whoever that will be. `value_wei` is sent with it."""

    to: str
    data: bytes
    value_wei: int = 0


def call(to: str, signature: str, *arguments: Any, value_wei: int = 0) -> Call:
    """A call such as `call(token, "mint(address,uint256)", receiver, 5)`."""
    return Call(to, call_data(signature, *arguments), value_wei)


def call_data(signature: str, *arguments: Any) -> bytes:
    """Selector and arguments."""
    selector, types = _parsed(signature)
    return selector + encode(types, arguments)


def arguments_of(types: str, *arguments: Any) -> bytes:
    """A constructor's arguments: `types` are separated by commas."""
    return encode(_split(types), arguments)


def returned(types: str, data: bytes) -> tuple[Any, ...]:
    """What a call has returned."""
    return decode(_split(types), data)


@functools.lru_cache(maxsize=256)
def _parsed(signature: str) -> tuple[bytes, list[str]]:
    return keccak256(signature.encode())[:4], _split(signature.partition("(")[2][:-1])


def _split(types: str) -> list[str]:
    """The types at the top level: what stands in brackets stays together."""
    parts, depth = [""], 0
    for letter in types:
        depth += (letter == "(") - (letter == ")")
        if letter == "," and depth == 0:
            parts.append("")
        else:
            parts[-1] += letter
    return [part.strip() for part in parts if part.strip()]
