"""The way to the daemon that needs no web: its local control socket."""

from __future__ import annotations

import socket
from pathlib import Path
from typing import Any

import msgspec

from alphapulse.errors import HaltError
from alphapulse.safety.control_socket import NAME, reachable

TIMEOUT_S = 6.0
MOST_BYTES = 1 << 22


def ask_socket(folder: Path, act: str, timeout_s: float = TIMEOUT_S, **wish: str | int | None) -> Any:
    """What the daemon answers over the socket in its data folder. Blocking.

    Raises:
        OSError: nobody listens there, or no answer came in time.
        HaltError: the daemon understood and said no, with its reasons.
    """
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection:
        connection.settimeout(timeout_s)
        with reachable(folder / NAME) as name:
            connection.connect(name)
        connection.sendall(msgspec.json.encode({"act": act, **wish}) + b"\n")
        line = _line(connection)
    reply = msgspec.json.decode(line, type=dict[str, Any])
    if not reply["ok"]:
        raise HaltError(reply["error"]["message"])
    return reply["result"]


def _line(connection: socket.socket) -> bytes:
    data = b""
    while not data.endswith(b"\n"):
        part = connection.recv(65_536)
        if not part or len(data) > MOST_BYTES:
            raise ConnectionError("the daemon hung up before it had answered")
        data += part
    return data
