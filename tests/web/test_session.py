"""Logging in and out."""

from __future__ import annotations

import pytest

from tests.web.web_client import BEARER, ORIGIN, TOKEN, Desk, answer, keyed

SESSION = "/api/v1/session"


async def test_a_code_works_once() -> None:
    desk = Desk()
    issued = await answer(await desk.ask("POST", f"{SESSION}/code", headers=BEARER))
    assert issued["url"] == f"http://127.0.0.1:8700/login#code={issued['code']}"
    replies = [await desk.ask("POST", SESSION, json={"code": issued["code"]}) for _ in range(2)]
    assert [reply.status_code for reply in replies] == [200, 401]


async def test_a_code_ends_after_ten_minutes() -> None:
    desk = Desk()
    code = (await answer(await desk.ask("POST", f"{SESSION}/code", headers=BEARER)))["code"]
    desk.clock.advance(600)
    assert (await desk.ask("POST", SESSION, json={"code": code})).status_code == 401


async def test_the_cookie_is_closed_to_scripts_and_other_sites() -> None:
    desk = Desk()
    code = (await answer(await desk.ask("POST", f"{SESSION}/code", headers=BEARER)))["code"]
    cookie = (await desk.ask("POST", SESSION, json={"code": code})).headers["Set-Cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=Strict" in cookie
    assert "Path=/" in cookie
    assert "Secure" not in cookie
    assert TOKEN not in cookie


async def test_over_tls_the_cookie_belongs_to_this_host() -> None:
    desk = Desk(secure=True)
    issued = await answer(await desk.ask("POST", f"{SESSION}/code", headers=BEARER))
    cookie = (await desk.ask("POST", SESSION, json={"code": issued["code"]})).headers["Set-Cookie"]
    assert issued["url"].startswith("https://")
    assert cookie.startswith("__Host-alphapulse=")
    assert "Secure" in cookie


async def test_a_login_survives_a_restart() -> None:
    headers = await Desk().log_in()
    response = await Desk().ask("GET", SESSION, headers=headers)
    assert (await answer(response))["kind"] == "browser"


async def test_a_session_ends_after_twelve_hours() -> None:
    desk = Desk()
    headers = await desk.log_in()
    desk.clock.advance(12 * 3600 - 1)
    assert (await desk.ask("GET", SESSION, headers=headers)).status_code == 200
    desk.clock.advance(1)
    assert (await desk.ask("GET", SESSION, headers=headers)).status_code == 401


async def test_logging_out_ends_the_session() -> None:
    desk = Desk()
    headers = await desk.log_in()
    response = await desk.ask("DELETE", SESSION, headers=headers)
    assert response.status_code == 204
    assert "Max-Age=0" in response.headers["Set-Cookie"]
    assert (await desk.ask("GET", SESSION, headers=headers)).status_code == 401


async def test_a_cookie_that_was_changed_is_refused() -> None:
    desk = Desk()
    headers = await desk.log_in()
    name, _, value = headers["Cookie"].partition("=")
    session, expires, mark = value.split(".")
    for forged in (f"{session}.{int(expires) + 1}.{mark}", f"{'0' * 32}.{expires}.{mark}", f"{session}.{expires}."):
        response = await desk.ask("GET", SESSION, headers={**headers, "Cookie": f"{name}={forged}"})
        assert response.status_code == 401


async def test_the_bearer_has_no_end() -> None:
    response = await Desk().ask("GET", SESSION, headers=BEARER)
    assert await answer(response) == {"kind": "bearer", "expires": None}


async def test_a_wrong_token_is_not_made_good_by_a_cookie() -> None:
    desk = Desk()
    headers = {**await desk.log_in(), "Authorization": "Bearer wrong"}
    assert (await desk.ask("GET", SESSION, headers=headers)).status_code == 401


async def test_five_failures_close_the_door_for_a_minute_but_never_for_a_stop() -> None:
    desk = Desk()
    code = (await answer(await desk.ask("POST", f"{SESSION}/code", headers=BEARER)))["code"]
    statuses = [(await desk.ask("POST", SESSION, json={"code": "wrong"})).status_code for _ in range(6)]
    assert statuses == [401] * 5 + [429]
    assert (await desk.ask("POST", SESSION, json={"code": code})).status_code == 429
    kill = await desk.ask("POST", "/api/v1/control/kill", headers=keyed(BEARER), json={"reason": "stop"})
    assert kill.status_code == 200
    desk.clock.advance(60)
    assert (await desk.ask("POST", SESSION, json={"code": code})).status_code == 200


@pytest.mark.parametrize("text", ["", "{", '{"code": 1}', '{"code": ""}', '{"code":"x","more":1}', '"x"', "\ud800"])
async def test_a_malformed_login_is_refused(text: str) -> None:
    headers = {"Content-Type": "application/json", "Origin": ORIGIN}
    response = await Desk().ask("POST", SESSION, data=text.encode(errors="surrogatepass"), headers=headers)
    assert response.status_code == 400
