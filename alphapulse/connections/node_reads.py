"""Reads from several nodes: the next one if one fails, or several at once where money depends on it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any, Final

import trio

from alphapulse.connections.node import Node
from alphapulse.errors import CallReverted, NodeError, NodeTimeout, NodeUnreachable, NoQuorum, RateLimited, RpcError
from alphapulse.rules.nodes.agreement import Tally
from alphapulse.rules.nodes.rpc_call import RpcCall
from alphapulse.rules.nodes.rpc_faults import FaultKind

NS_PER_S: Final = 1_000_000_000
ROUNDS: Final = 3
"""How often all nodes are tried, if they only want fewer requests; twice, if a connection broke off."""
LONGEST_PAUSE_S: Final = 10.0
ELSEWHERE: Final = frozenset(
    (
        FaultKind.NO_ANSWER,
        FaultKind.UNKNOWN,
        FaultKind.TOO_SLOW,
        FaultKind.RATE_LIMITED,
        FaultKind.METHOD_MISSING,
        FaultKind.BLOCK_UNKNOWN,
        FaultKind.STATE_MISSING,
    )
)
"""Errors of one node that another one need not have."""


async def read_batch(
    best: Callable[[], list[Node]], calls: Sequence[RpcCall], no_node: Callable[[], NodeError]
) -> list[Any]:
    """The answers to `calls`; an RpcError stands where every node gave one. `best` gives the nodes, the best first.

    Raises:
        NodeError: nobody answered some of the calls.
    """
    answers: list[Any] = [None] * len(calls)
    pending = list(range(len(calls)))
    problem: NodeError | None = None
    for turn in range(ROUNDS):
        tried: set[str] = set()
        while pending:
            node = next((node for node in best() if node.label not in tried), None)
            if node is None:
                break
            tried.add(node.label)
            work = _Work(node, calls, pending, answers)
            await work.run()
            pending, problem = work.left, work.problem
        limited = isinstance(problem, RateLimited) or any(_is_limited(answers[number]) for number in pending)
        # A connection that was kept may end just when it is used again: that says nothing of the node.
        broken_off = turn == 0 and isinstance(problem, NodeUnreachable)
        if not pending or not tried or not (limited or broken_off):
            break
        pause_s = min((node.wait_ns() for node in best()), default=0) / NS_PER_S
        if pause_s > LONGEST_PAUSE_S:
            break
        await trio.sleep(pause_s)
    if any(answers[number] is None for number in pending):
        raise problem or no_node()
    return answers


class _Work:
    """Part of a batch at one node: as many requests at once as the node may have under way.

    `left` are the calls that another node should be asked for. After a request that failed as a whole no other is
    begun here.
    """

    def __init__(self, node: Node, calls: Sequence[RpcCall], numbers: Sequence[int], answers: list[Any]) -> None:
        self.problem: NodeError | None = None
        self.left: list[int] = []
        self._node = node
        self._calls = calls
        self._numbers = numbers
        self._answers = answers
        size = node.most_calls
        self._parts: Iterator[Sequence[int]] = (numbers[at : at + size] for at in range(0, len(numbers), size))
        self._workers = min(node.terms.max_in_flight, -(-len(numbers) // size))

    async def run(self) -> None:
        if self._workers == 1:
            await self._ask()
        else:
            async with trio.open_nursery() as nursery:
                for _ in range(self._workers):
                    nursery.start_soon(self._ask)
        self.left += [number for part in self._parts for number in part]
        self.left.sort()

    async def _ask(self) -> None:
        await trio.lowlevel.checkpoint()
        for part in self._parts:
            try:
                answers = await self._node.ask([self._calls[number] for number in part])
            except NodeError as problem:
                self.problem = problem
                self.left += part
                return
            for number, answer in zip(part, answers, strict=True):
                self._answers[number] = answer
                if isinstance(answer, RpcError) and answer.kind in ELSEWHERE:
                    self.left.append(number)
            if self.problem is not None:
                return


async def read_quorum(nodes: Sequence[Node], call: RpcCall, quorum: int, chain: str) -> Any:
    """The answer that `quorum` nodes give, or the CallReverted; one more than needed is asked at once.

    Raises:
        NoQuorum: too few say the same.
    """
    nodes = [node for node in nodes if not node.health.degraded]
    if len(nodes) < quorum:
        raise NoQuorum(chain, f"expected {quorum} nodes that say the same, found {len(nodes)} that can be asked")
    tally = Tally(quorum)
    problems: dict[str, str] = {}
    for group in (nodes[: quorum + 1], nodes[quorum + 1 :]):
        async with trio.open_nursery() as nursery:
            for node in group:
                nursery.start_soon(_vote, node, call, tally, problems, nursery.cancel_scope)
        if tally.agreed is not None:
            for node in nodes:
                if node.label in tally.dissenters:
                    node.failed(f"its answer to {call.method} is another one than that of {quorum} others")
            return tally.agreed[0]
    silent = "".join(f"; {label}: {problem}" for label, problem in problems.items())
    raise NoQuorum(chain, f"expected {quorum} nodes that say the same on {call.method}, found {tally}{silent}")


async def _vote(node: Node, call: RpcCall, tally: Tally, problems: dict[str, str], asking: trio.CancelScope) -> None:
    try:
        (answer,) = await node.ask([call])
    except NodeError as problem:
        problems[node.label] = problem.problem
        return
    if isinstance(answer, RpcError) and not isinstance(answer, CallReverted):
        problems[node.label] = f"error {answer.code} ({answer.kind})"
    elif tally.add(node.label, answer):
        asking.cancel("enough nodes say the same")


async def read_each(nodes: Sequence[Node], call: RpcCall) -> dict[str, Any]:
    """What each node says: an answer, an RpcError or a NodeError, by label."""
    found: dict[str, Any] = {}

    async def ask(node: Node) -> None:
        try:
            (found[node.label],) = await node.ask([call])
        except NodeError as problem:
            found[node.label] = problem

    async with trio.open_nursery() as nursery:
        for node in nodes:
            nursery.start_soon(ask, node)
    return found


async def read_batch_each(
    nodes: Sequence[Node], calls: Sequence[RpcCall], limit_s: float
) -> dict[str, list[Any] | NodeError]:
    """What each node says to all calls, by label: an RpcError where one failed, a NodeError if not all came."""
    found: dict[str, list[Any] | NodeError] = {}

    async def ask(node: Node) -> None:
        answers: list[Any] = []
        found[node.label] = NodeTimeout(node.label, f"it has not answered all within {limit_s:g} s")
        with trio.move_on_after(limit_s):
            try:
                for at in range(0, len(calls), node.most_calls):
                    answers += await node.ask(calls[at : at + node.most_calls])
            except NodeError as problem:
                found[node.label] = problem
            else:
                found[node.label] = answers

    async with trio.open_nursery() as nursery:
        for node in nodes:
            nursery.start_soon(ask, node)
    return found


def _is_limited(answer: Any) -> bool:
    return isinstance(answer, RpcError) and answer.kind == FaultKind.RATE_LIMITED
