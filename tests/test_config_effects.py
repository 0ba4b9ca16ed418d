"""Each key of the road from recording to trade does something: a replay with another value ends otherwise."""

from __future__ import annotations

import tomllib
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
import trio

from alphapulse.cli.replay import run_replay
from alphapulse.composition.environment import DataPaths
from alphapulse.config import parse_config
from alphapulse.data.execution import Mode

BASE = """
[collectors.day]
kind = "recorded"
logs = ["package:demo/uniswap_v3_day/usdc_weth_2024-01-05_h00-12.logs.jsonl.gz"]
pools = "package:demo/uniswap_v3_day/pools.json"
at_end = "stop"
[strategies.flash_arbitrage]
base_tokens = ["USDC"]
min_net_profit = { USDC = "25.00", WETH = "0.01" }
max_trade_value = { USDC = "250000", WETH = "100" }
[costs]
gas_price_wei = 25_000_000_000
gas_units = 250_000
"""
SECOND_POOL = "0x8ad599c3a0ff1de082011efddc58f1908eb6e6d8"


@cache
def replay(text: str) -> dict[str, Any]:
    """What a replay finds and earns, without its speed."""
    with TemporaryDirectory() as folder:
        config = parse_config(tomllib.loads(text), folder=Path(folder))
        one_pool = Path(str(config.resolve("package:demo/uniswap_v3_day/pools.json"))).read_text()
        (Path(folder) / "pools.json").write_text(one_pool.replace(SECOND_POOL, "0x" + "11" * 20))
        (Path(folder) / "none.jsonl").touch()
        paths = DataPaths.in_folder(Path(folder) / "data", Mode.PAPER)
        result, problem = trio.run(run_replay, config, paths, None, False)  # the progress bar
    assert problem is None
    del result["logs_per_second"]
    return result


def changed(table: str, line: str) -> str:
    """The base with a line put into a table, in place of the one with the same key."""
    key = line.partition(" =")[0]
    kept = [one for one in BASE.splitlines() if not one.startswith(f"{key} =")]
    if f"[{table}]" not in kept:
        kept.append(f"[{table}]")
    kept.insert(kept.index(f"[{table}]") + 1, line)
    return "\n".join(kept)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("table", "line", "key"),
    [
        ("collectors.day", 'logs = ["none.jsonl"]', "logs"),
        ("collectors.day", 'pools = "pools.json"', "refused"),
        ("collectors.day", "start = 2024-01-05T06:00:00Z", "logs"),
        ("collectors.day", "end = 2024-01-05T06:00:00Z", "logs"),
        ("strategies.flash_arbitrage", "enabled = false", "opportunities"),
        ("strategies.flash_arbitrage", 'evaluate = "block"', "opportunities"),
        ("strategies.flash_arbitrage", 'base_tokens = ["WETH"]', "profit"),
        ("strategies.flash_arbitrage", "min_net_profit = 0", "rejected"),
        ("strategies.flash_arbitrage", 'max_trade_value = "1000"', "rejected"),
        ("strategies.flash_arbitrage", "flash_fee_ppm = 500", "pnl"),
        ("costs", "gas_price_wei = 0", "pnl"),
        ("costs", "gas_units = 1", "pnl"),
        ("costs", f'wrapped_native = "0x{"22" * 20}"', "rejected"),
        ("execution", "latency = { logs = 1 }", "reverted"),
        ("execution", "latency = { blocks = 1 }", "trades"),
    ],
)
def test_another_value_ends_otherwise(table: str, line: str, key: str) -> None:
    assert replay(changed(table, line))[key] != replay(BASE)[key]


def test_what_the_base_gives() -> None:
    result = replay(BASE)
    assert (result["logs"], result["trades"], result["opportunities"]) == (3121, 11, 29)
    assert result["rejected"] == {"duplicate": 8, "min_net_profit": 4}
    assert result["dropped"] == {"costs": 6}
