"""The control plane: the web application behind a guarded Hypercorn, as one service of the daemon's tree."""

from __future__ import annotations

import logging
import socket
import ssl

import trio
from hypercorn.app_wrappers import ASGIWrapper
from hypercorn.config import Config
from hypercorn.trio.lifespan import Lifespan
from hypercorn.trio.worker_context import WorkerContext
from hypercorn.typing import ASGIFramework, ASGIReceiveCallable, ASGISendCallable, ASGISendEvent, ConnectionState, Scope

from alphapulse_web.app import WebApp
from alphapulse_web.guard import GuardedConnection, Server, Ward
from alphapulse_web.http11 import MAX_HEADER_BYTES
from alphapulse_web.trickle import Trickle
from alphapulse_web.turnstile import Turnstile

GRACE_S = 1.0
"""How long clients may take to say goodbye."""
STOP_LIMIT_S = 4.5
USER_TIMEOUT_MS = 3_000
MAX_MESSAGE_BYTES = 4 * 1024
"""Of a page's message on the WebSocket: a ticket, or the names of some topics."""

log = logging.getLogger(__name__)


def hypercorn_config() -> Config:
    """Hypercorn's settings. Its log is ours, trickled; it never reads a file."""
    config = Config()
    config.errorlog = log
    config.accesslog = None
    config.include_server_header = False
    config.h11_max_incomplete_size = MAX_HEADER_BYTES
    config.websocket_max_message_size = MAX_MESSAGE_BYTES
    config.startup_timeout = 5
    config.shutdown_timeout = GRACE_S
    return config


class ControlPlane:
    """Listens on one address and serves the application there. Port 0 takes a free one."""

    def __init__(self, app: WebApp, *, host: str = "127.0.0.1", port: int, tls: ssl.SSLContext | None = None) -> None:
        self._app = app
        self._host = host
        self._port = port
        self._tls = tls
        self._stop = trio.Event()
        self._stop_requested = False
        self.ward = Ward(log)

    def request_stop(self) -> None:
        """Begin the staged stop: no new clients, 1001 to those that are there. `run` then waits to be cancelled."""
        self._stop_requested = True
        self._stop.set()

    async def run(self, *, task_status: trio.TaskStatus[str] = trio.TASK_STATUS_IGNORED) -> None:
        """Serve until cancelled; reports the URL. Ends within 5 seconds of a cancel, whatever the clients do.

        Raises OSError if the address cannot be bound.
        """
        listeners = await trio.open_tcp_listeners(self._port, host=self._host, backlog=128)
        self._stop = stop = trio.Event()
        if self._stop_requested:
            stop.set()
        async with trio.open_nursery() as nursery:
            # The clients' goodbye needs time after the cancel. The shield has no deadline while the server serves;
            # the cancel itself sets one.
            serving = trio.CancelScope(shield=True)
            nursery.start_soon(_bound_when_cancelled, serving, stop)
            with serving:
                await self._serve(listeners, stop, task_status)
            if serving.cancelled_caught:
                log.error("the control plane did not stop within %s s and was cut off", STOP_LIMIT_S)
            await trio.sleep_forever()

    async def _serve(
        self, listeners: list[trio.SocketListener], stop: trio.Event, task_status: trio.TaskStatus[str]
    ) -> None:
        config = hypercorn_config()
        context = WorkerContext(None)
        state = ConnectionState({})
        hearing, answering = Turnstile(), Turnstile()
        application = ASGIWrapper(_in_turn(self._app, answering))
        lifespan = Lifespan(application, config, state)
        trickle = Trickle()
        log.addFilter(trickle)
        try:
            async with trio.open_nursery() as life:
                life.start_soon(hearing.run)
                life.start_soon(answering.run)
                await life.start(lifespan.handle_lifespan)
                await lifespan.wait_for_startup()
                async with trio.open_nursery() as clients:
                    await clients.start(self._app.upkeep.run)
                    clients.start_soon(self._app.hub.run)
                    accepting = trio.CancelScope()
                    server = Server(application, config, context, state, self.ward, hearing, self._tls)
                    clients.start_soon(_accept, accepting, server, listeners, clients)
                    task_status.started(self._announce(listeners))
                    await stop.wait()
                    accepting.cancel()
                    self._app.hub.close()
                    await context.terminated.set()
                    with trio.move_on_after(GRACE_S):
                        await self.ward.emptied()
                    self.ward.close_all()
                    clients.cancel_scope.cancel()
                await lifespan.wait_for_shutdown()
                life.cancel_scope.cancel()
        finally:
            self.ward.close_all()
            log.removeFilter(trickle)

    def _announce(self, listeners: list[trio.SocketListener]) -> str:
        for listener in listeners:
            if hasattr(socket, "TCP_USER_TIMEOUT"):
                # Accepted sockets inherit it: the kernel gives up on a peer that acknowledges nothing.
                listener.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, USER_TIMEOUT_MS)
        address = listeners[0].socket.getsockname()
        self._app.perimeter.listen_on(address[1])
        host = f"[{address[0]}]" if ":" in address[0] else address[0]
        return f"{'http' if self._tls is None else 'https'}://{host}:{address[1]}"


async def _bound_when_cancelled(serving: trio.CancelScope, stop: trio.Event) -> None:
    try:
        await trio.sleep_forever()
    finally:
        stop.set()
        serving.deadline = trio.current_time() + STOP_LIMIT_S


async def _accept(
    scope: trio.CancelScope, server: Server, listeners: list[trio.SocketListener], clients: trio.Nursery
) -> None:
    async def connect(stream: trio.SocketStream) -> None:
        await GuardedConnection(server, stream).run()

    with scope:
        await trio.serve_listeners(connect, listeners, handler_nursery=clients)


def _in_turn(app: WebApp, turnstile: Turnstile) -> ASGIFramework:
    """The application, with a turn before every send: a checkpoint too, which a closed connection's send lacks."""

    async def application(scope: Scope, receive: ASGIReceiveCallable, send: ASGISendCallable) -> None:
        async def patient(message: ASGISendEvent) -> None:
            await turnstile.turn()
            await send(message)

        await app(scope, receive, patient)

    return application
