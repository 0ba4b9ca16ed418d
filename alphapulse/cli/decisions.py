"""`alphapulse decisions`: what a journal says was decided, alike wherever and whenever it was decided."""

from __future__ import annotations

import json
from pathlib import Path

import click

from alphapulse.cli.audit_text import KIND_WIDTH, essentials
from alphapulse.cli.setup import reports_errors
from alphapulse.journal.journal_file import read_records
from alphapulse.rules.accounting.decisions import decisions as decisions_among
from alphapulse.rules.accounting.decisions import digest, encoded
from alphapulse.rules.wire.inspection import frame_json, inspect_frame


@click.command()
@click.argument("journal", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--digest", "only_digest", is_flag=True, help="Print how many there are and the SHA-256 of all of them.")
@click.option("--hex", "as_hex", is_flag=True, help="Print each as a frame of Protocol V2 in hex.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object each, with all its fields.")
@reports_errors
def decisions(journal: Path, only_digest: bool, as_hex: bool, as_json: bool) -> None:
    """Show the signals, verdicts, intents, fills and reports in JOURNAL in the order of the signals.

    Wall-clock times are left out: two replays of one recording give the same text and the same digest, whether they
    ran in one process or in several.
    """
    if only_digest + as_hex + as_json > 1:
        raise click.UsageError("expected at most one of --digest, --hex and --json")
    found = decisions_among(record for _, record in read_records(journal))
    if only_digest:
        click.echo(f"{digest(found)}  {len(found)} decisions")
        return
    for decision in found:
        if as_hex:
            click.echo(encoded(decision).hex())
        elif as_json:
            record = frame_json(inspect_frame(encoded(decision)))["tlvs"][0]
            click.echo(json.dumps({"kind": record["name"], "fields": record["fields"]}))
        else:
            click.echo(f"{type(decision).__name__:<{KIND_WIDTH}}  {essentials(decision)}")
