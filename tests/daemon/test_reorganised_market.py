"""The whole daemon on a chain that takes blocks back: its books are those of the day without the orphaned blocks."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from trio.testing import MockClock

from alphapulse.composition.environment import DataPaths
from alphapulse.data.execution import Mode
from alphapulse.data.orphans import BlocksOrphaned, RefusalsRevoked, SettlementRevoked
from alphapulse.journal.database import sqlite_url
from alphapulse.journal.journal_file import read_records
from alphapulse.journal.ledger import rebuild
from tests.daemon.daemon_rig import running_daemon
from tests.daemon.day_config import Day
from tests.daemon.reorganised_market import ReorganisedMarket, real_blocks
from tests.journal.ledger_dump import dump

NOTHING = "2024-01-04T00:00:00Z"
"""The daemon's own recording ends before it begins: the test is its chain."""
SHARE_PPM = 150_000


async def books_of(folder: Path, seed: int, share_ppm: int, latency: str) -> tuple[dict[str, Any], list[object]]:
    """What a day ends with, and the journal's records."""
    folder.mkdir()
    async with running_daemon(folder, Day(end=NOTHING, latency=latency, gas_price_wei=10**9)) as rig:
        daemon = rig.daemon
        await rig.until(1)
        market = ReorganisedMarket(daemon, seed, share_ppm)
        await market.play(real_blocks(daemon.pools))
        await daemon.books.ledger.flush()
        assert bool(market.reorganisations) == bool(share_ppm)
        assert daemon.executor.pending == ()
        portfolio, record = daemon.portfolio, daemon.gate.record
        books: dict[str, Any] = {
            "by day": portfolio.by_day,
            "holdings": portfolio.holdings,
            "gas": portfolio.gas_wei,
            "rejected": portfolio.rejected,
            "tokens": {
                token: (one.total, one.best, one.worst, one.last_trade_ns, one.largest, one.curve)
                for token, one in portfolio.tokens.items()
            },
            "losses": record.losses.states,
            "streaks": record.losses.streaks,
            "stakes": record.exposure.stakes,
        }
    paths = DataPaths.in_folder(folder / "data", Mode.PAPER)
    kept = dump(paths.ledger)
    rebuild(paths.journal, sqlite_url(folder / "rebuilt.sqlite"))
    assert dump(folder / "rebuilt.sqlite") == kept, "a ledger made again from the journal is the one that was kept"
    books |= {"pnl": kept["pnl"], "positions": kept["positions"]}
    return books, [record for _, record in read_records(paths.journal)]


@pytest.mark.slow
@pytest.mark.parametrize("latency", ["{ logs = 0 }", "{ blocks = 1 }"])
async def test_the_books_are_those_of_the_surviving_blocks(
    tmp_path: Path, latency: str, autojump_clock: MockClock
) -> None:
    """Strategy, gate, engine, executor, portfolio, ledger and limits, over hundreds of reorganisations of one day."""
    expected, _ = await books_of(tmp_path / "calm", 0, 0, latency)
    found, records = await books_of(tmp_path / "rough", 7, SHARE_PPM, latency)
    for name, books in expected.items():
        assert found[name] == books, name
    revoked = [record for record in records if isinstance(record, SettlementRevoked)]
    orphaned = [record for record in records if isinstance(record, BlocksOrphaned)]
    assert len(orphaned) > 100
    assert len(revoked) > 20
    assert any(isinstance(record, RefusalsRevoked) for record in records)
    assert sum(one.revoked for one in orphaned) == len(revoked)
