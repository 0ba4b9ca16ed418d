"""`alphapulse keys add | list | revoke`: who may do what at the control plane, besides the owner of the token."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from pathlib import Path

import click

from alphapulse.cli.setup import config_option, read_config, reports_errors
from alphapulse.data.roles import Role
from alphapulse.file_trust import check_data_folder
from alphapulse_web.key_file import KeyFile

NS_PER_S = 1_000_000_000


@click.group()
def keys() -> None:
    """Named keys of the control plane. A running daemon notices a change within a second."""


@keys.command()
@click.argument("name")
@click.option(
    "--role",
    required=True,
    type=click.Choice([role.name.lower() for role in Role]),
    help="viewer reads; operator also stops, starts and re-arms; risk also stops and sets limits; admin does all.",
)
@config_option
@reports_errors
def add(name: str, role: str, config_path: Path | None) -> None:
    """Make a key for NAME and show it once: only its hash is kept."""
    secret = _file(config_path).add(name, Role[role.upper()], time.time_ns())
    click.echo(secret.reveal())
    click.echo(f"The key of {name} ({role}). It is shown this once; `Authorization: Bearer` takes it.", err=True)


@keys.command(name="list")
@config_option
@reports_errors
def list_keys(config_path: Path | None) -> None:
    """Say who has a key. The owner's token is the file `token` beside them."""
    for key in _file(config_path).read():
        made = datetime.fromtimestamp(key.made_ns // NS_PER_S, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        click.echo(f"{key.name:<32} {key.role.name.lower():<8} {key.id}  {made}")


@keys.command()
@click.argument("name")
@config_option
@reports_errors
def revoke(name: str, config_path: Path | None) -> None:
    """Take the key of NAME away, and end the sessions and pages that it opened."""
    key = _file(config_path).revoke(name)
    click.echo(f"revoked: {key.name} ({key.role.name.lower()}, {key.id})")


def _file(config_path: Path | None) -> KeyFile:
    folder = read_config(config_path).data_folder
    check_data_folder(folder, "daemon.data_folder")
    return KeyFile(folder)
