"""The web application: the one place where its parts meet."""

from __future__ import annotations

import attrs
from quart.wrappers.base import BaseRequestWebsocket
from quart_trio import QuartTrio
from werkzeug.routing import MapAdapter

from alphapulse_web.api.audit import audit_routes
from alphapulse_web.api.books import book_routes
from alphapulse_web.api.control import control_routes
from alphapulse_web.api.keys import key_routes
from alphapulse_web.api.markets import market_routes
from alphapulse_web.api.relays import relay_routes
from alphapulse_web.api.replies import register_errors
from alphapulse_web.api.risk import risk_routes
from alphapulse_web.api.routes import ROUTES
from alphapulse_web.api.session import session_routes
from alphapulse_web.api.status import status_routes
from alphapulse_web.api.studies import study_routes
from alphapulse_web.api.transactions import transaction_routes
from alphapulse_web.api.tree import tree_routes
from alphapulse_web.auth import Authenticator
from alphapulse_web.backend import Backend
from alphapulse_web.control_store import ControlStore
from alphapulse_web.doorkeeper import PAGES, Doorkeeper
from alphapulse_web.failures import FailureLimit
from alphapulse_web.hub import Hub
from alphapulse_web.idempotency import Replies
from alphapulse_web.key_file import KeyFile
from alphapulse_web.keys import KeyRing
from alphapulse_web.logins import LoginCodes
from alphapulse_web.perimeter import Perimeter
from alphapulse_web.rates import RateLimit
from alphapulse_web.sessions import Sessions
from alphapulse_web.settings import BODY_TIMEOUT_S, MAX_BODY_BYTES, RESPONSE_TIMEOUT_S, WebSettings
from alphapulse_web.spa import DIST, Site, page_routes
from alphapulse_web.stream import stream_routes
from alphapulse_web.tickets import Tickets
from alphapulse_web.upkeep import Upkeep

AUTOMATIC = frozenset({"HEAD", "OPTIONS"})


@attrs.frozen
class Access:
    """Who may enter, and what is kept of that: shared by the parts that let in, log in and listen."""

    ring: KeyRing
    sessions: Sessions
    failures: FailureLimit
    authenticator: Authenticator
    replies: Replies


class WebApp(QuartTrio):
    """The application with the parts that its server drives, and what lets callers in."""

    hub: Hub
    ring: KeyRing
    sessions: Sessions
    tickets: Tickets
    codes: LoginCodes
    perimeter: Perimeter
    upkeep: Upkeep

    def create_url_adapter(self, request: BaseRequestWebsocket | None) -> MapAdapter | None:
        """Match by method and path alone. Quart would read the Host first, which no check has passed yet, and fail."""
        if request is None:
            return super().create_url_adapter(request)
        return self.url_map.bind(
            "localhost",
            script_name=request.root_path,
            url_scheme=request.scheme,
            default_method=request.method,
            path_info=request.path,
            query_args=request.query_string.decode("latin-1"),
        )


def create_app(backend: Backend, settings: WebSettings) -> WebApp:
    """The application over a daemon. Reads the dashboard's files (blocking). The server runs `hub` and `upkeep`.

    Raises:
        RuntimeError: a handler has no row in the table of routes, or a row no handler.
    """
    app = WebApp(__name__, static_folder=None)
    app.config.update(
        MAX_CONTENT_LENGTH=MAX_BODY_BYTES,
        BODY_TIMEOUT=BODY_TIMEOUT_S,
        RESPONSE_TIMEOUT=RESPONSE_TIMEOUT_S,
        PROVIDE_AUTOMATIC_OPTIONS=False,
    )
    # A redirect to a path with fewer slashes would answer with the Host that the request brought.
    app.url_map.merge_slashes = False
    now_ns = settings.now_ns
    store = ControlStore(settings.store, settings.run_blocking)
    access = open_access(settings, store)
    app.perimeter = Perimeter(settings.allowed_hosts, settings.allowed_origins, secure=settings.secure)
    app.ring, app.sessions = access.ring, access.sessions
    app.hub = Hub(backend, now_ns)
    app.codes = codes = LoginCodes(access.ring, access.failures, now_ns)
    file = None if settings.keys_folder is None else KeyFile(settings.keys_folder)
    app.upkeep = upkeep = Upkeep(
        access.ring, file, store, access.sessions, access.replies, backend, settings.run_blocking
    )
    upkeep.on_session_end = app.hub.end_session
    app.tickets = tickets = Tickets(now_ns)
    authenticator = access.authenticator
    app.register_blueprint(status_routes(backend))
    app.register_blueprint(market_routes(backend))
    app.register_blueprint(book_routes(backend))
    app.register_blueprint(transaction_routes(backend.real_trading))
    app.register_blueprint(study_routes(backend))
    app.register_blueprint(audit_routes(backend))
    app.register_blueprint(control_routes(backend))
    app.register_blueprint(risk_routes(backend))
    app.register_blueprint(relay_routes(backend))
    app.register_blueprint(tree_routes(backend))
    app.register_blueprint(key_routes(access.ring, upkeep))
    app.register_blueprint(
        session_routes(authenticator, access.sessions, codes, app.hub.end_session, secure=settings.secure)
    )
    app.register_blueprint(stream_routes(app.hub, app.perimeter, authenticator, tickets, access.failures, now_ns))
    app.register_blueprint(page_routes(Site(settings.static or DIST)))
    register_errors(app)
    doorkeeper = Doorkeeper(app.perimeter, authenticator, RateLimit(settings.monotonic_ns), access.replies, backend)
    app.before_request(doorkeeper.let_in)
    app.before_websocket(doorkeeper.let_socket_in)
    app.after_request(doorkeeper.let_out)
    check_routes(app)
    return app


def open_access(settings: WebSettings, store: ControlStore) -> Access:
    """Keys, sessions and limits, as they are before anything was restored."""
    ring = KeyRing(settings.token)
    sessions = Sessions(store, settings.now_ns)
    failures = FailureLimit(settings.monotonic_ns)
    authenticator = Authenticator(ring, sessions, failures, secure=settings.secure)
    return Access(ring, sessions, failures, authenticator, Replies(store, settings.now_ns))


def check_routes(app: WebApp) -> None:
    """Raises RuntimeError if what is handled is not exactly what the table says: nothing is served without a policy."""
    handled = {
        (method, rule.rule)
        for rule in app.url_map.iter_rules()
        for method in (rule.methods or ())
        if rule.rule not in PAGES and not rule.websocket and method not in AUTOMATIC
    }
    stated = {(route.method, route.path) for route in ROUTES}
    if handled != stated:
        difference = ", ".join(sorted(f"{method} {path}" for method, path in handled ^ stated))
        raise RuntimeError(f"expected a handler for each row of the routes and a row for each handler: {difference}")
