"""Every operation of the table, and nothing else."""

from __future__ import annotations

import logging
import typing

import msgspec
import pytest

from alphapulse.errors import JournalError
from alphapulse_web.api import schemas
from alphapulse_web.api.routes import ROUTES, Route
from tests.web.test_policies import path_of
from tests.web.web_client import BEARER, Desk, answer

READS = [route for route in ROUTES if route.method == "GET" and route.reply is not None]


@pytest.mark.parametrize("route", READS, ids=lambda route: route.name)
async def test_a_read_answers_in_its_shape(route: Route) -> None:
    response = await Desk().ask("GET", path_of(route), headers=BEARER)
    assert response.status_code == 200
    assert response.content_type == "application/json"
    assert route.reply is not None
    msgspec.json.decode(await response.get_data(as_text=False), type=route.reply)


@pytest.mark.parametrize("path", ["/livez", "/readyz"])
async def test_a_probe_says_no_with_503(path: str) -> None:
    desk = Desk()
    desk.backend.is_live = desk.backend.is_ready = False
    response = await desk.ask("GET", path)
    assert response.status_code == 503
    assert await answer(response) == {"ok": False}


async def test_query_parameters_reach_the_daemon() -> None:
    desk = Desk()
    await desk.ask("GET", "/api/v1/opportunities?cursor=1-9&limit=7&result=refused", headers=BEARER)
    assert desk.backend.calls == [("opportunities", "1-9", "7", "refused")]


async def test_a_stage_is_asked_of_whoever_knows_it() -> None:
    """The solver's stages of its candidates, through a pool if one is named; those behind the signal of the books."""
    desk = Desk()
    pool = "0x88e6a0c2ddd26feeb64f039a2c41296fcb3f5640"
    checksummed = "0x88e6A0c2dDD26FEEb64F039a2c41296FcB3f5640"
    for asked in (f"stage=costs&limit=7&pool={checksummed}", "stage=gate", "stage=execution", "stage=signalled"):
        response = await desk.ask("GET", f"/api/v1/opportunities?{asked}", headers=BEARER)
        assert response.status_code == 200
    assert desk.backend.calls == [
        ("candidates", "None", "7", "costs", pool),
        ("opportunities", "None", "50", "refused"),
        ("opportunities", "None", "50", "failed"),
        ("opportunities", "None", "50", "None"),
    ]


@pytest.mark.parametrize(
    ("path", "status", "code"),
    [
        ("/api/v1/opportunities?limit=0", 400, "bad_query"),
        ("/api/v1/opportunities?limit=201", 400, "bad_query"),
        ("/api/v1/opportunities?limit=many", 400, "bad_query"),
        ("/api/v1/opportunities?result=won", 400, "bad_query"),
        ("/api/v1/opportunities?unknown=1", 400, "bad_query"),
        ("/api/v1/opportunities?cursor=nonsense", 400, "wrong_cursor"),
        ("/api/v1/opportunities?stage=luck", 400, "bad_query"),
        ("/api/v1/opportunities?stage=gate&result=traded", 400, "bad_query"),
        ("/api/v1/opportunities?stage=costs&result=traded", 400, "bad_query"),
        ("/api/v1/opportunities?stage=costs&cursor=nonsense", 400, "wrong_cursor"),
        ("/api/v1/opportunities?pool=0x88e6a0c2ddd26feeb64f039a2c41296fcb3f5640", 400, "bad_query"),
        ("/api/v1/opportunities?stage=costs&pool=weth", 400, "bad_query"),
        ("/api/v1/sweeps/other", 404, "no_such_sweep"),
        ("/api/v1/fills?cursor=nonsense", 400, "wrong_cursor"),
        ("/api/v1/pnl?run=99", 404, "no_such_run"),
        ("/api/v1/pnl?run=-1", 400, "bad_query"),
        ("/api/v1/nothing", 404, "not_found"),
        ("/api/v2/status", 404, "not_found"),
        ("/api/", 404, "not_found"),
        ("/api", 404, "not_found"),
        ("/api//v1/status", 404, "not_found"),
        ("/api/v1/control/kill", 405, "method_not_allowed"),
        ("/ws", 404, "not_found"),
        ("/livez/x", 404, "not_found"),
    ],
)
async def test_an_error_is_json_in_one_shape(path: str, status: int, code: str) -> None:
    response = await Desk().ask("GET", path, headers=BEARER)
    error = msgspec.json.decode(await response.get_data(as_text=False), type=schemas.ErrorReply).error
    assert (response.status_code, error.code) == (status, code)
    assert len(error.request) == 8


async def test_a_fault_says_nothing_about_itself(caplog: pytest.LogCaptureFixture) -> None:
    """The number leads to the log, where the traceback is."""
    desk = Desk()

    def broken() -> typing.NoReturn:
        raise RuntimeError("the secret of the house")

    desk.backend.tree = broken  # type: ignore[method-assign]
    with caplog.at_level(logging.ERROR):
        response = await desk.ask("GET", "/api/v1/tree", headers=BEARER)
    error = (await answer(response))["error"]
    assert response.status_code == 500
    assert "secret" not in str(error)
    assert error["request"] in caplog.text


async def test_the_head_of_a_journal_that_has_failed_is_not_told() -> None:
    desk = Desk()
    desk.backend.journal_failure = JournalError("the disk is full")
    response = await desk.ask("GET", "/api/v1/audit/head", headers=BEARER)
    assert response.status_code == 503
    error = (await answer(response))["error"]
    assert (error["code"], error["message"]) == ("journal_failed", "the disk is full")
