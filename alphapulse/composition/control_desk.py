"""What the local control socket may ask of the daemon: stop, start again, sell, and what halts there were."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, assert_never

import trio

from alphapulse.composition.halting import Halting
from alphapulse.data.halts import Level, Via
from alphapulse.data.roles import Role
from alphapulse.safety.control_socket import (
    AskChallenge,
    AskLevels,
    Flatten,
    Kill,
    ListHalts,
    Resume,
    ShowHalt,
    Wish,
)
from alphapulse.safety.halt_json import challenge_json, flatten_json, report_json, summary_json

REPORT_WAIT_S = 1.0
FLATTEN_WAIT_S = 3.0
ROLE = Role.ADMIN
"""Who owns the daemon's files could change all of them: the socket gives him nothing that he has not."""


class ControlDesk:
    """Answers the socket. `check_scope` raises HaltError for a scope that there is not."""

    def __init__(self, halting: Halting, check_scope: Callable[[str], None]) -> None:
        self._halting = halting
        self._check_scope = check_scope

    async def answer(self, wish: Wish, actor: str) -> Any:
        """Do what is asked, and say what came of it, as JSON. Raises HaltError for what is not allowed."""
        match wish:
            case Kill():
                return await self._kill(wish, actor)
            case AskChallenge():
                result: Any = challenge_json(self._halting.challenge(wish.scope, actor=actor, role=ROLE))
            case Resume():
                result = self._resume(wish, actor)
            case Flatten():
                return await self._flatten(wish, actor)
            case ListHalts():
                result = [summary_json(entry) for entry in self._halting.book.newest_first()]
            case ShowHalt():
                result = self._halting.shown(wish.halt_id)
            case AskLevels():
                result = self._levels()
            case _:
                assert_never(wish)
        await trio.lowlevel.checkpoint()
        return result

    async def _kill(self, wish: Kill, actor: str) -> Any:
        self._check_scope(wish.scope)
        change = self._halting.kill(
            wish.scope,
            reason=wish.reason or "no reason was given",
            actor=actor,
            via=Via.LOCAL_SOCKET,
            level=Level[wish.level.upper()],
            role=ROLE,
        )
        with trio.move_on_after(REPORT_WAIT_S):
            return report_json(await self._halting.switch.wait_report(change.halt_id), None)
        return self._halting.shown(change.halt_id)

    def _resume(self, wish: Resume, actor: str) -> Any:
        change = self._halting.resume(
            wish.scope,
            reason=wish.reason,
            actor=actor,
            via=Via.LOCAL_SOCKET,
            role=ROLE,
            nonce=wish.nonce,
            phrase=wish.phrase,
        )
        return {"scope": change.scope, "level": change.level.name.lower(), "halt_id": change.halt_id}

    async def _flatten(self, wish: Flatten, actor: str) -> Any:
        record = self._halting.begin_flatten(
            wish.scope, reason=wish.reason, actor=actor, via=Via.LOCAL_SOCKET, role=ROLE
        )
        with trio.move_on_after(FLATTEN_WAIT_S):
            record = await self._halting.switch.wait_flattened(record.halt_id) or record
        return flatten_json(record)

    def _levels(self) -> Any:
        return {scope: change.level.name.lower() for scope, change in self._halting.switch.changes.items()}
