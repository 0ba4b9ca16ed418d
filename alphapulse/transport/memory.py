"""Links within one process, for tests: a cable that can be cut, stalled, or lose one side without a word."""

from __future__ import annotations

from collections import deque

import trio

from alphapulse.errors import AddressInUse, ConnectFailed, LinkStalled
from alphapulse.transport.acceptor import Acceptor
from alphapulse.transport.address import Address, MemoryAddress
from alphapulse.transport.admission import Admission
from alphapulse.transport.byte_link import ByteLink, Handler, PeerIdentity
from alphapulse.transport.stream_link import StreamLink

BUFFER_BYTES = 65_536
"""What one direction holds before a send waits, about as a socket does."""
BACKLOG = 128
_LISTENERS: dict[str, MemoryListener] = {}
"""Who listens in this process, as the kernel knows it of sockets; a listener's entry ends with its `serve`."""


class Cable:
    """What lies between the two ends of a memory link, and the faults that it can have."""

    def __init__(self) -> None:
        self.is_cut = False
        self.is_stalled = False
        self.is_half_open = False
        self._waiting = trio.lowlevel.ParkingLot()

    def cut(self) -> None:
        """Break the connection: what is on its way is lost, and both ends learn of it."""
        self.is_cut = True
        self.changed()

    def stall(self) -> None:
        """Let nothing arrive until `resume`: sends wait once the buffer is full."""
        self.is_stalled = True

    def resume(self) -> None:
        """Let everything arrive again."""
        self.is_stalled = False
        self.changed()

    def half_open(self) -> None:
        """Lose all that is sent from now on in either direction; no end learns of it."""
        self.is_half_open = True

    def changed(self) -> None:
        """Wake all who wait for something about this cable."""
        self._waiting.unpark_all()

    async def wait_changed(self) -> None:
        """Wait until something happens on this cable."""
        await self._waiting.park()


class _Direction:
    """The bytes on their way from one end to the other."""

    def __init__(self) -> None:
        self.pieces: deque[bytes] = deque()
        self.held = 0
        self.writer_closed = False
        self.reader_closed = False

    def put(self, piece: bytes) -> None:
        self.pieces.append(piece)
        self.held += len(piece)

    def take(self, max_bytes: int) -> bytes:
        first = self.pieces.popleft()
        if len(first) > max_bytes:
            self.pieces.appendleft(first[max_bytes:])
            first = first[:max_bytes]
        self.held -= len(first)
        return first


class _MemoryStream(trio.abc.Stream):
    """One end of a cable."""

    def __init__(self, cable: Cable, outgoing: _Direction, incoming: _Direction, write_stall_s: float) -> None:
        self._cable = cable
        self._out = outgoing
        self._in = incoming
        self._write_stall_s = write_stall_s

    async def send_all(self, data: bytes | bytearray | memoryview) -> None:
        await trio.lowlevel.checkpoint()
        rest = bytes(data)
        while rest:
            self._check_open()
            if self._cable.is_half_open:
                return
            room = BUFFER_BYTES - self._out.held
            if room > 0:
                self._out.put(rest[:room])
                rest = rest[room:]
                self._cable.changed()
            else:
                await self._wait_for_room()

    async def wait_send_all_might_not_block(self) -> None:
        await trio.lowlevel.checkpoint()
        while self._out.held >= BUFFER_BYTES:
            await self._cable.wait_changed()

    async def receive_some(self, max_bytes: int | None = None) -> bytes:
        await trio.lowlevel.checkpoint()
        while True:
            if self._out.writer_closed:
                raise trio.ClosedResourceError("closed here")
            if self._cable.is_cut:
                raise trio.BrokenResourceError("the cable was cut")
            if not self._cable.is_stalled:
                if self._in.pieces:
                    data = self._in.take(max_bytes or BUFFER_BYTES)
                    self._cable.changed()
                    return data
                if self._in.writer_closed and not self._cable.is_half_open:
                    return b""
            await self._cable.wait_changed()

    def close(self) -> None:
        self._out.writer_closed = True
        self._in.reader_closed = True
        self._in.pieces.clear()
        self._cable.changed()

    async def aclose(self) -> None:
        self.close()
        await trio.lowlevel.checkpoint()

    def _check_open(self) -> None:
        if self._out.writer_closed:
            raise trio.ClosedResourceError("closed here")
        if self._cable.is_cut or (self._out.reader_closed and not self._cable.is_half_open):
            raise trio.BrokenResourceError("the cable was cut" if self._cable.is_cut else "the other end was closed")

    async def _wait_for_room(self) -> None:
        held = self._out.held
        with trio.move_on_after(self._write_stall_s):
            while self._out.held >= held and not (self._cable.is_cut or self._closed_somewhere()):
                await self._cable.wait_changed()
            return
        raise LinkStalled(f"the other side took nothing for {self._write_stall_s:g} s")

    def _closed_somewhere(self) -> bool:
        return self._out.writer_closed or self._out.reader_closed


class MemoryLink(StreamLink):
    """One end of a memory link; `cable` is what lies between it and the other."""

    def __init__(self, cable: Cable, stream: _MemoryStream) -> None:
        super().__init__(stream, PeerIdentity("memory"))
        self.cable = cable
        self._memory_stream = stream

    def close(self) -> None:
        """End the link without waiting."""
        self._memory_stream.close()


def memory_pair(*, write_stall_s: float = 2.0) -> tuple[MemoryLink, MemoryLink]:
    """The two ends of a new cable."""
    cable, there, back = Cable(), _Direction(), _Direction()
    return (
        MemoryLink(cable, _MemoryStream(cable, there, back, write_stall_s)),
        MemoryLink(cable, _MemoryStream(cable, back, there, write_stall_s)),
    )


class MemoryListener:
    """Listens at a name of this process. `cables` are those of the links that were handed out."""

    def __init__(self, address: MemoryAddress, admission: Admission, *, write_stall_s: float) -> None:
        self._address = address
        self._admission = admission
        self._write_stall_s = write_stall_s
        self._knock, self._knocks = trio.open_memory_channel[MemoryLink](BACKLOG)
        self.cables: list[Cable] = []

    @property
    def address(self) -> Address:
        """The name."""
        return self._address

    async def serve(
        self, handler: Handler, *, task_status: trio.TaskStatus[Address] = trio.TASK_STATUS_IGNORED
    ) -> None:
        """Serve until cancelled; see `Listener`."""
        name = self._address.name
        if name in _LISTENERS:
            raise AddressInUse(f"another listener of this process is at {self._address} already; use another name")
        _LISTENERS[name] = self
        try:
            acceptor = Acceptor(_identify, _admit_all, self._admission.connections)
            task_status.started(self._address)
            await acceptor.run(self._knocks.receive, handler)
        finally:
            del _LISTENERS[name]

    def knock(self) -> MemoryLink:
        """The client's end of a new link, the other end of which waits to be let in."""
        here, there = memory_pair(write_stall_s=self._write_stall_s)
        try:
            self._knock.send_nowait(there)
        except trio.WouldBlock:
            raise ConnectFailed(f"the listener at {self._address} does not answer: its queue is full") from None
        self.cables.append(here.cable)
        return here


async def connect_memory(address: MemoryAddress) -> ByteLink:
    """A link to the listener of that name, not yet greeted."""
    await trio.lowlevel.checkpoint()
    listener = _LISTENERS.get(address.name)
    if listener is None:
        raise ConnectFailed(f"nobody listens at {address} in this process")
    return listener.knock()


async def _identify(link: MemoryLink) -> ByteLink:  # noqa: ASYNC124 - others have a handshake here
    return link


def _admit_all(link: ByteLink) -> None:
    """Everybody in the process is the process itself."""
