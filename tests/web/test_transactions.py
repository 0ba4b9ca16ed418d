"""Transactions, trades and wallets over the control plane: who may look, who may act, and what is refused."""

from __future__ import annotations

import pytest

from alphapulse.data.roles import Role
from alphapulse.errors import FeesRefused, JournalError, SendRefused, SignerUnreachable, SigningRefused
from tests.web.fake_trading import INTENT_ID, NEW_HASH, TX_HASH, WALLET
from tests.web.web_client import BEARER, Desk, answer, keyed

TRANSACTIONS, TRADES, WALLETS = "/api/v1/transactions", "/api/v1/trades", "/api/v1/wallets"
BUMP, CANCEL, FILL = (
    f"{TRANSACTIONS}/{TX_HASH}/bump",
    f"{TRANSACTIONS}/{TX_HASH}/cancel",
    f"{WALLETS}/{WALLET}/fill-gap",
)


async def test_whoever_is_logged_in_may_look() -> None:
    desk = Desk()
    viewer = desk.key_of(Role.VIEWER)
    page = await answer(await desk.ask("GET", TRANSACTIONS, headers=viewer))
    assert ([one["hash"] for one in page["transactions"]], page["older"]) == ([TX_HASH], "1-1")
    trade = await answer(await desk.ask("GET", f"{TRADES}/{INTENT_ID}", headers=viewer))
    assert (trade["intent"]["id"], trade["outcome"], trade["finding"]) == (str(INTENT_ID), None, None)
    (wallet,) = (await answer(await desk.ask("GET", WALLETS, headers=viewer)))["wallets"]
    assert (wallet["name"], wallet["signer"], wallet["gas_budget_wei"]) == ("main", "keystore", None)


async def test_a_page_is_asked_for_by_state_openness_and_cursor() -> None:
    desk = Desk()
    query = "?state=unknown&open=true&limit=7&before=9"
    assert (await desk.ask("GET", TRANSACTIONS + query, headers=BEARER)).status_code == 200
    assert desk.backend.calls == [("transactions", "9", "7", "unknown", "True")]
    for wrong in ("?state=lost", "?open=perhaps", "?limit=0", "?limit=201", "?before=nonsense", "?wallet=x"):
        assert (await desk.ask("GET", TRANSACTIONS + wrong, headers=BEARER)).status_code == 400, wrong


async def test_trades_are_listed_page_by_page() -> None:
    desk = Desk()
    page = await answer(await desk.ask("GET", f"{TRADES}?limit=7&before=9", headers=desk.key_of(Role.VIEWER)))
    assert ([one["intent"]["id"] for one in page["trades"]], page["older"]) == ([str(INTENT_ID)], "1-1")
    assert desk.backend.calls == [("trades", "9", "7")]
    for wrong in ("?limit=0", "?limit=201", "?before=nonsense", "?cursor=1"):
        assert (await desk.ask("GET", TRADES + wrong, headers=BEARER)).status_code == 400, wrong


async def test_a_trade_that_nobody_knows_is_not_there() -> None:
    desk = Desk()
    for number in ("6", str(2**64), str(10**40)):
        assert (await desk.ask("GET", f"{TRADES}/{number}", headers=BEARER)).status_code == 404


async def test_an_operator_replaces_a_transaction_once_for_his_key() -> None:
    desk = Desk()
    operator = desk.key_of(Role.OPERATOR)
    for number, (path, body) in enumerate(((BUMP, None), (CANCEL, None), (FILL, {"nonce": 7}))):
        for _ in range(2):
            response = await desk.ask("POST", path, headers=keyed(operator, f"key-{number}"), json=body)
            assert response.status_code == 200
            assert (await answer(response))["hash"] == NEW_HASH
    assert desk.backend.calls == [("bump", TX_HASH[2:]), ("cancel", TX_HASH[2:]), ("fill_gap", "7")]


async def test_an_act_without_a_key_or_a_right_to_it_does_nothing() -> None:
    desk = Desk()
    for path, body in ((BUMP, None), (CANCEL, None), (FILL, {"nonce": 7})):
        assert (await desk.ask("POST", path, headers=BEARER, json=body)).status_code == 400
        for role in (Role.VIEWER, Role.RISK):
            assert (await desk.ask("POST", path, headers=keyed(desk.key_of(role)), json=body)).status_code == 403
    assert desk.backend.calls == []


async def test_what_is_done_is_audited_with_the_whole_hash() -> None:
    desk = Desk()
    await desk.ask("POST", BUMP, headers=keyed(desk.key_of(Role.OPERATOR)))
    ((actor, action, target, reason, result),) = desk.backend.audited
    assert (actor, action, target, reason) == ("operator", "api.bump_transaction", BUMP, BUMP)
    assert result.startswith("200; role operator")


async def test_a_transaction_and_a_wallet_that_nobody_knows_are_not_there() -> None:
    desk = Desk()
    for number, (path, body, code) in enumerate(
        (
            (f"{TRANSACTIONS}/0x{'00' * 32}/bump", None, "no_such_transaction"),
            (f"{TRANSACTIONS}/0x12/cancel", None, "no_such_transaction"),
            (f"{WALLETS}/0x{'00' * 20}/fill-gap", {"nonce": 1}, "no_such_wallet"),
            (f"{WALLETS}/main/fill-gap", {"nonce": 1}, "no_such_wallet"),
        )
    ):
        response = await desk.ask("POST", path, headers=keyed(BEARER, f"key-{number}"), json=body)
        assert response.status_code == 404
        assert (await answer(response))["error"]["code"] == code
    upper = f"{TRANSACTIONS}/0x{TX_HASH[2:].upper()}/bump"
    assert (await desk.ask("POST", upper, headers=keyed(BEARER, "upper"))).status_code == 200


@pytest.mark.parametrize("body", [{}, {"nonce": -1}, {"nonce": "7"}, {"nonce": 2**63}, {"nonce": 1, "more": 1}])
async def test_a_number_that_cannot_be_meant_is_refused(body: dict[str, object]) -> None:
    desk = Desk()
    assert (await desk.ask("POST", FILL, headers=keyed(BEARER), json=body)).status_code == 400
    assert desk.backend.calls == []


@pytest.mark.parametrize(
    ("failure", "status", "code"),
    [
        (SendRefused("not_live", "expected a daemon that trades live"), 409, "not_live"),
        (SendRefused("ended", "expected an open transaction"), 409, "ended"),
        (FeesRefused("expected at most 200 gwei"), 409, "cap_reached"),
        (SigningRefused("nonce", "x", "y"), 409, "signing_refused"),
        (SignerUnreachable("nobody answers"), 503, "signer_unreachable"),
        (JournalError("the disk is full"), 503, "not_recorded"),
    ],
)
async def test_why_it_cannot_be_is_a_word_for_programs(failure: Exception, status: int, code: str) -> None:
    desk = Desk()
    desk.backend.real_trading.failure = failure
    for number, (path, body) in enumerate(((BUMP, None), (CANCEL, None), (FILL, {"nonce": 7}))):
        response = await desk.ask("POST", path, headers=keyed(BEARER, f"key-{number}"), json=body)
        assert response.status_code == status
        assert (await answer(response))["error"]["code"] == code
