"""The collector as the daemon would run it, on a node pool of the test's, with a judge who listens."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from random import Random

import attrs

from alphapulse.collectors.evm.collector import EvmCollector
from alphapulse.collectors.evm.publishing import ChainPublisher
from alphapulse.collectors.evm.terms import EvmTerms
from alphapulse.connections.node_pool import NodePool
from alphapulse.data.pools import Pool
from alphapulse.data.wire import Domain
from alphapulse.relays.flow import Flow
from alphapulse.relays.relay import Relay
from alphapulse.rules.chain.finality import FinalityRule
from alphapulse.rules.chain.log_filter import LogFilter
from alphapulse.rules.events.log_decoder import LogDecoder
from alphapulse.rules.events.topics import topics_of
from tests.prove_chain.judge import Judge
from tests.prove_chain.verdict import SILENT_BLOCKS, Verdict

VERIFY_PPM = 100_000
FRESH_MS = 999
"""So far behind the newest block a solve may be, in block times: less than a second's worth."""


@attrs.frozen
class Collecting:
    """A collector, the relay that it publishes to, who listens there, and what it would have halted trading for."""

    collector: EvmCollector
    relay: Relay
    judge: Judge
    verdict: Verdict
    halts: list[str]


def collecting(
    pools: Sequence[Pool],
    nodes: NodePool,
    *,
    multicall3: str,
    block_ms: int,
    margin_s: float,
    now_ns: Callable[[], int],
    seed: int,
) -> Collecting:
    """A collector of these pools; its `run` has to be started, and the judge's.

    `margin_s` is what the machine may add to a time that the collector judges by its own clock.
    """
    flow, terms = Flow(), EvmTerms("devnet", 137, block_ms, FinalityRule(), VERIFY_PPM)
    relay, halts, judge = Relay(Domain.MARKET_DATA, flow), list[str](), Judge(pools)
    publisher = ChainPublisher(terms, pools, LogDecoder(pools), relay, now_ns=now_ns, on_block=lambda: None)

    async def begin_run(reason: str) -> None:
        del reason

    @asynccontextmanager
    async def open_nodes() -> AsyncIterator[NodePool]:
        yield nodes

    collector = EvmCollector(
        terms,
        publisher,
        LogFilter(topics_of({pool.kind for pool in pools})),
        open_nodes=open_nodes,
        flow=flow,
        begin_run=begin_run,
        on_broken=halts.append,
        multicall=bytes.fromhex(multicall3[2:]),
        now_ns=now_ns,
        random=Random(seed),
    )
    return Collecting(
        collector,
        relay,
        judge,
        Verdict(judge, SILENT_BLOCKS * block_ms / 1_000 + margin_s, FRESH_MS // block_ms),
        halts,
    )
