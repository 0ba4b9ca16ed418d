"""Shapes of real trading: transactions, a trade with all that belongs to it, and wallets.

Amounts are decimal text of raw units, of the token or the chain's coin that stands beside them.
"""

from __future__ import annotations

from typing import Annotated, Literal

from msgspec import Meta

from alphapulse_web.api.schemas import Address, Integer, Natural, Shape

Hash = Annotated[str, Meta(pattern=r"^0x[0-9a-f]{64}$")]
"""A transaction's or block's hash in lower case."""
PurposeWord = Literal["trade", "cancel", "fill_gap"]
TransactionStateWord = Literal["signed", "sent", "seen", "mined", "settled", "replaced", "dropped", "unknown"]
OutcomeWord = Literal["traded", "reverted", "cancelled", "lost", "orphaned"]
CauseWord = Literal["stale_state", "taken", "gas", "slippage", "token", "our_bug", "unexplained"]
SignerWord = Literal["keystore", "remote", "environment"]


class TransactionView(Shape, frozen=True, kw_only=True):
    """A transaction of a wallet, as it stands.

    `sends` counts how often its bytes were sent. Block, gas and price are there once a receipt is; a reorganisation
    takes them away again. `replaced_by` is the transaction of the same number that was mined instead. `text` says why.
    """

    wallet: Address
    wallet_name: str
    chain_id: int
    nonce: int
    hash: Hash
    purpose: PurposeWord
    intent_id: Natural | None
    state: TransactionStateWord
    sends: int
    to: Address
    gas_limit: Natural
    gas_used: Natural | None
    gas_price_wei: Natural | None
    tip_wei: Natural
    cap_wei: Natural
    deadline_block: int | None
    block_number: int | None
    block_hash: Hash | None
    signed_ns: Natural
    changed_ns: Natural
    text: str
    replaced_by: Hash | None


class Transactions(Shape, frozen=True, kw_only=True):
    """A page of transactions, newest first. `older` asks for those before; null if there are none."""

    transactions: list[TransactionView]
    older: str | None


class LatestTransactions(Shape, frozen=True, kw_only=True):
    """The newest transactions, newest first, and every one that is open."""

    transactions: list[TransactionView]


class TradeToken(Shape, frozen=True, kw_only=True):
    """A token of a trade; its decimals are null if it is of no pool that is known now."""

    address: Address
    symbol: str
    decimals: int | None


class TradeIntent(Shape, frozen=True, kw_only=True):
    """What was meant to be traded: amounts are raw units of `token`. The block is that of the seen state.

    `coin` is the symbol of what the chain's gas is paid in.
    """

    id: Natural
    run: int
    signal_id: Natural
    strategy: str
    mode: Literal["paper", "live"]
    chain_id: int
    coin: str
    block_number: int
    log_index: int
    created_ns: Natural
    token: TradeToken
    size: Natural
    minimum_profit: Integer
    flash_fee: Natural
    gas_wei: Natural
    gas_cost: Natural


class TradeLeg(Shape, frozen=True, kw_only=True):
    """A swap: what was expected of it, and what it did. Raw units of `token_in` and `token_out`."""

    pool: Address
    pool_name: str
    token_in: Address
    token_out: Address
    symbol_in: str
    symbol_out: str
    decimals_in: int | None
    decimals_out: int | None
    expected_in: Natural
    expected_out: Natural
    actual_in: Natural | None
    actual_out: Natural | None


class TradeGas(Shape, frozen=True, kw_only=True):
    """Gas of a trade: of its transaction, and what was paid for it; `cost` is raw units of the profit token."""

    limit: Natural | None
    used: Natural | None
    price_wei: Natural | None
    wei: Natural | None
    cost: Natural | None


class Finding(Shape, frozen=True, kw_only=True):
    """Why it failed on the chain. `expected` and `found` are profits, raw; `taken_by` was before us in our block."""

    cause: CauseWord
    reason: str
    text: str
    expected: Integer | None
    found: Integer | None
    taken_by: Hash | None


class Trade(Shape, frozen=True, kw_only=True):
    """A trade from the intent to its end, which is null while it is open."""

    intent: TradeIntent
    legs: list[TradeLeg]
    expected_net: Integer
    actual_net: Integer | None
    gas: TradeGas
    outcome: OutcomeWord | None
    text: str
    transactions: list[TransactionView]
    finding: Finding | None


class Trades(Shape, frozen=True, kw_only=True):
    """A page of trades, newest first, on paper or not. `older` asks for those before; null if there are none."""

    trades: list[Trade]
    older: str | None


class AuditView(Shape, frozen=True, kw_only=True):
    """What the books say beside what the chain says, at the newest block that was compared; token null: the coin.

    `decimals` is null for a token of no pool that is known now.
    """

    token: Address | None
    symbol: str
    decimals: int | None
    books: Integer
    chain: Natural
    block_number: int
    equal: bool


class WalletView(Shape, frozen=True, kw_only=True):
    """A wallet that trades. `open` counts its transactions that have not ended.

    `next_nonce` is the number of the next transaction, `mined_nonce` of the next that the chain waits for; `gaps` are
    numbers that nothing has though later ones are taken. `coin` is the symbol of the balance and of gas.
    `gas_hour_wei` was paid within the last hour, `gas_budget_wei` is the limit of that for all wallets together.
    `problem` keeps it from trading.
    """

    name: str
    address: Address
    chain_id: int
    coin: str
    executor: Address
    signer: SignerWord
    next_nonce: int
    mined_nonce: int | None
    gaps: list[int]
    open: int
    balance_wei: Natural | None
    as_of_block: int | None
    gas_hour_wei: Natural
    gas_budget_wei: Natural | None
    audits: list[AuditView]
    problem: str | None


class Wallets(Shape, frozen=True, kw_only=True):
    """The wallets that trade; none in paper mode."""

    wallets: list[WalletView]
