"""What a simulation did, as one number: everything that could be seen of it goes in, in order."""

from __future__ import annotations

import hashlib

import trio

from alphapulse.data.wire import Source
from alphapulse.rules.wire.frame import encode_frame


class Trace:
    """A running SHA-256 of what happened and when. `tail` holds the newest lines in words."""

    KEPT = 40

    def __init__(self) -> None:
        self.lines = 0
        self.tail: list[str] = []
        self._sum = hashlib.sha256()

    def note(self, what: str) -> None:
        """Something happened."""
        line = f"{trio.current_time():.6f} {what}"
        self.lines += 1
        self._sum.update(line.encode())
        self.tail.append(line)
        del self.tail[: -self.KEPT]

    def note_messages(self, relay: str, messages: list[object]) -> None:
        """Messages were published; every byte of them counts, those that equality leaves out too."""
        frame = encode_frame(messages, source=Source.DASHBOARD, sequence=self.lines, timestamp_ns=0)
        self._sum.update(frame)
        self.note(f"{relay}: {', '.join(type(message).__name__ for message in messages)}")

    def note_bytes(self, what: str, data: bytes) -> None:
        """Bytes that were written somewhere."""
        self._sum.update(data)
        self.note(f"{what}: {len(data)} bytes")

    @property
    def digest(self) -> str:
        """The sum so far."""
        return self._sum.hexdigest()
