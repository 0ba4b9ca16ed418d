"""The mediums on which the transport contract is tested, each as real as it gets."""

from __future__ import annotations

import contextlib
import os
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import attrs
import trio

from alphapulse.transport.address import Address, MemoryAddress, TcpAddress, UnixAddress
from alphapulse.transport.admission import Admission
from alphapulse.transport.byte_link import ByteLink, Handler, Listener
from alphapulse.transport.endpoints import connect, listen
from alphapulse.transport.tls import TlsFiles

PEER = "strategy.test"
LISTENER = "relay.test"


@attrs.frozen
class Medium:
    """How one kind of address is listened at and connected to."""

    name: str
    address: Address
    listener_files: TlsFiles | None = None
    peer_files: TlsFiles | None = None

    def listener(self, *, write_stall_s: float = 60, connections: int = 64) -> Listener:
        admission = Admission(names=frozenset({PEER}), connections=connections)
        return listen(self.address, admission, tls=self.listener_files, write_stall_s=write_stall_s)

    async def connect(self, address: Address, *, write_stall_s: float = 60.0) -> ByteLink:
        return await connect(address, tls=self.peer_files, peer_name=LISTENER, write_stall_s=write_stall_s)

    @contextlib.asynccontextmanager
    async def serving(self, handler: Handler, **options: float) -> AsyncIterator[Address]:
        async with trio.open_nursery() as nursery:
            listener = self.listener(**options)  # type: ignore[arg-type]
            yield await nursery.start(lambda *, task_status: listener.serve(handler, task_status=task_status))
            nursery.cancel_scope.cancel()

    @contextlib.asynccontextmanager
    async def pair(self, *, write_stall_s: float = 60.0) -> AsyncIterator[tuple[ByteLink, ByteLink]]:
        """The two ends of one link: that of who connected, and that of the listener."""
        send, receive = trio.open_memory_channel[ByteLink](1)
        done = trio.Event()

        async def hand_out(link: ByteLink) -> None:
            await send.send(link)
            await done.wait()

        async with self.serving(hand_out, write_stall_s=write_stall_s) as address:
            ours = await self.connect(address, write_stall_s=write_stall_s)
            try:
                yield ours, await receive.receive()
            finally:
                done.set()
                await ours.aclose()


def medium(name: str, folder: Path, certify: Callable[..., TlsFiles], *services: str) -> Medium:
    """A medium by its name. Who connects shows a certificate for `services` too, if the medium wants one."""
    match name:
        case "memory":
            return Medium(name, MemoryAddress(f"{os.getpid()}-{folder.name}"))
        case "unix":
            folder.chmod(0o700)
            return Medium(name, UnixAddress(folder / "relay.sock"))
        case _:
            return Medium(name, TcpAddress("127.0.0.1", 0), certify(LISTENER), certify(PEER, *services))


async def receive_exactly(link: ByteLink, count: int) -> bytes:
    received = bytearray()
    while len(received) < count:
        piece = await link.receive_some(65_536)
        assert piece, f"the stream ended after {len(received)} of {count} bytes"
        received += piece
    return bytes(received)


async def receive_to_end(link: ByteLink) -> bytes:
    received = bytearray()
    while piece := await link.receive_some(65_536):
        received += piece
    return bytes(received)
