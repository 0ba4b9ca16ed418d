"""`alphapulse decode`: what the logs of whole blocks are, and whose."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click
import msgspec
from rich.console import Console
from rich.table import Table

from alphapulse.cli.setup import EXIT_FAILED, reports_errors
from alphapulse.collectors.evm.pool_table import PoolTable, load_pool_table
from alphapulse.collectors.recorded.block_file import BlockFile, read_block_file
from alphapulse.data.factories import Factory, FactoryKind
from alphapulse.data.pools import PoolKind
from alphapulse.errors import BlockFileError
from alphapulse.rules.events.event_census import EventCensus

KINDS = {FactoryKind.V2: PoolKind.V2, FactoryKind.V3: PoolKind.V3, FactoryKind.ALGEBRA: PoolKind.ALGEBRA}


@click.command()
@click.argument("files", nargs=-1, required=True, metavar="FILE...", type=click.Path(path_type=Path))
@click.option("--pools", "pools_path", required=True, type=click.Path(path_type=Path), help="Table of believed pools.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object a block, each on its line.")
@reports_errors
def decode(files: Sequence[Path], pools_path: Path, as_json: bool) -> None:
    """Count the pool events in whole blocks by kind: of admitted pools, of other emitters, and refused ones.

    FILE holds all logs of one block: JSON, plain or gzip, of the form {"chainId", "block", "receipts" or "logs"}. The
    pools are a CSV table whose addresses are computed again from factory, tokens and fee (docs/decode.md).

    "admitted": the emitter is a proven pool of the event's family, for pairs and pools that were created a factory of
    such pools, and the contract can have written every word of the log. "other": any other emitter of the same topic.
    "refused", by reason: an admitted emitter, and a log that its contract cannot have written.

    The exit code is 1 if a file, a log or a row of the table could not be used (the others were), 78 if the table is
    none at all.
    """
    table = load_pool_table(pools_path)
    problems = [f"{problem}; the row is not used" for problem in table.wrong]
    for path in files:
        try:
            block = read_block_file(path)
        except BlockFileError as error:
            problems.append(str(error))
            continue
        census = taken(block, table)
        if census.unreadable:
            problems.append(f"{path}: {census.unreadable} of {census.logs} logs are no log objects and of no kind")
        result = {"chain": block.chain_id, "block": block.number, "logs": census.logs, "events": _events(census)}
        if as_json:
            click.echo(msgspec.json.encode(result).decode())
        else:
            _print_table(result)
    for problem in problems:
        click.echo(f"alphapulse: {problem}", err=True)
    if problems:
        sys.exit(EXIT_FAILED)


def taken(block: BlockFile, table: PoolTable) -> EventCensus:
    """The census of a block, with the pools and factories of its chain admitted."""
    here = [pool for pool in table.pools if pool.chain_id == block.chain_id]
    pools = {"0x" + pool.address.hex(): KINDS[pool.factory.kind] for pool in here}
    factories: dict[str, Factory] = {
        "0x" + pool.factory.address.hex(): pool.factory for pool in here if pool.factory.address
    }
    census = EventCensus(pools, factories)
    for log in block.logs:
        census.count(log)
    return census


def _events(census: EventCensus) -> dict[str, Any]:
    return {
        kind: {"admitted": one.admitted, "other": one.other, "refused": dict(sorted(one.refused.items()))}
        for kind, one in census.kinds.items()
    }


def _print_table(result: dict[str, Any]) -> None:
    table = Table(
        title=f"chain {result['chain']}, block {result['block']}: {result['logs']} logs", title_justify="left"
    )
    for heading in ("event", "admitted", "other", "refused"):
        table.add_column(heading, justify="left" if heading in ("event", "refused") else "right")
    for kind, one in result["events"].items():
        refused = ", ".join(f"{reason} {count}" for reason, count in one["refused"].items())
        table.add_row(kind, str(one["admitted"]), str(one["other"]), refused)
    Console(highlight=False).print(table)
