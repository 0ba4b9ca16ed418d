"""Node pools that run, for parts that ask a chain."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

import trio

from alphapulse.composition.environment import Environment
from alphapulse.connections.node_pool import NodePool
from alphapulse.connections.node_terms import ChainTerms, NodeTerms
from alphapulse.connections.node_transport import open_transport


@asynccontextmanager
async def open_node_pool(
    chain: ChainTerms, nodes: Sequence[NodeTerms], environment: Environment
) -> AsyncIterator[NodePool]:
    """A chain's nodes, looked at for as long as the block lasts."""
    async with open_transport(environment.run_blocking, environment.now_ns) as transport:
        pool = NodePool(
            chain,
            nodes,
            transport=transport,
            now_ns=environment.now_ns,
            monotonic_ns=environment.monotonic_ns,
            random=environment.random,
        )
        async with trio.open_nursery() as nursery:
            await nursery.start(pool.run)
            yield pool
            nursery.cancel_scope.cancel("nobody asks any more")
