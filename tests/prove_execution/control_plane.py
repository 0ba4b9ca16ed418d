"""Halts over HTTP: as a program asks for them with its key, and as the page does that a person has opened."""

from __future__ import annotations

import re
import secrets

import httpx

from tests.prove_execution.daemon_process import PATIENCE_S, DaemonProcess

PRINTED = re.compile(r"(http://\S+)/#code=(\S+)")


class ControlPlane:
    """That of a running daemon. The page's session is opened once, by the code that the daemon has printed."""

    def __init__(self, daemon: DaemonProcess) -> None:
        printed = PRINTED.findall(daemon.log)
        if not printed:
            raise RuntimeError(f"expected the address of a dashboard, found: {daemon.log[-2_000:]}")
        self._url, self._code = printed[-1]
        self._token = (daemon.paths.folder / "token").read_text("utf-8").strip()
        self._page = httpx.AsyncClient(
            base_url=self._url, headers={"Origin": self._url}, timeout=PATIENCE_S, trust_env=False
        )

    async def kill_by_api(self) -> None:
        """A request with the owner's key, over a connection of its own."""
        async with httpx.AsyncClient(
            base_url=self._url,
            headers={"Authorization": f"Bearer {self._token}"},
            timeout=PATIENCE_S,
            trust_env=False,
        ) as client:
            await _kill(client)

    async def kill_by_page(self) -> None:
        """The request of the page's button, with the browser's session."""
        if not self._page.cookies:
            (await self._page.post("/api/v1/session", json={"code": self._code})).raise_for_status()
        await _kill(self._page)

    async def aclose(self) -> None:
        """The page is closed."""
        await self._page.aclose()


async def _kill(client: httpx.AsyncClient) -> None:
    wish = {"scope": "global", "reason": "a proof"}
    reply = await client.post("/api/v1/control/kill", json=wish, headers={"Idempotency-Key": secrets.token_hex(8)})
    reply.raise_for_status()
