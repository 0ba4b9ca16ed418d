"""Intents that wait to be sent or are being sent: which wallet each has, and who waits for whom."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import attrs
import trio

from alphapulse.data.execution import OrderRequest
from alphapulse.data.instruments import InstrumentId
from alphapulse.execution.chain.live_wallet import LiveWallet


@attrs.define(eq=False)
class Turn:
    """One intent: in which pools, behind which others, who sends it, and when that is over."""

    pools: frozenset[InstrumentId]
    behind: tuple[trio.Event, ...]
    wallet: LiveWallet | None = None
    over: trio.Event = attrs.field(factory=trio.Event)


class Turns:
    """Intents are sent side by side, save those that trade in the same pools: each was sized on what others leave."""

    def __init__(self) -> None:
        self._turns: dict[int, Turn] = {}

    def line_up(self, intent: OrderRequest) -> None:
        """The intent waits from now on, behind those before it that share a pool with it. Each must `take` its turn."""
        pools = frozenset(leg.pool for leg in intent.legs)
        behind = tuple(turn.over for turn in self._turns.values() if not turn.pools.isdisjoint(pools))
        self._turns[intent.intent_id] = Turn(pools, behind)

    def given(self, wallet: LiveWallet) -> int:
        """How many intents the wallet is about to send."""
        return sum(turn.wallet is wallet for turn in self._turns.values())

    @asynccontextmanager
    async def take(self, intent: OrderRequest, choose: Callable[[], LiveWallet]) -> AsyncIterator[LiveWallet]:
        """The intent's turn, with the wallet that is chosen when it begins."""
        turn = self._turns[intent.intent_id]
        try:
            for over in turn.behind:
                await over.wait()
            turn.wallet = choose()
            yield turn.wallet
        finally:
            del self._turns[intent.intent_id]
            turn.over.set()
