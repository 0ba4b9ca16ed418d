"""How long lists on the wire may be: three limits that the operator sets, read once at start.

The codecs ask for the limit in force whenever they build or parse a list (`alphapulse.data.wire.Bound`). This module
reads no environment itself; the composition root hands one over.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

import attrs

from alphapulse.data.wire import Bound
from alphapulse.errors import ConfigError

# `most` is what a TLV of 65,535 bytes holds of the longest record that counts by this limit; a test computes it anew.
ORDER_LEVELS = Bound("ALPHAPULSE_MAX_ORDER_LEVELS", limit=50, most=1_637)
"""Levels on each side of an order book."""

POOL_TOKENS = Bound("ALPHAPULSE_MAX_POOL_TOKENS", limit=8, most=1_190)
"""Tokens of one pool."""

INSTRUMENTS = Bound("ALPHAPULSE_MAX_INSTRUMENTS", limit=16, most=527)
"""Instruments that one message speaks of."""

BOUNDS = (ORDER_LEVELS, POOL_TOKENS, INSTRUMENTS)
"""All limits, in the order of `Limits`."""

_NUMBER = re.compile(r"[0-9]{1,9}")


@attrs.frozen
class Limits:
    """How many items each kind of list may hold."""

    order_levels: int = 50
    pool_tokens: int = 8
    instruments: int = 16


def read_limits(variables: Mapping[str, str]) -> Limits:
    """The limits in the environment variables `ALPHAPULSE_MAX_…`; a missing one has its default.

    Raises:
        ConfigError: a value is no whole number, or lies outside what a list can hold. It names the variable.
    """
    default = Limits()
    return Limits(
        order_levels=_read(variables, ORDER_LEVELS, least=1, default=default.order_levels),
        # A pool has two tokens at least.
        pool_tokens=_read(variables, POOL_TOKENS, least=2, default=default.pool_tokens),
        instruments=_read(variables, INSTRUMENTS, least=1, default=default.instruments),
    )


def apply_limits(limits: Limits) -> None:
    """Put the limits in force for this process: building and parsing refuse longer lists from now on."""
    ORDER_LEVELS.limit = limits.order_levels
    POOL_TOKENS.limit = limits.pool_tokens
    INSTRUMENTS.limit = limits.instruments


def _read(variables: Mapping[str, str], bound: Bound, *, least: int, default: int) -> int:
    text = variables.get(bound.variable)
    if text is None:
        return default
    if not _NUMBER.fullmatch(text) or not least <= int(text) <= bound.most:
        raise ConfigError(
            bound.variable,
            f"expected a whole number from {least} to {bound.most}, was {text[:40]!r}; unset it for {default}",
        )
    return int(text)
