"""The model chain's node: connections that lose, delay, repeat, reorder and break what it sends."""

from __future__ import annotations

from heapq import heappop, heappush

import trio

from tests.simulation.chain import ModelBlock, ModelChain
from tests.simulation.fault_mix import FaultMix
from tests.simulation.frames import garbage, head_frame, log_frame

DELAY_S = 0.05
LONG_DELAY_S = 3.0
MOST_WAITING = 20_000
"""Frames that a node keeps for a slow client; one that falls further behind is cut off."""


class Disconnected(ConnectionError):
    """The node is no longer there."""


class Connection:
    """One client's line. Frames come in the order of their arrival, which may be another than that of sending."""

    def __init__(self, node: ModelNode) -> None:
        self._node = node
        self._waiting: list[tuple[float, int, bytes]] = []
        self._sent = 0
        self._arrival = trio.Event()
        self.open = True
        self.silent = False

    def send(self, frame: bytes) -> None:
        """The node sends a frame, as far as the line's faults let it."""
        faults = self._node.faults
        if not self.open or self.silent or faults.strikes("drop"):
            return
        if faults.strikes("disconnect"):
            self.cut()
            return
        if faults.strikes("silence"):
            self.silent = True
            return
        if faults.strikes("garbage"):
            # Beside the frame, or in place of it.
            self._put(garbage(faults.chance, frame))
            if faults.chance.randrange(2):
                return
        self._put(frame)
        if faults.strikes("duplicate"):
            self._put(frame)

    def cut(self) -> None:
        """The line ends; what was under way is lost."""
        self.open = False
        self._waiting.clear()
        self._arrival.set()

    async def receive(self) -> list[bytes]:
        """All frames that have arrived, at least one. Raises Disconnected."""
        while True:
            self._arrival = trio.Event()
            if not self.open:
                raise Disconnected("the node closed the connection")
            if not self._waiting:
                await self._arrival.wait()
            elif (due := self._waiting[0][0]) > trio.current_time():
                with trio.move_on_at(due):
                    await self._arrival.wait()
            else:
                await trio.lowlevel.checkpoint()
                return self._arrived()

    async def snapshot(self) -> ModelBlock:
        """The head with the states at its end. Raises Disconnected, also if it takes too long."""
        await trio.sleep(self._delay_s())
        if not self.open or self.silent:
            raise Disconnected("the node does not answer")
        head = self._node.chain.head
        if head is None:
            raise Disconnected("the chain has no block yet")
        return head

    def _put(self, frame: bytes) -> None:
        self._sent += 1
        heappush(self._waiting, (trio.current_time() + self._delay_s(), self._sent, frame))
        if len(self._waiting) > MOST_WAITING:
            self.cut()
        self._arrival.set()

    def _arrived(self) -> list[bytes]:
        frames = []
        now = trio.current_time()
        while self._waiting and self._waiting[0][0] <= now:
            frames.append(heappop(self._waiting)[2])
        return frames

    def _delay_s(self) -> float:
        faults = self._node.faults
        return faults.chance.uniform(0, LONG_DELAY_S) if faults.strikes("delay") else DELAY_S


class ModelNode:
    """Sends each new block to whoever is connected."""

    def __init__(self, faults: FaultMix) -> None:
        self.faults = faults
        self.chain: ModelChain
        self._connections: list[Connection] = []

    def connect(self) -> Connection:
        """A new line. Raises Disconnected now and then, if lines break at all."""
        if self.faults.strikes("disconnect"):
            raise Disconnected("the node refuses")
        self._connections = [one for one in self._connections if one.open]
        connection = Connection(self)
        self._connections.append(connection)
        return connection

    def send_block(self, block: ModelBlock) -> None:
        """A block was made: its logs go out, then its header."""
        frames = [log_frame(block, log) for log in block.logs] if self._connections else []
        for connection in list(self._connections):
            for frame in (*frames, head_frame(block)):
                connection.send(frame)
