"""An action that acts once for its Idempotency-Key, to the end even if the caller hangs up."""

from __future__ import annotations

import hashlib
from collections.abc import Awaitable, Callable

import trio
from quart import Response, g, request

from alphapulse.errors import HaltError
from alphapulse_web.api.replies import JSON
from alphapulse_web.api.routes import Idempotency, Route
from alphapulse_web.auth import Caller
from alphapulse_web.errors import ApiError
from alphapulse_web.idempotency import Replies, Reply

CONTROL_LIMIT_S = 3
"""How long an act may take; beyond it the outcome is reported as unknown."""
STORE_LIMIT_S = 5
"""How long the disk may take before and behind it. A halt does not wait for the disk."""


async def once(act: Callable[[], Awaitable[Reply]]) -> Response:
    """The reply of `act` for the request's route, key and body, or the one that it gave before."""
    route: Route = g.route
    caller: Caller = g.caller
    replies: Replies = g.replies
    data = await request.get_data(cache=True, as_text=False, parse_form_data=False)
    fingerprint = hashlib.sha256(f"{request.method} {request.path}\0".encode() + data).digest()
    try:
        with trio.fail_after(CONTROL_LIMIT_S + STORE_LIMIT_S, shield=True):
            reply = await replies.once(
                caller.key_id,
                request.headers.get("Idempotency-Key"),
                fingerprint,
                lambda: _whole(act),
                halt=route.idempotency is Idempotency.HALT,
            )
    except trio.TooSlowError as error:
        raise _unconfirmed() from error
    return Response(reply.body, reply.status, content_type=JSON)


async def _whole(act: Callable[[], Awaitable[Reply]]) -> Reply:
    try:
        with trio.fail_after(CONTROL_LIMIT_S):
            return await act()
    except trio.TooSlowError as error:
        raise _unconfirmed() from error
    except HaltError as error:
        failed = [str(problem) for problem in error.args]
        raise ApiError(409, "not_allowed", "; ".join(failed), {"failed": failed}) from error


def _unconfirmed() -> ApiError:
    message = f"asked for, but not confirmed within {CONTROL_LIMIT_S} s; treat it as still trading, ask again"
    return ApiError(503, "unconfirmed", message)
