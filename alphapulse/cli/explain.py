"""`alphapulse explain`: what the engine saw at a transaction, block or pool of a recording, and what came of it."""

from __future__ import annotations

import logging
import re
import sys
import tempfile
from pathlib import Path

import click
import msgspec
import trio

from alphapulse.cli.explanation_text import lines_of
from alphapulse.cli.setup import EXIT_FAILED, config_option, read_config, reports_errors
from alphapulse.composition.environment import DataPaths
from alphapulse.data.execution import Mode
from alphapulse.observe.logs import configure_logs
from alphapulse.studies.explanation import Question, explain
from alphapulse.studies.explanation_json import explanation_json
from alphapulse.studies.headless import headless

_HASH, _ADDRESS = re.compile("0x[0-9a-f]{64}"), re.compile("0x[0-9a-f]{40}")


@click.command("explain")
@config_option
@click.option("--tx", help="A transaction's hash.")
@click.option("--block", type=click.IntRange(min=0), help="A block's number.")
@click.option("--pool", help="A pool's address.")
@click.option("--limit", type=click.IntRange(1, 1000), default=50, show_default=True, help="Logs that the text shows.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object instead of text: up to 1,000 logs.")
@reports_errors
def explain_command(
    config_path: Path | None, tx: str | None, block: int | None, pool: str | None, limit: int, as_json: bool
) -> None:
    """Replay the configured recording and say what stood open behind each chosen log, and where it ended.

    Exit code 1: nothing of the recording is meant, or it could not be replayed to its end.
    """
    configure_logs(logging.WARNING)
    question = _question(tx, block, pool)
    config = headless(read_config(config_path))
    with tempfile.TemporaryDirectory() as folder:
        found, pools, problem = trio.run(explain, config, DataPaths.in_folder(Path(folder), Mode.PAPER), question)
    if as_json:
        click.echo(msgspec.json.encode(explanation_json(found)).decode())
    else:
        for line in lines_of(found, config, pools, limit):
            click.echo(line)
    if problem is not None:
        click.echo(f"alphapulse: {problem}", err=True)
    if not found.matched:
        known = {one.id.name for one in pools}
        hint = "; it is none of its pools" if question.kind == "pool" and question.value not in known else ""
        text = f"expected believed logs of {question.kind} {question.value} in the recording, found none{hint}"
        click.echo(f"alphapulse: {text}", err=True)
    if problem is not None or not found.matched:
        sys.exit(EXIT_FAILED)


def _question(tx: str | None, block: int | None, pool: str | None) -> Question:
    if sum(one is not None for one in (tx, block, pool)) != 1:
        raise click.UsageError("expected one of --tx, --block and --pool")
    if block is not None:
        return Question("block", block)
    if tx is not None:
        if not _HASH.fullmatch(tx.lower()):
            raise click.UsageError(f"--tx: expected 0x and 64 hex digits, found {tx!r}")
        return Question("tx", tx.lower())
    text = (pool or "").lower()
    if not _ADDRESS.fullmatch(text):
        raise click.UsageError(f"--pool: expected 0x and 40 hex digits, found {pool!r}")
    return Question("pool", text)
