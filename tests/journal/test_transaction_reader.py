"""What the ledger says of real trading."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
import trio

from alphapulse.data.execution import Outcome
from alphapulse.data.orphans import SettlementRevoked
from alphapulse.data.transactions import Purpose, TransactionState
from alphapulse.journal.database import sqlite_url
from alphapulse.journal.journal_file import JournalPosition
from alphapulse.journal.ledger import Ledger
from alphapulse.journal.ledger_reader import LedgerReader
from alphapulse.journal.transaction_reader import ReportRow, TransactionReader, TransactionRow
from alphapulse.rules.transactions.transaction_record import TransactionRecord
from tests.journal.journal_samples import DAY_NS, USDC, fill, intent, report, signal
from tests.journal.transaction_samples import CHAIN, WALLET, finding, hash_of, signed, status, wallet_audit

MINED, SETTLED, SENT = TransactionState.MINED, TransactionState.SETTLED, TransactionState.SENT


@asynccontextmanager
async def reader_of(path: Path, records: Sequence[object], cut: int | None = None) -> AsyncIterator[TransactionReader]:
    """A reader of a ledger of these records, which were applied in two batches, the first with `cut` of them."""
    ledger = Ledger.open(sqlite_url(path / "ledger.db"))
    numbered = list(enumerate(records, 1))
    for part in (numbered[:cut], numbered[cut:] if cut is not None else []):
        if part:
            ledger.apply(part, JournalPosition(part[-1][0], 1, bytes(32)))
    reader = LedgerReader(sqlite_url(path / "ledger.db"), run_blocking=trio.to_thread.run_sync)
    try:
        yield TransactionReader(reader)
    finally:
        await reader.aclose()
        ledger.close()


async def one_of(reader: TransactionReader, tx_hash: bytes) -> TransactionRow | None:
    return next(iter((await reader.transactions(tx_hash=tx_hash)).rows), None)


@pytest.mark.parametrize("cut", [None, 1, 3])
async def test_a_transaction_stands_as_its_newest_status_says_however_records_were_batched(
    tmp_path: Path, cut: int | None
) -> None:
    records = [signed(), status(), status(state=MINED, gas_used=210_000), status(state=SENT, text="its block is gone")]
    async with reader_of(tmp_path, records, cut) as reader:
        row = await one_of(reader, hash_of("a"))
        nobody = await one_of(reader, hash_of("b"))
    assert row is not None
    assert nobody is None
    assert row.standing == TransactionRecord.of(signed()).told(status(state=SENT, text="its block is gone"))
    assert (row.standing.block_number, row.standing.gas_used) == (None, None)


async def test_pages_of_transactions_by_state_openness_and_trade(tmp_path: Path) -> None:
    records = [
        *(signed(name, nonce=nonce, intent_id=nonce) for nonce, name in enumerate("abcde")),
        status("a", SETTLED, nonce=0, gas_used=21_000),
        status("b", TransactionState.UNKNOWN, nonce=1),
        signed("b2", nonce=1, intent_id=1, purpose=Purpose.CANCEL),
    ]
    async with reader_of(tmp_path, records) as reader:
        first = await reader.transactions(limit=4)
        second = await reader.transactions(first.next_cursor, limit=4)
        still_open = await reader.transactions(is_open=True)
        ended = await reader.transactions(is_open=False)
        unknown = await reader.transactions(state=TransactionState.UNKNOWN)
        of_trade = await reader.transactions(intent_id=1)
        with pytest.raises(ValueError, match="next_cursor"):
            await reader.transactions("nonsense")
    assert [row.standing.signed.hash for row in first.rows + second.rows] == [
        hash_of(n) for n in ("b2", "e", "d", "c", "b", "a")
    ]
    assert second.next_cursor is None
    assert {row.standing.signed.hash for row in still_open.rows} == {hash_of(n) for n in ("b", "b2", "c", "d", "e")}
    assert [row.standing.signed.hash for row in ended.rows] == [hash_of("a")]
    assert [row.standing.signed.hash for row in unknown.rows] == [hash_of("b")]
    assert [row.standing.signed.hash for row in of_trade.rows] == [hash_of("b2"), hash_of("b")]


async def test_what_was_mined_in_its_place_is_named_and_only_that(tmp_path: Path) -> None:
    other_wallet = signed("c", wallet=bytes(20))
    records = [signed("a"), signed("b"), other_wallet, status("c", MINED, gas_used=1, wallet=bytes(20))]
    async with reader_of(tmp_path, records) as reader:
        before = await one_of(reader, hash_of("a"))
    assert before is not None
    assert before.replaced_by is None
    (tmp_path / "later").mkdir()
    mined = [*records, status("b", MINED, gas_used=1)]
    async with reader_of(tmp_path / "later", mined) as reader:
        after = await one_of(reader, hash_of("a"))
        itself = await one_of(reader, hash_of("b"))
    assert after is not None
    assert itself is not None
    assert (after.replaced_by, itself.replaced_by) == (hash_of("b"), None)


async def test_a_trade_is_told_from_its_intent_to_its_end(tmp_path: Path) -> None:
    taken_back = SettlementRevoked.of(intent(4), fill(4), 100, times=1, text="orphaned", revoked_ns=DAY_NS)
    records = [
        *(signal(number) for number in (1, 2, 3, 4)),
        *(intent(number) for number in (1, 2, 3, 4)),
        *(fill(1), report(2), finding(intent_id=2), fill(4), taken_back),
        finding(intent_id=1),
    ]
    async with reader_of(tmp_path, records) as reader:
        trades = [await reader.trade(number) for number in (1, 2, 3, 4, 5, 2**64)]
        newest = await reader.trades(limit=3)
        oldest = await reader.trades(newest.next_cursor, limit=3)
    filled, failed, still_open, reopened, *nobody = trades
    assert nobody == [None, None]
    assert [*newest.rows, *oldest.rows] == trades[3::-1]
    assert oldest.next_cursor is None
    assert filled is not None
    assert failed is not None
    assert still_open is not None
    assert reopened is not None
    assert (filled.intent, filled.ending, filled.finding) == (intent(1), fill(1), None)
    assert failed.ending == ReportRow(Outcome.REVERTED, gas_wei=2 * 10**15, gas_cost=40, text="somebody else was first")
    assert failed.finding == finding(intent_id=2)
    assert (still_open.ending, still_open.orphaned) == (None, False)
    assert taken_back.reopened
    assert (reopened.ending, reopened.orphaned) == (None, False)
    gone = SettlementRevoked.of(intent(4), fill(4), 99, times=2, text="orphaned", revoked_ns=DAY_NS)
    (tmp_path / "gone").mkdir()
    async with reader_of(tmp_path / "gone", [*records, fill(4), gone]) as reader:
        orphaned = await reader.trade(4)
    assert orphaned is not None
    assert (orphaned.ending, orphaned.orphaned) == (None, True)


async def test_the_newest_audit_of_each_token_counts(tmp_path: Path) -> None:
    records = [wallet_audit(books=1), wallet_audit(None, chain=9), wallet_audit(block_number=111, books=-3)]
    async with reader_of(tmp_path, records) as reader:
        coin, token = await reader.audits()
    assert (coin.token, coin.books, coin.chain) == (None, 5, 9)
    assert (token.token, token.block_number, token.books, token.chain) == (USDC, 111, -3, 5)


async def test_gas_is_counted_once_a_receipt_is_there_and_as_far_back_as_asked(tmp_path: Path) -> None:
    records = [
        *(signed("a", nonce=1), signed("b", nonce=2), signed("c", nonce=3)),
        status("a", SETTLED, nonce=1, gas_used=100, at_ns=DAY_NS + 10),
        status("b", MINED, nonce=2, gas_used=10, at_ns=DAY_NS + 20),
        status("c", nonce=3, at_ns=DAY_NS + 30),
    ]
    async with reader_of(tmp_path, records) as reader:
        assert await reader.gas_paid_wei(WALLET, CHAIN, DAY_NS) == 110 * 50 * 10**9
        assert await reader.gas_paid_wei(WALLET, CHAIN, DAY_NS + 15) == 10 * 50 * 10**9
        assert await reader.gas_paid_wei(WALLET, CHAIN + 1, DAY_NS) == 0
