"""An application over a fake daemon, and requests to it with the headers that a decent caller sends."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import attrs
from quart import Response

from alphapulse_web.app import WebApp, create_app
from alphapulse_web.settings import WebSettings
from tests.web.fake_backend import NOW_NS, FakeBackend

TOKEN = "t" * 43
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


class Desk:
    """One application with its daemon and its clock."""

    def __init__(self, static: Path | None = None, *, secure: bool = False) -> None:
        self.backend = FakeBackend()
        self.clock = Clock()
        settings = WebSettings(token=TOKEN, now_ns=self.clock.now_ns, static=static, secure=secure)
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

    async def log_in(self) -> dict[str, str]:
        """Headers of a browser that has logged in."""
        code = (await answer(await self.ask("POST", "/api/v1/session/code", headers=BEARER)))["code"]
        reply = await self.ask("POST", "/api/v1/session", json={"code": code}, headers={"Origin": ORIGIN})
        assert reply.status_code == 200
        return {"Cookie": reply.headers["Set-Cookie"].partition(";")[0], "Origin": ORIGIN}


async def answer(response: Response) -> Any:
    """The JSON of a response."""
    return json.loads(await response.get_data(as_text=False))


def keyed(headers: dict[str, str], key: str = "key-1") -> dict[str, str]:
    """The headers with an Idempotency-Key."""
    return {**headers, "Idempotency-Key": key}
