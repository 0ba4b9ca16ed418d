"""A trade through one pool of each kind that the contract can swap in, its intent and its receipt, in round numbers."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, cast

import attrs

from alphapulse.data.execution import Mode, OrderRequest
from alphapulse.data.instruments import InstrumentId, Venue
from alphapulse.data.pools import Pool, PoolKind, Token
from alphapulse.data.signals import Leg
from alphapulse.rules.amm.tick_math import sqrt_ratio_at_tick
from alphapulse.rules.events import uniswap_v2, uniswap_v3
from alphapulse.rules.execution.receipt_amounts import TRANSFER
from alphapulse.rules.transactions.receipt import Receipt, ReceiptLog

BASE, MIDDLE, FAR = (Token(bytes([number]) * 20, name, 18) for number, name in ((1, "BASE"), (2, "MID"), (3, "FAR")))
WALLET, EXECUTOR, LENDER = bytes([0xAA]) * 20, bytes([0xEE]) * 20, bytes([0xBB]) * 20
HASH, BLOCK_HASH = bytes([7]) * 32, bytes([8]) * 32
TIME_NS = 1_704_412_800_000_000_000


def pool(number: int, kind: PoolKind, first: Token, second: Token, fee_ppm: int | None = 3_000) -> Pool:
    """A pool of Polygon; its address says its number."""
    pool_id = InstrumentId.from_pool_address(bytes([0x50 + number]) * 20, Venue.POLYGON)
    low, high = sorted((first, second), key=lambda token: token.address)
    return Pool(pool_id, kind, f"pool {number}", low, high, fee_ppm, None if kind is PoolKind.V2 else 60)


V2 = pool(1, PoolKind.V2, BASE, MIDDLE)
V3 = pool(2, PoolKind.V3, MIDDLE, FAR, 500)
ALGEBRA = pool(3, PoolKind.ALGEBRA, FAR, BASE, None)
POOLS = {one.id: one for one in (V2, V3, ALGEBRA)}
AMOUNTS = (1_000_000, 2_000_000, 500_000, 1_010_000)
"""What goes in, what comes out of each leg."""


def leg(of: Pool, token_in: Token, amount_in: int, amount_out: int) -> Leg:
    """A swap as it was planned, with a fee of a thousandth."""
    token_out = of.token1 if of.token0 == token_in else of.token0
    return Leg(of.id, token_in.address, token_out.address, amount_in, amount_out, amount_in // 1_000, 1 << 96)


LEGS = (
    leg(V2, BASE, AMOUNTS[0], AMOUNTS[1]),
    leg(V3, MIDDLE, AMOUNTS[1], AMOUNTS[2]),
    leg(ALGEBRA, FAR, AMOUNTS[2], AMOUNTS[3]),
)

INTENT = OrderRequest(
    run=1,
    intent_id=5,
    signal_id=6,
    strategy="flash_arbitrage",
    mode=Mode.LIVE,
    halt_epoch=3,
    chain_id=137,
    block_number=100,
    log_index=4,
    venue_time_ns=TIME_NS,
    legs=LEGS,
    profit_token=BASE.address,
    size=AMOUNTS[0],
    minimum_profit=2_700,
    flash_fee=500,
    gas_wei=3 * 10**15,
    gas_cost=1_200,
    expected_net=8_300,
    created_ns=1,
)
"""Expected: 10,000 of profit; at least 500 to the lender, 1,200 for gas, 1,000 for the strategy."""


def changed(intent: OrderRequest = INTENT, **values: object) -> OrderRequest:
    """The intent with other values."""
    fields: dict[str, Any] = {
        field.name: getattr(intent, field.name) for field in attrs.fields(cast(Any, OrderRequest))
    }
    return OrderRequest(**(fields | values))


def word(number: int) -> bytes:
    return number.to_bytes(32, "big", signed=number < 0)


def transfer(token: Token, sender: bytes, receiver: bytes, amount: int, log_index: int = 0) -> ReceiptLog:
    """A token's own word on a payment."""
    topics = (TRANSFER, sender.rjust(32, b"\0"), receiver.rjust(32, b"\0"))
    return ReceiptLog(token.address, topics, word(amount), log_index)


def swap_log(of: Pool, token_in: Token, amount_in: int, amount_out: int, log_index: int = 0) -> ReceiptLog:
    """A pool's own word on a swap."""
    who = EXECUTOR.rjust(32, b"\0")
    sells_first = of.token0 == token_in
    if of.kind is PoolKind.V2:
        amounts = (amount_in, 0, 0, amount_out) if sells_first else (0, amount_in, amount_out, 0)
        topic, data = uniswap_v2.SWAP_TOPIC, b"".join(map(word, amounts))
    else:
        deltas = (amount_in, -amount_out) if sells_first else (-amount_out, amount_in)
        topic = uniswap_v3.SWAP_TOPIC
        data = b"".join(map(word, (*deltas, sqrt_ratio_at_tick(10), 10**20, 10)))
    return ReceiptLog(of.id.body, (bytes.fromhex(topic[2:]), who, who), data, log_index)


def receipt_of(logs: Iterable[ReceiptLog], *, succeeded: bool = True) -> Receipt:
    """A receipt in block 101: 200,000 gas at 30 gwei."""
    numbered = tuple(attrs.evolve(log, log_index=index) for index, log in enumerate(logs, 10))
    return Receipt(HASH, 101, BLOCK_HASH, 2, succeeded, 200_000, 30 * 10**9, numbered)


EARNED = 9_500
"""By the transfers: what the last leg brought, less what went in and what the lender took."""
MINED = receipt_of(
    [
        transfer(BASE, LENDER, EXECUTOR, AMOUNTS[0]),
        transfer(BASE, EXECUTOR, V2.id.body, AMOUNTS[0]),
        swap_log(V2, BASE, AMOUNTS[0], AMOUNTS[1]),
        swap_log(V3, MIDDLE, AMOUNTS[1], AMOUNTS[2]),
        swap_log(ALGEBRA, FAR, AMOUNTS[2], AMOUNTS[3]),
        transfer(BASE, ALGEBRA.id.body, EXECUTOR, AMOUNTS[3]),
        transfer(BASE, EXECUTOR, LENDER, AMOUNTS[0] + 500),
        transfer(BASE, EXECUTOR, WALLET, EARNED),
    ]
)
