"""Something that a wallet is asked to sign and send, and who waits to hear of it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

import attrs
import trio

from alphapulse.rules.evm.transaction import SignedTransaction


@attrs.define(eq=False)
class Command:
    """Something to be signed. It is settled when the bytes leave, or when it is certain that they do not."""

    act: Callable[[Command], Awaitable[None]]
    settled: trio.Event = attrs.field(factory=trio.Event)
    outcome: SignedTransaction | Exception | None = None
    abandoned: bool = False
    """Who wanted it waits no longer, so that nothing leaves any more."""

    def settle(self, outcome: SignedTransaction | Exception) -> None:
        """Only the first outcome counts."""
        if not self.settled.is_set():
            self.outcome = outcome
            self.settled.set()
