"""What every request passes on its way in and out: from where, who, what, how often; and what is kept of it."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import Any

import msgspec
from quart import Response, g, request, websocket

from alphapulse_web.api.replies import JSON, refusal, request_number
from alphapulse_web.api.routes import Rate, Route, route_of
from alphapulse_web.auth import Authenticator, Caller
from alphapulse_web.backend import Backend
from alphapulse_web.errors import ApiError
from alphapulse_web.idempotency import Replies
from alphapulse_web.perimeter import SAFE_METHODS, Perimeter
from alphapulse_web.permissions import Permission, may
from alphapulse_web.rates import RateLimit

PAGES = frozenset({"/", "/<path:path>", "/api/<path:path>"})
"""Rules that are no operation of the API: anybody may have the page, and learn that a path does not exist."""
SECURITY_HEADERS = {
    "Content-Security-Policy": "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Cache-Control": "no-store",
}
"""On every answer that does not say otherwise: a page has a policy of its own, and a file of its build may be kept."""
TRUST = "trust"
"""Where the server leaves, in the scope's state, what is called for somebody who is logged in."""
TIMED_OUT = 408
"""The status where the body did not come in time: nobody waits for it a second time."""

log = logging.getLogger(__name__)


class Doorkeeper:
    """The checks in their order. The first that fails answers, and nothing behind it is looked at."""

    def __init__(
        self,
        perimeter: Perimeter,
        authenticator: Authenticator,
        rates: RateLimit,
        replies: Replies,
        backend: Backend,
    ) -> None:
        self._perimeter = perimeter
        self._authenticator = authenticator
        self._rates = rates
        self._replies = replies
        self._backend = backend

    async def let_in(self) -> None:
        """Host, Origin and site, then key or session, role, rate, origin of a browser, and the body's type.

        Raises:
            ApiError: the request ends here.
        """
        headers = request.headers
        self._perimeter.check(request.method, headers.get("Host"), headers.get("Origin"), headers.get("Sec-Fetch-Site"))
        if request.url_rule is None or request.url_rule.rule in PAGES:
            return
        route = route_of(request.method, request.url_rule.rule)
        if route is None:
            raise ApiError(403, "forbidden", "expected a route with a policy, found one without; report this")
        g.route, g.replies, g.caller = route, self._replies, None
        if route.permission is not Permission.PUBLIC:
            g.caller = caller = self._caller(route)
            trust_connection(request.scope)
            check_role(route, caller)
            if route.rate is Rate.NORMAL and not self._rates.admits(caller.identity):
                message = "expected at most 10 requests in a second; wait a second (stopping is always possible)"
                raise ApiError(429, "too_many_requests", message, {"retry_after_s": 1})
            if caller.kind == "browser" and request.method not in SAFE_METHODS and headers.get("Origin") is None:
                raise ApiError(403, "wrong_origin", "expected an Origin with a browser session's request, found none")
        if request.method == "POST" and request.mimetype != JSON and (request.mimetype or route.body is not None):
            raise ApiError(415, "not_json", f"expected Content-Type {JSON}, found {request.mimetype or 'none'}")

    async def let_socket_in(self) -> Response | None:
        """The Host before a WebSocket is accepted; everything else is said with a close code."""
        if self._perimeter.host_allowed(websocket.headers.get("Host")):
            return None
        return harden(refusal(ApiError(421, "wrong_host", "expected an allowed Host, found another")))

    async def let_out(self, response: Response) -> Response:
        """Security headers, and the record of an action."""
        route: Route | None = g.get("route")
        caller: Caller | None = g.get("caller")
        if route is not None and route.audit and caller is not None:
            await self._record(route, caller, response.status_code)
        return harden(response)

    def _caller(self, route: Route) -> Caller:
        caller = self._authenticator.caller(
            request.headers.get("Authorization"),
            request.cookies.get(self._authenticator.cookie_name),
            request.remote_addr or "unknown",
            always=route.rate is Rate.HALT,
        )
        if caller is None:
            raise ApiError(401, "unauthorized", "expected a key or a browser session, found neither; log in")
        return caller

    async def _record(self, route: Route, caller: Caller, status: int) -> None:
        wish = {} if status == TIMED_OUT else await _wish()
        who = f"role {caller.role.name.lower()}, key {caller.key_id}, from {caller.peer}, {caller.kind}"
        where = f", session {caller.session[:8]}" if caller.session else ""
        self._backend.audit(
            caller.actor,
            f"api.{route.name}",
            str(wish.get("scope") or wish.get("name") or wish.get("child") or _usual_scope(route) or request.path),
            # A target is cut to a name's width, which a path that names a transaction does not fit in.
            str(wish.get("reason") or (request.path if request.view_args else "")),
            f"{status}; {who}{where}, request {request_number()}",
        )


async def _wish() -> dict[str, Any]:
    """The body, as far as it can be read: what is audited may have been refused for its body."""
    try:
        wish = msgspec.json.decode(await request.get_data(cache=True, as_text=False, parse_form_data=False))
    except Exception as error:  # noqa: BLE001 - too large, too slow or no JSON: it was refused for that already
        log.debug("a body could not be read for the audit: %r", error)
        return {}
    return wish if isinstance(wish, dict) else {}


def _usual_scope(route: Route) -> str | None:
    """The scope of a body that names none."""
    fields = msgspec.structs.fields(route.body) if route.body is not None else ()
    return next((field.default for field in fields if field.encode_name == "scope" and not field.required), None)


def check_role(route: Route, caller: Caller) -> None:
    """Raises ApiError 403 for somebody who may not."""
    if not may(caller.role, route.permission):
        role = caller.role.name.lower()
        raise ApiError(403, "forbidden", f"expected a role that may ask {route.permission.value}, found {role}")
    if route.bearer_only and caller.kind == "browser":
        raise ApiError(403, "forbidden", "expected a key, found a browser session; use the command line")


def trust_connection(scope: Mapping[str, Any]) -> None:
    """Tell the server that somebody who is logged in speaks on this connection: strangers make room before him."""
    trust = scope.get("state", {}).get(TRUST)
    if trust is not None:
        trust()


def harden(response: Response) -> Response:
    """The response with every security header that it does not set itself."""
    for name, value in SECURITY_HEADERS.items():
        response.headers.setdefault(name, value)
    return response
