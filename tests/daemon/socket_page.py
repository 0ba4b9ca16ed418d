"""A dashboard's WebSocket on a real socket, read by a plain program."""

from __future__ import annotations

import json
import socket
import time
from types import TracebackType
from typing import Any, Self
from urllib.parse import urlsplit

import httpx
from wsproto import ConnectionType, WSConnection
from wsproto.events import AcceptConnection, CloseConnection, Event, RejectConnection, Request, TextMessage

TIMEOUT_S = 90


class SocketPage:
    """An open page. `next` gives one message after another; the last one is followed by the close code."""

    def __init__(self, url: str, token: str, *, receive_buffer: int | None = None) -> None:
        address = urlsplit(url)
        assert address.hostname is not None
        self._socket = socket.socket()
        self._socket.settimeout(TIMEOUT_S)
        if receive_buffer is not None:
            self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
        self._socket.connect((address.hostname, address.port or 80))
        self._wire = WSConnection(ConnectionType.CLIENT)
        self._socket.sendall(self._wire.send(Request(host=address.netloc, target="/ws")))
        self._text = ""
        self.close_code: int | None = None
        answer = self._event()
        assert isinstance(answer, AcceptConnection), answer
        introduction = json.dumps({"type": "ticket", "ticket": ticket_of(url, token)})
        self._socket.sendall(self._wire.send(TextMessage(introduction)))

    def next(self) -> dict[str, Any] | None:
        """The next message, None when the daemon has closed."""
        while True:
            event = self._event()
            if isinstance(event, CloseConnection):
                self.close_code = event.code
                return None
            if isinstance(event, TextMessage):
                self._text += event.data
                if event.message_finished:
                    message: dict[str, Any] = json.loads(self._text)
                    self._text = ""
                    return message

    def _event(self) -> Event:
        while True:
            for event in self._wire.events():
                assert not isinstance(event, RejectConnection), event
                return event
            self._wire.receive_data(self._socket.recv(65_536) or None)

    def close(self) -> None:
        """Hang up."""
        self._socket.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, exc_type: type[BaseException] | None, exc: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()


def ticket_of(url: str, token: str) -> str:
    """A fresh ticket for the token's bearer, who may have to wait a second for it."""
    headers = {"Authorization": f"Bearer {token}"}
    while True:
        reply = httpx.post(f"{url}/api/v1/stream/ticket", headers=headers, timeout=TIMEOUT_S, trust_env=False)
        if reply.status_code != httpx.codes.TOO_MANY_REQUESTS:
            return str(reply.raise_for_status().json()["ticket"])
        time.sleep(float(reply.headers["Retry-After"]))
