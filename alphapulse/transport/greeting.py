"""The first byte on every connection: the listener says whether the peer is let in, and why not.

Without it a client would learn of its refusal only at its next read: in TLS 1.3 its own handshake is complete before
the server has looked at its certificate.
"""

from __future__ import annotations

from alphapulse.errors import LinkClosed, PeerRefused, TransportError
from alphapulse.transport.byte_link import ByteLink

ADMITTED = b"\x06"
"""ASCII ACK."""
REFUSED = b"\x15"
"""ASCII NAK; a byte of length and as many bytes of text follow."""
MAX_REASON_BYTES = 255


def refusal(reason: str) -> bytes:
    """What a listener sends to a peer that it does not let in."""
    text = reason.encode()[:MAX_REASON_BYTES]
    return REFUSED + bytes([len(text)]) + text


async def await_greeting(link: ByteLink, where: str) -> None:
    """Return once the listener at `where` has let us in.

    Raises:
        PeerRefused: it says that it does not, and why.
        LinkClosed: it ended the connection without a word.
        TransportError: it is not one of our listeners.
    """
    mark = await _receive(link, 1, where)
    if mark == ADMITTED:
        return
    if mark != REFUSED:
        raise TransportError(f"{where} did not greet as a listener of AlphaPulse does; is it another program's?")
    length = await _receive(link, 1, where)
    reason = await _receive(link, length[0], where)
    raise PeerRefused(f"{where} refused the connection: {reason.decode(errors='replace')}")


async def _receive(link: ByteLink, count: int, where: str) -> bytes:
    received = b""
    while len(received) < count:
        piece = await link.receive_some(count - len(received))
        if not piece:
            raise LinkClosed(f"{where} ended the connection before it had let us in")
        received += piece
    return received
