"""How a test ends a halt of a daemon that lives beside it."""

from __future__ import annotations

from alphapulse.daemon import Daemon
from alphapulse.data.halts import GLOBAL, Via
from alphapulse.data.roles import Role


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
