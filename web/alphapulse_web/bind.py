"""Where the control plane may listen, and under which names it may be asked for."""

from __future__ import annotations

from collections.abc import Iterable

from alphapulse.errors import ConfigError

LOOPBACK = ("127.0.0.1", "::1", "localhost")
LOOPBACK_HOSTS = ("127.0.0.1", "[::1]", "localhost")
"""The same as a browser writes them in a Host header."""


def proxied_origins(hosts: Iterable[str]) -> tuple[str, ...]:
    """Where pages come from that a proxy hands on under these names: its scheme is not known here, its port is."""
    return tuple(f"{scheme}://{host}" for host in hosts for scheme in ("https", "http"))


def check_host(host: str, *, allow_other_hosts: bool) -> None:
    """Raises ConfigError if the control plane would be reachable from elsewhere without an explicit setting."""
    if host not in LOOPBACK and not host.startswith("127.") and not allow_other_hosts:
        raise ConfigError(
            "web.host",
            f"expected a loopback address, found {host!r}; set web.allow_other_hosts = true to listen beyond this "
            "machine, behind a proxy that speaks TLS",
        )
