"""Limits: on guessing and on asking, and none of them on a halt."""

from __future__ import annotations

import json
from functools import partial

import pytest
import trio
from hypothesis import given
from hypothesis import strategies as st

from alphapulse.data.roles import Role
from alphapulse_web.failures import FAILURES, LONGEST_NS, MAX_PEERS, FailureLimit
from alphapulse_web.instants import NS_PER_S
from alphapulse_web.keys import Key, KeyRing
from alphapulse_web.rates import MAX_CALLERS, REQUESTS, RateLimit
from tests.web.hostile import CORPUS
from tests.web.test_serve import Rig, attack, running
from tests.web.web_client import BEARER, ORIGIN, TOKEN, Desk, answer, keyed

STATUS = "/api/v1/status"
KILL = "/api/v1/control/kill"
WRONG = {"Authorization": "Bearer " + "w" * 43}


async def statuses(desk: Desk, count: int, headers: dict[str, str], path: str = STATUS) -> list[int]:
    return [(await desk.ask("GET", path, headers=headers)).status_code for _ in range(count)]


async def halts(desk: Desk, headers: dict[str, str] = BEARER, key: str = "k") -> bool:
    response = await desk.ask("POST", KILL, headers=keyed(headers, key), json={"reason": "stop"})
    return response.status_code in {200, 202}


# How much ----------------------------------------------------------------------------------------------------------


async def test_ten_requests_of_a_caller_are_answered_in_a_second() -> None:
    desk = Desk()
    assert await statuses(desk, REQUESTS + 2, BEARER) == [200] * REQUESTS + [429] * 2
    desk.clock.ns += NS_PER_S - 1
    assert await statuses(desk, 1, BEARER) == [429]
    desk.clock.ns += 1
    assert await statuses(desk, REQUESTS + 1, BEARER) == [200] * REQUESTS + [429]


async def test_the_one_too_many_is_told_when_to_come_again() -> None:
    desk = Desk()
    await statuses(desk, REQUESTS, BEARER)
    response = await desk.ask("GET", STATUS, headers=BEARER)
    assert response.headers["Retry-After"] == "1"
    assert (await answer(response))["error"]["code"] == "too_many_requests"


async def test_each_key_and_each_session_has_its_own_ten() -> None:
    desk = Desk()
    keys = [BEARER, desk.key_of(Role.VIEWER), await desk.log_in(), await desk.log_in()]
    desk.clock.advance(1)
    assert [await statuses(desk, REQUESTS, key) for key in keys] == [[200] * REQUESTS] * len(keys)


async def test_probes_and_pages_are_not_counted() -> None:
    desk = Desk()
    assert await statuses(desk, 50, BEARER, "/livez") == [200] * 50
    assert await statuses(desk, 50, BEARER, "/") == [200] * 50


@given(st.lists(st.integers(0, 400_000_000), max_size=60))
def test_no_second_holds_more_than_ten_and_none_is_refused_needlessly(steps: list[int]) -> None:
    now, admitted = 0, list[int]()
    limit = RateLimit(lambda: now)
    for step in steps:
        now += step
        within = [one for one in admitted if one > now - NS_PER_S]
        assert limit.admits("a") is (len(within) < REQUESTS)
        if len(within) < REQUESTS:
            admitted.append(now)


def test_callers_are_not_remembered_without_bound() -> None:
    limit = RateLimit(lambda: 0)
    for caller in range(MAX_CALLERS + 50):
        limit.admits(str(caller))
    assert len(limit._callers) == MAX_CALLERS


# How often wrong ---------------------------------------------------------------------------------------------------


async def test_five_wrong_keys_close_the_door_and_then_nothing_is_judged(monkeypatch: pytest.MonkeyPatch) -> None:
    judged: list[str] = []
    find = KeyRing.find

    def counted(ring: KeyRing, text: str) -> Key | None:
        judged.append(text)
        return find(ring, text)

    monkeypatch.setattr(KeyRing, "find", counted)
    desk = Desk()
    assert await statuses(desk, 300, WRONG) == [401] * FAILURES + [429] * (300 - FAILURES)
    assert len(judged) == FAILURES
    response = await desk.ask("GET", STATUS, headers=BEARER)
    assert (response.status_code, response.headers["Retry-After"]) == (429, "60")
    desk.clock.advance(60)
    assert await statuses(desk, 1, BEARER) == [200]


async def test_who_was_right_before_is_not_locked_out_by_the_guesses_of_another() -> None:
    desk = Desk()
    browser = await desk.log_in()
    assert await statuses(desk, 1, BEARER) == [200]
    assert await statuses(desk, 1, browser) == [200]
    await statuses(desk, 20, WRONG)
    assert await statuses(desk, 1, desk.key_of(Role.VIEWER)) == [429]
    assert await statuses(desk, 1, BEARER) == [200]
    assert await statuses(desk, 1, browser) == [200]


async def test_a_page_whose_session_is_over_is_no_guesser() -> None:
    desk = Desk()
    browser = await desk.log_in()
    desk.clock.advance(15 * 60)
    assert await statuses(desk, 20, browser) == [401] * 20


async def test_wrong_sessions_and_codes_count_like_wrong_keys() -> None:
    desk = Desk()
    wrong = {"Cookie": "alphapulse=" + "w" * 43, "Origin": ORIGIN}
    assert await statuses(desk, 3, wrong) == [401] * 3
    replies = [await desk.ask("POST", "/api/v1/session", json={"code": "w"}) for _ in range(3)]
    assert [reply.status_code for reply in replies] == [401, 401, 429]


def test_the_door_stays_closed_twice_as_long_each_time() -> None:
    now = 0
    limit = FailureLimit(lambda: now)
    waits = []
    for _ in range(7):
        while not limit.wait_s("a"):
            limit.failed("a")
        waits.append(limit.wait_s("a"))
        now += limit.wait_s("a") * NS_PER_S
    assert waits == [60, 120, 240, 480, 960, 960, 960]
    assert limit.wait_s("b") == 0
    now += 3600 * NS_PER_S
    for _ in range(FAILURES):
        limit.failed("a")
    assert limit.wait_s("a") == 60


@given(st.lists(st.integers(0, 90 * NS_PER_S), max_size=200))
def test_no_minute_holds_more_than_five_judged_failures(steps: list[int]) -> None:
    now, judged = 0, list[int]()
    limit = FailureLimit(lambda: now)
    for step in steps:
        now += step
        if not limit.wait_s("a"):
            limit.failed("a")
            judged.append(now)
    for at in judged:
        assert sum(at <= other < at + 60 * NS_PER_S for other in judged) <= FAILURES
    assert limit.wait_s("a") * NS_PER_S <= LONGEST_NS


def test_a_hundred_thousand_guesses_from_fifty_addresses_are_five_a_minute_each() -> None:
    now, judged = 0, 0
    limit = FailureLimit(lambda: now)
    for guess in range(100_000):
        now += NS_PER_S // 100
        if not limit.wait_s(str(guess % 50)):
            limit.failed(str(guess % 50))
            judged += 1
    minutes = now / (60 * NS_PER_S)
    assert judged <= 50 * FAILURES * minutes


def test_addresses_are_not_remembered_without_bound() -> None:
    limit = FailureLimit(lambda: 0)
    for peer in range(MAX_PEERS + 50):
        limit.failed(str(peer))
    assert len(limit._peers) == MAX_PEERS


# A halt meets none of it -------------------------------------------------------------------------------------------


async def test_a_halt_passes_every_limit_at_once() -> None:
    """The caller has asked too much, his address was wrong too often, and it is he who halts, again and again."""
    desk = Desk()
    operator = desk.key_of(Role.OPERATOR)
    assert (await statuses(desk, 60, operator))[-1] == 429
    await statuses(desk, 60, WRONG)
    fresh = desk.key_of(Role.RISK)
    assert await statuses(desk, 1, fresh) == [429]
    for number in range(50):
        assert await halts(desk, operator, f"o{number}")
        assert await halts(desk, fresh, f"r{number}")
    assert len([call for call in desk.backend.calls if call[0] == "kill"]) == 100


async def test_a_wrong_key_halts_nothing_however_open_that_door_is() -> None:
    desk = Desk()
    for _ in range(20):
        response = await desk.ask("POST", KILL, headers=keyed(WRONG), json={"reason": "x"})
        assert response.status_code == 401
    assert desk.backend.calls == []


async def halt_on_socket(rig: Rig, key: str) -> bytes:
    """The status line of a halt that comes over a connection of its own."""
    body = json.dumps({"reason": "flood"}).encode()
    stream = await rig.connect()
    head = (
        f"POST {KILL} HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer {TOKEN}\r\nIdempotency-Key: {key}\r\n"
        f"Content-Type: application/json\r\nConnection: close\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    await stream.send_all(head.encode() + body)
    text = bytes(await stream.receive_some(65_536))
    await trio.aclose_forcefully(stream)
    return text.partition(b"\r\n")[0].strip()


@pytest.mark.slow
@pytest.mark.real_io
async def test_a_flood_of_every_kind_does_not_keep_a_halt_out() -> None:
    """More connections than there is room for, guesses, floods of a caller and hostile bytes, all at once."""
    async with running() as rig, trio.open_nursery() as nursery:

        async def hold() -> None:
            """Connections that say nothing: as soon as one is closed, another comes."""
            while True:
                stream = await rig.connect()
                await stream.send_all(b"GET / HTTP/1.1\r\nX: ")
                with trio.move_on_after(5):
                    await stream.receive_some()
                rig.streams.remove(stream)
                await trio.aclose_forcefully(stream)

        async def ask(token: str) -> None:
            text = f"GET {STATUS} HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer {token}\r\n\r\n".encode()
            while True:
                stream = await rig.connect()
                try:
                    for _ in range(20):
                        await stream.send_all(text)
                        await stream.receive_some(65_536)
                except trio.BrokenResourceError:
                    pass  # somebody else has taken the place
                rig.streams.remove(stream)
                await trio.aclose_forcefully(stream)

        for _ in range(150):
            nursery.start_soon(hold)
        for token in (TOKEN, "w" * 43, "***"):
            nursery.start_soon(ask, token)
        for case in CORPUS[::5]:
            nursery.start_soon(partial(attack, rig, case, reset=True))
        await rig.until(lambda: rig.plane.ward.displaced > 50)
        for number in range(20):
            with trio.fail_after(60):
                assert await halt_on_socket(rig, str(number)) == b"HTTP/1.1 200"
        assert len([call for call in rig.backend.calls if call[0] == "kill"]) == 20
        nursery.cancel_scope.cancel()
