"""The sender on a model chain, in simulated time."""

from __future__ import annotations

from pathlib import Path

import pytest
import trio
from trio.testing import MockClock

from alphapulse.connections.endpoint import Endpoint
from alphapulse.data.transactions import DataFeePaid, Purpose, TransactionSigned, TransactionState, TransactionStatus
from alphapulse.errors import (
    FeesRefused,
    JournalError,
    NoSuchTransaction,
    SendRefused,
    SignerUnreachable,
    SigningRefused,
)
from alphapulse.rules.evm.transaction import DynamicFeeTransaction
from alphapulse.rules.transactions.fees import bumped
from tests.connections.model_nodes import ModelTransport, refusal
from tests.execution.chain.wallet_chain import GWEI, WalletChain, WalletNode
from tests.execution.chain.wallet_rig import EPOCH, EXECUTOR, FEES, KEY, WalletRig, open_wallet, signed_of

S = TransactionState


async def test_a_trade_is_sent_mined_and_settled(autojump_clock: MockClock, tmp_path: Path) -> None:
    """Each state once, in the journal before it is told, with the receipt at hand."""
    async with open_wallet(tmp_path) as rig:
        signed = await rig.sender.send(rig.plan(7))
        await rig.settle()
        assert [node.received for node in rig.nodes] == [[signed.raw]] * 3
        assert signed.transaction == DynamicFeeTransaction(137, 0, 30 * GWEI, 200 * GWEI, 400_000, EXECUTOR, 0, b"go")
        assert rig.signer.signed == [(signed.transaction, EPOCH)]
        await rig.block()
        receipt = rig.sender.receipt_of(signed.hash)
        assert receipt is not None
        assert (receipt.block_number, receipt.succeeded, receipt.cost_wei) == (101, True, 21_000 * 80 * GWEI)
        await rig.block(settled=100)
        await rig.block(settled=101)
        assert rig.history() == [(0, 0, "SENT"), (2, 0, "MINED"), (6, 0, "SETTLED")]
        assert rig.sender.open == ()
        assert (rig.sender.next_nonce, rig.sender.mined_nonce) == (1, 1)
        first, *rest = rig.journalled()
        assert isinstance(first, TransactionSigned)
        assert (first.intent_id, first.hash, first.raw, first.nonce) == (7, signed.hash, signed.raw, 0)
        assert rest == rig.told
        assert [status.gas_price_wei for status in rig.told] == [None, 80 * GWEI, 80 * GWEI]


async def test_what_a_rollup_asks_for_data_is_written_before_the_status(
    autojump_clock: MockClock, tmp_path: Path
) -> None:
    """Once in each block, and not to who only wants to hear how it stands."""
    async with open_wallet(tmp_path) as rig:
        rig.chain.data_fee_wei = 77
        signed = await rig.sender.send(rig.plan(7))
        await rig.settle()
        await rig.block()
        await rig.block(settled=101)
        _, sent, fee, *rest = rig.journalled()
        assert isinstance(fee, DataFeePaid)
        assert (fee.hash, fee.block_hash, fee.fee_wei) == (signed.hash, rest[0].block_hash, 77)  # type: ignore[attr-defined]
        assert [sent, *rest] == rig.told


async def test_nothing_leaves_before_the_disk_has_it(autojump_clock: MockClock, tmp_path: Path) -> None:
    async with open_wallet(tmp_path) as rig:
        unsynced: list[int] = []
        take = rig.nodes[0].answers["eth_sendRawTransaction"]

        def watched(params: list[object]) -> object:
            unsynced.append(rig.disk.written - rig.disk.synced)
            return take(params)

        rig.nodes[0].answers["eth_sendRawTransaction"] = watched
        await rig.sender.send(rig.plan())
        await rig.settle()
        assert unsynced == [0]


async def test_a_gate_that_closes_while_it_is_signed_or_synced_keeps_the_bytes_here(
    autojump_clock: MockClock, tmp_path: Path
) -> None:
    """Before signing nothing is signed, in the midst of it nothing is written down.

    Behind that the record says DROPPED, and the number is given back.
    """
    async with open_wallet(tmp_path) as rig:
        rig.gate.is_open = False
        with pytest.raises(SendRefused, match="gate_closed"):
            await rig.sender.send(rig.plan())
        assert (rig.signer.signed, rig.journalled()) == ([], [])
        rig.gate.is_open, rig.signer.wait = True, trio.Event()
        async with trio.open_nursery() as nursery:
            nursery.start_soon(refused_send, rig)
            await rig.settle()
            rig.gate.is_open = False
            rig.signer.wait.set()
        assert (len(rig.signer.signed), rig.journalled()) == (1, [])
        rig.gate.is_open = True

        def close() -> None:
            rig.gate.epoch = EPOCH + 1

        rig.disk.during_sync = close
        with pytest.raises(SendRefused) as refused:
            await rig.sender.send(rig.plan(tip_wei=33 * GWEI, cap_wei=220 * GWEI))
        assert refused.value.reason == "gate_closed"
        await rig.settle()
        assert [node.received for node in rig.nodes] == [[], [], []]
        assert [record.state for record in rig.told] == [S.DROPPED]
        assert rig.journalled()[1:] == rig.told
        assert (rig.sender.open, rig.sender.next_nonce) == ((), 0)


async def refused_send(rig: WalletRig) -> None:
    with pytest.raises(SendRefused, match="gate_closed"):
        await rig.sender.send(rig.plan())


async def test_a_number_that_was_given_back_is_used_up_by_what_moves_nothing(
    autojump_clock: MockClock, tmp_path: Path
) -> None:
    """A signer signs nothing cheaper for it: a transfer a tenth dearer takes it, and the trade the next one.

    A trade that offers a tenth more takes it itself.
    """
    async with open_wallet(tmp_path) as rig:
        rig.disk.during_sync = lambda: setattr(rig.gate, "is_open", False)
        for plan in (rig.plan(1), rig.plan(2, tip_wei=33 * GWEI, cap_wei=220 * GWEI)):
            rig.gate.is_open = True
            with pytest.raises(SendRefused, match="gate_closed"):
                await rig.sender.send(plan)
        assert [one.nonce for one in signed_of(rig)] == [0, 0]
        rig.disk.during_sync = lambda: None
        rig.gate.is_open = True
        await rig.sender.send(rig.plan(3))
        await rig.settle()
        assert rig.states() == [(0, "FILL_GAP", "SENT"), (1, "TRADE", "SENT")]
        filler = rig.sender.open[0].signed
        assert (filler.tip_wei, filler.cap_wei, filler.to) == (36_300_000_000, 242 * GWEI, KEY.address)


async def test_a_caller_that_is_cancelled_before_the_bytes_leave_has_sent_nothing(
    autojump_clock: MockClock, tmp_path: Path
) -> None:
    async with open_wallet(tmp_path) as rig:
        rig.signer.wait = trio.Event()
        with trio.move_on_after(1) as scope:
            await rig.sender.send(rig.plan())
        assert scope.cancelled_caught
        rig.signer.wait.set()
        await rig.settle()
        assert rig.sent == []
        assert [record.state for record in rig.told] == [S.DROPPED]


async def test_at_most_so_many_are_under_way(autojump_clock: MockClock, tmp_path: Path) -> None:
    """Numbers rise without a gap; the next trade is refused until one is mined. Several at once are sent at once."""
    async with open_wallet(tmp_path, most_unmined=2) as rig:
        async with trio.open_nursery() as nursery:
            for intent in (1, 2):
                nursery.start_soon(rig.sender.send, rig.plan(intent))
        with pytest.raises(SendRefused) as refused:
            await rig.sender.send(rig.plan(3))
        assert refused.value.reason == "too_many_unmined"
        await rig.block()
        await rig.sender.send(rig.plan(3))
        assert [one.nonce for one in signed_of(rig)] == [0, 1, 2]
        assert {one.intent_id for one in signed_of(rig)} == {1, 2, 3}


async def test_a_hundred_at_once_leave_at_once(autojump_clock: MockClock, tmp_path: Path) -> None:
    """No number twice and none missing, and all are in the next block."""
    async with open_wallet(tmp_path, most_unmined=100) as rig:
        async with trio.open_nursery() as nursery:
            for intent in range(100):
                nursery.start_soon(rig.sender.send, rig.plan(intent))
        await rig.settle()
        assert sorted(one.nonce for one in signed_of(rig)) == list(range(100))
        await rig.block()
        assert len(rig.chain.head.transactions) == 100
        for _ in range(4):
            await rig.block()
        assert {state for _, _, state in rig.states()} == {"MINED"}


async def test_nodes_are_asked_no_more_than_they_answer(autojump_clock: MockClock, tmp_path: Path) -> None:
    """Ten calls a second: four transactions a look, each in its turn, and none is lost sight of."""
    async with open_wallet(tmp_path, most_unmined=12, requests_per_s=10) as rig:
        for intent in range(12):
            await rig.sender.send(rig.plan(intent, deadline_block=900))
        await rig.settle()
        mined = []
        for _ in range(3):
            await rig.block()
            await trio.sleep(2)
            mined.append([state for _, _, state in rig.states()].count("MINED"))
        assert mined == [4, 8, 12]
        assert {state for _, _, state in rig.states()} == {"MINED"}
        assert (rig.sender.problem, rig.foreign) == (None, [])


async def test_what_the_journal_cannot_take_is_not_sent(autojump_clock: MockClock, tmp_path: Path) -> None:
    """A write that fails takes no number; after a sync that failed the number is given back."""
    async with open_wallet(tmp_path) as rig:
        rig.disk.fail_sync = True
        with pytest.raises(JournalError):
            await rig.sender.send(rig.plan())
        assert rig.sent == []
        assert [record.state for record in rig.told] == [S.DROPPED]
        with pytest.raises(JournalError):
            await rig.sender.send(rig.plan())
        assert rig.sent == []


async def test_a_signer_that_does_not_answer_has_sent_nothing(autojump_clock: MockClock, tmp_path: Path) -> None:
    """Its number is asked for again, at any price, however often that was tried."""
    async with open_wallet(tmp_path) as rig:
        rig.signer.error = SignerUnreachable("signer.sock", "nobody answers")
        for _ in range(40):
            with pytest.raises(SignerUnreachable):
                await rig.sender.send(rig.plan())
        rig.signer.error = None
        await rig.sender.send(rig.plan(2))
        assert [(one.nonce, one.purpose) for one in signed_of(rig)] == [(0, Purpose.TRADE)]


async def test_what_a_signer_has_signed_unheard_is_outbid(autojump_clock: MockClock, tmp_path: Path) -> None:
    """It was at the caps of trades: then what moves nothing offers a tenth more, above the cap of tips if need be."""
    of_trades = FEES.of_trades
    dear = {"tip_wei": of_trades.tip_cap_wei, "cap_wei": of_trades.cap_wei}
    async with open_wallet(tmp_path) as rig:
        rig.signer.error = SignerUnreachable("signer.sock", "nobody answers")
        with pytest.raises(SignerUnreachable):
            await rig.sender.send(rig.plan(1, **dear))
        rig.signer.error = SigningRefused("nonce", "less", "a tenth more")
        with pytest.raises(SigningRefused):
            await rig.sender.send(rig.plan(2))
        rig.signer.error = None
        await rig.sender.send(rig.plan(3))
        filler, trade = signed_of(rig)
        assert [(one.nonce, one.purpose) for one in (filler, trade)] == [(0, Purpose.FILL_GAP), (1, Purpose.TRADE)]
        assert (filler.tip_wei, filler.cap_wei) == (330 * GWEI, bumped(of_trades.cap_wei))
        assert filler.cap_wei <= FEES.cap_wei


async def test_what_no_node_has_any_more_is_sent_again_unchanged(autojump_clock: MockClock, tmp_path: Path) -> None:
    """Evicted after the first look: SENT again at once in name, the identical bytes 30 seconds after the first ones."""
    async with open_wallet(tmp_path) as rig:
        signed = await rig.sender.send(rig.plan(deadline_block=900))
        await rig.settle()
        rig.chain.base_fee = 250 * GWEI
        await rig.block()
        for node in rig.nodes:
            node.evict()
        rig.chain.base_fee = 60 * GWEI
        await rig.hear()
        assert rig.history() == [(0, 0, "SENT"), (2, 0, "SEEN"), (2, 0, "SENT")]
        await trio.sleep(27)
        assert len(rig.sent) == 1
        await trio.sleep(6)
        assert rig.sent == [signed.raw] * 2
        await rig.block()
        assert rig.history()[-1] == (37, 0, "MINED")
        assert rig.told[-1].sends == 2


async def test_what_is_stuck_is_replaced_at_a_tenth_more(autojump_clock: MockClock, tmp_path: Path) -> None:
    """Five blocks after each attempt, computed from the one before; the others are REPLACED when one is final."""
    async with open_wallet(tmp_path) as rig:
        for node in rig.nodes:
            node.keeps = True
        first = await rig.sender.send(rig.plan(deadline_block=900))
        await rig.settle()
        rig.chain.base_fee = 230 * GWEI
        for _ in range(5):
            await rig.block()
        second = rig.sender.open[-1].signed
        assert (second.nonce, second.intent_id, second.tip_wei, second.cap_wei) == (0, 1, 33 * GWEI, 220 * GWEI)
        for _ in range(5):
            await rig.block()
        third = rig.sender.open[-1].signed
        assert (third.tip_wei, third.cap_wei) == (36_300_000_000, 242 * GWEI)
        await rig.block()
        await rig.block(settled=111)
        assert [(one.hash, one.state) for one in rig.told[-4:]] == [
            (third.hash, S.MINED), (third.hash, S.SETTLED), (first.hash, S.REPLACED), (second.hash, S.REPLACED)
        ]  # fmt: skip


async def test_a_trade_past_its_deadline_is_cancelled(autojump_clock: MockClock, tmp_path: Path) -> None:
    """The head is its last block and it is in none: a transfer of nothing takes its number, for its intent, unasked."""
    async with open_wallet(tmp_path) as rig:
        await rig.sender.send(rig.plan(4, deadline_block=102))
        await rig.block(empty=True)
        assert rig.states() == [(0, "TRADE", "SEEN")]
        await rig.block(empty=True)
        assert rig.states() == [(0, "TRADE", "SEEN"), (0, "CANCEL", "SENT")]
        cancel = rig.sender.open[-1].signed
        assert (cancel.intent_id, cancel.to, cancel.gas_limit) == (4, KEY.address, 21_000)
        with pytest.raises(SendRefused, match="expired"):
            await rig.sender.send(rig.plan(5, deadline_block=102))


async def test_a_base_fee_ten_times_higher_does_not_block_the_numbers(
    autojump_clock: MockClock, tmp_path: Path
) -> None:
    """All nodes refuse the trade: its number is used up by a transfer that pays what is asked now."""
    async with open_wallet(tmp_path) as rig:
        rig.chain.base_fee = 500 * GWEI
        await rig.sender.send(rig.plan(1, deadline_block=900))
        await rig.settle()
        assert rig.told[-1].text.startswith("refused by all")
        await rig.block()
        assert rig.states() == [(0, "TRADE", "SIGNED"), (0, "CANCEL", "SENT")]
        await rig.block()
        assert rig.states()[1] == (0, "CANCEL", "MINED")
        assert rig.sender.next_nonce == 1


async def test_an_empty_wallet_does_not_drive_its_own_price_up(autojump_clock: MockClock, tmp_path: Path) -> None:
    """Refused for want of funds it is sent again, unchanged; when there are some, it is taken."""
    async with open_wallet(tmp_path) as rig:
        for node in rig.nodes:
            node.answer_to_send = refusal(-32000, "insufficient funds for gas * price + value")
        signed = await rig.sender.send(rig.plan(deadline_block=900))
        for _ in range(20):
            await rig.block()
        assert rig.states() == [(0, "TRADE", "SIGNED")]
        for node in rig.nodes:
            node.answer_to_send = None
        for _ in range(16):
            await rig.block()
        assert rig.states() == [(0, "TRADE", "MINED")]
        assert set(rig.sent) == {signed.raw}


def problem(rig: WalletRig) -> str:
    return rig.sender.problem or ""


async def test_what_would_cost_more_than_the_caps_waits(autojump_clock: MockClock, tmp_path: Path) -> None:
    """Neither a person nor the sender itself goes above them; what waits is kept alive."""
    async with open_wallet(tmp_path) as rig:
        signed = await rig.sender.send(rig.plan(deadline_block=900, cap_wei=950 * GWEI))
        with pytest.raises(FeesRefused, match="cap_reached"):
            await rig.sender.bump(signed.hash)
        for _ in range(6):
            await rig.block(empty=True)
        assert rig.states() == [(0, "TRADE", "SEEN")]
        assert problem(rig).startswith("number 0 cannot be replaced: cap_reached")
        await rig.block()
        assert problem(rig) == ""


async def test_a_trade_is_replaced_only_as_far_as_it_pays_for_it(autojump_clock: MockClock, tmp_path: Path) -> None:
    """Once, of its own accord; then neither it nor a person goes on, and at its deadline its number is used up."""
    async with open_wallet(tmp_path) as rig:
        await rig.sender.send(rig.plan(deadline_block=112, most_cap_wei=220 * GWEI))
        for _ in range(11):
            await rig.block(empty=True)
        assert [(name, state) for _, name, state in rig.states()] == [("TRADE", "SEEN"), ("TRADE", "SEEN")]
        with pytest.raises(FeesRefused, match="this trade pays for 220000000000"):
            await rig.sender.bump(rig.sender.open[-1].hash)
        await rig.block(empty=True)
        assert rig.states()[-1] == (0, "CANCEL", "SENT")


async def test_a_reorganisation_sends_the_identical_bytes_first(autojump_clock: MockClock, tmp_path: Path) -> None:
    """MINED, SENT with the same bytes in the same moment, MINED again in another block, settled there."""
    async with open_wallet(tmp_path) as rig:
        signed = await rig.sender.send(rig.plan())
        await rig.block()
        rig.bus.market_data.publish([rig.chain.take_back(1, "fork")])
        await rig.settle()
        assert rig.sent == [signed.raw] * 2
        await rig.block(settled=102)
        assert [(state, at) for at, _, state in rig.history()] == [
            ("SENT", 0), ("MINED", 2), ("SENT", 2), ("MINED", 4), ("SETTLED", 4)
        ]  # fmt: skip
        assert rig.told[-1].block_hash == rig.chain.head.hash


async def test_a_reorganisation_that_nobody_told_is_found(autojump_clock: MockClock, tmp_path: Path) -> None:
    """After a gap in the stream, and before it is final, the receipt is asked for once more."""
    async with open_wallet(tmp_path) as rig:
        await rig.sender.send(rig.plan())
        await rig.block()
        rig.chain.take_back(1, "fork")
        await rig.block(settled=101)
        assert [state for _, _, state in rig.history()][:3] == ["SENT", "MINED", "SENT"]


class LateTransport(ModelTransport):
    """What nodes answer comes later than they have said it."""

    late_s = 0

    async def post(self, endpoint: Endpoint, body: bytes, *, node: str, limit_s: float) -> bytes:
        answer = await super().post(endpoint, body, node=node, limit_s=limit_s)
        await trio.sleep(self.late_s)
        return answer


async def test_a_receipt_of_a_branch_that_was_left_meanwhile_is_not_believed(
    autojump_clock: MockClock, tmp_path: Path
) -> None:
    """The nodes answer, the chain turns, the answers come: they are asked again, and it is waited for."""
    chain = WalletChain(KEY.address)
    transport = LateTransport(*[WalletNode(label, chain) for label in ("one", "two")])
    async with open_wallet(tmp_path, chain=chain, transport=transport) as rig:
        await rig.sender.send(rig.plan())
        await rig.settle()
        transport.late_s = 1
        chain.mine()
        await rig.hear()
        transport.late_s = 0
        rig.bus.market_data.publish([chain.take_back(1, "fork")])
        for node in rig.nodes:
            node.evict()
        await trio.sleep(3)
        assert "MINED" not in [state for _, _, state in rig.history()]
        await rig.block(empty=True)
        assert (rig.states(), rig.foreign) == ([(0, "TRADE", "SENT")], [])


async def test_a_block_that_only_nodes_have_seen_is_doubted(autojump_clock: MockClock, tmp_path: Path) -> None:
    """They tell of a receipt before our own stream has the block; the stream then has another one there."""
    async with open_wallet(tmp_path) as rig:
        signed = await rig.sender.send(rig.plan())
        await rig.settle()
        rig.chain.mine()
        await trio.sleep(6)
        assert rig.history()[-1][2] == "MINED"
        rig.chain.take_back(1, "fork")
        await rig.hear()
        assert rig.history()[-1][2] == "SENT"
        assert rig.sent == [signed.raw] * 2


async def test_wrong_counts_of_one_node_do_not_matter(autojump_clock: MockClock, tmp_path: Path) -> None:
    """A node that lags, or says more than there is, changes nothing: numbers go on, and nobody cries theft."""
    async with open_wallet(tmp_path) as rig:
        await rig.sender.send(rig.plan(1))
        rig.nodes[0].lag = 1
        await rig.block()
        assert rig.history()[-1][2] == "MINED"
        await rig.sender.send(rig.plan(2))
        rig.nodes[1].answers["eth_getTransactionCount"] = lambda params: "0x63"
        await rig.block()
        assert [one.nonce for one in signed_of(rig)] == [0, 1]
        assert rig.foreign == []


async def test_a_foreign_use_of_the_key_is_told(autojump_clock: MockClock, tmp_path: Path) -> None:
    """A number that is not ours is on the chain: told once.

    One that one of ours has: told when each look for two blocks says so, and ours is REPLACED once that is final.
    """
    async with open_wallet(tmp_path) as rig:
        other = KEY.sign(DynamicFeeTransaction(137, 1, GWEI, 90 * GWEI, 21_000, KEY.address, 5, b""))
        await rig.sender.send(rig.plan(1))
        await rig.block()
        rig.chain.use(other)
        await trio.sleep(11)
        assert len(rig.foreign) == 1
        assert "number 1 is on the chain and is not ours" in rig.foreign[0]
        await rig.sender.send(rig.plan(2))
        rig.chain.use(KEY.sign(DynamicFeeTransaction(137, 2, GWEI, 90 * GWEI, 21_000, KEY.address, 6, b"")))
        await rig.hear()
        await rig.block()
        assert len(rig.foreign) == 1
        await rig.block()
        assert len(rig.foreign) == 2
        await rig.block(settled=rig.chain.head.number)
        await rig.block(settled=rig.chain.head.number)
        assert rig.told[-1].state is S.REPLACED
        assert rig.sender.next_nonce == 3


async def test_receipts_that_are_not_told_are_no_theft(autojump_clock: MockClock, tmp_path: Path) -> None:
    """The transaction itself is known: it is waited for, however long, and booked when its receipt is there."""
    async with open_wallet(tmp_path) as rig:
        await rig.sender.send(rig.plan(1))
        tell = [node.answers["eth_getTransactionReceipt"] for node in rig.nodes]
        for node in rig.nodes:
            node.answers["eth_getTransactionReceipt"] = lambda params: None
        for _ in range(6):
            await rig.block(settled=rig.chain.head.number)
        assert (rig.foreign, rig.states()) == ([], [(0, "TRADE", "SEEN")])
        for node, told in zip(rig.nodes, tell, strict=True):
            node.answers["eth_getTransactionReceipt"] = told
        await rig.block(settled=rig.chain.head.number)
        assert (rig.foreign, rig.told[-1].state) == ([], S.SETTLED)


async def test_nodes_of_two_branches_are_no_theft(autojump_clock: MockClock, tmp_path: Path) -> None:
    """Behind a reorganisation two nodes still count what the third one and the receipts do not have: nothing is told.

    When they have come round the trade is waited for and sent as before.
    """
    async with open_wallet(tmp_path) as rig:
        await rig.sender.send(rig.plan(1, deadline_block=900))
        await rig.block()
        for node in rig.nodes[:2]:
            node.answers["eth_getTransactionCount"] = lambda params: "0x1"
        rig.bus.market_data.publish([rig.chain.take_back(1, "fork")])
        for node in rig.nodes:
            node.answer_to_send = refusal(-32000, "txpool is full")
        await rig.settle()
        await rig.block(empty=True)
        for node in rig.nodes:
            node.answers["eth_getTransactionCount"] = lambda params: hex(rig.chain.mined())
            node.answer_to_send = None
        await rig.block(empty=True)
        assert (rig.foreign, rig.sender.mined_nonce) == ([], 0)
        await trio.sleep(35)
        await rig.block()
        assert rig.states() == [(0, "TRADE", "MINED")]
        assert rig.foreign == []


async def test_an_unknown_outcome_stays_unknown(autojump_clock: MockClock, tmp_path: Path) -> None:
    """No node can say whether it took it: open, counted, and never sent as something new; known again, it goes on."""
    async with open_wallet(tmp_path, most_unmined=1) as rig:
        for node in rig.nodes:
            node.answer_to_send = refusal(-32000, "the moon is in the wrong house")
        signed = await rig.sender.send(rig.plan(deadline_block=900))
        await rig.settle()
        assert rig.states() == [(0, "TRADE", "UNKNOWN")]
        with pytest.raises(SendRefused, match="too_many_unmined"):
            await rig.sender.send(rig.plan(2))
        with pytest.raises(SendRefused, match="unknown"):
            await rig.sender.bump(signed.hash)
        await rig.block()
        assert rig.states() == [(0, "TRADE", "UNKNOWN")]
        for node in rig.nodes:
            node.answer_to_send = None
        rig.nodes[2].pool[signed.hash] = signed
        await rig.hear()
        assert rig.states() == [(0, "TRADE", "SEEN")]


async def test_two_nodes_have_to_say_the_same(autojump_clock: MockClock, tmp_path: Path) -> None:
    """A receipt that one node alone tells does not count; with one node alone it has to do."""
    async with open_wallet(tmp_path, labels=("one", "two")) as rig:
        await rig.sender.send(rig.plan())
        rig.nodes[1].lag = 1
        await rig.block()
        assert [state for _, _, state in rig.history()] == ["SENT", "SEEN"]
        await rig.block()
        assert [state for _, _, state in rig.history()] == ["SENT", "SEEN", "MINED"]


async def test_an_operator_bumps_cancels_and_fills(autojump_clock: MockClock, tmp_path: Path) -> None:
    """Each by its hash or number; what cannot be says why in a word. To take back is possible while all is halted."""
    async with open_wallet(tmp_path) as rig:
        first = await rig.sender.send(rig.plan(1))
        second = await rig.sender.bump(first.hash)
        assert (second.transaction.nonce, second.transaction.tip_wei) == (0, 33 * GWEI)
        rig.gate.is_open = False
        with pytest.raises(SendRefused, match="gate_closed"):
            await rig.sender.bump(first.hash)
        third = await rig.sender.cancel(first.hash)
        assert third.transaction.is_cancel(KEY.address)
        assert third.transaction.tip_wei == 36_300_000_000
        with pytest.raises(SendRefused, match="no_gap"):
            await rig.sender.fill_gap(1)
        with pytest.raises(NoSuchTransaction):
            await rig.sender.cancel(bytes(32))
        await rig.block()
        for act in (rig.sender.bump, rig.sender.cancel):
            with pytest.raises(SendRefused, match="mined"):
                await act(first.hash)
        await rig.block(settled=101)
        with pytest.raises(SendRefused, match="ended"):
            await rig.sender.cancel(third.hash)
        assert [one.intent_id for one in signed_of(rig)] == [1, 1, 1]


async def test_while_the_gate_is_closed_nothing_is_sent_by_itself(autojump_clock: MockClock, tmp_path: Path) -> None:
    """Evicted, stuck and past its deadline: nothing leaves until it is open again, under whatever epoch."""
    async with open_wallet(tmp_path) as rig:
        await rig.sender.send(rig.plan(deadline_block=104))
        await rig.settle()
        rig.gate.is_open = False
        for node in rig.nodes:
            node.evict()
        for _ in range(30):
            await rig.block()
        assert len(rig.sent) == 1
        rig.gate.is_open, rig.gate.epoch = True, EPOCH + 2
        await rig.block()
        assert rig.states()[-1] == (0, "CANCEL", "SENT")
        assert rig.sender.open[-1].signed.halt_epoch == EPOCH + 2


async def test_what_is_stopped_in_the_midst_says_so(autojump_clock: MockClock, tmp_path: Path) -> None:
    """Cut off while it leaves it is UNKNOWN, and who comes later is told; run again, its number is used up."""
    async with open_wallet(tmp_path, start=False) as rig:
        with pytest.raises(SendRefused, match="not_running"):
            await rig.sender.send(rig.plan())
        async with trio.open_nursery() as nursery:
            await nursery.start(rig.sender.run)
            for node in rig.nodes:
                node.slow["eth_sendRawTransaction"] = 5
            await rig.sender.send(rig.plan())
            nursery.cancel_scope.cancel("stopped")
        assert [record.state for record in rig.told] == [S.UNKNOWN]
        assert isinstance(rig.journalled()[-1], TransactionStatus)
        for node in rig.nodes:
            node.slow.clear()
        async with trio.open_nursery() as nursery:
            await nursery.start(rig.sender.run)
            for _ in range(16):
                await rig.block()
            assert rig.states() == [(0, "TRADE", "UNKNOWN"), (0, "CANCEL", "MINED")]
            nursery.cancel_scope.cancel("stopped again")
