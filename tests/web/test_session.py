"""Logging in and out."""

from __future__ import annotations

from pathlib import Path

import pytest
import trio

from alphapulse.data.roles import Role
from alphapulse_web.keys import digest_of
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


async def restarted(path: Path) -> Desk:
    """A desk over the same file, as a daemon has it that starts again."""
    desk = Desk(store=path)
    async with trio.open_nursery() as nursery:
        await nursery.start(desk.app.upkeep.run)
        nursery.cancel_scope.cancel()
    return desk


async def test_a_login_and_its_end_survive_a_restart(tmp_path: Path) -> None:
    path = tmp_path / "control.sqlite"
    first = await restarted(path)
    kept, ended = await first.log_in(), await first.log_in()
    await first.ask("DELETE", SESSION, headers=ended)
    second = await restarted(path)
    assert (await answer(await second.ask("GET", SESSION, headers=kept)))["kind"] == "browser"
    assert (await second.ask("GET", SESSION, headers=ended)).status_code == 401


async def test_no_cookie_is_in_the_file(tmp_path: Path) -> None:
    desk = await restarted(tmp_path / "control.sqlite")
    cookie = (await desk.log_in())["Cookie"].partition("=")[2]
    held = b"".join(path.read_bytes() for path in tmp_path.iterdir())
    assert digest_of(cookie).encode() in held
    assert cookie.encode() not in held


async def test_a_session_ends_after_a_quarter_of_an_hour_without_use() -> None:
    desk = Desk()
    headers = await desk.log_in()
    for _ in range(2):
        desk.clock.advance(15 * 60 - 1)
        assert (await desk.ask("GET", SESSION, headers=headers)).status_code == 200
    desk.clock.advance(15 * 60)
    assert (await desk.ask("GET", SESSION, headers=headers)).status_code == 401
    desk.clock.advance(-15 * 60)
    assert (await desk.ask("GET", SESSION, headers=headers)).status_code == 401


async def test_a_session_ends_after_twelve_hours_however_much_it_is_used() -> None:
    desk = Desk()
    headers = await desk.log_in()
    for _ in range(12 * 6):
        assert (await desk.ask("GET", SESSION, headers=headers)).status_code == 200
        desk.clock.advance(600)
    assert (await desk.ask("GET", SESSION, headers=headers)).status_code == 401


async def test_a_new_login_has_a_new_id_and_ends_the_old_one() -> None:
    desk = Desk()
    before = await desk.log_in()
    code = (await answer(await desk.ask("POST", f"{SESSION}/code", headers=BEARER)))["code"]
    reply = await desk.ask("POST", SESSION, json={"code": code}, headers=before)
    after = reply.headers["Set-Cookie"].partition(";")[0]
    assert after != before["Cookie"]
    assert (await desk.ask("GET", SESSION, headers=before)).status_code == 401
    assert (await desk.ask("GET", SESSION, headers={**before, "Cookie": after})).status_code == 200


async def test_an_id_that_was_planted_is_not_taken_up() -> None:
    desk = Desk()
    planted = {"Cookie": f"alphapulse={'p' * 43}", "Origin": ORIGIN}
    code = (await answer(await desk.ask("POST", f"{SESSION}/code", headers=BEARER)))["code"]
    assert (await desk.ask("POST", SESSION, json={"code": code}, headers=planted)).status_code == 200
    assert (await desk.ask("GET", SESSION, headers=planted)).status_code == 401


@pytest.mark.parametrize("role", Role)
async def test_a_session_has_the_role_of_the_key_that_asked_for_its_code(role: Role) -> None:
    desk = Desk()
    headers = await desk.log_in(desk.key_of(role))
    seen = await answer(await desk.ask("GET", SESSION, headers=headers))
    assert (seen["role"], seen["actor"], seen["kind"]) == (role.name.lower(), role.name.lower(), "browser")


async def test_a_session_ends_with_the_key_that_opened_it() -> None:
    desk = Desk()
    headers = await desk.log_in(desk.key_of(Role.OPERATOR))
    desk.app.ring.replace([])
    assert (await desk.ask("GET", SESSION, headers=headers)).status_code == 401


async def test_a_code_dies_with_the_key_that_asked_for_it() -> None:
    desk = Desk()
    code = (await answer(await desk.ask("POST", f"{SESSION}/code", headers=desk.key_of(Role.RISK))))["code"]
    desk.app.ring.replace([])
    assert (await desk.ask("POST", SESSION, json={"code": code})).status_code == 401


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
    for forged in (value[:-1], value + "A", value.swapcase(), digest_of(value), ""):
        response = await desk.ask("GET", SESSION, headers={**headers, "Cookie": f"{name}={forged}"})
        assert response.status_code == 401


async def test_the_bearer_has_no_end() -> None:
    desk = Desk()
    response = await desk.ask("GET", SESSION, headers=BEARER)
    key = desk.app.ring.owner.id
    assert await answer(response) == {"kind": "bearer", "actor": "owner", "role": "admin", "key": key, "expires": None}


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
