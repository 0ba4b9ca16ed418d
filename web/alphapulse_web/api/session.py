"""Logging a browser in and out."""

from __future__ import annotations

from collections.abc import Callable

from quart import Blueprint, Response, g, request

from alphapulse_web.api.replies import answer, body
from alphapulse_web.api.requests import LoginRequest
from alphapulse_web.api.routes import PREFIX
from alphapulse_web.api.schemas import LoginCode, SessionOpened, SessionView
from alphapulse_web.auth import SESSION_S, Authenticator, Caller
from alphapulse_web.instants import instant
from alphapulse_web.logins import LoginCodes


def session_routes(
    authenticator: Authenticator, codes: LoginCodes, ended: Callable[[str], None], *, secure: bool
) -> Blueprint:
    """Routes of the session; `ended` hears of a session that was ended before its time."""
    routes = Blueprint("session", __name__, url_prefix=f"{PREFIX}/session")
    scheme = "https" if secure else "http"

    @routes.post("")
    async def open_session() -> Response:
        login = await body(LoginRequest)
        codes.redeem(login.code, request.remote_addr or "unknown")
        session = authenticator.open_session()
        response = answer(SessionOpened(expires=instant(session.expires_ns)))
        response.set_cookie(
            authenticator.cookie_name,
            session.cookie,
            max_age=SESSION_S,
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
        return answer(SessionView(kind=caller.kind, expires=expires))

    @routes.delete("")
    async def close_session() -> Response:
        caller: Caller = g.caller
        authenticator.revoke(caller)
        if caller.session is not None:
            ended(caller.session)
        response = Response(b"", 204)
        response.delete_cookie(authenticator.cookie_name, path="/", httponly=True, samesite="Strict", secure=secure)
        return response

    @routes.post("/code")
    async def login_code() -> Response:
        code = codes.issue()
        url = f"{scheme}://{request.host}/login#code={code.text}"
        return answer(LoginCode(code=code.text, url=url, expires=instant(code.expires_ns)))

    return routes
