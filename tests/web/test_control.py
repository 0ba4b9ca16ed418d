"""Stopping and resuming."""

from __future__ import annotations

from functools import partial
from typing import Literal

import pytest
import trio
from trio.testing import MockClock, wait_all_tasks_blocked

from alphapulse.errors import HaltError
from tests.web.web_client import BEARER, Desk, answer, keyed

KILL = "/api/v1/control/kill"
CHALLENGE = "/api/v1/control/challenge"
RESUME = "/api/v1/control/resume"
FLATTEN = "/api/v1/control/flatten"
TYPED = {"reason": "checked", "nonce": "a nonce", "phrase": "resume all trading after halt 7"}


async def test_a_stop_returns_the_report() -> None:
    desk = Desk()
    response = await desk.ask("POST", KILL, headers=keyed(BEARER), json={"scope": "global", "reason": "enough"})
    assert response.status_code == 200
    assert (await answer(response))["halt_id"] == 7
    assert desk.backend.calls[0] == ("kill", "global", "enough", "owner", "the API")


async def test_a_stop_with_steps_left_answers_202() -> None:
    desk = Desk()
    desk.backend.complete = False
    assert (await desk.ask("POST", KILL, headers=keyed(BEARER), json={"reason": "enough"})).status_code == 202


async def test_the_path_of_a_stop_is_told() -> None:
    desk = Desk()
    body = {"scope": "strategy:flash_arbitrage", "reason": "enough"}
    await desk.ask("POST", KILL, headers=keyed({**BEARER, "X-AlphaPulse-Via": "cli"}, "a"), json=body)
    await desk.ask("POST", KILL, headers=keyed(await desk.log_in(), "b"), json=body)
    assert [call[4] for call in desk.backend.calls if call[0] == "kill"] == ["the command line", "the dashboard"]


async def test_the_same_key_stops_once() -> None:
    desk = Desk()
    replies = [await desk.ask("POST", KILL, headers=keyed(BEARER), json={"reason": "enough"}) for _ in range(3)]
    assert len({await reply.get_data(as_text=False) for reply in replies}) == 1
    assert len(desk.backend.calls) == 2


@pytest.mark.parametrize(
    ("headers", "json", "status"),
    [
        (BEARER, {"reason": "x"}, 400),
        (keyed(BEARER, "k" * 129), {"reason": "x"}, 400),
        (keyed(BEARER), {}, 400),
        (keyed(BEARER), {"reason": ""}, 400),
        (keyed(BEARER), {"reason": "   "}, 400),
        (keyed(BEARER), {"reason": "x" * 251}, 400),
        (keyed(BEARER), {"reason": "x", "scope": "everything"}, 400),
        (keyed(BEARER), {"reason": "x", "scope": "strategy:a b"}, 400),
        (keyed(BEARER), {"reason": "x", "force": True}, 400),
        (keyed(BEARER), [], 400),
    ],
)
async def test_a_malformed_stop_is_refused(headers: dict[str, str], json: object, status: int) -> None:
    desk = Desk()
    assert (await desk.ask("POST", KILL, headers=headers, json=json)).status_code == status
    assert desk.backend.calls == []


async def test_a_key_belongs_to_one_body_and_one_action() -> None:
    desk = Desk()
    await desk.ask("POST", KILL, headers=keyed(BEARER), json={"reason": "enough"})
    assert (await desk.ask("POST", KILL, headers=keyed(BEARER), json={"reason": "other"})).status_code == 422
    assert (await desk.ask("POST", RESUME, headers=keyed(BEARER), json=TYPED)).status_code == 422


async def test_a_stop_that_is_repeated_while_it_runs_is_told_so_and_acts_once() -> None:
    desk = Desk()
    going = trio.Event()
    desk.backend.on_kill = going.wait
    answers = []

    async def stop(reason: str = "x") -> None:
        answers.append(await desk.ask("POST", KILL, headers=keyed(BEARER), json={"reason": reason}))

    async with trio.open_nursery() as nursery:
        nursery.start_soon(stop)
        await wait_all_tasks_blocked()
        await stop()
        await stop("another body")
        going.set()
    assert [one.status_code for one in answers] == [409, 422, 200]
    assert (await answer(answers[0]))["error"]["code"] == "in_progress"
    assert desk.backend.calls.count(("kill done",)) == 1


async def test_a_stop_goes_on_when_the_caller_hangs_up() -> None:
    desk = Desk()
    going = trio.Event()
    desk.backend.on_kill = going.wait
    async with trio.open_nursery() as nursery:
        nursery.start_soon(partial(desk.ask, "POST", KILL, headers=keyed(BEARER), json={"reason": "x"}))
        await wait_all_tasks_blocked()
        # What quart-trio does with a request whose client is gone.
        nursery.cancel_scope.cancel()
        going.set()
    assert ("kill done",) in desk.backend.calls


async def test_a_stop_that_is_not_confirmed_is_not_called_done(autojump_clock: MockClock) -> None:
    desk = Desk()
    desk.backend.on_kill = trio.sleep_forever
    response = await desk.ask("POST", KILL, headers=keyed(BEARER), json={"reason": "x"})
    assert response.status_code == 503
    assert "treat it as still trading" in (await answer(response))["error"]["message"]
    desk.backend.on_kill = None
    assert (await desk.ask("POST", KILL, headers=keyed(BEARER), json={"reason": "x"})).status_code == 200


async def test_a_resume_returns_the_status() -> None:
    desk = Desk()
    desk.backend.state = "halted"
    response = await desk.ask("POST", RESUME, headers=keyed(BEARER), json=TYPED)
    assert (await answer(response))["state"] == "active"
    assert desk.backend.calls == [("resume", "global", "checked", "owner", "the API")]


async def test_a_resume_lists_what_forbids_it_and_is_judged_anew() -> None:
    desk = Desk()
    desk.backend.resume_error = HaltError("2 intents have no outcome", "the stream day is stale")
    response = await desk.ask("POST", RESUME, headers=keyed(BEARER), json=TYPED)
    error = (await answer(response))["error"]
    assert response.status_code == 409
    assert error["detail"] == {"failed": ["2 intents have no outcome", "the stream day is stale"]}
    desk.backend.resume_error = None
    assert (await desk.ask("POST", RESUME, headers=keyed(BEARER), json=TYPED)).status_code == 200


@pytest.mark.parametrize("missing", ["reason", "nonce", "phrase"])
async def test_a_resume_without_nonce_phrase_or_reason_is_refused(missing: str) -> None:
    desk = Desk()
    body = {name: text for name, text in TYPED.items() if name != missing}
    assert (await desk.ask("POST", RESUME, headers=keyed(BEARER), json=body)).status_code == 400
    assert desk.backend.calls == []


async def test_a_challenge_says_what_must_be_typed_and_what_resuming_does_not_do() -> None:
    desk = Desk()
    shown = await answer(await desk.ask("POST", CHALLENGE, headers=keyed(BEARER), json={}))
    assert shown["phrase"] == TYPED["phrase"]
    assert shown["text"] == ["It does not send again what was cancelled."]
    assert desk.backend.calls == [("challenge", "global", "owner", "ADMIN")]


@pytest.mark.parametrize("level", ["halted", "reducing", "locked"])
async def test_a_stop_may_name_its_level(level: str) -> None:
    desk = Desk()
    body = {"reason": "enough", "level": level, "scope": "venue:uniswap_v3"}
    report = await answer(await desk.ask("POST", KILL, headers=keyed(BEARER), json=body))
    assert (report["level"], report["scope"]) == (level, "venue:uniswap_v3")


@pytest.mark.parametrize(("stage", "status"), [("begun", 202), ("done", 200)])
async def test_a_flatten_answers_202_while_it_lasts(stage: Literal["begun", "done"], status: int) -> None:
    desk = Desk()
    desk.backend.flatten_stage = stage
    response = await desk.ask("POST", FLATTEN, headers=keyed(BEARER), json={"reason": "out"})
    assert response.status_code == status
    assert desk.backend.calls == [("flatten", "global", "out", "owner", "the API")]


async def test_halts_are_listed_and_shown() -> None:
    desk = Desk()
    (listed,) = (await answer(await desk.ask("GET", "/api/v1/halts", headers=BEARER)))["halts"]
    shown = await answer(await desk.ask("GET", f"/api/v1/halts/{listed['halt_id']}", headers=BEARER))
    assert (shown["reason"], shown["complete"]) == ("enough", True)
    assert (await desk.ask("GET", "/api/v1/halts/8", headers=BEARER)).status_code == 404
