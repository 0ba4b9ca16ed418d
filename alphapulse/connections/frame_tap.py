"""Takes plain messages out of a WebSocket's bytes before the library sees them: the same, a dozen times as fast.

What nodes send is one text frame a message, hundreds a second. The library's own way from bytes to a message is four
objects, a generator and a channel; here it is a slice. Everything else, and everything behind it from then on, goes to
the library unchanged: fragments, masks, reserved bits, long lengths, bad UTF-8, a close. It is the library that judges,
answers and closes. Pings and pongs always are the library's.
"""

from __future__ import annotations

from typing import Final

TEXT, BINARY, CLOSE, PING, PONG = 0x1, 0x2, 0x8, 0x9, 0xA
_FIN: Final = 0x80
_MASKED: Final = 0x80
_SWITCHING: Final = b"HTTP/1.1 101 "
_HEAD_END: Final = b"\r\n\r\n"


class FrameTap:
    """The bytes of one connection, from the first on. A message may have `most_bytes`."""

    def __init__(self, most_bytes: int) -> None:
        self._most_bytes = most_bytes
        self._head = bytearray()
        self._opened = False
        self._bypassed = False
        self._pending = bytearray()
        self._needed = 0

    @property
    def head_bytes(self) -> int:
        """How much the server has sent in place of a handshake that is finished; 0 once one is."""
        return 0 if self._opened else len(self._head)

    def feed(self, data: bytes) -> tuple[list[bytes], bytes]:
        """What came on the socket: the messages in it, and what the library has to see."""
        if self._opened:
            return self._take(data)
        before = len(self._head)
        self._head += data
        end = self._head.find(_HEAD_END, max(before - len(_HEAD_END), 0))
        if end < 0:
            return [], data
        self._opened = True
        # Any other answer is no handshake: all that follows is a refusal's, and the library reads it.
        self._bypassed = not self._head.startswith(_SWITCHING)
        split = end + len(_HEAD_END) - before
        messages, rest = self._take(data[split:])
        self._head.clear()
        return messages, data[:split] + rest

    def _take(self, data: bytes) -> tuple[list[bytes], bytes]:
        if self._bypassed:
            return [], data
        if self._pending:
            self._pending += data
            if len(self._pending) < self._needed:
                return [], b""
            data = bytes(self._pending)
            self._pending.clear()
        messages: list[bytes] = []
        passed = bytearray()
        at, size = 0, len(data)
        while at < size:
            frame = _frame(data, at, size, self._most_bytes)
            if frame is None or frame[0] == CLOSE:
                self._bypassed = True
                passed += data[at:]
                break
            opcode, begin, end = frame
            if end > size:
                self._pending += data[at:]
                self._needed = end - at
                break
            if opcode >= CLOSE:
                passed += data[at:end]
            else:
                payload = data[begin:end]
                if opcode == TEXT and not _is_text(payload):
                    self._bypassed = True
                    passed += data[at:]
                    break
                messages.append(payload)
            at = end
        return messages, bytes(passed)


def _frame(data: bytes, at: int, size: int, most_bytes: int) -> tuple[int, int, int] | None:
    """Opcode, begin and end of the payload of the frame at `at`; None if it is not a plain one.

    An end beyond `size` says that more bytes are needed, of the header at least.
    """
    if size - at < 2:
        return TEXT, at + 2, at + 2
    first, length = data[at], data[at + 1]
    opcode = first & ~_FIN
    if not first & _FIN or length & _MASKED or opcode not in (TEXT, BINARY, CLOSE, PING, PONG):
        return None
    begin = at + 2
    if length >= 126:
        if opcode >= CLOSE:
            return None
        width, least = (2, 126) if length == 126 else (8, 1 << 16)
        begin += width
        if size < begin:
            return opcode, begin, begin
        length = int.from_bytes(data[begin - width : begin], "big")
        if not least <= length <= most_bytes:
            return None
    return opcode, begin, begin + length


def _is_text(payload: bytes) -> bool:
    try:
        payload.decode()
    except UnicodeDecodeError:
        return False
    return True
