"""Pages that listen to the firehose, and leave as clients leave: in good order or not."""

from __future__ import annotations

import json
import socket
import struct
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from enum import Enum
from itertools import cycle, islice

from wsproto.events import CloseConnection, TextMessage

from tests.daemon.socket_page import SocketPage


class Leaving(Enum):
    """How a page ends."""

    FIN = "FIN"
    RST = "RST"
    CLOSE_FRAME = "close frame"
    HALF = "half closed"


class Listener(SocketPage):
    """A page that has asked for the firehose."""

    def __init__(self, url: str, token: str) -> None:
        super().__init__(url, token)
        asked = json.dumps({"type": "subscribe", "topics": ["firehose"]})
        self._socket.sendall(self._wire.send(TextMessage(asked)))

    def leave(self, how: Leaving) -> None:
        """End in the midst of what is streamed."""
        match how:
            case Leaving.RST:
                self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            case Leaving.CLOSE_FRAME:
                self._socket.sendall(self._wire.send(CloseConnection(1000)))
            case Leaving.HALF:
                self._socket.shutdown(socket.SHUT_WR)
            case Leaving.FIN:
                pass
        self.close()


@contextmanager
def listening(url: str, tokens: list[str], number: int) -> Iterator[list[int]]:
    """So many pages that read all that they are sent; yields how many messages each has read."""
    read = [0] * number
    with ExitStack() as opened:
        pages = [opened.enter_context(Listener(url, token)) for token in islice(cycle(tokens), number)]

        def follow(index: int, page: Listener) -> None:
            with suppress(OSError, AssertionError):  # closed by us, or by the daemon at its end
                while page.next() is not None:
                    read[index] += 1

        threads = [threading.Thread(target=follow, args=one, daemon=True) for one in enumerate(pages)]
        for thread in threads:
            thread.start()
        try:
            yield read
        finally:
            for page in pages:
                with suppress(OSError):
                    page._socket.shutdown(socket.SHUT_RDWR)
            for thread in threads:
                thread.join()
