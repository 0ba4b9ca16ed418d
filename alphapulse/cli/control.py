"""`alphapulse status | kill | resume | login`: the running daemon, over its control plane."""

from __future__ import annotations

import os
import secrets
import signal
from pathlib import Path
from typing import Any

import click
import httpx
import msgspec

from alphapulse.cli.control_file import read_control_file
from alphapulse.cli.setup import config_option, read_config, reports_errors
from alphapulse.config import Config
from alphapulse.connections.http import TIMEOUT_S, control_client
from alphapulse.data.halts import GLOBAL

API = "/api/v1"
KILL_TIMEOUT_S = 4.0
"""A stop must not wait for a loop that stands still: behind this comes the signal. The daemon answers within 3 s."""

reason_option = click.option("--reason", required=True, help="Why; it is kept in the audit log.")
scope_option = click.option("--scope", default=GLOBAL, show_default=True, help="`global` or `strategy:NAME`.")


@click.command()
@config_option
@click.option("--json", "as_json", is_flag=True, help="Print the whole status as JSON.")
@reports_errors
def status(config_path: Path | None, as_json: bool) -> None:
    """Say whether the daemon runs, whether it trades, and why not."""
    shown = _call(read_config(config_path), "GET", "/status")
    if as_json:
        click.echo(msgspec.json.encode(shown).decode())
        return
    click.echo(f"{shown['state'].upper()} ({shown['mode']}), since {shown['since']['iso']}, by {shown['by']}")
    click.echo(f"cause: {shown['cause']}")
    for halt in shown["partial_halts"]:
        click.echo(f"halted: {halt['scope']}, since {halt['since']['iso']}, by {halt['by']}: {halt['cause']}")
    for stream in shown["streams"]:
        click.echo(f"stream {stream['label']}: {stream['state']}, {stream['delivered']} delivered")


@click.command()
@config_option
@scope_option
@reason_option
@reports_errors
def kill(config_path: Path | None, scope: str, reason: str) -> None:
    """Halt trading at once. It stays halted, over restarts too, until `alphapulse resume`."""
    config = read_config(config_path)
    running = read_control_file(config.data_folder)
    try:
        report = _call(config, "POST", "/control/kill", {"scope": scope, "reason": reason}, timeout_s=KILL_TIMEOUT_S)
    except click.ClickException as problem:
        if scope != GLOBAL or running is None or not running.is_running():
            raise
        os.kill(running.pid, signal.SIGUSR1)
        click.echo(f"{problem.message}\nSIGUSR1 was sent to process {running.pid} instead, which closes its gate.")
        return
    click.echo(f"HALTED: halt {report['halt_id']}, scope {report['scope']}")
    for step in report["steps"]:
        click.echo(f"  {step['ms']:>10} ms  {step['name']}{': ' + step['text'] if step['text'] else ''}")
    click.echo(f"  {report['cancelled']} cancelled, {report['in_flight']} in flight, {report['unknown']} unknown")


@click.command()
@config_option
@scope_option
@reason_option
@reports_errors
def resume(config_path: Path | None, scope: str, reason: str) -> None:
    """End a halt. Nothing that was cancelled is sent again."""
    shown = _call(read_config(config_path), "POST", "/control/resume", {"scope": scope, "reason": reason})
    click.echo(f"{shown['state'].upper()} since {shown['since']['iso']}, by {shown['by']}")


@click.command()
@config_option
@reports_errors
def login(config_path: Path | None) -> None:
    """Print a fresh one-time login for the dashboard."""
    config = read_config(config_path)
    code = _call(config, "POST", "/session/code")
    click.echo(f"{_url(config)}/#code={code['code']}")


def _url(config: Config) -> str:
    running = read_control_file(config.data_folder)
    if running is None or running.url is None:
        raise click.ClickException(
            f"expected a running daemon with a control plane for {config.data_folder}, found none; "
            "start alphapulsed, or name its configuration with --config"
        )
    return running.url


def _call(
    config: Config, method: str, path: str, body: dict[str, str] | None = None, *, timeout_s: float = TIMEOUT_S
) -> Any:
    url = _url(config)
    token_path = config.data_folder / "token"
    try:
        token = token_path.read_text(encoding="ascii").strip()
    except OSError as error:
        raise click.ClickException(f"expected the access token at {token_path}, found: {error.strerror}") from error
    certificate = config.web.tls_certificate
    with control_client(url, token, None if certificate is None else config.resolve(certificate)) as client:
        try:
            headers = {"Idempotency-Key": secrets.token_hex(16)} if method == "POST" else {}
            reply = client.request(method, API + path, json=body, headers=headers, timeout=timeout_s)
        except httpx.HTTPError as error:
            raise click.ClickException(f"the control plane at {url} did not answer: {error!r}") from error
    if reply.is_error:
        raise click.ClickException(_problem(reply))
    return reply.json()


def _problem(reply: httpx.Response) -> str:
    try:
        return str(reply.json()["error"]["message"])
    except (ValueError, KeyError, TypeError):
        return f"the control plane answered {reply.status_code}"
