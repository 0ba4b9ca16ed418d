"""Shapes of the API. Names are the component names of the OpenAPI document; the frontend's types are made from them.

Integers that can exceed 2^53 (amounts, nanoseconds) are decimal text. Every field is always present; null means
"not known" or "not there", never zero.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta

Natural = Annotated[str, Meta(pattern=r"^\d+$")]
"""A natural number as decimal text."""
Integer = Annotated[str, Meta(pattern=r"^-?\d+$")]
"""An integer as decimal text."""
Decimal = Annotated[str, Meta(pattern=r"^-?\d+(\.\d+)?$")]
"""A decimal number as text."""
Address = Annotated[str, Meta(pattern=r"^0x[0-9a-f]{40}$")]
"""An EVM address in lower case."""
TypedAddress = Annotated[str, Meta(pattern=r"^0x[0-9a-fA-F]{40}$")]
"""An EVM address as people bring it: in lower case or with its checksum."""
LevelWord = Literal["active", "reducing", "probation", "halted", "locked"]
ViaWord = Literal[
    "start rule",
    "the dashboard",
    "the command line",
    "the API",
    "a signal",
    "the supervisor",
    "the journal",
    "the local socket",
    "the halt file",
    "the risk engine",
    "a breaker",
    "the watchdog",
    "reconciliation",
    "the clock",
    "the end of probation",
]


class Shape(msgspec.Struct, frozen=True, kw_only=True):
    """Base of everything that the API sends."""


class Instant(Shape, frozen=True, kw_only=True):
    """A moment: nanoseconds since 1970 UTC as text, and the same for people."""

    ns: Natural
    iso: str


class TokenRef(Shape, frozen=True, kw_only=True):
    """A token, with the decimals read from the chain."""

    address: Address
    symbol: str
    decimals: int


class Amount(Shape, frozen=True, kw_only=True):
    """A signed amount: `raw` counts the token's smallest units."""

    raw: Integer
    decimals: int
    symbol: str
    token: Address


class PoolRef(Shape, frozen=True, kw_only=True):
    """A pool in few words; the fee in parts per million, null if it changes with the pool's state."""

    address: Address
    name: str
    fee_ppm: int | None


class Health(Shape, frozen=True, kw_only=True):
    """Whether the daemon lives, or is ready."""

    ok: bool


class ErrorBody(Shape, frozen=True, kw_only=True):
    """What was expected, what was found and what to do. `request` is the number to look for in the log."""

    code: str
    message: str
    detail: dict[str, Any] | None
    request: str


class ErrorReply(Shape, frozen=True, kw_only=True):
    """Every error of the API."""

    error: ErrorBody
