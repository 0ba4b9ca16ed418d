"""Replies that are kept, so that a repeated request does not act twice."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

import attrs
import trio

from alphapulse_web.errors import ApiError
from alphapulse_web.instants import NS_PER_S

KEEP_NS = 24 * 60 * 60 * NS_PER_S
MAX_REPLIES = 1_000
MAX_KEY = 128


@attrs.frozen
class Reply:
    """A reply as it was sent: status and JSON."""

    status: int
    body: bytes


@attrs.define(eq=False)
class _Entry:
    fingerprint: bytes
    born_ns: int
    done: trio.Event = attrs.field(factory=trio.Event)
    reply: Reply | None = None


class Replies:
    """Replies by Idempotency-Key, in memory, for 24 hours, at most 1,000: the oldest goes first.

    Only what succeeded is kept: a refusal is judged anew. While the first request runs, its repetitions wait for it.
    """

    def __init__(self, now_ns: Callable[[], int]) -> None:
        self._now_ns = now_ns
        self._entries: dict[str, _Entry] = {}

    async def once(self, key: str | None, fingerprint: bytes, act: Callable[[], Awaitable[Reply]]) -> Reply:
        """The reply of `act`, called once for each key. Raises ApiError: 400 without a key, 422 for another body."""
        if not key or len(key) > MAX_KEY or not key.isprintable():
            raise ApiError(
                400, "idempotency_key", f"expected an Idempotency-Key of 1 to {MAX_KEY} characters; make one per action"
            )
        while (entry := self._find(key)) is not None:
            if entry.fingerprint != fingerprint:
                raise ApiError(422, "key_reused", "expected the body that came with this key before; use a fresh key")
            if entry.reply is not None:
                return entry.reply
            await entry.done.wait()
        entry = self._entries[key] = _Entry(fingerprint, self._now_ns())
        while len(self._entries) > MAX_REPLIES:
            del self._entries[next(iter(self._entries))]
        try:
            entry.reply = await act()
            return entry.reply
        finally:
            if entry.reply is None and self._entries.get(key) is entry:
                del self._entries[key]
            entry.done.set()

    def _find(self, key: str) -> _Entry | None:
        horizon = self._now_ns() - KEEP_NS
        while self._entries and self._entries[oldest := next(iter(self._entries))].born_ns <= horizon:
            del self._entries[oldest]
        return self._entries.get(key)
