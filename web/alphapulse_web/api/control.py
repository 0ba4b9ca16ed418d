"""Stopping and resuming."""

from __future__ import annotations

import hashlib
from collections.abc import Awaitable, Callable

import msgspec
import trio
from quart import Blueprint, Response, g, request

from alphapulse.errors import HaltError
from alphapulse_web.api.replies import JSON, body
from alphapulse_web.api.requests import KillRequest, ResumeRequest
from alphapulse_web.api.routes import PREFIX
from alphapulse_web.api.schemas import ViaWord
from alphapulse_web.auth import Caller
from alphapulse_web.backend import Backend
from alphapulse_web.errors import ApiError
from alphapulse_web.idempotency import Replies, Reply

OPERATOR = "operator"
CONTROL_LIMIT_S = 3
"""How long a caller that hangs up cannot interrupt a stop or a resume; beyond it the outcome is reported as unknown."""


def control_routes(backend: Backend, replies: Replies) -> Blueprint:
    """Routes that stop and resume. None of them is rate limited."""
    routes = Blueprint("control", __name__, url_prefix=f"{PREFIX}/control")

    @routes.post("/kill")
    async def kill() -> Response:
        wish = await body(KillRequest)
        via = path_of(g.caller, request.headers.get("X-AlphaPulse-Via"))

        async def act() -> Reply:
            report = await backend.kill(wish.scope, wish.reason, OPERATOR, via)
            return Reply(200 if report.complete else 202, msgspec.json.encode(report))

        return await once(replies, act)

    @routes.post("/resume")
    async def resume() -> Response:
        wish = await body(ResumeRequest)
        via = path_of(g.caller, request.headers.get("X-AlphaPulse-Via"))

        async def act() -> Reply:
            return Reply(200, msgspec.json.encode(await backend.resume(wish.scope, wish.reason, OPERATOR, via)))

        return await once(replies, act)

    return routes


async def once(replies: Replies, act: Callable[[], Awaitable[Reply]]) -> Response:
    """Act once for the request's key and body, to the end even if the caller hangs up."""

    async def whole() -> Reply:
        try:
            with trio.fail_after(CONTROL_LIMIT_S, shield=True):
                return await act()
        except trio.TooSlowError as error:
            message = f"asked for, but not confirmed within {CONTROL_LIMIT_S} s; treat it as still trading, ask again"
            raise ApiError(503, "unconfirmed", message) from error
        except HaltError as error:
            failed = [str(problem) for problem in error.args]
            raise ApiError(409, "not_allowed", "; ".join(failed), {"failed": failed}) from error

    data = await request.get_data(cache=True, as_text=False, parse_form_data=False)
    fingerprint = hashlib.sha256(request.path.encode() + b"\0" + data).digest()
    reply = await replies.once(request.headers.get("Idempotency-Key"), fingerprint, whole)
    return Response(reply.body, reply.status, content_type=JSON)


def path_of(caller: Caller, via: str | None) -> ViaWord:
    """By which path the wish came."""
    if caller.kind == "browser":
        return "the dashboard"
    return "the command line" if via == "cli" else "the API"
