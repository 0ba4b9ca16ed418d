"""Trading on a chain of which the test holds every string."""

from __future__ import annotations

import trio

from alphapulse.errors import NoSuchTransaction
from alphapulse_web.api.requests import TradeQuery, TransactionQuery
from alphapulse_web.api.transaction_shapes import (
    LatestTransactions,
    Trade,
    TradeGas,
    TradeIntent,
    Trades,
    TradeToken,
    Transactions,
    TransactionView,
    Wallets,
    WalletView,
)

TX_HASH = "0x" + "ab" * 32
NEW_HASH = "0x" + "cd" * 32
WALLET = "0x" + "11" * 20
INTENT_ID = 5


def transaction(tx_hash: str = TX_HASH) -> TransactionView:
    """A transaction that waits."""
    return TransactionView(
        wallet=WALLET,
        wallet_name="main",
        chain_id=137,
        nonce=7,
        hash=tx_hash,
        purpose="trade",
        intent_id=str(INTENT_ID),
        state="sent",
        sends=1,
        to="0x" + "ee" * 20,
        gas_limit="400000",
        gas_used=None,
        gas_price_wei=None,
        tip_wei="30000000000",
        cap_wei="200000000000",
        deadline_block=120,
        block_number=None,
        block_hash=None,
        signed_ns="1704437087000000000",
        changed_ns="1704437087000000000",
        text="sent",
        replaced_by=None,
    )


def trade() -> Trade:
    """A trade that is open."""
    token = TradeToken(address="0x" + "aa" * 20, symbol="USDC", decimals=6)
    return Trade(
        intent=TradeIntent(
            id=str(INTENT_ID),
            run=1,
            signal_id="1",
            strategy="flash_arbitrage",
            mode="live",
            chain_id=137,
            coin="POL",
            block_number=110,
            log_index=3,
            created_ns="1704437087000000000",
            token=token,
            size="1000000",
            minimum_profit="100",
            flash_fee="0",
            gas_wei="20000000000000000",
            gas_cost="40",
        ),
        legs=[],
        expected_net="560",
        actual_net=None,
        gas=TradeGas(limit="400000", used=None, price_wei=None, wei=None, cost=None),
        outcome=None,
        text="",
        transactions=[transaction()],
        finding=None,
    )


class FakeTrading:
    """Implements `alphapulse_web.real_trading.RealTrading`; `failure` is raised by every act."""

    def __init__(self, calls: list[tuple[str, ...]]) -> None:
        self._calls = calls
        self.failure: Exception | None = None

    def latest(self) -> LatestTransactions:
        self._calls.append(("latest_transactions",))
        return LatestTransactions(transactions=[transaction()])

    async def transactions(self, wish: TransactionQuery) -> Transactions:
        await trio.lowlevel.checkpoint()
        if wish.before == "nonsense":
            raise ValueError(wish.before)
        self._calls.append(("transactions", str(wish.before), str(wish.limit), str(wish.state), str(wish.open)))
        return Transactions(transactions=[transaction()], older="1-1")

    async def trades(self, wish: TradeQuery) -> Trades:
        await trio.lowlevel.checkpoint()
        if wish.before == "nonsense":
            raise ValueError(wish.before)
        self._calls.append(("trades", str(wish.before), str(wish.limit)))
        return Trades(trades=[trade()], older="1-1")

    async def trade(self, intent_id: int) -> Trade:
        await trio.lowlevel.checkpoint()
        if intent_id != INTENT_ID:
            raise LookupError(f"expected the number of a trade's intent, found {intent_id}")
        return trade()

    async def wallets(self) -> Wallets:
        await trio.lowlevel.checkpoint()
        return Wallets(
            wallets=[
                WalletView(
                    name="main",
                    address=WALLET,
                    chain_id=137,
                    coin="POL",
                    executor="0x" + "ee" * 20,
                    signer="keystore",
                    next_nonce=8,
                    mined_nonce=7,
                    gaps=[],
                    open=1,
                    balance_wei="1000000000000000000",
                    as_of_block=110,
                    gas_hour_wei="0",
                    gas_budget_wei=None,
                    audits=[],
                    problem=None,
                )
            ]
        )

    async def bump(self, tx_hash: bytes) -> TransactionView:
        return await self._replaced("bump", tx_hash)

    async def cancel(self, tx_hash: bytes) -> TransactionView:
        return await self._replaced("cancel", tx_hash)

    async def fill_gap(self, wallet: bytes, nonce: int) -> TransactionView:
        await trio.lowlevel.checkpoint()
        if wallet != bytes.fromhex(WALLET[2:]):
            raise LookupError(f"expected the address of a wallet that trades, found 0x{wallet.hex()}")
        return self._sent("fill_gap", str(nonce))

    async def _replaced(self, act: str, tx_hash: bytes) -> TransactionView:
        await trio.lowlevel.checkpoint()
        if tx_hash != bytes.fromhex(TX_HASH[2:]):
            raise NoSuchTransaction(f"expected a transaction of ours, found 0x{tx_hash.hex()}")
        return self._sent(act, tx_hash.hex())

    def _sent(self, act: str, about: str) -> TransactionView:
        if self.failure is not None:
            raise self.failure
        self._calls.append((act, about))
        return transaction(NEW_HASH)
