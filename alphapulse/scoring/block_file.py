"""The logs of whole blocks, as `eth_getBlockReceipts` or `eth_getLogs` answered them, and what they did to pools."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from fractions import Fraction
from typing import Any, NamedTuple

from alphapulse.errors import EvidenceError
from alphapulse.rules.events.uniswap_v3 import SWAP_TOPIC as V3_SWAP_TOPIC
from alphapulse.scoring.evidence import Evidence
from alphapulse.scoring.pool_table import ListedPool
from alphapulse.scoring.realized import Swap
from alphapulse.scoring.spot import price_of_reserves, price_of_sqrt

V2_SYNC_TOPIC = "0x1c411e9a96e071241c2f21f7726b17ae89e3cab4c78be50e062b03a9fffbbad1"
"""keccak256 of `Sync(uint112,uint112)`."""
V2_SWAP_TOPIC = "0xd78ad95fa46c994b6551d0da85fc275fe613ce37657fb8d5e3d130840159d822"
"""keccak256 of `Swap(address,uint256,uint256,uint256,uint256,address)`."""


class PoolChange(NamedTuple):
    """A log of a listed pool: its price from here on, or None if it says none; and the swap that it tells of."""

    log_index: int
    transaction: str
    pool: ListedPool
    prices: bool
    price: Fraction | None
    swap: Swap | None
    log: Mapping[str, Any]


def block_of(block: Evidence) -> tuple[int, int]:
    """(chain, block number). Raises EvidenceError if the file does not say them."""
    document = block.document
    try:
        number: Any = document["block"]["number"] if isinstance(document["block"], dict) else document["block"]
        return int(document["chainId"]), int(number, 16) if isinstance(number, str) else int(number)
    except (TypeError, ValueError) as error:
        raise EvidenceError(
            f"{block.path}: expected chainId and block number, found {document['chainId']!r}"
        ) from error


def changes(block: Evidence, pools: Mapping[tuple[int, str], ListedPool]) -> Iterator[PoolChange]:
    """What the block's logs did to proven pools, in order. An event's signature alone proves nothing.

    Raises:
        EvidenceError: a log of such a pool is not what its contract writes.
    """
    chain_id, _ = block_of(block)
    for log in sorted(_logs(block), key=lambda one: int(one["logIndex"], 16)):
        pool = pools.get((chain_id, str(log["address"]).lower()))
        if pool is None or not pool.proven or not log["topics"]:
            continue
        topic = log["topics"][0]
        if topic not in (V2_SYNC_TOPIC, V2_SWAP_TOPIC, V3_SWAP_TOPIC):
            continue
        place = int(log["logIndex"], 16), str(log.get("transactionHash") or log["transactionIndex"]), pool
        try:
            if topic == V2_SYNC_TOPIC and pool.kind == "v2":
                reserve0, reserve1 = _words(log, 2)
                yield PoolChange(*place, True, price_of_reserves(reserve0, reserve1), None, log)
            elif topic == V2_SWAP_TOPIC and pool.kind == "v2":
                in0, in1, out0, out1 = _words(log, 4)
                yield PoolChange(*place, False, None, _swap(pool, in0 - out0, in1 - out1), log)
            elif topic == V3_SWAP_TOPIC and pool.kind == "v3":
                amount0, amount1, sqrt_price, _, _ = _words(log, 5)
                swap = _swap(pool, _signed(amount0), _signed(amount1))
                yield PoolChange(*place, True, price_of_sqrt(sqrt_price), swap, log)
        except ValueError as error:
            raise EvidenceError(f"{block.path}, log {place[0]}: {error}") from error


def _swap(pool: ListedPool, change0: int, change1: int) -> Swap:
    """Of what the pool's balances changed by: what it gained went in."""
    if change0 > 0:
        return Swap(pool.address, pool.token0, change0, pool.token1, -change1)
    return Swap(pool.address, pool.token1, change1, pool.token0, -change0)


def _logs(block: Evidence) -> Iterator[dict[str, Any]]:
    if "logs" in block.document:
        yield from block.document["logs"]
    else:
        for receipt in block.document["receipts"]:
            yield from receipt["logs"]


def _words(log: dict[str, Any], count: int) -> tuple[int, ...]:
    data = bytes.fromhex(str(log["data"])[2:])
    if len(data) != 32 * count:
        raise ValueError(f"expected {count} words of data, found {len(data)} bytes")
    return tuple(int.from_bytes(data[at : at + 32]) for at in range(0, len(data), 32))


def _signed(word: int) -> int:
    return word - (1 << 256) if word >> 255 else word
