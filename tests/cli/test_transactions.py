"""`alphapulse transactions` in words, and what it asks of the daemon."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import msgspec
import pytest
from click.testing import CliRunner

from alphapulse.cli import transactions as module
from alphapulse.cli.main import main
from alphapulse_web.api.transaction_shapes import Finding, TradeLeg
from tests.web.fake_trading import NEW_HASH, TX_HASH, WALLET, trade, transaction

CONFIGURATION = """
[collectors.day]
kind = "recorded"
logs = ["none"]
[strategies.flash_arbitrage]
"""
SENT = msgspec.to_builtins(transaction())
MINED = SENT | {
    "state": "mined",
    "gas_used": "210000",
    "gas_price_wei": "50000000000",
    "block_number": 110,
    "block_hash": "0x" + "bb" * 32,
    "text": "mined",
}
FAILED = msgspec.to_builtins(
    msgspec.structs.replace(
        trade(),
        outcome="reverted",
        actual_net="-40",
        text="undone in block 110",
        legs=[
            TradeLeg(
                pool="0x" + "01" * 20,
                pool_name="WETH/USDC 0.05%",
                token_in="0x" + "aa" * 20,
                token_out="0x" + "02" * 20,
                symbol_in="USDC",
                symbol_out="0x" + "02" * 20,
                decimals_in=6,
                decimals_out=None,
                expected_in="1000000",
                expected_out="77",
                actual_in=None,
                actual_out=None,
            )
        ],
        finding=Finding(
            cause="taken", reason="ProfitBelowFloor", text="it was first", expected="600", found="-5", taken_by=NEW_HASH
        ),
    )
)


class ControlPlane:
    """Answers each request with the next reply, and notes it."""

    def __init__(self, *replies: Any) -> None:
        self._replies = list(replies)
        self.requests: list[tuple[str, str, object]] = []

    def __call__(self, config: object, method: str, path: str, body: object = None) -> Any:
        self.requests.append((method, path, body))
        return self._replies.pop(0)


@pytest.fixture
def runner(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> CliRunner:
    """In a folder with a configuration; no daemon is asked."""
    (tmp_path / "config.toml").write_text(CONFIGURATION)
    monkeypatch.chdir(tmp_path)
    return CliRunner()


def answered(monkeypatch: pytest.MonkeyPatch, *replies: Any) -> ControlPlane:
    plane = ControlPlane(*replies)
    monkeypatch.setattr(module, "call", plane)
    return plane


def test_the_newest_are_listed_and_chosen_by_state(runner: CliRunner, monkeypatch: pytest.MonkeyPatch) -> None:
    page = {"transactions": [MINED, SENT | {"intent_id": None, "purpose": "fill_gap"}], "older": None}
    plane = answered(monkeypatch, page, {"transactions": [], "older": None}, page)
    assert runner.invoke(main, ["transactions"]).output.splitlines() == [
        f"{TX_HASH}  mined     main 7  trade 5  block 110  mined",
        f"{TX_HASH}  sent      main 7  fill gap  no block  sent",
    ]
    chosen = ["transactions", "list", "--state", "unknown", "--open", "--limit", "7"]
    assert runner.invoke(main, chosen).output == "no transactions\n"
    assert json.loads(runner.invoke(main, ["transactions", "--json", "--config", "config.toml"]).output) == page
    assert [path for _, path, _ in plane.requests] == [
        "/transactions?limit=50",
        "/transactions?limit=7&state=unknown&open=true",
        "/transactions?limit=50",
    ]


def test_one_is_shown_with_its_trade(runner: CliRunner, monkeypatch: pytest.MonkeyPatch) -> None:
    plane = answered(monkeypatch, {"transactions": [MINED], "older": None}, FAILED)
    assert runner.invoke(main, ["transactions", "show", TX_HASH.upper().replace("X", "x")]).output.splitlines() == [
        f"transaction {TX_HASH}",
        f"  wallet    main ({WALLET}), number 7",
        "  for       trade 5",
        "  state     mined: mined (sends: 1)",
        "  fees      tip 30 gwei, at most 200 gwei per gas",
        "  gas       210000 of 400000 at 50 gwei: 0.0105 coins",
        f"  block     110 0x{'bb' * 32}",
        "  last      block 120",
        "trade 5 of flash_arbitrage: reverted: undone in block 110",
        "  net       expected 0.000560 USDC, actual -0.000040 USDC",
        f"  leg       WETH/USDC 0.05%: 1.000000 USDC for 77 raw 0x{'02' * 20}, paid not known",
        f"  why       taken, by {NEW_HASH} (ProfitBelowFloor): it was first",
    ]
    assert [path for _, path, _ in plane.requests] == [f"/transactions?hash={TX_HASH}", "/trades/5"]


def test_one_that_is_none_of_ours_is_said_so(runner: CliRunner, monkeypatch: pytest.MonkeyPatch) -> None:
    answered(monkeypatch, {"transactions": [], "older": None})
    result = runner.invoke(main, ["transactions", "show", "0x12"])
    assert result.exit_code == 1
    assert "expected the hash of a transaction of ours, found 0x12" in result.output


def test_an_act_is_one_request_and_tells_what_was_sent(runner: CliRunner, monkeypatch: pytest.MonkeyPatch) -> None:
    plane = answered(monkeypatch, *[msgspec.to_builtins(transaction(NEW_HASH))] * 4)
    for arguments in (["bump", TX_HASH], ["cancel", TX_HASH], ["fill-gap", WALLET, "7"], ["bump", "../kill", "--json"]):
        result = runner.invoke(main, ["transactions", *arguments])
        assert NEW_HASH in result.output
    assert plane.requests == [
        ("POST", f"/transactions/{TX_HASH}/bump", None),
        ("POST", f"/transactions/{TX_HASH}/cancel", None),
        ("POST", f"/wallets/{WALLET}/fill-gap", {"nonce": 7}),
        ("POST", "/transactions/..%2Fkill/bump", None),
    ]
