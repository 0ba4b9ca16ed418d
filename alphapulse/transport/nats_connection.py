"""One connection to a NATS server: publish, subscribe, ask."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable
from typing import NoReturn

import attrs
import trio

from alphapulse.errors import BrokerError, LinkClosed, MessageTooLarge, PeerRefused, TransportError
from alphapulse.transport.byte_link import PeerIdentity
from alphapulse.transport.nats_protocol import (
    PING,
    PONG,
    Event,
    NatsMessage,
    NatsParser,
    Ping,
    Pong,
    ServerFault,
    ServerInfo,
    message_size,
    publish_line,
    subscribe_line,
    unsubscribe_line,
)
from alphapulse.transport.stream_link import StreamLink

PING_EVERY_S = 2.0
MOST_PONGS_DUE = 2
"""A server that owes so many answers is gone. One may be late because this process stood still itself."""
GOODBYE_S = 0.5
READ_BYTES = 262_144
OUTBOX_BYTES = 8 * 1024 * 1024
"""What may wait to be written: eight of the largest messages. Who publishes more waits; see `publish`."""
NO_RESPONDERS = 503
_REFUSED_US = ("authorization", "authentication", "account")

log = logging.getLogger(__name__)


@attrs.define
class _Question:
    """Somebody who waits for an answer."""

    answered: trio.Event = attrs.field(factory=trio.Event)
    answer: NatsMessage | None = None


class NatsConnection:
    """A connection; `run` must run while it is used.

    It does not connect again: once it is gone everything raises LinkClosed, and its owner opens another one when he
    sees fit.

    What is published is queued and written by one task, so that messages which come at once travel at once.
    """

    def __init__(self, link: StreamLink, parser: NatsParser, info: ServerInfo, where: str, inbox: str) -> None:
        self.info = info
        self.where = where
        self._link = link
        self._parser = parser
        self._inbox = inbox
        self._handlers: dict[int, Callable[[NatsMessage], None]] = {}
        self._questions: dict[str, _Question] = {}
        self._asked = 0
        self._subscribed = 0
        self._outbox: list[bytes] = []
        self._outbox_bytes = 0
        self._wakes = trio.lowlevel.ParkingLot()
        self._room = trio.lowlevel.ParkingLot()
        self._pongs_due = 0
        self._failure: TransportError | None = None
        self._leaving = False
        self._reading = trio.CancelScope()
        # The shield has no deadline while the connection is used; leaving sets one.
        self._writing = trio.CancelScope(shield=True)
        self._on_failure: list[Callable[[], None]] = []
        self._subscribe_to_answers()

    @property
    def peer(self) -> PeerIdentity:
        """The server, by its certificate's name if it has shown one."""
        return self._link.peer

    async def run(self) -> None:
        """Read and write until the connection ends or the scope is cancelled. It raises nothing: the users are told."""
        try:
            async with trio.open_nursery() as nursery:
                nursery.start_soon(self._until_it_ends, self._write, self._reading)
                try:
                    with self._reading:
                        async with trio.open_nursery() as reading:
                            reading.start_soon(self._until_it_ends, self._read, self._reading)
                            reading.start_soon(self._until_it_ends, self._ping, self._reading)
                finally:
                    self._end_writing()
        finally:
            self._fail(LinkClosed(f"the connection to {self.where} was closed here"))
            await self._link.aclose()

    def check(self) -> None:
        """Raise why the connection is of no use any more, if so."""
        if self._failure is not None:
            raise self._failure

    def on_failure(self, tell: Callable[[], None]) -> None:
        """Have `tell` called once when the connection has ended; `check` then says why."""
        self._on_failure.append(tell)

    async def publish(self, subject: str, payload: bytes, *, reply: str = "", message_id: str = "") -> None:
        """Queue a message; waits only while more than 8 MiB are waiting to be written.

        Raises:
            MessageTooLarge: the server does not carry as much in one message.
            LinkClosed: the connection has ended.
        """
        if (size := message_size(payload, message_id)) > self.info.max_payload:
            raise MessageTooLarge(size, self.info.max_payload)
        await trio.lowlevel.checkpoint_if_cancelled()
        while self._outbox_bytes > OUTBOX_BYTES:
            self.check()
            await self._room.park()
        self.put(publish_line(subject, payload, reply=reply, message_id=message_id))

    def put(self, line: bytes) -> None:
        """Queue something small, such as an acknowledgement, without waiting.

        Raises:
            LinkClosed: the connection has ended.
        """
        self.check()
        self._outbox.append(line)
        self._outbox_bytes += len(line)
        self._wakes.unpark()

    def subscribe(self, subject: str, handler: Callable[[NatsMessage], None]) -> Callable[[], None]:
        """Have `handler` called with each message of a subject; returns what ends it. It must not wait or raise."""
        self._subscribed += 1
        number = self._subscribed
        self._handlers[number] = handler
        self.put(subscribe_line(subject, number))

        def leave() -> None:
            if self._handlers.pop(number, None) is not None and self._failure is None:
                self.put(unsubscribe_line(number))

        return leave

    def new_inbox(self) -> str:
        """A subject that nobody else uses."""
        self._asked += 1
        return f"{self._inbox}.{self._asked}"

    async def request(self, subject: str, payload: bytes, *, limit_s: float, message_id: str = "") -> NatsMessage:
        """Publish, and wait for the answer.

        Raises:
            BrokerError: nobody takes messages of this subject, or there was no answer within `limit_s`.
            LinkClosed: the connection has ended; whether the message has arrived is not known.
        """
        reply = f"{self._inbox}.a.{self._asked}"
        self._asked += 1
        question = self._questions[reply] = _Question()
        try:
            await self.publish(subject, payload, reply=reply, message_id=message_id)
            with trio.move_on_after(limit_s):
                await question.answered.wait()
        finally:
            del self._questions[reply]
        answer = question.answer
        if answer is None:
            self.check()
            raise BrokerError(f"{self.where} did not answer on {subject} within {limit_s:g} s")
        if answer.status == NO_RESPONDERS:
            raise BrokerError(f"{self.where}: nobody takes messages of {subject}")
        return answer

    async def _until_it_ends(self, part: Callable[[], Awaitable[None]], scope: trio.CancelScope) -> None:
        try:
            await part()
        except TransportError as problem:
            self._fail(problem)
            scope.cancel("the connection has ended")

    async def _read(self) -> NoReturn:
        while True:
            data = await self._link.receive_some(READ_BYTES)
            if not data:
                raise LinkClosed(f"{self.where} has ended the connection")
            for event in self._parser.feed(data):
                self._take(event)

    async def _write(self) -> None:
        """Write what is queued. When we leave it writes the rest: acknowledgements that save the next life trouble."""
        with self._writing:
            while self._outbox or not self._leaving:
                while not self._outbox and not self._leaving:
                    await self._wakes.park()
                lines, self._outbox = self._outbox, []
                self._outbox_bytes = 0
                self._room.unpark_all()
                if lines:
                    await self._link.send_all(lines[0] if len(lines) == 1 else b"".join(lines))

    def _end_writing(self) -> None:
        self._leaving = True
        self._writing.deadline = trio.current_time() + (GOODBYE_S if self._failure is None else 0)
        self._wakes.unpark()

    async def _ping(self) -> NoReturn:
        while True:
            await trio.sleep(PING_EVERY_S)
            if self._pongs_due >= MOST_PONGS_DUE:
                raise LinkClosed(f"{self.where} has not answered for {MOST_PONGS_DUE * PING_EVERY_S:g} s")
            self._pongs_due += 1
            self.put(PING)

    def _take(self, event: Event) -> None:
        match event:
            case NatsMessage():
                handler = self._handlers.get(event.subscription)
                if handler is not None:
                    handler(event)
            case Ping():
                self.put(PONG)
            case Pong():
                self._pongs_due = 0
            case ServerInfo():
                self.info = event
            case ServerFault():
                self._fault(event.text)

    def _fault(self, text: str) -> None:
        """What the server holds against us. It goes on after a forbidden subject, and ends the connection else."""
        if text.lower().startswith("permissions violation"):
            log.error("%s: %s; allow it in the server's configuration", self.where, text)
            return
        raise refusal(self.where, text)

    def _subscribe_to_answers(self) -> None:
        def answer(message: NatsMessage) -> None:
            question = self._questions.get(message.subject)
            if question is not None:
                question.answer = message
                question.answered.set()

        self.subscribe(f"{self._inbox}.a.*", answer)

    def _fail(self, problem: TransportError) -> None:
        if self._failure is not None:
            return
        self._failure = problem
        for question in self._questions.values():
            question.answered.set()
        self._room.unpark_all()
        for tell in self._on_failure:
            tell()


def refusal(where: str, text: str) -> TransportError:
    """The error for what a server holds against us."""
    if any(word in text.lower() for word in _REFUSED_US):
        return PeerRefused(f"{where} refused us: {text.lower()}; check token and certificate")
    return LinkClosed(f"{where} has ended the connection: {text.lower()}")
