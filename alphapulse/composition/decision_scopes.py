"""The decisions as a halt sees them: scopes of the supervisor that holds strategies and engine."""

from __future__ import annotations

from alphapulse.data.halts import GLOBAL
from alphapulse.nursery.supervisor import Supervisor
from alphapulse.safety.scopes import STRATEGY_SCOPE


class DecisionScopes:
    """Stops and starts the decisions, all or one strategy's. The supervisor itself runs on."""

    def __init__(self, supervisor: Supervisor) -> None:
        self._supervisor = supervisor

    def stop(self, scope: str, reason: str) -> None:
        """Cancel the scope's tasks; returns at once."""
        if scope == GLOBAL:
            self._supervisor.stop_all(reason)
        else:
            self._supervisor.stop(_child(scope), reason)

    def start(self, scope: str) -> None:
        """Start the scope's tasks, save those that another scope still halts; returns at once."""
        if scope == GLOBAL:
            self._supervisor.start_all()
        else:
            self._supervisor.start(_child(scope))

    async def wait_stopped(self, scope: str) -> None:
        """Return when none of the scope's tasks runs any more."""
        await self._supervisor.wait_stopped(None if scope == GLOBAL else _child(scope))


def _child(scope: str) -> str:
    return scope.removeprefix(STRATEGY_SCOPE)
