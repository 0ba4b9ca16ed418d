"""Tries promises and prints what came of it, as a table."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

import click

from benchmarks.machine import describe_machine
from tests.prove.outcome import Outcome, Proof

MOST_SHOWN = 10


def proof_command(proofs: Sequence[Proof], module: str) -> click.Command:
    """The command `python -m MODULE`, which tries these promises or some of them and ends with 1 if one was broken."""

    @click.command()
    @click.option(
        "--only", multiple=True, type=click.Choice([one.name for one in proofs]), help="This one; repeatable."
    )
    @click.option("--counts", type=click.Choice(["full", "small"]), default="full", show_default=True)
    def command(only: Sequence[str], counts: str) -> None:
        """Try every promise and print the table. Ends with 1 if one was broken."""
        began = time.monotonic()
        for name, text in describe_machine().items():
            click.echo(f"{name:<14} {text}")
        click.echo(f"\n{'promise':<96} {'count':>7}  result")
        broken = 0
        for proof in proofs:
            if not only or proof.name in only:
                broken += not _shown(proof, proof.full if counts == "full" else proof.small, module)
        minutes, seconds = divmod(round(time.monotonic() - began), 60)
        click.echo(f"\n{broken or 'none'} broken; {minutes} min {seconds} s; load {os.getloadavg()[1]:.1f} (5 minutes)")
        sys.exit(broken > 0)

    return command


def _shown(proof: Proof, count: int, module: str) -> bool:
    """Try one promise in a folder of its own, and print its row; whether it was kept."""
    began = time.monotonic()
    with TemporaryDirectory(prefix="alphapulse-prove-") as folder:
        try:
            outcome = proof.tried(count, Path(folder))
        except Exception as error:  # noqa: BLE001 - a trial that fails has kept nothing; the others are still tried
            outcome = Outcome(count, (f"the trial failed: {error!r}",))
    result = ("kept" if outcome.count else "not tried") if outcome.kept else "BROKEN"
    click.echo(f"{proof.promise:<96} {outcome.count:>7,}  {result}")
    for figure in outcome.figures:
        click.echo(f"    {figure}")
    for note in outcome.notes:
        click.echo(f"    {note}")
    for problem in outcome.broken[:MOST_SHOWN]:
        click.echo(f"    ! {problem}")
    if len(outcome.broken) > MOST_SHOWN:
        click.echo(f"    ! and {len(outcome.broken) - MOST_SHOWN} more")
    load = os.getloadavg()[0]
    again = "" if outcome.kept else f"; again: .venv/bin/python -m {module} --only {proof.name}"
    click.echo(f"    {time.monotonic() - began:.0f} s, load {load:.1f}{again}", nl=True)
    sys.stdout.flush()
    return outcome.kept
