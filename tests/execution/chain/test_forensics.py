"""The service that looks into failures: never in the way, never silent, and told in the journal first."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import attrs
import pytest
import trio
from trio.testing import MockClock, wait_all_tasks_blocked

from alphapulse.data.execution import Mode, OrderRequest
from alphapulse.data.log_stamp import BLOCK_END
from alphapulse.data.transactions import FailureCause, FailureFinding, Purpose, TransactionSigned, TransactionState
from alphapulse.errors import NoNode, RpcError
from alphapulse.execution.chain import forensics as module
from alphapulse.execution.chain.forensics import AGAIN_S, LIMIT_S, MOST_WAITING, Forensics
from alphapulse.journal.journal import Journal
from alphapulse.relays.any_relay import AnyRelay
from alphapulse.relays.bus import Bus
from alphapulse.rules.evm.transaction import DynamicFeeTransaction
from alphapulse.rules.execution.path_planning import call_data
from alphapulse.rules.forensics.call_frames import RpcFrame
from alphapulse.rules.forensics.open_questions import OpenQuestions
from alphapulse.rules.nodes.rpc_call import RpcCall
from alphapulse.rules.nodes.rpc_faults import FaultKind
from alphapulse.rules.transactions.receipt import Receipt, RpcReceipt
from alphapulse.rules.transactions.transaction_record import TransactionRecord
from alphapulse.signing.signing_key import SigningKey
from tests.execution.execution_fakes import Disk, open_journal, records
from tests.journal.journal_samples import intent as sample_intent
from tests.journal.journal_samples import report as sample_report
from tests.journal.transaction_samples import finding as sample_finding
from tests.rules.forensics.evidence_samples import OUR_BLOCK, OUR_INDEX, PATH, SEEN_BLOCK, WPOL

KEY = SigningKey(bytes(31) + b"\x07")
PARENT = "0x" + "bb" * 32
UNEXPLAINED, GAS, BUG = FailureCause.UNEXPLAINED, FailureCause.GAS, FailureCause.OUR_BUG


def failure(data: bytes | None = None) -> tuple[OrderRequest, TransactionRecord, Receipt]:
    """A trade that was undone."""
    fields = DynamicFeeTransaction(
        chain_id=137,
        nonce=7,
        tip_wei=1,
        cap_wei=2,
        gas_limit=400_000,
        to=bytes(20),
        value_wei=0,
        data=call_data(PATH) if data is None else data,
    )
    signed = KEY.sign(fields)
    told = TransactionSigned(
        run=1,
        wallet=KEY.address,
        chain_id=137,
        nonce=7,
        hash=signed.hash,
        purpose=Purpose.TRADE,
        intent_id=1,
        halt_epoch=1,
        to=fields.to,
        gas_limit=400_000,
        tip_wei=1,
        cap_wei=2,
        deadline_block=120,
        raw=signed.raw,
        signed_ns=1,
    )
    receipt = Receipt(signed.hash, OUR_BLOCK, bytes(32), OUR_INDEX, False, 180_000, 5, ())
    intent = attrs.evolve(  # type: ignore[misc]  # a message is an attrs class, which mypy does not see
        sample_intent(), mode=Mode.LIVE, block_number=SEEN_BLOCK, log_index=BLOCK_END, profit_token=WPOL
    )
    return intent, TransactionRecord.of(told), receipt


def refused(method: str, kind: FaultKind) -> RpcError:
    """A node's refusal."""
    return RpcError("a", method, kind=kind, code=-32000, text="no")


class Nodes:
    """Answers by method; `calls` notes what was asked, `delay_s` how long a request takes."""

    def __init__(self) -> None:
        self.calls: list[RpcCall] = []
        self.delay_s: float = 0
        self.error: Exception | None = None
        self.answers: dict[str, Any] = {
            "eth_getBlockByHash": lambda: module._Block(PARENT),
            "debug_traceTransaction": lambda: refused("debug_traceTransaction", FaultKind.METHOD_MISSING),
            "eth_call": lambda: refused("eth_call", FaultKind.STATE_MISSING),
            "eth_getLogs": list,
        }

    async def batch(self, calls: Sequence[RpcCall], /) -> list[Any]:
        await trio.sleep(self.delay_s)
        self.calls += calls
        if self.error is not None:
            raise self.error
        return [self.answers[call.method]() for call in calls]


@attrs.frozen
class Desk:
    """The service over nodes that a test answers for."""

    forensics: Forensics
    nodes: Nodes
    journal: Journal
    disk: Disk
    execution: AnyRelay
    told: Callable[[], list[FailureFinding]]


@asynccontextmanager
async def desk(folder: Path) -> AsyncIterator[Desk]:
    nodes, bus, disk = Nodes(), Bus(), Disk()
    heard: list[Any] = []
    async with open_journal(folder, disk) as journal, trio.open_nursery() as nursery:

        async def listen() -> None:
            with bus.execution.subscribe("test") as messages:
                while True:
                    heard.extend(await messages.receive())

        nursery.start_soon(listen)
        forensics = Forensics(nodes, journal, bus.execution, now_ns=lambda: 5)
        await wait_all_tasks_blocked()
        yield Desk(forensics, nodes, journal, disk, bus.execution, lambda: list(heard))
        nursery.cancel_scope.cancel()


async def test_a_finding_is_in_the_journal_and_told_with_what_it_is_about(
    tmp_path: Path, autojump_clock: MockClock
) -> None:
    async with desk(tmp_path) as d, trio.open_nursery() as nursery:
        nursery.start_soon(d.forensics.run)
        d.nodes.answers["debug_traceTransaction"] = lambda: RpcFrame(
            type="CALL", from_="0x", input="0x", output="0x", error="out of gas"
        )
        intent, record, receipt = failure()
        d.forensics.examine(intent, record, receipt)
        await trio.sleep(0.5)
        (found,) = d.told()
        nursery.cancel_scope.cancel()
    assert records(d.journal) == [found]
    assert (found.cause, found.intent_id, found.strategy) == (GAS, intent.intent_id, intent.strategy)
    assert (found.hash, found.block_number, found.profit_token) == (record.hash, OUR_BLOCK, WPOL)
    assert found.expected == intent.expected_net + intent.gas_cost
    assert found.text == "it ran out of gas: 180000 of 400000 were used"


async def test_the_same_call_is_tried_at_the_parent_by_its_hash_and_at_the_seen_block(
    tmp_path: Path, autojump_clock: MockClock
) -> None:
    async with desk(tmp_path) as d, trio.open_nursery() as nursery:
        nursery.start_soon(d.forensics.run)
        d.forensics.examine(*failure())
        await trio.sleep(0.5)
        nursery.cancel_scope.cancel()
    places = [call.params[1] for call in d.nodes.calls if call.method == "eth_call"]
    parent = {"blockHash": PARENT, "requireCanonical": True}
    assert places == [parent, parent, parent, hex(SEEN_BLOCK), hex(SEEN_BLOCK)]
    (logs,) = [call.params[0] for call in d.nodes.calls if call.method == "eth_getLogs"]
    assert (logs["fromBlock"], logs["toBlock"], len(logs["address"])) == (hex(SEEN_BLOCK), hex(OUR_BLOCK), 2)
    first = d.nodes.calls[2].params[0]
    assert (first["from"], first["gas"]) == ("0x" + KEY.address.hex(), hex(400_000))


async def test_a_node_without_traces_is_not_asked_again_and_the_finding_says_so(
    tmp_path: Path, autojump_clock: MockClock
) -> None:
    async with desk(tmp_path) as d, trio.open_nursery() as nursery:
        nursery.start_soon(d.forensics.run)
        for _ in range(3):
            d.forensics.examine(*failure())
        await trio.sleep(10)
        nursery.cancel_scope.cancel()
    assert [call.method for call in d.nodes.calls].count("debug_traceTransaction") == 1
    assert [found.text.endswith("; without a trace, which no node gave") for found in d.told()] == [True] * 3


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda nodes: setattr(nodes, "error", NoNode("polygon", "all are quarantined")), "all are quarantined"),
        (lambda nodes: setattr(nodes, "delay_s", LIMIT_S), f"within {LIMIT_S} s"),
        (lambda nodes: nodes.answers.update(eth_getBlockByHash=lambda: None), "found it gone"),
        (lambda nodes: nodes.answers.update(eth_getBlockByHash=lambda: module._Block("0x12")), "looked into"),
    ],
    ids=["no node", "too slow", "orphaned", "no hash"],
)
async def test_what_cannot_be_looked_into_is_said(
    tmp_path: Path, autojump_clock: MockClock, change: Callable[[Nodes], None], words: str
) -> None:
    async with desk(tmp_path) as d, trio.open_nursery() as nursery:
        nursery.start_soon(d.forensics.run)
        change(d.nodes)
        d.forensics.examine(*failure())
        await trio.sleep(LIMIT_S + 1)
        (found,) = d.told()
        nursery.cancel_scope.cancel()
    assert (found.cause, found.reason) == (UNEXPLAINED, "not known")
    assert words in found.text


async def test_a_node_that_stumbles_is_asked_again(tmp_path: Path, autojump_clock: MockClock) -> None:
    """Five seconds later; only who stumbles for long leaves it unexplained."""
    async with desk(tmp_path) as d, trio.open_nursery() as nursery:
        nursery.start_soon(d.forensics.run)
        d.nodes.error = NoNode("polygon", "status 500")
        d.forensics.examine(*failure())
        await trio.sleep(AGAIN_S - 1)
        d.nodes.error = None
        assert d.told() == []
        await trio.sleep(2)
        (found,) = d.told()
        nursery.cancel_scope.cancel()
    assert "status 500" not in found.text


async def test_another_call_than_the_executors_is_not_judged(tmp_path: Path, autojump_clock: MockClock) -> None:
    async with desk(tmp_path) as d, trio.open_nursery() as nursery:
        nursery.start_soon(d.forensics.run)
        d.forensics.examine(*failure(b"\x12\x34\x56\x78"))
        await trio.sleep(0.5)
        (found,) = d.told()
        nursery.cancel_scope.cancel()
    assert found.cause is UNEXPLAINED
    assert d.nodes.calls == []


async def test_one_is_looked_into_at_a_time_with_a_second_between(tmp_path: Path, autojump_clock: MockClock) -> None:
    async with desk(tmp_path) as d, trio.open_nursery() as nursery:
        nursery.start_soon(d.forensics.run)
        for _ in range(3):
            d.forensics.examine(*failure())
        seen = []
        for _ in range(4):
            await wait_all_tasks_blocked()
            seen.append((trio.current_time(), len(d.told())))
            await trio.sleep(1)
        nursery.cancel_scope.cancel()
    assert [count for _, count in seen] == [1, 2, 3, 3]


async def test_more_than_can_wait_is_told_at_once_without_a_look(tmp_path: Path, autojump_clock: MockClock) -> None:
    """Whoever hands failures over never waits, and none goes by without a word."""
    async with desk(tmp_path) as d:
        for _ in range(MOST_WAITING + 2):
            d.forensics.examine(*failure())
        await wait_all_tasks_blocked()
        assert [found.cause for found in d.told()] == [UNEXPLAINED, UNEXPLAINED]
        assert str(MOST_WAITING) in d.told()[0].text
        assert d.nodes.calls == []


async def test_a_trade_that_leant_on_one_that_was_taken_is_taken_with_it(
    tmp_path: Path, autojump_clock: MockClock
) -> None:
    """What is told on the relay is known by the time that a failure is looked into."""
    intent, record, receipt = failure()
    better, leaning = intent, attrs.evolve(intent, intent_id=intent.intent_id + 1)  # type: ignore[misc]
    async with desk(tmp_path) as d, trio.open_nursery() as nursery:
        await nursery.start(d.forensics.run)
        d.execution.publish([better, leaning, sample_finding("a", intent_id=better.intent_id)])
        d.forensics.examine(leaning, record, receipt)
        await trio.sleep(0.5)
        found = d.told()[-1]
        nursery.cancel_scope.cancel()
    assert (found.intent_id, found.cause) == (leaning.intent_id, FailureCause.TAKEN)
    assert found.taken_by == sample_finding().taken_by


@pytest.mark.parametrize("status", ["0x0", "0x1", None])
async def test_what_an_earlier_life_did_not_get_to_is_looked_into_by_its_receipt(
    tmp_path: Path, autojump_clock: MockClock, status: str | None
) -> None:
    intent, record, receipt = failure()
    questions = OpenQuestions()
    mined = attrs.evolve(record, state=TransactionState.MINED, block_number=OUR_BLOCK, block_hash=bytes(32))
    for message in (intent, record.signed, mined.status(1), sample_report()):
        questions.take(message)
    nodes, bus = Nodes(), Bus()
    told = RpcReceipt(
        transaction_hash="0x" + receipt.hash.hex(),
        transaction_index=hex(OUR_INDEX),
        block_hash="0x" + "00" * 32,
        block_number=hex(OUR_BLOCK),
        status=status or "",
        gas_used=hex(400_000),
        effective_gas_price="0x5",
        logs=[],
    )
    nodes.answers["eth_getTransactionReceipt"] = lambda: told if status is not None else None
    async with open_journal(tmp_path) as journal, trio.open_nursery() as nursery:
        forensics = Forensics(nodes, journal, bus.execution, questions=questions, now_ns=lambda: 5)
        await nursery.start(forensics.run)
        await trio.sleep(0.5)
        nursery.cancel_scope.cancel()
    causes = [(one.cause, one.block_number) for one in records(journal) if isinstance(one, FailureFinding)]
    assert causes == {"0x0": [(GAS, OUR_BLOCK)], "0x1": [], None: [(UNEXPLAINED, OUR_BLOCK)]}[status]


async def test_a_broken_journal_keeps_a_finding_from_being_told(
    tmp_path: Path, autojump_clock: MockClock, caplog: pytest.LogCaptureFixture
) -> None:
    async with desk(tmp_path) as d, trio.open_nursery() as nursery:
        nursery.start_soon(d.forensics.run)
        d.disk.fail_write = True
        d.forensics.examine(*failure())
        await trio.sleep(0.5)
        assert d.told() == []
        nursery.cancel_scope.cancel()
    assert "is not in the journal" in caplog.text
