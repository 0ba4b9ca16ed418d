"""`alphapulse explain`, as a user calls it: the shipped day's largest gap, log by log."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from alphapulse.cli.explain import explain_command
from tests.daemon.day_config import POOL_005, POOL_030, USDC, Day

QUARTER = {"start": "2024-01-05T06:35:00Z", "end": "2024-01-05T06:51:00Z"}
BLOCK = 18_939_405
OPENING = "0x82b82da272f66d05bb0835908cdcac136cf2faf9c494c11ff4746cbcd22143c6"


def asked(folder: Path, *arguments: str, **day: Any) -> Result:
    """The command on a quarter of an hour of the day."""
    config = Day(**{**QUARTER, **day}).write(folder)
    return CliRunner().invoke(explain_command, ["--config", str(config), *arguments])


def states(result: Result) -> list[dict[str, Any]]:
    """The chosen logs of the JSON answer."""
    assert result.exit_code == 0, result.stderr
    found: list[dict[str, Any]] = json.loads(result.stdout)["states"]
    return found


def test_each_log_of_a_block_says_where_its_gap_ended(tmp_path: Path) -> None:
    """Before the gap the screen, then the trade, then the gate for the same gap seen again, then the screen."""
    found = states(asked(tmp_path, "--block", str(BLOCK), "--json"))
    assert [one["log_index"] for one in found] == [6, 12, 34, 58, 80, 103, 717]
    assert [one["ended"] for one in found] == ["screen", "screen", "filled", "gate", "gate", "screen", "screen"]
    opened = found[2]
    assert (opened["transaction"], opened["pool"], opened["event"]) == (OPENING, POOL_005, "PoolSwap")
    assert [(gap["pool"], gap["gross_ppm"], gap["net_ppm"]) for gap in opened["gaps"]] == [(POOL_030, 12527, 8984)]
    (signal,) = opened["signals"]
    assert signal["net"] == signal["end"]["net"] == 1_534_147_509
    assert found[3]["signals"][0]["refused"]["check"] == "duplicate"


def test_a_transaction_and_a_pool_choose_their_logs(tmp_path: Path) -> None:
    """Both swaps of the opening transaction; of a pool all its logs and no other's."""
    of_transaction = states(asked(tmp_path, "--tx", OPENING.upper().replace("X", "x"), "--json"))
    assert [(one["log_index"], one["pool"]) for one in of_transaction] == [(34, POOL_005), (58, POOL_030)]
    of_pool = states(asked(tmp_path, "--pool", POOL_030, "--json"))
    assert {one["pool"] for one in of_pool} == {POOL_030}
    assert len(of_pool) > 5
    assert of_pool[0]["price_before"] is None


def test_costs_and_losses_are_told_with_their_numbers(tmp_path: Path) -> None:
    """A floor that refuses, and a trade that came too late."""
    floor = states(asked(tmp_path, "--block", str(BLOCK), "--json", strategy_lines='min_net_profit = "5000"'))
    refused = floor[2]["signals"][0]["refused"]
    assert (refused["check"], refused["value"], refused["limit"]) == ("min_net_profit", 1_534_147_509, 5_000_000_000)
    late = states(asked(tmp_path, "--block", str(BLOCK), "--json", latency="{ blocks = 0 }"))
    assert late[2]["ended"] == "reverted"
    assert late[2]["signals"][0]["end"]["profit_found"] is None or late[2]["signals"][0]["end"]["profit_found"] < 0


def test_a_gap_that_became_no_signal_says_at_which_stage(tmp_path: Path) -> None:
    """A floor that no pool reaches: the candidate stands at its log with what was compared, every time the same."""
    lines = f'min_pool_value = "1000000000"\nnumeraire = "{USDC}"'
    found = states(asked(tmp_path, "--block", str(BLOCK), "--json", strategy_lines=lines))
    opened = found[2]
    assert (opened["ended"], opened["signals"]) == ("liquidity", [])
    (candidate,) = opened["candidates"]
    assert (candidate["stage"], candidate["pools"]) == ("liquidity", [POOL_030, POOL_005])
    assert candidate["limits"][0]["limit"] == 10**15
    assert {one["ended"] for one in found} <= {"screen", "liquidity", "left out"}
    text = asked(tmp_path, "--block", str(BLOCK), strategy_lines=lines).stdout
    assert "ended at LIQUIDITY: a pool of the path holds less than the floor" in text


def test_inside_a_block_nothing_is_looked_at_where_only_its_end_is(tmp_path: Path) -> None:
    """The gap is open and closed again before the block ends: it is told, and that nobody looked."""
    found = states(asked(tmp_path, "--block", str(BLOCK), "--json", evaluate="block"))
    assert [one["ended"] for one in found] == ["screen", "screen", "inside", "inside", "inside", "screen", "screen"]


def test_the_text_says_it_in_words(tmp_path: Path) -> None:
    """One paragraph a log: prices in the wanted token, the gap before and after fees, and how it ended."""
    text = asked(tmp_path, "--block", str(BLOCK)).stdout
    assert "price 2255.977756683 USDC for 1 WETH -> 2277.090369969 USDC for 1 WETH, fee 5.00 bps" in text
    assert "token0 is dearer there by 125.27 bps, 89.84 bps after both fees" in text
    assert "refused by duplicate: this gap has been traded once already" in text
    assert "7 logs; ended at: screen 4, filled 1, gate 2" in text
    short = asked(tmp_path, "--block", str(BLOCK), "--limit", "1").stdout
    assert "shown are the first 1 (--limit)" in short


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        ([], 2, "expected one of --tx, --block and --pool"),
        (["--block", "1", "--tx", OPENING], 2, "expected one of"),
        (["--tx", "0x12"], 2, "expected 0x and 64 hex digits, found '0x12'"),
        (["--pool", "USDC/WETH"], 2, "expected 0x and 40 hex digits"),
        (["--block", "1"], 1, "expected believed logs of block 1 in the recording, found none"),
        (["--pool", "0x" + "1" * 40], 1, "it is none of its pools"),
    ],
)
def test_what_cannot_be_explained_is_told(tmp_path: Path, arguments: list[str], code: int, words: str) -> None:
    """One line, and an exit code."""
    result = asked(tmp_path, *arguments)
    assert (result.exit_code, words in result.stderr) == (code, True), result.stderr
