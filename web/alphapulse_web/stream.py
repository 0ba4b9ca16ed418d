"""The WebSocket `/ws`: what the hub tells, written to one browser."""

from __future__ import annotations

import logging
from collections import deque
from collections.abc import Callable
from contextlib import suppress

import msgspec
import trio
from quart import Blueprint, Response, g, websocket

from alphapulse_web.api.messages import TicketMessage, TopicRequest
from alphapulse_web.api.replies import answer
from alphapulse_web.api.routes import PREFIX
from alphapulse_web.api.session_shapes import StreamTicket
from alphapulse_web.auth import Authenticator, Caller
from alphapulse_web.doorkeeper import trust_connection
from alphapulse_web.failures import FailureLimit
from alphapulse_web.hub import FAULT, NOT_LOGGED_IN, Client, Hub
from alphapulse_web.instants import NS_PER_S, instant
from alphapulse_web.perimeter import Perimeter
from alphapulse_web.tickets import Tickets

WRONG_ORIGIN = 4403
POLICY = 1008
TICKET_WAIT_S = 5
RECHECK_S = 1
REQUESTS_PER_S = 20
"""What a page may ask in a second; a person who hurries through the pages needs a few."""

log = logging.getLogger(__name__)


def stream_routes(
    hub: Hub,
    perimeter: Perimeter,
    authenticator: Authenticator,
    tickets: Tickets,
    failures: FailureLimit,
    now_ns: Callable[[], int],
) -> Blueprint:
    """The ticket, and the route of the WebSocket. Its refusals are close codes, since a browser sees nothing else."""
    routes = Blueprint("stream", __name__)

    @routes.post(f"{PREFIX}/stream/ticket")
    async def ticket() -> Response:
        issued = tickets.issue(g.caller)
        return answer(StreamTicket(ticket=issued.text.reveal(), expires=instant(issued.expires_ns)))

    @routes.websocket("/ws")
    async def stream() -> None:
        await websocket.accept()
        origin = websocket.headers.get("Origin")
        if origin is not None and not perimeter.origin_allowed(origin):
            await websocket.close(WRONG_ORIGIN, "wrong origin")
            return
        shown = await first_message()
        caller = None if shown is None else tickets.redeem(shown.ticket)
        if caller is None or not authenticator.is_good(caller):
            if shown is not None:
                failures.failed(websocket.remote_addr or "unknown")
            await websocket.close(NOT_LOGGED_IN, "not logged in")
        elif caller.kind == "browser" and origin is None:
            await websocket.close(WRONG_ORIGIN, "a browser session needs an origin")
        else:
            trust_connection(websocket.scope)
            await serve(hub, authenticator, caller, now_ns())

    return routes


async def first_message() -> TicketMessage | None:
    """The ticket with which a page introduces itself. None if it says anything else, or nothing for 5 seconds."""
    with trio.move_on_after(TICKET_WAIT_S):
        message = await websocket.receive()
        if isinstance(message, str):
            with suppress(msgspec.DecodeError):
                return msgspec.json.decode(message, type=TicketMessage)
    return None


async def serve(hub: Hub, authenticator: Authenticator, caller: Caller, now_ns: int) -> None:
    """Write until the client goes, is shed, or its key or session ends; then close with the reason."""
    client = hub.join(caller.session)
    if caller.expires_ns is not None:
        client.scope.deadline = trio.current_time() + (caller.expires_ns - now_ns) / NS_PER_S
    try:
        with client.scope:
            async with trio.open_nursery() as nursery:
                nursery.start_soon(listen, hub, client)
                nursery.start_soon(write, client)
                nursery.start_soon(recheck, authenticator, caller, client)
    except* Exception:
        log.exception("a dashboard's stream failed")
        client.code, client.reason = FAULT, "a fault in the daemon"
    finally:
        hub.leave(client)
    # Outside the scope, which is cancelled by now.
    await websocket.close(client.code, client.reason)


async def recheck(authenticator: Authenticator, caller: Caller, client: Client) -> None:
    """Ask each second whether the key and the session with which the page came are good still."""
    while authenticator.is_good(caller):  # noqa: ASYNC110  # a session ends by the clock, of which no event tells
        await trio.sleep(RECHECK_S)
    client.shed(NOT_LOGGED_IN, "logged out")


async def write(client: Client) -> None:
    """Number and send what waits. No deadline around the send: Hypercorn would lose the disconnect."""
    seq = 0
    async for frame in client.frames:
        # After the peer is gone a send returns without a checkpoint; the queue may be full of frames.
        await trio.lowlevel.checkpoint()
        await websocket.send(frame.text(seq))
        seq += 1


async def listen(hub: Hub, client: Client) -> None:
    """Hear topic requests. Whoever sends anything else, or too much, is shed, so that nothing piles up here."""
    times: deque[float] = deque(maxlen=REQUESTS_PER_S)
    while True:
        request = topic_request(await websocket.receive())
        now = trio.current_time()
        if request is None:
            client.shed(POLICY, "expected a topic request")
        elif len(times) == REQUESTS_PER_S and now - times[0] < 1:
            client.shed(POLICY, f"expected at most {REQUESTS_PER_S} requests a second")
        elif request.type == "subscribe":
            hub.subscribe(client, request.topics)
        else:
            hub.unsubscribe(client, request.topics)
        times.append(now)


def topic_request(message: str | bytes) -> TopicRequest | None:
    """What a page said, None if it is not exactly a topic request."""
    if isinstance(message, bytes):
        return None
    try:
        request = msgspec.json.decode(message, type=TopicRequest)
    except msgspec.DecodeError:
        return None
    return request if len(set(request.topics)) == len(request.topics) else None
