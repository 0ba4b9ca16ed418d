"""Stopping, starting again, selling what is held, and what halts there were."""

from __future__ import annotations

import msgspec
from quart import Blueprint, Response, g, request

from alphapulse_web.api.once import once
from alphapulse_web.api.replies import answer, body
from alphapulse_web.api.requests import ChallengeRequest, FlattenRequest, KillRequest, ResumeRequest
from alphapulse_web.api.routes import PREFIX
from alphapulse_web.api.schemas import ViaWord
from alphapulse_web.auth import Caller
from alphapulse_web.backend import Backend
from alphapulse_web.errors import ApiError
from alphapulse_web.idempotency import Reply


def control_routes(backend: Backend) -> Blueprint:
    """Routes that stop and resume. The first is never rate limited."""
    routes = Blueprint("control", __name__, url_prefix=PREFIX)

    @routes.post("/control/kill")
    async def kill() -> Response:
        wish = await body(KillRequest)
        caller: Caller = g.caller
        via = path_of(caller, request.headers.get("X-AlphaPulse-Via"))

        async def act() -> Reply:
            report = await backend.kill(wish, caller.actor, caller.role, via)
            return Reply(200 if report.complete else 202, msgspec.json.encode(report))

        return await once(act)

    @routes.post("/control/challenge")
    async def challenge() -> Response:
        wish = await body(ChallengeRequest)
        caller: Caller = g.caller

        async def act() -> Reply:
            return Reply(200, msgspec.json.encode(backend.challenge(wish.scope, caller.actor, caller.role)))

        return await once(act)

    @routes.post("/control/resume")
    async def resume() -> Response:
        wish = await body(ResumeRequest)
        caller: Caller = g.caller
        via = path_of(caller, request.headers.get("X-AlphaPulse-Via"))

        async def act() -> Reply:
            return Reply(200, msgspec.json.encode(await backend.resume(wish, caller.actor, caller.role, via)))

        return await once(act)

    @routes.post("/control/flatten")
    async def flatten() -> Response:
        wish = await body(FlattenRequest)
        caller: Caller = g.caller
        via = path_of(caller, request.headers.get("X-AlphaPulse-Via"))

        async def act() -> Reply:
            report = await backend.flatten(wish, caller.actor, caller.role, via)
            return Reply(202 if report.stage == "begun" else 200, msgspec.json.encode(report))

        return await once(act)

    @routes.get("/halts")
    async def halts() -> Response:
        return answer(backend.halts())

    @routes.get("/halts/<int:halt_id>")
    async def halt(halt_id: int) -> Response:
        try:
            return answer(backend.halt(halt_id))
        except LookupError as error:
            raise ApiError(404, "no_such_halt", str(error)) from error

    return routes


def path_of(caller: Caller, via: str | None) -> ViaWord:
    """By which path the wish came."""
    if caller.kind == "browser":
        return "the dashboard"
    return "the command line" if via == "cli" else "the API"
