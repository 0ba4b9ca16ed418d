"""Logging a browser in and out."""

from __future__ import annotations

from collections.abc import Callable

import attrs
from quart import Blueprint, Response, g, request

from alphapulse_web.api.replies import answer, body
from alphapulse_web.api.requests import LoginRequest
from alphapulse_web.api.routes import PREFIX
from alphapulse_web.api.session_shapes import LoginCode, SessionOpened, SessionView
from alphapulse_web.auth import Authenticator, Caller, caller_of
from alphapulse_web.instants import instant
from alphapulse_web.keys import digest_of
from alphapulse_web.logins import LoginCodes
from alphapulse_web.permissions import role_word
from alphapulse_web.sessions import ABSOLUTE_S, Sessions


def session_routes(
    authenticator: Authenticator,
    sessions: Sessions,
    codes: LoginCodes,
    ended: Callable[[str], None],
    *,
    secure: bool,
) -> Blueprint:
    """Routes of the session; `ended` hears of a session that was ended before its time."""
    routes = Blueprint("session", __name__, url_prefix=f"{PREFIX}/session")
    scheme = "https" if secure else "http"

    async def end(digest: str) -> None:
        await sessions.end(digest)
        ended(digest)

    @routes.post("")
    async def open_session() -> Response:
        login = await body(LoginRequest)
        peer = request.remote_addr or "unknown"
        key = codes.redeem(login.code, peer)
        # Who logs in anew has no use for what he was before, and a cookie that was planted is worth nothing.
        if before := request.cookies.get(authenticator.cookie_name):
            await end(digest_of(before))
        session = await sessions.open(key.id)
        g.caller = attrs.evolve(caller_of(key, peer), kind="browser", session=session.digest)
        response = answer(SessionOpened(expires=instant(session.expires_ns)))
        response.set_cookie(
            authenticator.cookie_name,
            session.cookie.reveal(),
            max_age=ABSOLUTE_S,
            path="/",
            httponly=True,
            samesite="Strict",
            secure=secure,
        )
        return response

    @routes.get("")
    async def session() -> Response:
        caller: Caller = g.caller
        expires = None if caller.expires_ns is None else instant(caller.expires_ns)
        view = SessionView(
            kind=caller.kind, actor=caller.actor, role=role_word(caller.role), key=caller.key_id, expires=expires
        )
        return answer(view)

    @routes.delete("")
    async def close_session() -> Response:
        caller: Caller = g.caller
        if caller.session is not None:
            await end(caller.session)
        response = Response(b"", 204)
        response.delete_cookie(authenticator.cookie_name, path="/", httponly=True, samesite="Strict", secure=secure)
        return response

    @routes.post("/code")
    async def login_code() -> Response:
        code = codes.issue(g.caller.key_id)
        url = f"{scheme}://{request.host}/login#code={code.text.reveal()}"
        return answer(LoginCode(code=code.text.reveal(), url=url, expires=instant(code.expires_ns)))

    return routes
