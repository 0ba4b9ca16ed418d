"""The only HTTP client."""

from __future__ import annotations

import logging
import ssl
from collections.abc import AsyncIterator
from pathlib import Path

import httpx

from alphapulse import __version__

TIMEOUT_S = 10.0
MOST_CONNECTIONS = 256

# It writes whole URLs at INFO, and a node's may hold a key.
logging.getLogger("httpx").setLevel(logging.WARNING)


class WholeBody(httpx.AsyncByteStream):
    """A request's bytes. The library's own is a generator, which a cancelled request leaves behind half read."""

    def __init__(self, body: bytes) -> None:
        self._left = [body]

    def __aiter__(self) -> AsyncIterator[bytes]:
        return self

    async def __anext__(self) -> bytes:  # noqa: ASYNC124 - so the library wants it
        if not self._left:
            raise StopAsyncIteration
        return self._left.pop()


def control_client(url: str, token: str, certificate: Path | None = None) -> httpx.Client:
    """A client of the control plane at `url`, for the command line. The proxy settings of the shell do not apply.

    With `certificate` (PEM) exactly that one is believed, whatever names it carries: it lies on this machine.
    """
    return httpx.Client(
        base_url=url,
        headers={"Authorization": f"Bearer {token}", "X-AlphaPulse-Via": "cli"},
        timeout=TIMEOUT_S,
        trust_env=False,
        verify=True if certificate is None else _believing(certificate),
    )


def _believing(certificate: Path) -> ssl.SSLContext:
    context = ssl.create_default_context(cafile=certificate)
    context.check_hostname = False
    # The chain may end with this certificate: who signed it is of no interest.
    context.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN
    return context


def devnet_client(url: str, *, timeout_s: float) -> httpx.AsyncClient:
    """A client of the node of one's own local chain, which `alphapulse.devnet` has started."""
    return httpx.AsyncClient(
        base_url=url,
        headers={"Content-Type": "application/json"},
        timeout=timeout_s,
        trust_env=False,
        event_hooks={"request": [_send_whole]},
    )


async def _send_whole(request: httpx.Request) -> None:  # noqa: ASYNC124 - so the library wants it
    request.stream = WholeBody(request.content)


def node_client(tls: ssl.SSLContext) -> httpx.AsyncClient:
    """A client for the nodes of a chain. It follows no redirect, asks for no other packing than gzip, keeps no cookie.

    `tls` is made beforehand: to read the machine's authorities takes long enough to hold up everybody.
    """
    headers = {
        "Content-Type": "application/json",
        "Accept": "application/json",
        "Accept-Encoding": "gzip",
        "User-Agent": f"alphapulse/{__version__}",
    }
    return httpx.AsyncClient(
        headers=headers,
        timeout=None,  # noqa: S113 - each request has a deadline of its own
        limits=httpx.Limits(max_connections=MOST_CONNECTIONS, max_keepalive_connections=32, keepalive_expiry=30.0),
        follow_redirects=False,
        trust_env=False,
        verify=tls,
    )
