"""A replay of the configured recording through the whole pipeline: full speed, to its end, without control plane."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, TypeVar

import msgspec
import trio

from alphapulse.composition.environment import DataPaths, Environment
from alphapulse.composition.terms import recorded_collector
from alphapulse.config import Config
from alphapulse.config_sections.process import CaptureSection, WebSection
from alphapulse.daemon import Daemon, open_daemon
from alphapulse.data.halts import GLOBAL, Level
from alphapulse.errors import AlphaPulseError, HaltError, LedgerError, LifecycleError
from alphapulse.rules.arbitrage.candidate import Stage

NS_PER_S = 1_000_000_000

T = TypeVar("T")
Listener = Callable[[Sequence[Any]], None]
"""Is told of everything on the three relays, in the order of publishing; must be quick and not raise."""


def headless(config: Config) -> Config:
    """The configuration as a replay runs it: full speed, to the end, no control plane, nothing captured.

    Raises:
        ConfigError: the collector is a live chain.
    """
    name, section = recorded_collector(config)
    collectors = {name: msgspec.structs.replace(section, speed=0, at_end="stop")}
    return msgspec.structs.replace(
        config, collectors=collectors, web=WebSection(enabled=False), capture=CaptureSection(enabled=False)
    )


async def replay_recording(
    config: Config,
    paths: DataPaths,
    read: Callable[[Daemon], T],
    *,
    listen: Listener | None = None,
    beside: Callable[[Daemon], Any] | None = None,
) -> tuple[T, AlphaPulseError | None]:
    """What `read` says of the daemon behind the recording's end, and the problem that ended it early, if any did.

    `beside` is an async function that runs while the recording does, and is cancelled at its end.
    """
    # No watchdog: what a replay finds must not hang on how fast the machine is.
    async with open_daemon(config, paths=paths, environment=Environment(thread_ns=lambda: 0)) as daemon:
        async with trio.open_nursery() as nursery:
            if listen is not None:
                await nursery.start(_listen, daemon, listen)
            if beside is not None:
                nursery.start_soon(beside, daemon)
            await daemon.run()
            nursery.cancel_scope.cancel("the replay is over")
        return read(daemon), problem(daemon)


def problem(daemon: Daemon) -> AlphaPulseError | None:
    """Why the result is not that of the whole recording, or is not in the books; None if all went well."""
    change = daemon.halts.changes.get(GLOBAL)
    if daemon.failure is not None:
        return daemon.failure
    if daemon.problem is not None:
        return daemon.problem
    if change is not None and change.level is Level.HALTED:
        return HaltError(f"trading is halted in these books: {change.reason}; name another --database")
    if not daemon.collector.finished:
        return LifecycleError(f"the replay was ended before the recording was: {daemon.stopping}")
    if daemon.ledger.applied_records < daemon.journal.records:
        return LedgerError(
            f"expected a ledger that can be written at {daemon.paths.ledger}, found none; the journal "
            f"{daemon.paths.journal} holds everything: name another --database"
        )
    return None


def summary(daemon: Daemon) -> dict[str, Any]:
    """What a replay found and earned: integers and text."""
    replayed, scanned, portfolio = daemon.collector.counts, daemon.strategy.counts, daemon.portfolio
    kinds = ("v3_swap", "v3_mint", "v3_burn", "v3_collect")
    return {
        "logs": replayed.logs,
        "events": {kind: replayed.events[kind] for kind in kinds},
        "refused": dict(sorted(replayed.refused.items())),
        "pools": len(daemon.pools),
        "opportunities": scanned.opportunities,
        "blocks": scanned.blocks,
        "episodes": scanned.episodes,
        "screened_out": scanned.screened_out,
        "profit": {hex_text(token): profit for token, profit in scanned.profit.items()},
        "dropped": {
            stage.name.lower(): count
            for stage, count in daemon.strategy.candidates.totals.items()
            if count and stage is not Stage.SIGNALLED
        },
        "rejected": dict(sorted(portfolio.rejected.items())),
        "trades": sum(book.total.traded for book in portfolio.tokens.values()),
        "reverted": sum(book.total.failed for book in portfolio.tokens.values()),
        "pnl": {hex_text(token): book.total.net for token, book in portfolio.tokens.items()},
        "latency": daemon.latency.describe(),
        "logs_per_second": replayed.logs * NS_PER_S // max(1, replayed.elapsed_ns),
    }


def hex_text(address: bytes) -> str:
    """An address as it is written: 0x and lower case."""
    return "0x" + address.hex()


async def _listen(
    daemon: Daemon, listen: Listener, *, task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED
) -> None:
    with daemon.bus.subscribe_to_all("study") as subscription:
        task_status.started()
        while True:
            listen(await subscription.receive())
