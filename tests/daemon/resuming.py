"""How a test ends a halt of a daemon that lives beside it."""

from __future__ import annotations

from click.testing import CliRunner, Result

from alphapulse.cli.main import main
from alphapulse.daemon import Daemon
from alphapulse.data.halts import GLOBAL, Via
from alphapulse.data.roles import Role
from tests.daemon.live_daemon import LiveDaemon


def resume(daemon: Daemon, scope: str = GLOBAL, reason: str = "the drill is over") -> None:
    """Ask for the challenge and type its phrase. Raises HaltError with what forbids it."""
    challenge = daemon.halting.challenge(scope, actor="ann", role=Role.OPERATOR)
    daemon.resume(
        scope,
        reason=reason,
        actor="ann",
        via=Via.COMMAND_LINE,
        role=Role.OPERATOR,
        nonce=challenge.nonce,
        phrase=challenge.phrase,
    )


def typed(daemon: LiveDaemon, scope: str = GLOBAL, reason: str = "over") -> Result:
    """`alphapulse resume` for a process, with the phrase that it asks for typed."""
    status = daemon.get("/status")
    parts = {part["scope"]: part["halt_id"] for part in status["partial_halts"]}
    what = "all trading" if scope == GLOBAL else scope
    phrase = f"resume {what} after halt {parts.get(scope, status['halt_id'])}"
    config = str(daemon.folder / "config.toml")
    return CliRunner().invoke(
        main, ["resume", "--config", config, "--scope", scope, "--reason", reason], input=f"{phrase}\n"
    )
