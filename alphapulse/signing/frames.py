"""What a signer and who asks it say to each other: a length of 4 bytes, then MessagePack. The signer speaks first."""

from __future__ import annotations

import msgspec
import trio

from alphapulse.errors import SignerUnreachable

VERSION = 1
HEAD_SIZE = 4
MOST_BYTES = 65_536
"""Of a frame: a transaction has some hundred, the longest that can be signed 50,000."""


BODY_S = 2.0
"""Who has said how long a frame is, says it whole within that time."""


class Frame(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag_field="is"):
    """Base of what is said."""


class Welcome(Frame, frozen=True, tag="welcome"):
    """The signer, as soon as it has let somebody in."""

    version: int
    chain_id: int
    address: bytes


class Ask(Frame, frozen=True, tag="sign"):
    """The client: `unsigned` is the transaction as it is hashed."""

    unsigned: bytes
    halt_epoch: int


class Signed(Frame, frozen=True, tag="signed"):
    """The signer: the transaction as it is sent."""

    raw: bytes


class Refused(Frame, frozen=True, tag="refused"):
    """The signer: it does not sign this."""

    rule: str
    found: str
    allowed: str


class Failed(Frame, frozen=True, tag="failed"):
    """The signer: it cannot sign. `is_record`: as it cannot write down what it signs."""

    text: str
    is_record: bool


AnyFrame = Welcome | Ask | Signed | Refused | Failed
_DECODER: msgspec.msgpack.Decoder[AnyFrame] = msgspec.msgpack.Decoder(AnyFrame)


async def send_frame(stream: trio.abc.SendStream, frame: Frame) -> None:
    """Send one. Raises trio.BrokenResourceError if the other side is gone."""
    body = msgspec.msgpack.encode(frame)
    await stream.send_all(len(body).to_bytes(HEAD_SIZE, "big") + body)


async def receive_frame(stream: trio.abc.ReceiveStream) -> AnyFrame | None:
    """The next one; None if the other side has ended between two.

    Raises:
        SignerUnreachable: it ended within one, or what came is none.
        trio.BrokenResourceError: the connection broke off.
    """
    head = await _receive(stream, HEAD_SIZE)
    if not head:
        return None
    size = int.from_bytes(head, "big")
    if len(head) != HEAD_SIZE or size > MOST_BYTES:
        raise SignerUnreachable(f"expected a frame of at most {MOST_BYTES} bytes, found another beginning")
    with trio.move_on_after(BODY_S):
        body = await _receive(stream, size)
        if len(body) != size:
            raise SignerUnreachable(f"expected {size} bytes, found the end after {len(body)}")
        return _read(body)
    raise SignerUnreachable(f"expected {size} bytes within {BODY_S:g} s, found fewer")


def _read(body: bytes) -> AnyFrame:
    try:
        return _DECODER.decode(body)
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise SignerUnreachable(f"expected a frame that is known, found another: {error}") from error


async def _receive(stream: trio.abc.ReceiveStream, size: int) -> bytes:
    """So many bytes, or fewer if the stream has ended."""
    data = b""
    while len(data) < size and (part := await stream.receive_some(size - len(data))):
        data += bytes(part)
    return data
