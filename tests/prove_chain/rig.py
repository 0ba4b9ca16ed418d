"""The collector on a real chain, behind nodes that commit faults, with a judge who listens to it."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from random import Random
from typing import Any

import attrs
import trio

from alphapulse.connections.endpoint import HTTP, WEBSOCKET, read_endpoint
from alphapulse.connections.node_pool import NodePool
from alphapulse.connections.node_terms import ChainTerms, NodeTerms
from alphapulse.connections.node_transport import open_transport
from alphapulse.devnet.market import Market
from alphapulse.devnet.world import World
from tests.chain.fault_proxy import FaultProxy, open_proxy
from tests.chain.live import pool_of
from tests.chain.truth import read_truth
from tests.chain.worlds import open_test_world
from tests.prove_chain.collecting import Collecting, collecting
from tests.prove_chain.judge import Judge
from tests.prove_chain.verdict import Verdict

BLOCK_MS = 500
"""What the collector is told of the chain's pace. Silence is judged by it."""
BLOCK_S = BLOCK_MS / 1_000
MARGIN_S = 1.5
"""What a busy machine may add to a time that the collector judges by its own clock."""
FORGED_PPM = 200_000
LEVEL_LIMIT_S = 60.0
SETTLE_BLOCKS = 3
FAST = {"requests_per_s": 100_000, "batch_size": 100, "max_block_range": 500, "max_in_flight": 16}
"""The nodes are our own: what is tried is faults, not patience."""


@attrs.frozen
class Rig:
    """A world, its nodes, and the collector that follows them."""

    world: World
    proxies: tuple[FaultProxy, ...]
    nodes: NodePool
    collecting: Collecting
    market: Market

    @property
    def judge(self) -> Judge:
        """Who listens."""
        return self.collecting.judge

    @property
    def verdict(self) -> Verdict:
        """What the chain says about it."""
        return self.collecting.verdict

    @property
    def broken(self) -> list[str]:
        """What was not as it should be."""
        return self.verdict.broken

    @property
    def committed(self) -> Counter[str]:
        """Faults of all nodes until now."""
        return sum((proxy.counts for proxy in self.proxies), Counter[str]())

    async def mined(self) -> dict[str, Any]:
        """One block of trade; what its pools are is asked of the contracts and kept. Its header."""
        await self.market.block()
        return await self.witnessed()

    async def witnessed(self) -> dict[str, Any]:
        """What pools are at the end of the newest block, kept by its hash. Its header."""
        block = await self.world.block()
        at = int(block["number"], 16)
        pools = tuple(self.world.pools.values())
        self.verdict.followed_at.setdefault(block["parentHash"], trio.current_time())
        self.verdict.truths[block["hash"]] = await read_truth(
            self.world.rpc, self.world.places["Multicall3"], pools, at
        )
        return block

    async def tell(self) -> None:
        """All nodes look at the chain and announce what is new."""
        for proxy in self.proxies:
            await proxy.sync()

    async def is_level(self, block_hash: str, within_s: float) -> bool:
        """Whether the block has been handed over complete within some time."""
        with trio.move_on_after(within_s):
            while "0x" + self.judge.tip != block_hash:
                await self.judge.wait_closed()
            return True
        return False

    async def settle(self) -> None:
        """The nodes behave and some last blocks are mined: everything must equal the chain in the end."""
        for proxy in self.proxies:
            proxy.behave()
        block = await self.mined()
        for _ in range(SETTLE_BLOCKS):
            await self.tell()
            if await self.is_level(block["hash"], LEVEL_LIMIT_S / SETTLE_BLOCKS):
                break
            block = await self.mined()
        self.verdict.judge_solves()
        self.verdict.judge_end(block["hash"])

    def report(self) -> str:
        """Where everything stands, for whoever reads a failure."""
        states = ", ".join(f"{node.label} {node.state} ({node.reason})" for node in self.nodes.health().nodes)
        reason = self.judge.statuses[-1].reason if self.judge.statuses else ""
        faults = ", ".join(f"{name} {number}" for name, number in self.collecting.collector.faults.items() if number)
        return f"stream {self.judge.state.name}, {reason}; {states}; seen: {faults}"


@asynccontextmanager
async def open_rig(*, seed: int, number: int = 0, raw: bool = False, other: World | None = None) -> AsyncIterator[Rig]:
    """Everything running, the first snapshot taken. Of two nodes one tells reorganisations as geth does.

    A third node is the chain's own, which nobody stands before, with `raw`; or one of another world, with `other`.
    """
    async with open_test_world(number=number) as world, trio.open_nursery() as nursery:
        proxies = [await _opened(nursery, world, seed + at, takes_back=bool(at)) for at in range(2)]
        if other is not None:
            proxies.append(await _opened(nursery, other, seed + 2, takes_back=False))
        urls = {f"node-{at}": (proxy.http_url, proxy.ws_url) for at, proxy in enumerate(proxies)}
        if raw:
            urls["anvil"] = (world.http_url, world.ws_url)
        async with open_transport(trio.to_thread.run_sync, time.time_ns) as transport:
            nodes = NodePool(
                ChainTerms(name="devnet", chain_id=137, block_time_ms=BLOCK_MS),
                [
                    NodeTerms(
                        label=label,
                        http=read_endpoint(http, "http", HTTP),
                        ws=read_endpoint(ws, "ws", WEBSOCKET),
                        **FAST,
                    )
                    for label, (http, ws) in urls.items()
                ],
                transport=transport,
                now_ns=time.time_ns,
                monotonic_ns=time.monotonic_ns,
                random=Random(seed),
            )
            made = collecting(
                [pool_of(one) for one in world.pools.values()],
                nodes,
                multicall3=world.places["Multicall3"],
                block_ms=BLOCK_MS,
                margin_s=MARGIN_S,
                now_ns=time.time_ns,
                seed=seed,
            )
            rig = Rig(world, tuple(proxies), nodes, made, Market(world, Random(seed), forged_ppm=FORGED_PPM))
            await nursery.start(nodes.run)
            nursery.start_soon(made.judge.run, made.relay)
            await nursery.start(made.collector.run)
            block = await rig.witnessed()
            if not await rig.is_level(block["hash"], LEVEL_LIMIT_S):
                raise TimeoutError(f"the collector did not begin: {rig.report()}")
            yield rig
            nursery.cancel_scope.cancel()


async def _opened(nursery: trio.Nursery, world: World, seed: int, *, takes_back: bool) -> FaultProxy:
    async def serve(*, task_status: trio.TaskStatus[FaultProxy]) -> None:
        async with open_proxy(world, seed=seed, takes_back=takes_back) as proxy:
            task_status.started(proxy)
            await trio.sleep_forever()

    found: FaultProxy = await nursery.start(serve)
    return found
