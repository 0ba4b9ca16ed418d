"""An operator's hand on the running tree, and one strategy with a new configuration."""

from __future__ import annotations

from pathlib import Path

import pytest
import trio
from trio.testing import MockClock

from alphapulse.composition.escalations import SERVICES, STOPPABLE
from alphapulse.data.halts import GLOBAL, Level, Via
from alphapulse.data.services import ConfigUpdate
from alphapulse.errors import ConfigError, JournalError, LifecycleError
from alphapulse.nursery.node import NodeState
from tests.daemon.books import records
from tests.daemon.daemon_rig import Rig, paths_in, running_daemon
from tests.daemon.day_config import Day

CALM = Day(speed=1, start="2024-01-05T01:15:00Z")
STRATEGY = "alphapulsed/decisions/flash_arbitrage"
ENGINE = "alphapulsed/decisions/engine"
SETTINGS = {"evaluate": "block", "base_tokens": ["USDC"], "min_net_profit": "5", "max_trade_value": "1000"}


def state(rig: Rig, path: str) -> NodeState:
    return next(child.state for group in rig.daemon.tree().children for child in group.children if child.path == path)


async def test_a_task_is_stopped_until_it_is_started_by_its_path(tmp_path: Path, autojump_clock: MockClock) -> None:
    async with running_daemon(tmp_path, CALM) as rig:
        await rig.until(1)
        rig.daemon.control.stop(STRATEGY, "maintenance")
        await rig.until(5)
        assert state(rig, STRATEGY) is NodeState.STOPPED
        rig.daemon.control.start(STRATEGY)
        await rig.until(6)
        rig.daemon.control.restart(ENGINE, "odd figures")
        await rig.until(7)
        starts = [(0.0, "stopped"), (0.0, "starting"), (0.0, "running")]
        assert rig.timeline.of("flash_arbitrage") == [
            *starts,
            (1.0, "stopped"),
            (5.0, "starting"),
            (5.0, "running"),
        ]
        assert rig.timeline.of("engine") == [*starts, (6.0, "stopped"), (6.0, "starting"), (6.0, "running")]
        assert rig.timeline.of("day") == starts


async def test_what_guards_is_not_stopped_and_what_keeps_the_books_has_one_life(
    tmp_path: Path, autojump_clock: MockClock
) -> None:
    """Of each task of the foundation: what its row of the table allows, and nothing else."""
    async with running_daemon(tmp_path, CALM) as rig:
        await rig.until(1)
        for child in rig.daemon.foundation.snapshot().children:
            path, row = f"alphapulsed/{child.path}", "gateway" if child.kind == "gateway" else child.name
            if row in STOPPABLE:
                rig.daemon.control.stop(path, "a test")
            else:
                with pytest.raises(LifecycleError, match="may be stopped"):
                    rig.daemon.control.stop(path, "a test")
            if SERVICES[row].restartable:
                rig.daemon.control.restart(path, "a test")
            else:
                with pytest.raises(LifecycleError, match="restart the daemon"):
                    rig.daemon.control.restart(path, "a test")
                with pytest.raises(LifecycleError, match="restart the daemon"):
                    rig.daemon.control.start(path)
        await rig.until(10)
        assert {child.state for child in rig.daemon.foundation.snapshot().children} == {NodeState.RUNNING}
        assert rig.daemon.halts.changes[GLOBAL].level is Level.ACTIVE


async def test_groups_and_unknown_paths_are_refused(tmp_path: Path, autojump_clock: MockClock) -> None:
    async with running_daemon(tmp_path, CALM) as rig:
        await rig.until(1)
        with pytest.raises(LifecycleError, match="found the group"):
            rig.daemon.control.stop("alphapulsed/foundation", "a test")
        with pytest.raises(LifecycleError, match="expected a child of decisions"):
            rig.daemon.control.stop("alphapulsed/decisions/fast_money", "a test")


async def test_a_start_goes_round_no_halt(tmp_path: Path, autojump_clock: MockClock) -> None:
    async with running_daemon(tmp_path, CALM) as rig:
        await rig.until(1)
        rig.daemon.kill("strategy:flash_arbitrage", reason="a drill", actor="ann", via=Via.API)
        await rig.until(2)
        for act in (rig.daemon.control.start, lambda path: rig.daemon.control.restart(path, "a test")):
            with pytest.raises(LifecycleError, match="found flash_arbitrage halted: resume it"):
                act(STRATEGY)
        rig.daemon.kill(GLOBAL, reason="a drill", actor="ann", via=Via.API)
        rig.daemon.control.start(ENGINE)
        await rig.until(5)
        assert state(rig, ENGINE) is NodeState.CANCELLED
        assert state(rig, STRATEGY) is not NodeState.RUNNING


async def test_a_strategy_takes_new_settings_while_all_others_run_on(tmp_path: Path, autojump_clock: MockClock) -> None:
    """The journal has each setting before and after; the gate has the new limits; the strategy a fresh life."""
    async with running_daemon(tmp_path, CALM) as rig:
        await rig.until(1)
        daemon = rig.daemon
        (usdc,) = [pool.token0 for pool in daemon.pools[:1]]
        update = await daemon.reload.reload("flash_arbitrage", SETTINGS, actor="ann", reason="calmer")
        await rig.until(2)
        assert [one.path.rpartition(".")[2] for one in update.changes] == [
            "evaluate",
            "base_tokens",
            "min_net_profit",
            "max_trade_value",
        ]
        assert (update.changes[0].before, update.changes[0].after) == ('"log"', '"block"')
        assert daemon.gate.limits.floor("flash_arbitrage", usdc.address) == 5_000_000
        assert daemon.gate.ceiling("flash_arbitrage", usdc.address) == 1_000_000_000
        assert daemon.strategy.base_tokens == (usdc.address,)
        starts = [(0.0, "stopped"), (0.0, "starting"), (0.0, "running")]
        assert rig.timeline.of("flash_arbitrage")[3:] == [(1.0, "stopped"), (1.0, "starting"), (1.0, "running")]
        for name in ("engine", "day", "paper executor", "portfolio"):
            assert rig.timeline.of(name) == starts
    (kept,) = records(paths_in(tmp_path).journal, ConfigUpdate)
    assert kept == update
    assert (kept.actor, kept.reason) == ("ann", "calmer")
    assert kept.configuration_before != kept.configuration_after


@pytest.mark.parametrize(
    ("settings", "problem"),
    [
        ({**SETTINGS, "evalute": "log"}, "unknown key"),
        ({**SETTINGS, "evaluate": "hourly"}, "expected 'log' or 'block'"),
        ({**SETTINGS, "base_tokens": ["DOGE"]}, "expected an address, or the symbol of one token"),
        ({**SETTINGS, "max_trade_value": "0.0000001"}, "strategies.flash_arbitrage.max_trade_value"),
        ({**SETTINGS, "sizing": {"fraction_ppm": 10}}, "expected `capital`"),
        ({**SETTINGS, "enabled": False}, "stop the strategy"),
    ],
)
async def test_settings_that_cannot_be_change_nothing(
    tmp_path: Path, autojump_clock: MockClock, settings: dict[str, object], problem: str
) -> None:
    async with running_daemon(tmp_path, CALM) as rig:
        await rig.until(1)
        with pytest.raises(ConfigError, match=problem):
            await rig.daemon.reload.reload("flash_arbitrage", settings, actor="ann", reason="a test")
        await rig.until(5)
        assert rig.timeline.of("flash_arbitrage")[3:] == []
    assert records(paths_in(tmp_path).journal, ConfigUpdate) == []


async def test_settings_that_are_not_written_down_change_nothing(tmp_path: Path, autojump_clock: MockClock) -> None:
    async with running_daemon(tmp_path, CALM) as rig:
        await rig.until(1)
        rig.daemon.journal._fail("sync", OSError(5, "a test"))
        with pytest.raises(JournalError):
            await rig.daemon.reload.reload("flash_arbitrage", SETTINGS, actor="ann", reason="a test")
        assert rig.daemon.reload.config is rig.daemon.config


async def test_a_strategy_that_is_halted_stays_so_and_has_the_new_settings_when_it_starts(
    tmp_path: Path, autojump_clock: MockClock
) -> None:
    async with running_daemon(tmp_path, CALM) as rig:
        await rig.until(1)
        rig.daemon.control.stop(STRATEGY, "maintenance")
        await rig.until(2)
        await rig.daemon.reload.reload("flash_arbitrage", SETTINGS, actor="ann", reason="a test")
        await rig.until(3)
        assert state(rig, STRATEGY) is NodeState.STOPPED
        rig.daemon.control.start(STRATEGY)
        await rig.until(4)
        assert len(rig.daemon.strategy.base_tokens) == 1


async def test_the_file_is_read_again_and_only_the_strategys_section_of_it_counts(
    tmp_path: Path, autojump_clock: MockClock
) -> None:
    from alphapulse.config import load_config  # noqa: PLC0415 - only here
    from alphapulse.daemon import open_daemon  # noqa: PLC0415 - only here

    path = CALM.write(tmp_path)
    async with open_daemon(load_config(path)) as daemon, trio.open_nursery() as nursery:
        await nursery.start(daemon.run)
        text = path.read_text().replace('evaluate = "log"', 'evaluate = "block"').replace("port = 0", "port = 9999")
        path.write_text(text)
        update = await daemon.reload.reload("flash_arbitrage", None, actor="ann", reason="the file says so")
        assert [one.path for one in update.changes] == ["strategies.flash_arbitrage.evaluate"]
        assert daemon.reload.config.web.port == 0
        with pytest.raises(ConfigError, match="found them as they are"):
            await daemon.reload.reload("flash_arbitrage", None, actor="ann", reason="again")
        path.write_text("nonsense")
        with pytest.raises(ConfigError, match="not valid TOML"):
            await daemon.reload.reload("flash_arbitrage", None, actor="ann", reason="again")
        daemon.request_stop("the test is over")
