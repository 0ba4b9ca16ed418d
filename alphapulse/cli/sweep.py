"""`alphapulse sweep`: parameter grids over recordings, in processes beside each other."""

from __future__ import annotations

import csv
import datetime
import logging
import os
import sys
import time
import tomllib
from pathlib import Path

import click
import msgspec
import trio
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn
from rich.table import Table

from alphapulse.cli.setup import EXIT_FAILED, config_file, packaged_config, reports_errors
from alphapulse.config import load_config
from alphapulse.errors import ConfigError, OutputError
from alphapulse.observe.logs import configure_logs
from alphapulse.rules.accounting.amounts import decimal_text
from alphapulse.studies.sweep import Base, Plan, plan, run_sweep
from alphapulse.studies.sweep_file import SUFFIX, StoredSweep, SweepRun, SweepWriter, read_sweep
from alphapulse.studies.sweep_grid import WHOLE, parse_axis, parse_span
from alphapulse.studies.sweep_table import csv_lines, fitted_on, rows_of, uncounted

EXIT_INTERRUPTED = 130
WIDE = 200


@click.command()
@click.option(
    "--config",
    "configs",
    multiple=True,
    type=click.Path(path_type=Path),
    help="A recording's configuration; may be given several times. Default: as for replay.",
)
@click.option("--set", "settings", multiple=True, help="SECTION.KEY=VALUE,VALUE: an axis; several make their product.")
@click.option("--fit", "fits", multiple=True, help="A day, or FROM/TO: settings are chosen by it. Default: everything.")
@click.option("--test", "tests", multiple=True, help="A day, or FROM/TO: out of sample, nothing is chosen by it.")
@click.option("--jobs", type=click.IntRange(1, 256), default=None, help="Processes. Default: one for each core.")
@click.option("--out", type=click.Path(path_type=Path), help="The sweep's file. Default: where the dashboard looks.")
@click.option("--csv", "csv_path", type=click.Path(path_type=Path), help="Write one row for each replay there, too.")
@click.option("--json", "as_json", is_flag=True, help="Print the sweep as one JSON object instead of a table.")
@reports_errors
def sweep(
    configs: tuple[Path, ...],
    settings: tuple[str, ...],
    fits: tuple[str, ...],
    tests: tuple[str, ...],
    jobs: int | None,
    out: Path | None,
    csv_path: Path | None,
    as_json: bool,
) -> None:
    """Replay each combination of settings on each recording and span, and compare what they earned.

    Ctrl-C ends all processes and keeps what was done (exit code 130).
    """
    configure_logs(logging.ERROR)
    bases, data_folder = _bases(configs)
    spans = [parse_span(text, "fit") for text in fits] + [parse_span(text, "test") for text in tests]
    created = datetime.datetime.now(datetime.UTC)
    todo = plan(bases, [parse_axis(text) for text in settings], spans or [WHOLE], created)
    path = out or data_folder / "sweeps" / f"{created:%Y-%m-%dT%H%M%SZ}{SUFFIX}"
    writer = SweepWriter(path, todo.head)
    try:
        finished = _run(todo, writer, jobs or os.cpu_count() or 1)
    finally:
        writer.close()
    stored = read_sweep(path)
    if csv_path is not None:
        _write_csv(csv_path, stored)
    if as_json:
        click.echo(msgspec.json.encode(stored).decode())
    else:
        _print(Console(width=None if sys.stdout.isatty() else WIDE), stored)
    click.echo(f"alphapulse: the sweep is in {path}", err=True)
    problems = [run for run in stored.runs if run.problem is not None]
    for run in problems[:10]:
        click.echo(f"alphapulse: {_place(run)}: {run.problem}", err=True)
    if not finished:
        click.echo(f"alphapulse: ended early: {len(stored.runs)} of {todo.head.runs} replays were done", err=True)
        sys.exit(EXIT_INTERRUPTED)
    if problems:
        sys.exit(EXIT_FAILED)


def _bases(configs: tuple[Path, ...]) -> tuple[list[Base], Path]:
    """The recordings, and the data folder of the first."""
    bases: list[Base] = []
    folder: Path | None = None
    for given in configs or (None,):
        path = config_file(given)
        config = packaged_config() if path is None else load_config(path)
        folder = folder or config.data_folder
        document = tomllib.loads(Path(config.read_from).read_text("utf-8"))
        name = Path(config.read_from).stem
        if any(base.name == name for base in bases):
            name = f"{name} {len(bases) + 1}"
        if not document.get("collectors"):
            raise ConfigError("collectors", f"expected a recording in {config.read_from}, found none")
        bases.append(Base(name, document, Path(config.folder)))
    if folder is None:
        raise ConfigError("--config", "expected at least one configuration")
    return bases, folder


def _run(todo: Plan, writer: SweepWriter, jobs: int) -> bool:
    columns = (TextColumn("sweep"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn(), TimeRemainingColumn())
    console = Console(stderr=True)
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as bar:
        task = bar.add_task("sweep", total=todo.head.runs)
        return trio.run(
            lambda: run_sweep(todo, writer, jobs, on_run=lambda _: bar.advance(task), monotonic=time.monotonic)
        )


def _print(console: Console, stored: StoredSweep) -> None:
    head = stored.head
    tested = any(span.kind == "test" for span in head.spans)
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0))
    for axis in head.axes:
        table.add_column(axis.path.rsplit(".", 1)[-1] if len(axis.path) > 40 else axis.path, justify="right")
    kinds = ("fit", "test") if tested else ("fit",)
    for kind in kinds:
        for name in ("found", "trades", "reverted", f"net {head.symbol}"):
            table.add_column(f"{kind}: {name}" if tested else name, justify="right", no_wrap=True)
    table.add_column("", no_wrap=True)
    for row in rows_of(stored):
        sums = [row.fit, row.test][: len(kinds)]
        cells: list[str] = []
        for one in sums:
            cells += map(str, (one.opportunities, one.trades, one.reverted))
            cells.append(decimal_text(one.net, head.decimals))
        mark = "best of the fitted" if row.best else "" if row.complete else "incomplete"
        table.add_row(*row.settings.values(), *cells, mark, style="bold" if row.best else "")
    console.print(table)
    console.print(fitted_on(stored), highlight=False)
    if (remark := uncounted(stored)) is not None:
        console.print(remark, highlight=False)


def _write_csv(path: Path, stored: StoredSweep) -> None:
    try:
        with path.open("w", encoding="utf-8", newline="") as file:
            csv.writer(file, lineterminator="\n").writerows(csv_lines(stored))
    except OSError as error:
        raise OutputError(f"expected a table at {path}, found: {error.strerror}; name another --csv") from error


def _place(run: SweepRun) -> str:
    settings = ", ".join(f"{path}={value}" for path, value in run.settings.items())
    return f"{settings or 'as configured'}, {run.recording}, {run.span}"
