"""The NATS client protocol as pure functions and a parser (https://docs.nats.io/reference/reference-protocols/nats-protocol)."""

from __future__ import annotations

from typing import Any, TypeAlias

import attrs
import msgspec

from alphapulse.errors import BrokerError

MAX_LINE_BYTES = 65_536
"""The longest line of a server is INFO, which lists a whole cluster."""
PING = b"PING\r\n"
PONG = b"PONG\r\n"
_HEADER_START = b"NATS/1.0"
_END = b"\r\n"


@attrs.frozen
class ServerInfo:
    """What a server says of itself when a client connects, and again when its cluster changes."""

    version: str
    max_payload: int
    jetstream: bool
    tls_required: bool
    auth_required: bool


@attrs.frozen
class NatsMessage:
    """One message of a subscription. `status` is the server's own answer in its headers, such as 503 or 404."""

    subject: str
    subscription: int
    reply: str
    payload: bytes
    status: int | None = None
    description: str = ""


@attrs.frozen
class ServerFault:
    """`-ERR`: what the server holds against us. It ends the connection after most of them."""

    text: str


@attrs.frozen
class Ping:
    """The server wants a PONG."""


@attrs.frozen
class Pong:
    """The answer to our PING: everything that was sent before it has been read."""


Event: TypeAlias = ServerInfo | NatsMessage | ServerFault | Ping | Pong


def connect_line(*, name: str, version: str, token: str | None) -> bytes:
    """The first thing that a client says: who it is, and that it wants no +OK for everything."""
    options: dict[str, Any] = {
        "verbose": False,
        "pedantic": False,
        "name": name,
        "lang": "alphapulse",
        "version": version,
        "protocol": 1,
        "headers": True,
        "no_responders": True,
    }
    if token is not None:
        options["auth_token"] = token
    return b"CONNECT " + msgspec.json.encode(options) + _END


def publish_line(subject: str, payload: bytes, *, reply: str = "", message_id: str = "") -> bytes:
    """One message, ready to be sent. `message_id` is the header by which JetStream knows a repetition."""
    header = _header(message_id)
    if not header:
        return b"PUB %b %b %d\r\n%b\r\n" % (subject.encode(), reply.encode(), len(payload), payload)
    total = len(header) + len(payload)
    return b"HPUB %b %b %d %d\r\n%b%b\r\n" % (
        subject.encode(), reply.encode(), len(header), total, header, payload
    )  # fmt: skip


def message_size(payload: bytes, message_id: str) -> int:
    """What a server counts against its limit: the payload and the headers."""
    return len(payload) + len(_header(message_id))


def _header(message_id: str) -> bytes:
    return b"NATS/1.0\r\nNats-Msg-Id: %b\r\n\r\n" % message_id.encode() if message_id else b""


def subscribe_line(subject: str, subscription: int) -> bytes:
    """Ask for the messages of a subject, in which `*` stands for one word and a last `>` for all that follow."""
    return b"SUB %b %d\r\n" % (subject.encode(), subscription)


def unsubscribe_line(subscription: int) -> bytes:
    """Ask for no more of them."""
    return b"UNSUB %d\r\n" % subscription


class NatsParser:
    """Takes bytes as they come, and gives what is complete.

    Error handling: BrokerError for what no NATS server says; the connection is of no use afterwards.
    """

    def __init__(self) -> None:
        self._held = bytearray()
        self._message: tuple[NatsMessage, int, int] | None = None

    def feed(self, data: bytes) -> list[Event]:
        """Everything that has become complete with these bytes, in order."""
        self._held += data
        events: list[Event] = []
        at = 0
        while True:
            event, after = self._next(at)
            at = after
            if event is None:
                break
            events.append(event)
        del self._held[:at]
        return events

    def _next(self, at: int) -> tuple[Event | None, int]:
        """The next event and where it ends; None if there is none yet."""
        while self._message is None:
            end = self._held.find(_END, at)
            if end < 0:
                if len(self._held) - at > MAX_LINE_BYTES:
                    raise BrokerError("the server sent a line without an end; expected the NATS protocol")
                return None, at
            line, at = bytes(self._held[at:end]), end + len(_END)
            event = self._control(line)
            if event is not None:
                return event, at
        head, header_size, size = self._message
        if len(self._held) < at + size + len(_END):
            return None, at
        body = bytes(self._held[at : at + size])
        at += size
        if self._held[at : at + len(_END)] != _END:
            raise BrokerError(f"a message on {head.subject} does not end where it says; expected the NATS protocol")
        self._message = None
        return _with_body(head, body, header_size), at + len(_END)

    def _control(self, line: bytes) -> Event | None:
        """The event of a line; None for one that announces a message, or needs no answer."""
        word, _, rest = line.partition(b" ")
        try:
            match word.upper():
                case b"MSG":
                    self._message = _announced(rest.decode().split(), headers=False)
                case b"HMSG":
                    self._message = _announced(rest.decode().split(), headers=True)
                case b"PING":
                    return Ping()
                case b"PONG":
                    return Pong()
                case b"INFO":
                    return _info(rest)
                case b"-ERR":
                    return ServerFault(rest.decode(errors="replace").strip().strip("'"))
                case b"+OK":
                    pass
                case _:
                    raise BrokerError(f"expected the NATS protocol, was {line[:60]!r}; is it another kind of server?")
        except (ValueError, msgspec.MsgspecError) as problem:
            raise BrokerError(f"a line of the server cannot be read: {line[:60]!r}") from problem
        return None


def _announced(parts: list[str], *, headers: bool) -> tuple[NatsMessage, int, int]:
    """A message without its body, the size of its headers, and that of both."""
    sizes = 2 if headers else 1
    names, numbers = parts[:-sizes], [int(part) for part in parts[-sizes:]]
    subject, subscription, *reply = names
    total, header = numbers[-1], numbers[0] if headers else 0
    if not 0 <= header <= total or len(reply) > 1:
        raise ValueError("sizes that cannot be")
    return NatsMessage(subject, int(subscription), reply[0] if reply else "", b""), header, total


def _with_body(head: NatsMessage, body: bytes, header_size: int) -> NatsMessage:
    status, description = _status(body[:header_size])
    return NatsMessage(head.subject, head.subscription, head.reply, body[header_size:], status, description)


def _status(header: bytes) -> tuple[int | None, str]:
    """What stands in the first line of the headers: `NATS/1.0 503`, `NATS/1.0 404 No Messages`, or nothing."""
    words = header.partition(_END)[0].removeprefix(_HEADER_START).decode(errors="replace").split(maxsplit=1)
    if not words or not words[0].isdecimal():
        return None, ""
    return int(words[0]), words[1] if len(words) > 1 else ""


def _info(text: bytes) -> ServerInfo:
    found = msgspec.json.decode(text, type=dict[str, Any])
    size = found.get("max_payload", 0)
    if not isinstance(size, int):
        raise ValueError("max_payload is no number")  # noqa: TRY004 - the caller takes both as one
    return ServerInfo(
        version=str(found.get("version", "")),
        max_payload=size,
        jetstream=bool(found.get("jetstream")),
        tls_required=bool(found.get("tls_required")),
        auth_required=bool(found.get("auth_required")),
    )
