"""Intents that wait to be sent or are being sent: which wallet each has, and who waits for whom."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
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
    """Intents are sent side by side, save those that trade in the same pools: each was sized on what others leave.

    Within a block only the numbers of one wallet keep their order. So an intent whose pools are under way already goes
    by the wallet that has them there, and by none if several have.

    Args:
        trades: those that have not ended, by their intents' numbers.
    """

    def __init__(self, trades: Mapping[int, OrderRequest]) -> None:
        self._trades = trades
        self._turns: dict[int, Turn] = {}

    def line_up(self, intent: OrderRequest) -> None:
        """The intent waits from now on, behind those before it that share a pool with it. Each must `take` its turn."""
        pools = _pools(intent)
        behind = tuple(turn.over for turn in self._turns.values() if not turn.pools.isdisjoint(pools))
        self._turns[intent.intent_id] = Turn(pools, behind)

    @asynccontextmanager
    async def take(self, intent: OrderRequest, wallets: Sequence[LiveWallet]) -> AsyncIterator[LiveWallet | None]:
        """The intent's turn, with the wallet that sends it; None if nothing would keep the order among its pools."""
        turn = self._turns[intent.intent_id]
        try:
            for over in turn.behind:
                await over.wait()
            bound = [wallet for wallet in wallets if not turn.pools.isdisjoint(self._under_way(wallet))]
            if len(bound) <= 1:
                turn.wallet = min(bound or wallets, key=self._load)
            yield turn.wallet
        finally:
            del self._turns[intent.intent_id]
            turn.over.set()

    def _under_way(self, wallet: LiveWallet) -> Iterator[InstrumentId]:
        """Pools of the wallet's trades that no block holds yet."""
        for record in wallet.book.waiting:
            trade = None if record.signed.intent_id is None else self._trades.get(record.signed.intent_id)
            if trade is not None:
                yield from _pools(trade)

    def _load(self, wallet: LiveWallet) -> tuple[bool, int]:
        """How little a wallet is to be preferred: one that cannot send last, then by what it has under way."""
        given = sum(turn.wallet is wallet for turn in self._turns.values())
        return wallet.problem is not None, wallet.book.unmined + given


def _pools(intent: OrderRequest) -> frozenset[InstrumentId]:
    return frozenset(leg.pool for leg in intent.legs)
