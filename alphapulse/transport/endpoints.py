"""Connect and listen at any address."""

from __future__ import annotations

import trio

from alphapulse.errors import AddressError, ConnectFailed, TransportError
from alphapulse.transport.address import Address, MemoryAddress, TcpAddress, UnixAddress
from alphapulse.transport.admission import Admission
from alphapulse.transport.byte_link import ByteLink, Listener
from alphapulse.transport.greeting import await_greeting
from alphapulse.transport.memory import MemoryListener, connect_memory
from alphapulse.transport.tcp import TcpListener, connect_tcp
from alphapulse.transport.tls import TlsFiles
from alphapulse.transport.unix import UnixListener, connect_unix

CONNECT_LIMIT_S = 5.0
"""For name, connection, handshake and greeting together; a listener gives its side of it as long."""
WRITE_STALL_S = 2.0
"""How long a send may stand still before the link is given up (reliability contract of the bus)."""


async def connect(
    address: Address, *, tls: TlsFiles | None = None, peer_name: str | None = None, write_stall_s: float = WRITE_STALL_S
) -> ByteLink:
    """A link to the listener at `address`, once it has let us in. It tries once.

    TCP needs `tls`; `peer_name` is the name that the listener's certificate must carry, by default the host.

    Raises:
        AddressError: there are no byte links at such an address.
        ConnectFailed: nobody listens there, or it did not let us in in time.
        PeerRefused: the listener refuses us, or its certificate is not what it must be.
        TransportError: it is no listener of ours, or it broke off.
    """
    with trio.move_on_after(CONNECT_LIMIT_S):
        link = await _connected(address, tls, peer_name, write_stall_s)
        admitted = False
        try:
            await await_greeting(link, str(address))
            admitted = True
            return link
        finally:
            if not admitted:
                await link.aclose()
    raise ConnectFailed(f"{address} did not let us in within {CONNECT_LIMIT_S:g} s")


def listen(
    address: Address,
    admission: Admission | None = None,
    *,
    tls: TlsFiles | None = None,
    write_stall_s: float = WRITE_STALL_S,
) -> Listener:
    """A listener for `address`; nothing happens before it serves. TCP needs `tls`.

    Raises:
        AddressError: nobody can listen for byte links at such an address.
    """
    allowed = admission if admission is not None else Admission()
    match address:
        case UnixAddress():
            return UnixListener(address, allowed, write_stall_s=write_stall_s)
        case TcpAddress():
            return TcpListener(address, allowed, _required(tls, address), write_stall_s=write_stall_s)
        case MemoryAddress():
            return MemoryListener(address, allowed, write_stall_s=write_stall_s)
        case _:
            raise _no_byte_links(address)


async def _connected(address: Address, tls: TlsFiles | None, peer_name: str | None, write_stall_s: float) -> ByteLink:
    match address:
        case UnixAddress():
            return await connect_unix(address, write_stall_s=write_stall_s)
        case TcpAddress():
            files = _required(tls, address)
            return await connect_tcp(address, files, peer_name or address.host, write_stall_s=write_stall_s)
        case MemoryAddress():
            return await connect_memory(address)
        case _:
            raise _no_byte_links(address)


def _required(tls: TlsFiles | None, address: Address) -> TlsFiles:
    if tls is None:
        raise TransportError(f"{address} needs TLS files (authority, certificate, key); TCP has no plain mode")
    return tls


def _no_byte_links(address: Address) -> AddressError:
    return AddressError(str(address), "a NATS server carries messages, no byte links; relays speak to it themselves")
