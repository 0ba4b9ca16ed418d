"""What a start makes of the journal of a life that was cut off, at whatever moment."""

from __future__ import annotations

from pathlib import Path

import attrs
import pytest
import trio
from trio.testing import MockClock

from alphapulse.data.transactions import Purpose, TransactionSigned, TransactionState, TransactionStatus
from alphapulse.errors import SendRefused
from alphapulse.rules.evm.keccak import keccak256
from alphapulse.rules.evm.transaction import DynamicFeeTransaction, read_signed
from tests.execution.chain.wallet_chain import GWEI, WalletChain, WalletNode
from tests.execution.chain.wallet_rig import EPOCH, EXECUTOR, KEY, Gate, WalletRig, open_wallet

S = TransactionState
MINUTE_S = 60


@attrs.frozen
class Cut:
    """A moment at which the process may be killed: what the journal holds then, and what the nodes have."""

    found: tuple[object, ...]
    chain: WalletChain


async def lived(folder: Path) -> list[Cut]:
    """A life with all that can happen in it, cut at every record and at every arrival at a node."""
    cuts: list[Cut] = []
    async with open_wallet(folder) as rig:
        written: list[object] = []

        def on_append(records: object) -> None:
            cuts.append(Cut(tuple(written), rig.chain.copy()))
            written.extend(rig.journalled()[len(written) :])
            cuts.append(Cut(tuple(written), rig.chain.copy()))

        rig.journal.on_append = on_append
        rig.chain.on_receive = lambda: cuts.append(Cut(tuple(written), rig.chain.copy()))
        await rig.sender.send(rig.plan(1))
        await rig.sender.send(rig.plan(2))
        await rig.settle()
        await rig.block()
        await dropped(rig, 3)
        for node in rig.nodes:
            node.keeps = True
        await rig.sender.send(rig.plan(4, deadline_block=104, tip_wei=40 * GWEI, cap_wei=240 * GWEI))
        await rig.sender.send(rig.plan(5, deadline_block=900, tip_wei=40 * GWEI, cap_wei=240 * GWEI))
        await rig.settle()
        rig.chain.base_fee = 300 * GWEI
        for _ in range(6):
            await rig.block(settled=101)
        rig.chain.base_fee = 60 * GWEI
        await rig.block(settled=101)
        rig.bus.market_data.publish([rig.chain.take_back(1, "fork")])
        await rig.settle()
        await rig.block(settled=108)
    return cuts


async def dropped(rig: WalletRig, intent_id: int) -> None:
    """A trade for which the gate closes while it waits for the disk."""
    rig.disk.during_sync = lambda: setattr(rig.gate, "is_open", False)
    with pytest.raises(SendRefused):
        await rig.sender.send(rig.plan(intent_id))
    rig.disk.during_sync = lambda: None
    rig.gate.is_open = True


async def look_after(folder: Path, cut: Cut) -> None:
    """A life behind the cut, a minute of blocks long: everything comes to an end, and nothing is done twice."""
    cut.chain.base_fee = 60 * GWEI
    async with open_wallet(folder, chain=cut.chain, found=cut.found) as rig:
        for _ in range(MINUTE_S // 2):
            await rig.block(settled=rig.chain.head.number)
        await rig.hear(settled=rig.chain.head.number)
        assert rig.sender.open == ()
        assert rig.sender.next_nonce == rig.chain.mined()
        assert rig.foreign == []
        known = {record.hash for record in (*cut.found, *rig.journalled()) if isinstance(record, TransactionSigned)}
        assert {keccak256(raw) for node in rig.nodes for raw in node.received} <= known
        trades = [
            record.intent_id
            for record in (*cut.found, *rig.journalled())
            if isinstance(record, TransactionSigned)
            and record.purpose is Purpose.TRADE
            and rig.chain.find(record.hash, rig.chain.head.number)
        ]
        assert len(trades) == len(set(trades))
        signed_anew = [record for record in rig.journalled() if isinstance(record, TransactionSigned)]
        followed = {record.intent_id for record in cut.found if isinstance(record, TransactionSigned)}
        assert all(one.purpose is not Purpose.TRADE or one.intent_id in followed for one in signed_anew)


@pytest.mark.slow
async def test_killed_at_any_moment_a_start_brings_everything_to_its_end(
    autojump_clock: MockClock, tmp_path: Path
) -> None:
    """No transaction that the journal does not know, no gap longer than a minute, no trade twice."""
    cuts = await lived(tmp_path)
    assert len(cuts) > 60
    for number, cut in enumerate(cuts):
        folder = tmp_path / str(number)
        folder.mkdir()
        await look_after(folder, cut)


def found_signed(name: str, nonce: int, **changes: object) -> TransactionSigned:
    """What a life before has signed."""
    signed = KEY.sign(DynamicFeeTransaction(137, nonce, 30 * GWEI, 200 * GWEI, 400_000, EXECUTOR, 0, name.encode()))
    plain = TransactionSigned(
        1, KEY.address, 137, nonce, signed.hash, Purpose.TRADE, nonce, EPOCH, EXECUTOR, 400_000, 30 * GWEI, 200 * GWEI,
        900, signed.raw, 5,
    )  # fmt: skip
    return attrs.evolve(plain, **changes)  # type: ignore[misc]


def found_state(signed: TransactionSigned, state: TransactionState) -> TransactionStatus:
    in_block = state in (S.MINED, S.SETTLED)
    return TransactionStatus(
        1, KEY.address, 137, signed.nonce, signed.hash, state, 1, 100 if in_block else None,
        bytes(32) if in_block else None, 21_000 if in_block else None, GWEI if in_block else None, "", 6,
    )  # fmt: skip


async def test_what_nobody_knows_is_never_sent_again(autojump_clock: MockClock, tmp_path: Path) -> None:
    """Found in the journal and at no node: UNKNOWN, and its number goes to a transfer of nothing a tenth dearer.

    What a node has is followed, and each is told once as it stands.
    """
    lost, kept = found_signed("lost", 0), found_signed("kept", 1)
    chain = WalletChain(KEY.address)
    for label in ("one", "two", "three"):
        WalletNode(label, chain)
    chain.nodes[2].pool[kept.hash] = read_signed(kept.raw)[0]
    async with open_wallet(tmp_path, chain=chain, found=(lost, found_state(lost, S.SENT), kept)) as rig:
        assert rig.states() == [(0, "TRADE", "UNKNOWN"), (0, "CANCEL", "SEEN"), (1, "TRADE", "SEEN")]
        assert [(one.nonce, one.state) for one in rig.told][:2] == [(0, S.UNKNOWN), (1, S.SEEN)]
        cancel = rig.sender.open[1].signed
        assert (cancel.intent_id, cancel.tip_wei, cancel.cap_wei) == (0, 33 * GWEI, 220 * GWEI)
        await rig.block()
        await rig.block(settled=101)
        assert rig.sender.open == ()
        assert lost.raw not in rig.sent
        assert [(one.hash, one.state) for one in rig.told[-3:]] == [
            (cancel.hash, S.SETTLED), (lost.hash, S.REPLACED), (kept.hash, S.SETTLED)
        ]  # fmt: skip


async def test_what_was_mined_meanwhile_is_told_with_its_receipt(autojump_clock: MockClock, tmp_path: Path) -> None:
    """Also if the journal says MINED already: who trades may not have booked it. Only what is new is written down."""
    first, second = found_signed("a", 0), found_signed("b", 1)
    chain = WalletChain(KEY.address)
    for label in ("one", "two"):
        WalletNode(label, chain).pool.update({one.hash: read_signed(one.raw)[0] for one in (first, second)})
    block = chain.mine()
    mined = attrs.evolve(found_state(first, S.MINED), block_number=101, block_hash=block.hash)  # type: ignore[misc]
    async with open_wallet(tmp_path, chain=chain, found=(first, second, mined)) as rig:
        assert [(one.nonce, one.state) for one in rig.told] == [(1, S.MINED), (0, S.MINED)]
        assert all(rig.sender.receipt_of(one.hash) is not None for one in (first, second))
        assert [one.nonce for one in rig.journalled() if isinstance(one, TransactionStatus)] == [1]


def mined(rig: WalletRig) -> int | None:
    return rig.sender.mined_nonce


async def test_a_start_waits_for_a_quorum_before_it_gives_numbers(autojump_clock: MockClock, tmp_path: Path) -> None:
    """While one of two nodes alone answers nothing is sent: one that lags would give a number twice."""
    async with open_wallet(tmp_path, labels=("one", "two"), start=False) as rig:
        rig.nodes[1].answers["eth_getTransactionCount"] = lambda params: "garbage"
        async with trio.open_nursery() as nursery:
            await nursery.start(rig.sender.run)
            assert mined(rig) is None
            with pytest.raises(SendRefused, match="nonce_unknown"):
                await rig.sender.send(rig.plan())
            rig.nodes[1].answers["eth_getTransactionCount"] = lambda params: "0x0"
            await trio.sleep(2)
            await rig.sender.send(rig.plan())
            assert mined(rig) == 0
            nursery.cancel_scope.cancel("seen")


async def test_a_key_that_was_used_meanwhile_is_found_at_the_start(autojump_clock: MockClock, tmp_path: Path) -> None:
    """A number behind our last one is used up by something that the journal does not know."""
    ours = found_signed("a", 0)
    chain = WalletChain(KEY.address)
    for label in ("one", "two"):
        WalletNode(label, chain)
    chain.use(read_signed(ours.raw)[0], KEY.sign(DynamicFeeTransaction(137, 1, 0, GWEI, 21_000, EXECUTOR, 0, b"")))
    async with open_wallet(tmp_path, chain=chain, found=(ours,)) as rig:
        assert len(rig.foreign) == 1
        assert rig.sender.next_nonce == 2


async def test_behind_a_gate_that_stays_closed_a_start_only_takes_back(
    autojump_clock: MockClock, tmp_path: Path
) -> None:
    """Halted, it sends no trade, but a transfer of nothing in the place of what nobody knows: else it stayed halted."""
    lost, gate = found_signed("lost", 0), Gate(is_open=False)
    async with open_wallet(tmp_path, found=(lost,), gate=gate) as rig:
        for _ in range(10):
            await rig.block()
        assert rig.states()[0][:2] == (0, "TRADE")
        assert {purpose for _, purpose, _ in rig.states()[1:]} == {"CANCEL"}
        with pytest.raises(SendRefused):
            await rig.sender.send(rig.plan())
