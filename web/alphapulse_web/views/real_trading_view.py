"""Transactions and wallets in the shapes of the API: what was from the ledger, what is from the wallets themselves."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import cast

import trio

from alphapulse.composition.terms import tokens_of
from alphapulse.daemon import Daemon
from alphapulse.data.transactions import TransactionState
from alphapulse.errors import LedgerError, NoSuchTransaction, SendRefused
from alphapulse.execution.chain.operated_wallet import OperatedWallet
from alphapulse.journal.ledger_reader import LedgerReader
from alphapulse.journal.transaction_reader import AuditRow, TradeRow, TransactionReader, TransactionRow
from alphapulse.rules.evm.transaction import SignedTransaction
from alphapulse_web.api.requests import TradeQuery, TransactionQuery
from alphapulse_web.api.transaction_shapes import (
    AuditView,
    LatestTransactions,
    SignerWord,
    Trade,
    Trades,
    Transactions,
    TransactionView,
    Wallets,
    WalletView,
)
from alphapulse_web.views.trade_shape import TradeShapes, coin_of
from alphapulse_web.views.transaction_shape import hex_text, maybe_text, transaction_shape
from alphapulse_web.views.transactions_view import KEPT, LATEST, TransactionsView

HOUR_NS = 3_600_000_000_000
GAS_LIMIT = "limits.max_hourly_gas_wei"
COIN_DECIMALS = 18

log = logging.getLogger(__name__)


class RealTradingView:
    """Implements `alphapulse_web.real_trading.RealTrading` over the daemon."""

    def __init__(self, daemon: Daemon, live: TransactionsView, ledger: LedgerReader) -> None:
        self._daemon = daemon
        self._live = live
        self._ledger = TransactionReader(ledger)
        self._tokens = tokens_of(daemon.pools)
        self._trades = TradeShapes(daemon.pools)

    async def restore(self) -> None:
        """Learn from the ledger what was sent before this process or this life of the view."""
        try:
            rows = await self._newest()
        except LedgerError:
            log.exception("what was sent before is not shown until it moves: the ledger does not answer")
            return
        self._live.restore(row.standing for row in rows)

    def latest(self) -> LatestTransactions:
        """The newest transactions and every open one."""
        return self._live.latest(self._names())

    async def transactions(self, wish: TransactionQuery) -> Transactions:
        """A page of transactions from the ledger, newest first, over all runs."""
        state = TransactionState[wish.state.upper()] if wish.state is not None else None
        tx_hash = bytes.fromhex(wish.hash[2:]) if wish.hash is not None else None
        page = await self._ledger.transactions(wish.before, wish.limit, state=state, is_open=wish.open, tx_hash=tx_hash)
        return Transactions(transactions=[self._row(row) for row in page.rows], older=page.next_cursor)

    async def trades(self, wish: TradeQuery) -> Trades:
        """A page of trades from the ledger, newest first, over all runs."""
        page = await self._ledger.trades(wish.before, wish.limit)
        sent = await self._ledger.carriers([row.intent.intent_id for row in page.rows])
        return Trades(trades=[self._trade(row, sent) for row in page.rows], older=page.next_cursor)

    async def trade(self, intent_id: int) -> Trade:
        """A trade from the ledger, with its transactions. Raises LookupError if there is none of that number."""
        row = await self._ledger.trade(intent_id)
        if row is None:
            raise LookupError(f"expected the number of a trade's intent, found {intent_id}")
        return self._trade(row, await self._ledger.carriers([intent_id]))

    async def wallets(self) -> Wallets:
        """The wallets that trade, each with its newest comparison with the books."""
        audits = await self._ledger.audits() if self._daemon.trading.wallets else ()
        return Wallets(wallets=[await self._wallet(wallet, audits) for wallet in self._daemon.trading.wallets])

    async def bump(self, tx_hash: bytes) -> TransactionView:
        """Send a transaction again for higher fees."""
        return await self._by_owner(lambda wallet: wallet.bump(tx_hash), tx_hash)

    async def cancel(self, tx_hash: bytes) -> TransactionView:
        """Put a transfer of nothing to ourselves in its place."""
        return await self._by_owner(lambda wallet: wallet.cancel(tx_hash), tx_hash)

    async def fill_gap(self, wallet: bytes, nonce: int) -> TransactionView:
        """Use up a number that no transaction has."""
        named = next((one for one in self._operated() if one.address == wallet), None)
        if named is None:
            raise LookupError(f"expected the address of a wallet that trades, found {hex_text(wallet)}")
        return await self._told(await named.fill_gap(nonce))

    async def _by_owner(
        self, act: Callable[[OperatedWallet], Awaitable[SignedTransaction]], tx_hash: bytes
    ) -> TransactionView:
        """What came of it at the wallet whose transaction it is."""
        for wallet in self._operated():
            try:
                sent = await act(wallet)
            except NoSuchTransaction:
                continue
            return await self._told(sent)
        raise NoSuchTransaction(f"expected a transaction of a wallet that trades, found {hex_text(tx_hash)}")

    async def _told(self, sent: SignedTransaction) -> TransactionView:
        """As everybody is told of it; that is in the journal before, so it cannot fail to come."""
        await trio.lowlevel.checkpoint()
        return transaction_shape(await self._live.wait_known(sent.hash), self._names(), None)

    async def _newest(self) -> list[TransactionRow]:
        still_open = await self._ledger.transactions(limit=KEPT - LATEST, is_open=True)
        ended = await self._ledger.transactions(limit=LATEST, is_open=False)
        return sorted((*still_open.rows, *ended.rows), key=lambda row: row.record)

    def _operated(self) -> tuple[OperatedWallet, ...]:
        """Raises SendRefused if nothing is traded on a chain."""
        if not self._daemon.trading.wallets:
            raise SendRefused("not_live", "expected a daemon that trades live, found one that trades on paper")
        return tuple(self._daemon.trading.wallets)

    def _names(self) -> Mapping[bytes, str]:
        return {wallet.address: wallet.name for wallet in self._daemon.trading.wallets}

    def _trade(self, trade: TradeRow, sent: Sequence[TransactionRow]) -> Trade:
        own = [row for row in sent if row.standing.signed.intent_id == trade.intent.intent_id]
        return self._trades.shape(trade, own, [self._row(row) for row in own])

    def _row(self, row: TransactionRow) -> TransactionView:
        return transaction_shape(row.standing, self._names(), row.replaced_by)

    async def _wallet(self, wallet: OperatedWallet, audits: tuple[AuditRow, ...]) -> WalletView:
        since_ns = self._daemon.environment.now_ns() - HOUR_NS
        paid_wei = await self._ledger.gas_paid_wei(wallet.address, wallet.chain_id, since_ns)
        return WalletView(
            name=wallet.name,
            address=hex_text(wallet.address),
            chain_id=wallet.chain_id,
            coin=coin_of(wallet.chain_id),
            executor=hex_text(wallet.executor),
            signer=cast(SignerWord, wallet.signer_kind),
            next_nonce=wallet.next_nonce,
            mined_nonce=wallet.mined_nonce,
            gaps=sorted(wallet.gaps),
            open=self._live.open_of(wallet.address, wallet.chain_id),
            balance_wei=maybe_text(wallet.balance_wei),
            as_of_block=wallet.as_of_block,
            gas_hour_wei=str(paid_wei),
            gas_budget_wei=maybe_text(self._gas_budget_wei()),
            audits=[
                self._audit(audit)
                for audit in audits
                if (audit.wallet, audit.chain_id) == (wallet.address, wallet.chain_id)
            ],
            problem=wallet.problem,
        )

    def _audit(self, audit: AuditRow) -> AuditView:
        token = self._tokens.get(audit.token) if audit.token is not None else None
        decimals: int | None = COIN_DECIMALS
        if audit.token is None:
            symbol = coin_of(audit.chain_id)
        elif token is not None:
            symbol, decimals = token.symbol, token.decimals
        else:
            symbol, decimals = hex_text(audit.token), None
        return AuditView(
            token=hex_text(audit.token) if audit.token is not None else None,
            symbol=symbol,
            decimals=decimals,
            books=str(audit.books),
            chain=str(audit.chain),
            block_number=audit.block_number,
            equal=audit.books == audit.chain,
        )

    def _gas_budget_wei(self) -> int | None:
        limits = self._daemon.risk.limits
        return limits.value(GAS_LIMIT) if any(limit.name == GAS_LIMIT for limit in limits.limits) else None
