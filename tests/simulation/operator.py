"""The operator of a simulation: stops trading, and starts it again as far as he may."""

from __future__ import annotations

import signal
from random import Random

import attrs

from alphapulse.daemon import Daemon
from alphapulse.data.halts import GLOBAL, Via
from alphapulse.data.roles import Role
from alphapulse.errors import HaltError

NAME = "the operator"


@attrs.define
class Operator:
    """His wishes go through the daemon's own calls; `chance` picks the words."""

    chance: Random

    def kill(self, daemon: Daemon, scope: str) -> None:
        """Stop a scope."""
        daemon.kill(scope, reason=self._words(), actor=NAME, via=Via.API)

    def signal(self) -> None:
        """Stop everything by SIGUSR1: the gate is closed when this returns, the rest is the loop's."""
        signal.raise_signal(signal.SIGUSR1)

    def resume(self, daemon: Daemon, scope: str) -> str | None:
        """Let a scope trade again, with the phrase that he is asked for; why not, if it may not."""
        try:
            asked = daemon.halting.challenge(scope, actor=NAME, role=Role.OPERATOR)
            daemon.resume(
                scope,
                reason=self._words(),
                actor=NAME,
                via=Via.COMMAND_LINE,
                role=Role.OPERATOR,
                nonce=asked.nonce,
                phrase=asked.phrase,
            )
        except HaltError as error:
            return "; ".join(map(str, error.args))
        return None

    def halted(self, daemon: Daemon) -> list[str]:
        """The scopes that do not trade, the global one first: it has to be resumed before the others."""
        scopes = [scope for scope, change in daemon.halts.changes.items() if not change.level.trades]
        return sorted(scopes, key=lambda scope: scope != GLOBAL)

    def _words(self) -> str:
        return self.chance.choice(("a drill", "it looks odd", "“Größe” 😀 prüfen", "x" * 200))
