"""The only HTTP client."""

from __future__ import annotations

import httpx

TIMEOUT_S = 10.0


def control_client(url: str, token: str) -> httpx.Client:
    """A client of the control plane at `url`, for the command line. The proxy settings of the shell do not apply."""
    return httpx.Client(
        base_url=url,
        headers={"Authorization": f"Bearer {token}", "X-AlphaPulse-Via": "cli"},
        timeout=TIMEOUT_S,
        trust_env=False,
    )
