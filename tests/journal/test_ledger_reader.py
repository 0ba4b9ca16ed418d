"""Questions to the ledger are answered exactly, page by page, without a way to write."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
import trio
from sqlalchemy import text
from sqlalchemy.exc import OperationalError

from alphapulse.data.execution import Check, Mode
from alphapulse.data.signals import ArbitrageSignal
from alphapulse.errors import LedgerError
from alphapulse.journal.database import reading_engine, sqlite_url
from alphapulse.journal.journal_file import JournalPosition
from alphapulse.journal.ledger import Ledger
from alphapulse.journal.ledger_reader import LedgerReader, PnlRow, PositionRow, Reason, RunRow
from alphapulse.journal.ledger_rows import Result
from alphapulse.rules.accounting.profit_and_loss import ProfitAndLoss
from tests.fakes.open_files import open_files_in
from tests.journal.journal_samples import DAY_NS, USDC, WETH, decision, fill, report, run_ended, run_started, signal


@asynccontextmanager
async def reader_of(path: Path, records: Sequence[object]) -> AsyncIterator[LedgerReader]:
    ledger = Ledger.open(sqlite_url(path))
    ledger.apply(list(enumerate(records, 1)), JournalPosition(len(records), 1, bytes(32)))
    reader = LedgerReader(sqlite_url(path), run_blocking=trio.to_thread.run_sync)
    try:
        yield reader
    finally:
        await reader.aclose()
        ledger.close()


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "odd name, with ?#% and é" / "ledger.db"


@pytest.fixture(autouse=True)
def folder(path: Path) -> None:
    path.parent.mkdir()


async def test_opportunities_tell_signal_result_and_reason(path: Path) -> None:
    signals = [signal(i, gross=2**255 - i) for i in (1, 2, 3, 4)]
    records = [*signals, decision(1, failed=Check.INPUT_FRESH), fill(2, gross=2**255 - 1), report(3)]
    async with reader_of(path, records) as reader:
        page = await reader.opportunities()
    assert [row.signal for row in page.rows] == signals[::-1]
    pending, failed, traded, refused = page.rows
    assert (pending.result, pending.reason, pending.actual_net) == (Result.PENDING, None, None)
    assert (failed.result, failed.actual_net) == (Result.FAILED, -40)
    assert failed.reason == Reason("reverted", "somebody else was first", -12, 100, "raw profit token")
    assert (traded.result, traded.reason, traded.actual_net) == (Result.TRADED, None, 2**255 - 441)
    assert refused.result is Result.REFUSED
    assert refused.reason == Reason("input_fresh", "the net profit is below the limit", -5, 100, "raw USDC")


async def test_pages_hold_every_row_once_newest_first_while_new_ones_arrive(path: Path) -> None:
    signals = [signal(i) for i in range(1, 11)]
    seen: list[ArbitrageSignal] = []
    async with reader_of(path, signals) as reader:
        page = await reader.opportunities(limit=4)
        ledger = Ledger.open(sqlite_url(path))
        ledger.apply([(11, signal(11))], JournalPosition(11, 2, bytes(32)))
        ledger.close()
        while True:
            seen.extend(row.signal for row in page.rows)
            if page.next_cursor is None:
                break
            page = await reader.opportunities(page.next_cursor, 4)
        newest = (await reader.opportunities(limit=1)).rows[0].signal
    assert seen == signals[::-1]
    assert newest == signal(11)


@pytest.mark.parametrize(("rows", "limit", "more"), [(3, 3, False), (4, 3, True), (0, 1, False)])
async def test_cursor_is_given_only_if_there_are_older_rows(path: Path, rows: int, limit: int, more: bool) -> None:
    async with reader_of(path, [signal(i) for i in range(rows)]) as reader:
        page = await reader.opportunities(limit=limit)
    assert (page.next_cursor is not None) is more


async def test_opportunities_are_filtered_by_result_and_run(path: Path) -> None:
    records = [signal(1), signal(2), signal(1, run=2), decision(1), decision(1, run=2)]
    async with reader_of(path, records) as reader:
        refused = await reader.opportunities(result=Result.REFUSED)
        second = await reader.opportunities(run=2)
        both = await reader.opportunities(result=Result.PENDING, run=2)
        counts = await reader.opportunity_counts(1)
    assert [(row.signal.run, row.signal.signal_id) for row in refused.rows] == [(2, 1), (1, 1)]
    assert [row.signal.run for row in second.rows] == [2]
    assert both.rows == ()
    assert counts == {Result.PENDING: 1, Result.REFUSED: 1, Result.TRADED: 0, Result.FAILED: 0, Result.ORPHANED: 0}


async def test_fills_come_back_whole(path: Path) -> None:
    fills = [fill(1, gross=-(2**255) + 440), fill(2, gross=2**255 - 1, gas_wei=2**256 - 1), fill(3, run=2)]
    async with reader_of(path, fills) as reader:
        first = await reader.fills(limit=2)
        rest = await reader.fills(first.next_cursor, 2)
        second_run = await reader.fills(run=2)
    assert [row.fill for row in (*first.rows, *rest.rows)] == fills[::-1]
    assert [row.record for row in first.rows] == [3, 2]
    assert [row.fill for row in second_run.rows] == [fill(3, run=2)]


async def test_runs_are_newest_first(path: Path) -> None:
    async with reader_of(path, [run_started(1), run_ended(1), run_started(2)]) as reader:
        runs = await reader.runs()
    assert runs == (
        RunRow(2, Mode.PAPER, "day recorded", "c0ffee", "start", DAY_NS, None, None),
        RunRow(1, Mode.PAPER, "day recorded", "c0ffee", "start", DAY_NS, DAY_NS + 1, "the recording began again"),
    )


async def test_profit_and_loss_and_positions_of_a_run(path: Path) -> None:
    records = [fill(1), fill(2, token=WETH), report(3), decision(4), fill(5, run=2)]
    async with reader_of(path, records) as reader:
        pnl = await reader.pnl(1)
        positions = await reader.positions(1)
        none = await reader.pnl(3)
    usdc = ProfitAndLoss(USDC).add_fill(fill(1)).add_failure(report(3)).add_refusals()
    weth = ProfitAndLoss(WETH).add_fill(fill(2, token=WETH))
    assert pnl == (PnlRow("flash", "2024-01-05", usdc), PnlRow("flash", "2024-01-05", weth))
    assert positions == (
        PositionRow("flash", USDC, 650, 6 * 10**15),
        PositionRow("flash", WETH, 650, 4 * 10**15),
    )
    assert none == ()


@pytest.mark.parametrize("cursor", ["", "-1", "1.5", "x", "1; DROP TABLE fills", "²", "9" * 40])
async def test_cursor_that_is_none_is_refused(path: Path, cursor: str) -> None:
    async with reader_of(path, []) as reader:
        with pytest.raises(ValueError, match="cursor: expected the next_cursor of an earlier page"):
            await reader.opportunities(cursor)


async def test_limit_below_one_is_refused(path: Path) -> None:
    async with reader_of(path, []) as reader:
        with pytest.raises(ValueError, match="limit: expected at least 1, was 0"):
            await reader.fills(limit=0)


async def test_missing_ledger_is_a_ledger_error_and_is_not_created(path: Path) -> None:
    reader = LedgerReader(sqlite_url(path), run_blocking=trio.to_thread.run_sync)
    with pytest.raises(LedgerError, match="the ledger's database did not answer"):
        await reader.runs()
    await reader.aclose()
    assert list_folder(path.parent) == []


def test_reading_connection_cannot_write(path: Path) -> None:
    Ledger.open(sqlite_url(path)).close()
    engine = reading_engine(sqlite_url(path))
    with engine.connect() as connection, pytest.raises(OperationalError, match="readonly database"):
        connection.execute(text("DELETE FROM meta"))
    engine.dispose()


def list_folder(folder: Path) -> list[Path]:
    return list(folder.iterdir())


async def test_a_reader_that_is_cancelled_closes_its_connections(path: Path) -> None:
    """Between two questions a connection waits in the pool; whoever is cancelled then must not leave it open."""
    async with reader_of(path, []) as reader:
        await reader.runs()
        ours = open_files_in(path.parent)
        with trio.CancelScope() as scope:
            scope.cancel("a test")
            await reader.aclose()
        assert len(open_files_in(path.parent)) < len(ours)
