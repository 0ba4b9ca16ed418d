"""Levels, limits, overrides and circuit breakers."""

from __future__ import annotations

import msgspec
from quart import Blueprint, Response, g

from alphapulse.errors import JournalError, LimitError
from alphapulse_web.api.once import once
from alphapulse_web.api.replies import answer, body
from alphapulse_web.api.requests import OverrideRequest
from alphapulse_web.api.routes import PREFIX
from alphapulse_web.auth import Caller
from alphapulse_web.backend import Backend
from alphapulse_web.errors import ApiError
from alphapulse_web.idempotency import Reply


def risk_routes(backend: Backend) -> Blueprint:
    """Routes that show levels, limits and breakers, and the one that sets a limit for a while."""
    routes = Blueprint("risk", __name__, url_prefix=PREFIX)

    @routes.get("/levels")
    async def levels() -> Response:
        return answer(backend.levels())

    @routes.get("/limits")
    async def limits() -> Response:
        return answer(backend.limits())

    @routes.post("/limits/override")
    async def override() -> Response:
        wish = await body(OverrideRequest)
        caller: Caller = g.caller

        async def act() -> Reply:
            try:
                return Reply(200, msgspec.json.encode(backend.override_limit(wish, caller.actor)))
            except LimitError as error:
                raise ApiError(422, "not_allowed", str(error)) from error
            except JournalError as error:
                raise ApiError(503, "not_recorded", f"the limit is as it was: {error}") from error

        return await once(act)

    @routes.get("/breakers")
    async def breakers() -> Response:
        return answer(backend.breakers())

    return routes
