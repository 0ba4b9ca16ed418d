"""Other nodes' word: a log that was not handed over quarantines its pool, a node that has fewer is only behind."""

from __future__ import annotations

from collections.abc import Callable
from random import Random
from typing import Any

import pytest
import trio
import trio.testing

from alphapulse.collectors.evm.publishing import ChainPublisher
from alphapulse.collectors.evm.second_opinion import SecondOpinion
from alphapulse.collectors.evm.terms import EvmTerms
from alphapulse.connections.node_pool import PoolReport
from alphapulse.data.instruments import InstrumentId, Venue
from alphapulse.data.pools import Pool, PoolKind, Token, Trust
from alphapulse.data.verdicts import PoolTrustChanged
from alphapulse.data.wire import Domain
from alphapulse.errors import NoNode
from alphapulse.relays.flow import Flow
from alphapulse.relays.relay import Relay
from alphapulse.rules.chain.block_logs import HeardLog
from alphapulse.rules.chain.finality import FinalityRule
from alphapulse.rules.chain.header import Header
from alphapulse.rules.chain.log_filter import LogFilter
from alphapulse.rules.events.log_decoder import LogDecoder
from alphapulse.rules.events.rpc_log import RpcLog
from alphapulse.rules.nodes.rpc_call import RpcCall
from tests.rules.chain.chain_model import EMITTERS, WANTED, ModelChain

TOKENS = (Token(bytes([1]) * 20, "ONE", 18), Token(bytes([2]) * 20, "TWO", 6))
POOLS = [
    Pool(InstrumentId.from_pool_address(emitter, Venue.POLYGON), PoolKind.V2, "pair", *TOKENS, 3000, None)
    for emitter in EMITTERS
]


class Word:
    """Nodes that say what they are told to."""

    def __init__(self, answers: dict[str, Any], usable: int = 2) -> None:
        self.answers = answers
        self.asked: list[RpcCall] = []
        self._usable = usable

    async def ask_each(self, call: RpcCall) -> dict[str, Any]:
        await trio.lowlevel.checkpoint()
        self.asked.append(call)
        return self.answers

    def health(self) -> PoolReport:
        return PoolReport("model", 137, (), self._usable, degraded=False, split="")


def _block() -> tuple[Header, list[RpcLog]]:
    """A block with at least three wanted logs."""
    chain = ModelChain(Random(3))
    while len(chain.logs[chain.head.hash]) < 3:
        chain.mine(8)
    return chain.head, chain.logs[chain.head.hash]


async def _told(nodes: Word, header: Header, handed_over: list[RpcLog]) -> tuple[list[Any], SecondOpinion, list[Pool]]:
    """What is published about a block that was handed over with these logs, and which pools are to be read anew."""
    relay = Relay(Domain.MARKET_DATA, Flow())
    publisher = ChainPublisher(
        EvmTerms("model", 137, 1_000, FinalityRule(), 1_000_000),
        POOLS,
        LogDecoder(POOLS),
        relay,
        now_ns=lambda: 0,
        on_block=lambda: None,
    )
    doubted: list[Pool] = []
    opinion = SecondOpinion(nodes, LogFilter(WANTED), publisher, 1_000_000, Random(1), on_divergent=doubted.extend)
    told: list[Any] = []
    relay.attach(lambda messages, _: told.extend(messages))
    async with trio.open_nursery() as nursery:
        nursery.start_soon(opinion.run)
        opinion.block_closed(header, [HeardLog(log, 0) for log in handed_over])
        await trio.testing.wait_all_tasks_blocked()
        nursery.cancel_scope.cancel()
    return told, opinion, doubted


async def test_a_log_that_was_not_handed_over_quarantines_its_pool() -> None:
    """One node has it: it is in the block's bloom, so the block was incomplete."""
    header, logs = _block()
    told, opinion, doubted = await _told(Word({"one": logs[:-1], "two": logs}), header, logs[:-1])
    (word,) = told
    assert isinstance(word, PoolTrustChanged)
    assert word.trust is Trust.DIVERGENT
    assert word.pool.name == logs[-1].address
    assert [pool.id for pool in doubted] == [word.pool]
    assert opinion.counts == {"equal": 1, "divergent": 1}


@pytest.mark.parametrize(
    ("answer", "counted"),
    [
        (lambda logs: logs, {"equal": 1}),
        (lambda logs: logs[:-1], {"fewer": 1}),
        (lambda logs: [], {"fewer": 1}),
        (lambda logs: [*logs, *_block()[1]], {"equal": 1}),
        (lambda logs: NoNode("two", "not now"), {}),
    ],
)
async def test_what_others_lack_proves_nothing(answer: Callable[[list[RpcLog]], Any], counted: dict[str, int]) -> None:
    """They may be behind, or gone."""
    header, logs = _block()
    told, opinion, doubted = await _told(Word({"two": answer(logs)}), header, logs)
    assert (told, doubted) == ([], [])
    assert opinion.counts == counted


async def test_one_node_alone_has_no_second_opinion() -> None:
    """It is not asked twice."""
    header, logs = _block()
    nodes = Word({}, usable=1)
    await _told(nodes, header, logs)
    assert nodes.asked == []
