"""The oracle: what the chain itself says that its pools are, asked of the contracts at the end of a block.

It shares no code with what it judges: addresses and ticks come from the node's own logs and calls.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import attrs

from alphapulse.devnet.call_data import Call, call, returned
from alphapulse.devnet.moves import DevPool
from alphapulse.devnet.rpc import NodeRpc
from alphapulse.devnet.stock import Family

MINT = "0x7a53080ba414158be7ec69b987b5fb7d07dee101fe85488f0853ae16239d0bde"
"""The topic of a Mint in V3 and Algebra pools alike; lower and upper tick are its third and fourth."""
CALLS_AT_ONCE = 1_000


@attrs.frozen
class Truth:
    """A pool's state: reserves of V2; price, tick, liquidity and all initialised ticks of V3 and Algebra."""

    reserves: tuple[int, int] | None = None
    sqrt_price_x96: int = 0
    tick: int = 0
    liquidity: int = 0
    ticks: tuple[tuple[int, int, int], ...] = ()
    """(tick, gross, net), in order of ticks."""
    fee_ppm: int | None = None
    """Algebra's, at this moment; else None."""


async def read_truth(rpc: NodeRpc, multicall3: str, pools: Sequence[DevPool], block: int) -> dict[str, Truth]:
    """The whole state of pools at the end of a block, by name."""
    at = hex(block)
    ticks = await _ticks_ever_used(rpc, [pool for pool in pools if pool.family is not Family.V2], at)
    asked: list[Call] = []
    for pool in pools:
        if pool.family is Family.V2:
            asked.append(call(pool.address, "getReserves()"))
            continue
        asked.append(call(pool.address, "slot0()" if pool.family is Family.V3 else "globalState()"))
        asked.append(call(pool.address, "liquidity()"))
        asked += [call(pool.address, "ticks(int24)", tick) for tick in ticks[pool.address]]
    answers = iter(await aggregate(rpc, multicall3, asked, at))
    return {pool.name: _one(pool, answers, ticks) for pool in pools}


def _one(pool: DevPool, answers: Iterator[bytes], ticks: dict[str, list[int]]) -> Truth:
    if pool.family is Family.V2:
        reserve0, reserve1 = returned("uint112,uint112", next(answers)[:64])
        return Truth((reserve0, reserve1))
    sqrt_price_x96, tick, fee = returned("uint160,int24,uint16", next(answers)[:96])
    (liquidity,) = returned("uint128", next(answers))
    found = []
    for at in ticks[pool.address]:
        gross, net = returned("uint128,int128", next(answers)[:64])
        if gross:
            found.append((at, gross, net))
    fee_ppm = fee if pool.family is Family.ALGEBRA else None
    return Truth(None, sqrt_price_x96, tick, liquidity, tuple(found), fee_ppm)


async def _ticks_ever_used(rpc: NodeRpc, pools: Sequence[DevPool], at: str) -> dict[str, list[int]]:
    """Only a tick that a position once ended at can be initialised."""
    found: dict[str, set[int]] = {pool.address: set() for pool in pools}
    if not found:
        return {}  # no address would mean all
    wanted = {"fromBlock": "0x0", "toBlock": at, "address": list(found), "topics": [MINT]}
    for log in await rpc.ask("eth_getLogs", wanted):
        found[log["address"]].update(_signed(topic) for topic in log["topics"][2:4])
    return {address: sorted(ticks) for address, ticks in found.items()}


def _signed(topic: str) -> int:
    return int.from_bytes(bytes.fromhex(topic[2:]), "big", signed=True)


async def aggregate(rpc: NodeRpc, multicall3: str, calls: Sequence[Call], at: str) -> list[bytes]:
    """What calls return at the end of a block, by Multicall3; each must succeed."""
    found: list[bytes] = []
    for start in range(0, len(calls), CALLS_AT_ONCE):
        part = [(one.to, False, one.data) for one in calls[start : start + CALLS_AT_ONCE]]
        answer = await rpc.read(call(multicall3, "aggregate3((address,bool,bytes)[])", part), at)
        (results,) = returned("(bool,bytes)[]", answer)
        found += [data for _, data in results]
    return found
