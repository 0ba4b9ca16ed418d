"""`alphapulse status | kill | resume | flatten | login`: the running daemon."""

from __future__ import annotations

import os
import signal
import sys
import time
from pathlib import Path
from typing import Any

import click
import msgspec

from alphapulse.cli.control_file import ControlFile, read_control_file
from alphapulse.cli.daemon_call import TurnedAway, Unanswered, ask, by_socket, call, control_url
from alphapulse.cli.halt_text import report_lines
from alphapulse.cli.printable import tell
from alphapulse.cli.setup import EXIT_FAILED, config_option, read_config, reports_errors
from alphapulse.cli.topology import process_lines, processes_of, services_json
from alphapulse.config import Config
from alphapulse.data.halts import GLOBAL
from alphapulse.safety import halt_file

KILL_TIMEOUT_S = 3.5
"""A stop must not wait for a loop that stands still: behind this come socket and signal. The API answers within 3 s."""

MOST_REASON = 250
"""Characters that the control plane takes."""
ENDING_S = 0.5
"""A process that was killed is gone by then."""

reason_option = click.option("--reason", required=True, help="Why; it is kept in the audit log.")
scope_option = click.option(
    "--scope",
    default=GLOBAL,
    show_default=True,
    help="`global`, `strategy:NAME`, `venue:NAME` or `instrument:HEX`.",
)


@click.command()
@config_option
@click.option("--json", "as_json", is_flag=True, help="Print the whole status as JSON.")
@reports_errors
def status(config_path: Path | None, as_json: bool) -> None:
    """Say whether the daemon runs, whether it trades, and why not; of a topology, how each process is.

    The exit code is 1 if the daemon does not answer, or if a process of the topology is not ready.
    """
    config = read_config(config_path)
    processes = processes_of(config) if config.topology.services is not None else {}
    if not as_json:
        for line in process_lines(config, processes):
            click.echo(line)
    shown = call(config, "GET", "/status")
    if as_json:
        click.echo(msgspec.json.encode({**shown, **services_json(processes)}).decode())
    else:
        _tell_status(shown)
    if not all(process is not None and process.shown_state == "ready" for process in processes.values()):
        sys.exit(EXIT_FAILED)


def _tell_status(shown: Any) -> None:
    tell(f"{shown['state'].upper()} ({shown['mode']}), since {shown['since']['iso']}, by {shown['by']}")
    if shown["assumption"].startswith("Not live"):
        tell(shown["assumption"])
    tell(f"cause: {shown['cause']}")
    for halt in shown["partial_halts"]:
        tell(f"{halt['level']}: {halt['scope']}, since {halt['since']['iso']}, by {halt['by']}: {halt['cause']}")
    for stream in shown["streams"]:
        tell(f"stream {stream['label']}: {stream['state']}, {stream['delivered']} delivered")


@click.command()
@config_option
@scope_option
@click.option(
    "--level",
    type=click.Choice(["halted", "reducing", "locked"]),
    default="halted",
    show_default=True,
    help="`reducing`: only what lowers exposure; `locked`: no resume ends it, but `alphapulse halt unlock`.",
)
@reason_option
@reports_errors
def kill(config_path: Path | None, scope: str, level: str, reason: str) -> None:
    """Halt trading at once. It stays halted, over restarts too, until `alphapulse resume`.

    Asked are the control plane, the local socket, and at last the process by SIGUSR1. If none runs, a file HALT is left
    in the data folder, which keeps the next start halted.
    """
    config = read_config(config_path)
    wish = {"scope": scope, "level": level, "reason": _taken(reason)}
    try:
        report = _kill(config, wish)
    except Unanswered as problem:
        if scope != GLOBAL or level != "halted":
            raise
        _kill_without_answer(config, reason, problem)
        return
    for line in report_lines(report):
        tell(line)


@click.command()
@config_option
@scope_option
@reason_option
@click.option("--phrase", help="What is to be typed; without it the phrase is read from standard input.")
@reports_errors
def resume(config_path: Path | None, scope: str, reason: str, phrase: str | None) -> None:
    """End a halt. It says what that does and does not do, and wants a phrase typed."""
    config = read_config(config_path)
    # Both by one way: a challenge is answered by who has asked for it.
    over_socket: Unanswered | None = None
    try:
        challenge = call(config, "POST", "/control/challenge", {"scope": scope})
    except TurnedAway:
        raise
    except Unanswered as problem:
        over_socket, challenge = problem, by_socket(config, "challenge", problem, scope=scope)
    for line in challenge["text"]:
        tell(line, err=True)
    for objection in challenge["objections"]:
        tell(f"not allowed now: {objection}", err=True)
    if phrase is None:
        phrase = click.prompt(f"Type `{challenge['phrase']}`", err=True)
    wish = {"scope": scope, "reason": reason, "nonce": challenge["nonce"], "phrase": phrase}
    if over_socket is None:
        shown = call(config, "POST", "/control/resume", wish)
    else:
        shown = by_socket(config, "resume", over_socket, **wish)
    tell(_resumed(shown, scope))


@click.command()
@config_option
@scope_option
@reason_option
@reports_errors
def flatten(config_path: Path | None, scope: str, reason: str) -> None:
    """Sell what a halted scope holds. Once in a halt, whatever becomes of it."""
    shown = ask(read_config(config_path), "POST", "/control/flatten", "flatten", scope=scope, reason=reason)
    tell(f"flatten {shown['stage']} in halt {shown['halt_id']}, scope {shown['scope']}: {shown['text']}")
    click.echo(f"  {shown['closed']} closed, {shown['unknown']} unknown")


@click.command()
@config_option
@reports_errors
def login(config_path: Path | None) -> None:
    """Print a fresh one-time login for the dashboard."""
    config = read_config(config_path)
    code = call(config, "POST", "/session/code")
    click.echo(f"{control_url(config)}/#code={code['code']}")


def _taken(reason: str) -> str:
    """The reason as every way takes it: no stop is refused for its words."""
    words = reason.strip() or "no reason was given"
    return words if len(words) <= MOST_REASON else words[: MOST_REASON - 1] + "…"


def _kill(config: Config, wish: dict[str, str]) -> Any:
    """A stop takes whichever way is open."""
    try:
        return call(config, "POST", "/control/kill", wish, timeout_s=KILL_TIMEOUT_S, patience_s=0)
    except Unanswered as problem:
        return by_socket(config, "kill", problem, timeout_s=KILL_TIMEOUT_S, **wish)


def _kill_without_answer(config: Config, reason: str, problem: Unanswered) -> None:
    """Nobody answers: the signal to a process that runs, else a file for the one that comes."""
    running = read_control_file(config.data_folder)
    if running is not None and _outlives_signal(running):
        click.echo(f"{problem.message}\nSIGUSR1 was sent to process {running.pid} instead, which closes its gate.")
        return
    path = config.data_folder / halt_file.NAME
    try:
        halt_file.leave(path, reason)
    except OSError as error:
        raise click.ClickException(f"{problem.message}; {path} could not be left either: {error.strerror}") from error
    click.echo(f"{problem.message}\nNo daemon runs. {path} was left: the next start comes up HALTED while it is there.")


def _outlives_signal(running: ControlFile) -> bool:
    """Send SIGUSR1; false if the process is not there, or was about to end: then nobody has heard it.

    One that was killed just now hangs up on us before it is gone.
    """
    if not running.is_running():
        return False
    try:
        os.kill(running.pid, signal.SIGUSR1)
    except ProcessLookupError:
        return False
    until = time.monotonic() + ENDING_S
    while time.monotonic() < until and running.is_running():
        time.sleep(0.02)
    return running.is_running()


def _resumed(shown: dict[str, Any], scope: str) -> str:
    """What a resume answers: a status over the control plane, a level over the socket."""
    if "level" in shown:
        return f"{shown['level'].upper()}: {scope}, halt {shown['halt_id']} ended"
    if scope != GLOBAL:
        return f"ended: the halt of {scope}; the global scope is {shown['state'].upper()}"
    return f"{shown['state'].upper()} since {shown['since']['iso']}, by {shown['by']}"
