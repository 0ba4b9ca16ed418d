"""What another process gives up is halted by the books: a strategy, or a venue whose chain cannot be trusted."""

from __future__ import annotations

import logging
from collections.abc import Callable

import trio

from alphapulse.data.halts import Level
from alphapulse.data.services import Error
from alphapulse.data.wire import SENTENCE
from alphapulse.errors import HaltError
from alphapulse.relays.bus import Bus
from alphapulse.safety.clipped import clipped
from alphapulse.safety.scopes import STRATEGY_SCOPE, VENUE_SCOPE

logger = logging.getLogger(__name__)

GIVEN_UP = "GivenUp"


def given_up(scope: str, reason: str, at_ns: int) -> Error:
    """What a process says when it has used up a strategy's restarts, or cannot trust a venue's chain any more."""
    return Error(scope, GIVEN_UP, None, None, None, clipped(reason, SENTENCE.limit), at_ns)


class GivenUpFollower:
    """Halts what other processes have given up. `halt` takes scope, reason and level; `level` is the one in force."""

    def __init__(
        self,
        bus: Bus,
        *,
        check_scope: Callable[[str], None],
        level: Callable[[str], Level],
        halt: Callable[[str, str, Level], None],
    ) -> None:
        self._bus = bus
        self._check_scope = check_scope
        self._level = level
        self._halt = halt

    async def run(self, *, task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED) -> None:
        """Runs until cancelled."""
        with self._bus.execution.subscribe("given up elsewhere", types=(Error,)) as subscription:
            task_status.started()
            while True:
                for error in await subscription.receive():
                    if error.kind == GIVEN_UP and error.service.startswith((STRATEGY_SCOPE, VENUE_SCOPE)):
                        self._take(error.service, error.text)

    def _take(self, scope: str, reason: str) -> None:
        try:
            self._check_scope(scope)
        except HaltError as error:
            logger.warning("another process has given up %s, which is unknown here: %s", scope, error)
            return
        if not self._level(scope).stopped:
            self._halt(scope, reason, Level.HALTED if scope.startswith(STRATEGY_SCOPE) else Level.REDUCING)
