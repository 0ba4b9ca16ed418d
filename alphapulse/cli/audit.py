"""`alphapulse audit verify | tail`: the journal as it lies on the disk, beside a running daemon or without one."""

from __future__ import annotations

import json
import re
import sys
import time
from pathlib import Path

import click

from alphapulse.cli.audit_text import record_line
from alphapulse.cli.control_file import read_control_file
from alphapulse.cli.setup import EXIT_FAILED, config_option, read_config, reports_errors
from alphapulse.composition.environment import DataPaths
from alphapulse.config import Config
from alphapulse.data.execution import Mode
from alphapulse.journal.audit import head_at, newest
from alphapulse.journal.journal_file import Verdict, record_of, verify
from alphapulse.rules.wire.inspection import inspect_frame, tlv_json

WRITING_S = 0.5
"""A frame that a running daemon is writing just now is whole by then."""
_ANCHOR = re.compile("([0-9]{1,18}):([0-9a-f]{64})")


@click.group()
def audit() -> None:
    """Check the journal, or show what stands at its end."""


@audit.command(name="verify")
@config_option
@click.option(
    "--anchor",
    metavar="RECORDS:HASH",
    help="Also expect that head, as `audit verify` or the API once told it and somebody wrote it down elsewhere.",
)
@reports_errors
def verify_journal(config_path: Path | None, anchor: str | None) -> None:
    """Check every record of the journal and its link to the one before. The exit code is 1 if anything is wrong."""
    expected = _ANCHOR.fullmatch(anchor.lower()) if anchor is not None else None
    if anchor is not None and expected is None:
        raise click.UsageError("expected --anchor as RECORDS:HASH, a number and 64 hex digits")
    config = read_config(config_path)
    path = _journal(config)
    verdict = _verdict(config, path)
    click.echo(f"journal    {path}")
    click.echo(f"records    {verdict.records}")
    click.echo(f"bytes      {verdict.size_bytes}")
    click.echo(f"head hash  {verdict.head_hash.hex()}")
    problems = []
    if verdict.problem is not None:
        problems.append(f"at byte {verdict.offset}: {verdict.problem}")
    if expected is not None and head_at(path, int(expected[1])) != bytes.fromhex(expected[2]):
        problems.append(f"expected the head {expected[2]} behind record {int(expected[1])}, found another or none")
    for problem in problems:
        click.echo(f"problem    {problem}")
    if problems:
        click.echo("The journal is not sound; what is counted above is the part before the first wrong byte.")
        sys.exit(EXIT_FAILED)
    click.echo("The journal is sound.")


@audit.command(name="tail")
@config_option
@click.option("-n", "count", type=click.IntRange(min=1, max=100_000), default=20, show_default=True, help="How many.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object a record, with all its fields.")
@reports_errors
def tail(config_path: Path | None, count: int, as_json: bool) -> None:
    """Show the newest records, the oldest of them first. The exit code is 1 if the journal is damaged."""
    found = newest(_journal(read_config(config_path)), count)
    for index, frame in found.frames:
        click.echo(_json(index, frame) if as_json else record_line(index, _written_ns(frame), record_of(frame)))
    if found.problem is not None:
        click.echo(f"alphapulse: {found.problem}", err=True)
        sys.exit(EXIT_FAILED)


def _journal(config: Config) -> Path:
    return DataPaths.in_folder(config.data_folder, Mode[config.daemon.mode.upper()]).journal


def _verdict(config: Config, path: Path) -> Verdict:
    verdict = verify(path)
    running = read_control_file(config.data_folder)
    if verdict.problem is not None and running is not None and running.is_running():
        time.sleep(WRITING_S)
        verdict = verify(path)
    return verdict


def _written_ns(frame: bytes) -> int:
    return int.from_bytes(frame[16:24], "little")


def _json(index: int, frame: bytes) -> str:
    record = tlv_json(inspect_frame(frame).tlvs[0])
    return json.dumps(
        {"record": index, "written_ns": _written_ns(frame), "kind": record["name"], "fields": record["fields"]}
    )
