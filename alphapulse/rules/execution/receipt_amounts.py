"""What a receipt says that a trade did: legs by the events of their pools, profit by the token's transfers. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from alphapulse.data.execution import OrderRequest
from alphapulse.data.instruments import InstrumentId
from alphapulse.data.market import PoolSwap
from alphapulse.data.pair_events import PairSwap
from alphapulse.data.pools import Pool
from alphapulse.data.signals import Leg
from alphapulse.errors import AnswerRefused, LogRefused
from alphapulse.rules.arbitrage.pair import PPM
from alphapulse.rules.arbitrage.path import PathStep
from alphapulse.rules.events.log_decoder import POOL_DECODERS
from alphapulse.rules.events.rpc_log import RpcLog
from alphapulse.rules.evm.keccak import keccak256
from alphapulse.rules.transactions.receipt import Receipt, ReceiptLog

TRANSFER = keccak256(b"Transfer(address,address,uint256)")
WORD = 32
NS_PER_S = 1_000_000_000


def token_change(logs: Iterable[ReceiptLog], token: bytes, holder: bytes) -> int:
    """What the holder has more of a token behind these logs than before, in raw units, by the token's own transfers."""
    change = 0
    for log in logs:
        if log.address != token or len(log.topics) != 3 or log.topics[0] != TRANSFER or len(log.data) != WORD:
            continue
        amount = int.from_bytes(log.data, "big")
        sender, receiver = (topic[-20:] for topic in log.topics[1:])
        change += amount * ((receiver == holder) - (sender == holder))
    return change


def actual_legs(
    intent: OrderRequest,
    pools: Mapping[InstrumentId, Pool],
    receipt: Receipt,
    *,
    venue_time_ns: int,
    steps: Sequence[PathStep] | None = None,
) -> tuple[Leg, ...]:
    """The intent's legs as they were done, in its order: amounts are those of the pools' own Swap events.

    `steps` is what the books say that the path does directly before the transaction. Where they say the same amounts,
    fees and prices are theirs; otherwise the fee is the pool's share of what was sold, and the price the seen one's.

    Raises:
        AnswerRefused: the receipt has no swap of a leg's pool, more than one, or one the other way round.
    """
    found: dict[InstrumentId, tuple[int, int]] = {}
    by_address = {leg.pool.body: pools[leg.pool] for leg in intent.legs if leg.pool in pools}
    for log in receipt.logs:
        pool = by_address.get(log.address)
        amounts = None if pool is None else _swapped(log, pool, receipt, venue_time_ns)
        if pool is None or amounts is None:
            continue
        if pool.id in found:
            raise AnswerRefused("leg", f"expected one swap of {pool.name} in the receipt, found two")
        found[pool.id] = amounts
    return tuple(
        _done(leg, pools, found.get(leg.pool), None if steps is None else steps[at])
        for at, leg in enumerate(intent.legs)
    )


def _done(leg: Leg, pools: Mapping[InstrumentId, Pool], change: tuple[int, int] | None, step: PathStep | None) -> Leg:
    """The leg with what its pool took in and paid out; `change` is the pool's, token0 and token1."""
    if change is None:
        raise AnswerRefused("leg", f"expected a swap of {leg.pool.name} in the receipt, found none")
    pool = pools[leg.pool]
    sold, bought = change if leg.token_in == pool.token0.address else (change[1], change[0])
    amount_in, amount_out = sold, -bought
    if amount_in <= 0 or amount_out < 0:
        raise AnswerRefused("leg", f"expected a swap of {pool.name} as it was sent, found one the other way round")
    if step is not None and (step.amount_in, step.amount_out) == (amount_in, amount_out):
        fee, price = step.fee_amount, step.sqrt_price_x96
    else:
        price = leg.sqrt_price_x96
        if pool.fee_ppm is not None:
            fee = -(-amount_in * pool.fee_ppm // PPM)
        else:
            fee = -(-amount_in * leg.pool_fee // leg.amount_in)
    return Leg(leg.pool, leg.token_in, leg.token_out, amount_in, amount_out, fee, price)


def _swapped(log: ReceiptLog, pool: Pool, receipt: Receipt, venue_time_ns: int) -> tuple[int, int] | None:
    """The change of a pool's token0 and token1 by a swap; None if the log says something else."""
    decode = POOL_DECODERS.get(pool.kind)
    if decode is None:
        return None
    try:
        event = decode(_as_told(log, receipt, venue_time_ns), pool, 0)
    except LogRefused as refused:
        if refused.reason == "unknown_topic":
            return None
        raise AnswerRefused("leg", f"a log of {pool.name} in the receipt cannot be believed: {refused}") from refused
    if isinstance(event, PoolSwap):
        return event.amount0, event.amount1
    if isinstance(event, PairSwap):
        return event.amount0_in - event.amount0_out, event.amount1_in - event.amount1_out
    return None


def _as_told(log: ReceiptLog, receipt: Receipt, venue_time_ns: int) -> RpcLog:
    """The log as nodes tell it, for the decoders of the stream."""
    return RpcLog(
        address=f"0x{log.address.hex()}",
        topics=tuple(f"0x{topic.hex()}" for topic in log.topics),
        data=f"0x{log.data.hex()}",
        block_number=hex(receipt.block_number),
        transaction_hash=f"0x{receipt.hash.hex()}",
        transaction_index=hex(receipt.transaction_index),
        log_index=hex(log.log_index),
        block_hash=f"0x{receipt.block_hash.hex()}",
        block_timestamp=hex(venue_time_ns // NS_PER_S),
    )
