"""Limits and breakers over the control plane: who may look, who may set, and what is refused."""

from __future__ import annotations

from contextlib import aclosing
from pathlib import Path

import attrs
import pytest
from trio.testing import MockClock

from alphapulse.daemon import Daemon
from alphapulse.data.roles import Role
from alphapulse.errors import JournalError, LimitError
from alphapulse.journal.ledger_reader import LedgerReader
from alphapulse.rules.breakers import table
from alphapulse.rules.limits.checks import ORDER
from alphapulse_web.api.requests import OverrideRequest
from alphapulse_web.daemon_backend import DaemonBackend
from alphapulse_web.views.live_view import LiveView
from tests.daemon.daemon_rig import running_daemon
from tests.daemon.day_config import Day
from tests.fakes.inline_blocking import run_inline
from tests.web.web_client import BEARER, Desk, answer, keyed

LIMITS, OVERRIDE, BREAKERS = "/api/v1/limits", "/api/v1/limits/override", "/api/v1/breakers"
WISH = {"name": "limits.max_intents", "value": "30", "for_s": 900, "reason": "a wide day"}


async def test_limits_and_breakers_are_shown_to_whoever_is_logged_in() -> None:
    desk = Desk()
    viewer = desk.key_of(Role.VIEWER)
    assert (await answer(await desk.ask("GET", LIMITS, headers=viewer)))["limits"][0]["name"] == "limits.max_intents"
    assert (await answer(await desk.ask("GET", BREAKERS, headers=viewer))) == {"breakers": []}
    assert (await desk.ask("GET", LIMITS)).status_code == 401


async def test_an_override_is_set_once_for_its_key_and_tells_who_set_it() -> None:
    desk = Desk()
    for _ in range(2):
        response = await desk.ask("POST", OVERRIDE, headers=keyed(BEARER), json=WISH)
        assert response.status_code == 200
        assert (await answer(response))["value"] == "30"
    assert desk.backend.calls == [("override", "limits.max_intents", "30", "900", "owner")]


@pytest.mark.parametrize(("role", "status"), [(Role.RISK, 200), (Role.OPERATOR, 403), (Role.VIEWER, 403)])
async def test_limits_are_set_by_risk_and_admin(role: Role, status: int) -> None:
    desk = Desk()
    response = await desk.ask("POST", OVERRIDE, headers=keyed(desk.key_of(role)), json=WISH)
    assert response.status_code == status


@pytest.mark.parametrize(
    "changes", [{"value": "-1"}, {"value": "1e9"}, {"for_s": 0}, {"for_s": 86_401}, {"reason": " "}, {"more": 1}]
)
async def test_an_override_that_cannot_be_meant_is_refused(changes: dict[str, object]) -> None:
    desk = Desk()
    assert (await desk.ask("POST", OVERRIDE, headers=keyed(BEARER), json=WISH | changes)).status_code == 400
    assert desk.backend.calls == []


@pytest.mark.parametrize(
    ("failure", "status", "code"),
    [(LimitError("beyond"), 422, "not_allowed"), (JournalError("no room"), 503, "not_recorded")],
)
async def test_what_the_daemon_refuses_is_told(failure: Exception, status: int, code: str) -> None:
    desk = Desk()
    desk.backend.override_failure = failure
    response = await desk.ask("POST", OVERRIDE, headers=keyed(BEARER), json=WISH)
    assert response.status_code == status
    assert (await answer(response))["error"]["code"] == code


DAY = attrs.evolve(Day(speed=3600), strategy_lines='capital = { USDC = "1000.5" }', limits_lines="max_intents = 20")
CAPITAL = "strategies.flash_arbitrage.capital.USDC"


async def test_the_daemons_limits_and_breakers_in_the_apis_shapes(tmp_path: Path, autojump_clock: MockClock) -> None:
    views: list[LiveView] = []

    def control_plane(daemon: Daemon) -> LiveView:
        views.append(LiveView(daemon.bus, daemon.pools, daemon.strategy.base_tokens, daemon.environment.now_ns))
        return views[-1]

    async with (
        running_daemon(tmp_path, DAY, control_plane=control_plane) as rig,
        aclosing(LedgerReader(rig.daemon.ledger_url, run_blocking=run_inline)) as reader,
    ):
        backend = DaemonBackend(rig.daemon, views[0], reader)
        shown = {limit.name: limit for limit in backend.limits().limits}
        assert set(shown) == {CAPITAL, "strategies.flash_arbitrage.capital.WETH", "limits.max_intents"}
        capital = shown[CAPITAL]
        assert (capital.unit, capital.decimals, capital.value, capital.most) == ("USDC", 6, "1000500000", "2001000000")
        assert [check.name for check in backend.limits().checks] == [row.name for row in ORDER]
        wish = OverrideRequest(name=CAPITAL, value="2001", for_s=60, reason="a test")
        found = backend.override_limit(wish, "owner")
        assert found.override is not None
        assert (found.value, found.configured, found.override.actor) == ("2001000000", "1000500000", "owner")
        for value in ("2001.000001", "0.0000001"):
            with pytest.raises(LimitError, match=CAPITAL.replace(".", r"\.")):
                backend.override_limit(OverrideRequest(name=CAPITAL, value=value, for_s=60, reason="x"), "owner")
        with pytest.raises(LimitError, match="expected at most 0 decimals"):
            backend.override_limit(
                OverrideRequest(name="limits.max_intents", value="1.5", for_s=60, reason="x"), "owner"
            )
        rig.daemon.risk.breakers.trip(table.PRICE_JUMP, "strategy:flash_arbitrage", "a test")
        first, *others = backend.breakers().breakers
        assert (first.rule, first.scope, first.phase, first.stops, first.reason) == (
            "price_jump", "strategy:flash_arbitrage", "open", "reducing", "a test"
        )  # fmt: skip
        assert [one.rule for one in others] == [row.rule for row in table.ROWS if row.rule != table.PRICE_JUMP]
        assert {one.phase for one in others} == {"closed"}
