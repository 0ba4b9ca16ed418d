"""`alphapulse relays`: what the relays carry, who listens, and how the links are."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import click
import msgspec

from alphapulse.cli.daemon_call import call
from alphapulse.cli.setup import config_option, read_config, reports_errors

UNKNOWN = "-"
RELAY_HEADS = ("RELAY", "MEDIUM", "STATE", "RATE/S", "CARRIED", "REFUSED", "NEXT", "RING", "GAPS", "CUT", "DROPPED")
CONSUMER_HEADS = (
    *("CONSUMER", "RELAY", "WHERE", "STATE", "DELIVERED", "WAITING", "PEAK", "LAG"),
    *("SUPERSEDED", "EXPIRED", "WANTS"),
)


@click.command()
@click.option("--json", "as_json", is_flag=True, help="Print everything as JSON.")
@config_option
@reports_errors
def relays(as_json: bool, config_path: Path | None) -> None:
    """Show the relays: state, messages a second, ring, gaps, and each consumer with its lag and drops.

    A dash is what this kind of relay does not have, or what nobody has told.
    """
    shown = call(read_config(config_path), "GET", "/relays")
    if as_json:
        click.echo(msgspec.json.encode(shown).decode())
        return
    rows = shown["relays"]
    for line in table(RELAY_HEADS, [_relay(one) for one in rows]):
        click.echo(line)
    click.echo()
    for line in table(CONSUMER_HEADS, [_consumer(relay, one) for relay in rows for one in relay["consumers"]]):
        click.echo(line)


def table(heads: Sequence[str], rows: Sequence[Sequence[str]]) -> Iterator[str]:
    """The rows below their heads, each column as wide as its widest cell."""
    lines = [heads, *rows]
    widths = [max(len(line[column]) for line in lines) for column in range(len(heads))]
    for line in lines:
        yield "  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip()


def _relay(relay: dict[str, Any]) -> tuple[str, ...]:
    link = relay["link"]
    gaps = UNKNOWN if link is None else f"{link['gaps_found'] - link['gaps_open']}/{link['gaps_found']} closed"
    ring = UNKNOWN if relay["ring_messages"] is None else f"{relay['ring_messages']}"
    return (
        *(relay["name"], relay["medium"], "here" if link is None else link["condition"].upper()),
        *(UNKNOWN if relay["rate"] is None else relay["rate"]["per_s"], _text(relay["published"])),
        *(_text(relay["refused"]), _text(relay["next_sequence"]), ring, gaps),
        *(_text(relay["cuts"]), _text(relay["dropped"])),
    )


def _consumer(relay: dict[str, Any], one: dict[str, Any]) -> tuple[str, ...]:
    lane = f" ({one['lane']})" if one["lane"] == "control" else ""
    where = "this process" if one["peer"] is None else one["peer"] or UNKNOWN
    return (
        *(one["name"] + lane, relay["name"], where, one["state"].upper(), one["delivered"]),
        *(_text(one["waiting"]), _text(one["peak"]), one["lag"]),
        *(_text(one["dropped_superseded"]), _text(one["dropped_expired"]), one["wants"] or "unknown"),
    )


def _text(value: int | str | None) -> str:
    return UNKNOWN if value is None else str(value)
