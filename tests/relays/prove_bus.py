"""The promises of the bus, tried at length: `python -m tests.relays.prove_bus [SHARE]`.

SHARE is a percentage of the full counts (100 by default). Prints a table; ends with 1 if a promise was broken.
"""

from __future__ import annotations

import json
import logging
import subprocess
import sys
from collections.abc import Callable, Iterator

import attrs

from tests.relays import lossy_schedules, slow_schedules


@attrs.frozen
class Proof:
    """A promise, how it is tried, and how often in full."""

    promise: str
    count: int
    tried: Callable[[int], list[str]]
    """Tries it so many times; returns what was broken."""


def _lossy(count: int) -> list[str]:
    return list(_broken(lossy_schedules.run_schedule, count))


def _slow(count: int) -> list[str]:
    return list(_broken(slow_schedules.run_schedule, count))


def _broken(run: Callable[[int], lossy_schedules.Outcome | slow_schedules.Outcome], count: int) -> Iterator[str]:
    for seed in range(count):
        for problem in run(seed).problems:
            yield f"seed {seed}: {problem}"


def _killed(count: int) -> list[str]:
    command = [sys.executable, "-m", "tests.relays.killed_processes", str(count)]
    result = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
    broken = [f"{result[kind]} were {kind}" for kind in ("lost", "twice") if result[kind]]
    if result["acknowledged"] < result["published"]:
        broken.append(f"of {result['published']} intents only {result['acknowledged']} were ever acknowledged")
    return broken


PROOFS = (
    Proof("loss, doubling, swaps, relay restarts: state as without loss, gaps closed in 1 s", 2_000, _lossy),
    Proof("slow consumers: nobody waits, halts within 5 ms, drops counted, cuts told", 500, _slow),
    Proof("kill -9 of publisher, relay, consumer: nothing acknowledged lost, nothing twice", 500, _killed),
)


def main() -> None:
    """Try every promise and print the table."""
    logging.disable(logging.CRITICAL)  # faults are what this is about
    share = int(sys.argv[1]) if len(sys.argv) > 1 else 100
    broken = False
    print(f"{'promise':<84} {'count':>6}  result")  # noqa: T201 - the table
    for proof in PROOFS:
        count = max(1, proof.count * share // 100)
        problems = proof.tried(count)
        broken = broken or bool(problems)
        print(f"{proof.promise:<84} {count:>6,}  {'kept' if not problems else 'BROKEN'}", flush=True)  # noqa: T201
        for problem in problems[:10]:
            print(f"    {problem}")  # noqa: T201
    sys.exit(broken)


if __name__ == "__main__":
    main()
