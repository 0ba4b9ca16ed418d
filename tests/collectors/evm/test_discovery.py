"""Discovery in trouble: nodes that fail, an emitter that cannot be read, a cache that cannot be written."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import attrs
import msgspec
import pytest
import trio
from trio.testing import MockClock, wait_all_tasks_blocked

from alphapulse.collectors.evm.discovery import RETRY_S, Discovery
from alphapulse.collectors.evm.discovery_terms import DiscoveryTerms
from alphapulse.collectors.evm.pool_cache import PoolCache
from alphapulse.data.factories import Factory, FactoryKind
from alphapulse.data.instruments import InstrumentId, Venue
from alphapulse.data.pool_cache import PoolInfo
from alphapulse.data.pools import Pool, PoolKind, Token
from alphapulse.data.verdicts import PoolVerdict
from alphapulse.errors import NodeTimeout, RpcError
from alphapulse.rules.chain.header import Header
from alphapulse.rules.discovery.contract_answers import call_data
from alphapulse.rules.events.rpc_log import RpcLog
from alphapulse.rules.events.uniswap_v2 import SYNC_TOPIC
from alphapulse.rules.evm.create2 import pool_address
from alphapulse.rules.nodes.rpc_call import RpcCall
from tests.fakes.inline_blocking import run_inline

LOW, HIGH, OTHER = Token(b"\1" * 20, "LOW", 6), Token(b"\2" * 20, "HIGH", 18), Token(b"\3" * 20, "OTHER", 8)
MAKER = Factory("test", 137, Venue.QUICKSWAP, FactoryKind.V2, b"\4" * 20, b"\4" * 20, b"\5" * 32, 3000)
HEADER = Header(100, b"\x64" * 32, b"\x63" * 32, 0, bytes(256))
SPOILER = b"\6" * 20


def pair(token0: Token, token1: Token) -> Pool:
    address = pool_address(MAKER, token0.address, token1.address, None)
    assert address is not None
    id_ = InstrumentId.from_pool_address(address, Venue.QUICKSWAP)
    return Pool(id_, PoolKind.V2, f"{token0.symbol}/{token1.symbol} 0.30%", token0, token1, 3000, None)


PAIRS = (pair(LOW, HIGH), pair(LOW, OTHER))
ANSWERS = {
    (pool.id.name, "0x" + call_data(f"{question}()").hex()): "0x" + answer.rjust(32, b"\0").hex()
    for pool in PAIRS
    for question, answer in (("factory", b"\4" * 20), ("token0", pool.pair[0]), ("token1", pool.pair[1]))
}


class ModelNodes:
    """A chain of pairs without Multicall3. `failing` is how often nobody answers first."""

    def __init__(self, failing: int = 0) -> None:
        self.failing = failing
        self.asked_at: list[float] = []

    async def call(
        self,
        method: str,
        params: Sequence[Any] = (),
        *,
        type: Any = Any,
        quorum: int = 1,
        block_hash: bytes | None = None,
    ) -> Any:
        self.asked_at.append(trio.current_time())
        if self.failing:
            self.failing -= 1
            raise NodeTimeout("one", "nothing came")
        number = 100 if params[0] == "latest" else int(params[0], 16)
        head = {
            "number": hex(number),
            "hash": "0x" + f"{number:02x}" * 32,
            "parentHash": "0x" + f"{number - 1:02x}" * 32,
        }
        return msgspec.convert(head, type)

    async def batch(self, calls: Sequence[RpcCall]) -> list[Any]:
        return [self._answer(call) for call in calls]

    def _answer(self, call: RpcCall) -> str | RpcError:
        if call.method == "eth_getCode":
            return "0x"
        asked = call.params[0]
        if asked["to"] == "0x" + SPOILER.hex():
            return RpcError("one", "eth_call", kind="other", code=-32000, text="out of gas")
        return ANSWERS.get((asked["to"], asked["data"]), "0x")


@attrs.define
class Bench:
    looking: Discovery
    admitted: list[Pool]
    told: list[object]

    def reasons(self) -> dict[bytes, str]:
        return {one.pool.body: one.reason for one in self.told if isinstance(one, PoolVerdict) and not one.admitted}


def bench(path: Path) -> Bench:
    admitted: list[Pool] = []
    told: list[object] = []
    looking = Discovery(
        DiscoveryTerms(137, (MAKER,), b"\7" * 20, requests_per_s=1_000_000),
        markets=lambda: [(pair(HIGH, OTHER), None), (pair(LOW, Token(b"\x08" * 20, "X", 1)), None)],
        admit=admitted.extend,
        publish=told.extend,
        cache=PoolCache(path, 137),
        run_blocking=run_inline,
        now_ns=lambda: 1,
    )
    return Bench(looking, admitted, told)


def sync(emitter: bytes) -> RpcLog:
    return RpcLog("0x" + emitter.hex(), (SYNC_TOPIC,), "0x", "0x64", "0x", "0x0", "0x0")


async def looked(one: Bench, nodes: ModelNodes, *emitters: bytes) -> None:
    """Run until all that was seen has been settled."""
    one.looking.on_foreign(HEADER, [sync(emitter) for emitter in emitters])
    async with trio.open_nursery() as nursery:
        await nursery.start(one.looking.run, nodes)
        while len(one.looking.queue):  # noqa: ASYNC110 - only time passes until then
            await trio.sleep(RETRY_S)
        await wait_all_tasks_blocked()
        nursery.cancel_scope.cancel()


async def test_nodes_that_fail_are_asked_again(autojump_clock: MockClock, tmp_path: Path) -> None:
    one, nodes, begun = bench(tmp_path / "pools.cache"), ModelNodes(failing=3), trio.current_time()
    await looked(one, nodes, *(pool.id.body for pool in PAIRS))
    assert {pool.id for pool in one.admitted} == {pool.id for pool in PAIRS}
    assert [at - begun for at in nodes.asked_at[:4]] == [0, RETRY_S, 2 * RETRY_S, 3 * RETRY_S]
    assert sum(isinstance(message, PoolInfo) for message in one.told) == 2


async def test_what_cannot_be_read_is_refused_alone(autojump_clock: MockClock, tmp_path: Path) -> None:
    one = bench(tmp_path / "pools.cache")
    await looked(one, ModelNodes(), SPOILER, PAIRS[0].id.body, b"\x09" * 20)
    assert [pool.id for pool in one.admitted] == [PAIRS[0].id]
    assert "it cannot be read" in one.reasons()[SPOILER]
    assert set(one.reasons()) == {SPOILER}


async def test_a_cache_that_cannot_be_written_costs_nothing_but_time(
    autojump_clock: MockClock, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    one = bench(tmp_path / "missing" / "pools.cache")
    await looked(one, ModelNodes(), PAIRS[0].id.body)
    assert [pool.id for pool in one.admitted] == [PAIRS[0].id]
    assert "expected a pool cache that can be written" in caplog.text


async def test_a_forgotten_pool_waits_before_it_is_looked_at_again(autojump_clock: MockClock, tmp_path: Path) -> None:
    one = bench(tmp_path / "pools.cache")
    await looked(one, ModelNodes(), PAIRS[0].id.body)
    one.looking.forget(LOW.address, "it rebases", 100, [PAIRS[0].id])
    assert one.looking.found == {}
    await looked(one, ModelNodes(), PAIRS[0].id.body)
    assert len(one.admitted) == 1
    assert PoolCache(tmp_path / "pools.cache", 137).load().pools == ()
