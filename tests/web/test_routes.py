"""Every operation of the table, and nothing else."""

from __future__ import annotations

import logging
import typing

import msgspec
import pytest

from alphapulse.errors import JournalError
from alphapulse_web.api import schemas
from alphapulse_web.api.routes import ROUTES, Access, Route
from alphapulse_web.app import PAGES
from tests.web.web_client import BEARER, ORIGIN, Desk, answer, keyed

READS = [route for route in ROUTES if route.method == "GET" and route.reply is not None]
CLOSED = [route for route in ROUTES if route.access is not Access.PUBLIC]


def test_the_table_is_what_the_application_routes() -> None:
    """A handler without a row, or a row without a handler, fails here."""
    rules = {
        (method, rule.rule)
        for rule in Desk().app.url_map.iter_rules()
        for method in rule.methods or ()
        if rule.rule not in PAGES and not rule.websocket and method not in {"HEAD", "OPTIONS"}
    }
    assert rules == {(route.method, route.path) for route in ROUTES}


@pytest.mark.parametrize("route", READS, ids=lambda route: route.name)
async def test_a_read_answers_in_its_shape(route: Route) -> None:
    response = await Desk().ask("GET", route.path, headers=BEARER)
    assert response.status_code == 200
    assert response.content_type == "application/json"
    assert route.reply is not None
    msgspec.json.decode(await response.get_data(as_text=False), type=route.reply)


@pytest.mark.parametrize("route", CLOSED, ids=lambda route: route.name)
@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Authorization": "Bearer wrong"},
        {"Authorization": "Basic " + "t" * 43},
        {"Authorization": ""},
        {"Cookie": "alphapulse=nonsense"},
        {"Cookie": f"alphapulse={'0' * 32}.99999999999.{'0' * 64}", "Origin": ORIGIN},
    ],
)
async def test_a_closed_route_refuses_strangers(route: Route, headers: dict[str, str]) -> None:
    desk = Desk()
    response = await desk.ask(route.method, route.path, headers=headers)
    assert response.status_code == 401
    assert (await answer(response))["error"]["code"] == "unauthorized"
    assert desk.backend.calls == []


@pytest.mark.parametrize("route", [r for r in CLOSED if r.access is Access.BEARER], ids=lambda route: route.name)
async def test_a_browser_may_not_use_bearer_routes(route: Route) -> None:
    desk = Desk()
    response = await desk.ask(route.method, route.path, headers=keyed(await desk.log_in()), json={"reason": "x"})
    assert response.status_code == 403
    assert "command line" in (await answer(response))["error"]["message"]
    assert desk.backend.calls == []


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


@pytest.mark.parametrize(
    ("path", "status", "code"),
    [
        ("/api/v1/opportunities?limit=0", 400, "bad_query"),
        ("/api/v1/opportunities?limit=201", 400, "bad_query"),
        ("/api/v1/opportunities?limit=many", 400, "bad_query"),
        ("/api/v1/opportunities?result=won", 400, "bad_query"),
        ("/api/v1/opportunities?unknown=1", 400, "bad_query"),
        ("/api/v1/opportunities?cursor=nonsense", 400, "wrong_cursor"),
        ("/api/v1/fills?cursor=nonsense", 400, "wrong_cursor"),
        ("/api/v1/pnl?run=99", 404, "no_such_run"),
        ("/api/v1/pnl?run=-1", 400, "bad_query"),
        ("/api/v1/nothing", 404, "not_found"),
        ("/api/v2/status", 404, "not_found"),
        ("/api/", 404, "not_found"),
        ("/api", 404, "not_found"),
        ("/api//v1/status", 404, "not_found"),
        ("/api/v1/control/kill", 404, "not_found"),
        ("/ws", 404, "not_found"),
        ("/livez/x", 404, "not_found"),
    ],
)
async def test_an_error_is_json_in_one_shape(path: str, status: int, code: str) -> None:
    response = await Desk().ask("GET", path, headers=BEARER)
    error = msgspec.json.decode(await response.get_data(as_text=False), type=schemas.ErrorReply).error
    assert (response.status_code, error.code) == (status, code)
    assert len(error.request) == 8


@pytest.mark.parametrize("method", ["PUT", "PATCH", "TRACE", "OPTIONS"])
async def test_other_methods_are_refused(method: str) -> None:
    response = await Desk().ask(method, "/api/v1/status", headers=BEARER)
    assert response.status_code in {404, 405}
    assert response.content_type == "application/json"


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


async def test_every_response_carries_the_security_headers() -> None:
    desk = Desk()
    for path in ("/", "/livez", "/api/v1/status", "/api/v1/nothing", "/favicon.ico"):
        headers = (await desk.ask("GET", path)).headers
        assert headers["X-Content-Type-Options"] == "nosniff"
        assert headers["X-Frame-Options"] == "DENY"
        assert headers["Referrer-Policy"] == "no-referrer"
        assert headers["Cross-Origin-Opener-Policy"] == "same-origin"
        assert headers["Cross-Origin-Resource-Policy"] == "same-origin"
        assert headers["Content-Security-Policy"].startswith("default-src 'none'")
        assert headers["Cache-Control"] == "no-store"
        assert "Access-Control-Allow-Origin" not in headers


async def test_the_head_of_a_journal_that_has_failed_is_not_told() -> None:
    desk = Desk()
    desk.backend.journal_failure = JournalError("the disk is full")
    response = await desk.ask("GET", "/api/v1/audit/head", headers=BEARER)
    assert response.status_code == 503
    error = (await answer(response))["error"]
    assert (error["code"], error["message"]) == ("journal_failed", "the disk is full")
