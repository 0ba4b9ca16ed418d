"""An application over a fake daemon, and requests to it with the headers that a decent caller sends."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import attrs
from quart import Response

from alphapulse.data.roles import Role
from alphapulse.secret import Secret
from alphapulse_web.app import WebApp, create_app
from alphapulse_web.keys import Key, digest_of
from alphapulse_web.settings import WebSettings
from tests.fakes.inline_blocking import run_inline
from tests.web.fake_backend import NOW_NS, FakeBackend

TOKEN = "test-0123456789abcdefghijklmnopqrstuvwxyzAB"
ORIGIN = "http://127.0.0.1:8700"
BEARER = {"Authorization": f"Bearer {TOKEN}"}


@attrs.define
class Clock:
    """A wall clock that moves when the test says so."""

    ns: int = NOW_NS

    def now_ns(self) -> int:
        return self.ns

    def advance(self, seconds: int) -> None:
        self.ns += seconds * 1_000_000_000


def web_settings(clock: Clock, **others: Any) -> WebSettings:
    """Settings whose clocks are the test's, and whose store is gone with it."""
    clocks = {"now_ns": clock.now_ns, "monotonic_ns": clock.now_ns}
    return WebSettings(token=Secret(TOKEN), run_blocking=run_inline, **{**clocks, **others})


class Desk:
    """One application with its daemon and its clock."""

    def __init__(self, static: Path | None = None, *, secure: bool = False, **others: Any) -> None:
        self.backend = FakeBackend()
        self.clock = Clock()
        settings = web_settings(self.clock, static=static, secure=secure, **others)
        self.app: WebApp = create_app(self.backend, settings)
        self.app.perimeter.listen_on(8700)

    async def ask(
        self, method: str, path: str, *, headers: dict[str, str] | None = None, json: Any = None, data: Any = None
    ) -> Response:
        """One request; the Host is right unless the headers say otherwise. No cookie is kept between requests."""
        client = self.app.test_client(use_cookies=False)
        merged = {"Host": "127.0.0.1:8700", **(headers or {})}
        arguments = {"json": json} if json is not None else {"data": data} if data is not None else {}
        response = await client.open(path, method=method, headers=merged, **arguments)
        assert isinstance(response, Response)
        return response

    def key_of(self, role: Role) -> dict[str, str]:
        """Headers of somebody who holds a key of that role, named for it."""
        texts = {role: f"ap_{role.name.lower()}-0123456789abcdefghijklmnopqrstuvwxyz" for role in Role}
        self.app.ring.replace(
            Key(name=role.name.lower(), role=role, digest=digest_of(text)) for role, text in texts.items()
        )
        return {"Authorization": f"Bearer {texts[role]}"}

    async def log_in(self, key: dict[str, str] = BEARER) -> dict[str, str]:
        """Headers of a browser that has logged in with a code that the key asked for."""
        code = (await answer(await self.ask("POST", "/api/v1/session/code", headers=key)))["code"]
        reply = await self.ask("POST", "/api/v1/session", json={"code": code}, headers={"Origin": ORIGIN})
        assert reply.status_code == 200
        return {"Cookie": reply.headers["Set-Cookie"].partition(";")[0], "Origin": ORIGIN}


async def answer(response: Response) -> Any:
    """The JSON of a response."""
    return json.loads(await response.get_data(as_text=False))


def keyed(headers: dict[str, str], key: str = "key-1") -> dict[str, str]:
    """The headers with an Idempotency-Key."""
    return {**headers, "Idempotency-Key": key}
