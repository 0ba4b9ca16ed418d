"""Time to live: a signal that came too late is worth nothing, and may cost."""

from __future__ import annotations


def is_expired(message: object, taken_ns: int, ttl_ns: int, market_ns: int) -> bool:
    """True if a message was born more than `ttl_ns` before `market_ns`, both on the market clock.

    A message that does not tell its time was born when it was published (`taken_ns`).
    """
    born_ns = getattr(message, "venue_time_ns", None)
    return market_ns - (taken_ns if born_ns is None else born_ns) > ttl_ns
