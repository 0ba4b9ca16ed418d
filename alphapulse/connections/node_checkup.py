"""Looks at one node as an operator would before relying on it: is it there, which chain, how old, does it subscribe."""

from __future__ import annotations

from collections.abc import Callable
from random import Random
from typing import Final

import attrs
import trio

from alphapulse.connections.node import Node
from alphapulse.connections.node_terms import ChainTerms, NodeTerms
from alphapulse.connections.node_transport import NodeTransport
from alphapulse.connections.subscription import HEADS, SILENT_BLOCKS, open_subscription
from alphapulse.errors import NodeError, WrongChain

LOOK_LIMIT_S: Final = 10.0
HEAD_LIMIT_S: Final = 60.0
NS_PER_S: Final = 1_000_000_000
NS_PER_MS: Final = 1_000_000
OLD_BLOCKS: Final = 5
"""Block times after which a head is old."""


@attrs.frozen
class Checkup:
    """What was found at a node. No line holds an address."""

    label: str
    problems: tuple[str, ...]
    findings: tuple[str, ...]
    genesis: bytes | None
    """The hash of its block 0; None if it was not told."""


async def check_node(
    chain: ChainTerms,
    terms: NodeTerms,
    transport: NodeTransport,
    *,
    now_ns: Callable[[], int],
    monotonic_ns: Callable[[], int],
    random: Random,
) -> Checkup:
    """Look at a node; it takes as long as its next block, a minute at most. It raises nothing of what the node does."""
    node = Node(terms, transport, monotonic_ns=monotonic_ns, random=random)
    findings: list[str] = []
    problems: list[str] = []
    genesis = None
    try:
        chain_id, genesis = await node.identity(limit_s=LOOK_LIMIT_S)
        _check_chain(chain, terms.label, chain_id, genesis)
        findings.append(f"serves chain {chain_id}, block 0 is {genesis.hex()}")
        mark = await node.look(None, limit_s=LOOK_LIMIT_S)
        age_s = now_ns() // NS_PER_S - mark.time_s
        old = f"is {age_s} s old" if age_s >= 0 else f"is {-age_s} s ahead of this machine's clock"
        findings.append(f"head {mark.number} {old}")
        if age_s * 1_000 > OLD_BLOCKS * chain.block_time_ms:
            problems.append(f"its head is more than {OLD_BLOCKS} block times old")
        findings.append(f"answers in {(node.health.latency_ns or 0) // NS_PER_MS} ms")
        if terms.ws is None:
            findings.append("has no WebSocket: nothing can be subscribed to")
        else:
            findings.append(await _first_head(chain, node))
    except NodeError as problem:
        problems.append(problem.problem)
    return Checkup(terms.label, tuple(problems), tuple(findings), genesis)


async def _first_head(chain: ChainTerms, node: Node) -> str:
    """What the subscription brings. Raises NodeError if it brings nothing."""
    begun = trio.current_time()
    silent_s = min(SILENT_BLOCKS * chain.block_time_ms / 1_000, HEAD_LIMIT_S)

    def check(chain_id: int, genesis: bytes) -> None:
        _check_chain(chain, node.label, chain_id, genesis)

    async with open_subscription(node, [HEADS], silent_s=silent_s, check=check, on_head=lambda _: None) as stream:
        await anext(stream)
        return f"its WebSocket has brought a head after {trio.current_time() - begun:.1f} s"


def _check_chain(chain: ChainTerms, label: str, chain_id: int, genesis: bytes) -> None:
    if chain_id != chain.chain_id:
        raise WrongChain(label, f"it serves chain {chain_id}, expected was {chain.chain_id}")
    if chain.genesis_hash is not None and genesis != chain.genesis_hash:
        raise WrongChain(label, f"its block 0 is {genesis.hex()}, expected was {chain.genesis_hash.hex()}")
