"""`alphapulse limits | breakers`: what the gate allows, how much of it is used, and what stands open."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import click
import msgspec

from alphapulse.cli.control import reason_option
from alphapulse.cli.daemon_call import call
from alphapulse.cli.printable import tell
from alphapulse.cli.setup import config_option, read_config, reports_errors
from alphapulse.data.halts import GLOBAL
from alphapulse.rules.accounting.amounts import decimal_text

_SECONDS = {"s": 1, "m": 60, "h": 3600}
_DURATION = re.compile(r"(\d{1,6})([smh])")


class Duration(click.ParamType[int]):
    """`90s`, `15m` or `2h`, in seconds."""

    name = "duration"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int:
        """The seconds. Fails the command for other text."""
        if isinstance(value, int):
            return value
        found = _DURATION.fullmatch(value)
        if found is None:
            self.fail(f"expected a time such as 90s, 15m or 2h, found {value!r}", param, ctx)
        return int(found[1]) * _SECONDS[found[2]]


@click.group(invoke_without_command=True)
@click.option("--json", "as_json", is_flag=True, help="Print everything as JSON, with the gate's checks.")
@config_option
@click.pass_context
@reports_errors
def limits(context: click.Context, as_json: bool, config_path: Path | None) -> None:
    """Say what each limit is and how much of it is used."""
    if context.invoked_subcommand is not None:
        return
    shown = call(read_config(config_path), "GET", "/limits")
    if as_json:
        click.echo(msgspec.json.encode(shown).decode())
        return
    for limit in shown["limits"]:
        tell(_line(limit))


@limits.command()
@click.argument("name")
@click.argument("value")
@click.option("--for", "for_s", type=Duration(), required=True, help="How long, such as 15m; at most 24h.")
@reason_option
@config_option
@reports_errors
def override(name: str, value: str, for_s: int, reason: str, config_path: Path | None) -> None:
    """Set the limit NAME to VALUE for a while: whole tokens for amounts, at most twice what is configured.

    The configured value takes an override back.
    """
    body = {"name": name, "value": value, "for_s": for_s, "reason": reason}
    tell(_line(call(read_config(config_path), "POST", "/limits/override", body)))


@click.command()
@click.option("--json", "as_json", is_flag=True, help="Print everything as JSON.")
@config_option
@reports_errors
def breakers(as_json: bool, config_path: Path | None) -> None:
    """Say which circuit breakers are open, why, and how each ends."""
    shown = call(read_config(config_path), "GET", "/breakers")
    if as_json:
        click.echo(msgspec.json.encode(shown).decode())
        return
    for breaker in shown["breakers"]:
        scope = breaker["scope"] or ("all trading" if breaker["kind"] == GLOBAL else f"any {breaker['kind']}")
        tell(f"{breaker['phase'].upper().replace('_', ' '):<9} {breaker['rule']:<14} {scope}")
        if breaker["phase"] != "closed":
            tell(f"          {breaker['stops']} since {breaker['since']['iso']}: {breaker['reason']}")
            ends = "a person resumes the scope" if breaker["needs_person"] else breaker["ends"]
            click.echo(f"          ends: {ends}")


def _line(limit: dict[str, Any]) -> str:
    used = "" if limit["used"] is None else f"{_amount(limit, limit['used'])} of "
    line = f"{limit['name']:<56} {used}{_amount(limit, limit['value'])} {limit['unit']}"
    override = limit["override"]
    if override is None:
        return line
    configured = _amount(limit, limit["configured"])
    until = f"by {override['actor']} until {override['expires']['iso']}, configured {configured}"
    return f"{line}  (override {until}: {override['reason']})"


def _amount(limit: dict[str, Any], raw: str) -> str:
    text = decimal_text(int(raw), limit["decimals"] or 0)
    return text.rstrip("0").rstrip(".") if "." in text else text
