"""A simulated day in one process: what must not grow is measured every hour."""

from __future__ import annotations

import gc
import resource
from pathlib import Path

import attrs
import trio

from tests.simulation.life import Life
from tests.simulation.plan import Goal, Plan, draw_plan
from tests.simulation.simulation import carry_out

SEED = 20_240_105
HOUR_S = 3_600
SETTLED_HOURS = 2
"""Until then caches fill up."""
MIB = 1 << 20
SLOPE_BYTES_AN_HOUR = MIB // 2
CACHES_BYTES = 6 * MIB
"""The page caches of the ledger's three connections, 2 MB each, fill up as it grows."""
PAGE_BYTES = resource.getpagesize()

RATES = {
    "disconnect": 20,
    "silence": 10,
    "drop": 100,
    "duplicate": 5_000,
    "delay": 10_000,
    "garbage": 2_000,
    "slow_sync": 1_000,
    "crash_of_restarted": 300,
    "kill": 150,
    "strategy_kill": 150,
}
"""About one frame in a hundred meets a fault; a child crashes about every hour, and twice an hour somebody stops it."""


@attrs.frozen
class Sample:
    """What one process holds at a moment."""

    tasks: int
    descriptors: int
    memory_bytes: int

    @classmethod
    def now(cls) -> Sample:
        """As of now, without what only waits to be collected."""
        gc.collect()
        resident = int(Path("/proc/self/statm").read_text().split()[1])
        return cls(
            trio.lowlevel.current_statistics().tasks_living,
            len(list(Path("/proc/self/fd").iterdir())),
            resident * PAGE_BYTES,
        )


@attrs.frozen
class Day:
    """What a day came to. `figures` are name, value after the second hour, and value at the end."""

    hours: int
    blocks: int
    messages: int
    fills: int
    figures: tuple[tuple[str, int, int], ...]
    problem: str | None


def simulate_day(hours: int = 24) -> Day:
    """One life of `hours` simulated hours."""
    samples: list[Sample] = []
    messages = 0

    def measure(life: Life) -> None:
        nonlocal messages
        if trio.current_time() >= (len(samples) + 1) * HOUR_S:
            samples.append(Sample.now())
            bus = life.daemon.bus
            messages = sum(relay.statistics().published for relay in (bus.market_data, bus.signals, bus.execution))

    verdict = carry_out(plan_of_a_day(hours), measure)
    settled = samples[min(SETTLED_HOURS, len(samples)) - 1]
    last = samples[-1]
    return Day(
        hours,
        verdict.blocks,
        messages,
        verdict.fills,
        (
            ("tasks", settled.tasks, last.tasks),
            ("descriptors", settled.descriptors, last.descriptors),
            ("memory, KiB", settled.memory_bytes >> 10, last.memory_bytes >> 10),
        ),
        verdict.problem or growth(samples),
    )


def plan_of_a_day(hours: int) -> Plan:
    """A block every two seconds, faults all the time, and nothing that ends the process."""
    drawn = draw_plan(SEED, Goal.SAFETY, hours * HOUR_S + 60)
    return attrs.evolve(drawn, block_s=2, rates=RATES, keeps_published=False)


def growth(samples: list[Sample]) -> str | None:
    """What grew after the second hour, in words; None if nothing did."""
    later = samples[SETTLED_HOURS - 1 :]
    if len(later) < 2:
        return None
    first, last = later[0], later[-1]
    grown = []
    for name in ("tasks", "descriptors"):
        most = max(getattr(sample, name) for sample in later)
        # A child that backs off just now has a task fewer, one that is being measured none more.
        if most > getattr(first, name) + 2:
            grown.append(f"{name}: {getattr(first, name)} -> {most}")
    hours, more = len(later) - 1, last.memory_bytes - first.memory_bytes
    if more > CACHES_BYTES + hours * SLOPE_BYTES_AN_HOUR:
        grown.append(f"memory: {more / MIB:.1f} MiB in {hours} h")
    return "; ".join(grown) or None
