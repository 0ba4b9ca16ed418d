"""A consumer that looks at most of what it is given where it is published, and is woken for the rest."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from alphapulse.relays.flow import Flow
from alphapulse.relays.subscription import Subscription


class ScreenedSubscription(Subscription[Any]):
    """A subscription whose queue takes what `screen` makes of each list, in the step in which that is published.

    Where nearly all is only looked at, this saves the hop to the consumer's task. `screen` must be quick and not raise.
    """

    def __init__(self, name: str, flow: Flow, screen: Callable[[Sequence[Any]], Sequence[Any]]) -> None:
        super().__init__(name, flow)
        self._screen = screen

    def offer(self, messages: Sequence[Any], *, snapshot: bool = False) -> None:
        """Queue what the screen leaves of the messages, if anything."""
        if self.is_open and (left := self._screen(messages)):
            super().offer(left, snapshot=snapshot)
