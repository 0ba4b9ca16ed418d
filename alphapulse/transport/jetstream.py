"""Streams of a NATS server: durable, numbered messages, with acknowledgements both ways."""

from __future__ import annotations

from typing import Any

import attrs
import msgspec

from alphapulse.errors import BrokerError
from alphapulse.transport.nats_connection import NatsConnection

NS_PER_S = 1_000_000_000
ANSWER_LIMIT_S = 5.0
_STREAM_MISSING = 10_059
_STREAM_EXISTS = 10_058
_SUBJECTS_OVERLAP = 10_065
# JetStream's own error numbers (nats-server, server/errors.json).
_NOT_ENABLED = (10_076, 10_039)


@attrs.frozen
class StreamSettings:
    """What a stream takes and how long it keeps it.

    A message is dropped, oldest first, when it is older than `max_age_s` or the stream larger than `max_bytes`.
    A message whose id was seen in the last `duplicate_window_s` is not stored again.
    """

    name: str
    subjects: tuple[str, ...]
    max_age_s: int
    max_bytes: int
    duplicate_window_s: int = 120

    def configuration(self) -> dict[str, Any]:
        """As JetStream takes it."""
        return {
            "name": self.name,
            "subjects": sorted(self.subjects),
            "retention": "limits",
            "storage": "file",
            "discard": "old",
            "max_age": self.max_age_s * NS_PER_S,
            "max_bytes": self.max_bytes,
            "duplicate_window": self.duplicate_window_s * NS_PER_S,
        }


@attrs.frozen
class StreamState:
    """The numbers of the oldest and the newest message that a stream holds; a stream that is empty has first > last."""

    first: int
    last: int


@attrs.frozen
class Published:
    """A message is in the stream, under this number. `duplicate`: it was there already, and was not stored again."""

    sequence: int
    duplicate: bool


class JetStream:
    """The streams of the server at the other end of a connection."""

    def __init__(self, connection: NatsConnection) -> None:
        self.connection = connection

    async def ensure_stream(self, settings: StreamSettings) -> StreamState:
        """Make the stream if it is not there; if it is, see that it is set up like this.

        Raises:
            BrokerError: the server has no JetStream, or the stream is set up otherwise: the message says how.
        """
        wanted = settings.configuration()
        found = await self.ask(f"STREAM.INFO.{settings.name}", {}, allowed=(_STREAM_MISSING,))
        if "error" in found:
            # Another process may make it at the same moment: then the server compares, or says that it is there, or
            # that its subjects are taken.
            allowed = (_STREAM_EXISTS, _SUBJECTS_OVERLAP)
            refused = found = await self.ask(f"STREAM.CREATE.{settings.name}", wanted, allowed=allowed)
            if "error" in found:
                found = await self.ask(f"STREAM.INFO.{settings.name}", {}, allowed=(_STREAM_MISSING,))
            if "error" in found:
                raise BrokerError(f"{self.connection.where} refuses stream create {settings.name}: {_words(refused)}")
        actual = found["config"]
        actual["subjects"] = sorted(actual.get("subjects", ()))
        differing = [
            f"{key} is {actual.get(key)!r} and not {value!r}"
            for key, value in wanted.items()
            if actual.get(key) != value
        ]
        if differing:
            raise BrokerError(
                f"{self.connection.where}: the stream {settings.name} is set up otherwise: {'; '.join(differing)}; "
                "change the configuration here, or edit or remove the stream at the server"
            )
        return _state(found)

    async def state(self, stream: str) -> StreamState:
        """What a stream holds now. Raises BrokerError if it is missing."""
        return _state(await self.ask(f"STREAM.INFO.{stream}", {}))

    async def remove_stream(self, stream: str) -> None:
        """Remove a stream with all that it holds. Raises BrokerError if it is missing."""
        await self.ask(f"STREAM.DELETE.{stream}", {})

    async def publish(self, subject: str, payload: bytes, *, message_id: str) -> Published:
        """Put a message into the stream that takes this subject, and wait until the server has stored it.

        Publishing again with the same id after a lost connection stores it once.

        Raises:
            MessageTooLarge: the server does not carry as much in one message.
            BrokerError: no stream takes this subject, or the server cannot store it, or did not say so in time.
            LinkClosed: the connection has ended; publish again on another one.
        """
        answer = await self.connection.request(subject, payload, limit_s=ANSWER_LIMIT_S, message_id=message_id)
        found = _decoded(answer.payload)
        if "error" in found:
            raise BrokerError(f"{self.connection.where} did not store a message of {subject}: {_words(found)}")
        return Published(int(found["seq"]), bool(found.get("duplicate")))

    async def ask(self, what: str, body: dict[str, Any], *, allowed: tuple[int, ...] = ()) -> dict[str, Any]:
        """JetStream's answer to a request of its API; an error only if its number is allowed, else BrokerError."""
        if not self.connection.info.jetstream:
            raise BrokerError(f"{self.connection.where} runs without JetStream; start it with JetStream (-js)")
        request = msgspec.json.encode(body) if body else b""
        answer = await self.connection.request(f"$JS.API.{what}", request, limit_s=ANSWER_LIMIT_S)
        found = _decoded(answer.payload)
        number = found.get("error", {}).get("err_code")
        if number is not None and number not in allowed:
            if number in _NOT_ENABLED:
                raise BrokerError(f"{self.connection.where}: JetStream is not enabled for this account")
            raise BrokerError(f"{self.connection.where} refuses {what.lower().replace('.', ' ')}: {_words(found)}")
        return found


def _decoded(payload: bytes) -> dict[str, Any]:
    try:
        return msgspec.json.decode(payload, type=dict[str, Any])
    except msgspec.MsgspecError as problem:
        raise BrokerError(f"an answer of the server cannot be read: {payload[:60]!r}") from problem


def _words(found: dict[str, Any]) -> str:
    error = found["error"]
    return f"{error.get('description', 'no reason given')} (error {error.get('err_code', error.get('code'))})"


def _state(found: dict[str, Any]) -> StreamState:
    state = found["state"]
    return StreamState(int(state["first_seq"]), int(state["last_seq"]))
