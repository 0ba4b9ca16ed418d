"""`alphapulse tree | child | reload`: the daemon's tasks, and an operator's hand on them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click
import msgspec

from alphapulse.cli.control import reason_option
from alphapulse.cli.daemon_call import call
from alphapulse.cli.printable import tell
from alphapulse.cli.setup import config_option, read_config, reports_errors


@click.command()
@click.option("--json", "as_json", is_flag=True, help="Print the whole tree as JSON.")
@click.option("--stacks", is_flag=True, help="Where every task stands instead; for admins.")
@config_option
@reports_errors
def tree(as_json: bool, stacks: bool, config_path: Path | None) -> None:
    """Show the daemon's tasks: state, since when, restarts, last heartbeat, and why they do not run."""
    config = read_config(config_path)
    if stacks:
        shown = call(config, "GET", "/tree/stacks")
        click.echo(msgspec.json.encode(shown).decode() if as_json else shown["text"])
        return
    root = call(config, "GET", "/tree")
    if as_json:
        click.echo(msgspec.json.encode(root).decode())
        return
    for line in _lines(root, 0):
        tell(line)


@click.group()
def child() -> None:
    """Stop, start or restart a task by its path, such as alphapulsed/decisions/flash_arbitrage."""


@child.command()
@click.argument("path")
@reason_option
@config_option
@reports_errors
def stop(path: str, reason: str, config_path: Path | None) -> None:
    """Stop a task. It stays so until it is started by its path; that is no halt."""
    _move("stop", path, reason, config_path)


@child.command()
@click.argument("path")
@reason_option
@config_option
@reports_errors
def start(path: str, reason: str, config_path: Path | None) -> None:
    """Start a task that was stopped or has failed. It ends no halt."""
    _move("start", path, reason, config_path)


@child.command()
@click.argument("path")
@reason_option
@config_option
@reports_errors
def restart(path: str, reason: str, config_path: Path | None) -> None:
    """Give a task a fresh life."""
    _move("restart", path, reason, config_path)


@click.command()
@click.argument("name")
@reason_option
@config_option
@reports_errors
def reload(name: str, reason: str, config_path: Path | None) -> None:
    """Give one strategy what [strategies.NAME] of the daemon's configuration file says now; the others run on."""
    body = {"name": name, "reason": reason}
    reloaded = call(read_config(config_path), "POST", "/strategies/reload", body)
    for change in reloaded["changes"]:
        click.echo(f"{change['path']}: {change['before'] or 'not set'} -> {change['after'] or 'not set'}")


def _move(act: str, path: str, reason: str, config_path: Path | None) -> None:
    node = call(read_config(config_path), "POST", f"/tree/{act}", {"child": path, "reason": reason})
    for line in _lines(node, 0):
        tell(line)


def _lines(node: dict[str, Any], depth: int) -> Iterator[str]:
    name = "  " * depth + node["name"]
    beat = node["heartbeat"]["iso"] if node["heartbeat"] else "never"
    facts = f"{name:<34}{node['state']:<13}since {node['since']['iso']}  beat {beat}"
    restarts = f"  restarts {node['restarts']}" if node["restarts"] else ""
    yield f"{facts}{restarts}{'  ' + node['reason'] if node['reason'] else ''}"
    for below in node["children"]:
        yield from _lines(below, depth + 1)
