"""After any reorganisations the books are those of a day that had only the surviving blocks."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from alphapulse.data.orphans import SettlementRevoked
from alphapulse.data.runs import RunStarted
from alphapulse.journal.database import sqlite_url
from alphapulse.journal.journal_file import read_records
from alphapulse.journal.ledger import Ledger
from alphapulse.journal.recovery import Recovery
from alphapulse.portfolio.portfolio import Portfolio
from alphapulse.relays.bus import Bus
from alphapulse.rules.accounting.agreement import JournalFold
from alphapulse.rules.limits.losses import ALL
from alphapulse.rules.limits.trading_record import TradingRecord
from tests.journal.ledger_dump import dump
from tests.journal.reorganised_days import STRATEGIES, reorganised_day
from tests.journal.test_ledger import ledger_of, write_journal

SEEDS = st.integers(0, 1 << 32)


def portfolio_of(records: Iterable[object]) -> Portfolio:
    """As the execution relay feeds it: an intent that is open again is told once more."""
    portfolio = Portfolio(Bus().execution)
    intents = {}
    for record in records:
        if isinstance(record, RunStarted):
            portfolio.begin_run(record.run)
        portfolio.apply([record])
        if type(record).__name__ == "OrderRequest":
            intents[record.intent_id] = record  # type: ignore[attr-defined]
        elif isinstance(record, SettlementRevoked) and record.reopened:
            portfolio.apply([intents[record.intent_id]])
    return portfolio


def record_of(records: Iterable[object]) -> TradingRecord:
    record = TradingRecord()
    for one in records:
        record.take(one)
    return record


@settings(max_examples=20)
@given(seed=SEEDS)
def test_the_portfolio_is_that_of_the_surviving_blocks(seed: int) -> None:
    """Profit and loss by strategy, day and token, holdings, gas, what is open, what stands out, and the curve."""
    day = reorganised_day(seed)
    found, expected = portfolio_of(day.records), portfolio_of(day.surviving)
    for name in ("by_day", "holdings", "gas_wei", "in_flight", "rejected"):
        assert getattr(found, name) == getattr(expected, name), name
    for token, book in expected.tokens.items():
        for name in ("total", "best", "worst", "last_trade_ns", "largest"):
            assert getattr(found.tokens[token], name) == getattr(book, name), name
        assert found.tokens[token].curve == book.curve


@settings(max_examples=20)
@given(seed=SEEDS)
def test_what_limits_ask_for_is_that_of_the_surviving_blocks(seed: int) -> None:
    """Losses with their peaks and streaks, attempts, and exposure."""
    day = reorganised_day(seed)
    found, expected = record_of(day.records), record_of(day.surviving)
    assert found.losses.states == expected.losses.states
    for strategy in (*STRATEGIES, ALL):
        assert found.losses.streak(strategy) == expected.losses.streak(strategy)
        assert found.attempts.most_unfilled(strategy) == expected.attempts.most_unfilled(strategy)
    assert found.attempts.most_failures() == expected.attempts.most_failures()
    assert found.exposure.stakes == expected.exposure.stakes
    assert found.exposure.gas_wei == expected.exposure.gas_wei
    for token in {stake.token for stake in expected.exposure.stakes.values()}:
        assert found.exposure.gross(token) == expected.exposure.gross(token)
        assert found.exposure.net(token) == expected.exposure.net(token)


@settings(max_examples=20)
@given(seed=SEEDS)
def test_a_start_and_the_reconciliation_find_the_same(seed: int) -> None:
    """Open intents and nets, from the journal alone."""
    day = reorganised_day(seed)
    found, expected = JournalFold.of(day.records), JournalFold.of(day.surviving)
    assert found.open_intents == expected.open_intents
    nets = [{account: net for account, net in fold.net.items() if net} for fold in (found, expected)]
    assert nets[0] == nets[1]
    recovered = [Recovery.of(enumerate(records, 1)).unsettled for records in (day.records, day.surviving)]
    assert recovered[0] == recovered[1]
    assert set(recovered[0]) == found.open_intents


@pytest.mark.parametrize("seed", range(3))
def test_the_ledger_shows_the_surviving_blocks_and_marks_the_others(tmp_path: Path, seed: int) -> None:
    """Profit and loss and positions are equal; what is no more is marked, not deleted."""
    day = reorganised_day(seed)
    (tmp_path / "surviving").mkdir()
    found, expected = dump(ledger_of(tmp_path, day.records)), dump(ledger_of(tmp_path / "surviving", day.surviving))
    assert found["pnl"] == expected["pnl"]
    assert found["positions"] == expected["positions"]
    columns = {name: {row[1:3]: row for row in dumped["opportunities"]} for name, dumped in
               (("found", found), ("expected", expected))}  # fmt: skip
    for key, row in columns["expected"].items():
        assert columns["found"][key][1:] == row[1:]
    left = [row for key, row in columns["found"].items() if key not in columns["expected"]]
    assert left
    assert all("orphaned" in row for row in left)


@settings(max_examples=5)
@given(seed=SEEDS, size=st.integers(1, 60))
def test_a_ledger_kept_in_any_batches_is_the_rebuilt_one(
    tmp_path_factory: pytest.TempPathFactory, seed: int, size: int
) -> None:
    """Where a batch is cut does not matter, also where it is cut between a fill and what takes it back."""
    folder = tmp_path_factory.mktemp("days")
    records = reorganised_day(seed, 25).records
    rebuilt = dump(ledger_of(folder, records))
    write_journal(folder / "journal", records)
    ledger = Ledger.open(sqlite_url(folder / "kept.db"))
    batch: list[tuple[int, object]] = []
    for position, record in read_records(folder / "journal"):
        batch.append((position.records, record))
        if len(batch) == size or position.records == len(records):
            ledger.apply(batch, position)
            batch = []
    ledger.close()
    assert dump(folder / "kept.db") == rebuilt
