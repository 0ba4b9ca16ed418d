"""One node of a chain: asked at its own pace, and what it does is remembered."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from random import Random
from typing import Any, Final

import trio

from alphapulse.connections.node_terms import NodeTerms
from alphapulse.connections.node_transport import NodeTransport
from alphapulse.errors import BadAnswer, NodeError, RateLimited, RpcError
from alphapulse.rules.nodes.backoff import Backoff
from alphapulse.rules.nodes.block_mark import GENESIS, LATEST, BlockMark, RpcBlock, read_block
from alphapulse.rules.nodes.node_health import NodeHealth, NodeState
from alphapulse.rules.nodes.rpc_answers import read_answers
from alphapulse.rules.nodes.rpc_call import RpcCall, request_bytes
from alphapulse.rules.nodes.rpc_faults import FaultKind
from alphapulse.rules.nodes.token_bucket import TokenBucket
from alphapulse.secret import masked

NS_PER_S: Final = 1_000_000_000
REQUEST_LIMIT_S: Final = 10.0
"""For one request: the way there, and the whole answer."""
LONGEST_PAUSE_S: Final = 10.0
"""A node that wants to be left alone for longer is not waited for."""
LIMITED: Final = Backoff(first_ns=NS_PER_S, longest_ns=60 * NS_PER_S)
"""How long a node is left alone that wants fewer requests and does not say for how long."""


class Node:
    """A node; `ask` is one request. Whether it should be asked is the pool's business."""

    def __init__(
        self, terms: NodeTerms, transport: NodeTransport, *, monotonic_ns: Callable[[], int], random: Random
    ) -> None:
        self.terms = terms
        self.label = terms.label
        self.transport = transport
        self.health = NodeHealth(terms.label)
        self.seen: dict[int, bytes] = {}
        """The blocks of the last look at it, number to hash."""
        self.looks = 0
        self._monotonic_ns = monotonic_ns
        self._random = random
        self._bucket = TokenBucket(terms.requests_per_s)
        self._turns = trio.CapacityLimiter(terms.max_in_flight)
        self._next_id = 1
        self._limited = 0

    @property
    def most_calls(self) -> int:
        """Calls in one request: no more than its rate gives in a second, so that nothing waits long behind them."""
        return min(self.terms.batch_size, self.terms.requests_per_s)

    def wait_ns(self) -> int:
        """How long its rate would make a call wait that came now."""
        return self._bucket.wait_ns(self._monotonic_ns())

    async def ask(
        self,
        calls: Sequence[RpcCall],
        *,
        limit_s: float = REQUEST_LIMIT_S,
        beside: bool = False,
        permit: Callable[[], bool] | None = None,
    ) -> list[Any]:
        """The answers to at most `most_calls`, in their order, from one request. It waits for the node's turn.

        `beside` does not wait behind requests that are under way: for the looks at a node, of which there is one.
        With a `permit` one call goes ahead of all others: a trade is worth more than a read. The permit is asked with
        no await between it and the transport; if it says no, nothing is asked, and the list is empty.

        Raises:
            NodeError: there are none. RateLimited without having asked if it wants to be left alone for long.
        """
        while not self._may_ask(len(calls), ahead=permit is not None):
            pause_ns = self._bucket.pause_ns(self._monotonic_ns())
            if pause_ns > LONGEST_PAUSE_S * NS_PER_S:
                raise RateLimited(self.label, f"it wants to be left alone for {pause_ns // NS_PER_S} s", pause_ns)
            await trio.sleep(self._bucket.wait_ns(self._monotonic_ns(), len(calls)) / NS_PER_S)
        if permit is not None and not permit():
            return []
        if beside or permit is not None:
            return await self._request(calls, limit_s)
        async with self._turns:
            return await self._request(calls, limit_s)

    def _may_ask(self, calls: int, *, ahead: bool) -> bool:
        now_ns = self._monotonic_ns()
        return self._bucket.borrow(now_ns) if ahead else self._bucket.take(now_ns, calls)

    async def identity(self, *, limit_s: float) -> tuple[int, bytes]:
        """The chain id that it says it serves, and the hash of its block 0.

        Raises:
            NodeError: it does not say.
        """
        asked = [RpcCall("eth_chainId", (), str), block_call(GENESIS)]
        chain_id, block = [
            answer for call in self._batches(asked) for answer in await self.ask(call, limit_s=limit_s, beside=True)
        ]
        for answer in (chain_id, block):
            if isinstance(answer, RpcError):
                raise BadAnswer(self.label, f"it does not tell which chain it serves: {answer.text}")
        return read_identity(self.label, chain_id, block)

    async def look(self, common: int | None, *, limit_s: float) -> BlockMark:
        """Its newest block. With `common` it is asked for that one too, so that nodes can be compared.

        Raises:
            NodeError: it does not say.
        """
        asked = [block_call(LATEST)] + ([] if common is None else [block_call(hex(common))])
        answers = [
            answer for call in self._batches(asked) for answer in await self.ask(call, limit_s=limit_s, beside=True)
        ]
        newest, *others = [read_block(answer) if isinstance(answer, RpcBlock) else None for answer in answers]
        if newest is None:
            raise BadAnswer(self.label, "it does not tell its newest block")
        self.seen = {newest.number - 1: newest.parent_hash, newest.number: newest.block_hash}
        self.looks += 1
        self.seen |= {mark.number: mark.block_hash for mark in others if mark is not None and mark.number == common}
        return newest

    async def block_hash(self, number: int, *, limit_s: float) -> bytes | None:
        """The hash that it has at a height; None if it has no block there.

        Raises:
            NodeError: it does not say.
        """
        (block,) = await self.ask([block_call(hex(number))], limit_s=limit_s, beside=True)
        mark = read_block(block) if isinstance(block, RpcBlock) else None
        return None if mark is None or mark.number != number else mark.block_hash

    def failed(self, problem: str) -> None:
        """It did not do what it should."""
        self.health.failed(problem, self._monotonic_ns(), self._random)

    def quarantine(self, reason: str, *, forked: bool = False) -> None:
        """Leave it alone for a while."""
        self.health.quarantine(reason, self._monotonic_ns(), self._random, forked=forked)
        self.seen = {}

    @property
    def asked_at_all(self) -> bool:
        """True unless it is of another chain, or left alone just now."""
        return self.health.state in (NodeState.NEW, NodeState.OK, NodeState.LAGGING) or self.health.degraded

    async def _request(self, calls: Sequence[RpcCall], limit_s: float) -> list[Any]:
        first_id, self._next_id = self._next_id, self._next_id + len(calls)
        body = request_bytes(calls, first_id, batch=len(calls) > 1)
        begun_ns = self._monotonic_ns()
        try:
            answer = await self.transport.post(self.terms.http, body, node=self.label, limit_s=limit_s)
            answers = read_answers(answer, calls, first_id, self.label, masked)
        except RateLimited as limited:
            self._leave_alone(limited.retry_after_ns)
            raise
        except NodeError as problem:
            self.failed(problem.problem)
            raise
        self._judge(answers, self._monotonic_ns() - begun_ns)
        return answers

    def _judge(self, answers: list[Any], latency_ns: int) -> None:
        faults = [answer for answer in answers if isinstance(answer, RpcError)]
        if any(fault.kind == FaultKind.RATE_LIMITED for fault in faults):
            self._leave_alone(None)
        else:
            self._limited = 0
        # No other error counts against the node: a contract of a stranger's making can bring all of them about.
        guilty = [fault for fault in faults if fault.kind == FaultKind.NO_ANSWER]
        if guilty:
            self.failed(str(guilty[0]))
        else:
            self.health.answered(latency_ns)

    def _leave_alone(self, wanted_ns: int | None) -> None:
        self._limited += 1
        pause_ns = LIMITED.delay_ns(self._limited, self._random) if wanted_ns is None else wanted_ns
        self._bucket.pause(self._monotonic_ns() + pause_ns)

    def _batches(self, calls: Sequence[RpcCall]) -> list[Sequence[RpcCall]]:
        size = self.most_calls
        return [calls[at : at + size] for at in range(0, len(calls), size)]


def block_call(block: str) -> RpcCall:
    """The call for a block's header, by number or tag; null if the node does not have it."""
    return RpcCall("eth_getBlockByNumber", (block, False), RpcBlock | None)


def read_identity(node: str, chain_id: str, genesis: RpcBlock | None) -> tuple[int, bytes]:
    """Chain id and hash of block 0 from a node's own texts. Raises BadAnswer."""
    mark = None if genesis is None else read_block(genesis)
    try:
        number = int(chain_id, 16)
    except ValueError:
        number = -1
    if mark is None or mark.number != 0 or number < 0 or not chain_id.startswith("0x"):
        raise BadAnswer(node, "expected a chain id and the block 0, found something else")
    return number, mark.block_hash
