"""`alphapulse analytics`: what a recording says of every path: found, taken, won, lost to whom."""

from __future__ import annotations

import logging
import sys
import tempfile
from pathlib import Path
from typing import Any

import click
import msgspec
import trio
from rich.console import Console
from rich.table import Table

from alphapulse.cli.setup import EXIT_FAILED, config_option, read_config, reports_errors
from alphapulse.composition.environment import DataPaths
from alphapulse.data.execution import Mode
from alphapulse.observe.logs import configure_logs
from alphapulse.studies.analytics import analyse
from alphapulse.studies.headless import headless

WIDE = 200
"""Columns of text that goes into a file or a pipe."""

EPISODES = 40
"""Episodes that the text shows; --json has all."""


@click.command()
@config_option
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object instead of tables.")
@reports_errors
def analytics(config_path: Path | None, as_json: bool) -> None:
    """Replay the configured recording and say, for each path, what was found, taken, won, and lost to whom."""
    configure_logs(logging.WARNING)
    config = headless(read_config(config_path))
    with tempfile.TemporaryDirectory() as folder:
        result, problem = trio.run(analyse, config, DataPaths.in_folder(Path(folder), Mode.PAPER))
    if as_json:
        click.echo(msgspec.json.encode(result).decode())
    else:
        _print(Console(width=None if sys.stdout.isatty() else WIDE), result)
    if problem is not None:
        click.echo(f"alphapulse: {problem}", err=True)
        sys.exit(EXIT_FAILED)


def _print(console: Console, result: dict[str, Any]) -> None:
    columns = ("found", "episodes", "taken", "won", "lost", "expected_net", "actual_net")
    for title, name in (("strategies", "name"), ("pools", "pool")):
        console.print(_table(title, [[row[name], *(row[one] for one in columns)] for row in result[title]], columns))
    more = (*columns, "closed in block", "later", "median logs")
    rows = [
        [
            " > ".join(row["names"]),
            *(row[one] for one in columns),
            row["closed_in_block"],
            row["closed_later"],
            row["median_logs_later"],
        ]
        for row in result["paths"]
    ]
    console.print(_table("paths", rows, more))
    episodes = result["episodes"][-EPISODES:]
    title = f"gaps, the newest {len(episodes)} of {len(result['episodes'])}"
    rows = [
        [
            f"{one['opened'][0]} #{one['opened'][1]}",
            one["states"],
            one["best_profit"],
            one["taking"],
            "open" if one["closed"] is None else f"{one['closed'][0]} #{one['closed'][1]}",
            one["logs_later"],
            _closer(one),
        ]
        for one in episodes
    ]
    console.print(_table(title, rows, ("states", "best profit", "for us", "closed", "logs later", "by")))


def _closer(one: dict[str, Any]) -> str:
    text = one["closer"] or ""
    return f"{text} (who opened it)" if one["closed_by_opener"] else text


def _table(title: str, rows: list[list[Any]], columns: tuple[str, ...]) -> Table:
    table = Table(title=title, title_justify="left", box=None, pad_edge=False, padding=(0, 2, 0, 0))
    table.add_column("", no_wrap=True)
    for column in columns:
        table.add_column(column, justify="left" if column in ("by", "for us") else "right", no_wrap=True)
    for row in rows:
        table.add_row(*("" if value is None else str(value) for value in row))
    return table
