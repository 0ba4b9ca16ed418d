"""`alphapulse`: the operator's tools."""

from __future__ import annotations

import click

from alphapulse import __version__
from alphapulse.cli.analytics import analytics
from alphapulse.cli.audit import audit
from alphapulse.cli.certificates import certificates
from alphapulse.cli.control import flatten, kill, login, resume, status
from alphapulse.cli.decisions import decisions
from alphapulse.cli.decode import decode
from alphapulse.cli.devnet import devnet
from alphapulse.cli.doctor import doctor
from alphapulse.cli.explain import explain_command
from alphapulse.cli.halts import halts
from alphapulse.cli.inspect import inspect
from alphapulse.cli.keys import keys
from alphapulse.cli.limits import breakers, limits
from alphapulse.cli.record import record
from alphapulse.cli.relays import relays
from alphapulse.cli.replay import replay
from alphapulse.cli.score import score
from alphapulse.cli.signer import signer
from alphapulse.cli.sweep import sweep
from alphapulse.cli.topology import down, logs, restart, up
from alphapulse.cli.transactions import transactions
from alphapulse.cli.tree import child, reload, tree
from alphapulse.cli.wallet import wallet


@click.group()
@click.version_option(__version__, prog_name="alphapulse")
def main() -> None:
    """Tools for a running AlphaPulse, and replays without one."""


COMMANDS = (
    *(up, down, restart, logs),
    *(replay, explain_command, score, analytics, sweep, record, inspect, status, kill, resume, flatten, halts),
    *(tree, child, reload, relays, transactions),
    *(limits, breakers, login, keys, certificates, audit, decisions, decode, doctor, devnet),
    *(signer, wallet),
)
for command in COMMANDS:
    main.add_command(command)
