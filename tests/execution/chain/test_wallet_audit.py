"""Wallets beside the chain: what is looked at when, what a difference does, and what is none."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import attrs
import trio
from trio.testing import MockClock, wait_all_tasks_blocked

from alphapulse.data.risk import RiskAlert
from alphapulse.data.transactions import WalletAudit
from alphapulse.errors import RpcError
from alphapulse.execution.chain.live_wallet import LiveWallet
from alphapulse.execution.chain.wallet_audit import WalletAuditor
from alphapulse.journal.journal import Journal
from alphapulse.relays.bus import Bus
from alphapulse.rules.execution.wallet_books import WalletBooks
from alphapulse.rules.nodes.rpc_faults import FaultKind
from tests.execution.chain.trading_rig import ObedientSender, TableNodes
from tests.execution.execution_fakes import open_journal, records
from tests.rules.execution.test_wallet_books import FILL, signed
from tests.rules.execution.trade_samples import BASE, BLOCK_HASH, EARNED, EXECUTOR, MINED

COIN_WEI, TOKENS = 10**20, 50
MISSING = RpcError("one", "eth_getBalance", kind=FaultKind.STATE_MISSING, code=-32000, text="pruned")


@attrs.define
class AuditRig:
    """An auditor whose chain is two numbers."""

    auditor: WalletAuditor
    wallet: LiveWallet
    books: WalletBooks
    journal: Journal
    nodes: TableNodes
    told: list[str]
    coin_wei: Any = COIN_WEI
    tokens: int = TOKENS

    def balance(self, params: Sequence[Any]) -> Any:
        return self.coin_wei if isinstance(self.coin_wei, RpcError) else hex(self.coin_wei)

    def trade(self, *, seen: bool = True) -> None:
        """A fill is booked, and the chain has it too."""
        for record in (signed(5), FILL):
            self.books.take(record)
        if seen:
            self.coin_wei -= MINED.cost_wei
            self.tokens += EARNED

    def audits(self) -> list[tuple[bool, int, int]]:
        """Each audit: of the coin, by the books, by the chain."""
        return [(one.token is None, one.books, one.chain) for one in self.written(WalletAudit)]

    def written(self, *types: type) -> list[Any]:
        return [record for record in records(self.journal) if isinstance(record, types)]


@asynccontextmanager
async def audited(folder: Path, *, start: bool = True) -> AsyncIterator[AuditRig]:
    """An auditor that has looked once, at block 99."""
    bus, books, sender, told = Bus(), WalletBooks(), ObedientSender(), list[str]()
    wallet = LiveWallet("main", EXECUTOR, "keystore", sender, sender.book)
    nodes = TableNodes(
        eth_getBlockByNumber={"number": "0x63", "hash": "0x" + "63" * 32},
        eth_getBalance=lambda params: rig.balance(params),  # noqa: PLW0108 - it is made below
        eth_call=lambda _: hex(rig.tokens),
    )
    async with open_journal(folder) as journal, trio.open_nursery() as nursery:
        before = journal.on_append

        def on_append(appended: Sequence[tuple[int, object]]) -> None:
            if before is not None:
                before(appended)
            for _, record in appended:
                books.take(record)

        journal.on_append = on_append
        auditor = WalletAuditor(
            nodes,
            books,
            [wallet],
            [BASE.address],
            journal,
            bus.execution,
            run_number=lambda: 1,
            now_ns=lambda: 9,
            on_difference=told.append,
        )
        rig = AuditRig(auditor, wallet, books, journal, nodes, told)
        if start:
            await nursery.start(auditor.run)
            await wait_all_tasks_blocked()
        yield rig
        nursery.cancel_scope.cancel("the test is over")


async def test_the_first_look_is_the_beginning_of_the_books(tmp_path: Path) -> None:
    """Whatever is there: the coin, and each token in which wallets earn."""
    async with audited(tmp_path) as rig:
        assert rig.audits() == [(True, COIN_WEI, COIN_WEI), (False, TOKENS, TOKENS)]
        assert (rig.wallet.balance_wei, rig.wallet.as_of_block) == (COIN_WEI, 99)


async def test_after_a_settled_block_books_and_chain_are_equal_to_the_unit(tmp_path: Path) -> None:
    """What was read when it was mined counts, though the node has forgotten it since; it is looked at by its hash."""
    async with audited(tmp_path) as rig:
        rig.trade()
        rig.auditor.mined(rig.wallet, 101, BLOCK_HASH)
        await wait_all_tasks_blocked()
        left, rig.coin_wei = rig.coin_wei, MISSING
        rig.auditor.settled(rig.wallet, 101, BLOCK_HASH)
        await wait_all_tasks_blocked()
        assert rig.audits()[2:] == [(True, left, left), (False, TOKENS + EARNED, TOKENS + EARNED)]
        assert rig.told == []
        assert rig.nodes.asked[-1].params[-1]["blockHash"] == f"0x{BLOCK_HASH.hex()}"


async def test_a_difference_that_stays_is_alerted_and_told(tmp_path: Path, mock_clock: MockClock) -> None:
    """Three looks, a second apart; then what is there is the new beginning, and it is told once."""
    async with audited(tmp_path) as rig:
        rig.trade()
        rig.coin_wei += 7
        rig.auditor.settled(rig.wallet, 101, BLOCK_HASH)
        await wait_all_tasks_blocked()
        assert rig.told == []
        for _ in range(2):
            mock_clock.jump(1)
            await wait_all_tasks_blocked()
        assert len(rig.told) == 1
        assert "find out who moved it" in rig.told[0]
        (alert,) = rig.written(RiskAlert)
        assert alert.value - alert.limit == 7
        rig.auditor.settled(rig.wallet, 102, b"\x0c" * 32)
        await wait_all_tasks_blocked()
        assert len(rig.told) == 1


async def test_a_record_that_is_on_its_way_is_no_difference(tmp_path: Path, mock_clock: MockClock) -> None:
    """The chain may be read before the fill is booked."""
    async with audited(tmp_path) as rig:
        rig.trade()
        rig.coin_wei += MINED.cost_wei
        rig.auditor.settled(rig.wallet, 101, BLOCK_HASH)
        await wait_all_tasks_blocked()
        rig.coin_wei -= MINED.cost_wei
        mock_clock.jump(1)
        await wait_all_tasks_blocked()
        assert rig.told == []
        assert len(rig.audits()) == 4


async def test_a_receipt_that_nobody_has_told_yet_is_no_difference(tmp_path: Path, mock_clock: MockClock) -> None:
    """The chain has used the number up: what it cost is in the balance already, and will be in the books."""
    async with audited(tmp_path) as rig:
        rig.trade()
        rig.coin_wei -= 5
        rig.wallet.book.sign(signed(7, b"\7" * 32))
        rig.wallet.book.count(1)
        rig.auditor.settled(rig.wallet, 101, BLOCK_HASH)
        for _ in range(3):
            await wait_all_tasks_blocked()
            mock_clock.jump(1)
        assert (rig.told, len(rig.audits())) == ([], 2)
        rig.coin_wei += 5
        rig.auditor.settled(rig.wallet, 101, BLOCK_HASH)
        await wait_all_tasks_blocked()
        assert (rig.told, len(rig.audits())) == ([], 4)


async def test_nodes_that_do_not_answer_at_first_are_asked_again(tmp_path: Path, mock_clock: MockClock) -> None:
    """Nothing is assumed meanwhile."""
    async with audited(tmp_path, start=False) as rig:
        rig.coin_wei = MISSING
        async with trio.open_nursery() as nursery:
            await nursery.start(rig.auditor.run)
            await wait_all_tasks_blocked()
            assert rig.audits() == []
            rig.coin_wei = COIN_WEI
            mock_clock.jump(1)
            await wait_all_tasks_blocked()
            assert len(rig.audits()) == 2
            nursery.cancel_scope.cancel()


async def test_a_block_that_no_node_knows_any_more_is_no_difference(tmp_path: Path) -> None:
    """It is said in the log, and the next block finds what this one would have found."""
    async with audited(tmp_path) as rig:
        rig.trade()
        rig.coin_wei = MISSING
        rig.auditor.settled(rig.wallet, 101, BLOCK_HASH)
        await wait_all_tasks_blocked()
        assert (rig.told, len(rig.audits())) == ([], 2)


async def test_what_was_read_too_late_is_read_again(tmp_path: Path, mock_clock: MockClock) -> None:
    """A node that makes a block may answer for the one before with what it has now."""
    async with audited(tmp_path) as rig:
        rig.trade()
        rig.coin_wei -= 5
        rig.auditor.mined(rig.wallet, 101, BLOCK_HASH)
        await wait_all_tasks_blocked()
        rig.coin_wei += 5
        rig.auditor.settled(rig.wallet, 101, BLOCK_HASH)
        await wait_all_tasks_blocked()
        mock_clock.jump(1)
        await wait_all_tasks_blocked()
        assert (rig.told, len(rig.audits())) == ([], 4)
