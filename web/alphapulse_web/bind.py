"""Where the control plane may listen, and under which names it may be asked for."""

from __future__ import annotations

import os
import ssl
from collections.abc import Iterable
from ipaddress import ip_address
from pathlib import Path

from alphapulse.config_sections.process import WebSection
from alphapulse.errors import ConfigError
from alphapulse.file_trust import open_secret_file

LOOPBACK = ("localhost",)
LOOPBACK_HOSTS = ("127.0.0.1", "[::1]", "localhost")
"""As a browser writes them in a Host header."""


def proxied_origins(hosts: Iterable[str]) -> tuple[str, ...]:
    """Where pages come from that a proxy hands on under these names: its scheme is not known here, its port is."""
    return tuple(f"{scheme}://{host}" for host in hosts for scheme in ("https", "http"))


def check_bind(section: WebSection) -> None:
    """Raises ConfigError if it would be reached from beyond this machine without TLS, or without being asked to."""
    if (section.tls_certificate is None) is not (section.tls_key is None):
        name = "tls_key" if section.tls_key is None else "tls_certificate"
        raise ConfigError(f"web.{name}", "expected tls_certificate and tls_key together, found one of them")
    if section.host in LOOPBACK or is_loopback(section.host):
        return
    if not section.allow_other_hosts:
        raise ConfigError(
            "web.host",
            f"expected a loopback address, found {section.host!r}; set web.allow_other_hosts = true as well to listen "
            "beyond this machine",
        )
    if section.tls_certificate is None:
        raise ConfigError(
            "web.tls_certificate",
            f"expected TLS for {section.host!r}, which is reached from beyond this machine, found none; name a "
            "certificate and its key, or listen on loopback behind a proxy that does TLS",
        )


def is_loopback(host: str) -> bool:
    """True if the host is written as an address of this machine alone."""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False


def tls_context(certificate: Path, key: Path) -> ssl.SSLContext:
    """TLS 1.2 or newer with this certificate chain (PEM) and its key. Blocking.

    Raises:
        ConfigError: a file cannot be read, others can read the key, or the two do not belong together.
    """
    try:
        os.close(open_secret_file(key, "web.tls_key"))
    except FileNotFoundError as error:
        raise ConfigError("web.tls_key", f"expected a key at {key}, found no such file") from error
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.set_alpn_protocols(["http/1.1"])
    try:
        # Without a password: OpenSSL would ask the terminal for one.
        context.load_cert_chain(certificate, key, password=lambda: "")
    except (OSError, ValueError) as error:
        problem = f"expected a certificate at {certificate} and its key at {key}, found: {error}"
        raise ConfigError("web.tls_certificate", problem) from error
    return context
