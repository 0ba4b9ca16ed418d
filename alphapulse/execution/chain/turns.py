"""Intents that are being sent: which wallet each has, and who waits for whom."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import attrs
import trio

from alphapulse.data.execution import OrderRequest
from alphapulse.data.instruments import InstrumentId
from alphapulse.execution.chain.live_wallet import LiveWallet


@attrs.frozen(eq=False)
class Turn:
    """One intent that is being sent: by whom, in which pools, and when that is over."""

    wallet: LiveWallet
    pools: frozenset[InstrumentId]
    over: trio.Event = attrs.field(factory=trio.Event)


class Turns:
    """Intents are sent side by side, save those that trade in the same pools: each was sized on what others leave."""

    def __init__(self) -> None:
        self._turns: dict[int, Turn] = {}

    def given(self, wallet: LiveWallet) -> int:
        """How many intents the wallet is about to send."""
        return sum(turn.wallet is wallet for turn in self._turns.values())

    @asynccontextmanager
    async def take(self, intent: OrderRequest, wallet: LiveWallet) -> AsyncIterator[None]:
        """The intent's turn: it begins behind those before it that share a pool with it."""
        pools = frozenset(leg.pool for leg in intent.legs)
        before = [turn.over for turn in self._turns.values() if not turn.pools.isdisjoint(pools)]
        turn = self._turns[intent.intent_id] = Turn(wallet, pools)
        try:
            for over in before:
                await over.wait()
            yield
        finally:
            del self._turns[intent.intent_id]
            turn.over.set()
