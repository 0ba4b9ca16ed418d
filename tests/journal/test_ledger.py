"""The ledger equals its journal, however it came about."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from itertools import islice, pairwise
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from alphapulse.data.runs import ChainLink
from alphapulse.data.wire import Source
from alphapulse.errors import JournalError, LedgerError
from alphapulse.journal.database import sqlite_url
from alphapulse.journal.journal_file import START, JournalPosition, end_of, read_records
from alphapulse.journal.ledger import Ledger, rebuild
from alphapulse.rules.wire.frame import encode_frame
from tests.journal.journal_samples import (
    DAY_NS,
    USDC,
    WETH,
    audit,
    decision,
    fill,
    halt,
    halt_report,
    history,
    report,
    run_ended,
    run_started,
    signal,
)
from tests.journal.ledger_dump import Dump, column, dump


def write_journal(path: Path, records: Sequence[object]) -> JournalPosition:
    previous = bytes(32)
    with path.open("wb") as file:
        for index, record in enumerate(records, 1):
            frame = encode_frame(
                [record, ChainLink(previous=previous)],
                source=Source.EXECUTION_ENGINE,
                sequence=index,
                timestamp_ns=DAY_NS,
            )
            previous = hashlib.sha256(frame).digest()
            file.write(frame)
    return end_of(path)


def ledger_of(folder: Path, records: Sequence[object]) -> Path:
    """A ledger made from a journal of these records."""
    write_journal(folder / "journal", records)
    rebuild(folder / "journal", sqlite_url(folder / "ledger.db"))
    return folder / "ledger.db"


def test_new_ledger_stands_at_the_beginning_and_is_for_its_owner_only(tmp_path: Path) -> None:
    ledger = Ledger.open(sqlite_url(tmp_path / "ledger.db"))
    assert ledger.position == START
    ledger.close()
    assert [path.stat().st_mode & 0o777 for path in tmp_path.iterdir()] == [0o600]


def test_results_of_opportunities_follow_the_records(tmp_path: Path) -> None:
    records = [signal(1), signal(2), signal(3), signal(4), decision(1), fill(2), report(3)]
    path = ledger_of(tmp_path, records)
    assert column(path, "opportunities", "result") == ["refused", "traded", "failed", "pending"]
    assert column(path, "opportunities", "actual_net") == [None, "560", "-40", None]


def test_256_bit_amounts_add_up_to_the_last_unit(tmp_path: Path) -> None:
    huge = 2**255 - 1
    path = ledger_of(tmp_path, [fill(1, gross=huge, gas_wei=2**256 - 1), fill(2, gross=huge, gas_wei=1)])
    assert column(path, "fills", "gross") == [str(huge)] * 2
    assert column(path, "pnl", "gross") == [str(2 * huge)]
    assert column(path, "pnl", "net") == [str(2 * (huge - 440))]
    assert column(path, "positions", "amount") == [str(2 * (huge - 350))]
    assert column(path, "positions", "gas_wei") == [str(2**256)]


def test_profit_and_loss_is_kept_by_run_strategy_day_and_token(tmp_path: Path) -> None:
    day_ns = 86_400_000_000_000
    records = [
        fill(1),
        fill(2),
        fill(3, token=WETH),
        fill(4, strategy="other"),
        fill(5, run=2),
        fill(6, venue_time_ns=DAY_NS + day_ns),
        decision(7),
        report(8),
    ]
    rows = dump(ledger_of(tmp_path, records))["pnl"]
    usdc, weth = "0x" + USDC.hex(), "0x" + WETH.hex()
    assert [row[:7] for row in rows] == [
        (1, "flash", "2024-01-05", usdc, 2, 1, 1),
        (1, "flash", "2024-01-05", weth, 1, 0, 0),
        (1, "flash", "2024-01-06", usdc, 1, 0, 0),
        (1, "other", "2024-01-05", usdc, 1, 0, 0),
        (2, "flash", "2024-01-05", usdc, 1, 0, 0),
    ]
    assert rows[0][-1] == str(2 * 560 - 40)


def test_runs_halts_and_audit_are_shown(tmp_path: Path) -> None:
    path = ledger_of(tmp_path, [run_started(1), run_ended(1), run_started(2), halt(), halt_report(), audit()])
    assert column(path, "runs", "end_reason") == ["the recording began again", None]
    assert column(path, "halts", "cancelled") == [2]
    assert column(path, "audit", "action") == ["control.kill"]


def test_resume_keeps_its_row_free_of_the_halts_report(tmp_path: Path) -> None:
    path = ledger_of(tmp_path, [halt(1), halt(1, halt().level.ACTIVE), halt_report(1)])
    assert column(path, "halts", "cancelled") == [2, None]


RECORDS = list(islice(history(5), 120))


def in_batches(folder: Path, cuts: Sequence[int]) -> Dump:
    write_journal(folder / "journal", RECORDS)
    path = folder / "batched.db"
    path.unlink(missing_ok=True)
    ledger = Ledger.open(sqlite_url(path))
    entries = list(read_records(folder / "journal"))
    for begin, end in pairwise([0, *sorted({*cuts, len(entries)} - {0})]):
        batch = [(position.records, record) for position, record in entries[begin:end]]
        ledger.apply(batch, entries[end - 1][0])
    ledger.close()
    return dump(path)


@pytest.mark.slow
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=15)
@given(st.sets(st.integers(1, 119)))
def test_batches_may_be_cut_anywhere(tmp_path: Path, cuts: set[int]) -> None:
    assert in_batches(tmp_path, sorted(cuts)) == in_batches(tmp_path, [])


def test_ledger_that_is_behind_catches_up(tmp_path: Path) -> None:
    journal, url = tmp_path / "journal", sqlite_url(tmp_path / "ledger.db")
    for length in (40, 41, 700):
        records = list(islice(history(2), length))
        end = write_journal(journal, records)
        ledger = Ledger.open(url)
        ledger.catch_up(journal, end)
        assert ledger.position == end
        ledger.close()
    rebuild(journal, sqlite_url(tmp_path / "fresh.db"))
    assert dump(tmp_path / "ledger.db") == dump(tmp_path / "fresh.db")


@pytest.mark.parametrize(
    "other",
    [
        list(islice(history(4), 30)),
        list(islice(history(3), 20)),
        list(islice(history(4), 50)),
        [*islice(history(3), 29), audit()],
        [*islice(history(3), 29), audit(), audit()],
        [],
    ],
    ids=[
        "another of equal length",
        "shorter after a power cut",
        "another and longer",
        "another end",
        "regrown after a power cut",
        "empty",
    ],
)
def test_ledger_of_another_history_is_made_again(tmp_path: Path, other: list[object]) -> None:
    """The ledger may have seen records that the journal lost in a power cut; the journal is what counts."""
    ledger_of(tmp_path, list(islice(history(3), 30)))
    end = write_journal(tmp_path / "journal", other)
    ledger = Ledger.open(sqlite_url(tmp_path / "ledger.db"))
    ledger.catch_up(tmp_path / "journal", end)
    ledger.close()
    rebuild(tmp_path / "journal", sqlite_url(tmp_path / "fresh.db"))
    assert dump(tmp_path / "ledger.db") == dump(tmp_path / "fresh.db")


def test_rebuild_repairs_rows_that_somebody_changed(tmp_path: Path) -> None:
    path = ledger_of(tmp_path, RECORDS)
    right = dump(path)
    ledger = Ledger.open(sqlite_url(path))
    ledger.clear()
    ledger.close()
    assert dump(path) != right
    rebuild(tmp_path / "journal", sqlite_url(path))
    assert dump(path) == right


def test_rebuild_stops_before_a_torn_tail(tmp_path: Path) -> None:
    journal = tmp_path / "journal"
    write_journal(journal, RECORDS[:10])
    journal.write_bytes(journal.read_bytes()[:-1])
    assert rebuild(journal, sqlite_url(tmp_path / "ledger.db")).records == 9


def test_rebuild_from_a_rotten_journal_is_refused_before_anything_is_emptied(tmp_path: Path) -> None:
    path = ledger_of(tmp_path, RECORDS)
    right = dump(path)
    journal = tmp_path / "journal"
    content = bytearray(journal.read_bytes())
    content[500] ^= 1
    journal.write_bytes(content)
    with pytest.raises(JournalError, match="is damaged at byte"):
        rebuild(journal, sqlite_url(path))
    assert dump(path) == right


def test_two_writers_are_noticed_and_nothing_is_booked_twice(tmp_path: Path) -> None:
    end = write_journal(tmp_path / "journal", [fill()])
    url = sqlite_url(tmp_path / "ledger.db")
    first, second = Ledger.open(url), Ledger.open(url)
    first.apply([(1, fill())], end)
    with pytest.raises(LedgerError, match="somebody else has moved it"):
        second.apply([(1, fill())], end)
    first.close()
    second.close()
    assert column(tmp_path / "ledger.db", "pnl", "traded") == [1]


def test_id_that_no_database_can_hold_is_refused_whole(tmp_path: Path) -> None:
    end = write_journal(tmp_path / "journal", [fill(1), fill(2**64 - 1)])
    ledger = Ledger.open(sqlite_url(tmp_path / "ledger.db"))
    with pytest.raises(LedgerError, match="the ledger's database refused"):
        ledger.catch_up(tmp_path / "journal", end)
    ledger.close()
    assert column(tmp_path / "ledger.db", "meta", "applied") == [0]
    assert column(tmp_path / "ledger.db", "fills", "record") == []


def test_journal_that_does_not_reach_its_end_is_refused(tmp_path: Path) -> None:
    end = write_journal(tmp_path / "journal", RECORDS)
    write_journal(tmp_path / "journal", RECORDS[:50])
    ledger = Ledger.open(sqlite_url(tmp_path / "ledger.db"))
    with pytest.raises(LedgerError, match=r"expected the journal .* to hold 120 records"):
        ledger.catch_up(tmp_path / "journal", end)
    ledger.close()


@pytest.mark.parametrize("url", ["not a url", "sqlite:////nowhere/at/all/ledger.db", "nosuchbase://here/ledger"])
def test_database_that_cannot_be_used_is_a_ledger_error(url: str) -> None:
    with pytest.raises(LedgerError):
        Ledger.open(url)


def test_file_that_is_no_database_is_a_ledger_error(tmp_path: Path) -> None:
    (tmp_path / "ledger.db").write_bytes(b"dear diary, " * 100)
    with pytest.raises(LedgerError, match="file is not a database"):
        Ledger.open(sqlite_url(tmp_path / "ledger.db"))
