"""The table of routes is the policy: who may do what, with which method, and how every answer looks."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import attrs
import pytest

from alphapulse.data.roles import Role
from alphapulse_web.api.routes import PATHS, PREFIX, ROUTES, Idempotency, Rate, Route, read, route_of
from alphapulse_web.app import check_routes
from alphapulse_web.doorkeeper import PAGES, SECURITY_HEADERS
from alphapulse_web.permissions import ROLES, Permission, may
from tests.web.fake_backend import HALT_ID
from tests.web.fake_trading import INTENT_ID, TX_HASH, WALLET
from tests.web.views.market_samples import FIRST
from tests.web.web_client import BEARER, ORIGIN, TOKEN, Desk, answer, keyed

METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "BREW")
EVERYBODY = frozenset(Role)
RUNNERS, STOPPERS = {Role.OPERATOR, Role.ADMIN}, {Role.OPERATOR, Role.RISK, Role.ADMIN}

WRITTEN = {
    Permission.PUBLIC: EVERYBODY,
    Permission.READ: EVERYBODY,
    Permission.LOGIN: EVERYBODY,
    Permission.HALT: STOPPERS,
    Permission.FLATTEN: STOPPERS,
    Permission.REARM: RUNNERS,
    Permission.RUN: RUNNERS,
    Permission.TRANSACT: RUNNERS,
    Permission.LIMITS: {Role.RISK, Role.ADMIN},
    Permission.KEYS: {Role.ADMIN},
    Permission.INSPECT: {Role.ADMIN},
}
"""The roles as docs/api.md has them."""


def test_what_each_role_may_do_is_what_is_written() -> None:
    assert {permission: set(roles) for permission, roles in ROLES.items()} == {
        permission: set(roles) for permission, roles in WRITTEN.items()
    }
    assert set(ROLES) == set(Permission)


def test_halting_needs_less_than_starting_again_and_who_only_looks_does_neither() -> None:
    assert ROLES[Permission.REARM] < ROLES[Permission.HALT]
    assert not may(Role.VIEWER, Permission.HALT)


def test_every_route_that_stops_trading_stands_outside_every_limit() -> None:
    assert [route.name for route in ROUTES if route.rate is Rate.HALT] == ["kill"]
    for route in ROUTES:
        stops = route.permission is Permission.HALT
        assert (route.rate is Rate.HALT) is (route.idempotency is Idempotency.HALT) is stops, route.name


def test_a_row_without_its_policy_is_no_row() -> None:
    complete: dict[str, Any] = {
        "method": "POST",
        "path": f"{PREFIX}/control/x",
        "name": "x",
        "summary": "x",
        "permission": Permission.RUN,
        "rate": Rate.NORMAL,
        "idempotency": Idempotency.ONCE,
        "audit": True,
    }
    Route(**complete)
    for name in ("permission", "rate", "audit"):
        with pytest.raises(TypeError, match=name):
            Route(**{key: value for key, value in complete.items() if key != name})


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        ({"idempotency": Idempotency.NONE}, r"Idempotency\.ONCE"),
        ({"permission": Permission.HALT}, "HALT together"),
        ({"rate": Rate.HALT}, "HALT together"),
        ({"idempotency": Idempotency.HALT}, "HALT together"),
        ({"audit": False}, "audit=True"),
        ({"rate": Rate.OPEN}, r"Rate\.OPEN"),
        ({"permission": Permission.PUBLIC}, r"Rate\.OPEN"),
        ({"permission": Permission.READ, "idempotency": Idempotency.NONE}, "under /control"),
        ({"method": "GET"}, "another method"),
    ],
)
def test_a_row_whose_policy_does_not_fit_is_refused(changes: dict[str, Any], problem: str) -> None:
    row = Route(
        method="POST",
        path=f"{PREFIX}/control/x",
        name="x",
        summary="x",
        permission=Permission.RUN,
        rate=Rate.NORMAL,
        idempotency=Idempotency.ONCE,
        audit=True,
    )
    with pytest.raises(ValueError, match=problem):
        attrs.evolve(row, **changes)


async def test_a_handler_without_a_row_keeps_the_application_from_starting() -> None:
    app = Desk().app

    @app.get("/api/v1/secret")
    async def secret() -> str:
        return "the secret of the house"

    with pytest.raises(RuntimeError, match="GET /api/v1/secret"):
        check_routes(app)


async def test_a_handler_that_slipped_in_later_is_refused() -> None:
    """Deny by default, by what the request was matched to."""
    desk = Desk()

    @desk.app.get("/api/v1/secret")
    async def secret() -> str:
        return "the secret of the house"

    response = await desk.ask("GET", "/api/v1/secret", headers=BEARER)
    assert response.status_code == 403
    assert b"of the house" not in await response.get_data(as_text=False)


def test_a_row_without_a_handler_keeps_the_application_from_starting(monkeypatch: pytest.MonkeyPatch) -> None:
    app = Desk().app
    row = read(f"{PREFIX}/more", "more", "More.", None)
    monkeypatch.setattr("alphapulse_web.app.ROUTES", (*ROUTES, row))
    with pytest.raises(RuntimeError, match="GET /api/v1/more"):
        check_routes(app)


# Everybody times every method --------------------------------------------------------------------------------------


async def nobody(_: Desk) -> dict[str, str]:
    return {}


async def wrong_key(_: Desk) -> dict[str, str]:
    return {"Authorization": "Bearer " + "w" * 43}


async def wrong_scheme(_: Desk) -> dict[str, str]:
    return {"Authorization": f"Basic {TOKEN}"}


async def stars(_: Desk) -> dict[str, str]:
    return {"Authorization": "Bearer ***"}


async def forged_session(_: Desk) -> dict[str, str]:
    return {"Cookie": f"alphapulse={'0' * 43}", "Origin": ORIGIN}


async def expired_session(desk: Desk) -> dict[str, str]:
    headers = await desk.log_in()
    desk.clock.advance(15 * 60)
    return headers


async def revoked_key(desk: Desk) -> dict[str, str]:
    headers = desk.key_of(Role.ADMIN)
    desk.app.ring.replace([])
    return headers


STRANGERS = (nobody, wrong_key, wrong_scheme, stars, forged_session, expired_session, revoked_key)
BODIES: dict[str, dict[str, object]] = {
    "kill": {"reason": "x"},
    "challenge": {},
    "resume": {"reason": "x", "nonce": "x" * 16, "phrase": "x"},
    "flatten": {"reason": "x"},
    "stop_child": {"child": "alphapulsed/decisions/engine", "reason": "x"},
    "start_child": {"child": "alphapulsed/decisions/engine", "reason": "x"},
    "restart_child": {"child": "alphapulsed/decisions/engine", "reason": "x"},
    "reload": {"name": "flash_arbitrage", "reason": "x"},
    "override_limit": {"name": "limits.max_intents", "value": "1", "for_s": 60, "reason": "x"},
    "open_session": {"code": "x"},
    "fill_gap": {"nonce": 7},
    "revoke_key": {"name": "x", "reason": "x"},
}
SERVED = {200, 202, 204, 404}
"""What somebody is answered who may: 404 is for a key and a halt that are not there."""


def path_of(route: Route) -> str:
    """A path that the row matches."""
    path = route.path.replace("<int:halt_id>", str(HALT_ID)).replace("<name>", "day")
    path = path.replace("<int:intent_id>", str(INTENT_ID)).replace("<tx_hash>", TX_HASH).replace("<address>", WALLET)
    return path.replace("<pool_id>", FIRST.id.to_wire().hex())


async def status_of(desk: Desk, method: str, path: str, row: Route | None, headers: dict[str, str]) -> int:
    body = BODIES[row.name] if row is not None and row.body is not None else None
    response = await desk.ask(method, path, headers=keyed(headers), json=body)
    return response.status_code


@pytest.mark.parametrize("make", STRANGERS)
@pytest.mark.parametrize("route", ROUTES, ids=lambda route: route.name)
async def test_strangers_may_do_what_is_public(route: Route, make: Any) -> None:
    desk = Desk()
    for method in METHODS:
        desk.clock.advance(3600)  # so that what was wrong before is forgiven
        row = route_of(method, route.path)
        status = await status_of(desk, method, path_of(route), row, await make(desk))
        if row is None:
            assert status == 405, method
        elif row.permission is Permission.PUBLIC:
            assert status == (401 if row.name == "open_session" else 200), method
        else:
            assert status == 401, method
            assert desk.backend.calls == []


@pytest.mark.slow
@pytest.mark.parametrize("role", Role)
@pytest.mark.parametrize("browser", [False, True], ids=["bearer", "browser"])
@pytest.mark.parametrize("route", ROUTES, ids=lambda route: route.name)
async def test_a_role_may_do_what_the_table_says(route: Route, role: Role, browser: bool) -> None:
    desk = Desk()
    for method in METHODS:
        desk.clock.advance(3600)
        desk.backend.calls.clear()
        headers = desk.key_of(role)
        if browser:
            headers = await desk.log_in(headers)
        row = route_of(method, route.path)
        status = await status_of(desk, method, path_of(route), row, headers)
        if row is None:
            assert status == 405, method
        elif row.permission is Permission.PUBLIC:
            assert status == (401 if row.name == "open_session" else 200), method
        elif role in WRITTEN[row.permission] and not (browser and row.bearer_only):
            assert status in SERVED, method
        else:
            assert status == 403, method
            assert desk.backend.calls == []


@pytest.mark.parametrize("route", ROUTES, ids=lambda route: route.name)
async def test_a_wrong_method_is_told_the_right_ones(route: Route) -> None:
    right = {method for method in METHODS if route_of(method, route.path) is not None}
    desk = Desk()
    for method in ("PUT", "PATCH", "OPTIONS", "TRACE"):
        response = await desk.ask(method, path_of(route), headers=BEARER)
        assert response.status_code == 405
        assert set(response.headers["Allow"].split(", ")) == right
        assert (await answer(response))["error"]["code"] == "method_not_allowed"


@pytest.mark.parametrize("method", ["GET", "POST", "PUT", "PATCH", "DELETE"])
@pytest.mark.parametrize("path", ["/api/v1/nothing", "/api", "/api/v1/control", "/api/v1/control/kill/x"])
async def test_an_unknown_path_is_404_whatever_the_method(path: str, method: str) -> None:
    response = await Desk().ask(method, path, headers=BEARER)
    assert response.status_code == (405 if path == "/api" and method != "GET" else 404)


# How an answer looks -----------------------------------------------------------------------------------------------

PAGE_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self' 'nonce-…'; font-src 'self'; img-src 'self' data:; "
    "connect-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
)
API_POLICY = "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
EVERYWHERE = {
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
}
KEPT_FOR_A_YEAR = "public, max-age=31536000, immutable"


def expected(path: str, status: int) -> dict[str, str]:
    """The table: only a page may run anything, and only the files of a build may be kept."""
    page = path in {"/", "/positions"}
    kept = {"/assets/index-1a2b.js": KEPT_FOR_A_YEAR, "/icon.svg": "no-cache"} if status == 200 else {}
    return {
        **EVERYWHERE,
        "Content-Security-Policy": PAGE_POLICY if page else API_POLICY,
        "Cache-Control": kept.get(path, "no-store"),
    }


def found(headers: Any) -> dict[str, str]:
    policy = headers["Content-Security-Policy"]
    nonce = policy.partition("'nonce-")[2].partition("'")[0]
    texts = {name: headers[name] for name in SECURITY_HEADERS}
    return {**texts, "Content-Security-Policy": policy.replace(nonce, "…") if nonce else policy}


@pytest.fixture
def dist(tmp_path: Path) -> Path:
    (tmp_path / "assets").mkdir()
    (tmp_path / "index.html").write_text('<script nonce="{{csp_nonce}}"></script>')
    (tmp_path / "assets" / "index-1a2b.js").write_text("let a = 1")
    (tmp_path / "icon.svg").write_text("<svg/>")
    return tmp_path


async def test_every_answer_carries_exactly_the_headers_of_the_table(dist: Path) -> None:
    paths = [*map(path_of, ROUTES), "/", "/positions", "/assets/index-1a2b.js", "/icon.svg", "/assets/x.js"]
    paths += ["/api/v1/nothing", "/ws", "/livez/x", "/api"]
    statuses = set()
    desk = Desk(dist)
    for path in paths:
        for method in ("GET", "HEAD", "POST", "DELETE", "OPTIONS"):
            for who in ({}, BEARER, {"Host": "evil.example"}, {"Origin": "http://evil.example"}):
                desk.clock.advance(1)
                response = await desk.ask(method, path, headers=who)
                statuses.add(response.status_code)
                refused = response.status_code >= 400
                assert found(response.headers) == expected("" if refused else path, response.status_code), (
                    method,
                    path,
                )
                assert not [name for name in response.headers if name[0].lower().startswith("access-control")]
    assert statuses >= {200, 204, 401, 403, 404, 405, 415, 421}
    assert 500 not in statuses


def test_every_rule_of_the_application_is_in_the_table_or_a_page() -> None:
    rules = {rule.rule for rule in Desk().app.url_map.iter_rules()}
    assert rules == {route.path for route in ROUTES} | PAGES | {"/ws"}
    assert {rule.rule for rule in PATHS.iter_rules()} == {route.path for route in ROUTES}


# What is kept of it ------------------------------------------------------------------------------------------------


async def test_every_action_is_audited_with_who_how_and_what_came_of_it() -> None:
    desk = Desk()
    headers = await desk.log_in(desk.key_of(Role.OPERATOR))
    desk.backend.audited.clear()
    body = {"scope": "strategy:flash_arbitrage", "reason": "prices look wrong"}
    response = await desk.ask("POST", f"{PREFIX}/control/kill", headers=keyed(headers), json=body)
    assert response.status_code == 200
    ((actor, action, target, reason, result),) = desk.backend.audited
    assert (actor, action, target, reason) == (
        "operator",
        "api.kill",
        "strategy:flash_arbitrage",
        "prices look wrong",
    )
    status, _, words = result.partition("; ")
    key = next(key.id for key in desk.app.ring.named() if key.role is Role.OPERATOR)
    assert status == "200"
    assert words.startswith(f"role operator, key {key}, from <local>, browser, session ")
    assert "request " in words


async def test_a_stop_that_names_no_scope_is_audited_with_the_one_that_it_stops() -> None:
    desk = Desk()
    await desk.ask("POST", "/api/v1/control/kill", headers=keyed(BEARER), json={"reason": "stop"})
    assert [row[2] for row in desk.backend.audited] == ["global"]


async def test_an_action_that_was_refused_is_audited_too() -> None:
    desk = Desk()
    await desk.ask("POST", f"{PREFIX}/control/kill", headers=keyed(desk.key_of(Role.VIEWER)), json={"reason": "x"})
    ((actor, action, _, _, result),) = desk.backend.audited
    assert (actor, action) == ("viewer", "api.kill")
    assert result.startswith("403; role viewer")


async def test_reading_a_secret_is_audited_and_reading_a_status_is_not() -> None:
    desk = Desk()
    await desk.log_in()
    await desk.ask("GET", f"{PREFIX}/status", headers=BEARER)
    assert [row[1] for row in desk.backend.audited] == ["api.login_code", "api.open_session"]


async def test_strangers_fill_no_journal() -> None:
    desk = Desk()
    for route in ROUTES:
        await desk.ask(route.method, path_of(route), json=BODIES.get(route.name))
    assert desk.backend.audited == []


@pytest.mark.parametrize("data", [b"", b"{", b"[]", b'{"reason": 1}', b"\xff" * 100, b"x" * 70_000])
async def test_a_body_that_cannot_be_read_is_audited_as_refused(data: bytes) -> None:
    desk = Desk()
    headers = {**keyed(BEARER), "Content-Type": "application/json"}
    response = await desk.ask("POST", f"{PREFIX}/control/kill", headers=headers, data=data)
    assert response.status_code in {400, 413}
    assert [row[1] for row in desk.backend.audited] == ["api.kill"]


def test_the_bodies_of_this_test_are_those_of_the_table() -> None:
    assert {route.name for route in ROUTES if route.body is not None} == set(BODIES)
