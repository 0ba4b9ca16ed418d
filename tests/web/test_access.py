"""Host, Origin, site and body type."""

from __future__ import annotations

import pytest
import trio
from hypothesis import given
from hypothesis import strategies as st
from trio.testing import MockClock

from alphapulse_web.bind import proxied_origins
from alphapulse_web.perimeter import Perimeter
from alphapulse_web.settings import BODY_TIMEOUT_S
from tests.web.web_client import BEARER, ORIGIN, Desk, answer, keyed


@pytest.mark.parametrize(
    ("host", "allowed"),
    [
        ("127.0.0.1:8700", True),
        ("127.0.0.1", True),
        ("LOCALHOST:8700", True),
        ("[::1]:8700", True),
        ("evil.example", False),
        ("127.0.0.1.evil.example", False),
        ("evil.example:8700@127.0.0.1", False),
        ("127.0.0.1:port", False),
        ("127.0.0.1:", False),
        ("", False),
        ("127.0.0.1, evil.example", False),
        ("localhost\u00e9", False),
    ],
)
async def test_a_foreign_host_is_refused_on_every_path(host: str, allowed: bool) -> None:
    for path in ("/", "/livez", "/api/v1/status", "/nothing"):
        response = await Desk().ask("GET", path, headers={**BEARER, "Host": host})
        assert (response.status_code != 421) is allowed


def test_a_listed_port_is_the_only_port() -> None:
    perimeter = Perimeter(["desk.example:8443"], [], secure=True)
    assert perimeter.host_allowed("desk.example:8443")
    assert not perimeter.host_allowed("desk.example:8444")
    assert not perimeter.host_allowed("desk.example")


@pytest.mark.parametrize("host", ["desk.example", "desk.example:8443"])
def test_pages_of_a_configured_name_may_call_whatever_the_proxys_scheme(host: str) -> None:
    perimeter = Perimeter([host], proxied_origins([host]), secure=False)
    perimeter.listen_on(8700)
    assert perimeter.origin_allowed(f"https://{host}")
    assert perimeter.origin_allowed(f"http://{host}")
    assert not perimeter.origin_allowed("https://desk.example:8444")


@given(st.text(max_size=40))
def test_only_listed_hosts_are_allowed(host: str) -> None:
    perimeter = Perimeter(["localhost"], [], secure=False)
    if perimeter.host_allowed(host):
        assert host.lower().partition(":")[0] == "localhost"


@pytest.mark.parametrize(
    "origin", ["http://evil.example", "null", "http://127.0.0.1:8701", "https://127.0.0.1:8700", "http://localhost", ""]
)
async def test_a_foreign_origin_is_refused_even_with_the_token(origin: str) -> None:
    response = await Desk().ask("GET", "/api/v1/status", headers={**BEARER, "Origin": origin})
    assert response.status_code == 403
    assert (await answer(response))["error"]["code"] == "wrong_origin"


async def test_a_browsers_mutation_needs_an_origin() -> None:
    desk = Desk()
    headers = await desk.log_in()
    del headers["Origin"]
    response = await desk.ask("POST", "/api/v1/control/kill", headers=keyed(headers), json={"reason": "stop"})
    assert response.status_code == 403
    assert desk.backend.calls == []
    assert (await desk.ask("GET", "/api/v1/status", headers=headers)).status_code == 200


async def test_another_site_may_not_post() -> None:
    headers = {**keyed(BEARER), "Sec-Fetch-Site": "cross-site"}
    response = await Desk().ask("POST", "/api/v1/control/kill", headers=headers, json={"reason": "stop"})
    assert (await answer(response))["error"]["code"] == "cross_site"


@pytest.mark.parametrize("kind", ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x"])
async def test_only_json_may_be_posted(kind: str) -> None:
    headers = {**keyed(BEARER), "Content-Type": kind}
    response = await Desk().ask("POST", "/api/v1/control/kill", headers=headers, data=b'{"reason":"stop"}')
    assert response.status_code == 415


async def test_a_large_body_is_refused() -> None:
    response = await Desk().ask("POST", "/api/v1/session", json={"code": "x" * 70_000}, headers={"Origin": ORIGIN})
    assert response.status_code == 413
    assert response.content_type == "application/json"


@pytest.mark.parametrize("path", ["/api/v1/session", "/api/v1/control/challenge"])
async def test_a_body_that_never_ends_is_given_up(path: str, autojump_clock: MockClock) -> None:
    """After five seconds, also where the audit would like to read it."""
    client = Desk().app.test_client()
    headers = {"Host": "127.0.0.1:8700", "Content-Type": "application/json", "Content-Length": "100", **keyed(BEARER)}
    began = trio.current_time()
    async with client.request(path, method="POST", headers=headers) as connection:
        await connection.send(b"{")
    response = await connection.as_response()
    assert (response.status_code, trio.current_time() - began) == (408, BODY_TIMEOUT_S)
