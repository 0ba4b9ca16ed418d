"""Carries out what the tracker asks: several at a time, those that wait together in one batch."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from typing import Any

import trio

from alphapulse.collectors.evm.listening import LiveNodes
from alphapulse.collectors.evm.receipt_proofs import ReceiptProofs
from alphapulse.errors import AnswerRefused, NodeError, RangeTooWide, RpcError
from alphapulse.rules.chain.asks import Ask, AskFinalized, AskHeader, AskHeaders, AskLatest, AskLogRange, AskLogs
from alphapulse.rules.chain.header import Header, HeaderReader, RpcHeader
from alphapulse.rules.chain.log_filter import LogFilter
from alphapulse.rules.chain.tracker import ChainTracker
from alphapulse.rules.events.rpc_log import RpcLog
from alphapulse.rules.nodes.rpc_call import RpcCall

logger = logging.getLogger(__name__)

WORKERS = 4
"""Batches on their way at a time."""

MOST_ASKS = 64
"""Asks in one batch."""

WAITING_ASKS = 1_024
"""Asks that wait; what is more than that has failed, and is asked again later."""

AGREEING = 2
"""Nodes that must have the block that one of them calls final."""

Answered = Callable[[], None]


class Asking:
    """Answers trackers' asks by a node pool. `on_answer` is called after each batch."""

    def __init__(self, nodes: LiveNodes, wanted: LogFilter, *, now_ns: Callable[[], int], on_answer: Answered) -> None:
        self._nodes = nodes
        self._wanted = wanted
        self._now_ns = now_ns
        self._on_answer = on_answer
        self.headers = HeaderReader()
        """How headers of this chain are read, wherever they come from."""
        self._receipts = ReceiptProofs(nodes, wanted)
        self._send, self._receive = trio.open_memory_channel[tuple[ChainTracker, Ask]](WAITING_ASKS)

    def put(self, tracker: ChainTracker, ask: Ask) -> None:
        """Have this asked for that tracker."""
        try:
            self._send.send_nowait((tracker, ask))
        except trio.WouldBlock:
            tracker.failed(ask)

    async def run(self) -> None:
        """Runs until cancelled."""
        async with trio.open_nursery() as nursery:
            for _ in range(WORKERS):
                nursery.start_soon(self._work)

    async def latest(self) -> Header:
        """The newest header.

        Raises:
            NodeError, RpcError: no node tells it.
            AnswerRefused: what it tells is no header.
        """
        (answer,) = await self._nodes.batch(self._calls(AskLatest()))
        if _checked(answer) is None:
            raise AnswerRefused("header", "expected the newest header, found none")
        self.headers.learn(answer)
        return self.headers.read(answer)

    async def _work(self) -> None:
        async for first in self._receive:
            asks = [first]
            while len(asks) < MOST_ASKS:
                try:
                    asks.append(self._receive.receive_nowait())
                except trio.WouldBlock:
                    break
            provable = [(tracker, ask) for tracker, ask in asks if isinstance(ask, AskLogs) and self._may_prove(ask)]
            async with trio.open_nursery() as nursery:
                for tracker, ask in provable:
                    nursery.start_soon(self._prove, tracker, ask)
                await self._answer([one for one in asks if one not in provable])

    def _may_prove(self, ask: AskLogs) -> bool:
        """Only a header that is proved by its hash says what receipts have to be."""
        return self.headers.proving and self._receipts.may_prove(ask)

    async def _prove(self, tracker: ChainTracker, ask: AskLogs) -> None:
        """A block's logs by its receipts, or by `eth_getLogs` if that cannot be."""
        try:
            logs = await self._receipts.logs_of(ask)
        except (NodeError, RpcError, AnswerRefused) as problem:
            logger.debug("block %d is not proved yet: %s", ask.number, problem)
            if isinstance(problem, AnswerRefused):
                tracker.faults[problem.reason] += 1
            tracker.failed(ask)
        else:
            if logs is None:
                await self._answer([(tracker, ask)])
                return
            tracker.take_logs(ask, logs, self._now_ns(), proved=True)
        self._on_answer()

    async def _answer(self, asks: Sequence[tuple[ChainTracker, Ask]]) -> None:
        if asks:
            await self._answer_all(asks)
            self._on_answer()

    async def _answer_all(self, asks: Sequence[tuple[ChainTracker, Ask]]) -> None:
        calls = [self._calls(ask) for _, ask in asks]
        try:
            answers = await self._nodes.batch([call for part in calls for call in part])
        except NodeError as problem:
            logger.warning("%d questions about the chain were not answered: %s", len(asks), problem)
            for tracker, ask in asks:
                tracker.failed(ask)
            return
        received_ns = self._now_ns()
        at = 0
        for (tracker, ask), part in zip(asks, calls, strict=True):
            told = answers[at : at + len(part)]
            at += len(part)
            if isinstance(ask, AskFinalized) and not await self._is_agreed(told[0]):
                tracker.failed(ask)
            else:
                self._give(tracker, ask, told, received_ns)

    async def _is_agreed(self, answer: Any) -> bool:
        """What is final rests on one node's word only where there is one: else two must have that block."""
        if not isinstance(answer, RpcHeader) or self._nodes.health().usable < AGREEING:
            return True
        call = RpcCall("eth_getBlockByNumber", (answer.number, False), RpcHeader | None)
        others = (await self._nodes.ask_each(call)).values()
        return sum(isinstance(one, RpcHeader) and one.hash == answer.hash for one in others) >= AGREEING

    def _give(self, tracker: ChainTracker, ask: Ask, answers: Sequence[Any], received_ns: int) -> None:
        try:
            match ask:
                case AskLogs() | AskLogRange():
                    (answer,) = answers
                    tracker.take_logs(ask, _checked(answer), received_ns)
                case AskFinalized():
                    headers = self._headers(answers)
                    tracker.take_finalized(ask, headers[0] if headers else None)
                case _:
                    tracker.take_headers(ask, self._headers(answers))
        except RangeTooWide as refusal:
            if isinstance(ask, AskLogRange):
                tracker.too_wide(ask)
            else:
                logger.warning("a question about the chain was refused: %s", refusal)
                tracker.failed(ask)
        except (RpcError, AnswerRefused) as problem:
            logger.debug("a question about the chain has no answer yet: %s", problem)
            tracker.failed(ask)

    def _headers(self, answers: Sequence[Any]) -> list[Header]:
        return [self.headers.read(answer) for answer in map(_checked, answers) if answer is not None]

    def _calls(self, ask: Ask) -> list[RpcCall]:
        header, wanted = RpcHeader | None, self._wanted.parameters()
        match ask:
            case AskLatest():
                return [RpcCall("eth_getBlockByNumber", ("latest", False), header)]
            case AskFinalized(tag):
                return [RpcCall("eth_getBlockByNumber", (tag, False), header)]
            case AskHeader(block_hash):
                return [RpcCall("eth_getBlockByHash", (f"0x{block_hash.hex()}", False), header)]
            case AskHeaders(first, last):
                return [
                    RpcCall("eth_getBlockByNumber", (hex(number), False), header) for number in range(first, last + 1)
                ]
            case AskLogs(_, block_hash):
                wanted |= {"blockHash": f"0x{block_hash.hex()}"}
            case AskLogRange(first, last):
                wanted |= {"fromBlock": hex(first), "toBlock": hex(last)}
        return [RpcCall("eth_getLogs", (wanted,), list[RpcLog])]


def _checked(answer: Any) -> Any:
    if isinstance(answer, RpcError):
        raise answer
    return answer
