"""Where a process listens or connects, as a typed value read from text."""

from __future__ import annotations

import difflib
from pathlib import Path
from typing import TypeAlias

import attrs

from alphapulse.errors import AddressError

MAX_UNIX_PATH_BYTES = 107
"""sockaddr_un of Linux has 108 bytes, and the last one is the NUL that ends the path (unix(7))."""
MAX_PORT = 65_535
FORMS = {
    "unix": "unix:/run/alphapulse/market.sock",
    "tcp": "tcp:host:7000",
    "nats": "nats://host:4222",
    "memory": "memory:name",
}


@attrs.frozen
class UnixAddress:
    """A socket file of this machine. The path is absolute and has at most 107 bytes."""

    path: Path

    def __str__(self) -> str:
        return f"unix:{self.path}"


@attrs.frozen
class TcpAddress:
    """A TCP port; both sides prove by certificate who they are. Port 0 lets a listener take any free one."""

    host: str
    port: int

    def __str__(self) -> str:
        return f"tcp:{_bracketed(self.host)}:{self.port}"


@attrs.frozen
class NatsAddress:
    """A NATS server. It carries messages on subjects, no byte stream."""

    host: str
    port: int

    def __str__(self) -> str:
        return f"nats://{_bracketed(self.host)}:{self.port}"


@attrs.frozen
class MemoryAddress:
    """A name within this process, for tests."""

    name: str

    def __str__(self) -> str:
        return f"memory:{self.name}"


Address: TypeAlias = UnixAddress | TcpAddress | NatsAddress | MemoryAddress


def parse_address(text: str) -> Address:
    """Read an address such as `unix:/run/alphapulse/market.sock`, `tcp:host:7000` or `nats://host:4222`.

    Raises:
        AddressError: the scheme is unknown or not available, or the rest is not what the scheme needs.
    """
    scheme, colon, rest = text.partition(":")
    if not colon:
        raise AddressError(text, f"expected a scheme and a colon, such as {FORMS['unix']}")
    if not text.isprintable():
        raise AddressError(text, "expected printable characters only")
    if scheme == "unix":
        return _unix(text, rest)
    if scheme == "tcp":
        return TcpAddress(*_host_and_port(text, rest, FORMS["tcp"], least_port=0))
    if scheme == "nats":
        return _nats(text, rest)
    if scheme == "memory":
        return _memory(text, rest)
    if scheme == "rdma":
        raise AddressError(
            text, "RDMA is not available in this version; use unix: on one machine, tcp: or nats: beyond"
        )
    near = difflib.get_close_matches(scheme, FORMS, n=1, cutoff=0.0)[0]
    raise AddressError(text, f"expected one of the schemes {', '.join(FORMS)}, was {scheme!r}; did you mean {near!r}?")


def _unix(text: str, rest: str) -> UnixAddress:
    if not rest.startswith("/") or rest.endswith("/"):
        raise AddressError(text, f"expected the absolute path of a socket file, such as {FORMS['unix']}")
    size = len(rest.encode())
    if size > MAX_UNIX_PATH_BYTES:
        raise AddressError(
            text,
            f"the path has {size} bytes, and the system takes at most {MAX_UNIX_PATH_BYTES} for a socket file; "
            "use a shorter folder",
        )
    return UnixAddress(Path(rest))


def _nats(text: str, rest: str) -> NatsAddress:
    if not rest.startswith("//"):
        raise AddressError(text, f"expected two slashes behind the colon, such as {FORMS['nats']}")
    if "@" in rest:
        raise AddressError(text.partition(":")[0] + "://…", "an address holds no password or token; give it as a file")
    return NatsAddress(*_host_and_port(text, rest[2:], FORMS["nats"], least_port=1))


def _memory(text: str, rest: str) -> MemoryAddress:
    if not rest:
        raise AddressError(text, f"expected a name behind the colon, such as {FORMS['memory']}")
    return MemoryAddress(rest)


def _host_and_port(text: str, rest: str, form: str, *, least_port: int) -> tuple[str, int]:
    host, colon, port_text = rest.rpartition(":")
    if not colon:
        raise AddressError(text, f"expected a host and a port, such as {form}")
    if host.startswith("[") and host.endswith("]"):
        host = host[1:-1]
    elif ":" in host:
        raise AddressError(text, "expected square brackets around an IPv6 address, such as [::1]")
    if not host or any(mark in host for mark in " /?#@[]"):
        raise AddressError(text, f"expected a host name or an IP address, such as {form}")
    port = int(port_text) if port_text.isascii() and port_text.isdigit() else -1
    if not least_port <= port <= MAX_PORT:
        raise AddressError(text, f"expected a port from {least_port} to {MAX_PORT}, was {port_text!r}")
    return host, port


def _bracketed(host: str) -> str:
    return f"[{host}]" if ":" in host else host
