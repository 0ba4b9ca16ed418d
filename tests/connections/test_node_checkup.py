"""What the doctor finds at a node, and that he never names its address."""

from __future__ import annotations

from random import Random

import attrs
import pytest
import trio

from alphapulse.connections.node_checkup import Checkup, check_node
from alphapulse.connections.node_terms import ChainTerms
from alphapulse.errors import NodeFault
from tests.connections.model_nodes import (
    BLOCK_TIME_MS,
    CHAIN_ID,
    ModelNode,
    ModelTransport,
    block_hash,
    steady_ns,
    terms_of,
    wall_ns,
)

GENESIS = bytes.fromhex(block_hash("main", 0)[2:])
CHAIN = ChainTerms(name="polygon", chain_id=CHAIN_ID, block_time_ms=BLOCK_TIME_MS, genesis_hash=GENESIS)


async def checkup(node: ModelNode, chain: ChainTerms = CHAIN, *, ws: bool = True) -> Checkup:
    terms = terms_of(node.label)
    return await check_node(
        chain,
        terms if ws else attrs.evolve(terms, ws=None),
        ModelTransport(node),
        now_ns=wall_ns,
        monotonic_ns=steady_ns,
        random=Random(1),
    )


async def test_a_node_that_is_well(autojump_clock: trio.testing.MockClock) -> None:
    one = ModelNode("one")
    one.delay_s = 0.02
    found = await checkup(one)
    assert (found.label, found.problems, found.genesis) == ("one", (), GENESIS)
    assert found.findings == (
        f"serves chain 137, block 0 is {GENESIS.hex()}",
        "head 100 is 0 s old",
        "answers in 20 ms",
        "its WebSocket has brought a head after 2.0 s",
    )
    assert (await checkup(one, ws=False)).findings[-1] == "has no WebSocket: nothing can be subscribed to"


@pytest.mark.parametrize(
    ("node", "problem"),
    [
        ({"chain_id": 1}, "it serves chain 1, expected was 137"),
        ({"genesis": "another"}, f"its block 0 is {block_hash('another', 0)[2:]}, expected was {GENESIS.hex()}"),
        ({"behind": 6}, "its head is more than 5 block times old"),
        ({"silent": True}, "its WebSocket has brought no new head for 6 s"),
        ({"fault": NodeFault("one", "it answered with status 503")}, "it answered with status 503"),
    ],
)
async def test_a_node_that_is_not(
    autojump_clock: trio.testing.MockClock, node: dict[str, object], problem: str
) -> None:
    one = ModelNode("one")
    vars(one).update(node)
    assert (await checkup(one)).problems == (problem,)
