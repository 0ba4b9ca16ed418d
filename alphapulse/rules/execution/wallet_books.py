"""What wallets should have by the books: folded from the journal, to be held against the chain. Pure."""

from __future__ import annotations

from typing import Final

import attrs

from alphapulse.data.execution import ExecutionReport, Fill
from alphapulse.data.orphans import SettlementRevoked
from alphapulse.data.transactions import (
    DataFeePaid,
    TransactionSigned,
    TransactionState,
    TransactionStatus,
    WalletAudit,
)

IN_A_BLOCK: Final = (TransactionState.MINED, TransactionState.SETTLED)
MOST_KNOWN: Final = 65_536
"""Trades and lone transactions whose wallet is known; the oldest are forgotten first, which have settled long ago."""

Account = tuple[bytes, bytes | None]
"""A wallet and a token; None is the chain's coin."""


@attrs.frozen
class Change:
    """What a transaction has changed at a wallet, by token, in the block that holds it."""

    wallet: bytes
    block_number: int
    amounts: dict[bytes | None, int]


class WalletBooks:
    """Each account as it was found at its last audit, and what the books say has changed since.

    Trades count by what was booked for them: the profit of fills, and the gas of whatever paid any. Transactions of no
    trade count by the gas that their status tells, and by the rollup's fee for their data.
    """

    def __init__(self) -> None:
        self._found: dict[Account, tuple[int, int]] = {}
        self._changes: dict[int | bytes, Change] = {}
        self._wallet_of: dict[int, bytes] = {}
        self._lone: dict[bytes, int] = {}
        """Transactions without a trade, and what a rollup asked for their data, in wei."""

    def take(self, message: object) -> None:
        """Fold one record of the journal; those that are about no wallet are passed over."""
        match message:
            case TransactionSigned():
                self._sign(message)
            case DataFeePaid() if message.hash in self._lone:
                self._lone[message.hash] = message.fee_wei
            case TransactionStatus() if message.hash in self._lone:
                self._tell(message)
            case Fill() if message.intent_id in self._wallet_of:
                earned = message.gross - message.pool_fees - message.flash_fee
                self._change(message, {message.profit_token: earned, None: -message.gas_wei})
            case ExecutionReport() if message.gas_wei and message.intent_id in self._wallet_of:
                self._change(message, {None: -message.gas_wei})
            case SettlementRevoked():
                self._changes.pop(message.intent_id, None)
            case WalletAudit():
                self._found[message.wallet, message.token] = message.block_number, message.chain
                self._forget(message.wallet)

    def knows(self, account: Account) -> bool:
        """Whether the account was ever looked at."""
        return account in self._found

    def amount(self, account: Account, block_number: int) -> int | None:
        """What the account should have at the end of a block; None if it was never looked at, or only later."""
        found = self._found.get(account)
        if found is None or found[0] > block_number:
            return None
        wallet, token = account
        return found[1] + sum(
            change.amounts.get(token, 0)
            for change in self._changes.values()
            if change.wallet == wallet and found[0] < change.block_number <= block_number
        )

    def touched(self, wallet: bytes, block_number: int) -> tuple[bytes | None, ...]:
        """The coin, and each token of the wallet that has changed since its last audit, up to a block."""
        tokens: dict[bytes | None, None] = {None: None}
        for change in self._changes.values():
            if change.wallet == wallet and change.block_number <= block_number:
                tokens |= dict.fromkeys(change.amounts)
        return tuple(tokens)

    def _sign(self, signed: TransactionSigned) -> None:
        if signed.intent_id is not None:
            self._wallet_of[signed.intent_id] = signed.wallet
        else:
            self._lone[signed.hash] = 0
        while len(self._wallet_of) > MOST_KNOWN:
            del self._wallet_of[next(iter(self._wallet_of))]
        while len(self._lone) > MOST_KNOWN:
            del self._lone[next(iter(self._lone))]

    def _tell(self, status: TransactionStatus) -> None:
        self._changes.pop(status.hash, None)
        if status.state in IN_A_BLOCK and status.block_number is not None:
            cost_wei = (status.gas_used or 0) * (status.gas_price_wei or 0) + self._lone[status.hash]
            self._changes[status.hash] = Change(status.wallet, status.block_number, {None: -cost_wei})
        else:
            self._lone[status.hash] = 0  # another block asks its own

    def _change(self, settlement: Fill | ExecutionReport, amounts: dict[bytes | None, int]) -> None:
        wallet = self._wallet_of[settlement.intent_id]
        self._changes[settlement.intent_id] = Change(wallet, settlement.block_number, amounts)

    def _forget(self, wallet: bytes) -> None:
        """Drop changes that every account's last audit has seen."""
        seen = [key for key, change in self._changes.items() if change.wallet == wallet and self._is_seen(change)]
        for key in seen:
            del self._changes[key]

    def _is_seen(self, change: Change) -> bool:
        return all(
            self._found.get((change.wallet, token), (-1, 0))[0] >= change.block_number for token in change.amounts
        )
