"""The engine's own look at listed pools: the scanner and the sizing of the strategy, over cycles of two pools.

Tables of pools often tell neither symbols nor decimals. Nothing here needs them: all amounts are raw units.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from alphapulse.data.chains import CHAINS
from alphapulse.data.instruments import InstrumentId, Venue
from alphapulse.data.market import LogStamp, PoolSwap
from alphapulse.data.pool_reserves import PoolSync
from alphapulse.data.pools import Pool, PoolKind, Token
from alphapulse.errors import AmmError, LogRefused
from alphapulse.rules.amm.tick_math import MAX_SQRT_RATIO, MIN_SQRT_RATIO, tick_at_sqrt_ratio
from alphapulse.rules.arbitrage.open_cycle import OpenCycle
from alphapulse.rules.arbitrage.open_sizing import OpenSizing
from alphapulse.rules.arbitrage.scanner import CycleScanner
from alphapulse.rules.events.log_decoder import LogDecoder
from alphapulse.rules.events.rpc_log import RpcLog
from alphapulse.scoring.pool_table import ListedPool

KINDS = {"v2": PoolKind.V2, "v3": PoolKind.V3}
SPACINGS = {100: 1, 500: 10, 3000: 60, 10_000: 200, 2500: 50}
"""Tick spacings by fee, as the factories of Uniswap V3 and PancakeSwap V3 enable them."""

Pair = tuple[int, str, str]


class PairWatch:
    """What stands open between two pools of one pair, followed log by log."""

    def __init__(self, pools: Iterable[ListedPool]) -> None:
        self.pools: dict[str, Pool] = {}
        self._listed: dict[InstrumentId, ListedPool] = {}
        for listed in pools:
            pool = as_pool(listed)
            if pool is not None and listed.proven:
                self.pools[listed.address] = pool
                self._listed[pool.id] = listed
        self._decoder = LogDecoder(self.pools.values())
        self._scanner = CycleScanner(self.pools.values(), (), per_block=False, most_hops=2)
        self._sizing = OpenSizing()
        self._open: dict[Pair, dict[tuple[InstrumentId, ...], OpenCycle]] = {}

    def read(self, log: Mapping[str, Any]) -> None:
        """Take a log in as a node would have sent it; what is none of a known pool is passed over."""
        rpc_log = RpcLog(
            str(log["address"]),
            tuple(map(str, log["topics"])),
            str(log["data"]),
            str(log["blockNumber"]),
            str(log.get("transactionHash") or "0x" + "00" * 32),
            str(log.get("transactionIndex") or "0x0"),
            str(log["logIndex"]),
            block_timestamp="0x0",  # no price depends on it, and many answers do not tell it
        )
        try:
            self.take(self._decoder.decode_log(rpc_log, 0))
        except LogRefused:
            return

    def take(self, event: Any) -> None:
        """Take an event in and look at what stands open through its pool."""
        moment = self._scanner.take(event)
        listed = self._listed.get(getattr(event, "pool", None))  # type: ignore[arg-type]  # of other events: none
        if listed is None:
            return
        pool = event.pool
        still = self._open.setdefault(listed.pair, {})
        for pools in [pools for pools in still if pool in pools]:
            del still[pools]
        for opened in moment.cycles if moment is not None else ():
            still[opened.cycle.pools] = opened

    def open_between(self, pair: Pair) -> list[OpenCycle]:
        """The cycles that stand open now between pools of a pair."""
        return list(self._open.get(pair, {}).values())

    def open_pairs(self) -> dict[Pair, list[OpenCycle]]:
        """The pairs between whose pools something stands open now."""
        return {pair: list(found.values()) for pair, found in self._open.items() if found}

    def earns(self, opened: OpenCycle) -> bool:
        """True if some size earns at least one raw unit, within what is known of the pools."""
        return self._sizing.best(opened) is not None


def as_pool(listed: ListedPool) -> Pool | None:
    """The pool as the engine knows it; None for a kind that it does not know.

    A spacing that no table tells is taken as 1: the least range that a state can hold in, and so the least profit.
    """
    chain, kind = CHAINS.get(listed.chain_id), KINDS.get(listed.kind)
    if kind is None:
        return None
    venue = Venue.ETHEREUM if chain is None else chain.venue  # what a chain is called decides nothing here
    spacing = SPACINGS.get(listed.fee_ppm, 1) if kind is PoolKind.V3 else None
    token0, token1 = (Token(bytes.fromhex(text[2:]), text, 0) for text in (listed.token0, listed.token1))
    pool_id = InstrumentId.from_pool_address(bytes.fromhex(listed.address[2:]), venue)
    return Pool(pool_id, kind, listed.address, token0, token1, listed.fee_ppm, spacing)


def told_state(pool: Pool, numbers: Mapping[str, int], place: int) -> PoolSwap | PoolSync | None:
    """The log that would have told a state of a snapshot, at a place in an order of our own; None if no log can."""
    stamp = LogStamp(0, place, 0, bytes(32), None, 0, 0)
    if pool.kind is PoolKind.V2:
        return PoolSync(stamp, pool.id, numbers["reserve0"], numbers["reserve1"])
    price = numbers["sqrt_price_x96"]
    try:
        if MIN_SQRT_RATIO <= price < MAX_SQRT_RATIO:
            return PoolSwap(stamp, pool.id, 0, 0, price, numbers["liquidity"], tick_at_sqrt_ratio(price))
    except AmmError:
        return None
    return None
