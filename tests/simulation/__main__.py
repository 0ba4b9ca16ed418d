"""`python -m tests.simulation`: many seeds, the sweeps and a simulated day, as a table; or one seed again.

The day's memory, tasks and descriptors must stay what they were after its second hour.
"""

from __future__ import annotations

import logging
import os
import sys
import time
from collections import Counter
from collections.abc import Iterable
from concurrent.futures import ProcessPoolExecutor

import click

from tests.simulation.day import Day, simulate_day
from tests.simulation.plan import Goal
from tests.simulation.simulation import simulate
from tests.simulation.sweep import Sweep, points, tell
from tests.simulation.verdict import Verdict

ORPHANED = ("reorganisations", "revoked")


def repeat_command(verdict: Verdict) -> str:
    """What shows a finding again."""
    return f".venv/bin/python -m tests.simulation --seed {verdict.seed} --goal {verdict.goal.value}"


@click.command()
@click.option("--seeds", default=1_000, show_default=True, help="How many seeds, half of them for each goal.")
@click.option("--first", default=1, show_default=True, help="The first seed.")
@click.option("--hours", default=24, show_default=True, help="Length of the simulated day; 0 leaves it out.")
@click.option("--stride", default=1, show_default=True, help="Every how manieth point the sweeps take; 0: none.")
@click.option("--seed", type=int, help="One seed only, with the last lines of its trace.")
@click.option("--goal", type=click.Choice([goal.value for goal in Goal]), default=Goal.SAFETY.value, show_default=True)
@click.option("--jobs", default=os.cpu_count() or 1, show_default=True, help="Processes.")
def main(seeds: int, first: int, hours: int, stride: int, seed: int | None, goal: str, jobs: int) -> None:
    """Simulate the daemon under faults."""
    logging.disable(logging.CRITICAL)  # the daemon's log says what the trace says, a thousand times
    if seed is not None:
        verdict = simulate(seed, Goal(goal))
        click.echo("\n".join(verdict.tail))
        click.echo(_row(verdict))
        sys.exit(verdict.problem is not None)
    began = time.monotonic()
    with ProcessPoolExecutor(jobs) as pool:
        day = pool.submit(simulate_day, hours) if hours else None
        numbers = range(first, first + seeds)
        goals = [(Goal.SAFETY, Goal.LIVENESS)[number % 2] for number in numbers]
        verdicts = list(_shown(pool.map(simulate, numbers, goals, chunksize=4)))
        passed = _print_table(verdicts, time.monotonic() - began)
        for sweep in Sweep if stride else ():
            passed &= _sweep(pool, sweep, stride)
        if day is not None:
            passed &= _print_day(day.result())
    sys.exit(not passed)


def _shown(verdicts: Iterable[Verdict]) -> Iterable[Verdict]:
    """Findings as they come."""
    for verdict in verdicts:
        if verdict.problem is not None:
            click.echo(f"{_row(verdict)}\n  again: {repeat_command(verdict)}")
        yield verdict


def _row(verdict: Verdict) -> str:
    return (
        f"seed {verdict.seed} ({verdict.goal.value}): {verdict.problem or 'every invariant held'}\n"
        f"  {verdict.lives} lives, {verdict.blocks} blocks, {verdict.submitted} intents, {verdict.fills} fills, "
        f"{verdict.reverts} reverts, {verdict.halts} halts, {verdict.reorganisations} reorganisations; "
        f"trace {verdict.digest[:16]}\n  faults: {verdict.faults}"
    )


def _print_table(verdicts: list[Verdict], took_s: float) -> bool:
    broken = [verdict for verdict in verdicts if verdict.problem is not None]
    sums: Counter[str] = Counter()
    for verdict in verdicts:
        for name in (
            "seconds",
            "lives",
            "blocks",
            "submitted",
            "fills",
            "reverts",
            "halts",
            "books_compared",
            *ORPHANED,
        ):
            sums[name] += getattr(verdict, name)
    click.echo(f"{'simulations':<40}{len(verdicts):>14,}")
    for name, what in (
        ("seconds", "simulated seconds"),
        ("lives", "lives of the daemon"),
        ("blocks", "blocks"),
        ("submitted", "intents submitted"),
        ("fills", "fills, each repriced by the model"),
        ("reverts", "reverts"),
        ("halts", "kills"),
        ("books_compared", "replicas compared with the chain"),
        ("reorganisations", "reorganisations of the chain"),
        ("revoked", "fills and reverts taken back"),
    ):
        click.echo(f"{what:<40}{sums[name]:>14,}")
    recovered = sorted(verdict.recovery_s for verdict in verdicts if verdict.recovery_s is not None)
    if recovered:
        slowest = f"{recovered[len(recovered) // 2]} / {recovered[-1]}"
        click.echo(f"{'seconds to recover, median / longest':<40}{slowest:>14}")
    click.echo(f"{'invariants broken':<40}{len(broken):>14,}")
    click.echo(f"{'real seconds':<40}{took_s:>14,.0f}")
    return not broken


def _sweep(pool: ProcessPoolExecutor, sweep: Sweep, stride: int) -> bool:
    """Tell the story once for each point, and say what was found."""
    began = time.monotonic()
    numbers = range(1, points(sweep) + 1, stride)
    tellings = list(pool.map(tell, [sweep] * len(numbers), numbers, chunksize=4))
    found = [(number, told.problem) for number, told in zip(numbers, tellings, strict=True) if told.problem]
    for number, problem in found:
        click.echo(f"{sweep.value} {number}: {problem}")
    took_s = time.monotonic() - began
    click.echo(f"{sweep.value:<40}{len(tellings):>14,} tellings, {len(found)} found something, {took_s:,.0f} s")
    return not found


def _print_day(day: Day) -> bool:
    click.echo(f"a day of {day.hours} h: {day.blocks:,} blocks, {day.messages:,} messages, {day.fills:,} fills")
    for name, first, last in day.figures:
        click.echo(f"{name:<40}{first:>14,} -> {last:,}")
    click.echo(day.problem or "nothing grew")
    return day.problem is None


if __name__ == "__main__":
    main()
