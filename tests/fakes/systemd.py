"""The service manager's end of `NOTIFY_SOCKET`: a real datagram socket."""

from __future__ import annotations

import socket


class Systemd:
    """The manager's end."""

    def __init__(self, address: str) -> None:
        self.address = address
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK)
        self._socket.bind("\0" + address[1:] if address.startswith("@") else address)

    def notes(self) -> list[str]:
        """What has come since the last look."""
        notes = []
        while True:
            try:
                notes.append(self._socket.recv(65536).decode())
            except BlockingIOError:
                return notes

    def close(self) -> None:
        self._socket.close()
