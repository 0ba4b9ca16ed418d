"""The tree of tasks: what it is, an operator's hand on it, and where every task stands."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

import msgspec
from quart import Blueprint, Response, g

from alphapulse.errors import ConfigError, JournalError, LifecycleError
from alphapulse_web.api.once import once
from alphapulse_web.api.replies import answer, body
from alphapulse_web.api.requests import ChildRequest, ReloadRequest
from alphapulse_web.api.routes import PREFIX
from alphapulse_web.api.status_shapes import TaskStacks, TreeNode
from alphapulse_web.auth import Caller
from alphapulse_web.backend import Backend
from alphapulse_web.errors import ApiError
from alphapulse_web.idempotency import Reply


def tree_routes(backend: Backend) -> Blueprint:
    """Routes that show the tasks, stop, start and restart one, and give one strategy a new configuration."""
    routes = Blueprint("tree", __name__, url_prefix=PREFIX)

    @routes.get("/tree")
    async def tree() -> Response:
        return answer(backend.tree())

    @routes.get("/tree/stacks")
    async def stacks() -> Response:
        return answer(TaskStacks(text=await backend.stacks()))

    @routes.post("/tree/stop")
    async def stop() -> Response:
        return await _act(backend.stop_child)

    @routes.post("/tree/start")
    async def start() -> Response:
        return await _act(backend.start_child)

    @routes.post("/tree/restart")
    async def restart() -> Response:
        return await _act(backend.restart_child)

    @routes.post("/strategies/reload")
    async def reload() -> Response:
        wish = await body(ReloadRequest)
        caller: Caller = g.caller

        async def act() -> Reply:
            try:
                return Reply(200, msgspec.json.encode(await backend.reload(wish, caller.actor, caller.role)))
            except PermissionError as error:
                raise ApiError(403, "forbidden", str(error)) from error
            except ConfigError as error:
                raise ApiError(422, "bad_configuration", str(error)) from error
            except JournalError as error:
                raise ApiError(503, "not_recorded", f"the strategy is as it was: {error}") from error

        return await once(act)

    return routes


async def _act(move: Callable[[str, str], Awaitable[TreeNode]]) -> Response:
    """Move the child that the body names."""
    wish = await body(ChildRequest)

    async def act() -> Reply:
        try:
            return Reply(200, msgspec.json.encode(await move(wish.child, wish.reason)))
        except LifecycleError as error:
            raise ApiError(409, "not_allowed", str(error)) from error

    return await once(act)
