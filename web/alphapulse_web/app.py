"""The web application: the one place where its parts meet, and the checks that every request passes."""

from __future__ import annotations

from quart import Response, g, request, websocket
from quart_trio import QuartTrio

from alphapulse_web.api.audit import audit_routes
from alphapulse_web.api.books import book_routes
from alphapulse_web.api.control import control_routes
from alphapulse_web.api.replies import JSON, refusal, register_errors
from alphapulse_web.api.routes import PREFIX, ROUTES, Access
from alphapulse_web.api.session import session_routes
from alphapulse_web.api.status import status_routes
from alphapulse_web.auth import Authenticator, Caller
from alphapulse_web.backend import Backend
from alphapulse_web.errors import ApiError
from alphapulse_web.hub import Hub
from alphapulse_web.idempotency import Replies
from alphapulse_web.logins import LoginCodes
from alphapulse_web.perimeter import SAFE_METHODS, Perimeter
from alphapulse_web.settings import BODY_TIMEOUT_S, MAX_BODY_BYTES, RESPONSE_TIMEOUT_S, WebSettings
from alphapulse_web.spa import DIST, Site, page_routes
from alphapulse_web.stream import stream_routes

POLICIES = {(route.method, route.path): route.access for route in ROUTES}
JSON_PATHS = frozenset(route.path for route in ROUTES if route.body is not None)
PAGES = frozenset({"/", "/<path:path>", "/api/<path:path>"})
"""Rules that are no operation of the API: anybody may have the page, and learn that a path does not exist."""
SECURITY_HEADERS = {
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Cache-Control": "no-store",
}


class WebApp(QuartTrio):
    """The application with the parts that its server drives, and the codes that open it."""

    hub: Hub
    codes: LoginCodes
    perimeter: Perimeter


def create_app(backend: Backend, settings: WebSettings) -> WebApp:
    """The application over a daemon. Reads the dashboard's files (blocking). The server runs `hub`."""
    app = WebApp(__name__, static_folder=None)
    app.config.update(
        MAX_CONTENT_LENGTH=MAX_BODY_BYTES,
        BODY_TIMEOUT=BODY_TIMEOUT_S,
        RESPONSE_TIMEOUT=RESPONSE_TIMEOUT_S,
        PROVIDE_AUTOMATIC_OPTIONS=False,
    )
    # A redirect to a path with fewer slashes would answer with the Host that the request brought.
    app.url_map.merge_slashes = False
    authenticator = Authenticator(settings.token, settings.now_ns, secure=settings.secure)
    app.perimeter = Perimeter(settings.allowed_hosts, settings.allowed_origins, secure=settings.secure)
    app.hub = Hub(backend, settings.now_ns)
    app.codes = codes = LoginCodes(settings.now_ns)
    replies = Replies(settings.now_ns)
    app.register_blueprint(status_routes(backend))
    app.register_blueprint(book_routes(backend))
    app.register_blueprint(audit_routes(backend))
    app.register_blueprint(control_routes(backend, replies))
    app.register_blueprint(session_routes(authenticator, codes, app.hub.end_session, secure=settings.secure))
    app.register_blueprint(stream_routes(app.hub, app.perimeter, authenticator, settings.now_ns))
    app.register_blueprint(page_routes(Site(settings.static or DIST)))
    register_errors(app)
    register_checks(app, authenticator)
    return app


def register_checks(app: WebApp, authenticator: Authenticator) -> None:
    """Host, Origin, body type and access before every request; security headers after it."""

    @app.before_request
    async def check_request() -> None:
        headers = request.headers
        app.perimeter.check(request.method, headers.get("Host"), headers.get("Origin"), headers.get("Sec-Fetch-Site"))
        if request.url_rule is None or request.url_rule.rule in PAGES:
            return
        g.caller = authenticator.caller(headers.get("Authorization"), request.cookies.get(authenticator.cookie_name))
        check_access(request.method, request.url_rule.rule, g.caller, headers.get("Origin"))
        if request.method == "POST" and request.mimetype != JSON and (request.mimetype or request.path in JSON_PATHS):
            raise ApiError(415, "not_json", f"expected Content-Type {JSON}, found {request.mimetype or 'none'}")

    @app.before_websocket
    async def check_websocket() -> Response | None:
        if app.perimeter.host_allowed(websocket.headers.get("Host")):
            return None
        return refusal(ApiError(421, "wrong_host", "expected an allowed Host, found another"))

    @app.after_request
    async def harden(response: Response) -> Response:
        for name, value in SECURITY_HEADERS.items():
            response.headers.setdefault(name, value)
        return response


def check_access(method: str, rule: str, caller: Caller | None, origin: str | None) -> None:
    """Raises ApiError: 401 for nobody, 403 for somebody who may not, and for a route that has no policy."""
    access = POLICIES.get(("GET" if method == "HEAD" else method, rule))
    if access is None:
        raise ApiError(403, "forbidden", "expected a route with a policy, found one without; report this")
    if access is Access.PUBLIC:
        return
    if caller is None:
        raise ApiError(401, "unauthorized", "expected a bearer token or a browser session, found neither; log in")
    if caller.kind == "bearer":
        return
    if access is Access.BEARER:
        what = "resume from the command line" if rule == f"{PREFIX}/control/resume" else "use the command line"
        raise ApiError(403, "forbidden", f"expected the bearer token, found a browser session; {what}")
    if method not in SAFE_METHODS and origin is None:
        raise ApiError(403, "wrong_origin", "expected an Origin with a browser session's request, found none")
