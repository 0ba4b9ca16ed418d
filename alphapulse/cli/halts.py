"""`alphapulse halt show | list | unlock`: what halts there were, and the end of a lock."""

from __future__ import annotations

import fcntl
import os
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import click
import msgspec

from alphapulse.cli.daemon_call import Unanswered, ask
from alphapulse.cli.halt_text import summary_line, whole_lines
from alphapulse.cli.printable import tell
from alphapulse.cli.setup import config_option, read_config, reports_errors
from alphapulse.composition.environment import DataPaths
from alphapulse.config import Config
from alphapulse.data.execution import Mode
from alphapulse.data.halts import HaltChange, Level, Via
from alphapulse.data.wire import SENTENCE
from alphapulse.errors import HaltError
from alphapulse.journal.journal_file import read_records
from alphapulse.safety.clipped import clipped
from alphapulse.safety.halt_book import HaltBook
from alphapulse.safety.halt_json import entry_json, summary_json
from alphapulse.safety.latch import read_latch, write_latch

UNLOCK_PHRASE = "unlock alphapulse"
NOTHING = "nothing was ever halted here"

json_option = click.option("--json", "as_json", is_flag=True, help="Print it as JSON.")


@click.group(name="halt")
def halts() -> None:
    """What halts there were, and the end of a lock."""


@halts.command(name="show")
@click.argument("halt_id", type=int, required=False)
@config_option
@json_option
@reports_errors
def show(halt_id: int | None, config_path: Path | None, as_json: bool) -> None:
    """Say what halt HALT_ID did, or the newest one. Without a daemon it is read from the journal."""
    config = read_config(config_path)
    report = _report(config, halt_id)
    if as_json:
        click.echo(msgspec.json.encode(report).decode())
        return
    for line in whole_lines(report):
        tell(line)


@halts.command(name="list")
@config_option
@json_option
@reports_errors
def list_halts(config_path: Path | None, as_json: bool) -> None:
    """List the newest halts, newest first. Without a daemon they are read from the journal."""
    found = _list(read_config(config_path))
    if as_json:
        click.echo(msgspec.json.encode(found).decode())
        return
    for halt in found:
        tell(summary_line(halt))
    if not found:
        click.echo(NOTHING, err=True)


@halts.command(name="unlock")
@config_option
@click.option("--reason", required=True, help="Why; it is kept in the latch and in the journal.")
@reports_errors
def unlock(config_path: Path | None, reason: str) -> None:
    """Make every LOCKED scope HALTED: at the machine, while the daemon is down. Then start it, and resume."""
    config = read_config(config_path)
    if not sys.stdin.isatty():
        raise HaltError("expected a person at a terminal of this machine, found none: a lock is not ended by a program")
    paths = DataPaths.in_folder(config.data_folder, Mode[config.daemon.mode.upper()])
    with _only_us(paths.journal):
        record = read_latch(paths.latch)
        locked = [change for change in record.changes if change.level is Level.LOCKED] if record is not None else []
        if record is None or not locked:
            raise HaltError(f"expected a locked scope in {paths.latch}, found none: there is nothing to unlock")
        for change in locked:
            tell(f"{change.scope} was locked by {change.actor} in halt {change.halt_id}: {change.reason}", err=True)
        if click.prompt(f"Type `{UNLOCK_PHRASE}`", err=True).strip().casefold() != UNLOCK_PHRASE:
            raise HaltError("expected the phrase as it was shown, found another: everything stays locked")
        for change in locked:
            record = record.after(
                HaltChange(
                    halt_id=record.next_halt_id,
                    epoch=record.epoch + 1,
                    scope=change.scope,
                    level=Level.HALTED,
                    actor=f"user {os.getuid()} at the machine",
                    via=Via.COMMAND_LINE,
                    reason=clipped(reason, SENTENCE.limit),
                    at_ns=time.time_ns(),
                )
            )
        write_latch(paths.latch, record)
    click.echo(f"HALTED: {', '.join(change.scope for change in locked)}. Start the daemon, then `alphapulse resume`.")


def _report(config: Config, halt_id: int | None) -> Any:
    try:
        if halt_id is None:
            newest = _list_running(config)
            if not newest:
                raise HaltError(NOTHING)
            halt_id = newest[0]["halt_id"]
        return ask(config, "GET", f"/halts/{halt_id}", "halt", halt_id=halt_id)
    except Unanswered:
        book = _book(config)
        entries = book.newest_first()
        if not entries and halt_id is None:
            raise HaltError(NOTHING) from None
        entry = book.entry(halt_id) if halt_id is not None else entries[0]
        if entry is None:
            known = ", ".join(str(one.halted.halt_id) for one in entries) or "none"
            raise HaltError(f"expected a halt of the journal ({known}), found {halt_id}") from None
        return entry_json(entry)


def _list(config: Config) -> Any:
    try:
        return _list_running(config)
    except Unanswered:
        return [summary_json(entry) for entry in _book(config).newest_first()]


def _list_running(config: Config) -> Any:
    found = ask(config, "GET", "/halts", "halts")
    return found["halts"] if isinstance(found, dict) else found


def _book(config: Config) -> HaltBook:
    """The halts that the journal on the disk tells of; none if there is no journal."""
    path = DataPaths.in_folder(config.data_folder, Mode[config.daemon.mode.upper()]).journal
    book = HaltBook()
    for _, record in read_records(path) if path.exists() else ():
        book.take(record)
    return book


@contextmanager
def _only_us(path: Path) -> Iterator[None]:
    """No daemon runs over this journal, and none starts meanwhile. Raises HaltError if one does."""
    descriptor = os.open(path, os.O_RDWR | os.O_CLOEXEC)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield
    except BlockingIOError as error:
        raise HaltError("expected the daemon to be down, found one that runs: stop it first") from error
    finally:
        os.close(descriptor)
