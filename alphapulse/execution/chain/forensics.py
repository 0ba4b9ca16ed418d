"""Looks into each trade that was undone on the chain, beside trading, and says why."""

from __future__ import annotations

import logging
from collections.abc import Callable

import attrs
import msgspec
import trio

from alphapulse.data.execution import OrderRequest
from alphapulse.data.transactions import FailureCause, FailureFinding
from alphapulse.data.wire import NAME, SENTENCE
from alphapulse.errors import AnswerRefused, BadTransaction, JournalError, LogRefused, NodeError, RpcError
from alphapulse.execution.chain.asked_nodes import AskedNodes
from alphapulse.journal.journal import Journal
from alphapulse.relays.any_relay import AnyRelay
from alphapulse.relays.subscription import AnySubscription
from alphapulse.rules.events.hex_text import read_block_hash
from alphapulse.rules.events.rpc_log import RpcLog
from alphapulse.rules.evm.executor_path import ExecutorPath, read_refusal
from alphapulse.rules.evm.transaction import read_signed
from alphapulse.rules.execution.path_planning import call_data
from alphapulse.rules.forensics.answers import measured, replay_of, touches_of
from alphapulse.rules.forensics.attribution import Attribution, attribute, reason_of
from alphapulse.rules.forensics.call_frames import Frame, RpcFrame, read_frame
from alphapulse.rules.forensics.called_path import called_path, measuring, pairs_of, sold_in
from alphapulse.rules.forensics.evidence import Evidence
from alphapulse.rules.forensics.open_questions import OpenQuestions
from alphapulse.rules.forensics.token_behaviour import odd_token
from alphapulse.rules.nodes.rpc_call import RpcCall
from alphapulse.rules.nodes.rpc_faults import FaultKind
from alphapulse.rules.transactions.receipt import Receipt, RpcReceipt, read_receipt
from alphapulse.rules.transactions.transaction_record import TransactionRecord
from alphapulse.safety.clipped import clipped

MOST_WAITING = 64
"""Failures that wait to be looked into. Full: the next is told at once, without a look."""
LIMIT_S = 30
"""How long the nodes may take for one of them."""
PAUSE_S = 1
"""Between two: each is about eight calls, and the nodes' allowance is there for trading first."""
AGAIN_S = 5
"""Between two questions about one of them, if nobody could be asked."""
MORE_GAS = 4
"""A replay with so many times the gas tells whether that was all that it lacked."""

log = logging.getLogger(__name__)


class _Block(msgspec.Struct, frozen=True, rename="camel"):
    parent_hash: str


@attrs.frozen
class Failure:
    """A trade whose transaction was mined and undone. A start has its receipt to ask for."""

    intent: OrderRequest
    record: TransactionRecord
    receipt: Receipt | None

    @property
    def block_number(self) -> int:
        """Where it was mined."""
        return (self.record.block_number or 0) if self.receipt is None else self.receipt.block_number


class Forensics:
    """A service: takes failures over without waiting, looks into one after the other, and tells what it found.

    It asks the nodes for a trace of the transaction where they keep any, for the same call at the states before it, and
    for the logs of its pools. Whatever it finds is in the journal and on the execution relay. `questions` is what
    the journal tells of failures that an earlier life did not get to; it goes on here.
    """

    def __init__(
        self,
        nodes: AskedNodes,
        journal: Journal,
        execution: AnyRelay,
        *,
        questions: OpenQuestions | None = None,
        now_ns: Callable[[], int],
    ) -> None:
        self._nodes = nodes
        self._journal = journal
        self._execution = execution
        self._now_ns = now_ns
        self._traces = True
        self._put, self._taken = trio.open_memory_channel[Failure](MOST_WAITING)
        self._questions = questions if questions is not None else OpenQuestions()
        for intent, record in self._questions.questions():
            self._put.send_nowait(Failure(intent, record, None))

    def examine(self, intent: OrderRequest, record: TransactionRecord, receipt: Receipt) -> None:
        """Take a trade over whose transaction was undone in the receipt's block."""
        failure = Failure(intent, record, receipt)
        try:
            self._put.send_nowait(failure)
        except trio.WouldBlock:
            self._tell(failure, _unexplained(f"{MOST_WAITING} failures waited to be looked into"), None)

    async def run(self, *, task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED) -> None:
        """Runs until cancelled."""
        with self._execution.subscribe("forensics") as messages:
            async with trio.open_nursery() as nursery:
                nursery.start_soon(self._follow, messages)
                task_status.started()
                async for failure in self._taken:
                    await self._look_into(failure)
                    await trio.sleep(PAUSE_S)

    async def _follow(self, messages: AnySubscription) -> None:
        while True:
            for message in await messages.receive():
                self._questions.take(message)

    async def _look_into(self, failure: Failure) -> None:
        evidence: Evidence | None = None
        attribution = _unexplained(f"the nodes did not answer within {LIMIT_S} s")
        with trio.move_on_after(LIMIT_S):
            while evidence is None:
                try:
                    receipt = failure.receipt or await self._receipt(failure.record.hash)
                    if receipt.succeeded:
                        return  # another block did it otherwise: there is no failure any more
                    evidence = await self._evidence(failure, receipt)
                    attribution = attribute(evidence)
                except NodeError as problem:  # one that stumbles now may answer soon
                    attribution = _unexplained(f"it could not be looked into: {problem}")
                    await trio.sleep(AGAIN_S)
                except (AnswerRefused, BadTransaction) as problem:
                    attribution = _unexplained(f"it could not be looked into: {problem}")
                    break
        self._tell(failure, attribution, evidence)

    async def _receipt(self, tx_hash: bytes) -> Receipt:
        """Raises AnswerRefused if there is none by now, or if it is another transaction's."""
        (found,) = await self._nodes.batch([RpcCall("eth_getTransactionReceipt", (_hex(tx_hash),), RpcReceipt | None)])
        if not isinstance(found, RpcReceipt):
            raise AnswerRefused("receipt", f"expected that of {_hex(tx_hash)}, found none")
        return read_receipt(found, tx_hash)

    async def _evidence(self, failure: Failure, receipt: Receipt) -> Evidence:
        intent, signed = failure.intent, failure.record.signed
        sent = read_signed(signed.raw)[0].transaction
        path = called_path(sent.data)
        if path is None:
            raise AnswerRefused("call", "expected a call of the executor contract, found another one")
        trace, parent = await self._trace_and_parent(receipt)
        asked = measuring(path)
        same = {"from": _hex(signed.wallet), "to": _hex(sent.to), "data": _hex(sent.data), "gas": hex(sent.gas_limit)}
        more = same | {"gas": hex(sent.gas_limit * MORE_GAS)}
        measure = more | {"data": _hex(call_data(asked))}
        seen = hex(intent.block_number)
        logs = {
            "fromBlock": seen,
            "toBlock": hex(receipt.block_number),
            "address": [_hex(leg.pool) for leg in path.legs],
        }
        here, richer, here_measured, then, then_measured, changes = await self._nodes.batch(
            [
                RpcCall("eth_call", (same,), str).at_block(parent),
                RpcCall("eth_call", (more,), str).at_block(parent),
                RpcCall("eth_call", (measure,), str).at_block(parent),
                RpcCall("eth_call", (same, seen), str),
                RpcCall("eth_call", (measure, seen), str),
                RpcCall("eth_getLogs", (logs,), list[RpcLog]),
            ]
        )
        position = intent.block_number, intent.log_index
        touches = touches_of(changes, position, (receipt.block_number, receipt.transaction_index))
        own = frozenset(one.transaction for one in touches or () if self._questions.is_ours(one.transaction))
        evidence = Evidence(
            path=path,
            flash_fee=intent.flash_fee,
            expected=intent.expected_net + intent.gas_cost,
            seen=position,
            block_number=receipt.block_number,
            transaction_index=receipt.transaction_index,
            gas_limit=sent.gas_limit,
            gas_used=receipt.gas_used,
            at_parent=replay_of(here),
            at_parent_with_more_gas=replay_of(richer),
            at_seen=replay_of(then),
            measured_at_seen=measured(then_measured, asked, intent.flash_fee),
            measured_at_parent=measured(here_measured, asked, intent.flash_fee),
            touches=touches,
            own=own,
            leant_on=frozenset(one for one in own if self._questions.is_sized_with(one, intent)),
            predecessor=self._questions.trades.before(intent, receipt.block_number),
        )
        return evidence if trace is None else _with_trace(evidence, path, trace)

    async def _trace_and_parent(self, receipt: Receipt) -> tuple[Frame | None, bytes]:
        """The transaction's calls, None where no node keeps them; and the hash of the block before.

        Raises:
            AnswerRefused: the block is not there any more, or a node's answer cannot be read.
        """
        calls = [RpcCall("eth_getBlockByHash", (_hex(receipt.block_hash), False), _Block | None)]
        if self._traces:
            tracer = {"tracer": "callTracer"}
            calls.append(RpcCall("debug_traceTransaction", (_hex(receipt.hash), tracer), RpcFrame))
        block, *traced = await self._nodes.batch(calls)
        if not isinstance(block, _Block):
            raise AnswerRefused("block", f"expected block {receipt.block_number} in the chain, found it gone")
        try:
            parent = read_block_hash(block.parent_hash)
        except LogRefused as refused:
            raise AnswerRefused("block", str(refused)) from refused
        found = traced[0] if traced else None
        if isinstance(found, RpcError) and found.kind == FaultKind.METHOD_MISSING:
            log.warning("no node of the chain keeps traces (debug_traceTransaction): failures are explained without")
            self._traces = False
        return read_frame(found) if isinstance(found, RpcFrame) else None, parent

    def _tell(self, failure: Failure, attribution: Attribution, evidence: Evidence | None) -> None:
        intent = failure.intent
        untraced = "" if evidence is None or evidence.traced else "; without a trace, which no node gave"
        finding = FailureFinding(
            run=intent.run,
            intent_id=intent.intent_id,
            strategy=intent.strategy,
            chain_id=intent.chain_id,
            hash=failure.record.hash,
            block_number=failure.block_number,
            cause=attribution.cause,
            reason=clipped("not known" if evidence is None else reason_of(evidence.refusal), NAME.limit),
            profit_token=intent.profit_token,
            expected=intent.expected_net + intent.gas_cost,
            found=None if evidence is None else evidence.found,
            taken_by=attribution.taken_by,
            text=clipped(attribution.text + untraced, SENTENCE.limit),
            found_ns=self._now_ns(),
        )
        try:
            self._journal.append_now([finding])
        except JournalError:
            log.exception("why intent %d failed is not in the journal: %s", intent.intent_id, finding.text)
            return
        self._questions.take(finding)
        self._execution.publish([finding])


def _with_trace(evidence: Evidence, path: ExecutorPath, trace: Frame) -> Evidence:
    return attrs.evolve(
        evidence,
        traced=True,
        at_place=read_refusal(trace.output) if trace.error else None,
        ran_out_of_gas=trace.ran_out_of_gas,
        odd_token=odd_token(trace, set(sold_in(path)), pairs_of(path)),
    )


def _unexplained(text: str) -> Attribution:
    return Attribution(FailureCause.UNEXPLAINED, text)


def _hex(data: bytes) -> str:
    return f"0x{data.hex()}"
