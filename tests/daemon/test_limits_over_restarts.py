"""Limits and breakers in the daemon: what they trip, what the journal says of it, and what the next start finds."""

from __future__ import annotations

import re
from pathlib import Path

import attrs
import pytest
from trio.testing import MockClock

from alphapulse.daemon import Daemon
from alphapulse.data.execution import ExecutionReport, Fill, RiskDecision
from alphapulse.data.halts import HaltChange, Level, Via
from alphapulse.data.risk import BreakerAction, CircuitBreaker, LimitOverride
from alphapulse.errors import LimitError
from alphapulse.rules.breakers.breaker import Phase
from alphapulse.rules.limits.limit_table import ROWS
from tests.daemon.books import decisions, records
from tests.daemon.daemon_rig import clock_ns, paths_in, running_daemon
from tests.daemon.day_config import TRADES, Day
from tests.daemon.resuming import resume

pytestmark = pytest.mark.slow

HALF_DAY = Day(speed=3600)
LATE = attrs.evolve(HALF_DAY, latency="{ logs = 1 }")
NAME = "strategies.flash_arbitrage.capital.USDC"
SCOPE = "strategy:flash_arbitrage"


def limited(day: Day, strategy: str = "", limits: str = "") -> Day:
    """The day with further lines in the tables of the strategy and of the limits."""
    return attrs.evolve(day, strategy_lines=strategy, limits_lines=limits)


def override(daemon: Daemon, value: int, *, seconds: int = 3600) -> LimitOverride:
    return daemon.risk.override(NAME, value, for_ns=seconds * 10**9, actor="owner", reason="a test")


async def test_an_override_is_journalled_and_the_next_start_finds_it_until_it_expires(
    tmp_path: Path, autojump_clock: MockClock
) -> None:
    day = limited(HALF_DAY, 'capital = { USDC = "1000" }')
    async with running_daemon(tmp_path, day) as rig:
        assert override(rig.daemon, 10**6, seconds=80_000).configured == 10**9
        assert rig.daemon.gate.limits.value(NAME) == 10**6
        with pytest.raises(LimitError):
            override(rig.daemon, 2 * 10**9 + 1)
    (kept,) = records(paths_in(tmp_path).journal, LimitOverride)
    async with running_daemon(tmp_path, day) as rig:
        assert rig.daemon.risk.limits.override_of(NAME, clock_ns()) == kept
        assert rig.daemon.risk.limits.override_of(NAME, kept.expires_ns) is None


async def test_a_losing_streak_halts_the_strategy_and_the_next_start_keeps_halt_and_breaker(
    tmp_path: Path, autojump_clock: MockClock
) -> None:
    """One log later most trades of the day are reverted, and with gas each of them is a loss."""
    day = limited(attrs.evolve(LATE, gas_price_wei=25 * 10**9), "max_losing_streak = 3")
    async with running_daemon(tmp_path, day) as rig:
        await rig.until(20)
        assert rig.daemon.halts.level_of(SCOPE) is Level.HALTED
    journal = paths_in(tmp_path).journal
    streak, longest = 0, 0
    for one in records(journal, Fill) + records(journal, ExecutionReport):
        streak = streak + 1 if isinstance(one, ExecutionReport) else 0
        longest = max(longest, streak)
    assert longest == 3
    (pause,) = records(journal, CircuitBreaker)
    assert (pause.rule, pause.target, pause.action) == ("losing_streak", "flash_arbitrage", BreakerAction.PAUSE)
    (halt,) = [one for one in records(journal, HaltChange) if one.level is Level.HALTED]
    assert (halt.scope, halt.actor, halt.via) == (SCOPE, "breaker losing_streak", Via.BREAKER)
    async with running_daemon(tmp_path, day) as rig:
        assert rig.daemon.halts.level_of(SCOPE) is Level.HALTED
        assert rig.daemon.risk.board.breakers["losing_streak", SCOPE].phase is Phase.OPEN
        assert rig.daemon.gate.record.losses.streak("flash_arbitrage") == 3


async def test_a_person_who_resumes_ends_the_breaker_and_the_streak_counts_from_there(
    tmp_path: Path, autojump_clock: MockClock
) -> None:
    day = limited(attrs.evolve(LATE, gas_price_wei=25 * 10**9), "max_losing_streak = 3")
    async with running_daemon(tmp_path, day) as rig:
        await rig.until(20)
        assert rig.daemon.gate.record.losses.streak("flash_arbitrage") == 3
        resume(rig.daemon, SCOPE)
        await rig.until(21)
        assert rig.daemon.halts.level_of(SCOPE).trades
        assert rig.daemon.risk.board.breakers["losing_streak", SCOPE].phase is Phase.CLOSED
        assert rig.daemon.gate.record.losses.streak("flash_arbitrage") == 0
    actions = [one.action for one in records(paths_in(tmp_path).journal, CircuitBreaker)]
    assert actions == [BreakerAction.PAUSE, BreakerAction.RESUME]
    async with running_daemon(tmp_path, day) as rig:
        assert rig.daemon.risk.board.breakers == {}
        assert rig.daemon.gate.record.losses.streak("flash_arbitrage") == 0


async def test_two_replays_in_which_a_breaker_trips_decide_the_same(tmp_path: Path, autojump_clock: MockClock) -> None:
    """At full speed too: what a breaker stops, it stops before the next block."""
    day = attrs.evolve(limited(LATE, "max_losing_streak = 2"), speed=0, gas_price_wei=25 * 10**9)
    found = []
    for name in "ab":
        (tmp_path / name).mkdir()
        async with running_daemon(tmp_path / name, day) as rig:
            await rig.until(20)
        found.append(decisions(paths_in(tmp_path / name).journal))
    assert found[0] == found[1]
    assert len(records(paths_in(tmp_path / "a").journal, CircuitBreaker)) == 1


async def test_what_was_lost_in_one_run_counts_in_the_next_start(tmp_path: Path, autojump_clock: MockClock) -> None:
    day = attrs.evolve(LATE, gas_price_wei=25 * 10**9)
    async with running_daemon(tmp_path, day) as rig:
        await rig.until(20)
        before = rig.daemon.gate.record.losses
    async with running_daemon(tmp_path, day) as rig:
        after = rig.daemon.gate.record.losses
        assert (after.states, after.streaks) == (before.states, before.streaks)
        assert after.states


def shipped(table: str) -> str:
    """The limits in a table of the shipped configuration, as lines."""
    text = (Path(__file__).parents[2] / "config.toml").read_text("utf-8")
    (lines,) = re.findall(rf"^\[{re.escape(table)}\]\n(.*?)(?=^\[|\Z)", text, re.MULTILINE | re.DOTALL)
    kept = re.findall(r"^(?:max_|capital|throttle)\w* = .+$", lines, re.MULTILINE)
    return "\n".join(line for line in kept if not line.startswith(("max_input_age", "max_signal_age")))


async def test_the_limits_that_are_shipped_refuse_nothing_of_the_day(tmp_path: Path, autojump_clock: MockClock) -> None:
    day = limited(HALF_DAY, shipped("strategies.flash_arbitrage"), shipped("limits"))
    async with running_daemon(tmp_path, day) as rig:
        assert len(rig.daemon.risk.limits.limits) > len(ROWS)
        await rig.until(20)
    journal = paths_in(tmp_path).journal
    failed = {one.failed.name for one in records(journal, RiskDecision) if one.failed is not None}
    assert failed == {"DUPLICATE"}
    assert records(journal, CircuitBreaker) == []
    assert len(records(journal, Fill)) == TRADES
