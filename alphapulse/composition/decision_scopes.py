"""The decisions as a halt sees them: scopes of the supervisor that holds strategies and engine."""

from __future__ import annotations

from alphapulse.data.halts import GLOBAL
from alphapulse.nursery.supervisor import Supervisor
from alphapulse.safety.scopes import STRATEGY_SCOPE


class DecisionScopes:
    """Stops and starts the decisions, all or one strategy's. The supervisor itself runs on.

    A strategy that runs in another process is none of its business.
    """

    def __init__(self, supervisor: Supervisor) -> None:
        self._supervisor = supervisor

    def holds(self, scope: str) -> bool:
        """True if something of the scope runs here."""
        return scope == GLOBAL or any(child.name == _child(scope) for child in self._supervisor.snapshot().children)

    def stop(self, scope: str, reason: str) -> None:
        """Cancel the scope's tasks; returns at once."""
        if scope == GLOBAL:
            self._supervisor.stop_all(reason)
        elif self.holds(scope):
            self._supervisor.stop(_child(scope), reason)

    def start(self, scope: str) -> None:
        """Start the scope's tasks, save those that another scope still halts; returns at once."""
        if scope == GLOBAL:
            self._supervisor.start_all()
        elif self.holds(scope):
            self._supervisor.start(_child(scope))

    async def wait_stopped(self, scope: str) -> None:
        """Return when none of the scope's tasks runs any more."""
        if self.holds(scope):
            await self._supervisor.wait_stopped(None if scope == GLOBAL else _child(scope))


def _child(scope: str) -> str:
    return scope.removeprefix(STRATEGY_SCOPE)
