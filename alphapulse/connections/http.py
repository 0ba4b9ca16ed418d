"""The only HTTP client."""

from __future__ import annotations

import ssl
from pathlib import Path

import httpx

TIMEOUT_S = 10.0


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
        base_url=url, headers={"Content-Type": "application/json"}, timeout=timeout_s, trust_env=False
    )
