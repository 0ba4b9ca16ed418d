"""The daemon in the shapes of the API: what each topic says, and when it says that it has changed."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import aclosing, asynccontextmanager
from pathlib import Path

import attrs
import msgspec
import pytest
import trio
from trio.testing import MockClock

from alphapulse.daemon import Daemon
from alphapulse.data.halts import GLOBAL, Via
from alphapulse.data.roles import Role
from alphapulse.errors import HaltError
from alphapulse.journal.audit import head_at
from alphapulse.journal.ledger_reader import LedgerReader
from alphapulse.rules.wire.frame import decode_frame
from alphapulse_web.api.messages import Topics
from alphapulse_web.api.opportunity_shapes import Counts
from alphapulse_web.api.requests import KillRequest, ResumeRequest
from alphapulse_web.api.status_shapes import Stream
from alphapulse_web.api.study_shapes import Sweeps
from alphapulse_web.backend import TOPICS
from alphapulse_web.daemon_backend import DaemonBackend
from alphapulse_web.views.live_view import LiveView
from tests.daemon.daemon_rig import Rig, running_daemon
from tests.daemon.day_config import NET, OPPORTUNITIES, TRADES, USDC, Day
from tests.fakes.inline_blocking import run_inline

HALF_DAY = Day(speed=3600)
FIRST_GAP = Day(speed=60, start="2024-01-05T01:15:00Z", end="2024-01-05T01:20:00Z")


@attrs.frozen
class Desk:
    """A daemon and the backend over it."""

    rig: Rig
    backend: DaemonBackend


@asynccontextmanager
async def desk_over(folder: Path, day: Day) -> AsyncIterator[Desk]:
    """A backend whose view is where the control plane is: it began before the data."""
    views: list[LiveView] = []

    def control_plane(daemon: Daemon) -> LiveView:
        views.append(LiveView(daemon.bus, daemon.pools, daemon.strategy.base_tokens, daemon.environment.now_ns))
        return views[-1]

    async with (
        running_daemon(folder, day, control_plane=control_plane) as rig,
        aclosing(LedgerReader(rig.daemon.ledger_url, run_blocking=run_inline)) as reader,
    ):
        yield Desk(rig, DaemonBackend(rig.daemon, views[0], reader))


async def test_status_begins_with_the_start_rule_and_a_run(tmp_path: Path, autojump_clock: MockClock) -> None:
    async with desk_over(tmp_path, FIRST_GAP) as desk:
        await desk.rig.until(3)
        status = desk.backend.status()
        assert (status.state, status.mode, status.via, status.run.number) == ("active", "paper", "start rule", 1)
        assert status.report is None
        assert status.source is not None
        assert (status.source.at_end, status.source.speed, status.source.finished) == ("hold", "60", False)
        assert 0 < status.source.position_ppm < 1_000_000
        stream = status.streams[0]
        assert (stream.state, stream.delivered > 0, stream.refused) == ("fresh", True, {})
        assert stream.age_ns is not None
        assert desk.backend.ready()
        assert desk.backend.live()


@pytest.mark.parametrize(
    ("lines", "words"),
    [
        ("", "(configuration); our"),
        ('flash_loan = "swap"', "(configuration); our"),
        ('flash_loan = "balancer"', "; loans at 0 ppm, stated for balancer: a recording cannot be asked"),
        ('flash_loan = "aave"\nflash_fee_ppm = 500', "; loans at 500 ppm, stated for aave"),
        ('flash_loan = "aave"', "; what aave asked for loans is not stated"),
    ],
)
async def test_what_a_lender_asked_is_said_to_be_stated_where_he_cannot_be_asked(
    tmp_path: Path, autojump_clock: MockClock, lines: str, words: str
) -> None:
    async with desk_over(tmp_path, attrs.evolve(FIRST_GAP, strategy_lines=lines)) as desk:
        assert words in desk.backend.status().assumption


async def test_a_source_that_is_over_is_at_its_end(tmp_path: Path, autojump_clock: MockClock) -> None:
    async with desk_over(tmp_path, FIRST_GAP) as desk:
        await desk.rig.until(30)
        status = desk.backend.status()
        assert status.source is not None
        assert (status.source.finished, status.source.position_ppm) == (True, 1_000_000)
        assert status.streams[0].state == "ended"


async def test_a_ledger_that_nobody_writes_is_stale(tmp_path: Path, autojump_clock: MockClock) -> None:
    async with desk_over(tmp_path, FIRST_GAP) as desk:
        await desk.rig.until(1)
        assert ledger_stream(desk).state == "fresh"
        desk.rig.daemon.foundation.stop("ledger", "a drill")
        await desk.rig.until(5)
        assert (ledger_stream(desk).state, ledger_stream(desk).note) == ("stale", "a drill")


def ledger_stream(desk: Desk) -> Stream:
    return next(stream for stream in desk.backend.status().streams if stream.id == "ledger")


async def test_a_kill_is_told_in_status_report_and_tree(tmp_path: Path, autojump_clock: MockClock) -> None:
    async with desk_over(tmp_path, FIRST_GAP) as desk:
        await desk.rig.until(1)
        report = await desk.backend.kill(KillRequest(reason="a drill"), "operator", Role.OPERATOR, "the dashboard")
        assert (report.complete, report.reason, report.via) == (True, "a drill", "the dashboard")
        status = desk.backend.status()
        assert (status.state, status.cause, status.by, status.halt_id) == ("halted", "a drill", "operator", 1)
        assert status.report == report
        (decisions,) = [group for group in desk.backend.tree().children if group.name == "decisions"]
        assert {child.state for child in decisions.children} == {"cancelled"}
        shown = desk.backend.challenge(GLOBAL, "operator", Role.OPERATOR)
        wish = ResumeRequest(reason="over", nonce=shown.nonce, phrase=shown.phrase)
        resumed = await desk.backend.resume(wish, "operator", Role.OPERATOR, "the command line")
        assert (resumed.state, resumed.halt_id, resumed.report) == ("active", None, report)
        assert desk.backend.halt(1) == report
        (summary,) = desk.backend.halts().halts
        assert (summary.halt_id, summary.ended_by, summary.report) == (1, "operator", True)
        with pytest.raises(LookupError, match="found 2"):
            desk.backend.halt(2)


async def test_a_strategys_halt_is_partial(tmp_path: Path, autojump_clock: MockClock) -> None:
    async with desk_over(tmp_path, FIRST_GAP) as desk:
        await desk.backend.kill(
            KillRequest(reason="a drill", scope="strategy:flash_arbitrage"), "operator", Role.OPERATOR, "the API"
        )
        status = desk.backend.status()
        assert status.state == "active"
        assert [(halt.scope, halt.cause) for halt in status.partial_halts] == [("strategy:flash_arbitrage", "a drill")]


async def test_a_scope_that_does_not_exist_is_refused(tmp_path: Path, autojump_clock: MockClock) -> None:
    async with desk_over(tmp_path, FIRST_GAP) as desk:
        with pytest.raises(
            HaltError, match="expected global, strategy:flash_arbitrage, venue:ethereum or `instrument:HEX`"
        ):
            await desk.backend.kill(
                KillRequest(reason="a drill", scope="strategy:nobody"), "operator", Role.OPERATOR, "the API"
            )
        assert desk.backend.status().state == "active"


async def test_the_half_day_in_money(tmp_path: Path, autojump_clock: MockClock) -> None:
    async with desk_over(tmp_path, HALF_DAY) as desk:
        await desk.rig.until(20)
        await desk.rig.daemon.ledger.flush()
        backend = desk.backend
        pnl = await backend.pnl()
        (token,) = pnl.tokens
        assert (pnl.day, token.token.address, token.net.raw, token.traded) == ("2024-01-05", USDC, str(NET), TRADES)
        assert (token.refused, token.failed, len(token.curve)) == (OPPORTUNITIES - TRADES, 0, TRADES)
        fills = (await backend.fills(None, 200)).fills
        assert sum(int(fill.net.raw) for fill in fills) == NET
        assert {fill.assumption for fill in fills} == {desk.rig.daemon.latency.describe()}
        assert all(int(f.net.raw) == int(f.gross.raw) - int(f.pool_fees.raw) for f in fills)
        page = await backend.opportunities(None, 200, None)
        counts = Counts(
            found=OPPORTUNITIES, traded=TRADES, failed=0, refused=OPPORTUNITIES - TRADES, pending=0, orphaned=0
        )
        assert page.counts == backend.latest_opportunities().counts == counts
        assert page.opportunities == backend.latest_opportunities().opportunities
        refused = await backend.opportunities(None, 200, "refused")
        assert {one.reason and one.reason.code for one in refused.opportunities} == {"duplicate"}
        (holding,) = backend.positions().holdings
        assert holding.amount.raw == str(NET)
        assert backend.positions().open == []
        (pair,) = backend.pairs().pairs
        assert len(pair.points) == 3005
        assert sum(point.mark is not None for point in pair.points) == OPPORTUNITIES


async def test_an_old_run_is_read_from_the_ledger_and_an_unknown_one_is_none(
    tmp_path: Path, autojump_clock: MockClock
) -> None:
    async with desk_over(tmp_path, attrs.evolve(FIRST_GAP, at_end="repeat")) as desk:
        await desk.rig.until(9)
        assert desk.rig.daemon.portfolio.run_number == 1
        first = await desk.backend.pnl()
        await desk.rig.until(11)
        assert desk.rig.daemon.portfolio.run_number == 2
        assert (await desk.backend.pnl()).tokens == []
        await desk.rig.daemon.ledger.flush()
        old = await desk.backend.pnl(1)
        assert [token.net for token in old.tokens] == [token.net for token in first.tokens]
        assert [(run.number, run.ended is not None) for run in (await desk.backend.runs()).runs] == [
            (2, False),
            (1, True),
        ]
        for unknown in (7, 1 << 80):
            with pytest.raises(LookupError):
                await desk.backend.pnl(unknown)


async def test_a_new_run_is_a_change_of_every_topic_but_the_tasks(tmp_path: Path, autojump_clock: MockClock) -> None:
    async with desk_over(tmp_path, attrs.evolve(FIRST_GAP, at_end="repeat")) as desk:
        await desk.rig.until(9)
        before = desk.backend.topic_revisions()
        while desk.rig.daemon.portfolio.run_number == 1:  # noqa: ASYNC110 - no event tells of it
            before = desk.backend.topic_revisions()
            await trio.sleep(0.001)
        await trio.testing.wait_all_tasks_blocked()
        after = desk.backend.topic_revisions()
        assert {topic for topic in TOPICS if before[topic] == after[topic]} <= {"tree"}
        assert desk.backend.latest_opportunities().opportunities == []
        assert desk.backend.latest_opportunities().counts.pending == 0


async def test_a_report_that_becomes_complete_is_a_change_of_the_status(
    tmp_path: Path, autojump_clock: MockClock
) -> None:
    async with desk_over(tmp_path, FIRST_GAP) as desk:
        await desk.rig.until(1.5)
        desk.rig.daemon.kill(GLOBAL, reason="a drill", actor="ann", via=Via.API)
        begun = desk.backend.topic_revisions()["status"]
        await trio.testing.wait_all_tasks_blocked()
        assert trio.current_time() == 1.5
        assert desk.backend.topic_revisions()["status"] != begun


async def test_a_trade_on_its_way_is_open_and_counts_as_exposure(tmp_path: Path, autojump_clock: MockClock) -> None:
    async with desk_over(tmp_path, attrs.evolve(FIRST_GAP, latency="{ blocks = 300 }")) as desk:
        await desk.rig.until(4)
        positions = desk.backend.positions()
        (trade,) = positions.open
        assert positions.exposure == [trade.size]
        assert positions.largest == [trade.size]
        assert desk.backend.latest_opportunities().counts.pending == 1


async def test_the_firehose_shows_what_passes_on_the_relays(tmp_path: Path, autojump_clock: MockClock) -> None:
    async with desk_over(tmp_path, HALF_DAY) as desk:
        assert desk.backend.take_frames() is None
        desk.backend.watch_frames(True)
        kinds: set[str] = set()
        passed = 0
        for second in range(1, 10):
            await desk.rig.until(second)
            if (sample := desk.backend.take_frames()) is None:
                break
            passed += len(sample.frames) + sample.skipped
            frames = [decode_frame(bytes.fromhex(frame.hex)) for frame in sample.frames]
            kinds |= {type(message).__name__ for frame in frames for message in frame.messages}
        assert {"PoolSwap", "ArbitrageSignal", "RiskDecision", "Fill"} <= kinds
        assert passed > 1000


async def test_everything_encodes_to_what_the_document_says(tmp_path: Path, autojump_clock: MockClock) -> None:
    async with desk_over(tmp_path, HALF_DAY) as desk:
        await desk.rig.until(5)
        await desk.backend.kill(KillRequest(reason="a drill"), "operator", Role.OPERATOR, "the API")
        backend = desk.backend
        topics = Topics(
            status=backend.status(),
            tree=backend.tree(),
            chains=backend.chains(),
            pairs=backend.pairs(),
            pnl=await backend.pnl(),
            positions=backend.positions(),
            opportunities=backend.latest_opportunities(),
        )
        assert msgspec.json.decode(msgspec.json.encode(topics), type=Topics) == topics


async def test_the_head_that_is_told_stands_in_the_journal(tmp_path: Path, autojump_clock: MockClock) -> None:
    """It is on the disk by then, and stays in the chain however the journal grows."""
    async with desk_over(tmp_path, FIRST_GAP) as desk:
        await desk.rig.until(3)
        head = await desk.backend.audit_head()
        desk.rig.daemon.kill(GLOBAL, reason="a drill", actor="somebody", via=Via.API)
        journal = desk.rig.daemon.journal
        assert 0 < head.records < journal.records
        assert 0 < head.size_bytes < journal.size_bytes
        assert head_at(journal.path, head.records) == bytes.fromhex(head.head_hash)


async def test_levels_name_every_scope_and_who_holds_it(tmp_path: Path, autojump_clock: MockClock) -> None:
    """A scope that nothing ever held says so by nulls."""
    async with desk_over(tmp_path, FIRST_GAP) as desk:
        await desk.rig.until(1)
        scope = "strategy:flash_arbitrage"
        wish = KillRequest(reason="a drill", scope=scope)
        await desk.backend.kill(wish, "anna", Role.OPERATOR, "the dashboard")
        levels = {one.scope: one for one in desk.backend.levels().scopes}
        assert set(levels) == set(desk.rig.daemon.scopes())
        assert next(iter(levels)) == GLOBAL
        held = levels[scope]
        assert (held.level, held.by, held.via, held.cause, held.halt_id) == (
            *("halted", "anna", "the dashboard", "a drill"),
            1,
        )
        pools = [one for one in levels.values() if one.kind == "instrument"]
        assert {one.label for one in pools} == {pool.name for pool in desk.rig.daemon.pools}
        assert {(one.level, one.halt_id, one.since, one.by, one.cause) for one in pools} == {
            ("active", None, None, None, None)
        }
        risk = desk.backend.risk()
        assert [halt.scope for halt in risk.halts.halts] == [scope]
        assert risk.limits.checks
        assert risk.breakers.breakers


async def test_what_became_of_each_gap_and_why_the_others_were_none(tmp_path: Path, autojump_clock: MockClock) -> None:
    """Analytics of the run under way, and candidates with the stage at which they ended, paged and filtered."""
    floor = f'min_pool_value = "1000000000"\nnumeraire = "{USDC}"'
    async with desk_over(tmp_path / "traded", HALF_DAY) as desk:
        await desk.rig.until(60)
        shown = desk.backend.analytics()
        (strategy,) = shown.strategies
        assert (strategy.found, strategy.won, strategy.actual.raw) == (OPPORTUNITIES, TRADES, str(NET))
        assert len(shown.episodes) == strategy.episodes == TRADES
        assert all(one.closer is not None and one.taking == "won" for one in shown.episodes)
        assert await desk.backend.sweeps() == Sweeps(sweeps=[], unreadable=[])
        with pytest.raises(LookupError):
            await desk.backend.sweep("none")
    async with desk_over(tmp_path / "refused", attrs.evolve(HALF_DAY, strategy_lines=floor)) as desk:
        await desk.rig.until(120)
        why = desk.backend.why_not()
        assert (why.kept_here, why.forgotten) == (True, 0)
        first = desk.backend.candidates(None, 3, "liquidity", None)
        assert [one.stage for one in first.candidates] == ["liquidity"] * 3
        assert first.candidates == why.candidates[:3]
        older = desk.backend.candidates(first.next_cursor, 200, "liquidity", first.candidates[0].hops[0].pool)
        assert older.candidates[0].block <= first.candidates[-1].block
        assert desk.backend.candidates(None, 9, "costs", None).candidates == []
        assert {one.stage: one.count for one in first.stages}["liquidity"] == len(why.candidates)
        with pytest.raises(ValueError):  # noqa: PT011 - the route says it in its own words
            desk.backend.candidates("1-1", 3, "costs", None)
