"""`alphapulse transactions`: what was sent to a chain, how it stands, and an operator's hand on it."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode

import click
import msgspec

from alphapulse.cli.daemon_call import call
from alphapulse.cli.printable import tell
from alphapulse.cli.setup import config_option, read_config, reports_errors
from alphapulse.cli.transaction_text import trade_lines, transaction_lines, whole_transaction

STATES = ("signed", "sent", "seen", "mined", "settled", "replaced", "dropped", "unknown")

json_option = click.option("--json", "as_json", is_flag=True, help="Print it as JSON.")


@click.group(invoke_without_command=True)
@config_option
@json_option
@click.pass_context
def transactions(context: click.Context, config_path: Path | None, as_json: bool) -> None:
    """Show what was sent to a chain and how it stands; replace a transaction, or fill a gap in a wallet's numbers."""
    if context.invoked_subcommand is None:
        context.invoke(list_transactions, config_path=config_path, as_json=as_json)


@transactions.command(name="list")
@click.option("--state", type=click.Choice(STATES), help="Only those in that state.")
@click.option("--open", "only_open", is_flag=True, help="Only those of which something may come yet.")
@click.option("--limit", type=click.IntRange(1, 200), default=50, show_default=True, help="How many, newest first.")
@config_option
@json_option
@reports_errors
def list_transactions(state: str | None, only_open: bool, limit: int, config_path: Path | None, as_json: bool) -> None:
    """List the newest transactions."""
    wish: dict[str, str | int] = {"limit": limit}
    if state is not None:
        wish["state"] = state
    if only_open:
        wish["open"] = "true"
    found = call(read_config(config_path), "GET", f"/transactions?{urlencode(wish)}")
    _tell(found, transaction_lines(found["transactions"]), as_json)


@transactions.command()
@click.argument("tx_hash", metavar="HASH")
@config_option
@json_option
@reports_errors
def show(tx_hash: str, config_path: Path | None, as_json: bool) -> None:
    """Say all that is known of the transaction HASH, and of the trade that it carries."""
    config = read_config(config_path)
    found = call(config, "GET", f"/transactions?{urlencode({'hash': tx_hash.lower()})}")["transactions"]
    if not found:
        raise click.ClickException(f"expected the hash of a transaction of ours, found {tx_hash}")
    (transaction,) = found[:1]
    number = transaction["intent_id"]
    trade = call(config, "GET", f"/trades/{number}") if number is not None else None
    lines = [*whole_transaction(transaction), *(trade_lines(trade) if trade is not None else ())]
    _tell({"transaction": transaction, "trade": trade}, lines, as_json)


@transactions.command()
@click.argument("tx_hash", metavar="HASH")
@config_option
@json_option
@reports_errors
def bump(tx_hash: str, config_path: Path | None, as_json: bool) -> None:
    """Send the transaction HASH again for higher fees, up to the configured caps."""
    _act(f"/transactions/{quote(tx_hash, safe='')}/bump", None, config_path, as_json)


@transactions.command()
@click.argument("tx_hash", metavar="HASH")
@config_option
@json_option
@reports_errors
def cancel(tx_hash: str, config_path: Path | None, as_json: bool) -> None:
    """Put a transfer of nothing in the place of HASH. Whichever of the two comes first is mined."""
    _act(f"/transactions/{quote(tx_hash, safe='')}/cancel", None, config_path, as_json)


@transactions.command(name="fill-gap")
@click.argument("wallet")
@click.argument("nonce", type=click.IntRange(0, 2**63 - 1))
@config_option
@json_option
@reports_errors
def fill_gap(wallet: str, nonce: int, config_path: Path | None, as_json: bool) -> None:
    """Use up NONCE of the WALLET of that address, so that what waits behind it can be mined."""
    _act(f"/wallets/{quote(wallet, safe='')}/fill-gap", {"nonce": nonce}, config_path, as_json)


def _act(path: str, body: dict[str, Any] | None, config_path: Path | None, as_json: bool) -> None:
    sent = call(read_config(config_path), "POST", path, body)
    _tell(sent, whole_transaction(sent), as_json)


def _tell(found: Any, lines: Iterable[str], as_json: bool) -> None:
    if as_json:
        click.echo(msgspec.json.encode(found).decode())
        return
    for line in lines:
        tell(line)
