"""The heartbeat of a service whose loop reads a subscription: it comes from that loop, not from somebody beside it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from alphapulse.relays.subscription import AnySubscription


def _unheard() -> None:
    """Nobody listens to a service that no supervisor runs."""


class Reader:
    """Base of services that wait for messages. A supervisor replaces `beat`, and nudges once a second.

    The loop beats when it comes round after a nudge: a beat for each list of messages would tell nobody more.
    """

    beat: Callable[[], None] = staticmethod(_unheard)
    _reading: AnySubscription | None = None
    _nudged = False

    def nudge(self) -> None:
        """Have the loop come round soon, with an empty list if nothing waits."""
        self._nudged = True
        if self._reading is not None:
            self._reading.nudge()

    async def read(self, subscription: AnySubscription) -> list[Any]:
        """What waits in the subscription, in order; empty after a nudge. Raises RelayError as `receive` does."""
        self._reading = subscription
        messages: list[Any] = await subscription.receive()
        if self._nudged:
            self._nudged = False
            self.beat()
        return messages
