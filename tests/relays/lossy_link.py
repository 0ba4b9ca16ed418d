"""A cable that loses, doubles and swaps whole batches: worse than any byte stream, to try the link's own repairs."""

from __future__ import annotations

import heapq
from collections.abc import Callable
from itertools import count
from random import Random

import attrs
import trio

from alphapulse.errors import ConnectFailed, LinkClosed
from alphapulse.rules.links.batch import BatchReader
from alphapulse.transport.byte_link import ByteLink, Handler, PeerIdentity

LATENCY_S = 0.001


@attrs.define
class Faults:
    """What happens to a batch, each in so many of a thousand."""

    random: Random
    loss: int = 50
    duplication: int = 50
    reorder: int = 50

    def fates(self) -> list[float]:
        """For each copy of a batch that arrives, how much later than usual."""
        late_s = 0.02 if self._happens(self.reorder) else 0.0
        if self._happens(self.loss):
            return []
        return [late_s, 0.005] if self._happens(self.duplication) else [late_s]

    def _happens(self, of_a_thousand: int) -> bool:
        return self.random.randrange(1000) < of_a_thousand


class _Way:
    """One direction: batches that are due at a time."""

    def __init__(self) -> None:
        self.due: list[tuple[float, int, bytes]] = []
        self.changed = trio.Event()
        self.closed = False
        self._numbers = count()

    def put(self, at: float, data: bytes) -> None:
        heapq.heappush(self.due, (at, next(self._numbers), data))
        self.wake()

    def wake(self) -> None:
        self.changed.set()
        self.changed = trio.Event()


class LossyLink:
    """One end. What is sent are whole batches, as the writer of a link makes them."""

    def __init__(self, outgoing: _Way, incoming: _Way, faults: Faults) -> None:
        self.peer = PeerIdentity("lossy")
        self._out = outgoing
        self._in = incoming
        self._faults = faults
        self._reader = BatchReader()

    async def send_all(self, data: bytes | bytearray | memoryview) -> None:
        await trio.lowlevel.checkpoint()
        if self._out.closed:
            raise LinkClosed("the cable was cut")
        for batch in self._reader.feed(data):
            for late_s in self._faults.fates():
                self._out.put(trio.current_time() + LATENCY_S + late_s, batch.head() + batch.frames)

    async def receive_some(self, max_bytes: int) -> bytes:
        await trio.lowlevel.checkpoint()
        while True:
            if self._in.closed:
                raise LinkClosed("the cable was cut")
            now = trio.current_time()
            if self._in.due and self._in.due[0][0] <= now:
                return heapq.heappop(self._in.due)[2]
            with trio.move_on_at(self._in.due[0][0] if self._in.due else float("inf")):
                await self._in.changed.wait()

    async def aclose(self) -> None:
        self.cut()
        await trio.lowlevel.checkpoint()

    def cut(self) -> None:
        for way in (self._in, self._out):
            way.closed = True
            way.wake()


class LossyNetwork:
    """Listeners by name, and every link between them and those who connect."""

    def __init__(self, make_faults: Callable[[], Faults]) -> None:
        self._make_faults = make_faults
        self._handlers: dict[str, tuple[Handler, trio.Nursery]] = {}

    async def connect(self, name: str) -> ByteLink:
        await trio.lowlevel.checkpoint()
        if name not in self._handlers:
            raise ConnectFailed(f"nobody listens at {name}")
        handler, nursery = self._handlers[name]
        faults, there, back = self._make_faults(), _Way(), _Way()
        nursery.start_soon(self._serve, handler, LossyLink(back, there, faults))
        return LossyLink(there, back, faults)

    async def listen(self, name: str, handler: Handler, *, task_status: trio.TaskStatus[None]) -> None:
        """Serve until cancelled; then every link of this listener is cut."""
        async with trio.open_nursery() as nursery:
            self._handlers[name] = handler, nursery
            try:
                task_status.started()
                await trio.sleep_forever()
            finally:
                del self._handlers[name]

    async def _serve(self, handler: Handler, link: LossyLink) -> None:
        try:
            await handler(link)
        except (LinkClosed, ConnectionError):
            pass
        finally:
            link.cut()
