"""The first words on a link: we say who we are, and the relay answers, or refuses us."""

from __future__ import annotations

import trio

from alphapulse.data.links import Lane, LinkAcknowledgement, SequenceSync
from alphapulse.data.services import Error
from alphapulse.errors import LinkClosed, PeerRefused
from alphapulse.relays.link_end import READ_BYTES
from alphapulse.rules.links.batch import Batch, BatchReader
from alphapulse.rules.wire.frame import decode_messages
from alphapulse.transport.byte_link import ByteLink

HELLO_S = 0.2
"""After how long the first word is said once more."""

WELCOME_S = 2
"""How long a relay may take to answer it."""

Welcome = tuple[SequenceSync, LinkAcknowledgement, list[Batch]]
"""From where the relay sends on, what it has of ours, and the batches that came behind its answer."""


async def greet(link: ByteLink, reader: BatchReader, first_word: bytes) -> Welcome:
    """Say the first word until the relay answers.

    Raises:
        PeerRefused: the relay does not serve us; its words say why.
        LinkClosed: it did not answer.
    """
    welcome: Welcome | None = None
    with trio.move_on_after(WELCOME_S):
        while welcome is None:
            await link.send_all(first_word)
            with trio.move_on_after(HELLO_S):
                while welcome is None:
                    data = await link.receive_some(READ_BYTES)
                    if not data:
                        raise LinkClosed("the relay ended the connection before it had answered")
                    welcome = _welcome(reader.feed(data))
    if welcome is None:
        raise LinkClosed(f"the relay did not answer within {WELCOME_S} s")
    return welcome


def _welcome(batches: list[Batch]) -> Welcome | None:
    for at, batch in enumerate(batches):
        if batch.lane is Lane.LINK:
            match decode_messages(batch.frames):
                case [SequenceSync() as sync, LinkAcknowledgement() as known, *_]:
                    return sync, known, batches[at + 1 :]
                case [Error(text=text), *_]:
                    raise PeerRefused(text)
    return None
