"""What the control plane needs to know of trading on chains, and what an operator may do there."""

from __future__ import annotations

from typing import Protocol

from alphapulse_web.api.requests import TradeQuery, TransactionQuery
from alphapulse_web.api.transaction_shapes import (
    LatestTransactions,
    Trade,
    Trades,
    Transactions,
    TransactionView,
    Wallets,
)


class RealTrading(Protocol):
    """Transactions, trades and wallets in the shapes of the API. In paper mode there are trades only.

    The acts return the transaction that was sent. They raise SendRefused, whose `reason` is a word for programs
    (NoSuchTransaction where nobody knows it), SigningRefused, SignerUnreachable, SigningRecordError or JournalError.
    """

    def latest(self) -> LatestTransactions:
        """The newest transactions and every open one; does no I/O."""

    async def transactions(self, wish: TransactionQuery) -> Transactions:
        """A page of transactions, newest first. Raises ValueError if the cursor is not one that was given out."""

    async def trades(self, wish: TradeQuery) -> Trades:
        """A page of trades, newest first. Raises ValueError if the cursor is not one that was given out."""

    async def trade(self, intent_id: int) -> Trade:
        """A trade, on paper or not. Raises LookupError if there is none of that number."""

    async def wallets(self) -> Wallets:
        """The wallets that trade."""

    async def bump(self, tx_hash: bytes) -> TransactionView:
        """Send a transaction again for higher fees."""

    async def cancel(self, tx_hash: bytes) -> TransactionView:
        """Put a transfer of nothing to ourselves in its place."""

    async def fill_gap(self, wallet: bytes, nonce: int) -> TransactionView:
        """Use up a number that no transaction has. Raises LookupError if there is no such wallet."""
