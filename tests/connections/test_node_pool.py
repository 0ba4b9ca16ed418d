"""The pool asks who can be asked, leaves alone who cannot, and counts as an answer what enough nodes say.

Model nodes on a mock clock: what is expected is the exact list of (second, state).
"""

from __future__ import annotations

import itertools
import logging
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import pytest
import trio

from alphapulse.connections.node_pool import NodePool
from alphapulse.connections.subscription import HEADS, Topic
from alphapulse.errors import (
    CallReverted,
    FeedClosed,
    FeedSilent,
    NodeFault,
    NodeTimeout,
    NodeUnreachable,
    NoNode,
    NoQuorum,
    RangeTooWide,
    RateLimited,
    RpcError,
    WrongChain,
)
from alphapulse.rules.nodes.rpc_call import RpcCall
from alphapulse.rules.nodes.send_verdict import Sent
from tests.connections.model_nodes import ModelNode, block_hash, pool_of, refusal
from tests.connections.node_schedules import branch_of

SECOND_NS = 1_000_000_000


@asynccontextmanager
async def running(pool: NodePool) -> AsyncIterator[NodePool]:
    async with trio.open_nursery() as nursery:
        await nursery.start(pool.run)
        yield pool
        nursery.cancel_scope.cancel("the test is over")


def states(pool: NodePool) -> dict[str, str]:
    return {node.label: f"{node.state}{' degraded' if node.degraded else ''}" for node in pool.health().nodes}


async def history(
    pool: NodePool, label: str, until_s: int, at: dict[int, Callable[[], object]] | None = None
) -> list[tuple[int, str]]:
    """Each change of a node's state, by the second at which it was seen. `at` is done at the end of its second."""
    seen = [(0, states(pool)[label])]
    for second in range(1, until_s + 1):
        await trio.sleep_until(second + 0.5)
        if (now := states(pool)[label]) != seen[-1][1]:
            seen.append((second, now))
        (at or {}).get(second, lambda: None)()
    return seen


def setting(node: ModelNode, **values: Any) -> Callable[[], object]:
    return lambda: node.__dict__.update(values)


async def test_the_answer_of_a_good_node(autojump_clock: trio.testing.MockClock) -> None:
    one = ModelNode("one")
    async with running(pool_of(one)) as pool:
        assert await pool.call("eth_chainId") == "0x89"
        report = pool.health()
        assert (report.usable, report.degraded, report.split) == (1, False, "")
        assert (report.nodes[0].head_number, report.nodes[0].lag_blocks) == (100, 0)


async def test_a_node_of_another_chain_is_never_asked_again(
    autojump_clock: trio.testing.MockClock, caplog: pytest.LogCaptureFixture
) -> None:
    """A wrong chain id, and a wrong block 0 of the right id, at the start or later: for good, with a clear text."""
    one, two, three, late = (ModelNode(label) for label in ("one", "two", "three", "late"))
    two.chain_id, three.genesis = 1, "another"
    async with running(pool_of(one, two, three, late)) as pool:
        assert states(pool) == {"one": "ok", "two": "wrong_chain", "three": "wrong_chain", "late": "ok"}
        assert await history(pool, "late", 70, {10: setting(late, chain_id=1)}) == [(0, "ok"), (60, "wrong_chain")]
        asked = [len(node.asked) for node in (two, three)]
        await trio.sleep(10_000)
        assert [len(node.asked) for node in (two, three)] == asked
        assert late.asked.count("eth_chainId") == 2
    texts = sorted(record.getMessage() for record in caplog.records if record.levelno == logging.ERROR)
    assert len(texts) == 3
    assert texts[2] == (
        "polygon: two: it serves chain 1, expected was 137; it is not asked any more: correct its URL and start again"
    )


async def test_without_a_genesis_block_set_all_must_show_the_same(autojump_clock: trio.testing.MockClock) -> None:
    one, two = ModelNode("one"), ModelNode("two")
    two.genesis, two.delay_s = "another", 0.1
    async with running(pool_of(one, two, genesis=None)) as pool:
        assert states(pool) == {"one": "ok", "two": "wrong_chain"}


async def test_a_lagging_node_is_asked_last(autojump_clock: trio.testing.MockClock) -> None:
    """Three blocks behind the median it lags, and as soon as it has caught up it does not."""
    one, two, three = ModelNode("one"), ModelNode("two"), ModelNode("three")
    changes = {3: setting(one, behind=3), 9: setting(one, behind=0)}
    async with running(pool_of(one, two, three)) as pool:
        assert await history(pool, "one", 14, changes) == [(0, "ok"), (4, "lagging"), (10, "ok")]
        one.behind = 3
        await trio.sleep(4)
        for node in (one, two, three):
            node.asked.clear()
        await pool.call("eth_chainId")
        assert one.asked == []


async def test_a_silent_node_is_quarantined_until_it_speaks(autojump_clock: trio.testing.MockClock) -> None:
    """Ten seconds without a new head while others have them."""
    one, two, three = ModelNode("one"), ModelNode("two"), ModelNode("three")
    changes = {1: setting(one, frozen_at=100), 40: setting(one, frozen_at=None)}
    async with running(pool_of(one, two, three)) as pool:
        seen = await history(pool, "one", 100, changes)
        assert seen[:3] == [(0, "ok"), (6, "lagging"), (12, "quarantined")]
        assert seen[-1][1] == "ok"
        assert "has been the same for" in next(node for node in pool.health().nodes if node.label == "one").last_problem


async def test_a_chain_that_stands_still_is_nobodys_fault(autojump_clock: trio.testing.MockClock) -> None:
    nodes = [ModelNode("one"), ModelNode("two")]
    for node in nodes:
        node.frozen_at = 100
    async with running(pool_of(*nodes)) as pool:
        assert await history(pool, "one", 100) == [(0, "ok")]
        assert pool.health().nodes[0].head_age_ns == 100_500_000_000


async def test_a_forked_node_is_found_out_within_two_blocks(autojump_clock: trio.testing.MockClock) -> None:
    """Two of three give another hash for the same block, twice: the third is left alone, and is no last resort."""
    one, two, three = ModelNode("one"), ModelNode("two"), ModelNode("three")
    async with running(pool_of(one, two, three)) as pool:
        fork = setting(one, branch="fork", forked_at=103)  # the block of second 6
        seen = await history(pool, "one", 12, {5: fork})
        assert seen == [(0, "ok"), (10, "quarantined")]
        two.fault = three.fault = NodeUnreachable("", "gone")
        await trio.sleep(600)
        assert set(states(pool).values()) == {"quarantined", "quarantined degraded"}
        assert states(pool)["one"] == "quarantined"


async def test_who_could_not_be_looked_at_is_looked_at_before_it_is_asked(
    autojump_clock: trio.testing.MockClock,
) -> None:
    """A node that wanted to be left alone comes back on another branch: nobody ever hears of it."""
    one, two, three = ModelNode("one"), ModelNode("two"), ModelNode("three")
    for node in (two, three):
        node.delay_s = 0.2
    for node in (one, two, three):
        node.answers = {"branch": branch_of(node)}
    async with running(pool_of(one, two, three)) as pool:
        assert await pool.call("branch") == "main"
        changes = {
            1: setting(one, fault=RateLimited("one", "429", 30 * SECOND_NS)),
            5: setting(one, fault=None, branch="fork", forked_at=0),
        }
        heard: set[str] = set()
        seen = await history(pool, "one", 11, changes)
        assert seen == [(0, "ok"), (7, "lagging"), (10, "new")]
        for _ in range(60):
            await trio.sleep(1)
            heard.add(await pool.call("branch"))
        assert heard == {"main"}
        one.branch = "main"
        await trio.sleep(5)
        assert states(pool)["one"] == "ok"


async def test_two_nodes_against_each_other_are_told_apart_by_nobody(
    autojump_clock: trio.testing.MockClock, caplog: pytest.LogCaptureFixture
) -> None:
    """One against one: neither is quarantined, the pool is split, and it says so once until they agree."""
    one, two = ModelNode("one"), ModelNode("two")
    async with running(pool_of(one, two)) as pool:
        await trio.sleep_until(5.5)
        one.branch, one.forked_at = "fork", 103
        await trio.sleep_until(20.5)
        assert pool.health().split.endswith("one against two")
        assert states(pool) == {"one": "ok", "two": "ok"}
        one.branch = "main"
        await trio.sleep(10)
        assert pool.health().split == ""
    assert [record.levelno for record in caplog.records if "branch" in record.getMessage()] == [
        logging.CRITICAL,
        logging.WARNING,
    ]


async def test_a_reorganisation_of_one_block_is_no_fork(autojump_clock: trio.testing.MockClock) -> None:
    """For one look they differ, then not."""
    one, two, three = ModelNode("one"), ModelNode("two"), ModelNode("three")
    async with running(pool_of(one, two, three)) as pool:
        changes = {5: setting(one, branch="fork", forked_at=103), 7: setting(one, branch="main")}
        assert await history(pool, "one", 20, changes) == [(0, "ok")]


async def test_a_head_from_the_future_is_a_lie(autojump_clock: trio.testing.MockClock) -> None:
    one, two = ModelNode("one"), ModelNode("two")
    async with running(pool_of(one, two)) as pool:
        assert await history(pool, "one", 6, {3: setting(one, behind=-1_000)}) == [(0, "ok"), (4, "quarantined")]
        assert states(pool)["two"] == "ok"


async def test_the_last_node_is_forced_back_with_a_loud_word(
    autojump_clock: trio.testing.MockClock, caplog: pytest.LogCaptureFixture
) -> None:
    """Three failures in a row quarantine it; as there is no other, it is asked all the same, and all may see it."""
    one = ModelNode("one")
    async with running(pool_of(one)) as pool:
        seen = await history(
            pool, "one", 12, {1: setting(one, fault=NodeFault("one", "busy")), 9: setting(one, fault=None)}
        )
        assert seen[:2] == [(0, "ok"), (6, "quarantined degraded")]
        assert seen[-1][1] == "ok"
    loud = [record.getMessage() for record in caplog.records if record.levelno == logging.CRITICAL]
    assert len(loud) == 1
    assert "one is asked all the same, DEGRADED (3 failures in a row, the last one: busy)" in loud[0]


async def test_a_node_that_was_never_reached_is_no_last_resort(autojump_clock: trio.testing.MockClock) -> None:
    """Which chain it serves is not known."""
    one = ModelNode("one")
    one.fault = NodeUnreachable("one", "nobody there")
    async with running(pool_of(one)) as pool:
        await trio.sleep(100)
        with pytest.raises(NoNode, match="one is quarantined"):
            await pool.call("eth_chainId")
        one.fault = None
        await trio.sleep(700)
        assert states(pool) == {"one": "ok"}


async def test_the_next_node_is_asked_if_one_fails(autojump_clock: trio.testing.MockClock) -> None:
    """Also for single calls of a batch; what a contract or the caller has done is not asked again elsewhere."""
    one, two = ModelNode("one"), ModelNode("two")
    two.delay_s = 0.3  # so that the first is the best
    one.answers = {
        "a": lambda _: 1,
        "b": lambda _: refusal(-32000, "header not found"),
        "c": lambda _: refusal(3, "no", data="0x08"),
    }
    two.answers = {"a": lambda _: 2, "b": lambda _: 2, "eth_getLogs": lambda _: []}
    one.answers["eth_getLogs"] = lambda _: refusal(-32602, "query exceeds max block range 1000, try [0x1, 0x3e8]")
    one.answers["eth_call"] = lambda _: refusal(3, "execution reverted: no", data="0x08c379a0")
    async with running(pool_of(one, two)) as pool:
        assert await pool.batch([RpcCall("a"), RpcCall("b"), RpcCall("a")]) == [1, 2, 1]
        with pytest.raises(RangeTooWide) as wide:
            await pool.call("eth_getLogs", [{}])
        assert wide.value.offered == (1, 1_000)
        with pytest.raises(CallReverted) as reverted:
            await pool.call("eth_call", [{}, "latest"])
        assert reverted.value.data.hex() == "08c379a0"
        one.fault = NodeTimeout("one", "slow")
        assert await pool.call("a") == 2
        two.fault = NodeFault("two", "busy")
        with pytest.raises((NodeFault, NodeTimeout)):
            await pool.call("a")


async def test_a_start_waits_for_one_node_not_for_all(autojump_clock: trio.testing.MockClock) -> None:
    """One that hangs holds up nobody; if none answers, the start is over when all have failed to."""
    one, two = ModelNode("one"), ModelNode("two")
    two.delay_s = 1_000
    async with running(pool_of(one, two)) as pool:
        assert trio.current_time() == 1
        assert states(pool) == {"one": "ok", "two": "new"}
    one.fault = NodeUnreachable("one", "nobody there")
    async with running(pool_of(one)) as pool:
        assert trio.current_time() == 1
        with pytest.raises(NoNode):
            await pool.call("eth_chainId")


async def test_a_kept_connection_that_breaks_off_is_tried_once_more(autojump_clock: trio.testing.MockClock) -> None:
    """The only node is asked again at once; a second time it is a failure."""
    one = ModelNode("one")
    faults = [NodeUnreachable("one", "the answer was cut off")] * 3

    def breaks_off(_: list[Any]) -> int:
        if faults:
            raise faults.pop()
        return 7

    one.answers = {"a": breaks_off}
    async with running(pool_of(one)) as pool:
        with pytest.raises(NodeUnreachable):
            await pool.call("a")
        assert await pool.call("a") == 7
        assert one.asked.count("a") == 4


async def test_an_error_of_all_nodes_is_the_answer(autojump_clock: trio.testing.MockClock) -> None:
    nodes = [ModelNode("one"), ModelNode("two")]
    for node in nodes:
        node.answers = {"a": lambda _: refusal(-32000, "something new"), "b": lambda _: "0x1"}
    async with running(pool_of(*nodes)) as pool:
        failed, fine = await pool.batch([RpcCall("a"), RpcCall("b")])
        assert (failed.kind, fine) == ("unknown", "0x1")
        with pytest.raises(RpcError, match="something new"):
            await pool.call("a")


async def test_a_long_batch_keeps_to_the_rate_and_to_the_order(autojump_clock: trio.testing.MockClock) -> None:
    """1,000 calls at 100 a second in requests of 20, eight at once: nine seconds, and each answer in its place."""
    one = ModelNode("one")
    one.answers = {"echo": lambda params: params[0]}
    async with running(pool_of(one, requests_per_s=100, batch_size=20)) as pool:
        await trio.sleep(1)
        begun, requests = trio.current_time(), one.requests
        assert await pool.batch([RpcCall("echo", (number,)) for number in range(1_000)]) == list(range(1_000))
        assert 9 <= trio.current_time() - begun < 10
        assert one.requests - requests - 50 <= 5  # with those that look after its head
        assert states(pool) == {"one": "ok"}


async def test_a_node_that_is_busy_with_us_is_looked_at_all_the_same(autojump_clock: trio.testing.MockClock) -> None:
    """Long requests take all its places for a minute; its head is asked for beside them."""
    one = ModelNode("one")
    one.answers = {"long": lambda _: 1}
    one.slow = {"long": 9.0}
    async with running(pool_of(one, batch_size=1, max_in_flight=2)) as pool:
        assert await pool.batch([RpcCall("long")] * 14) == [1] * 14
        assert trio.current_time() >= 60
        assert (pool.health().nodes[0].head_age_ns or 0) < 4 * SECOND_NS
        assert states(pool) == {"one": "ok"}


async def test_a_node_that_wants_fewer_requests_is_left_alone_as_long_as_it_says(
    autojump_clock: trio.testing.MockClock,
) -> None:
    """One node: waited for. Two: the other is asked at once. An hour: not waited for."""
    one, two = ModelNode("one"), ModelNode("two")
    one.answers = two.answers = {"a": lambda _: 1}
    async with running(pool_of(one)) as pool:
        one.fault = RateLimited("one", "429", 3 * SECOND_NS)
        async with trio.open_nursery() as nursery:

            async def ends() -> None:
                await trio.sleep(1)
                one.fault = None

            nursery.start_soon(ends)
            begun = trio.current_time()
            assert await pool.call("a") == 1
            assert trio.current_time() - begun == 3
        one.fault = RateLimited("one", "429", 3_600 * SECOND_NS)
        with pytest.raises(RateLimited):
            await pool.call("a")
        requests = one.requests
        await trio.sleep(3_000)
        assert one.requests == requests
        assert states(pool) == {"one": "ok"}  # to be limited is no fault
    two.delay_s = 0.9
    async with running(pool_of(one, two)) as pool:
        one.fault = RateLimited("one", "429", 3 * SECOND_NS)
        assert await pool.call("a") == 1


async def test_a_quorum_is_two_of_three_at_one_block(autojump_clock: trio.testing.MockClock) -> None:
    """Equal answers count, a liar is noted; extra fields do not make answers unequal; a revert is an answer."""
    one, two, three = ModelNode("one"), ModelNode("two"), ModelNode("three")
    block = bytes(31) + b"\x07"
    for node in (one, two, three):
        node.answers = {"eth_getBalance": lambda params: params[-1]["blockHash"]}
    async with running(pool_of(one, two, three)) as pool:
        answer = await pool.call("eth_getBalance", ["0xaa"], quorum=2, block_hash=block)
        assert answer == f"0x{block.hex()}"
        with pytest.raises(ValueError, match="expected a block hash for a quorum"):
            await pool.call("eth_getBalance", ["0xaa", "latest"], quorum=2)
        one.answers["eth_getBalance"] = lambda _: "0xbad"
        two.delay_s = three.delay_s = 0.5
        assert await pool.call("eth_getBalance", ["0xaa"], quorum=2, block_hash=block) == answer
        assert "another one than that of 2 others" in pool.health().nodes[0].last_problem
        two.fault = NodeFault("two", "busy")
        with pytest.raises(NoQuorum, match=r"found one against three; two: busy"):
            await pool.call("eth_getBalance", ["0xaa"], quorum=2, block_hash=block)
        for node in (one, two, three):
            node.fault, node.answers["eth_call"] = None, lambda _: refusal(3, "execution reverted", data="0x1234")
        with pytest.raises(CallReverted):
            await pool.call("eth_call", [{}], quorum=2, block_hash=block)
        for node in (one, two):
            node.answers["eth_call"] = lambda _: refusal(-32000, "header not found")
        with pytest.raises(NoQuorum, match="block_unknown"):
            await pool.call("eth_call", [{}], quorum=2, block_hash=block)


async def test_one_node_is_no_quorum(autojump_clock: trio.testing.MockClock) -> None:
    async with running(pool_of(ModelNode("one"))) as pool:
        with pytest.raises(NoQuorum, match="expected 2 nodes that say the same, found 1"):
            await pool.call("eth_chainId", quorum=2)


async def test_what_each_node_says_by_itself(autojump_clock: trio.testing.MockClock) -> None:
    one, two, three = ModelNode("one"), ModelNode("two"), ModelNode("three")
    two.behind = 1
    async with running(pool_of(one, two, three)) as pool:
        three.fault = NodeFault("three", "busy")
        found = await pool.ask_each(RpcCall("eth_getBlockByNumber", ("latest", False), dict[str, str]))
        assert found["one"]["hash"] == block_hash("main", one.head())
        assert found["two"]["hash"] == block_hash("main", one.head() - 1)
        assert isinstance(found["three"], NodeFault)


async def test_what_each_node_says_to_many_calls(autojump_clock: trio.testing.MockClock) -> None:
    """In requests of a node's own size; an error stands where a call failed, a NodeError for who did not answer."""
    one, two = ModelNode("one"), ModelNode("two")
    one.answers = {"eth_gasPrice": lambda _: refusal(-32000, "no")}
    async with running(pool_of(one, two, batch_size=2)) as pool:
        two.fault = NodeFault("two", "busy")
        one.requests = 0
        found = await pool.batch_each(
            [RpcCall("eth_chainId"), RpcCall("eth_gasPrice"), RpcCall("eth_chainId")], limit_s=4
        )
        answers = found["one"]
        assert isinstance(answers, list)
        assert (answers[0], type(answers[1]), answers[2], one.requests) == ("0x89", RpcError, "0x89", 2)
        assert isinstance(found["two"], NodeFault)
        two.fault, two.delay_s = None, 9
        begun_s = trio.current_time()
        found = await pool.batch_each([RpcCall("eth_chainId")], limit_s=4)
        assert (found["one"], type(found["two"]), trio.current_time() - begun_s) == (["0x89"], NodeTimeout, 4)


RAW, HASH = b"\x02raw", bytes(31) + b"\x01"
HASH_TEXT = f"0x{HASH.hex()}"
SEND, GET = "eth_sendRawTransaction", "eth_getTransactionByHash"


async def sent(one: ModelNode, two: ModelNode) -> tuple[Sent, dict[str, Sent], str]:
    async with running(pool_of(one, two)) as pool:
        report = await pool.send_raw(RAW, HASH)
        return report.sent, {label: send.sent for label, send in report.nodes.items()}, report.alarm


async def test_a_transaction_goes_to_all_nodes(autojump_clock: trio.testing.MockClock) -> None:
    """Accepted by one is accepted; a fatal error beside it is an alarm; nothing known is UNKNOWN, never refused."""
    one, two = ModelNode("one"), ModelNode("two")
    accepts = {SEND: lambda _: HASH_TEXT}
    poor = {SEND: lambda _: refusal(-32000, "insufficient funds for gas * price + value")}
    one.answers = two.answers = accepts
    assert await sent(one, two) == (Sent.ACCEPTED, {"one": Sent.ACCEPTED, "two": Sent.ACCEPTED}, "")
    two.answers = poor
    outcome = await sent(one, two)
    assert outcome[0] is Sent.ACCEPTED
    assert outcome[2] == "one accepted a transaction that two (insufficient_funds) call impossible"
    one.answers = poor
    assert await sent(one, two) == (Sent.REFUSED, {"one": Sent.REFUSED, "two": Sent.REFUSED}, "")
    one.answers = {SEND: lambda _: refusal(-32000, "a text that nobody knows"), GET: lambda _: None}
    assert await sent(one, two) == (Sent.UNKNOWN, {"one": Sent.UNKNOWN, "two": Sent.REFUSED}, "")
    one.answers = {SEND: lambda _: refusal(-32000, "nonce too low"), GET: lambda _: {"hash": HASH_TEXT}}
    assert (await sent(one, two))[1] == {"one": Sent.ACCEPTED, "two": Sent.REFUSED}
    one.answers = {SEND: lambda _: "0xother", GET: lambda _: None}
    assert (await sent(one, two))[1]["one"] is Sent.UNKNOWN


@pytest.mark.parametrize("known", [True, False])
async def test_nothing_is_sent_again_on_429_before_the_hash_was_asked_for(
    autojump_clock: trio.testing.MockClock, known: bool
) -> None:
    """A node that knows it is not sent to again; one that does not is sent to once more."""
    one = ModelNode("one")
    replies: list[Any] = [refusal(429, "too many requests"), HASH_TEXT]
    one.answers = {SEND: lambda _: replies.pop(0), GET: lambda _: {"hash": HASH_TEXT} if known else None}
    async with running(pool_of(one)) as pool:
        report = await pool.send_raw(RAW, HASH)
        assert report.sent is Sent.ACCEPTED
    assert [method for method in one.asked if method in (SEND, GET)] == [SEND, GET] + ([] if known else [SEND])


async def test_nothing_leaves_for_a_node_without_leave(autojump_clock: trio.testing.MockClock) -> None:
    """It is asked for each node by itself, and only when its turn has come: a node may want to be left alone."""
    one, two = ModelNode("one"), ModelNode("two")
    one.answers = two.answers = {SEND: lambda _: HASH_TEXT, "eth_gasPrice": lambda _: refusal(429, "too many requests")}
    async with running(pool_of(one, two)) as pool:
        asked: list[float] = []
        begun_s = trio.current_time()

        def permit() -> bool:
            asked.append(trio.current_time() - begun_s)
            return False

        await pool.ask_each(RpcCall("eth_gasPrice"))
        report = await pool.send_raw(RAW, HASH, permit)
        assert report.sent is Sent.WITHHELD
        assert len(asked) == 2
        assert min(asked) > 0
    assert SEND not in one.asked + two.asked


async def test_a_transaction_goes_ahead_of_all_reads(autojump_clock: trio.testing.MockClock) -> None:
    """Whatever is under way at a node, and however few requests it takes: it leaves at once."""
    one = ModelNode("one")
    one.answers = {SEND: lambda _: HASH_TEXT}
    async with running(pool_of(one, max_in_flight=1, requests_per_s=2)) as pool:
        one.delay_s = 5
        begun_s = trio.current_time()
        left: list[float] = []

        def permit() -> bool:
            left.append(trio.current_time() - begun_s)
            return True

        async with trio.open_nursery() as nursery:
            for _ in range(4):
                nursery.start_soon(pool.ask_each, RpcCall("eth_chainId"))
            await trio.testing.wait_all_tasks_blocked()
            await pool.send_raw(RAW, HASH, permit)
        assert left == [0]


async def test_a_subscription_brings_heads_and_logs(autojump_clock: trio.testing.MockClock) -> None:
    """One WebSocket, both topics, in the order in which they came; chain and block 0 are checked over it first."""
    one = ModelNode("one")
    async with running(pool_of(one)) as pool:
        one.asked.clear()
        async with pool.subscribe(HEADS, Topic("logs", ({"address": []},))) as stream:
            assert stream.node == "one"
            assert one.asked[:4] == ["eth_chainId", "eth_getBlockByNumber", "eth_subscribe", "eth_subscribe"]
            one.feeds[0].notify("logs", {"address": "0x"})
            found = [(notice.topic, notice.received_ns) for notice in await anext(stream)]
            found += [(notice.topic, notice.received_ns) for notice in await anext(stream)]
            assert [topic for topic, _ in found] == [1, 0]
            assert found[0][1] < found[1][1]


async def test_silence_is_judged_by_heads(autojump_clock: trio.testing.MockClock) -> None:
    """Three block times without a new head end the stream, though logs come; the other node is taken then."""
    one, two = ModelNode("one"), ModelNode("two")
    two.delay_s = 0.1
    async with running(pool_of(one, two)) as pool:
        heads: list[float] = []
        with pytest.raises(FeedSilent, match="no new head for 6 s"):
            await watch(pool, one, heads)
        assert trio.current_time() - heads[-1] == pytest.approx(6)
        async with pool.subscribe(HEADS) as stream:
            assert stream.node == "two"


async def watch(pool: NodePool, one: ModelNode, heads: list[float]) -> None:
    """Takes two heads, and then nothing but logs."""
    async with pool.subscribe(HEADS, Topic("logs")) as stream:
        assert stream.node == "one"
        async for notices in stream:
            heads += [trio.current_time() for notice in notices if notice.topic == 0]
            one.silent = len(heads) >= 2
            if one.silent:
                await trio.sleep(0.4)
                one.feeds[-1].notify("logs", {})


@pytest.mark.parametrize(
    ("change", "why", "within_s"),
    [
        ({"behind": 10}, "blocks behind the median", 6),
        ({"branch": "fork", "forked_at": 100}, "another branch", 8),
        ({"chain_id": 1}, "serves chain 1", 70),
    ],
)
async def test_a_node_that_goes_wrong_is_not_listened_to_any_more(
    autojump_clock: trio.testing.MockClock, change: dict[str, Any], why: str, within_s: float
) -> None:
    """Its heads come all the time, but late, or of another branch or chain: the stream ends, and the other is taken."""
    nodes = [ModelNode("one"), ModelNode("two"), ModelNode("three")]
    for node in nodes[1:]:
        node.delay_s = 0.05
    async with running(pool_of(*nodes)) as pool:
        with pytest.raises(FeedClosed, match=why):
            await listen_while(pool, nodes[0], change)
        assert trio.current_time() < within_s
        async with pool.subscribe(HEADS) as stream:
            assert stream.node != "one"


async def listen_while(pool: NodePool, node: ModelNode, change: dict[str, Any]) -> None:
    async with pool.subscribe(HEADS) as stream:
        assert stream.node == node.label
        vars(node).update(change)
        async for _ in stream:
            pass


async def test_a_lagging_node_is_better_than_none(autojump_clock: trio.testing.MockClock) -> None:
    """If no other can be listened to, it is listened to on."""
    one, two = ModelNode("one"), ModelNode("two")
    async with running(pool_of(one, two)) as pool, pool.subscribe(HEADS) as stream:
        left = two if stream.node == "one" else one
        staying = one if left is two else two
        await anext(stream)
        staying.behind = 10
        await trio.sleep(3)
        left.fault = NodeUnreachable(left.label, "gone")
        await trio.sleep(20)
        assert await anext(stream)


async def test_our_own_standstill_is_no_silence_of_a_node(
    autojump_clock: trio.testing.MockClock, caplog: pytest.LogCaptureFixture
) -> None:
    """After a minute in which this process did nothing, nobody is quarantined, and heads that wait are taken first."""
    nodes = [ModelNode("one"), ModelNode("two"), ModelNode("three")]
    async with running(pool_of(*nodes)) as pool, pool.subscribe(HEADS) as stream:
        await anext(stream)
        autojump_clock.jump(60)
        nodes[0].feeds[0].notify("newHeads", nodes[0].block(nodes[0].head()))
        await anext(stream)
        await trio.sleep(10)
    assert "quarantined" not in caplog.text


async def test_a_node_that_drops_the_connection_is_come_back_to_later_each_time(
    autojump_clock: trio.testing.MockClock,
) -> None:
    """The delays double from a quarter of a second, less up to a fifth, and begin anew after a head."""
    one = ModelNode("one")
    begins: list[float] = []
    async with running(pool_of(one)) as pool:

        async def live(heads: int) -> None:
            async with pool.subscribe(HEADS) as stream:
                begins.append(trio.current_time())
                for _ in range(heads):
                    await anext(stream)
                one.feeds[-1].drop()
                await anext(stream)

        for heads in (0, 0, 0, 0, 1, 0):
            with pytest.raises(FeedClosed):
                await live(heads)
        gaps = [later - earlier for earlier, later in itertools.pairwise(begins)]
        for gap, whole in zip(gaps[:4], (0.25, 0.5, 1.0, 2.0), strict=True):
            assert 0.8 * whole <= gap <= whole
        assert states(pool) == {"one": "ok"}


async def test_a_websocket_of_another_chain_is_not_believed(autojump_clock: trio.testing.MockClock) -> None:
    """Its HTTP may be right: what counts is what this connection serves."""
    one = ModelNode("one")
    async with running(pool_of(one)) as pool:
        one.chain_id = 1
        with pytest.raises(WrongChain):
            async with pool.subscribe(HEADS):
                pass
        with pytest.raises(NoNode):
            async with pool.subscribe(HEADS):
                pass


async def test_blame_leads_to_quarantine(autojump_clock: trio.testing.MockClock) -> None:
    one, two = ModelNode("one"), ModelNode("two")
    async with running(pool_of(one, two)) as pool:
        pool.blame("one", "the logs of block 7 did not come", quarantine=True)
        assert states(pool) == {"one": "quarantined", "two": "ok"}
